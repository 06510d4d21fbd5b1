//! Threads: the module `_thread`.
//!
//! - `futex.rs`: waiting; `lock.rs`: locks; `timeout.rs`: timeouts
//! - `handle.rs`: what joins a thread; `start.rs`: a thread's beginning and end; `local.rs`: thread-local attributes
//!
//! Every thread is one of the OS; they take turns by the interpreter lock (`taipan_object::gil`).

pub mod futex;
pub mod handle;
pub mod local;
pub mod lock;
pub mod start;
pub mod timeout;

pub use start::{after_fork_child, stack_bounds};

use handle::{Shared, ThreadHandle};
use std::ffi::{c_int, c_ulong};
use std::sync::atomic::{AtomicU64, Ordering};
use taipan_object::args::Given;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::structseq::StructSeq;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Object, PyResult, Ref, Thread, Type, bail, function, intern, methods};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_thread",
    doc: "Threads and locks, as the operating system has them. Programs use the module threading.",
    methods: methods![
        start_new_thread,
        start_new,
        start_joinable_thread,
        daemon_threads_allowed,
        allocate_lock,
        allocate,
        exit_thread,
        exit,
        interrupt_main,
        get_ident,
        get_native_id,
        count,
        stack_size,
        excepthook,
        is_main_interpreter,
        shutdown,
        make_thread_handle,
        get_main_thread_ident,
        set_name,
        get_name
    ],
    exec,
};

/// All types of this module.
pub static TYPES: &[&Type] = &[&lock::Lock_Type, &lock::RLock_Type, &local::Local_Type, &handle::ThreadHandle_Type];

static MAIN: AtomicU64 = AtomicU64::new(0);

/// `pthread_self()`.
#[inline]
pub fn ident() -> c_ulong {
    // SAFETY: always allowed.
    unsafe { libc::pthread_self() as c_ulong }
}

/// The kernel's number of the thread.
pub fn native_id() -> c_ulong {
    // SAFETY: always allowed.
    unsafe { libc::gettid() as c_ulong }
}

/// Declares the running thread the main one: at start-up, and in a forked child.
pub fn set_main_thread() {
    MAIN.store(ident(), Ordering::Relaxed);
}

/// Whether the running thread is the main one.
pub fn is_main_thread() -> bool {
    MAIN.load(Ordering::Relaxed) == ident()
}

fn exec(m: &Module) -> PyResult<()> {
    if MAIN.load(Ordering::Relaxed) == 0 {
        set_main_thread();
    }
    taipan_object::gil::set_fork_hooks(taipan_object::gil::ForkHooks {
        before: crate::import::imp::before_fork,
        parent: crate::import::imp::after_fork_parent,
        // SAFETY: called in a child that has just been forked.
        child: || unsafe { after_fork_child() },
    });
    let ts = Thread::current();
    if ts.thread_id.get() == 0 {
        ts.thread_id.set(ident());
        ts.native_thread_id.set(native_id());
    }
    for ty in TYPES {
        m.add_type(ty)?;
    }
    m.add("LockType", lock::Lock_Type.as_object())?;
    m.add("error", exceptions::RuntimeError.as_object())?;
    m.add("TIMEOUT_MAX", &Float::new(timeout::MAX_SECONDS))?;
    m.add_int("_NAME_MAXLEN", 15)?;
    let fields = [
        ("exc_type", "Exception type"),
        ("exc_value", "Exception value"),
        ("exc_traceback", "Exception traceback"),
        ("thread", "The thread"),
    ];
    let args = StructSeq::new_type("_thread._ExceptHookArgs", "What threading.excepthook() is given.", &fields, 4)?;
    Interp::current().module_state.borrow_mut().insert("_thread._ExceptHookArgs", args.clone());
    m.add("_ExceptHookArgs", &args)
}

