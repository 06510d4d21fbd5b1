//! Frames, code objects and tracebacks.

use crate::prelude::*;
use taipan_vm::code::CodeObject;
use taipan_vm::frame::object::FrameObject;

exports! {
    fn PyFrame_GetCode(f: &Object) -> PyResult { Ok(f.cast::<FrameObject>().code().to_obj()) }
    fn PyFrame_GetLineNumber(f: &Object) -> c_int { f.cast::<FrameObject>().line().unwrap_or(-1) }
    fn PyFrame_GetBack(f: &Object) -> Option<Obj> { f.cast::<FrameObject>().back().filter(|b| !b.is_none()) }
    fn PyFrame_GetLasti(f: &Object) -> c_int { f.cast::<FrameObject>().frame().lasti() }
    fn PyTraceBack_Here(f: &Object) -> c_int {
        let fo: &FrameObject = f.cast();
        let ts = Thread::current();
        if let Some(exc) = ts.current_exception.take() {
            if let Some(b) = exc.downcast::<taipan_object::types::exceptions::BaseException>() {
                let line = fo.line().unwrap_or(-1);
                let tb = taipan_vm::traceback::Traceback::new(b.traceback.get_owned(), Ref::from_borrowed(fo), fo.frame().lasti(), line);
                b.traceback.set(Some(tb.into_obj()));
            }
            ts.current_exception.set(Some(exc));
        }
        0
    }
    fn PyCode_GetCode(c: &Object) -> PyResult { Ok(c.cast::<CodeObject>().co_code()) }
    fn PyCode_GetVarnames(c: &Object) -> PyResult { Ok(c.cast::<CodeObject>().co_varnames()) }
    fn PyThreadState_GetFrame(ts: &Thread) -> Option<Obj> {
        let f = taipan_vm::frame::skip_incomplete(taipan_vm::frame::current(ts));
        if f.is_null() { None } else { Some(taipan_vm::frame::frame_object(f).into_obj()) }
    }
    fn PyEval_GetFrame() -> Null<'static> {
        // SAFETY: borrowed: the running frame keeps its frame object.
        PyThreadState_GetFrame(Thread::current()).map(|f| unsafe { &*f.as_ptr() })
    }
}
