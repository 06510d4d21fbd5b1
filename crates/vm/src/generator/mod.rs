//! Generators, coroutines and async generators: one layout, whose frame is part of the object.
//!
//! - `methods.rs`: `send`, `throw`, `close`, attributes and the three types; `async_gen.rs`: the awaitables of async generators;
//!   `wrapper.rs`: the iterator behind `coroutine.__await__()`
//! - the evaluation loop resumes generators without recursion through [`enter_inline`]; native code through [`Generator::resume`].

pub mod anext_default;
pub mod async_gen;
pub mod coroutine;
pub mod methods;

use crate::eval::machine::Machine;
use crate::eval::run::{check_depth, eval_frame};
use crate::frame::{self, Frame, owner};
use crate::function::Function;
use crate::stackref::StackRef;
use std::cell::Cell;
use std::mem::offset_of;
use taipan_bytecode::Op;
use taipan_bytecode::code::flags;
use taipan_bytecode::opcode::resume;
use taipan_object::header::Layout;
use taipan_object::thread::ExcStackItem;
use taipan_object::types::exceptions;
use taipan_object::types::none::none;
use taipan_object::{Obj, ObjCell, Object, PyResult, Raised, Thread, alloc, bail, gc};

/// Values of `gi_frame_state`.
pub mod state {
    /// Made, not yet started.
    pub const CREATED: i8 = -3;
    /// At a `yield`.
    pub const SUSPENDED: i8 = -2;
    /// At a `yield from` or `await`.
    pub const SUSPENDED_YIELD_FROM: i8 = -1;
    /// Running.
    pub const EXECUTING: i8 = 0;
    /// Finished.
    pub const COMPLETED: i8 = 1;
    /// Finished, its frame released.
    pub const CLEARED: i8 = 4;
}

/// A generator (`PyGenObject`), and with the same layout a coroutine and an async generator.
#[repr(C)]
#[allow(missing_docs)]
pub struct Generator {
    pub ob_base: Object,
    pub weakreflist: Cell<*mut Object>,
    pub name: ObjCell,
    pub qualname: ObjCell,
    /// The exception handled inside while the generator runs.
    pub exc_state: ExcStackItem,
    /// Coroutines: `cr_origin`; async generators: the finaliser hook.
    pub origin_or_finalizer: ObjCell,
    pub hooks_inited: Cell<bool>,
    pub closed: Cell<bool>,
    pub running_async: Cell<bool>,
    pub frame_state: Cell<i8>,
    /// The frame; more memory follows.
    pub iframe: Frame,
}

const _: () = {
    assert!(size_of::<Generator>() == 160);
    assert!(offset_of!(Generator, weakreflist) == 16 && offset_of!(Generator, exc_state) == 40);
    assert!(offset_of!(Generator, origin_or_finalizer) == 56 && offset_of!(Generator, frame_state) == 67);
    assert!(offset_of!(Generator, iframe) == 72);
};

taipan_object::layout!(Generator, methods::PyGen_Type);

/// A coroutine: a [`Generator`] under another type.
#[repr(transparent)]
pub struct Coroutine(pub Generator);
taipan_object::layout!(Coroutine, coroutine::PyCoro_Type);

/// An async generator: a [`Generator`] under another type.
#[repr(transparent)]
pub struct AsyncGen(pub Generator);
taipan_object::layout!(AsyncGen, async_gen::PyAsyncGen_Type);

/// What sending to an iterator gave.
pub enum Sent {
    /// It yielded.
    Yielded(Obj),
    /// It is finished, with a result.
    Returned(Obj),
}

