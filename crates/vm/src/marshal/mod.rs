//! `marshal`: the format of `bytecode::marshal` over objects, and the module.

mod memory;

use crate::code::{CodeObject, build::Parts};
use std::borrow::Cow;
use taipan_bytecode::code;
use taipan_bytecode::marshal::{
    Builder, CodeFields, CodeParts, Input, Kind, ReadError, Reader, SliceInput, View, WriteError, Writer,
};
use taipan_object::buffer::Buffer;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::method::MethodDef;
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::complex::Complex;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::memoryview::MemoryView;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::set::Set;
use taipan_object::types::slice::Slice;
use taipan_object::types::str::{Str, intern::intern};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, exceptions, none};
use taipan_object::{PyResult, Raised, bail, function, intern, raise};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "marshal",
    doc: "Values to bytes and back, in the format of .pyc files.\n\nNot for data from elsewhere: its versions change, and it does not protect against malice.",
    methods: Some(METHODS),
    exec,
};

static METHODS: &[MethodDef] = &[dump::DEF, load::DEF, marshal_dumps::DEF, marshal_loads::DEF, MethodDef::END];

pub use taipan_bytecode::marshal::PYC_MAGIC;

/// The version of the format.
const VERSION: i32 = 5;

fn exec(m: &Module) -> PyResult<()> {
    m.add_int("version", VERSION as i64)
}

struct Objects;

impl Builder for Objects {
    type Value = Obj;
    type Error = Raised;

