//! The registers of the machine as an instruction's body sees them, and what a body may answer.
//!
//! Rules for bodies (their reasons are in the design notes of the loop):
//! - all guards come before the first change, so that a failed guard can run the general form;
//! - no value with a destructor is alive when the body answers, and no address of a local escapes: either breaks the jump to the
//!   next instruction. What needs such things is a *general form*, a function of its own;
//! - the stack is touched only through the methods here.
// The functions here are the evaluation loop's own: their contract is that of a handler (see `eval/mod.rs`), stated once.
#![allow(clippy::missing_safety_doc)]

use super::handlers::Handler;
use crate::code::CodeObject;
use crate::frame::Frame;
use crate::stackref::StackRef;
use crate::support::bool_object;
use taipan_bytecode::Op;
use taipan_object::freelist::FreeList;
use taipan_object::types::float::PyFloat_Type;
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::{Obj, Object, Raised, Thread};

/// The registers: thread state, frame, the unit after the instruction's own, the end of the value stack.
pub struct Machine {
    /// The running thread.
    pub ts: *const Thread,
    /// The running frame.
    pub frame: *mut Frame,
    /// The unit after the instruction (its first cache, or the next instruction).
    pub ip: *mut u16,
    /// One past the top of the stack.
    pub sp: *mut StackRef,
}

/// A general form: registers in, an outcome out; see [`Done`] for the encoding. Also the signature by which machine code will call it.
pub type General = unsafe extern "C" fn(*const Thread, *mut Frame, *mut u16, *mut StackRef, usize) -> usize;

/// What a body answers.
pub enum Flow {
    /// On to the next instruction.
    Next,
    /// A jump in units, counted from the end of the caches.
    Jump(isize),
    /// `frame`, `ip` and `sp` were set by the body.
    Go,
    /// Run the instruction's general form (written in line: this is its usual way).
    General(General),
    /// Run this general form instead, out of line: for what is seldom or done once.
    Slow(General),
    /// A guard of a specialised form failed before anything was changed: run the base form.
    Deopt,
    /// Done, but this object's last reference is gone.
    Dealloc(*mut Object),
    /// An exception is set; the operands still on the stack are the unwinder's to release.
    Error,
    /// Leave the loop with this raw result.
    Exit(usize),
    /// The rest is done by this function, which goes on by itself.
    Tail(Handler),
}

/// What a general form answers, in Rust.
pub enum Done {
    /// On to the next instruction; `sp` is the new end of the stack.
    Next,
    /// The jump of the instruction's argument is taken.
    Jump,
    /// The same, over one more unit.
    JumpOver,
    /// The jump of the instruction's argument is taken, backwards.
    JumpBack,
    /// Over the instruction that follows, which has no cache.
    Skip,
    /// Go on elsewhere in the frame.
    Goto(*mut u16),
    /// Go on with `ts.current_frame`, at its `instr_ptr` with its `stackpointer`.
    Switch,
    /// Do the instruction at `ip - 1` again, under its present opcode.
    Again,
    /// An exception is set that has been here before: unwind without a traceback entry.
    Reraise,
    /// Leave the loop with this raw result (an owned object).
    Exit(usize),
}

/// Encodings of [`Done`] in a word; `Next` is the stack pointer itself, whose low bits are zero, `Jump` the same plus one.
pub mod outcome {
    /// An exception is set; the stack pointer is in the frame.
    pub const ERROR: usize = 0;
    /// Added to the stack pointer.
    pub const JUMP: usize = 1;
    /// Added to the stack pointer.
    pub const JUMP_OVER: usize = 2;
    /// Added to the stack pointer.
    pub const SKIP: usize = 3;
    /// Added to the stack pointer.
    pub const JUMP_BACK: usize = 4;
    /// See `Done::Goto`; the stack pointer is in the frame, the target is fetched with [`super::take_exit_value`].
    pub const GOTO: usize = 5;
    /// See `Done::Switch`.
    pub const SWITCH: usize = 2;
    /// See `Done::Reraise`; the stack pointer is in the frame.
    pub const RERAISE: usize = 3;
    /// See `Done::Again`; the stack pointer is in the frame.
    pub const AGAIN: usize = 4;
    /// See `Done::Exit`; the result is fetched with [`super::take_exit_value`].
    pub const EXIT: usize = 6;
}

