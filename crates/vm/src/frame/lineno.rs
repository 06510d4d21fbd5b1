//! Where a frame stands in the source.

use super::object::FrameObject;
use super::{Frame, materialise};
use taipan_object::{Object, PyResult, bail};

/// The line of the frame's current instruction.
pub fn current_line(frame: *mut Frame) -> Option<i32> {
    let f = materialise(frame);
    f.code().line_at(f.unit_index())
}

/// `frame.f_lineno = n`: jumps, which only a trace function may do.
pub fn set_lineno(fo: &FrameObject, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(AttributeError, "cannot delete attribute") };
    if v.downcast_exact::<taipan_object::types::int::Int>().is_none() {
        bail!(ValueError, "lineno must be an integer");
    }
    crate::instrument::jump::jump_to_line(fo, v)
}
