//! Iterables.

use taipan_object::args::{Given, KwArgs};
use taipan_object::error::raise_empty;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::protocol::compare::CompareOp;
use taipan_object::protocol::number;
use taipan_object::types::bytearray::PyByteArray_Type;
use taipan_object::types::bytes::PyBytes_Type;
use taipan_object::types::complex::{Complex, PyComplex_Type};
use taipan_object::types::exceptions;
use taipan_object::types::float::{Float, PyFloat_Type};
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::types::list::List;
use taipan_object::types::str::PyUnicode_Type;
use taipan_object::{PyResult, bail, function};

/// Return whether every item is true; true for no items.
#[function(signature = "(iterable, /)")]
pub fn all(iterable: &Object) -> PyResult<bool> {
    let it = iterable.iter()?;
    while let Some(v) = it.next()? {
        if !v.is_true()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Return whether some item is true; false for no items.
#[function(signature = "(iterable, /)")]
pub fn any(iterable: &Object) -> PyResult<bool> {
    let it = iterable.iter()?;
    while let Some(v) = it.next()? {
        if v.is_true()? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Return the number of items in a container.
#[function(signature = "(obj, /)")]
pub fn len(obj: &Object) -> PyResult<usize> {
    obj.len()
}

/// Get an iterator over an iterable, or one that calls until a sentinel comes.
#[function(signature = "(object, sentinel=None, /)", text = false)]
pub fn iter(object: &Object, sentinel: Given<&Object>) -> PyResult {
    match sentinel.0 {
        None => object.iter(),
        Some(s) => {
            if !object.is_callable() {
                bail!(TypeError, "iter(v, w): v must be callable");
            }
            Ok(taipan_object::types::iterators::call_iter(object, s))
        }
    }
}

/// Get the next item; with a default, that is returned when the iterator is exhausted.
#[function(signature = "(iterator, default=None, /)", text = false)]
pub fn next(iterator: &Object, default: Given<&Object>) -> PyResult {
    let Some(f) = iterator.ty().iternext.get() else {
        bail!(TypeError, "'{}' object is not an iterator", iterator.ty().name_str());
    };
    if let Some(v) = f(iterator) {
        return Ok(v);
    }
    match (taipan_object::error::occurred(), default.0) {
        (Some(e), Some(d)) => e.recover(exceptions::StopIteration, d.to_obj()),
        (None, Some(d)) => Ok(d.to_obj()),
        (Some(e), None) => Err(e),
        (None, None) => Err(raise_empty(exceptions::StopIteration)),
    }
}

/// Get an asynchronous iterator over an asynchronous iterable.
#[function(signature = "(async_iterable, /)")]
pub fn aiter(iterable: &Object) -> PyResult {
    let Some(f) = iterable.ty().async_().and_then(|a| a.aiter.get()) else {
        bail!(TypeError, "'{}' object is not an async iterable", iterable.ty().name_str());
    };
    let it = f(iterable)?;
    if it.ty().async_().and_then(|a| a.anext.get()).is_none() {
        bail!(TypeError, "aiter() returned not an async iterator of type '{}'", it.ty().name_str());
    }
    Ok(it)
}

/// Get an awaitable for the next item, or for the default when there is none.
#[function(signature = "(aiterator, default=None, /)", shown = "(aiterator, default=<unrepresentable>, /)")]
pub fn anext(iterator: &Object, default: Given<&Object>) -> PyResult {
    let Some(f) = iterator.ty().async_().and_then(|a| a.anext.get()) else {
        bail!(TypeError, "'{}' object is not an async iterator", iterator.ty().name_str());
    };
    let awaitable = f(iterator)?;
    match default.0 {
        None => Ok(awaitable),
        Some(d) => Ok(crate::generator::anext_default::new(awaitable, d.to_obj())),
    }
}

/// Return a new list of the items in ascending order. A key function can be given, and the order reversed.
#[function(signature = "(*args, **kwargs)", shown = "(iterable, /, *, key=None, reverse=False)")]
pub fn sorted(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<Ref<List>> {
    let [iterable] = args else { bail!(TypeError, "sorted expected 1 argument, got {}", args.len()) };
    let (mut key, mut reverse) = (None, false);
    for (k, v) in kwargs.iter() {
        if k.eq_str("key") {
            key = Some(v).filter(|v| !v.is_none());
        } else if k.eq_str("reverse") {
            reverse = v.is_true()?;
        } else {
            let names = ["key", "reverse"].into_iter();
            return Err(taipan_object::args::unexpected("sort", &k.to_utf8_lossy(), names));
        }
    }
    let mut items = taipan_object::protocol::iter::collect(iterable)?;
    taipan_object::types::list::sort::sort_items(&mut items, key, reverse)?;
    Ok(List::from_vec(items))
}

fn extreme(name: &str, op: CompareOp, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    let (mut key, mut default) = (None, None);
    if kwargs.len() > 2 {
        return Err(taipan_object::args::too_many_keywords(name, 2, kwargs.len()));
    }
    for (k, v) in kwargs.iter() {
        if k.eq_str("key") {
            key = Some(v).filter(|v| !v.is_none());
        } else if k.eq_str("default") {
            default = Some(v);
        } else {
            let names = ["key", "default"].into_iter();
            return Err(taipan_object::args::unexpected(name, &k.to_utf8_lossy(), names));
        }
    }
    if args.is_empty() {
        bail!(TypeError, "{name} expected at least 1 argument, got 0");
    }
    if args.len() > 1 && default.is_some() {
        bail!(TypeError, "Cannot specify a default for {name}() with multiple positional arguments");
    }
    if key.is_none() {
        if let [iterable] = args {
            let it = iterable.iter()?;
            let mut best: Option<Obj> = None;
            while let Some(v) = it.next()? {
                let better = match &best {
                    None => true,
                    Some(b) => v.rich_compare_bool(b, op)?,
                };
                if better {
                    best = Some(v);
                }
            }
            return match (best, default) {
                (Some(v), _) => Ok(v),
                (None, Some(d)) => Ok(d.to_obj()),
                (None, None) => bail!(ValueError, "{name}() iterable argument is empty"),
            };
        }
        let mut best = args[0];
        for v in &args[1..] {
            if v.rich_compare_bool(best, op)? {
                best = v;
            }
        }
        return Ok(best.to_obj());
    }
    let mut best: Option<(Obj, Obj)> = None;
    let mut consider = |item: Obj| -> PyResult<()> {
        let k = match key {
            Some(f) => f.call_one(&item)?,
            None => item.clone(),
        };
        let better = match &best {
            None => true,
            Some((_, b)) => k.rich_compare_bool(b, op)?,
        };
        if better {
            best = Some((item, k));
        }
        Ok(())
    };
    if let [iterable] = args {
        let it = iterable.iter()?;
        while let Some(v) = it.next()? {
            consider(v)?;
        }
    } else {
        for a in args {
            consider(a.to_obj())?;
        }
    }
    match (best, default) {
        (Some((item, _)), _) => Ok(item),
        (None, Some(d)) => Ok(d.to_obj()),
        (None, None) => bail!(ValueError, "{name}() iterable argument is empty"),
    }
}

/// max(iterable, *[, default=obj, key=func]) -> value
/// max(arg1, arg2, *args, *[, key=func]) -> value
///
/// Return the largest item of an iterable or of the arguments. A key function can be given, and a default for no items.
#[function(signature = "(*args, **kwargs)", text = false)]
pub fn max(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    extreme("max", CompareOp::Gt, args, kwargs)
}

/// min(iterable, *[, default=obj, key=func]) -> value
/// min(arg1, arg2, *args, *[, key=func]) -> value
///
/// Return the smallest item of an iterable or of the arguments. A key function can be given, and a default for no items.
#[function(signature = "(*args, **kwargs)", text = false)]
pub fn min(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    extreme("min", CompareOp::Lt, args, kwargs)
}

/// A sum of doubles with a running compensation for what rounding loses.
#[derive(Clone, Copy)]
struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    fn new(sum: f64) -> Compensated {
        Compensated { sum, lost: 0.0 }
    }

    #[inline]
    fn add(&mut self, x: f64) {
        let t = self.sum + x;
        self.lost += if self.sum.abs() >= x.abs() { (self.sum - t) + x } else { (x - t) + self.sum };
        self.sum = t;
    }

    fn add_integer(&mut self, v: &Object) -> PyResult<()> {
        self.add(v.to_f64()?);
        Ok(())
    }

    fn total(self) -> f64 {
        if self.lost != 0.0 && self.lost.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

/// Return the sum of a start value and the items.
#[function(signature = "(iterable, /, start=0)")]
pub fn sum(iterable: &Object, start: Given<&Object>) -> PyResult {
    let it = iterable.iter()?;
    let mut total = match start.0 {
        Some(s) => {
            for (ty, text) in [
                (&PyUnicode_Type, "sum() can't sum strings [use ''.join(seq) instead]"),
                (&PyBytes_Type, "sum() can't sum bytes [use b''.join(seq) instead]"),
                (&PyByteArray_Type, "sum() can't sum bytearray [use b''.join(seq) instead]"),
            ] {
                if s.ty().is_subtype(ty) {
                    bail!(TypeError, "{text}");
                }
            }
            s.to_obj()
        }
        None => Int::from_i64(0).into_obj(),
    };
    let mut pending: Option<Obj> = None;
    // Small integers are added up in a machine word.
    if total.is_exact(&PyLong_Type)
        && let Some(mut n) = total.cast::<Int>().to_i64()
    {
        loop {
            let Some(v) = it.next()? else { return Ok(Int::from_i64(n).into_obj()) };
            let small = if v.is_exact(&PyLong_Type) || v.is_exact(&taipan_object::types::bool_::PyBool_Type) {
                v.cast::<Int>().to_i64()
            } else {
                None
            };
            match small.and_then(|k| n.checked_add(k)) {
                Some(s) => n = s,
                None => {
                    total = number::add(&Int::from_i64(n), &v)?;
                    break;
                }
            }
        }
    }
    // Doubles with a running compensation for what rounding loses.
    if total.is_exact(&PyFloat_Type) {
        let mut sum = Compensated::new(total.cast::<Float>().value());
        loop {
            let Some(v) = it.next()? else { return Ok(Float::new(sum.total()).into_obj()) };
            if v.is_exact(&PyFloat_Type) {
                sum.add(v.cast::<Float>().value());
                continue;
            }
            if v.is_exact(&PyLong_Type) {
                sum.add_integer(&v)?;
                continue;
            }
            total = Float::new(sum.total()).into_obj();
            pending = Some(v);
            break;
        }
    }
    if let Some(v) = pending.take() {
        total = number::add(&total, &v)?;
    }
    // Complex numbers likewise, part by part.
    if total.is_exact(&PyComplex_Type) {
        let start = total.cast::<Complex>();
        let (mut real, mut imag) = (Compensated::new(start.real()), Compensated::new(start.imag()));
        loop {
            let Some(v) = it.next()? else { return Ok(Complex::new(real.total(), imag.total()).into_obj()) };
            if v.is_exact(&PyComplex_Type) {
                let c = v.cast::<Complex>();
                real.add(c.real());
                imag.add(c.imag());
            } else if v.is_exact(&PyFloat_Type) {
                real.add(v.cast::<Float>().value());
            } else if v.is_exact(&PyLong_Type) {
                real.add_integer(&v)?;
            } else {
                total = number::add(&Complex::new(real.total(), imag.total()), &v)?;
                break;
            }
        }
    }
    while let Some(v) = it.next()? {
        total = number::add(&total, &v)?;
    }
    Ok(total)
}
