//! `dict.keys()`, `dict.values()`, `dict.items()`: views, the first and the last with the operations of sets.

use super::{Dict, hash_key, iter};
use crate::alloc::{alloc_exact, dealloc_of, out_of_memory};
use crate::error::{PyResult, status_bool};
use crate::gc;
use crate::header::{Layout, Obj, ObjCell, Object, Ref};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::repr::repr_enter;
use crate::typeobj::slots::{NumberMethods, SequenceMethods, Slot, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::bool_::from_bool;
use crate::types::set::{Set, any_set, is_exact};
use crate::types::str::{Str, StrBuilder};
use crate::types::tuple::Tuple;
use crate::{getset, getsets, method, methods};
use std::ffi::{CStr, c_int, c_void};

/// A view (`_PyDictViewObject`), of any of the three types.
#[repr(C)]
pub struct DictView {
    /// The head.
    pub ob_base: Object,
    dict: ObjCell,
}

const _: () = assert!(size_of::<DictView>() == 24);

macro_rules! view_layout {
    ($name:ident, $ty:ident) => {
        #[repr(transparent)]
        struct $name(#[allow(dead_code)] DictView);
        crate::layout!($name, $ty);
    };
}

view_layout!(KeysView, PyDictKeys_Type);
view_layout!(ValuesView, PyDictValues_Type);
view_layout!(ItemsView, PyDictItems_Type);

/// A view of `d` of one of the three types.
pub fn new_view(ty: &'static Type, d: &Dict) -> Obj {
    // SAFETY: the whole object is written before it is tracked.
    unsafe {
        let Some((p, class)) = alloc_exact(ty, size_of::<DictView>()) else { out_of_memory() };
        p.cast::<DictView>().write(DictView { ob_base: Object::in_class(ty, class), dict: ObjCell::new(d.to_obj()) });
        gc::track(p.as_ref());
        Obj::from_raw(p.as_ptr())
    }
}

fn view_of(o: &Object) -> &DictView {
    // SAFETY: only slots and methods of the three types come here.
    unsafe { o.cast_unchecked() }
}

/// The dict of a view, `None` after the collector cleared it.
fn dict_of(o: &Object) -> Option<Ref<Dict>> {
    view_of(o).dict.get_owned().and_then(|d| d.downcast_into().ok())
}

fn is_keys(o: &Object) -> bool {
    o.ty().is_subtype(&PyDictKeys_Type)
}

fn is_items(o: &Object) -> bool {
    o.ty().is_subtype(&PyDictItems_Type)
}

/// A set, frozenset, keys or items view: what comparisons take.
fn is_set_like(o: &Object) -> bool {
    any_set(o).is_some() || is_keys(o) || is_items(o)
}

extern "C" fn view_length(slf: &Object) -> isize {
    match view_of(slf).dict.get() {
        Some(d) => d.cast::<Dict>().len() as isize,
        None => 0,
    }
}

fn empty_iter() -> PyResult {
    Tuple::new(&[]).iter()
}

extern "C" fn keys_iter(slf: &Object) -> PyResult {
    dict_of(slf).map_or_else(empty_iter, |d| Ok(iter::keys_iter(&d)))
}

extern "C" fn values_iter(slf: &Object) -> PyResult {
    dict_of(slf).map_or_else(empty_iter, |d| Ok(iter::values_iter(&d)))
}

extern "C" fn items_iter(slf: &Object) -> PyResult {
    dict_of(slf).map_or_else(empty_iter, |d| Ok(iter::items_iter(&d)))
}

extern "C" fn view_traverse(slf: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(view_of(slf).dict, visit, arg);
    0
}

extern "C" fn view_repr(slf: &Object) -> PyResult {
    let Some(_guard) = repr_enter(slf)? else { return Ok(Str::from_utf8("...").into_obj()) };
    let items = slf.to_list()?;
    let mut out = StrBuilder::new();
    out.push_str(slf.ty().name_str());
    out.push('(');
    out.push_pystr(&*items.repr()?);
    out.push(')');
    Ok(out.finish().into_obj())
}

extern "C" fn keys_contains(slf: &Object, key: &Object) -> c_int {
    status_bool(dict_of(slf).map_or(Ok(false), |d| d.contains(key)))
}

extern "C" fn items_contains(slf: &Object, item: &Object) -> c_int {
    status_bool(has_item(slf, item))
}

fn has_item(slf: &Object, item: &Object) -> PyResult<bool> {
    let (Some(d), Some(pair)) = (dict_of(slf), item.downcast::<Tuple>()) else { return Ok(false) };
    if pair.len() != 2 {
        return Ok(false);
    }
    let hash = hash_key(pair.item(0))?;
    match d.get_known_hash(pair.item(0), hash)? {
        Some(v) => v.rich_compare_bool(pair.item(1), CompareOp::Eq),
        None => Ok(false),
    }
}

/// Whether all items of `a` are in `b`.
fn all_in(a: &Object, b: &Object) -> PyResult<bool> {
    let it = a.iter()?;
    while let Some(x) = it.next()? {
        if !b.contains(&x)? {
            return Ok(false);
        }
    }
    Ok(true)
}

extern "C" fn view_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    if !is_set_like(b) {
        return Ok(not_implemented());
    }
    let (n, m) = (a.len()?, b.len()?);
    let answer = match CompareOp::from_c(op) {
        CompareOp::Eq => n == m && all_in(a, b)?,
        CompareOp::Ne => !(n == m && all_in(a, b)?),
        CompareOp::Lt => n < m && all_in(a, b)?,
        CompareOp::Le => n <= m && all_in(a, b)?,
        CompareOp::Gt => n > m && all_in(b, a)?,
        CompareOp::Ge => n >= m && all_in(b, a)?,
    };
    Ok(from_bool(answer))
}

/// A set of the view's items, for the operators.
fn to_set(o: &Object) -> PyResult<Ref<Set>> {
    Set::from_iterable(o)
}

extern "C" fn view_sub(a: &Object, b: &Object) -> PyResult {
    let s = to_set(a)?;
    s.difference_update(b)?;
    Ok(s.into_obj())
}

extern "C" fn view_and(a: &Object, b: &Object) -> PyResult {
    // The view may be on either side.
    let (mut a, mut b) = if is_keys(a) || is_items(a) { (a, b) } else { (b, a) };
    let n = a.len()?;
    if let Some(s) = any_set(b)
        && is_exact(b)
        && n <= s.len()
    {
        // Whatever the other side is, the answer is a set.
        let out = Set::new();
        let it = a.iter()?;
        while let Some(k) = it.next()? {
            if s.contains(&k)? {
                out.add(&k)?;
            }
        }
        return Ok(out.into_obj());
    }
    if (is_keys(b) || is_items(b)) && b.len()? > n {
        std::mem::swap(&mut a, &mut b);
    }
    let out = Set::new();
    let it = b.iter()?;
    while let Some(k) = it.next()? {
        if a.contains(&k)? {
            out.add(&k)?;
        }
    }
    Ok(out.into_obj())
}

extern "C" fn view_or(a: &Object, b: &Object) -> PyResult {
    let s = to_set(a)?;
    s.update(b)?;
    Ok(s.into_obj())
}

extern "C" fn view_xor(a: &Object, b: &Object) -> PyResult {
    let s = to_set(a)?;
    s.symmetric_difference_update(b)?;
    Ok(s.into_obj())
}

/// Whether the view and the other iterable have nothing in common.
#[method(signature = "(object, /)")]
fn isdisjoint(this: &Object, object: &Object) -> PyResult<bool> {
    if this.is(object) {
        return Ok(this.len()? == 0);
    }
    let (mut a, mut b) = (this, object);
    if (is_exact(b) || is_keys(b) || is_items(b)) && b.len()? > a.len()? {
        std::mem::swap(&mut a, &mut b);
    }
    let it = b.iter()?;
    while let Some(x) = it.next()? {
        if a.contains(&x)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// An iterator over the view, last one first.
#[method(name = "__reversed__")]
fn keys_reversed(this: &Object) -> PyResult {
    dict_of(this).map_or_else(empty_iter, |d| Ok(iter::keys_reversed(&d)))
}

/// An iterator over the view, last one first.
#[method(name = "__reversed__")]
fn values_reversed(this: &Object) -> PyResult {
    dict_of(this).map_or_else(empty_iter, |d| Ok(iter::values_reversed(&d)))
}

/// An iterator over the view, last one first.
#[method(name = "__reversed__")]
fn items_reversed(this: &Object) -> PyResult {
    dict_of(this).map_or_else(empty_iter, |d| Ok(iter::items_reversed(&d)))
}

fn mapping(this: &Object) -> Option<Obj> {
    view_of(this).dict.get().map(super::proxy::new)
}

static KEYS_SEQUENCE: SequenceMethods =
    SequenceMethods { length: Slot::new(view_length), contains: Slot::new(keys_contains), ..SequenceMethods::EMPTY };
static VALUES_SEQUENCE: SequenceMethods = SequenceMethods { length: Slot::new(view_length), ..SequenceMethods::EMPTY };
static ITEMS_SEQUENCE: SequenceMethods =
    SequenceMethods { length: Slot::new(view_length), contains: Slot::new(items_contains), ..SequenceMethods::EMPTY };
static SET_OPERATIONS: NumberMethods = NumberMethods {
    subtract: Slot::new(view_sub),
    and: Slot::new(view_and),
    xor: Slot::new(view_xor),
    or: Slot::new(view_or),
    ..NumberMethods::EMPTY
};

const fn view_type<T: Layout>(name: &'static CStr) -> TypeDef {
    TypeDef {
        name,
        basicsize: size_of::<DictView>(),
        flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<T>),
        repr: Some(view_repr),
        traverse: Some(view_traverse),
        getset: getsets![getset!(c"mapping", mapping; c"the dictionary that this view shows, read-only")],
        ..TypeDef::EMPTY
    }
}

/// `dict_keys`.
#[unsafe(no_mangle)]
pub static PyDictKeys_Type: Type = Type::new_static(TypeDef {
    as_number: Some(&SET_OPERATIONS),
    as_sequence: Some(&KEYS_SEQUENCE),
    hash: Some(crate::protocol::compare::hash_not_implemented),
    richcompare: Some(view_richcompare),
    iter: Some(keys_iter),
    methods: methods![isdisjoint, keys_reversed],
    ..view_type::<KeysView>(c"dict_keys")
});

/// `dict_values`.
#[unsafe(no_mangle)]
pub static PyDictValues_Type: Type = Type::new_static(TypeDef {
    as_sequence: Some(&VALUES_SEQUENCE),
    iter: Some(values_iter),
    methods: methods![values_reversed],
    ..view_type::<ValuesView>(c"dict_values")
});

/// `dict_items`.
#[unsafe(no_mangle)]
pub static PyDictItems_Type: Type = Type::new_static(TypeDef {
    as_number: Some(&SET_OPERATIONS),
    as_sequence: Some(&ITEMS_SEQUENCE),
    hash: Some(crate::protocol::compare::hash_not_implemented),
    richcompare: Some(view_richcompare),
    iter: Some(items_iter),
    methods: methods![isdisjoint, items_reversed],
    ..view_type::<ItemsView>(c"dict_items")
});
