//! Handlers of the two forms that stand before any instruction.

use crate::eval::handlers::{dispatch_as, report_unknown};
use crate::eval::unwind;
use crate::frame::Frame;
use crate::stackref::StackRef;
use taipan_object::Thread;

/// `INSTRUMENTED_LINE`.
pub unsafe extern "C" fn instrumented_line(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
) -> usize {
    // SAFETY: the contract of handlers.
    unsafe { hidden(ts, frame, ip, sp, oparg, |m| &m.lines) }
}

/// `INSTRUMENTED_INSTRUCTION`.
pub unsafe extern "C" fn instrumented_instruction(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
) -> usize {
    // SAFETY: the contract of handlers.
    unsafe { hidden(ts, frame, ip, sp, oparg, |m| &m.instructions) }
}

unsafe fn hidden(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
    which: fn(&super::CodeMonitoring) -> &Vec<u8>,
) -> usize {
    // SAFETY: the contract of handlers.
    unsafe {
        (*frame).instr_ptr = ip.sub(1);
        match (*frame).code().co_monitoring.get().as_ref().and_then(|m| which(m).get((*frame).unit_index())) {
            Some(&op) => dispatch_as(ts, frame, ip, sp, op, oparg),
            None => {
                report_unknown(*ip.sub(1) as u8);
                unwind::error_path(ts, frame, ip, sp, oparg)
            }
        }
    }
}
