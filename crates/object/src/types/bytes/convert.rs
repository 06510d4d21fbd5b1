//! What `bytes(x)` and `bytearray(x)` make of their arguments.

use crate::args::{ArgContext, CallArgs, FromArg};
use crate::buffer::{self, FullBuffer, request};
use crate::error::PyResult;
use crate::header::Object;
use crate::protocol::iter::for_each;
use crate::protocol::number::has_index;
use crate::types::bytes::Bytes;
use crate::types::exceptions;
use crate::types::list::List;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::{bail, intern};

/// An integer as a byte, with the text of the error for others: `bytes must be in range(0, 256)`, ...
pub(crate) fn byte_of(o: &Object, range_error: &str) -> PyResult<u8> {
    match u8::try_from(o.index_as_isize(None)?) {
        Ok(b) => Ok(b),
        Err(_) => bail!(ValueError, "{range_error}"),
    }
}

const NAMES: [&str; 3] = ["source", "encoding", "errors"];

/// The arguments of a constructor call: source, encoding, errors.
pub(crate) struct Given3<'a> {
    pub source: Option<&'a Object>,
    pub encoding: Option<&'a str>,
    pub errors: Option<&'a str>,
}

/// Binds the arguments of `bytes(...)` and `bytearray(...)`.
pub(crate) fn bind<'a>(func: &'static str, args: CallArgs<'a>) -> PyResult<Given3<'a>> {
    let given = args.positional();
    let total = given.len() + args.keywords().len();
    if total > 3 {
        bail!(TypeError, "{func}() takes at most 3 arguments ({total} given)");
    }
    let mut out: [Option<&Object>; 3] = [None; 3];
    for (o, a) in out.iter_mut().zip(given) {
        *o = Some(a);
    }
    for (name, value) in args.keywords().iter() {
        match NAMES.iter().position(|n| name.eq_str(n)) {
            None => bail!(TypeError, "{func}() got an unexpected keyword argument '{}'", name.display()),
            Some(i) if i < given.len() => {
                bail!(TypeError, "argument for {func}() given by name ('{}') and position ({})", name.display(), i + 1)
            }
            Some(i) => out[i] = Some(value),
        }
    }
    let text = |i: usize| -> PyResult<Option<&'a str>> {
        out[i].map(|o| <&str>::from_arg(o, &ArgContext { func, position: i + 1, name: NAMES[i] })).transpose()
    };
    Ok(Given3 { source: out[0], encoding: text(1)?, errors: text(2)? })
}

/// How a type words its errors.
#[derive(Clone, Copy)]
pub(crate) struct Wording {
    /// The type's name.
    pub name: &'static str,
    /// What integers must be.
    pub range: &'static str,
}

/// Of `bytes`.
pub(crate) const BYTES: Wording = Wording { name: "bytes", range: "bytes must be in range(0, 256)" };
/// Of `bytearray`.
pub(crate) const BYTEARRAY: Wording = Wording { name: "bytearray", range: "byte must be in range(0, 256)" };

/// The bytes that the arguments of a constructor describe.
pub(crate) fn from_source(args: &Given3<'_>, w: Wording) -> PyResult<Vec<u8>> {
    let Some(source) = args.source else {
        if args.encoding.is_some() {
            bail!(TypeError, "encoding without a string argument");
        }
        if args.errors.is_some() {
            bail!(TypeError, "errors without a string argument");
        }
        return Ok(Vec::new());
    };
    if let Some(s) = source.downcast::<Str>() {
        let Some(encoding) = args.encoding else { bail!(TypeError, "string argument without an encoding") };
        let r = crate::codecs::encode_text(s, encoding, args.errors.unwrap_or("strict"))?;
        return Ok(r.cast::<Bytes>().as_slice().to_vec());
    }
    if args.encoding.is_some() {
        bail!(TypeError, "encoding without a string argument");
    }
    if args.errors.is_some() {
        bail!(TypeError, "errors without a string argument");
    }
    if has_index(source) {
        match source.index_as_isize(Some(exceptions::OverflowError)) {
            Ok(n) => {
                let Ok(n) = usize::try_from(n) else { bail!(ValueError, "negative count") };
                return zeroed(n);
            }
            Err(e) if e.matches(exceptions::TypeError) => e.clear(),
            Err(e) => return Err(e),
        }
    }
    from_object(source, w)
}

/// `n` zeros; `MemoryError` when there is no room.
pub(crate) fn zeroed(n: usize) -> PyResult<Vec<u8>> {
    let mut v = Vec::new();
    v.try_reserve_exact(n).map_err(|_| crate::error::no_memory())?;
    v.resize(n, 0);
    Ok(v)
}

/// The content of a buffer, or the integers of an iterable.
pub(crate) fn from_object(o: &Object, w: Wording) -> PyResult<Vec<u8>> {
    if buffer::supports(o) {
        return FullBuffer::get(o, request::FULL_RO)?.to_vec();
    }
    if let Some(t) = o.downcast_exact::<Tuple>() {
        return t.items().iter().map(|x| byte_of(x, w.range)).collect();
    }
    if let Some(l) = o.downcast_exact::<List>() {
        let mut out = Vec::with_capacity(l.len());
        // `__index__` may change the list.
        while let Some(x) = l.get(out.len()) {
            out.push(byte_of(&x, w.range)?);
        }
        return Ok(out);
    }
    let iterable = o.downcast::<Str>().is_none() && (o.ty().iter.get().is_some() || o.is_sequence());
    if !iterable {
        bail!(TypeError, "cannot convert '{}' object to {}", o.ty().name_str(), w.name);
    }
    let mut out = Vec::with_capacity(o.length_hint(64)?.min(1 << 20));
    for_each(o, |x| {
        out.push(byte_of(&x, w.range)?);
        Ok(())
    })?;
    Ok(out)
}

/// `o.__bytes__()` if the type has it.
pub(crate) fn try_dunder_bytes(o: &Object) -> PyResult<Option<crate::Obj>> {
    let Some(f) = o.lookup_special(intern!("__bytes__"))? else { return Ok(None) };
    let r = f.call_noargs()?;
    if r.downcast::<Bytes>().is_none() {
        bail!(TypeError, "__bytes__ returned non-bytes (type {})", r.ty().name_str());
    }
    Ok(Some(r))
}
