//! Numbers as Python computes, reads and writes them: pure algorithms over plain data, without any Python object.
//!
//! - [`digits`][]: integers of any size as 30-bit digits;
//! - [`float`][]: doubles;
//! - [`format`][]: formatting by specification and by `%`;
//! - [`hash`][]: the hash functions of the built-in types.
#![forbid(unsafe_code)]

pub mod digits;
pub mod float;
pub mod format;
pub mod hash;
