//! The buffer protocol: `Py_buffer`, asking for views and giving them back, and the arithmetic of strided memory.
//! See "Buffer Protocol" in the Python/C API.

use crate::args::{ArgContext, FromArg};
use crate::bail;
use crate::error::{PyResult, Raised};
use crate::header::{Obj, Object};
use crate::types::bytes::Bytes;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::offset_of;

/// A view of an exporter's memory. Filled by `bf_getbuffer`, given back by [`release`].
#[repr(C)]
#[allow(missing_docs)]
pub struct RawBuffer {
    pub buf: *mut c_void,
    /// The exporter; owned.
    pub obj: Option<Obj>,
    pub len: isize,
    pub itemsize: isize,
    pub readonly: c_int,
    pub ndim: c_int,
    pub format: *mut c_char,
    pub shape: *mut isize,
    pub strides: *mut isize,
    pub suboffsets: *mut isize,
    pub internal: *mut c_void,
}

const _: () = assert!(size_of::<RawBuffer>() == 80 && offset_of!(RawBuffer, format) == 40);

/// Request flags.
#[allow(missing_docs)]
pub mod request {
    use std::ffi::c_int;
    pub const SIMPLE: c_int = 0;
    pub const WRITABLE: c_int = 0x1;
    pub const FORMAT: c_int = 0x4;
    pub const ND: c_int = 0x8;
    pub const STRIDES: c_int = 0x18;
    pub const C_CONTIGUOUS: c_int = 0x38;
    pub const F_CONTIGUOUS: c_int = 0x58;
    pub const ANY_CONTIGUOUS: c_int = 0x98;
    pub const INDIRECT: c_int = 0x118;
    pub const CONTIG: c_int = 0x9;
    pub const CONTIG_RO: c_int = 0x8;
    pub const FULL: c_int = 0x11d;
    pub const FULL_RO: c_int = 0x11c;
    /// `PyBUF_READ` and `PyBUF_WRITE` are arguments of `PyMemoryView_FromMemory`, no requests.
    pub const READ: c_int = 0x100;
    pub const WRITE: c_int = 0x200;
}

/// The most dimensions that views can have (`PyBUF_MAX_NDIM`).
pub const MAX_NDIM: usize = 64;

impl RawBuffer {
    /// No view.
    pub const fn empty() -> RawBuffer {
        RawBuffer {
            buf: std::ptr::null_mut(),
            obj: None,
            len: 0,
            itemsize: 1,
            readonly: 1,
            ndim: 0,
            format: std::ptr::null_mut(),
            shape: std::ptr::null_mut(),
            strides: std::ptr::null_mut(),
            suboffsets: std::ptr::null_mut(),
            internal: std::ptr::null_mut(),
        }
    }

    /// Number of dimensions.
    pub fn ndim(&self) -> usize {
        self.ndim.max(0) as usize
    }

    /// The lengths of the dimensions; empty when the exporter gave none.
    pub fn shape(&self) -> &[isize] {
        // SAFETY: exporters fill arrays of `ndim` numbers, or leave null.
        unsafe { if self.shape.is_null() { &[] } else { std::slice::from_raw_parts(self.shape, self.ndim()) } }
    }

    /// The distances between items in each dimension; empty when the exporter gave none.
    pub fn strides(&self) -> &[isize] {
        // SAFETY: as above.
        unsafe { if self.strides.is_null() { &[] } else { std::slice::from_raw_parts(self.strides, self.ndim()) } }
    }

    /// The suboffsets, for memory with pointers in it; empty when there are none.
    pub fn suboffsets(&self) -> &[isize] {
        // SAFETY: as above.
        unsafe {
            if self.suboffsets.is_null() { &[] } else { std::slice::from_raw_parts(self.suboffsets, self.ndim()) }
        }
    }

    /// The format of an item, `B` when the exporter gave none.
    pub fn format(&self) -> &CStr {
        // SAFETY: a non-null format is a C string that lives as long as the view.
        unsafe { if self.format.is_null() { c"B" } else { CStr::from_ptr(self.format) } }
    }

    /// The strides, computed when the exporter gave none (which means C order).
    pub fn effective_strides(&self) -> Vec<isize> {
        match self.strides() {
            [] => c_strides(self.shape(), self.itemsize),
            s => s.to_vec(),
        }
    }

