//! Instrumentation: tracing, profiling and `sys.monitoring` rewrite instructions to `INSTRUMENTED_*` forms.

pub mod handlers;
pub mod jump;
pub mod ops;

use crate::code::CodeObject;
use crate::eval::breaker;
use crate::eval::handlers::BASE;
use crate::frame::Frame;
use std::sync::atomic::Ordering;
use taipan_bytecode::opcode::{INSTRUMENTED, MIN_INSTRUMENTED_OPCODE};
use taipan_object::{PyResult, Thread};

/// What instrumentation keeps about a code object.
#[derive(Default)]
pub struct CodeMonitoring {
    /// Opcodes hidden by `INSTRUMENTED_LINE`, by unit.
    pub lines: Vec<u8>,
    /// Opcodes hidden by `INSTRUMENTED_INSTRUCTION`, by unit.
    pub instructions: Vec<u8>,
}

/// How an exception comes up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Raise {
    /// It is new here.
    Raise,
    /// It was caught and goes on.
    Reraise,
}

/// The opcode at unit `i` without instrumentation, specialised or not.
pub fn uninstrumented_op(code: &CodeObject, i: usize) -> u8 {
    let mut op = code.unit(i) as u8;
    // SAFETY: the data belongs to the code.
    let monitoring = unsafe { code.co_monitoring.get().as_ref() };
    if op == taipan_bytecode::Op::INSTRUMENTED_LINE as u8
        && let Some(m) = monitoring
    {
        op = m.lines[i];
    }
    if op == taipan_bytecode::Op::INSTRUMENTED_INSTRUCTION as u8
        && let Some(m) = monitoring
    {
        op = m.instructions[i];
    }
    if (op as u16) < MIN_INSTRUMENTED_OPCODE {
        return op;
    }
    INSTRUMENTED.iter().find(|(from, _)| *from as u8 == op).map_or(op, |(_, to)| *to as u8)
}

/// The base opcode at unit `i`.
pub fn underlying_op(code: &CodeObject, i: usize) -> u8 {
    BASE[uninstrumented_op(code, i) as usize]
}

/// Brings the instructions of a frame's code in line with the tools that watch.
pub fn instrument_frame_code(ts: &Thread, frame: *mut Frame) -> PyResult<()> {
    let word = ts.eval_breaker.load(Ordering::Relaxed);
    // SAFETY: the running frame.
    unsafe { (*frame).code() }.instrumentation_version.set(word & !breaker::EVENTS);
    Ok(())
}

/// Tells tools that an exception came up.
#[inline(always)]
pub fn raised(_ts: &Thread, _frame: *mut Frame, _how: Raise) {}

/// Tells tools that a handler was found.
#[inline(always)]
pub fn handled(_ts: &Thread, _frame: *mut Frame) -> PyResult<()> {
    Ok(())
}

/// Tells tools that an exception leaves a frame.
#[inline(always)]
pub fn unwound(_ts: &Thread, _frame: *mut Frame) {}

/// `f_trace_opcodes` was set.
pub fn enable_opcode_events() -> PyResult<()> {
    Ok(())
}
