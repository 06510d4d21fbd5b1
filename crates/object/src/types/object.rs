//! The type `object`.

use crate::alloc::{finish_dealloc, generic_alloc};
use crate::args::Given;
use crate::error::{PyResult, status};
use crate::header::{Obj, Object, Ref};
use crate::method::GetSetDef;
use crate::protocol::attr::{dict_getter, dict_setter, generic_getattro, generic_setattro};
use crate::protocol::compare::{CompareOp, hash_pointer, is_not_implemented, not_implemented};
use crate::typeobj::{Type, TypeDef, flags, methods as type_methods};
use crate::types::dict::Dict;
use crate::types::list::List;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::types::{bool_, none};
use crate::{bail, getset, intern, methods};
use std::ffi::c_int;
use std::ptr::NonNull;
use taipan_clinic::{classmethod, method};

/// Attributes of classes whose instances have a dict, weak references, or both.
pub static DICT_AND_WEAKREF: &[GetSetDef] = &[
    getset!(c"__dict__", instance_dict, set_instance_dict; c"dictionary for instance variables"),
    getset!(c"__weakref__", get_weakref; c"list of weak references to the object"),
    GetSetDef::END,
];
/// See [`DICT_AND_WEAKREF`].
pub static DICT_ONLY: &[GetSetDef] =
    &[getset!(c"__dict__", instance_dict, set_instance_dict; c"dictionary for instance variables"), GetSetDef::END];
/// See [`DICT_AND_WEAKREF`].
pub static WEAKREF_ONLY: &[GetSetDef] =
    &[getset!(c"__weakref__", get_weakref; c"list of weak references to the object"), GetSetDef::END];

fn get_weakref(o: &Object) -> PyResult<Option<Obj>> {
    if o.ty().weaklistoffset.get() == 0 {
        bail!(AttributeError, "This object has no __weakref__");
    }
    Ok(crate::types::weakref::first(o))
}

/// Destructor of plain objects.
unsafe extern "C" fn object_dealloc(obj: NonNull<Object>) {
    // SAFETY: nothing but memory to give back.
    unsafe { finish_dealloc(obj) }
}

fn excess_args(args: &Object, kwargs: Option<&Object>) -> bool {
    !args.cast::<Tuple>().is_empty() || kwargs.is_some_and(|k| !k.cast::<Dict>().is_empty())
}

fn same<F: Copy>(a: Option<F>, b: usize) -> bool {
    // SAFETY: function pointers are one word.
    a.is_some_and(|f| unsafe { std::mem::transmute_copy::<F, usize>(&f) } == b)
}

extern "C" fn object_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        let ty = o.ty();
        if excess_args(args, kwargs) {
            if !same(ty.init.get(), object_init as *const () as usize) {
                bail!(TypeError, "object.__init__() takes exactly one argument (the instance to initialize)");
            }
            if same(ty.new.get(), object_new as *const () as usize) {
                bail!(
                    TypeError,
                    "{}.__init__() takes exactly one argument (the instance to initialize)",
                    ty.name_str()
                );
            }
        }
        Ok(())
    })())
}

/// `object.__new__`.
pub extern "C" fn object_new(ty: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if excess_args(args, kwargs) {
        if !same(ty.new.get(), object_new as *const () as usize) {
            bail!(TypeError, "object.__new__() takes exactly one argument (the type to instantiate)");
        }
        if same(ty.init.get(), object_init as *const () as usize) {
            bail!(TypeError, "{}() takes no arguments", ty.name_str());
        }
    }
    if ty.has_flag(flags::IS_ABSTRACT) {
        return Err(abstract_instance(ty));
    }
    match ty.alloc.get() {
        Some(f) => f(ty, 0),
        None => generic_alloc(ty, 0),
    }
}

#[cold]
fn abstract_instance(ty: &Type) -> crate::Raised {
    let names = (|| {
        let set = ty.as_object().get_attr(intern!("__abstractmethods__"))?;
        let l = set.to_list()?;
        l.sort()?;
        let names: Vec<String> =
            l.snapshot().iter().map(|n| Ok(format!("'{}'", n.str()?.display()))).collect::<PyResult<_>>()?;
        Ok(names)
    })();
    match names {
        Ok(names) => crate::raise!(
            TypeError,
            "Can't instantiate abstract class {} without an implementation for abstract method{} {}",
            ty.name_str(),
            if names.len() > 1 { "s" } else { "" },
            names.join(", ")
        ),
        Err(e) => e,
    }
}

