//! Filling dicts from others: copies, updates, construction from pairs.

use super::keys::{Keys, LOG2_MIN, log2_for_entries, usable_fraction};
use super::methods::{PyDict_Type, dict_iter};
use super::{Dict, WatchEvent, hash_key, key_error};
use crate::error::PyResult;
use crate::header::{Layout, Obj, Object, Ref};
use crate::protocol::compare::not_implemented;
use crate::protocol::mapping::fast_items;
use crate::typeobj::Type;
use crate::types::exceptions;
use crate::types::str::Str;
use crate::{bail, intern, raise};

/// What becomes of a key that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// The new value replaces the old one.
    Override,
    /// The old value stays.
    Keep,
    /// `KeyError` with the key.
    Refuse,
}

impl Dict {
    /// Whether iteration of this dict is `dict`'s own, so that its table can be read directly.
    #[inline(always)]
    pub(super) fn iterates_plainly(&self) -> bool {
        self.is_exact(&PyDict_Type)
            || self
                .ty()
                .iter
                .get()
                .is_some_and(|f| std::ptr::fn_addr_eq(f, dict_iter as extern "C" fn(&Object) -> PyResult))
    }

    /// A shallow copy, an exact `dict`.
    pub fn copy(&self) -> PyResult<Ref<Dict>> {
        if self.is_empty() {
            return Ok(Dict::new());
        }
        let keys = self.keys();
        if let Some(values) = self.values() {
            let Some(copy) = values.duplicate() else { return Err(crate::error::no_memory()) };
            // SAFETY: the copy is complete; every value gets a reference more.
            let block = unsafe { copy.as_ref() };
            for i in 0..block.capacity() {
                if let Some(v) = block.get(i) {
                    v.incref();
                }
            }
            keys.incref();
            return Ok(Dict::with_keys(self.keys.get(), copy.as_ptr(), self.len()));
        }
        if self.iterates_plainly() && self.len() >= keys.nentries() * 2 / 3 {
            return Ok(Dict::with_keys(keys.duplicate()?, std::ptr::null_mut(), self.len()));
        }
        let d = Dict::new();
        d.merge(self, Duplicates::Override)?;
        Ok(d)
    }

    /// Adds the items of `other`: a dict, or any object with `keys()` and `__getitem__`.
    pub fn merge(&self, other: &Object, duplicates: Duplicates) -> PyResult<()> {
        match other.downcast::<Dict>() {
            Some(d) if d.iterates_plainly() => self.merge_dict(d, duplicates),
            _ => self.merge_mapping(other, duplicates),
        }
    }

    /// The same as [`Dict::merge`]; `replace` says whether values of present keys are replaced.
    pub fn update_from(&self, other: &Object, replace: bool) -> PyResult<()> {
        self.merge(other, if replace { Duplicates::Override } else { Duplicates::Keep })
    }

    fn merge_dict(&self, other: &Dict, mut duplicates: Duplicates) -> PyResult<()> {
        if other.is(self) || other.is_empty() {
            return Ok(());
        }
        let n = other.len();
        let theirs = other.keys();
        if self.is_empty() {
            // Nothing to look for.
            duplicates = Duplicates::Override;
            if self.values.get().is_null()
                && other.values.get().is_null()
                && n == theirs.nentries()
                && (theirs.log2_size() == LOG2_MIN || usable_fraction(theirs.size() / 2) < n)
            {
                self.notify(WatchEvent::Cloned, Some(other), None);
                let copy = theirs.duplicate()?;
                let old = self.keys.replace(copy);
                self.used.set(n as isize);
                // SAFETY: the dict's reference to its former table is given up.
                unsafe { Keys::decref(old) };
                return Ok(());
            }
        }
        if usable_fraction(self.keys().size()) < n {
            self.resize(log2_for_entries(self.len() + n), theirs.is_unicode())?;
        }
        let mut pos = 0;
        while let Some((k, v, hash)) = other.next_hashed(&mut pos) {
            let (k, v) = (k.to_obj(), v.to_obj());
            match duplicates {
                Duplicates::Override => self.insert(k, hash, v)?,
                _ => {
                    if self.find(&k, hash)?.is_none() {
                        self.insert(k, hash, v)?;
                    } else if duplicates == Duplicates::Refuse {
                        return Err(key_error(&k));
                    }
                }
            }
            if other.len() != n {
                bail!(RuntimeError, "dict mutated during update");
            }
        }
        Ok(())
    }

    fn merge_mapping(&self, other: &Object, duplicates: Duplicates) -> PyResult<()> {
        let keys = other.call_method(intern!("keys"), &[])?;
        let it = keys.iter().map_err(|e| {
            if !e.matches(exceptions::TypeError) {
                return e;
            }
            e.clear();
            raise!(
                TypeError,
                "{}.keys() returned a non-iterable (type {})",
                other.ty().name_str(),
                keys.ty().name_str()
            )
        })?;
        // All keys first: what comes now may change the mapping.
        let all = it.to_list()?;
        let mut i = 0;
        while let Some(key) = all.get(i) {
            i += 1;
            if duplicates != Duplicates::Override && self.contains(&key)? {
                if duplicates == Duplicates::Refuse {
                    return Err(key_error(&key));
                }
                continue;
            }
            let value = other.get_item(&key)?;
            self.set_item_take2(key, value)?;
        }
        Ok(())
    }

