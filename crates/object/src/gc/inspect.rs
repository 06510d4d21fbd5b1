//! What the module `gc` shows of the lists, and the permanent generation.

use super::{GENERATIONS, GcHead, GcState, is_collectable};
use crate::error::PyResult;
use crate::header::{Obj, Object, Ref};
use crate::thread::Thread;
use crate::types::list::List;
use std::ffi::{c_int, c_void};

fn state() -> &'static GcState {
    &Thread::current().interp.gc
}

/// New references to the objects on a list.
fn owned(list: &GcHead) -> impl Iterator<Item = Obj> {
    list.objects().map(Object::to_obj)
}

/// `gc.get_objects`: the tracked objects of one generation or of all, without the answer.
pub fn get_objects(generation: Option<usize>) -> Ref<List> {
    let gc = state();
    let mut all = Vec::new();
    match generation {
        Some(g) => all.extend(gc.generations.get(g).into_iter().flat_map(|g| owned(&g.head))),
        None => all.extend(gc.generations.iter().flat_map(|g| owned(&g.head))),
    }
    List::from_vec(all)
}

struct Wanted<'a>(&'a [&'a Object]);

extern "C" fn visit_referrer(o: &Object, wanted: *mut c_void) -> c_int {
    // SAFETY: `get_referrers` passes its own `Wanted`, alive during the traversal.
    let wanted = unsafe { &*wanted.cast::<Wanted<'_>>() };
    wanted.0.iter().any(|w| w.is(o)) as c_int
}

/// `gc.get_referrers`: the tracked objects that refer to any of `wanted`. `except` is the tuple of arguments itself, if there is one.
pub fn get_referrers(wanted: &[&Object], except: Option<&Object>) -> Ref<List> {
    let arg = Wanted(wanted);
    let mut found = Vec::new();
    for g in &state().generations {
        for o in g.head.objects() {
            if except.is_some_and(|e| e.is(o)) {
                continue;
            }
            if let Some(f) = o.ty().traverse.get()
                && f(o, visit_referrer, (&raw const arg).cast_mut().cast()) != 0
            {
                found.push(o.to_obj());
            }
        }
    }
    List::from_vec(found)
}

extern "C" fn visit_referent(o: &Object, found: *mut c_void) -> c_int {
    // SAFETY: `get_referents` passes its own vector.
    unsafe { (*found.cast::<Vec<Obj>>()).push(o.to_obj()) };
    0
}

/// `gc.get_referents`: what the objects refer to directly.
pub fn get_referents(objects: &[&Object]) -> Ref<List> {
    let mut found: Vec<Obj> = Vec::new();
    for o in objects {
        if is_collectable(o)
            && let Some(f) = o.ty().traverse.get()
        {
            f(o, visit_referent, (&raw mut found).cast());
        }
    }
    List::from_vec(found)
}

/// `gc.is_tracked`, for any object.
pub fn object_is_tracked(o: &Object) -> bool {
    is_collectable(o) && super::is_tracked(o)
}

/// `gc.is_finalized`, for any object.
pub fn object_is_finalized(o: &Object) -> bool {
    is_collectable(o) && super::is_finalized(o)
}

/// `gc.freeze`: moves all tracked objects where no collection looks.
pub fn freeze() {
    let gc = state();
    for g in &gc.generations {
        g.head.splice_into(&gc.permanent);
        g.count.set(0);
    }
}

/// `gc.unfreeze`: moves them into the oldest generation.
pub fn unfreeze() {
    let gc = state();
    gc.permanent.splice_into(&gc.generations[GENERATIONS - 1].head);
}

/// `gc.get_freeze_count`.
pub fn freeze_count() -> usize {
    state().permanent.list_len()
}

/// How many objects are under the collector's eyes.
pub fn tracked_count() -> usize {
    state().generations.iter().map(|g| g.head.list_len()).sum::<usize>() + freeze_count()
}

/// `gc.get_count`.
pub fn get_count() -> [isize; GENERATIONS] {
    std::array::from_fn(|i| state().generations[i].count.get())
}

/// `gc.get_stats`: collections, collected and uncollectable objects of each generation.
pub fn get_stats() -> [[isize; 3]; GENERATIONS] {
    std::array::from_fn(|g| std::array::from_fn(|i| state().stats[g][i].get()))
}

/// The warning when the interpreter ends with objects in `gc.garbage` (`_PyGC_DumpShutdownStats`).
pub fn warn_of_garbage() -> PyResult<()> {
    let gc = state();
    let garbage = gc.garbage();
    if gc.debug.get() & super::debug::SAVEALL != 0 || garbage.is_empty() {
        return Ok(());
    }
    let n = garbage.len();
    let tail = if gc.debug.get() & super::debug::UNCOLLECTABLE != 0 {
        ""
    } else {
        "; use gc.set_debug(gc.DEBUG_UNCOLLECTABLE) to list them"
    };
    (crate::hooks::get().warn)(
        crate::types::exceptions::ResourceWarning,
        &format!("gc: {n} uncollectable objects at shutdown{tail}"),
        1,
    )?;
    if tail.is_empty() {
        eprintln!("      {}", garbage.repr()?.display());
    }
    Ok(())
}
