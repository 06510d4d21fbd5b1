//! Loops, generators, unpacking.

use crate::eval::ops::for_iter_any;
use crate::eval::ops::prelude::*;
use crate::generator::{self, Generator};
use taipan_bytecode::Op;
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::types::list::iter::ListIter;
use taipan_object::types::range::RangeIter;
use taipan_object::types::tuple::TupleIter;

op!(FOR_ITER_LIST(vm, _) {
    let Some(it) = vm.obj(1).downcast_exact::<ListIter>() else { return Flow::Deopt };
    let Some(seq) = it.seq.get() else { return Flow::Slow(for_iter_any) };
    let list: &List = seq.cast_unchecked();
    let i = it.index.get();
    if (i as usize) >= list.len() {
        return Flow::Slow(for_iter_any);
    }
    it.index.set(i + 1);
    let v = StackRef::new(list.item_unchecked(i as usize));
    let old = vm.store_or_push::<1>(v);
    recycle(vm.thread(), old.release())
});

op!(FOR_ITER_TUPLE(vm, _) {
    let Some(it) = vm.obj(1).downcast_exact::<TupleIter>() else { return Flow::Deopt };
    let Some(seq) = it.seq.get() else { return Flow::Slow(for_iter_any) };
    let t: &Tuple = seq.cast_unchecked();
    let i = it.index.get();
    if (i as usize) >= t.len() {
        return Flow::Slow(for_iter_any);
    }
    it.index.set(i + 1);
    let v = StackRef::new(t.items().get_unchecked(i as usize));
    let old = vm.store_or_push::<1>(v);
    recycle(vm.thread(), old.release())
});

op!(FOR_ITER_RANGE(vm, d) {
    let Some(it) = vm.obj(1).downcast_exact::<RangeIter>() else { return Flow::Deopt };
    let len = it.len.get();
    if len <= 0 {
        return Flow::Jump(d as isize + 1);
    }
    let v = it.start.get();
    let next = if Int::is_small(v) {
        StackRef::borrow(Int::small_borrowed(v))
    } else {
        if v.unsigned_abs() > Int::COMPACT_MAX as u64 {
            return Flow::Slow(for_iter_any);
        }
        let unit = *vm.ip.add(1);
        if unit as u8 == Op::STORE_FAST as u16 as u8 {
            // The usual loop variable: nobody has kept its former value.
            let old = *vm.local((unit >> 8) as usize);
            if old.is_owned()
                && old.as_ref().is_exact(&PyLong_Type)
                && old.is_unique()
                && old.as_ref().cast_unchecked::<Int>().is_compact()
            {
                old.as_ref().cast_unchecked::<Int>().overwrite_compact(v);
                it.start.set(v.wrapping_add(it.step.get()));
                it.len.set(len - 1);
                vm.ip = vm.ip.add(2);
                return Flow::Go;
            }
        }
        let Some(i) = Int::try_compact(vm.thread(), v) else { return Flow::Slow(for_iter_any) };
        StackRef::steal(i.into_obj())
    };
    it.start.set(v.wrapping_add(it.step.get()));
    it.len.set(len - 1);
    let old = vm.store_or_push::<1>(next);
    recycle(vm.thread(), old.release())
});

/// Goes on in the generator's frame.
#[inline(always)]
unsafe fn enter(vm: &mut Machine, g: &Generator, v: StackRef, units: u16) -> Flow {
    // SAFETY: the generator can be resumed, the recursion limit is not reached.
    unsafe {
        vm.save_ip();
        if generator::enter_inline(vm, g, v, units).is_err() {
            return Flow::Error;
        }
        let f = g.frame();
        vm.frame = f;
        vm.ip = (*f).instr_ptr;
        vm.sp = (*f).stackpointer;
        Flow::Go
    }
}

op!(FOR_ITER_GEN(vm, d) {
    let Some(g) = vm.obj(1).downcast_exact::<Generator>() else { return Flow::Deopt };
    if !g.is_resumable() || vm.thread().py_recursion_remaining.get() <= 1 {
        return Flow::Deopt;
    }
    enter(vm, g, StackRef::borrow(none()), 2 + d as u16)
});

op!(SEND_GEN(vm, d) {
    let Some(g) = generator::any_generator(vm.obj(2)) else { return Flow::Deopt };
    if !g.is_resumable() || vm.thread().py_recursion_remaining.get() <= 1 {
        return Flow::Deopt;
    }
    let v = vm.pop().heap_safe();
    enter(vm, g, v, 2 + d as u16)
});

op!(UNPACK_SEQUENCE_TWO_TUPLE(vm, _) {
    let seq = vm.tos();
    let Some(t) = seq.as_ref().downcast_exact::<Tuple>() else { return Flow::Deopt };
    if t.len() != 2 {
        return Flow::Deopt;
    }
    vm.put(1, StackRef::new(t.items().get_unchecked(1)));
    vm.push(StackRef::new(t.items().get_unchecked(0)));
    done(seq.release())
});

op!(UNPACK_SEQUENCE_TUPLE(vm, n) {
    let seq = vm.tos();
    let Some(t) = seq.as_ref().downcast_exact::<Tuple>() else { return Flow::Deopt };
    if t.len() != n {
        return Flow::Deopt;
    }
    vm.shrink(1);
    let mut i = n;
    while i > 0 {
        i -= 1;
        vm.push(StackRef::new(t.items().get_unchecked(i)));
    }
    done(seq.release())
});

op!(UNPACK_SEQUENCE_LIST(vm, n) {
    let seq = vm.tos();
    let Some(l) = seq.as_ref().downcast_exact::<List>() else { return Flow::Deopt };
    if l.len() != n {
        return Flow::Deopt;
    }
    vm.shrink(1);
    let mut i = n;
    while i > 0 {
        i -= 1;
        vm.push(StackRef::new(l.items().get_unchecked(i)));
    }
    done(seq.release())
});
