//! `set` and `frozenset`: a hash table with open addressing. A look-up tries a run of neighbouring entries, then jumps.
//!
//! - this file: the table; `ops.rs`: the operations between sets; `methods.rs`: the types; `iter.rs`: the iterator

pub mod iter;
mod methods;
pub mod ops;

#[cfg(test)]
mod tests;

pub use methods::{PyFrozenSet_Type, PySet_Type, has};

use crate::alloc::{self, new_instance, new_object};
use crate::error::{PyResult, no_memory};
use crate::header::{Obj, Object, Ref};
use crate::protocol::compare::CompareOp;
use crate::typeobj::Type;
use crate::types::dict::{hash_for, plainly_equal};
use crate::types::object::PyBaseObject_Type;
use std::cell::Cell;
use std::mem::offset_of;
use std::ops::Deref;

const MIN_SIZE: usize = 8;
const LINEAR_PROBES: usize = 9;
const PERTURB_SHIFT: u32 = 5;
/// The hash stored with a dummy. No object has it.
const DUMMY_HASH: isize = -1;

/// The key of deleted entries.
static DUMMY: Object = Object::immortal(&PyBaseObject_Type);

/// An entry (`setentry`): unused when the key is null.
#[repr(C)]
struct Entry {
    key: Cell<*mut Object>,
    hash: Cell<isize>,
}

impl Entry {
    const fn unused() -> Entry {
        Entry { key: Cell::new(std::ptr::null_mut()), hash: Cell::new(0) }
    }
    #[inline(always)]
    fn is_live(&self) -> bool {
        !self.key.get().is_null() && !is_dummy(self.key.get())
    }
}

#[inline(always)]
fn is_dummy(key: *mut Object) -> bool {
    std::ptr::eq(key, &DUMMY)
}

/// A set or frozenset (`PySetObject`).
#[repr(C)]
pub struct Set {
    /// The head.
    pub ob_base: Object,
    /// Entries in use, dummies included.
    fill: Cell<isize>,
    used: Cell<isize>,
    mask: Cell<isize>,
    /// The small table, or a block on the heap.
    table: Cell<*mut Entry>,
    /// The hash of a frozenset; -1 while unknown.
    hash: Cell<isize>,
    /// Where `pop` goes on.
    finger: Cell<isize>,
    small: [Entry; MIN_SIZE],
    weaklist: Cell<*mut Object>,
}

const _: () = {
    assert!(size_of::<Set>() == 200 && offset_of!(Set, fill) == 16 && offset_of!(Set, used) == 24);
    assert!(offset_of!(Set, mask) == 32 && offset_of!(Set, table) == 40 && offset_of!(Set, hash) == 48);
    assert!(offset_of!(Set, finger) == 56 && offset_of!(Set, small) == 64 && offset_of!(Set, weaklist) == 192);
};

crate::layout!(Set, PySet_Type);

/// A frozenset: the same memory, another type.
#[repr(transparent)]
pub struct FrozenSet(Set);

crate::layout!(FrozenSet, PyFrozenSet_Type);

impl FrozenSet {
    /// The table.
    #[inline(always)]
    pub fn set(&self) -> &Set {
        &self.0
    }

    /// A frozenset of `items`.
    pub fn from_items<T: Deref<Target = Object>>(items: &[T]) -> PyResult<Ref<FrozenSet>> {
        let s = Set::new_frozen();
        items.iter().try_for_each(|o| s.add(o))?;
        // SAFETY: `new_frozen` makes frozensets.
        Ok(unsafe { s.into_obj().cast_into_unchecked() })
    }
}

/// Every static type of this folder.
pub static TYPES: &[&Type] = &[&PySet_Type, &PyFrozenSet_Type, &iter::PySetIter_Type];

/// The hash of a set's element.
#[inline(always)]
pub(crate) fn hash_element(o: &Object) -> PyResult<isize> {
    hash_for(o, "set element")
}

