//! The methods that `bytes` and `bytearray` share: bodies over slices, and the macro that gives both types the same table.
//!
//! Arguments are converted before a body runs, and no body runs Python code while it looks at the receiver's data.

use crate::args::{ArgContext, FromArg};
use crate::buffer::{self, Buffer};
use crate::error::PyResult;
use crate::header::{Layout, Obj, Object, Ref};
use crate::protocol::number::has_index;
use crate::types::bytearray::ByteArray;
use crate::types::bytes::Bytes;
use crate::types::bytes::convert::byte_of;
use crate::types::list::List;
use crate::types::str::methods::{Bound, bounds, expand_tabs};
use crate::types::str::search::{self, clip};
use crate::types::str::split::{self, Ranges, cuts};
use crate::types::tuple::Tuple;
use crate::{bail, raise};
use std::cell::Cell;

/// `bytes` or `bytearray`.
pub trait BytesLike: Layout {
    /// The data, until Python code runs.
    fn as_slice(&self) -> &[u8];
    /// A new exact instance.
    fn make(b: &[u8]) -> PyResult<Ref<Self>>;
    /// The receiver as a result: itself if it is immutable and exact, else a copy.
    fn unchanged(&self) -> PyResult<Ref<Self>>;
    /// Keeps the data where it is while Python code runs: who tries to resize it meanwhile gets a `BufferError`.
    fn pin(&self) -> Pin<'_>;
}

/// Counts as a view of an object's data until it is dropped.
pub struct Pin<'a>(Option<&'a Cell<isize>>);

impl<'a> Pin<'a> {
    /// For data that never moves.
    pub const NONE: Pin<'static> = Pin(None);

    /// Counts in the number of views.
    pub fn new(exports: &'a Cell<isize>) -> Pin<'a> {
        exports.set(exports.get() + 1);
        Pin(Some(exports))
    }
}

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        if let Some(exports) = self.0 {
            exports.set(exports.get() - 1);
        }
    }
}

/// Searches the data for bytes or one byte; finding out what it is may run Python code.
pub(crate) fn search_for<T: BytesLike, R>(this: &T, sub: &Object, f: impl FnOnce(&[u8], &Needle) -> R) -> PyResult<R> {
    let _pin = this.pin();
    let needle = Needle::of(sub)?;
    Ok(f(this.as_slice(), &needle))
}

/// What the search methods look for: bytes, or one byte given as an integer.
pub enum Needle {
    /// One byte.
    Byte(u8),
    /// Any bytes.
    Bytes(Buffer),
}

impl Needle {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Needle::Byte(b) => std::slice::from_ref(b),
            Needle::Bytes(b) => b.as_slice(),
        }
    }
}

impl Needle {
    fn of(arg: &Object) -> PyResult<Needle> {
        if buffer::supports(arg) {
            return Buffer::get(arg).map(Needle::Bytes);
        }
        if !has_index(arg) {
            bail!(TypeError, "argument should be integer or bytes-like object, not '{}'", arg.ty().name_str());
        }
        byte_of(arg, "byte must be in range(0, 256)").map(Needle::Byte)
    }
}

/// The operand of `in`.
pub(crate) fn needle_of_in(x: &Object) -> PyResult<Needle> {
    if has_index(x) {
        match x.index_as_isize(None) {
            Ok(n) => match u8::try_from(n) {
                Ok(b) => return Ok(Needle::Byte(b)),
                Err(_) => bail!(ValueError, "byte must be in range(0, 256)"),
            },
            // It may still be bytes.
            Err(e) => e.clear(),
        }
    }
    Buffer::get(x).map(Needle::Bytes)
}

/// A fill byte: `bytes` or `bytearray` of length 1.
pub struct FillByte(pub u8);

impl<'a> FromArg<'a> for FillByte {
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        let (b, name) = match (arg.downcast::<Bytes>(), arg.downcast::<ByteArray>()) {
            (Some(b), _) => (b.as_slice(), "bytes"),
            (_, Some(b)) => (b.as_slice(), "bytearray"),
            _ => return Err(cx.wrong_type("a byte string of length 1", arg)),
        };
        match *b {
            [c] => Ok(FillByte(c)),
            _ => bail!(
                TypeError,
                "{}(): {} must be a byte string of length 1, not a {name} object of length {}",
                cx.func,
                cx.describe(),
                b.len()
            ),
        }
    }
}

