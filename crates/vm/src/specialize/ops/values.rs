//! Operators, comparisons, truth, subscripts.

use super::extend;
use crate::eval::handlers::{Handler, go_on};
use crate::eval::ops::binary_any;
use crate::eval::ops::prelude::*;
use crate::function::Function;
use taipan_bytecode::Op;
use taipan_object::typeobj::HeapType;
use taipan_object::types::bool_::PyBool_Type;
use taipan_object::types::float::{Float, PyFloat_Type};
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::types::set::Set;
use taipan_object::types::slice::Slice;

/// The value of an exact int with one digit.
#[inline(always)]
unsafe fn compact(v: StackRef) -> Option<i64> {
    // SAFETY: operands are not null.
    unsafe {
        let o = v.as_ref();
        if o.is_exact(&PyLong_Type) { o.cast_unchecked::<Int>().compact() } else { None }
    }
}

/// The values of two exact ints with one digit each.
#[inline(always)]
unsafe fn compact_pair(l: StackRef, r: StackRef) -> Option<(i64, i64)> {
    // SAFETY: operands are not null.
    unsafe {
        let (l, r) = (l.as_ref(), r.as_ref());
        if l.is_exact(&PyLong_Type) && r.is_exact(&PyLong_Type) {
            l.cast_unchecked::<Int>().compact_pair(r.cast_unchecked())
        } else {
            None
        }
    }
}

#[inline(always)]
unsafe fn double(v: StackRef) -> Option<f64> {
    // SAFETY: operands are not null.
    unsafe {
        let o = v.as_ref();
        if o.is_exact(&PyFloat_Type) { Some(o.cast_unchecked::<Float>().value()) } else { None }
    }
}

// The free lists of numbers are full: the instruction is done again with lists that have room.
slow!(make_room(vm, _) {
    let lists = &vm.thread().free_lists;
    lists.ints.trim();
    lists.floats.trim();
    Ok::<Done, Raised>(Done::Again)
});

/// An operation on two ints of one digit, with neither calls nor spills on the usual ways; the rest is `rest`'s.
#[inline(always)]
unsafe fn int_op(vm: &mut Machine, f: impl Fn(i64, i64) -> i64, rest: Handler) -> Flow {
    // SAFETY: two operands are on the stack; an exact int that is unique may be changed.
    unsafe {
        let (l, r) = (vm.nos(), vm.tos());
        let Some((a, b)) = compact_pair(l, r) else { return Flow::Deopt };
        let v = f(a, b);
        if r.is_unique() {
            return Flow::Tail(rest);
        }
        let fits = !Int::is_small(v) && v.unsigned_abs() <= Int::COMPACT_MAX as u64;
        if l.is_unique() {
            if fits {
                l.as_ref().cast_unchecked::<Int>().overwrite_compact(v);
                r.close_shared();
                vm.shrink(1);
                return Flow::Next;
            }
            return Flow::Tail(rest);
        }
        if Int::is_small(v) {
            l.close_shared();
            r.close_shared();
            vm.replace(2, StackRef::borrow(Int::small_borrowed(v)));
            return Flow::Next;
        }
        if fits && let Some(new) = Int::try_compact(vm.thread(), v) {
            l.close_shared();
            r.close_shared();
            vm.replace(2, StackRef::steal(new.into_obj()));
            return Flow::Next;
        }
        Flow::Tail(rest)
    }
}

