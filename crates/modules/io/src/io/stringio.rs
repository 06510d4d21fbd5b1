//! `StringIO`: a text stream in memory.
//!
//! Writing at the end, the usual case, grows a [`StrBuilder`]. Writing elsewhere turns the content into an array of code points, once.

use super::abstracts::PyTextIOBase_Type;
use super::base::{IOBase, stream_dealloc};
use super::bytesio::merge_dict;
use super::newline::{LineEnd, NewlineMode, Newlines, find_line_end, replace_newlines};
use crate::support::{Size, bind_init, param, size_or_all};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::new_instance;
use taipan_object::args::Signature;
use taipan_object::error::{PyResult, to_iternext};
use taipan_object::header::{Layout, Obj, Object, Ref};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::none;
use taipan_object::types::str::{Str, StrBuilder, StrData};
use taipan_object::types::tuple::Tuple;
use taipan_object::{bail, getset, getsets, intern, layout, method, methods};

enum Content {
    Growing(StrBuilder),
    Array(Vec<u32>),
}

impl Default for Content {
    fn default() -> Self {
        Content::Growing(StrBuilder::new())
    }
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Content::Growing(b) => b.len(),
            Content::Array(v) => v.len(),
        }
    }

    fn data(&self) -> StrData<'_> {
        match self {
            Content::Growing(b) => b.data(),
            Content::Array(v) => StrData::Ucs4(v),
        }
    }

    fn truncate(&mut self, n: usize) {
        match self {
            Content::Growing(b) => b.truncate(n),
            Content::Array(v) => v.truncate(n),
        }
    }

    /// Puts `s` at `pos`, over what is there; a gap is filled with NULs.
    fn put(&mut self, pos: usize, s: &Str) -> PyResult<()> {
        if let Content::Growing(b) = self {
            if pos >= b.len() {
                if pos > b.len() {
                    b.push_repeated(0, pos - b.len())?;
                }
                b.push_pystr(s);
                return Ok(());
            }
            let d = b.data();
            let chars = match d {
                StrData::Latin1(u) => u.iter().map(|&c| c.into()).collect(),
                StrData::Ucs2(u) => u.iter().map(|&c| c.into()).collect(),
                StrData::Ucs4(u) => u.to_vec(),
            };
            *self = Content::Array(chars);
        }
        if let Content::Array(v) = self {
            let end = pos + s.len();
            if v.len() < end {
                v.try_reserve(end - v.len()).map_err(|_| taipan_object::error::no_memory())?;
                v.resize(end, 0);
            }
            for (x, c) in v[pos..end].iter_mut().zip(s.chars()) {
                *x = c;
            }
        }
        Ok(())
    }
}

/// A `StringIO`.
#[repr(C)]
pub struct StringIO {
    base: IOBase,
    content: Cell<Content>,
    pos: Cell<usize>,
    ok: Cell<bool>,
    closed: Cell<bool>,
    newline: Cell<NewlineMode>,
    newlines: Newlines,
}
layout!(StringIO, PyStringIO_Type);

impl StringIO {
    #[inline]
    fn check(&self) -> PyResult<()> {
        if !self.ok.get() {
            bail!(ValueError, "I/O operation on uninitialized object");
        }
        if self.closed.get() {
            bail!(ValueError, "I/O operation on closed file");
        }
        Ok(())
    }

    /// Looks at the content. `f` calls nothing that could come back here.
    fn with<R>(&self, f: impl FnOnce(&mut Content) -> R) -> R {
        let mut c = self.content.take();
        let r = f(&mut c);
        self.content.set(c);
        r
    }

    fn put(&self, s: &Str) -> PyResult<()> {
        let mut text = Ref::from_borrowed(s);
        let mode = self.newline.get();
        if mode.universal() {
            text = self.newlines.decode(text, true);
        }
        if let Some(w) = mode.written() {
            text = replace_newlines(&text, w);
        }
        let n = text.len();
        if n == 0 {
            return Ok(());
        }
        let pos = self.pos.get();
        let Some(end) = pos.checked_add(n).filter(|&e| e < isize::MAX as usize / 4) else {
            bail!(OverflowError, "new position too large");
        };
        self.with(|c| c.put(pos, &text))?;
        self.pos.set(end);
        Ok(())
    }

    fn take(&self, n: usize) -> Ref<Str> {
        let pos = self.pos.get();
        let s = self.with(|c| Str::from_data(c.data().slice(pos, pos + n)));
        self.pos.set(pos + n);
        s
    }

    fn rest(&self) -> usize {
        self.with(|c| c.len()).saturating_sub(self.pos.get())
    }

    fn line(&self, limit: isize) -> Ref<Str> {
        let pos = self.pos.get();
        let rest = self.rest();
        if rest == 0 {
            return Str::empty();
        }
        let end = self.line_end();
        let n = self.with(|c| find_line_end(c.data(), pos, end).map_or(rest, |e| e - pos));
        self.take(if limit >= 0 { n.min(limit as usize) } else { n })
    }

    fn line_end(&self) -> LineEnd {
        self.newline.get().line_end()
    }

