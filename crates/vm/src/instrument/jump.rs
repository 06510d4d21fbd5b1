//! Jumping to another line from a trace function.

use crate::frame::object::FrameObject;
use taipan_object::{Object, PyResult, bail};

/// `frame.f_lineno = n`.
pub fn jump_to_line(_fo: &FrameObject, _line: &Object) -> PyResult<()> {
    bail!(ValueError, "f_lineno can only be set in a trace function")
}
