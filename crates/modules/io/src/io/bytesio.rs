//! `BytesIO`: a binary stream in memory.
//!
//! The content lies in a `bytes` object whose length is the capacity. While the stream alone has it, it is changed in place;
//! when it was handed out by `getvalue` or taken over from the constructor, the next write makes a copy.

use super::abstracts::PyBufferedIOBase_Type;
use super::base::{IOBase, stream_dealloc};
use crate::support::{Size, bind_init, param, size_or_all};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::args::Signature;
use taipan_object::buffer::{Buffer, RawBuffer, WritableBuffer, fill_info};
use taipan_object::error::{PyResult, no_memory, status, to_iternext};
use taipan_object::header::{Layout, Obj, ObjCell, Object, Ref};
use taipan_object::protocol::iter::for_each;
use taipan_object::typeobj::slots::{BufferProcs, Slot, VisitProc};
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::memoryview::MemoryView;
use taipan_object::types::none;
use taipan_object::types::tuple::Tuple;
use taipan_object::{bail, getset, getsets, layout, method, methods, raise, visit};

/// A `BytesIO`.
#[repr(C)]
pub struct BytesIO {
    base: IOBase,
    /// A `bytes`; empty when the stream is closed.
    buf: ObjCell,
    pos: Cell<usize>,
    len: Cell<usize>,
    exports: Cell<usize>,
}
const _: () = assert!(size_of::<BytesIO>() == 64);
layout!(BytesIO, PyBytesIO_Type);

impl BytesIO {
    fn buffer(&self) -> PyResult<Ref<Bytes>> {
        match self.buf.get() {
            Some(b) => Ok(Ref::from_borrowed(b.cast::<Bytes>())),
            None => bail!(ValueError, "I/O operation on closed file."),
        }
    }

    fn check_open(&self) -> PyResult<()> {
        if self.buf.is_empty() {
            bail!(ValueError, "I/O operation on closed file.");
        }
        Ok(())
    }

    fn check_exports(&self) -> PyResult<()> {
        if self.exports.get() > 0 {
            bail!(BufferError, "Existing exports of data: object cannot be re-sized");
        }
        Ok(())
    }

    /// The content.
    fn content(&self) -> &[u8] {
        match self.buf.get() {
            Some(b) => &b.cast::<Bytes>().as_slice()[..self.len.get()],
            None => &[],
        }
    }

    /// Makes the buffer the stream's own, with at least `capacity` bytes.
    fn own(&self, capacity: usize) -> PyResult<()> {
        let old = self.buffer()?;
        // One reference is the field's, one is `old`.
        if old.refcnt() == 2 && old.len() >= capacity {
            return Ok(());
        }
        let size = if capacity > old.len() {
            capacity.max(capacity + capacity / 8 + 16)
        } else {
            capacity.max(self.len.get()).max(1)
        };
        let size = size.max(self.len.get());
        if size > isize::MAX as usize / 2 {
            return Err(no_memory());
        }
        // SAFETY: every byte is written.
        let new = unsafe {
            let new = Bytes::new_uninit(size.max(2))?;
            let n = self.len.get();
            std::ptr::copy_nonoverlapping(old.data_ptr(), new.data_ptr(), n);
            std::ptr::write_bytes(new.data_ptr().add(n), 0, size.max(2) - n);
            new
        };
        self.buf.set(Some(new.into_obj()));
        Ok(())
    }

    /// Writes at the position, over what is there.
    fn put(&self, data: &[u8]) -> PyResult<usize> {
        self.check_open()?;
        self.check_exports()?;
        if data.is_empty() {
            return Ok(0);
        }
        let pos = self.pos.get();
        let Some(end) = pos.checked_add(data.len()).filter(|&n| n <= isize::MAX as usize) else {
            bail!(OverflowError, "new position too large");
        };
        self.own(end)?;
        let Some(b) = self.buf.get() else { return Ok(0) };
        let p = b.cast::<Bytes>().data_ptr();
        // SAFETY: `own` made room for `end` bytes that nobody else sees; `data` is not among them, as they are not exported.
        unsafe {
            let len = self.len.get();
            if pos > len {
                std::ptr::write_bytes(p.add(len), 0, pos - len);
            }
            std::ptr::copy(data.as_ptr(), p.add(pos), data.len());
        }
        self.pos.set(end);
        if end > self.len.get() {
            self.len.set(end);
        }
        Ok(data.len())
    }