/// The same whoever owns the operands: the result goes into one that nobody else has, or into a block of the free list.
#[inline(always)]
unsafe fn int_op_owned(vm: &mut Machine, f: impl Fn(i64, i64) -> i64) -> Flow {
    // SAFETY: two operands are on the stack; exact ints that are unique may be changed.
    unsafe {
        let (l, r) = (vm.nos(), vm.tos());
        let Some((a, b)) = compact_pair(l, r) else { return Flow::Deopt };
        let free = &vm.thread().free_lists.ints;
        if !free.has_room(2) {
            return Flow::Slow(make_room);
        }
        let v = f(a, b);
        if Int::is_small(v) {
            Machine::close_number(free, l);
            Machine::close_number(free, r);
            vm.replace(2, StackRef::borrow(Int::small_borrowed(v)));
            return Flow::Next;
        }
        if v.unsigned_abs() > Int::COMPACT_MAX as u64 {
            return Flow::Slow(binary_any);
        }
        if l.is_unique() {
            l.as_ref().cast_unchecked::<Int>().overwrite_compact(v);
            Machine::close_number(free, r);
            vm.replace(2, l);
            return Flow::Next;
        }
        if r.is_unique() {
            r.as_ref().cast_unchecked::<Int>().overwrite_compact(v);
            l.close_shared();
            vm.replace(2, r);
            return Flow::Next;
        }
        let Some(new) = Int::try_compact(vm.thread(), v) else { return Flow::Slow(binary_any) };
        l.close_shared();
        r.close_shared();
        vm.replace(2, StackRef::steal(new.into_obj()));
        Flow::Next
    }
}

macro_rules! int_operators {
    ($($name:ident, $rest:ident, $f:expr;)*) => { $(
        op!($name(vm, _) { int_op(vm, $f, $rest) });

        unsafe extern "C" fn $rest(ts: *const Thread, frame: *mut Frame, ip: *mut u16, sp: *mut StackRef, oparg: usize) -> usize {
            // SAFETY: the registers are those of the instruction.
            unsafe {
                let mut vm = Machine { ts, frame, ip, sp };
                let flow = int_op_owned(&mut vm, $f);
                go_on::<5>(vm, flow, oparg)
            }
        }
    )* };
}
int_operators! {
    BINARY_OP_ADD_INT, add_int, |a, b| a + b;
    BINARY_OP_SUBTRACT_INT, subtract_int, |a, b| a - b;
    BINARY_OP_MULTIPLY_INT, multiply_int, |a, b| a * b;
}

#[inline(always)]
unsafe fn float_op(vm: &mut Machine, f: impl Fn(f64, f64) -> f64) -> Flow {
    // SAFETY: as for `int_op`.
    unsafe {
        let (l, r) = (vm.nos(), vm.tos());
        let (Some(a), Some(b)) = (double(l), double(r)) else { return Flow::Deopt };
        if l.is_owned() {
            let n = l.as_ref().refcnt();
            if n == 1 {
                let free = &vm.thread().free_lists.floats;
                if !free.has_room(1) {
                    return Flow::Slow(make_room);
                }
                l.as_ref().cast_unchecked::<Float>().overwrite(f(a, b));
                Machine::close_number(free, r);
                vm.shrink(1);
                return Flow::Next;
            }
        }
        if r.is_unique() {
            r.as_ref().cast_unchecked::<Float>().overwrite(f(a, b));
            l.close_shared();
            vm.replace(2, r);
            return Flow::Next;
        }
        let Some(new) = Float::try_new(vm.thread(), f(a, b)) else { return Flow::Slow(binary_any) };
        l.close_shared();
        r.close_shared();
        vm.replace(2, StackRef::steal(new.into_obj()));
        Flow::Next
    }
}

op!(BINARY_OP_ADD_FLOAT(vm, _) { float_op(vm, |a, b| a + b) });
op!(BINARY_OP_SUBTRACT_FLOAT(vm, _) { float_op(vm, |a, b| a - b) });
op!(BINARY_OP_MULTIPLY_FLOAT(vm, _) { float_op(vm, |a, b| a * b) });

op!(BINARY_OP_ADD_UNICODE(vm, _) {
    let (l, r) = (vm.obj(2), vm.obj(1));
    if l.downcast_exact::<Str>().is_none() || r.downcast_exact::<Str>().is_none() {
        return Flow::Deopt;
    }
    Flow::General(concat)
});

slow!(concat(vm, _) {
    let r = Str::concat(vm.obj(2).cast_unchecked(), vm.obj(1).cast_unchecked())?;
    vm.finish(2, r.into_obj());
    Ok(())
});

