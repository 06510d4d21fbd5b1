//! `send`, `throw`, `close` and the type `generator`.

use super::{AsyncGen, Coroutine, Generator, Sent, any_generator, may_close_quietly, state, yield_from};
use crate::frame::{self, object};
use crate::traceback::Traceback;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_object::args::Given;
use taipan_object::error::{self, to_iternext};
use taipan_object::header::Layout;
use taipan_object::typeobj::heap::call_finalizer_from_dealloc;
use taipan_object::typeobj::slots::{AsyncMethods, Slot, VisitProc};
use taipan_object::types::exceptions;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::{
    Obj, Object, PyResult, Thread, Type, TypeDef, alloc, bail, classmethod, flags, gc, getset, getsets, intern, method,
    methods,
};

impl Generator {
    /// `send(value)` with the result of the body as a `StopIteration`.
    pub fn send(&self, value: Option<&Object>) -> PyResult {
        self.as_call(self.resume(value, false))
    }

    fn as_call(&self, r: PyResult<Sent>) -> PyResult {
        match r? {
            Sent::Yielded(v) => Ok(v),
            Sent::Returned(v) => {
                if self.is_exact(AsyncGen::type_object()) {
                    return Err(error::raise_empty(exceptions::StopAsyncIteration));
                }
                Err(exceptions::stop_iteration(&v))
            }
        }
    }

    /// Raises the current exception where the generator stands.
    fn throw_current(&self) -> PyResult {
        self.as_call(self.resume(None, true))
    }

    /// Runs `f`, which drives what this generator delegates to, as if the generator were running.
    fn as_running<R>(&self, f: impl FnOnce() -> R) -> R {
        let ts = Thread::current();
        let old = self.frame_state.replace(state::EXECUTING);
        let previous = ts.current_frame.get();
        // SAFETY: the frame is suspended, and off the chain again before anybody resumes it.
        unsafe {
            (*self.frame()).previous = previous.cast();
            ts.current_frame.set(self.frame().cast());
            let r = f();
            ts.current_frame.set(previous);
            (*self.frame()).previous = std::ptr::null_mut();
            self.frame_state.set(old);
            r
        }
    }

    /// `throw(type, value, traceback)`; `close_on_exit`: `GeneratorExit` closes what is delegated to.
    pub fn throw(&self, close_on_exit: bool, typ: &Object, val: Option<&Object>, tb: Option<&Object>) -> PyResult {
        if let Some(inner) = yield_from(self).map(|y| y.to_obj()) {
            if close_on_exit && (is_exit_class(typ) || typ.ty().is_subtype(exceptions::GeneratorExit)) {
                let r = self.as_running(|| close_iter(&inner));
                drop(inner);
                if r.is_err() {
                    return self.throw_current();
                }
                return self.throw_here(typ, val, tb);
            }
            let r = if let Some(g) = any_generator(&inner) {
                self.as_running(|| g.throw(close_on_exit, typ, val, tb))
            } else {
                let Some(m) = inner.get_attr_opt(intern!("throw"))? else {
                    return self.throw_here(typ, val, tb);
                };
                let mut args = vec![typ];
                if val.is_some() || tb.is_some() {
                    args.push(val.unwrap_or(none()));
                }
                args.extend(tb);
                self.as_running(|| m.call(&args))
            };
            drop(inner);
            return match r {
                Ok(v) => Ok(v),
                Err(_) => self.throw_current(),
            };
        }
        self.throw_here(typ, val, tb)
    }

    fn throw_here(&self, typ: &Object, val: Option<&Object>, tb: Option<&Object>) -> PyResult {
        let tb = tb.filter(|t| !t.is_none());
        if tb.is_some_and(|t| t.downcast_exact::<Traceback>().is_none()) {
            bail!(TypeError, "throw() third argument must be a traceback object");
        }
        let val = val.filter(|v| !v.is_none());
        let exc = if crate::support::is_exception_class(typ) {
            match instantiate(typ, val) {
                Ok(exc) => exc,
                // What goes wrong in making the exception comes up in the generator in its place.
                Err(_) => return self.throw_current(),
            }
        } else if crate::support::is_exception(typ) {
            if val.is_some() {
                bail!(TypeError, "instance exception may not have a separate value");
            }
            typ.to_obj()
        } else {
            bail!(
                TypeError,
                "exceptions must be classes or instances deriving from BaseException, not {}",
                typ.ty().name_str()
            );
        };
        if !crate::support::is_exception(&exc) {
            bail!(
                TypeError,
                "calling {} should have returned an instance of BaseException, not {}",
                typ.repr()?.display(),
                exc.ty().name_str()
            );
        }
        if let Some(tb) = tb {
            crate::support::set_traceback(&exc, Some(tb.to_obj()));
        }
        let _ = error::restore(exc);
        self.throw_current()
    }

