//! The methods of arrays.

use super::object::{ARRAY_TYPE, Array, as_object};
use crate::support::{none, tuple_of};
use taipan_object::args::Clipped;
use taipan_object::buffer::Buffer;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Ref, bail, intern, method};

/// The items as a list.
pub fn list_of(a: &Array) -> PyResult<Ref<List>> {
    Ok(List::from_vec((0..a.len()).map(|i| a.get(i)).collect::<PyResult<Vec<_>>>()?))
}

/// The characters as a string.
pub fn text_of(a: &Array) -> PyResult<Ref<Str>> {
    let chars: Vec<u32> = a.bytes().chunks_exact(4).map(|c| u32::from_ne_bytes([c[0], c[1], c[2], c[3]])).collect();
    if let Some(c) = chars.iter().find(|c| **c > 0x10FFFF) {
        bail!(ValueError, "character U+{c:x} is not in range [U+0000; U+10ffff]");
    }
    Ok(Str::from_ucs4(&chars))
}

/// The index of the first item equal to `v`.
pub fn position(a: &Array, v: &Object, start: isize, stop: isize) -> PyResult<Option<usize>> {
    let n = a.len() as isize;
    let clip = |i: isize| if i < 0 { (i + n).max(0) } else { i };
    let (mut i, stop) = (clip(start) as usize, clip(stop) as usize);
    while i < stop && i < a.len() {
        if a.get(i)?.eq(v)? {
            return Ok(Some(i));
        }
        i += 1;
    }
    Ok(None)
}

/// Append a value.
#[method(signature = "(v, /)")]
pub fn append(this: &Array, v: &Object) -> PyResult<()> {
    this.push(v)
}

/// Return the address of the memory and the number of items.
#[method]
pub fn buffer_info(this: &Array) -> Ref<Tuple> {
    tuple_of([Int::from_usize(this.address()).into_obj(), Int::from_usize(this.len()).into_obj()])
}

/// Reverse the bytes of each item.
#[method]
pub fn byteswap(this: &Array) {
    for item in this.bytes_mut().chunks_exact_mut(this.descr().size) {
        item.reverse();
    }
}

/// Remove all items.
#[method]
pub fn clear(this: &Array) -> PyResult<()> {
    this.splice(0, this.len(), &[])
}

/// Return a copy.
#[method]
pub fn __copy__(this: &Array) -> PyResult<Ref<Array>> {
    this.with_bytes(this.bytes())
}

/// Return a copy.
#[method(signature = "(unused, /)")]
pub fn __deepcopy__(this: &Array, unused: &Object) -> PyResult<Ref<Array>> {
    let _ = unused;
    this.with_bytes(this.bytes())
}

/// Return how many items equal v.
#[method(signature = "(v, /)")]
pub fn count(this: &Array, v: &Object) -> PyResult<usize> {
    let (mut n, mut i) = (0, 0);
    while i < this.len() {
        n += usize::from(this.get(i)?.eq(v)?);
        i += 1;
    }
    Ok(n)
}

/// Append the items of an array or of another iterable.
#[method(signature = "(bb, /)")]
pub fn extend(this: &Array, bb: &Object) -> PyResult<()> {
    this.extend(bb)
}

/// Append n items read from a binary file.
#[method(signature = "(f, n, /)")]
pub fn fromfile(this: &Array, f: &Object, n: isize) -> PyResult<()> {
    if n < 0 {
        bail!(ValueError, "negative count");
    }
    let size = this.descr().size;
    let Some(wanted) = (n as usize).checked_mul(size).filter(|w| *w <= isize::MAX as usize) else {
        return Err(taipan_object::error::no_memory());
    };
    let read = f.call_method(intern!("read"), &[&Int::from_usize(wanted)])?;
    let Some(b) = read.downcast::<Bytes>() else { bail!(TypeError, "read() didn't return bytes") };
    this.push_bytes(b.as_slice())?;
    if b.len() != wanted {
        bail!(EOFError, "read() didn't return enough bytes");
    }
    Ok(())
}

/// Append the items of a list; none of them if one does not fit.
#[method(signature = "(list, /)")]
pub fn fromlist(this: &Array, list: &Object) -> PyResult<()> {
    let Some(l) = list.downcast::<List>() else { bail!(TypeError, "arg must be list") };
    let (d, n) = (this.descr(), l.len());
    let mut bytes = Vec::with_capacity(n * d.size);
    for i in 0..n {
        let Some(v) = l.get(i) else { bail!(RuntimeError, "list changed size during iteration") };
        bytes.extend_from_slice(&d.encode(&v)?[..d.size]);
        if l.len() != n {
            bail!(RuntimeError, "list changed size during iteration");
        }
    }
    this.push_bytes(&bytes)
}

/// Append items whose memory a buffer holds.
#[method(signature = "(buffer, /)")]
pub fn frombytes(this: &Array, buffer: &Object) -> PyResult<()> {
    let bytes = {
        let b = Buffer::get(buffer)?;
        if b.raw().itemsize != 1 {
            bail!(TypeError, "a bytes-like object is required");
        }
        b.as_slice().to_vec()
    };
    this.push_bytes(&bytes)
}

