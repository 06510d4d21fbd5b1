//! Decoders and encoders of a text stream: native for UTF-8, Latin-1 and ASCII, by the codec registry for all others.

use crate::io::newline::{Newlines, split_state};
use std::cell::Cell;
use taipan_object::codecs::{registry, text};
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::bool_;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{bail, intern};

/// The encodings that need no codec objects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Native {
    /// UTF-8.
    Utf8,
    /// ISO 8859-1.
    Latin1,
    /// ASCII.
    Ascii,
}

/// The native codec for a name, if there is one.
pub fn native(encoding: &str) -> Option<Native> {
    Some(match registry::normalize(encoding).as_str() {
        "utf_8" | "utf8" => Native::Utf8,
        "latin_1" | "latin1" | "iso_8859_1" | "iso8859_1" => Native::Latin1,
        "ascii" | "us_ascii" => Native::Ascii,
        _ => return None,
    })
}

/// A decoder that keeps what is incomplete for the next piece.
pub enum Decoder {
    /// One of ours; with the incomplete sequence at the end of what it got, and the error handler's name.
    Native(Native, Cell<Vec<u8>>, String),
    /// An incremental decoder.
    Object(Obj),
}

/// What can be gone back to: undecoded input, and a number.
pub type State = (Ref<Bytes>, Ref<Int>);

impl Decoder {
    /// Decodes one piece; `last` says that no other follows.
    pub fn decode(&self, input: &Bytes, last: bool) -> PyResult<Ref<Str>> {
        match self {
            Decoder::Native(codec, pending, errors) => {
                let mut kept = pending.take();
                if kept.is_empty() {
                    let (s, used) = run(*codec, input.as_slice(), errors, last)?;
                    let rest = &input.as_slice()[used..];
                    if !rest.is_empty() {
                        kept.extend_from_slice(rest);
                    }
                    pending.set(kept);
                    return Ok(s);
                }
                kept.extend_from_slice(input.as_slice());
                let (s, used) = run(*codec, &kept, errors, last)?;
                kept.drain(..used);
                pending.set(kept);
                Ok(s)
            }
            Decoder::Object(d) => {
                let r = d.call_method(intern!("decode"), &[input, bool_::borrowed(last)])?;
                match r.downcast_into::<Str>() {
                    Ok(s) => Ok(s),
                    Err(o) => bail!(TypeError, "decoder should return a string result, not '{}'", o.ty().name_str()),
                }
            }
        }
    }

    /// The state.
    pub fn state(&self) -> PyResult<State> {
        match self {
            Decoder::Native(_, pending, _) => {
                let kept = pending.take();
                let b = Bytes::new(&kept);
                pending.set(kept);
                Ok((b, Int::zero()))
            }
            Decoder::Object(d) => {
                let state = d.call_method(intern!("getstate"), &[])?;
                let (buffer, flags) = split_state(&state)?;
                match buffer.downcast_into::<Bytes>() {
                    Ok(b) => Ok((b, flags)),
                    Err(o) => bail!(
                        TypeError,
                        "illegal decoder state: the first item should be a bytes object, not '{}'",
                        o.ty().name_str()
                    ),
                }
            }
        }
    }

    /// Goes back to a state.
    pub fn set_state(&self, state: &State) -> PyResult<()> {
        match self {
            Decoder::Native(_, pending, _) => pending.set(state.0.as_slice().to_vec()),
            Decoder::Object(d) => {
                let t = Tuple::new(&[&state.0, &state.1]);
                d.call_method(intern!("setstate"), &[&t])?;
            }
        }
        Ok(())
    }

    /// Forgets what is incomplete.
    pub fn reset(&self) -> PyResult<()> {
        match self {
            Decoder::Native(_, pending, _) => pending.set(Vec::new()),
            Decoder::Object(d) => drop(d.call_method(intern!("reset"), &[])?),
        }
        Ok(())
    }
}

fn run(codec: Native, data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    match codec {
        Native::Utf8 => text::utf_8_decode(data, errors, last),
        Native::Latin1 => Ok(text::latin_1_decode(data)),
        Native::Ascii => text::ascii_decode(data, errors),
    }
}

/// A decoder and the line ends after it, as one thing that has a state.
pub struct Reader {
    /// The decoder.
    pub decoder: Decoder,
    /// Line ends, when all kinds are recognised.
    pub newlines: Option<Newlines>,
}

