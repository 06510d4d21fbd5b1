//! The interpreter lock: one thread at a time runs Python. A thread that waits asks the holder, through the eval breaker, to let go after the
//! switch interval.

use crate::thread::{Thread, breaker};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// How long the holder may go on when others wait, in microseconds (`sys.setswitchinterval`).
pub static SWITCH_INTERVAL: AtomicU64 = AtomicU64::new(5000);

/// The thread of the OS that shuts the process down: all others that want the lock wait for the end. 0 until then.
static FINALIZER: AtomicU64 = AtomicU64::new(0);

/// The lock of an interpreter.
pub struct Gil {
    /// In a cell since a forked child replaces it: other threads may have been inside.
    inner: UnsafeCell<Inner>,
}

/// The lock of all interpreters: built-in types and immortal objects are shared, and nothing else guards them.
pub static SHARED: Gil = Gil::new();

// SAFETY: the cell is written only in a child that has just been forked, when no other thread exists.
unsafe impl Sync for Gil {}

struct Inner {
    state: Mutex<State>,
    /// The lock became free.
    freed: Condvar,
    /// Another thread took it.
    taken: Condvar,
    holder: AtomicPtr<Thread>,
}

struct State {
    locked: bool,
    /// How many threads wait for it, so that nobody is woken for nothing.
    waiting: u32,
    /// How many threads that gave it up on request wait until it is taken.
    yielding: u32,
    /// Counts hand-overs, so that a waiter can tell whether the holder changed meanwhile.
    switches: u64,
}

impl Inner {
    const fn new(locked: bool, holder: *mut Thread) -> Inner {
        Inner {
            state: Mutex::new(State { locked, waiting: 0, yielding: 0, switches: 0 }),
            freed: Condvar::new(),
            taken: Condvar::new(),
            holder: AtomicPtr::new(holder),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn interval() -> Duration {
    Duration::from_micros(SWITCH_INTERVAL.load(Ordering::Relaxed).max(1))
}

impl Gil {
    /// A free lock.
    pub const fn new() -> Gil {
        Gil { inner: UnsafeCell::new(Inner::new(false, std::ptr::null_mut())) }
    }

    fn inner(&self) -> &Inner {
        // SAFETY: it is replaced only while a single thread exists, which then holds no reference to it.
        unsafe { &*self.inner.get() }
    }

    fn acquire(&self, ts: &Thread) {
        let inner = self.inner();
        let mut s = inner.lock();
        if must_hang() {
            drop(s);
            hang();
        }
        while s.locked {
            let seen = s.switches;
            s.waiting += 1;
            let (guard, timeout) = inner.freed.wait_timeout(s, interval()).unwrap_or_else(PoisonError::into_inner);
            s = guard;
            s.waiting -= 1;
            if must_hang() {
                // A wake-up that was meant for somebody else goes on.
                drop(s);
                inner.freed.notify_one();
                hang();
            }
            if timeout.timed_out() && s.locked && s.switches == seen {
                // SAFETY: the holder is alive while it holds the lock, which cannot change under our mutex.
                if let Some(h) = unsafe { inner.holder.load(Ordering::Relaxed).as_ref() } {
                    h.eval_breaker.fetch_or(breaker::GIL_DROP_REQUEST, Ordering::Relaxed);
                }
            }
        }
        s.locked = true;
        s.switches += 1;
        let yielding = s.yielding > 0;
        inner.holder.store(ts as *const Thread as *mut Thread, Ordering::Relaxed);
        ts.eval_breaker.fetch_and(!breaker::GIL_DROP_REQUEST, Ordering::Relaxed);
        ts.holds_gil.set(1);
        drop(s);
        if yielding {
            inner.taken.notify_all();
        }
    }

    fn release(&self, ts: &Thread) {
        let inner = self.inner();
        let mut s = inner.lock();
        ts.holds_gil.set(0);
        s.locked = false;
        inner.holder.store(std::ptr::null_mut(), Ordering::Relaxed);
        let waiting = s.waiting > 0;
        drop(s);
        if waiting {
            inner.freed.notify_one();
        }
    }

    /// Gives the lock up until another thread has had it.
    fn hand_over(&self, ts: &Thread) {
        let inner = self.inner();
        let seen = inner.lock().switches;
        self.release(ts);
        let mut s = inner.lock();
        while s.waiting > 0 && s.switches == seen {
            s.yielding += 1;
            // Waiters look at the lock at least once per interval, and may give up when the process ends.
            s = inner.taken.wait_timeout(s, interval()).unwrap_or_else(PoisonError::into_inner).0;
            s.yielding -= 1;
        }
    }
}

impl Default for Gil {
    fn default() -> Self {
        Gil::new()
    }
}

fn this_thread() -> u64 {
    // SAFETY: always allowed.
    unsafe { libc::pthread_self() as u64 }
}

fn must_hang() -> bool {
    let finalizer = FINALIZER.load(Ordering::Relaxed);
    finalizer != 0 && finalizer != this_thread()
}

/// Waits for the end of the process: unwinding would run code of frames that expect the interpreter to be there.
#[cold]
fn hang() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// From now on no thread but the running one gets the lock: the process is being shut down.
pub fn finalize() {
    FINALIZER.store(this_thread(), Ordering::SeqCst);
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
        Thread::set_current(None);
        ts.interp.gil.hand_over(ts);
        attach(ts);
    }
}

/// The interpreter that this lock belongs to is the current thread's.
pub fn held() -> bool {
    Thread::try_current().is_some()
}

/// What is to be done around a fork, by the layers that know.
#[derive(Clone, Copy)]
pub struct ForkHooks {
    /// First of all: takes the locks that must not be somebody else's in the child.
    pub before: fn(),
    /// In the parent: gives them back.
    pub parent: fn(),
    /// In the child: the same, and forgets the threads that are not there.
    pub child: fn(),
}

static FORK_HOOKS: OnceLock<ForkHooks> = OnceLock::new();

/// Says what is to be done around a fork. The first caller wins.
pub fn set_fork_hooks(h: ForkHooks) {
    let _ = FORK_HOOKS.set(h);
}

/// For whoever forks: to be called just before.
pub fn before_fork() {
    if let Some(h) = FORK_HOOKS.get() {
        (h.before)();
    }
}

/// For whoever forked: to be called first in the parent.
pub fn after_fork_parent() {
    if let Some(h) = FORK_HOOKS.get() {
        (h.parent)();
    }
}

/// For whoever forked: to be called first in the child, with the lock held.
pub fn after_fork_child() {
    let ts = Thread::current();
    // The other threads are gone, and with them whoever was waiting for the lock or just looking at it.
    // SAFETY: this is the only thread, and it is outside of the lock's functions.
    unsafe { ts.interp.gil.inner.get().write(Inner::new(true, ts as *const Thread as *mut Thread)) };
    if FINALIZER.load(Ordering::Relaxed) != 0 {
        finalize();
    }
    crate::thread::reset_list_lock();
    ts.eval_breaker.fetch_and(!breaker::GIL_DROP_REQUEST, Ordering::Relaxed);
    if let Some(h) = FORK_HOOKS.get() {
        (h.child)();
    }
}
