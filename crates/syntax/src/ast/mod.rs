//! The abstract syntax tree: the nodes and fields of the reference's `Python.asdl` for 3.14, under its names.
//!
//! - Nodes live in an [`Arena`](crate::Arena) and refer to each other by shared references; every node is `Copy`.
//! - A sum with positions is a pair such as [`Expr`] (position) and [`ExprKind`] (which node it is); every
//!   variant holds a struct of the same name, so `match expr.kind { ExprKind::BinOp(node) => node.left .. }`.
//!   The three definitions are big and lie behind a reference.
//! - `AsyncFunctionDef`, `AsyncFor` and `AsyncWith` share the struct of their synchronous forms.
//! - [`table`] describes all nodes as data, reads any node field by field, and builds any node from field values:
//!   that is what the `_ast` module and `compile()` of a Python-made tree stand on.

pub mod constant;
mod dump;
pub mod nodes;
pub mod table;

pub use constant::{BigInt, ConstantValue};
pub use dump::dump;
pub use nodes::*;

/// Where a node stands: lines from 1, columns from 0 in bytes of UTF-8, the end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First line.
    pub lineno: u32,
    /// First column.
    pub col_offset: u32,
    /// Last line.
    pub end_lineno: u32,
    /// Column after the last byte.
    pub end_col_offset: u32,
}

impl Span {
    /// From the start of `self` to the end of `last`.
    #[inline]
    pub fn to(self, last: Span) -> Span {
        Span { end_lineno: last.end_lineno, end_col_offset: last.end_col_offset, ..self }
    }
}

/// A `string` field of the ASDL (type comments, the `u` of a literal), as opposed to an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text<'a>(pub &'a str);
