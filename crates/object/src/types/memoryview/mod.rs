//! `memoryview`, and the managed buffer that views of the same export share.
//!
//! - this file: layouts, making and releasing views, and the buffer that a view itself exports
//! - `item.rs`: items to objects and back; `index.rs`: subscription; `compare.rs`: equality and hash
//! - `methods.rs`: methods, attributes and the type; `python.rs`: `__buffer__` and `__release_buffer__` (PEP 688)

pub mod compare;
pub mod index;
pub mod item;
pub mod methods;
pub mod python;

use crate::alloc::{alloc_exact, new_object};
use crate::buffer::{self, MAX_NDIM, RawBuffer, c_strides, request};
use crate::error::{PyResult, no_memory, status};
use crate::header::{Obj, ObjCell, Object, Ref, VarObject};
use crate::typeobj::slots::{GetBufferProc, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::{bail, gc, layout};
use std::cell::{Cell, UnsafeCell};
use std::collections::BTreeSet;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use std::sync::Mutex;

pub use methods::PyMemoryView_Type;

/// One export, shared by the views made from it (`_PyManagedBufferObject`).
#[repr(C)]
pub struct ManagedBuffer {
    /// The head.
    pub ob_base: Object,
    flags: Cell<c_int>,
    exports: Cell<isize>,
    master: UnsafeCell<RawBuffer>,
}

const _: () = {
    assert!(size_of::<ManagedBuffer>() == 112 && offset_of!(ManagedBuffer, exports) == 24);
    assert!(offset_of!(ManagedBuffer, master) == 32);
};

layout!(ManagedBuffer, _PyManagedBuffer_Type);

/// A view (`PyMemoryViewObject`). Shape, strides and suboffsets lie behind it.
///
/// `view.obj` is borrowed from the managed buffer, which the view keeps alive.
#[repr(C)]
pub struct MemoryView {
    /// The head; `ob_size` is three times the number of dimensions.
    pub ob_base: VarObject,
    mbuf: ObjCell,
    hash: Cell<isize>,
    flags: Cell<c_int>,
    pub(super) exports: Cell<isize>,
    view: UnsafeCell<RawBuffer>,
    weakreflist: Cell<*mut Object>,
}

const _: () = {
    assert!(
        size_of::<MemoryView>() == 144 && offset_of!(MemoryView, mbuf) == 24 && offset_of!(MemoryView, flags) == 40
    );
    assert!(offset_of!(MemoryView, view) == 56 && offset_of!(MemoryView, weakreflist) == 136);
};

layout!(MemoryView, PyMemoryView_Type);

/// Where weak references to a view hang.
pub(crate) const WEAKLIST_OFFSET: isize = offset_of!(MemoryView, weakreflist) as isize;

const RELEASED: c_int = 1;
const C_ORDER: c_int = 2;
const F_ORDER: c_int = 4;
const SCALAR: c_int = 8;
const POINTERS: c_int = 16;
const RESTRICTED: c_int = 32;

/// A format that stays, for views that outlive the exporter which had it. There are few.
fn kept(format: &CStr) -> *mut c_char {
    static FORMATS: Mutex<BTreeSet<&'static CStr>> = Mutex::new(BTreeSet::new());
    let mut formats = FORMATS.lock().unwrap_or_else(|e| e.into_inner());
    let found = formats.get(format).copied().unwrap_or_else(|| {
        let f: &'static CStr = Box::leak(format.to_owned().into_boxed_c_str());
        formats.insert(f);
        f
    });
    found.as_ptr().cast_mut()
}

impl ManagedBuffer {
    /// One export by a `bf_getbuffer` that is perhaps not that of the object's own type.
    fn by(o: &Object, request: c_int, getbuffer: GetBufferProc) -> PyResult<Ref<ManagedBuffer>> {
        let m = ManagedBuffer::with(RawBuffer::empty());
        if getbuffer(o, m.master.get(), request) < 0 {
            return Err(crate::Raised::already_set());
        }
        Ok(m)
    }

    fn new(o: &Object, request: c_int) -> PyResult<Ref<ManagedBuffer>> {
        let m = ManagedBuffer::with(RawBuffer::empty());
        // SAFETY: nobody else has the new object; it stays where it is while the view is out.
        buffer::get(o, unsafe { &mut *m.master.get() }, request)?;
        Ok(m)
    }

    fn with(master: RawBuffer) -> Ref<ManagedBuffer> {
        new_object(ManagedBuffer {
            ob_base: Object::placeholder(),
            flags: Cell::new(0),
            exports: Cell::new(0),
            master: UnsafeCell::new(master),
        })
    }

    fn release(&self) {
        if self.flags.get() & RELEASED == 0 {
            self.flags.set(self.flags.get() | RELEASED);
            // SAFETY: the flag makes this the only release.
            buffer::release(unsafe { &mut *self.master.get() });
        }
    }
}

unsafe extern "C" fn managed_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead; releasing drops the exporter.
    unsafe {
        gc::untrack(obj.as_ref());
        obj.as_ref().cast_unchecked::<ManagedBuffer>().release();
        crate::alloc::finish_dealloc(obj);
    }
}

