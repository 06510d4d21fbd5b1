//! Frames: what a running Python function needs, on a contiguous stack per thread.
//!
//! - [`Frame`] is the light frame of the evaluation loop, with CPython's offsets (`_PyInterpreterFrame`).
//! - `datastack.rs` is the memory that they lie on; `object.rs` the frame *object* that is made only when someone asks;
//!   `locals.rs` the proxy behind `f_locals`; `lineno.rs` where an instruction stands in the source.
//! - [`materialise`] is the one door to a frame's contents for anybody outside the evaluation loop.
//!
//! A frame owns its `executable`, `funcobj`, `locals`, `frame_obj` and everything in `localsplus` below `stackpointer`;
//! globals and builtins are kept alive by the function.

pub mod datastack;
pub mod lineno;
pub mod locals;
pub mod object;
pub mod query;

use crate::code::CodeObject;
use crate::function::Function;
use crate::stackref::StackRef;
use object::FrameObject;
use std::cell::UnsafeCell;
use std::marker::PhantomPinned;
use std::mem::offset_of;
use taipan_bytecode::code::kinds;
use taipan_object::types::cell::Cell;
use taipan_object::types::str::Str;
use taipan_object::{Obj, Object, PyResult, Thread, Type, bail};

/// Who has the memory of a frame.
pub mod owner {
    /// It lies on the thread's data stack.
    pub const THREAD: u8 = 0;
    /// It is part of a generator, coroutine or async generator.
    pub const GENERATOR: u8 = 1;
    /// It is part of a frame object, after execution has ended.
    pub const FRAME_OBJECT: u8 = 2;
    /// A frame of the interpreter itself, which no one is shown.
    pub const INTERPRETER: u8 = 3;
    /// Machine code runs it: `localsplus` holds nothing until [`super::materialise`] has been there.
    pub const COMPILED: u8 = 4;
}

/// A frame (`_PyInterpreterFrame`).
#[repr(C)]
pub struct Frame {
    /// The code object.
    pub executable: StackRef,
    /// The caller.
    pub previous: *mut Frame,
    /// The function, or null in class and module bodies run without one.
    pub funcobj: StackRef,
    /// Borrowed from the function.
    pub globals: *const Object,
    /// Borrowed from the function.
    pub builtins: *const Object,
    /// The namespace of class and module bodies; owned, may be null.
    pub locals: *const Object,
    /// The frame object, if one was asked for; owned.
    pub frame_obj: *const FrameObject,
    /// The instruction being executed, or (suspended generators) the one to go on with.
    pub instr_ptr: *mut u16,
    /// End of the value stack, when the frame is not the one running.
    pub stackpointer: *mut StackRef,
    /// Units from `instr_ptr` to where the caller goes on when its callee returns.
    pub return_offset: u16,
    /// One of [`owner`].
    pub owner: u8,
    /// Mark of the collector.
    pub visited: u8,
    /// Whether the evaluation loop was entered with this frame: RETURN and unwinding leave the loop here.
    pub entry: bool,
    /// Not 0 if leaving the frame takes more than closing its variables: it has a namespace or a frame object, or begins a chunk of
    /// the data stack.
    pub special: u8,
    /// Locals, cells, free variables, then the value stack.
    pub localsplus: [StackRef; 1],
    /// Frames are reached over several ways at once: no reference to one is exclusive or read-only.
    shared: (UnsafeCell<()>, PhantomPinned),
}

/// Words of a frame before `localsplus`.
pub const FRAME_HEADER_WORDS: usize = offset_of!(Frame, localsplus) / 8;

const _: () = {
    assert!(size_of::<Frame>() == 88);
    assert!(offset_of!(Frame, executable) == 0 && offset_of!(Frame, previous) == 8 && offset_of!(Frame, funcobj) == 16);
    assert!(offset_of!(Frame, globals) == 24 && offset_of!(Frame, builtins) == 32 && offset_of!(Frame, locals) == 40);
    assert!(offset_of!(Frame, frame_obj) == 48 && offset_of!(Frame, instr_ptr) == 56);
    assert!(offset_of!(Frame, stackpointer) == 64 && offset_of!(Frame, return_offset) == 72);
    assert!(offset_of!(Frame, owner) == 74 && offset_of!(Frame, visited) == 75 && offset_of!(Frame, localsplus) == 80);
};

