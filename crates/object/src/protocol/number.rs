//! Operators: the number protocol, with the fall-back to sequences for `+` and `*`.

use crate::error::PyResult;
use crate::header::{Layout, Obj, Object, Ref};
use crate::protocol::compare::is_not_implemented;
use crate::typeobj::slots::{BinaryFunc, NumberMethods, Slot, TernaryFunc, UnaryFunc};
use crate::types::exceptions;
use crate::types::float::Float;
use crate::types::int::Int;
use crate::types::none;
use crate::{Raised, Type, bail, intern, raise};

type BinarySlot = fn(&NumberMethods) -> &Slot<BinaryFunc>;

#[inline]
fn slot_of(o: &Object, slot: BinarySlot) -> Option<BinaryFunc> {
    o.ty().number().and_then(|n| slot(n).get())
}

/// Both operands' slots in the right order; `NotImplemented` when both decline.
#[inline]
fn binary_op1(a: &Object, b: &Object, slot: BinarySlot) -> PyResult {
    let fa = slot_of(a, slot);
    let mut fb = None;
    if !std::ptr::eq(a.ty_ptr(), b.ty_ptr()) {
        fb = slot_of(b, slot).filter(|f| fa.is_none_or(|g| *f as usize != g as usize));
    }
    if let Some(f) = fa {
        if let Some(g) = fb
            && b.ty().is_subtype(a.ty())
        {
            let r = g(a, b)?;
            if !is_not_implemented(&r) {
                return Ok(r);
            }
            fb = None;
        }
        let r = f(a, b)?;
        if !is_not_implemented(&r) {
            return Ok(r);
        }
    }
    if let Some(g) = fb {
        return g(a, b);
    }
    Ok(none::not_implemented().to_obj())
}

#[cold]
fn unsupported(a: &Object, b: &Object, symbol: &str) -> Raised {
    raise!(TypeError, "unsupported operand type(s) for {symbol}: '{}' and '{}'", a.ty().name_str(), b.ty().name_str())
}

fn binary_op(a: &Object, b: &Object, slot: BinarySlot, symbol: &str) -> PyResult {
    let r = binary_op1(a, b, slot)?;
    if is_not_implemented(&r) {
        if symbol == ">>"
            && a.is_exact(&crate::types::cfunction::PyCFunction_Type)
            && a.cast::<crate::types::cfunction::CFunction>().name() == "print"
        {
            bail!(
                TypeError,
                "unsupported operand type(s) for {symbol}: '{}' and '{}'. Did you mean \"print(<message>, file=<output_stream>)\"?",
                a.ty().name_str(),
                b.ty().name_str()
            );
        }
        return Err(unsupported(a, b, symbol));
    }
    Ok(r)
}

fn inplace_op1(a: &Object, b: &Object, inplace: BinarySlot, slot: BinarySlot) -> PyResult {
    if let Some(f) = slot_of(a, inplace) {
        let r = f(a, b)?;
        if !is_not_implemented(&r) {
            return Ok(r);
        }
    }
    binary_op1(a, b, slot)
}

fn inplace_op(a: &Object, b: &Object, inplace: BinarySlot, slot: BinarySlot, symbol: &str) -> PyResult {
    let r = inplace_op1(a, b, inplace, slot)?;
    if is_not_implemented(&r) { Err(unsupported(a, b, symbol)) } else { Ok(r) }
}

macro_rules! operators {
    ($($name:ident, $inplace:ident, $slot:ident, $islot:ident, $symbol:literal;)*) => { $(
        #[doc = concat!("`a ", $symbol, " b`.")]
        pub fn $name(a: &Object, b: &Object) -> PyResult { binary_op(a, b, |n| &n.$slot, $symbol) }
        #[doc = concat!("`a ", $symbol, "= b`: the new value of `a`.")]
        pub fn $inplace(a: &Object, b: &Object) -> PyResult { inplace_op(a, b, |n| &n.$islot, |n| &n.$slot, concat!($symbol, "=")) }
    )* };
}

