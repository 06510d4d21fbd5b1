//! Descriptors: opening, reading, writing, positions, flags.

use super::path::{DirFd, Fildes, FsString, Offset, Path, PathOrFd, dir_or_cwd};
use super::types;
use crate::support::{blocking, checked_syscall, errno, syscall};
use std::ffi::c_int;
use taipan_object::buffer::{Buffer, WritableBuffer};
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::protocol::mapping::fast_items;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none, structseq};
use taipan_object::{bail, function};

const MAX_TRANSFER: usize = 0x7FFF_F000;

/// Open a file and return its descriptor, which child processes do not inherit.
#[function(signature = "(path, flags, mode=0o777, *, dir_fd=None)", shown = "(path, flags, mode=511, *, dir_fd=None)")]
pub fn open(path: Path, flags: c_int, mode: c_int, dir_fd: Option<DirFd>) -> PyResult<c_int> {
    crate::support::audit("open", &[&path.object, none::none(), &Int::from_i64(flags.into())])?;
    let dir = dir_or_cwd(dir_fd);
    // SAFETY: a C string is passed.
    match syscall(|| unsafe {
        libc::openat(dir, path.c().as_ptr(), flags | libc::O_CLOEXEC, mode as libc::mode_t) as isize
    })? {
        Ok(fd) => Ok(fd as c_int),
        Err(e) => Err(path.error(e)),
    }
}

/// Close a descriptor.
#[function(signature = "(fd)")]
pub fn close(fd: Fildes) -> PyResult<()> {
    // SAFETY: no memory is passed.
    let r = blocking(|| unsafe { if libc::close(fd.0) < 0 { Err(errno()) } else { Ok(()) } });
    match r {
        // The descriptor is closed even so.
        Err(libc::EINTR) => Ok(()),
        r => r.map_err(exceptions::from_errno),
    }
}

/// Close all descriptors from fd_low up to but not including fd_high, whether open or not.
#[function(signature = "(fd_low, fd_high, /)")]
pub fn closerange(fd_low: c_int, fd_high: c_int) {
    let low = fd_low.max(0);
    if fd_high <= low {
        return;
    }
    // SAFETY: no memory is passed.
    blocking(|| unsafe {
        if libc::syscall(libc::SYS_close_range, low, fd_high - 1, 0) < 0 {
            for fd in low..fd_high {
                libc::close(fd);
            }
        }
    });
}

/// Read at most length bytes.
#[function(signature = "(fd, length, /)")]
pub fn read(fd: c_int, length: isize) -> PyResult {
    let Ok(n) = usize::try_from(length) else { return Err(exceptions::from_errno(libc::EINVAL)) };
    let n = n.min(MAX_TRANSFER);
    let b = Bytes::zeroed(n)?;
    let p = b.data_ptr();
    // SAFETY: `n` bytes are writable there, and nobody else has seen them yet.
    let got = checked_syscall(|| unsafe { libc::read(fd, p.cast(), n) })?;
    if got == n { Ok(b.into_obj()) } else { Ok(Bytes::try_new(&b.as_slice()[..got])?.into_obj()) }
}

/// Read into a buffer; return how many bytes came.
#[function(signature = "(fd, buffer, /)")]
pub fn readinto(fd: c_int, buffer: WritableBuffer) -> PyResult<usize> {
    let raw = buffer.0.raw();
    let (p, n) = (raw.buf, (raw.len.max(0) as usize).min(MAX_TRANSFER));
    // SAFETY: the buffer is writable for its length while we hold it.
    checked_syscall(|| unsafe { libc::read(fd, p, n) })
}

/// Write bytes; return how many were written.
#[function(signature = "(fd, data, /)")]
pub fn write(fd: c_int, data: Buffer) -> PyResult<usize> {
    let (p, n) = (data.as_slice().as_ptr(), data.len().min(MAX_TRANSFER));
    // SAFETY: the buffer is readable for its length while we hold it.
    checked_syscall(|| unsafe { libc::write(fd, p.cast(), n) })
}

