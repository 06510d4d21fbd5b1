//! Reading.

use std::borrow::Cow;

use super::{FLAG_REF, LONG_DIGIT_BITS, MAX_DEPTH, tag};

/// Makes values of what is read.
pub trait Builder {
    /// A value; cloning it makes another reference to it.
    type Value: Clone;
    /// Why a value cannot be made.
    type Error;

    /// `None`
    fn none(&mut self) -> Self::Value;
    /// `True` or `False`
    fn bool(&mut self, value: bool) -> Self::Value;
    /// `Ellipsis`
    fn ellipsis(&mut self) -> Self::Value;
    /// `StopIteration`
    fn stop_iteration(&mut self) -> Result<Self::Value, Self::Error>;
    /// An integer of 32 bits.
    fn int(&mut self, value: i32) -> Result<Self::Value, Self::Error>;
    /// A longer integer: sign, and 15-bit digits from the least significant one.
    fn long(&mut self, negative: bool, digits: &[u16]) -> Result<Self::Value, Self::Error>;
    /// A float.
    fn float(&mut self, value: f64) -> Result<Self::Value, Self::Error>;
    /// A complex number.
    fn complex(&mut self, real: f64, imag: f64) -> Result<Self::Value, Self::Error>;
    /// A bytes object.
    fn bytes(&mut self, value: &[u8]) -> Result<Self::Value, Self::Error>;
    /// A string in UTF-8, lone surrogates in their three-byte form; not checked. `None` if it is not well formed.
    fn str(&mut self, utf8: &[u8], interned: bool) -> Result<Option<Self::Value>, Self::Error>;
    /// A tuple.
    fn tuple(&mut self, items: Vec<Self::Value>) -> Result<Self::Value, Self::Error>;
    /// A tuple of this many items that something in it refers to, and that is filled later. `None` if there is no such thing.
    fn open_tuple(&mut self, size: usize) -> Option<Self::Value> {
        let _ = size;
        None
    }
    /// Gives the items to a tuple that [`Builder::open_tuple`] made.
    fn fill_tuple(&mut self, tuple: &Self::Value, items: Vec<Self::Value>) {
        let _ = (tuple, items);
    }
    /// An empty list.
    fn list(&mut self) -> Result<Self::Value, Self::Error>;
    /// Appends to a list.
    fn append(&mut self, list: &Self::Value, item: Self::Value) -> Result<(), Self::Error>;
    /// An empty dict.
    fn dict(&mut self) -> Result<Self::Value, Self::Error>;
    /// Sets an item of a dict.
    fn set_item(&mut self, dict: &Self::Value, key: Self::Value, value: Self::Value) -> Result<(), Self::Error>;
    /// An empty set.
    fn set(&mut self) -> Result<Self::Value, Self::Error>;
    /// Adds to a set.
    fn add(&mut self, set: &Self::Value, item: Self::Value) -> Result<(), Self::Error>;
    /// A frozenset.
    fn frozenset(&mut self, items: Vec<Self::Value>) -> Result<Self::Value, Self::Error>;
    /// A slice.
    fn slice(&mut self, parts: [Self::Value; 3]) -> Result<Self::Value, Self::Error>;
    /// A code object.
    fn code(&mut self, parts: CodeParts<Self::Value>) -> Result<Self::Value, Self::Error>;
}

/// The parts of a code object, in their order in the format.
#[allow(missing_docs)]
pub struct CodeParts<V> {
    pub argcount: i32,
    pub posonlyargcount: i32,
    pub kwonlyargcount: i32,
    pub stacksize: i32,
    pub flags: i32,
    pub code: V,
    pub consts: V,
    pub names: V,
    pub localsplusnames: V,
    pub localspluskinds: V,
    pub filename: V,
    pub name: V,
    pub qualname: V,
    pub firstlineno: i32,
    pub linetable: V,
    pub exceptiontable: V,
}

/// Where bytes come from.
pub trait Input {
    /// Why there are none.
    type Error;

    /// The next `count` bytes; fewer if the input ends before.
    fn read(&mut self, count: usize) -> Result<Cow<'_, [u8]>, Self::Error>;
}

/// Bytes in memory.
pub struct SliceInput<'a> {
    rest: &'a [u8],
}

