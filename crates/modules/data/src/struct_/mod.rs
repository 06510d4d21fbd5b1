//! `_struct`: packing values into bytes.

mod convert;
mod format;

use crate::support::{exception_class, raise_class, self_iter, visit_fields};
use format::Layout as Packing;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::rc::Rc;
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::args::receiver;
use taipan_object::buffer::Buffer;
use taipan_object::error::{status, to_iternext};
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Interp, Obj, ObjCell, Object, PyResult, Raised, Ref, Type, TypeDef, bail, flags, function, getset, getsets, intern,
    layout, method, methods,
};

fn error_class() -> PyResult {
    exception_class("struct.error", exceptions::Exception, "")
}

/// Raises `struct.error`.
#[cold]
fn error(message: &str) -> Raised {
    raise_class(error_class(), message)
}

/// A `Struct`.
#[repr(C)]
pub struct Struct {
    ob_base: Object,
    packing: Cell<Option<Rc<Packing>>>,
    reserved: [usize; 2],
    format: ObjCell,
    weakreflist: ObjCell,
}

const _: () = assert!(size_of::<Struct>() == 56 && offset_of!(Struct, weakreflist) == 48);
layout!(Struct, STRUCT_TYPE);

impl Struct {
    fn packing(&self) -> PyResult<Rc<Packing>> {
        let p = self.packing.take();
        self.packing.set(p.clone());
        match p {
            Some(p) => Ok(p),
            None => bail!(RuntimeError, "Struct object is not initialized"),
        }
    }

    fn initialize(&self, format: &Object) -> PyResult<()> {
        let ascii = match format.downcast::<Str>() {
            Some(_) => format.call_method(intern!("encode"), &[intern!("ascii")])?,
            None => format.to_obj(),
        };
        let Some(bytes) = ascii.downcast::<Bytes>() else {
            bail!(TypeError, "Struct() argument 1 must be a str or bytes object, not {}", format.ty().name_str());
        };
        let packing = format::parse(bytes.as_slice()).map_err(error)?;
        self.format.set(Some(ascii.clone()));
        self.packing.set(Some(Rc::new(packing)));
        Ok(())
    }
}

fn new_struct(cls: &Type) -> PyResult<Ref<Struct>> {
    let body = Struct {
        ob_base: Object::placeholder(),
        packing: Cell::new(None),
        reserved: [0; 2],
        format: ObjCell::empty(),
        weakreflist: ObjCell::empty(),
    };
    new_instance(cls, body)
}

extern "C" fn struct_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_struct(cls).map(Ref::into_obj)
}

extern "C" fn struct_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let sig = crate::signature!("Struct", posonly 0, positional 1, ["format" true]);
    status(crate::support::bind(sig, args, kwargs, |[format]| o.cast::<Struct>().initialize(receiver(format))))
}

extern "C" fn struct_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<Struct>().format], visit, arg)
}

fn pack_values(packing: &Packing, name: &str, args: &[&Object], out: &mut [u8]) -> PyResult<()> {
    debug_assert_eq!(out.len(), packing.size);
    let mut args = args.iter();
    for code in &packing.codes {
        for i in 0..code.count {
            let Some(v) = args.next() else { bail!(SystemError, "{name}: arguments were counted before") };
            let at = code.offset + i * code.size;
            convert::pack(code, v, &mut out[at..at + code.size])?;
        }
    }
    Ok(())
}

fn check_count(packing: &Packing, name: &str, given: usize) -> PyResult<()> {
    if given != packing.values {
        return Err(error(&format!("{name} expected {} items for packing (got {given})", packing.values)));
    }
    Ok(())
}

fn pack_bytes(packing: &Packing, args: &[&Object]) -> PyResult<Ref<Bytes>> {
    check_count(packing, "pack", args.len())?;
    let mut small = [0u8; 64];
    if let Some(out) = small.get_mut(..packing.size) {
        pack_values(packing, "pack", args, out)?;
        return Ok(Bytes::new(out));
    }
    let mut out: Vec<u8> = Vec::new();
    if out.try_reserve_exact(packing.size).is_err() {
        return Err(taipan_object::error::no_memory());
    }
    out.resize(packing.size, 0);
    pack_values(packing, "pack", args, &mut out)?;
    Bytes::try_new(&out)
}

