//! UTF-8.

use super::{Decoder, Encoder, Failure, Sink, Step, Units, ascii_prefix, failed, is_surrogate};

/// Decodes UTF-8.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8Decoder;

/// One sequence that does not begin with an ASCII byte.
enum Sequence {
    Char(u32, usize),
    /// Wrong, so many bytes.
    Bad(usize, &'static str),
    /// Right as far as it goes.
    Short,
}

const BAD_START: &str = "invalid start byte";
const BAD_CONTINUATION: &str = "invalid continuation byte";

#[inline]
fn sequence(s: &[u8]) -> Sequence {
    use Sequence::*;
    let b0 = s[0];
    let (len, low, high) = match b0 {
        0xc2..=0xdf => (2, 0x80, 0xbf),
        0xe0 => (3, 0xa0, 0xbf),
        0xed => (3, 0x80, 0x9f),
        0xe1..=0xef => (3, 0x80, 0xbf),
        0xf0 => (4, 0x90, 0xbf),
        0xf1..=0xf3 => (4, 0x80, 0xbf),
        0xf4 => (4, 0x80, 0x8f),
        _ => return Bad(1, BAD_START),
    };
    let Some(&b1) = s.get(1) else { return Short };
    if !(low..=high).contains(&b1) {
        return Bad(1, BAD_CONTINUATION);
    }
    let mut c = u32::from(b0) & (0x7f >> len) << 6 >> 6;
    c = c << 6 | u32::from(b1 & 0x3f);
    for i in 2..len {
        let Some(&b) = s.get(i) else { return Short };
        if b & 0xc0 != 0x80 {
            return Bad(i, BAD_CONTINUATION);
        }
        c = c << 6 | u32::from(b & 0x3f);
    }
    Char(c, len)
}

impl Decoder for Utf8Decoder {
    fn name(&self) -> &'static str {
        "utf-8"
    }

    fn run<S: Sink>(&mut self, input: &[u8], mut pos: usize, last: bool, out: &mut S) -> Step {
        loop {
            let ascii = ascii_prefix(&input[pos..]);
            if ascii > 0 {
                out.extend_ascii(&input[pos..pos + ascii]);
                pos += ascii;
            }
            while let Some(b) = input.get(pos) {
                if b.is_ascii() {
                    break;
                }
                match sequence(&input[pos..]) {
                    Sequence::Char(c, n) => {
                        out.push(c);
                        pos += n;
                    }
                    // The first two bytes of a surrogate: whoever lets those pass needs the third.
                    Sequence::Bad(..) if !last && matches!(input[pos..], [0xed, 0xa0..=0xbf]) => {
                        return Step::Done(pos);
                    }
                    Sequence::Bad(n, reason) => return failed(pos, pos + n, reason),
                    Sequence::Short if last => {
                        return failed(pos, input.len(), "unexpected end of data");
                    }
                    Sequence::Short => return Step::Done(pos),
                }
            }
            if pos >= input.len() {
                return Step::Done(pos);
            }
        }
    }
}

/// What valid UTF-8 amounts to, so that a string of the right size and width can be made before decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// How many code points.
    pub len: usize,
    /// A bound of the code points: 0x7f, 0xff, 0xffff or 0x10ffff.
    pub max: u32,
}

/// Measures bytes if they are valid UTF-8.
pub fn measure(s: &[u8]) -> Option<Measure> {
    let n = ascii_prefix(s);
    if n == s.len() {
        return Some(Measure { len: n, max: 0x7f });
    }
    let rest = std::str::from_utf8(&s[n..]).ok()?.as_bytes();
    let continuations = rest.iter().filter(|&&b| b & 0xc0 == 0x80).count();
    let top = rest.iter().copied().max().unwrap_or(0);
    let max = match top {
        0..=0xc3 => 0xff,
        0xc4..=0xef => 0xffff,
        _ => 0x10ffff,
    };
    Some(Measure { len: s.len() - continuations, max })
}

/// The number of bytes that encoded text takes, surrogates (which are errors) counted as three.
pub fn encoded_len<U: Units + ?Sized>(text: &U) -> usize {
    (0..text.len())
        .map(|i| match text.at(i) {
            0..0x80 => 1,
            0x80..0x800 => 2,
            0x800..0x10000 => 3,
            _ => 4,
        })
        .sum()
}

/// Encodes UTF-8.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8Encoder;

/// Appends one code point, surrogates too.
#[inline]
pub fn push_code_point(out: &mut Vec<u8>, c: u32) {
    let tail = |shift: u32| 0x80 | (c >> shift & 0x3f) as u8;
    match c {
        0..0x80 => out.push(c as u8),
        0x80..0x800 => out.extend_from_slice(&[0xc0 | (c >> 6) as u8, tail(0)]),
        0x800..0x10000 => out.extend_from_slice(&[0xe0 | (c >> 12) as u8, tail(6), tail(0)]),
        _ => out.extend_from_slice(&[0xf0 | (c >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}

impl Encoder for Utf8Encoder {
    fn name(&self) -> &'static str {
        "utf-8"
    }

    fn run<U: Units + ?Sized>(&mut self, text: &U, pos: usize, out: &mut Vec<u8>) -> Option<Failure> {
        if let Some(bytes) = text.bytes() {
            let mut s = &bytes[pos..];
            out.reserve(s.len());
            while !s.is_empty() {
                let n = ascii_prefix(s);
                out.extend_from_slice(&s[..n]);
                s = &s[n..];
                let n = s.iter().take_while(|b| !b.is_ascii()).count();
                s[..n].iter().for_each(|&b| push_code_point(out, u32::from(b)));
                s = &s[n..];
            }
            return None;
        }
        out.reserve(text.len() - pos);
        for i in pos..text.len() {
            let c = text.at(i);
            if is_surrogate(c) {
                let end = (i..text.len()).find(|&j| !is_surrogate(text.at(j))).unwrap_or(text.len());
                return Some(Failure { start: i, end, reason: "surrogates not allowed" });
            }
            push_code_point(out, c);
        }
        None
    }

    fn replacement(&mut self, text: &[u32], out: &mut Vec<u8>) -> bool {
        text.iter().all(|&c| {
            out.push(c as u8);
            c < 0x80
        })
    }
}
