//! The module `_testbuffer`: arrays of any shape, stride and order, which export their memory as asked.
//!
//! An array has a stack of layouts ([`Base`]): either its own memory, or a view of another exporter. A layout lives as long as somebody
//! has a view of it, also when another one was pushed since.

use crate::buffer_functions::*;
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char, c_int};
use std::rc::Rc;
use taipan_object::alloc::{self, dealloc_of, new_instance, new_object};
use taipan_object::buffer::{self, FullBuffer, MAX_NDIM, RawBuffer, c_strides, request};
use taipan_object::error::{no_memory, status};
use taipan_object::native::{bind, optional, required, signature};
use taipan_object::protocol::number::has_index;
use taipan_object::typeobj::slots::{BufferProcs, MappingMethods, SequenceMethods, Slot};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none::{ellipsis, none_obj};
use taipan_object::types::slice::{self, Slice};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, Object, PyResult, Ref, Type, TypeDef, bail, getset, getsets, intern, layout, method, methods,
};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_testbuffer",
    doc: "Exporters of memory of every layout.",
    methods: methods![
        cmp_contig,
        get_contiguous,
        get_pointer,
        get_sizeof_void_p,
        is_contiguous,
        py_buffer_to_contiguous,
        slice_indices,
    ],
    exec,
};

/// The layout may change while views are out.
const VAREXPORT: c_int = 0x001;
const WRITABLE: c_int = 0x002;
const FORTRAN: c_int = 0x004;
const SCALAR: c_int = 0x008;
/// The first dimension goes through pointers.
const PIL: c_int = 0x010;
/// Requests go to the exporter behind.
const REDIRECT: c_int = 0x020;
const GETBUF_FAIL: c_int = 0x040;
const GETBUF_UNDEFINED: c_int = 0x080;
const C_ORDER: c_int = 0x100;
const ND_MAX_NDIM: usize = 2 * MAX_NDIM;

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&NDARRAY_TYPE)?;
    m.add_type(&STATICARRAY_TYPE)?;
    let numbers: [(&str, c_int); 28] = [
        ("ND_MAX_NDIM", ND_MAX_NDIM as c_int),
        ("ND_VAREXPORT", VAREXPORT),
        ("ND_WRITABLE", WRITABLE),
        ("ND_FORTRAN", FORTRAN),
        ("ND_SCALAR", SCALAR),
        ("ND_PIL", PIL),
        ("ND_GETBUF_FAIL", GETBUF_FAIL),
        ("ND_GETBUF_UNDEFINED", GETBUF_UNDEFINED),
        ("ND_REDIRECT", REDIRECT),
        ("PyBUF_SIMPLE", request::SIMPLE),
        ("PyBUF_WRITABLE", request::WRITABLE),
        ("PyBUF_FORMAT", request::FORMAT),
        ("PyBUF_ND", request::ND),
        ("PyBUF_STRIDES", request::STRIDES),
        ("PyBUF_INDIRECT", request::INDIRECT),
        ("PyBUF_C_CONTIGUOUS", request::C_CONTIGUOUS),
        ("PyBUF_F_CONTIGUOUS", request::F_CONTIGUOUS),
        ("PyBUF_ANY_CONTIGUOUS", request::ANY_CONTIGUOUS),
        ("PyBUF_FULL", request::FULL),
        ("PyBUF_FULL_RO", request::FULL_RO),
        ("PyBUF_RECORDS", request::STRIDES | request::WRITABLE | request::FORMAT),
        ("PyBUF_RECORDS_RO", request::STRIDES | request::FORMAT),
        ("PyBUF_STRIDED", request::STRIDES | request::WRITABLE),
        ("PyBUF_STRIDED_RO", request::STRIDES),
        ("PyBUF_CONTIG", request::CONTIG),
        ("PyBUF_CONTIG_RO", request::CONTIG_RO),
        ("PyBUF_READ", request::READ),
        ("PyBUF_WRITE", request::WRITE),
    ];
    numbers.iter().try_for_each(|(name, n)| m.add_int(name, *n as i64))
}

// Layouts.

/// One layout of an array.
pub(crate) struct Base {
    /// The array's own memory, null for a view of another exporter.
    data: Cell<*mut u8>,
    data_len: Cell<isize>,
    offset: Cell<isize>,
    flags: Cell<c_int>,
    exports: Cell<isize>,
    /// What is shown; its pointers lead into the fields below or into `source`.
    pub(crate) raw: RefCell<RawBuffer>,
    format: RefCell<Option<CString>>,
    shape: RefCell<Option<Box<[isize]>>>,
    strides: RefCell<Option<Box<[isize]>>>,
    suboffsets: RefCell<Option<Box<[isize]>>>,
    /// The view of the other exporter.
    source: RefCell<Option<Box<RawBuffer>>>,
}

impl Drop for Base {
    fn drop(&mut self) {
        if let Some(mut view) = self.source.take() {
            buffer::release(&mut view);
        }
        // SAFETY: the block is the layout's own, or null.
        unsafe { alloc::free(self.data.get()) };
    }
}

/// The same view without the reference to its exporter.
fn borrowed(view: &RawBuffer) -> RawBuffer {
    RawBuffer {
        buf: view.buf,
        obj: None,
        len: view.len,
        itemsize: view.itemsize,
        readonly: view.readonly,
        ndim: view.ndim,
        format: view.format,
        shape: view.shape,
        strides: view.strides,
        suboffsets: view.suboffsets,
        internal: view.internal,
    }
}

fn keep(place: &RefCell<Option<Box<[isize]>>>, values: Vec<isize>) -> *mut isize {
    let mut values = values.into_boxed_slice();
    let p = values.as_mut_ptr();
    *place.borrow_mut() = Some(values);
    p
}

