//! `_interpreters` and `_interpqueues`: several interpreters in one process, each with modules of its own. They share the interpreter lock, so
//! that one of them runs at a time.
//!
//! - `registry.rs`: which interpreters there are, and running something in one of them
//! - `data.rs`: what goes from one to another
//! - `failure.rs`: what is told of an exception elsewhere
//! - `module.rs`: `_interpreters`; `queues.rs`: `_interpqueues`

mod data;
mod failure;
mod module;
mod queues;
mod registry;

pub use module::MODULE;
pub use queues::MODULE as QUEUES_MODULE;
pub use registry::{Factory, finish_all, set_factory};

use taipan_object::error::{raise_fmt, restore};
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::type_::PyType_Type;
use taipan_object::{Interp, Object, PyResult, Raised, Type};

/// An exception class of this interpreter, made when it is first wanted.
fn error_class(name: &'static str, base: impl FnOnce() -> PyResult, doc: &str) -> PyResult {
    let state = &Interp::current().module_state;
    if let Some(o) = state.borrow().get(name) {
        return Ok(o.clone());
    }
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let d = Dict::new();
    d.set_str("__module__", &Str::from_utf8(module))?;
    d.set_str("__doc__", &Str::from_utf8(doc))?;
    let bases = Tuple::from_vec(vec![base()?]);
    let class = PyType_Type.as_object().call(&[&Str::from_utf8(short), &bases, &d])?;
    state.borrow_mut().insert(name, class.clone());
    Ok(class)
}

fn interpreter_error_class() -> PyResult {
    let base = || Ok(exceptions::Exception.as_object().to_obj());
    error_class("concurrent.interpreters.InterpreterError", base, "A cross-interpreter operation failed.")
}
fn not_found_class() -> PyResult {
    let doc = "An interpreter was not found.";
    error_class("concurrent.interpreters.InterpreterNotFoundError", interpreter_error_class, doc)
}
fn not_shareable_class() -> PyResult {
    let base = || Ok(exceptions::TypeError.as_object().to_obj());
    error_class("concurrent.interpreters.NotShareableError", base, "An object cannot go to another interpreter.")
}

#[cold]
fn raise_in(class: PyResult, message: &str) -> Raised {
    match class {
        Ok(c) => raise_fmt(c.cast::<Type>(), format_args!("{message}")),
        Err(e) => e,
    }
}

/// Raises `NotShareableError` for `o`; the reason, if there was one, becomes its cause.
#[cold]
fn not_shareable(message: &str, reason: Option<Raised>) -> Raised {
    let cause = reason.map(|e| e.take());
    let exc = raise_in(not_shareable_class(), message).take();
    if let Some(c) = cause
        && let Err(e) = exc.set_attr(taipan_object::intern!("__cause__"), &c)
    {
        e.clear();
    }
    restore(exc)
}

/// `SimpleNamespace(**fields)`.
fn namespace(fields: &[(&str, &Object)]) -> PyResult {
    let d = Dict::new();
    for (k, v) in fields {
        d.set_str(k, v)?;
    }
    taipan_object::types::namespace::_PyNamespace_Type.as_object().call_tuple(&Tuple::empty(), Some(&d))
}
