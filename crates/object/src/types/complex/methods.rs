//! Construction, methods and the type object of `complex`.

use super::*;
use crate::args::{CallArgs, Param, Signature, bind_keywords, with_tuple_args};
use crate::header::Obj;
use crate::method::{MemberDef, member};
use crate::protocol::call::nargs;
use crate::protocol::number;
use crate::typeobj::slots::{NumberMethods, Slot};
use crate::types::exceptions;
use crate::types::int::to_ascii_digits;
use crate::types::iterators::tuple_of;
use crate::types::number_format;
use crate::{TypeDef, flags, hooks, members, methods};
use taipan_clinic::{classmethod, method};

static SIGNATURE: Signature = Signature {
    name: "complex",
    params: &[Param { name: "real", required: false }, Param { name: "imag", required: false }],
    posonly: 0,
    positional: 2,
    varargs: false,
    varkw: false,
};

/// `o.__complex__()` as a complex number, for objects that have the method; exact complex numbers are themselves.
fn through_method(o: &Object) -> PyResult<Option<Obj>> {
    if o.is_exact(&PyComplex_Type) {
        return Ok(Some(o.to_obj()));
    }
    let Some(r) = number::try_complex(o)? else { return Ok(None) };
    if r.is_exact(&PyComplex_Type) {
        return Ok(Some(r));
    }
    let ty = r.ty().name_str();
    if r.downcast::<Complex>().is_none() {
        bail!(TypeError, "__complex__ returned non-complex (type {ty})");
    }
    let text = format!(
        "__complex__ returned non-complex (type {ty}).  The ability to return an instance of a strict subclass of complex is deprecated, and may not be supported in a future version of Python."
    );
    (hooks::get().warn)(exceptions::DeprecationWarning, &text, 1)?;
    Ok(Some(r))
}

/// Whether the object converts to a real number.
fn is_real(o: &Object) -> bool {
    o.ty().number().is_some_and(|n| n.float.get().is_some() || n.index.get().is_some())
}

/// Any number as a complex value (`PyComplex_AsCComplex`).
pub fn to_complex(o: &Object) -> PyResult<Value> {
    if let Some(c) = o.downcast::<Complex>() {
        return Ok(c.value());
    }
    match through_method(o)? {
        Some(c) => Ok(c.cast::<Complex>().value()),
        None => Ok(Value::new(o.to_f64()?, 0.0)),
    }
}

/// `complex(x)`.
fn construct_single(cls: &Type, x: &Object) -> PyResult {
    if std::ptr::eq(cls, &PyComplex_Type) && x.is_exact(&PyComplex_Type) {
        return Ok(x.to_obj());
    }
    let v = if let Some(s) = x.downcast::<Str>() {
        match taipan_numeric::complex::parse(&to_ascii_digits(s)) {
            Some(v) => v,
            None => bail!(ValueError, "complex() arg is a malformed string"),
        }
    } else if let Some(c) = through_method(x)? {
        c.cast::<Complex>().value()
    } else if let Some(c) = x.downcast::<Complex>() {
        c.value()
    } else if is_real(x) {
        Value::new(number::to_float(x)?.value(), 0.0)
    } else {
        bail!(TypeError, "complex() argument must be a string or a number, not {}", x.ty().name_str());
    };
    Complex::new_in_class(cls, v.re, v.im)
}

#[cold]
fn not_real(name: &str, o: &Object) -> String {
    format!("complex() argument '{name}' must be a real number, not {}", o.ty().name_str())
}

/// `complex(real, imag)` with at least one of them by name or both by position.
fn construct_parts(cls: &Type, real: Option<&Object>, imag: Option<&Object>) -> PyResult {
    let mut re = Value::new(0.0, 0.0);
    let mut real_is_complex = false;
    let converted = match real {
        Some(r) => through_method(r)?,
        None => None,
    };
    let is_number = |o: &Object| is_real(o) || o.downcast::<Complex>().is_some();
    if let Some(r) = real
        && converted.is_none()
        && !is_number(r)
    {
        bail!(TypeError, "{}", not_real("real", r));
    }
    if let Some(i) = imag
        && !is_number(i)
    {
        bail!(TypeError, "{}", not_real("imag", i));
    }
    if let Some(r) = real {
        let c = converted.as_deref().unwrap_or(r);
        if let Some(c) = c.downcast::<Complex>() {
            re = c.value();
            real_is_complex = true;
            if !is_real(r) {
                (hooks::get().warn)(exceptions::DeprecationWarning, &not_real("real", r), 1)?;
            }
        } else {
            re.re = number::to_float(c)?.value();
        }
    }
    // Complex parts are added up as if the number were written real + imag * 1j.
    let im = match imag {
        None => re.im,
        Some(i) => {
            let mut im = if let Some(c) = i.downcast::<Complex>() {
                (hooks::get().warn)(exceptions::DeprecationWarning, &not_real("imag", i), 1)?;
                re.re -= c.imag();
                c.real()
            } else {
                number::to_float(i)?.value()
            };
            if real_is_complex {
                im += re.im;
            }
            im
        }
    };
    Complex::new_in_class(cls, re.re, im)
}

