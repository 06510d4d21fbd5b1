//! What native modules share: arguments of `tp_new` and `tp_call`, which come as a tuple and a dict, and exception classes of modules.

use crate::args::{Param, Signature, bind_keywords, with_tuple_args};
use crate::error::{PyResult, Raised, raise_arg};
use crate::header::{Obj, Object};
use crate::intern;
use crate::thread::Interp;
use crate::typeobj::Type;
use crate::types::dict::Dict;
use crate::types::module::Module;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::types::type_::PyType_Type;

/// A parameter that must be given.
pub const fn required(name: &'static str) -> Param {
    Param { name, required: true }
}

/// A parameter that may be left out.
pub const fn optional(name: &'static str) -> Param {
    Param { name, required: false }
}

/// The signature of a constructor whose parameters may be given by position or by name, the first `posonly` by position only.
pub const fn signature(name: &'static str, params: &'static [Param], posonly: usize, positional: usize) -> Signature {
    Signature { name, params, posonly, positional, varargs: false, varkw: false }
}

/// Binds the arguments; `f` gets one place for each parameter.
pub fn bind<const N: usize, R>(
    sig: &'static Signature,
    args: &Object,
    kwargs: Option<&Object>,
    f: impl for<'a> FnOnce([Option<&'a Object>; N]) -> PyResult<R>,
) -> PyResult<R> {
    with_tuple_args(sig.name, args, kwargs, |call| {
        let mut out = [None; N];
        bind_keywords(sig, call, &mut out)?;
        f(out)
    })
}

/// Makes the class `name` (dotted, as in `binascii.Error`), and adds it to the module.
pub fn add_exception(m: &Module, name: &'static str, base: &Type) -> PyResult<Obj> {
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let dict = Dict::new();
    dict.set_item(intern!("__module__"), &Str::from_utf8(module))?;
    let bases = Tuple::new(&[base.as_object()]);
    let class = PyType_Type.as_object().call(&[&Str::from_utf8(short), &bases, &dict])?;
    Interp::current().module_state.borrow_mut().insert(name, class.clone());
    m.add(short, &class)?;
    Ok(class)
}

/// The class that [`add_exception`] made.
pub fn exception_class(name: &'static str) -> Option<Obj> {
    Interp::current().module_state.borrow().get(name).cloned()
}

/// Raises an exception of that class.
#[cold]
pub fn raise_named(name: &'static str, message: &str) -> Raised {
    let text = Str::from_utf8(message);
    match exception_class(name) {
        Some(c) => raise_arg(c.cast::<Type>(), text.into_obj()),
        None => crate::raise!(SystemError, "{name} is not ready: {message}"),
    }
}
