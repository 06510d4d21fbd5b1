//! `_thread.lock` and `_thread.RLock`.

use super::futex::RawLock;
use super::timeout::{Patience, patience};
use std::cell::Cell;
use std::ffi::c_ulong;
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::args::{Given, check_positional, no_keywords};
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout, method, methods, raise};

/// `_thread.lock`.
#[repr(C)]
pub struct Lock {
    ob_base: Object,
    raw: RawLock,
    weaklist: ObjCell,
}
layout!(Lock, Lock_Type);

impl Lock {
    /// A free lock.
    pub fn create() -> Ref<Lock> {
        new_object(Lock { ob_base: Object::placeholder(), raw: RawLock::new(), weaklist: ObjCell::empty() })
    }
}

fn take(raw: &RawLock, p: Patience) -> PyResult<bool> {
    match p {
        Patience::None => Ok(raw.try_acquire()),
        Patience::Until(deadline) => raw.acquire(deadline),
    }
}

extern "C" fn lock_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_keywords("lock", cls, &Lock_Type, kwargs)?;
    check_positional("lock", args.cast::<Tuple>().len(), 0, 0)?;
    Ok(Lock::create().into_obj())
}

extern "C" fn lock_repr(o: &Object) -> PyResult {
    let state = if o.cast::<Lock>().raw.locked() { "locked" } else { "unlocked" };
    Ok(Str::from_utf8(&format!("<{state} {} object at {:p}>", o.ty().name_str(), o)).into_obj())
}

/// Take the lock. Without blocking, or when the timeout (in seconds) passes, give up and return False.
#[method(signature = "(blocking=True, timeout=-1)")]
fn acquire(this: &Lock, blocking: Given<bool>, timeout: Given<&Object>) -> PyResult<bool> {
    take(&this.raw, patience(blocking.0.unwrap_or(true), timeout.0)?)
}
/// An old name of acquire().
#[method(signature = "(blocking=True, timeout=-1)")]
fn acquire_lock(this: &Lock, blocking: Given<bool>, timeout: Given<&Object>) -> PyResult<bool> {
    acquire(this, blocking, timeout)
}
/// Release the lock, which another thread may have taken.
#[method(signature = "()")]
fn release(this: &Lock) -> PyResult<()> {
    if !this.raw.locked() {
        bail!(RuntimeError, "release unlocked lock");
    }
    this.raw.release();
    Ok(())
}
/// An old name of release().
#[method(signature = "()")]
fn release_lock(this: &Lock) -> PyResult<()> {
    release(this)
}
/// Return whether the lock is taken.
#[method(signature = "()")]
fn locked(this: &Lock) -> bool {
    this.raw.locked()
}
/// An old name of locked().
#[method(signature = "()")]
fn locked_lock(this: &Lock) -> bool {
    this.raw.locked()
}
/// Take the lock.
#[method(signature = "()", name = "__enter__")]
fn enter(this: &Lock) -> PyResult<bool> {
    this.raw.acquire(None)
}
/// Release the lock.
#[method(signature = "(*exc_info)", name = "__exit__")]
fn exit(this: &Lock, exc_info: &[&Object]) -> PyResult<()> {
    let _ = exc_info;
    release(this)
}
/// Make the lock free after a fork.
#[method(signature = "()", name = "_at_fork_reinit")]
fn at_fork_reinit(this: &Lock) {
    this.raw.reset();
}

#[allow(non_upper_case_globals)]
/// The type of locks.
pub static Lock_Type: Type = Type::new_static(TypeDef {
    name: c"_thread.lock",
    basicsize: size_of::<Lock>(),
    doc: Some(c"lock()\n--\n\nA lock that at most one thread holds at a time."),
    dealloc: Some(dealloc_of::<Lock>),
    repr: Some(lock_repr),
    weaklistoffset: offset_of!(Lock, weaklist) as isize,
    methods: methods![acquire_lock, acquire, release_lock, release, locked_lock, locked, enter, exit, at_fork_reinit],
    new: Some(lock_new),
    ..TypeDef::EMPTY
});

/// `_thread.RLock`: its holder may take it again.
#[repr(C)]
pub struct RLock {
    ob_base: Object,
    raw: RawLock,
    owner: Cell<c_ulong>,
    /// How many times the owner has taken it.
    count: Cell<usize>,
    weaklist: ObjCell,
}
layout!(RLock, RLock_Type);

impl RLock {
    fn is_mine(&self) -> bool {
        self.count.get() > 0 && self.owner.get() == super::ident()
    }

    fn take(&self, p: Patience) -> PyResult<bool> {
        if self.is_mine() {
            match self.count.get().checked_add(1) {
                Some(n) => self.count.set(n),
                None => bail!(OverflowError, "Internal lock count overflowed"),
            }
            return Ok(true);
        }
        if !take(&self.raw, p)? {
            return Ok(false);
        }
        self.owner.set(super::ident());
        self.count.set(1);
        Ok(true)
    }

