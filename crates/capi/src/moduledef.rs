//! Definitions of extension modules (`PyModuleDef`), and making and running modules from them.

use crate::prelude::*;
use std::cell::Cell;
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_object::method::{MethodDef, meth};
use taipan_object::typeobj::slots::{Destructor, InquiryFunc, TraverseProc, VisitProc};
use taipan_object::types::cfunction;
use taipan_object::types::module::{Module, PyModule_Type};
use taipan_object::{Interp, ObjCell, TypeDef, alloc};

/// `PyModuleDef`.
#[repr(C)]
#[allow(missing_docs)]
pub struct Def {
    pub ob_base: Object,
    pub m_init: Cell<*const c_void>,
    pub m_index: Cell<isize>,
    pub m_copy: ObjCell,
    pub name: *const c_char,
    pub doc: *const c_char,
    pub size: isize,
    pub methods: *const MethodDef,
    pub slots: *const DefSlot,
    pub traverse: Option<TraverseProc>,
    pub clear: Option<InquiryFunc>,
    pub free: Option<unsafe extern "C" fn(*mut c_void)>,
}

const _: () = assert!(size_of::<Def>() == 104 && offset_of!(Def, name) == 40 && offset_of!(Def, slots) == 72);

/// `PyModuleDef_Slot`.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct DefSlot {
    pub slot: c_int,
    pub value: *const c_void,
}

const CREATE: c_int = 1;
const EXEC: c_int = 2;
const LAST: c_int = 4;

/// The type of definitions.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static PyModuleDef_Type: Type = Type::new_static(TypeDef {
    name: c"moduledef",
    basicsize: size_of::<Def>(),
    flags: flags::DISALLOW_INSTANTIATION,
    doc: Some(c"The definition of an extension module."),
    ..TypeDef::EMPTY
});

thread_local! {
    /// The full name of the module whose init function runs (single-phase).
    static CONTEXT: std::cell::RefCell<Option<String>> = const { std::cell::RefCell::new(None) };
    static NEXT_INDEX: Cell<isize> = const { Cell::new(1) };
}

static BASE_DEALLOC: std::sync::OnceLock<Destructor> = std::sync::OnceLock::new();
static BASE_TRAVERSE: std::sync::OnceLock<TraverseProc> = std::sync::OnceLock::new();

/// Teaches the module type about the state of extension modules.
pub fn install() {
    if taipan_object::typeobj::ready::ready(&PyModuleDef_Type).is_err() {
        error::clear();
    }
    if let Some(f) = PyModule_Type.dealloc.get()
        && BASE_DEALLOC.set(f).is_ok()
    {
        PyModule_Type.dealloc.set(Some(module_dealloc));
    }
    if let Some(f) = PyModule_Type.traverse.get()
        && BASE_TRAVERSE.set(f).is_ok()
    {
        PyModule_Type.traverse.set(Some(module_traverse));
    }
}

unsafe extern "C" fn module_dealloc(o: NonNull<Object>) {
    // SAFETY: the module is dead but whole; its state is freed before its fields.
    unsafe {
        let m: &Module = o.as_ref().cast_unchecked();
        if let Some(def) = def_of(m) {
            taipan_object::gc::untrack(m);
            if let Some(f) = def.free
                && (def.size <= 0 || !m.md_state.get().is_null())
            {
                f(o.as_ptr().cast());
            }
            alloc::free(m.md_state.replace(std::ptr::null_mut()).cast());
        }
        if let Some(f) = BASE_DEALLOC.get() {
            f(o);
        }
    }
}

extern "C" fn module_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    // SAFETY: the slot is called with modules.
    let m: &Module = unsafe { o.cast_unchecked() };
    if let Some(def) = def_of(m)
        && let Some(f) = def.traverse
        && (def.size <= 0 || !m.md_state.get().is_null())
    {
        let r = f(o, visit, arg);
        if r != 0 {
            return r;
        }
    }
    BASE_TRAVERSE.get().map_or(0, |f| f(o, visit, arg))
}

