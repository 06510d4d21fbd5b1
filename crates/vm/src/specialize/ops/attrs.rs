//! Attributes and global names.

use crate::eval::ops::prelude::*;
use crate::function::Function;
use taipan_object::types::dict::{instance, keys::Kind};
use taipan_object::types::module::Module;
use taipan_object::types::super_::{self, PySuper_Type};

impl Machine {
    #[inline(always)]
    unsafe fn guard_type(&self, o: &Object) -> bool {
        // SAFETY: the version is in units 1 and 2.
        o.ty().version_tag.get() == unsafe { self.cache32(1) }
    }

    /// The value replaces its owner; for a call, null follows.
    #[inline(always)]
    unsafe fn loaded(&mut self, v: StackRef, oparg: usize) -> Flow {
        // SAFETY: the owner is on top.
        unsafe {
            let owner = self.tos();
            self.put(1, v);
            if oparg & 1 != 0 {
                self.push(StackRef::NULL);
            }
            done(owner.release())
        }
    }

    /// A word of an object's memory as an object.
    #[inline(always)]
    unsafe fn field<'a>(o: &Object, offset: usize) -> Option<&'a Object> {
        // SAFETY: the guards say that instances have a reference or null there.
        unsafe { (*o.as_ptr().cast::<u8>().add(offset).cast::<*const Object>()).as_ref() }
    }

    /// The object whose address is in units 5 to 8; the type version keeps it alive.
    #[inline(always)]
    unsafe fn cached_object<'a>(&self) -> &'a Object {
        // SAFETY: written by the specialiser.
        unsafe { &*(self.cache64(5) as *const Object) }
    }

    /// Whether an instance still has the shared keys that it had, and keeps its values inline.
    #[inline(always)]
    unsafe fn guard_keys(&self, o: &Object) -> bool {
        // SAFETY: the type has inline values; the version is in units 3 and 4.
        instance::inline_values(o).valid()
            && instance::cached_keys(o.ty()).is_some_and(|k| k.current_version() == unsafe { self.cache32(3) })
    }
}

op!(LOAD_ATTR_INSTANCE_VALUE(vm, n) {
    let o = vm.obj(1);
    if !vm.guard_type(o) || !instance::inline_values(o).valid() {
        return Flow::Deopt;
    }
    let Some(v) = Machine::field(o, vm.cache16(3) as usize) else { return Flow::Deopt };
    vm.loaded(StackRef::new(v), n)
});

op!(LOAD_ATTR_WITH_HINT(vm, n) {
    let o = vm.obj(1);
    if !vm.guard_type(o) {
        return Flow::Deopt;
    }
    let Some(d) = instance::managed_dict(o).get() else { return Flow::Deopt };
    let d: &Dict = d.cast_unchecked();
    let i = vm.cache16(3) as usize;
    if d.keys().kind() != Kind::Unicode || i >= d.keys().nentries() {
        return Flow::Deopt;
    }
    match d.keys().unicode_entry(i) {
        Some((k, Some(v))) if k.is(vm.name(n >> 1)) => vm.loaded(StackRef::new(v), n),
        _ => Flow::Deopt,
    }
});

op!(LOAD_ATTR_SLOT(vm, n) {
    let o = vm.obj(1);
    if !vm.guard_type(o) {
        return Flow::Deopt;
    }
    let Some(v) = Machine::field(o, vm.cache16(3) as usize) else { return Flow::Deopt };
    vm.loaded(StackRef::new(v), n)
});

op!(LOAD_ATTR_MODULE(vm, n) {
    let Some(m) = vm.obj(1).downcast_exact::<Module>() else { return Flow::Deopt };
    let keys = m.dict().keys();
    if keys.current_version() != vm.cache32(1) {
        return Flow::Deopt;
    }
    let Some(v) = keys.unicode_value(vm.cache16(3) as usize) else { return Flow::Deopt };
    vm.loaded(StackRef::new(v), n)
});

op!(LOAD_ATTR_CLASS(vm, n) {
    let Some(cls) = vm.obj(1).downcast::<Type>() else { return Flow::Deopt };
    if cls.version_tag.get() != vm.cache32(1) {
        return Flow::Deopt;
    }
    vm.loaded(StackRef::new(vm.cached_object()), n)
});

