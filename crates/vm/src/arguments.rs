//! Arguments of `tp_new` slots, by the shared binder of native functions.

use taipan_object::args::{Param, Signature, bind_keywords, with_tuple_args};
use taipan_object::{Object, PyResult};

/// Binds a tuple and a dict to the parameters `names`, the first `required` of which have no default.
pub fn with<R>(
    name: &'static str,
    names: &[&'static str],
    required: usize,
    args: &Object,
    kwargs: Option<&Object>,
    f: impl FnOnce(&[Option<&Object>]) -> PyResult<R>,
) -> PyResult<R> {
    let params: Vec<Param> = names.iter().enumerate().map(|(i, n)| Param { name: n, required: i < required }).collect();
    // Signatures are static in native functions; here one lives as long as the call.
    let params: &[Param] = &params;
    // SAFETY: nothing keeps the signature beyond this call.
    let params: &'static [Param] = unsafe { std::mem::transmute(params) };
    let signature = Signature { name, params, posonly: 0, positional: names.len(), varargs: false, varkw: false };
    with_tuple_args(name, args, kwargs, |call| {
        let mut out = vec![None; names.len()];
        bind_keywords(&signature, call, &mut out)?;
        f(&out)
    })
}