extern "C" fn managed_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let m: &ManagedBuffer = o.cast();
    // SAFETY: the master is changed only while it is released.
    unsafe { &*m.master.get() }.obj.as_ref().map_or(0, |x| visit(x, arg))
}

extern "C" fn managed_clear(o: &Object) -> c_int {
    let m: &ManagedBuffer = o.cast();
    if m.exports.get() == 0 {
        m.release();
    }
    0
}

/// The type of managed buffers, which Python code does not see.
#[unsafe(no_mangle)]
pub static _PyManagedBuffer_Type: Type = Type::new_static(TypeDef {
    name: c"managedbuffer",
    basicsize: size_of::<ManagedBuffer>(),
    flags: flags::HAVE_GC,
    dealloc: Some(managed_dealloc),
    traverse: Some(managed_traverse),
    clear: Some(managed_clear),
    ..TypeDef::EMPTY
});

impl MemoryView {
    /// A view of `o` (`PyMemoryView_FromObject`).
    pub fn new(o: &Object) -> PyResult<Ref<MemoryView>> {
        MemoryView::with_request(o, request::FULL_RO)
    }

    /// A view of `o` under the given request.
    pub fn with_request(o: &Object, request: c_int) -> PyResult<Ref<MemoryView>> {
        if let Some(v) = o.downcast::<MemoryView>() {
            v.check_released()?;
            v.check_restricted()?;
            return v.same();
        }
        if !buffer::supports(o) {
            bail!(TypeError, "memoryview: a bytes-like object is required, not '{}'", o.ty().name_str());
        }
        let m = ManagedBuffer::new(o, request)?;
        // SAFETY: the master was just filled in.
        let master = unsafe { &*m.master.get() };
        MemoryView::over(&m, master)
    }

    /// A view of a buffer that C code describes (`PyMemoryView_FromBuffer`), which gives up its exporter.
    ///
    /// # Safety
    /// The memory stays as long as the view; shape, strides, suboffsets and format of `info` outlive it.
    pub unsafe fn from_raw(info: RawBuffer) -> PyResult<Ref<MemoryView>> {
        if info.buf.is_null() {
            bail!(ValueError, "PyMemoryView_FromBuffer(): info->buf must not be NULL");
        }
        let m = ManagedBuffer::with(info);
        // SAFETY: as above.
        let master = unsafe { &mut *m.master.get() };
        drop(master.obj.take());
        MemoryView::over(&m, master)
    }

    /// A view of a copy of the items, with the same dimensions, one after the other in C order or in Fortran order.
    pub fn contiguous_copy(&self, fortran: bool) -> PyResult<Ref<MemoryView>> {
        let v = self.raw();
        let bytes = crate::types::bytes::Bytes::new(&v.to_contiguous(fortran)?);
        let m = ManagedBuffer::new(&bytes, buffer::request::FULL_RO)?;
        let strides = if fortran {
            let mut step = v.itemsize;
            let stride = |n: &isize| {
                let s = step;
                step = s.wrapping_mul(*n);
                s
            };
            v.shape().iter().map(stride).collect()
        } else {
            c_strides(v.shape(), v.itemsize)
        };
        // SAFETY: the master was just filled in.
        let buf = unsafe { (*m.master.get()).buf };
        let src = RawBuffer { buf, len: v.len, itemsize: v.itemsize, format: kept(v.format()), ..RawBuffer::empty() };
        MemoryView::build(&m, &src, v.shape(), &strides, &[])
    }

    /// A view of the same memory as this one.
    fn same(&self) -> PyResult<Ref<MemoryView>> {
        MemoryView::over(self.managed(), self.raw())
    }

    /// A view with the values of `src`, belonging to `mbuf`.
    fn over(mbuf: &ManagedBuffer, src: &RawBuffer) -> PyResult<Ref<MemoryView>> {
        let ndim = src.ndim();
        if ndim > MAX_NDIM {
            bail!(ValueError, "memoryview: number of dimensions must not exceed 64");
        }
        let shape = match (src.shape(), ndim) {
            (_, 0) => Vec::new(),
            ([], _) => vec![if src.itemsize == 0 { 0 } else { src.len / src.itemsize }],
            (s, _) => s.to_vec(),
        };
        let strides = match src.strides() {
            [] => c_strides(&shape, src.itemsize),
            s => s.to_vec(),
        };
        MemoryView::build(mbuf, src, &shape, &strides, src.suboffsets())
    }

