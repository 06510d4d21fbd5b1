//! `_thread._local`: attributes of which every thread has its own.
//!
//! The object owns the dicts of all threads, by thread number; a thread keeps weak references to the objects in which it has a dict, and
//! removes its dicts when it ends.

use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::error::status;
use taipan_object::protocol::attr::no_attribute;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::object::PyBaseObject_Type;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::weakref::{_PyWeakref_RefType, WeakRef, new_ref};
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Thread, Type, TypeDef, bail, flags, intern, layout, visit};

/// `_thread._local`.
#[repr(C)]
pub struct Local {
    ob_base: Object,
    /// Thread number to that thread's dict.
    dicts: ObjCell,
    args: ObjCell,
    kwargs: ObjCell,
    weaklist: ObjCell,
}
layout!(Local, Local_Type);

fn thread_key(ts: &Thread) -> Ref<Int> {
    Int::from_u64(ts.id.get())
}

fn object_key(o: &Object) -> Ref<Int> {
    Int::from_usize(o.as_ptr() as usize)
}

extern "C" fn local_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let given = !args.cast::<Tuple>().is_empty() || kwargs.is_some_and(|k| !k.is_null_or_empty_dict());
    let plain_init = cls.init.get().map(|f| f as usize) == PyBaseObject_Type.init.get().map(|f| f as usize);
    if given && plain_init {
        bail!(TypeError, "Initialization arguments are not supported");
    }
    let o = new_instance(
        cls,
        Local {
            ob_base: Object::placeholder(),
            dicts: ObjCell::new(Dict::new().into_obj()),
            args: ObjCell::new(args.to_obj()),
            kwargs: ObjCell::from_opt(kwargs.map(|k| k.to_obj())),
            weaklist: ObjCell::empty(),
        },
    )?;
    // The first `__init__` is that of the call which makes the object.
    add_dict(&o, Thread::current())?;
    Ok(o.into_obj())
}

/// A new dict for the running thread.
fn add_dict(local: &Local, ts: &Thread) -> PyResult<Ref<Dict>> {
    let d = Dict::new();
    let Some(dicts) = local.dicts.get_owned() else { bail!(AttributeError, "the object is being destroyed") };
    dicts.cast::<Dict>().set_item(&thread_key(ts), &d)?;
    if ts.threading_local_key.is_empty() {
        ts.threading_local_key.set(Some(Dict::new().into_obj()));
    }
    let weak = new_ref(&_PyWeakref_RefType, local, None)?;
    if let Some(used) = ts.threading_local_key.get_owned() {
        used.cast::<Dict>().set_item(&object_key(local), &weak)?;
    }
    Ok(d)
}

/// The running thread's dict, initialised the first time by the class's `__init__`.
fn current_dict(local: &Local) -> PyResult<Ref<Dict>> {
    let ts = Thread::current();
    let key = thread_key(ts);
    if let Some(dicts) = local.dicts.get_owned()
        && let Some(d) = dicts.cast::<Dict>().get_item(&key)?
    {
        return Ok(Ref::from_borrowed(d.cast()));
    }
    let d = add_dict(local, ts)?;
    let init = local.ty().init.get();
    if let Some(init) = init
        && init as usize != PyBaseObject_Type.init.get().map_or(0, |f| f as usize)
    {
        let args = local.args.get_owned().unwrap_or_else(|| Tuple::empty().into_obj());
        let kwargs = local.kwargs.get_owned();
        if init(local, &args, kwargs.as_deref()) < 0 {
            let e = taipan_object::Raised::already_set().take();
            if let Some(dicts) = local.dicts.get_owned() {
                dicts.cast::<Dict>().pop_opt(&key)?;
            }
            return Err(taipan_object::error::restore(e));
        }
    }
    Ok(d)
}

/// Whether the name is `__dict__`, by its own `==`.
fn is_dict_name(name: &Object) -> PyResult<bool> {
    name.eq(intern!("__dict__"))
}

