//! Subscription of views: items, slices, assignment.

use super::MemoryView;
use super::item::unpack;
use crate::bail;
use crate::buffer::{FullBuffer, RawBuffer, follow, gather, request, scatter};
use crate::error::{PyResult, status};
use crate::header::{Object, Ref};
use crate::protocol::number::has_index;
use crate::types::exceptions;
use crate::types::slice::Slice;
use crate::types::tuple::Tuple;
use std::ffi::c_int;

fn is_ellipsis(key: &Object) -> bool {
    key.ty().short_name() == "ellipsis"
}

/// What a subscript is.
enum Key<'a> {
    Index(isize),
    Slice(&'a Slice),
    Multi(Vec<isize>),
    MultiSlice,
    Other,
}

fn classify(key: &Object) -> PyResult<Key<'_>> {
    if has_index(key) {
        return Ok(Key::Index(key.index_as_isize(Some(exceptions::IndexError))?));
    }
    if let Some(s) = key.downcast::<Slice>() {
        return Ok(Key::Slice(s));
    }
    if let Some(t) = key.downcast::<Tuple>() {
        if t.items().iter().all(|k| has_index(k)) {
            let indices =
                t.items().iter().map(|k| k.index_as_isize(Some(exceptions::IndexError))).collect::<PyResult<_>>()?;
            return Ok(Key::Multi(indices));
        }
        if !t.is_empty() && t.items().iter().all(|k| k.downcast::<Slice>().is_some()) {
            return Ok(Key::MultiSlice);
        }
    }
    Ok(Key::Other)
}

impl MemoryView {
    /// The address of item `i` of dimension `dim`, seen from `p`.
    fn step_into(&self, p: *mut u8, dim: usize, i: isize) -> PyResult<*mut u8> {
        let v = self.raw();
        let n = v.shape()[dim];
        let at = if i < 0 { i.wrapping_add(n) } else { i };
        if at < 0 || at >= n {
            bail!(IndexError, "index out of bounds on dimension {}", dim + 1);
        }
        // SAFETY: the index is in range, and the view describes its memory truthfully.
        Ok(unsafe { follow(p.offset(at * v.strides()[dim]), v.suboffsets().get(dim).copied()) })
    }

    /// The address of an item of a view of one dimension.
    pub(crate) fn item_address(&self, i: isize) -> PyResult<*mut u8> {
        self.step_into(self.raw().buf.cast(), 0, i)
    }

    fn multi_address(&self, indices: &[isize]) -> PyResult<*mut u8> {
        let ndim = self.raw().ndim();
        if indices.len() > ndim {
            bail!(TypeError, "cannot index {ndim}-dimension view with {}-element tuple", indices.len());
        }
        let mut p = self.raw().buf.cast();
        for (dim, &i) in indices.iter().enumerate() {
            p = self.step_into(p, dim, i)?;
        }
        Ok(p)
    }

    /// The view cut down along its first dimension.
    fn sliced(&self, slice: &Slice) -> PyResult<Ref<MemoryView>> {
        let n = self.raw().shape()[0].max(0) as usize;
        let r = slice.indices(n)?;
        self.check_released()?;
        let v = self.raw();
        let (mut shape, mut strides, mut sub) = (v.shape().to_vec(), v.strides().to_vec(), v.suboffsets().to_vec());
        let shift = strides[0] * r.start;
        // Only empty slices may start outside; their address is never read.
        let buf = v.buf.cast::<u8>().wrapping_offset(shift);
        shape[0] = r.len as isize;
        strides[0] = strides[0].wrapping_mul(r.step);
        if sub.iter().all(|&s| s < 0) {
            sub.clear();
        }
        let src = RawBuffer {
            buf: buf.cast(),
            obj: None,
            len: shape.iter().product::<isize>() * v.itemsize,
            itemsize: v.itemsize,
            readonly: v.readonly,
            ndim: v.ndim,
            format: v.format,
            shape: std::ptr::null_mut(),
            strides: std::ptr::null_mut(),
            suboffsets: std::ptr::null_mut(),
            internal: v.internal,
        };
        MemoryView::build(self.managed(), &src, &shape, &strides, &sub)
    }
}

pub(super) extern "C" fn item(o: &Object, i: isize) -> PyResult {
    let this: &MemoryView = o.cast();
    this.check_released()?;
    let v = this.raw();
    let format = v.item_format()?;
    match v.ndim() {
        0 => bail!(TypeError, "invalid indexing of 0-dim memory"),
        1 => {
            let p = this.item_address(i)?;
            // SAFETY: an item lies there.
            unsafe { unpack(p, format) }
        }
        _ => bail!(NotImplementedError, "multi-dimensional sub-views are not implemented"),
    }
}

