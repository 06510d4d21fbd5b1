//! Completing a type: base, MRO, dict of wrappers and descriptors, inheritance of slots (`PyType_Ready`).

use super::slotdefs::{SLOT_DEFS, slot_value};
use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::method::meth;
use crate::typeobj::slots::Slot;
use crate::typeobj::{Type, flags, mro};
use crate::types::dict::Dict;
use crate::types::object::PyBaseObject_Type;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::types::{cfunction, descr, none};
use crate::{bail, intern};
use std::ffi::{CStr, c_void};

/// Readies a type; no-op when it is ready.
pub fn ready(ty: &Type) -> PyResult<()> {
    if ty.has_flag(flags::READY) {
        return Ok(());
    }
    if ty.has_flag(flags::READYING) {
        if ty.is_heap() {
            bail!(TypeError, "Cannot extend an incomplete type '{}'", ty.name_str());
        }
        bail!(SystemError, "type '{}' is being readied already", ty.name_str());
    }
    ty.add_flags(flags::READYING);
    let r = ready_inner(ty);
    ty.remove_flags(flags::READYING);
    r?;
    ty.add_flags(flags::READY);
    Ok(())
}

fn ready_inner(ty: &Type) -> PyResult<()> {
    let object = &PyBaseObject_Type;
    if ty.base().is_none() && !std::ptr::eq(ty, object) {
        ty.base.set(object);
    }
    if let Some(base) = ty.base() {
        ready(base)?;
        if ty.as_object().ty_ptr().is_null() {
            ty.as_object().set_ty(base.as_object().ty_ptr());
        }
    }
    if ty.bases.is_empty() {
        let bases = match ty.base() {
            Some(b) => Tuple::new(&[b.as_object()]),
            None => Tuple::empty(),
        };
        ty.bases.set(Some(bases.into_obj()));
    }
    if ty.dict.is_empty() {
        ty.dict.set(Some(Dict::new().into_obj()));
    }
    fill_dict(ty)?;
    if ty.mro.is_empty() {
        if ty.is_heap() {
            ty.mro.set(Some(mro::compute(ty)?.into_obj()));
        } else {
            ty.mro.set(Some(Tuple::from_vec(mro::c3(ty)?).into_obj()));
        }
    }
    if let Some(base) = ty.base() {
        inherit_special(ty, base);
        let mro = ty.mro_tuple()?;
        for b in mro.items().iter().skip(1) {
            let b: &Type = b.cast();
            inherit_slots(ty, b);
            // What patterns take it for: the first class on the MRO that says decides.
            if ty.flags.get() & (flags::SEQUENCE | flags::MAPPING) == 0 {
                ty.add_flags(b.flags.get() & (flags::SEQUENCE | flags::MAPPING));
            }
        }
    }
    if ty.has_flag(flags::MANAGED_DICT) {
        ty.dictoffset.set(-1);
    }
    if ty.has_flag(flags::MANAGED_WEAKREF) {
        ty.weaklistoffset.set(-32);
    }
    set_new(ty)?;
    set_hash(ty)?;
    for b in ty.bases_tuple().items() {
        b.cast::<Type>().add_subclass(ty);
    }
    Ok(())
}

/// The dict of a type as [`Dict`].
pub fn dict_of(ty: &Type) -> &Dict {
    ty.dict.get().expect("a type being readied has a dict").cast()
}

