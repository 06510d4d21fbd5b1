//! The functions by area.
#![allow(non_snake_case)]

mod abstract_;
mod buffer;
mod bytes;
mod call;
mod capsule;
mod clinic_args;
mod context;
mod dict_set;
mod err;
mod float;
mod frame;
pub mod gil;
mod import;
mod iter;
mod list_tuple;
mod long;
mod memory;
mod misc;
mod module;
mod number;
mod object;
pub mod pending;
mod shim;
mod sys;
mod thread;
mod type_;
mod unicode;
mod unicode_writer;
mod warn;

use crate::prelude::Export;

#[used]
static ALL: &[&[Export]] = &[
    abstract_::TABLE,
    buffer::TABLE,
    bytes::TABLE,
    call::TABLE,
    capsule::TABLE,
    clinic_args::TABLE,
    context::TABLE,
    dict_set::TABLE,
    err::TABLE,
    float::TABLE,
    frame::TABLE,
    gil::TABLE,
    import::TABLE,
    iter::TABLE,
    list_tuple::TABLE,
    long::TABLE,
    memory::TABLE,
    misc::TABLE,
    module::TABLE,
    number::TABLE,
    object::TABLE,
    pending::TABLE,
    shim::TABLE,
    sys::TABLE,
    thread::TABLE,
    type_::TABLE,
    unicode::TABLE,
    unicode_writer::TABLE,
    warn::TABLE,
];

/// Names and addresses of all exported functions, which also keeps them linked.
pub fn exported() -> impl Iterator<Item = (&'static str, *const ())> {
    ALL.iter().copied().flatten().map(|e| (e.0, e.1))
}

pub(crate) use err::raise_from;
