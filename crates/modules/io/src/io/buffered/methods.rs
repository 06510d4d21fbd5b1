//! The methods and types of the three buffers.

use super::Buffered;
use crate::io::abstracts::PyBufferedIOBase_Type;
use crate::io::base::{self, stream_dealloc};
use crate::io::{DEFAULT_BUFFER_SIZE, cannot_pickle, fileio, shown_type, unsupported};
use crate::support::{Size, bind_init, chained, offset_of as file_offset, param, size_or_all};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::new_instance;
use taipan_object::args::Signature;
use taipan_object::buffer::{Buffer, WritableBuffer};
use taipan_object::error::{self, PyResult, to_iternext};
use taipan_object::header::{Obj, Object};
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::{exceptions, none};
use taipan_object::{bail, getset, getsets, intern, method, methods, visit};

/// Take the raw stream out; the buffer is of no use afterwards.
#[method(signature = "()")]
fn detach(this: &Buffered) -> PyResult {
    let raw = this.raw()?;
    this.call_method(intern!("flush"), &[])?;
    this.raw.set(None);
    this.detached.set(true);
    this.ok.set(false);
    Ok(raw)
}

/// Write out what is buffered by the raw stream.
#[method(signature = "()", name = "flush")]
fn simple_flush(this: &Buffered) -> PyResult {
    this.raw()?.call_method(intern!("flush"), &[])
}

/// Write out what is buffered.
#[method(signature = "()")]
fn flush(this: &Buffered) -> PyResult<()> {
    this.flush()
}

/// Flush, then close the raw stream. Closing it again does nothing.
#[method(signature = "()")]
fn close(this: &Buffered) -> PyResult {
    this.check_initialized()?;
    {
        let _held = this.lock()?;
        if this.is_closed()? {
            return Ok(none::none_obj());
        }
        if this.finalizing.get()
            && let Some(raw) = this.raw.get_owned()
        {
            warn_unclosed(&raw, this);
        }
    }
    let flushed = this.call_method(intern!("flush"), &[]).map_err(error::Raised::take);
    let _held = this.lock()?;
    let closed = this.raw().and_then(|raw| raw.call_method(intern!("close"), &[]));
    this.buffer.free();
    this.reset_read();
    match (flushed, closed) {
        (Ok(_), r) => r,
        (Err(exc), Ok(_)) => Err(error::restore(exc)),
        (Err(exc), Err(e)) => Err(chained(exc, e)),
    }
}

fn warn_unclosed(raw: &Object, source: &Object) {
    if let Err(e) = raw.call_method(intern!("_dealloc_warn"), &[source]) {
        e.clear();
    }
}

#[method(signature = "(source, /)")]
fn _dealloc_warn(this: &Buffered, source: &Object) {
    if this.ok.get()
        && let Some(raw) = this.raw.get_owned()
    {
        warn_unclosed(&raw, source);
    }
}

/// Return whether the stream can seek.
#[method(signature = "()")]
fn seekable(this: &Buffered) -> PyResult {
    this.raw()?.call_method(intern!("seekable"), &[])
}

/// Return whether the stream can be read.
#[method(signature = "()")]
fn readable(this: &Buffered) -> PyResult {
    this.raw()?.call_method(intern!("readable"), &[])
}

/// Return whether the stream can be written.
#[method(signature = "()")]
fn writable(this: &Buffered) -> PyResult {
    this.raw()?.call_method(intern!("writable"), &[])
}

/// Return the file descriptor under the stream.
#[method(signature = "()")]
fn fileno(this: &Buffered) -> PyResult {
    this.raw()?.call_method(intern!("fileno"), &[])
}

/// Return whether the stream is a terminal.
#[method(signature = "()")]
fn isatty(this: &Buffered) -> PyResult {
    this.raw()?.call_method(intern!("isatty"), &[])
}

/// Read size bytes; all of them when size is negative or None.
#[method(signature = "(size=-1, /)")]
fn read(this: &Buffered, size: Option<Size>) -> PyResult {
    this.read(size_or_all(size))
}