fn fill_dict(ty: &Type) -> PyResult<()> {
    let dict = dict_of(ty);
    add_operators(ty, dict)?;
    add_methods(ty, dict)?;
    // SAFETY: the tables are terminated by rows without a name.
    unsafe {
        let mut m = ty.members.get();
        while !m.is_null() && !(*m).name.is_null() {
            set_default(dict, descr::new_member(ty, &*m))?;
            m = m.add(1);
        }
        let mut g = ty.getset.get();
        while !g.is_null() && !(*g).name.is_null() {
            set_default(dict, descr::new_getset(ty, &*g))?;
            g = g.add(1);
        }
    }
    if dict.get_borrowed(intern!("__doc__"))?.is_none() {
        let doc = if ty.doc.get().is_null() {
            none::none().to_obj()
        } else {
            // SAFETY: `tp_doc` is a C string.
            let text = unsafe { CStr::from_ptr(ty.doc.get()) }.to_string_lossy();
            Str::from_utf8(strip_signature(ty.short_name(), &text)).into_obj()
        };
        dict.set_item(intern!("__doc__"), &doc)?;
    }
    Ok(())
}

/// Adds a descriptor under its name, unless the type has an attribute of that name.
fn set_default(dict: &Dict, descriptor: Obj) -> PyResult<()> {
    let Some(name) = descr::name_of(&descriptor) else { return Ok(()) };
    if dict.get_borrowed(&name)?.is_some() {
        return Ok(());
    }
    dict.set_item_take2(name, descriptor)
}

/// The docstring without a leading `name(...)\n--\n\n`.
pub fn strip_signature<'a>(name: &str, doc: &'a str) -> &'a str {
    match signature_end(name, doc) {
        Some(end) => &doc[end..],
        None => doc,
    }
}

/// The `(...)` that a docstring starts with, if it is in that form.
pub fn text_signature<'a>(name: &str, doc: &'a str) -> Option<&'a str> {
    let end = signature_end(name, doc)?;
    Some(doc[name.len()..end].trim_end_matches(['\n', '-']).trim_end_matches('\n'))
}

fn signature_end(name: &str, doc: &str) -> Option<usize> {
    let rest = doc.strip_prefix(name)?;
    if !rest.starts_with('(') {
        return None;
    }
    const MARK: &str = ")\n--\n\n";
    let at = rest.find(MARK)?;
    let blank = rest.find("\n\n");
    if blank.is_some_and(|b| b < at) {
        return None;
    }
    Some(name.len() + at + MARK.len())
}

/// Wrapper descriptors for the slots that the type itself fills.
fn add_operators(ty: &Type, dict: &Dict) -> PyResult<()> {
    for row in SLOT_DEFS {
        let Some(_) = row.wrapper else { continue };
        let f = slot_value(ty, row.offset);
        if f.is_null() {
            continue;
        }
        let name = row.interned();
        if dict.get_borrowed(name)?.is_some() {
            continue;
        }
        if f == crate::protocol::compare::hash_not_implemented as *const c_void {
            dict.set_item(name, none::none())?;
        } else {
            dict.set_item_take2(name.to_obj(), descr::new_wrapper(ty, row, f))?;
        }
    }
    Ok(())
}

/// Descriptors for `tp_methods`.
fn add_methods(ty: &Type, dict: &Dict) -> PyResult<()> {
    // SAFETY: the table is terminated by a row without a name.
    unsafe {
        let mut m = ty.methods.get();
        while !m.is_null() && !(*m).name.is_null() {
            let def = &*m;
            let coexist = def.flags & meth::COEXIST != 0;
            if def.flags & (meth::CLASS | meth::STATIC) == 0 && !coexist {
                set_default(dict, descr::new_method(ty, def))?;
                m = m.add(1);
                continue;
            }
            let name = crate::types::str::intern::intern_c(def.name);
            if coexist || dict.get_borrowed(&name)?.is_none() {
                let d = if def.flags & meth::CLASS != 0 {
                    descr::new_class_method(ty, def)
                } else if def.flags & meth::STATIC != 0 {
                    crate::types::method_wrappers::new_static_method(cfunction::new(def, Some(ty.to_obj()), None))
                } else {
                    descr::new_method(ty, def)
                };
                dict.set_item(&name, &d)?;
            }
            m = m.add(1);
        }
    }
    Ok(())
}

