//! One step of a task: resuming its coroutine, and looking at what it awaits then.

use super::future::{FUTURE_TYPE, Future, State, ends_program};
use super::task::{TASK_TYPE, Task};
use super::{awaited, context_names, invalid_state, is_cancelled_error, running};
use crate::support::{none, visit_fields};
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::method::MethodDef;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::cfunction;
use taipan_object::types::exceptions;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, none::none as none_ref};
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Type, TypeDef, bail, error, flags, getset, getsets, intern, layout, method,
};
use taipan_vm::generator::{Generator, Sent, fetch_stop_iteration_value, send_to};

/// What the loop calls to do a step.
#[repr(C)]
struct Step {
    ob_base: Object,
    task: ObjCell,
    exc: ObjCell,
    /// The first step of an eager task, which is entered already.
    first: bool,
}
layout!(Step, STEP_TYPE);

/// What does the next step of `task`, raising `exc` if there is one.
pub fn step_object(task: &Task, exc: Option<&Object>) -> Obj {
    make_step(task, exc, false)
}

/// What does the first step of an eager task.
pub fn first_step_object(task: &Task) -> Obj {
    make_step(task, None, true)
}

fn make_step(task: &Task, exc: Option<&Object>, first: bool) -> Obj {
    new_object(Step {
        ob_base: Object::placeholder(),
        task: ObjCell::new(task.as_obj().to_obj()),
        exc: ObjCell::from_opt(exc.map(|e| e.to_obj())),
        first,
    })
    .into_obj()
}

extern "C" fn step_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "function takes no keyword arguments");
    }
    if !args.cast::<Tuple>().is_empty() {
        bail!(TypeError, "function takes no positional arguments");
    }
    let s: &Step = o.cast();
    let Some(task) = s.task.get_owned() else { return Ok(none()) };
    let exc = s.exc.get_owned();
    if s.first { run(task.cast(), exc).map(|()| none()) } else { step(task.cast(), exc).map(|()| none()) }
}

extern "C" fn step_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let s: &Step = o.cast();
    visit_fields(&[&s.task, &s.exc], visit, arg)
}
extern "C" fn step_clear(o: &Object) -> c_int {
    let s: &Step = o.cast();
    s.task.set(None);
    s.exc.set(None);
    0
}
fn get_self(s: &Step) -> Option<Obj> {
    s.task.get_owned()
}

pub static STEP_TYPE: Type = Type::new_static(TypeDef {
    name: c"_asyncio.TaskStepMethWrapper",
    basicsize: size_of::<Step>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<Step>),
    call: Some(step_call),
    traverse: Some(step_traverse),
    clear: Some(step_clear),
    getset: getsets![getset!(c"__self__", get_self)],
    ..TypeDef::EMPTY
});

/// Go on with a task, now that a future is done.
#[method(signature = "(fut, /)", name = "TaskWakeup", text = false)]
fn wakeup(this: &Task, fut: &Object) -> PyResult<()> {
    awaited::discard(fut, this.as_obj())?;
    let outcome = match native_exact(fut) {
        Some(f) => match f.outcome() {
            Ok(Ok(_)) => None,
            Ok(Err(e)) => Some(e),
            Err(e) => Some(e.take()),
        },
        None => fut.call_method(intern!("result"), &[]).err().map(|e| e.take()),
    };
    step(this, outcome)
}

static WAKEUP: MethodDef = wakeup::DEF;

fn wakeup_object(task: &Task) -> Obj {
    cfunction::new(&WAKEUP, Some(task.as_obj().to_obj()), None)
}

/// A future or task that is not of a subclass.
fn native_exact(o: &Object) -> Option<&Future> {
    (std::ptr::eq(o.ty(), &FUTURE_TYPE) || std::ptr::eq(o.ty(), &TASK_TYPE)).then(|| o.cast())
}

/// A step of a task as the loop does it: the task is the current one meanwhile.
fn step(task: &Task, exc: Option<Obj>) -> PyResult<()> {
    let event_loop = task.event_loop()?;
    running::enter_task(&event_loop, task.as_obj())?;
    match run(task, exc) {
        Ok(()) => running::leave_task(&event_loop, task.as_obj()),
        Err(e) => {
            let first = e.take();
            if let Err(e) = running::leave_task(&event_loop, task.as_obj()) {
                e.clear();
            }
            Err(error::restore(first))
        }
    }
}

