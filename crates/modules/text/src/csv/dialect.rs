//! `Dialect`: how fields are separated, quoted and escaped.

use super::error;
use std::cell::Cell;
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{KwArgs, Signature, bind_keywords, with_tuple_args};
use taipan_object::method::{MemberDef, member};
use taipan_object::native::{optional, signature};
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::AttributeError;
use taipan_object::types::int::Int;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::str::intern::intern_str;
use taipan_object::{
    Interp, Obj, ObjCell, Object, PyResult, Type, TypeDef, bail, flags, getset, getsets, layout, members, method,
    methods,
};

/// When fields are quoted.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Quoting {
    Minimal,
    All,
    NonNumeric,
    None,
    Strings,
    NotNull,
}

const QUOTINGS: [Quoting; 6] =
    [Quoting::Minimal, Quoting::All, Quoting::NonNumeric, Quoting::None, Quoting::Strings, Quoting::NotNull];

/// No character.
pub const UNSET: u32 = u32::MAX;

/// A dialect.
#[repr(C)]
pub struct Dialect {
    ob_base: Object,
    /// A quote inside a quoted field is written twice.
    pub doublequote: Cell<bool>,
    /// Spaces after a delimiter do not count.
    pub skipinitialspace: Cell<bool>,
    /// Bad input is an error.
    pub strict: Cell<bool>,
    /// When fields are quoted.
    pub quoting: Quoting,
    /// Separates fields.
    pub delimiter: u32,
    /// Stands around fields, or [`UNSET`].
    pub quotechar: u32,
    /// Takes the meaning from the next character, or [`UNSET`].
    pub escapechar: u32,
    /// Ends rows.
    pub lineterminator: ObjCell,
}
layout!(Dialect, Dialect_Type);

/// The dict of registered dialects.
pub fn registry() -> Obj {
    let state = Interp::current().module_state.borrow().get("_csv.dialects").cloned();
    state.unwrap_or_else(|| Dict::new().into_obj())
}

/// The registered dialect of that name.
pub fn find(name: &Object) -> PyResult<Obj> {
    registry().cast::<Dict>().get_item(name)?.ok_or_else(|| error("unknown dialect"))
}

/// `Dialect(dialect, **fmtparams)`
pub fn make(dialect: Option<&Object>, fmtparams: KwArgs<'_>) -> PyResult<Obj> {
    let mut args: Vec<&Object> = dialect.into_iter().collect();
    let npos = args.len();
    args.extend_from_slice(fmtparams.values());
    let class = Dialect_Type.as_object();
    match fmtparams.names() {
        Some(names) => class.call_kw(&args, npos, names),
        None => class.call(&args),
    }
}

const NAMES: [&str; 8] =
    ["delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace", "strict"];

fn character(name: &str, o: Option<&Object>, default: u32) -> PyResult<u32> {
    let Some(o) = o else { return Ok(default) };
    one_character(name, o, "a unicode character")
}

fn character_or_none(name: &str, o: Option<&Object>, default: u32) -> PyResult<u32> {
    match o {
        None => Ok(default),
        Some(o) if o.is_none() => Ok(UNSET),
        Some(o) => one_character(name, o, "a unicode character or None"),
    }
}

fn one_character(name: &str, o: &Object, expected: &str) -> PyResult<u32> {
    match o.downcast::<Str>() {
        None => bail!(TypeError, "\"{name}\" must be {expected}, not {}", o.ty().name_str()),
        Some(s) if s.len() == 1 => Ok(s.char_at(0)),
        Some(s) => bail!(TypeError, "\"{name}\" must be {expected}, not a string of length {}", s.len()),
    }
}

fn truth(o: Option<&Object>, default: bool) -> PyResult<bool> {
    o.map_or(Ok(default), Object::is_true)
}

fn check(name: &str, c: u32, terminator: &Str, space: bool) -> PyResult<()> {
    if c == 10 || c == 13 || c == 32 && !space {
        bail!(ValueError, "bad {name} value");
    }
    if c != UNSET && terminator.chars().any(|t| t == c) {
        bail!(ValueError, "bad {name} or lineterminator value");
    }
    Ok(())
}

fn differ(a: &str, b: &str, c: u32, d: u32) -> PyResult<()> {
    if c == d && c != UNSET {
        bail!(ValueError, "bad {a} or {b} value");
    }
    Ok(())
}

extern "C" fn dialect_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = signature(
        "this function",
        &[
            optional("dialect"),
            optional("delimiter"),
            optional("doublequote"),
            optional("escapechar"),
            optional("lineterminator"),
            optional("quotechar"),
            optional("quoting"),
            optional("skipinitialspace"),
            optional("strict"),
        ],
        0,
        9,
    );
    with_tuple_args("this function", args, kwargs, |call| {
        if let Some((name, _)) =
            call.keywords().iter().find(|(n, _)| !n.eq_str("dialect") && !NAMES.iter().any(|x| n.eq_str(x)))
        {
            bail!(TypeError, "this function got an unexpected keyword argument '{}'", name.display());
        }
        let mut out = [None; 9];
        bind_keywords(&SIG, call, &mut out)?;
        build(cls, out)
    })
}

