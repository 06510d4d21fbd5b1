//! Reading code objects from memory: the short way, straight from the bytes to objects.
//!
//! It knows what compiled modules consist of and nothing else. Whatever it does not expect, be it rare or wrong, makes it give up;
//! [`taipan_bytecode::marshal::Reader`] then reads the data from the start and finds the error.

use crate::code::{CodeObject, build::Parts};
use taipan_object::header::{Obj, Ref};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::str::{Str, intern};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, none};

/// Deeper nesting than that of any sane source is left to the reader that does not recurse.
const MAX_DEPTH: usize = 60;

const FLAG_REF: u8 = 0x80;

/// Reads one value, if it is one of those that code objects are made of.
pub fn read(data: &[u8]) -> Option<Obj> {
    if data.first()? & !FLAG_REF != b'c' {
        return None;
    }
    Memory { rest: data, refs: Vec::with_capacity(data.len() / 64) }.value(0)
}

struct Memory<'a> {
    rest: &'a [u8],
    refs: Vec<Option<Obj>>,
}

impl<'a> Memory<'a> {
    #[inline(always)]
    fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (now, later) = self.rest.split_at_checked(n)?;
        self.rest = later;
        Some(now)
    }

    #[inline(always)]
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    #[inline(always)]
    fn int(&mut self) -> Option<i32> {
        let (now, later) = self.rest.split_first_chunk()?;
        self.rest = later;
        Some(i32::from_le_bytes(*now))
    }

    #[inline(always)]
    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.int()?).ok()
    }

    #[inline(always)]
    fn remember(&mut self, flag: bool, o: &Obj) {
        if flag {
            self.refs.push(Some(o.clone()));
        }
    }

    /// A place among the referable objects for one that is not made yet.
    fn reserve(&mut self, flag: bool) -> Option<usize> {
        flag.then(|| {
            self.refs.push(None);
            self.refs.len() - 1
        })
    }

    fn fill(&mut self, slot: Option<usize>, o: &Obj) {
        if let Some(r) = slot.and_then(|i| self.refs.get_mut(i)) {
            *r = Some(o.clone());
        }
    }

    fn value(&mut self, depth: usize) -> Option<Obj> {
        let first = self.byte()?;
        let flag = first & FLAG_REF != 0;
        let o = match first & !FLAG_REF {
            b'r' => {
                let i = self.length()?;
                return self.refs.get(i)?.clone();
            }
            kind @ (b'Z' | b'z') => {
                let n = self.byte()? as usize;
                let text = self.bytes(n)?;
                ascii(text, kind == b'Z')?
            }
            kind @ (b'A' | b'a') => {
                let n = self.length()?;
                let text = self.bytes(n)?;
                ascii(text, kind == b'A')?
            }
            b'N' => return Some(none::none_obj()),
            b')' => {
                let n = self.byte()? as usize;
                return self.tuple(n, flag, depth);
            }
            b'(' => {
                let n = self.length()?;
                return self.tuple(n, flag, depth);
            }
            b'c' => return self.code(flag, depth),
            b's' => {
                let n = self.length()?;
                Bytes::new(self.bytes(n)?).into_obj()
            }
            b'i' => Int::from_i64(self.int()? as i64).into_obj(),
            b'T' => return Some(bool_::from_bool(true)),
            b'F' => return Some(bool_::from_bool(false)),
            b'.' => return Some(none::ellipsis().to_obj()),
            kind @ (b'u' | b't') => {
                let n = self.length()?;
                let s = Str::from_utf8(std::str::from_utf8(self.bytes(n)?).ok()?);
                if kind == b't' { intern::intern(s).into_obj() } else { s.into_obj() }
            }
            b'g' => {
                let (now, later) = self.rest.split_first_chunk()?;
                self.rest = later;
                Float::new(f64::from_le_bytes(*now)).into_obj()
            }
            b'>' => {
                let n = self.length()?;
                return self.frozenset(n, flag, depth);
            }
            b':' => {
                let slot = self.reserve(flag);
                let parts = [self.nested(depth)?, self.nested(depth)?, self.nested(depth)?];
                let o = crate::support::new_slice(&parts[0], &parts[1], &parts[2]);
                self.fill(slot, &o);
                return Some(o);
            }
            b'l' => self.long()?,
            _ => return None,
        };
        self.remember(flag, &o);
        Some(o)
    }

    fn nested(&mut self, depth: usize) -> Option<Obj> {
        if depth > MAX_DEPTH { None } else { self.value(depth + 1) }
    }

    fn frozenset(&mut self, n: usize, flag: bool, depth: usize) -> Option<Obj> {
        if n > self.rest.len() {
            return None;
        }
        let slot = self.reserve(flag);
        let mut items = Vec::with_capacity(n);
        for _ in 0..n {
            items.push(self.nested(depth)?);
        }
        let o = match crate::support::new_frozenset(items) {
            Ok(o) => o,
            Err(e) => {
                e.clear();
                return None;
            }
        };
        self.fill(slot, &o);
        Some(o)
    }

    /// A long integer: its digits have 15 bits here, 30 in objects.
    fn long(&mut self) -> Option<Obj> {
        let n = self.int()?;
        let digits = self.bytes(usize::try_from(n.unsigned_abs()).ok()?.checked_mul(2)?)?;
        let digit = |d: &[u8]| u32::from(u16::from_le_bytes([d[0], d[1]]));
        if digits.chunks_exact(2).any(|d| digit(d) >> 15 != 0) || digits.ends_with(&[0, 0]) {
            return None;
        }
        let wide: Vec<u32> =
            digits.chunks(4).map(|c| digit(&c[..2]) | if c.len() == 4 { digit(&c[2..]) << 15 } else { 0 }).collect();
        Some(Int::from_digits(n < 0, &wide).into_obj())
    }

    fn tuple(&mut self, n: usize, flag: bool, depth: usize) -> Option<Obj> {
        // Each item takes a byte at least.
        if depth > MAX_DEPTH || n > self.rest.len() {
            return None;
        }
        let slot = self.reserve(flag);
        let o = Tuple::try_from_fn(n, |_| self.value(depth + 1))?.into_obj();
        self.fill(slot, &o);
        Some(o)
    }

    /// A bytes object whose contents alone are of interest, unless something refers to it later.
    fn contents(&mut self) -> Option<(&'a [u8], Option<Ref<Bytes>>)> {
        let first = self.byte()?;
        let flag = first & FLAG_REF != 0;
        if first & !FLAG_REF != b's' {
            return None;
        }
        let n = self.length()?;
        let data = self.bytes(n)?;
        let o = flag.then(|| Bytes::new(data));
        if let Some(o) = &o {
            self.refs.push(Some(o.to_obj()));
        }
        Some((data, o))
    }

    fn code(&mut self, flag: bool, depth: usize) -> Option<Obj> {
        if depth > MAX_DEPTH {
            return None;
        }
        let slot = self.reserve(flag);
        let (argcount, posonlyargcount, kwonlyargcount) = (self.int()?, self.int()?, self.int()?);
        let (stacksize, flags) = (self.int()?, self.int()?);
        let (code, _) = self.contents()?;
        let consts: Ref<Tuple> = self.part(depth)?;
        let names: Ref<Tuple> = self.part(depth)?;
        let localsplusnames: Ref<Tuple> = self.part(depth)?;
        let kinds: Ref<Bytes> = self.part(depth)?;
        let filename: Ref<Str> = self.part(depth)?;
        let name: Ref<Str> = self.part(depth)?;
        let qualname: Ref<Str> = self.part(depth)?;
        let firstlineno = self.int()?;
        let linetable: Ref<Bytes> = self.part(depth)?;
        let exceptiontable: Ref<Bytes> = self.part(depth)?;
        let made = CodeObject::from_parts(Parts {
            code,
            consts: consts.into_obj(),
            names: names.into_obj(),
            localsplusnames,
            localspluskinds: kinds,
            filename: filename.into_obj(),
            name: name.into_obj(),
            qualname: qualname.into_obj(),
            linetable: linetable.into_obj(),
            exceptiontable: exceptiontable.into_obj(),
            flags: flags as u32,
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize,
            firstlineno,
        });
        let o = match made {
            Ok(c) => c.into_obj(),
            Err(e) => {
                e.clear();
                return None;
            }
        };
        self.fill(slot, &o);
        Some(o)
    }

    /// One part of a code object, of the type that it must have.
    #[inline(always)]
    fn part<T: taipan_object::header::Layout>(&mut self, depth: usize) -> Option<Ref<T>> {
        self.value(depth + 1)?.downcast_into().ok()
    }
}

#[inline(always)]
fn ascii(text: &[u8], interned: bool) -> Option<Obj> {
    if !text.is_ascii() {
        return None;
    }
    // SAFETY: just tested.
    unsafe {
        Some(if interned {
            intern::intern_ascii_unchecked(text).into_obj()
        } else {
            Str::from_ascii_unchecked(text).into_obj()
        })
    }
}
