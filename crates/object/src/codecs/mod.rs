//! Codecs: the registry, error handlers, and the built-in encodings over Python objects.

pub mod errors;

pub use errors::{decode_error, encode_error};