    /// A view with the values of `src` but its own dimensions.
    fn build(
        mbuf: &ManagedBuffer,
        src: &RawBuffer,
        shape: &[isize],
        strides: &[isize],
        suboffsets: &[isize],
    ) -> PyResult<Ref<MemoryView>> {
        let ndim = shape.len();
        let format = if src.format.is_null() { c"B".as_ptr() as *mut c_char } else { src.format };
        // SAFETY: the whole object is written before it is tracked. The exporter is copied as a borrowed reference, which
        // nothing drops: the destructor gives back `mbuf` only.
        unsafe {
            let Some((p, _)) = alloc_exact(&PyMemoryView_Type, size_of::<MemoryView>() + 3 * ndim * size_of::<isize>())
            else {
                return Err(no_memory());
            };
            let arrays = p.cast::<u8>().add(size_of::<MemoryView>()).cast::<isize>().as_ptr();
            let put = |at: usize, v: &[isize]| {
                let dst = arrays.add(at * ndim);
                std::ptr::copy_nonoverlapping(v.as_ptr(), dst, v.len());
                if v.is_empty() { std::ptr::null_mut() } else { dst }
            };
            let view = RawBuffer {
                buf: src.buf,
                obj: std::ptr::read(&raw const (*mbuf.master.get()).obj),
                len: src.len,
                itemsize: src.itemsize,
                readonly: src.readonly,
                ndim: ndim as c_int,
                format,
                shape: put(0, shape),
                strides: put(1, strides),
                suboffsets: put(2, suboffsets),
                internal: src.internal,
            };
            p.cast::<MemoryView>().write(MemoryView {
                ob_base: VarObject::new(&PyMemoryView_Type, 3 * ndim as isize),
                mbuf: ObjCell::new(mbuf.to_obj()),
                hash: Cell::new(-1),
                flags: Cell::new(0),
                exports: Cell::new(0),
                view: UnsafeCell::new(view),
                weakreflist: Cell::new(std::ptr::null_mut()),
            });
            mbuf.exports.set(mbuf.exports.get() + 1);
            let v: Ref<MemoryView> = Obj::from_raw(p.as_ptr()).cast_into_unchecked();
            v.init_flags();
            gc::track(&v);
            Ok(v)
        }
    }

    fn init_flags(&self) {
        let v = self.raw();
        let mut f = 0;
        if v.ndim == 0 {
            f |= SCALAR | C_ORDER | F_ORDER;
        } else {
            f |= if v.is_contiguous('C') { C_ORDER } else { 0 };
            f |= if v.is_contiguous('F') { F_ORDER } else { 0 };
        }
        if !v.suboffsets.is_null() {
            f = f & !(C_ORDER | F_ORDER) | POINTERS;
        }
        self.flags.set(f);
    }

    fn managed(&self) -> &ManagedBuffer {
        match self.mbuf.get() {
            Some(m) => m.cast(),
            None => unreachable!("a view that is not released has its managed buffer"),
        }
    }

    /// The view as the buffer protocol describes it. What it says holds while the view is not released.
    #[inline]
    pub fn raw(&self) -> &RawBuffer {
        // SAFETY: after construction only release writes here.
        unsafe { &*self.view.get() }
    }

    fn has(&self, flag: c_int) -> bool {
        self.flags.get() & flag != 0
    }

    fn is_released(&self) -> bool {
        self.has(RELEASED) || self.mbuf.get().is_none_or(|m| m.cast::<ManagedBuffer>().flags.get() & RELEASED != 0)
    }

    /// Raises when the view is released.
    pub(crate) fn check_released(&self) -> PyResult<()> {
        if self.is_released() {
            bail!(ValueError, "operation forbidden on released memoryview object");
        }
        Ok(())
    }

    fn check_restricted(&self) -> PyResult<()> {
        if self.has(RESTRICTED) {
            bail!(ValueError, "cannot create new view on restricted memoryview");
        }
        Ok(())
    }

    /// Makes a view of contiguous memory, just made and not yet seen by anyone, a view of its plain bytes.
    pub fn flatten(&self) {
        // SAFETY: nobody else holds a borrow of the view; shape and strides then point into it, where it stays.
        unsafe {
            let v = &mut *self.view.get();
            v.format = c"B".as_ptr() as *mut c_char;
            v.ndim = 1;
            v.itemsize = 1;
            v.shape = &raw mut v.len;
            v.strides = &raw mut v.itemsize;
            v.suboffsets = std::ptr::null_mut();
        }
        self.init_flags();
    }

