//! Formatting of integers, doubles and complex numbers by a specification.

use super::Sink;
use super::spec::{Align, Grouping, Spec, SpecError, unknown_type, value};
use crate::digits::{BigRef, convert, text};
use crate::float::{Flags, format_double};

/// Numbers are shown with at most so many digits: the text of the longest double before them must still fit in a C `int`.
pub const MAX_PRECISION: usize = i32::MAX as usize - 1024;

/// What type `n` takes from the locale.
#[derive(Clone, Copy, Debug)]
pub struct Locale<'a> {
    /// The decimal point.
    pub decimal_point: &'a [u32],
    /// The separator of groups.
    pub thousands_sep: &'a [u32],
    /// The sizes of groups as in C's `lconv`: the last one repeats, 127 ends grouping.
    pub grouping: &'a [u8],
}

const POINT: &[u32] = &[b'.' as u32];

impl Locale<'_> {
    /// The "C" locale.
    pub const C: Locale<'static> = Locale { decimal_point: POINT, thousands_sep: &[], grouping: &[] };
}

fn separators(g: Grouping) -> Locale<'static> {
    match g {
        Grouping::None => Locale::C,
        Grouping::Comma => Locale { thousands_sep: &[b',' as u32], grouping: &[3], ..Locale::C },
        Grouping::Underscore => Locale { thousands_sep: &[b'_' as u32], grouping: &[3], ..Locale::C },
        Grouping::UnderscoreFour => Locale { thousands_sep: &[b'_' as u32], grouping: &[4], ..Locale::C },
    }
}

/// A number cut into the parts that the layout treats differently.
struct Parts<'a> {
    negative: bool,
    prefix: &'a [u8],
    /// The digits before the point, which are grouped.
    digits: &'a [u8],
    point: bool,
    /// The digits after the point, which may be grouped too.
    fraction: &'a [u8],
    /// An exponent, a percent sign, or `inf` and `nan`.
    rest: &'a [u8],
    /// A character in place of all digits (type `c`).
    char: Option<u32>,
}

/// The groups of an integer part from right to left: zeros to prepend and digits.
fn group(digits: usize, locale: &Locale<'_>, min_width: usize) -> Vec<(usize, usize)> {
    let sep = locale.thousands_sep.len();
    let mut groups = Vec::new();
    let (mut left, mut min) = (digits, min_width as isize);
    let mut sizes = locale.grouping.iter();
    let mut size = 0usize;
    loop {
        if let Some(&n) = sizes.next() {
            size = usize::from(n);
        }
        let endless = size == 0 || size >= 127;
        let wanted = left.max(min.max(0) as usize).max(1);
        let len = if endless { wanted } else { size.min(wanted) };
        groups.push((len.saturating_sub(left), left.min(len)));
        left = left.saturating_sub(len);
        min -= len as isize;
        if endless || (left == 0 && min <= 0) {
            return groups;
        }
        min -= sep as isize;
    }
}

fn write_number(out: &mut dyn Sink, p: &Parts<'_>, spec: &Spec, locale: &Locale<'_>) {
    let sign = match (p.negative, spec.sign) {
        (true, _) => Some(b'-'),
        (false, Some(c @ (b'+' | b' '))) => Some(c),
        _ => None,
    };
    let frac = separators(spec.frac_grouping);
    let frac_seps = if frac.grouping.is_empty() { 0 } else { p.fraction.len().saturating_sub(1) / 3 };
    let fixed = usize::from(sign.is_some())
        + p.prefix.len()
        + if p.point { locale.decimal_point.len() } else { 0 }
        + p.fraction.len()
        + frac_seps
        + p.rest.len()
        + usize::from(p.char.is_some());
    let min = if spec.fill == u32::from(b'0') && spec.align == Align::AfterSign {
        spec.width.unwrap_or(0).saturating_sub(fixed)
    } else {
        0
    };
    let groups = if p.digits.is_empty() { Vec::new() } else { group(p.digits.len(), locale, min) };
    let grouped: usize =
        groups.iter().map(|(z, d)| z + d).sum::<usize>() + groups.len().saturating_sub(1) * locale.thousands_sep.len();
    let pad = spec.width.unwrap_or(0).saturating_sub(fixed + grouped);
    let (left, inner, right) = match spec.align {
        Align::Left => (0, 0, pad),
        Align::Center => (pad / 2, 0, pad - pad / 2),
        Align::AfterSign => (0, pad, 0),
        Align::Right => (pad, 0, 0),
    };
    out.fill(spec.fill, left);
    if let Some(c) = sign {
        out.ascii(&[c]);
    }
    out.ascii(p.prefix);
    out.fill(spec.fill, inner);
    let mut at = 0;
    for (i, &(zeros, n)) in groups.iter().rev().enumerate() {
        if i > 0 {
            out.text(locale.thousands_sep);
        }
        out.fill(u32::from(b'0'), zeros);
        out.ascii(&p.digits[at..at + n]);
        at += n;
    }
    if p.point {
        out.text(locale.decimal_point);
    }
    if frac_seps > 0 {
        for (i, chunk) in p.fraction.chunks(3).enumerate() {
            if i > 0 {
                out.text(frac.thousands_sep);
            }
            out.ascii(chunk);
        }
    } else {
        out.ascii(p.fraction);
    }
    if let Some(c) = p.char {
        out.fill(c, 1);
    }
    out.ascii(p.rest);
    out.fill(spec.fill, right);
}

