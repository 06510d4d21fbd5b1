//! A collection.
//!
//! 1. Of every object in the collected generations, the count is copied into the `prev` word, and the references that other such objects hold
//!    are subtracted. What is left above zero is held from outside.
//! 2. Everything reachable from those stays; the rest is unreachable and moves to a list of its own.
//! 3. Weak references to and from it are emptied and callbacks called; finalisers run (PEP 442); what they revived, found by doing 1 and 2
//!    again, stays; the rest is cleared, which lets counts drop to zero.
//!
//! While 1 and 2 run, `prev` holds counts and lists are linked forwards only. Only `tp_traverse` functions are called then, and these neither
//! make nor free objects.

use super::{COLLECTING, FINALIZED, GENERATIONS, GcHead, GcState, debug, head_of, is_collectable};
use crate::header::{Obj, Object, Ref};
use crate::intern;
use crate::thread::{Thread, breaker};
use crate::typeobj::slots::VisitProc;
use crate::types::dict::Dict;
use crate::types::int::Int;
use crate::types::str::Str;
use crate::types::tuple::{PyTuple_Type, Tuple};
use crate::types::weakref;
use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// How far counts are shifted in `prev`.
const SHIFT: u32 = 2;
/// Flag in `next`: the object is on the unreachable list, for now.
const UNREACHABLE: usize = 2;

impl GcHead {
    fn is_collecting(&self) -> bool {
        self.prev.get() & COLLECTING != 0
    }
    fn clear_collecting(&self) {
        self.prev.set(self.prev.get() & !COLLECTING);
    }
    fn refs(&self) -> usize {
        self.prev.get() >> SHIFT
    }
    fn set_refs(&self, n: usize) {
        self.prev.set((self.prev.get() & (COLLECTING | FINALIZED)) | n << SHIFT);
    }
    /// Replaces a count by a link, keeping the flags.
    fn set_prev_link(&self, p: *const GcHead) {
        self.prev.set(p as usize | (self.prev.get() & (COLLECTING | FINALIZED)));
    }
    fn next_word(&self) -> usize {
        self.next.get() as usize
    }
    fn set_next_word(&self, w: usize) {
        self.next.set(w as *const GcHead);
    }
    fn next_plain(&self) -> *const GcHead {
        (self.next_word() & !UNREACHABLE) as *const GcHead
    }
}

fn traverse(o: &Object, visit: VisitProc, arg: *const c_void) {
    if let Some(f) = o.ty().traverse.get() {
        f(o, visit, arg.cast_mut());
    }
}

/// The head of an object that may be in the collected generations. Immortal objects never are.
#[inline(always)]
fn candidate(o: &Object) -> Option<&GcHead> {
    (!o.is_immortal() && is_collectable(o)).then(|| head_of(o))
}

// Passes 1 and 2.

/// Copies the counts. Immortal objects leave the list: they are never garbage.
fn update_refs(list: &GcHead) {
    let mut at = list.next();
    while !std::ptr::eq(at, list) {
        // SAFETY: a circular list of live objects.
        let h = unsafe { &*at };
        at = h.next();
        let o = h.object();
        if o.is_immortal() {
            // `prev` of this one and of the rest of the list are still links.
            super::untrack(o);
            continue;
        }
        debug_assert!(o.refcnt() > 0, "a dead {} is tracked", o.ty().name_str());
        h.prev.set((h.prev.get() & FINALIZED) | COLLECTING | (o.refcnt() as usize) << SHIFT);
    }
}

extern "C" fn visit_subtract(o: &Object, _: *mut c_void) -> c_int {
    if let Some(h) = candidate(o)
        && h.is_collecting()
    {
        debug_assert!(h.refs() > 0, "a {} is visited more often than it is referenced", o.ty().name_str());
        h.prev.set(h.prev.get().wrapping_sub(1 << SHIFT));
    }
    0
}

/// Whether `visit` is the pass that subtracts internal references: a `tp_traverse` leaves out what it holds without counting then.
pub fn is_subtracting(visit: VisitProc) -> bool {
    visit as usize == visit_subtract as *const () as usize
}

fn subtract_refs(list: &GcHead) {
    for o in list.objects() {
        traverse(o, visit_subtract, (o as *const Object).cast());
    }
}

