//! Source text to tokens, byte by byte.
//!
//! The text is UTF-8 with `\n` line ends (see [`crate::source`]); a NUL byte past its end would be read as the end.
//! Nothing here depends on the parser: all tokens can be made at once.

mod fstring;
mod number;
mod string;
pub mod token;

pub use token::{KEYWORDS, Token, TokenKind};

use crate::error::{ErrorKind, Warning};
use crate::unicode;

/// Bracket nesting that the reference allows.
const MAX_BRACKETS: usize = 200;
/// Indentation levels that the reference allows.
const MAX_INDENTS: usize = 100;
/// Nested f-strings that the reference allows.
const MAX_FSTRINGS: usize = 150;
/// Depth of replacement fields inside each other's format specs.
const MAX_EXPR_NESTING: i32 = 3;

/// Why the lexer could not go on. Positions are in bytes of the source.
#[derive(Clone, Debug)]
pub struct LexError {
    /// The exception class.
    pub kind: ErrorKind,
    /// The text.
    pub msg: String,
    /// Line it is reported on.
    pub lineno: u32,
    /// Start of that line.
    pub line_start: u32,
    /// How columns are to be worked out.
    pub place: Place,
    /// Whether it is the end of the input that was wrong: more input might help.
    pub incomplete: bool,
    /// Whether it was met inside of an f-string or t-string.
    pub in_fstring: bool,
    /// Start of the text that the reference still holds: that of the line, or of a construct begun earlier.
    pub buffer_start: u32,
}

/// Which columns an error of the lexer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Both columns are the number of characters of the line before this byte.
    Before(u32),
    /// Columns in bytes, given outright; only in ASCII parts of lines.
    Columns(u32, u32),
    /// The end of input was met: where is decided by the parser (open brackets come first).
    EndOfInput,
    /// The byte after a backslash that should be a line end, and where the reference counts its column from.
    Continuation(u32, u32),
    /// The indentation does not fit; the end column is unknown.
    Indentation(u32),
}

/// One entry of the stack of f-strings and t-strings being read.
#[derive(Clone, Copy, Debug)]
struct Mode {
    quote: u8,
    quote_size: u8,
    raw: bool,
    template: bool,
    /// Reading literal text, not an expression.
    text: bool,
    in_format_spec: bool,
    in_debug: bool,
    curly_depth: i32,
    expr_start_depth: i32,
    start: u32,
    line_start: u32,
    lineno: u32,
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub struct Bracket {
    /// Which one.
    pub byte: u8,
    /// Its line.
    pub lineno: u32,
    /// Its column in bytes.
    pub col: u32,
}

/// What the lexer is asked to do beside the usual.
#[derive(Clone, Copy, Debug, Default)]
pub struct LexOptions {
    /// Make tokens of type comments.
    pub type_comments: bool,
    /// Make tokens of comments and of line ends that do not count, and be lenient, for `tokenize`.
    pub extra_tokens: bool,
    /// A single interactive statement: the end of input is a line end as well, and closes blocks.
    pub single: bool,
    /// Read `<>` as one operator.
    pub barry_as_flufl: bool,
    /// If the last line has no end, act as if it had one.
    pub implicit_newline: bool,
    /// The last line end is not in the source; no matter to the lexer.
    pub added_newline: bool,
    /// In `single` mode, let the end of input not close blocks.
    pub dont_imply_dedent: bool,
}

/// The lexer's state.
pub struct Lexer<'s> {
    src: &'s [u8],
    options: LexOptions,
    pos: usize,
    lineno: u32,
    line_start: usize,
    /// Start of the line that the current token, or the continued line, began on.
    buffer_start: usize,
    at_line_start: bool,
    pending: i32,
    indents: Vec<(u32, u32)>,
    brackets: Vec<Bracket>,
    modes: Vec<Mode>,
    comment_newline: bool,
    /// The line end that the input lacks has been supplied.
    ended: bool,
    /// Warnings met so far.
    pub warnings: Vec<Warning>,
    error: Option<Box<LexError>>,
}

const BLANK: u8 = 1;
const WORD_START: u8 = 2;
const WORD: u8 = 4;

/// Byte classes.
static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let c = i as u8;
        table[i] = match c {
            b' ' | b'\t' | 0x0C => BLANK,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => WORD_START | WORD,
            b'0'..=b'9' => WORD,
            _ => 0,
        };
        i += 1;
    }
    table
};

