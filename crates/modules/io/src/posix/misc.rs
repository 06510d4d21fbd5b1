//! The system: its name, limits, load, randomness; scheduling; terminals; event and timer descriptors.

use super::constants::{CONFSTR, PATHCONF, SYSCONF};
use super::path::{Fildes, PathOrFd};
use super::types;
use crate::clock::{Rounding, to_timespec};
use crate::support::{blocking, c_int_of, checked_syscall, errno, fs_text};
use std::ffi::{CStr, c_char, c_int};
use taipan_object::args::{Signature, bind_keywords, with_tuple_args};
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::method::MethodDef;
use taipan_object::protocol::iter::for_each;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::set::Set;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none, structseq};
use taipan_object::{Type, bail, function, intern, method};

fn num(n: impl Into<i64>) -> Obj {
    Int::from_i64(n.into()).into_obj()
}

fn done(r: c_int) -> PyResult<()> {
    if r < 0 { Err(exceptions::from_errno(errno())) } else { Ok(()) }
}

fn number(r: c_int) -> PyResult<c_int> {
    done(r)?;
    Ok(r)
}

fn text(p: &[c_char]) -> Obj {
    let b: Vec<u8> = p.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
    fs_text(&b).into_obj()
}

/// Return the names of the system and the machine.
#[function(signature = "()")]
pub fn uname() -> PyResult {
    let mut u = std::mem::MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: the structure is written; zeroed before.
    let u = unsafe {
        done(libc::uname(u.as_mut_ptr()))?;
        u.assume_init()
    };
    let v = vec![text(&u.sysname), text(&u.nodename), text(&u.release), text(&u.version), text(&u.machine)];
    structseq::new_instance(&*types::get("uname_result")?, v)
}

/// A name or number of a configuration variable.
fn variable(name: &Object, table: &[(&str, i32)]) -> PyResult<c_int> {
    if name.downcast::<Int>().is_some() {
        return c_int_of(name);
    }
    let Some(s) = name.downcast::<Str>() else {
        bail!(TypeError, "configuration names must be strings or integers");
    };
    match table.iter().find(|r| s.eq_str(r.0)) {
        Some(r) => Ok(r.1),
        None => bail!(ValueError, "unrecognized configuration name"),
    }
}

fn limit(f: impl FnOnce() -> i64, error: impl FnOnce(i32) -> taipan_object::Raised) -> PyResult<i64> {
    // SAFETY: errno of this thread.
    unsafe { *libc::__errno_location() = 0 };
    let n = f();
    let e = errno();
    if n == -1 && e != 0 { Err(error(e)) } else { Ok(n) }
}

/// Return a number that describes the system.
#[function(signature = "(name)")]
pub fn sysconf(name: &Object) -> PyResult<i64> {
    let name = variable(name, SYSCONF)?;
    // SAFETY: no memory is passed.
    limit(|| unsafe { libc::sysconf(name) }, exceptions::from_errno)
}

/// Return a limit that holds for a file.
#[function(signature = "(path, name)")]
pub fn pathconf(path: PathOrFd, name: &Object) -> PyResult<i64> {
    let name = variable(name, PATHCONF)?;
    // SAFETY: a C string is passed.
    limit(
        || unsafe {
            if path.is_fd() { libc::fpathconf(path.fd, name) } else { libc::pathconf(path.c().as_ptr(), name) }
        },
        |e| if e == libc::EINVAL { exceptions::from_errno(e) } else { path.error(e) },
    )
}

/// Return a limit that holds for an open file.
#[function(signature = "(fd, name, /)")]
pub fn fpathconf(fd: Fildes, name: &Object) -> PyResult<i64> {
    let name = variable(name, PATHCONF)?;
    // SAFETY: no memory is passed.
    limit(|| unsafe { libc::fpathconf(fd.0, name) }, exceptions::from_errno)
}

