//! What the character database says about one character; the tables are in `taipan-unicode`.

/// Whether `repr` shows the character as it is.
#[inline]
pub fn is_printable(c: u32) -> bool {
    if c < 0x80 { (0x20..0x7F).contains(&c) } else { char::from_u32(c).is_some_and(|c| c.escape_debug().count() == 1) }
}