    fn none(&mut self) -> Obj {
        none::none_obj()
    }
    fn bool(&mut self, value: bool) -> Obj {
        bool_::from_bool(value)
    }
    fn ellipsis(&mut self) -> Obj {
        none::ellipsis().to_obj()
    }
    fn stop_iteration(&mut self) -> PyResult {
        Ok(exceptions::StopIteration.to_obj())
    }
    fn int(&mut self, value: i32) -> PyResult {
        Ok(Int::from_i64(value as i64).into_obj())
    }
    fn long(&mut self, negative: bool, digits: &[u16]) -> PyResult {
        // Two digits of 15 bits make one of 30.
        let wide: Vec<u32> =
            digits.chunks(2).map(|c| c[0] as u32 | (c.get(1).copied().unwrap_or(0) as u32) << 15).collect();
        Ok(Int::from_digits(negative, &wide).into_obj())
    }
    fn float(&mut self, value: f64) -> PyResult {
        Ok(Float::new(value).into_obj())
    }
    fn complex(&mut self, real: f64, imag: f64) -> PyResult {
        Ok(Complex::new(real, imag).into_obj())
    }
    fn bytes(&mut self, value: &[u8]) -> PyResult {
        Ok(Bytes::new(value).into_obj())
    }
    fn str(&mut self, utf8: &[u8], interned: bool) -> PyResult<Option<Obj>> {
        let s = match std::str::from_utf8(utf8) {
            Ok(s) => Str::from_utf8(s),
            Err(_) => match taipan_bytecode::wtf8::is_wtf8(utf8) {
                true => Str::from_wtf8(utf8),
                false => {
                    // Says what is wrong.
                    let bytes = Bytes::new(utf8);
                    return taipan_object::codecs::decode_text(&bytes, "utf-8", "surrogatepass").map(Some);
                }
            },
        };
        Ok(Some(if interned { intern(s).into_obj() } else { s.into_obj() }))
    }
    fn tuple(&mut self, items: Vec<Obj>) -> PyResult {
        Ok(Tuple::from_vec(items).into_obj())
    }
    fn open_tuple(&mut self, size: usize) -> Option<Obj> {
        Some(Tuple::from_vec(vec![none::none_obj(); size]).into_obj())
    }
    fn fill_tuple(&mut self, tuple: &Obj, items: Vec<Obj>) {
        let t = tuple.cast::<Tuple>();
        for (i, item) in items.into_iter().take(t.len()).enumerate() {
            // SAFETY: the index is in range, and nobody looks at the items: what refers to the tuple is part of what is
            // being read.
            drop(unsafe { t.replace_item(i, item) });
        }
        t.renew();
    }
    fn list(&mut self) -> PyResult {
        Ok(List::new().into_obj())
    }
    fn append(&mut self, list: &Obj, item: Obj) -> PyResult<()> {
        list.cast::<List>().push(item)
    }
    fn dict(&mut self) -> PyResult {
        Ok(Dict::new().into_obj())
    }
    fn set_item(&mut self, dict: &Obj, key: Obj, value: Obj) -> PyResult<()> {
        dict.cast::<Dict>().set_item(&key, &value)
    }
    fn set(&mut self) -> PyResult {
        Ok(Set::new().into_obj())
    }
    fn add(&mut self, set: &Obj, item: Obj) -> PyResult<()> {
        set.cast::<Set>().add(&item)
    }
    fn frozenset(&mut self, items: Vec<Obj>) -> PyResult {
        crate::support::new_frozenset(items)
    }
    fn slice(&mut self, parts: [Obj; 3]) -> PyResult {
        Ok(crate::support::new_slice(&parts[0], &parts[1], &parts[2]))
    }
    fn code(&mut self, p: CodeParts<Obj>) -> PyResult {
        let wrong = || raise!(SystemError, "bad marshal data (code: a part is of the wrong type)");
        let bytes = |o: &Obj| -> PyResult<Ref<Bytes>> { o.clone().downcast_into().map_err(|_| wrong()) };
        let tuple = |o: &Obj| -> PyResult<Ref<Tuple>> { o.clone().downcast_into().map_err(|_| wrong()) };
        let text = |o: Obj| -> PyResult<Obj> { if o.downcast::<Str>().is_some() { Ok(o) } else { Err(wrong()) } };
        let (code, kinds) = (bytes(&p.code)?, bytes(&p.localspluskinds)?);
        bytes(&p.linetable)?;
        bytes(&p.exceptiontable)?;
        let (names, locals) = (tuple(&p.names)?, tuple(&p.localsplusnames)?);
        let counts = [p.posonlyargcount, p.kwonlyargcount, p.stacksize, p.flags];
        if p.argcount < p.posonlyargcount || counts.iter().any(|n| *n < 0) || locals.len() != kinds.as_slice().len() {
            bail!(SystemError, "bad marshal data (code: numbers that do not fit)");
        }
        if code.as_slice().is_empty() || code.as_slice().len() % 2 != 0 {
            bail!(ValueError, "code: co_code is malformed");
        }
        let plain = kinds.as_slice().iter().filter(|kind| **kind & code::kinds::LOCAL != 0).count() as i64;
        let rest = [code::flags::VARARGS, code::flags::VARKEYWORDS];
        let rest = rest.into_iter().filter(|flag| p.flags as u32 & flag != 0).count() as i64;
        if plain < i64::from(p.argcount) + i64::from(p.kwonlyargcount) + rest {
            bail!(ValueError, "code: varnames is too small");
        }
        if names.items().iter().chain(locals.items()).any(|name| name.downcast::<Str>().is_none()) {
            bail!(SystemError, "non-string found in code slot");
        }
        let parts = Parts {
            code: code.as_slice(),
            consts: tuple(&p.consts)?.into_obj(),
            names: names.into_obj(),
            localsplusnames: locals,
            localspluskinds: kinds,
            filename: text(p.filename)?,
            name: text(p.name)?,
            qualname: text(p.qualname)?,
            linetable: p.linetable,
            exceptiontable: p.exceptiontable,
            flags: p.flags as u32,
            argcount: p.argcount,
            posonlyargcount: p.posonlyargcount,
            kwonlyargcount: p.kwonlyargcount,
            stacksize: p.stacksize,
            firstlineno: p.firstlineno,
        };
        Ok(CodeObject::from_parts(parts)?.into_obj())
    }
}

fn read_error(e: ReadError<Raised, Raised>) -> Raised {
    match e {
        ReadError::Eof(text) => raise!(EOFError, "{text}"),
        ReadError::Value(text) => raise!(ValueError, "{text}"),
        ReadError::Type(text) => raise!(TypeError, "{text}"),
        ReadError::Builder(e) | ReadError::Input(e) => e,
    }
}

/// Reads one value.
pub fn loads(data: &[u8]) -> PyResult {
    loads_with(data, true)
}

