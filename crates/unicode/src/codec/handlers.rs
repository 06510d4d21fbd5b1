//! The error handlers that Python comes with, as functions and as handlers for the drivers.

use super::escape::push_escape;
use super::{DecodeErrors, DecodeReply, EncodeErrors, Failure, Replacement, Units, is_surrogate, utf8};

/// A built-in error handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Raise.
    Strict,
    /// Leave out.
    Ignore,
    /// Put a replacement character or question marks.
    Replace,
    /// Put XML character references (encoding only).
    XmlCharRefReplace,
    /// Put backslash escapes.
    BackslashReplace,
    /// Put `\N{...}` escapes (encoding only).
    NameReplace,
    /// Map bytes to low surrogates and back.
    SurrogateEscape,
    /// Let surrogates pass in the UTF codecs.
    SurrogatePass,
}

impl Handler {
    /// The handler of a name.
    pub fn from_name(name: &str) -> Option<Handler> {
        Some(match name {
            "strict" => Handler::Strict,
            "ignore" => Handler::Ignore,
            "replace" => Handler::Replace,
            "xmlcharrefreplace" => Handler::XmlCharRefReplace,
            "backslashreplace" => Handler::BackslashReplace,
            "namereplace" => Handler::NameReplace,
            "surrogateescape" => Handler::SurrogateEscape,
            "surrogatepass" => Handler::SurrogatePass,
            _ => return None,
        })
    }
}

/// The UTF codec behind an encoding's name: bytes per code unit and whether the order is big.
fn utf_of(encoding: &str) -> Option<(usize, bool)> {
    let name: String = encoding.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
    let native = cfg!(target_endian = "big");
    Some(match name.as_str() {
        "utf8" | "cp65001" => (1, false),
        "utf16" => (2, native),
        "utf16le" => (2, false),
        "utf16be" => (2, true),
        "utf32" => (4, native),
        "utf32le" => (4, false),
        "utf32be" => (4, true),
        _ => return None,
    })
}

/// What a built-in handler puts for a decoding error, and where to go on. None: it raises the error.
pub fn decoded(handler: Handler, encoding: &str, input: &[u8], f: Failure) -> Option<(Vec<u32>, usize)> {
    let bad = input.get(f.start..f.end.min(input.len())).unwrap_or_default();
    match handler {
        Handler::Strict | Handler::XmlCharRefReplace | Handler::NameReplace => None,
        Handler::Ignore => Some((Vec::new(), f.end)),
        Handler::Replace => Some((vec![0xfffd], f.end)),
        Handler::BackslashReplace => {
            let mut out = Vec::new();
            bad.iter().for_each(|&b| push_escape(&mut out, b'x', 2, u32::from(b)));
            Some((out.into_iter().map(u32::from).collect(), f.end))
        }
        Handler::SurrogateEscape => {
            let text: Vec<u32> =
                bad.iter().take(4).take_while(|b| !b.is_ascii()).map(|&b| 0xdc00 + u32::from(b)).collect();
            let n = text.len();
            (n > 0).then_some((text, f.start + n))
        }
        Handler::SurrogatePass => {
            let (unit, big) = utf_of(encoding)?;
            let s = input.get(f.start..)?;
            let c = match (unit, s) {
                (1, &[a, b, c, ..]) if a & 0xf0 == 0xe0 && b & 0xc0 == 0x80 && c & 0xc0 == 0x80 => {
                    u32::from(a & 15) << 12 | u32::from(b & 63) << 6 | u32::from(c & 63)
                }
                (2, &[a, b, ..]) => {
                    u32::from(if big { u16::from_be_bytes([a, b]) } else { u16::from_le_bytes([a, b]) })
                }
                (4, &[a, b, c, d, ..]) => {
                    if big {
                        u32::from_be_bytes([a, b, c, d])
                    } else {
                        u32::from_le_bytes([a, b, c, d])
                    }
                }
                _ => return None,
            };
            let n = if unit == 1 { 3 } else { unit };
            is_surrogate(c).then(|| (vec![c], f.start + n))
        }
    }
}

