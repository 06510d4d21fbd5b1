//! Error handlers: the exceptions they get, the built-in ones as functions, the registry, and what the codecs' drivers call.

use crate::error::{PyResult, Raised, raise_instance};
use crate::header::{Obj, Object, Ref};
use crate::thread::Interp;
use crate::types::bytes::Bytes;
use crate::types::dict::Dict;
use crate::types::exceptions;
use crate::types::int::Int;
use crate::types::str::{Str, StrBuilder};
use crate::types::tuple::Tuple;
use crate::{bail, function, intern};
use taipan_unicode::codec::handlers::{Handler, decoded, encoded};
use taipan_unicode::codec::{DecodeErrors, DecodeReply, EncodeErrors, Failure, Replacement};

fn make(ty: &crate::Type, encoding: &str, object: &Object, start: usize, end: usize, reason: &str) -> PyResult {
    let encoding = Str::from_utf8(encoding);
    let (start, end) = (Int::from_i64(start as i64), Int::from_i64(end as i64));
    let reason = Str::from_utf8(reason);
    ty.as_object().call(&[&encoding, object, &start, &end, &reason])
}

fn raise(r: PyResult) -> Raised {
    match r {
        Ok(e) => raise_instance(e),
        Err(e) => e,
    }
}

/// `UnicodeEncodeError(encoding, object, start, end, reason)`.
#[cold]
pub fn encode_error(encoding: &str, object: &Str, start: usize, end: usize, reason: &str) -> Raised {
    raise(make(exceptions::UnicodeEncodeError, encoding, object, start, end, reason))
}

/// `UnicodeDecodeError(encoding, object, start, end, reason)`.
#[cold]
pub fn decode_error(encoding: &str, object: &[u8], start: usize, end: usize, reason: &str) -> Raised {
    raise(make(exceptions::UnicodeDecodeError, encoding, &Bytes::new(object), start, end, reason))
}

fn registry() -> PyResult<Obj> {
    let cell = &Interp::current().codec_error_registry;
    if cell.is_empty() {
        let d = Dict::new();
        for (name, def) in BUILT_IN {
            let f = crate::types::cfunction::new(def, None, None);
            d.set_item(&Str::from_utf8(name), &f)?;
        }
        cell.set(Some(d.into_obj()));
    }
    Ok(cell.get_owned().expect("just filled"))
}

/// `codecs.register_error`.
pub fn register_error(name: &Str, handler: &Object) -> PyResult<()> {
    if !handler.is_callable() {
        bail!(TypeError, "handler must be callable");
    }
    registry()?.cast::<Dict>().set_item(name, handler)
}

/// `codecs._unregister_error`: whether there was such a handler.
pub fn unregister_error(name: &Str) -> PyResult<bool> {
    if BUILT_IN.iter().any(|(n, _)| name.eq_str(n)) {
        bail!(ValueError, "cannot un-register built-in error handler '{}'", name.display());
    }
    let registry = registry()?;
    let d: &Dict = registry.cast();
    if d.get_item(name)?.is_none() {
        return Ok(false);
    }
    d.del_item(name)?;
    Ok(true)
}

/// `codecs.lookup_error`.
pub fn lookup_error(name: &str) -> PyResult {
    match registry()?.cast::<Dict>().get_item(&Str::from_utf8(name))? {
        Some(h) => Ok(h),
        None => bail!(LookupError, "unknown error handler name '{name}'"),
    }
}

/// A handler's answer: what replaces the bad part, and where to go on, which may count from the end.
fn answer(r: &Object, complaint: &str) -> PyResult<(Obj, isize)> {
    match r.downcast::<Tuple>() {
        Some(t) if t.len() == 2 => Ok((t.item(0).to_obj(), t.item(1).index_as_isize(Some(exceptions::OverflowError))?)),
        _ => bail!(TypeError, "{complaint}"),
    }
}

fn position(at: isize, len: usize) -> PyResult<usize> {
    let i = if at < 0 { at.wrapping_add(len as isize) } else { at };
    match usize::try_from(i) {
        Ok(i) if i <= len => Ok(i),
        _ => bail!(IndexError, "position {i} from error handler out of bounds"),
    }
}

/// Handles the errors of one decoding.
pub struct Decoding<'a> {
    errors: &'a str,
    handler: Option<Handler>,
    registered: Option<Obj>,
}

impl<'a> Decoding<'a> {
    /// By the handler of this name, which is looked up at the first error.
    pub fn new(errors: &'a str) -> Decoding<'a> {
        Decoding { errors, handler: Handler::from_name(errors), registered: None }
    }
}

impl DecodeErrors for Decoding<'_> {
    type Error = Raised;

