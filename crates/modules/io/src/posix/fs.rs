//! The file system: making, removing, renaming, modes and owners, links, current directory, extended attributes.

use super::path::{Dev, DirFd, Fildes, FsString, Gid, Path, PathOrFd, PathOrFdOrNone, Uid, dir_or_cwd};
use crate::support::{audit, blocking, checked_syscall, errno, fs_text, syscall};
use std::ffi::{CStr, c_int};
use taipan_object::bail;
use taipan_object::buffer::Buffer;
use taipan_object::error::PyResult;
use taipan_object::function;
use taipan_object::header::{Obj, Object};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::none;

fn num(n: impl Into<i64>) -> Obj {
    Int::from_i64(n.into()).into_obj()
}

fn dir_num(d: Option<DirFd>) -> Obj {
    num(d.map_or(-1, |d| d.0))
}

fn on<const FD: bool, const NONE: bool>(
    path: &super::path::PathArg<FD, NONE>,
    f: impl FnOnce() -> c_int,
) -> PyResult<()> {
    let r = blocking(|| if f() < 0 { Err(errno()) } else { Ok(()) });
    r.map_err(|e| path.error(e))
}

/// Make a directory.
#[function(signature = "(path, mode=0o777, *, dir_fd=None)", shown = "(path, mode=511, *, dir_fd=None)")]
pub fn mkdir(path: Path, mode: c_int, dir_fd: Option<DirFd>) -> PyResult<()> {
    audit("os.mkdir", &[&path.object, &num(mode), &dir_num(dir_fd)])?;
    // SAFETY: a C string is passed.
    on(&path, || unsafe { libc::mkdirat(dir_or_cwd(dir_fd), path.c().as_ptr(), mode as libc::mode_t) })
}

/// Remove an empty directory.
#[function(signature = "(path, *, dir_fd=None)")]
pub fn rmdir(path: Path, dir_fd: Option<DirFd>) -> PyResult<()> {
    audit("os.rmdir", &[&path.object, &dir_num(dir_fd)])?;
    // SAFETY: a C string is passed.
    on(&path, || unsafe { libc::unlinkat(dir_or_cwd(dir_fd), path.c().as_ptr(), libc::AT_REMOVEDIR) })
}

/// Remove a file.
#[function(signature = "(path, *, dir_fd=None)")]
pub fn unlink(path: Path, dir_fd: Option<DirFd>) -> PyResult<()> {
    audit("os.remove", &[&path.object, &dir_num(dir_fd)])?;
    // SAFETY: a C string is passed.
    on(&path, || unsafe { libc::unlinkat(dir_or_cwd(dir_fd), path.c().as_ptr(), 0) })
}

/// Remove a file.
#[function(signature = "(path, *, dir_fd=None)")]
pub fn remove(path: Path, dir_fd: Option<DirFd>) -> PyResult<()> {
    unlink(path, dir_fd)
}

fn two(src: &Path, dst: &Path, f: impl FnOnce() -> c_int) -> PyResult<()> {
    let r = blocking(|| if f() < 0 { Err(errno()) } else { Ok(()) });
    r.map_err(|e| exceptions::from_errno_paths(e, &src.object, &dst.object))
}

fn move_file(src: &Path, dst: &Path, from: Option<DirFd>, to: Option<DirFd>) -> PyResult<()> {
    audit("os.rename", &[&src.object, &dst.object, &dir_num(from), &dir_num(to)])?;
    // SAFETY: C strings are passed.
    two(src, dst, || unsafe { libc::renameat(dir_or_cwd(from), src.c().as_ptr(), dir_or_cwd(to), dst.c().as_ptr()) })
}

/// Rename a file.
#[function(signature = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
pub fn rename(src: Path, dst: Path, src_dir_fd: Option<DirFd>, dst_dir_fd: Option<DirFd>) -> PyResult<()> {
    move_file(&src, &dst, src_dir_fd, dst_dir_fd)
}

/// Rename a file over whatever is there.
#[function(signature = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
pub fn replace(src: Path, dst: Path, src_dir_fd: Option<DirFd>, dst_dir_fd: Option<DirFd>) -> PyResult<()> {
    move_file(&src, &dst, src_dir_fd, dst_dir_fd)
}

