//! Which loop and which task a thread is running, and the tasks there are.

use super::task::{self, TASK_TYPE, Task};
use super::{awaited, future, imported, step};
use crate::support::none;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::set::Set;
use taipan_object::{Interp, Obj, Object, PyResult, Ref, Thread, bail, function, intern, methods};
use taipan_vm::import;

/// The running loop of this thread.
fn running_loop() -> Option<Obj> {
    Thread::current().asyncio_running_loop.get_owned()
}

/// The running loop, or the one that the policy gives.
pub fn event_loop() -> PyResult {
    match running_loop() {
        Some(l) => Ok(l),
        None => imported("asyncio.events._get_event_loop_policy")?
            .call_noargs()?
            .call_method(intern!("get_event_loop"), &[]),
    }
}

fn check_loop(ts: &Thread, event_loop: &Object) -> PyResult<()> {
    if !ts.asyncio_running_loop.get().is_some_and(|l| l.is(event_loop)) {
        bail!(RuntimeError, "loop {} is not the running loop", event_loop.repr()?.display());
    }
    Ok(())
}

/// `task` is the one that runs now.
pub fn enter_task(event_loop: &Object, task: &Object) -> PyResult<()> {
    let ts = Thread::current();
    check_loop(ts, event_loop)?;
    if let Some(now) = ts.asyncio_running_task.get_owned() {
        let (t, now) = (task.repr()?, now.repr()?);
        bail!(
            RuntimeError,
            "Cannot enter into task {} while another task {} is being executed.",
            t.display(),
            now.display()
        );
    }
    ts.asyncio_running_task.set(Some(task.to_obj()));
    Ok(())
}

/// It no longer is.
pub fn leave_task(event_loop: &Object, task: &Object) -> PyResult<()> {
    let ts = Thread::current();
    check_loop(ts, event_loop)?;
    if !ts.asyncio_running_task.get().is_some_and(|t| t.is(task)) {
        let now = ts.asyncio_running_task.get_owned().unwrap_or_else(none);
        let (t, now) = (task.repr()?, now.repr()?);
        bail!(RuntimeError, "Invalid attempt to leave task {} while task {} is entered.", t.display(), now.display());
    }
    ts.asyncio_running_task.set(None);
    Ok(())
}

/// Another task runs, or none; answers the former.
pub fn swap_current_task(event_loop: &Object, task: Option<&Object>) -> PyResult<Option<Obj>> {
    let ts = Thread::current();
    check_loop(ts, event_loop)?;
    Ok(ts.asyncio_running_task.replace(task.filter(|t| !t.is_none()).map(|t| t.to_obj())))
}

/// Return the event loop running in this thread, or None.
#[function]
fn _get_running_loop() -> Option<Obj> {
    running_loop()
}

/// Set the event loop running in this thread.
#[function(signature = "(loop, /)")]
fn _set_running_loop(event_loop: &Object) {
    Thread::current().asyncio_running_loop.set(Some(event_loop.to_obj()).filter(|l| !l.is_none()));
}

/// Return the event loop running in this thread, or the one of the policy.
#[function]
fn get_event_loop() -> PyResult {
    event_loop()
}

/// Return the event loop running in this thread.
#[function]
fn get_running_loop() -> PyResult {
    match running_loop() {
        Some(l) => Ok(l),
        None => bail!(RuntimeError, "no running event loop"),
    }
}

/// A collection for tasks that are not native: made of a class of `weakref` or a set.
fn foreign(key: &'static str) -> PyResult {
    let state = &Interp::current().module_state;
    if let Some(o) = state.borrow().get(key) {
        return Ok(o.clone());
    }
    let made = match key {
        EAGER => Set::new().into_obj(),
        _ => import::import("weakref")?.get_attr(intern!("WeakSet"))?.call_noargs()?,
    };
    state.borrow_mut().insert(key, made.clone());
    Ok(made)
}
const SCHEDULED: &str = "_asyncio.scheduled_tasks";
const EAGER: &str = "_asyncio.eager_tasks";

/// Note a task that a loop will run.
#[function(signature = "(task)")]
fn _register_task(task: &Object) -> PyResult<()> {
    match task.downcast::<Task>() {
        Some(t) => {
            t.register();
            Ok(())
        }
        None => foreign(SCHEDULED)?.call_method(intern!("add"), &[task]).map(drop),
    }
}

