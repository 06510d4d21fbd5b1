//! `_IOBase` and `_RawIOBase`: what every stream can do by means of its other methods.

use super::{DEFAULT_BUFFER_SIZE, unsupported};
use crate::support::{Size, chained, size_or_all, with_exception_saved};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::error::{PyResult, to_iternext, unraisable};
use taipan_object::header::{Layout, Obj, ObjCell, Object};
use taipan_object::protocol::attr::{dict_getter, dict_setter};
use taipan_object::protocol::iter::{for_each, self_iter};
use taipan_object::typeobj::heap::call_finalizer_from_dealloc;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bool_;
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::{bail, error, getset, getsets, intern, layout, method, methods, visit};

/// What every native stream begins with: its attributes and its weak references.
#[repr(C)]
pub struct IOBase {
    ob_base: Object,
    /// The instance's `__dict__`.
    pub dict: ObjCell,
    weakreflist: ObjCell,
}
layout!(IOBase, PyIOBase_Type);

impl IOBase {
    /// An empty base.
    pub const fn new() -> IOBase {
        IOBase { ob_base: Object::placeholder(), dict: ObjCell::empty(), weakreflist: ObjCell::empty() }
    }

    /// Visits what the base holds.
    pub fn traverse(&self, visit: VisitProc, arg: *mut c_void) -> c_int {
        visit!(self.dict, visit, arg);
        0
    }
}

impl Default for IOBase {
    fn default() -> Self {
        IOBase::new()
    }
}

/// `tp_dealloc` of streams: closes what is still open, which may revive the object, then frees.
///
/// # Safety
/// The destructor contract.
pub unsafe extern "C" fn stream_dealloc<T: Layout>(obj: NonNull<Object>) {
    // SAFETY: the object is dead but whole.
    unsafe {
        if !call_finalizer_from_dealloc(obj.as_ref()) {
            return;
        }
        dealloc_of::<T>(obj);
    }
}

/// `tp_finalize` of streams: closes what is still open.
pub extern "C" fn stream_finalize(o: &Object) {
    with_exception_saved(|| {
        let closed = match o.get_attr_opt(intern!("closed")).and_then(|c| c.map_or(Ok(false), |c| c.is_true())) {
            Ok(c) => c,
            // A stream that cannot tell is in no state to be closed.
            Err(e) => {
                e.clear();
                true
            }
        };
        if closed {
            return;
        }
        // Tells close() that nobody called it.
        if let Err(e) = o.set_attr(intern!("_finalizing"), bool_::true_()) {
            e.clear();
        }
        if let Err(e) = o.call_method(intern!("close"), &[]) {
            unraisable(e, Some(o));
        }
    });
}

/// Whether `close()` of the base class ran.
fn base_closed(o: &Object) -> PyResult<bool> {
    Ok(o.get_attr_opt(intern!("__IOBase_closed"))?.is_some())
}

/// The attribute `closed` of any stream.
pub fn is_closed(o: &Object) -> PyResult<bool> {
    o.get_attr(intern!("closed"))?.is_true()
}

/// Raises if the stream is closed.
pub fn check_closed(o: &Object) -> PyResult<()> {
    if is_closed(o)? {
        bail!(ValueError, "I/O operation on closed file.");
    }
    Ok(())
}

fn check_ability(o: &Object, name: &Object, message: &str) -> PyResult {
    let r = o.call_method(name, &[])?;
    if !r.is(bool_::true_()) {
        return Err(unsupported(message));
    }
    Ok(r)
}

/// Raises unless `seekable()` answers `True`.
pub fn check_seekable(o: &Object) -> PyResult {
    check_ability(o, intern!("seekable"), "File or stream is not seekable.")
}

/// Raises unless `readable()` answers `True`.
pub fn check_readable(o: &Object) -> PyResult {
    check_ability(o, intern!("readable"), "File or stream is not readable.")
}

/// Raises unless `writable()` answers `True`.
pub fn check_writable(o: &Object) -> PyResult {
    check_ability(o, intern!("writable"), "File or stream is not writable.")
}

/// Change the stream position to the given byte offset and return the new position.
#[method(signature = "(offset, whence=0, /)", shown = "(offset, whence=os.SEEK_SET, /)")]
fn seek(_this: &Object, _offset: &Object, _whence: c_int) -> PyResult {
    Err(unsupported("seek"))
}

/// Return the current stream position.
#[method(signature = "()")]
fn tell(this: &Object) -> PyResult {
    this.call_method(intern!("seek"), &[&Int::small(0), &Int::small(1)])
}

/// Cut the file to the given size, by default the current position.
#[method(signature = "(size=None, /)")]
fn truncate(_this: &Object, _size: &Object) -> PyResult {
    Err(unsupported("truncate"))
}

/// Write out what is buffered.
#[method(signature = "()")]
fn flush(this: &Object) -> PyResult<()> {
    if base_closed(this)? {
        bail!(ValueError, "I/O operation on closed file.");
    }
    Ok(())
}

