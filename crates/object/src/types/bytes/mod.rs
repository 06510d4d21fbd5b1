//! `bytes`: here are the layout and the type; `slots.rs`, `methods.rs` and `iter.rs` what it offers.
//! What it shares with `bytearray` works on slices: `shared.rs` (methods), `convert.rs` (constructors), `hex.rs`.

pub mod convert;
pub mod hex;
pub mod iter;
pub mod methods;
pub mod shared;
pub mod slots;

use crate::alloc::{alloc_exact, out_of_memory};
use crate::error::{PyResult, no_memory};
use crate::header::{Obj, Object, Ref, VarObject};
use crate::layout;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::str::StrBuilder;
use crate::types::str::compare::by_order;
use crate::types::str::hash::hash_bytes;
use crate::types::str::repr::quote_for;
use std::cell::Cell;
use std::ffi::c_int;
use std::mem::offset_of;
use std::ptr::NonNull;

/// An immutable sequence of bytes (`PyBytesObject`); a NUL follows the data.
#[repr(C)]
pub struct Bytes {
    /// The head; `ob_size` is the length.
    pub ob_base: VarObject,
    pub(crate) shash: Cell<isize>,
    data: [Cell<u8>; 1],
}

/// Bytes before the data.
pub(crate) const HEAD: usize = 32;
const _: () = assert!(offset_of!(Bytes, shash) == 24 && offset_of!(Bytes, data) == HEAD && size_of::<Bytes>() == 40);

// SAFETY: only the cached hash changes, under the interpreter lock.
unsafe impl Sync for Bytes {}

layout!(Bytes, PyBytes_Type, BYTES_SUBCLASS);

#[repr(C)]
struct Single {
    head: VarObject,
    shash: Cell<isize>,
    data: [u8; 2],
}
// SAFETY: as above.
unsafe impl Sync for Single {}

const fn single(len: isize, b: u8) -> Single {
    Single { head: VarObject::immortal(&PyBytes_Type, len), shash: Cell::new(-1), data: [b, 0] }
}

static EMPTY: Single = single(0, 0);
static SINGLES: [Single; 256] = {
    let mut a = [const { single(1, 0) }; 256];
    let mut i = 0;
    while i < 256 {
        a[i].data[0] = i as u8;
        i += 1;
    }
    a
};

fn shared(s: &'static Single) -> Ref<Bytes> {
    // SAFETY: `Single` is laid out as `Bytes` is.
    unsafe { s.head.ob_base.to_obj().cast_into_unchecked() }
}

impl Bytes {
    /// `b''`.
    #[inline]
    pub fn empty() -> Ref<Bytes> {
        shared(&EMPTY)
    }

    /// Bytes with the content of `b`.
    pub fn new(b: &[u8]) -> Ref<Bytes> {
        match *b {
            [] => Bytes::empty(),
            [c] => shared(&SINGLES[c as usize]),
            // SAFETY: all bytes are copied.
            _ => unsafe {
                let Some(o) = Bytes::allocate(b.len()) else { out_of_memory() };
                std::ptr::copy_nonoverlapping(b.as_ptr(), o.data_ptr(), b.len());
                o
            },
        }
    }

    /// As [`Bytes::new`], but `MemoryError` when there is no room.
    pub fn try_new(b: &[u8]) -> PyResult<Ref<Bytes>> {
        if b.len() <= 1 {
            return Ok(Bytes::new(b));
        }
        // SAFETY: all bytes are copied.
        unsafe {
            let o = Bytes::allocate(b.len()).ok_or_else(no_memory)?;
            std::ptr::copy_nonoverlapping(b.as_ptr(), o.data_ptr(), b.len());
            Ok(o)
        }
    }

    /// # Safety
    /// The caller writes all bytes before anyone reads them.
    unsafe fn allocate(len: usize) -> Option<Ref<Bytes>> {
        let size = len.checked_add(HEAD + 1).filter(|&n| n <= isize::MAX as usize - 64)?;
        // SAFETY: head and terminator are written here, the rest by the caller.
        unsafe {
            let (p, class) = alloc_exact(&PyBytes_Type, size)?;
            p.cast::<VarObject>()
                .write(VarObject { ob_base: Object::in_class(&PyBytes_Type, class), ob_size: Cell::new(len as isize) });
            let b: &Bytes = p.cast::<Bytes>().as_ref();
            b.shash.set(-1);
            b.data_ptr().add(len).write(0);
            Some(Obj::from_raw(p.as_ptr()).cast_into_unchecked())
        }
    }

    /// Bytes of `len` to be filled in through [`Bytes::data_ptr`] (`PyBytes_FromStringAndSize(NULL, len)`). Of length 0 they are shared.
    ///
    /// # Safety
    /// The caller writes every byte before anyone else sees the object.
    pub unsafe fn new_uninit(len: usize) -> PyResult<Ref<Bytes>> {
        if len == 0 {
            return Ok(Bytes::empty());
        }
        // SAFETY: the caller's promise.
        unsafe { Bytes::allocate(len) }.ok_or_else(no_memory)
    }

