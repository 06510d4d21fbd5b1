//! `FileIO`: a file descriptor as an unbuffered stream.

use super::base::{IOBase, PyRawIOBase_Type, stream_dealloc};
use super::unsupported;
use crate::support::{
    Size, audit, bind_init, blocking, c_int_of, chained, checked_syscall, errno, fs_bytes, fspath, param, size_or_all,
    syscall, with_exception_saved,
};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::new_instance;
use taipan_object::args::{ArgContext, FromArg, Signature};
use taipan_object::buffer::{Buffer, WritableBuffer};
use taipan_object::error::{self, PyResult, unraisable};
use taipan_object::header::Object;
use taipan_object::method::member;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::{exceptions, none};
use taipan_object::{bail, getset, getsets, hooks, intern, layout, members, method, methods};

/// A `FileIO`.
#[repr(C)]
pub struct FileIO {
    base: IOBase,
    fd: Cell<c_int>,
    created: Cell<bool>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    appending: Cell<bool>,
    /// -1 when not known yet.
    seekable: Cell<i8>,
    closefd: Cell<bool>,
    finalizing: Cell<bool>,
    blksize: Cell<u32>,
    /// Whether the file was a character device when it was opened; -1 when not known.
    char_device: Cell<i8>,
    /// The file's size when it was opened; 0 when not known.
    size: Cell<i64>,
}
layout!(FileIO, PyFileIO_Type);

/// How much one system call transfers at most.
const MAX_TRANSFER: usize = 0x7FFF_F000;

impl FileIO {
    /// The file descriptor; negative when closed.
    #[inline]
    pub fn fd(&self) -> c_int {
        self.fd.get()
    }

    /// The block size of the file.
    pub fn blksize(&self) -> usize {
        self.blksize.get() as usize
    }

    fn check(&self) -> PyResult<c_int> {
        let fd = self.fd.get();
        if fd < 0 {
            bail!(ValueError, "I/O operation on closed file");
        }
        Ok(fd)
    }

    fn check_readable(&self) -> PyResult<c_int> {
        let fd = self.check()?;
        if !self.readable.get() {
            return Err(unsupported("File not open for reading"));
        }
        Ok(fd)
    }

    /// One read into memory; `None` when it would block.
    pub fn read_into(&self, out: &mut [u8]) -> PyResult<Option<usize>> {
        let fd = self.check_readable()?;
        let (p, n) = (out.as_mut_ptr(), out.len().min(MAX_TRANSFER));
        // SAFETY: the slice is writable for `n` bytes, and exclusively ours during the call.
        would_block(syscall(|| unsafe { libc::read(fd, p.cast(), n) })?)
    }

    /// One write from memory; `None` when it would block.
    pub fn write_from(&self, data: &[u8]) -> PyResult<Option<usize>> {
        let fd = self.check()?;
        if !self.writable.get() {
            return Err(unsupported("File not open for writing"));
        }
        let n = data.len().min(MAX_TRANSFER);
        // SAFETY: the slice is readable for `n` bytes.
        would_block(syscall(|| unsafe { libc::write(fd, data.as_ptr().cast(), n) })?)
    }

    /// Moves the file position.
    pub fn seek_to(&self, offset: i64, whence: c_int) -> PyResult<i64> {
        let fd = self.check()?;
        // SAFETY: no memory is passed.
        let r = blocking(|| unsafe {
            let n = libc::lseek(fd, offset, whence);
            if n < 0 { Err(errno()) } else { Ok(n) }
        });
        if self.seekable.get() < 0 {
            self.seekable.set(r.is_ok() as i8);
        }
        r.map_err(exceptions::from_errno)
    }

