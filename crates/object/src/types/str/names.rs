//! What names of attributes, types and modules need of `str`.

use super::Str;
use crate::bail;
use crate::error::PyResult;
use std::ffi::CString;

impl Str {
    /// The text for C; raises for surrogates and NULs.
    pub fn to_utf8_cstr(&self) -> PyResult<CString> {
        match CString::new(self.to_utf8()?) {
            Ok(s) => Ok(s),
            Err(_) => bail!(ValueError, "embedded null character"),
        }
    }

    /// Whether the string stands in the table of interned strings, so that it can be recognised by its address.
    #[inline(always)]
    pub fn is_interned(&self) -> bool {
        self.state.get() & super::state::INTERNED != 0
    }

    /// Whether there is a NUL character.
    pub fn contains_nul(&self) -> bool {
        self.chars().any(|c| c == 0)
    }
}
