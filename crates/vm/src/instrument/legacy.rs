//! `sys.settrace` and `sys.setprofile`, as two tools that turn events into calls of a trace function.

use super::events::{self, PROFILE_TOOL, TRACE_TOOL};
use super::state::State;
use crate::frame::object::FrameObject;
use crate::frame::{self, Frame};
use std::ffi::{c_int, c_void};
use taipan_object::types::cfunction::CFunction;
use taipan_object::types::descr::MethodDescr;
use taipan_object::types::none::none;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Raised, Ref, Thread, intern};

/// `Py_tracefunc`: the object given with it, the frame, what happened, an argument.
pub type TraceFunc = unsafe extern "C" fn(Option<&Object>, &Object, c_int, Option<&Object>) -> c_int;

/// What happened (`PyTrace_*`).
#[allow(missing_docs)]
pub mod what {
    use std::ffi::c_int;
    pub const CALL: c_int = 0;
    pub const EXCEPTION: c_int = 1;
    pub const LINE: c_int = 2;
    pub const RETURN: c_int = 3;
    pub const C_CALL: c_int = 4;
    pub const C_EXCEPTION: c_int = 5;
    pub const C_RETURN: c_int = 6;
    pub const OPCODE: c_int = 7;
}

fn name_of(w: c_int) -> &'static Object {
    match w {
        what::CALL => intern!("call"),
        what::EXCEPTION => intern!("exception"),
        what::LINE => intern!("line"),
        what::RETURN => intern!("return"),
        what::C_CALL => intern!("c_call"),
        what::C_EXCEPTION => intern!("c_exception"),
        what::C_RETURN => intern!("c_return"),
        _ => intern!("opcode"),
    }
}

fn function(p: *const c_void) -> Option<TraceFunc> {
    // SAFETY: the fields hold functions of this type or null.
    unsafe { std::mem::transmute::<*const c_void, Option<TraceFunc>>(p) }
}

const fn bits(list: &[usize]) -> u32 {
    let mut m = 0;
    let mut i = 0;
    while i < list.len() {
        m |= 1 << list[i];
        i += 1;
    }
    m
}

const PROFILE_EVENTS: u32 = bits(&[
    events::PY_START,
    events::PY_RESUME,
    events::PY_RETURN,
    events::PY_YIELD,
    events::CALL,
    events::PY_UNWIND,
    events::PY_THROW,
]);

const TRACE_EVENTS: u32 = bits(&[
    events::PY_START,
    events::PY_RESUME,
    events::PY_RETURN,
    events::PY_YIELD,
    events::RAISE,
    events::LINE,
    events::JUMP,
    events::PY_UNWIND,
    events::PY_THROW,
    events::STOP_ITERATION,
]);

fn any_thread(f: impl Fn(&Thread) -> bool) -> bool {
    let mut t = Thread::current().interp.threads.get();
    // SAFETY: linked thread states are alive.
    while let Some(ts) = unsafe { t.as_ref() } {
        if f(ts) {
            return true;
        }
        t = ts.next.get();
    }
    false
}

/// `PyEval_SetTrace` for a thread.
pub fn set_trace(ts: &Thread, f: Option<TraceFunc>, arg: Option<Obj>) -> PyResult<()> {
    ts.c_tracefunc.set(f.map_or(std::ptr::null(), |f| f as *const c_void));
    drop(ts.c_traceobj.replace(arg));
    let state = State::current();
    let on = any_thread(|t| !t.c_tracefunc.get().is_null());
    let mut set = if on { TRACE_EVENTS } else { 0 };
    if on && wants_instructions(ts) {
        set |= 1 << events::INSTRUCTION;
    }
    state.set_events(TRACE_TOOL, set)
}

/// `PyEval_SetProfile` for a thread.
pub fn set_profile(ts: &Thread, f: Option<TraceFunc>, arg: Option<Obj>) -> PyResult<()> {
    ts.c_profilefunc.set(f.map_or(std::ptr::null(), |f| f as *const c_void));
    drop(ts.c_profileobj.replace(arg));
    let state = State::current();
    let on = any_thread(|t| !t.c_profilefunc.get().is_null());
    state.set_events(PROFILE_TOOL, if on { PROFILE_EVENTS } else { 0 })
}

/// Whether a running frame has `f_trace_opcodes`.
fn wants_instructions(ts: &Thread) -> bool {
    let mut f: *mut Frame = ts.current_frame.get().cast();
    // SAFETY: frames on the chain are alive, and so are their objects.
    unsafe {
        while let Some(frame) = f.as_ref() {
            if frame.frame_obj.as_ref().is_some_and(|fo| fo.f_trace_opcodes.get()) {
                return true;
            }
            f = frame.previous;
        }
    }
    false
}