    /// Whether the file can seek, found out once.
    pub fn can_seek(&self) -> PyResult<bool> {
        let fd = self.check()?;
        if self.seekable.get() < 0 {
            // SAFETY: no memory is passed.
            let r = blocking(|| unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) });
            self.seekable.set((r >= 0) as i8);
        }
        Ok(self.seekable.get() > 0)
    }

    /// Whether the descriptor is a terminal.
    pub fn is_terminal(&self) -> PyResult<bool> {
        let fd = self.check()?;
        // SAFETY: no memory is passed.
        Ok(blocking(|| unsafe { libc::isatty(fd) }) != 0)
    }

    /// What is left of the file.
    pub fn read_all(&self) -> PyResult {
        let fd = self.check()?;
        if !self.readable.get() {
            return Err(unsupported("File not open for reading"));
        }
        // The size at opening is a good guess. Only for large files is it worth asking for the position.
        let size = self.size.get();
        let left = match size {
            ..=0 => None,
            1..=0xFFFF => Some(size as usize),
            _ => blocking(|| {
                // SAFETY: no memory is passed.
                let pos = unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) };
                (pos >= 0 && size > pos).then_some((size - pos).min(isize::MAX as i64 / 2) as usize)
            }),
        };
        let mut buf: Vec<u8> = Vec::new();
        let first = left.map_or(8192, |n| n.saturating_add(1));
        buf.try_reserve_exact(first).map_err(|_| error::no_memory())?;
        loop {
            if buf.capacity() - buf.len() < 1 {
                // Grows by a quarter, as the end is not known.
                let more = (buf.len() / 4).max(64 * 1024);
                buf.try_reserve_exact(more).map_err(|_| error::no_memory())?;
            }
            let spare = buf.spare_capacity_mut();
            let (p, n) = (spare.as_mut_ptr(), spare.len().min(MAX_TRANSFER));
            // SAFETY: the spare capacity is writable for `n` bytes.
            match syscall(|| unsafe { libc::read(fd, p.cast(), n) })? {
                Ok(0) => break,
                // SAFETY: the call wrote `n` bytes there.
                Ok(n) => unsafe { buf.set_len(buf.len() + n) },
                Err(libc::EAGAIN) => {
                    if buf.is_empty() {
                        return Ok(none::none_obj());
                    }
                    break;
                }
                Err(e) => return Err(exceptions::from_errno(e)),
            }
        }
        Ok(Bytes::try_new(&buf)?.into_obj())
    }

    fn internal_close(&self) -> PyResult<()> {
        let fd = self.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        // SAFETY: no memory is passed. The descriptor is not closed twice: it was just forgotten.
        let r = blocking(|| unsafe { if libc::close(fd) < 0 { Err(errno()) } else { Ok(()) } });
        r.map_err(exceptions::from_errno)
    }

    fn mode_str(&self) -> &'static str {
        match (self.created.get(), self.appending.get(), self.readable.get(), self.writable.get()) {
            (true, _, true, _) => "xb+",
            (true, ..) => "xb",
            (_, true, true, _) => "ab+",
            (_, true, ..) => "ab",
            (_, _, true, true) => "rb+",
            (_, _, true, false) => "rb",
            _ => "wb",
        }
    }
}

#[inline]
fn would_block(r: Result<usize, i32>) -> PyResult<Option<usize>> {
    match r {
        Ok(n) => Ok(Some(n)),
        Err(libc::EAGAIN) => Ok(None),
        Err(e) => Err(exceptions::from_errno(e)),
    }
}

fn file_status(fd: c_int) -> Result<libc::stat, i32> {
    let mut st = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `fstat` fills the structure when it succeeds.
    unsafe { if libc::fstat(fd, st.as_mut_ptr()) < 0 { Err(errno()) } else { Ok(st.assume_init()) } }
}

/// The flags of `open(2)` and what may be done, from a mode of `FileIO`.
struct Mode {
    created: bool,
    readable: bool,
    writable: bool,
    appending: bool,
    flags: c_int,
}

