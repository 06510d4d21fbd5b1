//! Native modules: compression.
//!
//! - `stream.rs`: what the decompressors share; `zlib.rs` with `zlib_objects.rs`, `bz2.rs`, `lzma.rs` with `lzma_filters.rs`: the modules
#![allow(non_upper_case_globals)]

pub mod bz2;
pub mod lzma;
mod lzma_filters;
pub mod stream;
pub mod zlib;
mod zlib_objects;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[&zlib::MODULE, &bz2::MODULE, &lzma::MODULE];
