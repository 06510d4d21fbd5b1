//! `_codecs`: the codec registry and the built-in codecs.

use taipan_object::args::{ArgContext, FromArg};
use taipan_object::buffer::Buffer;
use taipan_object::codecs::{self, charmap, errors, escape, registry, text};
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::module::ModuleDef;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{PyResult, function, methods};

/// The name of an error handler.
struct Errors<'a>(&'a str);

impl<'a> FromArg<'a> for Errors<'a> {
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        match arg.downcast::<Str>() {
            Some(s) => s.to_utf8().map(Errors),
            None => Err(cx.wrong_type("str or None", arg)),
        }
    }
}

fn name<'a>(e: &Option<Errors<'a>>) -> &'a str {
    e.as_ref().map_or("strict", |e| e.0)
}

/// The data of a decoder that takes a buffer or ASCII text.
struct Data<'a>(Result<Buffer, &'a str>);

impl<'a> FromArg<'a> for Data<'a> {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        match arg.downcast::<Str>() {
            Some(s) => Ok(Data(Err(s.to_utf8()?))),
            None => Ok(Data(Ok(Buffer::get(arg)?))),
        }
    }
}

impl Data<'_> {
    fn bytes(&self) -> &[u8] {
        match &self.0 {
            Ok(b) => b.as_slice(),
            Err(s) => s.as_bytes(),
        }
    }
}

fn decoded(r: PyResult<(Ref<Str>, usize)>) -> PyResult<Ref<Tuple>> {
    let (s, n) = r?;
    Ok(errors::pair(s.into_obj(), n))
}

fn encoded(s: &Str, r: PyResult<Ref<Bytes>>) -> PyResult<Ref<Tuple>> {
    Ok(errors::pair(r?.into_obj(), s.len()))
}

/// Register a function that finds codecs. It is called with a name in lower case and answers a CodecInfo or None.
#[function(signature = "(search_function, /)")]
fn register(search_function: &Object) -> PyResult<()> {
    registry::register(search_function)
}

/// Unregister a search function and forget what was found.
#[function(signature = "(search_function, /)")]
fn unregister(search_function: &Object) -> PyResult<()> {
    registry::unregister(search_function)
}

/// Find the codec of an encoding.
#[function(signature = "(encoding, /)")]
fn lookup(encoding: &str) -> PyResult {
    registry::lookup(encoding)
}

/// Encode an object with the codec of that name.
#[function(signature = "(obj, encoding='utf-8', errors='strict')")]
fn encode(obj: &Object, encoding: &str, errors: &str) -> PyResult {
    registry::encode(obj, encoding, errors)
}

/// Decode an object with the codec of that name.
#[function(signature = "(obj, encoding='utf-8', errors='strict')")]
fn decode(obj: &Object, encoding: &str, errors: &str) -> PyResult {
    registry::decode(obj, encoding, errors)
}

/// Register an error handler under a name.
#[function(signature = "(errors, handler, /)")]
fn register_error(errors: &Str, handler: &Object) -> PyResult<()> {
    codecs::errors::register_error(errors, handler)
}

/// Forget an error handler. Answers whether there was one; the built-in ones stay.
#[function(signature = "(errors, /)")]
fn _unregister_error(errors: &Str) -> PyResult<bool> {
    codecs::errors::unregister_error(errors)
}

/// Find an error handler by its name.
#[function(signature = "(name, /)")]
fn lookup_error(name: &str) -> PyResult {
    codecs::errors::lookup_error(name)
}

macro_rules! decoders {
    ($($name:ident, $doc:literal: |$data:ident, $errors:ident, $last:ident| $body:expr;)*) => {$(
        #[doc = $doc]
        #[function(signature = "(data, errors=None, final=False, /)")]
        fn $name(data: Buffer, errors: Option<Errors<'_>>, last: bool) -> PyResult<Ref<Tuple>> {
            let ($data, $errors, $last) = (data.as_slice(), name(&errors), last);
            decoded($body)
        }
    )*};
}

macro_rules! encoders {
    ($($name:ident, $doc:literal: |$s:ident, $errors:ident| $body:expr;)*) => {$(
        #[doc = $doc]
        #[function(signature = "(str, errors=None, /)")]
        fn $name(str: &Str, errors: Option<Errors<'_>>) -> PyResult<Ref<Tuple>> {
            let ($s, $errors) = (str, name(&errors));
            encoded(str, $body)
        }
    )*};
}

