pub static TYPES: &[&crate::Type] = &[];
