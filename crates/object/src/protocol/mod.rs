//! What can be done with any object, as methods on [`Object`](crate::Object) (the abstract layer of the C API), and the operators as functions.

pub mod attr;
pub mod call;
pub mod compare;
pub mod iter;
pub mod mapping;
pub mod number;
pub mod repr;
pub mod types;
