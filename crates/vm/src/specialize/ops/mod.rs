//! The bodies of specialised instructions, under the names of their opcodes.
#![allow(non_snake_case)]

mod attrs;
pub(crate) mod calls;
pub mod extend;
pub mod init;
mod iteration;
mod values;

pub(crate) use attrs::*;
pub(crate) use calls::*;
pub(crate) use calls::{ISINSTANCE_DEF, LEN_DEF, LIST_APPEND_DEF};
pub(crate) use iteration::*;
pub(crate) use values::*;

use crate::eval::machine::{Flow, Machine};
use crate::frame::{Frame, datastack};
use crate::function::Function;
use crate::stackref::StackRef;
use std::sync::atomic::Ordering;
use taipan_bytecode::Op;

impl Machine {
    /// Whether a frame for `f` can be pushed without further ado.
    #[inline(always)]
    pub(crate) unsafe fn can_enter(&self, f: &Function, extra_words: usize) -> bool {
        let ts = self.thread();
        ts.py_recursion_remaining.get() > 1 && datastack::has_room(ts, f.code().framesize() + extra_words)
    }

    /// Enters `f`, of which `funcobj` is a reference, with exactly the arguments that it wants: `argc` of them from `args` on. They and
    /// what lies between them and the end of the stack leave it together with `below` values under them. The caller
    /// goes on after `units` units. [`Machine::can_enter`] has said yes.
    #[inline(always)]
    pub(crate) unsafe fn enter_exact(
        &mut self,
        f: &Function,
        funcobj: StackRef,
        args: *mut StackRef,
        argc: usize,
        below: usize,
        units: u16,
    ) -> Flow {
        // SAFETY: the arguments are on the stack; there is room for the frame.
        unsafe {
            let ts = self.thread();
            let code = f.code();
            let base = ts.datastack_top.get();
            ts.datastack_top.set(base.add(code.framesize()));
            ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
            let new: *mut Frame = base.cast();
            let caller = self.frame;
            Frame::init(new, funcobj, &**f.globals(), f.builtins(), std::ptr::null(), code, caller);
            let n = code.nlocalsplus();
            let slots = Frame::slot(new, 0);
            match argc {
                0 => {}
                1 => *slots = *args,
                2 => slots.cast::<[StackRef; 2]>().write(args.cast::<[StackRef; 2]>().read()),
                _ => {
                    let mut i = 0;
                    while i < argc {
                        *slots.add(i) = *args.add(i);
                        crate::frame::keep_loop();
                        i += 1;
                    }
                }
            }
            Frame::null_locals(new, argc, n);
            (*caller).instr_ptr = self.ip.sub(1);
            (*caller).return_offset = units;
            (*caller).stackpointer = args.sub(below);
            ts.current_frame.set(new.cast());
            self.frame = new;
            self.ip = code.units();
            self.sp = slots.add(n);
            if *self.ip as u8 == Op::RESUME_CHECK as u16 as u8
                && ts.eval_breaker.load(Ordering::Relaxed) == code.instrumentation_version.get()
            {
                self.ip = self.ip.add(1);
            }
            Flow::Go
        }
    }
}
