//! Integers from text and to text.

use super::Int;
use crate::error::PyResult;
use crate::header::{Object, Ref};
use crate::thread::Interp;
use crate::types::bytearray::ByteArray;
use crate::types::bytes::Bytes;
use crate::types::str::{Str, StrData, chars};
use crate::{Raised, bail, raise};
use std::borrow::Cow;
use taipan_numeric::digits::text::{digit_value, from_base, to_base, to_decimal};

/// Texts of up to this many digits are converted whatever the limit says.
const LIMIT_THRESHOLD: usize = 640;

/// Why a text is no integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// It is not in the grammar of integers.
    Invalid,
    /// It has more digits (this many) than `sys.set_int_max_str_digits` allows.
    TooLong(usize),
    /// The exception is set already.
    Raised,
}

impl ParseError {
    /// The `ValueError`; `shown` is the object whose text was read.
    #[cold]
    pub fn raise(self, shown: &Object, base: u32) -> Raised {
        match self {
            ParseError::TooLong(n) => too_many_digits(n),
            ParseError::Raised => Raised::already_set(),
            ParseError::Invalid => match shown.repr() {
                Ok(r) => {
                    // The reference prints at most 200 characters of it.
                    let cut = r.substring(0, r.len().min(200));
                    raise!(ValueError, "invalid literal for int() with base {base}: {}", cut.display())
                }
                Err(e) => e,
            },
        }
    }
}

#[cold]
fn too_many_digits(n: usize) -> Raised {
    raise!(
        ValueError,
        "Exceeds the limit ({} digits) for integer string conversion: value has {n} digits; use sys.set_int_max_str_digits() to increase the limit",
        Interp::current().int_max_str_digits.get()
    )
}

#[cold]
fn too_long_for_text() -> Raised {
    raise!(
        ValueError,
        "Exceeds the limit ({} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit",
        Interp::current().int_max_str_digits.get()
    )
}

fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t'..=b'\r')
}

/// Reads `int(text, base)` from ASCII text: white space around it, a sign, a prefix if the base is 0 or the prefix's, underscores
/// between digits. `base` is 0 or 2 to 36; the answer for base 0 follows the prefix.
pub fn parse_ascii(text: &[u8], base: u32) -> Result<Ref<Int>, ParseError> {
    let mut s = text;
    while let [c, rest @ ..] = s
        && is_space(*c)
    {
        s = rest;
    }
    while let [rest @ .., c] = s
        && is_space(*c)
    {
        s = rest;
    }
    let negative = match s {
        [b'-', rest @ ..] => {
            s = rest;
            true
        }
        [b'+', rest @ ..] => {
            s = rest;
            false
        }
        _ => false,
    };
    let prefix = match s {
        [b'0', c, ..] => match c | 0x20 {
            b'x' => 16,
            b'o' => 8,
            b'b' => 2,
            _ => 0,
        },
        _ => 0,
    };
    let mut real_base = base;
    let mut only_zero = false;
    if base == 0 {
        real_base = if prefix != 0 { prefix } else { 10 };
        // "010" meant octal once, so a leading zero is only allowed on zero itself.
        only_zero = prefix == 0 && s.first() == Some(&b'0');
    }
    if prefix != 0 && prefix == real_base {
        s = &s[2..];
        if let [b'_', rest @ ..] = s {
            s = rest;
        }
    }
    // The most frequent case first: a few decimal digits.
    if real_base == 10 && !s.is_empty() && s.len() <= 18 && !only_zero {
        let mut v = 0i64;
        let mut plain = true;
        for &c in s {
            let d = c.wrapping_sub(b'0');
            if d > 9 {
                plain = false;
                break;
            }
            v = v * 10 + i64::from(d);
        }
        if plain {
            return Ok(Int::from_i64(if negative { -v } else { v }));
        }
    }
    let mut clean: Cow<'_, [u8]> = Cow::Borrowed(s);
    let mut last = b'_';
    let mut has_underscore = false;
    for &c in s {
        if c == b'_' {
            if last == b'_' {
                return Err(ParseError::Invalid);
            }
            has_underscore = true;
        } else if digit_value(c).is_none_or(|v| v >= real_base) {
            return Err(ParseError::Invalid);
        }
        last = c;
    }
    if last == b'_' {
        return Err(ParseError::Invalid);
    }
    if has_underscore {
        clean = Cow::Owned(s.iter().copied().filter(|c| *c != b'_').collect());
    }
    if !real_base.is_power_of_two() && clean.len() > LIMIT_THRESHOLD {
        let limit = Interp::current().int_max_str_digits.get();
        if limit > 0 && clean.len() > limit as usize {
            return Err(ParseError::TooLong(clean.len()));
        }
    }
    if real_base == 10 {
        match super::pylong::from_digits(&clean) {
            Ok(None) => {}
            Ok(Some(i)) => return Ok(if negative { super::arith::neg(&i) } else { i }),
            Err(_) => return Err(ParseError::Raised),
        }
    }
    let d = from_base(&clean, real_base).ok_or(ParseError::Invalid)?;
    if only_zero && !d.is_empty() {
        return Err(ParseError::Invalid);
    }
    Ok(Int::from_digits(negative, &d))
}