/// White space, as the methods of bytes see it.
#[inline]
pub fn is_space(c: u8) -> bool {
    matches!(c, b' ' | 9..=13)
}

fn range(b: &[u8], start: Option<Bound>, end: Option<Bound>) -> Option<(usize, &[u8])> {
    let (start, end) = bounds(start, end);
    let (a, z) = clip(start, end, b.len());
    b.get(a..z).map(|s| (a, s))
}

pub(crate) fn find(b: &[u8], sub: &Needle, start: Option<Bound>, end: Option<Bound>) -> Option<usize> {
    let (at, s) = range(b, start, end)?;
    search::find(s, sub.as_slice()).map(|i| at + i)
}

pub(crate) fn rfind(b: &[u8], sub: &Needle, start: Option<Bound>, end: Option<Bound>) -> Option<usize> {
    let (at, s) = range(b, start, end)?;
    search::rfind(s, sub.as_slice()).map(|i| at + i)
}

pub(crate) fn count(b: &[u8], sub: &Needle, start: Option<Bound>, end: Option<Bound>) -> usize {
    range(b, start, end).map_or(0, |(_, s)| search::count(s, sub.as_slice(), usize::MAX))
}

pub(crate) fn affix<T: BytesLike>(
    name: &str,
    this: &T,
    what: &Object,
    start: Option<Bound>,
    end: Option<Bound>,
    test: fn(&[u8], &[u8]) -> bool,
) -> PyResult<bool> {
    let one = |o: &Object| -> PyResult<bool> {
        let p = Buffer::get(o)?;
        Ok(range(this.as_slice(), start, end).is_some_and(|(_, s)| test(s, p.as_slice())))
    };
    if let Some(t) = what.downcast::<Tuple>() {
        for o in t.items() {
            if one(o)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if !buffer::supports(what) {
        bail!(TypeError, "{name} first arg must be bytes or a tuple of bytes, not {}", what.ty().name_str());
    }
    one(what)
}

pub(crate) fn starts(s: &[u8], p: &[u8]) -> bool {
    s.starts_with(p)
}

pub(crate) fn ends(s: &[u8], p: &[u8]) -> bool {
    s.ends_with(p)
}

pub(crate) fn stripped<T: BytesLike>(this: &T, chars: Option<Buffer>, left: bool, right: bool) -> PyResult<Ref<T>> {
    let b = this.as_slice();
    let (a, z) = match &chars {
        None => split::stripped(b, left, right, is_space),
        Some(set) => split::stripped(b, left, right, |c| memchr::memchr(c, set.as_slice()).is_some()),
    };
    if (a, z) == (0, b.len()) { this.unchanged() } else { T::make(&b[a..z]) }
}

fn parts<T: BytesLike>(this: &T, ranges: Ranges) -> PyResult<Ref<List>> {
    let b = this.as_slice();
    let whole = (0, b.len());
    let one = |r: (usize, usize)| if r == whole { this.unchanged() } else { T::make(&b[r.0..r.1]) };
    Ok(List::from_vec(ranges.into_iter().map(|r| one(r).map(Ref::into_obj)).collect::<PyResult<_>>()?))
}

fn checked_separator(sep: &Object) -> PyResult<Buffer> {
    let sep = Buffer::get(sep)?;
    if sep.is_empty() {
        bail!(ValueError, "empty separator");
    }
    Ok(sep)
}

pub(crate) fn split_list<T: BytesLike>(this: &T, sep: Option<&Object>, max: isize) -> PyResult<Ref<List>> {
    match sep {
        None => parts(this, split::split_space(this.as_slice(), cuts(max), is_space)),
        Some(sep) => {
            let sep = checked_separator(sep)?;
            parts(this, split::split_at(this.as_slice(), &sep, cuts(max)))
        }
    }
}

pub(crate) fn rsplit_list<T: BytesLike>(this: &T, sep: Option<&Object>, max: isize) -> PyResult<Ref<List>> {
    match sep {
        None => parts(this, split::rsplit_space(this.as_slice(), cuts(max), is_space)),
        Some(sep) => {
            let sep = checked_separator(sep)?;
            parts(this, split::rsplit_at(this.as_slice(), &sep, cuts(max)))
        }
    }
}

pub(crate) fn line_list<T: BytesLike>(this: &T, keep_ends: bool) -> PyResult<Ref<List>> {
    parts(this, split::lines(this.as_slice(), keep_ends, |c| c == b'\n' || c == b'\r'))
}

pub(crate) fn partition<T: BytesLike>(this: &T, sep: &Object, from_right: bool) -> PyResult<Ref<Tuple>> {
    let s = checked_separator(sep)?;
    let b = this.as_slice();
    let found = if from_right { search::rfind(b, &s) } else { search::find(b, &s) };
    let middle = || -> PyResult {
        // An immutable separator is handed back itself.
        if T::type_object().has_flag(crate::flags::BYTES_SUBCLASS) {
            Ok(sep.to_obj())
        } else {
            Ok(T::make(&s)?.into_obj())
        }
    };
    let items = match found {
        Some(i) => vec![T::make(&b[..i])?.into_obj(), middle()?, T::make(&b[i + s.len()..])?.into_obj()],
        None if from_right => vec![T::make(b"")?.into_obj(), T::make(b"")?.into_obj(), this.unchanged()?.into_obj()],
        None => vec![this.unchanged()?.into_obj(), T::make(b"")?.into_obj(), T::make(b"")?.into_obj()],
    };
    Ok(Tuple::from_vec(items))
}

/// A vector with room for `n` bytes, or `MemoryError`.
pub(crate) fn reserve(n: usize) -> PyResult<Vec<u8>> {
    let mut v = Vec::new();
    v.try_reserve_exact(n).map_err(|_| crate::error::no_memory())?;
    Ok(v)
}

pub(crate) fn replaced<T: BytesLike>(this: &T, old: &[u8], new: &[u8], count: isize) -> PyResult<Ref<T>> {
    let b = this.as_slice();
    let max = cuts(count);
    if max == 0 || old.len() > b.len() {
        return this.unchanged();
    }
    let mut places = Vec::new();
    if old.is_empty() {
        places.extend(0..(b.len() + 1).min(max));
    } else {
        search::each(b, old, max, |i| places.push(i));
    }
    if places.is_empty() {
        return this.unchanged();
    }
    let kept = b.len() - places.len() * old.len();
    let Some(len) =
        new.len().checked_mul(places.len()).and_then(|n| n.checked_add(kept)).filter(|&n| n <= isize::MAX as usize)
    else {
        bail!(OverflowError, "replace bytes is too long");
    };
    let mut out = reserve(len)?;
    let mut from = 0;
    for i in places {
        out.extend_from_slice(&b[from..i]);
        out.extend_from_slice(new);
        from = i + old.len();
    }
    out.extend_from_slice(&b[from..]);
    T::make(&out)
}

pub(crate) fn padded<T: BytesLike>(this: &T, left: usize, right: usize, fill: u8) -> PyResult<Ref<T>> {
    let b = this.as_slice();
    if left == 0 && right == 0 {
        return this.unchanged();
    }
    let Some(len) = left.checked_add(right).and_then(|n| n.checked_add(b.len())) else {
        return Err(crate::error::no_memory());
    };
    let mut out = reserve(len)?;
    out.resize(left, fill);
    out.extend_from_slice(b);
    out.resize(len, fill);
    T::make(&out)
}

pub(crate) fn missing(len: usize, width: isize) -> usize {
    usize::try_from(width).unwrap_or(0).saturating_sub(len)
}

pub(crate) fn zero_filled<T: BytesLike>(this: &T, width: isize) -> PyResult<Ref<T>> {
    let b = this.as_slice();
    let pad = missing(b.len(), width);
    if pad == 0 {
        return this.unchanged();
    }
    let mut out = reserve(b.len() + pad)?;
    out.resize(pad, b'0');
    out.extend_from_slice(b);
    if let [sign @ (b'+' | b'-'), ..] = *b {
        out[0] = sign;
        out[pad] = b'0';
    }
    T::make(&out)
}

pub(crate) fn tabs_expanded<T: BytesLike>(this: &T, tabsize: i32) -> PyResult<Ref<T>> {
    let b = this.as_slice();
    let mut pieces = Vec::new();
    if expand_tabs(b, usize::try_from(tabsize).unwrap_or(0), |a, z, n| pieces.push((a, z, n))).is_none() {
        bail!(OverflowError, "result too long");
    }
    let mut out = reserve(pieces.iter().map(|p| p.1 - p.0 + p.2).sum())?;
    for (a, z, n) in pieces {
        out.extend_from_slice(&b[a..z]);
        out.resize(out.len() + n, b' ');
    }
    T::make(&out)
}

pub(crate) fn mapped<T: BytesLike>(this: &T, f: impl Fn(usize, u8) -> u8) -> PyResult<Ref<T>> {
    let out: Vec<u8> = this.as_slice().iter().enumerate().map(|(i, &c)| f(i, c)).collect();
    T::make(&out)
}

pub(crate) fn translated<T: BytesLike>(this: &T, table: Option<Buffer>, delete: Option<&Object>) -> PyResult<Ref<T>> {
    if table.as_ref().is_some_and(|t| t.len() != 256) {
        bail!(ValueError, "translation table must be 256 characters long");
    }
    let delete = delete.map(Buffer::get).transpose()?;
    let mut gone = [false; 256];
    for &c in delete.iter().flat_map(|d| d.as_slice()) {
        gone[c as usize] = true;
    }
    let b = this.as_slice();
    let keep = b.iter().filter(|&&c| !gone[c as usize]);
    let out: Vec<u8> = match &table {
        Some(t) => keep.map(|&c| t[c as usize]).collect(),
        None => keep.copied().collect(),
    };
    if out == b { this.unchanged() } else { T::make(&out) }
}

/// `maketrans`: a table of 256 bytes.
pub(crate) fn make_table(from: &[u8], to: &[u8]) -> PyResult<Ref<Bytes>> {
    if from.len() != to.len() {
        bail!(ValueError, "maketrans arguments must have same length");
    }
    let mut table: [u8; 256] = std::array::from_fn(|i| i as u8);
    for (&a, &b) in from.iter().zip(to) {
        table[a as usize] = b;
    }
    Ok(Bytes::new(&table))
}

pub(crate) fn joined<T: BytesLike>(this: &T, iterable: &Object) -> PyResult<Ref<T>> {
    let _pin = this.pin();
    let items: Vec<Obj> = crate::protocol::mapping::fast_items(iterable, "can only join an iterable")?;
    if let [one] = &items[..]
        && std::ptr::eq(T::type_object(), &crate::types::bytes::PyBytes_Type)
        && one.is_exact(T::type_object())
    {
        return Ok(Ref::from_borrowed(one.cast::<T>()));
    }
    let mut views = Vec::with_capacity(items.len());
    for (i, o) in items.iter().enumerate() {
        if !buffer::supports(o) {
            bail!(TypeError, "sequence item {i}: expected a bytes-like object, {} found", o.ty().name_str());
        }
        views.push(Buffer::get(o)?);
        if iterable.downcast::<List>().is_some_and(|l| l.len() != items.len()) {
            bail!(RuntimeError, "sequence changed size during iteration");
        }
    }
    let sep = this.as_slice();
    let total = views.iter().map(Buffer::len).try_fold(0usize, usize::checked_add);
    let Some(len) = sep.len().checked_mul(views.len().saturating_sub(1)).zip(total).and_then(|(a, b)| a.checked_add(b))
    else {
        bail!(OverflowError, "join() result is too long");
    };
    let mut out = reserve(len)?;
    for (i, v) in views.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(sep);
        }
        out.extend_from_slice(v);
    }
    T::make(&out)
}