pub(crate) trait IntoDone {
    fn into_done(self) -> Result<Done, Raised>;
}
impl IntoDone for Result<(), Raised> {
    #[inline(always)]
    fn into_done(self) -> Result<Done, Raised> {
        self.map(|()| Done::Next)
    }
}
impl IntoDone for Result<Done, Raised> {
    #[inline(always)]
    fn into_done(self) -> Result<Done, Raised> {
        self
    }
}

impl Machine {
    /// The word that a general form returns.
    ///
    /// # Safety
    /// The registers are valid.
    #[inline(always)]
    pub(crate) unsafe fn encode(&self, frame: *mut Frame, r: impl IntoDone) -> usize {
        // SAFETY: the frame is the running one.
        unsafe {
            match r.into_done() {
                Ok(Done::Next) => self.sp as usize,
                Ok(Done::Jump) => self.sp as usize | outcome::JUMP,
                Ok(Done::JumpOver) => self.sp as usize | outcome::JUMP_OVER,
                Ok(Done::JumpBack) => self.sp as usize | outcome::JUMP_BACK,
                Ok(Done::Skip) => self.sp as usize | outcome::SKIP,
                Ok(Done::Goto(ip)) => {
                    (*frame).stackpointer = self.sp;
                    EXIT_VALUE.set(ip as usize);
                    outcome::GOTO
                }
                Ok(Done::Switch) => outcome::SWITCH,
                Ok(Done::Again) => {
                    (*frame).stackpointer = self.sp;
                    outcome::AGAIN
                }
                Ok(Done::Reraise) => {
                    (*frame).stackpointer = self.sp;
                    outcome::RERAISE
                }
                Ok(Done::Exit(value)) => exit_word(value),
                Err(_) => {
                    (*frame).stackpointer = self.sp;
                    outcome::ERROR
                }
            }
        }
    }

