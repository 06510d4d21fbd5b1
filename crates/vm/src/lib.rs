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
pub mod build_class;
pub mod call;
pub mod code;
pub mod eval;
pub mod frame;
pub mod function;
pub mod generator;
pub mod import_errors;
pub mod instrument;
pub mod specialize;
pub mod stackref;
pub mod suggestions;
pub mod support;
pub mod template;
pub mod traceback;
pub mod typing;

pub use code::CodeObject;
pub use frame::Frame;
pub use function::Function;

use taipan_object::types::dict::Dict;
use taipan_object::{PyResult, Type};

/// Every built-in type of this crate, bases first, for readying.
pub fn types() -> impl Iterator<Item = &'static Type> {
    TYPES.iter().chain(typing::TYPES).copied()
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
