//! `for` loops.

use super::prelude::*;
use crate::generator::{self, Generator};

general!(GET_ITER(vm, _) {
    let it = vm.obj(1).iter()?;
    vm.finish(1, it);
    Ok(())
});

general!(FOR_ITER(vm, d) [specialize::for_iter] {
    for_iter(vm, d)
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
        match it.next()? {
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
