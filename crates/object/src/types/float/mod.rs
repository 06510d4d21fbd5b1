//! The type `float`: layout and construction.
//!
//! - `arith.rs`: operators; `methods.rs`: methods and the type object

mod arith;
mod methods;

pub use arith::{hash_of, partial_cmp_int, pow};
pub use methods::{PyFloat_Type, TYPES};

use crate::alloc::{malloc, out_of_memory};
use crate::error::PyResult;
use crate::header::{Obj, Object, Ref};
use crate::thread::Thread;
use crate::types::bytes::Bytes;
use crate::types::int::{Int, to_ascii_digits};
use crate::types::str::Str;
use crate::{Type, bail};
use std::cell::Cell;
use std::mem::offset_of;
use std::ptr::NonNull;

/// A `float` (`PyFloatObject`).
#[repr(C)]
pub struct Float {
    ob_base: Object,
    value: Cell<f64>,
}

const _: () = assert!(offset_of!(Float, value) == 16 && size_of::<Float>() == 24);

crate::layout!(Float, PyFloat_Type);

impl Float {
    /// A new float.
    #[inline(always)]
    pub fn new(x: f64) -> Ref<Float> {
        let mut p = Thread::current().free_lists.floats.pop();
        if p.is_null() {
            p = malloc(size_of::<Float>());
            if p.is_null() {
                out_of_memory();
            }
        }
        // SAFETY: the block has a float's size and is written before it is shown.
        unsafe {
            p.cast::<Float>().write(Float { ob_base: Object::new(&PyFloat_Type), value: Cell::new(x) });
            Obj::from_raw(p.cast()).cast_into_unchecked()
        }
    }

    /// A new float, if the thread has a block at hand. For the evaluation loop.
    #[inline(always)]
    pub fn try_new(ts: &Thread, x: f64) -> Option<Ref<Float>> {
        let p = ts.free_lists.floats.pop();
        if p.is_null() {
            return None;
        }
        // SAFETY: the block has a float's size and is written before it is shown.
        unsafe {
            p.cast::<Float>().write(Float { ob_base: Object::new(&PyFloat_Type), value: Cell::new(x) });
            Some(Obj::from_raw(p.cast()).cast_into_unchecked())
        }
    }

    /// Changes the value. For the evaluation loop, which knows that nobody else has a reference to this exact `float`.
    #[inline(always)]
    pub fn overwrite(&self, x: f64) {
        debug_assert!(self.is_unique() && self.is_exact(&PyFloat_Type));
        self.value.set(x);
    }

    /// The value.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        self.value.get()
    }

    /// `x` in `f`'s memory, if nobody else refers to `f` (an exact float); else a fresh object. For the evaluation loop.
    #[inline(always)]
    pub fn reuse(f: Ref<Float>, x: f64) -> Ref<Float> {
        if f.is_unique() {
            f.value.set(x);
            f
        } else {
            Float::new(x)
        }
    }

    /// The same value as an exact `float`.
    #[inline]
    pub fn exact(f: &Float) -> Ref<Float> {
        if f.is_exact(&PyFloat_Type) { Ref::from_borrowed(f) } else { Float::new(f.value()) }
    }

    /// A value in an instance of `cls`, which is `float` or a subclass.
    pub fn new_in_class(cls: &Type, x: f64) -> PyResult {
        if std::ptr::eq(cls, &PyFloat_Type) {
            return Ok(Float::new(x).into_obj());
        }
        crate::alloc::new_instance(cls, Float { ob_base: Object::placeholder(), value: Cell::new(x) })
            .map(Ref::into_obj)
    }
}

/// The value of a `float` or an `int`; `None` for other objects, an error for integers that are too large.
#[inline(always)]
pub fn real_operand(o: &Object) -> Option<PyResult<f64>> {
    if let Some(f) = o.downcast_exact::<Float>() {
        return Some(Ok(f.value()));
    }
    if let Some(i) = o.downcast::<Int>() {
        return Some(i.to_f64_checked());
    }
    o.downcast::<Float>().map(|f| Ok(f.value()))
}

fn parse(text: &[u8], shown: &Object) -> PyResult<Ref<Float>> {
    match taipan_numeric::float::parse(text) {
        Some(x) => Ok(Float::new(x)),
        None => bail!(ValueError, "could not convert string to float: {}", shown.repr()?.display()),
    }
}

/// `float(x)` where `x` has neither `__float__` nor `__index__`: text or a buffer of text (`PyFloat_FromString`).
pub fn from_text_object(x: &Object) -> PyResult<Ref<Float>> {
    if let Some(s) = x.downcast::<Str>() {
        return parse(&to_ascii_digits(s), x);
    }
    if let Some(b) = x.downcast::<Bytes>() {
        return parse(b.as_slice(), x);
    }
    if crate::buffer::supports(x) {
        let copy = Bytes::new(crate::buffer::Buffer::get(x)?.as_slice());
        return parse(copy.as_slice(), x);
    }
    bail!(TypeError, "float() argument must be a string or a real number, not '{}'", x.ty().name_str())
}

/// `tp_dealloc`.
///
/// # Safety
/// The destructor contract.
unsafe extern "C" fn float_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead; exact floats give their block back themselves.
    unsafe {
        if obj.as_ref().is_exact(&PyFloat_Type) {
            Thread::current().free_lists.floats.push(obj.as_ptr().cast());
        } else {
            crate::alloc::finish_dealloc(obj);
        }
    }
}
