//! Frame objects (`PyFrameObject`): made when someone asks for a frame, and its owner once it has ended.

use super::{Frame, clear_locals, frame_object, lineno, locals, materialise, move_to, owner, skip_incomplete};
use crate::code::CodeObject;
use crate::generator;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_bytecode::code::flags as co;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::str::Str;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, alloc, bail, flags, gc, getset, getsets, layout, members,
    method, methods,
};

/// A frame object. Behind the fixed part lies room for the frame itself.
#[repr(C)]
#[allow(missing_docs)]
pub struct FrameObject {
    pub ob_base: Object,
    /// The caller, once the frame has ended.
    pub f_back: ObjCell,
    /// The frame: on the data stack, in a generator, or in `data`.
    pub f_frame: Cell<*mut Frame>,
    pub f_trace: ObjCell,
    /// Nonzero: the line that a tracer is being told, or that an extension set.
    pub f_lineno: Cell<i32>,
    pub f_trace_lines: Cell<bool>,
    pub f_trace_opcodes: Cell<bool>,
    /// Names that `f_locals` was given beside the variables.
    pub f_extra_locals: ObjCell,
    pub f_locals_cache: ObjCell,
    /// Values overwritten through `f_locals`, which the stack may have borrowed.
    pub f_overwritten_fast_locals: ObjCell,
    data: Frame,
}

const _: () = {
    assert!(offset_of!(FrameObject, f_back) == 16 && offset_of!(FrameObject, f_frame) == 24);
    assert!(offset_of!(FrameObject, f_lineno) == 40 && offset_of!(FrameObject, f_trace_lines) == 44);
    assert!(offset_of!(FrameObject, f_trace_opcodes) == 45 && offset_of!(FrameObject, f_extra_locals) == 48);
    assert!(offset_of!(FrameObject, data) == 72 && size_of::<FrameObject>() == 160);
};

layout!(FrameObject, PyFrame_Type);

impl FrameObject {
    /// An object for a frame that has none.
    pub fn for_frame(frame: *mut Frame) -> Ref<FrameObject> {
        let f = materialise(frame);
        let slots = f.code().nlocalsplus() + f.code().stacksize();
        let ty = &PyFrame_Type;
        let size = offset_of!(FrameObject, data) + offset_of!(Frame, localsplus) + slots * 8;
        // SAFETY: the object is written whole before anybody sees it; `data` is not used before `f_frame` points there.
        unsafe {
            let Some((o, class)) = alloc::alloc_exact(ty, size.max(size_of::<FrameObject>())) else {
                alloc::out_of_memory()
            };
            let fo = o.cast::<FrameObject>().as_ptr();
            (&raw mut (*fo).ob_base).write(Object::in_class(ty, class));
            (&raw mut (*fo).f_back).write(ObjCell::empty());
            (&raw mut (*fo).f_frame).write(Cell::new(frame));
            (&raw mut (*fo).f_trace).write(ObjCell::empty());
            (&raw mut (*fo).f_lineno).write(Cell::new(0));
            (&raw mut (*fo).f_trace_lines).write(Cell::new(true));
            (&raw mut (*fo).f_trace_opcodes).write(Cell::new(false));
            (&raw mut (*fo).f_extra_locals).write(ObjCell::empty());
            (&raw mut (*fo).f_locals_cache).write(ObjCell::empty());
            (&raw mut (*fo).f_overwritten_fast_locals).write(ObjCell::empty());
            Obj::from_raw(o.as_ptr()).cast_into_unchecked()
        }
    }

    /// The frame.
    pub fn frame(&self) -> &mut Frame {
        materialise(self.f_frame.get())
    }

    /// Its code.
    pub fn code(&self) -> &CodeObject {
        self.frame().code()
    }

    /// The current line.
    pub fn line(&self) -> Option<i32> {
        match self.f_lineno.get() {
            0 => lineno::current_line(self.f_frame.get()),
            n => Some(n),
        }
    }

    /// The caller's frame object.
    pub fn back(&self) -> Option<Obj> {
        if let Some(b) = self.f_back.get_owned() {
            return Some(b);
        }
        let previous = skip_incomplete(self.frame().previous);
        (!previous.is_null()).then(|| frame_object(previous).into_obj())
    }
}

