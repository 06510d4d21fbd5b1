//! The buffer protocol of classes written in Python (PEP 688): `__buffer__` and `__release_buffer__`.

use super::{ManagedBuffer, MemoryView};
use crate::buffer::{self, RawBuffer};
use crate::error::{PyResult, status};
use crate::header::{ObjCell, Object};
use crate::typeobj::slots::{BufferProcs, GetBufferProc, ReleaseBufferProc, Slot, VisitProc};
use crate::typeobj::{Type, TypeDef, flags, slotfuncs};
use crate::types::int::Int;
use crate::types::tuple::Tuple;
use crate::{bail, intern, layout};
use std::ffi::{c_int, c_void};

/// Stands as the exporter of a view that `__buffer__` gave: remembers the object and its memoryview.
#[repr(C)]
pub struct BufferWrapper {
    /// The head.
    pub ob_base: Object,
    view: ObjCell,
    object: ObjCell,
}

layout!(BufferWrapper, _PyBufferWrapper_Type);

/// `bf_getbuffer` of classes with a `__buffer__`.
pub fn getbuffer(o: &Object, view: *mut RawBuffer, request: c_int) -> c_int {
    status(export(o, view, request))
}

fn export(o: &Object, view: *mut RawBuffer, request: c_int) -> PyResult<()> {
    let mv = o.call_method(intern!("__buffer__"), &[&Int::from_i64(request.into())])?;
    if mv.downcast::<MemoryView>().is_none() {
        bail!(TypeError, "__buffer__ returned non-memoryview object");
    }
    // SAFETY: the protocol passes a view to fill; whatever it held is not ours.
    unsafe {
        view.write(RawBuffer::empty());
        buffer::get(&mv, &mut *view, request)?;
        let wrapper = crate::alloc::new_object(BufferWrapper {
            ob_base: Object::placeholder(),
            view: ObjCell::new(mv),
            object: ObjCell::new(o.to_obj()),
        });
        (*view).obj = Some(wrapper.into_obj());
    }
    Ok(())
}

fn is_python(f: Option<ReleaseBufferProc>) -> bool {
    f.is_some_and(|f| f as usize == slotfuncs::releasebuffer as *const () as usize)
}

extern "C" fn wrapper_release(o: &Object, view: *mut RawBuffer) {
    let w: &BufferWrapper = o.cast();
    let (Some(mv), Some(object)) = (w.view.get_owned(), w.object.get_owned()) else { return };
    if is_python(object.ty().buffer().and_then(|b| b.releasebuffer.get())) {
        call_release(&object, &mv);
    }
    // The view was an export of the memoryview.
    super::memory_releasebuffer(&mv, view);
}

fn call_release(o: &Object, mv: &Object) {
    // Releasing may happen while an exception is on its way.
    let pending = crate::Thread::current().current_exception.take();
    if let Err(e) = o.call_method(intern!("__release_buffer__"), &[mv]) {
        crate::error::unraisable(e, Some(o));
    }
    if let Some(e) = pending {
        let _ = crate::error::restore(e);
    }
}

/// `bf_releasebuffer` of classes with a `__release_buffer__` whose buffer comes from a base. `view` is the one that was filled.
#[allow(clippy::not_unsafe_ptr_arg_deref)]
pub fn releasebuffer(o: &Object, view: *mut RawBuffer) {
    // SAFETY: the protocol passes the view that was filled.
    let raw = unsafe { &*view };
    let shown = RawBuffer {
        buf: raw.buf,
        obj: None,
        len: raw.len,
        itemsize: raw.itemsize,
        readonly: raw.readonly,
        ndim: raw.ndim,
        format: raw.format,
        shape: raw.shape,
        strides: raw.strides,
        suboffsets: raw.suboffsets,
        internal: raw.internal,
    };
    // SAFETY: the memory stays until the base has released it below, and the memoryview is released before that.
    match unsafe { MemoryView::from_raw(shown) } {
        Ok(mv) => {
            mv.restrict();
            call_release(o, &mv);
            if let Err(e) = mv.release() {
                crate::error::unraisable(e, Some(o));
            }
        }
        Err(e) => crate::error::unraisable(e, Some(o)),
    }
    let Some(mro) = o.ty().mro.get_owned() else { return };
    for t in mro.cast::<Tuple>().items() {
        let release = t.downcast::<Type>().and_then(Type::buffer).and_then(|b| b.releasebuffer.get());
        if let Some(f) = release
            && !is_python(release)
        {
            f(o, view);
            return;
        }
    }
}

/// `o.__buffer__(flags)` by the slot of one of its classes.
pub fn memoryview_from_flags(o: &Object, flags: &Object, getbuffer: GetBufferProc) -> PyResult {
    let n = flags.index_as_isize(Some(crate::types::exceptions::OverflowError))?;
    let Ok(n) = c_int::try_from(n) else { bail!(OverflowError, "buffer flags out of range") };
    let m = ManagedBuffer::by(o, n, getbuffer)?;
    // SAFETY: the master was just filled in.
    let v = MemoryView::over(&m, unsafe { &*m.master.get() })?;
    Ok(v.into_obj())
}

/// `o.__release_buffer__(view)` of a native class.
pub fn release_memoryview_of(o: &Object, view: &Object) -> PyResult<()> {
    let Some(mv) = view.downcast::<MemoryView>() else { bail!(TypeError, "expected a memoryview object") };
    if mv.has(super::RELEASED) {
        bail!(ValueError, "memoryview's buffer has already been released");
    }
    match &mv.raw().obj {
        None => return Ok(()),
        Some(exporter) if !exporter.is(o) => bail!(ValueError, "memoryview's buffer is not this object"),
        Some(_) => {}
    }
    mv.release()
}

extern "C" fn wrapper_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let w: &BufferWrapper = o.cast();
    let one = |c: &ObjCell| c.get().map_or(0, |x| visit(x, arg));
    match one(&w.view) {
        0 => one(&w.object),
        n => n,
    }
}

static AS_BUFFER: BufferProcs = BufferProcs { releasebuffer: Slot::new(wrapper_release), ..BufferProcs::EMPTY };

/// The type of the exporters that stand for objects with a `__buffer__`.
pub static _PyBufferWrapper_Type: Type = Type::new_static(TypeDef {
    name: c"_buffer_wrapper",
    basicsize: size_of::<BufferWrapper>(),
    flags: flags::HAVE_GC,
    dealloc: Some(crate::alloc::dealloc_of::<BufferWrapper>),
    as_buffer: Some(&AS_BUFFER),
    traverse: Some(wrapper_traverse),
    ..TypeDef::EMPTY
});
