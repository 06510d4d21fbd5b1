//! The standard descriptors as the process got them.
//!
//! Rust's runtime opens `/dev/null` in place of those that are closed, so they are looked at before it starts.

use std::sync::atomic::{AtomicU8, Ordering};

/// The closed ones, as bits.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Runs before `main`.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    for fd in 0..3 {
        // SAFETY: asks about a descriptor.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
            CLOSED.fetch_or(1 << fd, Ordering::Relaxed);
        }
    }
}

/// Whether a standard descriptor was open when the process started. One that was not is closed again.
pub fn is_open(fd: i32) -> bool {
    if CLOSED.load(Ordering::Relaxed) & 1 << fd != 0 {
        // SAFETY: what is open there is the runtime's, and nobody uses it.
        unsafe { libc::close(fd) };
    }
    // SAFETY: asks about a descriptor.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}