/// Flush and close the stream. Closing it again does nothing.
#[method(signature = "()")]
fn close(this: &Object) -> PyResult<()> {
    if base_closed(this)? {
        return Ok(());
    }
    let flushed = this.call_method(intern!("flush"), &[]).map(drop).map_err(error::Raised::take);
    let marked = this.set_attr(intern!("__IOBase_closed"), bool_::true_());
    match (flushed, marked) {
        (Ok(()), r) => r,
        (Err(exc), Ok(())) => Err(error::restore(exc)),
        (Err(exc), Err(e)) => Err(chained(exc, e)),
    }
}

/// Return whether the stream can seek.
#[method(signature = "()")]
fn seekable(_this: &Object) -> bool {
    false
}

/// Return whether the stream can be read.
#[method(signature = "()")]
fn readable(_this: &Object) -> bool {
    false
}

/// Return whether the stream can be written.
#[method(signature = "()")]
fn writable(_this: &Object) -> bool {
    false
}

/// Raise if the stream is closed.
#[method(signature = "()", name = "_checkClosed")]
fn check_closed_method(this: &Object) -> PyResult<()> {
    check_closed(this)
}

/// Raise if the stream cannot seek.
#[method(signature = "()", name = "_checkSeekable")]
fn check_seekable_method(this: &Object) -> PyResult {
    check_seekable(this)
}

/// Raise if the stream cannot be read.
#[method(signature = "()", name = "_checkReadable")]
fn check_readable_method(this: &Object) -> PyResult {
    check_readable(this)
}

/// Raise if the stream cannot be written.
#[method(signature = "()", name = "_checkWritable")]
fn check_writable_method(this: &Object) -> PyResult {
    check_writable(this)
}

/// Return the file descriptor under the stream, if there is one.
#[method(signature = "()")]
fn fileno(_this: &Object) -> PyResult {
    Err(unsupported("fileno"))
}

/// Return whether the stream is a terminal.
#[method(signature = "()")]
fn isatty(this: &Object) -> PyResult<bool> {
    check_closed(this)?;
    Ok(false)
}

#[method(signature = "()")]
fn __enter__(this: &Object) -> PyResult {
    check_closed(this)?;
    Ok(this.to_obj())
}

#[method(signature = "(*args)", varargs, text = false)]
fn __exit__(this: &Object, _args: &[&Object]) -> PyResult {
    this.call_method(intern!("close"), &[])
}

/// Read a line; a size other than -1 limits its length in bytes.
#[method(signature = "(size=-1, /)")]
fn readline(this: &Object, size: Option<Size>) -> PyResult {
    let limit = size_or_all(size);
    let peek = this.get_attr_opt(intern!("peek"))?;
    let mut line: Vec<u8> = Vec::new();
    while limit < 0 || (line.len() as isize) < limit {
        let mut want = 1;
        if let Some(peek) = &peek {
            let ahead = peek.call_one(&Int::small(1))?;
            let Some(b) = ahead.downcast::<Bytes>() else {
                bail!(OSError, "peek() should have returned a bytes object, not '{}'", ahead.ty().name_str());
            };
            let b = b.as_slice();
            if !b.is_empty() {
                let room = if limit < 0 { b.len() } else { b.len().min(limit as usize - line.len()) };
                want = memchr::memchr(b'\n', &b[..room]).map_or(room, |i| i + 1);
            }
        }
        let got = this.call_method(intern!("read"), &[&Int::from_usize(want)])?;
        let Some(b) = got.downcast::<Bytes>() else {
            bail!(OSError, "read() should have returned a bytes object, not '{}'", got.ty().name_str());
        };
        if b.is_empty() {
            break;
        }
        line.extend_from_slice(b.as_slice());
        if line.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(Bytes::try_new(&line)?.into_obj())
}

/// The lines of the stream as a list; no more are read once their total size reaches hint.
#[method(signature = "(hint=-1, /)")]
fn readlines(this: &Object, hint: Option<Size>) -> PyResult {
    let hint = size_or_all(hint);
    let list = List::new();
    let it = this.iter()?;
    let mut total = 0isize;
    while let Some(line) = it.next()? {
        let n = line.len()? as isize;
        list.push(line)?;
        total = total.saturating_add(n);
        if hint > 0 && total >= hint {
            break;
        }
    }
    Ok(list.into_obj())
}

/// Write each of the lines. No line ends are added.
#[method(signature = "(lines, /)")]
fn writelines(this: &Object, lines: &Object) -> PyResult<()> {
    check_closed(this)?;
    for_each(lines, |line| this.call_method(intern!("write"), &[&line]).map(drop))
}

fn get_closed(this: &Object) -> PyResult<bool> {
    base_closed(this)
}

/// `tp_iter` of streams.
pub extern "C" fn stream_iter(o: &Object) -> PyResult {
    check_closed(o)?;
    self_iter(o)
}

extern "C" fn base_iternext(o: &Object) -> Option<Obj> {
    to_iternext((|| {
        let line = o.call_method(intern!("readline"), &[])?;
        Ok(if line.len()? == 0 { None } else { Some(line) })
    })())
}

extern "C" fn base_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<IOBase>().traverse(visit, arg)
}

