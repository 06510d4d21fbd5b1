//! Memory of blocks and of objects, and the collector.

use crate::prelude::*;
use taipan_object::alloc;
use taipan_object::gc;

/// Memory for an object of type `ty` and `n` items: head written, one reference, not tracked.
fn new_block(ty: &Type, n: isize) -> PyResult {
    let items = (n.max(0) as usize).checked_mul(ty.itemsize.get().unsigned_abs());
    let pre = alloc::preheader_size(ty);
    let Some(size) =
        items.and_then(|i| i.checked_add(ty.basicsize.get() as usize + pre)).filter(|s| *s < isize::MAX as usize)
    else {
        return Err(error::no_memory());
    };
    let p = alloc::calloc(size);
    if p.is_null() {
        return Err(error::no_memory());
    }
    // SAFETY: zeroed memory with room for the words before the object and the object.
    let o = unsafe { &*p.add(pre).cast::<Object>() };
    init(o, ty);
    if ty.has_flag(flags::HAVE_GC) {
        gc::note_alloc();
    }
    // SAFETY: the head now counts one reference, ours.
    Ok(unsafe { Obj::from_raw(o) })
}

fn init(o: &Object, ty: &Type) {
    o.set_ty(ty);
    o.set_refcnt(1);
    if ty.is_heap() {
        ty.as_object().incref();
    }
}

fn new_var_block(ty: &Type, n: isize) -> PyResult {
    let o = new_block(ty, n)?;
    // SAFETY: types with items begin with a `VarObject`.
    unsafe { o.cast_unchecked::<VarObject>() }.ob_size.set(n);
    Ok(o)
}

fn product(n: usize, size: usize) -> Option<usize> {
    n.checked_mul(size).filter(|s| *s < isize::MAX as usize)
}

macro_rules! family {
    ($malloc:ident, $calloc:ident, $realloc:ident, $free:ident) => {
        #[unsafe(no_mangle)]
        pub extern "C" fn $malloc(size: usize) -> *mut u8 {
            if size > isize::MAX as usize { std::ptr::null_mut() } else { alloc::malloc(size) }
        }
        #[unsafe(no_mangle)]
        pub extern "C" fn $calloc(n: usize, size: usize) -> *mut u8 {
            product(n, size).map_or(std::ptr::null_mut(), alloc::calloc)
        }
        #[unsafe(no_mangle)]
        pub extern "C" fn $realloc(p: *mut u8, size: usize) -> *mut u8 {
            if size > isize::MAX as usize {
                return std::ptr::null_mut();
            }
            // SAFETY: the caller passes null or a block of this family.
            unsafe { alloc::realloc(p, size) }
        }
        #[unsafe(no_mangle)]
        pub extern "C" fn $free(p: *mut u8) {
            // SAFETY: the caller passes null or a block of this family that it does not use again.
            unsafe { alloc::free(p) }
        }
    };
}
family!(PyMem_RawMalloc, PyMem_RawCalloc, PyMem_RawRealloc, PyMem_RawFree);
family!(PyMem_Malloc, PyMem_Calloc, PyMem_Realloc, PyMem_Free);
family!(PyObject_Malloc, PyObject_Calloc, PyObject_Realloc, PyObject_Free);

/// `PyObjectArenaAllocator`.
#[repr(C)]
pub struct ArenaAllocator {
    ctx: *mut c_void,
    alloc: Option<extern "C" fn(*mut c_void, usize) -> *mut c_void>,
    free: Option<extern "C" fn(*mut c_void, *mut c_void, usize)>,
}

