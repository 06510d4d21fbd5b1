//! Making classes: `type(name, bases, namespace)`, and calling a type to make an instance.

use super::{ready, update};
use crate::alloc::generic_alloc;
use crate::error::{PyResult, from_status};
use crate::header::{Obj, Object, Ref};
use crate::method::{MemberDef, MethodDef, MethodPtr, member, meth};
use crate::typeobj::{HeapType, Type, flags, heap};
use crate::types::dict::Dict;
use crate::types::exceptions;
use crate::types::object::PyBaseObject_Type;
use crate::types::str::{Str, intern::intern};
use crate::types::tuple::Tuple;
use crate::types::type_::PyType_Type;
use crate::{bail, intern, raise};
use std::ffi::CString;
use std::mem::offset_of;

/// `__new__` of built-in types: checks the class and calls the `tp_new` of the type it is bound to.
pub static NEW_METHOD: MethodDef = MethodDef {
    name: c"__new__".as_ptr(),
    meth: MethodPtr { keywords: tp_new_entry },
    flags: meth::VARARGS | meth::KEYWORDS,
    doc: c"__new__($type, *args, **kwargs)\n--\n\nCreate and return a new object.".as_ptr(),
};

extern "C" fn tp_new_entry(slf: Option<&Object>, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let Some(ty) = slf.and_then(|s| s.downcast::<Type>()) else {
        bail!(SystemError, "__new__() called with non-type 'self'");
    };
    let args: &Tuple = args.cast();
    if args.is_empty() {
        bail!(TypeError, "{}.__new__(): not enough arguments", ty.name_str());
    }
    let Some(sub) = args.item(0).downcast::<Type>() else {
        bail!(TypeError, "{}.__new__(X): X is not a type object ({})", ty.name_str(), args.item(0).ty().name_str());
    };
    if !sub.is_subtype(ty) {
        bail!(
            TypeError,
            "{}.__new__({}): {} is not a subtype of {}",
            ty.name_str(),
            sub.name_str(),
            sub.name_str(),
            ty.name_str()
        );
    }
    if sub.has_flag(flags::DISALLOW_INSTANTIATION) {
        bail!(TypeError, "cannot create '{}' instances", sub.name_str());
    }
    // object.__new__(dict) would leave out what dict.__new__ does.
    let mut static_base = sub;
    while static_base.new.get().is_some_and(|f| f as usize == super::slotfuncs::new as *const () as usize) {
        match static_base.base() {
            Some(b) => static_base = b,
            None => break,
        }
    }
    if static_base.new.get().map(|f| f as usize) != ty.new.get().map(|f| f as usize) {
        bail!(
            TypeError,
            "{}.__new__({}) is not safe, use {}.__new__()",
            ty.name_str(),
            sub.name_str(),
            static_base.name_str()
        );
    }
    let rest = args.slice(1, args.len());
    match ty.new.get() {
        Some(f) => f(sub, &rest, kwargs),
        None => bail!(TypeError, "cannot create '{}' instances", ty.name_str()),
    }
}

/// `type.__call__`: `tp_new`, then `tp_init` if the answer is an instance.
pub extern "C" fn type_call(cls: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let ty: &Type = cls.cast();
    if std::ptr::eq(ty, &PyType_Type) {
        let args: &Tuple = args.cast();
        let nkw = kwargs.map_or(0, |k| k.cast::<Dict>().len());
        if args.len() == 1 && nkw == 0 {
            return Ok(args.item(0).ty().to_obj());
        }
        if args.len() != 3 {
            bail!(TypeError, "type() takes 1 or 3 arguments");
        }
    }
    let Some(new) = ty.new.get() else {
        bail!(TypeError, "cannot create '{}' instances", ty.name_str());
    };
    let o = new(ty, args, kwargs)?;
    if !o.ty().is_subtype(ty) {
        return Ok(o);
    }
    if let Some(init) = o.ty().init.get() {
        from_status(init(&o, args, kwargs))?;
    }
    Ok(o)
}

