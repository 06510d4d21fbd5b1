//! The codecs `unicode_escape` and `raw_unicode_escape`.

use super::{Decoder, Encoder, Failure, Sink, Step, Units, failed};
use crate::names::{self, Named};

/// Decodes `unicode_escape`.
#[derive(Clone, Copy, Debug, Default)]
pub struct EscapeDecoder {
    /// The first backslash that begins no known escape, or an octal one above 0o377: worth a warning.
    pub first_invalid: Option<InvalidEscape>,
}

/// An escape that is deprecated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidEscape {
    /// A backslash before this character, at this position (that of the character).
    Unknown(u8, usize),
    /// An octal escape of this value, at this position (that of its first digit).
    Octal(u32, usize),
}

/// Reads up to `count` hexadecimal digits; returns the value and how many there were.
fn hex(s: &[u8], count: usize) -> (u32, usize) {
    let (mut value, mut n) = (0u32, 0);
    while n < count {
        let Some(d) = s.get(n).and_then(|&b| (b as char).to_digit(16)) else {
            break;
        };
        value = value << 4 | d;
        n += 1;
    }
    (value, n)
}

impl Decoder for EscapeDecoder {
    fn name(&self) -> &'static str {
        "unicodeescape"
    }

    fn run<S: Sink>(&mut self, input: &[u8], mut pos: usize, last: bool, out: &mut S) -> Step {
        loop {
            let plain = input[pos..].iter().position(|&b| b == b'\\').unwrap_or(input.len() - pos);
            out.extend_latin1(&input[pos..pos + plain]);
            pos += plain;
            if pos == input.len() {
                return Step::Done(pos);
            }
            let start = pos;
            let Some(&b) = input.get(pos + 1) else {
                return if last { failed(start, pos + 1, "\\ at end of string") } else { Step::Done(start) };
            };
            pos += 2;
            let mut digits = |count: usize, reason: &'static str, out: &mut S| {
                let (value, n) = hex(&input[pos..], count);
                pos += n;
                if n < count {
                    return Err(if pos == input.len() && !last {
                        Step::Done(start)
                    } else {
                        failed(start, pos, reason)
                    });
                }
                if value >= 0x11_0000 {
                    return Err(failed(start, pos, "illegal Unicode character"));
                }
                out.push(value);
                Ok(())
            };
            let result = match b {
                b'\n' => Ok(()),
                b'\\' | b'\'' | b'"' => {
                    out.push(u32::from(b));
                    Ok(())
                }
                b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' => {
                    out.push(match b {
                        b'a' => 7,
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => 10,
                        b'r' => 13,
                        b't' => 9,
                        _ => 11,
                    });
                    Ok(())
                }
                b'0'..=b'7' => {
                    let more = input[pos..].iter().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
                    let value = input[pos - 1..pos + more].iter().fold(0, |x, &b| x << 3 | u32::from(b - b'0'));
                    if value > 0o377 {
                        self.first_invalid.get_or_insert(InvalidEscape::Octal(value, pos - 1));
                    }
                    pos += more;
                    out.push(value);
                    Ok(())
                }
                b'x' => digits(2, "truncated \\xXX escape", out),
                b'u' => digits(4, "truncated \\uXXXX escape", out),
                b'U' => digits(8, "truncated \\UXXXXXXXX escape", out),
                b'N' => match named(input, pos, last) {
                    Ok((c, end)) => {
                        out.push(c);
                        pos = end;
                        Ok(())
                    }
                    Err(None) => Err(Step::Done(start)),
                    Err(Some((end, reason))) => Err(failed(start, end, reason)),
                },
                _ => {
                    self.first_invalid.get_or_insert(InvalidEscape::Unknown(b, pos - 1));
                    out.push(u32::from(b'\\'));
                    out.push(u32::from(b));
                    Ok(())
                }
            };
            if let Err(step) = result {
                return step;
            }
        }
    }
}