    /// Whether the items lie side by side in C order (`'C'`), Fortran order (`'F'`) or either (`'A'`) (`PyBuffer_IsContiguous`).
    pub fn is_contiguous(&self, order: char) -> bool {
        if !self.suboffsets.is_null() {
            return false;
        }
        match order {
            'C' => self.is_ordered(false),
            'F' => self.is_ordered(true),
            _ => self.is_ordered(false) || self.is_ordered(true),
        }
    }

    fn is_ordered(&self, fortran: bool) -> bool {
        if self.len == 0 {
            return true;
        }
        if self.strides.is_null() {
            // C order; in Fortran order too if at most one dimension is longer than 1.
            return !fortran || self.ndim() <= 1 || self.shape().iter().filter(|&&n| n > 1).count() <= 1;
        }
        let mut expected = self.itemsize;
        let check = |(&n, &stride): (&isize, &isize)| {
            let ok = n <= 1 || stride == expected;
            expected = expected.wrapping_mul(n);
            ok
        };
        let dims = self.shape().iter().zip(self.strides());
        let mut check = check;
        if fortran {
            for d in dims {
                if !check(d) {
                    return false;
                }
            }
        } else {
            for d in dims.rev() {
                if !check(d) {
                    return false;
                }
            }
        }
        true
    }

    /// All items one after the other, in C order or (with `fortran`) with the first index running fastest.
    pub fn to_contiguous(&self, fortran: bool) -> PyResult<Vec<u8>> {
        let mut out = Vec::new();
        out.try_reserve_exact(self.len.max(0) as usize).map_err(|_| crate::error::no_memory())?;
        if self.is_contiguous(if fortran { 'F' } else { 'C' }) {
            // SAFETY: a contiguous view is `len` bytes.
            unsafe {
                out.extend_from_slice(std::slice::from_raw_parts(non_null(self.buf.cast()), self.len.max(0) as usize))
            };
            return Ok(out);
        }
        let strides = self.effective_strides();
        // SAFETY: the view describes its memory truthfully.
        unsafe {
            if fortran {
                // Walking the transposed view in C order.
                let rev = |s: &[isize]| s.iter().rev().copied().collect::<Vec<_>>();
                if self.suboffsets.is_null() {
                    gather(self.buf.cast(), &rev(self.shape()), &rev(&strides), &[], self.itemsize, &mut out);
                } else {
                    gather_fortran(self, &strides, &mut out);
                }
            } else {
                gather(self.buf.cast(), self.shape(), &strides, self.suboffsets(), self.itemsize, &mut out);
            }
        }
        Ok(out)
    }

    /// The address of the item at `index`, one number for each dimension, all in range.
    ///
    /// # Safety
    /// The indices are in range.
    pub unsafe fn item_ptr(&self, index: &[isize]) -> *mut u8 {
        let mut p: *mut u8 = self.buf.cast();
        let strides = self.effective_strides();
        for (i, (&n, &stride)) in index.iter().zip(&strides).enumerate() {
            // SAFETY: the view describes its memory truthfully.
            unsafe { p = follow(p.offset(n * stride), self.suboffsets().get(i).copied()) };
        }
        p
    }
}

/// A pointer that slices of no bytes may be made of.
#[inline]
pub(crate) fn non_null(p: *const u8) -> *const u8 {
    if p.is_null() { std::ptr::NonNull::dangling().as_ptr() } else { p }
}

/// The step through a pointer that a suboffset that is not negative asks for.
///
/// # Safety
/// With such a suboffset, a pointer lies at `p`.
#[inline]
pub(crate) unsafe fn follow(p: *mut u8, suboffset: Option<isize>) -> *mut u8 {
    match suboffset {
        // SAFETY: the caller's promise.
        Some(s) if s >= 0 => unsafe { p.cast::<*mut u8>().read_unaligned().offset(s) },
        _ => p,
    }
}

/// The strides of memory in C order.
pub fn c_strides(shape: &[isize], itemsize: isize) -> Vec<isize> {
    let mut out = vec![0; shape.len()];
    let mut step = itemsize;
    for (s, &n) in out.iter_mut().zip(shape).rev() {
        *s = step;
        step = step.wrapping_mul(n);
    }
    out
}

