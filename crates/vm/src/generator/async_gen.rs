//! Async generators and the awaitables that drive them: `__anext__`/`asend`, `athrow`/`aclose`.

use super::methods::{
    BASICSIZE, attrs, class_getitem, generator_dealloc, generator_finalize, generator_sizeof, generator_traverse,
    own_iter, repr_as,
};
use super::{AsyncGen, Generator};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::Given;
use taipan_object::error::{self, to_iternext};
use taipan_object::typeobj::slots::{AsyncMethods, Slot, VisitProc};
use taipan_object::types::exceptions;
use taipan_object::types::none::none;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Thread, Type, TypeDef, bail, flags, getset, getsets, layout, method,
    methods,
};

/// A value that an async generator yields, told from what it awaits.
#[repr(C)]
pub struct WrappedValue {
    ob_base: Object,
    value: ObjCell,
}
layout!(WrappedValue, _PyAsyncGenWrappedValue_Type);

/// Wraps a value to be yielded.
pub fn wrap_value(v: &Object) -> Obj {
    new_object(WrappedValue { ob_base: Object::placeholder(), value: ObjCell::new(v.to_obj()) }).into_obj()
}

const INIT: u8 = 0;
const ITER: u8 = 1;
const CLOSED: u8 = 2;

/// What `__anext__()` and `asend()` give.
#[repr(C)]
pub struct ASend {
    ob_base: Object,
    generator: ObjCell,
    value: ObjCell,
    state: Cell<u8>,
}
layout!(ASend, _PyAsyncGenASend_Type);

/// What `athrow()` and `aclose()` (which has no exception) give.
#[repr(C)]
pub struct AThrow {
    ob_base: Object,
    generator: ObjCell,
    typ: ObjCell,
    val: ObjCell,
    tb: ObjCell,
    state: Cell<u8>,
}
layout!(AThrow, _PyAsyncGenAThrow_Type);

fn generator_of(field: &ObjCell) -> PyResult<Obj> {
    match field.get_owned() {
        Some(g) => Ok(g),
        None => bail!(RuntimeError, "the async generator is gone"),
    }
}

fn as_generator(o: &Object) -> &Generator {
    // SAFETY: the fields hold async generators, which have this layout.
    unsafe { o.cast_unchecked() }
}

/// Turns what resuming gave into what the awaitable gives: a wrapped value ends it.
fn unwrap_value(g: &Generator, r: PyResult) -> PyResult {
    match r {
        Err(e) => {
            if e.matches(exceptions::StopAsyncIteration) || e.matches(exceptions::GeneratorExit) {
                g.closed.set(true);
            }
            g.running_async.set(false);
            Err(e)
        }
        Ok(v) => match v.downcast_exact::<WrappedValue>() {
            Some(w) => {
                let e = exceptions::stop_iteration(w.value.get().unwrap_or(none()));
                g.running_async.set(false);
                Err(e)
            }
            None => Ok(v),
        },
    }
}

/// On first use, tells the event loop about the generator.
fn init_hooks(g: &Generator) -> PyResult<()> {
    if g.hooks_inited.replace(true) {
        return Ok(());
    }
    let ts = Thread::current();
    if let Some(f) = ts.async_gen_finalizer.get_owned() {
        g.origin_or_finalizer.set(Some(f));
    }
    if let Some(f) = ts.async_gen_firstiter.get_owned() {
        f.call_one(g)?;
    }
    Ok(())
}

impl ASend {
    fn create(g: &Object, value: Option<&Object>) -> Obj {
        new_object(ASend {
            ob_base: Object::placeholder(),
            generator: ObjCell::new(g.to_obj()),
            value: ObjCell::from_opt(value.map(|v| v.to_obj())),
            state: Cell::new(INIT),
        })
        .into_obj()
    }

    fn begin(&self, g: &Generator) -> PyResult<()> {
        if g.running_async.get() {
            self.state.set(CLOSED);
            bail!(RuntimeError, "anext(): asynchronous generator is already running");
        }
        Ok(())
    }

    fn send(&self, arg: Option<&Object>) -> PyResult {
        if self.state.get() == CLOSED {
            bail!(RuntimeError, "cannot reuse already awaited __anext__()/asend()");
        }
        let owner = generator_of(&self.generator)?;
        let g = as_generator(&owner);
        let first = self.value.get_owned();
        let mut arg = arg;
        if self.state.get() == INIT {
            self.begin(g)?;
            if arg.is_none_or(Object::is_none) {
                arg = first.as_deref();
            }
            self.state.set(ITER);
        }
        g.running_async.set(true);
        let r = unwrap_value(g, g.send(Some(arg.unwrap_or(none()))));
        if r.is_err() {
            self.state.set(CLOSED);
        }
        r
    }