    /// Zero bytes; `MemoryError` when there is no room.
    pub fn zeroed(len: usize) -> PyResult<Ref<Bytes>> {
        // SAFETY: all bytes are written.
        unsafe {
            let b = Bytes::new_uninit(len)?;
            std::ptr::write_bytes(b.data_ptr(), 0, len);
            Ok(b)
        }
    }

    /// An instance of `cls`, a subclass, with the content of `b`.
    pub fn new_in_subclass(cls: &Type, b: &[u8]) -> PyResult {
        let o = match cls.alloc.get() {
            Some(f) => f(cls, b.len() as isize)?,
            None => crate::alloc::generic_alloc(cls, b.len() as isize)?,
        };
        // SAFETY: `tp_alloc` made room for the items and a terminator, zeroed.
        unsafe {
            let this: &Bytes = o.cast_unchecked();
            this.shash.set(-1);
            std::ptr::copy_nonoverlapping(b.as_ptr(), this.data_ptr(), b.len());
        }
        Ok(o)
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
        // SAFETY: the data follows the head.
        unsafe { (self as *const Bytes as *mut u8).add(HEAD) }
    }

    /// The data.
    #[inline(always)]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `len` bytes lie there, unchanging once published.
        unsafe { std::slice::from_raw_parts(self.data_ptr(), self.len()) }
    }

    /// The hash, made once and kept; equal to that of a `str` of the same characters below 256.
    #[inline]
    pub fn bytes_hash(&self) -> isize {
        let h = self.shash.get();
        if h != -1 {
            return h;
        }
        let h = hash_bytes(self.as_slice());
        self.shash.set(h);
        h
    }

    /// These bytes if of the exact type, a copy otherwise.
    pub fn to_exact(&self) -> Ref<Bytes> {
        if self.is_exact(&PyBytes_Type) { Ref::from_borrowed(self) } else { Bytes::new(self.as_slice()) }
    }
}

/// Appends the `repr` of bytes, `b'...'`. In a `bytearray` single quotes are escaped in any case.
pub(crate) fn push_bytes_repr(out: &mut StrBuilder, b: &[u8], escape_single: bool) {
    let quote = quote_for(memchr::memchr(b'\'', b).is_some(), memchr::memchr(b'"', b).is_some());
    out.push_latin1(&[b'b', quote]);
    for &c in b {
        match c {
            b'\\' => out.push_latin1(b"\\\\"),
            _ if c == quote || escape_single && c == b'\'' => out.push_latin1(&[b'\\', c]),
            0x20..0x7F => out.push_char(c.into()),
            _ => crate::types::str::repr::push_escape(out, c.into()),
        }
    }
    out.push_char(quote.into());
}

pub(crate) extern "C" fn bytes_repr(o: &Object) -> PyResult {
    let b = o.cast::<Bytes>().as_slice();
    let mut out = StrBuilder::with_capacity(b.len() + 3);
    push_bytes_repr(&mut out, b, false);
    Ok(out.finish().into_obj())
}

extern "C" fn bytes_hash_slot(o: &Object) -> isize {
    o.cast::<Bytes>().bytes_hash()
}

extern "C" fn bytes_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Bytes>(), b.downcast::<Bytes>()) else {
        if op == 2 || op == 3 {
            slots::warn_on_compare("bytes", a, b)?;
        }
        return Ok(crate::protocol::compare::not_implemented());
    };
    Ok(crate::types::bool_::from_bool(by_order(x.as_slice().cmp(y.as_slice()), op)))
}

unsafe extern "C" fn bytes_dealloc(obj: NonNull<Object>) {
    // SAFETY: bytes own nothing but their memory.
    unsafe { crate::alloc::finish_dealloc(obj) }
}

/// The type `bytes`.
#[unsafe(no_mangle)]
pub static PyBytes_Type: Type = Type::new_static(TypeDef {
    name: c"bytes",
    basicsize: HEAD + 1,
    itemsize: 1,
    flags: flags::BASETYPE | flags::BYTES_SUBCLASS | flags::MATCH_SELF,
    doc: Some(c"bytes(iterable_of_ints) -> bytes\nbytes(string, encoding[, errors]) -> bytes\nbytes(bytes_or_buffer) -> bytes\nbytes(int) -> that many zeros\nbytes() -> empty\n\nAn immutable sequence of bytes."),
    dealloc: Some(bytes_dealloc),
    repr: Some(bytes_repr),
    as_number: Some(&slots::AS_NUMBER),
    as_sequence: Some(&slots::AS_SEQUENCE),
    as_mapping: Some(&slots::AS_MAPPING),
    as_buffer: Some(&slots::AS_BUFFER),
    hash: Some(bytes_hash_slot),
    str: Some(slots::bytes_str),
    richcompare: Some(bytes_richcompare),
    iter: Some(iter::bytes_iter),
    methods: methods::METHODS,
    new: Some(slots::bytes_new),
    ..TypeDef::EMPTY
});

/// The types of this module, bases first.
pub static TYPES: &[&Type] = &[&PyBytes_Type, &iter::PyBytesIter_Type];
