//! `_tuplegetter`, the descriptor behind the fields of named tuples.

use crate::support::{tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::receiver;
use taipan_object::error::status;
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::int::Int;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout, members, method, methods, raise,
};

#[repr(C)]
struct TupleGetter {
    ob_base: Object,
    index: Cell<isize>,
    doc: ObjCell,
}

const _: () = assert!(size_of::<TupleGetter>() == 32);
layout!(TupleGetter, TUPLE_GETTER_TYPE);

extern "C" fn tuple_getter_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("_tuplegetter", posonly 2, positional 2, ["" true, "" true]);
    crate::support::bind_by_position(sig, cls, &TUPLE_GETTER_TYPE, args, kwargs, |[index, doc]| {
        let index = receiver(index).index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?;
        let body = TupleGetter {
            ob_base: Object::placeholder(),
            index: Cell::new(index),
            doc: ObjCell::new(receiver(doc).to_obj()),
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

extern "C" fn tuple_getter_get(o: &Object, obj: Option<&Object>, _: Option<&Object>) -> PyResult {
    let this: &TupleGetter = o.cast();
    let Some(obj) = obj else { return Ok(o.to_obj()) };
    let index = this.index.get();
    let Some(t) = obj.downcast::<Tuple>() else {
        if obj.is_none() {
            return Ok(o.to_obj());
        }
        bail!(
            TypeError,
            "descriptor for index '{index}' for tuple subclasses doesn't apply to '{}' object",
            obj.ty().name_str()
        );
    };
    match usize::try_from(index).ok().and_then(|i| t.items().get(i)) {
        Some(v) => Ok(v.clone()),
        None => bail!(IndexError, "tuple index out of range"),
    }
}

extern "C" fn tuple_getter_set(_: &Object, _: &Object, value: Option<&Object>) -> c_int {
    status(Err(match value {
        None => raise!(AttributeError, "can't delete attribute"),
        Some(_) => raise!(AttributeError, "can't set attribute"),
    }))
}

extern "C" fn tuple_getter_repr(o: &Object) -> PyResult {
    let this: &TupleGetter = o.cast();
    let doc = this.doc.get_owned().unwrap_or_else(crate::support::none);
    Ok(text(&format!("{}({}, {})", o.ty().short_name(), this.index.get(), doc.repr()?.to_utf8_lossy())))
}

extern "C" fn tuple_getter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<TupleGetter>().doc], visit, arg)
}

extern "C" fn tuple_getter_clear(o: &Object) -> c_int {
    o.cast::<TupleGetter>().doc.set(None);
    0
}

/// What pickling makes the object from.
#[method]
fn __reduce__(this: &TupleGetter) -> Ref<Tuple> {
    let doc = this.doc.get_owned().unwrap_or_else(crate::support::none);
    tuple_of([this.ty().to_obj(), tuple_of([Int::from_isize(this.index.get()).into_obj(), doc]).into_obj()])
}

/// `_tuplegetter`.
pub static TUPLE_GETTER_TYPE: Type = Type::new_static(TypeDef {
    name: c"collections._tuplegetter",
    basicsize: size_of::<TupleGetter>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<TupleGetter>),
    repr: Some(tuple_getter_repr),
    traverse: Some(tuple_getter_traverse),
    clear: Some(tuple_getter_clear),
    methods: methods![__reduce__],
    members: members![MemberDef::new(c"__doc__", member::OBJECT, offset_of!(TupleGetter, doc), 0)],
    descr_get: Some(tuple_getter_get),
    descr_set: Some(tuple_getter_set),
    new: Some(tuple_getter_new),
    ..TypeDef::EMPTY
});