/// Return a text that describes the system.
#[function(signature = "(name, /)")]
pub fn confstr(name: &Object) -> PyResult {
    let name = variable(name, CONFSTR)?;
    let mut buf = vec![0u8; 256];
    // SAFETY: errno of this thread; a buffer with its size is passed.
    unsafe {
        *libc::__errno_location() = 0;
        let mut n = libc::confstr(name, buf.as_mut_ptr().cast(), buf.len());
        if n > buf.len() {
            buf = vec![0; n];
            n = libc::confstr(name, buf.as_mut_ptr().cast(), buf.len());
        }
        if n == 0 {
            return match errno() {
                0 => Ok(none::none_obj()),
                e => Err(exceptions::from_errno(e)),
            };
        }
        Ok(fs_text(&buf[..(n - 1).min(buf.len())]).into_obj())
    }
}

/// Return the number of processors, None if it cannot be found out.
#[function(signature = "()")]
pub fn cpu_count() -> Option<i64> {
    if let Some(n) = taipan_object::Interp::current().config.cpu_count.get() {
        return Some(n.into());
    }
    // SAFETY: no memory is passed.
    let n = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    if n < 1 { None } else { Some(n) }
}

/// Return how many processes were ready on average over the last 1, 5 and 15 minutes.
#[function(signature = "()")]
pub fn getloadavg() -> PyResult {
    let mut v = [0f64; 3];
    // SAFETY: three numbers are written.
    if unsafe { libc::getloadavg(v.as_mut_ptr(), 3) } != 3 {
        bail!(OSError, "Load averages are unobtainable");
    }
    Ok(Tuple::from_vec(v.iter().map(|&x| Float::new(x).into_obj()).collect()).into_obj())
}

/// Return the path of the controlling terminal.
#[function(signature = "()")]
pub fn ctermid() -> PyResult {
    let mut buf = [0u8; 64];
    // SAFETY: room for L_ctermid bytes is passed.
    unsafe {
        let p = libc::ctermid(buf.as_mut_ptr().cast());
        if p.is_null() {
            return Err(exceptions::from_errno(errno()));
        }
        Ok(fs_text(CStr::from_ptr(p).to_bytes()).into_obj())
    }
}

fn random(n: isize, flags: u32) -> Result<Vec<u8>, Option<i32>> {
    let mut v = Vec::new();
    v.try_reserve_exact(n as usize).map_err(|_| None)?;
    v.resize(n as usize, 0u8);
    let mut at = 0;
    while at < v.len() {
        let rest = &mut v[at..];
        // SAFETY: a buffer with its size is passed.
        let r = blocking(|| unsafe {
            let k = libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), flags);
            if k < 0 { Err(errno()) } else { Ok(k as usize) }
        });
        match r {
            Ok(k) => at += k,
            Err(libc::EINTR) => {}
            Err(e) => return Err(Some(e)),
        }
    }
    Ok(v)
}

/// Return random bytes that nobody can guess.
#[function(signature = "(size, /)")]
pub fn urandom(size: isize) -> PyResult {
    if size < 0 {
        bail!(ValueError, "negative argument not allowed");
    }
    match random(size, 0) {
        Ok(v) => Ok(Bytes::try_new(&v)?.into_obj()),
        Err(None) => Err(taipan_object::error::no_memory()),
        Err(Some(e)) => Err(exceptions::from_errno(e)),
    }
}

/// Return up to size random bytes from the system's source.
#[function(signature = "(size, flags=0)")]
pub fn getrandom(size: isize, flags: c_int) -> PyResult {
    if size < 0 {
        return Err(exceptions::from_errno(libc::EINVAL));
    }
    let b = Bytes::zeroed(size as usize)?;
    let (p, n) = (b.data_ptr(), size as usize);
    // SAFETY: a buffer with its size is passed, which nobody else has seen.
    let got = checked_syscall(|| unsafe { libc::getrandom(p.cast(), n, flags as u32) })?;
    if got == n { Ok(b.into_obj()) } else { Ok(Bytes::try_new(&b.as_slice()[..got])?.into_obj()) }
}

/// Return whether Python has an input hook for interactive use.
#[function(signature = "()", name = "_is_inputhook_installed")]
pub fn is_inputhook_installed() -> bool {
    false
}

/// Call the input hook, if there is one.
#[function(signature = "()", name = "_inputhook")]
pub fn inputhook() -> c_int {
    0
}

