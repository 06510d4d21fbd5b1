//! `UnicodeEncodeError`, `UnicodeDecodeError`, `UnicodeTranslateError`.

use super::base::{BaseException, base_clear, base_init, base_traverse};
use crate::bail;
use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object};
use crate::method::{GetSetDef, MemberDef, member};
use crate::protocol::repr::text;
use crate::typeobj::slots::VisitProc;
use crate::types::bytes::Bytes;
use crate::types::int::Int;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;

/// `PyUnicodeErrorObject`.
#[repr(C)]
#[allow(missing_docs)]
pub struct UnicodeError {
    pub base: BaseException,
    pub encoding: ObjCell,
    pub object: ObjCell,
    pub start: Cell<isize>,
    pub end: Cell<isize>,
    pub reason: ObjCell,
}
const _: () = assert!(size_of::<UnicodeError>() == 112 && offset_of!(UnicodeError, reason) == 104);

// SAFETY: the three concrete types share this layout; `is_instance` names them.
unsafe impl crate::Layout for UnicodeError {
    fn type_object() -> &'static crate::Type {
        super::UnicodeDecodeError
    }
    fn is_instance(o: &Object) -> bool {
        let t = o.ty();
        t.is_subtype(super::UnicodeDecodeError)
            || t.is_subtype(super::UnicodeEncodeError)
            || t.is_subtype(super::UnicodeTranslateError)
    }
}

pub(super) extern "C" fn unicode_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let e: &UnicodeError = o.cast();
    crate::visit!(e.encoding, visit, arg);
    crate::visit!(e.object, visit, arg);
    crate::visit!(e.reason, visit, arg);
    base_traverse(o, visit, arg)
}

pub(super) extern "C" fn unicode_clear(o: &Object) -> c_int {
    let e: &UnicodeError = o.cast();
    e.encoding.set(None);
    e.object.set(None);
    e.reason.set(None);
    base_clear(o)
}

pub(super) static MEMBERS: &[MemberDef] = &[
    MemberDef::new(c"encoding", member::OBJECT, offset_of!(UnicodeError, encoding), 0),
    MemberDef::new(c"object", member::OBJECT, offset_of!(UnicodeError, object), 0),
    MemberDef::new(c"start", member::PYSSIZET, offset_of!(UnicodeError, start), 0),
    MemberDef::new(c"end", member::PYSSIZET, offset_of!(UnicodeError, end), 0),
    MemberDef::new(c"reason", member::OBJECT, offset_of!(UnicodeError, reason), 0),
    MemberDef::END,
];
pub(super) static GETSETS: &[GetSetDef] = &[GetSetDef::END];

fn check_args(o: &Object, args: &Tuple, kinds: &[&str]) -> PyResult<()> {
    let name = o.ty().name_str();
    if args.len() != kinds.len() {
        let _ = name;
        bail!(TypeError, "function takes exactly {} arguments ({} given)", kinds.len(), args.len());
    }
    for (i, (a, kind)) in args.items().iter().zip(kinds).enumerate() {
        let ok = match *kind {
            "str" => a.downcast::<Str>().is_some(),
            "int" => a.downcast::<Int>().is_some() || crate::protocol::number::has_index(a),
            _ => true,
        };
        if !ok {
            if *kind == "int" {
                bail!(TypeError, "'{}' object cannot be interpreted as an integer", a.ty().name_str());
            }
            bail!(
                TypeError,
                "argument {} must be {kind}, not {}",
                i + 1,
                if a.is_none() { "None" } else { a.ty().name_str() }
            );
        }
    }
    Ok(())
}

fn fill(o: &Object, encoding: Option<Obj>, object: Obj, start: &Object, end: &Object, reason: Obj) -> PyResult<()> {
    let e: &UnicodeError = o.cast();
    e.start.set(start.index_as_isize(Some(super::OverflowError))?);
    e.end.set(end.index_as_isize(Some(super::OverflowError))?);
    e.encoding.set(encoding);
    e.object.set(Some(object));
    e.reason.set(Some(reason));
    Ok(())
}

pub(super) extern "C" fn decode_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if base_init(o, args, kwargs) < 0 {
        return -1;
    }
    status((|| {
        let a: &Tuple = args.cast();
        check_args(o, a, &["str", "object", "int", "int", "str"])?;
        // Any buffer is kept as bytes.
        let object = if a.item(1).downcast::<Bytes>().is_some() {
            a.item(1).to_obj()
        } else {
            let b = crate::buffer::Buffer::get(a.item(1))?;
            Bytes::new(b.as_slice()).into_obj()
        };
        fill(o, Some(a.item(0).to_obj()), object, a.item(2), a.item(3), a.item(4).to_obj())
    })())
}

pub(super) extern "C" fn encode_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if base_init(o, args, kwargs) < 0 {
        return -1;
    }
    status((|| {
        let a: &Tuple = args.cast();
        check_args(o, a, &["str", "str", "int", "int", "str"])?;
        fill(o, Some(a.item(0).to_obj()), a.item(1).to_obj(), a.item(2), a.item(3), a.item(4).to_obj())
    })())
}

