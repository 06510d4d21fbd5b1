//! `_abc`: what `abc.ABCMeta` keeps for a class (its registry and caches of weakly held classes) and the checks over it.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU64, Ordering};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::protocol::compare::is_not_implemented;
use taipan_object::typeobj::flags;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::set::{FrozenSet, Set};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::weakref::{self, _PyWeakref_RefType, WeakRef};
use taipan_object::types::{bool_, cfunction};
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, function, intern, layout, method, methods,
};

use crate::support::{tuple_of, visit_fields};

/// Counts registrations; negative caches of an older count are void.
static INVALIDATION_COUNTER: AtomicU64 = AtomicU64::new(0);

/// The object behind `_abc_impl`.
#[repr(C)]
struct AbcData {
    ob_base: Object,
    registry: ObjCell,
    cache: ObjCell,
    negative_cache: ObjCell,
    negative_cache_version: Cell<u64>,
}

layout!(AbcData, ABC_DATA_TYPE);

extern "C" fn abc_data_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let data = AbcData {
        ob_base: Object::placeholder(),
        registry: ObjCell::empty(),
        cache: ObjCell::empty(),
        negative_cache: ObjCell::empty(),
        negative_cache_version: Cell::new(INVALIDATION_COUNTER.load(Ordering::Relaxed)),
    };
    new_instance(cls, data).map(Ref::into_obj)
}

extern "C" fn abc_data_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let d: &AbcData = o.cast();
    visit_fields(&[&d.registry, &d.cache, &d.negative_cache], visit, arg)
}

extern "C" fn abc_data_clear(o: &Object) -> c_int {
    let d: &AbcData = o.cast();
    d.registry.set(None);
    d.cache.set(None);
    d.negative_cache.set(None);
    0
}

static ABC_DATA_TYPE: Type = Type::new_static(TypeDef {
    name: c"_abc._abc_data",
    basicsize: size_of::<AbcData>(),
    flags: flags::HAVE_GC,
    doc: Some(c"Internal state of abstract base classes."),
    dealloc: Some(dealloc_of::<AbcData>),
    traverse: Some(abc_data_traverse),
    clear: Some(abc_data_clear),
    new: Some(abc_data_new),
    ..TypeDef::EMPTY
});

fn data_of(cls: &Object) -> PyResult<Ref<AbcData>> {
    match cls.get_attr(intern!("_abc_impl"))?.downcast_into() {
        Ok(d) => Ok(d),
        Err(_) => bail!(TypeError, "_abc_impl is set to a wrong type"),
    }
}

/// Whether a set of weak references has one to `o`. What cannot be referred to weakly is in none.
fn in_weak_set(set: &ObjCell, o: &Object) -> PyResult<bool> {
    let Some(set) = set.get_owned() else { return Ok(false) };
    let set: &Set = set.cast();
    if set.is_empty() {
        return Ok(false);
    }
    match weakref::new_ref(&_PyWeakref_RefType, o, None) {
        Ok(r) => set.contains(&r),
        Err(e) => e.recover(exceptions::TypeError, false),
    }
}

/// The callback of the references in a set, bound to a weak reference to the set.
#[method(signature = "(wr, /)", name = "_destroy")]
fn destroy(set_ref: &Object, wr: &Object) -> PyResult<()> {
    if let Some(set) = set_ref.cast::<WeakRef>().referent() {
        set.cast::<Set>().discard(wr)?;
    }
    Ok(())
}

fn add_to_weak_set(place: &ObjCell, o: &Object) -> PyResult<()> {
    if place.is_empty() {
        place.set(Some(Set::new().into_obj()));
    }
    let Some(set) = place.get_owned() else { return Ok(()) };
    let set_ref = weakref::new_ref(&_PyWeakref_RefType, &set, None)?;
    static DESTROY: taipan_object::method::MethodDef = destroy::DEF;
    let callback = cfunction::new(&DESTROY, Some(set_ref.into_obj()), None);
    let r = weakref::new_ref(&_PyWeakref_RefType, o, Some(&callback))?;
    set.cast::<Set>().add(&r)
}

/// Empty the registry, for tests.
#[function(signature = "(self, /)")]
fn _reset_registry(slf: &Object) -> PyResult<()> {
    let d = data_of(slf)?;
    if let Some(s) = d.registry.get_owned() {
        s.cast::<Set>().clear();
    }
    Ok(())
}

