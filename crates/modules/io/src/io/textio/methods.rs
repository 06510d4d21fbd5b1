//! The methods and the type.

use super::codec::{Decoder, Encoder};
use super::{Options, TextIOWrapper};
use crate::io::abstracts::PyTextIOBase_Type;
use crate::io::base::stream_dealloc;
use crate::io::newline::NewlineMode;
use crate::io::{cannot_pickle, shown_type, unsupported};
use crate::support::{Size, bind_init, chained, param, size_or_all};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::new_instance;
use taipan_object::args::{ArgContext, Given, Signature};
use taipan_object::error::{self, PyResult, to_iternext};
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::{exceptions, none};
use taipan_object::{bail, getset, getsets, intern, members, method, methods, visit};

/// Write a string; return the number of its characters.
#[method(signature = "(text, /)")]
fn write(this: &TextIOWrapper, text: &Str) -> PyResult<usize> {
    this.write_text(text)
}

/// Read at most size characters; all of them when size is negative or None.
#[method(signature = "(size=-1, /)")]
fn read(this: &TextIOWrapper, size: Option<Size>) -> PyResult<Ref<Str>> {
    this.read_text(size_or_all(size))
}

/// Read a line; a size other than -1 limits its length.
#[method(signature = "(size=-1, /)")]
fn readline(this: &TextIOWrapper, size: isize) -> PyResult<Ref<Str>> {
    this.check_attached()?;
    this.read_line(size)
}

/// Write out what is buffered.
#[method(signature = "()")]
fn flush(this: &TextIOWrapper) -> PyResult<()> {
    this.flush_all()
}

/// Flush, then close the buffer. Closing it again does nothing.
#[method(signature = "()")]
fn close(this: &TextIOWrapper) -> PyResult {
    let buffer = this.buffer()?;
    if crate::io::base::is_closed(&buffer)? {
        return Ok(none::none_obj());
    }
    if this.detached.get() {
        // By the buffer's own code, just now.
        return Ok(none::none_obj());
    }
    if this.finalizing.get()
        && let Err(e) = buffer.call_method(intern!("_dealloc_warn"), &[this])
    {
        e.clear();
    }
    let flushed = this.call_method(intern!("flush"), &[]).map_err(error::Raised::take);
    let closed = buffer.call_method(intern!("close"), &[]);
    match (flushed, closed) {
        (Ok(_), r) => r,
        (Err(exc), Ok(_)) => Err(error::restore(exc)),
        (Err(exc), Err(e)) => Err(chained(exc, e)),
    }
}

/// Take the buffer out; the stream is of no use afterwards.
#[method(signature = "()")]
fn detach(this: &TextIOWrapper) -> PyResult {
    let buffer = this.buffer()?;
    this.call_method(intern!("flush"), &[])?;
    this.buffer.set(None);
    this.detached.set(true);
    Ok(buffer)
}

/// Change the settings of the stream. Encoding and newline cannot be changed once something was read.
#[method(
    signature = "(*, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)",
    shown = "(*, encoding=None, errors=None, newline=None,\n            line_buffering=None, write_through=None)"
)]
fn reconfigure(
    this: &TextIOWrapper,
    encoding: &Object,
    errors: &Object,
    newline: Given<&Object>,
    line_buffering: &Object,
    write_through: &Object,
) -> PyResult<()> {
    this.check_initialized()?;
    let settings = !encoding.is_none() || !errors.is_none() || newline.0.is_some();
    if this.reader().is_some() && !this.decoded.is_empty() && settings {
        return Err(unsupported("It is not possible to set the encoding or newline of stream after the first read"));
    }
    let text = |o: &Object, name: &'static str| -> PyResult<Option<String>> {
        if o.is_none() {
            return Ok(None);
        }
        let cx = ArgContext { func: "reconfigure", position: 0, name };
        match o.downcast::<Str>() {
            Some(s) => Ok(Some(s.to_utf8()?.to_owned())),
            None => Err(cx.wrong_type("str or None", o)),
        }
    };
    let mode = match newline.0 {
        Some(n) => parse_newline(text(n, "newline")?.as_deref())?,
        None => this.newline.get(),
    };
    let encoding = text(encoding, "encoding")?;
    let errors = text(errors, "errors")?;
    let flag = |o: &Object, old: bool| -> PyResult<bool> { if o.is_none() { Ok(old) } else { Ok(o.as_i64()? != 0) } };
    let line_buffering = flag(line_buffering, this.line_buffering.get())?;
    let write_through = flag(write_through, this.write_through.get())?;
    this.call_method(intern!("flush"), &[])?;
    this.ratio.set(0.0);
    if settings {
        let field = |c: &taipan_object::ObjCell| {
            c.get().map_or_else(String::new, |s| s.cast::<Str>().to_utf8_lossy().into_owned())
        };
        let errors = match (errors, &encoding) {
            (Some(e), _) => e,
            (None, None) => field(&this.errors),
            (None, Some(_)) => "strict".to_owned(),
        };
        let encoding = encoding.unwrap_or_else(|| field(&this.encoding));
        this.set_codec(&Options { encoding: Some(&encoding), errors: &errors, newline: mode })?;
        this.place_encoder()?;
    }
    this.line_buffering.set(line_buffering);
    this.write_through.set(write_through);
    Ok(())
}

