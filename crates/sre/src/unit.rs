//! Code units of the text.

/// A code unit: one, two or four bytes that are one character.
pub trait Unit: Copy + Eq {
    /// The character.
    fn code(self) -> u32;

    /// The unit of a character, if it has one.
    fn from_code(c: u32) -> Option<Self>;

    /// The first place of a unit.
    fn find(s: &[Self], c: Self) -> Option<usize> {
        s.iter().position(|&x| x == c)
    }

    /// The first place of a word. `bytes` is the same word as bytes with its searcher, where it has such.
    fn find_word(s: &[Self], word: &[u32], _bytes: Option<&memchr::memmem::Finder<'static>>) -> Option<usize> {
        let first = Self::from_code(*word.first()?)?;
        let last = s.len().checked_sub(word.len() - 1)?;
        let mut at = 0;
        while at < last {
            at += Self::find(&s[at..last], first)?;
            if s[at + 1..].iter().zip(&word[1..]).all(|(x, &c)| x.code() == c) {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}

impl Unit for u8 {
    #[inline]
    fn code(self) -> u32 {
        u32::from(self)
    }

    #[inline]
    fn from_code(c: u32) -> Option<Self> {
        u8::try_from(c).ok()
    }

    #[inline]
    fn find(s: &[Self], c: Self) -> Option<usize> {
        memchr::memchr(c, s)
    }

    fn find_word(s: &[Self], _word: &[u32], bytes: Option<&memchr::memmem::Finder<'static>>) -> Option<usize> {
        bytes?.find(s)
    }
}

impl Unit for u16 {
    #[inline]
    fn code(self) -> u32 {
        u32::from(self)
    }

    #[inline]
    fn from_code(c: u32) -> Option<Self> {
        u16::try_from(c).ok()
    }
}

impl Unit for u32 {
    #[inline]
    fn code(self) -> u32 {
        self
    }

    #[inline]
    fn from_code(c: u32) -> Option<Self> {
        Some(c)
    }
}
