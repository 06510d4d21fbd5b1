//! Import: the fast path of `__import__`, the frozen `importlib` that does the rest, and the module `_imp` that it stands on.
//!
//! Native modules come from the table that [`register`] was given; frozen ones from the provider installed with [`set_library`]: neither the
//! library nor the native modules are known here.

pub mod imp;
pub mod timing;

use crate::code::CodeObject;
use std::sync::OnceLock;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::{Str, intern::intern_str};
use taipan_object::{Interp, PyResult, bail, intern, raise};

/// One frozen module.
pub struct FrozenModule {
    /// Marshalled code.
    pub code: std::borrow::Cow<'static, [u8]>,
    /// Whether it is a package.
    pub is_package: bool,
}

/// Where frozen modules come from.
pub struct Library {
    /// The code of a module.
    pub find: fn(&str) -> Option<FrozenModule>,
    /// Whether there is such a module, and whether it is a package, without unpacking.
    pub probe: fn(&str) -> Option<bool>,
    /// The source text of a module.
    pub source: fn(&str) -> Option<std::borrow::Cow<'static, [u8]>>,
    /// The contents of a file of the library.
    pub data: fn(&str) -> Option<std::borrow::Cow<'static, [u8]>>,
    /// All names.
    pub names: fn() -> Vec<&'static str>,
}

static LIBRARY: OnceLock<Library> = OnceLock::new();
static NATIVE: OnceLock<Vec<&'static ModuleDef>> = OnceLock::new();

/// Says where frozen modules come from; the first caller wins.
pub fn set_library(l: Library) {
    let _ = LIBRARY.set(l);
}

/// The provider of frozen modules.
pub fn library() -> Option<&'static Library> {
    LIBRARY.get()
}

/// Lists the native modules; the first caller wins.
pub fn register(modules: Vec<&'static ModuleDef>) {
    let _ = NATIVE.set(modules);
}

/// The native modules.
pub fn native_modules() -> &'static [&'static ModuleDef] {
    NATIVE.get().map_or(&[], Vec::as_slice)
}

/// The native module of that name.
pub fn native(name: &str) -> Option<&'static ModuleDef> {
    native_modules().iter().copied().find(|d| d.name == name)
}

/// `sys.modules`.
pub fn modules() -> PyResult<Obj> {
    match Interp::current().modules.get_owned() {
        Some(m) => Ok(m),
        None => bail!(RuntimeError, "unable to get sys.modules"),
    }
}

fn lookup(modules: &Object, name: &Object) -> PyResult<Option<Obj>> {
    if let Some(d) = modules.downcast_exact::<Dict>() {
        return d.get_item(name);
    }
    match modules.get_item(name) {
        Ok(m) => Ok(Some(m)),
        Err(e) => e.recover(exceptions::KeyError, None),
    }
}

/// Imports by absolute name: from `sys.modules`, else by `importlib`.
fn find_or_load(name: &Object) -> PyResult {
    let modules = modules()?;
    if let Some(m) = lookup(&modules, name)?.filter(|m| !m.is_none()) {
        ensure_initialized(&m, name)?;
        if timing::wanted() > 1 {
            timing::cached(name);
        }
        return Ok(m);
    }
    let Some(importlib) = Interp::current().importlib.get_owned() else {
        bail!(ImportError, "import of {} before importlib is there", name.repr()?.display());
    };
    let import = importlib.get_attr(intern!("_gcd_import"))?;
    let find = || importlib.call_method(intern!("_find_and_load"), &[name, &import]);
    let found = if timing::wanted() > 0 { timing::timed(name, find) } else { find() };
    found.inspect_err(|_| remove_importlib_frames())
}

/// Takes the frames of `importlib` out of the traceback of an exception that leaves an import: all of them for `ImportError`, otherwise those
/// that end in the function which importlib has for that purpose.
#[cold]
fn remove_importlib_frames() {
    let ts = taipan_object::Thread::current();
    let Some(exc) = ts.current_exception.get_owned() else { return };
    let Some(base) = exc.downcast::<exceptions::BaseException>() else { return };
    let always = exc.ty().is_subtype(exceptions::ImportError);
    let mut entries: Vec<Obj> = Vec::new();
    let mut next = base.traceback.get_owned();
    while let Some(t) = next {
        next = crate::traceback::next_of(&t);
        entries.push(t);
    }
    let mut kept: Vec<Obj> = Vec::new();
    let mut chunk: Vec<Obj> = Vec::new();
    for t in entries {
        let (file, function) = crate::traceback::place_of(&t);
        let internal = file == "<frozen importlib._bootstrap>"
            || file == "<frozen importlib._bootstrap_external>"
            || file == "<frozen _taipan_library>";
        if !internal {
            kept.append(&mut chunk);
            kept.push(t);
            continue;
        }
        chunk.push(t);
        if always || function == "_call_with_frames_removed" {
            chunk.clear();
        }
    }
    kept.append(&mut chunk);
    let mut after: Option<Obj> = None;
    for t in kept.into_iter().rev() {
        crate::traceback::link(&t, after);
        after = Some(t);
    }
    base.traceback.set(after);
}

