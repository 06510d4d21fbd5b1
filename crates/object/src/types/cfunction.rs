//! Native functions and methods bound to an object: `builtin_function_or_method`.

use crate::alloc::{dealloc_of, new_object};
use crate::bail;
use crate::error::PyResult;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MethodDef, member, meth};
use crate::protocol::call::{call_through_vectorcall, kwargs_dict, nargs};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::repr::text;
use crate::thread::check_recursion;
use crate::typeobj::ready::{strip_signature, text_signature};
use crate::typeobj::slots::{VectorcallFunc, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::bool_;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::{getset, getsets, intern, layout, members, methods};
use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// `PyCFunctionObject`.
#[repr(C)]
pub struct CFunction {
    ob_base: Object,
    m_ml: Cell<*const MethodDef>,
    m_self: ObjCell,
    m_module: ObjCell,
    m_weakreflist: ObjCell,
    vectorcall: Cell<Option<VectorcallFunc>>,
}

const _: () = {
    assert!(size_of::<CFunction>() == 56 && offset_of!(CFunction, m_ml) == 16 && offset_of!(CFunction, m_self) == 24);
    assert!(offset_of!(CFunction, m_module) == 32 && offset_of!(CFunction, vectorcall) == 48);
};
layout!(CFunction, PyCFunction_Type);

/// `PyCMethodObject`: knows the class that defines it.
#[repr(C)]
pub struct CMethod {
    func: CFunction,
    mm_class: ObjCell,
}
const _: () = assert!(size_of::<CMethod>() == 64 && offset_of!(CMethod, mm_class) == 56);
layout!(CMethod, PyCMethod_Type);

/// The vectorcall entry for a calling convention.
pub fn vectorcall_for(flags: c_int) -> Option<VectorcallFunc> {
    match flags & (meth::VARARGS | meth::KEYWORDS | meth::NOARGS | meth::O | meth::FASTCALL | meth::METHOD) {
        meth::NOARGS => Some(call_noargs),
        meth::O => Some(call_o),
        meth::FASTCALL => Some(call_fast),
        f if f == meth::FASTCALL | meth::KEYWORDS => Some(call_fast_keywords),
        f if f == meth::METHOD | meth::FASTCALL | meth::KEYWORDS => Some(call_method),
        _ => None,
    }
}

/// A function from its description, bound to `slf`; `module` is its `__module__`.
pub fn new(def: &'static MethodDef, slf: Option<Obj>, module: Option<Obj>) -> Obj {
    let vectorcall = vectorcall_for(def.flags);
    new_object(CFunction {
        ob_base: Object::placeholder(),
        m_ml: Cell::new(def),
        m_self: ObjCell::from_opt(slf),
        m_module: ObjCell::from_opt(module),
        m_weakreflist: ObjCell::empty(),
        vectorcall: Cell::new(vectorcall),
    })
    .into_obj()
}

/// A METH_METHOD function.
pub fn new_with_class(def: &'static MethodDef, slf: Option<Obj>, module: Option<Obj>, class: Obj) -> Obj {
    new_object(CMethod {
        func: CFunction {
            ob_base: Object::placeholder(),
            m_ml: Cell::new(def),
            m_self: ObjCell::from_opt(slf),
            m_module: ObjCell::from_opt(module),
            m_weakreflist: ObjCell::empty(),
            vectorcall: Cell::new(vectorcall_for(def.flags)),
        },
        mm_class: ObjCell::new(class),
    })
    .into_obj()
}

impl CFunction {
    /// The description.
    #[inline(always)]
    pub fn def(&self) -> &MethodDef {
        // SAFETY: descriptions outlive their functions.
        unsafe { &*self.m_ml.get() }
    }
    /// `__name__`.
    pub fn name(&self) -> &str {
        self.def().name_str()
    }
    /// `__self__`.
    #[inline(always)]
    pub fn self_obj(&self) -> Option<&Object> {
        self.m_self.get()
    }
    /// The receiver as the native function gets it: none for static methods.
    #[inline(always)]
    pub fn receiver(&self) -> Option<&Object> {
        if self.def().flags & meth::STATIC != 0 { None } else { self.m_self.get() }
    }
    /// The type that a `__new__` is bound to.
    pub fn self_type(&self) -> Option<&Type> {
        self.m_self.get().and_then(|o| o.downcast())
    }
    /// Whether this is the `__new__` of a built-in type.
    pub fn is_type_new(&self) -> bool {
        std::ptr::eq(self.m_ml.get(), &crate::typeobj::new::NEW_METHOD)
    }
    /// `__qualname__`: with the class or module object it is bound to.
    pub fn qualname(&self) -> PyResult<String> {
        match self.m_self.get() {
            None => Ok(self.name().to_owned()),
            Some(s) if s.downcast::<crate::types::module::Module>().is_some() => Ok(self.name().to_owned()),
            Some(s) => {
                let ty = s.downcast::<Type>().unwrap_or_else(|| s.ty());
                let q = ty.as_object().get_attr(intern!("__qualname__"))?;
                if q.downcast::<Str>().is_none() {
                    bail!(TypeError, "<method>.__class__.__qualname__ is not a unicode object");
                }
                Ok(format!("{}.{}", q.str()?.display(), self.name()))
            }
        }
    }
}

fn qualified(o: &Object) -> PyResult<String> {
    // Error texts name functions as `repr` would, with parentheses.
    let c: &CFunction = o.cast();
    let module = c.m_module.get().and_then(|m| m.downcast::<Str>()).map(|m| m.to_utf8_lossy().into_owned());
    let q = c.qualname()?;
    Ok(match module {
        Some(m) if m != "builtins" => format!("{m}.{q}()"),
        _ => format!("{q}()"),
    })
}

#[cold]
fn no_keywords(o: &Object) -> crate::Raised {
    match qualified(o) {
        Ok(q) => crate::raise!(TypeError, "{q} takes no keyword arguments"),
        Err(e) => e,
    }
}

#[cold]
fn wrong_number(o: &Object, what: &str, n: usize) -> crate::Raised {
    match qualified(o) {
        Ok(q) => crate::raise!(TypeError, "{q} takes {what} ({n} given)"),
        Err(e) => e,
    }
}

#[inline(always)]
fn has_keywords(kwnames: Option<&Object>) -> bool {
    kwnames.is_some_and(|k| !k.cast::<Tuple>().is_empty())
}

unsafe extern "C" fn call_noargs(
    o: &Object,
    _: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let c: &CFunction = o.cast();
    if has_keywords(kwnames) {
        return Err(no_keywords(o));
    }
    if nargs(nargsf) != 0 {
        return Err(wrong_number(o, "no arguments", nargs(nargsf)));
    }
    check_recursion(" while calling a Python object")?;
    // SAFETY: METH_NOARGS functions are `plain`.
    unsafe { (c.def().meth.plain)(c.receiver(), None) }
}

unsafe extern "C" fn call_o(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let c: &CFunction = o.cast();
    if has_keywords(kwnames) {
        return Err(no_keywords(o));
    }
    if nargs(nargsf) != 1 {
        return Err(wrong_number(o, "exactly one argument", nargs(nargsf)));
    }
    check_recursion(" while calling a Python object")?;
    // SAFETY: METH_O functions are `plain`; one argument is there.
    unsafe { (c.def().meth.plain)(c.receiver(), (*args).as_ref()) }
}

unsafe extern "C" fn call_fast(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let c: &CFunction = o.cast();
    if has_keywords(kwnames) {
        return Err(no_keywords(o));
    }
    check_recursion(" while calling a Python object")?;
    // SAFETY: METH_FASTCALL.
    unsafe { (c.def().meth.fast)(c.receiver(), args, nargs(nargsf) as isize) }
}

unsafe extern "C" fn call_fast_keywords(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let c: &CFunction = o.cast();
    check_recursion(" while calling a Python object")?;
    // SAFETY: METH_FASTCALL | METH_KEYWORDS.
    unsafe { (c.def().meth.fast_keywords)(c.receiver(), args, nargs(nargsf) as isize, kwnames) }
}

unsafe extern "C" fn call_method(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let c: &CMethod = o.cast();
    check_recursion(" while calling a Python object")?;
    let cls: &Type = c.mm_class.get().expect("METH_METHOD functions have a class").cast();
    // SAFETY: METH_METHOD.
    unsafe { (c.func.def().meth.method)(c.func.receiver(), cls, args, nargs(nargsf), kwnames) }
}

/// `tp_call`: METH_VARARGS functions get their tuple, the others go through vectorcall.
extern "C" fn cfunction_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let c: &CFunction = o.cast();
    let def = c.def();
    if def.flags & meth::VARARGS == 0 {
        return call_through_vectorcall(o, args, kwargs);
    }
    call_varargs(def, c.receiver(), args, kwargs, || no_keywords(o))
}