/// Give a file another name.
#[function(
    signature = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)",
    shown = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None,\n     follow_symlinks=(os.name != 'nt'))"
)]
pub fn link(
    src: Path,
    dst: Path,
    src_dir_fd: Option<DirFd>,
    dst_dir_fd: Option<DirFd>,
    follow_symlinks: bool,
) -> PyResult<()> {
    audit("os.link", &[&src.object, &dst.object, &dir_num(src_dir_fd), &dir_num(dst_dir_fd)])?;
    let flags = if follow_symlinks { libc::AT_SYMLINK_FOLLOW } else { 0 };
    // SAFETY: C strings are passed.
    two(&src, &dst, || unsafe {
        libc::linkat(dir_or_cwd(src_dir_fd), src.c().as_ptr(), dir_or_cwd(dst_dir_fd), dst.c().as_ptr(), flags)
    })
}

/// Make a symbolic link.
#[function(
    signature = "(src, dst, target_is_directory=False, *, dir_fd=None)",
    shown = "(src, dst, target_is_directory=False, *, dir_fd=None)"
)]
pub fn symlink(src: Path, dst: Path, target_is_directory: bool, dir_fd: Option<DirFd>) -> PyResult<()> {
    let _ = target_is_directory;
    audit("os.symlink", &[&src.object, &dst.object, &dir_num(dir_fd)])?;
    // SAFETY: C strings are passed.
    two(&src, &dst, || unsafe { libc::symlinkat(src.c().as_ptr(), dir_or_cwd(dir_fd), dst.c().as_ptr()) })
}

/// Return what a symbolic link points to.
#[function(signature = "(path, *, dir_fd=None)")]
pub fn readlink(path: Path, dir_fd: Option<DirFd>) -> PyResult {
    let mut buf = vec![0u8; 4097];
    let dir = dir_or_cwd(dir_fd);
    // SAFETY: a C string and a buffer with its size are passed.
    let r = blocking(|| unsafe {
        let n = libc::readlinkat(dir, path.c().as_ptr(), buf.as_mut_ptr().cast(), 4096);
        if n < 0 { Err(errno()) } else { Ok(n as usize) }
    });
    let n = r.map_err(|e| path.error(e))?;
    if path.as_bytes { Ok(Bytes::try_new(&buf[..n])?.into_obj()) } else { Ok(fs_text(&buf[..n]).into_obj()) }
}

/// Change a file's mode.
#[function(
    signature = "(path, mode, *, dir_fd=None, follow_symlinks=True)",
    shown = "(path, mode, *, dir_fd=None,\n      follow_symlinks=(os.name != 'nt'))"
)]
pub fn chmod(path: PathOrFd, mode: c_int, dir_fd: Option<DirFd>, follow_symlinks: bool) -> PyResult<()> {
    if path.is_fd() && !follow_symlinks {
        bail!(ValueError, "chmod: cannot use fd and follow_symlinks together");
    }
    if path.is_fd() && dir_fd.is_some() {
        bail!(ValueError, "chmod: can't specify dir_fd without matching path");
    }
    audit("os.chmod", &[&path.object, &num(mode), &dir_num(dir_fd)])?;
    let mode = mode as libc::mode_t;
    let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    // SAFETY: a C string is passed.
    let r = blocking(|| unsafe {
        let n = if path.is_fd() {
            libc::fchmod(path.fd, mode)
        } else {
            libc::fchmodat(dir_or_cwd(dir_fd), path.c().as_ptr(), mode, flags)
        };
        if n < 0 { Err(errno()) } else { Ok(()) }
    });
    match r {
        Err(libc::EOPNOTSUPP) if !follow_symlinks => {
            if dir_fd.is_some() {
                bail!(ValueError, "chmod: cannot use dir_fd and follow_symlinks together");
            }
            bail!(NotImplementedError, "chmod: follow_symlinks unavailable on this platform")
        }
        r => r.map_err(|e| path.error(e)),
    }
}

/// Change an open file's mode.
#[function(signature = "(fd, mode)")]
pub fn fchmod(fd: c_int, mode: c_int) -> PyResult<()> {
    audit("os.chmod", &[&num(fd), &num(mode), &num(-1)])?;
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::fchmod(fd, mode as libc::mode_t) as isize }).map(drop)
}

/// Change a file's owner and group; -1 leaves one as it is.
#[function(signature = "(path, uid, gid, *, dir_fd=None, follow_symlinks=True)")]
pub fn chown(path: PathOrFd, uid: Uid, gid: Gid, dir_fd: Option<DirFd>, follow_symlinks: bool) -> PyResult<()> {
    if path.is_fd() && !follow_symlinks {
        bail!(ValueError, "chown: cannot use fd and follow_symlinks together");
    }
    if path.is_fd() && dir_fd.is_some() {
        bail!(ValueError, "chown: can't specify dir_fd without matching path");
    }
    audit(
        "os.chown",
        &[&path.object, &super::path::id_object(uid.0), &super::path::id_object(gid.0), &dir_num(dir_fd)],
    )?;
    let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    // SAFETY: a C string is passed.
    on(&path, || unsafe {
        if path.is_fd() {
            libc::fchown(path.fd, uid.0, gid.0)
        } else {
            libc::fchownat(dir_or_cwd(dir_fd), path.c().as_ptr(), uid.0, gid.0, flags)
        }
    })
}