pub(crate) fn is_title(b: &[u8]) -> bool {
    let (mut seen, mut after) = (false, false);
    for &c in b {
        let (upper, lower) = (c.is_ascii_uppercase(), c.is_ascii_lowercase());
        if upper && after || lower && !after {
            return false;
        }
        after = upper || lower;
        seen |= after;
    }
    seen
}

pub(crate) fn not_found() -> crate::Raised {
    raise!(ValueError, "subsection not found")
}

/// Defines the shared methods for `$T`.
#[macro_export]
#[doc(hidden)]
macro_rules! bytes_methods {
    ($T:ty) => {
        use $crate::args::Given;
        use $crate::buffer::Buffer;
        use $crate::error::PyResult;
        use $crate::header::{Object, Ref};
        use $crate::types::bytes::shared::{self, BytesLike, FillByte, Pin};
        use $crate::types::bytes::{Bytes, hex as hexadecimal};
        use $crate::types::list::List;
        use $crate::types::str::Str;
        use $crate::types::str::methods::Bound;
        use $crate::types::tuple::Tuple;
        use $crate::{classmethod, method, staticmethod};

        /// The lowest index where sub is found, or -1.
        #[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
        pub fn find(this: &$T, sub: &Object, start: Option<Bound>, end: Option<Bound>) -> PyResult<isize> {
            let found = shared::search_for(this, sub, |b, n| shared::find(b, n, start, end))?;
            Ok(found.map_or(-1, |i| i as isize))
        }

        /// The highest index where sub is found, or -1.
        #[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
        pub fn rfind(this: &$T, sub: &Object, start: Option<Bound>, end: Option<Bound>) -> PyResult<isize> {
            let found = shared::search_for(this, sub, |b, n| shared::rfind(b, n, start, end))?;
            Ok(found.map_or(-1, |i| i as isize))
        }

        /// The lowest index where sub is found; ValueError if it is not.
        #[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
        pub fn index(this: &$T, sub: &Object, start: Option<Bound>, end: Option<Bound>) -> PyResult<usize> {
            shared::search_for(this, sub, |b, n| shared::find(b, n, start, end))?.ok_or_else(shared::not_found)
        }

        /// The highest index where sub is found; ValueError if it is not.
        #[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
        pub fn rindex(this: &$T, sub: &Object, start: Option<Bound>, end: Option<Bound>) -> PyResult<usize> {
            shared::search_for(this, sub, |b, n| shared::rfind(b, n, start, end))?.ok_or_else(shared::not_found)
        }

        /// How often sub occurs without overlap.
        #[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
        pub fn count(this: &$T, sub: &Object, start: Option<Bound>, end: Option<Bound>) -> PyResult<usize> {
            shared::search_for(this, sub, |b, n| shared::count(b, n, start, end))
        }

        /// Whether the bytes start with the prefix, or with one of a tuple of them.
        #[method(signature = "(prefix, start=None, end=None, /)", shown = "(prefix[, start[, end]], /)")]
        pub fn startswith(this: &$T, prefix: &Object, start: Option<Bound>, end: Option<Bound>) -> PyResult<bool> {
            shared::affix("startswith", this, prefix, start, end, shared::starts)
        }

        /// Whether the bytes end with the suffix, or with one of a tuple of them.
        #[method(signature = "(suffix, start=None, end=None, /)", shown = "(suffix[, start[, end]], /)")]
        pub fn endswith(this: &$T, suffix: &Object, start: Option<Bound>, end: Option<Bound>) -> PyResult<bool> {
            shared::affix("endswith", this, suffix, start, end, shared::ends)
        }

        /// The bytes without the prefix, if they have it.
        #[method(signature = "(prefix, /)")]
        pub fn removeprefix(this: &$T, prefix: Buffer) -> PyResult<Ref<$T>> {
            match this.as_slice().strip_prefix(prefix.as_slice()) {
                Some(rest) if !prefix.is_empty() => <$T>::make(rest),
                _ => this.unchanged(),
            }
        }

        /// The bytes without the suffix, if they have it.
        #[method(signature = "(suffix, /)")]
        pub fn removesuffix(this: &$T, suffix: Buffer) -> PyResult<Ref<$T>> {
            match this.as_slice().strip_suffix(suffix.as_slice()) {
                Some(rest) if !suffix.is_empty() => <$T>::make(rest),
                _ => this.unchanged(),
            }
        }

        /// The bytes without white space, or without the given bytes, at both ends.
        #[method(signature = "(bytes=None, /)")]
        pub fn strip(this: &$T, bytes: Option<Buffer>) -> PyResult<Ref<$T>> {
            shared::stripped(this, bytes, true, true)
        }

        /// The bytes without white space, or without the given bytes, at their start.
        #[method(signature = "(bytes=None, /)")]
        pub fn lstrip(this: &$T, bytes: Option<Buffer>) -> PyResult<Ref<$T>> {
            shared::stripped(this, bytes, true, false)
        }

        /// The bytes without white space, or without the given bytes, at their end.
        #[method(signature = "(bytes=None, /)")]
        pub fn rstrip(this: &$T, bytes: Option<Buffer>) -> PyResult<Ref<$T>> {
            shared::stripped(this, bytes, false, true)
        }

        /// The parts between separators, or between runs of white space if there is none; at most maxsplit cuts.
        #[method(signature = "(sep=None, maxsplit=-1)")]
        pub fn split(this: &$T, sep: Option<&Object>, maxsplit: isize) -> PyResult<Ref<List>> {
            shared::split_list(this, sep, maxsplit)
        }

        /// As split, but the cuts are counted from the right.
        #[method(signature = "(sep=None, maxsplit=-1)")]
        pub fn rsplit(this: &$T, sep: Option<&Object>, maxsplit: isize) -> PyResult<Ref<List>> {
            shared::rsplit_list(this, sep, maxsplit)
        }

        /// The lines, with their line ends if keepends is true.
        #[method(signature = "(keepends=False)")]
        pub fn splitlines(this: &$T, keepends: bool) -> PyResult<Ref<List>> {
            shared::line_list(this, keepends)
        }

        /// The part before the first separator, the separator, the part after it.
        #[method(signature = "(sep, /)")]
        pub fn partition(this: &$T, sep: &Object) -> PyResult<Ref<Tuple>> {
            shared::partition(this, sep, false)
        }

        /// The part before the last separator, the separator, the part after it.
        #[method(signature = "(sep, /)")]
        pub fn rpartition(this: &$T, sep: &Object) -> PyResult<Ref<Tuple>> {
            shared::partition(this, sep, true)
        }

        /// The bytes with occurrences of old replaced by new; a count that is not negative limits how many.
        #[method(signature = "(old, new, count=-1, /)")]
        pub fn replace(this: &$T, old: Buffer, new: Buffer, count: isize) -> PyResult<Ref<$T>> {
            shared::replaced(this, &old, &new, count)
        }

        /// The bytes of all items, one after the other, with these bytes between them.
        #[method(signature = "(iterable_of_bytes, /)")]
        pub fn join(this: &$T, iterable_of_bytes: &Object) -> PyResult<Ref<$T>> {
            shared::joined(this, iterable_of_bytes)
        }

        /// The bytes in the middle of a field of the given width.
        #[method(signature = "(width, fillchar=FillByte(32), /)", shown = "(width, fillchar=b' ', /)")]
        pub fn center(this: &$T, width: isize, fillchar: FillByte) -> PyResult<Ref<$T>> {
            let pad = shared::missing(this.as_slice().len(), width);
            let left = pad / 2 + (pad & width as usize & 1);
            shared::padded(this, left, pad - left, fillchar.0)
        }

        /// The bytes at the start of a field of the given width.
        #[method(signature = "(width, fillchar=FillByte(32), /)", shown = "(width, fillchar=b' ', /)")]
        pub fn ljust(this: &$T, width: isize, fillchar: FillByte) -> PyResult<Ref<$T>> {
            shared::padded(this, 0, shared::missing(this.as_slice().len(), width), fillchar.0)
        }

        /// The bytes at the end of a field of the given width.
        #[method(signature = "(width, fillchar=FillByte(32), /)", shown = "(width, fillchar=b' ', /)")]
        pub fn rjust(this: &$T, width: isize, fillchar: FillByte) -> PyResult<Ref<$T>> {
            shared::padded(this, shared::missing(this.as_slice().len(), width), 0, fillchar.0)
        }

        /// The bytes with zeros before them, after their sign, up to the given width.
        #[method(signature = "(width, /)")]
        pub fn zfill(this: &$T, width: isize) -> PyResult<Ref<$T>> {
            shared::zero_filled(this, width)
        }

        /// The bytes with tabs replaced by blanks up to the next multiple of tabsize.
        #[method(signature = "(tabsize=8)")]
        pub fn expandtabs(this: &$T, tabsize: std::ffi::c_int) -> PyResult<Ref<$T>> {
            shared::tabs_expanded(this, tabsize)
        }

        /// The bytes with ASCII letters in lowercase.
        #[method(signature = "()")]
        pub fn lower(this: &$T) -> PyResult<Ref<$T>> {
            shared::mapped(this, |_, c| c.to_ascii_lowercase())
        }

        /// The bytes with ASCII letters in uppercase.
        #[method(signature = "()")]
        pub fn upper(this: &$T) -> PyResult<Ref<$T>> {
            shared::mapped(this, |_, c| c.to_ascii_uppercase())
        }

        /// The bytes with the case of ASCII letters exchanged.
        #[method(signature = "()")]
        pub fn swapcase(this: &$T) -> PyResult<Ref<$T>> {
            shared::mapped(this, |_, c| if c.is_ascii_alphabetic() { c ^ 0x20 } else { c })
        }

        /// The bytes with the first in uppercase and the rest in lowercase.
        #[method(signature = "()")]
        pub fn capitalize(this: &$T) -> PyResult<Ref<$T>> {
            shared::mapped(this, |i, c| if i == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        }

        /// The bytes with each word beginning in uppercase.
        #[method(signature = "()")]
        pub fn title(this: &$T) -> PyResult<Ref<$T>> {
            let b = this.as_slice();
            shared::mapped(this, |i, c| {
                if i > 0 && b[i - 1].is_ascii_alphabetic() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }
            })
        }

        /// Whether all bytes are ASCII.
        #[method(signature = "()")]
        pub fn isascii(this: &$T) -> bool {
            this.as_slice().is_ascii()
        }

        /// Whether there are bytes, all of them ASCII white space.
        #[method(signature = "()")]
        pub fn isspace(this: &$T) -> bool {
            let b = this.as_slice();
            !b.is_empty() && b.iter().all(|&c| shared::is_space(c))
        }

        /// Whether there are bytes, all of them ASCII letters.
        #[method(signature = "()")]
        pub fn isalpha(this: &$T) -> bool {
            let b = this.as_slice();
            !b.is_empty() && b.iter().all(u8::is_ascii_alphabetic)
        }

        /// Whether there are bytes, all of them ASCII letters or digits.
        #[method(signature = "()")]
        pub fn isalnum(this: &$T) -> bool {
            let b = this.as_slice();
            !b.is_empty() && b.iter().all(u8::is_ascii_alphanumeric)
        }

        /// Whether there are bytes, all of them ASCII digits.
        #[method(signature = "()")]
        pub fn isdigit(this: &$T) -> bool {
            let b = this.as_slice();
            !b.is_empty() && b.iter().all(u8::is_ascii_digit)
        }

        /// Whether there are ASCII letters, all of them lowercase.
        #[method(signature = "()")]
        pub fn islower(this: &$T) -> bool {
            let b = this.as_slice();
            b.iter().any(u8::is_ascii_lowercase) && !b.iter().any(u8::is_ascii_uppercase)
        }

        /// Whether there are ASCII letters, all of them uppercase.
        #[method(signature = "()")]
        pub fn isupper(this: &$T) -> bool {
            let b = this.as_slice();
            b.iter().any(u8::is_ascii_uppercase) && !b.iter().any(u8::is_ascii_lowercase)
        }

        /// Whether ASCII words begin in uppercase and go on in lowercase, and there is one.
        #[method(signature = "()")]
        pub fn istitle(this: &$T) -> bool {
            shared::is_title(this.as_slice())
        }

        /// The bytes mapped by a table of 256 bytes (None: as they are), without those to delete.
        #[method(signature = "(table, /, delete=b'')")]
        pub fn translate(this: &$T, table: Option<Buffer>, delete: Given<&Object>) -> PyResult<Ref<$T>> {
            shared::translated(this, table, delete.0)
        }

        /// A table for translate that maps each byte of frm to the one of to at the same place.
        #[staticmethod(signature = "(frm, to, /)")]
        pub fn maketrans(frm: Buffer, to: Buffer) -> PyResult<Ref<Bytes>> {
            shared::make_table(&frm, &to)
        }

        /// The bytes as text of hexadecimal digits, perhaps with a separator between groups.
        #[method(signature = "(sep=None, bytes_per_sep=1)", shown = "(sep=<unrepresentable>, bytes_per_sep=1)")]
        pub fn hex(this: &$T, sep: Given<&Object>, bytes_per_sep: std::ffi::c_int) -> PyResult<Ref<Str>> {
            let _pin = this.pin();
            hexadecimal::hex_str(this.as_slice(), sep, bytes_per_sep as isize)
        }

        /// An instance from text of hexadecimal digits, with white space between pairs.
        #[classmethod(signature = "(string, /)")]
        pub fn fromhex(cls: &$crate::Type, string: &Object) -> PyResult {
            let made = <$T>::make(&hexadecimal::from_hex(string)?)?;
            if std::ptr::eq(cls, <$T as $crate::Layout>::type_object()) {
                Ok(made.into_obj())
            } else {
                cls.as_object().call_one(&made)
            }
        }

        /// The bytes decoded with a codec.
        #[method(signature = "(encoding='utf-8', errors='strict')")]
        pub fn decode(this: &$T, encoding: &str, errors: &str) -> PyResult {
            $crate::codecs::decode_text(this, encoding, errors)
        }
    };
}
