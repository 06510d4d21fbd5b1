//! Calls. Cache units: counter, function version (2).

use super::ops::{ISINSTANCE_DEF, LEN_DEF, LIST_APPEND_DEF};
use crate::eval::ops::prelude::*;
use crate::function::Function;
use std::sync::atomic::{AtomicPtr, Ordering};
use taipan_bytecode::Op;
use taipan_bytecode::code::flags as co;
use taipan_object::flags;
use taipan_object::method::{MethodDef, meth};
use taipan_object::typeobj::HeapType;
use taipan_object::types::cfunction::CFunction;
use taipan_object::types::descr::MethodDescr;
use taipan_object::types::method_::Method;
use taipan_object::types::module::Module;
use taipan_object::types::str::PyUnicode_Type;
use taipan_object::types::tuple::PyTuple_Type;
use taipan_object::types::type_::PyType_Type;

slow!(call(vm, n) { respecialize(vm, n) });

/// Chooses the form of a `CALL`, which is then done again under it.
pub(crate) unsafe fn respecialize(vm: &mut Machine, n: usize) -> PyResult<Done> {
    // SAFETY: the registers are those of a CALL.
    unsafe {
        let op = choose_call(vm, n);
        vm.settle(op)
    }
}

unsafe fn choose_call(vm: &mut Machine, n: usize) -> Option<Op> {
    // SAFETY: callable, receiver or null and `n` arguments are on the stack.
    unsafe {
        let callable = vm.obj(n + 2);
        let has_self = !vm.peek(n + 1).is_null();
        let argc = n + has_self as usize;
        if let Some(f) = callable.downcast_exact::<CFunction>() {
            return Some(c_function(f, argc).unwrap_or(Op::CALL_NON_PY_GENERAL));
        }
        if Function::is_plain(callable) {
            return python(vm, callable.cast(), argc, false);
        }
        if let Some(cls) = callable.downcast::<Type>() {
            return class(vm, cls, n, has_self);
        }
        if let Some(d) = callable.downcast_exact::<MethodDescr>() {
            return Some(method_descriptor(vm, d, n, argc).unwrap_or(Op::CALL_NON_PY_GENERAL));
        }
        if let Some(m) = callable.downcast_exact::<Method>() {
            if Function::is_plain(m.func()) && !has_self {
                return python(vm, m.func().cast(), n + 1, true);
            }
            return Some(Op::CALL_NON_PY_GENERAL);
        }
        Some(Op::CALL_NON_PY_GENERAL)
    }
}

unsafe fn python(vm: &mut Machine, f: &Function, argc: usize, bound: bool) -> Option<Op> {
    let code = f.code();
    let version = f.current_version();
    if version == 0 {
        return None;
    }
    // SAFETY: the instruction is a CALL.
    unsafe { vm.set_cache32(1, version) };
    let simple = code.has_flag(co::OPTIMIZED) && code.is_simple_call(argc);
    Some(match (simple, bound) {
        (true, false) => Op::CALL_PY_EXACT_ARGS,
        (true, true) => Op::CALL_BOUND_METHOD_EXACT_ARGS,
        (false, false) => Op::CALL_PY_GENERAL,
        (false, true) => Op::CALL_BOUND_METHOD_GENERAL,
    })
}

const CONVENTION: std::ffi::c_int =
    meth::VARARGS | meth::KEYWORDS | meth::NOARGS | meth::O | meth::FASTCALL | meth::METHOD;

fn c_function(f: &CFunction, argc: usize) -> Option<Op> {
    let flags = f.def().flags & CONVENTION;
    if flags == meth::O {
        if argc != 1 {
            return None;
        }
        if is_builtin(f, "len", &LEN_DEF) {
            return Some(Op::CALL_LEN);
        }
        return Some(Op::CALL_BUILTIN_O);
    }
    if flags == meth::FASTCALL {
        if argc == 2 && is_builtin(f, "isinstance", &ISINSTANCE_DEF) {
            return Some(Op::CALL_ISINSTANCE);
        }
        return Some(Op::CALL_BUILTIN_FAST);
    }
    if flags == meth::FASTCALL | meth::KEYWORDS {
        return Some(Op::CALL_BUILTIN_FAST_WITH_KEYWORDS);
    }
    None
}

/// Whether `f` is this function of the module `builtins`; if so, its description is noted for the guard.
fn is_builtin(f: &CFunction, name: &str, place: &AtomicPtr<MethodDef>) -> bool {
    let found =
        f.name() == name && f.self_obj().and_then(|m| m.downcast::<Module>()).is_some_and(|m| m.name() == "builtins");
    if found {
        place.store((f.def() as *const MethodDef).cast_mut(), Ordering::Relaxed);
    }
    found
}