/// A frame wants every instruction.
pub fn want_instructions() -> PyResult<()> {
    let state = State::current();
    let now = state.events_of(TRACE_TOOL);
    if now == 0 {
        return Ok(());
    }
    state.set_events(TRACE_TOOL, now | 1 << events::INSTRUCTION)
}

/// `sys.settrace`.
pub fn settrace(f: &Object) -> PyResult<()> {
    let ts = Thread::current();
    if f.is_none() { set_trace(ts, None, None) } else { set_trace(ts, Some(trace_trampoline), Some(f.to_obj())) }
}

/// `sys.setprofile`.
pub fn setprofile(f: &Object) -> PyResult<()> {
    let ts = Thread::current();
    if f.is_none() { set_profile(ts, None, None) } else { set_profile(ts, Some(profile_trampoline), Some(f.to_obj())) }
}

/// Does `f` with the state of every thread. `f` may run code, in which threads come and go: each is done once.
pub fn each_thread(f: impl Fn(&Thread) -> PyResult<()>) -> PyResult<()> {
    let mut seen: Vec<u64> = Vec::new();
    loop {
        let mut t = Thread::current().interp.threads.get();
        let next = loop {
            // SAFETY: linked states are alive, and the list does not change while nothing runs.
            match unsafe { t.as_ref() } {
                Some(ts) if seen.contains(&ts.id.get()) => t = ts.next.get(),
                other => break other,
            }
        };
        let Some(ts) = next else { return Ok(()) };
        seen.push(ts.id.get());
        f(ts)?;
    }
}

/// `sys._settraceallthreads`.
pub fn settrace_all(f: &Object) -> PyResult<()> {
    each_thread(|ts| match f.is_none() {
        true => set_trace(ts, None, None),
        false => set_trace(ts, Some(trace_trampoline), Some(f.to_obj())),
    })
}

/// `sys._setprofileallthreads`.
pub fn setprofile_all(f: &Object) -> PyResult<()> {
    each_thread(|ts| match f.is_none() {
        true => set_profile(ts, None, None),
        false => set_profile(ts, Some(profile_trampoline), Some(f.to_obj())),
    })
}

fn call_python(callback: &Object, frame: &Object, w: c_int, arg: Option<&Object>) -> PyResult {
    callback.call(&[frame, name_of(w), arg.unwrap_or(none())])
}

unsafe extern "C" fn trace_trampoline(obj: Option<&Object>, frame: &Object, w: c_int, arg: Option<&Object>) -> c_int {
    let fo: &FrameObject = frame.cast();
    let callback = if w == what::CALL { obj.map(|o| o.to_obj()) } else { fo.f_trace.get_owned() };
    let Some(callback) = callback else { return 0 };
    match call_python(&callback, frame, w, arg) {
        Ok(r) => {
            if !r.is_none() {
                fo.f_trace.set(Some(r));
            }
            // Asked for before there was a trace function of the frame's own.
            if w == what::CALL
                && fo.f_trace_opcodes.get()
                && let Err(e) = want_instructions()
            {
                let _ = e;
                return -1;
            }
            0
        }
        Err(e) => {
            let exc = e.take();
            let off = set_trace(Thread::current(), None, None);
            fo.f_trace.set(None);
            if let Err(e) = off {
                e.clear();
            }
            let _ = taipan_object::error::restore(exc);
            -1
        }
    }
}

unsafe extern "C" fn profile_trampoline(obj: Option<&Object>, frame: &Object, w: c_int, arg: Option<&Object>) -> c_int {
    let Some(callback) = obj.map(|o| o.to_obj()) else { return 0 };
    match call_python(&callback, frame, w, arg) {
        Ok(_) => 0,
        Err(e) => {
            let exc = e.take();
            if let Err(e) = set_profile(Thread::current(), None, None) {
                e.clear();
            }
            let _ = taipan_object::error::restore(exc);
            -1
        }
    }
}

/// One event for one of the two tools. `args` are the code and what a callback would get.
pub fn call(ts: &Thread, frame: *mut Frame, tool: usize, event: usize, unit: usize, args: &[&Object]) -> PyResult {
    let fo = frame::frame_object(frame);
    let answer = if tool == TRACE_TOOL { trace(ts, &fo, event, unit, args) } else { profile(ts, &fo, event, args) };
    answer.map(|disable| if disable { State::current().disable() } else { none().to_obj() })
}

