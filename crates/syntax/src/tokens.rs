//! All tokens of a source, for the parsers to walk about in.

use std::cell::Cell;

use crate::Warning;
use crate::lexer::{Bracket, LexError, LexOptions, Lexer, Token, TokenKind};

/// The tokens the grammar sees, one by one.
pub(crate) struct TokenStream<'s> {
    lexer: Lexer<'s>,
    options: LexOptions,
    started: bool,
    /// `# type: ignore` comments, which are no tokens to the grammar.
    type_ignores: Vec<Token>,
}

impl<'s> TokenStream<'s> {
    pub fn new(src: &'s [u8], options: LexOptions) -> TokenStream<'s> {
        TokenStream { lexer: Lexer::new(src, options), options, started: false, type_ignores: Vec::new() }
    }

    #[inline]
    pub fn next(&mut self) -> Result<Token, Box<LexError>> {
        loop {
            let mut token = self.lexer.next_token()?;
            match token.kind {
                TokenKind::TypeIgnore => {
                    self.type_ignores.push(token);
                    continue;
                }
                // A single interactive statement also ends, with its blocks, where the input does.
                TokenKind::EndMarker if self.options.single && self.started => {
                    token.kind = TokenKind::Newline;
                    self.started = false;
                    if !self.options.dont_imply_dedent {
                        self.lexer.imply_dedents();
                    }
                }
                _ => self.started = true,
            }
            return Ok(token);
        }
    }

    /// Line, its start, and the byte to be read next.
    pub fn position(&self) -> (u32, usize, usize) {
        self.lexer.position()
    }

    /// Whether a line end was the last thing read.
    pub fn before_line(&self) -> bool {
        self.lexer.before_line()
    }
}

/// The tokens up to the end of input or to the lexer's error.
pub(crate) struct TokenBuffer {
    /// The tokens; the last is the end marker, unless there was an error.
    pub tokens: Vec<Token>,
    /// `# type: ignore` comments.
    pub type_ignores: Vec<Token>,
    /// What the lexer has to say about doubtful numbers and escapes.
    pub warnings: Vec<Warning>,
    /// Why there are no more tokens.
    pub error: Option<Box<LexError>>,
    /// Brackets open at the end.
    pub open_brackets: Vec<Bracket>,
}

/// Memory for this many tokens is kept from one source to the next.
const KEPT: usize = 64 << 10;

thread_local! {
    static SPARE: Cell<Vec<Token>> = const { Cell::new(Vec::new()) };
}

impl Drop for TokenBuffer {
    fn drop(&mut self) {
        if self.tokens.capacity() <= KEPT {
            let mut tokens = std::mem::take(&mut self.tokens);
            tokens.clear();
            // A thread that ends keeps nothing.
            let _ = SPARE.try_with(|spare| spare.set(tokens));
        }
    }
}

impl TokenBuffer {
    /// Reads all of `src`.
    pub fn new(src: &[u8], options: LexOptions) -> TokenBuffer {
        let mut stream = TokenStream::new(src, options);
        let mut tokens: Vec<Token> = SPARE.take();
        tokens.reserve(src.len() / 4 + 16);
        let error = loop {
            match stream.next() {
                Ok(token) => {
                    tokens.push(token);
                    if token.kind == TokenKind::EndMarker {
                        break None;
                    }
                }
                Err(error) => break Some(error),
            }
        };
        TokenBuffer {
            tokens,
            type_ignores: stream.type_ignores,
            open_brackets: stream.lexer.brackets().to_vec(),
            warnings: stream.lexer.warnings,
            error,
        }
    }
}
