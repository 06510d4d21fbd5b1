//! Opcodes as a type, and what the table says about each.

use crate::for_each_opcode;

/// First number of the instrumented opcodes.
pub const MIN_INSTRUMENTED_OPCODE: u16 = 234;
/// Opcodes from this one on take an argument.
pub const HAVE_ARGUMENT: u8 = 43;
/// First number of the specialised opcodes.
pub const MIN_SPECIALIZED_OPCODE: u16 = 129;
/// Rows of the table by number, free numbers included.
pub const OPCODE_COUNT: usize = 267;

/// What an opcode is and does, as a bit set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flags(pub u16);

impl Flags {
    /// Uses its argument.
    pub const ARG: u16 = 1;
    /// The argument is an index into `co_consts`.
    pub const CONST: u16 = 1 << 1;
    /// The argument is (or contains) an index into `co_names`.
    pub const NAME: u16 = 1 << 2;
    /// The argument is a jump distance.
    pub const JUMP: u16 = 1 << 3;
    /// The argument is a cell or free variable.
    pub const FREE: u16 = 1 << 4;
    /// The argument is a local variable.
    pub const LOCAL: u16 = 1 << 5;
    /// Looks at the eval breaker.
    pub const EVAL_BREAK: u16 = 1 << 6;
    /// May fall back to the base form.
    pub const DEOPT: u16 = 1 << 7;
    /// May raise.
    pub const ERROR: u16 = 1 << 8;
    /// May run arbitrary code.
    pub const ESCAPES: u16 = 1 << 9;
    /// May leave a trace.
    pub const EXIT: u16 = 1 << 10;
    /// Has no side effect.
    pub const PURE: u16 = 1 << 11;
    /// Passes its inputs on.
    pub const PASSTHROUGH: u16 = 1 << 12;
    /// Only the lowest bit of the argument matters.
    pub const OPARG_AND_1: u16 = 1 << 13;
    /// Raises with its inputs still on the stack.
    pub const ERROR_NO_POP: u16 = 1 << 14;
    /// Does not save the instruction pointer.
    pub const NO_SAVE_IP: u16 = 1 << 15;

    /// Whether all of `bits` are set.
    #[inline]
    pub const fn has(self, bits: u16) -> bool {
        self.0 & bits == bits
    }
}

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Info {
    /// The name, as `dis` shows it.
    pub name: &'static str,
    /// The base form.
    pub family: Op,
    /// Inline cache units after the instruction.
    pub caches: u8,
    /// What it does.
    pub flags: Flags,
}