unsafe fn method_descriptor(vm: &Machine, d: &MethodDescr, n: usize, argc: usize) -> Option<Op> {
    match d.def().flags & CONVENTION {
        meth::NOARGS => (argc == 1).then_some(Op::CALL_METHOD_DESCRIPTOR_NOARGS),
        meth::O => {
            if argc != 2 {
                return None;
            }
            let append = taipan_object::types::list::PyList_Type.lookup_borrowed(intern!("append"));
            // SAFETY: an instruction follows the three cache units of the call.
            let popped = unsafe { *vm.ip.add(3) } as u8 == Op::POP_TOP as u8;
            if n == 1 && popped && append.is_some_and(|a| std::ptr::eq(a, &**d)) {
                LIST_APPEND_DEF.store((d.def() as *const MethodDef).cast_mut(), Ordering::Relaxed);
                return Some(Op::CALL_LIST_APPEND);
            }
            Some(Op::CALL_METHOD_DESCRIPTOR_O)
        }
        meth::FASTCALL => Some(Op::CALL_METHOD_DESCRIPTOR_FAST),
        f if f == meth::FASTCALL | meth::KEYWORDS => Some(Op::CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS),
        _ => None,
    }
}

unsafe fn class(vm: &mut Machine, cls: &Type, n: usize, has_self: bool) -> Option<Op> {
    if cls.has_flag(flags::IMMUTABLETYPE) {
        if n == 1 && !has_self {
            if std::ptr::eq(cls, &PyUnicode_Type) {
                return Some(Op::CALL_STR_1);
            }
            if std::ptr::eq(cls, &PyType_Type) {
                return Some(Op::CALL_TYPE_1);
            }
            if std::ptr::eq(cls, &PyTuple_Type) {
                return Some(Op::CALL_TUPLE_1);
            }
        }
        if cls.vectorcall.get().is_some() {
            return Some(Op::CALL_BUILTIN_CLASS);
        }
        return Some(Op::CALL_NON_PY_GENERAL);
    }
    if !std::ptr::eq(cls.ob_base.ob_base.ty_ptr(), &PyType_Type) {
        return Some(Op::CALL_NON_PY_GENERAL);
    }
    // SAFETY: the instruction is a CALL.
    if !has_self && let Some(op) = unsafe { python_init(vm, cls) } {
        return Some(op);
    }
    Some(Op::CALL_NON_PY_GENERAL)
}

/// A class with `object.__new__` and a plain Python `__init__`.
unsafe fn python_init(vm: &mut Machine, cls: &Type) -> Option<Op> {
    let heap: &HeapType = cls.as_heap()?;
    if cls.new.get()? as *const () != taipan_object::types::object::object_new as *const ()
        || cls.alloc.get().is_some_and(|a| a as *const () != taipan_object::alloc::generic_alloc as *const ())
        || cls.has_flag(flags::IS_ABSTRACT)
    {
        return None;
    }
    let init = cls.lookup_borrowed(intern!("__init__"))?;
    if !Function::is_plain(init) {
        return None;
    }
    let f: &Function = init.cast();
    // The number of arguments is looked at when it is called.
    let simple = f.code().is_simple_call(f.code().argcount());
    if !simple || !f.code().has_flag(co::OPTIMIZED) || !cls.assign_version() {
        return None;
    }
    // The class's cache is emptied whenever the class changes; the version says that it is still the same class.
    heap.spec_cache.init.set(init.as_ptr());
    // SAFETY: the instruction is a CALL.
    unsafe { vm.set_cache32(1, cls.version_tag.get()) };
    Some(Op::CALL_ALLOC_AND_ENTER_INIT)
}

slow!(call_kw(vm, n) {
    let callable = vm.obj(n + 3);
    let op = if Function::is_plain(callable) {
        function_version(vm, callable.cast()).map(|()| Op::CALL_KW_PY)
    } else if let Some(m) = callable.downcast_exact::<Method>() {
        if Function::is_plain(m.func()) { function_version(vm, m.func().cast()).map(|()| Op::CALL_KW_BOUND_METHOD) } else { Some(Op::CALL_KW_NON_PY) }
    } else {
        Some(Op::CALL_KW_NON_PY)
    };
    vm.settle(op)
});

unsafe fn function_version(vm: &mut Machine, f: &Function) -> Option<()> {
    let version = f.current_version();
    if version == 0 {
        return None;
    }
    // SAFETY: the instruction is a CALL_KW.
    unsafe { vm.set_cache32(1, version) };
    Some(())
}