extern "C" fn visit_reachable(o: &Object, list: *mut c_void) -> c_int {
    let Some(h) = candidate(o) else { return 0 };
    if !h.is_collecting() {
        return 0;
    }
    if h.next_word() & UNREACHABLE != 0 {
        // It was put aside too early: back to the end of the list, where the scan will come to it.
        // SAFETY: neighbours on the unreachable list are alive, and so is the list that is scanned.
        unsafe {
            // On the unreachable list `prev` is a link already.
            let (prev, next) = (h.prev(), h.next_plain());
            (*prev).set_next_word(h.next_word());
            (*next).set_prev(prev);
            h.set_next_word(h.next_word() & !UNREACHABLE);
            h.append_to(&*list.cast::<GcHead>());
        }
        h.set_refs(1);
    } else if h.refs() == 0 {
        // The scan has yet to come to it.
        h.set_refs(1);
    }
    0
}

/// Moves what is not reachable from outside `list` to `unreachable`, and makes `list` a list linked both ways again.
fn move_unreachable(list: &GcHead, unreachable: &GcHead) {
    let mut prev: *const GcHead = list;
    let mut at = list.next();
    while !std::ptr::eq(at, list) {
        // SAFETY: objects on the lists are alive; `visit_reachable` changes the lists only behind `at`.
        unsafe {
            let h = &*at;
            if h.refs() > 0 {
                // This may append to the list, so the next element is asked for afterwards.
                traverse(h.object(), visit_reachable, (list as *const GcHead).cast());
                h.set_prev_link(prev);
                h.clear_collecting();
                prev = h;
            } else {
                // Unreachable unless something met later refers to it.
                (*prev).set_next_word(h.next_word());
                let last = unreachable.prev();
                (*last).set_next_word(h as *const GcHead as usize | UNREACHABLE);
                h.set_prev_link(last);
                h.set_next_word(unreachable as *const GcHead as usize | UNREACHABLE);
                unreachable.set_prev(h);
            }
            at = (*prev).next();
        }
    }
    list.set_prev(prev);
    unreachable.set_next_word(unreachable.next_word() & !UNREACHABLE);
}

/// Leaves in `list` what is reachable from outside; the rest goes to `unreachable`, marked as collecting.
fn deduce_unreachable(list: &GcHead, unreachable: &GcHead) {
    unreachable.init_list();
    update_refs(list);
    subtract_refs(list);
    move_unreachable(list, unreachable);
    // The flags in `next` have done their work.
    let mut at = unreachable.next();
    while !std::ptr::eq(at, unreachable) {
        // SAFETY: a circular list of live objects.
        let h = unsafe { &*at };
        h.set_next_word(h.next_word() & !UNREACHABLE);
        at = h.next();
    }
}

/// Tuples that hold nothing collectable cannot be part of cycles and need not be looked at again.
fn untrack_tuples(list: &GcHead) {
    let mut at = list.next();
    while !std::ptr::eq(at, list) {
        // SAFETY: a circular list of live objects.
        let h = unsafe { &*at };
        at = h.next();
        let o = h.object();
        if o.is_exact(&PyTuple_Type) && !o.cast::<Tuple>().items().iter().any(|item| may_be_tracked(item)) {
            super::untrack(o);
        }
    }
}

fn may_be_tracked(o: &Object) -> bool {
    is_collectable(o) && (!o.is_exact(&PyTuple_Type) || super::is_tracked(o))
}

// Old-style finalisers (`tp_del`).

fn has_legacy_finalizer(o: &Object) -> bool {
    o.ty().del.get().is_some()
}

extern "C" fn visit_move(o: &Object, list: *mut c_void) -> c_int {
    if let Some(h) = candidate(o)
        && h.is_collecting()
    {
        // SAFETY: the list outlives the traversal.
        h.move_to(unsafe { &*list.cast::<GcHead>() });
        h.clear_collecting();
    }
    0
}

/// Moves objects with a `tp_del`, and what is reachable from them, to `finalizers`: nobody knows an order in which to finalise them.
fn move_legacy_finalizers(unreachable: &GcHead, finalizers: &GcHead) {
    finalizers.init_list();
    let mut at = unreachable.next();
    while !std::ptr::eq(at, unreachable) {
        // SAFETY: a circular list of live objects.
        let h = unsafe { &*at };
        at = h.next();
        if has_legacy_finalizer(h.object()) {
            h.clear_collecting();
            h.move_to(finalizers);
        }
    }
    let mut at = finalizers.next();
    while !std::ptr::eq(at, finalizers) {
        // SAFETY: as above; the list grows at its end meanwhile.
        let h = unsafe { &*at };
        traverse(h.object(), visit_move, (finalizers as *const GcHead).cast());
        at = h.next();
    }
}

// Pass 3.

