//! The library runs without the interpreter lock; what it calls back takes the lock again.

use std::cell::Cell;
use taipan_object::{Thread, gil};

thread_local! {
    /// The state that this thread put aside when it went into the library.
    static ASIDE: Cell<Option<&'static Thread>> = const { Cell::new(None) };
}

/// Runs `f`, which touches no objects, without the lock.
pub fn unlocked<R>(f: impl FnOnce() -> R) -> R {
    let ts = gil::detach();
    let outer = ASIDE.replace(Some(ts));
    let r = f();
    ASIDE.set(outer);
    gil::attach(ts);
    r
}

/// Runs `f` with the lock, in a function that the library calls.
pub fn locked<R>(f: impl FnOnce() -> R) -> R {
    match ASIDE.take() {
        None => f(),
        Some(ts) => {
            gil::attach(ts);
            let r = f();
            gil::detach();
            ASIDE.set(Some(ts));
            r
        }
    }
}
