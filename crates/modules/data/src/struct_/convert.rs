//! Single values to bytes and back.

use super::error;
use super::format::Code;
use taipan_object::protocol::number;
use taipan_object::types::bool_;
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::complex::Complex;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::memoryview::item::{f64_to_half, half_to_f64};
use taipan_object::{Obj, Object, PyResult, Ref, bail};

/// Writes bytes given in little-endian order.
#[inline(always)]
fn write(code: &Code, out: &mut [u8], little: &[u8]) {
    let n = out.len();
    out.copy_from_slice(&little[..n]);
    if code.big_endian {
        out.reverse();
    }
}

fn integer(v: &Object) -> PyResult<Ref<Int>> {
    if let Some(i) = v.downcast::<Int>() {
        return Ok(Ref::from_borrowed(i));
    }
    if !number::has_index(v) {
        return Err(error("required argument is not an integer"));
    }
    number::index(v)
}

fn pack_integer(code: &Code, v: &Object, out: &mut [u8]) -> PyResult<()> {
    let i = integer(v)?;
    let bits = 8 * code.size as u32;
    if code.kind == b'P' {
        // Pointers wrap around.
        let value = if i.is_negative() { i.to_i64().map(|n| n as u64) } else { i.to_u64() };
        let Some(value) = value else { return Err(error("int too large to convert")) };
        write(code, out, &value.to_le_bytes());
        return Ok(());
    }
    let signed = code.kind.is_ascii_lowercase();
    let value = if signed {
        let half = 1i128 << (bits - 1);
        i.to_i64().map(i128::from).filter(|n| (-half..half).contains(n)).map(|n| n as u64)
    } else {
        i.to_u64().filter(|n| bits == 64 || *n >> bits == 0)
    };
    match value {
        Some(n) => {
            write(code, out, &n.to_le_bytes());
            Ok(())
        }
        None => {
            let (low, high) =
                if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) };
            Err(error(&format!("'{}' format requires {low} <= number <= {high}", code.kind as char)))
        }
    }
}

fn float_argument(v: &Object) -> PyResult<f64> {
    if let Some(f) = v.downcast_exact::<Float>() {
        return Ok(f.value());
    }
    v.to_f64().map_err(|e| {
        e.clear();
        error("required argument is not a float")
    })
}

fn single(x: f64) -> PyResult<f32> {
    let f = x as f32;
    if f.is_infinite() && x.is_finite() {
        bail!(OverflowError, "float too large to pack with f format");
    }
    Ok(f)
}

fn complex_argument(v: &Object) -> PyResult<(f64, f64)> {
    let from = |o: &Object| o.downcast::<Complex>().map(|c| (c.real(), c.imag()));
    if let Some(c) = from(v) {
        return Ok(c);
    }
    let converted = match number::try_complex(v) {
        Ok(Some(o)) => from(&o).ok_or(()),
        Ok(None) => v.to_f64().map(|x| (x, 0.0)).map_err(taipan_object::Raised::clear),
        Err(e) => {
            e.clear();
            Err(())
        }
    };
    converted.map_err(|()| error("required argument is not a complex"))
}

/// The content of a bytes or bytearray object, copied: nothing may change it meanwhile.
fn text(v: &Object) -> Option<Vec<u8>> {
    if let Some(b) = v.downcast::<Bytes>() {
        return Some(b.as_slice().to_vec());
    }
    v.downcast::<ByteArray>()?;
    taipan_object::buffer::Buffer::get(v).map(|b| b.as_slice().to_vec()).map_err(taipan_object::Raised::clear).ok()
}

/// Packs one value into `out`, which has its size.
pub fn pack(code: &Code, v: &Object, out: &mut [u8]) -> PyResult<()> {
    match code.kind {
        b'c' => match v.downcast::<Bytes>().map(Bytes::as_slice) {
            Some([b]) => {
                out[0] = *b;
                Ok(())
            }
            _ => Err(error("char format requires a bytes object of length 1")),
        },
        b's' | b'p' => {
            let Some(data) = text(v) else {
                return Err(error(&format!("argument for '{}' must be a bytes object", code.kind as char)));
            };
            if code.kind == b's' {
                let n = data.len().min(out.len());
                out[..n].copy_from_slice(&data[..n]);
                out[n..].fill(0);
            } else if let Some((len, rest)) = out.split_first_mut() {
                let n = data.len().min(rest.len());
                rest[..n].copy_from_slice(&data[..n]);
                rest[n..].fill(0);
                *len = n.min(255) as u8;
            }
            Ok(())
        }
        b'?' => {
            out[0] = u8::from(v.is_true()?);
            Ok(())
        }
        b'd' => {
            write(code, out, &float_argument(v)?.to_le_bytes());
            Ok(())
        }
        b'f' => {
            write(code, out, &single(float_argument(v)?)?.to_le_bytes());
            Ok(())
        }
        b'e' => match f64_to_half(float_argument(v)?) {
            Some(h) => {
                write(code, out, &h.to_le_bytes());
                Ok(())
            }
            None => bail!(OverflowError, "float too large to pack with e format"),
        },
        b'F' | b'D' => {
            let (re, im) = complex_argument(v)?;
            let half = out.len() / 2;
            let (first, second) = out.split_at_mut(half);
            if code.kind == b'F' {
                write(code, first, &single(re)?.to_le_bytes());
                write(code, second, &single(im)?.to_le_bytes());
            } else {
                write(code, first, &re.to_le_bytes());
                write(code, second, &im.to_le_bytes());
            }
            Ok(())
        }
        _ => pack_integer(code, v, out),
    }
}

/// Up to eight bytes as a number.
#[inline(always)]
fn read(code: &Code, data: &[u8]) -> u64 {
    let mut b = [0u8; 8];
    b[..data.len()].copy_from_slice(data);
    if code.big_endian {
        b[..data.len()].reverse();
    }
    u64::from_le_bytes(b)
}

/// The value in `data`.
pub fn unpack(code: &Code, data: &[u8]) -> Obj {
    let float = |d: &[u8]| match d.len() {
        2 => half_to_f64(read(code, d) as u16),
        4 => f64::from(f32::from_bits(read(code, d) as u32)),
        _ => f64::from_bits(read(code, d)),
    };
    match code.kind {
        b'c' | b's' => Bytes::new(data).into_obj(),
        b'p' => {
            let content = match data.split_first() {
                Some((n, rest)) => &rest[..usize::from(*n).min(rest.len())],
                None => &[],
            };
            Bytes::new(content).into_obj()
        }
        b'?' => bool_::from_bool(data[0] != 0),
        b'e' | b'f' | b'd' => Float::new(float(data)).into_obj(),
        b'F' | b'D' => {
            let (re, im) = data.split_at(data.len() / 2);
            Complex::new(float(re), float(im)).into_obj()
        }
        kind if kind.is_ascii_lowercase() => {
            let shift = 64 - 8 * data.len() as u32;
            Int::from_i64(((read(code, data) << shift) as i64) >> shift).into_obj()
        }
        _ => Int::from_u64(read(code, data)).into_obj(),
    }
}
