//! The built-in codecs: between bytes and code points.
//!
//! A codec runs until something is wrong; the driver ([`decode`], [`encode`]) then asks the error handler, which answers
//! with a replacement and the position to go on from. What an error handler may do is what Python's may.

pub mod escape;
pub mod handlers;
pub mod narrow;
mod sink;
#[cfg(test)]
mod tests;
pub mod utf16;
pub mod utf32;
pub mod utf7;
pub mod utf8;

use std::borrow::Cow;

pub use sink::{Sink, Text, TextBuilder};

/// Where and why a codec stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The first offending position.
    pub start: usize,
    /// The position past the last one.
    pub end: usize,
    /// The reason, as Python words it.
    pub reason: &'static str,
}

/// How a decoder's run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All was decoded that can be; so many bytes were consumed.
    Done(usize),
    /// Something is wrong.
    Failed(Failure),
}

/// A decoder. State that outlives an error (byte order, shift state) lives in it.
pub trait Decoder {
    /// The encoding's name in errors.
    fn name(&self) -> &'static str;

    /// Decodes from `pos` until the end or an error. Unless `last`, an incomplete sequence at the end is left alone.
    fn run<S: Sink>(&mut self, input: &[u8], pos: usize, last: bool, out: &mut S) -> Step;
}

/// What a decoding error handler answers.
#[derive(Clone, Debug, Default)]
pub struct DecodeReply {
    /// What to write instead.
    pub text: Vec<u32>,
    /// Where to go on.
    pub resume: usize,
    /// Other input to go on with (a handler may exchange the exception's object).
    pub input: Option<Vec<u8>>,
}

/// Handles decoding errors.
pub trait DecodeErrors {
    /// What is raised.
    type Error;

    /// Replaces or raises. `resume` of the reply must lie within the input.
    fn handle(&mut self, encoding: &'static str, input: &[u8], failure: Failure) -> Result<DecodeReply, Self::Error>;
}

/// Decodes; returns how many bytes were consumed (all of them if `last`).
pub fn decode<D: Decoder, S: Sink, H: DecodeErrors>(
    decoder: &mut D,
    input: &[u8],
    last: bool,
    out: &mut S,
    errors: &mut H,
) -> Result<usize, H::Error> {
    let mut input = Cow::Borrowed(input);
    let mut pos = 0;
    loop {
        match decoder.run(&input, pos, last, out) {
            Step::Done(consumed) => return Ok(consumed),
            Step::Failed(failure) => {
                let reply = errors.handle(decoder.name(), &input, failure)?;
                if let Some(other) = reply.input {
                    input = Cow::Owned(other);
                }
                out.extend_codes(&reply.text);
                pos = reply.resume.min(input.len());
            }
        }
    }
}

/// Text as an encoder reads it.
pub trait Units {
    /// How many code points.
    fn len(&self) -> usize;

    /// The code point at an index below `len`.
    fn at(&self, i: usize) -> u32;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, if each code point is stored as one.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }
}

macro_rules! units {
    ($($t:ty)*) => {$(
        impl Units for [$t] {
            #[inline]
            fn len(&self) -> usize {
                <[$t]>::len(self)
            }

            #[inline]
            fn at(&self, i: usize) -> u32 {
                u32::from(self[i])
            }
        }
    )*};
}

units!(u16 u32);

impl Units for [u8] {
    #[inline]
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    #[inline]
    fn at(&self, i: usize) -> u32 {
        u32::from(self[i])
    }

    #[inline]
    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// An encoder.
pub trait Encoder {
    /// The encoding's name in errors.
    fn name(&self) -> &'static str;

    /// Encodes from `pos` until the end (None) or an error.
    fn run<U: Units + ?Sized>(&mut self, text: &U, pos: usize, out: &mut Vec<u8>) -> Option<Failure>;

    /// Encodes what an error handler put in place of an error; false if that cannot be encoded either.
    fn replacement(&mut self, text: &[u32], out: &mut Vec<u8>) -> bool;

    /// Whether bytes put in place of an error keep the alignment of code units.
    fn accepts_bytes(&self, _bytes: &[u8]) -> bool {
        true
    }
}

/// What stands in place of an encoding error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// Bytes, written as they are.
    Bytes(Vec<u8>),
    /// Text, encoded in turn.
    Text(Vec<u32>),
}

/// Handles encoding errors.
pub trait EncodeErrors {
    /// What is raised.
    type Error;

    /// Replaces or raises; also tells where to go on.
    fn handle(&mut self, encoding: &'static str, failure: Failure) -> Result<(Replacement, usize), Self::Error>;

    /// Raises, since the replacement cannot be encoded.
    fn raise(&mut self, encoding: &'static str, failure: Failure) -> Self::Error;
}

/// Encodes.
pub fn encode<E: Encoder, U: Units + ?Sized, H: EncodeErrors>(
    encoder: &mut E,
    text: &U,
    out: &mut Vec<u8>,
    errors: &mut H,
) -> Result<(), H::Error> {
    let mut pos = 0;
    while let Some(failure) = encoder.run(text, pos, out) {
        let (replacement, resume) = errors.handle(encoder.name(), failure)?;
        let fits = match replacement {
            Replacement::Bytes(b) => {
                let fits = encoder.accepts_bytes(&b);
                out.extend_from_slice(&b);
                fits
            }
            Replacement::Text(t) => encoder.replacement(&t, out),
        };
        if !fits {
            return Err(errors.raise(encoder.name(), failure));
        }
        pos = resume.min(text.len());
    }
    Ok(())
}

/// The length of the ASCII prefix, a word at a time.
#[inline]
pub fn ascii_prefix(s: &[u8]) -> usize {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (chunks, _) = s.as_chunks::<32>();
    let mut n = 0;
    for c in chunks {
        let (words, _) = c.as_chunks::<8>();
        let any = words.iter().fold(0, |x, w| x | u64::from_le_bytes(*w));
        if any & HIGH != 0 {
            break;
        }
        n += 32;
    }
    let (words, _) = s[n..].as_chunks::<8>();
    for w in words {
        let bits = u64::from_le_bytes(*w) & HIGH;
        if bits != 0 {
            return n + bits.trailing_zeros() as usize / 8;
        }
        n += 8;
    }
    n + s[n..].iter().take_while(|b| b.is_ascii()).count()
}

fn is_surrogate(c: u32) -> bool {
    (0xd800..0xe000).contains(&c)
}

fn failed(start: usize, end: usize, reason: &'static str) -> Step {
    Step::Failed(Failure { start, end, reason })
}