    /// The thread.
    #[inline(always)]
    pub fn thread<'a>(&self) -> &'a Thread {
        // SAFETY: the running thread's state lives as long as the loop.
        unsafe { &*self.ts }
    }
    /// The code object being run.
    #[inline(always)]
    pub fn code<'a>(&self) -> &'a CodeObject {
        // SAFETY: the running frame owns its code.
        unsafe { &*((*self.frame).executable.ptr() as *const CodeObject) }
    }
    /// The frame.
    #[inline(always)]
    pub fn frame<'a>(&self) -> &'a mut Frame {
        // SAFETY: the running frame is alive, and touched by nobody else meanwhile.
        unsafe { &mut *self.frame }
    }
    /// Notes where the frame stands, for whoever looks at it during what follows.
    #[inline(always)]
    pub(crate) unsafe fn save_ip(&mut self) {
        // SAFETY: the running frame.
        unsafe { (*self.frame).instr_ptr = self.ip.sub(1) }
    }
    /// The place of a variable.
    #[inline(always)]
    pub fn local(&self, i: usize) -> *mut StackRef {
        Frame::slot(self.frame, i)
    }
    /// Constant `i`.
    #[inline(always)]
    pub(crate) unsafe fn constant<'a>(&self, i: usize) -> &'a Object {
        // SAFETY: the compiler (or the checks of `code()`) made the index good.
        unsafe { self.code().constant(i) }
    }
    /// Name `i`.
    #[inline(always)]
    pub(crate) unsafe fn name<'a>(&self, i: usize) -> &'a Object {
        // SAFETY: as above.
        unsafe { self.code().name_at(i) }
    }
    /// Cache unit `i`.
    #[inline(always)]
    pub(crate) unsafe fn cache16(&self, i: usize) -> u16 {
        // SAFETY: the instruction has that many caches.
        unsafe { *self.ip.add(i) }
    }
    /// Cache units `i` and `i + 1`.
    #[inline(always)]
    pub(crate) unsafe fn cache32(&self, i: usize) -> u32 {
        // SAFETY: as above.
        unsafe { self.ip.add(i).cast::<u32>().read_unaligned() }
    }
    /// Cache units `i` to `i + 3`.
    #[inline(always)]
    pub(crate) unsafe fn cache64(&self, i: usize) -> u64 {
        // SAFETY: as above.
        unsafe { self.ip.add(i).cast::<u64>().read_unaligned() }
    }
    /// The top of the stack.
    #[inline(always)]
    pub(crate) unsafe fn tos(&self) -> StackRef {
        // SAFETY: the compiler's stack effects guarantee the depth.
        unsafe { *self.sp.sub(1) }
    }
    /// The second value.
    #[inline(always)]
    pub(crate) unsafe fn nos(&self) -> StackRef {
        // SAFETY: as above.
        unsafe { *self.sp.sub(2) }
    }
    /// Value `n` from the top, counted from 1.
    #[inline(always)]
    pub(crate) unsafe fn peek(&self, n: usize) -> StackRef {
        // SAFETY: as above.
        unsafe { *self.sp.sub(n) }
    }
    /// Value `n` from the top as an object.
    #[inline(always)]
    pub(crate) unsafe fn obj<'a>(&self, n: usize) -> &'a Object {
        // SAFETY: as above; the value stays on the stack while it is used.
        unsafe { (*self.sp.sub(n)).as_ref() }
    }
    /// Overwrites value `n` from the top.
    #[inline(always)]
    pub(crate) unsafe fn put(&mut self, n: usize, v: StackRef) {
        // SAFETY: as above.
        unsafe { *self.sp.sub(n) = v }
    }
    /// Pushes.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, v: StackRef) {
        // SAFETY: `co_stacksize` leaves room.
        unsafe {
            *self.sp = v;
            self.sp = self.sp.add(1);
        }
    }
    /// Pushes an owned object.
    #[inline(always)]
    pub(crate) unsafe fn push_obj(&mut self, o: Obj) {
        // SAFETY: as above.
        unsafe { self.push(StackRef::steal(o)) }
    }
    /// Pops; the value is the caller's to close.
    #[inline(always)]
    pub(crate) unsafe fn pop(&mut self) -> StackRef {
        // SAFETY: as above.
        unsafe {
            self.sp = self.sp.sub(1);
            *self.sp
        }
    }
    /// Pops an object into ownership.
    #[inline(always)]
    pub(crate) unsafe fn pop_obj(&mut self) -> Obj {
        // SAFETY: as above; the value is not null.
        unsafe { self.pop().into_obj() }
    }
    /// Forgets the top `n` values without closing them.
    #[inline(always)]
    pub(crate) unsafe fn shrink(&mut self, n: usize) {
        // SAFETY: as above.
        unsafe { self.sp = self.sp.sub(n) }
    }
    /// Closes and drops the top `n` values, top first. The stack is shorter before anything is closed. For general forms.
    #[inline(always)]
    pub(crate) unsafe fn close_n(&mut self, n: usize) {
        // SAFETY: as above.
        unsafe {
            for _ in 0..n {
                self.pop().close();
            }
        }
    }
    /// Replaces the top `n` values (which are closed) by an owned object. For general forms.
    #[inline(always)]
    pub(crate) unsafe fn finish(&mut self, n: usize, result: Obj) {
        // SAFETY: as above. The result is on the stack before the operands go, out of reach of what they run.
        unsafe {
            self.close_n(n);
            self.push_obj(result);
        }
    }
    /// Overwrites the top `n` values by one without closing.
    #[inline(always)]
    pub(crate) unsafe fn replace(&mut self, n: usize, v: StackRef) {
        // SAFETY: as above.
        unsafe {
            *self.sp.sub(n) = v;
            self.sp = self.sp.sub(n - 1);
        }
    }
}

thread_local! {
    static EXIT_VALUE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cold]
fn exit_word(value: usize) -> usize {
    EXIT_VALUE.set(value);
    outcome::EXIT
}

/// The result left by a general form that answered `Done::Exit`.
#[cold]
pub fn take_exit_value() -> usize {
    EXIT_VALUE.replace(0)
}

