//! The cycle collector: which objects it looks at, and when it runs.
//!
//! Two words lie before every collectable object: `next` (0 = untracked) and `prev`, whose two low bits are flags. Tracked objects are on the
//! circular list of one of three generations, or of the permanent one (`gc.freeze`).
//!
//! - `collect.rs`: a collection; `inspect.rs`: what the module `gc` shows of the lists
//!
//! A collection never starts in the middle of native code: allocations only set a bit of the eval breaker, and the evaluation loop calls
//! [`collect_scheduled`] where Python code may run anyway.

mod collect;
mod inspect;
#[cfg(test)]
mod tests;

pub use collect::{collect, collect_at_exit, collect_scheduled, is_subtracting};
pub use inspect::{
    freeze, freeze_count, get_count, get_objects, get_referents, get_referrers, get_stats, object_is_finalized,
    object_is_tracked, tracked_count, unfreeze, warn_of_garbage,
};

use crate::header::{Object, Ref};
use crate::thread::{Thread, breaker};
use crate::typeobj::flags;
use crate::types::list::List;
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
/// The number of generations, without the permanent one.
pub const GENERATIONS: usize = 3;

/// Bits of [`GcState::debug`] (`gc.set_debug`).
#[allow(missing_docs)]
pub mod debug {
    pub const STATS: i32 = 1;
    pub const COLLECTABLE: i32 = 2;
    pub const UNCOLLECTABLE: i32 = 4;
    pub const SAVEALL: i32 = 32;
    pub const LEAK: i32 = COLLECTABLE | UNCOLLECTABLE | SAVEALL;
}

/// One generation: a circular list, its count and threshold.
#[allow(missing_docs)]
pub struct Generation {
    pub head: GcHead,
    /// For the youngest: objects allocated less objects freed since its last collection. For the others: collections of the next younger one.
    pub count: Cell<isize>,
    threshold: Cell<i32>,
}

impl Generation {
    /// See [`GcState::set_threshold`].
    pub fn threshold(&self) -> i32 {
        self.threshold.get()
    }
}

/// The collector's state in an interpreter.
#[allow(missing_docs)]
pub struct GcState {
    enabled: Cell<bool>,
    pub collecting: Cell<bool>,
    pub generations: [Generation; GENERATIONS],
    pub permanent: GcHead,
    /// See [`debug`].
    pub debug: Cell<i32>,
    eager: Cell<bool>,
    /// When the youngest generation's count passes this, a collection is scheduled: its threshold, unless collections are off or eager.
    trigger: Cell<isize>,
    /// Objects that survived the last full collection.
    long_lived_total: Cell<isize>,
    /// Objects that have entered the oldest generation since.
    long_lived_pending: Cell<isize>,
    /// Collections, collected, uncollectable, per generation.
    pub stats: [[Cell<isize>; 3]; GENERATIONS],
    callbacks: crate::ObjCell,
    garbage: crate::ObjCell,
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
    /// Whether nothing is on this list.
    #[inline]
    pub fn is_empty_list(&self) -> bool {
        std::ptr::eq(self.next.get(), self)
    }
    /// Takes `self` off its list and links it at the end of `list`.
    pub fn move_to(&self, list: &GcHead) {
        // SAFETY: neighbours on a list are alive.
        unsafe {
            let (prev, next) = (self.prev(), self.next.get());
            (*prev).next.set(next);
            (*next).set_prev(prev);
        }
        self.append_to(list);
    }
    /// Moves all of this list to the end of `to`.
    pub fn splice_into(&self, to: &GcHead) {
        debug_assert!(!std::ptr::eq(self, to));
        if !self.is_empty_list() {
            let (tail, first, last) = (to.prev(), self.next.get(), self.prev());
            // SAFETY: elements of both lists are alive.
            unsafe {
                (*tail).next.set(first);
                (*first).set_prev(tail);
                (*last).next.set(to);
            }
            to.set_prev(last);
        }
        self.init_list();
    }
    /// The objects on this list, which must not change meanwhile.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        let mut at = self.next.get();
        std::iter::from_fn(move || {
            if std::ptr::eq(at, self) {
                return None;
            }
            // SAFETY: a circular list of live objects.
            let h = unsafe { &*at };
            at = h.next.get();
            Some(h.object())
        })
    }
    /// The number of objects on this list.
    pub fn list_len(&self) -> usize {
        self.objects().count()
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
            trigger: Cell::new(2000),
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

    /// How many objects survived the last full collection.
    pub fn long_lived_total(&self) -> isize {
        self.long_lived_total.get()
    }

    /// Whether collections start by themselves.
    pub fn is_enabled(&self) -> bool {
        self.enabled.get()
    }

    /// `gc.enable` and `gc.disable`.
    pub fn set_enabled(&self, on: bool) {
        self.enabled.set(on);
        self.set_trigger();
    }

    /// `gc.set_threshold` for one generation; 0 for the youngest means no automatic collections.
    pub fn set_threshold(&self, generation: usize, n: i32) {
        self.generations[generation].threshold.set(n);
        self.set_trigger();
    }

    /// Schedules a collection at every allocation: for tests of code that might hold what it does not own.
    pub fn set_eager(&self, on: bool) {
        self.eager.set(on);
        self.set_trigger();
    }

    fn set_trigger(&self) {
        let threshold = self.generations[0].threshold.get();
        self.trigger.set(match (self.enabled.get(), self.eager.get()) {
            (true, true) => -1,
            (true, false) if threshold != 0 => threshold as isize,
            _ => isize::MAX,
        });
    }

    /// Start-up is over: what it made is old, and automatic collections begin.
    pub fn settle(&self) {
        let [young, middle, old] = &self.generations;
        let made = young.count.get();
        young.head.splice_into(&old.head);
        middle.head.splice_into(&old.head);
        self.generations.iter().for_each(|g| g.count.set(0));
        self.long_lived_total.set(made.max(0));
        self.set_enabled(true);
    }

    /// Whether the collector keeps an object for which `f` is true.
    pub fn any(&self, mut f: impl FnMut(&Object) -> bool) -> bool {
        self.generations.iter().map(|g| &g.head).chain([&self.permanent]).any(|list| list.objects().any(&mut f))
    }

    /// Whether a program watches collections or keeps what they found.
    pub fn is_watched(&self) -> bool {
        let filled = |c: &crate::ObjCell| c.get().is_some_and(|l| !l.cast::<List>().is_empty());
        self.debug.get() != 0 || filled(&self.callbacks) || filled(&self.garbage)
    }

    /// `gc.callbacks`.
    pub fn callbacks(&self) -> Ref<List> {
        list_in(&self.callbacks)
    }

    /// `gc.garbage`.
    pub fn garbage(&self) -> Ref<List> {
        list_in(&self.garbage)
    }
}

