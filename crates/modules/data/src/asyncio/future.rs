//! `Future`.

use super::{awaited, call_soon, cancelled_error, copied_context, imported, invalid_state, with_exception_saved};
use crate::support::{__class_getitem__, bind, none, tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::error::{raise_instance, status, unraisable};
use taipan_object::typeobj::heap::call_finalizer_from_dealloc;
use taipan_object::typeobj::slots::{AsyncMethods, Slot, VisitProc};
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::{self, BaseException};
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, intern, layout, method, methods,
};

/// How far a future is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Cancelled,
    Finished,
}

/// `_asyncio.Future`, and the beginning of a task.
#[repr(C)]
pub struct Future {
    ob_base: Object,
    /// Empty before `__init__`.
    pub event_loop: ObjCell,
    /// The first callback and its context: most futures have one only.
    callback0: ObjCell,
    context0: ObjCell,
    /// A list of pairs of callback and context.
    callbacks: ObjCell,
    exception: ObjCell,
    exception_tb: ObjCell,
    result: ObjCell,
    source_tb: ObjCell,
    pub cancel_msg: ObjCell,
    pub cancelled_exc: ObjCell,
    /// Who waits for it: nothing, one future, or a set of them.
    pub awaited_by: ObjCell,
    dict: ObjCell,
    weaklist: ObjCell,
    pub state: Cell<State>,
    log_tb: Cell<bool>,
    pub blocking: Cell<bool>,
}
layout!(Future, FUTURE_TYPE);

impl Future {
    /// Before `__init__`.
    pub fn blank() -> Future {
        let e = ObjCell::empty;
        Future {
            ob_base: Object::placeholder(),
            event_loop: e(),
            callback0: e(),
            context0: e(),
            callbacks: e(),
            exception: e(),
            exception_tb: e(),
            result: e(),
            source_tb: e(),
            cancel_msg: e(),
            cancelled_exc: e(),
            awaited_by: e(),
            dict: e(),
            weaklist: e(),
            state: Cell::new(State::Pending),
            log_tb: Cell::new(false),
            blocking: Cell::new(false),
        }
    }

    fn fields(&self) -> [&ObjCell; 11] {
        [
            &self.event_loop,
            &self.callback0,
            &self.context0,
            &self.callbacks,
            &self.exception,
            &self.exception_tb,
            &self.result,
            &self.source_tb,
            &self.cancel_msg,
            &self.cancelled_exc,
            &self.awaited_by,
        ]
    }

    /// `__init__`, which may be called again.
    pub fn init(&self, event_loop: Option<&Object>) -> PyResult<()> {
        for f in self.fields() {
            f.set(None);
        }
        self.state.set(State::Pending);
        self.log_tb.set(false);
        self.blocking.set(false);
        let event_loop = match event_loop.filter(|l| !l.is_none()) {
            Some(l) => l.to_obj(),
            None => super::running::event_loop()?,
        };
        self.event_loop.set(Some(event_loop.clone()));
        if event_loop.call_method(intern!("get_debug"), &[])?.is_true()? && !finalizing() {
            let extract = imported("traceback.extract_stack")?;
            self.source_tb.set(Some(extract.call_noargs()?));
        }
        Ok(())
    }

    /// The loop; an error before `__init__`.
    pub fn alive(&self) -> PyResult<Obj> {
        match self.event_loop.get_owned() {
            Some(l) => Ok(l),
            None => bail!(RuntimeError, "Future object is not initialized."),
        }
    }

    /// Has the loop call all callbacks, and forgets them.
    fn schedule_callbacks(&self) -> PyResult<()> {
        super::task::finished(self);
        let event_loop = self.alive()?;
        let first = self.callback0.take();
        let context = self.context0.take();
        let rest = self.callbacks.take();
        if let Some(f) = first {
            call_soon(&event_loop, &f, Some(self.as_obj()), &context.unwrap_or_else(none))?;
        }
        if let Some(list) = rest {
            for pair in list.cast::<List>().snapshot() {
                let pair: &Tuple = pair.cast();
                call_soon(&event_loop, pair.item(0), Some(self.as_obj()), pair.item(1))?;
            }
        }
        Ok(())
    }

