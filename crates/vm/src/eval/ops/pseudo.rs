//! Rows of the opcode table that are never executed: the assembler replaces them.

use super::prelude::*;

macro_rules! never {
    ($($name:ident)*) => { $(
        op!($name(_vm, _) {
            crate::eval::handlers::report_unknown_cache();
            Flow::Error
        });
    )* };
}

never! { ANNOTATIONS_PLACEHOLDER JUMP JUMP_IF_FALSE JUMP_IF_TRUE JUMP_NO_INTERRUPT LOAD_CLOSURE POP_BLOCK SETUP_CLEANUP SETUP_FINALLY SETUP_WITH ENTER_EXECUTOR }
