//! `resource`: limits and use of resources.

use crate::posix::types::cached;
use taipan_object::error::PyResult;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::structseq;

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
        u.ru_maxrss, u.ru_ixrss, u.ru_idrss, u.ru_isrss, u.ru_minflt, u.ru_majflt, u.ru_nswap, u.ru_inblock, u.ru_oublock, u.ru_msgsnd,
        u.ru_msgrcv, u.ru_nsignals, u.ru_nvcsw, u.ru_nivcsw,
    ];
    v.extend(counts.iter().map(|&n| Int::from_i64(n).into_obj()));
    structseq::new_instance(&*usage_type()?, v)
}

