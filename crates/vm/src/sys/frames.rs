//! Frames, exceptions being handled, tracing and profiling.

use taipan_object::args::Given;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::BaseException;
use taipan_object::types::int::Int;
use taipan_object::types::none;
use taipan_object::types::structseq::{self, StructSeq};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, PyResult, Thread, bail, function, intern};

/// Return (type, value, traceback) of the exception being handled, or three times None.
#[function(signature = "()")]
pub fn exc_info() -> Ref<Tuple> {
    match Thread::current().handled_exception() {
        Some(e) => {
            let tb = e.cast::<BaseException>().traceback.get_owned().unwrap_or_else(none::none_obj);
            Tuple::from_vec(vec![e.ty().to_obj(), e.to_obj(), tb])
        }
        None => Tuple::new(&[none::none(); 3]),
    }
}

/// Return the exception being handled, or None.
#[function(signature = "()")]
pub fn exception() -> Option<Obj> {
    Thread::current().handled_exception().map(Object::to_obj)
}

/// Return a frame of the call stack: 0 is the caller's.
#[function(signature = "(depth=0, /)")]
pub fn _getframe(depth: std::ffi::c_int) -> PyResult {
    let hooks = taipan_object::hooks::get();
    let mut f = crate::frame::skip_incomplete(crate::frame::current(Thread::current()));
    for _ in 0..depth.max(0) {
        if f.is_null() {
            break;
        }
        f = crate::frame::query::previous_complete(f);
    }
    if f.is_null() {
        bail!(ValueError, "call stack is not deep enough");
    }
    let o = crate::frame::frame_object(f).into_obj();
    if (hooks.auditing)() {
        (hooks.audit)("sys._getframe", &Tuple::new(&[&o]))?;
    }
    Ok(o)
}

/// Return the name of the module that a frame of the call stack belongs to, or None.
#[function(signature = "(depth=0)")]
pub fn _getframemodulename(depth: std::ffi::c_int) -> PyResult<Option<Obj>> {
    if super::hooks::auditing() {
        let depth = taipan_object::types::int::Int::from_i64(depth.into());
        super::hooks::raise_event("sys._getframemodulename", &taipan_object::types::tuple::Tuple::new(&[&depth]))?;
    }
    let mut f = crate::frame::skip_incomplete(crate::frame::current(Thread::current()));
    for _ in 0..depth.max(0) {
        if f.is_null() {
            break;
        }
        f = crate::frame::query::previous_complete(f);
    }
    if f.is_null() {
        return Ok(None);
    }
    // SAFETY: a frame of the running thread's chain.
    match unsafe { (*f).function() } {
        Some(func) => func.get_attr_opt(intern!("__module__")),
        None => Ok(None),
    }
}

/// Return the current frame of every thread, by thread id.
#[function(signature = "()")]
pub fn _current_frames() -> PyResult<Ref<Dict>> {
    let d = Dict::new();
    let mut t = Interp::current().threads.get();
    // SAFETY: linked thread states are alive; the interpreter lock keeps them from running.
    while let Some(s) = unsafe { t.as_ref() } {
        let f = crate::frame::skip_incomplete(crate::frame::current(s));
        if !f.is_null() {
            d.set_item(&Int::from_u64(s.thread_id.get()), &crate::frame::frame_object(f))?;
        }
        t = s.next.get();
    }
    Ok(d)
}

/// Return the exception that every thread is handling, by thread id.
#[function(signature = "()")]
pub fn _current_exceptions() -> PyResult<Ref<Dict>> {
    let d = Dict::new();
    let mut t = Interp::current().threads.get();
    // SAFETY: as above.
    while let Some(s) = unsafe { t.as_ref() } {
        d.set_item(&Int::from_u64(s.thread_id.get()), s.handled_exception().unwrap_or(none::none()))?;
        t = s.next.get();
    }
    Ok(d)
}

/// Set the trace function: it is called at each call, line, return and exception.
#[function(signature = "(function, /)")]
pub fn settrace(function: &Object) -> PyResult<()> {
    crate::instrument::legacy::settrace(function)
}

