//! Decimal floating point by the General Decimal Arithmetic specification, with exponents up to 10^18.
//!
//! - `coeff.rs`: natural numbers in base 10^19
//! - `value.rs`: numbers, contexts, rounding; `text.rs`: reading and writing
//! - `arith.rs`: the four operations and their kin; `compare.rs`: order; `integral.rs`: quantising and neighbours;
//!   `logical.rs`: digit-wise operations; `functions.rs`: roots, exponentials and logarithms
//!
//! Operations take the context and add to a status word the conditions that arose; nothing here traps.

mod arith;
pub mod coeff;
mod compare;
mod functions;
mod integral;
mod logical;
mod text;
mod value;

pub use arith::*;
pub use coeff::Coeff;
pub use compare::*;
pub use functions::*;
pub use integral::*;
pub use logical::*;
pub use text::*;
pub use value::*;
