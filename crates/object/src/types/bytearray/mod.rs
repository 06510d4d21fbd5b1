//! `bytearray`: here are the layout, the storage and the type; `methods.rs` and `slots.rs` what it offers beyond what it
//! shares with `bytes`.

pub mod methods;
pub mod slots;

use crate::alloc::{free, malloc, new_instance, new_object, realloc};
use crate::error::{PyResult, no_memory};
use crate::header::{Object, Ref, VarObject};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::bytes::iter::{PyByteArrayIter_Type, bytearray_iter};
use crate::{bail, layout};
use std::cell::Cell;
use std::ffi::c_char;
use std::mem::offset_of;
use std::ptr::NonNull;

/// A mutable sequence of bytes (`PyByteArrayObject`).
///
/// `start` points into the block `bytes` of `alloc` bytes, behind what was cut off at the front; a NUL follows the data.
/// While a view is out (`exports`), the block stays as it is.
#[repr(C)]
pub struct ByteArray {
    /// The head; `ob_size` is the length.
    pub ob_base: VarObject,
    pub(crate) alloc: Cell<isize>,
    pub(crate) bytes: Cell<*mut u8>,
    pub(crate) start: Cell<*mut u8>,
    pub(crate) exports: Cell<isize>,
}

const _: () = {
    assert!(size_of::<ByteArray>() == 56 && offset_of!(ByteArray, alloc) == 24 && offset_of!(ByteArray, bytes) == 32);
    assert!(offset_of!(ByteArray, start) == 40 && offset_of!(ByteArray, exports) == 48);
};

layout!(ByteArray, PyByteArray_Type);

/// What C's accessor hands out for an empty array. Nobody writes to it.
#[repr(transparent)]
pub struct EmptyString([Cell<c_char>; 1]);
// SAFETY: never written.
unsafe impl Sync for EmptyString {}

/// See [`EmptyString`].
#[unsafe(no_mangle)]
pub static _PyByteArray_empty_string: EmptyString = EmptyString([Cell::new(0)]);

impl ByteArray {
    fn blank() -> ByteArray {
        ByteArray {
            ob_base: VarObject::placeholder(0),
            alloc: Cell::new(0),
            bytes: Cell::new(std::ptr::null_mut()),
            start: Cell::new(std::ptr::null_mut()),
            exports: Cell::new(0),
        }
    }

    /// An array with the content of `b`; `MemoryError` when there is no room.
    pub fn new(b: &[u8]) -> PyResult<Ref<ByteArray>> {
        // The head's size lies behind what `new_object` writes.
        let a = new_object(ByteArray::blank());
        a.assign(b)?;
        Ok(a)
    }

    /// An empty instance of `cls`.
    pub(crate) fn empty_in(cls: &Type) -> PyResult<Ref<ByteArray>> {
        new_instance(cls, ByteArray::blank())
    }

    /// Number of bytes.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the data starts.
    #[inline(always)]
    pub fn data_ptr(&self) -> *mut u8 {
        let p = self.start.get();
        if p.is_null() { (&raw const _PyByteArray_empty_string) as *mut u8 } else { p }
    }