op!(BINARY_OP_INPLACE_ADD_UNICODE(vm, _) {
    let (l, r) = (vm.obj(2), vm.obj(1));
    if l.downcast_exact::<Str>().is_none() || r.downcast_exact::<Str>().is_none() {
        return Flow::Deopt;
    }
    let next = *vm.ip.add(5);
    if next as u8 != Op::STORE_FAST as u8 || (*vm.local((next >> 8) as usize)).ptr() != vm.nos().ptr() {
        return Flow::Deopt;
    }
    Flow::General(append_to_local)
});

slow!(append_to_local(vm, _) {
    let slot = vm.local((*vm.ip.add(5) >> 8) as usize);
    let right = vm.pop_obj();
    let left = vm.pop();
    let owned = std::mem::replace(&mut *slot, StackRef::NULL).into_obj();
    left.close();
    let r = Str::append(owned, right.cast_unchecked())?;
    *slot = StackRef::steal(r);
    drop(right);
    // Over the STORE_FAST.
    Ok(Done::Skip)
});

op!(BINARY_OP_EXTEND(vm, _) {
    let row = &*(vm.cache64(1) as *const extend::Row);
    let (l, r) = (vm.nos(), vm.tos());
    if !(row.guard)(l.as_ref(), r.as_ref()) {
        return Flow::Deopt;
    }
    let v = StackRef::steal((row.action)(l.as_ref(), r.as_ref()));
    l.close();
    r.close();
    vm.replace(2, v);
    Flow::Next
});

op!(BINARY_OP_SUBSCR_LIST_INT(vm, _) {
    let (l, i) = (vm.nos(), vm.tos());
    let Some(list) = l.as_ref().downcast_exact::<List>() else { return Flow::Deopt };
    let Some(ix) = compact(i) else { return Flow::Deopt };
    if ix as usize >= list.len() {
        return Flow::Deopt;
    }
    let free = &vm.thread().free_lists.ints;
    if !free.has_room(1) {
        return Flow::Slow(make_room);
    }
    let v = StackRef::new(list.item_unchecked(ix as usize));
    Machine::close_number(free, i);
    vm.replace(2, v);
    done(l.release())
});

op!(BINARY_OP_SUBSCR_TUPLE_INT(vm, _) {
    let (l, i) = (vm.nos(), vm.tos());
    let Some(t) = l.as_ref().downcast_exact::<Tuple>() else { return Flow::Deopt };
    let Some(ix) = compact(i) else { return Flow::Deopt };
    if ix as usize >= t.len() {
        return Flow::Deopt;
    }
    let free = &vm.thread().free_lists.ints;
    if !free.has_room(1) {
        return Flow::Slow(make_room);
    }
    let v = StackRef::new(t.items().get_unchecked(ix as usize));
    Machine::close_number(free, i);
    vm.replace(2, v);
    done(l.release())
});

op!(BINARY_OP_SUBSCR_STR_INT(vm, _) {
    let (l, i) = (vm.nos(), vm.tos());
    let Some(s) = l.as_ref().downcast_exact::<Str>() else { return Flow::Deopt };
    let Some(ix) = compact(i) else { return Flow::Deopt };
    if ix as usize >= s.len() {
        return Flow::Deopt;
    }
    let c = s.char_at(ix as usize);
    if c >= 256 {
        return Flow::Deopt;
    }
    let v = StackRef::borrow(taipan_object::types::str::singletons::latin1_char(c as u8));
    i.close();
    vm.replace(2, v);
    done(l.release())
});

op!(BINARY_OP_SUBSCR_LIST_SLICE(vm, _) {
    if vm.obj(2).downcast_exact::<List>().is_none() || vm.obj(1).downcast_exact::<Slice>().is_none() {
        return Flow::Deopt;
    }
    Flow::General(subscript)
});

slow!(subscript(vm, _) {
    let r = vm.obj(2).get_item(vm.obj(1))?;
    vm.finish(2, r);
    Ok(())
});

