//! The character database behind `unicodedata`, in the current version and in version 3.2.0.

use crate::tables::{
    BIDI_CLASSES, CATEGORIES, CHANGE_BLOCKS, CHANGE_INDEX, CHANGE_SHIFT, CHANGES, DECOMPOSITION_BLOCKS,
    DECOMPOSITION_INDEX, DECOMPOSITION_OFFSETS, DECOMPOSITION_POOL, DECOMPOSITION_SHIFT, DECOMPOSITION_TAGS, RECORDS,
    UCD_BLOCKS, UCD_INDEX, UCD_SHIFT, WIDTHS,
};
use crate::{Change, Record, chars};

/// Which version of the database is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The current one.
    Current,
    /// 3.2.0, which the IDNA codec needs.
    V3_2,
}

const UNASSIGNED: u8 = 0;
const SAME: u8 = 255;

#[inline]
pub(crate) fn record(c: u32) -> &'static Record {
    let block = usize::from(UCD_BLOCKS.get((c >> UCD_SHIFT) as usize).copied().unwrap_or(0));
    &RECORDS[usize::from(UCD_INDEX[(block << UCD_SHIFT) + (c & ((1 << UCD_SHIFT) - 1)) as usize])]
}

fn change(c: u32) -> &'static Change {
    let block = usize::from(CHANGE_BLOCKS.get((c >> CHANGE_SHIFT) as usize).copied().unwrap_or(0));
    &CHANGES[usize::from(CHANGE_INDEX[(block << CHANGE_SHIFT) + (c & ((1 << CHANGE_SHIFT) - 1)) as usize])]
}

/// Whether the code point had no meaning yet in Unicode 3.2.0, but has one now.
fn is_new(c: u32) -> bool {
    change(c).category == UNASSIGNED
}

/// `unicodedata.category`
pub fn category(v: Version, c: u32) -> &'static str {
    let mut k = record(c).category;
    if v == Version::V3_2 && change(c).category != SAME {
        k = change(c).category;
    }
    CATEGORIES[usize::from(k)]
}

/// `unicodedata.bidirectional`
pub fn bidirectional(v: Version, c: u32) -> &'static str {
    let mut k = record(c).bidi;
    if v == Version::V3_2 {
        if is_new(c) {
            k = 0;
        } else if change(c).bidi != SAME {
            k = change(c).bidi;
        }
    }
    BIDI_CLASSES[usize::from(k)]
}

/// `unicodedata.combining`
pub fn combining(v: Version, c: u32) -> u8 {
    if v == Version::V3_2 && is_new(c) { 0 } else { record(c).combining }
}

/// `unicodedata.mirrored`
pub fn mirrored(v: Version, c: u32) -> bool {
    if v == Version::V3_2 {
        if is_new(c) {
            return false;
        }
        if change(c).mirrored != SAME {
            return change(c).mirrored != 0;
        }
    }
    record(c).mirrored
}

/// `unicodedata.east_asian_width`
pub fn east_asian_width(v: Version, c: u32) -> &'static str {
    let mut k = record(c).width;
    if v == Version::V3_2 && change(c).width != SAME {
        k = change(c).width;
    }
    WIDTHS[usize::from(k)]
}

/// `unicodedata.decimal`
pub fn decimal(v: Version, c: u32) -> Option<u32> {
    if v == Version::V3_2 {
        if is_new(c) {
            return None;
        }
        match change(c).decimal {
            SAME => {}
            d if d < 10 => return Some(u32::from(d)),
            _ => return None,
        }
    }
    chars::to_decimal(c)
}

/// `unicodedata.digit`
pub fn digit(c: u32) -> Option<u32> {
    chars::to_digit(c)
}

/// `unicodedata.numeric`
pub fn numeric(v: Version, c: u32) -> Option<f64> {
    if v == Version::V3_2 {
        if is_new(c) {
            return None;
        }
        if let Some(x) = change(c).numeric {
            return (x >= 0.0).then_some(x);
        }
    }
    chars::to_numeric(c)
}

/// The tag (empty for a canonical one) and the code points of a decomposition; Hangul is left out.
#[inline]
pub(crate) fn raw_decomposition(c: u32) -> (u32, &'static [u32]) {
    let block = usize::from(DECOMPOSITION_BLOCKS.get((c >> DECOMPOSITION_SHIFT) as usize).copied().unwrap_or(0));
    let i = (block << DECOMPOSITION_SHIFT) + (c & ((1 << DECOMPOSITION_SHIFT) - 1)) as usize;
    let at = usize::from(DECOMPOSITION_OFFSETS[usize::from(DECOMPOSITION_INDEX[i])]);
    let head = DECOMPOSITION_POOL[at];
    (head >> 8, &DECOMPOSITION_POOL[at + 1..at + 1 + (head & 255) as usize])
}

/// `unicodedata.decomposition`
pub fn decomposition(v: Version, c: u32) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    if v == Version::V3_2 && is_new(c) {
        return out;
    }
    let mut put = |c: u32| {
        let sep = if out.is_empty() { "" } else { " " };
        let _ = write!(out, "{sep}{c:04X}");
    };
    if let Some(parts) = crate::normalize::hangul_parts(c) {
        parts.into_iter().filter(|&c| c != 0).for_each(put);
        return out;
    }
    let (tag, codes) = raw_decomposition(c);
    codes.iter().for_each(|&c| put(c));
    if tag != 0 {
        out.insert(0, ' ');
        out.insert_str(0, DECOMPOSITION_TAGS[tag as usize]);
    }
    out
}

/// Whether `unicodedata.name` of this version knows the code point at all.
pub fn is_assigned(v: Version, c: u32) -> bool {
    v == Version::Current || !is_new(c)
}
