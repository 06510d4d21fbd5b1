//! From the parser's tree to objects.

use super::base::new_node;
use super::classes::State;
use taipan_object::thread::check_recursion;
use taipan_object::types::bool_;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::complex::Complex;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::none::{ellipsis, none};
use taipan_object::types::set::FrozenSet;
use taipan_object::types::str::Str;
use taipan_object::types::str::intern::intern_str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, PyResult};
use taipan_syntax::Arena;
use taipan_syntax::ast::table::{Node, Value};
use taipan_syntax::ast::{ConstantValue, Mod};

/// The objects of a tree.
pub fn module<'a>(state: &State, arena: &'a Arena, m: &Mod<'a>) -> PyResult {
    Convert { state, arena }.node(Node::Mod(arena.alloc(*m)))
}

struct Convert<'s, 'a> {
    state: &'s State,
    arena: &'a Arena,
}

impl<'a> Convert<'_, 'a> {
    fn node(&self, n: Node<'a>) -> PyResult {
        check_recursion(" during ast construction")?;
        let info = n.info();
        let (class, names) = self.state.node(info);
        let dict = Dict::with_capacity(info.fields.len() + 4);
        for (i, name) in names.items().iter().enumerate() {
            let value = self.value(n.field(self.arena, i))?;
            dict.set_item(name, &value)?;
        }
        if let Some(at) = n.span() {
            let numbers = [at.lineno, at.col_offset, at.end_lineno, at.end_col_offset];
            for (name, number) in self.state.positions.items().iter().zip(numbers) {
                dict.set_item(name, &Int::from_i64(number as i32 as i64))?;
            }
        }
        new_node(class, dict)
    }

    fn value(&self, v: Value<'a>) -> PyResult {
        Ok(match v {
            Value::None => none().to_obj(),
            Value::Identifier(name) => intern_str(name).into_obj(),
            Value::String(text) => Str::from_utf8(text.0).into_obj(),
            Value::Int(n) => Int::from_i64(n as i64).into_obj(),
            Value::Constant(c) => constant(&c)?,
            Value::Node(n) => self.node(n)?,
            Value::Enum(info) => self.state.singleton(info),
            Value::List(items) => {
                let objects: PyResult<Vec<Obj>> = items.iter().map(|v| self.value(*v)).collect();
                List::from_vec(objects?).into_obj()
            }
        })
    }
}

/// The object of a constant.
pub fn constant(c: &ConstantValue<'_>) -> PyResult {
    let all = |items: &[ConstantValue<'_>]| -> PyResult<Vec<Obj>> { items.iter().map(constant).collect() };
    Ok(match c {
        ConstantValue::None => none().to_obj(),
        ConstantValue::True => bool_::true_().to_obj(),
        ConstantValue::False => bool_::false_().to_obj(),
        ConstantValue::Ellipsis => ellipsis().to_obj(),
        ConstantValue::Int(n) => Int::from_i64(*n).into_obj(),
        ConstantValue::BigInt(n) => Int::from_digits(n.negative, n.digits).into_obj(),
        ConstantValue::Float(x) => Float::new(*x).into_obj(),
        ConstantValue::Complex { real, imag } => Complex::new(*real, *imag).into_obj(),
        ConstantValue::Str(s) => match s.as_str() {
            Some(s) => Str::from_utf8(s).into_obj(),
            None => Str::from_wtf8(s.as_bytes()).into_obj(),
        },
        ConstantValue::Bytes(b) => Bytes::new(b).into_obj(),
        ConstantValue::Tuple(items) => Tuple::from_vec(all(items)?).into_obj(),
        ConstantValue::FrozenSet(items) => FrozenSet::from_items(&all(items)?)?.into_obj(),
    })
}