    fn value(&self) -> Ref<Str> {
        self.with(|c| Str::from_data(c.data()))
    }
}

/// Return the whole content.
#[method(signature = "()")]
fn getvalue(this: &StringIO) -> PyResult<Ref<Str>> {
    this.check()?;
    Ok(this.value())
}

/// Return the position.
#[method(signature = "()")]
fn tell(this: &StringIO) -> PyResult<usize> {
    this.check()?;
    Ok(this.pos.get())
}

/// Read at most size characters; all of them when size is negative or None.
#[method(signature = "(size=-1, /)")]
fn read(this: &StringIO, size: Option<Size>) -> PyResult<Ref<Str>> {
    this.check()?;
    let size = size_or_all(size);
    let rest = this.rest();
    let n = if size < 0 { rest } else { rest.min(size as usize) };
    if n == 0 {
        return Ok(Str::empty());
    }
    Ok(this.take(n))
}

/// Read a line; a size other than -1 limits its length.
#[method(signature = "(size=-1, /)")]
fn readline(this: &StringIO, size: Option<Size>) -> PyResult<Ref<Str>> {
    this.check()?;
    Ok(this.line(size_or_all(size)))
}

/// Cut the content to pos characters, by default the position, which stays.
#[method(signature = "(pos=None, /)")]
fn truncate(this: &StringIO, pos: Option<Size>) -> PyResult<usize> {
    this.check()?;
    let n = match pos {
        Some(Size(n)) if n < 0 => bail!(ValueError, "Negative size value {n}"),
        Some(Size(n)) => n as usize,
        None => this.pos.get(),
    };
    this.with(|c| c.truncate(n));
    Ok(n)
}

/// Move to a position from the start; with whence 1 or 2 only by 0, to where it is or to the end.
#[method(signature = "(pos, whence=0, /)")]
fn seek(this: &StringIO, pos: isize, whence: c_int) -> PyResult<usize> {
    this.check()?;
    if !(0..=2).contains(&whence) {
        bail!(ValueError, "Invalid whence ({whence}, should be 0, 1 or 2)");
    }
    if pos < 0 && whence == 0 {
        bail!(ValueError, "Negative seek position {pos}");
    }
    if whence != 0 && pos != 0 {
        bail!(OSError, "Can't do nonzero cur-relative seeks");
    }
    let n = match whence {
        0 => pos as usize,
        1 => this.pos.get(),
        _ => this.with(|c| c.len()),
    };
    this.pos.set(n);
    Ok(n)
}

/// Write a string; return the number of its characters.
#[method(signature = "(s, /)")]
fn write(this: &StringIO, s: &Object) -> PyResult<usize> {
    let Some(s) = s.downcast::<Str>() else {
        bail!(TypeError, "string argument expected, got '{}'", s.ty().name_str())
    };
    this.check()?;
    this.put(s)?;
    Ok(s.len())
}

/// Give the memory back.
#[method(signature = "()")]
fn close(this: &StringIO) {
    this.closed.set(true);
    drop(this.content.take());
}

/// Return True: the stream can be read.
#[method(signature = "()")]
fn readable(this: &StringIO) -> PyResult<bool> {
    this.check()?;
    Ok(true)
}

/// Return True: the stream can be written.
#[method(signature = "()")]
fn writable(this: &StringIO) -> PyResult<bool> {
    this.check()?;
    Ok(true)
}

/// Return True: the stream can seek.
#[method(signature = "()")]
fn seekable(this: &StringIO) -> PyResult<bool> {
    this.check()?;
    Ok(true)
}

fn newline_object(mode: NewlineMode) -> Obj {
    match mode {
        NewlineMode::Translate => none::none_obj(),
        NewlineMode::Untranslated => Str::empty().into_obj(),
        NewlineMode::Lf => intern!("\n").to_obj(),
        NewlineMode::Cr => intern!("\r").to_obj(),
        NewlineMode::CrLf => intern!("\r\n").to_obj(),
    }
}

/// Content, newline, position and attributes, for pickle.
#[method(signature = "()")]
fn __getstate__(this: &StringIO) -> PyResult {
    this.check()?;
    let dict = match this.base.dict.get() {
        Some(d) => d.cast::<Dict>().copy()?.into_obj(),
        None => none::none_obj(),
    };
    let pos = Int::from_usize(this.pos.get()).into_obj();
    Ok(Tuple::from_vec(vec![this.value().into_obj(), newline_object(this.newline.get()), pos, dict]).into_obj())
}

