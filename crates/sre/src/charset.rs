//! Sets of characters, categories and case.

use taipan_unicode::{case, chars};

use crate::op::*;

/// What the C library's locale says of the characters below 256.
#[derive(Clone, Copy, Debug)]
pub struct Locale {
    /// `tolower`
    pub lower: [u8; 256],
    /// `toupper`
    pub upper: [u8; 256],
    /// `isalnum`
    pub alnum: [bool; 256],
}

impl Locale {
    /// The "C" locale.
    pub const C: Locale = {
        let mut l = Locale { lower: [0; 256], upper: [0; 256], alnum: [false; 256] };
        let mut i = 0;
        while i < 256 {
            let b = i as u8;
            l.lower[i] = b.to_ascii_lowercase();
            l.upper[i] = b.to_ascii_uppercase();
            l.alnum[i] = b.is_ascii_alphanumeric();
            i += 1;
        }
        l
    };

    fn lower(&self, c: u32) -> u32 {
        self.lower.get(c as usize).map_or(c, |&x| u32::from(x))
    }

    fn upper(&self, c: u32) -> u32 {
        self.upper.get(c as usize).map_or(c, |&x| u32::from(x))
    }
}

/// How case is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// It is not.
    None,
    /// In ASCII.
    Ascii,
    /// As the locale has it.
    Locale,
    /// In Unicode.
    Unicode,
}

/// `_sre.ascii_tolower`
#[inline]
pub fn ascii_tolower(c: u32) -> u32 {
    if (0x41..=0x5a).contains(&c) { c + 32 } else { c }
}

/// `_sre.unicode_tolower`
#[inline]
pub fn unicode_tolower(c: u32) -> u32 {
    if c < 128 { ascii_tolower(c) } else { case::lower(c)[0] }
}

/// The first character of the upper-case form.
fn upper(c: u32) -> u32 {
    case::upper(c)[0]
}

/// `_sre.ascii_iscased`
pub fn ascii_iscased(c: u32) -> bool {
    u8::try_from(c).is_ok_and(|b| b.is_ascii_alphabetic())
}

/// `_sre.unicode_iscased`
pub fn unicode_iscased(c: u32) -> bool {
    case::lower(c)[0] != c || upper(c) != c
}

/// The lower-case form that comparisons which ignore case use.
#[inline]
pub fn lower(c: u32, fold: Fold, locale: &Locale) -> u32 {
    match fold {
        Fold::None => c,
        Fold::Ascii => ascii_tolower(c),
        Fold::Locale => locale.lower(c),
        Fold::Unicode => unicode_tolower(c),
    }
}

/// Whether a character in the pattern equals one of the text under the locale's case rules.
pub fn equal_in_locale(pattern: u32, c: u32, locale: &Locale) -> bool {
    pattern == c || locale.lower(c) == pattern || locale.upper(c) == pattern
}

fn ascii(c: u32, test: impl Fn(u8) -> bool) -> bool {
    c < 128 && test(c as u8)
}

/// `\w` for ASCII.
pub fn ascii_word(c: u32) -> bool {
    ascii(c, |b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `\w` for Unicode.
pub fn unicode_word(c: u32) -> bool {
    if c < 128 { ascii_word(c) } else { chars::is_alnum(c) }
}

/// `\w` in a locale.
pub fn locale_word(c: u32, locale: &Locale) -> bool {
    c == u32::from(b'_') || locale.alnum.get(c as usize).is_some_and(|&x| x)
}

/// Whether a character is in a category.
pub fn category(k: u32, c: u32, locale: &Locale) -> bool {
    match k {
        CATEGORY_DIGIT => ascii(c, |b| b.is_ascii_digit()),
        CATEGORY_NOT_DIGIT => !ascii(c, |b| b.is_ascii_digit()),
        CATEGORY_SPACE => ascii(c, |b| matches!(b, b' ' | b'\t'..=b'\r')),
        CATEGORY_NOT_SPACE => !ascii(c, |b| matches!(b, b' ' | b'\t'..=b'\r')),
        CATEGORY_WORD => ascii_word(c),
        CATEGORY_NOT_WORD => !ascii_word(c),
        CATEGORY_LINEBREAK => c == 10,
        CATEGORY_NOT_LINEBREAK => c != 10,
        CATEGORY_LOC_WORD => locale_word(c, locale),
        CATEGORY_LOC_NOT_WORD => !locale_word(c, locale),
        CATEGORY_UNI_DIGIT => chars::is_decimal(c),
        CATEGORY_UNI_NOT_DIGIT => !chars::is_decimal(c),
        CATEGORY_UNI_SPACE => chars::is_space(c),
        CATEGORY_UNI_NOT_SPACE => !chars::is_space(c),
        CATEGORY_UNI_WORD => unicode_word(c),
        CATEGORY_UNI_NOT_WORD => !unicode_word(c),
        CATEGORY_UNI_LINEBREAK => chars::is_linebreak(c),
        _ => !chars::is_linebreak(c),
    }
}

/// Whether a character is in the set whose code begins at `set[0]`. The set ends with FAILURE.
pub fn contains(set: &[u32], c: u32, locale: &Locale) -> bool {
    let mut found = true;
    let mut i = 0;
    while let Some(&op) = set.get(i) {
        let arg = |k: usize| set.get(i + k).copied().unwrap_or(0);
        match op {
            LITERAL => {
                if c == arg(1) {
                    return found;
                }
                i += 2;
            }
            CATEGORY => {
                if category(arg(1), c, locale) {
                    return found;
                }
                i += 2;
            }
            CHARSET => {
                if c < 256 && arg(1 + (c >> 5) as usize) >> (c & 31) & 1 == 1 {
                    return found;
                }
                i += 9;
            }
            RANGE => {
                if (arg(1)..=arg(2)).contains(&c) {
                    return found;
                }
                i += 3;
            }
            RANGE_UNI_IGNORE => {
                let range = arg(1)..=arg(2);
                if range.contains(&c) || range.contains(&upper(c)) {
                    return found;
                }
                i += 3;
            }
            NEGATE => {
                found = !found;
                i += 1;
            }
            BIGCHARSET => {
                let count = arg(1) as usize;
                if c < 65536 {
                    let page = (c >> 8) as usize;
                    let block = arg(2 + page / 4) >> (8 * (page % 4)) & 255;
                    let word = arg(66 + 8 * block as usize + ((c & 255) >> 5) as usize);
                    if word >> (c & 31) & 1 == 1 {
                        return found;
                    }
                }
                i += 66 + 8 * count;
            }
            _ => return !found,
        }
    }
    !found
}

/// As `contains`, with case ignored as the opcode has it.
pub fn contains_folded(set: &[u32], c: u32, fold: Fold, locale: &Locale) -> bool {
    if fold == Fold::Locale {
        let (lo, up) = (locale.lower(c), locale.upper(c));
        // A negated set has neither form.
        if let [NEGATE, set @ ..] = set {
            return !contains(set, lo, locale) && !contains(set, up, locale);
        }
        return contains(set, lo, locale) || (up != lo && contains(set, up, locale));
    }
    contains(set, lower(c, fold, locale), locale)
}
