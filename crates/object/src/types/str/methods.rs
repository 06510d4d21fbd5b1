//! Methods of `str` that look for, cut and pad.

use super::search::{self, clip, in_range};
use super::split::{self as cutting, Ranges, cuts};
use super::unit::{Unit, at_width};
use super::{Str, StrBuilder, StrData, chars};
use crate::args::{ArgContext, FromArg};
use crate::error::PyResult;
use crate::header::{Obj, Object, Ref};
use crate::types::list::List;
use crate::types::tuple::Tuple;
use crate::{bail, method, raise, with_units};

/// A bound of a search: an index clipped to `isize`, or `None` for absent.
#[derive(Clone, Copy, Debug)]
pub struct Bound(pub isize);

impl<'a> FromArg<'a> for Bound {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        if arg.ty().number().is_none_or(|n| n.index.get().is_none()) {
            bail!(TypeError, "slice indices must be integers or None or have an __index__ method");
        }
        arg.index_as_isize(None).map(Bound)
    }
}

/// The bounds as search functions want them.
pub(crate) fn bounds(start: Option<Bound>, end: Option<Bound>) -> (Option<isize>, Option<isize>) {
    (start.map(|b| b.0), end.map(|b| b.0))
}

fn not_str(o: &Object) -> crate::Raised {
    raise!(TypeError, "must be str, not {}", o.ty().name_str())
}

#[allow(clippy::useless_conversion)]
impl Str {
    /// The first place of `sub` within clipped bounds.
    pub fn find(&self, sub: &Str, start: Option<isize>, end: Option<isize>) -> Option<usize> {
        let (at, d) = in_range(self.data(), start, end)?;
        search::find_data(d, sub.data()).map(|i| at + i)
    }

    /// The last place of `sub` within clipped bounds.
    pub fn rfind(&self, sub: &Str, start: Option<isize>, end: Option<isize>) -> Option<usize> {
        let (at, d) = in_range(self.data(), start, end)?;
        search::rfind_data(d, sub.data()).map(|i| at + i)
    }

    /// Whether `sub` occurs.
    pub fn contains_str(&self, sub: &Str) -> bool {
        search::find_data(self.data(), sub.data()).is_some()
    }

    fn cut(&self, ranges: Ranges) -> Ref<List> {
        List::from_vec(ranges.into_iter().map(|(a, b)| self.substring(a, b).into_obj()).collect())
    }
}

fn index_or_minus_one(i: Option<usize>) -> isize {
    i.map_or(-1, |i| i as isize)
}

/// The lowest index where sub is found, or -1.
#[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
pub fn find(this: &Str, sub: &Str, start: Option<Bound>, end: Option<Bound>) -> isize {
    let (start, end) = bounds(start, end);
    index_or_minus_one(this.find(sub, start, end))
}

/// The highest index where sub is found, or -1.
#[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
pub fn rfind(this: &Str, sub: &Str, start: Option<Bound>, end: Option<Bound>) -> isize {
    let (start, end) = bounds(start, end);
    index_or_minus_one(this.rfind(sub, start, end))
}

/// The lowest index where sub is found; ValueError if it is not.
#[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
pub fn index(this: &Str, sub: &Str, start: Option<Bound>, end: Option<Bound>) -> PyResult<usize> {
    let (start, end) = bounds(start, end);
    this.find(sub, start, end).ok_or_else(|| raise!(ValueError, "substring not found"))
}

/// The highest index where sub is found; ValueError if it is not.
#[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
pub fn rindex(this: &Str, sub: &Str, start: Option<Bound>, end: Option<Bound>) -> PyResult<usize> {
    let (start, end) = bounds(start, end);
    this.rfind(sub, start, end).ok_or_else(|| raise!(ValueError, "substring not found"))
}

/// How often sub occurs without overlap.
#[method(signature = "(sub, start=None, end=None, /)", shown = "(sub[, start[, end]], /)")]
pub fn count(this: &Str, sub: &Str, start: Option<Bound>, end: Option<Bound>) -> usize {
    let (start, end) = bounds(start, end);
    in_range(this.data(), start, end).map_or(0, |(_, d)| search::count_data(d, sub.data(), usize::MAX))
}

