//! Numbers as Python computes, reads and writes them: pure algorithms over plain data, without any Python object.
//!
//! - [`decimal`][]: decimal floating point;
//! - [`digits`][]: integers of any size as 30-bit digits;
//! - [`float`][]: doubles: reading, writing, rounding, Python's arithmetic;
//! - [`complex`][]: complex numbers;
//! - [`format`][]: formatting by specification and by `%`;
//! - [`hash`][]: the hash functions of the built-in types;
//! - [`math`][]: sums, combinatorics and special functions;
//! - [`mt19937`][]: the generator behind `random`.
#![deny(unsafe_code)]

pub mod complex;
pub mod decimal;
pub mod digits;
pub mod float;
pub mod format;
pub mod hash;
pub mod math;
pub mod mt19937;