op!(LOAD_ATTR_CLASS_WITH_METACLASS_CHECK(vm, n) {
    let Some(cls) = vm.obj(1).downcast::<Type>() else { return Flow::Deopt };
    if cls.version_tag.get() != vm.cache32(1) || vm.obj(1).ty().version_tag.get() != vm.cache32(3) {
        return Flow::Deopt;
    }
    vm.loaded(StackRef::new(vm.cached_object()), n)
});

op!(LOAD_ATTR_NONDESCRIPTOR_NO_DICT(vm, n) {
    if !vm.guard_type(vm.obj(1)) {
        return Flow::Deopt;
    }
    vm.loaded(StackRef::new(vm.cached_object()), n)
});

op!(LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES(vm, n) {
    let o = vm.obj(1);
    if !vm.guard_type(o) || !vm.guard_keys(o) {
        return Flow::Deopt;
    }
    vm.loaded(StackRef::new(vm.cached_object()), n)
});

impl Machine {
    /// The method goes under its receiver.
    #[inline(always)]
    unsafe fn method_found(&mut self) -> Flow {
        // SAFETY: the receiver is on top.
        unsafe {
            let receiver = self.tos();
            self.put(1, StackRef::new(self.cached_object()));
            self.push(receiver);
        }
        Flow::Next
    }
}

op!(LOAD_ATTR_METHOD_NO_DICT(vm, _) {
    if !vm.guard_type(vm.obj(1)) {
        return Flow::Deopt;
    }
    vm.method_found()
});

op!(LOAD_ATTR_METHOD_WITH_VALUES(vm, _) {
    let o = vm.obj(1);
    if !vm.guard_type(o) || !vm.guard_keys(o) {
        return Flow::Deopt;
    }
    vm.method_found()
});

op!(LOAD_ATTR_METHOD_LAZY_DICT(vm, _) {
    let o = vm.obj(1);
    if !vm.guard_type(o) {
        return Flow::Deopt;
    }
    let offset = vm.cache16(3) as i16 as isize;
    if !(*o.as_ptr().cast::<u8>().offset(offset).cast::<*const Object>()).is_null() {
        return Flow::Deopt;
    }
    vm.method_found()
});

op!(LOAD_ATTR_PROPERTY(vm, _) {
    let o = vm.obj(1);
    if !vm.guard_type(o) {
        return Flow::Deopt;
    }
    let f: &Function = vm.cached_object().cast_unchecked();
    if f.func_version.get() != vm.cache32(3) || !vm.can_enter(f, 0) {
        return Flow::Deopt;
    }
    let args = vm.sp.sub(1);
    vm.enter_exact(f, StackRef::new(f), args, 1, 0, 10)
});

op!(LOAD_ATTR_GETATTRIBUTE_OVERRIDDEN(vm, n) {
    let o = vm.obj(1);
    if n & 1 != 0 || !vm.guard_type(o) {
        return Flow::Deopt;
    }
    let f: &Function = vm.cached_object().cast_unchecked();
    if f.func_version.get() != vm.cache32(3) || !vm.can_enter(f, 0) {
        return Flow::Deopt;
    }
    let name = StackRef::borrow(vm.name(n >> 1));
    let args = vm.sp.sub(1);
    let flow = vm.enter_exact(f, StackRef::new(f), args, 1, 0, 10);
    // The caller's stack may have no room for a second argument: it goes straight to its place in the new frame.
    *Frame::slot(vm.frame, 1) = name;
    flow
});

op!(STORE_ATTR_INSTANCE_VALUE(vm, _) {
    let owner = vm.tos();
    let o = owner.as_ref();
    if !vm.guard_type(o) || !instance::inline_values(o).valid() || !instance::managed_dict(o).is_empty() || owner.is_unique() {
        return Flow::Deopt;
    }
    let offset = vm.cache16(3) as usize;
    let v = vm.nos().into_obj();
    let place = o.as_ptr().cast::<u8>().add(offset).cast::<*mut Object>();
    let old = *place;
    let old = if old.is_null() {
        let index = (offset - o.ty().basicsize.get() as usize - taipan_object::types::dict::values::FIRST_VALUE_OFFSET) / 8;
        StackRef::steal_opt(instance::inline_values(o).store(index, v))
    } else {
        *place = v.into_raw();
        StackRef::from_raw_owned(old)
    };
    owner.close_shared();
    vm.shrink(2);
    recycle(vm.thread(), old.release())
});

