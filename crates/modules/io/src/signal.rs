//! `_signal`: handlers of signals in Python.
//!
//! The C handler only notes the signal, writes to the wake-up descriptor, and sets a bit in the main thread's eval breaker. The Python handler
//! runs from there, in the main thread of the main interpreter.

use crate::clock::{Rounding, to_nanoseconds, to_timeval};
use crate::constants::SIGNAL;
use crate::posix::process::kill;
use crate::posix::types::cached;
use crate::support::{blocking, c_int_of, checked_syscall, errno, syscall};
use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering};
use taipan_object::args::Given;
use taipan_object::error::{PyResult, raise_instance, unraisable};
use taipan_object::header::{Obj, Object};
use taipan_object::thread::breaker;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::set::Set;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none, structseq, type_};
use taipan_object::{Interp, Raised, Thread, bail, function, hooks, intern, methods};

const NSIG: usize = 65;

/// Signals that arrived and whose handlers have not run.
static TRIPPED: [AtomicBool; NSIG] = [const { AtomicBool::new(false) }; NSIG];
static ANY_TRIPPED: AtomicBool = AtomicBool::new(false);
/// The main thread's state.
static MAIN: AtomicPtr<Thread> = AtomicPtr::new(std::ptr::null_mut());
static WAKEUP_FD: AtomicI32 = AtomicI32::new(-1);
static WARN_ON_FULL: AtomicBool = AtomicBool::new(true);
/// What went wrong when a byte was written to the wake-up descriptor.
static WAKEUP_ERROR: AtomicI32 = AtomicI32::new(0);

const HANDLERS: &str = "_signal.handlers";
const ITIMER_ERROR: &str = "_signal.ItimerError";

/// Does what a signal handler may: atomic stores, one write.
extern "C" fn on_signal(signum: c_int) {
    // SAFETY: errno of this thread, kept for the interrupted code.
    let saved = unsafe { *libc::__errno_location() };
    trip(signum);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = saved };
}

fn trip(signum: c_int) {
    let Some(t) = TRIPPED.get(signum as usize) else { return };
    t.store(true, Ordering::SeqCst);
    ANY_TRIPPED.store(true, Ordering::SeqCst);
    // SAFETY: the main thread's state lives as long as the process.
    if let Some(ts) = unsafe { MAIN.load(Ordering::SeqCst).as_ref() } {
        ts.eval_breaker.fetch_or(breaker::SIGNALS_PENDING, Ordering::SeqCst);
    }
    let fd = WAKEUP_FD.load(Ordering::SeqCst);
    if fd != -1 {
        let byte = signum as u8;
        // SAFETY: one byte is written; `write` may be called here.
        if unsafe { libc::write(fd, (&raw const byte).cast(), 1) } < 0 {
            let e = errno();
            if WARN_ON_FULL.load(Ordering::SeqCst) || (e != libc::EAGAIN && e != libc::EWOULDBLOCK) {
                WAKEUP_ERROR.store(e, Ordering::SeqCst);
            }
        }
    }
}

/// In a forked child: the running thread is the main one now, and signals that the parent got are the parent's.
pub fn after_fork_child() {
    MAIN.store(Thread::current() as *const Thread as *mut Thread, Ordering::SeqCst);
    ANY_TRIPPED.store(false, Ordering::SeqCst);
    for t in &TRIPPED {
        t.store(false, Ordering::SeqCst);
    }
}

fn on_main_thread() -> bool {
    let main = MAIN.load(Ordering::SeqCst);
    main.is_null() || std::ptr::eq(main, Thread::current())
}

/// The handlers by number: a dict that the interpreter keeps.
fn handlers() -> Obj {
    let state = &Interp::current().module_state;
    let found = state.borrow().get(HANDLERS).cloned();
    found.unwrap_or_else(|| {
        let d = Dict::new().into_obj();
        state.borrow_mut().insert(HANDLERS, d.clone());
        d
    })
}

fn handler_of(signum: c_int) -> PyResult<Option<Obj>> {
    handlers().cast::<Dict>().get_item(&Int::from_i64(signum.into()))
}