    fn throw(&self, typ: &Object, val: Option<&Object>, tb: Option<&Object>) -> PyResult {
        if self.state.get() == CLOSED {
            bail!(RuntimeError, "cannot reuse already awaited __anext__()/asend()");
        }
        let owner = generator_of(&self.generator)?;
        let g = as_generator(&owner);
        if self.state.get() == INIT {
            self.begin(g)?;
            self.state.set(ITER);
            g.running_async.set(true);
        }
        let r = unwrap_value(g, g.throw(true, typ, val, tb));
        if r.is_err() {
            self.state.set(CLOSED);
        }
        r
    }
}

/// Closing an awaitable: `GeneratorExit` into it, which must end it.
fn close_awaitable(r: PyResult) -> PyResult {
    match r {
        Ok(_) => bail!(RuntimeError, "coroutine ignored GeneratorExit"),
        Err(e)
            if e.matches(exceptions::StopIteration)
                || e.matches(exceptions::StopAsyncIteration)
                || e.matches(exceptions::GeneratorExit) =>
        {
            e.clear();
            Ok(none().to_obj())
        }
        Err(e) => Err(e),
    }
}

/// The methods of an awaitable, which differ only in what they resume.
macro_rules! awaitable_methods {
    ($t:ident, $send:ident, $throw:ident, $close:ident, $iternext:ident, $finalize:ident) => {
        /// Resume the async generator.
        #[method(signature = "(value, /)", name = "send", text = false)]
        fn $send(this: &$t, value: &Object) -> PyResult {
            this.send(Some(value))
        }

        /// Raise an exception in the async generator.
        #[method(signature = "(typ, val=None, tb=None, /)", name = "throw", text = false)]
        fn $throw(this: &$t, typ: &Object, val: Given<&Object>, tb: Given<&Object>) -> PyResult {
            this.throw(typ, val.0, tb.0)
        }

        /// End the awaitable.
        #[method(signature = "()", name = "close", text = false)]
        fn $close(this: &$t) -> PyResult {
            if this.state.get() == CLOSED {
                return Ok(none().to_obj());
            }
            close_awaitable(this.throw(exceptions::GeneratorExit.as_object(), None, None))
        }

        extern "C" fn $iternext(o: &Object) -> Option<Obj> {
            to_iternext(o.cast::<$t>().send(None).map(Some))
        }

        extern "C" fn $finalize(o: &Object) {
            let this: &$t = o.cast();
            if this.state.get() == INIT {
                this.state.set(CLOSED);
                warn_unawaited(this.name(), this.generator.get());
            }
        }
    };
}

awaitable_methods!(ASend, asend_send, asend_throw, asend_close, asend_iternext, asend_finalize);
awaitable_methods!(AThrow, athrow_send, athrow_throw, athrow_close, athrow_iternext, athrow_finalize);

/// The destructor of awaitables, which are finalised first.
unsafe extern "C" fn awaitable_dealloc<T: taipan_object::Layout>(o: std::ptr::NonNull<Object>) {
    // SAFETY: the object is dead unless its finaliser revives it; then it goes the way of all objects.
    unsafe {
        if taipan_object::typeobj::heap::call_finalizer_from_dealloc(o.as_ref()) {
            dealloc_of::<T>(o);
        }
    }
}

/// Warns about an awaitable that goes without ever having been awaited.
fn warn_unawaited(method: &str, generator: Option<&Object>) {
    let Some(owner) = generator else { return };
    let ts = taipan_object::Thread::current();
    let saved = ts.current_exception.take();
    let warn = || -> PyResult<()> {
        let name = as_generator(owner).qualname.get().map_or_else(|| Ok(none().to_obj()), |n| Ok(n.to_obj()))?;
        let text = format!("coroutine method '{method}' of {} was never awaited", name.repr()?.display());
        (taipan_object::hooks::get().warn)(exceptions::RuntimeWarning, &text, 1)
    };
    if let Err(e) = warn() {
        error::unraisable_while(e, "finalizing async generator", owner);
    }
    ts.current_exception.set(saved);
}

extern "C" fn asend_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let a: &ASend = o.cast();
    for field in [&a.generator, &a.value] {
        if let Some(v) = field.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

impl ASend {
    fn name(&self) -> &'static str {
        if self.value.is_empty() { "__anext__" } else { "asend" }
    }
}