#[inline]
fn is(c: u8, class: u8) -> bool {
    CLASS[c as usize] & class != 0
}

impl<'s> Lexer<'s> {
    /// Starts at the beginning of `src`.
    pub fn new(src: &'s [u8], options: LexOptions) -> Lexer<'s> {
        Lexer {
            src,
            options,
            pos: 0,
            lineno: 1,
            line_start: 0,
            buffer_start: 0,
            at_line_start: true,
            pending: 0,
            indents: vec![(0, 0)],
            brackets: Vec::new(),
            modes: Vec::new(),
            comment_newline: false,
            ended: false,
            warnings: Vec::new(),
            error: None,
        }
    }

    /// The brackets open now, outermost first.
    pub fn brackets(&self) -> &[Bracket] {
        &self.brackets
    }

    /// How many blocks are open.
    pub fn indent_level(&self) -> usize {
        self.indents.len() - 1
    }

    /// Closes all blocks: their dedents come next.
    pub fn imply_dedents(&mut self) {
        self.pending = -(self.indent_level() as i32);
        self.indents.truncate(1);
    }

    /// Line, its start, and the byte to be read next.
    pub fn position(&self) -> (u32, usize, usize) {
        (self.lineno, self.line_start, self.pos)
    }

    /// Whether a line end was the last thing read.
    pub fn before_line(&self) -> bool {
        self.at_line_start && self.pos > 0
    }

    #[inline(always)]
    fn at(&self, pos: usize) -> u8 {
        match self.src.get(pos) {
            Some(&c) => c,
            None => 0,
        }
    }

    /// Whether the byte at `pos` is the end of the input rather than a NUL in it.
    #[inline]
    fn is_end(&self, pos: usize) -> bool {
        pos >= self.src.len()
    }

    #[inline]
    fn token_from(&self, kind: TokenKind, start: usize) -> Token {
        Token {
            kind,
            multiline: false,
            level: self.brackets.len() as u8,
            doubled: false,
            lineno: self.lineno,
            col: (start - self.line_start) as u32,
            start: start as u32,
            end: self.pos as u32,
        }
    }

    #[cold]
    fn fail<T>(&mut self, kind: ErrorKind, msg: String, place: Place) -> Result<T, Box<LexError>> {
        let error = Box::new(LexError {
            kind,
            msg,
            lineno: self.lineno,
            line_start: self.line_start as u32,
            place,
            incomplete: false,
            in_fstring: !self.modes.is_empty(),
            buffer_start: self.modes.first().map_or(self.buffer_start as u32, |mode| mode.line_start),
        });
        self.error = Some(error.clone());
        Err(error)
    }

    #[cold]
    fn syntax_error<T>(&mut self, msg: impl Into<String>, cur: usize) -> Result<T, Box<LexError>> {
        let place = Place::Before(cur as u32);
        self.fail(ErrorKind::SyntaxError, msg.into(), place)
    }

    /// Marks the error just made as due to the end of the input.
    fn incomplete<T>(&mut self, result: Result<T, Box<LexError>>) -> Result<T, Box<LexError>> {
        if let Some(error) = &mut self.error {
            error.incomplete = true;
        }
        result.map_err(|mut error| {
            error.incomplete = true;
            error
        })
    }

    fn warn(&mut self, msg: String, start: usize) {
        let warning =
            Warning { msg, lineno: self.lineno, col: (start - self.line_start) as u32, position: start as u32 };
        self.warnings.push(warning);
    }

    /// The next token; after an error, the same error for ever.
    #[inline]
    pub fn next_token(&mut self) -> Result<Token, Box<LexError>> {
        if let Some(mode) = self.modes.last()
            && mode.text
        {
            return self.fstring_token();
        }
        self.regular_token()
    }

    fn regular_token(&mut self) -> Result<Token, Box<LexError>> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        loop {
            let mut blank_line = false;
            if self.at_line_start {
                blank_line = self.line_start()?;
            }
            if self.pending != 0 {
                return Ok(self.pending_token());
            }
            // A line end after a comment begins, for the reference, where the comment does.
            let mut comment_start = None;
            loop {
                let mut pos = self.pos;
                while is(self.at(pos), BLANK) {
                    pos += 1;
                }
                self.pos = pos;
                let c = self.at(pos);
                if is(c, WORD_START) {
                    return self.word();
                }
                match c {
                    b'\n' => {
                        self.pos = pos + 1;
                        if let Some(token) = self.newline(comment_start.unwrap_or(pos), blank_line) {
                            return Ok(token);
                        }
                        break;
                    }
                    b'#' => {
                        if let Some(token) = self.comment(blank_line) {
                            return Ok(token);
                        }
                        comment_start = Some(pos);
                    }
                    b'\\' => {
                        self.pos = pos + 1;
                        self.continuation()?;
                    }
                    b'\r' if self.at(pos + 1) == b'\n' => {
                        self.pos = pos + 2;
                        if let Some(token) = self.newline(pos, blank_line) {
                            return Ok(token);
                        }
                        break;
                    }
                    0 if self.is_end(pos) => {
                        if self.options.implicit_newline && !self.ended && self.src.last().is_some_and(|&c| c != b'\n')
                        {
                            self.ended = true;
                            self.pos = pos + 1;
                            if let Some(token) = self.newline(pos, blank_line) {
                                return Ok(token);
                            }
                            break;
                        }
                        return self.end_of_input();
                    }
                    b'0'..=b'9' => return self.number(pos),
                    b'.' if self.at(pos + 1).is_ascii_digit() => return self.fraction(pos, pos + 1),
                    b'"' | b'\'' => return self.string(pos, pos),
                    _ => return self.operator(c),
                }
            }
        }
    }

