//! Native modules that exist for tests: they show what lies inside, and call natives in every way there is.
//!
//! - `internal/`: `_testinternalcapi`: compiler stages, inline values, counters; `capi/`: `_testcapi`: types and functions made for tests
//! - `multiphase.rs`: `_testmultiphase`; `limited.rs`: `_testlimitedcapi`; `buffer.rs`, `buffer_functions.rs`: `_testbuffer`, exporters of memory of every layout
//!
//! Each function does the real thing to the real object; what this build cannot do is not there.
#![warn(missing_docs)]

pub mod buffer;
mod buffer_functions;
pub mod capi;
pub mod internal;
pub mod limited;
pub mod multiphase;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] =
    &[&buffer::MODULE, &capi::MODULE, &internal::MODULE, &limited::MODULE, &multiphase::MODULE];