    /// `close()`.
    pub fn close(&self) -> PyResult {
        if self.frame_state.get() == state::CREATED {
            self.abandon();
            return Ok(none().to_obj());
        }
        if self.is_finished() {
            return Ok(none().to_obj());
        }
        let mut failed = false;
        if let Some(inner) = yield_from(self).map(|y| y.to_obj()) {
            failed = self.as_running(|| close_iter(&inner)).is_err();
        }
        if !failed && self.is_suspended() && may_close_quietly(self) && !crate::instrument::watches_unwinding() {
            self.abandon();
            return Ok(none().to_obj());
        }
        if !failed {
            let _ = error::raise_empty(exceptions::GeneratorExit);
        }
        match self.resume(None, true) {
            Ok(Sent::Returned(v)) => Ok(v),
            Ok(Sent::Yielded(_)) => bail!(RuntimeError, "{} ignored GeneratorExit", self.kind()),
            Err(e) if e.matches(exceptions::StopIteration) || e.matches(exceptions::GeneratorExit) => {
                e.clear();
                Ok(none().to_obj())
            }
            Err(e) => Err(e),
        }
    }

    /// Releases the frame of a generator that will not run again.
    fn abandon(&self) {
        let keep = self.to_obj();
        self.frame_state.set(state::CLEARED);
        // SAFETY: the frame is not running.
        unsafe { frame::clear(self.frame()) };
        self.exc_state.exc_value.set(None);
        drop(keep);
    }
}

/// An exception of class `typ` from the value given with it.
fn instantiate(typ: &Object, val: Option<&Object>) -> PyResult {
    let exc = match val {
        Some(v) if crate::support::is_exception(v) && v.ty().is_subtype(typ.cast()) => v.to_obj(),
        Some(v) => match v.downcast::<taipan_object::types::tuple::Tuple>() {
            Some(t) => typ.call_tuple(t, None)?,
            None => typ.call_one(v)?,
        },
        None => typ.call_noargs()?,
    };
    if !crate::support::is_exception(&exc) {
        bail!(
            TypeError,
            "calling {} should have returned an instance of BaseException, not {}",
            typ.repr()?.display(),
            exc.ty().name_str()
        );
    }
    Ok(exc)
}

fn is_exit_class(typ: &Object) -> bool {
    typ.downcast::<Type>().is_some_and(|t| t.is_subtype(exceptions::GeneratorExit))
}

/// Closes what a generator delegates to.
fn close_iter(inner: &Object) -> PyResult<()> {
    if let Some(g) = any_generator(inner) {
        return g.close().map(drop);
    }
    match inner.get_attr_opt(intern!("close")) {
        Ok(Some(m)) => m.call_noargs().map(drop),
        Ok(None) => Ok(()),
        Err(e) => {
            error::unraisable_while(e, "closing generator", inner);
            Ok(())
        }
    }
}

/// `tp_finalize`: closes the generator; coroutines that were never awaited are warned about.
pub fn finalize(g: &Generator) {
    if g.is_finished() || g.frame_state.get() == state::EXECUTING {
        return;
    }
    let ts = Thread::current();
    let saved = ts.current_exception.take();
    if g.is_exact(AsyncGen::type_object())
        && let Some(hook) = g.origin_or_finalizer.get_owned()
        && !g.closed.get()
    {
        if let Err(e) = hook.call_one(g) {
            error::unraisable_while(e, "finalizing generator", g);
        }
    } else if g.is_exact(Coroutine::type_object()) && g.frame_state.get() == state::CREATED {
        super::coroutine::warn_unawaited(g);
        g.abandon();
    } else if let Err(e) = g.close() {
        error::unraisable_while(e, "closing generator", g);
    }
    ts.current_exception.set(saved);
}

/// The finaliser slot.
pub extern "C" fn generator_finalize(o: &Object) {
    // SAFETY: the three types have this layout.
    finalize(unsafe { o.cast_unchecked() });
}

