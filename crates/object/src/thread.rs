//! Thread states and interpreter states.
//!
//! [`Thread`] keeps the offsets of `PyThreadState` that extensions have compiled in (`current_exception`, `exc_info`, ...);
//! everything else is ours. The state of the running thread is found through thread-local storage, which in an executable is
//! one load from the thread pointer.

use crate::gc::GcState;
use crate::header::{Obj, ObjCell, Object};
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_ulong, c_void};
use std::mem::offset_of;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Bits of [`Thread::eval_breaker`].
pub mod breaker {
    /// Another thread wants the interpreter lock.
    pub const GIL_DROP_REQUEST: usize = 1 << 0;
    /// A signal arrived.
    pub const SIGNALS_PENDING: usize = 1 << 1;
    /// Calls were queued by `Py_AddPendingCall` or its kin.
    pub const CALLS_TO_DO: usize = 1 << 2;
    /// An exception was sent by another thread.
    pub const ASYNC_EXCEPTION: usize = 1 << 3;
    /// The young generation is full.
    pub const GC_SCHEDULED: usize = 1 << 4;
    /// Compiled code or instrumentation must be looked at anew.
    pub const INVALIDATE: usize = 1 << 5;
    /// The instrumentation version lies above these bits.
    pub const VERSION_SHIFT: u32 = 8;
}

/// One level of "the exception being handled" (`_PyErr_StackItem`): generators push their own.
#[repr(C)]
pub struct ExcStackItem {
    /// The exception, or nothing at this level.
    pub exc_value: ObjCell,
    /// The next outer level.
    pub previous_item: Cell<*const ExcStackItem>,
}

/// A thread's state (`PyThreadState`).
#[repr(C)]
#[allow(missing_docs)]
pub struct Thread {
    pub prev: Cell<*mut Thread>,
    pub next: Cell<*mut Thread>,
    pub interp: &'static Interp,
    /// See [`breaker`]. Tested on RESUME and JUMP_BACKWARD; written by signal handlers and other threads.
    pub eval_breaker: AtomicUsize,
    pub status: Cell<u32>,
    pub holds_gil: Cell<c_int>,
    pub whence: Cell<c_int>,
    pub state: Cell<c_int>,
    pub py_recursion_remaining: Cell<c_int>,
    pub py_recursion_limit: Cell<c_int>,
    pub recursion_headroom: Cell<c_int>,
    pub tracing: Cell<c_int>,
    pub what_event: Cell<c_int>,
    /// The innermost frame, a `vm` frame.
    pub current_frame: Cell<*mut c_void>,
    pub c_profilefunc: Cell<*const c_void>,
    pub c_tracefunc: Cell<*const c_void>,
    pub c_profileobj: ObjCell,
    pub c_traceobj: ObjCell,
    /// The exception being raised, an instance, or nothing.
    pub current_exception: ObjCell,
    /// The innermost level of exceptions being handled; the last is `exc_state`.
    pub exc_info: Cell<*const ExcStackItem>,
    /// `PyThreadState_GetDict`.
    pub dict: ObjCell,
    pub gilstate_counter: Cell<c_int>,
    pub async_exc: ObjCell,
    pub thread_id: Cell<c_ulong>,
    pub native_thread_id: Cell<c_ulong>,
    /// Objects whose deallocation was put off because the stack was nearly used up; see `alloc.rs`.
    pub delete_later: Cell<*mut Object>,
    pub critical_section: Cell<usize>,
    pub coroutine_origin_tracking_depth: Cell<c_int>,
    pub async_gen_firstiter: ObjCell,
    pub async_gen_finalizer: ObjCell,
    pub context: ObjCell,
    pub context_ver: Cell<u64>,
    pub id: Cell<u64>,
    pub datastack_chunk: Cell<*mut c_void>,
    pub datastack_top: Cell<*mut u64>,
    pub datastack_limit: Cell<*mut u64>,
    pub exc_state: ExcStackItem,
    pub current_executor: Cell<*mut c_void>,
    pub dict_global_version: Cell<u64>,
    pub threading_local_key: ObjCell,
    pub threading_local_sentinel: ObjCell,
    remote_debugger_support: [u8; 520],
    pub datastack_cached_chunk: Cell<*mut c_void>,
    // From here on nothing is known to extensions.
    /// Native code that would go below this address raises `RecursionError`.
    pub stack_soft_limit: Cell<usize>,
    /// The highest address of the native stack.
    pub stack_top: Cell<usize>,
    /// Depth of deallocations in progress through the trashcan.
    pub trash_depth: Cell<u32>,
    /// The containers whose `repr` is in progress (`Py_ReprEnter`).
    pub repr_stack: RefCell<Vec<*const Object>>,
    /// The running asyncio loop and task, set by `_asyncio`.
    pub asyncio_running_loop: ObjCell,
    pub asyncio_running_task: ObjCell,
    /// Blocks kept for objects that are made often.
    pub free_lists: crate::freelist::FreeLists,
    /// The evaluation loop's handlers by opcode: here, a handler finds the next one at a fixed distance from a register that it has
    /// anyway. All null until the thread first enters the loop.
    pub dispatch: [Cell<*const c_void>; 256],
}

