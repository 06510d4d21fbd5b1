//! Decimal text of doubles.
//!
//! Digits come from the standard library, whose shortest form (`{:e}`) and exact forms (`{:.n e}`, `{:.n}`, halves of the
//! exact value to even) are the same digits that the reference computes. The layout is Python's.

use std::fmt::Write;

/// No double has more than this many digits after the point; further ones are zeros.
const MAX_FRACTION: usize = 1100;

/// A short text on the stack.
#[derive(Clone, Copy)]
pub struct Repr {
    buf: [u8; 40],
    len: usize,
}

impl Repr {
    fn new() -> Self {
        Repr { buf: [0; 40], len: 0 }
    }

    fn push(&mut self, s: &[u8]) {
        // What is written here has at most 17 digits, 16 zeros, a sign, a point and an exponent.
        if let Some(room) = self.buf.get_mut(self.len..self.len + s.len()) {
            room.copy_from_slice(s);
            self.len += s.len();
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.buf[..self.len]).unwrap_or_default()
    }

    /// The text as ASCII bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.buf[..self.len]
    }
}

impl Write for Repr {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        self.push(s.as_bytes());
        Ok(())
    }
}

impl std::fmt::Debug for Repr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `repr(x)`: the shortest text that reads back as `x`.
pub fn repr(x: f64) -> Repr {
    let mut out = Repr::new();
    if !x.is_finite() {
        out.push(if x.is_nan() {
            b"nan"
        } else if x > 0.0 {
            b"inf"
        } else {
            b"-inf"
        });
        return out;
    }
    if x.abs() < 1e15 && x.trunc() == x {
        // Integers need no search for the shortest digits.
        if x.is_sign_negative() {
            out.push(b"-");
        }
        let _ = write!(out, "{}.0", x.abs() as u64);
        return out;
    }
    let (digits, exp) = shortest(x.abs());
    if x < 0.0 {
        out.push(b"-");
    }
    layout(
        &mut |s| out.push(s),
        &digits,
        exp + 1,
        !(-4..16).contains(&exp),
        Shape { point_zero: true, alt: false, upper: false },
    );
    out
}

/// The shortest digits that read back as `x`, and the exponent. Of two equally near the even one is taken.
fn shortest(x: f64) -> (Vec<u8>, i32) {
    let mut sci = Repr::new();
    let _ = write!(sci, "{x:e}");
    let (digits, exp) = split_scientific(sci.as_bytes());
    // Only a long fraction lies exactly between two numbers of as many digits, and the standard library goes up then.
    if digits.len() >= 16 && digits.last().is_some_and(|d| d % 2 == 1) {
        let mut even = Repr::new();
        let _ = write!(even, "{x:.*e}", digits.len() - 1);
        if even.as_str().parse() == Ok(x) {
            return split_scientific(even.as_bytes());
        }
    }
    (digits, exp)
}

/// The digits of `d.ddde±x` and the exponent.
fn split_scientific(s: &[u8]) -> (Vec<u8>, i32) {
    let e = s.iter().position(|&c| c == b'e').unwrap_or(s.len());
    let digits = s[..e].iter().copied().filter(|&c| c != b'.').collect();
    let exp = std::str::from_utf8(s.get(e + 1..).unwrap_or_default()).ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    (digits, exp)
}

struct Shape {
    /// Write ".0" after an integer in positional notation.
    point_zero: bool,
    /// Keep the point even if nothing follows it.
    alt: bool,
    upper: bool,
}

/// Writes digits with the decimal point at `point` (digits before it), positional or with an exponent.
fn layout(push: &mut dyn FnMut(&[u8]), digits: &[u8], point: i32, use_exp: bool, shape: Shape) {
    let zeros = |push: &mut dyn FnMut(&[u8]), mut n: usize| {
        while n > 0 {
            let k = n.min(32);
            push(&[b'0'; 32][..k]);
            n -= k;
        }
    };
    let before = if use_exp { 1 } else { point };
    if before <= 0 {
        push(b"0.");
        zeros(push, before.unsigned_abs() as usize);
        push(digits);
    } else {
        let before = before as usize;
        let k = digits.len().min(before);
        push(&digits[..k]);
        zeros(push, before - k);
        if digits.len() > k {
            push(b".");
            push(&digits[k..]);
        } else if shape.point_zero && !use_exp {
            push(b".0");
        } else if shape.alt {
            push(b".");
        }
    }
    if use_exp {
        let exp = point - 1;
        let mut s = Repr::new();
        let e = if shape.upper { 'E' } else { 'e' };
        let _ = write!(s, "{e}{}{:02}", if exp < 0 { '-' } else { '+' }, exp.unsigned_abs());
        push(s.as_bytes());
    }
}

/// How `format_double` decorates a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Write a plus sign before positive numbers.
    pub sign: bool,
    /// Write ".0" after a number that would look like an integer.
    pub add_dot_0: bool,
    /// Alternate form: always a decimal point, and `g` keeps trailing zeros.
    pub alt: bool,
    /// Write zero, also one made by rounding, without a minus sign.
    pub no_neg_0: bool,
}

