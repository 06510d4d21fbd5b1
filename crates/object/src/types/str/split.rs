//! Where to cut a sequence of characters: ranges, for `str` and `bytes` alike.

use super::search::{each, rfind};
use super::unit::Unit;

/// Half-open ranges of the parts.
pub type Ranges = Vec<(usize, usize)>;

/// Parts between runs of white space, at most `max` cuts, from the left.
pub fn split_space<T: Unit>(u: &[T], max: usize, space: impl Fn(T) -> bool) -> Ranges {
    let mut out = Vec::new();
    let n = u.len();
    let mut i = 0;
    loop {
        while i < n && space(u[i]) {
            i += 1;
        }
        if i == n {
            break;
        }
        if out.len() == max {
            out.push((i, n));
            break;
        }
        let start = i;
        while i < n && !space(u[i]) {
            i += 1;
        }
        out.push((start, i));
    }
    out
}

/// Parts between runs of white space, at most `max` cuts, from the right; the parts come in order.
pub fn rsplit_space<T: Unit>(u: &[T], max: usize, space: impl Fn(T) -> bool) -> Ranges {
    let mut out = Vec::new();
    let mut i = u.len();
    loop {
        while i > 0 && space(u[i - 1]) {
            i -= 1;
        }
        if i == 0 {
            break;
        }
        if out.len() == max {
            out.push((0, i));
            break;
        }
        let end = i;
        while i > 0 && !space(u[i - 1]) {
            i -= 1;
        }
        out.push((i, end));
    }
    out.reverse();
    out
}

/// Parts between occurrences of `sep` (not empty), at most `max` cuts, from the left.
pub fn split_at<T: Unit>(u: &[T], sep: &[T], max: usize) -> Ranges {
    let mut out = Vec::new();
    let mut start = 0;
    each(u, sep, max, |i| {
        out.push((start, i));
        start = i + sep.len();
    });
    out.push((start, u.len()));
    out
}

/// Parts between occurrences of `sep` (not empty), at most `max` cuts, from the right; the parts come in order.
pub fn rsplit_at<T: Unit>(u: &[T], sep: &[T], max: usize) -> Ranges {
    let mut out = Vec::new();
    let mut end = u.len();
    while out.len() < max {
        let Some(i) = rfind(&u[..end], sep) else { break };
        out.push((i + sep.len(), end));
        end = i;
    }
    out.push((0, end));
    out.reverse();
    out
}

/// Lines. `is_break` tells line boundaries; CR LF is one.
pub fn lines<T: Unit>(u: &[T], keep_ends: bool, is_break: impl Fn(T) -> bool) -> Ranges {
    let mut out = Vec::new();
    let n = u.len();
    let mut i = 0;
    while i < n {
        let start = i;
        while i < n && !is_break(u[i]) {
            i += 1;
        }
        let mut end = i;
        if i < n {
            let cr = u[i].into() == 0x0D;
            i += 1;
            if cr && i < n && u[i].into() == 0x0A {
                i += 1;
            }
            if keep_ends {
                end = i;
            }
        }
        out.push((start, end));
    }
    out
}

/// What stays after stripping the characters that `strip` accepts from the chosen ends.
pub fn stripped<T: Unit>(u: &[T], left: bool, right: bool, strip: impl Fn(T) -> bool) -> (usize, usize) {
    let (mut a, mut b) = (0, u.len());
    if left {
        while a < b && strip(u[a]) {
            a += 1;
        }
    }
    if right {
        while b > a && strip(u[b - 1]) {
            b -= 1;
        }
    }
    (a, b)
}

/// The number of cuts that a `maxsplit` argument allows.
#[inline]
pub fn cuts(maxsplit: isize) -> usize {
    if maxsplit < 0 { usize::MAX } else { maxsplit as usize }
}
