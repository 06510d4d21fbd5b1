//! Native modules: hash functions.
//!
//! - `hash.rs`: what all hash objects share; `functions.rs`: MD5, SHA-1, SHA-2 and SHA-3; `blake2.rs`: BLAKE2;
//!   `hmac.rs`: message authentication codes
#![allow(non_upper_case_globals)]

pub mod blake2;
pub mod functions;
pub mod hash;
pub mod hmac;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[
    &functions::md5::MODULE,
    &functions::sha1::MODULE,
    &functions::sha2::MODULE,
    &functions::sha3::MODULE,
    &blake2::MODULE,
    &hmac::MODULE,
];