    fn give(&self) -> PyResult<()> {
        if !self.is_mine() {
            return Err(not_acquired());
        }
        self.count.set(self.count.get() - 1);
        if self.count.get() == 0 {
            self.owner.set(0);
            self.raw.release();
        }
        Ok(())
    }
}

#[cold]
fn not_acquired() -> taipan_object::Raised {
    raise!(RuntimeError, "cannot release un-acquired lock")
}

extern "C" fn rlock_new(cls: &Type, _args: &Object, _kwargs: Option<&Object>) -> PyResult {
    let body = RLock {
        ob_base: Object::placeholder(),
        raw: RawLock::new(),
        owner: Cell::new(0),
        count: Cell::new(0),
        weaklist: ObjCell::empty(),
    };
    Ok(new_instance(cls, body)?.into_obj())
}

extern "C" fn rlock_repr(o: &Object) -> PyResult {
    let r: &RLock = o.cast();
    let state = if r.count.get() > 0 { "locked" } else { "unlocked" };
    let text =
        format!("<{state} {} object owner={} count={} at {:p}>", full_name(o.ty())?, r.owner.get(), r.count.get(), o);
    Ok(Str::from_utf8(&text).into_obj())
}

/// `module.name` of a type.
fn full_name(ty: &Type) -> PyResult<String> {
    Ok(if ty.is_heap() { ty.short_name().to_owned() } else { ty.name_str().to_owned() })
}

/// Take the lock, once more if this thread holds it.
#[method(signature = "(blocking=True, timeout=-1)", name = "acquire")]
fn racquire(this: &RLock, blocking: Given<bool>, timeout: Given<&Object>) -> PyResult<bool> {
    this.take(patience(blocking.0.unwrap_or(true), timeout.0)?)
}
/// Release the lock once.
#[method(signature = "()", name = "release")]
fn rrelease(this: &RLock) -> PyResult<()> {
    this.give()
}
/// Return whether the lock is taken.
#[method(signature = "()", name = "locked")]
fn rlocked(this: &RLock) -> bool {
    this.count.get() > 0
}
/// Return whether this thread holds the lock.
#[method(signature = "()", name = "_is_owned")]
fn is_owned(this: &RLock) -> bool {
    this.is_mine()
}
/// Return how many times this thread holds the lock.
#[method(signature = "()", name = "_recursion_count")]
fn recursion_count(this: &RLock) -> usize {
    if this.is_mine() { this.count.get() } else { 0 }
}
/// Take the lock again as it was when released by _release_save().
#[method(signature = "(state, /)", name = "_acquire_restore")]
fn acquire_restore(this: &RLock, state: &Object) -> PyResult<()> {
    let Some(t) = state.downcast::<Tuple>() else {
        bail!(TypeError, "_acquire_restore() argument 1 must be 2-item tuple, not {}", state.ty().name_str());
    };
    if t.len() != 2 {
        bail!(TypeError, "_acquire_restore() argument 1 must be tuple of length 2, not {}", t.len());
    }
    let (count, owner) = (t.item(0).as_u64()? as usize, t.item(1).as_u64()? as c_ulong);
    this.raw.acquire(None)?;
    this.owner.set(owner);
    this.count.set(count);
    Ok(())
}
/// Release the lock whatever its count, and return what restores it.
#[method(signature = "()", name = "_release_save")]
fn release_save(this: &RLock) -> PyResult<Obj> {
    if this.count.get() == 0 {
        return Err(not_acquired());
    }
    let state = Tuple::new(&[&Int::from_usize(this.count.get()), &Int::from_u64(this.owner.get())]);
    this.count.set(0);
    this.owner.set(0);
    this.raw.release();
    Ok(state.into_obj())
}
/// Take the lock.
#[method(signature = "()", name = "__enter__")]
fn renter(this: &RLock) -> PyResult<bool> {
    this.take(Patience::Until(None))
}
/// Release the lock once.
#[method(signature = "(*exc_info)", name = "__exit__")]
fn rexit(this: &RLock, exc_info: &[&Object]) -> PyResult<()> {
    let _ = exc_info;
    this.give()
}
/// Make the lock free after a fork.
#[method(signature = "()", name = "_at_fork_reinit")]
fn rat_fork_reinit(this: &RLock) {
    this.owner.set(0);
    this.count.set(0);
    this.raw.reset();
}

#[allow(non_upper_case_globals)]
/// The type of re-entrant locks.
pub static RLock_Type: Type = Type::new_static(TypeDef {
    name: c"_thread.RLock",
    basicsize: size_of::<RLock>(),
    flags: flags::BASETYPE,
    dealloc: Some(dealloc_of::<RLock>),
    repr: Some(rlock_repr),
    weaklistoffset: offset_of!(RLock, weaklist) as isize,
    methods: methods![
        racquire,
        rrelease,
        rlocked,
        is_owned,
        acquire_restore,
        release_save,
        recursion_count,
        renter,
        rexit,
        rat_fork_reinit
    ],
    new: Some(rlock_new),
    ..TypeDef::EMPTY
});