/// Return the lowest priority of a scheduling policy.
#[function(signature = "(policy)")]
pub fn sched_get_priority_min(policy: c_int) -> PyResult<c_int> {
    // SAFETY: no memory is passed.
    number(unsafe { libc::sched_get_priority_min(policy) })
}

/// Return the highest priority of a scheduling policy.
#[function(signature = "(policy)")]
pub fn sched_get_priority_max(policy: c_int) -> PyResult<c_int> {
    // SAFETY: no memory is passed.
    number(unsafe { libc::sched_get_priority_max(policy) })
}

/// Return the scheduling policy of a process.
#[function(signature = "(pid, /)")]
pub fn sched_getscheduler(pid: c_int) -> PyResult<c_int> {
    // SAFETY: no memory is passed.
    number(unsafe { libc::sched_getscheduler(pid) })
}

/// A `sched_param` of one value.
extern "C" fn sched_param_new(cls: &Type, call_args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIGNATURE: Signature = Signature {
        name: "sched_param",
        params: &[crate::support::param("sched_priority", true)],
        posonly: 0,
        positional: 1,
        varargs: false,
        varkw: false,
    };
    with_tuple_args("sched_param", call_args, kwargs, |call| {
        let mut a = [None];
        bind_keywords(&SIGNATURE, call, &mut a)?;
        structseq::new_instance(cls.as_object(), vec![a[0].map_or_else(none::none_obj, Object::to_obj)])
    })
}

#[method(signature = "()", text = false)]
fn __reduce__(this: &Object) -> PyResult {
    let args = Tuple::new(&[this.cast::<Tuple>().item(0)]);
    Ok(Tuple::new(&[this.ty().as_object(), &args]).into_obj())
}

/// Gives `sched_param` its own constructor: a priority, not a sequence.
pub fn complete_sched_param() -> PyResult<()> {
    let t = types::get("sched_param")?;
    let ty: &Type = t.cast();
    ty.new.set(Some(sched_param_new));
    static DEF: MethodDef = __reduce__::DEF;
    taipan_object::typeobj::ready::dict_of(ty)
        .set_item(intern!("__reduce__"), &taipan_object::types::descr::new_method(ty, &DEF))?;
    ty.modified();
    Ok(())
}

fn priority_of(o: &Object) -> PyResult<libc::sched_param> {
    if !std::ptr::eq(o.ty().as_object(), &*types::get("sched_param")?) {
        bail!(TypeError, "must have a sched_param object");
    }
    let n = o.cast::<Tuple>().item(0).as_i64()?;
    match c_int::try_from(n) {
        Ok(sched_priority) => Ok(libc::sched_param { sched_priority }),
        Err(_) => bail!(OverflowError, "sched_priority out of range"),
    }
}

/// Set the scheduling policy of a process.
#[function(signature = "(pid, policy, param, /)")]
pub fn sched_setscheduler(pid: c_int, policy: c_int, param: &Object) -> PyResult<()> {
    let p = priority_of(param)?;
    // SAFETY: a structure is passed.
    done(unsafe { libc::sched_setscheduler(pid, policy, &p) })
}

/// Return the scheduling parameters of a process.
#[function(signature = "(pid, /)")]
pub fn sched_getparam(pid: c_int) -> PyResult {
    let mut p = libc::sched_param { sched_priority: 0 };
    // SAFETY: the structure is written.
    done(unsafe { libc::sched_getparam(pid, &mut p) })?;
    structseq::new_instance(&*types::get("sched_param")?, vec![num(p.sched_priority)])
}

/// Set the scheduling parameters of a process.
#[function(signature = "(pid, param, /)")]
pub fn sched_setparam(pid: c_int, param: &Object) -> PyResult<()> {
    let p = priority_of(param)?;
    // SAFETY: a structure is passed.
    done(unsafe { libc::sched_setparam(pid, &p) })
}

/// Return the time slice of a process in seconds.
#[function(signature = "(pid, /)")]
pub fn sched_rr_get_interval(pid: c_int) -> PyResult<f64> {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is written.
    done(unsafe { libc::sched_rr_get_interval(pid, &mut t) })?;
    Ok(t.tv_sec as f64 + 1e-9 * t.tv_nsec as f64)
}