/// The most derived metaclass of `meta` and those of `bases` (`_PyType_CalculateMetaclass`).
pub fn calculate_metaclass<'a>(meta: &'a Type, bases: &'a Tuple) -> PyResult<&'a Type> {
    let mut winner = meta;
    for b in bases.items() {
        let t = b.ty();
        if winner.is_subtype(t) {
            continue;
        }
        if t.is_subtype(winner) {
            winner = t;
            continue;
        }
        bail!(
            TypeError,
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases"
        );
    }
    Ok(winner)
}

/// The base whose layout the new class extends.
pub fn best_base(bases: &Tuple) -> PyResult<&Type> {
    let mut winner: Option<&Type> = None;
    let mut base: Option<&Type> = None;
    for b in bases.items() {
        let Some(t) = b.downcast::<Type>() else {
            bail!(TypeError, "bases must be types");
        };
        ready::ready(t)?;
        if !t.has_flag(flags::BASETYPE) {
            bail!(TypeError, "type '{}' is not an acceptable base type", t.name_str());
        }
        let candidate = t.solid_base();
        match winner {
            None => (winner, base) = (Some(candidate), Some(t)),
            Some(w) if w.is_subtype(candidate) => {}
            Some(w) if candidate.is_subtype(w) => (winner, base) = (Some(candidate), Some(t)),
            Some(_) => bail!(TypeError, "multiple bases have instance lay-out conflict"),
        }
    }
    base.ok_or_else(|| raise!(TypeError, "a new type needs a base"))
}

/// `type.__new__`.
pub extern "C" fn type_new(meta: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let args: &Tuple = args.cast();
    if args.len() != 3 {
        bail!(TypeError, "type.__new__() takes exactly 3 arguments ({} given)", args.len());
    }
    let (name, bases, ns) = (args.item(0), args.item(1), args.item(2));
    let Some(name) = name.downcast::<Str>() else {
        bail!(TypeError, "type.__new__() argument 1 must be str, not {}", name.ty().name_str());
    };
    let Some(bases) = bases.downcast::<Tuple>() else {
        bail!(TypeError, "type.__new__() argument 2 must be tuple, not {}", bases.ty().name_str());
    };
    let Some(ns) = ns.downcast::<Dict>() else {
        bail!(TypeError, "type.__new__() argument 3 must be dict, not {}", ns.ty().name_str());
    };
    for b in bases.items() {
        if b.downcast::<Type>().is_none() && b.get_attr_opt(intern!("__mro_entries__"))?.is_some() {
            bail!(TypeError, "type() doesn't support MRO entry resolution; use types.new_class()");
        }
    }
    let winner = calculate_metaclass(meta, bases)?;
    if !std::ptr::eq(winner, meta)
        && let Some(f) = winner.new.get()
        && f as usize != type_new as *const () as usize
    {
        return f(winner, args, kwargs);
    }
    let bases: Ref<Tuple> =
        if bases.is_empty() { Tuple::new(&[PyBaseObject_Type.as_object()]) } else { Ref::from_borrowed(bases) };
    let base = best_base(&bases)?;
    let dict = ns.copy()?;
    let cls = build(winner, name, &bases, base, &dict)?;
    let ty: &Type = cls.cast();
    set_names(ty)?;
    init_subclass(ty, kwargs)?;
    Ok(cls)
}