/// Runs the Python handlers of the signals that arrived. Only the main thread does; for others this does nothing.
pub fn run_pending_signals() -> PyResult<()> {
    if !ANY_TRIPPED.load(Ordering::SeqCst) || !on_main_thread() {
        return Ok(());
    }
    ANY_TRIPPED.store(false, Ordering::SeqCst);
    report_wakeup_error();
    for (signum, tripped) in TRIPPED.iter().enumerate().skip(1) {
        if !tripped.swap(false, Ordering::SeqCst) {
            continue;
        }
        let f = handler_of(signum as c_int)?.unwrap_or_else(none::none_obj);
        if f.is_none() || is_number(&f, 0) || is_number(&f, 1) {
            // Set back to a default after the signal came: seldom, and worth a word.
            let lost = taipan_object::raise!(OSError, "Signal {signum} ignored due to race condition");
            unraisable(lost, Some(none::none()));
            continue;
        }
        let frame = current_frame();
        if let Err(e) = f.call(&[&Int::from_usize(signum), &frame]) {
            // The others are for the next time.
            if TRIPPED.iter().any(|t| t.load(Ordering::SeqCst)) {
                ANY_TRIPPED.store(true, Ordering::SeqCst);
                Thread::current().eval_breaker.fetch_or(breaker::SIGNALS_PENDING, Ordering::SeqCst);
            }
            return Err(e);
        }
    }
    Ok(())
}

#[cold]
fn report_wakeup_error() {
    let e = WAKEUP_ERROR.swap(0, Ordering::SeqCst);
    if e != 0 {
        unraisable(exceptions::from_errno(e), None);
    }
}

/// The running Python frame, or `None`.
fn current_frame() -> Obj {
    let get = || -> PyResult {
        let Some(sys) = Interp::current().sysdict.get_owned() else { return Ok(none::none_obj()) };
        match sys.cast::<Dict>().get_item(intern!("_getframe"))? {
            Some(f) => f.call_noargs(),
            None => Ok(none::none_obj()),
        }
    };
    get().unwrap_or_else(|e| {
        e.clear();
        none::none_obj()
    })
}

fn check_number(signum: c_int) -> PyResult<()> {
    if signum < 1 || signum as usize >= NSIG {
        bail!(ValueError, "signal number out of range");
    }
    Ok(())
}

/// Sets what happens on a signal. System calls are not restarted: they run the handlers.
fn install(signum: c_int, action: libc::sighandler_t) -> Result<(), i32> {
    // SAFETY: the structure is complete; the handler does only what one may.
    unsafe {
        let mut a: libc::sigaction = std::mem::zeroed();
        a.sa_sigaction = action;
        libc::sigemptyset(&mut a.sa_mask);
        a.sa_flags = if action == libc::SIG_DFL || action == libc::SIG_IGN { 0 } else { libc::SA_ONSTACK };
        if libc::sigaction(signum, &a, std::ptr::null_mut()) < 0 { Err(errno()) } else { Ok(()) }
    }
}

fn installed(signum: c_int) -> Option<libc::sighandler_t> {
    // SAFETY: the structure is written.
    unsafe {
        let mut a: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(signum, std::ptr::null(), &mut a) < 0 { None } else { Some(a.sa_sigaction) }
    }
}

/// The handler of SIGINT at the start: raises KeyboardInterrupt.
#[function(signature = "(signalnum, frame, /)")]
fn default_int_handler(_signalnum: c_int, _frame: &Object) -> PyResult<()> {
    Err(taipan_object::error::raise_empty(exceptions::KeyboardInterrupt))
}

fn is_number(o: &Object, n: i64) -> bool {
    o.downcast::<Int>().is_some_and(|i| i.to_i64() == Some(n))
}

/// Set the handler of a signal: a function, SIG_IGN or SIG_DFL. Return the old one.
#[function(signature = "(signalnum, handler, /)")]
fn signal(signalnum: c_int, handler: &Object) -> PyResult {
    if !on_main_thread() {
        bail!(ValueError, "signal only works in main thread of the main interpreter");
    }
    check_number(signalnum)?;
    let action = if handler.is_callable() && handler.downcast::<Int>().is_none() {
        on_signal as *const () as libc::sighandler_t
    } else if is_number(handler, 1) {
        libc::SIG_IGN
    } else if is_number(handler, 0) {
        libc::SIG_DFL
    } else {
        bail!(TypeError, "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object");
    };
    // What came before is handled the old way.
    (hooks::get().handle_pending)()?;
    let old = handler_of(signalnum)?;
    install(signalnum, action).map_err(exceptions::from_errno)?;
    handlers().cast::<Dict>().set_item(&Int::from_i64(signalnum.into()), handler)?;
    Ok(old.unwrap_or_else(none::none_obj))
}

