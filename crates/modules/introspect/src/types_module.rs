//! The module `_types`: the built-in types that have no other name, for `types`.

use taipan_object::types::{
    capsule, cell, cfunction, descr, dict, generic_alias, method_, module, namespace, none, union,
};
use taipan_object::{PyResult, Type};
use taipan_vm::{code, frame, function, generator, traceback};

/// The module's description.
pub static MODULE: module::ModuleDef = module::ModuleDef {
    name: "_types",
    doc: "The types of functions, code, frames and their like.",
    methods: None,
    exec,
};

fn exec(m: &module::Module) -> PyResult<()> {
    let types: [(&str, &Type); 27] = [
        ("AsyncGeneratorType", &generator::async_gen::PyAsyncGen_Type),
        ("BuiltinFunctionType", &cfunction::PyCFunction_Type),
        ("BuiltinMethodType", &cfunction::PyCFunction_Type),
        ("CapsuleType", &capsule::PyCapsule_Type),
        ("CellType", &cell::PyCell_Type),
        ("ClassMethodDescriptorType", &descr::PyClassMethodDescr_Type),
        ("CodeType", &code::attrs::PyCode_Type),
        ("CoroutineType", &generator::coroutine::PyCoro_Type),
        ("FrameType", &frame::object::PyFrame_Type),
        ("FunctionType", &function::PyFunction_Type),
        ("GeneratorType", &generator::methods::PyGen_Type),
        ("GenericAlias", &generic_alias::Py_GenericAliasType),
        ("GetSetDescriptorType", &descr::PyGetSetDescr_Type),
        ("LambdaType", &function::PyFunction_Type),
        ("MappingProxyType", &dict::proxy::PyDictProxy_Type),
        ("MemberDescriptorType", &descr::PyMemberDescr_Type),
        ("MethodDescriptorType", &descr::PyMethodDescr_Type),
        ("MethodType", &method_::PyMethod_Type),
        ("MethodWrapperType", &descr::_PyMethodWrapper_Type),
        ("ModuleType", &module::PyModule_Type),
        ("NoneType", &none::_PyNone_Type),
        ("NotImplementedType", &none::_PyNotImplemented_Type),
        ("SimpleNamespace", &namespace::_PyNamespace_Type),
        ("TracebackType", &traceback::PyTraceBack_Type),
        ("UnionType", &union::_PyUnion_Type),
        ("WrapperDescriptorType", &descr::PyWrapperDescr_Type),
        ("EllipsisType", &none::PyEllipsis_Type),
    ];
    for (name, ty) in types {
        m.add(name, ty.as_object())?;
    }
    Ok(())
}
