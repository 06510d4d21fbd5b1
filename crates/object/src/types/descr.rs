//! Descriptors of native types: methods, members, computed attributes, slot wrappers, and the method-wrapper that a slot wrapper binds to.

use crate::alloc::{dealloc_of, new_object};
use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object};
use crate::method::{GetSetDef, MemberDef, MethodDef, member, meth};
use crate::protocol::call::{call_through_vectorcall, nargs};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::repr::text;
use crate::thread::check_recursion;
use crate::typeobj::ready::{strip_signature, text_signature};
use crate::typeobj::slotdefs::SlotDef;
use crate::typeobj::slots::{VectorcallFunc, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::str::{Str, intern::intern_c};
use crate::types::tuple::Tuple;
use crate::types::{bool_, cfunction, exceptions, none};
use crate::{bail, getset, getsets, intern, layout, members, methods};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// What all descriptors begin with (`PyDescrObject`).
#[repr(C)]
pub struct Descr {
    ob_base: Object,
    d_type: ObjCell,
    d_name: ObjCell,
    d_qualname: ObjCell,
}
const _: () = assert!(size_of::<Descr>() == 40 && offset_of!(Descr, d_type) == 16 && offset_of!(Descr, d_name) == 24);

impl Descr {
    fn new(ty: &Type, name: *const c_char) -> Descr {
        // SAFETY: names in tables are C strings.
        let name = unsafe { intern_c(name) };
        Descr::named(ty, name.into_obj())
    }
    fn named(ty: &Type, name: Obj) -> Descr {
        Descr {
            ob_base: Object::placeholder(),
            d_type: ObjCell::new(ty.to_obj()),
            d_name: ObjCell::new(name),
            d_qualname: ObjCell::empty(),
        }
    }
    /// The class that the descriptor belongs to.
    #[inline(always)]
    pub fn owner(&self) -> &Type {
        match self.d_type.get() {
            Some(t) => t.cast(),
            None => classless(),
        }
    }
    /// The attribute's name.
    pub fn name(&self) -> String {
        self.d_name.get().map_or_else(String::new, |n| n.cast::<Str>().to_utf8_lossy().into_owned())
    }
    /// `__qualname__`.
    fn qualname(&self) -> PyResult {
        if self.d_qualname.is_empty() {
            let q = self.owner().as_object().get_attr(intern!("__qualname__"))?;
            if q.downcast::<Str>().is_none() {
                bail!(TypeError, "<descriptor>.__objclass__.__qualname__ is not a unicode object");
            }
            self.d_qualname.set(Some(text(&format!("{}.{}", q.str()?.display(), self.name()))));
        }
        Ok(self.d_qualname.get_owned().expect("just set"))
    }
    /// `TypeError` unless the receiver is an instance of the owner.
    #[inline(always)]
    fn check(&self, o: &Object) -> PyResult<()> {
        if o.ty().is_subtype(self.owner()) { Ok(()) } else { Err(self.wrong_receiver(o)) }
    }
    #[cold]
    fn wrong_receiver(&self, o: &Object) -> crate::Raised {
        crate::raise!(
            TypeError,
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            self.name(),
            self.owner().name_str(),
            o.ty().name_str()
        )
    }
}

fn common(o: &Object) -> &Descr {
    // SAFETY: every descriptor type's layout begins with `Descr`.
    unsafe { o.cast_unchecked() }
}

fn get_qualname(o: &Object) -> PyResult {
    common(o).qualname()
}

fn descr_repr(o: &Object, kind: &str) -> PyResult {
    let d = common(o);
    Ok(text(&format!("<{kind} '{}' of '{}' objects>", d.name(), d.owner().name_str())))
}

extern "C" fn descr_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(common(o).d_type, visit, arg);
    0
}

/// How pickle finds the descriptor again.
#[method(signature = "()", name = "__reduce__", text = false)]
fn descr_reduce(this: &Object) -> PyResult {
    let getattr = (crate::hooks::get().current_builtins)().get_item(intern!("getattr"))?;
    let d = common(this);
    let args = Tuple::new(&[d.owner().as_object(), d.d_name.get().unwrap_or(none::none())]);
    Ok(Tuple::new(&[&getattr, &args]).into_obj())
}

