//! Operators.

use super::prelude::*;
use taipan_bytecode::opcode::nb;
use taipan_object::protocol::number;

type Operator = fn(&Object, &Object) -> PyResult;

fn power(a: &Object, b: &Object) -> PyResult {
    number::power(a, b, none())
}

fn subscript(a: &Object, b: &Object) -> PyResult {
    a.get_item(b)
}

/// The operators by the argument of `BINARY_OP`.
static OPERATORS: [Operator; 27] = [
    number::add,
    number::and,
    number::floor_divide,
    number::lshift,
    number::matrix_multiply,
    number::multiply,
    number::remainder,
    number::or,
    power,
    number::rshift,
    number::subtract,
    number::true_divide,
    number::xor,
    number::inplace_add,
    number::inplace_and,
    number::inplace_floor_divide,
    number::inplace_lshift,
    number::inplace_matrix_multiply,
    number::inplace_multiply,
    number::inplace_remainder,
    number::inplace_or,
    number::inplace_power,
    number::inplace_rshift,
    number::inplace_subtract,
    number::inplace_true_divide,
    number::inplace_xor,
    subscript,
];

const _: () = assert!(nb::SUBSCR == 26);

general!(BINARY_OP(vm, n) [specialize::binary_op] {
    binary(vm, n)
});

slow!(binary_any(vm, n) {
    binary(vm, n)
});

/// `BINARY_OP`, whatever the operands.
unsafe fn binary(vm: &mut Machine, n: usize) -> PyResult<()> {
    // SAFETY: two operands are on the stack.
    unsafe {
        let Some(f) = OPERATORS.get(n) else { bail!(SystemError, "bad binary operator {n}") };
        let r = f(vm.obj(2), vm.obj(1))?;
        vm.finish(2, r);
    }
    Ok(())
}

general!(UNARY_NEGATIVE(vm, _) {
    let r = number::negative(vm.obj(1))?;
    vm.finish(1, r);
    Ok(())
});

general!(UNARY_INVERT(vm, _) {
    let r = number::invert(vm.obj(1))?;
    vm.finish(1, r);
    Ok(())
});

op!(UNARY_NOT(vm, _) {
    // The compiler puts a TO_BOOL before it.
    let v = vm.tos();
    vm.put(1, StackRef::borrow(bool_object(!v.is(true_()))));
    Flow::Next
});

general!(TO_BOOL(vm, _) [specialize::to_bool] {
    let b = vm.obj(1).is_true()?;
    vm.close_n(1);
    vm.push(StackRef::borrow(bool_object(b)));
    Ok(())
});

general!(BINARY_SLICE(vm, _) {
    let slice = new_slice(vm.obj(2), vm.obj(1), none());
    let r = vm.obj(3).get_item(&slice)?;
    drop(slice);
    vm.finish(3, r);
    Ok(())
});

general!(STORE_SLICE(vm, _) {
    let slice = new_slice(vm.obj(2), vm.obj(1), none());
    vm.obj(3).set_item(&slice, vm.obj(4))?;
    drop(slice);
    vm.close_n(4);
    Ok(())
});

general!(STORE_SUBSCR(vm, _) [specialize::store_subscr] {
    vm.obj(2).set_item(vm.obj(1), vm.obj(3))?;
    vm.close_n(3);
    Ok(())
});

general!(DELETE_SUBSCR(vm, _) {
    vm.obj(2).del_item(vm.obj(1))?;
    vm.close_n(2);
    Ok(())
});