/// Calls a METH_VARARGS function.
pub fn call_varargs(
    def: &MethodDef,
    slf: Option<&Object>,
    args: &Object,
    kwargs: Option<&Object>,
    no_keywords: impl FnOnce() -> crate::Raised,
) -> PyResult {
    if def.flags & meth::KEYWORDS != 0 {
        // SAFETY: METH_VARARGS | METH_KEYWORDS.
        return unsafe { (def.meth.keywords)(slf, args, kwargs) };
    }
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        return Err(no_keywords());
    }
    // SAFETY: METH_VARARGS.
    unsafe { (def.meth.plain)(slf, Some(args)) }
}

extern "C" fn cfunction_repr(o: &Object) -> PyResult {
    let c: &CFunction = o.cast();
    Ok(text(&match c.m_self.get() {
        Some(s) if s.downcast::<crate::types::module::Module>().is_none() => {
            format!("<built-in method {} of {} object at {:p}>", c.name(), s.ty().name_str(), s)
        }
        _ => format!("<built-in function {}>", c.name()),
    }))
}

extern "C" fn cfunction_hash(o: &Object) -> isize {
    let c: &CFunction = o.cast();
    // SAFETY: the function pointer is a word; only its bits are used.
    let f = unsafe { c.def().meth.null } as usize;
    let s = c.m_self.get().map_or(0, |s| crate::protocol::compare::hash_pointer(s));
    match s ^ (f.rotate_right(4) as isize) {
        -1 => -2,
        h => h,
    }
}

