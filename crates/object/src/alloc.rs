//! Memory of objects: allocation with the words before the object, deallocation, the trashcan.
//!
//! Before an object lie, from its address downwards: 16 bytes of collector links if its type has `HAVE_GC`, then the managed
//! dict pointer (at -24) and the managed weak reference list (at -32) if the type has either flag.

use crate::error::{PyResult, no_memory};
use crate::freelist::{SMALL_UNIT, size_class};
use crate::gc;
use crate::header::{Layout, Obj, Object, Ref};
use crate::thread::{STACK_MARGIN, Thread, stack_pointer};
use crate::typeobj::{Type, flags};
use libmimalloc_sys as mi;
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// Bytes between the start of the allocation and the object.
#[inline(always)]
pub fn preheader_size(ty: &Type) -> usize {
    let f = ty.flags.get();
    (if f & flags::HAVE_GC != 0 { 16 } else { 0 }) + (if f & flags::PREHEADER != 0 { 16 } else { 0 })
}

/// Uninitialised memory; null when there is none left.
#[inline(always)]
pub fn malloc(size: usize) -> *mut u8 {
    // SAFETY: any size is allowed.
    unsafe { mi::mi_malloc(size.max(1)).cast() }
}

/// Zeroed memory; null when there is none left.
#[inline(always)]
pub fn calloc(size: usize) -> *mut u8 {
    // SAFETY: any size is allowed.
    unsafe { mi::mi_zalloc(size.max(1)).cast() }
}

/// Resizes a block of [`malloc`]; null (and the block unchanged) when there is no memory.
///
/// # Safety
/// `p` is null or came from these functions.
#[inline(always)]
pub unsafe fn realloc(p: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { mi::mi_realloc(p.cast(), size.max(1)).cast() }
}

/// Gives a block back.
///
/// # Safety
/// `p` is null or came from these functions, and is not used again.
#[inline(always)]
pub unsafe fn free(p: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { mi::mi_free(p.cast()) }
}

/// A block of a size class (not 0), from the thread's list if it has one; null when there is no memory.
#[inline(always)]
fn take_small(class: usize) -> *mut u8 {
    let p = Thread::current().free_lists.of_class(class).pop();
    if p.is_null() { malloc_small(class) } else { p }
}

#[cold]
#[inline(never)]
fn malloc_small(class: usize) -> *mut u8 {
    malloc(class * SMALL_UNIT)
}

/// Memory for an object with its pre-header; its head must be made by [`Object::in_class`] of `size_class(total)`.
#[inline(always)]
pub(crate) fn block(total: usize) -> *mut u8 {
    match size_class(total) {
        0 => malloc(total),
        class => take_small(class),
    }
}

/// Memory of `size` bytes that will be given back with [`free_storage`]; null when there is none left.
#[inline(always)]
pub(crate) fn storage(size: usize) -> *mut u8 {
    block(size)
}

/// Resizes what [`storage`] gave.
///
/// # Safety
/// As for [`realloc`].
#[inline(always)]
pub(crate) unsafe fn resize_storage(p: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise. Rounded up, so that the block is as long as its class says.
    unsafe { realloc(p, size.next_multiple_of(SMALL_UNIT)) }
}

/// Gives memory of [`storage`] or [`resize_storage`] back, of which `size` bytes were asked for.
///
/// # Safety
/// As for [`free`].
#[inline(always)]
pub(crate) unsafe fn free_storage(p: *mut u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match size_class(size) {
            0 => free(p),
            class => Thread::current().free_lists.of_class(class).push(p),
        }
    }
}

/// Memory for an exact instance of the static type `T` (no pre-header beyond the collector's), `size` bytes from the object's
/// address; nothing is initialised but the collector links. The head is to be made with the size class that is answered too.
///
/// # Safety
/// The caller writes a complete object before anyone sees it.
#[inline(always)]
pub unsafe fn alloc_exact(ty: &'static Type, size: usize) -> Option<(NonNull<Object>, usize)> {
    let collectable = ty.flags.get() & flags::HAVE_GC != 0;
    let total = size + if collectable { 16 } else { 0 };
    let class = size_class(total);
    let p = block(total);
    if p.is_null() {
        return None;
    }
    // SAFETY: the block has `size` bytes after the links.
    unsafe {
        if collectable {
            gc::note_alloc();
            p.cast::<[usize; 2]>().write([0; 2]);
            NonNull::new(p.add(16).cast()).map(|p| (p, class))
        } else {
            NonNull::new(p.cast()).map(|p| (p, class))
        }
    }
}

