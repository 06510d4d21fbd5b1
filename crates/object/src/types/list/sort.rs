//! `list.sort` and `sorted`: a stable merge sort that finds runs and gallops (timsort, with powersort's order of merges).
//!
//! Keys that are all small integers, floats without NaN, or strings are compared by value without any Python code. Their order is
//! total, so that any stable sort gives the same result, and the standard library's does the work. Everything else goes through the
//! merge sort below, which copes with comparisons that raise or contradict each other: whatever they answer, every item is in
//! the list exactly once afterwards.

use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::protocol::compare::{CompareOp, is_not_implemented};
use crate::typeobj::slots::RichCompareFunc;
use crate::types::float::{Float, PyFloat_Type};
use crate::types::int::{Int, PyLong_Type};
use crate::types::str::{PyUnicode_Type, Str, StrData};
use crate::types::tuple::{PyTuple_Type, Tuple};
use std::cmp::Ordering;
use std::ptr::NonNull;

/// An item to sort: the key to compare and the value to move; the same object when there is no key function. Raw, so that moving
/// them about costs nothing: `sort_items` owns the references meanwhile.
trait Entry: Copy {
    fn key(&self) -> &Object;
    fn value(&self) -> NonNull<Object>;
}

#[derive(Clone, Copy)]
struct Plain(NonNull<Object>);

impl Entry for Plain {
    #[inline(always)]
    fn key(&self) -> &Object {
        // SAFETY: `sort_items` owns a reference to every object that it sorts.
        unsafe { self.0.as_ref() }
    }
    #[inline(always)]
    fn value(&self) -> NonNull<Object> {
        self.0
    }
}

#[derive(Clone, Copy)]
struct Keyed {
    key: NonNull<Object>,
    value: NonNull<Object>,
}

impl Entry for Keyed {
    #[inline(always)]
    fn key(&self) -> &Object {
        // SAFETY: as above, for keys.
        unsafe { self.key.as_ref() }
    }
    #[inline(always)]
    fn value(&self) -> NonNull<Object> {
        self.value
    }
}

/// Sorts stably. After an error `items` is some permutation of what it was; the order is unchanged if a key function raised.
pub fn sort_items(items: &mut Vec<Obj>, key: Option<&Object>, reverse: bool) -> PyResult<()> {
    let Some(key) = key.filter(|k| !k.is_none()) else {
        // Reversing before and after keeps equal items in their order.
        if reverse {
            items.reverse();
        }
        let mut entries: Vec<Plain> = items.iter().map(|o| Plain(pointer(o))).collect();
        let r = sort_entries(&mut entries);
        write_back(items, &entries);
        if reverse {
            items.reverse();
        }
        return r;
    };
    let mut keys: Vec<Obj> = Vec::with_capacity(items.len());
    for o in items.iter() {
        keys.push(key.call_one(o)?);
    }
    if reverse {
        items.reverse();
        keys.reverse();
    }
    let mut entries: Vec<Keyed> =
        items.iter().zip(&keys).map(|(v, k)| Keyed { key: pointer(k), value: pointer(v) }).collect();
    let r = sort_entries(&mut entries);
    write_back(items, &entries);
    if reverse {
        items.reverse();
    }
    r
}

fn pointer(o: &Obj) -> NonNull<Object> {
    NonNull::from(&**o)
}

/// Puts the sorted references in place. They are the same ones, so no counts change.
fn write_back<E: Entry>(items: &mut Vec<Obj>, entries: &[E]) {
    debug_assert_eq!(items.len(), entries.len());
    let p = items.as_mut_ptr();
    for (i, e) in entries.iter().enumerate() {
        // SAFETY: the entries are a permutation of the vector's references; each is written once, none is dropped.
        unsafe { p.add(i).write(Obj::from_raw(e.value().as_ptr())) };
    }
}

