//! `TextIOWrapper`: text over a binary buffer.
//!
//! - this file: the layout, opening, and what both directions need; `codec.rs`: decoders and encoders
//! - `read.rs`, `write.rs`: the two directions; `seek.rs`: positions as cookies; `methods.rs`: what Python sees

pub mod codec;
mod methods;
mod read;
mod seek;
mod write;

pub use methods::PyTextIOWrapper_Type;

use super::base::{self, IOBase};
use super::buffered::{exact_reader, exact_writer};
use super::newline::{NewlineMode, Newlines};
use codec::{Encoder, Reader};
use std::cell::Cell;
use std::rc::Rc;
use taipan_object::error::PyResult;
use taipan_object::header::{Layout, Obj, ObjCell, Object, Ref};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::{Interp, bail, hooks, intern, layout};

/// A `TextIOWrapper`.
#[repr(C)]
pub struct TextIOWrapper {
    base: IOBase,
    buffer: ObjCell,
    /// A `str`.
    encoding: ObjCell,
    /// A `str`.
    errors: ObjCell,
    ok: Cell<bool>,
    detached: Cell<bool>,
    line_buffering: Cell<bool>,
    write_through: Cell<bool>,
    finalizing: Cell<bool>,
    seekable: Cell<bool>,
    has_read1: Cell<bool>,
    /// Whether the position can be told: not while lines are iterated over.
    telling: Cell<bool>,
    newline: Cell<NewlineMode>,
    chunk_size: Cell<usize>,
    reader: Cell<Option<Rc<Reader>>>,
    encoder: Cell<Option<Rc<Encoder>>>,
    /// Encoded text that the buffer has not got yet.
    pending: Cell<Vec<u8>>,
    /// Decoded text (a `str`), of which `used` characters were read.
    decoded: ObjCell,
    used: Cell<usize>,
    snapshot: Cell<Option<Rc<Snapshot>>>,
    /// Bytes per character of the last piece.
    ratio: Cell<f64>,
}
layout!(TextIOWrapper, PyTextIOWrapper_Type);

/// The point from which the decoded text was made: the decoder's state, and the input since then.
struct Snapshot {
    flags: Ref<Int>,
    input: Ref<Bytes>,
}

/// The shared content of a cell.
fn shared<T>(c: &Cell<Option<Rc<T>>>) -> Option<Rc<T>> {
    let r = c.take();
    let copy = r.clone();
    c.set(r);
    copy
}

/// The arguments that settle a stream's codec.
struct Options<'a> {
    encoding: Option<&'a str>,
    errors: &'a str,
    newline: NewlineMode,
}

impl TextIOWrapper {
    fn body() -> TextIOWrapper {
        TextIOWrapper {
            base: IOBase::new(),
            buffer: ObjCell::empty(),
            encoding: ObjCell::empty(),
            errors: ObjCell::empty(),
            ok: Cell::new(false),
            detached: Cell::new(false),
            line_buffering: Cell::new(false),
            write_through: Cell::new(false),
            finalizing: Cell::new(false),
            seekable: Cell::new(false),
            has_read1: Cell::new(false),
            telling: Cell::new(false),
            newline: Cell::new(NewlineMode::Translate),
            chunk_size: Cell::new(8192),
            reader: Cell::new(None),
            encoder: Cell::new(None),
            pending: Cell::new(Vec::new()),
            decoded: ObjCell::empty(),
            used: Cell::new(0),
            snapshot: Cell::new(None),
            ratio: Cell::new(0.0),
        }
    }

    #[inline]
    fn check_initialized(&self) -> PyResult<()> {
        if !self.ok.get() {
            bail!(ValueError, "I/O operation on uninitialized object");
        }
        Ok(())
    }

    #[inline]
    fn check_attached(&self) -> PyResult<()> {
        self.check_initialized()?;
        if self.detached.get() {
            bail!(ValueError, "underlying buffer has been detached");
        }
        Ok(())
    }

    /// The buffer, of a stream that is usable.
    #[inline]
    fn buffer(&self) -> PyResult {
        self.check_attached()?;
        match self.buffer.get_owned() {
            Some(b) => Ok(b),
            None => bail!(ValueError, "underlying buffer has been detached"),
        }
    }

    /// Raises if the stream is closed.
    #[inline]
    fn check_open(&self) -> PyResult<()> {
        if !self.is_exact(TextIOWrapper::type_object()) {
            return base::check_closed(self);
        }
        let closed = match self.buffer.get().and_then(|b| exact_writer(b).or_else(|| exact_reader(b))) {
            Some(b) => b.is_closed()?,
            None => base::is_closed(&*self.buffer()?)?,
        };
        if closed {
            bail!(ValueError, "I/O operation on closed file.");
        }
        Ok(())
    }

    fn reader(&self) -> Option<Rc<Reader>> {
        shared(&self.reader)
    }

