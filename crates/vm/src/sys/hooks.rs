//! The hooks of `sys`: what shows results and exceptions, and audit hooks (PEP 578).

use std::sync::atomic::{AtomicBool, Ordering};
use taipan_object::args::{Given, KwArgs};
use taipan_object::header::{Obj, Object};
use taipan_object::types::exceptions::{self, BaseException};
use taipan_object::types::list::List;
use taipan_object::types::module::Module;
use taipan_object::types::none;
use taipan_object::types::str::Str;
use taipan_object::types::structseq::{self, StructSeq};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, PyResult, Thread, bail, function, intern};

/// Adds the hooks' original versions under their dunder names.
pub fn add(m: &Module) -> PyResult<()> {
    for name in ["displayhook", "excepthook", "breakpointhook", "unraisablehook"] {
        let f = m.dict().get_str(name)?;
        if let Some(f) = f {
            m.add(&format!("__{name}__"), &f)?;
        }
    }
    let unraisable = StructSeq::new_type(
        "sys.UnraisableHookArgs",
        "What sys.unraisablehook is told.",
        &[("exc_type", ""), ("exc_value", ""), ("exc_traceback", ""), ("err_msg", ""), ("object", "")],
        5,
    )?;
    Interp::current().module_state.borrow_mut().insert("sys.UnraisableHookArgs", unraisable.clone());
    m.add("UnraisableHookArgs", &unraisable)
}

/// Print a value other than None, and keep it as `_`.
#[function(signature = "(object, /)")]
pub fn displayhook(object: &Object) -> PyResult<()> {
    if object.is_none() {
        return Ok(());
    }
    let builtins = crate::import::modules()?.get_item(intern!("builtins"))?;
    builtins.set_attr(intern!("_"), none::none())?;
    let Some(out) = super::get("stdout")?.filter(|o| !o.is_none()) else {
        bail!(RuntimeError, "lost sys.stdout");
    };
    let text = object.repr()?;
    match out.call_method(intern!("write"), &[&text]) {
        Ok(_) => {}
        Err(e) if e.matches(exceptions::UnicodeEncodeError) => {
            e.clear();
            let enc = out.get_attr(intern!("encoding"))?;
            let b = text.as_obj().call_method(intern!("encode"), &[&enc, intern!("backslashreplace")])?;
            match out.get_attr_opt(intern!("buffer"))? {
                Some(buffer) => {
                    buffer.call_method(intern!("write"), &[&b])?;
                }
                None => {
                    let s = b.call_method(intern!("decode"), &[&enc, intern!("strict")])?;
                    out.call_method(intern!("write"), &[&s])?;
                }
            }
        }
        Err(e) => return Err(e),
    }
    out.call_method(intern!("write"), &[intern!("\n")])?;
    builtins.set_attr(intern!("_"), object)
}

/// Print an exception and its traceback to sys.stderr.
#[function(signature = "(exctype, value, traceback, /)")]
pub fn excepthook(exctype: &Object, value: &Object, traceback: &Object) -> PyResult<()> {
    let _ = exctype;
    if let Some(e) = value.downcast::<BaseException>()
        && !traceback.is_none()
        && e.traceback.is_empty()
        && traceback.is_exact(&crate::traceback::PyTraceBack_Type)
    {
        e.traceback.set(Some(traceback.to_obj()));
    }
    crate::report::print_exception(value)
}

/// Show an exception that could not propagate.
#[function(signature = "(unraisable, /)")]
pub fn unraisablehook(unraisable: &Object) -> PyResult<()> {
    let known = Interp::current().module_state.borrow().get("sys.UnraisableHookArgs").cloned();
    if !known.is_some_and(|ty| unraisable.ty().as_object().is(&ty)) {
        bail!(TypeError, "sys.unraisablehook argument type must be UnraisableHookArgs");
    }
    let value = unraisable.get_attr(intern!("exc_value"))?;
    let object = unraisable.get_attr(intern!("object"))?;
    let message = unraisable.get_attr(intern!("err_msg"))?;
    crate::report::print_unraisable(&value, &message, &object)
}

/// Called by breakpoint(): runs what PYTHONBREAKPOINT names, by default pdb.set_trace.
#[function(signature = "(*args, **kws)")]
pub fn breakpointhook(args: &[&Object], kws: KwArgs<'_>) -> PyResult {
    let environment = std::env::var("PYTHONBREAKPOINT").unwrap_or_default();
    let target = match environment.as_str() {
        "0" => return Ok(none::none_obj()),
        "" => "pdb.set_trace",
        t => t,
    };
    let (module, name) = target.rsplit_once('.').unwrap_or(("builtins", target));
    let found = crate::import::import(module).and_then(|m| m.get_attr_str(name));
    let hook = match found {
        Ok(f) => f,
        Err(e) if e.matches(exceptions::ImportError) || e.matches(exceptions::AttributeError) => {
            e.clear();
            let text = format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{target}\"");
            (taipan_object::hooks::get().warn)(exceptions::RuntimeWarning, &text, 1)?;
            return Ok(none::none_obj());
        }
        Err(e) => return Err(e),
    };
    let mut all = args.to_vec();
    all.extend_from_slice(kws.values());
    match kws.names() {
        Some(n) => hook.call_kw(&all, args.len(), n),
        None => hook.call(&all),
    }
}

