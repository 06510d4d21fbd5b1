//! Constants of a module as small ids: equal constants (same type, same value, same sign of zero) share one.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use taipan_bytecode::{Code, Const, Str};
use taipan_syntax::ast::ConstantValue;

/// An interned constant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct ConstId(pub u32);

/// The table of constants of a module.
#[derive(Default)]
pub struct Consts {
    items: Vec<Const>,
    table: HashTable<u32>,
    none: Option<ConstId>,
}

impl Consts {
    /// The constant of an id.
    pub fn get(&self, id: ConstId) -> &Const {
        &self.items[id.0 as usize]
    }

    /// The id of a constant.
    pub fn intern(&mut self, value: Const) -> ConstId {
        let hash = hash_of(&value);
        if let Some(&i) = self.table.find(hash, |&i| same(&self.items[i as usize], &value)) {
            return ConstId(i);
        }
        self.push(hash, value)
    }

    /// The id of a string constant.
    pub fn intern_str(&mut self, bytes: &[u8], make: impl FnOnce() -> Str) -> ConstId {
        let hash = hash_str(bytes);
        let found =
            self.table.find(hash, |&i| matches!(&self.items[i as usize], Const::Str(s) if s.as_bytes() == bytes));
        match found {
            Some(&i) => ConstId(i),
            None => self.push(hash, Const::Str(make())),
        }
    }

    /// The id of `None`, the most frequent of all.
    pub fn none(&mut self) -> ConstId {
        match self.none {
            Some(id) => id,
            None => {
                let id = self.intern(Const::None);
                *self.none.insert(id)
            }
        }
    }

    fn push(&mut self, hash: u64, value: Const) -> ConstId {
        let i = self.items.len() as u32;
        self.items.push(value);
        let items = &self.items;
        self.table.insert_unique(hash, i, |&i| hash_of(&items[i as usize]));
        ConstId(i)
    }

    /// The id of a constant of the tree.
    pub fn intern_ast(&mut self, value: &ConstantValue<'_>) -> ConstId {
        match value {
            ConstantValue::None => self.none(),
            ConstantValue::Str(s) => self.intern_str(s.as_bytes(), || Str::from_wtf8(s.as_bytes())),
            other => self.intern(from_ast(other)),
        }
    }
}

/// A constant of the tree as one of a code object.
pub fn from_ast(value: &ConstantValue<'_>) -> Const {
    match value {
        ConstantValue::None => Const::None,
        ConstantValue::True => Const::True,
        ConstantValue::False => Const::False,
        ConstantValue::Ellipsis => Const::Ellipsis,
        ConstantValue::Int(i) => Const::Int(*i),
        ConstantValue::BigInt(b) => Const::from_digits(b.negative, b.digits),
        ConstantValue::Float(f) => Const::Float(*f),
        ConstantValue::Complex { real, imag } => Const::Complex { real: *real, imag: *imag },
        ConstantValue::Str(s) => Const::Str(Str::from_wtf8(s.as_bytes())),
        ConstantValue::Bytes(b) => Const::Bytes((*b).into()),
        ConstantValue::Tuple(items) => Const::Tuple(items.iter().map(from_ast).collect()),
        ConstantValue::FrozenSet(items) => Const::FrozenSet(items.iter().map(from_ast).collect()),
    }
}

fn same_float(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() && !a.is_nan()
}

/// Whether two constants may share one object.
pub fn same(a: &Const, b: &Const) -> bool {
    match (a, b) {
        (Const::None, Const::None)
        | (Const::True, Const::True)
        | (Const::False, Const::False)
        | (Const::Ellipsis, Const::Ellipsis) => true,
        (Const::Int(a), Const::Int(b)) => a == b,
        (Const::BigInt { negative, digits }, Const::BigInt { negative: n, digits: d }) => negative == n && digits == d,
        (Const::Float(a), Const::Float(b)) => same_float(*a, *b),
        (Const::Complex { real, imag }, Const::Complex { real: r, imag: i }) => {
            same_float(*real, *r) && same_float(*imag, *i)
        }
        (Const::Str(a), Const::Str(b)) => a == b,
        (Const::Bytes(a), Const::Bytes(b)) => a == b,
        (Const::Tuple(a), Const::Tuple(b)) => same_all(a, b),
        (Const::FrozenSet(a), Const::FrozenSet(b)) => {
            a.len() == b.len() && a.iter().all(|x| b.iter().any(|y| same(x, y)))
        }
        (Const::Slice(a), Const::Slice(b)) => same_all(&a[..], &b[..]),
        (Const::Code(a), Const::Code(b)) => std::sync::Arc::ptr_eq(a, b) || same_code(a, b),
        _ => false,
    }
}