impl Generator {
    /// The frame.
    #[inline(always)]
    pub fn frame(&self) -> *mut Frame {
        (&raw const self.iframe).cast_mut()
    }
    /// Whether it can be resumed: started or not, but neither running nor finished.
    #[inline(always)]
    pub fn is_resumable(&self) -> bool {
        self.frame_state.get() < state::EXECUTING
    }
    /// Whether it is finished.
    #[inline(always)]
    pub fn is_finished(&self) -> bool {
        self.frame_state.get() > state::EXECUTING
    }
    /// Whether it is one of the two suspended states.
    pub fn is_suspended(&self) -> bool {
        matches!(self.frame_state.get(), state::SUSPENDED | state::SUSPENDED_YIELD_FROM)
    }
    /// "generator", "coroutine" or "async generator", for error texts.
    pub fn kind(&self) -> &'static str {
        if self.is_exact(Coroutine::type_object()) {
            "coroutine"
        } else if self.is_exact(AsyncGen::type_object()) {
            "async generator"
        } else {
            "generator"
        }
    }

    /// Resumes with the value `arg` (or the current exception, with `throw`).
    pub fn resume(&self, arg: Option<&Object>, throw: bool) -> PyResult<Sent> {
        let ts = Thread::current();
        match self.frame_state.get() {
            state::CREATED if arg.is_some_and(|a| !a.is_none()) => {
                let what = match self.kind() {
                    "generator" => "generator",
                    "coroutine" => "coroutine",
                    _ => "async generator",
                };
                bail!(TypeError, "can't send non-None value to a just-started {what}");
            }
            state::EXECUTING => match self.kind() {
                "coroutine" => bail!(ValueError, "coroutine already executing"),
                "async generator" => bail!(ValueError, "async generator already executing"),
                _ => bail!(ValueError, "generator already executing"),
            },
            s if s > state::EXECUTING => {
                if self.is_exact(Coroutine::type_object()) {
                    taipan_object::error::clear();
                    bail!(RuntimeError, "cannot reuse already awaited coroutine");
                }
                if throw {
                    return Err(Raised::already_set());
                }
                return Ok(Sent::Returned(none().to_obj()));
            }
            _ => {}
        }
        let keep = self.to_obj();
        // SAFETY: the generator is suspended: its frame is not running, and has room for the value.
        let result = unsafe {
            let f = self.frame();
            *(*f).stackpointer = StackRef::new(arg.unwrap_or(none()));
            (*f).stackpointer = (*f).stackpointer.add(1);
            self.exc_state.previous_item.set(ts.exc_info.get());
            ts.exc_info.set(&self.exc_state);
            if throw && let Some(e) = ts.current_exception.take() {
                // The exception happens inside: what the generator itself handles is its context, not what its caller does.
                if let Some(handled) = self.exc_state.exc_value.get().filter(|h| !h.is_none()) {
                    exceptions::chain_context(&e, handled);
                }
                ts.current_exception.set(Some(e));
            }
            self.frame_state.set(state::EXECUTING);
            eval_frame(ts, f, throw)
        };
        let finished = self.is_finished();
        drop(keep);
        match result {
            Ok(v) if finished => Ok(Sent::Returned(v)),
            Ok(v) => Ok(Sent::Yielded(v)),
            Err(e) => Err(e),
        }
    }
}

/// The generator that a frame is part of.
///
/// # Safety
/// The frame's owner is a generator.
#[inline(always)]
pub unsafe fn of_frame<'a>(f: *mut Frame) -> &'a Generator {
    // SAFETY: the frame lies inside the generator.
    unsafe { &*f.cast::<u8>().sub(offset_of!(Generator, iframe)).cast::<Generator>() }
}

/// A generator, coroutine or async generator as the common layout. Async generators are not resumed by `SEND`.
#[inline(always)]
pub fn any_generator(o: &Object) -> Option<&Generator> {
    let ty = o.ty_ptr();
    if std::ptr::eq(ty, Generator::type_object()) || std::ptr::eq(ty, Coroutine::type_object()) {
        // SAFETY: both types have this layout.
        return Some(unsafe { o.cast_unchecked() });
    }
    None
}

/// Resumes a suspended generator in the running loop: pushes `value` on its stack and puts its frame on the chain.
/// The caller's frame goes on at `return_offset` units from its instruction when the generator returns.
///
/// # Safety
/// `vm` are the registers of the caller's frame, whose `instr_ptr` is stored; `g` is resumable; `value` owns itself.
#[inline]
pub unsafe fn enter_inline(vm: &mut Machine, g: &Generator, value: StackRef, return_offset: u16) -> PyResult<()> {
    let ts = vm.thread();
    // SAFETY: the caller's promise.
    unsafe {
        if ts.py_recursion_remaining.get() <= 0
            && let Err(e) = check_depth(ts)
        {
            value.close();
            return Err(e);
        }
        let f = g.frame();
        *(*f).stackpointer = value;
        (*f).stackpointer = (*f).stackpointer.add(1);
        g.frame_state.set(state::EXECUTING);
        g.exc_state.previous_item.set(ts.exc_info.get());
        ts.exc_info.set(&g.exc_state);
        (*vm.frame).return_offset = return_offset;
        (*vm.frame).stackpointer = vm.sp;
        (*f).previous = vm.frame;
        (*f).entry = false;
        ts.current_frame.set(f.cast());
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
    }
    Ok(())
}

