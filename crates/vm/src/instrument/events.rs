//! The events that tools can watch, and which instruction gives rise to which.

use taipan_bytecode::Op;
use taipan_bytecode::opcode::resume;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $id:literal;)*) => {
        $($(#[$doc])* pub const $name: usize = $id;)*
        /// Names by number.
        pub static NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

events! {
    /// A function starts.
    PY_START = 0;
    /// A generator goes on.
    PY_RESUME = 1;
    /// A function returns.
    PY_RETURN = 2;
    /// A generator yields.
    PY_YIELD = 3;
    /// Something is called.
    CALL = 4;
    /// A line begins.
    LINE = 5;
    /// An instruction begins.
    INSTRUCTION = 6;
    /// An unconditional jump.
    JUMP = 7;
    /// A branch goes on straight.
    BRANCH_LEFT = 8;
    /// A branch jumps.
    BRANCH_RIGHT = 9;
    /// A generator's end is seen without an exception.
    STOP_ITERATION = 10;
    /// An exception comes up.
    RAISE = 11;
    /// A handler is entered.
    EXCEPTION_HANDLED = 12;
    /// An exception leaves a function.
    PY_UNWIND = 13;
    /// An exception is thrown into a generator.
    PY_THROW = 14;
    /// An exception is raised again.
    RERAISE = 15;
    /// Native code returned.
    C_RETURN = 16;
    /// Native code raised.
    C_RAISE = 17;
    /// Both kinds of branches, an old name.
    BRANCH = 18;
}

/// Events below this belong to an instruction: they can be watched in single code objects and be disabled in single places.
pub const LOCAL: usize = 11;
/// Events below this can be asked for on their own.
pub const UNGROUPED: usize = 16;
/// All events.
pub const COUNT: usize = 19;
/// All tools.
pub const TOOLS: usize = 8;
/// Tools that programs may use.
pub const PUBLIC_TOOLS: i64 = 6;
/// The tool behind `sys.setprofile`.
pub const PROFILE_TOOL: usize = 6;
/// The tool behind `sys.settrace`.
pub const TRACE_TOOL: usize = 7;

/// The event that an instruction gives rise to, beside lines and instructions.
pub fn event_of(op: Op, oparg: u8) -> Option<usize> {
    Some(match op {
        Op::RESUME if u32::from(oparg) & resume::LOCATION_MASK == resume::AT_FUNC_START => PY_START,
        Op::RESUME => PY_RESUME,
        Op::RETURN_VALUE => PY_RETURN,
        Op::YIELD_VALUE => PY_YIELD,
        Op::CALL | Op::CALL_KW | Op::CALL_FUNCTION_EX | Op::LOAD_SUPER_ATTR => CALL,
        Op::JUMP_FORWARD | Op::JUMP_BACKWARD => JUMP,
        Op::FOR_ITER | Op::NOT_TAKEN => BRANCH_LEFT,
        Op::POP_JUMP_IF_FALSE
        | Op::POP_JUMP_IF_TRUE
        | Op::POP_JUMP_IF_NONE
        | Op::POP_JUMP_IF_NOT_NONE
        | Op::POP_ITER
        | Op::END_ASYNC_FOR => BRANCH_RIGHT,
        Op::END_FOR | Op::END_SEND => STOP_ITERATION,
        _ => return None,
    })
}
