//! Docstrings as they are stored: tabs expanded, common indentation gone, all lines kept.

use taipan_bytecode::Str;
use taipan_syntax::Wtf8;

use crate::error::{CompileError, ErrorKind, Result};
use crate::sequence::NO_LOCATION;

/// The text of a docstring without its indentation.
pub fn clean(text: &Wtf8) -> Result<Str> {
    let Some(text) = text.as_str() else { return Err(surrogates(text)) };
    let expanded;
    let text = if text.contains('\t') {
        expanded = expand_tabs(text);
        expanded.as_str()
    } else {
        text
    };
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or("");
    let margin = lines.clone().filter(|line| indent(line) < line.len()).map(indent).min().unwrap_or(0);
    if margin == 0 && !first.starts_with(' ') {
        return Ok(Str::from(text));
    }
    let mut clean = String::with_capacity(text.len());
    clean += first.trim_start_matches(' ');
    for line in lines {
        clean.push('\n');
        clean += &line[margin.min(indent(line))..];
    }
    Ok(Str::from(clean))
}

/// What encoding a string with lone surrogates raises.
fn surrogates(text: &Wtf8) -> CompileError {
    let mut column = 0;
    let mut position = 0;
    // Start, end and value of the first run of surrogates, after tabs are expanded.
    let mut run: Option<(usize, usize, u32)> = None;
    for point in text.code_points() {
        let is_surrogate = (0xD800..0xE000).contains(&point);
        match &mut run {
            Some((_, end, _)) if is_surrogate => *end = position,
            Some(_) => break,
            None if is_surrogate => run = Some((position, position, point)),
            None => {}
        }
        let width = if point == 9 { 8 - column % 8 } else { 1 };
        position += width;
        column = if matches!(point, 10 | 13) { 0 } else { column + width };
    }
    let what = match run {
        Some((start, end, point)) if start == end => format!("character '\\u{point:04x}' in position {start}"),
        Some((start, end, _)) => format!("characters in position {start}-{end}"),
        None => "characters".into(),
    };
    CompileError {
        kind: ErrorKind::UnicodeEncode,
        message: format!("'utf-8' codec can't encode {what}: surrogates not allowed"),
        location: NO_LOCATION,
        early: false,
    }
}

/// `str.expandtabs()`
fn expand_tabs(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let width = 8 - column % 8;
                out.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            _ => {
                out.push(c);
                column = if matches!(c, '\n' | '\r') { 0 } else { column + 1 };
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_lines_and_relative_indentation() {
        let check = |text: &str, expected: &str| {
            assert_eq!(clean(Wtf8::new(text)).unwrap(), Str::from(expected));
        };
        check("  one\n    two\n      three\n\n    ", "one\ntwo\n  three\n\n");
        check("one\ntwo", "one\ntwo");
        check("one\n\ttwo\n        three", "one\ntwo\nthree");
        check("one\n  \n    two", "one\n\ntwo");
    }
}
