//! `typing.Generic`: its two class methods are functions of the module `typing`.

use super::unpack_typevartuples;
use taipan_object::args::KwArgs;
use taipan_object::typeobj::ready::dict_of;
use taipan_object::types::dict::Dict;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::type_::PyType_Type;
use taipan_object::types::{cfunction, method_wrappers};
use taipan_object::{Interp, Object, PyResult, Type, bail, function, intern};

/// `Generic[params]`, for a class with type parameters.
pub fn subscript_generic(params: &Object) -> PyResult {
    let params = unpack_typevartuples(params.cast::<Tuple>())?;
    let module = (taipan_object::hooks::get().import)("typing")?;
    module.get_attr_str("_GenericAlias")?.call(&[&*generic_class()?, &params])
}

fn forward(name: &str, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    if args.is_empty() {
        bail!(TypeError, "{name}() needs a class");
    }
    let module = (taipan_object::hooks::get().import)("typing")?;
    let f = module.get_attr_str(name)?;
    match kwargs.names() {
        None => f.call(args),
        Some(names) => {
            let mut all = args.to_vec();
            all.extend_from_slice(kwargs.values());
            f.call_kw(&all, args.len(), names)
        }
    }
}

/// Parameterize a generic class.
#[function(signature = "(*args, **kwargs)", name = "__class_getitem__", text = false)]
fn class_getitem(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    forward("_generic_class_getitem", args, kwargs)
}

/// Set a generic class up.
#[function(signature = "(*args, **kwargs)", name = "__init_subclass__", text = false)]
fn init_subclass(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    forward("_generic_init_subclass", args, kwargs)
}

/// The class: an ordinary one, made when it is first asked for.
pub fn generic_class() -> PyResult {
    const KEY: &str = "typing.Generic";
    let interp = Interp::current();
    if let Some(c) = interp.module_state.borrow().get(KEY) {
        return Ok(c.clone());
    }
    let ns = Dict::new();
    ns.set_item(intern!("__module__"), intern!("typing"))?;
    ns.set_item(intern!("__doc__"), intern!("Abstract base class for generic types."))?;
    ns.set_item(intern!("__slots__"), &Tuple::empty())?;
    for def in [&class_getitem::DEF, &init_subclass::DEF] {
        let name = taipan_object::types::str::Str::from_utf8(def.name_str());
        ns.set_item(&name, &method_wrappers::new_class_method(cfunction::new(def, None, None)))?;
    }
    let cls = PyType_Type.as_object().call(&[intern!("Generic"), &Tuple::empty(), &ns])?;
    // A class written in Python would not say that it has no slots.
    if let Some(t) = cls.downcast::<Type>() {
        dict_of(t).discard(intern!("__slots__"))?;
        t.modified();
    }
    interp.module_state.borrow_mut().insert(KEY, cls.clone());
    Ok(cls)
}
