//! Case mappings.

use crate::chars::{ctype, flag, is_case_ignorable, is_cased};
use crate::tables::{CASE_TEXT, EXTENDED_CASES};

/// The simple lower-case mapping.
#[inline]
pub fn simple_lower(c: u32) -> u32 {
    c.wrapping_add_signed(ctype(c).lower)
}

/// The simple upper-case mapping.
#[inline]
pub fn simple_upper(c: u32) -> u32 {
    c.wrapping_add_signed(ctype(c).upper)
}

/// The simple title-case mapping.
#[inline]
pub fn simple_title(c: u32) -> u32 {
    c.wrapping_add_signed(ctype(c).title)
}

/// The result of a full mapping: one to three code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    codes: [u32; 3],
    len: u8,
}

impl Mapped {
    #[inline]
    fn one(c: u32) -> Self {
        Mapped { codes: [c, 0, 0], len: 1 }
    }
}

impl std::ops::Deref for Mapped {
    type Target = [u32];

    #[inline]
    fn deref(&self) -> &[u32] {
        &self.codes[..usize::from(self.len)]
    }
}

#[cold]
fn extended(number: u16, which: usize) -> Mapped {
    let (at, len) = EXTENDED_CASES[usize::from(number)][which];
    let mut codes = [0; 3];
    let n = usize::from(len).min(3);
    codes[..n].copy_from_slice(&CASE_TEXT[usize::from(at)..usize::from(at) + n]);
    Mapped { codes, len: n as u8 }
}

#[inline]
fn mapped(c: u32, which: usize) -> Mapped {
    let t = ctype(c);
    if t.flags & flag::EXTENDED != 0 {
        return extended(t.extended, which);
    }
    Mapped::one(c.wrapping_add_signed(match which {
        0 | 3 => t.lower,
        1 => t.upper,
        _ => t.title,
    }))
}

/// The full lower-case mapping, without regard to context.
#[inline]
pub fn lower(c: u32) -> Mapped {
    mapped(c, 0)
}

/// The full upper-case mapping.
#[inline]
pub fn upper(c: u32) -> Mapped {
    mapped(c, 1)
}

/// The full title-case mapping.
#[inline]
pub fn title(c: u32) -> Mapped {
    mapped(c, 2)
}

/// The full case folding.
#[inline]
pub fn fold(c: u32) -> Mapped {
    mapped(c, 3)
}

const CAPITAL_SIGMA: u32 = 0x3a3;
const SMALL_SIGMA: u32 = 0x3c3;
const FINAL_SIGMA: u32 = 0x3c2;

/// The lower-case mapping of the character at `i` in its text, where a capital sigma may become a final one.
/// `get` reads the text of `len` characters.
pub fn lower_in_context(i: usize, len: usize, get: impl Fn(usize) -> u32) -> Mapped {
    let c = get(i);
    if c != CAPITAL_SIGMA {
        return lower(c);
    }
    let before = (0..i).rev().map(&get).find(|&c| !is_case_ignorable(c)).is_some_and(is_cased);
    let after = || (i + 1..len).map(&get).find(|&c| !is_case_ignorable(c)).is_some_and(is_cased);
    Mapped::one(if before && !after() { FINAL_SIGMA } else { SMALL_SIGMA })
}
