//! The marshal format: reading and writing values of whatever kind through an interface.
//!
//! Neither direction recurses: nesting is held on the heap and limited as in the reference, so no input can overflow the
//! stack; lengths in the input never decide how much is allocated ahead.

mod plain;
mod reader;
mod writer;

pub use plain::{PlainBuilder, dump_code, load_code};
pub use reader::{Builder, CodeParts, Input, ReadError, Reader, SliceInput};
pub use writer::{CodeFields, Kind, View, WriteError, Writer};

/// The version written by default: 3.14's, which added slices.
pub const VERSION: i32 = 5;

/// The deepest nesting that is written or read.
pub const MAX_DEPTH: usize = 2000;

/// Marks an object that later parts may refer to.
const FLAG_REF: u8 = 0x80;

/// Bits in a digit of a long integer as written.
const LONG_DIGIT_BITS: u32 = 15;

/// The magic number at the start of a `.pyc` file of 3.14.
pub const PYC_MAGIC: [u8; 4] = [(3627 & 0xFF) as u8, (3627 >> 8) as u8, b'\r', b'\n'];

mod tag {
    pub const NULL: u8 = b'0';
    pub const NONE: u8 = b'N';
    pub const FALSE: u8 = b'F';
    pub const TRUE: u8 = b'T';
    pub const STOP_ITERATION: u8 = b'S';
    pub const ELLIPSIS: u8 = b'.';
    pub const INT: u8 = b'i';
    pub const INT64: u8 = b'I';
    pub const FLOAT_TEXT: u8 = b'f';
    pub const FLOAT: u8 = b'g';
    pub const COMPLEX_TEXT: u8 = b'x';
    pub const COMPLEX: u8 = b'y';
    pub const LONG: u8 = b'l';
    pub const BYTES: u8 = b's';
    pub const INTERNED: u8 = b't';
    pub const REF: u8 = b'r';
    pub const TUPLE: u8 = b'(';
    pub const LIST: u8 = b'[';
    pub const DICT: u8 = b'{';
    pub const CODE: u8 = b'c';
    pub const UNICODE: u8 = b'u';
    pub const SET: u8 = b'<';
    pub const FROZENSET: u8 = b'>';
    pub const SLICE: u8 = b':';
    pub const ASCII: u8 = b'a';
    pub const ASCII_INTERNED: u8 = b'A';
    pub const SMALL_TUPLE: u8 = b')';
    pub const SHORT_ASCII: u8 = b'z';
    pub const SHORT_ASCII_INTERNED: u8 = b'Z';
}