/// Formats an integer. `locale` is used only by type `n` (see [`Spec::wants_locale`]).
///
/// The caller guards decimal conversion of huge numbers (`sys.set_int_max_str_digits`) beforehand.
pub fn format_int(
    out: &mut dyn Sink,
    x: BigRef<'_>,
    spec: &Spec,
    type_name: &str,
    locale: &Locale<'_>,
) -> Result<(), SpecError> {
    let ty = match spec.ty {
        None => b'd',
        Some(c) => match u8::try_from(c) {
            Ok(c @ (b'b' | b'c' | b'd' | b'o' | b'x' | b'X' | b'n')) => c,
            Ok(b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%') => {
                let Ok(f) = convert::to_f64(x) else {
                    return Err(SpecError::Overflow("int too large to convert to float".to_owned()));
                };
                return format_float(out, f, spec, type_name, locale);
            }
            _ => return unknown_type(c, type_name),
        },
    };
    if spec.precision.is_some() {
        return value("Precision not allowed in integer format specifier");
    }
    if spec.no_neg_0 {
        return value("Negative zero coercion (z) not allowed in integer format specifier");
    }
    let mut parts =
        Parts { negative: x.neg, prefix: b"", digits: b"", point: false, fraction: b"", rest: b"", char: None };
    if ty == b'c' {
        if spec.sign.is_some() {
            return value("Sign not allowed with integer format specifier 'c'");
        }
        if spec.alternate {
            return value("Alternate form (#) not allowed with integer format specifier 'c'");
        }
        if x.to_i64().is_none() {
            return Err(SpecError::Overflow("Python int too large to convert to C long".to_owned()));
        }
        let Some(c) = x.to_u64().filter(|&c| c < 0x11_0000) else {
            return Err(SpecError::Overflow("%c arg not in range(0x110000)".to_owned()));
        };
        parts.char = Some(c as u32);
        write_number(out, &parts, spec, &Locale::C);
        return Ok(());
    }
    let (base, prefix): (u32, &[u8]) = match ty {
        b'b' => (2, b"0b"),
        b'o' => (8, b"0o"),
        b'x' => (16, b"0x"),
        b'X' => (16, b"0X"),
        _ => (10, b""),
    };
    let mut digits = Vec::with_capacity(24);
    text::to_base(&mut digits, x.digits, base);
    if ty == b'X' {
        digits.make_ascii_uppercase();
    }
    if spec.alternate {
        parts.prefix = prefix;
    }
    parts.digits = &digits;
    if ty == b'n' {
        write_number(out, &parts, spec, locale);
    } else {
        write_number(out, &parts, spec, &separators(spec.grouping));
    }
    Ok(())
}