extern "C" fn cfunction_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast::<CFunction>(), b.downcast::<CFunction>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    // SAFETY: only the bits of the function pointers are compared.
    let same_function = unsafe { std::ptr::eq(x.def().meth.null, y.def().meth.null) };
    let same_self = match (x.m_self.get(), y.m_self.get()) {
        (Some(p), Some(q)) => p.is(q),
        (None, None) => true,
        _ => false,
    };
    Ok(bool_::from_bool((same_function && same_self) == (op == CompareOp::Eq)))
}

extern "C" fn cfunction_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let c: &CFunction = o.cast();
    crate::visit!(c.m_self, visit, arg);
    crate::visit!(c.m_module, visit, arg);
    0
}

/// The docstring of a description, without its signature.
pub fn doc_of(def: &MethodDef) -> Option<String> {
    if def.doc.is_null() {
        return None;
    }
    // SAFETY: a C string.
    let doc = unsafe { CStr::from_ptr(def.doc) }.to_string_lossy();
    let doc = strip_signature(def.name_str(), &doc);
    if doc.is_empty() { None } else { Some(doc.to_owned()) }
}

/// The signature at the start of a description's docstring, or what the calling convention says of one.
pub fn signature_of(def: &MethodDef) -> Option<String> {
    if !def.doc.is_null() {
        // SAFETY: a C string.
        let doc = unsafe { CStr::from_ptr(def.doc) }.to_string_lossy();
        if let Some(s) = text_signature(def.name_str(), &doc) {
            return Some(s.to_owned());
        }
    }
    // Two calling conventions say it all by themselves.
    let role = def.flags & (meth::CLASS | meth::STATIC);
    let text = match def.flags & !(meth::COEXIST | meth::CLASS | meth::STATIC) {
        meth::NOARGS if role == meth::STATIC => "()",
        meth::NOARGS if role == meth::CLASS => "($type, /)",
        meth::NOARGS => "($self, /)",
        meth::O if role == meth::STATIC => "(object, /)",
        meth::O if role == meth::CLASS => "($type, object, /)",
        meth::O => "($self, object, /)",
        _ => return None,
    };
    Some(text.to_owned())
}

