//! The methods of `Decimal` and `Context` that are operations on numbers.

use super::context::{Context, OWN_METHODS, context_or_current, rounding};
use super::number::{self, Decimal, argument, divmod_in, int_of, power_in, to_float, to_int, to_str};
use super::state;
use crate::support::tuple_of;
use taipan_numeric::decimal::{self as dec, Coeff, Ctx, Dec, Kind, Round};
use taipan_object::args::Given;
use taipan_object::method::MethodDef;
use taipan_object::types::complex::Complex;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Type, bail, classmethod, method};

type Unary = fn(&Dec, &Ctx, &mut u32) -> Dec;
type Binary = fn(&Dec, &Dec, &Ctx, &mut u32) -> Dec;

fn apply1(f: Unary, a: &Dec, cx: &Context) -> PyResult {
    let mut st = 0;
    let r = f(a, &cx.ctx(), &mut st);
    cx.signal(st)?;
    Decimal::from_dec(r)
}

fn apply2(f: Binary, a: &Dec, b: &Dec, cx: &Context) -> PyResult {
    let mut st = 0;
    let r = f(a, b, &cx.ctx(), &mut st);
    cx.signal(st)?;
    Decimal::from_dec(r)
}

fn unary_method(f: Unary, this: &Decimal, context: Option<&Object>) -> PyResult {
    apply1(f, this.dec(), &*context_or_current(context)?)
}

fn binary_method(f: Binary, this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
    let cx = context_or_current(context)?;
    let mut m = None;
    apply2(f, this.dec(), argument(other, &mut m)?, &cx)
}

fn context_unary(f: Unary, cx: &Context, x: &Object) -> PyResult {
    let mut m = None;
    apply1(f, argument(x, &mut m)?, cx)
}

fn context_binary(f: Binary, cx: &Context, x: &Object, y: &Object) -> PyResult {
    let (mut m, mut n) = (None, None);
    apply2(f, argument(x, &mut m)?, argument(y, &mut n)?, cx)
}

/// Methods of numbers with one operand and those with two.
mod of_numbers {
    use super::*;

    /// Return e raised to the number, correctly rounded.
    #[method(signature = "(context=None)")]
    pub fn exp(this: &Decimal, context: Option<&Object>) -> PyResult {
        unary_method(dec::exp, this, context)
    }

    /// Return the natural logarithm, correctly rounded.
    #[method(signature = "(context=None)")]
    pub fn ln(this: &Decimal, context: Option<&Object>) -> PyResult {
        unary_method(dec::ln, this, context)
    }

    /// Return the logarithm to base ten, correctly rounded.
    #[method(signature = "(context=None)")]
    pub fn log10(this: &Decimal, context: Option<&Object>) -> PyResult {
        unary_method(dec::log10, this, context)
    }

    /// Return the adjusted exponent as a Decimal.
    #[method(signature = "(context=None)")]
    pub fn logb(this: &Decimal, context: Option<&Object>) -> PyResult {
        unary_method(dec::logb, this, context)
    }

    /// Return the inversion of all digits, which must be zeros and ones.
    #[method(signature = "(context=None)")]
    pub fn logical_invert(this: &Decimal, context: Option<&Object>) -> PyResult {
        unary_method(dec::logical_invert, this, context)
    }

    /// Return the largest representable number that is smaller.
    #[method(signature = "(context=None)")]
    pub fn next_minus(this: &Decimal, context: Option<&Object>) -> PyResult {
        unary_method(dec::next_minus, this, context)
    }

    /// Return the smallest representable number that is larger.
    #[method(signature = "(context=None)")]
    pub fn next_plus(this: &Decimal, context: Option<&Object>) -> PyResult {
        unary_method(dec::next_plus, this, context)
    }

    /// Return the number without zeros at the end.
    #[method(signature = "(context=None)")]
    pub fn normalize(this: &Decimal, context: Option<&Object>) -> PyResult {
        unary_method(dec::normalize, this, context)
    }

    /// Return the square root, correctly rounded.
    #[method(signature = "(context=None)")]
    pub fn sqrt(this: &Decimal, context: Option<&Object>) -> PyResult {
        unary_method(dec::sqrt, this, context)
    }

