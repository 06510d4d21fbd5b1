//! Piecewise construction of a string whose width is not known beforehand.

use super::{Str, StrData};
use crate::error::{PyResult, no_memory};
use crate::header::Ref;

enum Buffer {
    Latin1(Vec<u8>),
    Ucs2(Vec<u16>),
    Ucs4(Vec<u32>),
}

/// A growing string that widens as wider characters come.
pub struct StrBuilder {
    buffer: Buffer,
}

impl Default for StrBuilder {
    fn default() -> Self {
        StrBuilder::new()
    }
}

impl StrBuilder {
    /// An empty one.
    pub fn new() -> StrBuilder {
        StrBuilder { buffer: Buffer::Latin1(Vec::new()) }
    }

    /// An empty one with room for `n` narrow characters.
    pub fn with_capacity(n: usize) -> StrBuilder {
        StrBuilder { buffer: Buffer::Latin1(Vec::with_capacity(n)) }
    }

    /// Number of characters so far.
    pub fn len(&self) -> usize {
        match &self.buffer {
            Buffer::Latin1(v) => v.len(),
            Buffer::Ucs2(v) => v.len(),
            Buffer::Ucs4(v) => v.len(),
        }
    }

    /// Whether nothing was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[cold]
    fn widen_for(&mut self, c: u32) {
        self.buffer = match (std::mem::replace(&mut self.buffer, Buffer::Latin1(Vec::new())), c) {
            (Buffer::Latin1(v), 0x100..0x10000) => Buffer::Ucs2(widened(&v)),
            (Buffer::Latin1(v), 0x10000..) => Buffer::Ucs4(widened(&v)),
            (Buffer::Ucs2(v), 0x10000..) => Buffer::Ucs4(widened(&v)),
            (b, _) => b,
        };
    }

    /// Appends one character.
    #[inline]
    pub fn push_char(&mut self, c: u32) {
        match &mut self.buffer {
            Buffer::Latin1(v) if c < 0x100 => v.push(c as u8),
            Buffer::Ucs2(v) if c < 0x10000 => v.push(c as u16),
            Buffer::Ucs4(v) => v.push(c),
            _ => {
                self.widen_for(c);
                self.push_char(c);
            }
        }
    }

    /// Appends one character of Rust's.
    #[inline]
    pub fn push(&mut self, c: char) {
        self.push_char(c.into());
    }

    /// Makes sure that `n` more characters can be pushed; `MemoryError` when they cannot.
    pub fn try_reserve(&mut self, n: usize) -> PyResult<()> {
        match &mut self.buffer {
            Buffer::Latin1(v) => v.try_reserve(n),
            Buffer::Ucs2(v) => v.try_reserve(n),
            Buffer::Ucs4(v) => v.try_reserve(n),
        }
        .map_err(|_| no_memory())
    }

    /// Appends `n` times the same character; `MemoryError` when there is no room.
    pub fn push_repeated(&mut self, c: u32, n: usize) -> PyResult<()> {
        self.widen_for(c);
        self.try_reserve(n)?;
        match &mut self.buffer {
            Buffer::Latin1(v) => v.resize(v.len() + n, c as u8),
            Buffer::Ucs2(v) => v.resize(v.len() + n, c as u16),
            Buffer::Ucs4(v) => v.resize(v.len() + n, c),
        }
        Ok(())
    }

    /// Appends characters below 256.
    #[inline]
    pub fn push_latin1(&mut self, b: &[u8]) {
        self.push_data(StrData::Latin1(b));
    }

    /// Appends Rust's text.
    #[inline]
    pub fn push_str(&mut self, s: &str) {
        if s.is_ascii() {
            self.push_latin1(s.as_bytes());
        } else {
            s.chars().for_each(|c| self.push(c));
        }
    }

    /// Appends a whole string.
    #[inline]
    pub fn push_pystr(&mut self, s: &Str) {
        self.push_data(s.data());
    }

    /// Appends the characters of `s` from `a` to `b`.
    #[inline]
    pub fn push_substring(&mut self, s: &Str, a: usize, b: usize) {
        self.push_data(s.data().slice(a, b));
    }

    /// Appends characters of any width.
    pub fn push_data(&mut self, d: StrData<'_>) {
        match (&mut self.buffer, d) {
            (Buffer::Latin1(v), StrData::Latin1(u)) => v.extend_from_slice(u),
            (Buffer::Ucs2(v), StrData::Ucs2(u)) => v.extend_from_slice(u),
            (Buffer::Ucs4(v), StrData::Ucs4(u)) => v.extend_from_slice(u),
            (Buffer::Ucs2(v), StrData::Latin1(u)) => v.extend(u.iter().map(|&c| u16::from(c))),
            (Buffer::Ucs4(v), StrData::Latin1(u)) => v.extend(u.iter().map(|&c| u32::from(c))),
            (Buffer::Ucs4(v), StrData::Ucs2(u)) => v.extend(u.iter().map(|&c| u32::from(c))),
            (_, StrData::Ucs2(u)) => u.iter().for_each(|&c| self.push_char(c.into())),
            (_, StrData::Ucs4(u)) => u.iter().for_each(|&c| self.push_char(c)),
        }
    }

    /// The characters so far.
    pub fn data(&self) -> StrData<'_> {
        match &self.buffer {
            Buffer::Latin1(v) => StrData::Latin1(v),
            Buffer::Ucs2(v) => StrData::Ucs2(v),
            Buffer::Ucs4(v) => StrData::Ucs4(v),
        }
    }

    /// Drops all characters after the first `n`.
    pub fn truncate(&mut self, n: usize) {
        match &mut self.buffer {
            Buffer::Latin1(v) => v.truncate(n),
            Buffer::Ucs2(v) => v.truncate(n),
            Buffer::Ucs4(v) => v.truncate(n),
        }
    }

    /// The string.
    pub fn finish(self) -> Ref<Str> {
        Str::from_data(self.data())
    }
}

impl std::fmt::Write for StrBuilder {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        self.push_str(s);
        Ok(())
    }
}

fn widened<A: Copy, B: From<A>>(v: &[A]) -> Vec<B> {
    let mut out = Vec::with_capacity(v.len() * 2 + 8);
    out.extend(v.iter().map(|&c| B::from(c)));
    out
}
