//! Attributes and global names.
//!
//! Cache units of `LOAD_ATTR`: counter, type version (2), index or offset (1) or keys version / dict offset (2), descriptor (4);
//! of `STORE_ATTR`: counter, type version (2), index (1); of `LOAD_GLOBAL`: counter, index, version of the module's keys, version of
//! the builtins' keys.

use crate::eval::ops::prelude::*;
use crate::function::Function;
use taipan_bytecode::Op;
use taipan_object::flags;
use taipan_object::method::member;
use taipan_object::protocol::attr::{generic_getattro, generic_setattro};
use taipan_object::typeobj::methods::type_getattro;
use taipan_object::types::descr::{MemberDescr, MethodDescr};
use taipan_object::types::dict::instance;
use taipan_object::types::dict::keys::Kind;
use taipan_object::types::module::Module;
use taipan_object::types::super_::PySuper_Type;

fn has_getattro(ty: &Type, f: *const ()) -> bool {
    ty.getattro.get().is_some_and(|g| g as *const () == f)
}

/// What an attribute found on a type is.
enum Found<'a> {
    /// Nothing.
    Absent,
    /// A function or method descriptor: bound on access.
    Method(&'a Object),
    /// A property with a Python getter.
    Property(&'a Object),
    /// A plain slot at an offset.
    Slot(usize, bool),
    /// Something without `__get__`.
    Plain(&'a Object),
    /// Something else with `__get__` and `__set__`.
    Data,
    /// Something else with `__get__` only.
    NonData,
}

/// What was found on a class. A slot counts as one only where it belongs: its place in other objects is something else.
fn classify<'a>(owner: &Type, descr: Option<&'a Object>) -> Found<'a> {
    let Some(d) = descr else { return Found::Absent };
    let ty = d.ty();
    if !ty.has_flag(flags::IMMUTABLETYPE) {
        // It may become a descriptor, or another one, at any time.
        return Found::Data;
    }
    if ty.has_flag(flags::METHOD_DESCRIPTOR) {
        return Found::Method(d);
    }
    if let Some(m) = d.downcast_exact::<MemberDescr>() {
        let def = m.def();
        // A slot's descriptor can be taken into a class that does not have the slot.
        let own = owner.is_subtype(m.owner());
        if own && def.kind == member::OBJECT_EX && def.flags & member::AUDIT_READ == 0 {
            return Found::Slot(def.offset as usize, def.flags & member::READONLY == 0);
        }
        return Found::Data;
    }
    if !ty.is_heap() && ty.name_str() == "property" {
        // SAFETY: a property keeps its getter, or null, right after the head.
        let getter = unsafe { (*d.as_ptr().add(1).cast::<*const Object>()).as_ref() };
        return getter.map_or(Found::Data, Found::Property);
    }
    if ty.descr_set.get().is_some() {
        return Found::Data;
    }
    if ty.descr_get.get().is_some() {
        return Found::NonData;
    }
    Found::Plain(d)
}

slow!(load_attr(vm, n) {
    let owner = vm.obj(1);
    let name = vm.name(n >> 1);
    let op = choose_load(vm, owner, name, n & 1 != 0);
    vm.settle(op)
});

