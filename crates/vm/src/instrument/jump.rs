//! Jumping to another line from a trace function (`frame.f_lineno = n`).

use super::events;
use super::stacks::{self, Kind, Stack};
use crate::frame::{Frame, object::FrameObject};
use crate::stackref::StackRef;
use taipan_object::types::exceptions;
use taipan_object::types::none::none;
use taipan_object::{Object, PyResult, Thread, bail};

/// Moves the frame to the first instruction of a line.
pub fn jump_to_line(fo: &FrameObject, line: &Object) -> PyResult<()> {
    let Ok(line) = i32::try_from(line.as_i64()?) else {
        bail!(ValueError, "lineno out of range");
    };
    let ts = Thread::current();
    let frame = fo.f_frame.get();
    match usize::try_from(ts.what_event.get()) {
        Err(_) => bail!(ValueError, "f_lineno can only be set in a trace function"),
        Ok(events::PY_START) => bail!(ValueError, "can't jump from the 'call' trace event of a new frame"),
        Ok(events::CALL | events::C_RETURN) => bail!(ValueError, "can't jump during a call"),
        Ok(
            events::PY_RETURN
            | events::PY_UNWIND
            | events::PY_THROW
            | events::RAISE
            | events::C_RAISE
            | events::INSTRUCTION
            | events::EXCEPTION_HANDLED,
        ) => {
            bail!(ValueError, "can only jump from a 'line' trace event")
        }
        Ok(_) => {}
    }
    let f = fo.frame();
    let code = f.code();
    if line < code.co_firstlineno {
        bail!(ValueError, "line {line} comes before the current code block");
    }
    let marks = line_marks(code);
    let Some(new_line) = marks.iter().copied().filter(|&l| l >= line).min() else {
        bail!(ValueError, "line {line} comes after the current code block");
    };
    let stacks = stacks::before(code);
    let start: Stack = stacks.get(f.unit_index()).cloned().flatten();
    let mut best: Option<(usize, Vec<Kind>)> = None;
    let mut problem = "cannot find bytecode for specified line";
    for (unit, _) in marks.iter().enumerate().filter(|(_, l)| **l == new_line) {
        match (&start, &stacks[unit]) {
            (None, _) => problem = "can't jump from unreachable code",
            (Some(_), None) => problem = "can't jump into an unreachable code",
            (Some(from), Some(to)) if stacks::compatible(from, to) => {
                if best.as_ref().is_none_or(|(_, b)| to.len() > b.len()) {
                    best = Some((unit, to.clone()));
                }
            }
            (Some(_), Some(to)) => {
                problem = match to.last() {
                    Some(Kind::Except) => "can't jump into an 'except' block as there's no exception",
                    Some(Kind::Lasti) => "can't jump into a re-raising block as there's no location",
                    Some(Kind::Iterator) => "can't jump into the body of a for loop",
                    Some(Kind::Object | Kind::Null) => "incompatible stacks",
                    None => "incompatible stacks",
                };
            }
        }
    }
    let Some((unit, target)) = best else { bail!(ValueError, "{problem}") };
    bind_unbound(fo)?;
    let from = start.unwrap_or_default();
    // SAFETY: the frame is the one that the event came from: its stack is as `stackpointer` says, and at least as deep as `from`.
    unsafe {
        for kind in from[target.len()..].iter().rev() {
            let sp = (*frame).stackpointer.sub(1);
            (*frame).stackpointer = sp;
            let v = *sp;
            if *kind == Kind::Except {
                let exc = v.into_obj_opt().filter(|e| !e.is_none());
                (*ts.exc_info.get()).exc_value.set(exc);
            } else {
                v.close();
            }
        }
        (*frame).instr_ptr = code.units().add(unit);
    }
    fo.f_lineno.set(0);
    Ok(())
}

/// By unit, the line that starts there, or -1.
fn line_marks(code: &crate::code::CodeObject) -> Vec<i32> {
    let mut marks = vec![-1; code.len_units()];
    let mut last = -1;
    for run in taipan_bytecode::location_table::read(code.line_table(), code.co_firstlineno) {
        let line = run.location.line;
        if line != last && line != -1 && run.start < marks.len() {
            marks[run.start] = line;
            last = line;
        }
    }
    marks
}

/// A jump may lead over assignments: variables without a value become `None`.
fn bind_unbound(fo: &FrameObject) -> PyResult<()> {
    let frame: *mut Frame = fo.f_frame.get();
    let code = fo.code();
    let unbound: Vec<usize> = code
        .variables(taipan_bytecode::code::kinds::LOCAL)
        // SAFETY: variables of the frame.
        .filter(|&i| unsafe { (*Frame::slot(frame, i)).is_null() })
        .collect();
    if unbound.is_empty() {
        return Ok(());
    }
    let n = unbound.len();
    let s = if n == 1 { "" } else { "s" };
    (taipan_object::hooks::get().warn)(
        exceptions::RuntimeWarning,
        &format!("assigning None to {n} unbound local{s}"),
        0,
    )?;
    for i in unbound {
        // SAFETY: as above.
        unsafe { *Frame::slot(frame, i) = StackRef::borrow(none()) };
    }
    Ok(())
}
