//! Operators, comparisons, truth, subscripts.

use super::ops::extend;
use crate::eval::ops::prelude::*;
use crate::function::Function;
use taipan_bytecode::Op;
use taipan_bytecode::opcode::nb;
use taipan_object::typeobj::HeapType;
use taipan_object::types::bool_::PyBool_Type;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::slice::Slice;

fn exact_compact(o: &Object) -> bool {
    o.downcast_exact::<Int>().is_some_and(Int::is_compact)
}

fn both<T: taipan_object::Layout>(a: &Object, b: &Object) -> bool {
    a.is_exact(T::type_object()) && b.is_exact(T::type_object())
}

/// Whether an int is a compact, non-negative index.
fn is_index(o: &Object) -> bool {
    o.downcast_exact::<Int>().and_then(Int::compact).is_some_and(|v| v >= 0)
}

slow!(binary_op(vm, n) {
    let op = choose_binary(vm, n as u32);
    vm.settle(op)
});

unsafe fn choose_binary(vm: &mut Machine, n: u32) -> Option<Op> {
    // SAFETY: both operands are on the stack.
    unsafe {
        let (a, b) = (vm.obj(2), vm.obj(1));
        let arithmetic = |int: Op, float: Op| {
            if exact_compact(a) && exact_compact(b) {
                Some(int)
            } else if both::<Float>(a, b) {
                Some(float)
            } else {
                None
            }
        };
        let found = match n {
            nb::ADD | 13 => {
                if both::<Str>(a, b) {
                    // `s += t` into the variable that `s` came from.
                    let next = *vm.ip.add(5);
                    if next as u8 == Op::STORE_FAST as u8 && (*vm.local((next >> 8) as usize)).ptr() == vm.nos().ptr() {
                        Some(Op::BINARY_OP_INPLACE_ADD_UNICODE)
                    } else {
                        Some(Op::BINARY_OP_ADD_UNICODE)
                    }
                } else {
                    arithmetic(Op::BINARY_OP_ADD_INT, Op::BINARY_OP_ADD_FLOAT)
                }
            }
            nb::SUBTRACT | 23 => arithmetic(Op::BINARY_OP_SUBTRACT_INT, Op::BINARY_OP_SUBTRACT_FLOAT),
            nb::MULTIPLY | 18 => arithmetic(Op::BINARY_OP_MULTIPLY_INT, Op::BINARY_OP_MULTIPLY_FLOAT),
            nb::SUBSCR => choose_subscript(vm, a, b),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        let row = extend::find(n, a, b)?;
        vm.set_cache64(1, row as *const extend::Row as u64);
        Some(Op::BINARY_OP_EXTEND)
    }
}

unsafe fn choose_subscript(vm: &mut Machine, a: &Object, b: &Object) -> Option<Op> {
    if a.downcast_exact::<List>().is_some() {
        if is_index(b) {
            return Some(Op::BINARY_OP_SUBSCR_LIST_INT);
        }
        if b.downcast_exact::<Slice>().is_some() {
            return Some(Op::BINARY_OP_SUBSCR_LIST_SLICE);
        }
        return None;
    }
    if a.downcast_exact::<Tuple>().is_some() {
        return is_index(b).then_some(Op::BINARY_OP_SUBSCR_TUPLE_INT);
    }
    if a.downcast_exact::<Str>().is_some() {
        return is_index(b).then_some(Op::BINARY_OP_SUBSCR_STR_INT);
    }
    if a.downcast_exact::<Dict>().is_some() {
        return Some(Op::BINARY_OP_SUBSCR_DICT);
    }
    let ty = a.ty();
    let heap: &HeapType = ty.as_heap()?;
    let f = ty.lookup_borrowed(intern!("__getitem__"))?;
    if !Function::is_plain(f) {
        return None;
    }
    let func: &Function = f.cast();
    if !func.code().is_simple_call(2) || !ty.assign_version() {
        return None;
    }
    let version = func.current_version();
    if version == 0 {
        return None;
    }
    let _ = vm;
    // The class's cache is emptied whenever the class changes.
    heap.spec_cache.getitem.set(f.as_ptr());
    heap.spec_cache.getitem_version.set(version);
    Some(Op::BINARY_OP_SUBSCR_GETITEM)
}

slow!(compare_op(vm, n) {
    let (a, b) = (vm.obj(2), vm.obj(1));
    let op = if both::<Float>(a, b) {
        Some(Op::COMPARE_OP_FLOAT)
    } else if exact_compact(a) && exact_compact(b) {
        Some(Op::COMPARE_OP_INT)
    } else if both::<Str>(a, b) && matches!(n >> 5, 2 | 3) {
        Some(Op::COMPARE_OP_STR)
    } else {
        None
    };
    vm.settle(op)
});

slow!(contains_op(vm, _) {
    let container = vm.obj(1);
    let op = if container.downcast_exact::<Dict>().is_some() {
        Some(Op::CONTAINS_OP_DICT)
    } else if taipan_object::types::set::is_exact(container) {
        Some(Op::CONTAINS_OP_SET)
    } else {
        None
    };
    vm.settle(op)
});

slow!(store_subscr(vm, _) {
    let (container, key) = (vm.obj(2), vm.obj(1));
    let op = if let Some(l) = container.downcast_exact::<List>() {
        match key.downcast_exact::<Int>().and_then(Int::compact) {
            Some(i) if i >= 0 && (i as usize) < l.len() => Some(Op::STORE_SUBSCR_LIST_INT),
            _ => None,
        }
    } else if container.downcast_exact::<Dict>().is_some() {
        Some(Op::STORE_SUBSCR_DICT)
    } else {
        None
    };
    vm.settle(op)
});

slow!(to_bool(vm, _) {
    let v = vm.obj(1);
    let ty = v.ty();
    let op = if v.is_exact(&PyBool_Type) {
        Some(Op::TO_BOOL_BOOL)
    } else if v.downcast_exact::<Int>().is_some() {
        Some(Op::TO_BOOL_INT)
    } else if v.downcast_exact::<List>().is_some() {
        Some(Op::TO_BOOL_LIST)
    } else if v.is_none() {
        Some(Op::TO_BOOL_NONE)
    } else if v.downcast_exact::<Str>().is_some() {
        Some(Op::TO_BOOL_STR)
    } else if ty.is_heap()
        && ty.number().is_none_or(|n| n.bool_.get().is_none())
        && ty.mapping().is_none_or(|m| m.length.get().is_none())
        && ty.sequence().is_none_or(|s| s.length.get().is_none())
        && ty.assign_version()
    {
        vm.set_cache32(1, ty.version_tag.get());
        Some(Op::TO_BOOL_ALWAYS_TRUE)
    } else {
        None
    };
    vm.settle(op)
});