    /// Compare two numbers: Decimal -1, 0 or 1, or NaN.
    #[method(signature = "(other, context=None)")]
    pub fn compare(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::compare, this, other, context)
    }

    /// Compare two numbers; all NaNs signal.
    #[method(signature = "(other, context=None)")]
    pub fn compare_signal(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::compare_signal, this, other, context)
    }

    /// Return the larger of two numbers.
    #[method(signature = "(other, context=None)")]
    pub fn max(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::max, this, other, context)
    }

    /// Return the number of larger magnitude.
    #[method(signature = "(other, context=None)")]
    pub fn max_mag(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::max_mag, this, other, context)
    }

    /// Return the smaller of two numbers.
    #[method(signature = "(other, context=None)")]
    pub fn min(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::min, this, other, context)
    }

    /// Return the number of smaller magnitude.
    #[method(signature = "(other, context=None)")]
    pub fn min_mag(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::min_mag, this, other, context)
    }

    /// Return the number's neighbour in the direction of the other.
    #[method(signature = "(other, context=None)")]
    pub fn next_toward(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::next_toward, this, other, context)
    }

    /// Combine the digits of two logical numbers by 'and'.
    #[method(signature = "(other, context=None)")]
    pub fn logical_and(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::logical_and, this, other, context)
    }

    /// Combine the digits of two logical numbers by 'or'.
    #[method(signature = "(other, context=None)")]
    pub fn logical_or(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::logical_or, this, other, context)
    }

    /// Combine the digits of two logical numbers by 'xor'.
    #[method(signature = "(other, context=None)")]
    pub fn logical_xor(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::logical_xor, this, other, context)
    }

    /// Return the number with its digits rotated by the other.
    #[method(signature = "(other, context=None)")]
    pub fn rotate(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::rotate, this, other, context)
    }

    /// Return the number with its exponent moved by the other.
    #[method(signature = "(other, context=None)")]
    pub fn scaleb(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::scaleb, this, other, context)
    }

    /// Return the number with its digits shifted by the other.
    #[method(signature = "(other, context=None)")]
    pub fn shift(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::shift, this, other, context)
    }

    /// Return what remains after the nearest multiple of the other.
    #[method(signature = "(other, context=None)")]
    pub fn remainder_near(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(dec::rem_near, this, other, context)
    }

    /// Compare two numbers by their representation.
    #[method(signature = "(other, context=None)")]
    pub fn compare_total(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(|a, b, _, _| dec::compare_total(a, b), this, other, context)
    }

    /// Compare two numbers by their representation, without signs.
    #[method(signature = "(other, context=None)")]
    pub fn compare_total_mag(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(|a, b, _, _| dec::compare_total_mag(a, b), this, other, context)
    }

    /// Return the number with the sign of the other.
    #[method(signature = "(other, context=None)")]
    pub fn copy_sign(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult {
        binary_method(|a, b, _, _| a.with_sign(b.neg), this, other, context)
    }

    /// Test whether both have the same exponent, or both are infinite, or both are NaNs.
    #[method(signature = "(other, context=None)")]
    pub fn same_quantum(this: &Decimal, other: &Object, context: Option<&Object>) -> PyResult<bool> {
        context_or_current(context)?;
        let mut m = None;
        Ok(dec::same_quantum(this.dec(), argument(other, &mut m)?))
    }

    /// Return self * other + third, rounded once.
    #[method(signature = "(other, third, context=None)")]
    pub fn fma(this: &Decimal, other: &Object, third: &Object, context: Option<&Object>) -> PyResult {
        let cx = context_or_current(context)?;
        let (mut m, mut n) = (None, None);
        let mut st = 0;
        let r = dec::fma(this.dec(), argument(other, &mut m)?, argument(third, &mut n)?, &cx.ctx(), &mut st);
        cx.signal(st)?;
        Decimal::from_dec(r)
    }

    /// Return the number rounded to the exponent of another.
    #[method(signature = "(exp, rounding=None, context=None)")]
    pub fn quantize(this: &Decimal, exp: &Object, rounding: Option<&Object>, context: Option<&Object>) -> PyResult {
        let cx = context_or_current(context)?;
        let mut ctx = cx.ctx();
        if let Some(r) = rounding {
            ctx.round = super::rounding(r)?;
        }
        let mut m = None;
        let mut st = 0;
        let r = dec::quantize(this.dec(), argument(exp, &mut m)?, &ctx, &mut st);
        cx.signal(st)?;
        Decimal::from_dec(r)
    }

    fn integral(f: Unary, this: &Decimal, rounding: Option<&Object>, context: Option<&Object>) -> PyResult {
        let cx = context_or_current(context)?;
        let mut ctx = cx.ctx();
        if let Some(r) = rounding {
            ctx.round = super::rounding(r)?;
        }
        let mut st = 0;
        let r = f(this.dec(), &ctx, &mut st);
        cx.signal(st)?;
        Decimal::from_dec(r)
    }

    /// The same as to_integral_value().
    #[method(signature = "(rounding=None, context=None)")]
    pub fn to_integral(this: &Decimal, rounding: Option<&Object>, context: Option<&Object>) -> PyResult {
        integral(dec::to_integral_value, this, rounding, context)
    }

    /// Round to the nearest integer without signalling.
    #[method(signature = "(rounding=None, context=None)")]
    pub fn to_integral_value(this: &Decimal, rounding: Option<&Object>, context: Option<&Object>) -> PyResult {
        integral(dec::to_integral_value, this, rounding, context)
    }

    /// Round to the nearest integer, signalling what was lost.
    #[method(signature = "(rounding=None, context=None)")]
    pub fn to_integral_exact(this: &Decimal, rounding: Option<&Object>, context: Option<&Object>) -> PyResult {
        integral(dec::to_integral_exact, this, rounding, context)
    }

    /// Return the number in engineering notation.
    #[method(signature = "(context=None)")]
    pub fn to_eng_string(this: &Decimal, context: Option<&Object>) -> PyResult {
        to_str(this.dec(), &*context_or_current(context)?, true)
    }

    /// Return the class of the number as a string.
    #[method(signature = "(context=None)")]
    pub fn number_class(this: &Decimal, context: Option<&Object>) -> PyResult<&'static str> {
        Ok(dec::class(this.dec(), &context_or_current(context)?.ctx()))
    }

    /// Return True for a finite number that is not zero and not subnormal.
    #[method(signature = "(context=None)")]
    pub fn is_normal(this: &Decimal, context: Option<&Object>) -> PyResult<bool> {
        Ok(this.dec().is_normal(&context_or_current(context)?.ctx()))
    }

    /// Return True for a subnormal number.
    #[method(signature = "(context=None)")]
    pub fn is_subnormal(this: &Decimal, context: Option<&Object>) -> PyResult<bool> {
        Ok(this.dec().is_subnormal(&context_or_current(context)?.ctx()))
    }

    /// Return True for numbers that are neither infinite nor NaN.
    #[method]
    pub fn is_finite(this: &Decimal) -> bool {
        let d = this.dec();
        d.is_finite()
    }

    /// Return True for infinities.
    #[method]
    pub fn is_infinite(this: &Decimal) -> bool {
        let d = this.dec();
        d.is_inf()
    }

    /// Return True for NaNs.
    #[method]
    pub fn is_nan(this: &Decimal) -> bool {
        let d = this.dec();
        d.is_nan()
    }

    /// Return True for quiet NaNs.
    #[method]
    pub fn is_qnan(this: &Decimal) -> bool {
        let d = this.dec();
        d.kind == Kind::Nan
    }

    /// Return True for signaling NaNs.
    #[method]
    pub fn is_snan(this: &Decimal) -> bool {
        let d = this.dec();
        d.is_snan()
    }

    /// Return True for negative numbers.
    #[method]
    pub fn is_signed(this: &Decimal) -> bool {
        let d = this.dec();
        d.neg
    }

    /// Return True for zeros.
    #[method]
    pub fn is_zero(this: &Decimal) -> bool {
        let d = this.dec();
        d.is_zero()
    }

    /// Return True: all numbers are canonical.
    #[method]
    pub fn is_canonical(_this: &Decimal) -> bool {
        true
    }

    /// Return the number itself.
    #[method]
    pub fn canonical(this: &Decimal) -> Obj {
        this.to_obj()
    }

    /// Return the number itself.
    #[method]
    pub fn conjugate(this: &Decimal) -> Obj {
        this.to_obj()
    }

    /// Return Decimal(10).
    #[method]
    pub fn radix(_this: &Decimal) -> PyResult {
        Decimal::from_dec(Dec::from_i64(10))
    }

    /// Return the number without its sign.
    #[method]
    pub fn copy_abs(this: &Decimal) -> PyResult {
        Decimal::from_dec(this.dec().with_sign(false))
    }

    /// Return the number with the opposite sign.
    #[method]
    pub fn copy_negate(this: &Decimal) -> PyResult {
        Decimal::from_dec(this.dec().with_sign(!this.dec().neg))
    }

    /// Return the exponent of the first digit.
    #[method]
    pub fn adjusted(this: &Decimal) -> i64 {
        let d = this.dec();
        if d.is_special() { 0 } else { d.adjusted() }
    }

    /// Return a named tuple of sign, digits and exponent.
    #[method]
    pub fn as_tuple(this: &Decimal) -> PyResult {
        let d = this.dec();
        let small = |n: i64| Int::from_i64(n).into_obj();
        let mut text = Vec::new();
        if d.is_inf() {
            text.push(b'0');
        } else if d.is_finite() || !d.coeff.is_zero() {
            d.coeff.to_digits(&mut text);
        }
        let digits = Tuple::from_vec(text.iter().map(|c| small(i64::from(c - b'0'))).collect());
        let exp = match d.kind {
            Kind::Finite => small(d.exp),
            Kind::Inf => Str::from_utf8("F").into_obj(),
            Kind::Nan => Str::from_utf8("n").into_obj(),
            Kind::Snan => Str::from_utf8("N").into_obj(),
        };
        state::get()?.tuple_class.call(&[&*small(i64::from(d.neg)), &*digits, &*exp])
    }

    /// Return a pair of integers whose ratio is the number.
    #[method]
    pub fn as_integer_ratio(this: &Decimal) -> PyResult<Ref<Tuple>> {
        let d = this.dec();
        if d.is_nan() {
            bail!(ValueError, "cannot convert NaN to integer ratio");
        }
        if d.is_inf() {
            bail!(OverflowError, "cannot convert Infinity to integer ratio");
        }
        if dec::too_long(d.exp.saturating_abs()) {
            return Err(taipan_object::error::no_memory());
        }
        if d.exp >= 0 || d.is_zero() {
            let n = to_int(d, Round::Down)?;
            return Ok(tuple_of([n, Int::from_i64(1).into_obj()]));
        }
        let (n, m) = (int_of(&d.coeff, d.neg), int_of(&Coeff::power_of_ten(d.exp.unsigned_abs()), false));
        let gcd = (taipan_object::hooks::get().import)("math")?.get_attr_str("gcd")?.call(&[&*n, &*m])?;
        use taipan_object::protocol::number as num;
        Ok(tuple_of([num::floor_divide(&n, &gcd)?, num::floor_divide(&m, &gcd)?]))
    }

    /// Return the number rounded to an integer, or to so many digits.
    #[method(signature = "(ndigits=None, /)", text = false)]
    pub fn __round__(this: &Decimal, ndigits: Given<&Object>) -> PyResult {
        let Some(n) = ndigits.0 else { return to_int(this.dec(), Round::HalfEven) };
        if !n.ty().has_flag(taipan_object::flags::LONG_SUBCLASS) {
            bail!(TypeError, "optional arg must be an integer");
        }
        let n = n.index_as_isize(Some(exceptions::OverflowError))? as i64;
        let cx = state::current()?;
        let exp = n.checked_neg().unwrap_or(i64::MAX);
        apply2(dec::quantize, this.dec(), &Dec::new(false, Coeff::from_u64(1), exp), &cx)
    }

    /// Return the number towards zero as an integer.
    #[method]
    pub fn __trunc__(this: &Decimal) -> PyResult {
        to_int(this.dec(), Round::Down)
    }

    /// Return the largest integer that is not larger.
    #[method]
    pub fn __floor__(this: &Decimal) -> PyResult {
        to_int(this.dec(), Round::Floor)
    }

    /// Return the smallest integer that is not smaller.
    #[method]
    pub fn __ceil__(this: &Decimal) -> PyResult {
        to_int(this.dec(), Round::Ceiling)
    }

    /// Return the number as a complex one.
    #[method]
    pub fn __complex__(this: &Decimal) -> PyResult<Ref<Complex>> {
        Ok(Complex::new(to_float(this.dec())?, 0.0))
    }

    /// Return the number itself.
    #[method]
    pub fn __copy__(this: &Decimal) -> Obj {
        this.to_obj()
    }

    /// Return the number itself.
    #[method(signature = "(object, /)")]
    pub fn __deepcopy__(this: &Decimal, object: &Object) -> Obj {
        let _ = object;
        this.to_obj()
    }

    /// What pickling makes the number from.
    #[method]
    pub fn __reduce__(this: &Decimal) -> PyResult<Ref<Tuple>> {
        let text = this.str()?.into_obj();
        Ok(tuple_of([this.ty().to_obj(), tuple_of([text]).into_obj()]))
    }

    /// Bytes of memory that the number takes.
    #[method]
    pub fn __sizeof__(this: &Decimal) -> usize {
        let words = this.dec().coeff.words().len();
        this.ty().basicsize.get() as usize + if words > 4 { words * 8 } else { 0 }
    }

    /// Return the number as a string in the given format.
    #[method(signature = "(fmtarg, override=None, /)", text = false)]
    pub fn __format__(this: &Decimal, fmtarg: &Object, r#override: Option<&Object>) -> PyResult {
        super::super::format::format(this, fmtarg, r#override)
    }

    fn converted(cls: &Type, d: Dec) -> PyResult {
        if std::ptr::eq(cls, &number::DECIMAL_TYPE) {
            return Decimal::from_dec(d);
        }
        cls.as_object().call_one(&*Decimal::from_dec(d)?)
    }

    /// Make a number of a float (or integer), exactly.
    #[classmethod(signature = "(f, /)")]
    pub fn from_float(cls: &Type, f: &Object) -> PyResult {
        match number::from_real(f, "float")? {
            Some(d) => converted(cls, d),
            None => bail!(TypeError, "argument must be int or float"),
        }
    }

    /// Make a number of another number, exactly.
    #[classmethod(signature = "(number, /)")]
    pub fn from_number(cls: &Type, number: &Object) -> PyResult {
        if let Some(d) = number.downcast::<Decimal>() {
            if std::ptr::eq(cls, &number::DECIMAL_TYPE) && number.is_exact(&number::DECIMAL_TYPE) {
                return Ok(number.to_obj());
            }
            return converted(cls, d.dec().clone());
        }
        match number::from_real(number, "number")? {
            Some(d) => converted(cls, d),
            None => bail!(TypeError, "Cannot convert {} to Decimal", number.repr()?.to_utf8_lossy()),
        }
    }
}

