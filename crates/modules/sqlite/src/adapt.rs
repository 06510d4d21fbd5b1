//! Adapters turn objects into values of the database, converters turn values into objects (PEP 246 in small).

use crate::errors::{Class, raise};
use std::ffi::c_int;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::native::exception_class;
use taipan_object::thread::Interp;
use taipan_object::types::bytearray::PyByteArray_Type;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::float::PyFloat_Type;
use taipan_object::types::int::PyLong_Type;
use taipan_object::types::module::Module;
use taipan_object::types::str::{PyUnicode_Type, Str};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Type, TypeDef, flags, function, intern, layout};

const ADAPTERS: &str = "_sqlite3.adapters";
const CONVERTERS: &str = "_sqlite3.converters";

/// `PrepareProtocol`: what parameters are adapted to.
#[repr(C)]
pub struct PrepareProtocol {
    ob_base: Object,
}
layout!(PrepareProtocol, PREPARE_PROTOCOL_TYPE);

extern "C" fn protocol_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, PrepareProtocol { ob_base: Object::placeholder() }).map(Ref::into_obj)
}

extern "C" fn protocol_init(_: &Object, _: &Object, _: Option<&Object>) -> c_int {
    0
}

/// The type.
pub static PREPARE_PROTOCOL_TYPE: Type = Type::new_static(TypeDef {
    name: c"sqlite3.PrepareProtocol",
    basicsize: size_of::<PrepareProtocol>(),
    flags: flags::BASETYPE,
    doc: Some(c"PEP 246 style object adaption protocol type."),
    dealloc: Some(dealloc_of::<PrepareProtocol>),
    new: Some(protocol_new),
    init: Some(protocol_init),
    ..TypeDef::EMPTY
});

/// Makes the two registers.
pub fn add_registers(m: &Module) -> PyResult<()> {
    for (key, name) in [(ADAPTERS, "adapters"), (CONVERTERS, "converters")] {
        let d = Dict::new();
        m.add(name, &d)?;
        Interp::current().module_state.borrow_mut().insert(key, d.into_obj());
    }
    Ok(())
}

fn register(name: &'static str) -> Option<Obj> {
    exception_class(name)
}

/// Register a function that turns objects of a type into values of the database.
#[function(signature = "(type, adapter, /)")]
pub fn register_adapter(r#type: &Object, adapter: &Object) -> PyResult<()> {
    let Some(d) = register(ADAPTERS) else { return Ok(()) };
    let key = Tuple::new(&[r#type, PREPARE_PROTOCOL_TYPE.as_object()]);
    d.cast::<Dict>().set_item(&key, adapter)
}

/// Register a function that turns values of a type of columns into objects.
#[function(signature = "(typename, converter, /)")]
pub fn register_converter(typename: &Str, converter: &Object) -> PyResult<()> {
    let Some(d) = register(CONVERTERS) else { return Ok(()) };
    let key = typename.call_method(intern!("upper"), &[])?;
    d.cast::<Dict>().set_item(&key, converter)
}

/// The converter of a type of columns, whatever its case.
pub fn converter(typename: &str) -> PyResult<Option<Obj>> {
    let Some(d) = register(CONVERTERS) else { return Ok(None) };
    let key = Str::from_utf8(typename).call_method(intern!("upper"), &[])?;
    d.cast::<Dict>().get_item(&key)
}

/// Adapt an object to a protocol.
#[function(name = "adapt", signature = "(obj, proto=None, alt=None, /)", text = false)]
pub fn adapt_function(
    obj: &Object,
    proto: taipan_object::args::Given<&Object>,
    alt: taipan_object::args::Given<&Object>,
) -> PyResult {
    let proto = proto.0.unwrap_or(PREPARE_PROTOCOL_TYPE.as_object());
    adapt(obj, proto, alt.0)
}

/// The object as the protocol wants it: by an adapter, by the protocol's or by its own method; else the alternative.
pub fn adapt(o: &Object, protocol: &Object, alternative: Option<&Object>) -> PyResult {
    if let Some(d) = register(ADAPTERS) {
        let key = Tuple::new(&[o.ty().as_object(), protocol]);
        if let Some(adapter) = d.cast::<Dict>().get_item(&key)? {
            return adapter.call(&[o]);
        }
    }
    for (who, method, with) in [(protocol, intern!("__adapt__"), o), (o, intern!("__conform__"), protocol)] {
        let Some(f) = who.get_attr_opt(method)? else { continue };
        match f.call(&[with]) {
            Ok(r) if !r.is_none() => return Ok(r),
            Ok(_) => {}
            Err(e) if e.matches(exceptions::TypeError) => e.clear(),
            Err(e) => return Err(e),
        }
    }
    match alternative {
        Some(a) => Ok(a.to_obj()),
        None => Err(raise(Class::Programming, "can't adapt")),
    }
}

/// A parameter as it is bound. Plain values need no adapting, unless there are adapters for them.
pub fn adapt_parameter(o: &Object) -> PyResult {
    let plain = [&PyLong_Type, &PyFloat_Type, &PyUnicode_Type, &PyByteArray_Type];
    if plain.iter().any(|t| o.is_exact(t)) && register(ADAPTERS).is_none_or(|d| d.cast::<Dict>().is_empty()) {
        return Ok(o.to_obj());
    }
    adapt(o, PREPARE_PROTOCOL_TYPE.as_object(), Some(o))
}
