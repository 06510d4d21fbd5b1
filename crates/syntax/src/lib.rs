//! Source bytes to tokens to AST: the whole 3.14 grammar, with the reference's SyntaxErrors.
