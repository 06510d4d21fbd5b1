//! `Task`.

use super::future::{COMMON, Future, State, future_clear, future_finalize, future_traverse};
use super::{call_soon, copied_context, imported, running, step, with_exception_saved};
use crate::support::{__class_getitem__, bind, none, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::error::{status, unraisable};
use taipan_object::typeobj::heap::call_finalizer_from_dealloc;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, error, getset, getsets, intern, layout, method, methods,
};

/// `_asyncio.Task`.
#[repr(C)]
pub struct Task {
    pub future: Future,
    pub fut_waiter: ObjCell,
    pub coro: ObjCell,
    /// The name, or the number of which it will be made.
    name: ObjCell,
    pub context: ObjCell,
    pub must_cancel: Cell<bool>,
    log_destroy_pending: Cell<bool>,
    cancels_requested: Cell<i32>,
    /// Neighbours in the list of all tasks that are not done.
    previous: AtomicPtr<Task>,
    next: AtomicPtr<Task>,
    listed: Cell<bool>,
}
layout!(Task, TASK_TYPE);

static NEXT_NAME: AtomicU64 = AtomicU64::new(1);
/// The first of all tasks that are not done. The list is touched under the interpreter lock only; tasks in it are alive, since they leave it
/// when they are destroyed.
static FIRST: AtomicPtr<Task> = AtomicPtr::new(std::ptr::null_mut());

impl Task {
    /// Puts it into the list of all tasks.
    pub fn register(&self) {
        if self.listed.replace(true) {
            return;
        }
        let this = self as *const Task as *mut Task;
        let first = FIRST.swap(this, Ordering::Relaxed);
        self.previous.store(std::ptr::null_mut(), Ordering::Relaxed);
        self.next.store(first, Ordering::Relaxed);
        // SAFETY: listed tasks are alive.
        if let Some(f) = unsafe { first.as_ref() } {
            f.previous.store(this, Ordering::Relaxed);
        }
    }

    /// Takes it out of the list.
    pub fn unregister(&self) {
        if !self.listed.replace(false) {
            return;
        }
        let (p, n) = (self.previous.load(Ordering::Relaxed), self.next.load(Ordering::Relaxed));
        // SAFETY: listed tasks are alive.
        unsafe {
            match p.as_ref() {
                Some(p) => p.next.store(n, Ordering::Relaxed),
                None => FIRST.store(n, Ordering::Relaxed),
            }
            if let Some(n) = n.as_ref() {
                n.previous.store(p, Ordering::Relaxed);
            }
        }
    }

    /// The loop; an error before `__init__`.
    pub fn event_loop(&self) -> PyResult<Obj> {
        self.future.alive()
    }

    /// Has the loop do the next step, with an exception if there is one.
    pub fn step_soon(&self, exc: Option<&Object>) -> PyResult<()> {
        let f = step::step_object(self, exc);
        let event_loop = self.event_loop()?;
        call_soon(&event_loop, &f, None, &self.context.get_owned().unwrap_or_else(none))
    }

    fn eager_start(&self) -> PyResult<()> {
        let event_loop = self.event_loop()?;
        let before = running::swap_current_task(&event_loop, Some(self.as_obj()))?;
        self.register();
        let context = self.context.get_owned().unwrap_or_else(none);
        let stepped = context.call_method(intern!("run"), &[&step::first_step_object(self)]);
        // What went wrong in the step is told before what goes wrong in leaving it.
        let failed = stepped.err().map(|e| e.take());
        let swapped = running::swap_current_task(&event_loop, before.as_deref());
        if self.future.state.get() != State::Pending {
            self.unregister();
            self.coro.set(None);
        }
        match (failed, swapped) {
            (Some(e), s) => {
                if let Err(e) = s {
                    e.clear();
                }
                Err(error::restore(e))
            }
            (None, s) => s.map(drop),
        }
    }

    /// `self` as an object.
    pub fn as_obj(&self) -> &Object {
        self.future.as_obj()
    }
}

/// The tasks that are not done.
pub fn all() -> Vec<Obj> {
    let mut out = Vec::new();
    let mut t = FIRST.load(Ordering::Relaxed);
    // SAFETY: listed tasks are alive, and the list does not change meanwhile.
    while let Some(task) = unsafe { t.as_ref() } {
        out.push(task.as_obj().to_obj());
        t = task.next.load(Ordering::Relaxed);
    }
    out
}

/// A future is done: a task leaves the list.
pub fn finished(f: &Future) {
    if let Some(t) = f.as_obj().downcast::<Task>() {
        t.unregister();
    }
}

fn is_coroutine(coro: &Object) -> PyResult<bool> {
    if coro.downcast_exact::<taipan_vm::generator::Coroutine>().is_some() {
        return Ok(true);
    }
    imported("asyncio.coroutines.iscoroutine")?.call_one(coro)?.is_true()
}