/// The new type object, filled in and ready, before `__set_name__` and `__init_subclass__`.
fn build(meta: &Type, name: &Str, bases: &Ref<Tuple>, base: &Type, dict: &Ref<Dict>) -> PyResult {
    if name.contains_nul() {
        bail!(ValueError, "type name must not contain null characters");
    }
    let tpname =
        CString::new(name.to_utf8()?).map_err(|_| raise!(ValueError, "type name must not contain null characters"))?;
    if !dict.has_only_string_keys() {
        let text = format!("non-string key in the __dict__ of class {}", name.display());
        (crate::hooks::get().warn)(crate::types::exceptions::RuntimeWarning, &text, 1)?;
    }
    let layout = SlotLayout::plan(name, bases, base, dict)?;
    let alloc = meta.alloc.get().unwrap_or(generic_alloc);
    let cls = alloc(meta, layout.names.len() as isize)?;
    let ty: &Type = cls.cast();
    // SAFETY: memory from the metaclass is laid out as a heap type.
    let heap: &HeapType = unsafe { cls.cast_unchecked() };
    // Every instance refers to its class, which may refer back.
    ty.flags.set(flags::HEAPTYPE | flags::BASETYPE | flags::HAVE_GC);
    ty.as_async.set(&heap.as_async);
    ty.as_number.set(&heap.as_number);
    ty.as_sequence.set(&heap.as_sequence);
    ty.as_mapping.set(&heap.as_mapping);
    ty.as_buffer.set(&heap.as_buffer);
    heap.ht_name.set(Some(name.to_obj()));
    heap.ht_tpname.set(tpname.into_raw());
    ty.name.set(heap.ht_tpname.get());
    ty.bases.set(Some(bases.clone().into_obj()));
    base.as_object().incref();
    ty.base.set(base);
    ty.dict.set(Some(dict.clone().into_obj()));
    ty.dealloc.set(Some(heap::subtype_dealloc));
    ty.basicsize.set(base.basicsize.get());
    ty.itemsize.set(base.itemsize.get());
    set_dunders(ty, heap, name, dict)?;
    layout.apply(ty, heap, base)?;
    ty.traverse.set(Some(heap::subtype_traverse));
    ty.clear.set(Some(heap::subtype_clear));
    ty.free.set(Some(crate::alloc::free_object));
    ty.alloc.set(Some(generic_alloc));
    ready::ready(ty)?;
    // A dict that values can be shared in needs the pre-header right before a fixed-size object.
    if ty.has_flag(flags::MANAGED_DICT) && ty.itemsize.get() == 0 && ty.basicsize.get() as usize == size_of::<Object>()
    {
        ty.add_flags(flags::INLINE_VALUES);
    }
    if ty.has_flag(flags::MANAGED_DICT) {
        crate::types::dict::init_cached_keys(heap);
    }
    update::fill_slots(ty, base);
    Ok(cls)
}

/// `__module__`, `__qualname__`, `__doc__`, and the implicit static and class methods.
fn set_dunders(ty: &Type, heap: &HeapType, name: &Str, dict: &Dict) -> PyResult<()> {
    if dict.get_item(intern!("__module__"))?.is_none()
        && let Some(globals) = (crate::hooks::get().current_globals)()
        && let Some(module) = globals.cast::<Dict>().get_item(intern!("__name__"))?
    {
        dict.set_item(intern!("__module__"), &module)?;
    }
    match dict.get_item(intern!("__qualname__"))? {
        Some(q) => {
            if q.downcast::<Str>().is_none() {
                bail!(TypeError, "type __qualname__ must be a str, not {}", q.ty().name_str());
            }
            heap.ht_qualname.set(Some(q));
            dict.del_item(intern!("__qualname__"))?;
        }
        None => heap.ht_qualname.set(Some(name.to_obj())),
    }
    if let Some(doc) = dict.get_item(intern!("__doc__"))?
        && let Some(s) = doc.downcast::<Str>()
        // What follows a null character is not seen from C.
        && let Ok(text) = CString::new(s.to_utf8()?.split('\0').next().unwrap_or(""))
    {
        // Released with the type.
        ty.doc.set(text.into_raw());
    }
    if let Some(f) = dict.get_item(intern!("__new__"))?
        && f.ty().name_str() == "function"
    {
        let m = crate::types::method_wrappers::new_static_method(f);
        dict.set_item(intern!("__new__"), &m)?;
    }
    for hook in [intern!("__init_subclass__"), intern!("__class_getitem__")] {
        if let Some(f) = dict.get_item(hook)?
            && f.ty().name_str() == "function"
        {
            let m = crate::types::method_wrappers::new_class_method(f);
            dict.set_item(hook, &m)?;
        }
    }
    // The cell that methods with `super()` or `__class__` share.
    if let Some(cell) = dict.get_item(intern!("__classcell__"))? {
        let Some(c) = cell.downcast_exact::<crate::types::cell::Cell>() else {
            bail!(TypeError, "type.__new__(): __classcell__ must be a nonlocal cell, not {}", cell.ty().name_str());
        };
        c.set(Some(ty.to_obj()));
        dict.del_item(intern!("__classcell__"))?;
    }
    if let Some(cell) = dict.get_item(intern!("__classdictcell__"))? {
        let Some(c) = cell.downcast_exact::<crate::types::cell::Cell>() else {
            bail!(TypeError, "type.__new__(): __classdictcell__ must be a nonlocal cell, not {}", cell.ty().name_str());
        };
        c.set(ty.dict.get_owned());
        dict.del_item(intern!("__classdictcell__"))?;
    }
    Ok(())
}