fn first(r: PyResult<(Ref<Str>, usize, i32)>) -> PyResult<(Ref<Str>, usize)> {
    r.map(|(s, n, _)| (s, n))
}

decoders! {
    utf_8_decode, "Decode UTF-8.": |d, e, last| text::utf_8_decode(d, e, last);
    utf_7_decode, "Decode UTF-7.": |d, e, last| text::utf_7_decode(d, e, last);
    utf_16_decode, "Decode UTF-16 with a byte order mark.": |d, e, last| first(text::utf_16_ex_decode(d, e, 0, last));
    utf_16_le_decode, "Decode little-endian UTF-16.": |d, e, last| first(text::utf_16_ex_decode(d, e, -1, last));
    utf_16_be_decode, "Decode big-endian UTF-16.": |d, e, last| first(text::utf_16_ex_decode(d, e, 1, last));
    utf_32_decode, "Decode UTF-32 with a byte order mark.": |d, e, last| first(text::utf_32_ex_decode(d, e, 0, last));
    utf_32_le_decode, "Decode little-endian UTF-32.": |d, e, last| first(text::utf_32_ex_decode(d, e, -1, last));
    utf_32_be_decode, "Decode big-endian UTF-32.": |d, e, last| first(text::utf_32_ex_decode(d, e, 1, last));
}

encoders! {
    utf_8_encode, "Encode as UTF-8.": |s, e| text::utf_8_encode(s, e);
    utf_7_encode, "Encode as UTF-7.": |s, e| text::utf_7_encode(s, e);
    utf_16_le_encode, "Encode as little-endian UTF-16.": |s, e| text::utf_16_encode(s, e, -1);
    utf_16_be_encode, "Encode as big-endian UTF-16.": |s, e| text::utf_16_encode(s, e, 1);
    utf_32_le_encode, "Encode as little-endian UTF-32.": |s, e| text::utf_32_encode(s, e, -1);
    utf_32_be_encode, "Encode as big-endian UTF-32.": |s, e| text::utf_32_encode(s, e, 1);
    unicode_escape_encode, "Encode as in a string literal.": |s, e| text::unicode_escape_encode(s, e);
    raw_unicode_escape_encode, "Encode with \\u escapes.": |s, e| text::raw_unicode_escape_encode(s, e);
    latin_1_encode, "Encode as Latin-1.": |s, e| text::latin_1_encode(s, e);
    ascii_encode, "Encode as ASCII.": |s, e| text::ascii_encode(s, e);
}

/// Encode as UTF-16: with a byte order mark, unless the order is given (-1 little, 1 big).
#[function(signature = "(str, errors=None, byteorder=0, /)")]
fn utf_16_encode(str: &Str, errors: Option<Errors<'_>>, byteorder: i32) -> PyResult<Ref<Tuple>> {
    encoded(str, text::utf_16_encode(str, name(&errors), byteorder))
}

/// Encode as UTF-32: with a byte order mark, unless the order is given (-1 little, 1 big).
#[function(signature = "(str, errors=None, byteorder=0, /)")]
fn utf_32_encode(str: &Str, errors: Option<Errors<'_>>, byteorder: i32) -> PyResult<Ref<Tuple>> {
    encoded(str, text::utf_32_encode(str, name(&errors), byteorder))
}

fn triple(r: PyResult<(Ref<Str>, usize, i32)>) -> PyResult<Ref<Tuple>> {
    let (s, n, order) = r?;
    let items: Vec<Obj> = vec![s.into_obj(), Int::from_usize(n).into_obj(), Int::from_i64(order.into()).into_obj()];
    Ok(Tuple::from_vec(items))
}

/// Decode UTF-16 and answer the byte order, too.
#[function(signature = "(data, errors=None, byteorder=0, final=False, /)")]
fn utf_16_ex_decode(data: Buffer, errors: Option<Errors<'_>>, byteorder: i32, last: bool) -> PyResult<Ref<Tuple>> {
    triple(text::utf_16_ex_decode(&data, name(&errors), byteorder, last))
}

/// Decode UTF-32 and answer the byte order, too.
#[function(signature = "(data, errors=None, byteorder=0, final=False, /)")]
fn utf_32_ex_decode(data: Buffer, errors: Option<Errors<'_>>, byteorder: i32, last: bool) -> PyResult<Ref<Tuple>> {
    triple(text::utf_32_ex_decode(&data, name(&errors), byteorder, last))
}

