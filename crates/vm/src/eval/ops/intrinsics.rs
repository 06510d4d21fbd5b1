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
    if !orig.ty().is_subtype(exceptions::BaseExceptionGroup) {
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
    let projected = project_group(orig, &reraised)?;
    if raised.is_empty() {
        return Ok(projected.unwrap_or_else(|| none().to_obj()));
    }
    if let Some(p) = projected {
        raised.push(p);
    }
    if raised.len() == 1 {
        return Ok(raised.swap_remove(0));
    }
    let list = List::from_vec(raised);
    exceptions::ExceptionGroup.as_object().call(&[&Str::from_utf8(""), &list]).or_else(|e| {
        e.clear();
        exceptions::BaseExceptionGroup.as_object().call(&[&Str::from_utf8(""), &list])
    })
}

/// Whether a group is part of `orig`: splitting keeps notes, traceback, cause and context.
fn same_exception_metadata(a: &Object, b: &Object) -> bool {
    let same = |x: Option<Obj>, y: Option<Obj>| match (x, y) {
        (Some(x), Some(y)) => x.is(&y),
        (None, None) => true,
        _ => false,
    };
    a.ty().is_subtype(exceptions::BaseExceptionGroup)
        && same(exception_notes(a), exception_notes(b))
        && same(exception_traceback(a), exception_traceback(b))
        && same(exception_cause(a), exception_cause(b))
        && same(exception_context(a), exception_context(b))
}

/// The part of `orig` whose leaves are those of `keep`, with the nesting of `orig`.
fn project_group(orig: &Object, keep: &[Obj]) -> PyResult<Option<Obj>> {
    if keep.is_empty() {
        return Ok(None);
    }
    let ids = new_set()?;
    for e in keep {
        collect_leaf_ids(e, &ids)?;
    }
    split_by_ids(orig, &ids)
}

fn collect_leaf_ids(e: &Object, ids: &Object) -> PyResult<()> {
    taipan_object::thread::check_recursion(" in collect_exception_group_leaf_ids")?;
    if e.is_none() {
        return Ok(());
    }
    if !e.ty().is_subtype(exceptions::BaseExceptionGroup) {
        return set_add(ids, &new_int(e.as_ptr() as usize as i64));
    }
    for inner in group_exceptions(e)?.cast::<Tuple>().items() {
        collect_leaf_ids(inner, ids)?;
    }
    Ok(())
}

fn group_exceptions(e: &Object) -> PyResult {
    let t = e.get_attr(intern!("exceptions"))?;
    if t.downcast::<Tuple>().is_none() {
        bail!(TypeError, "exceptions must be a tuple, not {}", t.ty().name_str());
    }
    Ok(t)
}

fn split_by_ids(e: &Object, ids: &Object) -> PyResult<Option<Obj>> {
    taipan_object::thread::check_recursion(" in exceptiongroup_split_recursive")?;
    if !e.ty().is_subtype(exceptions::BaseExceptionGroup) {
        let found = set_contains(ids, &new_int(e.as_ptr() as usize as i64))?;
        return Ok(found.then(|| e.to_obj()));
    }
    let inner = group_exceptions(e)?;
    let mut kept = Vec::new();
    for x in inner.cast::<Tuple>().items() {
        if let Some(k) = split_by_ids(x, ids)? {
            kept.push(k);
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let list = List::from_vec(kept);
    let g = e.call_method(intern!("derive"), &[&list])?;
    if !g.ty().is_subtype(exceptions::BaseExceptionGroup) {
        bail!(TypeError, "derive must return an instance of BaseExceptionGroup");
    }
    if let Some(tb) = exception_traceback(e) {
        g.set_attr(intern!("__traceback__"), &tb)?;
    }
    set_context(&g, exception_context(e));
    set_cause(&g, exception_cause(e));
    if let Some(n) = exception_notes(e) {
        let copy = n.to_list()?;
        g.set_attr(intern!("__notes__"), &copy)?;
    }
    Ok(Some(g))
}
