//! Small things that the evaluation loop needs and that belong to no instruction.

use crate::code::CodeObject;
use taipan_bytecode::code::kinds;
use taipan_object::error;
use taipan_object::types::bool_;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::{self, BaseException};
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::set::{FrozenSet, Set};
use taipan_object::types::slice::Slice;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::{PyTuple_Type, Tuple};
use taipan_object::{Obj, Object, PyResult, Raised, Thread, intern, raise};

/// `True`.
#[inline(always)]
pub fn true_() -> &'static Object {
    bool_::true_()
}
/// `False`.
#[inline(always)]
pub fn false_() -> &'static Object {
    bool_::false_()
}
/// `True` or `False`.
#[inline(always)]
pub fn bool_object(b: bool) -> &'static Object {
    if b { bool_::true_() } else { bool_::false_() }
}
/// A small int, `0..=255`.
#[inline(always)]
pub fn small_int(n: usize) -> &'static Object {
    Int::small_borrowed((n & 255) as i64)
}
/// A new int. Not inlined: handlers must not get its local variables.
#[inline(never)]
pub fn new_int(n: i64) -> Obj {
    Int::from_i64(n).into_obj()
}
/// `slice(start, stop, step)`.
pub fn new_slice(start: &Object, stop: &Object, step: &Object) -> Obj {
    Slice::new(start, stop, step).into_obj()
}
/// An empty set.
pub fn new_set() -> PyResult {
    Ok(Set::new().into_obj())
}
/// `set.add`.
pub fn set_add(set: &Object, item: &Object) -> PyResult<()> {
    match set.downcast::<Set>() {
        Some(s) => s.add(item),
        None => taipan_object::bail!(TypeError, "'{}' object is not a set", set.ty().name_str()),
    }
}
/// `item in set`.
pub fn set_contains(set: &Object, item: &Object) -> PyResult<bool> {
    taipan_object::types::set::has(set.cast::<Set>(), item)
}
/// A frozenset of items.
pub fn new_frozenset(items: Vec<Obj>) -> PyResult {
    FrozenSet::from_items(&items).map(|s| s.into_obj())
}
/// `list.extend`.
pub fn list_extend(list: &List, iterable: &Object) -> PyResult<()> {
    list.extend_from(iterable)
}
/// Whether unpacking errors tell the length of this kind of container.
pub fn is_plain_container(o: &Object) -> bool {
    o.downcast_exact::<List>().is_some()
        || o.downcast_exact::<Tuple>().is_some()
        || o.downcast_exact::<Dict>().is_some()
}

/// `mapping[key]`, or nothing if there is no such key.
#[inline]
pub fn mapping_get_opt(mapping: &Object, key: &Object) -> PyResult<Option<Obj>> {
    if let Some(d) = mapping.downcast_exact::<Dict>() {
        return d.get_item(key);
    }
    match mapping.get_item(key) {
        Ok(v) => Ok(Some(v)),
        Err(e) => e.recover(exceptions::KeyError, None),
    }
}

/// The objects that `LOAD_COMMON_CONSTANT` loads.
pub fn common_constant(n: usize) -> PyResult {
    Ok(match n {
        0 => exceptions::AssertionError.to_obj(),
        1 => exceptions::NotImplementedError.to_obj(),
        2 => PyTuple_Type.to_obj(),
        _ => {
            let (name, key) = if n == 3 { (intern!("all"), "builtins.all") } else { (intern!("any"), "builtins.any") };
            // The function as it was at first, whatever a program has put in its place since.
            let interp = Thread::current().interp;
            if let Some(f) = interp.module_state.borrow().get(key) {
                return Ok(f.clone());
            }
            let found = interp.builtins.get_owned().map(|b| mapping_get_opt(&b, name)).transpose()?.flatten();
            let Some(f) = found else { return Err(raise_name_error(name)) };
            interp.module_state.borrow_mut().insert(key, f.clone());
            f
        }
    })
}

/// An attribute of `sys`, if it has it.
pub fn sys_attr(name: &str) -> PyResult<Option<Obj>> {
    match Thread::current().interp.sysdict.get_owned() {
        Some(d) => d.cast::<Dict>().get_str(name),
        None => Ok(None),
    }
}

/// `NameError` for a global name.
#[cold]
pub fn raise_name_error(name: &Object) -> Raised {
    exceptions::name_error(
        exceptions::NameError,
        name,
        &format!("name '{}' is not defined", name.cast::<Str>().display()),
    )
}

/// `UnboundLocalError`.
#[cold]
pub fn raise_unbound_local(name: &Object) -> Raised {
    raise!(
        UnboundLocalError,
        "cannot access local variable '{}' where it is not associated with a value",
        name.cast::<Str>().display()
    )
}

