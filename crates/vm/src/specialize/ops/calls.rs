//! Calls.

use super::init;
use crate::eval::ops::prelude::*;
use crate::eval::ops::{CALL_UNITS, call_general, call_kw_general};
use crate::frame::datastack;
use crate::function::Function;
use crate::specialize::counter;
use std::sync::atomic::{AtomicPtr, Ordering};
use taipan_object::Layout;
use taipan_object::method::{MethodDef, meth};
use taipan_object::protocol::call::ARGUMENTS_OFFSET;
use taipan_object::thread::stack_pointer;
use taipan_object::typeobj::HeapType;
use taipan_object::types::cfunction::CFunction;
use taipan_object::types::descr::MethodDescr;
use taipan_object::types::int::Int;
use taipan_object::types::method_::Method;
use taipan_object::types::str::PyUnicode_Type;
use taipan_object::types::tuple::PyTuple_Type;
use taipan_object::types::type_::PyType_Type;

/// The descriptions of the natives that have forms of their own, once met.
pub(crate) static LEN_DEF: AtomicPtr<MethodDef> = AtomicPtr::new(std::ptr::null_mut());
pub(crate) static ISINSTANCE_DEF: AtomicPtr<MethodDef> = AtomicPtr::new(std::ptr::null_mut());
pub(crate) static LIST_APPEND_DEF: AtomicPtr<MethodDef> = AtomicPtr::new(std::ptr::null_mut());

#[inline(always)]
fn is_native(o: &Object, which: &AtomicPtr<MethodDef>) -> bool {
    o.downcast_exact::<CFunction>().is_some_and(|f| std::ptr::eq(f.def(), which.load(Ordering::Relaxed)))
}

#[inline(always)]
fn low_on_stack(ts: &Thread) -> bool {
    stack_pointer() < ts.stack_soft_limit.get()
}

const CONVENTION: std::ffi::c_int =
    meth::VARARGS | meth::KEYWORDS | meth::NOARGS | meth::O | meth::FASTCALL | meth::METHOD;

slow!(call_any(vm, n) { call_general(vm, n) });
slow!(call_kw_any(vm, n) { call_kw_general(vm, n) });

slow!(periodic(vm, _) { vm.check_periodic() });

impl Machine {
    /// The callable as a function of the version in the cache.
    #[inline(always)]
    unsafe fn versioned<'a>(&self, callable: &'a Object) -> Option<&'a Function> {
        // SAFETY: the version is in units 1 and 2.
        unsafe {
            if !callable.is_exact(Function::type_object()) {
                return None;
            }
            let f: &Function = callable.cast_unchecked();
            if f.func_version.get() == self.cache32(1) { Some(f) } else { None }
        }
    }

    /// What follows a native call whose result is on the stack.
    #[inline(always)]
    unsafe fn after_native(&mut self, dead: *mut Object) -> Flow {
        if !dead.is_null() {
            return Flow::Dealloc(dead);
        }
        if breaker::pending(self.thread()) {
            return Flow::Slow(periodic);
        }
        Flow::Next
    }
}

op!(CALL_PY_EXACT_ARGS(vm, n) {
    let funcobj = vm.peek(n + 2);
    let Some(f) = vm.versioned(funcobj.as_ref()) else { return Flow::Deopt };
    let argc = n + !vm.peek(n + 1).is_null() as usize;
    if f.code().argcount() != argc || !vm.can_enter(f, 0) {
        return Flow::Deopt;
    }
    let args = vm.sp.sub(argc);
    vm.enter_exact(f, funcobj, args, argc, n + 2 - argc, CALL_UNITS)
});

op!(CALL_BOUND_METHOD_EXACT_ARGS(vm, n) {
    let callable = vm.peek(n + 2);
    let Some(m) = callable.as_ref().downcast_exact::<Method>() else { return Flow::Deopt };
    if !vm.peek(n + 1).is_null() {
        return Flow::Deopt;
    }
    let Some(f) = vm.versioned(m.func()) else { return Flow::Deopt };
    if f.code().argcount() != n + 1 || !vm.can_enter(f, 0) {
        return Flow::Deopt;
    }
    let funcobj = StackRef::new(f);
    vm.put(n + 1, StackRef::new(m.receiver()));
    vm.put(n + 2, funcobj);
    callable.close();
    let args = vm.sp.sub(n + 1);
    vm.enter_exact(f, funcobj, args, n + 1, 1, CALL_UNITS)
});

