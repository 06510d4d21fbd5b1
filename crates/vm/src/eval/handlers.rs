//! One handler per opcode, made from the opcode table and the bodies in [`super::ops`]; a row without a body does not compile.
//!
//! In release builds every handler ends in a jump to the next one through [`TABLE`] (LLVM turns the call in tail position into a
//! `jmp`; the test `tests/tail_calls.rs` proves it for the built program). With debug assertions, and on targets without
//! sibling calls, a handler stores the registers and returns to the driver in [`super::run`].

use super::machine::{Flow, General, Machine, outcome, take_exit_value};
use super::ops;
use super::unwind;
use crate::frame::Frame;
use crate::stackref::StackRef;
use taipan_bytecode::for_each_opcode;
use taipan_bytecode::opcode::{Flags, MIN_INSTRUMENTED_OPCODE};
use taipan_object::{Object, Thread};

/// A handler: thread state, frame, the unit after the instruction's own, end of the stack, argument. Answers the loop's raw result.
pub type Handler = unsafe extern "C" fn(*const Thread, *mut Frame, *mut u16, *mut StackRef, usize) -> usize;

/// The rows that instructions are dispatched by: the handlers, or what [`super::observe`] puts in their place.
#[repr(transparent)]
pub struct Table(std::cell::UnsafeCell<[Handler; 256]>);

// SAFETY: rows are read under the interpreter's lock, and replaced under it.
unsafe impl Sync for Table {}

impl Table {
    /// The handler of an opcode.
    #[inline(always)]
    pub fn row(&self, op: u8) -> Handler {
        // SAFETY: a row is replaced only under the lock that the reader holds.
        unsafe { *self.0.get().cast::<Handler>().add(op as usize) }
    }

    /// Puts other rows in place.
    ///
    /// # Safety
    /// Under the interpreter's lock, or before there is one; every row keeps the contract of handlers.
    pub(crate) unsafe fn replace(&self, rows: &[Handler; 256]) {
        // SAFETY: the caller's promise.
        unsafe { *self.0.get() = *rows }
    }
}

/// The dispatch table.
pub static TABLE: Table = Table(std::cell::UnsafeCell::new(HANDLERS));

/// What a handler answers the driver when there is more to do. No object has this address, and no error is it.
pub const CONTINUE: usize = 1;

/// The registers between two handlers when they are driven.
#[derive(Clone, Copy)]
pub struct Registers {
    /// The frame.
    pub frame: *mut Frame,
    /// The next instruction.
    pub ip: *mut u16,
    /// The end of the stack.
    pub sp: *mut StackRef,
}

thread_local! {
    static NEXT: std::cell::Cell<Registers> =
        const { std::cell::Cell::new(Registers { frame: std::ptr::null_mut(), ip: std::ptr::null_mut(), sp: std::ptr::null_mut() }) };
}

/// The registers that the last handler stored.
pub fn next_registers() -> Registers {
    NEXT.get()
}

/// Goes on with the instruction at `ip`.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub(crate) unsafe fn dispatch(ts: *const Thread, frame: *mut Frame, ip: *mut u16, sp: *mut StackRef) -> usize {
    // SAFETY: `ip` points to an instruction of the frame's code; the table has a row for every byte.
    unsafe {
        let unit = *ip;
        let handler = *(&raw const (*ts).dispatch).cast::<Handler>().add(unit as u8 as usize);
        handler(ts, frame, ip.add(1), sp, (unit >> 8) as usize)
    }
}

/// Gives a thread its copy of the handlers' addresses.
#[cold]
#[inline(never)]
pub(crate) fn fill_dispatch(ts: &Thread) {
    for (op, place) in ts.dispatch.iter().enumerate() {
        place.set(TABLE.row(op as u8) as *const std::ffi::c_void);
    }
}

/// Gives every thread that has a copy the rows that now stand in [`TABLE`].
#[cold]
pub(crate) fn refill_dispatch() {
    let Some(ts) = Thread::try_current() else { return };
    let mut next = ts.interp.threads.get();
    // SAFETY: states on the list are alive, and their threads wait for the lock that this one has.
    while let Some(t) = unsafe { next.as_ref() } {
        if !t.dispatch[0].get().is_null() {
            fill_dispatch(t);
        }
        next = t.next.get();
    }
}

/// Goes on with the instruction at `ip`, by way of the driver.
#[cfg(debug_assertions)]
#[inline(always)]
pub(crate) unsafe fn dispatch(_ts: *const Thread, frame: *mut Frame, ip: *mut u16, sp: *mut StackRef) -> usize {
    NEXT.set(Registers { frame, ip, sp });
    CONTINUE
}

