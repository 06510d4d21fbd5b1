//! Attributes of instances: the managed dict pointer before the object and the inline values behind it.
//!
//! An instance of a class with `INLINE_VALUES` keeps its attributes in a [`Values`] block right after its fixed part, indexed by
//! the class's shared keys. When someone asks for `__dict__`, a dict is made that uses the same keys and the same block; both
//! stay in step until the dict outgrows the shared keys, is replaced, or outlives the instance: then the block is copied or
//! moved into the dict, and marked invalid.

use super::keys::Keys;
use super::values::Values;
use super::{Dict, WatchEvent};
use crate::error::PyResult;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::intern;
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{HeapType, Type, flags};
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

/// The shared keys of a class.
#[inline(always)]
fn cached_keys_ptr(ty: &Type) -> Option<NonNull<Keys>> {
    if !ty.is_heap() {
        return None;
    }
    // SAFETY: a type with the heap flag is a `HeapType`.
    let heap = unsafe { &*(ty as *const Type).cast::<HeapType>() };
    NonNull::new(heap.ht_cached_keys.get().cast())
}

/// The keys that instances of `ty` share, if it has any.
#[inline(always)]
pub fn cached_keys(ty: &Type) -> Option<&Keys> {
    // SAFETY: the class owns a reference to its table.
    cached_keys_ptr(ty).map(|p| unsafe { p.as_ref() })
}

/// Gives a new class (with a managed dict, its namespace complete) its shared keys. The names that the compiler saw assigned to
/// `self` come first.
pub fn init_cached_keys(class: &HeapType) {
    drop_cached_keys(class);
    let table = match Keys::alloc_shared() {
        Ok(t) => t,
        Err(e) => {
            // Instances do without: each gets a dict when it needs one.
            e.clear();
            class.ht_type.remove_flags(flags::INLINE_VALUES);
            return;
        }
    };
    // SAFETY: just made.
    let keys = unsafe { table.as_ref() };
    class.ht_cached_keys.set(table.as_ptr().cast());
    let Some(ns) = class.ht_type.dict.get() else { return };
    let names = match ns.cast::<Dict>().get_item(intern!("__static_attributes__")) {
        Ok(n) => n,
        Err(e) => return e.clear(),
    };
    if let Some(names) = names.as_ref().and_then(|n| n.downcast::<Tuple>()) {
        for name in names.items() {
            if let Some(s) = name.downcast_exact::<Str>() {
                keys.find_or_add_shared(s, s.str_hash());
            }
        }
    }
}

/// Gives up a dying class's shared keys. Dicts that use them keep them alive.
pub fn drop_cached_keys(class: &HeapType) {
    if let Some(p) = NonNull::new(class.ht_cached_keys.replace(std::ptr::null_mut()).cast::<Keys>()) {
        // SAFETY: the class's reference is given up once.
        unsafe { Keys::decref(p) };
    }
}

/// Bytes of a class's shared keys, for `type.__sizeof__`.
pub fn cached_keys_size(ty: &Type) -> usize {
    cached_keys(ty).map_or(0, Keys::memory_size)
}

/// Bytes to allocate behind an instance of `ty`, a class with `INLINE_VALUES`.
#[inline]
pub fn inline_values_size(ty: &Type) -> usize {
    cached_keys(ty).map_or(Values::memory_size(0), |k| Values::memory_size(k.shared_capacity()))
}

/// Makes the inline values of a new instance, in the memory that [`inline_values_size`] asked for.
#[inline]
pub fn init_inline_values(obj: &Object, ty: &Type) {
    let capacity = cached_keys(ty).map_or(0, |k| {
        k.shrink_shared();
        k.shared_capacity()
    });
    // SAFETY: the allocation has room behind the fixed part; the capacity did not grow since it was measured.
    unsafe { Values::init(values_address(obj, ty), capacity, true) };
}

#[inline(always)]
fn values_address(obj: &Object, ty: &Type) -> *mut u8 {
    // SAFETY: instances of classes with inline values have them after their fixed part.
    unsafe { obj.as_ptr().cast::<u8>().offset(ty.basicsize.get()) }
}

/// The inline values of an instance whose class has `INLINE_VALUES`. They count only while [`Values::valid`].
#[inline(always)]
pub fn inline_values(obj: &Object) -> &Values {
    debug_assert!(obj.ty().has_flag(flags::INLINE_VALUES));
    // SAFETY: made by `init_inline_values` together with the object.
    unsafe { &*values_address(obj, obj.ty()).cast::<Values>() }
}

