//! Heap types and what their instances have beyond those of their static base: slots, managed dict, weak references, finalisers.

use crate::alloc::finish_dealloc;
use crate::gc;
use crate::header::{ObjCell, Object};
use crate::method::{MemberDef, member};
use crate::typeobj::slots::{FinalizeFunc, Slot, VisitProc};
use crate::typeobj::{HeapType, Type, flags};
use crate::types::dict;
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

impl Type {
    /// The heap type around this type, if it is one.
    #[inline]
    pub fn as_heap(&self) -> Option<&HeapType> {
        // SAFETY: types with the flag are laid out as `HeapType`.
        if self.is_heap() { Some(unsafe { self.as_object().cast_unchecked() }) } else { None }
    }

    /// The members that `__slots__` made, kept right behind the heap type (`ob_size` of them).
    pub fn slot_members(&self) -> &[MemberDef] {
        if !self.is_heap() {
            return &[];
        }
        let n = self.ob_base.ob_size.get().max(0) as usize;
        // SAFETY: a heap type is allocated with its members behind it; its metaclass says how large its own part is.
        unsafe {
            let base = (self as *const Type).cast::<u8>().offset(self.as_object().ty().basicsize.get());
            std::slice::from_raw_parts(base.cast(), n)
        }
    }

    /// The most derived type on the chain of bases that adds to the layout of instances.
    pub fn solid_base(&self) -> &Type {
        // From the root down, without recursion: chains of bases may be longer than the native stack is deep.
        let chain: Vec<&Type> = std::iter::successors(Some(self), |t| t.base()).collect();
        let (root, rest) = chain.split_last().expect("the chain starts with the type itself");
        rest.iter().rev().fold(*root, |solid, t| if t.extra_ivars(solid) { t } else { solid })
    }

    fn extra_ivars(&self, base: &Type) -> bool {
        let mut size = self.basicsize.get();
        if self.itemsize.get() != 0 || base.itemsize.get() != 0 {
            return size != base.basicsize.get() || self.itemsize.get() != base.itemsize.get();
        }
        let word = size_of::<usize>() as isize;
        if self.is_heap()
            && self.weaklistoffset.get() > 0
            && base.weaklistoffset.get() == 0
            && self.weaklistoffset.get() + word == size
        {
            size -= word;
        }
        if self.is_heap()
            && self.dictoffset.get() > 0
            && base.dictoffset.get() == 0
            && self.dictoffset.get() + word == size
        {
            size -= word;
        }
        size != base.basicsize.get()
    }
}

/// The object field at a member's offset.
fn member_cell<'a>(o: &'a Object, m: &MemberDef) -> &'a ObjCell {
    // SAFETY: members of kind OBJECT_EX are owned references or null at that offset of every instance.
    unsafe { &*o.as_ptr().cast::<u8>().offset(m.offset).cast::<ObjCell>() }
}

fn object_slots(ty: &Type) -> impl Iterator<Item = &MemberDef> {
    ty.slot_members().iter().filter(|m| m.kind == member::OBJECT_EX && m.flags & member::READONLY == 0)
}

/// The first base whose `slot` is not `ours`.
fn base_with<F: Copy>(ty: &Type, slot: fn(&Type) -> &Slot<F>, ours: usize) -> Option<&Type> {
    let mut base = Some(ty);
    while let Some(b) = base {
        let f = slot(b).get();
        // SAFETY: `F` is a function pointer type, one word.
        let same = f.is_some_and(|f| unsafe { std::mem::transmute_copy::<F, usize>(&f) } == ours);
        if !same {
            return Some(b);
        }
        base = b.base();
    }
    None
}

/// `tp_traverse` of classes: slots, dict, then the base's, and the class itself.
pub extern "C" fn subtype_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let ty = o.ty();
    let mut t = ty;
    let ours = subtype_traverse as *const () as usize;
    while t.traverse.get().is_some_and(|f| f as usize == ours) {
        for m in object_slots(t) {
            if let Some(v) = member_cell(o, m).get() {
                let r = visit(v, arg);
                if r != 0 {
                    return r;
                }
            }
        }
        match t.base() {
            Some(b) => t = b,
            None => break,
        }
    }
    if ty.has_flag(flags::MANAGED_DICT) {
        let r = dict::instance_traverse(o, visit, arg);
        if r != 0 {
            return r;
        }
    } else if ty.dictoffset.get() > 0
        && ty.dictoffset.get() != t.dictoffset.get()
        && let crate::protocol::attr::DictPlace::Field(c) = crate::protocol::attr::dict_place(o)
        && let Some(d) = c.get()
    {
        let r = visit(d, arg);
        if r != 0 {
            return r;
        }
    }
    if ty.is_heap() && (!t.is_heap() || t.traverse.get().is_none()) {
        let r = visit(ty.as_object(), arg);
        if r != 0 {
            return r;
        }
    }
    match t.traverse.get() {
        Some(f) => f(o, visit, arg),
        None => 0,
    }
}