/// Let others run.
#[function(signature = "()")]
pub fn sched_yield() -> PyResult<()> {
    // SAFETY: no memory is passed.
    blocking(|| unsafe { libc::sched_yield() });
    Ok(())
}

/// Set the processors that a process may run on.
#[function(signature = "(pid, mask, /)")]
pub fn sched_setaffinity(pid: c_int, mask: &Object) -> PyResult<()> {
    let mut words: Vec<u64> = vec![0; 16];
    for_each(mask, |cpu| {
        let n = cpu.as_i64()?;
        if n < 0 {
            bail!(ValueError, "negative CPU number");
        }
        if n > i64::from(c_int::MAX) - 1 {
            bail!(OverflowError, "CPU number too large");
        }
        let (w, bit) = (n as usize / 64, n as usize % 64);
        if w >= words.len() {
            words.resize(w + 1, 0);
        }
        words[w] |= 1 << bit;
        Ok(())
    })?;
    // SAFETY: the mask with its size is passed.
    done(unsafe { libc::sched_setaffinity(pid, words.len() * 8, words.as_ptr().cast()) })
}

/// Return the set of processors that a process may run on.
#[function(signature = "(pid, /)")]
pub fn sched_getaffinity(pid: c_int) -> PyResult {
    let mut words: Vec<u64> = vec![0; 16];
    loop {
        // SAFETY: the mask with its size is passed.
        if unsafe { libc::sched_getaffinity(pid, words.len() * 8, words.as_mut_ptr().cast()) } == 0 {
            break;
        }
        match errno() {
            libc::EINVAL if words.len() < 1 << 16 => words = vec![0; words.len() * 2],
            e => return Err(exceptions::from_errno(e)),
        }
    }
    let set = Set::new();
    for (i, w) in words.iter().enumerate() {
        for bit in (0..64).filter(|b| w >> b & 1 != 0) {
            set.add(&Int::from_usize(i * 64 + bit))?;
        }
    }
    Ok(set.into_obj())
}

/// Open a pair of pseudo-terminals; return the descriptors of master and slave.
#[function(signature = "()")]
pub fn openpty() -> PyResult {
    let (mut a, mut b) = (-1, -1);
    // SAFETY: two numbers are written.
    unsafe {
        done(libc::openpty(&mut a, &mut b, std::ptr::null_mut(), std::ptr::null(), std::ptr::null()))?;
        libc::fcntl(a, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(b, libc::F_SETFD, libc::FD_CLOEXEC);
    }
    Ok(super::fd::pair(a, b))
}

/// Make a terminal the controlling one, and the process's input and output.
#[function(signature = "(fd, /)")]
pub fn login_tty(fd: Fildes) -> PyResult<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::login_tty(fd.0) })
}

/// Open the master side of a pseudo-terminal.
#[function(signature = "(oflag, /)")]
pub fn posix_openpt(oflag: c_int) -> PyResult<c_int> {
    // SAFETY: no memory is passed.
    number(unsafe { libc::posix_openpt(oflag | libc::O_CLOEXEC) })
}

/// Make the slave side of a pseudo-terminal accessible.
#[function(signature = "(fd, /)")]
pub fn grantpt(fd: Fildes) -> PyResult<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::grantpt(fd.0) })
}

/// Unlock the slave side of a pseudo-terminal.
#[function(signature = "(fd, /)")]
pub fn unlockpt(fd: Fildes) -> PyResult<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::unlockpt(fd.0) })
}

/// Return the name of the slave side of a pseudo-terminal.
#[function(signature = "(fd, /)")]
pub fn ptsname(fd: Fildes) -> PyResult {
    let mut buf = [0u8; 256];
    // SAFETY: a buffer with its size is passed.
    let e = unsafe { libc::ptsname_r(fd.0, buf.as_mut_ptr().cast(), buf.len()) };
    if e != 0 {
        return Err(exceptions::from_errno(e));
    }
    let n = buf.iter().position(|&c| c == 0).unwrap_or(0);
    Ok(fs_text(&buf[..n]).into_obj())
}

