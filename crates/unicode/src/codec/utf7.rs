//! UTF-7.

use super::{Decoder, Encoder, Failure, Sink, Step, Units, failed};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(b: u8) -> Option<u32> {
    Some(match b {
        b'A'..=b'Z' => u32::from(b - b'A'),
        b'a'..=b'z' => u32::from(b - b'a') + 26,
        b'0'..=b'9' => u32::from(b - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Decodes UTF-7.
#[derive(Clone, Debug, Default)]
pub struct Utf7Decoder {
    shift: Option<Shift>,
}

/// What is known within a base64 sequence.
#[derive(Clone, Debug, Default)]
struct Shift {
    /// Where it began.
    start: usize,
    bits: u32,
    buffer: u32,
    /// A high surrogate that waits for its low one.
    high: u32,
    /// What was decoded: it counts only once the sequence has ended, or an error or the end of all input has come.
    text: Vec<u32>,
}

impl Shift {
    fn take(&mut self, value: u32) {
        self.buffer = self.buffer << 6 | value;
        self.bits += 6;
        if self.bits < 16 {
            return;
        }
        self.bits -= 16;
        let unit = self.buffer >> self.bits;
        self.buffer &= (1 << self.bits) - 1;
        if self.high != 0 {
            if (0xdc00..0xe000).contains(&unit) {
                self.text.push(0x10000 + ((self.high & 0x3ff) << 10 | unit & 0x3ff));
                self.high = 0;
                return;
            }
            self.text.push(self.high);
            self.high = 0;
        }
        if (0xd800..0xdc00).contains(&unit) {
            self.high = unit;
        } else {
            self.text.push(unit);
        }
    }
}

impl Decoder for Utf7Decoder {
    fn name(&self) -> &'static str {
        "utf7"
    }

    fn run<S: Sink>(&mut self, input: &[u8], mut pos: usize, last: bool, out: &mut S) -> Step {
        while let Some(&b) = input.get(pos) {
            if let Some(shift) = &mut self.shift {
                if let Some(value) = base64(b) {
                    shift.take(value);
                    pos += 1;
                    continue;
                }
                let mut shift = self.shift.take().unwrap_or_default();
                out.extend_codes(&shift.text);
                if shift.bits >= 6 {
                    return failed(shift.start, pos + 1, "partial character in shift sequence");
                }
                if shift.bits > 0 && shift.buffer != 0 {
                    return failed(shift.start, pos + 1, "non-zero padding bits in shift sequence");
                }
                if shift.high != 0 && b.is_ascii() && b != b'+' {
                    out.push(std::mem::take(&mut shift.high));
                }
                if b == b'-' {
                    pos += 1;
                }
            } else if b == b'+' {
                match input.get(pos + 1) {
                    Some(b'-') => {
                        out.push(u32::from(b'+'));
                        pos += 2;
                    }
                    Some(&c) if base64(c).is_none() => {
                        return failed(pos, pos + 2, "ill-formed sequence");
                    }
                    _ => {
                        self.shift = Some(Shift { start: pos, ..Shift::default() });
                        pos += 1;
                    }
                }
            } else if b.is_ascii() {
                out.push(u32::from(b));
                pos += 1;
            } else {
                return failed(pos, pos + 1, "unexpected special character");
            }
        }
        let Some(shift) = self.shift.take() else {
            return Step::Done(pos);
        };
        if !last {
            // The whole sequence is decoded again when more of it has come.
            return Step::Done(shift.start);
        }
        out.extend_codes(&shift.text);
        if shift.high != 0 || shift.bits >= 6 || (shift.bits > 0 && shift.buffer > 0) {
            return failed(shift.start, input.len(), "unterminated shift sequence");
        }
        Step::Done(pos)
    }
}

/// Encodes UTF-7.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf7Encoder;

/// Whether a code point is written as itself.
fn direct(c: u32) -> bool {
    match u8::try_from(c) {
        Ok(b' ' | b'\t' | b'\n' | b'\r') => true,
        Ok(b) => b.is_ascii_graphic() && !matches!(b, b'+' | b'\\' | b'~'),
        Err(_) => false,
    }
}

impl Encoder for Utf7Encoder {
    fn name(&self) -> &'static str {
        "utf-7"
    }

    fn run<U: Units + ?Sized>(&mut self, text: &U, pos: usize, out: &mut Vec<u8>) -> Option<Failure> {
        let (mut shifted, mut buffer, mut bits) = (false, 0u32, 0u32);
        let digit = |x: u32| BASE64[(x & 63) as usize];
        for i in pos..text.len() {
            let c = text.at(i);
            if direct(c) {
                if shifted {
                    if bits > 0 {
                        out.push(digit(buffer << (6 - bits)));
                    }
                    (shifted, buffer, bits) = (false, 0, 0);
                    let b = c as u8;
                    if base64(b).is_some() || b == b'-' {
                        out.push(b'-');
                    }
                }
                out.push(c as u8);
                continue;
            }
            if !shifted {
                if c == u32::from(b'+') {
                    out.extend_from_slice(b"+-");
                    continue;
                }
                out.push(b'+');
                shifted = true;
            }
            let mut put = |unit: u32| {
                buffer = buffer << 16 | unit;
                bits += 16;
                while bits >= 6 {
                    bits -= 6;
                    out.push(digit(buffer >> bits));
                }
                buffer &= (1 << bits) - 1;
            };
            if c >= 0x10000 {
                put(0xd800 | (c - 0x10000) >> 10);
                put(0xdc00 | c & 0x3ff);
            } else {
                put(c);
            }
        }
        if bits > 0 {
            out.push(digit(buffer << (6 - bits)));
        }
        if shifted {
            out.push(b'-');
        }
        None
    }

    fn replacement(&mut self, _text: &[u32], _out: &mut Vec<u8>) -> bool {
        // Everything can be encoded: there is nothing to replace.
        false
    }
}