fn call_trace(ts: &Thread, fo: &Ref<FrameObject>, w: c_int, arg: Option<&Object>) -> PyResult<bool> {
    let Some(f) = function(ts.c_tracefunc.get()) else { return Ok(false) };
    let obj = ts.c_traceobj.get_owned();
    // SAFETY: a trace function with its object.
    let r = unsafe { f(obj.as_deref(), fo, w, arg) };
    if r != 0 { Err(Raised::already_set()) } else { Ok(false) }
}

fn trace_line(ts: &Thread, fo: &Ref<FrameObject>, line: i32) -> PyResult<bool> {
    if !fo.f_trace_lines.get() || line < 0 {
        return Ok(false);
    }
    fo.f_lineno.set(line);
    let r = call_trace(ts, fo, what::LINE, None);
    fo.f_lineno.set(0);
    r
}

fn trace(ts: &Thread, fo: &Ref<FrameObject>, event: usize, unit: usize, args: &[&Object]) -> PyResult<bool> {
    if ts.c_tracefunc.get().is_null() {
        return Ok(false);
    }
    match event {
        events::PY_START | events::PY_RESUME | events::PY_THROW => call_trace(ts, fo, what::CALL, None),
        events::PY_RETURN | events::PY_YIELD => call_trace(ts, fo, what::RETURN, args.get(2).copied()),
        events::PY_UNWIND => call_trace(ts, fo, what::RETURN, None),
        events::RAISE | events::STOP_ITERATION => {
            let Some(exc) = args.get(2) else { return Ok(false) };
            let tb = crate::support::exception_traceback(exc);
            let t = Tuple::new(&[exc.ty().as_object(), exc, tb.as_deref().unwrap_or(none())]);
            call_trace(ts, fo, what::EXCEPTION, Some(&t))
        }
        events::LINE => {
            let line = args.get(1).map_or(Ok(-1), |l| l.as_i64())? as i32;
            trace_line(ts, fo, line)
        }
        events::JUMP => {
            let unit_of = |i: usize| args.get(i).map_or(Ok(0), |o| o.as_i64()).map(|n| n / 2);
            let (from, to) = (unit_of(1)?, unit_of(2)?);
            if to >= from {
                // Forward jumps lead to a line event of their own.
                return Ok(true);
            }
            if !fo.f_trace_lines.get() {
                return Ok(false);
            }
            let (from_line, to_line) = (fo.code().line_at(unit), fo.code().line_at(to as usize));
            if from_line != to_line {
                return Ok(true);
            }
            trace_line(ts, fo, from_line.unwrap_or(-1))
        }
        events::INSTRUCTION => {
            if !fo.f_trace_opcodes.get() {
                return Ok(false);
            }
            call_trace(ts, fo, what::OPCODE, None)
        }
        _ => Ok(false),
    }
}

fn profile(ts: &Thread, fo: &Ref<FrameObject>, event: usize, args: &[&Object]) -> PyResult<bool> {
    let Some(f) = function(ts.c_profilefunc.get()) else { return Ok(false) };
    let obj = ts.c_profileobj.get_owned();
    let call = |w: c_int, arg: Option<&Object>| -> PyResult<bool> {
        // SAFETY: a profile function with its object.
        let r = unsafe { f(obj.as_deref(), fo, w, arg) };
        if r != 0 { Err(Raised::already_set()) } else { Ok(false) }
    };
    match event {
        events::PY_START | events::PY_RESUME | events::PY_THROW => call(what::CALL, None),
        events::PY_RETURN | events::PY_YIELD => call(what::RETURN, args.get(2).copied()),
        events::PY_UNWIND => call(what::RETURN, None),
        events::CALL | events::C_RETURN | events::C_RAISE => {
            let w = match event {
                events::CALL => what::C_CALL,
                events::C_RETURN => what::C_RETURN,
                _ => what::C_EXCEPTION,
            };
            let Some(callable) = args.get(2) else { return Ok(false) };
            if callable.downcast::<CFunction>().is_some() {
                return call(w, Some(callable));
            }
            if callable.downcast_exact::<MethodDescr>().is_some() {
                // Shown as the bound method that it stands for.
                let Some(receiver) = args.get(3).filter(|r| !r.is(&State::current().missing())) else {
                    return Ok(false);
                };
                let Some(get) = callable.ty().descr_get.get() else { return Ok(false) };
                let bound = match get(callable, Some(receiver), Some(receiver.ty().as_object())) {
                    Ok(b) => b,
                    Err(e) => {
                        e.clear();
                        return Ok(false);
                    }
                };
                return call(w, Some(&bound));
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}
