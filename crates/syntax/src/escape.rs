//! Escape sequences of string and bytes literals.

use crate::{Wtf8, unicode};

/// A literal that cannot be decoded: the text of the syntax error.
#[derive(Debug, PartialEq, Eq)]
pub struct EscapeError(pub String);

/// The first doubtful escape of a literal: where its backslash is, and the text of the warning.
#[derive(Debug, PartialEq, Eq)]
pub struct DoubtfulEscape {
    /// Offset of the backslash.
    pub offset: usize,
    /// The warning.
    pub msg: String,
    /// Whether it is a brace: in f-strings the lexer warns of those.
    pub brace: bool,
}

/// The warning for a backslash before `c`.
pub fn invalid_escape_message(c: u8) -> String {
    let c = c as char;
    format!(
        "\"\\{c}\" is an invalid escape sequence. Such sequences will not work in the future. \
         Did you mean \"\\\\{c}\"? A raw string is also an option."
    )
}

fn invalid_octal_message(digits: &str) -> String {
    format!(
        "\"\\{digits}\" is an invalid octal escape sequence. Such sequences will not work in the future. \
         Did you mean \"\\\\{digits}\"? A raw string is also an option."
    )
}

/// What a simple escape stands for.
fn simple(c: u8) -> Option<u8> {
    Some(match c {
        b'\\' | b'\'' | b'"' => c,
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        _ => return None,
    })
}

/// Up to three octal digits at the start of `rest`: how many, and their value.
fn octal(rest: &[u8]) -> (usize, u32) {
    let digits = rest.iter().take(3).take_while(|c| matches!(c, b'0'..=b'7')).count();
    (digits, rest[..digits].iter().fold(0, |value, c| value * 8 + u32::from(c - b'0')))
}

/// Decodes the inside of a string literal (UTF-8) to WTF-8 in `out`.
pub fn decode_str(body: &str, out: &mut Vec<u8>, doubtful: &mut Option<DoubtfulEscape>) -> Result<(), EscapeError> {
    let bytes = body.as_bytes();
    let mut pos = 0;
    while let Some(n) = memchr::memchr(b'\\', &bytes[pos..]) {
        out.extend_from_slice(&bytes[pos..pos + n]);
        let start = pos + n;
        pos = start + 1;
        let Some(&c) = bytes.get(pos) else {
            // Before a brace of an f-string: it stands for itself.
            out.push(b'\\');
            break;
        };
        pos += 1;
        if let Some(value) = simple(c) {
            out.push(value);
            continue;
        }
        match c {
            b'\n' => {}
            b'0'..=b'7' => {
                let (digits, value) = octal(&bytes[pos - 1..]);
                if value > 0o377 && doubtful.is_none() {
                    let msg = invalid_octal_message(&body[pos - 1..pos - 1 + digits]);
                    *doubtful = Some(DoubtfulEscape { offset: start, msg, brace: false });
                }
                pos += digits - 1;
                Wtf8::push_code_point(out, value);
            }
            b'x' | b'u' | b'U' => {
                let (width, msg) = match c {
                    b'x' => (2, "truncated \\xXX escape"),
                    b'u' => (4, "truncated \\uXXXX escape"),
                    _ => (8, "truncated \\UXXXXXXXX escape"),
                };
                let digits = bytes[pos..].iter().take(width).take_while(|c| c.is_ascii_hexdigit()).count();
                if digits < width {
                    return Err(unicode_error(body, start, pos + digits, msg));
                }
                let value = u32::from_str_radix(&body[pos..pos + width], 16).unwrap_or(u32::MAX);
                pos += width;
                if value > 0x10FFFF {
                    return Err(unicode_error(body, start, pos, "illegal Unicode character"));
                }
                Wtf8::push_code_point(out, value);
            }
            b'N' => {
                let malformed = "malformed \\N character escape";
                if bytes.get(pos) != Some(&b'{') {
                    return Err(unicode_error(body, start, pos, malformed));
                }
                let Some(n) = memchr::memchr(b'}', &bytes[pos..]) else {
                    return Err(unicode_error(body, start, bytes.len(), malformed));
                };
                if n == 1 {
                    return Err(unicode_error(body, start, pos + 1, malformed));
                }
                let name = &body[pos + 1..pos + n];
                pos += n + 1;
                match unicode::character_by_name(name) {
                    Some(found) => Wtf8::push_code_point(out, found as u32),
                    None => return Err(unicode_error(body, start, pos, "unknown Unicode character name")),
                }
            }
            _ => {
                out.push(b'\\');
                if c < 128 && doubtful.is_none() {
                    *doubtful = Some(DoubtfulEscape {
                        offset: start,
                        msg: invalid_escape_message(c),
                        brace: matches!(c, b'{' | b'}'),
                    });
                }
                // The character itself is ordinary text.
                pos -= 1;
                if c < 128 {
                    out.push(c);
                    pos += 1;
                }
            }
        }
    }
    out.extend_from_slice(&bytes[pos..]);
    Ok(())
}

