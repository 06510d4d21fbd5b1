//! The type `array`: memory and slots.

use super::item::{Descr, find};
use super::{iter, methods as m};
use crate::support::__class_getitem__;
use std::cell::Cell;
use std::ffi::{c_char, c_int};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_object::alloc::{self, finish_dealloc, new_instance};
use taipan_object::buffer::{Buffer, RawBuffer, request};
use taipan_object::error::{no_memory, status, status_bool};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::protocol::number;
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::*;
use taipan_object::types::bool_;
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::slice::Slice;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    ObjCell, Object, PyResult, Ref, Type, TypeDef, VarObject, bail, flags, getset, getsets, layout, methods,
};

/// An array (`arrayobject`).
#[repr(C)]
pub struct Array {
    ob_base: VarObject,
    items: Cell<*mut u8>,
    allocated: Cell<isize>,
    descr: Cell<&'static Descr>,
    weakreflist: ObjCell,
    /// Views that are out: the memory must stay where it is.
    exports: Cell<isize>,
}

const _: () = {
    assert!(size_of::<Array>() == 64 && offset_of!(Array, items) == 24 && offset_of!(Array, weakreflist) == 48);
};
layout!(Array, ARRAY_TYPE);

impl Array {
    /// A new empty array.
    pub fn make(cls: &Type, descr: &'static Descr) -> PyResult<Ref<Array>> {
        let body = Array {
            ob_base: VarObject::placeholder(0),
            items: Cell::new(std::ptr::null_mut()),
            allocated: Cell::new(0),
            descr: Cell::new(descr),
            weakreflist: ObjCell::empty(),
            exports: Cell::new(0),
        };
        new_instance(cls, body)
    }

    /// A new array with the same type code and given bytes.
    pub fn with_bytes(&self, bytes: &[u8]) -> PyResult<Ref<Array>> {
        let a = Array::make(&ARRAY_TYPE, self.descr())?;
        a.splice(0, 0, bytes)?;
        Ok(a)
    }

