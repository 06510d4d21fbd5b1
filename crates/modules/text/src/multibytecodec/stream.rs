//! `MultibyteStreamReader` and `MultibyteStreamWriter`.

use super::run::text_of;
use super::stateful::Stateful;
use crate::stateful_type;
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::{
    Obj, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, intern, layout, members, method, methods,
    visit,
};

fn stream(s: &Stateful) -> Obj {
    s.stream.get_owned().unwrap_or_else(|| none().to_obj())
}

/// Reads until there is some text, or the end.
fn read_text(s: &Stateful, method: &Object, mut hint: isize) -> PyResult<Vec<u32>> {
    let mut out = Vec::new();
    if hint == 0 {
        return Ok(out);
    }
    loop {
        let stream = stream(s);
        let got = if hint < 0 {
            stream.call_method(method, &[])?
        } else {
            stream.call_method(method, &[&Int::from_i64(hint as i64) as &Object])?
        };
        let Some(data) = got.downcast::<Bytes>() else {
            bail!(TypeError, "stream function returned a non-bytes object ({})", got.ty().name_str())
        };
        let data = data.as_slice();
        let end = data.is_empty();
        out.extend(s.decode(data, end || hint < 0)?);
        if hint < 0 || !out.is_empty() || end {
            return Ok(out);
        }
        // One more byte may do.
        hint = 1;
    }
}

fn size(o: Option<&Object>) -> PyResult<isize> {
    match o {
        None => Ok(-1),
        Some(o) if o.downcast::<Int>().is_some() => {
            o.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))
        }
        Some(_) => bail!(TypeError, "arg 1 must be an integer"),
    }
}

/// Read text.
#[method(name = "read", signature = "(sizeobj=None, /)")]
fn read(this: &MultibyteStreamReader, sizeobj: Option<&Object>) -> PyResult<Ref<Str>> {
    Ok(Str::from_ucs4(&read_text(&this.0, intern!("read"), size(sizeobj)?)?))
}

/// Read a line.
#[method(name = "readline", signature = "(sizeobj=None, /)")]
fn readline(this: &MultibyteStreamReader, sizeobj: Option<&Object>) -> PyResult<Ref<Str>> {
    Ok(Str::from_ucs4(&read_text(&this.0, intern!("readline"), size(sizeobj)?)?))
}

/// Read lines.
#[method(name = "readlines", signature = "(sizehintobj=None, /)")]
fn readlines(this: &MultibyteStreamReader, sizehintobj: Option<&Object>) -> PyResult<Ref<List>> {
    let text = Str::from_ucs4(&read_text(&this.0, intern!("read"), size(sizehintobj)?)?);
    Ok(text.split_lines(true))
}

/// Forgets what was left over.
#[method(name = "reset", signature = "()")]
fn reader_reset(this: &MultibyteStreamReader) -> PyResult<()> {
    this.0.reset_decoder()
}

stateful_type!(
    MultibyteStreamReader,
    MultibyteStreamReader_Type,
    c"_multibytecodec.MultibyteStreamReader",
    decodes true,
    [read, readline, readlines, reader_reset],
    ["stream" true, "errors" false],
    members![MemberDef::new(c"stream", member::OBJECT, offset_of!(Stateful, stream), member::READONLY)]
);

fn write_text(s: &Stateful, o: &Object) -> PyResult<()> {
    let bytes = Bytes::new(&s.encode(text_of(o)?, false)?);
    stream(s).call_method(intern!("write"), &[&bytes as &Object]).map(drop)
}

/// Write text.
#[method(name = "write", signature = "(strobj, /)")]
fn write(this: &MultibyteStreamWriter, strobj: &Object) -> PyResult<()> {
    write_text(&this.0, strobj)
}

/// Write a sequence of texts.
#[method(name = "writelines", signature = "(lines, /)")]
fn writelines(this: &MultibyteStreamWriter, lines: &Object) -> PyResult<()> {
    if lines.ty().lookup(intern!("__getitem__")).is_none() || lines.downcast::<Dict>().is_some() {
        bail!(TypeError, "arg must be a sequence object");
    }
    let mut i = 0;
    while i < lines.len()? {
        let line = lines.get_item(&Int::from_usize(i))?;
        write_text(&this.0, &line)?;
        i += 1;
    }
    Ok(())
}

/// Writes what is left over, and what goes back to the state at the beginning.
#[method(name = "reset", signature = "()")]
fn writer_reset(this: &MultibyteStreamWriter) -> PyResult<()> {
    if this.0.characters.borrow().is_empty() {
        return Ok(());
    }
    let bytes = this.0.encode(Vec::new(), true)?;
    if !bytes.is_empty() {
        stream(&this.0).call_method(intern!("write"), &[&Bytes::new(&bytes) as &Object])?;
    }
    Ok(())
}

stateful_type!(
    MultibyteStreamWriter,
    MultibyteStreamWriter_Type,
    c"_multibytecodec.MultibyteStreamWriter",
    decodes false,
    [write, writelines, writer_reset],
    ["stream" true, "errors" false],
    members![MemberDef::new(c"stream", member::OBJECT, offset_of!(Stateful, stream), member::READONLY)]
);