static AUDITING: AtomicBool = AtomicBool::new(false);

/// Whether any audit hook is installed.
pub fn auditing() -> bool {
    AUDITING.load(Ordering::Relaxed)
}

/// Calls the audit hooks.
pub fn raise_event(event: &str, args: &Object) -> PyResult<()> {
    if !auditing() {
        return Ok(());
    }
    let list = Interp::current().module_state.borrow().get("sys.audit_hooks").cloned();
    let Some(list) = list else { return Ok(()) };
    let name = Str::from_utf8(event);
    for hook in list.cast::<List>().snapshot() {
        let ts = Thread::current();
        let traced = match hook.get_attr_opt(intern!("__cantrace__"))? {
            Some(v) => v.is_true()?,
            None => false,
        };
        let saved = if traced { ts.tracing.get() } else { ts.tracing.replace(ts.tracing.get() + 1) };
        let r = hook.call(&[&name, args]);
        ts.tracing.set(saved);
        r?;
    }
    Ok(())
}

/// Add a function that is called with every audit event. It cannot be removed.
#[function(signature = "(hook)")]
pub fn addaudithook(hook: &Object) -> PyResult<()> {
    if auditing()
        && let Err(e) = raise_event("sys.addaudithook", &Tuple::empty())
    {
        // A hook may veto new ones by raising RuntimeError.
        return e.recover(exceptions::RuntimeError, ());
    }
    let interp = Interp::current();
    let known = interp.module_state.borrow().get("sys.audit_hooks").cloned();
    let list = match known {
        Some(l) => l,
        None => {
            let l = List::new().into_obj();
            // Programs must not find it.
            taipan_object::gc::untrack(&l);
            interp.module_state.borrow_mut().insert("sys.audit_hooks", l.clone());
            l
        }
    };
    list.cast::<List>().push(hook.to_obj())?;
    AUDITING.store(true, Ordering::Relaxed);
    Ok(())
}

/// Raise an audit event.
#[function(signature = "(event, /, *args)")]
pub fn audit(event: Given<&Object>, args: &[&Object]) -> PyResult<()> {
    let Some(event) = event.0 else {
        bail!(TypeError, "audit expected at least 1 argument, got 0");
    };
    let Some(name) = event.downcast::<Str>() else {
        bail!(TypeError, "expected str for argument 'event', not {}", event.ty().name_str());
    };
    if auditing() {
        raise_event(name.to_utf8()?, &Tuple::new(args))?;
    }
    Ok(())
}

/// Tells `sys.unraisablehook` of an exception that nobody can catch: what was being done, and the object it came from.
pub fn report_unraisable(exc: Obj, message: Option<&str>, object: Option<&Object>) {
    match message {
        Some(m) => report(exc, &Str::from_utf8(m), object),
        None => report(exc, none::none(), object),
    }
}

fn report(exc: Obj, message: &Object, object: Option<&Object>) {
    let ts = Thread::current();
    let saved = ts.current_exception.take();
    if let Some(base) = exc.downcast::<BaseException>()
        && base.traceback.is_empty()
    {
        // Raised by a native, outside of every frame: say at least where that happened.
        let frame = crate::frame::current(ts);
        if !frame.is_null() {
            crate::traceback::set_from_frame(&exc, frame);
        }
    }
    if let Err(e) = call_unraisable_hook(&exc, message, object) {
        // The hook itself failed: say what it raised, and give up.
        let inner = e.take();
        let shown = match super::get("unraisablehook") {
            Ok(Some(hook)) => hook,
            _ => none::none_obj(),
        };
        if let Err(e) =
            crate::report::print_unraisable(&inner, &Str::from_utf8("Exception ignored in sys.unraisablehook"), &shown)
        {
            e.clear();
        }
    }
    ts.current_exception.set(saved);
}

fn call_unraisable_hook(exc: &Object, message: &Object, object: Option<&Object>) -> PyResult<()> {
    let none = none::none();
    let Some(hook) = super::get("unraisablehook")?.filter(|h| !h.is_none()) else {
        return crate::report::print_unraisable(exc, message, object.unwrap_or(none));
    };
    let known = Interp::current().module_state.borrow().get("sys.UnraisableHookArgs").cloned();
    let Some(ty) = known else {
        return crate::report::print_unraisable(exc, message, object.unwrap_or(none));
    };
    let tb = exc.cast::<BaseException>().traceback.get_owned().unwrap_or_else(none::none_obj);
    let fields = vec![exc.ty().to_obj(), exc.to_obj(), tb, message.to_obj(), object.unwrap_or(none).to_obj()];
    let args = structseq::new_instance(&ty, fields)?;
    hook.call_one(&args)?;
    Ok(())
}