/// Formats a double; `code` is one of `e E f F g G r`. `r` ignores the precision.
pub fn format_double(x: f64, code: u8, precision: usize, flags: Flags) -> String {
    let upper = code.is_ascii_uppercase();
    let mut out = String::new();
    if !x.is_finite() {
        if x < 0.0 {
            out.push('-');
        } else if flags.sign {
            out.push('+');
        }
        out.push_str(match (x.is_nan(), upper) {
            (true, false) => "nan",
            (true, true) => "NAN",
            (false, false) => "inf",
            (false, true) => "INF",
        });
        return out;
    }
    let a = x.abs();
    let mut sci = String::new();
    let (mut digits, point, use_exp, pad);
    match code.to_ascii_lowercase() {
        b'f' => {
            let p = precision.min(MAX_FRACTION);
            let _ = write!(sci, "{a:.p$}");
            let dot = sci.find('.').unwrap_or(sci.len());
            digits = sci.into_bytes();
            point = dot as i32;
            if dot < digits.len() {
                digits.remove(dot);
            }
            use_exp = false;
            pad = precision - p;
        }
        b'e' => {
            let p = precision.min(MAX_FRACTION);
            let _ = write!(sci, "{a:.p$e}");
            let (d, exp) = split_scientific(sci.as_bytes());
            (digits, point, use_exp, pad) = (d, exp + 1, true, precision - p);
        }
        b'g' => {
            let wanted = precision.max(1);
            let p = (wanted - 1).min(MAX_FRACTION);
            let _ = write!(sci, "{a:.p$e}");
            let (d, exp) = split_scientific(sci.as_bytes());
            (digits, point) = (d, exp + 1);
            let limit = wanted.min(i32::MAX as usize) as i32 - i32::from(flags.add_dot_0);
            use_exp = point <= -4 || point > limit;
            if flags.alt {
                pad = wanted - 1 - p;
            } else {
                while digits.len() > 1 && digits.last() == Some(&b'0') {
                    digits.pop();
                }
                pad = 0;
            }
        }
        _ => {
            let (d, exp) = shortest(a);
            (digits, point, pad) = (d, exp + 1, 0);
            use_exp = !(-4..16).contains(&exp);
        }
    }
    digits.resize(digits.len() + pad, b'0');
    let zero = digits.iter().all(|&c| c == b'0');
    if x.is_sign_negative() && !(zero && flags.no_neg_0) {
        out.push('-');
    } else if flags.sign {
        out.push('+');
    }
    let shape = Shape { point_zero: flags.add_dot_0, alt: flags.alt, upper };
    layout(&mut |s| out.push_str(std::str::from_utf8(s).unwrap_or_default()), &digits, point, use_exp, shape);
    out
}

/// The text without the underscores between digits; None if one stands elsewhere. Borrowed if there are none.
pub fn strip_underscores(text: &[u8]) -> Option<std::borrow::Cow<'_, [u8]>> {
    if !text.contains(&b'_') {
        return Some(text.into());
    }
    let mut out = Vec::with_capacity(text.len());
    for (i, &c) in text.iter().enumerate() {
        if c != b'_' {
            out.push(c);
        } else {
            let before = i.checked_sub(1).and_then(|j| text.get(j)).is_some_and(u8::is_ascii_digit);
            if !before || !text.get(i + 1).is_some_and(u8::is_ascii_digit) {
                return None;
            }
        }
    }
    Some(out.into())
}

/// Whether C's `isspace` in the "C" locale holds.
pub fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t'..=b'\r')
}

/// The text without ASCII white space around it.
pub fn trim_space(mut s: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = s
        && is_space(*first)
    {
        s = rest;
    }
    while let [rest @ .., last] = s
        && is_space(*last)
    {
        s = rest;
    }
    s
}

/// `float(text)` for ASCII text: white space around it, underscores between digits, `inf`, `infinity` and `nan` in
/// any case. None if it is no number.
pub fn parse(text: &[u8]) -> Option<f64> {
    let s = strip_underscores(trim_space(text))?;
    parse_exact(&s)
}

/// As `parse`, but neither white space nor underscores are allowed.
pub fn parse_exact(s: &[u8]) -> Option<f64> {
    // The standard library's grammar of floats is the same as Python's once white space and underscores are gone.
    std::str::from_utf8(s).ok()?.parse().ok()
}