impl Base {
    fn empty(flags: c_int) -> Base {
        Base {
            data: Cell::new(std::ptr::null_mut()),
            data_len: Cell::new(-1),
            offset: Cell::new(-1),
            flags: Cell::new(flags),
            exports: Cell::new(0),
            raw: RefCell::new(RawBuffer::empty()),
            format: RefCell::default(),
            shape: RefCell::default(),
            strides: RefCell::default(),
            suboffsets: RefCell::default(),
            source: RefCell::default(),
        }
    }

    /// A view of another exporter.
    fn consumer(exporter: &Object, flags: c_int) -> PyResult<Base> {
        let mut view = Box::new(RawBuffer::empty());
        buffer::get(exporter, &mut view, flags)?;
        let base = Base::empty(if view.readonly != 0 { 0 } else { WRITABLE });
        *base.raw.borrow_mut() = borrowed(&view);
        *base.source.borrow_mut() = Some(view);
        Ok(base)
    }

    fn has(&self, bit: c_int) -> bool {
        self.flags.get() & bit != 0
    }
    fn add(&self, bits: c_int) {
        self.flags.set(self.flags.get() | bits);
    }
    fn is_c(&self) -> bool {
        self.has(SCALAR | C_ORDER)
    }
    fn is_fortran(&self) -> bool {
        self.has(SCALAR | FORTRAN)
    }

    /// Notes what the layout turned out to be.
    fn init_flags(&self) {
        let raw = self.raw.borrow();
        if raw.ndim == 0 {
            self.add(SCALAR);
        }
        if !raw.suboffsets.is_null() {
            self.add(PIL);
        }
        if raw.is_contiguous('C') {
            self.add(C_ORDER);
        }
        if raw.is_contiguous('F') {
            self.add(FORTRAN);
        }
    }

    /// Copies the arrays of the view, to be changed.
    fn own_arrays(&self) {
        let mut raw = self.raw.borrow_mut();
        let (shape, strides) = (raw.shape().to_vec(), raw.effective_strides());
        raw.shape = keep(&self.shape, shape);
        raw.strides = keep(&self.strides, strides);
        if !raw.suboffsets.is_null() {
            let suboffsets = raw.suboffsets().to_vec();
            raw.suboffsets = keep(&self.suboffsets, suboffsets);
        }
    }

    /// Takes a slice of one dimension; the arrays are the layout's own.
    fn cut(&self, key: &Slice, dim: usize) -> PyResult<()> {
        let bounds = key.unpack()?;
        let mut raw = self.raw.borrow_mut();
        let mut shape = self.shape.borrow_mut();
        let mut strides = self.strides.borrow_mut();
        let (Some(shape), Some(strides)) = (shape.as_mut(), strides.as_mut()) else { return Ok(()) };
        if dim >= shape.len() {
            bail!(TypeError, "too many indices");
        }
        let range = slice::adjust(bounds, shape[dim].max(0) as usize);
        let step = strides[dim] * range.start;
        let mut suboffsets = self.suboffsets.borrow_mut();
        // Behind a pointer the start is added after it was followed.
        let pointer = suboffsets.as_mut().and_then(|s| (0..dim).rev().find(|&i| s[i] >= 0).map(|i| &mut s[i]));
        match pointer {
            Some(s) => *s += step,
            None => raw.buf = raw.buf.wrapping_byte_offset(step),
        }
        shape[dim] = range.len as isize;
        strides[dim] *= range.step;
        Ok(())
    }

    fn set_len(&self) {
        let mut raw = self.raw.borrow_mut();
        raw.len = raw.shape().iter().product::<isize>() * raw.itemsize;
    }
}

pub(crate) fn in_list(o: &Object, what: &str) -> PyResult<Vec<Obj>> {
    if o.downcast::<List>().is_none() && o.downcast::<Tuple>().is_none() {
        bail!(TypeError, "{what} must be a list or a tuple");
    }
    Ok(o.to_tuple()?.items().to_vec())
}

fn numbers(items: &[Obj], what: &str, negative: bool) -> PyResult<Vec<isize>> {
    let number = |o: &Obj| {
        if o.downcast::<Int>().is_none() {
            bail!(ValueError, "elements of {what} must be integers");
        }
        let n = o.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?;
        if n < 0 && !negative {
            bail!(ValueError, "elements of {what} must be integers >= 0");
        }
        Ok(n)
    };
    items.iter().map(number).collect()
}

fn fortran_strides(shape: &[isize], itemsize: isize) -> Vec<isize> {
    let mut step = itemsize;
    let stride = |n: &isize| {
        let s = step;
        step *= n;
        s
    };
    shape.iter().map(stride).collect()
}

/// Whether all indices lead into `len` bytes.
fn check_structure(len: isize, itemsize: isize, offset: isize, shape: &[isize], strides: &[isize]) -> PyResult<()> {
    if strides.iter().any(|s| s % itemsize != 0) {
        bail!(ValueError, "strides must be a multiple of itemsize");
    }
    if shape.contains(&0) {
        return Ok(());
    }
    let (mut low, mut high) = (0isize, 0isize);
    for (n, s) in shape.iter().zip(strides) {
        let reach = (n - 1).saturating_mul(*s);
        if *s <= 0 { low = low.saturating_add(reach) } else { high = high.saturating_add(reach) }
    }
    if low.saturating_add(offset) < 0 || high.saturating_add(offset + itemsize) > len {
        bail!(ValueError, "invalid combination of buffer, shape and strides");
    }
    Ok(())
}

/// What makes a layout of its own.
struct Plan<'a> {
    items: &'a Object,
    shape: &'a Object,
    strides: Option<&'a Object>,
    offset: isize,
    format: Option<&'a Object>,
    flags: c_int,
}