/// The error for an empty cell.
#[cold]
pub fn raise_unbound_deref(code: &CodeObject, i: usize) -> Raised {
    let name = code.localsplus_name(i);
    if code.localsplus_kind(i) & kinds::FREE == 0 {
        return raise_unbound_local(name);
    }
    let text = format!(
        "cannot access free variable '{}' where it is not associated with a value in enclosing scope",
        name.cast::<Str>().display()
    );
    exceptions::name_error(exceptions::NameError, name, &text)
}

/// Whether `o` is a class derived from `BaseException`.
#[inline]
pub fn is_exception_class(o: &Object) -> bool {
    exceptions::is_exception_class(o)
}

/// Whether `o` is an exception.
#[inline]
pub fn is_exception(o: &Object) -> bool {
    o.ty().has_flag(taipan_object::flags::BASE_EXC_SUBCLASS)
}

/// Whether an exception is caught by what stands after `except` (`PyErr_GivenExceptionMatches`).
#[inline]
pub fn given_exception_matches(exc: &Object, target: &Object) -> bool {
    exceptions::given_matches(exc, target)
}

fn base(exc: &Object) -> &BaseException {
    exc.cast()
}

/// `exc.__traceback__`, if not `None`.
pub fn exception_traceback(exc: &Object) -> Option<Obj> {
    base(exc).traceback.get_owned()
}
/// `exc.__cause__`, if not `None`.
pub fn exception_cause(exc: &Object) -> Option<Obj> {
    base(exc).cause.get_owned()
}
/// `exc.__context__`, if not `None`.
pub fn exception_context(exc: &Object) -> Option<Obj> {
    base(exc).context.get_owned()
}
/// `exc.__notes__`, if there are any.
pub fn exception_notes(exc: &Object) -> Option<Obj> {
    base(exc).notes.get_owned()
}

/// Sets `__cause__` (and with it `__suppress_context__`).
pub fn set_cause(exc: &Object, cause: Option<Obj>) {
    base(exc).set_cause(cause);
}
/// Sets `__context__`.
pub fn set_context(exc: &Object, context: Option<Obj>) {
    base(exc).context.set(context);
}
/// Sets `__traceback__`.
pub fn set_traceback(exc: &Object, tb: Option<Obj>) {
    base(exc).traceback.set(tb);
}

/// The value of a `StopIteration`.
pub fn stop_iteration_value(exc: &Object) -> Obj {
    exceptions::stop_iteration_value(exc)
}

/// An `ExceptionGroup` of these exceptions, or a `BaseExceptionGroup` where one of them is no `Exception`.
pub fn make_group(excs: Vec<Obj>) -> PyResult {
    let plain = excs.iter().all(|e| e.ty().is_subtype(exceptions::Exception));
    make_group_of(plain, &List::from_vec(excs))
}

/// The same of one exception, kept in a tuple.
pub fn wrap_in_group(exc: &Object) -> PyResult {
    make_group_of(exc.ty().is_subtype(exceptions::Exception), &Tuple::new(&[exc]))
}

fn make_group_of(plain: bool, excs: &Object) -> PyResult {
    let cls = if plain { exceptions::exception_group_class()? } else { exceptions::BaseExceptionGroup_.to_obj() };
    cls.call(&[&Str::from_utf8(""), excs])
}

/// A `TypeError` with this text, not yet raised.
pub fn raise_text(text: String) -> PyResult {
    exceptions::TypeError.as_object().call_one(&Str::from_utf8(&text))
}

/// Raises `new` with the exception `e`, which is set, as its cause and context (`_PyErr_FormatFromCause`).
pub fn raise_from(e: Raised, new: PyResult) -> Raised {
    let cause = e.take();
    match new {
        Ok(exc) => {
            set_cause(&exc, Some(cause.clone()));
            set_context(&exc, Some(cause));
            error::restore(exc)
        }
        Err(e) => e,
    }
}

/// How a callable is named in errors about its arguments: `module.qualname()`.
pub fn function_str(f: &Object) -> PyResult<String> {
    let Some(qualname) = f.get_attr_opt(intern!("__qualname__"))? else {
        return Ok(f.str()?.display().to_string());
    };
    let qualname = qualname.str()?.display().to_string();
    Ok(match f.get_attr_opt(intern!("__module__"))? {
        Some(m) if !m.is_none() && m.downcast::<Str>().is_none_or(|s| !s.eq_str("builtins")) => {
            format!("{}.{qualname}()", m.str()?.display())
        }
        _ => format!("{qualname}()"),
    })
}
