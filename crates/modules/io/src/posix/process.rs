//! Processes: forking, executing, waiting, signals, ids, priorities.

use super::path::{Gid, PathOrFd, Uid, id_object};
use super::types;
use crate::support::{audit, blocking, checked_syscall, errno, fs_bytes, fs_text, fspath};
use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;
use taipan_object::args::{Given, NoNul};
use taipan_object::error::{PyResult, unraisable};
use taipan_object::header::{Obj, Object};
use taipan_object::protocol::iter::collect;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none, structseq};
use taipan_object::{Interp, Thread, bail, function, hooks, intern};

fn num(n: impl Into<i64>) -> Obj {
    Int::from_i64(n.into()).into_obj()
}

const AT_FORK: [&str; 3] = ["posix.before_fork", "posix.after_fork_in_child", "posix.after_fork_in_parent"];

/// Register functions to be called around a fork.
#[function(
    signature = "(*, before=None, after_in_child=None, after_in_parent=None)",
    shown = "(*, before=<unrepresentable>,\n                 after_in_child=<unrepresentable>,\n                 after_in_parent=<unrepresentable>)"
)]
pub fn register_at_fork(
    before: Given<&Object>,
    after_in_child: Given<&Object>,
    after_in_parent: Given<&Object>,
) -> PyResult<()> {
    let all = [("before", before.0), ("after_in_child", after_in_child.0), ("after_in_parent", after_in_parent.0)];
    if all.iter().all(|a| a.1.is_none()) {
        bail!(TypeError, "At least one argument is required.");
    }
    for (name, f) in all {
        if let Some(f) = f
            && !f.is_callable()
        {
            bail!(TypeError, "'{name}' must be callable, not {}", f.ty().name_str());
        }
    }
    for (key, (_, f)) in AT_FORK.iter().zip(all) {
        let Some(f) = f else { continue };
        let list = {
            let state = &Interp::current().module_state;
            let found = state.borrow().get(key).cloned();
            found.unwrap_or_else(|| {
                let l = List::new().into_obj();
                state.borrow_mut().insert(key, l.clone());
                l
            })
        };
        list.cast::<List>().push(f.to_obj())?;
    }
    Ok(())
}

fn run_hooks(key: &str, reversed: bool) {
    let Some(list) = Interp::current().module_state.borrow().get(key).cloned() else { return };
    let mut functions = list.cast::<List>().snapshot();
    if reversed {
        functions.reverse();
    }
    for f in functions {
        if let Err(e) = f.call_noargs() {
            unraisable(e, Some(&f));
        }
    }
}

/// What is to be done before a fork.
pub fn before_fork() {
    run_hooks(AT_FORK[0], true);
    taipan_object::gil::before_fork();
}

/// What is to be done in the parent after a fork.
pub fn after_fork_in_parent() {
    taipan_object::gil::after_fork_parent();
    run_hooks(AT_FORK[2], false);
}

/// What is to be done in the child after a fork.
pub fn after_fork_in_child() {
    taipan_object::gil::after_fork_child();
    crate::signal::after_fork_child();
    run_hooks(AT_FORK[1], false);
}

/// `PyOS_BeforeFork`, `PyOS_AfterFork_Parent`, `PyOS_AfterFork_Child`: for extensions that fork.
mod exported {
    #[unsafe(no_mangle)]
    extern "C" fn PyOS_BeforeFork() {
        super::before_fork();
    }
    #[unsafe(no_mangle)]
    extern "C" fn PyOS_AfterFork_Parent() {
        super::after_fork_in_parent();
    }
    #[unsafe(no_mangle)]
    extern "C" fn PyOS_AfterFork_Child() {
        super::after_fork_in_child();
    }
    /// Keeps them linked.
    #[used]
    static EXPORTED: [extern "C" fn(); 3] = [PyOS_BeforeFork, PyOS_AfterFork_Parent, PyOS_AfterFork_Child];
}

/// Interpreters besides the main one may be kept from it.
pub fn check_allowed(what: &str) -> PyResult<()> {
    let key = if what == "fork" { "interpreter.no_fork" } else { "interpreter.no_exec" };
    if Interp::current().module_state.borrow().contains_key(key) {
        bail!(RuntimeError, "{what} not supported for isolated subinterpreters");
    }
    Ok(())
}

