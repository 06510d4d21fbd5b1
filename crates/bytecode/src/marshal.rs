//! The marshal format, version 5, for code objects as plain data: what `.pyc` files hold after their header.
//!
//! Every string is written once and referred to afterwards. CPython also shares other constants, depending on reference counts
//! at the time of writing; both kinds of file read the same.

use crate::code::{Code, Const, DIGIT_BITS};
use crate::wtf8::Str;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The version that `marshal.version` names.
pub const VERSION: u8 = 5;

/// Set on the type byte of a value that later ones may refer to.
const FLAG_REF: u8 = 0x80;

/// How deep values may be nested when read: far more than any compiler makes, and well within a thread's stack.
const MAX_DEPTH: u32 = 400;

/// Type bytes.
mod tag {
    pub const NONE: u8 = b'N';
    pub const FALSE: u8 = b'F';
    pub const TRUE: u8 = b'T';
    pub const ELLIPSIS: u8 = b'.';
    pub const INT: u8 = b'i';
    pub const LONG: u8 = b'l';
    pub const FLOAT: u8 = b'g';
    pub const COMPLEX: u8 = b'y';
    pub const BYTES: u8 = b's';
    pub const INTERNED: u8 = b't';
    pub const UNICODE: u8 = b'u';
    pub const ASCII: u8 = b'a';
    pub const ASCII_INTERNED: u8 = b'A';
    pub const SHORT_ASCII: u8 = b'z';
    pub const SHORT_ASCII_INTERNED: u8 = b'Z';
    pub const SMALL_TUPLE: u8 = b')';
    pub const TUPLE: u8 = b'(';
    pub const FROZENSET: u8 = b'>';
    pub const SLICE: u8 = b':';
    pub const CODE: u8 = b'c';
    pub const REF: u8 = b'r';
}

/// Writes a code object.
pub fn dumps(code: &Code) -> Vec<u8> {
    let mut writer = Writer { out: Vec::with_capacity(code.code.len() * 4), strings: HashMap::new() };
    writer.code(code);
    writer.out
}

struct Writer {
    out: Vec<u8>,
    /// Index of every string written so far among the values that may be referred to.
    strings: HashMap<Str, u32>,
}