op!(CALL_PY_GENERAL(vm, n) {
    if vm.versioned(vm.obj(n + 2)).is_none() {
        return Flow::Deopt;
    }
    Flow::General(call_any)
});

op!(CALL_BOUND_METHOD_GENERAL(vm, n) {
    let Some(m) = vm.obj(n + 2).downcast_exact::<Method>() else { return Flow::Deopt };
    if vm.versioned(m.func()).is_none() {
        return Flow::Deopt;
    }
    Flow::General(call_any)
});

op!(CALL_NON_PY_GENERAL(vm, n) {
    let callable = vm.obj(n + 2);
    if Function::is_plain(callable) || callable.downcast_exact::<Method>().is_some() {
        return Flow::Deopt;
    }
    Flow::General(call_any)
});

op!(CALL_KW_PY(vm, n) {
    if vm.versioned(vm.obj(n + 3)).is_none() {
        return Flow::Deopt;
    }
    Flow::General(call_kw_any)
});

op!(CALL_KW_BOUND_METHOD(vm, n) {
    let Some(m) = vm.obj(n + 3).downcast_exact::<Method>() else { return Flow::Deopt };
    if vm.versioned(m.func()).is_none() {
        return Flow::Deopt;
    }
    Flow::General(call_kw_any)
});

op!(CALL_KW_NON_PY(vm, n) {
    let callable = vm.obj(n + 3);
    if Function::is_plain(callable) || callable.downcast_exact::<Method>().is_some() {
        return Flow::Deopt;
    }
    Flow::General(call_kw_any)
});

op!(CALL_ALLOC_AND_ENTER_INIT(vm, n) {
    let callable = vm.peek(n + 2);
    if !vm.peek(n + 1).is_null() {
        return Flow::Deopt;
    }
    let Some(cls) = callable.as_ref().downcast::<Type>() else { return Flow::Deopt };
    if cls.version_tag.get() != vm.cache32(1) {
        return Flow::Deopt;
    }
    let heap: &HeapType = cls.as_object().cast_unchecked();
    let f = heap.spec_cache.init.get();
    if f.is_null() {
        return Flow::Deopt;
    }
    let f: &Function = (*f).cast_unchecked();
    let Some(cleanup) = init::cleanup_code() else { return Flow::Deopt };
    let ts = vm.thread();
    if !f.code().is_simple_call(n + 1) || ts.py_recursion_remaining.get() <= 2 || !vm.can_enter(f, cleanup.framesize()) {
        return Flow::Deopt;
    }
    let Ok(new) = taipan_object::alloc::generic_alloc(cls, 0) else { return Flow::Error };
    let new = StackRef::steal(new);
    // The new object takes the place of the receiver, the function that of the class.
    let funcobj = StackRef::new(f);
    vm.put(n + 1, new);
    let caller = vm.frame;
    let args = vm.sp.sub(n + 1);
    (*caller).return_offset = CALL_UNITS;
    (*caller).instr_ptr = vm.ip.sub(1);
    (*caller).stackpointer = args.sub(1);
    let shim = datastack::push_for(ts, cleanup);
    Frame::init(shim, StackRef::NULL, (*caller).globals, (*caller).builtins, std::ptr::null(), cleanup, caller);
    let stack = Frame::slot(shim, 0);
    *stack = new.dup();
    ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
    // From here on as a call from the frame between.
    vm.frame = shim;
    vm.ip = cleanup.units().add(1);
    let flow = vm.enter_exact(f, funcobj, args, n + 1, 1, init::RETURN_OFFSET);
    (*shim).stackpointer = stack.add(1);
    callable.close();
    flow
});