/// Note a task that starts at once.
#[function(signature = "(task)")]
fn _register_eager_task(task: &Object) -> PyResult<()> {
    foreign(EAGER)?.cast::<Set>().add(task)
}

/// Forget a task.
#[function(signature = "(task)")]
fn _unregister_task(task: &Object) -> PyResult<()> {
    match task.downcast::<Task>() {
        Some(t) => {
            t.unregister();
            Ok(())
        }
        None => foreign(SCHEDULED)?.call_method(intern!("discard"), &[task]).map(drop),
    }
}

/// Forget a task that started at once.
#[function(signature = "(task)")]
fn _unregister_eager_task(task: &Object) -> PyResult<()> {
    foreign(EAGER)?.cast::<Set>().discard(task).map(drop)
}

/// Make a task the current one.
#[function(signature = "(loop, task)")]
fn _enter_task(event_loop: &Object, task: &Object) -> PyResult<()> {
    enter_task(event_loop, task)
}

/// End being the current task.
#[function(signature = "(loop, task)")]
fn _leave_task(event_loop: &Object, task: &Object) -> PyResult<()> {
    leave_task(event_loop, task)
}

/// Make another task the current one, and return the former.
#[function(signature = "(loop, task)")]
fn _swap_current_task(event_loop: &Object, task: &Object) -> PyResult<Option<Obj>> {
    swap_current_task(event_loop, Some(task))
}

/// Return the task that a loop is running.
#[function(signature = "(loop=None)")]
fn current_task(event_loop: Option<&Object>) -> PyResult<Option<Obj>> {
    let ts = Thread::current();
    let Some(event_loop) = event_loop else {
        get_running_loop()?;
        return Ok(ts.asyncio_running_task.get_owned());
    };
    let mut t = ts.interp.threads.get();
    // SAFETY: linked states are alive, and the lock is held.
    while let Some(s) = unsafe { t.as_ref() } {
        if s.asyncio_running_loop.get().is_some_and(|l| l.is(event_loop)) {
            return Ok(s.asyncio_running_task.get_owned());
        }
        t = s.next.get();
    }
    Ok(None)
}

/// Return the tasks of a loop that are not done.
#[function(signature = "(loop=None)")]
fn all_tasks(event_loop: Option<&Object>) -> PyResult<Ref<Set>> {
    let event_loop = match event_loop {
        Some(l) => l.to_obj(),
        None => get_running_loop()?,
    };
    let mut candidates = foreign(EAGER)?.cast::<Set>().items();
    candidates.extend(task::all());
    candidates.extend(taipan_object::protocol::iter::collect(&*foreign(SCHEDULED)?)?);
    let out = Set::new();
    for t in candidates {
        let its_loop = step::future_loop(&t)?;
        if its_loop.is(&event_loop) && !t.call_method(intern!("done"), &[])?.is_true()? {
            out.add(&t)?;
        }
    }
    Ok(out)
}

/// Note that waiter awaits fut.
#[function(signature = "(fut, waiter, /)")]
fn future_add_to_awaited_by(fut: &Object, waiter: &Object) -> PyResult<()> {
    awaited::add(fut, waiter)
}

/// Note that waiter no longer awaits fut.
#[function(signature = "(fut, waiter, /)")]
fn future_discard_from_awaited_by(fut: &Object, waiter: &Object) -> PyResult<()> {
    awaited::discard(fut, waiter)
}

fn exec(m: &Module) -> PyResult<()> {
    for t in [&awaited::FUTURE_ITER_TYPE, &step::STEP_TYPE] {
        taipan_object::typeobj::ready::ready(t)?;
    }
    m.add_type(&future::FUTURE_TYPE)?;
    m.add_type(&TASK_TYPE)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_asyncio",
    doc: "The native part of asyncio: futures, tasks, and what runs where.",
    methods: methods![
        _get_running_loop,
        _set_running_loop,
        get_event_loop,
        get_running_loop,
        _register_task,
        _register_eager_task,
        _unregister_task,
        _unregister_eager_task,
        _enter_task,
        _leave_task,
        _swap_current_task,
        current_task,
        all_tasks,
        future_add_to_awaited_by,
        future_discard_from_awaited_by,
    ],
    exec,
};
