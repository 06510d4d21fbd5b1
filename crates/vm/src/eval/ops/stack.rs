//! Moving values on the stack.

use super::prelude::*;

op!(NOP(_vm, _) { Flow::Next });

op!(NOT_TAKEN(_vm, _) { Flow::Next });

op!(CACHE(_vm, _) {
    // A cache unit is never executed as an instruction.
    crate::eval::handlers::report_unknown_cache();
    Flow::Error
});

op!(RESERVED(_vm, _) {
    crate::eval::handlers::report_unknown_cache();
    Flow::Error
});

op!(POP_TOP(vm, _) {
    let v = vm.pop();
    done(v.release())
});

op!(POP_ITER(vm, _) {
    let v = vm.pop();
    done(v.release())
});

op!(END_FOR(vm, _) {
    let v = vm.pop();
    done(v.release())
});

op!(END_SEND(vm, _) {
    let receiver = vm.nos();
    let v = vm.tos();
    vm.replace(2, v);
    done(receiver.release())
});

op!(PUSH_NULL(vm, _) {
    vm.push(StackRef::NULL);
    Flow::Next
});

op!(COPY(vm, n) {
    let v = vm.peek(n);
    let copy = v.dup();
    vm.push(copy);
    Flow::Next
});

op!(SWAP(vm, n) {
    let top = vm.tos();
    let other = vm.peek(n);
    vm.put(n, top);
    vm.put(1, other);
    Flow::Next
});

op!(EXTENDED_ARG(_vm, _) {
    // The table holds a jump of its own for it.
    Flow::Error
});
