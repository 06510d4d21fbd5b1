//! Calls by every convention there is, of functions, methods and objects.

use super::generic_new;
use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::mem::offset_of;
use taipan_capi::typespec::{Spec, SpecSlot, from_spec};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::CallArgs;
use taipan_object::method::{MemberDef, MethodDef, MethodPtr, member, meth};
use taipan_object::protocol::call::{self, call_through_vectorcall, kwargs_dict};
use taipan_object::typeobj::slots::VectorcallFunc;
use taipan_object::types::bool_;
use taipan_object::types::dict::Dict;
use taipan_object::types::method_::Method;
use taipan_object::types::module::Module;
use taipan_object::types::none::none_obj;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Type, TypeDef, bail, flags, function, layout, method};
use taipan_vm::Function;

// Functions that answer what they were called with.

fn or_none(o: Option<&Object>) -> Obj {
    o.map_or_else(none_obj, Object::to_obj)
}

fn keywords(call: &CallArgs<'_>) -> PyResult {
    Ok(kwargs_dict(call.keywords())?.map_or_else(none_obj, Ref::into_obj))
}

extern "C" fn varargs(slf: Option<&Object>, args: Option<&Object>) -> PyResult {
    Ok(Tuple::from_vec(vec![or_none(slf), or_none(args)]).into_obj())
}

extern "C" fn varargs_keywords(slf: Option<&Object>, args: &Object, kwargs: Option<&Object>) -> PyResult {
    Ok(Tuple::from_vec(vec![or_none(slf), args.to_obj(), or_none(kwargs)]).into_obj())
}

extern "C" fn one(slf: Option<&Object>, arg: Option<&Object>) -> PyResult {
    Ok(Tuple::from_vec(vec![or_none(slf), or_none(arg)]).into_obj())
}

extern "C" fn noargs(slf: Option<&Object>, _: Option<&Object>) -> PyResult {
    Ok(or_none(slf))
}

unsafe extern "C" fn fastcall(slf: Option<&Object>, args: *const *const Object, n: isize) -> PyResult {
    // SAFETY: METH_FASTCALL passes that many live arguments.
    let call = unsafe { CallArgs::from_raw(args, n as usize, None) };
    Ok(Tuple::from_vec(vec![or_none(slf), Tuple::new(call.positional()).into_obj()]).into_obj())
}

unsafe extern "C" fn fastcall_keywords(
    slf: Option<&Object>,
    args: *const *const Object,
    n: isize,
    names: Option<&Object>,
) -> PyResult {
    // SAFETY: METH_FASTCALL | METH_KEYWORDS passes that many live arguments, and one for each name.
    let call = unsafe { CallArgs::from_raw(args, n as usize, names) };
    let positional = Tuple::new(call.positional()).into_obj();
    Ok(Tuple::from_vec(vec![or_none(slf), positional, keywords(&call)?]).into_obj())
}

const fn rows(extra: i32) -> [MethodDef; 7] {
    const fn row(name: &'static CStr, meth: MethodPtr, flags: i32) -> MethodDef {
        MethodDef { name: name.as_ptr(), meth, flags, doc: std::ptr::null() }
    }
    [
        row(c"meth_varargs", MethodPtr { plain: varargs }, meth::VARARGS | extra),
        row(c"meth_varargs_keywords", MethodPtr { keywords: varargs_keywords }, meth::VARARGS | meth::KEYWORDS | extra),
        row(c"meth_o", MethodPtr { plain: one }, meth::O | extra),
        row(c"meth_noargs", MethodPtr { plain: noargs }, meth::NOARGS | extra),
        row(c"meth_fastcall", MethodPtr { fast: fastcall }, meth::FASTCALL | extra),
        row(
            c"meth_fastcall_keywords",
            MethodPtr { fast_keywords: fastcall_keywords },
            meth::FASTCALL | meth::KEYWORDS | extra,
        ),
        MethodDef::END,
    ]
}

static FUNCTIONS: [MethodDef; 7] = rows(0);
static CLASS_METHODS: [MethodDef; 7] = rows(meth::CLASS);
static STATIC_METHODS: [MethodDef; 7] = rows(meth::STATIC);

const fn caller(name: &'static CStr, methods: &'static [MethodDef]) -> Type {
    let def = TypeDef { name, methods: Some(methods), new: Some(generic_new), ..TypeDef::EMPTY };
    Type::with_flags(def, flags::IMMUTABLETYPE)
}

