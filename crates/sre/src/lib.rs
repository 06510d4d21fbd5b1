//! The engine behind `_sre`: executes the code words that `re._compiler` makes.
//!
//! A [`Program`] is validated code; [`Matcher`] runs it over text stored in units of one, two or four bytes. The engine
//! backtracks on heap stacks of its own and never recurses, and a validated program never makes it panic.
#![forbid(unsafe_code)]

pub mod charset;
pub mod engine;
pub mod op;
pub mod program;
mod search;
#[cfg(test)]
mod tests;
pub mod unit;

pub use charset::{Locale, ascii_iscased, ascii_tolower, unicode_iscased, unicode_tolower};
pub use engine::{Matcher, Stop};
pub use program::{InvalidCode, Program};
pub use search::Options;
pub use unit::Unit;