/// Read at most length bytes from a position of the file; its own position stays.
#[function(signature = "(fd, length, offset, /)")]
pub fn pread(fd: c_int, length: c_int, offset: Offset) -> PyResult {
    let Ok(n) = usize::try_from(length) else { return Err(exceptions::from_errno(libc::EINVAL)) };
    let b = Bytes::zeroed(n)?;
    let p = b.data_ptr();
    // SAFETY: `n` bytes are writable there, and nobody else has seen them yet.
    let got = checked_syscall(|| unsafe { libc::pread(fd, p.cast(), n, offset.0) })?;
    Ok(Bytes::try_new(&b.as_slice()[..got])?.into_obj())
}

/// Write bytes at a position of the file; its own position stays.
#[function(signature = "(fd, buffer, offset, /)")]
pub fn pwrite(fd: c_int, buffer: Buffer, offset: Offset) -> PyResult<usize> {
    let (p, n) = (buffer.as_slice().as_ptr(), buffer.len());
    // SAFETY: the buffer is readable for its length while we hold it.
    checked_syscall(|| unsafe { libc::pwrite(fd, p.cast(), n, offset.0) })
}

/// Buffers and what the vector calls want of them.
struct Vectors<B> {
    _buffers: Vec<B>,
    iov: Vec<libc::iovec>,
}

fn vectors<B>(
    o: &Object,
    name: &str,
    get: impl Fn(&Object) -> PyResult<B>,
    part: impl Fn(&B) -> libc::iovec,
) -> PyResult<Vectors<B>> {
    if !o.is_sequence() {
        bail!(TypeError, "{name}() arg 2 must be a sequence");
    }
    let mut buffers = Vec::new();
    for item in fast_items(o, "arg 2 must be a sequence")? {
        buffers.push(get(&item)?);
    }
    let iov = buffers.iter().map(part).collect();
    Ok(Vectors { _buffers: buffers, iov })
}

fn writable(o: &Object, name: &str) -> PyResult<Vectors<Buffer>> {
    vectors(o, name, Buffer::get_writable, |b| libc::iovec {
        iov_base: b.raw().buf,
        iov_len: b.raw().len.max(0) as usize,
    })
}

fn readable(o: &Object, name: &str) -> PyResult<Vectors<Buffer>> {
    vectors(o, name, Buffer::get, |b| libc::iovec { iov_base: b.raw().buf, iov_len: b.raw().len.max(0) as usize })
}

/// Read into a sequence of buffers, one after the other.
#[function(signature = "(fd, buffers, /)")]
pub fn readv(fd: c_int, buffers: &Object) -> PyResult<usize> {
    let v = writable(buffers, "readv")?;
    // SAFETY: the buffers are writable while we hold them.
    checked_syscall(|| unsafe { libc::readv(fd, v.iov.as_ptr(), v.iov.len() as c_int) })
}

/// Write a sequence of buffers, one after the other.
#[function(signature = "(fd, buffers, /)")]
pub fn writev(fd: c_int, buffers: &Object) -> PyResult<usize> {
    let v = readable(buffers, "writev")?;
    // SAFETY: the buffers are readable while we hold them.
    checked_syscall(|| unsafe { libc::writev(fd, v.iov.as_ptr(), v.iov.len() as c_int) })
}

/// Read into a sequence of buffers from a position of the file; flags are RWF_ numbers.
#[function(signature = "(fd, buffers, offset, flags=0, /)")]
pub fn preadv(fd: c_int, buffers: &Object, offset: Offset, flags: c_int) -> PyResult<usize> {
    let v = writable(buffers, "preadv")?;
    // SAFETY: the buffers are writable while we hold them.
    checked_syscall(|| unsafe { libc::preadv2(fd, v.iov.as_ptr(), v.iov.len() as c_int, offset.0, flags) })
}

/// Write a sequence of buffers at a position of the file; flags are RWF_ numbers.
#[function(signature = "(fd, buffers, offset, flags=0, /)")]
pub fn pwritev(fd: c_int, buffers: &Object, offset: Offset, flags: c_int) -> PyResult<usize> {
    let v = readable(buffers, "pwritev")?;
    // SAFETY: the buffers are readable while we hold them.
    checked_syscall(|| unsafe { libc::pwritev2(fd, v.iov.as_ptr(), v.iov.len() as c_int, offset.0, flags) })
}

