//! `try`, `raise`, `with`.

use super::prelude::*;
use taipan_bytecode::opcode::SPECIAL_METHODS;
use taipan_object::error;
use taipan_object::protocol::call::{Method, vectorcall};
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;

op!(PUSH_EXC_INFO(vm, _) {
    let exc = vm.tos();
    let level = &*vm.thread().exc_info.get();
    let old = level.exc_value.replace(Some(exc.as_ref().to_obj()));
    let old = match old {
        Some(o) => StackRef::steal(o),
        None => StackRef::borrow(none()),
    };
    vm.put(1, old);
    vm.push(exc);
    Flow::Next
});

general!(POP_EXCEPT(vm, _) {
    let v = vm.pop_obj();
    let level = &*vm.thread().exc_info.get();
    level.exc_value.set(if v.is_none() { None } else { Some(v) });
    Ok(())
});

general!(RAISE_VARARGS(vm, n) {
    let (exc, cause) = match n {
        2 => {
            let cause = vm.pop_obj();
            (Some(vm.pop_obj()), Some(cause))
        }
        1 => (Some(vm.pop_obj()), None),
        _ => (None, None),
    };
    let Some(exc) = exc else {
        let Some(handled) = vm.thread().handled_exception() else {
            bail!(RuntimeError, "No active exception to reraise");
        };
        let _ = error::restore(handled.to_obj());
        return Ok(Done::Reraise);
    };
    Err::<Done, _>(do_raise(exc, cause))
});

/// `raise exc from cause`.
pub fn do_raise(exc: Obj, cause: Option<Obj>) -> Raised {
    let value = match instantiate(exc, "exceptions must derive from BaseException") {
        Ok(v) => v,
        Err(e) => return e,
    };
    if let Some(cause) = cause {
        let cause = if cause.is_none() {
            None
        } else {
            match instantiate(cause, "exception causes must derive from BaseException") {
                Ok(v) => Some(v),
                Err(e) => return e,
            }
        };
        set_cause(&value, cause);
    }
    error::raise_instance(value)
}

/// An exception instance from what stands after `raise`.
fn instantiate(exc: Obj, message: &str) -> PyResult {
    if is_exception_class(&exc) {
        let cls: &Type = exc.cast();
        if exceptions::is_plain_class(cls) {
            return exceptions::plain_instance(cls);
        }
        let value = exc.call_noargs()?;
        if !is_exception(&value) {
            bail!(
                TypeError,
                "calling {} should have returned an instance of BaseException, not {}",
                exc.repr()?.display(),
                value.ty().as_object().repr()?.display()
            );
        }
        return Ok(value);
    }
    if is_exception(&exc) {
        return Ok(exc);
    }
    bail!(TypeError, "{message}")
}

general!(RERAISE(vm, n) {
    let exc = vm.pop_obj();
    if n > 0 {
        let lasti = vm.obj(n);
        let Some(unit) = lasti.downcast::<Int>().and_then(|i| i.to_i64()) else {
            bail!(SystemError, "lasti is not an int");
        };
        vm.frame().instr_ptr = vm.code().units().add(unit as usize);
    }
    let _ = error::restore(exc);
    Ok::<Done, Raised>(Done::Reraise)
});

general!(CHECK_EXC_MATCH(vm, _) {
    check_except_type(vm.obj(1))?;
    let b = given_exception_matches(vm.obj(2), vm.obj(1));
    vm.close_n(1);
    vm.push(StackRef::borrow(bool_object(b)));
    Ok(())
});

/// What stands after `except` must be exception classes.
fn check_except_type(right: &Object) -> PyResult<()> {
    let ok = match right.downcast::<Tuple>() {
        Some(t) => t.items().iter().all(|c| is_exception_class(c)),
        None => is_exception_class(right),
    };
    if !ok {
        bail!(TypeError, "catching classes that do not inherit from BaseException is not allowed");
    }
    Ok(())
}

/// What stands after `except*` must not be exception groups.
fn check_except_star_type(right: &Object) -> PyResult<()> {
    check_except_type(right)?;
    let group = exceptions::BaseExceptionGroup_.as_object();
    let bad = match right.downcast::<Tuple>() {
        Some(t) => {
            let mut bad = false;
            for c in t.items() {
                bad |= c.is_subclass(group)?;
            }
            bad
        }
        None => right.is_subclass(group)?,
    };
    if bad {
        bail!(TypeError, "catching ExceptionGroup with except* is not allowed. Use except instead.");
    }
    Ok(())
}

