//! The buffer protocol's structure (`Py_buffer`); see "Buffer Protocol" in the Python/C API.

use crate::header::{Obj, Object};
use std::ffi::{c_char, c_int, c_void};
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
