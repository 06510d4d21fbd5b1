//! `Blob`: a blob that is read and written piece by piece, like a file.

use crate::connection::Connection;
use crate::errors::{Class, failed, raise};
use crate::unlocked::unlocked;
use crate::{finalize_and_dealloc, visit_cells};
use libsqlite3_sys as ffi;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::new_object;
use taipan_object::buffer::Buffer;
use taipan_object::typeobj::slots::{MappingMethods, SequenceMethods, Slot, VisitProc};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::slice::Slice;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, error, flags, layout, method, methods};

/// `sqlite3.Blob`.
#[repr(C)]
pub struct Blob {
    ob_base: Object,
    handle: Handle,
    connection: ObjCell,
    offset: Cell<c_int>,
}
layout!(Blob, BLOB_TYPE);

/// The library's blob: closed when dropped.
struct Handle(Cell<*mut ffi::sqlite3_blob>);

impl Handle {
    fn close(&self) {
        let p = self.0.replace(std::ptr::null_mut()) as usize;
        if p != 0 {
            // SAFETY: open until here.
            unlocked(|| unsafe { ffi::sqlite3_blob_close(p as *mut ffi::sqlite3_blob) });
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

extern "C" fn blob_finalize(o: &Object) {
    let this: &Blob = o.cast();
    if let Some(c) = this.owner() {
        c.blobs.borrow_mut().retain(|b| !std::ptr::eq(*b, this));
    }
}

impl Blob {
    /// A blob of a connection.
    pub fn new(c: &Connection, handle: *mut ffi::sqlite3_blob) -> Ref<Blob> {
        let b = new_object(Blob {
            ob_base: Object::placeholder(),
            handle: Handle(Cell::new(handle)),
            connection: ObjCell::new(c.as_object().to_obj()),
            offset: Cell::new(0),
        });
        c.blobs.borrow_mut().push(&*b);
        b
    }

    /// Closes the library's blob.
    pub fn close_handle(&self) {
        self.handle.close();
    }

    fn owner(&self) -> Option<Ref<Connection>> {
        self.connection.get_owned().and_then(|c| c.downcast_into().ok())
    }

    fn check(&self) -> PyResult<Ref<Connection>> {
        let Some(c) = self.owner() else {
            return Err(raise(Class::Programming, "Cannot operate on a closed blob."));
        };
        c.ready()?;
        if self.handle.0.get().is_null() {
            return Err(raise(Class::Programming, "Cannot operate on a closed blob."));
        }
        Ok(c)
    }

    fn len(&self) -> c_int {
        // SAFETY: open, as the caller has checked.
        unsafe { ffi::sqlite3_blob_bytes(self.handle.0.get()) }
    }

    fn read_at(&self, c: &Connection, offset: c_int, n: c_int) -> PyResult<Vec<u8>> {
        let mut out = vec![0u8; n as usize];
        let (p, to) = (self.handle.0.get() as usize, out.as_mut_ptr() as usize);
        // SAFETY: open, and room for `n` bytes.
        let rc =
            unlocked(|| unsafe { ffi::sqlite3_blob_read(p as *mut ffi::sqlite3_blob, to as *mut c_void, n, offset) });
        if rc == ffi::SQLITE_OK { Ok(out) } else { Err(failed(c.db())) }
    }

    fn write_at(&self, c: &Connection, offset: c_int, data: &[u8]) -> PyResult<()> {
        let (p, from, n) = (self.handle.0.get() as usize, data.as_ptr() as usize, data.len() as c_int);
        // SAFETY: open, and `n` bytes there.
        let rc = unlocked(|| unsafe {
            ffi::sqlite3_blob_write(p as *mut ffi::sqlite3_blob, from as *const c_void, n, offset)
        });
        if rc == ffi::SQLITE_OK { Ok(()) } else { Err(failed(c.db())) }
    }

    fn index(&self, key: &Object) -> PyResult<c_int> {
        let i = key.index_as_isize(Some(exceptions::IndexError))?;
        let len = self.len() as isize;
        let i = if i < 0 { i + len } else { i };
        if i < 0 || i >= len {
            bail!(IndexError, "Blob index out of range");
        }
        Ok(i as c_int)
    }
}

/// Read that many bytes from the position on, or all.
#[method(signature = "(length=-1, /)")]
fn read(this: &Blob, length: c_int) -> PyResult<Ref<Bytes>> {
    let c = this.check()?;
    let left = this.len() - this.offset.get();
    let n = if length < 0 || length > left { left } else { length };
    if n <= 0 {
        return Ok(Bytes::empty());
    }
    let out = this.read_at(&c, this.offset.get(), n)?;
    this.offset.set(this.offset.get() + n);
    Bytes::try_new(&out)
}

/// Write at the position; a blob does not grow.
#[method(signature = "(data, /)")]
fn write(this: &Blob, data: Buffer) -> PyResult<()> {
    let c = this.check()?;
    let data = data.as_slice();
    if data.len() > (this.len() - this.offset.get()).max(0) as usize {
        bail!(ValueError, "data longer than blob length");
    }
    this.write_at(&c, this.offset.get(), data)?;
    this.offset.set(this.offset.get() + data.len() as c_int);
    Ok(())
}

/// Go to a position, counted from the start, the position or the end.
#[method(signature = "(offset, origin=0, /)")]
fn seek(this: &Blob, offset: c_int, origin: c_int) -> PyResult<()> {
    this.check()?;
    let len = this.len();
    let base = match origin {
        0 => 0,
        1 => this.offset.get(),
        2 => len,
        _ => bail!(ValueError, "'origin' should be os.SEEK_SET, os.SEEK_CUR, or os.SEEK_END"),
    };
    let Some(to) = base.checked_add(offset) else {
        bail!(OverflowError, "seek offset results in overflow");
    };
    if to < 0 || to > len {
        bail!(ValueError, "offset out of blob range");
    }
    this.offset.set(to);
    Ok(())
}

/// The position.
#[method]
fn tell(this: &Blob) -> PyResult<c_int> {
    this.check()?;
    Ok(this.offset.get())
}

/// Close the blob.
#[method]
fn close(this: &Blob) -> PyResult<()> {
    if let Some(c) = this.owner() {
        c.ready()?;
    }
    this.close_handle();
    Ok(())
}

/// The blob.
#[method]
fn __enter__(this: &Blob) -> PyResult {
    this.check()?;
    // SAFETY: an object begins with its header.
    Ok(unsafe { &*(this as *const Blob).cast::<Object>() }.to_obj())
}

/// Close the blob.
#[method(signature = "(type, val, tb, /)")]
fn __exit__(this: &Blob, _type: &Object, _val: &Object, _tb: &Object) -> PyResult<bool> {
    this.check()?;
    this.close_handle();
    Ok(false)
}

extern "C" fn blob_len(o: &Object) -> isize {
    let this: &Blob = o.cast();
    error::status_len(this.check().map(|_| this.len() as isize))
}

extern "C" fn blob_subscript(o: &Object, key: &Object) -> PyResult {
    let this: &Blob = o.cast();
    let c = this.check()?;
    if let Some(s) = key.downcast::<Slice>() {
        let r = s.indices(this.len() as usize)?;
        if r.len == 0 {
            return Ok(Bytes::empty().into_obj());
        }
        let (low, high) = span(r.start, r.step, r.len);
        let all = this.read_at(&c, low as c_int, (high - low) as c_int)?;
        let picked: Vec<u8> = (0..r.len).map(|k| all[(r.start + k as isize * r.step - low) as usize]).collect();
        return Ok(Bytes::try_new(&picked)?.into_obj());
    }
    if !taipan_object::protocol::number::has_index(key) {
        bail!(TypeError, "Blob indices must be integers");
    }
    let i = this.index(key)?;
    Ok(Int::from_i64(this.read_at(&c, i, 1)?[0].into()).into_obj())
}

/// The lowest and one past the highest index of a slice that is not empty.
fn span(start: isize, step: isize, len: usize) -> (isize, isize) {
    let last = start + (len as isize - 1) * step;
    (start.min(last), start.max(last) + 1)
}

extern "C" fn blob_ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    error::status(assign(o.cast(), key, value))
}

fn assign(this: &Blob, key: &Object, value: Option<&Object>) -> PyResult<()> {
    let c = this.check()?;
    if let Some(s) = key.downcast::<Slice>() {
        let Some(value) = value else { bail!(TypeError, "Blob doesn't support slice deletion") };
        let r = s.indices(this.len() as usize)?;
        let data = Buffer::get(value)?;
        if data.as_slice().len() != r.len {
            bail!(IndexError, "Blob slice assignment is wrong size");
        }
        if r.len == 0 {
            return Ok(());
        }
        if r.step == 1 {
            return this.write_at(&c, r.start as c_int, data.as_slice());
        }
        let (low, high) = span(r.start, r.step, r.len);
        let mut all = this.read_at(&c, low as c_int, (high - low) as c_int)?;
        for (k, b) in data.as_slice().iter().enumerate() {
            all[(r.start + k as isize * r.step - low) as usize] = *b;
        }
        return this.write_at(&c, low as c_int, &all);
    }
    if !taipan_object::protocol::number::has_index(key) {
        bail!(TypeError, "Blob indices must be integers");
    }
    let Some(value) = value else { bail!(TypeError, "Blob doesn't support item deletion") };
    let i = this.index(key)?;
    if value.downcast::<Int>().is_none() {
        bail!(TypeError, "'{}' object cannot be interpreted as an integer", value.ty().name_str());
    }
    match value.cast::<Int>().to_i64().and_then(|n| u8::try_from(n).ok()) {
        Some(b) => this.write_at(&c, i, &[b]),
        None => bail!(ValueError, "byte must be in range(0, 256)"),
    }
}

extern "C" fn blob_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_cells(&[&o.cast::<Blob>().connection], visit, arg)
}

extern "C" fn blob_clear(o: &Object) -> c_int {
    blob_finalize(o);
    let this: &Blob = o.cast();
    this.close_handle();
    this.connection.set(None::<Obj>);
    0
}

static AS_SEQUENCE: SequenceMethods = SequenceMethods { length: Slot::new(blob_len), ..SequenceMethods::EMPTY };
static AS_MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(blob_len),
    subscript: Slot::new(blob_subscript),
    ass_subscript: Slot::new(blob_ass_subscript),
};

/// The type.
pub static BLOB_TYPE: Type = Type::new_static(TypeDef {
    name: c"sqlite3.Blob",
    basicsize: size_of::<Blob>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(finalize_and_dealloc::<Blob>),
    finalize: Some(blob_finalize),
    traverse: Some(blob_traverse),
    clear: Some(blob_clear),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    methods: methods![close, __enter__, __exit__, read, seek, tell, write],
    ..TypeDef::EMPTY
});
