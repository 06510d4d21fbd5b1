//! Formatting by format specifications (PEP 3101) and by the `%` operator.
//!
//! Results go to a [`Sink`] of code points, so that a string object under construction can take them directly.

pub mod number;
pub mod percent;
pub mod spec;

#[cfg(test)]
mod tests;

pub use number::{Locale, format_complex, format_float, format_int};
pub use spec::{Align, Grouping, Spec, SpecError, StrLayout};

/// Takes formatted text.
pub trait Sink {
    /// The same code point `n` times.
    fn fill(&mut self, c: u32, n: usize);
    /// ASCII text.
    fn ascii(&mut self, s: &[u8]);
    /// Other text.
    fn text(&mut self, s: &[u32]);
}

impl Sink for Vec<u32> {
    fn fill(&mut self, c: u32, n: usize) {
        self.resize(self.len() + n, c);
    }

    fn ascii(&mut self, s: &[u8]) {
        self.extend(s.iter().map(|&c| u32::from(c)));
    }

    fn text(&mut self, s: &[u32]) {
        self.extend_from_slice(s);
    }
}

/// Takes ASCII text only; what else comes becomes a question mark. For `bytes` formatting.
impl Sink for Vec<u8> {
    fn fill(&mut self, c: u32, n: usize) {
        self.resize(self.len() + n, u8::try_from(c).unwrap_or(b'?'));
    }

    fn ascii(&mut self, s: &[u8]) {
        self.extend_from_slice(s);
    }

    fn text(&mut self, s: &[u32]) {
        self.extend(s.iter().map(|&c| u8::try_from(c).unwrap_or(b'?')));
    }
}