    /// `self` as an object.
    pub fn as_obj(&self) -> &Object {
        &self.ob_base
    }

    pub fn set_result(&self, value: &Object) -> PyResult<()> {
        self.alive()?;
        if self.state.get() != State::Pending {
            return Err(invalid_state(format_args!("invalid state")));
        }
        self.result.set(Some(value.to_obj()));
        self.state.set(State::Finished);
        self.schedule_callbacks()
    }

    pub fn set_exception(&self, exc: &Object) -> PyResult<()> {
        self.alive()?;
        let check = || match self.state.get() {
            State::Pending => Ok(()),
            _ => Err(invalid_state(format_args!("invalid state"))),
        };
        check()?;
        let is_class = exc.downcast::<Type>().is_some_and(|t| t.has_flag(flags::BASE_EXC_SUBCLASS));
        let mut exc = if is_class { exc.call_noargs()? } else { exc.to_obj() };
        check()?;
        if exc.downcast::<BaseException>().is_none() {
            bail!(TypeError, "invalid exception object");
        }
        if exc.ty().is_subtype(exceptions::StopIteration) {
            let text = "StopIteration interacts badly with generators and cannot be raised into a Future";
            let new = exceptions::RuntimeError.as_object().call_one(&Str::from_utf8(text))?;
            new.set_attr(intern!("__cause__"), &exc)?;
            new.set_attr(intern!("__context__"), &exc)?;
            exc = new;
        }
        let tb = exc.downcast::<BaseException>().and_then(|b| b.traceback.get_owned());
        self.exception.set(Some(exc));
        self.exception_tb.set(tb);
        self.state.set(State::Finished);
        self.schedule_callbacks()?;
        self.log_tb.set(true);
        Ok(())
    }

    pub fn cancel(&self, message: Option<&Object>) -> PyResult<bool> {
        self.log_tb.set(false);
        if self.state.get() != State::Pending {
            return Ok(false);
        }
        self.state.set(State::Cancelled);
        self.cancel_msg.set(message.map(|m| m.to_obj()));
        self.schedule_callbacks()?;
        Ok(true)
    }

    /// A failure that is being dealt with need not be logged.
    pub fn seen(&self) {
        self.log_tb.set(false);
    }

    /// The error that tells of the cancellation: the very one that caused it, the first time.
    pub fn make_cancelled_error(&self) -> PyResult {
        if let Some(e) = self.cancelled_exc.take() {
            return Ok(e);
        }
        let class = cancelled_error()?;
        match self.cancel_msg.get_owned().filter(|m| !m.is_none()) {
            Some(m) => class.call_one(&m),
            None => class.call_noargs(),
        }
    }

    /// The result, or the exception that it ended with.
    pub fn outcome(&self) -> PyResult<Result<Obj, Obj>> {
        match self.state.get() {
            State::Cancelled => return Err(raise_instance(self.make_cancelled_error()?)),
            State::Pending => return Err(invalid_state(format_args!("Result is not set."))),
            State::Finished => {}
        }
        self.log_tb.set(false);
        if let Some(e) = self.exception.get_owned() {
            let tb = self.exception_tb.take();
            if let Some(b) = e.downcast::<BaseException>() {
                b.traceback.set(tb);
            }
            return Ok(Err(e));
        }
        Ok(Ok(self.result.get_owned().unwrap_or_else(none)))
    }

    /// `result()`.
    pub fn result(&self) -> PyResult {
        self.outcome()?.map_err(raise_instance)
    }

