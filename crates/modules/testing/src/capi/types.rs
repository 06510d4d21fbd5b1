//! Types with slots that Python classes do not have.

use std::ffi::{CStr, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_capi::typespec::{Spec, SpecSlot, from_spec};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::method::{MemberDef, member};
use taipan_object::native::{bind, required, signature};
use taipan_object::typeobj::slots::AsyncMethods;
use taipan_object::typeobj::slots::Slot;
use taipan_object::types::module::Module;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, classmethod, error, flags, function, getset, getsets,
    intern, layout, members, method, methods,
};

/// `tp_del`: calls `__tp_del__`, and the object may come back to life by it.
extern "C" fn call_tp_del(o: &Object) {
    let result = match o.ty().lookup(intern!("__tp_del__")) {
        Some(f) => f.call_one(o).map(drop),
        None => Ok(()),
    };
    if let Err(e) = result {
        error::unraisable(e, Some(o));
    }
}

/// Make `__tp_del__` the class's old-fashioned finaliser.
#[function(signature = "(cls, /)")]
pub fn with_tp_del(cls: &Object) -> PyResult {
    match cls.downcast::<Type>() {
        Some(t) if t.is_heap() => t.del.set(Some(call_tp_del)),
        _ => bail!(TypeError, "heap type expected, got {}", cls.repr()?.display()),
    }
    Ok(cls.to_obj())
}

/// Hide a class from the collector.
#[function(signature = "(cls, /)")]
pub fn without_gc(cls: &Object) -> PyResult {
    let Some(t) = cls.downcast::<Type>().filter(|t| t.is_heap()) else {
        bail!(TypeError, "heap type expected, got {}", cls.repr()?.display())
    };
    // There are no instances yet: those to come are made without the collector's words.
    t.remove_flags(flags::HAVE_GC);
    t.traverse.set(None);
    t.clear.set(None);
    Ok(cls.to_obj())
}

/// Holds an object without telling the collector.
#[repr(C)]
struct Container {
    ob_base: Object,
    value: ObjCell,
}

layout!(Container, CONTAINER_TYPE);

extern "C" fn container_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: taipan_object::args::Signature = signature("ContainerNoGC", &[required("value")], 0, 1);
    bind(&SIG, args, kwargs, |[value]: [Option<&Object>; 1]| {
        let value = ObjCell::from_opt(value.map(Object::to_obj));
        new_instance(cls, Container { ob_base: Object::placeholder(), value }).map(Ref::into_obj)
    })
}

