//! `NoDefault`, and functions that give a known value.

use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::none::none;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Type, TypeDef, bail, flags, layout, method, methods};

/// `typing.NoDefault`.
pub static NO_DEFAULT: Object = Object::immortal(&NoDefault_Type);

/// `typing.NoDefault`.
pub fn no_default() -> &'static Object {
    &NO_DEFAULT
}

extern "C" fn no_default_repr(_: &Object) -> PyResult {
    Ok(Str::from_utf8("typing.NoDefault").into_obj())
}
extern "C" fn no_default_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if !args.cast::<Tuple>().is_empty() || kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "NoDefaultType takes no arguments");
    }
    Ok(no_default().to_obj())
}
/// Pickle by name.
#[method(signature = "()", name = "__reduce__", text = false)]
fn no_default_reduce(_this: &Object) -> &'static str {
    "NoDefault"
}

#[allow(non_upper_case_globals)]
/// The type of `NoDefault`.
pub static NoDefault_Type: Type = Type::new_static(TypeDef {
    name: c"NoDefaultType",
    doc: Some(c"The type of the NoDefault singleton."),
    repr: Some(no_default_repr),
    methods: methods![no_default_reduce],
    new: Some(no_default_new),
    ..TypeDef::EMPTY
});

/// A function that gives a known value, as the value or as source text.
#[repr(C)]
pub struct ConstEvaluator {
    ob_base: Object,
    value: ObjCell,
}
layout!(ConstEvaluator, ConstEvaluator_Type);

impl ConstEvaluator {
    /// For `v`.
    pub fn create(v: Obj) -> Obj {
        new_object(ConstEvaluator { ob_base: Object::placeholder(), value: ObjCell::new(v) }).into_obj()
    }
}

/// `annotationlib.Format.STRING`.
const STRING: i64 = 4;

extern "C" fn evaluator_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "constevaluator.__call__ takes no keyword arguments");
    }
    let args: &Tuple = args.cast();
    if args.len() != 1 {
        bail!(TypeError, "constevaluator.__call__() takes exactly 1 argument ({} given)", args.len());
    }
    let format = args.item(0).as_i64()?;
    let v = o.cast::<ConstEvaluator>().value.get_owned().unwrap_or_else(|| none().to_obj());
    if format != STRING {
        return Ok(v);
    }
    let mut b = StrBuilder::new();
    match v.downcast_exact::<Tuple>() {
        Some(t) => {
            b.push_str("(");
            for (i, x) in t.items().iter().enumerate() {
                if i > 0 {
                    b.push_str(", ");
                }
                taipan_object::types::generic_alias::write_type(&mut b, x)?;
            }
            b.push_str(if t.len() == 1 { ",)" } else { ")" });
        }
        None => taipan_object::types::generic_alias::write_type(&mut b, &v)?,
    }
    Ok(b.finish().into_obj())
}

extern "C" fn evaluator_repr(o: &Object) -> PyResult {
    let v = o.cast::<ConstEvaluator>().value.get_owned().unwrap_or_else(|| none().to_obj());
    Ok(Str::from_utf8(&format!("<constevaluator {}>", v.repr()?.display())).into_obj())
}
extern "C" fn evaluator_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<ConstEvaluator>().value.get().map_or(0, |v| visit(v, arg))
}
extern "C" fn evaluator_clear(o: &Object) -> c_int {
    o.cast::<ConstEvaluator>().value.set(None);
    0
}

#[allow(non_upper_case_globals)]
/// The type of functions that give a known value.
pub static ConstEvaluator_Type: Type = Type::new_static(TypeDef {
    name: c"_typing._ConstEvaluator",
    basicsize: size_of::<ConstEvaluator>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<ConstEvaluator>),
    repr: Some(evaluator_repr),
    call: Some(evaluator_call),
    traverse: Some(evaluator_traverse),
    clear: Some(evaluator_clear),
    ..TypeDef::EMPTY
});