impl AThrow {
    fn name(&self) -> &'static str {
        if self.is_close() { "aclose" } else { "athrow" }
    }

    fn create(g: &Object, exc: Option<(&Object, Option<&Object>, Option<&Object>)>) -> Obj {
        let own = |o: Option<&Object>| ObjCell::from_opt(o.map(|o| o.to_obj()));
        let (typ, val, tb) = exc.map_or((None, None, None), |(t, v, b)| (Some(t), v, b));
        new_object(AThrow {
            ob_base: Object::placeholder(),
            generator: ObjCell::new(g.to_obj()),
            typ: own(typ),
            val: own(val),
            tb: own(tb),
            state: Cell::new(INIT),
        })
        .into_obj()
    }

    fn is_close(&self) -> bool {
        self.typ.is_empty()
    }

    fn begin(&self, g: &Generator) -> PyResult<()> {
        if g.running_async.get() {
            self.state.set(CLOSED);
            let what = if self.is_close() { "aclose" } else { "athrow" };
            bail!(RuntimeError, "{what}(): asynchronous generator is already running");
        }
        Ok(())
    }

    fn ended(&self, g: &Generator, e: Raised) -> Raised {
        g.running_async.set(false);
        self.state.set(CLOSED);
        if self.is_close() && (e.matches(exceptions::StopAsyncIteration) || e.matches(exceptions::GeneratorExit)) {
            e.clear();
            return exceptions::stop_iteration(none());
        }
        e
    }

    fn ignored(&self, g: &Generator) -> PyResult {
        g.running_async.set(false);
        self.state.set(CLOSED);
        bail!(RuntimeError, "async generator ignored GeneratorExit")
    }

    fn send(&self, arg: Option<&Object>) -> PyResult {
        if self.state.get() == CLOSED {
            bail!(RuntimeError, "cannot reuse already awaited aclose()/athrow()");
        }
        let owner = generator_of(&self.generator)?;
        let g = as_generator(&owner);
        if g.is_finished() {
            self.state.set(CLOSED);
            return Err(exceptions::stop_iteration(none()));
        }
        let r = if self.state.get() == INIT {
            self.begin(g)?;
            if g.closed.get() {
                self.state.set(CLOSED);
                return Err(error::raise_empty(exceptions::StopAsyncIteration));
            }
            if arg.is_some_and(|a| !a.is_none()) {
                bail!(RuntimeError, "can't send non-None value to a just-started coroutine");
            }
            self.state.set(ITER);
            g.running_async.set(true);
            if self.is_close() {
                g.closed.set(true);
                g.throw(false, exceptions::GeneratorExit.as_object(), None, None)
            } else {
                let (typ, val, tb) = (self.typ.get_owned(), self.val.get_owned(), self.tb.get_owned());
                g.throw(false, typ.as_deref().unwrap_or(none()), val.as_deref(), tb.as_deref())
            }
        } else {
            g.send(Some(arg.unwrap_or(none())))
        };
        self.outcome(g, r)
    }

    fn outcome(&self, g: &Generator, r: PyResult) -> PyResult {
        if !self.is_close() {
            return match unwrap_value(g, r) {
                Ok(v) => Ok(v),
                Err(e) => {
                    g.running_async.set(false);
                    self.state.set(CLOSED);
                    Err(e)
                }
            };
        }
        match r {
            Ok(v) if v.downcast_exact::<WrappedValue>().is_some() => self.ignored(g),
            Ok(v) => Ok(v),
            Err(e) => Err(self.ended(g, e)),
        }
    }

    fn throw(&self, typ: &Object, val: Option<&Object>, tb: Option<&Object>) -> PyResult {
        if self.state.get() == CLOSED {
            bail!(RuntimeError, "cannot reuse already awaited aclose()/athrow()");
        }
        let owner = generator_of(&self.generator)?;
        let g = as_generator(&owner);
        if self.state.get() == INIT {
            self.begin(g)?;
            self.state.set(ITER);
            g.running_async.set(true);
        }
        let r = g.throw(true, typ, val, tb);
        self.outcome(g, r)
    }
}

extern "C" fn athrow_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let a: &AThrow = o.cast();
    for field in [&a.generator, &a.typ, &a.val, &a.tb] {
        if let Some(v) = field.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn wrapped_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<WrappedValue>().value.get().map_or(0, |v| visit(v, arg))
}

extern "C" fn async_gen_anext(o: &Object) -> PyResult {
    init_hooks(as_generator(o))?;
    Ok(ASend::create(o, None))
}