    fn encoder(&self) -> Option<Rc<Encoder>> {
        shared(&self.encoder)
    }

    fn set_decoded(&self, s: Option<Ref<Str>>) {
        self.used.set(0);
        self.decoded.set(s.map(Ref::into_obj));
    }

    /// Takes up an encoding and how lines end, and makes what is needed for them.
    fn set_codec(&self, o: &Options<'_>) -> PyResult<()> {
        let name = match o.encoding {
            None | Some("locale") => default_encoding(o.encoding.is_some()),
            Some(e) => e.to_owned(),
        };
        if Interp::current().config.dev_mode.get() && o.errors != "strict" {
            // Otherwise a wrong name comes to light at the first error.
            taipan_object::codecs::errors::lookup_error(o.errors)?;
        }
        if codec::native(&name).is_none() {
            codec::text_codec(&name)?;
        }
        let buffer = self.buffer.get_owned();
        let ask = |name: &Object| -> PyResult<bool> {
            match &buffer {
                Some(b) => b.call_method(name, &[])?.is_true(),
                None => Ok(false),
            }
        };
        let reading = ask(intern!("readable"))?;
        let writing = ask(intern!("writable"))?;
        let (decoder, encoder) = codec::make(&name, o.errors, reading, writing)?;
        let reader = decoder.map(|decoder| {
            let newlines = o.newline.universal().then(|| {
                let n = Newlines::default();
                n.translate.set(o.newline == NewlineMode::Translate);
                n
            });
            Rc::new(Reader { decoder, newlines })
        });
        self.encoding.set(Some(Str::from_utf8(&name).into_obj()));
        self.errors.set(Some(Str::from_utf8(o.errors).into_obj()));
        self.newline.set(o.newline);
        self.reader.set(reader);
        self.encoder.set(encoder.map(Rc::new));
        Ok(())
    }

    /// An encoder that starts in the middle of a file writes no byte order mark.
    fn place_encoder(&self) -> PyResult<()> {
        let Some(e) = self.encoder() else { return Ok(()) };
        if !self.seekable.get() || matches!(*e, Encoder::Native(..)) {
            return Ok(());
        }
        let pos = self.buffer()?.call_method(intern!("tell"), &[])?;
        if !pos.eq(&Int::zero())? {
            e.place(false)?;
        }
        Ok(())
    }

    fn initialize(&self, buffer: &Object, o: &Options<'_>, line_buffering: bool, write_through: bool) -> PyResult<()> {
        self.ok.set(false);
        self.detached.set(false);
        if o.encoding.is_none() && Interp::current().config.warn_default_encoding.get() {
            (hooks::get().warn)(exceptions::EncodingWarning, "'encoding' argument not specified", 1)?;
        }
        self.reader.set(None);
        self.encoder.set(None);
        self.pending.set(Vec::new());
        self.set_decoded(None);
        self.snapshot.set(None);
        self.ratio.set(0.0);
        self.chunk_size.set(8192);
        self.line_buffering.set(line_buffering);
        self.write_through.set(write_through);
        self.buffer.set(Some(buffer.to_obj()));
        self.set_codec(o)?;
        let seekable = buffer.call_method(intern!("seekable"), &[])?.is_true()?;
        self.seekable.set(seekable);
        self.telling.set(seekable);
        self.has_read1.set(buffer.get_attr_opt(intern!("read1"))?.is_some());
        self.ok.set(true);
        if let Err(e) = self.place_encoder() {
            self.ok.set(false);
            return Err(e);
        }
        Ok(())
    }
}

/// The encoding that `encoding=None` means; `named` when the program wrote `"locale"`, which UTF-8 mode does not change.
fn default_encoding(named: bool) -> String {
    if !named && Interp::current().config.utf8_mode.get() { "utf-8".to_owned() } else { locale_encoding() }
}

/// The character set of the locale that the program started with.
pub fn locale_encoding() -> String {
    static NAME: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    NAME.get_or_init(|| {
        // SAFETY: the answer is a C string that stays until the locale changes, and is copied before.
        let name = unsafe { std::ffi::CStr::from_ptr(libc::nl_langinfo(libc::CODESET)) }.to_string_lossy().into_owned();
        if name.is_empty() { "UTF-8".to_owned() } else { name }
    })
    .clone()
}

/// The buffer's bytes as a `bytes`: streams may answer any bytes-like object.
fn as_bytes(o: Obj, method: &str) -> PyResult<Ref<Bytes>> {
    match o.downcast_into::<Bytes>() {
        Ok(b) => Ok(b),
        Err(o) => {
            if !taipan_object::buffer::supports(&o) {
                bail!(
                    TypeError,
                    "underlying {method}() should have returned a bytes-like object, not '{}'",
                    o.ty().name_str()
                );
            }
            Bytes::try_new(&taipan_object::buffer::Buffer::get(&o)?)
        }
    }
}