/// A new instance of exactly `T`'s own type. `body`'s head is written here. Collectable types are tracked.
#[inline]
pub fn new_object<T: Layout>(body: T) -> Ref<T> {
    let ty = T::type_object();
    // SAFETY: the whole object is written before it is tracked.
    unsafe {
        let Some((p, class)) = alloc_exact(ty, size_of::<T>()) else { out_of_memory() };
        p.cast::<T>().write(body);
        p.cast::<Object>().write(Object::in_class(ty, class));
        if ty.flags.get() & flags::HAVE_GC != 0 {
            gc::track(p.as_ref());
        }
        Obj::from_raw(p.as_ptr()).cast_into_unchecked()
    }
}

/// Small fixed-size objects are made without an error path: like CPython's allocator at this size, the process cannot go on without memory.
#[cold]
pub fn out_of_memory() -> ! {
    eprintln!("Fatal Python error: out of memory");
    std::process::abort()
}

/// Zeroed memory for an instance of `ty` with `nitems` items, as `PyType_GenericAlloc` gives it: head written, type counted,
/// tracked by the collector.
pub extern "C" fn generic_alloc(ty: &Type, nitems: isize) -> PyResult {
    let pre = preheader_size(ty);
    let mut size = ty.basicsize.get() as usize;
    let itemsize = ty.itemsize.get().unsigned_abs();
    if itemsize != 0 {
        // One more item than asked for, as CPython has it: room for a terminator.
        let Some(var) = (nitems as usize).checked_add(1).and_then(|n| n.checked_mul(itemsize)) else {
            return Err(no_memory());
        };
        size = match size.checked_add(var) {
            Some(s) if s < isize::MAX as usize - 64 => (s + 7) & !7,
            _ => return Err(no_memory()),
        };
    }
    let inline = if ty.has_flag(flags::INLINE_VALUES) { crate::types::dict::inline_values_size(ty) } else { 0 };
    let total = pre + size + inline;
    let class = size_class(total);
    let p = if class == 0 { calloc(total) } else { take_small(class) };
    if p.is_null() {
        return Err(no_memory());
    }
    if class != 0 {
        // SAFETY: the block is that long.
        unsafe { p.write_bytes(0, class * SMALL_UNIT) };
    }
    // SAFETY: zeroed memory of the right size; the head is written before the object is shown.
    unsafe {
        let o = p.add(pre).cast::<Object>();
        if ty.is_heap() {
            ty.as_object().incref();
        }
        o.write(Object::in_class(ty, class));
        if itemsize != 0 && !ty.has_flag(flags::LONG_SUBCLASS) {
            (*o.cast::<crate::VarObject>()).ob_size.set(nitems);
        }
        if inline != 0 {
            crate::types::dict::init_inline_values(&*o, ty);
        }
        if ty.flags.get() & flags::HAVE_GC != 0 {
            gc::note_alloc();
            gc::track(&*o);
        }
        Ok(Obj::from_raw(o))
    }
}

/// A new instance of `cls`, which is `T`'s type or a subclass: memory by `cls.tp_alloc`, then `body` moved in after the head.
pub fn new_instance<T: Layout>(cls: &Type, body: T) -> PyResult<Ref<T>> {
    if std::ptr::eq(cls, T::type_object()) {
        return Ok(new_object(body));
    }
    let o = match cls.alloc.get() {
        Some(f) => f(cls, 0)?,
        None => generic_alloc(cls, 0)?,
    };
    let body = ManuallyDrop::new(body);
    // SAFETY: the memory is at least `size_of::<T>()` long, as `cls` derives from `T`'s type; the head stays.
    unsafe {
        let head = size_of::<Object>();
        let src = (&raw const body).cast::<u8>().add(head);
        std::ptr::copy_nonoverlapping(src, o.as_ptr().cast::<u8>().add(head), size_of::<T>() - head);
        Ok(o.cast_into_unchecked())
    }
}

