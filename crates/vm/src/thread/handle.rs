//! `_thread._ThreadHandle`: what joins a thread.

use super::futex::Event;
use super::timeout;
use std::cell::RefCell;
use std::ffi::c_ulong;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::Given;
use taipan_object::types::str::Str;
use taipan_object::{Object, PyResult, Ref, Type, TypeDef, bail, getset, getsets, layout, method, methods};

/// Where a thread is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Stage {
    /// No thread yet.
    NotStarted,
    /// Being started.
    Starting,
    /// Running, or ended and not yet joined.
    Running,
    /// Joined, or declared done.
    Done,
}

/// What the handle and its thread share.
pub struct Shared {
    stage: AtomicU8,
    /// The interpreter that it runs in.
    pub interp: i64,
    /// `pthread_self()` of the thread.
    pub ident: AtomicU64,
    /// The thread has dropped its state and will touch nothing of Python any more.
    pub exiting: Event,
    /// To wait for the end of the OS thread.
    pub os_thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Shared {
    /// No thread yet.
    pub fn create() -> Arc<Shared> {
        Arc::new(Shared {
            stage: AtomicU8::new(Stage::NotStarted as u8),
            interp: taipan_object::Interp::current().id,
            ident: AtomicU64::new(0),
            exiting: Event::new(),
            os_thread: Mutex::new(None),
        })
    }

    /// The stage.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::NotStarted,
            1 => Stage::Starting,
            2 => Stage::Running,
            _ => Stage::Done,
        }
    }

    /// Goes on to a stage.
    pub fn set_stage(&self, s: Stage) {
        self.stage.store(s as u8, Ordering::Release);
    }

    /// Waits for the thread's end, at most so many nanoseconds; negative is for ever.
    pub fn join(&self, ns: i64) -> PyResult<()> {
        match self.stage() {
            Stage::NotStarted | Stage::Starting => bail!(RuntimeError, "thread not started"),
            Stage::Running | Stage::Done => {}
        }
        if !self.exiting.is_set() {
            if self.ident.load(Ordering::Relaxed) == super::ident() {
                bail!(RuntimeError, "Cannot join current thread");
            }
            if crate::sys::state::FINALIZING.load(Ordering::Relaxed) {
                // It does not get the interpreter lock any more, and so does not end.
                bail!(PythonFinalizationError, "cannot join thread at interpreter shutdown");
            }
            let deadline = if ns < 0 { None } else { timeout::deadline(ns) };
            if !self.exiting.wait(deadline)? {
                return Ok(());
            }
        }
        self.reap();
        Ok(())
    }

    /// Waits for the OS thread, which is at its end, and is done.
    fn reap(&self) {
        let os = self.os_thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(t) = os {
            if self.ident.load(Ordering::Relaxed) == super::ident() {
                // A thread that finds its own handle while it ends cannot wait for itself.
                drop(t);
            } else {
                // Only a panic makes this fail, and that has been reported.
                let _ = taipan_object::gil::allow_threads(|| t.join());
            }
        }
        self.set_stage(Stage::Done);
    }
}

/// `_thread._ThreadHandle`.
#[repr(C)]
pub struct ThreadHandle {
    ob_base: Object,
    shared: RefCell<Arc<Shared>>,
}
layout!(ThreadHandle, ThreadHandle_Type);

impl ThreadHandle {
    /// A handle without a thread.
    pub fn create() -> Ref<ThreadHandle> {
        new_object(ThreadHandle { ob_base: Object::placeholder(), shared: RefCell::new(Shared::create()) })
    }
    /// A handle of a thread that was not made here.
    pub fn of_running(ident: c_ulong) -> Ref<ThreadHandle> {
        let h = ThreadHandle::create();
        let s = h.shared();
        s.ident.store(ident, Ordering::Relaxed);
        s.set_stage(Stage::Running);
        super::start::note(&s);
        h
    }
    /// What it shares with its thread.
    pub fn shared(&self) -> Arc<Shared> {
        self.shared.borrow().clone()
    }
}

extern "C" fn handle_new(_: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(ThreadHandle::create().into_obj())
}
extern "C" fn handle_repr(o: &Object) -> PyResult {
    let ident = o.cast::<ThreadHandle>().shared().ident.load(Ordering::Relaxed);
    Ok(Str::from_utf8(&format!("<{} object: ident={ident}>", o.ty().name_str())).into_obj())
}
fn get_ident(h: &ThreadHandle) -> u64 {
    h.shared().ident.load(Ordering::Relaxed)
}

/// Wait for the thread to end, at most timeout seconds.
#[method(signature = "(timeout=None, /)", text = false, name = "join")]
fn join(this: &ThreadHandle, timeout: Given<&Object>) -> PyResult<()> {
    let ns = match timeout.0.filter(|t| !t.is_none()) {
        Some(t) => timeout::nanoseconds(t)?,
        None => -1,
    };
    this.shared().join(ns)
}
/// Declare the thread done.
#[method(signature = "()", name = "_set_done")]
fn set_done(this: &ThreadHandle) -> PyResult<()> {
    let s = this.shared();
    match s.stage() {
        Stage::NotStarted | Stage::Starting => bail!(RuntimeError, "thread not started"),
        Stage::Running | Stage::Done => {}
    }
    drop(s.os_thread.lock().unwrap_or_else(PoisonError::into_inner).take());
    s.set_stage(Stage::Done);
    s.exiting.set();
    Ok(())
}
/// Return whether the thread has ended.
#[method(signature = "()")]
fn is_done(this: &ThreadHandle) -> bool {
    this.shared().exiting.is_set()
}

#[allow(non_upper_case_globals)]
/// The type of thread handles.
pub static ThreadHandle_Type: Type = Type::new_static(TypeDef {
    name: c"_thread._ThreadHandle",
    basicsize: size_of::<ThreadHandle>(),
    dealloc: Some(dealloc_of::<ThreadHandle>),
    repr: Some(handle_repr),
    methods: methods![join, set_done, is_done],
    getset: getsets![getset!(c"ident", get_ident)],
    new: Some(handle_new),
    ..TypeDef::EMPTY
});
