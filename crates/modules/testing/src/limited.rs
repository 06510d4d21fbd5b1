//! The module `_testlimitedcapi`: what extensions of the stable interface do to objects.

use taipan_object::types::bytes::Bytes;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, bail, function, intern, methods};

use crate::capi::calls::{new_limited_class, new_relative_class};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_testlimitedcapi",
    doc: "Objects treated as extensions of the stable interface treat them.",
    methods: methods![
        call_vectorcall,
        call_vectorcall_method,
        codec_incrementaldecoder,
        codec_incrementalencoder,
        object_hasattrstring,
        sequence_delitem,
        sequence_getitem,
        sequence_setitem,
    ],
    exec,
};

fn exec(m: &Module) -> PyResult<()> {
    m.add("LimitedVectorCallClass", &*new_limited_class()?)?;
    m.add("LimitedRelativeVectorCallClass", &*new_relative_class()?)
}

fn sequence_methods(o: &Object) -> PyResult<&taipan_object::typeobj::slots::SequenceMethods> {
    // SAFETY: the slot is null or points to a table that lives as long as the type.
    match unsafe { o.ty().as_sequence.get().as_ref() } {
        Some(s) => Ok(s),
        None => bail!(TypeError, "'{}' object does not support indexing", o.ty().name_str()),
    }
}

/// Counts a negative index from the end once, as the slots expect.
fn position(o: &Object, i: isize) -> PyResult<isize> {
    if i < 0 && sequence_methods(o)?.length.get().is_some() { Ok(i + o.len()? as isize) } else { Ok(i) }
}

/// The item at an index, by the sequence slot.
#[function(signature = "(sequence, index, /)")]
fn sequence_getitem(sequence: &Object, index: isize) -> PyResult {
    match sequence_methods(sequence)?.item.get() {
        Some(f) => f(sequence, position(sequence, index)?),
        None => bail!(TypeError, "'{}' object does not support indexing", sequence.ty().name_str()),
    }
}

fn assign(o: &Object, index: isize, value: Option<&Object>, what: &str) -> PyResult<i32> {
    match sequence_methods(o)?.ass_item.get() {
        Some(f) => {
            taipan_object::error::from_status(f(o, position(o, index)?, value))?;
            Ok(0)
        }
        None => bail!(TypeError, "'{}' object doesn't support item {what}", o.ty().name_str()),
    }
}

/// Sets the item at an index, by the sequence slot.
#[function(signature = "(sequence, index, value, /)")]
fn sequence_setitem(sequence: &Object, index: isize, value: &Object) -> PyResult<i32> {
    assign(sequence, index, Some(value), "assignment")
}

/// Deletes the item at an index, by the sequence slot.
#[function(signature = "(sequence, index, /)")]
fn sequence_delitem(sequence: &Object, index: isize) -> PyResult<i32> {
    assign(sequence, index, None, "deletion")
}

/// Whether the object has an attribute; errors other than its absence are reported, not raised.
#[function(signature = "(object, name, /)")]
fn object_hasattrstring(object: &Object, name: &Bytes) -> PyResult<i32> {
    let Ok(name) = std::str::from_utf8(name.as_slice()) else { bail!(ValueError, "the name must be UTF-8") };
    match object.get_attr_opt(&Str::from_utf8(name)) {
        Ok(found) => Ok(found.is_some() as i32),
        Err(e) => {
            taipan_object::error::unraisable(e, None);
            Ok(0)
        }
    }
}

fn codec(name: &str, class: &str, errors: Option<&Str>) -> PyResult {
    let info = taipan_object::codecs::registry::lookup(name)?;
    let class = info.get_attr_str(class)?;
    match errors {
        Some(e) => class.call_one(e),
        None => class.call_noargs(),
    }
}

/// An incremental encoder.
#[function(signature = "(encoding, errors=None, /)")]
fn codec_incrementalencoder(encoding: &Str, errors: Option<&Str>) -> PyResult {
    codec(encoding.to_utf8()?, "incrementalencoder", errors)
}

/// An incremental decoder.
#[function(signature = "(encoding, errors=None, /)")]
fn codec_incrementaldecoder(encoding: &Str, errors: Option<&Str>) -> PyResult {
    codec(encoding.to_utf8()?, "incrementaldecoder", errors)
}

/// Calls with one positional and one keyword argument.
#[function(signature = "(callable, /)")]
fn call_vectorcall(callable: &Object) -> PyResult<Obj> {
    let (positional, named) = (Str::from_utf8("foo"), Str::from_utf8("bar"));
    callable.call_kw(&[&positional, &named], 1, &Tuple::new(&[intern!("baz")]))
}

/// The same with the method `f` of an object.
#[function(signature = "(object, /)")]
fn call_vectorcall_method(object: &Object) -> PyResult<Obj> {
    let f = object.get_attr(intern!("f"))?;
    call_vectorcall(&f)
}