operators! {
    subtract, inplace_subtract, subtract, inplace_subtract, "-";
    floor_divide, inplace_floor_divide, floor_divide, inplace_floor_divide, "//";
    true_divide, inplace_true_divide, true_divide, inplace_true_divide, "/";
    remainder, inplace_remainder, remainder, inplace_remainder, "%";
    matrix_multiply, inplace_matrix_multiply, matrix_multiply, inplace_matrix_multiply, "@";
    lshift, inplace_lshift, lshift, inplace_lshift, "<<";
    rshift, inplace_rshift, rshift, inplace_rshift, ">>";
    and, inplace_and, and, inplace_and, "&";
    or, inplace_or, or, inplace_or, "|";
    xor, inplace_xor, xor, inplace_xor, "^";
}

/// `divmod(a, b)`.
pub fn divmod(a: &Object, b: &Object) -> PyResult {
    binary_op(a, b, |n| &n.divmod, "divmod()")
}

/// `a + b`.
pub fn add(a: &Object, b: &Object) -> PyResult {
    let r = binary_op1(a, b, |n| &n.add)?;
    if !is_not_implemented(&r) {
        return Ok(r);
    }
    match a.ty().sequence().and_then(|s| s.concat.get()) {
        Some(f) => f(a, b),
        None => Err(unsupported(a, b, "+")),
    }
}

/// `a += b`.
pub fn inplace_add(a: &Object, b: &Object) -> PyResult {
    let r = inplace_op1(a, b, |n| &n.inplace_add, |n| &n.add)?;
    if !is_not_implemented(&r) {
        return Ok(r);
    }
    match a.ty().sequence().and_then(|s| s.inplace_concat.get().or(s.concat.get())) {
        Some(f) => f(a, b),
        None => Err(unsupported(a, b, "+=")),
    }
}

fn repeat(f: crate::typeobj::slots::SizeArgFunc, seq: &Object, n: &Object) -> PyResult {
    if !has_index(n) {
        bail!(TypeError, "can't multiply sequence by non-int of type '{}'", n.ty().name_str());
    }
    f(seq, n.index_as_isize(Some(exceptions::OverflowError))?)
}

/// `a * b`.
pub fn multiply(a: &Object, b: &Object) -> PyResult {
    let r = binary_op1(a, b, |n| &n.multiply)?;
    if !is_not_implemented(&r) {
        return Ok(r);
    }
    if let Some(f) = a.ty().sequence().and_then(|s| s.repeat.get()) {
        return repeat(f, a, b);
    }
    if let Some(f) = b.ty().sequence().and_then(|s| s.repeat.get()) {
        return repeat(f, b, a);
    }
    Err(unsupported(a, b, "*"))
}

/// `a *= b`.
pub fn inplace_multiply(a: &Object, b: &Object) -> PyResult {
    let r = inplace_op1(a, b, |n| &n.inplace_multiply, |n| &n.multiply)?;
    if !is_not_implemented(&r) {
        return Ok(r);
    }
    if let Some(s) = a.ty().sequence()
        && let Some(f) = s.inplace_repeat.get().or(s.repeat.get())
    {
        return repeat(f, a, b);
    }
    if let Some(f) = b.ty().sequence().and_then(|s| s.repeat.get()) {
        return repeat(f, b, a);
    }
    Err(unsupported(a, b, "*="))
}

fn power_slot(o: &Object, slot: fn(&NumberMethods) -> &Slot<TernaryFunc>) -> Option<TernaryFunc> {
    o.ty().number().and_then(|n| slot(n).get())
}

/// `nb_power` of all three operands in their order; `NotImplemented` when all decline.
fn ternary_op1(a: &Object, b: &Object, c: &Object) -> PyResult {
    let fa = power_slot(a, |n| &n.power);
    let mut fb = None;
    if !std::ptr::eq(a.ty_ptr(), b.ty_ptr()) {
        fb = power_slot(b, |n| &n.power).filter(|f| fa.is_none_or(|g| *f as usize != g as usize));
    }
    if let Some(f) = fa {
        if let Some(g) = fb
            && b.ty().is_subtype(a.ty())
        {
            let r = g(a, b, c)?;
            if !is_not_implemented(&r) {
                return Ok(r);
            }
            fb = None;
        }
        let r = f(a, b, c)?;
        if !is_not_implemented(&r) {
            return Ok(r);
        }
    }
    if let Some(g) = fb {
        let r = g(a, b, c)?;
        if !is_not_implemented(&r) {
            return Ok(r);
        }
    }
    if let Some(h) = power_slot(c, |n| &n.power)
        && fa.is_none_or(|f| f as usize != h as usize)
        && fb.is_none_or(|f| f as usize != h as usize)
    {
        return h(a, b, c);
    }
    Ok(none::not_implemented().to_obj())
}