fn same_all(a: &[Const], b: &[Const]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn same_code(a: &Code, b: &Code) -> bool {
    a.firstlineno == b.firstlineno
        && a.code == b.code
        && a.linetable == b.linetable
        && a.name == b.name
        && a.flags == b.flags
        && a.argcount == b.argcount
        && a.posonlyargcount == b.posonlyargcount
        && a.kwonlyargcount == b.kwonlyargcount
        && a.exceptiontable == b.exceptiontable
        && a.names == b.names
        && a.localsplusnames == b.localsplusnames
        && same_all(&a.consts, &b.consts)
}

fn hash_str(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u8(7);
    hasher.write(bytes);
    hasher.finish()
}

fn hash_of(value: &Const) -> u64 {
    if let Const::Str(s) = value {
        return hash_str(s.as_bytes());
    }
    let mut hasher = FxHasher::default();
    hash_into(value, &mut hasher);
    hasher.finish()
}

fn hash_into(value: &Const, hasher: &mut FxHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Const::None | Const::True | Const::False | Const::Ellipsis => {}
        Const::Int(i) => i.hash(hasher),
        Const::BigInt { negative, digits } => (negative, digits).hash(hasher),
        Const::Float(f) => f.to_bits().hash(hasher),
        Const::Complex { real, imag } => (real.to_bits(), imag.to_bits()).hash(hasher),
        Const::Str(s) => s.hash(hasher),
        Const::Bytes(b) => b.hash(hasher),
        Const::Tuple(items) => items.iter().for_each(|c| hash_into(c, hasher)),
        // Sets compare in any order.
        Const::FrozenSet(items) => items.len().hash(hasher),
        Const::Slice(parts) => parts.iter().for_each(|c| hash_into(c, hasher)),
        Const::Code(code) => (code.firstlineno, &code.name, code.code.len(), &code.linetable).hash(hasher),
    }
}

/// Whether Python holds the constant for true.
pub fn truth(value: &Const) -> bool {
    match value {
        Const::None | Const::False => false,
        Const::True | Const::Ellipsis | Const::BigInt { .. } | Const::Slice(_) | Const::Code(_) => true,
        Const::Int(i) => *i != 0,
        Const::Float(f) => *f != 0.0,
        Const::Complex { real, imag } => *real != 0.0 || *imag != 0.0,
        Const::Str(s) => !s.is_empty(),
        Const::Bytes(b) => !b.is_empty(),
        Const::Tuple(items) | Const::FrozenSet(items) => !items.is_empty(),
    }
}

/// `==` of two constants, which holds across numeric types.
pub fn equal(a: &Const, b: &Const) -> bool {
    use crate::fold::Number;
    match (Number::of(a), Number::of(b)) {
        (Some(a), Some(b)) => a.equals(&b),
        (None, None) => match (a, b) {
            (Const::Tuple(a), Const::Tuple(b)) => a.len() == b.len() && a.iter().zip(&b[..]).all(|(a, b)| equal(a, b)),
            _ => same(a, b),
        },
        _ => false,
    }
}

/// A frozenset of these, in which the first of several equal ones stays.
pub fn frozenset(items: Vec<Const>) -> Const {
    let mut kept: Vec<Const> = Vec::with_capacity(items.len());
    for item in items {
        if !kept.iter().any(|k| equal(k, &item)) {
            kept.push(item);
        }
    }
    Const::FrozenSet(kept.into())
}
