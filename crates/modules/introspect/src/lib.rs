//! Native modules by which programs look at programs: syntax trees, symbol tables, opcodes, the types of typing.
#![warn(missing_docs)]

pub mod ast;
pub mod faulthandler;
pub mod interpreters;
pub mod lsprof;
pub mod opcode;
pub mod suggestions;
pub mod symtable;
pub mod tokenize;
pub mod tracemalloc;
pub mod types_module;
pub mod typing_module;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[
    &ast::MODULE,
    &faulthandler::MODULE,
    &lsprof::MODULE,
    &interpreters::MODULE,
    &interpreters::QUEUES_MODULE,
    &opcode::MODULE,
    &suggestions::MODULE,
    &symtable::MODULE,
    &tokenize::MODULE,
    &tracemalloc::MODULE,
    &types_module::MODULE,
    &typing_module::MODULE,
];

/// Lets `compile()` work with trees of objects.
pub fn install() {
    ast::install();
}
