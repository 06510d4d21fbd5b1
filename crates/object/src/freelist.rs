//! Free blocks kept per thread for the objects that programs make most: one list per size, without locks.
//!
//! A block on a list is raw memory whose first word links to the next one. Blocks come from and go back to the allocator
//! beneath ([`crate::alloc`]), so a block may be freed by another thread than the one that made it.

use std::cell::Cell;

/// Up to `MAX` free blocks of one size.
pub struct FreeList<const MAX: u32> {
    head: Cell<*mut u8>,
    len: Cell<u32>,
}

impl<const MAX: u32> FreeList<MAX> {
    /// An empty list.
    pub const fn new() -> Self {
        FreeList { head: Cell::new(std::ptr::null_mut()), len: Cell::new(0) }
    }

    /// Takes a block; null when there is none.
    #[inline(always)]
    pub fn pop(&self) -> *mut u8 {
        let p = self.head.get();
        if !p.is_null() {
            // SAFETY: blocks on the list hold the link in their first word.
            self.head.set(unsafe { p.cast::<*mut u8>().read() });
            self.len.set(self.len.get() - 1);
        }
        p
    }

    /// Keeps a block, or frees it when the list is full.
    ///
    /// # Safety
    /// `p` came from [`crate::alloc::malloc`], has the list's size, and is not used otherwise.
    #[inline(always)]
    pub unsafe fn push(&self, p: *mut u8) {
        let n = self.len.get();
        // SAFETY: the caller hands the block over.
        unsafe {
            if n >= MAX {
                return crate::alloc::free(p);
            }
            p.cast::<*mut u8>().write(self.head.get());
        }
        self.head.set(p);
        self.len.set(n + 1);
    }

    /// Keeps a block: there is room.
    ///
    /// # Safety
    /// As for [`FreeList::push`].
    #[inline(always)]
    pub unsafe fn push_unchecked(&self, p: *mut u8) {
        debug_assert!(self.has_room(1));
        // SAFETY: the caller hands the block over.
        unsafe { p.cast::<*mut u8>().write(self.head.get()) };
        self.head.set(p);
        self.len.set(self.len.get() + 1);
    }

    /// Keeps a block if there is room for it.
    ///
    /// # Safety
    /// As for [`FreeList::push`], if the answer is yes; else the block is still the caller's.
    #[inline(always)]
    pub unsafe fn try_push(&self, p: *mut u8) -> bool {
        let n = self.len.get();
        if n >= MAX {
            return false;
        }
        // SAFETY: the caller hands the block over.
        unsafe { p.cast::<*mut u8>().write(self.head.get()) };
        self.head.set(p);
        self.len.set(n + 1);
        true
    }

    /// Whether `n` more blocks can be kept.
    #[inline(always)]
    pub fn has_room(&self, n: u32) -> bool {
        self.len.get() + n <= MAX
    }

    /// Gives half of the blocks back to the allocator.
    #[cold]
    pub fn trim(&self) {
        while self.len.get() > MAX / 2 {
            // SAFETY: the block was just taken off the list.
            unsafe { crate::alloc::free(self.pop()) };
        }
    }

    /// Gives all blocks back to the allocator.
    pub fn clear(&self) {
        loop {
            let p = self.pop();
            if p.is_null() {
                break;
            }
            // SAFETY: the block was just taken off the list.
            unsafe { crate::alloc::free(p) };
        }
    }
}

impl<const MAX: u32> Default for FreeList<MAX> {
    fn default() -> Self {
        Self::new()
    }
}

/// Blocks of objects come in multiples of this, up to [`SMALL_CLASSES`] of them.
pub const SMALL_UNIT: usize = 16;
/// The number of sizes for which blocks of objects are kept, and one for none.
pub const SMALL_CLASSES: usize = 32;

/// The size class of a block of `size` bytes; 0 if such blocks are not kept.
#[inline(always)]
pub const fn size_class(size: usize) -> usize {
    let class = size.div_ceil(SMALL_UNIT);
    if class < SMALL_CLASSES { class } else { 0 }
}

/// The lists of a thread.
#[derive(Default)]
#[allow(missing_docs)]
pub struct FreeLists {
    /// Blocks of objects by size class: see [`crate::header::Object::size_class`].
    pub small: [FreeList<96>; SMALL_CLASSES],
    /// Integers of up to two digits.
    pub ints: FreeList<128>,
    pub floats: FreeList<128>,
    /// With the collector's links.
    pub slices: FreeList<4>,
    pub range_iterators: FreeList<8>,
}

impl FreeLists {
    /// The list of a size class, which is below [`SMALL_CLASSES`].
    #[inline(always)]
    pub fn of_class(&self, class: usize) -> &FreeList<96> {
        debug_assert!(class < SMALL_CLASSES);
        // SAFETY: classes come from `size_class` only.
        unsafe { self.small.get_unchecked(class) }
    }

    /// Empties all lists, when their thread ends.
    pub fn clear(&self) {
        for list in &self.small {
            list.clear();
        }
        self.ints.clear();
        self.floats.clear();
        self.slices.clear();
        self.range_iterators.clear();
    }
}
