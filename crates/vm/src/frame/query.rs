//! What natives ask of the running frames: namespaces, compiler flags, callers.

use super::{Frame, current, frame_object, object, skip_incomplete};
use taipan_bytecode::code::flags;
use taipan_object::{Obj, PyResult, Thread, bail};

/// The caller of a frame, as Python sees it; null at the end.
pub fn previous_complete(frame: *mut Frame) -> *mut Frame {
    // SAFETY: frames on the chain are alive.
    match unsafe { frame.as_ref() } {
        Some(f) => skip_incomplete(f.previous),
        None => std::ptr::null_mut(),
    }
}

/// `locals()` of the innermost frame: its namespace in module and class bodies, a snapshot of its variables in functions.
pub fn current_locals() -> PyResult<Obj> {
    let f = current(Thread::current());
    if f.is_null() {
        bail!(SystemError, "frame does not exist");
    }
    let locals = object::get_locals(&frame_object(f))?;
    // SAFETY: the running frame.
    if unsafe { (*f).code() }.has_flag(flags::OPTIMIZED) {
        let d = taipan_object::types::dict::Dict::new();
        d.update_from(&locals, true)?;
        return Ok(d.into_obj());
    }
    Ok(locals)
}

/// The future features that the innermost frame's code was compiled with, which `compile()`, `eval` and `exec` inherit.
pub fn current_compile_flags() -> i32 {
    let f = current(Thread::current());
    // SAFETY: running frames are alive.
    match unsafe { f.as_ref() } {
        Some(f) => f.code().co_flags.get() & flags::FUTURE_MASK as i32,
        None => 0,
    }
}

impl Frame {
    /// The line that the frame is at.
    pub fn line(&self) -> Option<i32> {
        super::lineno::current_line(self as *const Frame as *mut Frame)
    }
}