unsafe fn choose_load(vm: &mut Machine, owner: &Object, name: &Object, method: bool) -> Option<Op> {
    // SAFETY: the instruction is a LOAD_ATTR.
    unsafe {
        let ty = owner.ty();
        if let Some(m) = owner.downcast_exact::<Module>() {
            return module_attr(vm, m, name);
        }
        if owner.downcast::<Type>().is_some() {
            return class_attr(vm, owner.cast(), name, method);
        }
        if !ty.assign_version() {
            return None;
        }
        if !has_getattro(ty, generic_getattro as *const ()) {
            return getattribute_override(vm, ty, method);
        }
        let descr = ty.lookup_borrowed(name);
        match classify(ty, descr) {
            Found::Method(d) => {
                if shadowed(owner, name)? {
                    return None;
                }
                if method { method_load(vm, owner, name, d) } else { None }
            }
            Found::Property(f) => {
                if method {
                    return None;
                }
                if !Function::is_plain(f) {
                    return None;
                }
                let func: &Function = f.cast();
                if !func.code().is_simple_call(1) || !func.code().has_flag(taipan_bytecode::code::flags::OPTIMIZED) {
                    return None;
                }
                let version = func.current_version();
                if version == 0 {
                    return None;
                }
                vm.set_cache32(1, ty.version_tag.get());
                vm.set_cache32(3, version);
                vm.set_cache64(5, f.as_ptr() as u64);
                Some(Op::LOAD_ATTR_PROPERTY)
            }
            Found::Slot(offset, _) => {
                let offset = u16::try_from(offset).ok()?;
                vm.set_cache32(1, ty.version_tag.get());
                vm.set_cache16(3, offset);
                Some(Op::LOAD_ATTR_SLOT)
            }
            Found::Data if descr.is_some_and(|d| is_dunder_class(d, name)) && !method => {
                vm.set_cache32(1, ty.version_tag.get());
                vm.set_cache16(3, std::mem::size_of::<usize>() as u16);
                Some(Op::LOAD_ATTR_SLOT)
            }
            Found::Data => None,
            Found::NonData => {
                if present_in_instance(owner, name)? {
                    instance_value(vm, owner, name)
                } else {
                    None
                }
            }
            Found::Plain(d) => {
                if present_in_instance(owner, name)? {
                    return instance_value(vm, owner, name);
                }
                if method {
                    return None;
                }
                plain_class_value(vm, owner, name, d)
            }
            Found::Absent => {
                if present_in_instance(owner, name)? {
                    instance_value(vm, owner, name)
                } else {
                    None
                }
            }
        }
    }
}

/// Whether a descriptor is that of `object.__class__`, which reads the type out of the object's head.
fn is_dunder_class(d: &Object, name: &Object) -> bool {
    name.is(intern!("__class__"))
        && taipan_object::types::object::PyBaseObject_Type.lookup_borrowed(name).is_some_and(|own| own.is(d))
}

/// Whether the instance itself has `name`; `None` when that cannot be told without running code.
fn present_in_instance(owner: &Object, name: &Object) -> Option<bool> {
    let ty = owner.ty();
    if ty.has_flag(flags::INLINE_VALUES) {
        let values = instance::inline_values(owner);
        if values.valid() {
            let keys = instance::cached_keys(ty)?;
            return Some(keys.lookup_unicode_index(name).is_some_and(|i| values.get(i).is_some()));
        }
    }
    if ty.has_flag(flags::MANAGED_DICT) {
        return match instance::instance_dict_opt(owner) {
            None => Some(false),
            Some(d) => {
                let d: &Dict = d.cast();
                if !d.keys().is_unicode() {
                    None
                } else {
                    Some(d.keys().lookup_unicode_index(name).is_some_and(|i| d.value_at(i).is_some()))
                }
            }
        };
    }
    match taipan_object::protocol::attr::dict_place(owner) {
        taipan_object::protocol::attr::DictPlace::None => Some(false),
        taipan_object::protocol::attr::DictPlace::Field(cell) => match cell.get() {
            None => Some(false),
            Some(d) => {
                let d: &Dict = d.downcast()?;
                if !d.keys().is_unicode() {
                    None
                } else {
                    Some(d.keys().lookup_unicode_index(name).is_some_and(|i| d.value_at(i).is_some()))
                }
            }
        },
        taipan_object::protocol::attr::DictPlace::Managed => None,
    }
}

fn shadowed(owner: &Object, name: &Object) -> Option<bool> {
    present_in_instance(owner, name)
}

