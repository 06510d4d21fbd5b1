//! Specialisation of instructions by what they have met (PEP 659).

pub mod counter;
pub mod ops;

use crate::eval::machine::{Done, Machine};
use taipan_bytecode::Op;
use taipan_object::{Object, Raised, Thread};

/// What invalidation asked for through the eval breaker.
pub fn invalidate_pending(_ts: &Thread) {}

/// `LOAD_CONST` becomes one of its two forms at its first execution.
#[inline(always)]
pub unsafe fn load_const(vm: &mut Machine, c: &Object) {
    let op = if c.is_immortal() { Op::LOAD_CONST_IMMORTAL } else { Op::LOAD_CONST_MORTAL };
    // SAFETY: the instruction is a LOAD_CONST.
    unsafe { vm.set_opcode(op) }
}

macro_rules! unspecialised {
    ($($name:ident)*) => { $(slow! {
        $name(vm, _) {
            *vm.ip = counter::back_off(*vm.ip);
            Ok::<Done, Raised>(Done::Again)
        }
    })* };
}
unspecialised! { binary_op to_bool store_subscr compare_op contains_op unpack_sequence for_iter load_attr store_attr load_super_attr load_global send call call_kw }
