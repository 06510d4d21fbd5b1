//! `INSTRUMENTED_*` forms: the event, then the instruction itself.
#![allow(non_snake_case)]

use super::{events, fire};
use crate::eval::ops::prelude::*;
use crate::eval::ops::{self, call_function_ex, call_general, call_kw_general, load_super_attr};
use crate::function::Function;
use crate::generator;
use std::sync::atomic::Ordering;
use taipan_bytecode::Op;
use taipan_bytecode::opcode::resume;
use taipan_object::types::method_::Method;

impl Machine {
    fn unit(&self) -> usize {
        // SAFETY: `ip` lies in the code.
        unsafe { self.ip.sub(1).offset_from(self.code().units()) as usize }
    }

    unsafe fn store(&mut self) {
        // SAFETY: the running frame.
        unsafe {
            self.save_ip();
            (*self.frame).stackpointer = self.sp;
        }
    }

    /// Whether a tool has moved the frame elsewhere.
    unsafe fn moved(&mut self) -> bool {
        // SAFETY: the running frame.
        unsafe {
            let moved = (*self.frame).instr_ptr != self.ip.sub(1);
            if moved {
                self.sp = (*self.frame).stackpointer;
            }
            moved
        }
    }
}

/// What to do after an event, told to a handler.
#[repr(u8)]
enum After {
    Go,
    Moved,
    Error,
}

/// An event with the value on top of the stack, for a handler.
#[inline(never)]
unsafe fn value_event(ts: &Thread, frame: *mut Frame, ip: *mut u16, sp: *mut StackRef, event: usize) -> After {
    // SAFETY: the contract of handlers.
    unsafe {
        (*frame).instr_ptr = ip.sub(1);
        (*frame).stackpointer = sp;
        let value = (*sp.sub(1)).as_ref().to_obj();
        match fire::at_instruction(ts, frame, event, &[&value]) {
            Err(_) => After::Error,
            Ok(()) if (*frame).instr_ptr != ip.sub(1) => After::Moved,
            Ok(()) => After::Go,
        }
    }
}

macro_rules! with_value_event {
    ($name:ident, $event:expr, $then:path) => {
        op!($name(vm, n) {
            match value_event(vm.thread(), vm.frame, vm.ip, vm.sp, $event) {
                After::Go => $then(vm, n),
                After::Moved => {
                    vm.ip = (*vm.frame).instr_ptr;
                    vm.sp = (*vm.frame).stackpointer;
                    Flow::Go
                }
                After::Error => Flow::Error,
            }
        });
    };
}
with_value_event!(INSTRUMENTED_RETURN_VALUE, events::PY_RETURN, ops::RETURN_VALUE);
with_value_event!(INSTRUMENTED_YIELD_VALUE, events::PY_YIELD, ops::YIELD_VALUE);

general!(INSTRUMENTED_RESUME(vm, n) {
    vm.store();
    let ts = vm.thread();
    let word = ts.eval_breaker.load(Ordering::Relaxed);
    if word & !breaker::EVENTS != vm.code().instrumentation_version.get() {
        super::instrument_frame_code(ts, vm.frame)?;
        return Ok(Done::Again);
    }
    let location = n as u32 & resume::LOCATION_MASK;
    if word & breaker::EVENTS != 0 && location <= resume::AFTER_YIELD {
        breaker::handle(ts)?;
    }
    let event = if location == resume::AT_FUNC_START { events::PY_START } else { events::PY_RESUME };
    fire::at_instruction(ts, vm.frame, event, &[])?;
    Ok(if vm.moved() { Done::Switch } else { Done::Next })
});