    /// The line end at `start`, already passed; `None` when it does not count.
    #[inline]
    fn newline(&mut self, start: usize, blank_line: bool) -> Option<Token> {
        let mut token = self.token_from(TokenKind::Newline, start);
        self.lineno += 1;
        self.line_start = self.pos;
        self.buffer_start = self.pos;
        self.at_line_start = true;
        if blank_line || !self.brackets.is_empty() {
            if self.options.extra_tokens {
                self.comment_newline = false;
                token.kind = TokenKind::Nl;
                return Some(token);
            }
            return None;
        }
        if self.options.extra_tokens && self.comment_newline {
            self.comment_newline = false;
            token.kind = TokenKind::Nl;
            return Some(token);
        }
        if !self.options.extra_tokens {
            token.end -= 1;
        }
        Some(token)
    }

    /// Whether a line end has to be made up at the end of the input.
    fn lacks_newline(&self) -> bool {
        self.options.implicit_newline && !self.ended && self.src.last().is_some_and(|&c| c != b'\n')
    }

    /// Measures the indentation of a new line; whether the line is blank.
    fn line_start(&mut self) -> Result<bool, Box<LexError>> {
        self.at_line_start = false;
        let (mut col, mut alt_col, mut continued_col) = (0u32, 0u32, 0u32);
        let mut pos = self.pos;
        let c = loop {
            let c = self.at(pos);
            match c {
                b' ' => {
                    col += 1;
                    alt_col += 1;
                }
                b'\t' => {
                    col = (col / 8 + 1) * 8;
                    alt_col += 1;
                }
                0x0C => {
                    col = 0;
                    alt_col = 0;
                }
                b'\\' => {
                    if continued_col == 0 {
                        continued_col = col;
                    }
                    self.pos = pos + 1;
                    self.continuation()?;
                    self.buffer_start = self.line_start;
                    pos = self.pos;
                    continue;
                }
                _ => break c,
            }
            pos += 1;
        };
        self.pos = pos;
        if c == b'\n' || c == b'#' || c == b'\r' || self.is_end(pos) && self.lacks_newline() {
            return Ok(true);
        }
        if !self.brackets.is_empty() {
            return Ok(false);
        }
        if continued_col != 0 {
            (col, alt_col) = (continued_col, continued_col);
        }
        self.indentation(col, alt_col)?;
        Ok(false)
    }

    fn indentation(&mut self, col: u32, alt_col: u32) -> Result<(), Box<LexError>> {
        let (top, alt_top) = self.indents.last().copied().unwrap_or_default();
        if col == top {
            if alt_col != alt_top {
                return self.tab_error();
            }
        } else if col > top {
            if self.indents.len() >= MAX_INDENTS {
                return self.indentation_error("too many levels of indentation");
            }
            if alt_col <= alt_top {
                return self.tab_error();
            }
            self.pending += 1;
            self.indents.push((col, alt_col));
        } else {
            while self.indents.len() > 1 && self.indents.last().is_some_and(|top| col < top.0) {
                self.pending -= 1;
                self.indents.pop();
            }
            let (top, alt_top) = self.indents.last().copied().unwrap_or_default();
            if col != top {
                return self.indentation_error("unindent does not match any outer indentation level");
            }
            if alt_col != alt_top {
                return self.tab_error();
            }
        }
        Ok(())
    }