/// Marks a running generator as suspended at the `RESUME` that `ip` points to.
///
/// # Safety
/// `g` is the running generator.
#[inline(always)]
pub unsafe fn suspend(ts: &Thread, g: &Generator, ip: *mut u16) {
    // SAFETY: a RESUME follows every YIELD_VALUE; its argument tells the kind of suspension.
    let kind = unsafe { (*ip >> 8) as u32 } & resume::LOCATION_MASK;
    g.frame_state.set(if kind >= resume::AFTER_YIELD_FROM { state::SUSPENDED_YIELD_FROM } else { state::SUSPENDED });
    ts.exc_info.set(g.exc_state.previous_item.get());
    g.exc_state.previous_item.set(std::ptr::null());
}

/// A generator's frame has returned or raised: the generator is finished, its frame released.
///
/// # Safety
/// The frame is the running one (or, suspended, about to be closed).
pub unsafe fn frame_ended(ts: &Thread, f: *mut Frame) {
    // SAFETY: the caller's promise; the generator outlives this by the reference of whoever resumed it.
    unsafe {
        let g = of_frame(f);
        if std::ptr::eq(ts.exc_info.get(), &g.exc_state) {
            ts.exc_info.set(g.exc_state.previous_item.get());
            g.exc_state.previous_item.set(std::ptr::null());
        }
        let keep = g.to_obj();
        g.frame_state.set(state::CLEARED);
        // A finished generator has no caller. Its code stays until the generator goes: `gi_code`.
        (*f).previous = std::ptr::null_mut();
        frame::clear(f);
        g.exc_state.exc_value.set(None);
        drop(keep);
    }
}

/// Makes a generator of the kind that the code's flags say, and moves the frame `f` into it. Answers an owned reference.
///
/// # Safety
/// `f` is the running frame, at its `RETURN_GENERATOR`; afterwards only its memory is left.
pub unsafe fn make(f: *mut Frame) -> *mut Object {
    // SAFETY: the caller's promise. The object's memory is as long as the frame needs.
    unsafe {
        let code = (*f).code();
        let co_flags = code.co_flags.get() as u32;
        let ty = if co_flags & flags::COROUTINE != 0 {
            Coroutine::type_object()
        } else if co_flags & flags::ASYNC_GENERATOR != 0 {
            AsyncGen::type_object()
        } else {
            Generator::type_object()
        };
        let slots = code.nlocalsplus() + code.stacksize();
        let size = offset_of!(Generator, iframe) + offset_of!(Frame, localsplus) + slots * 8;
        let Some((p, class)) = alloc::alloc_exact(ty, size.max(size_of::<Generator>())) else { alloc::out_of_memory() };
        let g = p.cast::<Generator>().as_ptr();
        let func: Option<&Function> = (*f).function();
        (&raw mut (*g).ob_base).write(Object::in_class(ty, class));
        (&raw mut (*g).weakreflist).write(Cell::new(std::ptr::null_mut()));
        (&raw mut (*g).name).write(ObjCell::from_opt(func.and_then(|f| f.func_name.get_owned())));
        (&raw mut (*g).qualname).write(ObjCell::from_opt(func.and_then(|f| f.func_qualname.get_owned())));
        (&raw mut (*g).exc_state)
            .write(ExcStackItem { exc_value: ObjCell::empty(), previous_item: Cell::new(std::ptr::null()) });
        (&raw mut (*g).origin_or_finalizer).write(ObjCell::empty());
        (&raw mut (*g).hooks_inited).write(Cell::new(false));
        (&raw mut (*g).closed).write(Cell::new(false));
        (&raw mut (*g).running_async).write(Cell::new(false));
        (&raw mut (*g).frame_state).write(Cell::new(state::CREATED));
        let caller = (*f).previous;
        let executable = (*f).executable;
        let dest = &raw mut (*g).iframe;
        frame::move_to(f, dest);
        debug_assert!((*dest).executable == executable);
        if let Some(fo) = (*dest).frame_obj.as_ref() {
            fo.f_frame.set(dest);
        }
        (*dest).owner = owner::GENERATOR;
        gc::track(p.as_ref());
        if co_flags & flags::COROUTINE != 0 {
            coroutine::note_origin(&*g, caller);
        }
        p.as_ptr()
    }
}