    /// Forbids new views, for the one that `__release_buffer__` gets.
    pub fn restrict(&self) {
        self.flags.set(self.flags.get() | RESTRICTED);
    }

    /// Gives the memory back; raises while views of this view are out.
    pub fn release(&self) -> PyResult<()> {
        if self.has(RELEASED) {
            return Ok(());
        }
        let n = self.exports.get();
        if n > 0 {
            bail!(BufferError, "memoryview has {n} exported buffer{}", if n == 1 { "" } else { "s" });
        }
        if n < 0 {
            bail!(SystemError, "memoryview: negative export count");
        }
        self.flags.set(self.flags.get() | RELEASED);
        let m = self.managed();
        m.exports.set(m.exports.get() - 1);
        if m.exports.get() == 0 {
            m.release();
        }
        Ok(())
    }
}

unsafe extern "C" fn memory_dealloc(obj: NonNull<Object>) {
    // SAFETY: the view is dead; what it exports refers to it, so nothing is out. The borrowed exporter is not dropped.
    unsafe {
        let v: &MemoryView = obj.as_ref().cast_unchecked();
        gc::untrack(obj.as_ref());
        if !v.weakreflist.get().is_null() {
            crate::types::weakref::clear_all(obj.as_ref());
        }
        if v.mbuf.get().is_some()
            && let Err(e) = v.release()
        {
            crate::error::unraisable(e, None);
        }
        v.mbuf.set(None);
        crate::alloc::finish_dealloc(obj);
    }
}

extern "C" fn memory_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<MemoryView>().mbuf.get().map_or(0, |m| visit(m, arg))
}

extern "C" fn memory_clear(o: &Object) -> c_int {
    let v: &MemoryView = o.cast();
    if v.exports.get() == 0 && v.mbuf.get().is_some() {
        if let Err(e) = v.release() {
            e.clear();
        }
        v.mbuf.set(None);
    }
    0
}

extern "C" fn memory_getbuffer(o: &Object, view: *mut RawBuffer, flags: c_int) -> c_int {
    status(export(o, view, flags))
}

fn export(o: &Object, view: *mut RawBuffer, flags: c_int) -> PyResult<()> {
    let this: &MemoryView = o.cast();
    this.check_released()?;
    this.check_restricted()?;
    let wants = |f: c_int| flags & f == f;
    let base = this.raw();
    let mut v = RawBuffer {
        buf: base.buf,
        obj: None,
        len: base.len,
        itemsize: base.itemsize,
        readonly: base.readonly,
        ndim: base.ndim,
        format: base.format,
        shape: base.shape,
        strides: base.strides,
        suboffsets: base.suboffsets,
        internal: base.internal,
    };
    if wants(request::WRITABLE) && base.readonly != 0 {
        bail!(BufferError, "memoryview: underlying buffer is not writable");
    }
    if !wants(request::FORMAT) {
        v.format = std::ptr::null_mut();
    }
    if wants(request::C_CONTIGUOUS) && !this.has(C_ORDER) {
        bail!(BufferError, "memoryview: underlying buffer is not C-contiguous");
    }
    if wants(request::F_CONTIGUOUS) && !this.has(F_ORDER) {
        bail!(BufferError, "memoryview: underlying buffer is not Fortran contiguous");
    }
    if wants(request::ANY_CONTIGUOUS) && !this.has(C_ORDER | F_ORDER) {
        bail!(BufferError, "memoryview: underlying buffer is not contiguous");
    }
    if !wants(request::INDIRECT) && this.has(POINTERS) {
        bail!(BufferError, "memoryview: underlying buffer requires suboffsets");
    }
    if !wants(request::STRIDES) {
        if !this.has(C_ORDER) {
            bail!(BufferError, "memoryview: underlying buffer is not C-contiguous");
        }
        v.strides = std::ptr::null_mut();
    }
    if !wants(request::ND) {
        if !v.format.is_null() {
            bail!(BufferError, "memoryview: cannot cast to unsigned bytes if the format flag is present");
        }
        v.ndim = 1;
        v.shape = std::ptr::null_mut();
    }
    v.obj = Some(o.to_obj());
    this.exports.set(this.exports.get() + 1);
    // SAFETY: the protocol passes a view to fill.
    unsafe { view.write(v) };
    Ok(())
}

extern "C" fn memory_releasebuffer(o: &Object, _: *mut RawBuffer) {
    let v: &MemoryView = o.cast();
    v.exports.set(v.exports.get() - 1);
}

/// The types of this module, bases first.
pub static TYPES: &[&Type] =
    &[&_PyManagedBuffer_Type, &PyMemoryView_Type, &methods::_PyMemoryIter_Type, &python::_PyBufferWrapper_Type];