    /// The number of bytes from the position to the end of the line, at most `limit` if that is not negative.
    fn line_length(&self, limit: isize) -> usize {
        let rest = self.content().get(self.pos.get()..).unwrap_or(&[]);
        let n = memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
        if limit >= 0 { n.min(limit as usize) } else { n }
    }

    fn take(&self, n: usize) -> PyResult {
        let pos = self.pos.get();
        if pos == 0 && n > 1 && n == self.len.get() {
            let b = self.buffer()?;
            if b.len() == n && self.exports.get() == 0 {
                self.pos.set(n);
                return Ok(b.into_obj());
            }
        }
        let out = Bytes::try_new(self.content().get(pos..pos + n).unwrap_or(&[]))?;
        self.pos.set(pos + n);
        Ok(out.into_obj())
    }

    fn rest(&self) -> usize {
        self.len.get().saturating_sub(self.pos.get())
    }

    fn get(&self, size: isize) -> PyResult {
        self.check_open()?;
        let rest = self.rest();
        self.take(if size < 0 { rest } else { rest.min(size as usize) })
    }

    fn value(&self) -> PyResult {
        let b = self.buffer()?;
        let n = self.len.get();
        if b.len() == n {
            return Ok(b.into_obj());
        }
        let exact = Bytes::try_new(&b.as_slice()[..n])?;
        if self.exports.get() == 0 {
            // Kept, so that asking again costs nothing.
            self.buf.set(Some(exact.clone().into_obj()));
        }
        Ok(exact.into_obj())
    }
}

/// Return True: the stream can be read.
#[method(signature = "()")]
fn readable(this: &BytesIO) -> PyResult<bool> {
    this.check_open()?;
    Ok(true)
}

/// Return True: the stream can be written.
#[method(signature = "()")]
fn writable(this: &BytesIO) -> PyResult<bool> {
    this.check_open()?;
    Ok(true)
}

/// Return True: the stream can seek.
#[method(signature = "()")]
fn seekable(this: &BytesIO) -> PyResult<bool> {
    this.check_open()?;
    Ok(true)
}

/// Give the memory back.
#[method(signature = "()")]
fn close(this: &BytesIO) -> PyResult<()> {
    this.check_exports()?;
    this.buf.set(None);
    Ok(())
}

/// Does nothing.
#[method(signature = "()")]
fn flush(this: &BytesIO) -> PyResult<()> {
    this.check_open()
}

/// Return False: the stream is no terminal.
#[method(signature = "()")]
fn isatty(this: &BytesIO) -> PyResult<bool> {
    this.check_open()?;
    Ok(false)
}

/// Return the position.
#[method(signature = "()")]
fn tell(this: &BytesIO) -> PyResult<usize> {
    this.check_open()?;
    Ok(this.pos.get())
}

/// Write bytes; return their number.
#[method(signature = "(b, /)")]
fn write(this: &BytesIO, b: &Object) -> PyResult<usize> {
    this.check_open()?;
    this.check_exports()?;
    let b = Buffer::get(b)?;
    this.put(&b)
}

/// Write each of the lines. No line ends are added.
#[method(signature = "(lines, /)")]
fn writelines(this: &BytesIO, lines: &Object) -> PyResult<()> {
    this.check_open()?;
    for_each(lines, |line| {
        let b = Buffer::get(&line)?;
        this.put(&b).map(drop)
    })
}

