//! Normalisation forms.

use crate::tables::{COMPOSITIONS, OLD_DECOMPOSITIONS};
use crate::ucd::{Version, combining, is_assigned, raw_decomposition, record};

/// A normalisation form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Canonical composition.
    Nfc,
    /// Canonical decomposition.
    Nfd,
    /// Compatibility composition.
    Nfkc,
    /// Compatibility decomposition.
    Nfkd,
}

impl Form {
    /// The form of a name such as "NFC".
    pub fn from_name(name: &str) -> Option<Form> {
        Some(match name {
            "NFC" => Form::Nfc,
            "NFD" => Form::Nfd,
            "NFKC" => Form::Nfkc,
            "NFKD" => Form::Nfkd,
            _ => return None,
        })
    }

    fn compat(self) -> bool {
        matches!(self, Form::Nfkc | Form::Nfkd)
    }

    fn composes(self) -> bool {
        matches!(self, Form::Nfc | Form::Nfkc)
    }

    fn shift(self) -> u32 {
        match self {
            Form::Nfc => 0,
            Form::Nfd => 2,
            Form::Nfkc => 4,
            Form::Nfkd => 6,
        }
    }
}

const S_BASE: u32 = 0xac00;
const L_BASE: u32 = 0x1100;
const V_BASE: u32 = 0x1161;
const T_BASE: u32 = 0x11a7;
const L_COUNT: u32 = 19;
const V_COUNT: u32 = 21;
const T_COUNT: u32 = 28;
const S_COUNT: u32 = L_COUNT * V_COUNT * T_COUNT;

/// The leading consonant, vowel and trailing consonant (0 for none) of a Hangul syllable.
#[inline]
pub(crate) fn hangul_parts(c: u32) -> Option<[u32; 3]> {
    let s = c.wrapping_sub(S_BASE);
    if s >= S_COUNT {
        return None;
    }
    let t = s % T_COUNT;
    let tail = if t == 0 { 0 } else { T_BASE + t };
    Some([L_BASE + s / (V_COUNT * T_COUNT), V_BASE + s / T_COUNT % V_COUNT, tail])
}

/// What the quick check says about a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuickCheck {
    /// It is in the form.
    Yes,
    /// It may be: normalise and compare.
    Maybe,
    /// It is not.
    No,
}

/// Whether the text is in the form, as far as single characters tell.
pub fn quick_check(form: Form, s: impl Iterator<Item = u32>) -> QuickCheck {
    let shift = form.shift();
    let mut result = QuickCheck::Yes;
    let mut last = 0;
    for c in s {
        if c < 128 {
            last = 0;
            continue;
        }
        let r = record(c);
        if r.combining != 0 && last > r.combining {
            return QuickCheck::No;
        }
        last = r.combining;
        match r.quick >> shift & 3 {
            0 => {}
            1 => result = QuickCheck::Maybe,
            _ => return QuickCheck::No,
        }
    }
    result
}

fn decompose(out: &mut Vec<u32>, v: Version, compat: bool, c: u32) {
    if c < 128 {
        return out.push(c);
    }
    if let Some(parts) = hangul_parts(c) {
        out.extend(parts.into_iter().filter(|&c| c != 0));
        return;
    }
    if v == Version::V3_2 {
        if let Ok(i) = OLD_DECOMPOSITIONS.binary_search_by_key(&c, |x| x.0) {
            return out.push(OLD_DECOMPOSITIONS[i].1);
        }
        if !is_assigned(v, c) {
            return out.push(c);
        }
    }
    let (tag, codes) = raw_decomposition(c);
    if codes.is_empty() || (tag != 0 && !compat) {
        return out.push(c);
    }
    // Decompositions nest a few levels at most, by the data's own rules.
    for &d in codes {
        decompose(out, v, compat, d);
    }
}

fn compose_pair(v: Version, a: u32, b: u32) -> Option<u32> {
    let (l, w) = (a.wrapping_sub(L_BASE), b.wrapping_sub(V_BASE));
    if l < L_COUNT && w < V_COUNT {
        return Some(S_BASE + (l * V_COUNT + w) * T_COUNT);
    }
    let (s, t) = (a.wrapping_sub(S_BASE), b.wrapping_sub(T_BASE));
    if s < S_COUNT && s.is_multiple_of(T_COUNT) && t > 0 && t < T_COUNT {
        return Some(a + t);
    }
    let i = COMPOSITIONS.binary_search_by_key(&(a, b), |x| (x.0, x.1)).ok()?;
    let c = COMPOSITIONS[i].2;
    is_assigned(v, c).then_some(c)
}

/// The text in a normalisation form.
pub fn normalize(v: Version, form: Form, s: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut out = Vec::with_capacity(s.size_hint().0);
    for c in s {
        decompose(&mut out, v, form.compat(), c);
    }
    // Canonical order: runs of combining characters, stably sorted by class.
    let class = |c: u32| {
        if c < 0x300 { 0 } else { combining(Version::Current, c) }
    };
    let mut i = 0;
    while i < out.len() {
        if class(out[i]) == 0 {
            i += 1;
            continue;
        }
        let len = out[i..].iter().take_while(|&&c| class(c) != 0).count();
        out[i..i + len].sort_by_key(|&c| class(c));
        i += len;
    }
    if form.composes() {
        compose(v, &mut out, class);
    }
    out
}

fn compose(v: Version, s: &mut Vec<u32>, class: impl Fn(u32) -> u8) {
    let mut starter: Option<usize> = None;
    let mut last_class = 0;
    let mut kept = 0;
    for i in 0..s.len() {
        let c = s[i];
        let k = class(c);
        if let Some(at) = starter {
            // Something of the same or a higher class, or a starter, in between blocks the pair.
            let adjacent = kept == at + 1;
            let blocked = !adjacent && (last_class == 0 || last_class >= k);
            if !blocked && let Some(composed) = compose_pair(v, s[at], c) {
                s[at] = composed;
                continue;
            }
        }
        if k == 0 {
            starter = Some(kept);
        }
        last_class = k;
        s[kept] = c;
        kept += 1;
    }
    s.truncate(kept);
}