/// Return the handler of a signal; None when it was not set from Python.
#[function(signature = "(signalnum, /)")]
fn getsignal(signalnum: c_int) -> PyResult {
    check_number(signalnum)?;
    Ok(handler_of(signalnum)?.unwrap_or_else(none::none_obj))
}

/// Return the system's description of a signal, None when it has none.
#[function(signature = "(signalnum, /)")]
fn strsignal(signalnum: c_int) -> PyResult {
    check_number(signalnum)?;
    // SAFETY: the answer is a C string; the interpreter lock keeps other threads of ours out of its buffer.
    let s = unsafe {
        let p = libc::strsignal(signalnum);
        if p.is_null() {
            return Ok(none::none_obj());
        }
        CStr::from_ptr(p).to_string_lossy().into_owned()
    };
    if s.contains("Unknown signal") {
        return Ok(none::none_obj());
    }
    Ok(Str::from_utf8(&s).into_obj())
}

/// Say whether system calls fail when a signal interrupts them.
#[function(signature = "(signalnum, flag, /)")]
fn siginterrupt(signalnum: c_int, flag: c_int) -> PyResult<()> {
    check_number(signalnum)?;
    // SAFETY: the structure is read and written back with one flag changed.
    unsafe {
        let mut a: libc::sigaction = std::mem::zeroed();
        let mut r = libc::sigaction(signalnum, std::ptr::null(), &mut a);
        if r == 0 {
            if flag != 0 {
                a.sa_flags &= !libc::SA_RESTART;
            } else {
                a.sa_flags |= libc::SA_RESTART;
            }
            r = libc::sigaction(signalnum, &a, std::ptr::null_mut());
        }
        if r < 0 { Err(exceptions::from_errno(errno())) } else { Ok(()) }
    }
}

/// Set the descriptor that gets a byte for every signal; -1 for none. Return the old one.
#[function(signature = "(fd, /, *, warn_on_full_buffer=True)")]
fn set_wakeup_fd(fd: &Object, warn_on_full_buffer: bool) -> PyResult<c_int> {
    let fd = c_int_of(fd)?;
    if !on_main_thread() {
        bail!(ValueError, "set_wakeup_fd only works in main thread of the main interpreter");
    }
    if fd != -1 {
        // SAFETY: no memory is passed.
        unsafe {
            let mut st = MaybeUninit::<libc::stat>::uninit();
            if libc::fstat(fd, st.as_mut_ptr()) < 0 {
                return Err(exceptions::from_errno(errno()));
            }
            let flags = libc::fcntl(fd, libc::F_GETFL);
            if flags < 0 {
                return Err(exceptions::from_errno(errno()));
            }
            if flags & libc::O_NONBLOCK == 0 {
                bail!(ValueError, "the fd {fd} must be in non-blocking mode");
            }
        }
    }
    WARN_ON_FULL.store(warn_on_full_buffer, Ordering::SeqCst);
    Ok(WAKEUP_FD.swap(fd, Ordering::SeqCst))
}

/// Send a signal to this process.
#[function(signature = "(signalnum, /)")]
fn raise_signal(signalnum: c_int) -> PyResult<()> {
    // SAFETY: no memory is passed.
    if unsafe { libc::raise(signalnum) } != 0 {
        return Err(exceptions::from_errno(errno()));
    }
    (hooks::get().handle_pending)()
}

/// Ask for SIGALRM after a number of seconds; return how many were left of the last.
#[function(signature = "(seconds, /)")]
fn alarm(seconds: c_int) -> i64 {
    // SAFETY: no memory is passed.
    unsafe { libc::alarm(seconds as u32) }.into()
}

/// Wait for a signal.
#[function(signature = "()")]
fn pause() -> PyResult<()> {
    // SAFETY: no memory is passed.
    blocking(|| unsafe { libc::pause() });
    (hooks::get().handle_pending)()
}