/// The value lies with the instance: in its inline values, or in its dict.
unsafe fn instance_value(vm: &mut Machine, owner: &Object, name: &Object) -> Option<Op> {
    let ty = owner.ty();
    // SAFETY: the instruction is a LOAD_ATTR.
    unsafe {
        if ty.has_flag(flags::INLINE_VALUES) && instance::inline_values(owner).valid() {
            let keys = instance::cached_keys(ty)?;
            let i = keys.lookup_unicode_index(name)?;
            let offset = inline_value_offset(ty, i);
            vm.set_cache32(1, ty.version_tag.get());
            vm.set_cache16(3, u16::try_from(offset).ok()?);
            return Some(Op::LOAD_ATTR_INSTANCE_VALUE);
        }
        if ty.has_flag(flags::MANAGED_DICT) {
            let d = instance::instance_dict_opt(owner)?;
            let i = hint(d.cast(), name)?;
            vm.set_cache32(1, ty.version_tag.get());
            vm.set_cache16(3, i);
            return Some(Op::LOAD_ATTR_WITH_HINT);
        }
        None
    }
}

/// The entry of `name` in a dict with a table of its own and string keys.
fn hint(d: &Dict, name: &Object) -> Option<u16> {
    if d.keys().kind() != Kind::Unicode {
        return None;
    }
    u16::try_from(d.keys().lookup_unicode_index(name)?).ok()
}

/// Where inline value `i` of instances of `ty` lies, from the instance's address.
pub(crate) fn inline_value_offset(ty: &Type, i: usize) -> usize {
    ty.basicsize.get() as usize + taipan_object::types::dict::values::FIRST_VALUE_OFFSET + i * 8
}

/// A method of the type that the instance does not hide.
unsafe fn method_load(vm: &mut Machine, owner: &Object, name: &Object, d: &Object) -> Option<Op> {
    let ty = owner.ty();
    // SAFETY: the instruction is a LOAD_ATTR.
    unsafe {
        let op = if ty.has_flag(flags::INLINE_VALUES) {
            if !instance::inline_values(owner).valid() {
                return None;
            }
            let keys = instance::cached_keys(ty)?;
            let version = keys.version();
            // The version vouches for the absence of the name only while the table does not have it.
            if version == 0 || keys.lookup_unicode_index(name).is_some() {
                return None;
            }
            vm.set_cache32(3, version);
            Op::LOAD_ATTR_METHOD_WITH_VALUES
        } else if ty.has_flag(flags::MANAGED_DICT) {
            if instance::instance_dict_opt(owner).is_some() {
                return None;
            }
            vm.set_cache16(3, (-24i16) as u16);
            Op::LOAD_ATTR_METHOD_LAZY_DICT
        } else {
            match ty.dictoffset.get() {
                0 => Op::LOAD_ATTR_METHOD_NO_DICT,
                o if o > 0 && o <= i16::MAX as isize => {
                    // The dict must not be there yet.
                    let cell = owner.as_ptr().cast::<u8>().offset(o).cast::<*const Object>();
                    if !(*cell).is_null() {
                        return None;
                    }
                    vm.set_cache16(3, o as u16);
                    Op::LOAD_ATTR_METHOD_LAZY_DICT
                }
                _ => return None,
            }
        };
        vm.set_cache32(1, ty.version_tag.get());
        vm.set_cache64(5, d.as_ptr() as u64);
        Some(op)
    }
}

/// A value of the class without `__get__`.
unsafe fn plain_class_value(vm: &mut Machine, owner: &Object, name: &Object, d: &Object) -> Option<Op> {
    let ty = owner.ty();
    // SAFETY: the instruction is a LOAD_ATTR.
    unsafe {
        let op = if ty.has_flag(flags::INLINE_VALUES) {
            if !instance::inline_values(owner).valid() {
                return None;
            }
            let keys = instance::cached_keys(ty)?;
            let version = keys.version();
            // The version vouches for the absence of the name only while the table does not have it.
            if version == 0 || keys.lookup_unicode_index(name).is_some() {
                return None;
            }
            vm.set_cache32(3, version);
            Op::LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES
        } else if ty.dictoffset.get() == 0 && !ty.has_flag(flags::MANAGED_DICT) {
            Op::LOAD_ATTR_NONDESCRIPTOR_NO_DICT
        } else {
            return None;
        };
        vm.set_cache32(1, ty.version_tag.get());
        vm.set_cache64(5, d.as_ptr() as u64);
        Some(op)
    }
}

