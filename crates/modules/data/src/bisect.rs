//! `_bisect`.

use taipan_object::protocol::compare::CompareOp;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{Object, PyResult, bail, function, intern, methods};

/// Bounds as the functions take them: `hi` of -1 and None stand for the length.
fn bounds(a: &Object, lo: isize, hi: Option<&Object>) -> PyResult<(isize, isize)> {
    if lo < 0 {
        bail!(ValueError, "lo must be non-negative");
    }
    let hi = match hi {
        None => -1,
        Some(h) => h.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?,
    };
    let hi = if hi == -1 { a.len()? as isize } else { hi };
    Ok((lo, hi))
}

/// Where `x` goes: after equal items if `right`, else before them.
fn search(
    a: &Object,
    x: &Object,
    lo: isize,
    hi: Option<&Object>,
    key: Option<&Object>,
    right: bool,
) -> PyResult<isize> {
    let (mut lo, mut hi) = bounds(a, lo, hi)?;
    let list = a.downcast_exact::<List>();
    while lo < hi {
        let mid = lo + (hi - lo) / 2;
        let item = match list.and_then(|l| l.get(mid as usize)) {
            Some(v) => v,
            None => a.sequence_item(mid)?,
        };
        let item = match key {
            None => item,
            Some(k) => k.call_one(&item)?,
        };
        let (p, q): (&Object, &Object) = if right { (x, &item) } else { (&item, x) };
        let less = match (
            p.downcast_exact::<Int>().and_then(Int::compact),
            q.downcast_exact::<Int>().and_then(Int::compact),
        ) {
            (Some(p), Some(q)) => p < q,
            _ => p.rich_compare(q, CompareOp::Lt)?.is_true()?,
        };
        if less == right {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    Ok(lo)
}

fn insert(a: &Object, x: &Object, at: isize) -> PyResult<()> {
    match a.downcast_exact::<List>() {
        Some(l) => l.insert_at((at.max(0) as usize).min(l.len()), x.to_obj()),
        None => a.call_method(intern!("insert"), &[&Int::from_isize(at), x]).map(drop),
    }
}

fn insort(a: &Object, x: &Object, lo: isize, hi: Option<&Object>, key: Option<&Object>, right: bool) -> PyResult<()> {
    let at = match key {
        None => search(a, x, lo, hi, None, right)?,
        Some(k) => {
            let value = k.call_one(x)?;
            search(a, &value, lo, hi, key, right)?
        }
    };
    insert(a, x, at)
}

/// Return the position behind the items that are less than or equal to x, in a sorted sequence.
#[function(signature = "(a, x, lo=0, hi=None, *, key=None)")]
fn bisect_right(a: &Object, x: &Object, lo: isize, hi: Option<&Object>, key: Option<&Object>) -> PyResult<isize> {
    search(a, x, lo, hi, key, true)
}

/// Return the position behind the items that are less than x, in a sorted sequence.
#[function(signature = "(a, x, lo=0, hi=None, *, key=None)")]
fn bisect_left(a: &Object, x: &Object, lo: isize, hi: Option<&Object>, key: Option<&Object>) -> PyResult<isize> {
    search(a, x, lo, hi, key, false)
}

/// Insert x into a sorted list, behind items equal to it.
#[function(signature = "(a, x, lo=0, hi=None, *, key=None)")]
fn insort_right(a: &Object, x: &Object, lo: isize, hi: Option<&Object>, key: Option<&Object>) -> PyResult<()> {
    insort(a, x, lo, hi, key, true)
}

/// Insert x into a sorted list, before items equal to it.
#[function(signature = "(a, x, lo=0, hi=None, *, key=None)")]
fn insort_left(a: &Object, x: &Object, lo: isize, hi: Option<&Object>, key: Option<&Object>) -> PyResult<()> {
    insort(a, x, lo, hi, key, false)
}

fn exec(_: &Module) -> PyResult<()> {
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_bisect",
    doc: "Search and insertion in sorted lists.",
    methods: methods![bisect_right, bisect_left, insort_right, insort_left],
    exec,
};
