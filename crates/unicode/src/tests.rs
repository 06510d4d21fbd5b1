use crate::normalize::{Form, QuickCheck, normalize, quick_check};
use crate::ucd::{self, Version};
use crate::{case, chars, names};

/// FNV-1a over a stream of values: the reference computes the same over what it says of every code point.
struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Digest(0xcbf2_9ce4_8422_2325)
    }

    fn byte(&mut self, b: u8) {
        self.0 = (self.0 ^ u64::from(b)).wrapping_mul(0x100_0000_01b3);
    }

    fn num(&mut self, x: u32) {
        x.to_le_bytes().into_iter().for_each(|b| self.byte(b));
    }

    fn text(&mut self, s: &str) {
        s.bytes().for_each(|b| self.byte(b));
        self.byte(0);
    }

    fn codes(&mut self, s: &[u32]) {
        s.iter().for_each(|&c| self.num(c));
        self.num(u32::MAX);
    }
}

// From gen/digests.py.
const PREDICATES: u64 = 0x19e98d800d1b2805;
const CASES: u64 = 0x9a9c7e7f0c546c1a;
const DATABASE: u64 = 0xb80c8bd310092f4a;
const DATABASE_3_2: u64 = 0xf76523711ed5e36;
const NORMAL: u64 = 0x367808c390650686;
const NORMAL_3_2: u64 = 0xef5ee21672e6670c;
const MIXTURES: u64 = 0xcf8c2c9f6f7325f5;
const NAMES: u64 = 0x8f1a220f2e8dd1fa;

#[test]
fn predicates_of_every_code_point() {
    let mut d = Digest::new();
    for c in 0..0x11_0000 {
        let bits = [
            chars::is_alpha(c),
            chars::is_alnum(c),
            chars::is_decimal(c),
            chars::is_digit(c),
            chars::is_numeric(c),
            chars::is_lower(c),
            chars::is_upper(c),
            chars::is_space(c),
            chars::is_printable(c),
            chars::is_xid_start(c),
            chars::is_identifier([97, c].into_iter()),
            chars::is_linebreak(c),
        ];
        d.num(bits.iter().enumerate().fold(0, |x, (i, &b)| x | u32::from(b) << i));
    }
    assert_eq!(d.0, PREDICATES);
}

#[test]
fn case_of_every_code_point() {
    let mut d = Digest::new();
    for c in 0..0x11_0000 {
        d.codes(&case::lower(c));
        d.codes(&case::upper(c));
        d.codes(&case::title(c));
        d.codes(&case::fold(c));
        d.num(case::simple_lower(c));
    }
    assert_eq!(d.0, CASES);
}

#[test]
fn final_sigma() {
    let lower = |s: &str| -> String {
        let v: Vec<u32> = s.chars().map(u32::from).collect();
        (0..v.len())
            .flat_map(|i| case::lower_in_context(i, v.len(), |j| v[j]).to_vec())
            .filter_map(char::from_u32)
            .collect()
    };
    assert_eq!(lower("ΑΣ"), "ας");
    assert_eq!(lower("Σ"), "σ");
    assert_eq!(lower("ΑΣ\u{345}Α"), "ασ\u{345}α");
    assert_eq!(lower("Α\u{345}Σ\u{345} Α"), "α\u{345}ς\u{345} α");
}

fn database(v: Version) -> u64 {
    let mut d = Digest::new();
    for c in 0..0x11_0000 {
        d.text(ucd::category(v, c));
        d.text(ucd::bidirectional(v, c));
        d.text(ucd::east_asian_width(v, c));
        d.text(&ucd::decomposition(v, c));
        d.num(u32::from(ucd::combining(v, c)));
        d.num(u32::from(ucd::mirrored(v, c)));
        d.num(ucd::decimal(v, c).unwrap_or(99));
        d.num(ucd::digit(c).unwrap_or(99));
        ucd::numeric(v, c).unwrap_or(-1.0).to_le_bytes().into_iter().for_each(|b| d.byte(b));
    }
    d.0
}

#[test]
fn database_of_every_code_point() {
    assert_eq!(database(Version::Current), DATABASE);
    assert_eq!(database(Version::V3_2), DATABASE_3_2);
}

#[test]
fn normal_forms_of_every_code_point() {
    let forms = [Form::Nfc, Form::Nfd, Form::Nfkc, Form::Nfkd];
    for (v, expected) in [(Version::Current, NORMAL), (Version::V3_2, NORMAL_3_2)] {
        let mut d = Digest::new();
        for form in forms {
            for c in 0..0x11_0000 {
                let s = normalize(v, form, [c].into_iter());
                if s != [c] {
                    d.num(c);
                    d.codes(&s);
                    if v == Version::Current {
                        assert_ne!(quick_check(form, [c].into_iter()), QuickCheck::Yes);
                    }
                }
            }
        }
        assert_eq!(d.0, expected);
    }
}

#[test]
fn normal_forms_of_mixtures() {
    // Sequences of a base and three marks chosen by a linear congruential generator.
    let marks = [0x300, 0x301, 0x323, 0x345, 0x3099, 0x5b0, 0x1161, 0x11a8, 0x61, 0x308, 0x315, 0x31b];
    let bases = [0x61, 0x65, 0x3b1, 0x1100, 0xac00, 0x304b, 0x212b, 0x1e9b, 0x5d0, 0xfb1d, 0x1100];
    let mut d = Digest::new();
    let mut x = 1u64;
    let mut next = |n: usize| {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (x >> 33) as usize % n
    };
    for _ in 0..20000 {
        let mut s = vec![bases[next(bases.len())]];
        for _ in 0..4 {
            s.push(marks[next(marks.len())]);
        }
        for form in [Form::Nfc, Form::Nfd, Form::Nfkc, Form::Nfkd] {
            let n = normalize(Version::Current, form, s.iter().copied());
            if quick_check(form, s.iter().copied()) == QuickCheck::Yes {
                assert_eq!(n, s);
            }
            d.codes(&n);
        }
    }
    assert_eq!(d.0, MIXTURES);
}

#[test]
fn names_of_every_code_point() {
    let mut d = Digest::new();
    for c in 0..0x11_0000 {
        let Some(name) = names::name(c) else { continue };
        d.num(c);
        d.text(&name);
        assert_eq!(names::lookup(&name), Some(names::Named::Char(c)), "{name}");
    }
    assert_eq!(d.0, NAMES);
}

#[test]
fn names_that_are_none() {
    use names::{Named, lookup};
    assert_eq!(lookup("nbsp"), Some(Named::Char(0xa0)));
    assert_eq!(lookup("LINE FEED"), Some(Named::Char(10)));
    assert_eq!(lookup("keycap digit one"), Some(Named::Sequence(&[0x31, 0xfe0f, 0x20e3])));
    let none = [
        "",
        " ",
        "A",
        "CJK UNIFIED IDEOGRAPH-",
        "CJK UNIFIED IDEOGRAPH-04E00",
        "HANGUL SYLLABLE",
        "HANGUL SYLLABLE G",
        "HANGUL SYLLABLE AX",
        "CJK UNIFIED IDEOGRAPH-+E00",
        "é",
        "LATIN SMALL LETTER",
    ];
    for s in none {
        assert_eq!(lookup(s), None, "{s}");
    }
}
