//! UTF-16.

use super::utf32::ByteOrder;
use super::{Decoder, Encoder, Failure, Sink, Step, Units, failed, is_surrogate};

/// Decodes UTF-16. The byte order may be settled by a byte order mark.
#[derive(Clone, Copy, Debug)]
pub struct Utf16Decoder {
    /// The byte order, once it is known.
    pub order: ByteOrder,
}

impl Decoder for Utf16Decoder {
    fn name(&self) -> &'static str {
        if self.order.is_big() { "utf-16-be" } else { "utf-16-le" }
    }

    fn run<S: Sink>(&mut self, input: &[u8], mut pos: usize, last: bool, out: &mut S) -> Step {
        if self.order == ByteOrder::Unknown && pos == 0 {
            self.order = match input {
                [0xff, 0xfe, ..] => ByteOrder::Little,
                [0xfe, 0xff, ..] => ByteOrder::Big,
                [_, _, ..] => ByteOrder::Native,
                _ => ByteOrder::Unknown,
            };
            if matches!(self.order, ByteOrder::Little | ByteOrder::Big) {
                pos = 2;
            }
        }
        let big = self.order.is_big();
        let unit = |i: usize| match input.get(i..i + 2) {
            Some(&[a, b]) => {
                Some(if big { u32::from(a) << 8 | u32::from(b) } else { u32::from(b) << 8 | u32::from(a) })
            }
            _ => None,
        };
        loop {
            match unit(pos) {
                None if pos >= input.len() || !last => return Step::Done(pos.min(input.len())),
                None => return failed(pos, input.len(), "truncated data"),
                Some(c) if !is_surrogate(c) => {
                    out.push(c);
                    pos += 2;
                }
                Some(c) if c >= 0xdc00 => return failed(pos, pos + 2, "illegal encoding"),
                Some(c) => match unit(pos + 2) {
                    Some(d @ 0xdc00..0xe000) => {
                        out.push(0x10000 + ((c & 0x3ff) << 10 | d & 0x3ff));
                        pos += 4;
                    }
                    Some(_) => return failed(pos, pos + 2, "illegal UTF-16 surrogate"),
                    None if last => return failed(pos, input.len(), "unexpected end of data"),
                    None => return Step::Done(pos),
                },
            }
        }
    }
}

/// Encodes UTF-16. With an unknown byte order it writes a byte order mark first, in the native order.
#[derive(Clone, Copy, Debug)]
pub struct Utf16Encoder {
    order: ByteOrder,
    mark: bool,
}

impl Utf16Encoder {
    /// An encoder for a byte order.
    pub fn new(order: ByteOrder) -> Self {
        Utf16Encoder { order, mark: order == ByteOrder::Unknown }
    }

    fn put(&self, out: &mut Vec<u8>, unit: u32) {
        let unit = unit as u16;
        out.extend_from_slice(&if self.order.is_big() { unit.to_be_bytes() } else { unit.to_le_bytes() });
    }
}

impl Encoder for Utf16Encoder {
    fn name(&self) -> &'static str {
        match self.order {
            ByteOrder::Unknown | ByteOrder::Native => "utf-16",
            ByteOrder::Little => "utf-16-le",
            ByteOrder::Big => "utf-16-be",
        }
    }

    fn run<U: Units + ?Sized>(&mut self, text: &U, pos: usize, out: &mut Vec<u8>) -> Option<Failure> {
        if std::mem::take(&mut self.mark) {
            self.put(out, 0xfeff);
        }
        out.reserve(2 * (text.len() - pos));
        for i in pos..text.len() {
            let c = text.at(i);
            if is_surrogate(c) {
                return Some(Failure { start: i, end: i + 1, reason: "surrogates not allowed" });
            }
            if c >= 0x10000 {
                let c = c - 0x10000;
                self.put(out, 0xd800 | c >> 10);
                self.put(out, 0xdc00 | c & 0x3ff);
            } else {
                self.put(out, c);
            }
        }
        None
    }

    fn replacement(&mut self, text: &[u32], out: &mut Vec<u8>) -> bool {
        text.iter().all(|&c| {
            self.put(out, c);
            c < 0x80
        })
    }

    fn accepts_bytes(&self, bytes: &[u8]) -> bool {
        bytes.len().is_multiple_of(2)
    }
}
