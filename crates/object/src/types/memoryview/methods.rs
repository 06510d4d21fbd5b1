//! Methods and attributes of views, their iterator, and the type.

use super::item::{native_format, unpack};
use super::{
    C_ORDER, F_ORDER, MemoryView, WEAKLIST_OFFSET, compare, index, memory_clear, memory_dealloc, memory_getbuffer,
    memory_releasebuffer, memory_traverse,
};
use crate::args::Given;
use crate::args::{CallArgs, with_tuple_args};
use crate::buffer::{RawBuffer, c_strides, follow};
use crate::error::{PyResult, status_len, to_iternext};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::protocol::compare::CompareOp;
use crate::typeobj::slots::{BufferProcs, MappingMethods, SequenceMethods, Slot, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::bytes::{Bytes, hex};
use crate::types::int::Int;
use crate::types::list::List;
use crate::types::none;
use crate::types::str::Str;
use crate::types::str::iter::self_iter;
use crate::types::str::search::clip;
use crate::types::tuple::Tuple;
use crate::{bail, classmethod, getset, getsets, layout, method, methods, raise};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};

fn from_call(args: CallArgs<'_>) -> PyResult<Ref<MemoryView>> {
    let (given, kw) = (args.positional(), args.keywords());
    let total = given.len() + kw.len();
    if total > 1 {
        bail!(TypeError, "memoryview() takes at most 1 argument ({total} given)");
    }
    let object = match (given.first(), kw.iter().next()) {
        (Some(o), _) => o,
        (None, Some((name, o))) if name.eq_str("object") => o,
        (None, Some((name, _))) => {
            bail!(
                TypeError,
                "memoryview() missing required argument 'object' (pos 1): got an unexpected keyword argument '{}'",
                name.display()
            )
        }
        (None, None) => bail!(TypeError, "memoryview() missing required argument 'object' (pos 1)"),
    };
    MemoryView::new(object)
}

extern "C" fn memory_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("memoryview", args, kwargs, from_call).map(Ref::into_obj)
}

extern "C" fn memory_repr(o: &Object) -> PyResult {
    let kind = if o.cast::<MemoryView>().is_released() { "released memory" } else { "memory" };
    Ok(Str::from_utf8(&format!("<{kind} at {:p}>", o.as_ptr())).into_obj())
}

extern "C" fn length(o: &Object) -> isize {
    let this: &MemoryView = o.cast();
    status_len(this.check_released().and_then(|()| match this.raw().shape().first() {
        Some(&n) => Ok(n),
        None => Err(raise!(TypeError, "0-dim memory has no length")),
    }))
}

/// A view of the memory that object exports under the given flags.
#[classmethod(signature = "(object, flags)", shown = "(/, object, flags)")]
fn _from_flags(_cls: &Type, object: &Object, flags: c_int) -> PyResult<Ref<MemoryView>> {
    MemoryView::with_request(object, flags)
}

/// Give the memory back.
#[method(signature = "()", name = "release")]
fn release_view(this: &MemoryView) -> PyResult<()> {
    this.release()
}

/// The view itself, to be released at the end of the with statement.
#[method(signature = "()")]
fn __enter__(this: &MemoryView) -> PyResult<Ref<MemoryView>> {
    this.check_released()?;
    Ok(Ref::from_borrowed(this))
}

/// Give the memory back.
#[method(signature = "(*exc_info)")]
fn __exit__(this: &MemoryView, exc_info: &[&Object]) -> PyResult<()> {
    let _ = exc_info;
    this.release()
}

/// A read-only view of the same memory.
#[method(signature = "()")]
fn toreadonly(this: &MemoryView) -> PyResult<Ref<MemoryView>> {
    this.check_released()?;
    this.check_restricted()?;
    let v = this.same()?;
    // SAFETY: nobody has seen the new view yet.
    unsafe { (*v.view.get()).readonly = 1 };
    Ok(v)
}

/// The content as bytes, in C order ('C' or None), Fortran order ('F'), or as it lies in memory ('A').
#[method(signature = "(order='C')")]
fn tobytes(this: &MemoryView, order: Option<&str>) -> PyResult<Ref<Bytes>> {
    this.check_released()?;
    let fortran = match order {
        None | Some("C") => false,
        Some("F") => true,
        Some("A") => this.has(F_ORDER) && !this.has(C_ORDER),
        Some(_) => bail!(ValueError, "order must be 'C', 'F' or 'A'"),
    };
    Bytes::try_new(&this.raw().to_contiguous(fortran)?)
}

