//! Numbers and their text.

use taipan_object::args::Given;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::protocol::number;
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::str::Str;
use taipan_object::{PyResult, bail, function, intern};

/// Return the absolute value of a number.
#[function(signature = "(x, /)", name = "abs")]
pub fn abs(x: &Object) -> PyResult {
    number::absolute(x)
}

/// Return the binary text of an integer, with 0b.
#[function(signature = "(integer, /)")]
pub fn bin(x: &Object) -> PyResult<Ref<Str>> {
    Ok(number::index(x)?.to_radix(2, true))
}

/// Return the octal text of an integer, with 0o.
#[function(signature = "(integer, /)")]
pub fn oct(x: &Object) -> PyResult<Ref<Str>> {
    Ok(number::index(x)?.to_radix(8, true))
}

/// Return the hexadecimal text of an integer, with 0x.
#[function(signature = "(integer, /)")]
pub fn hex(x: &Object) -> PyResult<Ref<Str>> {
    Ok(number::index(x)?.to_radix(16, true))
}

/// Return the character of a code point.
#[function(signature = "(i, /)")]
pub fn chr(i: &Object) -> PyResult {
    let n = number::index(i)?.to_i64();
    match n {
        Some(n) if (0..=0x10FFFF).contains(&n) => Ok(Str::from_char(n as u32).into_obj()),
        _ => bail!(ValueError, "chr() arg not in range(0x110000)"),
    }
}

/// Return the code point of a character.
#[function(signature = "(character, /)")]
pub fn ord(c: &Object) -> PyResult<u32> {
    let n = if let Some(s) = c.downcast::<Str>() {
        if s.len() == 1 {
            return Ok(s.char_at(0));
        }
        s.len()
    } else {
        let b: &[u8] = match (c.downcast::<Bytes>(), c.downcast::<ByteArray>()) {
            (Some(b), _) => b.as_slice(),
            (_, Some(b)) => b.as_slice(),
            _ => bail!(TypeError, "ord() expected string of length 1, but {} found", c.ty().name_str()),
        };
        if let [one] = b {
            return Ok(*one as u32);
        }
        b.len()
    };
    bail!(TypeError, "ord() expected a character, but string of length {n} found")
}

/// Return the tuple (x//y, x%y).
#[function(signature = "(x, y, /)")]
pub fn divmod(x: &Object, y: &Object) -> PyResult {
    number::divmod(x, y)
}

/// Return base**exp, or base**exp % mod.
#[function(signature = "(base, exp, mod=None)")]
pub fn pow(base: &Object, exp: &Object, modulus: &Object) -> PyResult {
    number::power(base, exp, modulus)
}

/// Round a number to a number of digits after the point; without it, to an integer.
#[function(signature = "(number, ndigits=None)")]
pub fn round(number: &Object, ndigits: Given<&Object>) -> PyResult<Obj> {
    let Some(f) = number.lookup_special(intern!("__round__"))? else {
        bail!(TypeError, "type {} doesn't define __round__ method", number.ty().name_str());
    };
    match ndigits.0.filter(|n| !n.is_none()) {
        None => f.call_noargs(),
        Some(n) => f.call_one(n),
    }
}