/// Reads `{name}` at `pos`. None as error: incomplete.
fn named(input: &[u8], pos: usize, last: bool) -> Result<(u32, usize), Option<(usize, &'static str)>> {
    const MALFORMED: &str = "malformed \\N character escape";
    match input.get(pos) {
        Some(b'{') => {}
        None if !last => return Err(None),
        _ => return Err(Some((pos, MALFORMED))),
    }
    let rest = &input[pos + 1..];
    let Some(len) = rest.iter().position(|&b| b == b'}') else {
        return Err(if last { Some((input.len(), MALFORMED)) } else { None });
    };
    if len == 0 {
        return Err(Some((pos + 1, MALFORMED)));
    }
    let end = pos + 2 + len;
    match std::str::from_utf8(&rest[..len]).ok().and_then(names::lookup) {
        Some(Named::Char(c)) => Ok((c, end)),
        _ => Err(Some((end, "unknown Unicode character name"))),
    }
}

/// Decodes `raw_unicode_escape`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RawEscapeDecoder;

impl Decoder for RawEscapeDecoder {
    fn name(&self) -> &'static str {
        "rawunicodeescape"
    }

    fn run<S: Sink>(&mut self, input: &[u8], mut pos: usize, last: bool, out: &mut S) -> Step {
        loop {
            let plain = input[pos..].iter().position(|&b| b == b'\\').unwrap_or(input.len() - pos);
            out.extend_latin1(&input[pos..pos + plain]);
            pos += plain;
            if pos == input.len() {
                return Step::Done(pos);
            }
            let start = pos;
            let Some(&b) = input.get(pos + 1) else {
                if !last {
                    return Step::Done(start);
                }
                out.push(u32::from(b'\\'));
                return Step::Done(pos + 1);
            };
            pos += 2;
            let (count, reason) = match b {
                b'u' => (4, "truncated \\uXXXX escape"),
                b'U' => (8, "truncated \\UXXXXXXXX escape"),
                _ => {
                    out.extend_latin1(&[b'\\', b]);
                    continue;
                }
            };
            let (value, n) = hex(&input[pos..], count);
            pos += n;
            if n < count {
                return if pos == input.len() && !last { Step::Done(start) } else { failed(start, pos, reason) };
            }
            if value >= 0x11_0000 {
                return failed(start, pos, "\\Uxxxxxxxx out of range");
            }
            out.push(value);
        }
    }
}

/// Encodes `unicode_escape` or, if `raw`, `raw_unicode_escape`.
#[derive(Clone, Copy, Debug)]
pub struct EscapeEncoder {
    /// Leave what is below 256 as it is.
    pub raw: bool,
}

pub(super) fn push_escape(out: &mut Vec<u8>, kind: u8, digits: u32, c: u32) {
    out.extend_from_slice(&[b'\\', kind]);
    for i in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(c >> (4 * i) & 15) as usize]);
    }
}

impl Encoder for EscapeEncoder {
    fn name(&self) -> &'static str {
        if self.raw { "rawunicodeescape" } else { "unicodeescape" }
    }

    fn run<U: Units + ?Sized>(&mut self, text: &U, pos: usize, out: &mut Vec<u8>) -> Option<Failure> {
        for i in pos..text.len() {
            match text.at(i) {
                c @ 0..0x100 if self.raw => out.push(c as u8),
                0x5c => out.extend_from_slice(b"\\\\"),
                0x09 => out.extend_from_slice(b"\\t"),
                0x0a => out.extend_from_slice(b"\\n"),
                0x0d => out.extend_from_slice(b"\\r"),
                c @ 0x20..0x7f => out.push(c as u8),
                c @ 0..0x100 => push_escape(out, b'x', 2, c),
                c @ 0..0x10000 => push_escape(out, b'u', 4, c),
                c => push_escape(out, b'U', 8, c),
            }
        }
        None
    }

    fn replacement(&mut self, _text: &[u32], _out: &mut Vec<u8>) -> bool {
        // Everything can be encoded: there is nothing to replace.
        false
    }
}
