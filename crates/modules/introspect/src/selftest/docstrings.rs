//! Functions and types with every sort of docstring, for the tests of `__doc__` and `__text_signature__`.

use std::ffi::{CStr, c_int};
use taipan_object::method::{MethodDef, MethodPtr, meth};
use taipan_object::types::none::none_obj;
use taipan_object::{Object, PyResult, Type, TypeDef};

extern "C" fn nothing(_: Option<&Object>, _: Option<&Object>) -> PyResult {
    Ok(none_obj())
}

const fn row(name: &'static CStr, flags: c_int, doc: Option<&'static CStr>) -> MethodDef {
    let doc = match doc {
        Some(d) => d.as_ptr(),
        None => std::ptr::null(),
    };
    MethodDef { name: name.as_ptr(), meth: MethodPtr { plain: nothing }, flags, doc }
}

const NO_SIGNATURE: Option<&CStr> = Some(c"This docstring has no signature.");
const UNREPRESENTABLE: Option<&CStr> =
    Some(c"meth($self, /, a, b=<x>)\n--\n\nThis docstring has a signature with unrepresentable default.");

/// The functions of the module.
pub static FUNCTIONS: &[MethodDef] = &[
    row(c"docstring_empty", meth::VARARGS, Some(c"")),
    row(c"docstring_no_signature", meth::VARARGS, NO_SIGNATURE),
    row(c"docstring_no_signature_noargs", meth::NOARGS, NO_SIGNATURE),
    row(c"docstring_no_signature_o", meth::O, NO_SIGNATURE),
    row(
        c"docstring_with_invalid_signature",
        meth::VARARGS,
        Some(c"docstring_with_invalid_signature($module, /, boo)\n\nThis docstring has an invalid signature."),
    ),
    row(
        c"docstring_with_invalid_signature2",
        meth::VARARGS,
        Some(c"docstring_with_invalid_signature2($module, /, boo)\n\n--\n\nThis docstring also has an invalid signature."),
    ),
    row(
        c"docstring_with_signature",
        meth::VARARGS,
        Some(c"docstring_with_signature($module, /, sig)\n--\n\nThis docstring has a valid signature."),
    ),
    row(
        c"docstring_with_signature_and_extra_newlines",
        meth::VARARGS,
        Some(
            c"docstring_with_signature_and_extra_newlines($module, /, parameter)\n--\n\n\nThis docstring has a valid signature and some extra newlines.",
        ),
    ),
    row(
        c"docstring_with_signature_but_no_doc",
        meth::VARARGS,
        Some(c"docstring_with_signature_but_no_doc($module, /, sig)\n--\n\n"),
    ),
    row(
        c"docstring_with_signature_with_defaults",
        meth::VARARGS,
        Some(
            c"docstring_with_signature_with_defaults(module, s='avocado',\n        b=b'bytes', d=3.14, i=35, n=None, t=True, f=False,\n        local=the_number_three, sys=sys.maxsize,\n        exp=sys.maxsize - 1)\n--\n\n\n\nThis docstring has a valid signature with parameters,\nand the parameters take defaults of varying types.",
        ),
    ),
    row(c"no_docstring", meth::VARARGS, None),
    row(c"test_with_docstring", meth::NOARGS, Some(c"This is a pretty normal docstring.")),
    MethodDef::END,
];

static NO_SIGNATURE_METHODS: &[MethodDef] = &[
    row(c"meth_noargs", meth::NOARGS, NO_SIGNATURE),
    row(c"meth_o", meth::O, NO_SIGNATURE),
    row(c"meth_noargs_class", meth::NOARGS | meth::CLASS, NO_SIGNATURE),
    row(c"meth_o_class", meth::O | meth::CLASS, NO_SIGNATURE),
    row(c"meth_noargs_static", meth::NOARGS | meth::STATIC, NO_SIGNATURE),
    row(c"meth_o_static", meth::O | meth::STATIC, NO_SIGNATURE),
    row(c"meth_noargs_coexist", meth::NOARGS | meth::COEXIST, NO_SIGNATURE),
    row(c"meth_o_coexist", meth::O | meth::COEXIST, NO_SIGNATURE),
    MethodDef::END,
];

/// A type whose methods have no signatures.
pub static NO_SIGNATURE_TYPE: Type = Type::new_static(TypeDef {
    name: c"_testcapi.DocStringNoSignatureTest",
    basicsize: size_of::<Object>(),
    methods: Some(NO_SIGNATURE_METHODS),
    new: Some(new_plain),
    ..TypeDef::EMPTY
});

static UNREPRESENTABLE_METHODS: &[MethodDef] = &[
    row(c"meth", meth::VARARGS, UNREPRESENTABLE),
    row(
        c"classmeth",
        meth::VARARGS | meth::CLASS,
        Some(c"classmeth($type, /, a, b=<x>)\n--\n\nThis docstring has a signature with unrepresentable default."),
    ),
    row(
        c"staticmeth",
        meth::VARARGS | meth::STATIC,
        Some(c"staticmeth(a, b=<x>)\n--\n\nThis docstring has a signature with unrepresentable default."),
    ),
    row(
        c"with_default",
        meth::VARARGS,
        Some(c"with_default($self, /, x=ONE)\n--\n\nThis instance method has a default parameter value from the module scope."),
    ),
    MethodDef::END,
];

/// A type whose methods have defaults that no expression shows.
pub static UNREPRESENTABLE_TYPE: Type = Type::new_static(TypeDef {
    name: c"_testcapi.DocStringUnrepresentableSignatureTest",
    basicsize: size_of::<Object>(),
    methods: Some(UNREPRESENTABLE_METHODS),
    new: Some(new_plain),
    ..TypeDef::EMPTY
});

extern "C" fn new_plain(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    match cls.alloc.get() {
        Some(alloc) => alloc(cls, 0),
        None => Err(taipan_object::error::no_memory()),
    }
}
