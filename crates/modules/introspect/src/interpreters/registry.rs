//! Which interpreters there are, and running something in one of them.

use super::{interpreter_error_class, not_found_class, raise_in};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use taipan_object::types::int::Int;
use taipan_object::types::module::Module;
use taipan_object::{Interp, Obj, Object, PyResult, Thread, bail, intern};

/// How an interpreter came to be.
pub mod whence {
    pub const UNKNOWN: i64 = 0;
    pub const RUNTIME: i64 = 1;
    pub const LEGACY_CAPI: i64 = 2;
    pub const CAPI: i64 = 3;
    pub const XI: i64 = 4;
    pub const STDLIB: i64 = 5;
}

/// What an interpreter may do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    pub use_main_obmalloc: bool,
    pub allow_fork: bool,
    pub allow_exec: bool,
    pub allow_threads: bool,
    pub allow_daemon_threads: bool,
    pub check_multi_interp_extensions: bool,
    /// "default", "shared" or "own".
    pub gil: String,
}

/// How the executable makes interpreters and ends them.
#[derive(Clone, Copy)]
pub struct Factory {
    /// Sets the interpreter of the running thread up, which is fresh.
    pub start: fn() -> PyResult<()>,
    /// Ends the interpreter of the running thread: its threads, exit functions, modules.
    pub finish: fn(),
}

static FACTORY: OnceLock<Factory> = OnceLock::new();

/// Says how interpreters are made. The first caller wins.
pub fn set_factory(f: Factory) {
    let _ = FACTORY.set(f);
}

/// An interpreter that was made here.
struct Entry {
    interp: &'static Interp,
    settings: Settings,
    refs: i64,
    /// Ends when nobody refers to it any more.
    needs_refs: bool,
    /// Whether a thread is in its `__main__`.
    running: bool,
}

struct Table {
    next: i64,
    entries: Vec<Entry>,
}

// SAFETY: interpreters are touched under the interpreter lock, which they share.
unsafe impl Send for Table {}

static TABLE: Mutex<Table> = Mutex::new(Table { next: 1, entries: Vec::new() });

fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Raises `InterpreterError`.
#[cold]
pub fn failed(message: &str) -> taipan_object::Raised {
    raise_in(interpreter_error_class(), message)
}

#[cold]
fn not_found(id: i64) -> taipan_object::Raised {
    raise_in(not_found_class(), &format!("unrecognized interpreter ID {id}"))
}

/// The number in an argument.
pub fn id_of(o: &Object) -> PyResult<i64> {
    if !taipan_object::protocol::number::has_index(o) {
        bail!(TypeError, "interpreter ID must be an int, got {}", o.ty().name_str());
    }
    let n = taipan_object::protocol::number::index(o)?;
    match n.to_i64() {
        Some(n) if n >= 0 => Ok(n),
        Some(_) => bail!(ValueError, "interpreter ID must be a non-negative int, got {}", o.repr()?.display()),
        None => bail!(OverflowError, "int too big to convert"),
    }
}

/// All of them, as number and origin.
pub fn list() -> Vec<(i64, i64)> {
    let mut all = vec![(0, whence::RUNTIME)];
    all.extend(table().entries.iter().map(|e| (e.interp.id, whence::STDLIB)));
    all
}

/// How one came to be.
pub fn whence_of(id: i64) -> PyResult<i64> {
    list().into_iter().find(|e| e.0 == id).map(|e| e.1).ok_or_else(|| not_found(id))
}

/// With `restrict`, only interpreters made here will do.
pub fn check(id: i64, restrict: bool) -> PyResult<()> {
    if whence_of(id)? != whence::STDLIB && restrict {
        return Err(failed(&format!("unrecognized interpreter {id}")));
    }
    Ok(())
}

/// What it may do.
pub fn settings(id: i64) -> PyResult<Settings> {
    if id == 0 {
        return Ok(Settings::named("legacy").unwrap_or_else(Settings::isolated))
            .map(|s| Settings { gil: "own".into(), ..s });
    }
    let found = table().entries.iter().find(|e| e.interp.id == id).map(|e| e.settings.clone());
    found.ok_or_else(|| not_found(id))
}

impl Settings {
    pub fn isolated() -> Settings {
        Settings {
            use_main_obmalloc: false,
            allow_fork: false,
            allow_exec: false,
            allow_threads: true,
            allow_daemon_threads: false,
            check_multi_interp_extensions: true,
            gil: "own".to_owned(),
        }
    }

    /// The settings that go by a name.
    pub fn named(name: &str) -> Option<Settings> {
        match name {
            "isolated" | "default" | "" => Some(Settings::isolated()),
            "legacy" => Some(Settings {
                use_main_obmalloc: true,
                allow_fork: true,
                allow_exec: true,
                allow_threads: true,
                allow_daemon_threads: true,
                check_multi_interp_extensions: false,
                gil: "shared".to_owned(),
            }),
            "empty" => Some(Settings {
                use_main_obmalloc: false,
                allow_fork: false,
                allow_exec: false,
                allow_threads: false,
                allow_daemon_threads: false,
                check_multi_interp_extensions: false,
                gil: "default".to_owned(),
            }),
            _ => None,
        }
    }
}

/// Is a thread in its `__main__`?
pub fn is_running(id: i64) -> PyResult<bool> {
    if id == 0 {
        return Ok(true);
    }
    let found = table().entries.iter().find(|e| e.interp.id == id).map(|e| e.running);
    found.ok_or_else(|| not_found(id))
}

