//! The opcode table, instruction encoding, location and exception tables, code objects as plain data, marshal.
//!
//! Nothing here knows Python objects, source code or the evaluation loop.
#![warn(missing_docs)]

mod table;

pub mod code;
pub mod exception_table;
pub mod instruction;
pub mod location_table;
pub mod marshal;

pub mod opcode;
pub mod wtf8;

pub use code::{Code, Const};
pub use opcode::Op;
pub use wtf8::Str;