fn warn_about_threads(what: &str) -> PyResult<()> {
    let ts = Thread::current();
    let first = ts.interp.threads.get();
    // SAFETY: linked states are alive.
    let several = unsafe { first.as_ref() }.is_some_and(|t| !t.next.get().is_null());
    if several {
        let message = format!(
            "This process (pid={}) is multi-threaded, use of {what}() may lead to deadlocks in the child.",
            std::process::id()
        );
        (hooks::get().warn)(exceptions::DeprecationWarning, &message, 1)?;
    }
    Ok(())
}

/// Make a copy of the process. Return 0 in the child, its number in the parent.
#[function(signature = "()")]
pub fn fork() -> PyResult<c_int> {
    check_allowed("fork")?;
    audit("os.fork", &[])?;
    before_fork();
    // SAFETY: the child goes on in this thread only.
    let pid = unsafe { libc::fork() };
    let e = errno();
    if pid == 0 {
        after_fork_in_child();
        return Ok(0);
    }
    after_fork_in_parent();
    if pid < 0 {
        return Err(exceptions::from_errno(e));
    }
    warn_about_threads("fork")?;
    Ok(pid)
}

/// Fork with a new terminal as the child's; return the child's number and the terminal's master side.
#[function(signature = "()")]
pub fn forkpty() -> PyResult {
    check_allowed("fork")?;
    audit("os.forkpty", &[])?;
    before_fork();
    let mut master = -1;
    // SAFETY: the child goes on in this thread only; a number is written.
    let pid = unsafe { libc::forkpty(&mut master, std::ptr::null_mut(), std::ptr::null(), std::ptr::null()) };
    let e = errno();
    if pid == 0 {
        after_fork_in_child();
    } else {
        after_fork_in_parent();
        if pid < 0 {
            return Err(exceptions::from_errno(e));
        }
        warn_about_threads("forkpty")?;
    }
    Ok(super::fd::pair(pid, master))
}

/// Strings with the null-terminated array of pointers that `execve` wants.
pub struct CStrings {
    _owned: Vec<CString>,
    pointers: Vec<*mut c_char>,
}

impl CStrings {
    /// Of these strings.
    pub fn new(owned: Vec<CString>) -> CStrings {
        let mut pointers: Vec<*mut c_char> = owned.iter().map(|s| s.as_ptr() as *mut c_char).collect();
        pointers.push(std::ptr::null_mut());
        CStrings { _owned: owned, pointers }
    }

    /// The array.
    pub fn as_ptr(&self) -> *const *mut c_char {
        self.pointers.as_ptr()
    }
}

/// A list or tuple of path-like strings.
pub fn arguments(argv: &Object) -> PyResult<Vec<CString>> {
    collect(argv)?.iter().map(|a| fs_bytes(&*fspath(a)?)).collect()
}

fn is_list_or_tuple(o: &Object) -> bool {
    o.downcast::<List>().is_some() || o.downcast::<Tuple>().is_some()
}

/// A mapping as `NAME=value` strings.
pub fn environment(env: &Object) -> PyResult<Vec<CString>> {
    let keys = collect(&*env.call_method(intern!("keys"), &[])?)?;
    let values = collect(&*env.call_method(intern!("values"), &[])?)?;
    if keys.len() != values.len() {
        bail!(ValueError, "env.keys() and env.values() must have the same length");
    }
    let mut out = Vec::with_capacity(keys.len());
    for (k, v) in keys.iter().zip(&values) {
        let k = fs_bytes(&*fspath(k)?)?.into_bytes();
        let v = fs_bytes(&*fspath(v)?)?.into_bytes();
        if k.is_empty() || k[1..].contains(&b'=') {
            bail!(ValueError, "illegal environment variable name");
        }
        let mut both = k;
        both.push(b'=');
        both.extend_from_slice(&v);
        out.push(CString::new(both).unwrap_or_default());
    }
    Ok(out)
}

