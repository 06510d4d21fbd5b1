//! The literal parts of f-strings and t-strings, and the punctuation of their replacement fields.

use super::{LexError, Lexer, MAX_EXPR_NESTING, Mode, Token, TokenKind};
use crate::escape;

impl Mode {
    /// `f` or `t`.
    pub(super) fn prefix(&self) -> char {
        if self.template { 't' } else { 'f' }
    }
}

impl Lexer<'_> {
    /// `:` at the end of a field's expression starts its format spec; anything else is an ordinary operator.
    pub(super) fn replacement_field_punctuation(&mut self, c: u8) -> Option<Token> {
        let start = self.pos;
        let mode = self.modes.last_mut()?;
        if c == b':' && mode.expr_start_depth >= 0 && mode.curly_depth - 1 == mode.expr_start_depth {
            mode.text = true;
            mode.in_format_spec = true;
            self.pos += 1;
            return Some(self.token_from(TokenKind::Colon, start));
        }
        None
    }

    /// Opens the next replacement field: the `{` itself is read as an operator.
    fn open_field(&mut self) -> Result<(), Box<LexError>> {
        let Some(mode) = self.modes.last_mut() else { return Ok(()) };
        mode.expr_start_depth += 1;
        if mode.expr_start_depth >= MAX_EXPR_NESTING {
            let msg = format!("{}-string: expressions nested too deeply", mode.prefix());
            return self.syntax_error(msg, self.pos);
        }
        mode.text = false;
        Ok(())
    }

    fn middle(&mut self, mut token: Token, end: usize) -> Token {
        token.end = end as u32;
        token
    }

    /// The next token while literal text is read.
    pub(super) fn fstring_token(&mut self) -> Result<Token, Box<LexError>> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let Some(&mode) = self.modes.last() else { return self.regular_token() };
        let start = self.pos;
        if self.at(start) == b'{' && self.at(start + 1) != b'{' {
            self.open_field()?;
            return self.regular_token();
        }
        let q = mode.quote;
        let size = usize::from(mode.quote_size);
        let closes = |lexer: &Self, pos: usize| (0..size).all(|i| lexer.at(pos + i) == q);
        if closes(self, start) {
            self.pos = start + size;
            self.modes.pop();
            let kind = if mode.template { TokenKind::TStringEnd } else { TokenKind::FStringEnd };
            return Ok(self.token_from(kind, start));
        }
        let kind = if mode.template { TokenKind::TStringMiddle } else { TokenKind::FStringMiddle };
        let mut token = self.token_from(kind, start);
        let mut pos = start;
        let mut named_escape = false;
        let in_format_spec = mode.in_format_spec && mode.expr_start_depth >= 0;
        loop {
            let c = self.at(pos);
            match c {
                b'{' => {
                    if self.at(pos + 1) != b'{' || in_format_spec {
                        self.pos = pos;
                        if let Some(mode) = self.modes.last_mut() {
                            mode.in_format_spec = false;
                        }
                        // The error, if any, is found with the brace read.
                        self.open_field()?;
                        return Ok(self.middle(token, pos));
                    }
                    self.pos = pos + 2;
                    token.doubled = true;
                    return Ok(self.middle(token, pos + 2));
                }
                b'}' => {
                    if named_escape {
                        self.pos = pos + 1;
                        return Ok(self.middle(token, pos + 1));
                    }
                    if self.at(pos + 1) == b'}' && !in_format_spec && mode.curly_depth == 0 {
                        self.pos = pos + 2;
                        token.doubled = true;
                        return Ok(self.middle(token, pos + 2));
                    }
                    self.pos = pos;
                    if let Some(mode) = self.modes.last_mut() {
                        mode.text = false;
                        mode.in_format_spec = false;
                    }
                    return Ok(self.middle(token, pos));
                }
                b'\\' => {
                    pos += 1;
                    let mut peek = self.at(pos);
                    if peek == b'\r' {
                        pos += 1;
                        peek = self.at(pos);
                    }
                    if peek == b'{' || peek == b'}' {
                        if !mode.raw && !self.options.extra_tokens {
                            self.warn(escape::invalid_escape_message(peek), pos - 1);
                        }
                        continue;
                    }
                    if self.is_end(pos) {
                        continue;
                    }
                    if peek == b'\n' {
                        token.multiline = true;
                        self.lineno += 1;
                        self.line_start = pos + 1;
                    }
                    pos += 1;
                    if !mode.raw && peek == b'N' && self.at(pos) == b'{' {
                        named_escape = true;
                        pos += 1;
                    }
                }
                b'\n' if size == 1 => {
                    if in_format_spec {
                        self.pos = pos;
                        let msg = format!(
                            "{}-string: newlines are not allowed in format specifiers for single quoted {}-strings",
                            mode.prefix(),
                            mode.prefix()
                        );
                        return self.syntax_error(msg, pos + 1);
                    }
                    return self.unterminated_fstring(mode, self.lineno);
                }
                b'\n' => {
                    token.multiline = true;
                    pos += 1;
                    self.lineno += 1;
                    self.line_start = pos;
                }
                0 if self.is_end(pos) => {
                    let mut detected = self.lineno;
                    if self.src.last() == Some(&b'\n') && detected > mode.lineno {
                        detected -= 1;
                    }
                    return self.unterminated_fstring(mode, detected);
                }
                _ if c == q && closes(self, pos) => {
                    self.pos = pos;
                    return Ok(self.middle(token, pos));
                }
                _ => pos += 1,
            }
        }
    }

    #[cold]
    fn unterminated_fstring(&mut self, mode: Mode, detected: u32) -> Result<Token, Box<LexError>> {
        self.lineno = mode.lineno;
        self.line_start = mode.line_start as usize;
        let prefix = mode.prefix();
        let kind = if mode.quote_size == 3 { "triple-quoted " } else { "" };
        let msg = format!("unterminated {kind}{prefix}-string literal (detected at line {detected})");
        let result = self.syntax_error(msg, mode.start as usize + 1);
        if mode.quote_size == 3 { self.incomplete(result) } else { result }
    }
}
