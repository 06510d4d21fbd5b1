//! The pairs of operand types behind `BINARY_OP_EXTEND`: a guard and an action that cannot fail.

use taipan_bytecode::opcode::nb;
use taipan_object::types::float::{Float, PyFloat_Type};
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::{Obj, Object};

/// One pair.
pub struct Row {
    op: u32,
    /// Whether the operands are of these types.
    pub guard: fn(&Object, &Object) -> bool,
    /// The result.
    pub action: fn(&Object, &Object) -> Obj,
}

fn int(o: &Object) -> i64 {
    // SAFETY: guards have tested the type.
    unsafe { o.cast_unchecked::<Int>() }.compact_value()
}
fn float(o: &Object) -> f64 {
    // SAFETY: as above.
    unsafe { o.cast_unchecked::<Float>() }.value()
}
fn is_int(o: &Object) -> bool {
    // SAFETY: tested first.
    o.is_exact(&PyLong_Type) && unsafe { o.cast_unchecked::<Int>() }.is_compact()
}
fn is_float(o: &Object) -> bool {
    o.is_exact(&PyFloat_Type)
}

fn ints(a: &Object, b: &Object) -> bool {
    is_int(a) && is_int(b)
}
fn float_int(a: &Object, b: &Object) -> bool {
    is_float(a) && is_int(b) && !float(a).is_nan()
}
fn int_float(a: &Object, b: &Object) -> bool {
    is_int(a) && is_float(b) && !float(b).is_nan()
}
fn float_nonzero_int(a: &Object, b: &Object) -> bool {
    float_int(a, b) && int(b) != 0
}
fn int_nonzero_float(a: &Object, b: &Object) -> bool {
    int_float(a, b) && float(b) != 0.0
}

macro_rules! rows {
    ($($op:expr, $guard:ident, |$a:ident, $b:ident| $e:expr;)*) => {
        static ROWS: &[Row] = &[$(Row { op: $op, guard: $guard, action: |$a, $b| $e }),*];
    };
}

fn new_int(v: i64) -> Obj {
    Int::from_i64(v).into_obj()
}
fn new_float(v: f64) -> Obj {
    Float::new(v).into_obj()
}

rows! {
    nb::OR, ints, |a, b| new_int(int(a) | int(b));
    nb::AND, ints, |a, b| new_int(int(a) & int(b));
    nb::XOR, ints, |a, b| new_int(int(a) ^ int(b));
    nb::OR + nb::INPLACE, ints, |a, b| new_int(int(a) | int(b));
    nb::AND + nb::INPLACE, ints, |a, b| new_int(int(a) & int(b));
    nb::XOR + nb::INPLACE, ints, |a, b| new_int(int(a) ^ int(b));
    nb::ADD, float_int, |a, b| new_float(float(a) + int(b) as f64);
    nb::SUBTRACT, float_int, |a, b| new_float(float(a) - int(b) as f64);
    nb::TRUE_DIVIDE, float_nonzero_int, |a, b| new_float(float(a) / int(b) as f64);
    nb::MULTIPLY, float_int, |a, b| new_float(float(a) * int(b) as f64);
    nb::ADD, int_float, |a, b| new_float(int(a) as f64 + float(b));
    nb::SUBTRACT, int_float, |a, b| new_float(int(a) as f64 - float(b));
    nb::TRUE_DIVIDE, int_nonzero_float, |a, b| new_float(int(a) as f64 / float(b));
    nb::MULTIPLY, int_float, |a, b| new_float(int(a) as f64 * float(b));
}

/// The row for an operator and its operands.
pub fn find(op: u32, a: &Object, b: &Object) -> Option<&'static Row> {
    ROWS.iter().find(|r| r.op == op && (r.guard)(a, b))
}