/// The same operations as methods of contexts.
mod of_contexts {
    use super::*;

    /// Return e raised to the number, correctly rounded.
    #[method(signature = "(x, /)")]
    pub fn exp(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::exp, this, x)
    }

    /// Return the natural logarithm, correctly rounded.
    #[method(signature = "(x, /)")]
    pub fn ln(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::ln, this, x)
    }

    /// Return the logarithm to base ten, correctly rounded.
    #[method(signature = "(x, /)")]
    pub fn log10(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::log10, this, x)
    }

    /// Return the adjusted exponent as a Decimal.
    #[method(signature = "(x, /)")]
    pub fn logb(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::logb, this, x)
    }

    /// Return the inversion of all digits, which must be zeros and ones.
    #[method(signature = "(x, /)")]
    pub fn logical_invert(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::logical_invert, this, x)
    }

    /// Return the largest representable number that is smaller.
    #[method(signature = "(x, /)")]
    pub fn next_minus(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::next_minus, this, x)
    }

    /// Return the smallest representable number that is larger.
    #[method(signature = "(x, /)")]
    pub fn next_plus(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::next_plus, this, x)
    }

    /// Return the number without zeros at the end.
    #[method(signature = "(x, /)")]
    pub fn normalize(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::normalize, this, x)
    }

    /// Return the square root, correctly rounded.
    #[method(signature = "(x, /)")]
    pub fn sqrt(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::sqrt, this, x)
    }

    /// Return the absolute value.
    #[method(signature = "(x, /)")]
    pub fn abs(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::abs, this, x)
    }

    /// Return the number with the opposite sign, rounded.
    #[method(signature = "(x, /)")]
    pub fn minus(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::minus, this, x)
    }

    /// Return the number, rounded.
    #[method(signature = "(x, /)")]
    pub fn plus(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::plus, this, x)
    }

    /// Round to an integer.
    #[method(signature = "(x, /)")]
    pub fn to_integral(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::to_integral_value, this, x)
    }

    /// Round to an integer.
    #[method(signature = "(x, /)")]
    pub fn to_integral_value(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::to_integral_value, this, x)
    }

    /// Round to an integer, signalling what was lost.
    #[method(signature = "(x, /)")]
    pub fn to_integral_exact(this: &Context, x: &Object) -> PyResult {
        context_unary(dec::to_integral_exact, this, x)
    }

    /// Return the number without its sign.
    #[method(signature = "(x, /)")]
    pub fn copy_abs(this: &Context, x: &Object) -> PyResult {
        context_unary(|a, _, _| a.with_sign(false), this, x)
    }

    /// Return the number with the opposite sign.
    #[method(signature = "(x, /)")]
    pub fn copy_negate(this: &Context, x: &Object) -> PyResult {
        context_unary(|a, _, _| a.with_sign(!a.neg), this, x)
    }

    /// Return a copy of the number.
    #[method(signature = "(x, /)")]
    pub fn copy_decimal(this: &Context, x: &Object) -> PyResult {
        context_unary(|a, _, _| a.clone(), this, x)
    }

    /// Compare two numbers: Decimal -1, 0 or 1, or NaN.
    #[method(signature = "(x, y, /)")]
    pub fn compare(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::compare, this, x, y)
    }

    /// Compare two numbers; all NaNs signal.
    #[method(signature = "(x, y, /)")]
    pub fn compare_signal(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::compare_signal, this, x, y)
    }

    /// Return the larger of two numbers.
    #[method(signature = "(x, y, /)")]
    pub fn max(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::max, this, x, y)
    }

    /// Return the number of larger magnitude.
    #[method(signature = "(x, y, /)")]
    pub fn max_mag(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::max_mag, this, x, y)
    }

    /// Return the smaller of two numbers.
    #[method(signature = "(x, y, /)")]
    pub fn min(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::min, this, x, y)
    }

    /// Return the number of smaller magnitude.
    #[method(signature = "(x, y, /)")]
    pub fn min_mag(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::min_mag, this, x, y)
    }

    /// Return the number's neighbour in the direction of the other.
    #[method(signature = "(x, y, /)")]
    pub fn next_toward(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::next_toward, this, x, y)
    }

    /// Combine the digits of two logical numbers by 'and'.
    #[method(signature = "(x, y, /)")]
    pub fn logical_and(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::logical_and, this, x, y)
    }

    /// Combine the digits of two logical numbers by 'or'.
    #[method(signature = "(x, y, /)")]
    pub fn logical_or(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::logical_or, this, x, y)
    }

    /// Combine the digits of two logical numbers by 'xor'.
    #[method(signature = "(x, y, /)")]
    pub fn logical_xor(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::logical_xor, this, x, y)
    }

    /// Return the number with its digits rotated by the other.
    #[method(signature = "(x, y, /)")]
    pub fn rotate(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::rotate, this, x, y)
    }

    /// Return the number with its exponent moved by the other.
    #[method(signature = "(x, y, /)")]
    pub fn scaleb(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::scaleb, this, x, y)
    }

    /// Return the number with its digits shifted by the other.
    #[method(signature = "(x, y, /)")]
    pub fn shift(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::shift, this, x, y)
    }

    /// Return the sum.
    #[method(signature = "(x, y, /)")]
    pub fn add(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::add, this, x, y)
    }

    /// Return the difference.
    #[method(signature = "(x, y, /)")]
    pub fn subtract(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::sub, this, x, y)
    }

    /// Return the product.
    #[method(signature = "(x, y, /)")]
    pub fn multiply(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::mul, this, x, y)
    }

    /// Return the quotient.
    #[method(signature = "(x, y, /)")]
    pub fn divide(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::div, this, x, y)
    }

    /// Return the integer part of the quotient.
    #[method(signature = "(x, y, /)")]
    pub fn divide_int(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::div_int, this, x, y)
    }

    /// Return the remainder of the integer division.
    #[method(signature = "(x, y, /)")]
    pub fn remainder(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::rem, this, x, y)
    }

    /// Return what remains after the nearest multiple.
    #[method(signature = "(x, y, /)")]
    pub fn remainder_near(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::rem_near, this, x, y)
    }

    /// Return x rounded to the exponent of y.
    #[method(signature = "(x, y, /)")]
    pub fn quantize(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(dec::quantize, this, x, y)
    }

    /// Compare two numbers by their representation.
    #[method(signature = "(x, y, /)")]
    pub fn compare_total(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(|a, b, _, _| dec::compare_total(a, b), this, x, y)
    }

    /// Compare two numbers by their representation, without signs.
    #[method(signature = "(x, y, /)")]
    pub fn compare_total_mag(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(|a, b, _, _| dec::compare_total_mag(a, b), this, x, y)
    }

    /// Return x with the sign of y.
    #[method(signature = "(x, y, /)")]
    pub fn copy_sign(this: &Context, x: &Object, y: &Object) -> PyResult {
        context_binary(|a, b, _, _| a.with_sign(b.neg), this, x, y)
    }

    /// Return True for numbers that are neither infinite nor NaN.
    #[method(signature = "(x, /)")]
    pub fn is_finite(_this: &Context, x: &Object) -> PyResult<bool> {
        let mut m = None;
        let d = argument(x, &mut m)?;
        Ok(d.is_finite())
    }

    /// Return True for infinities.
    #[method(signature = "(x, /)")]
    pub fn is_infinite(_this: &Context, x: &Object) -> PyResult<bool> {
        let mut m = None;
        let d = argument(x, &mut m)?;
        Ok(d.is_inf())
    }

    /// Return True for NaNs.
    #[method(signature = "(x, /)")]
    pub fn is_nan(_this: &Context, x: &Object) -> PyResult<bool> {
        let mut m = None;
        let d = argument(x, &mut m)?;
        Ok(d.is_nan())
    }

    /// Return True for quiet NaNs.
    #[method(signature = "(x, /)")]
    pub fn is_qnan(_this: &Context, x: &Object) -> PyResult<bool> {
        let mut m = None;
        let d = argument(x, &mut m)?;
        Ok(d.kind == Kind::Nan)
    }

    /// Return True for signaling NaNs.
    #[method(signature = "(x, /)")]
    pub fn is_snan(_this: &Context, x: &Object) -> PyResult<bool> {
        let mut m = None;
        let d = argument(x, &mut m)?;
        Ok(d.is_snan())
    }

    /// Return True for negative numbers.
    #[method(signature = "(x, /)")]
    pub fn is_signed(_this: &Context, x: &Object) -> PyResult<bool> {
        let mut m = None;
        let d = argument(x, &mut m)?;
        Ok(d.neg)
    }

    /// Return True for zeros.
    #[method(signature = "(x, /)")]
    pub fn is_zero(_this: &Context, x: &Object) -> PyResult<bool> {
        let mut m = None;
        let d = argument(x, &mut m)?;
        Ok(d.is_zero())
    }

    /// Return True for a finite number that is not zero and not subnormal.
    #[method(signature = "(x, /)")]
    pub fn is_normal(this: &Context, x: &Object) -> PyResult<bool> {
        let mut m = None;
        Ok(argument(x, &mut m)?.is_normal(&this.ctx()))
    }

    /// Return True for a subnormal number.
    #[method(signature = "(x, /)")]
    pub fn is_subnormal(this: &Context, x: &Object) -> PyResult<bool> {
        let mut m = None;
        Ok(argument(x, &mut m)?.is_subnormal(&this.ctx()))
    }

    fn decimal(x: &Object) -> PyResult<&Decimal> {
        match x.downcast::<Decimal>() {
            Some(d) => Ok(d),
            None => bail!(TypeError, "argument must be a Decimal"),
        }
    }

    /// Return True: all numbers are canonical.
    #[method(signature = "(x, /)")]
    pub fn is_canonical(_this: &Context, x: &Object) -> PyResult<bool> {
        decimal(x).map(|_| true)
    }

    /// Return the number itself.
    #[method(signature = "(x, /)")]
    pub fn canonical(_this: &Context, x: &Object) -> PyResult {
        decimal(x).map(|d| d.to_obj())
    }

    /// Return the class of the number as a string.
    #[method(signature = "(x, /)")]
    pub fn number_class(this: &Context, x: &Object) -> PyResult<&'static str> {
        let mut m = None;
        Ok(dec::class(argument(x, &mut m)?, &this.ctx()))
    }

    /// Test whether both have the same exponent, or both are infinite, or both are NaNs.
    #[method(signature = "(x, y, /)")]
    pub fn same_quantum(_this: &Context, x: &Object, y: &Object) -> PyResult<bool> {
        let (mut m, mut n) = (None, None);
        Ok(dec::same_quantum(argument(x, &mut m)?, argument(y, &mut n)?))
    }

    /// Return quotient and remainder of the integer division.
    #[method(signature = "(x, y, /)")]
    pub fn divmod(this: &Context, x: &Object, y: &Object) -> PyResult {
        let (mut m, mut n) = (None, None);
        divmod_in(argument(x, &mut m)?, argument(y, &mut n)?, this)
    }

    /// Return x * y + z, rounded once.
    #[method(signature = "(x, y, z, /)")]
    pub fn fma(this: &Context, x: &Object, y: &Object, z: &Object) -> PyResult {
        let (mut l, mut m, mut n) = (None, None, None);
        let mut st = 0;
        let r = dec::fma(argument(x, &mut l)?, argument(y, &mut m)?, argument(z, &mut n)?, &this.ctx(), &mut st);
        this.signal(st)?;
        Decimal::from_dec(r)
    }

    /// Return a ** b, or that modulo a number.
    #[method(signature = "(a, b, modulo=None)")]
    pub fn power(this: &Context, a: &Object, b: &Object, modulo: Option<&Object>) -> PyResult {
        let (mut l, mut m, mut n) = (None, None, None);
        let z = match modulo {
            Some(z) => Some(argument(z, &mut n)?),
            None => None,
        };
        power_in(argument(a, &mut l)?, argument(b, &mut m)?, z, this)
    }

    /// Return the number in scientific notation.
    #[method(signature = "(x, /)")]
    pub fn to_sci_string(this: &Context, x: &Object) -> PyResult {
        let mut m = None;
        to_str(argument(x, &mut m)?, this, false)
    }

    /// Return the number in engineering notation.
    #[method(signature = "(x, /)")]
    pub fn to_eng_string(this: &Context, x: &Object) -> PyResult {
        let mut m = None;
        to_str(argument(x, &mut m)?, this, true)
    }

    /// Make a number, rounded to the context.
    #[method(signature = "(num=unchanged, /)", shown = "(num=\"0\", /)")]
    pub fn create_decimal(this: &Context, num: Given<&Object>) -> PyResult {
        number::create(num.0, this)
    }

    /// Make a number of a float, rounded to the context.
    #[method(signature = "(f, /)")]
    pub fn create_decimal_from_float(this: &Context, f: &Object) -> PyResult {
        match number::from_real(f, "float")? {
            Some(d) => Decimal::from_dec(number::rounded(d, this)?),
            None => bail!(TypeError, "argument must be int or float"),
        }
    }

    /// Return the number, rounded: for subclasses.
    #[method(signature = "(object, /)")]
    pub fn _apply(this: &Context, object: &Object) -> PyResult {
        context_unary(|a, ctx, st| dec::finalize(a.clone(), ctx, st), this, object)
    }
}