fn checked_arguments(argv: &Object, function: &str, word: &str) -> PyResult<CStrings> {
    if !is_list_or_tuple(argv) {
        bail!(TypeError, "{function}{word} must be a tuple or list");
    }
    let args = arguments(argv)?;
    match args.first() {
        None => bail!(ValueError, "{function}{word} must not be empty"),
        Some(a) if a.is_empty() => bail!(ValueError, "{function}{word} first element cannot be empty"),
        _ => Ok(CStrings::new(args)),
    }
}

/// Go on as another program.
#[function(signature = "(path, argv, /)")]
pub fn execv(path: super::path::Path, argv: &Object) -> PyResult<()> {
    check_allowed("exec")?;
    let args = checked_arguments(argv, "execv() arg 2", "")?;
    audit("os.exec", &[&path.object, argv, none::none()])?;
    // SAFETY: a C string and a null-terminated array of them are passed.
    unsafe { libc::execv(path.c().as_ptr(), args.as_ptr().cast()) };
    Err(exceptions::from_errno(errno()))
}

/// Go on as another program with another environment.
#[function(signature = "(path, argv, env)")]
pub fn execve(path: PathOrFd, argv: &Object, env: &Object) -> PyResult<()> {
    check_allowed("exec")?;
    let args = checked_arguments(argv, "execve:", " argv")?;
    if !env.is_mapping() {
        bail!(TypeError, "execve: environment must be a mapping object");
    }
    let env_strings = CStrings::new(environment(env)?);
    audit("os.exec", &[&path.object, argv, env])?;
    // SAFETY: a C string and null-terminated arrays of them are passed.
    unsafe {
        if path.is_fd() {
            libc::fexecve(path.fd, args.as_ptr().cast(), env_strings.as_ptr().cast());
        } else {
            libc::execve(path.c().as_ptr(), args.as_ptr().cast(), env_strings.as_ptr().cast());
        }
    }
    Err(path.error(errno()))
}

/// End the process at once, without any cleaning up.
#[function(signature = "(status)", name = "_exit")]
pub fn exit_now(status: c_int) -> PyResult<()> {
    // SAFETY: does not return.
    unsafe { libc::_exit(status) }
}

/// End the process at once as a failure, with a memory dump if the system makes them.
#[function(signature = "()")]
pub fn abort() -> PyResult<()> {
    std::process::abort()
}

/// Send a signal to a process.
#[function(signature = "(pid, signal, /)")]
pub fn kill(pid: c_int, signal: c_int) -> PyResult<()> {
    audit("os.kill", &[&num(pid), &num(signal)])?;
    // SAFETY: no memory is passed.
    if unsafe { libc::kill(pid, signal) } < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    // It may have been for this process.
    (hooks::get().handle_pending)()
}

/// Send a signal to a process group.
#[function(signature = "(pgid, signal, /)")]
pub fn killpg(pgid: c_int, signal: c_int) -> PyResult<()> {
    audit("os.killpg", &[&num(pgid), &num(signal)])?;
    // SAFETY: no memory is passed.
    if unsafe { libc::killpg(pgid, signal) } < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    (hooks::get().handle_pending)()
}

/// Wait for a child; return its number and status.
#[function(signature = "(pid, options, /)")]
pub fn waitpid(pid: c_int, options: c_int) -> PyResult {
    let mut status = 0;
    // SAFETY: a number is written.
    let r = checked_syscall(|| unsafe { libc::waitpid(pid, &mut status, options) as isize })?;
    Ok(super::fd::pair(r as c_int, status))
}

/// Wait for any child; return its number and status.
#[function(signature = "()")]
pub fn wait() -> PyResult {
    waitpid(-1, 0)
}

fn with_usage(pid: c_int, options: c_int) -> PyResult {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let p = usage.as_mut_ptr();
    // SAFETY: a number and a structure are written.
    let r = checked_syscall(|| unsafe { libc::wait4(pid, &mut status, options, p) as isize })?;
    // SAFETY: zeroed before, perhaps written.
    let usage = crate::resource::usage_object(unsafe { usage.assume_init_ref() })?;
    Ok(Tuple::from_vec(vec![num(r as c_int), num(status), usage]).into_obj())
}