/// # Safety
/// The destructor contract.
pub unsafe extern "C" fn generator_dealloc(o: NonNull<Object>) {
    // SAFETY: the object is dead unless the finaliser revives it; its parts are released once.
    unsafe {
        let g: &Generator = o.as_ref().cast_unchecked();
        gc::untrack(o.as_ref());
        if !g.weakreflist.get().is_null() {
            taipan_object::types::weakref::clear_all(o.as_ref());
        }
        // A finished one has nothing left to finalise.
        if !g.is_finished() {
            gc::track(o.as_ref());
            if !call_finalizer_from_dealloc(o.as_ref()) {
                return;
            }
            gc::untrack(o.as_ref());
        }
        g.origin_or_finalizer.set(None);
        if g.frame_state.get() != state::CLEARED {
            g.frame_state.set(state::CLEARED);
            frame::clear(g.frame());
        }
        (*g.frame()).executable.close();
        g.exc_state.exc_value.set(None);
        g.name.set(None);
        g.qualname.set(None);
        alloc::free_object(o.as_ptr().cast());
    }
}

/// Shows the collector what the generator holds. A running one is left alone: its frame's values are on no list.
pub extern "C" fn generator_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    // SAFETY: the three types have this layout.
    let g: &Generator = unsafe { o.cast_unchecked() };
    for field in [&g.name, &g.qualname, &g.origin_or_finalizer, &g.exc_state.exc_value] {
        if let Some(v) = field.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    if g.frame_state.get() < state::EXECUTING {
        // SAFETY: suspended, its stack pointer is right.
        unsafe {
            if let Some(fo) = (*g.frame()).frame_obj.as_ref() {
                let r = visit(fo, arg);
                if r != 0 {
                    return r;
                }
            }
            return object::traverse(g.frame(), visit, arg);
        }
    }
    0
}

/// `tp_iternext`.
pub extern "C" fn generator_iternext(o: &Object) -> Option<Obj> {
    // SAFETY: as above.
    let g: &Generator = unsafe { o.cast_unchecked() };
    to_iternext(match g.resume(None, false) {
        Ok(Sent::Yielded(v)) => Ok(Some(v)),
        Ok(Sent::Returned(v)) => {
            if v.is_none() {
                Ok(None)
            } else {
                Err(exceptions::stop_iteration(&v))
            }
        }
        Err(e) => Err(e),
    })
}

/// `am_send`.
pub extern "C" fn generator_am_send(o: &Object, v: &Object, out: &mut Option<Obj>) -> c_int {
    // SAFETY: as above.
    let g: &Generator = unsafe { o.cast_unchecked() };
    match g.resume(Some(v), false) {
        Ok(Sent::Yielded(v)) => {
            *out = Some(v);
            1
        }
        Ok(Sent::Returned(v)) => {
            *out = Some(v);
            0
        }
        Err(_) => {
            *out = None;
            -1
        }
    }
}

/// `iter(self)` is `self`.
pub extern "C" fn own_iter(o: &Object) -> PyResult {
    Ok(o.to_obj())
}

pub(super) fn repr_as(kind: &str, o: &Object) -> PyResult {
    // SAFETY: as above.
    let g: &Generator = unsafe { o.cast_unchecked() };
    let name = g.qualname.get().map_or(String::new(), |n| n.cast::<Str>().display().to_string());
    Ok(Str::from_utf8(&format!("<{kind} object {name} at {:p}>", o)).into_obj())
}

extern "C" fn generator_repr(o: &Object) -> PyResult {
    repr_as("generator", o)
}

/// The shared part of the three `throw` methods.
pub(super) fn throw_method(g: &Generator, typ: &Object, val: Given<&Object>, tb: Given<&Object>) -> PyResult {
    if val.0.is_some() {
        (taipan_object::hooks::get().warn)(
            exceptions::DeprecationWarning,
            "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.",
            1,
        )?;
    }
    g.throw(true, typ, val.0, tb.0)
}

/// Resume the generator, giving the value to its yield expression.
#[method(signature = "(value, /)", text = false)]
fn send(this: &Generator, value: &Object) -> PyResult {
    this.send(Some(value))
}

/// Raise an exception where the generator is suspended and return what it yields next.
#[method(signature = "(typ, val=None, tb=None, /)", text = false)]
fn throw(this: &Generator, typ: &Object, val: Given<&Object>, tb: Given<&Object>) -> PyResult {
    throw_method(this, typ, val, tb)
}