fn sort_entries<E: Entry>(entries: &mut [E]) -> PyResult<()> {
    if entries.len() < 2 {
        return Ok(());
    }
    let ty = entries[0].key().ty_ptr();
    if !entries.iter().all(|e| std::ptr::eq(e.key().ty_ptr(), ty)) {
        return sort_keys(entries, |a, b| a.rich_compare(b, CompareOp::Lt)?.is_true());
    }
    if std::ptr::eq(ty, &PyLong_Type) && sort_ints(entries) {
        return Ok(());
    }
    if std::ptr::eq(ty, &PyFloat_Type) {
        if !sort_floats(entries) {
            // NaN has no place in any order, so the result depends on which comparisons are made.
            return sort_keys(entries, |a, b| Ok(a.cast::<Float>().value() < b.cast::<Float>().value()));
        }
        return Ok(());
    }
    if std::ptr::eq(ty, &PyUnicode_Type) {
        sort_strings(entries);
        return Ok(());
    }
    if std::ptr::eq(ty, &PyTuple_Type) && entries.iter().all(|e| !e.key().cast::<Tuple>().is_empty()) {
        return sort_tuples(entries);
    }
    match entries[0].key().ty().richcompare.get() {
        Some(f) => sort_keys(entries, |a, b| less_by(f, a, b)),
        None => sort_keys(entries, |a, b| a.rich_compare(b, CompareOp::Lt)?.is_true()),
    }
}

/// `a < b` for two objects that were of the type of `f` when the sort began.
#[inline]
fn less_by(f: RichCompareFunc, a: &Object, b: &Object) -> PyResult<bool> {
    // Comparing may have changed an object's class or the class's slots.
    if a.ty().richcompare.get().is_none_or(|g| g as usize != f as usize) || !std::ptr::eq(a.ty_ptr(), b.ty_ptr()) {
        return a.rich_compare(b, CompareOp::Lt)?.is_true();
    }
    let r = f(a, b, CompareOp::Lt as i32)?;
    if is_not_implemented(&r) {
        return a.rich_compare(b, CompareOp::Lt)?.is_true();
    }
    r.is_true()
}

/// Sorts by a value taken from each key beforehand.
fn sort_by_value<E: Entry, K: Copy>(
    entries: &mut [E],
    value: impl Fn(&Object) -> Option<K>,
    compare: impl Fn(&K, &K) -> Ordering,
) -> bool {
    let mut pairs: Vec<(K, E)> = Vec::with_capacity(entries.len());
    for e in entries.iter() {
        match value(e.key()) {
            Some(k) => pairs.push((k, *e)),
            None => return false,
        }
    }
    pairs.sort_by(|a, b| compare(&a.0, &b.0));
    for (e, p) in entries.iter_mut().zip(&pairs) {
        *e = p.1;
    }
    true
}

/// Sorts exact integers; false when some do not fit a machine word.
fn sort_ints<E: Entry>(entries: &mut [E]) -> bool {
    sort_by_value(entries, |o| o.cast::<Int>().to_i64(), i64::cmp)
}

/// Sorts exact floats; false when there is a NaN among them.
fn sort_floats<E: Entry>(entries: &mut [E]) -> bool {
    // -0.0 and 0.0 are equal, so the bits will not do.
    sort_by_value(
        entries,
        |o| Some(o.cast::<Float>().value()).filter(|x| !x.is_nan()),
        |a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal),
    )
}

/// The first eight bytes of a text in an order-preserving number.
#[inline]
fn prefix(b: &[u8]) -> u64 {
    let mut head = [0; 8];
    let n = b.len().min(8);
    head[..n].copy_from_slice(&b[..n]);
    u64::from_be_bytes(head)
}

fn sort_strings<E: Entry>(entries: &mut [E]) {
    // Texts of one byte per character compare as bytes, mostly decided by the first eight.
    let narrow = sort_by_value(
        entries,
        |o| match o.cast::<Str>().data() {
            // SAFETY: the objects are kept alive and strings do not change; only the borrow's length is forgotten.
            StrData::Latin1(b) => Some((prefix(b), unsafe { std::slice::from_raw_parts(b.as_ptr(), b.len()) })),
            _ => None,
        },
        |a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)),
    );
    if !narrow {
        let mut sorted: Vec<E> = entries.to_vec();
        sorted.sort_by(|a, b| a.key().cast::<Str>().cmp(b.key().cast::<Str>()));
        entries.copy_from_slice(&sorted);
    }
}

