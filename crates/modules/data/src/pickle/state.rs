//! What the module takes from others when it is made: the registries of `copyreg` and the name tables of `_compat_pickle`.

use crate::support::exception_class;
use std::sync::Mutex;
use taipan_object::hooks;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::{Interp, Obj, PyResult, Raised, Ref, Type, bail};

/// The objects.
pub struct State {
    pub pickling_error: Obj,
    pub unpickling_error: Obj,
    pub dispatch_table: Ref<Dict>,
    pub extension_registry: Ref<Dict>,
    pub extension_cache: Ref<Dict>,
    pub inverted_registry: Ref<Dict>,
    pub name_mapping_2to3: Ref<Dict>,
    pub import_mapping_2to3: Ref<Dict>,
    pub name_mapping_3to2: Ref<Dict>,
    pub import_mapping_3to2: Ref<Dict>,
    pub codecs_encode: Obj,
    pub getattr: Obj,
    pub partial: Obj,
}

// SAFETY: used under the lock of the interpreter it belongs to.
unsafe impl Send for State {}
// SAFETY: as above.
unsafe impl Sync for State {}

static STATES: Mutex<Vec<(i64, &'static State)>> = Mutex::new(Vec::new());

fn error_class(name: &'static str, base: &Type) -> PyResult {
    exception_class(name, base, "")
}

/// `PickleError`, `PicklingError` and `UnpicklingError`.
pub fn error_classes() -> PyResult<[Obj; 3]> {
    let base = error_class("_pickle.PickleError", exceptions::Exception)?;
    let pickling = error_class("_pickle.PicklingError", base.cast::<Type>())?;
    let unpickling = error_class("_pickle.UnpicklingError", base.cast::<Type>())?;
    Ok([base, pickling, unpickling])
}

fn dict_of(module: &Obj, module_name: &str, name: &str) -> PyResult<Ref<Dict>> {
    let o = module.get_attr_str(name)?;
    match o.downcast_into::<Dict>() {
        Ok(d) => Ok(d),
        Err(o) => bail!(RuntimeError, "{module_name}.{name} should be a dict, not {}", o.ty().name_str()),
    }
}

/// Fetches the objects for the running interpreter.
pub fn init() -> PyResult<()> {
    let import = hooks::get().import;
    let copyreg = import("copyreg")?;
    let compat = import("_compat_pickle")?;
    let codecs_encode = import("codecs")?.get_attr_str("encode")?;
    if !codecs_encode.is_callable() {
        bail!(RuntimeError, "codecs.encode should be a callable, not {}", codecs_encode.ty().name_str());
    }
    let [_, pickling_error, unpickling_error] = error_classes()?;
    let state = Box::leak(Box::new(State {
        pickling_error,
        unpickling_error,
        dispatch_table: dict_of(&copyreg, "copyreg", "dispatch_table")?,
        extension_registry: dict_of(&copyreg, "copyreg", "_extension_registry")?,
        extension_cache: dict_of(&copyreg, "copyreg", "_extension_cache")?,
        inverted_registry: dict_of(&copyreg, "copyreg", "_inverted_registry")?,
        name_mapping_2to3: dict_of(&compat, "_compat_pickle", "NAME_MAPPING")?,
        import_mapping_2to3: dict_of(&compat, "_compat_pickle", "IMPORT_MAPPING")?,
        name_mapping_3to2: dict_of(&compat, "_compat_pickle", "REVERSE_NAME_MAPPING")?,
        import_mapping_3to2: dict_of(&compat, "_compat_pickle", "REVERSE_IMPORT_MAPPING")?,
        codecs_encode,
        getattr: import("builtins")?.get_attr_str("getattr")?,
        partial: import("functools")?.get_attr_str("partial")?,
    }));
    let id = Interp::current().id;
    let mut all = STATES.lock().unwrap_or_else(|e| e.into_inner());
    all.retain(|(i, _)| *i != id);
    all.push((id, state));
    Ok(())
}

/// The objects of the running interpreter.
pub fn get() -> PyResult<&'static State> {
    let id = Interp::current().id;
    let all = STATES.lock().unwrap_or_else(|e| e.into_inner());
    match all.iter().find(|(i, _)| *i == id) {
        Some((_, s)) => Ok(s),
        None => {
            drop(all);
            init()?;
            get()
        }
    }
}

impl State {
    /// Raises `PicklingError`.
    #[cold]
    pub fn pickling(&self, message: &str) -> Raised {
        taipan_object::error::raise_fmt(self.pickling_error.cast::<Type>(), format_args!("{message}"))
    }

    /// Raises `UnpicklingError`.
    #[cold]
    pub fn unpickling(&self, message: &str) -> Raised {
        taipan_object::error::raise_fmt(self.unpickling_error.cast::<Type>(), format_args!("{message}"))
    }
}
