//! Operators.

use super::prelude::*;
use taipan_bytecode::opcode::nb;
use taipan_object::protocol::number;
use taipan_object::types::float::{Float, PyFloat_Type};
use taipan_object::types::int::{Int, PyLong_Type};

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

/// The operators without a specialised form on small ints and floats.
#[inline(always)]
unsafe fn plain(l: &Object, r: &Object, op: u32) -> Option<Obj> {
    let op = if op >= nb::SUBSCR { return None } else { op % nb::INPLACE };
    // SAFETY: the types are tested.
    unsafe {
        if l.is_exact(&PyLong_Type) && r.is_exact(&PyLong_Type) {
            let (a, b) = l.cast_unchecked::<Int>().compact_pair(r.cast_unchecked())?;
            let v = match op {
                nb::FLOOR_DIVIDE if b > 0 => a.div_euclid(b),
                nb::REMAINDER if b > 0 => a.rem_euclid(b),
                nb::RSHIFT if b >= 0 => a >> b.min(63),
                nb::LSHIFT if (0..30).contains(&b) => a << b,
                nb::TRUE_DIVIDE if b != 0 => return Some(Float::new(a as f64 / b as f64).into_obj()),
                _ => return None,
            };
            return Some(Int::from_i64(v).into_obj());
        }
        if op == nb::TRUE_DIVIDE && l.is_exact(&PyFloat_Type) && r.is_exact(&PyFloat_Type) {
            let b = r.cast_unchecked::<Float>().value();
            if b != 0.0 {
                return Some(Float::new(l.cast_unchecked::<Float>().value() / b).into_obj());
            }
        }
    }
    None
}

/// A bound of a slice of `len` items; nothing for what is not plain.
#[inline(always)]
unsafe fn plain_bound(o: &Object, default: usize, len: usize) -> Option<usize> {
    if o.is_none() {
        return Some(default);
    }
    if !o.is_exact(&PyLong_Type) {
        return None;
    }
    // SAFETY: the type is tested.
    let i = unsafe { o.cast_unchecked::<Int>() }.compact()?;
    Some(if i < 0 { (i + len as i64).max(0) as usize } else { (i as usize).min(len) })
}

/// `BINARY_OP`, whatever the operands.
unsafe fn binary(vm: &mut Machine, n: usize) -> PyResult<()> {
    // SAFETY: two operands are on the stack.
    unsafe {
        if let Some(r) = plain(vm.obj(2), vm.obj(1), n as u32) {
            vm.finish(2, r);
            return Ok(());
        }
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
    let (o, start, stop) = (vm.obj(3), vm.obj(2), vm.obj(1));
    if let Some(l) = o.downcast_exact::<List>() {
        let n = l.len();
        if let (Some(a), Some(b)) = (plain_bound(start, 0, n), plain_bound(stop, n, n)) {
            let r = l.slice(a, b);
            vm.finish(3, r.into_obj());
            return Ok(());
        }
    } else if let Some(s) = o.downcast_exact::<Str>() {
        let n = s.len();
        if let (Some(a), Some(b)) = (plain_bound(start, 0, n), plain_bound(stop, n, n)) {
            let r = s.substring(a, b.max(a));
            vm.finish(3, r.into_obj());
            return Ok(());
        }
    } else if let Some(t) = o.downcast_exact::<Tuple>() {
        let n = t.len();
        if let (Some(a), Some(b)) = (plain_bound(start, 0, n), plain_bound(stop, n, n)) {
            let r = t.slice(a, b.max(a));
            vm.finish(3, r.into_obj());
            return Ok(());
        }
    }
    let slice = new_slice(vm.obj(2), vm.obj(1), none());
    let r = vm.obj(3).get_item(&slice)?;
    drop(slice);
    vm.finish(3, r);
    Ok(())
});

general!(STORE_SLICE(vm, _) {
    let (v, o, start, stop) = (vm.obj(4), vm.obj(3), vm.obj(2), vm.obj(1));
    if let Some(l) = o.downcast_exact::<List>()
        && !v.is(o)
    {
        let items = match v.downcast_exact::<List>() {
            Some(l) => Some(l.items()),
            None => v.downcast_exact::<Tuple>().map(Tuple::items),
        };
        let n = l.len();
        if let (Some(items), Some(a), Some(b)) = (items, plain_bound(start, 0, n), plain_bound(stop, n, n)) {
            l.replace_range(a, b, items)?;
            vm.close_n(4);
            return Ok(());
        }
    }
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
