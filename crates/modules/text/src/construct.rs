//! Arguments of `tp_new` and `tp_call`, which come as a tuple and a dict.

use taipan_object::args::{Param, Signature, bind_keywords, with_tuple_args};
use taipan_object::{Object, PyResult};

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
