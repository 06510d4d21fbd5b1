//! `repr` of text, and `ascii`.

use super::chars::is_printable;
use super::{Str, StrBuilder};
use crate::error::PyResult;
use crate::header::{Object, Ref};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `c` as `\n`, `\xhh`, `\uhhhh` or `\Uhhhhhhhh`.
pub(crate) fn push_escape(out: &mut StrBuilder, c: u32) {
    let (letter, digits) = match c {
        0x09 => return out.push_latin1(b"\\t"),
        0x0A => return out.push_latin1(b"\\n"),
        0x0D => return out.push_latin1(b"\\r"),
        0..0x100 => (b'x', 2),
        0x100..0x10000 => (b'u', 4),
        _ => (b'U', 8),
    };
    let mut text = [0; 10];
    text[0] = b'\\';
    text[1] = letter;
    for i in 0..digits {
        text[2 + i] = HEX[(c >> (4 * (digits - 1 - i)) & 15) as usize];
    }
    out.push_latin1(&text[..2 + digits]);
}

/// The quote that a `repr` uses, given which ones the text has.
pub(crate) fn quote_for(single: bool, double: bool) -> u8 {
    if single && !double { b'"' } else { b'\'' }
}

/// Appends the `repr` of `s`; with `ascii`, everything else is escaped.
pub(crate) fn push_repr(out: &mut StrBuilder, s: &Str, ascii: bool) {
    let (mut single, mut double, mut plain) = (false, false, true);
    for c in s.chars() {
        single |= c == u32::from(b'\'');
        double |= c == u32::from(b'"');
        plain &= (0x20..0x7F).contains(&c) && c != u32::from(b'\\');
    }
    let quote = quote_for(single, double);
    out.push_char(quote.into());
    if plain && !(single && double) {
        out.push_pystr(s);
    } else {
        for c in s.chars() {
            if c == u32::from(quote) || c == u32::from(b'\\') {
                out.push_char(b'\\'.into());
                out.push_char(c);
            } else if (0x20..0x7F).contains(&c) || !ascii && c >= 0x7F && is_printable(c) {
                out.push_char(c);
            } else {
                push_escape(out, c);
            }
        }
    }
    out.push_char(quote.into());
}

impl Str {
    /// `repr(s)`.
    pub fn str_repr(&self) -> Ref<Str> {
        let mut out = StrBuilder::with_capacity(self.len() + 2);
        push_repr(&mut out, self, false);
        out.finish()
    }

    /// This text with everything beyond ASCII escaped, as `ascii()` does with a `repr`.
    pub fn escape_non_ascii(&self) -> Ref<Str> {
        if self.is_ascii() {
            return self.to_exact();
        }
        let mut out = StrBuilder::with_capacity(self.len() * 2);
        for c in self.chars() {
            if c < 0x80 { out.push_char(c) } else { push_escape(&mut out, c) }
        }
        out.finish()
    }
}

/// [`Str::escape_non_ascii`].
pub fn escape_non_ascii(s: &Str) -> Ref<Str> {
    s.escape_non_ascii()
}

pub(super) extern "C" fn str_repr(o: &Object) -> PyResult {
    Ok(o.cast::<Str>().str_repr().into_obj())
}
