//! Native modules: strings, patterns, encodings and formats.
#![allow(non_upper_case_globals)]

pub mod codecs;
pub mod construct;
pub mod json;
pub mod sre;
pub mod string;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[&codecs::MODULE, &string::MODULE, &sre::MODULE, &json::MODULE];
