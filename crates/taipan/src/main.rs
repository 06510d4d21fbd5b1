//! The executable: reads the command line, starts the interpreter, runs what it was told, and shuts down.

mod config;
mod lifecycle;
mod modules;
mod paths;
mod run;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// What mimalloc aligns blocks to without being asked (`MI_MAX_ALIGN_SIZE`).
const NATURAL_ALIGNMENT: usize = 16;

/// Rust's own allocations share the objects' allocator.
struct Allocator;

// SAFETY: mimalloc's functions keep the contract of `GlobalAlloc`.
unsafe impl std::alloc::GlobalAlloc for Allocator {
    unsafe fn alloc(&self, l: std::alloc::Layout) -> *mut u8 {
        // SAFETY: any size and alignment is allowed. Blocks of 16 bytes and more are aligned to 16, smaller ones to their size.
        unsafe {
            if l.align() <= NATURAL_ALIGNMENT && l.align() <= l.size() {
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
            if l.align() <= NATURAL_ALIGNMENT && l.align() <= size {
                return libmimalloc_sys::mi_realloc(p.cast(), size).cast();
            }
            libmimalloc_sys::mi_realloc_aligned(p.cast(), size, l.align()).cast()
        }
    }
}

unsafe extern "C" {
    fn mi_option_set(option: std::ffi::c_int, value: std::ffi::c_long);
}

/// `mi_option_purge_decommits`: whether memory that is not used for a while is given up at once. Without it the system may take it when it
/// needs it, and a program that uses it again need not have it cleared anew.
const PURGE_DECOMMITS: std::ffi::c_int = 5;

fn main() {
    // SAFETY: the option exists in all versions of mimalloc since 2.0.
    unsafe { mi_option_set(PURGE_DECOMMITS, 0) };
    let status = match config::Config::from_args(std::env::args_os().collect()) {
        Ok(c) => lifecycle::main(&c),
        Err(e) => {
            eprint!("{}", e.message);
            e.status
        }
    };
    std::process::exit(status);
}