extern "C" fn task_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Task {
        future: Future::blank(),
        fut_waiter: ObjCell::empty(),
        coro: ObjCell::empty(),
        name: ObjCell::empty(),
        context: ObjCell::empty(),
        must_cancel: Cell::new(false),
        log_destroy_pending: Cell::new(true),
        cancels_requested: Cell::new(0),
        previous: AtomicPtr::new(std::ptr::null_mut()),
        next: AtomicPtr::new(std::ptr::null_mut()),
        listed: Cell::new(false),
    };
    new_instance(cls, body).map(Ref::into_obj)
}

fn init(t: &Task, [coro, event_loop, name, context, eager]: [Option<&Object>; 5]) -> PyResult<()> {
    let Some(coro) = coro else { bail!(TypeError, "Task() missing required argument 'coro' (pos 1)") };
    t.future.init(event_loop)?;
    if !is_coroutine(coro)? {
        t.log_destroy_pending.set(false);
        bail!(TypeError, "a coroutine was expected, got {}", coro.repr()?.display());
    }
    let context = context.filter(|c| !c.is_none()).map_or_else(copied_context, |c| c.to_obj());
    t.context.set(Some(context));
    t.fut_waiter.set(None);
    t.must_cancel.set(false);
    t.log_destroy_pending.set(true);
    t.cancels_requested.set(0);
    t.coro.set(Some(coro.to_obj()));
    let name = match name.filter(|n| !n.is_none()) {
        None => Int::from_u64(NEXT_NAME.fetch_add(1, Ordering::Relaxed)).into_obj(),
        Some(n) if n.downcast_exact::<Str>().is_some() => n.to_obj(),
        Some(n) => n.str()?.into_obj(),
    };
    t.name.set(Some(name));
    let eager = eager.map_or(Ok(false), Object::is_true)?;
    if eager && t.event_loop()?.call_method(intern!("is_running"), &[])?.is_true()? {
        return t.eager_start();
    }
    t.step_soon(None)?;
    t.register();
    Ok(())
}

extern "C" fn task_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let sig = crate::signature!("Task", posonly 0, positional 1,
        ["coro" true, "loop" false, "name" false, "context" false, "eager_start" false]);
    status(bind(sig, args, kwargs, |given| init(o.cast(), given)))
}

extern "C" fn task_repr(o: &Object) -> PyResult {
    imported("asyncio.base_tasks._task_repr")?.call_one(o)
}

/// Ask the task to cancel itself: CancelledError is raised in its coroutine. Return False if it is done.
#[method(signature = "(msg=None)")]
fn cancel(this: &Task, msg: Option<&Object>) -> PyResult<bool> {
    this.future.seen();
    if this.future.state.get() != State::Pending {
        return Ok(false);
    }
    this.cancels_requested.set(this.cancels_requested.get().saturating_add(1));
    let given = msg.map_or_else(none, |m| m.to_obj());
    if let Some(w) = this.fut_waiter.get_owned() {
        let names = Tuple::new(&[intern!("msg")]);
        if w.get_attr(intern!("cancel"))?.call_kw(&[&given], 0, &names)?.is_true()? {
            return Ok(true);
        }
    }
    this.must_cancel.set(true);
    this.future.cancel_msg.set(Some(given));
    Ok(true)
}

/// Return how many requests to cancel are outstanding.
#[method]
fn cancelling(this: &Task) -> i32 {
    this.cancels_requested.get()
}

/// Take back one request to cancel; return how many are left.
#[method]
fn uncancel(this: &Task) -> i32 {
    let n = this.cancels_requested.get();
    if n > 0 {
        this.cancels_requested.set(n - 1);
        if n == 1 {
            this.must_cancel.set(false);
        }
    }
    this.cancels_requested.get()
}

/// Return the coroutine.
#[method]
fn get_coro(this: &Task) -> Option<Obj> {
    this.coro.get_owned()
}

/// Return the context.
#[method]
fn get_context(this: &Task) -> Option<Obj> {
    this.context.get_owned()
}

/// Return the name.
#[method]
fn get_name(this: &Task) -> PyResult {
    match this.name.get_owned() {
        Some(n) if n.downcast::<Int>().is_some() => {
            let text = Str::from_utf8(&format!("Task-{}", n.str()?.display())).into_obj();
            this.name.set(Some(text.clone()));
            Ok(text)
        }
        Some(n) => Ok(n),
        None => Ok(none()),
    }
}

/// Set the name.
#[method(signature = "(value, /)")]
fn set_name(this: &Task, value: &Object) -> PyResult<()> {
    let name = if value.downcast_exact::<Str>().is_some() { value.to_obj() } else { value.str()?.into_obj() };
    this.name.set(Some(name));
    Ok(())
}