macro_rules! define_opcodes {
    ($($name:ident = $number:literal, $family:ident, $caches:literal, |$arg:pat_param| ($pops:expr, $pushes:expr), [$($flag:ident)*];)*) => {
        /// An opcode, real or pseudo.
        #[allow(non_camel_case_types, missing_docs)]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Op { $($name = $number,)* }

        /// The table by number; free numbers hold `None`.
        pub static INFO: [Option<Info>; OPCODE_COUNT] = {
            let mut table = [None; OPCODE_COUNT];
            $(table[$number] = Some(Info {
                name: stringify!($name),
                family: Op::$family,
                caches: $caches,
                flags: Flags(0 $(| Flags::$flag)*),
            });)*
            table
        };

        static FLAGS: [Flags; OPCODE_COUNT] = {
            let mut table = [Flags(0); OPCODE_COUNT];
            $(table[$number] = Flags(0 $(| Flags::$flag)*);)*
            table
        };

        static CACHES: [u8; OPCODE_COUNT] = {
            let mut table = [0; OPCODE_COUNT];
            $(table[$number] = $caches;)*
            table
        };

        static BY_NUMBER: [Option<Op>; OPCODE_COUNT] = {
            let mut table = [None; OPCODE_COUNT];
            $(table[$number] = Some(Op::$name);)*
            table
        };

        /// Stack effects that do not depend on the argument.
        static EFFECTS: [(i8, i8); OPCODE_COUNT] = {
            let mut table = [(0, 0); OPCODE_COUNT];
            $(table[$number] = {
                #[allow(clippy::identity_op)]
                const fn effect($arg: i32) -> (i32, i32) {
                    ($pops, $pushes)
                }
                fixed_effect([effect(2), effect(3), effect(0x405)])
            };)*
            table
        };

        impl Op {
            /// Values taken off the stack and values put on it (at the handler, for pseudo instructions that set one up).
            #[inline]
            pub fn stack_effect(self, oparg: u32) -> (i32, i32) {
                match EFFECTS[self as usize] {
                    (VARIES, _) => self.stack_effect_of(oparg as i32),
                    (popped, pushed) => (popped.into(), pushed.into()),
                }
            }

            #[inline(never)]
            fn stack_effect_of(self, oparg: i32) -> (i32, i32) {
                match self { $(Op::$name => { #[allow(clippy::identity_op)] let f = |$arg: i32| ($pops, $pushes); f(oparg) })* }
            }

            /// The opcode of that name.
            pub fn from_name(name: &str) -> Option<Op> {
                match name { $(stringify!($name) => Some(Op::$name),)* _ => None }
            }
        }
    };
}
for_each_opcode!(define_opcodes);

/// Stands for an effect that depends on the argument.
const VARIES: i8 = -1;

const fn fixed_effect(samples: [(i32, i32); 3]) -> (i8, i8) {
    let [(popped, pushed), b, c] = samples;
    if b.0 == popped && b.1 == pushed && c.0 == popped && c.1 == pushed {
        (popped as i8, pushed as i8)
    } else {
        (VARIES, VARIES)
    }
}

/// What an opcode does to the flow of control, as bits.
mod shape {
    pub const JUMP: u8 = 1;
    pub const BLOCK_PUSH: u8 = 2;
    pub const SCOPE_EXIT: u8 = 4;
    pub const UNCONDITIONAL: u8 = 8;
}

static SHAPES: [u8; OPCODE_COUNT] = {
    let mut table = [0; OPCODE_COUNT];
    let mut i = 0;
    while i < OPCODE_COUNT {
        if FLAGS[i].has(Flags::JUMP) {
            table[i] |= shape::JUMP;
        }
        i += 1;
    }
    let pushes = [Op::SETUP_FINALLY, Op::SETUP_WITH, Op::SETUP_CLEANUP];
    let exits = [Op::RETURN_VALUE, Op::RAISE_VARARGS, Op::RERAISE];
    let mut i = 0;
    while i < 3 {
        table[pushes[i] as usize] |= shape::BLOCK_PUSH;
        table[exits[i] as usize] |= shape::SCOPE_EXIT;
        i += 1;
    }
    let always = [Op::JUMP, Op::JUMP_NO_INTERRUPT, Op::JUMP_FORWARD, Op::JUMP_BACKWARD, Op::JUMP_BACKWARD_NO_INTERRUPT];
    let mut i = 0;
    while i < always.len() {
        table[always[i] as usize] |= shape::UNCONDITIONAL;
        i += 1;
    }
    table
};

impl Op {
    /// The opcode with this number, if the number is taken.
    #[inline]
    pub fn from_number(number: u16) -> Option<Op> {
        BY_NUMBER.get(number as usize).copied().flatten()
    }

    /// The row of the table.
    #[inline]
    pub fn info(self) -> &'static Info {
        // Every variant's number has a row.
        INFO[self as usize].as_ref().expect("opcode without a row")
    }

    /// The name, as `dis` shows it.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// What it does.
    #[inline]
    pub fn flags(self) -> Flags {
        FLAGS[self as usize]
    }

    /// Inline cache units after the instruction.
    #[inline]
    pub fn caches(self) -> usize {
        CACHES[self as usize] as usize
    }

    /// The base form of a specialised opcode; itself for all others.
    #[inline]
    pub fn deopt(self) -> Op {
        self.info().family
    }

    /// Uses its argument.
    #[inline]
    pub fn has_arg(self) -> bool {
        self.flags().has(Flags::ARG)
    }

    /// Jumps by its argument.
    #[inline]
    pub fn has_jump(self) -> bool {
        self.has_shape(shape::JUMP)
    }

    #[inline]
    fn has_shape(self, bits: u8) -> bool {
        SHAPES[self as usize] & bits != 0
    }

    /// Loads `co_consts[oparg]`.
    #[inline]
    pub fn has_const(self) -> bool {
        self.flags().has(Flags::CONST)
    }

    /// Sets up an exception handler (pseudo).
    #[inline]
    pub fn is_block_push(self) -> bool {
        self.has_shape(shape::BLOCK_PUSH)
    }

    /// Its argument stands for another instruction.
    #[inline]
    pub fn has_target(self) -> bool {
        self.has_shape(shape::JUMP | shape::BLOCK_PUSH)
    }

    /// Leaves the frame or raises.
    #[inline]
    pub fn is_scope_exit(self) -> bool {
        self.has_shape(shape::SCOPE_EXIT)
    }

    /// Ends a basic block.
    #[inline]
    pub fn is_terminator(self) -> bool {
        self.has_shape(shape::JUMP | shape::SCOPE_EXIT)
    }

    /// Always jumps.
    #[inline]
    pub fn is_unconditional_jump(self) -> bool {
        self.has_shape(shape::UNCONDITIONAL)
    }

    /// Pops a value and may jump.
    #[inline]
    pub fn is_conditional_jump(self) -> bool {
        matches!(self, Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::POP_JUMP_IF_NONE | Op::POP_JUMP_IF_NOT_NONE)
    }

    /// Never goes on to the next instruction.
    #[inline]
    pub fn leaves(self) -> bool {
        self.has_shape(shape::SCOPE_EXIT | shape::UNCONDITIONAL)
    }

    /// Exists only inside the compiler.
    #[inline]
    pub fn is_pseudo(self) -> bool {
        self as u16 >= 256
    }

    /// Jumps towards the start of the code.
    #[inline]
    pub fn is_backward_jump(self) -> bool {
        matches!(self, Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT)
    }

    /// Calls a tracing or monitoring hook.
    #[inline]
    pub fn is_instrumented(self) -> bool {
        (MIN_INSTRUMENTED_OPCODE..=254).contains(&(self as u16))
    }
}

/// Each instrumented opcode with the one that it stands for; the two that wrap any instruction are not listed.
pub const INSTRUMENTED: [(Op, Op); 19] = [
    (Op::INSTRUMENTED_END_FOR, Op::END_FOR),
    (Op::INSTRUMENTED_POP_ITER, Op::POP_ITER),
    (Op::INSTRUMENTED_END_SEND, Op::END_SEND),
    (Op::INSTRUMENTED_FOR_ITER, Op::FOR_ITER),
    (Op::INSTRUMENTED_JUMP_FORWARD, Op::JUMP_FORWARD),
    (Op::INSTRUMENTED_NOT_TAKEN, Op::NOT_TAKEN),
    (Op::INSTRUMENTED_POP_JUMP_IF_TRUE, Op::POP_JUMP_IF_TRUE),
    (Op::INSTRUMENTED_POP_JUMP_IF_FALSE, Op::POP_JUMP_IF_FALSE),
    (Op::INSTRUMENTED_POP_JUMP_IF_NONE, Op::POP_JUMP_IF_NONE),
    (Op::INSTRUMENTED_POP_JUMP_IF_NOT_NONE, Op::POP_JUMP_IF_NOT_NONE),
    (Op::INSTRUMENTED_RESUME, Op::RESUME),
    (Op::INSTRUMENTED_RETURN_VALUE, Op::RETURN_VALUE),
    (Op::INSTRUMENTED_YIELD_VALUE, Op::YIELD_VALUE),
    (Op::INSTRUMENTED_END_ASYNC_FOR, Op::END_ASYNC_FOR),
    (Op::INSTRUMENTED_LOAD_SUPER_ATTR, Op::LOAD_SUPER_ATTR),
    (Op::INSTRUMENTED_CALL, Op::CALL),
    (Op::INSTRUMENTED_CALL_KW, Op::CALL_KW),
    (Op::INSTRUMENTED_CALL_FUNCTION_EX, Op::CALL_FUNCTION_EX),
    (Op::INSTRUMENTED_JUMP_BACKWARD, Op::JUMP_BACKWARD),
];

/// Arguments of `BINARY_OP`, in order.
pub const BINARY_OPS: [(&str, &str); 27] = [
    ("NB_ADD", "+"),
    ("NB_AND", "&"),
    ("NB_FLOOR_DIVIDE", "//"),
    ("NB_LSHIFT", "<<"),
    ("NB_MATRIX_MULTIPLY", "@"),
    ("NB_MULTIPLY", "*"),
    ("NB_REMAINDER", "%"),
    ("NB_OR", "|"),
    ("NB_POWER", "**"),
    ("NB_RSHIFT", ">>"),
    ("NB_SUBTRACT", "-"),
    ("NB_TRUE_DIVIDE", "/"),
    ("NB_XOR", "^"),
    ("NB_INPLACE_ADD", "+="),
    ("NB_INPLACE_AND", "&="),
    ("NB_INPLACE_FLOOR_DIVIDE", "//="),
    ("NB_INPLACE_LSHIFT", "<<="),
    ("NB_INPLACE_MATRIX_MULTIPLY", "@="),
    ("NB_INPLACE_MULTIPLY", "*="),
    ("NB_INPLACE_REMAINDER", "%="),
    ("NB_INPLACE_OR", "|="),
    ("NB_INPLACE_POWER", "**="),
    ("NB_INPLACE_RSHIFT", ">>="),
    ("NB_INPLACE_SUBTRACT", "-="),
    ("NB_INPLACE_TRUE_DIVIDE", "/="),
    ("NB_INPLACE_XOR", "^="),
    ("NB_SUBSCR", "[]"),
];

/// Arguments of `BINARY_OP` by name.
#[allow(missing_docs)]
pub mod nb {
    pub const ADD: u32 = 0;
    pub const AND: u32 = 1;
    pub const FLOOR_DIVIDE: u32 = 2;
    pub const LSHIFT: u32 = 3;
    pub const MATRIX_MULTIPLY: u32 = 4;
    pub const MULTIPLY: u32 = 5;
    pub const REMAINDER: u32 = 6;
    pub const OR: u32 = 7;
    pub const POWER: u32 = 8;
    pub const RSHIFT: u32 = 9;
    pub const SUBTRACT: u32 = 10;
    pub const TRUE_DIVIDE: u32 = 11;
    pub const XOR: u32 = 12;
    /// Added to an operator for its in-place form.
    pub const INPLACE: u32 = 13;
    pub const SUBSCR: u32 = 26;
}

/// Arguments of `CALL_INTRINSIC_1`, in order.
pub const INTRINSICS_1: [&str; 12] = [
    "INTRINSIC_1_INVALID",
    "INTRINSIC_PRINT",
    "INTRINSIC_IMPORT_STAR",
    "INTRINSIC_STOPITERATION_ERROR",
    "INTRINSIC_ASYNC_GEN_WRAP",
    "INTRINSIC_UNARY_POSITIVE",
    "INTRINSIC_LIST_TO_TUPLE",
    "INTRINSIC_TYPEVAR",
    "INTRINSIC_PARAMSPEC",
    "INTRINSIC_TYPEVARTUPLE",
    "INTRINSIC_SUBSCRIPT_GENERIC",
    "INTRINSIC_TYPEALIAS",
];

/// Arguments of `CALL_INTRINSIC_2`, in order.
pub const INTRINSICS_2: [&str; 6] = [
    "INTRINSIC_2_INVALID",
    "INTRINSIC_PREP_RERAISE_STAR",
    "INTRINSIC_TYPEVAR_WITH_BOUND",
    "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS",
    "INTRINSIC_SET_FUNCTION_TYPE_PARAMS",
    "INTRINSIC_SET_TYPEPARAM_DEFAULT",
];

/// Arguments of the two intrinsic calls by name.
#[allow(missing_docs)]
pub mod intrinsic {
    pub const PRINT: u32 = 1;
    pub const IMPORT_STAR: u32 = 2;
    pub const STOPITERATION_ERROR: u32 = 3;
    pub const ASYNC_GEN_WRAP: u32 = 4;
    pub const UNARY_POSITIVE: u32 = 5;
    pub const LIST_TO_TUPLE: u32 = 6;
    pub const TYPEVAR: u32 = 7;
    pub const PARAMSPEC: u32 = 8;
    pub const TYPEVARTUPLE: u32 = 9;
    pub const SUBSCRIPT_GENERIC: u32 = 10;
    pub const TYPEALIAS: u32 = 11;

    pub const PREP_RERAISE_STAR: u32 = 1;
    pub const TYPEVAR_WITH_BOUND: u32 = 2;
    pub const TYPEVAR_WITH_CONSTRAINTS: u32 = 3;
    pub const SET_FUNCTION_TYPE_PARAMS: u32 = 4;
    pub const SET_TYPEPARAM_DEFAULT: u32 = 5;
}

/// Arguments of `LOAD_SPECIAL`, in order.
pub const SPECIAL_METHODS: [&str; 4] = ["__enter__", "__exit__", "__aenter__", "__aexit__"];

/// Arguments of `LOAD_COMMON_CONSTANT`, in order: built-in names.
pub const COMMON_CONSTANTS: [&str; 5] = ["AssertionError", "NotImplementedError", "tuple", "all", "any"];

/// Arguments of `LOAD_COMMON_CONSTANT` by name.
#[allow(missing_docs)]
pub mod common_constant {
    pub const ASSERTION_ERROR: u32 = 0;
    pub const NOT_IMPLEMENTED_ERROR: u32 = 1;
    pub const TUPLE: u32 = 2;
    pub const ALL: u32 = 3;
    pub const ANY: u32 = 4;
}

/// Arguments of `RESUME`: where execution resumes, and a flag for a `yield` directly under the generator's own handler.
#[allow(missing_docs)]
pub mod resume {
    pub const AT_FUNC_START: u32 = 0;
    pub const AFTER_YIELD: u32 = 1;
    pub const AFTER_YIELD_FROM: u32 = 2;
    pub const AFTER_AWAIT: u32 = 3;
    pub const LOCATION_MASK: u32 = 3;
    pub const DEPTH1_MASK: u32 = 4;
}

/// Arguments of `SET_FUNCTION_ATTRIBUTE`.
#[allow(missing_docs)]
pub mod function_attribute {
    pub const DEFAULTS: u32 = 1;
    pub const KWDEFAULTS: u32 = 2;
    pub const ANNOTATIONS: u32 = 4;
    pub const CLOSURE: u32 = 8;
    pub const ANNOTATE: u32 = 16;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_agree_with_their_numbers() {
        for number in 0..OPCODE_COUNT as u16 {
            if let Some(op) = Op::from_number(number) {
                assert_eq!(op as u16, number);
                assert_eq!(Op::from_name(op.name()), Some(op));
                assert_eq!(op.deopt().deopt(), op.deopt());
                if !op.is_instrumented() {
                    assert_eq!(op.caches(), op.deopt().caches(), "{}", op.name());
                }
            }
        }
    }

    #[test]
    fn instrumented_forms_have_the_layout_of_their_base() {
        for (instrumented, base) in INSTRUMENTED {
            assert_eq!(instrumented.caches(), base.caches());
            assert_eq!(instrumented.name(), format!("INSTRUMENTED_{}", base.name()));
        }
    }

    #[test]
    fn known_stack_effects() {
        assert_eq!(Op::BUILD_MAP.stack_effect(3), (6, 1));
        assert_eq!(Op::CALL.stack_effect(2), (4, 1));
        assert_eq!(Op::LOAD_ATTR.stack_effect(1), (1, 2));
        assert_eq!(Op::UNPACK_EX.stack_effect(0x0102), (1, 4));
    }
}