/// Change an open file's owner and group.
#[function(signature = "(fd, uid, gid)")]
pub fn fchown(fd: c_int, uid: Uid, gid: Gid) -> PyResult<()> {
    audit("os.chown", &[&num(fd), &super::path::id_object(uid.0), &super::path::id_object(gid.0), &num(-1)])?;
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::fchown(fd, uid.0, gid.0) as isize }).map(drop)
}

/// Change the owner and group of a file, or of a symbolic link itself.
#[function(signature = "(path, uid, gid)")]
pub fn lchown(path: Path, uid: Uid, gid: Gid) -> PyResult<()> {
    audit("os.chown", &[&path.object, &super::path::id_object(uid.0), &super::path::id_object(gid.0), &num(-1)])?;
    // SAFETY: a C string is passed.
    on(&path, || unsafe { libc::lchown(path.c().as_ptr(), uid.0, gid.0) })
}

/// Make a directory the root of what the process sees.
#[function(signature = "(path)")]
pub fn chroot(path: Path) -> PyResult<()> {
    // SAFETY: a C string is passed.
    on(&path, || unsafe { libc::chroot(path.c().as_ptr()) })
}

/// Make a directory the current one.
#[function(signature = "(path)")]
pub fn chdir(path: PathOrFd) -> PyResult<()> {
    audit("os.chdir", &[&path.object])?;
    // SAFETY: a C string is passed.
    on(&path, || unsafe { if path.is_fd() { libc::fchdir(path.fd) } else { libc::chdir(path.c().as_ptr()) } })
}

/// Make an open directory the current one.
#[function(signature = "(fd)")]
pub fn fchdir(fd: Fildes) -> PyResult<()> {
    audit("os.chdir", &[&num(fd.0)])?;
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::fchdir(fd.0) as isize }).map(drop)
}

fn current_directory() -> PyResult<Vec<u8>> {
    let mut size = 4096;
    loop {
        let mut buf = vec![0u8; size];
        // SAFETY: a buffer with its size is passed.
        let r = blocking(|| unsafe {
            if libc::getcwd(buf.as_mut_ptr().cast(), size).is_null() { Err(errno()) } else { Ok(()) }
        });
        match r {
            Ok(()) => {
                let n = buf.iter().position(|&c| c == 0).unwrap_or(size);
                buf.truncate(n);
                return Ok(buf);
            }
            Err(libc::ERANGE) if size < 1 << 24 => size *= 2,
            Err(e) => return Err(exceptions::from_errno(e)),
        }
    }
}

/// Return the current directory.
#[function(signature = "()")]
pub fn getcwd() -> PyResult {
    Ok(fs_text(&current_directory()?).into_obj())
}

/// Return the current directory as bytes.
#[function(signature = "()")]
pub fn getcwdb() -> PyResult {
    Ok(Bytes::try_new(&current_directory()?)?.into_obj())
}

/// Set the bits that new files do not get; return the old ones.
#[function(signature = "(mask, /)")]
pub fn umask(mask: c_int) -> i64 {
    // SAFETY: no memory is passed.
    unsafe { libc::umask(mask as libc::mode_t) }.into()
}

/// Make a named pipe.
#[function(signature = "(path, mode=0o666, *, dir_fd=None)", shown = "(path, mode=438, *, dir_fd=None)")]
pub fn mkfifo(path: Path, mode: c_int, dir_fd: Option<DirFd>) -> PyResult<()> {
    // SAFETY: a C string is passed.
    match syscall(|| unsafe { libc::mkfifoat(dir_or_cwd(dir_fd), path.c().as_ptr(), mode as libc::mode_t) as isize })? {
        Ok(_) => Ok(()),
        Err(e) => Err(path.error(e)),
    }
}

/// Make a file of any kind.
#[function(
    signature = "(path, mode=0o600, device=None, *, dir_fd=None)",
    shown = "(path, mode=384, device=0, *, dir_fd=None)"
)]
pub fn mknod(path: Path, mode: c_int, device: Option<Dev>, dir_fd: Option<DirFd>) -> PyResult<()> {
    let dev = device.map_or(0, |d| d.0);
    // SAFETY: a C string is passed.
    match syscall(|| unsafe {
        libc::mknodat(dir_or_cwd(dir_fd), path.c().as_ptr(), mode as libc::mode_t, dev) as isize
    })? {
        Ok(_) => Ok(()),
        Err(e) => Err(path.error(e)),
    }
}