/// A native call with its two events around it; Python functions have events of their own.
unsafe fn watched_call(
    vm: &mut Machine,
    callable: Obj,
    first: Option<Obj>,
    call: impl FnOnce(&mut Machine) -> PyResult<Done>,
) -> PyResult<Done> {
    // SAFETY: the contract of general forms.
    unsafe {
        let ts = vm.thread();
        let first = first.unwrap_or_else(|| super::state::State::current().missing());
        fire::at_instruction(ts, vm.frame, events::CALL, &[&callable, &first])?;
        if vm.moved() {
            return Ok(Done::Switch);
        }
        let python = Function::is_plain(&callable)
            || callable.downcast_exact::<Method>().is_some_and(|m| Function::is_plain(m.func()));
        let frame = vm.frame;
        let r = call(vm);
        if python {
            return r;
        }
        match r {
            Ok(done) => {
                (*frame).stackpointer = vm.sp;
                fire::at_instruction(ts, frame, events::C_RETURN, &[&callable, &first])?;
                Ok(if matches!(done, Done::Next) && vm.moved() { Done::Switch } else { done })
            }
            Err(e) => {
                (*frame).stackpointer = vm.sp;
                let exc = e.take();
                fire::at_instruction(ts, frame, events::C_RAISE, &[&callable, &first])?;
                Err(taipan_object::error::restore(exc))
            }
        }
    }
}

general!(INSTRUMENTED_CALL(vm, n) {
    vm.store();
    vm.unpack_bound_method(n);
    let callable = vm.obj(n + 2).to_obj();
    let first = match vm.peek(n + 1).get() {
        Some(receiver) => Some(receiver.to_obj()),
        None if n > 0 => Some(vm.obj(n).to_obj()),
        None => None,
    };
    watched_call(vm, callable, first, |vm| call_general(vm, n))
});

general!(INSTRUMENTED_CALL_KW(vm, n) {
    vm.store();
    vm.unpack_bound_method(n + 1);
    let callable = vm.obj(n + 3).to_obj();
    let first = match vm.peek(n + 2).get() {
        Some(receiver) => Some(receiver.to_obj()),
        None if n > 0 => Some(vm.obj(n + 1).to_obj()),
        None => None,
    };
    watched_call(vm, callable, first, |vm| call_kw_general(vm, n))
});

general!(INSTRUMENTED_CALL_FUNCTION_EX(vm, _) {
    vm.store();
    let callable = vm.obj(4).to_obj();
    let first = vm.obj(2).downcast_exact::<Tuple>().and_then(|t| t.items().first().cloned());
    watched_call(vm, callable, first, |vm| call_function_ex(vm))
});

general!(INSTRUMENTED_LOAD_SUPER_ATTR(vm, n) {
    vm.store();
    let callable = vm.obj(3).to_obj();
    let first = (n & 2 != 0).then(|| vm.obj(2).to_obj());
    watched_call(vm, callable, first, |vm| load_super_attr(vm, n).map(|()| Done::Next))
});

/// A jump with its event.
unsafe fn jump_to(vm: &mut Machine, event: usize, from: usize, to: usize) -> PyResult<Done> {
    // SAFETY: the contract of general forms.
    unsafe {
        fire::jump(vm.thread(), vm.frame, event, from, to)?;
        Ok(if vm.moved() { Done::Switch } else { Done::Goto(vm.code().units().add(to)) })
    }
}

general!(INSTRUMENTED_JUMP_FORWARD(vm, d) {
    vm.store();
    let unit = vm.unit();
    jump_to(vm, events::JUMP, unit, unit + 1 + d)
});

general!(INSTRUMENTED_JUMP_BACKWARD(vm, d) {
    vm.store();
    if breaker::pending(vm.thread()) {
        breaker::handle(vm.thread())?;
    }
    let unit = vm.unit();
    jump_to(vm, events::JUMP, unit, unit + 2 - d)
});

/// A conditional jump: the event comes when it is taken; `NOT_TAKEN` has the other.
unsafe fn branch(vm: &mut Machine, d: usize, taken: bool) -> PyResult<Done> {
    // SAFETY: the contract of general forms.
    unsafe {
        vm.close_n(1);
        vm.store();
        if !taken {
            return Ok(Done::Next);
        }
        let unit = vm.unit();
        jump_to(vm, events::BRANCH_RIGHT, unit, unit + 2 + d)
    }
}

general!(INSTRUMENTED_POP_JUMP_IF_TRUE(vm, d) {
    let taken = vm.tos().is(true_());
    branch(vm, d, taken)
});