/// What `__slots__` asks for.
struct SlotLayout {
    names: Vec<Ref<Str>>,
    slots: Option<Obj>,
    may_add_dict: bool,
    may_add_weak: bool,
}

impl SlotLayout {
    fn plan(class_name: &Str, bases: &Tuple, base: &Type, dict: &Dict) -> PyResult<SlotLayout> {
        let base_has_dict = base.dictoffset.get() != 0;
        let base_has_weak = base.weaklistoffset.get() != 0;
        let can_add_weak = !base_has_weak && base.itemsize.get() == 0;
        let Some(slots) = dict.get_item(intern!("__slots__"))? else {
            return Ok(SlotLayout {
                names: Vec::new(),
                slots: None,
                may_add_dict: !base_has_dict,
                may_add_weak: can_add_weak,
            });
        };
        let listed = if slots.downcast::<Str>().is_some() {
            vec![slots.clone()]
        } else {
            crate::protocol::iter::collect(&slots)?
        };
        if !listed.is_empty() && base.itemsize.get() != 0 {
            bail!(TypeError, "nonempty __slots__ not supported for subtype of '{}'", base.name_str());
        }
        let (mut add_dict, mut add_weak) = (false, false);
        let mut names: Vec<Ref<Str>> = Vec::new();
        for s in &listed {
            let Some(text) = s.downcast::<Str>() else {
                bail!(TypeError, "__slots__ items must be strings, not '{}'", s.ty().name_str());
            };
            if !text.is_identifier() {
                bail!(TypeError, "__slots__ must be identifiers");
            }
            if text.eq_str("__dict__") {
                if base_has_dict || add_dict {
                    bail!(TypeError, "__dict__ slot disallowed: we already got one");
                }
                add_dict = true;
                continue;
            }
            if text.eq_str("__weakref__") {
                if base_has_weak || add_weak || base.itemsize.get() != 0 {
                    bail!(TypeError, "__weakref__ slot disallowed: we already got one");
                }
                add_weak = true;
                continue;
            }
            let mangled = mangle(class_name, text);
            let set_by_compiler = ["__qualname__", "__classcell__", "__classdictcell__"].iter().any(|n| text.eq_str(n));
            if !set_by_compiler && dict.get_item(&mangled)?.is_some() {
                bail!(ValueError, "'{}' in __slots__ conflicts with class variable", text.display());
            }
            names.push(mangled);
        }
        names.sort_by(|a, b| a.cmp(b));
        // The other bases may bring a dict or weak references that the first does not have.
        for b in bases.items() {
            let t: &Type = b.cast();
            if std::ptr::eq(t, base) {
                continue;
            }
            if !add_dict && !base_has_dict && t.dictoffset.get() != 0 {
                add_dict = true;
            }
            if !add_weak && can_add_weak && t.weaklistoffset.get() != 0 {
                add_weak = true;
            }
        }
        Ok(SlotLayout { names, slots: Some(slots), may_add_dict: add_dict, may_add_weak: add_weak })
    }