macro_rules! descr_members {
    () => {
        members![
            MemberDef::new(c"__objclass__", member::OBJECT, offset_of!(Descr, d_type), member::READONLY),
            MemberDef::new(c"__name__", member::OBJECT, offset_of!(Descr, d_name), member::READONLY),
        ]
    };
}

/// What the types of descriptors made from tables share.
const DESCR: TypeDef = TypeDef {
    flags: flags::HAVE_GC,
    traverse: Some(descr_traverse),
    methods: methods![descr_reduce],
    members: descr_members!(),
    ..TypeDef::EMPTY
};

// Methods.

/// `method_descriptor` and `classmethod_descriptor` (`PyMethodDescrObject`).
#[repr(C)]
pub struct MethodDescr {
    d_common: Descr,
    d_method: Cell<*const MethodDef>,
    vectorcall: Cell<Option<VectorcallFunc>>,
}
const _: () = assert!(size_of::<MethodDescr>() == 56 && offset_of!(MethodDescr, d_method) == 40);
layout!(MethodDescr, PyMethodDescr_Type);

impl MethodDescr {
    /// The description.
    #[inline(always)]
    pub fn def(&self) -> &'static MethodDef {
        // SAFETY: descriptions outlive their types.
        unsafe { &*self.d_method.get() }
    }
    /// The class that the method belongs to.
    #[inline(always)]
    pub fn owner(&self) -> &Type {
        self.d_common.owner()
    }
}

/// The descriptor of a method in `tp_methods`.
pub fn new_method(ty: &Type, def: &'static MethodDef) -> Obj {
    let vectorcall: Option<VectorcallFunc> =
        match def.flags & (meth::VARARGS | meth::KEYWORDS | meth::NOARGS | meth::O | meth::FASTCALL | meth::METHOD) {
            meth::NOARGS => Some(method_noargs),
            meth::O => Some(method_o),
            meth::FASTCALL => Some(method_fast),
            f if f == meth::FASTCALL | meth::KEYWORDS => Some(method_fast_keywords),
            f if f == meth::METHOD | meth::FASTCALL | meth::KEYWORDS => Some(method_method),
            _ => Some(method_varargs),
        };
    new_object(MethodDescr {
        d_common: Descr::new(ty, def.name),
        d_method: Cell::new(def),
        vectorcall: Cell::new(vectorcall),
    })
    .into_obj()
}

#[cold]
fn function_text(o: &Object) -> PyResult<String> {
    Ok(format!("{}()", common(o).qualname()?.str()?.display()))
}

#[cold]
fn takes_no_keywords(o: &Object) -> crate::Raised {
    match function_text(o) {
        Ok(f) => crate::raise!(TypeError, "{f} takes no keyword arguments"),
        Err(e) => e,
    }
}

#[cold]
fn wrong_number(o: &Object, what: &str, n: usize) -> crate::Raised {
    match function_text(o) {
        Ok(f) => crate::raise!(TypeError, "{f} takes {what} ({n} given)"),
        Err(e) => e,
    }
}

/// The receiver is there and of the right type; keywords are refused where the convention has none.
///
/// # Safety
/// The vectorcall contract.
#[inline(always)]
unsafe fn check_call<'a>(
    o: &'a Object,
    args: *const *const Object,
    n: usize,
    kwnames: Option<&Object>,
) -> PyResult<(&'a MethodDescr, &'a Object)> {
    let d: &MethodDescr = o.cast();
    if n == 0 {
        let f = function_text(o)?;
        bail!(TypeError, "unbound method {f} needs an argument");
    }
    // SAFETY: there is a first argument.
    let slf = unsafe { &**args };
    d.d_common.check(slf)?;
    if kwnames.is_some_and(|k| !k.cast::<Tuple>().is_empty()) {
        return Err(takes_no_keywords(o));
    }
    check_recursion(" while calling a Python object")?;
    Ok((d, slf))
}

unsafe extern "C" fn method_noargs(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let n = nargs(nargsf);
    // SAFETY: forwarded contract; METH_NOARGS functions are `plain`.
    unsafe {
        let (d, slf) = check_call(o, args, n, kwnames)?;
        if n != 1 {
            return Err(wrong_number(o, "no arguments", n - 1));
        }
        (d.def().meth.plain)(Some(slf), None)
    }
}

