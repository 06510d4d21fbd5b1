//! Arguments of functions whose texts of errors differ from the usual.

use std::ffi::c_int;
use taipan_modules_io::support::c_int_of;
use taipan_object::bail;
use taipan_object::buffer::Buffer;
use taipan_object::error::PyResult;
use taipan_object::header::Object;

/// Checks how many arguments there are.
pub fn count(name: &str, args: &[&Object], min: usize, max: usize) -> PyResult<()> {
    let n = args.len();
    let (bound, wanted) = match n {
        _ if (min..=max).contains(&n) => return Ok(()),
        _ if min == max => ("exactly", min),
        _ if n < min => ("at least", min),
        _ => ("at most", max),
    };
    bail!(TypeError, "{name}() takes {bound} {wanted} argument{} ({n} given)", if wanted == 1 { "" } else { "s" })
}

/// A C `int` at a place, or the default.
pub fn int_or(args: &[&Object], at: usize, default: c_int) -> PyResult<c_int> {
    args.get(at).map_or(Ok(default), |o| c_int_of(o))
}

/// A size at a place, or the default; negative ones raise `text`.
pub fn size_or(args: &[&Object], at: usize, default: usize, text: &str) -> PyResult<usize> {
    let Some(o) = args.get(at) else { return Ok(default) };
    match usize::try_from(o.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?) {
        Ok(n) => Ok(n),
        Err(_) => bail!(ValueError, "{text}"),
    }
}

/// A writable buffer as the first argument.
pub fn writable(name: &str, o: &Object) -> PyResult<Buffer> {
    match Buffer::get_writable(o) {
        Ok(b) => Ok(b),
        Err(e) => {
            e.clear();
            bail!(TypeError, "{name}() argument 1 must be read-write bytes-like object, not {}", o.ty().name_str())
        }
    }
}

/// A number that must fit an unsigned type of `bits` bits.
pub fn unsigned(o: &Object, bits: u32) -> PyResult<u32> {
    let i = taipan_object::protocol::number::index(o)?;
    if i.is_negative() {
        bail!(ValueError, "Cannot convert negative int");
    }
    match i.to_u64() {
        Some(n) if n >> bits == 0 => Ok(n as u32),
        _ => bail!(OverflowError, "Python int too large for C uint{bits}_t"),
    }
}