    fn apply(self, ty: &Type, heap: &HeapType, base: &Type) -> PyResult<()> {
        let mut offset = base.basicsize.get();
        if let Some(slots) = &self.slots {
            heap.ht_slots.set(Some(if self.names.is_empty() {
                slots.clone()
            } else {
                Tuple::from_vec(self.names.iter().map(|n| n.clone().into_obj()).collect()).into_obj()
            }));
            // SAFETY: the class was allocated with room for the members behind it.
            let members = unsafe {
                (ty as *const Type).cast::<u8>().offset(ty.as_object().ty().basicsize.get()) as *mut MemberDef
            };
            for (i, n) in self.names.iter().enumerate() {
                // Strings end with a NUL, and `ht_slots` keeps the names alive.
                let text = n.to_utf8()?;
                let def = MemberDef {
                    name: text.as_ptr().cast(),
                    kind: member::OBJECT_EX,
                    offset,
                    flags: 0,
                    doc: std::ptr::null(),
                };
                // SAFETY: one of the `ob_size` members.
                unsafe { members.add(i).write(def) };
                offset += size_of::<usize>() as isize;
            }
            ty.members.set(members);
        }
        if self.may_add_dict {
            ty.add_flags(flags::MANAGED_DICT | flags::HAVE_GC);
            ty.dictoffset.set(-1);
        }
        if self.may_add_weak {
            ty.add_flags(flags::MANAGED_WEAKREF | flags::HAVE_GC);
            ty.weaklistoffset.set(-32);
        }
        ty.basicsize.set(offset);
        let weak_and_dict = (self.may_add_dict, self.may_add_weak && ty.itemsize.get() == 0);
        ty.getset.set(match weak_and_dict {
            (true, true) => crate::types::object::DICT_AND_WEAKREF.as_ptr(),
            (true, false) => crate::types::object::DICT_ONLY.as_ptr(),
            (false, true) => crate::types::object::WEAKREF_ONLY.as_ptr(),
            (false, false) => std::ptr::null(),
        });
        Ok(())
    }
}

/// Private names of slots are mangled as the compiler does it.
fn mangle(class_name: &Str, name: &Str) -> Ref<Str> {
    let (class, text) = (class_name.to_utf8_lossy(), name.to_utf8_lossy());
    let stripped = class.trim_start_matches('_');
    if !text.starts_with("__") || text.ends_with("__") || text.contains('.') || stripped.is_empty() {
        return intern(Ref::from_borrowed(name));
    }
    intern(Str::from_utf8(&format!("_{stripped}{text}")))
}

/// `__set_name__` of the attributes that have it.
fn set_names(ty: &Type) -> PyResult<()> {
    for (name, value) in ready::dict_of(ty).pairs() {
        let Some(f) = value.lookup_special(intern!("__set_name__"))? else { continue };
        if let Err(e) = f.call(&[ty.as_object(), &name]) {
            let exc = e.take();
            let note = format!(
                "Error calling __set_name__ on '{}' instance {} in '{}'",
                value.ty().name_str(),
                name.repr()?.display(),
                ty.name_str()
            );
            exceptions::add_note(&exc, &note)?;
            return Err(crate::error::restore(exc));
        }
    }
    Ok(())
}

/// `super(ty, ty).__init_subclass__(**kwargs)`.
fn init_subclass(ty: &Type, kwargs: Option<&Object>) -> PyResult<()> {
    let f = crate::types::super_::attr_after(ty, ty.as_object(), intern!("__init_subclass__"))?;
    f.call_tuple(&Tuple::empty(), kwargs)?;
    Ok(())
}

/// `type.__init__`: checks the number of arguments; the rest was done by `__new__`.
pub extern "C" fn type_init(_cls: &Object, args: &Object, kwargs: Option<&Object>) -> std::ffi::c_int {
    crate::error::status((|| {
        let n = args.cast::<Tuple>().len();
        if kwargs.is_some_and(|k| !k.cast::<Dict>().is_empty()) && n == 1 {
            bail!(TypeError, "type.__init__() takes no keyword arguments");
        }
        if n != 1 && n != 3 {
            bail!(TypeError, "type.__init__() takes 1 or 3 arguments");
        }
        Ok(())
    })())
}

const _: () = assert!(offset_of!(HeapType, ht_type) == 0);
