//! Calls. A call of a Python function pushes a frame and goes on in the same loop.

use super::prelude::*;
use crate::call;
use crate::function::Function;
use taipan_object::protocol::call::{ARGUMENTS_OFFSET, vectorcall};
use taipan_object::types::method_::Method;

/// Native calls with at most this many arguments need no allocation for them.
const SCRATCH: usize = 12;

impl Machine {
    /// Where a bound method is about to be called, puts its function and receiver in its place. `n` counts what lies above the receiver.
    #[inline(always)]
    pub(crate) unsafe fn unpack_bound_method(&mut self, n: usize) {
        // SAFETY: callable and receiver-or-null lie below `n` values.
        unsafe {
            if self.peek(n + 1).is_null()
                && let Some(m) = self.obj(n + 2).downcast_exact::<Method>()
            {
                let bound = self.peek(n + 2);
                let receiver = StackRef::new(m.receiver());
                let f = StackRef::new(m.func());
                self.put(n + 1, receiver);
                self.put(n + 2, f);
                bound.close();
            }
        }
    }

    /// Calls `callable` with the arguments from `args` on, of which `npos` are positional; they stay where they are.
    pub(crate) unsafe fn call_native(
        &mut self,
        callable: &Object,
        args: *const StackRef,
        npos: usize,
        kwnames: Option<&Object>,
    ) -> PyResult {
        // SAFETY: the values are on the stack during the call.
        unsafe {
            let total = npos + kwnames.map_or(0, |k| k.cast_unchecked::<Tuple>().len());
            if total < SCRATCH {
                let mut scratch = [std::ptr::null::<Object>(); SCRATCH + 1];
                for i in 0..total {
                    scratch[i + 1] = (*args.add(i)).ptr();
                }
                return vectorcall(callable, scratch.as_ptr().add(1), npos | ARGUMENTS_OFFSET, kwnames);
            }
            let mut scratch = Vec::with_capacity(total + 1);
            scratch.push(std::ptr::null::<Object>());
            scratch.extend((0..total).map(|i| (*args.add(i)).ptr().cast_const()));
            vectorcall(callable, scratch.as_ptr().add(1), npos | ARGUMENTS_OFFSET, kwnames)
        }
    }

    /// Enters the function at place `depth` from the top with `argc` arguments (and values for `kwnames`) from `args` on, in the running loop.
    /// All `depth` values leave the stack. The caller goes on after `units` units.
    pub(crate) unsafe fn enter_function(
        &mut self,
        depth: usize,
        args: *mut StackRef,
        argc: usize,
        kwnames: Option<&Tuple>,
        units: u16,
    ) -> PyResult<Done> {
        // SAFETY: the value at `depth` is a function.
        unsafe {
            let ts = self.thread();
            let funcobj = self.peek(depth);
            let f = call::push_frame(ts, funcobj, args, argc, kwnames)?;
            self.shrink(depth);
            let caller = self.frame;
            (*caller).return_offset = units;
            (*caller).stackpointer = self.sp;
            (*f).previous = caller;
            ts.current_frame.set(f.cast());
            ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
            Ok(Done::Switch)
        }
    }

    /// What follows a call of native code.
    #[inline(always)]
    pub(crate) unsafe fn check_periodic(&mut self) -> PyResult<()> {
        let ts = self.thread();
        if breaker::pending(ts) { breaker::handle(ts) } else { Ok(()) }
    }
}

/// Units of `CALL` and `CALL_KW` with their caches.
pub(crate) const CALL_UNITS: u16 = 4;

general!(CALL(vm, n) [specialize::call] {
    call_general(vm, n)
});

/// `CALL`, whatever the callable.
pub unsafe fn call_general(vm: &mut Machine, n: usize) -> PyResult<Done> {
    // SAFETY: callable, receiver or null, and `n` arguments are on the stack.
    unsafe {
        vm.unpack_bound_method(n);
        let argc = n + !vm.peek(n + 1).is_null() as usize;
        let args = vm.sp.sub(argc);
        let callable = vm.obj(n + 2);
        if Function::is_plain(callable) {
            return vm.enter_function(n + 2, args, argc, None, CALL_UNITS);
        }
        let r = vm.call_native(callable, args, argc, None)?;
        vm.finish(n + 2, r);
        vm.check_periodic()?;
        Ok(Done::Next)
    }
}

general!(CALL_KW(vm, n) [specialize::call_kw] {
    call_kw_general(vm, n)
});

/// `CALL_KW`, whatever the callable.
pub unsafe fn call_kw_general(vm: &mut Machine, n: usize) -> PyResult<Done> {
    // SAFETY: callable, receiver or null, `n` arguments and the tuple of names are on the stack.
    unsafe {
        vm.unpack_bound_method(n + 1);
        let names = vm.obj(1).cast_unchecked::<Tuple>();
        let argc = n + !vm.peek(n + 2).is_null() as usize;
        let args = vm.sp.sub(argc + 1);
        let callable = vm.obj(n + 3);
        let npos = argc - names.len();
        if Function::is_plain(callable) {
            let names_ref = vm.tos();
            let keep = names.to_obj();
            vm.shrink(1);
            let r = vm.enter_function(n + 2, args, npos, Some(names), CALL_UNITS);
            if r.is_err() {
                vm.push(names_ref);
            } else {
                names_ref.close();
            }
            drop(keep);
            return r;
        }
        let r = vm.call_native(callable, args, npos, Some(names))?;
        vm.finish(n + 3, r);
        vm.check_periodic()?;
        Ok(Done::Next)
    }
}

general!(CALL_FUNCTION_EX(vm, _) {
    call_function_ex(vm)
});

/// `f(*args, **kwargs)`: function, null, an iterable, and a dict or null.
pub unsafe fn call_function_ex(vm: &mut Machine) -> PyResult<Done> {
    // SAFETY: the four values are on the stack.
    unsafe {
        let callable = vm.obj(4);
        if vm.obj(2).downcast_exact::<Tuple>().is_none() {
            let iterable = vm.obj(2);
            if iterable.ty().iter.get().is_none() && !iterable.is_sequence() {
                bail!(
                    TypeError,
                    "{} argument after * must be an iterable, not {}",
                    function_str(callable)?,
                    iterable.ty().name_str()
                );
            }
            let t = iterable.to_tuple()?;
            let old = vm.peek(2);
            vm.put(2, StackRef::steal(t.into_obj()));
            old.close();
        }
        let args = vm.obj(2).cast_unchecked::<Tuple>();
        let kwargs = vm.tos().get();
        if Function::is_plain(callable) {
            let ts = vm.thread();
            let f = call::push_frame_ex(ts, vm.peek(4), args, kwargs.map(|k| k.cast_unchecked::<Dict>()))?;
            let kwargs = vm.pop();
            let args = vm.pop();
            vm.shrink(2);
            let caller = vm.frame;
            (*caller).return_offset = 1;
            (*caller).stackpointer = vm.sp;
            (*f).previous = caller;
            ts.current_frame.set(f.cast());
            ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
            kwargs.close();
            args.close();
            return Ok(Done::Switch);
        }
        let r = callable.call_tuple(args, kwargs)?;
        vm.finish(4, r);
        vm.check_periodic()?;
        Ok(Done::Next)
    }
}

op!(EXIT_INIT_CHECK(vm, _) {
    if !vm.obj(1).is_none() {
        return Flow::General(init_returned);
    }
    // `None` needs no closing.
    vm.shrink(1);
    Flow::Next
});

slow!(init_returned(vm, _) {
    Err::<(), _>(raise!(TypeError, "__init__() should return None, not '{}'", vm.obj(1).ty().name_str()))
});
