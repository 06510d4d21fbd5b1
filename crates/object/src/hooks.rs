//! What the object model needs from the layers above it (evaluation loop, import, warnings), as a table that `vm` fills at start-up.
//! `object` never links them.

use crate::error::PyResult;
use crate::header::{Obj, Object};
use std::sync::OnceLock;

/// The table.
#[allow(missing_docs)]
pub struct Hooks {
    /// Reports an exception that cannot propagate (`sys.unraisablehook`): what was being done, and the object it came from.
    pub unraisable: fn(Obj, Option<&str>, Option<&Object>),
    /// Imports a module by its dotted name and returns that module (not its first part).
    pub import: fn(&str) -> PyResult,
    /// Issues a warning: category, message, stack level.
    pub warn: fn(&crate::Type, &str, isize) -> PyResult<()>,
    /// The globals of the running frame, if any.
    pub current_globals: fn() -> Option<Obj>,
    /// The builtins of the running frame, or the interpreter's.
    pub current_builtins: fn() -> Obj,
    /// Runs what the eval breaker asks for: signals, pending calls, the collector, the lock.
    pub handle_pending: fn() -> PyResult<()>,
    /// Raises an audit event (PEP 578): event, arguments tuple.
    pub audit: fn(&str, &Object) -> PyResult<()>,
    /// Whether any audit hook is installed, so that arguments need not be made otherwise.
    pub auditing: fn() -> bool,
    /// For `super()` without arguments: the `__class__` cell content and the first argument of the running frame.
    pub super_of_frame: fn() -> PyResult<(Obj, Obj)>,
}

static HOOKS: OnceLock<Hooks> = OnceLock::new();

/// Fills the table; the first caller wins.
pub fn install(h: Hooks) {
    let _ = HOOKS.set(h);
}

/// The table.
pub fn get() -> &'static Hooks {
    HOOKS.get().expect("hooks are installed before the first object is used")
}