/// Read at most size bytes; all of them when size is negative or None.
#[method(signature = "(size=-1, /)")]
fn read1(this: &BytesIO, size: Option<Size>) -> PyResult {
    this.get(size_or_all(size))
}

/// Read at most size bytes; all of them when size is negative or None.
#[method(signature = "(size=-1, /)")]
fn read(this: &BytesIO, size: Option<Size>) -> PyResult {
    this.get(size_or_all(size))
}

/// Read into a buffer; return how many bytes came.
#[method(signature = "(buffer, /)")]
fn readinto(this: &BytesIO, buffer: WritableBuffer) -> PyResult<usize> {
    this.check_open()?;
    let raw = buffer.0.raw();
    let n = this.rest().min(raw.len.max(0) as usize);
    let pos = this.pos.get();
    if let Some(part) = this.content().get(pos..pos + n)
        && n > 0
    {
        // SAFETY: the buffer has room for `n` bytes while we hold it; it may be part of the stream itself.
        unsafe { std::ptr::copy(part.as_ptr(), raw.buf.cast(), n) };
        this.pos.set(pos + n);
    }
    Ok(n)
}

/// Read a line; a size other than -1 limits its length.
#[method(signature = "(size=-1, /)")]
fn readline(this: &BytesIO, size: Option<Size>) -> PyResult {
    this.check_open()?;
    let n = this.line_length(size_or_all(size));
    this.take(n)
}

/// The lines as a list; no more are read once their total size reaches size.
#[method(signature = "(size=None, /)")]
fn readlines(this: &BytesIO, size: Option<Size>) -> PyResult {
    this.check_open()?;
    let limit = size.map_or(0, |s| s.0);
    let list = List::new();
    let mut total = 0;
    loop {
        let n = this.line_length(-1);
        if n == 0 {
            break;
        }
        list.push(this.take(n)?)?;
        total += n;
        if limit > 0 && total >= limit as usize {
            break;
        }
    }
    Ok(list.into_obj())
}

/// Return a view of the content, by which it can be changed. While it is there the stream cannot grow.
#[method(signature = "()")]
fn getbuffer(this: &BytesIO) -> PyResult {
    this.check_open()?;
    let source =
        new_object(BytesIOBuffer { ob_base: Object::placeholder(), source: ObjCell::new(this.as_object().to_obj()) });
    Ok(MemoryView::new(&source)?.into_obj())
}

/// Return the content.
#[method(signature = "()")]
fn getvalue(this: &BytesIO) -> PyResult {
    this.value()
}

/// Move to a position: from the start, from where it is (whence 1) or from the end (whence 2).
#[method(signature = "(pos, whence=0, /)")]
fn seek(this: &BytesIO, pos: isize, whence: c_int) -> PyResult<usize> {
    this.check_open()?;
    if pos < 0 && whence == 0 {
        bail!(ValueError, "negative seek value {pos}");
    }
    let base = match whence {
        0 => 0,
        1 => this.pos.get(),
        2 => this.len.get(),
        _ => bail!(ValueError, "invalid whence ({whence}, should be 0, 1 or 2)"),
    };
    let Some(n) = (base as isize).checked_add(pos) else { bail!(OverflowError, "new position too large") };
    this.pos.set(n.max(0) as usize);
    Ok(this.pos.get())
}

/// Cut the content to size bytes, by default the position, which stays.
#[method(signature = "(size=None, /)")]
fn truncate(this: &BytesIO, size: Option<Size>) -> PyResult<usize> {
    this.check_open()?;
    this.check_exports()?;
    let n = match size {
        Some(Size(n)) if n < 0 => bail!(ValueError, "negative size value {n}"),
        Some(Size(n)) => n as usize,
        None => this.pos.get(),
    };
    if n < this.len.get() {
        this.len.set(n);
        let exact = Bytes::try_new(this.content())?;
        this.buf.set(Some(exact.into_obj()));
    }
    Ok(n)
}

