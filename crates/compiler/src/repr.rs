//! `repr()` of constants, for messages and for annotations kept as text.

use num_bigint::BigInt;
use taipan_bytecode::Const;
use taipan_bytecode::wtf8::{CodePoints, push_code_point};

use crate::fold::to_bigint;

/// `repr()` of an identifier.
pub fn name(text: &str) -> String {
    format!("'{text}'")
}

/// `repr()` of a float.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf" } else { "inf" }.into();
    }
    let mut text = format!("{value:e}");
    // Of two shortest forms equally near, Python takes the even one.
    let digits = text.bytes().take_while(|&b| b != b'e').filter(u8::is_ascii_digit).count();
    let rounded = format!("{value:.*e}", digits - 1);
    if rounded.parse() == Ok(value) {
        text = rounded;
    }
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let decimals =
        (digits.len() as i32 - digits.contains('.') as i32 - digits.starts_with('-') as i32 - 1 - exponent).max(1);
    format!("{value:.*}", decimals as usize)
}

/// `repr()` of a complex number.
pub fn complex(real: f64, imag: f64) -> String {
    // Parts print like floats, but without a useless fraction.
    let part = |value: f64| {
        let text = float(value);
        text.strip_suffix(".0").map(str::to_string).unwrap_or(text)
    };
    if real == 0.0 && !real.is_sign_negative() {
        return part(imag) + "j";
    }
    let sign = if imag.is_sign_negative() && !imag.is_nan() { "" } else { "+" };
    format!("({}{sign}{}j)", part(real), part(imag))
}

/// Appends `repr()` of a string (WTF-8).
pub fn string(text: &[u8], out: &mut Vec<u8>) {
    let quote = if text.contains(&b'\'') && !text.contains(&b'"') { b'"' } else { b'\'' };
    out.push(quote);
    for point in CodePoints::new(text) {
        match point {
            0x5C => out.extend_from_slice(b"\\\\"),
            0x0A => out.extend_from_slice(b"\\n"),
            0x0D => out.extend_from_slice(b"\\r"),
            0x09 => out.extend_from_slice(b"\\t"),
            q if q == quote as u32 => out.extend_from_slice(&[b'\\', quote]),
            p if is_printable(p) => push_code_point(out, p),
            p if p < 0x100 => out.extend_from_slice(format!("\\x{p:02x}").as_bytes()),
            p if p < 0x10000 => out.extend_from_slice(format!("\\u{p:04x}").as_bytes()),
            p => out.extend_from_slice(format!("\\U{p:08x}").as_bytes()),
        }
    }
    out.push(quote);
}

/// Whether `repr()` shows a character as it is. Rust's own escaping knows which are printable; it also escapes
/// combining characters and quotes, which Python shows.
fn is_printable(point: u32) -> bool {
    match char::from_u32(point) {
        None => false,
        Some(' ') => true,
        Some(c) if c.is_ascii() => c.is_ascii_graphic(),
        Some(c) => !c.is_whitespace() && !c.is_control() && is_shown(c),
    }
}

fn is_shown(c: char) -> bool {
    // A combining character after a letter is not escaped by `str::escape_debug`, an unprintable one is.
    let mut buffer = String::from("a");
    buffer.push(c);
    buffer.escape_debug().eq(buffer.chars())
}

/// Appends `repr()` of a bytes object.
pub fn bytes(value: &[u8], out: &mut Vec<u8>) {
    let quote = if value.contains(&b'\'') && !value.contains(&b'"') { b'"' } else { b'\'' };
    out.extend_from_slice(&[b'b', quote]);
    for &b in value {
        match b {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ if b == quote => out.extend_from_slice(&[b'\\', quote]),
            b' '..=b'~' => out.push(b),
            _ => out.extend_from_slice(format!("\\x{b:02x}").as_bytes()),
        }
    }
    out.push(quote);
}

/// `repr()` of a constant.
pub fn constant(value: &Const) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Const, out: &mut Vec<u8>) {
    let list = |items: &[Const], out: &mut Vec<u8>| {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            write(item, out);
        }
    };
    match value {
        Const::None => out.extend_from_slice(b"None"),
        Const::True => out.extend_from_slice(b"True"),
        Const::False => out.extend_from_slice(b"False"),
        Const::Ellipsis => out.extend_from_slice(b"Ellipsis"),
        Const::Int(i) => out.extend_from_slice(i.to_string().as_bytes()),
        Const::BigInt { .. } => {
            let n = to_bigint(value).unwrap_or_else(|| BigInt::from(0));
            out.extend_from_slice(n.to_string().as_bytes());
        }
        Const::Float(f) => out.extend_from_slice(float(*f).as_bytes()),
        Const::Complex { real, imag } => out.extend_from_slice(complex(*real, *imag).as_bytes()),
        Const::Str(s) => string(s.as_bytes(), out),
        Const::Bytes(b) => bytes(b, out),
        Const::Tuple(items) => {
            out.push(b'(');
            list(items, out);
            out.extend_from_slice(if items.len() == 1 { b",)" } else { b")" });
        }
        Const::FrozenSet(items) => {
            out.extend_from_slice(b"frozenset(");
            if !items.is_empty() {
                out.push(b'{');
                list(items, out);
                out.push(b'}');
            }
            out.push(b')');
        }
        Const::Slice(parts) => {
            out.extend_from_slice(b"slice(");
            list(&parts[..], out);
            out.push(b')');
        }
        Const::Code(code) => out.extend_from_slice(format!("<code object {}>", code.name).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_like_python() {
        for (value, text) in [
            (1.0, "1.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.5e300, "1.5e+300"),
            (2f64.powi(-25), "2.9802322387695312e-08"),
            (-123.25, "-123.25"),
            (0.1, "0.1"),
        ] {
            assert_eq!(float(value), text);
        }
        assert_eq!(complex(0.0, 2.0), "2j");
        assert_eq!(complex(-0.0, 2.0), "(-0+2j)");
        assert_eq!(complex(1.5, -2.0), "(1.5-2j)");
    }

    #[test]
    fn strings_print_like_python() {
        let show = |text: &str| {
            let mut out = Vec::new();
            string(text.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(show("a'b"), "\"a'b\"");
        assert_eq!(show("a'b\"\n"), "'a\\'b\"\\n'");
        assert_eq!(show("é\u{301}\u{200b}"), "'é\u{301}\\u200b'");
    }
}