/// The text of a double under a specification, without sign, padding and grouping.
fn float_text(
    x: f64,
    spec: &Spec,
    add_dot_0: bool,
    default: (u8, usize),
    type_name: &str,
) -> Result<(String, bool), SpecError> {
    if spec.precision.is_some_and(|p| p > MAX_PRECISION) {
        return value("precision too big");
    }
    let (mut x, mut flags) = (x, Flags { alt: spec.alternate, no_neg_0: spec.no_neg_0, ..Flags::default() });
    let (mut code, mut precision) = (default.0, spec.precision.unwrap_or(6));
    let mut percent = false;
    match spec.ty {
        None => {
            flags.add_dot_0 = add_dot_0;
            if spec.precision.is_some() {
                code = b'g';
            } else {
                precision = default.1;
            }
        }
        Some(c) => match u8::try_from(c) {
            Ok(c @ (b'e' | b'E' | b'f' | b'F' | b'g' | b'G')) => code = c,
            Ok(b'n') => code = b'g',
            Ok(b'%') => {
                code = b'f';
                percent = true;
                x *= 100.0;
            }
            _ => return unknown_type(c, type_name),
        },
    }
    let mut s = format_double(x, code, precision, flags);
    let negative = s.starts_with('-');
    if negative {
        s.remove(0);
    }
    if percent {
        s.push('%');
    }
    Ok((s, negative))
}

fn float_parts(s: &str, negative: bool) -> Parts<'_> {
    let s = s.as_bytes();
    let count = |s: &[u8]| s.iter().take_while(|c| c.is_ascii_digit()).count();
    let (digits, mut rest) = s.split_at(count(s));
    let point = rest.first() == Some(&b'.');
    let mut fraction: &[u8] = b"";
    if point {
        (fraction, rest) = rest[1..].split_at(count(&rest[1..]));
    }
    Parts { negative, prefix: b"", digits, point, fraction, rest, char: None }
}

/// Formats a double. `locale` is used only by type `n` (see [`Spec::wants_locale`]).
pub fn format_float(
    out: &mut dyn Sink,
    x: f64,
    spec: &Spec,
    type_name: &str,
    locale: &Locale<'_>,
) -> Result<(), SpecError> {
    let (s, negative) = float_text(x, spec, true, (b'r', 0), type_name)?;
    let parts = float_parts(&s, negative);
    if spec.ty == Some(u32::from(b'n')) {
        write_number(out, &parts, spec, locale);
    } else {
        write_number(out, &parts, spec, &separators(spec.grouping));
    }
    Ok(())
}

/// Formats a complex number.
pub fn format_complex(out: &mut dyn Sink, re: f64, im: f64, spec: &Spec, locale: &Locale<'_>) -> Result<(), SpecError> {
    if let Some(c) = spec.ty
        && !u8::try_from(c).is_ok_and(|c| matches!(c, b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'n'))
    {
        return unknown_type(c, "complex");
    }
    if spec.precision.is_some_and(|p| p > MAX_PRECISION) {
        return value("precision too big");
    }
    if spec.fill == u32::from(b'0') {
        return value("Zero padding is not allowed in complex format specifier");
    }
    if spec.align == Align::AfterSign {
        return value("'=' alignment flag is not allowed in complex format specifier");
    }
    // Without a type it looks like `repr`: parentheses, and no real part if that is a positive zero.
    let bare = spec.ty.is_none();
    let skip_real = bare && re == 0.0 && re.is_sign_positive();
    let parens = bare && !skip_real;
    let default = (b'r', 0);
    let (rs, rneg) = float_text(re, spec, false, default, "complex")?;
    let (is, ineg) = float_text(im, spec, false, default, "complex")?;
    let mut body: Vec<u32> = Vec::new();
    let mut emit = |l: &Locale<'_>| {
        let inner = Spec { width: None, align: Align::Left, ..*spec };
        if parens {
            body.ascii(b"(");
        }
        if !skip_real {
            write_number(&mut body, &float_parts(&rs, rneg), &inner, l);
        }
        let inner = if skip_real { inner } else { Spec { sign: Some(b'+'), ..inner } };
        write_number(&mut body, &float_parts(&is, ineg), &inner, l);
        body.ascii(if parens { b"j)" } else { b"j" });
    };
    if spec.ty == Some(u32::from(b'n')) {
        emit(locale);
    } else {
        emit(&separators(spec.grouping));
    }
    let (left, right) = spec.padding(body.len());
    out.fill(spec.fill, left);
    out.text(&body);
    out.fill(spec.fill, right);
    Ok(())
}
