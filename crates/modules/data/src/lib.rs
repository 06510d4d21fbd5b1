//! Native modules: itertools, functools, collections, operator and other tools over Python objects.
#![allow(non_upper_case_globals)]

mod abc;
mod array;
mod asyncio;
mod bisect;
mod cmath;
mod collections;
mod contextvars;
mod datetime;
mod decimal;
mod functools;
mod heapq;
mod itertools;
mod math;
mod operator;
mod pickle;
mod queue;
mod random;
mod statistics;
mod struct_;
mod support;
mod weakref;
mod zoneinfo;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[
    &abc::MODULE,
    &array::MODULE,
    &asyncio::MODULE,
    &bisect::MODULE,
    &cmath::MODULE,
    &collections::MODULE,
    &contextvars::MODULE,
    &datetime::MODULE,
    &decimal::MODULE,
    &functools::MODULE,
    &heapq::MODULE,
    &itertools::MODULE,
    &math::MODULE,
    &operator::MODULE,
    &pickle::MODULE,
    &queue::MODULE,
    &random::MODULE,
    &statistics::MODULE,
    &struct_::MODULE,
    &weakref::MODULE,
    &zoneinfo::MODULE,
];