fn affix(
    name: &str,
    this: &Str,
    what: &Object,
    start: Option<Bound>,
    end: Option<Bound>,
    test: fn(StrData<'_>, StrData<'_>) -> bool,
) -> PyResult<bool> {
    let (start, end) = bounds(start, end);
    let (a, b) = clip(start, end, this.len());
    let one = |s: &Str| a <= b && test(this.data().slice(a, b), s.data());
    if let Some(s) = what.downcast::<Str>() {
        return Ok(one(s));
    }
    let Some(t) = what.downcast::<Tuple>() else {
        bail!(TypeError, "{name} first arg must be str or a tuple of str, not {}", what.ty().name_str());
    };
    for s in t.items() {
        match s.downcast::<Str>() {
            Some(s) if one(s) => return Ok(true),
            Some(_) => {}
            None => bail!(TypeError, "tuple for {name} must only contain str, not {}", s.ty().name_str()),
        }
    }
    Ok(false)
}

/// Whether the string starts with the prefix, or with one of a tuple of them.
#[method(signature = "(prefix, start=None, end=None, /)", shown = "(prefix[, start[, end]], /)")]
pub fn startswith(this: &Str, prefix: &Object, start: Option<Bound>, end: Option<Bound>) -> PyResult<bool> {
    affix("startswith", this, prefix, start, end, search::starts_with)
}

/// Whether the string ends with the suffix, or with one of a tuple of them.
#[method(signature = "(suffix, start=None, end=None, /)", shown = "(suffix[, start[, end]], /)")]
pub fn endswith(this: &Str, suffix: &Object, start: Option<Bound>, end: Option<Bound>) -> PyResult<bool> {
    affix("endswith", this, suffix, start, end, search::ends_with)
}

/// The string without the prefix, if it has it.
#[method(signature = "(prefix, /)")]
pub fn removeprefix(this: &Str, prefix: &Str) -> Ref<Str> {
    if search::starts_with(this.data(), prefix.data()) {
        this.substring(prefix.len(), this.len())
    } else {
        this.to_exact()
    }
}

/// The string without the suffix, if it has it.
#[method(signature = "(suffix, /)")]
pub fn removesuffix(this: &Str, suffix: &Str) -> Ref<Str> {
    if !suffix.is_empty() && search::ends_with(this.data(), suffix.data()) {
        this.substring(0, this.len() - suffix.len())
    } else {
        this.to_exact()
    }
}

impl Str {
    /// The string with at most `max` occurrences of `old` replaced by `new`.
    pub fn replace(&self, old: &Str, new: &Str, max: usize) -> PyResult<Ref<Str>> {
        if max == 0 || old.eq(new) || old.len() > self.len() {
            return Ok(self.to_exact());
        }
        let mut places = Vec::new();
        if old.is_empty() {
            places.extend(0..(self.len() + 1).min(max));
        } else {
            search::each_data(self.data(), old.data(), max, |i| places.push(i));
        }
        if places.is_empty() {
            return Ok(self.to_exact());
        }
        let kept = self.len() - places.len() * old.len();
        let Some(len) =
            new.len().checked_mul(places.len()).and_then(|n| n.checked_add(kept)).filter(|&n| n <= isize::MAX as usize)
        else {
            bail!(OverflowError, "replace string is too long");
        };
        if self.is_ascii() {
            // The class of the result is known: copy straight into place.
            // SAFETY: the pieces add up to `len` characters, all of them written.
            unsafe {
                let out = Str::new_uninit(len, new.max_char_class())?;
                let (mut p, kind) = (out.data_ptr(), out.kind());
                let mut from = 0;
                let mut put = |d: StrData<'_>| {
                    super::concat::copy_chars(p, kind, d);
                    p = p.add(d.len() * kind as usize);
                };
                for &i in &places {
                    put(self.data().slice(from, i));
                    put(new.data());
                    from = i + old.len();
                }
                put(self.data().slice(from, self.len()));
                return Ok(if len == 1 { Str::from_data(out.data()) } else { out });
            }
        }
        let mut out = StrBuilder::new();
        out.try_reserve(len)?;
        let mut from = 0;
        for &i in &places {
            out.push_substring(self, from, i);
            out.push_pystr(new);
            from = i + old.len();
        }
        out.push_substring(self, from, self.len());
        Ok(out.finish())
    }
}

/// The string with occurrences of old replaced by new; a count that is not negative limits how many.
#[method(signature = "(old, new, /, count=-1)")]
pub fn replace(this: &Str, old: &Str, new: &Str, count: isize) -> PyResult<Ref<Str>> {
    this.replace(old, new, cuts(count))
}

