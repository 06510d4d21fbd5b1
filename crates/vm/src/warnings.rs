//! Warnings: issuing them by the filters, and the module `_warnings` (see "warnings" in the library reference).

use taipan_object::args::Given;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::method::MethodDef;
use taipan_object::types::bool_;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none};
use taipan_object::{Interp, PyResult, Thread, Type, bail, function, intern};

/// The module's description.
pub static MODULE: ModuleDef =
    ModuleDef { name: "_warnings", doc: "Warnings issued by native code.", methods: Some(METHODS), exec };

static METHODS: &[MethodDef] = &[
    warn_function::DEF,
    warn_explicit_function::DEF,
    filters_mutated::DEF,
    acquire_lock::DEF,
    release_lock::DEF,
    MethodDef::END,
];

fn exec(m: &Module) -> PyResult<()> {
    let s = state()?;
    for name in ["filters", "_defaultaction", "_onceregistry"] {
        if let Some(v) = s.get_str(name)? {
            m.add(name, &v)?;
        }
    }
    // This module is made before the import system can find others, so the type is taken from the native module directly.
    let Some(def) = crate::import::native("_contextvars") else { return Ok(()) };
    let contextvars = Module::from_def(def)?;
    let var = contextvars.get_attr(intern!("ContextVar"))?.call_one(intern!("warnings_context"))?;
    s.set_item(intern!("_warnings_context"), &var)?;
    m.add("_warnings_context", &var)
}

/// The filters and registries of the interpreter.
fn state() -> PyResult<Ref<Dict>> {
    let interp = Interp::current();
    if let Some(s) = interp.module_state.borrow().get("_warnings") {
        return Ok(Ref::from_borrowed(s.cast()));
    }
    let d = Dict::new();
    d.set_item(intern!("filters"), &default_filters())?;
    d.set_item(intern!("_defaultaction"), intern!("default"))?;
    d.set_item(intern!("_onceregistry"), Dict::new().as_obj())?;
    d.set_item(intern!("version"), &Int::from_i64(0))?;
    interp.module_state.borrow_mut().insert("_warnings", d.as_obj().clone());
    Ok(d)
}

fn default_filters() -> Ref<List> {
    let filter = |action: &Object, category: &Type, module: &Object| {
        Tuple::new(&[action, none::none(), category.as_object(), module, &Int::from_i64(0)]).into_obj()
    };
    let (ignore, none) = (intern!("ignore"), none::none());
    List::from_vec(vec![
        filter(intern!("default"), exceptions::DeprecationWarning, intern!("__main__")),
        filter(ignore, exceptions::DeprecationWarning, none),
        filter(ignore, exceptions::PendingDeprecationWarning, none),
        filter(ignore, exceptions::ImportWarning, none),
        filter(ignore, exceptions::ResourceWarning, none),
    ])
}

/// An attribute of the Python module `warnings`, if that is imported, else of the native state.
fn setting(name: &'static Object) -> PyResult<Option<Obj>> {
    let modules = crate::import::modules()?;
    if let Some(d) = modules.downcast::<Dict>()
        && let Some(w) = d.get_item(intern!("warnings"))?
        && let Some(v) = w.get_attr_opt(name)?
    {
        return Ok(Some(v));
    }
    state()?.get_item(name)
}

fn version() -> PyResult<i64> {
    Ok(state()?.get_item(intern!("version"))?.map_or(0, |v| v.cast::<Int>().to_i64().unwrap_or(0)))
}

/// A `DeprecationWarning` and its like from Rust code, shown at the caller `stacklevel` frames up.
pub fn warn(category: &Type, text: &str, stacklevel: isize) -> PyResult<()> {
    do_warn(&Str::from_utf8(text), category.as_object(), stacklevel, None, None)
}

/// A warning at a place in a file.
pub fn warn_explicit(
    category: &Type,
    text: &str,
    filename: &str,
    lineno: i64,
    module: Option<&Object>,
) -> PyResult<()> {
    issue(category.as_object(), &Str::from_utf8(text), &Str::from_utf8(filename), lineno, module, None, None, None)
}

/// Whether a frame belongs to the import system, which stack levels skip.
fn is_internal(filename: &str) -> bool {
    filename.contains("importlib") && filename.contains("_bootstrap")
}

struct Place {
    filename: Obj,
    lineno: i64,
    module: Obj,
    registry: Obj,
}