/// Move the position of a file; return the new one.
#[function(signature = "(fd, position, whence, /)")]
pub fn lseek(fd: c_int, position: Offset, whence: c_int) -> PyResult<usize> {
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::lseek(fd, position.0, whence) as isize })
}

/// Return a copy of a descriptor, which child processes do not inherit.
#[function(signature = "(fd, /)")]
pub fn dup(fd: c_int) -> PyResult<usize> {
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) as isize })
}

/// Make fd2 a copy of fd.
#[function(signature = "(fd, fd2, inheritable=True)")]
pub fn dup2(fd: c_int, fd2: c_int, inheritable: bool) -> PyResult<c_int> {
    if fd < 0 || fd2 < 0 {
        return Err(exceptions::from_errno(libc::EBADF));
    }
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe {
        (if inheritable || fd == fd2 { libc::dup2(fd, fd2) } else { libc::dup3(fd, fd2, libc::O_CLOEXEC) }) as isize
    })?;
    if !inheritable && fd == fd2 {
        change_inheritable(fd2, false)?;
    }
    Ok(fd2)
}

/// Make a pipe; return its ends for reading and writing.
#[function(signature = "()")]
pub fn pipe() -> PyResult {
    pipe2(libc::O_CLOEXEC)
}

/// Make a pipe with the given O_ flags.
#[function(signature = "(flags, /)")]
pub fn pipe2(flags: c_int) -> PyResult {
    let mut ends = [0; 2];
    // SAFETY: two numbers are written.
    checked_syscall(|| unsafe { libc::pipe2(ends.as_mut_ptr(), flags) as isize })?;
    Ok(pair(ends[0], ends[1]))
}

/// Two numbers as a tuple.
pub fn pair(a: c_int, b: c_int) -> Obj {
    Tuple::from_vec(vec![Int::from_i64(a.into()).into_obj(), Int::from_i64(b.into()).into_obj()]).into_obj()
}

/// Return whether a descriptor is a terminal.
#[function(signature = "(fd, /)")]
pub fn isatty(fd: c_int) -> bool {
    // SAFETY: no memory is passed.
    blocking(|| unsafe { libc::isatty(fd) != 0 })
}

/// Return the name of the terminal that a descriptor is.
#[function(signature = "(fd, /)")]
pub fn ttyname(fd: c_int) -> PyResult {
    let mut buf = [0u8; 4096];
    // SAFETY: the buffer's size is passed.
    let n = unsafe { libc::ttyname_r(fd, buf.as_mut_ptr().cast(), buf.len()) };
    if n != 0 {
        return Err(exceptions::from_errno(n));
    }
    let end = buf.iter().position(|&c| c == 0).unwrap_or(buf.len());
    Ok(crate::support::fs_text(&buf[..end]).into_obj())
}

/// Return the size of a terminal as columns and lines.
#[function(signature = "(fd=1, /)", shown = "(fd=<unrepresentable>, /)")]
pub fn get_terminal_size(fd: c_int) -> PyResult {
    let mut w = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the structure is written.
    if unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut w) } < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    let v = vec![Int::from_i64(w.ws_col.into()).into_obj(), Int::from_i64(w.ws_row.into()).into_obj()];
    structseq::new_instance(&*types::get("terminal_size")?, v)
}

/// Write a file's data and status to the disk.
#[function(signature = "(fd)")]
pub fn fsync(fd: Fildes) -> PyResult<()> {
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::fsync(fd.0) as isize }).map(drop)
}

/// Write a file's data to the disk.
#[function(signature = "(fd)")]
pub fn fdatasync(fd: Fildes) -> PyResult<()> {
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::fdatasync(fd.0) as isize }).map(drop)
}

/// Write everything to the disks.
#[function(signature = "()")]
pub fn sync() {
    // SAFETY: no memory is passed.
    blocking(|| unsafe { libc::sync() });
}

