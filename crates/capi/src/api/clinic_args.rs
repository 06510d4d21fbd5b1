//! Taking arguments apart, as functions that Argument Clinic wrote ask for it.

use crate::prelude::*;

/// What a function says of its parameters (`_PyArg_Parser`).
#[repr(C)]
pub struct Parser {
    format: *const c_char,
    /// Names, ended by null; positional-only ones are empty.
    keywords: *const *const c_char,
    fname: *const c_char,
    custom_msg: *const c_char,
    once: u8,
    is_kwtuple_owned: c_int,
    pos: c_int,
    min: c_int,
    max: c_int,
    kwtuple: *mut Object,
    next: *mut Parser,
}

impl Parser {
    /// The names of the parameters.
    fn names(&self) -> Vec<Text> {
        let mut all = Vec::new();
        if self.keywords.is_null() {
            return all;
        }
        // SAFETY: the C API's contract: the array ends with null.
        unsafe {
            let mut p = self.keywords;
            while !(*p).is_null() {
                all.push(Text(*p));
                p = p.add(1);
            }
        }
        all
    }

    /// The function for messages.
    fn function(&self) -> String {
        match Text(self.fname).opt() {
            Some(f) => format!("{f}()"),
            None => "function".to_owned(),
        }
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// What the caller gave: values by position, then those by name.
struct Given<'a> {
    positional: &'a [&'a Object],
    named: Vec<(&'a Object, &'a Object)>,
}

impl<'a> Given<'a> {
    fn new(args: *const *const Object, n: isize, kwargs: Null<'a>, kwnames: Null<'a>) -> Given<'a> {
        let positional: &[&Object] = if args.is_null() { &[] } else { slice(args.cast::<&Object>(), n) };
        let mut named = Vec::new();
        if let Some(d) = kwargs.and_then(|k| k.downcast::<Dict>()) {
            let mut pos = 0;
            while let Some((k, v)) = d.next(&mut pos) {
                named.push((k, v));
            }
        } else if let Some(names) = kwnames.and_then(|k| k.downcast::<Tuple>()) {
            // SAFETY: the values of keywords follow the positional arguments.
            let values: &[&Object] = slice(unsafe { args.offset(n) }.cast(), names.len() as isize);
            named.extend(names.items().iter().map(|k| &**k).zip(values.iter().copied()));
        }
        Given { positional, named }
    }
}

/// Puts the value of each parameter into its place of `out`, null where there is none.
fn unpack<'a>(p: &Parser, g: &Given<'a>, limits: [usize; 3], varpos: bool, out: &mut [*const Object]) -> PyResult<()> {
    let [minpos, maxpos, minkw] = limits;
    let names = p.names();
    let (given, function) = (g.positional.len(), p.function());
    let total = given + g.named.len();
    if total > names.len() && !varpos {
        bail!(
            TypeError,
            "{function} takes {} {} {}argument{} ({total} given)",
            if minpos + minkw == names.len() { "exactly" } else { "at most" },
            names.len(),
            if given == 0 { "keyword " } else { "" },
            plural(names.len())
        );
    }
    if given > maxpos && !varpos {
        if maxpos == 0 {
            bail!(TypeError, "{function} takes no positional arguments");
        }
        let most = if minpos < maxpos { "at most" } else { "exactly" };
        bail!(TypeError, "{function} takes {most} {maxpos} positional argument{} ({given} given)", plural(maxpos));
    }
    let positional_only = names.iter().take_while(|n| n.bytes().is_empty()).count();
    if given < minpos.min(positional_only) {
        let least = if minpos < maxpos { "at least" } else { "exactly" };
        let n = minpos.min(positional_only);
        bail!(TypeError, "{function} takes {least} {n} positional argument{} ({given} given)", plural(n));
    }
    let required = if minkw > 0 { maxpos + minkw } else { minpos };
    let mut used = 0;
    for (i, (name, place)) in names.iter().zip(out.iter_mut()).enumerate() {
        let text = name.text();
        let by_name = (i >= positional_only)
            .then(|| g.named.iter().find(|(k, _)| k.downcast::<Str>().is_some_and(|k| k.eq_str(&text))))
            .flatten();
        *place = match (g.positional.get(i).filter(|_| i < maxpos), by_name) {
            (Some(_), Some(_)) => {
                bail!(TypeError, "argument for {function} given by name ('{text}') and position ({})", i + 1)
            }
            (Some(v), None) => *v,
            (None, Some((_, v))) => {
                used += 1;
                *v
            }
            (None, None) => {
                let is_required = i < minpos || (i >= maxpos && i < required);
                if is_required {
                    bail!(TypeError, "{function} missing required argument '{text}' (pos {})", i + 1);
                }
                std::ptr::null()
            }
        };
    }
    if used < g.named.len() {
        for (k, _) in &g.named {
            let Some(key) = k.downcast::<Str>() else { bail!(TypeError, "keywords must be strings") };
            if !names.iter().skip(positional_only).any(|n| key.eq_str(&n.text())) {
                bail!(TypeError, "{function} got an unexpected keyword argument '{}'", key.display());
            }
        }
    }
    Ok(())
}