/// A set or frozenset, or an instance of a subclass of either.
#[inline]
pub fn any_set(o: &Object) -> Option<&Set> {
    let ty = o.ty();
    let is = std::ptr::eq(ty, &PySet_Type)
        || std::ptr::eq(ty, &PyFrozenSet_Type)
        || ty.is_subtype(&PySet_Type)
        || ty.is_subtype(&PyFrozenSet_Type);
    // SAFETY: both types are laid out as `Set`.
    if is { Some(unsafe { o.cast_unchecked() }) } else { None }
}

/// Exactly a set or a frozenset.
#[inline]
pub fn is_exact(o: &Object) -> bool {
    o.is_exact(&PySet_Type) || o.is_exact(&PyFrozenSet_Type)
}

/// Where a search ended.
enum Slot {
    Found(usize),
    /// The entry that the key would take: unused, or that of a dummy.
    Free(usize),
}

impl Set {
    fn body() -> Set {
        Set {
            ob_base: Object::placeholder(),
            fill: Cell::new(0),
            used: Cell::new(0),
            mask: Cell::new(MIN_SIZE as isize - 1),
            table: Cell::new(std::ptr::null_mut()),
            hash: Cell::new(-1),
            finger: Cell::new(0),
            small: [const { Entry::unused() }; MIN_SIZE],
            weaklist: Cell::new(std::ptr::null_mut()),
        }
    }

    #[inline(always)]
    fn small_table(&self) -> *mut Entry {
        self.small.as_ptr().cast_mut()
    }

    /// An empty set.
    #[inline]
    #[allow(clippy::new_ret_no_self)]
    pub fn new() -> Ref<Set> {
        let s = new_object(Set::body());
        s.table.set(s.small_table());
        s
    }

    /// An empty frozenset, to be filled by its maker before anyone else sees it.
    pub fn new_frozen() -> Ref<Set> {
        let s = new_object(FrozenSet(Set::body())).into_obj();
        // SAFETY: a frozenset is laid out as a set.
        let s: Ref<Set> = unsafe { s.cast_into_unchecked() };
        s.table.set(s.small_table());
        s
    }

    /// An empty instance of `cls`, which derives from `set` or `frozenset`.
    pub fn new_in(cls: &Type) -> PyResult<Ref<Set>> {
        if std::ptr::eq(cls, &PySet_Type) {
            return Ok(Set::new());
        }
        if std::ptr::eq(cls, &PyFrozenSet_Type) {
            return Ok(Set::new_frozen());
        }
        // `new_instance` asks only whether `cls` is exactly the layout's type.
        let s = new_instance(cls, Set::body())?;
        s.table.set(s.small_table());
        Ok(s)
    }

    /// An empty set or frozenset, as `cls` derives from the one or the other.
    pub(crate) fn new_base(cls: &Type) -> Ref<Set> {
        if std::ptr::eq(cls, &PySet_Type) || cls.is_subtype(&PySet_Type) { Set::new() } else { Set::new_frozen() }
    }

    /// A set of the items of `o`.
    pub fn from_iterable(o: &Object) -> PyResult<Ref<Set>> {
        let s = Set::new();
        s.update(o)?;
        Ok(s)
    }

    /// A frozenset of the items of `o`.
    pub fn frozen_from_iterable(o: &Object) -> PyResult<Ref<Set>> {
        let s = Set::new_frozen();
        s.update(o)?;
        Ok(s)
    }

    /// A set of `items`.
    pub fn from_items<T: Deref<Target = Object>>(items: &[T]) -> PyResult<Ref<Set>> {
        let s = Set::new();
        items.iter().try_for_each(|o| s.add(o))?;
        Ok(s)
    }