/// Decode the escapes of bytes literals.
#[function(signature = "(data, errors=None, /)")]
fn escape_decode(data: Data<'_>, errors: Option<Errors<'_>>) -> PyResult<Ref<Tuple>> {
    let (b, n) = escape::escape_decode(data.bytes(), name(&errors))?;
    Ok(codecs::errors::pair(b.into_obj(), n))
}

/// Encode as in a bytes literal.
#[function(signature = "(data, errors=None, /)")]
fn escape_encode(data: &Bytes, _errors: Option<Errors<'_>>) -> PyResult<Ref<Tuple>> {
    let n = data.len();
    Ok(codecs::errors::pair(escape::escape_encode(data.as_slice())?.into_obj(), n))
}

/// Decode the escapes of string literals.
#[function(signature = "(data, errors=None, final=True, /)")]
fn unicode_escape_decode(data: Data<'_>, errors: Option<Errors<'_>>, last: bool) -> PyResult<Ref<Tuple>> {
    decoded(text::unicode_escape_decode(data.bytes(), name(&errors), last))
}

/// Decode \u escapes.
#[function(signature = "(data, errors=None, final=True, /)")]
fn raw_unicode_escape_decode(data: Data<'_>, errors: Option<Errors<'_>>, last: bool) -> PyResult<Ref<Tuple>> {
    decoded(text::raw_unicode_escape_decode(data.bytes(), name(&errors), last))
}

/// Decode Latin-1.
#[function(signature = "(data, errors=None, /)")]
fn latin_1_decode(data: Buffer, _errors: Option<Errors<'_>>) -> PyResult<Ref<Tuple>> {
    decoded(Ok(text::latin_1_decode(&data)))
}

/// Decode ASCII.
#[function(signature = "(data, errors=None, /)")]
fn ascii_decode(data: Buffer, errors: Option<Errors<'_>>) -> PyResult<Ref<Tuple>> {
    decoded(text::ascii_decode(&data, name(&errors)))
}

/// Decode by a mapping from bytes to text.
#[function(signature = "(data, errors=None, mapping=None, /)")]
fn charmap_decode(data: Buffer, errors: Option<Errors<'_>>, mapping: Option<&Object>) -> PyResult<Ref<Tuple>> {
    decoded(charmap::charmap_decode(&data, name(&errors), mapping))
}

/// Encode by a mapping from characters to bytes.
#[function(signature = "(str, errors=None, mapping=None, /)")]
fn charmap_encode(str: &Str, errors: Option<Errors<'_>>, mapping: Option<&Object>) -> PyResult<Ref<Tuple>> {
    encoded(str, charmap::charmap_encode(str, name(&errors), mapping))
}

/// Make the encoding mapping that reverses a decoding table.
#[function(signature = "(map, /)")]
fn charmap_build(map: &Str) -> PyResult {
    charmap::charmap_build(map)
}

/// The bytes of a buffer, or of text as UTF-8.
#[function(signature = "(data, errors=None, /)")]
fn readbuffer_encode(data: Data<'_>, _errors: Option<Errors<'_>>) -> PyResult<Ref<Tuple>> {
    let b = data.bytes();
    Ok(codecs::errors::pair(Bytes::try_new(b)?.into_obj(), b.len()))
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_codecs",
    doc: "",
    methods: methods![
        register,
        unregister,
        lookup,
        encode,
        decode,
        escape_encode,
        escape_decode,
        utf_8_encode,
        utf_8_decode,
        utf_7_encode,
        utf_7_decode,
        utf_16_encode,
        utf_16_le_encode,
        utf_16_be_encode,
        utf_16_decode,
        utf_16_le_decode,
        utf_16_be_decode,
        utf_16_ex_decode,
        utf_32_encode,
        utf_32_le_encode,
        utf_32_be_encode,
        utf_32_decode,
        utf_32_le_decode,
        utf_32_be_decode,
        utf_32_ex_decode,
        unicode_escape_encode,
        unicode_escape_decode,
        raw_unicode_escape_encode,
        raw_unicode_escape_decode,
        latin_1_encode,
        latin_1_decode,
        ascii_encode,
        ascii_decode,
        charmap_encode,
        charmap_decode,
        charmap_build,
        readbuffer_encode,
        register_error,
        _unregister_error,
        lookup_error
    ],
    exec: |_| Ok(()),
};
