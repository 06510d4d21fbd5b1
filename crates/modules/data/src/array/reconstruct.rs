//! Arrays from their pickled form, whatever machine wrote it.

use super::item::{DESCRS, Descr, find};
use super::object::{ARRAY_TYPE, Array};
use taipan_numeric::digits::convert::from_bytes;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::{Obj, Object, PyResult, Type, bail, function};

/// What a machine format code says: item size, signed, big-endian; integers are 0 to 13.
fn integer_format(code: i32) -> Option<(usize, bool, bool)> {
    Some(match code {
        0 => (1, false, false),
        1 => (1, true, false),
        2..=13 => {
            let size = [2, 4, 8][(code as usize - 2) / 4];
            (size, (code - 2) % 4 >= 2, code % 2 == 1)
        }
        _ => return None,
    })
}

fn native(descr: &Descr) -> i32 {
    descr.machine + i32::from(cfg!(target_endian = "big") && descr.size > 1)
}

/// Make an array from its type, type code, machine format and bytes, for pickling.
#[function(signature = "(arraytype, typecode, mformat_code, items, /)")]
pub fn _array_reconstructor(arraytype: &Object, typecode: &Object, mformat_code: i32, items: &Object) -> PyResult {
    let Some(cls) = arraytype.downcast::<Type>() else {
        bail!(TypeError, "first argument must be a type object, not {}", arraytype.ty().name_str());
    };
    if !cls.is_subtype(&ARRAY_TYPE) {
        bail!(TypeError, "{} is not a subtype of {}", cls.name_str(), ARRAY_TYPE.name_str());
    }
    let code = match typecode.downcast::<Str>() {
        Some(s) if s.len() == 1 => s.char_at(0),
        _ => bail!(
            TypeError,
            "_array_reconstructor() argument 2 must be a unicode character, not {}",
            typecode.ty().name_str()
        ),
    };
    let Some(descr) = find(code) else { bail!(ValueError, "second argument must be a valid type code") };
    if !(0..=21).contains(&mformat_code) {
        bail!(ValueError, "third argument must be a valid machine format code.");
    }
    let Some(bytes) = items.downcast::<Bytes>() else {
        bail!(TypeError, "fourth argument should be bytes, not {}", items.ty().name_str());
    };
    let data = bytes.as_slice();
    if mformat_code == native(descr) {
        let a = Array::make(cls, descr)?;
        a.push_bytes(data)?;
        return Ok(a.into_obj());
    }
    let whole = |size: usize| -> PyResult<()> {
        if data.len() % size != 0 {
            bail!(ValueError, "bytes length not a multiple of item size");
        }
        Ok(())
    };
    if let Some((size, signed, big)) = integer_format(mformat_code) {
        whole(size)?;
        // A type code of this machine with that size and sign, if there is one.
        let own = DESCRS.iter().find(|d| integer_format(d.machine).is_some_and(|(s, g, _)| s == size && g == signed));
        let a = Array::make(cls, own.filter(|d| d.machine != descr.machine).unwrap_or(descr))?;
        for item in data.chunks_exact(size) {
            a.push(&Int::from_big(&from_bytes(item, !big, signed)))?;
        }
        return Ok(a.into_obj());
    }
    let big = mformat_code % 2 == 1;
    match mformat_code {
        14..=17 => {
            let size = if mformat_code < 16 { 4 } else { 8 };
            whole(size)?;
            let a = Array::make(cls, descr)?;
            for item in data.chunks_exact(size) {
                let mut b = [0u8; 8];
                b[..size].copy_from_slice(item);
                if big {
                    b[..size].reverse();
                }
                let x = if size == 4 {
                    f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                } else {
                    f64::from_le_bytes(b)
                };
                a.push(&Float::new(x))?;
            }
            Ok(a.into_obj())
        }
        _ => {
            let encoding = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"][mformat_code as usize - 18];
            let text: Obj = items.call_method_str("decode", &[&Str::from_utf8(encoding)])?;
            let a = Array::make(cls, descr)?;
            match text.downcast::<Str>() {
                Some(s) if descr.is_text() => a.push_text(s)?,
                _ => bail!(TypeError, "cannot use a str to initialize an array with typecode '{}'", descr.code as char),
            }
            Ok(a.into_obj())
        }
    }
}