fn parse_mode(mode: &str) -> PyResult<Mode> {
    const COMPLAINT: &str = "Must have exactly one of create/read/write/append mode and at most one plus";
    let mut m = Mode { created: false, readable: false, writable: false, appending: false, flags: 0 };
    let (mut rwa, mut plus) = (false, false);
    for c in mode.chars() {
        match c {
            'x' | 'r' | 'w' | 'a' => {
                if rwa {
                    bail!(ValueError, "{COMPLAINT}");
                }
                rwa = true;
                match c {
                    'x' => (m.created, m.writable, m.flags) = (true, true, libc::O_EXCL | libc::O_CREAT),
                    'r' => m.readable = true,
                    'w' => (m.writable, m.flags) = (true, libc::O_CREAT | libc::O_TRUNC),
                    _ => (m.writable, m.appending, m.flags) = (true, true, libc::O_APPEND | libc::O_CREAT),
                }
            }
            'b' => {}
            '+' => {
                if plus {
                    bail!(ValueError, "{COMPLAINT}");
                }
                (m.readable, m.writable, plus) = (true, true, true);
            }
            _ => bail!(ValueError, "invalid mode: {mode}"),
        }
    }
    if !rwa {
        bail!(ValueError, "{COMPLAINT}");
    }
    m.flags |= libc::O_CLOEXEC
        | match (m.readable, m.writable) {
            (true, true) => libc::O_RDWR,
            (true, false) => libc::O_RDONLY,
            _ => libc::O_WRONLY,
        };
    Ok(m)
}

static INIT: Signature = Signature {
    name: "FileIO",
    params: &[param("file", true), param("mode", false), param("closefd", false), param("opener", false)],
    posonly: 0,
    positional: 4,
    varargs: false,
    varkw: false,
};

extern "C" fn fileio_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    bind_init::<4>(&INIT, args, kwargs, |a| {
        let this: &FileIO = o.cast();
        let mode = match a[1] {
            Some(m) => <&str>::from_arg(m, &ArgContext { func: "FileIO", position: 2, name: "mode" })?,
            None => "r",
        };
        let closefd = a[2].map_or(Ok(true), Object::is_true)?;
        open_file(this, a[0].unwrap_or(none::none()), mode, closefd, a[3].filter(|f| !f.is_none()))
    })
}

fn open_file(this: &FileIO, file: &Object, mode: &str, closefd: bool, opener: Option<&Object>) -> PyResult<()> {
    if this.fd() >= 0 {
        if this.closefd.get() {
            this.internal_close()?;
        } else {
            this.fd.set(-1);
        }
    }
    let mut fd = -1;
    if let Some(i) = file.downcast::<Int>() {
        if file.ty().is_subtype(&taipan_object::types::bool_::PyBool_Type) {
            (hooks::get().warn)(exceptions::RuntimeWarning, "bool is used as a file descriptor", 1)?;
        }
        fd = c_int_of(i)?;
        if fd < 0 {
            bail!(ValueError, "negative file descriptor");
        }
    }
    let path = if fd < 0 { Some(fs_bytes(&*fspath(file)?)?) } else { None };
    let m = parse_mode(mode)?;
    this.created.set(m.created);
    this.readable.set(m.readable);
    this.writable.set(m.writable);
    this.appending.set(m.appending);
    this.seekable.set(-1);
    this.char_device.set(-1);
    this.size.set(0);
    audit("open", &[file, &Str::from_utf8(mode), &Int::from_i64(m.flags.into())])?;
    // Whether a descriptor opened here has to be closed when something goes wrong.
    let mut ours = false;
    match path {
        None => {
            this.fd.set(fd);
            this.closefd.set(closefd);
        }
        Some(path) => {
            this.closefd.set(true);
            if !closefd {
                bail!(ValueError, "Cannot use closefd=False with file name");
            }
            match opener {
                None => {
                    // SAFETY: a C string is passed.
                    match syscall(|| unsafe { libc::open(path.as_ptr(), m.flags, 0o666) as isize })? {
                        Ok(n) => this.fd.set(n as c_int),
                        Err(e) => return Err(exceptions::from_errno_path(e, file)),
                    }
                }
                Some(f) => {
                    let r = f.call(&[file, &Int::from_i64(m.flags.into())])?;
                    if r.downcast::<Int>().is_none() {
                        bail!(TypeError, "expected integer from opener");
                    }
                    let fd = c_int_of(&r)?;
                    if fd < 0 {
                        bail!(ValueError, "opener returned {fd}");
                    }
                    this.fd.set(fd);
                    // SAFETY: no memory is passed.
                    unsafe {
                        let old = libc::fcntl(fd, libc::F_GETFD);
                        if old < 0 || libc::fcntl(fd, libc::F_SETFD, old | libc::FD_CLOEXEC) < 0 {
                            let e = errno();
                            this.fd.set(-1);
                            libc::close(fd);
                            return Err(exceptions::from_errno(e));
                        }
                    }
                }
            }
            ours = true;
        }
    }
    let r = after_open(this, file);
    if r.is_err() {
        if !ours {
            this.fd.set(-1);
        } else {
            with_exception_saved(|| {
                if let Err(e) = this.internal_close() {
                    e.clear();
                }
            });
        }
    }
    r
}

