//! Constants as plain data.

use crate::Wtf8;

/// The value of a `Constant` node.
#[derive(Clone, Copy, Debug)]
pub enum ConstantValue<'a> {
    /// `None`
    None,
    /// `True`
    True,
    /// `False`
    False,
    /// `...`
    Ellipsis,
    /// An integer that fits 64 bits.
    Int(i64),
    /// Any other integer.
    BigInt(BigInt<'a>),
    /// A float.
    Float(f64),
    /// A complex number; the parser only makes imaginary ones.
    Complex {
        /// Real part.
        real: f64,
        /// Imaginary part.
        imag: f64,
    },
    /// A string.
    Str(&'a Wtf8),
    /// A bytes object.
    Bytes(&'a [u8]),
    /// A tuple; never made by the parser, but a tree built in Python may hold one.
    Tuple(&'a [ConstantValue<'a>]),
    /// A frozenset; never made by the parser, but a tree built in Python may hold one.
    FrozenSet(&'a [ConstantValue<'a>]),
}

/// An integer outside of `i64`: sign and magnitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BigInt<'a> {
    /// The magnitude in base 2**30, least significant digit first, the last digit not 0.
    pub digits: &'a [u32],
    /// Whether it is below zero; never so from the parser.
    pub negative: bool,
}

const _: () = assert!(size_of::<ConstantValue<'_>>() == 24);
