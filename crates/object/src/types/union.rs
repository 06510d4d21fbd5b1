pub static TYPES: &[&crate::Type] = &[];
pub fn or(_o: &crate::Object, _a: &crate::Object) -> crate::PyResult { crate::bail!(TypeError, "stub") }
pub fn args_of(_o: &crate::Object) -> Option<crate::Ref<crate::types::tuple::Tuple>> { None }