op!(CALL_BUILTIN_O(vm, n) {
    let callable = vm.peek(n + 2);
    let Some(f) = callable.as_ref().downcast_exact::<CFunction>() else { return Flow::Deopt };
    let argc = n + !vm.peek(n + 1).is_null() as usize;
    if argc != 1 || f.def().flags & CONVENTION != meth::O || low_on_stack(vm.thread()) {
        return Flow::Deopt;
    }
    let arg = vm.tos();
    vm.save_ip();
    let r = match (f.def().meth.plain)(f.receiver(), Some(arg.as_ref())) {
        Ok(r) => StackRef::steal(r),
        Err(_) => return Flow::Error,
    };
    vm.replace(n + 2, r);
    callable.close();
    let dead = arg.release();
    vm.after_native(dead)
});

op!(CALL_LEN(vm, n) {
    let callable = vm.peek(n + 2);
    let argc = n + !vm.peek(n + 1).is_null() as usize;
    if argc != 1 || !is_native(callable.as_ref(), &LEN_DEF) {
        return Flow::Deopt;
    }
    let arg = vm.tos();
    let o = arg.as_ref();
    let len = if let Some(l) = o.downcast_exact::<List>() {
        l.len()
    } else if let Some(t) = o.downcast_exact::<Tuple>() {
        t.len()
    } else if let Some(s) = o.downcast_exact::<Str>() {
        s.len()
    } else if let Some(d) = o.downcast_exact::<Dict>() {
        d.len()
    } else {
        return Flow::General(len_any);
    };
    if len > Int::COMPACT_MAX as usize || callable.is_unique() {
        return Flow::General(len_any);
    }
    let r = if Int::is_small(len as i64) {
        StackRef::borrow(Int::small_borrowed(len as i64))
    } else {
        match Int::try_compact(vm.thread(), len as i64) {
            Some(i) => StackRef::steal(i.into_obj()),
            None => return Flow::General(len_any),
        }
    };
    vm.replace(n + 2, r);
    callable.close_shared();
    done(arg.release())
});

slow!(len_any(vm, n) {
    let len = vm.obj(1).len()?;
    vm.finish(n + 2, new_int(len as i64));
    Ok(())
});

op!(CALL_ISINSTANCE(vm, n) {
    let argc = n + !vm.peek(n + 1).is_null() as usize;
    if argc != 2 || !is_native(vm.obj(n + 2), &ISINSTANCE_DEF) {
        return Flow::Deopt;
    }
    let (o, cls) = (vm.nos(), vm.tos());
    let callable = vm.peek(n + 2);
    // Of the tested class itself: nobody is asked. The class lives on in the object.
    if std::ptr::eq(o.as_ref().ty().as_object(), cls.ptr()) && !callable.is_unique() && !cls.is_unique() {
        vm.replace(n + 2, StackRef::borrow(true_()));
        callable.close_shared();
        cls.close_shared();
        return done(o.release());
    }
    Flow::General(isinstance)
});

slow!(isinstance(vm, n) {
    let b = vm.obj(2).is_instance(vm.obj(1))?;
    vm.close_n(n + 2);
    vm.push(StackRef::borrow(bool_object(b)));
    Ok(())
});

op!(CALL_LIST_APPEND(vm, n) {
    if n != 1 {
        return Flow::Deopt;
    }
    let (callable, receiver) = (vm.peek(3), vm.nos());
    let known = callable.as_ref().downcast_exact::<MethodDescr>().is_some_and(|d| std::ptr::eq(d.def(), LIST_APPEND_DEF.load(Ordering::Relaxed)));
    if !known || receiver.is_null() {
        return Flow::Deopt;
    }
    let Some(list) = receiver.as_ref().downcast_exact::<List>() else { return Flow::Deopt };
    let v = vm.tos().heap_safe();
    vm.put(1, v);
    if callable.is_unique() || !list.push_if_room(v.ptr()) {
        return Flow::General(list_append_call);
    }
    vm.shrink(3);
    callable.close_shared();
    // A POP_TOP follows.
    vm.ip = vm.ip.add(1);
    done(receiver.release())
});

slow!(list_append_call(vm, _) {
    let v = vm.pop_obj();
    vm.obj(1).cast_unchecked::<List>().push(v)?;
    vm.close_n(2);
    Ok(Done::Skip)
});

