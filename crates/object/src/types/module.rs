//! Modules.

use crate::alloc::{dealloc_of, new_instance, new_object};
use crate::bail;
use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::MethodDef;
use crate::protocol::attr::{generic_lookup, generic_setattro};
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::dict::Dict;
use crate::types::list::List;
use crate::types::str::{Str, intern::intern_str};
use crate::types::{cfunction, exceptions, none};
use crate::{getset, getsets, intern, layout, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// A module object: 56 bytes, opaque to extensions.
#[repr(C)]
pub struct Module {
    ob_base: Object,
    md_dict: ObjCell,
    /// The definition an extension or native module was made from, null for modules in Python.
    pub md_def: Cell<*const c_void>,
    /// Per-module state of extensions.
    pub md_state: Cell<*mut c_void>,
    md_weaklist: ObjCell,
    md_name: ObjCell,
}
const _: () =
    assert!(size_of::<Module>() == 56 && offset_of!(Module, md_dict) == 16 && offset_of!(Module, md_weaklist) == 40);
layout!(Module, PyModule_Type);

/// A native module: what `crates/taipan` lists.
pub struct ModuleDef {
    /// Its name.
    pub name: &'static str,
    /// Its docstring.
    pub doc: &'static str,
    /// Its functions, from `methods!`.
    pub methods: Option<&'static [MethodDef]>,
    /// Adds constants, types and whatever else to the new module.
    pub exec: fn(&Module) -> PyResult<()>,
}

impl Module {
    /// An empty module with the standard attributes.
    pub fn new(name: &str) -> PyResult<Ref<Module>> {
        let m = new_object(Module {
            ob_base: Object::placeholder(),
            md_dict: ObjCell::new(Dict::new().into_obj()),
            md_def: Cell::new(std::ptr::null()),
            md_state: Cell::new(std::ptr::null_mut()),
            md_weaklist: ObjCell::empty(),
            md_name: ObjCell::empty(),
        });
        m.init_dict(&intern_str(name), none::none())?;
        Ok(m)
    }

    /// A native module from its description.
    pub fn from_def(def: &'static ModuleDef) -> PyResult<Ref<Module>> {
        let m = Module::new(def.name)?;
        m.md_def.set((def as *const ModuleDef).cast());
        if !def.doc.is_empty() {
            m.add("__doc__", &Str::from_utf8(def.doc))?;
        }
        m.add_functions(def.methods)?;
        (def.exec)(&m)?;
        Ok(m)
    }

    /// Adds a table of functions bound to the module.
    pub fn add_functions(&self, methods: Option<&'static [MethodDef]>) -> PyResult<()> {
        let name = self.dict().get_item(intern!("__name__"))?;
        for def in methods.unwrap_or(&[]) {
            if def.name.is_null() {
                break;
            }
            let f = cfunction::new(def, Some(self.as_module_object().to_obj()), name.clone());
            self.add(def.name_str(), &f)?;
        }
        Ok(())
    }

    fn as_module_object(&self) -> &Object {
        &self.ob_base
    }

    fn init_dict(&self, name: &Object, doc: &Object) -> PyResult<()> {
        let d = self.dict();
        d.set_item(intern!("__name__"), name)?;
        d.set_item(intern!("__doc__"), doc)?;
        for n in [intern!("__package__"), intern!("__loader__"), intern!("__spec__")] {
            d.set_item(n, none::none())?;
        }
        self.md_name.set(Some(name.to_obj()));
        Ok(())
    }

    /// `__dict__`.
    #[inline(always)]
    pub fn dict(&self) -> &Dict {
        self.md_dict.get().expect("a module has a dict").cast()
    }
    /// `__dict__` as a new reference.
    pub fn dict_obj(&self) -> Obj {
        self.md_dict.get_owned().expect("a module has a dict")
    }
    /// Adds an attribute.
    pub fn add(&self, name: &str, value: &Object) -> PyResult<()> {
        self.dict().set_item(&intern_str(name), value)
    }
    /// Adds an integer constant.
    pub fn add_int(&self, name: &str, value: i64) -> PyResult<()> {
        self.add(name, &crate::types::int::Int::from_i64(value))
    }
    /// Adds a string constant.
    pub fn add_str(&self, name: &str, value: &str) -> PyResult<()> {
        self.add(name, &Str::from_utf8(value))
    }
    /// Adds a static type under its short name, readying it.
    pub fn add_type(&self, ty: &'static Type) -> PyResult<()> {
        crate::typeobj::ready::ready(ty)?;
        self.add(ty.short_name(), ty.as_object())
    }
    /// The definition of a native module of ours.
    pub fn name(&self) -> String {
        match self.dict().get_item(intern!("__name__")) {
            Ok(Some(n)) => n.downcast::<Str>().map_or_else(|| "?".to_owned(), |s| s.to_utf8_lossy().into_owned()),
            _ => "?".to_owned(),
        }
    }
}

extern "C" fn module_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Module {
        ob_base: Object::placeholder(),
        md_dict: ObjCell::new(Dict::new().into_obj()),
        md_def: Cell::new(std::ptr::null()),
        md_state: Cell::new(std::ptr::null_mut()),
        md_weaklist: ObjCell::empty(),
        md_name: ObjCell::empty(),
    };
    Ok(new_instance(cls, body)?.into_obj())
}