impl Reader {
    /// Decodes one piece and settles its line ends.
    pub fn decode(&self, input: &Bytes, last: bool) -> PyResult<Ref<Str>> {
        let s = self.decoder.decode(input, last)?;
        Ok(match &self.newlines {
            Some(n) => n.decode(s, last),
            None => s,
        })
    }

    /// The state of both.
    pub fn state(&self) -> PyResult<State> {
        let (b, flags) = self.decoder.state()?;
        let Some(n) = &self.newlines else { return Ok((b, flags)) };
        let pending = i64::from(n.pending_cr.get());
        if let Some(f) = flags.to_i64().filter(|f| f.unsigned_abs() < 1 << 62) {
            return Ok((b, Int::from_i64(f << 1 | pending)));
        }
        let flags = taipan_object::protocol::number::lshift(&flags, &Int::one())?;
        let flags = taipan_object::protocol::number::or(&flags, &Int::from_i64(pending))?;
        Ok((b, taipan_object::protocol::number::index(&flags)?))
    }

    /// Goes back to a state.
    pub fn set_state(&self, state: &State) -> PyResult<()> {
        let Some(n) = &self.newlines else { return self.decoder.set_state(state) };
        n.pending_cr.set(state.1.low_u64() & 1 != 0);
        let flags = taipan_object::protocol::number::rshift(&state.1, &Int::one())?;
        self.decoder.set_state(&(state.0.clone(), taipan_object::protocol::number::index(&flags)?))
    }

    /// Forgets everything.
    pub fn reset(&self) -> PyResult<()> {
        if let Some(n) = &self.newlines {
            n.reset();
        }
        self.decoder.reset()
    }
}

/// An encoder.
pub enum Encoder {
    /// One of ours, and the error handler's name.
    Native(Native, String),
    /// An incremental encoder.
    Object(Obj),
}

impl Encoder {
    /// Appends encoded text.
    pub fn encode(&self, s: &Str, out: &mut Vec<u8>) -> PyResult<()> {
        match self {
            Encoder::Native(codec, errors) => {
                if s.is_ascii() || *codec == Native::Latin1 && s.kind() == 1 {
                    out.extend_from_slice(s.data_bytes());
                    return Ok(());
                }
                let b = match codec {
                    Native::Utf8 => text::utf_8_encode(s, errors)?,
                    Native::Latin1 => text::latin_1_encode(s, errors)?,
                    Native::Ascii => text::ascii_encode(s, errors)?,
                };
                out.extend_from_slice(b.as_slice());
            }
            Encoder::Object(e) => {
                let r = e.call_method(intern!("encode"), &[s])?;
                let Some(b) = r.downcast::<Bytes>() else {
                    bail!(TypeError, "encoder should return a bytes object, not '{}'", r.ty().name_str());
                };
                out.extend_from_slice(b.as_slice());
            }
        }
        Ok(())
    }

    /// Tells the encoder where in the stream it is: at the start (where a byte order mark goes) or not.
    pub fn place(&self, at_start: bool) -> PyResult<()> {
        if let Encoder::Object(e) = self {
            if at_start {
                e.call_method(intern!("reset"), &[])?;
            } else {
                e.call_method(intern!("setstate"), &[&Int::zero()])?;
            }
        }
        Ok(())
    }
}

/// Decoder and encoder for an encoding, as far as they are wanted.
pub fn make(
    encoding: &str,
    errors: &str,
    reading: bool,
    writing: bool,
) -> PyResult<(Option<Decoder>, Option<Encoder>)> {
    if let Some(n) = native(encoding) {
        let d = reading.then(|| Decoder::Native(n, Cell::default(), errors.to_owned()));
        let e = writing.then(|| Encoder::Native(n, errors.to_owned()));
        return Ok((d, e));
    }
    let info = text_codec(encoding)?;
    let errors = Str::from_utf8(errors);
    let get = |wanted: bool, name: &Object| -> PyResult<Option<Obj>> {
        if wanted { Ok(Some(info.get_attr(name)?.call_one(&errors)?)) } else { Ok(None) }
    };
    let d = get(reading, intern!("incrementaldecoder"))?.map(Decoder::Object);
    let e = get(writing, intern!("incrementalencoder"))?.map(Encoder::Object);
    Ok((d, e))
}

/// The registry's entry for an encoding of text.
pub fn text_codec(encoding: &str) -> PyResult {
    let info = registry::lookup(encoding)?;
    if let Some(flag) = info.get_attr_opt(intern!("_is_text_encoding"))?
        && !flag.is_true()?
    {
        bail!(LookupError, "'{encoding}' is not a text encoding");
    }
    Ok(info)
}