fn itimer_error() -> PyResult {
    let interp = Interp::current();
    if let Some(t) = interp.module_state.borrow().get(ITIMER_ERROR) {
        return Ok(t.clone());
    }
    let bases = Tuple::new(&[exceptions::OSError.as_object()]);
    let d = Dict::new();
    d.set_item(intern!("__module__"), intern!("signal"))?;
    let t = type_::PyType_Type.as_object().call(&[intern!("ItimerError"), &bases, &d])?;
    interp.module_state.borrow_mut().insert(ITIMER_ERROR, t.clone());
    Ok(t)
}

fn timer_failed() -> Raised {
    let e = errno();
    let made = itimer_error().and_then(|t| {
        // SAFETY: the answer is a C string.
        let text = unsafe { CStr::from_ptr(libc::strerror(e)) }.to_string_lossy().into_owned();
        t.call(&[&Int::from_i64(e.into()), &Str::from_utf8(&text)])
    });
    match made {
        Ok(exc) => raise_instance(exc),
        Err(e) => e,
    }
}

fn timer_object(t: &libc::itimerval) -> Obj {
    let f = |v: &libc::timeval| Float::new(v.tv_sec as f64 + v.tv_usec as f64 * 1e-6).into_obj();
    Tuple::from_vec(vec![f(&t.it_value), f(&t.it_interval)]).into_obj()
}

const NO_TIMER: libc::itimerval = libc::itimerval {
    it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
    it_value: libc::timeval { tv_sec: 0, tv_usec: 0 },
};

/// Set an interval timer; return what was left of the last and its interval.
#[function(signature = "(which, seconds, interval=None, /)", shown = "(which, seconds, interval=0.0, /)")]
fn setitimer(which: c_int, seconds: &Object, interval: Given<&Object>) -> PyResult {
    let mut new = NO_TIMER;
    new.it_value = to_timeval(seconds, Rounding::Ceiling)?;
    if let Some(i) = interval.0 {
        new.it_interval = to_timeval(i, Rounding::Ceiling)?;
    }
    let mut old = NO_TIMER;
    // SAFETY: structures are passed.
    if unsafe { libc::setitimer(which as _, &new, &mut old) } != 0 {
        return Err(timer_failed());
    }
    Ok(timer_object(&old))
}

/// Return what is left of an interval timer and its interval.
#[function(signature = "(which, /)")]
fn getitimer(which: c_int) -> PyResult {
    let mut t = NO_TIMER;
    // SAFETY: the structure is written.
    if unsafe { libc::getitimer(which as _, &mut t) } != 0 {
        return Err(timer_failed());
    }
    Ok(timer_object(&t))
}

fn set_object(set: &libc::sigset_t) -> PyResult {
    let out = Set::new();
    for n in 1..NSIG as c_int {
        // SAFETY: the set is initialised.
        if unsafe { libc::sigismember(set, n) } == 1 {
            out.add(&Int::from_i64(n.into()))?;
        }
    }
    Ok(out.into_obj())
}

fn set_of(o: &Object) -> PyResult<libc::sigset_t> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: initialised by the first call; then changed in place.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        taipan_object::protocol::iter::for_each(o, |s| {
            let n = match s.as_i64() {
                Ok(n) => n,
                // No number of a signal is that large.
                Err(e) => e.recover(exceptions::OverflowError, 0)?,
            };
            if n < 1 || n >= NSIG as i64 {
                bail!(ValueError, "signal number {n} out of range [1; {}]", NSIG - 1);
            }
            libc::sigaddset(set.as_mut_ptr(), n as c_int);
            Ok(())
        })?;
        Ok(set.assume_init())
    }
}

/// Change which signals this thread holds back; return the old set.
#[function(signature = "(how, mask, /)")]
fn pthread_sigmask(how: c_int, mask: &Object) -> PyResult {
    let new = set_of(mask)?;
    let mut old = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sets are passed; the old one is written, and zeroed before.
    let old = unsafe {
        let e = libc::pthread_sigmask(how, &new, old.as_mut_ptr());
        if e != 0 {
            return Err(exceptions::from_errno(e));
        }
        old.assume_init()
    };
    // What was let through runs now.
    (hooks::get().handle_pending)()?;
    set_object(&old)
}