    #[cold]
    fn handle(&mut self, encoding: &'static str, input: &[u8], f: Failure) -> PyResult<DecodeReply> {
        if let Some(h) = self.handler
            && !matches!(h, Handler::XmlCharRefReplace | Handler::NameReplace)
        {
            return match decoded(h, encoding, input, f) {
                Some((text, resume)) => Ok(DecodeReply { text, resume, input: None }),
                None => Err(decode_error(encoding, input, f.start, f.end, f.reason)),
            };
        }
        let handler = match &self.registered {
            Some(h) => h.clone(),
            None => {
                let h = lookup_error(self.errors)?;
                self.registered = Some(h.clone());
                h
            }
        };
        let object = Bytes::try_new(input)?;
        let exc = make(exceptions::UnicodeDecodeError, encoding, &object, f.start, f.end, f.reason)?;
        const COMPLAINT: &str = "decoding error handler must return (str, int) tuple";
        let (text, at) = answer(&*handler.call_one(&exc)?, COMPLAINT)?;
        let Some(text) = text.downcast::<Str>() else { bail!(TypeError, "{COMPLAINT}") };
        // The handler may have exchanged the input.
        let now = exc.get_attr(intern!("object"))?;
        let Some(b) = now.downcast::<Bytes>() else { bail!(TypeError, "exception attribute object must be bytes") };
        let changed = !now.is(&object);
        let resume = position(at, b.len())?;
        Ok(DecodeReply { text: text.chars().collect(), resume, input: changed.then(|| b.as_slice().to_vec()) })
    }
}

/// Handles the errors of one encoding.
pub struct Encoding<'a> {
    errors: &'a str,
    handler: Option<Handler>,
    registered: Option<Obj>,
    text: &'a Str,
}

impl<'a> Encoding<'a> {
    /// By the handler of this name, which is looked up at the first error.
    pub fn new(text: &'a Str, errors: &'a str) -> Encoding<'a> {
        Encoding { errors, handler: Handler::from_name(errors), registered: None, text }
    }
}

impl EncodeErrors for Encoding<'_> {
    type Error = Raised;

    #[cold]
    fn handle(&mut self, encoding: &'static str, f: Failure) -> PyResult<(Replacement, usize)> {
        if let Some(h) = self.handler {
            let reply = crate::with_units!(self.text, |u| encoded(h, encoding, u, f));
            return reply.ok_or_else(|| self.raise(encoding, f));
        }
        let handler = match &self.registered {
            Some(h) => h.clone(),
            None => {
                let h = lookup_error(self.errors)?;
                self.registered = Some(h.clone());
                h
            }
        };
        let exc = make(exceptions::UnicodeEncodeError, encoding, self.text, f.start, f.end, f.reason)?;
        const COMPLAINT: &str = "encoding error handler must return (str/bytes, int) tuple";
        let (what, at) = answer(&*handler.call_one(&exc)?, COMPLAINT)?;
        let replacement = match (what.downcast::<Str>(), what.downcast::<Bytes>()) {
            (Some(s), _) => Replacement::Text(s.chars().collect()),
            (_, Some(b)) => Replacement::Bytes(b.as_slice().to_vec()),
            _ => bail!(TypeError, "{COMPLAINT}"),
        };
        Ok((replacement, position(at, self.text.len())?))
    }

    #[cold]
    fn raise(&mut self, encoding: &'static str, f: Failure) -> Raised {
        encode_error(encoding, self.text, f.start, f.end, f.reason)
    }
}

/// What an exception tells a handler.
struct Report {
    encoding: String,
    object: Obj,
    failure: Failure,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Encode,
    Decode,
    Translate,
}

fn wrong(exc: &Object) -> Raised {
    crate::raise!(TypeError, "don't know how to handle {} in error callback", exc.ty().short_name())
}

fn report(exc: &Object, kinds: &[Kind]) -> PyResult<Report> {
    let is = |ty: &crate::Type| exc.ty().is_subtype(ty);
    let kind = if is(exceptions::UnicodeEncodeError) {
        Kind::Encode
    } else if is(exceptions::UnicodeDecodeError) {
        Kind::Decode
    } else if is(exceptions::UnicodeTranslateError) {
        Kind::Translate
    } else {
        return Err(wrong(exc));
    };
    if !kinds.contains(&kind) {
        return Err(wrong(exc));
    }
    let object = exc.get_attr(intern!("object"))?;
    let len = match (object.downcast::<Str>(), object.downcast::<Bytes>()) {
        (Some(s), _) if kind != Kind::Decode => s.len(),
        (_, Some(b)) if kind == Kind::Decode => b.len(),
        _ => bail!(TypeError, "object attribute must be {}", if kind == Kind::Decode { "bytes" } else { "str" }),
    };
    let start = exc.get_attr(intern!("start"))?.as_i64()?.clamp(0, (len as i64 - 1).max(0)) as usize;
    let end = exc.get_attr(intern!("end"))?.as_i64()?.clamp(1.min(len as i64), len as i64) as usize;
    let encoding = if kind == Kind::Translate {
        String::new()
    } else {
        let e = exc.get_attr(intern!("encoding"))?;
        e.downcast::<Str>().map_or_else(String::new, |s| s.to_utf8_lossy().into_owned())
    };
    Ok(Report { encoding, object, failure: Failure { start, end: end.max(start), reason: "" }, kind })
}