extern "C" fn module_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    static SIG: crate::args::Signature = crate::args::Signature {
        name: "module",
        params: &[
            crate::args::Param { name: "name", required: true },
            crate::args::Param { name: "doc", required: false },
        ],
        posonly: 0,
        positional: 2,
        varargs: false,
        varkw: false,
    };
    status(crate::args::with_tuple_args("module", args, kwargs, |call| {
        let mut out = [None; 2];
        crate::args::bind_keywords(&SIG, call, &mut out)?;
        let name = crate::args::receiver(out[0]);
        if name.downcast::<Str>().is_none() {
            bail!(TypeError, "module() argument 'name' must be str, not {}", name.ty().name_str());
        }
        let m: &Module = o.cast();
        if m.md_dict.is_empty() {
            m.md_dict.set(Some(Dict::new().into_obj()));
        }
        m.init_dict(name, out[1].unwrap_or(none::none()))
    }))
}

/// Attributes of the module, then its `__getattr__` (PEP 562).
pub extern "C" fn module_getattro(o: &Object, name: &Object) -> PyResult {
    let m: &Module = o.cast();
    if let Some(v) = generic_lookup(o, name, o.ty().lookup(name))? {
        return Ok(v);
    }
    if let Some(f) = m.dict().get_item(intern!("__getattr__"))? {
        return f.call_one(name);
    }
    Err(missing_attribute(m, name))
}

#[cold]
fn missing_attribute(m: &Module, name: &Object) -> crate::Raised {
    let o = m.as_module_object();
    let text = name.downcast::<Str>().map_or_else(String::new, |s| s.to_utf8_lossy().into_owned());
    let message = match m.dict().get_item(intern!("__name__")) {
        Ok(Some(n)) if n.downcast::<Str>().is_some() => {
            let shown = n.cast::<Str>().to_utf8_lossy().into_owned();
            match missing_hint(m, &shown, &text) {
                Ok(s) => s,
                Err(e) => return e,
            }
        }
        _ => format!("module has no attribute '{text}'"),
    };
    exceptions::attribute_error(o, name, &message)
}

/// The text for a missing attribute: says so when the module is still being imported, or hides one of the standard library.
fn missing_hint(m: &Module, module: &str, attr: &str) -> PyResult<String> {
    let plain = format!("module '{module}' has no attribute '{attr}'");
    let Some(spec) = m.dict().get_item(intern!("__spec__"))?.filter(|s| !s.is_none()) else { return Ok(plain) };
    let truth = |name: &Object| -> PyResult<bool> {
        match spec.get_attr_opt(name)? {
            Some(v) => v.is_true(),
            None => Ok(false),
        }
    };
    let origin = match spec.get_attr_opt(intern!("origin"))? {
        Some(o) if truth(intern!("has_location"))? => o.downcast::<Str>().map(|s| s.to_utf8_lossy().into_owned()),
        _ => None,
    };
    let shadows = origin.as_deref().is_some_and(shadows_import_path);
    let stdlib = shadows && is_stdlib_name(module)?;
    if stdlib {
        return Ok(format!(
            "{plain} (consider renaming '{}' since it has the same name as the standard library module named '{module}' and prevents importing that standard library module)",
            origin.unwrap_or_default()
        ));
    }
    if truth(intern!("_initializing"))? {
        if shadows {
            return Ok(format!(
                "{plain} (consider renaming '{}' if it has the same name as a library you intended to import)",
                origin.unwrap_or_default()
            ));
        }
        return Ok(match origin {
            Some(f) => format!(
                "partially initialized module '{module}' from '{f}' has no attribute '{attr}' (most likely due to a circular import)"
            ),
            None => format!(
                "partially initialized module '{module}' has no attribute '{attr}' (most likely due to a circular import)"
            ),
        });
    }
    if let Some(subs) = spec.get_attr_opt(intern!("_uninitialized_submodules"))?
        && subs.contains(&Str::from_utf8(attr)).unwrap_or(false)
    {
        return Ok(format!(
            "cannot access submodule '{attr}' of module '{module}' (most likely due to a circular import)"
        ));
    }
    Ok(plain)
}