fn power_unsupported(a: &Object, b: &Object, c: &Object, symbol: &str) -> Raised {
    if c.is_none() {
        return unsupported(a, b, symbol);
    }
    raise!(
        TypeError,
        "unsupported operand type(s) for {symbol}: '{}', '{}', '{}'",
        a.ty().name_str(),
        b.ty().name_str(),
        c.ty().name_str()
    )
}

/// `pow(a, b, c)`; `c` is `None` for `a ** b`.
pub fn power(a: &Object, b: &Object, c: &Object) -> PyResult {
    let r = ternary_op1(a, b, c)?;
    if is_not_implemented(&r) { Err(power_unsupported(a, b, c, "** or pow()")) } else { Ok(r) }
}

/// `a **= b`.
pub fn inplace_power(a: &Object, b: &Object) -> PyResult {
    let c = none::none();
    if let Some(f) = power_slot(a, |n| &n.inplace_power) {
        let r = f(a, b, c)?;
        if !is_not_implemented(&r) {
            return Ok(r);
        }
    }
    let r = ternary_op1(a, b, c)?;
    if is_not_implemented(&r) { Err(power_unsupported(a, b, c, "**=")) } else { Ok(r) }
}

fn unary(o: &Object, slot: fn(&NumberMethods) -> &Slot<UnaryFunc>, what: &str) -> PyResult {
    match o.ty().number().and_then(|n| slot(n).get()) {
        Some(f) => f(o),
        None => bail!(TypeError, "bad operand type for {what}: '{}'", o.ty().name_str()),
    }
}

/// `-o`.
pub fn negative(o: &Object) -> PyResult {
    unary(o, |n| &n.negative, "unary -")
}
/// `+o`.
pub fn positive(o: &Object) -> PyResult {
    unary(o, |n| &n.positive, "unary +")
}
/// `~o`.
pub fn invert(o: &Object) -> PyResult {
    unary(o, |n| &n.invert, "unary ~")
}
/// `abs(o)`.
pub fn absolute(o: &Object) -> PyResult {
    unary(o, |n| &n.absolute, "abs()")
}

/// Whether the object has `__index__` (`PyIndex_Check`).
#[inline(always)]
pub fn has_index(o: &Object) -> bool {
    o.is_exact(Int::type_object()) || o.ty().number().is_some_and(|n| n.index.get().is_some())
}

/// Calls a slot that should give an `int`; a strict subclass is accepted with a `DeprecationWarning`.
fn int_from_slot(o: &Object, f: UnaryFunc, name: &str) -> PyResult<Ref<Int>> {
    let r = f(o)?;
    if r.is_exact(Int::type_object()) {
        // SAFETY: exact ints are laid out as `Int`.
        return Ok(unsafe { r.cast_into_unchecked() });
    }
    let Ok(i) = r.clone().downcast_into::<Int>() else {
        bail!(TypeError, "{name} returned non-int (type {})", r.ty().name_str());
    };
    let text = format!(
        "{name} returned non-int (type {}).  The ability to return an instance of a strict subclass of int is deprecated, and may be removed in a future version of Python.",
        r.ty().name_str()
    );
    (crate::hooks::get().warn)(exceptions::DeprecationWarning, &text, 1)?;
    Ok(i)
}

/// `operator.index(o)`, perhaps an instance of a subclass of `int` (`_PyNumber_Index`).
pub fn index(o: &Object) -> PyResult<Ref<Int>> {
    if let Some(i) = o.downcast::<Int>() {
        return Ok(Ref::from_borrowed(i));
    }
    match o.ty().number().and_then(|n| n.index.get()) {
        Some(f) => int_from_slot(o, f, "__index__"),
        None => bail!(TypeError, "'{}' object cannot be interpreted as an integer", o.ty().name_str()),
    }
}