/// The text of a `str` with every decimal digit and white space of Unicode replaced by its ASCII form, and whatever else is not ASCII
/// by a character that no number contains.
pub fn to_ascii_digits(s: &Str) -> Cow<'_, [u8]> {
    if s.is_ascii()
        && let StrData::Latin1(b) = s.data()
    {
        return Cow::Borrowed(b);
    }
    let map = |c: u32| match c {
        0..0x80 => c as u8,
        _ if chars::is_space(c) => b' ',
        _ => chars::decimal(c).map_or(b'?', |d| b'0' + d as u8),
    };
    Cow::Owned((0..s.len()).map(|i| map(s.char_at(i))).collect())
}

/// `int(text, base)` for a `str`.
pub fn from_str_object(s: &Str, base: u32) -> PyResult<Ref<Int>> {
    parse_ascii(&to_ascii_digits(s), base).map_err(|e| e.raise(s, base))
}

/// `int(text, base)` for the content of a bytes-like object; `shown` is what the error text shows.
fn from_bytes_text(b: &[u8], base: u32, shown: &Object) -> PyResult<Ref<Int>> {
    parse_ascii(b, base).map_err(|e| e.raise(shown, base))
}

/// `int(x, base)` with a base: only text will do.
pub fn from_object_with_base(x: &Object, base: u32) -> PyResult<Ref<Int>> {
    if let Some(s) = x.downcast::<Str>() {
        return from_str_object(s, base);
    }
    if let Some(b) = x.downcast::<Bytes>() {
        return from_bytes_text(b.as_slice(), base, x);
    }
    if let Some(b) = x.downcast::<ByteArray>() {
        let copy = Bytes::new(b.as_slice());
        return from_bytes_text(copy.as_slice(), base, &copy);
    }
    bail!(TypeError, "int() can't convert non-string with explicit base")
}

/// `int(x)` where `x` has neither `__int__` nor `__index__`: text or a buffer of text.
pub fn from_text_object(x: &Object) -> PyResult<Ref<Int>> {
    if let Some(s) = x.downcast::<Str>() {
        return from_str_object(s, 10);
    }
    if let Some(b) = x.downcast::<Bytes>() {
        return from_bytes_text(b.as_slice(), 10, x);
    }
    if crate::buffer::supports(x) {
        let view = crate::buffer::Buffer::get(x)?;
        let copy = Bytes::new(view.as_slice());
        drop(view);
        return from_bytes_text(copy.as_slice(), 10, &copy);
    }
    bail!(
        TypeError,
        "int() argument must be a string, a bytes-like object or a real number, not '{}'",
        x.ty().name_str()
    )
}

/// Raises when the decimal text of `i` would be longer than the limit allows. Only an estimate: `decimal_text` knows for certain.
pub fn check_decimal_limit(i: &Int) -> PyResult<()> {
    let limit = Interp::current().int_max_str_digits.get();
    if limit > 0 && i.digit_count() > 70 {
        // log10(2) is about 0.30103: certainly too long.
        let least = (i.bit_length() - 1) * 30102 / 100_000;
        if least > limit as u64 {
            return Err(too_long_for_text());
        }
    }
    Ok(())
}

/// Appends the decimal text of `i`.
pub fn decimal_text(i: &Int, out: &mut Vec<u8>) -> PyResult<()> {
    check_decimal_limit(i)?;
    if let Some(text) = super::pylong::to_text(i)? {
        out.extend_from_slice(text.to_utf8()?.as_bytes());
        return Ok(());
    }
    if i.is_negative() {
        out.push(b'-');
    }
    let start = out.len();
    to_decimal(out, i.digits());
    let n = out.len() - start;
    if n > LIMIT_THRESHOLD {
        let limit = Interp::current().int_max_str_digits.get();
        if limit > 0 && n > limit as usize {
            return Err(too_long_for_text());
        }
    }
    Ok(())
}

/// The decimal text of a machine integer, at the end of `buf`.
pub(crate) fn short_decimal(v: i64, buf: &mut [u8; 20]) -> &[u8] {
    let mut m = v.unsigned_abs();
    let mut at = buf.len();
    loop {
        at -= 1;
        buf[at] = b'0' + (m % 10) as u8;
        m /= 10;
        if m == 0 {
            break;
        }
    }
    if v < 0 {
        at -= 1;
        buf[at] = b'-';
    }
    &buf[at..]
}

impl Int {
    /// `repr(self)`.
    pub fn to_str(&self) -> PyResult<Ref<Str>> {
        if let Some(v) = self.short() {
            return Ok(Str::from_latin1(short_decimal(v, &mut [0; 20])));
        }
        let mut out = Vec::new();
        decimal_text(self, &mut out)?;
        Ok(Str::from_latin1(&out))
    }

    /// The value in base 2, 8 or 16 (or any up to 36), with Python's prefix if asked: `bin`, `oct`, `hex`.
    pub fn to_radix(&self, base: u32, prefix: bool) -> Ref<Str> {
        let mut out = Vec::new();
        if self.is_negative() {
            out.push(b'-');
        }
        if prefix {
            out.extend_from_slice(match base {
                2 => b"0b",
                8 => b"0o",
                16 => b"0x",
                _ => b"",
            });
        }
        if self.is_zero() {
            out.push(b'0');
        } else {
            to_base(&mut out, self.digits(), base);
        }
        Str::from_latin1(&out)
    }
}

pub(super) extern "C" fn int_repr(o: &Object) -> PyResult {
    o.cast::<Int>().to_str().map(Ref::into_obj)
}
