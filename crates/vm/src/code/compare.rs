//! Equality and hash of code objects: two compilations of the same text are equal.

use super::CodeObject;
use std::ffi::c_int;
use std::hash::{Hash, Hasher};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::types::complex::Complex;
use taipan_object::types::float::Float;
use taipan_object::types::tuple::Tuple;
use taipan_object::{ObjCell, Object, PyResult};

fn same(a: &ObjCell, b: &ObjCell) -> PyResult<bool> {
    match (a.get(), b.get()) {
        (Some(a), Some(b)) => a.rich_compare_bool(b, CompareOp::Eq),
        (None, None) => Ok(true),
        _ => Ok(false),
    }
}

/// Constants are the same only if their types are too, down to the sign of zero.
fn same_constant(a: &Object, b: &Object) -> PyResult<bool> {
    if a.is(b) {
        return Ok(true);
    }
    if !std::ptr::eq(a.ty_ptr(), b.ty_ptr()) {
        return Ok(false);
    }
    if let (Some(x), Some(y)) = (a.downcast_exact::<Tuple>(), b.downcast_exact::<Tuple>()) {
        if x.len() != y.len() {
            return Ok(false);
        }
        for (p, q) in x.items().iter().zip(y.items()) {
            if !same_constant(p, q)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let (Some(x), Some(y)) = (a.downcast_exact::<Float>(), b.downcast_exact::<Float>()) {
        return Ok(x.value().to_bits() == y.value().to_bits());
    }
    if a.downcast_exact::<Complex>().is_some() {
        return Ok(a.eq(b)? && a.repr()?.eq(&*b.repr()?));
    }
    a.eq(b)
}

fn equal(a: &CodeObject, b: &CodeObject) -> PyResult<bool> {
    let numbers = |c: &CodeObject| {
        [
            c.co_argcount,
            c.co_posonlyargcount,
            c.co_kwonlyargcount,
            c.co_flags.get(),
            c.co_firstlineno,
            c.len_units() as i32,
        ]
    };
    if numbers(a) != numbers(b) || !same(&a.co_name, &b.co_name)? || a.original_code() != b.original_code() {
        return Ok(false);
    }
    let (ca, cb) = (a.tuple(&a.co_consts), b.tuple(&b.co_consts));
    Ok(same_constant(ca, cb)?
        && same(&a.co_names, &b.co_names)?
        && same(&a.co_localsplusnames, &b.co_localsplusnames)?
        && same(&a.co_localspluskinds, &b.co_localspluskinds)?
        && same(&a.co_linetable, &b.co_linetable)?
        && same(&a.co_exceptiontable, &b.co_exceptiontable)?)
}

pub(super) extern "C" fn code_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    match (op, a.downcast::<CodeObject>(), b.downcast::<CodeObject>()) {
        (CompareOp::Eq | CompareOp::Ne, Some(x), Some(y)) => {
            let e = std::ptr::eq(x, y) || equal(x, y)?;
            Ok(crate::support::bool_object(e == (op == CompareOp::Eq)).to_obj())
        }
        _ => Ok(not_implemented()),
    }
}

pub(super) extern "C" fn code_hash(o: &Object) -> isize {
    fn parts(c: &CodeObject) -> PyResult<isize> {
        let mut h = std::hash::DefaultHasher::new();
        for field in
            [&c.co_name, &c.co_consts, &c.co_names, &c.co_localsplusnames, &c.co_linetable, &c.co_exceptiontable]
        {
            if let Some(o) = field.get() {
                o.hash()?.hash(&mut h);
            }
        }
        (c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount, c.co_flags.get(), c.co_firstlineno).hash(&mut h);
        c.original_code().hash(&mut h);
        let n = h.finish() as isize;
        Ok(if n == -1 { -2 } else { n })
    }
    taipan_object::error::status_len(parts(o.cast()))
}