op!(CALL_TYPE_1(vm, n) {
    let arg = vm.tos();
    if n != 1 || !vm.nos().is_null() || !vm.peek(3).is(PyType_Type.as_object()) {
        return Flow::Deopt;
    }
    let t = StackRef::new(arg.as_ref().ty().as_object());
    vm.replace(3, t);
    done(arg.release())
});

op!(CALL_STR_1(vm, n) {
    if n != 1 || !vm.nos().is_null() || !vm.peek(3).is(PyUnicode_Type.as_object()) {
        return Flow::Deopt;
    }
    Flow::General(str_1)
});

slow!(str_1(vm, _) {
    let r = vm.obj(1).str()?;
    vm.finish(3, r.into_obj());
    vm.check_periodic()
});

op!(CALL_TUPLE_1(vm, n) {
    if n != 1 || !vm.nos().is_null() || !vm.peek(3).is(PyTuple_Type.as_object()) {
        return Flow::Deopt;
    }
    Flow::General(tuple_1)
});

slow!(tuple_1(vm, _) {
    let r = vm.obj(1).to_tuple()?;
    vm.finish(3, r.into_obj());
    vm.check_periodic()
});

op!(CALL_BUILTIN_CLASS(vm, n) {
    match vm.obj(n + 2).downcast::<Type>() {
        Some(t) if t.vectorcall.get().is_some() => Flow::General(builtin_class),
        _ => Flow::Deopt,
    }
});

slow!(builtin_class(vm, n) {
    let callable = vm.obj(n + 2);
    let argc = n + !vm.peek(n + 1).is_null() as usize;
    let Some(f) = callable.cast_unchecked::<Type>().vectorcall.get() else { return call_general(vm, n) };
    let r = vm.with_arguments(argc, |args| f(callable, args, argc | ARGUMENTS_OFFSET, None))?;
    vm.finish(n + 2, r);
    vm.check_periodic()?;
    Ok(Done::Next)
});

impl Machine {
    /// Calls `f` with the address of the top `argc` values as plain references, with a word before them that `f` may use.
    #[inline(always)]
    unsafe fn with_arguments(&self, argc: usize, f: impl FnOnce(*const *const Object) -> PyResult) -> PyResult {
        const PLACES: usize = 8;
        // SAFETY: that many values are on the stack, where they stay during the call.
        unsafe {
            let values = self.sp.sub(argc);
            if argc < PLACES {
                let mut places = [std::mem::MaybeUninit::<*const Object>::uninit(); PLACES];
                places[0].write(std::ptr::null());
                let mut i = 0;
                while i < argc {
                    places.get_unchecked_mut(i + 1).write((*values.add(i)).ptr());
                    crate::frame::keep_loop();
                    i += 1;
                }
                return f(places.as_ptr().cast::<*const Object>().add(1));
            }
            let mut places = Vec::with_capacity(argc + 1);
            places.push(std::ptr::null::<Object>());
            places.extend((0..argc).map(|i| (*values.add(i)).ptr().cast_const()));
            f(places.as_ptr().add(1))
        }
    }
}

/// What `CALL` itself would do: for forms that test their guards in the general form.
unsafe fn call_unspecialized(vm: &mut Machine, n: usize) -> PyResult<Done> {
    // SAFETY: the registers are those of a CALL, whose first cache unit is its counter.
    unsafe {
        let counter = *vm.ip;
        if counter::triggers(counter) {
            return specialize::calls::respecialize(vm, n);
        }
        *vm.ip = counter::advance(counter);
        call_general(vm, n)
    }
}