fn unpack_slice(packing: &Packing, data: &[u8]) -> PyResult<Ref<Tuple>> {
    let mut values = Vec::with_capacity(packing.values);
    for code in &packing.codes {
        for i in 0..code.count {
            let at = code.offset + i * code.size;
            values.push(convert::unpack(code, &data[at..at + code.size]));
        }
    }
    Ok(Tuple::from_vec(values))
}

/// Where an offset, which may count from the end, leads in a buffer.
fn resolve_offset(offset: isize, len: usize, size: usize, verb: &str) -> PyResult<usize> {
    if offset < 0 {
        if offset.saturating_add(size as isize) > 0 {
            let problem = if verb == "unpack" { "not enough data to unpack" } else { "no space to pack" };
            return Err(error(&format!("{problem} {size} bytes at offset {offset}")));
        }
        return match (len as isize).checked_add(offset).filter(|n| *n >= 0) {
            Some(n) => Ok(n as usize),
            None => Err(error(&format!("offset {offset} out of range for {len}-byte buffer"))),
        };
    }
    let start = offset as usize;
    if start > len || len - start < size {
        return Err(error(&format!(
            "{verb}_{} requires a buffer of at least {} bytes for {verb}ing {size} bytes at offset {offset} (actual buffer size is {len})",
            if verb == "unpack" { "from" } else { "into" },
            start.saturating_add(size),
        )));
    }
    Ok(start)
}

fn unpack_whole(packing: &Packing, buffer: &Object) -> PyResult<Ref<Tuple>> {
    let b = Buffer::get(buffer)?;
    if b.len() != packing.size {
        return Err(error(&format!("unpack requires a buffer of {} bytes", packing.size)));
    }
    unpack_slice(packing, b.as_slice())
}

fn unpack_at(packing: &Packing, buffer: &Object, offset: isize) -> PyResult<Ref<Tuple>> {
    let b = Buffer::get(buffer)?;
    let start = resolve_offset(offset, b.len(), packing.size, "unpack")?;
    unpack_slice(packing, &b.as_slice()[start..start + packing.size])
}

fn pack_at(packing: &Packing, args: &[&Object]) -> PyResult<()> {
    let (buffer, offset) = match args {
        [] => return Err(error("pack_into expected buffer argument")),
        [_] => return Err(error("pack_into expected offset argument")),
        [b, o, ..] => (b, o),
    };
    check_count(packing, "pack_into", args.len() - 2)?;
    let writable = Buffer::get_writable(buffer).map_err(|e| {
        e.clear();
        taipan_object::raise!(
            TypeError,
            "argument must be read-write bytes-like object, not {}",
            buffer.ty().name_str()
        )
    });
    let mut b = writable?;
    let offset = offset.index_as_isize(Some(exceptions::IndexError))?;
    let start = resolve_offset(offset, b.len(), packing.size, "pack")?;
    // Values are converted first: that may run code which looks at the buffer.
    let mut out = vec![0; packing.size];
    pack_values(packing, "pack_into", &args[2..], &mut out)?;
    b.as_mut_slice()[start..start + out.len()].copy_from_slice(&out);
    Ok(())
}

/// Return a bytes object with the values packed.
#[method(signature = "(*args)", text = false, name = "pack")]
fn struct_pack(this: &Struct, args: &[&Object]) -> PyResult<Ref<Bytes>> {
    pack_bytes(&*this.packing()?, args)
}

/// Pack the values into a writable buffer, from an offset on.
#[method(signature = "(*args)", text = false, name = "pack_into")]
fn struct_pack_into(this: &Struct, args: &[&Object]) -> PyResult<()> {
    pack_at(&*this.packing()?, args)
}

/// Return a tuple of the values that fill a buffer.
#[method(signature = "(buffer, /)", name = "unpack")]
fn struct_unpack(this: &Struct, buffer: &Object) -> PyResult<Ref<Tuple>> {
    unpack_whole(&*this.packing()?, buffer)
}

