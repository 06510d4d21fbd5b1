//! What a program has put in place of the functions of `_pylong`, which the reference calls for huge integers.
//!
//! Our own algorithms are faster than that module's. But who replaces its functions expects them to be called.

use super::Int;
use crate::error::PyResult;
use crate::header::{Obj, Object, Ref};
use crate::types::dict::Dict;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::{Interp, bail, intern};

/// Decimal texts with more digits than this are read there.
const TEXT_DIGITS: usize = 6000;
/// Integers with more 30-bit digits than this are shown there.
const SHOWN_DIGITS: usize = 1000;
/// Divisors with more 30-bit digits than this, and dividends that have [`DIVIDEND_EXCESS`] more, are divided there.
const DIVISOR_DIGITS: usize = 300;
const DIVIDEND_EXCESS: usize = 150;

/// The function of that name, if it is not the module's own.
#[cold]
fn replaced(name: &'static Object) -> PyResult<Option<Obj>> {
    let modules = Interp::current().modules.get_owned();
    let Some(module) = modules.as_ref().and_then(|m| m.downcast::<Dict>()).map(|m| m.get_str("_pylong")).transpose()?
    else {
        return Ok(None);
    };
    let Some(f) = module.map(|m| m.get_attr_opt(name)).transpose()?.flatten() else { return Ok(None) };
    let home = f.get_attr_opt(intern!("__module__"))?;
    let own = home.as_ref().and_then(|m| m.downcast::<Str>()).is_some_and(|m| m.eq_str("_pylong"));
    Ok(if own { None } else { Some(f) })
}

/// The value of decimal digits, if there are very many and somebody else reads them.
pub(super) fn from_digits(digits: &[u8]) -> PyResult<Option<Ref<Int>>> {
    if digits.len() <= TEXT_DIGITS {
        return Ok(None);
    }
    let Some(f) = replaced(intern!("int_from_string"))? else { return Ok(None) };
    match f.call_one(&Str::from_latin1(digits))?.downcast_into::<Int>() {
        Ok(i) => Ok(Some(i)),
        Err(_) => bail!(TypeError, "_pylong.int_from_string did not return an int"),
    }
}

/// The decimal text of an integer, if it is very large and somebody else writes it.
pub(super) fn to_text(i: &Int) -> PyResult<Option<Ref<Str>>> {
    if i.digit_count() <= SHOWN_DIGITS {
        return Ok(None);
    }
    let Some(f) = replaced(intern!("int_to_decimal_string"))? else { return Ok(None) };
    match f.call_one(i)?.downcast_into::<Str>() {
        Ok(s) => Ok(Some(s)),
        Err(_) => bail!(TypeError, "_pylong.int_to_decimal_string did not return a str"),
    }
}

/// Quotient and remainder, if both integers are very large and somebody else divides them.
pub(super) fn divmod(a: &Int, b: &Int) -> PyResult<Option<(Ref<Int>, Ref<Int>)>> {
    if b.digit_count() <= DIVISOR_DIGITS || a.digit_count() <= b.digit_count() + DIVIDEND_EXCESS {
        return Ok(None);
    }
    let Some(f) = replaced(intern!("int_divmod"))? else { return Ok(None) };
    let result = f.call(&[a, b])?;
    let Some([q, r]) = result.downcast::<Tuple>().map(Tuple::items) else {
        bail!(ValueError, "tuple of length 2 is required from int_divmod()");
    };
    match (q.clone().downcast_into::<Int>(), r.clone().downcast_into::<Int>()) {
        (Ok(q), Ok(r)) => Ok(Some((q, r))),
        _ => bail!(ValueError, "tuple of int is required from int_divmod()"),
    }
}