/// Append the characters of a string.
#[method(signature = "(ustr, /)")]
pub fn fromunicode(this: &Array, ustr: &Object) -> PyResult<()> {
    let Some(s) = ustr.downcast::<Str>() else {
        bail!(TypeError, "fromunicode() argument must be str, not {}", ustr.ty().name_str());
    };
    if !this.descr().is_text() {
        bail!(ValueError, "fromunicode() may only be called on unicode type arrays ('u' or 'w')");
    }
    this.push_text(s)
}

/// Return the index of the first item equal to v between start and stop.
#[method(signature = "(v, start=0, stop=sys.maxsize, /)")]
pub fn index(this: &Array, v: &Object, start: Clipped, stop: taipan_object::args::Given<Clipped>) -> PyResult<usize> {
    match position(this, v, start.0, stop.0.map_or(isize::MAX, |c| c.0))? {
        Some(i) => Ok(i),
        None => bail!(ValueError, "array.index(x): x not in array"),
    }
}

/// Insert a value before position i.
#[method(signature = "(i, v, /)")]
pub fn insert(this: &Array, i: isize, v: &Object) -> PyResult<()> {
    let d = this.descr();
    let bits = d.encode(v)?;
    let n = this.len() as isize;
    let at = (if i < 0 { (i + n).max(0) } else { i.min(n) }) as usize;
    this.splice(at, at, &bits[..d.size])
}

/// Remove and return the item at position i.
#[method(signature = "(i=-1, /)")]
pub fn pop(this: &Array, i: isize) -> PyResult {
    let n = this.len() as isize;
    if n == 0 {
        bail!(IndexError, "pop from empty array");
    }
    let at = if i < 0 { i + n } else { i };
    if at < 0 || at >= n {
        bail!(IndexError, "pop index out of range");
    }
    let v = this.get(at as usize)?;
    this.splice(at as usize, at as usize + 1, &[])?;
    Ok(v)
}

/// What pickling makes the array from.
#[method(signature = "(value, /)")]
pub fn __reduce_ex__(this: &Array, value: &Object) -> PyResult<Ref<Tuple>> {
    let o = as_object(this);
    let Some(protocol) = value.downcast::<Int>() else {
        bail!(TypeError, "__reduce_ex__ argument should be an integer");
    };
    let protocol = protocol.to_i64().unwrap_or(i64::MAX);
    let dict = o.get_attr_opt(intern!("__dict__"))?.unwrap_or_else(none);
    let code = Str::from_char(u32::from(this.descr().code)).into_obj();
    let cls = o.ty().to_obj();
    if protocol < 3 {
        let items = if this.descr().is_text() { text_of(this)?.into_obj() } else { list_of(this)?.into_obj() };
        return Ok(tuple_of([cls, tuple_of([code, items]).into_obj(), dict]));
    }
    let rebuild = (taipan_object::hooks::get().import)("array")?.get_attr(intern!("_array_reconstructor"))?;
    let machine = this.descr().machine + i32::from(cfg!(target_endian = "big") && this.descr().size > 1);
    let args =
        tuple_of([cls, code, Int::from_i64(machine.into()).into_obj(), Bytes::try_new(this.bytes())?.into_obj()]);
    Ok(tuple_of([rebuild, args.into_obj(), dict]))
}

/// Remove the first item equal to v.
#[method(signature = "(v, /)")]
pub fn remove(this: &Array, v: &Object) -> PyResult<()> {
    match position(this, v, 0, isize::MAX)? {
        Some(i) => this.splice(i, i + 1, &[]),
        None => bail!(ValueError, "array.remove(x): x not in array"),
    }
}

/// Reverse the order of the items.
#[method]
pub fn reverse(this: &Array) {
    let size = this.descr().size;
    let bytes = this.bytes_mut();
    bytes.reverse();
    for item in bytes.chunks_exact_mut(size) {
        item.reverse();
    }
}

/// Write all items to a binary file.
#[method(signature = "(f, /)")]
pub fn tofile(this: &Array, f: &Object) -> PyResult<()> {
    const BLOCK: usize = 64 * 1024;
    let mut at = 0;
    loop {
        let bytes = this.bytes();
        let Some(part) = bytes.get(at..(at + BLOCK).min(bytes.len())).filter(|p| !p.is_empty()) else { break };
        let part = Bytes::try_new(part)?;
        f.call_method(intern!("write"), &[&part])?;
        at += BLOCK;
    }
    Ok(())
}

/// Return a list of the items.
#[method]
pub fn tolist(this: &Array) -> PyResult<Ref<List>> {
    list_of(this)
}

/// Return the memory as bytes.
#[method]
pub fn tobytes(this: &Array) -> PyResult<Ref<Bytes>> {
    Bytes::try_new(this.bytes())
}

/// Return the characters as a string.
#[method]
pub fn tounicode(this: &Array) -> PyResult<Ref<Str>> {
    if !this.descr().is_text() {
        bail!(ValueError, "tounicode() may only be called on unicode type arrays ('u' or 'w')");
    }
    text_of(this)
}

/// Return the size in memory, in bytes.
#[method]
pub fn __sizeof__(this: &Array) -> usize {
    let o = as_object(this);
    debug_assert!(o.ty().is_subtype(&ARRAY_TYPE));
    o.ty().basicsize.get() as usize + this.allocated_bytes()
}