/// The answer of built-in handler `h` to `exc`, as Python sees it.
fn respond(h: Handler, exc: &Object, kinds: &[Kind]) -> PyResult {
    let r = report(exc, kinds)?;
    let f = r.failure;
    let (what, at): (Obj, usize) = if r.kind == Kind::Decode {
        let b: &Bytes = r.object.cast();
        match decoded(h, &r.encoding, b.as_slice(), f) {
            Some((text, at)) => (Str::from_ucs4(&text).into_obj(), at),
            None => return Err(raise_instance(exc.to_obj())),
        }
    } else {
        let s: &Str = r.object.cast();
        if r.kind == Kind::Translate && h == Handler::Replace {
            let mut out = StrBuilder::new();
            out.push_repeated(0xFFFD, f.end - f.start)?;
            (out.finish().into_obj(), f.end)
        } else {
            // The name decides whether part of a run may be escaped; that is for the codecs themselves.
            let encoding = if h == Handler::SurrogateEscape { "" } else { &r.encoding };
            match crate::with_units!(s, |u| encoded(h, encoding, u, f)) {
                Some((Replacement::Text(t), at)) => (Str::from_ucs4(&t).into_obj(), at),
                Some((Replacement::Bytes(b), at)) => (Bytes::try_new(&b)?.into_obj(), at),
                None => return Err(raise_instance(exc.to_obj())),
            }
        }
    };
    Ok(Tuple::from_vec(vec![what, Int::from_i64(at as i64).into_obj()]).into_obj())
}

const ALL: &[Kind] = &[Kind::Encode, Kind::Decode, Kind::Translate];
const CODING: &[Kind] = &[Kind::Encode, Kind::Decode];

/// The error handler 'strict': raise the exception.
#[function(signature = "(object, /)")]
fn strict_errors(object: &Object) -> PyResult {
    if object.downcast::<exceptions::BaseException>().is_none() {
        bail!(TypeError, "codec must pass exception instance");
    }
    Err(crate::error::restore(object.to_obj()))
}

/// The error handler 'ignore': leave out what is wrong.
#[function(signature = "(object, /)")]
fn ignore_errors(object: &Object) -> PyResult {
    respond(Handler::Ignore, object, ALL)
}

/// The error handler 'replace': put a replacement character or a question mark.
#[function(signature = "(object, /)")]
fn replace_errors(object: &Object) -> PyResult {
    respond(Handler::Replace, object, ALL)
}

/// The error handler 'xmlcharrefreplace': put XML character references.
#[function(signature = "(object, /)")]
fn xmlcharrefreplace_errors(object: &Object) -> PyResult {
    respond(Handler::XmlCharRefReplace, object, &[Kind::Encode])
}

/// The error handler 'backslashreplace': put backslash escapes.
#[function(signature = "(object, /)")]
fn backslashreplace_errors(object: &Object) -> PyResult {
    respond(Handler::BackslashReplace, object, ALL)
}

/// The error handler 'namereplace': put names of characters.
#[function(signature = "(object, /)")]
fn namereplace_errors(object: &Object) -> PyResult {
    respond(Handler::NameReplace, object, &[Kind::Encode])
}

/// The error handler 'surrogatepass': let surrogates pass in the UTF codecs.
#[function(signature = "(object, /)")]
fn surrogatepass(object: &Object) -> PyResult {
    respond(Handler::SurrogatePass, object, CODING)
}

/// The error handler 'surrogateescape': bytes to low surrogates and back.
#[function(signature = "(object, /)")]
fn surrogateescape(object: &Object) -> PyResult {
    respond(Handler::SurrogateEscape, object, CODING)
}

static DEFS: [crate::method::MethodDef; 8] = [
    strict_errors::DEF,
    ignore_errors::DEF,
    replace_errors::DEF,
    xmlcharrefreplace_errors::DEF,
    backslashreplace_errors::DEF,
    namereplace_errors::DEF,
    surrogatepass::DEF,
    surrogateescape::DEF,
];

static BUILT_IN: [(&str, &crate::method::MethodDef); 8] = [
    ("strict", &DEFS[0]),
    ("ignore", &DEFS[1]),
    ("replace", &DEFS[2]),
    ("xmlcharrefreplace", &DEFS[3]),
    ("backslashreplace", &DEFS[4]),
    ("namereplace", &DEFS[5]),
    ("surrogatepass", &DEFS[6]),
    ("surrogateescape", &DEFS[7]),
];

/// A codec's answer as `_codecs` gives it: what was made, and how much of the input was used.
pub fn pair(made: Obj, used: usize) -> Ref<Tuple> {
    Tuple::from_vec(vec![made, Int::from_i64(used as i64).into_obj()])
}
