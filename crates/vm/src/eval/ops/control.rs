//! Jumps, entering and leaving functions.

use super::keeps;
use super::prelude::*;
use crate::eval::handlers::dispatch;
use crate::eval::unwind;
use crate::frame::{datastack, owner};
use std::sync::atomic::Ordering;
use taipan_bytecode::Op;
use taipan_bytecode::opcode::resume;

op!(RESUME(vm, n) {
    let word = vm.thread().eval_breaker.load(Ordering::Relaxed);
    if word & !breaker::EVENTS != vm.code().instrumentation_version.get() {
        return Flow::Slow(instrument_code);
    }
    vm.quicken(Op::RESUME, Op::RESUME_CHECK);
    if word & breaker::EVENTS != 0 && n & resume::LOCATION_MASK as usize <= resume::AFTER_YIELD as usize {
        return Flow::Slow(handle_pending);
    }
    Flow::Next
});

op!(RESUME_CHECK(vm, _) {
    if vm.thread().eval_breaker.load(Ordering::Relaxed) != vm.code().instrumentation_version.get() {
        return Flow::Deopt;
    }
    Flow::Next
});

slow!(instrument_code(vm, _) {
    crate::instrument::instrument_frame_code(vm.thread(), vm.frame)?;
    Ok(Done::Again)
});

slow!(handle_pending(vm, _) {
    breaker::handle(vm.thread())
});

op!(JUMP_FORWARD(_vm, d) { Flow::Jump(d as isize) });

op!(JUMP_BACKWARD(vm, d) {
    vm.quicken(Op::JUMP_BACKWARD, Op::JUMP_BACKWARD_NO_JIT);
    JUMP_BACKWARD_NO_JIT(vm, d)
});

op!(JUMP_BACKWARD_NO_JIT(vm, d) {
    if breaker::pending(vm.thread()) {
        return Flow::Slow(pending_then_jump_back);
    }
    Flow::Jump(-(d as isize))
});

op!(JUMP_BACKWARD_JIT(vm, d) { JUMP_BACKWARD_NO_JIT(vm, d) });

op!(JUMP_BACKWARD_NO_INTERRUPT(_vm, d) { Flow::Jump(-(d as isize)) });

slow!(pending_then_jump_back(vm, _) {
    breaker::handle(vm.thread())?;
    Ok(Done::JumpBack)
});

op!(POP_JUMP_IF_FALSE(vm, d) {
    // The compiler puts a TO_BOOL or a comparison before it: the value is True or False.
    let v = vm.pop();
    if v.is(false_()) { Flow::Jump(d as isize) } else { vm.not_taken() }
});

op!(POP_JUMP_IF_TRUE(vm, d) {
    let v = vm.pop();
    if v.is(true_()) { Flow::Jump(d as isize) } else { vm.not_taken() }
});

op!(POP_JUMP_IF_NONE(vm, d) {
    let v = vm.tos();
    if v.is(none()) {
        vm.shrink(1);
        return Flow::Jump(d as isize);
    }
    vm.shrink(1);
    done(v.release())
});

op!(POP_JUMP_IF_NOT_NONE(vm, d) {
    let v = vm.tos();
    if v.is(none()) {
        vm.shrink(1);
        return vm.not_taken();
    }
    if v.is_unique() {
        return Flow::General(close_then_jump);
    }
    vm.shrink(1);
    v.close();
    Flow::Jump(d as isize)
});

slow!(close_then_jump(vm, _) {
    vm.save_ip();
    vm.close_n(1);
    Ok::<Done, Raised>(Done::Jump)
});

impl Machine {
    /// On behind a conditional jump, and over the mark that usually stands there.
    #[inline(always)]
    unsafe fn not_taken(&mut self) -> Flow {
        // SAFETY: an instruction follows the jump and its cache unit.
        unsafe {
            if *self.ip.add(1) as u8 == Op::NOT_TAKEN as u16 as u8 {
                self.ip = self.ip.add(1);
            }
        }
        Flow::Next
    }

    /// Puts `to` in the place of `from`, if that is what stands there: instrumentation may hide the instruction.
    #[inline(always)]
    pub(crate) unsafe fn quicken(&mut self, from: Op, to: Op) {
        // SAFETY: the low byte of a unit is the opcode.
        unsafe {
            let at = self.ip.sub(1).cast::<u8>();
            if *at == from as u16 as u8 {
                *at = to as u16 as u8;
            }
        }
    }

