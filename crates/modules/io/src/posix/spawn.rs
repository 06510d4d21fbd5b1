//! `posix_spawn`.

use super::path::Path;
use super::process::{CStrings, arguments, environment};
use crate::support::{audit, c_int_of, fs_bytes, fspath};
use std::ffi::{CString, c_int};
use std::mem::MaybeUninit;
use taipan_object::args::Given;
use taipan_object::error::PyResult;
use taipan_object::header::Object;
use taipan_object::protocol::iter::collect;
use taipan_object::types::list::List;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none};
use taipan_object::{bail, function};

/// Attributes of a spawn, destroyed when dropped.
struct Attributes(libc::posix_spawnattr_t);

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised when made.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

/// File actions of a spawn, destroyed when dropped. The paths live as long.
struct Actions(libc::posix_spawn_file_actions_t, Vec<CString>);

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised when made.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

fn check(e: c_int) -> PyResult<()> {
    if e == 0 { Ok(()) } else { Err(exceptions::from_errno(e)) }
}

/// A set of signals from an iterable of numbers.
pub fn signal_set(o: &Object) -> PyResult<libc::sigset_t> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: initialised by the first call; then changed in place.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for s in collect(o)? {
            let n = s.as_i64()?;
            if !(1..=64).contains(&n) {
                bail!(ValueError, "signal number {n} out of range [1; 64]");
            }
            // 32 and 33 belong to the C library, which refuses them.
            libc::sigaddset(set.as_mut_ptr(), n as c_int);
        }
        Ok(set.assume_init())
    }
}

struct Options<'a> {
    file_actions: Option<&'a Object>,
    setpgroup: Given<&'a Object>,
    resetids: bool,
    setsid: bool,
    setsigmask: Option<&'a Object>,
    setsigdef: Option<&'a Object>,
    scheduler: Option<&'a Object>,
}

fn attributes(o: &Options<'_>, name: &str) -> PyResult<Attributes> {
    let mut a = MaybeUninit::<libc::posix_spawnattr_t>::uninit();
    // SAFETY: initialised by the first call; structures are passed to the others.
    unsafe {
        check(libc::posix_spawnattr_init(a.as_mut_ptr()))?;
        let mut a = Attributes(a.assume_init());
        let mut flags = 0;
        if let Some(p) = o.setpgroup.0.filter(|p| !p.is_none()) {
            check(libc::posix_spawnattr_setpgroup(&mut a.0, c_int_of(p)?))?;
            flags |= libc::POSIX_SPAWN_SETPGROUP;
        }
        if o.resetids {
            flags |= libc::POSIX_SPAWN_RESETIDS;
        }
        if o.setsid {
            // The C library's POSIX_SPAWN_SETSID.
            flags |= 0x80;
        }
        if let Some(s) = o.setsigmask {
            check(libc::posix_spawnattr_setsigmask(&mut a.0, &signal_set(s)?))?;
            flags |= libc::POSIX_SPAWN_SETSIGMASK;
        }
        if let Some(s) = o.setsigdef {
            check(libc::posix_spawnattr_setsigdefault(&mut a.0, &signal_set(s)?))?;
            flags |= libc::POSIX_SPAWN_SETSIGDEF;
        }
        if let Some(s) = o.scheduler.filter(|s| !s.is_none()) {
            let Some(t) = s.downcast::<Tuple>() else {
                bail!(TypeError, "{name}: scheduler must be a tuple or None");
            };
            if t.len() != 2 {
                bail!(TypeError, "A scheduler tuple must have two elements");
            }
            if !t.item(0).is_none() {
                check(libc::posix_spawnattr_setschedpolicy(&mut a.0, c_int_of(t.item(0))?))?;
                flags |= libc::POSIX_SPAWN_SETSCHEDULER;
            }
            let Some(p) = t.item(1).downcast::<Tuple>().filter(|p| p.len() == 1) else {
                bail!(TypeError, "must have a sched_param object");
            };
            let param = libc::sched_param { sched_priority: c_int_of(p.item(0))? };
            check(libc::posix_spawnattr_setschedparam(&mut a.0, &param))?;
            flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
        }
        check(libc::posix_spawnattr_setflags(&mut a.0, flags as _))?;
        Ok(a)
    }
}

unsafe extern "C" {
    fn posix_spawn_file_actions_addclosefrom_np(actions: *mut libc::posix_spawn_file_actions_t, from: c_int) -> c_int;
}