unsafe fn module_attr(vm: &mut Machine, m: &Module, name: &Object) -> Option<Op> {
    if !has_getattro(m.ty(), taipan_object::types::module::module_getattro as *const ()) {
        return None;
    }
    let d = m.dict();
    if d.keys().kind() != Kind::Unicode {
        return None;
    }
    let i = u16::try_from(d.keys().lookup_unicode_index(name)?).ok()?;
    d.keys().unicode_value(i as usize)?;
    let version = d.keys().version();
    if version == 0 {
        return None;
    }
    // SAFETY: the instruction is a LOAD_ATTR.
    unsafe {
        vm.set_cache32(1, version);
        vm.set_cache16(3, i);
    }
    Some(Op::LOAD_ATTR_MODULE)
}

unsafe fn class_attr(vm: &mut Machine, cls: &Type, name: &Object, _method: bool) -> Option<Op> {
    let meta = cls.ob_base.ob_base.ty();
    if !has_getattro(meta, type_getattro as *const ()) {
        return None;
    }
    let metaclass_check = match meta.lookup_borrowed(name) {
        Some(_) => return None,
        // An immutable metaclass stays without it.
        None => !meta.has_flag(flags::IMMUTABLETYPE),
    };
    if metaclass_check && !meta.assign_version() {
        return None;
    }
    if !cls.assign_version() {
        return None;
    }
    let d = cls.lookup_borrowed(name)?;
    match classify(cls, Some(d)) {
        Found::Method(_) | Found::Plain(_) => {}
        Found::NonData if d.downcast_exact::<taipan_object::types::method_wrappers::StaticMethod>().is_none() => {
            return None;
        }
        _ => return None,
    }
    if d.downcast_exact::<MethodDescr>().is_none() && !Function::is_plain(d) && d.ty().descr_get.get().is_some() {
        return None;
    }
    // SAFETY: the instruction is a LOAD_ATTR.
    unsafe {
        vm.set_cache32(1, cls.version_tag.get());
        vm.set_cache64(5, d.as_ptr() as u64);
        if metaclass_check {
            vm.set_cache32(3, meta.version_tag.get());
            return Some(Op::LOAD_ATTR_CLASS_WITH_METACLASS_CHECK);
        }
    }
    Some(Op::LOAD_ATTR_CLASS)
}

/// A class with a Python `__getattribute__` and no `__getattr__`.
unsafe fn getattribute_override(vm: &mut Machine, ty: &Type, method: bool) -> Option<Op> {
    if method || !ty.is_heap() || ty.lookup_borrowed(intern!("__getattr__")).is_some() {
        return None;
    }
    let f = ty.lookup_borrowed(intern!("__getattribute__"))?;
    if !Function::is_plain(f) {
        return None;
    }
    let func: &Function = f.cast();
    if !func.code().is_simple_call(2) || !func.code().has_flag(taipan_bytecode::code::flags::OPTIMIZED) {
        return None;
    }
    let version = func.current_version();
    if version == 0 {
        return None;
    }
    // SAFETY: the instruction is a LOAD_ATTR.
    unsafe {
        vm.set_cache32(1, ty.version_tag.get());
        vm.set_cache32(3, version);
        vm.set_cache64(5, f.as_ptr() as u64);
    }
    Some(Op::LOAD_ATTR_GETATTRIBUTE_OVERRIDDEN)
}