/// Content, position and attributes, for pickle.
#[method(signature = "()")]
fn __getstate__(this: &BytesIO) -> PyResult {
    let value = this.value()?;
    let dict = match this.base.dict.get() {
        Some(d) => d.cast::<Dict>().copy()?.into_obj(),
        None => none::none_obj(),
    };
    Ok(Tuple::from_vec(vec![value, Int::from_usize(this.pos.get()).into_obj(), dict]).into_obj())
}

/// Take over what __getstate__ answered.
#[method(signature = "(object, /)")]
fn __setstate__(this: &BytesIO, state: &Object) -> PyResult<()> {
    this.check_open()?;
    let Some(t) = state.downcast::<Tuple>().filter(|t| t.len() >= 3) else {
        bail!(
            TypeError,
            "{}.__setstate__ argument should be 3-tuple, got {}",
            this.ty().name_str(),
            state.ty().name_str()
        );
    };
    this.check_exports()?;
    this.pos.set(0);
    this.len.set(0);
    this.buf.set(Some(Bytes::empty().into_obj()));
    let b = Buffer::get(t.item(0))?;
    this.put(&b)?;
    let Some(pos) = t.item(1).downcast::<Int>() else {
        bail!(TypeError, "second item of state must be an integer, not {}", t.item(1).ty().name_str());
    };
    let pos = pos.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?;
    if pos < 0 {
        bail!(ValueError, "position value cannot be negative");
    }
    this.pos.set(pos as usize);
    merge_dict(&this.base, t.item(2), "third")
}

/// Puts the attributes of a pickled state into the instance.
pub fn merge_dict(base: &IOBase, dict: &Object, which: &str) -> PyResult<()> {
    if dict.is_none() {
        return Ok(());
    }
    let Some(d) = dict.downcast::<Dict>() else {
        bail!(TypeError, "{which} item of state should be a dict, got a {}", dict.ty().name_str());
    };
    match base.dict.get_owned() {
        None => base.dict.set(Some(dict.to_obj())),
        Some(own) => {
            for (k, v) in d.pairs() {
                own.cast::<Dict>().set_item(&k, &v)?;
            }
        }
    }
    Ok(())
}

#[method(signature = "()")]
fn __sizeof__(this: &BytesIO) -> usize {
    let own = this.ty().basicsize.get().max(0) as usize;
    match this.buf.get() {
        Some(b) if b.refcnt() == 1 => own + 33 + b.cast::<Bytes>().len(),
        _ => own,
    }
}

fn get_closed(this: &BytesIO) -> bool {
    this.buf.is_empty()
}

static INIT: Signature = Signature {
    name: "BytesIO",
    params: &[param("initial_bytes", false)],
    posonly: 0,
    positional: 1,
    varargs: false,
    varkw: false,
};

extern "C" fn bytesio_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    bind_init::<1>(&INIT, args, kwargs, |a| {
        let this: &BytesIO = o.cast();
        this.check_exports()?;
        this.pos.set(0);
        this.len.set(0);
        let Some(initial) = a[0].filter(|i| !i.is_none()) else {
            this.buf.set(Some(Bytes::empty().into_obj()));
            return Ok(());
        };
        if initial.is_exact(<Bytes as Layout>::type_object()) {
            this.buf.set(Some(initial.to_obj()));
            this.len.set(initial.cast::<Bytes>().len());
            return Ok(());
        }
        this.buf.set(Some(Bytes::empty().into_obj()));
        let b = Buffer::get(initial)?;
        this.put(&b)?;
        this.pos.set(0);
        Ok(())
    })
}

extern "C" fn bytesio_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = BytesIO {
        base: IOBase::new(),
        buf: ObjCell::new(Bytes::empty().into_obj()),
        pos: Cell::new(0),
        len: Cell::new(0),
        exports: Cell::new(0),
    };
    Ok(new_instance(cls, body)?.into_obj())
}