fn actions(list: &Object) -> PyResult<Option<Actions>> {
    let items = collect(list)?;
    if items.is_empty() {
        return Ok(None);
    }
    let mut raw = MaybeUninit::<libc::posix_spawn_file_actions_t>::uninit();
    // SAFETY: initialised by the first call; C strings that live as long are passed to the others.
    unsafe {
        check(libc::posix_spawn_file_actions_init(raw.as_mut_ptr()))?;
        let mut a = Actions(raw.assume_init(), Vec::new());
        for item in &items {
            let Some(t) = item.downcast::<Tuple>().filter(|t| !t.is_empty()) else {
                bail!(TypeError, "Each file_actions element must be a non-empty tuple");
            };
            let shape = |n: usize, what: &str| -> PyResult<()> {
                if t.len() != n {
                    bail!(TypeError, "A {what} file_action tuple must have {n} elements");
                }
                Ok(())
            };
            match c_int_of(t.item(0))? {
                0 => {
                    shape(5, "open")?;
                    let path = fs_bytes(&*fspath(t.item(2))?)?;
                    let (fd, flags, mode) = (c_int_of(t.item(1))?, c_int_of(t.item(3))?, t.item(4).as_i64()?);
                    check(libc::posix_spawn_file_actions_addopen(
                        &mut a.0,
                        fd,
                        path.as_ptr(),
                        flags,
                        mode as libc::mode_t,
                    ))?;
                    a.1.push(path);
                }
                1 => {
                    shape(2, "close")?;
                    check(libc::posix_spawn_file_actions_addclose(&mut a.0, c_int_of(t.item(1))?))?;
                }
                2 => {
                    shape(3, "dup2")?;
                    check(libc::posix_spawn_file_actions_adddup2(
                        &mut a.0,
                        c_int_of(t.item(1))?,
                        c_int_of(t.item(2))?,
                    ))?;
                }
                3 => {
                    shape(2, "closefrom")?;
                    check(posix_spawn_file_actions_addclosefrom_np(&mut a.0, c_int_of(t.item(1))?))?;
                }
                _ => bail!(TypeError, "Unknown file_actions identifier"),
            }
        }
        Ok(Some(a))
    }
}

fn spawn(name: &str, search: bool, path: &Path, argv: &Object, env: &Object, o: &Options<'_>) -> PyResult<c_int> {
    if argv.downcast::<List>().is_none() && argv.downcast::<Tuple>().is_none() {
        bail!(TypeError, "{name}: argv must be a tuple or list");
    }
    if !env.is_mapping() && !env.is_none() {
        bail!(TypeError, "{name}: environment must be a mapping object or None");
    }
    let args = arguments(argv)?;
    match args.first() {
        None => bail!(ValueError, "{name}: argv must not be empty"),
        Some(a) if a.is_empty() => bail!(ValueError, "{name}: argv first element cannot be empty"),
        _ => {}
    }
    let args = CStrings::new(args);
    unsafe extern "C" {
        static environ: *const *mut std::ffi::c_char;
    }
    let env_strings = if env.is_none() { None } else { Some(CStrings::new(environment(env)?)) };
    let file_actions = match o.file_actions {
        Some(f) => actions(f)?,
        None => None,
    };
    let attributes = attributes(o, name)?;
    audit("os.posix_spawn", &[&path.object, argv, if env.is_none() { none::none() } else { env }])?;
    let mut pid = 0;
    let actions_ptr = file_actions.as_ref().map_or(std::ptr::null(), |a| &a.0 as *const _);
    // SAFETY: C strings, null-terminated arrays of them, and initialised structures are passed.
    let e = unsafe {
        let env_ptr = env_strings.as_ref().map_or(environ, CStrings::as_ptr);
        if search {
            libc::posix_spawnp(&mut pid, path.c().as_ptr(), actions_ptr, &attributes.0, args.as_ptr(), env_ptr)
        } else {
            libc::posix_spawn(&mut pid, path.c().as_ptr(), actions_ptr, &attributes.0, args.as_ptr(), env_ptr)
        }
    };
    if e != 0 {
        return Err(path.error(e));
    }
    Ok(pid)
}

/// Run a program in a new process; return its number.
#[function(
    signature = "(path, argv, env, /, *, file_actions=None, setpgroup=None, resetids=False, setsid=False, setsigmask=None, setsigdef=None, scheduler=None)",
    shown = "(path, argv, env, /, *, file_actions=(),\n            setpgroup=None, resetids=False, setsid=False,\n            setsigmask=(), setsigdef=(), scheduler=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn posix_spawn(
    path: super::path::Path,
    argv: &Object,
    env: &Object,
    file_actions: Option<&Object>,
    setpgroup: Given<&Object>,
    resetids: bool,
    setsid: bool,
    setsigmask: Option<&Object>,
    setsigdef: Option<&Object>,
    scheduler: Option<&Object>,
) -> PyResult<c_int> {
    let o = Options { file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler };
    spawn("posix_spawn", false, &path, argv, env, &o)
}

/// Run a program, searched along PATH, in a new process; return its number.
#[function(
    signature = "(path, argv, env, /, *, file_actions=None, setpgroup=None, resetids=False, setsid=False, setsigmask=None, setsigdef=None, scheduler=None)",
    shown = "(path, argv, env, /, *, file_actions=(),\n             setpgroup=None, resetids=False, setsid=False,\n             setsigmask=(), setsigdef=(), scheduler=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn posix_spawnp(
    path: super::path::Path,
    argv: &Object,
    env: &Object,
    file_actions: Option<&Object>,
    setpgroup: Given<&Object>,
    resetids: bool,
    setsid: bool,
    setsigmask: Option<&Object>,
    setsigdef: Option<&Object>,
    scheduler: Option<&Object>,
) -> PyResult<c_int> {
    let o = Options { file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler };
    spawn("posix_spawnp", true, &path, argv, env, &o)
}
