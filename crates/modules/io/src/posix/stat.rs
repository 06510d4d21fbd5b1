//! `stat` and its kin, and the answers' types.

use super::path::{DirFd, Path, PathOrFd, dir_or_cwd};
use super::types;
use crate::support::{blocking, errno};
use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use taipan_object::error::PyResult;
use taipan_object::header::Obj;
use taipan_object::protocol::number;
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::structseq;
use taipan_object::{bail, function};

/// One `fstatat`.
pub fn status_at(dir: c_int, path: &CStr, flags: c_int) -> Result<libc::stat, i32> {
    let mut st = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a C string is passed; the structure is filled when the call succeeds.
    blocking(|| unsafe {
        if libc::fstatat(dir, path.as_ptr(), st.as_mut_ptr(), flags) < 0 { Err(errno()) } else { Ok(st.assume_init()) }
    })
}

/// One `fstat`.
pub fn status_fd(fd: c_int) -> Result<libc::stat, i32> {
    let mut st = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the structure is filled when the call succeeds.
    blocking(|| unsafe { if libc::fstat(fd, st.as_mut_ptr()) < 0 { Err(errno()) } else { Ok(st.assume_init()) } })
}

fn nanoseconds(sec: i64, nsec: i64) -> Obj {
    match sec.checked_mul(1_000_000_000).and_then(|n| n.checked_add(nsec)) {
        Some(n) => Int::from_i64(n).into_obj(),
        None => Int::from_i128(i128::from(sec) * 1_000_000_000 + i128::from(nsec)).into_obj(),
    }
}

/// A `stat_result`.
pub fn stat_result(st: &libc::stat) -> PyResult {
    let int = |n: i64| Int::from_i64(n).into_obj();
    let unsigned = |n: u64| Int::from_u64(n).into_obj();
    let times = [(st.st_atime, st.st_atime_nsec), (st.st_mtime, st.st_mtime_nsec), (st.st_ctime, st.st_ctime_nsec)];
    let mut v = Vec::with_capacity(19);
    v.push(int(st.st_mode.into()));
    v.push(unsigned(st.st_ino));
    v.push(unsigned(st.st_dev));
    v.push(unsigned(st.st_nlink));
    v.push(super::path::id_object(st.st_uid));
    v.push(super::path::id_object(st.st_gid));
    v.push(int(st.st_size));
    v.extend(times.iter().map(|t| int(t.0)));
    v.extend(times.iter().map(|t| Float::new(t.0 as f64 + 1e-9 * t.1 as f64).into_obj()));
    v.extend(times.iter().map(|t| nanoseconds(t.0, t.1)));
    v.push(int(st.st_blksize));
    v.push(int(st.st_blocks));
    v.push(unsigned(st.st_rdev));
    structseq::new_instance(&*types::get("stat_result")?, v)
}

/// Return what is known about a file, given by path or descriptor.
#[function(signature = "(path, *, dir_fd=None, follow_symlinks=True)")]
pub fn stat(path: PathOrFd, dir_fd: Option<DirFd>, follow_symlinks: bool) -> PyResult {
    if path.is_fd() {
        if dir_fd.is_some() {
            bail!(ValueError, "stat: can't specify dir_fd without matching path");
        }
        if !follow_symlinks {
            bail!(ValueError, "stat: cannot use fd and follow_symlinks together");
        }
        return status_fd(path.fd).map_err(exceptions::from_errno).and_then(|s| stat_result(&s));
    }
    let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    match status_at(dir_or_cwd(dir_fd), path.c(), flags) {
        Ok(st) => stat_result(&st),
        Err(e) => Err(path.error(e)),
    }
}

/// Like stat, but a symbolic link is itself looked at.
#[function(signature = "(path, *, dir_fd=None)")]
pub fn lstat(path: Path, dir_fd: Option<DirFd>) -> PyResult {
    match status_at(dir_or_cwd(dir_fd), path.c(), libc::AT_SYMLINK_NOFOLLOW) {
        Ok(st) => stat_result(&st),
        Err(e) => Err(path.error(e)),
    }
}

/// Return what is known about an open file.
#[function(signature = "(fd)")]
pub fn fstat(fd: c_int) -> PyResult {
    status_fd(fd).map_err(exceptions::from_errno).and_then(|s| stat_result(&s))
}

fn statvfs_result(st: &libc::statvfs) -> PyResult {
    let n = |x: u64| Int::from_u64(x).into_obj();
    let v = vec![
        n(st.f_bsize),
        n(st.f_frsize),
        n(st.f_blocks),
        n(st.f_bfree),
        n(st.f_bavail),
        n(st.f_files),
        n(st.f_ffree),
        n(st.f_favail),
        n(st.f_flag),
        n(st.f_namemax),
        n(st.f_fsid),
    ];
    structseq::new_instance(&*types::get("statvfs_result")?, v)
}

