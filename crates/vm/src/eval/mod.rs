//! The evaluation loop: one handler per opcode, jumping from one to the next.
//!
//! - `machine.rs`: the registers and what a body may answer; `handlers.rs`: the handlers, made from the opcode table and the bodies;
//!   `run.rs`: entering the loop; `unwind.rs`: the way of an exception; `breaker.rs`: what the eval breaker asks for; `observe.rs`: low-level
//!   tracing and counting
//! - `ops/`: the bodies, by family

pub mod breaker;
pub mod handlers;
pub mod machine;
pub mod observe;
pub mod ops;
pub mod run;
pub mod unwind;

pub use run::eval_frame;
