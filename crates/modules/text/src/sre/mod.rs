//! `_sre`: the types behind `re`, over the engine of `taipan-sre`.
//!
//! - `pattern.rs`: `re.Pattern`; `matching.rs`: `re.Match`; `scanner.rs`: `SRE_Scanner`; `replacement.rs`: `SRE_Template`
//! - `subject.rs`: the text a pattern runs over

pub mod matching;
pub mod pattern;
pub mod replacement;
pub mod scanner;
pub mod subject;

use pattern::Pattern;
use taipan_object::typeobj::ready::ready;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Ref, bail, function, methods, raise};
use taipan_sre::op::{MAGIC, MAXGROUPS, MAXREPEAT};

/// The size of a code word in bytes.
#[function(signature = "()")]
fn getcodesize() -> i64 {
    4
}

fn code_point(c: i32) -> u32 {
    c as u32
}

/// Whether the character has another case in ASCII.
#[function(signature = "(character, /)")]
fn ascii_iscased(character: i32) -> bool {
    taipan_sre::ascii_iscased(code_point(character))
}

/// Whether the character has another case in Unicode.
#[function(signature = "(character, /)")]
fn unicode_iscased(character: i32) -> bool {
    taipan_sre::unicode_iscased(code_point(character))
}

/// The character in lower case, if it is ASCII.
#[function(signature = "(character, /)")]
fn ascii_tolower(character: i32) -> i32 {
    taipan_sre::ascii_tolower(code_point(character)) as i32
}

/// The character in lower case.
#[function(signature = "(character, /)")]
fn unicode_tolower(character: i32) -> i32 {
    taipan_sre::unicode_tolower(code_point(character)) as i32
}

fn code_word(o: &Object) -> PyResult<u32> {
    let Some(i) = o.downcast::<Int>() else { bail!(TypeError, "an integer is required") };
    match i.to_i64() {
        Some(n) if (0..=i64::from(u32::MAX)).contains(&n) => Ok(n as u32),
        _ if i.is_negative() => bail!(OverflowError, "can't convert negative value to unsigned int"),
        _ => bail!(OverflowError, "regular expression code size limit exceeded"),
    }
}

/// Make a pattern of code words.
#[function(signature = "(pattern, flags, code, groups, groupindex, indexgroup)")]
fn compile(
    pattern: &Object,
    flags: i32,
    code: &List,
    groups: isize,
    groupindex: &Dict,
    indexgroup: &Tuple,
) -> PyResult<Ref<Pattern>> {
    let words = code.items().iter().map(|o| code_word(o)).collect::<PyResult<Vec<u32>>>()?;
    let kind = pattern::text_kind(pattern)?;
    let groups = usize::try_from(groups).map_err(|_| raise!(RuntimeError, "invalid SRE code"))?;
    Pattern::new(pattern, flags, kind, &words, groups, groupindex, indexgroup)
}

/// Make a template of literals and group numbers.
#[function(signature = "(pattern, template, /)")]
fn template(_pattern: &Object, template: &List) -> PyResult<Ref<replacement::Template>> {
    replacement::new(template)
}

fn exec(m: &Module) -> PyResult<()> {
    ready(&pattern::Pattern_Type)?;
    ready(&matching::Match_Type)?;
    ready(&scanner::Scanner_Type)?;
    ready(&replacement::Template_Type)?;
    m.add_int("MAGIC", MAGIC.into())?;
    m.add_int("CODESIZE", 4)?;
    m.add_int("MAXREPEAT", MAXREPEAT.into())?;
    m.add_int("MAXGROUPS", MAXGROUPS.into())?;
    m.add_str("copyright", " SRE 2.2.2 Copyright (c) 1997-2002 by Secret Labs AB ")
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_sre",
    doc: "",
    methods: methods![compile, template, getcodesize, ascii_iscased, unicode_iscased, ascii_tolower, unicode_tolower],
    exec,
};
