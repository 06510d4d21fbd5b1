//! `make_scanner`: JSON text to objects.

use super::text::{Scanned, Text, decode_error, scan_string};
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::Signature;
use taipan_object::codecs::errors::pair;
use taipan_object::method::{MemberDef, member};
use taipan_object::native::{bind, required, signature};
use taipan_object::thread::check_recursion;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::{Float, PyFloat_Type};
use taipan_object::types::int::{self, Int, PyLong_Type};
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::str::{Str, StrData};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, exceptions};
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Ref, Type, TypeDef, bail, flags, intern, layout, members, visit, with_units,
};

/// The scanner object.
#[repr(C)]
pub struct Scanner {
    ob_base: Object,
    strict: Cell<bool>,
    object_hook: ObjCell,
    object_pairs_hook: ObjCell,
    parse_float: ObjCell,
    parse_int: ObjCell,
    parse_constant: ObjCell,
}
const _: () = assert!(size_of::<Scanner>() == 64);
layout!(Scanner, Scanner_Type);

extern "C" fn scanner_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = signature("make_scanner", &[required("context")], 0, 1);
    bind(&SIG, args, kwargs, |[context]: [_; 1]| {
        let context = taipan_object::args::receiver(context);
        let strict = context.get_attr(intern!("strict"))?.is_true()?;
        let attr = |name: &Object| Ok(ObjCell::new(context.get_attr(name)?));
        let body = Scanner {
            ob_base: Object::placeholder(),
            strict: Cell::new(strict),
            object_hook: attr(intern!("object_hook"))?,
            object_pairs_hook: attr(intern!("object_pairs_hook"))?,
            parse_float: attr(intern!("parse_float"))?,
            parse_int: attr(intern!("parse_int"))?,
            parse_constant: attr(intern!("parse_constant"))?,
        };
        Ok(new_instance(cls, body)?.into_obj())
    })
}

extern "C" fn scanner_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = signature("scan_once", &[required("string"), required("idx")], 0, 2);
    bind(&SIG, args, kwargs, |[string, idx]: [_; 2]| {
        let (string, idx) = (taipan_object::args::receiver(string), taipan_object::args::receiver(idx));
        let idx = idx.index_as_isize(Some(exceptions::OverflowError))?;
        let Some(text) = string.downcast::<Str>() else {
            bail!(TypeError, "first argument must be a string, not {}", string.ty().name_str());
        };
        let Ok(at) = usize::try_from(idx) else { bail!(ValueError, "idx cannot be negative") };
        let this: &Scanner = o.cast();
        with_units!(text, |u| {
            let mut run = Run::new(this, text, u);
            let (value, end) = run.value(at)?;
            Ok(pair(value, end).into_obj())
        })
    })
}

/// Keys are hashed already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, b: &[u8]) {
        for &c in b {
            self.0 = self.0.rotate_left(8) ^ u64::from(c);
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// A hook, unless it is `None` or does the same as is done without.
fn hook(c: &ObjCell, standard: Option<&Type>) -> Option<Obj> {
    c.get_owned().filter(|o| !o.is_none() && standard.is_none_or(|t| !o.is(t.as_object())))
}

fn hash(s: impl Iterator<Item = u32>) -> u64 {
    let h = s.fold(0u64, |h, c| (h.rotate_left(5) ^ u64::from(c)).wrapping_mul(0x517c_c1b7_2722_0a95));
    // The table takes its buckets from the low bits and its tags from the high ones.
    h ^ h >> 32
}

/// One run over a text.
struct Run<'a, U> {
    text: &'a Str,
    s: &'a [U],
    strict: bool,
    object_hook: Option<Obj>,
    pairs_hook: Option<Obj>,
    parse_float: Option<Obj>,
    parse_int: Option<Obj>,
    scanner: &'a Scanner,
    /// The keys so far: each is made once.
    keys: HashMap<u64, Ref<Str>, BuildHasherDefault<Identity>>,
}

#[cold]
fn stop(at: usize) -> Raised {
    taipan_object::error::raise_arg(exceptions::StopIteration, Int::from_usize(at).into_obj())
}

impl<'a, U: Text> Run<'a, U> {
    fn new(scanner: &'a Scanner, text: &'a Str, s: &'a [U]) -> Self {
        Run {
            text,
            s,
            strict: scanner.strict.get(),
            object_hook: hook(&scanner.object_hook, None),
            pairs_hook: hook(&scanner.object_pairs_hook, None),
            parse_float: hook(&scanner.parse_float, Some(&PyFloat_Type)),
            parse_int: hook(&scanner.parse_int, Some(&PyLong_Type)),
            scanner,
            keys: HashMap::default(),
        }
    }

    #[inline(always)]
    fn at(&self, i: usize) -> Option<u8> {
        self.s.get(i).and_then(|&c| u8::try_from(c.into()).ok())
    }