/// Resumes the coroutine.
fn run(task: &Task, mut exc: Option<Obj>) -> PyResult<()> {
    if task.future.state.get() != State::Pending {
        let (t, e) = (task.as_obj().repr()?, exc.unwrap_or_else(none).repr()?);
        return Err(invalid_state(format_args!("__step(): already done: {} {}", t.display(), e.display())));
    }
    if task.must_cancel.get() {
        let class = super::cancelled_error()?;
        if !exc.as_ref().is_some_and(|e| e.ty().is_subtype(class.cast::<Type>())) {
            exc = Some(task.future.make_cancelled_error()?);
        }
        task.must_cancel.set(false);
    }
    task.fut_waiter.set(None);
    let Some(coro) = task.coro.get_owned() else { bail!(RuntimeError, "uninitialized Task object") };
    let sent = match exc {
        None => send_to(&coro, none_ref()),
        Some(e) => match coro.call_method(intern!("throw"), &[&e]) {
            Ok(v) => Ok(Sent::Yielded(v)),
            Err(e) if e.matches(exceptions::StopIteration) => fetch_stop_iteration_value().map(Sent::Returned),
            Err(e) => Err(e),
        },
    };
    match sent {
        Ok(Sent::Yielded(v)) => look_at(task, &v),
        Ok(Sent::Returned(_)) if task.must_cancel.get() => {
            // Cancelled just before the coroutine ended.
            task.must_cancel.set(false);
            let message = task.future.cancel_msg.get_owned();
            task.future.cancel(message.as_deref()).map(drop)
        }
        Ok(Sent::Returned(v)) => task.future.set_result(&v),
        Err(e) if is_cancelled_error(&e) => {
            task.future.cancelled_exc.set(Some(e.take()));
            task.future.cancel(None).map(drop)
        }
        Err(e) => {
            let exc = e.take();
            task.future.set_exception(&exc)?;
            if ends_program(&exc) { Err(error::restore(exc)) } else { Ok(()) }
        }
    }
}

/// Has the next step raise a `RuntimeError`.
fn fail_soon(task: &Task, message: &str) -> PyResult<()> {
    let e = exceptions::RuntimeError.as_object().call_one(&Str::from_utf8(message))?;
    task.step_soon(Some(&e))
}

/// Deals with what a coroutine yielded: the future that it waits for, as a rule.
fn look_at(task: &Task, v: &Object) -> PyResult<()> {
    let me = || task.as_obj().repr();
    if v.is(task.as_obj()) {
        return fail_soon(task, &format!("Task cannot await on itself: {}", me()?.display()));
    }
    let native = native_exact(v);
    let (event_loop, blocking) = match native {
        Some(f) => (f.event_loop.get_owned().unwrap_or_else(none), f.blocking.get()),
        None if v.is_none() => return task.step_soon(None),
        None => match v.get_attr_opt(intern!("_asyncio_future_blocking"))?.filter(|b| !b.is_none()) {
            Some(b) => {
                let blocking = b.is_true()?;
                (future_loop(v)?, blocking)
            }
            None if v.downcast_exact::<Generator>().is_some() => {
                let (t, v) = (me()?, v.repr()?);
                let text = "yield was used instead of yield from for generator in task";
                return fail_soon(task, &format!("{text} {} with {}", t.display(), v.display()));
            }
            None => return fail_soon(task, &format!("Task got bad yield: {}", v.repr()?.display())),
        },
    };
    let own = task.event_loop()?;
    if !event_loop.is(&own) {
        let (t, v) = (me()?, v.repr()?);
        return fail_soon(
            task,
            &format!("Task {} got Future {} attached to a different loop", t.display(), v.display()),
        );
    }
    if !blocking {
        let (t, v) = (me()?, v.repr()?);
        return fail_soon(
            task,
            &format!("yield was used instead of yield from in task {} with {}", t.display(), v.display()),
        );
    }
    awaited::add(v, task.as_obj())?;
    let context = task.context.get_owned().unwrap_or_else(none);
    let wakeup = wakeup_object(task);
    match native {
        Some(f) => {
            f.blocking.set(false);
            f.add_callback(&wakeup, context)?;
        }
        None => {
            v.set_attr(intern!("_asyncio_future_blocking"), bool_::false_())?;
            v.get_attr(intern!("add_done_callback"))?.call_kw(&[&wakeup, &context], 1, &context_names())?;
        }
    }
    task.fut_waiter.set(Some(v.to_obj()));
    if task.must_cancel.get() {
        let message = task.future.cancel_msg.get_owned().unwrap_or_else(none);
        let names = Tuple::new(&[intern!("msg")]);
        if v.get_attr(intern!("cancel"))?.call_kw(&[&message], 0, &names)?.is_true()? {
            task.must_cancel.set(false);
        }
    }
    Ok(())
}

/// The loop of anything that is like a future.
pub fn future_loop(o: &Object) -> PyResult {
    if let Some(f) = native_exact(o) {
        return f.alive();
    }
    match o.get_attr_opt(intern!("get_loop"))? {
        Some(get) => get.call_noargs(),
        None => o.get_attr(intern!("_loop")),
    }
}