static INSTANCE_TYPE: Type = caller(c"MethInstance", &FUNCTIONS);
static CLASS_TYPE: Type = caller(c"MethClass", &CLASS_METHODS);
static STATIC_TYPE: Type = caller(c"MethStatic", &STATIC_METHODS);

// Objects with their own vectorcall function.

#[repr(C)]
struct Descriptor {
    ob_base: Object,
    vectorcall: Cell<Option<VectorcallFunc>>,
}

layout!(Descriptor, DESCRIPTOR_TYPE);

#[repr(C)]
struct Descriptor2 {
    base: Descriptor,
    vectorcall: Cell<Option<VectorcallFunc>>,
}

layout!(Descriptor2, DESCRIPTOR2_TYPE);

unsafe extern "C" fn answer_true(_: &Object, _: *const *const Object, _: usize, _: Option<&Object>) -> PyResult {
    Ok(bool_::from_bool(true))
}

unsafe extern "C" fn answer_false(_: &Object, _: *const *const Object, _: usize, _: Option<&Object>) -> PyResult {
    Ok(bool_::from_bool(false))
}

extern "C" fn descriptor_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Descriptor { ob_base: Object::placeholder(), vectorcall: Cell::new(Some(answer_true)) };
    new_instance(cls, body).map(Ref::into_obj)
}

extern "C" fn descriptor2_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let base = Descriptor { ob_base: Object::placeholder(), vectorcall: Cell::new(None) };
    new_instance(cls, Descriptor2 { base, vectorcall: Cell::new(Some(answer_false)) }).map(Ref::into_obj)
}

extern "C" fn bind(slf: &Object, obj: Option<&Object>, _: Option<&Object>) -> PyResult {
    match obj.filter(|o| !o.is_none()) {
        Some(o) => Ok(Method::new(slf.to_obj(), o.to_obj()).into_obj()),
        None => Ok(slf.to_obj()),
    }
}

extern "C" fn bind_nothing(slf: &Object, _: Option<&Object>, _: Option<&Object>) -> PyResult {
    Ok(slf.to_obj())
}

extern "C" fn answer_arguments(_: &Object, args: &Object, _: Option<&Object>) -> PyResult {
    Ok(args.to_obj())
}

static DESCRIPTOR_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"MethodDescriptorBase",
        basicsize: size_of::<Descriptor>(),
        flags: flags::BASETYPE | flags::METHOD_DESCRIPTOR | flags::HAVE_VECTORCALL,
        dealloc: Some(dealloc_of::<Descriptor>),
        vectorcall_offset: offset_of!(Descriptor, vectorcall),
        call: Some(call_through_vectorcall),
        descr_get: Some(bind),
        new: Some(descriptor_new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

static DERIVED_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"MethodDescriptorDerived",
        base: Some(&DESCRIPTOR_TYPE),
        basicsize: size_of::<Descriptor>(),
        flags: flags::BASETYPE,
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

static NOP_GET_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"MethodDescriptorNopGet",
        base: Some(&DESCRIPTOR_TYPE),
        basicsize: size_of::<Descriptor>(),
        flags: flags::BASETYPE,
        call: Some(answer_arguments),
        descr_get: Some(bind_nothing),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

static DESCRIPTOR2_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"MethodDescriptor2",
        base: Some(&DESCRIPTOR_TYPE),
        basicsize: size_of::<Descriptor2>(),
        flags: flags::BASETYPE | flags::HAVE_VECTORCALL,
        dealloc: Some(dealloc_of::<Descriptor2>),
        vectorcall_offset: offset_of!(Descriptor2, vectorcall),
        call: Some(call_through_vectorcall),
        new: Some(descriptor2_new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

// Classes from specifications.

const BASICSIZE: i32 = size_of::<Descriptor>() as i32;
const TP_CALL: i32 = 50;
const TP_METHODS: i32 = 64;
const TP_NEW: i32 = 65;
const TP_MEMBERS: i32 = 72;

/// A table of slots, alive as long as the process: classes keep pointers into it.
fn slots(rows: Vec<SpecSlot>) -> *const SpecSlot {
    let mut rows = rows;
    rows.push(SpecSlot { slot: 0, value: std::ptr::null() });
    rows.leak().as_ptr()
}

fn class(name: &'static CStr, basicsize: i32, flags: u64, rows: Vec<SpecSlot>, base: Option<&Object>) -> PyResult {
    let spec = Spec { name: name.as_ptr(), basicsize, itemsize: 0, flags: flags as u32, slots: slots(rows) };
    from_spec(None, None, &spec, base)
}

extern "C" fn call_slot(_: &Object, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(Str::from_utf8("tp_call").into_obj())
}

unsafe extern "C" fn call_vector(_: &Object, _: *const *const Object, _: usize, _: Option<&Object>) -> PyResult {
    Ok(Str::from_utf8("vectorcall").into_obj())
}

fn place_of_vectorcall<'a>(o: &'a Object, ty: &Type) -> PyResult<&'a Cell<Option<VectorcallFunc>>> {
    let offset = ty.vectorcall_offset.get();
    if !o.ty().is_subtype(ty) || offset < size_of::<Object>() as isize {
        bail!(TypeError, "{} has no vectorcall function by {}", o.ty().name_str(), ty.name_str());
    }
    // SAFETY: instances of the type have the function at the offset.
    Ok(unsafe { &*o.as_ptr().cast::<u8>().offset(offset).cast() })
}