/// Empties all weak references to and from the objects, then calls the callbacks of those that are not garbage themselves: these reach nothing
/// unreachable. Answers how many references died by it.
fn handle_weakrefs(unreachable: &GcHead) -> usize {
    let mut pending: Vec<(Obj, Obj)> = Vec::new();
    for o in unreachable.objects() {
        weakref::detach_all(o, |w| {
            if !head_of(w).is_collecting()
                && let Some(callback) = w.stored_callback()
            {
                pending.push((w.to_obj(), callback));
            }
        });
    }
    let mut died = 0;
    for (w, callback) in pending {
        if let Err(e) = callback.call_one(&w) {
            crate::error::unraisable_while(e, "calling weakref callback", &callback);
        }
        died += (w.refcnt() == 1) as usize;
    }
    died
}

/// Runs the finalisers that have not run yet. Objects may die meanwhile and leave the list.
fn finalize(list: &GcHead) {
    let seen = GcHead::unlinked();
    seen.init_list();
    while !list.is_empty_list() {
        // SAFETY: not empty, so the first element is an object.
        let h = unsafe { &*list.next() };
        h.move_to(&seen);
        let o = h.object();
        if h.prev.get() & FINALIZED == 0
            && let Some(f) = o.ty().finalize.get()
        {
            h.prev.set(h.prev.get() | FINALIZED);
            let keep = o.to_obj();
            f(&keep);
        }
    }
    seen.splice_into(list);
}

/// Clears what is left. Each object may die at any time here and leave the list; survivors go to `old`.
fn clear(gc: &GcState, list: &GcHead, old: &GcHead) {
    while !list.is_empty_list() {
        let first = list.next();
        // SAFETY: not empty, so the first element is an object.
        let o = unsafe { &*first }.object();
        if gc.debug.get() & debug::SAVEALL != 0 {
            if let Err(e) = gc.garbage().push(o.to_obj()) {
                e.clear();
            }
        } else if let Some(f) = o.ty().clear.get() {
            let keep = o.to_obj();
            f(&keep);
            if let Some(e) = crate::error::occurred() {
                let text = format!("Exception ignored in tp_clear of {}", keep.ty().name_str());
                crate::error::unraisable_message(e, &text);
            }
        }
        if std::ptr::eq(list.next(), first) {
            // SAFETY: still on the list, so still alive.
            let h = unsafe { &*first };
            h.clear_collecting();
            h.move_to(old);
        }
    }
}

/// Text for `sys.stderr`.
fn report(text: &str) {
    let stderr =
        Thread::current().interp.sysdict.get_owned().and_then(|d| d.cast::<Dict>().get_str("stderr").ok().flatten());
    match stderr.filter(|f| !f.is_none()) {
        Some(f) => {
            if let Err(e) = f.call_method(intern!("write"), &[&Str::from_utf8(text)]) {
                e.clear();
            }
        }
        None => eprint!("{text}"),
    }
}

fn report_objects(what: &str, list: &GcHead) {
    let lines: Vec<String> = list.objects().map(|o| format!("gc: {what} <{} {o:p}>\n", o.ty().name_str())).collect();
    for line in lines {
        report(&line);
    }
}

/// Calls `gc.callbacks`.
fn notify(gc: &GcState, phase: &str, generation: usize, collected: usize, uncollectable: usize) {
    if gc.callbacks.is_empty() {
        return;
    }
    let callbacks = gc.callbacks();
    if callbacks.is_empty() {
        return;
    }
    let made = (|| {
        let info = Dict::new();
        info.set_item(intern!("generation"), &Int::from_usize(generation))?;
        info.set_item(intern!("collected"), &Int::from_usize(collected))?;
        info.set_item(intern!("uncollectable"), &Int::from_usize(uncollectable))?;
        crate::PyResult::Ok(info)
    })();
    let info: Ref<Dict> = match made {
        Ok(i) => i,
        Err(e) => return crate::error::unraisable_message(e, "Exception ignored while invoking gc callbacks"),
    };
    let phase = Str::from_utf8(phase);
    let mut i = 0;
    // The list may change while its functions run.
    while let Some(f) = callbacks.get(i) {
        i += 1;
        if let Err(e) = f.call(&[&phase, &info]) {
            crate::error::unraisable_while(e, "calling GC callback", &f);
        }
    }
}

/// The oldest generation that is due. A full collection waits until a quarter as many objects have come up as survived the last one, so that
/// its cost stays proportional to the number of objects made.
fn due(gc: &GcState) -> Option<usize> {
    (0..GENERATIONS).rev().find(|&i| {
        let g = &gc.generations[i];
        g.count.get() > g.threshold.get() as isize
            && (i < GENERATIONS - 1 || gc.long_lived_pending.get() >= gc.long_lived_total.get() / 4)
    })
}