/// The inline values in force, if the class has them.
#[inline(always)]
fn valid_values(obj: &Object) -> Option<&Values> {
    if obj.ty().has_flag(flags::INLINE_VALUES) {
        let v = inline_values(obj);
        if v.valid() {
            return Some(v);
        }
    }
    None
}

/// The managed dict pointer of an instance whose class has `MANAGED_DICT`.
#[inline(always)]
pub fn managed_dict(obj: &Object) -> &ObjCell {
    debug_assert!(obj.ty().has_flag(flags::MANAGED_DICT));
    // SAFETY: the pre-header of such instances has the pointer three words before the object.
    unsafe { &*(obj as *const Object).cast::<ObjCell>().sub(1).byte_sub(16) }
}

/// The attribute `name` in the instance itself.
#[inline]
pub fn instance_get(obj: &Object, name: &Object) -> PyResult<Option<Obj>> {
    if let Some(values) = valid_values(obj)
        && let Some(keys) = cached_keys(obj.ty())
    {
        if let Some(s) = name.downcast_exact::<Str>() {
            let found = keys.find_unicode(s, s.str_hash()).and_then(|ix| values.get(ix));
            return Ok(found.map(Object::to_obj));
        }
        if values.size() == 0 {
            return Ok(None);
        }
        let d = instance_dict(obj)?;
        return d.cast::<Dict>().get_item(name);
    }
    match managed_dict(obj).get_owned() {
        Some(d) => d.cast::<Dict>().get_item(name),
        None => Ok(None),
    }
}

/// Sets the attribute `name` of the instance itself, or deletes it. `false` when there is nothing to delete.
pub fn instance_set(obj: &Object, name: &Object, value: Option<&Object>) -> PyResult<bool> {
    if let Some(values) = valid_values(obj)
        && let Some(keys) = cached_keys(obj.ty())
        && let Some(s) = name.downcast_exact::<Str>()
    {
        let ix = match value {
            Some(_) => keys.find_or_add_shared(s, s.str_hash()),
            None => keys.find_unicode(s, s.str_hash()),
        };
        match (ix, value) {
            (Some(ix), Some(value)) => {
                store_inline(obj, values, ix, name, value.to_obj());
                return Ok(true);
            }
            (Some(ix), None) => {
                if values.get(ix).is_none() {
                    return Ok(false);
                }
                if let Some(d) = attached_dict(obj, values) {
                    d.notify(WatchEvent::Deleted, Some(name), None);
                    d.used.set(d.used.get() - 1);
                }
                drop(values.remove(ix));
                return Ok(true);
            }
            (None, None) => return Ok(false),
            // The shared keys are full: the instance goes on with a dict of its own.
            (None, Some(_)) => {}
        }
    }
    if value.is_none() && managed_dict(obj).is_empty() && valid_values(obj).is_none_or(|v| v.size() == 0) {
        return Ok(false);
    }
    let d = instance_dict(obj)?;
    let d: &Dict = d.cast();
    match value {
        Some(v) => d.set_item(name, v).map(|()| true),
        None => d.discard(name),
    }
}

/// Stores into inline values at an index of the shared keys; keeps an attached dict in step.
#[inline]
pub fn store_inline(obj: &Object, values: &Values, ix: usize, name: &Object, value: Obj) {
    if let Some(d) = attached_dict(obj, values) {
        let fresh = values.get(ix).is_none();
        d.notify(if fresh { WatchEvent::Added } else { WatchEvent::Modified }, Some(name), Some(&value));
        if fresh {
            d.used.set(d.used.get() + 1);
        }
    }
    drop(values.store(ix, value));
}

#[inline(always)]
fn attached_dict<'a>(obj: &'a Object, values: &Values) -> Option<&'a Dict> {
    let d: &Dict = managed_dict(obj).get()?.cast();
    debug_assert!(std::ptr::eq(d.values.get(), values));
    Some(d)
}

/// A dict for the attributes of an instance of `ty` that keeps it in a field of its own: it shares the class's keys if it has some.
pub fn new_for_attributes(ty: &Type) -> Ref<Dict> {
    match new_sharing(ty) {
        Ok(d) => d,
        Err(e) => {
            e.clear();
            Dict::new()
        }
    }
}

fn new_sharing(ty: &Type) -> PyResult<Ref<Dict>> {
    let Some(keys) = cached_keys(ty) else { return Ok(Dict::new()) };
    let values = Values::alloc(keys.shared_capacity())?;
    keys.incref();
    Ok(Dict::with_keys(NonNull::from(keys), values.as_ptr(), 0))
}