fn loads_with(data: &[u8], allow_code: bool) -> PyResult {
    if allow_code && let Some(o) = memory::read(data) {
        return Ok(o);
    }
    let mut builder = Objects;
    Reader::new(&mut builder, Bridge(SliceInput::new(data))).allow_code(allow_code).read().map_err(read_error)
}

/// A memory input with the error type of file inputs.
struct Bridge<'a>(SliceInput<'a>);

impl Input for Bridge<'_> {
    type Error = Raised;
    fn read(&mut self, count: usize) -> Result<Cow<'_, [u8]>, Raised> {
        match self.0.read(count) {
            Ok(b) => Ok(b),
            Err(never) => match never {},
        }
    }
}

/// Bytes from a Python file object.
struct FileInput<'a>(&'a Object);

impl Input for FileInput<'_> {
    type Error = Raised;
    fn read(&mut self, count: usize) -> Result<Cow<'_, [u8]>, Raised> {
        // In parts, so that a length that is not true does not take the memory.
        let mut data = Vec::new();
        while data.len() < count {
            let wanted = (count - data.len()).min(1 << 20);
            let buffer = ByteArray::new(&vec![0; wanted])?;
            let view = MemoryView::new(&buffer)?;
            let got = self.0.call_method(intern!("readinto"), &[&view])?;
            let got = if got.is_none() {
                0
            } else {
                taipan_object::protocol::number::index(&got)?.to_i64().unwrap_or(i64::MAX)
            };
            if got as i128 > wanted as i128 {
                bail!(ValueError, "read() returned too much data: {wanted} bytes requested, {got} returned");
            }
            let view = Buffer::get(&buffer)?;
            data.extend_from_slice(view.as_slice().get(..got.max(0) as usize).unwrap_or_default());
            if (got as i128) < wanted as i128 {
                break;
            }
        }
        Ok(Cow::Owned(data))
    }
}

struct ObjectView;

impl View for ObjectView {
    type Value = Obj;
    type Error = Raised;

    fn kind<'v>(&'v self, o: &'v Obj) -> PyResult<Kind<'v, Obj>> {
        if o.is_none() {
            return Ok(Kind::None);
        }
        if o.is(none::ellipsis()) {
            return Ok(Kind::Ellipsis);
        }
        if o.is(bool_::true_()) || o.is(bool_::false_()) {
            return Ok(Kind::Bool(o.is(bool_::true_())));
        }
        if std::ptr::eq(o.as_ptr(), exceptions::StopIteration.as_object()) {
            return Ok(Kind::StopIteration);
        }
        if let Some(i) = o.downcast_exact::<Int>() {
            return Ok(match i.to_i64() {
                Some(n) => Kind::Int(n),
                None => Kind::BigInt { negative: i.is_negative(), digits: i.digits() },
            });
        }
        if let Some(f) = o.downcast_exact::<Float>() {
            return Ok(Kind::Float(f.value()));
        }
        if let Some(c) = o.downcast_exact::<Complex>() {
            return Ok(Kind::Complex(c.real(), c.imag()));
        }
        if let Some(b) = o.downcast_exact::<Bytes>() {
            return Ok(Kind::Bytes(Cow::Borrowed(b.as_slice())));
        }
        if let Some(s) = o.downcast_exact::<Str>() {
            return Ok(match s.as_str() {
                Some(t) => Kind::Str { utf8: Cow::Borrowed(t.as_bytes()), interned: s.is_interned() },
                None => Kind::Str { utf8: s.to_wtf8(), interned: s.is_interned() },
            });
        }
        if let Some(t) = o.downcast_exact::<Tuple>() {
            return Ok(Kind::Tuple(t.items().to_vec()));
        }
        if let Some(l) = o.downcast_exact::<List>() {
            return Ok(Kind::List(l.snapshot()));
        }
        if let Some(d) = o.downcast_exact::<Dict>() {
            return Ok(Kind::Dict(d.pairs()));
        }
        if o.is_exact(&taipan_object::types::set::PySet_Type)
            || o.is_exact(&taipan_object::types::set::PyFrozenSet_Type)
        {
            // The writer sorts them.
            let items = taipan_object::protocol::iter::collect(o)?;
            return Ok(if o.is_exact(&taipan_object::types::set::PySet_Type) {
                Kind::Set(items)
            } else {
                Kind::FrozenSet(items)
            });
        }
        if let Some(s) = o.downcast_exact::<Slice>() {
            return Ok(Kind::Slice([s.start().to_obj(), s.stop().to_obj(), s.step().to_obj()]));
        }
        if let Some(c) = o.downcast_exact::<CodeObject>() {
            return Ok(Kind::Code(code_fields(c)));
        }
        if let Ok(b) = Buffer::get(o) {
            return Ok(Kind::Bytes(Cow::Owned(b.as_slice().to_vec())));
        }
        taipan_object::error::clear();
        Ok(Kind::Other)
    }

