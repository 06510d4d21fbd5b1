//! The functions that sit in the slots of classes and call the special methods that their bodies define.

use crate::error::{PyResult, from_iternext, status, status_bool, status_len};
use crate::header::{Obj, Object};
use crate::protocol::call::Method;
use crate::protocol::compare::{CompareOp, is_not_implemented, not_implemented};
use crate::protocol::{attr, number};
use crate::types::exceptions;
use crate::types::int::Int;
use crate::types::{none, tuple::Tuple};
use crate::{Type, bail, intern};
use std::ffi::{c_int, c_void};

/// `self.name(*args)` with the method looked up on the type; `None` when the type has no such attribute.
fn call_special(o: &Object, name: &Object, args: &[&Object]) -> PyResult<Option<Obj>> {
    match o.lookup_special_method(name)? {
        None => Ok(None),
        Some(Method::Bound(f)) => f.call(args).map(Some),
        Some(Method::Unbound(f)) => match args {
            [] => f.call(&[o]),
            [a] => f.call(&[o, a]),
            [a, b] => f.call(&[o, a, b]),
            _ => {
                let mut all = vec![o];
                all.extend_from_slice(args);
                f.call(&all)
            }
        }
        .map(Some),
    }
}

/// As [`call_special`], raising `AttributeError` with the name when there is none.
fn call_required(o: &Object, name: &Object, args: &[&Object]) -> PyResult {
    match call_special(o, name, args)? {
        Some(r) => Ok(r),
        None => Err(crate::error::raise_arg(exceptions::AttributeError, name.to_obj())),
    }
}

/// As [`call_special`], `NotImplemented` when there is none.
fn call_optional(o: &Object, name: &Object, args: &[&Object]) -> PyResult {
    Ok(call_special(o, name, args)?.unwrap_or_else(not_implemented))
}

/// A binary slot of two operands: the left one's method, the reflected one of the right, the latter first when it overrides.
fn binary(a: &Object, b: &Object, name: &'static Object, rname: &'static Object, own: fn(&Type) -> bool) -> PyResult {
    let same = std::ptr::eq(a.ty_ptr(), b.ty_ptr());
    let mut try_right = !same && own(b.ty());
    if own(a.ty()) {
        if try_right && b.ty().is_subtype(a.ty()) && overrides(a, b, rname)? {
            let r = call_optional(b, rname, &[a])?;
            if !is_not_implemented(&r) {
                return Ok(r);
            }
            try_right = false;
        }
        let r = call_optional(a, name, &[b])?;
        if same || !is_not_implemented(&r) {
            return Ok(r);
        }
    }
    if try_right {
        return call_optional(b, rname, &[a]);
    }
    Ok(not_implemented())
}

/// Whether the right operand's class has another `name` than the left one's.
fn overrides(left: &Object, right: &Object, name: &Object) -> PyResult<bool> {
    let Some(b) = right.ty().as_object().get_attr_opt(name)? else { return Ok(false) };
    let Some(a) = left.ty().as_object().get_attr_opt(name)? else { return Ok(true) };
    Ok(!a.eq(&b)?)
}

macro_rules! binary_slots {
    ($($fun:ident $slot:ident $name:literal $rname:literal;)*) => { $(
        pub extern "C" fn $fun(a: &Object, b: &Object) -> PyResult {
            binary(a, b, intern!($name), intern!($rname), |t| {
                t.number().and_then(|n| n.$slot.get()).is_some_and(|f| f as usize == $fun as *const () as usize)
            })
        }
    )* };
}
binary_slots! {
    nb_add add "__add__" "__radd__";
    nb_subtract subtract "__sub__" "__rsub__";
    nb_multiply multiply "__mul__" "__rmul__";
    nb_remainder remainder "__mod__" "__rmod__";
    nb_divmod divmod "__divmod__" "__rdivmod__";
    nb_lshift lshift "__lshift__" "__rlshift__";
    nb_rshift rshift "__rshift__" "__rrshift__";
    nb_and and "__and__" "__rand__";
    nb_xor xor "__xor__" "__rxor__";
    nb_or or "__or__" "__ror__";
    nb_floor_divide floor_divide "__floordiv__" "__rfloordiv__";
    nb_true_divide true_divide "__truediv__" "__rtruediv__";
    nb_matrix_multiply matrix_multiply "__matmul__" "__rmatmul__";
}

