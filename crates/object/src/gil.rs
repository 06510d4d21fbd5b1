//! The interpreter lock: one thread at a time runs Python. A thread that waits asks the holder, through the eval breaker, to let go after the
//! switch interval.

use crate::thread::{Thread, breaker};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// How long the holder may go on when others wait, in microseconds (`sys.setswitchinterval`).
pub static SWITCH_INTERVAL: AtomicU64 = AtomicU64::new(5000);

/// The lock of an interpreter.
pub struct Gil {
    state: Mutex<State>,
    changed: Condvar,
    holder: AtomicPtr<Thread>,
}

struct State {
    locked: bool,
    /// Counts hand-overs, so that a waiter can tell whether the holder changed meanwhile.
    switches: u64,
}

impl Gil {
    /// A free lock.
    pub const fn new() -> Gil {
        Gil {
            state: Mutex::new(State { locked: false, switches: 0 }),
            changed: Condvar::new(),
            holder: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn acquire(&self, ts: &Thread) {
        let mut s = self.lock();
        while s.locked {
            let seen = s.switches;
            let interval = Duration::from_micros(SWITCH_INTERVAL.load(Ordering::Relaxed));
            let (guard, timeout) =
                self.changed.wait_timeout(s, interval).unwrap_or_else(std::sync::PoisonError::into_inner);
            s = guard;
            if timeout.timed_out() && s.locked && s.switches == seen {
                // SAFETY: the holder is alive while it holds the lock, which cannot change under our mutex.
                if let Some(h) = unsafe { self.holder.load(Ordering::Relaxed).as_ref() } {
                    h.eval_breaker.fetch_or(breaker::GIL_DROP_REQUEST, Ordering::Relaxed);
                }
            }
        }
        s.locked = true;
        s.switches += 1;
        self.holder.store(ts as *const Thread as *mut Thread, Ordering::Relaxed);
        ts.eval_breaker.fetch_and(!breaker::GIL_DROP_REQUEST, Ordering::Relaxed);
        ts.holds_gil.set(1);
    }

    fn release(&self, ts: &Thread) {
        let mut s = self.lock();
        ts.holds_gil.set(0);
        s.locked = false;
        self.holder.store(std::ptr::null_mut(), Ordering::Relaxed);
        drop(s);
        self.changed.notify_one();
    }
}

impl Default for Gil {
    fn default() -> Self {
        Gil::new()
    }
}

/// Makes `ts` the running thread's state and takes its interpreter's lock.
pub fn attach(ts: &'static Thread) {
    ts.interp.gil.acquire(ts);
    Thread::set_current(Some(ts));
}

/// Gives the lock up; answers the state, to be attached again. Nothing of Python may be touched meanwhile.
pub fn detach() -> &'static Thread {
    let ts = Thread::current();
    Thread::set_current(None);
    ts.interp.gil.release(ts);
    ts
}

/// Runs `f`, which may block, without the lock.
#[inline]
pub fn allow_threads<R>(f: impl FnOnce() -> R) -> R {
    struct Reattach(&'static Thread);
    impl Drop for Reattach {
        fn drop(&mut self) {
            // Keep what `f` left in errno: acquiring the lock makes system calls.
            let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
            attach(self.0);
            // SAFETY: errno of this thread.
            unsafe { *libc::__errno_location() = errno };
        }
    }
    let _guard = Reattach(detach());
    f()
}

/// For the eval breaker: lets another thread run if one asked.
pub fn yield_if_requested(ts: &'static Thread) {
    if ts.eval_breaker.load(Ordering::Relaxed) & breaker::GIL_DROP_REQUEST != 0 {
        let seen = ts.interp.gil.lock().switches;
        detach();
        // Wait until a waiter has really taken it, or nobody wants it any more.
        for _ in 0..100 {
            if ts.interp.gil.lock().switches != seen {
                break;
            }
            std::thread::yield_now();
        }
        attach(ts);
    }
}

/// The interpreter that this lock belongs to is the current thread's.
pub fn held() -> bool {
    Thread::try_current().is_some()
}

static AFTER_FORK_CHILD: std::sync::OnceLock<fn()> = std::sync::OnceLock::new();

/// Says what is to be done first in a forked child: forgetting the threads that are not there. The first caller wins.
pub fn set_after_fork_child(f: fn()) {
    let _ = AFTER_FORK_CHILD.set(f);
}

/// For whoever forks: to be called first in the child, with the lock held.
pub fn after_fork_child() {
    if let Some(f) = AFTER_FORK_CHILD.get() {
        f();
    }
}
