//! Finding one run of characters in another, for all widths; `bytes` uses it too.
//!
//! Bytes go to `memchr`. Wider characters are found by a fast scan for one character and a comparison; when comparisons fail
//! too often for that to stay linear, the rest is done by Knuth, Morris and Pratt's automaton.

use super::StrData;
use super::unit::{Unit, at_width};
use std::any::TypeId;

/// The same slice as bytes, when `T` is `u8`.
#[inline(always)]
fn as_bytes<T: Unit>(u: &[T]) -> Option<&[u8]> {
    if TypeId::of::<T>() == TypeId::of::<u8>() {
        // SAFETY: `T` is `u8`.
        Some(unsafe { std::slice::from_raw_parts(u.as_ptr().cast(), u.len()) })
    } else {
        None
    }
}

/// The first place of `needle` in `hay`.
pub fn find<T: Unit>(hay: &[T], needle: &[T]) -> Option<usize> {
    match *needle {
        [] => return Some(0),
        [c] => return c.find_in(hay),
        _ if needle.len() > hay.len() => return None,
        _ => {}
    }
    if let (Some(h), Some(n)) = (as_bytes(hay), as_bytes(needle)) {
        return memchr::memmem::find(h, n);
    }
    let last = needle.len() - 1;
    let mut pos = 0;
    let mut work = 0;
    while pos + last < hay.len() {
        pos += needle[last].find_in(&hay[pos + last..])?;
        let window = &hay[pos..=pos + last];
        let same = window.iter().zip(needle).take_while(|(a, b)| a == b).count();
        if same == needle.len() {
            return Some(pos);
        }
        work += same;
        pos += 1;
        if work > 4 * pos + 64 {
            return kmp(hay.len() - pos, needle.len(), |i| hay[pos + i], |i| needle[i]).map(|i| pos + i);
        }
    }
    None
}

/// The last place of `needle` in `hay`.
pub fn rfind<T: Unit>(hay: &[T], needle: &[T]) -> Option<usize> {
    match *needle {
        [] => return Some(hay.len()),
        [c] => return c.rfind_in(hay),
        _ if needle.len() > hay.len() => return None,
        _ => {}
    }
    if let (Some(h), Some(n)) = (as_bytes(hay), as_bytes(needle)) {
        return memchr::memmem::rfind(h, n);
    }
    let (n, m) = (hay.len(), needle.len());
    let mut end = n - m + 1;
    let mut work = 0;
    while end > 0 {
        let pos = needle[0].rfind_in(&hay[..end])?;
        let same = hay[pos..pos + m].iter().zip(needle).take_while(|(a, b)| a == b).count();
        if same == m {
            return Some(pos);
        }
        work += same;
        end = pos;
        if work > 4 * (n - end) + 64 {
            let rest = end + m - 1;
            return kmp(rest, m, |i| hay[rest - 1 - i], |i| needle[m - 1 - i]).map(|i| rest - i - m);
        }
    }
    None
}

/// The automaton over `hay(0..n)` and `needle(0..m)`, in whichever direction the functions look.
fn kmp<T: Unit>(n: usize, m: usize, hay: impl Fn(usize) -> T, needle: impl Fn(usize) -> T) -> Option<usize> {
    let mut border = vec![0; m];
    let mut k = 0;
    for i in 1..m {
        while k > 0 && needle(i) != needle(k) {
            k = border[k - 1];
        }
        if needle(i) == needle(k) {
            k += 1;
        }
        border[i] = k;
    }
    k = 0;
    for i in 0..n {
        while k > 0 && hay(i) != needle(k) {
            k = border[k - 1];
        }
        if hay(i) == needle(k) {
            k += 1;
        }
        if k == m {
            return Some(i + 1 - m);
        }
    }
    None
}

/// Calls `found` with the places of `needle` (not empty) in `hay`, left to right without overlap, at most `max` of them.
pub fn each<T: Unit>(hay: &[T], needle: &[T], max: usize, mut found: impl FnMut(usize)) {
    if let (Some(h), Some(n)) = (as_bytes(hay), as_bytes(needle)) {
        if let [c] = *n {
            return memchr::memchr_iter(c, h).take(max).for_each(found);
        }
        return memchr::memmem::find_iter(h, n).take(max).for_each(found);
    }
    let mut pos = 0;
    for _ in 0..max {
        match find(&hay[pos..], needle) {
            Some(i) => {
                found(pos + i);
                pos += i + needle.len();
            }
            None => break,
        }
    }
}

/// How often `needle` occurs in `hay` without overlap; the empty one occurs at every gap.
pub fn count<T: Unit>(hay: &[T], needle: &[T], max: usize) -> usize {
    if needle.is_empty() {
        return (hay.len() + 1).min(max);
    }
    let mut n = 0;
    each(hay, needle, max, |_| n += 1);
    n
}

/// One of the functions above on data of any width.
macro_rules! dispatch {
    ($hay:expr, $needle:expr, $none:expr, |$h:ident, $n:ident| $body:expr) => {
        match $hay {
            StrData::Latin1($h) => at_width::<u8>($needle).map_or($none, |$n| $body),
            StrData::Ucs2($h) => at_width::<u16>($needle).map_or($none, |$n| $body),
            StrData::Ucs4($h) => at_width::<u32>($needle).map_or($none, |$n| $body),
        }
    };
}

/// [`find`] for any widths.
pub fn find_data(hay: StrData<'_>, needle: StrData<'_>) -> Option<usize> {
    dispatch!(hay, needle, None, |h, n| find(h, &n))
}

/// [`rfind`] for any widths.
pub fn rfind_data(hay: StrData<'_>, needle: StrData<'_>) -> Option<usize> {
    dispatch!(hay, needle, None, |h, n| rfind(h, &n))
}

/// [`count`] for any widths.
pub fn count_data(hay: StrData<'_>, needle: StrData<'_>, max: usize) -> usize {
    dispatch!(hay, needle, 0, |h, n| count(h, &n, max))
}

/// [`each`] for any widths.
pub fn each_data(hay: StrData<'_>, needle: StrData<'_>, max: usize, found: impl FnMut(usize)) {
    dispatch!(hay, needle, (), |h, n| each(h, &n, max, found))
}

/// Whether `s` begins with `prefix`.
pub fn starts_with(s: StrData<'_>, prefix: StrData<'_>) -> bool {
    dispatch!(s, prefix, false, |h, n| h.starts_with(&n))
}

/// Whether `s` ends with `suffix`.
pub fn ends_with(s: StrData<'_>, suffix: StrData<'_>) -> bool {
    dispatch!(s, suffix, false, |h, n| h.ends_with(&n))
}

/// The bounds that `start` and `end` mean for a sequence of `len` items, as slices clip them; the first may lie behind the second.
#[inline]
pub fn clip(start: Option<isize>, end: Option<isize>, len: usize) -> (usize, usize) {
    let len = len as isize;
    let fix = |i: isize| if i < 0 { (i + len).max(0) } else { i };
    let end = fix(end.unwrap_or(isize::MAX)).min(len);
    (fix(start.unwrap_or(0)) as usize, end as usize)
}

/// What [`find_in_range`] and its kin do within clipped bounds.
#[inline]
pub fn in_range<'a>(s: StrData<'a>, start: Option<isize>, end: Option<isize>) -> Option<(usize, StrData<'a>)> {
    let (a, b) = clip(start, end, s.len());
    if a > b { None } else { Some((a, s.slice(a, b))) }
}
