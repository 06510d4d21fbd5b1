//! `PickleBuffer`: a view of memory that may travel apart from the pickle.

use crate::signature;
use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::buffer::{self, RawBuffer, request};
use taipan_object::error::status;
use taipan_object::typeobj::slots::{BufferProcs, Slot, VisitProc};
use taipan_object::types::memoryview::MemoryView;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout, method, methods};

/// A pickle buffer (`PyPickleBufferObject`).
#[repr(C)]
pub struct PickleBuffer {
    ob_base: Object,
    view: UnsafeCell<RawBuffer>,
    weakreflist: ObjCell,
}

const _: () = assert!(size_of::<PickleBuffer>() == 104 && offset_of!(PickleBuffer, weakreflist) == 96);
layout!(PickleBuffer, PICKLE_BUFFER_TYPE);

impl PickleBuffer {
    /// The view, or the complaint that it was released.
    pub fn view(&self) -> PyResult<&RawBuffer> {
        // SAFETY: after construction only release writes here.
        let v = unsafe { &*self.view.get() };
        if v.obj.is_none() {
            bail!(ValueError, "operation forbidden on released PickleBuffer object");
        }
        Ok(v)
    }

    fn give_back(&self) {
        // SAFETY: nothing borrows the view across this call; the copy that is released is a whole view.
        unsafe {
            let mut v = std::mem::replace(&mut *self.view.get(), RawBuffer::empty());
            // Simple exporters let shape and strides point into the view itself, which nothing reads on release.
            buffer::release(&mut v);
        }
    }
}

impl Drop for PickleBuffer {
    fn drop(&mut self) {
        self.give_back();
    }
}

extern "C" fn new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = signature!("PickleBuffer", posonly 1, positional 1, ["" true]);
    crate::support::bind_by_position::<1, _>(sig, cls, &PICKLE_BUFFER_TYPE, args, kwargs, |[o]| {
        let o = taipan_object::args::receiver(o);
        let this: Ref<PickleBuffer> = new_instance(
            cls,
            PickleBuffer {
                ob_base: Object::placeholder(),
                view: UnsafeCell::new(RawBuffer::empty()),
                weakreflist: ObjCell::empty(),
            },
        )?;
        // SAFETY: the object was just made; the view stays at this place.
        buffer::get(o, unsafe { &mut *this.view.get() }, request::FULL_RO)?;
        Ok(this.into_obj())
    })
}

/// Return a memoryview of the raw memory underlying this buffer.
#[method]
fn raw(this: &PickleBuffer) -> PyResult<Ref<MemoryView>> {
    let v = this.view()?;
    if !v.suboffsets.is_null() || !v.is_contiguous('A') {
        bail!(BufferError, "cannot extract raw buffer from non-contiguous buffer");
    }
    let owner: Option<Obj> = v.obj.clone();
    let Some(_owner) = owner else { bail!(ValueError, "operation forbidden on released PickleBuffer object") };
    let m = MemoryView::new(this)?;
    m.flatten();
    Ok(m)
}

/// Release the underlying buffer.
#[method]
fn release(this: &PickleBuffer) {
    this.give_back();
}

extern "C" fn getbuffer(o: &Object, view: *mut RawBuffer, request: c_int) -> c_int {
    let this: &PickleBuffer = o.cast();
    status((|| {
        let owner = this.view()?.obj.clone();
        let Some(owner) = owner else { bail!(ValueError, "operation forbidden on released PickleBuffer object") };
        if view.is_null() {
            bail!(BufferError, "NULL view in getbuffer");
        }
        // SAFETY: the caller gave a place for the view.
        buffer::get(&owner, unsafe { &mut *view }, request)
    })())
}

extern "C" fn traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &PickleBuffer = o.cast();
    // SAFETY: no one writes meanwhile.
    unsafe { &*this.view.get() }.obj.as_ref().map_or(0, |x| visit(x, arg))
}

extern "C" fn clear(o: &Object) -> c_int {
    o.cast::<PickleBuffer>().give_back();
    0
}

static AS_BUFFER: BufferProcs = BufferProcs { getbuffer: Slot::new(getbuffer), releasebuffer: Slot::NONE };

/// `PickleBuffer`.
pub static PICKLE_BUFFER_TYPE: Type = Type::new_static(TypeDef {
    name: c"pickle.PickleBuffer",
    basicsize: size_of::<PickleBuffer>(),
    flags: flags::HAVE_GC,
    doc: Some(c"Wraps a buffer that may be sent apart from the pickle."),
    dealloc: Some(dealloc_of::<PickleBuffer>),
    as_buffer: Some(&AS_BUFFER),
    traverse: Some(traverse),
    clear: Some(clear),
    weaklistoffset: offset_of!(PickleBuffer, weakreflist) as isize,
    methods: methods![raw, release],
    new: Some(new),
    ..TypeDef::EMPTY
});