/// Make a descriptor that counts events.
#[function(signature = "(initval, flags=0o2000000)", shown = "(initval, flags=EFD_CLOEXEC)")]
pub fn eventfd(initval: i64, flags: c_int) -> PyResult<c_int> {
    // SAFETY: no memory is passed.
    number(unsafe { libc::eventfd(initval as u32, flags) })
}

/// Take the count of an event descriptor.
#[function(signature = "(fd)")]
pub fn eventfd_read(fd: Fildes) -> PyResult<u64> {
    let mut n = 0u64;
    // SAFETY: a number is written.
    checked_syscall(|| unsafe { libc::eventfd_read(fd.0, &mut n) as isize })?;
    Ok(n)
}

/// Add to the count of an event descriptor.
#[function(signature = "(fd, value)")]
pub fn eventfd_write(fd: Fildes, value: &Object) -> PyResult<()> {
    let n = value.as_u64()?;
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::eventfd_write(fd.0, n) as isize }).map(drop)
}

/// Make a timer descriptor.
#[function(signature = "(clockid, /, *, flags=0o2000000)", shown = "(clockid, /, *, flags=0)")]
pub fn timerfd_create(clockid: c_int, flags: c_int) -> PyResult<c_int> {
    // SAFETY: no memory is passed.
    number(unsafe { libc::timerfd_create(clockid, flags) })
}

fn spans(t: &libc::itimerspec, in_ns: bool) -> Obj {
    let one = |s: &libc::timespec| -> Obj {
        if in_ns {
            Int::from_i64(s.tv_sec.saturating_mul(1_000_000_000).saturating_add(s.tv_nsec)).into_obj()
        } else {
            Float::new(s.tv_sec as f64 + s.tv_nsec as f64 * 1e-9).into_obj()
        }
    };
    Tuple::from_vec(vec![one(&t.it_value), one(&t.it_interval)]).into_obj()
}

const NO_TIME: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 0 };

fn get_timer(fd: c_int, in_ns: bool) -> PyResult {
    let mut t = libc::itimerspec { it_interval: NO_TIME, it_value: NO_TIME };
    // SAFETY: the structure is written.
    done(unsafe { libc::timerfd_gettime(fd, &mut t) })?;
    Ok(spans(&t, in_ns))
}

fn set_timer(fd: c_int, flags: c_int, initial: libc::timespec, interval: libc::timespec, in_ns: bool) -> PyResult {
    let new = libc::itimerspec { it_interval: interval, it_value: initial };
    let mut old = libc::itimerspec { it_interval: NO_TIME, it_value: NO_TIME };
    // SAFETY: structures are passed.
    done(unsafe { libc::timerfd_settime(fd, flags, &new, &mut old) })?;
    Ok(spans(&old, in_ns))
}

/// Return when a timer will fire next and its interval, in seconds.
#[function(signature = "(fd, /)")]
pub fn timerfd_gettime(fd: Fildes) -> PyResult {
    get_timer(fd.0, false)
}

/// Return when a timer will fire next and its interval, in nanoseconds.
#[function(signature = "(fd, /)")]
pub fn timerfd_gettime_ns(fd: Fildes) -> PyResult {
    get_timer(fd.0, true)
}

/// Set a timer in seconds; return what it was set to.
#[function(
    signature = "(fd, /, *, flags=0, initial=None, interval=None)",
    shown = "(fd, /, *, flags=0, initial=0.0, interval=0.0)"
)]
pub fn timerfd_settime(fd: Fildes, flags: c_int, initial: Option<&Object>, interval: Option<&Object>) -> PyResult {
    let t = |o: Option<&Object>| o.map_or(Ok(NO_TIME), |o| to_timespec(&Float::new(o.to_f64()?), Rounding::Floor));
    set_timer(fd.0, flags, t(initial)?, t(interval)?, false)
}

/// Set a timer in nanoseconds; return what it was set to.
#[function(signature = "(fd, /, *, flags=0, initial=0, interval=0)")]
pub fn timerfd_settime_ns(fd: Fildes, flags: c_int, initial: i64, interval: i64) -> PyResult {
    let t = |n: i64| libc::timespec { tv_sec: n.div_euclid(1_000_000_000), tv_nsec: n.rem_euclid(1_000_000_000) };
    set_timer(fd.0, flags, t(initial), t(interval), true)
}