/// The reference decodes a text in which every character outside ASCII is written as ten ASCII ones, and counts there.
fn unicode_error(body: &str, start: usize, end: usize, msg: &str) -> EscapeError {
    let place = |end: usize| {
        let mut place = 0;
        let mut chars = body[..end.min(body.len())].chars().peekable();
        while let Some(c) = chars.next() {
            place += if !c.is_ascii() { 10 } else { 1 };
            if c == '\\' && chars.peek().is_some_and(|next| !next.is_ascii()) {
                place += 5;
            }
        }
        place
    };
    // `end` may lie inside a character only after ASCII digits, never within one.
    let (first, last) = (place(start), place(end));
    let range = if last - first <= 1 {
        format!("can't decode byte 0x5c in position {first}")
    } else {
        format!("can't decode bytes in position {first}-{}", last - 1)
    };
    EscapeError(format!("(unicode error) 'unicodeescape' codec {range}: {msg}"))
}

/// Decodes the inside of a bytes literal (ASCII) to `out`.
pub fn decode_bytes(body: &[u8], out: &mut Vec<u8>, doubtful: &mut Option<DoubtfulEscape>) -> Result<(), EscapeError> {
    let mut pos = 0;
    while let Some(n) = memchr::memchr(b'\\', &body[pos..]) {
        out.extend_from_slice(&body[pos..pos + n]);
        let start = pos + n;
        pos = start + 1;
        let Some(&c) = body.get(pos) else {
            return Err(EscapeError("(value error) Trailing \\ in string".into()));
        };
        pos += 1;
        if let Some(value) = simple(c) {
            out.push(value);
            continue;
        }
        match c {
            b'\n' => {}
            b'0'..=b'7' => {
                let (digits, value) = octal(&body[pos - 1..]);
                if value > 0o377 && doubtful.is_none() {
                    let digits = String::from_utf8_lossy(&body[pos - 1..pos - 1 + digits]).into_owned();
                    *doubtful =
                        Some(DoubtfulEscape { offset: start, msg: invalid_octal_message(&digits), brace: false });
                }
                pos += digits - 1;
                out.push(value as u8);
            }
            b'x' => {
                let digit = |at: usize| body.get(at).and_then(|&c| (c as char).to_digit(16));
                match (digit(pos), digit(pos + 1)) {
                    (Some(high), Some(low)) => out.push((high * 16 + low) as u8),
                    _ => return Err(EscapeError(format!("(value error) invalid \\x escape at position {start}"))),
                }
                pos += 2;
            }
            _ => {
                if doubtful.is_none() {
                    *doubtful = Some(DoubtfulEscape {
                        offset: start,
                        msg: invalid_escape_message(c),
                        brace: matches!(c, b'{' | b'}'),
                    });
                }
                out.extend([b'\\', c]);
            }
        }
    }
    out.extend_from_slice(&body[pos..]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn str(body: &str) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        decode_str(body, &mut out, &mut None).map(|()| out).map_err(|error| error.0)
    }

    #[test]
    fn strings() {
        assert_eq!(str(r"a\n\x41\101\u00e9\U0001F600\N{BULLET}é\é"), Ok("a\nAAé😀•é\\é".into()));
        assert_eq!(str("a\\\nb"), Ok("ab".into()));
        assert_eq!(str(r"\ud800"), Ok(b"\xED\xA0\x80".into()));
        let error =
            |place: &str, msg: &str| Err(format!("(unicode error) 'unicodeescape' codec can't decode {place}: {msg}"));
        assert_eq!(str(r"\x1"), error("bytes in position 0-2", "truncated \\xXX escape"));
        assert_eq!(str(r"é\x"), error("bytes in position 10-11", "truncated \\xXX escape"));
        assert_eq!(str(r"\U00110000"), error("bytes in position 0-9", "illegal Unicode character"));
        assert_eq!(str(r"\N{}"), error("bytes in position 0-2", "malformed \\N character escape"));
        assert_eq!(str(r"\N{no}"), error("bytes in position 0-5", "unknown Unicode character name"));
    }

    #[test]
    fn doubtful_escapes() {
        let mut doubtful = None;
        let mut out = Vec::new();
        assert_eq!(decode_str(r"ab\d\q", &mut out, &mut doubtful), Ok(()));
        assert_eq!(out, br"ab\d\q");
        assert_eq!(doubtful.map(|d| d.offset), Some(2));
        let mut doubtful = None;
        assert_eq!(decode_bytes(br"\400", &mut Vec::new(), &mut doubtful), Ok(()));
        assert!(doubtful.is_some_and(|d| d.msg.starts_with(r#""\400" is an invalid octal escape"#)));
    }

    #[test]
    fn bytes() {
        let mut out = Vec::new();
        assert_eq!(decode_bytes(br"a\x41\0\z", &mut out, &mut None), Ok(()));
        assert_eq!(out, b"aA\0\\z");
        let error = decode_bytes(br"a\x4", &mut out, &mut None);
        assert_eq!(error, Err(EscapeError(r"(value error) invalid \x escape at position 1".into())));
    }
}
