//! Starting threads, and what happens at their end.

use super::handle::{Shared, Stage};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use taipan_object::types::exceptions;
use taipan_object::{Interp, Obj, Object, PyResult, Thread, bail, gil};

/// The stack of new threads; 0 is the system's usual size.
pub static STACK_SIZE: AtomicUsize = AtomicUsize::new(0);
/// How many threads started here are running.
pub static RUNNING: AtomicUsize = AtomicUsize::new(0);
/// The threads that `_shutdown` waits for, of all interpreters.
static JOINED_AT_EXIT: Mutex<Vec<Arc<Shared>>> = Mutex::new(Vec::new());

/// Everything that was ever started and may still be referred to, for a forked child.
static STARTED: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// Notes a thread that runs or is about to, and forgets those that nobody refers to any more.
pub fn note(s: &Arc<Shared>) {
    let mut all = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() == all.capacity() {
        all.retain(|w| w.strong_count() > 0);
    }
    all.push(Arc::downgrade(s));
}

fn all_started() -> Vec<Arc<Shared>> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
}

fn joined_at_exit() -> std::sync::MutexGuard<'static, Vec<Arc<Shared>>> {
    JOINED_AT_EXIT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The size of new threads' stacks when nobody has asked for one: the limit of the process.
fn usual_stack_size() -> usize {
    let mut l = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills the struct in.
    let ok = unsafe { libc::getrlimit(libc::RLIMIT_STACK, &mut l) } == 0;
    let size = if ok && l.rlim_cur != libc::RLIM_INFINITY { l.rlim_cur as usize } else { 0 };
    if (1 << 20..1 << 30).contains(&size) { size } else { 8 << 20 }
}

/// The native stack of the running thread, as (lowest address, highest address).
pub fn stack_bounds() -> (usize, usize) {
    // SAFETY: the attributes are initialised by the first call and destroyed afterwards.
    unsafe {
        let mut attr: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attr) != 0 {
            return fallback_bounds();
        }
        let (mut low, mut size, mut guard) = (std::ptr::null_mut(), 0usize, 0usize);
        let ok = libc::pthread_attr_getstack(&attr, &mut low, &mut size) == 0;
        libc::pthread_attr_getguardsize(&attr, &mut guard);
        libc::pthread_attr_destroy(&mut attr);
        if !ok || size == 0 {
            return fallback_bounds();
        }
        (low as usize + guard, low as usize + size)
    }
}

/// A careful guess: a megabyte below here.
fn fallback_bounds() -> (usize, usize) {
    let here = taipan_object::thread::stack_pointer();
    (here.saturating_sub(1 << 20), here)
}

/// What a new thread is given. The references are handed over under the interpreter lock.
struct Boot {
    ts: &'static Thread,
    function: Obj,
    args: Obj,
    kwargs: Option<Obj>,
    shared: Arc<Shared>,
}
// SAFETY: the objects are touched only while the new thread holds the interpreter lock.
unsafe impl Send for Boot {}

/// Starts `function(*args, **kwargs)` in a thread of its own.
pub fn start(
    function: &Object,
    args: &Object,
    kwargs: Option<&Object>,
    shared: &Arc<Shared>,
    daemon: bool,
) -> PyResult<()> {
    if crate::sys::state::FINALIZING.load(Ordering::Relaxed) {
        bail!(PythonFinalizationError, "can't create new thread at interpreter shutdown");
    }
    let may_not = |what| Thread::current().interp.module_state.borrow().contains_key(what);
    if may_not("interpreter.no_threads") {
        bail!(RuntimeError, "thread is not supported for isolated subinterpreters");
    }
    if daemon && may_not("interpreter.no_daemon_threads") {
        bail!(RuntimeError, "daemon threads are not supported in this interpreter");
    }
    if shared.stage() != Stage::NotStarted {
        bail!(RuntimeError, "thread already started");
    }
    shared.set_stage(Stage::Starting);
    note(shared);
    let interp = Thread::current().interp;
    // The bounds of the stack are set by the thread itself.
    let ts = Thread::new(interp, (0, usize::MAX));
    let boot = Boot {
        ts,
        function: function.to_obj(),
        args: args.to_obj(),
        kwargs: kwargs.map(|k| k.to_obj()),
        shared: shared.clone(),
    };
    let size = match STACK_SIZE.load(Ordering::Relaxed) {
        0 => usual_stack_size(),
        n => n,
    };
    if !daemon {
        joined_at_exit().push(shared.clone());
    }
    RUNNING.fetch_add(1, Ordering::Relaxed);
    // The thread takes the interpreter lock first, so that all below is done before it runs.
    match std::thread::Builder::new().stack_size(size).spawn(move || run(boot)) {
        Ok(os) => {
            use std::os::unix::thread::JoinHandleExt;
            shared.ident.store(os.as_pthread_t(), Ordering::Relaxed);
            *shared.os_thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(os);
            shared.set_stage(Stage::Running);
            Ok(())
        }
        Err(_) => {
            RUNNING.fetch_sub(1, Ordering::Relaxed);
            joined_at_exit().retain(|s| !Arc::ptr_eq(s, shared));
            shared.set_stage(Stage::NotStarted);
            // SAFETY: nothing ever ran on this state.
            unsafe { delete_state(ts) };
            bail!(RuntimeError, "can't start new thread")
        }
    }
}