macro_rules! inplace_slots {
    ($($fun:ident $name:literal;)*) => { $(
        pub extern "C" fn $fun(a: &Object, b: &Object) -> PyResult { call_required(a, intern!($name), &[b]) }
    )* };
}
inplace_slots! {
    nb_inplace_add "__iadd__";
    nb_inplace_subtract "__isub__";
    nb_inplace_multiply "__imul__";
    nb_inplace_remainder "__imod__";
    nb_inplace_lshift "__ilshift__";
    nb_inplace_rshift "__irshift__";
    nb_inplace_and "__iand__";
    nb_inplace_xor "__ixor__";
    nb_inplace_or "__ior__";
    nb_inplace_floor_divide "__ifloordiv__";
    nb_inplace_true_divide "__itruediv__";
    nb_inplace_matrix_multiply "__imatmul__";
    mp_subscript "__getitem__";
}

macro_rules! unary_slots {
    ($($fun:ident $name:literal;)*) => { $(
        pub extern "C" fn $fun(o: &Object) -> PyResult { call_required(o, intern!($name), &[]) }
    )* };
}
unary_slots! {
    nb_negative "__neg__";
    nb_positive "__pos__";
    nb_absolute "__abs__";
    nb_invert "__invert__";
    nb_int "__int__";
    nb_float "__float__";
    nb_index "__index__";
}

pub extern "C" fn nb_inplace_power(a: &Object, b: &Object, _: &Object) -> PyResult {
    call_required(a, intern!("__ipow__"), &[b])
}

pub extern "C" fn nb_power(a: &Object, b: &Object, c: &Object) -> PyResult {
    fn own(t: &Type) -> bool {
        t.number().and_then(|n| n.power.get()).is_some_and(|f| f as usize == nb_power as *const () as usize)
    }
    if c.is_none() {
        return binary(a, b, intern!("__pow__"), intern!("__rpow__"), own);
    }
    // Three operands: only the first two's methods are asked, the right one's first when it derives from the left one's class.
    let same = std::ptr::eq(a.ty_ptr(), b.ty_ptr());
    let mut try_right = !same && own(b.ty());
    if own(a.ty()) {
        if try_right && b.ty().is_subtype(a.ty()) && overrides(a, b, intern!("__rpow__"))? {
            let r = call_optional(b, intern!("__rpow__"), &[a, c])?;
            if !is_not_implemented(&r) {
                return Ok(r);
            }
            try_right = false;
        }
        let r = call_optional(a, intern!("__pow__"), &[b, c])?;
        if same || !is_not_implemented(&r) {
            return Ok(r);
        }
    }
    if try_right {
        return call_optional(b, intern!("__rpow__"), &[a, c]);
    }
    Ok(not_implemented())
}

pub extern "C" fn nb_bool(o: &Object) -> c_int {
    status_bool((|| {
        let (r, name) = match call_special(o, intern!("__bool__"), &[])? {
            Some(r) => (r, "__bool__"),
            None => match call_special(o, intern!("__len__"), &[])? {
                Some(r) => (r, "__len__"),
                None => return Ok(true),
            },
        };
        if name == "__len__" {
            return length_result(&r).map(|n| n != 0);
        }
        if !r.is_exact(&crate::types::bool_::PyBool_Type) {
            bail!(TypeError, "__bool__ should return bool, returned {}", r.ty().name_str());
        }
        r.is_true()
    })())
}

fn length_result(r: &Object) -> PyResult<isize> {
    let i = number::index(r)?;
    if i.is_negative() {
        bail!(ValueError, "__len__() should return >= 0");
    }
    i.as_object_isize()
}

pub extern "C" fn length(o: &Object) -> isize {
    status_len(call_required(o, intern!("__len__"), &[]).and_then(|r| length_result(&r)))
}

pub extern "C" fn sq_item(o: &Object, i: isize) -> PyResult {
    let i = Int::from_i64(i as i64);
    call_required(o, intern!("__getitem__"), &[&i])
}

fn assign(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status(
        match value {
            Some(v) => call_required(o, intern!("__setitem__"), &[key, v]),
            None => call_required(o, intern!("__delitem__"), &[key]),
        }
        .map(drop),
    )
}

pub extern "C" fn sq_ass_item(o: &Object, i: isize, value: Option<&Object>) -> c_int {
    assign(o, &Int::from_i64(i as i64), value)
}

pub extern "C" fn mp_ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    assign(o, key, value)
}

pub extern "C" fn contains(o: &Object, x: &Object) -> c_int {
    status_bool((|| {
        let Some(d) = o.ty().lookup(intern!("__contains__")) else {
            return contains_by_iteration(o, x);
        };
        if d.is_none() {
            bail!(TypeError, "'{}' object is not a container", o.ty().name_str());
        }
        match call_special(o, intern!("__contains__"), &[x])? {
            Some(r) => r.is_true(),
            None => contains_by_iteration(o, x),
        }
    })())
}

