//! Thread states, interpreters and the interpreter lock.

use crate::prelude::*;
use std::cell::Cell;
use std::sync::OnceLock;
use taipan_object::{Interp, gil};

static MAIN: OnceLock<&'static Interp> = OnceLock::new();

thread_local! {
    /// The state that this thread last gave the lock up with; where `PyGILState_Ensure` finds it again.
    static LAST: Cell<Option<&'static Thread>> = const { Cell::new(None) };
    /// `PyGILState_Ensure` made this thread's state.
    static MADE_HERE: Cell<bool> = const { Cell::new(false) };
}

/// Remembers the interpreter that threads from C join.
pub fn remember_main() {
    let _ = MAIN.set(Interp::current());
}

fn stack() -> (usize, usize) {
    // SAFETY: asks the thread library about the running thread's stack.
    unsafe {
        let mut attr: libc::pthread_attr_t = std::mem::zeroed();
        let (mut low, mut size) = (std::ptr::null_mut(), 0);
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attr) == 0 {
            let ok = libc::pthread_attr_getstack(&attr, &mut low, &mut size) == 0;
            libc::pthread_attr_destroy(&mut attr);
            if ok {
                return (low as usize, low as usize + size);
            }
        }
    }
    let sp = taipan_object::thread::stack_pointer();
    (sp - (512 << 10), sp)
}

fn new_thread(interp: &'static Interp) -> &'static Thread {
    let ts = Thread::new(interp, stack());
    // SAFETY: asks for the ids of the running thread.
    unsafe {
        ts.thread_id.set(libc::pthread_self() as c_ulong);
        ts.native_thread_id.set(libc::gettid() as c_ulong);
    }
    ts.gilstate_counter.set(0);
    ts
}

fn detach() -> &'static Thread {
    let ts = gil::detach();
    LAST.set(Some(ts));
    ts
}

exports! {
    fn PyEval_SaveThread() -> &'static Thread { detach() }
    fn PyEval_RestoreThread(ts: &'static Thread) {
        // What the caller did without the lock may have left a result in errno.
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        gil::attach(ts);
        // SAFETY: errno of this thread.
        unsafe { *libc::__errno_location() = errno };
    }
    fn PyEval_AcquireThread(ts: &'static Thread) { gil::attach(ts) }
    fn PyEval_ReleaseThread(_ts: &'static Thread) {
        detach();
    }
    fn PyEval_InitThreads() {}
    fn PyEval_ThreadsInitialized() -> c_int { 1 }
    fn PyGILState_Ensure() -> c_int {
        if let Some(ts) = Thread::try_current() {
            ts.gilstate_counter.set(ts.gilstate_counter.get() + 1);
            return 0;
        }
        let ts = match (LAST.get(), MAIN.get()) {
            (Some(ts), _) => ts,
            (None, Some(interp)) => {
                let ts = new_thread(interp);
                LAST.set(Some(ts));
                MADE_HERE.set(true);
                ts
            }
            (None, None) => {
                eprintln!("Fatal Python error: PyGILState_Ensure: the interpreter is not initialized");
                std::process::abort();
            }
        };
        gil::attach(ts);
        ts.gilstate_counter.set(ts.gilstate_counter.get() + 1);
        1
    }
    fn PyGILState_Release(state: c_int) {
        let ts = Thread::current();
        let left = ts.gilstate_counter.get() - 1;
        ts.gilstate_counter.set(left);
        if left == 0 && MADE_HERE.get() {
            // The state was made by the first call in this thread, and goes with the last.
            MADE_HERE.set(false);
            taipan_vm::thread::start::clear_state(ts);
            LAST.set(None);
            ts.unlink();
            gil::detach();
        } else if state == 1 {
            detach();
        }
    }
    fn PyGILState_Check() -> c_int { Thread::try_current().is_some() as c_int }
    fn PyGILState_GetThisThreadState() -> Option<&'static Thread> { Thread::try_current().or_else(|| LAST.get()) }
    fn PyThreadState_Get() -> &'static Thread { Thread::current() }
    fn PyThreadState_GetUnchecked() -> Option<&'static Thread> { Thread::try_current() }
    fn _PyThreadState_UncheckedGet() -> Option<&'static Thread> { Thread::try_current() }
    fn PyThreadState_GetDict() -> Null<'static> {
        let ts = Thread::try_current()?;
        if ts.dict.is_empty() {
            ts.dict.set(Some(Dict::new().into_obj()));
        }
        ts.dict.get()
    }
    fn PyThreadState_GetInterpreter(ts: &'static Thread) -> *const Interp { ts.interp }
    fn PyThreadState_GetID(ts: &'static Thread) -> u64 { ts.id.get() }
    fn PyThreadState_Swap(ts: Option<&'static Thread>) -> Option<&'static Thread> {
        let old = Thread::try_current();
        if old.is_some() {
            gil::detach();
        }
        if let Some(ts) = ts {
            gil::attach(ts);
        }
        old
    }
    fn PyThreadState_New(interp: &'static Interp) -> &'static Thread { new_thread(interp) }
    fn PyThreadState_Clear(ts: &'static Thread) { taipan_vm::thread::start::clear_state(ts) }
    fn PyThreadState_Delete(ts: &'static Thread) {
        if LAST.get().is_some_and(|l| std::ptr::eq(l, ts)) {
            LAST.set(None);
        }
        // SAFETY: the C API's contract: the state is cleared, and nobody uses it.
        unsafe { taipan_vm::thread::start::delete_state(ts) };
    }
    fn PyThreadState_DeleteCurrent() {
        LAST.set(None);
        let ts = Thread::current();
        // Off the list while the lock is held. The memory stays until the process ends, since the lock has to be given up with it.
        ts.unlink();
        gil::detach();
    }
    fn PyThreadState_EnterTracing(ts: &'static Thread) { ts.tracing.set(ts.tracing.get() + 1) }
    fn PyThreadState_LeaveTracing(ts: &'static Thread) { ts.tracing.set(ts.tracing.get() - 1) }
    fn PyInterpreterState_Get() -> *const Interp { Interp::current() }
    fn PyInterpreterState_Main() -> *const Interp { MAIN.get().map_or(std::ptr::null(), |i| *i) }
    fn PyInterpreterState_Head() -> *const Interp { MAIN.get().map_or(std::ptr::null(), |i| *i) }
    fn PyInterpreterState_GetID(interp: &'static Interp) -> i64 { interp.id }
    fn PyInterpreterState_GetDict(interp: &'static Interp) -> Null<'static> {
        let mut state = interp.module_state.borrow_mut();
        let d = state.entry("capi.interpreter_dict").or_insert_with(|| Dict::new().into_obj());
        // SAFETY: borrowed from the interpreter's table, which keeps it.
        Some(unsafe { &*d.as_ptr() })
    }
    fn PyThread_get_thread_ident() -> c_ulong {
        // SAFETY: asks for the running thread's id.
        unsafe { libc::pthread_self() as c_ulong }
    }
    fn PyThread_get_thread_native_id() -> c_ulong {
        // SAFETY: asks for the running thread's id.
        unsafe { libc::gettid() as c_ulong }
    }
}