/// Return some bytes without moving; the raw stream is read at most once.
#[method(signature = "(size=0, /)")]
fn peek(this: &Buffered, _size: isize) -> PyResult {
    this.peek()
}

/// Read at most size bytes with at most one read of the raw stream.
#[method(signature = "(size=-1, /)")]
fn read1(this: &Buffered, size: isize) -> PyResult {
    this.read1(size)
}

fn into_buffer(this: &Buffered, buffer: &WritableBuffer, once: bool) -> PyResult {
    let raw = buffer.0.raw();
    if raw.len <= 0 {
        return Ok(this
            .read_into(&mut [], once)?
            .map_or_else(none::none_obj, |_| taipan_object::types::int::Int::zero().into_obj()));
    }
    // SAFETY: the buffer is writable for its length while we hold it.
    let out = unsafe { std::slice::from_raw_parts_mut(raw.buf.cast::<u8>(), raw.len as usize) };
    Ok(this
        .read_into(out, once)?
        .map_or_else(none::none_obj, |n| taipan_object::types::int::Int::from_usize(n).into_obj()))
}

/// Read into a buffer; return how many bytes came.
#[method(signature = "(buffer, /)")]
fn readinto(this: &Buffered, buffer: WritableBuffer) -> PyResult {
    into_buffer(this, &buffer, false)
}

/// Read into a buffer with at most one read of the raw stream.
#[method(signature = "(buffer, /)")]
fn readinto1(this: &Buffered, buffer: WritableBuffer) -> PyResult {
    into_buffer(this, &buffer, true)
}

/// Read a line; a size other than -1 limits its length.
#[method(signature = "(size=-1, /)")]
fn readline(this: &Buffered, size: Option<Size>) -> PyResult {
    this.read_line(size_or_all(size))
}

/// Write bytes; return their number.
#[method(signature = "(buffer, /)")]
fn write(this: &Buffered, buffer: Buffer) -> PyResult<usize> {
    this.write(&buffer)
}

/// Move to a position; return the new one.
#[method(signature = "(target, whence=0, /)")]
fn seek(this: &Buffered, target: &Object, whence: c_int) -> PyResult<i64> {
    this.check_initialized()?;
    if !(0..=4).contains(&whence) {
        bail!(ValueError, "whence value {whence} unsupported");
    }
    this.check_open("seek of")?;
    match this.raw_file() {
        Some(f) => {
            if !f.can_seek()? {
                return Err(unsupported("File or stream is not seekable."));
            }
        }
        None => {
            base::check_seekable(&*this.raw()?)?;
        }
    }
    this.seek(file_offset(target)?, whence)
}

/// Return the position.
#[method(signature = "()")]
fn tell(this: &Buffered) -> PyResult<i64> {
    this.tell()
}

/// Cut or lengthen the file to the given size, by default the current position.
#[method(signature = "(pos=None, /)")]
fn truncate(this: &Buffered, pos: &Object) -> PyResult {
    this.check_initialized()?;
    this.check_open("truncate of")?;
    if !this.writable.get() {
        return Err(unsupported("truncate"));
    }
    let _held = this.lock()?;
    this.flush_and_rewind()?;
    let r = this.raw()?.call_method(intern!("truncate"), &[pos])?;
    // The raw stream may stand elsewhere now.
    if let Err(e) = this.raw_tell() {
        e.clear();
    }
    Ok(r)
}

#[method(signature = "()")]
fn __sizeof__(this: &Buffered) -> isize {
    let ty = this.ty();
    ty.basicsize.get() + if this.buffer.start.get().is_null() { 0 } else { this.size() as isize }
}

#[method(signature = "()")]
fn __getstate__(this: &Object) -> PyResult {
    cannot_pickle(this)
}

fn get_closed(this: &Buffered) -> PyResult {
    this.raw()?.get_attr(intern!("closed"))
}

fn get_name(this: &Buffered) -> PyResult {
    this.raw()?.get_attr(intern!("name"))
}

fn get_mode(this: &Buffered) -> PyResult {
    this.raw()?.get_attr(intern!("mode"))
}

