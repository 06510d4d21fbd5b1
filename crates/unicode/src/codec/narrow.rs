//! Codecs with one byte per character: ASCII, Latin-1 and character maps.

use super::{Decoder, Encoder, Failure, Sink, Step, Units, ascii_prefix, failed};

/// Decodes ASCII.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsciiDecoder;

impl Decoder for AsciiDecoder {
    fn name(&self) -> &'static str {
        "ascii"
    }

    fn run<S: Sink>(&mut self, input: &[u8], pos: usize, _last: bool, out: &mut S) -> Step {
        let n = pos + ascii_prefix(&input[pos..]);
        out.extend_ascii(&input[pos..n]);
        if n == input.len() { Step::Done(n) } else { failed(n, n + 1, "ordinal not in range(128)") }
    }
}

/// Decodes Latin-1, which never fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latin1Decoder;

impl Decoder for Latin1Decoder {
    fn name(&self) -> &'static str {
        "latin-1"
    }

    fn run<S: Sink>(&mut self, input: &[u8], pos: usize, _last: bool, out: &mut S) -> Step {
        out.extend_latin1(&input[pos..]);
        Step::Done(input.len())
    }
}

/// Encodes ASCII or Latin-1.
#[derive(Clone, Copy, Debug)]
pub struct NarrowEncoder {
    limit: u32,
}

impl NarrowEncoder {
    /// For ASCII.
    pub const ASCII: NarrowEncoder = NarrowEncoder { limit: 128 };
    /// For Latin-1.
    pub const LATIN1: NarrowEncoder = NarrowEncoder { limit: 256 };
}

impl Encoder for NarrowEncoder {
    fn name(&self) -> &'static str {
        if self.limit == 128 { "ascii" } else { "latin-1" }
    }

    fn run<U: Units + ?Sized>(&mut self, text: &U, mut pos: usize, out: &mut Vec<u8>) -> Option<Failure> {
        if let Some(bytes) = text.bytes() {
            let n = if self.limit == 128 { ascii_prefix(&bytes[pos..]) } else { bytes.len() - pos };
            out.extend_from_slice(&bytes[pos..pos + n]);
            pos += n;
        } else {
            out.reserve(text.len() - pos);
            while pos < text.len() && text.at(pos) < self.limit {
                out.push(text.at(pos) as u8);
                pos += 1;
            }
        }
        if pos == text.len() {
            return None;
        }
        let end = (pos..text.len()).find(|&i| text.at(i) < self.limit).unwrap_or(text.len());
        let reason = if self.limit == 128 { "ordinal not in range(128)" } else { "ordinal not in range(256)" };
        Some(Failure { start: pos, end, reason })
    }

    fn replacement(&mut self, text: &[u32], out: &mut Vec<u8>) -> bool {
        text.iter().all(|&c| {
            out.push(c as u8);
            c < self.limit
        })
    }
}

const UNDEFINED: &str = "character maps to <undefined>";

/// Decodes by a table of characters, as `codecs.charmap_decode` does with a string.
#[derive(Clone, Copy, Debug)]
pub struct CharmapDecoder<'a> {
    /// The character of each byte; U+FFFE, or a table that is too short, means that there is none.
    pub table: &'a [u32],
}

impl Decoder for CharmapDecoder<'_> {
    fn name(&self) -> &'static str {
        "charmap"
    }

    fn run<S: Sink>(&mut self, input: &[u8], pos: usize, _last: bool, out: &mut S) -> Step {
        for (i, &b) in input.iter().enumerate().skip(pos) {
            match self.table.get(usize::from(b)) {
                Some(&c) if c != 0xfffe => out.push(c),
                _ => return failed(i, i + 1, UNDEFINED),
            }
        }
        Step::Done(input.len())
    }
}

/// The inverse of a decoding table, as `codecs.charmap_build` makes it.
#[derive(Clone, Debug)]
pub struct EncodingMap {
    /// The bytes of the characters below 256; `None` where there is none.
    low: [Option<u8>; 256],
    /// The others, in order.
    high: Vec<(u32, u8)>,
}

impl EncodingMap {
    /// Inverts a table. Where two bytes stand for one character, the last one wins.
    pub fn new(table: &[u32]) -> Self {
        let mut map = EncodingMap { low: [None; 256], high: Vec::new() };
        for (b, &c) in table.iter().enumerate().take(256) {
            if c == 0xfffe {
                continue;
            }
            match map.low.get_mut(c as usize) {
                Some(slot) => *slot = Some(b as u8),
                None => map.high.push((c, b as u8)),
            }
        }
        // Later bytes first within one character, so that they survive.
        map.high.sort_by_key(|&(c, b)| (c, std::cmp::Reverse(b)));
        map.high.dedup_by_key(|x| x.0);
        map
    }

    /// The byte of a character.
    #[inline]
    pub fn get(&self, c: u32) -> Option<u8> {
        match self.low.get(c as usize) {
            Some(&b) => b,
            None => self.high.binary_search_by_key(&c, |x| x.0).ok().map(|i| self.high[i].1),
        }
    }

    /// The bytes the map takes in memory.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.high.capacity() * size_of::<(u32, u8)>()
    }
}

/// Encodes by an encoding map.
#[derive(Clone, Copy, Debug)]
pub struct CharmapEncoder<'a> {
    /// The map.
    pub map: &'a EncodingMap,
}

impl Encoder for CharmapEncoder<'_> {
    fn name(&self) -> &'static str {
        "charmap"
    }

    fn run<U: Units + ?Sized>(&mut self, text: &U, pos: usize, out: &mut Vec<u8>) -> Option<Failure> {
        for i in pos..text.len() {
            match self.map.get(text.at(i)) {
                Some(b) => out.push(b),
                None => {
                    let mapped = |&j: &usize| self.map.get(text.at(j)).is_some();
                    let end = (i..text.len()).find(mapped).unwrap_or(text.len());
                    return Some(Failure { start: i, end, reason: UNDEFINED });
                }
            }
        }
        None
    }

    fn replacement(&mut self, text: &[u32], out: &mut Vec<u8>) -> bool {
        text.iter().all(|&c| self.map.get(c).map(|b| out.push(b)).is_some())
    }
}
