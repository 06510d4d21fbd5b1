//! `_posixsubprocess`: fork and exec in one step, for `subprocess`.
//!
//! Between fork and exec the child makes only calls that a signal handler may make, unless it has to run Python code (`preexec_fn`).

use crate::posix::path::{Gid, Uid};
use crate::posix::process::{CStrings, after_fork_in_child, after_fork_in_parent, before_fork};
use crate::support::{c_int_of, errno, fs_bytes, fspath};
use std::ffi::{CString, c_int};
use taipan_object::args::{ArgContext, FromArg};
use taipan_object::error::PyResult;
use taipan_object::header::Object;
use taipan_object::protocol::iter::collect;
use taipan_object::protocol::mapping::fast_items;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::{bail, function, methods};

/// What the child needs, all made before the fork.
struct Plan<'a> {
    executables: CStrings,
    argv: Option<CStrings>,
    env: Option<CStrings>,
    cwd: Option<CString>,
    close_fds: bool,
    /// Sorted.
    keep: Vec<c_int>,
    p2c: (c_int, c_int),
    c2p: (c_int, c_int),
    err: (c_int, c_int),
    errpipe: (c_int, c_int),
    restore_signals: bool,
    setsid: bool,
    pgid: i64,
    gid: Option<u32>,
    groups: Option<Vec<u32>>,
    uid: Option<u32>,
    umask: c_int,
    preexec: Option<&'a Object>,
}

/// Where the child failed.
struct Failure {
    errno: c_int,
    /// Before exec was tried: `noexec`, perhaps with the step.
    note: &'static [u8],
}

const BEFORE_EXEC: &[u8] = b"noexec";

/// # Safety
/// Only in a child.
unsafe fn check(r: c_int) -> Result<c_int, Failure> {
    if r < 0 { Err(Failure { errno: errno(), note: BEFORE_EXEC }) } else { Ok(r) }
}

/// # Safety
/// No memory is involved.
unsafe fn set_inheritable(fd: c_int, yes: bool) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    unsafe {
        let old = check(libc::fcntl(fd, libc::F_GETFD))?;
        let new = if yes { old & !libc::FD_CLOEXEC } else { old | libc::FD_CLOEXEC };
        check(libc::fcntl(fd, libc::F_SETFD, new)).map(drop)
    }
}

/// # Safety
/// Only in a child.
unsafe fn close(fd: c_int) -> Result<(), Failure> {
    if fd == -1 {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    unsafe { check(libc::close(fd)).map(drop) }
}

/// Puts `fd` in place `n`.
///
/// # Safety
/// Only in a child.
unsafe fn place(fd: c_int, n: c_int) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    unsafe {
        if fd == n {
            set_inheritable(fd, true)
        } else if fd != -1 {
            check(libc::dup2(fd, n)).map(drop)
        } else {
            Ok(())
        }
    }
}

/// # Safety
/// Only in a child: `keep` is sorted.
unsafe fn close_others(keep: &[c_int]) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut from = 3;
        let range = |a: c_int, b: u32| {
            if b as i64 >= a as i64 && libc::syscall(libc::SYS_close_range, a, b, 0) < 0 {
                let end =
                    if b == u32::MAX { libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 1 << 20) } else { b as i64 + 1 };
                for fd in a..end as c_int {
                    libc::close(fd);
                }
            }
        };
        for &k in keep {
            if k < from {
                continue;
            }
            if k > from {
                range(from, (k - 1) as u32);
            }
            from = k + 1;
        }
        range(from, u32::MAX);
    }
}