extern "C" fn buffered_repr(o: &Object) -> PyResult {
    let name = match o.get_attr_opt(intern!("name")) {
        Ok(n) => n,
        // A name that cannot be had is none.
        Err(e) => e.recover(exceptions::ValueError, None)?,
    };
    let shown = shown_type(o);
    let Some(name) = name else { return Ok(Str::from_utf8(&format!("<{shown}>")).into_obj()) };
    let Some(_guard) = taipan_object::protocol::repr::repr_enter(o)? else {
        bail!(RuntimeError, "reentrant call inside {shown}.__repr__");
    };
    let mut out = StrBuilder::new();
    out.push_str(&format!("<{shown} name="));
    out.push_pystr(&*name.repr()?);
    out.push_str(">");
    Ok(out.finish().into_obj())
}

extern "C" fn buffered_iternext(o: &Object) -> Option<Obj> {
    let this: &Buffered = o.cast();
    to_iternext((|| {
        this.check_initialized()?;
        let line = if o.is_exact(&PyBufferedReader_Type) || o.is_exact(&PyBufferedRandom_Type) {
            this.read_line(-1)?
        } else {
            let line = o.call_method(intern!("readline"), &[])?;
            if line.downcast::<Bytes>().is_none() {
                bail!(OSError, "readline() should have returned a bytes object, not '{}'", line.ty().name_str());
            }
            line
        };
        Ok(if line.cast::<Bytes>().is_empty() { None } else { Some(line) })
    })())
}

extern "C" fn buffered_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &Buffered = o.cast();
    visit!(this.raw, visit, arg);
    this.base.traverse(visit, arg)
}

extern "C" fn buffered_clear(o: &Object) -> c_int {
    let this: &Buffered = o.cast();
    this.ok.set(false);
    this.raw.set(None);
    this.base.dict.set(None);
    0
}

extern "C" fn buffered_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(cls, Buffered::body())?.into_obj())
}

static PARAMS: [taipan_object::args::Param; 2] = [param("raw", true), param("buffer_size", false)];

const fn init_signature(name: &'static str) -> Signature {
    Signature { name, params: &PARAMS, posonly: 0, positional: 2, varargs: false, varkw: false }
}

fn init(o: &Object, raw: &Object, size: Option<&Object>, readable: bool, writable: bool) -> PyResult<()> {
    let this: &Buffered = o.cast();
    let size = match size {
        Some(n) => n.index_as_isize(Some(exceptions::OverflowError))?,
        None => DEFAULT_BUFFER_SIZE as isize,
    };
    this.ok.set(false);
    this.detached.set(false);
    match fileio::exact(raw) {
        Some(f) if readable != writable && f.fd() >= 0 => {
            let name = if readable { intern!("readable") } else { intern!("writable") };
            if !raw.call_method(name, &[])?.is_true()? {
                return Err(unsupported(if readable {
                    "File or stream is not readable."
                } else {
                    "File or stream is not writable."
                }));
            }
        }
        _ => {
            if readable && writable {
                base::check_seekable(raw)?;
            }
            if readable {
                base::check_readable(raw)?;
            }
            if writable {
                base::check_writable(raw)?;
            }
        }
    }
    let _held = this.lock()?;
    this.raw.set(Some(raw.to_obj()));
    this.readable.set(readable);
    this.writable.set(writable);
    if size <= 0 {
        bail!(ValueError, "buffer size must be strictly positive");
    }
    this.buffer.resize(size as usize)?;
    this.pos.set(0);
    this.raw_pos.set(0);
    this.reset_read();
    this.reset_write();
    this.abs_pos.set(-1);
    this.ok.set(true);
    if let Err(e) = this.raw_tell() {
        // What cannot tell is fine.
        this.abs_pos.set(-1);
        e.recover(exceptions::Exception, ())?;
    }
    Ok(())
}

static READER_INIT: Signature = init_signature("BufferedReader");
static WRITER_INIT: Signature = init_signature("BufferedWriter");
static RANDOM_INIT: Signature = init_signature("BufferedRandom");

extern "C" fn reader_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    bind_init::<2>(&READER_INIT, args, kwargs, |a| init(o, a[0].unwrap_or(none::none()), a[1], true, false))
}