/// Wait for any child; return its number, status and what it used.
#[function(signature = "(options)")]
pub fn wait3(options: c_int) -> PyResult {
    with_usage(-1, options)
}

/// Wait for a child; return its number, status and what it used.
#[function(signature = "(pid, options)")]
pub fn wait4(pid: c_int, options: c_int) -> PyResult {
    with_usage(pid, options)
}

/// Wait for a change of a child that idtype and id select.
#[function(signature = "(idtype, id, options, /)")]
pub fn waitid(idtype: c_int, id: i64, options: c_int) -> PyResult {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let p = info.as_mut_ptr();
    // SAFETY: the structure is written.
    checked_syscall(|| unsafe { libc::waitid(idtype as libc::idtype_t, id as libc::id_t, p, options) as isize })?;
    // SAFETY: zeroed before, perhaps written; these fields are those of SIGCHLD.
    let (pid, uid, signo, status, code) = unsafe {
        let i = info.assume_init_ref();
        (i.si_pid(), i.si_uid(), i.si_signo, i.si_status(), i.si_code)
    };
    if pid == 0 {
        return Ok(none::none_obj());
    }
    structseq::new_instance(
        &*types::get("waitid_result")?,
        vec![num(pid), id_object(uid), num(signo), num(status), num(code)],
    )
}

/// Return the exit code that a status means; negative for a signal.
#[function(signature = "(status)")]
pub fn waitstatus_to_exitcode(status: c_int) -> PyResult<c_int> {
    if libc::WIFEXITED(status) {
        return Ok(libc::WEXITSTATUS(status));
    }
    if libc::WIFSIGNALED(status) {
        return Ok(-libc::WTERMSIG(status));
    }
    if libc::WIFSTOPPED(status) {
        bail!(ValueError, "process stopped by delivery of signal {}", libc::WSTOPSIG(status));
    }
    bail!(ValueError, "invalid wait status: {status}")
}

/// Return whether the process dumped its memory.
#[function(signature = "(status, /)", name = "WCOREDUMP")]
pub fn wcoredump(status: c_int) -> bool {
    libc::WCOREDUMP(status)
}