/// The content as text of hexadecimal digits, perhaps with a separator between groups.
#[method(signature = "(sep=None, bytes_per_sep=1)", shown = "(sep=<unrepresentable>, bytes_per_sep=1)", name = "hex")]
fn hex_text(this: &MemoryView, sep: Given<&Object>, bytes_per_sep: c_int) -> PyResult<Ref<Str>> {
    this.check_released()?;
    // Asking for the separator may try to release the view.
    let _pin = crate::types::bytes::shared::Pin::new(&this.exports);
    hex::hex_str(&this.raw().to_contiguous(false)?, sep, bytes_per_sep as isize)
}

/// The items as lists within lists.
#[method(signature = "()")]
fn tolist(this: &MemoryView) -> PyResult {
    this.check_released()?;
    let v = this.raw();
    let format = v.item_format()?;
    // SAFETY: the view describes its memory truthfully.
    unsafe { nested(v.buf.cast(), v.shape(), v.strides(), v.suboffsets(), format) }
}

/// # Safety
/// The arguments describe memory truthfully.
unsafe fn nested(p: *mut u8, shape: &[isize], strides: &[isize], suboffsets: &[isize], format: u8) -> PyResult {
    // SAFETY: the caller's promise.
    unsafe {
        let (Some((&n, shape)), Some((&stride, strides))) = (shape.split_first(), strides.split_first()) else {
            return unpack(p, format);
        };
        let mut items: Vec<Obj> = Vec::with_capacity(n.max(0) as usize);
        for i in 0..n {
            let q = follow(p.wrapping_offset(i * stride), suboffsets.first().copied());
            items.push(nested(q, shape, strides, suboffsets.get(1..).unwrap_or(&[]), format)?);
        }
        Ok(List::from_vec(items).into_obj())
    }
}

/// Format strings with the life of the process, for views made by `cast`.
fn static_format(c: u8, at: bool) -> *mut c_char {
    static FORMATS: [[u8; 3]; 128] = {
        let mut a = [[0; 3]; 128];
        let mut i = 0;
        while i < 128 {
            a[i] = [b'@', i as u8, 0];
            i += 1;
        }
        a
    };
    FORMATS[(c & 0x7F) as usize][usize::from(!at)..].as_ptr() as *mut c_char
}

/// A view of the same memory with items of another format, and perhaps another shape.
#[method(signature = "(format, shape=None)", shown = "(format, shape=<unrepresentable>)")]
fn cast(this: &MemoryView, format: &Object, shape: Given<&Object>) -> PyResult<Ref<MemoryView>> {
    this.check_released()?;
    this.check_restricted()?;
    let Some(format) = format.downcast::<Str>() else {
        bail!(
            TypeError,
            "cast() argument 'format' must be str, not {}",
            if format.is_none() { "None" } else { format.ty().name_str() }
        );
    };
    let v = this.raw();
    if !this.has(C_ORDER) {
        bail!(TypeError, "memoryview: casts are restricted to C-contiguous views");
    }
    if (shape.0.is_some() || v.ndim() != 1) && v.shape().contains(&0) {
        bail!(TypeError, "memoryview: cannot cast view with zeros in shape or strides");
    }
    let dims: Option<Vec<Obj>> = match shape.0 {
        None => None,
        Some(s) => match (s.downcast::<List>(), s.downcast::<Tuple>()) {
            (Some(l), _) => Some(l.snapshot()),
            (_, Some(t)) => Some(t.items().to_vec()),
            _ => bail!(TypeError, "shape must be a list or a tuple"),
        },
    };
    if let Some(dims) = &dims {
        if dims.len() > crate::buffer::MAX_NDIM {
            bail!(ValueError, "memoryview: number of dimensions must not exceed 64");
        }
        if v.ndim() != 1 && dims.len() != 1 {
            bail!(TypeError, "memoryview: cast must be 1D -> ND or ND -> 1D");
        }
    }
    let text = crate::codecs::encode_ascii_strict(format)?;
    let dest = std::ffi::CString::new(text).ok().and_then(|f| native_format(&f).map(|n| (n, f.to_bytes().len() == 2)));
    let Some(((c, itemsize), at)) = dest else {
        bail!(
            ValueError,
            "memoryview: destination format must be a native single character format prefixed with an optional '@'"
        );
    };
    let is_byte = |c: u8| matches!(c, b'b' | b'B' | b'c');
    if !is_byte(c) && !native_format(v.format()).is_some_and(|(s, _)| is_byte(s)) {
        bail!(TypeError, "memoryview: cannot cast between two non-byte formats");
    }
    if v.len % itemsize != 0 {
        bail!(TypeError, "memoryview: length is not a multiple of itemsize");
    }
    let new_shape: Vec<isize> = match &dims {
        None => vec![v.len / itemsize],
        Some(dims) => {
            let mut out = Vec::with_capacity(dims.len());
            let mut product = itemsize;
            for d in dims {
                let Some(n) = d.downcast::<Int>() else {
                    bail!(TypeError, "memoryview.cast(): elements of shape must be integers");
                };
                let Some(n) = n.to_i64().filter(|&n| n > 0) else {
                    bail!(ValueError, "memoryview.cast(): elements of shape must be integers > 0");
                };
                let Some(p) = product.checked_mul(n as isize) else {
                    bail!(ValueError, "memoryview.cast(): product(shape) > SSIZE_MAX");
                };
                product = p;
                out.push(n as isize);
            }
            if product != v.len {
                bail!(TypeError, "memoryview: product(shape) * itemsize != buffer size");
            }
            out
        }
    };
    let src = RawBuffer {
        buf: v.buf,
        obj: None,
        len: v.len,
        itemsize,
        readonly: v.readonly,
        ndim: new_shape.len() as c_int,
        format: static_format(c, at),
        shape: std::ptr::null_mut(),
        strides: std::ptr::null_mut(),
        suboffsets: std::ptr::null_mut(),
        internal: v.internal,
    };
    let strides = c_strides(&new_shape, itemsize);
    MemoryView::build(this.managed(), &src, &new_shape, &strides, &[])
}