    #[inline(always)]
    fn skip_space(&self, mut i: usize) -> usize {
        while matches!(self.at(i), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            i += 1;
        }
        i
    }

    fn stands(&self, i: usize, word: &[u8]) -> bool {
        self.s.get(i..i + word.len()).is_some_and(|w| w.iter().zip(word).all(|(&a, &b)| a.into() == u32::from(b)))
    }

    fn fail<T>(&self, message: &str, at: usize) -> PyResult<T> {
        Err(decode_error(message, self.text, at))
    }

    #[inline]
    fn value(&mut self, i: usize) -> PyResult<(Obj, usize)> {
        let Some(c) = self.at(i) else { return Err(stop(i)) };
        match c {
            b'"' => {
                let (s, end) = scan_string(self.text, self.s, i + 1, self.strict)?;
                let s = match s {
                    Scanned::Plain(u) => Str::from_data(U::data(u)),
                    Scanned::Made(b) => b.finish(),
                };
                Ok((s.into_obj(), end))
            }
            b'{' => {
                check_recursion(" while decoding a JSON object from a unicode string")?;
                self.object(i + 1)
            }
            b'[' => {
                check_recursion(" while decoding a JSON array from a unicode string")?;
                self.array(i + 1)
            }
            b'n' if self.stands(i, b"null") => Ok((none().to_obj(), i + 4)),
            b't' if self.stands(i, b"true") => Ok((bool_::true_().to_obj(), i + 4)),
            b'f' if self.stands(i, b"false") => Ok((bool_::false_().to_obj(), i + 5)),
            b'N' if self.stands(i, b"NaN") => self.constant("NaN", i),
            b'I' if self.stands(i, b"Infinity") => self.constant("Infinity", i),
            b'-' if self.stands(i, b"-Infinity") => self.constant("-Infinity", i),
            b'-' | b'0'..=b'9' => self.number(i),
            _ => Err(stop(i)),
        }
    }

    #[cold]
    fn constant(&self, name: &str, i: usize) -> PyResult<(Obj, usize)> {
        let f = self.scanner.parse_constant.get_owned().unwrap_or_else(|| none().to_obj());
        Ok((f.call_one(&Str::from_utf8(name))?, i + name.len()))
    }

    /// The key made of these units, the same object for the same key.
    fn key(&mut self, u: &[U]) -> Ref<Str> {
        let h = hash(u.iter().map(|&c| c.into()));
        if let Some(k) = self.keys.get(&h) {
            let same = match (k.data(), U::data(u)) {
                (StrData::Latin1(a), StrData::Latin1(b)) => a == b,
                _ => k.len() == u.len() && k.chars().zip(u).all(|(a, &b)| a == b.into()),
            };
            if same {
                return k.clone();
            }
            return Str::from_data(U::data(u));
        }
        let k = Str::from_data(U::data(u));
        self.keys.insert(h, k.clone());
        k
    }

    fn made_key(&mut self, k: Ref<Str>) -> Ref<Str> {
        let h = hash(k.chars());
        let known = self.keys.entry(h).or_insert_with(|| k.clone());
        if Str::eq(known, &k) { known.clone() } else { k }
    }

    fn object(&mut self, i: usize) -> PyResult<(Obj, usize)> {
        let mut pairs: Option<Vec<Obj>> = self.pairs_hook.as_ref().map(|_| Vec::new());
        let dict = Dict::new();
        let mut i = self.skip_space(i);
        if self.at(i) != Some(b'}') {
            loop {
                if self.at(i) != Some(b'"') {
                    return self.fail("Expecting property name enclosed in double quotes", i);
                }
                let (k, next) = scan_string(self.text, self.s, i + 1, self.strict)?;
                let key = match k {
                    Scanned::Plain(u) => self.key(u),
                    Scanned::Made(b) => self.made_key(b.finish()),
                };
                i = self.skip_space(next);
                if self.at(i) != Some(b':') {
                    return self.fail("Expecting ':' delimiter", i);
                }
                i = self.skip_space(i + 1);
                let (value, next) = self.value(i)?;
                match &mut pairs {
                    Some(p) => p.push(Tuple::from_vec(vec![key.into_obj(), value]).into_obj()),
                    None => dict.set_item_take2(key.into_obj(), value)?,
                }
                i = self.skip_space(next);
                match self.at(i) {
                    Some(b'}') => break,
                    Some(b',') => {}
                    _ => return self.fail("Expecting ',' delimiter", i),
                }
                let comma = i;
                i = self.skip_space(i + 1);
                if self.at(i) == Some(b'}') {
                    return self.fail("Illegal trailing comma before end of object", comma);
                }
            }
        }
        let value = match (&self.pairs_hook, pairs, &self.object_hook) {
            (Some(f), Some(p), _) => f.clone().call_one(&List::from_vec(p))?,
            (_, _, Some(f)) => f.clone().call_one(&dict)?,
            _ => dict.into_obj(),
        };
        Ok((value, i + 1))
    }

