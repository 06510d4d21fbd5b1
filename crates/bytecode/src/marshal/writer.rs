//! Writing.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{FLAG_REF, MAX_DEPTH, tag};
use crate::code::DIGIT_BITS;

/// Shows values to the writer.
pub trait View {
    /// A value, or a handle to one.
    type Value: Clone;
    /// Why a value cannot be looked at.
    type Error;

    /// What the value is.
    fn kind<'v>(&'v self, value: &'v Self::Value) -> Result<Kind<'v, Self::Value>, Self::Error>;

    /// What makes the value itself, if others may refer to it; `None` if nothing else does.
    fn identity(&self, value: &Self::Value) -> Option<usize>;
}

/// What a value is.
#[allow(missing_docs)]
pub enum Kind<'v, V> {
    None,
    Bool(bool),
    Ellipsis,
    StopIteration,
    Int(i64),
    /// 30-bit digits, least significant first.
    BigInt {
        negative: bool,
        digits: &'v [u32],
    },
    Float(f64),
    Complex(f64, f64),
    Bytes(Cow<'v, [u8]>),
    /// UTF-8, lone surrogates in their three-byte form.
    Str {
        utf8: Cow<'v, [u8]>,
        interned: bool,
    },
    Tuple(Vec<V>),
    List(Vec<V>),
    Dict(Vec<(V, V)>),
    Set(Vec<V>),
    FrozenSet(Vec<V>),
    Slice([V; 3]),
    Code(CodeFields<V>),
    /// Nothing that can be written.
    Other,
}

/// The fields of a code object; `objects` in the order of the format.
#[allow(missing_docs)]
pub struct CodeFields<V> {
    pub argcount: i32,
    pub posonlyargcount: i32,
    pub kwonlyargcount: i32,
    pub stacksize: i32,
    pub flags: i32,
    pub firstlineno: i32,
    /// code, consts, names, localsplusnames, localspluskinds, filename, name, qualname, linetable, exceptiontable
    pub objects: [V; 10],
}

/// Why writing failed.
#[derive(Debug, PartialEq)]
pub enum WriteError<E> {
    /// `ValueError`
    Value(&'static str),
    /// The view failed.
    View(E),
}

enum Work<V> {
    Value(V),
    Int(i32),
    Null,
    Leave,
    /// Leaves a value that must not hold itself.
    Close(usize),
}

/// Writes values.
pub struct Writer<'s, S: View> {
    view: &'s S,
    version: i32,
    allow_code: bool,
    out: Vec<u8>,
    refs: HashMap<usize, u32>,
    /// Slices and code objects that are being written: they cannot be read back if they hold themselves.
    open: HashSet<usize>,
}

const UNMARSHALLABLE: &str = "unmarshallable object";

impl<'s, S: View> Writer<'s, S> {
    /// A writer of this version of the format.
    pub fn new(view: &'s S, version: i32) -> Self {
        Writer { view, version, allow_code: true, out: Vec::new(), refs: HashMap::new(), open: HashSet::new() }
    }