    /// Where the current line ends, its line end included.
    fn end_of_line(&self) -> usize {
        let rest = self.src.get(self.line_start..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.src.len(), |n| self.line_start + n + 1)
    }

    #[cold]
    fn indentation_error(&mut self, msg: &str) -> Result<(), Box<LexError>> {
        let end = self.end_of_line();
        let place = Place::Indentation(end as u32);
        self.fail(ErrorKind::IndentationError, msg.into(), place)
    }

    #[cold]
    fn tab_error(&mut self) -> Result<(), Box<LexError>> {
        let end = self.end_of_line();
        let place = Place::Indentation(end as u32);
        let msg = "inconsistent use of tabs and spaces in indentation".into();
        self.fail(ErrorKind::TabError, msg, place)
    }

    fn pending_token(&mut self) -> Token {
        let mut token = self.token_from(TokenKind::Indent, self.pos);
        if self.pending < 0 {
            self.pending += 1;
            token.kind = TokenKind::Dedent;
        } else {
            self.pending -= 1;
            if self.options.extra_tokens {
                token.start = self.line_start as u32;
                token.col = 0;
            }
        }
        token
    }

    /// After a backslash: the line end must follow, and then some more input.
    fn continuation(&mut self) -> Result<(), Box<LexError>> {
        let mut pos = self.pos;
        if self.at(pos) == b'\r' {
            pos += 1;
        }
        if self.at(pos) != b'\n' && !(self.options.implicit_newline && self.is_end(pos)) {
            // The end of the input is not a byte that could be read.
            let at = if self.is_end(pos) { pos - 1 } else { pos };
            let place = Place::Continuation(at as u32, self.buffer_start as u32);
            let msg = "unexpected character after line continuation character".into();
            return self.fail(ErrorKind::SyntaxError, msg, place);
        }
        if self.is_end(pos + 1) {
            let msg = "unexpected EOF while parsing".into();
            let place = Place::EndOfInput;
            return self.fail(ErrorKind::SyntaxError, msg, place);
        }
        self.pos = pos + 1;
        self.lineno += 1;
        self.line_start = self.pos;
        Ok(())
    }

    fn end_of_input(&mut self) -> Result<Token, Box<LexError>> {
        if !self.brackets.is_empty() {
            let msg = "unexpected EOF while parsing".into();
            let place = Place::EndOfInput;
            return self.fail(ErrorKind::SyntaxError, msg, place);
        }
        Ok(self.token_from(TokenKind::EndMarker, self.pos))
    }

    /// Skips a comment; a token when one is wanted.
    fn comment(&mut self, blank_line: bool) -> Option<Token> {
        let start = self.pos;
        let rest = self.src.get(start..).unwrap_or_default();
        let mut end = memchr::memchr(b'\n', rest).map_or(self.src.len(), |n| start + n);
        if self.options.extra_tokens && end > start && self.src[end - 1] == b'\r' {
            end -= 1;
        }
        self.pos = end;
        if self.options.type_comments
            && let Some(token) = self.type_comment(start, end, blank_line)
        {
            return Some(token);
        }
        if self.options.extra_tokens {
            self.comment_newline = blank_line;
            return Some(self.token_from(TokenKind::Comment, start));
        }
        None
    }

    fn type_comment(&mut self, start: usize, end: usize, blank_line: bool) -> Option<Token> {
        let skip = |mut pos: usize| {
            while pos < end && matches!(self.src[pos], b' ' | b'\t') {
                pos += 1;
            }
            pos
        };
        let rest = skip(start + 1);
        if !self.src[rest..end].starts_with(b"type:") {
            return None;
        }
        let text = skip(rest + 5);
        if self.src[text..end].starts_with(b"ignore")
            && self.src[text..end].get(6).is_none_or(|&c| c < 128 && !c.is_ascii_alphanumeric())
        {
            let mut token = self.token_from(TokenKind::TypeIgnore, text + 6);
            if blank_line && self.at(self.pos) == b'\n' {
                self.pos += 1;
                token.end = self.pos as u32;
                self.lineno += 1;
                self.line_start = self.pos;
                self.at_line_start = true;
            }
            return Some(token);
        }
        Some(self.token_from(TokenKind::TypeComment, text))
    }

