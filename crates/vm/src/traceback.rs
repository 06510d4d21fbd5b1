//! Traceback objects (`PyTracebackObject`).

use crate::arguments;
use crate::frame::{self, Frame, object::FrameObject};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Thread, Type, TypeDef, bail, flags, getset, getsets, layout, members, methods,
};

/// One entry of a traceback.
#[repr(C)]
pub struct Traceback {
    ob_base: Object,
    tb_next: ObjCell,
    tb_frame: ObjCell,
    tb_lasti: Cell<i32>,
    /// -1: not computed yet.
    tb_lineno: Cell<i32>,
}

const _: () = {
    assert!(size_of::<Traceback>() == 40);
    assert!(offset_of!(Traceback, tb_next) == 16 && offset_of!(Traceback, tb_frame) == 24);
    assert!(offset_of!(Traceback, tb_lasti) == 32 && offset_of!(Traceback, tb_lineno) == 36);
};

layout!(Traceback, PyTraceBack_Type);

impl Traceback {
    /// An entry.
    pub fn new(next: Option<Obj>, frame: Ref<FrameObject>, lasti: i32, lineno: i32) -> Ref<Traceback> {
        new_object(Traceback {
            ob_base: Object::placeholder(),
            tb_next: ObjCell::from_opt(next),
            tb_frame: ObjCell::new(frame.into_obj()),
            tb_lasti: Cell::new(lasti),
            tb_lineno: Cell::new(lineno),
        })
    }

    /// The frame.
    pub fn frame(&self) -> Option<&FrameObject> {
        self.tb_frame.get().map(|f| f.cast())
    }

    /// The line.
    pub fn lineno(&self) -> Option<i32> {
        match self.tb_lineno.get() {
            -1 => self.frame().and_then(|f| f.code().line_at(self.tb_lasti.get() as usize / 2)),
            n => Some(n),
        }
    }
}

/// Adds an entry for where `frame` stands to the traceback of the current exception.
///
/// # Safety
/// The frame is alive and complete.
pub unsafe fn here(ts: &Thread, frame: *mut Frame) {
    let Some(exc) = ts.current_exception.take() else { return };
    let fo = frame::frame_object(frame);
    // SAFETY: the caller's promise.
    let lasti = unsafe { (*frame).lasti() };
    let old = crate::support::exception_traceback(&exc);
    let tb = Traceback::new(old, fo, lasti, -1);
    crate::support::set_traceback(&exc, Some(tb.into_obj()));
    ts.current_exception.set(Some(exc));
}

/// Gives `exc` a traceback of one entry for where `frame` stands.
pub fn set_from_frame(exc: &Object, frame: *mut Frame) {
    let fo = frame::frame_object(frame);
    // SAFETY: the frame is the running one.
    let lasti = unsafe { (*frame).lasti() };
    crate::support::set_traceback(exc, Some(Traceback::new(None, fo, lasti, -1).into_obj()));
}

fn get_next(t: &Traceback) -> Option<Obj> {
    t.tb_next.get_owned()
}

fn set_tb_next(t: &Traceback, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(TypeError, "can't delete tb_next attribute") };
    if v.is_none() {
        t.tb_next.set(None);
        return Ok(());
    }
    let Some(new) = v.downcast_exact::<Traceback>() else {
        bail!(TypeError, "expected traceback object, got '{}'", v.ty().name_str());
    };
    // No loops.
    let mut cursor = Some(Ref::from_borrowed(new));
    while let Some(c) = cursor {
        if std::ptr::eq(&*c, t) {
            bail!(ValueError, "traceback loop detected");
        }
        cursor = c.tb_next.get().and_then(|n| n.downcast_exact::<Traceback>()).map(Ref::from_borrowed);
    }
    t.tb_next.set(Some(v.to_obj()));
    Ok(())
}

fn get_lineno(t: &Traceback) -> Option<i32> {
    t.lineno()
}

