//! Native modules: itertools, functools, collections, operator and other tools over Python objects.
#![allow(non_upper_case_globals)]

mod abc;
mod collections;
mod functools;
mod operator;
#[allow(dead_code)]
mod support;
mod weakref;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] =
    &[&abc::MODULE, &collections::MODULE, &functools::MODULE, &operator::MODULE, &weakref::MODULE];
