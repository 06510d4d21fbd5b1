//! Bound methods.

use crate::alloc::{dealloc_of, new_object};
use crate::bail;
use crate::error::PyResult;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MemberDef, member};
use crate::protocol::attr::generic_getattro;
use crate::protocol::call::{ARGUMENTS_OFFSET, call_through_vectorcall, nargs, vectorcall};
use crate::protocol::compare::{CompareOp, hash_pointer, not_implemented};
use crate::protocol::repr::text;
use crate::typeobj::slots::{VectorcallFunc, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::types::{bool_, none};
use crate::{getset, getsets, intern, layout, members, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// `PyMethodObject`.
#[repr(C)]
pub struct Method {
    ob_base: Object,
    im_func: ObjCell,
    im_self: ObjCell,
    im_weakreflist: ObjCell,
    vectorcall: Cell<Option<VectorcallFunc>>,
}
const _: () =
    assert!(size_of::<Method>() == 48 && offset_of!(Method, im_func) == 16 && offset_of!(Method, vectorcall) == 40);
layout!(Method, PyMethod_Type);

impl Method {
    /// `func` bound to `slf`.
    pub fn new(func: Obj, slf: Obj) -> Ref<Method> {
        new_object(Method {
            ob_base: Object::placeholder(),
            im_func: ObjCell::new(func),
            im_self: ObjCell::new(slf),
            im_weakreflist: ObjCell::empty(),
            vectorcall: Cell::new(Some(method_vectorcall)),
        })
    }
    /// `__func__`.
    #[inline(always)]
    pub fn func(&self) -> &Object {
        self.im_func.get().unwrap_or(none::none())
    }
    /// `__self__`.
    #[inline(always)]
    pub fn receiver(&self) -> &Object {
        self.im_self.get().unwrap_or(none::none())
    }
}

/// Calls the function with the receiver put before the arguments: in place where the caller lends the word, else in a copy.
unsafe extern "C" fn method_vectorcall(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let m: &Method = o.cast();
    let (f, slf) = (m.func(), m.receiver());
    if f.is_exact(&PyMethod_Type) {
        // Python functions look after the stack themselves; a method of a method of a method does not reach one soon.
        crate::thread::check_recursion(" while calling a Python object")?;
    }
    let n = nargs(nargsf);
    // SAFETY: the vectorcall contract.
    unsafe {
        if nargsf & ARGUMENTS_OFFSET != 0 {
            let p = args.sub(1) as *mut *const Object;
            let saved = *p;
            *p = slf;
            let r = vectorcall(f, p, n + 1, kwnames);
            *p = saved;
            return r;
        }
        let total = n + kwnames.map_or(0, |k| k.cast::<Tuple>().len());
        let mut small = [std::ptr::null::<Object>(); 8];
        if total + 2 <= small.len() {
            small[1] = slf;
            if total > 0 {
                std::ptr::copy_nonoverlapping(args, small.as_mut_ptr().add(2), total);
            }
            return vectorcall(f, small.as_ptr().add(1), (n + 1) | ARGUMENTS_OFFSET, kwnames);
        }
        let mut all: Vec<*const Object> = Vec::with_capacity(total + 1);
        all.push(slf);
        all.extend((0..total).map(|i| *args.add(i)));
        vectorcall(f, all.as_ptr(), n + 1, kwnames)
    }
}

extern "C" fn method_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "method() takes no keyword arguments");
    }
    let args: &Tuple = args.cast();
    if args.len() != 2 {
        bail!(TypeError, "method expected 2 arguments, got {}", args.len());
    }
    if !args.item(0).is_callable() {
        bail!(TypeError, "first argument must be callable");
    }
    if args.item(1).is_none() {
        bail!(TypeError, "instance must not be None");
    }
    Ok(Method::new(args.item(0).to_obj(), args.item(1).to_obj()).into_obj())
}

extern "C" fn method_repr(o: &Object) -> PyResult {
    let m: &Method = o.cast();
    let f = m.func();
    let mut name = f.get_attr_opt(intern!("__qualname__"))?;
    if name.is_none() {
        name = f.get_attr_opt(intern!("__name__"))?;
    }
    let name = name
        .and_then(|n| n.downcast::<Str>().map(|s| s.to_utf8_lossy().into_owned()))
        .unwrap_or_else(|| "?".to_owned());
    Ok(text(&format!("<bound method {name} of {}>", m.receiver().repr()?.display())))
}

extern "C" fn method_hash(o: &Object) -> isize {
    let m: &Method = o.cast();
    match m.func().hash() {
        Ok(h) => match hash_pointer(m.receiver()) ^ h {
            -1 => -2,
            h => h,
        },
        Err(_) => -1,
    }
}

extern "C" fn method_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast::<Method>(), b.downcast::<Method>()) else { return Ok(not_implemented()) };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let same = x.func().eq(y.func())? && x.receiver().is(y.receiver());
    Ok(bool_::from_bool(same == (op == CompareOp::Eq)))
}

/// Attributes of the method itself, then those of its function.
extern "C" fn method_getattro(o: &Object, name: &Object) -> PyResult {
    if o.ty().lookup(name).is_some() {
        return generic_getattro(o, name);
    }
    o.cast::<Method>().func().get_attr(name)
}

extern "C" fn method_descr_get(o: &Object, _: Option<&Object>, _: Option<&Object>) -> PyResult {
    Ok(o.to_obj())
}

extern "C" fn method_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let m: &Method = o.cast();
    crate::visit!(m.im_func, visit, arg);
    crate::visit!(m.im_self, visit, arg);
    0
}

fn get_doc(m: &Method) -> PyResult {
    m.func().get_attr(intern!("__doc__"))
}

/// How pickle finds the method again.
#[method(signature = "()")]
fn __reduce__(this: &Method) -> PyResult {
    let getattr = (crate::hooks::get().current_builtins)().get_item(intern!("getattr"))?;
    let name = this.func().get_attr(intern!("__name__"))?;
    let args = Tuple::new(&[this.receiver(), &name]);
    Ok(Tuple::new(&[&getattr, &args]).into_obj())
}

#[unsafe(no_mangle)]
pub static PyMethod_Type: Type = Type::new_static(TypeDef {
    name: c"method",
    basicsize: size_of::<Method>(),
    flags: flags::HAVE_GC | flags::HAVE_VECTORCALL,
    doc: Some(c"method(function, instance, /)\n--\n\nA function bound to an instance."),
    dealloc: Some(dealloc_of::<Method>),
    vectorcall_offset: offset_of!(Method, vectorcall),
    repr: Some(method_repr),
    hash: Some(method_hash),
    call: Some(call_through_vectorcall),
    getattro: Some(method_getattro),
    traverse: Some(method_traverse),
    richcompare: Some(method_richcompare),
    weaklistoffset: offset_of!(Method, im_weakreflist) as isize,
    methods: methods![__reduce__],
    members: members![
        MemberDef::new(c"__func__", member::OBJECT, offset_of!(Method, im_func), member::READONLY)
            .doc(c"the function implementing the method"),
        MemberDef::new(c"__self__", member::OBJECT, offset_of!(Method, im_self), member::READONLY)
            .doc(c"the instance the method is bound to"),
    ],
    getset: getsets![getset!(c"__doc__", get_doc)],
    descr_get: Some(method_descr_get),
    new: Some(method_new),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyMethod_Type];