const _: () = {
    assert!(offset_of!(Thread, interp) == 16 && offset_of!(Thread, eval_breaker) == 24);
    assert!(offset_of!(Thread, py_recursion_remaining) == 48 && offset_of!(Thread, tracing) == 60);
    assert!(offset_of!(Thread, current_frame) == 72 && offset_of!(Thread, current_exception) == 112);
    assert!(offset_of!(Thread, exc_info) == 120 && offset_of!(Thread, dict) == 128);
    assert!(offset_of!(Thread, async_exc) == 144 && offset_of!(Thread, delete_later) == 168);
    assert!(offset_of!(Thread, critical_section) == 176 && offset_of!(Thread, async_gen_firstiter) == 192);
    assert!(offset_of!(Thread, context) == 208 && offset_of!(Thread, id) == 224);
    assert!(offset_of!(Thread, datastack_chunk) == 232 && offset_of!(Thread, exc_state) == 256);
    assert!(offset_of!(Thread, dict_global_version) == 280 && offset_of!(Thread, datastack_cached_chunk) == 824);
};

/// An interpreter's state (`PyInterpreterState`): opaque to extensions.
#[allow(missing_docs)]
pub struct Interp {
    pub id: i64,
    /// `sys.modules`.
    pub modules: ObjCell,
    /// `sys.__dict__`.
    pub sysdict: ObjCell,
    /// `builtins.__dict__`.
    pub builtins: ObjCell,
    /// The function `builtins.__import__` as it was at start, to recognise that nobody replaced it.
    pub import_func: ObjCell,
    /// `importlib._bootstrap`.
    pub importlib: ObjCell,
    /// The interpreter lock, which all interpreters of the process share.
    pub gil: &'static crate::gil::Gil,
    pub gc: GcState,
    /// Method cache and type versions.
    pub type_cache: crate::typeobj::lookup::TypeCache,
    /// Search functions, cache and error handlers of `codecs`.
    pub codec_search_path: ObjCell,
    pub codec_search_cache: ObjCell,
    pub codec_error_registry: ObjCell,
    /// Interned strings.
    pub interned: crate::types::str::intern::Interned,
    /// Python objects that a native module keeps for an interpreter, by name.
    pub module_state: RefCell<std::collections::HashMap<&'static str, Obj>>,
    /// The first of the interpreter's thread states.
    pub threads: Cell<*mut Thread>,
    pub next_thread_id: Cell<u64>,
    pub recursion_limit: Cell<c_int>,
    /// Limit on digits in int/str conversion (`sys.set_int_max_str_digits`).
    pub int_max_str_digits: Cell<i32>,
    /// `code.co_version` and `func_version` counter.
    pub next_func_version: &'static VersionCounter,
    /// Watchers and key versions of dicts.
    pub dict_state: crate::types::dict::DictState,
    /// Command-line settings that native code consults.
    pub config: Config,
    /// What optimised code hopes never happens, counted.
    pub rare_events: RareEvents,
}

/// How often what optimised code relies on was changed.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct RareEvents {
    pub set_class: Cell<u8>,
    pub set_bases: Cell<u8>,
    pub set_eval_frame_func: Cell<u8>,
    pub builtin_dict: Cell<u8>,
    pub func_modification: Cell<u8>,
}

impl RareEvents {
    /// Counts one.
    pub fn note(counter: &Cell<u8>) {
        counter.set(counter.get().saturating_add(1));
    }
}

/// Counts versions of something, for all interpreters: what they share, such as built-in types, must mean the same in each. Touched under the
/// interpreter lock only.
#[derive(Debug)]
pub struct VersionCounter(std::sync::atomic::AtomicU32);

impl VersionCounter {
    /// Begins there.
    pub const fn new(first: u32) -> VersionCounter {
        VersionCounter(std::sync::atomic::AtomicU32::new(first))
    }
    /// The next version.
    #[inline]
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
    /// Sets the next version.
    #[inline]
    pub fn set(&self, v: u32) {
        self.0.store(v, Ordering::Relaxed);
    }
}

static FUNC_VERSIONS: VersionCounter = VersionCounter::new(1);

/// Settings that objects and natives consult.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Config {
    pub bytes_warning: Cell<i32>,
    pub dev_mode: Cell<bool>,
    pub utf8_mode: Cell<bool>,
    pub warn_default_encoding: Cell<bool>,
    pub inspect: Cell<bool>,
    pub optimize: Cell<i32>,
    /// What `os.cpu_count()` answers instead of what it counts.
    pub cpu_count: Cell<Option<i32>>,
    /// The program's folder, which start-up put first in `sys.path`.
    pub path_0: RefCell<Option<String>>,
}

