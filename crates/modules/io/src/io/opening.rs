//! `open`, `open_code` and `text_encoding`.

use super::DEFAULT_BUFFER_SIZE;
use super::buffered::{PyBufferedRandom_Type, PyBufferedReader_Type, PyBufferedWriter_Type};
use super::fileio::{self, PyFileIO_Type};
use super::textio::PyTextIOWrapper_Type;
use crate::support::chained;
use std::ffi::c_int;
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::types::bool_;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::{exceptions, none};
use taipan_object::{Interp, bail, function, hooks, intern};

/// Open a file and return a stream for it.
///
/// file is a path, or the descriptor of a file that is open already. The mode says what will be done:
/// 'r' read (the default), 'w' write after emptying, 'x' create, 'a' append, with '+' for both
/// directions, 'b' for bytes and 't' (the default) for text.
///
/// buffering is 0 for none (bytes only), 1 for line by line (text only), or a size in bytes.
/// encoding, errors and newline are for text; see TextIOWrapper. With closefd=False a descriptor
/// given as file stays open when the stream is closed. opener(file, flags) may open the file instead.
#[function(
    signature = "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)",
    shown = "(file, mode='r', buffering=-1, encoding=None,\n     errors=None, newline=None, closefd=True, opener=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn open(
    file: &Object,
    mode: &str,
    buffering: c_int,
    encoding: Option<&str>,
    errors: Option<&str>,
    newline: Option<&str>,
    closefd: bool,
    opener: &Object,
) -> PyResult {
    let m = parse_mode(mode)?;
    if !m.binary {
        // Fine.
    } else if encoding.is_some() {
        bail!(ValueError, "binary mode doesn't take an encoding argument");
    } else if errors.is_some() {
        bail!(ValueError, "binary mode doesn't take an errors argument");
    } else if newline.is_some() {
        bail!(ValueError, "binary mode doesn't take a newline argument");
    }
    if m.binary && buffering == 1 {
        (hooks::get().warn)(
            exceptions::RuntimeWarning,
            "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used",
            1,
        )?;
    }
    let file = if file.downcast::<Int>().is_some() { file.to_obj() } else { crate::support::fspath(file)? };
    let raw_mode = Str::from_utf8(m.raw);
    let raw = PyFileIO_Type.as_object().call(&[&file, &raw_mode, bool_::borrowed(closefd), opener])?;
    let text = TextOptions { mode, encoding, errors, newline };
    stack(&raw, &m, buffering, &text).map_err(|(top, e)| {
        // What was opened is closed again, top first.
        let exc = e.take();
        match top.call_method(intern!("close"), &[]) {
            Ok(_) => taipan_object::error::restore(exc),
            Err(e) => chained(exc, e),
        }
    })
}

struct OpenMode {
    raw: &'static str,
    binary: bool,
    /// One of `r`, `w`, `x`, `a`.
    direction: u8,
    updating: bool,
}

fn parse_mode(mode: &str) -> PyResult<OpenMode> {
    let (mut direction, mut updating, mut text, mut binary) = ([false; 4], false, false, false);
    for (i, c) in mode.bytes().enumerate() {
        match c {
            b'x' => direction[0] = true,
            b'r' => direction[1] = true,
            b'w' => direction[2] = true,
            b'a' => direction[3] = true,
            b'+' => updating = true,
            b't' => text = true,
            b'b' => binary = true,
            _ => bail!(ValueError, "invalid mode: '{mode}'"),
        }
        if mode.as_bytes()[..i].contains(&c) {
            bail!(ValueError, "invalid mode: '{mode}'");
        }
    }
    if text && binary {
        bail!(ValueError, "can't have text and binary mode at once");
    }
    if direction.iter().filter(|&&d| d).count() != 1 {
        if direction == [false; 4] {
            bail!(ValueError, "Must have exactly one of create/read/write/append mode and at most one plus");
        }
        bail!(ValueError, "must have exactly one of create/read/write/append mode");
    }
    let (raw, letter) = match (direction, updating) {
        ([true, ..], false) => ("x", b'x'),
        ([true, ..], true) => ("x+", b'x'),
        ([_, true, ..], false) => ("r", b'r'),
        ([_, true, ..], true) => ("r+", b'r'),
        ([_, _, true, _], false) => ("w", b'w'),
        ([_, _, true, _], true) => ("w+", b'w'),
        (_, false) => ("a", b'a'),
        (_, true) => ("a+", b'a'),
    };
    Ok(OpenMode { raw, binary, direction: letter, updating })
}