/// Goes on with the opcode `op` and the argument `oparg`, which the instruction at `ip - 1` does not show: after `EXTENDED_ARG`, and where
/// instrumentation hides an opcode.
#[inline(always)]
pub(crate) unsafe fn dispatch_as(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    op: u8,
    oparg: usize,
) -> usize {
    // SAFETY: as for `dispatch`. In debug builds this nests one call deep, since the handler returns to the driver.
    unsafe { TABLE.row(op)(ts, frame, ip, sp, oparg) }
}

/// Acts on the outcome of a general form of an instruction with `NC` cache units.
#[cold]
#[inline(never)]
unsafe extern "C" fn special_outcome<const NC: usize>(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    word: *mut StackRef,
    oparg: usize,
) -> usize {
    let word = word as usize;
    // SAFETY: the encodings of `outcome`.
    unsafe {
        match word {
            outcome::ERROR => unwind::error_path(ts, frame, ip, (*frame).stackpointer, oparg),
            outcome::RERAISE => unwind::reraise_path(ts, frame, ip, (*frame).stackpointer, oparg),
            outcome::SWITCH => {
                let frame: *mut Frame = (*ts).current_frame.get().cast();
                dispatch(ts, frame, (*frame).instr_ptr, (*frame).stackpointer)
            }
            outcome::AGAIN => dispatch_as(ts, frame, ip, (*frame).stackpointer, *ip.sub(1) as u8, oparg),
            outcome::EXIT => take_exit_value(),
            outcome::GOTO => dispatch(ts, frame, take_exit_value() as *mut u16, (*frame).stackpointer),
            _ => {
                let sp = (word & !7) as *mut StackRef;
                let next = ip.add(NC);
                let next = match word & 7 {
                    outcome::JUMP => next.add(oparg),
                    outcome::JUMP_OVER => next.add(oparg + 1),
                    outcome::SKIP => next.add(1),
                    _ => next.sub(oparg),
                };
                dispatch(ts, frame, next, sp)
            }
        }
    }
}

/// Runs a general form, then goes on.
#[inline(always)]
unsafe fn run_general<const NC: usize>(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
    f: General,
) -> usize {
    // SAFETY: the registers are those of the instruction that `f` belongs to.
    unsafe {
        let word = f(ts, frame, ip, sp, oparg);
        if word & 7 == 0 && word != 0 {
            return dispatch(ts, frame, ip.add(NC), word as *mut StackRef);
        }
        special_outcome::<NC>(ts, frame, ip, word as *mut StackRef, oparg)
    }
}

/// The same, shared by all instructions with `NC` caches, for cold ways.
#[cold]
#[inline(never)]
unsafe extern "C" fn slow_path<const NC: usize>(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
    f: General,
) -> usize {
    // SAFETY: as for `run_general`.
    unsafe {
        (*frame).instr_ptr = ip.sub(1);
        run_general::<NC>(ts, frame, ip, sp, oparg, f)
    }
}

/// Goes on as the answer of a body says that belongs to an instruction with `NC` caches: for functions behind [`Flow::Tail`].
#[inline(always)]
pub(crate) unsafe fn go_on<const NC: usize>(vm: Machine, flow: Flow, oparg: usize) -> usize {
    // SAFETY: the registers are those of the instruction.
    unsafe {
        match flow {
            Flow::Next => dispatch(vm.ts, vm.frame, vm.ip.add(NC), vm.sp),
            Flow::Jump(d) => dispatch(vm.ts, vm.frame, vm.ip.offset(d + NC as isize), vm.sp),
            Flow::Go => dispatch(vm.ts, vm.frame, vm.ip, vm.sp),
            Flow::General(f) | Flow::Slow(f) => slow_path::<NC>(vm.ts, vm.frame, vm.ip, vm.sp, oparg, f),
            Flow::Dealloc(o) => dealloc_path(vm.ts, vm.frame, vm.ip.add(NC), vm.sp, o as usize),
            Flow::Tail(f) => f(vm.ts, vm.frame, vm.ip, vm.sp, oparg),
            Flow::Deopt => dispatch_as(vm.ts, vm.frame, vm.ip, vm.sp, BASE[*vm.ip.sub(1) as u8 as usize], oparg),
            Flow::Error => {
                (*vm.frame).instr_ptr = vm.ip.sub(1);
                unwind::error_path(vm.ts, vm.frame, vm.ip, vm.sp, oparg)
            }
            Flow::Exit(result) => result,
        }
    }
}

/// Frees an object whose last reference an instruction gave up, then goes on at `ip`.
#[inline(never)]
unsafe extern "C" fn dealloc_path(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    dead: usize,
) -> usize {
    // SAFETY: `dead` comes from `StackRef::release`.
    unsafe {
        // The instruction's last unit: as good as its first for whoever asks for the line.
        (*frame).instr_ptr = ip.sub(1);
        taipan_object::alloc::dealloc(dead as *const Object);
        dispatch(ts, frame, ip, sp)
    }
}