slow!(store_attr(vm, n) {
    let owner = vm.obj(1);
    let name = vm.name(n);
    let op = choose_store(vm, owner, name);
    vm.settle(op)
});

unsafe fn choose_store(vm: &mut Machine, owner: &Object, name: &Object) -> Option<Op> {
    let ty = owner.ty();
    if owner.downcast::<Type>().is_some() || owner.downcast_exact::<Module>().is_some() {
        return None;
    }
    if ty.setattro.get().is_none_or(|f| f as *const () != generic_setattro as *const ()) || !ty.assign_version() {
        return None;
    }
    // SAFETY: the instruction is a STORE_ATTR.
    unsafe {
        match classify(ty, ty.lookup_borrowed(name)) {
            Found::Slot(offset, writable) => {
                if !writable {
                    return None;
                }
                vm.set_cache32(1, ty.version_tag.get());
                vm.set_cache16(3, u16::try_from(offset).ok()?);
                Some(Op::STORE_ATTR_SLOT)
            }
            Found::Absent => {
                if ty.has_flag(flags::INLINE_VALUES) && instance::inline_values(owner).valid() {
                    if instance::instance_dict_opt(owner).is_some() {
                        return None;
                    }
                    let i = instance::cached_keys(ty)?.lookup_unicode_index(name)?;
                    vm.set_cache32(1, ty.version_tag.get());
                    vm.set_cache16(3, u16::try_from(inline_value_offset(ty, i)).ok()?);
                    return Some(Op::STORE_ATTR_INSTANCE_VALUE);
                }
                if ty.has_flag(flags::MANAGED_DICT) {
                    let d = instance::instance_dict_opt(owner)?;
                    let i = hint(d.cast(), name)?;
                    vm.set_cache32(1, ty.version_tag.get());
                    vm.set_cache16(3, i);
                    return Some(Op::STORE_ATTR_WITH_HINT);
                }
                None
            }
            _ => None,
        }
    }
}

slow!(load_global(vm, n) {
    let name = vm.name(n >> 1);
    let op = choose_global(vm, name);
    vm.settle(op)
});

unsafe fn choose_global(vm: &mut Machine, name: &Object) -> Option<Op> {
    let frame = vm.frame();
    let globals = frame.globals().downcast_exact::<Dict>()?;
    let keys = globals.keys();
    if keys.kind() != Kind::Unicode {
        return None;
    }
    let versions = |k: &taipan_object::types::dict::keys::Keys| u16::try_from(k.version()).ok().filter(|v| *v != 0);
    // SAFETY: the instruction is a LOAD_GLOBAL.
    unsafe {
        if let Some(i) = keys.lookup_unicode_index(name) {
            let i = u16::try_from(i).ok()?;
            keys.unicode_value(i as usize)?;
            vm.set_cache16(1, i);
            vm.set_cache16(2, versions(keys)?);
            return Some(Op::LOAD_GLOBAL_MODULE);
        }
        let builtins = frame.builtins().downcast_exact::<Dict>()?;
        let bkeys = builtins.keys();
        if bkeys.kind() != Kind::Unicode {
            return None;
        }
        let i = u16::try_from(bkeys.lookup_unicode_index(name)?).ok()?;
        bkeys.unicode_value(i as usize)?;
        vm.set_cache16(1, i);
        vm.set_cache16(2, versions(keys)?);
        vm.set_cache16(3, versions(bkeys)?);
        Some(Op::LOAD_GLOBAL_BUILTIN)
    }
}

slow!(load_super_attr(vm, n) {
    let (global, cls) = (vm.obj(3), vm.obj(2));
    let op = if !std::ptr::eq(global, PySuper_Type.as_object()) || cls.downcast::<Type>().is_none() {
        None
    } else if n & 1 != 0 {
        Some(Op::LOAD_SUPER_ATTR_METHOD)
    } else {
        Some(Op::LOAD_SUPER_ATTR_ATTR)
    };
    vm.settle(op)
});