struct TextOptions<'a> {
    mode: &'a str,
    encoding: Option<&'a str>,
    errors: Option<&'a str>,
    newline: Option<&'a str>,
}

/// Puts buffer and text layer on a raw stream. An error comes with what has been made so far.
fn stack(
    raw: &Obj,
    m: &OpenMode,
    buffering: c_int,
    text: &TextOptions<'_>,
) -> Result<Obj, (Obj, taipan_object::Raised)> {
    let mut top = raw.clone();
    let r = (|| -> PyResult {
        let mut buffering = buffering;
        let isatty = if buffering < 0 { raw.call_method(intern!("_isatty_open_only"), &[])?.is_true()? } else { false };
        let mut line_buffering = false;
        if buffering == 1 || isatty {
            buffering = -1;
            line_buffering = true;
        }
        let size = if buffering < 0 {
            match fileio::exact(raw) {
                Some(f) => f.blksize().clamp(DEFAULT_BUFFER_SIZE, 8 * 1024 * 1024),
                None => DEFAULT_BUFFER_SIZE,
            }
        } else {
            buffering as usize
        };
        if size == 0 {
            if !m.binary {
                bail!(ValueError, "can't have unbuffered text I/O");
            }
            return Ok(raw.clone());
        }
        let class = match (m.updating, m.direction) {
            (true, _) => &PyBufferedRandom_Type,
            (_, b'r') => &PyBufferedReader_Type,
            _ => &PyBufferedWriter_Type,
        };
        top = class.as_object().call(&[raw, &Int::from_usize(size)])?;
        if m.binary {
            return Ok(top.clone());
        }
        let string = |s: Option<&str>| s.map_or_else(none::none_obj, |s| Str::from_utf8(s).into_obj());
        let wrapper = PyTextIOWrapper_Type.as_object().call(&[
            &top,
            &string(text.encoding),
            &string(text.errors),
            &string(text.newline),
            bool_::borrowed(line_buffering),
        ])?;
        top = wrapper.clone();
        wrapper.set_attr(intern!("mode"), &Str::from_utf8(text.mode))?;
        Ok(wrapper)
    })();
    r.map_err(|e| (top, e))
}

/// Open a file that is going to be executed; hooks may check it. The stream is binary.
#[function(signature = "(path)")]
pub fn open_code(path: &Object) -> PyResult {
    if path.downcast::<Str>().is_none() {
        bail!(TypeError, "open_code() argument 'path' must be str, not {}", path.ty().name_str());
    }
    open(path, "rb", -1, None, None, None, true, none::none())
}

/// What an encoding argument of None stands for: "locale", or "utf-8" in UTF-8 mode. Others are answered as they are.
#[function(signature = "(encoding, stacklevel=2, /)")]
pub fn text_encoding(encoding: &Object, stacklevel: c_int) -> PyResult {
    if !encoding.is_none() {
        return Ok(encoding.to_obj());
    }
    let config = &Interp::current().config;
    if config.warn_default_encoding.get() {
        (hooks::get().warn)(exceptions::EncodingWarning, "'encoding' argument not specified", stacklevel as isize)?;
    }
    Ok(if config.utf8_mode.get() { intern!("utf-8").to_obj() } else { intern!("locale").to_obj() })
}