fn after_open(this: &FileIO, file: &Object) -> PyResult<()> {
    let fd = this.fd();
    this.blksize.set(super::DEFAULT_BUFFER_SIZE as u32);
    match blocking(|| file_status(fd)) {
        Ok(st) => {
            if st.st_mode & libc::S_IFMT == libc::S_IFDIR {
                return Err(exceptions::from_errno_path(libc::EISDIR, file));
            }
            this.size.set(st.st_size);
            this.char_device.set((st.st_mode & libc::S_IFMT == libc::S_IFCHR) as i8);
            if st.st_blksize > 1 {
                this.blksize.set(st.st_blksize as u32);
            }
        }
        Err(libc::EBADF) => return Err(exceptions::from_errno(libc::EBADF)),
        Err(_) => {}
    }
    this.set_attr(intern!("name"), file)?;
    if this.appending.get() {
        // Some programs expect the position to be at the end at once. What cannot seek need not.
        if let Err(e) = this.seek_to(0, libc::SEEK_END) {
            e.recover(exceptions::OSError, 0)?;
        }
    }
    Ok(())
}

extern "C" fn fileio_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(
        cls,
        FileIO {
            base: IOBase::new(),
            fd: Cell::new(-1),
            created: Cell::new(false),
            readable: Cell::new(false),
            writable: Cell::new(false),
            appending: Cell::new(false),
            seekable: Cell::new(-1),
            closefd: Cell::new(true),
            finalizing: Cell::new(false),
            blksize: Cell::new(0),
            char_device: Cell::new(-1),
            size: Cell::new(0),
        },
    )?
    .into_obj())
}

/// Read at most size bytes; all of them when size is negative. None when nothing is there yet.
#[method(signature = "(size=-1, /)")]
fn read(this: &FileIO, size: Option<Size>) -> PyResult {
    this.check_readable()?;
    let size = size_or_all(size);
    if size < 0 {
        return this.call_method(intern!("readall"), &[]);
    }
    let size = (size as usize).min(MAX_TRANSFER);
    let b = Bytes::zeroed(size)?;
    // SAFETY: nobody else has seen the bytes yet.
    let out = unsafe { std::slice::from_raw_parts_mut(b.data_ptr(), size) };
    match this.read_into(if size == 0 { &mut [] } else { out })? {
        None => Ok(none::none_obj()),
        Some(n) if n == size => Ok(b.into_obj()),
        Some(n) => Ok(Bytes::try_new(&b.as_slice()[..n])?.into_obj()),
    }
}

/// Read what is left of the file.
#[method(signature = "()")]
fn readall(this: &FileIO) -> PyResult {
    this.read_all()
}

