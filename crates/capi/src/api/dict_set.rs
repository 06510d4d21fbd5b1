//! `dict`, `set` and `frozenset`.

use super::object::optional;
use crate::prelude::*;
use taipan_object::types::dict::merge::Duplicates;
use taipan_object::types::set::{Set, any_set};

fn dict(o: &Object) -> PyResult<&Dict> {
    typed(o)
}

fn set(o: &Object) -> PyResult<&Set> {
    any_set(o).ok_or_else(bad_call)
}

/// A borrowed answer; the dict keeps the value.
fn borrowed<'a>(d: &'a Object, key: &Object) -> PyResult<Null<'a>> {
    dict(d)?.get_borrowed(key)
}

/// As the functions do that swallow errors.
fn forgiving<'a>(r: PyResult<Null<'a>>) -> Null<'a> {
    r.unwrap_or_else(|e| {
        e.clear();
        None
    })
}

fn set_default(d: &Object, key: &Object, default: &Object, out: Out<Option<Obj>>) -> c_int {
    match dict(d).and_then(|d| d.setdefault_found(key, default)) {
        Ok((v, found)) => {
            out.put(Some(v));
            found as c_int
        }
        Err(_) => {
            out.put(None);
            -1
        }
    }
}

fn pop(d: &Object, key: &Object, default: Null<'_>) -> PyResult {
    match (dict(d)?.pop_opt(key)?, default) {
        (Some(v), _) => Ok(v),
        (None, Some(v)) => Ok(v.to_obj()),
        (None, None) => Err(taipan_object::types::dict::key_error(key)),
    }
}