/// Return the signals that were sent but are held back.
#[function(signature = "()")]
fn sigpending() -> PyResult {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the set is written, and zeroed before.
    unsafe {
        if libc::sigpending(set.as_mut_ptr()) != 0 {
            return Err(exceptions::from_errno(errno()));
        }
        set_object(&set.assume_init())
    }
}

/// Wait for one of a set of signals; return its number.
#[function(signature = "(sigset, /)")]
fn sigwait(sigset: &Object) -> PyResult<c_int> {
    let set = set_of(sigset)?;
    let mut n = 0;
    // SAFETY: a set is passed, a number is written.
    match blocking(|| unsafe { libc::sigwait(&set, &mut n) }) {
        0 => Ok(n),
        e => Err(exceptions::from_errno(e)),
    }
}

static INFO_FIELDS: &[(&str, &str)] = &[
    ("si_signo", "the signal"),
    ("si_code", "why it was sent"),
    ("si_errno", "an error number that belongs to it"),
    ("si_pid", "the sender's process"),
    ("si_uid", "the sender's user"),
    ("si_status", "exit code or signal"),
    ("si_band", "event of SIGPOLL"),
];

fn siginfo_type() -> PyResult {
    cached("signal.struct_siginfo", "What sigwaitinfo and sigtimedwait answer.", INFO_FIELDS, 7)
}

fn info_object(info: &libc::siginfo_t) -> PyResult {
    let n = |x: i64| Int::from_i64(x).into_obj();
    // SAFETY: the fields are numbers, whatever the signal.
    let (pid, uid, status) = unsafe { (info.si_pid(), info.si_uid(), info.si_status()) };
    // SAFETY: `si_band` lies at the start of the union, after three numbers and padding.
    let band = unsafe { (info as *const libc::siginfo_t).cast::<i64>().add(2).read() };
    let v = vec![
        n(info.si_signo.into()),
        n(info.si_code.into()),
        n(info.si_errno.into()),
        n(pid.into()),
        crate::posix::path::id_object(uid),
        n(status.into()),
        n(band),
    ];
    structseq::new_instance(&*siginfo_type()?, v)
}

/// Wait for one of a set of signals; return what is known about it.
#[function(signature = "(sigset, /)")]
fn sigwaitinfo(sigset: &Object) -> PyResult {
    let set = set_of(sigset)?;
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let p = info.as_mut_ptr();
    // SAFETY: a set is passed, the structure is written.
    checked_syscall(|| unsafe { libc::sigwaitinfo(&set, p) as isize })?;
    // SAFETY: zeroed before, then written.
    info_object(unsafe { info.assume_init_ref() })
}

/// As sigwaitinfo, for a limited time; None when it is over.
#[function(signature = "(sigset, timeout, /)")]
fn sigtimedwait(sigset: &Object, timeout: &Object) -> PyResult {
    let ns = to_nanoseconds(timeout, Rounding::Ceiling)?;
    if ns < 0 {
        bail!(ValueError, "timeout must be non-negative");
    }
    let set = set_of(sigset)?;
    let now = || crate::clock::clock_ns(libc::CLOCK_MONOTONIC).unwrap_or(0);
    let end = now().saturating_add(ns);
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let p = info.as_mut_ptr();
    let r = syscall(|| {
        let left = (end - now()).max(0);
        let t = libc::timespec { tv_sec: left / 1_000_000_000, tv_nsec: left % 1_000_000_000 };
        // SAFETY: a set and a time are passed, the structure is written.
        unsafe { libc::sigtimedwait(&set, p, &t) as isize }
    })?;
    match r {
        // SAFETY: zeroed before, then written.
        Ok(_) => info_object(unsafe { info.assume_init_ref() }),
        Err(libc::EAGAIN) => Ok(none::none_obj()),
        Err(e) => Err(exceptions::from_errno(e)),
    }
}

/// Send a signal to a thread.
#[function(signature = "(thread_id, signalnum, /)")]
fn pthread_kill(thread_id: &Object, signalnum: c_int) -> PyResult<()> {
    let id = taipan_object::protocol::number::index(thread_id)?.low_u64();
    crate::support::audit("signal.pthread_kill", &[thread_id, &Int::from_i64(signalnum.into())])?;
    // SAFETY: the caller passes a thread's number, as `threading.get_ident` answers it.
    let e = unsafe { libc::pthread_kill(id as libc::pthread_t, signalnum) };
    if e != 0 {
        return Err(exceptions::from_errno(e));
    }
    (hooks::get().handle_pending)()
}

