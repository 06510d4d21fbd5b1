//! String literals: prefixes, and where they end.

use super::{LexError, Lexer, MAX_FSTRINGS, Mode, Place, Token, TokenKind};
use crate::error::ErrorKind;

impl Lexer<'_> {
    /// Whether `start..end` only has letters that can be in a prefix, each at most once.
    pub(super) fn is_prefix(&self, start: usize, end: usize) -> bool {
        let mut seen = 0u8;
        self.src[start..end].iter().all(|c| {
            let bit = match c | 0x20 {
                b'b' => 1,
                b'u' => 2,
                b'r' => 4,
                b'f' => 8,
                b't' => 16,
                _ => return false,
            };
            let new = seen & bit == 0;
            seen |= bit;
            new
        })
    }

    /// A string whose prefix is `start..quote`.
    pub(super) fn prefixed_string(&mut self, start: usize, quote: usize) -> Result<Token, Box<LexError>> {
        let has = |letter: u8| self.src[start..quote].iter().any(|c| c | 0x20 == letter);
        let [b, u, r, f, t] = [b'b', b'u', b'r', b'f', b't'].map(has);
        let pairs =
            [(u && b, "u", "b"), (u && r, "u", "r"), (u && f, "u", "f"), (u && t, "u", "t"), (b && f, "b", "f")];
        for (clash, first, second) in pairs.into_iter().chain([(b && t, "b", "t"), (f && t, "f", "t")]) {
            if clash {
                self.pos = quote + 1;
                let first_column = (start + 1 - self.line_start) as u32;
                let last_column = (quote + 1 - self.line_start) as u32;
                return self.fail(
                    ErrorKind::SyntaxError,
                    format!("'{first}' and '{second}' prefixes are incompatible"),
                    Place::Columns(first_column, last_column),
                );
            }
        }
        if !f && !t {
            return self.string(start, quote);
        }
        let q = self.at(quote);
        let quote_size = if self.at(quote + 1) == q && self.at(quote + 2) == q { 3 } else { 1 };
        self.pos = quote + quote_size;
        if self.modes.len() + 1 >= MAX_FSTRINGS {
            return self.syntax_error("too many nested f-strings or t-strings", self.pos);
        }
        let token = self.token_from(if t { TokenKind::TStringStart } else { TokenKind::FStringStart }, start);
        self.modes.push(Mode {
            quote: q,
            quote_size: quote_size as u8,
            raw: r,
            template: t,
            text: true,
            in_format_spec: false,
            in_debug: false,
            curly_depth: 0,
            expr_start_depth: -1,
            start: start as u32,
            line_start: self.line_start as u32,
            lineno: self.lineno,
        });
        Ok(token)
    }

    /// A plain string starting at `start` with its opening quote at `quote`.
    pub(super) fn string(&mut self, start: usize, quote: usize) -> Result<Token, Box<LexError>> {
        let q = self.at(quote);
        let mut token = self.token_from(TokenKind::String, start);
        if self.at(quote + 1) != q {
            // One quote.
            let mut pos = quote + 1;
            let mut escaped_quote = false;
            loop {
                let rest = self.src.get(pos..).unwrap_or_default();
                match memchr::memchr3(q, b'\\', b'\n', rest) {
                    None => return self.unterminated(start, quote, 1, escaped_quote, self.src.len()),
                    Some(n) => {
                        pos += n;
                        match self.src[pos] {
                            b'\n' => return self.unterminated(start, quote, 1, escaped_quote, pos),
                            b'\\' => {
                                escaped_quote |= self.at(pos + 1) == q;
                                if self.at(pos + 1) == b'\r' {
                                    pos += 1;
                                }
                                if self.at(pos + 1) == b'\n' {
                                    token.multiline = true;
                                    self.lineno += 1;
                                    self.line_start = pos + 2;
                                }
                                pos += 2;
                            }
                            _ => break,
                        }
                    }
                }
            }
            self.pos = pos + 1;
        } else if self.at(quote + 2) != q {
            self.pos = quote + 2;
        } else {
            let mut pos = quote + 3;
            loop {
                let rest = self.src.get(pos..).unwrap_or_default();
                match memchr::memchr2(q, b'\\', rest) {
                    None => {
                        return self.unterminated(start, quote, 3, false, self.src.len());
                    }
                    Some(n) => {
                        pos += n;
                        if self.src[pos] == b'\\' {
                            pos += 2;
                        } else if self.at(pos + 1) == q && self.at(pos + 2) == q {
                            break;
                        } else {
                            pos += 1;
                        }
                    }
                }
            }
            self.pos = pos + 3;
            self.count_lines(quote, self.pos, &mut token);
        }
        token.end = self.pos as u32;
        Ok(token)
    }

    /// Moves the line counter over the line ends in `start..end`.
    pub(super) fn count_lines(&mut self, start: usize, end: usize, token: &mut Token) {
        for n in memchr::memchr_iter(b'\n', &self.src[start..end]) {
            self.lineno += 1;
            self.line_start = start + n + 1;
            token.multiline = true;
        }
    }

    #[cold]
    fn unterminated(
        &mut self,
        start: usize,
        quote: usize,
        quote_size: u8,
        escaped_quote: bool,
        end: usize,
    ) -> Result<Token, Box<LexError>> {
        let (lineno, line_start) = if quote_size == 3 {
            (self.lineno, self.line_start)
        } else {
            // Continuation lines were counted: go back to the first.
            let lines = memchr::memchr_iter(b'\n', &self.src[start..end]).count() as u32;
            let line_start = memchr::memrchr(b'\n', &self.src[..start]).map_or(0, |n| n + 1);
            (self.lineno - lines, line_start)
        };
        let mut detected = lineno + memchr::memchr_iter(b'\n', &self.src[start..end]).count() as u32;
        if end == self.src.len() && self.src.last() == Some(&b'\n') && detected > lineno {
            // The end of input is noticed on its last line.
            detected -= 1;
        }
        self.lineno = lineno;
        self.line_start = line_start;
        let msg = match self.modes.last() {
            Some(mode) if mode.quote == self.at(quote) && mode.quote_size == quote_size => {
                format!("{}-string: expecting '}}'", mode.prefix())
            }
            _ if quote_size == 3 => format!("unterminated triple-quoted string literal (detected at line {detected})"),
            _ if escaped_quote => {
                format!("unterminated string literal (detected at line {detected}); perhaps you escaped the end quote?")
            }
            _ => format!("unterminated string literal (detected at line {detected})"),
        };
        self.pos = end;
        let brace = msg.ends_with("expecting '}'");
        let result = self.syntax_error(msg, start + 1);
        if end == self.src.len() && !brace { self.incomplete(result) } else { result }
    }
}
