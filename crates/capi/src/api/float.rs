//! `float` and `complex`.

use crate::prelude::*;
use taipan_object::types::complex::Complex;
use taipan_object::types::float::{self, Float};

/// `Py_complex`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CComplex {
    real: c_double,
    imag: c_double,
}

fn complex_of(o: &Object) -> PyResult<CComplex> {
    if let Some(c) = o.downcast::<Complex>() {
        return Ok(CComplex { real: c.real(), imag: c.imag() });
    }
    if let Some(c) = taipan_object::protocol::number::try_complex(o)? {
        let c: &Complex = c.cast();
        return Ok(CComplex { real: c.real(), imag: c.imag() });
    }
    Ok(CComplex { real: o.to_f64()?, imag: 0.0 })
}

fn pack<const N: usize>(p: *mut u8, le: c_int, mut bytes: [u8; N]) -> c_int {
    if le == 0 {
        bytes.reverse();
    }
    // SAFETY: the caller's buffer of `N` bytes.
    unsafe { p.cast::<[u8; N]>().write_unaligned(bytes) };
    0
}

fn unpack<const N: usize>(p: *const u8, le: c_int) -> [u8; N] {
    // SAFETY: the caller's buffer of `N` bytes.
    let mut b = unsafe { p.cast::<[u8; N]>().read_unaligned() };
    if le == 0 {
        b.reverse();
    }
    b
}

exports! {
    fn PyFloat_FromDouble(x: c_double) -> PyResult { Ok(Float::new(x).into_obj()) }
    fn PyFloat_FromString(o: &Object) -> PyResult { obj(float::from_text_object(o)) }
    fn PyFloat_AsDouble(o: Null<'_>) -> c_double {
        match o {
            Some(o) => o.to_f64().unwrap_or(-1.0),
            None => {
                let _ = raise!(TypeError, "bad argument type for built-in operation");
                -1.0
            }
        }
    }
    fn PyFloat_GetMax() -> c_double { f64::MAX }
    fn PyFloat_GetMin() -> c_double { f64::MIN_POSITIVE }
    fn PyFloat_Pack4(x: c_double, p: *mut u8, le: c_int) -> c_int {
        let f = x as f32;
        if f.is_infinite() && x.is_finite() {
            let _ = raise!(OverflowError, "float too large to pack with f format");
            return -1;
        }
        pack(p, le, f.to_le_bytes())
    }
    fn PyFloat_Pack8(x: c_double, p: *mut u8, le: c_int) -> c_int { pack(p, le, x.to_le_bytes()) }
    fn PyFloat_Unpack4(p: *const u8, le: c_int) -> c_double { f32::from_le_bytes(unpack(p, le)) as f64 }
    fn PyFloat_Unpack8(p: *const u8, le: c_int) -> c_double { f64::from_le_bytes(unpack(p, le)) }
    fn PyComplex_FromDoubles(re: c_double, im: c_double) -> PyResult { Ok(Complex::new(re, im).into_obj()) }
    fn PyComplex_FromCComplex(c: CComplex) -> PyResult { Ok(Complex::new(c.real, c.imag).into_obj()) }
    fn PyComplex_AsCComplex(o: &Object) -> CComplex { complex_of(o).unwrap_or(CComplex { real: -1.0, imag: 0.0 }) }
    fn PyComplex_RealAsDouble(o: &Object) -> c_double { complex_of(o).map_or(-1.0, |c| c.real) }
    fn PyComplex_ImagAsDouble(o: &Object) -> c_double { complex_of(o).map_or(-1.0, |c| c.imag) }
    fn _Py_HashDouble(o: &Object, x: c_double) -> isize {
        if x.is_nan() { taipan_object::protocol::compare::hash_pointer(o) } else { status_len(Float::new(x).hash()) }
    }
    fn Py_HashPointer(p: *const c_void) -> isize {
        // Blocks are aligned, so that the low bits say nothing.
        let h = (p as usize).rotate_right(4) as isize;
        if h == -1 { -2 } else { h }
    }
    fn _Py_HashPointer(p: *const c_void) -> isize { Py_HashPointer(p) }
    fn Py_HashBuffer(p: *const u8, n: isize) -> isize { taipan_object::types::str::hash::hash_bytes(slice(p, n)) }
    fn _Py_HashBytes(p: *const u8, n: isize) -> isize { taipan_object::types::str::hash::hash_bytes(slice(p, n)) }
}
