//! What is wrong with the arguments of a call, in the reference's words.

use crate::code::CodeObject;
use crate::frame::Frame;
use crate::function::Function;
use crate::suggestions;
use std::ops::Range;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Raised, raise};

/// The function's qualified name.
pub fn qualname(func: &Function) -> String {
    func.func_qualname.get().map_or_else(String::new, |q| q.cast::<Str>().display().to_string())
}

fn name(code: &CodeObject, i: usize) -> String {
    code.localsplus_name(i).cast::<Str>().display().to_string()
}

fn s(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

fn is_unset(frame: *mut Frame, i: usize) -> bool {
    // SAFETY: `i` is a parameter of the frame's code.
    unsafe { (*Frame::slot(frame, i)).is_null() }
}

/// `f() takes 1 positional argument but 2 were given`.
#[cold]
pub fn too_many_positional(func: &Function, code: &CodeObject, frame: *mut Frame, given: usize) -> Raised {
    let positional = code.argcount();
    let total = positional + code.kwonlyargcount();
    let kwonly_given = (positional..total).filter(|&i| !is_unset(frame, i)).count();
    let ndefaults = func.defaults().map_or(0, Tuple::len);
    let (signature, plural) = if ndefaults > 0 {
        let at_least = positional as isize - ndefaults as isize;
        (format!("from {at_least} to {positional}"), "s")
    } else {
        (positional.to_string(), s(positional))
    };
    let kwonly = if kwonly_given > 0 {
        format!(" positional argument{} (and {kwonly_given} keyword-only argument{})", s(given), s(kwonly_given))
    } else {
        String::new()
    };
    let verb = if given == 1 && kwonly_given == 0 { "was" } else { "were" };
    raise!(
        TypeError,
        "{}() takes {signature} positional argument{plural} but {given}{kwonly} {verb} given",
        qualname(func)
    )
}

/// `f() missing 2 required positional arguments: 'a' and 'b'`.
#[cold]
pub fn missing(func: &Function, code: &CodeObject, frame: *mut Frame, range: Range<usize>, kind: &str) -> Raised {
    let names: Vec<String> = range.filter(|&i| is_unset(frame, i)).map(|i| format!("'{}'", name(code, i))).collect();
    let list = match names.as_slice() {
        [one] => one.clone(),
        [a, b] => format!("{a} and {b}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
        [] => String::new(),
    };
    raise!(TypeError, "{}() missing {} required {kind} argument{}: {list}", qualname(func), names.len(), s(names.len()))
}

/// A name that is no parameter, or a positional-only one.
#[cold]
pub fn unexpected_keyword(func: &Function, code: &CodeObject, names: &Tuple, keyword: &Str, total: usize) -> Raised {
    let posonly = code.posonlyargcount();
    let given_by_name: Vec<String> = (0..posonly)
        .map(|i| name(code, i))
        .filter(|p| names.items().iter().any(|k| k.downcast::<Str>().is_some_and(|k| k.eq_str(p))))
        .collect();
    if !given_by_name.is_empty() {
        return raise!(
            TypeError,
            "{}() got some positional-only arguments passed as keyword arguments: '{}'",
            qualname(func),
            given_by_name.join(", ")
        );
    }
    let candidates: Vec<String> = (posonly..total).map(|i| name(code, i)).collect();
    let keyword = keyword.display().to_string();
    match suggestions::closest(&candidates, &keyword) {
        Some(c) => raise!(
            TypeError,
            "{}() got an unexpected keyword argument '{keyword}'. Did you mean '{c}'?",
            qualname(func)
        ),
        None => raise!(TypeError, "{}() got an unexpected keyword argument '{keyword}'", qualname(func)),
    }
}
