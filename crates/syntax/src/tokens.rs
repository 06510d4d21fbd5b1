//! All tokens of a source, for the parsers to walk about in.

use crate::Warning;
use crate::lexer::{Bracket, LexError, LexOptions, Lexer, Token, TokenKind};

/// The tokens up to the end of input or to the lexer's error.
pub struct TokenBuffer {
    /// The tokens; the last is the end marker, unless there was an error.
    pub tokens: Vec<Token>,
    /// `# type: ignore` comments, which are no tokens to the grammar.
    pub type_ignores: Vec<Token>,
    /// What the lexer has to say about doubtful numbers and escapes.
    pub warnings: Vec<Warning>,
    /// Why there are no more tokens.
    pub error: Option<Box<LexError>>,
    /// Brackets open at the end.
    pub open_brackets: Vec<Bracket>,
    /// Line the lexer was on at the end.
    pub last_line: u32,
}

impl TokenBuffer {
    /// Reads all of `src`.
    pub fn new(src: &[u8], options: LexOptions) -> TokenBuffer {
        let mut lexer = Lexer::new(src, options);
        let mut tokens = Vec::with_capacity(src.len() / 4 + 16);
        let mut type_ignores = Vec::new();
        let mut error = None;
        // A single interactive statement also ends, with its blocks, where the input does.
        let mut started = false;
        loop {
            let mut token = match lexer.next_token() {
                Ok(token) => token,
                Err(found) => {
                    error = Some(found);
                    break;
                }
            };
            match token.kind {
                TokenKind::TypeIgnore => {
                    type_ignores.push(token);
                    continue;
                }
                TokenKind::EndMarker if options.single && started => {
                    token.kind = TokenKind::Newline;
                    started = false;
                    if !options.dont_imply_dedent {
                        lexer.imply_dedents();
                    }
                }
                _ => started = true,
            }
            tokens.push(token);
            if token.kind == TokenKind::EndMarker {
                break;
            }
        }
        TokenBuffer {
            tokens,
            type_ignores,
            open_brackets: lexer.brackets().to_vec(),
            last_line: lexer.lineno(),
            warnings: lexer.warnings,
            error,
        }
    }
}