/// Makes an interpreter; answers its number.
pub fn create(settings: Settings, needs_refs: bool) -> PyResult<i64> {
    let Some(factory) = FACTORY.get() else { bail!(RuntimeError, "this executable cannot make interpreters") };
    // The combinations that the reference cannot make either.
    let own_memory = !settings.use_main_obmalloc;
    if (settings.gil == "own" && !own_memory) || (own_memory && !settings.check_multi_interp_extensions) {
        return Err(failed("interpreter creation failed"));
    }
    let id = {
        let mut t = table();
        t.next += 1;
        t.next - 1
    };
    let interp = Interp::new(id);
    interp.gc.init();
    let main = Thread::current().interp;
    for (to, from) in
        [(&interp.config.bytes_warning, &main.config.bytes_warning), (&interp.config.optimize, &main.config.optimize)]
    {
        to.set(from.get());
    }
    for (to, from) in [
        (&interp.config.dev_mode, &main.config.dev_mode),
        (&interp.config.utf8_mode, &main.config.utf8_mode),
        (&interp.config.warn_default_encoding, &main.config.warn_default_encoding),
    ] {
        to.set(from.get());
    }
    let limits = settings.clone();
    let made = taipan_vm::thread::start::run_in(interp, || {
        let started = (factory.start)();
        let state = &interp.module_state;
        for (key, allowed) in [
            ("interpreter.no_daemon_threads", limits.allow_daemon_threads),
            ("interpreter.no_threads", limits.allow_threads),
            ("interpreter.no_fork", limits.allow_fork),
            ("interpreter.no_exec", limits.allow_exec),
        ] {
            if !allowed {
                state.borrow_mut().insert(key, taipan_object::types::none::none_obj());
            }
        }
        started.map_err(|e| {
            let exc = e.take();
            taipan_vm::report::plain(&exc)
        })
    });
    if let Err(text) = made {
        return Err(failed(&format!("interpreter creation failed\n{text}")));
    }
    table().entries.push(Entry { interp, settings, refs: 0, needs_refs, running: false });
    Ok(id)
}

/// Ends an interpreter.
pub fn destroy(id: i64) -> PyResult<()> {
    if id == Interp::current().id {
        return Err(failed("cannot destroy the current interpreter"));
    }
    if id == 0 {
        return Err(failed("cannot destroy main interpreter"));
    }
    let interp = {
        let mut t = table();
        let Some(i) = t.entries.iter().position(|e| e.interp.id == id) else {
            drop(t);
            return Err(not_found(id));
        };
        if t.entries[i].running {
            drop(t);
            return Err(failed("interpreter running"));
        }
        t.entries.remove(i).interp
    };
    if let Some(factory) = FACTORY.get() {
        taipan_vm::thread::start::run_in(interp, factory.finish);
    }
    super::queues::forget_interpreter(id);
    Ok(())
}

/// At the end of the process: ends the interpreters that are left, with a warning.
pub fn finish_all() {
    let left: Vec<i64> = table().entries.iter().filter(|e| !e.running).map(|e| e.interp.id).collect();
    if left.is_empty() {
        return;
    }
    let text = "remaining subinterpreters; close them with Interpreter.close()";
    if let Err(e) = (taipan_object::hooks::get().warn)(taipan_object::types::exceptions::RuntimeWarning, text, 0) {
        taipan_object::error::unraisable(e, None);
    }
    for id in left {
        if let Err(e) = destroy(id) {
            e.clear();
        }
    }
}

/// One more refers to it.
pub fn incref(id: i64, implies_link: bool) -> PyResult<()> {
    if id == 0 {
        return Ok(());
    }
    let found = {
        let mut t = table();
        t.entries.iter_mut().find(|e| e.interp.id == id).map(|e| {
            e.refs += 1;
            e.needs_refs |= implies_link;
        })
    };
    found.ok_or_else(|| not_found(id))
}

/// One less does; the last ends it.
pub fn decref(id: i64) -> PyResult<()> {
    if id == 0 {
        return Ok(());
    }
    let found = {
        let mut t = table();
        t.entries.iter_mut().find(|e| e.interp.id == id).map(|e| {
            e.refs -= 1;
            e.refs <= 0 && e.needs_refs
        })
    };
    match found {
        Some(true) => destroy(id),
        Some(false) => Ok(()),
        None => Err(not_found(id)),
    }
}

/// Runs `f` in an interpreter, whose `__main__` must be free. `f` must not let objects out.
pub fn run_in<R>(id: i64, f: impl FnOnce() -> R) -> PyResult<R> {
    enum Found {
        Free(&'static Interp),
        Busy,
        Missing,
    }
    let found = {
        let mut t = table();
        match t.entries.iter_mut().find(|e| e.interp.id == id) {
            Some(e) if e.running => Found::Busy,
            Some(e) => {
                e.running = true;
                Found::Free(e.interp)
            }
            None if id == 0 => Found::Busy,
            None => Found::Missing,
        }
    };
    let interp = match found {
        Found::Free(i) => i,
        Found::Busy => return Err(failed("interpreter already running")),
        Found::Missing => return Err(not_found(id)),
    };
    let r = taipan_vm::thread::start::run_in(interp, f);
    if let Some(e) = table().entries.iter_mut().find(|e| e.interp.id == id) {
        e.running = false;
    }
    Ok(r)
}

/// `__main__.__dict__` of the current interpreter.
pub fn main_dict() -> PyResult<Obj> {
    let main = taipan_vm::import::modules()?.get_item(intern!("__main__"))?;
    match main.downcast::<Module>() {
        Some(m) => Ok(m.dict_obj()),
        None => bail!(RuntimeError, "no __main__ module"),
    }
}

/// Number and origin as a tuple.
pub fn summary((id, whence): (i64, i64)) -> Obj {
    taipan_object::types::tuple::Tuple::new(&[&*Int::from_i64(id), &*Int::from_i64(whence)]).into_obj()
}
