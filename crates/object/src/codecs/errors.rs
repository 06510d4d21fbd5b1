//! The exceptions that codecs raise.

use crate::error::{Raised, raise_instance};
use crate::header::Object;
use crate::types::bytes::Bytes;
use crate::types::exceptions;
use crate::types::int::Int;
use crate::types::str::Str;

fn raise(ty: &crate::Type, encoding: &str, object: &Object, start: usize, end: usize, reason: &str) -> Raised {
    let encoding = Str::from_utf8(encoding);
    let (start, end) = (Int::from_i64(start as i64), Int::from_i64(end as i64));
    let reason = Str::from_utf8(reason);
    match ty.as_object().call(&[&encoding, object, &start, &end, &reason]) {
        Ok(e) => raise_instance(e),
        Err(e) => e,
    }
}

/// `UnicodeEncodeError(encoding, object, start, end, reason)`.
#[cold]
pub fn encode_error(encoding: &str, object: &Str, start: usize, end: usize, reason: &str) -> Raised {
    raise(exceptions::UnicodeEncodeError, encoding, object, start, end, reason)
}

/// `UnicodeDecodeError(encoding, object, start, end, reason)`.
#[cold]
pub fn decode_error(encoding: &str, object: &[u8], start: usize, end: usize, reason: &str) -> Raised {
    raise(exceptions::UnicodeDecodeError, encoding, &Bytes::new(object), start, end, reason)
}