use of_contexts as c;
use of_numbers as d;

/// The methods of `Decimal`.
pub static DECIMAL_METHODS: &[MethodDef] = &[
    d::exp::DEF,
    d::ln::DEF,
    d::log10::DEF,
    d::logb::DEF,
    d::logical_invert::DEF,
    d::next_minus::DEF,
    d::next_plus::DEF,
    d::normalize::DEF,
    d::sqrt::DEF,
    d::compare::DEF,
    d::compare_signal::DEF,
    d::max::DEF,
    d::max_mag::DEF,
    d::min::DEF,
    d::min_mag::DEF,
    d::next_toward::DEF,
    d::logical_and::DEF,
    d::logical_or::DEF,
    d::logical_xor::DEF,
    d::rotate::DEF,
    d::scaleb::DEF,
    d::shift::DEF,
    d::remainder_near::DEF,
    d::compare_total::DEF,
    d::compare_total_mag::DEF,
    d::copy_sign::DEF,
    d::same_quantum::DEF,
    d::fma::DEF,
    d::quantize::DEF,
    d::to_integral::DEF,
    d::to_integral_value::DEF,
    d::to_integral_exact::DEF,
    d::to_eng_string::DEF,
    d::number_class::DEF,
    d::is_normal::DEF,
    d::is_subnormal::DEF,
    d::is_finite::DEF,
    d::is_infinite::DEF,
    d::is_nan::DEF,
    d::is_qnan::DEF,
    d::is_snan::DEF,
    d::is_signed::DEF,
    d::is_zero::DEF,
    d::is_canonical::DEF,
    d::canonical::DEF,
    d::conjugate::DEF,
    d::radix::DEF,
    d::copy_abs::DEF,
    d::copy_negate::DEF,
    d::adjusted::DEF,
    d::as_tuple::DEF,
    d::as_integer_ratio::DEF,
    d::__round__::DEF,
    d::__trunc__::DEF,
    d::__floor__::DEF,
    d::__ceil__::DEF,
    d::__complex__::DEF,
    d::__copy__::DEF,
    d::__deepcopy__::DEF,
    d::__reduce__::DEF,
    d::__sizeof__::DEF,
    d::__format__::DEF,
    d::from_float::DEF,
    d::from_number::DEF,
    MethodDef::END,
];

