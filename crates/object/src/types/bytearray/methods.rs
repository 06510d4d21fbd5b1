//! The methods of `bytearray`.

use super::ByteArray;
use crate::header::Obj;
use crate::method::MethodDef;
use crate::protocol::iter::for_each;
use crate::types::bytes::convert::{BYTEARRAY, byte_of};
use crate::types::str::search::clip;
use crate::{bail, buffer, intern, raise};

crate::bytes_methods!(ByteArray);

impl BytesLike for ByteArray {
    #[inline]
    fn as_slice(&self) -> &[u8] {
        ByteArray::as_slice(self)
    }
    #[inline]
    fn make(b: &[u8]) -> PyResult<Ref<ByteArray>> {
        ByteArray::new(b)
    }
    #[inline]
    fn unchanged(&self) -> PyResult<Ref<ByteArray>> {
        ByteArray::new(self.as_slice())
    }
    #[inline]
    fn pin(&self) -> Pin<'_> {
        Pin::new(&self.exports)
    }
}

/// An integer argument as a byte.
pub struct Byte(pub u8);

impl<'a> crate::args::FromArg<'a> for Byte {
    fn from_arg(arg: &'a Object, _: &crate::args::ArgContext) -> PyResult<Self> {
        byte_of(arg, BYTEARRAY.range).map(Byte)
    }
}

/// Add a byte at the end.
#[method(signature = "(item, /)")]
pub fn append(this: &ByteArray, item: Byte) -> PyResult<()> {
    let end = this.len();
    this.splice(end, end, &[item.0])
}

/// Add the bytes of a buffer or the integers of an iterable at the end.
#[method(signature = "(iterable_of_ints, /)")]
pub fn extend(this: &ByteArray, iterable_of_ints: &Object) -> PyResult<()> {
    let o = iterable_of_ints;
    // Where the bytes go if asking for them makes the array longer.
    let at = if buffer::supports(o) { this.len() } else { usize::MAX };
    let new = if let Some(a) = o.downcast::<ByteArray>() {
        a.as_slice().to_vec()
    } else if buffer::supports(o) {
        Buffer::get(o)?.as_slice().to_vec()
    } else {
        if o.downcast::<Str>().is_some() {
            bail!(TypeError, "expected iterable of integers; got: 'str'");
        }
        if o.ty().iter.get().is_none() && !o.is_sequence() {
            bail!(TypeError, "can't extend bytearray with {}", o.ty().name_str());
        }
        let mut out = Vec::with_capacity(o.length_hint(32)?.min(1 << 20));
        for_each(o, |x| {
            out.push(byte_of(&x, BYTEARRAY.range)?);
            Ok(())
        })?;
        out
    };
    let at = at.min(this.len());
    this.splice(at, at, &new)
}

/// Put a byte before the given index.
#[method(signature = "(index, item, /)")]
pub fn insert(this: &ByteArray, index: isize, item: Byte) -> PyResult<()> {
    let (at, _) = clip(Some(index), None, this.len());
    let at = at.min(this.len());
    this.splice(at, at, &[item.0])
}

/// Take out the byte at the index and return it.
#[method(signature = "(index=-1, /)")]
pub fn pop(this: &ByteArray, index: isize) -> PyResult<u8> {
    if this.is_empty() {
        bail!(IndexError, "pop from empty bytearray");
    }
    let i = if index < 0 { index.wrapping_add(this.len() as isize) } else { index };
    let Some(&b) = usize::try_from(i).ok().and_then(|i| this.as_slice().get(i)) else {
        bail!(IndexError, "pop index out of range");
    };
    this.check_exports()?;
    this.splice(i as usize, i as usize + 1, b"")?;
    Ok(b)
}

/// Take out the first byte of the given value.
#[method(signature = "(value, /)")]
pub fn remove(this: &ByteArray, value: Byte) -> PyResult<()> {
    match memchr::memchr(value.0, this.as_slice()) {
        Some(i) => this.splice(i, i + 1, b""),
        None => Err(raise!(ValueError, "value not found in bytearray")),
    }
}

/// Reverse the order of the bytes in place.
#[method(signature = "()")]
pub fn reverse(this: &ByteArray) {
    let n = this.len();
    for i in 0..n / 2 {
        let (a, b) = (this.as_slice()[i], this.as_slice()[n - 1 - i]);
        this.set(i, b);
        this.set(n - 1 - i, a);
    }
}

/// Take out all bytes.
#[method(signature = "()")]
pub fn clear(this: &ByteArray) -> PyResult<()> {
    this.resize(0)
}

/// A copy.
#[method(signature = "()")]
pub fn copy(this: &ByteArray) -> PyResult<Ref<ByteArray>> {
    ByteArray::new(this.as_slice())
}

/// Make it the given length, with zeros for new bytes.
#[method(signature = "(size, /)")]
pub fn resize(this: &ByteArray, size: isize) -> PyResult<()> {
    let Ok(n) = usize::try_from(size) else { bail!(ValueError, "Can only resize to positive sizes, got {size}") };
    let old = this.len();
    this.resize(n)?;
    if n > old {
        // SAFETY: the array has grown to `n`.
        unsafe { std::ptr::write_bytes(this.data_ptr().add(old), 0, n - old) };
    }
    Ok(())
}

fn reduced(this: &ByteArray, protocol: isize) -> PyResult<Ref<Tuple>> {
    let state = this.call_method(intern!("__getstate__"), &[])?;
    let data = this.as_slice();
    let args: Vec<Obj> = if protocol >= 3 {
        vec![Bytes::try_new(data)?.into_obj()]
    } else {
        vec![Str::from_latin1(data).into_obj(), Str::from_utf8("latin-1").into_obj()]
    };
    Ok(Tuple::from_vec(vec![this.ty().to_obj(), Tuple::from_vec(args).into_obj(), state]))
}

/// What pickle needs.
#[method(signature = "()")]
pub fn __reduce__(this: &ByteArray) -> PyResult<Ref<Tuple>> {
    reduced(this, 2)
}

/// What pickle needs, by protocol.
#[method(signature = "(proto=0, /)")]
pub fn __reduce_ex__(this: &ByteArray, proto: isize) -> PyResult<Ref<Tuple>> {
    reduced(this, proto)
}

/// The memory that the array takes, in bytes.
#[method(signature = "()")]
pub fn __sizeof__(this: &ByteArray) -> isize {
    this.ty().basicsize.get() + this.alloc.get()
}

/// How many bytes are allocated.
#[method(signature = "()")]
pub fn __alloc__(this: &ByteArray) -> isize {
    this.alloc.get()
}

pub(super) const METHODS: Option<&'static [MethodDef]> = crate::methods![
    __alloc__,
    __reduce__,
    __reduce_ex__,
    __sizeof__,
    append,
    capitalize,
    center,
    clear,
    copy,
    count,
    decode,
    endswith,
    expandtabs,
    extend,
    find,
    fromhex,
    hex,
    index,
    insert,
    isalnum,
    isalpha,
    isascii,
    isdigit,
    islower,
    isspace,
    istitle,
    isupper,
    join,
    ljust,
    lower,
    lstrip,
    maketrans,
    partition,
    pop,
    remove,
    replace,
    removeprefix,
    removesuffix,
    resize,
    reverse,
    rfind,
    rindex,
    rjust,
    rpartition,
    rsplit,
    rstrip,
    split,
    splitlines,
    startswith,
    strip,
    swapcase,
    title,
    translate,
    upper,
    zfill,
];
