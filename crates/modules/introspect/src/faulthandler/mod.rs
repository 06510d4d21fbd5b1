//! The module `faulthandler`: tracebacks when the process crashes, hangs, or is asked for them by a signal.
//!
//! - `dump.rs`: writing tracebacks; `later.rs`: after a time

pub mod dump;
pub mod later;

use dump::{Out, state_of_running_thread};
use std::ffi::c_int;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering};
use taipan_object::args::Given;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{Interp, Obj, Object, PyResult, Thread, bail, function, intern, methods};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "faulthandler",
    doc: "Tracebacks of all threads on crashes, after a time, or on a signal.",
    methods: methods![
        enable,
        disable,
        is_enabled,
        dump_traceback,
        dump_c_stack,
        dump_traceback_later,
        cancel_dump_traceback_later,
        register,
        unregister,
        read_null,
        sigsegv,
        sigabrt,
        sigfpe,
        fatal_error_c_thread,
        stack_overflow
    ],
    exec,
};

fn exec(_: &Module) -> PyResult<()> {
    Ok(())
}

/// Signals that mean a crash, and what they are called.
const FATAL: [(c_int, &str); 5] = [
    (libc::SIGBUS, "Bus error"),
    (libc::SIGILL, "Illegal instruction"),
    (libc::SIGFPE, "Floating-point exception"),
    (libc::SIGABRT, "Aborted"),
    (libc::SIGSEGV, "Segmentation fault"),
];
const SIGNALS: usize = 65;

/// What the handlers read: set before they are installed.
static INTERP: AtomicPtr<Interp> = AtomicPtr::new(std::ptr::null_mut());
static FATAL_FD: AtomicI32 = AtomicI32::new(-1);
static FATAL_ALL: AtomicBool = AtomicBool::new(true);
static FATAL_C_STACK: AtomicBool = AtomicBool::new(true);

/// A signal for which `register` was called.
struct User {
    fd: AtomicI32,
    all_threads: AtomicBool,
    chain: AtomicBool,
}
static USERS: [User; SIGNALS] =
    [const { User { fd: AtomicI32::new(-1), all_threads: AtomicBool::new(true), chain: AtomicBool::new(false) } };
        SIGNALS];

/// Dispositions to be put back, and files kept open.
struct Saved {
    fatal: Vec<(c_int, libc::sigaction)>,
    users: Vec<(c_int, libc::sigaction)>,
}
static SAVED: Mutex<Saved> = Mutex::new(Saved { fatal: Vec::new(), users: Vec::new() });

fn saved() -> std::sync::MutexGuard<'static, Saved> {
    SAVED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note_interpreter() {
    INTERP.store(Interp::current() as *const Interp as *mut Interp, Ordering::Relaxed);
}

/// The descriptor of a file argument, and the object to keep alive.
fn descriptor(file: Option<&Object>) -> PyResult<(c_int, Option<Obj>)> {
    let file = match file {
        Some(f) => f.to_obj(),
        None => match taipan_vm::sys::get("stderr")? {
            None => bail!(RuntimeError, "unable to get sys.stderr"),
            Some(f) if f.is_none() => bail!(RuntimeError, "sys.stderr is None"),
            Some(f) => f,
        },
    };
    if let Some(i) = file.downcast::<Int>() {
        let fd = i.to_i32().filter(|n| *n >= 0);
        return match fd {
            Some(fd) => Ok((fd, None)),
            None => bail!(ValueError, "file is not a valid file descriptor"),
        };
    }
    let fd = file.call_method(intern!("fileno"), &[])?;
    let fd = match fd.downcast::<Int>().and_then(|i| i.to_i32()) {
        Some(fd) if fd >= 0 => fd,
        _ => bail!(RuntimeError, "file.fileno() is not a valid file descriptor"),
    };
    if let Err(e) = file.call_method(intern!("flush"), &[]) {
        e.clear();
    }
    Ok((fd, Some(file)))
}

/// Keeps a file open as long as a handler writes to it.
fn keep(name: &'static str, file: Option<Obj>) {
    let mut state = Interp::current().module_state.borrow_mut();
    let old = match file {
        Some(f) => state.insert(name, f),
        None => state.remove(name),
    };
    drop(state);
    drop(old);
}

