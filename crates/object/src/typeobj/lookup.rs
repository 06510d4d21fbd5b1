//! Looking attributes up along the MRO, with a cache keyed by type version and name; versions and their invalidation.
//!
//! A type's version tag stands for the contents of every dict on its MRO. Changing a type sets its tag and those of all its subclasses to
//! zero (`modified`); inline caches and the method cache compare tags and so never see stale entries.

use crate::header::{Obj, ObjCell, Object};
use crate::thread::{Interp, VersionCounter};
use crate::typeobj::{Type, flags};
use crate::types::dict::Dict;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use std::cell::Cell;

const CACHE_BITS: u32 = 12;

/// One line of the method cache. The value is a borrowed pointer, valid while the version stands. The name is kept alive: another string
/// at its address would be taken for it.
struct Line {
    version: Cell<u32>,
    name: ObjCell,
    value: Cell<*const Object>,
}

/// The method cache and the version counter of an interpreter.
pub struct TypeCache {
    lines: Box<[Line]>,
}

/// Versions below this are for static types; the counter starts after it.
const FIRST_VERSION: u32 = 1;
/// When the counter gets here, no more versions are given out and look-ups are not cached.
const LAST_VERSION: u32 = u32::MAX - 1;

/// The versions of types: those of built-in types are the same in all interpreters.
static VERSIONS: VersionCounter = VersionCounter::new(FIRST_VERSION);

impl TypeCache {
    /// An empty cache.
    pub fn new() -> TypeCache {
        let line = || Line { version: Cell::new(0), name: ObjCell::empty(), value: Cell::new(std::ptr::null()) };
        TypeCache { lines: (0..1usize << CACHE_BITS).map(|_| line()).collect() }
    }

    #[inline(always)]
    fn line(&self, version: u32, name: &Object) -> &Line {
        let h = (version as usize).wrapping_mul(0x9E37_79B9) ^ (name.as_ptr() as usize >> 4);
        &self.lines[h & ((1 << CACHE_BITS) - 1)]
    }

    /// Forgets everything (`sys._clear_type_cache`).
    pub fn clear(&self) {
        for l in &self.lines {
            l.version.set(0);
            l.name.set(None);
            l.value.set(std::ptr::null());
        }
    }
}

impl Default for TypeCache {
    fn default() -> Self {
        Self::new()
    }
}

impl Type {
    /// The attribute `name` along the MRO, not bound (`_PyType_Lookup`).
    #[inline]
    pub fn lookup(&self, name: &Object) -> Option<Obj> {
        self.lookup_borrowed(name).map(Object::to_obj)
    }

    /// As [`Type::lookup`], borrowed from the class dict: valid until the type is changed.
    #[inline]
    pub fn lookup_borrowed(&self, name: &Object) -> Option<&Object> {
        let cache = &Interp::current().type_cache;
        let version = self.version_tag.get();
        if version != 0 {
            let line = cache.line(version, name);
            if line.version.get() == version && line.name.get().is_some_and(|n| n.is(name)) {
                // SAFETY: a line holds a value of a class dict on this type's MRO, alive while the version stands.
                return unsafe { line.value.get().as_ref() };
            }
        }
        self.lookup_uncached(name)
    }

    #[inline(never)]
    fn lookup_uncached(&self, name: &Object) -> Option<&Object> {
        let found = self.find_in_mro(name);
        let interned = name.downcast_exact::<Str>().is_some_and(Str::is_interned);
        if interned && self.assign_version() {
            let version = self.version_tag.get();
            let line = Interp::current().type_cache.line(version, name);
            line.version.set(version);
            line.name.set(Some(name.to_obj()));
            line.value.set(found.map_or(std::ptr::null(), |o| o as *const Object));
        }
        found
    }