/// The definition an extension module was made from; none for the interpreter's own modules.
pub fn def_of(m: &Module) -> Option<&'static Def> {
    let p = m.md_def.get().cast::<Object>();
    // SAFETY: not null, it points to a definition of an extension, or of one of our own modules, which is longer than an object head and
    // has no pointer to the definition type there.
    unsafe {
        if !p.is_null() && std::ptr::eq((*p).ty_ptr(), &PyModuleDef_Type) { Some(&*p.cast::<Def>()) } else { None }
    }
}

/// `PyModuleDef_Init`: makes the definition an object.
pub fn init(def: &'static Def) -> &'static Object {
    if def.m_index.get() == 0 {
        def.m_index.set(NEXT_INDEX.replace(NEXT_INDEX.get() + 1));
        def.ob_base.make_immortal();
        def.ob_base.set_ty(&PyModuleDef_Type);
    }
    &def.ob_base
}

/// An empty module.
pub fn new_module(name: &Object) -> PyResult {
    Ok(Module::new(&name.str()?.to_utf8_lossy())?.into_obj())
}

/// Adds a table of functions.
pub fn add_functions(m: &Module, table: *const MethodDef) -> PyResult<()> {
    let name = m.dict().get_item(intern!("__name__"))?;
    add_functions_to(m.as_object(), name, table)
}

fn add_functions_to(m: &Object, name: Option<Obj>, table: *const MethodDef) -> PyResult<()> {
    let mut row = table;
    // SAFETY: the table ends with a row without a name, and lives as long as the extension, which is never unloaded.
    unsafe {
        while !row.is_null() && !(*row).name.is_null() {
            let def: &'static MethodDef = &*row;
            if def.flags & (meth::CLASS | meth::STATIC) != 0 {
                bail!(ValueError, "module functions cannot set METH_CLASS or METH_STATIC");
            }
            let f = cfunction::new(def, Some(m.to_obj()), name.clone());
            m.set_attr(&*Text(def.name).name()?, &f)?;
            row = row.add(1);
        }
    }
    Ok(())
}

fn slots(def: &Def) -> impl Iterator<Item = DefSlot> {
    let mut p = def.slots;
    std::iter::from_fn(move || {
        // SAFETY: the table ends with slot 0.
        unsafe {
            if p.is_null() || (*p).slot == 0 {
                return None;
            }
            let s = *p;
            p = p.add(1);
            Some(s)
        }
    })
}

fn new_state(m: &Module, size: isize) -> PyResult<()> {
    if size >= 0 && m.md_state.get().is_null() {
        let p = alloc::calloc(size as usize);
        if p.is_null() {
            return Err(error::no_memory());
        }
        m.md_state.set(p.cast());
    }
    Ok(())
}

/// Runs a single-phase init function under the module's full name.
pub fn with_context<R>(full: &str, f: impl FnOnce() -> R) -> R {
    let old = CONTEXT.replace(Some(full.to_owned()));
    let r = f();
    CONTEXT.set(old);
    r
}

/// `PyModule_Create2`: single-phase initialisation.
pub fn create_single(def: &'static Def) -> PyResult {
    init(def);
    if !def.slots.is_null() {
        bail!(SystemError, "module {}: PyModule_Create is incompatible with m_slots", Text(def.name).text());
    }
    let short = Text(def.name).text();
    let full = CONTEXT.with_borrow(|c| c.clone()).filter(|c| c.rsplit('.').next() == Some(&*short));
    let m = Module::new(full.as_deref().unwrap_or(&short))?;
    if def.size > 0 {
        new_state(&m, def.size)?;
    }
    add_functions(&m, def.methods)?;
    if !def.doc.is_null() {
        m.set_attr(intern!("__doc__"), &*Text(def.doc).obj()?)?;
    }
    m.md_def.set((def as *const Def).cast());
    Ok(m.into_obj())
}

/// `PyModule_FromDefAndSpec2`: the creation phase of multi-phase initialisation.
pub fn from_def_and_spec(def: &'static Def, spec: &Object) -> PyResult {
    init(def);
    let name_obj = spec.get_attr(intern!("name"))?;
    let name = name_obj.str()?.to_utf8_lossy().into_owned();
    if def.size < 0 {
        bail!(SystemError, "module {name}: m_size may not be negative for multi-phase initialization");
    }
    let mut create: *const c_void = std::ptr::null();
    let mut has_exec = false;
    for s in slots(def) {
        match s.slot {
            CREATE if !create.is_null() => bail!(SystemError, "module {name} has multiple create slots"),
            CREATE => create = s.value,
            EXEC => has_exec = true,
            n if !(1..=LAST).contains(&n) => bail!(SystemError, "module {name} uses unknown slot ID {n}"),
            _ => {}
        }
    }
    let m = if create.is_null() {
        new_module(&name_obj)?
    } else {
        // SAFETY: the value of a create slot is such a function.
        let f: extern "C" fn(&Object, &Def) -> Option<Obj> = unsafe { std::mem::transmute(create) };
        match (f(spec, def), occurred()) {
            (Some(m), None) => m,
            (None, None) => bail!(SystemError, "creation of module {name} failed without setting an exception"),
            (None, Some(e)) => return Err(e),
            (Some(_), Some(e)) => {
                let cause = e.take();
                crate::api::raise_from(
                    exceptions::SystemError,
                    &format!("creation of module {name} raised unreported exception"),
                    cause,
                );
                return Err(Raised::already_set());
            }
        }
    };
    match m.downcast::<Module>() {
        Some(module) => {
            module.md_state.set(std::ptr::null_mut());
            module.md_def.set((def as *const Def).cast());
        }
        None if def.size > 0 || def.traverse.is_some() || def.clear.is_some() || def.free.is_some() => {
            bail!(SystemError, "module {name} is not a module object, but requests module state")
        }
        None if has_exec => {
            bail!(SystemError, "module {name} specifies execution slots, but did not create a ModuleType instance")
        }
        None => {}
    }
    add_functions_to(&m, Some(name_obj), def.methods)?;
    if !def.doc.is_null() {
        m.set_attr(intern!("__doc__"), &*Text(def.doc).obj()?)?;
    }
    Ok(m)
}

/// `PyModule_ExecDef`: the execution phase.
pub fn exec_def(m: &Module, def: &Def) -> PyResult<()> {
    let name = m.name();
    new_state(m, def.size)?;
    for s in slots(def).filter(|s| s.slot == EXEC) {
        // SAFETY: the value of an exec slot is such a function.
        let f: extern "C" fn(&Object) -> c_int = unsafe { std::mem::transmute(s.value) };
        let r = f(m.as_object());
        match (r, occurred()) {
            (0, None) => {}
            (0, Some(e)) => {
                let cause = e.take();
                crate::api::raise_from(
                    exceptions::SystemError,
                    &format!("execution of module {name} raised unreported exception"),
                    cause,
                );
                return Err(Raised::already_set());
            }
            (_, Some(e)) => return Err(e),
            (_, None) => bail!(SystemError, "execution of module {name} failed without setting an exception"),
        }
    }
    Ok(())
}

/// Single-phase modules by the index of their definition (`PyState_FindModule`), kept in the interpreter.
fn singles() -> Ref<Dict> {
    let mut state = Interp::current().module_state.borrow_mut();
    let d = state.entry("capi.single_phase_modules").or_insert_with(|| Dict::new().into_obj());
    Ref::from_borrowed(d.cast())
}

/// Remembers a single-phase module.
pub fn remember_single(def: &'static Def, m: &Object) {
    init(def);
    if singles().set_item(&Int::from_isize(def.m_index.get()), m).is_err() {
        error::clear();
    }
}

/// Forgets it.
pub fn forget_single(def: &Def) {
    if singles().pop_opt(&Int::from_isize(def.m_index.get())).is_err() {
        error::clear();
    }
}

/// The module made from a definition by single-phase initialisation.
pub fn find_single(def: &Def) -> Option<&'static Object> {
    if !def.slots.is_null() || def.m_index.get() == 0 {
        return None;
    }
    let found = singles().get_item(&Int::from_isize(def.m_index.get())).ok().flatten()?;
    // SAFETY: borrowed from the interpreter's table, which keeps it.
    Some(unsafe { &*found.as_ptr() })
}
