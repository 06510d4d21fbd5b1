//! Exceptions: `BaseException`, the hierarchy, and the functions by which Rust code raises and inspects them.
//!
//! Each exception type is a static under its C name (`_PyExc_TypeError`, pointed to by `PyExc_TypeError`) and known to Rust by its Python name:
//! `exceptions::TypeError` is a `&'static Type`.

mod base;
mod fields;
mod group;
mod os;
mod syntax;
mod table;
mod unicode;

pub use base::{BaseException, add_note, base_init, base_new, chain_context, is_plain_class, plain_instance};
pub use fields::{
    attribute_error, complete_attribute_error, import_error, name_error, stop_iteration, stop_iteration_value,
};
pub use group::{BaseExceptionGroup, exception_group_class, exceptions_of, is_group, project, split_by_type};
pub use os::{from_errno, from_errno_path, from_errno_paths, from_io, strerror};
pub use table::*;
pub use unicode::{unicode_decode_error, unicode_encode_error, unicode_translate_error};

use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::typeobj::Type;
use crate::types::tuple::Tuple;

/// `ty(arg)`: a tuple gives several arguments, `None` none, as `PyErr_SetObject` has it; an instance of `ty` is itself.
pub fn make(ty: &Type, arg: Obj) -> PyResult {
    if arg.ty().is_subtype(ty) {
        return Ok(arg);
    }
    let plain = ty.new.get().is_some_and(|f| f as usize == base_new as *const () as usize)
        && ty.init.get().is_some_and(|f| f as usize == base_init as *const () as usize);
    if plain && arg.downcast::<Tuple>().is_none() && !arg.is_none() {
        return base::new_with_args(ty, Tuple::from_vec(vec![arg]));
    }
    let r = if arg.is_none() {
        ty.as_object().call_noargs()?
    } else if arg.downcast::<Tuple>().is_some() {
        ty.as_object().call_tuple(&arg, None)?
    } else {
        ty.as_object().call_one(&arg)?
    };
    if r.downcast::<BaseException>().is_none() {
        crate::bail!(
            TypeError,
            "calling {} should have returned an instance of BaseException, not {}",
            ty.as_object().repr()?.display(),
            r.ty().name_str()
        );
    }
    Ok(r)
}

/// The object as an exception instance: itself, or made by calling it if it is an exception class. `None` for anything else.
pub fn instantiate(o: &Object) -> PyResult<Option<Obj>> {
    if o.downcast::<BaseException>().is_some() {
        return Ok(Some(o.to_obj()));
    }
    match o.downcast::<Type>() {
        Some(t) if t.has_flag(crate::flags::BASE_EXC_SUBCLASS) => make(t, crate::types::none::none_obj()).map(Some),
        _ => Ok(None),
    }
}

/// Whether `o` is an exception class.
pub fn is_exception_class(o: &Object) -> bool {
    o.downcast::<Type>().is_some_and(|t| t.has_flag(crate::flags::BASE_EXC_SUBCLASS))
}

/// Whether exception `exc` (an instance or class) matches `pattern`: a class or a tuple of such (`PyErr_GivenExceptionMatches`).
pub fn given_matches(exc: &Object, pattern: &Object) -> bool {
    if let Some(t) = pattern.downcast::<Tuple>() {
        return t.items().iter().any(|p| given_matches(exc, p));
    }
    let cls = match exc.downcast::<Type>() {
        Some(t) => t,
        None => exc.ty(),
    };
    match pattern.downcast::<Type>() {
        Some(p) if is_exception_class(pattern) => cls.is_subtype(p),
        _ => std::ptr::eq(cls.as_object(), pattern),
    }
}
