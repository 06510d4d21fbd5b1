//! The keys table of a dict: a compact index over entries kept in insertion order.
//!
//! Memory: [`Keys`], then the index (`1 << log2_index_bytes` bytes of `i8`, `i16`, `i32` or `i64`), then the entries.
//! An index cell holds an entry number, [`EMPTY`], or [`DUMMY`] where an entry was deleted. Probing is perturbed: the
//! order in which cells are tried depends on all bits of the hash.

use crate::alloc;
use crate::error::{PyResult, no_memory};
use crate::header::Object;
use crate::thread::Interp;
use crate::types::str::Str;
use std::cell::Cell;
use std::mem::offset_of;
use std::ptr::NonNull;

/// Index cell that was never used: a search ends here.
pub(super) const EMPTY: isize = -1;
/// Index cell of a deleted entry: a search goes on.
pub(super) const DUMMY: isize = -2;
/// The smallest table has this many index cells (as a logarithm).
pub(super) const LOG2_MIN: u8 = 3;
const PERTURB_SHIFT: u32 = 5;
/// Keys tables shared by the instances of a class hold at most this many names.
pub(super) const SHARED_MAX: usize = 30;
const SHARED_LOG2: u8 = 6;
const IMMORTAL: isize = isize::MIN;

/// What a table's entries look like and who owns the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Any keys; entries carry the hash.
    General = 0,
    /// Exact `str` keys; entries are key and value.
    Unicode = 1,
    /// Exact `str` keys shared by several dicts, each with its own values.
    Split = 2,
}

/// The head of a keys table (`PyDictKeysObject`).
#[repr(C)]
pub struct Keys {
    refcnt: Cell<isize>,
    log2_size: u8,
    log2_index_bytes: u8,
    kind: Cell<Kind>,
    version: Cell<u32>,
    usable: Cell<isize>,
    nentries: Cell<isize>,
}

const _: () = {
    assert!(size_of::<Keys>() == 32 && offset_of!(Keys, kind) == 10 && offset_of!(Keys, version) == 12);
    assert!(offset_of!(Keys, usable) == 16 && offset_of!(Keys, nentries) == 24);
};

/// An entry of a table of `str` keys. In a split table the value is unused.
#[repr(C)]
pub(super) struct UnicodeEntry {
    pub key: Cell<*mut Object>,
    pub value: Cell<*mut Object>,
}

/// An entry of a general table.
#[repr(C)]
pub(super) struct GeneralEntry {
    pub hash: Cell<isize>,
    pub key: Cell<*mut Object>,
    pub value: Cell<*mut Object>,
}

#[repr(C, align(8))]
struct EmptyTable {
    head: Keys,
    index: [i8; 8],
}

// SAFETY: nothing of the table is ever written: its count is immortal, and no room is left in it.
unsafe impl Sync for EmptyTable {}

static EMPTY_TABLE: EmptyTable = EmptyTable {
    head: Keys {
        refcnt: Cell::new(IMMORTAL),
        log2_size: 0,
        log2_index_bytes: 3,
        kind: Cell::new(Kind::Unicode),
        version: Cell::new(1),
        usable: Cell::new(0),
        nentries: Cell::new(0),
    },
    index: [EMPTY as i8; 8],
};

/// How many entries a table with `cells` index cells takes: two thirds.
#[inline(always)]
pub(super) const fn usable_fraction(cells: usize) -> usize {
    (cells << 1) / 3
}

/// The logarithm of the smallest table with at least `cells` index cells.
#[inline]
pub(super) fn log2_for(cells: usize) -> u8 {
    let cells = cells.max(1 << LOG2_MIN);
    (usize::BITS - (cells - 1).leading_zeros()) as u8
}

/// The logarithm of the smallest table that takes `n` entries.
#[inline]
pub(super) fn log2_for_entries(n: usize) -> u8 {
    log2_for(n.saturating_mul(3).saturating_add(1) / 2)
}

