//! `atexit`: functions to be called when the interpreter ends.

use taipan_object::args::KwArgs;
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, bail, function, methods};

const STATE: &str = "atexit";

/// The interpreter's list of registered calls, each a tuple: function, arguments, keywords dict or `None`. `None` in the list is an
/// unregistered one.
fn calls() -> Ref<List> {
    let state = &Interp::current().module_state;
    let found = state.borrow().get(STATE).cloned();
    let list = found.unwrap_or_else(|| {
        let l = List::new().into_obj();
        state.borrow_mut().insert(STATE, l.clone());
        l
    });
    Ref::from_borrowed(list.cast())
}

/// Register a function, with arguments, to be called when the interpreter ends. Return it.
#[function(signature = "(func, /, *args, **kwargs)")]
fn register(func: &Object, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    if !func.is_callable() {
        bail!(TypeError, "the first argument must be callable");
    }
    let kwargs: Obj = match taipan_object::protocol::call::kwargs_dict(kwargs)? {
        Some(d) => d.into_obj(),
        None => none::none_obj(),
    };
    calls().push(Tuple::new(&[func, &Tuple::new(args), &kwargs]).into_obj())?;
    Ok(func.to_obj())
}

/// Forget a function, however often it was registered.
#[function(signature = "(func, /)")]
fn unregister(func: &Object) -> PyResult<()> {
    let list = calls();
    let mut i = list.len();
    while i > 0 {
        i -= 1;
        let Some(entry) = list.get(i) else { continue };
        if entry.is_none() {
            continue;
        }
        // The comparison may run code that changes the list.
        let same = entry.cast::<Tuple>().item(0).eq(func)?;
        if same && list.get(i).is_some_and(|e| e.is(&entry)) {
            drop(list.replace(i, none::none_obj()));
        }
    }
    if list.items().iter().all(|e| e.is_none()) {
        drop(list.take_all());
    }
    Ok(())
}

/// Forget all functions.
#[function(signature = "()", name = "_clear")]
fn clear() {
    drop(calls().take_all());
}

/// Return how many functions are registered.
#[function(signature = "()", name = "_ncallbacks")]
fn count() -> usize {
    calls().items().iter().filter(|e| !e.is_none()).count()
}

/// Call all functions, the last registered first, and forget them.
#[function(signature = "()", name = "_run_exitfuncs")]
fn run() {
    run_exitfuncs();
}

/// Calls what was registered in the current interpreter, last first. Exceptions are reported and do not stop the others.
pub fn run_exitfuncs() {
    if Interp::current().module_state.borrow().get(STATE).is_none() {
        return;
    }
    let list = calls();
    while let Some(entry) = list.pop_last() {
        let Some(t) = entry.downcast::<Tuple>() else { continue };
        let kwargs = Some(t.item(2)).filter(|k| !k.is_none());
        if let Err(e) = t.item(0).call_tuple(t.item(1), kwargs) {
            taipan_object::error::unraisable_doing(e, "in atexit callback", t.item(0));
        }
    }
}

fn exec(_: &Module) -> PyResult<()> {
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "atexit",
    doc: "Functions to be called when the interpreter ends.",
    methods: methods![register, clear, run, unregister, count],
    exec,
};