/// As [`done`], for values that are often numbers: their memory goes to the thread's free list at once.
#[inline(always)]
pub fn recycle(ts: &Thread, dead: *mut Object) -> Flow {
    if dead.is_null() {
        return Flow::Next;
    }
    // SAFETY: the object is dead; an exact int of at most two digits, or a float, is one block without contents.
    unsafe {
        let o = &*dead;
        let kept = if o.is_exact(&PyLong_Type) {
            o.cast_unchecked::<Int>().digit_count() <= 2 && ts.free_lists.ints.try_push(dead.cast())
        } else if o.is_exact(&PyFloat_Type) {
            ts.free_lists.floats.try_push(dead.cast())
        } else {
            false
        };
        if kept { Flow::Next } else { Flow::Dealloc(dead) }
    }
}

impl Machine {
    /// Gives up a reference to a number of the kind whose free list is `list`, which has room. No code runs.
    #[inline(always)]
    pub(crate) unsafe fn close_number<const MAX: u32>(list: &FreeList<MAX>, v: StackRef) {
        if v.is_owned() {
            // SAFETY: an owned reference to an exact int of one digit or to an exact float; its block is one of the list's.
            unsafe {
                let o = &*v.ptr();
                let n = o.refcnt();
                if n == 1 {
                    list.push_unchecked(v.ptr().cast());
                } else if (n as i32) >= 0 {
                    o.set_refcnt(n - 1);
                }
            }
        }
    }

    /// The truth value `b` replaces the top `n` values, which are closed. When a conditional jump follows the `NC` caches, it is done at once.
    #[inline(always)]
    pub(crate) unsafe fn truth<const NC: usize>(&mut self, n: usize, b: bool) -> Flow {
        // SAFETY: an instruction follows; a conditional jump has one cache unit, and is followed by another instruction.
        unsafe {
            let unit = *self.ip.add(NC);
            let on = match unit as u8 {
                JUMP_IF_FALSE => false,
                JUMP_IF_TRUE => true,
                _ => {
                    self.replace(n, StackRef::borrow(bool_object(b)));
                    return Flow::Next;
                }
            };
            self.shrink(n);
            let mut next = self.ip.add(NC + 2);
            if b == on {
                next = next.add((unit >> 8) as usize);
            } else if *next as u8 == NOT_TAKEN {
                next = next.add(1);
            }
            self.ip = next;
            Flow::Go
        }
    }

    /// If a `STORE_FAST` follows the `NC` caches, stores `v` there at once, and answers the former value; else pushes it.
    #[inline(always)]
    pub(crate) unsafe fn store_or_push<const NC: usize>(&mut self, v: StackRef) -> StackRef {
        // SAFETY: an instruction follows, whose argument the compiler made.
        unsafe {
            let unit = *self.ip.add(NC);
            if unit as u8 == STORE_FAST {
                let slot = self.local((unit >> 8) as usize);
                let old = *slot;
                *slot = v;
                self.ip = self.ip.add(1);
                return old;
            }
            if unit as u8 == STORE_FAST_LOAD_FAST {
                let slot = self.local((unit >> 12) as usize);
                let old = *slot;
                *slot = v;
                let next = *self.local((unit >> 8 & 15) as usize);
                self.push(StackRef::new(next.as_ref()));
                self.ip = self.ip.add(1);
                return old;
            }
            self.push(v);
            StackRef::NULL
        }
    }
}

const JUMP_IF_FALSE: u8 = Op::POP_JUMP_IF_FALSE as u16 as u8;
const JUMP_IF_TRUE: u8 = Op::POP_JUMP_IF_TRUE as u16 as u8;
const NOT_TAKEN: u8 = Op::NOT_TAKEN as u16 as u8;
const STORE_FAST: u8 = Op::STORE_FAST as u16 as u8;
const STORE_FAST_LOAD_FAST: u8 = Op::STORE_FAST_LOAD_FAST as u16 as u8;

/// The answer of a body that has released a value: see [`StackRef::release`].
#[inline(always)]
pub fn done(dead: *mut Object) -> Flow {
    if dead.is_null() { Flow::Next } else { Flow::Dealloc(dead) }
}