/// A cell of an index.
trait IndexCell: Copy {
    fn widen(self) -> isize;
}
macro_rules! index_cell { ($($t:ty),*) => { $(impl IndexCell for $t { #[inline(always)] fn widen(self) -> isize { self as isize } })* } }
index_cell!(i8, i16, i32, i64);

/// What [`Keys::find_plain`] can tell.
pub(super) enum Found {
    /// The key has this entry.
    Entry(usize),
    /// The key is not there.
    Nothing,
    /// Only the keys themselves know whether they are equal.
    Ask,
}

/// The sequence of cells that a hash tries.
pub(super) struct Probe {
    mask: usize,
    perturb: usize,
    /// The cell to try now.
    pub cell: usize,
}

impl Probe {
    #[inline(always)]
    pub fn new(hash: isize, mask: usize) -> Probe {
        Probe { mask, perturb: hash as usize, cell: hash as usize & mask }
    }
    #[inline(always)]
    pub fn advance(&mut self) {
        self.perturb >>= PERTURB_SHIFT;
        self.cell = self.cell.wrapping_mul(5).wrapping_add(self.perturb).wrapping_add(1) & self.mask;
    }
}

impl Keys {
    /// The shared table of all empty dicts.
    #[inline(always)]
    pub(super) fn empty() -> NonNull<Keys> {
        NonNull::from(&EMPTY_TABLE).cast()
    }

    /// Whether this is the shared empty table.
    #[inline(always)]
    pub(super) fn is_empty_table(&self) -> bool {
        std::ptr::eq(self, Self::empty().as_ptr())
    }

    /// A fresh table without entries, with one reference.
    pub(super) fn alloc(log2_size: u8, unicode: bool) -> PyResult<NonNull<Keys>> {
        if log2_size >= 56 {
            return Err(no_memory());
        }
        let log2_index_bytes = log2_size
            + if log2_size < 8 {
                0
            } else if log2_size < 16 {
                1
            } else if log2_size < 32 {
                2
            } else {
                3
            };
        let usable = usable_fraction(1 << log2_size);
        let entry = if unicode { size_of::<UnicodeEntry>() } else { size_of::<GeneralEntry>() };
        let index = 1usize << log2_index_bytes;
        let Some(p) = NonNull::new(alloc::malloc(size_of::<Keys>() + index + usable * entry)) else {
            return Err(no_memory());
        };
        // SAFETY: the block has room for head, index and entries. Entries are written before `nentries` counts them.
        unsafe {
            p.cast::<Keys>().write(Keys {
                refcnt: Cell::new(1),
                log2_size,
                log2_index_bytes,
                kind: Cell::new(if unicode { Kind::Unicode } else { Kind::General }),
                version: Cell::new(0),
                usable: Cell::new(usable as isize),
                nentries: Cell::new(0),
            });
            let at = p.as_ptr().add(size_of::<Keys>());
            at.write_bytes(0xff, index);
        }
        Ok(p.cast())
    }

    /// A table for the instances of a class to share.
    pub(super) fn alloc_shared() -> PyResult<NonNull<Keys>> {
        let p = Keys::alloc(SHARED_LOG2, true)?;
        // SAFETY: just made.
        let k = unsafe { p.as_ref() };
        k.usable.set(SHARED_MAX as isize);
        k.kind.set(Kind::Split);
        Ok(p)
    }

    /// A copy with one reference; keys and values are counted once more. Dummies are copied as well.
    pub(super) fn duplicate(&self) -> PyResult<NonNull<Keys>> {
        let bytes = self.memory_size();
        let Some(p) = NonNull::new(alloc::malloc(bytes)) else { return Err(no_memory()) };
        // SAFETY: the source block has exactly that size, the copy is complete.
        let copy = unsafe {
            std::ptr::copy_nonoverlapping((self as *const Keys).cast::<u8>(), p.as_ptr(), bytes);
            p.cast::<Keys>().as_ref()
        };
        copy.refcnt.set(1);
        copy.version.set(0);
        for i in 0..copy.nentries() {
            let (key, value) = copy.raw_entry(i);
            // SAFETY: non-null fields of an entry are live objects.
            unsafe {
                if let Some(v) = value.as_ref() {
                    v.incref();
                    (*key).incref();
                }
            }
        }
        Ok(p.cast())
    }

    /// Bytes of the whole table.
    pub(super) fn memory_size(&self) -> usize {
        let entry =
            if self.kind.get() == Kind::General { size_of::<GeneralEntry>() } else { size_of::<UnicodeEntry>() };
        size_of::<Keys>() + (1usize << self.log2_index_bytes) + usable_fraction(self.size()) * entry
    }

    /// The kind of the table.
    #[inline(always)]
    pub fn kind(&self) -> Kind {
        self.kind.get()
    }

    /// Whether all keys are exact `str`.
    #[inline(always)]
    pub fn is_unicode(&self) -> bool {
        self.kind.get() != Kind::General
    }

    /// Number of index cells.
    #[inline(always)]
    pub fn size(&self) -> usize {
        1 << self.log2_size
    }

    #[inline(always)]
    pub(super) fn log2_size(&self) -> u8 {
        self.log2_size
    }

    #[inline(always)]
    pub(super) fn mask(&self) -> usize {
        self.size() - 1
    }

    /// Number of entries ever added, deleted ones among them.
    #[inline(always)]
    pub fn nentries(&self) -> usize {
        self.nentries.get() as usize
    }

    /// How many more entries fit.
    #[inline(always)]
    pub fn usable(&self) -> usize {
        self.usable.get() as usize
    }

    #[inline(always)]
    pub(super) fn set_fill(&self, usable: usize, nentries: usize) {
        self.usable.set(usable as isize);
        self.nentries.set(nentries as isize);
    }

    /// The references to the table; it is shared when there is more than one.
    #[inline(always)]
    pub(super) fn refcnt(&self) -> isize {
        self.refcnt.get()
    }

    #[inline(always)]
    pub(super) fn incref(&self) {
        let n = self.refcnt.get();
        if n >= 0 {
            self.refcnt.set(n + 1);
        }
    }

    /// Gives a reference back; the last one releases the entries.
    ///
    /// # Safety
    /// The caller owns the reference, and does not use the table afterwards.
    #[inline]
    pub(super) unsafe fn decref(this: NonNull<Keys>) {
        // SAFETY: alive by the caller's reference.
        unsafe {
            let k = this.as_ref();
            let n = k.refcnt.get();
            if n < 0 {
                return;
            }
            k.refcnt.set(n - 1);
            if n == 1 {
                for i in 0..k.nentries() {
                    let (key, value) = k.raw_entry(i);
                    if !key.is_null() {
                        Object::decref(key);
                    }
                    if !value.is_null() {
                        Object::decref(value);
                    }
                }
                alloc::free(this.as_ptr().cast());
            }
        }
    }

    /// Frees the block of a table whose entries have been moved elsewhere.
    ///
    /// # Safety
    /// The only reference is given up and nothing in the entries is owned any more.
    pub(super) unsafe fn free_moved(this: NonNull<Keys>) {
        // SAFETY: the caller's promise.
        unsafe {
            if this.as_ref().refcnt.get() >= 0 {
                alloc::free(this.as_ptr().cast());
            }
        }
    }

    /// The version of the key set, for inline caches: 0 when versions have run out. It stays until a key is added or removed.
    #[inline]
    pub fn version(&self) -> u32 {
        match self.version.get() {
            0 => {
                let v = Interp::current().dict_state.next_keys_version();
                self.version.set(v);
                v
            }
            v => v,
        }
    }

    /// The version if one was assigned, else 0.
    #[inline(always)]
    pub fn current_version(&self) -> u32 {
        self.version.get()
    }

    #[inline(always)]
    pub(super) fn reset_version(&self) {
        self.version.set(0);
    }

    #[inline(always)]
    fn index_base(&self) -> *mut u8 {
        // SAFETY: the index lies right after the head.
        unsafe { (self as *const Keys).add(1).cast::<u8>().cast_mut() }
    }

    /// What index cell `i` (at most the mask) holds.
    #[inline(always)]
    pub(super) fn index(&self, i: usize) -> isize {
        debug_assert!(i < self.size());
        let p = self.index_base();
        // SAFETY: `i` is below the number of cells, whose width follows from it.
        unsafe {
            match self.log2_size {
                0..8 => p.cast::<i8>().add(i).read() as isize,
                8..16 => p.cast::<i16>().add(i).read() as isize,
                16..32 => p.cast::<i32>().add(i).read() as isize,
                _ => p.cast::<i64>().add(i).read() as isize,
            }
        }
    }

    /// Stores `ix` in index cell `i`.
    #[inline(always)]
    pub(super) fn set_index(&self, i: usize, ix: isize) {
        debug_assert!(i < self.size());
        let p = self.index_base();
        // SAFETY: as in `index`; entry numbers fit the width.
        unsafe {
            match self.log2_size {
                0..8 => p.cast::<i8>().add(i).write(ix as i8),
                8..16 => p.cast::<i16>().add(i).write(ix as i16),
                16..32 => p.cast::<i32>().add(i).write(ix as i32),
                _ => p.cast::<i64>().add(i).write(ix as i64),
            }
        }
    }

    #[inline(always)]
    fn entries_base(&self) -> *mut u8 {
        // SAFETY: the entries lie right after the index.
        unsafe { self.index_base().add(1usize << self.log2_index_bytes) }
    }

    /// Entry `i` of a table of `str` keys.
    ///
    /// # Safety
    /// The kind is not general, and `i` is below the number of entries the table has room for.
    #[inline(always)]
    pub(super) unsafe fn unicode(&self, i: usize) -> &UnicodeEntry {
        debug_assert!(self.is_unicode() && i < usable_fraction(self.size()));
        // SAFETY: the caller's promise.
        unsafe { &*self.entries_base().cast::<UnicodeEntry>().add(i) }
    }

    /// Entry `i` of a general table.
    ///
    /// # Safety
    /// As for [`Keys::unicode`], with a general table.
    #[inline(always)]
    pub(super) unsafe fn general(&self, i: usize) -> &GeneralEntry {
        debug_assert!(!self.is_unicode() && i < usable_fraction(self.size()));
        // SAFETY: the caller's promise.
        unsafe { &*self.entries_base().cast::<GeneralEntry>().add(i) }
    }

    /// Key and value cells of entry `i`, which the table has room for.
    #[inline(always)]
    pub(super) fn cells(&self, i: usize) -> (&Cell<*mut Object>, &Cell<*mut Object>) {
        // SAFETY: the kind is asked; the callers stay within the entries.
        unsafe {
            if self.is_unicode() {
                let e = self.unicode(i);
                (&e.key, &e.value)
            } else {
                let e = self.general(i);
                (&e.key, &e.value)
            }
        }
    }

    /// Key and value of entry `i`, either of which may be null.
    #[inline(always)]
    pub(super) fn raw_entry(&self, i: usize) -> (*mut Object, *mut Object) {
        let (k, v) = self.cells(i);
        (k.get(), v.get())
    }

    /// The hash of the key of entry `i`, which has one.
    #[inline(always)]
    pub(super) fn entry_hash(&self, i: usize) -> isize {
        // SAFETY: the kind is asked; keys of `str` tables are exact strings.
        unsafe {
            if self.is_unicode() {
                (*self.unicode(i).key.get()).cast_unchecked::<Str>().str_hash()
            } else {
                self.general(i).hash.get()
            }
        }
    }

    /// The key and value of entry `i` of a table of `str` keys, which must be below [`Keys::nentries`]; `None` for a deleted
    /// entry. In a split table the value is absent: it lies with the instance.
    #[inline(always)]
    pub fn unicode_entry(&self, i: usize) -> Option<(&Object, Option<&Object>)> {
        debug_assert!(self.is_unicode() && i < self.nentries());
        // SAFETY: see the contract above; non-null fields are live objects.
        unsafe {
            let e = self.unicode(i);
            e.key.get().as_ref().map(|k| (k, e.value.get().as_ref()))
        }
    }

    /// The value of entry `i` of a combined table of `str` keys, `i` below [`Keys::nentries`].
    #[inline(always)]
    pub fn unicode_value(&self, i: usize) -> Option<&Object> {
        debug_assert!(self.kind() == Kind::Unicode && i < self.nentries());
        // SAFETY: as above.
        unsafe { self.unicode(i).value.get().as_ref() }
    }

    /// The address of entry 0 and the size of an entry, for machine code.
    pub fn entries_address(&self) -> (*const u8, usize) {
        (self.entries_base(), if self.is_unicode() { size_of::<UnicodeEntry>() } else { size_of::<GeneralEntry>() })
    }

    /// The entry of `name`, an exact `str`, in a table of `str` keys.
    #[inline]
    pub fn lookup_unicode_index(&self, name: &Object) -> Option<usize> {
        match name.downcast_exact::<Str>() {
            Some(s) if self.is_unicode() => self.find_unicode(s, s.str_hash()),
            _ => None,
        }
    }

    /// The entry of `key` in a table of `str` keys.
    #[inline(always)]
    pub(super) fn find_unicode(&self, key: &Str, hash: isize) -> Option<usize> {
        // Nearly all tables have 8-bit cells; the width is settled once, outside the probing loop.
        match self.log2_size {
            0..8 => self.find_unicode_in::<i8>(key, hash),
            8..16 => self.find_unicode_in::<i16>(key, hash),
            16..32 => self.find_unicode_in::<i32>(key, hash),
            _ => self.find_unicode_in::<i64>(key, hash),
        }
    }

    #[inline(always)]
    fn find_unicode_in<T: IndexCell>(&self, key: &Str, hash: isize) -> Option<usize> {
        let index = self.index_base().cast::<T>().cast_const();
        let entries = self.entries_base().cast::<UnicodeEntry>().cast_const();
        let wanted = std::ptr::from_ref(key).cast::<Object>();
        let mut p = Probe::new(hash, self.mask());
        loop {
            // SAFETY: the cell is masked, and holds an entry number or a negative mark; keys of live entries are exact strings.
            unsafe {
                let ix = index.add(p.cell).read().widen();
                if ix >= 0 {
                    let k = (*entries.offset(ix)).key.get();
                    if std::ptr::eq(k, wanted) {
                        return Some(ix as usize);
                    }
                    let k: &Str = (*k).cast_unchecked();
                    if k.str_hash() == hash && k.eq(key) {
                        return Some(ix as usize);
                    }
                } else if ix == EMPTY {
                    return None;
                }
            }
            p.advance();
        }
    }

    /// The entry of `key` in a table of any keys, as far as it can be found without running code of the program's.
    #[inline(always)]
    pub(super) fn find_plain(&self, key: &Object, hash: isize) -> Found {
        if self.is_unicode() {
            return Found::Ask;
        }
        match self.log2_size {
            0..8 => self.find_plain_in::<i8>(key, hash),
            8..16 => self.find_plain_in::<i16>(key, hash),
            16..32 => self.find_plain_in::<i32>(key, hash),
            _ => Found::Ask,
        }
    }

    #[inline]
    fn find_plain_in<T: IndexCell>(&self, key: &Object, hash: isize) -> Found {
        let index = self.index_base().cast::<T>().cast_const();
        let entries = self.entries_base().cast::<GeneralEntry>().cast_const();
        let mut p = Probe::new(hash, self.mask());
        loop {
            // SAFETY: the cell is masked, and holds an entry number or a negative mark; live entries have keys.
            unsafe {
                let ix = index.add(p.cell).read().widen();
                if ix >= 0 {
                    let e = &*entries.offset(ix);
                    let k = e.key.get();
                    if std::ptr::eq(k, key) {
                        return Found::Entry(ix as usize);
                    }
                    if e.hash.get() == hash {
                        match super::plainly_equal(&*k, key) {
                            Some(true) => return Found::Entry(ix as usize),
                            Some(false) => {}
                            None => return Found::Ask,
                        }
                    }
                } else if ix == EMPTY {
                    return Found::Nothing;
                }
            }
            p.advance();
        }
    }

    /// The index cell that refers to entry `ix`, whose key has `hash`.
    #[inline]
    pub(super) fn cell_of(&self, hash: isize, ix: usize) -> Option<usize> {
        let mut p = Probe::new(hash, self.mask());
        loop {
            match self.index(p.cell) {
                EMPTY => return None,
                n if n == ix as isize => return Some(p.cell),
                _ => p.advance(),
            }
        }
    }

    /// A cell for a new entry whose key has `hash`: the first that refers to none. There always is one, as a third of the
    /// cells stays free.
    #[inline]
    pub(super) fn free_cell(&self, hash: isize) -> usize {
        let mut p = Probe::new(hash, self.mask());
        while self.index(p.cell) >= 0 {
            p.advance();
        }
        p.cell
    }

    /// Adds an entry; the references are the table's from now on. There is room, the kind takes the key, the key is new.
    #[inline]
    pub(super) fn append(&self, key: *mut Object, hash: isize, value: *mut Object) -> usize {
        debug_assert!(self.usable.get() > 0);
        let ix = self.nentries();
        self.set_index(self.free_cell(hash), ix as isize);
        // SAFETY: there is room for one more entry.
        unsafe {
            if self.is_unicode() {
                let e = self.unicode(ix);
                e.key.set(key);
                e.value.set(value);
            } else {
                let e = self.general(ix);
                e.hash.set(hash);
                e.key.set(key);
                e.value.set(value);
            }
        }
        self.version.set(0);
        self.nentries.set(ix as isize + 1);
        self.usable.set(self.usable.get() - 1);
        ix
    }

    /// The entry of `key` in a shared table, added if there is room.
    #[inline]
    pub(super) fn find_or_add_shared(&self, key: &Str, hash: isize) -> Option<usize> {
        match self.find_unicode(key, hash) {
            Some(ix) => Some(ix),
            None if self.usable.get() > 0 => Some(self.append(key.to_obj().into_raw(), hash, std::ptr::null_mut())),
            None => None,
        }
    }

    /// How many values a dict or instance needs that shares this table.
    #[inline(always)]
    pub(super) fn shared_capacity(&self) -> usize {
        self.nentries() + self.usable()
    }

    /// Leaves room for one name fewer: every new instance makes the next one's block smaller, until names have settled.
    #[inline(always)]
    pub(super) fn shrink_shared(&self) {
        if self.usable.get() > 1 {
            self.usable.set(self.usable.get() - 1);
        }
    }

    /// Fills the index for entries that were written in bulk, none of them deleted.
    pub(super) fn build_index(&self) {
        for ix in 0..self.nentries() {
            self.set_index(self.free_cell(self.entry_hash(ix)), ix as isize);
        }
    }
}
