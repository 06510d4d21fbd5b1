//! Calls that wait for the main thread, exceptions for other threads, threads that C starts.

use crate::prelude::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};
use taipan_object::Interp;
use taipan_object::thread::breaker;

type Call = unsafe extern "C" fn(*mut c_void) -> c_int;

/// What `Py_AddPendingCall` was given. The pointer goes back to the function only.
struct Pending(Call, *mut c_void);
// SAFETY: the caller hands the pointer over to the main thread.
unsafe impl Send for Pending {}

/// As many as the reference keeps for the main thread.
const MOST: usize = 300;

static QUEUE: Mutex<VecDeque<Pending>> = Mutex::new(VecDeque::new());
/// The main thread's state, whose breaker tells it.
static MAIN: AtomicPtr<Thread> = AtomicPtr::new(std::ptr::null_mut());

/// Declares the running thread the main one.
pub fn remember_main() {
    MAIN.store(Thread::current() as *const Thread as *mut Thread, Ordering::Release);
}

fn tell_main() {
    // SAFETY: the main thread's state lives as long as the process.
    if let Some(ts) = unsafe { MAIN.load(Ordering::Acquire).as_ref() } {
        ts.eval_breaker.fetch_or(breaker::CALLS_TO_DO, Ordering::Release);
    }
}

/// Makes the calls that wait now; those that they add are for the next time. Only the main thread does.
pub fn run() -> PyResult<()> {
    let me = Thread::current() as *const Thread as *mut Thread;
    if MAIN.load(Ordering::Acquire) != me {
        return Ok(());
    }
    let n = QUEUE.lock().unwrap_or_else(PoisonError::into_inner).len();
    for _ in 0..n {
        let next = QUEUE.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(Pending(f, arg)) = next else { break };
        // SAFETY: what `Py_AddPendingCall` was given: a function for this argument.
        if unsafe { f(arg) } < 0 {
            if !QUEUE.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                tell_main();
            }
            return match occurred() {
                Some(e) => Err(e),
                None => bail!(SystemError, "a pending call failed without setting an exception"),
            };
        }
    }
    if !QUEUE.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        tell_main();
    }
    Ok(())
}

/// A function that C wants to run in a thread.
struct Start(unsafe extern "C" fn(*mut c_void), *mut c_void);
// SAFETY: the caller hands the pointer over to the thread.
unsafe impl Send for Start {}

exports! {
    fn Py_AddPendingCall(f: Call, arg: *mut c_void) -> c_int {
        let mut q = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
        if q.len() >= MOST {
            return -1;
        }
        q.push_back(Pending(f, arg));
        drop(q);
        tell_main();
        0
    }
    fn Py_MakePendingCalls() -> c_int {
        status((taipan_object::hooks::get().handle_pending)().and_then(|()| run()))
    }
    fn PyThreadState_SetAsyncExc(id: c_ulong, exc: Null<'_>) -> c_int {
        let mut t = Interp::current().threads.get();
        // SAFETY: linked states are alive, and the lock is held.
        while let Some(ts) = unsafe { t.as_ref() } {
            if ts.thread_id.get() == id {
                let old = ts.async_exc.replace(exc.map(|e| e.to_obj()));
                if exc.is_some() {
                    ts.eval_breaker.fetch_or(breaker::ASYNC_EXCEPTION, Ordering::Release);
                }
                drop(old);
                return 1;
            }
            t = ts.next.get();
        }
        0
    }
    fn PyThreadState_Next(ts: &Thread) -> *mut Thread { ts.next.get() }
    fn PyInterpreterState_ThreadHead(i: &'static Interp) -> *mut Thread { i.threads.get() }
    fn PyThread_init_thread() {}
    fn PyThread_start_new_thread(f: unsafe extern "C" fn(*mut c_void), arg: *mut c_void) -> c_ulong {
        use std::os::unix::thread::JoinHandleExt;
        let start = Start(f, arg);
        let run = move || {
            let Start(f, arg) = { start };
            // SAFETY: what the caller gave: a function for this argument.
            unsafe { f(arg) }
        };
        match std::thread::Builder::new().stack_size(8 << 20).spawn(run) {
            Ok(t) => t.as_pthread_t() as c_ulong,
            Err(_) => c_ulong::MAX,
        }
    }
    fn PyThread_get_stacksize() -> usize { taipan_vm::thread::start::STACK_SIZE.load(Ordering::Relaxed) }
    fn PyThread_set_stacksize(n: usize) -> c_int {
        if n != 0 && n < 256 << 10 {
            return -1;
        }
        taipan_vm::thread::start::STACK_SIZE.store(n, Ordering::Relaxed);
        0
    }
    fn PyThread_GetInfo() -> PyResult {
        match taipan_vm::sys::get("thread_info")? {
            Some(i) => Ok(i),
            None => bail!(RuntimeError, "lost sys.thread_info"),
        }
    }
}