/// Sorts tuples that are not empty. Their first items decide most comparisons, and are often of one type themselves.
fn sort_tuples<E: Entry>(entries: &mut [E]) -> PyResult<()> {
    let first = |o: &Object| -> *const Object { o.cast::<Tuple>().item(0) };
    // SAFETY: a tuple keeps its items alive.
    let ty = unsafe { (*first(entries[0].key())).ty_ptr() };
    // SAFETY: as above.
    let same = entries.iter().all(|e| unsafe { std::ptr::eq((*first(e.key())).ty_ptr(), ty) });
    if same && std::ptr::eq(ty, &PyLong_Type) {
        return sort_keys(entries, |a, b| {
            let (x, y) = (a.cast::<Tuple>().item(0).cast::<Int>(), b.cast::<Tuple>().item(0).cast::<Int>());
            match x.compare(y) {
                Ordering::Equal => less_tuple(a, b),
                o => Ok(o == Ordering::Less),
            }
        });
    }
    if same && std::ptr::eq(ty, &PyUnicode_Type) {
        return sort_keys(entries, |a, b| {
            let (x, y) = (a.cast::<Tuple>().item(0).cast::<Str>(), b.cast::<Tuple>().item(0).cast::<Str>());
            match x.cmp(y) {
                Ordering::Equal => less_tuple(a, b),
                o => Ok(o == Ordering::Less),
            }
        });
    }
    if same && std::ptr::eq(ty, &PyFloat_Type) {
        return sort_keys(entries, |a, b| {
            let (x, y) =
                (a.cast::<Tuple>().item(0).cast::<Float>().value(), b.cast::<Tuple>().item(0).cast::<Float>().value());
            // Equal ones and NaN (which may be the same object) take the long way.
            if x < y {
                Ok(true)
            } else if x > y {
                Ok(false)
            } else {
                less_tuple(a, b)
            }
        });
    }
    sort_keys(entries, less_tuple)
}

/// `a < b` for two tuples.
fn less_tuple(a: &Object, b: &Object) -> PyResult<bool> {
    let (x, y) = (a.cast::<Tuple>(), b.cast::<Tuple>());
    for (p, q) in x.items().iter().zip(y.items()) {
        if !p.eq(q)? {
            return p.rich_compare(q, CompareOp::Lt)?.is_true();
        }
    }
    Ok(x.len() < y.len())
}

/// After this many wins in a row of one run, merging starts to gallop.
const MIN_GALLOP: usize = 7;

/// A sorted stretch, and the power of the boundary to the next one.
struct Run {
    start: usize,
    len: usize,
    power: u32,
}

struct Sorter<'a, E, F> {
    a: &'a mut [E],
    less: F,
    tmp: Vec<E>,
    runs: Vec<Run>,
    min_gallop: usize,
}

/// Sorts entries by a comparison of their keys.
fn sort_keys<E: Entry>(a: &mut [E], mut less: impl FnMut(&Object, &Object) -> PyResult<bool>) -> PyResult<()> {
    merge_sort(a, |x, y| less(x.key(), y.key()))
}

fn merge_sort<E: Copy, X>(a: &mut [E], less: impl FnMut(&E, &E) -> Result<bool, X>) -> Result<(), X> {
    Sorter { a, less, tmp: Vec::new(), runs: Vec::new(), min_gallop: MIN_GALLOP }.sort()
}

/// The least length of a run, so that the number of runs is a power of two or a little below.
fn min_run(mut n: usize) -> usize {
    let mut rest = 0;
    while n >= 64 {
        rest |= n & 1;
        n >>= 1;
    }
    n + rest
}

/// The depth in the ideal merge tree at which the run of `n1` items at `s1` meets the next one of `n2` items, of `n` in all.
fn power(s1: usize, n1: usize, n2: usize, n: usize) -> u32 {
    let mut a = 2 * s1 + n1;
    let mut b = a + n1 + n2;
    let mut p = 0;
    loop {
        p += 1;
        if a >= n {
            a -= n;
            b -= n;
        } else if b >= n {
            return p;
        }
        a <<= 1;
        b <<= 1;
    }
}

