//! The slots of `str`: construction, sequence and mapping operations, and the table of methods.

use super::{PyUnicode_Type, Str, case, format, methods, percent, predicates, translate};
use crate::args::{ArgContext, CallArgs, FromArg, with_tuple_args};
use crate::error::{PyResult, status_bool};
use crate::header::{Object, Ref};
use crate::method::MethodDef;
use crate::protocol::number::has_index;
use crate::typeobj::Type;
use crate::typeobj::slots::{MappingMethods, NumberMethods, SequenceMethods, Slot};
use crate::types::exceptions;
use crate::types::slice::Slice;
use crate::{bail, raise};
use std::ffi::c_int;

pub(super) extern "C" fn str_str(o: &Object) -> PyResult {
    Ok(o.cast::<Str>().to_exact().into_obj())
}

const NAMES: [&str; 3] = ["object", "encoding", "errors"];

/// `str(object='', encoding='utf-8', errors='strict')` as an exact string.
fn from_call(args: CallArgs<'_>) -> PyResult<Ref<Str>> {
    let given = args.positional();
    if given.len() > 3 {
        bail!(TypeError, "str expected at most 3 arguments, got {}", given.len());
    }
    let total = given.len() + args.keywords().len();
    if total > 3 {
        bail!(TypeError, "str() takes at most 3 arguments ({total} given)");
    }
    let mut out: [Option<&Object>; 3] = [None; 3];
    for (o, a) in out.iter_mut().zip(given) {
        *o = Some(a);
    }
    for (name, value) in args.keywords().iter() {
        match NAMES.iter().position(|n| name.eq_str(n)) {
            None => bail!(TypeError, "str() got an unexpected keyword argument '{}'", name.display()),
            Some(i) if i < given.len() => {
                bail!(TypeError, "argument for str() given by name ('{}') and position ({})", name.display(), i + 1)
            }
            Some(i) => out[i] = Some(value),
        }
    }
    let text = |i: usize| -> PyResult<Option<&str>> {
        out[i].map(|o| <&str>::from_arg(o, &ArgContext { func: "str", position: i + 1, name: NAMES[i] })).transpose()
    };
    let (encoding, errors) = (text(1)?, text(2)?);
    match out[0] {
        None => Ok(Str::empty()),
        Some(o) if encoding.is_none() && errors.is_none() => o.str(),
        Some(o) => crate::codecs::decode_object(o, encoding, errors),
    }
}

pub(super) extern "C" fn str_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let s = with_tuple_args("str", args, kwargs, from_call)?;
    if std::ptr::eq(cls, &PyUnicode_Type) { Ok(s.into_obj()) } else { s.new_in_subclass(cls) }
}

pub(super) unsafe extern "C" fn str_vectorcall(
    _: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let args = unsafe { CallArgs::from_raw(args, nargsf & (usize::MAX >> 1), kwnames) };
    if let ([one], true) = (args.positional(), args.keywords().is_empty()) {
        return one.str().map(Ref::into_obj);
    }
    from_call(args).map(Ref::into_obj)
}

extern "C" fn length(o: &Object) -> isize {
    o.cast::<Str>().length.get()
}

extern "C" fn concat(a: &Object, b: &Object) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Str>(), b.downcast::<Str>()) else {
        bail!(TypeError, "can only concatenate str (not \"{}\") to str", b.ty().name_str());
    };
    Str::concat(x, y).map(Ref::into_obj)
}

extern "C" fn repeat(o: &Object, n: isize) -> PyResult {
    o.cast::<Str>().repeat(n).map(Ref::into_obj)
}

extern "C" fn item(o: &Object, i: isize) -> PyResult {
    let s: &Str = o.cast();
    match usize::try_from(i) {
        Ok(i) if i < s.len() => Ok(Str::from_char(s.char_at(i)).into_obj()),
        _ => bail!(IndexError, "string index out of range"),
    }
}

extern "C" fn contains(o: &Object, x: &Object) -> c_int {
    status_bool(match x.downcast::<Str>() {
        Some(sub) => Ok(o.cast::<Str>().contains_str(sub)),
        None => Err(raise!(TypeError, "'in <string>' requires string as left operand, not {}", x.ty().name_str())),
    })
}

extern "C" fn subscript(o: &Object, key: &Object) -> PyResult {
    let s: &Str = o.cast();
    if has_index(key) {
        let i = key.index_as_isize(Some(exceptions::IndexError))?;
        return item(o, if i < 0 { i.wrapping_add(s.length.get()) } else { i });
    }
    let Some(slice) = key.downcast::<Slice>() else {
        bail!(TypeError, "string indices must be integers, not '{}'", key.ty().name_str());
    };
    let r = slice.indices(s.len())?;
    Ok(s.slice(r.start, r.step, r.len).into_obj())
}

impl Str {
    /// `len` characters from `start` on, every `step`th.
    pub fn slice(&self, start: isize, step: isize, len: usize) -> Ref<Str> {
        if len == 0 {
            return Str::empty();
        }
        let first = start as usize;
        if step == 1 {
            return self.substring(first, first + len);
        }
        fn pick<T: Copy>(u: &[T], start: isize, step: isize, len: usize) -> Vec<T> {
            (0..len).map(|i| u[start.wrapping_add(step.wrapping_mul(i as isize)) as usize]).collect()
        }
        use super::StrData;
        match self.data() {
            StrData::Latin1(u) => Str::from_latin1(&pick(u, start, step, len)),
            StrData::Ucs2(u) => Str::from_ucs2(&pick(u, start, step, len)),
            StrData::Ucs4(u) => Str::from_ucs4(&pick(u, start, step, len)),
        }
    }
}

extern "C" fn remainder(a: &Object, b: &Object) -> PyResult {
    match a.downcast::<Str>() {
        Some(f) => percent::format(f, b).map(Ref::into_obj),
        None => Ok(crate::protocol::compare::not_implemented()),
    }
}

pub(super) static AS_NUMBER: NumberMethods = NumberMethods { remainder: Slot::new(remainder), ..NumberMethods::EMPTY };

pub(super) static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(length),
    concat: Slot::new(concat),
    repeat: Slot::new(repeat),
    item: Slot::new(item),
    contains: Slot::new(contains),
    ..SequenceMethods::EMPTY
};

pub(super) static AS_MAPPING: MappingMethods =
    MappingMethods { length: Slot::new(length), subscript: Slot::new(subscript), ..MappingMethods::EMPTY };

mod table {
    pub use super::case::*;
    pub use super::format::*;
    pub use super::methods::*;
    pub use super::predicates::*;
    pub use super::translate::*;
}

pub(super) const METHODS: Option<&'static [MethodDef]> = {
    use table::*;
    crate::methods![
        encode,
        replace,
        split,
        rsplit,
        join,
        capitalize,
        casefold,
        title,
        center,
        count,
        expandtabs,
        find,
        partition,
        index,
        ljust,
        lower,
        lstrip,
        rfind,
        rindex,
        rjust,
        rstrip,
        rpartition,
        splitlines,
        strip,
        swapcase,
        translate,
        upper,
        startswith,
        endswith,
        removeprefix,
        removesuffix,
        isascii,
        islower,
        isupper,
        istitle,
        isspace,
        isdecimal,
        isdigit,
        isnumeric,
        isalpha,
        isalnum,
        isidentifier,
        isprintable,
        zfill,
        format,
        format_map,
        __format__,
        maketrans,
        __sizeof__,
        __getnewargs__,
    ]
};