unsafe extern "C" fn method_o(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let n = nargs(nargsf);
    // SAFETY: forwarded contract; METH_O functions are `plain`.
    unsafe {
        let (d, slf) = check_call(o, args, n, kwnames)?;
        if n != 2 {
            return Err(wrong_number(o, "exactly one argument", n - 1));
        }
        (d.def().meth.plain)(Some(slf), (*args.add(1)).as_ref())
    }
}

unsafe extern "C" fn method_fast(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let n = nargs(nargsf);
    // SAFETY: forwarded contract.
    unsafe {
        let (d, slf) = check_call(o, args, n, kwnames)?;
        (d.def().meth.fast)(Some(slf), args.add(1), n as isize - 1)
    }
}

unsafe extern "C" fn method_fast_keywords(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let n = nargs(nargsf);
    // SAFETY: forwarded contract.
    unsafe {
        let (d, slf) = check_call(o, args, n, None)?;
        (d.def().meth.fast_keywords)(Some(slf), args.add(1), n as isize - 1, kwnames)
    }
}

unsafe extern "C" fn method_method(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let n = nargs(nargsf);
    // SAFETY: forwarded contract.
    unsafe {
        let (d, slf) = check_call(o, args, n, None)?;
        (d.def().meth.method)(Some(slf), d.owner(), args.add(1), n - 1, kwnames)
    }
}

unsafe extern "C" fn method_varargs(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let n = nargs(nargsf);
    // SAFETY: forwarded contract.
    unsafe {
        let (d, slf) = check_call(o, args, n, None)?;
        let call = crate::args::CallArgs::from_raw(args, n, kwnames);
        let tuple = Tuple::new(&call.positional()[1..]);
        let kw = crate::protocol::call::kwargs_dict(call.keywords())?;
        cfunction::call_varargs(d.def(), Some(slf), &tuple, kw.as_deref().map(|k| &**k), || takes_no_keywords(o))
    }
}

extern "C" fn method_get(o: &Object, instance: Option<&Object>, owner: Option<&Object>) -> PyResult {
    let d: &MethodDescr = o.cast();
    let Some(instance) = instance else { return Ok(o.to_obj()) };
    d.d_common.check(instance)?;
    if d.def().flags & meth::METHOD != 0 {
        let _ = owner;
        return Ok(cfunction::new_with_class(d.def(), Some(instance.to_obj()), None, d.owner().to_obj()));
    }
    Ok(cfunction::new(d.def(), Some(instance.to_obj()), None))
}

extern "C" fn method_repr(o: &Object) -> PyResult {
    descr_repr(o, "method")
}
fn method_doc(d: &MethodDescr) -> Option<String> {
    cfunction::doc_of(d.def())
}
fn method_signature(d: &MethodDescr) -> Option<String> {
    cfunction::signature_of(d.def())
}

#[unsafe(no_mangle)]
pub static PyMethodDescr_Type: Type = Type::new_static(TypeDef {
    name: c"method_descriptor",
    basicsize: size_of::<MethodDescr>(),
    flags: flags::HAVE_GC | flags::HAVE_VECTORCALL | flags::METHOD_DESCRIPTOR,
    dealloc: Some(dealloc_of::<MethodDescr>),
    vectorcall_offset: offset_of!(MethodDescr, vectorcall),
    repr: Some(method_repr),
    call: Some(call_through_vectorcall),
    getset: getsets![
        getset!(c"__doc__", method_doc),
        getset!(c"__qualname__", get_qualname),
        getset!(c"__text_signature__", method_signature),
    ],
    descr_get: Some(method_get),
    ..DESCR
});

// Class methods: the same layout under a type of its own.

/// `classmethod_descriptor`.
#[repr(C)]
pub struct ClassMethodDescr(MethodDescr);
layout!(ClassMethodDescr, PyClassMethodDescr_Type);

/// The descriptor of a METH_CLASS method.
pub fn new_class_method(ty: &Type, def: &'static MethodDef) -> Obj {
    new_object(ClassMethodDescr(MethodDescr {
        d_common: Descr::new(ty, def.name),
        d_method: Cell::new(def),
        vectorcall: Cell::new(None),
    }))
    .into_obj()
}