fn start_plain(function: &Object, args: &Object, kwargs: Given<&Object>) -> PyResult<u64> {
    if !function.is_callable() {
        bail!(TypeError, "first arg must be callable");
    }
    if args.downcast::<Tuple>().is_none() {
        bail!(TypeError, "2nd arg must be a tuple");
    }
    if kwargs.0.is_some_and(|k| k.downcast::<Dict>().is_none()) {
        bail!(TypeError, "optional 3rd arg must be a dictionary");
    }
    let hooks = taipan_object::hooks::get();
    if (hooks.auditing)() {
        (hooks.audit)("_thread.start_new_thread", &Tuple::new(&[function, args, kwargs.0.unwrap_or(none())]))?;
    }
    let shared = Shared::create();
    start::start(function, args, kwargs.0, &shared, true)?;
    // Nobody joins it.
    drop(shared.os_thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
    Ok(shared.ident.load(Ordering::Relaxed))
}

/// Call a function in a new thread, and return the thread's identifier. Nobody can wait for its end.
#[function(signature = "(function, args, kwargs={}, /)")]
fn start_new_thread(function: &Object, args: &Object, kwargs: Given<&Object>) -> PyResult<u64> {
    start_plain(function, args, kwargs)
}
/// An old name of start_new_thread().
#[function(signature = "(function, args, kwargs={}, /)")]
fn start_new(function: &Object, args: &Object, kwargs: Given<&Object>) -> PyResult<u64> {
    start_plain(function, args, kwargs)
}

/// Call a function in a new thread, and return the handle that joins it. Threads that are no daemons are waited for at exit.
#[function(signature = "(function, handle=None, daemon=True)")]
fn start_joinable_thread(function: &Object, handle: Option<&Object>, daemon: Given<bool>) -> PyResult {
    if !function.is_callable() {
        bail!(TypeError, "thread function must be callable");
    }
    let given = handle.unwrap_or(none());
    let handle: Ref<ThreadHandle> = match handle {
        None => ThreadHandle::create(),
        Some(h) => match h.downcast_exact::<ThreadHandle>() {
            Some(h) => Ref::from_borrowed(h),
            None => bail!(TypeError, "'handle' must be a _ThreadHandle"),
        },
    };
    let daemon = daemon.0.unwrap_or(true);
    let hooks = taipan_object::hooks::get();
    if (hooks.auditing)() {
        let daemon = taipan_object::types::int::Int::from_i64(daemon.into());
        (hooks.audit)("_thread.start_joinable_thread", &Tuple::new(&[function, &daemon, given]))?;
    }
    start::start(function, &Tuple::empty(), None, &handle.shared(), daemon)?;
    Ok(handle.into_obj())
}

/// Return whether this interpreter may have daemon threads.
#[function(signature = "()")]
fn daemon_threads_allowed() -> bool {
    !Interp::current().module_state.borrow().contains_key("interpreter.no_daemon_threads")
}

/// Return a new lock.
#[function(signature = "()")]
fn allocate_lock() -> Ref<lock::Lock> {
    lock::Lock::create()
}
/// An old name of allocate_lock().
#[function(signature = "()")]
fn allocate() -> Ref<lock::Lock> {
    lock::Lock::create()
}

/// End the thread by raising SystemExit.
#[function(signature = "()")]
fn exit() -> PyResult {
    Err(taipan_object::error::raise_empty(exceptions::SystemExit))
}
/// An old name of exit().
#[function(signature = "()")]
fn exit_thread() -> PyResult {
    exit()
}

/// How a signal is noted as if it had arrived; set by the module that has the handlers.
pub static SIMULATE_SIGNAL: std::sync::OnceLock<fn(c_int) -> PyResult<()>> = std::sync::OnceLock::new();

/// Let the main thread see a signal, as if it had arrived. Nothing happens if the signal is ignored or left to the system.
#[function(signature = "(signum=signal.SIGINT, /)")]
fn interrupt_main(signum: Given<c_int>) -> PyResult<()> {
    let n = signum.0.unwrap_or(libc::SIGINT);
    if !(1..=64).contains(&n) {
        bail!(ValueError, "signal number out of range");
    }
    if let Some(f) = SIMULATE_SIGNAL.get() {
        return f(n);
    }
    // SAFETY: asks for the disposition only; the signal goes to a live thread whose handler, being ours, only makes a note.
    unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        let known = libc::sigaction(n, std::ptr::null(), &mut old) == 0;
        if known && old.sa_sigaction != libc::SIG_DFL && old.sa_sigaction != libc::SIG_IGN {
            libc::pthread_kill(MAIN.load(Ordering::Relaxed) as libc::pthread_t, n);
        }
    }
    Ok(())
}

/// Return a number that identifies the running thread among those alive.
#[function(signature = "()")]
fn get_ident() -> u64 {
    ident()
}

/// Return the kernel's number of the running thread.
#[function(signature = "()")]
fn get_native_id() -> u64 {
    native_id()
}

/// Return the number of running threads that were started here.
#[function(signature = "()", name = "_count")]
fn count() -> usize {
    start::RUNNING.load(Ordering::Relaxed)
}

