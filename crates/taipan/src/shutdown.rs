//! Shutting the interpreter down: threads, `atexit`, streams, and, where somebody could notice, what programs keep in modules.

use crate::modules;
use std::sync::atomic::Ordering;
use taipan_object::error;
use taipan_object::header::{Obj, Object};
use taipan_object::typeobj::{Type, flags};
use taipan_object::types::cfunction::CFunction;
use taipan_object::types::dict::Dict;
use taipan_object::types::module::Module;
use taipan_object::types::none;
use taipan_object::types::str::Str;
use taipan_object::types::weakref::{self, _PyWeakref_RefType, WeakRef};
use taipan_object::{Interp, PyResult, gc, intern};
use taipan_vm::function::Function;

/// Where the first contents of `builtins` are kept.
const FIRST_BUILTINS: &str = "builtins.first";

/// Notes what `builtins` holds before programs change it.
pub fn remember_builtins() -> PyResult<()> {
    let interp = Interp::current();
    if let Some(b) = interp.builtins.get() {
        let copy = b.cast::<Dict>().copy()?;
        interp.module_state.borrow_mut().insert(FIRST_BUILTINS, copy.into_obj());
    }
    Ok(())
}

/// Lets go of what programs put into `builtins`.
fn restore_builtins(interp: &Interp) {
    let first = interp.module_state.borrow().get(FIRST_BUILTINS).cloned();
    let (Some(b), Some(first)) = (interp.builtins.get_owned(), first) else { return };
    let b: &Dict = b.cast();
    let last = b.copy();
    b.clear();
    for (k, v) in first.cast::<Dict>().pairs() {
        set(b, &k, &v);
    }
    // What it held dies now, when all names are there again.
    match last {
        Ok(d) => drop(d),
        Err(e) => e.clear(),
    }
}

/// Shuts down; answers the exit status.
pub fn finish(status: i32) -> i32 {
    let mut status = status;
    let interp = Interp::current();
    if let Some(modules) = interp.modules.get_owned()
        && let Ok(Some(threading)) = modules.downcast::<Dict>().map_or(Ok(None), |d| d.get_item(intern!("threading")))
    {
        quiet(threading.call_method(intern!("_shutdown"), &[]));
    }
    modules::run_exit_functions();
    taipan_vm::sys::state::FINALIZING.store(true, Ordering::Relaxed);
    // Daemon threads stop where they are.
    taipan_object::gil::finalize();
    taipan_modules_introspect::interpreters::finish_all();
    if flush_streams().is_err() {
        status = 120;
    }
    if is_noticed(interp) {
        gc::collect(gc::GENERATIONS - 1);
        finalize_modules(interp);
        if flush_streams().is_err() {
            status = 120;
        }
    }
    if let Some(text) = taipan_vm::eval::observe::report() {
        eprint!("{text}");
    }
    status
}

/// Ends the current interpreter, which is not the main one: its threads, exit functions and modules.
pub fn finish_other() {
    let interp = Interp::current();
    if let Some(modules) = interp.modules.get_owned()
        && let Ok(Some(threading)) = modules.downcast::<Dict>().map_or(Ok(None), |d| d.get_item(intern!("threading")))
    {
        quiet(threading.call_method(intern!("_shutdown"), &[]));
    }
    modules::run_exit_functions();
    let _ = flush_streams();
    gc::collect(gc::GENERATIONS - 1);
    finalize_modules(interp);
}

fn quiet(r: PyResult) {
    if let Err(e) = r {
        error::unraisable(e, None);
    }
}

fn flush_streams() -> Result<(), ()> {
    let mut ok = Ok(());
    for name in ["stdout", "stderr"] {
        let Ok(Some(f)) = taipan_vm::sys::get(name) else { continue };
        if f.is_none() {
            continue;
        }
        let closed = match f.get_attr_opt(intern!("closed")) {
            Ok(Some(c)) => c.is_true().unwrap_or(false),
            _ => {
                error::clear();
                false
            }
        };
        if !closed && let Err(e) = f.call_method(intern!("flush"), &[]) {
            if name == "stdout" {
                error::unraisable_message(e, "Exception ignored while flushing sys.stdout");
            } else {
                e.clear();
            }
            ok = Err(());
        }
    }
    ok
}

/// Whether anybody could notice that the objects which are left die: finalisers, callbacks of weak references, streams with unwritten data,
/// compiled extensions. If not, the process may end as it is.
fn is_noticed(interp: &Interp) -> bool {
    if taipan_capi::loader::any_loaded() || interp.gc.is_watched() {
        return true;
    }
    let streams = standard_streams();
    interp.gc.any(|o| {
        let ty = o.ty();
        if ty.finalize.get().is_some() || ty.del.get().is_some() {
            return !streams.contains(&o.as_ptr().cast_const());
        }
        // Instances of such classes are not known to the collector.
        if let Some(t) = o.downcast::<Type>() {
            return t.is_heap() && !t.has_flag(flags::HAVE_GC) && (t.finalize.get().is_some() || t.del.get().is_some());
        }
        o.downcast::<WeakRef>().and_then(WeakRef::callback).is_some_and(|f| !is_of_library(&f))
    })
}

