//! What the dicts of an interpreter have in common: watchers, and the counter of keys versions.

use super::Dict;
use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::thread::VersionCounter;
use crate::{bail, error};
use std::cell::Cell;
use std::ffi::c_int;

/// What happens to a watched dict (`PyDict_WatchEvent`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum WatchEvent {
    /// A key is added.
    Added = 0,
    /// The value of a key changes.
    Modified = 1,
    /// A key is deleted.
    Deleted = 2,
    /// The dict, empty before, becomes a copy of another, which is passed as the key.
    Cloned = 3,
    /// All keys go.
    Cleared = 4,
    /// The dict dies.
    Deallocated = 5,
}

/// `PyDict_WatchCallback`: called before the change. -1 reports an exception, which does not stop the change.
pub type WatchCallback = extern "C" fn(WatchEvent, &Object, Option<&Object>, Option<&Object>) -> c_int;

/// Watcher of the evaluation loop, for globals and builtins.
pub const LOOP_WATCHER: u32 = 0;
const SLOTS: usize = 8;
/// The first slot that `PyDict_AddWatcher` hands out: those below are the interpreter's own.
const FIRST_PUBLIC: usize = 2;

/// The versions of tables of keys: those of built-in types serve all interpreters. They start at 2, as 1 is the empty table's.
static KEYS_VERSIONS: VersionCounter = VersionCounter::new(2);

/// Interpreter-wide state of dicts.
#[derive(Debug)]
pub struct DictState {
    watchers: [Cell<Option<WatchCallback>>; SLOTS],
}

impl DictState {
    /// No watchers; versions start at 2, as 1 is the empty table's.
    pub const fn new() -> DictState {
        DictState { watchers: [const { Cell::new(None) }; SLOTS] }
    }

    /// The version that the next table of keys gets.
    pub fn coming_keys_version(&self) -> u32 {
        KEYS_VERSIONS.get()
    }

    /// A version that no keys table has had, or 0 when they have run out.
    pub(super) fn next_keys_version(&self) -> u32 {
        let v = KEYS_VERSIONS.get();
        if v != 0 {
            KEYS_VERSIONS.set(v.wrapping_add(1));
        }
        v
    }

    /// Installs the interpreter's own watcher `id`.
    pub fn set_watcher(&self, id: u32, f: WatchCallback) {
        if let Some(w) = self.watchers.get(id as usize) {
            w.set(Some(f));
        }
    }

    /// Installs a watcher (`PyDict_AddWatcher`).
    pub fn add_watcher(&self, f: WatchCallback) -> PyResult<u32> {
        for (i, w) in self.watchers.iter().enumerate().skip(FIRST_PUBLIC) {
            if w.get().is_none() {
                w.set(Some(f));
                return Ok(i as u32);
            }
        }
        bail!(RuntimeError, "no more dict watcher IDs available")
    }

    fn check(&self, id: c_int) -> PyResult<u32> {
        if id < 0 || id as usize >= SLOTS {
            bail!(ValueError, "Invalid dict watcher ID {id}");
        }
        if self.watchers[id as usize].get().is_none() {
            bail!(ValueError, "No dict watcher set for ID {id}");
        }
        Ok(id as u32)
    }

    /// Removes a watcher (`PyDict_ClearWatcher`).
    pub fn clear_watcher(&self, id: c_int) -> PyResult<()> {
        let id = self.check(id)?;
        self.watchers[id as usize].set(None);
        Ok(())
    }

    /// Lets watcher `id` see `dict` (`PyDict_Watch`).
    pub fn watch(&self, id: c_int, dict: &Object) -> PyResult<()> {
        let Some(d) = dict.downcast::<Dict>() else { bail!(ValueError, "Cannot watch non-dictionary") };
        d.watch(self.check(id)?);
        Ok(())
    }

    /// The reverse (`PyDict_Unwatch`).
    pub fn unwatch(&self, id: c_int, dict: &Object) -> PyResult<()> {
        let Some(d) = dict.downcast::<Dict>() else { bail!(ValueError, "Cannot watch non-dictionary") };
        d.unwatch(self.check(id)?);
        Ok(())
    }
}

impl Default for DictState {
    fn default() -> Self {
        Self::new()
    }
}

impl Dict {
    /// Whether any watcher looks at this dict.
    #[inline(always)]
    pub fn is_watched(&self) -> bool {
        self.watcher_tag.get() & 0xff != 0
    }

    /// Whether watcher `id` looks at this dict.
    #[inline(always)]
    pub fn is_watched_by(&self, id: u32) -> bool {
        self.watcher_tag.get() & (1 << id) != 0
    }

    /// Lets watcher `id` look at this dict.
    pub fn watch(&self, id: u32) {
        self.watcher_tag.set(self.watcher_tag.get() | 1 << id);
    }

    /// The reverse of [`Dict::watch`].
    pub fn unwatch(&self, id: u32) {
        self.watcher_tag.set(self.watcher_tag.get() & !(1 << id));
    }

    /// The word at `_ma_watcher_tag`: the low 8 bits are the watchers; the rest is free for the evaluation loop.
    #[inline(always)]
    pub fn watcher_tag(&self) -> &Cell<u64> {
        &self.watcher_tag
    }

    /// Tells the watchers, if any.
    #[inline(always)]
    pub(super) fn notify(&self, event: WatchEvent, key: Option<&Object>, value: Option<&Object>) {
        if self.is_watched() {
            self.notify_watchers(event, key, value);
        }
    }

    #[cold]
    #[inline(never)]
    fn notify_watchers(&self, event: WatchEvent, key: Option<&Object>, value: Option<&Object>) {
        let state = &crate::Interp::current().dict_state;
        for (i, w) in state.watchers.iter().enumerate() {
            if self.watcher_tag.get() & (1 << i) == 0 {
                continue;
            }
            let Some(f) = w.get() else { continue };
            // A dict may die while an exception is on its way; the watcher must not see that one.
            let pending: Option<Obj> = error::occurred().map(error::Raised::take);
            if f(event, self, key, value) < 0
                && let Some(e) = error::occurred()
            {
                error::unraisable(e, Some(self));
            }
            if let Some(exc) = pending {
                let _ = error::restore(exc);
            }
        }
    }
}