/// Empty the caches, for tests.
#[function(signature = "(self, /)")]
fn _reset_caches(slf: &Object) -> PyResult<()> {
    let d = data_of(slf)?;
    for s in [&d.cache, &d.negative_cache] {
        if let Some(s) = s.get_owned() {
            s.cast::<Set>().clear();
        }
    }
    Ok(())
}

/// Return the registry, the cache, the negative cache and its version, for debugging.
#[function(signature = "(self, /)")]
fn _get_dump(slf: &Object) -> PyResult<Ref<Tuple>> {
    let d = data_of(slf)?;
    let copy = |s: &ObjCell| match s.get_owned() {
        Some(s) => Set::from_iterable(&s).map(Ref::into_obj),
        None => Ok(Set::new().into_obj()),
    };
    Ok(tuple_of([
        copy(&d.registry)?,
        copy(&d.cache)?,
        copy(&d.negative_cache)?,
        Int::from_u64(d.negative_cache_version.get()).into_obj(),
    ]))
}

fn is_abstract(o: &Object) -> PyResult<bool> {
    match o.get_attr_opt(intern!("__isabstractmethod__"))? {
        Some(v) => v.is_true(),
        None => Ok(false),
    }
}

fn compute_abstract_methods(cls: &Object) -> PyResult<()> {
    let mut abstracts: Vec<Obj> = Vec::new();
    let ns = cls.get_attr(intern!("__dict__"))?;
    let items = ns.call_method(intern!("items"), &[])?.to_list()?;
    for item in items.snapshot() {
        let pair = item.to_tuple()?;
        if pair.len() != 2 {
            bail!(TypeError, "Iteration over items() returned item which is not a pair");
        }
        if is_abstract(pair.item(1))? {
            abstracts.push(pair.item(0).to_obj());
        }
    }
    let bases = cls.get_attr(intern!("__bases__"))?;
    let Some(bases) = bases.downcast::<Tuple>() else { bail!(TypeError, "__bases__ is not tuple") };
    for base in bases.items() {
        let Some(names) = base.get_attr_opt(intern!("__abstractmethods__"))? else { continue };
        let it = names.iter()?;
        while let Some(name) = it.next()? {
            if let Some(v) = cls.get_attr_opt(&name)?
                && is_abstract(&v)?
            {
                abstracts.push(name);
            }
        }
    }
    let set = FrozenSet::from_items(&abstracts)?;
    cls.set_attr(intern!("__abstractmethods__"), &set.into_obj())
}

const COLLECTION: u64 = flags::SEQUENCE | flags::MAPPING;

/// Set up the state of an abstract base class.
#[function(signature = "(self, /)")]
fn _abc_init(slf: &Object) -> PyResult<()> {
    compute_abstract_methods(slf)?;
    let data = ABC_DATA_TYPE.as_object().call_noargs()?;
    slf.set_attr(intern!("_abc_impl"), &data)?;
    let Some(cls) = slf.downcast::<Type>() else { return Ok(()) };
    let dict = cls.dict.get_owned();
    let Some(dict) = dict.as_ref().and_then(|d| d.downcast::<Dict>()) else { return Ok(()) };
    let Some(value) = dict.get_item(intern!("__abc_tpflags__"))? else { return Ok(()) };
    let Some(wanted) = value.downcast::<Int>() else { return Ok(()) };
    let wanted = wanted.low_u64();
    if wanted & COLLECTION == COLLECTION {
        bail!(TypeError, "__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING");
    }
    cls.add_flags(wanted & COLLECTION);
    slf.del_attr(intern!("__abc_tpflags__"))
}

/// Gives a class and its subclasses the flag of the collection that it was registered for.
fn set_collection_flag(cls: &Type, flag: u64) -> PyResult<()> {
    if cls.has_flag(flags::IMMUTABLETYPE) || cls.flags.get() & COLLECTION == flag {
        return Ok(());
    }
    cls.remove_flags(COLLECTION);
    cls.add_flags(flag);
    for s in cls.subclass_list() {
        set_collection_flag(s, flag)?;
    }
    // Matching remembers what a class is by its version.
    cls.modified();
    Ok(())
}

/// Register a class as a virtual subclass of an abstract base class.
#[function(signature = "(self, subclass, /)")]
fn _abc_register(slf: &Object, subclass: &Object) -> PyResult {
    let Some(sub) = subclass.downcast::<Type>() else { bail!(TypeError, "Can only register classes") };
    if subclass.is_subclass(slf)? {
        return Ok(subclass.to_obj());
    }
    if slf.is_subclass(subclass)? {
        bail!(RuntimeError, "Refusing to create an inheritance cycle");
    }
    let d = data_of(slf)?;
    add_to_weak_set(&d.registry, subclass)?;
    INVALIDATION_COUNTER.fetch_add(1, Ordering::Relaxed);
    if let Some(cls) = slf.downcast::<Type>() {
        let flag = cls.flags.get() & COLLECTION;
        if flag != 0 {
            set_collection_flag(sub, flag)?;
        }
    }
    Ok(subclass.to_obj())
}