/// The body of a new OS thread.
fn run(boot: Boot) {
    let Boot { ts, function, args, kwargs, shared } = boot;
    let (low, high) = stack_bounds();
    ts.stack_soft_limit.set(low + 2 * taipan_object::thread::STACK_MARGIN);
    ts.stack_top.set(high);
    ts.thread_id.set(super::ident());
    ts.native_thread_id.set(super::native_id());
    gil::attach(ts);
    if let Err(e) = function.call_tuple(&args, kwargs.as_deref()) {
        if e.matches(exceptions::SystemExit) {
            e.clear();
        } else {
            report(e, &function);
        }
    }
    drop((function, args, kwargs));
    super::local::forget_thread(ts);
    clear_state(ts);
    RUNNING.fetch_sub(1, Ordering::Relaxed);
    joined_at_exit().retain(|s| !Arc::ptr_eq(s, &shared));
    ts.unlink();
    gil::detach();
    // SAFETY: unlinked and detached: nobody knows the state any more.
    unsafe { free_state(ts) };
    shared.exiting.set();
}

/// Shows an exception that a thread did not handle.
fn report(e: taipan_object::Raised, function: &Object) {
    let shown = e.take();
    let text = match function.repr() {
        Ok(r) => format!("Exception ignored in thread started by {}", r.to_utf8_lossy()),
        Err(e) => {
            e.clear();
            "Exception ignored in thread started by <object repr() failed>".to_owned()
        }
    };
    crate::sys::hooks::report_unraisable(shown, Some(&text), None);
}

/// Drops what a thread's state holds of Python. What that runs still has the state.
pub fn clear_state(ts: &Thread) {
    for cell in [
        &ts.dict,
        &ts.async_exc,
        &ts.current_exception,
        &ts.exc_state.exc_value,
        &ts.c_profileobj,
        &ts.c_traceobj,
        &ts.async_gen_firstiter,
        &ts.async_gen_finalizer,
        &ts.context,
        &ts.asyncio_running_loop,
        &ts.asyncio_running_task,
        &ts.threading_local_key,
        &ts.threading_local_sentinel,
    ] {
        cell.set(None);
    }
    ts.c_profilefunc.set(std::ptr::null());
    ts.c_tracefunc.set(std::ptr::null());
}

/// # Safety
/// The state is unlinked, holds nothing of Python, and is current in no thread.
unsafe fn free_state(ts: &'static Thread) {
    // SAFETY: the caller's promise; `Thread::new` made it as a box.
    unsafe {
        crate::frame::datastack::free_all(ts);
        ts.free_lists.clear();
        drop(Box::from_raw(ts as *const Thread as *mut Thread));
    }
}

/// Ends a state that never was, or no longer is, a thread's.
///
/// # Safety
/// Nobody uses the state, it is current in no thread, and it is linked.
pub unsafe fn delete_state(ts: &'static Thread) {
    clear_state(ts);
    ts.unlink();
    // SAFETY: the caller's promise.
    unsafe { free_state(ts) };
}

/// Runs `f` in another interpreter, with a state of its own for this thread. `f` lets no object out.
pub fn run_in<R>(interp: &'static Interp, f: impl FnOnce() -> R) -> R {
    let mine = Thread::current();
    let ts = Thread::new(interp, (0, 0));
    ts.stack_soft_limit.set(mine.stack_soft_limit.get());
    ts.stack_top.set(mine.stack_top.get());
    ts.thread_id.set(super::ident());
    ts.native_thread_id.set(super::native_id());
    gil::detach();
    gil::attach(ts);
    let r = f();
    super::local::forget_thread(ts);
    clear_state(ts);
    ts.unlink();
    gil::detach();
    // SAFETY: unlinked and detached: nobody knows the state any more.
    unsafe { free_state(ts) };
    gil::attach(mine);
    r
}

/// Waits for all threads that are not daemons.
pub fn shutdown() {
    let me = super::ident();
    loop {
        let here = Thread::current().interp.id;
        let next = joined_at_exit().iter().find(|s| s.interp == here && s.ident.load(Ordering::Relaxed) != me).cloned();
        let Some(s) = next else { return };
        // A handler that raises (Ctrl-C) ends the waiting for all.
        if let Err(e) = s.join(-1) {
            let text = "Exception ignored while joining a thread in _thread._shutdown()";
            crate::sys::hooks::report_unraisable(e.take(), Some(text), None);
            return;
        }
        joined_at_exit().retain(|x| !Arc::ptr_eq(x, &s));
    }
}

/// In a forked child: the other threads do not exist.
///
/// # Safety
/// The process has just been forked, and only this thread runs.
pub unsafe fn after_fork_child() {
    let me = Thread::current();
    super::set_main_thread();
    me.thread_id.set(super::ident());
    me.native_thread_id.set(super::native_id());
    // The loop that this thread was in belongs to the parent.
    me.asyncio_running_loop.set(None);
    me.asyncio_running_task.set(None);
    let mine = super::ident();
    joined_at_exit().retain(|s| s.ident.load(Ordering::Relaxed) == mine);
    for s in all_started() {
        // A thread that has not been started yet can still be.
        if s.ident.load(Ordering::Relaxed) != mine && s.stage() != Stage::NotStarted {
            // Neither waited for nor detached: the OS does not know it.
            std::mem::forget(s.os_thread.lock().unwrap_or_else(PoisonError::into_inner).take());
            s.set_stage(Stage::Done);
            s.exiting.set();
        }
    }
    RUNNING.store(0, Ordering::Relaxed);
    let mut t = me.interp.threads.get();
    // SAFETY: linked states are alive; those of other threads will never run again, so that nothing uses them. Their memory stays: frames of
    // theirs may still hold objects that finalisers must not see.
    while let Some(s) = unsafe { t.as_ref() } {
        t = s.next.get();
        if !std::ptr::eq(s, me) {
            s.unlink();
        }
    }
    crate::import::imp::after_fork_child();
}
