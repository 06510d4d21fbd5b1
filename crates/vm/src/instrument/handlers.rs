//! Handlers of the two forms that stand before any instruction.
// The functions here are the evaluation loop's own: their contract is that of a handler (see `eval/mod.rs`), stated once.
#![allow(clippy::missing_safety_doc)]

use super::{events, fire};
use crate::eval::handlers::{BASE, CACHES, dispatch, dispatch_as, report_unknown};
use crate::eval::unwind;
use crate::frame::Frame;
use crate::specialize::counter;
use crate::stackref::StackRef;
use taipan_bytecode::Op;
use taipan_object::Thread;

/// `INSTRUMENTED_LINE`.
pub(crate) unsafe extern "C" fn instrumented_line(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
) -> usize {
    // SAFETY: the contract of handlers.
    unsafe {
        match line_event(&*ts, frame, ip.sub(1), sp) {
            After::Error => unwind::error_path(ts, frame, ip, (*frame).stackpointer, oparg),
            After::Jumped => dispatch(ts, frame, (*frame).instr_ptr, (*frame).stackpointer),
            After::Go(op) => dispatch_as(ts, frame, ip, sp, op, oparg),
        }
    }
}

/// `INSTRUMENTED_INSTRUCTION`.
pub(crate) unsafe extern "C" fn instrumented_instruction(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
) -> usize {
    // SAFETY: the contract of handlers.
    unsafe {
        match instruction_event(&*ts, frame, ip.sub(1), sp) {
            After::Error => unwind::error_path(ts, frame, ip, (*frame).stackpointer, oparg),
            After::Jumped => dispatch(ts, frame, (*frame).instr_ptr, (*frame).stackpointer),
            After::Go(op) => dispatch_as(ts, frame, ip, sp, op, oparg),
        }
    }
}

/// How to go on after an event.
enum After {
    /// A tool raised.
    Error,
    /// A tool jumped: the frame says where to go on.
    Jumped,
    /// With the hidden opcode.
    Go(u8),
}

#[inline(never)]
unsafe fn line_event(ts: &Thread, frame: *mut Frame, at: *mut u16, sp: *mut StackRef) -> After {
    // SAFETY: the contract of handlers.
    unsafe {
        let code = (*frame).code();
        let previous = (*frame).unit_index();
        (*frame).instr_ptr = at;
        (*frame).stackpointer = sp;
        let unit = (*frame).unit_index();
        // A handler has just been entered: what went before is the instruction that raised.
        let previous = if previous == unit { raised_at(frame, sp).unwrap_or(previous) } else { previous };
        let Some(op) = code.co_monitoring.get().as_ref().and_then(|m| m.lines.get(unit)).copied() else {
            report_unknown(*at as u8);
            return After::Error;
        };
        if ts.tracing.get() == 0 && is_new_line(code, previous, unit) {
            let line = line_of(code, unit);
            if fire::line(ts, frame, unit, line).is_err() {
                return After::Error;
            }
            if (*frame).instr_ptr != at {
                return After::Jumped;
            }
        }
        if op == Op::INSTRUMENTED_INSTRUCTION as u8 {
            return instruction_event(ts, frame, at, sp);
        }
        pause(at, op);
        After::Go(op)
    }
}

/// Where the exception on top of the stack came up, if that was in this frame.
unsafe fn raised_at(frame: *mut Frame, sp: *mut StackRef) -> Option<usize> {
    // SAFETY: the contract of handlers; the stack is looked at only if it holds something.
    unsafe {
        if sp <= Frame::stack_base(frame) {
            return None;
        }
        let exc = (*sp.sub(1)).get()?;
        exc.downcast::<taipan_object::types::exceptions::BaseException>()?;
        let tb = crate::support::exception_traceback(exc)?;
        crate::traceback::unit_in(&tb, (*frame).frame_obj)
    }
}

fn line_of(code: &crate::code::CodeObject, unit: usize) -> i32 {
    // SAFETY: the data belongs to the code.
    unsafe { code.co_monitoring.get().as_ref() }.and_then(|m| m.line_numbers.get(unit)).copied().unwrap_or(-1)
}

/// Not a new line if the instruction before was of the same line; the one at which a function begins does not count.
fn is_new_line(code: &crate::code::CodeObject, previous: usize, unit: usize) -> bool {
    line_of(code, previous) != line_of(code, unit) || super::underlying_op(code, previous) == Op::RESUME as u8
}

unsafe fn instruction_event(ts: &Thread, frame: *mut Frame, at: *mut u16, sp: *mut StackRef) -> After {
    // SAFETY: the contract of handlers.
    unsafe {
        (*frame).instr_ptr = at;
        (*frame).stackpointer = sp;
        let unit = (*frame).unit_index();
        let hidden = || (*frame).code().co_monitoring.get().as_ref().and_then(|m| m.instructions.get(unit)).copied();
        let Some(op) = hidden() else {
            report_unknown(*at as u8);
            return After::Error;
        };
        if fire::at_instruction(ts, frame, events::INSTRUCTION, &[]).is_err() {
            return After::Error;
        }
        if (*frame).instr_ptr != at {
            return After::Jumped;
        }
        pause(at, op);
        After::Go(op)
    }
}

/// Keeps the hidden instruction from being specialised, which would overwrite the instrumentation.
unsafe fn pause(at: *mut u16, op: u8) {
    let base = Op::from_number(BASE[op as usize] as u16);
    if CACHES[op as usize] > 0 && !base.is_some_and(|b| b.is_conditional_jump()) {
        // SAFETY: the instruction's first cache unit.
        unsafe { *at.add(1) = counter::PAUSED };
    }
}