general!(CHECK_EG_MATCH(vm, _) {
    let match_type = vm.obj(1);
    check_except_star_type(match_type)?;
    let (matched, rest) = group_match(vm.frame, vm.obj(2), match_type)?;
    if !matched.is_none() {
        let level = &*vm.thread().exc_info.get();
        level.exc_value.set(Some(matched.clone()));
    }
    vm.close_n(2);
    vm.push_obj(rest);
    vm.push_obj(matched);
    Ok(())
});

/// The part of an exception that `except*` takes, and the rest.
fn group_match(frame: *mut Frame, exc: &Object, match_type: &Object) -> PyResult<(Obj, Obj)> {
    let nothing = || none().to_obj();
    if exc.is_none() {
        return Ok((nothing(), nothing()));
    }
    let is_group = exceptions::is_group(exc);
    if given_exception_matches(exc, match_type) {
        if is_group {
            return Ok((exc.to_obj(), nothing()));
        }
        // A naked exception is wrapped.
        let wrapped = wrap_in_group(exc)?;
        crate::traceback::set_from_frame(&wrapped, frame);
        return Ok((wrapped, nothing()));
    }
    if is_group {
        let pair = exc.call_method(intern!("split"), &[match_type])?;
        let Some(t) = pair.downcast::<Tuple>() else {
            bail!(TypeError, "{}.split must return a tuple, not {}", exc.ty().name_str(), pair.ty().name_str());
        };
        if t.len() < 2 {
            bail!(TypeError, "{}.split must return a 2-tuple, got tuple of size {}", exc.ty().name_str(), t.len());
        }
        return Ok((t.item(0).to_obj(), t.item(1).to_obj()));
    }
    Ok((nothing(), exc.to_obj()))
}

general!(WITH_EXCEPT_START(vm, _) {
    let val = vm.obj(1);
    let exit_self = vm.peek(4);
    let tb = exception_traceback(val);
    let tb = tb.as_deref().unwrap_or(none());
    let f = vm.obj(5);
    let all: [*const Object; 4] = [exit_self.ptr(), val.ty().as_object(), val, tb];
    let skip = exit_self.is_null() as usize;
    let r = vectorcall(f, all.as_ptr().add(skip), 4 - skip, None)?;
    vm.push_obj(r);
    Ok(())
});

general!(LOAD_SPECIAL(vm, n) {
    let owner = vm.obj(1);
    let name = special_name(n);
    match owner.lookup_special_method(name)? {
        Some(Method::Unbound(f)) => {
            let receiver = vm.tos();
            vm.put(1, StackRef::steal(f));
            vm.push(receiver);
        }
        Some(Method::Bound(f)) => {
            vm.finish(1, f);
            vm.push(StackRef::NULL);
        }
        None => return Err(no_special(owner, n)),
    }
    Ok(())
});

fn special_name(n: usize) -> &'static Object {
    match n {
        0 => intern!("__enter__"),
        1 => intern!("__exit__"),
        2 => intern!("__aenter__"),
        _ => intern!("__aexit__"),
    }
}

#[cold]
fn no_special(owner: &Object, n: usize) -> Raised {
    let ty = owner.ty();
    let is_async = n >= 2;
    let has = |a: &Object, b: &Object| ty.lookup(a).is_some() && ty.lookup(b).is_some();
    let other = if is_async {
        has(intern!("__enter__"), intern!("__exit__"))
    } else {
        has(intern!("__aenter__"), intern!("__aexit__"))
    };
    let name = ty.name_str();
    let missed = SPECIAL_METHODS.get(n).copied().unwrap_or("?");
    let kind = if is_async { "asynchronous context manager" } else { "context manager" };
    let mut text = format!("'{name}' object does not support the {kind} protocol (missed {missed} method)");
    if other {
        text.push_str(if is_async {
            " but it supports the context manager protocol. Did you mean to use 'with'?"
        } else {
            " but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?"
        });
    }
    raise!(TypeError, "{text}")
}