/// Return whether an instance's class is a subclass.
#[function(signature = "(self, instance, /)")]
fn _abc_instancecheck(slf: &Object, instance: &Object) -> PyResult {
    let d = data_of(slf)?;
    // An instance that denies its class is of its type.
    let subclass = instance.get_attr_opt(intern!("__class__"))?.unwrap_or_else(|| instance.ty().to_obj());
    if in_weak_set(&d.cache, &subclass)? {
        return Ok(bool_::from_bool(true));
    }
    let subtype = instance.ty().to_obj();
    if subtype.is(&subclass) {
        if d.negative_cache_version.get() == INVALIDATION_COUNTER.load(Ordering::Relaxed)
            && in_weak_set(&d.negative_cache, &subclass)?
        {
            return Ok(bool_::from_bool(false));
        }
        return slf.call_method(intern!("__subclasscheck__"), &[&subclass]);
    }
    let r = slf.call_method(intern!("__subclasscheck__"), &[&subclass])?;
    if r.is_true()? {
        return Ok(r);
    }
    slf.call_method(intern!("__subclasscheck__"), &[&subtype])
}

/// Return whether a class is a subclass: by its hook, by inheritance, or by registration.
#[function(signature = "(self, subclass, /)")]
fn _abc_subclasscheck(slf: &Object, subclass: &Object) -> PyResult<bool> {
    let Some(sub) = subclass.downcast::<Type>() else { bail!(TypeError, "issubclass() arg 1 must be a class") };
    let d = data_of(slf)?;
    if in_weak_set(&d.cache, subclass)? {
        return Ok(true);
    }
    let counter = INVALIDATION_COUNTER.load(Ordering::Relaxed);
    if d.negative_cache_version.get() < counter {
        if let Some(s) = d.negative_cache.get_owned() {
            s.cast::<Set>().clear();
        }
        d.negative_cache_version.set(counter);
    } else if in_weak_set(&d.negative_cache, subclass)? {
        return Ok(false);
    }
    let answer = slf.call_method(intern!("__subclasshook__"), &[subclass])?;
    if answer.is(bool_::true_()) {
        add_to_weak_set(&d.cache, subclass)?;
        return Ok(true);
    }
    if answer.is(bool_::false_()) {
        add_to_weak_set(&d.negative_cache, subclass)?;
        return Ok(false);
    }
    if !is_not_implemented(&answer) {
        bail!(AssertionError, "__subclasshook__ must return either False, True, or NotImplemented");
    }
    let inherits = sub.mro.get().is_some_and(|mro| mro.cast::<Tuple>().items().iter().any(|c| c.is(slf)));
    if inherits {
        add_to_weak_set(&d.cache, subclass)?;
        return Ok(true);
    }
    if let Some(registry) = d.registry.get_owned() {
        for r in registry.cast::<Set>().items() {
            let Some(cls) = r.downcast::<WeakRef>().and_then(WeakRef::referent) else { continue };
            if subclass.is_subclass(&cls)? {
                add_to_weak_set(&d.cache, subclass)?;
                return Ok(true);
            }
        }
    }
    let subclasses = slf.call_method(intern!("__subclasses__"), &[])?;
    let Some(subclasses) = subclasses.downcast::<List>() else {
        bail!(TypeError, "__subclasses__() must return a list")
    };
    for c in subclasses.snapshot() {
        if subclass.is_subclass(&c)? {
            add_to_weak_set(&d.cache, subclass)?;
            return Ok(true);
        }
    }
    add_to_weak_set(&d.negative_cache, subclass)?;
    Ok(false)
}

/// Return a token that changes with every registration.
#[function(signature = "()")]
fn get_cache_token() -> u64 {
    INVALIDATION_COUNTER.load(Ordering::Relaxed)
}

fn exec(_: &Module) -> PyResult<()> {
    taipan_object::typeobj::ready::ready(&ABC_DATA_TYPE)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_abc",
    doc: "The machinery of abstract base classes.",
    methods: methods![
        _reset_registry,
        _reset_caches,
        _get_dump,
        _abc_init,
        _abc_register,
        _abc_instancecheck,
        _abc_subclasscheck,
        get_cache_token,
    ],
    exec,
};
