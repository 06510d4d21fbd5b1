//! Trace functions that are not Python's, frames and exceptions as natives see them.

use std::ffi::c_int;
use taipan_object::types::exceptions::BaseException;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Raised, Ref, Thread, bail, error, function, raise};
use taipan_vm::frame::object::FrameObject;
use taipan_vm::instrument::legacy;

/// Raise an exception that exists already.
#[function(signature = "(exception, /)")]
pub fn err_set_raised(exception: &Object) -> PyResult {
    if exception.downcast::<BaseException>().is_none() {
        bail!(TypeError, "expected an exception");
    }
    Err(error::restore(exception.to_obj()))
}

/// Set what sys.exc_info() answers, and return what it was.
#[function(signature = "(new_type, new_value, new_tb, /)")]
pub fn set_exc_info(new_type: &Object, new_value: &Object, new_tb: &Object) -> PyResult<Ref<Tuple>> {
    let _ = (new_type, new_tb);
    let ts = Thread::current();
    let old = ts.handled_exception().map(Object::to_obj);
    // SAFETY: the innermost level belongs to the running frame or to the thread state.
    if let Some(level) = unsafe { ts.exc_info.get().as_ref() } {
        level.exc_value.set(Some(new_value.to_obj()));
    }
    let (ty, value, tb) = match &old {
        Some(e) => (e.ty().to_obj(), e.clone(), e.get_attr_str("__traceback__")?),
        None => (none().to_obj(), none().to_obj(), none().to_obj()),
    };
    Ok(Tuple::new(&[&ty, &value, &tb]))
}

unsafe extern "C" fn record(obj: Option<&Object>, frame: &Object, what: c_int, arg: Option<&Object>) -> c_int {
    let Some(list) = obj.and_then(|o| o.downcast::<List>()) else { return -1 };
    let line = match frame.get_attr_str("f_lineno") {
        Ok(l) => l,
        Err(_) => return -1,
    };
    let row = Tuple::new(&[&Int::from_i64(i64::from(what)), &line, arg.unwrap_or(none())]);
    if list.push(row.into_obj()).is_err() {
        return -1;
    }
    0
}

unsafe extern "C" fn refuse(obj: Option<&Object>, _: &Object, _: c_int, _: Option<&Object>) -> c_int {
    // Once: the list remembers.
    let Some(list) = obj.and_then(|o| o.downcast::<List>()) else { return -1 };
    if !list.is_empty() {
        return 0;
    }
    if list.push(none().to_obj()).is_ok() {
        let _: Raised = raise!(Exception, "an exception");
    }
    -1
}

/// Trace with a native function that notes events in a list.
#[function(signature = "(list, /)")]
pub fn settrace_to_record(list: &List) -> PyResult<()> {
    legacy::set_trace(Thread::current(), Some(record), Some(list.to_obj()))
}

/// Trace with a native function that raises.
#[function(signature = "(list, /)")]
pub fn settrace_to_error(list: &List) -> PyResult<()> {
    legacy::set_trace(Thread::current(), Some(refuse), Some(list.to_obj()))
}

fn frame_attribute(frame: &FrameObject, name: &str) -> PyResult {
    frame.get_attr_str(name)
}

/// Return a frame's variables.
#[function(signature = "(frame, /)")]
pub fn frame_getlocals(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_locals")
}
/// Return a frame's globals.
#[function(signature = "(frame, /)")]
pub fn frame_getglobals(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_globals")
}
/// Return a frame's builtins.
#[function(signature = "(frame, /)")]
pub fn frame_getbuiltins(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_builtins")
}
/// Return the generator that a frame belongs to.
#[function(signature = "(frame, /)")]
pub fn frame_getgenerator(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_generator")
}
/// Return where a frame stands.
#[function(signature = "(frame, /)")]
pub fn frame_getlasti(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_lasti")
}