impl Plan<'_> {
    fn make(&self) -> PyResult<Base> {
        let shape = in_list(self.shape, "shape")?;
        let ndim = shape.len();
        if ndim > ND_MAX_NDIM {
            bail!(ValueError, "ndim must not exceed {ND_MAX_NDIM}");
        }
        let strides = self.strides.map(|s| in_list(s, "strides")).transpose()?.filter(|s| !s.is_empty());
        if let Some(s) = &strides {
            if self.flags & FORTRAN != 0 {
                bail!(TypeError, "ND_FORTRAN cannot be used together with strides");
            }
            if s.len() != ndim {
                bail!(ValueError, "len(shape) != len(strides)");
            }
        }
        let format = self.format.map_or_else(|| Str::from_utf8("B").into_obj(), Object::to_obj);
        let itemsize = structs()?.call_method(intern!("calcsize"), &[&format])?.index_as_isize(None)?;
        if itemsize == 0 {
            bail!(ValueError, "itemsize must not be zero");
        }
        let items = if ndim == 0 { vec![self.items.to_obj()] } else { in_list(self.items, "items")? };
        if items.is_empty() {
            bail!(ValueError, "initializer list or tuple must not be empty");
        }
        let len = items.len() as isize * itemsize;
        if self.offset % itemsize != 0 {
            bail!(ValueError, "offset must be a multiple of itemsize");
        }
        if self.offset < 0 || self.offset + itemsize > len {
            bail!(ValueError, "offset out of bounds");
        }
        let base = Base::empty(self.flags);
        base.data.set(alloc::calloc(len as usize));
        if base.data.get().is_null() {
            return Err(no_memory());
        }
        base.data_len.set(len);
        base.offset.set(self.offset);
        let Some(text) = format.downcast::<Str>() else { bail!(TypeError, "format must be a str") };
        let text = text.to_utf8()?;
        for (i, item) in items.iter().enumerate() {
            let packed = pack(item, text)?;
            // SAFETY: the block has room for as many items.
            unsafe {
                let p = base.data.get().offset(i as isize * itemsize);
                p.copy_from_nonoverlapping(packed.as_ptr(), packed.len().min(itemsize as usize));
            }
        }
        let c_format =
            CString::new(text).map_err(|_| taipan_object::raise!(ValueError, "embedded null character in format"))?;
        {
            let mut raw = base.raw.borrow_mut();
            raw.format = c_format.as_ptr().cast_mut();
            raw.buf = base.data.get().cast();
            raw.len = len;
            raw.itemsize = itemsize;
            raw.readonly = (self.flags & WRITABLE == 0) as c_int;
            raw.ndim = ndim as c_int;
        }
        *base.format.borrow_mut() = Some(c_format);
        if ndim == 0 {
            if self.flags & PIL != 0 {
                bail!(TypeError, "ndim = 0 cannot be used in conjunction with ND_PIL");
            }
            base.add(SCALAR | C_ORDER | FORTRAN);
            return Ok(base);
        }
        let shape = numbers(&shape, "shape", false)?;
        let strides = match strides {
            Some(s) => numbers(&s, "strides", true)?,
            None if self.flags & FORTRAN != 0 => fortran_strides(&shape, itemsize),
            None => c_strides(&shape, itemsize),
        };
        check_structure(len, itemsize, self.offset, &shape, &strides)?;
        {
            let mut raw = base.raw.borrow_mut();
            raw.shape = keep(&base.shape, shape);
            raw.strides = keep(&base.strides, strides);
            raw.buf = raw.buf.wrapping_byte_offset(self.offset);
        }
        base.set_len();
        if base.raw.borrow().is_contiguous('C') {
            base.add(C_ORDER);
        }
        if base.raw.borrow().is_contiguous('F') {
            base.add(FORTRAN);
        }
        if self.flags & PIL != 0 {
            base.go_through_pointers()?;
        }
        Ok(base)
    }
}

impl Base {
    /// Puts pointers to the parts of the first dimension before the data, and strides over these.
    fn go_through_pointers(&self) -> PyResult<()> {
        const WORD: isize = size_of::<*mut u8>() as isize;
        let mut raw = self.raw.borrow_mut();
        let shape = raw.shape().to_vec();
        let mut strides = raw.strides().to_vec();
        let added = shape[0] * WORD;
        let total = self.data_len.get() + added;
        let data = alloc::calloc(total as usize);
        if data.is_null() {
            return Err(no_memory());
        }
        // SAFETY: the new block has room for the pointers and the data, and the old one is given up.
        unsafe {
            data.offset(added).copy_from_nonoverlapping(self.data.get(), self.data_len.get() as usize);
            alloc::free(self.data.replace(data));
        }
        self.data_len.set(total);
        let (mut low, mut inner) = (0, 0);
        for (i, (n, s)) in shape.iter().zip(&strides).enumerate() {
            if *n == 0 {
                break;
            }
            if *s <= 0 {
                low += (n - 1) * s;
                if i > 0 {
                    inner -= (n - 1) * s;
                }
            }
        }
        let start = added + self.offset.get() + low;
        for i in 0..shape[0] {
            // SAFETY: a word for each part lies before the data.
            unsafe {
                data.cast::<*mut u8>().offset(i).write(data.wrapping_offset(start + i * strides[0].abs()));
            }
        }
        let mut suboffsets = vec![-1; shape.len()];
        suboffsets[0] = inner;
        raw.suboffsets = keep(&self.suboffsets, suboffsets);
        raw.buf = data.cast();
        if strides[0] >= 0 {
            strides[0] = WORD;
        } else {
            strides[0] = -WORD;
            if shape[0] > 0 {
                raw.buf = raw.buf.wrapping_byte_offset((shape[0] - 1) * WORD);
            }
        }
        raw.strides = keep(&self.strides, strides);
        self.flags.set(self.flags.get() & !(C_ORDER | FORTRAN));
        self.offset.set(0);
        Ok(())
    }
}

// Items, by the module `struct`.

fn structs() -> PyResult {
    taipan_vm::import::import("struct")
}

