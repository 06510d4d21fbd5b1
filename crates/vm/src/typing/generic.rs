//! `typing.Generic`: its two class methods are functions of the module `typing`.

use super::unpack_typevartuples;
use taipan_object::args::KwArgs;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Type, TypeDef, classmethod, flags, methods};

/// `Generic[params]`, for a class with type parameters.
pub fn subscript_generic(params: &Object) -> PyResult {
    let params = unpack_typevartuples(params.cast::<Tuple>())?;
    let module = (taipan_object::hooks::get().import)("typing")?;
    module.get_attr_str("_GenericAlias")?.call(&[Generic_Type.as_object(), &params])
}

fn forward(name: &str, cls: &Type, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    let module = (taipan_object::hooks::get().import)("typing")?;
    let f = module.get_attr_str(name)?;
    let mut all: Vec<&Object> = vec![cls.as_object()];
    all.extend_from_slice(args);
    let npos = all.len();
    match kwargs.names() {
        None => f.call(&all),
        Some(names) => {
            all.extend_from_slice(kwargs.values());
            f.call_kw(&all, npos, names)
        }
    }
}

/// Parameterise a generic class.
#[classmethod(signature = "(*args, **kwargs)", name = "__class_getitem__", text = false)]
fn class_getitem(cls: &Type, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    forward("_generic_class_getitem", cls, args, kwargs)
}

/// Set a generic class up.
#[classmethod(signature = "(*args, **kwargs)", name = "__init_subclass__", text = false)]
fn init_subclass(cls: &Type, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    forward("_generic_init_subclass", cls, args, kwargs)
}

#[allow(non_upper_case_globals)]
/// `typing.Generic`.
pub static Generic_Type: Type = Type::new_static(TypeDef {
    name: c"typing.Generic",
    flags: flags::BASETYPE,
    doc: Some(c"Abstract base class for generic types."),
    methods: methods![class_getitem, init_subclass],
    ..TypeDef::EMPTY
});

/// Makes `Generic` as `object` is made, without a `__new__` of its own, which would come before those of other bases.
pub fn inherit_new() {
    Generic_Type.new.set(Some(taipan_object::types::object::object_new));
    Generic_Type.remove_flags(flags::DISALLOW_INSTANTIATION);
}