/// Return a tuple of the values in a buffer, from an offset on.
#[method(signature = "(buffer, offset=0)", name = "unpack_from")]
fn struct_unpack_from(this: &Struct, buffer: &Object, offset: isize) -> PyResult<Ref<Tuple>> {
    unpack_at(&*this.packing()?, buffer, offset)
}

/// Return an iterator over tuples of values, one for each part of a buffer.
#[method(signature = "(buffer, /)", name = "iter_unpack")]
fn struct_iter_unpack(this: &Struct, buffer: &Object) -> PyResult<Ref<UnpackIter>> {
    iterate(this, buffer)
}

/// Return the size in memory, in bytes.
#[method]
fn __sizeof__(this: &Struct) -> PyResult<usize> {
    let codes = this.packing()?.codes.len();
    Ok(this.ob_base.ty().basicsize.get() as usize + (codes + 1) * size_of::<format::Code>())
}

fn get_format(s: &Struct) -> PyResult {
    s.packing()?;
    match s.format.get_owned() {
        Some(f) => f.call_method(intern!("decode"), &[intern!("ascii")]),
        None => Ok(crate::support::none()),
    }
}

fn get_size(s: &Struct) -> isize {
    match s.packing() {
        Ok(p) => p.size as isize,
        // Not initialised yet.
        Err(e) => {
            e.clear();
            -1
        }
    }
}

extern "C" fn struct_repr(o: &Object) -> PyResult {
    let f = get_format(o.cast())?;
    Ok(text(&format!("{}({})", o.ty().short_name(), f.repr()?.to_utf8_lossy())))
}

/// `Struct`.
pub static STRUCT_TYPE: Type = Type::new_static(TypeDef {
    name: c"_struct.Struct",
    basicsize: size_of::<Struct>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(
        c"Struct(fmt) --> compiled struct object\n\nA format that has been read once, for packing and unpacking.",
    ),
    dealloc: Some(dealloc_of::<Struct>),
    repr: Some(struct_repr),
    traverse: Some(struct_traverse),
    weaklistoffset: offset_of!(Struct, weakreflist) as isize,
    methods: methods![struct_iter_unpack, struct_pack, struct_pack_into, struct_unpack, struct_unpack_from, __sizeof__,],
    getset: getsets![
        getset!(c"format", get_format; c"The format."),
        getset!(c"size", get_size; c"Bytes of the packed values.")
    ],
    init: Some(struct_init),
    new: Some(struct_new),
    ..TypeDef::EMPTY
});

// ---- iteration

/// The iterator of `iter_unpack`.
#[repr(C)]
pub struct UnpackIter {
    ob_base: Object,
    packing: Rc<Packing>,
    buffer: Cell<Option<Buffer>>,
    index: Cell<usize>,
}

layout!(UnpackIter, UNPACK_ITER_TYPE);

fn iterate(s: &Struct, buffer: &Object) -> PyResult<Ref<UnpackIter>> {
    let packing = s.packing()?;
    if packing.size == 0 {
        return Err(error("cannot iteratively unpack with a struct of length 0"));
    }
    let b = Buffer::get(buffer)?;
    if b.len() % packing.size != 0 {
        return Err(error(&format!("iterative unpacking requires a buffer of a multiple of {} bytes", packing.size)));
    }
    Ok(new_object(UnpackIter {
        ob_base: Object::placeholder(),
        packing,
        buffer: Cell::new(Some(b)),
        index: Cell::new(0),
    }))
}

impl UnpackIter {
    fn step(&self) -> PyResult<Option<Obj>> {
        let Some(b) = self.buffer.take() else { return Ok(None) };
        let (at, size) = (self.index.get(), self.packing.size);
        let Some(part) = b.as_slice().get(at..at + size) else { return Ok(None) };
        let values = unpack_slice(&self.packing, part)?;
        self.index.set(at + size);
        self.buffer.set(Some(b));
        Ok(Some(values.into_obj()))
    }
}

extern "C" fn unpack_iter_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<UnpackIter>().step())
}

/// Return how many tuples are left.
#[method(text = false)]
fn __length_hint__(this: &UnpackIter) -> usize {
    let b = this.buffer.take();
    let left = b.as_ref().map_or(0, |b| (b.len() - this.index.get()) / this.packing.size);
    this.buffer.set(b);
    left
}

