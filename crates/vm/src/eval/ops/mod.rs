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
    pub(crate) use crate::eval::machine::{Done, Flow, Machine, done, recycle};
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

mod annotations;
mod arith;
mod attrs;
mod calls;
mod compare;
mod containers;
mod control;
mod exceptions;
mod functions;
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

pub(crate) use annotations::*;
pub(crate) use arith::*;
pub(crate) use attrs::*;
pub(crate) use calls::*;
pub(crate) use compare::*;
pub(crate) use containers::*;
pub(crate) use control::*;
pub(crate) use exceptions::*;
pub(crate) use functions::*;
pub(crate) use generators::*;
pub(crate) use globals::*;
pub(crate) use imports::*;
pub(crate) use intrinsics::*;
pub(crate) use iteration::*;
pub(crate) use load_store::*;
pub(crate) use patterns::*;
pub(crate) use pseudo::*;
pub(crate) use stack::*;
pub(crate) use templates::*;

pub(crate) use crate::instrument::ops::*;
pub(crate) use crate::specialize::ops::*;