/// Whether the frame's position must be stored before what may raise or run other code: a general form, the unwinder. A body that calls
/// such things itself stores it itself, so that the usual way of most instructions need not.
const fn saves_ip(number: u16, flags: u16) -> bool {
    // Instrumented forms do it themselves: some look at the former position first.
    number < MIN_INSTRUMENTED_OPCODE
        && flags & Flags::NO_SAVE_IP == 0
        && flags & (Flags::ERROR | Flags::ESCAPES | Flags::EVAL_BREAK) != 0
}

macro_rules! define_handlers {
    ($($name:ident = $number:literal, $family:ident, $caches:literal, |$arg:pat_param| ($pops:expr, $pushes:expr), [$($flag:ident)*];)*) => {
        #[allow(non_snake_case)]
        mod handler {
            use super::*;
            $(#[inline(never)]
            pub(super) unsafe extern "C" fn $name(ts: *const Thread, frame: *mut Frame, ip: *mut u16, sp: *mut StackRef, oparg: usize) -> usize {
                const NC: usize = $caches;
                // SAFETY: the contract of handlers: the registers are those of an instruction of this opcode.
                unsafe {
                    let mut vm = Machine { ts, frame, ip, sp };
                    match ops::$name(&mut vm, oparg) {
                        Flow::Next => dispatch(vm.ts, vm.frame, vm.ip.add(NC), vm.sp),
                        Flow::Jump(d) => dispatch(vm.ts, vm.frame, vm.ip.offset(d + NC as isize), vm.sp),
                        Flow::Go => dispatch(vm.ts, vm.frame, vm.ip, vm.sp),
                        Flow::General(f) => {
                            if const { saves_ip($number, 0 $(| Flags::$flag)*) } {
                                (*frame).instr_ptr = ip.sub(1);
                            }
                            run_general::<NC>(vm.ts, vm.frame, vm.ip, vm.sp, oparg, f)
                        }
                        Flow::Slow(f) => slow_path::<NC>(vm.ts, vm.frame, vm.ip, vm.sp, oparg, f),
                        Flow::Deopt => handler::$family(ts, frame, ip, sp, oparg),
                        Flow::Dealloc(o) => dealloc_path(vm.ts, vm.frame, vm.ip.add(NC), vm.sp, o as usize),
                        Flow::Error => {
                            if const { saves_ip($number, 0 $(| Flags::$flag)*) } {
                                (*frame).instr_ptr = ip.sub(1);
                            }
                            unwind::error_path(vm.ts, vm.frame, vm.ip, vm.sp, oparg)
                        }
                        Flow::Exit(result) => result,
                        Flow::Tail(f) => f(vm.ts, vm.frame, vm.ip, vm.sp, oparg),
                    }
                }
            })*
        }

        /// The handlers by opcode number.
        pub const HANDLERS: [Handler; 256] = {
            let mut table: [Handler; 256] = [unknown_opcode; 256];
            // `EXTENDED_ARG` and those that stand for a hidden opcode are not bodies: they jump to another handler.
            $(if $number < 256 { table[$number & 255] = handler::$name; })*
            table[taipan_bytecode::Op::EXTENDED_ARG as usize] = extended_arg;
            table[taipan_bytecode::Op::INSTRUMENTED_LINE as usize] = crate::instrument::handlers::instrumented_line;
            table[taipan_bytecode::Op::INSTRUMENTED_INSTRUCTION as usize] = crate::instrument::handlers::instrumented_instruction;
            table
        };

        /// Base opcode of every opcode.
        pub static BASE: [u8; 256] = {
            let mut table = [0u8; 256];
            $(if $number < 256 { table[$number & 255] = taipan_bytecode::Op::$family as u16 as u8; })*
            table
        };

        /// Cache units after every opcode.
        pub static CACHES: [u8; 256] = {
            let mut table = [0u8; 256];
            $(if $number < 256 { table[$number & 255] = $caches; })*
            table
        };
    };
}
for_each_opcode!(define_handlers);

/// An opcode that no compiler writes: only code made by hand with `code.replace` can have it.
unsafe extern "C" fn unknown_opcode(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
) -> usize {
    // SAFETY: the contract of handlers.
    unsafe {
        (*frame).instr_ptr = ip.sub(1);
        report_unknown(*ip.sub(1) as u8);
        unwind::error_path(ts, frame, ip, sp, oparg)
    }
}

#[cold]
pub(crate) fn report_unknown(op: u8) {
    let _ = taipan_object::raise!(SystemError, "unknown opcode {op}");
}

#[cold]
pub(crate) fn report_unknown_cache() {
    let _ = taipan_object::raise!(SystemError, "unknown opcode");
}

unsafe extern "C" fn extended_arg(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
) -> usize {
    // SAFETY: the contract of handlers; an instruction follows.
    unsafe {
        let unit = *ip;
        dispatch_as(ts, frame, ip.add(1), sp, unit as u8, oparg << 8 | (unit >> 8) as usize)
    }
}