/// The instance's `__dict__`, made if need be.
pub fn instance_dict(obj: &Object) -> PyResult {
    let cell = managed_dict(obj);
    if let Some(d) = cell.get_owned() {
        return Ok(d);
    }
    let d = match (cached_keys_ptr(obj.ty()), valid_values(obj)) {
        (Some(keys), Some(values)) => {
            // SAFETY: the class's reference keeps the table alive; the dict takes one of its own.
            unsafe { keys.as_ref().incref() };
            Dict::with_keys(keys, (values as *const Values).cast_mut(), values.size())
        }
        _ => new_sharing(obj.ty())?,
    };
    cell.set(Some(d.clone().into_obj()));
    Ok(d.into_obj())
}

/// The instance's dict if it has been made. Attributes in inline values do not show here.
#[inline]
pub fn instance_dict_opt(obj: &Object) -> Option<Obj> {
    managed_dict(obj).get_owned()
}

/// Replaces the instance's dict (`__dict__ = d`), or takes it away.
pub fn instance_set_dict(obj: &Object, dict: Option<Obj>) -> PyResult<()> {
    replace_dict(obj, dict);
    Ok(())
}

fn replace_dict(obj: &Object, new: Option<Obj>) {
    let old = managed_dict(obj).replace(new);
    if let Some(values) = valid_values(obj) {
        match &old {
            Some(d) if !d.is_unique() => d.cast::<Dict>().detach(values),
            _ => {
                if let Some(d) = &old {
                    // The dict dies here and nobody else sees it: the contents are released from the block.
                    d.cast::<Dict>().forget_values();
                }
                release_values(values);
            }
        }
    }
    drop(old);
}

/// Puts the block out of force, then drops what it held: finalisers may look at the instance.
#[inline]
fn release_values(values: &Values) {
    values.set_invalid();
    for i in 0..values.size() {
        let p = values.slot(values.order(i)).replace(std::ptr::null_mut());
        // SAFETY: the block owned the reference.
        drop(unsafe { Obj::from_raw_opt(p) });
    }
    values.invalidate();
}

/// Releases the attributes and the dict of an instance (`tp_clear`). A dict that others hold keeps the attributes.
pub fn instance_clear(obj: &Object) {
    replace_dict(obj, None);
}

/// The same for an instance that dies.
#[inline]
pub fn instance_dealloc(obj: &Object) {
    if managed_dict(obj).is_empty() {
        if let Some(values) = valid_values(obj)
            && values.size() != 0
        {
            release_values(values);
        }
    } else {
        replace_dict(obj, None);
    }
}

/// Moves the attributes to a dict that shares nothing with the instance, as its class and with it the shared keys are about to
/// change.
pub fn instance_detach(obj: &Object) -> PyResult<()> {
    let d = instance_dict(obj)?;
    if let Some(values) = valid_values(obj) {
        d.cast::<Dict>().detach(values);
        values.invalidate();
    }
    Ok(())
}

/// Shows the attributes of an instance to the collector. While a dict shares the inline values, it is the dict that shows them:
/// so they stay reachable through it when the instance alone is garbage.
pub fn instance_traverse(obj: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    if let Some(d) = managed_dict(obj).get() {
        return visit(d, arg);
    }
    let Some(values) = valid_values(obj) else { return 0 };
    for i in 0..values.capacity() {
        if let Some(o) = values.get(i) {
            let r = visit(o, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

impl Dict {
    /// Gives the dict a block of its own with what `values`, the inline ones that it shares, hold; those are invalid then.
    fn detach(&self, values: &Values) {
        if !std::ptr::eq(self.values.get(), values) {
            return;
        }
        let Some(copy) = values.duplicate() else { crate::alloc::out_of_memory() };
        self.values.set(copy.as_ptr());
        values.invalidate();
        for i in 0..values.capacity() {
            // The references moved with the copy.
            values.slot(i).set(std::ptr::null_mut());
        }
    }

    /// Makes a dying dict empty without touching the inline values that it shares.
    fn forget_values(&self) {
        if self.values.replace(std::ptr::null_mut()).is_null() {
            return;
        }
        self.used.set(0);
        let keys = self.keys.replace(Keys::empty());
        // SAFETY: the dict owned a reference to the shared table.
        unsafe { Keys::decref(keys) };
    }
}
