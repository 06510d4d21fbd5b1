//! Values of dicts and instances that share their keys: a block of pointers, indexed like the shared keys table, and the order in
//! which they were filled.
//!
//! Memory (`struct _dictvalues`): four bytes (capacity, size, embedded, valid), padding to 8, the values, one order byte for each.

use crate::alloc;
use crate::error::{PyResult, no_memory};
use crate::header::{Obj, Object};
use std::cell::Cell;
use std::mem::offset_of;
use std::ptr::NonNull;

/// The head of a block of values.
#[repr(C, align(8))]
pub struct Values {
    capacity: Cell<u8>,
    size: Cell<u8>,
    embedded: Cell<u8>,
    valid: Cell<u8>,
}

const _: () = assert!(size_of::<Values>() == 8 && offset_of!(Values, valid) == 3);

/// Offset of the byte that says whether an instance's inline values are in force, from the start of the block.
pub const VALID_OFFSET: usize = offset_of!(Values, valid);
/// Offset of value 0 from the start of the block.
pub const FIRST_VALUE_OFFSET: usize = size_of::<Values>();

impl Values {
    /// Bytes of a block for `capacity` values.
    #[inline(always)]
    pub(super) const fn memory_size(capacity: usize) -> usize {
        size_of::<Values>() + capacity * 8 + ((capacity + 7) & !7)
    }

    /// Makes an empty block in raw memory.
    ///
    /// # Safety
    /// `p` has [`Values::memory_size`] bytes; `capacity` is below 256.
    #[inline]
    pub(super) unsafe fn init<'a>(p: *mut u8, capacity: usize, embedded: bool) -> &'a Values {
        debug_assert!(capacity < 256);
        // SAFETY: the caller's promise.
        unsafe {
            p.cast::<Values>().write(Values {
                capacity: Cell::new(capacity as u8),
                size: Cell::new(0),
                embedded: Cell::new(embedded as u8),
                valid: Cell::new(1),
            });
            p.add(size_of::<Values>()).write_bytes(0, capacity * 8);
            &*p.cast::<Values>()
        }
    }

    /// An empty block on the heap.
    pub(super) fn alloc(capacity: usize) -> PyResult<NonNull<Values>> {
        let p = alloc::malloc(Values::memory_size(capacity));
        if p.is_null() {
            return Err(no_memory());
        }
        // SAFETY: fresh memory of the right size.
        Ok(unsafe { NonNull::from(Values::init(p, capacity, false)) })
    }

    /// A block on the heap with the same contents. The references are not counted again.
    pub(super) fn duplicate(&self) -> Option<NonNull<Values>> {
        let n = Values::memory_size(self.capacity());
        let p = NonNull::new(alloc::malloc(n))?;
        // SAFETY: a block of that capacity has `n` bytes.
        unsafe {
            std::ptr::copy_nonoverlapping((self as *const Values).cast::<u8>(), p.as_ptr(), n);
            let v = p.cast::<Values>();
            v.as_ref().embedded.set(0);
            Some(v)
        }
    }

    /// Frees the block of [`Values::alloc`] or [`Values::duplicate`]; contents have been released.
    ///
    /// # Safety
    /// Not embedded, and not used again.
    pub(super) unsafe fn free(this: *mut Values) {
        // SAFETY: the caller's promise.
        unsafe { alloc::free(this.cast()) }
    }

    #[inline(always)]
    pub(super) fn capacity(&self) -> usize {
        self.capacity.get() as usize
    }

    /// How many values are present.
    #[inline(always)]
    pub fn size(&self) -> usize {
        self.size.get() as usize
    }

    /// Whether the block is part of an instance.
    #[inline(always)]
    pub(super) fn embedded(&self) -> bool {
        self.embedded.get() != 0
    }

    /// Whether an instance's attributes are here (and not in a dict of its own).
    #[inline(always)]
    pub fn valid(&self) -> bool {
        self.valid.get() != 0
    }

    /// Puts an instance's block out of force. What it held has been moved, or is released by the caller.
    #[inline]
    pub(super) fn invalidate(&self) {
        self.valid.set(0);
        self.size.set(0);
    }

    /// Puts the block out of force and leaves its contents, which nobody changes from now on.
    #[inline(always)]
    pub(super) fn set_invalid(&self) {
        self.valid.set(0);
    }

    #[inline(always)]
    pub(super) fn slot(&self, i: usize) -> &Cell<*mut Object> {
        debug_assert!(i < self.capacity());
        // SAFETY: entry numbers of the shared keys are below the capacity of every block that goes with them.
        unsafe { &*(self as *const Values).add(1).cast::<Cell<*mut Object>>().add(i) }
    }

    /// Value `i`; `i` is an entry of the shared keys.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<&Object> {
        // SAFETY: non-null values are live objects.
        unsafe { self.slot(i).get().as_ref() }
    }

    #[inline(always)]
    fn order_base(&self) -> *mut u8 {
        // SAFETY: the order bytes lie after the values.
        unsafe { (self as *const Values).add(1).cast::<u8>().cast_mut().add(self.capacity() * 8) }
    }

    /// The index of the `i`th value in order of insertion, `i` below [`Values::size`].
    #[inline(always)]
    pub(super) fn order(&self, i: usize) -> usize {
        debug_assert!(i < self.size());
        // SAFETY: there is a byte for each value of the capacity.
        unsafe { self.order_base().add(i).read() as usize }
    }

    /// Stores a value (whose reference becomes the block's) where none was.
    #[inline(always)]
    pub(super) fn fill(&self, i: usize, value: Obj) {
        debug_assert!(self.slot(i).get().is_null() && self.size() < self.capacity());
        self.slot(i).set(value.into_raw());
        let n = self.size.get();
        // SAFETY: at most `capacity` values are present.
        unsafe { self.order_base().add(n as usize).write(i as u8) };
        self.size.set(n + 1);
    }

    /// Takes value `i` out of the block.
    pub(super) fn remove(&self, i: usize) -> Option<Obj> {
        let old = self.slot(i).replace(std::ptr::null_mut());
        if old.is_null() {
            return None;
        }
        let n = self.size();
        // SAFETY: the first `n` order bytes are in use; those after the one for `i` move down.
        unsafe {
            let order = self.order_base();
            let mut at = 0;
            while at < n && order.add(at).read() != i as u8 {
                at += 1;
            }
            if at < n {
                std::ptr::copy(order.add(at + 1), order.add(at), n - at - 1);
                self.size.set(n as u8 - 1);
            }
            Some(Obj::from_raw(old))
        }
    }

    /// Stores a value in place of whatever was there, which is handed out.
    #[inline(always)]
    pub fn store(&self, i: usize, value: Obj) -> Option<Obj> {
        let slot = self.slot(i);
        let old = slot.get();
        if old.is_null() {
            self.fill(i, value);
            return None;
        }
        slot.set(value.into_raw());
        // SAFETY: the block owned the reference.
        Some(unsafe { Obj::from_raw(old) })
    }

    /// Takes everything out. The caller drops it when the block and its owner are consistent, since that may run anything.
    pub(super) fn take_all(&self) -> [Option<Obj>; 32] {
        let mut t = [const { None }; 32];
        for (i, to) in (0..self.capacity()).zip(&mut t) {
            // SAFETY: the block owned the reference.
            *to = unsafe { Obj::from_raw_opt(self.slot(i).replace(std::ptr::null_mut())) };
        }
        self.size.set(0);
        t
    }
}

const _: () = assert!(super::keys::SHARED_MAX <= 32, "take_all has room for every value");
