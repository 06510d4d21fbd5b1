//! To come.
pub static TYPES: &[&crate::Type] = &[];
