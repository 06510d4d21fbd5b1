//! `dict`: a hash table that keeps the order of insertion.
//!
//! - `keys.rs`: the table of keys (and usually values); `values.rs`: values of dicts and instances that share their keys
//! - this file: the dict itself: look-up, insertion, deletion, iteration; `merge.rs`: update, copy, construction
//! - `instance.rs`: attributes of instances (managed dicts, inline values); `watch.rs`: watchers
//! - `methods.rs`: the type; `views.rs`, `iter.rs`: views and iterators; `proxy.rs`: `mappingproxy`

pub mod instance;
pub mod iter;
pub mod keys;
pub mod merge;
mod methods;
pub mod proxy;
pub mod values;
pub mod views;
pub mod watch;

#[cfg(test)]
pub(crate) mod tests;

pub use instance::{
    cached_keys_size, drop_cached_keys, init_cached_keys, init_inline_values, inline_values_size, instance_clear,
    instance_dealloc, instance_detach, instance_dict, instance_dict_opt, instance_get, instance_set, instance_set_dict,
    instance_traverse, new_for_attributes,
};
pub use keys::{Keys, Kind};
pub use merge::Duplicates;
pub use methods::PyDict_Type;
pub use values::Values;

/// How many attributes instances of a class can share the names of.
pub const SHARED_KEYS_MAX: usize = keys::SHARED_MAX;
pub use watch::{DictState, WatchEvent};

use crate::alloc::new_object;
use crate::error::{self, PyResult, Raised};
use crate::header::{Obj, Object, Ref};
use crate::protocol::compare::CompareOp;
use crate::typeobj::Type;
use crate::types::exceptions;
use crate::types::int::{Int, PyLong_Type};
use crate::types::str::Str;
use crate::{bail, intern, raise};
use keys::{DUMMY, EMPTY, Found, Probe, log2_for, log2_for_entries, usable_fraction};
use std::cell::Cell;
use std::mem::offset_of;
use std::ptr::NonNull;

/// A dict (`PyDictObject`).
#[repr(C)]
pub struct Dict {
    /// The head.
    pub ob_base: Object,
    used: Cell<isize>,
    watcher_tag: Cell<u64>,
    keys: Cell<NonNull<Keys>>,
    /// The values when the keys table is split, else null.
    values: Cell<*mut Values>,
}

const _: () = {
    assert!(size_of::<Dict>() == 48 && offset_of!(Dict, used) == 16 && offset_of!(Dict, watcher_tag) == 24);
    assert!(offset_of!(Dict, keys) == 32 && offset_of!(Dict, values) == 40);
};

crate::layout!(Dict, PyDict_Type, DICT_SUBCLASS);

/// Every static type of this folder, bases first.
pub static TYPES: &[&Type] = &[
    &PyDict_Type,
    &views::PyDictKeys_Type,
    &views::PyDictValues_Type,
    &views::PyDictItems_Type,
    &iter::PyDictIterKey_Type,
    &iter::PyDictIterValue_Type,
    &iter::PyDictIterItem_Type,
    &iter::PyDictRevIterKey_Type,
    &iter::PyDictRevIterValue_Type,
    &iter::PyDictRevIterItem_Type,
    &proxy::PyDictProxy_Type,
];

/// The hash of a key. Unhashable ones are reported as such, with what they were to be used as: `dict key`, `set element`.
#[inline(always)]
pub(crate) fn hash_for(key: &Object, role: &str) -> PyResult<isize> {
    match key.downcast_exact::<Str>() {
        Some(s) => Ok(s.str_hash()),
        None if key.is_exact(&PyLong_Type) => {
            // SAFETY: the type is tested.
            match unsafe { key.cast_unchecked::<Int>() }.short() {
                Some(-1) => Ok(-2),
                Some(v) => Ok(v as isize),
                None => key.hash(),
            }
        }
        None => match key.hash() {
            Ok(h) => Ok(h),
            Err(e) => Err(unhashable(e, key, role)),
        },
    }
}