/// The place that a stack level means.
fn place(stacklevel: isize, skip: &[String]) -> PyResult<Place> {
    let name_of = |f: *mut crate::Frame| -> String {
        // SAFETY: frames of the running thread's chain are alive.
        unsafe { (*f).code() }.filename().to_utf8_lossy().into_owned()
    };
    let skipped = |f: *mut crate::Frame| {
        let n = name_of(f);
        is_internal(&n) || skip.iter().any(|p| n.starts_with(p.as_str()))
    };
    let mut f = crate::frame::skip_incomplete(crate::frame::current(Thread::current()));
    let level = if skip.is_empty() { stacklevel } else { stacklevel.max(2) };
    if level <= 0 || (!f.is_null() && is_internal(&name_of(f))) {
        let mut n = level;
        while n > 1 && !f.is_null() {
            f = crate::frame::query::previous_complete(f);
            n -= 1;
        }
    } else {
        let mut n = level;
        while n > 1 && !f.is_null() {
            f = crate::frame::query::previous_complete(f);
            while !f.is_null() && skipped(f) {
                f = crate::frame::query::previous_complete(f);
            }
            n -= 1;
        }
    }
    let (globals, filename, lineno): (Obj, Obj, i64) = if f.is_null() {
        let g = Interp::current().sysdict.get_owned().unwrap_or_else(none::none_obj);
        (g, Str::from_utf8("<sys>").into_obj(), 0)
    } else {
        // SAFETY: as above.
        let frame = unsafe { &*f };
        let line = frame.line().unwrap_or(0) as i64;
        (frame.globals().to_obj(), frame.code().filename().to_obj(), line)
    };
    let g: &Dict = globals.cast();
    let registry = match g.get_item(intern!("__warningregistry__"))? {
        Some(r) => r,
        None => {
            let r = Dict::new().into_obj();
            g.set_item(intern!("__warningregistry__"), &r)?;
            r
        }
    };
    let module = match g.get_item(intern!("__name__"))? {
        Some(m) if m.is_none() || m.downcast::<Str>().is_some() => m,
        _ => Str::from_utf8("<string>").into_obj(),
    };
    Ok(Place { filename, lineno, module, registry })
}

fn do_warn(
    message: &Object,
    category: &Object,
    stacklevel: isize,
    source: Option<&Object>,
    skip: Option<&Tuple>,
) -> PyResult<()> {
    let skip: Vec<String> = match skip {
        Some(t) => {
            t.items().iter().map(|p| p.str().map(|s| s.to_utf8_lossy().into_owned())).collect::<PyResult<_>>()?
        }
        None => Vec::new(),
    };
    let p = place(stacklevel, &skip)?;
    issue(category, message, &p.filename, p.lineno, Some(&p.module), Some(&p.registry), None, source)
}

/// The category of a message: its own class if it is a warning, `UserWarning` by default.
fn category_of(message: &Object, category: Option<&Object>) -> PyResult {
    if message.ty().is_subtype(exceptions::Warning) {
        return Ok(message.ty().to_obj());
    }
    let c = match category.filter(|c| !c.is_none()) {
        Some(c) => c.to_obj(),
        None => exceptions::UserWarning.to_obj(),
    };
    if !c.downcast::<Type>().is_some_and(|t| t.is_subtype(exceptions::Warning)) {
        let shown = c.downcast::<Type>().map_or_else(|| c.ty().name_str(), Type::name_str).to_owned();
        let what = if c.downcast::<Type>().is_some() { format!("class '{shown}'") } else { format!("'{shown}'") };
        bail!(TypeError, "category must be a Warning subclass, not {what}");
    }
    Ok(c)
}

