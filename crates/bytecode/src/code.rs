//! Code objects as plain data, and the constants in them.

use crate::wtf8::Str;

/// Bits of `co_flags`.
#[allow(missing_docs)]
pub mod flags {
    pub const OPTIMIZED: u32 = 0x1;
    pub const NEWLOCALS: u32 = 0x2;
    pub const VARARGS: u32 = 0x4;
    pub const VARKEYWORDS: u32 = 0x8;
    pub const NESTED: u32 = 0x10;
    pub const GENERATOR: u32 = 0x20;
    pub const COROUTINE: u32 = 0x80;
    pub const ITERABLE_COROUTINE: u32 = 0x100;
    pub const ASYNC_GENERATOR: u32 = 0x200;
    pub const FUTURE_DIVISION: u32 = 0x20000;
    pub const FUTURE_ABSOLUTE_IMPORT: u32 = 0x40000;
    pub const FUTURE_WITH_STATEMENT: u32 = 0x80000;
    pub const FUTURE_PRINT_FUNCTION: u32 = 0x100000;
    pub const FUTURE_UNICODE_LITERALS: u32 = 0x200000;
    pub const FUTURE_BARRY_AS_BDFL: u32 = 0x400000;
    pub const FUTURE_GENERATOR_STOP: u32 = 0x800000;
    pub const FUTURE_ANNOTATIONS: u32 = 0x1000000;
    pub const NO_MONITORING_EVENTS: u32 = 0x2000000;
    pub const HAS_DOCSTRING: u32 = 0x4000000;
    pub const METHOD: u32 = 0x8000000;
    /// All bits that a `from __future__ import` (or the flags of `compile()`) may set.
    pub const FUTURE_MASK: u32 = FUTURE_DIVISION
        | FUTURE_ABSOLUTE_IMPORT
        | FUTURE_WITH_STATEMENT
        | FUTURE_PRINT_FUNCTION
        | FUTURE_UNICODE_LITERALS
        | FUTURE_BARRY_AS_BDFL
        | FUTURE_GENERATOR_STOP
        | FUTURE_ANNOTATIONS;
}

/// Bits of an entry of `co_localspluskinds`.
#[allow(missing_docs)]
pub mod kinds {
    pub const ARG_POS: u8 = 0x02;
    pub const ARG_KW: u8 = 0x04;
    pub const ARG_VAR: u8 = 0x08;
    pub const HIDDEN: u8 = 0x10;
    pub const LOCAL: u8 = 0x20;
    pub const CELL: u8 = 0x40;
    pub const FREE: u8 = 0x80;
}

/// Most blocks (loops, handlers) that may be nested in one function.
pub const MAX_BLOCKS: usize = 21;

/// Bits in a digit of a big integer.
pub const DIGIT_BITS: u32 = 30;

/// A constant of a code object.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Const {
    None,
    True,
    False,
    Ellipsis,
    /// An integer that fits.
    Int(i64),
    /// One that does not: 30-bit digits, least significant first, no leading zero digit.
    BigInt {
        negative: bool,
        digits: Box<[u32]>,
    },
    Float(f64),
    Complex {
        real: f64,
        imag: f64,
    },
    Str(Str),
    Bytes(Box<[u8]>),
    Tuple(Box<[Const]>),
    /// In order of insertion, without duplicates.
    FrozenSet(Box<[Const]>),
    Slice(Box<[Const; 3]>),
    Code(std::sync::Arc<Code>),
}

impl Const {
    /// From sign and digits of an integer of any size.
    pub fn from_digits(negative: bool, digits: &[u32]) -> Const {
        let used = digits.iter().rposition(|&d| d != 0).map_or(0, |i| i + 1);
        let digits = &digits[..used];
        if used <= 3 {
            let magnitude = digits.iter().rev().fold(0u128, |m, &d| m << DIGIT_BITS | d as u128);
            let value = if negative { -(magnitude as i128) } else { magnitude as i128 };
            if let Ok(small) = i64::try_from(value) {
                return Const::Int(small);
            }
        }
        Const::BigInt { negative, digits: digits.into() }
    }

    /// Sign and 30-bit digits of an integer constant.
    pub fn to_digits(&self) -> Option<(bool, Vec<u32>)> {
        match self {
            Const::Int(value) => {
                let mut magnitude = value.unsigned_abs();
                let mut digits = Vec::new();
                while magnitude != 0 {
                    digits.push((magnitude & ((1 << DIGIT_BITS) - 1)) as u32);
                    magnitude >>= DIGIT_BITS;
                }
                Some((*value < 0, digits))
            }
            Const::BigInt { negative, digits } => Some((*negative, digits.to_vec())),
            _ => None,
        }
    }

    /// `type(constant).__name__`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Const::None => "NoneType",
            Const::True | Const::False => "bool",
            Const::Ellipsis => "ellipsis",
            Const::Int(_) | Const::BigInt { .. } => "int",
            Const::Float(_) => "float",
            Const::Complex { .. } => "complex",
            Const::Str(_) => "str",
            Const::Bytes(_) => "bytes",
            Const::Tuple(_) => "tuple",
            Const::FrozenSet(_) => "frozenset",
            Const::Slice(_) => "slice",
            Const::Code(_) => "code",
        }
    }
}

/// Everything that `compile()` decides about a code object.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Code {
    pub filename: Str,
    pub name: Str,
    pub qualname: Str,
    pub flags: u32,
    /// Positional parameters, positional-only ones included.
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub stacksize: u32,
    pub firstlineno: i32,
    /// Code units, little-endian, caches zeroed.
    pub code: Box<[u8]>,
    pub consts: Vec<Const>,
    pub names: Vec<Str>,
    /// Locals, then cells that are no locals, then free variables.
    pub localsplusnames: Vec<Str>,
    pub localspluskinds: Box<[u8]>,
    pub linetable: Box<[u8]>,
    pub exceptiontable: Box<[u8]>,
}

impl Code {
    fn names_of(&self, kind: u8) -> impl Iterator<Item = &Str> {
        self.localsplusnames
            .iter()
            .zip(self.localspluskinds.iter())
            .filter(move |(_, k)| **k & kind != 0)
            .map(|(n, _)| n)
    }

    /// `co_varnames`.
    pub fn varnames(&self) -> impl Iterator<Item = &Str> {
        self.names_of(kinds::LOCAL)
    }

    /// `co_cellvars`.
    pub fn cellvars(&self) -> impl Iterator<Item = &Str> {
        self.names_of(kinds::CELL)
    }

    /// `co_freevars`.
    pub fn freevars(&self) -> impl Iterator<Item = &Str> {
        self.names_of(kinds::FREE)
    }

    /// `co_nlocals`.
    pub fn nlocals(&self) -> usize {
        self.varnames().count()
    }

    /// The code units.
    pub fn units(&self) -> impl ExactSizeIterator<Item = u16> + '_ {
        self.code.chunks_exact(2).map(|u| u16::from_le_bytes([u[0], u[1]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_round_trip() {
        for value in [0, 1, -1, i64::MAX, i64::MIN, 1 << 30, -(1 << 60)] {
            let (negative, digits) = Const::Int(value).to_digits().unwrap();
            assert_eq!(Const::from_digits(negative, &digits), Const::Int(value));
        }
        assert!(matches!(Const::from_digits(false, &[0, 0, 8]), Const::BigInt { .. }));
    }
}