impl Writer {
    fn long(&mut self, value: i32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Counts in the format are C ints. Nothing that compiles comes near their end.
    fn size(&mut self, value: usize) {
        debug_assert!(i32::try_from(value).is_ok());
        self.long(value as i32);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.push(tag::BYTES);
        self.size(bytes.len());
        self.out.extend_from_slice(bytes);
    }

    fn string(&mut self, text: &Str, interned: bool) {
        if let Some(&index) = self.strings.get(text) {
            self.out.push(tag::REF);
            self.long(index as i32);
            return;
        }
        self.strings.insert(text.clone(), self.strings.len() as u32);
        let bytes = text.as_bytes();
        let (kind, short) = match (text.is_ascii(), bytes.len() < 256, interned) {
            (true, true, true) => (tag::SHORT_ASCII_INTERNED, true),
            (true, true, false) => (tag::SHORT_ASCII, true),
            (true, false, true) => (tag::ASCII_INTERNED, false),
            (true, false, false) => (tag::ASCII, false),
            (false, _, true) => (tag::INTERNED, false),
            (false, _, false) => (tag::UNICODE, false),
        };
        self.out.push(kind | FLAG_REF);
        if short {
            self.out.push(bytes.len() as u8);
        } else {
            self.size(bytes.len());
        }
        self.out.extend_from_slice(bytes);
    }

    fn tuple_head(&mut self, len: usize) {
        match u8::try_from(len) {
            Ok(small) => self.out.extend_from_slice(&[tag::SMALL_TUPLE, small]),
            Err(_) => {
                self.out.push(tag::TUPLE);
                self.size(len);
            }
        }
    }

    fn names(&mut self, names: &[Str]) {
        self.tuple_head(names.len());
        names.iter().for_each(|name| self.string(name, true));
    }

    fn constant(&mut self, value: &Const) {
        match value {
            Const::None => self.out.push(tag::NONE),
            Const::True => self.out.push(tag::TRUE),
            Const::False => self.out.push(tag::FALSE),
            Const::Ellipsis => self.out.push(tag::ELLIPSIS),
            Const::Int(_) | Const::BigInt { .. } => self.integer(value),
            Const::Float(value) => {
                self.out.push(tag::FLOAT);
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            Const::Complex { real, imag } => {
                self.out.push(tag::COMPLEX);
                self.out.extend_from_slice(&real.to_le_bytes());
                self.out.extend_from_slice(&imag.to_le_bytes());
            }
            Const::Str(text) => self.string(text, looks_like_name(text)),
            Const::Bytes(bytes) => self.bytes(bytes),
            Const::Tuple(items) => {
                self.tuple_head(items.len());
                items.iter().for_each(|item| self.constant(item));
            }
            Const::FrozenSet(items) => {
                self.out.push(tag::FROZENSET);
                self.size(items.len());
                items.iter().for_each(|item| self.constant(item));
            }
            Const::Slice(parts) => {
                self.out.push(tag::SLICE);
                parts.iter().for_each(|part| self.constant(part));
            }
            Const::Code(code) => self.code(code),
        }
    }

    fn integer(&mut self, value: &Const) {
        if let Const::Int(value) = value
            && let Ok(small) = i32::try_from(*value)
        {
            self.out.push(tag::INT);
            self.long(small);
            return;
        }
        let (negative, digits) = value.to_digits().unwrap_or_default();
        // The format's digits have 15 bits: two of them in one of ours.
        let mut halves: Vec<u16> = digits.iter().flat_map(|d| [(d & 0x7fff) as u16, (d >> 15) as u16]).collect();
        while halves.last() == Some(&0) {
            halves.pop();
        }
        self.out.push(tag::LONG);
        let count = halves.len() as i32;
        self.long(if negative { -count } else { count });
        halves.iter().for_each(|half| self.out.extend_from_slice(&half.to_le_bytes()));
    }

    fn code(&mut self, code: &Code) {
        self.out.push(tag::CODE);
        for number in [code.argcount, code.posonlyargcount, code.kwonlyargcount, code.stacksize, code.flags] {
            self.long(number as i32);
        }
        self.bytes(&code.code);
        self.tuple_head(code.consts.len());
        code.consts.iter().for_each(|value| self.constant(value));
        self.names(&code.names);
        self.names(&code.localsplusnames);
        self.bytes(&code.localspluskinds);
        self.string(&code.filename, true);
        self.string(&code.name, true);
        self.string(&code.qualname, true);
        self.long(code.firstlineno);
        self.bytes(&code.linetable);
        self.bytes(&code.exceptiontable);
    }
}

/// String constants made of the characters of ASCII identifiers are interned.
fn looks_like_name(text: &Str) -> bool {
    text.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// Why bytes are not a marshalled code object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The data ends too early.
    Truncated,
    /// They mean something that no constant is, or contradict themselves.
    Bad,
    /// They are nested too deep.
    TooDeep,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LoadError::Truncated => "marshal data too short",
            LoadError::Bad => "bad marshal data",
            LoadError::TooDeep => "recursion limit exceeded",
        })
    }
}

/// Reads a constant, usually a code object. What follows it is ignored.
pub fn loads(bytes: &[u8]) -> Result<Const, LoadError> {
    Reader { rest: bytes, refs: Vec::new() }.constant(MAX_DEPTH)
}

