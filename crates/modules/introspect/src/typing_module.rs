//! The module `_typing`: what `typing` has of native code.

use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::union::_PyUnion_Type;
use taipan_object::{Obj, Object, PyResult, Type, function, methods};
use taipan_vm::typing::{alias, evaluator, generic, paramspec, typevar, typevartuple};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_typing",
    doc: "Type parameters and aliases, for the module typing.",
    methods: methods![idfunc],
    exec,
};

/// Return the argument.
#[function(signature = "(x, /)", name = "_idfunc")]
fn idfunc(x: &Object) -> Obj {
    x.to_obj()
}

fn exec(m: &Module) -> PyResult<()> {
    let types: [(&str, &Type); 7] = [
        ("TypeVar", &typevar::TypeVar_Type),
        ("ParamSpec", &paramspec::ParamSpec_Type),
        ("TypeVarTuple", &typevartuple::TypeVarTuple_Type),
        ("ParamSpecArgs", &paramspec::ParamSpecArgs_Type),
        ("ParamSpecKwargs", &paramspec::ParamSpecKwargs_Type),
        ("TypeAliasType", &alias::TypeAlias_Type),
        ("Union", &_PyUnion_Type),
    ];
    for (name, ty) in types {
        m.add(name, ty.as_object())?;
    }
    let generic = generic::generic_class()?;
    m.add("Generic", &generic)?;
    m.add("NoDefault", evaluator::no_default())
}