/// What a suspended generator is delegating to (`gi_yieldfrom`).
pub fn yield_from(g: &Generator) -> Option<&Object> {
    if g.frame_state.get() != state::SUSPENDED_YIELD_FROM {
        return None;
    }
    // SAFETY: suspended there, the frame's stack has the inner iterator on top.
    unsafe {
        let f = frame::materialise(g.frame());
        (*f.stackpointer.sub(1)).get()
    }
}

/// The value of the `StopIteration` that is the current exception (which is cleared), or `None` if no exception is set.
pub fn fetch_stop_iteration_value() -> PyResult {
    match taipan_object::error::occurred() {
        None => Ok(none().to_obj()),
        Some(e) if e.matches(exceptions::StopIteration) => {
            let exc = e.take();
            Ok(crate::support::stop_iteration_value(&exc))
        }
        Some(e) => Err(e),
    }
}

/// Sends `v` to any iterator (`PyIter_Send`).
pub fn send_to(receiver: &Object, v: &Object) -> PyResult<Sent> {
    if let Some(g) = any_generator(receiver) {
        return g.resume(Some(v), false);
    }
    if let Some(f) = receiver.ty().async_().and_then(|a| a.send.get()) {
        let mut out: Option<Obj> = None;
        return match (f(receiver, v, &mut out), out) {
            (1, Some(o)) => Ok(Sent::Yielded(o)),
            (0, Some(o)) => Ok(Sent::Returned(o)),
            _ => Err(Raised::already_set()),
        };
    }
    let r = if v.is_none() && receiver.is_iterator() {
        match receiver.ty().iternext.get().and_then(|f| f(receiver)) {
            Some(o) => return Ok(Sent::Yielded(o)),
            None => return fetch_stop_iteration_value().map(Sent::Returned),
        }
    } else {
        receiver.call_method(taipan_object::intern!("send"), &[v])
    };
    match r {
        Ok(o) => Ok(Sent::Yielded(o)),
        Err(e) if e.matches(exceptions::StopIteration) => fetch_stop_iteration_value().map(Sent::Returned),
        Err(e) => Err(e),
    }
}

/// The iterator by which `o` is awaited (`_PyCoro_GetAwaitableIter`).
pub fn awaitable_iter(o: &Object) -> PyResult {
    if o.downcast_exact::<Coroutine>().is_some() || is_iterable_coroutine(o) {
        return Ok(o.to_obj());
    }
    let Some(f) = o.ty().async_().and_then(|a| a.await_.get()) else {
        bail!(TypeError, "'{}' object can't be awaited", o.ty().name_str());
    };
    let it = f(o)?;
    if it.downcast_exact::<Coroutine>().is_some() || is_iterable_coroutine(&it) {
        bail!(TypeError, "__await__() returned a coroutine");
    }
    if !it.is_iterator() {
        bail!(TypeError, "__await__() returned non-iterator of type '{}'", it.ty().name_str());
    }
    Ok(it)
}

/// Whether `o` is a generator whose function was decorated by `types.coroutine`.
pub fn is_iterable_coroutine(o: &Object) -> bool {
    o.downcast_exact::<Generator>().is_some_and(|g| {
        let f = g.frame();
        // SAFETY: an unfinished generator's frame has its code.
        !g.is_finished() && unsafe { (*f).code() }.co_flags.get() as u32 & flags::ITERABLE_COROUTINE != 0
    })
}

/// Whether the generator's next instruction is directly under its own exception handler: used to close it without running code.
pub(crate) fn may_close_quietly(g: &Generator) -> bool {
    let f = g.frame();
    // SAFETY: a suspended generator's frame stands at a RESUME.
    unsafe {
        let unit = *(*f).instr_ptr;
        let op = crate::instrument::underlying_op((*f).code(), (*f).unit_index());
        op == Op::RESUME as u8 && (unit >> 8) as u32 & resume::DEPTH1_MASK != 0
    }
}