macro_rules! status_functions {
    ($($(#[$doc:meta])* $f:ident $name:literal $answer:ty = $c:path;)*) => { $(
        $(#[$doc])*
        #[function(signature = "(status)", name = $name)]
        pub fn $f(status: c_int) -> $answer {
            $c(status)
        }
    )* };
}

status_functions! {
    /// Return whether the process goes on after having been stopped.
    wifcontinued "WIFCONTINUED" bool = libc::WIFCONTINUED;
    /// Return whether the process has been stopped.
    wifstopped "WIFSTOPPED" bool = libc::WIFSTOPPED;
    /// Return whether the process was ended by a signal.
    wifsignaled "WIFSIGNALED" bool = libc::WIFSIGNALED;
    /// Return whether the process ended by itself.
    wifexited "WIFEXITED" bool = libc::WIFEXITED;
    /// Return the exit code of a process that ended by itself.
    wexitstatus "WEXITSTATUS" c_int = libc::WEXITSTATUS;
    /// Return the signal that ended the process.
    wtermsig "WTERMSIG" c_int = libc::WTERMSIG;
    /// Return the signal that stopped the process.
    wstopsig "WSTOPSIG" c_int = libc::WSTOPSIG;
}

macro_rules! plain_numbers {
    ($($(#[$doc:meta])* $f:ident = $c:path => $make:expr;)*) => { $(
        $(#[$doc])*
        #[function(signature = "()")]
        pub fn $f() -> Obj {
            // SAFETY: no memory is passed, and the call cannot fail.
            $make(unsafe { $c() })
        }
    )* };
}

plain_numbers! {
    /// Return the number of this process.
    getpid = libc::getpid => num;
    /// Return the number of the parent process.
    getppid = libc::getppid => num;
    /// Return the process group of this process.
    getpgrp = libc::getpgrp => num;
    /// Return the user.
    getuid = libc::getuid => id_object;
    /// Return the effective user.
    geteuid = libc::geteuid => id_object;
    /// Return the group.
    getgid = libc::getgid => id_object;
    /// Return the effective group.
    getegid = libc::getegid => id_object;
}

fn done(r: c_int) -> PyResult<()> {
    if r < 0 { Err(exceptions::from_errno(errno())) } else { Ok(()) }
}

fn number(r: c_int) -> PyResult<c_int> {
    done(r)?;
    Ok(r)
}

macro_rules! id_setters {
    ($($(#[$doc:meta])* $f:ident $sig:literal ($($a:ident: $t:ty),*) = $c:path;)*) => { $(
        $(#[$doc])*
        #[function(signature = $sig)]
        pub fn $f($($a: $t),*) -> PyResult<()> {
            // SAFETY: no memory is passed.
            done(unsafe { $c($($a.0),*) })
        }
    )* };
}

id_setters! {
    /// Set the user.
    setuid "(uid, /)" (uid: Uid) = libc::setuid;
    /// Set the effective user.
    seteuid "(euid, /)" (euid: Uid) = libc::seteuid;
    /// Set user and effective user.
    setreuid "(ruid, euid, /)" (ruid: Uid, euid: Uid) = libc::setreuid;
    /// Set user, effective user and saved user.
    setresuid "(ruid, euid, suid, /)" (ruid: Uid, euid: Uid, suid: Uid) = libc::setresuid;
    /// Set the group.
    setgid "(gid, /)" (gid: Gid) = libc::setgid;
    /// Set the effective group.
    setegid "(egid, /)" (egid: Gid) = libc::setegid;
    /// Set group and effective group.
    setregid "(rgid, egid, /)" (rgid: Gid, egid: Gid) = libc::setregid;
    /// Set group, effective group and saved group.
    setresgid "(rgid, egid, sgid, /)" (rgid: Gid, egid: Gid, sgid: Gid) = libc::setresgid;
}

/// Return user, effective user and saved user.
#[function(signature = "()")]
pub fn getresuid() -> PyResult {
    let (mut r, mut e, mut s) = (0, 0, 0);
    // SAFETY: three numbers are written.
    done(unsafe { libc::getresuid(&mut r, &mut e, &mut s) })?;
    Ok(Tuple::from_vec(vec![id_object(r), id_object(e), id_object(s)]).into_obj())
}

/// Return group, effective group and saved group.
#[function(signature = "()")]
pub fn getresgid() -> PyResult {
    let (mut r, mut e, mut s) = (0, 0, 0);
    // SAFETY: three numbers are written.
    done(unsafe { libc::getresgid(&mut r, &mut e, &mut s) })?;
    Ok(Tuple::from_vec(vec![id_object(r), id_object(e), id_object(s)]).into_obj())
}

fn group_list(v: &[u32]) -> Obj {
    List::from_vec(v.iter().map(|&g| id_object(g)).collect()).into_obj()
}

/// Return the further groups of this process.
#[function(signature = "()")]
pub fn getgroups() -> PyResult {
    // SAFETY: with size 0 nothing is written.
    let n = number(unsafe { libc::getgroups(0, std::ptr::null_mut()) })?;
    let mut v = vec![0u32; n as usize];
    // SAFETY: room for `n` numbers is passed.
    let n = number(unsafe { libc::getgroups(n, v.as_mut_ptr()) })?;
    v.truncate(n as usize);
    Ok(group_list(&v))
}

/// Set the further groups of this process.
#[function(signature = "(groups, /)")]
pub fn setgroups(groups: &Object) -> PyResult<()> {
    use taipan_object::args::{ArgContext, FromArg};
    if !groups.is_sequence() {
        bail!(TypeError, "setgroups argument must be a sequence");
    }
    let cx = ArgContext { func: "setgroups", position: 0, name: "" };
    let mut v = Vec::new();
    for g in collect(groups)? {
        if g.downcast::<Int>().is_none() {
            bail!(TypeError, "groups must be integers");
        }
        v.push(Gid::from_arg(&g, &cx)?.0);
    }
    // SAFETY: the numbers and their count are passed.
    done(unsafe { libc::setgroups(v.len(), v.as_ptr()) })
}

/// Return the groups of a user, with one more.
#[function(signature = "(user, group, /)")]
pub fn getgrouplist(user: NoNul<'_>, group: Gid) -> PyResult {
    let name = CString::new(user.0).unwrap_or_default();
    let mut n: c_int = 32;
    loop {
        let mut v = vec![0u32; n as usize];
        let room = n;
        // SAFETY: room for `n` numbers is passed.
        let r = unsafe { libc::getgrouplist(name.as_ptr(), group.0, v.as_mut_ptr(), &mut n) };
        if r >= 0 {
            v.truncate(n.max(0) as usize);
            return Ok(group_list(&v));
        }
        if n <= room {
            n = room.saturating_mul(2);
        }
        if n > 1 << 20 {
            return Err(exceptions::from_errno(libc::ENOMEM));
        }
    }
}

/// Set the further groups to those of a user, with one more.
#[function(signature = "(username, gid, /)")]
pub fn initgroups(username: super::path::FsString, gid: Gid) -> PyResult<()> {
    // SAFETY: a C string is passed.
    done(unsafe { libc::initgroups(username.0.as_ptr(), gid.0) })
}

/// Return the name under which the user logged in.
#[function(signature = "()")]
pub fn getlogin() -> PyResult {
    unsafe extern "C" {
        fn getlogin_r(name: *mut c_char, size: usize) -> c_int;
    }
    let mut buf = [0u8; 512];
    // SAFETY: a buffer with its size is passed.
    let e = blocking(|| unsafe { getlogin_r(buf.as_mut_ptr().cast(), buf.len()) });
    if e != 0 {
        return Err(exceptions::from_errno(e));
    }
    let n = buf.iter().position(|&c| c == 0).unwrap_or(0);
    Ok(fs_text(&buf[..n]).into_obj())
}

/// Return the process group of a process.
#[function(signature = "(pid)")]
pub fn getpgid(pid: c_int) -> PyResult<c_int> {
    // SAFETY: no memory is passed.
    number(unsafe { libc::getpgid(pid) })
}

/// Return the session of a process.
#[function(signature = "(pid, /)")]
pub fn getsid(pid: c_int) -> PyResult<c_int> {
    // SAFETY: no memory is passed.
    number(unsafe { libc::getsid(pid) })
}

/// Begin a new session.
#[function(signature = "()")]
pub fn setsid() -> PyResult<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::setsid() })
}

/// Put a process into a group.
#[function(signature = "(pid, pgrp, /)")]
pub fn setpgid(pid: c_int, pgrp: c_int) -> PyResult<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::setpgid(pid, pgrp) })
}

