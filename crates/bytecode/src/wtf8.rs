//! Text of Python source: Unicode that may hold lone surrogates, shared between its users.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// An immutable Python string as WTF-8 (UTF-8 in which a lone surrogate stands as its three bytes), cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(Arc<[u8]>);

impl Str {
    /// From bytes that are WTF-8: every surrogate pair must be written as the one character that it means.
    pub fn from_wtf8(bytes: &[u8]) -> Str {
        Str(bytes.into())
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if it holds no surrogate.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether only ASCII.
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// The code points.
    pub fn code_points(&self) -> CodePoints<'_> {
        CodePoints { bytes: &self.0 }
    }

    /// `len()` of the Python string.
    pub fn char_count(&self) -> usize {
        self.0.iter().filter(|&&b| b & 0xC0 != 0x80).count()
    }

    /// Whether empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From code points, any of which may be a surrogate; pairs are not joined unless they make one character.
    pub fn from_code_points(points: impl IntoIterator<Item = u32>) -> Str {
        let mut out = Vec::new();
        for p in points {
            push_code_point(&mut out, p);
        }
        Str(out.into())
    }
}

/// Appends one code point (a surrogate too) to WTF-8 bytes; what is no code point becomes U+FFFD.
pub fn push_code_point(out: &mut Vec<u8>, point: u32) {
    match char::from_u32(point) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None if (0xD800..0xE000).contains(&point) => out.extend_from_slice(&[
            0xE0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3F) as u8,
            0x80 | (point & 0x3F) as u8,
        ]),
        None => out.extend_from_slice("\u{FFFD}".as_bytes()),
    }
}

/// Iterates over the code points of WTF-8 bytes.
pub struct CodePoints<'a> {
    bytes: &'a [u8],
}

impl<'a> CodePoints<'a> {
    /// Over these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        CodePoints { bytes }
    }
}

impl Iterator for CodePoints<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (&first, rest) = self.bytes.split_first()?;
        let (extra, mut point) = match first {
            0..0x80 => (0, first as u32),
            0x80..0xE0 => (1, (first & 0x1F) as u32),
            0xE0..0xF0 => (2, (first & 0x0F) as u32),
            _ => (3, (first & 0x07) as u32),
        };
        let extra = extra.min(rest.len());
        for &b in &rest[..extra] {
            point = point << 6 | (b & 0x3F) as u32;
        }
        self.bytes = &rest[extra..];
        Some(point)
    }
}

impl From<&str> for Str {
    fn from(s: &str) -> Str {
        Str(s.as_bytes().into())
    }
}

impl From<String> for Str {
    fn from(s: String) -> Str {
        Str(s.into_bytes().into())
    }
}

impl Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

/// Whether the bytes are UTF-8 in which surrogates may stand as three bytes each.
pub fn is_wtf8(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(_) => return true,
            Err(e) => match &rest[e.valid_up_to()..] {
                [0xED, 0xA0..=0xBF, 0x80..=0xBF, after @ ..] => rest = after,
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_round_trip() {
        let points = [0x41, 0xE9, 0x20AC, 0xD800, 0x1F600];
        let s = Str::from_code_points(points);
        assert_eq!(s.code_points().collect::<Vec<_>>(), points);
        assert_eq!(s.char_count(), 5);
        assert_eq!(s.as_str(), None);
    }
}
