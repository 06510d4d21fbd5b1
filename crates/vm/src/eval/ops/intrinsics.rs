//! The rare operations behind `CALL_INTRINSIC_1` and `CALL_INTRINSIC_2`.

use super::imports::import_star;
use super::prelude::*;
use crate::function::Function;
use crate::generator::async_gen;
use crate::typing;
use taipan_bytecode::code::flags;
use taipan_bytecode::opcode::intrinsic as i;
use taipan_object::types::exceptions;

general!(CALL_INTRINSIC_1(vm, n) {
    let v = vm.obj(1);
    let r = match n as u32 {
        i::PRINT => print_expression(v)?,
        i::IMPORT_STAR => {
            import_star(vm.frame(), v)?;
            none().to_obj()
        }
        i::STOPITERATION_ERROR => stopiteration_error(vm, v)?,
        i::ASYNC_GEN_WRAP => async_gen::wrap_value(v),
        i::UNARY_POSITIVE => taipan_object::protocol::number::positive(v)?,
        i::LIST_TO_TUPLE => Tuple::from_vec(v.cast_unchecked::<List>().snapshot()).into_obj(),
        i::TYPEVAR => typing::make_typevar(v, None, None)?,
        i::PARAMSPEC => typing::make_paramspec(v)?,
        i::TYPEVARTUPLE => typing::make_typevartuple(v)?,
        i::SUBSCRIPT_GENERIC => typing::subscript_generic(v)?,
        i::TYPEALIAS => typing::make_typealias(v)?,
        _ => bail!(SystemError, "bad intrinsic function {n}"),
    };
    vm.finish(1, r);
    Ok(())
});

general!(CALL_INTRINSIC_2(vm, n) {
    let (a, b) = (vm.obj(2), vm.obj(1));
    let r = match n as u32 {
        i::PREP_RERAISE_STAR => prep_reraise_star(a, b.cast_unchecked::<List>())?,
        i::TYPEVAR_WITH_BOUND => typing::make_typevar(a, Some(b), None)?,
        i::TYPEVAR_WITH_CONSTRAINTS => typing::make_typevar(a, None, Some(b))?,
        i::SET_FUNCTION_TYPE_PARAMS => {
            a.cast_unchecked::<Function>().func_typeparams.set(Some(b.to_obj()));
            a.to_obj()
        }
        i::SET_TYPEPARAM_DEFAULT => typing::set_default(a, b)?,
        _ => bail!(SystemError, "bad intrinsic function {n}"),
    };
    vm.finish(2, r);
    Ok(())
});

/// What an interactive statement does with an expression's value.
fn print_expression(v: &Object) -> PyResult {
    let Some(hook) = sys_attr("displayhook")? else {
        bail!(RuntimeError, "lost sys.displayhook");
    };
    hook.call_one(v)
}

/// A `StopIteration` that leaves a generator's body becomes a `RuntimeError`.
fn stopiteration_error(vm: &Machine, exc: &Object) -> PyResult {
    let co_flags = vm.code().co_flags.get() as u32;
    let message = if exc.ty().is_subtype(exceptions::StopIteration) {
        if co_flags & flags::ASYNC_GENERATOR != 0 {
            Some("async generator raised StopIteration")
        } else if co_flags & flags::COROUTINE != 0 {
            Some("coroutine raised StopIteration")
        } else {
            Some("generator raised StopIteration")
        }
    } else if co_flags & flags::ASYNC_GENERATOR != 0 && exc.ty().is_subtype(exceptions::StopAsyncIteration) {
        Some("async generator raised StopAsyncIteration")
    } else {
        None
    };
    let Some(message) = message else { return Ok(exc.to_obj()) };
    let error = exceptions::RuntimeError.as_object().call_one(&Str::from_utf8(message))?;
    set_cause(&error, Some(exc.to_obj()));
    set_context(&error, Some(exc.to_obj()));
    Ok(error)
}

/// Joins what the `except*` clauses raised and what none of them took into one exception to raise, or `None`.
fn prep_reraise_star(orig: &Object, excs: &List) -> PyResult {
    let excs = excs.snapshot();
    if excs.is_empty() {
        return Ok(none().to_obj());
    }
    if !exceptions::is_group(orig) {
        // A naked exception was wrapped: there is one result only.
        return Ok(excs[0].clone());
    }
    let (mut raised, mut reraised) = (Vec::new(), Vec::new());
    for e in excs {
        if e.is_none() {
            continue;
        }
        if same_exception_metadata(&e, orig) { reraised.push(e) } else { raised.push(e) }
    }
    let mut ids = Vec::new();
    for e in &reraised {
        collect_leaf_ids(e, &mut ids)?;
    }
    let projected = if ids.is_empty() { None } else { exceptions::project(orig, &ids)? };
    if raised.is_empty() {
        return Ok(projected.unwrap_or_else(|| none().to_obj()));
    }
    if let Some(p) = projected {
        raised.push(p);
    }
    if raised.len() == 1 {
        return Ok(raised.swap_remove(0));
    }
    make_group(raised)
}

/// Whether a group is part of `orig`: splitting keeps notes, traceback, cause and context.
fn same_exception_metadata(a: &Object, b: &Object) -> bool {
    let same = |x: Option<Obj>, y: Option<Obj>| match (x, y) {
        (Some(x), Some(y)) => x.is(&y),
        (None, None) => true,
        _ => false,
    };
    exceptions::is_group(a)
        && same(exception_notes(a), exception_notes(b))
        && same(exception_traceback(a), exception_traceback(b))
        && same(exception_cause(a), exception_cause(b))
        && same(exception_context(a), exception_context(b))
}

/// The addresses of the exceptions in a group that are no groups themselves.
fn collect_leaf_ids(e: &Object, ids: &mut Vec<usize>) -> PyResult<()> {
    taipan_object::thread::check_recursion(" in collect_exception_group_leaf_ids")?;
    if !exceptions::is_group(e) {
        ids.push(e.as_ptr() as usize);
        return Ok(());
    }
    for inner in exceptions::exceptions_of(e).items() {
        collect_leaf_ids(inner, ids)?;
    }
    Ok(())
}