/// The child's part. Comes back only when something failed.
///
/// # Safety
/// Only in a child.
unsafe fn run_child(p: &Plan<'_>) -> Result<(), Failure> {
    // SAFETY: the plan's memory is the child's own copy; system calls get C strings and null-terminated arrays.
    unsafe {
        for &fd in &p.keep {
            if fd != p.errpipe.1 {
                // A descriptor that is not open is none of ours.
                let _ = set_inheritable(fd, true);
            }
        }
        close(p.p2c.1)?;
        close(p.c2p.0)?;
        close(p.err.0)?;
        close(p.errpipe.0)?;
        let (mut out, mut err) = (p.c2p.1, p.err.1);
        // Those that stand where others belong move out of the way.
        if out == 0 {
            out = check(libc::dup(out))?;
            set_inheritable(out, false)?;
        }
        while err == 0 || err == 1 {
            err = check(libc::dup(err))?;
            set_inheritable(err, false)?;
        }
        place(p.p2c.0, 0)?;
        place(out, 1)?;
        place(err, 2)?;
        if let Some(d) = &p.cwd
            && libc::chdir(d.as_ptr()) < 0
        {
            return Err(Failure { errno: errno(), note: b"noexec:chdir" });
        }
        if p.umask >= 0 {
            libc::umask(p.umask as libc::mode_t);
        }
        if p.restore_signals {
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
        }
        if p.setsid {
            check(libc::setsid())?;
        }
        if p.pgid >= 0 {
            check(libc::setpgid(0, p.pgid as libc::pid_t))?;
        }
        if let Some(g) = &p.groups {
            check(libc::setgroups(g.len(), g.as_ptr()))?;
        }
        if let Some(g) = p.gid {
            check(libc::setregid(g, g))?;
        }
        if let Some(u) = p.uid {
            check(libc::setreuid(u, u))?;
        }
        if let Some(f) = p.preexec
            && let Err(e) = f.call_noargs()
        {
            e.clear();
            return Err(Failure { errno: 0, note: b"Exception occurred in preexec_fn." });
        }
        if p.close_fds {
            close_others(&p.keep);
        }
        let argv = p.argv.as_ref().map_or(std::ptr::null(), CStrings::as_ptr);
        let mut saved = 0;
        let mut exe = p.executables.as_ptr();
        while !(*exe).is_null() {
            match &p.env {
                Some(env) => libc::execve(*exe, argv.cast(), env.as_ptr().cast()),
                None => libc::execv(*exe, argv.cast()),
            };
            let e = errno();
            if e != libc::ENOENT && e != libc::ENOTDIR && saved == 0 {
                saved = e;
            }
            exe = exe.add(1);
        }
        Err(Failure { errno: if saved != 0 { saved } else { errno() }, note: b"" })
    }
}

/// Tells the parent what failed, and ends the child.
///
/// # Safety
/// Only in a child.
unsafe fn report(p: &Plan<'_>, f: &Failure) -> ! {
    let mut text = [0u8; 96];
    let mut n = 0;
    let mut put = |b: &[u8]| {
        for &c in b {
            if let Some(x) = text.get_mut(n) {
                *x = c;
                n += 1;
            }
        }
    };
    if f.errno != 0 {
        put(b"OSError:");
        let mut digits = [0u8; 8];
        let (mut e, mut i) = (f.errno as u32, digits.len());
        while e != 0 && i > 0 {
            i -= 1;
            digits[i] = b"0123456789ABCDEF"[(e & 15) as usize];
            e >>= 4;
        }
        put(&digits[i..]);
        put(b":");
    } else {
        put(b"SubprocessError:0:");
    }
    put(f.note);
    // SAFETY: memory of ours is written to a descriptor; then the process ends.
    unsafe {
        let mut at = 0;
        while at < n {
            let k = libc::write(p.errpipe.1, text.as_ptr().add(at).cast(), n - at);
            if k <= 0 {
                break;
            }
            at += k as usize;
        }
        libc::_exit(255)
    }
}

fn c_strings(o: &Object) -> PyResult<CStrings> {
    let items = collect(o)?.iter().map(|a| fs_bytes(&*fspath(a)?)).collect::<PyResult<Vec<_>>>()?;
    Ok(CStrings::new(items))
}