/// Decides by the filters, and shows, raises or drops the warning.
#[allow(clippy::too_many_arguments)]
fn issue(
    category: &Object,
    message: &Object,
    filename: &Object,
    lineno: i64,
    module: Option<&Object>,
    registry: Option<&Object>,
    sourceline: Option<&Object>,
    source: Option<&Object>,
) -> PyResult<()> {
    let module: Obj = match module {
        Some(m) if m.is_none() => return Ok(()),
        Some(m) => m.to_obj(),
        None => {
            let f = filename.str()?.to_utf8_lossy().into_owned();
            Str::from_utf8(if f.is_empty() { "<unknown>" } else { f.strip_suffix(".py").unwrap_or(&f) }).into_obj()
        }
    };
    let (text, category, instance): (Obj, Obj, Obj) = if message.ty().is_subtype(exceptions::Warning) {
        (message.str()?.into_obj(), message.ty().to_obj(), message.to_obj())
    } else {
        (message.to_obj(), category.to_obj(), category.call_one(message)?)
    };
    let line = Int::from_i64(lineno);
    let key = Tuple::new(&[&text, &category, &line]);
    let registry = registry.filter(|r| !r.is_none());
    if let Some(r) = registry
        && already_warned(r, &key, false)?
    {
        return Ok(());
    }
    let action = find_action(&category, &text, lineno, &module)?;
    match action.as_str() {
        "error" => return Err(taipan_object::error::raise_instance(instance)),
        "ignore" => return Ok(()),
        _ => {}
    }
    let mut seen = false;
    if let Some(r) = registry
        && action != "always"
        && action != "all"
    {
        r.set_item(&key, bool_::true_())?;
    }
    match action.as_str() {
        "always" | "all" => {}
        "once" => {
            let once = match setting(intern!("onceregistry"))?.or(state()?.get_item(intern!("_onceregistry"))?) {
                Some(o) => o,
                None => bail!(RuntimeError, "_warnings.onceregistry is lost"),
            };
            if once.downcast::<Dict>().is_none() {
                bail!(TypeError, "_warnings.onceregistry must be a dict, not '{}'", once.ty().name_str());
            }
            state()?.set_item(intern!("_onceregistry"), &once)?;
            seen = already_warned(&once, &Tuple::new(&[&text, &category]), true)?;
        }
        "module" => {
            if let Some(r) = registry {
                let zero = Int::from_i64(0);
                seen = already_warned(r, &Tuple::new(&[&text, &category, &zero]), true)?;
            }
        }
        "default" => {}
        other => bail!(RuntimeError, "Unrecognized action ({other}) in warnings.filters:\n {other}"),
    }
    if seen {
        return Ok(());
    }
    show(&instance, &text, &category, filename, lineno, sourceline, source)
}

fn already_warned(registry: &Object, key: &Object, add: bool) -> PyResult<bool> {
    let Some(d) = registry.downcast::<Dict>() else {
        bail!(TypeError, "'registry' must be a dict or None");
    };
    let now = version()?;
    let known = d.get_item(intern!("version"))?;
    let fresh = known.is_some_and(|v| v.downcast::<Int>().and_then(Int::to_i64) == Some(now));
    if !fresh {
        d.clear();
        d.set_item(intern!("version"), &Int::from_i64(now))?;
    } else if let Some(v) = d.get_item(key)?
        && v.is_true()?
    {
        return Ok(true);
    }
    if add {
        d.set_item(key, bool_::true_())?;
    }
    Ok(false)
}

fn find_action(category: &Object, text: &Object, lineno: i64, module: &Object) -> PyResult<String> {
    let check = |pattern: &Object, value: &Object| -> PyResult<bool> {
        if pattern.is_none() {
            return Ok(true);
        }
        if pattern.is_exact(&taipan_object::types::str::PyUnicode_Type) {
            return pattern.eq(value);
        }
        let m = pattern.call_method(intern!("match"), &[value])?;
        m.is_true()
    };
    let mut lists: Vec<Obj> = Vec::new();
    if let Some(var) = state()?.get_item(intern!("_warnings_context"))? {
        let cx = var.call_method(intern!("get"), &[none::none()])?;
        if !cx.is_none() {
            lists.push(cx.get_attr(intern!("_filters"))?);
        }
    }
    if let Some(f) = setting(intern!("filters"))? {
        // Remembered, should a program delete them.
        state()?.set_item(intern!("filters"), &f)?;
        lists.push(f);
    }
    for filters in lists {
        let Some(list) = filters.downcast::<List>() else {
            bail!(ValueError, "_warnings.filters must be a list");
        };
        let mut i = 0;
        while let Some(item) = list.get(i) {
            i += 1;
            let Some(t) = item.downcast_exact::<Tuple>().filter(|t| t.len() == 5) else {
                bail!(ValueError, "warnings.filters item {} isn't a 5-tuple", i - 1);
            };
            if t.item(0).downcast::<Str>().is_none() {
                bail!(TypeError, "action must be a string, not '{}'", t.item(0).ty().name_str());
            }
            let ln = t.item(4).as_i64()?;
            if category.is_subclass(t.item(2))?
                && (ln == 0 || ln == lineno)
                && check(t.item(1), text)?
                && check(t.item(3), module)?
            {
                return Ok(t.item(0).cast::<Str>().to_utf8_lossy().into_owned());
            }
        }
    }
    match setting(intern!("defaultaction"))?.or(state()?.get_item(intern!("_defaultaction"))?) {
        Some(a) if a.downcast::<Str>().is_none() => {
            bail!(TypeError, "_warnings.defaultaction must be a string, not '{}'", a.ty().name_str())
        }
        Some(a) => Ok(a.str()?.to_utf8_lossy().into_owned()),
        None => Ok("default".to_owned()),
    }
}