    /// The data. It may move whenever Python code runs.
    #[inline(always)]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `len` bytes lie there.
        unsafe { std::slice::from_raw_parts(self.data_ptr(), self.len()) }
    }

    /// Changes the byte at `i`, which is inside.
    #[inline]
    pub(crate) fn set(&self, i: usize, b: u8) {
        debug_assert!(i < self.len());
        // SAFETY: `i` is inside.
        unsafe { self.data_ptr().add(i).write(b) }
    }

    /// Raises while a view is out.
    #[inline]
    pub(crate) fn check_exports(&self) -> PyResult<()> {
        if self.exports.get() > 0 {
            bail!(BufferError, "Existing exports of data: object cannot be re-sized");
        }
        Ok(())
    }

    /// Makes the array `len` bytes long (`PyByteArray_Resize`); new bytes hold anything.
    pub fn resize(&self, len: usize) -> PyResult<()> {
        if len == self.len() {
            return Ok(());
        }
        self.check_exports()?;
        let alloc = self.alloc.get() as usize;
        let offset = if self.start.get().is_null() { 0 } else { self.start.get() as usize - self.bytes.get() as usize };
        let new_alloc;
        if len + offset < alloc {
            if len >= alloc / 2 {
                self.set_len(len);
                return Ok(());
            }
            new_alloc = len.checked_add(1);
        } else if len as f64 <= alloc as f64 * 1.125 {
            new_alloc = len.checked_add((len >> 3) + if len < 9 { 3 } else { 6 });
        } else {
            new_alloc = len.checked_add(1);
        }
        let Some(new_alloc) = new_alloc.filter(|&n| n <= isize::MAX as usize) else { return Err(no_memory()) };
        // SAFETY: the block is ours, and holds the old data at `offset`.
        unsafe {
            let p = if offset > 0 {
                let p = malloc(new_alloc);
                if !p.is_null() {
                    std::ptr::copy_nonoverlapping(self.start.get(), p, len.min(self.len()));
                    free(self.bytes.get());
                }
                p
            } else {
                realloc(self.bytes.get(), new_alloc)
            };
            if p.is_null() {
                return Err(no_memory());
            }
            self.bytes.set(p);
            self.start.set(p);
        }
        self.alloc.set(new_alloc as isize);
        self.set_len(len);
        Ok(())
    }

    /// Notes the length and writes the terminator; the block has the room.
    fn set_len(&self, len: usize) {
        self.ob_base.ob_size.set(len as isize);
        // SAFETY: every block has room for one byte more than the data.
        unsafe { self.start.get().add(len).write(0) };
    }

    /// Replaces the bytes from `a` to `b` by `with`, which is not part of this array.
    pub(crate) fn splice(&self, a: usize, b: usize, with: &[u8]) -> PyResult<()> {
        let (old, cut, new) = (self.len(), b - a, with.len());
        if new != cut {
            self.check_exports()?;
        }
        if new < cut && a == 0 && !self.start.get().is_null() {
            // Cut off at the front without moving the rest.
            let shift = cut - new;
            // SAFETY: the new start is inside the block.
            self.start.set(unsafe { self.start.get().add(shift) });
            self.ob_base.ob_size.set((old - shift) as isize);
            let offset = self.start.get() as usize - self.bytes.get() as usize;
            // A block that is mostly cut off is given up.
            if old - shift == 0
                || (old - shift + offset) < self.alloc.get() as usize && (old - shift) < self.alloc.get() as usize / 2
            {
                self.compact()?;
            }
        } else if new < cut {
            // SAFETY: the tail moves down inside the data.
            unsafe { std::ptr::copy(self.data_ptr().add(b), self.data_ptr().add(a + new), old - b) };
            self.resize(old - (cut - new))?;
        } else if new > cut {
            let Some(len) = old.checked_add(new - cut).filter(|&n| n <= isize::MAX as usize) else {
                return Err(no_memory());
            };
            self.resize(len)?;
            // SAFETY: the array has grown; the tail moves up.
            unsafe { std::ptr::copy(self.data_ptr().add(b), self.data_ptr().add(a + new), old - b) };
        }
        if new > 0 {
            // SAFETY: the room is there, and `with` lies elsewhere.
            unsafe { std::ptr::copy_nonoverlapping(with.as_ptr(), self.data_ptr().add(a), new) };
        }
        Ok(())
    }

    /// Moves the data to a block of its own size.
    fn compact(&self) -> PyResult<()> {
        let len = self.len();
        let p = malloc(len + 1);
        if p.is_null() {
            return Err(no_memory());
        }
        // SAFETY: the data is copied before the old block goes.
        unsafe {
            std::ptr::copy_nonoverlapping(self.start.get(), p, len);
            free(self.bytes.get());
        }
        self.bytes.set(p);
        self.start.set(p);
        self.alloc.set(len as isize + 1);
        self.set_len(len);
        Ok(())
    }

    /// Makes the content that of `b`.
    pub(crate) fn assign(&self, b: &[u8]) -> PyResult<()> {
        self.resize(b.len())?;
        if !b.is_empty() {
            // SAFETY: the array is as long as `b`, which lies elsewhere.
            unsafe { std::ptr::copy_nonoverlapping(b.as_ptr(), self.data_ptr(), b.len()) };
        }
        Ok(())
    }
}

unsafe extern "C" fn bytearray_dealloc(obj: NonNull<Object>) {
    // SAFETY: the array is dead; its block is its own.
    unsafe {
        let a: &ByteArray = obj.as_ref().cast_unchecked();
        if a.exports.get() > 0 {
            let e = crate::raise!(SystemError, "deallocated bytearray object has exported buffers");
            crate::error::unraisable(e, None);
        }
        free(a.bytes.get());
        crate::alloc::finish_dealloc(obj);
    }
}

/// The type `bytearray`.
#[unsafe(no_mangle)]
pub static PyByteArray_Type: Type = Type::new_static(TypeDef {
    name: c"bytearray",
    basicsize: size_of::<ByteArray>(),
    flags: flags::BASETYPE | flags::MATCH_SELF,
    doc: Some(c"bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> bytearray\nbytearray(bytes_or_buffer) -> bytearray\nbytearray(int) -> that many zeros\nbytearray() -> empty\n\nA mutable sequence of bytes."),
    dealloc: Some(bytearray_dealloc),
    repr: Some(slots::bytearray_repr),
    as_number: Some(&slots::AS_NUMBER),
    as_sequence: Some(&slots::AS_SEQUENCE),
    as_mapping: Some(&slots::AS_MAPPING),
    as_buffer: Some(&slots::AS_BUFFER),
    hash: Some(crate::protocol::compare::hash_not_implemented),
    str: Some(slots::bytearray_str),
    richcompare: Some(slots::bytearray_richcompare),
    iter: Some(bytearray_iter),
    methods: methods::METHODS,
    init: Some(slots::bytearray_init),
    new: Some(slots::bytearray_new),
    ..TypeDef::EMPTY
});

/// The types of this module, bases first.
pub static TYPES: &[&Type] = &[&PyByteArray_Type, &PyByteArrayIter_Type];
