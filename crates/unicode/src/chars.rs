//! Properties of code points, as the methods of `str` use them. All functions take any number; what is no code point
//! has no properties.

use crate::CType;
use crate::tables::{CTYPE_BLOCKS, CTYPE_INDEX, CTYPE_SHIFT, CTYPES, NUMERIC_CODES, NUMERIC_KINDS, NUMERIC_VALUES};

/// The bits of a character type.
pub mod flag {
    /// `str.isalpha`
    pub const ALPHA: u16 = 1;
    /// `str.isdecimal`
    pub const DECIMAL: u16 = 1 << 1;
    /// `str.isdigit`
    pub const DIGIT: u16 = 1 << 2;
    /// `str.islower`
    pub const LOWER: u16 = 1 << 3;
    /// `str.splitlines` splits here
    pub const LINEBREAK: u16 = 1 << 4;
    /// `str.isspace`
    pub const SPACE: u16 = 1 << 5;
    /// title case letters (category Lt)
    pub const TITLE: u16 = 1 << 6;
    /// `str.isupper`
    pub const UPPER: u16 = 1 << 7;
    /// may begin an identifier
    pub const XID_START: u16 = 1 << 8;
    /// may go on in an identifier
    pub const XID_CONTINUE: u16 = 1 << 9;
    /// `str.isprintable`
    pub const PRINTABLE: u16 = 1 << 10;
    /// `str.isnumeric`
    pub const NUMERIC: u16 = 1 << 11;
    /// does not interrupt a word for the final sigma
    pub const CASE_IGNORABLE: u16 = 1 << 12;
    /// has case
    pub const CASED: u16 = 1 << 13;
    /// has case mappings that are not simple
    pub const EXTENDED: u16 = 1 << 14;
    /// `str.isalnum`
    pub const ALNUM: u16 = ALPHA | DECIMAL | DIGIT | NUMERIC;
}

#[inline]
pub(crate) fn ctype(c: u32) -> &'static CType {
    let block = CTYPE_BLOCKS.get((c >> CTYPE_SHIFT) as usize).copied().unwrap_or(CTYPE_BLOCKS[0x40000 >> CTYPE_SHIFT]);
    let i = (usize::from(block) << CTYPE_SHIFT) + (c & ((1 << CTYPE_SHIFT) - 1)) as usize;
    &CTYPES[usize::from(CTYPE_INDEX[i])]
}

/// All flags of a code point at once.
#[inline]
pub fn flags(c: u32) -> u16 {
    ctype(c).flags
}

macro_rules! predicates {
    ($($(#[$doc:meta])* $name:ident: $flags:ident;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(c: u32) -> bool {
            flags(c) & flag::$flags != 0
        }
    )*};
}

predicates! {
    /// A letter.
    is_alpha: ALPHA;
    /// A letter or a number of any kind.
    is_alnum: ALNUM;
    /// A decimal digit.
    is_decimal: DECIMAL;
    /// A digit, superscripts and the like included.
    is_digit: DIGIT;
    /// A number of any kind.
    is_numeric: NUMERIC;
    /// Lower case.
    is_lower: LOWER;
    /// Upper case.
    is_upper: UPPER;
    /// Title case (a category of few characters).
    is_title: TITLE;
    /// Ends a line for `str.splitlines`.
    is_linebreak: LINEBREAK;
    /// White space.
    is_space: SPACE;
    /// Printed as it is by `repr`.
    is_printable: PRINTABLE;
    /// May begin an identifier (the underscore too).
    is_xid_start: XID_START;
    /// May go on in an identifier.
    is_xid_continue: XID_CONTINUE;
    /// Has case.
    is_cased: CASED;
    /// Is passed over when the context of a sigma is examined.
    is_case_ignorable: CASE_IGNORABLE;
}

/// The value of a decimal digit.
#[inline]
pub fn to_decimal(c: u32) -> Option<u32> {
    if c < 128 {
        let d = c.wrapping_sub(u32::from(b'0'));
        return (d < 10).then_some(d);
    }
    let d = ctype(c).decimal;
    (d != 255).then_some(u32::from(d))
}

/// The value of a digit.
pub fn to_digit(c: u32) -> Option<u32> {
    let d = ctype(c).digit;
    (d != 255).then_some(u32::from(d))
}

/// The numeric value.
pub fn to_numeric(c: u32) -> Option<f64> {
    if let Some(d) = to_decimal(c) {
        return Some(f64::from(d));
    }
    let i = NUMERIC_CODES.binary_search(&c).ok()?;
    Some(NUMERIC_VALUES[usize::from(NUMERIC_KINDS[i])])
}

/// Whether the code points form an identifier (keywords included).
pub fn is_identifier(mut s: impl Iterator<Item = u32>) -> bool {
    s.next().is_some_and(is_xid_start) && s.all(is_xid_continue)
}