extern "C" fn unpack_iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let it: &UnpackIter = o.cast();
    let b = it.buffer.take();
    let r = match b.as_ref().and_then(|b| b.raw().obj.as_ref()) {
        Some(exporter) => visit(exporter, arg),
        None => 0,
    };
    it.buffer.set(b);
    r
}

static UNPACK_ITER_TYPE: Type = Type::new_static(TypeDef {
    name: c"_struct.unpack_iterator",
    basicsize: size_of::<UnpackIter>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<UnpackIter>),
    traverse: Some(unpack_iter_traverse),
    iter: Some(self_iter),
    iternext: Some(unpack_iter_next),
    methods: methods![__length_hint__],
    ..TypeDef::EMPTY
});

// ---- functions

const CACHE: &str = "_struct.cache";
const CACHE_SIZE: usize = 100;

/// The `Struct` of a format, from the cache if it was used before.
fn cached(format: &Object) -> PyResult<Ref<Struct>> {
    let state = &Interp::current().module_state;
    let cache = state.borrow_mut().entry(CACHE).or_insert_with(|| Dict::new().into_obj()).clone();
    let cache: &Dict = cache.cast();
    let hashable = format.downcast::<Str>().is_some() || format.downcast::<Bytes>().is_some();
    if hashable
        && let Some(s) = cache.get_item(format)?
        && let Ok(s) = s.downcast_into::<Struct>()
    {
        return Ok(s);
    }
    let s = new_struct(&STRUCT_TYPE)?;
    s.initialize(format)?;
    if cache.len() >= CACHE_SIZE {
        cache.clear();
    }
    cache.set_item(format, &s)?;
    Ok(s)
}

/// Forget the formats read so far.
#[function]
fn _clearcache() {
    let cache = Interp::current().module_state.borrow_mut().remove(CACHE);
    drop(cache);
}

/// Return the size in bytes of the values of a format.
#[function(signature = "(format, /)")]
fn calcsize(format: &Object) -> PyResult<usize> {
    Ok(cached(format)?.packing()?.size)
}

/// Return a bytes object with the values packed by a format.
#[function(signature = "(*args)", text = false)]
fn pack(args: &[&Object]) -> PyResult<Ref<Bytes>> {
    let Some((format, rest)) = args.split_first() else { bail!(TypeError, "missing format argument") };
    pack_bytes(&*cached(format)?.packing()?, rest)
}

/// Pack the values by a format into a writable buffer, from an offset on.
#[function(signature = "(*args)", text = false)]
fn pack_into(args: &[&Object]) -> PyResult<()> {
    let Some((format, rest)) = args.split_first() else { bail!(TypeError, "missing format argument") };
    pack_at(&*cached(format)?.packing()?, rest)
}

/// Return a tuple of the values that fill a buffer.
#[function(signature = "(format, buffer, /)")]
fn unpack(format: &Object, buffer: &Object) -> PyResult<Ref<Tuple>> {
    unpack_whole(&*cached(format)?.packing()?, buffer)
}

/// Return a tuple of the values in a buffer, from an offset on.
#[function(signature = "(format, /, buffer, offset=0)")]
fn unpack_from(format: &Object, buffer: &Object, offset: isize) -> PyResult<Ref<Tuple>> {
    unpack_at(&*cached(format)?.packing()?, buffer, offset)
}

/// Return an iterator over tuples of values, one for each part of a buffer.
#[function(signature = "(format, buffer, /)")]
fn iter_unpack(format: &Object, buffer: &Object) -> PyResult<Ref<UnpackIter>> {
    iterate(&*cached(format)?, buffer)
}

fn exec(m: &Module) -> PyResult<()> {
    taipan_object::typeobj::ready::ready(&UNPACK_ITER_TYPE)?;
    m.add_type(&STRUCT_TYPE)?;
    m.add("error", &*error_class()?)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_struct",
    doc: "Conversion between Python values and C structs, as bytes.",
    methods: methods![_clearcache, calcsize, iter_unpack, pack, pack_into, unpack, unpack_from],
    exec,
};
