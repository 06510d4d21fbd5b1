//! `_operator`: the operators as functions, and the getters of `getters.rs`.

mod getters;

use taipan_object::args::{Given, KwArgs};
use taipan_object::buffer::Buffer;
use taipan_object::protocol::compare::CompareOp;
use taipan_object::protocol::number;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::{Obj, Object, PyResult, bail, function, methods};

macro_rules! binary {
    ($($(#[$doc:meta])* $rust:ident, $py:literal = $f:path;)*) => { $(
        $(#[$doc])*
        #[function(signature = "(a, b, /)", name = $py)]
        fn $rust(a: &Object, b: &Object) -> PyResult {
            $f(a, b)
        }
    )* };
}

binary! {
    /// Same as a + b.
    add, "add" = number::add;
    /// Same as a - b.
    sub, "sub" = number::subtract;
    /// Same as a * b.
    mul, "mul" = number::multiply;
    /// Same as a @ b.
    matmul, "matmul" = number::matrix_multiply;
    /// Same as a // b.
    floordiv, "floordiv" = number::floor_divide;
    /// Same as a / b.
    truediv, "truediv" = number::true_divide;
    /// Same as a % b.
    mod_, "mod" = number::remainder;
    /// Same as a << b.
    lshift, "lshift" = number::lshift;
    /// Same as a >> b.
    rshift, "rshift" = number::rshift;
    /// Same as a & b.
    and_, "and_" = number::and;
    /// Same as a ^ b.
    xor, "xor" = number::xor;
    /// Same as a | b.
    or_, "or_" = number::or;
    /// Same as a += b.
    iadd, "iadd" = number::inplace_add;
    /// Same as a -= b.
    isub, "isub" = number::inplace_subtract;
    /// Same as a *= b.
    imul, "imul" = number::inplace_multiply;
    /// Same as a @= b.
    imatmul, "imatmul" = number::inplace_matrix_multiply;
    /// Same as a //= b.
    ifloordiv, "ifloordiv" = number::inplace_floor_divide;
    /// Same as a /= b.
    itruediv, "itruediv" = number::inplace_true_divide;
    /// Same as a %= b.
    imod, "imod" = number::inplace_remainder;
    /// Same as a <<= b.
    ilshift, "ilshift" = number::inplace_lshift;
    /// Same as a >>= b.
    irshift, "irshift" = number::inplace_rshift;
    /// Same as a &= b.
    iand, "iand" = number::inplace_and;
    /// Same as a ^= b.
    ixor, "ixor" = number::inplace_xor;
    /// Same as a |= b.
    ior, "ior" = number::inplace_or;
    /// Same as a **= b.
    ipow, "ipow" = number::inplace_power;
    /// Same as a ** b.
    pow, "pow" = power;
    /// Same as a + b for sequences.
    concat, "concat" = concatenate;
    /// Same as a += b for sequences.
    iconcat, "iconcat" = inplace_concatenate;
    /// Same as a < b.
    lt, "lt" = less;
    /// Same as a <= b.
    le, "le" = less_equal;
    /// Same as a == b.
    eq, "eq" = equal;
    /// Same as a != b.
    ne, "ne" = not_equal;
    /// Same as a >= b.
    ge, "ge" = greater_equal;
    /// Same as a > b.
    gt, "gt" = greater;
}

fn power(a: &Object, b: &Object) -> PyResult {
    number::power(a, b, taipan_object::types::none::none())
}

fn is_concatenable(o: &Object) -> bool {
    o.is_sequence()
}

fn concatenate(a: &Object, b: &Object) -> PyResult {
    if let Some(f) = a.ty().sequence().and_then(|s| s.concat.get()) {
        return f(a, b);
    }
    // Classes with `__add__` and `__getitem__` count as sequences too.
    if is_concatenable(a) && is_concatenable(b) {
        return number::add(a, b);
    }
    bail!(TypeError, "'{}' object can't be concatenated", a.ty().name_str())
}

fn inplace_concatenate(a: &Object, b: &Object) -> PyResult {
    let slots = a.ty().sequence();
    if let Some(f) = slots.and_then(|s| s.inplace_concat.get().or(s.concat.get())) {
        return f(a, b);
    }
    if is_concatenable(a) && is_concatenable(b) {
        return number::inplace_add(a, b);
    }
    bail!(TypeError, "'{}' object can't be concatenated", a.ty().name_str())
}

fn less(a: &Object, b: &Object) -> PyResult {
    a.rich_compare(b, CompareOp::Lt)
}
fn less_equal(a: &Object, b: &Object) -> PyResult {
    a.rich_compare(b, CompareOp::Le)
}
fn equal(a: &Object, b: &Object) -> PyResult {
    a.rich_compare(b, CompareOp::Eq)
}
fn not_equal(a: &Object, b: &Object) -> PyResult {
    a.rich_compare(b, CompareOp::Ne)
}
fn greater_equal(a: &Object, b: &Object) -> PyResult {
    a.rich_compare(b, CompareOp::Ge)
}
fn greater(a: &Object, b: &Object) -> PyResult {
    a.rich_compare(b, CompareOp::Gt)
}

/// Return True if a is true, False otherwise.
#[function(signature = "(a, /)")]
fn truth(a: &Object) -> PyResult<bool> {
    a.is_true()
}

/// Same as not a.
#[function(signature = "(a, /)")]
fn not_(a: &Object) -> PyResult<bool> {
    Ok(!a.is_true()?)
}

/// Same as abs(a).
#[function(signature = "(a, /)")]
fn abs(a: &Object) -> PyResult {
    number::absolute(a)
}

/// Same as -a.
#[function(signature = "(a, /)")]
fn neg(a: &Object) -> PyResult {
    number::negative(a)
}

/// Same as +a.
#[function(signature = "(a, /)")]
fn pos(a: &Object) -> PyResult {
    number::positive(a)
}

/// Same as ~a.
#[function(signature = "(a, /)")]
fn inv(a: &Object) -> PyResult {
    number::invert(a)
}

/// Same as ~a.
#[function(signature = "(a, /)")]
fn invert(a: &Object) -> PyResult {
    number::invert(a)
}

/// Return a as an integer, by a.__index__().
#[function(signature = "(a, /)")]
fn index(a: &Object) -> PyResult {
    number::index(a).map(Into::into)
}

/// Same as a is b.
#[function(signature = "(a, b, /)")]
fn is_(a: &Object, b: &Object) -> bool {
    a.is(b)
}

/// Same as a is not b.
#[function(signature = "(a, b, /)")]
fn is_not(a: &Object, b: &Object) -> bool {
    !a.is(b)
}

/// Same as a is None.
#[function(signature = "(a, /)")]
fn is_none(a: &Object) -> bool {
    a.is_none()
}

/// Same as a is not None.
#[function(signature = "(a, /)")]
fn is_not_none(a: &Object) -> bool {
    !a.is_none()
}

/// Same as b in a (note reversed operands).
#[function(signature = "(a, b, /)")]
fn contains(a: &Object, b: &Object) -> PyResult<bool> {
    a.contains(b)
}

fn iterate(a: &Object) -> PyResult<Obj> {
    a.iter().or_else(|e| {
        if !e.matches(exceptions::TypeError) {
            return Err(e);
        }
        e.clear();
        bail!(TypeError, "argument of type '{}' is not iterable", a.ty().name_str())
    })
}

/// Return how often an item equal to b is in a.
#[function(signature = "(a, b, /)", name = "countOf")]
fn count_of(a: &Object, b: &Object) -> PyResult<isize> {
    let it = iterate(a)?;
    let mut n: isize = 0;
    while let Some(x) = it.next()? {
        if x.eq(b)? {
            if n == isize::MAX {
                bail!(OverflowError, "count exceeds C integer size");
            }
            n += 1;
        }
    }
    Ok(n)
}

/// Return the index of the first item of a that equals b.
#[function(signature = "(a, b, /)", name = "indexOf")]
fn index_of(a: &Object, b: &Object) -> PyResult<isize> {
    let it = iterate(a)?;
    let mut n: isize = 0;
    while let Some(x) = it.next()? {
        if x.eq(b)? {
            return Ok(n);
        }
        if n == isize::MAX {
            bail!(OverflowError, "index exceeds C integer size");
        }
        n += 1;
    }
    bail!(ValueError, "sequence.index(x): x not in sequence")
}

/// Same as a[b].
#[function(signature = "(a, b, /)")]
fn getitem(a: &Object, b: &Object) -> PyResult {
    a.get_item(b)
}

/// Same as a[b] = c.
#[function(signature = "(a, b, c, /)")]
fn setitem(a: &Object, b: &Object, c: &Object) -> PyResult<()> {
    a.set_item(b, c)
}

/// Same as del a[b].
#[function(signature = "(a, b, /)")]
fn delitem(a: &Object, b: &Object) -> PyResult<()> {
    a.del_item(b)
}

/// Return an estimate of the number of items in obj.
#[function(signature = "(obj, default=0, /)")]
fn length_hint(obj: &Object, default: Given<&Object>) -> PyResult<isize> {
    let default = match default.0 {
        None => 0,
        Some(d) if d.downcast::<Int>().is_some() => d.index_as_isize(Some(exceptions::OverflowError))?,
        Some(d) => number::index(d)?.as_object_isize()?,
    };
    // A negative default comes back as it is when there is no hint.
    if default < 0 {
        const NO_HINT: usize = isize::MAX as usize;
        let n = obj.length_hint(NO_HINT)?;
        return Ok(if n == NO_HINT { default } else { n as isize });
    }
    Ok(obj.length_hint(default as usize)? as isize)
}

/// Same as obj(*args, **kwargs).
#[function(signature = "(obj, /, *args, **kwargs)")]
fn call(obj: &Object, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    match kwargs.names() {
        None => obj.call(args),
        Some(names) => {
            let mut all = args.to_vec();
            all.extend_from_slice(kwargs.values());
            obj.call_kw(&all, args.len(), names)
        }
    }
}

/// Whether two texts are equal, in a time that depends on their lengths only.
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    let same_length = a.len() == b.len();
    let left = if same_length { a } else { b };
    let mut difference = u8::from(!same_length);
    for (x, y) in left.iter().zip(b) {
        difference |= std::hint::black_box(x ^ y);
    }
    std::hint::black_box(difference) == 0
}

/// Return a == b for ASCII text or bytes, taking a time that does not tell where they differ.
#[function(signature = "(a, b, /)")]
fn _compare_digest(a: &Object, b: &Object) -> PyResult<bool> {
    if let (Some(x), Some(y)) = (a.downcast::<Str>(), b.downcast::<Str>()) {
        if !x.is_ascii() || !y.is_ascii() {
            bail!(TypeError, "comparing strings with non-ASCII characters is not supported");
        }
        return Ok(same_bytes(x.data_bytes(), y.data_bytes()));
    }
    if !taipan_object::buffer::supports(a) || !taipan_object::buffer::supports(b) {
        bail!(
            TypeError,
            "unsupported operand types(s) or combination of types: '{}' and '{}'",
            a.ty().name_str(),
            b.ty().name_str()
        );
    }
    let (x, y) = (Buffer::get(a)?, Buffer::get(b)?);
    if x.raw().ndim() > 1 || y.raw().ndim() > 1 {
        bail!(BufferError, "Buffer must be single dimension");
    }
    Ok(same_bytes(x.as_slice(), y.as_slice()))
}

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&getters::ITEM_GETTER_TYPE)?;
    m.add_type(&getters::ATTR_GETTER_TYPE)?;
    m.add_type(&getters::METHOD_CALLER_TYPE)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_operator",
    doc: "The operators as functions.",
    methods: methods![
        truth,
        contains,
        index_of,
        count_of,
        is_,
        is_not,
        is_none,
        is_not_none,
        add,
        sub,
        mul,
        matmul,
        floordiv,
        truediv,
        mod_,
        neg,
        pos,
        abs,
        inv,
        invert,
        index,
        length_hint,
        call,
        lshift,
        rshift,
        not_,
        and_,
        xor,
        or_,
        iadd,
        isub,
        imul,
        imatmul,
        ifloordiv,
        itruediv,
        imod,
        ilshift,
        irshift,
        iand,
        ixor,
        ior,
        concat,
        iconcat,
        getitem,
        setitem,
        delitem,
        pow,
        ipow,
        eq,
        ne,
        lt,
        le,
        gt,
        ge,
        _compare_digest,
    ],
    exec,
};
