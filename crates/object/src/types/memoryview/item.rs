//! Items of a view as objects, by the native single-character formats of `struct`.

use super::MemoryView;
use crate::buffer::RawBuffer;
use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::types::bytes::Bytes;
use crate::types::complex::Complex;
use crate::types::float::Float;
use crate::types::int::Int;
use crate::types::{bool_, exceptions};
use crate::{bail, raise};
use std::ffi::CStr;

/// The character of a native format (`@` before it allowed) and its size.
pub(crate) fn native_format(format: &CStr) -> Option<(u8, isize)> {
    let f = format.to_bytes();
    let c = match f.strip_prefix(b"@").unwrap_or(f) {
        [c] => *c,
        _ => return None,
    };
    let size = match c {
        b'c' | b'b' | b'B' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'd' | b'P' | b'F' => 8,
        b'D' => 16,
        _ => return None,
    };
    Some((c, size))
}

impl RawBuffer {
    /// The native format of items; `NotImplementedError` for others.
    pub(crate) fn item_format(&self) -> PyResult<u8> {
        match native_format(self.format()) {
            Some((c, _)) => Ok(c),
            None => bail!(NotImplementedError, "memoryview: format {} not supported", self.format().to_string_lossy()),
        }
    }
}

/// Half-precision bits as a double.
pub fn half_to_f64(h: u16) -> f64 {
    let sign = if h & 0x8000 != 0 { -1.0 } else { 1.0 };
    let (exp, frac) = (i32::from(h >> 10 & 31), f64::from(h & 0x3FF));
    sign * match exp {
        0 => frac * 2f64.powi(-24),
        31 if frac == 0.0 => f64::INFINITY,
        31 => return f64::from_bits(u64::from(h & 0x8000) << 48 | 0x7FF0_0000_0000_0000 | u64::from(h & 0x3FF) << 42),
        _ => (1.0 + frac / 1024.0) * 2f64.powi(exp - 15),
    }
}

/// A double as half-precision bits, rounded half to even; `None` when it is too large.
pub fn f64_to_half(x: f64) -> Option<u16> {
    let bits = x.to_bits();
    let sign = (bits >> 48) as u16 & 0x8000;
    if x.is_nan() {
        let frac = (bits >> 42) as u16 & 0x3FF;
        return Some(sign | 0x7C00 | if frac == 0 { 0x200 } else { frac });
    }
    let a = x.abs();
    if a.is_infinite() {
        return Some(sign | 0x7C00);
    }
    if a < 2f64.powi(-14) {
        // Subnormal: a multiple of 2^-24. A round up to 1024 is the smallest normal number's bits.
        return Some(sign | (a * 2f64.powi(24)).round_ties_even() as u16);
    }
    let exp = (a.to_bits() >> 52) as i32 - 1023;
    let frac = ((a / 2f64.powi(exp) - 1.0) * 1024.0).round_ties_even() as i32;
    let h = ((exp + 15) << 10) + frac;
    if h >= 0x7C00 { None } else { Some(sign | h as u16) }
}

/// The item at `p`.
///
/// # Safety
/// An item of the format lies there.
pub unsafe fn unpack(p: *const u8, format: u8) -> PyResult<Obj> {
    // SAFETY: the caller's promise; reads need no alignment.
    unsafe {
        let int = |n: i64| Int::from_i64(n).into_obj();
        let uint = |n: u64| Int::from_u64(n).into_obj();
        Ok(match format {
            b'B' => int((*p).into()),
            b'b' => int(p.cast::<i8>().read().into()),
            b'h' => int(p.cast::<i16>().read_unaligned().into()),
            b'H' => int(p.cast::<u16>().read_unaligned().into()),
            b'i' => int(p.cast::<i32>().read_unaligned().into()),
            b'I' => int(p.cast::<u32>().read_unaligned().into()),
            b'l' | b'q' | b'n' => int(p.cast::<i64>().read_unaligned()),
            b'L' | b'Q' | b'N' | b'P' => uint(p.cast::<u64>().read_unaligned()),
            b'f' => Float::new(p.cast::<f32>().read_unaligned().into()).into_obj(),
            b'd' => Float::new(p.cast::<f64>().read_unaligned()).into_obj(),
            b'e' => Float::new(half_to_f64(p.cast::<u16>().read_unaligned())).into_obj(),
            b'F' => {
                let [re, im] = p.cast::<[f32; 2]>().read_unaligned();
                Complex::new(re.into(), im.into()).into_obj()
            }
            b'D' => {
                let [re, im] = p.cast::<[f64; 2]>().read_unaligned();
                Complex::new(re, im).into_obj()
            }
            b'?' => bool_::from_bool(*p != 0),
            b'c' => Bytes::new(&[*p]).into_obj(),
            _ => bail!(NotImplementedError, "memoryview: format {} not supported", format as char),
        })
    }
}