    /// Adds pairs from an iterable of two-item iterables (`PyDict_MergeFromSeq2`).
    pub fn merge_pairs(&self, pairs: &Object, duplicates: Duplicates) -> PyResult<()> {
        let it = pairs.iter()?;
        let mut n = 0usize;
        while let Some(item) = it.next()? {
            let (k, v) = split_pair(&item, n)?;
            match duplicates {
                Duplicates::Override => self.set_item_take2(k, v)?,
                _ => {
                    self.setdefault(&k, &v)?;
                }
            }
            n += 1;
        }
        Ok(())
    }

    /// What `dict(arg)` and `update(arg)` do with their positional argument.
    pub(super) fn update_with(&self, arg: &Object) -> PyResult<()> {
        if arg.is_exact(&PyDict_Type) || arg.get_attr_opt(intern!("keys"))?.is_some() {
            self.merge(arg, Duplicates::Override)
        } else {
            self.merge_pairs(arg, Duplicates::Override)
        }
    }

    /// `{**other}`: like [`Dict::merge`] with `Override`; objects that are no mappings are named so.
    pub fn update_unpacked(&self, other: &Object) -> PyResult<()> {
        self.merge(other, Duplicates::Override).map_err(|e| {
            // Only the missing `keys` says that it is no mapping; errors from within its methods stay as they are.
            if e.matches(exceptions::AttributeError) {
                e.clear();
                return raise!(TypeError, "'{}' object is not a mapping", other.ty().name_str());
            }
            e
        })
    }

    /// A dict of `n` keys and values, as a dict display makes it. Later duplicates win.
    pub fn from_keys_values<'a, I>(n: usize, items: I) -> PyResult<Ref<Dict>>
    where
        I: Iterator<Item = (&'a Object, &'a Object)> + Clone,
    {
        let d = Dict::new();
        if n > usable_fraction(1 << LOG2_MIN) {
            let unicode = items.clone().all(|(k, _)| k.downcast_exact::<Str>().is_some());
            d.presize(n, unicode)?;
        }
        for (k, v) in items {
            d.set_item(k, v)?;
        }
        Ok(d)
    }
}

fn split_pair(item: &Object, n: usize) -> PyResult<(Obj, Obj)> {
    let pair = fast_items(item, "object is not iterable").map_err(|e| {
        if e.matches(exceptions::TypeError) {
            add_note(e, &format!("Cannot convert dictionary update sequence element #{n} to a sequence"))
        } else {
            e
        }
    })?;
    let len = pair.len();
    match <[Obj; 2]>::try_from(pair) {
        Ok([k, v]) => Ok((k, v)),
        Err(_) => Err(raise!(ValueError, "dictionary update sequence element #{n} has length {len}; 2 is required")),
    }
}

fn add_note(e: crate::Raised, note: &str) -> crate::Raised {
    let exc = e.take();
    match exc.call_method(intern!("add_note"), &[&Str::from_utf8(note)]) {
        Ok(_) => crate::error::restore(exc),
        Err(e) => e,
    }
}

/// `cls.fromkeys(iterable, value)`.
pub(super) fn from_keys(cls: &Type, iterable: &Object, value: &Object) -> PyResult {
    let made = cls.as_object().call_noargs()?;
    if made.is_exact(&PyDict_Type) {
        let d: &Dict = made.cast();
        if d.is_empty()
            && let Some(src) = iterable.downcast_exact::<Dict>()
        {
            if usable_fraction(d.keys().size()) < src.len() {
                d.resize(log2_for_entries(src.len()), src.keys().is_unicode())?;
            }
            let mut pos = 0;
            while let Some((k, _, hash)) = src.next_hashed(&mut pos) {
                d.insert(k.to_obj(), hash, value.to_obj())?;
            }
            return Ok(made);
        }
        if d.is_empty()
            && let Some(src) = exact_set(iterable)
        {
            if usable_fraction(d.keys().size()) < src.len() {
                d.resize(log2_for_entries(src.len()), true)?;
            }
            let mut pos = 0;
            while let Some((k, hash)) = src.next_hashed(&mut pos) {
                d.insert(k.to_obj(), hash, value.to_obj())?;
            }
            return Ok(made);
        }
    }
    let it = iterable.iter()?;
    if made.is_exact(&PyDict_Type) {
        let d: &Dict = made.cast();
        while let Some(key) = it.next()? {
            let hash = hash_key(&key)?;
            d.insert(key, hash, value.to_obj())?;
        }
    } else {
        while let Some(key) = it.next()? {
            made.set_item(&key, value)?;
        }
    }
    Ok(made)
}

fn exact_set(o: &Object) -> Option<&crate::types::set::Set> {
    use crate::types::set;
    // SAFETY: both kinds of sets are laid out as `Set`.
    let cast = || unsafe { o.cast_unchecked() };
    (o.is_exact(&set::PySet_Type) || o.is_exact(&set::PyFrozenSet_Type)).then(cast)
}

/// `d1 | d2` for two dicts: an exact copy of the first, updated.
pub(super) fn union(a: &Object, b: &Object) -> PyResult {
    let (Some(first), Some(_)) = (a.downcast::<Dict>(), b.downcast::<Dict>()) else {
        return Ok(not_implemented());
    };
    let d = first.copy()?;
    d.update_with(b)?;
    Ok(Layout::as_object(&*d).to_obj())
}