/// Not for tasks.
#[method(signature = "(result, /)")]
fn set_result(this: &Task, result: &Object) -> PyResult<()> {
    let _ = (this, result);
    bail!(RuntimeError, "Task does not support set_result operation")
}

/// Not for tasks.
#[method(signature = "(exception, /)")]
fn set_exception(this: &Task, exception: &Object) -> PyResult<()> {
    let _ = (this, exception);
    bail!(RuntimeError, "Task does not support set_exception operation")
}

/// Return the frames of the coroutine, at most limit.
#[method(signature = "(*, limit=None)")]
fn get_stack(this: &Task, limit: Option<&Object>) -> PyResult {
    let limit = limit.map_or_else(none, |l| l.to_obj());
    imported("asyncio.base_tasks._task_get_stack")?.call(&[this.as_obj(), &limit])
}

/// Print the frames of the coroutine, or the traceback of its exception.
#[method(signature = "(*, limit=None, file=None)")]
fn print_stack(this: &Task, limit: Option<&Object>, file: Option<&Object>) -> PyResult {
    let (limit, file) = (limit.map_or_else(none, |l| l.to_obj()), file.map_or_else(none, |f| f.to_obj()));
    imported("asyncio.base_tasks._task_print_stack")?.call(&[this.as_obj(), &limit, &file])
}

fn get_log_destroy_pending(t: &Task) -> bool {
    t.log_destroy_pending.get()
}
fn set_log_destroy_pending(t: &Task, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(AttributeError, "cannot delete attribute") };
    t.log_destroy_pending.set(v.is_true()?);
    Ok(())
}
fn get_must_cancel(t: &Task) -> bool {
    t.must_cancel.get()
}
fn get_coro_attr(t: &Task) -> Option<Obj> {
    t.coro.get_owned()
}
fn get_fut_waiter(t: &Task) -> Option<Obj> {
    t.fut_waiter.get_owned()
}

/// Tells the loop of a task that goes before it is done.
extern "C" fn task_finalize(o: &Object) {
    let t: &Task = o.cast();
    if t.future.state.get() == State::Pending && t.log_destroy_pending.get() && !t.future.event_loop.is_empty() {
        with_exception_saved(|| {
            let make = || -> PyResult<Ref<Dict>> {
                let d = Dict::new();
                d.set_item(intern!("task"), o)?;
                d.set_item(intern!("message"), intern!("Task was destroyed but it is pending!"))?;
                if let Some(tb) = t.future.source() {
                    d.set_item(intern!("source_traceback"), &tb)?;
                }
                Ok(d)
            };
            match make() {
                Ok(d) => t.future.tell_loop(&d),
                Err(e) => unraisable(e, Some(o)),
            }
        });
    }
    future_finalize(o);
}

extern "C" fn task_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let t: &Task = o.cast();
    match visit_fields(&[&t.fut_waiter, &t.coro, &t.name, &t.context], visit, arg) {
        0 => future_traverse(o, visit, arg),
        r => r,
    }
}

extern "C" fn task_clear(o: &Object) -> c_int {
    let t: &Task = o.cast();
    for c in [&t.fut_waiter, &t.coro, &t.context] {
        c.set(None);
    }
    future_clear(o)
}

/// # Safety
/// The destructor contract.
unsafe extern "C" fn task_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead but whole, unless its finaliser revives it.
    unsafe {
        if call_finalizer_from_dealloc(obj.as_ref()) {
            obj.as_ref().cast::<Task>().unregister();
            dealloc_of::<Task>(obj);
        }
    }
}

/// `Task`.
pub static TASK_TYPE: Type = Type::new_static(TypeDef {
    name: c"_asyncio.Task",
    basicsize: size_of::<Task>(),
    base: Some(&super::future::FUTURE_TYPE),
    doc: Some(
        c"Task(coro, *, loop=None, name=None, context=None, eager_start=False)\n--\n\nA coroutine that a loop runs.",
    ),
    dealloc: Some(task_dealloc),
    repr: Some(task_repr),
    traverse: Some(task_traverse),
    clear: Some(task_clear),
    finalize: Some(task_finalize),
    methods: methods![
        cancel,
        cancelling,
        uncancel,
        get_coro,
        get_context,
        get_name,
        set_name,
        set_result,
        set_exception,
        get_stack,
        print_stack,
        __class_getitem__
    ],
    getset: getsets![
        getset!(c"_log_destroy_pending", get_log_destroy_pending, set_log_destroy_pending),
        getset!(c"_must_cancel", get_must_cancel),
        getset!(c"_coro", get_coro_attr),
        getset!(c"_fut_waiter", get_fut_waiter)
    ],
    init: Some(task_init),
    new: Some(task_new),
    ..COMMON
});