/// Read into a buffer; return how many bytes came.
#[method(signature = "(buffer, /)")]
fn readinto(this: &FileIO, buffer: WritableBuffer) -> PyResult {
    let raw = buffer.0.raw();
    // SAFETY: the buffer is writable for its length while we hold it.
    let out = unsafe {
        std::slice::from_raw_parts_mut(
            std::ptr::NonNull::new(raw.buf.cast()).unwrap_or(std::ptr::NonNull::dangling()).as_ptr(),
            raw.len.max(0) as usize,
        )
    };
    count(this.read_into(out)?)
}

/// Write bytes; return how many were written.
#[method(signature = "(b, /)")]
fn write(this: &FileIO, b: Buffer) -> PyResult {
    count(this.write_from(&b)?)
}

fn count(n: Option<usize>) -> PyResult {
    Ok(n.map_or_else(none::none_obj, |n| Int::from_usize(n).into_obj()))
}

/// Move to a position; return the new one.
#[method(signature = "(pos, whence=0, /)")]
fn seek(this: &FileIO, pos: &Object, whence: c_int) -> PyResult<i64> {
    this.check()?;
    this.seek_to(crate::support::offset_of(pos)?, whence)
}

/// Return the position.
#[method(signature = "()")]
fn tell(this: &FileIO) -> PyResult<i64> {
    this.seek_to(0, libc::SEEK_CUR)
}

/// Cut or lengthen the file to the given size, by default the current position.
#[method(signature = "(size=None, /)")]
fn truncate(this: &FileIO, size: &Object) -> PyResult {
    let fd = this.check()?;
    if !this.writable.get() {
        return Err(unsupported("File not open for writing"));
    }
    let size = if size.is_none() { Int::from_i64(this.seek_to(0, libc::SEEK_CUR)?).into_obj() } else { size.to_obj() };
    let n = crate::support::offset_of(&size)?;
    // SAFETY: no memory is passed.
    checked_syscall(|| unsafe { libc::ftruncate(fd, n) as isize })?;
    Ok(size)
}

fn warn_unclosed(this: &FileIO, source: &Object) {
    if this.fd() < 0 || !this.closefd.get() {
        return;
    }
    with_exception_saved(|| {
        let r = source.repr().and_then(|text| {
            (hooks::get().warn)(exceptions::ResourceWarning, &format!("unclosed file {}", text.display()), 1)
        });
        if let Err(e) = r {
            if e.matches(exceptions::Warning) {
                unraisable(e, Some(source));
            } else {
                e.clear();
            }
        }
    });
}

/// Close the file, unless it was opened with closefd=False.
#[method(signature = "()")]
fn close(this: &FileIO) -> PyResult {
    let base = super::base::PyRawIOBase_Type.lookup(intern!("close"));
    let base_close = |this: &FileIO| match &base {
        Some(f) => f.call_one(this),
        None => Ok(none::none_obj()),
    };
    if !this.closefd.get() {
        let r = base_close(this);
        this.fd.set(-1);
        return r;
    }
    let r = base_close(this).map_err(error::Raised::take);
    if this.finalizing.get() {
        warn_unclosed(this, this);
    }
    match (r, this.internal_close()) {
        (r, Ok(())) => r.map_err(error::restore),
        (Ok(_), Err(e)) => Err(e),
        (Err(exc), Err(e)) => Err(chained(exc, e)),
    }
}

/// Return whether the file can seek.
#[method(signature = "()")]
fn seekable(this: &FileIO) -> PyResult<bool> {
    this.can_seek()
}

/// Return whether the file can be read.
#[method(signature = "()")]
fn readable(this: &FileIO) -> PyResult<bool> {
    this.check()?;
    Ok(this.readable.get())
}

/// Return whether the file can be written.
#[method(signature = "()")]
fn writable(this: &FileIO) -> PyResult<bool> {
    this.check()?;
    Ok(this.writable.get())
}

/// Return the file descriptor.
#[method(signature = "()")]
fn fileno(this: &FileIO) -> PyResult<c_int> {
    this.check()
}

