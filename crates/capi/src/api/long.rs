//! `int` and `bool`.

use crate::prelude::*;
use taipan_numeric::digits::convert as bigconv;
use taipan_object::protocol::number;
use taipan_object::types::{bool_, int};

fn to_i64(o: Null<'_>, what: &str) -> PyResult<i64> {
    match number::index(given(o)?)?.to_i64() {
        Some(n) => Ok(n),
        None => bail!(OverflowError, "Python int too large to convert to C {what}"),
    }
}

/// The value, or -1 with the direction of the overflow.
fn to_i64_overflow(o: Null<'_>, overflow: Out<c_int>) -> PyResult<i64> {
    overflow.put(0);
    let i = number::index(given(o)?)?;
    match i.to_i64() {
        Some(n) => Ok(n),
        None => {
            overflow.put(if i.is_negative() { -1 } else { 1 });
            Ok(-1)
        }
    }
}

/// An exact `int` argument; these functions do not ask for `__index__`.
fn int_of(o: Null<'_>) -> PyResult<&Int> {
    let o = given(o)?;
    match o.downcast() {
        Some(i) => Ok(i),
        None => bail!(TypeError, "an integer is required"),
    }
}

fn to_u64(o: Null<'_>, what: &str) -> PyResult<u64> {
    let i = int_of(o)?;
    match i.to_u64() {
        Some(n) => Ok(n),
        None if i.is_negative() => bail!(
            OverflowError,
            "can't convert negative value to {}",
            if what == "size_t" { "size_t" } else { "unsigned int" }
        ),
        None => bail!(OverflowError, "Python int too large to convert to C {what}"),
    }
}

const MAX: u64 = u64::MAX;

/// `PyLongLayout`.
#[repr(C)]
pub struct LongLayout {
    bits_per_digit: u8,
    digit_size: u8,
    digits_order: i8,
    digit_endianness: i8,
}
static LAYOUT: LongLayout = LongLayout {
    bits_per_digit: int::SHIFT as u8,
    digit_size: 4,
    digits_order: -1,
    digit_endianness: if cfg!(target_endian = "little") { -1 } else { 1 },
};

/// `PyLongExport`.
#[repr(C)]
pub struct LongExport {
    value: i64,
    negative: u8,
    ndigits: isize,
    digits: *const c_void,
    reserved: usize,
}

/// `PyLongWriter`: digits being filled in.
pub struct LongWriter {
    negative: bool,
    digits: Vec<u32>,
}