/// What a type takes over from its first base beyond plain slots.
fn inherit_special(ty: &Type, base: &Type) {
    if !ty.has_flag(flags::HAVE_GC)
        && base.has_flag(flags::HAVE_GC)
        && ty.traverse.get().is_none()
        && ty.clear.get().is_none()
    {
        ty.add_flags(flags::HAVE_GC);
        ty.traverse.set(base.traverse.get());
        ty.clear.set(base.clear.get());
    }
    ty.add_flags(base.flags.get() & flags::PREHEADER);
    if ty.basicsize.get() == 0 {
        ty.basicsize.set(base.basicsize.get());
    }
    if ty.itemsize.get() == 0 {
        ty.itemsize.set(base.itemsize.get());
    }
    if ty.weaklistoffset.get() == 0 {
        ty.weaklistoffset.set(base.weaklistoffset.get());
    }
    if ty.dictoffset.get() == 0 {
        ty.dictoffset.set(base.dictoffset.get());
    }
    const KINDS: u64 = flags::LONG_SUBCLASS
        | flags::LIST_SUBCLASS
        | flags::TUPLE_SUBCLASS
        | flags::BYTES_SUBCLASS
        | flags::UNICODE_SUBCLASS
        | flags::DICT_SUBCLASS
        | flags::BASE_EXC_SUBCLASS
        | flags::TYPE_SUBCLASS;
    ty.add_flags(base.flags.get() & (KINDS | flags::MATCH_SELF | flags::ITEMS_AT_END));
}

