//! Every built-in type, a file or folder each. Statics carry their C names.
#![allow(non_upper_case_globals)]

pub mod bool_;
pub mod bytearray;
pub mod bytes;
pub mod capsule;
pub mod cell;
pub mod cfunction;
pub mod complex;
pub mod descr;
pub mod dict;
pub mod enumerate;
pub mod exceptions;
pub mod float;
pub mod generic_alias;
pub mod int;
pub mod iterators;
pub mod list;
pub mod map_filter;
pub mod member;
pub mod memoryview;
pub mod method_;
pub mod method_wrappers;
pub mod module;
pub mod namespace;
pub mod none;
mod number_format;
pub mod object;
pub mod property;
pub mod range;
pub mod reversed;
pub mod set;
pub mod slice;
pub mod str;
pub mod structseq;
pub mod super_;
pub mod tuple;
pub mod type_;
pub mod union;
pub mod weakref;
pub mod zip;

use crate::error::PyResult;
use crate::typeobj::{Type, ready};

/// All built-in types, bases before subclasses.
pub fn all() -> impl Iterator<Item = &'static Type> {
    static FIRST: &[&Type] = &[&object::PyBaseObject_Type, &type_::PyType_Type];
    [
        FIRST,
        none::TYPES,
        cell::TYPES,
        cfunction::TYPES,
        descr::TYPES,
        tuple::TYPES,
        list::TYPES,
        dict::TYPES,
        set::TYPES,
        str::TYPES,
        bytes::TYPES,
        bytearray::TYPES,
        memoryview::TYPES,
        crate::codecs::TYPES,
        int::TYPES,
        bool_::TYPES,
        float::TYPES,
        complex::TYPES,
        slice::TYPES,
        range::TYPES,
        iterators::TYPES,
        enumerate::TYPES,
        zip::TYPES,
        map_filter::TYPES,
        reversed::TYPES,
        method_::TYPES,
        method_wrappers::TYPES,
        module::TYPES,
        super_::TYPES,
        weakref::TYPES,
        property::TYPES,
        namespace::TYPES,
        generic_alias::TYPES,
        union::TYPES,
        capsule::TYPES,
        structseq::TYPES,
        exceptions::TYPES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Readies every built-in type. Names are interned on the way, so `str` must be usable before it is ready.
pub fn ready_all() -> PyResult<()> {
    for t in all() {
        ready::ready(t)?;
    }
    Ok(())
}
