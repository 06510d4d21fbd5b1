//! The functions of C's mathematical library that the standard library does not offer. Rust programs are linked with
//! that library anyway; with it results are those of the reference to the last bit.
#![allow(unsafe_code)]

// SAFETY: the signatures are those of <math.h>; the functions are pure, take every value and touch no memory of ours
// (they may set `errno`, which nothing here reads).
unsafe extern "C" {
    /// The error function.
    pub safe fn erf(x: f64) -> f64;
    /// The complementary error function.
    pub safe fn erfc(x: f64) -> f64;
    /// The IEEE 754 remainder.
    pub safe fn remainder(x: f64, y: f64) -> f64;
    /// `x * 2^e`
    pub safe fn ldexp(x: f64, e: std::ffi::c_int) -> f64;
}
