//! Source bytes to tokens to AST: the whole 3.14 grammar, with the reference's SyntaxErrors.

pub mod arena;
pub mod ast;
pub mod wtf8;

pub use arena::Arena;
pub use wtf8::Wtf8;
