//! Weak references, slices, functions, methods and other small types.

use crate::prelude::*;
use taipan_object::method::MethodDef;
use taipan_object::types::slice::{Slice, SliceRange};
use taipan_object::types::weakref::{self, _PyWeakref_RefType, WeakRef};
use taipan_object::types::{cell, cfunction, method_, method_wrappers};

/// The object that a weak reference refers to, if it is alive.
fn referent(r: &Object) -> PyResult<Option<Obj>> {
    if let Some(w) = r.downcast::<WeakRef>() {
        return Ok(w.referent());
    }
    if r.is_exact(&weakref::_PyWeakref_ProxyType) || r.is_exact(&weakref::_PyWeakref_CallableProxyType) {
        // SAFETY: proxies are laid out as weak references.
        return Ok(unsafe { r.cast_unchecked::<WeakRef>() }.referent());
    }
    bail!(TypeError, "expected a weakref")
}

exports! {
    fn PyWeakref_NewRef(o: &Object, callback: Null<'_>) -> PyResult { obj(weakref::new_ref(&_PyWeakref_RefType, o, callback)) }
    fn PyWeakref_NewProxy(o: &Object, callback: Null<'_>) -> PyResult { weakref::new_proxy(o, callback) }
    fn PyWeakref_GetRef(r: &Object, out: Out<Option<Obj>>) -> c_int { super::object::optional(referent(r), out) }
    fn PyWeakref_GetObject(r: &Object) -> Null<'static> {
        match referent(r) {
            // SAFETY: borrowed, as this old function answers: good as long as somebody keeps the object.
            Ok(Some(o)) => Some(unsafe { &*o.as_ptr() }),
            Ok(None) => Some(none::none()),
            Err(_) => None,
        }
    }
    fn PyWeakref_IsDead(r: &Object) -> c_int { status_bool(referent(r).map(|o| o.is_none())) }

    fn PySlice_New(start: Null<'_>, stop: Null<'_>, step: Null<'_>) -> PyResult {
        let n = none::none();
        Ok(Slice::new(start.unwrap_or(n), stop.unwrap_or(n), step.unwrap_or(n)).into_obj())
    }
    fn PySlice_Unpack(s: &Object, start: Out<isize>, stop: Out<isize>, step: Out<isize>) -> c_int {
        status(s.cast::<Slice>().unpack().map(|(a, b, c)| {
            start.put(a);
            stop.put(b);
            step.put(c);
        }))
    }
    fn PySlice_AdjustIndices(n: isize, start: Out<isize>, stop: Out<isize>, step: isize) -> isize {
        let r: SliceRange = taipan_object::types::slice::adjust((start.read(), stop.read(), step), n.max(0) as usize);
        start.put(r.start);
        stop.put(r.stop);
        r.len as isize
    }
    fn PySlice_GetIndicesEx(s: &Object, n: isize, start: Out<isize>, stop: Out<isize>, step: Out<isize>, len: Out<isize>) -> c_int {
        status(s.cast::<Slice>().indices(n.max(0) as usize).map(|r| {
            start.put(r.start);
            stop.put(r.stop);
            step.put(r.step);
            len.put(r.len as isize);
        }))
    }
    fn _PyEval_SliceIndex(o: Null<'_>, out: Out<isize>) -> c_int {
        let Some(o) = o.filter(|o| !o.is_none()) else { return 1 };
        if !taipan_object::protocol::number::has_index(o) {
            let _ = raise!(TypeError, "slice indices must be integers or None or have an __index__ method");
            return 0;
        }
        match o.index_as_isize(None) {
            Ok(n) => {
                out.put(n);
                1
            }
            Err(_) => 0,
        }
    }

    fn PyCMethod_New(def: &'static MethodDef, slf: Null<'_>, module: Null<'_>, class: Null<'_>) -> PyResult {
        let (slf, module) = (slf.map(Object::to_obj), module.map(Object::to_obj));
        Ok(match class {
            Some(c) => cfunction::new_with_class(def, slf, module, c.to_obj()),
            None => cfunction::new(def, slf, module),
        })
    }
    fn PyCFunction_NewEx(def: &'static MethodDef, slf: Null<'_>, module: Null<'_>) -> PyResult { PyCMethod_New(def, slf, module, None) }
    fn PyCFunction_New(def: &'static MethodDef, slf: Null<'_>) -> PyResult { PyCMethod_New(def, slf, None, None) }
    fn PyCFunction_GetFunction(f: &Object) -> *const c_void {
        // SAFETY: every member of the union is a pointer.
        unsafe { f.cast::<cfunction::CFunction>().def().meth.null }
    }
    fn PyCFunction_GetFlags(f: &Object) -> c_int { f.cast::<cfunction::CFunction>().def().flags }
    fn PyCFunction_GetSelf<'a>(f: &'a Object) -> Null<'a> { f.cast::<cfunction::CFunction>().receiver() }
    fn PyMethod_New(f: &Object, slf: Null<'_>) -> PyResult {
        let slf = slf.ok_or_else(bad_call)?;
        Ok(method_::Method::new(f.to_obj(), slf.to_obj()).into_obj())
    }
    fn PyMethod_Function<'a>(m: &'a Object) -> Null<'a> { Some(m.cast::<method_::Method>().func()) }
    fn PyMethod_Self<'a>(m: &'a Object) -> Null<'a> { Some(m.cast::<method_::Method>().receiver()) }
    fn PyClassMethod_New(f: &Object) -> PyResult { Ok(method_wrappers::new_class_method(f.to_obj())) }
    fn PyStaticMethod_New(f: &Object) -> PyResult { Ok(method_wrappers::new_static_method(f.to_obj())) }
    fn PyCell_New(v: Null<'_>) -> PyResult { Ok(cell::Cell::new(v.map(Object::to_obj)).into_obj()) }
    fn PyCell_Get(c: &Object) -> Option<Obj> { c.cast::<cell::Cell>().get_owned() }
    fn PyCell_Set(c: &Object, v: Null<'_>) -> c_int {
        c.cast::<cell::Cell>().set(v.map(Object::to_obj));
        0
    }
}
