//! The `is...` methods of `str`.

// A body for all widths converts what is wide already.
#![allow(clippy::useless_conversion)]

use super::{Str, chars};
use crate::{method, with_units};

impl Str {
    /// Whether there is a character and all of them pass.
    #[inline]
    fn all_chars(&self, test: impl Fn(u32) -> bool) -> bool {
        !self.is_empty() && with_units!(self, |u| u.iter().all(|&c| test(c.into())))
    }

    /// Whether the text is an identifier (keywords count).
    pub fn is_identifier(&self) -> bool {
        let mut it = self.chars();
        it.next().is_some_and(chars::is_identifier_start) && it.all(chars::is_identifier_part)
    }

    /// Whether there is a cased character, and all such pass.
    fn all_cased(&self, wanted: impl Fn(u32) -> bool, refused: impl Fn(u32) -> bool) -> bool {
        let mut seen = false;
        for c in self.chars() {
            if refused(c) {
                return false;
            }
            seen |= wanted(c);
        }
        seen
    }
}

/// Whether all characters are ASCII.
#[method(signature = "()")]
pub fn isascii(this: &Str) -> bool {
    this.is_ascii()
}

/// Whether there are characters, all of them white space.
#[method(signature = "()")]
pub fn isspace(this: &Str) -> bool {
    this.all_chars(chars::is_space)
}

/// Whether there are characters, all of them letters.
#[method(signature = "()")]
pub fn isalpha(this: &Str) -> bool {
    this.all_chars(chars::is_alpha)
}

/// Whether there are characters, all of them letters or numeric.
#[method(signature = "()")]
pub fn isalnum(this: &Str) -> bool {
    this.all_chars(chars::is_alnum)
}

/// Whether there are characters, all of them decimal digits.
#[method(signature = "()")]
pub fn isdecimal(this: &Str) -> bool {
    this.all_chars(chars::is_decimal)
}

/// Whether there are characters, all of them digits.
#[method(signature = "()")]
pub fn isdigit(this: &Str) -> bool {
    this.all_chars(chars::is_digit)
}

/// Whether there are characters, all of them numeric.
#[method(signature = "()")]
pub fn isnumeric(this: &Str) -> bool {
    this.all_chars(chars::is_numeric)
}

/// Whether the string is a valid identifier.
#[method(signature = "()")]
pub fn isidentifier(this: &Str) -> bool {
    this.is_identifier()
}

/// Whether repr shows all characters as they are.
#[method(signature = "()")]
pub fn isprintable(this: &Str) -> bool {
    with_units!(this, |u| u.iter().all(|&c| chars::is_printable(c.into())))
}

/// Whether there are cased characters, all of them lowercase.
#[method(signature = "()")]
pub fn islower(this: &Str) -> bool {
    this.all_cased(chars::is_lower, |c| chars::is_upper(c) || chars::is_title(c))
}

/// Whether there are cased characters, all of them uppercase.
#[method(signature = "()")]
pub fn isupper(this: &Str) -> bool {
    this.all_cased(chars::is_upper, |c| chars::is_lower(c) || chars::is_title(c))
}

/// Whether uppercase follows only uncased characters and lowercase only cased ones, and there is a cased one.
#[method(signature = "()")]
pub fn istitle(this: &Str) -> bool {
    let (mut seen, mut after_cased) = (false, false);
    for c in this.chars() {
        if chars::is_upper(c) || chars::is_title(c) {
            if after_cased {
                return false;
            }
            (seen, after_cased) = (true, true);
        } else if chars::is_lower(c) {
            if !after_cased {
                return false;
            }
            (seen, after_cased) = (true, true);
        } else {
            after_cased = false;
        }
    }
    seen
}