extern "C" fn object_repr(o: &Object) -> PyResult {
    let ty = o.ty();
    let module = match type_methods::module_of(ty) {
        Ok(m) => m.downcast_into::<Str>().ok(),
        Err(e) => {
            e.clear();
            None
        }
    };
    let name = ty.as_object().get_attr(intern!("__qualname__"))?.str()?;
    let text = match module {
        Some(m) if !m.eq_str("builtins") => format!("<{}.{} object at {:p}>", m.display(), name.display(), o),
        _ => format!("<{} object at {:p}>", ty.name_str(), o),
    };
    Ok(Str::from_utf8(&text).into_obj())
}

/// Identity, and `!=` as the opposite of what the type says to `==`.
pub extern "C" fn object_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    match CompareOp::from_c(op) {
        CompareOp::Eq => Ok(if a.is(b) { bool_::from_bool(true) } else { not_implemented() }),
        CompareOp::Ne => {
            let Some(f) = a.ty().richcompare.get() else { return Ok(not_implemented()) };
            let r = f(a, b, CompareOp::Eq as c_int)?;
            if is_not_implemented(&r) { Ok(r) } else { Ok(bool_::from_bool(!r.is_true()?)) }
        }
        _ => Ok(not_implemented()),
    }
}

/// The `__dict__` of the native base that has one of its own, as types and modules do: theirs counts.
fn native_dict(o: &Object) -> PyResult<Option<Obj>> {
    let mut chain = std::iter::successors(Some(o.ty()), |t| t.base());
    let Some(native) = chain.find(|t| t.dictoffset.get() != 0 && !t.is_heap()) else { return Ok(None) };
    match native.lookup(intern!("__dict__")) {
        Some(d) => Ok(Some(d)),
        None => bail!(TypeError, "this __dict__ descriptor does not support '{}' objects", o.ty().name_str()),
    }
}

/// `__dict__` of an instance of a Python class.
fn instance_dict(o: &Object) -> PyResult {
    match native_dict(o)? {
        Some(d) => match d.ty().descr_get.get() {
            Some(f) => f(&d, Some(o), Some(o.ty().as_object())),
            None => Ok(d),
        },
        None => dict_getter(o),
    }
}

fn set_instance_dict(o: &Object, value: Option<&Object>) -> PyResult<()> {
    match native_dict(o)? {
        Some(d) => match d.ty().descr_set.get() {
            Some(f) => crate::error::from_status(f(&d, o, value)),
            None => {
                bail!(TypeError, "this __dict__ descriptor does not support '{}' objects", o.ty().name_str())
            }
        },
        None => dict_setter(o, value),
    }
}

fn get_class(o: &Object) -> Obj {
    o.ty().to_obj()
}

fn set_class(o: &Object, value: Option<&Object>) -> PyResult<()> {
    let Some(v) = value else { bail!(TypeError, "can't delete __class__ attribute") };
    let Some(new) = v.downcast::<Type>() else {
        bail!(TypeError, "__class__ must be set to a class, not '{}' object", v.ty().name_str());
    };
    let old = o.ty();
    let module = &crate::types::module::PyModule_Type;
    let is_module = new.is_subtype(module) && old.is_subtype(module);
    if !is_module && (new.has_flag(flags::IMMUTABLETYPE) || old.has_flag(flags::IMMUTABLETYPE)) {
        bail!(TypeError, "__class__ assignment only supported for mutable types or ModuleType subclasses");
    }
    let same_dealloc = old.dealloc.get().map(|f| f as usize) == new.dealloc.get().map(|f| f as usize);
    if !(is_module || same_dealloc && type_methods::compatible_layout(old, new)) {
        bail!(TypeError, "__class__ assignment: '{}' object layout differs from '{}'", new.name_str(), old.name_str());
    }
    if old.has_flag(flags::INLINE_VALUES) {
        // Keys are shared per class: the values move into a dict of their own.
        crate::types::dict::instance_detach(o)?;
    }
    if new.is_heap() {
        new.as_object().incref();
    }
    o.set_ty(new);
    crate::thread::RareEvents::note(&crate::Interp::current().rare_events.set_class);
    if old.is_heap() {
        // SAFETY: the instance's own reference to its former class.
        unsafe { Object::decref(old.as_object()) };
    }
    Ok(())
}

/// Helper for pickle.
#[method(signature = "()")]
fn __reduce__(this: &Object) -> PyResult {
    reduce(this, 0)
}

