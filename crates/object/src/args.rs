//! Arguments of native functions: the shared, non-generic binder behind `clinic`'s attributes, and the conversions of single arguments.

use crate::error::PyResult;
use crate::header::{Layout, Object, Ref};
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::{bail, raise};
use std::ffi::c_int;

/// One parameter of a native function.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name; empty names cannot be given by keyword.
    pub name: &'static str,
    /// Whether it has no default.
    pub required: bool,
}

/// A native function's signature, as a constant made by `clinic`.
#[derive(Debug)]
pub struct Signature {
    /// The function's name in error texts, such as `sorted`.
    pub name: &'static str,
    /// Positional parameters (positional-only first), then keyword-only ones. `*args` and `**kwargs` are not among them.
    pub params: &'static [Param],
    /// How many are positional-only.
    pub posonly: usize,
    /// How many can be given by position.
    pub positional: usize,
    /// Whether there is a `*args`.
    pub varargs: bool,
    /// Whether there is a `**kwargs`.
    pub varkw: bool,
}

/// Where an argument came from, for error texts.
#[derive(Debug, Clone, Copy)]
pub struct ArgContext {
    /// The function.
    pub func: &'static str,
    /// 1-based position, or 0 for "the argument" of a one-argument function.
    pub position: usize,
    /// The parameter's name; empty for positional-only ones.
    pub name: &'static str,
}

impl ArgContext {
    /// `argument 2`, `argument 'name'` or `argument`: how error texts name it.
    pub fn describe(&self) -> String {
        if !self.name.is_empty() {
            format!("argument '{}'", self.name)
        } else if self.position == 0 {
            "argument".to_owned()
        } else {
            format!("argument {}", self.position)
        }
    }

    /// `f() argument 2 must be str, not int`.
    #[cold]
    pub fn wrong_type(&self, expected: &str, got: &Object) -> crate::Raised {
        let got = if got.is_none() { "None" } else { got.ty().name_str() };
        raise!(TypeError, "{}() {} must be {}, not {}", self.func, self.describe(), expected, got)
    }
}

/// The arguments of one call, borrowed from the caller.
#[derive(Clone, Copy)]
pub struct CallArgs<'a> {
    args: &'a [&'a Object],
    npos: usize,
    kwnames: Option<&'a Tuple>,
}

impl<'a> CallArgs<'a> {
    /// The arguments of a vectorcall or METH_FASTCALL.
    ///
    /// # Safety
    /// `args` points to `npos` live objects, followed by one for each name in `kwnames`, all alive for `'a`.
    #[inline(always)]
    pub unsafe fn from_raw(args: *const *const Object, npos: usize, kwnames: Option<&'a Object>) -> CallArgs<'a> {
        let kwnames: Option<&Tuple> = kwnames.map(Object::cast);
        let n = npos + kwnames.map_or(0, Tuple::len);
        // SAFETY: the caller's promise; a non-null object pointer is a reference.
        let args = unsafe { if n == 0 { &[][..] } else { std::slice::from_raw_parts(args.cast::<&Object>(), n) } };
        CallArgs { args, npos, kwnames }
    }

    /// Arguments already at hand.
    pub fn new(args: &'a [&'a Object], npos: usize, kwnames: Option<&'a Tuple>) -> CallArgs<'a> {
        CallArgs { args, npos, kwnames }
    }

    /// The positional ones.
    #[inline(always)]
    pub fn positional(&self) -> &'a [&'a Object] {
        &self.args[..self.npos]
    }

    /// The keyword ones.
    #[inline(always)]
    pub fn keywords(&self) -> KwArgs<'a> {
        KwArgs { names: self.kwnames, values: &self.args[self.npos..] }
    }
}

/// `**kwargs` of a native function: names and values side by side.
#[derive(Clone, Copy)]
pub struct KwArgs<'a> {
    names: Option<&'a Tuple>,
    values: &'a [&'a Object],
}

