//! Calling.

use crate::prelude::*;
use taipan_object::protocol::call;
use taipan_object::typeobj::slots::VectorcallFunc;

/// A pointer to arguments that slices may be made of.
fn args_ptr(args: *const *const Object) -> *const *const Object {
    if args.is_null() { std::ptr::NonNull::dangling().as_ptr() } else { args }
}

exports! {
    fn PyCallable_Check(o: Null<'_>) -> c_int { o.is_some_and(Object::is_callable) as c_int }
    fn PyObject_Call(f: &Object, args: &Object, kwargs: Null<'_>) -> PyResult {
        typed::<Tuple>(args)?;
        f.call_tuple(args, kwargs)
    }
    fn PyObject_CallObject(f: &Object, args: Null<'_>) -> PyResult {
        match args {
            None => f.call_noargs(),
            Some(a) if a.downcast::<Tuple>().is_none() => bail!(TypeError, "argument list must be a tuple"),
            Some(a) => f.call_tuple(a, None),
        }
    }
    fn PyObject_CallNoArgs(f: &Object) -> PyResult { f.call_noargs() }
    fn PyObject_CallOneArg(f: &Object, arg: &Object) -> PyResult { f.call_one(arg) }
    fn PyObject_Vectorcall(f: &Object, args: *const *const Object, nargsf: usize, names: Null<'_>) -> PyResult {
        // SAFETY: the caller keeps PEP 590's contract.
        unsafe { call::vectorcall(f, args_ptr(args), nargsf, names) }
    }
    fn PyObject_VectorcallDict(f: &Object, args: *const *const Object, nargsf: usize, kwargs: Null<'_>) -> PyResult {
        let n = call::nargs(nargsf);
        match kwargs.filter(|k| k.downcast::<Dict>().is_some_and(|d| !d.is_empty())) {
            // SAFETY: the caller keeps PEP 590's contract.
            None => unsafe { call::vectorcall(f, args_ptr(args), nargsf, None) },
            Some(k) => f.call_tuple(&Tuple::new(slice(args.cast::<&Object>(), n as isize)), Some(k)),
        }
    }
    fn PyObject_VectorcallMethod(name: &Object, args: *const *const Object, nargsf: usize, names: Null<'_>) -> PyResult {
        let n = call::nargs(nargsf);
        let Some((slf, rest)) = slice(args.cast::<&Object>(), n as isize).split_first() else { return Err(bad_call()) };
        let f = slf.get_attr(name)?;
        // SAFETY: the arguments after the receiver; the keyword values follow them. The slot before is the receiver's.
        unsafe { call::vectorcall(&f, rest.as_ptr().cast(), rest.len() | call::ARGUMENTS_OFFSET, names) }
    }
    fn PyVectorcall_Call(f: &Object, args: &Object, kwargs: Null<'_>) -> PyResult { call::call_through_vectorcall(f, args, kwargs) }
    fn PyVectorcall_Function(f: &Object) -> Option<VectorcallFunc> { call::vectorcall_of(f) }
    fn PyVectorcall_NARGS(n: usize) -> isize { call::nargs(n) as isize }
    fn _PyObject_MakeTpCall(_ts: *mut Thread, f: &Object, args: *const *const Object, n: isize, keywords: Null<'_>) -> PyResult {
        match keywords {
            Some(k) if k.downcast::<Dict>().is_some() => f.call_tuple(&Tuple::new(slice(args.cast::<&Object>(), n)), Some(k)),
            // SAFETY: the caller keeps PEP 590's contract.
            names => unsafe { call::make_tp_call(f, args_ptr(args), n.max(0) as usize, names) },
        }
    }
    fn _Py_CheckFunctionResult(_ts: *mut Thread, callable: Null<'_>, result: *mut Object, place: Text) -> *mut Object {
        let what = || match callable {
            Some(c) => c.repr().map_or_else(|e| { e.clear(); "?".to_owned() }, |s| s.to_utf8_lossy().into_owned()),
            None => place.text().into_owned(),
        };
        if result.is_null() {
            if occurred().is_none() {
                let _ = raise!(SystemError, "{} returned NULL without setting an exception", what());
            }
        } else if let Some(e) = occurred() {
            let cause = e.take();
            // SAFETY: the result is a new reference that the callee gave us.
            drop(unsafe { Obj::from_raw(result) });
            super::err::raise_from(exceptions::SystemError, &format!("{} returned a result with an exception set", what()), cause);
            return std::ptr::null_mut();
        }
        result
    }
    fn PyEval_CallObjectWithKeywords(f: &Object, args: Null<'_>, kwargs: Null<'_>) -> PyResult {
        match args {
            Some(a) => f.call_tuple(a, kwargs),
            None => f.call_tuple(&Tuple::empty(), kwargs),
        }
    }
    fn Py_EnterRecursiveCall(place: Text) -> c_int { status(taipan_object::thread::check_recursion(&place.text())) }
    fn Py_LeaveRecursiveCall() {}
}