extern "C" fn classmethod_get(o: &Object, instance: Option<&Object>, owner: Option<&Object>) -> PyResult {
    let d = &o.cast::<ClassMethodDescr>().0;
    let owner = match (owner, instance) {
        (Some(c), _) => c,
        (None, Some(i)) => i.ty().as_object(),
        (None, None) => bail!(
            TypeError,
            "descriptor '{}' for type '{}' needs either an object or a type",
            d.d_common.name(),
            d.owner().name_str()
        ),
    };
    let Some(cls) = owner.downcast::<Type>() else {
        bail!(
            TypeError,
            "descriptor '{}' for type '{}' needs a type, not a '{}' as arg 2",
            d.d_common.name(),
            d.owner().name_str(),
            owner.ty().name_str()
        );
    };
    if !cls.is_subtype(d.owner()) {
        bail!(
            TypeError,
            "descriptor '{}' requires a subtype of '{}' but received '{}'",
            d.d_common.name(),
            d.owner().name_str(),
            cls.name_str()
        );
    }
    if d.def().flags & meth::METHOD != 0 {
        return Ok(cfunction::new_with_class(d.def(), Some(owner.to_obj()), None, d.owner().to_obj()));
    }
    Ok(cfunction::new(d.def(), Some(owner.to_obj()), None))
}

extern "C" fn classmethod_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let args: &Tuple = args.cast();
    if args.is_empty() {
        let d = common(o);
        bail!(TypeError, "descriptor '{}' of '{}' object needs an argument", d.name(), d.owner().name_str());
    }
    let bound = classmethod_get(o, None, Some(args.item(0)))?;
    bound.call_tuple(&args.slice(1, args.len()), kwargs)
}

fn classmethod_doc(d: &ClassMethodDescr) -> Option<String> {
    cfunction::doc_of(d.0.def())
}
fn classmethod_signature(d: &ClassMethodDescr) -> Option<String> {
    cfunction::signature_of(d.0.def())
}

#[unsafe(no_mangle)]
pub static PyClassMethodDescr_Type: Type = Type::new_static(TypeDef {
    name: c"classmethod_descriptor",
    basicsize: size_of::<ClassMethodDescr>(),
    dealloc: Some(dealloc_of::<ClassMethodDescr>),
    repr: Some(method_repr),
    call: Some(classmethod_call),
    methods: None,
    getset: getsets![
        getset!(c"__doc__", classmethod_doc),
        getset!(c"__qualname__", get_qualname),
        getset!(c"__text_signature__", classmethod_signature),
    ],
    descr_get: Some(classmethod_get),
    ..DESCR
});

// Members.

/// `member_descriptor` (`PyMemberDescrObject`).
#[repr(C)]
pub struct MemberDescr {
    d_common: Descr,
    d_member: Cell<*const MemberDef>,
}
const _: () = assert!(size_of::<MemberDescr>() == 48);
layout!(MemberDescr, PyMemberDescr_Type);

impl MemberDescr {
    /// The description.
    #[inline(always)]
    pub fn def(&self) -> &MemberDef {
        // SAFETY: members live as long as their type, which the descriptor keeps.
        unsafe { &*self.d_member.get() }
    }
    /// The class that the member belongs to.
    #[inline(always)]
    pub fn owner(&self) -> &Type {
        self.d_common.owner()
    }
}

/// The descriptor of a member.
pub fn new_member(ty: &Type, def: &MemberDef) -> Obj {
    new_object(MemberDescr { d_common: Descr::new(ty, def.name), d_member: Cell::new(def) }).into_obj()
}

extern "C" fn member_get(o: &Object, instance: Option<&Object>, _: Option<&Object>) -> PyResult {
    let d: &MemberDescr = o.cast();
    let Some(i) = instance else { return Ok(o.to_obj()) };
    d.d_common.check(i)?;
    super::member::get(i, d.def(), d.d_common.d_name.get().unwrap_or(none::none()))
}

extern "C" fn member_set(o: &Object, instance: &Object, value: Option<&Object>) -> c_int {
    status((|| {
        let d: &MemberDescr = o.cast();
        check_set(&d.d_common, instance)?;
        super::member::set(instance, d.def(), value, d.d_common.d_name.get().unwrap_or(none::none()))
    })())
}

fn check_set(d: &Descr, instance: &Object) -> PyResult<()> {
    if instance.ty().is_subtype(d.owner()) {
        return Ok(());
    }
    bail!(
        TypeError,
        "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
        d.name(),
        d.owner().name_str(),
        instance.ty().name_str()
    )
}

