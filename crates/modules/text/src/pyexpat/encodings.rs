//! Encodings of one byte that the codecs know and the parser does not.

use taipan_object::types::bytes::Bytes;
use taipan_object::types::str::Str;
use taipan_object::{Object, PyResult, bail, intern};

/// The character of each byte in an encoding.
pub fn table(name: &str) -> PyResult<Box<[i32; 256]>> {
    let all: Vec<u8> = (0..=255).collect();
    let bytes = Bytes::new(&all);
    let decoded =
        bytes.call_method(intern!("decode"), &[&Str::from_utf8(name) as &Object, &Str::from_utf8("replace")])?;
    let Some(text) = decoded.downcast::<Str>().filter(|s| s.len() == 256) else {
        bail!(ValueError, "multi-byte encodings are not supported")
    };
    let mut out = Box::new([-1; 256]);
    for (place, c) in out.iter_mut().zip(text.chars()) {
        if c != 0xFFFD {
            *place = c as i32;
        }
    }
    Ok(out)
}