/// Frees the memory of an object (its pre-header too). This is `tp_free` of every type of ours (`PyObject_Free`, `PyObject_GC_Del`).
///
/// # Safety
/// `p` is an object that nothing refers to, untracked, its fields already released; its type pointer still valid.
pub unsafe extern "C" fn free_object(p: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe {
        let o = p.cast::<Object>();
        let pre = preheader_size((*o).ty());
        if (*o).ty().flags.get() & flags::HAVE_GC != 0 {
            gc::note_free();
        }
        let class = (*o).size_class();
        let block = o.cast::<u8>().sub(pre);
        if class == 0 { free(block) } else { Thread::current().free_lists.of_class(class).push(block) }
    }
}

/// `tp_dealloc` of an ordinary built-in type: leaves the collector's lists, clears weak references, drops the Rust fields, frees.
///
/// # Safety
/// The destructor contract: the count is zero.
pub unsafe extern "C" fn dealloc_of<T: Layout>(obj: NonNull<Object>) {
    // SAFETY: the object is dead; its fields are dropped once; `tp_free` of its own type gives back the memory.
    unsafe {
        let ty = obj.as_ref().ty();
        if ty.flags.get() & flags::HAVE_GC != 0 {
            gc::untrack(obj.as_ref());
        }
        if ty.weaklistoffset.get() > 0 {
            crate::types::weakref::clear_all(obj.as_ref());
        }
        std::ptr::drop_in_place(obj.cast::<T>().as_ptr());
        finish_dealloc(obj);
    }
}

/// The end of every `tp_dealloc`: memory back through `tp_free`.
///
/// # Safety
/// As for [`free_object`].
#[inline(always)]
pub unsafe fn finish_dealloc(obj: NonNull<Object>) {
    // SAFETY: the caller's promise.
    unsafe {
        match obj.as_ref().ty().free.get() {
            Some(f) => f(obj.as_ptr().cast()),
            None => free_object(obj.as_ptr().cast()),
        }
    }
}

/// The last reference is gone (`_Py_Dealloc`). Chains of containers do not recurse without bound: when the native stack runs short,
/// the object is put off and freed by an outer call.
///
/// # Safety
/// The count of `o` is zero and nobody uses it afterwards.
#[unsafe(export_name = "_Py_Dealloc")]
#[inline(never)]
pub unsafe extern "C" fn dealloc(o: *const Object) {
    // SAFETY: the object is dead but intact; destructors get it once.
    unsafe {
        let obj = NonNull::new_unchecked(o as *mut Object);
        let ty = (*o).ty();
        let Some(destroy) = ty.dealloc.get() else { return };
        if ty.flags.get() & flags::HAVE_GC == 0 {
            return destroy(obj);
        }
        let ts = Thread::current();
        if stack_pointer() < ts.stack_soft_limit.get() + 4 * STACK_MARGIN {
            // The collector's link word is free once the object is untracked.
            gc::untrack(&*o);
            gc::set_trash_link(&*o, ts.delete_later.get());
            ts.delete_later.set(obj.as_ptr());
            return;
        }
        destroy(obj);
        if !ts.delete_later.get().is_null()
            && ts.trash_depth.get() == 0
            && stack_pointer() > ts.stack_soft_limit.get() + 8 * STACK_MARGIN
        {
            empty_trash(ts);
        }
    }
}

#[cold]
unsafe fn empty_trash(ts: &Thread) {
    ts.trash_depth.set(1);
    while let Some(obj) = NonNull::new(ts.delete_later.get()) {
        // SAFETY: objects on the list are dead, untracked, and have their destructor still to run.
        unsafe {
            ts.delete_later.set(gc::take_trash_link(obj.as_ref()));
            if let Some(destroy) = obj.as_ref().ty().dealloc.get() {
                destroy(obj);
            }
        }
    }
    ts.trash_depth.set(0);
}