impl<E: Copy, X, F: FnMut(&E, &E) -> Result<bool, X>> Sorter<'_, E, F> {
    #[inline(always)]
    fn less(&mut self, x: E, y: E) -> Result<bool, X> {
        (self.less)(&x, &y)
    }

    fn sort(&mut self) -> Result<(), X> {
        let n = self.a.len();
        let least = min_run(n);
        let mut start = 0;
        while start < n {
            let mut len = self.count_run(start)?;
            if len < least {
                let to = least.min(n - start);
                self.insertion_sort(start, start + to, start + len)?;
                len = to;
            }
            self.push_run(start, len)?;
            start += len;
        }
        while self.runs.len() > 1 {
            let mut i = self.runs.len() - 2;
            if i > 0 && self.runs[i - 1].len < self.runs[i + 1].len {
                i -= 1;
            }
            self.merge_at(i)?;
        }
        Ok(())
    }

    fn push_run(&mut self, start: usize, len: usize) -> Result<(), X> {
        if let Some(top) = self.runs.last() {
            let p = power(top.start, top.len, len, self.a.len());
            while self.runs.len() > 1 && self.runs[self.runs.len() - 2].power > p {
                self.merge_at(self.runs.len() - 2)?;
            }
            if let Some(top) = self.runs.last_mut() {
                top.power = p;
            }
        }
        self.runs.push(Run { start, len, power: 0 });
        Ok(())
    }

    /// The length of the ascending run at `lo`; a strictly descending one is reversed.
    fn count_run(&mut self, lo: usize) -> Result<usize, X> {
        let n = self.a.len();
        if lo + 1 == n {
            return Ok(1);
        }
        let mut i = lo + 2;
        if self.less(self.a[lo + 1], self.a[lo])? {
            while i < n && self.less(self.a[i], self.a[i - 1])? {
                i += 1;
            }
            self.a[lo..i].reverse();
        } else {
            while i < n && !self.less(self.a[i], self.a[i - 1])? {
                i += 1;
            }
        }
        Ok(i - lo)
    }

    /// Sorts `lo..hi`, of which `lo..start` is sorted, by binary insertion.
    fn insertion_sort(&mut self, lo: usize, hi: usize, start: usize) -> Result<(), X> {
        for i in start.max(lo + 1)..hi {
            let pivot = self.a[i];
            let (mut l, mut r) = (lo, i);
            while l < r {
                let m = l + (r - l) / 2;
                if self.less(pivot, self.a[m])? {
                    r = m;
                } else {
                    l = m + 1;
                }
            }
            self.a.copy_within(l..i, l + 1);
            self.a[l] = pivot;
        }
        Ok(())
    }

    /// Merges the runs `i` and `i + 1`.
    fn merge_at(&mut self, i: usize) -> Result<(), X> {
        let (mut s1, mut n1) = (self.runs[i].start, self.runs[i].len);
        let (s2, mut n2) = (self.runs[i + 1].start, self.runs[i + 1].len);
        self.runs[i].len = n1 + n2;
        self.runs.remove(i + 1);
        // What of the first run is already in place?
        let k = self.gallop_right(self.a[s2], From::Main, s1, n1, 0)?;
        s1 += k;
        n1 -= k;
        if n1 == 0 {
            return Ok(());
        }
        // What of the second?
        n2 = self.gallop_left(self.a[s1 + n1 - 1], From::Main, s2, n2, n2 - 1)?;
        if n2 == 0 {
            return Ok(());
        }
        if n1 <= n2 { self.merge_low(s1, n1, s2, n2) } else { self.merge_high(s1, n1, s2, n2) }
    }

    #[inline(always)]
    fn get(&self, from: From, i: usize) -> E {
        match from {
            From::Main => self.a[i],
            From::Temp => self.tmp[i],
        }
    }

    /// Where `key` belongs in the sorted stretch of `n` items at `base`, before equal ones. Looks near `hint` first.
    fn gallop_left(&mut self, key: E, from: From, base: usize, n: usize, hint: usize) -> Result<usize, X> {
        let (mut last, mut ofs) = (0usize, 1usize);
        let (mut low, high);
        if self.less(self.get(from, base + hint), key)? {
            // The place is to the right of the hint.
            let max = n - hint;
            while ofs < max && self.less(self.get(from, base + hint + ofs), key)? {
                last = ofs;
                ofs = ofs * 2 + 1;
            }
            low = hint + last + 1;
            high = hint + ofs.min(max);
        } else {
            let max = hint + 1;
            while ofs < max && !self.less(self.get(from, base + hint - ofs), key)? {
                last = ofs;
                ofs = ofs * 2 + 1;
            }
            low = (hint + 1) - ofs.min(max);
            high = hint - last;
        }
        let mut high = high;
        while low < high {
            let m = low + (high - low) / 2;
            if self.less(self.get(from, base + m), key)? {
                low = m + 1;
            } else {
                high = m;
            }
        }
        Ok(low)
    }

    /// Where `key` belongs in the sorted stretch of `n` items at `base`, after equal ones. Looks near `hint` first.
    fn gallop_right(&mut self, key: E, from: From, base: usize, n: usize, hint: usize) -> Result<usize, X> {
        let (mut last, mut ofs) = (0usize, 1usize);
        let (mut low, high);
        if self.less(key, self.get(from, base + hint))? {
            // The place is to the left of the hint.
            let max = hint + 1;
            while ofs < max && self.less(key, self.get(from, base + hint - ofs))? {
                last = ofs;
                ofs = ofs * 2 + 1;
            }
            low = (hint + 1) - ofs.min(max);
            high = hint - last;
        } else {
            let max = n - hint;
            while ofs < max && !self.less(key, self.get(from, base + hint + ofs))? {
                last = ofs;
                ofs = ofs * 2 + 1;
            }
            low = hint + last + 1;
            high = hint + ofs.min(max);
        }
        let mut high = high;
        while low < high {
            let m = low + (high - low) / 2;
            if self.less(key, self.get(from, base + m))? {
                high = m;
            } else {
                low = m + 1;
            }
        }
        Ok(low)
    }

    /// Merges from the left; the shorter first run goes to `tmp`. Whatever happens, what is left in `tmp` fills the gap.
    fn merge_low(&mut self, s1: usize, n1: usize, s2: usize, n2: usize) -> Result<(), X> {
        self.tmp.clear();
        self.tmp.extend_from_slice(&self.a[s1..s1 + n1]);
        let mut m = Merge { dest: s1, left: 0, left_end: n1, right: s2, right_end: s2 + n2 };
        let r = self.merge_low_loop(&mut m);
        let rest = m.left_end - m.left;
        self.a[m.dest..m.dest + rest].copy_from_slice(&self.tmp[m.left..m.left_end]);
        r
    }

    /// Invariant: the gap in `a` between `dest` and `right` is as long as the rest of `tmp`.
    fn merge_low_loop(&mut self, m: &mut Merge) -> Result<(), X> {
        // The first item of the second run is known to come first, the last of the first run last.
        self.a[m.dest] = self.a[m.right];
        m.dest += 1;
        m.right += 1;
        loop {
            let (mut left_wins, mut right_wins) = (0, 0);
            // One at a time, until one run wins often.
            loop {
                if m.right == m.right_end || m.left + 1 >= m.left_end {
                    return self.merge_low_end(m);
                }
                if self.less(self.a[m.right], self.tmp[m.left])? {
                    self.a[m.dest] = self.a[m.right];
                    m.right += 1;
                    right_wins += 1;
                    left_wins = 0;
                } else {
                    self.a[m.dest] = self.tmp[m.left];
                    m.left += 1;
                    left_wins += 1;
                    right_wins = 0;
                }
                m.dest += 1;
                if left_wins.max(right_wins) >= self.min_gallop {
                    break;
                }
            }
            // Galloping, for as long as it pays.
            self.min_gallop += 1;
            loop {
                self.min_gallop -= (self.min_gallop > 1) as usize;
                if m.right == m.right_end || m.left + 1 >= m.left_end {
                    return self.merge_low_end(m);
                }
                let k = self.gallop_right(self.a[m.right], From::Temp, m.left, m.left_end - m.left, 0)?;
                self.a[m.dest..m.dest + k].copy_from_slice(&self.tmp[m.left..m.left + k]);
                m.dest += k;
                m.left += k;
                let left_gain = k;
                if m.left + 1 >= m.left_end {
                    return self.merge_low_end(m);
                }
                self.a[m.dest] = self.a[m.right];
                m.dest += 1;
                m.right += 1;
                if m.right == m.right_end {
                    return Ok(());
                }
                let k = self.gallop_left(self.tmp[m.left], From::Main, m.right, m.right_end - m.right, 0)?;
                self.a.copy_within(m.right..m.right + k, m.dest);
                m.dest += k;
                m.right += k;
                if m.right == m.right_end {
                    return Ok(());
                }
                self.a[m.dest] = self.tmp[m.left];
                m.dest += 1;
                m.left += 1;
                if left_gain < MIN_GALLOP && k < MIN_GALLOP {
                    break;
                }
            }
            self.min_gallop += 1;
        }
    }

    /// One run is exhausted, or only one item is left of the first, which belongs behind all of the second.
    fn merge_low_end(&mut self, m: &mut Merge) -> Result<(), X> {
        if m.left < m.left_end && m.right < m.right_end {
            let k = m.right_end - m.right;
            self.a.copy_within(m.right..m.right_end, m.dest);
            m.dest += k;
            m.right += k;
        }
        Ok(())
    }

    /// Merges from the right; the shorter second run goes to `tmp`.
    fn merge_high(&mut self, s1: usize, n1: usize, s2: usize, n2: usize) -> Result<(), X> {
        self.tmp.clear();
        self.tmp.extend_from_slice(&self.a[s2..s2 + n2]);
        let mut m = Merge { dest: s2 + n2, left: s1, left_end: s1 + n1, right: 0, right_end: n2 };
        let r = self.merge_high_loop(&mut m);
        let rest = m.right_end - m.right;
        self.a[m.dest - rest..m.dest].copy_from_slice(&self.tmp[m.right..m.right_end]);
        r
    }

    /// Invariant: the gap in `a` between `left_end` and `dest` is as long as the rest of `tmp`.
    fn merge_high_loop(&mut self, m: &mut Merge) -> Result<(), X> {
        // The last item of the first run is known to come last, the first of the second run first.
        m.dest -= 1;
        m.left_end -= 1;
        self.a[m.dest] = self.a[m.left_end];
        loop {
            let (mut left_wins, mut right_wins) = (0, 0);
            loop {
                if m.left == m.left_end || m.right + 1 >= m.right_end {
                    return self.merge_high_end(m);
                }
                m.dest -= 1;
                // On an error nothing must be missing: `dest` moves only with an item.
                let take_left = match self.less(self.tmp[m.right_end - 1], self.a[m.left_end - 1]) {
                    Ok(b) => b,
                    Err(e) => {
                        m.dest += 1;
                        return Err(e);
                    }
                };
                if take_left {
                    m.left_end -= 1;
                    self.a[m.dest] = self.a[m.left_end];
                    left_wins += 1;
                    right_wins = 0;
                } else {
                    m.right_end -= 1;
                    self.a[m.dest] = self.tmp[m.right_end];
                    right_wins += 1;
                    left_wins = 0;
                }
                if left_wins.max(right_wins) >= self.min_gallop {
                    break;
                }
            }
            self.min_gallop += 1;
            loop {
                self.min_gallop -= (self.min_gallop > 1) as usize;
                if m.left == m.left_end || m.right + 1 >= m.right_end {
                    return self.merge_high_end(m);
                }
                let n = m.left_end - m.left;
                let k = n - self.gallop_right(self.tmp[m.right_end - 1], From::Main, m.left, n, n - 1)?;
                m.left_end -= k;
                m.dest -= k;
                self.a.copy_within(m.left_end..m.left_end + k, m.dest);
                let left_gain = k;
                if m.left == m.left_end {
                    return Ok(());
                }
                m.right_end -= 1;
                m.dest -= 1;
                self.a[m.dest] = self.tmp[m.right_end];
                if m.right + 1 >= m.right_end {
                    return self.merge_high_end(m);
                }
                let n = m.right_end - m.right;
                let k = n - self.gallop_left(self.a[m.left_end - 1], From::Temp, m.right, n, n - 1)?;
                m.right_end -= k;
                m.dest -= k;
                self.a[m.dest..m.dest + k].copy_from_slice(&self.tmp[m.right_end..m.right_end + k]);
                if m.right + 1 >= m.right_end {
                    return self.merge_high_end(m);
                }
                m.left_end -= 1;
                m.dest -= 1;
                self.a[m.dest] = self.a[m.left_end];
                if m.left == m.left_end {
                    return Ok(());
                }
                if left_gain < MIN_GALLOP && k < MIN_GALLOP {
                    break;
                }
            }
            self.min_gallop += 1;
        }
    }

    /// One run is exhausted, or only one item is left of the second, which belongs before all of the first.
    fn merge_high_end(&mut self, m: &mut Merge) -> Result<(), X> {
        if m.right < m.right_end && m.left < m.left_end {
            let k = m.left_end - m.left;
            m.dest -= k;
            self.a.copy_within(m.left..m.left_end, m.dest);
            m.left_end = m.left;
        }
        Ok(())
    }
}

