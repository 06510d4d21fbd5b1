//! Tokens as the `tokenize` module wants them: with comments, line ends that do not count, texts and lines.

use crate::lexer::{LexError, LexOptions, Lexer, Place, Token, TokenKind};
use crate::{ErrorKind, ErrorLocation, SyntaxError};

/// One token. Lines count from 1, columns from 0 in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo<'s> {
    /// What it is; [`TokenKind::number`] is its exact type.
    pub kind: TokenKind,
    /// Its text.
    pub string: &'s str,
    /// Line and column of its start.
    pub start: (u32, u32),
    /// Line and column of its end.
    pub end: (u32, u32),
    /// The line it is on, or all of its lines.
    pub line: &'s str,
}

impl TokenInfo<'_> {
    /// The number in the `token` module: all operators are `OP`, unless exact types are wanted.
    pub fn number(&self, exact: bool) -> u8 {
        if !exact && self.kind.is_operator() { TokenKind::Op as u8 } else { self.kind.number() }
    }
}

/// The tokens of a text, up to the end marker or an error.
pub struct Tokenize<'s> {
    text: &'s str,
    lexer: Lexer<'s>,
    extra: bool,
    finished: bool,
    /// A line end to be made up because the text has none at its end.
    missing_newline: bool,
    /// The first line with a NUL in it.
    null_line: Option<u32>,
}

impl<'s> Tokenize<'s> {
    /// `extra_tokens` asks for comments and for line ends that do not count, and for leniency.
    pub fn new(text: &'s str, extra_tokens: bool) -> Tokenize<'s> {
        let options = LexOptions { extra_tokens, implicit_newline: true, ..LexOptions::default() };
        Tokenize {
            text,
            lexer: Lexer::new(text.as_bytes(), options),
            extra: extra_tokens,
            finished: false,
            null_line: memchr::memchr(0, text.as_bytes())
                .map(|at| memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count() as u32 + 1),
            missing_newline: !text.is_empty() && !text.ends_with('\n'),
        }
    }

    fn column(&self, line_start: usize, at: usize) -> u32 {
        self.text.get(line_start..at).map_or(0, |text| text.chars().count()) as u32
    }

    fn line_start(&self, at: usize) -> usize {
        memchr::memrchr(b'\n', &self.text.as_bytes()[..at.min(self.text.len())]).map_or(0, |n| n + 1)
    }

    fn line_end(&self, at: usize) -> usize {
        memchr::memchr(b'\n', self.text.as_bytes().get(at..).unwrap_or_default())
            .map_or(self.text.len(), |n| at + n + 1)
    }

    fn info(&self, token: Token) -> TokenInfo<'s> {
        let (start, mut end) = (token.start as usize, token.end as usize);
        let length = self.text.len();
        let trailing = match token.kind {
            TokenKind::EndMarker => true,
            TokenKind::Dedent => start >= length,
            _ => false,
        };
        if trailing && self.extra {
            // After the last line.
            let lines = memchr::memchr_iter(b'\n', self.text.as_bytes()).count() as u32;
            let lineno = lines + u32::from(self.missing_newline) + 1;
            let line = "";
            return TokenInfo { kind: token.kind, string: "", start: (lineno, 0), end: (lineno, 0), line };
        }
        let (start, implied) = (start.min(length), end > length);
        end = end.min(length) - usize::from(token.doubled);
        let first_line = self.line_start(start);
        // A line end is on the line it ends.
        let mut last_line = self.line_start(end);
        if matches!(token.kind, TokenKind::Newline | TokenKind::Nl) {
            last_line = first_line;
        }
        let lines = memchr::memchr_iter(b'\n', &self.text.as_bytes()[first_line..last_line]).count() as u32;
        let is_string = matches!(
            token.kind,
            TokenKind::String
                | TokenKind::FStringStart
                | TokenKind::FStringMiddle
                | TokenKind::FStringEnd
                | TokenKind::TStringStart
                | TokenKind::TStringMiddle
                | TokenKind::TStringEnd
        );
        let line_from = if is_string { first_line } else { last_line };
        let line_to = if is_string { self.line_end(end) } else { self.line_end(last_line) };
        let mut info = TokenInfo {
            kind: token.kind,
            string: self.text.get(start..end).unwrap_or_default(),
            start: (token.lineno, self.column(first_line, start)),
            end: (token.lineno + lines, self.column(last_line, end)),
            line: self.text.get(line_from..line_to).unwrap_or_default(),
        };
        if token.kind == TokenKind::Indent && !self.extra || token.kind == TokenKind::Dedent {
            info.string = "";
        }
        if implied {
            info.end.1 += 1;
        }
        info
    }

    fn null_byte(&self, lineno: u32) -> SyntaxError {
        let line = self.text.lines().nth(lineno as usize - 1).unwrap_or_default();
        let text = line.split('\0').next().unwrap_or_default().to_owned();
        let location =
            ErrorLocation { filename: true, lineno, offset: 0, end_lineno: lineno, end_offset: 0, text: Some(text) };
        let msg = "source code cannot contain null bytes".into();
        SyntaxError { kind: ErrorKind::SyntaxError, msg, location: Some(location), last_statement: None }
    }

    fn error(&self, error: &LexError) -> SyntaxError {
        let LexError { kind, msg, lineno, line_start, place, .. } = error;
        let start = *line_start as usize;
        let line = self.text.get(start..self.line_end(start)).unwrap_or_default();
        let plain = line.strip_suffix('\n').unwrap_or(line);
        let (mut kind, mut msg, mut lineno) = (*kind, msg.clone(), *lineno);
        let (offset, end_offset) = match *place {
            Place::Columns(first, last) => (i64::from(first), i64::from(last)),
            Place::Before(cur) => {
                let count = i64::from(self.column(start, cur as usize));
                (count, count)
            }
            Place::EndOfInput => {
                msg = "unexpected EOF in multi-line statement".into();
                kind = ErrorKind::SyntaxError;
                lineno =
                    memchr::memchr_iter(b'\n', self.text.as_bytes()).count() as u32 + u32::from(self.missing_newline);
                let held = self.text.len() + usize::from(self.missing_newline);
                let location = ErrorLocation {
                    filename: true,
                    lineno,
                    offset: held.saturating_sub(error.buffer_start as usize) as i64,
                    end_lineno: lineno,
                    end_offset: 0,
                    text: None,
                };
                return SyntaxError { kind, msg, location: Some(location), last_statement: None };
            }
            Place::Continuation(..) | Place::Indentation(_) => {
                (plain.chars().count() as i64 + 1, ErrorLocation::NO_END)
            }
        };
        let location =
            ErrorLocation { filename: true, lineno, offset, end_lineno: lineno, end_offset, text: Some(plain.into()) };
        SyntaxError { kind, msg, location: Some(location), last_statement: None }
    }
}

impl<'s> Iterator for Tokenize<'s> {
    type Item = Result<TokenInfo<'s>, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        match self.lexer.next_token() {
            Ok(token) if self.null_line.is_some_and(|line| token.lineno >= line) => {
                self.finished = true;
                Some(Err(self.null_byte(token.lineno)))
            }
            Ok(token) => {
                self.finished = token.kind == TokenKind::EndMarker;
                Some(Ok(self.info(token)))
            }
            Err(error) => {
                self.finished = true;
                Some(Err(self.error(&error)))
            }
        }
    }
}
