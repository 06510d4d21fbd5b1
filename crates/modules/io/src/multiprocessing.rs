//! `_multiprocessing`: semaphores that processes share, and `_posixshmem`: named shared memory.

use crate::support::{blocking, errno, fs_bytes, syscall};
use std::cell::Cell;
use std::ffi::{CStr, CString, c_int};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{self, Signature};
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::{exceptions, none};
use taipan_object::{ObjCell, bail, classmethod, function, hooks, layout, members, method, methods};

/// Kinds of [`SemLock`]: taken again by the thread that has it, or counted.
const RECURSIVE_MUTEX: c_int = 0;
const SEMAPHORE: c_int = 1;

/// A semaphore that this process has opened: closed with its object.
#[repr(transparent)]
struct Handle(*mut libc::sem_t);

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: opened by this process, used no more.
            unsafe { libc::sem_close(self.0) };
        }
    }
}

/// A named semaphore of the system, and what this process holds of it.
#[repr(C)]
pub struct SemLock {
    ob_base: Object,
    handle: Handle,
    /// The thread that took it last.
    owner: Cell<usize>,
    /// Times it was taken less times it was released, here.
    count: Cell<c_int>,
    maxvalue: c_int,
    kind: c_int,
    /// Its `str` name; `None` when it has been unlinked.
    name: ObjCell,
}

layout!(SemLock, SEMLOCK_TYPE);

impl SemLock {
    fn sem(&self) -> *mut libc::sem_t {
        self.handle.0
    }

    fn is_mine(&self) -> bool {
        self.count.get() > 0 && self.owner.get() == this_thread()
    }

    fn value(&self) -> PyResult<c_int> {
        let mut n = 0;
        // SAFETY: an open semaphore.
        if unsafe { libc::sem_getvalue(self.sem(), &mut n) } < 0 {
            return Err(exceptions::from_errno(errno()));
        }
        // Some systems show the number of those who wait as a negative value.
        Ok(n.max(0))
    }

    fn taken(&self) {
        self.count.set(self.count.get() + 1);
        self.owner.set(this_thread());
    }
}

fn this_thread() -> usize {
    // SAFETY: always answers.
    unsafe { libc::pthread_self() as usize }
}

fn make(cls: &Type, handle: *mut libc::sem_t, kind: c_int, maxvalue: c_int, name: Obj) -> PyResult<Ref<SemLock>> {
    new_instance(
        cls,
        SemLock {
            ob_base: Object::placeholder(),
            handle: Handle(handle),
            owner: Cell::new(0),
            count: Cell::new(0),
            maxvalue,
            kind,
            name: ObjCell::new(name),
        },
    )
}

fn c_name(o: &Object) -> PyResult<CString> {
    let Some(s) = o.downcast::<Str>() else {
        bail!(TypeError, "SemLock() argument 'name' must be str, not {}", o.ty().name_str());
    };
    match CString::new(s.to_utf8()?) {
        Ok(s) => Ok(s),
        Err(_) => bail!(ValueError, "embedded null character"),
    }
}

static NEW: Signature = Signature {
    name: "SemLock",
    params: &[
        crate::support::param("kind", true),
        crate::support::param("value", true),
        crate::support::param("maxvalue", true),
        crate::support::param("name", true),
        crate::support::param("unlink", true),
    ],
    posonly: 0,
    positional: 5,
    varargs: false,
    varkw: false,
};

extern "C" fn semlock_new(cls: &Type, call_args: &Object, kwargs: Option<&Object>) -> PyResult {
    args::with_tuple_args(NEW.name, call_args, kwargs, |call| {
        let mut out = [None; 5];
        args::bind_keywords(&NEW, call, &mut out)?;
        let [Some(kind), Some(value), Some(maxvalue), Some(name), Some(unlink)] = out else {
            // The binder has made sure of all five.
            return args::absent();
        };
        let (kind, value) = (crate::support::c_int_of(kind)?, crate::support::c_int_of(value)?);
        let maxvalue = crate::support::c_int_of(maxvalue)?;
        let (text, unlink) = (c_name(name)?, unlink.is_true()?);
        if kind != RECURSIVE_MUTEX && kind != SEMAPHORE {
            bail!(ValueError, "unrecognized kind");
        }
        // SAFETY: a C string; the two further arguments are those that O_CREAT asks for.
        let handle = unsafe {
            libc::sem_open(text.as_ptr(), libc::O_CREAT | libc::O_EXCL, 0o600 as libc::mode_t, value as libc::c_uint)
        };
        if handle == libc::SEM_FAILED {
            return Err(exceptions::from_errno(errno()));
        }
        // SAFETY: as above.
        if unlink && unsafe { libc::sem_unlink(text.as_ptr()) } < 0 {
            let e = errno();
            // SAFETY: opened above.
            unsafe { libc::sem_close(handle) };
            return Err(exceptions::from_errno(e));
        }
        let name = if unlink { none::none_obj() } else { name.to_obj() };
        make(cls, handle, kind, maxvalue, name).map(Ref::into_obj)
    })
}

