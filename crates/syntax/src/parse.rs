//! The way from source text to tree.

use crate::ast::Mod;
use crate::lexer::LexOptions;
use crate::parser::Parser;
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
            int_max_str_digits: 4300,
        }
    }
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
        return Err(SyntaxError { kind: ErrorKind::SyntaxError, msg, location: None });
    }
    if source.len() >= i32::MAX as usize {
        let msg = "source too large".into();
        return Err(SyntaxError { kind: ErrorKind::MemoryError, msg, location: None });
    }
    let text = with_plain_line_ends(arena, source, options.mode == Mode::Exec);
    let lex_options = LexOptions {
        type_comments: options.type_comments,
        extra_tokens: false,
        single: options.mode == Mode::Single,
        dont_imply_dedent: options.dont_imply_dedent,
    };
    let tokens = TokenBuffer::new(text.as_bytes(), lex_options);
    if tokens.error.is_none() {
        let mut parser = Parser::new(arena, text, &tokens.tokens, options);
        if let Ok(tree) = parser.parse(&tokens.type_ignores) {
            let mut found = tokens.warnings;
            found.append(&mut parser.warnings);
            found.sort_by_key(|warning| warning.position);
            warnings.append(&mut found);
            return Ok(tree);
        }
    }
    let msg = tokens.error.map_or_else(|| "invalid syntax".into(), |error| error.msg);
    Err(SyntaxError { kind: ErrorKind::SyntaxError, msg, location: None })
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