/// Cut or lengthen an open file.
#[function(signature = "(fd, length, /)")]
pub fn ftruncate(fd: c_int, length: Offset) -> PyResult<()> {
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::ftruncate(fd, length.0) as isize }).map(drop)
}

/// Cut or lengthen a file.
#[function(signature = "(path, length)")]
pub fn truncate(path: PathOrFd, length: Offset) -> PyResult<()> {
    crate::support::audit("os.truncate", &[&path.object, &Int::from_i64(length.0)])?;
    // SAFETY: a C string is passed.
    let r = syscall(|| unsafe {
        (if path.is_fd() { libc::ftruncate(path.fd, length.0) } else { libc::truncate(path.c().as_ptr(), length.0) })
            as isize
    })?;
    r.map(drop).map_err(|e| path.error(e))
}

/// Make sure that a part of a file has room on the disk.
#[function(signature = "(fd, offset, length, /)")]
pub fn posix_fallocate(fd: c_int, offset: Offset, length: Offset) -> PyResult<()> {
    loop {
        // SAFETY: no memory is passed.
        match blocking(|| unsafe { libc::posix_fallocate(fd, offset.0, length.0) }) {
            0 => return Ok(()),
            libc::EINTR => (taipan_object::hooks::get().handle_pending)()?,
            e => return Err(exceptions::from_errno(e)),
        }
    }
}

/// Say how a part of a file will be used.
#[function(signature = "(fd, offset, length, advice, /)")]
pub fn posix_fadvise(fd: c_int, offset: Offset, length: Offset, advice: c_int) -> PyResult<()> {
    loop {
        // SAFETY: no memory is passed.
        match blocking(|| unsafe { libc::posix_fadvise(fd, offset.0, length.0, advice) }) {
            0 => return Ok(()),
            libc::EINTR => (taipan_object::hooks::get().handle_pending)()?,
            e => return Err(exceptions::from_errno(e)),
        }
    }
}

/// Lock, test or unlock a part of a file from its position on.
#[function(signature = "(fd, command, length, /)")]
pub fn lockf(fd: c_int, command: c_int, length: Offset) -> PyResult<()> {
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::lockf(fd, command, length.0) as isize }).map(drop)
}

fn change_inheritable(fd: c_int, inheritable: bool) -> PyResult<()> {
    // SAFETY: no memory is passed.
    unsafe {
        let old = libc::fcntl(fd, libc::F_GETFD);
        let new = if inheritable { old & !libc::FD_CLOEXEC } else { old | libc::FD_CLOEXEC };
        if old < 0 || (new != old && libc::fcntl(fd, libc::F_SETFD, new) < 0) {
            return Err(exceptions::from_errno(errno()));
        }
    }
    Ok(())
}

/// Return whether child processes inherit a descriptor.
#[function(signature = "(fd, /)")]
pub fn get_inheritable(fd: c_int) -> PyResult<bool> {
    // SAFETY: no memory is passed.
    let flags = checked_syscall(|| unsafe { libc::fcntl(fd, libc::F_GETFD) as isize })?;
    Ok(flags as c_int & libc::FD_CLOEXEC == 0)
}

/// Say whether child processes inherit a descriptor.
#[function(signature = "(fd, inheritable, /)")]
pub fn set_inheritable(fd: c_int, inheritable: c_int) -> PyResult<()> {
    change_inheritable(fd, inheritable != 0)
}

/// Return whether operations on a descriptor wait.
#[function(signature = "(fd, /)")]
pub fn get_blocking(fd: c_int) -> PyResult<bool> {
    // SAFETY: no memory is passed.
    let flags = checked_syscall(|| unsafe { libc::fcntl(fd, libc::F_GETFL) as isize })?;
    Ok(flags as c_int & libc::O_NONBLOCK == 0)
}