/// How many items equal the value.
#[method(signature = "(value, /)")]
fn count(this: &MemoryView, value: &Object) -> PyResult<usize> {
    let mut n = 0;
    crate::protocol::iter::for_each(this, |x| {
        n += usize::from(x.is(value) || x.rich_compare_bool(value, CompareOp::Eq)?);
        Ok(())
    })?;
    Ok(n)
}

/// The index of the first item that equals the value; ValueError if there is none.
#[method(signature = "(value, start=0, stop=sys.maxsize, /)", name = "index")]
fn index_of(this: &MemoryView, value: &Object, start: isize, stop: isize) -> PyResult<usize> {
    this.check_released()?;
    match this.raw().ndim() {
        0 => bail!(TypeError, "invalid lookup on 0-dim memory"),
        1 => {}
        _ => bail!(NotImplementedError, "multi-dimensional lookup is not implemented"),
    }
    let n = this.raw().shape()[0].max(0) as usize;
    let (a, b) = clip(Some(start), Some(stop), n);
    for i in a..b {
        let x = index::item(this, i as isize)?;
        if x.is(value) || x.rich_compare_bool(value, CompareOp::Eq)? {
            return Ok(i);
        }
    }
    bail!(ValueError, "memoryview.index(x): x not found")
}

/// memoryview[T] as a type annotation.
#[classmethod(signature = "(object, /)")]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

fn numbers(v: &[isize]) -> Ref<Tuple> {
    Tuple::from_vec(v.iter().map(|&n| Int::from_i64(n as i64).into_obj()).collect())
}

fn get_obj(this: &MemoryView) -> PyResult {
    this.check_released()?;
    Ok(this.raw().obj.as_ref().map_or_else(|| none::none().to_obj(), Obj::clone))
}
fn get_nbytes(this: &MemoryView) -> PyResult<isize> {
    this.check_released()?;
    Ok(this.raw().len)
}
fn get_format(this: &MemoryView) -> PyResult<Ref<Str>> {
    this.check_released()?;
    Ok(Str::from_utf8(&CStr::to_string_lossy(this.raw().format())))
}
fn get_itemsize(this: &MemoryView) -> PyResult<isize> {
    this.check_released()?;
    Ok(this.raw().itemsize)
}
fn get_readonly(this: &MemoryView) -> PyResult<bool> {
    this.check_released()?;
    Ok(this.raw().readonly != 0)
}
fn get_ndim(this: &MemoryView) -> PyResult<usize> {
    this.check_released()?;
    Ok(this.raw().ndim())
}
fn get_shape(this: &MemoryView) -> PyResult<Ref<Tuple>> {
    this.check_released()?;
    Ok(numbers(this.raw().shape()))
}
fn get_strides(this: &MemoryView) -> PyResult<Ref<Tuple>> {
    this.check_released()?;
    Ok(numbers(this.raw().strides()))
}
fn get_suboffsets(this: &MemoryView) -> PyResult<Ref<Tuple>> {
    this.check_released()?;
    Ok(numbers(this.raw().suboffsets()))
}
fn get_c_contiguous(this: &MemoryView) -> PyResult<bool> {
    this.check_released()?;
    Ok(this.has(C_ORDER))
}
fn get_f_contiguous(this: &MemoryView) -> PyResult<bool> {
    this.check_released()?;
    Ok(this.has(F_ORDER))
}
fn get_contiguous(this: &MemoryView) -> PyResult<bool> {
    this.check_released()?;
    Ok(this.has(C_ORDER | F_ORDER))
}