#[cold]
fn unhashable(e: Raised, key: &Object, role: &str) -> Raised {
    let exc = e.take();
    if !exc.is_exact(exceptions::TypeError) {
        return error::restore(exc);
    }
    match (qualified_type_name(key.ty()), exc.str()) {
        (Ok(name), Ok(text)) => raise!(TypeError, "cannot use '{name}' as a {role} ({})", text.display()),
        (Err(e), _) | (_, Err(e)) => e,
    }
}

/// `module.qualname` of a class, without the module for built-in ones and those of `__main__`.
pub(crate) fn qualified_type_name(ty: &Type) -> PyResult<String> {
    if !ty.is_heap() {
        return Ok(ty.name_str().to_owned());
    }
    let qualname = ty.as_object().get_attr(intern!("__qualname__"))?.str()?;
    let module = ty.as_object().get_attr_opt(intern!("__module__"))?;
    Ok(match module.as_ref().and_then(|m| m.downcast::<Str>()) {
        Some(m) if !m.eq_str("builtins") && !m.eq_str("__main__") => format!("{}.{}", m.display(), qualname.display()),
        _ => qualname.display().to_string(),
    })
}

/// The hash of a dict key.
#[inline(always)]
pub(crate) fn hash_key(key: &Object) -> PyResult<isize> {
    hash_for(key, "dict key")
}

/// Whether two keys of the same hash are equal, if that can be told without running Python code: two strings, two small integers.
#[inline(always)]
pub(crate) fn plainly_equal(a: &Object, b: &Object) -> Option<bool> {
    if a.ty_ptr() != b.ty_ptr() {
        return None;
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<Str>(), b.downcast_exact::<Str>()) {
        return Some(a.eq(b));
    }
    let (a, b) = (a.downcast_exact::<Int>()?.short()?, b.downcast_exact::<Int>()?.short()?);
    Some(a == b)
}

/// `KeyError(key)`, with `key` as the one argument even if it is a tuple.
#[cold]
pub fn key_error(key: &Object) -> Raised {
    match exceptions::KeyError.as_object().call_one(key) {
        Ok(exc) => error::raise_instance(exc),
        Err(e) => e,
    }
}

impl Dict {
    fn with_keys(keys: NonNull<Keys>, values: *mut Values, used: usize) -> Ref<Dict> {
        new_object(Dict::body(keys, values, used))
    }

    fn body(keys: NonNull<Keys>, values: *mut Values, used: usize) -> Dict {
        Dict {
            ob_base: Object::placeholder(),
            used: Cell::new(used as isize),
            watcher_tag: Cell::new(0),
            keys: Cell::new(keys),
            values: Cell::new(values),
        }
    }

    /// The fields of an empty dict, for a subclass's `new_instance`.
    pub fn empty_body() -> Dict {
        Dict::body(Keys::empty(), std::ptr::null_mut(), 0)
    }

    /// An empty dict.
    #[inline]
    #[allow(clippy::new_ret_no_self)]
    pub fn new() -> Ref<Dict> {
        Dict::with_keys(Keys::empty(), std::ptr::null_mut(), 0)
    }

    /// An empty dict with room for `n` string keys (or other keys, after one conversion).
    pub fn with_capacity(n: usize) -> Ref<Dict> {
        let d = Dict::new();
        // Room is only a hint: without memory for it, insertion will say so.
        if let Err(e) = d.presize(n, true) {
            e.clear();
        }
        d
    }

    /// Makes room in an empty dict; small needs are left to the first insertion.
    pub(super) fn presize(&self, n: usize, unicode: bool) -> PyResult<()> {
        const MAX_PRESIZE: usize = 128 * 1024;
        if n <= usable_fraction(1 << keys::LOG2_MIN) || !self.keys().is_empty_table() {
            return Ok(());
        }
        let log2 = if n > usable_fraction(MAX_PRESIZE) { 17 } else { log2_for_entries(n) };
        self.keys.set(Keys::alloc(log2, unicode)?);
        Ok(())
    }

