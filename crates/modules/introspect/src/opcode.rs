//! The module `_opcode`: the opcode table, for `opcode` and `dis`.

use taipan_bytecode::Op;
use taipan_bytecode::opcode::{BINARY_OPS, Flags, INTRINSICS_1, INTRINSICS_2, SPECIAL_METHODS};
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Ref, bail, function, methods};
use taipan_vm::CodeObject;

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_opcode",
    doc: "What the instructions of the bytecode are and do.",
    methods: methods![
        stack_effect,
        is_valid,
        has_arg,
        has_const,
        has_name,
        has_jump,
        has_free,
        has_local,
        has_exc,
        get_specialization_stats,
        get_nb_ops,
        get_intrinsic1_descs,
        get_intrinsic2_descs,
        get_executor,
        get_special_method_names
    ],
    exec,
};

fn exec(m: &Module) -> PyResult<()> {
    m.add_int("ENABLE_SPECIALIZATION", 1)?;
    m.add_int("ENABLE_SPECIALIZATION_FT", 1)
}

fn op(opcode: i32) -> Option<Op> {
    u16::try_from(opcode).ok().and_then(Op::from_number)
}

/// What an instruction does to the depth of the stack.
#[function(signature = "(opcode, oparg=None, /, *, jump=None)")]
fn stack_effect(opcode: i32, oparg: Option<&Object>, jump: Option<&Object>) -> PyResult<i32> {
    let arg = match oparg {
        Some(o) => o.as_i64()?,
        None => 0,
    };
    let jump = match jump {
        None => None,
        Some(j) if j.is(taipan_object::types::bool_::true_()) => Some(true),
        Some(j) if j.is(taipan_object::types::bool_::false_()) => Some(false),
        Some(_) => bail!(ValueError, "stack_effect: jump must be False, True or None"),
    };
    let found = op(opcode).filter(|op| op.is_pseudo() || op.deopt() == *op);
    let (Some(op), Ok(arg)) = (found, i32::try_from(arg)) else { bail!(ValueError, "invalid opcode or oparg") };
    // An argument beyond this cannot be in any code, and its effect in no int.
    let Some(arg) = u32::try_from(arg).ok().filter(|a| *a < 1 << 29) else {
        bail!(ValueError, "invalid opcode or oparg")
    };
    let (popped, pushed) = op.stack_effect(arg);
    let effect = pushed - popped;
    Ok(match jump {
        // Setting up a handler changes the stack only for the handler.
        Some(false) if op.is_block_push() => 0,
        None if op.is_block_push() => effect.max(0),
        _ => effect,
    })
}

/// Return whether there is an instruction with this number.
#[function(signature = "(opcode)")]
fn is_valid(opcode: i32) -> bool {
    op(opcode).is_some()
}

fn has(opcode: i32, bit: u16) -> bool {
    op(opcode).is_some_and(|op| op.flags().has(bit))
}

/// Return whether the instruction uses its argument.
#[function(signature = "(opcode)")]
fn has_arg(opcode: i32) -> bool {
    has(opcode, Flags::ARG)
}
/// Return whether the instruction loads a constant.
#[function(signature = "(opcode)")]
fn has_const(opcode: i32) -> bool {
    has(opcode, Flags::CONST)
}
/// Return whether the argument stands for a name.
#[function(signature = "(opcode)")]
fn has_name(opcode: i32) -> bool {
    has(opcode, Flags::NAME)
}
/// Return whether the argument is a jump distance.
#[function(signature = "(opcode)")]
fn has_jump(opcode: i32) -> bool {
    has(opcode, Flags::JUMP)
}
/// Return whether the argument stands for a variable shared with other functions.
#[function(signature = "(opcode)")]
fn has_free(opcode: i32) -> bool {
    has(opcode, Flags::FREE)
}
/// Return whether the argument stands for a local variable.
#[function(signature = "(opcode)")]
fn has_local(opcode: i32) -> bool {
    has(opcode, Flags::LOCAL)
}
/// Return whether the instruction sets an exception handler up.
#[function(signature = "(opcode)")]
fn has_exc(opcode: i32) -> bool {
    op(opcode).is_some_and(Op::is_block_push)
}

/// Return counts of specialisations, if this build keeps them; it does not.
#[function(signature = "()")]
fn get_specialization_stats() {}

fn list(names: &[&str]) -> Ref<List> {
    List::from_vec(names.iter().map(|s| Str::from_utf8(s).into_obj()).collect())
}

/// Return name and symbol of the arguments of BINARY_OP.
#[function(signature = "()")]
fn get_nb_ops() -> Ref<List> {
    let pair = |(name, symbol): &(&str, &str)| Tuple::new(&[&Str::from_utf8(name), &Str::from_utf8(symbol)]).into_obj();
    List::from_vec(BINARY_OPS.iter().map(pair).collect())
}
/// Return the names of the arguments of CALL_INTRINSIC_1.
#[function(signature = "()")]
fn get_intrinsic1_descs() -> Ref<List> {
    list(&INTRINSICS_1)
}
/// Return the names of the arguments of CALL_INTRINSIC_2.
#[function(signature = "()")]
fn get_intrinsic2_descs() -> Ref<List> {
    list(&INTRINSICS_2)
}
/// Return the names of the arguments of LOAD_SPECIAL.
#[function(signature = "()")]
fn get_special_method_names() -> Ref<List> {
    list(&SPECIAL_METHODS)
}

/// Return the compiled code that starts at an offset; there is none.
#[function(signature = "(code, offset)")]
fn get_executor(code: &Object, offset: i32) -> PyResult {
    let _ = offset;
    if code.downcast_exact::<CodeObject>().is_none() {
        bail!(TypeError, "expected a code object, not '{}'", code.ty().name_str());
    }
    bail!(ValueError, "no executor at given byte offset")
}