op!(BINARY_OP_SUBSCR_DICT(vm, _) {
    if vm.obj(2).downcast_exact::<Dict>().is_none() {
        return Flow::Deopt;
    }
    Flow::General(dict_subscript)
});

slow!(dict_subscript(vm, _) {
    let d: &Dict = vm.obj(2).cast_unchecked();
    let r = taipan_object::types::dict::subscript(d, vm.obj(1))?;
    vm.finish(2, r);
    Ok(())
});

op!(BINARY_OP_SUBSCR_GETITEM(vm, _) {
    let ty = vm.obj(2).ty();
    if !ty.is_heap() {
        return Flow::Deopt;
    }
    let heap: &HeapType = ty.as_object().cast_unchecked();
    let f = heap.spec_cache.getitem.get();
    if f.is_null() {
        return Flow::Deopt;
    }
    let func: &Function = (*f).cast_unchecked();
    if func.func_version.get() != heap.spec_cache.getitem_version.get() || !vm.can_enter(func, 0) {
        return Flow::Deopt;
    }
    let args = vm.sp.sub(2);
    vm.enter_exact(func, StackRef::new(func), args, 2, 0, 6)
});

op!(STORE_SUBSCR_LIST_INT(vm, _) {
    let (v, l, i) = (vm.peek(3), vm.nos(), vm.tos());
    let Some(list) = l.as_ref().downcast_exact::<List>() else { return Flow::Deopt };
    let Some(ix) = compact(i) else { return Flow::Deopt };
    if ix as usize >= list.len() || l.is_unique() {
        return Flow::Deopt;
    }
    let free = &vm.thread().free_lists.ints;
    if !free.has_room(1) {
        return Flow::Slow(make_room);
    }
    let old = StackRef::steal_opt(list.replace(ix as usize, v.into_obj()));
    Machine::close_number(free, i);
    l.close_shared();
    vm.shrink(3);
    recycle(vm.thread(), old.release())
});

op!(STORE_SUBSCR_DICT(vm, _) {
    if vm.obj(2).downcast_exact::<Dict>().is_none() {
        return Flow::Deopt;
    }
    Flow::General(dict_store)
});

slow!(dict_store(vm, _) {
    let d: &Dict = vm.obj(2).cast_unchecked();
    d.set_item(vm.obj(1), vm.obj(3))?;
    vm.close_n(3);
    Ok(())
});

/// Whether comparison mask `m` (2 less, 4 greater, 8 equal, 1 unordered) takes in the outcome.
#[inline(always)]
fn holds<T: PartialOrd>(a: T, b: T, m: usize) -> bool {
    (m >> (2 * (a >= b) as u32 + (a <= b) as u32)) & 1 != 0
}

op!(COMPARE_OP_INT(vm, m) {
    let (l, r) = (vm.nos(), vm.tos());
    let Some((a, b)) = compact_pair(l, r) else { return Flow::Deopt };
    if !l.both_borrowed(r) {
        if l.is_unique() || r.is_unique() {
            return Flow::Tail(compare_int);
        }
        l.close_shared();
        r.close_shared();
    }
    vm.truth::<1>(2, holds(a, b, m))
});

/// The comparison whoever owns the operands.
unsafe extern "C" fn compare_int(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
) -> usize {
    // SAFETY: the registers are those of the instruction.
    unsafe {
        let mut vm = Machine { ts, frame, ip, sp };
        let flow = compare_int_owned(&mut vm, oparg);
        go_on::<1>(vm, flow, oparg)
    }
}

op!(compare_int_owned(vm, m) {
    let (l, r) = (vm.nos(), vm.tos());
    let Some((a, b)) = compact_pair(l, r) else { return Flow::Deopt };
    let free = &vm.thread().free_lists.ints;
    if !free.has_room(2) {
        return Flow::Slow(make_room);
    }
    Machine::close_number(free, l);
    Machine::close_number(free, r);
    vm.truth::<1>(2, holds(a, b, m))
});

