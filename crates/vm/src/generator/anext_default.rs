//! The awaitable of `anext(iterator, default)`: what the iterator's own gives, or the default when the iteration is over.

use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::error::to_iternext;
use taipan_object::protocol::iter::self_iter;
use taipan_object::typeobj::slots::{AsyncMethods, Slot, VisitProc};
use taipan_object::types::exceptions;
use taipan_object::types::none;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Type, TypeDef, bail, flags, intern, layout, method, methods,
};

/// `anext_awaitable`.
#[repr(C)]
pub struct AnextDefault {
    ob_base: Object,
    wrapped: ObjCell,
    default: ObjCell,
}
layout!(AnextDefault, _PyAnextAwaitable_Type);

/// An awaitable around `awaitable`.
pub fn new(awaitable: Obj, default: Obj) -> Obj {
    new_object(AnextDefault {
        ob_base: Object::placeholder(),
        wrapped: ObjCell::new(awaitable),
        default: ObjCell::new(default),
    })
    .into_obj()
}

impl AnextDefault {
    /// The iterator behind the wrapped awaitable.
    fn iterator(&self) -> PyResult {
        let w = self.wrapped.get_owned().unwrap_or_else(none::none_obj);
        let it = super::awaitable_iter(&w)?;
        if it.ty().name_str() == "coroutine" {
            let Some(f) = it.ty().async_().and_then(|a| a.await_.get()) else {
                bail!(TypeError, "__await__() returned non-iterator of type '{}'", it.ty().name_str());
            };
            return f(&it);
        }
        Ok(it)
    }

    /// `StopAsyncIteration` becomes the default, as the value of a `StopIteration`.
    fn finish(&self, e: Raised) -> Raised {
        if !e.matches(exceptions::StopAsyncIteration) {
            return e;
        }
        e.clear();
        exceptions::stop_iteration(self.default.get().unwrap_or(none::none()))
    }

    fn proxy(&self, name: &Object, args: &[&Object]) -> PyResult {
        let it = self.iterator()?;
        it.call_method(name, args).map_err(|e| self.finish(e))
    }
}

extern "C" fn next(o: &Object) -> Option<Obj> {
    let a: &AnextDefault = o.cast();
    to_iternext((|| {
        let it = a.iterator()?;
        let Some(f) = it.ty().iternext.get() else {
            bail!(TypeError, "__await__() returned non-iterator of type '{}'", it.ty().name_str());
        };
        match f(&it) {
            Some(v) => Ok(Some(v)),
            None => match taipan_object::error::occurred() {
                Some(e) => Err(a.finish(e)),
                None => Ok(None),
            },
        }
    })())
}

/// Resume the wrapped awaitable with a value.
#[method(signature = "(value, /)", text = false)]
fn send(this: &AnextDefault, value: &Object) -> PyResult {
    this.proxy(intern!("send"), &[value])
}

/// Raise an exception in the wrapped awaitable.
#[method(signature = "(*args)", text = false)]
fn throw(this: &AnextDefault, args: &[&Object]) -> PyResult {
    this.proxy(intern!("throw"), args)
}

/// Close the wrapped awaitable.
#[method(signature = "()", text = false)]
fn close(this: &AnextDefault) -> PyResult {
    this.proxy(intern!("close"), &[])
}

extern "C" fn traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let a: &AnextDefault = o.cast();
    taipan_object::visit!(a.wrapped, visit, arg);
    taipan_object::visit!(a.default, visit, arg);
    0
}

static AS_ASYNC: AsyncMethods = AsyncMethods { await_: Slot::new(self_iter), ..AsyncMethods::EMPTY };

#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, missing_docs)]
pub static _PyAnextAwaitable_Type: Type = Type::new_static(TypeDef {
    name: c"anext_awaitable",
    basicsize: size_of::<AnextDefault>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<AnextDefault>),
    as_async: Some(&AS_ASYNC),
    traverse: Some(traverse),
    iter: Some(self_iter),
    iternext: Some(next),
    methods: methods![send, throw, close],
    ..TypeDef::EMPTY
});