extern "C" fn member_repr(o: &Object) -> PyResult {
    descr_repr(o, "member")
}
fn member_doc(d: &MemberDescr) -> Option<String> {
    let p = d.def().doc;
    // SAFETY: a C string or null.
    (!p.is_null()).then(|| unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned())
}

#[unsafe(no_mangle)]
pub static PyMemberDescr_Type: Type = Type::new_static(TypeDef {
    name: c"member_descriptor",
    basicsize: size_of::<MemberDescr>(),
    dealloc: Some(dealloc_of::<MemberDescr>),
    repr: Some(member_repr),
    getset: getsets![getset!(c"__doc__", member_doc), getset!(c"__qualname__", get_qualname)],
    descr_get: Some(member_get),
    descr_set: Some(member_set),
    ..DESCR
});

// Computed attributes.

/// `getset_descriptor` (`PyGetSetDescrObject`).
#[repr(C)]
pub struct GetSetDescr {
    d_common: Descr,
    d_getset: Cell<*const GetSetDef>,
}
const _: () = assert!(size_of::<GetSetDescr>() == 48);
layout!(GetSetDescr, PyGetSetDescr_Type);

impl GetSetDescr {
    fn def(&self) -> &GetSetDef {
        // SAFETY: descriptions outlive their types.
        unsafe { &*self.d_getset.get() }
    }
}

/// The descriptor of a computed attribute.
pub fn new_getset(ty: &Type, def: &GetSetDef) -> Obj {
    new_object(GetSetDescr { d_common: Descr::new(ty, def.name), d_getset: Cell::new(def) }).into_obj()
}

extern "C" fn getset_get(o: &Object, instance: Option<&Object>, _: Option<&Object>) -> PyResult {
    let d: &GetSetDescr = o.cast();
    let Some(i) = instance else { return Ok(o.to_obj()) };
    d.d_common.check(i)?;
    match d.def().get {
        Some(f) => f(i, d.def().closure),
        None => bail!(
            AttributeError,
            "attribute '{}' of '{}' objects is not readable",
            d.d_common.name(),
            d.d_common.owner().name_str()
        ),
    }
}

extern "C" fn getset_set(o: &Object, instance: &Object, value: Option<&Object>) -> c_int {
    let d: &GetSetDescr = o.cast();
    if check_set(&d.d_common, instance).is_err() {
        return -1;
    }
    match d.def().set {
        Some(f) => f(instance, value, d.def().closure),
        None => {
            let _ = crate::raise!(
                AttributeError,
                "attribute '{}' of '{}' objects is not writable",
                d.d_common.name(),
                d.d_common.owner().name_str()
            );
            -1
        }
    }
}

extern "C" fn getset_repr(o: &Object) -> PyResult {
    descr_repr(o, "attribute")
}
fn getset_doc(d: &GetSetDescr) -> Option<String> {
    let p = d.def().doc;
    // SAFETY: a C string or null.
    (!p.is_null()).then(|| unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned())
}

#[unsafe(no_mangle)]
pub static PyGetSetDescr_Type: Type = Type::new_static(TypeDef {
    name: c"getset_descriptor",
    basicsize: size_of::<GetSetDescr>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<GetSetDescr>),
    repr: Some(getset_repr),
    traverse: Some(descr_traverse),
    members: descr_members!(),
    getset: getsets![getset!(c"__doc__", getset_doc), getset!(c"__qualname__", get_qualname)],
    descr_get: Some(getset_get),
    descr_set: Some(getset_set),
    ..TypeDef::EMPTY
});

// Slots as methods.

/// `wrapper_descriptor` (`PyWrapperDescrObject`): a slot as a special method.
#[repr(C)]
pub struct WrapperDescr {
    d_common: Descr,
    d_base: Cell<*const SlotDef>,
    d_wrapped: Cell<*const c_void>,
}
const _: () = assert!(size_of::<WrapperDescr>() == 56 && offset_of!(WrapperDescr, d_wrapped) == 48);
layout!(WrapperDescr, PyWrapperDescr_Type);