exports! {
    fn PyBool_FromLong(n: c_long) -> PyResult { Ok(bool_::from_bool(n != 0)) }
    fn PyLong_FromLong(n: c_long) -> PyResult { Ok(Int::from_i64(n).into_obj()) }
    fn PyLong_FromLongLong(n: c_longlong) -> PyResult { Ok(Int::from_i64(n).into_obj()) }
    fn PyLong_FromSsize_t(n: isize) -> PyResult { Ok(Int::from_isize(n).into_obj()) }
    fn PyLong_FromUnsignedLong(n: c_ulong) -> PyResult { Ok(Int::from_u64(n).into_obj()) }
    fn PyLong_FromUnsignedLongLong(n: c_ulonglong) -> PyResult { Ok(Int::from_u64(n).into_obj()) }
    fn PyLong_FromSize_t(n: usize) -> PyResult { Ok(Int::from_usize(n).into_obj()) }
    fn PyLong_FromInt32(n: i32) -> PyResult { Ok(Int::from_i64(n as i64).into_obj()) }
    fn PyLong_FromUInt32(n: u32) -> PyResult { Ok(Int::from_i64(n as i64).into_obj()) }
    fn PyLong_FromInt64(n: i64) -> PyResult { Ok(Int::from_i64(n).into_obj()) }
    fn PyLong_FromUInt64(n: u64) -> PyResult { Ok(Int::from_u64(n).into_obj()) }
    fn PyLong_FromVoidPtr(p: *mut c_void) -> PyResult { Ok(Int::from_usize(p as usize).into_obj()) }
    fn PyLong_FromDouble(x: c_double) -> PyResult { obj(Int::from_f64(x)) }
    fn PyLong_FromString(text: Text, end: Out<*mut c_char>, base: c_int) -> PyResult {
        if base != 0 && !(2..=36).contains(&base) {
            bail!(ValueError, "int() arg 2 must be >= 2 and <= 36");
        }
        let s = text.obj()?;
        // SAFETY: the end of the C string.
        end.put(unsafe { text.0.cast_mut().add(text.bytes().len()) });
        obj(int::from_str_object(s.cast(), base as u32))
    }
    fn PyLong_FromUnicodeObject(s: &Object, base: c_int) -> PyResult {
        if base != 0 && !(2..=36).contains(&base) {
            bail!(ValueError, "int() arg 2 must be >= 2 and <= 36");
        }
        obj(int::from_str_object(typed(s)?, base as u32))
    }
    fn PyLong_AsLong(o: Null<'_>) -> c_long { to_i64(o, "long").unwrap_or(-1) }
    fn PyLong_AsLongLong(o: Null<'_>) -> c_longlong { to_i64(o, "long").unwrap_or(-1) }
    fn PyLong_AsSsize_t(o: Null<'_>) -> isize {
        status_len(int_of(o).and_then(|i| match i.to_isize() {
            Some(n) => Ok(n),
            None => bail!(OverflowError, "Python int too large to convert to C ssize_t"),
        }))
    }
    fn PyLong_AsInt(o: Null<'_>) -> c_int {
        let r = to_i64(o, "int").and_then(|n| match c_int::try_from(n) {
            Ok(n) => Ok(n),
            Err(_) => bail!(OverflowError, "Python int too large to convert to C int"),
        });
        r.unwrap_or(-1)
    }
    fn _PyLong_AsInt(o: Null<'_>) -> c_int { PyLong_AsInt(o) }
    fn PyLong_AsInt32(o: Null<'_>, out: Out<i32>) -> c_int {
        status(to_i64(o, "int32_t").and_then(|n| match i32::try_from(n) {
            Ok(n) => { out.put(n); Ok(()) }
            Err(_) => bail!(OverflowError, "Python int too large to convert to C int32_t"),
        }))
    }
    fn PyLong_AsInt64(o: Null<'_>, out: Out<i64>) -> c_int { status(to_i64(o, "int64_t").map(|n| out.put(n))) }
    fn PyLong_AsUInt64(o: Null<'_>, out: Out<u64>) -> c_int { status(to_u64(o, "uint64_t").map(|n| out.put(n))) }
    fn PyLong_AsUInt32(o: Null<'_>, out: Out<u32>) -> c_int {
        status(to_u64(o, "uint32_t").and_then(|n| match u32::try_from(n) {
            Ok(n) => { out.put(n); Ok(()) }
            Err(_) => bail!(OverflowError, "Python int too large to convert to C uint32_t"),
        }))
    }
    fn PyLong_AsLongAndOverflow(o: Null<'_>, overflow: Out<c_int>) -> c_long { to_i64_overflow(o, overflow).unwrap_or(-1) }
    fn PyLong_AsLongLongAndOverflow(o: Null<'_>, overflow: Out<c_int>) -> c_longlong { to_i64_overflow(o, overflow).unwrap_or(-1) }
    fn PyLong_AsUnsignedLong(o: Null<'_>) -> c_ulong { to_u64(o, "unsigned long").unwrap_or(MAX) }
    fn PyLong_AsUnsignedLongLong(o: Null<'_>) -> c_ulonglong { to_u64(o, "unsigned long").unwrap_or(MAX) }
    fn PyLong_AsSize_t(o: Null<'_>) -> usize { to_u64(o, "size_t").unwrap_or(MAX) as usize }
    fn PyLong_AsUnsignedLongMask(o: Null<'_>) -> c_ulong { given(o).and_then(number::index).map_or(MAX, |i| i.low_u64()) }
    fn PyLong_AsUnsignedLongLongMask(o: Null<'_>) -> c_ulonglong { given(o).and_then(number::index).map_or(MAX, |i| i.low_u64()) }
    fn PyLong_AsDouble(o: Null<'_>) -> c_double { int_of(o).and_then(|i| i.to_f64_checked()).unwrap_or(-1.0) }
    fn PyLong_AsVoidPtr(o: Null<'_>) -> *mut c_void {
        let r = int_of(o).and_then(|i| match (i.to_i64(), i.to_u64()) {
            (Some(n), _) => Ok(n as usize),
            (None, Some(n)) => Ok(n as usize),
            (None, None) => bail!(OverflowError, "Python int too large to convert to C long"),
        });
        r.map_or(std::ptr::null_mut(), |n| n as *mut c_void)
    }
    fn _PyLong_Copy(i: &Object) -> PyResult { Ok(Int::exact(typed(i)?).into_obj()) }
    fn _PyLong_Sign(i: &Object) -> c_int { i.cast::<Int>().sign() }
    fn PyLong_GetSign(o: &Object, sign: Out<c_int>) -> c_int { status(int_of(Some(o)).map(|i| sign.put(i.sign()))) }
    fn PyLong_IsZero(o: &Object) -> c_int { status_bool(int_of(Some(o)).map(|i| i.is_zero())) }
    fn PyLong_IsPositive(o: &Object) -> c_int { status_bool(int_of(Some(o)).map(|i| i.sign() > 0)) }
    fn PyLong_IsNegative(o: &Object) -> c_int { status_bool(int_of(Some(o)).map(|i| i.is_negative())) }
    fn _PyLong_NumBits(i: &Object) -> i64 { i.cast::<Int>().bit_length() as i64 }
    fn _PyLong_FromByteArray(p: *const u8, n: usize, little: c_int, signed: c_int) -> PyResult {
        Ok(Int::from_big(&bigconv::from_bytes(slice(p, n as isize), little != 0, signed != 0)).into_obj())
    }
    fn _PyLong_AsByteArray(i: &Object, p: *mut u8, n: usize, little: c_int, signed: c_int, with_exceptions: c_int) -> c_int {
        let i: &Int = i.cast();
        // SAFETY: the caller's buffer of `n` bytes.
        let out = unsafe { std::slice::from_raw_parts_mut(if n == 0 { std::ptr::NonNull::dangling().as_ptr() } else { p }, n) };
        match bigconv::to_bytes_into(out, i.as_big(), little != 0, signed != 0) {
            Ok(()) => 0,
            Err(_) => {
                if with_exceptions != 0 {
                    let _ = if i.is_negative() && signed == 0 {
                        raise!(OverflowError, "can't convert negative int to unsigned")
                    } else {
                        raise!(OverflowError, "int too big to convert")
                    };
                }
                -1
            }
        }
    }
    fn PyLong_FromNativeBytes(p: *const u8, n: usize, flags: c_int) -> PyResult {
        let (little, signed) = native_flags(flags);
        Ok(Int::from_big(&bigconv::from_bytes(slice(p, n as isize), little, signed)).into_obj())
    }
    fn PyLong_FromUnsignedNativeBytes(p: *const u8, n: usize, flags: c_int) -> PyResult {
        Ok(Int::from_big(&bigconv::from_bytes(slice(p, n as isize), native_flags(flags).0, false)).into_obj())
    }
    fn PyLong_AsNativeBytes(o: &Object, p: *mut u8, n: isize, flags: c_int) -> isize { status_len(as_native_bytes(o, p, n, flags)) }
    fn PyLong_GetNativeLayout() -> &'static LongLayout { &LAYOUT }
    fn PyLong_Export(o: &Object, out: Out<LongExport>) -> c_int {
        status((|| {
            let Some(i) = o.downcast::<Int>() else {
                bail!(TypeError, "expected int, got {}", o.ty().name_str());
            };
            out.put(match i.to_i64() {
                Some(value) => LongExport { value, negative: 0, ndigits: 0, digits: std::ptr::null(), reserved: 0 },
                None => LongExport {
                    value: 0,
                    negative: i.is_negative() as u8,
                    ndigits: i.digits().len() as isize,
                    digits: i.digits().as_ptr().cast(),
                    reserved: o.to_obj().into_raw() as usize,
                },
            });
            Ok(())
        })())
    }
    fn PyLong_FreeExport(e: &mut LongExport) {
        let owner = std::mem::take(&mut e.reserved) as *const Object;
        // SAFETY: the reference that `PyLong_Export` left there.
        drop(unsafe { Obj::from_raw_opt(owner) });
    }
    fn PyLongWriter_Create(negative: c_int, n: isize, digits: Out<*mut c_void>) -> *mut LongWriter {
        if n <= 0 {
            let _ = raise!(ValueError, "ndigits must be positive");
            return std::ptr::null_mut();
        }
        let mut w = Box::new(LongWriter { negative: negative != 0, digits: vec![0; n as usize] });
        digits.put(w.digits.as_mut_ptr().cast());
        Box::into_raw(w)
    }
    fn PyLongWriter_Finish(w: *mut LongWriter) -> PyResult {
        // SAFETY: the box that `PyLongWriter_Create` made, finished once.
        let w = unsafe { Box::from_raw(w) };
        let used = w.digits.iter().rposition(|d| *d != 0).map_or(0, |i| i + 1);
        Ok(Int::from_digits(w.negative, &w.digits[..used]).into_obj())
    }
    fn PyLongWriter_Discard(w: *mut LongWriter) {
        if !w.is_null() {
            // SAFETY: the box that `PyLongWriter_Create` made, given up once.
            drop(unsafe { Box::from_raw(w) });
        }
    }
}

/// Byte order and signedness from the flags of the native-bytes functions; -1 stands for the machine's order.
fn native_flags(flags: c_int) -> (bool, bool) {
    if flags == -1 {
        return (cfg!(target_endian = "little"), true);
    }
    let little = if flags & 2 != 0 { cfg!(target_endian = "little") } else { flags & 1 != 0 };
    (little, flags & 4 == 0)
}

fn as_native_bytes(o: &Object, p: *mut u8, n: isize, flags: c_int) -> PyResult<isize> {
    let held;
    let i: &Int = match o.downcast() {
        Some(i) => i,
        None if flags != -1 && flags & 16 != 0 => {
            held = number::index(o)?;
            &held
        }
        None => bail!(TypeError, "expect int, got {}", o.ty().name_str()),
    };
    if flags != -1 && flags & 8 != 0 && i.is_negative() {
        bail!(ValueError, "Cannot convert negative int");
    }
    let (little, signed) = native_flags(flags);
    let bits = i.bit_length() as isize;
    // Room for the sign bit, unless the number is not negative and the buffer is taken as unsigned.
    let need = if signed || i.is_negative() { bits / 8 + 1 } else { (bits + 7) / 8 }.max(1);
    if n > 0 {
        let size = need.max(n) as usize + 1;
        let mut all = vec![0u8; size];
        let _ = bigconv::to_bytes_into(&mut all, i.as_big(), true, true);
        let n = n as usize;
        // SAFETY: the caller's buffer of `n` bytes.
        let out = unsafe { std::slice::from_raw_parts_mut(p, n) };
        out.copy_from_slice(&all[..n]);
        if !little {
            out.reverse();
        }
    }
    Ok(need)
}