/// The iterator of views of one dimension.
#[repr(C)]
pub struct MemoryIter {
    /// The head.
    pub ob_base: Object,
    seq: ObjCell,
    index: Cell<isize>,
    format: u8,
}

layout!(MemoryIter, _PyMemoryIter_Type);

extern "C" fn memory_iter(o: &Object) -> PyResult {
    let this: &MemoryView = o.cast();
    this.check_released()?;
    match this.raw().ndim() {
        0 => bail!(TypeError, "invalid indexing of 0-dim memory"),
        1 => {}
        _ => bail!(NotImplementedError, "multi-dimensional sub-views are not implemented"),
    }
    let format = this.raw().item_format()?;
    let body =
        MemoryIter { ob_base: Object::placeholder(), seq: ObjCell::new(o.to_obj()), index: Cell::new(0), format };
    Ok(crate::alloc::new_object(body).into_obj())
}

extern "C" fn iter_next(o: &Object) -> Option<Obj> {
    let it: &MemoryIter = o.cast();
    let this: &MemoryView = it.seq.get()?.cast();
    to_iternext((|| {
        let i = it.index.get();
        if i < this.raw().shape().first().copied().unwrap_or(0) {
            it.index.set(i + 1);
            this.check_released()?;
            let p = this.item_address(i)?;
            // SAFETY: an item of the view's format lies there.
            return unsafe { unpack(p, it.format) }.map(Some);
        }
        it.seq.set(None);
        Ok(None)
    })())
}

extern "C" fn iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<MemoryIter>().seq.get().map_or(0, |s| visit(s, arg))
}

/// The type of iterators over views.
#[unsafe(no_mangle)]
pub static _PyMemoryIter_Type: Type = Type::new_static(TypeDef {
    name: c"memory_iterator",
    basicsize: size_of::<MemoryIter>(),
    flags: flags::HAVE_GC,
    dealloc: Some(crate::alloc::dealloc_of::<MemoryIter>),
    traverse: Some(iter_traverse),
    iter: Some(self_iter),
    iternext: Some(iter_next),
    ..TypeDef::EMPTY
});

static AS_SEQUENCE: SequenceMethods =
    SequenceMethods { length: Slot::new(length), item: Slot::new(index::item), ..SequenceMethods::EMPTY };
static AS_MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(length),
    subscript: Slot::new(index::subscript),
    ass_subscript: Slot::new(index::ass_subscript),
};
static AS_BUFFER: BufferProcs =
    BufferProcs { getbuffer: Slot::new(memory_getbuffer), releasebuffer: Slot::new(memory_releasebuffer) };

/// The type `memoryview`.
#[unsafe(no_mangle)]
pub static PyMemoryView_Type: Type = Type::new_static(TypeDef {
    name: c"memoryview",
    basicsize: size_of::<MemoryView>(),
    itemsize: size_of::<isize>(),
    flags: flags::HAVE_GC | flags::SEQUENCE,
    doc: Some(c"memoryview(object)\n--\n\nA view of the memory that an object exports, without a copy."),
    dealloc: Some(memory_dealloc),
    repr: Some(memory_repr),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    as_buffer: Some(&AS_BUFFER),
    hash: Some(compare::hash),
    richcompare: Some(compare::richcompare),
    traverse: Some(memory_traverse),
    clear: Some(memory_clear),
    weaklistoffset: WEAKLIST_OFFSET,
    iter: Some(memory_iter),
    methods: methods![
        release_view,
        tobytes,
        hex_text,
        tolist,
        cast,
        toreadonly,
        _from_flags,
        count,
        index_of,
        __enter__,
        __exit__,
        __class_getitem__,
    ],
    getset: getsets![
        getset!(c"obj", get_obj; c"The exporter."),
        getset!(c"nbytes", get_nbytes; c"The size of all items together, in bytes."),
        getset!(c"readonly", get_readonly; c"Whether the memory may only be read."),
        getset!(c"itemsize", get_itemsize; c"The size of an item, in bytes."),
        getset!(c"format", get_format; c"The format of an item, as struct writes it."),
        getset!(c"ndim", get_ndim; c"The number of dimensions."),
        getset!(c"shape", get_shape; c"The lengths of the dimensions."),
        getset!(c"strides", get_strides; c"The distances in bytes from one item to the next, for each dimension."),
        getset!(c"suboffsets", get_suboffsets; c"Offsets behind pointers, for memory with pointers in it."),
        getset!(c"c_contiguous", get_c_contiguous; c"Whether the items lie side by side in C order."),
        getset!(c"f_contiguous", get_f_contiguous; c"Whether the items lie side by side in Fortran order."),
        getset!(c"contiguous", get_contiguous; c"Whether the items lie side by side."),
    ],
    new: Some(memory_new),
    ..TypeDef::EMPTY
});