exports! {
    fn _PyObject_New(ty: &Type) -> PyResult { new_block(ty, 0) }
    fn _PyObject_NewVar(ty: &Type, n: isize) -> PyResult { new_var_block(ty, n) }
    fn _PyObject_GC_New(ty: &Type) -> PyResult { new_block(ty, 0) }
    fn _PyObject_GC_NewVar(ty: &Type, n: isize) -> PyResult { new_var_block(ty, n) }
    fn PyUnstable_Object_GC_NewWithExtraData(ty: &Type, extra: usize) -> PyResult {
        let pre = alloc::preheader_size(ty);
        let p = alloc::calloc(pre + ty.basicsize.get() as usize + extra);
        if p.is_null() {
            return Err(error::no_memory());
        }
        // SAFETY: zeroed memory with room for the object; the head is written before it is shown.
        let o = unsafe { &*p.add(pre).cast::<Object>() };
        init(o, ty);
        gc::note_alloc();
        // SAFETY: the head counts one reference, ours.
        Ok(unsafe { Obj::from_raw(o) })
    }
    fn _PyObject_GC_Resize(o: &VarObject, n: isize) -> *mut VarObject {
        let ty = o.ob_base.ty();
        let pre = alloc::preheader_size(ty);
        let Some(size) = product(n.max(0) as usize, ty.itemsize.get().unsigned_abs()) else {
            let _ = error::no_memory();
            return std::ptr::null_mut();
        };
        let size = pre + ty.basicsize.get() as usize + size;
        // SAFETY: an untracked object with one owner, whose block begins with the words before it.
        unsafe {
            let p = alloc::realloc((o as *const VarObject as *mut u8).sub(pre), size);
            if p.is_null() {
                let _ = error::no_memory();
                return std::ptr::null_mut();
            }
            let o = p.add(pre).cast::<VarObject>();
            (*o).ob_size.set(n);
            (*o).ob_base.forget_size_class();
            o
        }
    }
    fn PyObject_Init<'a>(o: Option<&'a Object>, ty: &Type) -> Option<&'a Object> {
        let Some(o) = o else {
            let _ = error::no_memory();
            return None;
        };
        init(o, ty);
        Some(o)
    }
    fn PyObject_InitVar<'a>(o: Option<&'a VarObject>, ty: &Type, n: isize) -> Option<&'a VarObject> {
        let Some(o) = o else {
            let _ = error::no_memory();
            return None;
        };
        o.ob_size.set(n);
        init(&o.ob_base, ty);
        Some(o)
    }
    fn PyObject_GC_Track(o: &Object) { gc::track(o) }
    fn PyObject_GC_UnTrack(o: &Object) {
        if gc::is_collectable(o) {
            gc::untrack(o);
        }
    }
    fn PyObject_GC_Del(p: *mut c_void) {
        // SAFETY: the caller passes a dead object whose type is still alive.
        unsafe {
            let o = &*p.cast::<Object>();
            if gc::is_collectable(o) {
                gc::untrack(o);
            }
            alloc::free_object(p);
        }
    }
    fn PyObject_GC_IsTracked(o: &Object) -> c_int { (gc::is_collectable(o) && gc::is_tracked(o)) as c_int }
    fn PyObject_GC_IsFinalized(o: &Object) -> c_int { (gc::is_collectable(o) && gc::is_finalized(o)) as c_int }
    fn PyObject_IS_GC(o: &Object) -> c_int { gc::is_collectable(o) as c_int }
    fn PyGC_Collect() -> isize { gc::collect(2) as isize }
    fn PyGC_Enable() -> c_int {
        let gc = &taipan_object::Interp::current().gc;
        let was = gc.is_enabled();
        gc.set_enabled(true);
        was as c_int
    }
    fn PyGC_Disable() -> c_int {
        let gc = &taipan_object::Interp::current().gc;
        let was = gc.is_enabled();
        gc.set_enabled(false);
        was as c_int
    }
    fn PyGC_IsEnabled() -> c_int { taipan_object::Interp::current().gc.is_enabled() as c_int }
    fn PyObject_GetArenaAllocator(out: Out<ArenaAllocator>) {
        out.put(ArenaAllocator { ctx: std::ptr::null_mut(), alloc: None, free: None });
    }
    fn PyTraceMalloc_Track(_domain: c_uint, _p: usize, _size: usize) -> c_int { -2 }
    fn PyTraceMalloc_Untrack(_domain: c_uint, _p: usize) -> c_int { -2 }
}
