//! Specialisation of instructions by what they have met (PEP 659).
//!
//! An instruction with an inline cache counts its executions; when the count is over, a function here looks at the operands and writes
//! a specialised opcode and what its guards need into the cache. A specialised form whose guard fails runs the base form, which counts
//! on; at its next count the instruction is specialised anew or goes back to its base form.
//!
//! - `counter.rs`: the counters; one file per family of deciding functions; `ops/`: the specialised bodies.
//! - What a body may rely on is what its guards have tested: type versions, versions of dict keys, versions of functions.
// The functions here are the evaluation loop's own: their contract is that of a handler (see `eval/mod.rs`), stated once.
#![allow(clippy::missing_safety_doc)]

pub mod attrs;
pub mod calls;
pub mod counter;
pub mod iteration;
pub mod ops;
pub mod values;

pub(crate) use attrs::{load_attr, load_global, load_super_attr, store_attr};
pub(crate) use calls::{call, call_kw};
pub(crate) use iteration::{for_iter, send, unpack_sequence};
pub(crate) use values::{binary_op, compare_op, contains_op, store_subscr, to_bool};

use crate::eval::handlers::BASE;
use crate::eval::machine::{Done, Machine};
use taipan_bytecode::Op;
use taipan_object::{Object, PyResult, Thread};

/// What invalidation asked for through the eval breaker.
pub fn invalidate_pending(_ts: &Thread) {
    // Machine code will be thrown away here; inline caches guard themselves.
}

/// `LOAD_CONST` becomes one of its two forms at its first execution.
#[inline(always)]
pub(crate) unsafe fn load_const(vm: &mut Machine, c: &Object) {
    let op = if c.is_immortal() { Op::LOAD_CONST_IMMORTAL } else { Op::LOAD_CONST_MORTAL };
    // SAFETY: the instruction is a LOAD_CONST.
    unsafe { vm.quicken(Op::LOAD_CONST, op) }
}

impl Machine {
    /// Makes the instruction `op`, if there is one that fits, else its base form; then runs it.
    pub(crate) unsafe fn settle(&mut self, op: Option<Op>) -> PyResult<Done> {
        // SAFETY: the instruction has a counter as its first cache unit.
        unsafe {
            match op {
                Some(op) => {
                    self.set_opcode(op);
                    *self.ip = counter::COOLDOWN;
                }
                None => {
                    let now = self.ip.sub(1).cast::<u8>();
                    *now = BASE[*now as usize];
                    *self.ip = counter::back_off(*self.ip);
                }
            }
        }
        Ok(Done::Again)
    }

    /// Writes a cache unit.
    pub(crate) unsafe fn set_cache16(&mut self, i: usize, v: u16) {
        // SAFETY: the instruction has that many caches.
        unsafe { *self.ip.add(i) = v }
    }
    /// Writes two cache units.
    pub(crate) unsafe fn set_cache32(&mut self, i: usize, v: u32) {
        // SAFETY: as above.
        unsafe { self.ip.add(i).cast::<u32>().write_unaligned(v) }
    }
    /// Writes four cache units.
    pub(crate) unsafe fn set_cache64(&mut self, i: usize, v: u64) {
        // SAFETY: as above.
        unsafe { self.ip.add(i).cast::<u64>().write_unaligned(v) }
    }
}