impl Frame {
    /// The code object.
    #[inline(always)]
    pub fn code(&self) -> &CodeObject {
        // SAFETY: the executable of a frame is always a code object, owned by the frame.
        unsafe { self.executable.as_ref().cast_unchecked() }
    }

    /// The function, if there is one.
    #[inline(always)]
    pub fn function(&self) -> Option<&Function> {
        // SAFETY: the frame owns it; it is a function or null.
        unsafe { self.funcobj.get().map(|f| f.cast_unchecked()) }
    }

    /// The globals.
    #[inline(always)]
    pub fn globals(&self) -> &Object {
        // SAFETY: kept alive by the function or by whoever started the frame.
        unsafe { &*self.globals }
    }

    /// The builtins.
    #[inline(always)]
    pub fn builtins(&self) -> &Object {
        // SAFETY: as above.
        unsafe { &*self.builtins }
    }

    /// The namespace of class and module bodies.
    #[inline(always)]
    pub fn locals(&self) -> Option<&Object> {
        // SAFETY: owned by the frame.
        unsafe { self.locals.as_ref() }
    }

    /// Where variable or stack place `i` lies.
    #[inline(always)]
    pub fn slot(this: *mut Frame, i: usize) -> *mut StackRef {
        // SAFETY: only address arithmetic inside the frame's memory, which is `co_framesize` words long.
        unsafe { (&raw mut (*this).localsplus).cast::<StackRef>().add(i) }
    }

    /// The bottom of the value stack.
    #[inline(always)]
    pub fn stack_base(this: *mut Frame) -> *mut StackRef {
        // SAFETY: the frame is initialised.
        let n = unsafe { (*this).code().nlocalsplus() };
        Frame::slot(this, n)
    }

    /// Index of the current unit in the code.
    #[inline]
    pub fn unit_index(&self) -> usize {
        // SAFETY: `instr_ptr` lies in the code; address arithmetic only.
        unsafe { self.instr_ptr.offset_from(self.code().units()) as usize }
    }

    /// `f_lasti`.
    pub fn lasti(&self) -> i32 {
        (self.unit_index() * 2) as i32
    }

    /// Whether the frame has not yet reached its first traceable instruction: nobody is shown such a frame.
    pub fn is_incomplete(&self) -> bool {
        if self.owner >= owner::INTERPRETER {
            return self.owner == owner::INTERPRETER;
        }
        self.owner != owner::GENERATOR && (self.unit_index() as i32) < self.code().first_traceable()
    }

    /// Writes a new frame for `code` with empty variables; `localsplus` is then the caller's to fill.
    ///
    /// # Safety
    /// `this` points to `co_framesize` words. `executable` and `funcobj` are handed over.
    #[inline(always)]
    pub unsafe fn init(
        this: *mut Frame,
        funcobj: StackRef,
        globals: *const Object,
        builtins: *const Object,
        locals: *const Object,
        code: &CodeObject,
        previous: *mut Frame,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            (*this).executable = StackRef::new(code);
            (*this).previous = previous;
            (*this).funcobj = funcobj;
            (*this).globals = globals;
            (*this).builtins = builtins;
            (*this).locals = locals;
            (*this).frame_obj = std::ptr::null();
            (*this).instr_ptr = code.units();
            (*this).stackpointer = Frame::slot(this, code.nlocalsplus());
            (*this).return_offset = 0;
            (*this).owner = owner::THREAD;
            (*this).visited = 0;
            (*this).entry = false;
            (*this).special = !locals.is_null() as u8;
        }
    }

    /// Whether leaving the frame needs no more than closing its variables.
    ///
    /// # Safety
    /// `this` is a frame.
    #[inline(always)]
    pub unsafe fn is_plain(this: *mut Frame) -> bool {
        const _: () = assert!(owner::THREAD == 0 && offset_of!(Frame, special) == 77 && offset_of!(Frame, owner) == 74);
        // SAFETY: owner, mark, entry and special are four bytes in a row.
        let bytes = unsafe { (&raw const (*this).owner).cast::<[u8; 4]>().read() };
        let entry = u32::from_ne_bytes([0, 0, 1, 0]);
        u32::from_ne_bytes(bytes) & !entry == 0
    }

    /// Overwrites `n` places by null.
    ///
    /// # Safety
    /// The memory is a frame's or a caller's array.
    #[inline(always)]
    pub unsafe fn null_values(at: *mut StackRef, n: usize) {
        let mut i = 0;
        while i < n {
            // SAFETY: the caller's promise.
            unsafe { *at.add(i) = StackRef::NULL };
            keep_loop();
            i += 1;
        }
    }

    /// Empties variables `from..nlocalsplus`.
    ///
    /// # Safety
    /// The memory is the frame's.
    #[inline(always)]
    pub unsafe fn null_locals(this: *mut Frame, from: usize, to: usize) {
        let mut i = from;
        while i < to {
            // SAFETY: the caller's promise.
            unsafe { *Frame::slot(this, i) = StackRef::NULL };
            keep_loop();
            i += 1;
        }
    }
}