extern "C" fn bytesio_iter(o: &Object) -> PyResult {
    o.cast::<BytesIO>().check_open()?;
    Ok(o.to_obj())
}

extern "C" fn bytesio_iternext(o: &Object) -> Option<Obj> {
    let this: &BytesIO = o.cast();
    to_iternext((|| {
        this.check_open()?;
        match this.line_length(-1) {
            0 => Ok(None),
            n => this.take(n).map(Some),
        }
    })())
}

extern "C" fn bytesio_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<BytesIO>().base.traverse(visit, arg)
}

extern "C" fn bytesio_clear(o: &Object) -> c_int {
    let this: &BytesIO = o.cast();
    this.base.dict.set(None);
    if this.exports.get() == 0 {
        this.buf.set(None);
    }
    0
}

/// `BytesIO`.
pub static PyBytesIO_Type: Type = Type::new_static(TypeDef {
    name: c"_io.BytesIO",
    basicsize: size_of::<BytesIO>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    base: Some(&PyBufferedIOBase_Type),
    doc: Some(c"BytesIO(initial_bytes=b'')\n--\n\nA binary stream in memory."),
    dealloc: Some(stream_dealloc::<BytesIO>),
    traverse: Some(bytesio_traverse),
    clear: Some(bytesio_clear),
    iter: Some(bytesio_iter),
    iternext: Some(bytesio_iternext),
    methods: methods![
        readable,
        seekable,
        writable,
        close,
        flush,
        isatty,
        tell,
        write,
        writelines,
        read1,
        readinto,
        readline,
        readlines,
        read,
        getbuffer,
        getvalue,
        seek,
        truncate,
        __getstate__,
        __setstate__,
        __sizeof__,
    ],
    getset: getsets![getset!(c"closed", get_closed)],
    init: Some(bytesio_init),
    new: Some(bytesio_new),
    ..TypeDef::EMPTY
});

/// What `getbuffer` shows through a memoryview.
#[repr(C)]
pub struct BytesIOBuffer {
    ob_base: Object,
    source: ObjCell,
}
layout!(BytesIOBuffer, PyBytesIOBuffer_Type);

extern "C" fn buffer_get(o: &Object, view: *mut RawBuffer, request: c_int) -> c_int {
    status((|| {
        let this: &BytesIOBuffer = o.cast();
        if view.is_null() {
            bail!(BufferError, "PyBuffer_FillInfo: view==NULL argument is obsolete");
        }
        let Some(source) = this.source.get_owned() else {
            return Err(raise!(ValueError, "I/O operation on closed file."));
        };
        let b: &BytesIO = source.cast();
        b.check_open()?;
        if b.exports.get() == 0 {
            b.own(b.len.get().max(1))?;
        }
        let p = b.buffer()?.data_ptr();
        // SAFETY: the memory stays while it is exported.
        unsafe { fill_info(view, Some(o), p, b.len.get(), false, request)? };
        b.exports.set(b.exports.get() + 1);
        Ok(())
    })())
}

extern "C" fn buffer_release(o: &Object, _view: *mut RawBuffer) {
    if let Some(s) = o.cast::<BytesIOBuffer>().source.get() {
        let b: &BytesIO = s.cast();
        b.exports.set(b.exports.get().saturating_sub(1));
    }
}

static BUFFER: BufferProcs = BufferProcs { getbuffer: Slot::new(buffer_get), releasebuffer: Slot::new(buffer_release) };

extern "C" fn buffer_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit!(o.cast::<BytesIOBuffer>().source, visit, arg);
    0
}

/// `_BytesIOBuffer`.
pub static PyBytesIOBuffer_Type: Type = Type::new_static(TypeDef {
    name: c"_io._BytesIOBuffer",
    basicsize: size_of::<BytesIOBuffer>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<BytesIOBuffer>),
    traverse: Some(buffer_traverse),
    as_buffer: Some(&BUFFER),
    ..TypeDef::EMPTY
});
