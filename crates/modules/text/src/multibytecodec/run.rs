//! Texts through a codec, with the error handlers where it stops.

use taipan_object::codecs::errors;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, bail};
use taipan_unicode::cjk::{Codec, State, Stop};

/// Why something stopped: how much is wrong, and the reason.
fn reason(stop: Stop, left: usize) -> (usize, &'static str) {
    match stop {
        Stop::Wrong(n) => (n.min(left).max(1), "illegal multibyte sequence"),
        _ => (left, "incomplete multibyte sequence"),
    }
}

fn moved(at: isize, len: usize) -> PyResult<usize> {
    let to = if at < 0 { at.wrapping_add(len as isize) } else { at };
    match usize::try_from(to) {
        Ok(i) if i <= len => Ok(i),
        _ => bail!(IndexError, "position {to} from error handler out of bounds"),
    }
}

/// Calls an error handler; its answer is what replaces the bad part, and where to go on.
fn handle(errors: &str, error: taipan_object::Raised, wrong: &str) -> PyResult<(Obj, isize)> {
    let exc = error.take();
    let answer = errors::lookup_error(errors)?.call_one(&exc)?;
    match answer.downcast::<Tuple>() {
        Some(t) if t.len() == 2 && t.item(1).downcast::<Int>().is_some() => {
            let at = t.item(1).index_as_isize(Some(taipan_object::types::exceptions::IndexError))?;
            Ok((t.item(0).to_obj(), at))
        }
        _ => bail!(TypeError, "{wrong}"),
    }
}

/// A text being encoded.
pub struct Encoding<'a> {
    pub codec: &'a Codec,
    pub errors: &'a str,
    pub text: Vec<u32>,
    pub pos: usize,
}

impl Encoding<'_> {
    /// Encodes to the end, or to what may join what follows.
    pub fn go(&mut self, state: &mut State, out: &mut Vec<u8>, flush: bool) -> PyResult<()> {
        loop {
            let stop = self.codec.encode(state, &self.text, &mut self.pos, out, flush);
            match stop {
                Stop::End => break,
                Stop::TooFew if !flush => break,
                stop => self.error(state, out, stop)?,
            }
            if stop == Stop::TooFew {
                break;
            }
        }
        if flush {
            self.codec.encode_reset(state, out);
        }
        Ok(())
    }

    fn error(&mut self, state: &mut State, out: &mut Vec<u8>, stop: Stop) -> PyResult<()> {
        let (size, reason) = reason(stop, self.text.len() - self.pos);
        let end = self.pos + size;
        match self.errors {
            "ignore" | "replace" => {
                if self.errors == "replace" {
                    let mut p = 0;
                    if self.codec.encode(state, &[u32::from(b'?')], &mut p, out, true) != Stop::End {
                        out.push(b'?');
                    }
                }
                self.pos = end;
                return Ok(());
            }
            _ => {}
        }
        let object = Str::from_ucs4(&self.text);
        let error = errors::encode_error(self.codec.name, &object, self.pos, end, reason);
        if self.errors == "strict" {
            return Err(error);
        }
        let wrong = "encoding error handler must return (str, int) tuple";
        let (replacement, at) = handle(self.errors, error, wrong)?;
        if let Some(s) = replacement.downcast::<Str>() {
            let mut inner = Encoding { codec: self.codec, errors: "strict", text: s.chars().collect(), pos: 0 };
            // The shifts of the replacement are those of the text.
            loop {
                match inner.codec.encode(state, &inner.text, &mut inner.pos, out, true) {
                    Stop::End => break,
                    stop => inner.error(state, out, stop)?,
                }
            }
        } else if let Some(b) = replacement.downcast::<Bytes>() {
            out.extend_from_slice(b.as_slice());
        } else {
            bail!(TypeError, "{wrong}");
        }
        self.pos = moved(at, self.text.len())?;
        Ok(())
    }
}

/// A whole text.
pub fn encode_whole(codec: &Codec, text: &Str, errors: &str) -> PyResult<Vec<u8>> {
    let mut state = codec.encode_initial();
    let mut out = Vec::with_capacity(text.len() * 2);
    Encoding { codec, errors, text: text.chars().collect(), pos: 0 }.go(&mut state, &mut out, true)?;
    Ok(out)
}

/// Bytes being decoded.
pub struct Decoding<'a> {
    pub codec: &'a Codec,
    pub errors: &'a str,
    pub data: Vec<u8>,
    pub pos: usize,
}

impl Decoding<'_> {
    /// Decodes to the end. What is not complete there is an error if it is the last, and otherwise stays.
    pub fn go(&mut self, state: &mut State, out: &mut Vec<u32>, last: bool) -> PyResult<()> {
        loop {
            match self.codec.decode(state, &self.data, &mut self.pos, out) {
                Stop::End => return Ok(()),
                Stop::TooFew if !last => return Ok(()),
                stop => self.error(out, stop)?,
            }
        }
    }

    fn error(&mut self, out: &mut Vec<u32>, stop: Stop) -> PyResult<()> {
        let (size, reason) = reason(stop, self.data.len() - self.pos);
        let end = self.pos + size;
        match self.errors {
            "ignore" | "replace" => {
                if self.errors == "replace" {
                    out.push(0xFFFD);
                }
                self.pos = end;
                return Ok(());
            }
            _ => {}
        }
        let error = errors::decode_error(self.codec.name, &self.data, self.pos, end, reason);
        if self.errors == "strict" {
            return Err(error);
        }
        let wrong = "decoding error handler must return (str, int) tuple";
        let (replacement, at) = handle(self.errors, error, wrong)?;
        let Some(s) = replacement.downcast::<Str>() else { bail!(TypeError, "{wrong}") };
        out.extend(s.chars());
        self.pos = moved(at, self.data.len())?;
        Ok(())
    }
}

/// Text of an argument: a string, or what `str()` makes of it.
pub fn text_of(o: &Object) -> PyResult<Vec<u32>> {
    match o.downcast::<Str>() {
        Some(s) => Ok(s.chars().collect()),
        None => Ok(o.str()?.chars().collect()),
    }
}