    /// A name, a keyword, or a string with a prefix.
    #[inline]
    fn word(&mut self) -> Result<Token, Box<LexError>> {
        let start = self.pos;
        let mut pos = start;
        let mut all = 0u8;
        loop {
            let c = self.at(pos);
            if !is(c, WORD) {
                break;
            }
            all |= c;
            pos += 1;
        }
        let next = self.at(pos);
        if (next == b'"' || next == b'\'') && pos - start <= 5 && self.is_prefix(start, pos) {
            return self.prefixed_string(start, pos);
        }
        self.pos = pos;
        if all >= 128 {
            self.check_identifier(start)?;
            return Ok(self.token_from(TokenKind::Name, start));
        }
        let kind = TokenKind::of_word(&self.src[start..pos]);
        Ok(self.token_from(kind, start))
    }

    #[cold]
    fn check_identifier(&mut self, start: usize) -> Result<(), Box<LexError>> {
        if self.options.extra_tokens {
            return Ok(());
        }
        // The source is UTF-8 and names end at ASCII bytes.
        let Ok(text) = std::str::from_utf8(&self.src[start..self.pos]) else { return Ok(()) };
        for (offset, c) in text.char_indices() {
            let valid = if offset == 0 { unicode::is_identifier_start(c) } else { unicode::is_identifier_continue(c) };
            if !valid {
                let cur = start + offset + c.len_utf8();
                self.pos = cur;
                let code = c as u32;
                let msg = if unicode::is_printable(c) {
                    format!("invalid character '{c}' (U+{code:04X})")
                } else {
                    format!("invalid non-printable character U+{code:04X}")
                };
                return self.syntax_error(msg, cur);
            }
        }
        Ok(())
    }

    #[inline]
    fn operator(&mut self, c: u8) -> Result<Token, Box<LexError>> {
        use TokenKind::*;
        let start = self.pos;
        if !self.modes.is_empty()
            && matches!(c, b':' | b'}' | b'!' | b'{')
            && let Some(token) = self.replacement_field_punctuation(c)
        {
            return Ok(token);
        }
        let c2 = self.at(start + 1);
        let (kind, size) = match c {
            b'(' | b'[' | b'{' => {
                self.pos = start + 1;
                self.open_bracket(c, start)?;
                (
                    if c == b'(' {
                        LPar
                    } else if c == b'[' {
                        LSqb
                    } else {
                        LBrace
                    },
                    1,
                )
            }
            b')' | b']' | b'}' => {
                self.pos = start + 1;
                self.close_bracket(c)?;
                (
                    if c == b')' {
                        RPar
                    } else if c == b']' {
                        RSqb
                    } else {
                        RBrace
                    },
                    1,
                )
            }
            b':' => {
                if c2 == b'=' {
                    (ColonEqual, 2)
                } else {
                    (Colon, 1)
                }
            }
            b',' => (Comma, 1),
            b';' => (Semi, 1),
            b'~' => (Tilde, 1),
            b'.' => {
                if c2 == b'.' && self.at(start + 2) == b'.' {
                    (Ellipsis, 3)
                } else {
                    (Dot, 1)
                }
            }
            b'=' => {
                if c2 == b'=' {
                    (EqEqual, 2)
                } else {
                    if let Some(mode) = self.modes.last_mut()
                        && mode.expr_start_depth >= 0
                        && mode.curly_depth - mode.expr_start_depth == 1
                    {
                        mode.in_debug = true;
                    }
                    (Equal, 1)
                }
            }
            b'+' => {
                if c2 == b'=' {
                    (PlusEqual, 2)
                } else {
                    (Plus, 1)
                }
            }
            b'-' => match c2 {
                b'=' => (MinEqual, 2),
                b'>' => (RArrow, 2),
                _ => (Minus, 1),
            },
            b'*' => match (c2, self.at(start + 2)) {
                (b'*', b'=') => (DoubleStarEqual, 3),
                (b'*', _) => (DoubleStar, 2),
                (b'=', _) => (StarEqual, 2),
                _ => (Star, 1),
            },
            b'/' => match (c2, self.at(start + 2)) {
                (b'/', b'=') => (DoubleSlashEqual, 3),
                (b'/', _) => (DoubleSlash, 2),
                (b'=', _) => (SlashEqual, 2),
                _ => (Slash, 1),
            },
            b'<' => match (c2, self.at(start + 2)) {
                (b'<', b'=') => (LeftShiftEqual, 3),
                (b'<', _) => (LeftShift, 2),
                (b'=', _) => (LessEqual, 2),
                (b'>', _) if self.options.barry_as_flufl => (NotEqual, 2),
                _ => (Less, 1),
            },
            b'>' => match (c2, self.at(start + 2)) {
                (b'>', b'=') => (RightShiftEqual, 3),
                (b'>', _) => (RightShift, 2),
                (b'=', _) => (GreaterEqual, 2),
                _ => (Greater, 1),
            },
            b'%' => {
                if c2 == b'=' {
                    (PercentEqual, 2)
                } else {
                    (Percent, 1)
                }
            }
            b'&' => {
                if c2 == b'=' {
                    (AmperEqual, 2)
                } else {
                    (Amper, 1)
                }
            }
            b'|' => {
                if c2 == b'=' {
                    (VBarEqual, 2)
                } else {
                    (VBar, 1)
                }
            }
            b'^' => {
                if c2 == b'=' {
                    (CircumflexEqual, 2)
                } else {
                    (Circumflex, 1)
                }
            }
            b'@' => {
                if c2 == b'=' {
                    (AtEqual, 2)
                } else {
                    (At, 1)
                }
            }
            b'!' => {
                if c2 == b'=' {
                    (NotEqual, 2)
                } else {
                    (Exclamation, 1)
                }
            }
            b'$' | b'?' | b'`' => (Op, 1),
            _ => {
                // A control character.
                self.pos = start + 1;
                return self.syntax_error(format!("invalid non-printable character U+{c:04X}"), start + 1);
            }
        };
        self.pos = start + size;
        Ok(self.token_from(kind, start))
    }

