//! `prod` and `sumprod`, which stay with machine numbers as long as they can.

use taipan_numeric::math::ProductSum;
use taipan_object::args::Given;
use taipan_object::protocol::number;
use taipan_object::types::bool_::PyBool_Type;
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::{Obj, Object, PyResult, bail, function};

fn small(o: &Object) -> Option<i64> {
    o.downcast_exact::<Int>().and_then(Int::to_i64)
}

/// Multiply all items and start together.
#[function(signature = "(iterable, /, *, start=1)")]
pub fn prod(iterable: &Object, start: Given<&Object>) -> PyResult {
    let mut total: Obj = start.0.map_or_else(|| Int::one().into_obj(), Object::to_obj);
    let it = iterable.iter()?;
    if let Some(mut n) = small(&total) {
        loop {
            let Some(x) = it.next()? else { return Ok(Int::from_i64(n).into_obj()) };
            match small(&x).and_then(|v| n.checked_mul(v)) {
                Some(p) => n = p,
                None => {
                    total = number::multiply(&Int::from_i64(n), &x)?;
                    break;
                }
            }
        }
    }
    if let Some(f) = total.downcast_exact::<Float>() {
        let mut f = f.value();
        loop {
            let Some(x) = it.next()? else { return Ok(Float::new(f).into_obj()) };
            if let Some(v) = x.downcast_exact::<Float>() {
                f *= v.value();
            } else if let Some(v) = small(&x) {
                f *= v as f64;
            } else {
                total = number::multiply(&Float::new(f), &x)?;
                break;
            }
        }
    }
    while let Some(x) = it.next()? {
        total = number::multiply(&total, &x)?;
    }
    Ok(total)
}

/// A factor as a float: floats, and integers when the other factor is a float.
fn as_float(o: &Object) -> PyResult<Option<f64>> {
    if let Some(f) = o.downcast_exact::<Float>() {
        return Ok(Some(f.value()));
    }
    if o.is_exact(&PyLong_Type) || o.is_exact(&PyBool_Type) {
        return match o.cast::<Int>().to_f64_checked() {
            Ok(f) => Ok(Some(f)),
            Err(e) => e.recover(exceptions::OverflowError, None),
        };
    }
    Ok(None)
}

/// Return the sum of the products of corresponding items of two iterables of the same length.
#[function(signature = "(p, q, /)")]
pub fn sumprod(p: &Object, q: &Object) -> PyResult {
    let (p, q) = (p.iter()?, q.iter()?);
    let mut total: Obj = Int::zero().into_obj();
    let (mut ints, mut int_total, mut int_used) = (true, 0i64, false);
    let (mut float_total, mut float_used) = (ProductSum::default(), false);
    loop {
        let (x, y) = match (p.next()?, q.next()?) {
            (Some(x), Some(y)) => (x, y),
            (None, None) => break,
            _ => bail!(ValueError, "Inputs are not the same length"),
        };
        if ints {
            if let (Some(a), Some(b)) = (small(&x), small(&y))
                && let Some(sum) = a.checked_mul(b).and_then(|n| int_total.checked_add(n))
            {
                int_total = sum;
                int_used = true;
                continue;
            }
            ints = false;
            if int_used {
                total = number::add(&total, &Int::from_i64(int_total))?;
                int_used = false;
            }
        }
        if (x.downcast_exact::<Float>().is_some() || y.downcast_exact::<Float>().is_some())
            && let (Some(a), Some(b)) = (as_float(&x)?, as_float(&y)?)
        {
            let mut sum = float_total;
            sum.add(a, b);
            if sum.value().is_finite() {
                float_total = sum;
                float_used = true;
                continue;
            }
        }
        if float_used {
            total = number::add(&total, &Float::new(float_total.value()))?;
            float_total = ProductSum::default();
            float_used = false;
        }
        total = number::add(&total, &*number::multiply(&x, &y)?)?;
    }
    if int_used {
        total = number::add(&total, &Int::from_i64(int_total))?;
    }
    if float_used {
        total = number::add(&total, &Float::new(float_total.value()))?;
    }
    Ok(total)
}