    /// The table of keys. The borrow ends with the next change of the dict.
    #[inline(always)]
    pub fn keys(&self) -> &Keys {
        // SAFETY: a dict always has a table.
        unsafe { self.keys.get().as_ref() }
    }

    /// Whether every key is a string.
    pub fn has_only_string_keys(&self) -> bool {
        self.keys().is_unicode() || self.pairs().iter().all(|(k, _)| k.downcast::<Str>().is_some())
    }

    /// Whether the keys are shared with other dicts or instances.
    pub fn is_split(&self) -> bool {
        !self.values.get().is_null()
    }

    /// The separate values of a split table.
    #[inline(always)]
    pub fn values(&self) -> Option<&Values> {
        // SAFETY: non-null means alive.
        unsafe { self.values.get().as_ref() }
    }

    /// Number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.used.get() as usize
    }

    /// Whether there are no items.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.used.get() == 0
    }

    /// The cell of the value of entry `ix`.
    #[inline(always)]
    fn value_cell(&self, ix: usize) -> &Cell<*mut Object> {
        match self.values() {
            None => self.keys().cells(ix).1,
            Some(v) => v.slot(ix),
        }
    }

    /// The value of entry `ix`, an entry of [`Dict::keys`].
    #[inline(always)]
    pub fn value_at(&self, ix: usize) -> Option<&Object> {
        // SAFETY: non-null values are live objects.
        unsafe { self.value_cell(ix).get().as_ref() }
    }

    /// Replaces the value of entry `ix`, which is present, and hands out the old one. For inline caches that have checked the
    /// keys version.
    #[inline]
    pub fn replace_value_at(&self, ix: usize, value: Obj) -> Obj {
        if self.is_watched() {
            let key = self.keys().raw_entry(ix).0;
            // SAFETY: a present entry has a key.
            self.notify(WatchEvent::Modified, unsafe { key.as_ref() }, Some(&value));
        }
        let old = self.value_cell(ix).replace(value.into_raw());
        debug_assert!(!old.is_null());
        // SAFETY: the entry was present, so it owned a reference.
        unsafe { Obj::from_raw(old) }
    }

    // ---- look-up

    /// The entry of `key`, if it has a value.
    #[inline(always)]
    pub(super) fn find(&self, key: &Object, hash: isize) -> PyResult<Option<usize>> {
        let keys = self.keys();
        if keys.is_unicode()
            && let Some(s) = key.downcast_exact::<Str>()
        {
            let found = keys.find_unicode(s, hash);
            return Ok(match found {
                Some(ix) if self.values.get().is_null() || !self.value_cell(ix).get().is_null() => Some(ix),
                _ => None,
            });
        }
        match keys.find_plain(key, hash) {
            // Values lie in the table: only `str` tables are split.
            Found::Entry(ix) => Ok(Some(ix)),
            Found::Nothing => Ok(None),
            Found::Ask => self.find_slow(key, hash),
        }
    }

    /// The look-up that may call `__eq__`, which may change the dict: it starts again when the table or the entry has changed.
    #[inline(never)]
    fn find_slow(&self, key: &Object, hash: isize) -> PyResult<Option<usize>> {
        'again: loop {
            let table = self.keys.get();
            let keys = self.keys();
            let shape = (keys.log2_size(), keys.kind());
            let mut p = Probe::new(hash, keys.mask());
            loop {
                let ix = keys.index(p.cell);
                if ix == EMPTY {
                    return Ok(None);
                }
                if ix >= 0 {
                    let ix = ix as usize;
                    let found = keys.raw_entry(ix).0;
                    let mut equal = std::ptr::eq(found, key);
                    if !equal && keys.entry_hash(ix) == hash {
                        // SAFETY: the index refers to live entries only.
                        let candidate = unsafe { &*found };
                        match plainly_equal(candidate, key) {
                            Some(answer) => equal = answer,
                            None => {
                                let candidate = candidate.to_obj();
                                let answer = candidate.rich_compare_bool(key, CompareOp::Eq);
                                drop(candidate);
                                equal = answer?;
                                let same = self.keys.get() == table
                                    && (self.keys().log2_size(), self.keys().kind()) == shape
                                    && ix < self.keys().nentries()
                                    && self.keys().raw_entry(ix).0 == found;
                                if !same {
                                    continue 'again;
                                }
                            }
                        }
                    }
                    if equal {
                        return Ok(if self.value_cell(ix).get().is_null() { None } else { Some(ix) });
                    }
                }
                p.advance();
            }
        }
    }

    /// The value of `key`, borrowed: good until the dict changes.
    #[inline(always)]
    pub fn find_value(&self, key: &Object, hash: isize) -> PyResult<Option<&Object>> {
        Ok(match self.find(key, hash)? {
            Some(ix) => self.value_at(ix),
            None => None,
        })
    }

    /// The stored key equal to `key` and its value, borrowed: good until the dict changes.
    #[inline]
    pub fn find_entry(&self, key: &Object, hash: isize) -> PyResult<Option<(&Object, &Object)>> {
        Ok(self.find(key, hash)?.map(|ix| self.entry(ix)))
    }

    /// The value of `key`, if there.
    #[inline]
    pub fn get_item(&self, key: &Object) -> PyResult<Option<Obj>> {
        let hash = hash_key(key)?;
        self.get_known_hash(key, hash)
    }

    /// The value of `key`, whose hash is known.
    #[inline]
    pub fn get_known_hash(&self, key: &Object, hash: isize) -> PyResult<Option<Obj>> {
        Ok(self.find_value(key, hash)?.map(Object::to_obj))
    }

    /// The value of `key`, borrowed: good until the dict changes.
    #[inline]
    pub fn get_borrowed(&self, key: &Object) -> PyResult<Option<&Object>> {
        let hash = hash_key(key)?;
        self.find_value(key, hash)
    }

    /// The value under a string that is not an object yet. For start-up and rare look-ups; hot ones have an interned string.
    pub fn get_str(&self, key: &str) -> PyResult<Option<Obj>> {
        if self.is_empty() {
            return Ok(None);
        }
        self.get_item(&Str::from_utf8(key))
    }

    /// Whether `key` is in the dict.
    #[inline]
    pub fn contains(&self, key: &Object) -> PyResult<bool> {
        let hash = hash_key(key)?;
        Ok(self.find(key, hash)?.is_some())
    }

    // ---- change

    /// Stores `value` under `key`.
    #[inline]
    pub fn set_item(&self, key: &Object, value: &Object) -> PyResult<()> {
        let hash = hash_key(key)?;
        self.insert(key.to_obj(), hash, value.to_obj())
    }

    /// Stores `value` under `key`, taking over both references.
    #[inline]
    pub fn set_item_take2(&self, key: Obj, value: Obj) -> PyResult<()> {
        let hash = hash_key(&key)?;
        self.insert(key, hash, value)
    }

    /// Stores `value` under a string.
    pub fn set_str(&self, key: &str, value: &Object) -> PyResult<()> {
        let key = crate::types::str::intern::intern(Str::from_utf8(key));
        self.set_item(&key, value)
    }

    /// Stores `value` under `key`, whose hash is known.
    #[inline]
    pub fn set_known_hash(&self, key: &Object, value: &Object, hash: isize) -> PyResult<()> {
        self.insert(key.to_obj(), hash, value.to_obj())
    }

    /// Makes the table fit for one more key of this sort: grown, combined, general as needed.
    fn grow(&self, unicode: bool) -> PyResult<()> {
        self.resize(log2_for(self.len().saturating_mul(3)), unicode)
    }

    /// Prepares the table for `key`. A split table answers the entry of the key, if it could be made.
    #[inline(always)]
    fn prepare(&self, key: &Object, hash: isize) -> PyResult<Option<usize>> {
        let exact = key.downcast_exact::<Str>();
        if self.keys().is_unicode() && exact.is_none() && !self.keys().is_empty_table() {
            self.grow(false)?;
        }
        if let (false, Some(s)) = (self.values.get().is_null(), exact) {
            return Ok(self.keys().find_or_add_shared(s, hash));
        }
        Ok(None)
    }

    /// Adds a key that is known to be absent. The kind of the table fits (see [`Dict::prepare`]).
    #[inline]
    fn add_new(&self, key: Obj, hash: isize, value: Obj) -> PyResult<()> {
        self.notify(WatchEvent::Added, Some(&key), Some(&value));
        if self.keys().is_empty_table() {
            self.keys.set(Keys::alloc(keys::LOG2_MIN, key.downcast_exact::<Str>().is_some())?);
        } else if self.keys().usable() == 0 {
            self.grow(true)?;
        }
        self.keys().append(key.into_raw(), hash, value.into_raw());
        self.used.set(self.used.get() + 1);
        Ok(())
    }

    /// Stores into a split table at entry `ix`.
    fn store_split(&self, ix: usize, key: &Object, value: Obj) {
        let Some(values) = self.values() else { return };
        if values.get(ix).is_none() {
            self.notify(WatchEvent::Added, Some(key), Some(&value));
            values.fill(ix, value);
            self.used.set(self.used.get() + 1);
        } else {
            self.notify(WatchEvent::Modified, Some(key), Some(&value));
            drop(values.store(ix, value));
        }
    }

    /// Stores `value` under `key`.
    #[inline]
    pub(super) fn insert(&self, key: Obj, hash: isize, value: Obj) -> PyResult<()> {
        if let Some(ix) = self.prepare(&key, hash)? {
            self.store_split(ix, &key, value);
            return Ok(());
        }
        match self.find(&key, hash)? {
            None => {
                // The comparison may have changed the kind of table.
                if self.keys().is_unicode() && !self.keys().is_empty_table() && key.downcast_exact::<Str>().is_none() {
                    self.grow(false)?;
                }
                self.add_new(key, hash, value)
            }
            Some(ix) => {
                let cell = self.value_cell(ix);
                if !std::ptr::eq(cell.get(), value.as_ptr()) {
                    self.notify(WatchEvent::Modified, Some(&key), Some(&value));
                    let old = cell.replace(value.into_raw());
                    // SAFETY: the entry owned its value.
                    drop(unsafe { Obj::from_raw_opt(old) });
                }
                Ok(())
            }
        }
    }

    /// The value of `key`; `default` is stored and answered when there is none. The flag says whether the key was present.
    pub fn setdefault_found(&self, key: &Object, default: &Object) -> PyResult<(Obj, bool)> {
        let hash = hash_key(key)?;
        if let Some(ix) = self.prepare(key, hash)? {
            if let Some(v) = self.value_at(ix) {
                return Ok((v.to_obj(), true));
            }
            self.store_split(ix, key, default.to_obj());
            return Ok((default.to_obj(), false));
        }
        if let Some(v) = self.find_value(key, hash)? {
            return Ok((v.to_obj(), true));
        }
        if self.keys().is_unicode() && !self.keys().is_empty_table() && key.downcast_exact::<Str>().is_none() {
            self.grow(false)?;
        }
        self.add_new(key.to_obj(), hash, default.to_obj())?;
        Ok((default.to_obj(), false))
    }

    /// The value of `key`; `default` is stored and answered when there is none.
    pub fn setdefault(&self, key: &Object, default: &Object) -> PyResult {
        Ok(self.setdefault_found(key, default)?.0)
    }

    /// Takes the item of entry `ix`, which is present, out of the dict.
    fn remove_at(&self, ix: usize, hash: isize) -> Option<(Option<Obj>, Obj)> {
        let keys = self.keys();
        if self.is_watched() {
            // SAFETY: a present entry has a key.
            self.notify(WatchEvent::Deleted, unsafe { keys.raw_entry(ix).0.as_ref() }, None);
        }
        if let Some(values) = self.values() {
            let v = values.remove(ix)?;
            self.used.set(self.used.get() - 1);
            return Some((None, v));
        }
        let cell = keys.cell_of(hash, ix)?;
        keys.reset_version();
        keys.set_index(cell, DUMMY);
        let (k, v) = keys.cells(ix);
        let (k, v) = (k.replace(std::ptr::null_mut()), v.replace(std::ptr::null_mut()));
        self.used.set(self.used.get() - 1);
        // SAFETY: the entry owned both.
        unsafe { Some((Obj::from_raw_opt(k), Obj::from_raw_opt(v)?)) }
    }

    /// Takes `key` out, answering its value.
    pub fn pop_known_hash(&self, key: &Object, hash: isize) -> PyResult<Option<Obj>> {
        let Some(ix) = self.find(key, hash)? else { return Ok(None) };
        Ok(self.remove_at(ix, hash).map(|(_key, value)| value))
    }

    /// Takes `key` out, answering its value if it was there.
    pub fn pop_opt(&self, key: &Object) -> PyResult<Option<Obj>> {
        if self.is_empty() {
            return Ok(None);
        }
        let hash = hash_key(key)?;
        self.pop_known_hash(key, hash)
    }

    /// Takes `key` out; answers whether it was there.
    pub fn discard(&self, key: &Object) -> PyResult<bool> {
        let hash = hash_key(key)?;
        Ok(self.pop_known_hash(key, hash)?.is_some())
    }

    /// Takes `key` out; `KeyError` when it is not there.
    pub fn del_item(&self, key: &Object) -> PyResult<()> {
        if self.discard(key)? { Ok(()) } else { Err(key_error(key)) }
    }

    /// Takes out the item added last.
    pub fn popitem(&self) -> PyResult<Option<(Obj, Obj)>> {
        if self.is_empty() {
            return Ok(None);
        }
        if !self.values.get().is_null() {
            self.resize(self.keys().log2_size(), true)?;
        }
        let keys = self.keys();
        let mut i = keys.nentries();
        while i > 0 && keys.raw_entry(i - 1).1.is_null() {
            i -= 1;
        }
        let Some(ix) = i.checked_sub(1) else { return Ok(None) };
        let item = self.remove_at(ix, keys.entry_hash(ix));
        // The room is not usable again: its index cell is a dummy.
        self.keys().set_fill(self.keys().usable(), ix);
        Ok(match item {
            Some((Some(k), v)) => Some((k, v)),
            _ => None,
        })
    }

    /// Removes everything.
    pub fn clear(&self) {
        let old = self.keys.get();
        if self.keys().is_empty_table() {
            return;
        }
        self.notify(WatchEvent::Cleared, None, None);
        self.used.set(0);
        let Some(values) = self.values() else {
            self.keys.set(Keys::empty());
            // SAFETY: the dict's reference to its table is given up.
            unsafe { Keys::decref(old) };
            return;
        };
        let embedded = values.embedded();
        let contents = values.take_all();
        if !embedded {
            let block = self.values.replace(std::ptr::null_mut());
            self.keys.set(Keys::empty());
            // SAFETY: as above; the block was this dict's own and is empty.
            unsafe {
                Values::free(block);
                Keys::decref(old);
            }
        }
        drop(contents);
    }

    /// Moves the items to a table of `1 << log2_size` cells; the dict has values of its own afterwards.
    fn resize(&self, log2_size: u8, unicode: bool) -> PyResult<()> {
        let old_table = self.keys.get();
        let old = self.keys();
        let unicode = unicode && old.is_unicode();
        // Room for what is there must not be lost, whatever the estimate.
        let log2_size = log2_size.max(log2_for_entries(self.len()));
        let table = Keys::alloc(log2_size, unicode)?;
        // SAFETY: just made.
        let new = unsafe { table.as_ref() };
        let mut n = 0;
        let mut move_entry = |ix: usize, value: *mut Object| {
            let key = old.raw_entry(ix).0;
            // SAFETY: the new table has room for all present items.
            unsafe {
                if unicode {
                    let e = new.unicode(n);
                    e.key.set(key);
                    e.value.set(value);
                } else {
                    let e = new.general(n);
                    e.hash.set(old.entry_hash(ix));
                    e.key.set(key);
                    e.value.set(value);
                }
            }
            n += 1;
        };
        match self.values() {
            Some(values) => {
                for i in 0..values.size() {
                    let ix = values.order(i);
                    // SAFETY: keys of shared entries are live objects; the new table takes a reference of its own.
                    unsafe { (*old.raw_entry(ix).0).incref() };
                    move_entry(ix, values.slot(ix).replace(std::ptr::null_mut()));
                }
            }
            None => {
                for ix in 0..old.nentries() {
                    let value = old.raw_entry(ix).1;
                    if !value.is_null() {
                        move_entry(ix, value);
                    }
                }
            }
        }
        debug_assert_eq!(n, self.len());
        new.set_fill(new.usable() - n, n);
        new.build_index();
        self.keys.set(table);
        let values = self.values.replace(std::ptr::null_mut());
        // SAFETY: contents have been moved to the new table; a shared table keeps its other users.
        unsafe {
            match values.as_ref() {
                None => Keys::free_moved(old_table),
                Some(v) => {
                    if v.embedded() {
                        v.invalidate();
                    } else {
                        Values::free(values);
                    }
                    Keys::decref(old_table);
                }
            }
        }
        Ok(())
    }

    // ---- iteration

    /// The entry at or after position `*pos`, which moves past it. Positions count entries, or present values of split tables.
    #[inline(always)]
    pub(super) fn next_entry(&self, pos: &mut usize) -> Option<usize> {
        match self.values() {
            None => {
                let keys = self.keys();
                let n = keys.nentries();
                let mut i = *pos;
                while i < n {
                    if !keys.raw_entry(i).1.is_null() {
                        *pos = i + 1;
                        return Some(i);
                    }
                    i += 1;
                }
                None
            }
            Some(v) => {
                let i = *pos;
                if i >= v.size() {
                    return None;
                }
                *pos = i + 1;
                Some(v.order(i))
            }
        }
    }

    /// The entry before position `*pos`, which moves to it; `*pos` starts at [`Dict::end_position`].
    pub(super) fn previous_entry(&self, pos: &mut usize) -> Option<usize> {
        match self.values() {
            None => {
                let keys = self.keys();
                // A position beyond the entries: the dict was filled anew.
                let mut i = if *pos > keys.nentries() { 0 } else { *pos };
                while i > 0 {
                    i -= 1;
                    if !keys.raw_entry(i).1.is_null() {
                        *pos = i;
                        return Some(i);
                    }
                }
                None
            }
            Some(v) => {
                let i = if *pos > v.size() { 0 } else { *pos }.checked_sub(1)?;
                *pos = i;
                Some(v.order(i))
            }
        }
    }

    /// The position after the last entry.
    pub(super) fn end_position(&self) -> usize {
        match self.values() {
            None => self.keys().nentries(),
            Some(v) => v.size(),
        }
    }

    /// Key and value of entry `ix`, which is present.
    #[inline(always)]
    pub(super) fn entry(&self, ix: usize) -> (&Object, &Object) {
        let key = self.keys().raw_entry(ix).0;
        let value = self.value_cell(ix).get();
        debug_assert!(!key.is_null() && !value.is_null());
        // SAFETY: a present entry has both.
        unsafe { (&*key, &*value) }
    }

    /// The item at or after `*pos` (which starts at 0), in order of insertion. The borrows end with the next change of the dict.
    #[inline]
    pub fn next(&self, pos: &mut usize) -> Option<(&Object, &Object)> {
        self.next_entry(pos).map(|ix| self.entry(ix))
    }

    /// [`Dict::next`] with the key's hash.
    #[inline]
    pub fn next_hashed(&self, pos: &mut usize) -> Option<(&Object, &Object, isize)> {
        let ix = self.next_entry(pos)?;
        let (k, v) = self.entry(ix);
        Some((k, v, self.keys().entry_hash(ix)))
    }

    /// All items, in order, as they are now.
    pub fn pairs(&self) -> Vec<(Obj, Obj)> {
        let mut all = Vec::with_capacity(self.len());
        let mut pos = 0;
        while let Some((k, v)) = self.next(&mut pos) {
            all.push((k.to_obj(), v.to_obj()));
        }
        all
    }

    /// All keys, in order, as they are now.
    pub fn key_list(&self) -> Vec<Obj> {
        let mut all = Vec::with_capacity(self.len());
        let mut pos = 0;
        while let Some((k, _)) = self.next(&mut pos) {
            all.push(k.to_obj());
        }
        all
    }

    /// All values, in order, as they are now.
    pub fn value_list(&self) -> Vec<Obj> {
        let mut all = Vec::with_capacity(self.len());
        let mut pos = 0;
        while let Some((_, v)) = self.next(&mut pos) {
            all.push(v.to_obj());
        }
        all
    }

    /// Bytes of memory, without the collector's links (`dict.__sizeof__`).
    pub fn memory_size(&self) -> usize {
        let mut n = self.ty().basicsize.get() as usize;
        if !self.values.get().is_null() {
            n += self.keys().shared_capacity() * size_of::<*mut Object>();
        }
        if self.keys().refcnt() == 1 {
            n += self.keys().memory_size();
        }
        n
    }

    /// Whether both dicts have equal keys with equal values.
    pub fn equals(&self, other: &Dict) -> PyResult<bool> {
        if self.len() != other.len() {
            return Ok(false);
        }
        let mut pos = 0;
        while let Some((k, v, hash)) = self.next_hashed(&mut pos) {
            let (k, v) = (k.to_obj(), v.to_obj());
            let Some(w) = other.get_known_hash(&k, hash)? else { return Ok(false) };
            if !v.rich_compare_bool(&w, CompareOp::Eq)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Drop for Dict {
    fn drop(&mut self) {
        if self.is_watched() {
            // The watchers get a live object, and nobody may free it meanwhile.
            self.ob_base.set_refcnt(1);
            self.notify(WatchEvent::Deallocated, None, None);
            self.ob_base.set_refcnt(0);
        }
        let values = self.values.replace(std::ptr::null_mut());
        let keys = self.keys.replace(Keys::empty());
        // SAFETY: the dict owned its table and, unless they belong to an instance, its values.
        unsafe {
            if let Some(v) = values.as_ref()
                && !v.embedded()
            {
                let contents = v.take_all();
                Values::free(values);
                drop(contents);
            }
            Keys::decref(keys);
        }
    }
}

/// Raised by iterators and by loops over a dict that calls back.
#[cold]
pub(super) fn changed_size() -> Raised {
    raise!(RuntimeError, "dictionary changed size during iteration")
}

/// `d[key]` with `__missing__` of subclasses and `KeyError`.
#[inline]
pub fn subscript(d: &Dict, key: &Object) -> PyResult {
    let hash = hash_key(key)?;
    if let Some(v) = d.get_known_hash(key, hash)? {
        return Ok(v);
    }
    if !d.is_exact(&PyDict_Type)
        && let Some(f) = d.lookup_special(intern!("__missing__"))?
    {
        return f.call_one(key);
    }
    Err(key_error(key))
}

/// The value of a global name: in `globals`, else in `builtins`.
#[inline]
pub fn load_global(globals: &Dict, builtins: &Dict, name: &Object) -> PyResult<Option<Obj>> {
    let hash = hash_key(name)?;
    if let Some(v) = globals.get_known_hash(name, hash)? {
        return Ok(Some(v));
    }
    builtins.get_known_hash(name, hash)
}

/// As C's slots have it: null deletes.
pub fn assign_subscript(d: &Dict, key: &Object, value: Option<&Object>) -> PyResult<()> {
    match value {
        Some(v) => d.set_item(key, v),
        None => d.del_item(key),
    }
}

/// What `PyDict_GetItem` and friends demand of their first argument.
pub fn expect_dict(o: &Object) -> PyResult<&Dict> {
    match o.downcast() {
        Some(d) => Ok(d),
        None => bail!(SystemError, "bad argument to internal function"),
    }
}