fn parse_newline(s: Option<&str>) -> PyResult<NewlineMode> {
    match NewlineMode::parse(s) {
        Some(m) => Ok(m),
        None => bail!(ValueError, "illegal newline value: {}", s.unwrap_or("")),
    }
}

/// Return the file descriptor under the stream.
#[method(signature = "()")]
fn fileno(this: &TextIOWrapper) -> PyResult {
    this.buffer()?.call_method(intern!("fileno"), &[])
}

/// Return whether the stream can seek.
#[method(signature = "()")]
fn seekable(this: &TextIOWrapper) -> PyResult {
    this.buffer()?.call_method(intern!("seekable"), &[])
}

/// Return whether the stream can be read.
#[method(signature = "()")]
fn readable(this: &TextIOWrapper) -> PyResult {
    this.buffer()?.call_method(intern!("readable"), &[])
}

/// Return whether the stream can be written.
#[method(signature = "()")]
fn writable(this: &TextIOWrapper) -> PyResult {
    this.buffer()?.call_method(intern!("writable"), &[])
}

/// Return whether the stream is a terminal.
#[method(signature = "()")]
fn isatty(this: &TextIOWrapper) -> PyResult {
    this.buffer()?.call_method(intern!("isatty"), &[])
}

/// Go to a position that tell answered; with whence 1 or 2 only 0 is allowed, for where it is and for the end.
#[method(signature = "(cookie, whence=0, /)", shown = "(cookie, whence=os.SEEK_SET, /)")]
fn seek(this: &TextIOWrapper, cookie: &Object, whence: c_int) -> PyResult {
    this.seek_text(cookie, whence)
}

/// Return the position as a number that means something to seek only.
#[method(signature = "()")]
fn tell(this: &TextIOWrapper) -> PyResult {
    this.tell_text()
}

/// Cut the file to pos bytes, by default the current position.
#[method(signature = "(pos=None, /)")]
fn truncate(this: &TextIOWrapper, pos: &Object) -> PyResult {
    let buffer = this.buffer()?;
    this.call_method(intern!("flush"), &[])?;
    buffer.call_method(intern!("truncate"), &[pos])
}

#[method(signature = "()")]
fn __getstate__(this: &Object) -> PyResult {
    cannot_pickle(this)
}

fn get_name(this: &TextIOWrapper) -> PyResult {
    this.buffer()?.get_attr(intern!("name"))
}

fn get_closed(this: &TextIOWrapper) -> PyResult {
    this.buffer()?.get_attr(intern!("closed"))
}

fn get_newlines(this: &TextIOWrapper) -> PyResult {
    this.check_attached()?;
    match this.reader() {
        Some(r) => match &r.newlines {
            Some(n) => n.newlines(),
            None => match &r.decoder {
                Decoder::Object(d) => Ok(d.get_attr_opt(intern!("newlines"))?.unwrap_or_else(none::none_obj)),
                Decoder::Native(..) => Ok(none::none_obj()),
            },
        },
        None => Ok(none::none_obj()),
    }
}

fn get_errors(this: &TextIOWrapper) -> PyResult {
    this.check_initialized()?;
    Ok(this.errors.get_owned().unwrap_or_else(none::none_obj))
}

fn get_chunk_size(this: &TextIOWrapper) -> PyResult<usize> {
    this.check_attached()?;
    Ok(this.chunk_size.get())
}

fn set_chunk_size(this: &TextIOWrapper, v: Option<&Object>) -> PyResult<()> {
    this.check_attached()?;
    let Some(v) = v else {
        bail!(AttributeError, "attribute '_CHUNK_SIZE' of '{}' objects cannot be deleted", shown_type(this))
    };
    let n = v.index_as_isize(Some(exceptions::ValueError))?;
    if n <= 0 {
        bail!(ValueError, "a strictly positive integer is required");
    }
    this.chunk_size.set(n as usize);
    Ok(())
}

extern "C" fn text_repr(o: &Object) -> PyResult {
    let this: &TextIOWrapper = o.cast();
    this.check_initialized()?;
    let shown = shown_type(o);
    let Some(_guard) = taipan_object::protocol::repr::repr_enter(o)? else {
        bail!(RuntimeError, "reentrant call inside {shown}.__repr__");
    };
    let mut out = StrBuilder::new();
    out.push_str(&format!("<{shown}"));
    for (label, name) in [(" name=", intern!("name")), (" mode=", intern!("mode"))] {
        let v = match o.get_attr_opt(name) {
            Ok(v) => v,
            Err(e) => e.recover(exceptions::ValueError, None)?,
        };
        if let Some(v) = v {
            out.push_str(label);
            out.push_pystr(&*v.repr()?);
        }
    }
    out.push_str(" encoding=");
    let encoding = this.encoding.get_owned().unwrap_or_else(none::none_obj);
    out.push_pystr(&*encoding.repr()?);
    out.push_str(">");
    Ok(out.finish().into_obj())
}