/// Helper for pickle, for a given protocol.
#[method(signature = "(protocol, /)")]
fn __reduce_ex__(this: &Object, protocol: c_int) -> PyResult {
    let own = this.get_attr_opt(intern!("__reduce__"))?;
    if let Some(own) = own {
        let of_class = this.ty().as_object().get_attr(intern!("__reduce__"))?;
        let of_object = PyBaseObject_Type.own_attr(intern!("__reduce__"));
        if of_object.is_none_or(|o| !o.is(&of_class)) {
            return own.call_noargs();
        }
    }
    reduce(this, protocol)
}

fn reduce(o: &Object, protocol: c_int) -> PyResult {
    let copyreg = (crate::hooks::get().import)("copyreg")?;
    if protocol < 2 {
        return copyreg.call_method(intern!("_reduce_ex"), &[o, &crate::types::int::Int::from_i64(protocol as i64)]);
    }
    reduce_newobj(&copyreg, o)
}

fn reduce_newobj(copyreg: &Object, o: &Object) -> PyResult {
    let cls = o.ty();
    if cls.new.get().is_none() {
        bail!(TypeError, "cannot pickle '{}' object", cls.name_str());
    }
    let none = none::none();
    // Constructor arguments.
    let (args, kwargs) = new_arguments(o)?;
    let has_args = args.is_some();
    let (callable, call_args) = match (args, kwargs) {
        (args, Some(kw)) if !kw.cast::<Dict>().is_empty() => {
            let Some(args) = args else { bail!(SystemError, "bad internal call") };
            (copyreg.get_attr(intern!("__newobj_ex__"))?, Tuple::new(&[cls.as_object(), &args, &kw]))
        }
        (args, _) => {
            let mut v = vec![cls.to_obj()];
            if let Some(a) = args {
                v.extend(a.cast::<Tuple>().items().iter().cloned());
            }
            (copyreg.get_attr(intern!("__newobj__"))?, Tuple::from_vec(v))
        }
    };
    let required = !has_args && o.downcast::<List>().is_none() && o.downcast::<Dict>().is_none();
    let state = match o.get_attr_opt(intern!("__getstate__"))? {
        Some(f) => {
            let of_object = PyBaseObject_Type.own_attr(intern!("__getstate__"));
            let plain = of_object.is_some_and(|d| cls.lookup(intern!("__getstate__")).is_some_and(|c| c.is(&d)));
            if plain { default_state(o, required)? } else { f.call_noargs()? }
        }
        None => default_state(o, required)?,
    };
    let list_items = if o.downcast::<List>().is_some() { o.iter()? } else { none.to_obj() };
    let dict_items =
        if o.downcast::<Dict>().is_some() { o.call_method(intern!("items"), &[])?.iter()? } else { none.to_obj() };
    Ok(Tuple::new(&[&callable, &call_args, &state, &list_items, &dict_items]).into_obj())
}

fn new_arguments(o: &Object) -> PyResult<(Option<Obj>, Option<Obj>)> {
    if let Some(f) = o.lookup_special(intern!("__getnewargs_ex__"))? {
        let r = f.call_noargs()?;
        let Some(t) = r.downcast::<Tuple>() else {
            bail!(TypeError, "__getnewargs_ex__ should return a tuple, not '{}'", r.ty().name_str());
        };
        if t.len() != 2 {
            bail!(ValueError, "__getnewargs_ex__ should return a tuple of length 2, not {}", t.len());
        }
        if t.item(0).downcast::<Tuple>().is_none() {
            bail!(
                TypeError,
                "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '{}'",
                t.item(0).ty().name_str()
            );
        }
        if t.item(1).downcast::<Dict>().is_none() {
            bail!(
                TypeError,
                "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '{}'",
                t.item(1).ty().name_str()
            );
        }
        return Ok((Some(t.item(0).to_obj()), Some(t.item(1).to_obj())));
    }
    if let Some(f) = o.lookup_special(intern!("__getnewargs__"))? {
        let r = f.call_noargs()?;
        if r.downcast::<Tuple>().is_none() {
            bail!(TypeError, "__getnewargs__ should return a tuple, not '{}'", r.ty().name_str());
        }
        return Ok((Some(r), None));
    }
    Ok((None, None))
}