/// Waits until another thread has finished importing the module.
fn ensure_initialized(m: &Object, name: &Object) -> PyResult<()> {
    let Some(spec) = m.get_attr_opt(intern!("__spec__"))? else { return Ok(()) };
    let Some(busy) = spec.get_attr_opt(intern!("_initializing"))? else { return Ok(()) };
    if busy.is_true()?
        && let Some(importlib) = Interp::current().importlib.get_owned()
    {
        importlib.call_method(intern!("_lock_unlock_module"), &[name])?;
    }
    Ok(())
}

/// `__import__(name, globals, fromlist=fromlist, level=level)` (`PyImport_ImportModuleLevelObject`).
pub fn import_module_level(name: &Object, globals: Option<&Object>, fromlist: Option<&Object>, level: i32) -> PyResult {
    module_level(name, globals, fromlist, level).inspect_err(|_| remove_importlib_frames())
}

fn module_level(name: &Object, globals: Option<&Object>, fromlist: Option<&Object>, level: i32) -> PyResult {
    let Some(text) = name.downcast::<Str>() else {
        bail!(TypeError, "module name must be a string");
    };
    if level < 0 {
        bail!(ValueError, "level must be >= 0");
    }
    let absolute: Obj = if level > 0 {
        resolve_name(text, globals, level)?
    } else {
        if text.is_empty() {
            bail!(ValueError, "Empty module name");
        }
        name.to_obj()
    };
    let module = find_or_load(&absolute)?;
    let has_from = match fromlist {
        Some(f) if !f.is_none() => f.is_true()?,
        _ => false,
    };
    if has_from {
        if module.get_attr_opt(intern!("__path__"))?.is_some() {
            let Some(importlib) = Interp::current().importlib.get_owned() else { return Ok(module) };
            let import = importlib.get_attr(intern!("_gcd_import"))?;
            return importlib
                .call_method(intern!("_handle_fromlist"), &[&module, fromlist.unwrap_or(intern!("")), &import]);
        }
        return Ok(module);
    }
    // `import a.b.c` binds `a`.
    let s = text.to_utf8_lossy();
    if level == 0 {
        return match s.split_once('.') {
            None => Ok(module),
            Some((first, _)) => find_or_load(&intern_str(first)),
        };
    }
    if s.is_empty() {
        return Ok(module);
    }
    let Some((first, _)) = s.split_once('.') else { return Ok(module) };
    // Relative: cut as many characters off the absolute name as `name` is longer than its first part.
    let full = absolute.cast::<Str>().to_utf8_lossy().into_owned();
    let keep = full.len() - (s.len() - first.len());
    let parent = intern_str(&full[..keep]);
    match lookup(&*modules()?, &parent)? {
        Some(m) => Ok(m),
        None => bail!(KeyError, "{} not in sys.modules as expected", parent.repr()?.display()),
    }
}

/// The absolute name for a relative one, from the importing module's `__package__`, `__spec__` or `__name__`.
fn resolve_name(name: &Str, globals: Option<&Object>, level: i32) -> PyResult {
    let Some(g) = globals.filter(|g| !g.is_none()) else {
        bail!(KeyError, "'__name__' not in globals");
    };
    let Some(g) = g.downcast::<Dict>() else {
        bail!(TypeError, "globals must be a dict");
    };
    let package = g.get_item(intern!("__package__"))?.filter(|p| !p.is_none());
    let spec = g.get_item(intern!("__spec__"))?.filter(|s| !s.is_none());
    let package = match (package, spec) {
        (Some(p), spec) => {
            if p.downcast::<Str>().is_none() {
                bail!(TypeError, "package must be a string");
            }
            if let Some(s) = spec {
                let parent = s.get_attr(intern!("parent"))?;
                if !p.eq(&parent)? {
                    (taipan_object::hooks::get().warn)(
                        exceptions::DeprecationWarning,
                        "__package__ != __spec__.parent",
                        1,
                    )?;
                }
            }
            p
        }
        (None, Some(s)) => {
            let parent = s.get_attr(intern!("parent"))?;
            if parent.downcast::<Str>().is_none() {
                bail!(TypeError, "__spec__.parent must be a string");
            }
            parent
        }
        (None, None) => {
            let text = "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__";
            (taipan_object::hooks::get().warn)(exceptions::ImportWarning, text, 1)?;
            let Some(n) = g.get_item(intern!("__name__"))? else {
                bail!(KeyError, "'__name__' not in globals");
            };
            if n.downcast::<Str>().is_none() {
                bail!(TypeError, "__name__ must be a string");
            }
            if g.get_item(intern!("__path__"))?.is_some() {
                n
            } else {
                let s = n.cast::<Str>().to_utf8_lossy().into_owned();
                match s.rsplit_once('.') {
                    Some((p, _)) => Str::from_utf8(p).into_obj(),
                    None => bail!(ImportError, "attempted relative import with no known parent package"),
                }
            }
        }
    };
    let full = package.cast::<Str>().to_utf8_lossy().into_owned();
    if full.is_empty() {
        bail!(ImportError, "attempted relative import with no known parent package");
    }
    let mut base = full.as_str();
    for _ in 1..level {
        match base.rsplit_once('.') {
            Some((p, _)) => base = p,
            None => bail!(ImportError, "attempted relative import beyond top-level package"),
        }
    }
    let tail = name.to_utf8_lossy();
    let out = if tail.is_empty() { base.to_owned() } else { format!("{base}.{tail}") };
    Ok(intern_str(&out).into_obj())
}