    pub fn descr(&self) -> &'static Descr {
        self.descr.get()
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }

    /// The memory. Good until the array changes or Python code runs.
    pub fn bytes(&self) -> &[u8] {
        let n = self.len() * self.descr().size;
        if n == 0 {
            return &[];
        }
        // SAFETY: so many bytes are in use.
        unsafe { std::slice::from_raw_parts(self.items.get(), n) }
    }

    /// The address of the memory, for those who asked for it.
    pub fn address(&self) -> usize {
        self.items.get() as usize
    }

    /// The memory, writable.
    #[allow(clippy::mut_from_ref)]
    pub fn bytes_mut(&self) -> &mut [u8] {
        let n = self.len() * self.descr().size;
        if n == 0 {
            return &mut [];
        }
        // SAFETY: as above; callers hold no other borrow of it.
        unsafe { std::slice::from_raw_parts_mut(self.items.get(), n) }
    }

    /// Item `i`, which exists.
    #[inline]
    pub fn get(&self, i: usize) -> PyResult {
        debug_assert!(i < self.len());
        let d = self.descr();
        // SAFETY: the item lies in the memory in use.
        unsafe { d.get(self.items.get().add(i * d.size)) }
    }

    /// Stores an object as item `i`; converting it may run code that shortens the array.
    pub fn set(&self, i: usize, v: &Object) -> PyResult<()> {
        let d = self.descr();
        if d.code == b'd'
            && let Some(x) = v.downcast_exact::<Float>()
            && i < self.len()
        {
            // SAFETY: the item lies in the memory in use.
            unsafe { self.items.get().cast::<f64>().add(i).write_unaligned(x.value()) };
            return Ok(());
        }
        let bits = d.encode(v)?;
        match self.bytes_mut().get_mut(i * d.size..(i + 1) * d.size) {
            Some(place) => place.copy_from_slice(&bits[..d.size]),
            None => bail!(IndexError, "array assignment index out of range"),
        }
        Ok(())
    }

    /// Replaces the bytes of items `a..b` by others, which lie outside the array.
    pub fn splice(&self, a: usize, b: usize, new: &[u8]) -> PyResult<()> {
        let size = self.descr().size;
        let (n, added) = (self.len(), new.len() / size);
        let total = n - (b - a) + added;
        if total != n {
            if self.exports.get() > 0 {
                bail!(BufferError, "cannot resize an array that is exporting buffers");
            }
            if total > n {
                self.reserve(total)?;
            }
        }
        let p = self.items.get();
        if !p.is_null() {
            // SAFETY: both runs lie in the allocated memory, which is not null when anything moves.
            unsafe {
                std::ptr::copy(p.add(b * size), p.add((a + added) * size), (n - b) * size);
                std::ptr::copy_nonoverlapping(new.as_ptr(), p.add(a * size), new.len());
            }
        }
        self.ob_base.ob_size.set(total as isize);
        if total < n {
            self.shrink();
        }
        Ok(())
    }

    fn reserve(&self, n: usize) -> PyResult<()> {
        if n as isize <= self.allocated.get() {
            return Ok(());
        }
        // The growth of CPython's arrays: about an eighth more.
        let more = (n >> 4) + if self.len() < 8 { 3 } else { 7 } + n;
        self.reallocate(more)
    }

    fn reallocate(&self, n: usize) -> PyResult<()> {
        let Some(bytes) = n.checked_mul(self.descr().size).filter(|b| *b < isize::MAX as usize) else {
            return Err(no_memory());
        };
        // SAFETY: the memory came from this allocator.
        let p = unsafe { alloc::realloc(self.items.get(), bytes) };
        if p.is_null() {
            return Err(no_memory());
        }
        self.items.set(p);
        self.allocated.set(n as isize);
        Ok(())
    }

    fn shrink(&self) {
        let n = self.len();
        if n == 0 {
            // SAFETY: the memory is the array's, and nobody sees it any more.
            unsafe { alloc::free(self.items.replace(std::ptr::null_mut())) };
            self.allocated.set(0);
        } else if (n as isize) < self.allocated.get() >> 1
            && let Err(e) = self.reallocate(n)
        {
            e.clear();
        }
    }

    /// Appends an object.
    pub fn push(&self, v: &Object) -> PyResult<()> {
        let d = self.descr();
        let bits = d.encode(v)?;
        let n = self.len();
        self.splice(n, n, &bits[..d.size])
    }

    /// Appends the items of an array of the same kind, or of any iterable.
    pub fn extend(&self, o: &Object) -> PyResult<()> {
        if let Some(other) = o.downcast::<Array>() {
            if !std::ptr::eq(other.descr(), self.descr()) {
                bail!(TypeError, "can only extend with array of same kind");
            }
            let bytes = other.bytes().to_vec();
            let n = self.len();
            return self.splice(n, n, &bytes);
        }
        let it = o.iter()?;
        while let Some(v) = it.next()? {
            self.push(&v)?;
        }
        Ok(())
    }

    /// Appends bytes, whole items of them.
    pub fn push_bytes(&self, bytes: &[u8]) -> PyResult<()> {
        if !bytes.len().is_multiple_of(self.descr().size) {
            bail!(ValueError, "bytes length not a multiple of item size");
        }
        let n = self.len();
        self.splice(n, n, bytes)
    }

    /// Appends the characters of a string.
    pub fn push_text(&self, s: &Str) -> PyResult<()> {
        let bytes: Vec<u8> = (0..s.len()).flat_map(|i| s.char_at(i).to_ne_bytes()).collect();
        self.push_bytes(&bytes)
    }

    /// Bytes of the memory, used or not.
    pub fn allocated_bytes(&self) -> usize {
        self.allocated.get().max(0) as usize * self.descr().size
    }

    fn object(&self) -> &Object {
        &self.ob_base.ob_base
    }
}

