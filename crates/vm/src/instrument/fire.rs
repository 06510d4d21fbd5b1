//! Calling tools.

use super::events::{self, LOCAL, PROFILE_TOOL};
use super::state::State;
use super::{legacy, rewrite};
use crate::code::CodeObject;
use crate::frame::Frame;
use crate::support::new_int;
use taipan_object::types::exceptions;
use taipan_object::{Obj, Object, PyResult, Thread, error, raise};

/// The tools that watch an event at a unit.
fn tools_at(code: &CodeObject, state: &State, event: usize, unit: usize) -> u8 {
    if (LOCAL..events::UNGROUPED).contains(&event) {
        return state.tools[event].get();
    }
    // SAFETY: the data belongs to the code.
    let Some(m) = (unsafe { code.co_monitoring.get().as_ref() }) else { return 0 };
    let place = match event {
        events::LINE => &m.line_tools,
        events::INSTRUCTION => &m.instruction_tools,
        _ => &m.tools,
    };
    place.get(unit).copied().unwrap_or(0)
}

/// Calls the tools that watch `event` at `unit` of the frame's code. `args` follow the code object in the callback's arguments.
/// The frame's position and stack pointer are stored.
pub fn fire(ts: &Thread, frame: *mut Frame, event: usize, unit: usize, args: &[&Object]) -> PyResult<()> {
    if ts.tracing.get() != 0 {
        return Ok(());
    }
    let state = State::current();
    // SAFETY: the running frame, which keeps its code.
    let code = unsafe { (*frame).code() };
    let mut tools = tools_at(code, state, event, unit);
    if tools == 0 {
        return Ok(());
    }
    let keep = code.to_obj();
    let mut all: Vec<&Object> = Vec::with_capacity(args.len() + 1);
    all.push(&keep);
    all.extend_from_slice(args);
    let disable = state.disable();
    while tools != 0 {
        let tool = 7 - tools.leading_zeros() as usize;
        tools &= !(1 << tool);
        let old_event = ts.what_event.replace(event as i32);
        ts.tracing.set(ts.tracing.get() + 1);
        let answer = if tool >= PROFILE_TOOL {
            legacy::call(ts, frame, tool, event, unit, &all)
        } else {
            match state.callbacks[tool][event].get_owned() {
                Some(f) => f.call(&all),
                None => Ok(taipan_object::types::none::none().to_obj()),
            }
        };
        ts.tracing.set(ts.tracing.get() - 1);
        ts.what_event.set(old_event);
        if answer?.is(&disable) {
            if event >= LOCAL {
                state.callbacks[tool][event].set(None);
                return Err(raise!(ValueError, "Cannot disable {} events. Callback removed.", events::NAMES[event]));
            }
            rewrite::remove_tool(code, unit, event, tool);
        }
    }
    Ok(())
}

/// Fires an event on behalf of native code (`PyMonitoring_Fire*Event`): `active` holds the tools that watch it there, `args` begin
/// with the code-like object and the offset.
pub fn from_native(ts: &Thread, active: &std::cell::Cell<u8>, event: usize, args: &[&Object]) -> PyResult<()> {
    if ts.tracing.get() != 0 {
        return Ok(());
    }
    let state = State::current();
    let disable = state.disable();
    let mut tools = active.get();
    while tools != 0 {
        let tool = 7 - tools.leading_zeros() as usize;
        tools &= !(1 << tool);
        let Some(callback) = state.callbacks.get(tool).and_then(|c| c[event].get_owned()) else { continue };
        ts.tracing.set(ts.tracing.get() + 1);
        let answer = callback.call(args);
        ts.tracing.set(ts.tracing.get() - 1);
        if answer?.is(&disable) {
            if event >= LOCAL {
                state.callbacks[tool][event].set(None);
                return Err(raise!(ValueError, "Cannot disable {} events. Callback removed.", events::NAMES[event]));
            }
            active.set(active.get() & !(1 << tool));
        }
    }
    Ok(())
}

/// An event whose first argument is the instruction's offset.
pub fn at_instruction(ts: &Thread, frame: *mut Frame, event: usize, args: &[&Object]) -> PyResult<()> {
    if ts.tracing.get() != 0 {
        return Ok(());
    }
    // SAFETY: the running frame.
    let unit = unsafe { (*frame).unit_index() };
    let offset = new_int(unit as i64 * 2);
    let mut all: Vec<&Object> = Vec::with_capacity(args.len() + 1);
    all.push(&offset);
    all.extend_from_slice(args);
    fire(ts, frame, event, unit, &all)
}

/// A jump or branch, with its source and target units.
pub fn jump(ts: &Thread, frame: *mut Frame, event: usize, from: usize, to: usize) -> PyResult<()> {
    if ts.tracing.get() != 0 {
        return Ok(());
    }
    // SAFETY: the running frame.
    let unit = unsafe { (*frame).unit_index() };
    fire(ts, frame, event, unit, &[&new_int(from as i64 * 2), &new_int(to as i64 * 2)])
}

/// A line begins at the frame's position.
pub fn line(ts: &Thread, frame: *mut Frame, unit: usize, line: i32) -> PyResult<()> {
    if ts.tracing.get() != 0 {
        return Ok(());
    }
    fire(ts, frame, events::LINE, unit, &[&new_int(line as i64)])
}

/// An event about the current exception. What a tool raises takes its place.
pub fn exception(ts: &Thread, frame: *mut Frame, event: usize, unit: usize) {
    if ts.tracing.get() != 0 {
        return;
    }
    let Some(exc) = ts.current_exception.take() else { return };
    if fire(ts, frame, event, unit, &[&new_int(unit as i64 * 2), &exc]).is_ok() {
        let _ = error::restore(exc);
    }
}

/// A handler is entered; its exception is on top of the frame's stack.
pub fn handled(ts: &Thread, frame: *mut Frame, unit: usize) -> PyResult<()> {
    if ts.tracing.get() != 0 {
        return Ok(());
    }
    // SAFETY: the unwinder has just pushed the exception.
    let exc = unsafe { (*(*frame).stackpointer.sub(1)).as_ref().to_obj() };
    fire(ts, frame, events::EXCEPTION_HANDLED, unit, &[&new_int(unit as i64 * 2), &exc])
}

/// A generator's end is seen without an exception: the event has one all the same.
pub fn stop_iteration(ts: &Thread, frame: *mut Frame, value: &Object) -> PyResult<()> {
    if ts.tracing.get() != 0 {
        return Ok(());
    }
    let class = exceptions::StopIteration.as_object();
    let exc: Obj = if value.is_none() { class.call_noargs()? } else { class.call_one(value)? };
    at_instruction(ts, frame, events::STOP_ITERATION, &[&exc])
}