fn construct(cls: &Type, call: CallArgs<'_>) -> PyResult {
    if let ([x], true) = (call.positional(), call.keywords().is_empty()) {
        return construct_single(cls, x);
    }
    let mut out = [None; 2];
    bind_keywords(&SIGNATURE, call, &mut out)?;
    construct_parts(cls, out[0], out[1])
}

extern "C" fn complex_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("complex", args, kwargs, |call| construct(cls, call))
}

unsafe extern "C" fn complex_vectorcall(
    cls: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: PEP 590.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    construct(cls.cast(), call)
}

/// A number as a complex number; text is not accepted.
#[classmethod(signature = "(number, /)")]
fn from_number(cls: &Type, number: &Object) -> PyResult {
    if std::ptr::eq(cls, &PyComplex_Type) && number.is_exact(&PyComplex_Type) {
        return Ok(number.to_obj());
    }
    let v = to_complex(number)?;
    let c = Complex::new(v.re, v.im);
    if std::ptr::eq(cls, &PyComplex_Type) { Ok(c.into_obj()) } else { cls.as_object().call_one(&c) }
}

/// The complex conjugate: the same number with the sign of the imaginary part changed.
#[method]
fn conjugate(this: &Complex) -> Ref<Complex> {
    Complex::new(this.real(), -this.imag())
}

/// The number as an exact complex.
#[method]
fn __complex__(this: &Complex) -> Ref<Complex> {
    Complex::exact(this)
}

/// What copying and pickling pass to __new__.
#[method]
fn __getnewargs__(this: &Complex) -> Obj {
    tuple_of([Float::new(this.real()).into_obj(), Float::new(this.imag()).into_obj()]).into_obj()
}

/// The value as text in the way that format_spec says.
#[method(signature = "(format_spec, /)")]
fn __format__(this: &Complex, format_spec: &Str) -> PyResult {
    number_format::format_complex(this, this.real(), this.imag(), format_spec)
}

static AS_NUMBER: NumberMethods = NumberMethods {
    add: Slot::new(complex_add),
    subtract: Slot::new(complex_subtract),
    multiply: Slot::new(complex_multiply),
    power: Slot::new(complex_power),
    negative: Slot::new(complex_negative),
    positive: Slot::new(complex_positive),
    absolute: Slot::new(complex_absolute),
    bool_: Slot::new(complex_bool),
    true_divide: Slot::new(complex_true_divide),
    ..NumberMethods::EMPTY
};

/// The type `complex`.
#[unsafe(no_mangle)]
pub static PyComplex_Type: Type = Type::new_static(TypeDef {
    name: c"complex",
    basicsize: size_of::<Complex>(),
    flags: flags::BASETYPE,
    doc: Some(
        c"complex(real=0, imag=0)\n--\n\nThe complex number real + imag*1j, or the one that a single text stands for.",
    ),
    dealloc: Some(crate::alloc::dealloc_of::<Complex>),
    repr: Some(complex_repr),
    as_number: Some(&AS_NUMBER),
    hash: Some(complex_hash),
    richcompare: Some(complex_richcompare),
    methods: methods![from_number, conjugate, __complex__, __getnewargs__, __format__],
    members: members![
        MemberDef::new(c"real", member::DOUBLE, offset_of!(Complex, real), member::READONLY).doc(c"The real part."),
        MemberDef::new(c"imag", member::DOUBLE, offset_of!(Complex, imag), member::READONLY)
            .doc(c"The imaginary part."),
    ],
    new: Some(complex_new),
    vectorcall: Some(complex_vectorcall),
    ..TypeDef::EMPTY
});

/// The types of this module.
pub static TYPES: &[&Type] = &[&PyComplex_Type];