extern "C" fn writer_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    bind_init::<2>(&WRITER_INIT, args, kwargs, |a| init(o, a[0].unwrap_or(none::none()), a[1], false, true))
}

extern "C" fn random_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    bind_init::<2>(&RANDOM_INIT, args, kwargs, |a| init(o, a[0].unwrap_or(none::none()), a[1], true, true))
}

static MEMBERS: &[MemberDef] = &[
    MemberDef::new(c"raw", member::OBJECT, offset_of!(Buffered, raw), member::READONLY),
    MemberDef::new(c"_finalizing", member::BOOL, offset_of!(Buffered, finalizing), 0),
    MemberDef::END,
];

const COMMON: TypeDef = TypeDef {
    basicsize: size_of::<Buffered>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    base: Some(&PyBufferedIOBase_Type),
    dealloc: Some(stream_dealloc::<Buffered>),
    repr: Some(buffered_repr),
    traverse: Some(buffered_traverse),
    clear: Some(buffered_clear),
    new: Some(buffered_new),
    ..TypeDef::EMPTY
};

/// `BufferedReader`.
pub static PyBufferedReader_Type: Type = Type::new_static(TypeDef {
    name: c"_io.BufferedReader",
    doc: Some(c"BufferedReader(raw, buffer_size=DEFAULT_BUFFER_SIZE)\n--\n\nA buffer for reading a raw stream."),
    iternext: Some(buffered_iternext),
    methods: methods![
        detach,
        simple_flush,
        close,
        seekable,
        readable,
        fileno,
        isatty,
        _dealloc_warn,
        read,
        peek,
        read1,
        readinto,
        readinto1,
        readline,
        seek,
        tell,
        truncate,
        __sizeof__,
        __getstate__,
    ],
    members: Some(MEMBERS),
    getset: getsets![getset!(c"closed", get_closed), getset!(c"name", get_name), getset!(c"mode", get_mode)],
    init: Some(reader_init),
    ..COMMON
});

/// `BufferedWriter`.
pub static PyBufferedWriter_Type: Type = Type::new_static(TypeDef {
    name: c"_io.BufferedWriter",
    doc: Some(c"BufferedWriter(raw, buffer_size=DEFAULT_BUFFER_SIZE)\n--\n\nA buffer for writing to a raw stream."),
    methods: methods![
        close,
        detach,
        seekable,
        writable,
        fileno,
        isatty,
        _dealloc_warn,
        write,
        truncate,
        flush,
        seek,
        tell,
        __sizeof__,
        __getstate__,
    ],
    members: Some(MEMBERS),
    getset: getsets![getset!(c"closed", get_closed), getset!(c"name", get_name), getset!(c"mode", get_mode)],
    init: Some(writer_init),
    ..COMMON
});

/// `BufferedRandom`.
pub static PyBufferedRandom_Type: Type = Type::new_static(TypeDef {
    name: c"_io.BufferedRandom",
    doc: Some(c"BufferedRandom(raw, buffer_size=DEFAULT_BUFFER_SIZE)\n--\n\nA buffer for reading and writing a raw stream that can seek."),
    iternext: Some(buffered_iternext),
    methods: methods![
        close, detach, seekable, readable, writable, fileno, isatty, _dealloc_warn, flush, seek, tell, truncate, read, read1, readinto,
        readinto1, readline, peek, write, __sizeof__, __getstate__,
    ],
    members: Some(MEMBERS),
    getset: getsets![getset!(c"closed", get_closed), getset!(c"name", get_name), getset!(c"mode", get_mode)],
    init: Some(random_init),
    ..COMMON
});

/// A text stream's buffer as an exact reader, whose methods nobody overrides.
#[inline]
pub fn exact_reader(o: &Object) -> Option<&Buffered> {
    if o.is_exact(&PyBufferedReader_Type) || o.is_exact(&PyBufferedRandom_Type) { Some(o.cast()) } else { None }
}

/// The same for a writer.
#[inline]
pub fn exact_writer(o: &Object) -> Option<&Buffered> {
    if o.is_exact(&PyBufferedWriter_Type) || o.is_exact(&PyBufferedRandom_Type) { Some(o.cast()) } else { None }
}