pub(super) extern "C" fn translate_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if base_init(o, args, kwargs) < 0 {
        return -1;
    }
    status((|| {
        let a: &Tuple = args.cast();
        check_args(o, a, &["str", "int", "int", "str"])?;
        fill(o, None, a.item(0).to_obj(), a.item(1), a.item(2), a.item(3).to_obj())
    })())
}

fn shown(c: &ObjCell) -> PyResult<String> {
    match c.get_owned() {
        Some(v) => Ok(v.str()?.to_utf8_lossy().into_owned()),
        None => Ok("None".to_owned()),
    }
}

/// The range as it is stored, and the place if it is one place of the object.
fn range_of(e: &UnicodeError, len: usize) -> (isize, isize, Option<usize>) {
    let (start, end) = (e.start.get(), e.end.get());
    let one = usize::try_from(start).ok().filter(|s| *s < len && end == start.saturating_add(1));
    (start, end, one)
}

/// The object, read again: asking for the texts may have changed it.
fn object_of<T: crate::Layout>(e: &UnicodeError, kind: &str) -> PyResult<crate::Ref<T>> {
    let Some(object) = e.object.get_owned() else { bail!(TypeError, "UnicodeError 'object' attribute is not set") };
    match object.downcast_into::<T>() {
        Ok(o) => Ok(o),
        Err(_) => bail!(TypeError, "UnicodeError 'object' attribute must be a {kind}"),
    }
}

fn escaped(c: u32) -> String {
    match c {
        0..=0xff => format!("\\x{c:02x}"),
        0x100..=0xffff => format!("\\u{c:04x}"),
        _ => format!("\\U{c:08x}"),
    }
}

pub(super) extern "C" fn decode_str(o: &Object) -> PyResult {
    let e: &UnicodeError = o.cast();
    if e.object.is_empty() {
        return Ok(text(""));
    }
    let (encoding, reason) = (shown(&e.encoding)?, shown(&e.reason)?);
    let bytes = object_of::<Bytes>(e, "bytes")?;
    let (start, end, one) = range_of(e, bytes.as_slice().len());
    Ok(text(&match one {
        Some(i) => {
            let b = bytes.as_slice()[i];
            format!("'{encoding}' codec can't decode byte 0x{b:02x} in position {start}: {reason}")
        }
        None => {
            let last = end.saturating_sub(1);
            format!("'{encoding}' codec can't decode bytes in position {start}-{last}: {reason}")
        }
    }))
}

/// What an exception about characters says after `can't `.
fn characters(e: &UnicodeError, verb: &str, reason: &str) -> PyResult<String> {
    let s = object_of::<Str>(e, "string")?;
    let (start, end, one) = range_of(e, s.len());
    Ok(match one {
        Some(i) => format!("can't {verb} character '{}' in position {start}: {reason}", escaped(s.char_at(i))),
        None => format!("can't {verb} characters in position {start}-{}: {reason}", end.saturating_sub(1)),
    })
}

pub(super) extern "C" fn encode_str(o: &Object) -> PyResult {
    let e: &UnicodeError = o.cast();
    if e.object.is_empty() {
        return Ok(text(""));
    }
    let (encoding, reason) = (shown(&e.encoding)?, shown(&e.reason)?);
    Ok(text(&format!("'{encoding}' codec {}", characters(e, "encode", &reason)?)))
}

pub(super) extern "C" fn translate_str(o: &Object) -> PyResult {
    let e: &UnicodeError = o.cast();
    if e.object.is_empty() {
        return Ok(text(""));
    }
    let reason = shown(&e.reason)?;
    Ok(text(&characters(e, "translate", &reason)?))
}

fn construct(ty: &crate::Type, args: &[&Object]) -> PyResult {
    ty.as_object().call(args)
}

/// A `UnicodeDecodeError` instance.
pub fn unicode_decode_error(encoding: &str, object: &Object, start: usize, end: usize, reason: &str) -> PyResult {
    let (a, b) = (Int::from_u64(start as u64), Int::from_u64(end as u64));
    construct(super::UnicodeDecodeError, &[&Str::from_utf8(encoding), object, &a, &b, &Str::from_utf8(reason)])
}

/// A `UnicodeEncodeError` instance.
pub fn unicode_encode_error(encoding: &str, object: &Object, start: usize, end: usize, reason: &str) -> PyResult {
    let (a, b) = (Int::from_u64(start as u64), Int::from_u64(end as u64));
    construct(super::UnicodeEncodeError, &[&Str::from_utf8(encoding), object, &a, &b, &Str::from_utf8(reason)])
}

/// A `UnicodeTranslateError` instance.
pub fn unicode_translate_error(object: &Object, start: usize, end: usize, reason: &str) -> PyResult {
    let (a, b) = (Int::from_u64(start as u64), Int::from_u64(end as u64));
    construct(super::UnicodeTranslateError, &[object, &a, &b, &Str::from_utf8(reason)])
}
