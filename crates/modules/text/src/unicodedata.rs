//! `unicodedata`: the character database.

use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::{ArgContext, FromArg};
use taipan_object::buffer::Buffer;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::typeobj::ready::ready;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::{PyResult, Type, TypeDef, bail, flags, getset, getsets, layout, methods, raise};
use taipan_unicode::names::{self, Named};
use taipan_unicode::normalize::{self, Form, QuickCheck};
use taipan_unicode::ucd::{self, Version};

/// A database of an earlier version.
#[repr(C)]
struct Ucd {
    ob_base: Object,
}
layout!(Ucd, UCD_Type);

/// A code point, given as a string of one character.
#[derive(Clone, Copy)]
struct Chr(u32);

impl<'a> FromArg<'a> for Chr {
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        let s: &Str = arg.downcast().ok_or_else(|| cx.wrong_type("a unicode character", arg))?;
        match s.len() {
            1 => Ok(Chr(s.char_at(0))),
            n => bail!(
                TypeError,
                "{}(): {} must be a unicode character, not a string of length {n}",
                cx.func,
                cx.describe()
            ),
        }
    }
}

fn or_default(value: Option<Obj>, default: Option<&Object>, message: &str) -> PyResult {
    match (value, default) {
        (Some(v), _) => Ok(v),
        (None, Some(d)) => Ok(d.to_obj()),
        (None, None) => bail!(ValueError, "{message}"),
    }
}

fn int(n: u32) -> Obj {
    Int::from_i64(n.into()).into_obj()
}

fn decimal_of(v: Version, c: Chr, default: Option<&Object>) -> PyResult {
    or_default(ucd::decimal(v, c.0).map(int), default, "not a decimal")
}

fn digit_of(_: Version, c: Chr, default: Option<&Object>) -> PyResult {
    or_default(ucd::digit(c.0).map(int), default, "not a digit")
}

fn numeric_of(v: Version, c: Chr, default: Option<&Object>) -> PyResult {
    or_default(ucd::numeric(v, c.0).map(|x| Float::new(x).into_obj()), default, "not a numeric character")
}

fn name_of(v: Version, c: Chr, default: Option<&Object>) -> PyResult {
    let known = v == Version::Current || ucd::is_assigned(v, c.0);
    let name = names::name(c.0).filter(|_| known).map(|n| Str::from_utf8(&n).into_obj());
    or_default(name, default, "no such name")
}

/// A name: text, or a buffer of it.
struct Name(Vec<u8>);

impl<'a> FromArg<'a> for Name {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        Ok(Name(match arg.downcast::<Str>() {
            Some(s) => s.to_utf8()?.as_bytes().to_vec(),
            None => Buffer::get(arg)?.as_slice().to_vec(),
        }))
    }
}

fn lookup_name(v: Version, name: Name) -> PyResult<Ref<Str>> {
    /// Longer than any name.
    const LONGEST: usize = 256;
    if name.0.len() > LONGEST {
        return Err(raise!(KeyError, "name too long"));
    }
    let text = String::from_utf8_lossy(&name.0);
    match names::lookup(&text) {
        // Version 3.2.0 had neither aliases nor named sequences.
        Some(Named::Char(c))
            if v == Version::Current || names::name(c).is_some_and(|n| n.eq_ignore_ascii_case(&text)) =>
        {
            Ok(Str::from_char(c))
        }
        Some(Named::Sequence(s)) if v == Version::Current => Ok(Str::from_ucs4(s)),
        _ => Err(raise!(KeyError, "undefined character name '{text}'")),
    }
}

fn form_of(form: &Str) -> PyResult<Form> {
    form.as_str().and_then(Form::from_name).ok_or_else(|| raise!(ValueError, "invalid normalization form"))
}

fn normalized(v: Version, form: &Str, s: &Str) -> PyResult<Ref<Str>> {
    if s.is_empty() {
        return Ok(s.to_exact());
    }
    let form = form_of(form)?;
    if s.is_ascii() || v == Version::Current && normalize::quick_check(form, s.chars()) == QuickCheck::Yes {
        return Ok(s.to_exact());
    }
    Ok(Str::from_ucs4(&normalize::normalize(v, form, s.chars())))
}

fn is_in_form(v: Version, form: &Str, s: &Str) -> PyResult<bool> {
    if s.is_empty() {
        return Ok(true);
    }
    let form = form_of(form)?;
    if v == Version::Current {
        match normalize::quick_check(form, s.chars()) {
            QuickCheck::Yes => return Ok(true),
            QuickCheck::No => return Ok(false),
            QuickCheck::Maybe => {}
        }
    }
    let n = normalize::normalize(v, form, s.chars());
    Ok(n.len() == s.len() && s.chars().eq(n))
}