#[allow(clippy::useless_conversion)]
fn strip_with(name: &str, this: &Str, chars: Option<&Object>, left: bool, right: bool) -> PyResult<Ref<Str>> {
    let (a, b) = match chars {
        None => with_units!(this, |u| cutting::stripped(u, left, right, |c| chars::is_space(c.into()))),
        Some(set) => {
            let Some(set) = set.downcast::<Str>() else { bail!(TypeError, "{name} arg must be None or str") };
            let set = set.data();
            with_units!(this, |u| cutting::stripped(u, left, right, |c| has_char(set, c)))
        }
    };
    Ok(this.substring(a, b))
}

#[inline]
fn has_char<T: Unit>(set: StrData<'_>, c: T) -> bool {
    fn has<S: Unit>(set: &[S], c: u32) -> bool {
        S::from_char(c).is_some_and(|c| set.contains(&c))
    }
    match set {
        StrData::Latin1(s) => has(s, c.into()),
        StrData::Ucs2(s) => has(s, c.into()),
        StrData::Ucs4(s) => has(s, c.into()),
    }
}

/// The string without white space, or without the given characters, at both ends.
#[method(signature = "(chars=None, /)")]
pub fn strip(this: &Str, chars: Option<&Object>) -> PyResult<Ref<Str>> {
    strip_with("strip", this, chars, true, true)
}

/// The string without white space, or without the given characters, at its start.
#[method(signature = "(chars=None, /)")]
pub fn lstrip(this: &Str, chars: Option<&Object>) -> PyResult<Ref<Str>> {
    strip_with("lstrip", this, chars, true, false)
}

/// The string without white space, or without the given characters, at its end.
#[method(signature = "(chars=None, /)")]
pub fn rstrip(this: &Str, chars: Option<&Object>) -> PyResult<Ref<Str>> {
    strip_with("rstrip", this, chars, false, true)
}

fn separator(sep: &Object) -> PyResult<&Str> {
    match sep.downcast::<Str>() {
        None => bail!(TypeError, "must be str or None, not {}", sep.ty().name_str()),
        Some(s) if s.is_empty() => bail!(ValueError, "empty separator"),
        Some(s) => Ok(s),
    }
}

#[allow(clippy::useless_conversion)]
impl Str {
    /// `self.split(sep, max)`; `sep` is not empty, `None` stands for white space.
    pub fn split(&self, sep: Option<&Str>, max: usize) -> Ref<List> {
        fn by<T: Unit>(u: &[T], sep: &Str, max: usize) -> Ranges {
            at_width::<T>(sep.data()).map_or_else(|| vec![(0, u.len())], |n| cutting::split_at(u, &n, max))
        }
        self.cut(match sep {
            None => with_units!(self, |u| cutting::split_space(u, max, |c| chars::is_space(c.into()))),
            Some(sep) => with_units!(self, |u| by(u, sep, max)),
        })
    }

    /// `self.rsplit(sep, max)`, as [`Str::split`].
    pub fn rsplit(&self, sep: Option<&Str>, max: usize) -> Ref<List> {
        fn by<T: Unit>(u: &[T], sep: &Str, max: usize) -> Ranges {
            at_width::<T>(sep.data()).map_or_else(|| vec![(0, u.len())], |n| cutting::rsplit_at(u, &n, max))
        }
        self.cut(match sep {
            None => with_units!(self, |u| cutting::rsplit_space(u, max, |c| chars::is_space(c.into()))),
            Some(sep) => with_units!(self, |u| by(u, sep, max)),
        })
    }

    /// `self.splitlines(keep_ends)`.
    pub fn split_lines(&self, keep_ends: bool) -> Ref<List> {
        self.cut(with_units!(self, |u| cutting::lines(u, keep_ends, |c| chars::is_line_break(c.into()))))
    }
}

/// The parts of the string between separators, or between runs of white space if there is none; at most maxsplit cuts.
#[method(signature = "(sep=None, maxsplit=-1)")]
pub fn split(this: &Str, sep: Option<&Object>, maxsplit: isize) -> PyResult<Ref<List>> {
    Ok(this.split(sep.map(separator).transpose()?, cuts(maxsplit)))
}

/// As split, but the cuts are counted from the right.
#[method(signature = "(sep=None, maxsplit=-1)")]
pub fn rsplit(this: &Str, sep: Option<&Object>, maxsplit: isize) -> PyResult<Ref<List>> {
    Ok(this.rsplit(sep.map(separator).transpose()?, cuts(maxsplit)))
}

/// The lines of the string, with their line ends if keepends is true.
#[method(signature = "(keepends=False)")]
pub fn splitlines(this: &Str, keepends: bool) -> Ref<List> {
    this.split_lines(keepends)
}

