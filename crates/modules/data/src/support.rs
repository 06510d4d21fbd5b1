//! What most of these modules need: argument binding of constructors, iteration at slot level, traversal.

use std::ffi::{c_int, c_void};
use taipan_object::args::{CallArgs, Signature, bind_keywords, bind_positional, with_tuple_args};
use taipan_object::error::occurred;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::exceptions;
pub use taipan_object::types::iterators::self_iter;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, classmethod};

/// `tp_traverse` over fields that own objects.
#[inline]
pub fn visit_fields(fields: &[&ObjCell], visit: VisitProc, arg: *mut c_void) -> c_int {
    for f in fields {
        if let Some(o) = f.get() {
            let r = visit(o, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

/// The next item at slot level: exhaustion and errors alike are `None`.
#[inline(always)]
pub fn raw_next(it: &Object) -> Option<Obj> {
    match it.ty().iternext.get() {
        Some(f) => f(it),
        None => {
            let _ = taipan_object::raise!(TypeError, "'{}' object is not an iterator", it.ty().name_str());
            None
        }
    }
}

/// After [`raw_next`] answered `None`: clears a `StopIteration`, passes on anything else.
#[inline]
pub fn exhausted() -> PyResult<()> {
    match occurred() {
        None => Ok(()),
        Some(e) => e.recover(exceptions::StopIteration, ()),
    }
}

/// A tuple of owned items.
pub fn tuple_of<const N: usize>(items: [Obj; N]) -> Ref<Tuple> {
    Tuple::from_vec(items.into())
}

/// `None` as a new reference.
pub fn none() -> Obj {
    taipan_object::types::none::none().to_obj()
}

/// A signature whose positional-only parameters come first: `signature!("count", 0, 2, [start?, step?])`.
#[macro_export]
macro_rules! signature {
    ($func:literal, posonly $posonly:literal, positional $positional:literal, [$($name:literal $required:literal),*]) => {{
        static SIGNATURE: taipan_object::args::Signature = taipan_object::args::Signature {
            name: $func,
            params: &[$(taipan_object::args::Param { name: $name, required: $required }),*],
            posonly: $posonly,
            positional: $positional,
            varargs: false,
            varkw: false,
        };
        &SIGNATURE
    }};
}

/// Binds the arguments of a constructor that may be given by name.
pub fn bind<const N: usize, R>(
    sig: &'static Signature,
    args: &Object,
    kwargs: Option<&Object>,
    f: impl for<'a> FnOnce([Option<&'a Object>; N]) -> PyResult<R>,
) -> PyResult<R> {
    with_tuple_args(sig.name, args, kwargs, |call: CallArgs<'_>| {
        let mut out = [None; N];
        bind_keywords(sig, call, &mut out)?;
        f(out)
    })
}

/// Binds the arguments of a constructor that takes none by name, unless `cls` is a subclass with its own `__init__`.
pub fn bind_by_position<const N: usize, R>(
    sig: &'static Signature,
    cls: &Type,
    base: &Type,
    args: &Object,
    kwargs: Option<&Object>,
    f: impl for<'a> FnOnce([Option<&'a Object>; N]) -> PyResult<R>,
) -> PyResult<R> {
    taipan_object::args::no_keywords(sig.name, cls, base, kwargs)?;
    let args: &Tuple = args.cast();
    let mut out = [None; N];
    bind_positional(sig, CallArgs::new(args.borrowed_items(), args.len(), None), &mut out)?;
    f(out)
}

/// See PEP 585
#[classmethod(signature = "(object, /)")]
pub fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    taipan_object::types::generic_alias::new(cls.as_object(), object)
}

/// `module.qualname` of a type, without the module for built-in ones (`PyType_GetFullyQualifiedName`).
pub fn full_name(ty: &Type) -> PyResult<String> {
    use taipan_object::intern;
    use taipan_object::types::str::Str;
    if !ty.is_heap() {
        return Ok(ty.name_str().to_owned());
    }
    let qualname = ty.as_object().get_attr(intern!("__qualname__"))?.str()?;
    let module = ty.as_object().get_attr_opt(intern!("__module__"))?;
    Ok(match module.as_ref().and_then(|m| m.downcast::<Str>()) {
        Some(m) if !m.eq_str("builtins") && !m.eq_str("__main__") => format!("{}.{}", m.display(), qualname.display()),
        _ => qualname.display().to_string(),
    })
}

/// An exception class made when its module is, kept for the interpreter under its dotted name (`PyErr_NewException`).
pub fn exception_class(name: &'static str, base: &Type, doc: &str) -> PyResult {
    use taipan_object::Interp;
    use taipan_object::types::dict::Dict;
    use taipan_object::types::str::Str;
    let state = &Interp::current().module_state;
    if let Some(o) = state.borrow().get(name) {
        return Ok(o.clone());
    }
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let dict = Dict::new();
    dict.set_str("__module__", &Str::from_utf8(module))?;
    if !doc.is_empty() {
        dict.set_str("__doc__", &Str::from_utf8(doc))?;
    }
    let bases = tuple_of([base.to_obj()]);
    let class = taipan_object::types::type_::PyType_Type.as_object().call(&[&Str::from_utf8(short), &bases, &dict])?;
    state.borrow_mut().insert(name, class.clone());
    Ok(class)
}

/// Raises an instance of a class made by [`exception_class`].
#[cold]
pub fn raise_class(class: PyResult, message: &str) -> taipan_object::Raised {
    match class {
        Ok(c) => taipan_object::error::raise_fmt(c.cast::<Type>(), format_args!("{message}")),
        Err(e) => e,
    }
}