extern "C" fn array_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    taipan_object::args::no_keywords("array.array", cls, &ARRAY_TYPE, kwargs)?;
    let args: &Tuple = args.cast();
    let (code, initial) = match args.borrowed_items() {
        [] => bail!(TypeError, "array() takes at least 1 argument (0 given)"),
        [c] => (*c, None),
        [c, i] => (*c, Some(*i)),
        more => bail!(TypeError, "array() takes at most 2 arguments ({} given)", more.len()),
    };
    let Some(s) = code.downcast::<Str>() else {
        bail!(TypeError, "array() argument 1 must be a unicode character, not {}", code.ty().name_str());
    };
    if s.len() != 1 {
        bail!(TypeError, "array() argument 1 must be a unicode character, not a string of length {}", s.len());
    }
    if s.char_at(0) == u32::from(b'u') {
        let warn = taipan_object::hooks::get().warn;
        warn(exceptions::DeprecationWarning, "The 'u' type code is deprecated and will be removed in Python 3.16", 1)?;
    }
    let descr = find(s.char_at(0));
    if let (Some(i), Some(d)) = (initial, descr)
        && !d.is_text()
    {
        let c = d.code as char;
        if i.downcast::<Str>().is_some() {
            bail!(TypeError, "cannot use a str to initialize an array with typecode '{c}'");
        }
        if i.downcast::<Array>().is_some_and(|a| a.descr().is_text()) {
            bail!(TypeError, "cannot use a unicode array to initialize an array with typecode '{c}'");
        }
    }
    let Some(descr) = descr else {
        bail!(ValueError, "bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)");
    };
    let a = Array::make(cls, descr)?;
    let Some(i) = initial else { return Ok(a.into_obj()) };
    if let Some(s) = i.downcast::<Str>() {
        a.push_text(s)?;
    } else if i.downcast::<Bytes>().is_some() || i.downcast::<ByteArray>().is_some() {
        let b = Buffer::get(i)?;
        a.push_bytes(b.as_slice())?;
    } else if let Some(other) =
        i.downcast::<Array>().filter(|o| std::ptr::eq(o.descr(), descr) || (o.descr().is_text() && descr.is_text()))
    {
        a.push_bytes(other.bytes())?;
    } else {
        let it = i.iter()?;
        while let Some(v) = it.next()? {
            a.push(&v)?;
        }
    }
    Ok(a.into_obj())
}

unsafe extern "C" fn array_dealloc(obj: NonNull<Object>) {
    // SAFETY: the destructor contract.
    unsafe {
        let o = obj.as_ref();
        taipan_object::types::weakref::clear_all(o);
        alloc::free(o.cast::<Array>().items.get());
        finish_dealloc(obj);
    }
}

extern "C" fn array_repr(o: &Object) -> PyResult {
    let a: &Array = o.cast();
    let name = o.ty().short_name();
    let code = a.descr().code as char;
    if a.len() == 0 {
        return Ok(text(&format!("{name}('{code}')")));
    }
    let shown = if a.descr().is_text() { m::text_of(a)?.into_obj() } else { m::list_of(a)?.into_obj() };
    let mut b = StrBuilder::new();
    b.push_str(&format!("{name}('{code}', "));
    b.push_pystr(&*shown.repr()?);
    b.push_str(")");
    Ok(b.finish().into_obj())
}

extern "C" fn array_richcompare(x: &Object, y: &Object, op: c_int) -> PyResult {
    let (Some(a), Some(b)) = (x.downcast::<Array>(), y.downcast::<Array>()) else { return Ok(not_implemented()) };
    let op = CompareOp::from_c(op);
    if a.len() != b.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(bool_::from_bool(op == CompareOp::Ne));
    }
    // Integers of the same size and kind are equal when their bytes are.
    if matches!(op, CompareOp::Eq | CompareOp::Ne)
        && std::ptr::eq(a.descr(), b.descr())
        && !matches!(a.descr().code, b'f' | b'd')
    {
        return Ok(bool_::from_bool((a.bytes() == b.bytes()) == (op == CompareOp::Eq)));
    }
    let mut i = 0;
    while i < a.len() && i < b.len() {
        let (p, q) = (a.get(i)?, b.get(i)?);
        if !p.rich_compare_bool(&q, CompareOp::Eq)? {
            return match op {
                CompareOp::Eq => Ok(bool_::from_bool(false)),
                CompareOp::Ne => Ok(bool_::from_bool(true)),
                _ => p.rich_compare(&q, op),
            };
        }
        i += 1;
    }
    Ok(bool_::from_bool(op.test(a.len().cmp(&b.len()))))
}

extern "C" fn array_length(o: &Object) -> isize {
    o.cast::<Array>().len() as isize
}

extern "C" fn array_concat(o: &Object, other: &Object) -> PyResult {
    let a: &Array = o.cast();
    let Some(b) = other.downcast::<Array>() else {
        bail!(TypeError, "can only append array (not \"{}\") to array", other.ty().name_str());
    };
    if !std::ptr::eq(a.descr(), b.descr()) {
        bail!(TypeError, "bad argument type for built-in operation");
    }
    Ok(a.with_bytes(&[a.bytes(), b.bytes()].concat())?.into_obj())
}

fn repeated(a: &Array, n: isize) -> PyResult<Vec<u8>> {
    let n = n.max(0) as usize;
    let bytes = a.bytes();
    let mut out = Vec::new();
    match bytes.len().checked_mul(n).filter(|t| *t < isize::MAX as usize) {
        Some(total) if out.try_reserve_exact(total).is_ok() => {}
        _ => return Err(no_memory()),
    }
    if !bytes.is_empty() {
        for _ in 0..n {
            out.extend_from_slice(bytes);
        }
    }
    Ok(out)
}

