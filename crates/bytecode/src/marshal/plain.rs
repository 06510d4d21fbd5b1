//! Marshal for code objects as plain data.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Builder, CodeFields, CodeParts, Kind, ReadError, Reader, SliceInput, VERSION, View, Writer};
use crate::code::{Code, Const, DIGIT_BITS};
use crate::wtf8::{CodePoints, Str};

/// A part of plain data.
#[derive(Clone)]
enum Part<'a> {
    Const(&'a Const),
    Code(&'a Code),
    Consts(&'a [Const]),
    Name(&'a Str),
    Names(&'a [Str]),
    Text(&'a Str),
    Bytes(&'a [u8]),
}

/// Whether a string constant looks like a name; the reference interns those.
fn is_name(s: &Str) -> bool {
    s.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

fn code_fields(code: &Code) -> CodeFields<Part<'_>> {
    CodeFields {
        argcount: code.argcount as i32,
        posonlyargcount: code.posonlyargcount as i32,
        kwonlyargcount: code.kwonlyargcount as i32,
        stacksize: code.stacksize as i32,
        flags: code.flags as i32,
        firstlineno: code.firstlineno,
        objects: [
            Part::Bytes(&code.code),
            Part::Consts(&code.consts),
            Part::Names(&code.names),
            Part::Names(&code.localsplusnames),
            Part::Bytes(&code.localspluskinds),
            Part::Text(&code.filename),
            Part::Name(&code.name),
            Part::Name(&code.qualname),
            Part::Bytes(&code.linetable),
            Part::Bytes(&code.exceptiontable),
        ],
    }
}

/// Shows plain data, which lives as long as `'a`, to a writer.
struct PartView<'a>(std::marker::PhantomData<&'a ()>);

impl<'a> View for PartView<'a> {
    type Value = Part<'a>;
    type Error = std::convert::Infallible;

    fn kind<'v>(&'v self, value: &'v Part<'a>) -> Result<Kind<'v, Part<'a>>, Self::Error> {
        Ok(match *value {
            Part::Name(s) => Kind::Str { utf8: Cow::Borrowed(s.as_bytes()), interned: true },
            Part::Text(s) => Kind::Str { utf8: Cow::Borrowed(s.as_bytes()), interned: false },
            Part::Names(names) => Kind::Tuple(names.iter().map(Part::Name).collect()),
            Part::Consts(items) => Kind::Tuple(items.iter().map(Part::Const).collect()),
            Part::Bytes(b) => Kind::Bytes(Cow::Borrowed(b)),
            Part::Code(code) => Kind::Code(code_fields(code)),
            Part::Const(constant) => match constant {
                Const::None => Kind::None,
                Const::True => Kind::Bool(true),
                Const::False => Kind::Bool(false),
                Const::Ellipsis => Kind::Ellipsis,
                Const::Int(i) => Kind::Int(*i),
                Const::BigInt { negative, digits } => Kind::BigInt { negative: *negative, digits },
                Const::Float(f) => Kind::Float(*f),
                Const::Complex { real, imag } => Kind::Complex(*real, *imag),
                Const::Str(s) => Kind::Str { utf8: Cow::Borrowed(s.as_bytes()), interned: is_name(s) },
                Const::Bytes(b) => Kind::Bytes(Cow::Borrowed(b)),
                Const::Tuple(items) => Kind::Tuple(items.iter().map(Part::Const).collect()),
                Const::FrozenSet(items) => Kind::FrozenSet(items.iter().map(Part::Const).collect()),
                Const::Slice(parts) => Kind::Slice([&parts[0], &parts[1], &parts[2]].map(Part::Const)),
                Const::Code(code) => Kind::Code(code_fields(code)),
            },
        })
    }

    fn identity(&self, value: &Part<'a>) -> Option<usize> {
        // Strings are shared; of everything else there is one reference.
        match *value {
            Part::Name(s) | Part::Text(s) | Part::Const(Const::Str(s)) => Some(s.as_bytes().as_ptr() as usize),
            _ => None,
        }
    }
}

/// Writes a code object.
pub fn dump_code(code: &Code) -> Vec<u8> {
    let view = PartView(std::marker::PhantomData);
    let mut writer = Writer::new(&view, VERSION);
    match writer.write(&Part::Code(code)) {
        Ok(()) => writer.finish(),
        // Plain data can always be shown; only a code object nested far deeper than any source can be fails here.
        Err(_) => Vec::new(),
    }
}

/// Makes plain data.
#[derive(Default)]
pub struct PlainBuilder;

type Made = Result<Const, &'static str>;

const NOT_A_CONSTANT: &str = "an object that is no constant in a code object";

fn names(value: Const) -> Result<Vec<Str>, &'static str> {
    let Const::Tuple(items) = value else { return Err("names of a code object are no tuple") };
    items.into_vec().into_iter().map(text).collect()
}

fn text(value: Const) -> Result<Str, &'static str> {
    match value {
        Const::Str(s) => Ok(s),
        _ => Err("a name in a code object is no string"),
    }
}

fn bytes(value: Const) -> Result<Box<[u8]>, &'static str> {
    match value {
        Const::Bytes(b) => Ok(b),
        _ => Err("a table of a code object is no bytes object"),
    }
}

fn number(value: i32) -> Result<u32, &'static str> {
    u32::try_from(value).map_err(|_| "a negative number in a code object")
}