// SAFETY: an interpreter's state is only touched under its lock.
unsafe impl Sync for Interp {}

/// Set when an interpreter is made, and when a second one is.
static ANY: AtomicBool = AtomicBool::new(false);
static SEVERAL: AtomicBool = AtomicBool::new(false);

impl Interp {
    /// Whether there is, or was, more than one interpreter.
    #[inline(always)]
    pub fn several() -> bool {
        SEVERAL.load(Ordering::Relaxed)
    }

    /// A fresh interpreter state. It lives as long as the process unless finalised.
    pub fn new(id: i64) -> &'static Interp {
        if ANY.swap(true, Ordering::Relaxed) {
            SEVERAL.store(true, Ordering::Relaxed);
        }
        Box::leak(Box::new(Interp {
            id,
            modules: ObjCell::empty(),
            sysdict: ObjCell::empty(),
            builtins: ObjCell::empty(),
            import_func: ObjCell::empty(),
            importlib: ObjCell::empty(),
            gil: &crate::gil::SHARED,
            gc: GcState::new(),
            type_cache: Default::default(),
            codec_search_path: ObjCell::empty(),
            codec_search_cache: ObjCell::empty(),
            codec_error_registry: ObjCell::empty(),
            interned: crate::types::str::intern::Interned::new(),
            module_state: RefCell::default(),
            threads: Cell::new(std::ptr::null_mut()),
            next_thread_id: Cell::new(1),
            recursion_limit: Cell::new(1000),
            int_max_str_digits: Cell::new(4300),
            rare_events: RareEvents::default(),
            next_func_version: &FUNC_VERSIONS,
            dict_state: crate::types::dict::DictState::new(),
            config: Config::default(),
        }))
    }

    /// The interpreter of the running thread.
    #[inline]
    pub fn current() -> &'static Interp {
        Thread::current().interp
    }
}

thread_local! {
    static CURRENT: Cell<*const Thread> = const { Cell::new(std::ptr::null()) };
}

