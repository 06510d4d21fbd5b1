//! `_functools`: `reduce`, `cmp_to_key`, and the types of `partial.rs` and `lru_cache.rs`.

mod lru_cache;
mod partial;

use crate::support::visit_fields;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::Given;
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::compare::CompareOp;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, function, getset, getsets, layout, members,
    methods,
};

/// Apply a function of two arguments to the items of an iterable, from left to right, until one value is left.
///
/// initial, if given, comes before the items.
#[function(signature = "(function, iterable, /, initial=<unrepresentable>)")]
fn reduce(function: &Object, iterable: &Object, initial: Given<&Object>) -> PyResult {
    let it = iterable.iter().or_else(|e| {
        if !e.matches(exceptions::TypeError) {
            return Err(e);
        }
        e.clear();
        bail!(TypeError, "reduce() arg 2 must support iteration")
    })?;
    let mut result: Option<Obj> = initial.0.map(Object::to_obj);
    while let Some(item) = it.next()? {
        result = Some(match result {
            None => item,
            Some(r) => function.call(&[&r, &item])?,
        });
    }
    match result {
        Some(r) => Ok(r),
        None => bail!(TypeError, "reduce() of empty iterable with no initial value"),
    }
}

/// What `cmp_to_key` makes: without `object` the factory of keys, with it a key.
#[repr(C)]
struct KeyWrapper {
    ob_base: Object,
    cmp: ObjCell,
    object: ObjCell,
}

layout!(KeyWrapper, KEY_WRAPPER_TYPE);

fn new_key(cmp: Obj, object: Option<Obj>) -> Obj {
    new_object(KeyWrapper { ob_base: Object::placeholder(), cmp: ObjCell::new(cmp), object: ObjCell::from_opt(object) })
        .into_obj()
}

extern "C" fn key_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let this: &KeyWrapper = o.cast();
    crate::support::bind(crate::signature!("K", posonly 0, positional 1, ["obj" true]), args, kwargs, |[obj]| {
        let Some(cmp) = this.cmp.get_owned() else { bail!(SystemError, "the comparison function is gone") };
        Ok(new_key(cmp, obj.map(Object::to_obj)))
    })
}

extern "C" fn key_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let Some(y) = b.downcast::<KeyWrapper>() else { bail!(TypeError, "other argument must be K instance") };
    let x: &KeyWrapper = a.cast();
    let (Some(cmp), Some(p), Some(q)) = (x.cmp.get_owned(), x.object.get_owned(), y.object.get_owned()) else {
        bail!(AttributeError, "object");
    };
    let r = cmp.call(&[&p, &q])?;
    r.rich_compare(&Int::zero(), CompareOp::from_c(op))
}

extern "C" fn key_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let k: &KeyWrapper = o.cast();
    visit_fields(&[&k.cmp, &k.object], visit, arg)
}

extern "C" fn key_clear(o: &Object) -> c_int {
    let k: &KeyWrapper = o.cast();
    k.cmp.set(None);
    k.object.set(None);
    0
}

/// What calls of the key function take.
fn key_signature(_: &Object) -> &'static str {
    "(obj)"
}

static KEY_WRAPPER_TYPE: Type = Type::new_static(TypeDef {
    name: c"functools.KeyWrapper",
    basicsize: size_of::<KeyWrapper>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<KeyWrapper>),
    hash: Some(taipan_object::protocol::compare::hash_not_implemented),
    call: Some(key_call),
    traverse: Some(key_traverse),
    clear: Some(key_clear),
    richcompare: Some(key_richcompare),
    members: members![
        MemberDef::new(c"obj", member::OBJECT, offset_of!(KeyWrapper, object), 0)
            .doc(c"The value that the key stands for.")
    ],
    getset: getsets![getset!(c"__text_signature__", key_signature)],
    ..TypeDef::EMPTY
});

/// Make a key function from a comparison function.
#[function(signature = "(mycmp)")]
fn cmp_to_key(mycmp: &Object) -> Obj {
    new_key(mycmp.to_obj(), None)
}

fn exec(m: &Module) -> PyResult<()> {
    taipan_object::typeobj::ready::ready(&KEY_WRAPPER_TYPE)?;
    partial::add_to(m)?;
    lru_cache::add_to(m)
}

/// The module.
pub static MODULE: ModuleDef =
    ModuleDef { name: "_functools", doc: "Tools for functions.", methods: methods![reduce, cmp_to_key], exec };

/// A tuple of the items of two slices.
fn joined(a: &[Obj], b: &[Obj]) -> Ref<Tuple> {
    let mut all = Vec::with_capacity(a.len() + b.len());
    all.extend_from_slice(a);
    all.extend_from_slice(b);
    Tuple::from_vec(all)
}