/// Return the trace function, or None.
#[function(signature = "()")]
pub fn gettrace() -> Option<Obj> {
    Thread::current().c_traceobj.get_owned()
}

/// Set the profile function: it is called at each call and return.
#[function(signature = "(function, /)")]
pub fn setprofile(function: &Object) -> PyResult<()> {
    crate::instrument::legacy::setprofile(function)
}

/// Set the trace function of all threads.
#[function(signature = "(function, /)", name = "_settraceallthreads")]
pub fn settraceallthreads(function: &Object) -> PyResult<()> {
    crate::instrument::legacy::settrace_all(function)
}

/// Set the profile function of all threads.
#[function(signature = "(function, /)", name = "_setprofileallthreads")]
pub fn setprofileallthreads(function: &Object) -> PyResult<()> {
    crate::instrument::legacy::setprofile_all(function)
}

/// Return the profile function, or None.
#[function(signature = "()")]
pub fn getprofile() -> Option<Obj> {
    Thread::current().c_profileobj.get_owned()
}

/// Call func(*args) with tracing on, so that a debugger can debug what it evaluates.
#[function(signature = "(func, args, /)")]
pub fn call_tracing(func: &Object, args: &Tuple) -> PyResult {
    let ts = Thread::current();
    let saved = ts.tracing.replace(0);
    let r = func.call_tuple(args, None);
    ts.tracing.set(saved);
    r
}

/// Set the functions called when an asynchronous generator is first iterated and when it is finalized.
#[function(signature = "(firstiter=None, finalizer=None)", text = false)]
pub fn set_asyncgen_hooks(firstiter: Given<&Object>, finalizer: Given<&Object>) -> PyResult<()> {
    let ts = Thread::current();
    for (given, name) in [(firstiter.0, "firstiter"), (finalizer.0, "finalizer")] {
        if let Some(f) = given
            && !f.is_none()
            && !f.is_callable()
        {
            bail!(TypeError, "callable {name} expected, got {}", f.ty().name_str());
        }
    }
    if let Some(f) = finalizer.0 {
        ts.async_gen_finalizer.set(Some(f.to_obj()).filter(|f| !f.is_none()));
    }
    if let Some(f) = firstiter.0 {
        ts.async_gen_firstiter.set(Some(f.to_obj()).filter(|f| !f.is_none()));
    }
    Ok(())
}

/// Return the hooks of asynchronous generators.
#[function(signature = "()")]
pub fn get_asyncgen_hooks() -> PyResult {
    let interp = Interp::current();
    let known = interp.module_state.borrow().get("sys.asyncgen_hooks").cloned();
    let ty = match known {
        Some(t) => t,
        None => {
            let t = StructSeq::new_type(
                "sys.asyncgen_hooks",
                "The hooks of asynchronous generators.",
                &[("firstiter", ""), ("finalizer", "")],
                2,
            )?;
            interp.module_state.borrow_mut().insert("sys.asyncgen_hooks", t.clone());
            t
        }
    };
    let ts = Thread::current();
    let or_none = |c: &taipan_object::ObjCell| c.get_owned().unwrap_or_else(none::none_obj);
    structseq::new_instance(&ty, vec![or_none(&ts.async_gen_firstiter), or_none(&ts.async_gen_finalizer)])
}

/// Set how many frames coroutines remember of where they were made.
#[function(signature = "(depth)")]
pub fn set_coroutine_origin_tracking_depth(depth: std::ffi::c_int) -> PyResult<()> {
    if depth < 0 {
        bail!(ValueError, "depth must be >= 0");
    }
    Thread::current().coroutine_origin_tracking_depth.set(depth);
    Ok(())
}

/// Return how many frames coroutines remember of where they were made.
#[function(signature = "()")]
pub fn get_coroutine_origin_tracking_depth() -> i32 {
    Thread::current().coroutine_origin_tracking_depth.get()
}