impl<'a> SliceInput<'a> {
    /// These bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        SliceInput { rest: bytes }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl Input for SliceInput<'_> {
    type Error = std::convert::Infallible;

    fn read(&mut self, count: usize) -> Result<Cow<'_, [u8]>, Self::Error> {
        let (now, later) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = later;
        Ok(Cow::Borrowed(now))
    }
}

/// Why reading failed.
#[derive(Debug, PartialEq)]
pub enum ReadError<B, I> {
    /// `EOFError`
    Eof(&'static str),
    /// `ValueError`
    Value(&'static str),
    /// `TypeError`
    Type(&'static str),
    /// The builder refused.
    Builder(B),
    /// The input failed.
    Input(I),
}

const TOO_SHORT: &str = "marshal data too short";

/// A container whose items are being read; `slot` is its place among the referable objects.
enum Frame<V> {
    Tuple { items: Vec<V>, left: usize, slot: Option<usize> },
    List { list: V, left: usize },
    Dict { dict: V, key: Option<V> },
    Set { set: V, left: usize },
    FrozenSet { items: Vec<V>, left: usize, slot: Option<usize> },
    Slice { items: Vec<V>, slot: Option<usize> },
    Code { numbers: [i32; 5], items: Vec<V>, firstlineno: i32, slot: Option<usize> },
}

/// What one step of reading gives.
enum Step<V> {
    Value(V),
    /// A container was opened.
    Opened,
    /// The end of a dict.
    Null,
}

/// Reads values from an input.
pub struct Reader<'b, B: Builder, I> {
    builder: &'b mut B,
    input: I,
    refs: Vec<Option<B::Value>>,
    allow_code: bool,
}

type Failure<B, I> = ReadError<<B as Builder>::Error, <I as Input>::Error>;

impl<'b, B: Builder, I: Input> Reader<'b, B, I> {
    /// A reader.
    pub fn new(builder: &'b mut B, input: I) -> Self {
        Reader { builder, input, refs: Vec::new(), allow_code: true }
    }

    /// Whether code objects may be read.
    pub fn allow_code(mut self, allow: bool) -> Self {
        self.allow_code = allow;
        self
    }

    /// The input.
    pub fn into_input(self) -> I {
        self.input
    }

    fn bytes(&mut self, count: usize) -> Result<Cow<'_, [u8]>, Failure<B, I>> {
        let bytes = self.input.read(count).map_err(ReadError::Input)?;
        if bytes.len() < count { Err(ReadError::Eof(TOO_SHORT)) } else { Ok(bytes) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Failure<B, I>> {
        let bytes = self.bytes(N)?;
        Ok(std::array::from_fn(|i| bytes[i]))
    }

    fn byte(&mut self) -> Result<u8, Failure<B, I>> {
        match self.array::<1>() {
            Err(ReadError::Eof(_)) => Err(ReadError::Eof("EOF read where not expected")),
            other => Ok(other?[0]),
        }
    }

    fn int(&mut self) -> Result<i32, Failure<B, I>> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    fn length(&mut self, message: &'static str) -> Result<usize, Failure<B, I>> {
        usize::try_from(self.int()?).map_err(|_| ReadError::Value(message))
    }

    fn float(&mut self) -> Result<f64, Failure<B, I>> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    fn float_text(&mut self) -> Result<f64, Failure<B, I>> {
        let count = self.byte()? as usize;
        let bytes = self.bytes(count)?;
        let text = std::str::from_utf8(&bytes).ok();
        text.and_then(|t| t.parse().ok()).ok_or(ReadError::Value("could not convert string to float"))
    }

    fn made(&self, result: Result<B::Value, B::Error>) -> Result<B::Value, Failure<B, I>> {
        result.map_err(ReadError::Builder)
    }

    /// Reserves a place among the referable objects before the object exists.
    fn reserve(&mut self, flag: bool) -> Option<usize> {
        flag.then(|| {
            self.refs.push(None);
            self.refs.len() - 1
        })
    }

    fn remember(&mut self, slot: Option<usize>, value: &B::Value) {
        if let Some(slot) = slot {
            self.refs[slot] = Some(value.clone());
        }
    }

    /// Reads one value.
    pub fn read(&mut self) -> Result<B::Value, Failure<B, I>> {
        let mut stack: Vec<Frame<B::Value>> = Vec::new();
        loop {
            if stack.len() >= MAX_DEPTH {
                return Err(ReadError::Value("recursion limit exceeded"));
            }
            let mut value = match self.step(&mut stack)? {
                Step::Value(value) => Some(value),
                Step::Opened => None,
                Step::Null => Some(self.null(&mut stack)?),
            };
            // Hand the value to its container; a full container is a value itself.
            loop {
                if let Some(value) = value.take() {
                    let Some(frame) = stack.last_mut() else { return Ok(value) };
                    self.put(frame, value)?;
                }
                let Some(frame) = stack.last() else { break };
                let full = match frame {
                    Frame::Tuple { left, .. }
                    | Frame::List { left, .. }
                    | Frame::Set { left, .. }
                    | Frame::FrozenSet { left, .. } => *left == 0,
                    Frame::Slice { items, .. } => items.len() == 3,
                    Frame::Code { items, .. } => items.len() == 10,
                    Frame::Dict { .. } => false,
                };
                if !full {
                    break;
                }
                if let Some(frame) = stack.pop() {
                    value = Some(self.close(frame)?);
                }
            }
        }
    }

    /// What comes of a NULL: the end of a dict, also where a value is expected; anywhere else an error.
    fn null(&mut self, stack: &mut Vec<Frame<B::Value>>) -> Result<B::Value, Failure<B, I>> {
        loop {
            return Err(ReadError::Type(match stack.pop() {
                Some(Frame::Dict { dict, .. }) => return Ok(dict),
                // A slice with a NULL in it is a NULL itself.
                Some(Frame::Slice { .. }) => continue,
                Some(Frame::Tuple { .. }) => "NULL object in marshal data for tuple",
                Some(Frame::List { .. }) => "NULL object in marshal data for list",
                Some(Frame::Set { .. } | Frame::FrozenSet { .. }) => "NULL object in marshal data for set",
                Some(Frame::Code { .. }) => "NULL object in marshal data for code object",
                None => "NULL object in marshal data for object",
            }));
        }
    }

    fn put(&mut self, frame: &mut Frame<B::Value>, value: B::Value) -> Result<(), Failure<B, I>> {
        match frame {
            Frame::Tuple { items, left, .. } | Frame::FrozenSet { items, left, .. } => {
                items.push(value);
                *left -= 1;
            }
            Frame::List { list, left } => {
                self.builder.append(list, value).map_err(ReadError::Builder)?;
                *left -= 1;
            }
            Frame::Set { set, left } => {
                self.builder.add(set, value).map_err(ReadError::Builder)?;
                *left -= 1;
            }
            Frame::Dict { dict, key } => match key.take() {
                None => *key = Some(value),
                Some(k) => self.builder.set_item(dict, k, value).map_err(ReadError::Builder)?,
            },
            Frame::Slice { items, .. } => items.push(value),
            Frame::Code { items, firstlineno, .. } => {
                items.push(value);
                if items.len() == 8 {
                    *firstlineno = self.int()?;
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, frame: Frame<B::Value>) -> Result<B::Value, Failure<B, I>> {
        let (value, slot) = match frame {
            Frame::Tuple { items, slot, .. } => match slot.and_then(|slot| self.refs.get(slot)?.clone()) {
                Some(tuple) => {
                    self.builder.fill_tuple(&tuple, items);
                    return Ok(tuple);
                }
                None => (self.builder.tuple(items), slot),
            },
            Frame::FrozenSet { items, slot, .. } => (self.builder.frozenset(items), slot),
            Frame::List { list, .. } => (Ok(list), None),
            Frame::Dict { dict, .. } => (Ok(dict), None),
            Frame::Set { set, .. } => (Ok(set), None),
            Frame::Slice { items, slot } => match <[B::Value; 3]>::try_from(items) {
                Ok(parts) => (self.builder.slice(parts), slot),
                Err(_) => return Err(ReadError::Value("bad marshal data (slice)")),
            },
            Frame::Code { numbers, items, firstlineno, slot } => {
                let Ok([code, consts, names, locals, kinds, filename, name, qualname, linetable, exceptiontable]) =
                    <[B::Value; 10]>::try_from(items)
                else {
                    return Err(ReadError::Value("bad marshal data (code)"));
                };
                let [argcount, posonlyargcount, kwonlyargcount, stacksize, flags] = numbers;
                let parts = CodeParts {
                    argcount,
                    posonlyargcount,
                    kwonlyargcount,
                    stacksize,
                    flags,
                    code,
                    consts,
                    names,
                    localsplusnames: locals,
                    localspluskinds: kinds,
                    filename,
                    name,
                    qualname,
                    firstlineno,
                    linetable,
                    exceptiontable,
                };
                (self.builder.code(parts), slot)
            }
        };
        let value = self.made(value)?;
        self.remember(slot, &value);
        Ok(value)
    }

    /// The tuple that is being read and has this place, made before its items.
    fn open_tuple(&mut self, place: usize, stack: &[Frame<B::Value>]) -> Option<B::Value> {
        let size = stack.iter().find_map(|frame| match frame {
            Frame::Tuple { items, left, slot } if *slot == Some(place) => Some(items.len() + left),
            _ => None,
        })?;
        // So large a tuple is not made on the word of data that may not follow.
        let tuple = if size <= 1 << 16 { self.builder.open_tuple(size) } else { None };
        self.refs[place].clone_from(&tuple);
        tuple
    }

    /// Reads one tag and what belongs to it, up to the first item of a container.
    fn step(&mut self, stack: &mut Vec<Frame<B::Value>>) -> Result<Step<B::Value>, Failure<B, I>> {
        let first = match self.byte() {
            Err(ReadError::Eof(_)) => return Err(ReadError::Eof("EOF read where object expected")),
            other => other?,
        };
        let flag = first & FLAG_REF != 0;
        let kind = first & !FLAG_REF;
        let value = match kind {
            tag::NULL => return Ok(Step::Null),
            tag::NONE => return Ok(Step::Value(self.builder.none())),
            tag::TRUE => return Ok(Step::Value(self.builder.bool(true))),
            tag::FALSE => return Ok(Step::Value(self.builder.bool(false))),
            tag::ELLIPSIS => return Ok(Step::Value(self.builder.ellipsis())),
            tag::STOP_ITERATION => {
                let value = self.builder.stop_iteration();
                return Ok(Step::Value(self.made(value)?));
            }
            tag::REF => {
                let index = self.int()?;
                let slot = usize::try_from(index).ok().filter(|&slot| slot < self.refs.len());
                let value = slot.and_then(|slot| self.refs[slot].clone().or_else(|| self.open_tuple(slot, stack)));
                return value.map(Step::Value).ok_or(ReadError::Value("bad marshal data (invalid reference)"));
            }
            tag::INT => {
                let n = self.int()?;
                self.builder.int(n)
            }
            tag::INT64 => {
                let n = i64::from_le_bytes(self.array()?);
                match i32::try_from(n) {
                    Ok(n) => self.builder.int(n),
                    Err(_) => {
                        let mut digits = Vec::new();
                        let mut rest = n.unsigned_abs();
                        while rest != 0 {
                            digits.push((rest & ((1 << LONG_DIGIT_BITS) - 1)) as u16);
                            rest >>= LONG_DIGIT_BITS;
                        }
                        self.builder.long(n < 0, &digits)
                    }
                }
            }
            tag::LONG => {
                let n = self.int()?;
                if n == i32::MIN {
                    return Err(ReadError::Value("bad marshal data (long size out of range)"));
                }
                let count = n.unsigned_abs() as usize;
                let mut digits = Vec::new();
                for _ in 0..count {
                    let digit = u16::from_le_bytes(self.array()?);
                    if digit >> LONG_DIGIT_BITS != 0 {
                        return Err(ReadError::Value("bad marshal data (digit out of range in long)"));
                    }
                    digits.push(digit);
                }
                if digits.last() == Some(&0) {
                    return Err(ReadError::Value("bad marshal data (unnormalized long data)"));
                }
                self.builder.long(n < 0, &digits)
            }
            tag::FLOAT => {
                let f = self.float()?;
                self.builder.float(f)
            }
            tag::FLOAT_TEXT => {
                let f = self.float_text()?;
                self.builder.float(f)
            }
            tag::COMPLEX => {
                let (real, imag) = (self.float()?, self.float()?);
                self.builder.complex(real, imag)
            }
            tag::COMPLEX_TEXT => {
                let (real, imag) = (self.float_text()?, self.float_text()?);
                self.builder.complex(real, imag)
            }
            tag::BYTES => {
                let count = self.length("bad marshal data (bytes object size out of range)")?;
                let bytes = self.bytes(count)?.into_owned();
                self.builder.bytes(&bytes)
            }
            tag::ASCII
            | tag::ASCII_INTERNED
            | tag::SHORT_ASCII
            | tag::SHORT_ASCII_INTERNED
            | tag::UNICODE
            | tag::INTERNED => return self.string(kind, flag).map(Step::Value),
            tag::SMALL_TUPLE | tag::TUPLE => {
                let left = match kind {
                    tag::SMALL_TUPLE => self.byte()? as usize,
                    _ => self.length("bad marshal data (tuple size out of range)")?,
                };
                let slot = self.reserve(flag);
                stack.push(Frame::Tuple { items: Vec::with_capacity(left.min(256)), left, slot });
                return Ok(Step::Opened);
            }
            tag::FROZENSET => {
                let left = self.length("bad marshal data (set size out of range)")?;
                let slot = self.reserve(flag && left > 0);
                if left == 0 {
                    self.builder.frozenset(Vec::new())
                } else {
                    stack.push(Frame::FrozenSet { items: Vec::new(), left, slot });
                    return Ok(Step::Opened);
                }
            }
            tag::LIST | tag::SET | tag::DICT => {
                let left = match kind {
                    tag::LIST => self.length("bad marshal data (list size out of range)")?,
                    tag::SET => self.length("bad marshal data (set size out of range)")?,
                    _ => 0,
                };
                let value = match kind {
                    tag::LIST => self.builder.list(),
                    tag::SET => self.builder.set(),
                    _ => self.builder.dict(),
                };
                let value = self.made(value)?;
                // Referable before it is filled: it may hold itself.
                let slot = self.reserve(flag);
                self.remember(slot, &value);
                stack.push(match kind {
                    tag::LIST => Frame::List { list: value, left },
                    tag::SET => Frame::Set { set: value, left },
                    _ => Frame::Dict { dict: value, key: None },
                });
                return Ok(Step::Opened);
            }
            tag::SLICE => {
                let slot = self.reserve(flag);
                stack.push(Frame::Slice { items: Vec::with_capacity(3), slot });
                return Ok(Step::Opened);
            }
            tag::CODE => {
                if !self.allow_code {
                    return Err(ReadError::Value("unmarshalling code objects is disallowed"));
                }
                let slot = self.reserve(flag);
                let mut numbers = [0; 5];
                for number in &mut numbers {
                    *number = self.int()?;
                }
                stack.push(Frame::Code { numbers, items: Vec::with_capacity(10), firstlineno: 0, slot });
                return Ok(Step::Opened);
            }
            _ => return Err(ReadError::Value("bad marshal data (unknown type code)")),
        };
        let value = self.made(value)?;
        let slot = self.reserve(flag);
        self.remember(slot, &value);
        Ok(Step::Value(value))
    }

    fn string(&mut self, kind: u8, flag: bool) -> Result<B::Value, Failure<B, I>> {
        let count = match kind {
            tag::SHORT_ASCII | tag::SHORT_ASCII_INTERNED => self.byte()? as usize,
            _ => self.length("bad marshal data (string size out of range)")?,
        };
        let interned = matches!(kind, tag::INTERNED | tag::ASCII_INTERNED | tag::SHORT_ASCII_INTERNED);
        let bytes = self.bytes(count)?.into_owned();
        let is_ascii = !matches!(kind, tag::UNICODE | tag::INTERNED);
        if is_ascii && !bytes.is_ascii() {
            // Such data is Latin-1, whatever its tag says.
            let mut utf8 = Vec::with_capacity(bytes.len() * 2);
            bytes.iter().for_each(|&b| crate::wtf8::push_code_point(&mut utf8, b.into()));
            let value = self.builder.str(&utf8, interned).map_err(ReadError::Builder)?;
            return self.string_value(value, flag);
        }
        let value = self.builder.str(&bytes, interned).map_err(ReadError::Builder)?;
        self.string_value(value, flag)
    }

    fn string_value(&mut self, value: Option<B::Value>, flag: bool) -> Result<B::Value, Failure<B, I>> {
        let value = value.ok_or(ReadError::Value("bad marshal data (invalid string)"))?;
        let slot = self.reserve(flag);
        self.remember(slot, &value);
        Ok(value)
    }
}
