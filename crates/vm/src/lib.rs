//! The virtual machine: frames, code, functions, generators, and the evaluation loop over them.
//!
//! - `stackref.rs`: what a variable or stack place holds; `frame/`: frames; `eval/`: the loop; `call/`: binding arguments
//! - `code/`, `function.rs`, `generator/`, `traceback.rs`, `template.rs`, `typing.rs`: the objects that belong to running code
//! - `specialize/`: specialised instructions; `instrument/`: tracing, profiling, monitoring
//!
//! It knows nothing of source code: what it runs comes as `taipan_bytecode::Code`.
#![warn(missing_docs)]

#[macro_use]
mod macros;

pub mod arguments;
pub mod ast_hooks;
pub mod build_class;
pub mod builtins;
pub mod call;
pub mod code;
pub mod compile;
pub mod eval;
pub mod frame;
pub mod function;
pub mod gc_module;
pub mod generator;
pub mod import;
pub mod import_errors;
pub mod instrument;
pub mod marshal;
pub mod report;
pub mod specialize;
pub mod stackref;
pub mod support;
pub mod sys;
pub mod template;
pub mod thread;
pub mod traceback;
pub mod typing;
pub mod warnings;

pub use taipan_object::suggestions;

pub use code::CodeObject;
pub use frame::Frame;
pub use function::Function;

use taipan_object::types::dict::Dict;
use taipan_object::{PyResult, Type};

/// Adds what types have beside their tables; called once all are ready.
pub fn complete_types() -> PyResult<()> {
    template::complete_types()?;
    typing::complete_types()
}

/// Every built-in type of this crate, bases first, for readying.
pub fn types() -> impl Iterator<Item = &'static Type> {
    TYPES.iter().chain(typing::TYPES).chain(thread::TYPES).copied()
}

static TYPES: &[&Type] = &[
    &code::attrs::PyCode_Type,
    &code::positions::LineIterator_Type,
    &code::positions::PositionsIterator_Type,
    &code::positions::BranchesIterator_Type,
    &function::PyFunction_Type,
    &traceback::PyTraceBack_Type,
    &frame::object::PyFrame_Type,
    &frame::locals::PyFrameLocalsProxy_Type,
    &generator::methods::PyGen_Type,
    &generator::coroutine::PyCoro_Type,
    &generator::coroutine::_PyCoroWrapper_Type,
    &generator::async_gen::PyAsyncGen_Type,
    &generator::anext_default::_PyAnextAwaitable_Type,
    &generator::async_gen::_PyAsyncGenASend_Type,
    &generator::async_gen::_PyAsyncGenAThrow_Type,
    &generator::async_gen::_PyAsyncGenWrappedValue_Type,
    &template::_PyInterpolation_Type,
    &template::_PyTemplate_Type,
    &template::_PyTemplateIter_Type,
];

/// Runs compiled code as a module's body.
pub fn run_code(code: &taipan_bytecode::Code, globals: &Dict) -> PyResult {
    let code = CodeObject::from_bytecode(code)?;
    call::eval_code(&code, globals, globals, None)
}

/// Loads an extension module from its spec, or runs the body of one; set by the crate that knows the C API.
static EXTENSIONS: std::sync::OnceLock<(CreateExtension, ExecExtension)> = std::sync::OnceLock::new();

/// Makes an extension module from its spec.
pub type CreateExtension = fn(&taipan_object::Object) -> PyResult;

/// Runs the body of an extension module.
pub type ExecExtension = fn(&taipan_object::Object) -> PyResult<i32>;

/// Installs the loader of extension modules; the first caller wins.
pub fn set_extension_loader(
    create: fn(&taipan_object::Object) -> PyResult,
    exec: fn(&taipan_object::Object) -> PyResult<i32>,
) {
    let _ = EXTENSIONS.set((create, exec));
}

/// The loader of extension modules.
pub fn extension_loader() -> Option<fn(&taipan_object::Object) -> PyResult> {
    EXTENSIONS.get().map(|e| e.0)
}

/// What runs the body of an extension module.
pub fn extension_executor() -> Option<fn(&taipan_object::Object) -> PyResult<i32>> {
    EXTENSIONS.get().map(|e| e.1)
}