extern "C" fn local_getattro(o: &Object, name: &Object) -> PyResult {
    let d = current_dict(o.cast())?;
    if is_dict_name(name)? {
        return Ok(d.into_obj());
    }
    if name.downcast::<Str>().is_none() {
        bail!(TypeError, "attribute name must be string, not '{}'", name.ty().name_str());
    }
    let owner = o.ty().to_obj();
    let descr = o.ty().lookup(name);
    let get = descr.as_ref().and_then(|f| f.ty().descr_get.get());
    if let (Some(f), Some(get)) = (&descr, get)
        && f.ty().descr_set.get().is_some()
    {
        return get(f, Some(o), Some(&owner));
    }
    if let Some(v) = d.get_item(name)? {
        return Ok(v);
    }
    match (descr, get) {
        (Some(f), Some(get)) => get(&f, Some(o), Some(&owner)),
        (Some(v), None) => Ok(v),
        (None, _) => Err(no_attribute(o, name)),
    }
}

fn set(o: &Object, name: &Object, value: Option<&Object>) -> PyResult<()> {
    let d = current_dict(o.cast())?;
    if is_dict_name(name)? {
        let message = format!("'{}' object attribute '{}' is read-only", o.ty().name_str(), name.str()?.display());
        return Err(exceptions::attribute_error(o, name, &message));
    }
    if name.downcast::<Str>().is_none() {
        bail!(TypeError, "attribute name must be string, not '{}'", name.ty().name_str());
    }
    if let Some(f) = o.ty().lookup(name)
        && let Some(set) = f.ty().descr_set.get()
    {
        return taipan_object::error::from_status(set(&f, o, value));
    }
    match value {
        Some(v) => d.set_item(name, v),
        None => match d.pop_opt(name)? {
            Some(_) => Ok(()),
            None => Err(no_attribute(o, name)),
        },
    }
}

extern "C" fn local_setattro(o: &Object, name: &Object, value: Option<&Object>) -> c_int {
    status(set(o, name, value))
}

extern "C" fn local_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let l: &Local = o.cast();
    visit!(l.dicts, visit, arg);
    visit!(l.args, visit, arg);
    visit!(l.kwargs, visit, arg);
    0
}
extern "C" fn local_clear(o: &Object) -> c_int {
    let l: &Local = o.cast();
    l.args.set(None);
    l.kwargs.set(None);
    l.dicts.set(None);
    0
}

/// # Safety
/// The destructor contract.
unsafe extern "C" fn local_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead but whole; threads of the interpreter are linked and alive.
    unsafe {
        let key = object_key(obj.as_ref());
        let mut t = Thread::current().interp.threads.get();
        while let Some(ts) = t.as_ref() {
            if let Some(used) = ts.threading_local_key.get_owned()
                && let Err(e) = used.cast::<Dict>().pop_opt(&key)
            {
                e.clear();
            }
            t = ts.next.get();
        }
        dealloc_of::<Local>(obj);
    }
}

/// Drops the dicts of a thread that ends.
pub fn forget_thread(ts: &Thread) {
    let Some(used) = ts.threading_local_key.take() else { return };
    let key = thread_key(ts);
    for (_, weak) in used.cast::<Dict>().pairs() {
        let Some(o) = weak.downcast::<WeakRef>().and_then(WeakRef::referent) else { continue };
        let dicts: Option<Obj> = o.downcast::<Local>().and_then(|l| l.dicts.get_owned());
        if let Some(d) = dicts {
            match d.cast::<Dict>().pop_opt(&key) {
                Ok(v) => drop(v),
                Err(e) => e.clear(),
            }
        }
    }
}

#[allow(non_upper_case_globals)]
/// The type of thread-local data.
pub static Local_Type: Type = Type::new_static(TypeDef {
    name: c"_thread._local",
    basicsize: size_of::<Local>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"_local()\n--\n\nAttributes of which every thread has its own."),
    dealloc: Some(local_dealloc),
    getattro: Some(local_getattro),
    setattro: Some(local_setattro),
    traverse: Some(local_traverse),
    clear: Some(local_clear),
    weaklistoffset: offset_of!(Local, weaklist) as isize,
    new: Some(local_new),
    ..TypeDef::EMPTY
});
