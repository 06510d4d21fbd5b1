//! The UTF codecs, ASCII, Latin-1 and the escape codecs, over strings and buffers.
//!
//! Decoders answer the text and how many bytes were used; encoders answer the bytes (all of the text is used).

use super::errors::{Decoding, Encoding};
use crate::bail;
use crate::buffer::Buffer;
use crate::error::PyResult;
use crate::header::{Object, Ref};
use crate::types::bytes::Bytes;
use crate::types::exceptions;
use crate::types::str::{Str, StrBuilder};
use crate::with_units;
use std::sync::OnceLock;
use taipan_unicode::codec::escape::{EscapeDecoder, EscapeEncoder, InvalidEscape, RawEscapeDecoder};
use taipan_unicode::codec::narrow::{AsciiDecoder, NarrowEncoder};
use taipan_unicode::codec::utf7::{Utf7Decoder, Utf7Encoder};
use taipan_unicode::codec::utf8::{Utf8Decoder, Utf8Encoder};
use taipan_unicode::codec::utf16::{Utf16Decoder, Utf16Encoder};
use taipan_unicode::codec::utf32::{ByteOrder, Utf32Decoder, Utf32Encoder};
use taipan_unicode::codec::{self, Decoder, Encoder, Sink};

impl Sink for StrBuilder {
    #[inline]
    fn push(&mut self, c: u32) {
        self.push_char(c);
    }
    #[inline]
    fn extend_latin1(&mut self, s: &[u8]) {
        self.push_latin1(s);
    }
}

/// Runs a decoder.
pub fn decode<D: Decoder>(decoder: &mut D, data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    let mut out = StrBuilder::new();
    out.try_reserve(data.len())?;
    let used = codec::decode(decoder, data, last, &mut out, &mut Decoding::new(errors))?;
    Ok((out.finish(), used))
}

/// Runs an encoder.
pub fn encode<E: Encoder>(encoder: &mut E, s: &Str, errors: &str) -> PyResult<Ref<Bytes>> {
    let mut out = Vec::new();
    let mut handler = Encoding::new(s, errors);
    with_units!(s, |u| codec::encode(encoder, u, &mut out, &mut handler))?;
    Bytes::try_new(&out)
}

/// UTF-8 to text.
pub fn utf_8_decode(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    match Str::try_from_utf8(data)? {
        Some(s) => Ok((s, data.len())),
        None => decode(&mut Utf8Decoder, data, errors, last),
    }
}

/// Text to UTF-8.
pub fn utf_8_encode(s: &Str, errors: &str) -> PyResult<Ref<Bytes>> {
    if let Some(b) = s.cached_utf8() {
        return Bytes::try_new(b);
    }
    encode(&mut Utf8Encoder, s, errors)
}

/// ASCII to text.
pub fn ascii_decode(data: &[u8], errors: &str) -> PyResult<(Ref<Str>, usize)> {
    if data.is_ascii() {
        // SAFETY: just tested.
        return Ok((unsafe { Str::from_ascii_unchecked(data) }, data.len()));
    }
    decode(&mut AsciiDecoder, data, errors, true)
}

/// Text to ASCII.
pub fn ascii_encode(s: &Str, errors: &str) -> PyResult<Ref<Bytes>> {
    if s.is_ascii() {
        return Bytes::try_new(s.data_bytes());
    }
    encode(&mut { NarrowEncoder::ASCII }, s, errors)
}

/// Latin-1 to text.
pub fn latin_1_decode(data: &[u8]) -> (Ref<Str>, usize) {
    (Str::from_latin1(data), data.len())
}

/// Text to Latin-1.
pub fn latin_1_encode(s: &Str, errors: &str) -> PyResult<Ref<Bytes>> {
    if s.kind() == 1 {
        return Bytes::try_new(s.data_bytes());
    }
    encode(&mut { NarrowEncoder::LATIN1 }, s, errors)
}

/// The byte order that a number names: negative little, positive big, 0 unknown.
fn order(n: i32) -> ByteOrder {
    match n {
        0 => ByteOrder::Unknown,
        ..0 => ByteOrder::Little,
        _ => ByteOrder::Big,
    }
}

/// UTF-16 to text; answers the byte order too, which a mark may have settled.
pub fn utf_16_ex_decode(data: &[u8], errors: &str, byteorder: i32, last: bool) -> PyResult<(Ref<Str>, usize, i32)> {
    let mut d = Utf16Decoder { order: order(byteorder) };
    let (s, used) = decode(&mut d, data, errors, last)?;
    Ok((s, used, d.order.number()))
}

/// UTF-32 to text, as [`utf_16_ex_decode`].
pub fn utf_32_ex_decode(data: &[u8], errors: &str, byteorder: i32, last: bool) -> PyResult<(Ref<Str>, usize, i32)> {
    let mut d = Utf32Decoder { order: order(byteorder) };
    let (s, used) = decode(&mut d, data, errors, last)?;
    Ok((s, used, d.order.number()))
}

/// Text to UTF-16; with byte order 0 a byte order mark comes first.
pub fn utf_16_encode(s: &Str, errors: &str, byteorder: i32) -> PyResult<Ref<Bytes>> {
    encode(&mut Utf16Encoder::new(order(byteorder)), s, errors)
}

