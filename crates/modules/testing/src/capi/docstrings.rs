//! Functions whose docstrings have signatures, none, or broken ones.

use std::ffi::CStr;
use taipan_object::method::{MethodDef, MethodPtr, meth};
use taipan_object::types::module::Module;
use taipan_object::types::none::none_obj;
use taipan_object::{Object, PyResult, Type, TypeDef, flags};

extern "C" fn nothing(_: Option<&Object>, _: Option<&Object>) -> PyResult {
    Ok(none_obj())
}

const fn row(name: &'static CStr, flags: i32, doc: Option<&'static CStr>) -> MethodDef {
    let doc = match doc {
        Some(d) => d.as_ptr(),
        None => std::ptr::null(),
    };
    MethodDef { name: name.as_ptr(), meth: MethodPtr { plain: nothing }, flags, doc }
}

const NO_SIGNATURE: &CStr = c"This docstring has no signature.";
const NOARGS: i32 = meth::NOARGS;
const O: i32 = meth::O;
const V: i32 = meth::VARARGS;

static FUNCTIONS: &[MethodDef] = &[
    row(c"docstring_empty", V, Some(c"")),
    row(c"docstring_no_signature", V, Some(NO_SIGNATURE)),
    row(c"docstring_no_signature_noargs", NOARGS, Some(NO_SIGNATURE)),
    row(c"docstring_no_signature_o", O, Some(NO_SIGNATURE)),
    row(
        c"docstring_with_invalid_signature",
        V,
        Some(c"docstring_with_invalid_signature($module, /, boo)\n\nThis docstring has an invalid signature."),
    ),
    row(
        c"docstring_with_invalid_signature2",
        V,
        Some(c"docstring_with_invalid_signature2($module, /, boo)\n\n--\n\nThis docstring also has an invalid signature."),
    ),
    row(
        c"docstring_with_signature",
        V,
        Some(c"docstring_with_signature($module, /, sig)\n--\n\nThis docstring has a valid signature."),
    ),
    row(
        c"docstring_with_signature_and_extra_newlines",
        V,
        Some(
            c"docstring_with_signature_and_extra_newlines($module, /, parameter)\n--\n\n\nThis docstring has a valid signature and some extra newlines.",
        ),
    ),
    row(c"docstring_with_signature_but_no_doc", V, Some(c"docstring_with_signature_but_no_doc($module, /, sig)\n--\n\n")),
    row(
        c"docstring_with_signature_with_defaults",
        V,
        Some(
            c"docstring_with_signature_with_defaults(module, s='avocado',\n        b=b'bytes', d=3.14, i=35, n=None, t=True, f=False,\n        local=the_number_three, sys=sys.maxsize,\n        exp=sys.maxsize - 1)\n--\n\n\n\nThis docstring has a valid signature with parameters,\nand the parameters take defaults of varying types.",
        ),
    ),
    row(
        c"func_with_unrepresentable_signature",
        V,
        Some(
            c"func_with_unrepresentable_signature($module, /, a, b=<x>)\n--\n\nThis docstring has a signature with unrepresentable default.",
        ),
    ),
    row(c"test_with_docstring", NOARGS, Some(c"This is a pretty normal docstring.")),
    MethodDef::END,
];

static NO_SIGNATURE_METHODS: &[MethodDef] = &[
    row(c"meth_noargs", NOARGS, Some(NO_SIGNATURE)),
    row(c"meth_o", O, Some(NO_SIGNATURE)),
    row(c"meth_noargs_class", NOARGS | meth::CLASS, Some(NO_SIGNATURE)),
    row(c"meth_o_class", O | meth::CLASS, Some(NO_SIGNATURE)),
    row(c"meth_noargs_static", NOARGS | meth::STATIC, Some(NO_SIGNATURE)),
    row(c"meth_o_static", O | meth::STATIC, Some(NO_SIGNATURE)),
    row(c"meth_noargs_coexist", NOARGS | meth::COEXIST, Some(NO_SIGNATURE)),
    row(c"meth_o_coexist", O | meth::COEXIST, Some(NO_SIGNATURE)),
    MethodDef::END,
];

static UNREPRESENTABLE_METHODS: &[MethodDef] = &[
    row(
        c"meth",
        V,
        Some(c"meth($self, /, a, b=<x>)\n--\n\nThis docstring has a signature with unrepresentable default."),
    ),
    row(
        c"classmeth",
        V | meth::CLASS,
        Some(c"classmeth($type, /, a, b=<x>)\n--\n\nThis docstring has a signature with unrepresentable default."),
    ),
    row(
        c"staticmeth",
        V | meth::STATIC,
        Some(c"staticmeth(a, b=<x>)\n--\n\nThis docstring has a signature with unrepresentable default."),
    ),
    row(
        c"with_default",
        V,
        Some(
            c"with_default($self, /, x=ONE)\n--\n\nThis instance method has a default parameter value from the module scope.",
        ),
    ),
    MethodDef::END,
];

const fn class(name: &'static CStr, methods: &'static [MethodDef]) -> Type {
    let def = TypeDef {
        name,
        flags: flags::BASETYPE,
        methods: Some(methods),
        new: Some(super::generic_new),
        ..TypeDef::EMPTY
    };
    Type::with_flags(def, flags::IMMUTABLETYPE)
}

static NO_SIGNATURE_TYPE: Type = class(c"_testcapi.DocStringNoSignatureTest", NO_SIGNATURE_METHODS);
static UNREPRESENTABLE_TYPE: Type = class(c"_testcapi.DocStringUnrepresentableSignatureTest", UNREPRESENTABLE_METHODS);

/// Adds what this file defines.
pub fn add(m: &Module) -> PyResult<()> {
    m.add_functions(Some(FUNCTIONS))?;
    m.add_type(&NO_SIGNATURE_TYPE)?;
    m.add_type(&UNREPRESENTABLE_TYPE)
}