    pub fn add_callback(&self, f: &Object, context: Obj) -> PyResult<()> {
        let event_loop = self.alive()?;
        if self.state.get() != State::Pending {
            return call_soon(&event_loop, f, Some(self.as_obj()), &context);
        }
        if self.callbacks.is_empty() && self.callback0.is_empty() {
            self.callback0.set(Some(f.to_obj()));
            self.context0.set(Some(context));
            return Ok(());
        }
        if self.callbacks.is_empty() {
            self.callbacks.set(Some(List::new().into_obj()));
        }
        match self.callbacks.get_owned() {
            Some(l) => l.cast::<List>().push(tuple_of([f.to_obj(), context]).into_obj()),
            None => Ok(()),
        }
    }

    fn remove_callback(&self, f: &Object) -> PyResult<usize> {
        let mut removed = 0;
        if let Some(first) = self.callback0.get_owned()
            && first.is_eq(f)?
        {
            // The comparison may have changed it.
            if self.callback0.get().is_some_and(|now| now.is(&first)) {
                drop((self.callback0.take(), self.context0.take()));
            }
            removed += 1;
        }
        let Some(list) = self.callbacks.get_owned() else { return Ok(removed) };
        let list: &List = list.cast();
        let mut kept = Vec::new();
        let mut i = 0;
        let mut looked_at = 0;
        // The list may change under the comparisons.
        while let Some(pair) = list.get(i) {
            i += 1;
            looked_at += 1;
            if pair.cast::<Tuple>().item(0).is_eq(f)? { removed += 1 } else { kept.push(pair) }
        }
        if kept.is_empty() {
            if self.callbacks.get().is_some_and(|l| l.is(list)) {
                self.callbacks.set(None);
            }
        } else if kept.len() < looked_at {
            list.splice(0, list.len(), kept)?;
        }
        Ok(removed)
    }

    /// `call_exception_handler` of the loop with `context`, whose failure is only reported.
    pub fn tell_loop(&self, context: &Dict) {
        let Some(event_loop) = self.event_loop.get_owned() else { return };
        if let Err(e) = event_loop.call_method(intern!("call_exception_handler"), &[context]) {
            unraisable(e, Some(self.as_obj()));
        }
    }

    /// Where it was made, if the loop debugs.
    pub fn source(&self) -> Option<Obj> {
        self.source_tb.get_owned().filter(|s| !s.is_none())
    }
}

trait Equal {
    fn is_eq(&self, other: &Object) -> PyResult<bool>;
}
impl Equal for Object {
    /// `==`, true for the same object.
    fn is_eq(&self, other: &Object) -> PyResult<bool> {
        if self.is(other) { Ok(true) } else { self.eq(other) }
    }
}

fn finalizing() -> bool {
    taipan_vm::sys::state::FINALIZING.load(std::sync::atomic::Ordering::Relaxed)
}

extern "C" fn future_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, Future::blank()).map(Ref::into_obj)
}

extern "C" fn future_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let sig = crate::signature!("Future", posonly 0, positional 0, ["loop" false]);
    status(bind(sig, args, kwargs, |[event_loop]: [Option<&Object>; 1]| o.cast::<Future>().init(event_loop)))
}

extern "C" fn future_repr(o: &Object) -> PyResult {
    o.cast::<Future>().alive()?;
    imported("asyncio.base_futures._future_repr")?.call_one(o)
}

/// Return the result. Raise the exception if it ended with one.
#[method]
fn result(this: &Future) -> PyResult {
    this.result()
}

/// Return the exception it ended with, or None.
#[method]
fn exception(this: &Future) -> PyResult {
    match this.state.get() {
        State::Cancelled => Err(raise_instance(this.make_cancelled_error()?)),
        State::Pending => Err(invalid_state(format_args!("Exception is not set."))),
        State::Finished => {
            this.seen();
            Ok(this.exception.get_owned().unwrap_or_else(none))
        }
    }
}

/// End with a result.
#[method(signature = "(result, /)")]
fn set_result(this: &Future, result: &Object) -> PyResult<()> {
    this.set_result(result)
}

