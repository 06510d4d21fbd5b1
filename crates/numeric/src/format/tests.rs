use super::percent::{self, Amount};
use super::spec::ascii_decimal;
use super::*;
use crate::digits::{Big, text};

fn codes(s: &str) -> Vec<u32> {
    s.chars().map(u32::from).collect()
}

fn show(v: &[u32]) -> String {
    v.iter().filter_map(|&c| char::from_u32(c)).collect()
}

fn format_one(kind: &str, v: &str, s: &str) -> Result<String, SpecError> {
    let s = codes(s);
    let mut out: Vec<u32> = Vec::new();
    let parse = |ty, align| Spec::parse(&s, ty, align, ascii_decimal);
    match kind {
        "f" => format_float(&mut out, v.parse().unwrap(), &parse(None, Align::Right)?, "float", &Locale::C)?,
        "i" => {
            let (neg, m) = v.strip_prefix('-').map_or((false, v), |r| (true, r));
            let x = Big::new(neg, text::from_base(m.as_bytes(), 10).unwrap());
            format_int(&mut out, x.as_ref(), &parse(Some(b'd'), Align::Right)?, "int", &Locale::C)?;
        }
        "c" => {
            let (re, im) = v.split_once(' ').unwrap();
            let spec = parse(None, Align::Right)?;
            format_complex(&mut out, re.parse().unwrap(), im.parse().unwrap(), &spec, &Locale::C)?;
        }
        _ => {
            let v = codes(v);
            let l = parse(Some(b's'), Align::Left)?.str_layout(v.len())?;
            out.fill(l.fill, l.left);
            out.text(&v[..l.take]);
            out.fill(l.fill, l.right);
        }
    }
    Ok(show(&out))
}

/// Random specifications with the results of the reference: kind, value, specification, outcome, text.
#[test]
fn agrees_with_the_reference() {
    let mut wrong = 0;
    for line in include_str!("cases.tsv").lines() {
        let [kind, v, s, outcome, text] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let got = match format_one(kind, v, s) {
            Ok(t) => ("ok", t),
            Err(SpecError::Invalid) => ("ValueError", "invalid".to_owned()),
            Err(SpecError::Value(t)) => ("ValueError", t),
            Err(SpecError::Overflow(t)) => ("OverflowError", t),
        };
        if got != (outcome, text.to_owned()) {
            println!("{kind} {v} {s:?}: {got:?} instead of {outcome} {text:?}");
            wrong += 1;
        }
    }
    assert_eq!(wrong, 0);
}

#[test]
fn locales_group_irregularly() {
    let indian = Locale { decimal_point: &[44], thousands_sep: &[0x2009], grouping: &[3, 2] };
    let spec = Spec::parse(&codes("n"), None, Align::Right, ascii_decimal).unwrap();
    let mut out: Vec<u32> = Vec::new();
    format_int(&mut out, Big::from(123_456_789u64).as_ref(), &spec, "int", &indian).unwrap();
    assert_eq!(show(&out), "12\u{2009}34\u{2009}56\u{2009}789");
    let mut out: Vec<u32> = Vec::new();
    format_float(&mut out, 1234.5, &spec, "float", &indian).unwrap();
    assert_eq!(show(&out), "1\u{2009}234,5");
}

#[test]
fn specification_errors() {
    assert_eq!(
        Spec::parse(&codes("99999999999999999999"), None, Align::Right, ascii_decimal),
        Err(SpecError::Value("Too many decimal digits in format string".to_owned()))
    );
    assert_eq!(
        Spec::parse(&codes("."), None, Align::Right, ascii_decimal),
        Err(SpecError::Value("Format specifier missing precision".to_owned()))
    );
}

#[test]
fn percent_specifiers() {
    let c = percent::parse(b"(a(b))-#5.*lx rest", 0).unwrap();
    assert_eq!(c.key, Some((1, 5)));
    assert!(c.flags.left && c.flags.alt && !c.flags.zero);
    assert_eq!((c.width, c.precision, c.ty, c.ty_index, c.end), (Amount::Value(5), Amount::Star, 0x78, 12, 13));
    assert_eq!(percent::parse(b"(a", 0), Err(percent::PercentError::IncompleteKey));
    assert_eq!(percent::parse(b"5.2", 0), Err(percent::PercentError::Incomplete));
    assert_eq!(percent::parse(b".2147483648d", 0), Err(percent::PercentError::PrecisionTooBig));
    let int = |x: i64, f: &str| {
        let c = percent::parse(f.as_bytes(), 0).unwrap();
        let amount = |a| {
            if let Amount::Value(n) = a { Some(n) } else { None }
        };
        let b = Big::from(x);
        let mut body = Vec::new();
        let prefix = percent::int_body(&mut body, &b.digits, c.ty as u8, amount(c.precision), c.flags.alt);
        let mut out: Vec<u8> = Vec::new();
        percent::write_number(&mut out, b.neg, &body, prefix, c.flags, amount(c.width).unwrap_or(0));
        String::from_utf8(out).unwrap()
    };
    assert_eq!(int(5, "-05d"), "5    ");
    assert_eq!(int(255, "+#010.3x"), "+0x00000ff");
    assert_eq!(int(-255, "#.5x"), "-0x000ff");
    assert_eq!(int(-5, "05.3d"), "-0005");
    assert_eq!(int(-8, "#o"), "-0o10");
    assert_eq!(int(5, "+ d"), "+5");
    let mut out: Vec<u8> = Vec::new();
    let flags = percent::PercentFlags { zero: true, ..Default::default() };
    percent::write_float(&mut out, f64::NEG_INFINITY, b'f', None, flags, 5);
    assert_eq!(out, b"-0inf");
    assert_eq!(percent::unsupported(0x1234, 1), "unsupported format character '?' (0x1234) at index 1");
}
