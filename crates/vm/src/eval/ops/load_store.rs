//! Local variables, cells, constants.

use super::prelude::*;
use taipan_object::types::cell::Cell;
use taipan_object::types::float::PyFloat_Type;
use taipan_object::types::int::{Int, PyLong_Type};

op!(LOAD_FAST(vm, i) {
    let v = *vm.local(i);
    vm.push(StackRef::new(v.as_ref()));
    Flow::Next
});

op!(LOAD_FAST_BORROW(vm, i) {
    let v = *vm.local(i);
    vm.push(v.as_borrow());
    Flow::Next
});

op!(LOAD_FAST_LOAD_FAST(vm, i) {
    let a = *vm.local(i >> 4);
    let b = *vm.local(i & 15);
    vm.push(StackRef::new(a.as_ref()));
    vm.push(StackRef::new(b.as_ref()));
    Flow::Next
});

op!(LOAD_FAST_BORROW_LOAD_FAST_BORROW(vm, i) {
    let a = *vm.local(i >> 4);
    let b = *vm.local(i & 15);
    vm.push(a.as_borrow());
    vm.push(b.as_borrow());
    Flow::Next
});

op!(LOAD_FAST_CHECK(vm, i) {
    let v = *vm.local(i);
    if v.is_null() {
        return Flow::Slow(unbound_local);
    }
    vm.push(StackRef::new(v.as_ref()));
    Flow::Next
});

slow!(unbound_local(vm, i) {
    Err::<(), _>(raise_unbound_local(vm.code().localsplus_name(i)))
});

op!(LOAD_FAST_AND_CLEAR(vm, i) {
    let slot = vm.local(i);
    let v = *slot;
    *slot = StackRef::NULL;
    vm.push(v);
    Flow::Next
});

op!(STORE_FAST(vm, i) {
    let slot = vm.local(i);
    let old = *slot;
    *slot = vm.pop();
    recycle(vm.thread(), old.release())
});

op!(STORE_FAST_MAYBE_NULL(vm, i) {
    STORE_FAST(vm, i)
});

op!(STORE_FAST_LOAD_FAST(vm, i) {
    let slot = vm.local(i >> 4);
    let old = *slot;
    *slot = vm.tos();
    let v = *vm.local(i & 15);
    vm.put(1, StackRef::new(v.as_ref()));
    recycle(vm.thread(), old.release())
});

op!(STORE_FAST_STORE_FAST(vm, i) {
    let first = vm.local(i >> 4);
    let old = *first;
    if old.is_owned() && old.is_unique() && !keeps(vm.thread(), old) {
        return Flow::General(store_two);
    }
    *first = vm.pop();
    let dead = old.release();
    if !dead.is_null() {
        let _ = recycle(vm.thread(), dead);
    }
    let second = vm.local(i & 15);
    let old = *second;
    *second = vm.pop();
    recycle(vm.thread(), old.release())
});

/// Whether [`recycle`] will keep the block of a number.
#[inline(always)]
pub(crate) unsafe fn keeps(ts: &Thread, v: StackRef) -> bool {
    // SAFETY: the caller's value is not null.
    unsafe {
        let o = v.as_ref();
        o.is_exact(&PyLong_Type) && o.cast_unchecked::<Int>().digit_count() <= 2 && ts.free_lists.ints.has_room(1)
            || o.is_exact(&PyFloat_Type) && ts.free_lists.floats.has_room(1)
    }
}

slow!(store_two(vm, i) {
    let slot = vm.local(i >> 4);
    let old = std::mem::replace(&mut *slot, vm.pop());
    old.close();
    let slot = vm.local(i & 15);
    let old = std::mem::replace(&mut *slot, vm.pop());
    old.close();
    Ok(())
});

op!(DELETE_FAST(vm, i) {
    let slot = vm.local(i);
    let old = *slot;
    if old.is_null() {
        return Flow::Slow(unbound_local);
    }
    *slot = StackRef::NULL;
    done(old.release())
});

op!(LOAD_CONST(vm, i) {
    let c = vm.constant(i);
    specialize::load_const(vm, c);
    vm.push(StackRef::new(c));
    Flow::Next
});

op!(LOAD_CONST_MORTAL(vm, i) {
    let c = vm.constant(i);
    vm.push(StackRef::new(c));
    Flow::Next
});

op!(LOAD_CONST_IMMORTAL(vm, i) {
    let c = vm.constant(i);
    vm.push(StackRef::borrow(c));
    Flow::Next
});

op!(LOAD_SMALL_INT(vm, n) {
    vm.push(StackRef::borrow(small_int(n)));
    Flow::Next
});

general!(LOAD_COMMON_CONSTANT(vm, n) {
    let v = common_constant(n)?;
    vm.push_obj(v);
    Ok(())
});

general!(MAKE_CELL(vm, i) {
    let slot = vm.local(i);
    let initial = (*slot).into_obj_opt();
    *slot = StackRef::steal(Cell::new(initial).into_obj());
    Ok(())
});

op!(COPY_FREE_VARS(vm, n) {
    // The function's closure has as many cells as its code has free variables: both are checked when a function is made.
    let closure = vm.frame().function().and_then(|f| f.func_closure.get()).map(|c| c.cast_unchecked::<Tuple>());
    let first = vm.code().nlocalsplus() - n;
    if let Some(cells) = closure {
        let mut i = 0;
        while i < n {
            *vm.local(first + i) = StackRef::new(cells.item(i));
            i += 1;
        }
    }
    Flow::Next
});

op!(LOAD_DEREF(vm, i) {
    let cell = (*vm.local(i)).as_ref().cast_unchecked::<Cell>();
    match cell.get() {
        Some(v) => {
            vm.push(StackRef::new(v));
            Flow::Next
        }
        None => Flow::Slow(unbound_deref),
    }
});

slow!(unbound_deref(vm, i) {
    Err::<(), _>(raise_unbound_deref(vm.code(), i))
});

op!(STORE_DEREF(vm, i) {
    let cell = (*vm.local(i)).as_ref().cast_unchecked::<Cell>();
    let new = vm.pop();
    let old = StackRef::steal_opt(cell.take());
    cell.set(Some(new.into_obj()));
    done(old.release())
});

op!(DELETE_DEREF(vm, i) {
    let cell = (*vm.local(i)).as_ref().cast_unchecked::<Cell>();
    if cell.get().is_none() {
        return Flow::Slow(unbound_deref);
    }
    let old = StackRef::steal_opt(cell.take());
    done(old.release())
});

general!(LOAD_FROM_DICT_OR_DEREF(vm, i) {
    let namespace = vm.obj(1);
    let name = vm.code().localsplus_name(i);
    let v = match mapping_get_opt(namespace, name)? {
        Some(v) => v,
        None => {
            let cell = (*vm.local(i)).as_ref().cast_unchecked::<Cell>();
            match cell.get() {
                Some(v) => v.to_obj(),
                None => return Err(raise_unbound_deref(vm.code(), i)),
            }
        }
    };
    vm.finish(1, v);
    Ok(())
});
