//! `_collections`: `deque`, `defaultdict`, `OrderedDict`, the fields of named tuples, and counting.

mod defaultdict;
pub mod deque;
mod deque_iter;
mod odict;
mod odict_iter;
mod tuplegetter;

use taipan_object::protocol::number;
use taipan_object::types::dict::{Dict, PyDict_Type};
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{Object, PyResult, function, intern, methods};

/// Whether a mapping's `get` and `__setitem__` are those of dict, so that they need not be called.
fn counts_plainly(mapping: &Object) -> bool {
    let ty = mapping.ty();
    let same = |name| match (ty.lookup(name), PyDict_Type.lookup(name)) {
        (Some(a), Some(b)) => a.is(&b),
        _ => false,
    };
    same(intern!("get")) && same(intern!("__setitem__"))
}

/// Count the items of an iterable into a mapping.
#[function(signature = "(mapping, iterable, /)")]
fn _count_elements(mapping: &Object, iterable: &Object) -> PyResult<()> {
    let it = iterable.iter()?;
    let one = Int::one();
    match mapping.downcast::<Dict>().filter(|_| counts_plainly(mapping)) {
        Some(d) => {
            while let Some(key) = it.next()? {
                let hash = key.hash()?;
                let new = match d.get_known_hash(&key, hash)? {
                    None => one.clone().into_obj(),
                    Some(n) => number::add(&n, &one)?,
                };
                d.set_known_hash(&key, &new, hash)?;
            }
        }
        None => {
            let get = mapping.get_attr(intern!("get"))?;
            let zero = Int::zero();
            while let Some(key) = it.next()? {
                let n = get.call(&[&key, &zero])?;
                mapping.set_item(&key, &*number::add(&n, &one)?)?;
            }
        }
    }
    Ok(())
}

fn exec(m: &Module) -> PyResult<()> {
    deque::add_to(m)?;
    deque_iter::add_to(m)?;
    m.add_type(&defaultdict::DEFAULT_DICT_TYPE)?;
    odict::add_to(m)?;
    m.add_type(&tuplegetter::TUPLE_GETTER_TYPE)
}

/// The module.
pub static MODULE: ModuleDef =
    ModuleDef { name: "_collections", doc: "Containers.", methods: methods![_count_elements], exec };
