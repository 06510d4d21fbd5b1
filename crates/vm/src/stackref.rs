//! What a local variable or a place on the value stack holds.
//!
//! A [`StackRef`] is one opaque word. Nothing outside this file knows its encoding:
//!
//! | low bits | meaning |
//! |---|---|
//! | `00` | pointer that owns one reference |
//! | `01` | pointer that owns nothing: borrowed from a local of the same frame or of a caller, or immortal |
//! | `11` | reserved for small integers in the word |
//!
//! The null reference is the borrowed pointer to address zero, so that closing needs no test for it.

use taipan_object::{Obj, Object};

const BORROWED: u64 = 1;
const TAG_MASK: u64 = 3;

/// One value of a frame: a reference with or without ownership, or nothing. `Copy`, so that no destructor runs in the middle of an
/// instruction: who takes a value out of its place owes it a [`StackRef::close`] or an owner.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StackRef(u64);

const _: () = assert!(size_of::<StackRef>() == 8);

impl StackRef {
    /// No value.
    pub const NULL: StackRef = StackRef(BORROWED);

    /// Takes over the reference of `o`.
    #[inline(always)]
    pub fn steal(o: Obj) -> StackRef {
        StackRef(o.into_raw() as u64)
    }

    /// Takes over the reference of `o`, or is null.
    #[inline(always)]
    pub fn steal_opt(o: Option<Obj>) -> StackRef {
        match o {
            Some(o) => StackRef::steal(o),
            None => StackRef::NULL,
        }
    }

    /// Takes over the reference behind a raw pointer, or is null for a null pointer.
    ///
    /// # Safety
    /// The caller owns one reference.
    #[inline(always)]
    pub unsafe fn from_raw_owned(p: *mut Object) -> StackRef {
        if p.is_null() { StackRef::NULL } else { StackRef(p as u64) }
    }

    /// A new reference to `o`.
    #[inline(always)]
    pub fn new(o: &Object) -> StackRef {
        if o.is_immortal() {
            StackRef::borrow(o)
        } else {
            o.incref();
            StackRef(o.as_ptr() as u64)
        }
    }

    /// A reference without ownership; the caller knows that `o` outlives its use.
    #[inline(always)]
    pub fn borrow(o: &Object) -> StackRef {
        StackRef(o.as_ptr() as u64 | BORROWED)
    }

    /// Whether there is no value.
    #[inline(always)]
    pub fn is_null(self) -> bool {
        self.0 == BORROWED
    }

    /// Whether closing gives a reference back.
    #[inline(always)]
    pub fn is_owned(self) -> bool {
        self.0 & BORROWED == 0
    }

    /// The address; zero for the null reference. For identity tests.
    #[inline(always)]
    pub fn ptr(self) -> *mut Object {
        (self.0 & !TAG_MASK) as *mut Object
    }

    /// The object.
    ///
    /// # Safety
    /// The reference is not null, and stays where it is (or its object is otherwise kept alive) while the result is used.
    #[inline(always)]
    pub unsafe fn as_ref<'a>(self) -> &'a Object {
        debug_assert!(!self.is_null());
        // SAFETY: a reference that is not null points to a live object.
        unsafe { &*self.ptr() }
    }

    /// The object, if any.
    ///
    /// # Safety
    /// As for [`StackRef::as_ref`].
    #[inline(always)]
    pub unsafe fn get<'a>(self) -> Option<&'a Object> {
        // SAFETY: as above; null has address zero.
        unsafe { self.ptr().as_ref() }
    }

    /// Whether it refers to `o`.
    #[inline(always)]
    pub fn is(self, o: &Object) -> bool {
        std::ptr::eq(self.ptr(), o)
    }

    /// Whether neither has a reference to give back.
    #[inline(always)]
    pub fn both_borrowed(self, other: StackRef) -> bool {
        self.0 & other.0 & BORROWED != 0
    }

    /// A borrowed form of the same reference.
    #[inline(always)]
    pub fn as_borrow(self) -> StackRef {
        StackRef(self.0 | BORROWED)
    }

    /// Another reference to the same object, or null for null.
    ///
    /// # Safety
    /// The object is alive.
    #[inline(always)]
    pub unsafe fn dup(self) -> StackRef {
        // SAFETY: the caller's promise.
        match unsafe { self.get() } {
            Some(o) => StackRef::new(o),
            None => self,
        }
    }

    /// The same reference with ownership of its own: needed where a value outlives what it was borrowed from.
    ///
    /// # Safety
    /// The object is alive. The argument must not be used again.
    #[inline(always)]
    pub unsafe fn heap_safe(self) -> StackRef {
        if self.is_owned() {
            return self;
        }
        // SAFETY: the caller's promise.
        unsafe { self.dup() }
    }

    /// As an owned reference.
    ///
    /// # Safety
    /// Not null. The argument must not be used again.
    #[inline(always)]
    pub unsafe fn into_obj(self) -> Obj {
        // SAFETY: an owned pointer hands its reference over; for a borrowed one, a new reference is taken.
        unsafe { if self.is_owned() { Obj::from_raw(self.ptr()) } else { self.as_ref().to_obj() } }
    }

    /// As an owned reference, if there is one.
    ///
    /// # Safety
    /// As for [`StackRef::into_obj`].
    #[inline(always)]
    pub unsafe fn into_obj_opt(self) -> Option<Obj> {
        // SAFETY: the caller's promise.
        if self.is_null() { None } else { Some(unsafe { self.into_obj() }) }
    }

    /// Gives the reference back. May run arbitrary code (finalisers).
    ///
    /// # Safety
    /// The argument must not be used again.
    #[inline(always)]
    pub unsafe fn close(self) {
        if self.is_owned() {
            // SAFETY: an owned pointer has one reference to give back.
            unsafe { Object::decref(self.ptr()) }
        }
    }

    /// Gives the reference back without deallocating: answers the object if that was its last reference, else null.
    ///
    /// # Safety
    /// As for [`StackRef::close`]; the answer must be given to `taipan_object::alloc::dealloc`.
    #[inline(always)]
    pub unsafe fn release(self) -> *mut Object {
        if self.is_owned() {
            let p = self.ptr();
            // SAFETY: the owned reference keeps the object alive until here.
            let o = unsafe { &*p };
            let n = o.refcnt();
            if (n as i32) >= 0 {
                o.set_refcnt(n - 1);
                if n == 1 {
                    return p;
                }
            }
        }
        std::ptr::null_mut()
    }

    /// Gives the reference back where it is known not to be the last.
    ///
    /// # Safety
    /// As for [`StackRef::close`], and not unique.
    #[inline(always)]
    pub unsafe fn close_shared(self) {
        if self.is_owned() {
            // SAFETY: an owned pointer has one reference to give back.
            let o = unsafe { &*self.ptr() };
            let n = o.refcnt();
            debug_assert!(n != 1);
            if (n as i32) >= 0 {
                o.set_refcnt(n - 1);
            }
        }
    }

    /// Whether this is the only reference to its object, so that the object may be changed in place.
    ///
    /// # Safety
    /// Not null.
    #[inline(always)]
    pub unsafe fn is_unique(self) -> bool {
        // SAFETY: the caller's promise.
        self.is_owned() && unsafe { self.as_ref() }.is_unique()
    }
}

impl std::fmt::Debug for StackRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StackRef({:#x})", self.0)
    }
}