/// Text to UTF-32; with byte order 0 a byte order mark comes first.
pub fn utf_32_encode(s: &Str, errors: &str, byteorder: i32) -> PyResult<Ref<Bytes>> {
    encode(&mut Utf32Encoder::new(order(byteorder)), s, errors)
}

/// UTF-7 to text.
pub fn utf_7_decode(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    decode(&mut Utf7Decoder::default(), data, errors, last)
}

/// Text to UTF-7.
pub fn utf_7_encode(s: &Str, errors: &str) -> PyResult<Ref<Bytes>> {
    encode(&mut Utf7Encoder, s, errors)
}

/// Escapes as in string literals to text. Backslashes that begin no known escape are deprecated.
pub fn unicode_escape_decode(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    let mut d = EscapeDecoder::default();
    let r = decode(&mut d, data, errors, last)?;
    match d.first_invalid {
        Some(InvalidEscape::Unknown(c, _)) => {
            warn_invalid(&format!("\"\\{}\" is an invalid escape sequence", c as char))?
        }
        Some(InvalidEscape::Octal(n, _)) => warn_invalid(&format!("\"\\{n:o}\" is an invalid octal escape sequence"))?,
        None => {}
    }
    Ok(r)
}

/// The warning for a backslash that means nothing.
pub(super) fn warn_invalid(what: &str) -> PyResult<()> {
    (crate::hooks::get().warn)(
        exceptions::DeprecationWarning,
        &format!("{what}. Such sequences will not work in the future. "),
        1,
    )
}

/// Text to escapes as in string literals.
pub fn unicode_escape_encode(s: &Str, errors: &str) -> PyResult<Ref<Bytes>> {
    encode(&mut EscapeEncoder { raw: false }, s, errors)
}

/// As [`unicode_escape_decode`], but only `\u` and `\U` are escapes.
pub fn raw_unicode_escape_decode(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    decode(&mut RawEscapeDecoder, data, errors, last)
}

/// As [`unicode_escape_encode`], but what is below 256 stays.
pub fn raw_unicode_escape_encode(s: &Str, errors: &str) -> PyResult<Ref<Bytes>> {
    encode(&mut EscapeEncoder { raw: true }, s, errors)
}

/// The content of a buffer, or a string in UTF-8: the arguments of decoders that also take text.
pub fn data_of(o: &Object) -> PyResult<Vec<u8>> {
    if let Some(s) = o.downcast::<Str>() {
        return Ok(s.to_utf8()?.as_bytes().to_vec());
    }
    Ok(Buffer::get(o)?.as_slice().to_vec())
}

/// `_codecs.readbuffer_encode`.
pub fn readbuffer_encode(data: &Object) -> PyResult<(Ref<Bytes>, usize)> {
    let b = data_of(data)?;
    Ok((Bytes::try_new(&b)?, b.len()))
}

static FS_ENCODING: OnceLock<&'static str> = OnceLock::new();

/// Settles the encoding of file names at start-up; it is UTF-8 otherwise.
pub fn set_fs_encoding(name: &str) {
    if name != "utf-8" {
        let _ = FS_ENCODING.set(Box::leak(name.to_owned().into_boxed_str()));
    }
}

/// The encoding of file names (`sys.getfilesystemencoding`).
pub fn fs_encoding() -> &'static str {
    FS_ENCODING.get().copied().unwrap_or("utf-8")
}

/// Decodes bytes that the operating system gave (names, environment), with what the encoding does not know as surrogates.
pub fn fs_decode(data: &[u8]) -> Ref<Str> {
    match fs_encoding() {
        "utf-8" => {}
        "ascii" if data.is_ascii() => {}
        "ascii" => {
            let mut out = StrBuilder::with_capacity(data.len());
            for &b in data {
                out.push_char(if b < 0x80 { u32::from(b) } else { 0xDC00 + u32::from(b) });
            }
            return out.finish();
        }
        name => match super::decode_bytes(data, name, "surrogateescape") {
            Ok(s) => return s,
            // Before the codecs are there.
            Err(e) => e.clear(),
        },
    }
    let mut out = StrBuilder::with_capacity(data.len());
    let done = codec::decode(&mut Utf8Decoder, data, true, &mut out, &mut codec::handlers::Handler::SurrogateEscape);
    debug_assert!(done.is_ok(), "surrogateescape takes every byte that is no ASCII");
    out.finish()
}

/// The reverse of [`fs_decode`].
pub fn fs_encode(s: &Str) -> PyResult<Vec<u8>> {
    let b = match fs_encoding() {
        "utf-8" => utf_8_encode(s, "surrogateescape")?,
        name => match super::encode_text(s, name, "surrogateescape")?.downcast_into::<Bytes>() {
            Ok(b) => b,
            Err(o) => bail!(TypeError, "encoder must return bytes, not {}", o.ty().name_str()),
        },
    };
    if b.as_slice().contains(&0) {
        bail!(ValueError, "embedded null byte");
    }
    Ok(b.as_slice().to_vec())
}
