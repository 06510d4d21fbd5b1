//! From objects to the tree that the compiler takes.

use super::classes::{State, type_info};
use taipan_object::thread::check_recursion;
use taipan_object::types::bool_;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::complex::Complex;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::none::ellipsis;
use taipan_object::types::set::FrozenSet;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, bail};
use taipan_syntax::ast::table::{FieldInfo, FieldType, Node, NodeInfo, Quantifier, TypeInfo, Value};
use taipan_syntax::ast::{BigInt, ConstantValue, Mod, Span, Text};
use taipan_syntax::{Arena, Wtf8};

/// The tree of an object that is an instance of a root class.
pub fn module<'a>(state: &State, arena: &'a Arena, o: &Object) -> PyResult<Mod<'a>> {
    let convert = Convert { state, arena };
    let info = type_info("mod");
    match info.map(|t| convert.node(t, o)).transpose()? {
        Some(Some(Value::Node(Node::Mod(m)))) => Ok(*m),
        _ => bail!(TypeError, "expected some sort of mod, but got {}", o.repr()?.display()),
    }
}

struct Convert<'s, 'a> {
    state: &'s State,
    arena: &'a Arena,
}

impl<'a> Convert<'_, 'a> {
    /// The node of an ASDL type. `None` is no node; products do not look at it.
    fn node(&self, ty: &'static TypeInfo, o: &Object) -> PyResult<Option<Value<'a>>> {
        let simple = !ty.product && ty.nodes.iter().all(|n| n.fields.is_empty() && !n.positions);
        if simple {
            return match self.class_of(ty, o)? {
                Some(info) => Ok(Some(Value::Enum(info))),
                None => Err(unexpected(ty, o)?),
            };
        }
        if o.is_none() && !ty.product {
            return Ok(None);
        }
        if ty.product {
            let info = &ty.nodes[0];
            let values = self.fields(info, o)?;
            let span = if info.positions { self.span(info.name, o)? } else { Span::default() };
            return self.build(info, &values, span).map(Some);
        }
        let positions = ty.nodes.iter().any(|n| n.positions);
        let span = if positions { self.span(ty.name, o)? } else { Span::default() };
        let Some(info) = self.class_of(ty, o)? else { return Err(unexpected(ty, o)?) };
        check_recursion(&format!(" while traversing '{}' node", ty.name))?;
        let values = self.fields(info, o)?;
        self.build(info, &values, span).map(Some)
    }

    /// Which class of a sum the object is of.
    fn class_of(&self, ty: &'static TypeInfo, o: &Object) -> PyResult<Option<&'static NodeInfo>> {
        let exact = |info: &&NodeInfo| std::ptr::eq(self.state.node(info).0, o.ty());
        if let Some(info) = ty.nodes.iter().find(exact) {
            return Ok(Some(info));
        }
        for info in ty.nodes {
            if o.is_instance(self.state.node(info).0.as_object())? {
                return Ok(Some(info));
            }
        }
        Ok(None)
    }

    fn build(&self, info: &NodeInfo, values: &[Value<'a>], span: Span) -> PyResult<Value<'a>> {
        for (f, v) in info.fields.iter().zip(values) {
            if f.quantifier == Quantifier::One && matches!(v, Value::None) {
                bail!(ValueError, "field '{}' is required for {}", f.name, info.name);
            }
        }
        match Node::build(self.arena, info.name, values, span) {
            Some(n) => Ok(Value::Node(n)),
            None => bail!(SystemError, "cannot build a {} node", info.name),
        }
    }

    fn fields(&self, info: &'static NodeInfo, o: &Object) -> PyResult<Vec<Value<'a>>> {
        let (_, names) = self.state.node(info);
        info.fields.iter().zip(names.items()).map(|(f, name)| self.field(info, f, name, o)).collect()
    }

    fn field(&self, info: &'static NodeInfo, f: &FieldInfo, name: &Object, o: &Object) -> PyResult<Value<'a>> {
        let value = o.get_attr_opt(name)?;
        match f.quantifier {
            Quantifier::One => match value {
                Some(v) => Ok(self.item(f, &v)?.unwrap_or(Value::None)),
                None => bail!(TypeError, "required field \"{}\" missing from {}", f.name, info.name),
            },
            Quantifier::Optional => match value.filter(|v| !v.is_none()) {
                Some(v) => Ok(self.item(f, &v)?.unwrap_or(Value::None)),
                None => Ok(Value::None),
            },
            Quantifier::Many | Quantifier::OptionalMany => {
                let Some(v) = value else { return Ok(Value::List(&[])) };
                let Some(list) = v.downcast::<List>() else {
                    bail!(TypeError, "{} field \"{}\" must be a list, not a {}", info.name, f.name, v.ty().name_str());
                };
                self.items(info, f, list)
            }
        }
    }

    fn items(&self, info: &NodeInfo, f: &FieldInfo, list: &List) -> PyResult<Value<'a>> {
        let n = list.len();
        let mut values = Vec::with_capacity(n);
        for i in 0..n {
            let Some(item) = list.get(i) else { break };
            check_recursion(&format!(" while traversing '{}' node", f.ty.name()))?;
            let value = match self.item(f, &item)? {
                Some(v) => v,
                None if f.quantifier == Quantifier::OptionalMany => Value::None,
                None => bail!(ValueError, "None disallowed in {} list", list_name(f.ty)),
            };
            if list.len() != n {
                bail!(RuntimeError, "{} field \"{}\" changed size during iteration", info.name, f.name);
            }
            values.push(value);
        }
        Ok(Value::List(self.arena.slice(&values)))
    }

    fn item(&self, f: &FieldInfo, v: &Object) -> PyResult<Option<Value<'a>>> {
        Ok(Some(match f.ty {
            FieldType::Identifier => {
                if v.is_none() {
                    return Ok(None);
                }
                let Some(s) = v.downcast_exact::<Str>() else { bail!(TypeError, "AST identifier must be of type str") };
                let text = s.to_utf8()?;
                if matches!(text, "None" | "True" | "False") {
                    bail!(ValueError, "identifier field can't represent '{text}' constant");
                }
                Value::Identifier(self.arena.str(text))
            }
            FieldType::String => {
                if v.is_none() {
                    return Ok(None);
                }
                let Some(s) = v.downcast_exact::<Str>() else { bail!(TypeError, "AST string must be of type str") };
                Value::String(Text(self.arena.str(s.to_utf8()?)))
            }
            FieldType::Int => Value::Int(int(v)?),
            FieldType::Constant => Value::Constant(self.constant(v)?),
            FieldType::Node(name) => match type_info(name) {
                Some(t) => return self.node(t, v),
                None => bail!(SystemError, "unknown node type {name}"),
            },
        }))
    }

    fn span(&self, class: &str, o: &Object) -> PyResult<Span> {
        let at = |i: usize| o.get_attr_opt(&self.state.positions.items()[i]);
        let required = |i: usize| -> PyResult<i32> {
            match at(i)? {
                Some(v) => int(&v),
                None => bail!(TypeError, "required field \"{}\" missing from {class}", super::classes::POSITIONS[i]),
            }
        };
        let optional = |i: usize, default: i32| -> PyResult<i32> {
            match at(i)?.filter(|v| !v.is_none()) {
                Some(v) => int(&v),
                None => Ok(default),
            }
        };
        let (line, column) = (required(0)?, required(1)?);
        let (end_line, end_column) = (optional(2, line)?, optional(3, column)?);
        if !matches!(class, "alias" | "keyword") {
            if line > end_line {
                bail!(ValueError, "AST node line range ({line}, {end_line}) is not valid");
            }
            if line < 0 && end_line != line || column < 0 && column != end_column {
                bail!(
                    ValueError,
                    "AST node column range ({column}, {end_column}) for line range ({line}, {end_line}) is not valid"
                );
            }
            if line == end_line && column > end_column {
                bail!(ValueError, "line {line}, column {column}-{end_column} is not a valid range");
            }
        }
        Ok(Span {
            lineno: line as u32,
            col_offset: column as u32,
            end_lineno: end_line as u32,
            end_col_offset: end_column as u32,
        })
    }

    fn constant(&self, o: &Object) -> PyResult<ConstantValue<'a>> {
        check_recursion(" during compilation")?;
        Ok(if o.is_none() {
            ConstantValue::None
        } else if o.is(bool_::true_()) {
            ConstantValue::True
        } else if o.is(bool_::false_()) {
            ConstantValue::False
        } else if o.is(ellipsis()) {
            ConstantValue::Ellipsis
        } else if let Some(i) = o.downcast_exact::<Int>() {
            match i.to_i64() {
                Some(n) => ConstantValue::Int(n),
                None => {
                    ConstantValue::BigInt(BigInt { digits: self.arena.slice(i.digits()), negative: i.is_negative() })
                }
            }
        } else if let Some(x) = o.downcast_exact::<Float>() {
            ConstantValue::Float(x.value())
        } else if let Some(c) = o.downcast_exact::<Complex>() {
            ConstantValue::Complex { real: c.real(), imag: c.imag() }
        } else if let Some(s) = o.downcast_exact::<Str>() {
            let bytes = self.arena.slice(&s.to_wtf8());
            match Wtf8::from_bytes(bytes) {
                Some(w) => ConstantValue::Str(w),
                None => bail!(SystemError, "a string that is no text"),
            }
        } else if let Some(b) = o.downcast_exact::<Bytes>() {
            ConstantValue::Bytes(self.arena.slice(b.as_slice()))
        } else if let Some(t) = o.downcast_exact::<Tuple>() {
            let items: PyResult<Vec<_>> = t.items().iter().map(|x| self.constant(x)).collect();
            ConstantValue::Tuple(self.arena.slice(&items?))
        } else if let Some(s) = o.downcast_exact::<FrozenSet>() {
            let items: PyResult<Vec<_>> = s.set().items().iter().map(|x| self.constant(x)).collect();
            ConstantValue::FrozenSet(self.arena.slice(&items?))
        } else {
            bail!(TypeError, "got an invalid type in Constant: {}", o.ty().name_str())
        })
    }
}

fn unexpected(ty: &TypeInfo, o: &Object) -> PyResult<taipan_object::Raised> {
    Ok(taipan_object::raise!(TypeError, "expected some sort of {}, but got {}", ty.name, o.repr()?.display()))
}

/// What messages call the items of a list.
fn list_name(ty: FieldType) -> &'static str {
    match ty {
        FieldType::Node("expr") => "expression",
        FieldType::Node("stmt") => "statement",
        other => other.name(),
    }
}

fn int(o: &Object) -> PyResult<i32> {
    let Some(i) = o.downcast::<Int>() else { bail!(ValueError, "invalid integer value: {}", o.repr()?.display()) };
    match i.to_i32() {
        Some(n) => Ok(n),
        None => bail!(OverflowError, "Python int too large to convert to C int"),
    }
}