op!(STORE_ATTR_SLOT(vm, _) {
    let owner = vm.tos();
    let o = owner.as_ref();
    if !vm.guard_type(o) || owner.is_unique() {
        return Flow::Deopt;
    }
    let place = o.as_ptr().cast::<u8>().add(vm.cache16(3) as usize).cast::<*mut Object>();
    let old = StackRef::from_raw_owned(*place);
    *place = vm.nos().into_obj().into_raw();
    owner.close_shared();
    vm.shrink(2);
    recycle(vm.thread(), old.release())
});

op!(STORE_ATTR_WITH_HINT(vm, n) {
    let owner = vm.tos();
    let o = owner.as_ref();
    if !vm.guard_type(o) || owner.is_unique() {
        return Flow::Deopt;
    }
    let Some(d) = instance::managed_dict(o).get() else { return Flow::Deopt };
    let d: &Dict = d.cast_unchecked();
    let i = vm.cache16(3) as usize;
    if d.keys().kind() != Kind::Unicode || i >= d.keys().nentries() || d.is_watched() {
        return Flow::Deopt;
    }
    match d.keys().unicode_entry(i) {
        Some((k, Some(_))) if k.is(vm.name(n)) => {}
        _ => return Flow::Deopt,
    }
    let v = vm.nos().into_obj();
    let old = StackRef::steal(d.replace_value_at(i, v));
    owner.close();
    vm.shrink(2);
    done(old.release())
});

op!(LOAD_GLOBAL_MODULE(vm, n) {
    let keys = (*(*vm.frame).globals).cast_unchecked::<Dict>().keys();
    if keys.current_version() != u32::from(vm.cache16(2)) {
        return Flow::Deopt;
    }
    let Some(v) = keys.unicode_value(vm.cache16(1) as usize) else { return Flow::Deopt };
    vm.push(StackRef::new(v));
    if n & 1 != 0 {
        vm.push(StackRef::NULL);
    }
    Flow::Next
});

op!(LOAD_GLOBAL_BUILTIN(vm, n) {
    let keys = (*(*vm.frame).globals).cast_unchecked::<Dict>().keys();
    let builtins = (*(*vm.frame).builtins).cast_unchecked::<Dict>().keys();
    if keys.current_version() != u32::from(vm.cache16(2)) || builtins.current_version() != u32::from(vm.cache16(3)) {
        return Flow::Deopt;
    }
    let Some(v) = builtins.unicode_value(vm.cache16(1) as usize) else { return Flow::Deopt };
    vm.push(StackRef::new(v));
    if n & 1 != 0 {
        vm.push(StackRef::NULL);
    }
    Flow::Next
});

op!(LOAD_SUPER_ATTR_ATTR(vm, n) {
    if n & 1 != 0 || !vm.peek(3).is(PySuper_Type.as_object()) || vm.obj(2).downcast::<Type>().is_none() {
        return Flow::Deopt;
    }
    Flow::General(super_attr)
});

slow!(super_attr(vm, n) {
    let v = super_::attr_after(vm.obj(2).cast_unchecked(), vm.obj(1), vm.name(n >> 2))?;
    vm.finish(3, v);
    Ok(())
});

op!(LOAD_SUPER_ATTR_METHOD(vm, n) {
    if n & 1 == 0 || !vm.peek(3).is(PySuper_Type.as_object()) || vm.obj(2).downcast::<Type>().is_none() {
        return Flow::Deopt;
    }
    Flow::General(super_method)
});

slow!(super_method(vm, n) {
    let (f, unbound) = super_::method_after(vm.obj(2).cast_unchecked(), vm.obj(1), vm.name(n >> 2))?;
    if unbound {
        let receiver = vm.pop();
        vm.finish(2, f);
        vm.push(receiver);
    } else {
        vm.finish(3, f);
        vm.push(StackRef::NULL);
    }
    Ok(())
});