/// How many values an item has.
fn members(format: &str) -> PyResult<usize> {
    let format = Str::from_utf8(format);
    let module = structs()?;
    let size = module.call_method(intern!("calcsize"), &[&format])?.index_as_isize(None)?;
    let zeros = Bytes::new(&vec![0; size.max(0) as usize]);
    module.call_method(intern!("unpack"), &[&format, &zeros])?.len()
}

fn pack(item: &Object, format: &str) -> PyResult<Vec<u8>> {
    let n = members(format)?;
    let single =
        item.downcast::<Bytes>().is_some() || item.downcast::<Int>().is_some() || item.downcast::<Float>().is_some();
    let listed = item.downcast::<List>().is_some() || item.downcast::<Tuple>().is_some();
    let mut args = vec![Str::from_utf8(format).into_obj()];
    if single && n == 1 {
        args.push(item.to_obj());
    } else if listed && item.len()? == n {
        args.extend(item.to_tuple()?.items().iter().cloned());
    } else {
        bail!(ValueError, "mismatch between initializer element and format string");
    }
    let pack = structs()?.get_attr(intern!("pack"))?;
    let packed = pack.call_tuple(&Tuple::from_vec(args), None)?;
    match packed.downcast::<Bytes>() {
        Some(b) => Ok(b.as_slice().to_vec()),
        None => bail!(TypeError, "struct.pack() must return bytes"),
    }
}

/// The item at an address.
///
/// # Safety
/// `itemsize` bytes lie there.
pub(crate) unsafe fn unpack(p: *const u8, format: &str, itemsize: isize) -> PyResult {
    // SAFETY: the caller's promise.
    let bytes = Bytes::new(unsafe { std::slice::from_raw_parts(p, itemsize.max(0) as usize) });
    let values = structs()?.call_method(intern!("unpack_from"), &[&Str::from_utf8(format), &bytes])?;
    match values.downcast::<Tuple>().map(Tuple::items) {
        Some([one]) => Ok(one.clone()),
        _ => Ok(values),
    }
}

pub(crate) fn format_of(raw: &RawBuffer) -> PyResult<String> {
    match raw.format().to_str() {
        Ok(s) => Ok(s.to_owned()),
        Err(_) => bail!(ValueError, "format is not text"),
    }
}

/// The address of the item at an index of the first dimension.
fn first_item(raw: &RawBuffer, index: isize) -> PyResult<*mut u8> {
    let n = if raw.shape.is_null() { raw.len } else { raw.shape()[0] };
    let index = if index < 0 { index + n } else { index };
    if index < 0 || index >= n {
        bail!(IndexError, "index out of bounds");
    }
    if raw.strides.is_null() {
        return Ok(raw.buf.cast::<u8>().wrapping_offset(raw.itemsize * index));
    }
    // SAFETY: the index is in range.
    Ok(unsafe { raw.item_ptr(&[index]) })
}

// The array.

/// `ndarray`.
#[repr(C)]
pub(crate) struct NdArray {
    ob_base: Object,
    varexport: Cell<bool>,
    /// The last one counts.
    bases: RefCell<Vec<Rc<Base>>>,
}

layout!(NdArray, NDARRAY_TYPE);

impl NdArray {
    fn body(bases: Vec<Rc<Base>>) -> NdArray {
        NdArray { ob_base: Object::placeholder(), varexport: Cell::new(false), bases: RefCell::new(bases) }
    }

    fn of(base: Base) -> Ref<NdArray> {
        new_object(NdArray::body(vec![Rc::new(base)]))
    }

    pub(crate) fn head(&self) -> PyResult<Rc<Base>> {
        match self.bases.borrow().last() {
            Some(b) => Ok(b.clone()),
            None => bail!(ValueError, "the array is not initialized"),
        }
    }

    fn may_change(&self) -> PyResult<Rc<Base>> {
        let head = self.head()?;
        if head.source.borrow().is_some() {
            bail!(BufferError, "structure of re-exporting object is immutable");
        }
        Ok(head)
    }
}

fn check_exports(base: &Base) -> PyResult<()> {
    let n = base.exports.get();
    if n > 0 {
        bail!(BufferError, "cannot change structure: {n} exported buffer{}", if n == 1 { "" } else { "s" });
    }
    Ok(())
}

extern "C" fn ndarray_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, NdArray::body(Vec::new())).map(Ref::into_obj)
}

fn c_number(o: Option<&Object>, default: c_int) -> PyResult<c_int> {
    match o {
        None => Ok(default),
        Some(o) => c_int::try_from(o.as_i64()?)
            .map_err(|_| taipan_object::raise!(OverflowError, "Python int too large to convert to C int")),
    }
}

extern "C" fn ndarray_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    static SIG: taipan_object::args::Signature = signature(
        "ndarray",
        &[
            required("obj"),
            optional("shape"),
            optional("strides"),
            optional("offset"),
            optional("format"),
            optional("flags"),
            optional("getbuf"),
        ],
        0,
        7,
    );
    let this: &NdArray = o.cast();
    status(bind(&SIG, args, kwargs, |args: [Option<&Object>; 7]| {
        let [Some(items), shape, strides, offset, format, flags, getbuf] = args else {
            bail!(TypeError, "ndarray needs an object")
        };
        let flags = c_number(flags, 0)?;
        let offset = offset.map_or(Ok(0), |n| n.index_as_isize(None))?;
        if buffer::supports(items) && shape.is_none() {
            if strides.is_some() || offset != 0 || format.is_some() || !(flags == 0 || flags == REDIRECT) {
                bail!(TypeError, "construction from exporter object only takes 'obj', 'getbuf' and 'flags' arguments");
            }
            let base = Base::consumer(items, c_number(getbuf, request::FULL_RO)?)?;
            base.init_flags();
            base.add(flags);
            *this.bases.borrow_mut() = vec![Rc::new(base)];
            return Ok(());
        }
        if getbuf.is_some() {
            bail!(TypeError, "getbuf argument only valid for construction from exporter object");
        }
        let Some(shape) = shape else {
            bail!(TypeError, "shape is a required argument when constructing from list, tuple or scalar")
        };
        this.varexport.set(flags & VAREXPORT != 0);
        let base = Plan { items, shape, strides, offset, format, flags: flags & !VAREXPORT }.make()?;
        this.bases.borrow_mut().push(Rc::new(base));
        Ok(())
    }))
}

