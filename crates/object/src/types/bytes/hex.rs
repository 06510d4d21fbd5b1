//! Bytes to hexadecimal digits and back.

use crate::args::Given;
use crate::buffer::{Buffer, supports};
use crate::error::PyResult;
use crate::header::{Object, Ref};
use crate::types::bytes::Bytes;
use crate::types::str::Str;
use crate::{bail, raise};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The hexadecimal digits of `b` as ASCII. A separator goes between groups of `group` bytes, counted from the right, or from the
/// left when `group` is negative.
pub fn to_hex(b: &[u8], sep: Option<u8>, group: isize) -> PyResult<Vec<u8>> {
    let step = group.unsigned_abs();
    let seps = if sep.is_some() && step != 0 { b.len().saturating_sub(1) / step } else { 0 };
    let Some(len) = b.len().checked_mul(2).and_then(|n| n.checked_add(seps)) else {
        return Err(crate::error::no_memory());
    };
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|_| crate::error::no_memory())?;
    for (i, &c) in b.iter().enumerate() {
        if let (Some(s), 1..) = (sep, i.min(seps))
            && (if group > 0 { (b.len() - i).is_multiple_of(step) } else { i.is_multiple_of(step) })
        {
            out.push(s);
        }
        out.push(DIGITS[(c >> 4) as usize]);
        out.push(DIGITS[(c & 15) as usize]);
    }
    Ok(out)
}

/// The separator argument of the `hex` methods.
pub fn separator(sep: Given<&Object>) -> PyResult<Option<u8>> {
    let Some(sep) = sep.0 else { return Ok(None) };
    if sep.len()? != 1 {
        bail!(ValueError, "sep must be length 1.");
    }
    let c = if let Some(s) = sep.downcast::<Str>() {
        if !s.is_ascii() || s.is_empty() {
            bail!(ValueError, "sep must be ASCII.");
        }
        s.char_at(0) as u8
    } else if let Some(b) = sep.downcast::<Bytes>() {
        match *b.as_slice() {
            [c] => c,
            _ => bail!(ValueError, "sep must be length 1."),
        }
    } else {
        bail!(TypeError, "sep must be str or bytes.");
    };
    if c > 127 {
        bail!(ValueError, "sep must be ASCII.");
    }
    Ok(Some(c))
}

/// The `hex` methods.
pub fn hex_str(b: &[u8], sep: Given<&Object>, bytes_per_sep: isize) -> PyResult<Ref<Str>> {
    let sep = separator(sep)?;
    let text = to_hex(b, sep, bytes_per_sep)?;
    // SAFETY: digits and an ASCII separator.
    Ok(unsafe { Str::from_ascii_unchecked(&text) })
}

/// The value of a hexadecimal digit.
#[inline]
pub fn digit(c: u32) -> Option<u8> {
    char::from_u32(c)?.to_digit(16).map(|d| d as u8)
}

/// The argument of the `fromhex` methods as bytes: pairs of digits, white space between them.
pub fn from_hex(o: &Object) -> PyResult<Vec<u8>> {
    if let Some(s) = o.downcast::<Str>() {
        if !s.is_ascii() {
            let at = s.chars().position(|c| c >= 0x80).unwrap_or(0);
            // Digits before the bad character are looked at first.
            parse(&s.chars().take(at).map(|c| c as u8).chain([0xFF]).collect::<Vec<_>>())?;
        }
        return parse(s.data_bytes());
    }
    if supports(o) {
        return parse(Buffer::get(o)?.as_slice());
    }
    bail!(TypeError, "fromhex() argument must be str or bytes-like, not {}", o.ty().name_str())
}

fn parse(text: &[u8]) -> PyResult<Vec<u8>> {
    let bad = |i: usize| raise!(ValueError, "non-hexadecimal number found in fromhex() arg at position {i}");
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut i = 0;
    while i < text.len() {
        if matches!(text[i], b' ' | 9..=13) {
            i += 1;
            continue;
        }
        let Some(high) = digit(text[i].into()) else { return Err(bad(i)) };
        let Some(&next) = text.get(i + 1) else {
            bail!(ValueError, "fromhex() arg must contain an even number of hexadecimal digits");
        };
        let Some(low) = digit(next.into()) else { return Err(bad(i + 1)) };
        out.push(high << 4 | low);
        i += 2;
    }
    Ok(out)
}
