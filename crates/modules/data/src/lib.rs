//! Native modules: itertools, functools, collections, operator and other tools over Python objects.

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[];