impl<'a> KwArgs<'a> {
    /// No keyword arguments.
    pub const EMPTY: KwArgs<'static> = KwArgs { names: None, values: &[] };
    /// How many.
    pub fn len(&self) -> usize {
        self.values.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
    /// Name and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (&'a Str, &'a Object)> + use<'a> {
        let values = self.values;
        let names = self.names;
        (0..values.len()).map(move |i| (names.expect("values have names").item(i).cast::<Str>(), values[i]))
    }
    /// The tuple of names, if any.
    pub fn names(&self) -> Option<&'a Tuple> {
        self.names
    }
    /// The values.
    pub fn values(&self) -> &'a [&'a Object] {
        self.values
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Binds positional-only calls: each given argument to its place in `out`.
#[inline(always)]
pub fn bind_positional<'a>(sig: &Signature, args: CallArgs<'a>, out: &mut [Option<&'a Object>]) -> PyResult<()> {
    let given = args.positional();
    if !sig.varargs && given.len() > sig.positional
        || given.len() < out.len() && sig.params.get(given.len()).is_some_and(|p| p.required)
    {
        return Err(wrong_count(sig, given.len()));
    }
    fill(out, given);
    Ok(())
}

/// Puts what is given in its places. The number of places is a constant of the caller, so that this is a few moves and not a `memcpy`.
#[inline(always)]
fn fill<'a>(out: &mut [Option<&'a Object>], given: &[&'a Object]) {
    for (i, o) in out.iter_mut().enumerate() {
        match given.get(i) {
            Some(a) => *o = Some(a),
            None => break,
        }
        #[cfg(not(miri))]
        // SAFETY: an empty instruction sequence, so that the loop is not taken for a copy of unknown length.
        unsafe {
            std::arch::asm!("", options(nomem, nostack, preserves_flags))
        }
    }
}

#[cold]
fn wrong_count(sig: &Signature, given: usize) -> crate::Raised {
    let min = sig.params[..sig.positional].iter().take_while(|p| p.required).count();
    let max = if sig.varargs { usize::MAX } else { sig.positional };
    let (bound, n) = match (given < min, min == max) {
        (_, true) => ("", min),
        (true, false) => ("at least ", min),
        (false, false) => ("at most ", max),
    };
    raise!(TypeError, "{} expected {bound}{n} argument{}, got {given}", sig.name, plural(n))
}

/// The name of signatures of C functions that do not tell theirs in error texts.
pub const ANONYMOUS: &str = "";

/// How error texts name a function that is called.
fn called(sig: &Signature) -> String {
    if sig.name == ANONYMOUS { "function".to_owned() } else { format!("{}()", sig.name) }
}

/// Binds a call with keywords. `out` has one place per parameter.
#[inline(always)]
pub fn bind_keywords<'a>(sig: &Signature, args: CallArgs<'a>, out: &mut [Option<&'a Object>]) -> PyResult<()> {
    let given = args.positional();
    if args.kwnames.is_none()
        && given.len() <= sig.positional
        && sig.params.get(given.len()).is_none_or(|p| !p.required)
        && sig.params[sig.positional..].iter().all(|p| !p.required)
    {
        fill(out, given);
        return Ok(());
    }
    bind_all(sig, args, out)
}

/// The same with all ways in which a call may go wrong.
#[inline(never)]
fn bind_all<'a>(sig: &Signature, args: CallArgs<'a>, out: &mut [Option<&'a Object>]) -> PyResult<()> {
    let given = args.positional();
    let kw = args.keywords();
    let total = sig.params.len();
    if !sig.varargs && !sig.varkw && given.len() + kw.len() > total {
        return Err(too_many(sig, given.len(), kw.len()));
    }
    if given.len() > sig.positional && !sig.varargs {
        return Err(too_many_positional(sig, given.len()));
    }
    for (o, a) in out.iter_mut().zip(given.iter().take(sig.positional)) {
        *o = Some(a);
    }
    let min_posonly = sig.params[..sig.posonly].iter().take_while(|p| p.required).count();
    if given.len() < min_posonly {
        return Err(raise!(
            TypeError,
            "{} takes {} {} positional argument{} ({} given)",
            called(sig),
            if min_posonly < sig.positional || sig.varargs { "at least" } else { "exactly" },
            min_posonly,
            plural(min_posonly),
            given.len()
        ));
    }
    if !kw.is_empty() {
        for (name, value) in kw.iter() {
            let found = sig.params[sig.posonly..].iter().position(|p| name.eq_str(p.name)).map(|i| i + sig.posonly);
            match found {
                Some(i) if out[i].is_some() => {
                    return Err(raise!(
                        TypeError,
                        "argument for {}() given by name ('{}') and position ({})",
                        sig.name,
                        sig.params[i].name,
                        i + 1
                    ));
                }
                Some(i) => out[i] = Some(value),
                None if sig.varkw => {}
                None => {
                    // A missing parameter is complained about before an unknown name.
                    missing(sig, out)?;
                    return Err(unexpected_keyword(sig, name));
                }
            }
        }
    }
    missing(sig, out)
}

#[cold]
fn unexpected_keyword(sig: &Signature, name: &Str) -> crate::Raised {
    let names = sig.params[sig.posonly..].iter().map(|p| p.name);
    if !name.is_exact(&crate::types::str::PyUnicode_Type) {
        // A subclass may say that it equals a parameter's name although its text is another.
        for n in names.clone() {
            match Object::eq(name, &Str::from_utf8(n)) {
                Ok(false) => {}
                Ok(true) => return raise!(TypeError, "invalid keyword argument for {}()", sig.name),
                Err(e) => return e,
            }
        }
    }
    unexpected(sig.name, &name.to_utf8_lossy(), names)
}

