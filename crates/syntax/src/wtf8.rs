//! Strings that may hold lone surrogates, in the generalised UTF-8 known as WTF-8.

use std::fmt;

/// A sequence of Unicode code points, surrogates allowed, each encoded as UTF-8 would.
///
/// Unlike strict WTF-8, a surrogate pair written as two code points stays two code points, because a Python string
/// keeps them apart.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Wtf8 {
    bytes: [u8],
}

impl Wtf8 {
    /// Views a Rust string.
    #[inline]
    pub fn new(text: &str) -> &Wtf8 {
        // SAFETY: every UTF-8 string is valid here.
        unsafe { Wtf8::from_bytes_unchecked(text.as_bytes()) }
    }

    /// Views bytes that are known to be well formed.
    ///
    /// # Safety
    /// `bytes` must be code points up to U+10FFFF in UTF-8 form (surrogates in their three-byte form allowed).
    #[inline]
    pub unsafe fn from_bytes_unchecked(bytes: &[u8]) -> &Wtf8 {
        // SAFETY: `Wtf8` is a transparent wrapper of `[u8]`.
        unsafe { &*(std::ptr::from_ref(bytes) as *const Wtf8) }
    }

    /// Views bytes, when they are well formed.
    pub fn from_bytes(bytes: &[u8]) -> Option<&Wtf8> {
        let mut rest = bytes;
        loop {
            match std::str::from_utf8(rest) {
                // SAFETY: everything before `rest` was checked below, and `rest` is UTF-8.
                Ok(_) => return Some(unsafe { Wtf8::from_bytes_unchecked(bytes) }),
                Err(error) => match rest.get(error.valid_up_to()..) {
                    Some([0xED, 0xA0..=0xBF, 0x80..=0xBF, tail @ ..]) => rest = tail,
                    _ => return None,
                },
            }
        }
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The Rust string, unless a surrogate occurs.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Whether there is no code point.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The number of bytes (not of code points).
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The code points.
    pub fn code_points(&self) -> impl Iterator<Item = u32> + '_ {
        let mut bytes = self.bytes.iter().copied();
        std::iter::from_fn(move || {
            let first = u32::from(bytes.next()?);
            let more = match first {
                0..0x80 => return Some(first),
                0x80..0xE0 => 1,
                0xE0..0xF0 => 2,
                _ => 3,
            };
            let mut point = first & (0x3F >> more);
            for _ in 0..more {
                point = point << 6 | u32::from(bytes.next()?) & 0x3F;
            }
            Some(point)
        })
    }

    /// Appends one code point (surrogates allowed) in encoded form.
    pub fn push_code_point(out: &mut Vec<u8>, point: u32) {
        match point {
            0..0x80 => out.push(point as u8),
            0x80..0x800 => out.extend([0xC0 | (point >> 6) as u8, 0x80 | (point & 0x3F) as u8]),
            0x800..0x10000 => {
                out.extend([0xE0 | (point >> 12) as u8, 0x80 | (point >> 6 & 0x3F) as u8, 0x80 | (point & 0x3F) as u8])
            }
            _ => out.extend([
                0xF0 | (point >> 18 & 7) as u8,
                0x80 | (point >> 12 & 0x3F) as u8,
                0x80 | (point >> 6 & 0x3F) as u8,
                0x80 | (point & 0x3F) as u8,
            ]),
        }
    }
}

impl fmt::Debug for Wtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for point in self.code_points() {
            match char::from_u32(point) {
                Some(c) => write!(f, "{}", c.escape_debug())?,
                None => write!(f, "\\u{{{point:x}}}")?,
            }
        }
        f.write_str("\"")
    }
}

impl<'a> From<&'a str> for &'a Wtf8 {
    fn from(text: &'a str) -> &'a Wtf8 {
        Wtf8::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_round_trip() {
        let points = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD800, 0xDFFF, 0xFFFF, 0x10000, 0x10FFFF];
        let mut bytes = Vec::new();
        points.iter().for_each(|&p| Wtf8::push_code_point(&mut bytes, p));
        let text = Wtf8::from_bytes(&bytes).expect("well formed");
        assert!(text.code_points().eq(points));
        assert_eq!(text.as_str(), None);
        assert!(Wtf8::from_bytes(b"\xC0\x80").is_none());
        assert!(Wtf8::from_bytes(b"\xED\xA0").is_none());
    }
}
