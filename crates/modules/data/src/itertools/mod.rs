//! `itertools`.

mod combinatorial;
mod filters;
mod groupby;
mod sources;
mod tee_objects;
mod windows;
mod zip_longest;

use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, Type, methods};
use tee_objects::tee;

/// Bases of `tp_iternext` answers: an item, or nothing with the exception, if any, set.
type Step = PyResult<Option<taipan_object::Obj>>;

const TYPES: &[&Type] = &[
    &sources::COUNT_TYPE,
    &sources::CYCLE_TYPE,
    &sources::REPEAT_TYPE,
    &sources::CHAIN_TYPE,
    &filters::COMPRESS_TYPE,
    &filters::DROPWHILE_TYPE,
    &filters::TAKEWHILE_TYPE,
    &filters::FILTERFALSE_TYPE,
    &filters::STARMAP_TYPE,
    &filters::ISLICE_TYPE,
    &windows::ACCUMULATE_TYPE,
    &windows::BATCHED_TYPE,
    &windows::PAIRWISE_TYPE,
    &groupby::GROUPBY_TYPE,
    &groupby::GROUPER_TYPE,
    &tee_objects::TEE_TYPE,
    &tee_objects::TEE_DATA_TYPE,
    &zip_longest::ZIP_LONGEST_TYPE,
    &combinatorial::PRODUCT_TYPE,
    &combinatorial::COMBINATIONS_TYPE,
    &combinatorial::COMBINATIONS_WITH_REPLACEMENT_TYPE,
    &combinatorial::PERMUTATIONS_TYPE,
];

fn exec(m: &Module) -> PyResult<()> {
    for t in TYPES {
        m.add_type(t)?;
    }
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef =
    ModuleDef { name: "itertools", doc: "Tools that make and combine iterators.", methods: methods![tee], exec };