fn dev_part(n: u32) -> Obj {
    super::path::id_object(n)
}

/// Return the major number of a device number.
#[function(signature = "(device, /)")]
pub fn major(device: Dev) -> Obj {
    if device.0 == u64::MAX { num(-1) } else { dev_part(libc::major(device.0)) }
}

/// Return the minor number of a device number.
#[function(signature = "(device, /)")]
pub fn minor(device: Dev) -> Obj {
    if device.0 == u64::MAX { num(-1) } else { dev_part(libc::minor(device.0)) }
}

/// Put a device number together.
#[function(signature = "(major, minor, /)")]
pub fn makedev(major: Dev, minor: Dev) -> PyResult {
    if major.0 == u64::MAX && minor.0 == u64::MAX {
        return Ok(num(-1));
    }
    let part = |d: Dev| if d.0 == u64::MAX { Ok(u32::MAX) } else { u32::try_from(d.0) };
    match (part(major), part(minor)) {
        (Ok(a), Ok(b)) => Ok(Int::from_u64(libc::makedev(a, b)).into_obj()),
        _ => bail!(OverflowError, "Python int too large to convert to C unsigned int"),
    }
}

fn no_fd_and_nofollow(name: &str, path_is_fd: bool, follow: bool) -> PyResult<()> {
    if path_is_fd && !follow {
        bail!(ValueError, "{name}: cannot use fd and follow_symlinks together");
    }
    Ok(())
}

/// Return an extended attribute of a file.
#[function(signature = "(path, attribute, *, follow_symlinks=True)")]
pub fn getxattr(path: PathOrFd, attribute: FsString, follow_symlinks: bool) -> PyResult {
    no_fd_and_nofollow("getxattr", path.is_fd(), follow_symlinks)?;
    audit("os.getxattr", &[&path.object, &fs_text(attribute.0.to_bytes())])?;
    let get = |buf: *mut u8, n: usize| {
        // SAFETY: C strings and a buffer with its size are passed.
        blocking(|| unsafe {
            let r = if path.is_fd() {
                libc::fgetxattr(path.fd, attribute.0.as_ptr(), buf.cast(), n)
            } else if follow_symlinks {
                libc::getxattr(path.c().as_ptr(), attribute.0.as_ptr(), buf.cast(), n)
            } else {
                libc::lgetxattr(path.c().as_ptr(), attribute.0.as_ptr(), buf.cast(), n)
            };
            if r < 0 { Err(errno()) } else { Ok(r as usize) }
        })
    };
    let mut buf = vec![0u8; 1 << 16];
    match get(buf.as_mut_ptr(), buf.len()) {
        Ok(n) => Ok(Bytes::try_new(&buf[..n])?.into_obj()),
        Err(e) => Err(path.error(e)),
    }
}

/// Set an extended attribute of a file.
#[function(
    signature = "(path, attribute, value, flags=0, *, follow_symlinks=True)",
    shown = "(path, attribute, value, flags=0, *,\n         follow_symlinks=True)"
)]
pub fn setxattr(
    path: PathOrFd,
    attribute: FsString,
    value: Buffer,
    flags: c_int,
    follow_symlinks: bool,
) -> PyResult<()> {
    no_fd_and_nofollow("setxattr", path.is_fd(), follow_symlinks)?;
    audit("os.setxattr", &[&path.object, &fs_text(attribute.0.to_bytes()), &*Bytes::try_new(&value)?, &num(flags)])?;
    let (p, n) = (value.as_slice().as_ptr(), value.len());
    // SAFETY: C strings and a buffer with its size are passed.
    on(&path, || unsafe {
        if path.is_fd() {
            libc::fsetxattr(path.fd, attribute.0.as_ptr(), p.cast(), n, flags)
        } else if follow_symlinks {
            libc::setxattr(path.c().as_ptr(), attribute.0.as_ptr(), p.cast(), n, flags)
        } else {
            libc::lsetxattr(path.c().as_ptr(), attribute.0.as_ptr(), p.cast(), n, flags)
        }
    })
}

/// Remove an extended attribute of a file.
#[function(signature = "(path, attribute, *, follow_symlinks=True)")]
pub fn removexattr(path: PathOrFd, attribute: FsString, follow_symlinks: bool) -> PyResult<()> {
    no_fd_and_nofollow("removexattr", path.is_fd(), follow_symlinks)?;
    audit("os.removexattr", &[&path.object, &fs_text(attribute.0.to_bytes())])?;
    // SAFETY: C strings are passed.
    on(&path, || unsafe {
        if path.is_fd() {
            libc::fremovexattr(path.fd, attribute.0.as_ptr())
        } else if follow_symlinks {
            libc::removexattr(path.c().as_ptr(), attribute.0.as_ptr())
        } else {
            libc::lremovexattr(path.c().as_ptr(), attribute.0.as_ptr())
        }
    })
}