/// Give the array another layout.
#[method(
    signature = "(items, shape, strides=<unrepresentable>, offset=0, format=<unrepresentable>, flags=0)",
    text = false
)]
fn push(
    this: &NdArray,
    items: &Object,
    shape: &Object,
    strides: taipan_object::args::Given<&Object>,
    offset: isize,
    format: taipan_object::args::Given<&Object>,
    flags: c_int,
) -> PyResult<()> {
    if flags & VAREXPORT != 0 {
        bail!(ValueError, "ND_VAREXPORT flag can only be used during object creation");
    }
    let head = this.may_change()?;
    if !this.varexport.get() {
        check_exports(&head)?;
    }
    let base = Plan { items, shape, strides: strides.0, offset, format: format.0, flags }.make()?;
    this.bases.borrow_mut().push(Rc::new(base));
    Ok(())
}

/// Go back to the layout before the last one.
#[method(signature = "()", text = false)]
fn pop(this: &NdArray) -> PyResult<()> {
    let head = this.may_change()?;
    check_exports(&head)?;
    if this.bases.borrow().len() < 2 {
        bail!(BufferError, "list only has a single base");
    }
    this.bases.borrow_mut().pop();
    Ok(())
}

// The protocol.

/// Whom requests go to in the array's place.
fn redirected(this: &NdArray) -> Option<Obj> {
    let base = this.bases.borrow().last().cloned()?;
    let behind = base.source.borrow().as_ref().and_then(|s| s.obj.clone());
    behind.filter(|_| base.has(REDIRECT))
}

fn fill_view(this: &NdArray, view: &mut RawBuffer, flags: c_int) -> PyResult<()> {
    let base = this.head()?;
    let asked = |what: c_int| flags & what == what;
    let mut v = borrowed(&base.raw.borrow());
    if v.format.is_null() {
        v.format = c"B".as_ptr().cast_mut();
    }
    if v.ndim != 0 && (asked(request::ND) && v.shape.is_null() || asked(request::STRIDES) && v.strides.is_null()) {
        bail!(BufferError, "re-exporter does not provide format, shape or strides");
    }
    if base.has(GETBUF_FAIL) {
        bail!(BufferError, "ND_GETBUF_FAIL: forced test exception");
    }
    if asked(request::WRITABLE) && v.readonly != 0 {
        bail!(BufferError, "ndarray is not writable");
    }
    if !asked(request::FORMAT) {
        v.format = std::ptr::null_mut();
    }
    if asked(request::C_CONTIGUOUS) && !base.is_c() {
        bail!(BufferError, "ndarray is not C-contiguous");
    }
    if asked(request::F_CONTIGUOUS) && !base.is_fortran() {
        bail!(BufferError, "ndarray is not Fortran contiguous");
    }
    if asked(request::ANY_CONTIGUOUS) && !base.is_c() && !base.is_fortran() {
        bail!(BufferError, "ndarray is not contiguous");
    }
    if !asked(request::INDIRECT) && base.has(PIL) {
        bail!(BufferError, "ndarray cannot be represented without suboffsets");
    }
    if !asked(request::STRIDES) {
        if !base.is_c() {
            bail!(BufferError, "ndarray is not C-contiguous");
        }
        v.strides = std::ptr::null_mut();
    }
    if !asked(request::ND) {
        if !v.format.is_null() {
            bail!(BufferError, "ndarray: cannot cast to unsigned bytes if the format flag is present");
        }
        v.ndim = 1;
        v.shape = std::ptr::null_mut();
    }
    let mismatch = base.is_c() != v.is_contiguous('C')
        || (!v.format.is_null() && !v.shape.is_null() && base.is_fortran() != v.is_contiguous('F'))
        || (v.format.is_null() && v.shape.is_null() && !v.is_contiguous('F'));
    if mismatch {
        bail!(BufferError, "ndarray: contiguity mismatch in getbuf()");
    }
    base.exports.set(base.exports.get() + 1);
    v.obj = Some(this.ob_base.to_obj());
    v.internal = Rc::into_raw(base).cast_mut().cast();
    *view = v;
    Ok(())
}

extern "C" fn ndarray_getbuffer(o: &Object, view: *mut RawBuffer, flags: c_int) -> c_int {
    if view.is_null() {
        return status((|| bail!(BufferError, "ndarray: a view is needed"))());
    }
    // SAFETY: the protocol passes a place for a view, without one in it. The view must be filled in that very place: it may point into itself.
    let view = unsafe {
        view.write(RawBuffer::empty());
        &mut *view
    };
    status(match redirected(o.cast()) {
        Some(behind) => buffer::get(&behind, view, flags),
        None => fill_view(o.cast(), view, flags),
    })
}

extern "C" fn ndarray_releasebuffer(o: &Object, view: *mut RawBuffer) {
    // SAFETY: views that the array filled hold a counted layout.
    let base = unsafe { Rc::from_raw((*view).internal.cast::<Base>().cast_const()) };
    base.exports.set(base.exports.get() - 1);
    if base.exports.get() == 0 {
        // A layout that is not the last one goes with its last view.
        let this: &NdArray = o.cast();
        let last = this.bases.borrow().last().cloned();
        if !last.is_some_and(|l| Rc::ptr_eq(&l, &base)) {
            this.bases.borrow_mut().retain(|b| !Rc::ptr_eq(b, &base));
        }
    }
}

// Items and slices.

