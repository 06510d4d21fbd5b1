//! The cycle collector's lists: which objects it looks at. (The passes are in `gc/collect.rs` once it runs.)
//!
//! Two words lie before every collectable object: `next` (0 = untracked) and `prev`, whose two low bits are flags.

use crate::header::Object;
use crate::thread::{Thread, breaker};
use std::cell::Cell;
use std::sync::atomic::Ordering;

/// The links before an object (`PyGC_Head`).
#[repr(C)]
pub struct GcHead {
    next: Cell<*const GcHead>,
    prev: Cell<usize>,
}

/// `prev` flag: the finaliser has run.
pub const FINALIZED: usize = 1;
/// `prev` flag: in the generation being collected.
pub const COLLECTING: usize = 2;
const FLAGS: usize = 3;

/// One generation: a circular list, its count and threshold.
#[allow(missing_docs)]
pub struct Generation {
    pub head: GcHead,
    pub count: Cell<i32>,
    pub threshold: Cell<i32>,
}

/// The collector's state in an interpreter.
#[allow(missing_docs)]
pub struct GcState {
    pub enabled: Cell<bool>,
    pub collecting: Cell<bool>,
    pub generations: [Generation; 3],
    pub permanent: GcHead,
    pub debug: Cell<i32>,
    /// Collect at every allocation that can: for tests.
    pub eager: Cell<bool>,
    pub long_lived_total: Cell<isize>,
    pub long_lived_pending: Cell<isize>,
    /// Collections, collected, uncollectable, per generation.
    pub stats: [[Cell<isize>; 3]; 3],
    pub callbacks: crate::ObjCell,
    pub garbage: crate::ObjCell,
}

impl GcHead {
    const fn unlinked() -> GcHead {
        GcHead { next: Cell::new(std::ptr::null()), prev: Cell::new(0) }
    }
    /// Makes this head an empty circular list.
    pub fn init_list(&self) {
        self.next.set(self);
        self.prev.set(self as *const GcHead as usize);
    }
    /// The next head on the list.
    #[inline]
    pub fn next(&self) -> *const GcHead {
        self.next.get()
    }
    /// The previous head on the list.
    #[inline]
    pub fn prev(&self) -> *const GcHead {
        (self.prev.get() & !FLAGS) as *const GcHead
    }
    /// Links `self` at the end of `list`.
    #[inline(always)]
    pub fn append_to(&self, list: &GcHead) {
        let last = list.prev();
        // SAFETY: a list is circular, so its last element exists.
        unsafe { (*last).next.set(self) };
        self.set_prev(last);
        self.next.set(list);
        list.set_prev(self);
    }
    /// Sets the previous link, keeping the flags.
    #[inline(always)]
    pub fn set_prev(&self, p: *const GcHead) {
        self.prev.set(p as usize | (self.prev.get() & FLAGS));
    }
    /// Sets the next link.
    #[inline(always)]
    pub fn set_next(&self, p: *const GcHead) {
        self.next.set(p);
    }
    /// The whole `prev` word, for the collector's own use.
    pub fn prev_word(&self) -> &Cell<usize> {
        &self.prev
    }
    /// The object after this head.
    #[inline]
    pub fn object(&self) -> &Object {
        // SAFETY: only heads of objects are asked; the object lies right after its head.
        unsafe { &*(self as *const GcHead).add(1).cast::<Object>() }
    }
}

impl GcState {
    /// Empty lists, the reference's thresholds. The lists are linked by [`GcState::init`], since they must not move afterwards.
    pub const fn new() -> GcState {
        const fn generation(threshold: i32) -> Generation {
            Generation { head: GcHead::unlinked(), count: Cell::new(0), threshold: Cell::new(threshold) }
        }
        GcState {
            enabled: Cell::new(true),
            collecting: Cell::new(false),
            generations: [generation(2000), generation(10), generation(10)],
            permanent: GcHead::unlinked(),
            debug: Cell::new(0),
            eager: Cell::new(false),
            long_lived_total: Cell::new(0),
            long_lived_pending: Cell::new(0),
            stats: [const { [const { Cell::new(0) }; 3] }; 3],
            callbacks: crate::ObjCell::empty(),
            garbage: crate::ObjCell::empty(),
        }
    }
    /// Links the empty lists.
    pub fn init(&self) {
        for g in &self.generations {
            g.head.init_list();
        }
        self.permanent.init_list();
    }
}

impl Default for GcState {
    fn default() -> Self {
        Self::new()
    }
}

/// The links of a collectable object.
#[inline(always)]
pub fn head_of(o: &Object) -> &GcHead {
    debug_assert!(o.ty().has_flag(crate::typeobj::flags::HAVE_GC));
    // SAFETY: objects of collectable types have their links right before them.
    unsafe { &*(o as *const Object).cast::<GcHead>().sub(1) }
}

/// Whether the collector looks at the object.
#[inline]
pub fn is_tracked(o: &Object) -> bool {
    !head_of(o).next.get().is_null()
}

/// Puts a complete object under the collector's eyes (`PyObject_GC_Track`); no-op when it already is.
#[inline(always)]
pub fn track(o: &Object) {
    let h = head_of(o);
    if !h.next.get().is_null() {
        return;
    }
    let ts = Thread::current();
    let young = &ts.interp.gc.generations[0];
    h.append_to(&young.head);
    let n = young.count.get() + 1;
    young.count.set(n);
    if n > young.threshold.get() {
        schedule(ts);
    }
}

#[cold]
fn schedule(ts: &Thread) {
    let gc = &ts.interp.gc;
    if gc.enabled.get() && gc.generations[0].threshold.get() != 0 && !gc.collecting.get() {
        ts.eval_breaker.fetch_or(breaker::GC_SCHEDULED, Ordering::Relaxed);
    }
}

/// Takes an object out of the collector's lists (`PyObject_GC_UnTrack`); no-op when it is in none.
#[inline(always)]
pub fn untrack(o: &Object) {
    let h = head_of(o);
    let next = h.next.get();
    if next.is_null() {
        return;
    }
    // SAFETY: neighbours of a linked head are alive.
    unsafe {
        let prev = h.prev();
        (*prev).next.set(next);
        (*next).set_prev(prev);
    }
    h.next.set(std::ptr::null());
    h.prev.set(h.prev.get() & FINALIZED);
    let young = &Thread::current().interp.gc.generations[0];
    if young.count.get() > 0 {
        young.count.set(young.count.get() - 1);
    }
}

/// Whether `tp_finalize` has run.
pub fn is_finalized(o: &Object) -> bool {
    head_of(o).prev.get() & FINALIZED != 0
}

/// Notes that `tp_finalize` has run.
pub fn set_finalized(o: &Object) {
    let h = head_of(o);
    h.prev.set(h.prev.get() | FINALIZED);
}

pub(crate) fn set_trash_link(o: &Object, next: *mut Object) {
    head_of(o).next.set(next.cast());
}

pub(crate) fn take_trash_link(o: &Object) -> *mut Object {
    let h = head_of(o);
    let next = h.next.get();
    h.next.set(std::ptr::null());
    next as *mut Object
}

/// In a `tp_traverse`: visits an [`ObjCell`](crate::ObjCell) if it is filled, and returns from the function when the visit says so.
#[macro_export]
macro_rules! visit {
    ($cell:expr, $visit:ident, $arg:ident) => {
        if let Some(o) = $cell.get() {
            let r = $visit(o, $arg);
            if r != 0 {
                return r;
            }
        }
    };
}