/// Install a vectorcall function where the type has its place.
#[method(signature = "(type, /)")]
fn set_vectorcall(this: &Object, r#type: &Type) -> PyResult<()> {
    if !r#type.has_flag(flags::HAVE_VECTORCALL) {
        bail!(TypeError, "the type must be called by vectorcall");
    }
    place_of_vectorcall(this, r#type)?.set(Some(call_vector));
    Ok(())
}

static VECTORCALL_METHODS: &[MethodDef] = &[set_vectorcall::DEF, MethodDef::END];
static VECTORCALL_MEMBERS: &[MemberDef] = &[
    MemberDef::new(c"__vectorcalloffset__", member::PYSSIZET, offset_of!(Descriptor, vectorcall), member::READONLY),
    MemberDef::END,
];
static RELATIVE_MEMBERS: &[MemberDef] = &[
    MemberDef::new(c"__vectorcalloffset__", member::PYSSIZET, 0, member::READONLY | member::RELATIVE_OFFSET),
    MemberDef::END,
];

/// Make a class whose instances may get a vectorcall function.
#[function(signature = "(base=None, /)")]
pub fn make_vectorcall_class(base: Option<&Object>) -> PyResult {
    let size = match base {
        Some(b) => b.downcast::<Type>().map_or(0, |t| t.basicsize.get() as i32),
        None => 0,
    };
    // The place for the function comes after what the base has.
    let offset = size.max(size_of::<Object>() as i32);
    let rows: &'static [MemberDef] = Box::leak(Box::new([
        MemberDef::new(c"__vectorcalloffset__", member::PYSSIZET, offset as usize, member::READONLY),
        MemberDef::END,
    ]));
    let slots = vec![
        SpecSlot { slot: TP_CALL, value: call_slot as *const c_void },
        SpecSlot { slot: TP_MEMBERS, value: rows.as_ptr().cast() },
        SpecSlot { slot: TP_METHODS, value: VECTORCALL_METHODS.as_ptr().cast() },
    ];
    let bits = flags::BASETYPE | flags::HAVE_VECTORCALL;
    class(c"_testcapi.VectorcallClass", offset + 8, bits, slots, base)
}

unsafe extern "C" fn say_called(_: &Object, _: *const *const Object, _: usize, _: Option<&Object>) -> PyResult {
    Ok(Str::from_utf8("vectorcall called").into_obj())
}

extern "C" fn limited_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let alloc = cls.alloc.get().unwrap_or(taipan_object::alloc::generic_alloc);
    let o = alloc(cls, 0)?;
    place_of_vectorcall(&o, cls)?.set(Some(say_called));
    Ok(o)
}

fn limited(name: &'static CStr, basicsize: i32, members: &'static [MemberDef]) -> PyResult {
    let slots = vec![
        SpecSlot { slot: TP_NEW, value: limited_new as *const c_void },
        SpecSlot { slot: TP_CALL, value: call_through_vectorcall as *const c_void },
        SpecSlot { slot: TP_MEMBERS, value: members.as_ptr().cast() },
    ];
    class(name, basicsize, flags::HAVE_VECTORCALL, slots, None)
}

/// `_testlimitedcapi.LimitedVectorCallClass`.
pub fn new_limited_class() -> PyResult {
    limited(c"_testlimitedcapi.LimitedVectorCallClass", BASICSIZE, VECTORCALL_MEMBERS)
}