/// Whether it is one of the callbacks by which the library's weak containers and abstract base classes forget a dead object.
fn is_of_library(callback: &Object) -> bool {
    if let Some(f) = callback.downcast::<CFunction>() {
        return f.name() == "_destroy";
    }
    let Some(f) = callback.downcast::<Function>() else { return false };
    let Ok(q) = callback.get_attr(intern!("__qualname__")) else {
        error::clear();
        return false;
    };
    let file = f.code().co_filename.get().and_then(|o| o.downcast::<Str>()).map(|s| s.to_utf8_lossy().into_owned());
    let is_file = file.is_some_and(|f| f.ends_with("/weakref.py") || f.ends_with("/_weakrefset.py"));
    is_file
        && q.downcast::<Str>().is_some_and(|q| {
            let q = q.to_utf8_lossy();
            q.ends_with("__init__.<locals>._remove") || q.ends_with("__init__.<locals>.remove")
        })
}

/// `sys.__stdin__` and the others, with the streams below them: what is in these has been written.
fn standard_streams() -> Vec<*const Object> {
    let mut all = Vec::new();
    for name in ["__stdin__", "__stdout__", "__stderr__"] {
        let mut next = taipan_vm::sys::get(name).ok().flatten();
        for below in [intern!("buffer"), intern!("raw"), intern!("raw")] {
            let Some(stream) = next else { break };
            all.push(stream.as_ptr().cast_const());
            next = stream.get_attr_opt(below).unwrap_or_else(|e| {
                e.clear();
                None
            });
        }
    }
    all
}

/// Ends all modules, in the order that programs know: each dies as soon as nobody refers to it, those that are left are emptied, the latest
/// import first, `sys` and `builtins` at the end.
fn finalize_modules(interp: &Interp) {
    let (sys, builtins) = (interp.sysdict.get_owned(), interp.builtins.get_owned());
    if let Some(d) = &sys {
        reset_sys(d.cast());
    }
    if let Some(d) = &builtins {
        set(d.cast(), intern!("_"), none::none());
    }
    let left = remove_modules(interp);
    restore_builtins(interp);
    gc::collect_at_exit();
    for r in left.iter().rev() {
        let Some(m) = r.cast::<WeakRef>().referent() else { continue };
        let Some(m) = m.downcast::<Module>() else { continue };
        let d = m.dict_obj();
        if ![&sys, &builtins].into_iter().flatten().any(|own| own.is(&d)) {
            clear_names(d.cast());
        }
    }
    for d in [sys, builtins].iter().flatten() {
        clear_names(d.cast());
    }
    gc::collect_at_exit();
}

fn set(d: &Dict, name: &Object, value: &Object) {
    if let Err(e) = d.set_item(name, value) {
        error::unraisable(e, None);
    }
}

/// Lets go of what `sys` may keep alive without need, and puts the first streams back.
fn reset_sys(d: &Dict) {
    for name in [
        intern!("path"),
        intern!("argv"),
        intern!("ps1"),
        intern!("ps2"),
        intern!("last_exc"),
        intern!("last_type"),
        intern!("last_value"),
        intern!("last_traceback"),
        intern!("path_hooks"),
        intern!("path_importer_cache"),
        intern!("meta_path"),
        intern!("__interactivehook__"),
    ] {
        set(d, name, none::none());
    }
    for (name, first) in [
        (intern!("stdin"), intern!("__stdin__")),
        (intern!("stdout"), intern!("__stdout__")),
        (intern!("stderr"), intern!("__stderr__")),
    ] {
        let value = d.get_item(first).ok().flatten();
        set(d, name, value.as_deref().unwrap_or(none::none()));
    }
}

/// Empties `sys.modules`; answers weak references to the modules that were in it.
fn remove_modules(interp: &Interp) -> Vec<Obj> {
    let Some(modules) = interp.modules.get_owned() else { return Vec::new() };
    let mut left = Vec::new();
    let entries = match modules.downcast::<Dict>() {
        Some(d) => d.pairs(),
        None => pairs_of(&modules),
    };
    for (name, m) in entries {
        if m.downcast::<Module>().is_some() {
            match weakref::new_ref(&_PyWeakref_RefType, &m, None) {
                Ok(r) => left.push(r.into_obj()),
                Err(e) => e.clear(),
            }
            if let Err(e) = modules.set_item(&name, none::none()) {
                error::unraisable(e, None);
            }
        }
    }
    match modules.downcast::<Dict>() {
        Some(d) => d.clear(),
        None => quiet(modules.call_method(intern!("clear"), &[])),
    }
    left
}

/// The entries of a mapping that stands for `sys.modules`.
fn pairs_of(modules: &Object) -> Vec<(Obj, Obj)> {
    let collected = (|| {
        let keys = modules.call_method(intern!("keys"), &[])?;
        let mut all = Vec::new();
        for k in taipan_object::protocol::iter::collect(&keys)? {
            let v = modules.get_item(&k)?;
            all.push((k, v));
        }
        PyResult::Ok(all)
    })();
    collected.unwrap_or_else(|e: taipan_object::Raised| {
        error::unraisable(e, None);
        Vec::new()
    })
}

/// Sets a module's names to `None`: those with one underscore first.
fn clear_names(d: &Dict) {
    for private in [true, false] {
        for (k, v) in d.pairs() {
            let Some(name) = k.downcast::<Str>() else { continue };
            let first = |i: usize| (i < name.len()).then(|| name.char_at(i));
            let is_private = first(0) == Some(u32::from(b'_')) && first(1) != Some(u32::from(b'_'));
            if !v.is_none() && (if private { is_private } else { !name.eq_str("__builtins__") }) {
                drop(v);
                set(d, &k, none::none());
            }
        }
    }
}
