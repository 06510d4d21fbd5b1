//! What the eval breaker asks for: signals, pending calls, exceptions from other threads, the collector, the interpreter lock,
//! and looking at instrumentation anew. Tested by RESUME, JUMP_BACKWARD and after calls of native code.

use std::sync::atomic::Ordering;
use taipan_object::thread::breaker;
use taipan_object::{PyResult, Thread};

/// Bits of the breaker that are events; the instrumentation version lies above.
pub const EVENTS: usize = (1 << breaker::VERSION_SHIFT) - 1;

/// Whether something is pending.
#[inline(always)]
pub fn pending(ts: &Thread) -> bool {
    ts.eval_breaker.load(Ordering::Relaxed) & EVENTS != 0
}

/// Does what is pending.
#[cold]
#[inline(never)]
pub fn handle(ts: &Thread) -> PyResult<()> {
    if ts.eval_breaker.load(Ordering::Relaxed) & breaker::INVALIDATE != 0 {
        ts.eval_breaker.fetch_and(!breaker::INVALIDATE, Ordering::Relaxed);
        crate::specialize::invalidate_pending(ts);
    }
    (taipan_object::hooks::get().handle_pending)()
}
