//! Operations between sets and other iterables.

use super::{Set, any_set, hash_element, is_exact};
use crate::error::PyResult;
use crate::header::{Object, Ref};
use crate::protocol::iter::for_each;
use crate::typeobj::Type;
use crate::types::dict::Dict;

impl Set {
    /// Makes room for `n` more elements if they would fill the table too far.
    fn reserve(&self, n: usize) -> PyResult<()> {
        if (self.fill() + n) * 5 >= self.mask() * 3 { self.resize((self.len() + n) * 2) } else { Ok(()) }
    }

    /// Adds all elements of `other`.
    pub fn merge(&self, other: &Set) -> PyResult<()> {
        if other.is(self) || other.is_empty() {
            return Ok(());
        }
        self.reserve(other.len())?;
        if self.fill() == 0 {
            if self.mask() == other.mask() && other.fill() == other.len() {
                // Two tables of one size: every element keeps its place.
                for i in 0..=other.mask() {
                    let e = other.entry(i);
                    // SAFETY: a non-null key of a table without dummies is a live object.
                    if let Some(k) = unsafe { e.key.get().as_ref() } {
                        let mine = self.entry(i);
                        mine.key.set(k.to_obj().into_raw());
                        mine.hash.set(e.hash.get());
                    }
                }
            } else {
                let mut pos = 0;
                while let Some((k, hash)) = other.next_hashed(&mut pos) {
                    Set::insert_clean(self.table.get(), self.mask(), k.to_obj().into_raw(), hash);
                }
            }
            self.fill.set(other.used.get());
            self.used.set(other.used.get());
            return Ok(());
        }
        let mut pos = 0;
        while let Some((k, hash)) = other.next_hashed(&mut pos) {
            let k = k.to_obj();
            self.insert_hashed(&k, hash)?;
        }
        Ok(())
    }

    /// Adds all items of an iterable.
    pub fn update(&self, other: &Object) -> PyResult<()> {
        if let Some(s) = any_set(other) {
            return self.merge(s);
        }
        if let Some(d) = other.downcast_exact::<Dict>() {
            self.reserve(d.len())?;
            let mut pos = 0;
            while let Some((k, _, hash)) = d.next_hashed(&mut pos) {
                let k = k.to_obj();
                self.insert_hashed(&k, hash)?;
            }
            return Ok(());
        }
        for_each(other, |k| self.add(&k))
    }

    /// A copy, as `set` or `frozenset`: whichever this one derives from.
    pub fn copy(&self) -> PyResult<Ref<Set>> {
        let s = Set::new_base(self.ty());
        s.merge(self)?;
        Ok(s)
    }

    /// Removes the items of `other`.
    pub fn difference_update(&self, other: &Object) -> PyResult<()> {
        if other.is(self) {
            self.clear();
            return Ok(());
        }
        match any_set(other) {
            Some(s) => {
                // Much larger than this set: what they have in common is quicker walked.
                let common;
                let s = if s.len() >> 3 > self.len() {
                    common = self.intersection(s)?;
                    &*common
                } else {
                    s
                };
                let mut pos = 0;
                while let Some((k, hash)) = s.next_hashed(&mut pos) {
                    let k = k.to_obj();
                    self.discard_hashed(&k, hash)?;
                }
            }
            None => for_each(other, |k| self.discard(&k).map(drop))?,
        }
        // Many dummies slow down every look-up.
        if self.fill() - self.len() > self.mask() / 4 { self.resize(self.grown()) } else { Ok(()) }
    }

    /// `self - other`.
    pub fn difference(&self, other: &Object) -> PyResult<Ref<Set>> {
        let set = any_set(other);
        let dict = other.downcast_exact::<Dict>();
        let other_len = set.map(Set::len).or(dict.map(Dict::len));
        let walk_self = other_len.is_some_and(|n| self.len() >> 2 <= n);
        if !walk_self {
            let s = self.copy()?;
            s.difference_update(other)?;
            return Ok(s);
        }
        let out = Set::new_base(self.ty());
        let mut pos = 0;
        while let Some((k, hash)) = self.next_hashed(&mut pos) {
            let k = k.to_obj();
            let found = match (set, dict) {
                (Some(s), _) => s.contains_hashed(&k, hash)?,
                (_, Some(d)) => d.get_known_hash(&k, hash)?.is_some(),
                _ => false,
            };
            if !found {
                out.insert_hashed(&k, hash)?;
            }
        }
        Ok(out)
    }

