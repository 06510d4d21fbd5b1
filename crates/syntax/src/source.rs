//! Source bytes to text: byte order marks, encoding declarations (PEP 263), UTF-8.

use std::borrow::Cow;

use crate::{ErrorKind, ErrorLocation, SyntaxError};

/// Decodes bytes in an encoding this crate does not know itself. The error is the text of the exception.
pub type Decoder<'d> = dyn Fn(&str, &[u8]) -> Result<String, String> + 'd;

/// Where bytes come from, which the words of errors show.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'s> {
    /// An object given to `compile()`.
    Bytes,
    /// A file of this name, which is run.
    File(&'s str),
}

/// The text of a source. `file` is whether it will be parsed as a file (which ends with a line end).
///
/// UTF-8, ASCII and ISO 8859-1 are built in, anything else is asked of `decoder`.
pub fn decode<'s>(
    bytes: &'s [u8],
    file: bool,
    origin: Origin<'_>,
    decoder: Option<&Decoder<'_>>,
) -> Result<Cow<'s, str>, SyntaxError> {
    if let Some(at) = memchr::memchr(0, bytes) {
        return Err(null_byte(bytes, at, origin));
    }
    let bom = bytes.starts_with(b"\xEF\xBB\xBF");
    let bytes = if bom { &bytes[3..] } else { bytes };
    let cookie = declaration(bytes, file);
    match cookie {
        Some(cookie) if bom && cookie.name != "utf-8" => Err(bom_error(bytes, &cookie, origin)),
        Some(cookie) if cookie.name != "utf-8" => other(bytes, &cookie.name, file, decoder).map(Cow::Owned),
        declared => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => {
                let at = error.valid_up_to();
                match origin {
                    Origin::File(_) if bom || declared.is_some() => Err(undecodable(bytes, at)),
                    _ => Err(not_utf8(bytes, at, origin)),
                }
            }
        },
    }
}

/// An encoding declaration.
#[derive(Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    lineno: u32,
}

/// The declaration in one of the first two lines, if only blanks and comments come before it.
///
/// A last line without an end only counts in a file.
fn declaration(bytes: &[u8], file: bool) -> Option<Cookie> {
    let mut rest = bytes;
    for lineno in 1..=2 {
        let end = match rest.iter().position(|c| matches!(c, b'\n' | b'\r')) {
            Some(end) => end,
            None if file => rest.len(),
            None => return None,
        };
        let line = &rest[..end];
        let blanks = line.iter().take_while(|c| matches!(c, b' ' | b'\t' | 0x0C)).count();
        if let Some(name) = line[blanks..].strip_prefix(b"#").and_then(declared) {
            return Some(Cookie { name, lineno });
        }
        if !matches!(line.get(blanks), None | Some(b'#')) {
            return None;
        }
        rest = &rest[end..];
        rest = rest.strip_prefix(b"\r\n").or(rest.get(1..)).unwrap_or_default();
    }
    None
}

/// The encoding that a comment declares, under its usual name.
fn declared(comment: &[u8]) -> Option<String> {
    let mut from = 0;
    while let Some(n) = memchr::memmem::find(&comment[from..], b"coding") {
        from += n + 6;
        let Some(rest) = comment[from..].strip_prefix(b":").or(comment[from..].strip_prefix(b"=")) else { continue };
        let blanks = rest.iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
        let rest = &rest[blanks..];
        let size = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.')).count();
        if size > 0 {
            let name = String::from_utf8_lossy(&rest[..size]).into_owned();
            return Some(usual_name(&name).map_or(name, str::to_owned));
        }
    }
    None
}

/// UTF-8 and ISO 8859-1 have several spellings.
fn usual_name(name: &str) -> Option<&'static str> {
    let name: String = name.chars().take(12).map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect();
    let is = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    if is("utf-8") {
        Some("utf-8")
    } else if is("latin-1") || is("iso-8859-1") || is("iso-latin-1") {
        Some("iso-8859-1")
    } else {
        None
    }
}