    fn array(&mut self, i: usize) -> PyResult<(Obj, usize)> {
        let mut items: Vec<Obj> = Vec::new();
        let mut i = self.skip_space(i);
        if self.at(i) != Some(b']') {
            loop {
                let (value, next) = self.value(i)?;
                items.push(value);
                i = self.skip_space(next);
                match self.at(i) {
                    Some(b']') => break,
                    Some(b',') => {}
                    _ => return self.fail("Expecting ',' delimiter", i),
                }
                let comma = i;
                i = self.skip_space(i + 1);
                if self.at(i) == Some(b']') {
                    return self.fail("Illegal trailing comma before end of array", comma);
                }
            }
        }
        Ok((List::from_vec(items).into_obj(), i + 1))
    }

    fn digits(&self, mut i: usize) -> usize {
        while matches!(self.at(i), Some(b'0'..=b'9')) {
            i += 1;
        }
        i
    }

    fn number(&self, start: usize) -> PyResult<(Obj, usize)> {
        let mut i = start;
        let negative = self.at(i) == Some(b'-');
        i += usize::from(negative);
        let first = i;
        i = match self.at(i) {
            Some(b'0') => i + 1,
            Some(b'1'..=b'9') => self.digits(i + 1),
            _ => return Err(stop(start)),
        };
        let mut is_float = false;
        if self.at(i) == Some(b'.') && matches!(self.at(i + 1), Some(b'0'..=b'9')) {
            is_float = true;
            i = self.digits(i + 2);
        }
        if matches!(self.at(i), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.at(i + 1), Some(b'+' | b'-')));
            let end = self.digits(i + 1 + sign);
            if end > i + 1 + sign {
                is_float = true;
                i = end;
            }
        }
        let custom = if is_float { &self.parse_float } else { &self.parse_int };
        if let Some(f) = custom {
            return Ok((f.call_one(&Str::from_data(U::data(&self.s[start..i])))?, i));
        }
        if !is_float && i - first <= 18 {
            let n = self.s[first..i].iter().fold(0i64, |n, &c| n * 10 + i64::from(c.into() - 0x30));
            return Ok((Int::from_i64(if negative { -n } else { n }).into_obj(), i));
        }
        let mut short = [0u8; 64];
        let long: Vec<u8>;
        let units = &self.s[start..i];
        let ascii = match short.get_mut(..units.len()) {
            Some(b) => {
                for (x, &c) in b.iter_mut().zip(units) {
                    *x = c.into() as u8;
                }
                &*b
            }
            None => {
                long = units.iter().map(|&c| c.into() as u8).collect();
                &long
            }
        };
        if is_float {
            let x = taipan_numeric::float::parse(ascii).unwrap_or(f64::NAN);
            return Ok((Float::new(x).into_obj(), i));
        }
        match int::parse_ascii(ascii, 10) {
            Ok(n) => Ok((n.into_obj(), i)),
            Err(e) => Err(e.raise(&Str::from_latin1(ascii), 10)),
        }
    }
}

extern "C" fn scanner_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let s: &Scanner = o.cast();
    visit!(s.object_hook, visit, arg);
    visit!(s.object_pairs_hook, visit, arg);
    visit!(s.parse_float, visit, arg);
    visit!(s.parse_int, visit, arg);
    visit!(s.parse_constant, visit, arg);
    0
}

extern "C" fn scanner_clear(o: &Object) -> c_int {
    let s: &Scanner = o.cast();
    for c in [&s.object_hook, &s.object_pairs_hook, &s.parse_float, &s.parse_int, &s.parse_constant] {
        c.set(None);
    }
    0
}

const READONLY_OBJECT: (c_int, c_int) = (member::OBJECT, member::READONLY);

const fn object(name: &'static std::ffi::CStr, offset: usize) -> MemberDef {
    MemberDef::new(name, READONLY_OBJECT.0, offset, READONLY_OBJECT.1)
}

/// `_json.Scanner`
pub static Scanner_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_json.Scanner",
        doc: Some(c"Scanner(context): reads JSON values as the attributes of the context say."),
        basicsize: size_of::<Scanner>(),
        flags: flags::HAVE_GC,
        dealloc: Some(dealloc_of::<Scanner>),
        traverse: Some(scanner_traverse),
        clear: Some(scanner_clear),
        call: Some(scanner_call),
        new: Some(scanner_new),
        members: members![
            MemberDef::new(c"strict", member::BOOL, offset_of!(Scanner, strict), member::READONLY),
            object(c"object_hook", offset_of!(Scanner, object_hook)),
            object(c"object_pairs_hook", offset_of!(Scanner, object_pairs_hook)),
            object(c"parse_float", offset_of!(Scanner, parse_float)),
            object(c"parse_int", offset_of!(Scanner, parse_int)),
            object(c"parse_constant", offset_of!(Scanner, parse_constant)),
        ],
        ..TypeDef::EMPTY
    },
    0,
);