impl Builder for PlainBuilder {
    type Value = Const;
    type Error = &'static str;

    fn none(&mut self) -> Const {
        Const::None
    }
    fn bool(&mut self, value: bool) -> Const {
        if value { Const::True } else { Const::False }
    }
    fn ellipsis(&mut self) -> Const {
        Const::Ellipsis
    }
    fn stop_iteration(&mut self) -> Made {
        Err(NOT_A_CONSTANT)
    }
    fn int(&mut self, value: i32) -> Made {
        Ok(Const::Int(value.into()))
    }
    fn long(&mut self, negative: bool, digits: &[u16]) -> Made {
        let wide: Vec<u32> =
            digits.chunks(2).map(|pair| pair[0] as u32 | (pair.get(1).copied().unwrap_or(0) as u32) << 15).collect();
        const _: () = assert!(DIGIT_BITS == 30);
        Ok(Const::from_digits(negative, &wide))
    }
    fn float(&mut self, value: f64) -> Made {
        Ok(Const::Float(value))
    }
    fn complex(&mut self, real: f64, imag: f64) -> Made {
        Ok(Const::Complex { real, imag })
    }
    fn bytes(&mut self, value: &[u8]) -> Made {
        Ok(Const::Bytes(value.into()))
    }
    fn str(&mut self, utf8: &[u8], _interned: bool) -> Result<Option<Const>, &'static str> {
        let well_formed =
            std::str::from_utf8(utf8).is_ok() || Str::from_code_points(CodePoints::new(utf8)).as_bytes() == utf8;
        Ok(well_formed.then(|| Const::Str(Str::from_wtf8(utf8))))
    }
    fn tuple(&mut self, items: Vec<Const>) -> Made {
        Ok(Const::Tuple(items.into()))
    }
    fn list(&mut self) -> Made {
        Err(NOT_A_CONSTANT)
    }
    fn append(&mut self, _: &Const, _: Const) -> Result<(), &'static str> {
        Err(NOT_A_CONSTANT)
    }
    fn dict(&mut self) -> Made {
        Err(NOT_A_CONSTANT)
    }
    fn set_item(&mut self, _: &Const, _: Const, _: Const) -> Result<(), &'static str> {
        Err(NOT_A_CONSTANT)
    }
    fn set(&mut self) -> Made {
        Err(NOT_A_CONSTANT)
    }
    fn add(&mut self, _: &Const, _: Const) -> Result<(), &'static str> {
        Err(NOT_A_CONSTANT)
    }
    fn frozenset(&mut self, items: Vec<Const>) -> Made {
        Ok(Const::FrozenSet(items.into()))
    }
    fn slice(&mut self, parts: [Const; 3]) -> Made {
        Ok(Const::Slice(Box::new(parts)))
    }
    fn code(&mut self, parts: CodeParts<Const>) -> Made {
        let Const::Tuple(consts) = parts.consts else { return Err("constants of a code object are no tuple") };
        let code = Code {
            filename: text(parts.filename)?,
            name: text(parts.name)?,
            qualname: text(parts.qualname)?,
            flags: number(parts.flags)?,
            argcount: number(parts.argcount)?,
            posonlyargcount: number(parts.posonlyargcount)?,
            kwonlyargcount: number(parts.kwonlyargcount)?,
            stacksize: number(parts.stacksize)?,
            firstlineno: parts.firstlineno,
            code: bytes(parts.code)?,
            consts: consts.into_vec(),
            names: names(parts.names)?,
            localsplusnames: names(parts.localsplusnames)?,
            localspluskinds: bytes(parts.localspluskinds)?,
            linetable: bytes(parts.linetable)?,
            exceptiontable: bytes(parts.exceptiontable)?,
        };
        if code.localsplusnames.len() != code.localspluskinds.len() {
            return Err("names and kinds of locals differ in number");
        }
        Ok(Const::Code(Arc::new(code)))
    }
}

