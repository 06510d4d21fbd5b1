//! The escape codec of bytes: `_codecs.escape_decode` and `escape_encode`.

use super::text::warn_invalid;
use crate::bail;
use crate::error::PyResult;
use crate::header::Ref;
use crate::types::bytes::Bytes;
use crate::types::bytes::hex::digit;

/// Escapes as in bytes literals, to bytes.
pub fn escape_decode(data: &[u8], errors: &str) -> PyResult<(Ref<Bytes>, usize)> {
    let mut out = Vec::with_capacity(data.len());
    let mut warning = None;
    let mut i = 0;
    while let Some(&c) = data.get(i) {
        i += 1;
        if c != b'\\' {
            out.push(c);
            continue;
        }
        let Some(&e) = data.get(i) else { bail!(ValueError, "Trailing \\ in string") };
        i += 1;
        match e {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(e),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b't' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b'v' => out.push(11),
            b'a' => out.push(7),
            b'0'..=b'7' => {
                let start = i - 1;
                let mut n = u32::from(e - b'0');
                while i < start + 3
                    && let Some(&d @ b'0'..=b'7') = data.get(i)
                {
                    n = n * 8 + u32::from(d - b'0');
                    i += 1;
                }
                if n > 255 && warning.is_none() {
                    warning = Some(format!("b\"\\{n:o}\" is an invalid octal escape sequence"));
                }
                out.push(n as u8);
            }
            b'x' => {
                let high = data.get(i).and_then(|&c| digit(c.into()));
                let low = data.get(i + 1).and_then(|&c| digit(c.into()));
                if let (Some(h), Some(l)) = (high, low) {
                    out.push(h << 4 | l);
                    i += 2;
                    continue;
                }
                match errors {
                    "strict" => bail!(ValueError, "invalid \\x escape at position {}", i - 2),
                    "replace" => out.push(b'?'),
                    "ignore" => {}
                    _ => bail!(ValueError, "decoding error; unknown error handling code: {errors}"),
                }
                // One digit without its fellow is passed over.
                if high.is_some() {
                    i += 1;
                }
            }
            _ => {
                if warning.is_none() {
                    warning = Some(format!("b\"\\{}\" is an invalid escape sequence", e as char));
                }
                out.extend_from_slice(&[b'\\', e]);
            }
        }
    }
    if let Some(w) = warning {
        warn_invalid(&w)?;
    }
    Ok((Bytes::try_new(&out)?, data.len()))
}

/// Bytes to escapes as in bytes literals.
pub fn escape_encode(data: &[u8]) -> PyResult<Ref<Bytes>> {
    let mut out = Vec::with_capacity(data.len());
    for &c in data {
        match c {
            b'\\' | b'\'' => out.extend_from_slice(&[b'\\', c]),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x20..0x7F => out.push(c),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(&[b'\\', b'x', HEX[(c >> 4) as usize], HEX[(c & 15) as usize]]);
            }
        }
    }
    Bytes::try_new(&out)
}