/// Say whether operations on a descriptor wait.
#[function(signature = "(fd, blocking, /)")]
pub fn set_blocking(fd: c_int, blocking: bool) -> PyResult<()> {
    // SAFETY: no memory is passed.
    unsafe {
        let old = libc::fcntl(fd, libc::F_GETFL);
        let new = if blocking { old & !libc::O_NONBLOCK } else { old | libc::O_NONBLOCK };
        if old < 0 || libc::fcntl(fd, libc::F_SETFL, new) < 0 {
            return Err(exceptions::from_errno(errno()));
        }
    }
    Ok(())
}

/// Return the encoding of a terminal, None for what is no terminal.
#[function(signature = "(fd)")]
pub fn device_encoding(fd: c_int) -> PyResult {
    // SAFETY: no memory is passed.
    if unsafe { libc::isatty(fd) } == 0 {
        return Ok(none::none_obj());
    }
    if taipan_object::Interp::current().config.utf8_mode.get() {
        return Ok(Str::from_utf8("utf-8").into_obj());
    }
    Ok(Str::from_utf8(&crate::io::textio::locale_encoding()).into_obj())
}

/// Copy count bytes from one open file to another; return how many were copied.
#[function(signature = "(out_fd, in_fd, offset, count)")]
pub fn sendfile(out_fd: c_int, in_fd: c_int, offset: Option<Offset>, count: isize) -> PyResult<usize> {
    let Ok(count) = usize::try_from(count) else { bail!(ValueError, "count cannot be negative") };
    let mut at = offset.map(|o| o.0);
    let p = at.as_mut().map_or(std::ptr::null_mut(), |o| o as *mut i64);
    // SAFETY: the offset is ours or null.
    checked_syscall(|| unsafe { libc::sendfile(out_fd, in_fd, p, count) })
}

fn offset_pointer(o: &mut Option<i64>) -> *mut i64 {
    o.as_mut().map_or(std::ptr::null_mut(), |o| o as *mut i64)
}

/// Copy count bytes between two files inside the kernel.
#[function(
    signature = "(src, dst, count, offset_src=None, offset_dst=None)",
    shown = "(src, dst, count, offset_src=None,\n                offset_dst=None)"
)]
pub fn copy_file_range(
    src: c_int,
    dst: c_int,
    count: isize,
    offset_src: Option<Offset>,
    offset_dst: Option<Offset>,
) -> PyResult<usize> {
    let Ok(count) = usize::try_from(count) else { bail!(ValueError, "negative value for 'count' not allowed") };
    let (mut a, mut b) = (offset_src.map(|o| o.0), offset_dst.map(|o| o.0));
    let (pa, pb) = (offset_pointer(&mut a), offset_pointer(&mut b));
    // SAFETY: the offsets are ours or null.
    checked_syscall(|| unsafe { libc::copy_file_range(src, pa, dst, pb, count, 0) })
}

/// Move count bytes between two descriptors, one of which is a pipe.
#[function(
    signature = "(src, dst, count, offset_src=None, offset_dst=None, flags=0)",
    shown = "(src, dst, count, offset_src=None, offset_dst=None,\n       flags=0)"
)]
pub fn splice(
    src: c_int,
    dst: c_int,
    count: isize,
    offset_src: Option<Offset>,
    offset_dst: Option<Offset>,
    flags: c_int,
) -> PyResult<usize> {
    let Ok(count) = usize::try_from(count) else { bail!(ValueError, "negative value for 'count' not allowed") };
    let (mut a, mut b) = (offset_src.map(|o| o.0), offset_dst.map(|o| o.0));
    let (pa, pb) = (offset_pointer(&mut a), offset_pointer(&mut b));
    // SAFETY: the offsets are ours or null.
    checked_syscall(|| unsafe { libc::splice(src, pa, dst, pb, count, flags as u32) })
}

/// Make a file that lives in memory only.
#[function(signature = "(name, flags=1)", shown = "(name, flags=MFD_CLOEXEC)")]
pub fn memfd_create(name: FsString, flags: i64) -> PyResult<usize> {
    // SAFETY: a C string is passed.
    checked_syscall(|| unsafe { libc::memfd_create(name.0.as_ptr(), flags as u32) as isize })
}
