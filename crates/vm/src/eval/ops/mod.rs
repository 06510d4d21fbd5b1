//! The bodies of instructions, one function per opcode under the opcode's own name, grouped by family.
//!
//! - `op!` is a body that runs inside the handler: see the rules in [`super::machine`].
//! - `general!` is a body that runs as a function of its own, where anything goes: values with destructors, `?`, addresses of locals.
//!   It may leave the stack as it likes when it fails, as long as `sp` is right: the unwinder releases what is left.
//!   With `[path]` after the argument, the instruction first looks at its counter and is specialised by that function when it is due.
#![allow(non_snake_case)]

pub(crate) mod prelude {
    pub(crate) use crate::code::CodeObject;
    pub(crate) use crate::eval::breaker;
    pub(crate) use crate::eval::machine::{Done, Flow, Machine, done};
    pub(crate) use crate::frame::Frame;
    pub(crate) use crate::specialize;
    pub(crate) use crate::stackref::StackRef;
    pub(crate) use crate::support::*;
    pub(crate) use taipan_object::types::dict::Dict;
    pub(crate) use taipan_object::types::list::List;
    pub(crate) use taipan_object::types::none::none;
    pub(crate) use taipan_object::types::str::Str;
    pub(crate) use taipan_object::types::tuple::Tuple;
    pub(crate) use taipan_object::{Obj, Object, PyResult, Raised, Ref, Thread, Type, bail, intern, raise};
}

/// A body that runs inside the handler.
macro_rules! op {
    ($(#[$m:meta])* $name:ident($vm:ident, $arg:pat_param) $body:block) => {
        $(#[$m])*
        #[inline(always)]
        pub unsafe fn $name($vm: &mut $crate::eval::machine::Machine, $arg: usize) -> $crate::eval::machine::Flow {
            // SAFETY: the contract of bodies: the registers are those of an instruction of this opcode, whose operands are on the stack,
            // and whose argument the compiler made.
            #[allow(unused_unsafe, clippy::macro_metavars_in_unsafe)]
            unsafe {
                $body
            }
        }
    };
}

/// A body that runs as a function of its own.
macro_rules! general {
    ($(#[$m:meta])* $name:ident($vm:ident, $arg:pat_param) [$specialize:path] $body:block) => {
        $(#[$m])*
        #[inline(always)]
        pub unsafe fn $name(vm: &mut $crate::eval::machine::Machine, _: usize) -> $crate::eval::machine::Flow {
            general!(@fn $vm, $arg, $body);
            // SAFETY: the instruction's first cache unit is its counter.
            unsafe {
                let counter = *vm.ip;
                if $crate::specialize::counter::triggers(counter) {
                    return $crate::eval::machine::Flow::Slow($specialize);
                }
                *vm.ip = $crate::specialize::counter::advance(counter);
            }
            $crate::eval::machine::Flow::General(general)
        }
    };
    ($(#[$m:meta])* $name:ident($vm:ident, $arg:pat_param) $body:block) => {
        $(#[$m])*
        #[inline(always)]
        pub unsafe fn $name(_: &mut $crate::eval::machine::Machine, _: usize) -> $crate::eval::machine::Flow {
            general!(@fn $vm, $arg, $body);
            $crate::eval::machine::Flow::General(general)
        }
    };
    (@fn $vm:ident, $arg:pat_param, $body:block) => {
        #[inline(never)]
        unsafe extern "C" fn general(
            ts: *const taipan_object::Thread,
            frame: *mut $crate::frame::Frame,
            ip: *mut u16,
            sp: *mut $crate::stackref::StackRef,
            oparg: usize,
        ) -> usize {
            #[inline(always)]
            unsafe fn body($vm: &mut $crate::eval::machine::Machine, $arg: usize) -> impl $crate::eval::machine::IntoDone + use<> {
                // SAFETY: the contract of bodies, see `op!`.
                #[allow(unused_unsafe, clippy::macro_metavars_in_unsafe)]
                unsafe {
                    $body
                }
            }
            // SAFETY: as above.
            unsafe {
                let mut vm = $crate::eval::machine::Machine { ts, frame, ip, sp };
                let r = body(&mut vm, oparg);
                vm.encode(frame, r)
            }
        }
    };
}

/// A general form under a name of its own, for `Flow::Slow`.
macro_rules! slow {
    ($(#[$m:meta])* $name:ident($vm:ident, $arg:pat_param) $body:block) => {
        $(#[$m])*
        pub unsafe extern "C" fn $name(
            ts: *const taipan_object::Thread,
            frame: *mut $crate::frame::Frame,
            ip: *mut u16,
            sp: *mut $crate::stackref::StackRef,
            oparg: usize,
        ) -> usize {
            general!(@fn $vm, $arg, $body);
            // SAFETY: the same registers.
            unsafe { general(ts, frame, ip, sp, oparg) }
        }
    };
}

mod annotations;
mod arith;
mod attrs;
mod calls;
mod classes;
mod compare;
mod containers;
mod control;
mod exceptions;
mod generators;
mod globals;
mod imports;
mod intrinsics;
mod iteration;
mod load_store;
mod patterns;
mod pseudo;
mod stack;
mod templates;

pub use annotations::*;
pub use arith::*;
pub use attrs::*;
pub use calls::*;
pub use classes::*;
pub use compare::*;
pub use containers::*;
pub use control::*;
pub use exceptions::*;
pub use generators::*;
pub use globals::*;
pub use imports::*;
pub use intrinsics::*;
pub use iteration::*;
pub use load_store::*;
pub use patterns::*;
pub use pseudo::*;
pub use stack::*;
pub use templates::*;

pub use crate::instrument::ops::*;
pub use crate::specialize::ops::*;