    /// Overwrites the opcode of the current instruction.
    #[inline(always)]
    pub(crate) unsafe fn set_opcode(&mut self, op: Op) {
        // SAFETY: the code is ours to change under the interpreter lock; the low byte of a unit is the opcode.
        unsafe { *self.ip.sub(1).cast::<u8>() = op as u16 as u8 }
    }

    /// Ends the frame with a result that owns itself: on in the caller, or out of the loop.
    #[inline(always)]
    pub(crate) unsafe fn return_from_frame(&mut self, result: StackRef) -> Flow {
        // SAFETY: the frame is the running one; `result` is on no stack.
        unsafe {
            let ts = self.thread();
            let frame = self.frame;
            (*frame).stackpointer = self.sp;
            let entry = (*frame).entry;
            let previous = (*frame).previous;
            if (*frame).owner == owner::THREAD
                && (*frame).frame_obj.is_null()
                && (*frame).locals.is_null()
                && self.sp == Frame::stack_base(frame)
            {
                ts.current_frame.set(previous.cast());
                let mut slot = Frame::slot(frame, 0);
                while slot < self.sp {
                    let v = *slot;
                    *slot = StackRef::NULL;
                    v.close();
                    slot = slot.add(1);
                }
                let executable = (*frame).executable;
                (*frame).funcobj.close();
                datastack::pop(ts, frame);
                executable.close();
            } else {
                unwind::leave_frame(ts, frame);
            }
            ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
            if entry {
                return Flow::Exit(result.ptr() as usize);
            }
            self.frame = previous;
            self.ip = (*previous).instr_ptr.add((*previous).return_offset as usize);
            self.sp = (*previous).stackpointer;
            self.push(result);
            Flow::Go
        }
    }
}

op!(RETURN_VALUE(vm, _) {
    let result = vm.tos().heap_safe();
    vm.put(1, result);
    let ts = vm.thread();
    let frame = vm.frame;
    let end = vm.sp.sub(1);
    let executable = (*frame).executable;
    let entry = (*frame).entry;
    if !Frame::is_plain(frame) || executable.is_unique() || entry && (*frame).funcobj.get().is_some_and(Object::is_unique) {
        return Flow::Tail(return_path);
    }
    let mut slot = Frame::slot(frame, 0);
    while slot < end {
        let v = *slot;
        if v.is_owned() {
            let o = v.as_ref();
            let n = o.refcnt();
            if n == 1 {
                if !keeps(ts, v) {
                    return Flow::Tail(return_path);
                }
                let _ = recycle(ts, v.ptr());
            } else if (n as i32) >= 0 {
                o.set_refcnt(n - 1);
            }
        }
        *slot = StackRef::NULL;
        slot = slot.add(1);
    }
    executable.close_shared();
    datastack::pop_inner(ts, frame);
    ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
    let previous = (*frame).previous;
    ts.current_frame.set(previous.cast());
    if entry {
        (*frame).funcobj.close_shared();
        return Flow::Exit(result.ptr() as usize);
    }
    vm.frame = previous;
    vm.ip = (*previous).instr_ptr.add((*previous).return_offset as usize);
    vm.sp = (*previous).stackpointer;
    vm.push(result);
    let dead = (*frame).funcobj.release();
    if dead.is_null() { Flow::Go } else { Flow::Dealloc(dead) }
});

/// The rest of a return that has to free objects. What was released already is null.
unsafe extern "C" fn return_path(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    _: usize,
) -> usize {
    // SAFETY: the contract of handlers; the result is on top and owns itself.
    unsafe {
        let mut vm = Machine { ts, frame, ip, sp };
        vm.save_ip();
        let result = vm.pop();
        match vm.return_from_frame(result) {
            Flow::Exit(word) => word,
            _ => dispatch(vm.ts, vm.frame, vm.ip, vm.sp),
        }
    }
}

op!(INTERPRETER_EXIT(vm, _) {
    // CPython's entry frames end with it; here the entry bit of a frame does its work.
    let v = vm.tos().heap_safe();
    vm.put(1, v);
    Flow::Tail(return_path)
});