fn three(a: Ref<Str>, b: Ref<Str>, c: Ref<Str>) -> Ref<Tuple> {
    Tuple::from_vec(vec![a.into_obj(), b.into_obj(), c.into_obj()])
}

fn whole_separator(sep: &Object) -> PyResult<&Str> {
    match sep.downcast::<Str>() {
        None => Err(not_str(sep)),
        Some(s) if s.is_empty() => bail!(ValueError, "empty separator"),
        Some(s) => Ok(s),
    }
}

/// The part before the first separator, the separator, the part after it.
#[method(signature = "(sep, /)")]
pub fn partition(this: &Str, sep: &Object) -> PyResult<Ref<Tuple>> {
    let sep = whole_separator(sep)?;
    Ok(match search::find_data(this.data(), sep.data()) {
        Some(i) => three(this.substring(0, i), Ref::from_borrowed(sep), this.substring(i + sep.len(), this.len())),
        None => three(this.to_exact(), Str::empty(), Str::empty()),
    })
}

/// The part before the last separator, the separator, the part after it.
#[method(signature = "(sep, /)")]
pub fn rpartition(this: &Str, sep: &Object) -> PyResult<Ref<Tuple>> {
    let sep = whole_separator(sep)?;
    Ok(match search::rfind_data(this.data(), sep.data()) {
        Some(i) => three(this.substring(0, i), Ref::from_borrowed(sep), this.substring(i + sep.len(), this.len())),
        None => three(Str::empty(), Str::empty(), this.to_exact()),
    })
}

impl Str {
    /// `sep.join(items)` for items at hand.
    pub fn join(sep: &Str, items: &[&Object]) -> PyResult<Ref<Str>> {
        if let [one] = items
            && one.is_exact(&super::PyUnicode_Type)
        {
            return Ok(Ref::from_borrowed(one.cast::<Str>()));
        }
        if sep.is_compact_ascii()
            && let Some(len) = ascii_length(sep.len(), items)
        {
            return join_ascii(sep, items, len);
        }
        let mut class = if items.len() > 1 { sep.max_char_class() } else { 0 };
        let mut len = sep.len().checked_mul(items.len().saturating_sub(1));
        for (i, o) in items.iter().enumerate() {
            let Some(s) = o.downcast::<Str>() else {
                bail!(TypeError, "sequence item {i}: expected str instance, {} found", o.ty().name_str());
            };
            len = len.and_then(|n| n.checked_add(s.len()));
            class = class.max(s.max_char_class());
        }
        let Some(len) = len.filter(|&n| n <= isize::MAX as usize) else {
            bail!(OverflowError, "join() result is too long for a Python string");
        };
        if len == 0 {
            return Ok(Str::empty());
        }
        // SAFETY: the pieces add up to `len` characters of at most this class. When only empty strings had it the class
        // is too large, but then they are ASCII: a wider class needs a character.
        unsafe {
            let class = if sep.is_empty() || items.len() < 2 {
                items.iter().fold(0, |m, o| m.max(o.cast::<Str>().max_char_class()))
            } else {
                class
            };
            let out = Str::new_uninit(len, class)?;
            let (mut p, kind) = (out.data_ptr(), out.kind());
            for (i, o) in items.iter().enumerate() {
                if i > 0 && !sep.is_empty() {
                    super::concat::copy_chars(p, kind, sep.data());
                    p = p.add(sep.len() * kind as usize);
                }
                let s: &Str = o.cast();
                super::concat::copy_chars(p, kind, s.data());
                p = p.add(s.len() * kind as usize);
            }
            Ok(if len == 1 { Str::from_data(out.data()) } else { out })
        }
    }
}

/// The length of the joined string, if all pieces are plain ASCII strings.
#[inline]
fn ascii_length(sep: usize, items: &[&Object]) -> Option<usize> {
    let mut len = sep.checked_mul(items.len().saturating_sub(1))?;
    for o in items {
        let s = o.downcast_exact::<Str>().filter(|s| s.is_compact_ascii())?;
        len = len.checked_add(s.len())?;
    }
    (len > 1 && len <= isize::MAX as usize).then_some(len)
}