macro_rules! database {
    ($attribute:ident, $version:expr, ($($this:ident: $ty:ty)?)) => {
        /// The value of a decimal digit, or default.
        #[$attribute(signature = "(chr, default=<unrepresentable>, /)")]
        fn decimal($($this: $ty,)? chr: Chr, default: Given<&Object>) -> PyResult {
            decimal_of($version, chr, default.0)
        }
        /// The value of a digit, or default.
        #[$attribute(signature = "(chr, default=<unrepresentable>, /)")]
        fn digit($($this: $ty,)? chr: Chr, default: Given<&Object>) -> PyResult {
            digit_of($version, chr, default.0)
        }
        /// The value of a number, or default.
        #[$attribute(signature = "(chr, default=<unrepresentable>, /)")]
        fn numeric($($this: $ty,)? chr: Chr, default: Given<&Object>) -> PyResult {
            numeric_of($version, chr, default.0)
        }
        /// The general category.
        #[$attribute(signature = "(chr, /)")]
        fn category($($this: $ty,)? chr: Chr) -> &'static str {
            ucd::category($version, chr.0)
        }
        /// The bidirectional class.
        #[$attribute(signature = "(chr, /)")]
        fn bidirectional($($this: $ty,)? chr: Chr) -> &'static str {
            ucd::bidirectional($version, chr.0)
        }
        /// The canonical combining class.
        #[$attribute(signature = "(chr, /)")]
        fn combining($($this: $ty,)? chr: Chr) -> u8 {
            ucd::combining($version, chr.0)
        }
        /// 1 if the character is mirrored in bidirectional text, else 0.
        #[$attribute(signature = "(chr, /)")]
        fn mirrored($($this: $ty,)? chr: Chr) -> u8 {
            ucd::mirrored($version, chr.0).into()
        }
        /// The east asian width.
        #[$attribute(signature = "(chr, /)")]
        fn east_asian_width($($this: $ty,)? chr: Chr) -> &'static str {
            ucd::east_asian_width($version, chr.0)
        }
        /// The decomposition mapping, as text.
        #[$attribute(signature = "(chr, /)")]
        fn decomposition($($this: $ty,)? chr: Chr) -> String {
            ucd::decomposition($version, chr.0)
        }
        /// The name, or default.
        #[$attribute(signature = "(chr, default=<unrepresentable>, /)")]
        fn name($($this: $ty,)? chr: Chr, default: Given<&Object>) -> PyResult {
            name_of($version, chr, default.0)
        }
        /// The character of a name. Raises KeyError if there is none.
        #[$attribute(signature = "(name, /)")]
        fn lookup($($this: $ty,)? name: Name) -> PyResult<Ref<Str>> {
            lookup_name($version, name)
        }
        /// Whether the text is in a normal form: 'NFC', 'NFKC', 'NFD' or 'NFKD'.
        #[$attribute(signature = "(form, unistr, /)")]
        fn is_normalized($($this: $ty,)? form: &Str, unistr: &Str) -> PyResult<bool> {
            is_in_form($version, form, unistr)
        }
        /// The text in a normal form: 'NFC', 'NFKC', 'NFD' or 'NFKD'.
        #[$attribute(signature = "(form, unistr, /)")]
        fn normalize($($this: $ty,)? form: &Str, unistr: &Str) -> PyResult<Ref<Str>> {
            normalized($version, form, unistr)
        }
        pub(super) const METHODS: Option<&[MethodDef]> = methods![
            decimal, digit, numeric, category, bidirectional, combining, mirrored, east_asian_width, decomposition,
            name, lookup, is_normalized, normalize
        ];
    };
}

mod current {
    use super::*;
    use taipan_object::args::Given;
    use taipan_object::function;
    use taipan_object::method::MethodDef;
    database!(function, Version::Current, ());
}

mod old {
    use super::*;
    use taipan_object::args::Given;
    use taipan_object::method;
    use taipan_object::method::MethodDef;
    database!(method, Version::V3_2, (_this: &Ucd));
}

fn old_version(_: &Ucd) -> &'static str {
    "3.2.0"
}

/// `unicodedata.UCD`
pub static UCD_Type: Type = Type::with_flags(
    TypeDef {
        name: c"unicodedata.UCD",
        basicsize: size_of::<Ucd>(),
        flags: flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<Ucd>),
        methods: old::METHODS,
        getset: getsets![getset!(c"unidata_version", old_version)],
        ..TypeDef::EMPTY
    },
    0,
);

fn exec(m: &Module) -> PyResult<()> {
    ready(&UCD_Type)?;
    m.add("UCD", UCD_Type.as_object())?;
    m.add_str("unidata_version", "16.0.0")?;
    m.add("ucd_3_2_0", &new_object(Ucd { ob_base: Object::placeholder() }))
}

/// The module.
pub static MODULE: ModuleDef =
    ModuleDef { name: "unicodedata", doc: "The Unicode Character Database.", methods: current::METHODS, exec };