fn wrong_type(format: u8) -> crate::Raised {
    raise!(TypeError, "memoryview: invalid type for format '{}'", format as char)
}

fn wrong_value(format: u8) -> crate::Raised {
    raise!(ValueError, "memoryview: invalid value for format '{}'", format as char)
}

/// Rewords the errors of a conversion as those of an item.
fn reworded<T>(r: PyResult<T>, format: u8) -> PyResult<T> {
    r.map_err(|e| {
        if e.matches(exceptions::TypeError) {
            e.clear();
            wrong_type(format)
        } else if e.matches(exceptions::OverflowError) || e.matches(exceptions::ValueError) {
            e.clear();
            wrong_value(format)
        } else {
            e
        }
    })
}

/// The bytes of `item` in the format, at the start of the array. Runs Python code, so it comes before the memory is touched.
pub(crate) fn pack(item: &Object, format: u8) -> PyResult<[u8; 16]> {
    let mut out = [0; 16];
    let mut put = |b: &[u8]| out[..b.len()].copy_from_slice(b);
    let range = || wrong_value(format);
    match format {
        b'B' | b'b' | b'h' | b'H' | b'i' | b'I' | b'l' | b'q' | b'n' | b'L' | b'Q' | b'N' | b'P' => {
            let i = reworded(crate::protocol::number::index(item), format)?;
            match format {
                b'L' | b'Q' | b'N' | b'P' => put(&i.to_u64().ok_or_else(range)?.to_ne_bytes()),
                _ => {
                    let n = i.to_i64().ok_or_else(range)?;
                    match format {
                        b'B' => put(&u8::try_from(n).map_err(|_| range())?.to_ne_bytes()),
                        b'b' => put(&i8::try_from(n).map_err(|_| range())?.to_ne_bytes()),
                        b'h' => put(&i16::try_from(n).map_err(|_| range())?.to_ne_bytes()),
                        b'H' => put(&u16::try_from(n).map_err(|_| range())?.to_ne_bytes()),
                        b'i' => put(&i32::try_from(n).map_err(|_| range())?.to_ne_bytes()),
                        b'I' => put(&u32::try_from(n).map_err(|_| range())?.to_ne_bytes()),
                        _ => put(&n.to_ne_bytes()),
                    }
                }
            }
        }
        b'f' | b'd' | b'e' => {
            let x = reworded(item.to_f64(), format)?;
            match format {
                b'f' => {
                    let y = x as f32;
                    if y.is_infinite() && x.is_finite() {
                        return Err(range());
                    }
                    put(&y.to_ne_bytes());
                }
                b'd' => put(&x.to_ne_bytes()),
                _ => match f64_to_half(x) {
                    Some(h) => put(&h.to_ne_bytes()),
                    None => return Err(range()),
                },
            }
        }
        b'F' | b'D' => {
            let (re, im) = match item.downcast::<Complex>() {
                Some(c) => (c.real(), c.imag()),
                None => (reworded(item.to_f64(), format)?, 0.0),
            };
            if format == b'F' {
                put(&(re as f32).to_ne_bytes());
                out[4..8].copy_from_slice(&(im as f32).to_ne_bytes());
            } else {
                put(&re.to_ne_bytes());
                out[8..].copy_from_slice(&im.to_ne_bytes());
            }
        }
        b'?' => put(&[item.is_true()? as u8]),
        b'c' => {
            let Some(b) = item.downcast::<Bytes>() else { return Err(wrong_type(format)) };
            match b.as_slice() {
                [c] => put(&[*c]),
                _ => return Err(wrong_value(format)),
            }
        }
        _ => bail!(NotImplementedError, "memoryview: format {} not supported", format as char),
    }
    Ok(out)
}

impl MemoryView {
    /// Writes `item` at `p`, one of this view's items. The view may have been released by the item's own code.
    ///
    /// # Safety
    /// `p` is the address of an item of the view.
    pub(crate) unsafe fn store(&self, p: *mut u8, item: &Object, format: u8) -> PyResult<()> {
        let bytes = pack(item, format)?;
        self.check_released()?;
        // SAFETY: the view still holds the memory.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), p, self.raw().itemsize as usize) };
        Ok(())
    }
}
