//! A tree as text: `Class(field,..)@line:column-line:column`, one line, for tests and comparisons.
//!
//! Texts are written as the hexadecimal digits of their bytes (`s` string, `b` bytes, `t` type comment), floats as those of
//! their bits (`f`, `j`), missing values as `~`.

use std::fmt::Write as _;

use super::table::{Node, Value};
use super::{ConstantValue, Mod};
use crate::Arena;

/// Writes down a tree.
pub fn dump(tree: &Mod<'_>) -> String {
    let arena = Arena::new();
    let mut out = String::new();
    node(&mut out, &arena, Node::Mod(tree));
    out
}

fn hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}

fn constant(out: &mut String, value: &ConstantValue<'_>) {
    let _ = match value {
        ConstantValue::None => write!(out, "None"),
        ConstantValue::True => write!(out, "True"),
        ConstantValue::False => write!(out, "False"),
        ConstantValue::Ellipsis => write!(out, "Ellipsis"),
        ConstantValue::Int(value) => write!(out, "{value}"),
        ConstantValue::BigInt(big) => {
            // Hexadecimal by way of bits.
            let mut bits = String::new();
            for digit in big.digits.iter().rev() {
                let _ = write!(bits, "{digit:030b}");
            }
            write!(out, "0b{}", bits.trim_start_matches('0'))
        }
        ConstantValue::Float(value) => write!(out, "f{:016x}", value.to_bits()),
        ConstantValue::Complex { imag, .. } => write!(out, "j{:016x}", imag.to_bits()),
        ConstantValue::Str(text) => {
            out.push('s');
            hex(out, text.as_bytes());
            Ok(())
        }
        ConstantValue::Bytes(bytes) => {
            out.push('b');
            hex(out, bytes);
            Ok(())
        }
        ConstantValue::Tuple(_) | ConstantValue::FrozenSet(_) => write!(out, "?"),
    };
}

fn value<'a>(out: &mut String, arena: &'a Arena, item: Value<'a>) {
    match item {
        Value::None => out.push('~'),
        Value::Identifier(name) => out.push_str(name),
        Value::String(text) => {
            out.push('t');
            hex(out, text.0.as_bytes());
        }
        Value::Int(int) => {
            let _ = write!(out, "{int}");
        }
        Value::Constant(item) => constant(out, &item),
        Value::Enum(info) => out.push_str(info.name),
        Value::Node(item) => node(out, arena, item),
        Value::List(items) => {
            out.push('[');
            for item in items {
                value(out, arena, *item);
                out.push(',');
            }
            out.push(']');
        }
    }
}

fn node<'a>(out: &mut String, arena: &'a Arena, item: Node<'a>) {
    let info = item.info();
    out.push_str(info.name);
    out.push('(');
    for index in 0..info.fields.len() {
        value(out, arena, item.field(arena, index));
        out.push(',');
    }
    out.push(')');
    if let Some(at) = item.span() {
        let _ = write!(out, "@{}:{}-{}:{}", at.lineno, at.col_offset, at.end_lineno, at.end_col_offset);
    }
}