extern "C" fn base_clear(o: &Object) -> c_int {
    o.cast::<IOBase>().dict.set(None);
    0
}

extern "C" fn base_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(cls, IOBase::new())?.into_obj())
}

/// `_IOBase`.
pub static PyIOBase_Type: Type = Type::new_static(TypeDef {
    name: c"_io._IOBase",
    basicsize: size_of::<IOBase>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"_IOBase()\n--\n\nWhat all streams have in common: closing, iteration over lines, context management."),
    dealloc: Some(stream_dealloc::<IOBase>),
    traverse: Some(base_traverse),
    clear: Some(base_clear),
    weaklistoffset: offset_of!(IOBase, weakreflist) as isize,
    dictoffset: offset_of!(IOBase, dict) as isize,
    iter: Some(stream_iter),
    iternext: Some(base_iternext),
    methods: methods![
        seek,
        tell,
        truncate,
        flush,
        close,
        seekable,
        readable,
        writable,
        check_closed_method,
        check_seekable_method,
        check_readable_method,
        check_writable_method,
        fileno,
        isatty,
        __enter__,
        __exit__,
        readline,
        readlines,
        writelines,
    ],
    getset: getsets![getset!(c"__dict__", dict_getter, dict_setter), getset!(c"closed", get_closed)],
    new: Some(base_new),
    finalize: Some(stream_finalize),
    ..TypeDef::EMPTY
});

/// Read at most size bytes; all of them when size is negative.
#[method(signature = "(size=-1, /)", name = "read")]
fn raw_read(this: &Object, size: isize) -> PyResult {
    if size < 0 {
        return this.call_method(intern!("readall"), &[]);
    }
    let mut zeros: Vec<u8> = Vec::new();
    zeros.try_reserve_exact(size as usize).map_err(|_| error::no_memory())?;
    zeros.resize(size as usize, 0);
    let b = ByteArray::new(&zeros)?;
    drop(zeros);
    let n = this.call_method(intern!("readinto"), &[&b])?;
    if n.is_none() {
        return Ok(n);
    }
    let n = n.index_as_isize(Some(taipan_object::types::exceptions::ValueError))?;
    match usize::try_from(n).ok().and_then(|n| b.as_slice().get(..n)) {
        Some(part) => Ok(Bytes::try_new(part)?.into_obj()),
        None => bail!(ValueError, "readinto returned {n} outside buffer size {}", b.len()),
    }
}

/// Read until the end of the file.
#[method(signature = "()")]
fn readall(this: &Object) -> PyResult {
    let mut all: Vec<u8> = Vec::new();
    let mut any = false;
    loop {
        let data = this.call_method(intern!("read"), &[&Int::from_usize(DEFAULT_BUFFER_SIZE)])?;
        if data.is_none() {
            if !any {
                return Ok(data);
            }
            break;
        }
        let Some(b) = data.downcast::<Bytes>() else { bail!(TypeError, "read() should return bytes") };
        if b.is_empty() {
            break;
        }
        any = true;
        all.extend_from_slice(b.as_slice());
    }
    Ok(Bytes::try_new(&all)?.into_obj())
}

#[method(signature = "(buffer, /)", name = "readinto", text = false)]
fn raw_readinto(_this: &Object, _buffer: &Object) -> PyResult {
    Err(error::raise_empty(taipan_object::types::exceptions::NotImplementedError))
}

#[method(signature = "(b, /)", name = "write", text = false)]
fn raw_write(_this: &Object, _b: &Object) -> PyResult {
    Err(error::raise_empty(taipan_object::types::exceptions::NotImplementedError))
}

/// A type that adds only methods to its base, which is laid out as [`IOBase`].
pub const fn plain_base(name: &'static std::ffi::CStr, base: &'static Type, doc: &'static std::ffi::CStr) -> TypeDef {
    TypeDef {
        name,
        basicsize: size_of::<IOBase>(),
        flags: flags::HAVE_GC | flags::BASETYPE,
        base: Some(base),
        doc: Some(doc),
        dealloc: Some(stream_dealloc::<IOBase>),
        traverse: Some(base_traverse),
        clear: Some(base_clear),
        new: Some(base_new),
        ..TypeDef::EMPTY
    }
}

/// `_RawIOBase`.
pub static PyRawIOBase_Type: Type = Type::new_static(TypeDef {
    methods: methods![raw_read, readall, raw_readinto, raw_write],
    ..plain_base(c"_io._RawIOBase", &PyIOBase_Type, c"The base of unbuffered binary streams.")
});
