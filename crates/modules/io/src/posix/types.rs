//! The struct sequences of the module, made once for an interpreter.

use taipan_object::Interp;
use taipan_object::error::PyResult;
use taipan_object::types::structseq::StructSeq;

type Fields = &'static [(&'static str, &'static str)];

/// Name, documentation, fields, and how many of them the sequence shows.
type Row = (&'static str, &'static str, &'static str, Fields, usize);

static ROWS: &[Row] = &[
    (
        "stat_result",
        "os.stat_result",
        "What stat, lstat and fstat answer.",
        &[
            ("st_mode", "kind and permission bits"),
            ("st_ino", "inode"),
            ("st_dev", "device"),
            ("st_nlink", "number of hard links"),
            ("st_uid", "owner"),
            ("st_gid", "group"),
            ("st_size", "size in bytes"),
            ("", "time of last access in whole seconds"),
            ("", "time of last change in whole seconds"),
            ("", "time of last change of status in whole seconds"),
            ("st_atime", "time of last access"),
            ("st_mtime", "time of last change"),
            ("st_ctime", "time of last change of status"),
            ("st_atime_ns", "time of last access in nanoseconds"),
            ("st_mtime_ns", "time of last change in nanoseconds"),
            ("st_ctime_ns", "time of last change of status in nanoseconds"),
            ("st_blksize", "block size that suits the file"),
            ("st_blocks", "number of blocks of 512 bytes in use"),
            ("st_rdev", "device that the file is"),
        ],
        10,
    ),
    (
        "statvfs_result",
        "os.statvfs_result",
        "What statvfs and fstatvfs answer.",
        &[
            ("f_bsize", ""),
            ("f_frsize", ""),
            ("f_blocks", ""),
            ("f_bfree", ""),
            ("f_bavail", ""),
            ("f_files", ""),
            ("f_ffree", ""),
            ("f_favail", ""),
            ("f_flag", ""),
            ("f_namemax", ""),
            ("f_fsid", ""),
        ],
        10,
    ),
    (
        "terminal_size",
        "os.terminal_size",
        "Columns and lines of a terminal.",
        &[("columns", "width"), ("lines", "height")],
        2,
    ),
    (
        "times_result",
        "posix.times_result",
        "What times answers.",
        &[
            ("user", "user time"),
            ("system", "system time"),
            ("children_user", "user time of children"),
            ("children_system", "system time of children"),
            ("elapsed", "time since some point in the past"),
        ],
        5,
    ),
    (
        "uname_result",
        "posix.uname_result",
        "What uname answers.",
        &[
            ("sysname", "operating system"),
            ("nodename", "name of the machine in the network"),
            ("release", "release of the system"),
            ("version", "version of the system"),
            ("machine", "kind of machine"),
        ],
        5,
    ),
    (
        "waitid_result",
        "posix.waitid_result",
        "What waitid answers.",
        &[("si_pid", ""), ("si_uid", ""), ("si_signo", ""), ("si_status", ""), ("si_code", "")],
        5,
    ),
    (
        "sched_param",
        "posix.sched_param",
        "Parameters of a scheduling policy.",
        &[("sched_priority", "the priority")],
        1,
    ),
];

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|r| r.0)
}

/// The type of that name.
pub fn get(name: &str) -> PyResult {
    let Some(&(_, full, doc, fields, shown)) = ROWS.iter().find(|r| r.0 == name) else {
        taipan_object::bail!(SystemError, "no struct sequence {name}");
    };
    cached(full, doc, fields, shown)
}

/// A struct sequence type that is made at its first use and kept under its full name.
pub fn cached(full: &'static str, doc: &str, fields: &[(&str, &str)], shown: usize) -> PyResult {
    let state = &Interp::current().module_state;
    if let Some(t) = state.borrow().get(full) {
        return Ok(t.clone());
    }
    let t = StructSeq::new_type(full, doc, fields, shown)?;
    state.borrow_mut().insert(full, t.clone());
    Ok(t)
}