general!(INSTRUMENTED_POP_JUMP_IF_FALSE(vm, d) {
    let taken = vm.tos().is(false_());
    branch(vm, d, taken)
});

general!(INSTRUMENTED_POP_JUMP_IF_NONE(vm, d) {
    let taken = vm.tos().is(none());
    branch(vm, d, taken)
});

general!(INSTRUMENTED_POP_JUMP_IF_NOT_NONE(vm, d) {
    let taken = !vm.tos().is(none());
    branch(vm, d, taken)
});

general!(INSTRUMENTED_NOT_TAKEN(vm, _) {
    vm.store();
    let unit = vm.unit();
    // Before it stands a conditional jump with one cache unit, or the END_SEND of an `async for`.
    let before = if unit > 0 && super::underlying_op(vm.code(), unit - 1) == Op::END_SEND as u8 { unit - 1 } else { unit.saturating_sub(2) };
    jump_to(vm, events::BRANCH_LEFT, before, unit + 1)
});

general!(INSTRUMENTED_FOR_ITER(vm, d) {
    vm.store();
    let unit = vm.unit();
    let it = vm.obj(1);
    match ops::next_item(vm, it)? {
        Some(v) => {
            vm.push_obj(v);
            jump_to(vm, events::BRANCH_LEFT, unit, unit + 2)
        }
        None => {
            // Over END_FOR.
            Ok(Done::Goto(vm.code().units().add(unit + 2 + d + 1)))
        }
    }
});

/// The `FOR_ITER` whose loop ends at the `POP_ITER` at `unit`.
fn loop_of(code: &crate::code::CodeObject, unit: usize) -> Option<usize> {
    let bytes = code.original_code();
    // The exhausted loop goes on after its END_FOR.
    let found = taipan_bytecode::instruction::decode(&bytes)
        .find(|i| i.op == taipan_bytecode::Op::FOR_ITER && i.jump_target().is_some_and(|t| t + 1 == unit));
    found.map(|i| i.offset)
}

general!(INSTRUMENTED_POP_ITER(vm, _) {
    let before = (*vm.frame).unit_index();
    vm.close_n(1);
    vm.store();
    let unit = vm.unit();
    // A FOR_ITER that nobody watches does not store where it stands.
    let from = loop_of(vm.code(), unit).unwrap_or(before);
    jump_to(vm, events::BRANCH_RIGHT, from, unit + 1)
});

general!(INSTRUMENTED_END_FOR(vm, _) {
    let at = (*vm.frame).instr_ptr;
    if vm.obj(2).downcast_exact::<generator::Generator>().is_some() {
        vm.store();
        let v = vm.obj(1).to_obj();
        fire::stop_iteration(vm.thread(), vm.frame, &v)?;
        if vm.moved() {
            return Ok(Done::Switch);
        }
    }
    vm.close_n(1);
    (*vm.frame).instr_ptr = at;
    Ok(Done::Next)
});

general!(INSTRUMENTED_END_SEND(vm, _) {
    vm.store();
    if generator::any_generator(vm.obj(2)).is_some() {
        let v = vm.obj(1).to_obj();
        fire::stop_iteration(vm.thread(), vm.frame, &v)?;
        if vm.moved() {
            return Ok(Done::Switch);
        }
    }
    let v = vm.pop_obj();
    vm.finish(1, v);
    Ok(Done::Next)
});

general!(INSTRUMENTED_END_ASYNC_FOR(vm, d) {
    vm.store();
    let unit = vm.unit();
    let exc = vm.obj(1);
    if exc.ty().is_subtype(taipan_object::types::exceptions::StopAsyncIteration) {
        vm.close_n(2);
        (*vm.frame).stackpointer = vm.sp;
        return jump_to(vm, events::BRANCH_RIGHT, (unit + 1).saturating_sub(d), unit + 1);
    }
    let exc = vm.pop_obj();
    let _ = taipan_object::error::restore(exc);
    Ok(Done::Reraise)
});

op!(INSTRUMENTED_LINE(_vm, _) {
    // The table holds a handler of its own for it.
    Flow::Error
});

op!(INSTRUMENTED_INSTRUCTION(_vm, _) {
    Flow::Error
});
