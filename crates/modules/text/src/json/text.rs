//! JSON strings: escaping, and reading with escapes.

use taipan_object::codecs::errors::pair;
use taipan_object::header::{Object, Ref};
use taipan_object::types::int::Int;
use taipan_object::types::str::unit::Unit;
use taipan_object::types::str::{Str, StrBuilder, StrData};
use taipan_object::types::tuple::Tuple;
use taipan_object::{PyResult, Raised, bail, function, hooks, intern};

/// Raises `json.decoder.JSONDecodeError`.
#[cold]
pub fn decode_error(message: &str, text: &Str, at: usize) -> Raised {
    let make = || -> PyResult {
        let class = (hooks::get().import)("json.decoder")?.get_attr(intern!("JSONDecodeError"))?;
        class.call(&[&*Str::from_utf8(message), text, &*Int::from_usize(at)])
    };
    match make() {
        Ok(e) => taipan_object::error::raise_instance(e),
        Err(e) => e,
    }
}

/// Characters of a string that stand for themselves, as a slice of the subject or of what was unescaped.
pub enum Scanned<'a, U> {
    /// No escapes.
    Plain(&'a [U]),
    /// With escapes.
    Made(StrBuilder),
}

/// Units of JSON text.
pub trait Text: Unit {
    /// The first of them that ends a plain stretch: a quote, a backslash or a control character.
    fn plain_end(s: &[Self]) -> usize {
        s.iter().position(|&c| ends_plain(c.into())).unwrap_or(s.len())
    }
}

#[inline(always)]
fn ends_plain(c: u32) -> bool {
    c == 0x22 || c == 0x5c || c < 0x20
}

impl Text for u8 {
    #[inline]
    fn plain_end(s: &[u8]) -> usize {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let mut i = 0;
        // Eight at a time: a byte is zero after xor with what is looked for, or below 32.
        while let Some(chunk) = s.get(i..i + 8) {
            let w =
                u64::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7]]);
            let zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
            let control = w.wrapping_sub(ONES * 0x20) & !w & HIGH;
            let found = zero(w ^ (ONES * 0x22)) | zero(w ^ (ONES * 0x5c)) | control;
            if found != 0 {
                // The lowest hit is exact; borrows only make false ones above it.
                return i + (found.trailing_zeros() / 8) as usize;
            }
            i += 8;
        }
        i + s[i..].iter().position(|&c| ends_plain(c.into())).unwrap_or(s.len() - i)
    }
}
impl Text for u16 {}
impl Text for u32 {}

fn hex4<U: Unit>(s: &[U], at: usize) -> Option<u32> {
    let digits = s.get(at..at + 4)?;
    digits.iter().try_fold(0, |n, &c| Some(n * 16 + char::from_u32(c.into())?.to_digit(16)?))
}

/// Reads a string whose opening quote stands before `start`. Answers it with the place behind its closing quote.
#[inline]
pub fn scan_string<'a, U: Text>(
    text: &Str,
    s: &'a [U],
    start: usize,
    strict: bool,
) -> PyResult<(Scanned<'a, U>, usize)> {
    let n = start + U::plain_end(&s[start..]);
    if s.get(n).is_some_and(|&c| c.into() == 0x22) {
        return Ok((Scanned::Plain(&s[start..n]), n + 1));
    }
    scan_escaped(text, s, start, n, strict)
}

fn scan_escaped<'a, U: Text>(
    text: &Str,
    s: &'a [U],
    start: usize,
    first: usize,
    strict: bool,
) -> PyResult<(Scanned<'a, U>, usize)> {
    let len = s.len();
    let unterminated = || decode_error("Unterminated string starting at", text, start.wrapping_sub(1));
    let mut out = StrBuilder::with_capacity(first - start + 16);
    let (mut from, mut at) = (start, first);
    loop {
        let Some(&c) = s.get(at) else { return Err(unterminated()) };
        let c: u32 = c.into();
        if c != 0x22 && c != 0x5c {
            if strict {
                return Err(decode_error("Invalid control character at", text, at));
            }
            at += 1;
            at += U::plain_end(&s[at..]);
            continue;
        }
        out.push_data(U::data(&s[from..at]));
        at += 1;
        if c == 0x22 {
            return Ok((Scanned::Made(out), at));
        }
        let Some(&c) = s.get(at) else { return Err(unterminated()) };
        let c: u32 = c.into();
        at += 1;
        if c == u32::from(b'u') {
            let bad = |at: usize| decode_error("Invalid \\uXXXX escape", text, at);
            let Some(mut c) = hex4(s, at) else { return Err(bad(at - 1)) };
            at += 4;
            let low_escape = |at: usize| s[at].into() == 0x5c && s[at + 1].into() == u32::from(b'u');
            if (0xd800..0xdc00).contains(&c) && at + 6 <= len && low_escape(at) {
                let Some(low) = hex4(s, at + 2) else { return Err(bad(at + 1)) };
                if (0xdc00..0xe000).contains(&low) {
                    c = 0x1_0000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                    at += 6;
                }
            }
            out.push_char(c);
        } else {
            out.push_char(match char::from_u32(c) {
                Some('"' | '\\' | '/') => c,
                Some('b') => 8,
                Some('f') => 12,
                Some('n') => 10,
                Some('r') => 13,
                Some('t') => 9,
                _ => return Err(decode_error("Invalid \\escape: ", text, at - 2)),
            });
        }
        from = at;
        at += U::plain_end(&s[at..]);
    }
}