/// The methods of `Context`.
pub static CONTEXT_METHODS: &[MethodDef] = &[
    c::exp::DEF,
    c::ln::DEF,
    c::log10::DEF,
    c::logb::DEF,
    c::logical_invert::DEF,
    c::next_minus::DEF,
    c::next_plus::DEF,
    c::normalize::DEF,
    c::sqrt::DEF,
    c::abs::DEF,
    c::minus::DEF,
    c::plus::DEF,
    c::to_integral::DEF,
    c::to_integral_value::DEF,
    c::to_integral_exact::DEF,
    c::copy_abs::DEF,
    c::copy_negate::DEF,
    c::copy_decimal::DEF,
    c::compare::DEF,
    c::compare_signal::DEF,
    c::max::DEF,
    c::max_mag::DEF,
    c::min::DEF,
    c::min_mag::DEF,
    c::next_toward::DEF,
    c::logical_and::DEF,
    c::logical_or::DEF,
    c::logical_xor::DEF,
    c::rotate::DEF,
    c::scaleb::DEF,
    c::shift::DEF,
    c::add::DEF,
    c::subtract::DEF,
    c::multiply::DEF,
    c::divide::DEF,
    c::divide_int::DEF,
    c::remainder::DEF,
    c::remainder_near::DEF,
    c::quantize::DEF,
    c::compare_total::DEF,
    c::compare_total_mag::DEF,
    c::copy_sign::DEF,
    c::is_finite::DEF,
    c::is_infinite::DEF,
    c::is_nan::DEF,
    c::is_qnan::DEF,
    c::is_snan::DEF,
    c::is_signed::DEF,
    c::is_zero::DEF,
    c::is_normal::DEF,
    c::is_subnormal::DEF,
    c::is_canonical::DEF,
    c::canonical::DEF,
    c::number_class::DEF,
    c::same_quantum::DEF,
    c::divmod::DEF,
    c::fma::DEF,
    c::power::DEF,
    c::to_sci_string::DEF,
    c::to_eng_string::DEF,
    c::create_decimal::DEF,
    c::create_decimal_from_float::DEF,
    c::_apply::DEF,
    OWN_METHODS[0],
    OWN_METHODS[1],
    OWN_METHODS[2],
    OWN_METHODS[3],
    OWN_METHODS[4],
    OWN_METHODS[5],
    OWN_METHODS[6],
    OWN_METHODS[7],
    MethodDef::END,
];
