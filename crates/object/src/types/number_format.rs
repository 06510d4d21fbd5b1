//! `__format__` of the number types: the format specification as `taipan-numeric` reads it, written into a `str`.

use crate::error::{PyResult, Raised};
use crate::header::{Object, Ref};
use crate::raise;
use crate::types::int::{self, Int};
use crate::types::str::{Str, StrBuilder, chars};
use std::ffi::CStr;
use taipan_numeric::format::{self, Align, Locale, Sink, Spec, SpecError};

/// A `str` under construction as the target of formatting.
pub struct StrSink<'a>(pub &'a mut StrBuilder);

impl Sink for StrSink<'_> {
    fn fill(&mut self, c: u32, n: usize) {
        for _ in 0..n {
            self.0.push_char(c);
        }
    }
    fn ascii(&mut self, s: &[u8]) {
        for &c in s {
            self.0.push_char(u32::from(c));
        }
    }
    fn text(&mut self, s: &[u32]) {
        for &c in s {
            self.0.push_char(c);
        }
    }
}

/// The exception for a specification that does not fit the object.
#[cold]
pub fn spec_error(e: SpecError, spec: &Str, o: &Object) -> Raised {
    match e {
        SpecError::Invalid => {
            raise!(
                ValueError,
                "Invalid format specifier '{}' for object of type '{}'",
                spec.display(),
                o.ty().name_str()
            )
        }
        SpecError::Value(s) => raise!(ValueError, "{s}"),
        SpecError::Overflow(s) => raise!(OverflowError, "{s}"),
    }
}

/// Parses a specification; numbers are aligned to the right unless it says otherwise.
pub fn parse_spec(spec: &Str, default_type: Option<u8>, o: &Object) -> PyResult<Spec> {
    let text: Vec<u32> = (0..spec.len()).map(|i| spec.char_at(i)).collect();
    Spec::parse(&text, default_type, Align::Right, chars::decimal).map_err(|e| spec_error(e, spec, o))
}

/// The separators of the C library's current locale, for presentation type `n`.
struct CLocale {
    point: Vec<u32>,
    thousands: Vec<u32>,
    grouping: Vec<u8>,
}

impl CLocale {
    fn current() -> CLocale {
        // SAFETY: the structure and its strings are valid until the next call of `setlocale`, which takes the interpreter lock.
        unsafe {
            let l = &*libc::localeconv();
            let text =
                |p: *const std::ffi::c_char| CStr::from_ptr(p).to_string_lossy().chars().map(u32::from).collect();
            CLocale {
                point: text(l.decimal_point),
                thousands: text(l.thousands_sep),
                grouping: CStr::from_ptr(l.grouping).to_bytes().to_vec(),
            }
        }
    }
}

/// Calls `f` with the locale that the specification asks for.
fn with_locale<R>(spec: &Spec, f: impl FnOnce(&Locale<'_>) -> R) -> R {
    if spec.ty != Some(u32::from(b'n')) {
        return f(&Locale::C);
    }
    let l = CLocale::current();
    f(&Locale { decimal_point: &l.point, thousands_sep: &l.thousands, grouping: &l.grouping })
}

fn finish(
    o: &Object,
    spec_text: &Str,
    spec: &Spec,
    f: impl FnOnce(&mut dyn Sink, &Locale<'_>) -> Result<(), SpecError>,
) -> PyResult {
    let mut b = StrBuilder::new();
    match with_locale(spec, |l| f(&mut StrSink(&mut b), l)) {
        Ok(()) => Ok(b.finish().into_obj()),
        Err(e) => Err(spec_error(e, spec_text, o)),
    }
}

/// `int.__format__`; the presentation types of floats convert first.
pub fn format_int(i: &Int, spec_text: &Str) -> PyResult {
    if spec_text.is_empty() {
        return i.as_plain_text();
    }
    let spec = parse_spec(spec_text, Some(b'd'), i)?;
    match spec.ty.and_then(|c| u8::try_from(c).ok()) {
        Some(b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%') => {
            let x = i.to_f64_checked()?;
            finish(i, spec_text, &spec, |out, l| format::format_float(out, x, &spec, i.ty().name_str(), l))
        }
        c => {
            if matches!(c, Some(b'd' | b'n')) && i.digit_count() > 70 {
                // The limit on decimal digits holds here too; only the conversion tells for certain.
                int::decimal_text(i, &mut Vec::new())?;
            }
            finish(i, spec_text, &spec, |out, l| format::format_int(out, i.as_big(), &spec, i.ty().name_str(), l))
        }
    }
}

/// `float.__format__`.
pub fn format_float(o: &Object, x: f64, spec_text: &Str) -> PyResult {
    if spec_text.is_empty() {
        return o.str().map(Ref::into_obj);
    }
    let spec = parse_spec(spec_text, None, o)?;
    finish(o, spec_text, &spec, |out, l| format::format_float(out, x, &spec, o.ty().name_str(), l))
}

/// `complex.__format__`.
pub fn format_complex(o: &Object, re: f64, im: f64, spec_text: &Str) -> PyResult {
    if spec_text.is_empty() {
        return o.str().map(Ref::into_obj);
    }
    let spec = parse_spec(spec_text, None, o)?;
    finish(o, spec_text, &spec, |out, l| format::format_complex(out, re, im, &spec, l))
}

impl Int {
    /// The text for an empty specification.
    fn as_plain_text(&self) -> PyResult {
        if self.is_exact(&int::PyLong_Type) { self.to_str().map(Ref::into_obj) } else { self.str().map(Ref::into_obj) }
    }
}