/// `int(o)` for any object (`PyNumber_Long`), without a base.
pub fn to_int(o: &Object) -> PyResult<Ref<Int>> {
    if o.is_exact(Int::type_object()) {
        return Ok(Ref::from_borrowed(o.cast()));
    }
    if let Some(n) = o.ty().number() {
        if let Some(f) = n.int.get() {
            return Ok(Int::exact(&*int_from_slot(o, f, "__int__")?));
        }
        if n.index.get().is_some() {
            return Ok(Int::exact(&*index(o)?));
        }
    }
    crate::types::int::from_text_object(o)
}

/// `float(o)` for any object (`PyNumber_Float`).
pub fn to_float(o: &Object) -> PyResult<Ref<Float>> {
    if o.is_exact(Float::type_object()) {
        return Ok(Ref::from_borrowed(o.cast()));
    }
    if let Some(n) = o.ty().number()
        && (n.float.get().is_some() || n.index.get().is_some())
    {
        return Ok(Float::new(o.converted_to_f64()?));
    }
    crate::types::float::from_text_object(o)
}

impl Object {
    /// An index as a machine integer. `overflow` is the exception for values that do not fit; `None` clips them
    /// (`PyNumber_AsSsize_t`).
    #[inline(always)]
    pub fn index_as_isize(&self, overflow: Option<&Type>) -> PyResult<isize> {
        if let Some(i) = self.downcast_exact::<Int>()
            && let Some(v) = i.compact()
        {
            return Ok(v as isize);
        }
        self.any_index_as_isize(overflow)
    }

    #[inline(never)]
    fn any_index_as_isize(&self, overflow: Option<&Type>) -> PyResult<isize> {
        let i = index(self)?;
        match (i.to_i64(), overflow) {
            (Some(n), _) => Ok(n as isize),
            (None, None) => Ok(if i.is_negative() { isize::MIN } else { isize::MAX }),
            (None, Some(ty)) => Err(crate::error::raise_fmt(
                ty,
                format_args!("cannot fit '{}' into an index-sized integer", self.ty().name_str()),
            )),
        }
    }

    /// An integer that fits 64 bits (`PyLong_AsLong` on its `__index__`).
    pub fn as_i64(&self) -> PyResult<i64> {
        match index(self)?.to_i64() {
            Some(n) => Ok(n),
            None => bail!(OverflowError, "Python int too large to convert to C long"),
        }
    }

    /// An integer that fits 64 unsigned bits.
    pub fn as_u64(&self) -> PyResult<u64> {
        let i = index(self)?;
        match i.to_u64() {
            Some(n) => Ok(n),
            None if i.is_negative() => bail!(OverflowError, "can't convert negative value to unsigned int"),
            None => bail!(OverflowError, "Python int too large to convert to C unsigned long"),
        }
    }

    /// A real number as a double: `__float__`, else `__index__` (`PyFloat_AsDouble`).
    pub fn to_f64(&self) -> PyResult<f64> {
        match self.downcast::<Float>() {
            Some(f) => Ok(f.value()),
            None => self.converted_to_f64(),
        }
    }

    /// The answer of `__float__`, which subclasses of `float` may define too; else of `__index__`.
    fn converted_to_f64(&self) -> PyResult<f64> {
        let n = self.ty().number();
        if let Some(f) = n.and_then(|n| n.float.get()) {
            let r = f(self)?;
            if r.is_exact(Float::type_object()) {
                return Ok(r.cast::<Float>().value());
            }
            let Some(v) = r.downcast::<Float>().map(Float::value) else {
                bail!(TypeError, "{}.__float__ returned non-float (type {})", self.ty().name_str(), r.ty().name_str());
            };
            let text = format!(
                "{}.__float__ returned non-float (type {}).  The ability to return an instance of a strict subclass of float is deprecated, and may be removed in a future version of Python.",
                self.ty().name_str(),
                r.ty().name_str()
            );
            (crate::hooks::get().warn)(exceptions::DeprecationWarning, &text, 1)?;
            return Ok(v);
        }
        if n.and_then(|n| n.index.get()).is_some() {
            return index(self)?.to_f64_checked();
        }
        bail!(TypeError, "must be real number, not {}", self.ty().name_str())
    }
}

/// `o.__complex__()` if the type has it.
pub fn try_complex(o: &Object) -> PyResult<Option<Obj>> {
    match o.lookup_special(intern!("__complex__"))? {
        Some(f) => f.call_noargs().map(Some),
        None => Ok(None),
    }
}
