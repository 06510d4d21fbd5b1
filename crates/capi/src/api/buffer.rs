//! The buffer protocol and memory views.

use crate::prelude::*;
use taipan_object::buffer::{self, RawBuffer};
use taipan_object::types::memoryview::MemoryView;

exports! {
    fn PyObject_CheckBuffer(o: &Object) -> c_int { buffer::supports(o) as c_int }
    fn PyObject_GetBuffer(o: &Object, view: *mut RawBuffer, request: c_int) -> c_int {
        // The memory is uninitialised: an empty view is written over it first.
        // SAFETY: a place for a view.
        status(unsafe {
            view.write(RawBuffer::empty());
            buffer::get(o, &mut *view, request)
        })
    }
    fn PyBuffer_Release(view: &mut RawBuffer) { buffer::release(view) }
    fn PyBuffer_FillInfo(view: *mut RawBuffer, o: Null<'_>, p: *mut u8, n: isize, readonly: c_int, request: c_int) -> c_int {
        // SAFETY: null or a place for a view (not yet holding one), and `n` bytes at `p`.
        status(unsafe {
            if !view.is_null() {
                view.write(RawBuffer::empty());
            }
            buffer::fill_info(view, o, p, n.max(0) as usize, readonly != 0, request)
        })
    }
    fn PyBuffer_IsContiguous(view: &RawBuffer, order: c_char) -> c_int { view.is_contiguous(order as u8 as char) as c_int }
    fn PyBuffer_ToContiguous(p: *mut u8, view: &RawBuffer, n: isize, order: c_char) -> c_int {
        status((|| {
            if n != view.len {
                bail!(ValueError, "PyBuffer_ToContiguous: len != view->len");
            }
            let data = view.to_contiguous(order as u8 == b'F')?;
            // SAFETY: the caller's buffer of `n` bytes.
            unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), p, data.len()) };
            Ok(())
        })())
    }
    fn PyBuffer_GetPointer(view: &RawBuffer, index: *const isize) -> *mut u8 {
        // SAFETY: the caller passes one index in range for each dimension.
        unsafe { view.item_ptr(slice(index, view.ndim as isize)) }
    }
    fn PyBuffer_FillContiguousStrides(n: c_int, shape: *const isize, strides: *mut isize, itemsize: c_int, order: c_char) {
        let shape = slice(shape, n as isize);
        let mut out: Vec<isize> = shape.to_vec();
        if order as u8 == b'F' {
            out.reverse();
            out = buffer::c_strides(&out, itemsize as isize);
            out.reverse();
        } else {
            out = buffer::c_strides(&out, itemsize as isize);
        }
        // SAFETY: the caller's array of `n` numbers.
        unsafe { std::ptr::copy_nonoverlapping(out.as_ptr(), strides, out.len()) };
    }
    fn PyMemoryView_FromObject(o: &Object) -> PyResult { obj(MemoryView::new(o)) }
    fn PyMemoryView_FromBuffer(view: &RawBuffer) -> PyResult {
        if view.buf.is_null() {
            bail!(ValueError, "PyMemoryView_FromBuffer(): info->buf must not be NULL");
        }
        // SAFETY: a bitwise copy without the exporter's reference, which stays with the caller.
        obj(unsafe {
            let mut copy = std::mem::ManuallyDrop::new(std::ptr::read(view));
            std::mem::forget(copy.obj.take());
            MemoryView::from_raw(std::mem::ManuallyDrop::into_inner(copy))
        })
    }
    fn PyMemoryView_FromMemory(p: *mut u8, n: isize, flags: c_int) -> PyResult {
        let mut view = RawBuffer::empty();
        let readonly = flags != buffer::request::WRITE;
        // SAFETY: `n` bytes at `p` that outlive the view: the caller's contract.
        obj(unsafe {
            buffer::fill_info(&mut view, None, p, n.max(0) as usize, readonly, buffer::request::FULL_RO)?;
            MemoryView::from_raw(view)
        })
    }
    fn PyMemoryView_GetContiguous(o: &Object, request: c_int, order: c_char) -> PyResult {
        let v = MemoryView::new(o)?;
        let order = order as u8 as char;
        if request == buffer::request::WRITE && v.raw().readonly != 0 {
            bail!(BufferError, "underlying buffer is not writable");
        }
        if v.raw().is_contiguous(order) {
            return Ok(v.into_obj());
        }
        if request == buffer::request::WRITE {
            bail!(BufferError, "writable contiguous buffer requested for a non-contiguous object.");
        }
        obj(v.contiguous_copy(order == 'F'))
    }
}