/// Imports a module by its dotted name and answers that module, as native code wants it.
pub fn import(name: &str) -> PyResult {
    let n = intern_str(name);
    find_or_load(&n)
}

/// A path from bytes or `str` as the file system has it: bytes are decoded with surrogateescape.
pub fn fs_decode(o: &Object) -> PyResult {
    if o.downcast::<Str>().is_some() {
        return Ok(o.to_obj());
    }
    let p = match o.lookup_special(intern!("__fspath__"))? {
        Some(f) => f.call_noargs()?,
        None => o.to_obj(),
    };
    if p.downcast::<Str>().is_some() {
        return Ok(p);
    }
    let Ok(b) = p.downcast_into::<taipan_object::types::bytes::Bytes>() else {
        bail!(TypeError, "expected str, bytes or os.PathLike object, not {}", o.ty().name_str());
    };
    Ok(taipan_object::codecs::text::fs_decode(b.as_slice()).into_obj())
}

/// The code of a frozen module.
pub fn frozen_code(name: &str) -> PyResult<Option<Ref<CodeObject>>> {
    let Some(f) = library().and_then(|l| (l.find)(name)) else { return Ok(None) };
    let o = crate::marshal::loads(&f.code)?;
    match o.downcast_into::<CodeObject>() {
        Ok(c) => Ok(Some(c)),
        Err(_) => bail!(TypeError, "frozen module {name} is not a code object"),
    }
}

/// Runs a frozen module by itself, as `importlib` is started.
pub fn import_frozen(name: &str) -> PyResult<Option<Ref<Module>>> {
    let Some(code) = frozen_code(name)? else { return Ok(None) };
    let m = Module::new(name)?;
    let d = m.dict();
    d.set_item(intern!("__builtins__"), &(taipan_object::hooks::get().current_builtins)())?;
    d.set_item(intern!("__origname__"), &intern_str(name))?;
    modules()?.set_item(&intern_str(name), m.as_obj())?;
    crate::call::eval_code(&code, d, d, None)?;
    Ok(Some(m))
}

/// Makes a native module and puts it into `sys.modules`.
pub fn import_native(def: &'static ModuleDef) -> PyResult<Ref<Module>> {
    let m = Module::from_def(def)?;
    modules()?.set_item(&intern_str(def.name), m.as_obj())?;
    Ok(m)
}

/// Starts `importlib`: the first half with `_imp`, the second for files.
pub fn start() -> PyResult<()> {
    let interp = Interp::current();
    let Some(boot) = import_frozen("importlib._bootstrap")? else {
        return Err(raise!(ImportError, "the library has no importlib"));
    };
    // Python knows it as `_frozen_importlib`, and so do tracebacks, which leave its frames out.
    let modules = modules()?;
    modules.set_item(intern!("_frozen_importlib"), boot.as_obj())?;
    boot.add_str("__name__", "_frozen_importlib")?;
    modules.del_item(intern!("importlib._bootstrap"))?;
    interp.importlib.set(Some(boot.clone().into_obj()));
    let imp = match native("_imp") {
        Some(def) => import_native(def)?,
        None => bail!(ImportError, "_imp is missing"),
    };
    let sys = modules.get_item(intern!("sys"))?;
    boot.as_obj().call_method(intern!("_install"), &[&sys, imp.as_obj()])?;
    Ok(())
}

/// The finders of files and zip files.
pub fn start_external() -> PyResult<()> {
    let Some(boot) = Interp::current().importlib.get_owned() else {
        bail!(ImportError, "importlib has not been started");
    };
    boot.call_method(intern!("_install_external_importers"), &[])?;
    let importer = import("zipimport")?.get_attr(intern!("zipimporter"))?;
    if let Some(hooks) = crate::sys::get("path_hooks")?
        && let Some(hooks) = hooks.downcast::<taipan_object::types::list::List>()
    {
        hooks.insert_at(0, importer)?;
    }
    Ok(())
}