/// Make the object that another process knows by its handle or name.
#[classmethod(signature = "(handle, kind, maxvalue, name, /)")]
fn _rebuild(cls: &Type, handle: &Object, kind: c_int, maxvalue: c_int, name: &Object) -> PyResult<Ref<SemLock>> {
    let handle = if name.is_none() {
        taipan_object::protocol::number::index(handle)?.to_u64().unwrap_or(0) as usize as *mut libc::sem_t
    } else {
        let text = c_name(name)?;
        // SAFETY: a C string.
        let h = unsafe { libc::sem_open(text.as_ptr(), 0) };
        if h == libc::SEM_FAILED {
            return Err(exceptions::from_errno(errno()));
        }
        h
    };
    make(cls, handle, kind, maxvalue, name.to_obj())
}

/// When a wait of that many seconds ends, on the clock that semaphores use.
fn until(seconds: f64) -> libc::timespec {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to `ts`.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut ts) };
    let seconds = seconds.clamp(0.0, 1e9);
    let nanoseconds = ts.tv_nsec + ((seconds - seconds.floor()) * 1e9) as i64;
    ts.tv_sec += seconds as i64 + nanoseconds / 1_000_000_000;
    ts.tv_nsec = nanoseconds % 1_000_000_000;
    ts
}

fn acquire_semaphore(this: &SemLock, block: bool, timeout: Option<&Object>) -> PyResult<bool> {
    if this.kind == RECURSIVE_MUTEX && this.is_mine() {
        this.count.set(this.count.get() + 1);
        return Ok(true);
    }
    let deadline = match timeout.filter(|_| block) {
        Some(t) => Some(until(t.to_f64()?)),
        None => None,
    };
    let sem = this.sem() as usize;
    // SAFETY: an open semaphore.
    let mut status = match unsafe { libc::sem_trywait(sem as *mut libc::sem_t) } {
        0 => 0,
        _ => errno(),
    };
    while block && matches!(status, libc::EAGAIN | libc::EINTR) {
        status = blocking(|| {
            let sem = sem as *mut libc::sem_t;
            // SAFETY: an open semaphore, and a time or none.
            let n = unsafe {
                match &deadline {
                    Some(ts) => libc::sem_timedwait(sem, ts),
                    None => libc::sem_wait(sem),
                }
            };
            if n == 0 { 0 } else { errno() }
        });
        if status == libc::EINTR {
            (hooks::get().handle_pending)()?;
        }
    }
    match status {
        0 => {
            this.taken();
            Ok(true)
        }
        libc::EAGAIN | libc::ETIMEDOUT => Ok(false),
        e => Err(exceptions::from_errno(e)),
    }
}

/// Take it; wait for it if block is true, at most so many seconds.
#[method(signature = "(block=True, timeout=None)")]
fn acquire(this: &SemLock, block: bool, timeout: Option<&Object>) -> PyResult<bool> {
    acquire_semaphore(this, block, timeout)
}

/// Give it back.
#[method]
fn release(this: &SemLock) -> PyResult<()> {
    if this.kind == RECURSIVE_MUTEX {
        if !this.is_mine() {
            bail!(AssertionError, "attempt to release recursive lock not owned by thread");
        }
        if this.count.get() > 1 {
            this.count.set(this.count.get() - 1);
            return Ok(());
        }
    } else if this.value()? >= this.maxvalue {
        bail!(ValueError, "semaphore or lock released too many times");
    }
    // SAFETY: an open semaphore.
    if unsafe { libc::sem_post(this.sem()) } < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    this.count.set(this.count.get() - 1);
    Ok(())
}

/// Take it.
#[method]
fn __enter__(this: &SemLock) -> PyResult<bool> {
    acquire_semaphore(this, true, None)
}

/// Give it back.
#[method(signature = "(exc_type=None, exc_value=None, exc_tb=None, /)")]
fn __exit__(
    this: &SemLock,
    exc_type: Option<&Object>,
    exc_value: Option<&Object>,
    exc_tb: Option<&Object>,
) -> PyResult<()> {
    let _ = (exc_type, exc_value, exc_tb);
    release(this)
}