exports! {
    fn PyDict_New() -> PyResult { Ok(Dict::new().into_obj()) }
    fn _PyDict_NewPresized(n: isize) -> PyResult { Ok(Dict::with_capacity(n.clamp(0, 1 << 20) as usize).into_obj()) }
    fn PyDict_Size(d: &Object) -> isize { dict(d).map_or(-1, |d| d.len() as isize) }
    fn PyDict_Clear(d: &Object) {
        if let Some(d) = d.downcast::<Dict>() {
            d.clear();
        }
    }
    fn PyDict_Copy(d: &Object) -> PyResult { obj(dict(d)?.copy()) }
    fn PyDict_GetItem<'a>(d: &'a Object, key: &Object) -> Null<'a> {
        // An exception that is set already stays.
        let pending = Thread::current().current_exception.take();
        let r = forgiving(borrowed(d, key));
        Thread::current().current_exception.set(pending);
        r
    }
    fn PyDict_GetItemWithError<'a>(d: &'a Object, key: &Object) -> Null<'a> { borrowed(d, key).unwrap_or(None) }
    fn PyDict_GetItemString<'a>(d: &'a Object, key: Text) -> Null<'a> {
        let pending = Thread::current().current_exception.take();
        let r = forgiving(key.name().and_then(|k| borrowed(d, &k)));
        Thread::current().current_exception.set(pending);
        r
    }
    fn _PyDict_GetItem_KnownHash<'a>(d: &'a Object, key: &Object, hash: isize) -> Null<'a> {
        dict(d).and_then(|d| d.find_value(key, hash)).unwrap_or(None)
    }
    fn PyDict_GetItemRef(d: &Object, key: &Object, out: Out<Option<Obj>>) -> c_int { optional(dict(d).and_then(|d| d.get_item(key)), out) }
    fn PyDict_GetItemStringRef(d: &Object, key: Text, out: Out<Option<Obj>>) -> c_int {
        optional(key.name().and_then(|k| dict(d)?.get_item(&k)), out)
    }
    fn PyDict_SetItem(d: &Object, key: &Object, v: &Object) -> c_int { status(dict(d).and_then(|d| d.set_item(key, v))) }
    fn PyDict_SetItemString(d: &Object, key: Text, v: &Object) -> c_int { status(key.name().and_then(|k| dict(d)?.set_item(&k, v))) }
    fn _PyDict_SetItem_KnownHash(d: &Object, key: &Object, v: &Object, hash: isize) -> c_int {
        status(dict(d).and_then(|d| d.set_known_hash(key, v, hash)))
    }
    fn _PyDict_SetItem_KnownHash_LockHeld(d: &Object, key: &Object, v: &Object, hash: isize) -> c_int {
        status(dict(d).and_then(|d| d.set_known_hash(key, v, hash)))
    }
    fn PyDict_DelItem(d: &Object, key: &Object) -> c_int { status(dict(d).and_then(|d| d.del_item(key))) }
    fn PyDict_DelItemString(d: &Object, key: Text) -> c_int { status(key.name().and_then(|k| dict(d)?.del_item(&k))) }
    fn PyDict_Contains(d: &Object, key: &Object) -> c_int { status_bool(dict(d).and_then(|d| d.contains(key))) }
    fn PyDict_ContainsString(d: &Object, key: Text) -> c_int { status_bool(key.name().and_then(|k| dict(d)?.contains(&k))) }
    fn PyDict_SetDefault<'a>(d: &'a Object, key: &Object, default: &Object) -> Null<'a> {
        match dict(d).and_then(|d| d.setdefault(key, default)) {
            Ok(_) => borrowed(d, key).unwrap_or(None),
            Err(_) => None,
        }
    }
    fn PyDict_SetDefaultRef(d: &Object, key: &Object, default: &Object, out: Out<Option<Obj>>) -> c_int { set_default(d, key, default, out) }
    fn PyDict_Pop(d: &Object, key: &Object, out: Out<Option<Obj>>) -> c_int { optional(dict(d).and_then(|d| d.pop_opt(key)), out) }
    fn PyDict_PopString(d: &Object, key: Text, out: Out<Option<Obj>>) -> c_int { optional(key.name().and_then(|k| dict(d)?.pop_opt(&k)), out) }
    fn _PyDict_Pop(d: &Object, key: &Object, default: Null<'_>) -> PyResult { pop(d, key, default) }
    fn PyDict_Next(d: &Object, pos: Out<isize>, key: Out<*const Object>, value: Out<*const Object>) -> c_int {
        let Some(d) = d.downcast::<Dict>() else { return 0 };
        let mut at = pos.read().max(0) as usize;
        match d.next(&mut at) {
            Some((k, v)) => {
                key.put(k);
                value.put(v);
                pos.put(at as isize);
                1
            }
            None => 0,
        }
    }
    fn PyDict_Keys(d: &Object) -> PyResult { Ok(List::from_vec(dict(d)?.key_list()).into_obj()) }
    fn PyDict_Values(d: &Object) -> PyResult { Ok(List::from_vec(dict(d)?.value_list()).into_obj()) }
    fn PyDict_Items(d: &Object) -> PyResult {
        let pairs = dict(d)?.pairs().into_iter().map(|(k, v)| Tuple::from_vec(vec![k, v]).into_obj()).collect();
        Ok(List::from_vec(pairs).into_obj())
    }
    fn PyDict_Update(d: &Object, other: &Object) -> c_int { status(dict(d).and_then(|d| d.update_from(other, true))) }
    fn PyDict_Merge(d: &Object, other: &Object, replace: c_int) -> c_int { status(dict(d).and_then(|d| d.update_from(other, replace != 0))) }
    fn PyDict_MergeFromSeq2(d: &Object, pairs: &Object, replace: c_int) -> c_int {
        let how = if replace != 0 { Duplicates::Override } else { Duplicates::Keep };
        status(dict(d).and_then(|d| d.merge_pairs(pairs, how)))
    }
    fn PyDictProxy_New(mapping: &Object) -> PyResult { taipan_object::types::dict::proxy::new_checked(mapping) }

    fn PySet_New(items: Null<'_>) -> PyResult {
        match items {
            Some(o) => obj(Set::from_iterable(o)),
            None => Ok(Set::new().into_obj()),
        }
    }
    fn PyFrozenSet_New(items: Null<'_>) -> PyResult {
        match items {
            Some(o) if o.is_exact(&taipan_object::types::set::PyFrozenSet_Type) => Ok(o.to_obj()),
            Some(o) => obj(Set::frozen_from_iterable(o)),
            None => Ok(Set::new_frozen().into_obj()),
        }
    }
    fn PySet_Size(s: &Object) -> isize { set(s).map_or(-1, |s| s.len() as isize) }
    fn PySet_Contains(s: &Object, key: &Object) -> c_int { status_bool(set(s).and_then(|s| s.contains(key))) }
    fn PySet_Add(s: &Object, key: &Object) -> c_int { status(set(s).and_then(|s| s.add(key))) }
    fn PySet_Discard(s: &Object, key: &Object) -> c_int { status_bool(set(s).and_then(|s| s.discard(key))) }
    fn PySet_Pop(s: &Object) -> PyResult {
        match set(s)?.pop() {
            Some(v) => Ok(v),
            None => bail!(KeyError, "pop from an empty set"),
        }
    }
    fn PySet_Clear(s: &Object) -> c_int { status(set(s).map(|s| s.clear())) }
    fn _PySet_NextEntry(s: &Object, pos: Out<isize>, key: Out<*const Object>, hash: Out<isize>) -> c_int {
        let Ok(s) = set(s) else { return -1 };
        let mut at = pos.read().max(0) as usize;
        match s.next_hashed(&mut at) {
            Some((k, h)) => {
                key.put(k);
                hash.put(h);
                pos.put(at as isize);
                1
            }
            None => 0,
        }
    }
}
