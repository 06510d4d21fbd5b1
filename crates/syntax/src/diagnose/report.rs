//! From what went wrong to the exception's arguments.

use crate::lexer::{LexError, LexOptions, Place};
use crate::tokens::TokenStream;
use crate::{ErrorKind, ErrorLocation, SyntaxError};

/// How far the tokens had been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub tokens: usize,
}

/// Where an error ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Line, and column in bytes from 1; 0 and -1 stand for themselves.
    At(u32, i64),
    /// As far as the lexer had read.
    Current,
    /// The lexer's own error, which has its own way of counting.
    Lexer,
}

/// An error as it is raised.
#[derive(Debug, Clone)]
pub(super) struct Raised {
    pub kind: ErrorKind,
    pub msg: String,
    pub lineno: u32,
    /// In bytes, from 1; `i64::MIN` for as far as the lexer had read.
    pub col: i64,
    pub end: End,
    /// `None` when the exception has no location.
    pub moment: Option<Moment>,
}

impl Raised {
    /// An exception that has a text only.
    pub fn bare(kind: ErrorKind, msg: String) -> Raised {
        Raised { kind, msg, lineno: 0, col: 0, end: End::Current, moment: None }
    }
}

/// The number of lines.
pub(super) fn last_line(text: &str) -> u32 {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).count() as u32;
    ends + u32::from(!text.is_empty() && !text.ends_with('\n'))
}

/// What the lexer knew at some moment.
struct LexerState {
    lineno: u32,
    line_start: usize,
    cur: usize,
    /// End of what was read.
    end: usize,
}

impl LexerState {
    fn at(text: &str, options: LexOptions, moment: Moment) -> LexerState {
        let mut stream = TokenStream::new(text.as_bytes(), options);
        let mut error = None;
        let mut end = None;
        for _ in 0..moment.tokens {
            if let Err(found) = stream.next() {
                error = Some(found);
                break;
            }
        }
        let (mut lineno, mut line_start, mut cur) = stream.position();
        if let Some(error) = error {
            lineno = error.lineno;
            line_start = error.line_start as usize;
            cur = match error.place {
                Place::Before(cur) => {
                    end = error.incomplete.then_some(text.len());
                    cur as usize
                }
                _ => line_end(text, line_start),
            };
            if error.place == Place::EndOfInput {
                lineno = last_line(text);
                line_start = last_line_start(text);
                cur = text.len();
            }
        } else if stream.before_line() || line_start >= text.len() && cur >= text.len() {
            // The next line has not been looked at, or there is none.
            let end = line_start.saturating_sub(1);
            lineno = lineno.saturating_sub(1).max(u32::from(!text.is_empty()));
            line_start = memchr::memrchr(b'\n', &text.as_bytes()[..end]).map_or(0, |n| n + 1);
            if text.is_empty() {
                lineno = 0;
            }
        }
        let end = end.unwrap_or_else(|| line_end(text, line_start));
        LexerState { lineno, line_start, cur, end }
    }
}

fn line_end(text: &str, start: usize) -> usize {
    memchr::memchr(b'\n', text.as_bytes().get(start..).unwrap_or_default()).map_or(text.len(), |n| start + n + 1)
}

fn last_line_start(text: &str) -> usize {
    let body = text.strip_suffix('\n').unwrap_or(text);
    memchr::memrchr(b'\n', body.as_bytes()).map_or(0, |n| n + 1)
}

/// Characters in the first `bytes` bytes of a line (at most one past its end).
fn characters(line: &str, bytes: i64) -> i64 {
    if bytes < 0 {
        return bytes;
    }
    let bytes = (bytes as usize).min(line.len() + 1);
    let head = String::from_utf8_lossy(&line.as_bytes()[..bytes.min(line.len())]);
    (head.chars().count() + usize::from(bytes > line.len())) as i64
}

/// The exception.
pub(super) fn finish(
    text: &str,
    options: LexOptions,
    raised: Raised,
    lexer_error: Option<&LexError>,
    whole_lines: bool,
) -> SyntaxError {
    let Raised { kind, msg, lineno, col, end, moment } = raised;
    let Some(moment) = moment else { return SyntaxError { kind, msg, location: None, last_statement: None } };
    if let (End::Lexer, Some(error)) = (end, lexer_error) {
        return SyntaxError { kind, msg, location: Some(lexer_location(text, error)), last_statement: None };
    }
    let state = LexerState::at(text, options, moment);
    let line = if !whole_lines && state.lineno <= lineno && state.line_start < text.len() {
        &text[state.line_start..state.end]
    } else {
        let mut start = 0;
        for _ in 1..lineno {
            start = line_end(text, start);
        }
        let end = line_end(text, start);
        let line = text.get(start..end).unwrap_or_default();
        let keep = whole_lines && !(options.added_newline && end == text.len());
        if keep { line } else { line.strip_suffix('\n').unwrap_or(line) }
    };
    let current = (state.cur - state.line_start.min(state.cur)) as i64;
    let col = if col == i64::MIN { current } else { col };
    let (end_lineno, end_col) = match end {
        End::At(end_lineno, end_col) => (end_lineno, end_col),
        _ => (state.lineno, current),
    };
    let end_offset = if end_col > 0 { characters(line, end_col) } else { end_col };
    let location = ErrorLocation {
        filename: true,
        lineno,
        offset: characters(line, col),
        end_lineno,
        end_offset,
        text: Some(line.into()),
    };
    SyntaxError { kind, msg, location: Some(location), last_statement: None }
}

/// The lexer counts characters itself, and leaves out the line end.
pub(super) fn lexer_location(text: &str, error: &LexError) -> ErrorLocation {
    let start = error.line_start as usize;
    let line = text.get(start..line_end(text, start)).unwrap_or_default();
    let line = line.strip_suffix('\n').unwrap_or(line);
    let (offset, end_offset) = match error.place {
        Place::Columns(first, last) => (characters(line, first.into()), characters(line, last.into())),
        Place::Before(cur) => {
            let bytes = text.as_bytes().get(start..cur as usize).unwrap_or_default();
            let count = String::from_utf8_lossy(bytes).chars().count() as i64;
            (count, count)
        }
        _ => (0, 0),
    };
    ErrorLocation {
        filename: true,
        lineno: error.lineno,
        offset,
        end_lineno: error.lineno,
        end_offset,
        text: Some(line.into()),
    }
}