    /// Whether code objects may be written.
    pub fn allow_code(mut self, allow: bool) -> Self {
        self.allow_code = allow;
        self
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn int(&mut self, value: i32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    fn length(&mut self, count: usize) -> Result<(), WriteError<S::Error>> {
        let count = i32::try_from(count).map_err(|_| WriteError::Value(UNMARSHALLABLE))?;
        self.int(count);
        Ok(())
    }

    fn sized(&mut self, bytes: &[u8]) -> Result<(), WriteError<S::Error>> {
        self.length(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes a value.
    pub fn write(&mut self, value: &S::Value) -> Result<(), WriteError<S::Error>> {
        let mut work = vec![Work::Value(value.clone())];
        let mut depth = 0;
        while let Some(next) = work.pop() {
            match next {
                Work::Value(value) => {
                    if depth >= MAX_DEPTH {
                        return Err(WriteError::Value("object too deeply nested to marshal"));
                    }
                    depth += self.value(&value, &mut work)? as usize;
                }
                Work::Int(value) => self.int(value),
                Work::Null => self.out.push(tag::NULL),
                Work::Leave => depth -= 1,
                Work::Close(identity) => {
                    self.open.remove(&identity);
                    depth -= 1;
                }
            }
        }
        Ok(())
    }

    fn long(&mut self, flag: u8, negative: bool, digits: &[u32]) -> Result<(), WriteError<S::Error>> {
        self.out.push(tag::LONG | flag);
        let mut small = Vec::with_capacity(digits.len() * 2);
        for &digit in digits {
            small.extend_from_slice(&[(digit & 0x7FFF) as u16, (digit >> 15) as u16]);
        }
        while small.last() == Some(&0) {
            small.pop();
        }
        let count = i32::try_from(small.len()).map_err(|_| WriteError::Value(UNMARSHALLABLE))?;
        self.int(if negative { -count } else { count });
        small.iter().for_each(|digit| self.out.extend_from_slice(&digit.to_le_bytes()));
        Ok(())
    }

    fn float_text(&mut self, value: f64) {
        let text = if value.is_nan() {
            "nan".to_string()
        } else if value.is_infinite() {
            if value < 0.0 { "-inf" } else { "inf" }.to_string()
        } else {
            format!("{value:?}")
        };
        self.out.push(text.len() as u8);
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes a value, or opens a container by putting its items on the work list; answers whether it did the latter.
    fn value(&mut self, value: &S::Value, work: &mut Vec<Work<S::Value>>) -> Result<bool, WriteError<S::Error>> {
        let view = self.view;
        let kind = view.kind(value).map_err(WriteError::View)?;
        let simple = match kind {
            Kind::None => Some(tag::NONE),
            Kind::Bool(true) => Some(tag::TRUE),
            Kind::Bool(false) => Some(tag::FALSE),
            Kind::Ellipsis => Some(tag::ELLIPSIS),
            Kind::StopIteration => Some(tag::STOP_ITERATION),
            _ => None,
        };
        if let Some(tag) = simple {
            self.out.push(tag);
            return Ok(false);
        }
        let mut flag = 0;
        if self.version >= 3
            && let Some(identity) = view.identity(value)
        {
            let next = self.refs.len() as u32;
            match self.refs.entry(identity) {
                std::collections::hash_map::Entry::Occupied(entry) => {
                    if self.open.contains(&identity) {
                        return Err(WriteError::Value(UNMARSHALLABLE));
                    }
                    let index = *entry.get() as i32;
                    self.out.push(tag::REF);
                    self.int(index);
                    return Ok(false);
                }
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(next);
                    flag = FLAG_REF;
                }
            }
        }
        let start = work.len();
        match kind {
            Kind::Int(n) => match i32::try_from(n) {
                Ok(small) => {
                    self.out.push(tag::INT | flag);
                    self.int(small);
                }
                Err(_) => {
                    let mut magnitude = n.unsigned_abs();
                    let mut digits = [0u32; 3];
                    for digit in &mut digits {
                        *digit = (magnitude & ((1 << DIGIT_BITS) - 1)) as u32;
                        magnitude >>= DIGIT_BITS;
                    }
                    self.long(flag, n < 0, &digits)?;
                }
            },
            Kind::BigInt { negative, digits } => self.long(flag, negative, digits)?,
            Kind::Float(f) if self.version > 1 => {
                self.out.push(tag::FLOAT | flag);
                self.out.extend_from_slice(&f.to_le_bytes());
            }
            Kind::Float(f) => {
                self.out.push(tag::FLOAT_TEXT | flag);
                self.float_text(f);
            }
            Kind::Complex(real, imag) if self.version > 1 => {
                self.out.push(tag::COMPLEX | flag);
                self.out.extend_from_slice(&real.to_le_bytes());
                self.out.extend_from_slice(&imag.to_le_bytes());
            }
            Kind::Complex(real, imag) => {
                self.out.push(tag::COMPLEX_TEXT | flag);
                self.float_text(real);
                self.float_text(imag);
            }
            Kind::Bytes(bytes) => {
                self.out.push(tag::BYTES | flag);
                self.sized(&bytes)?;
            }
            Kind::Str { utf8, interned } => {
                if self.version >= 4 && utf8.is_ascii() {
                    if utf8.len() < 256 {
                        self.out.push(flag | if interned { tag::SHORT_ASCII_INTERNED } else { tag::SHORT_ASCII });
                        self.out.push(utf8.len() as u8);
                        self.out.extend_from_slice(&utf8);
                    } else {
                        self.out.push(flag | if interned { tag::ASCII_INTERNED } else { tag::ASCII });
                        self.sized(&utf8)?;
                    }
                } else {
                    self.out.push(flag | if self.version >= 3 && interned { tag::INTERNED } else { tag::UNICODE });
                    self.sized(&utf8)?;
                }
            }
            Kind::Tuple(items) => {
                if self.version >= 4 && items.len() < 256 {
                    self.out.extend_from_slice(&[tag::SMALL_TUPLE | flag, items.len() as u8]);
                } else {
                    self.out.push(tag::TUPLE | flag);
                    self.length(items.len())?;
                }
                work.push(Work::Leave);
                work.extend(items.into_iter().rev().map(Work::Value));
            }
            Kind::List(items) => {
                self.out.push(tag::LIST | flag);
                self.length(items.len())?;
                work.push(Work::Leave);
                work.extend(items.into_iter().rev().map(Work::Value));
            }
            Kind::Dict(items) => {
                self.out.push(tag::DICT | flag);
                work.extend([Work::Leave, Work::Null]);
                for (key, value) in items.into_iter().rev() {
                    work.extend([Work::Value(value), Work::Value(key)]);
                }
            }
            Kind::Set(items) => {
                self.out.push(tag::SET | flag);
                self.set_items(items, work)?;
            }
            Kind::FrozenSet(items) => {
                self.out.push(tag::FROZENSET | flag);
                self.set_items(items, work)?;
            }
            Kind::Slice(parts) => {
                if self.version < 5 {
                    return Err(WriteError::Value(UNMARSHALLABLE));
                }
                self.out.push(tag::SLICE | flag);
                work.push(self.leave(value));
                work.extend(parts.into_iter().rev().map(Work::Value));
            }
            Kind::Code(fields) => {
                if !self.allow_code {
                    return Err(WriteError::Value("marshalling code objects is disallowed"));
                }
                self.out.push(tag::CODE | flag);
                for number in
                    [fields.argcount, fields.posonlyargcount, fields.kwonlyargcount, fields.stacksize, fields.flags]
                {
                    self.int(number);
                }
                work.push(self.leave(value));
                for (i, object) in fields.objects.into_iter().enumerate().rev() {
                    work.push(Work::Value(object));
                    if i == 8 {
                        // The line comes before the tables.
                        work.push(Work::Int(fields.firstlineno));
                    }
                }
            }
            Kind::Other => return Err(WriteError::Value(UNMARSHALLABLE)),
            Kind::None | Kind::Bool(_) | Kind::Ellipsis | Kind::StopIteration => {}
        }
        Ok(work.len() > start)
    }

    /// What ends a value that must not hold itself.
    fn leave(&mut self, value: &S::Value) -> Work<S::Value> {
        match self.view.identity(value) {
            Some(identity) if self.version >= 3 => {
                self.open.insert(identity);
                Work::Close(identity)
            }
            _ => Work::Leave,
        }
    }

    /// Items of a set in the order of their own bytes, so that equal sets are written alike.
    fn set_items(&mut self, items: Vec<S::Value>, work: &mut Vec<Work<S::Value>>) -> Result<(), WriteError<S::Error>> {
        self.length(items.len())?;
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            // Without references the bytes depend on the item alone.
            let mut writer = Writer::new(self.view, self.version.min(2)).allow_code(self.allow_code);
            writer.write(&item)?;
            keyed.push((writer.finish(), item));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        work.push(Work::Leave);
        work.extend(keyed.into_iter().rev().map(|(_, item)| Work::Value(item)));
        Ok(())
    }
}