fn dump_all(out: &mut Out, all_threads: bool) {
    // SAFETY: interpreters live as long as the process.
    let Some(interp) = (unsafe { INTERP.load(Ordering::Relaxed).as_ref() }) else { return };
    let current = state_of_running_thread(interp);
    if all_threads {
        out.threads(interp, current);
    } else if let Some(ts) = current {
        out.text("Stack (most recent call first):\n");
        out.frames(ts);
    }
}

extern "C" fn fatal_handler(signum: c_int) {
    // SAFETY: errno of this thread.
    let errno = unsafe { *libc::__errno_location() };
    // A second crash in here must end the process.
    restore_default(signum);
    let mut out = Out::new(FATAL_FD.load(Ordering::Relaxed));
    out.text("Fatal Python error: ");
    out.text(FATAL.iter().find(|f| f.0 == signum).map_or("signal", |f| f.1));
    out.text("\n\n");
    out.flush();
    dump_all(&mut out, FATAL_ALL.load(Ordering::Relaxed));
    out.flush();
    if FATAL_C_STACK.load(Ordering::Relaxed) {
        out.text("\n");
        out.native_stack();
        out.flush();
    }
    // SAFETY: raises the signal again under its default disposition.
    unsafe {
        *libc::__errno_location() = errno;
        libc::raise(signum);
    }
}

fn restore_default(signum: c_int) {
    // SAFETY: a zeroed action is the default one.
    unsafe {
        let action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signum, &action, std::ptr::null_mut());
    }
}

extern "C" fn user_handler(signum: c_int) {
    let Some(user) = USERS.get(signum as usize) else { return };
    // SAFETY: errno of this thread.
    let errno = unsafe { *libc::__errno_location() };
    let mut out = Out::new(user.fd.load(Ordering::Relaxed));
    dump_all(&mut out, user.all_threads.load(Ordering::Relaxed));
    out.flush();
    // SAFETY: errno of this thread.
    unsafe { *libc::__errno_location() = errno };
    if user.chain.load(Ordering::Relaxed) {
        chain(signum);
    }
}

/// Calls the handler that was there before: by letting it have the signal once.
fn chain(signum: c_int) {
    // The lock is not taken in a handler unless it is free: it is held only while handlers change.
    let Ok(saved) = SAVED.try_lock() else { return };
    let Some((_, old)) = saved.users.iter().find(|u| u.0 == signum) else { return };
    // SAFETY: dispositions come from `sigaction`; the signal is unblocked by SA_NODEFER.
    unsafe {
        let mut mine: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signum, old, &mut mine);
        libc::raise(signum);
        libc::sigaction(signum, &mine, std::ptr::null_mut());
    }
}

fn install(signum: c_int, handler: extern "C" fn(c_int), extra: c_int) -> Result<libc::sigaction, std::io::Error> {
    // SAFETY: the handlers above only do what a handler may.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_ONSTACK | extra;
        libc::sigemptyset(&mut action.sa_mask);
        let mut old: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(signum, &action, &mut old) != 0 {
            return Err(std::io::Error::last_os_error());
        }
        Ok(old)
    }
}

/// Show tracebacks when the process crashes.
#[function(
    signature = "(file=sys.stderr, all_threads=True, c_stack=True)",
    shown = "(file=sys.stderr, all_threads=True)"
)]
fn enable(file: Option<&Object>, all_threads: Given<bool>, c_stack: Given<bool>) -> PyResult<()> {
    let (fd, keep_alive) = descriptor(file)?;
    keep("faulthandler.fatal", keep_alive);
    note_interpreter();
    FATAL_FD.store(fd, Ordering::Relaxed);
    FATAL_ALL.store(all_threads.0.unwrap_or(true), Ordering::Relaxed);
    FATAL_C_STACK.store(c_stack.0.unwrap_or(true), Ordering::Relaxed);
    let mut s = saved();
    if s.fatal.is_empty() {
        for (signum, _) in FATAL {
            match install(signum, fatal_handler, libc::SA_NODEFER) {
                Ok(old) => s.fatal.push((signum, old)),
                Err(e) => return Err(taipan_object::types::exceptions::from_io(&e)),
            }
        }
    }
    Ok(())
}