/// Return the stack size of new threads, 0 for the usual one, and set it if an argument is given.
#[function(signature = "(size=0, /)")]
fn stack_size(size: Given<isize>) -> PyResult<usize> {
    // The smallest stack on which Python code can run: our margin, and some frames.
    const LEAST: usize = 256 * 1024;
    let old = start::STACK_SIZE.load(Ordering::Relaxed);
    if let Some(n) = size.0 {
        if n != 0 && n < LEAST as isize {
            bail!(ValueError, "size must be at least {LEAST} bytes");
        }
        start::STACK_SIZE.store(n as usize, Ordering::Relaxed);
    }
    Ok(old)
}

/// Print an exception that a thread did not handle.
#[function(signature = "(args, /)", name = "_excepthook")]
fn excepthook(args: &Object) -> PyResult<()> {
    let ty = Interp::current().module_state.borrow().get("_thread._ExceptHookArgs").cloned();
    if ty.is_none_or(|t| !t.is(args.ty().as_object())) {
        bail!(TypeError, "_thread.excepthook argument type must be ExceptHookArgs");
    }
    let item = |i: isize| args.sequence_item(i);
    let (exc_type, exc, tb, thread) = (item(0)?, item(1)?, item(2)?, item(3)?);
    if exc_type.is(exceptions::SystemExit.as_object()) {
        return Ok(());
    }
    let mut file = crate::sys::get("stderr")?.filter(|f| !f.is_none());
    if file.is_none() {
        if thread.is_none() {
            return Ok(());
        }
        file = thread.get_attr_opt(intern!("_stderr"))?.filter(|f| !f.is_none());
    }
    let Some(file) = file else { return Ok(()) };
    let name = if thread.is_none() { None } else { thread.get_attr_opt(intern!("_name"))? };
    let name = match name {
        Some(n) => n.str()?.to_utf8_lossy().into_owned(),
        None => ident().to_string(),
    };
    file.call_method(intern!("write"), &[&Str::from_utf8(&format!("Exception in thread {name}:\n"))])?;
    if !tb.is_none()
        && exc.downcast::<exceptions::BaseException>().is_some()
        && crate::support::exception_traceback(&exc).is_none()
    {
        crate::support::set_traceback(&exc, Some(tb));
    }
    let traceback = crate::import::import("traceback")?;
    traceback.call_method(intern!("_print_exception_bltin"), &[&exc])?;
    file.call_method(intern!("flush"), &[])?;
    Ok(())
}

/// Return whether this is the main interpreter.
#[function(signature = "()", name = "_is_main_interpreter")]
fn is_main_interpreter() -> bool {
    Interp::current().id == 0
}

/// Wait for all threads that are no daemons.
#[function(signature = "()", name = "_shutdown")]
fn shutdown() {
    start::shutdown();
}

/// Return a handle for a thread that was started elsewhere.
#[function(signature = "(ident, /)", name = "_make_thread_handle")]
fn make_thread_handle(ident: &Object) -> PyResult<Ref<ThreadHandle>> {
    if ident.downcast::<taipan_object::types::int::Int>().is_none() {
        bail!(TypeError, "ident must be an integer");
    }
    Ok(ThreadHandle::of_running(ident.as_u64()?))
}

/// Return the identifier of the main thread.
#[function(signature = "()", name = "_get_main_thread_ident")]
fn get_main_thread_ident() -> u64 {
    MAIN.load(Ordering::Relaxed)
}

/// Give the running thread a name that the system shows.
#[function(signature = "(name)")]
fn set_name(name: &Str) -> PyResult<()> {
    let text = name.to_utf8_lossy();
    // The system's limit is one of bytes: a character may be cut.
    let bytes: Vec<u8> = text.bytes().take_while(|b| *b != 0).take(15).collect();
    let Ok(c) = std::ffi::CString::new(bytes) else { return Ok(()) };
    // SAFETY: a C string of at most 15 bytes.
    let r = unsafe { libc::pthread_setname_np(libc::pthread_self(), c.as_ptr()) };
    if r != 0 { Err(exceptions::from_errno(r)) } else { Ok(()) }
}

/// Return the name that the system has for the running thread.
#[function(signature = "()", name = "_get_name")]
fn get_name() -> PyResult<Ref<Str>> {
    let mut buf = [0u8; 64];
    // SAFETY: the buffer is as long as said.
    let r = unsafe { libc::pthread_getname_np(libc::pthread_self(), buf.as_mut_ptr().cast(), buf.len()) };
    if r != 0 {
        return Err(exceptions::from_errno(r));
    }
    let end = buf.iter().position(|b| *b == 0).unwrap_or(buf.len());
    Ok(taipan_object::codecs::text::fs_decode(&buf[..end]))
}
