//! `fcntl`: flags and locks of descriptors, and device control.

use crate::constants::FCNTL;
use crate::posix::path::Fildes;
use crate::support::{audit, blocking, checked_syscall, errno};
use std::ffi::c_int;
use taipan_object::buffer::{self, Buffer};
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::protocol::number;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::{bail, function, methods};

/// Room for what the kernel reads and writes, with a guard behind it.
const ROOM: usize = 1024;

fn num(n: impl Into<i64>) -> Obj {
    Int::from_i64(n.into()).into_obj()
}

fn wrong(function: &str, arg: &Object) -> taipan_object::Raised {
    taipan_object::raise!(
        TypeError,
        "{function}() argument 3 must be an integer, a bytes-like object, or a string, not {}",
        arg.ty().name_str()
    )
}

/// The content of a string or bytes-like argument, if it is one.
fn content(arg: &Object) -> PyResult<Option<Vec<u8>>> {
    if let Some(s) = arg.downcast::<Str>() {
        return Ok(Some(s.to_utf8()?.as_bytes().to_vec()));
    }
    if buffer::supports(arg) { Ok(Some(Buffer::get(arg)?.as_slice().to_vec())) } else { Ok(None) }
}

/// Do something with a descriptor. Return a number, or bytes when arg is a string or bytes.
#[function(signature = "(fd, cmd, arg=None, /)", shown = "(fd, cmd, arg=0, /)")]
fn fcntl(fd: Fildes, cmd: c_int, arg: taipan_object::args::Given<&Object>) -> PyResult {
    let zero = Int::zero();
    let arg: &Object = arg.0.unwrap_or(&zero);
    audit("fcntl.fcntl", &[&num(fd.0), &num(cmd), arg])?;
    if number::has_index(arg) {
        let n = number::index(arg)?.low_u64() as u32 as usize;
        // SAFETY: the commands that take a number touch no memory.
        return Ok(num(checked_syscall(|| unsafe { libc::fcntl(fd.0, cmd, n) as isize })? as i64));
    }
    let Some(data) = content(arg)? else { return Err(wrong("fcntl", arg)) };
    if data.len() > ROOM {
        bail!(ValueError, "fcntl argument 3 is too long");
    }
    let mut buf = [0u8; ROOM + 64];
    buf[..data.len()].copy_from_slice(&data);
    let p = buf.as_mut_ptr();
    // SAFETY: the kernel reads and writes less than this much.
    checked_syscall(|| unsafe { libc::fcntl(fd.0, cmd, p) as isize })?;
    Ok(Bytes::try_new(&buf[..data.len()])?.into_obj())
}

/// Control a device. A buffer that can be written is changed in place if mutate_flag is true.
#[function(
    signature = "(fd, request, arg=None, mutate_flag=True, /)",
    shown = "(fd, request, arg=0, mutate_flag=True, /)"
)]
fn ioctl(fd: Fildes, request: &Object, arg: taipan_object::args::Given<&Object>, mutate_flag: bool) -> PyResult {
    let code = number::index(request)?.low_u64() as libc::c_ulong;
    let zero = Int::zero();
    let arg: &Object = arg.0.unwrap_or(&zero);
    audit("fcntl.ioctl", &[&num(fd.0), request, arg])?;
    let done = |r: c_int, e: i32| if r < 0 { Err(exceptions::from_errno(e)) } else { Ok(r) };
    if number::has_index(arg) {
        let n = number::index(arg)?.low_u64() as u32 as usize;
        // SAFETY: the requests that take a number touch no memory.
        let (r, e) = blocking(|| unsafe { (libc::ioctl(fd.0, code, n), errno()) });
        return Ok(num(done(r, e)?));
    }
    if arg.downcast::<Str>().is_none() && mutate_flag && buffer::supports(arg) {
        match Buffer::get_writable(arg) {
            Ok(b) => {
                let raw = b.raw();
                let n = raw.len.max(0) as usize;
                if n <= ROOM {
                    // Through room of our own: the kernel may write more than the buffer holds.
                    let mut buf = [0u8; ROOM + 64];
                    buf[..n].copy_from_slice(b.as_slice());
                    let p = buf.as_mut_ptr();
                    // SAFETY: the kernel reads and writes less than this much.
                    let (r, e) = blocking(|| unsafe { (libc::ioctl(fd.0, code, p), errno()) });
                    // SAFETY: the buffer is writable for its length while we hold it.
                    unsafe { std::ptr::copy_nonoverlapping(p, raw.buf.cast(), n) };
                    return Ok(num(done(r, e)?));
                }
                let p = raw.buf;
                // SAFETY: the buffer is writable for its length while we hold it.
                let (r, e) = blocking(|| unsafe { (libc::ioctl(fd.0, code, p), errno()) });
                return Ok(num(done(r, e)?));
            }
            Err(e) => {
                e.recover(exceptions::BufferError, ())?;
            }
        }
    }
    let Some(data) = content(arg)? else { return Err(wrong("ioctl", arg)) };
    if data.len() > ROOM {
        bail!(ValueError, "ioctl argument 3 is too long");
    }
    let mut buf = [0u8; ROOM + 64];
    buf[..data.len()].copy_from_slice(&data);
    let p = buf.as_mut_ptr();
    // SAFETY: the kernel reads and writes less than this much.
    let (r, e) = blocking(|| unsafe { (libc::ioctl(fd.0, code, p), errno()) });
    done(r, e)?;
    Ok(Bytes::try_new(&buf[..data.len()])?.into_obj())
}

/// Lock or unlock a whole file.
#[function(signature = "(fd, operation, /)")]
fn flock(fd: Fildes, operation: c_int) -> PyResult<()> {
    audit("fcntl.flock", &[&num(fd.0), &num(operation)])?;
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::flock(fd.0, operation) as isize }).map(drop)
}

/// Lock or unlock a part of a file, by LOCK_ numbers.
#[function(
    signature = "(fd, cmd, len=None, start=None, whence=0, /)",
    shown = "(fd, cmd, len=0, start=0, whence=0, /)"
)]
fn lockf(
    fd: Fildes,
    cmd: c_int,
    len: taipan_object::args::Given<&Object>,
    start: taipan_object::args::Given<&Object>,
    whence: c_int,
) -> PyResult<()> {
    audit("fcntl.lockf", &[&num(fd.0), &num(cmd)])?;
    let kind = if cmd == libc::LOCK_UN {
        libc::F_UNLCK
    } else if cmd & libc::LOCK_SH != 0 {
        libc::F_RDLCK
    } else if cmd & libc::LOCK_EX != 0 {
        libc::F_WRLCK
    } else {
        bail!(ValueError, "unrecognized lockf argument");
    };
    let number = |o: Option<&Object>| o.map_or(Ok(0), crate::support::offset_of);
    // SAFETY: a structure of numbers.
    let mut l: libc::flock = unsafe { std::mem::zeroed() };
    l.l_type = kind as _;
    l.l_start = number(start.0)?;
    l.l_len = number(len.0)?;
    l.l_whence = whence as _;
    let how = if cmd & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
    // SAFETY: a structure is passed.
    checked_syscall(|| unsafe { libc::fcntl(fd.0, how, &l) as isize }).map(drop)
}

fn exec(m: &Module) -> PyResult<()> {
    for &(name, n) in FCNTL {
        m.add_int(name, n)?;
    }
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "fcntl",
    doc: "Flags and locks of descriptors, and device control.",
    methods: methods![fcntl, ioctl, flock, lockf],
    exec,
};