impl WrapperDescr {
    /// The slot table's row.
    pub fn row(&self) -> &'static SlotDef {
        // SAFETY: rows are static.
        unsafe { &*self.d_base.get() }
    }
    /// The slot function.
    pub fn wrapped(&self) -> *const c_void {
        self.d_wrapped.get()
    }
    /// The class whose slot it is.
    #[inline(always)]
    pub fn owner(&self) -> &Type {
        self.d_common.owner()
    }
    fn invoke(&self, slf: &Object, args: &Tuple, kwargs: Option<&Object>) -> PyResult {
        let row = self.row();
        if row.flags & 1 == 0 && kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
            bail!(TypeError, "wrapper {}() takes no keyword arguments", row.name_str());
        }
        match row.wrapper {
            Some(w) => w(slf, args, self.wrapped(), kwargs),
            None => bail!(SystemError, "slot without wrapper"),
        }
    }
}

/// The descriptor of a filled slot.
pub fn new_wrapper(ty: &Type, row: &'static SlotDef, wrapped: *const c_void) -> Obj {
    new_object(WrapperDescr {
        d_common: Descr::named(ty, row.interned().to_obj()),
        d_base: Cell::new(row),
        d_wrapped: Cell::new(wrapped),
    })
    .into_obj()
}

/// The name of a descriptor.
pub fn name_of(o: &Object) -> Option<Obj> {
    common(o).d_name.get_owned()
}

/// Whether `o` is the slot wrapper of exactly this native function.
pub fn is_wrapper_of(o: &Object, function: *const c_void) -> bool {
    o.downcast_exact::<WrapperDescr>().is_some_and(|w| w.wrapped() == function)
}

extern "C" fn wrapper_descr_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let d: &WrapperDescr = o.cast();
    let args: &Tuple = args.cast();
    if args.is_empty() {
        bail!(TypeError, "descriptor '{}' of '{}' object needs an argument", d.d_common.name(), d.owner().name_str());
    }
    let slf = args.item(0);
    if !slf.ty().is_subtype(d.owner()) {
        bail!(
            TypeError,
            "descriptor '{}' requires a '{}' object but received a '{}'",
            d.d_common.name(),
            d.owner().name_str(),
            slf.ty().name_str()
        );
    }
    d.invoke(slf, &args.slice(1, args.len()), kwargs)
}

extern "C" fn wrapper_get(o: &Object, instance: Option<&Object>, _: Option<&Object>) -> PyResult {
    let d: &WrapperDescr = o.cast();
    let Some(i) = instance else { return Ok(o.to_obj()) };
    d.d_common.check(i)?;
    Ok(new_object(MethodWrapper {
        ob_base: Object::placeholder(),
        descr: ObjCell::new(o.to_obj()),
        slf: ObjCell::new(i.to_obj()),
    })
    .into_obj())
}

extern "C" fn wrapper_repr(o: &Object) -> PyResult {
    descr_repr(o, "slot wrapper")
}

fn row_doc(row: &SlotDef) -> String {
    // SAFETY: rows hold static C strings.
    let doc = unsafe { CStr::from_ptr(row.doc) }.to_string_lossy();
    strip_signature(row.name_str(), &doc).to_owned()
}
fn row_signature(row: &SlotDef) -> Option<String> {
    // SAFETY: rows hold static C strings.
    let doc = unsafe { CStr::from_ptr(row.doc) }.to_string_lossy();
    text_signature(row.name_str(), &doc).map(str::to_owned)
}
fn wrapper_doc(d: &WrapperDescr) -> String {
    row_doc(d.row())
}
fn wrapper_signature(d: &WrapperDescr) -> Option<String> {
    row_signature(d.row())
}

#[unsafe(no_mangle)]
pub static PyWrapperDescr_Type: Type = Type::new_static(TypeDef {
    name: c"wrapper_descriptor",
    basicsize: size_of::<WrapperDescr>(),
    flags: flags::HAVE_GC | flags::METHOD_DESCRIPTOR,
    dealloc: Some(dealloc_of::<WrapperDescr>),
    repr: Some(wrapper_repr),
    call: Some(wrapper_descr_call),
    getset: getsets![
        getset!(c"__doc__", wrapper_doc),
        getset!(c"__qualname__", get_qualname),
        getset!(c"__text_signature__", wrapper_signature),
    ],
    descr_get: Some(wrapper_get),
    ..DESCR
});

/// `method-wrapper`: a slot wrapper bound to an object.
#[repr(C)]
pub struct MethodWrapper {
    ob_base: Object,
    descr: ObjCell,
    slf: ObjCell,
}
const _: () = assert!(size_of::<MethodWrapper>() == 32);
layout!(MethodWrapper, _PyMethodWrapper_Type);

