//! Unicode 16.0 as Python sees it: the properties behind `str`, the character database behind `unicodedata`, and the
//! built-in codecs. No Python objects: strings are slices of code points (which may include surrogates).
//!
//! `tables.rs` and `names.bin` are written by `gen/tables.py`.
#![deny(unsafe_code)]

pub mod case;
pub mod chars;
pub mod cjk;
pub mod codec;
pub mod names;
pub mod normalize;
#[rustfmt::skip]
mod tables;
pub mod ucd;

#[cfg(test)]
mod tests;

/// The version of the Unicode character database.
pub const UNIDATA_VERSION: &str = "16.0.0";

/// A record of the character types: what `str` asks.
#[derive(Clone, Copy, Debug)]
pub struct CType {
    /// The bits of `chars::flag`.
    flags: u16,
    /// The value of a decimal digit, or 255.
    decimal: u8,
    /// The value of a digit, or 255.
    digit: u8,
    /// The distance to the simple lower-case mapping.
    lower: i32,
    /// The distance to the simple upper-case mapping.
    upper: i32,
    /// The distance to the simple title-case mapping.
    title: i32,
    /// The number of the full mappings, if these differ.
    extended: u16,
}

/// A record of the character database.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    category: u8,
    bidi: u8,
    combining: u8,
    mirrored: bool,
    width: u8,
    /// Two bits per normalisation form: 0 stable, 1 perhaps, 2 not.
    quick: u8,
}

/// What was different in Unicode 3.2.0.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    category: u8,
    bidi: u8,
    decimal: u8,
    mirrored: u8,
    width: u8,
    numeric: Option<f64>,
}