/// Make this process the leader of its own group.
#[function(signature = "()")]
pub fn setpgrp() -> PyResult<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::setpgid(0, 0) })
}

/// Return the process group that a terminal belongs to.
#[function(signature = "(fd, /)")]
pub fn tcgetpgrp(fd: c_int) -> PyResult<c_int> {
    // SAFETY: no memory is passed.
    number(unsafe { libc::tcgetpgrp(fd) })
}

/// Give a terminal to a process group.
#[function(signature = "(fd, pgid, /)")]
pub fn tcsetpgrp(fd: c_int, pgid: c_int) -> PyResult<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::tcsetpgrp(fd, pgid) })
}

fn clear_errno() {
    // SAFETY: errno of this thread.
    unsafe { *libc::__errno_location() = 0 };
}

/// Add to the process's niceness; return the new one.
#[function(signature = "(increment, /)")]
pub fn nice(increment: c_int) -> PyResult<c_int> {
    clear_errno();
    // SAFETY: no memory is passed.
    let n = unsafe { libc::nice(increment) };
    if n == -1 && errno() != 0 {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(n)
}

/// Return the priority of processes.
#[function(signature = "(which, who)")]
pub fn getpriority(which: c_int, who: c_int) -> PyResult<c_int> {
    clear_errno();
    // SAFETY: no memory is passed.
    let n = unsafe { libc::getpriority(which as u32, who as u32) };
    if n == -1 && errno() != 0 {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(n)
}

/// Set the priority of processes.
#[function(signature = "(which, who, priority)")]
pub fn setpriority(which: c_int, who: c_int, priority: c_int) -> PyResult<()> {
    // SAFETY: no memory is passed.
    done(unsafe { libc::setpriority(which as u32, who as u32, priority) })
}

/// Run a command by the shell; return its status.
#[function(signature = "(command)")]
pub fn system(command: super::path::FsString) -> PyResult<c_int> {
    audit("os.system", &[&fs_text(command.0.to_bytes())])?;
    // SAFETY: a C string is passed.
    let n = blocking(|| unsafe { libc::system(command.0.as_ptr()) });
    (hooks::get().handle_pending)()?;
    Ok(n)
}

/// Return the times that this process and its children used, and the time elapsed.
#[function(signature = "()")]
pub fn times() -> PyResult {
    let mut t = libc::tms { tms_utime: 0, tms_stime: 0, tms_cutime: 0, tms_cstime: 0 };
    // SAFETY: the structure is written.
    let now = unsafe { libc::times(&mut t) };
    // SAFETY: no memory is passed.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    let f = |n: libc::clock_t| Float::new(n as f64 / per_second).into_obj();
    structseq::new_instance(
        &*types::get("times_result")?,
        vec![f(t.tms_utime), f(t.tms_stime), f(t.tms_cutime), f(t.tms_cstime), f(now)],
    )
}

/// The process's environment as `bytes` objects.
pub fn environ() -> PyResult {
    use taipan_object::types::bytes::Bytes;
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    let d = Dict::new();
    // SAFETY: the array ends with null; nobody changes it while the interpreter lock is held but through us.
    unsafe {
        let mut p = environ;
        while !p.is_null() && !(*p).is_null() {
            let entry = CStr::from_ptr(*p).to_bytes();
            if let Some(i) = entry.iter().position(|&c| c == b'=') {
                d.setdefault(&*Bytes::try_new(&entry[..i])?, &*Bytes::try_new(&entry[i + 1..])?)?;
            }
            p = p.add(1);
        }
    }
    Ok(d.into_obj())
}

/// Make a dict of the process's environment.
#[function(signature = "()", name = "_create_environ")]
pub fn create_environ() -> PyResult {
    environ()
}

/// Set a variable of the environment.
#[function(signature = "(name, value, /)")]
pub fn putenv(name: super::path::FsString, value: super::path::FsString) -> PyResult<()> {
    if name.0.as_bytes().contains(&b'=') {
        bail!(ValueError, "illegal environment variable name");
    }
    audit("os.putenv", &[&fs_text(name.0.to_bytes()), &fs_text(value.0.to_bytes())])?;
    // SAFETY: C strings are passed; the interpreter lock keeps other threads of ours away from the environment.
    done(unsafe { libc::setenv(name.0.as_ptr(), value.0.as_ptr(), 1) })
}

/// Remove a variable from the environment.
#[function(signature = "(name, /)")]
pub fn unsetenv(name: super::path::FsString) -> PyResult<()> {
    audit("os.unsetenv", &[&fs_text(name.0.to_bytes())])?;
    // SAFETY: as above.
    done(unsafe { libc::unsetenv(name.0.as_ptr()) })
}

/// Return a descriptor that stands for a process.
#[function(signature = "(pid, flags=0)")]
pub fn pidfd_open(pid: c_int, flags: c_int) -> PyResult<usize> {
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) as isize })
}

/// Move this thread into a namespace.
#[function(signature = "(fd, nstype=0)")]
pub fn setns(fd: super::path::Fildes, nstype: c_int) -> PyResult<()> {
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::setns(fd.0, nstype) as isize }).map(drop)
}

/// Give this process namespaces of its own.
#[function(signature = "(flags)")]
pub fn unshare(flags: c_int) -> PyResult<()> {
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::unshare(flags) as isize }).map(drop)
}

/// Return the system's description of an error number.
#[function(signature = "(code, /)")]
pub fn strerror(code: c_int) -> PyResult {
    // SAFETY: the answer is a C string; the interpreter lock keeps other threads of ours out of its buffer.
    let s = unsafe { CStr::from_ptr(libc::strerror(code)) };
    Ok(Str::from_utf8(&s.to_string_lossy()).into_obj())
}
