//! The module `builtins`.
//!
//! - `attrs.rs`: attributes, `isinstance`, `dir` and `vars`; `numbers.rs`: numbers and their text; `iteration.rs`: `iter`, `sorted`, `min` and so on
//! - `source.rs`: `compile`, `eval`, `exec`, `__import__`, `__build_class__`; `text.rs`: `print`, `input`, `repr`

mod attrs;
mod iteration;
mod numbers;
mod source;
mod text;

use taipan_object::method::MethodDef;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::{bool_, exceptions, none};
use taipan_object::{PyResult, Type};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "builtins",
    doc: "Built-in functions, types, exceptions, and other objects.\n\nThe names that are known everywhere without an import.",
    methods: Some(METHODS),
    exec,
};

static METHODS: &[MethodDef] = &[
    source::__build_class__::DEF,
    source::__import__::DEF,
    numbers::abs::DEF,
    iteration::all::DEF,
    iteration::any::DEF,
    text::ascii::DEF,
    numbers::bin::DEF,
    source::breakpoint::DEF,
    attrs::callable::DEF,
    numbers::chr::DEF,
    source::compile::DEF,
    attrs::delattr::DEF,
    attrs::dir::DEF,
    numbers::divmod::DEF,
    source::eval::DEF,
    source::exec::DEF,
    text::format::DEF,
    attrs::getattr::DEF,
    source::globals::DEF,
    attrs::hasattr::DEF,
    attrs::hash::DEF,
    numbers::hex::DEF,
    attrs::id::DEF,
    text::input::DEF,
    attrs::isinstance::DEF,
    attrs::issubclass::DEF,
    iteration::iter::DEF,
    iteration::aiter::DEF,
    iteration::len::DEF,
    source::locals::DEF,
    iteration::max::DEF,
    iteration::min::DEF,
    iteration::next::DEF,
    iteration::anext::DEF,
    numbers::oct::DEF,
    numbers::ord::DEF,
    numbers::pow::DEF,
    text::print::DEF,
    text::repr::DEF,
    numbers::round::DEF,
    attrs::setattr::DEF,
    iteration::sorted::DEF,
    iteration::sum::DEF,
    attrs::vars::DEF,
    MethodDef::END,
];

fn exec(m: &Module) -> PyResult<()> {
    m.add("None", none::none())?;
    m.add("Ellipsis", none::ellipsis())?;
    m.add("NotImplemented", none::not_implemented())?;
    m.add("False", bool_::false_())?;
    m.add("True", bool_::true_())?;
    use taipan_object::types as t;
    let types: &[&'static Type] = &[
        &t::bool_::PyBool_Type,
        &t::memoryview::PyMemoryView_Type,
        &t::bytearray::PyByteArray_Type,
        &t::bytes::PyBytes_Type,
        &t::method_wrappers::PyClassMethod_Type,
        &t::complex::PyComplex_Type,
        &t::dict::PyDict_Type,
        &t::enumerate::PyEnum_Type,
        &t::map_filter::PyFilter_Type,
        &t::float::PyFloat_Type,
        &t::set::PyFrozenSet_Type,
        &t::property::PyProperty_Type,
        &t::int::PyLong_Type,
        &t::list::PyList_Type,
        &t::map_filter::PyMap_Type,
        &t::object::PyBaseObject_Type,
        &t::range::PyRange_Type,
        &t::reversed::PyReversed_Type,
        &t::set::PySet_Type,
        &t::slice::PySlice_Type,
        &t::method_wrappers::PyStaticMethod_Type,
        &t::str::PyUnicode_Type,
        &t::super_::PySuper_Type,
        &t::tuple::PyTuple_Type,
        &t::type_::PyType_Type,
        &t::zip::PyZip_Type,
    ];
    for ty in types {
        m.add_type(ty)?;
    }
    for ty in exceptions::TYPES {
        m.add_type(ty)?;
    }
    m.add("ExceptionGroup", &*exceptions::exception_group_class()?)?;
    m.add("EnvironmentError", exceptions::OSError.as_object())?;
    m.add("IOError", exceptions::OSError.as_object())?;
    let debug = bool_::from_bool(taipan_object::Interp::current().config.optimize.get() == 0);
    m.add("__debug__", &debug)
}