struct Reader<'a> {
    rest: &'a [u8],
    /// Values that may be referred to; `None` while one is being read.
    refs: Vec<Option<Const>>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], LoadError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(LoadError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    fn byte(&mut self) -> Result<u8, LoadError> {
        self.take(1).map(|b| b[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        self.take(N)?.try_into().map_err(|_| LoadError::Truncated)
    }

    fn long(&mut self) -> Result<i32, LoadError> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    fn float(&mut self) -> Result<f64, LoadError> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    fn size(&mut self) -> Result<usize, LoadError> {
        usize::try_from(self.long()?).map_err(|_| LoadError::Bad)
    }

    fn items(&mut self, count: usize, depth: u32) -> Result<Vec<Const>, LoadError> {
        // Each item takes a byte at least: the count of a damaged file reserves no more than the file is long.
        let mut items = Vec::with_capacity(count.min(self.rest.len()));
        for _ in 0..count {
            items.push(self.constant(depth)?);
        }
        Ok(items)
    }

    fn constant(&mut self, depth: u32) -> Result<Const, LoadError> {
        let depth = depth.checked_sub(1).ok_or(LoadError::TooDeep)?;
        let kind = self.byte()?;
        let place = (kind & FLAG_REF != 0).then_some(self.refs.len());
        if place.is_some() {
            self.refs.push(None);
        }
        let value = self.body(kind & !FLAG_REF, depth)?;
        if let Some(slot) = place.and_then(|at| self.refs.get_mut(at)) {
            *slot = Some(value.clone());
        }
        Ok(value)
    }

    fn body(&mut self, kind: u8, depth: u32) -> Result<Const, LoadError> {
        Ok(match kind {
            tag::NONE => Const::None,
            tag::TRUE => Const::True,
            tag::FALSE => Const::False,
            tag::ELLIPSIS => Const::Ellipsis,
            tag::INT => Const::Int(self.long()?.into()),
            tag::LONG => self.integer()?,
            tag::FLOAT => Const::Float(self.float()?),
            tag::COMPLEX => Const::Complex { real: self.float()?, imag: self.float()? },
            tag::BYTES => {
                let size = self.size()?;
                Const::Bytes(self.take(size)?.into())
            }
            tag::SHORT_ASCII | tag::SHORT_ASCII_INTERNED => {
                let size = self.byte()?.into();
                self.text(size)?
            }
            tag::ASCII | tag::ASCII_INTERNED | tag::UNICODE | tag::INTERNED => {
                let size = self.size()?;
                self.text(size)?
            }
            tag::SMALL_TUPLE => {
                let count = self.byte()?.into();
                Const::Tuple(self.items(count, depth)?.into())
            }
            tag::TUPLE => {
                let count = self.size()?;
                Const::Tuple(self.items(count, depth)?.into())
            }
            tag::FROZENSET => {
                let count = self.size()?;
                Const::FrozenSet(self.items(count, depth)?.into())
            }
            tag::SLICE => Const::Slice(Box::new([self.constant(depth)?, self.constant(depth)?, self.constant(depth)?])),
            tag::CODE => Const::Code(Arc::new(self.code(depth)?)),
            tag::REF => {
                let index = self.size()?;
                self.refs.get(index).cloned().flatten().ok_or(LoadError::Bad)?
            }
            _ => return Err(LoadError::Bad),
        })
    }

    /// Text in UTF-8 in which surrogates may stand.
    fn text(&mut self, size: usize) -> Result<Const, LoadError> {
        let bytes = self.take(size)?;
        let mut unchecked = bytes;
        while let Err(odd) = std::str::from_utf8(unchecked) {
            let Some([0xed, 0xa0..=0xbf, 0x80..=0xbf, rest @ ..]) = unchecked.get(odd.valid_up_to()..) else {
                return Err(LoadError::Bad);
            };
            unchecked = rest;
        }
        Ok(Const::Str(Str::from_wtf8(bytes)))
    }

    fn integer(&mut self) -> Result<Const, LoadError> {
        let count = self.long()?;
        let mut digits = Vec::new();
        for at in 0..count.unsigned_abs() as usize {
            let half = u32::from(u16::from_le_bytes(self.array()?));
            if half >= 1 << 15 {
                return Err(LoadError::Bad);
            }
            match digits.last_mut() {
                Some(digit) if at % 2 == 1 => *digit |= half << (DIGIT_BITS / 2),
                _ => digits.push(half),
            }
        }
        Ok(Const::from_digits(count < 0, &digits))
    }

    fn code(&mut self, depth: u32) -> Result<Code, LoadError> {
        let mut number = || self.long().map(|n| n as u32);
        let (argcount, posonlyargcount, kwonlyargcount) = (number()?, number()?, number()?);
        let (stacksize, flags) = (number()?, number()?);
        let code = self.bytes_value(depth)?;
        let consts = self.tuple_value(depth)?;
        let names = self.name_values(depth)?;
        let localsplusnames = self.name_values(depth)?;
        let localspluskinds = self.bytes_value(depth)?;
        if localsplusnames.len() != localspluskinds.len() || code.len() % 2 != 0 {
            return Err(LoadError::Bad);
        }
        Ok(Code {
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize,
            flags,
            code,
            consts,
            names,
            localsplusnames,
            localspluskinds,
            filename: self.str_value(depth)?,
            name: self.str_value(depth)?,
            qualname: self.str_value(depth)?,
            firstlineno: self.long()?,
            linetable: self.bytes_value(depth)?,
            exceptiontable: self.bytes_value(depth)?,
        })
    }

    fn bytes_value(&mut self, depth: u32) -> Result<Box<[u8]>, LoadError> {
        match self.constant(depth)? {
            Const::Bytes(bytes) => Ok(bytes),
            _ => Err(LoadError::Bad),
        }
    }

    fn str_value(&mut self, depth: u32) -> Result<Str, LoadError> {
        match self.constant(depth)? {
            Const::Str(text) => Ok(text),
            _ => Err(LoadError::Bad),
        }
    }

    fn tuple_value(&mut self, depth: u32) -> Result<Vec<Const>, LoadError> {
        match self.constant(depth)? {
            Const::Tuple(items) => Ok(items.into_vec()),
            _ => Err(LoadError::Bad),
        }
    }

    fn name_values(&mut self, depth: u32) -> Result<Vec<Str>, LoadError> {
        let name = |value| match value {
            Const::Str(text) => Ok(text),
            _ => Err(LoadError::Bad),
        };
        self.tuple_value(depth)?.into_iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Code {
        let inner = Code {
            filename: "f.py".into(),
            name: "inner".into(),
            qualname: "outer.<locals>.inner".into(),
            flags: 3,
            argcount: 1,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            stacksize: 2,
            firstlineno: 7,
            code: [1, 2, 3, 4].into(),
            consts: vec![Const::None, Const::Str("inner".into())],
            names: vec!["x".into()],
            localsplusnames: vec!["x".into()],
            localspluskinds: [0x26].into(),
            linetable: [9].into(),
            exceptiontable: [].into(),
        };
        let big = Const::from_digits(true, &[5, 0, 1 << 29, 3]);
        assert!(matches!(big, Const::BigInt { .. }));
        let consts = vec![
            Const::Code(Arc::new(inner.clone())),
            big,
            Const::Int(i64::MAX),
            Const::Int(-1),
            Const::Int(1 << 31),
            Const::Float(-0.5),
            Const::Complex { real: 1.0, imag: f64::INFINITY },
            Const::Str(Str::from_code_points([0xe9, 0xd800, 0x1f600])),
            Const::Str("long ".repeat(100).into()),
            Const::Bytes([0, 255].into()),
            Const::Tuple(vec![Const::Ellipsis; 300].into()),
            Const::FrozenSet([Const::True, Const::Str("a b".into())].into()),
            Const::Slice(Box::new([Const::None, Const::Int(3), Const::False])),
        ];
        Code { consts, name: "outer".into(), qualname: "outer".into(), ..inner }
    }

    #[test]
    fn there_and_back() {
        let code = sample();
        assert_eq!(loads(&dumps(&code)), Ok(Const::Code(Arc::new(code))));
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = dumps(&sample());
        for end in 0..bytes.len() {
            assert_eq!(loads(&bytes[..end]), Err(LoadError::Truncated), "cut at {end}");
        }
        for at in 0..bytes.len() {
            for bits in [0x80, 0x01, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] ^= bits;
                // Any verdict will do, as long as there is one.
                let _ = loads(&bytes);
            }
        }
        assert_eq!(loads(&b")\x01".repeat(100_000)), Err(LoadError::TooDeep));
    }
}
