//! The way of an exception: traceback entries, the exception table, leaving frames.
// The functions here are the evaluation loop's own: their contract is that of a handler (see `eval/mod.rs`), stated once.
#![allow(clippy::missing_safety_doc)]

use super::handlers::dispatch;
use crate::frame::{self, Frame, datastack, owner};
use crate::generator;
use crate::instrument;
use crate::stackref::StackRef;
use crate::traceback;
use taipan_bytecode::exception_table;
use taipan_object::types::int::Int;
use taipan_object::{Obj, Thread};

/// Takes a frame that has ended off the chain and releases it: the memory of a thread's frame goes back to the data stack, a
/// generator is marked as finished. Answers the caller.
///
/// # Safety
/// `frame` is the running frame (or about to become it), its `stackpointer` right.
pub unsafe fn leave_frame(ts: &Thread, frame: *mut Frame) {
    // SAFETY: the caller's promise.
    unsafe {
        let previous = (*frame).previous;
        ts.current_frame.set(previous.cast());
        if (*frame).owner == owner::GENERATOR {
            generator::frame_ended(ts, frame);
        } else {
            frame::clear(frame);
            let executable = (*frame).executable;
            datastack::pop(ts, frame);
            executable.close();
        }
    }
}

/// Where an exception is caught.
struct Target {
    unit: u32,
    depth: u32,
    lasti: bool,
}

fn find_handler(frame: &Frame, unit: usize) -> Option<Target> {
    let table = frame.code().exception_table();
    if table.is_empty() {
        return None;
    }
    for e in exception_table::read(table) {
        if (e.start as usize) > unit {
            break;
        }
        if unit < e.end as usize {
            return Some(Target { unit: e.target, depth: e.depth, lasti: e.lasti });
        }
    }
    None
}

/// An exception is set: adds a traceback entry for the instruction at `ip - 1`... (the frame's `instr_ptr`), then looks for a handler here
/// and in the callers.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn error_path(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    _oparg: usize,
) -> usize {
    // SAFETY: the contract of handlers.
    unsafe {
        (*frame).stackpointer = sp;
        if !(*frame).is_incomplete() {
            traceback::here(&*ts, frame);
            instrument::raised(&*ts, frame, instrument::Raise::Raise);
        }
        resume(ts, unwind(&*ts, frame, ip.sub(1)))
    }
}

/// The same for an exception thrown into a generator that stands at the instruction after its `YIELD_VALUE`.
#[cold]
pub(crate) unsafe fn thrown_path(ts: &Thread, frame: *mut Frame) -> usize {
    // SAFETY: the caller has made the frame the running one; it is complete.
    unsafe {
        traceback::here(ts, frame);
        instrument::raised(ts, frame, instrument::Raise::InCaller);
        resume(ts, unwind(ts, frame, (*frame).instr_ptr.sub(1)))
    }
}

/// The same without a traceback entry: the exception has been here before (`RERAISE`).
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn reraise_path(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    _oparg: usize,
) -> usize {
    // SAFETY: the contract of handlers.
    unsafe {
        (*frame).stackpointer = sp;
        instrument::reraised(&*ts, frame, ip.sub(1));
        resume(ts, unwind(&*ts, frame, ip.sub(1)))
    }
}

/// Goes on in the frame that [`unwind`] found, or leaves the loop. Here because a function with locals in memory cannot end in a jump.
#[inline(always)]
unsafe fn resume(ts: *const Thread, frame: *mut Frame) -> usize {
    if frame.is_null() {
        return 0;
    }
    // SAFETY: the frame's registers are stored in it.
    unsafe { dispatch(ts, frame, (*frame).instr_ptr, (*frame).stackpointer) }
}

/// Finds the handler, and answers its frame with the registers stored; null when the exception leaves the loop. `at` is the raising
/// instruction: the frame's own, or a `RERAISE` that has set the frame back to where the exception came up first.
#[inline(never)]
unsafe fn unwind(ts: &Thread, mut frame: *mut Frame, mut at: *mut u16) -> *mut Frame {
    // SAFETY: frames on the chain are alive, their stack pointers right while they are not running.
    unsafe {
        loop {
            let unit = (*frame).unit_index();
            let raising = at.offset_from((*frame).code().units()) as usize;
            if let Some(target) = find_handler(&*frame, raising) {
                let base = Frame::stack_base(frame);
                let floor = base.add(target.depth as usize);
                close_down_to(frame, floor);
                let mut sp = (*frame).stackpointer;
                if target.lasti {
                    *sp = StackRef::steal(Int::from_i64(unit as i64).into_obj());
                    sp = sp.add(1);
                }
                let exc = take_exception(ts);
                *sp = StackRef::steal(exc);
                sp = sp.add(1);
                (*frame).stackpointer = sp;
                let ip = (*frame).code().units().add(target.unit as usize);
                if instrument::handled(ts, frame, target.unit as usize).is_err() {
                    // A callback raised: that exception is the one now, from before the handler.
                    sp = (*frame).stackpointer;
                    (*frame).stackpointer = sp.sub(1);
                    (*sp.sub(1)).close();
                    at = ip.sub(1);
                    continue;
                }
                (*frame).instr_ptr = ip;
                return frame;
            }
            close_down_to(frame, Frame::stack_base(frame));
            instrument::unwound(ts, frame);
            let entry = (*frame).entry;
            let previous = (*frame).previous;
            leave_frame(ts, frame);
            ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
            if entry {
                return std::ptr::null_mut();
            }
            frame = previous;
            at = (*frame).instr_ptr;
            if !(*frame).is_incomplete() {
                traceback::here(ts, frame);
                instrument::raised(ts, frame, instrument::Raise::InCaller);
            }
        }
    }
}

fn take_exception(ts: &Thread) -> Obj {
    ts.current_exception.take().expect("the unwinder runs with an exception set")
}

/// Closes what lies on the stack above `floor`. Finalisers may run meanwhile: the exception is kept aside.
unsafe fn close_down_to(frame: *mut Frame, floor: *mut StackRef) {
    // SAFETY: everything between the floor and the stack pointer is owned by the frame.
    unsafe {
        while (*frame).stackpointer > floor {
            let sp = (*frame).stackpointer.sub(1);
            (*frame).stackpointer = sp;
            (*sp).close();
        }
    }
}

/// Leaves a frame whose exception cannot be caught in it (an error before its first instruction), and goes on unwinding in its caller.
///
/// # Safety
/// `frame` is the running frame.
pub unsafe fn exit_unwind(ts: &Thread, frame: *mut Frame) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let entry = (*frame).entry;
        let previous = (*frame).previous;
        leave_frame(ts, frame);
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
        if entry {
            return 0;
        }
        error_path(ts, previous, (*previous).instr_ptr.add(1), (*previous).stackpointer, 0)
    }
}