/// End with an exception.
#[method(signature = "(exception, /)")]
fn set_exception(this: &Future, exception: &Object) -> PyResult<()> {
    this.set_exception(exception)
}

/// Have a function called with the future when it is done.
#[method(signature = "(fn, /, *, context=None)")]
fn add_done_callback(this: &Future, func: &Object, context: Option<&Object>) -> PyResult<()> {
    this.add_callback(func, context.map_or_else(copied_context, |c| c.to_obj()))
}

/// Forget a function that was to be called; return how often it was.
#[method(signature = "(fn, /)")]
fn remove_done_callback(this: &Future, func: &Object) -> PyResult<usize> {
    this.alive()?;
    this.remove_callback(func)
}

/// Cancel it, unless it is done; return whether it was cancelled.
#[method(signature = "(msg=None)")]
fn cancel(this: &Future, msg: Option<&Object>) -> PyResult<bool> {
    this.alive()?;
    this.cancel(msg)
}

/// Return whether it was cancelled.
#[method]
fn cancelled(this: &Future) -> bool {
    !this.event_loop.is_empty() && this.state.get() == State::Cancelled
}

/// Return whether it has ended, in whatever way.
#[method]
fn done(this: &Future) -> bool {
    !this.event_loop.is_empty() && this.state.get() != State::Pending
}

/// Return its loop.
#[method]
fn get_loop(this: &Future) -> PyResult {
    this.alive()
}

/// Return the error that tells of the cancellation.
#[method]
fn _make_cancelled_error(this: &Future) -> PyResult {
    this.make_cancelled_error()
}

fn get_blocking(f: &Future) -> bool {
    !f.event_loop.is_empty() && f.blocking.get()
}
fn set_blocking(f: &Future, v: Option<&Object>) -> PyResult<()> {
    f.alive()?;
    let Some(v) = v else { bail!(AttributeError, "cannot delete attribute") };
    f.blocking.set(v.is_true()?);
    Ok(())
}
fn get_log_tb(f: &Future) -> PyResult<bool> {
    f.alive()?;
    Ok(f.log_tb.get())
}
fn set_log_tb(f: &Future, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(AttributeError, "cannot delete attribute") };
    if v.is_true()? {
        bail!(ValueError, "_log_traceback can only be set to False");
    }
    f.log_tb.set(false);
    Ok(())
}
fn get_callbacks(f: &Future) -> PyResult<Option<Obj>> {
    f.alive()?;
    if f.callback0.is_empty() && f.callbacks.is_empty() {
        return Ok(None);
    }
    let all = List::new();
    if let Some(first) = f.callback0.get_owned() {
        all.push(tuple_of([first, f.context0.get_owned().unwrap_or_else(none)]).into_obj())?;
    }
    if let Some(l) = f.callbacks.get_owned() {
        for pair in l.cast::<List>().snapshot() {
            all.push(pair)?;
        }
    }
    Ok(Some(all.into_obj()))
}
fn get_loop_attr(f: &Future) -> Option<Obj> {
    f.event_loop.get_owned()
}
fn get_result(f: &Future) -> PyResult<Option<Obj>> {
    f.alive()?;
    Ok(f.result.get_owned())
}
fn get_exception(f: &Future) -> PyResult<Option<Obj>> {
    f.alive()?;
    Ok(f.exception.get_owned())
}
fn get_source_traceback(f: &Future) -> Option<Obj> {
    f.source_tb.get_owned()
}
fn get_cancel_message(f: &Future) -> Option<Obj> {
    f.cancel_msg.get_owned()
}
fn set_cancel_message(f: &Future, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(AttributeError, "cannot delete attribute") };
    f.cancel_msg.set(Some(v.to_obj()));
    Ok(())
}
fn get_state(f: &Future) -> PyResult<&'static str> {
    f.alive()?;
    Ok(match f.state.get() {
        State::Pending => "PENDING",
        State::Cancelled => "CANCELLED",
        State::Finished => "FINISHED",
    })
}