/// Return an awaitable that resumes the generator with a value.
#[method(signature = "(value, /)", text = false)]
fn asend(this: &AsyncGen, value: &Object) -> PyResult {
    init_hooks(&this.0)?;
    Ok(ASend::create(this, Some(value)))
}

/// Return an awaitable that ends the generator.
#[method(signature = "()", text = false)]
fn aclose(this: &AsyncGen) -> PyResult {
    init_hooks(&this.0)?;
    Ok(AThrow::create(this, None))
}

/// Return an awaitable that raises an exception in the generator.
#[method(signature = "(typ, val=None, tb=None, /)", text = false)]
fn athrow(this: &AsyncGen, typ: &Object, val: Given<&Object>, tb: Given<&Object>) -> PyResult {
    if val.0.is_some() {
        (taipan_object::hooks::get().warn)(
            exceptions::DeprecationWarning,
            "the (type, exc, tb) signature of athrow() is deprecated, use the single-arg signature instead.",
            1,
        )?;
    }
    init_hooks(&this.0)?;
    Ok(AThrow::create(this, Some((typ, val.0, tb.0))))
}

extern "C" fn async_gen_repr(o: &Object) -> PyResult {
    repr_as("async_generator", o)
}
fn get_running(g: &AsyncGen) -> bool {
    g.0.running_async.get()
}

static AS_ASYNC: AsyncMethods = AsyncMethods {
    aiter: Slot::new(own_iter),
    anext: Slot::new(async_gen_anext),
    send: Slot::new(super::methods::generator_am_send),
    ..AsyncMethods::EMPTY
};

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `types.AsyncGeneratorType`.
pub static PyAsyncGen_Type: Type = Type::new_static(TypeDef {
    name: c"async_generator",
    basicsize: BASICSIZE,
    itemsize: 8,
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(generator_dealloc),
    as_async: Some(&AS_ASYNC),
    repr: Some(async_gen_repr),
    traverse: Some(generator_traverse),
    weaklistoffset: offset_of!(Generator, weakreflist) as isize,
    methods: methods![asend, athrow, aclose, generator_sizeof, class_getitem],
    getset: getsets![
        getset!(c"__name__", attrs::get_name, attrs::set_name),
        getset!(c"__qualname__", attrs::get_qualname, attrs::set_qualname),
        getset!(c"ag_await", attrs::get_yieldfrom),
        getset!(c"ag_frame", attrs::get_frame),
        getset!(c"ag_code", attrs::get_code),
        getset!(c"ag_suspended", attrs::get_suspended),
        getset!(c"ag_running", get_running),
    ],
    finalize: Some(generator_finalize),
    ..TypeDef::EMPTY
});

static AWAITABLE: AsyncMethods = AsyncMethods { await_: Slot::new(own_iter), ..AsyncMethods::EMPTY };

#[allow(non_upper_case_globals)]
/// The type of what `asend()` gives.
pub static _PyAsyncGenASend_Type: Type = Type::new_static(TypeDef {
    name: c"async_generator_asend",
    basicsize: size_of::<ASend>(),
    flags: flags::HAVE_GC,
    dealloc: Some(awaitable_dealloc::<ASend>),
    as_async: Some(&AWAITABLE),
    traverse: Some(asend_traverse),
    iter: Some(own_iter),
    iternext: Some(asend_iternext),
    finalize: Some(asend_finalize),
    methods: methods![asend_send, asend_throw, asend_close],
    ..TypeDef::EMPTY
});

#[allow(non_upper_case_globals)]
/// The type of what `athrow()` gives.
pub static _PyAsyncGenAThrow_Type: Type = Type::new_static(TypeDef {
    name: c"async_generator_athrow",
    basicsize: size_of::<AThrow>(),
    flags: flags::HAVE_GC,
    dealloc: Some(awaitable_dealloc::<AThrow>),
    as_async: Some(&AWAITABLE),
    traverse: Some(athrow_traverse),
    iter: Some(own_iter),
    iternext: Some(athrow_iternext),
    finalize: Some(athrow_finalize),
    methods: methods![athrow_send, athrow_throw, athrow_close],
    ..TypeDef::EMPTY
});

#[allow(non_upper_case_globals)]
/// The type of wrapped values, which no program sees.
pub static _PyAsyncGenWrappedValue_Type: Type = Type::new_static(TypeDef {
    name: c"async_generator_wrapped_value",
    basicsize: size_of::<WrappedValue>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<WrappedValue>),
    traverse: Some(wrapped_traverse),
    ..TypeDef::EMPTY
});