static CONTAINER_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"_testcapi.ContainerNoGC",
        basicsize: size_of::<Container>(),
        flags: flags::BASETYPE,
        dealloc: Some(dealloc_of::<Container>),
        members: members![MemberDef::new(c"value", member::OBJECT, offset_of!(Container, value), member::READONLY)],
        new: Some(container_new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

/// `await` answers what the object was made with.
extern "C" fn awaiter(o: &Object) -> PyResult {
    let this: &Container = o.cast();
    Ok(this.value.get_owned().unwrap_or_else(taipan_object::types::none::none_obj))
}

extern "C" fn await_new(cls: &Type, args: &Object, _: Option<&Object>) -> PyResult {
    let [value] = args.cast::<Tuple>().borrowed_items() else { bail!(TypeError, "awaitType takes one argument") };
    let value = ObjCell::new(value.to_obj());
    new_instance(cls, Container { ob_base: Object::placeholder(), value }).map(Ref::into_obj)
}

static AS_ASYNC: AsyncMethods = AsyncMethods { await_: Slot::new(awaiter), ..AsyncMethods::EMPTY };

static AWAIT_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"awaitType",
        basicsize: size_of::<Container>(),
        dealloc: Some(dealloc_of::<Container>),
        as_async: Some(&AS_ASYNC),
        new: Some(await_new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

// An alias of a generic class, as extensions write them.

/// Stand for the class in a list of bases.
#[method(signature = "(bases, /)")]
fn __mro_entries__(this: &Container, bases: &Object) -> PyResult {
    let _ = bases;
    Ok(Tuple::from_vec(this.value.get_owned().into_iter().collect()).into_obj())
}

static ALIAS_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"GenericAlias",
        basicsize: size_of::<Container>(),
        flags: flags::BASETYPE,
        dealloc: Some(dealloc_of::<Container>),
        methods: methods![__mro_entries__],
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

/// Make an alias.
#[classmethod(signature = "(item, /)")]
fn __class_getitem__(cls: &Type, item: &Object) -> PyResult {
    let _ = item;
    let value = ObjCell::new(cls.to_obj());
    new_instance(&ALIAS_TYPE, Container { ob_base: Object::placeholder(), value }).map(Ref::into_obj)
}

static GENERIC_TYPE: Type = Type::with_flags(
    TypeDef { name: c"Generic", flags: flags::BASETYPE, methods: methods![__class_getitem__], ..TypeDef::EMPTY },
    flags::IMMUTABLETYPE,
);

// Heap types from specifications.

#[repr(C)]
struct WithWord {
    ob_base: Object,
    word: ObjCell,
}

static DICT_MEMBERS: &[MemberDef] = &[
    MemberDef::new(c"dictobj", member::OBJECT, offset_of!(WithWord, word), 0),
    MemberDef::new(c"__dictoffset__", member::PYSSIZET, offset_of!(WithWord, word), member::READONLY),
    MemberDef::END,
];
static WEAKREF_MEMBERS: &[MemberDef] = &[
    MemberDef::new(c"weakreflist", member::OBJECT, offset_of!(WithWord, word), 0),
    MemberDef::new(c"__weaklistoffset__", member::PYSSIZET, offset_of!(WithWord, word), member::READONLY),
    MemberDef::END,
];

unsafe extern "C" fn word_dealloc(obj: NonNull<Object>) {
    // SAFETY: instances have the word after the head; weak references to a dying object are cleared before its memory goes.
    unsafe {
        let o = obj.as_ref();
        let ty = o.ty();
        let of_type = Obj::from_raw(ty.as_object());
        if ty.weaklistoffset.get() > 0 {
            taipan_object::types::weakref::clear_all(o);
        } else {
            obj.cast::<WithWord>().as_ref().word.set(None);
        }
        if let Some(free) = ty.free.get() {
            free(obj.as_ptr().cast());
        }
        drop(of_type);
    }
}

const TP_DEALLOC: i32 = 52;
const TP_MEMBERS: i32 = 72;
const TP_GETSET: i32 = 73;

fn heap_class(name: &'static CStr, rows: Vec<SpecSlot>, basicsize: usize) -> PyResult {
    let mut rows = rows;
    rows.push(SpecSlot { slot: 0, value: std::ptr::null() });
    let spec = Spec {
        name: name.as_ptr(),
        basicsize: basicsize as i32,
        itemsize: 0,
        flags: flags::BASETYPE as u32,
        slots: rows.leak().as_ptr(),
    };
    from_spec(None, None, &spec, None)
}

/// Adds what this file defines.
pub fn add(m: &Module) -> PyResult<()> {
    for ty in [&CONTAINER_TYPE, &AWAIT_TYPE, &ALIAS_TYPE, &GENERIC_TYPE] {
        m.add_type(ty)?;
    }
    let dealloc = SpecSlot { slot: TP_DEALLOC, value: word_dealloc as *const c_void };
    let getset = getsets![getset!(
        c"__dict__",
        taipan_object::protocol::attr::dict_getter,
        taipan_object::protocol::attr::dict_setter
    )];
    let getset = getset.map_or(std::ptr::null(), |g| g.as_ptr());
    let with_dict = heap_class(
        c"_testcapi.HeapCTypeWithDict",
        vec![
            SpecSlot { slot: TP_MEMBERS, value: DICT_MEMBERS.as_ptr().cast() },
            SpecSlot { slot: TP_GETSET, value: getset.cast() },
            SpecSlot { slot: TP_DEALLOC, value: dealloc.value },
        ],
        size_of::<WithWord>(),
    )?;
    m.add("HeapCTypeWithDict", &with_dict)?;
    let with_weakref = heap_class(
        c"_testcapi.HeapCTypeWithWeakref",
        vec![SpecSlot { slot: TP_MEMBERS, value: WEAKREF_MEMBERS.as_ptr().cast() }, dealloc],
        size_of::<WithWord>(),
    )?;
    m.add("HeapCTypeWithWeakref", &with_weakref)
}