/// Do as `faulthandler.enable()` at start-up (`-X faulthandler`), for standard error.
pub fn enable_at_start() -> PyResult<()> {
    let fd = Int::from_i64(libc::STDERR_FILENO as i64);
    enable(Some(&fd), Given(None), Given(None))
}

/// Put the handlers of crashes back; return whether they were installed.
#[function(signature = "()")]
fn disable() -> bool {
    let old = std::mem::take(&mut saved().fatal);
    let enabled = !old.is_empty();
    for (signum, action) in old {
        // SAFETY: the disposition came from `sigaction`.
        unsafe { libc::sigaction(signum, &action, std::ptr::null_mut()) };
    }
    keep("faulthandler.fatal", None);
    enabled
}

/// Return whether tracebacks are shown on crashes.
#[function(signature = "()")]
fn is_enabled() -> bool {
    !saved().fatal.is_empty()
}

/// Write the traceback of this thread, or of all, to a file.
#[function(signature = "(file=sys.stderr, all_threads=True)")]
fn dump_traceback(file: Option<&Object>, all_threads: Given<bool>) -> PyResult<()> {
    let (fd, _keep_alive) = descriptor(file)?;
    let ts = Thread::current();
    let mut out = Out::new(fd);
    if all_threads.0.unwrap_or(true) {
        out.threads(ts.interp, Some(ts));
    } else {
        out.text("Stack (most recent call first):\n");
        out.frames(ts);
    }
    out.flush();
    Ok(())
}

/// Write the native stack of this thread to a file.
#[function(signature = "(file=sys.stderr)")]
fn dump_c_stack(file: Option<&Object>) -> PyResult<()> {
    let (fd, _keep_alive) = descriptor(file)?;
    let mut out = Out::new(fd);
    out.native_stack();
    out.flush();
    Ok(())
}

/// Write the tracebacks of all threads after some seconds, once or again and again, and perhaps end the process.
#[function(signature = "(timeout, repeat=False, file=sys.stderr, exit=False)")]
fn dump_traceback_later(
    timeout: &Object,
    repeat: Given<bool>,
    file: Option<&Object>,
    exit: Given<bool>,
) -> PyResult<()> {
    let ns = taipan_vm::thread::timeout::nanoseconds(timeout)?;
    if ns <= 0 {
        bail!(ValueError, "timeout must be greater than 0");
    }
    let (fd, keep_alive) = descriptor(file)?;
    note_interpreter();
    later::cancel();
    keep("faulthandler.later", keep_alive);
    later::start(ns as u64, repeat.0.unwrap_or(false), fd, exit.0.unwrap_or(false), |fd| {
        let mut out = Out::new(fd);
        // SAFETY: interpreters live as long as the process.
        if let Some(interp) = unsafe { INTERP.load(Ordering::Relaxed).as_ref() } {
            out.threads(interp, None);
        }
        out.flush();
    })
}

/// Call a dump_traceback_later() off.
#[function(signature = "()")]
fn cancel_dump_traceback_later() {
    later::cancel();
    keep("faulthandler.later", None);
}

fn check_signal(signum: c_int) -> PyResult<()> {
    if FATAL.iter().any(|f| f.0 == signum) {
        bail!(RuntimeError, "signal {signum} cannot be registered, use enable() instead");
    }
    if !(1..SIGNALS as c_int).contains(&signum) {
        bail!(ValueError, "signal number out of range");
    }
    Ok(())
}