impl MethodWrapper {
    fn descr(&self) -> &WrapperDescr {
        self.descr.get().expect("bound at creation").cast()
    }
    fn receiver(&self) -> &Object {
        self.slf.get().expect("bound at creation")
    }
}

extern "C" fn method_wrapper_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let w: &MethodWrapper = o.cast();
    w.descr().invoke(w.receiver(), args.cast(), kwargs)
}

extern "C" fn method_wrapper_repr(o: &Object) -> PyResult {
    let w: &MethodWrapper = o.cast();
    let s = w.receiver();
    Ok(text(&format!("<method-wrapper '{}' of {} object at {:p}>", w.descr().row().name_str(), s.ty().name_str(), s)))
}

extern "C" fn method_wrapper_hash(o: &Object) -> isize {
    let w: &MethodWrapper = o.cast();
    let h = crate::protocol::compare::hash_pointer(w.receiver()) ^ crate::protocol::compare::hash_pointer(w.descr());
    if h == -1 { -2 } else { h }
}

extern "C" fn method_wrapper_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast::<MethodWrapper>(), b.downcast::<MethodWrapper>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let same = std::ptr::eq(x.descr(), y.descr()) && x.receiver().is(y.receiver());
    Ok(bool_::from_bool(same == (op == CompareOp::Eq)))
}

extern "C" fn method_wrapper_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let w: &MethodWrapper = o.cast();
    crate::visit!(w.descr, visit, arg);
    crate::visit!(w.slf, visit, arg);
    0
}

/// How pickle finds the method again.
#[method(signature = "()", name = "__reduce__", text = false)]
fn method_wrapper_reduce(this: &MethodWrapper) -> PyResult {
    let getattr = (crate::hooks::get().current_builtins)().get_item(intern!("getattr"))?;
    let args = Tuple::new(&[this.receiver(), &Str::from_utf8(this.descr().row().name_str())]);
    Ok(Tuple::new(&[&getattr, &args]).into_obj())
}

fn method_wrapper_objclass(w: &MethodWrapper) -> Obj {
    w.descr().owner().to_obj()
}
fn method_wrapper_name(w: &MethodWrapper) -> String {
    w.descr().row().name_str().to_owned()
}
fn method_wrapper_qualname(w: &MethodWrapper) -> PyResult {
    w.descr().d_common.qualname()
}
fn method_wrapper_doc(w: &MethodWrapper) -> String {
    row_doc(w.descr().row())
}
fn method_wrapper_signature(w: &MethodWrapper) -> Option<String> {
    row_signature(w.descr().row())
}

#[unsafe(no_mangle)]
pub static _PyMethodWrapper_Type: Type = Type::new_static(TypeDef {
    name: c"method-wrapper",
    basicsize: size_of::<MethodWrapper>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<MethodWrapper>),
    repr: Some(method_wrapper_repr),
    hash: Some(method_wrapper_hash),
    call: Some(method_wrapper_call),
    traverse: Some(method_wrapper_traverse),
    richcompare: Some(method_wrapper_richcompare),
    methods: methods![method_wrapper_reduce],
    members: members![MemberDef::new(c"__self__", member::OBJECT, offset_of!(MethodWrapper, slf), member::READONLY)],
    getset: getsets![
        getset!(c"__objclass__", method_wrapper_objclass),
        getset!(c"__name__", method_wrapper_name),
        getset!(c"__qualname__", method_wrapper_qualname),
        getset!(c"__doc__", method_wrapper_doc),
        getset!(c"__text_signature__", method_wrapper_signature),
    ],
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[
    &PyMethodDescr_Type,
    &PyClassMethodDescr_Type,
    &PyMemberDescr_Type,
    &PyGetSetDescr_Type,
    &PyWrapperDescr_Type,
    &_PyMethodWrapper_Type,
];

/// The `AttributeError` of a member that is not set.
pub fn unset_member(o: &Object, name: &Object) -> crate::Raised {
    let n = name.downcast::<Str>().map_or_else(String::new, |s| s.to_utf8_lossy().into_owned());
    match crate::protocol::repr::fully_qualified_name(o.ty()) {
        Ok(class) => exceptions::attribute_error(o, name, &format!("'{class}' object has no attribute '{n}'")),
        Err(e) => e,
    }
}

#[cold]
fn classless() -> ! {
    unreachable!("a descriptor has its class")
}