/// How often this process has taken it more than given it back.
#[method]
fn _count(this: &SemLock) -> c_int {
    this.count.get()
}

/// Whether this thread has it.
#[method]
fn _is_mine(this: &SemLock) -> bool {
    this.is_mine()
}

/// The semaphore's value.
#[method]
fn _get_value(this: &SemLock) -> PyResult<c_int> {
    this.value()
}

/// Whether the semaphore's value is zero.
#[method]
fn _is_zero(this: &SemLock) -> PyResult<bool> {
    Ok(this.value()? == 0)
}

/// Forget what the parent process had taken.
#[method]
fn _after_fork(this: &SemLock) {
    this.count.set(0);
}

/// `SemLock`.
pub static SEMLOCK_TYPE: Type = Type::new_static(TypeDef {
    name: c"_multiprocessing.SemLock",
    basicsize: size_of::<SemLock>(),
    flags: flags::BASETYPE,
    doc: Some(c"A lock or semaphore that processes share."),
    dealloc: Some(dealloc_of::<SemLock>),
    methods: methods![
        acquire,
        release,
        __enter__,
        __exit__,
        _count,
        _is_mine,
        _get_value,
        _is_zero,
        _rebuild,
        _after_fork
    ],
    members: members![
        MemberDef::new(c"handle", member::ULONG, offset_of!(SemLock, handle), member::READONLY),
        MemberDef::new(c"kind", member::INT, offset_of!(SemLock, kind), member::READONLY),
        MemberDef::new(c"maxvalue", member::INT, offset_of!(SemLock, maxvalue), member::READONLY),
        MemberDef::new(c"name", member::OBJECT, offset_of!(SemLock, name), member::READONLY),
    ],
    new: Some(semlock_new),
    ..TypeDef::EMPTY
});

/// Remove the name of a semaphore; it lives on while somebody has it open.
#[function(signature = "(name, /)")]
fn sem_unlink(name: &Object) -> PyResult<()> {
    let Some(s) = name.downcast::<Str>() else {
        bail!(TypeError, "argument 1 must be str, not {}", name.ty().name_str());
    };
    let Ok(text) = CString::new(s.to_utf8()?) else { bail!(ValueError, "embedded null character") };
    // SAFETY: a C string.
    if unsafe { libc::sem_unlink(text.as_ptr()) } < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(())
}

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&SEMLOCK_TYPE)?;
    if let Some(d) = SEMLOCK_TYPE.dict.get() {
        d.cast::<Dict>().set_item(&Str::from_utf8("SEM_VALUE_MAX"), &Int::from_i64(c_int::MAX.into()))?;
    }
    let flags = Dict::new();
    for name in ["HAVE_SEM_OPEN", "HAVE_SEM_TIMEDWAIT"] {
        flags.set_item(&Str::from_utf8(name), &Int::from_i64(1))?;
    }
    m.add("flags", &flags)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_multiprocessing",
    doc: "What the package multiprocessing needs of the system.",
    methods: methods![sem_unlink],
    exec,
};

fn shm_path(path: &Object) -> PyResult<CString> {
    let Some(s) = path.downcast::<Str>() else {
        bail!(TypeError, "argument 'path' must be str, not {}", path.ty().name_str());
    };
    fs_bytes(s)
}

/// Open shared memory of that name; answer its descriptor.
#[function(signature = "(path, flags, mode=511)")]
fn shm_open(path: &Object, flags: c_int, mode: c_int) -> PyResult<usize> {
    let name = shm_path(path)?;
    let name: &CStr = &name;
    syscall(|| {
        // SAFETY: a C string.
        unsafe { libc::shm_open(name.as_ptr(), flags | libc::O_CLOEXEC, mode as libc::mode_t) as isize }
    })?
    .map_err(|e| exceptions::from_errno_path(e, path))
}

/// Remove the name of shared memory.
#[function(signature = "(path)")]
fn shm_unlink(path: &Object) -> PyResult<()> {
    let name = shm_path(path)?;
    let name: &CStr = &name;
    syscall(|| {
        // SAFETY: a C string.
        unsafe { libc::shm_unlink(name.as_ptr()) as isize }
    })?
    .map_err(|e| exceptions::from_errno_path(e, path))?;
    Ok(())
}

fn exec_shm(_: &Module) -> PyResult<()> {
    Ok(())
}

/// `_posixshmem`.
pub static SHMEM_MODULE: ModuleDef = ModuleDef {
    name: "_posixshmem",
    doc: "Shared memory with names, as POSIX has it.",
    methods: methods![shm_open, shm_unlink],
    exec: exec_shm,
};