/// What a built-in handler puts for an encoding error, and where to go on. None: it raises the error.
pub fn encoded<U: Units + ?Sized>(
    handler: Handler,
    encoding: &str,
    text: &U,
    f: Failure,
) -> Option<(Replacement, usize)> {
    let bad = (f.start..f.end.min(text.len())).map(|i| text.at(i));
    let ascii = |v: Vec<u8>| Some((Replacement::Text(v.into_iter().map(u32::from).collect()), f.end));
    match handler {
        Handler::Strict => None,
        Handler::Ignore => ascii(Vec::new()),
        Handler::Replace => ascii(vec![b'?'; bad.count()]),
        Handler::XmlCharRefReplace => ascii(bad.flat_map(|c| format!("&#{c};").into_bytes()).collect()),
        Handler::BackslashReplace => {
            let mut out = Vec::new();
            bad.for_each(|c| push_backslash(&mut out, c));
            ascii(out)
        }
        Handler::NameReplace => {
            let mut out = Vec::new();
            for c in bad {
                match crate::names::name(c) {
                    Some(name) => out.extend_from_slice(format!("\\N{{{name}}}").as_bytes()),
                    None => push_backslash(&mut out, c),
                }
            }
            ascii(out)
        }
        Handler::SurrogateEscape => {
            let bytes: Vec<u8> = bad.map_while(|c| (0xdc80..0xdd00).contains(&c).then_some(c as u8)).collect();
            // Codecs that know this handler write what can be written, and fail on the rest; others go by all or nothing.
            let partial = matches!(encoding, "utf-8" | "ascii" | "latin-1") && !bytes.is_empty();
            let end = f.start + bytes.len();
            (partial || end == f.end).then_some((Replacement::Bytes(bytes), end))
        }
        Handler::SurrogatePass => {
            let (unit, big) = utf_of(encoding)?;
            let mut out = Vec::new();
            for c in bad {
                if !is_surrogate(c) {
                    return None;
                }
                match (unit, big) {
                    (1, _) => utf8::push_code_point(&mut out, c),
                    (2, false) => out.extend_from_slice(&(c as u16).to_le_bytes()),
                    (2, true) => out.extend_from_slice(&(c as u16).to_be_bytes()),
                    (_, false) => out.extend_from_slice(&c.to_le_bytes()),
                    (_, true) => out.extend_from_slice(&c.to_be_bytes()),
                }
            }
            Some((Replacement::Bytes(out), f.end))
        }
    }
}

fn push_backslash(out: &mut Vec<u8>, c: u32) {
    match c {
        0..0x100 => push_escape(out, b'x', 2, c),
        0x100..0x10000 => push_escape(out, b'u', 4, c),
        _ => push_escape(out, b'U', 8, c),
    }
}

/// An error that a built-in handler did not remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecError {
    /// The encoding's name.
    pub encoding: &'static str,
    /// Where and why.
    pub failure: Failure,
}

/// Decodes with a built-in handler.
impl DecodeErrors for Handler {
    type Error = CodecError;

    fn handle(&mut self, encoding: &'static str, input: &[u8], failure: Failure) -> Result<DecodeReply, CodecError> {
        let (text, resume) = decoded(*self, encoding, input, failure).ok_or(CodecError { encoding, failure })?;
        Ok(DecodeReply { text, resume, input: None })
    }
}

/// Encodes a text with a built-in handler.
#[derive(Debug)]
pub struct Handled<'a, U: ?Sized>(pub Handler, pub &'a U);

impl<U: Units + ?Sized> EncodeErrors for Handled<'_, U> {
    type Error = CodecError;

    fn handle(&mut self, encoding: &'static str, failure: Failure) -> Result<(Replacement, usize), CodecError> {
        encoded(self.0, encoding, self.1, failure).ok_or(CodecError { encoding, failure })
    }

    fn raise(&mut self, encoding: &'static str, failure: Failure) -> CodecError {
        CodecError { encoding, failure }
    }
}