fn contains_by_iteration(o: &Object, x: &Object) -> PyResult<bool> {
    let it = match o.iter() {
        Ok(it) => it,
        Err(e) if e.matches(exceptions::TypeError) => {
            e.clear();
            bail!(TypeError, "argument of type '{}' is not a container or iterable", o.ty().name_str());
        }
        Err(e) => return Err(e),
    };
    while let Some(item) = it.next()? {
        if item.eq(x)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub extern "C" fn repr(o: &Object) -> PyResult {
    match call_special(o, intern!("__repr__"), &[])? {
        Some(r) => Ok(r),
        None => Ok(crate::protocol::repr::text(&format!("<{} object at {:p}>", o.ty().name_str(), o))),
    }
}

pub extern "C" fn str(o: &Object) -> PyResult {
    match call_special(o, intern!("__str__"), &[])? {
        Some(r) => Ok(r),
        None => repr(o),
    }
}

pub extern "C" fn hash(o: &Object) -> isize {
    status_len((|| {
        let found = o.ty().lookup(intern!("__hash__")).filter(|h| !h.is_none());
        if found.is_none() {
            bail!(TypeError, "unhashable type: '{}'", o.ty().name_str());
        }
        let r = call_required(o, intern!("__hash__"), &[])?;
        let Some(i) = r.downcast::<Int>() else {
            bail!(TypeError, "__hash__ method should return an integer");
        };
        let h = match i.to_i64() {
            Some(n) => n as isize,
            None => i.int_hash(),
        };
        Ok(if h == -1 { -2 } else { h })
    })())
}

pub extern "C" fn call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    match o.lookup_special_method(intern!("__call__"))? {
        Some(Method::Bound(f)) => f.call_tuple(args, kwargs),
        Some(Method::Unbound(f)) => f.call_tuple(&prepend(o, args.cast()), kwargs),
        None => Err(crate::error::raise_arg(exceptions::AttributeError, intern!("__call__").to_obj())),
    }
}

fn prepend(o: &Object, args: &Tuple) -> Obj {
    let mut v = Vec::with_capacity(args.len() + 1);
    v.push(o.to_obj());
    v.extend(args.items().iter().cloned());
    Tuple::from_vec(v).into_obj()
}

pub extern "C" fn richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let name = match CompareOp::from_c(op) {
        CompareOp::Lt => intern!("__lt__"),
        CompareOp::Le => intern!("__le__"),
        CompareOp::Eq => intern!("__eq__"),
        CompareOp::Ne => intern!("__ne__"),
        CompareOp::Gt => intern!("__gt__"),
        CompareOp::Ge => intern!("__ge__"),
    };
    // A method that cannot be had is as good as none.
    let found = match a.lookup_special_method(name) {
        Ok(f) => f,
        Err(e) => {
            e.clear();
            None
        }
    };
    match found {
        Some(Method::Bound(f)) => f.call_one(b),
        Some(Method::Unbound(f)) => f.call(&[a, b]),
        None => Ok(not_implemented()),
    }
}

pub extern "C" fn iter(o: &Object) -> PyResult {
    if let Some(d) = o.ty().lookup(intern!("__iter__")) {
        if d.is_none() {
            bail!(TypeError, "'{}' object is not iterable", o.ty().name_str());
        }
        return call_required(o, intern!("__iter__"), &[]);
    }
    if o.ty().lookup(intern!("__getitem__")).is_none() {
        bail!(TypeError, "'{}' object is not iterable", o.ty().name_str());
    }
    Ok(crate::types::iterators::seq_iter(o))
}

pub extern "C" fn iternext(o: &Object) -> Option<Obj> {
    call_required(o, intern!("__next__"), &[]).ok()
}

pub extern "C" fn descr_get(d: &Object, instance: Option<&Object>, owner: Option<&Object>) -> PyResult {
    let none = none::none();
    // What is found is called as it is, with the descriptor itself first: a native function there is not bound.
    match d.ty().lookup(intern!("__get__")) {
        Some(f) => f.call(&[d, instance.unwrap_or(none), owner.unwrap_or(none)]),
        None => Ok(d.to_obj()),
    }
}

pub extern "C" fn descr_set(d: &Object, instance: &Object, value: Option<&Object>) -> c_int {
    status(
        match value {
            Some(v) => call_required(d, intern!("__set__"), &[instance, v]),
            None => call_required(d, intern!("__delete__"), &[instance]),
        }
        .map(drop),
    )
}

pub extern "C" fn getattro(o: &Object, name: &Object) -> PyResult {
    call_required(o, intern!("__getattribute__"), &[name])
}