/// The instance dict, and the slots beside it, as `object.__getstate__` gives them.
fn default_state(o: &Object, required: bool) -> PyResult {
    let ty = o.ty();
    if required && ty.itemsize.get() != 0 {
        bail!(TypeError, "cannot pickle '{}' object", ty.name_str());
    }
    // A dict without entries is not worth keeping.
    let state = match o.get_attr_opt(intern!("__dict__"))? {
        Some(d) if d.downcast_exact::<Dict>().is_none_or(|d| !d.is_empty()) => d,
        _ => none::none_obj(),
    };
    let copyreg = (crate::hooks::get().import)("copyreg")?;
    let slotnames = match crate::typeobj::ready::dict_of(ty).get_item(intern!("__slotnames__"))? {
        Some(n) => n,
        None => copyreg.call_method(intern!("_slotnames"), &[ty.as_object()])?,
    };
    if !slotnames.is_none() && slotnames.downcast::<List>().is_none() {
        bail!(TypeError, "copyreg._slotnames didn't return a list or None");
    }
    let names = slotnames.downcast::<List>().map_or_else(Vec::new, List::snapshot);
    if required {
        let mut basic = PyBaseObject_Type.basicsize.get();
        if ty.dictoffset.get() > 0 {
            basic += 8;
        }
        if ty.weaklistoffset.get() > 0 {
            basic += 8;
        }
        basic += 8 * names.len() as isize;
        if ty.basicsize.get() > basic {
            bail!(TypeError, "cannot pickle '{}' object", ty.name_str());
        }
    }
    if names.is_empty() {
        return Ok(state);
    }
    let slots = Dict::new();
    for n in &names {
        if let Some(v) = o.get_attr_opt(n)? {
            slots.set_item(n, &v)?;
        }
    }
    if slots.is_empty() {
        return Ok(state);
    }
    Ok(Tuple::new(&[&state, &slots]).into_obj())
}

/// Helper for pickle: the state of the instance.
#[method(signature = "()")]
fn __getstate__(this: &Object) -> PyResult {
    default_state(this, false)
}

/// Default object formatter.
#[method(signature = "(format_spec, /)")]
fn __format__(this: &Object, format_spec: &Str) -> PyResult {
    if !format_spec.is_empty() {
        bail!(TypeError, "unsupported format string passed to {}.__format__", this.ty().name_str());
    }
    this.str().map(Ref::into_obj)
}

/// Size of the object in memory, in bytes.
#[method(signature = "()")]
fn __sizeof__(this: &Object) -> isize {
    let ty = this.ty();
    let mut size = ty.basicsize.get();
    if ty.itemsize.get() > 0
        && let Ok(n) = this.len()
    {
        size += n as isize * ty.itemsize.get();
    } else {
        crate::error::clear();
    }
    size
}

/// Default dir() implementation.
#[method(signature = "()")]
fn __dir__(this: &Object) -> PyResult<Ref<List>> {
    let names = Dict::new();
    if let Some(d) = this.get_attr_opt(intern!("__dict__"))?
        && d.downcast::<Dict>().is_some()
    {
        names.update_from(&d, true)?;
    }
    if let Some(cls) = this.get_attr_opt(intern!("__class__"))? {
        type_methods::merge_class_dict(&names, &cls)?;
    }
    Ok(List::from_vec(names.pairs().into_iter().map(|(k, _)| k).collect()))
}

/// Called when a class is subclassed; the default does nothing.
#[classmethod(signature = "()", text = false)]
fn __init_subclass__(_cls: &Type) {}

/// Lets abstract classes customize issubclass(); the default has no opinion.
#[classmethod(signature = "(object, /)", text = false)]
fn __subclasshook__(_cls: &Type, _object: Given<&Object>) -> Obj {
    not_implemented()
}

#[unsafe(no_mangle)]
pub static PyBaseObject_Type: Type = Type::new_static(TypeDef {
    name: c"object",
    basicsize: size_of::<Object>(),
    flags: flags::BASETYPE,
    doc: Some(c"object()\n--\n\nWhat every class derives from; an instance has no attributes of its own."),
    dealloc: Some(object_dealloc),
    repr: Some(object_repr),
    hash: Some(hash_pointer),
    str: Some(crate::protocol::repr::object_str),
    getattro: Some(generic_getattro),
    setattro: Some(generic_setattro),
    richcompare: Some(object_richcompare),
    methods: methods![
        __reduce_ex__,
        __reduce__,
        __getstate__,
        __subclasshook__,
        __init_subclass__,
        __format__,
        __sizeof__,
        __dir__
    ],
    getset: crate::getsets![getset!(c"__class__", get_class, set_class; c"the object's class")],
    init: Some(object_init),
    alloc: Some(generic_alloc),
    new: Some(object_new),
    free: Some(crate::alloc::free_object),
    ..TypeDef::EMPTY
});
