//! Comparisons, identity, containment.

use super::prelude::*;
use taipan_object::protocol::compare::CompareOp;

/// Bit of `COMPARE_OP`'s argument: the result is wanted as a truth value.
const TO_BOOL_BIT: usize = 16;

general!(COMPARE_OP(vm, n) [specialize::compare_op] {
    compare(vm, n)
});

/// `COMPARE_OP`, whatever the operands.
unsafe fn compare(vm: &mut Machine, n: usize) -> PyResult<()> {
    // SAFETY: two operands are on the stack.
    unsafe {
        let r = vm.obj(2).rich_compare(vm.obj(1), CompareOp::from_c((n >> 5) as i32))?;
        if n & TO_BOOL_BIT != 0 {
            let b = r.is_true()?;
            drop(r);
            vm.close_n(2);
            vm.push(StackRef::borrow(bool_object(b)));
        } else {
            vm.finish(2, r);
        }
        Ok(())
    }
}

general!(CONTAINS_OP(vm, invert) [specialize::contains_op] {
    let found = vm.obj(1).contains(vm.obj(2))?;
    vm.close_n(2);
    vm.push(StackRef::borrow(bool_object(found ^ (invert != 0))));
    Ok(())
});

op!(IS_OP(vm, invert) {
    let same = vm.tos().ptr() == vm.nos().ptr();
    let (a, b) = (vm.nos(), vm.tos());
    if a.is_owned() && b.is_owned() {
        return Flow::General(is_op_owned);
    }
    // At most one of the two is owned.
    let dead = if a.is_owned() { a.release() } else { b.release() };
    if !dead.is_null() {
        vm.replace(2, StackRef::borrow(bool_object(same ^ (invert != 0))));
        return Flow::Dealloc(dead);
    }
    vm.truth::<0>(2, same ^ (invert != 0))
});

slow!(is_op_owned(vm, invert) {
    let same = vm.tos().ptr() == vm.nos().ptr();
    vm.close_n(2);
    vm.push(StackRef::borrow(bool_object(same ^ (invert != 0))));
    Ok(())
});