exports! {
    fn _PyArg_CheckPositional(name: Text, given: isize, min: isize, max: isize) -> c_int {
        let text = |word: &str, n: isize| {
            let s = plural(n.max(0) as usize);
            match name.opt() {
                Some(f) => format!("{f} expected {word}{n} argument{s}, got {given}"),
                None => format!("unpacked tuple should have {word}{n} element{s}, but has {given}"),
            }
        };
        let word = |s: &'static str| if min == max { "" } else { s };
        if given < min {
            return failed(text(word("at least "), min));
        }
        if given > max {
            return failed(text(word("at most "), max));
        }
        1
    }
    fn _PyArg_UnpackKeywords(args: *const *const Object, n: isize, kwargs: Null<'_>, kwnames: Null<'_>, parser: &Parser, minpos: c_int, maxpos: c_int, minkw: c_int, varpos: c_int, buf: *mut *const Object) -> *const *const Object {
        let given = Given::new(args, n, kwargs, kwnames);
        let limits = [minpos, maxpos, minkw].map(|n| n.max(0) as usize);
        // SAFETY: the caller's buffer has a place for each parameter.
        let out = unsafe { std::slice::from_raw_parts_mut(buf, parser.names().len()) };
        match unpack(parser, &given, limits, varpos != 0, out) {
            Ok(()) => buf,
            Err(_) => std::ptr::null(),
        }
    }
    fn _PyNamespace_New(attributes: Null<'_>) -> PyResult {
        let dict = match attributes.and_then(|a| a.downcast::<Dict>()) {
            Some(d) => d.copy()?,
            None => Dict::new(),
        };
        Ok(taipan_object::types::namespace::Namespace::new(dict).into_obj())
    }
    fn PyTime_Monotonic(result: *mut i64) -> c_int { clock(libc::CLOCK_MONOTONIC, result) }
    fn PyTime_PerfCounter(result: *mut i64) -> c_int { clock(libc::CLOCK_MONOTONIC, result) }
    fn PyTime_Time(result: *mut i64) -> c_int { clock(libc::CLOCK_REALTIME, result) }
    fn PyTime_AsSecondsDouble(t: i64) -> c_double { t as f64 / 1e9 }
}

/// Sets a `TypeError` and answers C's 0.
fn failed(text: String) -> c_int {
    let _: Raised = raise!(TypeError, "{text}");
    0
}

/// Nanoseconds of a clock.
fn clock(id: libc::clockid_t, result: *mut i64) -> c_int {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours, and `result` is the caller's place for the time.
    unsafe {
        libc::clock_gettime(id, &mut t);
        *result = t.tv_sec.saturating_mul(1_000_000_000).saturating_add(t.tv_nsec);
    }
    0
}