/// `_testlimitedcapi.LimitedRelativeVectorCallClass`, whose function lies after whatever the base has.
pub fn new_relative_class() -> PyResult {
    limited(c"_testlimitedcapi.LimitedRelativeVectorCallClass", -8, RELATIVE_MEMBERS)
}

// Calling.

/// Whether instances are called by vectorcall.
#[function(signature = "(type, /)")]
pub fn has_vectorcall_flag(r#type: &Type) -> bool {
    r#type.has_flag(flags::HAVE_VECTORCALL)
}

fn positional(args: Option<&Object>) -> PyResult<&[&Object]> {
    match args {
        None => Ok(&[]),
        Some(a) => match a.downcast::<Tuple>() {
            Some(t) => Ok(t.borrowed_items()),
            None => bail!(TypeError, "args must be None or a tuple"),
        },
    }
}

/// Call with positional arguments and a dict.
#[function(signature = "(func, func_args, kwargs, /)")]
pub fn pyobject_fastcalldict(func: &Object, func_args: Option<&Object>, kwargs: Option<&Object>) -> PyResult {
    let args = positional(func_args)?;
    match kwargs {
        None => func.call(args),
        Some(k) if k.downcast::<Dict>().is_some() => func.call_tuple(&Tuple::new(args), Some(k)),
        Some(_) => bail!(TypeError, "kwnames must be None or a dict"),
    }
}

/// Call with values, the last of them under names.
#[function(signature = "(func, func_args, kwnames, /)")]
pub fn pyobject_vectorcall(func: &Object, func_args: Option<&Object>, kwnames: Option<&Object>) -> PyResult {
    let args = positional(func_args)?;
    let names = match kwnames {
        None => None,
        Some(k) => match k.downcast::<Tuple>() {
            Some(t) if t.len() > args.len() => bail!(ValueError, "kwargs is longer than args"),
            Some(t) => Some(t),
            None => bail!(TypeError, "kwnames must be None or a tuple"),
        },
    };
    let n = args.len() - names.map_or(0, Tuple::len);
    // SAFETY: the tuple keeps the arguments alive, as many as positions and names say.
    unsafe { call::vectorcall(func, args.as_ptr().cast(), n, names.map(|t| &**t)) }
}

fn tuple_and_dict<'a>(args: &Object, kwargs: Option<&'a Object>) -> PyResult<Option<&'a Object>> {
    if args.downcast::<Tuple>().is_none() {
        bail!(TypeError, "args must be a tuple");
    }
    match kwargs {
        Some(k) if k.downcast::<Dict>().is_none() => bail!(TypeError, "kwargs must be a dict"),
        k => Ok(k),
    }
}

/// Call the object's vectorcall function.
#[function(signature = "(func, argstuple, kwargs=None, /)")]
pub fn pyvectorcall_call(func: &Object, argstuple: &Object, kwargs: Option<&Object>) -> PyResult {
    let kwargs = tuple_and_dict(argstuple, kwargs)?;
    call_through_vectorcall(func, argstuple, kwargs)
}

/// Call with a tuple and a dict.
#[function(signature = "(func, args, kwargs=None, /)")]
pub fn pycfunction_call(func: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let kwargs = tuple_and_dict(args, kwargs)?;
    func.call_tuple(args, kwargs)
}

unsafe extern "C" fn overridden(_: &Object, _: *const *const Object, _: usize, _: Option<&Object>) -> PyResult {
    Ok(Str::from_utf8("overridden").into_obj())
}

/// Replace what calls of a Python function do.
#[function(signature = "(func, /)")]
pub fn function_setvectorcall(func: &Object) -> PyResult<()> {
    match func.downcast::<Function>() {
        Some(f) => f.set_vectorcall(overridden),
        None => bail!(TypeError, "'func' must be a function"),
    }
    Ok(())
}

/// Adds what this file defines.
pub fn add(m: &Module) -> PyResult<()> {
    m.add_functions(Some(&FUNCTIONS))?;
    for ty in
        [&INSTANCE_TYPE, &CLASS_TYPE, &STATIC_TYPE, &DESCRIPTOR_TYPE, &DERIVED_TYPE, &NOP_GET_TYPE, &DESCRIPTOR2_TYPE]
    {
        m.add_type(ty)?;
    }
    Ok(())
}
