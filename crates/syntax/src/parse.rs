//! The way from source text to tree.

use crate::ast::Mod;
use crate::diagnose;
use crate::lexer::{LexOptions, Token, TokenKind};
use crate::parser::Parser;
use crate::source::{self, Decoder};
use crate::tokens::TokenBuffer;
use crate::{Arena, ErrorKind, SyntaxError, Warning};

/// What is to be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// A file: gives a `Module`.
    #[default]
    Exec,
    /// An expression: gives an `Expression`.
    Eval,
    /// One interactive statement: gives an `Interactive`.
    Single,
    /// A signature type comment: gives a `FunctionType`.
    FuncType,
}

/// How it is to be parsed.
#[derive(Clone, Debug)]
pub struct ParseOptions {
    /// The start rule.
    pub mode: Mode,
    /// Keep type comments (`PyCF_TYPE_COMMENTS`).
    pub type_comments: bool,
    /// The minor version to hold to: what came later is refused.
    pub feature_version: u32,
    /// Report input that stops short as `_IncompleteInputError` (`PyCF_ALLOW_INCOMPLETE_INPUT`).
    pub allow_incomplete_input: bool,
    /// In `Single` mode the end of input does not close blocks (`PyCF_DONT_IMPLY_DEDENT`).
    pub dont_imply_dedent: bool,
    /// `from __future__ import barry_as_FLUFL` is in force.
    pub barry_as_flufl: bool,
    /// The source can be read again from a file: the text of a syntax error is then always the whole line, with its end.
    pub whole_lines: bool,
    /// `sys.get_int_max_str_digits()`; 0 is no limit.
    pub int_max_str_digits: usize,
}

impl Default for ParseOptions {
    fn default() -> ParseOptions {
        ParseOptions {
            mode: Mode::Exec,
            type_comments: false,
            feature_version: 14,
            allow_incomplete_input: false,
            dont_imply_dedent: false,
            barry_as_flufl: false,
            whole_lines: false,
            int_max_str_digits: 4300,
        }
    }
}

/// Parses source bytes: finds out the encoding, decodes (with `decoder` where the encoding is not built in), and parses.
pub fn parse_bytes<'a>(
    arena: &'a Arena,
    source: &[u8],
    decoder: Option<&Decoder<'_>>,
    options: &ParseOptions,
    warnings: &mut Vec<Warning>,
) -> Result<Mod<'a>, SyntaxError> {
    let text = source::decode(source, options.mode == Mode::Exec, source::Origin::Bytes, decoder)?;
    parse(arena, &text, options, warnings)
}

/// Parses `source` into `arena`. Warnings are appended in the order of the source, also when there is an error.
pub fn parse<'a>(
    arena: &'a Arena,
    source: &str,
    options: &ParseOptions,
    warnings: &mut Vec<Warning>,
) -> Result<Mod<'a>, SyntaxError> {
    if memchr::memchr(0, source.as_bytes()).is_some() {
        let msg = "source code string cannot contain null bytes".into();
        return Err(SyntaxError { kind: ErrorKind::SyntaxError, msg, location: None, last_statement: None });
    }
    if source.len() >= i32::MAX as usize {
        let msg = "source too large".into();
        return Err(SyntaxError { kind: ErrorKind::MemoryError, msg, location: None, last_statement: None });
    }
    let text = with_plain_line_ends(arena, source, options.mode == Mode::Exec);
    // `<>` is an operator only under PEP 401, which a program can ask for itself.
    let barry_as_flufl = options.barry_as_flufl || asks_for_flufl(text);
    let lex_options = LexOptions {
        type_comments: options.type_comments,
        extra_tokens: false,
        implicit_newline: false,
        added_newline: options.mode == Mode::Exec && !source.ends_with(['\n', '\r']),
        single: options.mode == Mode::Single,
        barry_as_flufl,
        dont_imply_dedent: options.dont_imply_dedent,
    };
    let mut buffer = TokenBuffer::new(text.as_bytes(), lex_options);
    let whole = buffer.tokens.len();
    if buffer.error.is_some() {
        // Cannot succeed, but finds the statement that is wrong.
        let end = text.len() as u32;
        let kind = TokenKind::EndMarker;
        buffer.tokens.push(Token {
            kind,
            multiline: false,
            level: 0,
            doubled: false,
            lineno: 0,
            col: 0,
            start: end,
            end,
        });
    }
    let mut parser = Parser::new(arena, text, &buffer.tokens, options);
    let result = parser.parse(&buffer.type_ignores);
    let (first, consumed) = (parser.previous_start, parser.consumed());
    let (barry_as_flufl, mut found) = (parser.barry_as_flufl, parser.warnings);
    let last_statement = parser.last_statement;
    buffer.tokens.truncate(whole);
    // In `single` mode what follows the statement is not read.
    if let Ok(tree) = result
        && (buffer.error.is_none() || options.mode == Mode::Single && consumed <= whole)
    {
        found.append(&mut buffer.warnings);
        if options.mode == Mode::Single {
            let read = consumed.checked_sub(1).map_or(0, |last| buffer.tokens[last].end);
            found.retain(|warning| warning.position < read);
        }
        found.sort_by_key(|warning| warning.position);
        warnings.append(&mut found);
        if options.mode == Mode::Single && !is_blank(text, &buffer.tokens, consumed) {
            return Err(diagnose::more_than_one(text, &buffer, lex_options, options, consumed.saturating_sub(1)));
        }
        return Ok(tree);
    }
    let first = first.min(whole.saturating_sub(1));
    if let Some(token) = buffer.tokens.get(first) {
        // What follows is looked at anew.
        found.retain(|warning| warning.position < token.start);
        warnings.append(&mut found);
    }
    let mut error = diagnose::diagnose(text, &buffer, lex_options, options, first, barry_as_flufl, warnings);
    error.last_statement =
        error.last_statement.map(|last| if last.0 >= last_statement.0 { last } else { last_statement });
    Err(error)
}

/// Whether some line looks like `from __future__ import barry_as_FLUFL`.
fn asks_for_flufl(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), b"barry_as_FLUFL").any(|at| {
        let start = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |n| n + 1);
        let before = text.get(start..at).unwrap_or_default().trim_start();
        before.strip_prefix("from").is_some_and(|rest| rest.trim_start().starts_with("__future__"))
    })
}

/// Whether only blanks and comments follow the statement that ends before the token `next`.
fn is_blank(text: &str, tokens: &[Token], next: usize) -> bool {
    let Some(last) = next.checked_sub(1).and_then(|last| tokens.get(last)) else { return true };
    let rest = text.get(last.end as usize..).unwrap_or_default();
    rest.lines().all(|line| {
        let line = line.trim_start_matches([' ', '\t', '\x0C']);
        line.is_empty() || line.starts_with('#')
    })
}

/// The text with `\n` for every line end, and one at its end if it is a file.
fn with_plain_line_ends<'a>(arena: &'a Arena, source: &str, file: bool) -> &'a str {
    let missing = file && !source.is_empty() && !source.ends_with(['\n', '\r']);
    if memchr::memchr(b'\r', source.as_bytes()).is_none() && !missing {
        return arena.str(source);
    }
    let mut text = String::with_capacity(source.len() + 1);
    let mut rest = source;
    while let Some(n) = memchr::memchr(b'\r', rest.as_bytes()) {
        text.push_str(&rest[..n]);
        text.push('\n');
        rest = &rest[n + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    text.push_str(rest);
    if missing {
        text.push('\n');
    }
    arena.str(&text)
}