/// Appends the items of strided memory in C order.
///
/// # Safety
/// The arguments describe memory truthfully.
pub(crate) unsafe fn gather(
    p: *const u8,
    shape: &[isize],
    strides: &[isize],
    suboffsets: &[isize],
    itemsize: isize,
    out: &mut Vec<u8>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let (Some((&n, shape)), Some((&stride, strides))) = (shape.split_first(), strides.split_first()) else {
            out.extend_from_slice(std::slice::from_raw_parts(non_null(p), itemsize as usize));
            return;
        };
        if shape.is_empty() && stride == itemsize && suboffsets.is_empty() && n > 0 {
            out.extend_from_slice(std::slice::from_raw_parts(p, (n * itemsize) as usize));
            return;
        }
        for i in 0..n {
            let q = follow(p.offset(i * stride) as *mut u8, suboffsets.first().copied());
            gather(q, shape, strides, suboffsets.get(1..).unwrap_or(&[]), itemsize, out);
        }
    }
}

/// Fortran order with suboffsets: item by item.
///
/// # Safety
/// The view describes memory truthfully.
unsafe fn gather_fortran(view: &RawBuffer, strides: &[isize], out: &mut Vec<u8>) {
    let shape = view.shape();
    if shape.contains(&0) {
        return;
    }
    let mut index = vec![0isize; shape.len()];
    loop {
        let mut p: *mut u8 = view.buf.cast();
        for (i, (&n, &stride)) in index.iter().zip(strides).enumerate() {
            // SAFETY: the caller's promise.
            unsafe { p = follow(p.offset(n * stride), view.suboffsets().get(i).copied()) };
        }
        // SAFETY: as above.
        unsafe { out.extend_from_slice(std::slice::from_raw_parts(p, view.itemsize as usize)) };
        let mut d = 0;
        loop {
            let Some(n) = index.get_mut(d) else { return };
            *n += 1;
            if *n < shape[d] {
                break;
            }
            *n = 0;
            d += 1;
        }
    }
}

/// Writes items that lie one after the other in C order into strided memory.
///
/// # Safety
/// The arguments describe memory truthfully, and `src` has as many bytes.
pub(crate) unsafe fn scatter(
    p: *mut u8,
    shape: &[isize],
    strides: &[isize],
    suboffsets: &[isize],
    itemsize: isize,
    src: &mut &[u8],
) {
    // SAFETY: the caller's promise.
    unsafe {
        let (Some((&n, shape)), Some((&stride, strides))) = (shape.split_first(), strides.split_first()) else {
            let (item, rest) = src.split_at(itemsize as usize);
            std::ptr::copy_nonoverlapping(item.as_ptr(), p, item.len());
            *src = rest;
            return;
        };
        for i in 0..n {
            let q = follow(p.offset(i * stride), suboffsets.first().copied());
            scatter(q, shape, strides, suboffsets.get(1..).unwrap_or(&[]), itemsize, src);
        }
    }
}

/// Gives a view back (`PyBuffer_Release`).
pub fn release(view: &mut RawBuffer) {
    let Some(obj) = view.obj.take() else { return };
    if let Some(f) = obj.ty().buffer().and_then(|b| b.releasebuffer.get()) {
        f(&obj, view);
    }
}

/// Whether an object exports a buffer.
pub fn supports(o: &Object) -> bool {
    o.ty().buffer().is_some_and(|b| b.getbuffer.get().is_some())
}

/// Asks `o` for a view (`PyObject_GetBuffer`) in `view`, which stays where it is until released.
pub fn get(o: &Object, view: &mut RawBuffer, flags: c_int) -> PyResult<()> {
    if flags == request::READ || flags == request::WRITE {
        bail!(SystemError, "bad argument to internal function");
    }
    let Some(f) = o.ty().buffer().and_then(|b| b.getbuffer.get()) else {
        bail!(TypeError, "a bytes-like object is required, not '{}'", o.ty().name_str());
    };
    if f(o, view, flags) < 0 {
        view.obj = None;
        return Err(Raised::already_set());
    }
    Ok(())
}

static FORMAT_B: [c_char; 2] = [b'B' as c_char, 0];