extern "C" fn array_repeat(o: &Object, n: isize) -> PyResult {
    let a: &Array = o.cast();
    Ok(a.with_bytes(&repeated(a, n)?)?.into_obj())
}

extern "C" fn array_inplace_repeat(o: &Object, n: isize) -> PyResult {
    let a: &Array = o.cast();
    let bytes = repeated(a, n)?;
    a.splice(0, a.len(), &bytes)?;
    Ok(o.to_obj())
}

extern "C" fn array_inplace_concat(o: &Object, other: &Object) -> PyResult {
    if other.downcast::<Array>().is_none() {
        bail!(TypeError, "can only extend array with array (not \"{}\")", other.ty().name_str());
    }
    o.cast::<Array>().extend(other)?;
    Ok(o.to_obj())
}

extern "C" fn array_item(o: &Object, i: isize) -> PyResult {
    let a: &Array = o.cast();
    match usize::try_from(i).ok().filter(|i| *i < a.len()) {
        Some(i) => a.get(i),
        None => bail!(IndexError, "array index out of range"),
    }
}

extern "C" fn array_ass_item(o: &Object, i: isize, v: Option<&Object>) -> c_int {
    status(assign(o.cast(), i, v))
}

fn assign(a: &Array, i: isize, v: Option<&Object>) -> PyResult<()> {
    let Some(i) = usize::try_from(i).ok().filter(|i| *i < a.len()) else {
        bail!(IndexError, "array assignment index out of range");
    };
    match v {
        Some(v) => a.set(i, v),
        None => a.splice(i, i + 1, &[]),
    }
}

extern "C" fn array_contains(o: &Object, x: &Object) -> c_int {
    status_bool(m::position(o.cast(), x, 0, isize::MAX).map(|p| p.is_some()))
}

fn index_of(a: &Array, key: &Object) -> PyResult<isize> {
    let i = key.index_as_isize(Some(exceptions::IndexError))?;
    Ok(if i < 0 { i + a.len() as isize } else { i })
}

extern "C" fn array_subscript(o: &Object, key: &Object) -> PyResult {
    let a: &Array = o.cast();
    if number::has_index(key) {
        let i = index_of(a, key)?;
        if (i as usize) < a.len() {
            return a.get(i as usize);
        }
        return array_item(o, i);
    }
    let Some(s) = key.downcast::<Slice>() else { bail!(TypeError, "array indices must be integers") };
    let (unpacked, size) = (s.unpack()?, a.descr().size);
    let range = taipan_object::types::slice::adjust(unpacked, a.len());
    let mut bytes = Vec::with_capacity(range.len * size);
    for i in range.indices() {
        bytes.extend_from_slice(&a.bytes()[i * size..(i + 1) * size]);
    }
    Ok(a.with_bytes(&bytes)?.into_obj())
}

extern "C" fn array_ass_subscript(o: &Object, key: &Object, v: Option<&Object>) -> c_int {
    status((|| {
        let a: &Array = o.cast();
        if number::has_index(key) {
            return assign(a, index_of(a, key)?, v);
        }
        let Some(s) = key.downcast::<Slice>() else { bail!(TypeError, "array indices must be integers") };
        let unpacked = s.unpack()?;
        let new = match v {
            None => None,
            Some(v) => match v.downcast::<Array>() {
                Some(b) if std::ptr::eq(a.descr(), b.descr()) => Some(b.bytes().to_vec()),
                Some(_) => bail!(TypeError, "bad argument type for built-in operation"),
                None => bail!(TypeError, "can only assign array (not \"{}\") to array slice", v.ty().name_str()),
            },
        };
        let size = a.descr().size;
        let range = taipan_object::types::slice::adjust(unpacked, a.len());
        if range.step == 1 {
            let start = range.start as usize;
            return a.splice(start, start + range.len, new.as_deref().unwrap_or(&[]));
        }
        match new {
            Some(new) => {
                let n = new.len() / size;
                if n != range.len {
                    bail!(ValueError, "attempt to assign array of size {n} to extended slice of size {}", range.len);
                }
                for (from, to) in range.indices().enumerate() {
                    a.bytes_mut()[to * size..(to + 1) * size].copy_from_slice(&new[from * size..(from + 1) * size]);
                }
                Ok(())
            }
            None => {
                let gone: std::collections::HashSet<usize> = range.indices().collect();
                if gone.is_empty() {
                    return Ok(());
                }
                let kept: Vec<u8> = (0..a.len())
                    .filter(|i| !gone.contains(i))
                    .flat_map(|i| a.bytes()[i * size..(i + 1) * size].to_vec())
                    .collect();
                a.splice(0, a.len(), &kept)
            }
        }
    })())
}