/// Return whether the file is a terminal.
#[method(signature = "()")]
fn isatty(this: &FileIO) -> PyResult<bool> {
    this.is_terminal()
}

/// As isatty, but a file that was no device when it was opened is not asked.
#[method(signature = "()")]
fn _isatty_open_only(this: &FileIO) -> PyResult<bool> {
    if this.char_device.get() == 0 {
        return Ok(false);
    }
    this.is_terminal()
}

#[method(signature = "(object, /)", name = "_dealloc_warn")]
fn dealloc_warn(this: &FileIO, source: &Object) {
    warn_unclosed(this, source);
}

#[method(signature = "()")]
fn __getstate__(this: &Object) -> PyResult {
    super::cannot_pickle(this)
}

extern "C" fn fileio_repr(o: &Object) -> PyResult {
    let this: &FileIO = o.cast();
    let name = super::shown_type(o);
    if this.fd() < 0 {
        return Ok(Str::from_utf8(&format!("<{name} [closed]>")).into_obj());
    }
    let mut out = StrBuilder::new();
    out.push_str(&format!("<{name} "));
    match o.get_attr_opt(intern!("name"))? {
        None => out.push_str(&format!("fd={}", this.fd())),
        Some(n) => {
            let Some(_guard) = taipan_object::protocol::repr::repr_enter(o)? else {
                bail!(RuntimeError, "reentrant call inside {name}.__repr__");
            };
            out.push_str("name=");
            out.push_pystr(&*n.repr()?);
        }
    }
    out.push_str(&format!(
        " mode='{}' closefd={}>",
        this.mode_str(),
        if this.closefd.get() { "True" } else { "False" }
    ));
    Ok(out.finish().into_obj())
}

extern "C" fn fileio_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<FileIO>().base.traverse(visit, arg)
}

extern "C" fn fileio_clear(o: &Object) -> c_int {
    o.cast::<FileIO>().base.dict.set(None);
    0
}

fn get_closed(this: &FileIO) -> bool {
    this.fd() < 0
}

fn get_closefd(this: &FileIO) -> bool {
    this.closefd.get()
}

fn get_mode(this: &FileIO) -> &'static str {
    this.mode_str()
}

fn get_blksize(this: &FileIO) -> u32 {
    this.blksize.get()
}

/// `FileIO`.
pub static PyFileIO_Type: Type = Type::new_static(TypeDef {
    name: c"_io.FileIO",
    basicsize: size_of::<FileIO>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    base: Some(&PyRawIOBase_Type),
    doc: Some(c"FileIO(file, mode='r', closefd=True, opener=None)\n--\n\nOpen a file as an unbuffered binary stream.\n\nThe mode is one of r, w, x (create), a (append), with + for both directions.\nfile is a path or a descriptor; opener(file, flags) may open it instead."),
    dealloc: Some(stream_dealloc::<FileIO>),
    repr: Some(fileio_repr),
    traverse: Some(fileio_traverse),
    clear: Some(fileio_clear),
    methods: methods![
        read, readall, readinto, write, seek, tell, truncate, close, seekable, readable, writable, fileno, isatty, _isatty_open_only,
        dealloc_warn, __getstate__,
    ],
    members: members![taipan_object::method::MemberDef::new(c"_finalizing", member::BOOL, offset_of!(FileIO, finalizing), 0)],
    getset: getsets![
        getset!(c"closed", get_closed),
        getset!(c"closefd", get_closefd),
        getset!(c"mode", get_mode),
        getset!(c"_blksize", get_blksize),
    ],
    init: Some(fileio_init),
    new: Some(fileio_new),
    ..TypeDef::EMPTY
});

/// A stream's `raw` as an exact `FileIO`, whose methods nobody overrides.
#[inline]
pub fn exact(o: &Object) -> Option<&FileIO> {
    o.downcast_exact::<FileIO>()
}
