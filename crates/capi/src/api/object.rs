//! Objects of any type: attributes, comparison, text, reference counts.

use crate::prelude::*;
use taipan_object::protocol::attr::{self, DictPlace, dict_place};
use taipan_object::protocol::compare::{CompareOp, hash_not_implemented};
use taipan_object::types::dict;

/// An optional answer as the three cases of `PyObject_GetOptionalAttr` and its kin.
pub(super) fn optional(r: PyResult<Option<Obj>>, out: Out<Option<Obj>>) -> c_int {
    match r {
        Ok(v) => {
            let found = v.is_some() as c_int;
            out.put(v);
            found
        }
        Err(_) => {
            out.put(None);
            -1
        }
    }
}

fn has(o: &Object, name: PyResult) -> PyResult<bool> {
    o.has_attr(&*name?)
}

exports! {
    fn PyObject_Repr(o: Null<'_>) -> PyResult {
        match o {
            Some(o) => obj(o.repr()),
            None => Ok(Str::from_utf8("<NULL>").into_obj()),
        }
    }
    fn PyObject_Str(o: Null<'_>) -> PyResult {
        match o {
            Some(o) => obj(o.str()),
            None => Ok(Str::from_utf8("<NULL>").into_obj()),
        }
    }
    fn PyObject_ASCII(o: Null<'_>) -> PyResult {
        match o {
            Some(o) => obj(o.ascii()),
            None => Ok(Str::from_utf8("<NULL>").into_obj()),
        }
    }
    fn PyObject_Bytes(o: Null<'_>) -> PyResult {
        match o {
            Some(o) if o.is_exact(&taipan_object::types::bytes::PyBytes_Type) => Ok(o.to_obj()),
            Some(o) => taipan_object::types::bytes::PyBytes_Type.as_object().call_one(o),
            None => Ok(taipan_object::types::bytes::Bytes::new(b"<NULL>").into_obj()),
        }
    }
    fn PyObject_Format(o: &Object, spec: Null<'_>) -> PyResult {
        match spec {
            Some(s) => o.format(s),
            None => o.format(&Str::empty()),
        }
    }
    fn PyObject_Hash(o: &Object) -> isize { status_len(o.hash()) }
    fn PyObject_HashNotImplemented(o: &Object) -> isize { hash_not_implemented(o) }
    fn PyObject_IsTrue(o: &Object) -> c_int { status_bool(o.is_true()) }
    fn PyObject_Not(o: &Object) -> c_int { status_bool(o.is_true().map(|b| !b)) }
    fn PyObject_Type(o: Null<'_>) -> PyResult { Ok(given(o)?.ty().to_obj()) }
    fn PyObject_RichCompare(a: Null<'_>, b: Null<'_>, op: c_int) -> PyResult {
        let (Some(a), Some(b)) = (a, b) else { return Err(occurred().unwrap_or_else(bad_call)) };
        a.rich_compare(b, CompareOp::from_c(op))
    }
    fn PyObject_RichCompareBool(a: Null<'_>, b: Null<'_>, op: c_int) -> c_int {
        let (Some(a), Some(b)) = (a, b) else {
            let _ = occurred().unwrap_or_else(bad_call);
            return -1;
        };
        status_bool(a.rich_compare_bool(b, CompareOp::from_c(op)))
    }
    fn PyObject_GetAttr(o: &Object, name: &Object) -> PyResult { o.get_attr(name) }
    fn PyObject_GetAttrString(o: &Object, name: Text) -> PyResult { o.get_attr(&*name.name()?) }
    fn PyObject_GetOptionalAttr(o: &Object, name: &Object, out: Out<Option<Obj>>) -> c_int { optional(o.get_attr_opt(name), out) }
    fn PyObject_GetOptionalAttrString(o: &Object, name: Text, out: Out<Option<Obj>>) -> c_int {
        optional(name.name().and_then(|n| o.get_attr_opt(&n)), out)
    }
    fn PyObject_HasAttr(o: &Object, name: &Object) -> c_int { quiet(o.has_attr(name)) }
    fn PyObject_HasAttrString(o: &Object, name: Text) -> c_int { quiet(has(o, name.name())) }
    fn PyObject_HasAttrWithError(o: &Object, name: &Object) -> c_int { status_bool(o.has_attr(name)) }
    fn PyObject_HasAttrStringWithError(o: &Object, name: Text) -> c_int { status_bool(has(o, name.name())) }
    fn PyObject_SetAttr(o: &Object, name: &Object, value: Null<'_>) -> c_int { status(o.set_attr_opt(name, value)) }
    fn PyObject_SetAttrString(o: &Object, name: Text, value: Null<'_>) -> c_int {
        status(name.name().and_then(|n| o.set_attr_opt(&n, value)))
    }
    fn PyObject_DelAttr(o: &Object, name: &Object) -> c_int { status(o.del_attr(name)) }
    fn PyObject_DelAttrString(o: &Object, name: Text) -> c_int { status(name.name().and_then(|n| o.del_attr(&n))) }
    fn PyObject_GenericGetAttr(o: &Object, name: &Object) -> PyResult { attr::generic_getattro(o, name) }
    fn PyObject_GenericSetAttr(o: &Object, name: &Object, value: Null<'_>) -> c_int { attr::generic_setattro(o, name, value) }
    fn _PyObject_GenericGetAttrWithDict(o: &Object, name: &Object, dict: Null<'_>, suppress: c_int) -> Option<Obj> {
        let descr = o.ty().lookup(name);
        let r = match dict {
            // A data descriptor goes before the given dict, the dict before everything else.
            Some(d) if descr.as_ref().is_none_or(|d| d.ty().descr_set.get().is_none()) => {
                match d.downcast::<Dict>().ok_or_else(bad_call).and_then(|d| d.get_item(name)) {
                    Ok(Some(v)) => Ok(v),
                    Ok(None) => attr::generic_get_with(o, name, descr),
                    Err(e) => Err(e),
                }
            }
            _ => attr::generic_get_with(o, name, descr),
        };
        match r {
            Ok(v) => Some(v),
            Err(e) => {
                if suppress != 0 && e.matches(exceptions::AttributeError) {
                    e.clear();
                }
                None
            }
        }
    }
    fn PyObject_GenericGetDict(o: &Object, _context: *mut c_void) -> PyResult { attr::get_dict(o) }
    fn PyObject_GenericSetDict(o: &Object, value: Null<'_>, _context: *mut c_void) -> c_int { status(attr::set_dict(o, value)) }
    fn _PyObject_GetDictPtr(o: &Object) -> *mut *mut Object {
        match dict_place(o) {
            DictPlace::None => std::ptr::null_mut(),
            DictPlace::Field(cell) => cell as *const _ as *mut *mut Object,
            DictPlace::Managed => match dict::instance_dict(o) {
                Ok(_) => dict::instance::managed_dict(o) as *const _ as *mut *mut Object,
                Err(e) => {
                    e.clear();
                    std::ptr::null_mut()
                }
            },
        }
    }
    fn PyObject_VisitManagedDict(o: &Object, visit: taipan_object::typeobj::slots::VisitProc, arg: *mut c_void) -> c_int {
        if o.ty().has_flag(flags::MANAGED_DICT) { dict::instance_traverse(o, visit, arg) } else { 0 }
    }
    fn PyObject_ClearManagedDict(o: &Object) {
        if o.ty().has_flag(flags::MANAGED_DICT) {
            dict::instance_clear(o);
        }
    }
    fn PyObject_Dir(o: Null<'_>) -> PyResult {
        let list = match o {
            Some(o) => match o.lookup_special(intern!("__dir__"))? {
                Some(f) => f.call_noargs()?.to_list()?,
                None => bail!(TypeError, "object does not provide __dir__"),
            },
            None => match (taipan_object::hooks::get().current_globals)() {
                Some(g) => g.to_list()?,
                None => bail!(SystemError, "frame does not exist"),
            },
        };
        list.sort()?;
        Ok(list.into_obj())
    }
    fn PyObject_IsInstance(o: &Object, cls: &Object) -> c_int { status_bool(o.is_instance(cls)) }
    fn PyObject_IsSubclass(o: &Object, cls: &Object) -> c_int { status_bool(o.is_subclass(cls)) }
    fn PyObject_ClearWeakRefs(o: &Object) { taipan_object::types::weakref::clear_all(o) }
    fn PyObject_CallFinalizer(o: &Object) {
        if let Some(f) = o.ty().finalize.get() {
            let collectable = taipan_object::gc::is_collectable(o);
            if collectable && taipan_object::gc::is_finalized(o) {
                return;
            }
            f(o);
            if collectable {
                taipan_object::gc::set_finalized(o);
            }
        }
    }
    fn PyObject_CallFinalizerFromDealloc(o: &Object) -> c_int {
        if taipan_object::typeobj::heap::call_finalizer_from_dealloc(o) { 0 } else { -1 }
    }
    fn PyObject_AsFileDescriptor(o: &Object) -> c_int {
        let r = (|| {
            let n = if o.downcast::<Int>().is_some() {
                o.as_i64()?
            } else if let Some(f) = o.get_attr_opt(intern!("fileno"))? {
                let v = f.call_noargs()?;
                if v.downcast::<Int>().is_none() {
                    bail!(TypeError, "fileno() returned a non-integer");
                }
                v.as_i64()?
            } else {
                bail!(TypeError, "argument must be an int, or have a fileno() method.");
            };
            match c_int::try_from(n) {
                Ok(n) if n >= 0 => Ok(n),
                Ok(n) => bail!(ValueError, "file descriptor cannot be a negative integer ({n})"),
                Err(_) => bail!(OverflowError, "Python int too large to convert to C int"),
            }
        })();
        r.unwrap_or(-1)
    }
    fn Py_ReprEnter(o: &Object) -> c_int {
        let stack = &Thread::current().repr_stack;
        if stack.borrow().iter().any(|p| std::ptr::eq(*p, o)) {
            return 1;
        }
        stack.borrow_mut().push(o);
        0
    }
    fn Py_ReprLeave(o: &Object) {
        let mut stack = Thread::current().repr_stack.borrow_mut();
        if let Some(i) = stack.iter().rposition(|p| std::ptr::eq(*p, o)) {
            stack.remove(i);
        }
    }
    fn Py_IncRef(o: Null<'_>) {
        if let Some(o) = o {
            o.incref();
        }
    }
    fn Py_DecRef(o: *const Object) {
        if !o.is_null() {
            // SAFETY: the caller gives back a reference it owns.
            unsafe { Object::decref(o) }
        }
    }
    fn _Py_IncRef(o: &Object) { o.incref() }
    fn _Py_DecRef(o: *const Object) {
        // SAFETY: the caller gives back a reference it owns.
        unsafe { Object::decref(o) }
    }
    fn Py_NewRef(o: &Object) -> PyResult { Ok(o.to_obj()) }
    fn Py_XNewRef(o: Null<'_>) -> Option<Obj> { o.map(Object::to_obj) }
    fn Py_REFCNT(o: &Object) -> isize { o.refcnt() as isize }
    fn Py_TYPE(o: &Object) -> *const Type { o.ty_ptr() }
    fn _Py_NewReference(o: &Object) { o.set_refcnt(1) }
    fn _Py_SetImmortal(o: &Object) {
        if taipan_object::gc::is_collectable(o) {
            taipan_object::gc::untrack(o);
        }
        o.make_immortal();
    }
    fn _Py_SetRefcnt(o: &Object, n: isize) {
        if !o.is_immortal() {
            o.set_refcnt(n as u32);
        }
    }
    fn PyUnstable_Object_EnableDeferredRefcount(_o: &Object) -> c_int { 0 }
    fn PyUnstable_Object_IsUniquelyReferenced(o: &Object) -> c_int { o.is_unique() as c_int }
    // A temporary of the evaluation stack cannot be told from a reference in a variable here, so the answer is the safe one.
    fn PyUnstable_Object_IsUniqueReferencedTemporary(_o: &Object) -> c_int { 0 }
    fn PyUnstable_IsImmortal(o: &Object) -> c_int { o.is_immortal() as c_int }
    fn Py_Is(a: &Object, b: &Object) -> c_int { a.is(b) as c_int }
    fn Py_IsNone(o: &Object) -> c_int { o.is_none() as c_int }
    fn Py_IsTrue(o: &Object) -> c_int { o.is(taipan_object::types::bool_::true_()) as c_int }
    fn Py_IsFalse(o: &Object) -> c_int { o.is(taipan_object::types::bool_::false_()) as c_int }
    fn Py_GetConstant(id: c_uint) -> PyResult { constant(id) }
    fn Py_GetConstantBorrowed(id: c_uint) -> Option<&'static Object> {
        // Constants are immortal.
        // SAFETY: as said.
        constant(id).ok().map(|o| unsafe { &*o.into_raw() })
    }
}

fn constant(id: c_uint) -> PyResult {
    Ok(match id {
        0 => none::none_obj(),
        1 => taipan_object::types::bool_::from_bool(false),
        2 => taipan_object::types::bool_::from_bool(true),
        3 => none::ellipsis().to_obj(),
        4 => none::not_implemented().to_obj(),
        5 => Int::from_i64(0).into_obj(),
        6 => Int::from_i64(1).into_obj(),
        7 => Str::empty().into_obj(),
        8 => taipan_object::types::bytes::Bytes::empty().into_obj(),
        9 => Tuple::empty().into_obj(),
        _ => return Err(bad_call()),
    })
}
