//! `_interpreters`.

use super::data::{Data, Fallback, is_shareable, pack, stateless, unpack};
use super::failure::Failure;
use super::registry::{self, Settings, whence};
use super::{interpreter_error_class, namespace, not_found_class, not_shareable_class, registry::failed};
use taipan_object::args::{Given, KwArgs};
use taipan_object::types::bool_;
use taipan_object::types::dict::Dict;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Layout, Obj, Object, PyResult, Raised, Ref, bail, function, intern, methods};
use taipan_vm::compile::{Request, compile_str};
use taipan_vm::function::Function;
use taipan_vm::{CodeObject, call as vm_call, import};

fn settings_object(s: &Settings) -> PyResult {
    let b = |v: bool| bool_::from_bool(v);
    namespace(&[
        ("use_main_obmalloc", &b(s.use_main_obmalloc)),
        ("allow_fork", &b(s.allow_fork)),
        ("allow_exec", &b(s.allow_exec)),
        ("allow_threads", &b(s.allow_threads)),
        ("allow_daemon_threads", &b(s.allow_daemon_threads)),
        ("check_multi_interp_extensions", &b(s.check_multi_interp_extensions)),
        ("gil", &Str::from_utf8(&s.gil)),
    ])
}

fn set_field(s: &mut Settings, name: &str, v: &Object) -> PyResult<bool> {
    let flag = || -> PyResult<bool> {
        if !v.is(bool_::true_()) && !v.is(bool_::false_()) {
            bail!(TypeError, "invalid config value for '{name}': expected a bool");
        }
        Ok(v.is(bool_::true_()))
    };
    match name {
        "use_main_obmalloc" => s.use_main_obmalloc = flag()?,
        "allow_fork" => s.allow_fork = flag()?,
        "allow_exec" => s.allow_exec = flag()?,
        "allow_threads" => s.allow_threads = flag()?,
        "allow_daemon_threads" => s.allow_daemon_threads = flag()?,
        "check_multi_interp_extensions" => s.check_multi_interp_extensions = flag()?,
        "gil" => {
            let Some(text) = v.downcast::<Str>() else {
                bail!(TypeError, "unsupported interpreter config .gil value: expected a str");
            };
            let text = text.to_utf8_lossy().into_owned();
            if !matches!(text.as_str(), "default" | "shared" | "own") {
                bail!(ValueError, "unsupported interpreter config .gil value '{text}'");
            }
            s.gil = text;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn named(name: &str) -> PyResult<Settings> {
    match Settings::named(name) {
        Some(s) => Ok(s),
        None => bail!(ValueError, "unsupported config name '{name}'"),
    }
}

fn settings_of(config: Option<&Object>) -> PyResult<Settings> {
    let Some(c) = config.filter(|c| !c.is_none()) else { return Ok(Settings::isolated()) };
    if let Some(name) = c.downcast::<Str>() {
        return named(&proper(name)?);
    }
    let d = match c.get_attr_opt(intern!("__dict__"))? {
        Some(d) if d.downcast::<Dict>().is_some() => d,
        _ => bail!(TypeError, "bad config {}", c.repr()?.display()),
    };
    let mut s = named("empty")?;
    let mut missing: Vec<&str> = vec![
        "use_main_obmalloc",
        "allow_fork",
        "allow_exec",
        "allow_threads",
        "allow_daemon_threads",
        "check_multi_interp_extensions",
        "gil",
    ];
    for (k, v) in d.cast::<Dict>().pairs() {
        let name = k.str()?.to_utf8_lossy().into_owned();
        if !set_field(&mut s, &name, &v)? {
            bail!(ValueError, "config got 1 extra args ('{name}')");
        }
        missing.retain(|m| *m != name);
    }
    if let Some(m) = missing.first() {
        bail!(ValueError, "missing config key '{m}'");
    }
    Ok(s)
}

/// Text that must be proper Unicode.
fn proper(s: &Str) -> PyResult<String> {
    s.as_object().call_method(intern!("encode"), &[])?;
    Ok(s.to_utf8_lossy().into_owned())
}

/// Return a configuration by its name, with changes.
#[function(signature = "(name='isolated', /, **overrides)", text = false)]
fn new_config(name: Given<&Str>, overrides: KwArgs<'_>) -> PyResult {
    let mut s = match name.0 {
        Some(n) => named(&proper(n)?)?,
        None => Settings::isolated(),
    };
    let mut extra = 0;
    for (k, v) in overrides.iter() {
        if !set_field(&mut s, &k.str()?.to_utf8_lossy(), v)? {
            extra += 1;
        }
    }
    if extra > 0 {
        bail!(ValueError, "config got {extra} extra args");
    }
    settings_object(&s)
}

/// Make an interpreter, and return its number.
#[function(signature = "(config='isolated', *, reqrefs=False)", text = false)]
fn create(config: Given<&Object>, reqrefs: Given<bool>) -> PyResult<i64> {
    registry::create(settings_of(config.0)?, reqrefs.0.unwrap_or(false))
}

/// End an interpreter.
#[function(signature = "(id, *, restrict=False)", text = false)]
fn destroy(id: &Object, restrict: Given<bool>) -> PyResult<()> {
    let id = registry::id_of(id)?;
    registry::check(id, restrict.0.unwrap_or(false))?;
    registry::destroy(id)
}

/// Return numbers and origins of all interpreters.
#[function(signature = "(*, require_ready=False)", text = false)]
fn list_all(require_ready: Given<bool>) -> Ref<List> {
    let _ = require_ready;
    List::from_vec(registry::list().into_iter().map(registry::summary).collect())
}

/// Return number and origin of the running interpreter.
#[function]
fn get_current() -> PyResult {
    let id = Interp::current().id;
    Ok(registry::summary((id, registry::whence_of(id)?)))
}

/// Return number and origin of the main interpreter.
#[function]
fn get_main() -> Obj {
    registry::summary((0, whence::RUNTIME))
}

/// Return whether a thread is running in an interpreter's __main__.
#[function(signature = "(id, *, restrict=False)", text = false)]
fn is_running(id: &Object, restrict: Given<bool>) -> PyResult<bool> {
    let id = registry::id_of(id)?;
    registry::check(id, restrict.0.unwrap_or(false))?;
    registry::is_running(id)
}

/// Return what an interpreter may do.
#[function(signature = "(id, *, restrict=False)", text = false)]
fn get_config(id: &Object, restrict: Given<bool>) -> PyResult {
    let id = registry::id_of(id)?;
    registry::check(id, restrict.0.unwrap_or(false))?;
    settings_object(&registry::settings(id)?)
}

/// Return how an interpreter came to be.
#[function(signature = "(id)", text = false, name = "whence")]
fn whence_number(id: &Object) -> PyResult<i64> {
    registry::whence_of(registry::id_of(id)?)
}

/// Refer to an interpreter once more.
#[function(signature = "(id, *, implieslink=False, restrict=False)", text = false)]
fn incref(id: &Object, implieslink: Given<bool>, restrict: Given<bool>) -> PyResult<()> {
    let id = registry::id_of(id)?;
    registry::check(id, restrict.0.unwrap_or(false))?;
    registry::incref(id, implieslink.0.unwrap_or(false))
}

/// Refer to an interpreter once less.
#[function(signature = "(id, *, restrict=False)", text = false)]
fn decref(id: &Object, restrict: Given<bool>) -> PyResult<()> {
    let id = registry::id_of(id)?;
    registry::check(id, restrict.0.unwrap_or(false))?;
    registry::decref(id)
}

/// Return whether an object can go to another interpreter.
#[function(signature = "(obj)", text = false, name = "is_shareable")]
fn shareable(obj: &Object) -> bool {
    is_shareable(obj)
}

/// Names and values on their way.
type Pairs = Vec<(Data, Data)>;

fn packed_names(d: Option<&Object>, what: &str) -> PyResult<Pairs> {
    let Some(d) = d else { return Ok(Vec::new()) };
    let Some(dict) = d.downcast::<Dict>() else {
        let shown = if d.is_none() { "None" } else { d.ty().name_str() };
        bail!(TypeError, "{what} must be dict, not {shown}")
    };
    let d = dict;
    let mut out = Vec::new();
    for (k, v) in d.pairs() {
        if k.downcast::<Str>().is_none() {
            bail!(TypeError, "expected str for key, got {}", k.ty().name_str());
        }
        if proper(k.cast::<Str>())?.contains('\0') {
            bail!(ValueError, "embedded null character");
        }
        out.push((pack(&k, Fallback::None)?, pack(&v, Fallback::None)?));
    }
    Ok(out)
}

fn bind_names(names: &Pairs) -> PyResult<()> {
    let main = registry::main_dict()?;
    for (k, v) in names {
        main.cast::<Dict>().set_item(&*unpack(k)?, &*unpack(v)?)?;
    }
    Ok(())
}

/// Set names in an interpreter's __main__.
#[function(signature = "(id, updates, *, restrict=False)", text = false, name = "set___main___attrs")]
fn set_main_attrs(id: &Object, updates: &Object, restrict: Given<bool>) -> PyResult<()> {
    let id = registry::id_of(id)?;
    registry::check(id, restrict.0.unwrap_or(false))?;
    let names = packed_names(Some(updates), "set___main___attrs() argument 'updates'")?;
    if names.is_empty() {
        bail!(ValueError, "arg 2 must be a non-empty mapping");
    }
    let failure = registry::run_in(id, || bind_names(&names).err().map(|e| Failure::of(&e.take())))?;
    match failure {
        None => Ok(()),
        Some(_) => Err(failed("failed to bind the values in __main__")),
    }
}

/// A program to be run elsewhere.
struct Script(Vec<u8>);

fn marshalled(code: &Object) -> PyResult<Script> {
    let b = import::import("marshal")?.call_method(intern!("dumps"), &[code])?;
    Ok(Script(b.downcast::<taipan_object::types::bytes::Bytes>().map(|b| b.as_slice().to_vec()).unwrap_or_default()))
}

/// Whether code takes nothing and returns nothing, as a script does.
fn check_script(code: &CodeObject) -> PyResult<()> {
    let number = |name: &Object| -> PyResult<i64> { code.as_object().get_attr(name)?.as_i64() };
    if code.nfreevars() != 0 {
        bail!(ValueError, "code with closure is not a script");
    }
    let flags = number(intern!("co_flags"))?;
    let args = number(intern!("co_argcount"))? + number(intern!("co_kwonlyargcount"))?;
    if args != 0 || flags & 0x0C != 0 {
        bail!(ValueError, "code with args is not a script");
    }
    let dis = import::import("dis")?;
    let all = dis.call_method(intern!("get_instructions"), &[code.as_object()])?;
    let mut loads_none = false;
    for i in taipan_object::protocol::iter::collect(&all)? {
        let op = i.get_attr(intern!("opname"))?.str()?;
        if op.eq_str("RETURN_VALUE") && !loads_none {
            bail!(ValueError, "code that returns a value is not a script");
        }
        loads_none = op.eq_str("LOAD_CONST") && i.get_attr(intern!("argval"))?.is_none();
    }
    Ok(())
}

/// Compiled here, so that syntax errors are the caller's.
fn source_script(s: &Str) -> PyResult<Script> {
    marshalled(compile_str(&s.to_utf8_lossy(), &Request::module("<script>"))?.as_object())
}

fn script_of(code: &Object, function: &str) -> PyResult<Script> {
    if let Some(s) = code.downcast::<Str>() {
        return source_script(s);
    }
    if let Some(f) = code.downcast_exact::<Function>() {
        check_script(f.code())?;
        if let Err(why) = stateless(f)
            && why != "globals not supported"
        {
            bail!(ValueError, "{why}");
        }
        return marshalled(f.code().as_object());
    }
    if let Some(c) = code.downcast::<CodeObject>() {
        check_script(c)?;
        return marshalled(code);
    }
    bail!(
        TypeError,
        "{function}() argument 2 must be a string, a function, or a code object, not {}",
        code.ty().name_str()
    )
}

fn run_script(s: &Script) -> PyResult<()> {
    let b = taipan_object::types::bytes::Bytes::new(&s.0);
    let code = import::import("marshal")?.call_method(intern!("loads"), &[&*b])?;
    let Some(code) = code.downcast::<CodeObject>() else { bail!(TypeError, "not code") };
    let main = registry::main_dict()?;
    vm_call::eval_code(code, main.cast(), &main, None)?;
    Ok(())
}

fn execute(id: &Object, script: Script, shared: Option<&Object>, restrict: Given<bool>, function: &str) -> PyResult {
    let id = registry::id_of(id)?;
    registry::check(id, restrict.0.unwrap_or(false))?;
    let names = packed_names(shared, &format!("_interpreters.{function}() argument 3"))?;
    let failure = registry::run_in(id, || {
        let done = bind_names(&names).and_then(|()| run_script(&script));
        flush();
        done.err().map(|e| Failure::of(&e.take()))
    })?;
    match failure {
        None => Ok(none::none_obj()),
        Some(f) => f.to_object(),
    }
}

/// Lets what was printed go its way.
fn flush() {
    let saved = taipan_object::error::occurred().map(|e| e.take());
    for name in ["stdout", "stderr"] {
        if let Ok(Some(f)) = taipan_vm::sys::get(name)
            && !f.is_none()
            && let Err(e) = f.call_method(intern!("flush"), &[])
        {
            e.clear();
        }
    }
    if let Some(e) = saved {
        let _ = taipan_object::error::restore(e);
    }
}

/// Run source, a code object or a function in an interpreter's __main__. Return what is known of the exception it ended with, or None.
#[function(signature = "(id, code, shared={}, *, restrict=False)", text = false)]
fn exec(id: &Object, code: &Object, shared: Given<&Object>, restrict: Given<bool>) -> PyResult {
    let script = script_of(code, "_interpreters.exec")?;
    execute(id, script, shared.0, restrict, "exec")
}

/// As exec(), for source only.
#[function(signature = "(id, script, shared={}, *, restrict=False)", text = false)]
fn run_string(id: &Object, script: &Object, shared: Given<&Object>, restrict: Given<bool>) -> PyResult {
    let Some(s) = script.downcast::<Str>() else {
        bail!(TypeError, "_interpreters.run_string() argument 2 must be a string, not {}", script.ty().name_str());
    };
    execute(id, source_script(s)?, shared.0, restrict, "run_string")
}

/// As exec(), for functions only.
#[function(signature = "(id, func, shared={}, *, restrict=False)", text = false)]
fn run_func(id: &Object, func: &Object, shared: Given<&Object>, restrict: Given<bool>) -> PyResult {
    if func.downcast_exact::<Function>().is_none() && func.downcast::<CodeObject>().is_none() {
        bail!(TypeError, "_interpreters.run_func() argument 2 must be a function, not {}", func.ty().name_str());
    }
    let script = script_of(func, "_interpreters.run_func")?;
    execute(id, script, shared.0, restrict, "run_func")
}

/// What a call elsewhere ended with.
enum Outcome {
    Value(Data),
    Failed(Failure),
    /// What is wrong, and why.
    NotShareable(String, Option<String>),
}

fn message_of(e: Raised) -> String {
    let exc = e.take();
    exc.str().map(|s| s.to_utf8_lossy().into_owned()).unwrap_or_else(|e| {
        e.clear();
        String::new()
    })
}

/// A part of a call could not be made in the other interpreter.
fn unpackable(e: Raised, part: &str) -> Outcome {
    Outcome::NotShareable(format!("{part} not shareable"), Some(message_of(e)))
}

/// A part of a call cannot go there.
fn part_not_shareable(e: Raised, part: &str) -> Raised {
    match not_shareable_class() {
        Ok(c) if e.matches(c.cast::<taipan_object::Type>()) => {
            super::not_shareable(&format!("{part} not shareable"), Some(e))
        }
        _ => e,
    }
}

/// Call an object in an interpreter. Return its result and None, or None and what is known of its exception.
#[function(signature = "(id, callable, args=None, kwargs=None, *, preserve_exc=False, restrict=False)", text = false)]
fn call(
    id: &Object,
    callable: &Object,
    args: Option<&Object>,
    kwargs: Option<&Object>,
    preserve_exc: Given<bool>,
    restrict: Given<bool>,
) -> PyResult {
    let _ = preserve_exc;
    let id = registry::id_of(id)?;
    registry::check(id, restrict.0.unwrap_or(false))?;
    if !callable.is_callable() {
        bail!(TypeError, "_interpreters.call() argument 2 must be a callable, not {}", callable.ty().name_str());
    }
    let f = pack(callable, Fallback::Full).map_err(|e| part_not_shareable(e, "func"))?;
    let args = match args {
        None => Vec::new(),
        Some(a) => match pack(a, Fallback::Full).map_err(|e| part_not_shareable(e, "args"))? {
            Data::Tuple(items) => items,
            _ => bail!(TypeError, "_interpreters.call() argument 3 must be a tuple, not {}", a.ty().name_str()),
        },
    };
    let mut names = Vec::new();
    if let Some(k) = kwargs {
        let Some(d) = k.downcast::<Dict>() else {
            bail!(TypeError, "_interpreters.call() argument 4 must be a dict, not {}", k.ty().name_str());
        };
        for (k, v) in d.pairs() {
            let value = pack(&v, Fallback::Full).map_err(|e| part_not_shareable(e, "kwargs"))?;
            names.push((pack(&k, Fallback::None)?, value));
        }
    }
    let outcome = registry::run_in(id, || {
        let f = match unpack(&f) {
            Ok(f) => f,
            Err(e) => return unpackable(e, "func"),
        };
        let args: PyResult<Vec<Obj>> = args.iter().map(unpack).collect();
        let args = match args {
            Ok(a) => Tuple::from_vec(a),
            Err(e) => return unpackable(e, "args"),
        };
        let d = Dict::new();
        let bound: PyResult<()> = names.iter().try_for_each(|(k, v)| {
            let (k, v) = (unpack(k)?, unpack(v)?);
            d.set_item(&k, &v)
        });
        if let Err(e) = bound {
            return unpackable(e, "kwargs");
        }
        let r = f.call_tuple(&args, Some(&d));
        flush();
        match r {
            Err(e) => Outcome::Failed(Failure::of(&e.take())),
            Ok(v) => match pack(&v, Fallback::Full) {
                Ok(d) => Outcome::Value(d),
                Err(e) => Outcome::NotShareable(message_of(e), None),
            },
        }
    })?;
    let pair = |a: Obj, b: Obj| Tuple::from_vec(vec![a, b]).into_obj();
    match outcome {
        Outcome::Value(d) => Ok(pair(unpack(&d)?, none::none_obj())),
        Outcome::Failed(f) => Ok(pair(none::none_obj(), f.to_object()?)),
        Outcome::NotShareable(text, cause) => {
            let cause = cause.map(|c| super::raise_in(not_shareable_class(), &c));
            Err(super::not_shareable(&text, cause))
        }
    }
}

/// Return what is known of an exception, or of the one being handled.
#[function(signature = "(exc=None)", text = false)]
fn capture_exception(exc: Option<&Object>) -> PyResult {
    let exc = match exc {
        Some(e) => Some(e.to_obj()),
        None => taipan_object::Thread::current().handled_exception().map(|e| e.to_obj()),
    };
    let Some(exc) = exc else { return Ok(none::none_obj()) };
    if exc.downcast::<taipan_object::types::exceptions::BaseException>().is_none() {
        bail!(TypeError, "expected exception, got '{}'", exc.repr()?.display());
    }
    Failure::of(&exc).to_object()
}

fn exec_module(m: &Module) -> PyResult<()> {
    for (name, n) in [
        ("WHENCE_UNKNOWN", whence::UNKNOWN),
        ("WHENCE_RUNTIME", whence::RUNTIME),
        ("WHENCE_LEGACY_CAPI", whence::LEGACY_CAPI),
        ("WHENCE_CAPI", whence::CAPI),
        ("WHENCE_XI", whence::XI),
        ("WHENCE_STDLIB", whence::STDLIB),
    ] {
        m.add_int(name, n)?;
    }
    m.add("InterpreterError", &*interpreter_error_class()?)?;
    m.add("InterpreterNotFoundError", &*not_found_class()?)?;
    m.add("NotShareableError", &*not_shareable_class()?)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_interpreters",
    doc: "Several interpreters in one process.",
    methods: methods![
        new_config,
        create,
        destroy,
        list_all,
        get_current,
        get_main,
        is_running,
        get_config,
        whence_number,
        incref,
        decref,
        shareable,
        set_main_attrs,
        exec,
        run_string,
        run_func,
        call,
        capture_exception,
    ],
    exec: exec_module,
};