/// Send a signal to the process that a descriptor stands for.
#[function(signature = "(pidfd, signalnum, siginfo=None, flags=0, /)")]
fn pidfd_send_signal(pidfd: c_int, signalnum: c_int, siginfo: &Object, flags: c_int) -> PyResult<()> {
    if !siginfo.is_none() {
        bail!(TypeError, "siginfo must be None");
    }
    // SAFETY: no memory is passed.
    let r = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signalnum, std::ptr::null::<u8>(), flags) };
    if r < 0 { Err(exceptions::from_errno(errno())) } else { Ok(()) }
}

/// Return the numbers of all signals.
#[function(signature = "()")]
fn valid_signals() -> PyResult {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the set is written, and zeroed before.
    unsafe {
        libc::sigfillset(set.as_mut_ptr());
        set_object(&set.assume_init())
    }
}

fn exec(m: &Module) -> PyResult<()> {
    for &(name, n) in SIGNAL {
        m.add_int(name, n)?;
    }
    m.add("struct_siginfo", &*siginfo_type()?)?;
    m.add("ItimerError", &*itimer_error()?)?;
    if MAIN.load(Ordering::SeqCst).is_null() {
        MAIN.store(Thread::current() as *const Thread as *mut Thread, Ordering::SeqCst);
    }
    let table = handlers();
    let table: &Dict = table.cast();
    for n in 1..NSIG as c_int {
        let shown = match installed(n) {
            Some(libc::SIG_DFL) => Int::zero().into_obj(),
            Some(libc::SIG_IGN) => Int::one().into_obj(),
            _ => none::none_obj(),
        };
        table.setdefault(&Int::from_i64(n.into()), &shown)?;
    }
    Ok(())
}

/// At start-up: remembers the main thread, ignores SIGPIPE and SIGXFSZ, and makes SIGINT raise `KeyboardInterrupt`, unless it is ignored.
/// `module` is `_signal`, freshly imported.
pub fn install_defaults(module: &Module) -> PyResult<()> {
    MAIN.store(Thread::current() as *const Thread as *mut Thread, Ordering::SeqCst);
    let table = handlers();
    let table: &Dict = table.cast();
    for n in [libc::SIGPIPE, libc::SIGXFSZ] {
        if install(n, libc::SIG_IGN).is_ok() {
            table.set_item(&Int::from_i64(n.into()), &Int::one())?;
        }
    }
    if installed(libc::SIGINT) == Some(libc::SIG_DFL)
        && let Some(f) = module.dict().get_item(intern!("default_int_handler"))?
        && install(libc::SIGINT, on_signal as *const () as libc::sighandler_t).is_ok()
    {
        table.set_item(&Int::from_i64(libc::SIGINT.into()), &f)?;
    }
    Ok(())
}

/// Makes the default action of SIGINT happen, as for an unhandled `KeyboardInterrupt`: the process ends by the signal.
pub fn die_by_interrupt() {
    if install(libc::SIGINT, libc::SIG_DFL).is_ok()
        && let Err(e) = kill(std::process::id() as c_int, libc::SIGINT)
    {
        e.clear();
    }
}

/// Notes a signal as if it had arrived: `_thread.interrupt_main`.
pub fn simulate(signum: c_int) -> PyResult<()> {
    check_number(signum)?;
    if let Some(f) = handler_of(signum)?
        && (is_number(&f, 0) || is_number(&f, 1))
    {
        return Ok(());
    }
    trip(signum);
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_signal",
    doc: "The native part of signal: handlers of signals, timers, waiting.",
    methods: methods![
        default_int_handler,
        alarm,
        setitimer,
        getitimer,
        signal,
        raise_signal,
        strsignal,
        getsignal,
        set_wakeup_fd,
        siginterrupt,
        pause,
        pidfd_send_signal,
        pthread_kill,
        pthread_sigmask,
        sigpending,
        sigwait,
        sigwaitinfo,
        sigtimedwait,
        valid_signals,
    ],
    exec,
};
