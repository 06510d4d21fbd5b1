//! Programs read from a file or a pipe: what is wrong with their bytes is reported with the line it is on, where `compile()` of a
//! bytes object knows no file.

use crate::compile::{self, Request};
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::none;
use taipan_object::types::str::Str;
use taipan_object::{Obj, PyResult, Raised, Ref};

/// Compiles the bytes of the file `filename` as a module.
///
/// # Errors
/// `SyntaxError`: undecodable bytes and null bytes are found before anything else.
pub fn compile_file(source: &[u8], filename: &str) -> PyResult<Ref<crate::CodeObject>> {
    check_bytes(source, filename)?;
    compile::compile_bytes(source, &Request::module(filename))
}

/// Where an error in the bytes is.
struct Place {
    /// From 1; 0 when the line is not known.
    line: usize,
    offset: i64,
    end_offset: i64,
    /// The line as it is shown.
    text: String,
}

fn check_bytes(source: &[u8], filename: &str) -> PyResult<()> {
    let body = source.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(source);
    let cookie = compile::find_cookie(body);
    let utf8 = cookie.as_deref().is_none_or(|c| compile::normalise(c) == "utf-8");
    if utf8 && let Err(e) = std::str::from_utf8(body) {
        let (line, start, shown) = line_around(body, e.valid_up_to());
        let column = e.valid_up_to() - start;
        let byte = body[e.valid_up_to()];
        if cookie.is_some() || body.len() != source.len() {
            // The decoder sees one line at a time, with its end.
            let reason =
                if e.error_len().is_none() && body[e.valid_up_to()..].contains(&b'\n') || byte >= 0xC2 && byte < 0xF5 {
                    "invalid continuation byte"
                } else {
                    "invalid start byte"
                };
            let message =
                format!("(unicode error) 'utf-8' codec can't decode byte 0x{byte:02x} in position {column}: {reason}");
            return Err(error(&message, filename, Place { line, offset: 0, end_offset: -1, text: shown }));
        }
        // The second line is read ahead of its number, in search of a coding comment.
        let line = if line == 2 { 1 } else { line };
        let message = format!(
            "Non-UTF-8 code starting with '\\x{byte:02x}' in file {filename} on line {line}, but no encoding declared; see https://peps.python.org/pep-0263/ for details"
        );
        let before = String::from_utf8_lossy(&body[start..e.valid_up_to()]).chars().count() as i64;
        let text = shown.trim_end_matches(['\n', '\r']).to_owned();
        return Err(error(&message, filename, Place { line, offset: before + 1, end_offset: before + 1, text }));
    }
    if let Some(at) = memchr::memchr(0, body) {
        let (line, start, _) = line_around(body, at);
        let text = String::from_utf8_lossy(&body[start..at]).into_owned();
        return Err(error(
            "source code cannot contain null bytes",
            filename,
            Place { line, offset: 0, end_offset: 0, text },
        ));
    }
    if let (false, Some(encoding)) = (utf8, &cookie) {
        check_encoded(body, encoding, filename)?;
    }
    Ok(())
}

/// Decodes as the reader of files does: from the end of the line with the coding comment.
fn check_encoded(body: &[u8], encoding: &str, filename: &str) -> PyResult<()> {
    let first = memchr::memchr(b'\n', body).unwrap_or(0);
    let on_first = compile::find_cookie(&body[..first]).is_some();
    let from =
        if on_first { first } else { memchr::memchr(b'\n', &body[first + 1..]).map_or(first, |n| first + 1 + n) };
    let rest = taipan_object::types::bytes::Bytes::new(&body[from..]);
    match taipan_object::codecs::decode_text(&rest, encoding, "strict") {
        Err(e) if e.matches(exceptions::UnicodeError) => {
            let message = e.take().str()?.to_utf8_lossy().into_owned();
            let nowhere = [
                Str::from_utf8(filename).into_obj(),
                Int::from_i64(0).into_obj(),
                Int::from_i64(-1).into_obj(),
                none::none_obj(),
            ];
            Err(compile::raise_with_details(exceptions::SyntaxError, &message, nowhere.to_vec()))
        }
        // Unknown encodings are the compiler's to report.
        Err(e) => {
            e.clear();
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

/// Number, start and text (with its end) of the line that holds byte `at`.
fn line_around(bytes: &[u8], at: usize) -> (usize, usize, String) {
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |n| n + 1);
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1);
    let line = memchr::memchr_iter(b'\n', &bytes[..start]).count() + 1;
    (line, start, String::from_utf8_lossy(&bytes[start..end]).into_owned())
}

#[cold]
fn error(message: &str, filename: &str, p: Place) -> Raised {
    let int = |n: i64| Int::from_i64(n).into_obj();
    let details: Vec<Obj> = vec![
        Str::from_utf8(filename).into_obj(),
        int(p.line as i64),
        int(p.offset),
        Str::from_utf8(&p.text).into_obj(),
        int(p.line as i64),
        int(p.end_offset),
    ];
    compile::raise_with_details(exceptions::SyntaxError, message, details)
}