op!(COMPARE_OP_FLOAT(vm, m) {
    let (l, r) = (vm.nos(), vm.tos());
    let (Some(a), Some(b)) = (double(l), double(r)) else { return Flow::Deopt };
    let free = &vm.thread().free_lists.floats;
    if !free.has_room(2) {
        return Flow::Slow(make_room);
    }
    Machine::close_number(free, l);
    Machine::close_number(free, r);
    vm.truth::<1>(2, holds(a, b, m))
});

op!(COMPARE_OP_STR(vm, m) {
    let (l, r) = (vm.nos(), vm.tos());
    let (Some(a), Some(b)) = (l.as_ref().downcast_exact::<Str>(), r.as_ref().downcast_exact::<Str>()) else { return Flow::Deopt };
    let same = l.ptr() == r.ptr() || Str::eq(a, b);
    l.close();
    r.close();
    vm.truth::<1>(2, m & (if same { 8 } else { 7 }) != 0)
});

op!(CONTAINS_OP_DICT(vm, _) {
    if vm.obj(1).downcast_exact::<Dict>().is_none() {
        return Flow::Deopt;
    }
    Flow::General(in_dict)
});

slow!(in_dict(vm, invert) {
    let d: &Dict = vm.obj(1).cast_unchecked();
    let found = d.contains(vm.obj(2))?;
    vm.close_n(2);
    vm.push(StackRef::borrow(bool_object(found ^ (invert != 0))));
    Ok(())
});

op!(CONTAINS_OP_SET(vm, _) {
    if !taipan_object::types::set::is_exact(vm.obj(1)) {
        return Flow::Deopt;
    }
    Flow::General(in_set)
});

slow!(in_set(vm, invert) {
    let s: &Set = vm.obj(1).cast_unchecked();
    let found = taipan_object::types::set::has(s, vm.obj(2))?;
    vm.close_n(2);
    vm.push(StackRef::borrow(bool_object(found ^ (invert != 0))));
    Ok(())
});

op!(TO_BOOL_BOOL(vm, _) {
    if !vm.obj(1).is_exact(&PyBool_Type) {
        return Flow::Deopt;
    }
    let b = vm.tos().is(true_());
    vm.truth::<3>(1, b)
});

op!(TO_BOOL_INT(vm, _) {
    let v = vm.tos();
    let Some(i) = v.as_ref().downcast_exact::<Int>() else { return Flow::Deopt };
    let b = !i.is_zero();
    let dead = v.release();
    if !dead.is_null() {
        vm.put(1, StackRef::borrow(bool_object(b)));
        return Flow::Dealloc(dead);
    }
    vm.truth::<3>(1, b)
});

op!(TO_BOOL_LIST(vm, _) {
    let v = vm.tos();
    let Some(l) = v.as_ref().downcast_exact::<List>() else { return Flow::Deopt };
    let b = !l.is_empty();
    let dead = v.release();
    if !dead.is_null() {
        vm.put(1, StackRef::borrow(bool_object(b)));
        return Flow::Dealloc(dead);
    }
    vm.truth::<3>(1, b)
});

op!(TO_BOOL_NONE(vm, _) {
    if !vm.tos().is(none()) {
        return Flow::Deopt;
    }
    vm.truth::<3>(1, false)
});

op!(TO_BOOL_STR(vm, _) {
    let v = vm.tos();
    let Some(s) = v.as_ref().downcast_exact::<Str>() else { return Flow::Deopt };
    let b = !s.is_empty();
    let dead = v.release();
    if !dead.is_null() {
        vm.put(1, StackRef::borrow(bool_object(b)));
        return Flow::Dealloc(dead);
    }
    vm.truth::<3>(1, b)
});

op!(TO_BOOL_ALWAYS_TRUE(vm, _) {
    let v = vm.tos();
    if v.as_ref().ty().version_tag.get() != vm.cache32(1) {
        return Flow::Deopt;
    }
    let dead = v.release();
    if !dead.is_null() {
        vm.put(1, StackRef::borrow(true_()));
        return Flow::Dealloc(dead);
    }
    vm.truth::<3>(1, true)
});