fn join_ascii(sep: &Str, items: &[&Object], len: usize) -> PyResult<Ref<Str>> {
    /// As `memcpy`, for pieces that are mostly a few bytes long.
    #[inline(always)]
    unsafe fn copy(from: &[u8], mut to: *mut u8) -> *mut u8 {
        // SAFETY: the caller has the room.
        unsafe {
            match from.len() {
                n @ 8.. => std::ptr::copy_nonoverlapping(from.as_ptr(), to, n),
                n @ 4..8 => {
                    let (p, q) = (from.as_ptr(), from.as_ptr().add(n - 4));
                    to.cast::<u32>().write_unaligned(p.cast::<u32>().read_unaligned());
                    to.add(n - 4).cast::<u32>().write_unaligned(q.cast::<u32>().read_unaligned());
                }
                n @ 2..4 => {
                    let (p, q) = (from.as_ptr(), from.as_ptr().add(n - 2));
                    to.cast::<u16>().write_unaligned(p.cast::<u16>().read_unaligned());
                    to.add(n - 2).cast::<u16>().write_unaligned(q.cast::<u16>().read_unaligned());
                }
                1 => to.write(from[0]),
                _ => {}
            }
            to = to.add(from.len());
        }
        to
    }
    // SAFETY: the pieces are `len` ASCII characters.
    unsafe {
        let out = Str::new_uninit(len, 0x7F)?;
        let mut p = out.data_ptr();
        let sep = sep.data_bytes();
        for (i, o) in items.iter().enumerate() {
            if i > 0 {
                p = copy(sep, p);
            }
            p = copy(o.cast_unchecked::<Str>().data_bytes(), p);
        }
        Ok(out)
    }
}

/// Owned references seen as borrowed ones.
#[inline]
pub(crate) fn borrowed(items: &[Obj]) -> &[&Object] {
    // SAFETY: both are one non-null pointer, and the owned ones keep the objects alive.
    unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), items.len()) }
}

/// The strings of the iterable, one after the other, with this string between them.
#[method(signature = "(iterable, /)")]
pub fn join(this: &Str, iterable: &Object) -> PyResult<Ref<Str>> {
    if let Some(t) = iterable.downcast_exact::<Tuple>() {
        return Str::join(this, t.borrowed_items());
    }
    if let Some(l) = iterable.downcast_exact::<List>() {
        // Nothing runs while plain strings are joined, so the list cannot change.
        let items = l.borrowed_items();
        if this.is_compact_ascii()
            && items.len() > 1
            && let Some(len) = ascii_length(this.len(), items)
        {
            return join_ascii(this, items, len);
        }
    }
    let items = crate::protocol::mapping::fast_items(iterable, "can only join an iterable")?;
    Str::join(this, borrowed(&items))
}

/// The one character of a fill argument.
pub struct Fill(pub u32);

impl<'a> FromArg<'a> for Fill {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        match arg.downcast::<Str>() {
            None => bail!(TypeError, "The fill character must be a unicode character, not {}", arg.ty().name_str()),
            Some(s) if s.len() != 1 => bail!(TypeError, "The fill character must be exactly one character long"),
            Some(s) => Ok(Fill(s.char_at(0))),
        }
    }
}

impl Str {
    /// The string with `left` and `right` times `fill` around it.
    pub fn padded(&self, left: usize, right: usize, fill: u32) -> PyResult<Ref<Str>> {
        if left == 0 && right == 0 {
            return Ok(self.to_exact());
        }
        let Some(len) =
            left.checked_add(right).and_then(|n| n.checked_add(self.len())).filter(|&n| n <= isize::MAX as usize)
        else {
            bail!(OverflowError, "padded string is too long");
        };
        let class = super::new::class_of(fill).max(if self.is_empty() { 0 } else { self.max_char_class() });
        // SAFETY: padding and text fill the whole string.
        unsafe {
            let out = Str::new_uninit(len, class)?;
            let (p, kind) = (out.data_ptr(), out.kind() as usize);
            let unit = fill.to_ne_bytes();
            let unit = if cfg!(target_endian = "little") { &unit[..kind] } else { &unit[4 - kind..] };
            if left > 0 {
                super::concat::fill_repeated(p, unit, left * kind);
            }
            super::concat::copy_chars(p.add(left * kind), kind as u32, self.data());
            if right > 0 {
                super::concat::fill_repeated(p.add((left + self.len()) * kind), unit, right * kind);
            }
            Ok(if len == 1 { Str::from_data(out.data()) } else { out })
        }
    }
}

fn missing(this: &Str, width: isize) -> usize {
    usize::try_from(width).unwrap_or(0).saturating_sub(this.len())
}

