pub static TYPES: &[&crate::Type] = &[];
pub fn new(_o: &crate::Object, _a: &crate::Object) -> crate::PyResult { crate::bail!(TypeError, "stub") }