/// `tp_clear` of classes.
pub extern "C" fn subtype_clear(o: &Object) -> c_int {
    let ty = o.ty();
    let mut t = ty;
    let ours = subtype_clear as *const () as usize;
    while t.clear.get().is_some_and(|f| f as usize == ours) {
        for m in object_slots(t) {
            member_cell(o, m).set(None);
        }
        match t.base() {
            Some(b) => t = b,
            None => break,
        }
    }
    if ty.has_flag(flags::MANAGED_DICT) {
        dict::instance_clear(o);
    } else if ty.dictoffset.get() != t.dictoffset.get()
        && let crate::protocol::attr::DictPlace::Field(c) = crate::protocol::attr::dict_place(o)
    {
        c.set(None);
    }
    match t.clear.get() {
        Some(f) => f(o),
        None => 0,
    }
}

/// Calls `tp_finalize` of an object whose count has dropped to zero. `false` when that revived it.
fn finalize_on_death(o: &Object) -> bool {
    let Some(f) = o.ty().finalize.get() else { return true };
    let collectable = o.ty().has_flag(flags::HAVE_GC);
    if collectable && gc::is_finalized(o) {
        return true;
    }
    let dead = finalize_with(o, f);
    if collectable {
        gc::set_finalized(o);
    }
    dead
}

/// Calls a finaliser of a dying object with one reference to it. `false` when others remain.
fn finalize_with(o: &Object, f: FinalizeFunc) -> bool {
    o.set_refcnt(1);
    f(o);
    let n = o.refcnt() - 1;
    o.set_refcnt(n);
    n == 0
}

/// `tp_finalize` for destructors of native types (`PyObject_CallFinalizerFromDealloc`): `false` means the object lives on.
pub fn call_finalizer_from_dealloc(o: &Object) -> bool {
    finalize_on_death(o)
}

/// `tp_dealloc` of classes: finaliser, weak references, slots, dict; then the static base's destructor and the reference to the class.
///
/// # Safety
/// The destructor contract.
pub unsafe extern "C" fn subtype_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead but whole; each part is released once.
    unsafe {
        let o = obj.as_ref();
        let ty = o.ty();
        let ty_ref = ty.is_heap().then(|| crate::Obj::from_raw(ty.as_object()));
        let ours = subtype_dealloc as *const () as usize;
        let base = base_with(ty, |t| &t.dealloc, ours).unwrap_or(&crate::types::object::PyBaseObject_Type);
        if ty.finalize.get().is_some() && !finalize_on_death(o) {
            std::mem::forget(ty_ref);
            return;
        }
        if let Some(f) = ty.del.get()
            && !finalize_with(o, f)
        {
            std::mem::forget(ty_ref);
            return;
        }
        let collectable = ty.has_flag(flags::HAVE_GC);
        if collectable {
            gc::untrack(o);
        }
        if ty.has_flag(flags::MANAGED_WEAKREF) || (ty.weaklistoffset.get() > 0 && base.weaklistoffset.get() == 0) {
            crate::types::weakref::clear_all(o);
        }
        let mut t = ty;
        while t.dealloc.get().is_some_and(|f| f as usize == ours) {
            for m in object_slots(t) {
                member_cell(o, m).set(None);
            }
            match t.base() {
                Some(b) => t = b,
                None => break,
            }
        }
        if ty.has_flag(flags::MANAGED_DICT) {
            dict::instance_dealloc(o);
        } else if ty.dictoffset.get() > 0
            && base.dictoffset.get() == 0
            && let crate::protocol::attr::DictPlace::Field(c) = crate::protocol::attr::dict_place(o)
        {
            c.set(None);
        }
        // The base's destructor may be that of a collectable type and expect to untrack.
        match base.dealloc.get() {
            Some(f) => f(obj),
            None => finish_dealloc(obj),
        }
        // The destructor of a class from C (always a heap type here) gives the reference to the object's class back itself.
        if base.is_heap() {
            std::mem::forget(ty_ref);
        }
    }
}
