//! Loops, generators, unpacking.

use crate::eval::ops::prelude::*;
use crate::eval::ops::{for_iter_any, keeps};
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
        let loads = unit as u8 == Op::STORE_FAST_LOAD_FAST as u16 as u8;
        if loads || unit as u8 == Op::STORE_FAST as u16 as u8 {
            // The usual loop variable: nobody has kept its former value.
            let old = *vm.local((unit >> if loads { 12 } else { 8 }) as usize);
            if old.is_owned()
                && old.as_ref().is_exact(&PyLong_Type)
                && old.is_unique()
                && old.as_ref().cast_unchecked::<Int>().is_compact()
            {
                old.as_ref().cast_unchecked::<Int>().overwrite_compact(v);
                it.start.set(v.wrapping_add(it.step.get()));
                it.len.set(len - 1);
                if loads {
                    let next = *vm.local((unit >> 8 & 15) as usize);
                    vm.push(StackRef::new(next.as_ref()));
                }
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
    let (a, b) = (StackRef::new(t.items().get_unchecked(0)), StackRef::new(t.items().get_unchecked(1)));
    let unit = *vm.ip.add(1);
    if unit as u8 == Op::STORE_FAST_STORE_FAST as u16 as u8 {
        let (first, second) = (vm.local((unit >> 12) as usize), vm.local((unit >> 8 & 15) as usize));
        let (x, y) = (*first, *second);
        let ts = vm.thread();
        // What is overwritten must go without running anything.
        if first != second && closes_quietly(ts, x) && closes_quietly(ts, y) {
            *first = a;
            *second = b;
            close_quietly(ts, x);
            close_quietly(ts, y);
            vm.shrink(1);
            vm.ip = vm.ip.add(1);
            return done(seq.release());
        }
    }
    vm.put(1, b);
    vm.push(a);
    done(seq.release())
});

/// Whether a value can be given up without freeing more than a number's block.
#[inline(always)]
unsafe fn closes_quietly(ts: &Thread, v: StackRef) -> bool {
    // SAFETY: an owned value is not null.
    unsafe { !v.is_owned() || !v.is_unique() || keeps(ts, v) }
}

/// Gives such a value up.
#[inline(always)]
unsafe fn close_quietly(ts: &Thread, v: StackRef) {
    // SAFETY: the caller has asked; if the list has filled up meanwhile, the block goes back to the allocator.
    unsafe {
        let dead = v.release();
        if !dead.is_null()
            && let Flow::Dealloc(o) = recycle(ts, dead)
        {
            taipan_object::alloc::dealloc(o);
        }
    }
}

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
