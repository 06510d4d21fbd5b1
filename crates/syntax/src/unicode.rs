//! The character properties that the language depends on.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Whether a name may begin with `c`.
pub fn is_identifier_start(c: char) -> bool {
    c == '_' || unicode_ident::is_xid_start(c)
}

/// Whether a name may go on with `c`.
pub fn is_identifier_continue(c: char) -> bool {
    unicode_ident::is_xid_continue(c)
}

/// Whether `str.isprintable` holds for `c`.
pub fn is_printable(c: char) -> bool {
    use GeneralCategory::*;
    c == ' '
        || !matches!(
            c.general_category(),
            Control
                | Format
                | Surrogate
                | PrivateUse
                | Unassigned
                | LineSeparator
                | ParagraphSeparator
                | SpaceSeparator
        )
}

/// The NFKC form of a name, when it differs from the name.
pub fn normalize(name: &str) -> Option<String> {
    if is_nfkc_quick(name.chars()) == IsNormalized::Yes {
        return None;
    }
    let normal: String = name.nfkc().collect();
    (normal != name).then_some(normal)
}

/// The character that `\N{name}` stands for.
pub fn character_by_name(name: &str) -> Option<char> {
    // The crate also takes some looser spellings; names only consist of these.
    if !name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b' ' | b'-')) {
        return None;
    }
    if let Some(found) = unicode_names2::character(name) {
        return Some(found);
    }
    // Names made of a code point that the crate leaves out.
    let digits = name.to_ascii_uppercase().strip_prefix("TANGUT IDEOGRAPH-")?.to_owned();
    let point = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 5)?;
    let assigned = matches!(point, 0x17000..=0x187F7 | 0x18D00..=0x18D08);
    char::from_u32(point).filter(|_| assigned)
}
