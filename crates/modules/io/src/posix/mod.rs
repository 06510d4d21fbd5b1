//! `posix`: the operating system.
//!
//! - `path.rs`: arguments; `types.rs`: struct sequences; `constants.rs`: numbers and names
//! - `stat.rs`, `dir.rs`, `fs.rs`, `fd.rs`: files; `process.rs`, `spawn.rs`: processes; `misc.rs`: the rest

mod constants;
mod dir;
mod fd;
mod fs;
mod misc;
pub mod path;
pub mod process;
mod spawn;
mod stat;
pub mod types;

use dir::{listdir, scandir};
use fd::*;
use fs::*;
use misc::*;
use process::*;
use spawn::{posix_spawn, posix_spawnp};
use stat::{access, fstat, fstatvfs, lstat, stat as stat_function, statvfs, utime};
use taipan_object::error::PyResult;
use taipan_object::method::MethodDef;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::str::intern::intern_str;
use taipan_object::{Obj, methods};

/// What the system can do, as `os` asks for it.
static HAVE: &[&str] = &[
    "HAVE_EVENTFD",
    "HAVE_TIMERFD_CREATE",
    "HAVE_FACCESSAT",
    "HAVE_FCHDIR",
    "HAVE_FCHMOD",
    "HAVE_FCHMODAT",
    "HAVE_FCHOWN",
    "HAVE_FCHOWNAT",
    "HAVE_FEXECVE",
    "HAVE_FDOPENDIR",
    "HAVE_FPATHCONF",
    "HAVE_FSTATAT",
    "HAVE_FSTATVFS",
    "HAVE_FTRUNCATE",
    "HAVE_FUTIMENS",
    "HAVE_FUTIMES",
    "HAVE_FUTIMESAT",
    "HAVE_LINKAT",
    "HAVE_LCHOWN",
    "HAVE_LSTAT",
    "HAVE_LUTIMES",
    "HAVE_MEMFD_CREATE",
    "HAVE_MKDIRAT",
    "HAVE_MKFIFOAT",
    "HAVE_MKNODAT",
    "HAVE_OPENAT",
    "HAVE_READLINKAT",
    "HAVE_RENAMEAT",
    "HAVE_SYMLINKAT",
    "HAVE_UNLINKAT",
    "HAVE_UTIMENSAT",
    "HAVE_PTSNAME_R",
];

fn name_dict(rows: &[(&str, i32)]) -> PyResult {
    let d = Dict::with_capacity(rows.len());
    for &(name, n) in rows {
        d.set_item(&intern_str(name), &Int::from_i64(n.into()))?;
    }
    Ok(d.into_obj())
}

fn exec(m: &Module) -> PyResult<()> {
    m.add("environ", &*process::environ()?)?;
    for &(name, n) in constants::NUMBERS {
        m.add_int(name, n)?;
    }
    m.add("sysconf_names", &*name_dict(constants::SYSCONF)?)?;
    m.add("pathconf_names", &*name_dict(constants::PATHCONF)?)?;
    m.add("confstr_names", &*name_dict(constants::CONFSTR)?)?;
    m.add("error", exceptions::OSError.as_object())?;
    for name in types::names() {
        m.add(name, &*types::get(name)?)?;
    }
    complete_sched_param()?;
    taipan_object::typeobj::ready::ready(&dir::ScandirIterator_Type)?;
    m.add_type(&dir::DirEntry_Type)?;
    let have: Vec<Obj> = HAVE.iter().map(|s| Str::from_utf8(s).into_obj()).collect();
    m.add("_have_functions", &List::from_vec(have))
}

static METHODS: Option<&'static [MethodDef]> = methods![
    access,
    ttyname,
    chdir,
    chmod,
    fchmod,
    chown,
    fchown,
    lchown,
    chroot,
    ctermid,
    getcwd,
    getcwdb,
    link,
    listdir,
    lstat,
    mkdir,
    nice,
    getpriority,
    setpriority,
    posix_spawn,
    posix_spawnp,
    readlink,
    copy_file_range,
    splice,
    rename,
    replace,
    rmdir,
    symlink,
    system,
    umask,
    uname,
    unlink,
    remove,
    utime,
    times,
    exit_now,
    execv,
    execve,
    fork,
    forkpty,
    register_at_fork,
    sched_get_priority_max,
    sched_get_priority_min,
    sched_getparam,
    sched_getscheduler,
    sched_rr_get_interval,
    sched_setparam,
    sched_setscheduler,
    sched_yield,
    sched_setaffinity,
    sched_getaffinity,
    posix_openpt,
    grantpt,
    unlockpt,
    ptsname,
    openpty,
    login_tty,
    getegid,
    geteuid,
    getgid,
    getgrouplist,
    getgroups,
    getpid,
    getpgrp,
    getppid,
    getuid,
    getlogin,
    kill,
    killpg,
    setuid,
    seteuid,
    setreuid,
    setgid,
    setegid,
    setregid,
    setgroups,
    initgroups,
    getpgid,
    setpgrp,
    wait,
    wait3,
    wait4,
    waitid,
    waitpid,
    pidfd_open,
    setns,
    unshare,
    getsid,
    setsid,
    setpgid,
    tcgetpgrp,
    tcsetpgrp,
    open,
    close,
    closerange,
    device_encoding,
    dup,
    dup2,
    lockf,
    lseek,
    read,
    readinto,
    readv,
    pread,
    preadv,
    write,
    writev,
    pwrite,
    pwritev,
    sendfile,
    stat_function,
    fstat,
    isatty,
    pipe,
    pipe2,
    mkfifo,
    mknod,
    major,
    minor,
    makedev,
    ftruncate,
    truncate,
    posix_fallocate,
    posix_fadvise,
    putenv,
    unsetenv,
    strerror,
    fchdir,
    fsync,
    fdatasync,
    sync,
    wcoredump,
    wifcontinued,
    wifstopped,
    wifsignaled,
    wifexited,
    wexitstatus,
    wtermsig,
    wstopsig,
    fstatvfs,
    statvfs,
    confstr,
    sysconf,
    fpathconf,
    pathconf,
    abort,
    cpu_count,
    get_inheritable,
    set_inheritable,
    get_terminal_size,
    getloadavg,
    urandom,
    setresuid,
    setresgid,
    getresuid,
    getresgid,
    getxattr,
    setxattr,
    removexattr,
    listxattr,
    get_blocking,
    set_blocking,
    scandir,
    fspath,
    getrandom,
    memfd_create,
    eventfd,
    eventfd_read,
    eventfd_write,
    timerfd_create,
    timerfd_settime,
    timerfd_settime_ns,
    timerfd_gettime,
    timerfd_gettime_ns,
    waitstatus_to_exitcode,
    path_normpath,
    path_splitroot_ex,
    inputhook,
    is_inputhook_installed,
    create_environ,
];

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "posix",
    doc: "The operating system: what the POSIX standard and Linux offer. Use the module os.",
    methods: METHODS,
    exec,
};
