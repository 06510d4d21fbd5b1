//! `for` loops.

use super::prelude::*;
use crate::generator::{self, Generator};
use taipan_object::Layout;
use taipan_object::error;
use taipan_object::types::exceptions;

general!(GET_ITER(vm, _) {
    let it = vm.obj(1).iter()?;
    vm.finish(1, it);
    Ok(())
});

op!(FOR_ITER(vm, _) {
    let counter = *vm.ip;
    if specialize::counter::triggers(counter) {
        return Flow::Slow(specialize::for_iter);
    }
    *vm.ip = specialize::counter::advance(counter);
    let it = vm.obj(1);
    let next = match it.ty().iternext.get() {
        Some(f) if !it.is_exact(Generator::type_object()) => f,
        _ => return Flow::General(for_iter_any),
    };
    vm.save_ip();
    match next(it) {
        Some(v) => {
            let old = vm.store_or_push::<1>(StackRef::steal(v));
            recycle(vm.thread(), old.release())
        }
        None => Flow::General(exhausted),
    }
});

slow!(exhausted(vm, _) {
    ended(vm)?;
    // Over END_FOR, which pops the result of a generator only.
    Ok(Done::JumpOver)
});

slow!(for_iter_any(vm, d) {
    for_iter(vm, d)
});

/// `FOR_ITER`, whatever the iterator.
unsafe fn for_iter(vm: &mut Machine, d: usize) -> PyResult<Done> {
    // SAFETY: the iterator is on the stack.
    unsafe {
        let it = vm.obj(1);
        if let Some(g) = it.downcast_exact::<Generator>()
            && g.is_resumable()
        {
            // The generator returns to END_FOR, with its result on the stack.
            return generator::enter_inline(vm, g, StackRef::borrow(none()), 2 + d as u16).map(|()| Done::Switch);
        }
        match next_item(vm, it)? {
            Some(v) => {
                vm.push_obj(v);
                Ok(Done::Next)
            }
            None => {
                // Over END_FOR, which pops the result of a generator only.
                Ok(Done::JumpOver)
            }
        }
    }
}

/// The next item of an iterator. A `StopIteration` that was raised is an event, though nobody will catch it.
#[inline]
pub unsafe fn next_item(vm: &mut Machine, it: &Object) -> PyResult<Option<Obj>> {
    let Some(f) = it.ty().iternext.get() else {
        bail!(TypeError, "'{}' object is not an iterator", it.ty().name_str());
    };
    if let Some(v) = f(it) {
        return Ok(Some(v));
    }
    ended(vm)?;
    Ok(None)
}

/// An iterator had no item: because it is at its end, or because of an error.
fn ended(vm: &mut Machine) -> PyResult<()> {
    if let Some(e) = error::occurred() {
        if !e.matches(exceptions::StopIteration) {
            return Err(e);
        }
        // SAFETY: the running frame.
        unsafe { (*vm.frame).stackpointer = vm.sp };
        crate::instrument::raised(vm.thread(), vm.frame, crate::instrument::Raise::Ended);
        error::clear();
    }
    Ok(())
}