impl Thread {
    /// The state of the running thread.
    #[inline(always)]
    pub fn current() -> &'static Thread {
        let p = CURRENT.get();
        debug_assert!(!p.is_null(), "no thread state: the thread is not attached to an interpreter");
        // SAFETY: code that touches objects runs attached; states are freed only after detaching.
        unsafe { &*p }
    }

    /// The state of the running thread, or `None` when it is not attached.
    #[inline]
    pub fn try_current() -> Option<&'static Thread> {
        // SAFETY: as above.
        unsafe { CURRENT.get().as_ref() }
    }

    /// Makes `ts` (or nothing) the state of the running thread; hands back the former one.
    pub fn set_current(ts: Option<&'static Thread>) -> Option<&'static Thread> {
        // SAFETY: as above.
        unsafe { CURRENT.replace(ts.map_or(std::ptr::null(), |t| t as *const Thread)).as_ref() }
    }

    /// A state for the running OS thread in `interp`, linked into its list but not yet current.
    /// `stack` is the native stack as (lowest address, highest address).
    pub fn new(interp: &'static Interp, stack: (usize, usize)) -> &'static Thread {
        let limit = interp.recursion_limit.get();
        let ts: &'static Thread = Box::leak(Box::new(Thread {
            prev: Cell::new(std::ptr::null_mut()),
            next: Cell::new(std::ptr::null_mut()),
            interp,
            eval_breaker: AtomicUsize::new(0),
            status: Cell::new(0),
            holds_gil: Cell::new(0),
            whence: Cell::new(0),
            state: Cell::new(0),
            py_recursion_remaining: Cell::new(limit),
            py_recursion_limit: Cell::new(limit),
            recursion_headroom: Cell::new(0),
            tracing: Cell::new(0),
            what_event: Cell::new(-1),
            current_frame: Cell::new(std::ptr::null_mut()),
            c_profilefunc: Cell::new(std::ptr::null()),
            c_tracefunc: Cell::new(std::ptr::null()),
            c_profileobj: ObjCell::empty(),
            c_traceobj: ObjCell::empty(),
            current_exception: ObjCell::empty(),
            exc_info: Cell::new(std::ptr::null()),
            dict: ObjCell::empty(),
            gilstate_counter: Cell::new(1),
            async_exc: ObjCell::empty(),
            thread_id: Cell::new(0),
            native_thread_id: Cell::new(0),
            delete_later: Cell::new(std::ptr::null_mut()),
            critical_section: Cell::new(0),
            coroutine_origin_tracking_depth: Cell::new(0),
            async_gen_firstiter: ObjCell::empty(),
            async_gen_finalizer: ObjCell::empty(),
            context: ObjCell::empty(),
            context_ver: Cell::new(1),
            id: Cell::new(0),
            datastack_chunk: Cell::new(std::ptr::null_mut()),
            datastack_top: Cell::new(std::ptr::null_mut()),
            datastack_limit: Cell::new(std::ptr::null_mut()),
            exc_state: ExcStackItem { exc_value: ObjCell::empty(), previous_item: Cell::new(std::ptr::null()) },
            current_executor: Cell::new(std::ptr::null_mut()),
            dict_global_version: Cell::new(0),
            threading_local_key: ObjCell::empty(),
            threading_local_sentinel: ObjCell::empty(),
            remote_debugger_support: [0; 520],
            datastack_cached_chunk: Cell::new(std::ptr::null_mut()),
            stack_soft_limit: Cell::new(stack.0 + STACK_MARGIN * 2),
            stack_top: Cell::new(stack.1),
            trash_depth: Cell::new(0),
            repr_stack: RefCell::default(),
            asyncio_running_loop: ObjCell::empty(),
            asyncio_running_task: ObjCell::empty(),
            free_lists: crate::freelist::FreeLists::default(),
            dispatch: [const { Cell::new(std::ptr::null()) }; 256],
        }));
        ts.exc_info.set(&ts.exc_state);
        let p = ts as *const Thread as *mut Thread;
        let _guard = ListLock::take();
        let id = interp.next_thread_id.get();
        interp.next_thread_id.set(id + 1);
        ts.id.set(id);
        ts.next.set(interp.threads.get());
        // SAFETY: linked states are alive.
        if let Some(old) = unsafe { interp.threads.get().as_ref() } {
            old.prev.set(p);
        }
        interp.threads.set(p);
        ts
    }

    /// Takes the state off its interpreter's list.
    pub fn unlink(&self) {
        let _guard = ListLock::take();
        let (prev, next) = (self.prev.get(), self.next.get());
        // SAFETY: linked states are alive, and the list does not change meanwhile.
        unsafe {
            match prev.as_ref() {
                Some(p) => p.next.set(next),
                None => self.interp.threads.set(next),
            }
            if let Some(n) = next.as_ref() {
                n.prev.set(prev);
            }
        }
    }

    /// The exception being handled (what a bare `raise` raises and `__context__` becomes): the innermost level that has one.
    pub fn handled_exception(&self) -> Option<&Object> {
        let mut item = self.exc_info.get();
        // SAFETY: levels are alive while linked: each belongs to a running generator or to this state.
        while let Some(level) = unsafe { item.as_ref() } {
            match level.exc_value.get() {
                Some(e) if !e.is_none() => return Some(e),
                _ => item = level.previous_item.get(),
            }
        }
        None
    }
}

/// Guards changes of the lists of states: extensions make states in threads that do not hold the interpreter lock. Whoever reads a list holds
/// that lock, and sees new states at its head or not at all.
struct ListLock;

static LIST_LOCKED: AtomicBool = AtomicBool::new(false);

impl ListLock {
    fn take() -> ListLock {
        while LIST_LOCKED.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            std::thread::yield_now();
        }
        ListLock
    }
}

impl Drop for ListLock {
    fn drop(&mut self) {
        LIST_LOCKED.store(false, Ordering::Release);
    }
}

/// In a forked child: whoever was changing a list is gone.
pub(crate) fn reset_list_lock() {
    LIST_LOCKED.store(false, Ordering::Relaxed);
}

/// What native code may use of the stack after a recursion check before the next one.
pub const STACK_MARGIN: usize = 64 * 1024;

/// The current native stack pointer, approximately.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let sp: usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: reads a register.
    unsafe {
        std::arch::asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags))
    };
    #[cfg(not(target_arch = "x86_64"))]
    {
        let here = 0u8;
        sp = std::hint::black_box(&raw const here) as usize;
    }
    sp
}

/// Raises `RecursionError` when the native stack is nearly used up. `place` ends the text, such as `" while calling a Python object"`.
#[inline(always)]
pub fn check_recursion(place: &str) -> crate::PyResult<()> {
    let ts = Thread::current();
    if stack_pointer() < ts.stack_soft_limit.get() { Err(stack_overflow(ts, place)) } else { Ok(()) }
}

#[cold]
fn stack_overflow(ts: &Thread, place: &str) -> crate::Raised {
    let used = (ts.stack_top.get() - stack_pointer()) / 1024;
    // Raising needs some stack itself: lend it the margin.
    let limit = ts.stack_soft_limit.get();
    ts.stack_soft_limit.set(limit - STACK_MARGIN);
    let e = crate::raise!(RecursionError, "Stack overflow (used {used} kB){place}");
    ts.stack_soft_limit.set(limit);
    e
}