fn build(cls: &Type, given: [Option<&Object>; 9]) -> PyResult {
    let [base, values @ ..] = given;
    let base = match base {
        Some(d) if d.downcast::<Str>().is_some() => Some(find(d)?),
        d => d.map(Object::to_obj),
    };
    if let Some(d) = &base
        && d.downcast::<Dialect>().is_some()
        && values.iter().all(Option::is_none)
    {
        return Ok(d.clone());
    }
    let mut owned: [Option<Obj>; 8] = values.map(|v| v.map(Object::to_obj));
    if let Some(d) = &base {
        for (v, name) in owned.iter_mut().zip(NAMES) {
            if v.is_none() {
                *v = match d.get_attr(&intern_str(name)) {
                    Ok(v) => Some(v),
                    Err(e) => e.recover(AttributeError, None)?,
                };
            }
        }
    }
    let [delimiter, doublequote, escapechar, lineterminator, quotechar, quoting, skipinitialspace, strict] =
        owned.each_ref().map(|v| v.as_deref());
    let delimiter = character("delimiter", delimiter, b','.into())?;
    let doublequote = truth(doublequote, true)?;
    let escapechar = character_or_none("escapechar", escapechar, UNSET)?;
    let terminator = match lineterminator {
        None => Str::from_utf8("\r\n"),
        Some(o) => match o.downcast::<Str>() {
            Some(s) => taipan_object::Ref::from_borrowed(s),
            None => bail!(TypeError, "\"lineterminator\" must be a string, not {}", o.ty().name_str()),
        },
    };
    let no_quotes = quotechar.is_some_and(Object::is_none);
    let quotechar = character_or_none("quotechar", quotechar, b'"'.into())?;
    let number = match quoting {
        None => 0,
        Some(o) => match o.downcast_exact::<Int>() {
            Some(i) => i.to_i64().unwrap_or(-1),
            None => bail!(TypeError, "\"quoting\" must be an integer, not {}", o.ty().name_str()),
        },
    };
    let skipinitialspace = truth(skipinitialspace, false)?;
    let strict = truth(strict, false)?;
    let Some(&kind) = usize::try_from(number).ok().and_then(|i| QUOTINGS.get(i)) else {
        bail!(TypeError, "bad \"quoting\" value");
    };
    let kind = if no_quotes && quoting.is_none() { Quoting::None } else { kind };
    if kind != Quoting::None && quotechar == UNSET {
        bail!(TypeError, "quotechar must be set if quoting enabled");
    }
    check("delimiter", delimiter, &terminator, true)?;
    check("escapechar", escapechar, &terminator, !skipinitialspace)?;
    check("quotechar", quotechar, &terminator, !skipinitialspace)?;
    differ("delimiter", "escapechar", delimiter, escapechar)?;
    differ("delimiter", "quotechar", delimiter, quotechar)?;
    differ("escapechar", "quotechar", escapechar, quotechar)?;
    let body = Dialect {
        ob_base: Object::placeholder(),
        doublequote: Cell::new(doublequote),
        skipinitialspace: Cell::new(skipinitialspace),
        strict: Cell::new(strict),
        quoting: kind,
        delimiter,
        quotechar,
        escapechar,
        lineterminator: ObjCell::new(terminator.into_obj()),
    };
    Ok(new_instance(cls, body)?.into_obj())
}

fn shown(c: u32) -> Obj {
    if c == UNSET { none().to_obj() } else { Str::from_char(c).into_obj() }
}

fn delimiter(d: &Dialect) -> Obj {
    shown(d.delimiter)
}

fn escapechar(d: &Dialect) -> Obj {
    shown(d.escapechar)
}

fn quotechar(d: &Dialect) -> Obj {
    shown(d.quotechar)
}

fn lineterminator(d: &Dialect) -> Option<Obj> {
    d.lineterminator.get_owned()
}

fn quoting(d: &Dialect) -> i64 {
    d.quoting as i64
}

/// Dialects cannot be pickled.
#[method(signature = "()", text = false)]
fn __reduce__(this: &Object) -> PyResult {
    bail!(TypeError, "cannot pickle '{}' instances", this.ty().short_name())
}

/// Dialects cannot be pickled.
#[method(signature = "(protocol, /)", text = false)]
fn __reduce_ex__(this: &Object, _protocol: &Object) -> PyResult {
    bail!(TypeError, "cannot pickle '{}' instances", this.ty().short_name())
}

const fn flag(name: &'static std::ffi::CStr, offset: usize) -> MemberDef {
    MemberDef::new(name, member::BOOL, offset, member::READONLY)
}

/// `_csv.Dialect`
pub static Dialect_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_csv.Dialect",
        doc: Some(c"How fields are separated, quoted and escaped."),
        basicsize: size_of::<Dialect>(),
        flags: flags::BASETYPE | flags::IMMUTABLETYPE,
        dealloc: Some(dealloc_of::<Dialect>),
        new: Some(dialect_new),
        methods: methods![__reduce__, __reduce_ex__],
        members: members![
            flag(c"skipinitialspace", offset_of!(Dialect, skipinitialspace)),
            flag(c"doublequote", offset_of!(Dialect, doublequote)),
            flag(c"strict", offset_of!(Dialect, strict)),
        ],
        getset: getsets![
            getset!(c"delimiter", delimiter),
            getset!(c"escapechar", escapechar),
            getset!(c"lineterminator", lineterminator),
            getset!(c"quotechar", quotechar),
            getset!(c"quoting", quoting),
        ],
        ..TypeDef::EMPTY
    },
    0,
);