/// Take over what __getstate__ answered.
#[method(signature = "(state, /)")]
fn __setstate__(this: &StringIO, state: &Object) -> PyResult<()> {
    if this.closed.get() {
        bail!(ValueError, "I/O operation on closed file");
    }
    let Some(t) = state.downcast::<Tuple>().filter(|t| t.len() >= 4) else {
        bail!(
            TypeError,
            "{}.__setstate__ argument should be 4-tuple, got {}",
            this.ty().name_str(),
            state.ty().name_str()
        );
    };
    init(this, None, Some(t.item(1)))?;
    let value = t.item(0);
    if !value.is_none() {
        let Some(s) = value.downcast::<Str>() else {
            bail!(TypeError, "initial_value must be str or None, not {}", value.ty().name_str());
        };
        // As it is: its line ends were settled when it was written.
        this.with(|c| c.put(0, s))?;
    }
    let Some(pos) = t.item(2).downcast::<Int>() else {
        bail!(TypeError, "third item of state must be an integer, got {}", t.item(2).ty().name_str());
    };
    let pos = pos.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?;
    if pos < 0 {
        bail!(ValueError, "position value cannot be negative");
    }
    this.pos.set(pos as usize);
    merge_dict(&this.base, t.item(3), "fourth")
}

fn get_closed(this: &StringIO) -> PyResult<bool> {
    if !this.ok.get() {
        bail!(ValueError, "I/O operation on uninitialized object");
    }
    Ok(this.closed.get())
}

fn get_line_buffering(this: &StringIO) -> PyResult<bool> {
    this.check()?;
    Ok(false)
}

fn get_newlines(this: &StringIO) -> PyResult {
    this.check()?;
    if this.newline.get().universal() { this.newlines.newlines() } else { Ok(none::none_obj()) }
}

fn init(this: &StringIO, value: Option<&Object>, newline: Option<&Object>) -> PyResult<()> {
    let newline = match newline {
        None => NewlineMode::Lf,
        Some(n) if n.is_none() => NewlineMode::Translate,
        Some(n) => {
            let Some(s) = n.downcast::<Str>() else {
                bail!(TypeError, "newline must be str or None, not {}", n.ty().name_str())
            };
            match NewlineMode::parse(Some(s.as_str().unwrap_or("?"))) {
                Some(m) => m,
                None => bail!(ValueError, "illegal newline value: {}", s.repr()?.display()),
            }
        }
    };
    let value = match value {
        Some(v) if !v.is_none() => match v.downcast::<Str>() {
            Some(s) => Some(s),
            None => bail!(TypeError, "initial_value must be str or None, not {}", v.ty().name_str()),
        },
        _ => None,
    };
    this.ok.set(false);
    drop(this.content.take());
    this.pos.set(0);
    this.newline.set(newline);
    this.newlines.reset();
    this.newlines.translate.set(newline == NewlineMode::Translate);
    if let Some(s) = value {
        this.put(s)?;
        this.pos.set(0);
    }
    this.closed.set(false);
    this.ok.set(true);
    Ok(())
}

static INIT: Signature = Signature {
    name: "StringIO",
    params: &[param("initial_value", false), param("newline", false)],
    posonly: 0,
    positional: 2,
    varargs: false,
    varkw: false,
};

extern "C" fn stringio_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    bind_init::<2>(&INIT, args, kwargs, |a| init(o.cast(), a[0], a[1]))
}

extern "C" fn stringio_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = StringIO {
        base: IOBase::new(),
        content: Cell::default(),
        pos: Cell::new(0),
        ok: Cell::new(false),
        closed: Cell::new(false),
        newline: Cell::new(NewlineMode::Lf),
        newlines: Newlines::default(),
    };
    Ok(new_instance(cls, body)?.into_obj())
}

extern "C" fn stringio_iternext(o: &Object) -> Option<Obj> {
    let this: &StringIO = o.cast();
    to_iternext((|| {
        this.check()?;
        let line = if o.is_exact(StringIO::type_object()) {
            this.line(-1).into_obj()
        } else {
            let line = o.call_method(intern!("readline"), &[])?;
            if line.downcast::<Str>().is_none() {
                bail!(OSError, "readline() should have returned a str object, not '{}'", line.ty().name_str());
            }
            line
        };
        Ok(if line.cast::<Str>().is_empty() { None } else { Some(line) })
    })())
}

extern "C" fn stringio_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<StringIO>().base.traverse(visit, arg)
}

extern "C" fn stringio_clear(o: &Object) -> c_int {
    o.cast::<StringIO>().base.dict.set(None);
    0
}

/// `StringIO`.
pub static PyStringIO_Type: Type = Type::new_static(TypeDef {
    name: c"_io.StringIO",
    basicsize: size_of::<StringIO>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    base: Some(&PyTextIOBase_Type),
    doc: Some(c"StringIO(initial_value='', newline='\\n')\n--\n\nA text stream in memory. newline is as for TextIOWrapper, but None keeps what is written translated."),
    dealloc: Some(stream_dealloc::<StringIO>),
    traverse: Some(stringio_traverse),
    clear: Some(stringio_clear),
    iternext: Some(stringio_iternext),
    methods: methods![
        close, getvalue, read, readline, tell, truncate, seek, write, seekable, readable, writable, __getstate__, __setstate__,
    ],
    getset: getsets![
        getset!(c"closed", get_closed),
        getset!(c"newlines", get_newlines),
        getset!(c"line_buffering", get_line_buffering),
    ],
    init: Some(stringio_init),
    new: Some(stringio_new),
    ..TypeDef::EMPTY
});