fn run(ts: &Thread, generation: usize, at_exit: bool) -> usize {
    let gc = &ts.interp.gc;
    if gc.collecting.replace(true) {
        return 0;
    }
    let saved = ts.current_exception.take();
    if !at_exit {
        notify(gc, "start", generation, 0, 0);
    }
    let (collected, uncollectable) = run_passes(ts, gc, generation);
    if !at_exit {
        notify(gc, "stop", generation, collected, uncollectable);
    }
    ts.current_exception.set(saved);
    gc.collecting.set(false);
    collected + uncollectable
}

fn run_passes(ts: &Thread, gc: &GcState, generation: usize) -> (usize, usize) {
    let flags = gc.debug.get();
    let started = Instant::now();
    if flags & debug::STATS != 0 {
        let sizes: String = gc.generations.iter().map(|g| format!(" {}", g.head.list_len())).collect();
        report(&format!("gc: collecting generation {generation}...\n"));
        report(&format!(
            "gc: objects in each generation:{sizes}\ngc: objects in permanent generation: {}\n",
            gc.permanent.list_len()
        ));
    }
    if let Some(older) = gc.generations.get(generation + 1) {
        older.count.set(older.count.get() + 1);
    }
    for g in &gc.generations[..=generation] {
        g.count.set(0);
    }
    let young = &gc.generations[generation].head;
    for g in &gc.generations[..generation] {
        g.head.splice_into(young);
    }
    let full = generation == GENERATIONS - 1;
    let old = if full { young } else { &gc.generations[generation + 1].head };

    let unreachable = GcHead::unlinked();
    deduce_unreachable(young, &unreachable);
    untrack_tuples(young);
    if full {
        gc.long_lived_pending.set(0);
        gc.long_lived_total.set(young.list_len() as isize);
    } else {
        if generation == GENERATIONS - 2 {
            gc.long_lived_pending.set(gc.long_lived_pending.get() + young.list_len() as isize);
        }
        young.splice_into(old);
    }
    let finalizers = GcHead::unlinked();
    move_legacy_finalizers(&unreachable, &finalizers);
    if flags & debug::COLLECTABLE != 0 {
        report_objects("collectable", &unreachable);
    }

    let mut collected = handle_weakrefs(&unreachable);
    finalize(&unreachable);
    // What was revived stays in `unreachable`, the rest moves on.
    let mut at = unreachable.next();
    while !std::ptr::eq(at, &raw const unreachable) {
        // SAFETY: a circular list of live objects.
        let h = unsafe { &*at };
        h.clear_collecting();
        at = h.next();
    }
    let garbage = GcHead::unlinked();
    deduce_unreachable(&unreachable, &garbage);
    unreachable.splice_into(old);
    // Finalisers may have made new ones. What runs while objects are cleared must not see these through them.
    for o in garbage.objects() {
        weakref::detach_all(o, |_| {});
    }
    collected += garbage.list_len();
    clear(gc, &garbage, old);

    let uncollectable = finalizers.list_len();
    if flags & debug::UNCOLLECTABLE != 0 {
        report_objects("uncollectable", &finalizers);
    }
    if flags & debug::STATS != 0 {
        report(&format!(
            "gc: done, {} unreachable, {uncollectable} uncollectable, {:.4}s elapsed\n",
            collected + uncollectable,
            started.elapsed().as_secs_f64()
        ));
    }
    if uncollectable > 0 {
        let list = gc.garbage();
        for o in finalizers.objects() {
            if (flags & debug::SAVEALL != 0 || has_legacy_finalizer(o))
                && let Err(e) = list.push(o.to_obj())
            {
                e.clear();
                break;
            }
        }
    }
    finalizers.splice_into(old);
    if full {
        ts.free_lists.clear();
    }
    let stats = &gc.stats[generation];
    for (s, n) in stats.iter().zip([1, collected, uncollectable]) {
        s.set(s.get() + n as isize);
    }
    (collected, uncollectable)
}

/// Collects `generation` and those younger; answers how many unreachable objects there were. Nothing happens (0) inside of a collection.
pub fn collect(generation: usize) -> usize {
    run(Thread::current(), generation.min(GENERATIONS - 1), false)
}

/// Runs the collection that an allocation asked for by [`breaker::GC_SCHEDULED`], if it is still due. For the evaluation loop.
pub fn collect_scheduled() {
    let ts = Thread::current();
    ts.eval_breaker.fetch_and(!breaker::GC_SCHEDULED, Ordering::Relaxed);
    let gc = &ts.interp.gc;
    if !gc.enabled.get() || gc.collecting.get() {
        return;
    }
    let generation = due(gc).or(gc.eager.get().then_some(0));
    if let Some(g) = generation {
        run(ts, g, false);
    }
}

/// The full collection when the interpreter ends: no `gc.callbacks`, since modules are being torn down.
pub fn collect_at_exit() -> usize {
    run(Thread::current(), GENERATIONS - 1, true)
}