    fn identity(&self, o: &Obj) -> Option<usize> {
        (o.refcnt() > 1 || o.is_immortal()).then_some(o.as_ptr() as usize)
    }
}

fn code_fields(c: &CodeObject) -> CodeFields<Obj> {
    let field = |f: &taipan_object::ObjCell| f.get_owned().unwrap_or_else(none::none_obj);
    CodeFields {
        argcount: c.co_argcount,
        posonlyargcount: c.co_posonlyargcount,
        kwonlyargcount: c.co_kwonlyargcount,
        stacksize: c.co_stacksize,
        flags: c.co_flags.get(),
        firstlineno: c.co_firstlineno,
        objects: [
            c.co_code(),
            field(&c.co_consts),
            field(&c.co_names),
            field(&c.co_localsplusnames),
            field(&c.co_localspluskinds),
            field(&c.co_filename),
            field(&c.co_name),
            field(&c.co_qualname),
            field(&c.co_linetable),
            field(&c.co_exceptiontable),
        ],
    }
}

/// Writes one value.
pub fn dumps(o: &Object, version: i32) -> PyResult<Vec<u8>> {
    dumps_with(o, version, true)
}

fn dumps_with(o: &Object, version: i32, allow_code: bool) -> PyResult<Vec<u8>> {
    let view = ObjectView;
    let mut w = Writer::new(&view, version).allow_code(allow_code);
    match w.write(&o.to_obj()) {
        Ok(()) => Ok(w.finish()),
        Err(WriteError::Value(text)) => bail!(ValueError, "{text}"),
        Err(WriteError::View(e)) => Err(e),
    }
}

/// Return the bytes that value is written as.
#[function(signature = "(value, version=5, /, *, allow_code=True)", name = "dumps")]
fn marshal_dumps(value: &Object, version: std::ffi::c_int, allow_code: bool) -> PyResult<Ref<Bytes>> {
    audit("marshal.dumps", &[value, &Int::from_i64(version.into())])?;
    Ok(Bytes::new(&dumps_with(value, version, allow_code)?))
}

fn audit(event: &str, args: &[&Object]) -> PyResult<()> {
    if crate::sys::hooks::auditing() { crate::sys::hooks::raise_event(event, &Tuple::new(args)) } else { Ok(()) }
}

/// Read one value from bytes; what follows is ignored.
#[function(signature = "(bytes, /, *, allow_code=True)", name = "loads")]
fn marshal_loads(bytes: &Object, allow_code: bool) -> PyResult {
    audit("marshal.loads", &[bytes])?;
    let b = Buffer::get(bytes)?;
    loads_with(b.as_slice(), allow_code)
}

/// Write value to a file.
#[function(signature = "(value, file, version=5, /, *, allow_code=True)")]
fn dump(value: &Object, file: &Object, version: std::ffi::c_int, allow_code: bool) -> PyResult {
    audit("marshal.dumps", &[value, &Int::from_i64(version.into())])?;
    let data = Bytes::new(&dumps_with(value, version, allow_code)?);
    file.call_method(intern!("write"), &[&data])
}

/// Read one value from a file.
#[function(signature = "(file, /, *, allow_code=True)")]
fn load(file: &Object, allow_code: bool) -> PyResult {
    audit("marshal.load", &[])?;
    let probe = file.call_method(intern!("read"), &[&Int::from_i64(0)])?;
    if probe.downcast::<Bytes>().is_none() {
        bail!(TypeError, "file.read() returned not bytes but {}", probe.ty().name_str());
    }
    let mut builder = Objects;
    Reader::new(&mut builder, FileInput(file)).allow_code(allow_code).read().map_err(read_error)
}
