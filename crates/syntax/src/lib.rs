//! Source bytes to tokens to AST: the whole 3.14 grammar, with the reference's SyntaxErrors.

pub mod arena;
pub mod ast;
mod diagnose;
pub mod error;
pub mod escape;
pub mod lexer;
pub mod number;
mod parse;
mod parser;
pub mod source;
pub mod tokenize;
mod tokens;
mod unicode;
pub mod wtf8;

pub use arena::Arena;
pub use error::{ErrorKind, ErrorLocation, SyntaxError, Warning};
pub use parse::{Mode, ParseOptions, parse, parse_bytes};
pub use source::Decoder;
pub use wtf8::Wtf8;