/// Start a program in a new process, as subprocess wants it; return the process's number.
#[function(
    signature = "(*args)",
    shown = "($module, args, executable_list, close_fds, pass_fds, cwd,\n          env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite,\n          errpipe_read, errpipe_write, restore_signals, call_setsid,\n          pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn,\n          /)"
)]
fn fork_exec(args: &[&Object]) -> PyResult<c_int> {
    let &[
        process_args,
        executables,
        close_fds,
        pass_fds,
        cwd,
        env,
        p2cread,
        p2cwrite,
        c2pread,
        c2pwrite,
        errread,
        errwrite,
        errpipe_read,
        errpipe_write,
        restore_signals,
        call_setsid,
        pgid,
        gid,
        groups,
        uid,
        umask,
        preexec,
    ] = args
    else {
        bail!(TypeError, "fork_exec expected 22 arguments, got {}", args.len());
    };
    let close_fds = close_fds.is_true()?;
    let Some(keep_tuple) = pass_fds.downcast::<Tuple>() else {
        bail!(TypeError, "fork_exec() argument 4 must be tuple, not {}", pass_fds.ty().name_str());
    };
    let cx = ArgContext { func: "fork_exec", position: 0, name: "" };
    let errpipe = (c_int_of(errpipe_read)?, c_int_of(errpipe_write)?);
    if close_fds && errpipe.1 < 3 {
        bail!(ValueError, "errpipe_write must be >= 3");
    }
    let mut keep = Vec::with_capacity(keep_tuple.len());
    let mut last = -1;
    for fd in keep_tuple.items() {
        match fd.downcast::<taipan_object::types::int::Int>().and_then(|i| i.to_i32()) {
            Some(n) if n > last && n >= 0 => {
                keep.push(n);
                last = n;
            }
            _ => bail!(ValueError, "bad value(s) in fds_to_keep"),
        }
    }
    let env = if env.is_none() {
        None
    } else {
        let mut v = Vec::new();
        for item in fast_items(env, "env must be a sequence")? {
            let Some(b) = item.downcast::<Bytes>() else {
                bail!(TypeError, "expected bytes, {} found", item.ty().name_str())
            };
            v.push(CString::new(b.as_slice()).map_err(|_| taipan_object::raise!(ValueError, "embedded null byte"))?);
        }
        Some(CStrings::new(v))
    };
    let mut names = Vec::new();
    for item in fast_items(executables, "executable_list must be a sequence")? {
        let Some(b) = item.downcast::<Bytes>() else {
            bail!(TypeError, "expected bytes, {} found", item.ty().name_str())
        };
        names.push(CString::new(b.as_slice()).map_err(|_| taipan_object::raise!(ValueError, "embedded null byte"))?);
    }
    let groups = if groups.is_none() {
        None
    } else {
        let items = fast_items(groups, "setgroups argument must be a sequence")?;
        if items.len() > 65536 {
            bail!(ValueError, "too many extra_groups");
        }
        Some(items.iter().map(|g| Gid::from_arg(g, &cx).map(|g| g.0)).collect::<PyResult<Vec<_>>>()?)
    };
    let plan = Plan {
        executables: CStrings::new(names),
        argv: if process_args.is_none() { None } else { Some(c_strings(process_args)?) },
        env,
        cwd: if cwd.is_none() { None } else { Some(fs_bytes(&*fspath(cwd)?)?) },
        close_fds,
        keep,
        p2c: (c_int_of(p2cread)?, c_int_of(p2cwrite)?),
        c2p: (c_int_of(c2pread)?, c_int_of(c2pwrite)?),
        err: (c_int_of(errread)?, c_int_of(errwrite)?),
        errpipe,
        restore_signals: restore_signals.is_true()?,
        setsid: call_setsid.is_true()?,
        pgid: pgid.as_i64()?,
        gid: if gid.is_none() { None } else { Some(Gid::from_arg(gid, &cx)?.0) },
        groups,
        uid: if uid.is_none() { None } else { Some(Uid::from_arg(uid, &cx)?.0) },
        umask: c_int_of(umask)?,
        preexec: Some(preexec).filter(|p| !p.is_none()),
    };
    let python = plan.preexec.is_some();
    if python {
        if taipan_object::Interp::current().id != 0 {
            bail!(RuntimeError, "preexec_fn not supported within subinterpreters");
        }
        before_fork();
    }
    // SAFETY: the child goes on in this thread only, and ends in exec or `_exit`.
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            if python {
                after_fork_in_child();
            }
            let f = run_child(&plan).err().unwrap_or(Failure { errno: libc::EINVAL, note: b"" });
            report(&plan, &f);
        }
        let e = errno();
        if python {
            after_fork_in_parent();
        }
        if pid < 0 { Err(exceptions::from_errno(e)) } else { Ok(pid) }
    }
}

fn exec(_: &Module) -> PyResult<()> {
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_posixsubprocess",
    doc: "Fork and exec in one step, for subprocess.",
    methods: methods![fork_exec],
    exec,
};