    fn open_bracket(&mut self, byte: u8, start: usize) -> Result<(), Box<LexError>> {
        if self.brackets.len() >= MAX_BRACKETS {
            return self.syntax_error("too many nested parentheses", start + 1);
        }
        self.brackets.push(Bracket { byte, lineno: self.lineno, col: (start - self.line_start) as u32 });
        if let Some(mode) = self.modes.last_mut() {
            mode.curly_depth += 1;
        }
        Ok(())
    }

    fn close_bracket(&mut self, c: u8) -> Result<(), Box<LexError>> {
        let cur = self.pos;
        if let Some(mode) = self.modes.last()
            && mode.curly_depth == 0
            && c == b'}'
        {
            let prefix = mode.prefix();
            return self.syntax_error(format!("{prefix}-string: single '}}' is not allowed"), cur);
        }
        let opening = self.brackets.pop();
        if !self.options.extra_tokens {
            let Some(opening) = opening else {
                return self.syntax_error(format!("unmatched '{}'", c as char), cur);
            };
            if !matches!((opening.byte, c), (b'(', b')') | (b'[', b']') | (b'{', b'}')) {
                if let Some(mode) = self.modes.last()
                    && opening.byte == b'{'
                    && mode.curly_depth - 1 == mode.expr_start_depth
                {
                    let prefix = mode.prefix();
                    return self.syntax_error(format!("{prefix}-string: unmatched '{}'", c as char), cur);
                }
                let (c, o) = (c as char, opening.byte as char);
                let mut msg = format!("closing parenthesis '{c}' does not match opening parenthesis '{o}'");
                if opening.lineno != self.lineno {
                    msg += &format!(" on line {}", opening.lineno);
                }
                return self.syntax_error(msg, cur);
            }
        }
        if let Some(mode) = self.modes.last_mut() {
            mode.curly_depth -= 1;
            if mode.curly_depth < 0 {
                let prefix = mode.prefix();
                return self.syntax_error(format!("{prefix}-string: unmatched '{}'", c as char), cur);
            }
            if c == b'}' && mode.curly_depth == mode.expr_start_depth {
                mode.expr_start_depth -= 1;
                mode.text = true;
                mode.in_format_spec = false;
                mode.in_debug = false;
            }
        }
        Ok(())
    }
}