/// The string in the middle of a field of the given width.
#[method(signature = "(width, fillchar=Fill(32), /)", shown = "(width, fillchar=' ', /)")]
pub fn center(this: &Str, width: isize, fillchar: Fill) -> PyResult<Ref<Str>> {
    let pad = missing(this, width);
    let left = pad / 2 + (pad & width as usize & 1);
    this.padded(left, pad - left, fillchar.0)
}

/// The string at the start of a field of the given width.
#[method(signature = "(width, fillchar=Fill(32), /)", shown = "(width, fillchar=' ', /)")]
pub fn ljust(this: &Str, width: isize, fillchar: Fill) -> PyResult<Ref<Str>> {
    this.padded(0, missing(this, width), fillchar.0)
}

/// The string at the end of a field of the given width.
#[method(signature = "(width, fillchar=Fill(32), /)", shown = "(width, fillchar=' ', /)")]
pub fn rjust(this: &Str, width: isize, fillchar: Fill) -> PyResult<Ref<Str>> {
    this.padded(missing(this, width), 0, fillchar.0)
}

/// The string with zeros before it, after its sign, up to the given width.
#[method(signature = "(width, /)")]
pub fn zfill(this: &Str, width: isize) -> PyResult<Ref<Str>> {
    let pad = missing(this, width);
    let out = this.padded(pad, 0, u32::from(b'0'))?;
    if pad > 0 && !this.is_empty() {
        let sign = this.char_at(0);
        if sign == u32::from(b'+') || sign == u32::from(b'-') {
            // SAFETY: `out` is fresh (it was padded) and unpublished; a sign takes the place of a zero, and the other way round.
            unsafe {
                let p = out.data_ptr();
                match out.kind() {
                    1 => (p.write(sign as u8), p.add(pad).write(b'0')),
                    2 => (p.cast::<u16>().write(sign as u16), p.cast::<u16>().add(pad).write(b'0'.into())),
                    _ => (p.cast::<u32>().write(sign), p.cast::<u32>().add(pad).write(b'0'.into())),
                };
            }
        }
    }
    Ok(out)
}

/// Where tabs lead to: calls `put(from, to, blanks)` for each stretch of text and the blanks after it. `None` on overflow.
pub(crate) fn expand_tabs<T: Unit>(u: &[T], size: usize, mut put: impl FnMut(usize, usize, usize)) -> Option<()> {
    let (mut column, mut total, mut from) = (0usize, 0usize, 0);
    for (i, &c) in u.iter().enumerate() {
        match c.into() {
            0x09 => {
                let blanks = if size > 0 { size - column % size } else { 0 };
                put(from, i, blanks);
                from = i + 1;
                column = column.checked_add(blanks)?;
                total = total.checked_add(blanks)?;
            }
            c => {
                column = if c == 0x0A || c == 0x0D { 0 } else { column.checked_add(1)? };
                total = total.checked_add(1)?;
            }
        }
        if total > isize::MAX as usize {
            return None;
        }
    }
    put(from, u.len(), 0);
    Some(())
}

/// The string with tabs replaced by blanks up to the next multiple of tabsize.
#[method(signature = "(tabsize=8)")]
pub fn expandtabs(this: &Str, tabsize: std::ffi::c_int) -> PyResult<Ref<Str>> {
    let size = usize::try_from(tabsize).unwrap_or(0);
    let mut pieces = Vec::new();
    if with_units!(this, |u| expand_tabs(u, size, |a, b, n| pieces.push((a, b, n)))).is_none() {
        bail!(OverflowError, "new string is too long");
    }
    if pieces.len() == 1 {
        return Ok(this.to_exact());
    }
    let mut out = StrBuilder::new();
    out.try_reserve(pieces.iter().map(|p| p.1 - p.0 + p.2).sum())?;
    for (a, b, n) in pieces {
        out.push_substring(this, a, b);
        out.push_repeated(u32::from(b' '), n)?;
    }
    Ok(out.finish())
}

/// The string encoded with a codec.
#[method(signature = "(encoding='utf-8', errors='strict')")]
pub fn encode(this: &Str, encoding: &str, errors: &str) -> PyResult {
    crate::codecs::encode_text(this, encoding, errors)
}

/// The arguments that make this string again, for pickle.
#[method(signature = "()")]
pub fn __getnewargs__(this: &Str) -> Ref<Tuple> {
    let copy: Obj = this.copy().into_obj();
    Tuple::from_vec(vec![copy])
}

/// The memory that the string takes, in bytes.
#[method(signature = "()")]
pub fn __sizeof__(this: &Str) -> usize {
    this.size_of()
}
