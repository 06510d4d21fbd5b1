//! Numbers, as the abstract protocol has them.

use crate::prelude::*;
use taipan_object::protocol::number;

exports! {
    fn PyNumber_Check(o: Null<'_>) -> c_int {
        o.is_some_and(|o| o.ty().number().is_some_and(|n| n.index.get().is_some() || n.int.get().is_some() || n.float.get().is_some())
            || o.downcast::<taipan_object::types::complex::Complex>().is_some()) as c_int
    }
    fn PyIndex_Check(o: &Object) -> c_int { number::has_index(o) as c_int }
    fn PyNumber_Add(a: &Object, b: &Object) -> PyResult { number::add(a, b) }
    fn PyNumber_Subtract(a: &Object, b: &Object) -> PyResult { number::subtract(a, b) }
    fn PyNumber_Multiply(a: &Object, b: &Object) -> PyResult { number::multiply(a, b) }
    fn PyNumber_MatrixMultiply(a: &Object, b: &Object) -> PyResult { number::matrix_multiply(a, b) }
    fn PyNumber_FloorDivide(a: &Object, b: &Object) -> PyResult { number::floor_divide(a, b) }
    fn PyNumber_TrueDivide(a: &Object, b: &Object) -> PyResult { number::true_divide(a, b) }
    fn PyNumber_Remainder(a: &Object, b: &Object) -> PyResult { number::remainder(a, b) }
    fn PyNumber_Divmod(a: &Object, b: &Object) -> PyResult { number::divmod(a, b) }
    fn PyNumber_Power(a: &Object, b: &Object, c: &Object) -> PyResult { number::power(a, b, c) }
    fn PyNumber_Lshift(a: &Object, b: &Object) -> PyResult { number::lshift(a, b) }
    fn PyNumber_Rshift(a: &Object, b: &Object) -> PyResult { number::rshift(a, b) }
    fn PyNumber_And(a: &Object, b: &Object) -> PyResult { number::and(a, b) }
    fn PyNumber_Xor(a: &Object, b: &Object) -> PyResult { number::xor(a, b) }
    fn PyNumber_Or(a: &Object, b: &Object) -> PyResult { number::or(a, b) }
    fn PyNumber_InPlaceAdd(a: &Object, b: &Object) -> PyResult { number::inplace_add(a, b) }
    fn PyNumber_InPlaceSubtract(a: &Object, b: &Object) -> PyResult { number::inplace_subtract(a, b) }
    fn PyNumber_InPlaceMultiply(a: &Object, b: &Object) -> PyResult { number::inplace_multiply(a, b) }
    fn PyNumber_InPlaceMatrixMultiply(a: &Object, b: &Object) -> PyResult { number::inplace_matrix_multiply(a, b) }
    fn PyNumber_InPlaceFloorDivide(a: &Object, b: &Object) -> PyResult { number::inplace_floor_divide(a, b) }
    fn PyNumber_InPlaceTrueDivide(a: &Object, b: &Object) -> PyResult { number::inplace_true_divide(a, b) }
    fn PyNumber_InPlaceRemainder(a: &Object, b: &Object) -> PyResult { number::inplace_remainder(a, b) }
    fn PyNumber_InPlacePower(a: &Object, b: &Object, c: &Object) -> PyResult {
        if c.is_none() { number::inplace_power(a, b) } else { number::power(a, b, c) }
    }
    fn PyNumber_InPlaceLshift(a: &Object, b: &Object) -> PyResult { number::inplace_lshift(a, b) }
    fn PyNumber_InPlaceRshift(a: &Object, b: &Object) -> PyResult { number::inplace_rshift(a, b) }
    fn PyNumber_InPlaceAnd(a: &Object, b: &Object) -> PyResult { number::inplace_and(a, b) }
    fn PyNumber_InPlaceXor(a: &Object, b: &Object) -> PyResult { number::inplace_xor(a, b) }
    fn PyNumber_InPlaceOr(a: &Object, b: &Object) -> PyResult { number::inplace_or(a, b) }
    fn PyNumber_Negative(o: &Object) -> PyResult { number::negative(o) }
    fn PyNumber_Positive(o: &Object) -> PyResult { number::positive(o) }
    fn PyNumber_Absolute(o: &Object) -> PyResult { number::absolute(o) }
    fn PyNumber_Invert(o: &Object) -> PyResult { number::invert(o) }
    fn PyNumber_Index(o: &Object) -> PyResult { obj(number::index(o)) }
    fn PyNumber_Long(o: &Object) -> PyResult {
        // Text and bytes are parsed; everything else goes through the special methods.
        if o.downcast::<Str>().is_some() || taipan_object::buffer::supports(o) {
            return taipan_object::types::int::PyLong_Type.as_object().call_one(o);
        }
        obj(number::to_int(o))
    }
    fn PyNumber_Float(o: &Object) -> PyResult {
        if o.downcast::<Str>().is_some() || taipan_object::buffer::supports(o) {
            return obj(taipan_object::types::float::from_text_object(o));
        }
        obj(number::to_float(o))
    }
    fn PyNumber_ToBase(o: &Object, base: c_int) -> PyResult {
        let i = number::index(o)?;
        match base {
            10 => obj(i.to_str()),
            2 | 8 | 16 => Ok(i.to_radix(base as u32, true).into_obj()),
            _ => bail!(SystemError, "PyNumber_ToBase: base must be 2, 8, 10 or 16"),
        }
    }
    fn PyNumber_AsSsize_t(o: &Object, overflow: Null<'_>) -> isize {
        status_len(o.index_as_isize(overflow.map(|t| t.cast())))
    }
}