extern "C" fn text_iternext(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<TextIOWrapper>().next_line())
}

extern "C" fn text_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &TextIOWrapper = o.cast();
    visit!(this.buffer, visit, arg);
    if let Some(r) = this.reader()
        && let Decoder::Object(d) = &r.decoder
    {
        let n = visit(d, arg);
        if n != 0 {
            return n;
        }
    }
    if let Some(e) = this.encoder()
        && let Encoder::Object(e) = &*e
    {
        let n = visit(e, arg);
        if n != 0 {
            return n;
        }
    }
    this.base.traverse(visit, arg)
}

extern "C" fn text_clear(o: &Object) -> c_int {
    let this: &TextIOWrapper = o.cast();
    this.ok.set(false);
    this.buffer.set(None);
    this.reader.set(None);
    this.encoder.set(None);
    this.base.dict.set(None);
    0
}

extern "C" fn text_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(cls, TextIOWrapper::body())?.into_obj())
}

static INIT: Signature = Signature {
    name: "TextIOWrapper",
    params: &[
        param("buffer", true),
        param("encoding", false),
        param("errors", false),
        param("newline", false),
        param("line_buffering", false),
        param("write_through", false),
    ],
    posonly: 0,
    positional: 6,
    varargs: false,
    varkw: false,
};

extern "C" fn text_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    bind_init::<6>(&INIT, args, kwargs, |a| {
        let this: &TextIOWrapper = o.cast();
        this.ok.set(false);
        let text = |i: usize, name: &'static str| -> PyResult<Option<&str>> {
            match a[i].filter(|o| !o.is_none()) {
                None => Ok(None),
                Some(o) => match o.downcast::<Str>() {
                    Some(s) => s.to_utf8().map(Some),
                    None => {
                        Err(ArgContext { func: "TextIOWrapper", position: i + 1, name }.wrong_type("str or None", o))
                    }
                },
            }
        };
        let encoding = text(1, "encoding")?;
        let errors = text(2, "errors")?.unwrap_or("strict");
        if encoding.unwrap_or("").contains('\0') || errors.contains('\0') {
            bail!(ValueError, "embedded null character");
        }
        let newline = parse_newline(text(3, "newline")?)?;
        let line_buffering = a[4].map_or(Ok(false), Object::is_true)?;
        let write_through = a[5].map_or(Ok(false), Object::is_true)?;
        this.initialize(
            a[0].unwrap_or(none::none()),
            &Options { encoding, errors, newline },
            line_buffering,
            write_through,
        )
    })
}

/// `TextIOWrapper`.
pub static PyTextIOWrapper_Type: Type = Type::new_static(TypeDef {
    name: c"_io.TextIOWrapper",
    basicsize: size_of::<TextIOWrapper>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    base: Some(&PyTextIOBase_Type),
    doc: Some(c"TextIOWrapper(buffer, encoding=None, errors=None, newline=None,\n              line_buffering=False, write_through=False)\n--\n\nText over a binary buffer.\n\nnewline says how lines end: None reads any line end as '\\n', '' reads any as it is,\n'\\n', '\\r' and '\\r\\n' only that; the last two are also written for '\\n'.\nWith line_buffering every line is flushed, with write_through nothing is kept back."),
    dealloc: Some(stream_dealloc::<TextIOWrapper>),
    repr: Some(text_repr),
    traverse: Some(text_traverse),
    clear: Some(text_clear),
    iternext: Some(text_iternext),
    methods: methods![
        detach, reconfigure, write, read, readline, flush, close, fileno, seekable, readable, writable, isatty, seek, tell, truncate,
        __getstate__,
    ],
    members: members![
        MemberDef::new(c"encoding", member::OBJECT, offset_of!(TextIOWrapper, encoding), member::READONLY),
        MemberDef::new(c"buffer", member::OBJECT_EX, offset_of!(TextIOWrapper, buffer), member::READONLY),
        MemberDef::new(c"line_buffering", member::BOOL, offset_of!(TextIOWrapper, line_buffering), member::READONLY),
        MemberDef::new(c"write_through", member::BOOL, offset_of!(TextIOWrapper, write_through), member::READONLY),
        MemberDef::new(c"_finalizing", member::BOOL, offset_of!(TextIOWrapper, finalizing), 0),
    ],
    getset: getsets![
        getset!(c"name", get_name),
        getset!(c"closed", get_closed),
        getset!(c"newlines", get_newlines),
        getset!(c"errors", get_errors),
        getset!(c"_CHUNK_SIZE", get_chunk_size, set_chunk_size),
    ],
    init: Some(text_init),
    new: Some(text_new),
    ..TypeDef::EMPTY
});