/// The frame has ended while its object lives on: its contents move into the object. The old memory keeps an executable of its own.
///
/// # Safety
/// `frame` is the object's frame, with a right `stackpointer`.
pub unsafe fn take_ownership(fo: &FrameObject, frame: *mut Frame) {
    // SAFETY: `data` has room for all of the frame's words.
    unsafe {
        let new = (&raw const fo.data).cast_mut();
        let previous = skip_incomplete((*frame).previous);
        move_to(frame, new);
        (*frame).executable = (*new).executable.dup();
        (*frame).stackpointer = Frame::slot(frame, 0);
        (*frame).locals = std::ptr::null();
        (*frame).funcobj = crate::stackref::StackRef::NULL;
        (*new).frame_obj = std::ptr::null();
        (*new).owner = owner::FRAME_OBJECT;
        fo.f_frame.set(new);
        let first = (*new).code().first_traceable();
        if ((*new).unit_index() as i32) < first {
            // A generator that never started: as if its first RESUME had run.
            (*new).instr_ptr = (*new).code().units().add(first as usize + 1);
        }
        if !previous.is_null() && fo.f_back.is_empty() {
            fo.f_back.set(Some(frame_object(previous).into_obj()));
        }
        if !gc::is_tracked(fo) {
            gc::track(fo);
        }
    }
}

unsafe extern "C" fn frame_dealloc(o: NonNull<Object>) {
    // SAFETY: the object is dead; if it owns its frame, that is released here.
    unsafe {
        gc::untrack(o.as_ref());
        let fo: &FrameObject = o.as_ref().cast_unchecked();
        let f = fo.f_frame.get();
        let mut executable = crate::stackref::StackRef::NULL;
        if !f.is_null() && (*f).owner == owner::FRAME_OBJECT {
            clear_locals(f);
            (*f).funcobj.close();
            executable = (*f).executable;
        }
        fo.f_back.set(None);
        fo.f_trace.set(None);
        fo.f_extra_locals.set(None);
        fo.f_locals_cache.set(None);
        fo.f_overwritten_fast_locals.set(None);
        executable.close();
        alloc::free_object(o.as_ptr().cast());
    }
}

extern "C" fn frame_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let fo: &FrameObject = o.cast();
    for field in [&fo.f_back, &fo.f_trace, &fo.f_extra_locals, &fo.f_locals_cache, &fo.f_overwritten_fast_locals] {
        if let Some(v) = field.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    let f = fo.f_frame.get();
    // SAFETY: the frame is alive as long as its object points to it.
    unsafe {
        if !f.is_null() && (*f).owner == owner::FRAME_OBJECT {
            return traverse(f, visit, arg);
        }
    }
    0
}

/// Shows the collector what a frame owns.
///
/// # Safety
/// The frame is not running, its `stackpointer` right.
pub unsafe fn traverse(f: *mut Frame, visit: VisitProc, arg: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(l) = (*f).locals.as_ref() {
            let r = visit(l, arg);
            if r != 0 {
                return r;
            }
        }
        for v in [(*f).funcobj] {
            if v.is_owned() {
                let r = visit(v.as_ref(), arg);
                if r != 0 {
                    return r;
                }
            }
        }
        let mut slot = Frame::slot(f, 0);
        while slot < (*f).stackpointer {
            if (*slot).is_owned() {
                let r = visit((*slot).as_ref(), arg);
                if r != 0 {
                    return r;
                }
            }
            slot = slot.add(1);
        }
    }
    0
}

extern "C" fn frame_clear_slot(o: &Object) -> c_int {
    let fo: &FrameObject = o.cast();
    fo.f_trace.set(None);
    fo.f_extra_locals.set(None);
    fo.f_locals_cache.set(None);
    fo.f_overwritten_fast_locals.set(None);
    let f = fo.f_frame.get();
    // SAFETY: only a frame that has ended is emptied.
    unsafe {
        if !f.is_null() && (*f).owner == owner::FRAME_OBJECT {
            clear_locals(f);
        }
    }
    0
}

/// Clear all references held by the frame.
#[method(signature = "()", text = false)]
fn clear(this: &FrameObject) -> PyResult<()> {
    let f = this.f_frame.get();
    // SAFETY: the frame is alive as long as its object points to it.
    unsafe {
        match (*f).owner {
            owner::GENERATOR => {
                let g = generator::of_frame(f);
                if g.frame_state.get() == generator::state::EXECUTING {
                    bail!(RuntimeError, "cannot clear an executing frame");
                }
                if g.is_suspended() {
                    bail!(RuntimeError, "cannot clear a suspended frame");
                }
                generator::methods::finalize(g);
            }
            owner::FRAME_OBJECT => {
                frame_clear_slot(this);
            }
            _ => bail!(RuntimeError, "cannot clear an executing frame"),
        }
    }
    Ok(())
}

