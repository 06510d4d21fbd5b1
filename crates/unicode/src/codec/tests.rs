use super::escape::{EscapeDecoder, EscapeEncoder, RawEscapeDecoder};
use super::handlers::{CodecError, Handled, Handler};
use super::narrow::*;
use super::utf7::{Utf7Decoder, Utf7Encoder};
use super::utf8::{Utf8Decoder, Utf8Encoder};
use super::utf16::{Utf16Decoder, Utf16Encoder};
use super::utf32::{ByteOrder, Utf32Decoder, Utf32Encoder};
use super::*;

fn cp1252() -> Vec<u32> {
    let high = [
        0x20ac, 0xfffe, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0xfffe,
        0x17d, 0xfffe, 0xfffe, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a,
        0x153, 0xfffe, 0x17e, 0x178,
    ];
    (0..128).chain(high).chain(160..256).collect()
}

fn order(name: &str) -> ByteOrder {
    match name.get(name.len() - 3..) {
        Some("-le") => ByteOrder::Little,
        Some("-be") => ByteOrder::Big,
        _ => ByteOrder::Unknown,
    }
}

fn decode_by(name: &str, data: &[u8], last: bool, mut h: Handler) -> Result<(usize, Vec<u32>), CodecError> {
    let mut out = Vec::new();
    let table = cp1252();
    let n = match name {
        "utf-8" => decode(&mut Utf8Decoder, data, last, &mut out, &mut h),
        "utf-7" => decode(&mut Utf7Decoder::default(), data, last, &mut out, &mut h),
        "ascii" => decode(&mut AsciiDecoder, data, last, &mut out, &mut h),
        "latin-1" => decode(&mut Latin1Decoder, data, last, &mut out, &mut h),
        "cp1252" => decode(&mut CharmapDecoder { table: &table }, data, last, &mut out, &mut h),
        "unicode_escape" => decode(&mut EscapeDecoder::default(), data, last, &mut out, &mut h),
        "raw_unicode_escape" => decode(&mut RawEscapeDecoder, data, last, &mut out, &mut h),
        _ if name.starts_with("utf-16") => {
            decode(&mut Utf16Decoder { order: order(name) }, data, last, &mut out, &mut h)
        }
        _ => decode(&mut Utf32Decoder { order: order(name) }, data, last, &mut out, &mut h),
    }?;
    Ok((n, out))
}

fn encode_by(name: &str, s: &[u32], h: Handler) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::new();
    let mut h = Handled(h, s);
    let map = EncodingMap::new(&cp1252());
    match name {
        "utf-8" => encode(&mut Utf8Encoder, s, &mut out, &mut h),
        "utf-7" => encode(&mut Utf7Encoder, s, &mut out, &mut h),
        "ascii" => encode(&mut { NarrowEncoder::ASCII }, s, &mut out, &mut h),
        "latin-1" => encode(&mut { NarrowEncoder::LATIN1 }, s, &mut out, &mut h),
        "cp1252" => encode(&mut CharmapEncoder { map: &map }, s, &mut out, &mut h),
        "unicode_escape" => encode(&mut EscapeEncoder { raw: false }, s, &mut out, &mut h),
        "raw_unicode_escape" => encode(&mut EscapeEncoder { raw: true }, s, &mut out, &mut h),
        _ if name.starts_with("utf-16") => encode(&mut Utf16Encoder::new(order(name)), s, &mut out, &mut h),
        _ => encode(&mut Utf32Encoder::new(order(name)), s, &mut out, &mut h),
    }?;
    Ok(out)
}

fn hex(s: &[u8]) -> String {
    s.iter().map(|b| format!("{b:02x}")).collect()
}

fn codes(s: &[u32]) -> String {
    s.iter().map(|c| format!("{c:x}")).collect::<Vec<_>>().join(",")
}

fn show<T>(r: Result<T, CodecError>, ok: impl Fn(T) -> String) -> String {
    match r {
        Ok(x) => ok(x),
        Err(CodecError { encoding, failure: f }) => format!("error {encoding} {} {} {}", f.start, f.end, f.reason),
    }
}

#[test]
fn agrees_with_the_reference() {
    let mut wrong = 0;
    for line in include_str!("cases.tsv").lines() {
        let [kind, name, handler, input, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let h = Handler::from_name(handler).unwrap();
        let got = if kind == "e" {
            let s: Vec<u32> =
                input.split(',').filter(|x| !x.is_empty()).map(|x| u32::from_str_radix(x, 16).unwrap()).collect();
            show(encode_by(name, &s, h), |b| format!("ok {}", hex(&b)))
        } else {
            let data: Vec<u8> =
                (0..input.len() / 2).map(|i| u8::from_str_radix(&input[2 * i..2 * i + 2], 16).unwrap()).collect();
            show(decode_by(name, &data, kind == "d", h), |(n, s)| format!("ok {n} {}", codes(&s)))
        };
        if got != expected {
            println!("{kind} {name} {handler} {input}: {got}\n    instead of {expected}");
            wrong += 1;
        }
    }
    assert_eq!(wrong, 0);
}

#[test]
fn widths() {
    let build = |s: &str| {
        let mut b = TextBuilder::default();
        let r = decode(&mut Utf8Decoder, s.as_bytes(), true, &mut b, &mut Handler::Strict);
        assert_eq!(r, Ok(s.len()));
        let m = utf8::measure(s.as_bytes()).unwrap();
        assert_eq!(m.len, b.len());
        (b.finish(), m.max)
    };
    assert!(matches!(build("abc"), ((Text::One(v), max), 0x7f) if v == b"abc" && max < 0x80));
    assert!(matches!(build("aé").0.0, Text::One(v) if v == [97, 0xe9]));
    assert!(matches!(build("aé€").0.0, Text::Two(v) if v == [97, 0xe9, 0x20ac]));
    assert!(matches!(build("é😀€").0.0, Text::Four(v) if v == [0xe9, 0x1f600, 0x20ac]));
    assert_eq!(build("é😀€").1, 0x10ffff);
    assert_eq!(build("é").1, 0xff);
    assert_eq!(utf8::measure(b"\xed\xa0\x80"), None);
}