    /// Number of elements.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.used.get() as usize
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.used.get() == 0
    }

    #[inline(always)]
    fn mask(&self) -> usize {
        self.mask.get() as usize
    }

    #[inline(always)]
    fn fill(&self) -> usize {
        self.fill.get() as usize
    }

    /// Entry `i`, at most the mask. The borrow ends with the next change of the table.
    #[inline(always)]
    fn entry(&self, i: usize) -> &Entry {
        debug_assert!(i <= self.mask());
        // SAFETY: the table has mask + 1 entries.
        unsafe { &*self.table.get().add(i) }
    }

    /// Searches for `key`. A comparison may change the set: the search then starts again. The answer holds until the next change.
    #[inline]
    fn search(&self, key: &Object, hash: isize) -> PyResult<Slot> {
        'again: loop {
            let table = self.table.get();
            let mask = self.mask();
            let mut perturb = hash as usize;
            let mut i = hash as usize & mask;
            let mut dummy = None;
            loop {
                let end = if i + LINEAR_PROBES <= mask { i + LINEAR_PROBES } else { i };
                for at in i..=end {
                    let e = self.entry(at);
                    let found = e.key.get();
                    if e.hash.get() != hash {
                        if found.is_null() {
                            return Ok(Slot::Free(dummy.unwrap_or(at)));
                        }
                        if e.hash.get() == DUMMY_HASH {
                            // The last one that is passed is taken again.
                            dummy = Some(at);
                        }
                        continue;
                    }
                    if std::ptr::eq(found, key) {
                        return Ok(Slot::Found(at));
                    }
                    if found.is_null() {
                        return Ok(Slot::Free(dummy.unwrap_or(at)));
                    }
                    // SAFETY: a key with a proper hash is a live object, no dummy.
                    let candidate = unsafe { &*found };
                    match plainly_equal(candidate, key) {
                        Some(true) => return Ok(Slot::Found(at)),
                        Some(false) => continue,
                        None => {}
                    }
                    let candidate = candidate.to_obj();
                    let answer = candidate.rich_compare_bool(key, CompareOp::Eq);
                    drop(candidate);
                    let equal = answer?;
                    if self.table.get() != table || self.mask() != mask || self.entry(at).key.get() != found {
                        continue 'again;
                    }
                    if equal {
                        return Ok(Slot::Found(at));
                    }
                }
                perturb >>= PERTURB_SHIFT;
                i = i.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb) & mask;
            }
        }
    }

    /// Puts a key that is known to be new into a table without dummies.
    #[inline]
    fn insert_clean(table: *mut Entry, mask: usize, key: *mut Object, hash: isize) {
        let mut perturb = hash as usize;
        let mut i = hash as usize & mask;
        loop {
            let end = if i + LINEAR_PROBES <= mask { i + LINEAR_PROBES } else { i };
            for at in i..=end {
                // SAFETY: the table has mask + 1 entries.
                let e = unsafe { &*table.add(at) };
                if e.key.get().is_null() {
                    e.key.set(key);
                    e.hash.set(hash);
                    return;
                }
            }
            perturb >>= PERTURB_SHIFT;
            i = i.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb) & mask;
        }
    }

    /// Moves the elements to a table for more than `minimum` of them; dummies go.
    fn resize(&self, minimum: usize) -> PyResult<()> {
        let mut size = MIN_SIZE;
        while size <= minimum {
            size <<= 1;
        }
        let small = self.small_table();
        let mut old = self.table.get();
        let old_mask = self.mask();
        let old_on_heap = old != small;
        let copy: [Entry; MIN_SIZE];
        let new = if size == MIN_SIZE {
            if !old_on_heap {
                if self.fill.get() == self.used.get() {
                    return Ok(());
                }
                copy =
                    std::array::from_fn(|i| Entry { key: self.small[i].key.clone(), hash: self.small[i].hash.clone() });
                old = copy.as_ptr().cast_mut();
            }
            for e in &self.small {
                e.key.set(std::ptr::null_mut());
                e.hash.set(0);
            }
            small
        } else {
            let Some(bytes) = size.checked_mul(size_of::<Entry>()) else { return Err(no_memory()) };
            let p = alloc::calloc(bytes).cast::<Entry>();
            if p.is_null() {
                return Err(no_memory());
            }
            p
        };
        for i in 0..=old_mask {
            // SAFETY: the old table is intact, and is not the new one.
            let e = unsafe { &*old.add(i) };
            if e.is_live() {
                Set::insert_clean(new, size - 1, e.key.get(), e.hash.get());
            }
        }
        self.table.set(new);
        self.mask.set(size as isize - 1);
        self.fill.set(self.used.get());
        if old_on_heap {
            // SAFETY: a block of ours whose keys have moved.
            unsafe { alloc::free(old.cast()) };
        }
        Ok(())
    }

    #[inline]
    fn grown(&self) -> usize {
        if self.len() > 50_000 { self.len() * 2 } else { self.len() * 4 }
    }

    /// Adds a key with its hash; answers whether it was new.
    #[inline]
    pub fn insert_hashed(&self, key: &Object, hash: isize) -> PyResult<bool> {
        // Alive whatever the comparisons do.
        let key = key.to_obj();
        match self.search(&key, hash)? {
            Slot::Found(_) => Ok(false),
            Slot::Free(at) => {
                let e = self.entry(at);
                let reused = !e.key.get().is_null();
                e.key.set(key.into_raw());
                e.hash.set(hash);
                self.used.set(self.used.get() + 1);
                if reused {
                    return Ok(true);
                }
                self.fill.set(self.fill.get() + 1);
                if self.fill() * 5 >= self.mask() * 3 {
                    self.resize(self.grown())?;
                }
                Ok(true)
            }
        }
    }

    /// Adds `key`.
    #[inline]
    pub fn add(&self, key: &Object) -> PyResult<()> {
        let hash = hash_element(key)?;
        self.insert_hashed(key, hash)?;
        Ok(())
    }

    /// Whether `key` is an element.
    #[inline]
    pub fn contains(&self, key: &Object) -> PyResult<bool> {
        let hash = hash_element(key)?;
        self.contains_hashed(key, hash)
    }

    /// Whether `key`, with that hash, is an element.
    #[inline]
    pub fn contains_hashed(&self, key: &Object, hash: isize) -> PyResult<bool> {
        Ok(matches!(self.search(key, hash)?, Slot::Found(_)))
    }

    /// Takes out the element of entry `at`.
    fn remove_at(&self, at: usize) -> Option<Obj> {
        let e = self.entry(at);
        let key = e.key.replace(DUMMY.as_ptr());
        e.hash.set(DUMMY_HASH);
        self.used.set(self.used.get() - 1);
        // SAFETY: the entry owned its key.
        unsafe { Obj::from_raw_opt(key) }
    }

    /// Takes `key`, with that hash, out; answers whether it was there.
    pub fn discard_hashed(&self, key: &Object, hash: isize) -> PyResult<bool> {
        match self.search(key, hash)? {
            Slot::Found(at) => {
                drop(self.remove_at(at));
                Ok(true)
            }
            Slot::Free(_) => Ok(false),
        }
    }

    /// Takes `key` out; answers whether it was there.
    pub fn discard(&self, key: &Object) -> PyResult<bool> {
        let hash = hash_element(key)?;
        self.discard_hashed(key, hash)
    }

    /// Takes some element out.
    pub fn pop(&self) -> Option<Obj> {
        if self.is_empty() {
            return None;
        }
        let mask = self.mask();
        let mut i = self.finger.get() as usize & mask;
        while !self.entry(i).is_live() {
            i = (i + 1) & mask;
        }
        let key = self.remove_at(i);
        self.finger.set(i as isize + 1);
        key
    }

    /// Removes everything.
    pub fn clear(&self) {
        let small = self.small_table();
        let table = self.table.get();
        let n = self.mask() + 1;
        let copy: [Entry; MIN_SIZE];
        let mut old = table;
        if table == small {
            if self.fill.get() == 0 {
                return;
            }
            copy = std::array::from_fn(|i| Entry { key: self.small[i].key.clone(), hash: self.small[i].hash.clone() });
            old = copy.as_ptr().cast_mut();
        }
        // The set is empty before the first element goes: its finaliser may look here.
        for e in &self.small {
            e.key.set(std::ptr::null_mut());
            e.hash.set(0);
        }
        self.fill.set(0);
        self.used.set(0);
        self.mask.set(MIN_SIZE as isize - 1);
        self.table.set(small);
        self.hash.set(-1);
        for i in 0..n {
            // SAFETY: the old entries are no longer the set's; each live one owned its key.
            unsafe {
                let e = &*old.add(i);
                if e.is_live() {
                    drop(Obj::from_raw(e.key.get()));
                }
            }
        }
        if table != small {
            // SAFETY: a block of ours, empty.
            unsafe { alloc::free(table.cast()) };
        }
    }

    /// The element at or after `*pos` (which starts at 0) with its hash, in table order. The borrow ends with the next change.
    #[inline]
    pub fn next_hashed(&self, pos: &mut usize) -> Option<(&Object, isize)> {
        let mask = self.mask();
        let mut i = *pos;
        while i <= mask {
            let e = self.entry(i);
            i += 1;
            if e.is_live() {
                *pos = i;
                // SAFETY: the key is a live object.
                return Some((unsafe { &*e.key.get() }, e.hash.get()));
            }
        }
        *pos = i;
        None
    }

    /// The element at or after `*pos`; see [`Set::next_hashed`].
    #[inline]
    pub fn next(&self, pos: &mut usize) -> Option<&Object> {
        self.next_hashed(pos).map(|(k, _)| k)
    }

    /// The elements as they are now.
    pub fn items(&self) -> Vec<Obj> {
        let mut all = Vec::with_capacity(self.len());
        let mut pos = 0;
        while let Some(k) = self.next(&mut pos) {
            all.push(k.to_obj());
        }
        all
    }

    /// Bytes of memory, without the collector's links (`set.__sizeof__`).
    pub fn memory_size(&self) -> usize {
        let table = if self.table.get() == self.small_table() { 0 } else { (self.mask() + 1) * size_of::<Entry>() };
        self.ty().basicsize.get() as usize + table
    }

    /// The hash of the elements, whatever their order (what `hash(frozenset(..))` is).
    pub fn contents_hash(&self) -> isize {
        fn shuffle(h: usize) -> usize {
            ((h ^ 89_869_747) ^ (h << 16)).wrapping_mul(3_644_798_167)
        }
        let mut h = 0usize;
        let mut pos = 0;
        while let Some((_, hash)) = self.next_hashed(&mut pos) {
            h ^= shuffle(hash as usize);
        }
        h ^= (self.len() + 1).wrapping_mul(1_927_868_237);
        h ^= (h >> 11) ^ (h >> 25);
        h = h.wrapping_mul(69069).wrapping_add(907_133_923);
        if h == usize::MAX { 590_923_713 } else { h as isize }
    }

    /// [`Set::contents_hash`], remembered: for frozensets.
    pub fn frozen_hash(&self) -> isize {
        if self.hash.get() == -1 {
            self.hash.set(self.contents_hash());
        }
        self.hash.get()
    }

    /// Exchanges the contents of two sets of this layout.
    fn swap_contents(&self, other: &Set) {
        let (mine, theirs) = (self.table.get(), other.table.get());
        self.fill.swap(&other.fill);
        self.used.swap(&other.used);
        self.mask.swap(&other.mask);
        self.table.set(if theirs == other.small_table() { self.small_table() } else { theirs });
        other.table.set(if mine == self.small_table() { other.small_table() } else { mine });
        for (a, b) in self.small.iter().zip(&other.small) {
            a.key.swap(&b.key);
            a.hash.swap(&b.hash);
        }
        self.hash.set(-1);
        other.hash.set(-1);
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        if !self.table.get().is_null() {
            self.clear();
        }
    }
}
