//! Entering the loop: running a frame until it returns, yields or raises.

use super::handlers;
use super::unwind;
use crate::frame::Frame;
use taipan_object::thread::stack_pointer;
use taipan_object::{Obj, PyResult, Raised, Thread};

/// Runs `frame`, which is complete and not yet on the chain of running frames, until it leaves the loop. With `throw`, the current
/// exception is raised where the frame stands.
///
/// # Safety
/// `frame` is a valid frame whose `previous` is to be the running one. It is the callee's: popped and released at the end, unless
/// it belongs to a generator.
pub unsafe fn eval_frame(ts: &Thread, frame: *mut Frame, throw: bool) -> PyResult {
    // SAFETY: the caller's promise.
    unsafe {
        (*frame).previous = ts.current_frame.get().cast();
        (*frame).entry = true;
        if ts.dispatch[0].get().is_null() {
            handlers::fill_dispatch(ts);
        }
        if (stack_pointer() < ts.stack_soft_limit.get() || ts.py_recursion_remaining.get() <= 0)
            && let Err(e) = check_depth(ts)
        {
            unwind::leave_frame(ts, frame);
            return Err(e);
        }
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
        ts.current_frame.set(frame.cast());
        let word = if throw {
            crate::instrument::thrown(ts, frame);
            // A suspended generator stands at the RESUME; what guards the YIELD_VALUE before it catches the exception.
            drive(ts, unwind::thrown_path(ts, frame))
        } else {
            drive(ts, handlers::dispatch(ts, frame, (*frame).instr_ptr, (*frame).stackpointer))
        };
        match Obj::from_raw_opt(word as *const taipan_object::Object) {
            Some(o) => Ok(o),
            None => Err(Raised::already_set()),
        }
    }
}

/// In release builds the first handler has run everything when it returns.
#[cfg(not(debug_assertions))]
#[inline(always)]
unsafe fn drive(_ts: &Thread, word: usize) -> usize {
    word
}

/// In debug builds handlers return after each instruction.
#[cfg(debug_assertions)]
unsafe fn drive(ts: &Thread, mut word: usize) -> usize {
    while word == handlers::CONTINUE {
        let r = handlers::next_registers();
        // SAFETY: the registers that the last handler left.
        unsafe {
            let unit = *r.ip;
            word = handlers::TABLE.row(unit as u8)(ts, r.frame, r.ip.add(1), r.sp, (unit >> 8) as usize);
        }
    }
    word
}

/// Raises `RecursionError` when too many Python frames are running, or native code has used up the stack.
#[cold]
#[inline(never)]
pub fn check_depth(ts: &Thread) -> PyResult<()> {
    taipan_object::thread::check_recursion("")?;
    if ts.recursion_headroom.get() != 0 {
        // The error is being made: it may use what lies beyond the limit.
        return Ok(());
    }
    if ts.py_recursion_remaining.get() <= 0 {
        ts.recursion_headroom.set(ts.recursion_headroom.get() + 1);
        let e = taipan_object::raise!(RecursionError, "maximum recursion depth exceeded");
        ts.recursion_headroom.set(ts.recursion_headroom.get() - 1);
        return Err(e);
    }
    Ok(())
}
