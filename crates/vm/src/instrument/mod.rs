//! Instrumentation: tracing, profiling and `sys.monitoring` (PEP 669).
//!
//! Tools say which events they watch; the instructions that give rise to those are rewritten, in the code objects that run, to
//! `INSTRUMENTED_*` forms, which call the tools. What nobody watches costs nothing.
//!
//! - `events.rs`: the events; `state.rs`: who watches what; `rewrite.rs`: instrumenting code; `lines.rs`: where lines begin
//! - `fire.rs`: calling tools; `ops.rs`, `handlers.rs`: the instructions; `legacy.rs`: `sys.settrace` and `sys.setprofile`, as two tools
//! - `module.rs`: `sys.monitoring`; `jump.rs`, `stacks.rs`: jumping to another line from a trace function

pub mod events;
pub mod fire;
pub mod handlers;
pub mod jump;
pub mod legacy;
pub mod lines;
pub mod module;
pub mod ops;
pub mod rewrite;
pub mod stacks;
pub mod state;

pub use rewrite::{CodeMonitoring, instrument_frame_code};

use crate::code::CodeObject;
use crate::eval::handlers::{BASE, CACHES};
use crate::frame::Frame;
use state::State;
use taipan_bytecode::Op;
use taipan_bytecode::opcode::{INSTRUMENTED, MIN_INSTRUMENTED_OPCODE};
use taipan_object::{PyResult, Thread};

/// How an exception comes up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Raise {
    /// It is new here.
    Raise,
    /// It comes from a call.
    InCaller,
    /// It ends an iterator.
    Ended,
}

/// The opcode at unit `i` under `INSTRUMENTED_LINE` and `INSTRUMENTED_INSTRUCTION`.
pub(crate) fn visible_op(code: &CodeObject, i: usize) -> u8 {
    let mut op = code.unit(i) as u8;
    // SAFETY: the data belongs to the code.
    let monitoring = unsafe { code.co_monitoring.get().as_ref() };
    if op == Op::INSTRUMENTED_LINE as u8
        && let Some(m) = monitoring
    {
        op = m.lines[i];
    }
    if op == Op::INSTRUMENTED_INSTRUCTION as u8
        && let Some(m) = monitoring
    {
        op = m.instructions[i];
    }
    op
}

/// The opcode at unit `i` without instrumentation, specialised or not.
pub fn uninstrumented_op(code: &CodeObject, i: usize) -> u8 {
    let op = visible_op(code, i);
    if (op as u16) < MIN_INSTRUMENTED_OPCODE {
        return op;
    }
    INSTRUMENTED.iter().find(|(from, _)| *from as u8 == op).map_or(op, |(_, to)| *to as u8)
}

/// The base opcode at unit `i`.
pub fn underlying_op(code: &CodeObject, i: usize) -> u8 {
    BASE[uninstrumented_op(code, i) as usize]
}

fn position(frame: *mut Frame) -> usize {
    // SAFETY: callers pass frames that are alive.
    unsafe { (*frame).unit_index() }
}

/// Whether anybody watches an event that belongs to no instruction.
#[inline]
fn watched(event: usize) -> bool {
    State::current().tools[event].get() != 0
}

/// Whether anybody wants to know of exceptions that leave functions.
pub fn watches_unwinding() -> bool {
    watched(events::PY_UNWIND)
}

/// Tells tools that an exception came up.
#[inline]
pub fn raised(ts: &Thread, frame: *mut Frame, how: Raise) {
    if watched(events::RAISE) {
        // The reference tells the unit before the one that would be next.
        // SAFETY: the frame is alive.
        let (unit, code) = unsafe { ((*frame).unit_index(), (*frame).code()) };
        let unit = match how {
            Raise::Raise => unit + CACHES[underlying_op(code, unit) as usize] as usize,
            Raise::InCaller => unit.saturating_sub(1),
            Raise::Ended => unit,
        };
        fire::exception(ts, frame, events::RAISE, unit);
    }
}

/// Tells tools that the instruction at `at` raises an exception again.
#[inline]
pub fn reraised(ts: &Thread, frame: *mut Frame, at: *mut u16) {
    if watched(events::RERAISE) {
        // SAFETY: the frame is alive, and `at` is an instruction of its code.
        let unit = unsafe { at.offset_from((*frame).code().units()) };
        fire::exception(ts, frame, events::RERAISE, unit.max(0) as usize);
    }
}

/// Tells tools that a handler was found; the exception is on top of the frame's stack.
#[inline]
pub fn handled(ts: &Thread, frame: *mut Frame, unit: usize) -> PyResult<()> {
    if watched(events::EXCEPTION_HANDLED) { fire::handled(ts, frame, unit) } else { Ok(()) }
}

/// Tells tools that an exception leaves a frame.
#[inline]
pub fn unwound(ts: &Thread, frame: *mut Frame) {
    // SAFETY: the frame is alive and complete. The one between a class and its `__init__` is shown to nobody.
    let shown = !unsafe { (*frame).code() }.has_flag(taipan_bytecode::code::flags::NO_MONITORING_EVENTS);
    if watched(events::PY_UNWIND) && shown {
        fire::exception(ts, frame, events::PY_UNWIND, position(frame));
    }
}

/// Tells tools that an exception is thrown into a generator.
#[inline]
pub fn thrown(ts: &Thread, frame: *mut Frame) {
    if watched(events::PY_THROW) {
        fire::exception(ts, frame, events::PY_THROW, position(frame));
    }
}

/// `f_trace_opcodes` was set: the trace function wants every instruction.
pub fn enable_opcode_events() -> PyResult<()> {
    legacy::want_instructions()
}