/// `TypeError` for a keyword argument that no parameter takes, with the name that may be meant.
#[cold]
pub fn unexpected<'a>(func: &str, name: &str, names: impl Iterator<Item = &'a str>) -> crate::Raised {
    let names: Vec<String> = names.map(str::to_owned).collect();
    match crate::suggestions::closest(&names, name) {
        Some(n) => {
            raise!(TypeError, "{func}() got an unexpected keyword argument '{name}'. Did you mean '{n}'?")
        }
        None => raise!(TypeError, "{func}() got an unexpected keyword argument '{name}'"),
    }
}

/// `TypeError` for more keyword arguments than there are names to give.
#[cold]
pub fn too_many_keywords(func: &str, most: usize, given: usize) -> crate::Raised {
    raise!(TypeError, "{func}() takes at most {most} keyword argument{} ({given} given)", plural(most))
}

#[inline]
fn missing(sig: &Signature, out: &[Option<&Object>]) -> PyResult<()> {
    for (i, p) in sig.params.iter().enumerate() {
        if p.required && out[i].is_none() {
            if i < sig.posonly {
                continue;
            }
            bail!(TypeError, "{} missing required argument '{}' (pos {})", called(sig), p.name, i + 1);
        }
    }
    Ok(())
}

#[cold]
fn too_many(sig: &Signature, npos: usize, nkw: usize) -> crate::Raised {
    let total = sig.params.len();
    let required = sig.params.iter().filter(|p| p.required).count();
    raise!(
        TypeError,
        "{} takes {} {} {}argument{} ({} given)",
        called(sig),
        if required < total || sig.name == ANONYMOUS { "at most" } else { "exactly" },
        total,
        if npos == 0 { "keyword " } else { "" },
        plural(total),
        npos + nkw
    )
}

#[cold]
fn too_many_positional(sig: &Signature, npos: usize) -> crate::Raised {
    if sig.positional == 0 {
        return raise!(TypeError, "{}() takes no positional arguments", sig.name);
    }
    let required = sig.params[..sig.positional].iter().filter(|p| p.required).count();
    raise!(
        TypeError,
        "{} takes {} {} positional argument{} ({} given)",
        called(sig),
        if required < sig.positional { "at most" } else { "exactly" },
        sig.positional,
        plural(sig.positional),
        npos
    )
}

/// A conversion of one argument. Implemented for what native functions commonly take.
pub trait FromArg<'a>: Sized {
    /// Converts, or raises with a text that names the argument.
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self>;
}

impl<'a> FromArg<'a> for &'a Object {
    #[inline(always)]
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        Ok(arg)
    }
}

/// `None` and absent arguments are `None`.
impl<'a, T: FromArg<'a>> FromArg<'a> for Option<T> {
    #[inline(always)]
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        if arg.is_none() { Ok(None) } else { T::from_arg(arg, cx).map(Some) }
    }
}

/// An argument whose absence differs from `None`: absent is `Given(None)`.
#[derive(Debug, Clone, Copy)]
pub struct Given<T>(pub Option<T>);

impl<T> Default for Given<T> {
    fn default() -> Self {
        Given(None)
    }
}

impl<'a, T: FromArg<'a>> FromArg<'a> for Given<T> {
    #[inline(always)]
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        T::from_arg(arg, cx).map(|v| Given(Some(v)))
    }
}

/// An instance of `T`'s type or a subclass.
impl<'a, T: Layout> FromArg<'a> for &'a T {
    #[inline]
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        arg.downcast().ok_or_else(|| cx.wrong_type(T::type_object().name_str(), arg))
    }
}

impl<'a, T: Layout> FromArg<'a> for Ref<T> {
    #[inline]
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        <&T>::from_arg(arg, cx).map(Ref::from_borrowed)
    }
}

/// The truth of any object.
impl<'a> FromArg<'a> for bool {
    #[inline]
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        arg.is_true()
    }
}

/// A real number: `__float__` or `__index__`.
impl<'a> FromArg<'a> for f64 {
    #[inline]
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        arg.to_f64()
    }
}

/// An integer by `__index__` that fits.
impl<'a> FromArg<'a> for isize {
    #[inline]
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        match crate::protocol::number::index(arg)?.to_isize() {
            Some(n) => Ok(n),
            None => bail!(OverflowError, "Python int too large to convert to C ssize_t"),
        }
    }
}

impl<'a> FromArg<'a> for i64 {
    #[inline]
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        arg.as_i64()
    }
}

