//! `_weakref`: functions over the weak references of objects.

use taipan_object::args::Given;
use taipan_object::types::dict::Dict;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::weakref::{
    self, _PyWeakref_CallableProxyType, _PyWeakref_ProxyType, _PyWeakref_RefType, WeakRef,
};
use taipan_object::{Object, PyResult, Ref, bail, function, methods};

/// Return the number of weak references to 'object'.
#[function(signature = "(object, /)")]
fn getweakrefcount(object: &Object) -> usize {
    weakref::count(object)
}

/// Return a list of all weak reference objects pointing to 'object'.
#[function(signature = "(object, /)")]
fn getweakrefs(object: &Object) -> Ref<List> {
    List::from_vec(weakref::all(object))
}

/// Create a proxy that weakly references 'object'; 'callback' is called with it when the object dies.
#[function(signature = "(object, callback=None, /)")]
fn proxy(object: &Object, callback: Given<&Object>) -> PyResult {
    weakref::new_proxy(object, callback.0)
}

/// Delete 'key' from a dict if its value is a weak reference to a dead object.
#[function(signature = "(dct, key, /)")]
fn _remove_dead_weakref(dct: &Dict, key: &Object) -> PyResult<()> {
    let Some(value) = dct.get_item(key)? else { return Ok(()) };
    let Some(r) = value.downcast::<WeakRef>() else { bail!(TypeError, "not a weakref") };
    if r.referent().is_none() {
        dct.discard(key)?;
    }
    Ok(())
}

fn exec(m: &Module) -> PyResult<()> {
    m.add("ref", _PyWeakref_RefType.as_object())?;
    m.add("ReferenceType", _PyWeakref_RefType.as_object())?;
    m.add("ProxyType", _PyWeakref_ProxyType.as_object())?;
    m.add("CallableProxyType", _PyWeakref_CallableProxyType.as_object())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_weakref",
    doc: "Weak references.",
    methods: methods![getweakrefcount, getweakrefs, proxy, _remove_dead_weakref],
    exec,
};
