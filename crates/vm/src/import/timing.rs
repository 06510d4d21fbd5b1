//! `-X importtime`: how long each import takes, on standard error.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};
use taipan_object::header::Object;
use taipan_object::types::str::Str;

static WANTED: AtomicU8 = AtomicU8::new(0);

/// Says what to report: 1 imports, 2 also those that found the module in `sys.modules`.
pub fn want(level: u8) {
    WANTED.store(level, Ordering::Relaxed);
}

/// What [`want`] said.
#[inline(always)]
pub fn wanted() -> u8 {
    WANTED.load(Ordering::Relaxed)
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// The time of the imports inside the running one.
    static INSIDE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static HEAD: Cell<bool> = const { Cell::new(false) };
}

fn head() {
    if !HEAD.replace(true) {
        eprintln!("import time: self [us] | cumulative | imported package");
    }
}

/// A module's name, with what is no text escaped.
fn shown(name: &Object) -> String {
    let Some(s) = name.downcast::<Str>() else { return String::new() };
    match taipan_object::codecs::text::utf_8_encode(s, "backslashreplace") {
        Ok(b) => String::from_utf8_lossy(b.as_slice()).into_owned(),
        Err(e) => {
            e.clear();
            String::new()
        }
    }
}

/// Reports an import that had nothing to do.
#[cold]
pub fn cached(name: &Object) {
    head();
    eprintln!("import time: cached    | cached     | {:1$}{2}", "", DEPTH.get() * 2, shown(name));
}

/// Runs an import and reports it.
#[cold]
pub fn timed<T>(name: &Object, import: impl FnOnce() -> T) -> T {
    head();
    let outer = INSIDE.replace(Duration::ZERO);
    DEPTH.set(DEPTH.get() + 1);
    let start = Instant::now();
    let result = import();
    let all = start.elapsed();
    DEPTH.set(DEPTH.get() - 1);
    let own = all.saturating_sub(INSIDE.get());
    eprintln!(
        "import time: {:9} | {:10} | {:3$}{4}",
        own.as_micros(),
        all.as_micros(),
        "",
        DEPTH.get() * 2,
        shown(name)
    );
    INSIDE.set(outer + all);
    result
}
