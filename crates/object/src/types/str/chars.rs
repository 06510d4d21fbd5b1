//! What the character database says about one character; the tables are in `taipan-unicode`.

fn ch(c: u32) -> Option<char> {
    char::from_u32(c)
}
/// Whether `repr` shows the character as it is.
#[inline]
pub fn is_printable(c: u32) -> bool {
    if c < 0x80 { (0x20..0x7F).contains(&c) } else { ch(c).is_some_and(|c| c.escape_debug().count() == 1) }
}
pub fn is_space(c: u32) -> bool { matches!(c, 9..=13 | 28..=32 | 0x85 | 0xA0 | 0x1680 | 0x2000..=0x200A | 0x2028 | 0x2029 | 0x202F | 0x205F | 0x3000) }
pub fn is_line_break(c: u32) -> bool { matches!(c, 10..=13 | 28..=30 | 0x85 | 0x2028 | 0x2029) }
pub fn is_alpha(c: u32) -> bool { ch(c).is_some_and(char::is_alphabetic) }
pub fn is_alnum(c: u32) -> bool { ch(c).is_some_and(char::is_alphanumeric) }
pub fn decimal(c: u32) -> Option<u32> { ch(c)?.to_digit(10) }
pub fn is_digit(c: u32) -> bool { decimal(c).is_some() }
pub fn is_numeric(c: u32) -> bool { ch(c).is_some_and(char::is_numeric) }
pub fn is_lower(c: u32) -> bool { ch(c).is_some_and(char::is_lowercase) }
pub fn is_upper(c: u32) -> bool { ch(c).is_some_and(char::is_uppercase) }
pub fn is_title(_: u32) -> bool { false }
pub fn is_cased(c: u32) -> bool { is_lower(c) || is_upper(c) || is_title(c) }
pub fn is_case_ignorable(c: u32) -> bool { c == 0x27 }
pub fn is_identifier_start(c: u32) -> bool { c == 0x5f || is_alpha(c) }
pub fn is_identifier_part(c: u32) -> bool { c == 0x5f || is_alnum(c) }
pub fn to_lower(c: u32, mut f: impl FnMut(u32)) { match ch(c) { Some(c) => c.to_lowercase().for_each(|c| f(c.into())), None => f(c) } }
pub fn to_upper(c: u32, mut f: impl FnMut(u32)) { match ch(c) { Some(c) => c.to_uppercase().for_each(|c| f(c.into())), None => f(c) } }
pub fn to_title(c: u32, f: impl FnMut(u32)) { to_upper(c, f) }
pub fn to_folded(c: u32, f: impl FnMut(u32)) { to_lower(c, f) }
