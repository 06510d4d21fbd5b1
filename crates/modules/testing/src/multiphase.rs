//! The module `_testmultiphase`: what an extension of two phases holds. It is built in here, so that it has no file.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::{PyUnicode_Type, Str};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::type_::PyType_Type;
use taipan_object::{
    ObjCell, Object, PyResult, Ref, Type, TypeDef, error, flags, function, intern, layout, method, methods,
};

/// `Example`: an object with attributes of its own in a dict that it makes when one is set.
#[repr(C)]
struct Example {
    ob_base: Object,
    attributes: ObjCell,
    /// Calls of `demo` that gave something back.
    answered: Cell<usize>,
}
layout!(Example, EXAMPLE_TYPE);

extern "C" fn example_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Example { ob_base: Object::placeholder(), attributes: ObjCell::empty(), answered: Cell::new(0) };
    new_instance(cls, body).map(Ref::into_obj)
}

/// Return the argument if it is a string, None otherwise.
#[method(signature = "(obj=None, /)", text = false)]
fn demo(this: &Example, obj: Option<&Object>) -> Option<taipan_object::Obj> {
    let text = obj.filter(|o| o.downcast::<Str>().is_some())?;
    this.answered.set(this.answered.get() + 1);
    Some(text.to_obj())
}

extern "C" fn example_getattro(o: &Object, name: &Object) -> PyResult {
    let this: &Example = o.cast();
    if let Some(d) = this.attributes.get_owned()
        && let Some(v) = d.cast::<Dict>().get_item(name)?
    {
        return Ok(v);
    }
    taipan_object::protocol::attr::generic_getattro(o, name)
}

extern "C" fn example_setattro(o: &Object, name: &Object, value: Option<&Object>) -> c_int {
    let this: &Example = o.cast();
    let d = this.attributes.get_owned().unwrap_or_else(|| {
        let d = Dict::new().into_obj();
        this.attributes.set(Some(d.clone()));
        d
    });
    let d: &Dict = d.cast();
    error::status(match value {
        Some(v) => d.set_item(name, v),
        None => d.del_item(name).map_err(|e| {
            if e.matches(exceptions::KeyError) {
                e.clear();
                return taipan_object::raise!(AttributeError, "delete non-existing Example attribute");
            }
            e
        }),
    })
}

extern "C" fn example_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<Example>().attributes.get().map_or(0, |d| visit(d, arg))
}

static EXAMPLE_TYPE: Type = Type::new_static(TypeDef {
    name: c"_testimportexec.Example",
    basicsize: size_of::<Example>(),
    flags: flags::HAVE_GC,
    doc: Some(c"The Example type"),
    dealloc: Some(dealloc_of::<Example>),
    traverse: Some(example_traverse),
    getattro: Some(example_getattro),
    setattro: Some(example_setattro),
    methods: methods![demo],
    new: Some(example_new),
    ..TypeDef::EMPTY
});

/// foo(i,j): return the sum of i and j.
#[function(signature = "(i, j, /)", text = false)]
fn foo(i: i64, j: i64) -> i64 {
    i.wrapping_add(j)
}

fn class(name: &str, base: &Type) -> PyResult {
    let dict = Dict::new();
    dict.set_item(intern!("__module__"), &Str::from_utf8("_testimportexec"))?;
    PyType_Type.as_object().call(&[&Str::from_utf8(name), &Tuple::new(&[base.as_object()]), &dict])
}

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&EXAMPLE_TYPE)?;
    m.add("error", &*class("error", exceptions::Exception)?)?;
    m.add("Str", &*class("Str", &PyUnicode_Type)?)?;
    m.add_int("int_const", 1969)?;
    m.add_str("str_const", "something different")
}

/// The module.
pub static MODULE: ModuleDef =
    ModuleDef { name: "_testmultiphase", doc: "Test module main", methods: methods![foo], exec };
