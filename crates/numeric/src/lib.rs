//! Numbers as Python computes, reads and writes them: pure algorithms over plain data, without any Python object.
//!
//! - [`digits`]: integers of any size as 30-bit digits;
//! - [`hash`]: the hash functions of the built-in types.
#![forbid(unsafe_code)]

pub mod digits;
pub mod hash;
