//! Names of characters, both ways.

use crate::normalize::hangul_parts;
use crate::tables::{
    DERIVED_NAMES, EXTRA_NAMES, NAME_BUCKETS, NAME_COUNT, NAMES_ANCHORS, NAMES_BODY, NAMES_BY_HASH, NAMES_LENGTHS,
    NAMES_LEXICON, NAMES_RUNS, NAMES_STARTS, NAMES_WORD_ANCHORS, SHORT_WORDS,
};

static DATA: &[u8] = include_bytes!("names.bin");

fn u16_at(section: &std::ops::Range<usize>, i: usize) -> usize {
    let at = section.start + 2 * i;
    usize::from(DATA[at]) | usize::from(DATA[at + 1]) << 8
}

fn u32_at(section: &std::ops::Range<usize>, i: usize) -> usize {
    let at = section.start + 4 * i;
    (0..4).fold(0, |x, k| x | usize::from(DATA[at + k]) << (8 * k))
}

/// The number of runs of consecutive named characters.
const RUNS: usize = (NAMES_RUNS.end - NAMES_RUNS.start) / 6;

fn run(i: usize) -> (u32, usize) {
    let at = NAMES_RUNS.start + 6 * i;
    let d = &DATA[at..at + 6];
    let first = u32::from(d[0]) | u32::from(d[1]) << 8 | u32::from(d[2]) << 16;
    (first, usize::from(d[4]) | usize::from(d[5]) << 8)
}

/// The last run for which `before` holds of its first character and number.
fn find_run(before: impl Fn((u32, usize)) -> bool) -> Option<(usize, (u32, usize))> {
    let (mut lo, mut hi) = (0, RUNS);
    while lo < hi {
        let mid = (lo + hi) / 2;
        if before(run(mid)) { lo = mid + 1 } else { hi = mid }
    }
    lo.checked_sub(1).map(|i| (i, run(i)))
}

fn number_of(c: u32) -> Option<usize> {
    let (i, (first, number)) = find_run(|r| r.0 <= c)?;
    let end = if i + 1 < RUNS { run(i + 1).1 } else { NAME_COUNT };
    let n = number + (c - first) as usize;
    (n < end).then_some(n)
}

fn code_of(number: usize) -> u32 {
    find_run(|r| r.1 <= number).map_or(0, |(_, (first, n))| first + (number - n) as u32)
}

fn push_word(out: &mut String, number: usize) {
    let mut at = NAMES_LEXICON.start + u32_at(&NAMES_WORD_ANCHORS, number / 16);
    for _ in 0..number % 16 {
        while DATA[at] & 0x80 == 0 {
            at += 1;
        }
        at += 1;
    }
    loop {
        let b = DATA[at];
        out.push((b & 0x7f) as char);
        if b & 0x80 != 0 {
            return;
        }
        at += 1;
    }
}

fn name_of_number(number: usize) -> String {
    let group = number / 16 * 16;
    let skipped: usize =
        DATA[NAMES_LENGTHS.start + group..NAMES_LENGTHS.start + number].iter().map(|&n| usize::from(n)).sum();
    let mut at = NAMES_BODY.start + u32_at(&NAMES_ANCHORS, number / 16) + skipped;
    let mut out = String::new();
    loop {
        let b = DATA[at];
        let low = usize::from(b & 0x7f);
        let word = if low < SHORT_WORDS {
            low
        } else {
            at += 1;
            SHORT_WORDS + ((low - SHORT_WORDS) << 8 | usize::from(DATA[at]))
        };
        at += 1;
        if !out.is_empty() {
            out.push(' ');
        }
        push_word(&mut out, word);
        if b & 0x80 != 0 {
            return out;
        }
    }
}

const LEADS: [&str; 19] =
    ["G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P", "H"];
const VOWELS: [&str; 21] = [
    "A", "AE", "YA", "YAE", "EO", "E", "YEO", "YE", "O", "WA", "WAE", "OE", "YO", "U", "WEO", "WE", "WI", "YU", "EU",
    "YI", "I",
];
const TAILS: [&str; 28] = [
    "", "G", "GG", "GS", "N", "NJ", "NH", "D", "L", "LG", "LM", "LB", "LS", "LT", "LP", "LH", "M", "B", "BS", "S",
    "SS", "NG", "J", "C", "K", "T", "P", "H",
];
const HANGUL: &str = "HANGUL SYLLABLE ";

/// `unicodedata.name`
pub fn name(c: u32) -> Option<String> {
    if hangul_parts(c).is_some() {
        let s = (c - 0xac00) as usize;
        return Some(format!("{HANGUL}{}{}{}", LEADS[s / 588], VOWELS[s / 28 % 21], TAILS[s % 28]));
    }
    for &(first, last, prefix) in &DERIVED_NAMES {
        if (first..=last).contains(&c) {
            return Some(format!("{prefix}{c:04X}"));
        }
    }
    number_of(c).map(name_of_number)
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// One character.
    Char(u32),
    /// A named sequence.
    Sequence(&'static [u32]),
}

/// The longest of the parts that begins the text.
fn longest(text: &str, parts: &[&str]) -> Option<(usize, usize)> {
    (0..parts.len()).filter(|&i| text.starts_with(parts[i])).map(|i| (i, parts[i].len())).max_by_key(|x| x.1)
}

fn lookup_hangul(rest: &str) -> Option<u32> {
    let (l, n) = longest(rest, &LEADS)?;
    let rest = &rest[n..];
    let (v, n) = longest(rest, &VOWELS).filter(|x| x.1 > 0)?;
    let rest = &rest[n..];
    let t = TAILS.iter().position(|&t| t == rest)?;
    Some(0xac00 + (l as u32 * 21 + v as u32) * 28 + t as u32)
}

/// The character or sequence of a name, in any case; also aliases and named sequences.
pub fn lookup(name: &str) -> Option<Named> {
    let name = name.to_ascii_uppercase();
    if let Some(rest) = name.strip_prefix(HANGUL) {
        return lookup_hangul(rest).map(Named::Char);
    }
    for &(first, last, prefix) in &DERIVED_NAMES {
        if let Some(hex) = name.strip_prefix(prefix)
            && (4..=5).contains(&hex.len())
            && let Ok(c) = u32::from_str_radix(hex, 16)
            && (first..=last).contains(&c)
            && !hex.starts_with(['+', '0'])
        {
            return Some(Named::Char(c));
        }
    }
    let hash = name.bytes().fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    let bucket = (hash % NAME_BUCKETS) as usize;
    for i in u16_at(&NAMES_STARTS, bucket)..u16_at(&NAMES_STARTS, bucket + 1) {
        let number = u16_at(&NAMES_BY_HASH, i);
        if name_of_number(number) == name {
            return Some(Named::Char(code_of(number)));
        }
    }
    let i = EXTRA_NAMES.binary_search_by(|x| x.0.cmp(&name)).ok()?;
    Some(match EXTRA_NAMES[i].1 {
        [c] => Named::Char(*c),
        s => Named::Sequence(s),
    })
}
