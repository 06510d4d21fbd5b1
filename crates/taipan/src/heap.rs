//! The process's heap: Rust's own allocations share the objects' allocator, and its first region is laid out for quick starts.
//!
//! Huge pages make large programs faster, but each costs two megabytes of zeroes at its first touch, which a short program pays for nothing.
//! So the beginning of the heap is kept from them, and what lies behind it asks for them.

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

struct Allocator;

// SAFETY: mimalloc's functions keep the contract of `GlobalAlloc`.
unsafe impl std::alloc::GlobalAlloc for Allocator {
    unsafe fn alloc(&self, l: std::alloc::Layout) -> *mut u8 {
        // SAFETY: any size and alignment is allowed; small blocks are aligned for everything up to their size's power of two.
        unsafe {
            if l.align() <= 16 && l.size() >= l.align() {
                return libmimalloc_sys::mi_malloc(l.size()).cast();
            }
            libmimalloc_sys::mi_malloc_aligned(l.size(), l.align()).cast()
        }
    }
    unsafe fn dealloc(&self, p: *mut u8, _: std::alloc::Layout) {
        // SAFETY: `p` came from this allocator.
        unsafe { libmimalloc_sys::mi_free(p.cast()) }
    }
    unsafe fn alloc_zeroed(&self, l: std::alloc::Layout) -> *mut u8 {
        // SAFETY: any size and alignment is allowed.
        unsafe { libmimalloc_sys::mi_zalloc_aligned(l.size(), l.align()).cast() }
    }
    unsafe fn realloc(&self, p: *mut u8, l: std::alloc::Layout, size: usize) -> *mut u8 {
        // SAFETY: `p` came from this allocator; for the alignment see `alloc`.
        unsafe {
            if l.align() <= 16 && l.align() <= size {
                return libmimalloc_sys::mi_realloc(p.cast(), size).cast();
            }
            libmimalloc_sys::mi_realloc_aligned(p.cast(), size, l.align()).cast()
        }
    }
}

#[cfg(target_os = "linux")]
mod first_region {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn mi_manage_os_memory_ex(
            start: *mut c_void,
            size: usize,
            committed: bool,
            pinned: bool,
            zero: bool,
            numa_node: c_int,
            exclusive: bool,
            arena: *mut *mut c_void,
        ) -> bool;
    }

    unsafe extern "C" {
        fn mi_option_set_default(option: c_int, value: std::ffi::c_long);
    }

    /// What the allocator reserves at a time.
    const SIZE: usize = 1 << 30;
    /// Regions begin at multiples of it.
    const ALIGN: usize = 4 << 20;
    /// How much of the heap does without huge pages.
    const SMALL_PAGES: usize = 24 << 20;

    /// Runs before anything is allocated.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static RESERVE: extern "C" fn() = reserve;

    extern "C" fn reserve() {
        // Memory that is not used any more goes back soon: growing lists and dicts leave much of it behind.
        const PURGE_DELAY: c_int = 15;
        // SAFETY: fresh memory that nobody else knows is handed to the allocator. Where the system gives none, or the allocator does not
        // take it, the allocator will ask by itself.
        unsafe {
            mi_option_set_default(PURGE_DELAY, 20);
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
            let p = libc::mmap(std::ptr::null_mut(), SIZE + ALIGN, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
            if p == libc::MAP_FAILED {
                return;
            }
            let start = p.byte_add(p.cast::<u8>().align_offset(ALIGN));
            libc::madvise(start.byte_add(SMALL_PAGES), SIZE - SMALL_PAGES, libc::MADV_HUGEPAGE);
            let mut arena = std::ptr::null_mut();
            if !mi_manage_os_memory_ex(start, SIZE, true, false, true, -1, false, &mut arena) {
                libc::munmap(p, SIZE + ALIGN);
            }
        }
    }
}