/// Keeps the compiler from turning a two-turn loop into a call of memset or vector code.
#[inline(always)]
pub fn keep_loop() {
    #[cfg(not(miri))]
    // SAFETY: an empty instruction sequence.
    unsafe {
        std::arch::asm!("", options(nomem, nostack, preserves_flags))
    }
}

/// The frames of a thread from the innermost outwards, those that are shown to Python.
pub fn current(ts: &Thread) -> *mut Frame {
    skip_incomplete(ts.current_frame.get().cast())
}

/// `frame`, or the first of its callers that is complete.
pub fn skip_incomplete(mut frame: *mut Frame) -> *mut Frame {
    // SAFETY: frames on the chain are alive.
    while let Some(f) = unsafe { frame.as_ref() } {
        if !f.is_incomplete() {
            break;
        }
        frame = f.previous;
    }
    frame
}

/// The one door to a frame's contents for everybody outside the evaluation loop: makes sure that `localsplus`,
/// `instr_ptr` and `stackpointer` hold what the program would see. For frames that the interpreter runs they always do; a frame
/// run by machine code will be rebuilt here from the recipe of its position.
#[inline]
pub fn materialise<'a>(frame: *mut Frame) -> &'a mut Frame {
    // SAFETY: callers hand over frames that are alive, under the interpreter lock.
    let f = unsafe { &mut *frame };
    debug_assert!(f.owner != owner::COMPILED, "no machine code yet");
    f
}

/// Releases everything that a frame owns, its frame object too (which takes the contents over if someone else holds it).
/// The memory of the frame stays.
///
/// # Safety
/// `frame` is not on the chain of running frames, and its `stackpointer` is right.
pub unsafe fn clear(frame: *mut Frame) {
    // SAFETY: the caller's promise; `take_ownership` moves the contents out when the object lives on.
    unsafe {
        if let Some(fo) = (*frame).frame_obj.as_ref() {
            (*frame).frame_obj = std::ptr::null();
            if !fo.is_unique() {
                object::take_ownership(fo, frame);
                Object::decref(fo.as_ptr());
                return;
            }
            Object::decref(fo.as_ptr());
        }
        clear_locals(frame);
        (*frame).funcobj.close();
        (*frame).funcobj = StackRef::NULL;
    }
}

/// Releases variables, stack and namespace.
///
/// # Safety
/// As for [`clear`].
#[inline]
pub unsafe fn clear_locals(frame: *mut Frame) {
    // SAFETY: everything below `stackpointer` is owned by the frame; each place is emptied as seen from finalisers.
    unsafe {
        let mut sp = (*frame).stackpointer;
        let base = Frame::slot(frame, 0);
        (*frame).stackpointer = base;
        while sp > base {
            sp = sp.sub(1);
            let v = *sp;
            *sp = StackRef::NULL;
            v.close();
        }
        let locals = (*frame).locals;
        (*frame).locals = std::ptr::null();
        if !locals.is_null() {
            Object::decref(locals);
        }
    }
}