/// Reads a code object.
pub fn load_code(data: &[u8]) -> Result<Arc<Code>, ReadError<&'static str, std::convert::Infallible>> {
    match Reader::new(&mut PlainBuilder, SliceInput::new(data)).read()? {
        Const::Code(code) => Ok(code),
        _ => Err(ReadError::Value("not a code object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Code {
        let name = Str::from("f");
        Code {
            filename: "x.py".into(),
            name: name.clone(),
            qualname: name.clone(),
            flags: 3,
            argcount: 1,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            stacksize: 2,
            firstlineno: 7,
            code: [128, 0, 35, 0].into(),
            consts: vec![
                Const::None,
                Const::Int(-5),
                Const::Int(1 << 40),
                Const::from_digits(true, &[1, 2, 3, 4]),
                Const::Float(0.5),
                Const::Complex { real: 0.0, imag: -1.0 },
                Const::Str("päß".into()),
                Const::Tuple([Const::True, Const::Bytes([1, 2].into())].into()),
                Const::FrozenSet([Const::Int(1), Const::Str("a".into())].into()),
                Const::Slice(Box::new([Const::Int(1), Const::None, Const::Ellipsis])),
            ],
            names: vec![name.clone()],
            localsplusnames: vec![name],
            localspluskinds: [0x26].into(),
            linetable: [1, 2, 3].into(),
            exceptiontable: [].into(),
        }
    }

    #[test]
    fn code_round_trips() {
        let inner = sample();
        let mut outer = sample();
        outer.consts.push(Const::Code(Arc::new(inner)));
        let data = dump_code(&outer);
        let mut again = load_code(&data).unwrap();
        // The order of a frozenset is that of its items' bytes.
        assert_eq!(dump_code(&again), data);
        let code = Arc::make_mut(&mut again);
        assert_eq!(code.consts.len(), outer.consts.len());
        assert_eq!(code.consts[..8], outer.consts[..8]);
        assert_eq!(code.linetable, outer.linetable);
    }

    #[test]
    fn hostile_input_is_refused() {
        let data = dump_code(&sample());
        for end in 0..data.len() {
            assert!(load_code(&data[..end]).is_err());
        }
        for i in 0..data.len() {
            for bit in 0..8 {
                let mut bad = data.clone();
                bad[i] ^= 1 << bit;
                let _ = load_code(&bad);
            }
        }
        // Huge lengths, deep nesting, references to nothing.
        assert!(load_code(b"(\xff\xff\xff\x7f").is_err());
        assert!(load_code(&[b')', 1].repeat(100_000)).is_err());
        assert_eq!(load_code(b"r\x00\x00\x00\x00"), Err(ReadError::Value("bad marshal data (invalid reference)")));
        assert_eq!(load_code(b""), Err(ReadError::Eof("EOF read where object expected")));
        assert_eq!(load_code(b")"), Err(ReadError::Eof("EOF read where not expected")));
        // Where a NULL is met decides what is said of it; a slice passes it on.
        assert_eq!(load_code(b")\x01:N0"), Err(ReadError::Type("NULL object in marshal data for tuple")));
        assert_eq!(load_code(b":N0"), Err(ReadError::Type("NULL object in marshal data for object")));
        assert_eq!(load_code(b"l\x00\x00\x00\x80"), Err(ReadError::Value("bad marshal data (long size out of range)")));
    }

    #[test]
    fn limits_and_old_forms() {
        let load = |data: &[u8]| Reader::new(&mut PlainBuilder, SliceInput::new(data)).read();
        let nested = |depth: usize, inner: &[u8]| load(&[&b")\x01".repeat(depth)[..], inner].concat());
        assert!(nested(1999, b"N").is_ok() && nested(1999, b")\x00").is_ok());
        assert_eq!(nested(2000, b"N"), Err(ReadError::Value("recursion limit exceeded")));
        assert_eq!(load(b"I\x01\x00\x00\x00\xff\xff\xff\xff"), Ok(Const::Int(-4294967295)));
        assert_eq!(load(b"f\x042.5 "), Err(ReadError::Value("could not convert string to float")));
        assert_eq!(load(b"f\x032.5"), Ok(Const::Float(2.5)));
        assert_eq!(load(b"u\x01\x00\x00\x00\xff"), Err(ReadError::Value("bad marshal data (invalid string)")));
    }
}
