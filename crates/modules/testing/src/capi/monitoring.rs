//! Events of `sys.monitoring` that come from native code: an object that stands for code, and a function for each event.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Thread, Type, TypeDef, bail, error, function, layout};
use taipan_vm::instrument::state::State;
use taipan_vm::instrument::{events, fire};

/// Stands for code: for each of its events, the tools that watch it.
#[repr(C)]
pub struct CodeLike {
    ob_base: Object,
    active: Box<[Cell<u8>]>,
    version: Cell<usize>,
}

layout!(CodeLike, CODE_LIKE);

extern "C" fn code_like_new(_: &Type, args: &Object, _: Option<&Object>) -> PyResult {
    let n = match args.downcast::<Tuple>().map(|t| t.items()) {
        Some([n]) => n.as_i64()?,
        _ => bail!(TypeError, "CodeLike() takes exactly one argument"),
    };
    let n = usize::try_from(n).unwrap_or(0).min(64);
    let fresh = CodeLike {
        ob_base: Object::placeholder(),
        active: vec![Cell::new(0); n].into(),
        version: Cell::new(usize::MAX),
    };
    Ok(new_object(fresh).into_obj())
}

/// The type.
pub static CODE_LIKE: Type = Type::new_static(TypeDef {
    name: c"monitoring.CodeLike",
    basicsize: size_of::<CodeLike>(),
    dealloc: Some(dealloc_of::<CodeLike>),
    new: Some(code_like_new),
    ..TypeDef::EMPTY
});

thread_local! {
    /// The scope that was entered: the object and its events.
    static SCOPE: RefCell<Option<(Ref<CodeLike>, Vec<usize>)>> = const { RefCell::new(None) };
}

/// Note which tools watch the given events of an object.
#[function(signature = "(codelike, event1, event2=None, /)", name = "monitoring_enter_scope")]
pub fn enter_scope(codelike: &CodeLike, event1: c_int, event2: Option<c_int>) -> PyResult<()> {
    let state = State::current();
    let mut list = vec![event1];
    list.extend(event2);
    let Ok(list) = list.into_iter().map(usize::try_from).collect::<Result<Vec<usize>, _>>() else {
        bail!(ValueError, "no such event");
    };
    if list.iter().any(|&e| e >= events::UNGROUPED) || list.len() > codelike.active.len() {
        bail!(ValueError, "no such event");
    }
    if codelike.version.get() != state.version.get() {
        for (active, &event) in codelike.active.iter().zip(&list) {
            active.set(state.tools[event].get());
        }
        codelike.version.set(state.version.get());
    }
    let old = SCOPE.replace(Some((Ref::from_borrowed(codelike), list)));
    drop(old);
    Ok(())
}

/// Forget the scope.
#[function(signature = "()", name = "monitoring_exit_scope")]
pub fn exit_scope() {
    drop(SCOPE.take());
}

/// Fires `event` and answers which tools still watch it.
fn fire_event(codelike: &CodeLike, offset: i32, event: usize, more: &[&Object]) -> PyResult<c_int> {
    let index = SCOPE.with_borrow(|scope| match scope {
        Some((_, list)) => list.iter().position(|&e| e == event).unwrap_or(0),
        None => 0,
    });
    let Some(active) = codelike.active.get(index) else { bail!(ValueError, "no such event in this object") };
    if offset < 0 {
        bail!(ValueError, "offset must be non-negative");
    }
    let at = Int::from_i64(i64::from(offset));
    let mut args: Vec<&Object> = vec![codelike, &at];
    args.extend_from_slice(more);
    if active.get() != 0 {
        fire::from_native(Thread::current(), active, event, &args)?;
    }
    Ok(c_int::from(active.get()))
}

/// The event is about an exception, which is the current one while it is fired.
fn fire_exception(codelike: &CodeLike, offset: i32, event: usize, exc: &Object) -> PyResult<c_int> {
    let Some(active) = codelike.active.first() else { bail!(ValueError, "no such event in this object") };
    if exc.is_none() {
        if active.get() == 0 {
            return Ok(0);
        }
        bail!(ValueError, "Firing event {event} with no exception set");
    }
    fire_event(codelike, offset, event, &[exc])
}

macro_rules! events_without_argument {
    ($($name:ident = $event:ident, $doc:literal;)*) => { $(
        #[doc = $doc]
        #[function(signature = "(codelike, offset, /)")]
        pub fn $name(codelike: &CodeLike, offset: c_int) -> PyResult<c_int> {
            fire_event(codelike, offset, events::$event, &[])
        }
    )* };
}
events_without_argument! {
    fire_event_py_start = PY_START, "A function starts.";
    fire_event_py_resume = PY_RESUME, "A generator goes on.";
}

macro_rules! events_with_argument {
    ($($name:ident = $event:ident, $doc:literal;)*) => { $(
        #[doc = $doc]
        #[function(signature = "(codelike, offset, value, /)")]
        pub fn $name(codelike: &CodeLike, offset: c_int, value: &Object) -> PyResult<c_int> {
            fire_event(codelike, offset, events::$event, &[value])
        }
    )* };
}
events_with_argument! {
    fire_event_py_return = PY_RETURN, "A function returns.";
    fire_event_py_yield = PY_YIELD, "A generator yields.";
    fire_event_jump = JUMP, "A jump.";
    fire_event_branch_left = BRANCH_LEFT, "A branch goes on straight.";
    fire_event_branch_right = BRANCH_RIGHT, "A branch jumps.";
}

macro_rules! events_with_exception {
    ($($name:ident = $event:ident, $doc:literal;)*) => { $(
        #[doc = $doc]
        #[function(signature = "(codelike, offset, exception, /)")]
        pub fn $name(codelike: &CodeLike, offset: c_int, exception: &Object) -> PyResult<c_int> {
            fire_exception(codelike, offset, events::$event, exception)
        }
    )* };
}
events_with_exception! {
    fire_event_py_throw = PY_THROW, "An exception is thrown into a generator.";
    fire_event_raise = RAISE, "An exception comes up.";
    fire_event_exception_handled = EXCEPTION_HANDLED, "A handler is entered.";
    fire_event_py_unwind = PY_UNWIND, "An exception leaves a function.";
}

/// Something is called.
#[function(signature = "(codelike, offset, callable, arg0, /)")]
pub fn fire_event_call(codelike: &CodeLike, offset: c_int, callable: &Object, arg0: &Object) -> PyResult<c_int> {
    fire_event(codelike, offset, events::CALL, &[callable, arg0])
}

/// A generator's end is seen; the value may be the exception already.
#[function(signature = "(codelike, offset, value, /)")]
pub fn fire_event_stop_iteration(codelike: &CodeLike, offset: c_int, value: &Object) -> PyResult<c_int> {
    let exc: Obj = if value.ty().is_subtype(exceptions::StopIteration) {
        value.to_obj()
    } else {
        exceptions::StopIteration.as_object().call_one(value)?
    };
    let fired = fire_event(codelike, offset, events::STOP_ITERATION, &[&exc]);
    debug_assert!(fired.is_err() || error::occurred().is_none());
    fired
}