/// Return the size in memory, in bytes.
#[method(signature = "()", name = "__sizeof__", text = false)]
fn frame_sizeof(this: &FrameObject) -> usize {
    let c = this.code();
    offset_of!(FrameObject, data) + offset_of!(Frame, localsplus) + (c.nlocalsplus() + c.stacksize()) * 8
}

extern "C" fn frame_repr(o: &Object) -> PyResult {
    let fo: &FrameObject = o.cast();
    let c = fo.code();
    let file = match c.co_filename.get() {
        Some(f) => f.repr()?.display().to_string(),
        None => "?".to_owned(),
    };
    let line = fo.line().unwrap_or(-1);
    Ok(Str::from_utf8(&format!("<frame at {:p}, file {file}, line {line}, code {}>", o, c.name())).into_obj())
}

fn get_back(f: &FrameObject) -> Option<Obj> {
    f.back()
}
fn get_builtins(f: &FrameObject) -> Obj {
    f.frame().builtins().to_obj()
}
fn get_code(f: &FrameObject) -> Obj {
    f.code().to_obj()
}
fn get_globals(f: &FrameObject) -> Obj {
    f.frame().globals().to_obj()
}
fn get_lasti(f: &FrameObject) -> i32 {
    f.frame().lasti()
}
fn get_lineno(f: &FrameObject) -> Option<i32> {
    f.line()
}
fn get_generator(f: &FrameObject) -> Option<Obj> {
    let frame = f.frame();
    // SAFETY: the owner says that the frame lies in a generator.
    (frame.owner == owner::GENERATOR).then(|| unsafe { generator::of_frame(frame) }.to_obj())
}
fn get_trace(f: &FrameObject) -> Option<Obj> {
    f.f_trace.get_owned()
}
fn set_trace(f: &FrameObject, v: Option<&Object>) -> PyResult<()> {
    let v = v.filter(|v| !v.is_none());
    f.f_trace.set(v.map(|v| v.to_obj()));
    if v.is_some() && f.f_trace_opcodes.get() {
        crate::instrument::enable_opcode_events()?;
    }
    Ok(())
}
fn get_trace_opcodes(f: &FrameObject) -> bool {
    f.f_trace_opcodes.get()
}
fn set_trace_opcodes(f: &FrameObject, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(AttributeError, "f_trace_opcodes cannot be deleted") };
    if !v.is_exact(&taipan_object::types::bool_::PyBool_Type) {
        bail!(TypeError, "attribute value type must be bool");
    }
    let on = v.is(crate::support::true_());
    f.f_trace_opcodes.set(on);
    if on && !f.f_trace.is_empty() {
        crate::instrument::enable_opcode_events()?;
    }
    Ok(())
}

/// `f_locals`: the namespace of class and module bodies, else a proxy that writes through to the variables.
pub fn get_locals(fo: &FrameObject) -> PyResult {
    let f = fo.frame();
    if !f.code().has_flag(co::OPTIMIZED) && !locals::has_hidden(f) {
        if f.locals.is_null() {
            f.locals = Dict::new().into_obj().into_raw();
        }
        return Ok(f.locals().map_or_else(|| Dict::new().into_obj(), |l| l.to_obj()));
    }
    Ok(locals::FrameLocalsProxy::create(fo))
}

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `types.FrameType`.
pub static PyFrame_Type: Type = Type::new_static(TypeDef {
    name: c"frame",
    basicsize: size_of::<FrameObject>() - 8,
    itemsize: 8,
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(frame_dealloc),
    repr: Some(frame_repr),
    traverse: Some(frame_traverse),
    clear: Some(frame_clear_slot),
    methods: methods![clear, frame_sizeof],
    members: members![MemberDef::new(c"f_trace_lines", member::BOOL, offset_of!(FrameObject, f_trace_lines), 0)],
    getset: getsets![
        getset!(c"f_back", get_back),
        getset!(c"f_builtins", get_builtins),
        getset!(c"f_code", get_code),
        getset!(c"f_generator", get_generator),
        getset!(c"f_globals", get_globals),
        getset!(c"f_lasti", get_lasti),
        getset!(c"f_lineno", get_lineno, lineno::set_lineno),
        getset!(c"f_locals", get_locals),
        getset!(c"f_trace", get_trace, set_trace),
        getset!(c"f_trace_opcodes", get_trace_opcodes, set_trace_opcodes),
    ],
    ..TypeDef::EMPTY
});