extern "C" fn ndarray_item(o: &Object, index: isize) -> PyResult {
    let this: &NdArray = o.cast();
    let base = this.head()?;
    let raw = base.raw.borrow();
    if raw.ndim == 0 {
        bail!(TypeError, "invalid indexing of scalar");
    }
    let p = first_item(&raw, index)?;
    if raw.ndim == 1 {
        // SAFETY: an item lies there.
        return unsafe { unpack(p, &format_of(&raw)?, raw.itemsize) };
    }
    drop(raw);
    let sub = Base::consumer(o, request::FULL_RO)?;
    {
        let mut raw = sub.raw.borrow_mut();
        raw.buf = p.cast();
        raw.len /= raw.shape()[0];
        raw.ndim -= 1;
        // The first dimension is gone.
        raw.shape = raw.shape.wrapping_add(1);
        if !raw.strides.is_null() {
            raw.strides = raw.strides.wrapping_add(1);
        }
        if !raw.suboffsets.is_null() {
            raw.suboffsets = raw.suboffsets.wrapping_add(1);
        }
    }
    sub.init_flags();
    Ok(NdArray::of(sub).into_obj())
}

fn is_empty_tuple(key: &Object) -> bool {
    key.downcast::<Tuple>().is_some_and(Tuple::is_empty)
}

extern "C" fn ndarray_subscript(o: &Object, key: &Object) -> PyResult {
    let this: &NdArray = o.cast();
    let base = this.head()?;
    {
        let raw = base.raw.borrow();
        if raw.ndim == 0 {
            if is_empty_tuple(key) {
                // SAFETY: the one item lies there.
                return unsafe { unpack(raw.buf.cast(), &format_of(&raw)?, raw.itemsize) };
            }
            if key.is(ellipsis()) {
                return Ok(o.to_obj());
            }
            bail!(TypeError, "invalid indexing of scalar");
        }
    }
    if has_index(key) {
        return ndarray_item(o, key.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?);
    }
    let cut = Base::consumer(o, request::FULL_RO)?;
    cut.own_arrays();
    let wrong = |k: &Object| taipan_object::raise!(TypeError, "cannot index memory using \"{}\"", k.ty().name_str());
    if let Some(s) = key.downcast::<Slice>() {
        cut.cut(s, 0)?;
    } else if let Some(t) = key.downcast::<Tuple>() {
        for (i, k) in t.items().iter().enumerate() {
            let Some(s) = k.downcast::<Slice>() else { return Err(wrong(k)) };
            cut.cut(s, i)?;
        }
    } else {
        return Err(wrong(key));
    }
    cut.set_len();
    cut.init_flags();
    Ok(NdArray::of(cut).into_obj())
}

fn pack_at(p: *mut u8, value: &Object, raw: &RawBuffer) -> PyResult<()> {
    let packed = pack(value, &format_of(raw)?)?;
    // SAFETY: an item lies there.
    unsafe { p.copy_from(packed.as_ptr(), packed.len().min(raw.itemsize.max(0) as usize)) };
    Ok(())
}

/// Calls `f` with each index of a shape, in C order.
fn each_index(shape: &[isize], mut f: impl FnMut(&[isize])) {
    if shape.contains(&0) {
        return;
    }
    let mut index = vec![0; shape.len()];
    loop {
        f(&index);
        let Some(i) = (0..shape.len()).rev().find(|&i| index[i] + 1 < shape[i]) else { return };
        index[i] += 1;
        index[i + 1..].fill(0);
    }
}

fn assign(o: &Object, key: &Object, value: Option<&Object>) -> PyResult<()> {
    let this: &NdArray = o.cast();
    let base = this.head()?;
    {
        let raw = base.raw.borrow();
        if raw.readonly != 0 {
            bail!(TypeError, "ndarray is not writable");
        }
        let Some(value) = value else { bail!(TypeError, "ndarray data cannot be deleted") };
        if raw.ndim == 0 {
            if key.is(ellipsis()) || is_empty_tuple(key) {
                return pack_at(raw.buf.cast(), value, &raw);
            }
            bail!(TypeError, "invalid indexing of scalar");
        }
        if raw.ndim == 1 && has_index(key) {
            let index = key.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?;
            return pack_at(first_item(&raw, index)?, value, &raw);
        }
    }
    let Some(value) = value else { return Ok(()) };
    let source = FullBuffer::get(value, request::FULL_RO)?;
    let target = ndarray_subscript(o, key)?;
    let Some(target) = target.downcast::<NdArray>() else {
        bail!(TypeError, "ndarray assignment: an item has no structure")
    };
    let target = target.head()?;
    let (dest, src) = (target.raw.borrow(), source.raw());
    let mut same = dest.format() == src.format() && dest.itemsize == src.itemsize && dest.ndim == src.ndim;
    for (a, b) in dest.shape().iter().zip(src.shape()) {
        same &= a == b;
        if *a == 0 {
            break;
        }
    }
    if !same {
        bail!(ValueError, "ndarray assignment: lvalue and rvalue have different structures");
    }
    // Both may show the same memory: read everything before anything is written.
    let bytes = src.to_contiguous(false)?;
    let size = dest.itemsize.max(0) as usize;
    let mut items = bytes.chunks_exact(size.max(1));
    each_index(dest.shape(), |index| {
        if let Some(item) = items.next() {
            // SAFETY: the index is in range.
            unsafe { dest.item_ptr(index).copy_from(item.as_ptr(), size) };
        }
    });
    Ok(())
}

extern "C" fn ndarray_ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status(assign(o, key, value))
}

// What it shows of itself.

fn list_of(raw: &RawBuffer, format: &str, index: &mut Vec<isize>, shape: &[isize]) -> PyResult {
    let Some((n, rest)) = shape.split_first() else {
        // SAFETY: the index is in range.
        return unsafe { unpack(raw.item_ptr(index), format, raw.itemsize) };
    };
    let mut items = Vec::with_capacity((*n).max(0) as usize);
    for i in 0..*n {
        index.push(i);
        items.push(list_of(raw, format, index, rest)?);
        index.pop();
    }
    Ok(List::from_vec(items).into_obj())
}