/// Shows a warning through `warnings._showwarnmsg`, which is imported for it; where that cannot be, in its plain form.
fn show(
    instance: &Object,
    text: &Object,
    category: &Object,
    filename: &Object,
    lineno: i64,
    sourceline: Option<&Object>,
    source: Option<&Object>,
) -> PyResult<()> {
    let none = none::none();
    let finalizing = crate::sys::state::FINALIZING.load(std::sync::atomic::Ordering::Relaxed);
    let module = match crate::import::import("warnings") {
        _ if finalizing => None,
        Ok(m) => Some(m),
        Err(e) => {
            e.clear();
            None
        }
    };
    let show = match &module {
        Some(m) => m.get_attr_opt(intern!("_showwarnmsg"))?,
        None => None,
    };
    let (Some(m), Some(show)) = (module, show) else {
        let head = format!("{}:{lineno}: {}: ", filename.str()?.display(), category.cast::<Type>().name_str());
        let mut out = head + &text.str()?.to_utf8_lossy() + "\n";
        if let Some(l) = sourceline.filter(|l| !l.is_none()) {
            out = out + "  " + l.str()?.to_utf8_lossy().trim() + "\n";
        }
        return crate::report::write_stderr(&out);
    };
    if !show.is_callable() {
        bail!(TypeError, "warnings._showwarnmsg() must be set to a callable");
    }
    let line = Int::from_i64(lineno);
    let msg = m.call_method(
        intern!("WarningMessage"),
        &[instance, category, filename, &line, none, none, source.unwrap_or(none)],
    )?;
    show.call_one(&msg)?;
    Ok(())
}

/// Issue a warning, maybe ignore it or raise it as an exception.
#[function(signature = "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())", name = "warn")]
fn warn_function(
    message: &Object,
    category: Option<&Object>,
    stacklevel: isize,
    source: Option<&Object>,
    skip_file_prefixes: Given<&Tuple>,
) -> PyResult<()> {
    let c = category_of(message, category)?;
    if let Some(t) = skip_file_prefixes.0 {
        for p in t.items() {
            if p.downcast::<Str>().is_none() {
                bail!(TypeError, "Found non-str '{}' in skip_file_prefixes.", p.ty().name_str());
            }
        }
    }
    do_warn(message, &c, stacklevel, source, skip_file_prefixes.0.filter(|t| !t.is_empty()))
}

/// Issue a warning at a given place.
#[function(
    signature = "(message, category, filename, lineno, module=None, registry=None, module_globals=None, source=None)",
    shown = "(message, category, filename, lineno,\n              module=<unrepresentable>, registry=None,\n              module_globals=None, source=None)",
    name = "warn_explicit"
)]
#[allow(clippy::too_many_arguments)]
fn warn_explicit_function(
    message: &Object,
    category: &Object,
    filename: &Object,
    lineno: i64,
    module: Given<&Object>,
    registry: Option<&Object>,
    module_globals: Option<&Object>,
    source: Option<&Object>,
) -> PyResult<()> {
    if let Some(g) = module_globals {
        let Some(d) = g.downcast::<Dict>() else {
            bail!(TypeError, "module_globals must be a dict, not '{}'", g.ty().name_str());
        };
        let external = crate::import::import("importlib._bootstrap_external")?;
        external.call_method(intern!("_bless_my_loader"), &[d])?;
        // What is shown of the source comes from there.
        crate::import::import("linecache")?.call_method(intern!("getlines"), &[filename, d])?;
    }
    issue(category, message, filename, lineno, module.0, registry, None, source)
}

/// Note that the filters changed, so that registries of shown warnings are stale.
#[function(signature = "()", name = "_filters_mutated_lock_held")]
fn filters_mutated() -> PyResult<()> {
    state()?.set_item(intern!("version"), &Int::from_i64(version()? + 1))
}

/// Acquire the lock of the filters; the interpreter lock serves as that.
#[function(signature = "()", name = "_acquire_lock")]
fn acquire_lock() {
    LOCKED.set(LOCKED.get() + 1);
}

/// Release the lock of the filters.
#[function(signature = "()", name = "_release_lock")]
fn release_lock() -> PyResult<()> {
    if LOCKED.get() == 0 {
        bail!(RuntimeError, "cannot release un-acquired lock");
    }
    LOCKED.set(LOCKED.get() - 1);
    Ok(())
}

thread_local! {
    /// How often this thread holds the lock.
    static LOCKED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}