/// The answer of a simple exporter of `len` bytes (`PyBuffer_FillInfo`).
///
/// # Safety
/// `view` is null or points to a view to fill; `buf` is `len` bytes that stay while the view is out.
pub unsafe fn fill_info(
    view: *mut RawBuffer,
    obj: Option<&Object>,
    buf: *mut u8,
    len: usize,
    readonly: bool,
    flags: c_int,
) -> PyResult<()> {
    if view.is_null() {
        bail!(BufferError, "PyBuffer_FillInfo: view==NULL argument is obsolete");
    }
    if flags == request::READ || flags == request::WRITE {
        bail!(SystemError, "bad argument to internal function");
    }
    if readonly && flags & request::WRITABLE != 0 {
        bail!(BufferError, "Object is not writable.");
    }
    // SAFETY: the caller's promise; the view's own fields serve as shape and strides of the only dimension.
    unsafe {
        view.write(RawBuffer {
            buf: buf.cast(),
            obj: obj.map(Object::to_obj),
            len: len as isize,
            itemsize: 1,
            readonly: readonly as c_int,
            ndim: 1,
            format: if flags & request::FORMAT != 0 { FORMAT_B.as_ptr() as *mut c_char } else { std::ptr::null_mut() },
            shape: if flags & request::ND != 0 { &raw mut (*view).len } else { std::ptr::null_mut() },
            strides: if flags & request::STRIDES == request::STRIDES {
                &raw mut (*view).itemsize
            } else {
                std::ptr::null_mut()
            },
            suboffsets: std::ptr::null_mut(),
            internal: std::ptr::null_mut(),
        });
    }
    Ok(())
}

/// A view as plain contiguous bytes, given back when dropped.
pub struct Buffer {
    // A simple view has no pointers into itself, so it may move.
    raw: RawBuffer,
}

impl Buffer {
    /// The bytes of `o` for reading.
    #[inline]
    pub fn get(o: &Object) -> PyResult<Buffer> {
        if let Some(b) = o.downcast::<Bytes>() {
            return Ok(Buffer {
                raw: RawBuffer {
                    buf: b.data_ptr().cast(),
                    obj: Some(o.to_obj()),
                    len: b.len() as isize,
                    ..RawBuffer::empty()
                },
            });
        }
        Buffer::with_flags(o, request::SIMPLE)
    }

    /// The bytes of `o` for writing.
    pub fn get_writable(o: &Object) -> PyResult<Buffer> {
        Buffer::with_flags(o, request::WRITABLE)
    }

    /// The bytes of `o` under a request without shape or strides.
    fn with_flags(o: &Object, flags: c_int) -> PyResult<Buffer> {
        let mut raw = RawBuffer::empty();
        get(o, &mut raw, flags)?;
        Ok(Buffer { raw })
    }

    /// Any view of `o` for reading, with shape and strides.
    pub fn get_full_ro(o: &Object) -> PyResult<FullBuffer> {
        FullBuffer::get(o, request::FULL_RO)
    }

    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: a simple view is `len` bytes of memory, held until it is released.
        unsafe { std::slice::from_raw_parts(non_null(self.raw.buf.cast()), self.raw.len.max(0) as usize) }
    }

    /// The bytes of a writable view.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        assert!(self.raw.readonly == 0, "asked to write to a read-only view");
        // SAFETY: as above, and the exporter allowed writing.
        unsafe {
            std::slice::from_raw_parts_mut(non_null(self.raw.buf.cast()) as *mut u8, self.raw.len.max(0) as usize)
        }
    }

    /// Number of bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.raw.len.max(0) as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The view itself.
    pub fn raw(&self) -> &RawBuffer {
        &self.raw
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        release(&mut self.raw);
    }
}

impl std::ops::Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

/// A bytes-like object.
impl<'a> FromArg<'a> for Buffer {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        Buffer::get(arg)
    }
}

/// A writable bytes-like object, as an argument.
pub struct WritableBuffer(pub Buffer);

impl<'a> FromArg<'a> for WritableBuffer {
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        match Buffer::get_writable(arg) {
            Ok(b) => Ok(WritableBuffer(b)),
            Err(e) => {
                e.clear();
                Err(cx.wrong_type("read-write bytes-like object", arg))
            }
        }
    }
}

/// A view with shape and strides, at a fixed place, given back when dropped.
pub struct FullBuffer {
    raw: Box<RawBuffer>,
}

impl FullBuffer {
    /// A view of `o` as `flags` ask for it.
    pub fn get(o: &Object, flags: c_int) -> PyResult<FullBuffer> {
        let mut raw = Box::new(RawBuffer::empty());
        get(o, &mut raw, flags)?;
        Ok(FullBuffer { raw })
    }

    /// The view.
    pub fn raw(&self) -> &RawBuffer {
        &self.raw
    }

    /// The content in C order.
    pub fn to_vec(&self) -> PyResult<Vec<u8>> {
        self.raw.to_contiguous(false)
    }
}

impl Drop for FullBuffer {
    fn drop(&mut self) {
        release(&mut self.raw);
    }
}