/// The items as nested lists.
#[method(signature = "()", text = false)]
fn tolist(this: &NdArray) -> PyResult {
    let base = this.head()?;
    let raw = base.raw.borrow();
    if raw.format.is_null() {
        bail!(ValueError, "ndarray: tolist() does not support format=NULL, use tobytes()");
    }
    let format = format_of(&raw)?;
    if raw.shape.is_null() && raw.ndim == 1 {
        let item = |i: isize| {
            // SAFETY: as many items lie one after the other.
            unsafe { unpack(raw.buf.cast::<u8>().offset(i * raw.itemsize), &format, raw.itemsize) }
        };
        return Ok(List::from_vec((0..raw.len).map(item).collect::<PyResult<_>>()?).into_obj());
    }
    list_of(&raw, &format, &mut Vec::new(), raw.shape())
}

/// All items, in C order.
#[method(signature = "()", text = false)]
fn tobytes(this: &NdArray) -> PyResult<Ref<Bytes>> {
    let base = this.head()?;
    let raw = base.raw.borrow();
    if base.is_c() {
        // SAFETY: so many bytes lie there.
        return Ok(Bytes::new(unsafe { std::slice::from_raw_parts(raw.buf.cast(), raw.len.max(0) as usize) }));
    }
    Ok(Bytes::new(&raw.to_contiguous(false)?))
}

/// Add suboffsets that mean nothing.
#[method(signature = "()", text = false)]
fn add_suboffsets(this: &NdArray) -> PyResult<()> {
    let base = this.head()?;
    let mut raw = base.raw.borrow_mut();
    if !raw.suboffsets.is_null() {
        bail!(TypeError, "cannot add suboffsets to PIL-style array");
    }
    if raw.strides.is_null() {
        bail!(TypeError, "cannot add suboffsets to array without strides");
    }
    raw.suboffsets = keep(&base.suboffsets, vec![-1; raw.ndim()]);
    base.flags.set(base.flags.get() & !(C_ORDER | FORTRAN));
    Ok(())
}

unsafe extern "C" {
    fn PyMemoryView_FromBuffer(view: *const RawBuffer) -> PyResult;
    pub(crate) fn PyMemoryView_GetContiguous(o: &Object, request: c_int, order: c_char) -> PyResult;
}

/// A memoryview of a copy of the array, made from a bare description.
#[method(signature = "()", text = false)]
fn memoryview_from_buffer(this: &NdArray) -> PyResult {
    let head = this.head()?;
    let behind = head.source.borrow().as_ref().and_then(|s| s.obj.clone());
    let owner = match &behind {
        None => head.clone(),
        Some(o) => match o.downcast::<NdArray>().map(NdArray::head).transpose()? {
            Some(b) if b.source.borrow().is_none() => b,
            _ => bail!(
                TypeError,
                "memoryview_from_buffer(): ndarray must be original exporter or consumer from ndarray/original exporter"
            ),
        },
    };
    let raw = head.raw.borrow();
    if raw.format().to_bytes().len() > ND_MAX_NDIM {
        bail!(TypeError, "memoryview_from_buffer: format is limited to {ND_MAX_NDIM} characters");
    }
    let mut info = borrowed(&raw);
    info.internal = std::ptr::null_mut();
    // The view owns nothing: what it shows must stay as long as the process.
    let n = owner.data_len.get().max(0) as usize;
    // SAFETY: the owner's block has that many bytes.
    let copy: &'static mut [u8] = unsafe { std::slice::from_raw_parts(owner.data.get(), n) }.to_vec().leak();
    info.buf = copy.as_mut_ptr().wrapping_offset(raw.buf as isize - owner.data.get() as isize).cast();
    let array = |s: &[isize]| if s.is_empty() { std::ptr::null_mut() } else { s.to_vec().leak().as_mut_ptr() };
    info.shape = array(raw.shape());
    info.strides = array(raw.strides());
    info.suboffsets = array(raw.suboffsets());
    if !raw.format.is_null() {
        info.format = raw.format().to_owned().into_raw();
    }
    // SAFETY: the description is of memory that stays.
    unsafe { PyMemoryView_FromBuffer(&info) }
}

extern "C" fn ndarray_hash(o: &Object) -> isize {
    let this: &NdArray = o.cast();
    let hash = || {
        let base = this.head()?;
        if base.raw.borrow().readonly == 0 {
            bail!(ValueError, "cannot hash writable ndarray object");
        }
        let behind = base.source.borrow().as_ref().and_then(|s| s.obj.clone());
        if let Some(b) = behind {
            b.hash()?;
        }
        tobytes(this)?.hash()
    };
    taipan_object::error::status_len(hash())
}

pub(crate) fn tuple_of(values: &[isize]) -> Obj {
    Tuple::from_vec(values.iter().map(|n| Int::from_isize(*n).into_obj()).collect()).into_obj()
}