/// Return what is known about the file system of a file.
#[function(signature = "(path)")]
pub fn statvfs(path: PathOrFd) -> PyResult {
    let mut st = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: a C string is passed; the structure is filled when the call succeeds.
    let r = blocking(|| unsafe {
        let n = if path.is_fd() {
            libc::fstatvfs(path.fd, st.as_mut_ptr())
        } else {
            libc::statvfs(path.c().as_ptr(), st.as_mut_ptr())
        };
        if n < 0 { Err(errno()) } else { Ok(st.assume_init()) }
    });
    r.map_err(|e| path.error(e)).and_then(|s| statvfs_result(&s))
}

/// Return what is known about the file system of an open file.
#[function(signature = "(fd, /)")]
pub fn fstatvfs(fd: c_int) -> PyResult {
    let mut st = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the structure is filled when the call succeeds.
    let r = blocking(|| unsafe {
        if libc::fstatvfs(fd, st.as_mut_ptr()) < 0 { Err(errno()) } else { Ok(st.assume_init()) }
    });
    r.map_err(exceptions::from_errno).and_then(|s| statvfs_result(&s))
}

/// Return whether the process may use a file in the ways that mode says.
#[function(
    signature = "(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)",
    shown = "(path, mode, *, dir_fd=None, effective_ids=False,\n       follow_symlinks=True)"
)]
pub fn access(path: Path, mode: c_int, dir_fd: Option<DirFd>, effective_ids: bool, follow_symlinks: bool) -> bool {
    let mut flags = 0;
    if effective_ids {
        flags |= libc::AT_EACCESS;
    }
    if !follow_symlinks {
        flags |= libc::AT_SYMLINK_NOFOLLOW;
    }
    let dir = dir_or_cwd(dir_fd);
    // SAFETY: a C string is passed.
    blocking(|| unsafe { libc::faccessat(dir, path.c().as_ptr(), mode, flags) == 0 })
}

/// Where the times of a file come from.
fn times_of(
    times: Option<&taipan_object::Object>,
    ns: Option<&taipan_object::Object>,
) -> PyResult<Option<[libc::timespec; 2]>> {
    use taipan_object::types::tuple::Tuple;
    let pair = |o: &taipan_object::Object, what: &str| -> PyResult<(Obj, Obj)> {
        match o.downcast::<Tuple>() {
            Some(t) if t.len() == 2 => Ok((t.item(0).to_obj(), t.item(1).to_obj())),
            _ => bail!(
                TypeError,
                "utime: '{what}' must be {}a tuple of two ints",
                if what == "times" { "either " } else { "" }
            ),
        }
    };
    if let Some(ns) = ns {
        let (a, m) = pair(ns, "ns")?;
        let split = |o: &Obj| -> PyResult<libc::timespec> {
            let billion = Int::from_i64(1_000_000_000);
            let d = number::divmod(o, &billion)?;
            let Some(t) = d.downcast::<Tuple>().filter(|t| t.len() == 2) else {
                bail!(TypeError, "{}.__divmod__() must return a 2-tuple, not {}", o.ty().name_str(), d.ty().name_str());
            };
            Ok(libc::timespec { tv_sec: t.item(0).as_i64()?, tv_nsec: t.item(1).as_i64()? })
        };
        return Ok(Some([split(&a)?, split(&m)?]));
    }
    let Some(times) = times else { return Ok(None) };
    if times.downcast::<Tuple>().is_none_or(|t| t.len() != 2) {
        bail!(TypeError, "utime: 'times' must be either a tuple of two ints or None");
    }
    let (a, m) = pair(times, "times")?;
    Ok(Some([
        crate::clock::to_timespec(&a, crate::clock::Rounding::Floor)?,
        crate::clock::to_timespec(&m, crate::clock::Rounding::Floor)?,
    ]))
}

/// Set the times of last access and change of a file: times in seconds, or ns in nanoseconds, or now.
#[function(
    signature = "(path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True)",
    shown = "(path, times=None, *, ns=<unrepresentable>,\n      dir_fd=None, follow_symlinks=True)"
)]
pub fn utime(
    path: PathOrFd,
    times: Option<&taipan_object::Object>,
    ns: taipan_object::args::Given<&taipan_object::Object>,
    dir_fd: Option<DirFd>,
    follow_symlinks: bool,
) -> PyResult<()> {
    if times.is_some() && ns.0.is_some() {
        bail!(ValueError, "utime: you may specify either 'times' or 'ns' but not both");
    }
    let spec = times_of(times, ns.0)?;
    if path.is_fd() {
        if dir_fd.is_some() {
            bail!(ValueError, "utime: can't specify dir_fd without matching path");
        }
        if !follow_symlinks {
            bail!(ValueError, "utime: cannot use fd and follow_symlinks together");
        }
    }
    crate::support::audit("os.utime", &[&path.object, times.unwrap_or(taipan_object::types::none::none())])?;
    let p = spec.as_ref().map_or(std::ptr::null(), |s| s.as_ptr());
    let dir = dir_or_cwd(dir_fd);
    let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    // SAFETY: a C string and two times, or null, are passed.
    let r = blocking(|| unsafe {
        let n =
            if path.is_fd() { libc::futimens(path.fd, p) } else { libc::utimensat(dir, path.c().as_ptr(), p, flags) };
        if n < 0 { Err(errno()) } else { Ok(()) }
    });
    r.map_err(|e| path.error(e))
}