fn other(bytes: &[u8], name: &str, file: bool, decoder: Option<&Decoder<'_>>) -> Result<String, SyntaxError> {
    let lower = name.to_ascii_lowercase();
    if matches!(&*lower, "iso-8859-1" | "latin1" | "latin" | "l1" | "iso8859-1") {
        return Ok(bytes.iter().map(|&c| c as char).collect());
    }
    if lower == "utf8"
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Ok(text.into());
    }
    // The codec is given plain line ends, as positions in its errors show.
    let mut plain = Vec::with_capacity(bytes.len() + 1);
    let mut rest = bytes;
    while let Some(n) = memchr::memchr(b'\r', rest) {
        plain.extend_from_slice(&rest[..n]);
        plain.push(b'\n');
        rest = &rest[n + 1..];
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    plain.extend_from_slice(rest);
    if file && !plain.ends_with(b"\n") {
        plain.push(b'\n');
    }
    let result = match decoder {
        Some(decoder) => decoder(name, &plain),
        None if lower == "ascii" || lower == "us-ascii" => ascii(&plain),
        None => Err(format!("unknown encoding: {name}")),
    };
    result.map_err(|msg| SyntaxError {
        kind: ErrorKind::SyntaxError,
        msg,
        location: Some(ErrorLocation {
            filename: true,
            lineno: 0,
            offset: -1,
            end_lineno: 0,
            end_offset: 0,
            text: None,
        }),
        last_statement: None,
    })
}

fn ascii(bytes: &[u8]) -> Result<String, String> {
    match bytes.iter().position(|c| !c.is_ascii()) {
        None => Ok(bytes.iter().map(|&c| c as char).collect()),
        Some(at) => {
            let c = bytes[at];
            Err(format!("'ascii' codec can't decode byte 0x{c:02x} in position {at}: ordinal not in range(128)"))
        }
    }
}

/// The text of a line, and how many lines come before it.
fn line_around(bytes: &[u8], at: usize) -> (u32, usize, String) {
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |n| n + 1);
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n);
    let lineno = memchr::memchr_iter(b'\n', &bytes[..start]).count() as u32 + 1;
    let line = &bytes[start..end];
    (lineno, start, String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
}

/// The error of bytes that are not UTF-8 although nothing else is declared; `at` is the first bad byte.
pub fn not_utf8(bytes: &[u8], at: usize, origin: Origin<'_>) -> SyntaxError {
    let (lineno, start, text) = line_around(bytes, at);
    let offset = String::from_utf8_lossy(&bytes[start..at]).chars().count() as i64 + 1;
    let byte = bytes.get(at).copied().unwrap_or_default();
    let (file, lineno) = match origin {
        Origin::Bytes => (String::new(), lineno),
        Origin::File(name) => {
            // When the first line of a file is code, so that no coding comment can follow, the reference counts the second as the first.
            let first = bytes[..start].trim_ascii_start();
            let code_first = lineno == 2 && !first.is_empty() && first[0] != b'#';
            (format!(" in file {name}"), if code_first { 1 } else { lineno })
        }
    };
    let msg = format!(
        "Non-UTF-8 code starting with '\\x{byte:02x}'{file} on line {lineno}, but no encoding declared; \
         see https://peps.python.org/pep-0263/ for details"
    );
    let filename = matches!(origin, Origin::File(_));
    at_line(msg, filename, lineno, offset, offset, Some(text))
}

/// The error of a file that is declared to be UTF-8 and is not.
fn undecodable(bytes: &[u8], at: usize) -> SyntaxError {
    let (lineno, start, text) = line_around(bytes, at);
    let byte = bytes.get(at).copied().unwrap_or_default();
    let reason = match byte {
        0xC2..=0xF4 if at + 1 >= bytes.len() => "unexpected end of data",
        0xC2..=0xF4 => "invalid continuation byte",
        _ => "invalid start byte",
    };
    let position = at - start;
    let msg = format!("(unicode error) 'utf-8' codec can't decode byte 0x{byte:02x} in position {position}: {reason}");
    at_line(msg, true, lineno, 0, 0, Some(text))
}