/// Which array a gallop looks at.
#[derive(Clone, Copy)]
enum From {
    Main,
    Temp,
}

/// Where a merge stands.
struct Merge {
    dest: usize,
    left: usize,
    left_end: usize,
    right: usize,
    right_end: usize,
}

const _: () = assert!(size_of::<Plain>() == 8 && size_of::<Keyed>() == 16);

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(v: &[usize], mut less: impl FnMut(usize, usize) -> Result<bool, ()>) -> Vec<usize> {
        let mut v = v.to_vec();
        assert!(merge_sort(&mut v, |a, b| less(*a, *b)).is_ok());
        v
    }

    fn numbers(n: usize, mut seed: u64, modulus: u64) -> Vec<usize> {
        (0..n)
            .map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed >> 33) as usize % modulus as usize
            })
            .collect()
    }

    #[test]
    fn sorts_stably() {
        for n in [0, 1, 2, 3, 31, 63, 64, 65, 100, 1000, 5000] {
            for (kind, modulus) in [(0, 1 << 30), (1, 4), (2, 1000), (3, 2)] {
                let mut v = numbers(n, 17 + n as u64 + kind, modulus);
                if kind == 2 {
                    // Long runs up and down.
                    for c in v.chunks_mut(150) {
                        c.sort();
                        if c.len() % 2 == 1 {
                            c.reverse();
                        }
                    }
                }
                // The order looks at the high part only, the low part tells the original position.
                let v: Vec<usize> = v.iter().enumerate().map(|(i, x)| x << 13 | i).collect();
                let mut expected = v.clone();
                expected.sort_by_key(|x| x >> 13);
                assert_eq!(sorted(&v, |a, b| Ok(a >> 13 < b >> 13)), expected, "{n} {kind}");
            }
        }
    }

    #[test]
    fn nothing_is_lost_when_comparisons_lie() {
        for n in [5, 70, 500, 2000] {
            let v: Vec<usize> = (0..n).collect();
            for seed in 0..20 {
                let mut lies = numbers(40 * n, seed, 3).into_iter().cycle();
                let mut out = sorted(&v, |_, _| Ok(lies.next() == Some(0)));
                out.sort();
                assert_eq!(out, v);
            }
        }
    }

    #[test]
    fn nothing_is_lost_when_a_comparison_fails() {
        let v = numbers(700, 5, 1 << 20);
        let mut expected = v.clone();
        expected.sort();
        for stop in (0..7000).step_by(13) {
            let mut out = v.clone();
            let mut count = 0;
            let _ = merge_sort(&mut out, |a, b| {
                count += 1;
                if count == stop { Err(()) } else { Ok(a < b) }
            });
            out.sort();
            assert_eq!(out, expected, "{stop}");
        }
    }

    #[test]
    fn few_comparisons_on_sorted_input() {
        let v: Vec<usize> = (0..1000).collect();
        let mut count = 0;
        sorted(&v, |a, b| {
            count += 1;
            Ok(a < b)
        });
        assert_eq!(count, 999);
    }
}