    fn find_in_mro(&self, name: &Object) -> Option<&Object> {
        // A comparison of keys that are no strings may assign other bases: hold on to the order.
        let mro = self.mro.get_owned()?;
        let mro: &Tuple = mro.cast();
        for t in mro.items() {
            let t: &Type = t.cast();
            let Some(d) = t.dict.get() else { continue };
            match d.cast::<Dict>().get_borrowed(name) {
                Ok(Some(v)) => {
                    // SAFETY: the class dict keeps the value; the borrow is tied to the type (see `lookup_borrowed`).
                    return Some(unsafe { &*(v as *const Object) });
                }
                Ok(None) => {}
                Err(e) => {
                    e.clear();
                    return None;
                }
            }
        }
        None
    }

    /// `name` in this type's own dict.
    pub fn own_attr(&self, name: &Object) -> Option<Obj> {
        self.dict.get().and_then(|d| d.cast::<Dict>().get_item(name).ok().flatten())
    }

    /// Makes sure that the type and its bases have version tags; `false` when it cannot have one.
    pub fn assign_version(&self) -> bool {
        if self.version_tag.get() != 0 {
            return true;
        }
        if !self.has_flag(flags::READY) || self.mro.is_empty() {
            return false;
        }
        let versions = &VERSIONS;
        if versions.get() >= LAST_VERSION || self.versions_used.get() >= MAX_VERSIONS_PER_TYPE {
            return false;
        }
        for b in self.bases_tuple().items() {
            if !b.cast::<Type>().assign_version() {
                return false;
            }
        }
        let v = versions.get();
        versions.set(v + 1);
        self.version_tag.set(v);
        self.versions_used.set(self.versions_used.get() + 1);
        true
    }

    /// Takes the type's version for good: nothing is cached for it any more.
    pub(super) fn give_up_versions(&self) {
        self.modified();
        self.versions_used.set(MAX_VERSIONS_PER_TYPE);
    }

    /// Something about the type changed: caches that name its version, or a subclass's, are stale (`PyType_Modified`).
    pub fn modified(&self) {
        if self.version_tag.get() == 0 {
            return;
        }
        for s in self.subclass_list() {
            s.modified();
        }
        self.version_tag.set(0);
        if self.is_heap() {
            // SAFETY: heap types are laid out as `HeapType`.
            let h: &crate::typeobj::HeapType = unsafe { self.as_object().cast_unchecked() };
            h.spec_cache.getitem.set(std::ptr::null_mut());
            h.spec_cache.init.set(std::ptr::null_mut());
        }
    }

    #[allow(clippy::mut_from_ref)]
    fn subclass_vec(&self) -> Option<&mut Vec<*const Type>> {
        // SAFETY: the field holds null or a leaked `Vec` of ours, and no two borrows of it live at the same time: each caller is done before
        // calling anything else.
        unsafe { self.subclasses.get().cast::<Vec<*const Type>>().as_mut() }
    }

    /// The live direct subclasses, oldest first.
    pub fn subclass_list(&self) -> Vec<&Type> {
        let Some(list) = self.subclass_vec() else { return Vec::new() };
        // SAFETY: dying classes take themselves off the list.
        let types = list.iter().map(|t| unsafe { &**t });
        types.filter(|t| t.as_object().refcnt() > 0).collect()
    }

    /// Notes a new direct subclass.
    pub fn add_subclass(&self, sub: &Type) {
        if self.subclasses.get().is_null() {
            self.subclasses.set(Box::into_raw(Box::<Vec<*const Type>>::default()).cast());
        }
        let list = self.subclass_vec().expect("just made");
        if !list.iter().any(|t| std::ptr::eq(*t, sub)) {
            list.push(sub);
        }
    }

    /// Forgets a direct subclass.
    pub fn remove_subclass(&self, sub: &Type) {
        if let Some(list) = self.subclass_vec() {
            list.retain(|t| !std::ptr::eq(*t, sub));
        }
    }

    /// Frees the list of subclasses of a dying type.
    pub(crate) fn drop_subclasses(&self) {
        let p = self.subclasses.replace(std::ptr::null_mut());
        if !p.is_null() {
            // SAFETY: made by `add_subclass`.
            drop(unsafe { Box::from_raw(p.cast::<Vec<*const Type>>()) });
        }
    }
}

/// A type that changes more often than this is not worth caching.
const MAX_VERSIONS_PER_TYPE: u16 = 1000;