/// The length of the longest prefix that is a number in the sense of `parse_exact`, and its value.
pub fn parse_prefix(s: &[u8]) -> Option<(usize, f64)> {
    let sign = usize::from(matches!(s.first(), Some(b'+' | b'-')));
    let rest = &s[sign..];
    let word = |w: &[u8]| rest.len() >= w.len() && rest[..w.len()].eq_ignore_ascii_case(w);
    let end = if word(b"infinity") {
        8
    } else if word(b"inf") || word(b"nan") {
        3
    } else {
        let digits = |from: usize| rest[from..].iter().take_while(|c| c.is_ascii_digit()).count();
        let int = digits(0);
        let mut at = int;
        let mut frac = 0;
        if rest.get(at) == Some(&b'.') {
            frac = digits(at + 1);
            at += 1 + frac;
        }
        if int + frac == 0 {
            return None;
        }
        if matches!(rest.get(at), Some(b'e' | b'E')) {
            let esign = usize::from(matches!(rest.get(at + 1), Some(b'+' | b'-')));
            let n = if at + 1 + esign <= rest.len() { digits(at + 1 + esign) } else { 0 };
            if n > 0 {
                at += 1 + esign + n;
            }
        }
        at
    };
    let end = sign + end;
    Some((end, parse_exact(&s[..end])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r(x: f64) -> String {
        repr(x).as_str().to_owned()
    }

    #[test]
    fn shortest() {
        assert_eq!(repr(2f64.powi(-25)).as_str(), "2.9802322387695312e-08");
        let cases = [
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (-0.0, "-0.0"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (-1.5, "-1.5"),
            (f64::NEG_INFINITY, "-inf"),
            (2f64.powi(70), "1.1805916207174113e+21"),
        ];
        for (x, s) in cases {
            assert_eq!(r(x), s);
            assert_eq!(format_double(x, b'r', 0, Flags { add_dot_0: true, ..Flags::default() }), s);
        }
        assert_eq!(r(f64::NAN), "nan");
    }

    #[test]
    fn formats() {
        let plain = Flags::default();
        let alt = Flags { alt: true, ..plain };
        let f = |x: f64, code: u8, p: usize, flags: Flags| format_double(x, code, p, flags);
        assert_eq!(f(2.5, b'f', 0, plain), "2");
        assert_eq!(f(2.5, b'f', 0, alt), "2.");
        assert_eq!(f(0.00001234, b'g', 3, plain), "1.23e-05");
        assert_eq!(f(100000.0, b'g', 6, plain), "100000");
        assert_eq!(f(1000000.0, b'g', 6, plain), "1e+06");
        assert_eq!(f(1000000.0, b'G', 6, alt), "1.00000E+06");
        assert_eq!(f(1.0, b'g', 6, alt), "1.00000");
        assert_eq!(f(0.0, b'g', 6, alt), "0.00000");
        assert_eq!(f(0.0, b'e', 2, plain), "0.00e+00");
        assert_eq!(f(-0.04, b'f', 1, Flags { no_neg_0: true, ..plain }), "0.0");
        assert_eq!(f(1e22, b'f', 2, Flags { sign: true, ..plain }), "+10000000000000000000000.00");
        assert_eq!(f(f64::INFINITY, b'F', 2, plain), "INF");
        assert_eq!(f(1.0, b'f', 70000, plain).len(), 70002);
        assert_eq!(f(5e-324, b'e', 4, plain), "4.9407e-324");
    }

    #[test]
    fn reading() {
        assert_eq!(parse(b"  1_000.5e-1_0\n"), Some(1000.5e-10));
        assert_eq!(parse(b"-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(parse(b".5"), Some(0.5));
        assert_eq!(parse(b"5."), Some(5.0));
        for bad in ["", ".", "1e", "_1", "1_", "1__0", "1_.5", "e5", "0x10", "1 2", "infin", "+-1", "1e_5"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse_prefix(b"1.5e+x"), Some((3, 1.5)));
        assert_eq!(parse_prefix(b"-infx"), Some((4, f64::NEG_INFINITY)));
        assert_eq!(parse_prefix(b".e5"), None);
    }

    #[test]
    fn hexadecimal() {
        use super::super::hex::*;
        for x in [1.0, -0.1, 5e-324, f64::MAX, 0.0, 1e-310] {
            assert_eq!(from_hex(to_hex(x).as_bytes()), Ok(x));
        }
        assert_eq!(to_hex(0.1), "0x1.999999999999ap-4");
        assert_eq!(to_hex(5e-324), "0x0.0000000000001p-1022");
        assert_eq!(from_hex(b" 0x.8p1 "), Ok(1.0));
        assert_eq!(from_hex(b"0x1.00000000000008p0"), Ok(1.0));
        assert_eq!(from_hex(b"0x1.000000000000080000001p0"), Ok(1.0000000000000002));
        assert_eq!(from_hex(b"0x1p1024"), Err(HexError::Overflow));
        assert_eq!(from_hex(b"0x1p-1075"), Ok(0.0));
        assert_eq!(from_hex(b"0x1.8p-1075"), Ok(5e-324));
        assert_eq!(from_hex(b"1p"), Err(HexError::Invalid));
        assert_eq!(from_hex(b"0x"), Err(HexError::Invalid));
    }
}