macro_rules! native_functions {
    ($($name:ident, $general:ident, $flags:expr, |$f:ident, $slf:ident, $args:ident, $argc:ident| $call:expr;)*) => { $(
        op!($name(_vm, _) { Flow::General($general) });

        slow!($general(vm, n) {
            let $argc = n + !vm.peek(n + 1).is_null() as usize;
            match vm.obj(n + 2).downcast_exact::<CFunction>() {
                Some(c) if c.def().flags & CONVENTION == $flags && !low_on_stack(vm.thread()) => {
                    let ($f, $slf) = (c.def().meth, c.receiver());
                    let r = vm.with_arguments($argc, |$args| $call)?;
                    vm.finish(n + 2, r);
                    vm.check_periodic()?;
                    Ok(Done::Next)
                }
                _ => call_unspecialized(vm, n),
            }
        });
    )* };
}
native_functions! {
    CALL_BUILTIN_FAST, builtin_fast, meth::FASTCALL, |f, slf, args, argc| (f.fast)(slf, args, argc as isize);
    CALL_BUILTIN_FAST_WITH_KEYWORDS, builtin_fast_keywords, meth::FASTCALL | meth::KEYWORDS,
        |f, slf, args, argc| (f.fast_keywords)(slf, args, argc as isize, None);
}

macro_rules! native_methods {
    ($($name:ident, $general:ident, $flags:expr, |$f:ident, $slf:ident, $args:ident, $argc:ident| $call:expr;)*) => { $(
        op!($name(_vm, _) { Flow::General($general) });

        slow!($general(vm, n) {
            let all = n + !vm.peek(n + 1).is_null() as usize;
            match vm.obj(n + 2).downcast_exact::<MethodDescr>() {
                Some(d)
                    if d.def().flags & CONVENTION == $flags
                        && all > 0
                        && vm.obj(all).is_exact(d.owner())
                        && !low_on_stack(vm.thread()) =>
                {
                    let ($f, $slf, $argc) = (d.def().meth, Some(vm.obj(all)), all - 1);
                    let r = vm.with_arguments($argc, |$args| $call)?;
                    vm.finish(n + 2, r);
                    vm.check_periodic()?;
                    Ok(Done::Next)
                }
                _ => call_unspecialized(vm, n),
            }
        });
    )* };
}
native_methods! {
    CALL_METHOD_DESCRIPTOR_FAST, method_fast, meth::FASTCALL, |f, slf, args, argc| (f.fast)(slf, args, argc as isize);
    CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS, method_fast_keywords, meth::FASTCALL | meth::KEYWORDS,
        |f, slf, args, argc| (f.fast_keywords)(slf, args, argc as isize, None);
}

op!(CALL_METHOD_DESCRIPTOR_O(vm, n) {
    let callable = vm.peek(n + 2);
    let argc = n + !vm.peek(n + 1).is_null() as usize;
    let Some(d) = callable.as_ref().downcast_exact::<MethodDescr>() else { return Flow::Deopt };
    if argc != 2 || d.def().flags & CONVENTION != meth::O || low_on_stack(vm.thread()) {
        return Flow::Deopt;
    }
    let (receiver, arg) = (vm.nos(), vm.tos());
    if !receiver.as_ref().is_exact(d.owner()) {
        return Flow::Deopt;
    }
    vm.save_ip();
    let r = match (d.def().meth.plain)(Some(receiver.as_ref()), Some(arg.as_ref())) {
        Ok(r) => StackRef::steal(r),
        Err(_) => return Flow::Error,
    };
    vm.replace(n + 2, r);
    callable.close();
    arg.close();
    let dead = receiver.release();
    vm.after_native(dead)
});

op!(CALL_METHOD_DESCRIPTOR_NOARGS(vm, n) {
    let callable = vm.peek(n + 2);
    let argc = n + !vm.peek(n + 1).is_null() as usize;
    let Some(d) = callable.as_ref().downcast_exact::<MethodDescr>() else { return Flow::Deopt };
    if argc != 1 || d.def().flags & CONVENTION != meth::NOARGS || low_on_stack(vm.thread()) {
        return Flow::Deopt;
    }
    let receiver = vm.tos();
    if !receiver.as_ref().is_exact(d.owner()) {
        return Flow::Deopt;
    }
    vm.save_ip();
    let r = match (d.def().meth.plain)(Some(receiver.as_ref()), None) {
        Ok(r) => StackRef::steal(r),
        Err(_) => return Flow::Error,
    };
    vm.replace(n + 2, r);
    callable.close();
    let dead = receiver.release();
    vm.after_native(dead)
});