extern "C" fn array_getbuffer(o: &Object, view: *mut RawBuffer, wanted: c_int) -> c_int {
    let a: &Array = o.cast();
    static EMPTY: [u8; 1] = [0];
    status((|| {
        if view.is_null() {
            bail!(BufferError, "array_buffer_getbuf: view==NULL argument is obsolete");
        }
        let buf = if a.items.get().is_null() { EMPTY.as_ptr() as *mut u8 } else { a.items.get() };
        // SAFETY: the consumer's view; length and item size live in the array and in the view itself while it is out.
        unsafe {
            view.write(RawBuffer {
                buf: buf.cast(),
                obj: Some(o.to_obj()),
                len: (a.len() * a.descr().size) as isize,
                itemsize: a.descr().size as isize,
                readonly: 0,
                ndim: 1,
                format: if wanted & request::FORMAT != 0 {
                    a.descr().format.as_ptr() as *mut c_char
                } else {
                    std::ptr::null_mut()
                },
                shape: if wanted & request::ND == request::ND {
                    a.ob_base.ob_size.as_ptr()
                } else {
                    std::ptr::null_mut()
                },
                strides: if wanted & request::STRIDES == request::STRIDES {
                    &raw mut (*view).itemsize
                } else {
                    std::ptr::null_mut()
                },
                suboffsets: std::ptr::null_mut(),
                internal: std::ptr::null_mut(),
            });
        }
        a.exports.set(a.exports.get() + 1);
        Ok(())
    })())
}

extern "C" fn array_releasebuffer(o: &Object, _: *mut RawBuffer) {
    let a: &Array = o.cast();
    a.exports.set(a.exports.get() - 1);
}

fn get_typecode(a: &Array) -> String {
    (a.descr().code as char).to_string()
}

fn get_itemsize(a: &Array) -> usize {
    a.descr().size
}

extern "C" fn array_iter(o: &Object) -> PyResult {
    Ok(iter::new(o))
}

static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(array_length),
    concat: Slot::new(array_concat),
    repeat: Slot::new(array_repeat),
    item: Slot::new(array_item),
    ass_item: Slot::new(array_ass_item),
    contains: Slot::new(array_contains),
    inplace_concat: Slot::new(array_inplace_concat),
    inplace_repeat: Slot::new(array_inplace_repeat),
    ..SequenceMethods::EMPTY
};
static AS_MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(array_length),
    subscript: Slot::new(array_subscript),
    ass_subscript: Slot::new(array_ass_subscript),
};
static AS_BUFFER: BufferProcs =
    BufferProcs { getbuffer: Slot::new(array_getbuffer), releasebuffer: Slot::new(array_releasebuffer) };

use m::*;

/// `array`.
pub static ARRAY_TYPE: Type = Type::new_static(TypeDef {
    name: c"array.array",
    basicsize: size_of::<Array>(),
    flags: flags::BASETYPE | flags::SEQUENCE,
    doc: Some(c"array(typecode [, initializer]) -> array\n\nAn array of values of one machine type, which the type code names:\nb B h H i I l L q Q for integers, f d for floats, u w for characters."),
    dealloc: Some(array_dealloc),
    repr: Some(array_repr),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    as_buffer: Some(&AS_BUFFER),
    hash: Some(taipan_object::protocol::compare::hash_not_implemented),
    richcompare: Some(array_richcompare),
    weaklistoffset: offset_of!(Array, weakreflist) as isize,
    iter: Some(array_iter),
    methods: methods![
        append, buffer_info, byteswap, clear, __copy__, count, __deepcopy__, extend, fromfile, fromlist, frombytes, fromunicode, index,
        insert, pop, __reduce_ex__, remove, reverse, tofile, tolist, tobytes, tounicode, __sizeof__, __class_getitem__,
    ],
    getset: getsets![
        getset!(c"typecode", get_typecode; c"The type code."),
        getset!(c"itemsize", get_itemsize; c"Bytes of one item."),
    ],
    new: Some(array_new),
    ..TypeDef::EMPTY
});

/// The array as an object.
pub fn as_object(a: &Array) -> &Object {
    a.object()
}