fn expect_str(o: &Object) -> PyResult<&Str> {
    match o.downcast() {
        Some(s) => Ok(s),
        None => bail!(TypeError, "first argument must be a string, not {}", o.ty().name_str()),
    }
}

/// scanstring(string, end, strict=True) -> (string, end)
///
/// Read the JSON string in string whose opening quote stands before end. Answers its text, and the place behind its
/// closing quote. Unless strict, control characters may stand in it as they are.
#[function(signature = "(string, end, strict=True, /)", text = false)]
pub fn scanstring(string: &Object, end: isize, strict: bool) -> PyResult<Ref<Tuple>> {
    let text = expect_str(string)?;
    let Some(start) = usize::try_from(end).ok().filter(|&e| e <= text.len()) else {
        bail!(ValueError, "end is out of bounds");
    };
    taipan_object::with_units!(text, |u| {
        let (s, end) = scan_string(text, u, start, strict)?;
        Ok(pair(
            match s {
                Scanned::Plain(u) => Str::from_data(Unit::data(u)),
                Scanned::Made(b) => b.finish(),
            }
            .into_obj(),
            end,
        ))
    })
}

/// 1 for ASCII characters that must be escaped in a JSON string.
static ESCAPED: [bool; 256] = {
    let mut t = [false; 256];
    let mut i = 0;
    while i < 32 {
        t[i] = true;
        i += 1;
    }
    t[b'"' as usize] = true;
    t[b'\\' as usize] = true;
    t
};

fn push_escape(out: &mut StrBuilder, c: u32) {
    let short = match c {
        0x22 => b'"',
        0x5c => b'\\',
        8 => b'b',
        9 => b't',
        10 => b'n',
        12 => b'f',
        13 => b'r',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let digit = |shift: u32| HEX[(c >> shift & 15) as usize];
            return out.push_latin1(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
        }
    };
    out.push_latin1(&[b'\\', short]);
}

fn push_ascii_escape(out: &mut StrBuilder, c: u32) {
    if c >= 0x1_0000 {
        let c = c - 0x1_0000;
        push_escape(out, 0xd800 + (c >> 10));
        push_escape(out, 0xdc00 + (c & 0x3ff));
    } else {
        push_escape(out, c);
    }
}

fn push_units<U: Text>(out: &mut StrBuilder, s: &[U], needs: impl Fn(u32) -> bool) {
    let mut from = 0;
    for (i, &c) in s.iter().enumerate() {
        let c = c.into();
        if needs(c) {
            out.push_data(U::data(&s[from..i]));
            push_ascii_escape(out, c);
            from = i + 1;
        }
    }
    out.push_data(U::data(&s[from..]));
}

/// Appends `s` as a JSON string.
#[inline]
pub fn push_quoted(out: &mut StrBuilder, s: &Str, ascii: bool) {
    out.push_latin1(b"\"");
    match s.data() {
        StrData::Latin1(u) if !ascii || s.is_ascii() && memchr::memchr(0x7f, u).is_none() => {
            let mut rest = u;
            loop {
                let mut n = u8::plain_end(rest);
                if ascii {
                    // DEL is ASCII, yet it is escaped there.
                    n = rest[..n].iter().position(|c| *c == 0x7f).unwrap_or(n);
                }
                out.push_latin1(&rest[..n]);
                let Some(&c) = rest.get(n) else { break };
                push_escape(out, c.into());
                rest = &rest[n + 1..];
            }
        }
        StrData::Latin1(u) => push_units(out, u, |c| c >= 0x7f || ESCAPED[c as usize]),
        StrData::Ucs2(u) if ascii => push_units(out, u, |c| c >= 0x7f || ESCAPED[c as usize]),
        StrData::Ucs4(u) if ascii => push_units(out, u, |c| c >= 0x7f || ESCAPED[c as usize]),
        StrData::Ucs2(u) => push_units(out, u, |c| c < 256 && ESCAPED[c as usize]),
        StrData::Ucs4(u) => push_units(out, u, |c| c < 256 && ESCAPED[c as usize]),
    }
    out.push_latin1(b"\"");
}

fn quoted(o: &Object, ascii: bool) -> PyResult<Ref<Str>> {
    let s = expect_str(o)?;
    let mut out = StrBuilder::with_capacity(s.len() + 2);
    push_quoted(&mut out, s, ascii);
    Ok(out.finish())
}

/// The text as a JSON string.
#[function(signature = "(object, /)")]
pub fn encode_basestring(object: &Object) -> PyResult<Ref<Str>> {
    quoted(object, false)
}

/// The text as a JSON string in ASCII.
#[function(signature = "(object, /)")]
pub fn encode_basestring_ascii(object: &Object) -> PyResult<Ref<Str>> {
    quoted(object, true)
}
