//! `resource`: limits and use of resources.

use crate::constants::RESOURCE;
use crate::posix::types::cached;
use crate::support::{audit, errno};
use std::ffi::c_int;
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::protocol::number;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, structseq};
use taipan_object::{bail, function, methods, raise};

static FIELDS: &[(&str, &str)] = &[
    ("ru_utime", "user time used"),
    ("ru_stime", "system time used"),
    ("ru_maxrss", "largest memory in use"),
    ("ru_ixrss", "shared memory"),
    ("ru_idrss", "unshared data"),
    ("ru_isrss", "unshared stack"),
    ("ru_minflt", "page faults without input"),
    ("ru_majflt", "page faults with input"),
    ("ru_nswap", "swaps"),
    ("ru_inblock", "blocks read"),
    ("ru_oublock", "blocks written"),
    ("ru_msgsnd", "messages sent"),
    ("ru_msgrcv", "messages received"),
    ("ru_nsignals", "signals received"),
    ("ru_nvcsw", "times the process waited"),
    ("ru_nivcsw", "times it was put aside"),
];

/// The type `struct_rusage`.
pub fn usage_type() -> PyResult {
    cached("resource.struct_rusage", "What getrusage answers.", FIELDS, FIELDS.len())
}

/// A `struct_rusage`.
pub fn usage_object(u: &libc::rusage) -> PyResult {
    let time = |t: &libc::timeval| Float::new(t.tv_sec as f64 + t.tv_usec as f64 * 1e-6).into_obj();
    let mut v = vec![time(&u.ru_utime), time(&u.ru_stime)];
    let counts = [
        u.ru_maxrss,
        u.ru_ixrss,
        u.ru_idrss,
        u.ru_isrss,
        u.ru_minflt,
        u.ru_majflt,
        u.ru_nswap,
        u.ru_inblock,
        u.ru_oublock,
        u.ru_msgsnd,
        u.ru_msgrcv,
        u.ru_nsignals,
        u.ru_nvcsw,
        u.ru_nivcsw,
    ];
    v.extend(counts.iter().map(|&n| Int::from_i64(n).into_obj()));
    structseq::new_instance(&*usage_type()?, v)
}

fn check_resource(n: c_int) -> PyResult<()> {
    // The kernel knows sixteen.
    if !(0..16).contains(&n) {
        bail!(ValueError, "invalid resource specified");
    }
    Ok(())
}

fn limit_object(l: &libc::rlimit) -> Obj {
    let n = |x: libc::rlim_t| if x == libc::RLIM_INFINITY { Int::from_i64(-1) } else { Int::from_u64(x) }.into_obj();
    Tuple::from_vec(vec![n(l.rlim_cur), n(l.rlim_max)]).into_obj()
}

fn limit_from(o: &Object) -> PyResult<libc::rlimit> {
    let t = o.to_tuple()?;
    if t.len() != 2 {
        bail!(ValueError, "expected a tuple of 2 integers");
    }
    let n = |o: &Object| -> PyResult<libc::rlim_t> {
        let i = number::index(o)?;
        match i.to_i64() {
            Some(-1) => Ok(libc::RLIM_INFINITY),
            Some(n) if n < 0 => bail!(ValueError, "Cannot convert negative int"),
            Some(n) => Ok(n as libc::rlim_t),
            None if i.is_negative() => bail!(ValueError, "Cannot convert negative int"),
            None => match i.to_u64() {
                Some(n) => Ok(n),
                None => bail!(OverflowError, "Python int too large to convert to C rlim_t"),
            },
        }
    };
    Ok(libc::rlimit { rlim_cur: n(t.item(0))?, rlim_max: n(t.item(1))? })
}

fn limit_error(e: i32) -> taipan_object::Raised {
    match e {
        libc::EINVAL => raise!(ValueError, "current limit exceeds maximum limit"),
        libc::EPERM => raise!(ValueError, "not allowed to raise maximum limit"),
        e => exceptions::from_errno(e),
    }
}

/// Return what was used by this process, its children or this thread.
#[function(signature = "(who, /)")]
fn getrusage(who: c_int) -> PyResult {
    // SAFETY: a structure of numbers, which is written.
    unsafe {
        let mut u: libc::rusage = std::mem::zeroed();
        if libc::getrusage(who, &mut u) < 0 {
            let e = errno();
            if e == libc::EINVAL {
                bail!(ValueError, "invalid who parameter");
            }
            return Err(exceptions::from_errno(e));
        }
        usage_object(&u)
    }
}

/// Return the soft and the hard limit of a resource.
#[function(signature = "(resource, /)")]
fn getrlimit(resource: c_int) -> PyResult {
    check_resource(resource)?;
    let mut l = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is written.
    if unsafe { libc::getrlimit(resource as _, &mut l) } < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(limit_object(&l))
}

/// Set the soft and the hard limit of a resource.
#[function(signature = "(resource, limits, /)")]
fn setrlimit(resource: c_int, limits: &Object) -> PyResult<()> {
    audit("resource.setrlimit", &[&Int::from_i64(resource.into()), limits])?;
    check_resource(resource)?;
    let l = limit_from(limits)?;
    // SAFETY: a structure is passed.
    if unsafe { libc::setrlimit(resource as _, &l) } < 0 {
        return Err(limit_error(errno()));
    }
    Ok(())
}

/// Return the limits of a resource for a process, and set new ones if given.
#[function(signature = "(pid, resource, limits=None, /)")]
fn prlimit(pid: c_int, resource: c_int, limits: &Object) -> PyResult {
    check_resource(resource)?;
    audit("resource.prlimit", &[&Int::from_i64(pid.into()), &Int::from_i64(resource.into()), limits])?;
    let new = if limits.is_none() { None } else { Some(limit_from(limits)?) };
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    let p = new.as_ref().map_or(std::ptr::null(), |l| l as *const libc::rlimit);
    // SAFETY: structures, or null, are passed.
    if unsafe { libc::prlimit(pid, resource as _, p, &mut old) } < 0 {
        return Err(limit_error(errno()));
    }
    Ok(limit_object(&old))
}

/// Return the size of a page of memory.
#[function(signature = "()")]
fn getpagesize() -> i64 {
    // SAFETY: no memory is passed.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

fn exec(m: &Module) -> PyResult<()> {
    for &(name, n) in RESOURCE {
        m.add_int(name, n)?;
    }
    m.add("error", exceptions::OSError.as_object())?;
    m.add("struct_rusage", &*usage_type()?)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "resource",
    doc: "Limits and use of resources.",
    methods: methods![getrusage, getrlimit, prlimit, setrlimit, getpagesize],
    exec,
};