fn get_doc(c: &CFunction) -> Option<String> {
    doc_of(c.def())
}
fn get_text_signature(c: &CFunction) -> Option<String> {
    signature_of(c.def())
}
fn get_name(c: &CFunction) -> PyResult {
    Ok(crate::types::str::intern::intern_str(c.name()).into_obj())
}
fn get_qualname(c: &CFunction) -> PyResult<String> {
    c.qualname()
}
fn get_self(c: &CFunction) -> Option<Obj> {
    if c.def().flags & meth::STATIC != 0 { None } else { c.m_self.get_owned() }
}

/// How pickle finds the function again.
#[method(signature = "()", name = "__reduce__", text = false)]
fn cfunction_reduce(this: &CFunction) -> PyResult {
    match this.m_self.get() {
        Some(s) if s.downcast::<crate::types::module::Module>().is_none() => {
            let getattr = (crate::hooks::get().current_builtins)().get_item(intern!("getattr"))?;
            let args = Tuple::new(&[s, &Str::from_utf8(this.name())]);
            Ok(Tuple::new(&[&getattr, &args]).into_obj())
        }
        _ => Ok(text(this.name())),
    }
}

#[unsafe(no_mangle)]
pub static PyCFunction_Type: Type = Type::new_static(TypeDef {
    name: c"builtin_function_or_method",
    basicsize: size_of::<CFunction>(),
    flags: flags::HAVE_GC | flags::HAVE_VECTORCALL,
    dealloc: Some(dealloc_of::<CFunction>),
    vectorcall_offset: offset_of!(CFunction, vectorcall),
    repr: Some(cfunction_repr),
    hash: Some(cfunction_hash),
    call: Some(cfunction_call),
    traverse: Some(cfunction_traverse),
    richcompare: Some(cfunction_richcompare),
    weaklistoffset: offset_of!(CFunction, m_weakreflist) as isize,
    methods: methods![cfunction_reduce],
    members: members![crate::method::MemberDef::new(c"__module__", member::OBJECT, offset_of!(CFunction, m_module), 0)],
    getset: getsets![
        getset!(c"__doc__", get_doc),
        getset!(c"__name__", get_name),
        getset!(c"__qualname__", get_qualname),
        getset!(c"__self__", get_self),
        getset!(c"__text_signature__", get_text_signature),
    ],
    ..TypeDef::EMPTY
});

#[unsafe(no_mangle)]
pub static PyCMethod_Type: Type = Type::new_static(TypeDef {
    name: c"builtin_method",
    basicsize: size_of::<CMethod>(),
    flags: flags::HAVE_GC | flags::HAVE_VECTORCALL,
    base: Some(&PyCFunction_Type),
    dealloc: Some(dealloc_of::<CMethod>),
    vectorcall_offset: offset_of!(CFunction, vectorcall),
    call: Some(cfunction_call),
    ..TypeDef::EMPTY
});

/// Keywords of a vectorcall as a dict, for METH_VARARGS functions reached by vectorcall.
pub fn keywords_as_dict(kw: crate::args::KwArgs<'_>) -> PyResult<Option<Ref<crate::types::dict::Dict>>> {
    kwargs_dict(kw)
}

/// For readying.
pub static TYPES: &[&Type] = &[&PyCFunction_Type, &PyCMethod_Type];