/// Of classes with `__getattr__`: `__getattribute__` first, and `__getattr__` when that raises `AttributeError`. A class without
/// `__getattr__` gets the plain slot on first use.
pub extern "C" fn getattr_hook(o: &Object, name: &Object) -> PyResult {
    let ty = o.ty();
    let Some(getattr) = ty.lookup(intern!("__getattr__")) else {
        if ty.getattro.get().is_some_and(|f| f as usize == getattr_hook as *const () as usize) {
            ty.getattro.set(Some(getattro));
        }
        return getattro(o, name);
    };
    let found = match ty.lookup(intern!("__getattribute__")) {
        Some(g) if !crate::types::descr::is_wrapper_of(&g, attr::generic_getattro as *const c_void) => {
            getattro(o, name)
        }
        _ => match attr::generic_lookup(o, name, ty.lookup(name)) {
            Ok(Some(v)) => Ok(v),
            Ok(None) => {
                return match getattr.ty().descr_get.get() {
                    None => getattr.call(&[name]),
                    Some(_) => call_getattr(&getattr, o, name),
                };
            }
            Err(e) => Err(e),
        },
    };
    match found {
        Err(e) if e.matches(exceptions::AttributeError) => {
            e.clear();
            call_getattr(&getattr, o, name)
        }
        r => r,
    }
}

fn call_getattr(getattr: &Object, o: &Object, name: &Object) -> PyResult {
    if getattr.ty().has_flag(crate::flags::METHOD_DESCRIPTOR) {
        return getattr.call(&[o, name]);
    }
    match getattr.ty().descr_get.get() {
        Some(get) => get(getattr, Some(o), Some(o.ty().as_object()))?.call_one(name),
        None => getattr.call_one(name),
    }
}

pub extern "C" fn setattro(o: &Object, name: &Object, value: Option<&Object>) -> c_int {
    status(
        match value {
            Some(v) => call_required(o, intern!("__setattr__"), &[name, v]),
            None => call_required(o, intern!("__delattr__"), &[name]),
        }
        .map(drop),
    )
}

pub extern "C" fn init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        let r = match o.lookup_special_method(intern!("__init__"))? {
            Some(Method::Bound(f)) => f.call_tuple(args, kwargs)?,
            Some(Method::Unbound(f)) => f.call_tuple(&prepend(o, args.cast()), kwargs)?,
            None => return Err(crate::error::raise_arg(exceptions::AttributeError, intern!("__init__").to_obj())),
        };
        if !r.is_none() {
            bail!(TypeError, "__init__() should return None, not '{}'", r.ty().name_str());
        }
        Ok(())
    })())
}

pub extern "C" fn new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let f = cls.as_object().get_attr(intern!("__new__"))?;
    f.call_tuple(&prepend(cls.as_object(), args.cast()), kwargs)
}

/// `__del__`: errors cannot propagate, and an exception being raised survives.
pub extern "C" fn finalize(o: &Object) {
    let ts = crate::Thread::current();
    let saved = ts.current_exception.take();
    match o.lookup_special_method(intern!("__del__")) {
        Ok(Some(m)) => {
            let (f, r) = match m {
                Method::Unbound(f) => {
                    let r = f.call(&[o]);
                    (f, r)
                }
                Method::Bound(f) => {
                    let r = f.call_noargs();
                    (f, r)
                }
            };
            if let Err(e) = r {
                crate::error::unraisable_while(e, "calling deallocator", &f);
            }
        }
        Ok(None) => {}
        Err(e) => crate::error::unraisable_while(e, "calling deallocator", o),
    }
    ts.current_exception.set(saved);
}

fn awaitable(o: &Object, name: &'static Object, what: &str) -> PyResult {
    match call_special(o, name, &[])? {
        Some(r) => Ok(r),
        None => bail!(AttributeError, "object {} does not have {what} method", o.ty().name_str()),
    }
}
pub extern "C" fn await_(o: &Object) -> PyResult {
    awaitable(o, intern!("__await__"), "__await__")
}
pub extern "C" fn aiter(o: &Object) -> PyResult {
    awaitable(o, intern!("__aiter__"), "__aiter__")
}
pub extern "C" fn anext(o: &Object) -> PyResult {
    awaitable(o, intern!("__anext__"), "__anext__")
}

pub extern "C" fn getbuffer(o: &Object, view: *mut crate::buffer::RawBuffer, request: c_int) -> c_int {
    crate::types::memoryview::python::getbuffer(o, view, request)
}
pub extern "C" fn releasebuffer(o: &Object, view: *mut crate::buffer::RawBuffer) {
    crate::types::memoryview::python::releasebuffer(o, view)
}

/// Used by wrappers and slots that answer an iterator's next item.
pub fn next_item(o: Option<Obj>) -> PyResult<Option<Obj>> {
    from_iternext(o)
}