/// Tells the loop of an exception that nobody asked for.
pub extern "C" fn future_finalize(o: &Object) {
    let f: &Future = o.cast();
    if !f.log_tb.replace(false) {
        return;
    }
    let Some(exc) = f.exception.get_owned() else { return };
    with_exception_saved(|| {
        let make = || -> PyResult<Ref<Dict>> {
            let d = Dict::new();
            let message = format!("{} exception was never retrieved", o.ty().short_name());
            d.set_item(intern!("message"), &Str::from_utf8(&message))?;
            d.set_item(intern!("exception"), &exc)?;
            d.set_item(intern!("future"), o)?;
            if let Some(tb) = f.source() {
                d.set_item(intern!("source_traceback"), &tb)?;
            }
            Ok(d)
        };
        match make() {
            Ok(d) => f.tell_loop(&d),
            Err(e) => unraisable(e, Some(o)),
        }
    });
}

pub extern "C" fn future_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let f: &Future = o.cast();
    match visit_fields(&f.fields(), visit, arg) {
        0 => visit_fields(&[&f.dict], visit, arg),
        r => r,
    }
}

pub extern "C" fn future_clear(o: &Object) -> c_int {
    let f: &Future = o.cast();
    for c in f.fields() {
        c.set(None);
    }
    f.dict.set(None);
    0
}

/// # Safety
/// The destructor contract.
unsafe extern "C" fn future_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead but whole, unless its finaliser revives it.
    unsafe {
        if call_finalizer_from_dealloc(obj.as_ref()) {
            dealloc_of::<Future>(obj);
        }
    }
}

static AS_ASYNC: AsyncMethods = AsyncMethods { await_: Slot::new(awaited::future_iter), ..AsyncMethods::EMPTY };

/// What `Future` and `Task` have in common; the layout is the future's.
pub const COMMON: TypeDef = TypeDef {
    flags: flags::HAVE_GC | flags::BASETYPE,
    as_async: Some(&AS_ASYNC),
    iter: Some(awaited::future_iter),
    dictoffset: offset_of!(Future, dict) as isize,
    weaklistoffset: offset_of!(Future, weaklist) as isize,
    ..TypeDef::EMPTY
};

/// `Future`.
pub static FUTURE_TYPE: Type = Type::new_static(TypeDef {
    name: c"_asyncio.Future",
    basicsize: size_of::<Future>(),
    doc: Some(c"Future(*, loop=None)\n--\n\nA result that will be there later."),
    dealloc: Some(future_dealloc),
    repr: Some(future_repr),
    traverse: Some(future_traverse),
    clear: Some(future_clear),
    finalize: Some(future_finalize),
    methods: methods![
        result,
        exception,
        set_result,
        set_exception,
        add_done_callback,
        remove_done_callback,
        cancel,
        cancelled,
        done,
        get_loop,
        _make_cancelled_error,
        __class_getitem__
    ],
    getset: getsets![
        getset!(c"_state", get_state),
        getset!(c"_asyncio_future_blocking", get_blocking, set_blocking),
        getset!(c"_loop", get_loop_attr),
        getset!(c"_callbacks", get_callbacks),
        getset!(c"_result", get_result),
        getset!(c"_exception", get_exception),
        getset!(c"_log_traceback", get_log_tb, set_log_tb),
        getset!(c"_source_traceback", get_source_traceback),
        getset!(c"_cancel_message", get_cancel_message, set_cancel_message),
        getset!(c"_asyncio_awaited_by", awaited::get_awaited_by)
    ],
    init: Some(future_init),
    new: Some(future_new),
    ..COMMON
});

/// Whether an exception is one that ends the program rather than the task.
pub fn ends_program(e: &Object) -> bool {
    e.ty().is_subtype(exceptions::KeyboardInterrupt) || e.ty().is_subtype(exceptions::SystemExit)
}