/// The list in a field, made when it is first asked for.
fn list_in(cell: &crate::ObjCell) -> Ref<List> {
    if let Some(l) = cell.get() {
        return Ref::from_borrowed(l.cast());
    }
    let l = List::new();
    cell.set(Some(l.clone().into_obj()));
    l
}

impl Default for GcState {
    fn default() -> Self {
        Self::new()
    }
}

/// The links of a collectable object.
#[inline(always)]
pub fn head_of(o: &Object) -> &GcHead {
    debug_assert!(o.ty().has_flag(flags::HAVE_GC));
    // SAFETY: objects of collectable types have their links right before them.
    unsafe { &*(o as *const Object).cast::<GcHead>().sub(1) }
}

/// Whether the collector looks at the object.
#[inline]
pub fn is_tracked(o: &Object) -> bool {
    !head_of(o).next.get().is_null()
}

/// Whether the object has collector links before it: static types do not, although their type is collectable.
#[inline]
pub fn is_collectable(o: &Object) -> bool {
    o.ty().has_flag(flags::HAVE_GC) && o.ty().is_gc.get().is_none_or(|f| f(o) != 0)
}

/// Counts the allocation of a collectable object, and schedules a collection when there were many.
#[inline(always)]
pub fn note_alloc() {
    let ts = Thread::current();
    let gc = &ts.interp.gc;
    let n = gc.generations[0].count.get() + 1;
    gc.generations[0].count.set(n);
    if n > gc.trigger.get() {
        schedule(ts);
    }
}

/// Counts the end of a collectable object.
#[inline(always)]
pub fn note_free() {
    let young = &Thread::current().interp.gc.generations[0];
    let n = young.count.get();
    young.count.set(n - (n > 0) as isize);
}

#[cold]
fn schedule(ts: &Thread) {
    if !ts.interp.gc.collecting.get() && ts.current_exception.is_empty() {
        ts.eval_breaker.fetch_or(breaker::GC_SCHEDULED, Ordering::Relaxed);
    }
}

/// Puts a complete object under the collector's eyes (`PyObject_GC_Track`); no-op when it already is.
#[inline(always)]
pub fn track(o: &Object) {
    let h = head_of(o);
    if h.next.get().is_null() {
        h.append_to(&Thread::current().interp.gc.generations[0].head);
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
