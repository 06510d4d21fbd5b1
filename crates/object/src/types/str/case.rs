//! Case conversion with the full mappings of Unicode.

use super::{Str, StrBuilder, chars};
use crate::error::PyResult;
use crate::header::Ref;
use crate::method;

fn push_lower(out: &mut StrBuilder, text: &[u32], i: usize) {
    taipan_unicode::case::lower_in_context(i, text.len(), |k| text[k]).iter().for_each(|&c| out.push_char(c));
}

/// ASCII text mapped byte by byte.
fn map_ascii(s: &Str, f: impl Fn(usize, u8) -> u8) -> PyResult<Ref<Str>> {
    let b = s.data_bytes();
    if b.len() <= 1 {
        return Ok(b.first().map_or_else(Str::empty, |&c| Str::from_char(f(0, c).into())));
    }
    // SAFETY: every character is written, and stays ASCII.
    unsafe {
        let out = Str::new_uninit(b.len(), 0x7F)?;
        let p = out.data_ptr();
        for (i, &c) in b.iter().enumerate() {
            p.add(i).write(f(i, c) & 0x7F);
        }
        Ok(out)
    }
}

/// Everything else: `f` appends what the character at a place becomes.
fn map_wide(s: &Str, mut f: impl FnMut(&mut StrBuilder, &[u32], usize)) -> Ref<Str> {
    let text: Vec<u32> = s.chars().collect();
    let mut out = StrBuilder::with_capacity(text.len());
    for i in 0..text.len() {
        f(&mut out, &text, i);
    }
    out.finish()
}

impl Str {
    /// `s.lower()`.
    pub fn to_lower(&self) -> PyResult<Ref<Str>> {
        if self.is_ascii() { map_ascii(self, |_, c| c.to_ascii_lowercase()) } else { Ok(map_wide(self, push_lower)) }
    }
    /// `s.upper()`.
    pub fn to_upper(&self) -> PyResult<Ref<Str>> {
        if self.is_ascii() {
            return map_ascii(self, |_, c| c.to_ascii_uppercase());
        }
        Ok(map_wide(self, |out, t, i| chars::to_upper(t[i], |c| out.push_char(c))))
    }
    /// `s.casefold()`.
    pub fn to_folded(&self) -> PyResult<Ref<Str>> {
        if self.is_ascii() {
            return map_ascii(self, |_, c| c.to_ascii_lowercase());
        }
        Ok(map_wide(self, |out, t, i| chars::to_folded(t[i], |c| out.push_char(c))))
    }
}

/// The string in lowercase.
#[method(signature = "()")]
pub fn lower(this: &Str) -> PyResult<Ref<Str>> {
    this.to_lower()
}

/// The string in uppercase.
#[method(signature = "()")]
pub fn upper(this: &Str) -> PyResult<Ref<Str>> {
    this.to_upper()
}

/// The string folded for comparison without regard to case.
#[method(signature = "()")]
pub fn casefold(this: &Str) -> PyResult<Ref<Str>> {
    this.to_folded()
}

/// The string with upper- and lowercase exchanged.
#[method(signature = "()")]
pub fn swapcase(this: &Str) -> PyResult<Ref<Str>> {
    if this.is_ascii() {
        return map_ascii(this, |_, c| if c.is_ascii_alphabetic() { c ^ 0x20 } else { c });
    }
    Ok(map_wide(this, |out, t, i| {
        if chars::is_upper(t[i]) {
            push_lower(out, t, i);
        } else if chars::is_lower(t[i]) {
            chars::to_upper(t[i], |c| out.push_char(c));
        } else {
            out.push_char(t[i]);
        }
    }))
}

/// The string with its first character in titlecase and the rest in lowercase.
#[method(signature = "()")]
pub fn capitalize(this: &Str) -> PyResult<Ref<Str>> {
    if this.is_ascii() {
        return map_ascii(this, |i, c| if i == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
    }
    Ok(map_wide(
        this,
        |out, t, i| if i == 0 { chars::to_title(t[0], |c| out.push_char(c)) } else { push_lower(out, t, i) },
    ))
}

/// The string with each word in titlecase.
#[method(signature = "()")]
pub fn title(this: &Str) -> PyResult<Ref<Str>> {
    if this.is_ascii() {
        let b = this.data_bytes();
        return map_ascii(this, |i, c| {
            if i > 0 && b[i - 1].is_ascii_alphabetic() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }
        });
    }
    let mut after_cased = false;
    Ok(map_wide(this, |out, t, i| {
        if after_cased {
            push_lower(out, t, i)
        } else {
            chars::to_title(t[i], |c| out.push_char(c))
        }
        after_cased = chars::is_cased(t[i]);
    }))
}