fn null_byte(bytes: &[u8], at: usize, origin: Origin<'_>) -> SyntaxError {
    if matches!(origin, Origin::Bytes) {
        let msg = "source code string cannot contain null bytes".into();
        return SyntaxError { kind: ErrorKind::SyntaxError, msg, location: None, last_statement: None };
    }
    let (lineno, start, _) = line_around(bytes, at);
    let text = String::from_utf8_lossy(&bytes[start..at]).into_owned();
    at_line("source code cannot contain null bytes".into(), true, lineno, 0, 0, Some(text))
}

fn at_line(
    msg: String,
    filename: bool,
    lineno: u32,
    offset: i64,
    end_offset: i64,
    text: Option<String>,
) -> SyntaxError {
    let location = Some(ErrorLocation { filename, lineno, offset, end_lineno: lineno, end_offset, text });
    SyntaxError { kind: ErrorKind::SyntaxError, msg, location, last_statement: None }
}

fn bom_error(bytes: &[u8], cookie: &Cookie, origin: Origin<'_>) -> SyntaxError {
    let text = bytes.split(|&c| c == b'\n').nth(cookie.lineno as usize - 1).unwrap_or_default();
    let text = String::from_utf8_lossy(text.strip_suffix(b"\r").unwrap_or(text)).into_owned();
    // On the second line the reference counts the line end as well.
    let end_offset = text.chars().count() as i64 + i64::from(cookie.lineno) - 1;
    let filename = matches!(origin, Origin::File(_));
    at_line(format!("encoding problem: {} with BOM", cookie.name), filename, cookie.lineno, 0, end_offset, Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<String, String> {
        decode(bytes, true, Origin::Bytes, None).map(Cow::into_owned).map_err(|error| error.msg)
    }

    #[test]
    fn declarations() {
        let name = |bytes: &[u8]| declaration(bytes, true).map(|cookie| cookie.name);
        assert_eq!(name(b"# -*- coding: koi8-r -*-"), Some("koi8-r".into()));
        assert_eq!(name(b"\n#vim: fileencoding=Latin_1 :"), Some("iso-8859-1".into()));
        assert_eq!(name(b"# utf-8\r\n# coding: utf-8-sig"), Some("utf-8".into()));
        assert_eq!(name(b"#coding : foo coding=bar"), Some("bar".into()));
        for none in
            [&b"x # coding: foo"[..], b"x\n# coding: foo", b"\n\n# coding: foo", b"#codingx: foo", b"# coding: "]
        {
            assert_eq!(name(none), None);
        }
        assert_eq!(declaration(b"# coding: foo", false), None);
    }

    #[test]
    fn encodings() {
        assert_eq!(text(b"\xEF\xBB\xBFx"), Ok("x".into()));
        assert_eq!(text(b"# coding: latin-1\n\xE9"), Ok("# coding: latin-1\né".into()));
        assert_eq!(text(b"\xEF\xBB\xBF# coding: latin-1"), Err("encoding problem: iso-8859-1 with BOM".into()));
        assert_eq!(text(b"# coding: foo"), Err("unknown encoding: foo".into()));
        assert!(text(b"# coding: ascii\n\xE9").is_err_and(|msg| msg.contains("byte 0xe9 in position 16")));
        assert!(text(b"x\n  \xFF").is_err_and(|msg| msg.starts_with("Non-UTF-8 code starting with '\\xff' on line 2")));
        let upper = |_: &str, bytes: &[u8]| Ok(String::from_utf8_lossy(bytes).to_uppercase());
        assert_eq!(decode(b"# coding: foo\ra", true, Origin::Bytes, Some(&upper)).as_deref(), Ok("# CODING: FOO\nA\n"));
    }
}