fn get_flags(a: &NdArray) -> PyResult<c_int> {
    Ok(a.head()?.flags.get())
}
fn get_offset(a: &NdArray) -> PyResult<isize> {
    Ok(a.head()?.offset.get())
}
fn get_obj(a: &NdArray) -> PyResult {
    let base = a.head()?;
    let behind = base.source.borrow().as_ref().and_then(|s| s.obj.clone());
    Ok(behind.unwrap_or_else(none_obj))
}
fn get_nbytes(a: &NdArray) -> PyResult<isize> {
    Ok(a.head()?.raw.borrow().len)
}
fn get_readonly(a: &NdArray) -> PyResult<bool> {
    Ok(a.head()?.raw.borrow().readonly != 0)
}
fn get_itemsize(a: &NdArray) -> PyResult<isize> {
    Ok(a.head()?.raw.borrow().itemsize)
}
fn get_format(a: &NdArray) -> PyResult {
    let base = a.head()?;
    let raw = base.raw.borrow();
    Ok(Str::from_utf8(&if raw.format.is_null() { String::new() } else { format_of(&raw)? }).into_obj())
}
fn get_ndim(a: &NdArray) -> PyResult<c_int> {
    Ok(a.head()?.raw.borrow().ndim)
}
fn get_shape(a: &NdArray) -> PyResult {
    Ok(tuple_of(a.head()?.raw.borrow().shape()))
}
fn get_strides(a: &NdArray) -> PyResult {
    Ok(tuple_of(a.head()?.raw.borrow().strides()))
}
fn get_suboffsets(a: &NdArray) -> PyResult {
    Ok(tuple_of(a.head()?.raw.borrow().suboffsets()))
}

fn contiguous(a: &NdArray, order: char, noted: impl Fn(&Base) -> bool) -> PyResult<bool> {
    let base = a.head()?;
    let found = base.raw.borrow().is_contiguous(order);
    if found != noted(&base) {
        bail!(RuntimeError, "results from PyBuffer_IsContiguous() and flags differ");
    }
    Ok(found)
}
fn get_c_contiguous(a: &NdArray) -> PyResult<bool> {
    contiguous(a, 'C', Base::is_c)
}
fn get_f_contiguous(a: &NdArray) -> PyResult<bool> {
    contiguous(a, 'F', Base::is_fortran)
}
fn get_any_contiguous(a: &NdArray) -> PyResult<bool> {
    contiguous(a, 'A', |b| b.is_c() || b.is_fortran())
}

static AS_BUFFER: BufferProcs =
    BufferProcs { getbuffer: Slot::new(ndarray_getbuffer), releasebuffer: Slot::new(ndarray_releasebuffer) };
static AS_SEQUENCE: SequenceMethods = SequenceMethods { item: Slot::new(ndarray_item), ..SequenceMethods::EMPTY };
static AS_MAPPING: MappingMethods = MappingMethods {
    subscript: Slot::new(ndarray_subscript),
    ass_subscript: Slot::new(ndarray_ass_subscript),
    ..MappingMethods::EMPTY
};

static NDARRAY_TYPE: Type = Type::new_static(TypeDef {
    name: c"ndarray",
    basicsize: size_of::<NdArray>(),
    dealloc: Some(dealloc_of::<NdArray>),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(ndarray_hash),
    as_buffer: Some(&AS_BUFFER),
    methods: methods![tolist, tobytes, push, pop, add_suboffsets, memoryview_from_buffer],
    getset: getsets![
        getset!(c"flags", get_flags),
        getset!(c"offset", get_offset),
        getset!(c"obj", get_obj),
        getset!(c"nbytes", get_nbytes),
        getset!(c"readonly", get_readonly),
        getset!(c"itemsize", get_itemsize),
        getset!(c"format", get_format),
        getset!(c"ndim", get_ndim),
        getset!(c"shape", get_shape),
        getset!(c"strides", get_strides),
        getset!(c"suboffsets", get_suboffsets),
        getset!(c"c_contiguous", get_c_contiguous),
        getset!(c"f_contiguous", get_f_contiguous),
        getset!(c"contiguous", get_any_contiguous),
    ],
    init: Some(ndarray_init),
    new: Some(ndarray_new),
    ..TypeDef::EMPTY
});

// An exporter that ignores what is asked.

/// `staticarray`.
#[repr(C)]
struct StaticArray {
    ob_base: Object,
    /// Whether views name no exporter, as was once allowed.
    legacy: Cell<bool>,
}

layout!(StaticArray, STATICARRAY_TYPE);

struct Fixed<T>(T);
// SAFETY: never written.
unsafe impl<T> Sync for Fixed<T> {}

static MEMORY: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
static SHAPE: Fixed<[isize; 1]> = Fixed([12]);
static STRIDES: Fixed<[isize; 1]> = Fixed([1]);

extern "C" fn static_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: taipan_object::args::Signature = signature("staticarray", &[optional("legacy_mode")], 0, 1);
    bind(&SIG, args, kwargs, |[legacy]: [Option<&Object>; 1]| {
        let legacy = Cell::new(legacy.is_some_and(|l| !l.is(taipan_object::types::bool_::false_())));
        new_instance(cls, StaticArray { ob_base: Object::placeholder(), legacy }).map(Ref::into_obj)
    })
}

extern "C" fn static_getbuffer(o: &Object, view: *mut RawBuffer, _: c_int) -> c_int {
    let this: &StaticArray = o.cast();
    let filled = RawBuffer {
        buf: MEMORY.as_ptr().cast_mut().cast(),
        obj: (!this.legacy.get()).then(|| o.to_obj()),
        len: 12,
        itemsize: 1,
        readonly: 1,
        ndim: 1,
        format: c"B".as_ptr().cast_mut(),
        shape: SHAPE.0.as_ptr().cast_mut(),
        strides: STRIDES.0.as_ptr().cast_mut(),
        suboffsets: std::ptr::null_mut(),
        internal: std::ptr::null_mut(),
    };
    // SAFETY: the protocol passes a place for a view, without one in it.
    unsafe { view.write(filled) };
    0
}

static STATIC_BUFFER: BufferProcs = BufferProcs { getbuffer: Slot::new(static_getbuffer), ..BufferProcs::EMPTY };

static STATICARRAY_TYPE: Type = Type::new_static(TypeDef {
    name: c"staticarray",
    basicsize: size_of::<StaticArray>(),
    dealloc: Some(dealloc_of::<StaticArray>),
    as_buffer: Some(&STATIC_BUFFER),
    new: Some(static_new),
    ..TypeDef::EMPTY
});
