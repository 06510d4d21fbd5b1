//! What the character database says about one character. The tables are in `taipan-unicode`; ASCII is answered here.

use taipan_unicode::{case, chars};

pub use chars::{
    is_alnum, is_alpha, is_case_ignorable, is_cased, is_digit, is_lower, is_numeric, is_title, is_upper,
    is_xid_continue as is_identifier_part, is_xid_start as is_identifier_start,
};

/// Whether `repr` shows the character as it is.
#[inline]
pub fn is_printable(c: u32) -> bool {
    if c < 0x80 { (0x20..0x7F).contains(&c) } else { chars::is_printable(c) }
}

/// White space.
#[inline]
pub fn is_space(c: u32) -> bool {
    if c < 0x80 { matches!(c, 9..=13 | 28..=32) } else { chars::is_space(c) }
}

/// Ends a line for `splitlines`.
#[inline]
pub fn is_line_break(c: u32) -> bool {
    if c < 0x80 { matches!(c, 10..=13 | 28..=30) } else { chars::is_linebreak(c) }
}

/// The value of a decimal digit.
#[inline]
pub fn decimal(c: u32) -> Option<u32> {
    if c < 0x80 { (c.wrapping_sub(0x30) < 10).then(|| c - 0x30) } else { chars::to_decimal(c) }
}

/// Whether the character is a decimal digit.
#[inline]
pub fn is_decimal(c: u32) -> bool {
    decimal(c).is_some()
}

/// Gives `f` the full lowercase mapping, without regard to context.
pub fn to_lower(c: u32, f: impl FnMut(u32)) {
    case::lower(c).iter().copied().for_each(f);
}

/// Gives `f` the full uppercase mapping.
pub fn to_upper(c: u32, f: impl FnMut(u32)) {
    case::upper(c).iter().copied().for_each(f);
}

/// Gives `f` the full titlecase mapping.
pub fn to_title(c: u32, f: impl FnMut(u32)) {
    case::title(c).iter().copied().for_each(f);
}

/// Gives `f` the full case folding.
pub fn to_folded(c: u32, f: impl FnMut(u32)) {
    case::fold(c).iter().copied().for_each(f);
}
