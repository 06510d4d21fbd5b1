//! Numeric literals: where they end, and what may not follow them.

use super::{LexError, Lexer, Token, TokenKind, WORD, is};
use crate::error::ErrorKind;
use crate::lexer::Place;

impl Lexer<'_> {
    pub(super) fn number(&mut self, start: usize) -> Result<Token, Box<LexError>> {
        if self.at(start) == b'0' {
            match self.at(start + 1) {
                b'x' | b'X' => return self.radix(start, 16, "hexadecimal"),
                b'o' | b'O' => return self.radix(start, 8, "octal"),
                b'b' | b'B' => return self.radix(start, 2, "binary"),
                _ => return self.leading_zero(start),
            }
        }
        let pos = self.decimal_tail(start + 1)?;
        self.after_digits(start, pos)
    }

    /// After the integer part.
    fn after_digits(&mut self, start: usize, pos: usize) -> Result<Token, Box<LexError>> {
        match self.at(pos) {
            b'.' => self.fraction(start, pos + 1),
            b'e' | b'E' => self.exponent(start, pos),
            b'j' | b'J' => self.finish(start, pos + 1, "imaginary"),
            _ => self.finish(start, pos, "decimal"),
        }
    }

    /// After the point.
    pub(super) fn fraction(&mut self, start: usize, mut pos: usize) -> Result<Token, Box<LexError>> {
        if self.at(pos).is_ascii_digit() {
            pos = self.decimal_tail(pos + 1)?;
        }
        match self.at(pos) {
            b'e' | b'E' => self.exponent(start, pos),
            b'j' | b'J' => self.finish(start, pos + 1, "imaginary"),
            _ => self.finish(start, pos, "decimal"),
        }
    }

    /// At the `e`.
    fn exponent(&mut self, start: usize, e: usize) -> Result<Token, Box<LexError>> {
        let mut pos = e + 1;
        match self.at(pos) {
            b'+' | b'-' => {
                pos += 1;
                if !self.at(pos).is_ascii_digit() {
                    self.pos = pos;
                    return self.syntax_error("invalid decimal literal", pos);
                }
            }
            c if c.is_ascii_digit() => {}
            // Not an exponent: perhaps `1else`.
            _ => return self.finish(start, e, "decimal"),
        }
        pos = self.decimal_tail(pos + 1)?;
        match self.at(pos) {
            b'j' | b'J' => self.finish(start, pos + 1, "imaginary"),
            _ => self.finish(start, pos, "decimal"),
        }
    }

    /// Digits with single underscores between them, after a first digit.
    fn decimal_tail(&mut self, mut pos: usize) -> Result<usize, Box<LexError>> {
        loop {
            while self.at(pos).is_ascii_digit() {
                pos += 1;
            }
            if self.at(pos) != b'_' {
                return Ok(pos);
            }
            pos += 1;
            if !self.at(pos).is_ascii_digit() {
                self.pos = pos;
                return self.syntax_error("invalid decimal literal", pos);
            }
        }
    }

    fn radix(&mut self, start: usize, radix: u32, name: &'static str) -> Result<Token, Box<LexError>> {
        let mut pos = start + 2;
        let is_digit = |c: u8| (c as char).is_digit(radix);
        loop {
            if self.at(pos) == b'_' {
                pos += 1;
            }
            let c = self.at(pos);
            if !is_digit(c) {
                return self.bad_digit(pos, radix, name);
            }
            while is_digit(self.at(pos)) {
                pos += 1;
            }
            if self.at(pos) != b'_' {
                break;
            }
        }
        if radix < 10 && self.at(pos).is_ascii_digit() {
            return self.bad_digit(pos, radix, name);
        }
        self.finish(start, pos, name)
    }

    #[cold]
    fn bad_digit(&mut self, pos: usize, radix: u32, name: &str) -> Result<Token, Box<LexError>> {
        let c = self.at(pos);
        if radix < 10 && c.is_ascii_digit() {
            self.pos = pos + 1;
            return self.syntax_error(format!("invalid digit '{}' in {name} literal", c as char), pos + 1);
        }
        self.pos = pos;
        self.syntax_error(format!("invalid {name} literal"), pos)
    }

    fn leading_zero(&mut self, start: usize) -> Result<Token, Box<LexError>> {
        let mut pos = start + 1;
        loop {
            if self.at(pos) == b'_' {
                pos += 1;
                if !self.at(pos).is_ascii_digit() {
                    self.pos = pos;
                    return self.syntax_error("invalid decimal literal", pos);
                }
            }
            if self.at(pos) != b'0' {
                break;
            }
            pos += 1;
        }
        let zeros_end = pos;
        let nonzero = self.at(pos).is_ascii_digit();
        if nonzero {
            pos = self.decimal_tail(pos + 1)?;
        }
        if nonzero && !matches!(self.at(pos), b'.' | b'e' | b'E' | b'j' | b'J') && !self.options.extra_tokens {
            self.pos = pos;
            let first = (start + 1 - self.line_start) as u32;
            let last = (zeros_end + 1 - self.line_start) as u32;
            return self.fail(
                ErrorKind::SyntaxError,
                "leading zeros in decimal integer literals are not permitted; \
                      use an 0o prefix for octal integers"
                    .into(),
                Place::Columns(first, last),
            );
        }
        self.after_digits(start, pos)
    }

    /// Ends the token at `pos`, unless what follows cannot.
    #[inline]
    fn finish(&mut self, start: usize, pos: usize, name: &str) -> Result<Token, Box<LexError>> {
        let c = self.at(pos);
        if is(c, WORD) && !self.options.extra_tokens {
            self.check_end(start, pos, name)?;
        }
        self.pos = pos;
        Ok(self.token_from(TokenKind::Number, start))
    }

    /// A keyword may follow at once, with a warning; any other ASCII word may not.
    #[cold]
    fn check_end(&mut self, start: usize, pos: usize, name: &str) -> Result<(), Box<LexError>> {
        let rest = &self.src[pos.min(self.src.len())..];
        let word = |word: &[u8]| rest.starts_with(word) && !rest.get(word.len()).is_some_and(|&c| is(c, WORD));
        let keyword = match rest {
            [b'i', b'f' | b'n' | b's', ..] => true,
            _ => word(b"and") || word(b"else") || word(b"for") || word(b"or") || word(b"not"),
        };
        if keyword {
            self.warn(format!("invalid {name} literal"), start);
        } else if self.at(pos) < 128 {
            self.pos = pos;
            return self.syntax_error(format!("invalid {name} literal"), pos);
        }
        Ok(())
    }
}
