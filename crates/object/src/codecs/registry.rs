//! The codec registry: search functions, the cache, and encoding and decoding by what they find.

use crate::error::{PyResult, Raised};
use crate::header::{Obj, Object, Ref};
use crate::thread::{Interp, Thread};
use crate::types::dict::Dict;
use crate::types::list::List;
use crate::types::str::Str;
use crate::types::str::intern::intern_str;
use crate::types::tuple::Tuple;
use crate::{bail, intern};

/// An encoding's name in lowercase, with everything but letters, digits and dots collapsed into underscores.
pub fn normalize(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.bytes() {
        if c.is_ascii_alphanumeric() || c == b'.' {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(c.to_ascii_lowercase() as char);
        } else {
            gap = true;
        }
    }
    out
}

fn search_path() -> Obj {
    let cell = &Interp::current().codec_search_path;
    if cell.is_empty() {
        cell.set(Some(List::from_vec(Vec::new()).into_obj()));
    }
    cell.get_owned().expect("just filled")
}

fn cache() -> Obj {
    let cell = &Interp::current().codec_search_cache;
    if cell.is_empty() {
        cell.set(Some(Dict::new().into_obj()));
    }
    cell.get_owned().expect("just filled")
}

/// `codecs.register`.
pub fn register(search_function: &Object) -> PyResult<()> {
    if !search_function.is_callable() {
        bail!(TypeError, "argument must be callable");
    }
    search_path().cast::<List>().push(search_function.to_obj())
}

/// `codecs.unregister`.
pub fn unregister(search_function: &Object) -> PyResult<()> {
    let path = search_path();
    let items = path.cast::<List>().snapshot();
    if let Some(i) = items.iter().position(|f| f.is(search_function)) {
        let rest: Vec<Obj> = items.into_iter().enumerate().filter(|(k, _)| *k != i).map(|(_, f)| f).collect();
        Interp::current().codec_search_path.set(Some(List::from_vec(rest).into_obj()));
        Interp::current().codec_search_cache.set(Some(Dict::new().into_obj()));
    }
    Ok(())
}

/// `codecs.lookup`: the codec's entry, a tuple of four functions.
pub fn lookup(encoding: &str) -> PyResult {
    let name = intern_str(&normalize(encoding));
    let known = cache();
    if let Some(found) = known.cast::<Dict>().get_item(&name)? {
        return Ok(found);
    }
    let path = search_path();
    if path.cast::<List>().is_empty() {
        bail!(LookupError, "no codec search functions registered: can't find encoding");
    }
    for f in path.cast::<List>().snapshot() {
        let r = f.call_one(&name)?;
        if r.is_none() {
            continue;
        }
        if r.downcast::<Tuple>().is_none_or(|t| t.len() != 4) {
            bail!(TypeError, "codec search functions must return 4-tuples");
        }
        known.cast::<Dict>().set_item(&name, &r)?;
        return Ok(r);
    }
    bail!(LookupError, "unknown encoding: {encoding}")
}

/// Whether a codec is registered.
pub fn is_known(encoding: &str) -> bool {
    match lookup(encoding) {
        Ok(_) => true,
        Err(e) => {
            e.clear();
            false
        }
    }
}

/// Appends a note to the exception that a codec raised.
fn note(e: Raised, operation: &str, encoding: &str) -> Raised {
    let exc = e.take();
    let text = Str::from_utf8(&format!("{operation} with '{encoding}' codec failed"));
    if let Err(e) = exc.call_method(intern!("add_note"), &[&text]) {
        e.clear();
    }
    crate::error::restore(exc)
}

/// Calls function `which` of a codec on `object`, and takes the first item of its answer.
fn run(codec: &Object, which: usize, object: &Object, errors: &str, encoding: &str) -> PyResult {
    let (operation, complaint) = if which == 0 {
        ("encoding", "encoder must return a tuple (object, integer)")
    } else {
        ("decoding", "decoder must return a tuple (object,integer)")
    };
    let f = codec.cast::<Tuple>().item(which).to_obj();
    let errors = Str::from_utf8(errors);
    let r = f.call(&[object, &errors]).map_err(|e| note(e, operation, encoding))?;
    match r.downcast::<Tuple>() {
        Some(t) if t.len() == 2 => Ok(t.item(0).to_obj()),
        _ => bail!(TypeError, "{complaint}"),
    }
}

/// `codecs.encode`.
pub fn encode(object: &Object, encoding: &str, errors: &str) -> PyResult {
    run(&*lookup(encoding)?, 0, object, errors, encoding)
}

/// `codecs.decode`.
pub fn decode(object: &Object, encoding: &str, errors: &str) -> PyResult {
    run(&*lookup(encoding)?, 1, object, errors, encoding)
}

fn lookup_text_codec(encoding: &str, alternative: &str) -> PyResult {
    let codec = lookup(encoding)?;
    if !codec.is_exact(<Tuple as crate::Layout>::type_object())
        && let Some(flag) = codec.get_attr_opt(intern!("_is_text_encoding"))?
        && !flag.is_true()?
    {
        bail!(LookupError, "'{encoding}' is not a text encoding; use {alternative} to handle arbitrary codecs");
    }
    Ok(codec)
}

/// What `str.encode` does with an encoding that is not built in.
pub fn encode_with_text_codec(s: &Object, encoding: &str, errors: &str) -> PyResult {
    run(&*lookup_text_codec(encoding, "codecs.encode()")?, 0, s, errors, encoding)
}

/// What `bytes.decode` does with an encoding that is not built in.
pub fn decode_with_text_codec(object: &Object, encoding: &str, errors: &str) -> PyResult {
    run(&*lookup_text_codec(encoding, "codecs.decode()")?, 1, object, errors, encoding)
}

/// The incremental encoder (`incrementalencoder`) or decoder of an encoding, made with the error handler's name.
pub fn incremental(encoding: &str, attribute: &'static str, errors: Option<&str>) -> PyResult {
    let factory = lookup(encoding)?.get_attr_str(attribute)?;
    match errors {
        Some(e) => factory.call_one(&Str::from_utf8(e)),
        None => factory.call_noargs(),
    }
}

/// Whether the running thread has an interpreter whose registry can be used.
pub fn is_ready() -> bool {
    Thread::try_current().is_some_and(|ts| !ts.interp.codec_search_path.is_empty())
}

/// A name as an interned string, as search functions get it.
pub fn name_object(encoding: &str) -> Ref<Str> {
    intern_str(&normalize(encoding))
}