    /// `self & other`.
    pub fn intersection(&self, other: &Object) -> PyResult<Ref<Set>> {
        if other.is(self) {
            return self.copy();
        }
        let out = Set::new_base(self.ty());
        match any_set(other) {
            Some(s) => {
                // Walk the smaller one.
                let (walked, asked) = if s.len() > self.len() { (self, s) } else { (s, self) };
                let mut pos = 0;
                while let Some((k, hash)) = walked.next_hashed(&mut pos) {
                    let k = k.to_obj();
                    if asked.contains_hashed(&k, hash)? {
                        out.insert_hashed(&k, hash)?;
                    }
                }
            }
            None => for_each(other, |k| {
                let hash = k.hash()?;
                if self.contains_hashed(&k, hash)? {
                    out.insert_hashed(&k, hash)?;
                }
                Ok(())
            })?,
        }
        Ok(out)
    }

    /// Keeps only what is in `other` as well.
    pub fn intersection_update(&self, other: &Object) -> PyResult<()> {
        let s = self.intersection(other)?;
        self.swap_contents(&s);
        Ok(())
    }

    /// Removes the items of `other` that are here and adds those that are not.
    pub fn symmetric_difference_update(&self, other: &Object) -> PyResult<()> {
        if other.is(self) {
            self.clear();
            return Ok(());
        }
        let toggle = |k: &Object, hash: isize| -> PyResult<()> {
            if !self.discard_hashed(k, hash)? {
                self.insert_hashed(k, hash)?;
            }
            Ok(())
        };
        if let Some(d) = other.downcast_exact::<Dict>() {
            let mut pos = 0;
            while let Some((k, _, hash)) = d.next_hashed(&mut pos) {
                let k = k.to_obj();
                toggle(&k, hash)?;
            }
            return Ok(());
        }
        let made;
        let s = match any_set(other) {
            Some(s) => s,
            None => {
                // Duplicates in the iterable count once.
                made = Set::new_base(self.ty());
                made.update(other)?;
                &*made
            }
        };
        let mut pos = 0;
        while let Some((k, hash)) = s.next_hashed(&mut pos) {
            let k = k.to_obj();
            toggle(&k, hash)?;
        }
        Ok(())
    }

    /// `self ^ other`.
    pub fn symmetric_difference(&self, other: &Object) -> PyResult<Ref<Set>> {
        let s = Set::new_base(self.ty());
        s.update(other)?;
        s.symmetric_difference_update(self)?;
        Ok(s)
    }

    /// Whether this set and the iterable have nothing in common.
    pub fn is_disjoint(&self, other: &Object) -> PyResult<bool> {
        if other.is(self) {
            return Ok(self.is_empty());
        }
        if is_exact(other)
            && let Some(s) = any_set(other)
        {
            let (walked, asked) = if s.len() > self.len() { (self, s) } else { (s, self) };
            let mut pos = 0;
            while let Some((k, hash)) = walked.next_hashed(&mut pos) {
                let k = k.to_obj();
                if asked.contains_hashed(&k, hash)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let it = other.iter()?;
        while let Some(k) = it.next()? {
            if self.contains(&k)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether `other` contains all elements.
    pub fn is_subset(&self, other: &Object) -> PyResult<bool> {
        let Some(s) = any_set(other) else {
            return Ok(self.intersection(other)?.len() == self.len());
        };
        if self.len() > s.len() {
            return Ok(false);
        }
        let mut pos = 0;
        while let Some((k, hash)) = self.next_hashed(&mut pos) {
            let k = k.to_obj();
            if !s.contains_hashed(&k, hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether this set contains all items of `other`.
    pub fn is_superset(&self, other: &Object) -> PyResult<bool> {
        if let Some(s) = any_set(other) {
            return s.is_subset(self);
        }
        let it = other.iter()?;
        while let Some(k) = it.next()? {
            let hash = hash_element(&k)?;
            if !self.contains_hashed(&k, hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether both have the same elements.
    pub fn equals(&self, other: &Set) -> PyResult<bool> {
        if self.len() != other.len() {
            return Ok(false);
        }
        let (a, b) = (self.hash.get(), other.hash.get());
        if a != -1 && b != -1 && a != b {
            return Ok(false);
        }
        self.is_subset(other)
    }
}

/// A new instance of `cls` with the items of `iterable`.
pub fn make(cls: &Type, iterable: Option<&Object>) -> PyResult<Ref<Set>> {
    let s = Set::new_in(cls)?;
    if let Some(it) = iterable {
        s.update(it)?;
    }
    Ok(s)
}