/// Raise GeneratorExit where the generator is suspended.
#[method(signature = "()", text = false)]
fn close(this: &Generator) -> PyResult {
    this.close()
}

/// Return the size in memory, in bytes.
#[method(signature = "()", name = "__sizeof__", text = false)]
pub(super) fn generator_sizeof(this: &Object) -> usize {
    // SAFETY: the three types have this layout.
    let g: &Generator = unsafe { this.cast_unchecked() };
    offset_of!(Generator, iframe) + code_of(g).map_or(88, |c| c.framesize() * 8)
}

/// See PEP 585.
#[classmethod(signature = "(item, /)", name = "__class_getitem__", text = false)]
pub(super) fn class_getitem(cls: &Type, item: &Object) -> PyResult {
    taipan_object::types::generic_alias::new(cls.as_object(), item)
}

fn code_of(g: &Generator) -> Option<&crate::code::CodeObject> {
    // SAFETY: the frame keeps its code as long as the generator lives.
    unsafe { (*g.frame()).executable.get().map(|c| c.cast_unchecked()) }
}

/// Attributes common to the three types, on their shared layout.
pub(super) mod attrs {
    use super::*;
    fn cast(o: &Object) -> &Generator {
        // SAFETY: the three types have this layout.
        unsafe { o.cast_unchecked() }
    }
    pub fn get_name(o: &Object) -> Option<Obj> {
        cast(o).name.get_owned()
    }
    pub fn set_name(o: &Object, v: Option<&Object>) -> PyResult<()> {
        let Some(v) = v.filter(|v| v.downcast::<Str>().is_some()) else {
            bail!(TypeError, "__name__ must be set to a string object");
        };
        cast(o).name.set(Some(v.to_obj()));
        Ok(())
    }
    pub fn get_qualname(o: &Object) -> Option<Obj> {
        cast(o).qualname.get_owned()
    }
    pub fn set_qualname(o: &Object, v: Option<&Object>) -> PyResult<()> {
        let Some(v) = v.filter(|v| v.downcast::<Str>().is_some()) else {
            bail!(TypeError, "__qualname__ must be set to a string object");
        };
        cast(o).qualname.set(Some(v.to_obj()));
        Ok(())
    }
    pub fn get_yieldfrom(o: &Object) -> Option<Obj> {
        yield_from(cast(o)).map(|y| y.to_obj())
    }
    pub fn get_running(o: &Object) -> bool {
        cast(o).frame_state.get() == state::EXECUTING
    }
    pub fn get_suspended(o: &Object) -> bool {
        cast(o).is_suspended()
    }
    pub fn get_frame(o: &Object) -> Option<Obj> {
        let g = cast(o);
        (!g.is_finished()).then(|| frame::frame_object(g.frame()).into_obj())
    }
    pub fn get_code(o: &Object) -> Option<Obj> {
        code_of(cast(o)).map(|c| c.to_obj())
    }
}

static AS_ASYNC: AsyncMethods = AsyncMethods { send: Slot::new(generator_am_send), ..AsyncMethods::EMPTY };

/// `tp_basicsize` of the three types: the frame's first slot is counted as an item.
pub(super) const BASICSIZE: usize = size_of::<Generator>() - 8;

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `types.GeneratorType`.
pub static PyGen_Type: Type = Type::new_static(TypeDef {
    name: c"generator",
    basicsize: BASICSIZE,
    itemsize: 8,
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(generator_dealloc),
    as_async: Some(&AS_ASYNC),
    repr: Some(generator_repr),
    traverse: Some(generator_traverse),
    weaklistoffset: offset_of!(Generator, weakreflist) as isize,
    iter: Some(own_iter),
    iternext: Some(generator_iternext),
    methods: methods![send, throw, close, generator_sizeof, class_getitem],
    getset: getsets![
        getset!(c"__name__", attrs::get_name, attrs::set_name),
        getset!(c"__qualname__", attrs::get_qualname, attrs::set_qualname),
        getset!(c"gi_yieldfrom", attrs::get_yieldfrom),
        getset!(c"gi_running", attrs::get_running),
        getset!(c"gi_frame", attrs::get_frame),
        getset!(c"gi_suspended", attrs::get_suspended),
        getset!(c"gi_code", attrs::get_code),
    ],
    finalize: Some(generator_finalize),
    ..TypeDef::EMPTY
});