/// Write tracebacks to a file whenever a signal arrives.
#[function(signature = "(signum, file=sys.stderr, all_threads=True, chain=False)")]
fn register(signum: c_int, file: Option<&Object>, all_threads: Given<bool>, chain: Given<bool>) -> PyResult<()> {
    check_signal(signum)?;
    let (fd, keep_alive) = descriptor(file)?;
    note_interpreter();
    let user = &USERS[signum as usize];
    let chain = chain.0.unwrap_or(false);
    user.fd.store(fd, Ordering::Relaxed);
    user.all_threads.store(all_threads.0.unwrap_or(true), Ordering::Relaxed);
    user.chain.store(chain, Ordering::Relaxed);
    if let Some(f) = keep_alive {
        let state = Interp::current();
        let known = state.module_state.borrow().get("faulthandler.users").cloned();
        let d = known.unwrap_or_else(|| taipan_object::types::dict::Dict::new().into_obj());
        d.set_item(&Int::from_i64(signum as i64), &f)?;
        keep("faulthandler.users", Some(d));
    }
    let mut s = saved();
    let extra = if chain { libc::SA_NODEFER } else { libc::SA_RESTART };
    match install(signum, user_handler, extra) {
        Ok(old) => {
            if !s.users.iter().any(|u| u.0 == signum) {
                s.users.push((signum, old));
            }
            Ok(())
        }
        Err(e) => Err(taipan_object::types::exceptions::from_io(&e)),
    }
}

/// Put the handler of a signal back; return whether register() had been called for it.
#[function(signature = "(signum, /)")]
fn unregister(signum: c_int) -> PyResult<bool> {
    check_signal(signum)?;
    let mut s = saved();
    let Some(i) = s.users.iter().position(|u| u.0 == signum) else { return Ok(false) };
    let (_, old) = s.users.remove(i);
    // SAFETY: the disposition came from `sigaction`.
    unsafe { libc::sigaction(signum, &old, std::ptr::null_mut()) };
    Ok(true)
}

fn no_core_dump() {
    // SAFETY: sets a limit of the process.
    unsafe {
        let mut l: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_CORE, &mut l) == 0 {
            l.rlim_cur = 0;
            libc::setrlimit(libc::RLIMIT_CORE, &l);
        }
    }
}

fn crash(signum: c_int) {
    no_core_dump();
    // SAFETY: that is what was asked for.
    unsafe { libc::raise(signum) };
}

/// Read from address 0, for tests.
#[function(signature = "()", name = "_read_null")]
fn read_null() -> i32 {
    no_core_dump();
    let address: usize = std::hint::black_box(0);
    // SAFETY: none: the crash is what was asked for.
    unsafe { std::ptr::read_volatile(std::ptr::without_provenance::<i32>(address)) }
}

/// Raise SIGSEGV, for tests.
#[function(signature = "(release_gil=False, /)", name = "_sigsegv")]
fn sigsegv(release_gil: Given<bool>) {
    if release_gil.0.unwrap_or(false) {
        taipan_object::gil::allow_threads(|| crash(libc::SIGSEGV));
    } else {
        crash(libc::SIGSEGV);
    }
}

/// Abort, for tests.
#[function(signature = "()", name = "_sigabrt")]
fn sigabrt() {
    no_core_dump();
    // SAFETY: that is what was asked for.
    unsafe { libc::abort() };
}

/// Raise SIGFPE, for tests.
#[function(signature = "()", name = "_sigfpe")]
fn sigfpe() {
    crash(libc::SIGFPE);
}

/// Die of a fatal error in a thread that Python does not know, for tests.
#[function(signature = "()", name = "_fatal_error_c_thread")]
fn fatal_error_c_thread() {
    no_core_dump();
    let t = std::thread::spawn(|| {
        let mut out = Out::new(libc::STDERR_FILENO);
        out.text(
            "Fatal Python error: faulthandler_fatal_error_thread: in new thread\nPython runtime state: initialized\n\n",
        );
        dump_all(&mut out, true);
        out.flush();
        // SAFETY: that is what was asked for.
        unsafe { libc::abort() };
    });
    let _ = taipan_object::gil::allow_threads(|| t.join());
}

/// Use the native stack up, for tests.
#[function(signature = "()", name = "_stack_overflow")]
fn stack_overflow() -> usize {
    #[inline(never)]
    fn deeper(n: usize) -> usize {
        let room = std::hint::black_box([n as u8; 4096]);
        if n == usize::MAX { 0 } else { deeper(n + 1) + room[n % 4096] as usize }
    }
    no_core_dump();
    deeper(0)
}