extern "C" fn traceback_new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    arguments::with("traceback", &["tb_next", "tb_frame", "tb_lasti", "tb_lineno"], 4, args, kwargs, |a| {
        let next = a[0].unwrap_or(none());
        let next = if next.is_none() {
            None
        } else if next.downcast_exact::<Traceback>().is_some() {
            Some(next.to_obj())
        } else {
            bail!(TypeError, "expected traceback object or None, got '{}'", next.ty().name_str());
        };
        let frame = a[1].unwrap_or(none());
        let Some(frame) = frame.downcast_exact::<FrameObject>() else {
            bail!(TypeError, "traceback() argument 'tb_frame' must be frame, not {}", frame.ty().name_str());
        };
        let int = |o: Option<&Object>| -> PyResult<i32> {
            let n = o.unwrap_or(none()).as_i64()?;
            i32::try_from(n).or_else(|_| bail!(OverflowError, "Python int too large to convert to C int"))
        };
        Ok(Traceback::new(next, Ref::from_borrowed(frame), int(a[2])?, int(a[3])?).into_obj())
    })
}

/// The attributes' names.
#[taipan_object::method(signature = "()", name = "__dir__", text = false)]
fn traceback_dir(_this: &Traceback) -> Ref<List> {
    List::from_vec(
        ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"].iter().map(|s| Str::from_utf8(s).into_obj()).collect(),
    )
}

extern "C" fn traceback_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let t: &Traceback = o.cast();
    for field in [&t.tb_next, &t.tb_frame] {
        if let Some(v) = field.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn traceback_clear(o: &Object) -> c_int {
    let t: &Traceback = o.cast();
    t.tb_next.set(None);
    t.tb_frame.set(None);
    0
}

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `types.TracebackType`.
pub static PyTraceBack_Type: Type = Type::new_static(TypeDef {
    name: c"traceback",
    basicsize: size_of::<Traceback>(),
    flags: flags::HAVE_GC,
    doc: Some(c"traceback(tb_next, tb_frame, tb_lasti, tb_lineno)\n--\n\nOne entry of a traceback."),
    dealloc: Some(dealloc_of::<Traceback>),
    traverse: Some(traceback_traverse),
    clear: Some(traceback_clear),
    methods: methods![traceback_dir],
    members: members![
        MemberDef::new(
            c"tb_frame",
            member::OBJECT,
            offset_of!(Traceback, tb_frame),
            member::READONLY | member::AUDIT_READ
        ),
        MemberDef::new(c"tb_lasti", member::INT, offset_of!(Traceback, tb_lasti), member::READONLY),
    ],
    getset: getsets![getset!(c"tb_next", get_next, set_tb_next), getset!(c"tb_lineno", get_lineno)],
    new: Some(traceback_new),
    ..TypeDef::EMPTY
});

/// `File "...", line N, in name` of an entry, for reports made without the library.
pub fn describe(tb: &Object) -> String {
    let Some(t) = tb.downcast::<Traceback>() else { return String::new() };
    let Some(f) = t.frame() else { return String::new() };
    let code = f.code();
    format!("  File \"{}\", line {}, in {}\n", code.filename().display(), t.lineno().unwrap_or(0), code.name())
}

/// The next entry.
pub fn next_of(tb: &Object) -> Option<Obj> {
    tb.downcast::<Traceback>()?.tb_next.get_owned()
}

/// The unit at which an entry stands, if it is one of the given frame.
pub fn unit_in(tb: &Object, frame: *const FrameObject) -> Option<usize> {
    let t = tb.downcast::<Traceback>()?;
    let own = t.frame().is_some_and(|f| std::ptr::eq(f, frame));
    usize::try_from(t.tb_lasti.get()).ok().filter(|_| own).map(|n| n / 2)
}

/// The line of an entry.
pub fn line_of(tb: &Object) -> Option<i32> {
    tb.downcast::<Traceback>()?.lineno()
}

/// File name and function of an entry.
pub fn place_of(tb: &Object) -> (String, String) {
    match tb.downcast::<Traceback>().and_then(Traceback::frame) {
        Some(f) => (f.code().filename().to_utf8_lossy().into_owned(), f.code().name()),
        None => (String::new(), String::new()),
    }
}

/// Links an entry to another one.
pub fn link(tb: &Object, next: Option<Obj>) {
    if let Some(t) = tb.downcast::<Traceback>() {
        t.tb_next.set(next);
    }
}