/// Moves a frame's contents to other memory. Borrowed values become owned, since they will outlive what they were borrowed from.
///
/// # Safety
/// `dest` has room for the frame; `src` is afterwards dead memory.
pub unsafe fn move_to(src: *mut Frame, dest: *mut Frame) {
    // SAFETY: the caller's promise.
    unsafe {
        (*dest).executable = (*src).executable.heap_safe();
        (*dest).previous = std::ptr::null_mut();
        (*dest).funcobj = (*src).funcobj.heap_safe();
        (*dest).globals = (*src).globals;
        (*dest).builtins = (*src).builtins;
        (*dest).locals = (*src).locals;
        (*dest).frame_obj = (*src).frame_obj;
        (*dest).instr_ptr = (*src).instr_ptr;
        (*dest).return_offset = 0;
        (*dest).owner = (*src).owner;
        (*dest).visited = 0;
        (*dest).entry = false;
        (*dest).special = 0;
        let n = (*src).stackpointer.offset_from(Frame::slot(src, 0)) as usize;
        (*dest).stackpointer = Frame::slot(dest, n);
        for i in 0..n {
            *Frame::slot(dest, i) = (*Frame::slot(src, i)).heap_safe();
        }
    }
}

/// A new reference to the frame's object, made if there is none yet.
pub fn frame_object(frame: *mut Frame) -> taipan_object::Ref<FrameObject> {
    let f = materialise(frame);
    // SAFETY: the frame owns a reference to its object.
    if let Some(fo) = unsafe { f.frame_obj.as_ref() } {
        return taipan_object::Ref::from_borrowed(fo);
    }
    let fo = FrameObject::for_frame(frame);
    f.frame_obj = fo.clone().into_obj().into_raw().cast();
    f.special = 1;
    fo
}

/// The globals of the innermost frame, if any.
pub fn current_globals() -> Option<Obj> {
    let f = current(Thread::current());
    // SAFETY: running frames are alive.
    unsafe { f.as_ref() }.map(|f| f.globals().to_obj())
}

/// The builtins of the innermost frame, or the interpreter's.
pub fn current_builtins() -> Obj {
    let ts = Thread::current();
    let f = current(ts);
    // SAFETY: running frames are alive.
    match unsafe { f.as_ref() } {
        Some(f) => f.builtins().to_obj(),
        None => ts.interp.builtins.get_owned().expect("an interpreter that runs code has builtins"),
    }
}

/// For `super()` without arguments: the class in the `__class__` cell and the first argument of the running frame.
pub fn super_of_frame() -> PyResult<(Obj, Obj)> {
    let f = current(Thread::current());
    // SAFETY: running frames are alive; their variables are read here only.
    unsafe {
        let Some(frame) = f.as_ref() else { bail!(RuntimeError, "super(): no current frame") };
        let code = frame.code();
        if code.argcount() == 0 {
            bail!(RuntimeError, "super(): no arguments");
        }
        let mut first = (*Frame::slot(f, 0)).get().map(|o| o.to_obj());
        if code.is_cell_or_free(0)
            && let Some(c) = first.as_ref().and_then(|o| o.downcast_exact::<Cell>())
        {
            first = c.get_owned();
        }
        let Some(first) = first else { bail!(RuntimeError, "super(): arg[0] deleted") };
        for i in code.variables(kinds::FREE) {
            if !code.localsplus_name(i).cast::<Str>().eq_str("__class__") {
                continue;
            }
            let Some(cell) = (*Frame::slot(f, i)).get().and_then(|c| c.downcast_exact::<Cell>()) else {
                bail!(RuntimeError, "super(): bad __class__ cell");
            };
            let Some(cls) = cell.get_owned() else { bail!(RuntimeError, "super(): empty __class__ cell") };
            if cls.downcast::<Type>().is_none() {
                bail!(RuntimeError, "super(): __class__ is not a type ({})", cls.ty().name_str());
            }
            return Ok((cls, first));
        }
        bail!(RuntimeError, "super(): __class__ cell not found")
    }
}
