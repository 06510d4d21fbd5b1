//! A word that threads wait on: the lock beneath `_thread.lock` and `RLock`, and the event beneath `join`.
//!
//! Waits are by the kernel's futex, since a wait must end when a signal arrives (the main thread then runs handlers), which the
//! standard library's primitives hide.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use taipan_object::{PyResult, gil, hooks};

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Woken {
    /// Woken, or the word had changed.
    Changed,
    /// The deadline passed.
    TimedOut,
    /// A signal arrived.
    Interrupted,
}

/// Waits while the word is `expected`, without the interpreter lock.
fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Woken {
    let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
    if left == Some(Duration::ZERO) {
        return Woken::TimedOut;
    }
    let ts = left.map(|d| libc::timespec {
        tv_sec: d.as_secs().min(i64::MAX as u64) as libc::time_t,
        tv_nsec: d.subsec_nanos() as libc::c_long,
    });
    let timeout = ts.as_ref().map_or(std::ptr::null(), |t| t as *const libc::timespec);
    let errno = gil::allow_threads(|| {
        // SAFETY: the word and the timeout are alive during the call.
        let r = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                expected,
                timeout,
            )
        };
        if r == 0 { 0 } else { std::io::Error::last_os_error().raw_os_error().unwrap_or(0) }
    });
    match errno {
        libc::ETIMEDOUT => Woken::TimedOut,
        libc::EINTR => Woken::Interrupted,
        _ => Woken::Changed,
    }
}

fn wake(word: &AtomicU32, n: i32) {
    // SAFETY: the word is alive.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, n) };
}

const FREE: u32 = 0;
const LOCKED: u32 = 1;
/// Locked, and perhaps someone waits.
const CONTENDED: u32 = 2;

/// A lock that any thread may release.
#[derive(Default)]
pub struct RawLock(AtomicU32);

impl RawLock {
    /// A free lock.
    pub const fn new() -> RawLock {
        RawLock(AtomicU32::new(FREE))
    }

    /// Whether it is taken.
    pub fn locked(&self) -> bool {
        self.0.load(Ordering::Relaxed) != FREE
    }

    /// Takes it if it is free.
    pub fn try_acquire(&self) -> bool {
        self.0.compare_exchange(FREE, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Takes it, waiting until the deadline if there is one; `false` when that passed. Signal handlers run meanwhile.
    pub fn acquire(&self, deadline: Option<Instant>) -> PyResult<bool> {
        if self.try_acquire() {
            return Ok(true);
        }
        loop {
            // Whoever had to wait cannot know whether others still do.
            if self.0.swap(CONTENDED, Ordering::Acquire) == FREE {
                return Ok(true);
            }
            match wait(&self.0, CONTENDED, deadline) {
                Woken::Changed => {}
                Woken::TimedOut => return Ok(false),
                Woken::Interrupted => (hooks::get().handle_pending)()?,
            }
        }
    }

    /// Releases it.
    pub fn release(&self) {
        if self.0.swap(FREE, Ordering::Release) == CONTENDED {
            wake(&self.0, 1);
        }
    }

    /// Makes it free whatever it was: in a forked child, whose waiters and holders are gone.
    pub fn reset(&self) {
        self.0.store(FREE, Ordering::Relaxed);
    }
}

/// Something that happens once.
#[derive(Default)]
pub struct Event(AtomicU32);

impl Event {
    /// Has not happened.
    pub const fn new() -> Event {
        Event(AtomicU32::new(0))
    }
    /// Whether it has happened.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }
    /// It happens.
    pub fn set(&self) {
        self.0.store(1, Ordering::Release);
        wake(&self.0, i32::MAX);
    }
    /// Waits for it; `false` when the deadline passed.
    pub fn wait(&self, deadline: Option<Instant>) -> PyResult<bool> {
        while !self.is_set() {
            match wait(&self.0, 0, deadline) {
                Woken::Changed => {}
                Woken::TimedOut => return Ok(self.is_set()),
                Woken::Interrupted => (hooks::get().handle_pending)()?,
            }
        }
        Ok(true)
    }
}