/// Whether `ty` defines any of `names` in its own dict.
fn defines(ty: &Type, names: &[&'static Object]) -> bool {
    let d = dict_of(ty);
    names.iter().any(|n| matches!(d.get_item(n), Ok(Some(_))))
}

/// Fills empty slots of `ty` from `base`, a type on its MRO.
fn inherit_slots(ty: &Type, base: &Type) {
    fn take<F: Copy>(to: &Slot<F>, from: &Slot<F>) {
        if to.get().is_none() {
            to.set(from.get());
        }
    }
    macro_rules! table {
        ($field:ident, $get:ident, [$($slot:ident),* $(,)?]) => {
            match (ty.$get(), base.$get()) {
                (Some(t), Some(b)) => { $(take(&t.$slot, &b.$slot);)* }
                (None, Some(_)) => ty.$field.set(base.$field.get()),
                _ => {}
            }
        };
    }
    table!(
        as_number,
        number,
        [
            add,
            subtract,
            multiply,
            remainder,
            divmod,
            power,
            negative,
            positive,
            absolute,
            bool_,
            invert,
            lshift,
            rshift,
            and,
            xor,
            or,
            int,
            float,
            inplace_add,
            inplace_subtract,
            inplace_multiply,
            inplace_remainder,
            inplace_power,
            inplace_lshift,
            inplace_rshift,
            inplace_and,
            inplace_xor,
            inplace_or,
            floor_divide,
            true_divide,
            inplace_floor_divide,
            inplace_true_divide,
            index,
            matrix_multiply,
            inplace_matrix_multiply,
        ]
    );
    table!(as_async, async_, [await_, aiter, anext, send]);
    table!(as_sequence, sequence, [length, concat, repeat, item, ass_item, contains, inplace_concat, inplace_repeat]);
    table!(as_mapping, mapping, [length, subscript, ass_subscript]);
    table!(as_buffer, buffer, [getbuffer, releasebuffer]);
    take(&ty.dealloc, &base.dealloc);
    if ty.getattr.get().is_none() && ty.getattro.get().is_none() {
        ty.getattr.set(base.getattr.get());
        ty.getattro.set(base.getattro.get());
    }
    if ty.setattr.get().is_none() && ty.setattro.get().is_none() {
        ty.setattr.set(base.setattr.get());
        ty.setattro.set(base.setattro.get());
    }
    take(&ty.repr, &base.repr);
    take(&ty.call, &base.call);
    if ty.vectorcall_offset.get() == 0 {
        ty.vectorcall_offset.set(base.vectorcall_offset.get());
    }
    // Vectorcall is inherited unless the class replaces `__call__`.
    if base.has_flag(flags::HAVE_VECTORCALL)
        && !ty.has_flag(flags::HAVE_VECTORCALL)
        && ty.call.get().map(|f| f as usize) == base.call.get().map(|f| f as usize)
        && (!ty.is_heap() || !defines(ty, &[intern!("__call__")]))
    {
        ty.add_flags(flags::HAVE_VECTORCALL);
    }
    take(&ty.str, &base.str);
    // Comparison and hash go together: a class that defines equality or the hash gets neither.
    if ty.richcompare.get().is_none()
        && ty.hash.get().is_none()
        && !defines(ty, &[intern!("__eq__"), intern!("__hash__")])
    {
        ty.richcompare.set(base.richcompare.get());
        ty.hash.set(base.hash.get());
    }
    take(&ty.iter, &base.iter);
    take(&ty.iternext, &base.iternext);
    take(&ty.descr_get, &base.descr_get);
    // Calling a method descriptor without binding is only right where `__get__` is the base's.
    if ty.descr_get.get().map(|f| f as usize) == base.descr_get.get().map(|f| f as usize)
        && base.has_flag(flags::METHOD_DESCRIPTOR)
        && base.has_flag(flags::IMMUTABLETYPE)
        && ty.has_flag(flags::IMMUTABLETYPE)
    {
        ty.add_flags(flags::METHOD_DESCRIPTOR);
    }
    take(&ty.descr_set, &base.descr_set);
    take(&ty.init, &base.init);
    take(&ty.alloc, &base.alloc);
    if ty.free.get().is_none() && ty.has_flag(flags::HAVE_GC) == base.has_flag(flags::HAVE_GC) {
        ty.free.set(base.free.get());
    }
    if ty.free.get().is_none() {
        ty.free.set(Some(crate::alloc::free_object));
    }
    take(&ty.finalize, &base.finalize);
    take(&ty.del, &base.del);
    take(&ty.is_gc, &base.is_gc);
    if ty.has_flag(flags::HAVE_GC) {
        take(&ty.traverse, &base.traverse);
        take(&ty.clear, &base.clear);
    }
}

/// `tp_new` is inherited, except by static types that forbid instantiation; types that have it get `__new__`.
fn set_new(ty: &Type) -> PyResult<()> {
    if ty.has_flag(flags::DISALLOW_INSTANTIATION) {
        ty.new.set(None);
        return Ok(());
    }
    if ty.new.get().is_some() {
        if !ty.is_heap() || ty.has_flag(flags::IMMUTABLETYPE) {
            add_new_wrapper(ty)?;
        }
        return Ok(());
    }
    if let Some(base) = ty.base() {
        // `object.__new__` is not for static types that derive straight from `object` and say nothing.
        if std::ptr::eq(base, &PyBaseObject_Type) && !ty.is_heap() {
            ty.add_flags(flags::DISALLOW_INSTANTIATION);
            return Ok(());
        }
        ty.new.set(base.new.get());
    }
    Ok(())
}

/// Puts `__new__` into the dict of a type with its own `tp_new`.
pub fn add_new_wrapper(ty: &Type) -> PyResult<()> {
    let dict = dict_of(ty);
    let name = intern!("__new__");
    if dict.get_item(name)?.is_some() {
        return Ok(());
    }
    let f = cfunction::new(&super::new::NEW_METHOD, Some(ty.to_obj()), None);
    dict.set_item(name, &f)
}

fn set_hash(ty: &Type) -> PyResult<()> {
    let dict = dict_of(ty);
    let name = intern!("__hash__");
    if ty.hash.get().is_none() {
        if dict.get_item(name)?.is_none() {
            dict.set_item(name, none::none())?;
        }
        ty.hash.set(Some(crate::protocol::compare::hash_not_implemented));
    }
    Ok(())
}
