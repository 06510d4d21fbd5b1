//! `_asyncio`: futures and tasks of `asyncio`, and which loop and task a thread is running.
//!
//! - `future.rs`: `Future`; `awaited.rs`: its iterator, and who awaits whom
//! - `task.rs`: `Task`; `step.rs`: one step of a task's coroutine
//! - `running.rs`: the functions about running loops and tasks

mod awaited;
mod future;
mod running;
mod step;
mod task;

pub use running::MODULE;

use taipan_object::types::str::intern::intern_str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Obj, Object, PyResult, Raised, Ref, Type, error, intern};
use taipan_vm::import;

/// What `asyncio`'s Python part has under a name; looked up once.
fn imported(key: &'static str) -> PyResult {
    let state = &Interp::current().module_state;
    if let Some(o) = state.borrow().get(key) {
        return Ok(o.clone());
    }
    let (module, name) = key.rsplit_once('.').unwrap_or(("asyncio", key));
    let found = import::import(module)?.get_attr(&intern_str(name))?;
    state.borrow_mut().insert(key, found.clone());
    Ok(found)
}

fn cancelled_error() -> PyResult {
    imported("asyncio.exceptions.CancelledError")
}

/// Raises `InvalidStateError`.
#[cold]
fn invalid_state(message: std::fmt::Arguments<'_>) -> Raised {
    match imported("asyncio.exceptions.InvalidStateError") {
        Ok(class) => error::raise_fmt(class.cast::<Type>(), message),
        Err(e) => e,
    }
}

/// Whether the exception being raised is `asyncio.CancelledError`.
fn is_cancelled_error(e: &Raised) -> bool {
    match imported("asyncio.exceptions.CancelledError") {
        Ok(class) => e.matches(class.cast::<Type>()),
        Err(e) => {
            e.clear();
            false
        }
    }
}

/// The names of a call whose last argument is `context`.
fn context_names() -> Ref<Tuple> {
    Tuple::new(&[intern!("context")])
}

/// `loop.call_soon(f, *arg, context=context)`.
fn call_soon(event_loop: &Object, f: &Object, arg: Option<&Object>, context: &Object) -> PyResult<()> {
    let method = event_loop.get_attr(intern!("call_soon"))?;
    let names = context_names();
    match arg {
        Some(a) => method.call_kw(&[f, a, context], 2, &names)?,
        None => method.call_kw(&[f, context], 1, &names)?,
    };
    Ok(())
}

/// The context that a callback runs in when nobody says.
fn copied_context() -> Obj {
    crate::contextvars::copy_current().into_obj()
}

/// Runs a finaliser's code with the exception being raised put aside.
fn with_exception_saved(f: impl FnOnce()) {
    let saved = error::occurred().map(Raised::take);
    f();
    if let Some(e) = saved {
        let _ = error::restore(e);
    }
}
