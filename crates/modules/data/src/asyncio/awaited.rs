//! What awaits a future: the iterator that `await` drives, and the record of who awaits whom.

use super::future::{FUTURE_TYPE, Future, State};
use crate::support::{none, self_iter, visit_fields};
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::error::to_iternext;
use taipan_object::typeobj::slots::{AsyncMethods, Slot, VisitProc};
use taipan_object::types::exceptions::{self, BaseException};
use taipan_object::types::set::Set;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Type, TypeDef, bail, error, flags, layout, method, methods, raise,
};

#[repr(C)]
struct FutureIter {
    ob_base: Object,
    /// Empty once the outcome was handed out.
    future: ObjCell,
}
layout!(FutureIter, FUTURE_ITER_TYPE);

/// `__iter__` and `__await__`.
pub extern "C" fn future_iter(o: &Object) -> PyResult {
    o.cast::<Future>().alive()?;
    Ok(new_object(FutureIter { ob_base: Object::placeholder(), future: ObjCell::new(o.to_obj()) }).into_obj())
}

/// One step: the future itself while it is pending (`Ok(Ok)`), then its result (`Ok(Err)`); nothing after that.
fn step(it: &FutureIter) -> PyResult<Option<Result<Obj, Obj>>> {
    let Some(o) = it.future.get_owned() else { return Ok(None) };
    let f: &Future = o.cast();
    if f.state.get() == State::Pending {
        if f.blocking.get() {
            bail!(RuntimeError, "await wasn't used with future");
        }
        f.blocking.set(true);
        return Ok(Some(Ok(o)));
    }
    it.future.set(None);
    f.result().map(|v| Some(Err(v)))
}

extern "C" fn iter_next(o: &Object) -> Option<Obj> {
    to_iternext(match step(o.cast()) {
        Ok(Some(Ok(f))) => Ok(Some(f)),
        Ok(Some(Err(v))) if v.is_none() => Ok(None),
        Ok(Some(Err(v))) => Err(exceptions::stop_iteration(&v)),
        Ok(None) => Ok(None),
        Err(e) => Err(e),
    })
}

extern "C" fn iter_send(o: &Object, _: &Object, out: &mut Option<Obj>) -> c_int {
    match step(o.cast()) {
        Ok(Some(Ok(f))) => {
            *out = Some(f);
            1
        }
        Ok(Some(Err(v))) => {
            *out = Some(v);
            0
        }
        Ok(None) => {
            *out = Some(none());
            0
        }
        Err(_) => -1,
    }
}

/// Go on; the value does not matter.
#[method(signature = "(value, /)", text = false)]
fn send(this: &FutureIter, value: &Object) -> PyResult {
    let _ = value;
    match step(this)? {
        Some(Ok(f)) => Ok(f),
        Some(Err(v)) => Err(exceptions::stop_iteration(&v)),
        None => Err(exceptions::stop_iteration(taipan_object::types::none::none())),
    }
}

/// Raise an exception where the future is awaited.
#[method(signature = "(type, value=None, traceback=None, /)", text = false)]
fn throw(this: &FutureIter, class: &Object, value: Option<&Object>, traceback: Option<&Object>) -> PyResult {
    if value.is_some() || traceback.is_some() {
        let text = "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.";
        (taipan_object::hooks::get().warn)(exceptions::DeprecationWarning, text, 1)?;
    }
    if traceback.is_some_and(|t| t.ty().name_str() != "traceback") {
        bail!(TypeError, "throw() third argument must be a traceback");
    }
    this.future.set(None);
    let exc = if class.downcast::<Type>().is_some_and(|t| t.has_flag(flags::BASE_EXC_SUBCLASS)) {
        match value {
            Some(v) if v.downcast::<BaseException>().is_some() => v.to_obj(),
            Some(v) => class.call_one(v)?,
            None => class.call_noargs()?,
        }
    } else if class.downcast::<BaseException>().is_some() {
        if value.is_some() {
            bail!(TypeError, "instance exception may not have a separate value");
        }
        class.to_obj()
    } else {
        bail!(
            TypeError,
            "exceptions must be classes deriving BaseException or instances of such a class, not '{}'",
            class.ty().name_str()
        );
    };
    let Some(base) = exc.downcast::<BaseException>() else { return Err(not_an_exception()) };
    if let Some(t) = traceback {
        base.traceback.set(Some(t.to_obj()));
    }
    Err(error::restore(exc))
}

#[cold]
fn not_an_exception() -> Raised {
    raise!(TypeError, "exceptions must derive from BaseException")
}

/// Forget the future.
#[method(text = false)]
fn close(this: &FutureIter) {
    this.future.set(None);
}

extern "C" fn iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<FutureIter>().future], visit, arg)
}
extern "C" fn iter_clear(o: &Object) -> c_int {
    o.cast::<FutureIter>().future.set(None);
    0
}

static AS_ASYNC: AsyncMethods = AsyncMethods { send: Slot::new(iter_send), ..AsyncMethods::EMPTY };

pub static FUTURE_ITER_TYPE: Type = Type::new_static(TypeDef {
    name: c"_asyncio.FutureIter",
    basicsize: size_of::<FutureIter>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    as_async: Some(&AS_ASYNC),
    dealloc: Some(dealloc_of::<FutureIter>),
    traverse: Some(iter_traverse),
    clear: Some(iter_clear),
    iter: Some(self_iter),
    iternext: Some(iter_next),
    methods: methods![send, throw, close],
    ..TypeDef::EMPTY
});

/// Whether it is a native future or task.
fn native(o: &Object) -> Option<&Future> {
    o.ty().is_subtype(&FUTURE_TYPE).then(|| o.cast())
}

/// Notes that `waiter` awaits `future`, if both are native.
pub fn add(future: &Object, waiter: &Object) -> PyResult<()> {
    let (Some(f), Some(_)) = (native(future), native(waiter)) else { return Ok(()) };
    match f.awaited_by.get_owned() {
        None => f.awaited_by.set(Some(waiter.to_obj())),
        Some(now) if now.is(waiter) => {}
        Some(now) => match now.downcast_exact::<Set>() {
            Some(set) => set.add(waiter)?,
            None => {
                let set = Set::new();
                set.add(&now)?;
                set.add(waiter)?;
                f.awaited_by.set(Some(set.into_obj()));
            }
        },
    }
    Ok(())
}

/// Notes that it no longer does.
pub fn discard(future: &Object, waiter: &Object) -> PyResult<()> {
    let (Some(f), Some(_)) = (native(future), native(waiter)) else { return Ok(()) };
    match f.awaited_by.get_owned() {
        Some(now) if now.is(waiter) => f.awaited_by.set(None),
        Some(now) => {
            if let Some(set) = now.downcast_exact::<Set>() {
                set.discard(waiter)?;
            }
        }
        None => {}
    }
    Ok(())
}

/// `_asyncio_awaited_by`: a frozen set, or nothing.
pub fn get_awaited_by(f: &Future) -> PyResult<Option<Obj>> {
    let Some(now) = f.awaited_by.get_owned() else { return Ok(None) };
    let all = match now.downcast_exact::<Set>() {
        Some(set) if set.is_empty() => return Ok(None),
        Some(set) => Set::frozen_from_iterable(set)?,
        None => {
            let list = taipan_object::types::list::List::from_vec(vec![now.clone()]);
            Set::frozen_from_iterable(&list)?
        }
    };
    Ok(Some(all.into_obj()))
}