impl<'a> FromArg<'a> for c_int {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        let n = arg.as_i64()?;
        match c_int::try_from(n) {
            Ok(n) => Ok(n),
            Err(_) if n > 0 => bail!(OverflowError, "signed integer is greater than maximum"),
            Err(_) => bail!(OverflowError, "signed integer is less than minimum"),
        }
    }
}

/// An index clipped to the range of `isize`, for slices and the like (`PySlice_AdjustIndices`).
#[derive(Debug, Clone, Copy)]
pub struct Clipped(pub isize);

impl<'a> FromArg<'a> for Clipped {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        arg.index_as_isize(None).map(Clipped)
    }
}

/// UTF-8 text of a `str` argument; surrogates raise `UnicodeEncodeError`.
impl<'a> FromArg<'a> for &'a str {
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        let s: &Str = arg.downcast().ok_or_else(|| cx.wrong_type("str", arg))?;
        s.to_utf8()
    }
}

/// A `&str` without NUL characters, as paths and names for C need it.
#[derive(Debug, Clone, Copy)]
pub struct NoNul<'a>(pub &'a str);

impl<'a> FromArg<'a> for NoNul<'a> {
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        let s = <&str>::from_arg(arg, cx)?;
        if s.contains('\0') {
            bail!(ValueError, "embedded null character");
        }
        Ok(NoNul(s))
    }
}

/// One character, as `str` of length 1.
impl<'a> FromArg<'a> for char {
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        let s: &Str = arg.downcast().ok_or_else(|| cx.wrong_type("a unicode character", arg))?;
        match (s.len(), s.char_at(0)) {
            (1, c) => Ok(char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER)),
            (n, _) => {
                bail!(
                    TypeError,
                    "{}(): {} must be a unicode character, not a string of length {n}",
                    cx.func,
                    cx.describe()
                )
            }
        }
    }
}

/// A receiver or METH_O argument, which the calling convention guarantees.
#[inline(always)]
pub fn receiver(o: Option<&Object>) -> &Object {
    debug_assert!(o.is_some(), "the calling convention passes this argument");
    // SAFETY: METH_O and methods always pass it.
    unsafe { o.unwrap_unchecked() }
}

/// The class that a class method was called on.
#[inline(always)]
pub fn class_receiver(o: Option<&Object>) -> &crate::Type {
    receiver(o).cast()
}

/// The value of a required argument that is absent: never asked for, since the binder raises first.
#[cold]
pub fn absent<T>() -> T {
    unreachable!("the binder checks required arguments")
}

/// Presents a METH_VARARGS call (tuple and dict or null) as [`CallArgs`].
pub fn with_tuple_args<R>(
    name: &str,
    args: &Object,
    kwargs: Option<&Object>,
    f: impl for<'a> FnOnce(CallArgs<'a>) -> PyResult<R>,
) -> PyResult<R> {
    let args: &Tuple = args.cast();
    let Some(kwargs) = kwargs.filter(|k| !k.is_null_or_empty_dict()) else {
        return f(CallArgs::new(args.borrowed_items(), args.len(), None));
    };
    let kwargs: &crate::types::dict::Dict = kwargs.cast();
    let mut all: Vec<&Object> = args.borrowed_items().to_vec();
    let mut names = Vec::with_capacity(kwargs.len());
    let pairs = kwargs.pairs();
    for (k, v) in &pairs {
        if k.downcast::<Str>().is_none() {
            bail!(TypeError, "{name}() keywords must be strings");
        }
        names.push(k.clone());
        all.push(v);
    }
    let names = Tuple::from_vec(names);
    f(CallArgs::new(&all, args.len(), Some(&names)))
}

/// Checks the number of positional arguments of a native constructor (`_PyArg_CheckPositional`).
#[inline]
pub fn check_positional(name: &str, given: usize, min: usize, max: usize) -> PyResult<()> {
    if (min..=max).contains(&given) { Ok(()) } else { Err(wrong_positional(name, given, min, max)) }
}

#[cold]
fn wrong_positional(name: &str, given: usize, min: usize, max: usize) -> crate::Raised {
    let (bound, n) = match (given < min, min == max) {
        (_, true) => ("", min),
        (true, false) => ("at least ", min),
        (false, false) => ("at most ", max),
    };
    raise!(TypeError, "{name} expected {bound}{n} argument{}, got {given}", plural(n))
}

/// Refuses keyword arguments of `base`'s constructor, unless `cls` is a subclass whose own `__init__` may take them.
pub fn no_keywords(name: &str, cls: &crate::Type, base: &crate::Type, kwargs: Option<&Object>) -> PyResult<()> {
    let same_init = || cls.init.get().map(|f| f as usize) == base.init.get().map(|f| f as usize);
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) && (std::ptr::eq(cls, base) || same_init()) {
        bail!(TypeError, "{name}() takes no keyword arguments");
    }
    Ok(())
}