pub(super) extern "C" fn subscript(o: &Object, key: &Object) -> PyResult {
    let this: &MemoryView = o.cast();
    this.check_released()?;
    if this.raw().ndim() == 0 {
        if key.downcast::<Tuple>().is_some_and(|t| t.is_empty()) {
            let format = this.raw().item_format()?;
            // SAFETY: the only item lies at the start.
            return unsafe { unpack(this.raw().buf.cast(), format) };
        }
        if is_ellipsis(key) {
            return Ok(o.to_obj());
        }
        bail!(TypeError, "invalid indexing of 0-dim memory");
    }
    let key = classify(key)?;
    this.check_released()?;
    match key {
        Key::Index(i) => item(o, i),
        Key::Slice(s) => {
            this.check_restricted()?;
            this.sliced(s).map(Ref::into_obj)
        }
        Key::Multi(indices) => {
            let format = this.raw().item_format()?;
            if indices.len() < this.raw().ndim() {
                bail!(NotImplementedError, "sub-views are not implemented");
            }
            let p = this.multi_address(&indices)?;
            // SAFETY: an item lies there.
            unsafe { unpack(p, format) }
        }
        Key::MultiSlice => bail!(NotImplementedError, "multi-dimensional slicing is not implemented"),
        Key::Other => bail!(TypeError, "memoryview: invalid slice key"),
    }
}

pub(super) extern "C" fn ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status(assign(o.cast(), key, value))
}

fn assign(this: &MemoryView, key: &Object, value: Option<&Object>) -> PyResult<()> {
    this.check_released()?;
    let format = this.raw().item_format()?;
    if this.raw().readonly != 0 {
        bail!(TypeError, "cannot modify read-only memory");
    }
    let Some(value) = value else { bail!(TypeError, "cannot delete memory") };
    if this.raw().ndim() == 0 {
        if is_ellipsis(key) || key.downcast::<Tuple>().is_some_and(|t| t.is_empty()) {
            // SAFETY: the only item lies at the start.
            return unsafe { this.store(this.raw().buf.cast(), value, format) };
        }
        bail!(TypeError, "invalid indexing of 0-dim memory");
    }
    let key = classify(key)?;
    this.check_released()?;
    match key {
        Key::Index(i) => {
            if this.raw().ndim() > 1 {
                bail!(NotImplementedError, "sub-views are not implemented");
            }
            let p = this.item_address(i)?;
            // SAFETY: an item lies there.
            unsafe { this.store(p, value, format) }
        }
        Key::Slice(s) if this.raw().ndim() == 1 => assign_slice(this, s, value),
        Key::Multi(indices) => {
            if indices.len() < this.raw().ndim() {
                bail!(NotImplementedError, "sub-views are not implemented");
            }
            let p = this.multi_address(&indices)?;
            // SAFETY: an item lies there.
            unsafe { this.store(p, value, format) }
        }
        Key::Slice(_) | Key::MultiSlice => {
            bail!(NotImplementedError, "memoryview slice assignments are currently restricted to ndim = 1")
        }
        Key::Other => bail!(TypeError, "memoryview: invalid slice key"),
    }
}

fn assign_slice(this: &MemoryView, slice: &Slice, value: &Object) -> PyResult<()> {
    let src = FullBuffer::get(value, request::FULL_RO)?;
    this.check_released()?;
    let dest = this.sliced(slice)?;
    let (d, s) = (dest.raw(), src.raw());
    let shape_of = |v: &RawBuffer| match v.shape() {
        [] if v.ndim() == 1 => vec![v.len / v.itemsize.max(1)],
        x => x.to_vec(),
    };
    let plain = |f: &std::ffi::CStr| f.to_bytes().strip_prefix(b"@").unwrap_or(f.to_bytes()).to_vec();
    if plain(d.format()) != plain(s.format())
        || d.itemsize != s.itemsize
        || d.ndim != s.ndim
        || shape_of(d) != shape_of(s)
    {
        bail!(ValueError, "memoryview assignment: lvalue and rvalue have different structures");
    }
    let mut items = Vec::new();
    items.try_reserve_exact(s.len.max(0) as usize).map_err(|_| crate::error::no_memory())?;
    // SAFETY: both views describe their memory truthfully and have as many items; the copy between makes overlap harmless.
    unsafe {
        let strides = s.effective_strides();
        let strides = if strides.is_empty() { vec![s.itemsize] } else { strides };
        gather(s.buf.cast(), &shape_of(s), &strides, s.suboffsets(), s.itemsize, &mut items);
        scatter(d.buf.cast(), d.shape(), d.strides(), d.suboffsets(), d.itemsize, &mut &items[..]);
    }
    Ok(())
}
