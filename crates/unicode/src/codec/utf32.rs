//! UTF-32.

use super::{Decoder, Encoder, Failure, Sink, Step, Units, failed, is_surrogate};

/// The order of bytes in a code unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Not known yet: a byte order mark decides, or else the machine.
    Unknown,
    /// As the machine has it; no byte order mark was found.
    Native,
    /// Least significant first.
    Little,
    /// Most significant first.
    Big,
}

impl ByteOrder {
    pub(super) fn is_big(self) -> bool {
        match self {
            ByteOrder::Big => true,
            ByteOrder::Little => false,
            ByteOrder::Unknown | ByteOrder::Native => cfg!(target_endian = "big"),
        }
    }

    /// The number by which Python's codec functions name it: -1 little, 1 big, 0 otherwise.
    pub fn number(self) -> i32 {
        match self {
            ByteOrder::Little => -1,
            ByteOrder::Big => 1,
            ByteOrder::Unknown | ByteOrder::Native => 0,
        }
    }
}

/// Decodes UTF-32. The byte order may be settled by a byte order mark.
#[derive(Clone, Copy, Debug)]
pub struct Utf32Decoder {
    /// The byte order, once it is known.
    pub order: ByteOrder,
}

impl Decoder for Utf32Decoder {
    fn name(&self) -> &'static str {
        if self.order.is_big() { "utf-32-be" } else { "utf-32-le" }
    }

    fn run<S: Sink>(&mut self, input: &[u8], mut pos: usize, last: bool, out: &mut S) -> Step {
        if self.order == ByteOrder::Unknown && pos == 0 {
            self.order = match input {
                [0xff, 0xfe, 0, 0, ..] => ByteOrder::Little,
                [0, 0, 0xfe, 0xff, ..] => ByteOrder::Big,
                [_, _, _, _, ..] => ByteOrder::Native,
                _ => ByteOrder::Unknown,
            };
            if matches!(self.order, ByteOrder::Little | ByteOrder::Big) {
                pos = 4;
            }
        }
        let big = self.order.is_big();
        loop {
            let Some(&[a, b, c, d]) = input.get(pos..pos + 4) else {
                if pos < input.len() && last {
                    return failed(pos, input.len(), "truncated data");
                }
                return Step::Done(pos.min(input.len()));
            };
            let c = if big { u32::from_be_bytes([a, b, c, d]) } else { u32::from_le_bytes([a, b, c, d]) };
            if is_surrogate(c) {
                return failed(pos, pos + 4, "code point in surrogate code point range(0xd800, 0xe000)");
            }
            if c >= 0x11_0000 {
                return failed(pos, pos + 4, "code point not in range(0x110000)");
            }
            out.push(c);
            pos += 4;
        }
    }
}

/// Encodes UTF-32. With an unknown byte order it writes a byte order mark first, in the native order.
#[derive(Clone, Copy, Debug)]
pub struct Utf32Encoder {
    order: ByteOrder,
    mark: bool,
}

impl Utf32Encoder {
    /// An encoder for a byte order.
    pub fn new(order: ByteOrder) -> Self {
        Utf32Encoder { order, mark: order == ByteOrder::Unknown }
    }

    fn put(&self, out: &mut Vec<u8>, c: u32) {
        out.extend_from_slice(&if self.order.is_big() { c.to_be_bytes() } else { c.to_le_bytes() });
    }
}

impl Encoder for Utf32Encoder {
    fn name(&self) -> &'static str {
        match self.order {
            ByteOrder::Unknown | ByteOrder::Native => "utf-32",
            ByteOrder::Little => "utf-32-le",
            ByteOrder::Big => "utf-32-be",
        }
    }

    fn run<U: Units + ?Sized>(&mut self, text: &U, pos: usize, out: &mut Vec<u8>) -> Option<Failure> {
        if std::mem::take(&mut self.mark) {
            self.put(out, 0xfeff);
        }
        out.reserve(4 * (text.len() - pos));
        for i in pos..text.len() {
            let c = text.at(i);
            if is_surrogate(c) {
                return Some(Failure { start: i, end: i + 1, reason: "surrogates not allowed" });
            }
            self.put(out, c);
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
        bytes.len().is_multiple_of(4)
    }
}