/// Whether a file lies directly in the folder of the running script, where it can hide library modules.
pub fn shadows_import_path(origin: &str) -> bool {
    let Some((mut dir, file)) = origin.rsplit_once('/') else { return false };
    if file == "__init__.py" {
        let Some((parent, _)) = dir.rsplit_once('/') else { return false };
        dir = parent;
    }
    // The folder that start-up put first, whatever became of `sys.path`.
    match crate::Interp::current().config.path_0.borrow().as_deref() {
        Some("") => std::env::current_dir().is_ok_and(|c| c.to_string_lossy() == dir),
        Some(p) => p == dir,
        None => false,
    }
}

fn is_stdlib_name(name: &str) -> PyResult<bool> {
    let Some(sys) = crate::Interp::current().sysdict.get_owned() else { return Ok(false) };
    match sys.cast::<Dict>().get_item(intern!("stdlib_module_names"))? {
        Some(names) => names.contains(&Str::from_utf8(name)),
        None => Ok(false),
    }
}

extern "C" fn module_repr(o: &Object) -> PyResult {
    let importlib = crate::Interp::current().importlib.get_owned();
    match importlib {
        Some(lib) => lib.call_method(intern!("_module_repr"), &[o]),
        None => Ok(crate::protocol::repr::text(&format!("<module '{}'>", o.cast::<Module>().name()))),
    }
}

extern "C" fn module_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(o.cast::<Module>().md_dict, visit, arg);
    0
}

fn get_dict(m: &Module) -> Obj {
    m.dict_obj()
}

/// Return the names in the module, from its __dir__ if it has one.
#[method(signature = "()")]
fn __dir__(this: &Module) -> PyResult {
    let namespace = this.get_attr(intern!("__dict__"))?;
    let Some(dict) = namespace.downcast::<Dict>() else {
        bail!(TypeError, "<module>.__dict__ is not a dictionary");
    };
    match dict.get_item(intern!("__dir__"))? {
        Some(f) => f.call_noargs(),
        None => Ok(List::from_vec(dict.pairs().into_iter().map(|(k, _)| k).collect()).into_obj()),
    }
}

fn get_annotate(m: &Module) -> PyResult {
    let d = m.dict();
    if let Some(v) = d.get_item(intern!("__annotate__"))? {
        return Ok(v);
    }
    d.set_item(intern!("__annotate__"), none::none())?;
    Ok(none::none_obj())
}

fn set_annotate(m: &Module, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(TypeError, "cannot delete __annotate__ attribute") };
    if !v.is_none() && !v.is_callable() {
        bail!(TypeError, "__annotate__ must be callable or None");
    }
    m.dict().set_item(intern!("__annotate__"), v)?;
    if !v.is_none() {
        m.dict().pop_opt(intern!("__annotations__"))?;
    }
    Ok(())
}

fn get_annotations(m: &Module) -> PyResult {
    let d = m.dict();
    if let Some(v) = d.get_item(intern!("__annotations__"))? {
        return Ok(v);
    }
    let initializing = match d.get_item(intern!("__spec__"))?.filter(|s| !s.is_none()) {
        Some(spec) => match spec.get_attr_opt(intern!("_initializing"))? {
            Some(v) => v.is_true()?,
            None => false,
        },
        None => false,
    };
    let annotate = d.get_item(intern!("__annotate__"))?.filter(|f| f.is_callable());
    let result = match annotate {
        Some(f) => {
            let r = f.call_one(&crate::types::int::Int::from_i64(1))?;
            if r.downcast::<Dict>().is_none() {
                bail!(TypeError, "__annotate__() must return a dict, not {}", r.ty().name_str());
            }
            r
        }
        None => Dict::new().into_obj(),
    };
    if !initializing {
        d.set_item(intern!("__annotations__"), &result)?;
    }
    Ok(result)
}

fn set_annotations(m: &Module, v: Option<&Object>) -> PyResult<()> {
    let d = m.dict();
    match v {
        Some(v) => d.set_item(intern!("__annotations__"), v)?,
        None => {
            if d.pop_opt(intern!("__annotations__"))?.is_none() {
                bail!(AttributeError, "__annotations__");
            }
        }
    }
    d.pop_opt(intern!("__annotate__"))?;
    Ok(())
}

#[unsafe(no_mangle)]
pub static PyModule_Type: Type = Type::new_static(TypeDef {
    name: c"module",
    basicsize: size_of::<Module>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"module(name, doc=None)\n--\n\nA module object with the given name and docstring."),
    dealloc: Some(dealloc_of::<Module>),
    repr: Some(module_repr),
    getattro: Some(module_getattro),
    setattro: Some(generic_setattro),
    traverse: Some(module_traverse),
    weaklistoffset: offset_of!(Module, md_weaklist) as isize,
    methods: methods![__dir__],
    getset: getsets![
        getset!(c"__dict__", get_dict),
        getset!(c"__annotations__", get_annotations, set_annotations),
        getset!(c"__annotate__", get_annotate, set_annotate),
    ],
    dictoffset: offset_of!(Module, md_dict) as isize,
    init: Some(module_init),
    new: Some(module_new),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyModule_Type];