/// Return the names of the extended attributes of a file.
#[function(signature = "(path=None, *, follow_symlinks=True)")]
pub fn listxattr(path: Option<PathOrFdOrNone>, follow_symlinks: bool) -> PyResult {
    let fd = path.as_ref().filter(|p| p.is_fd()).map(|p| p.fd);
    no_fd_and_nofollow("listxattr", fd.is_some(), follow_symlinks)?;
    let shown = path.as_ref().map_or_else(none::none_obj, |p| p.object.clone());
    audit("os.listxattr", &[&shown])?;
    let name: &CStr = path.as_ref().map_or(c".", |p| p.c());
    let mut buf = vec![0u8; 1 << 16];
    let (p, n) = (buf.as_mut_ptr(), buf.len());
    // SAFETY: a C string and a buffer with its size are passed.
    let r = blocking(|| unsafe {
        let n = match fd {
            Some(fd) => libc::flistxattr(fd, p.cast(), n),
            None if follow_symlinks => libc::listxattr(name.as_ptr(), p.cast(), n),
            None => libc::llistxattr(name.as_ptr(), p.cast(), n),
        };
        if n < 0 { Err(errno()) } else { Ok(n as usize) }
    });
    let n = r.map_err(|e| exceptions::from_errno_path(e, &shown))?;
    let names = buf[..n].split(|&c| c == 0).filter(|s| !s.is_empty()).map(|s| fs_text(s).into_obj()).collect();
    Ok(List::from_vec(names).into_obj())
}

/// Return the path of an object: a str or bytes itself, or what __fspath__ answers.
#[function(signature = "(path)")]
pub fn fspath(path: &Object) -> PyResult {
    crate::support::fspath(path)
}

/// Return a path without needless dots, slashes and steps up and down. A NUL ends nothing.
#[function(signature = "(path)", name = "_path_normpath")]
pub fn path_normpath(path: &Object) -> PyResult {
    normalized(path)
}

/// Splits at the root: leading slashes, of which exactly two are a root of their own.
fn root_len(b: &[u8]) -> usize {
    let n = b.iter().take_while(|&&c| c == b'/').count();
    match n {
        0 => 0,
        2 => 2,
        _ => 1,
    }
}

fn normal(b: &[u8]) -> Vec<u8> {
    if b.is_empty() {
        return b".".to_vec();
    }
    let root = root_len(b);
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in b[root..].split(|&c| c == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|p| *p != b"..") => drop(parts.pop()),
            b".." if root > 0 && parts.is_empty() => {}
            _ => parts.push(part),
        }
    }
    let mut out = b[..root].to_vec();
    out.extend_from_slice(&parts.join(&b'/'));
    if out.is_empty() { b".".to_vec() } else { out }
}

fn normalized(path: &Object) -> PyResult {
    let path = crate::support::fspath(path)?;
    if let Some(b) = path.downcast::<Bytes>() {
        return Ok(Bytes::try_new(&normal(b.as_slice()))?.into_obj());
    }
    let s: &taipan_object::types::str::Str = path.cast();
    Ok(taipan_object::types::str::Str::from_wtf8(&normal(&s.to_wtf8())).into_obj())
}

/// Split a path into drive (always empty), root and the rest.
#[function(signature = "(p)", name = "_path_splitroot_ex", shown = "(p)")]
pub fn path_splitroot_ex(p: &Object) -> PyResult {
    use taipan_object::types::str::Str;
    use taipan_object::types::tuple::Tuple;
    let path = crate::support::fspath(p)?;
    if let Some(b) = path.downcast::<Bytes>() {
        let b = b.as_slice();
        let (root, rest) = b.split_at(root_len(b));
        return Ok(Tuple::from_vec(vec![
            Bytes::empty().into_obj(),
            Bytes::try_new(root)?.into_obj(),
            Bytes::try_new(rest)?.into_obj(),
        ])
        .into_obj());
    }
    let s: &Str = path.cast();
    let lead: Vec<u8> = s.chars().take_while(|&c| c == 0x2F).map(|_| b'/').collect();
    let n = root_len(&lead);
    Ok(Tuple::from_vec(vec![Str::empty().into_obj(), s.substring(0, n).into_obj(), s.substring(n, s.len()).into_obj()])
        .into_obj())
}
