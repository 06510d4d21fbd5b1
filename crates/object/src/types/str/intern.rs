//! Interned strings: one object per text, so that names compare by identity.
//!
//! Each interpreter has a table of its own for mortal strings, which leave it when they die. Strings interned for good are
//! found by every interpreter through one locked table; an interpreter copies the pointer into its own at first sight.
//! Tables do not count references.

use super::{PyUnicode_Type, Str, state};
use crate::header::{Obj, Object, Ref};
use crate::thread::{Interp, Thread};
use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A set of strings by text: open addressing, linear probing, at most two thirds full.
struct Table {
    slots: Vec<*const Str>,
    used: usize,
}

impl Table {
    const fn new() -> Table {
        Table { slots: Vec::new(), used: 0 }
    }

    /// The string with that hash that `same` accepts, or the place where it belongs.
    #[inline(always)]
    fn search(&self, hash: isize, same: impl Fn(&Str) -> bool) -> Result<&'static Str, usize> {
        if self.slots.is_empty() {
            return Err(0);
        }
        let mask = self.slots.len() - 1;
        let mut i = hash as usize & mask;
        loop {
            let p = self.slots[i];
            if p.is_null() {
                return Err(i);
            }
            // SAFETY: strings leave the table before they are freed; the lifetime is cut short by the callers.
            let t = unsafe { &*p };
            if t.hash.get() == hash && same(t) {
                return Ok(t);
            }
            i = (i + 1) & mask;
        }
    }

    fn find(&self, s: &Str) -> Result<&'static Str, usize> {
        self.search(s.str_hash(), |t| t.eq(s))
    }

    /// The string of that ASCII text.
    fn find_ascii(&self, hash: isize, text: &[u8]) -> Result<&'static Str, usize> {
        self.search(hash, |t| t.is_ascii() && t.data_bytes() == text)
    }

    fn insert(&mut self, s: &Str) {
        self.reserve();
        if let Err(i) = self.find(s) {
            self.slots[i] = s;
            self.used += 1;
        }
    }

    /// Makes room for one more.
    fn reserve(&mut self) {
        if self.slots.len() * 2 > self.used * 3 + 3 {
            return;
        }
        let n = (self.slots.len() * 2).max(4096);
        let old = std::mem::replace(&mut self.slots, vec![std::ptr::null(); n]);
        for p in old.into_iter().filter(|p| !p.is_null()) {
            // No two are equal, so the first gap will do.
            // SAFETY: as in `search`.
            let hash = unsafe { (*p).hash.get() };
            let i = self.search(hash, |_| false).err().unwrap_or(0);
            self.slots[i] = p;
        }
    }

    /// Removes exactly this object; the run behind it moves up so that no gap breaks a search.
    fn remove(&mut self, s: &Str) {
        if self.slots.is_empty() {
            return;
        }
        let mask = self.slots.len() - 1;
        let mut i = s.str_hash() as usize & mask;
        while !std::ptr::eq(self.slots[i], s) {
            if self.slots[i].is_null() {
                return;
            }
            i = (i + 1) & mask;
        }
        let mut j = i;
        loop {
            j = (j + 1) & mask;
            let p = self.slots[j];
            if p.is_null() {
                break;
            }
            // SAFETY: as in `find`.
            let home = unsafe { (*p).str_hash() } as usize & mask;
            // `p` may move to the gap unless its home lies between the gap and its place.
            if (j.wrapping_sub(home) & mask) >= (j.wrapping_sub(i) & mask) {
                self.slots[i] = p;
                i = j;
            }
        }
        self.slots[i] = std::ptr::null();
        self.used -= 1;
    }
}

/// An interpreter's interned strings.
pub struct Interned(RefCell<Table>);

impl Interned {
    /// None yet.
    pub const fn new() -> Interned {
        Interned(RefCell::new(Table::new()))
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.0.borrow().used
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Interned {
    fn default() -> Self {
        Interned::new()
    }
}

struct Immortals(Table);
// SAFETY: the table is behind a lock, and the strings in it are immortal.
unsafe impl Send for Immortals {}

static IMMORTALS: Mutex<Immortals> = Mutex::new(Immortals(Table::new()));

fn immortals() -> std::sync::MutexGuard<'static, Immortals> {
    IMMORTALS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The string of the same text that is in the table; `s` itself enters it if there is none. Strings of subclasses are not interned.
pub fn intern(s: Ref<Str>) -> Ref<Str> {
    if s.state.get() & state::INTERNED != 0 || !s.is_exact(&PyUnicode_Type) {
        return s;
    }
    if let Some(t) = shared_single(&s) {
        return t;
    }
    let ts = Thread::current();
    let mut table = ts.interp.interned.0.borrow_mut();
    if let Ok(t) = table.find(&s) {
        return Ref::from_borrowed(t);
    }
    if Interp::several()
        && let Ok(t) = immortals().0.find(&s)
    {
        table.insert(t);
        return Ref::from_borrowed(t);
    }
    table.insert(&s);
    let kind = if s.is_immortal() { state::INTERNED_IMMORTAL } else { state::INTERNED_MORTAL };
    s.state.set(s.state.get() & !state::INTERNED | kind);
    s
}

/// The static string of the same text, if it is that short.
fn shared_single(s: &Str) -> Option<Ref<Str>> {
    match s.len() {
        0 => Some(Str::empty()),
        1 if s.kind() == 1 => Some(Str::from_char(s.char_at(0))),
        _ => None,
    }
}

/// As [`intern`], and the string stays for good.
pub fn intern_immortal(s: Ref<Str>) -> &'static Str {
    let t = intern(s);
    if t.state.get() & state::INTERNED != state::INTERNED_STATIC {
        t.make_immortal();
        t.state.set(t.state.get() & !state::INTERNED | state::INTERNED_IMMORTAL);
        immortals().0.insert(&t);
    }
    // SAFETY: immortal objects are never freed.
    unsafe { &*(&*t as *const Str) }
}

/// An interned string from Rust's text.
pub fn intern_str(s: &str) -> Ref<Str> {
    if s.is_ascii() {
        // SAFETY: just tested.
        return unsafe { intern_ascii_unchecked(s.as_bytes()) };
    }
    intern(Str::from_utf8(s))
}

/// The interned string of a C string, as names in tables are.
///
/// # Safety
/// `s` points to a C string.
pub unsafe fn intern_c(s: *const std::ffi::c_char) -> Ref<Str> {
    // SAFETY: the caller's promise.
    let text = unsafe { std::ffi::CStr::from_ptr(s) }.to_bytes();
    if text.is_ascii() {
        // SAFETY: just tested.
        return unsafe { intern_ascii_unchecked(text) };
    }
    intern(Str::from_utf8(&String::from_utf8_lossy(text)))
}

/// The interned string of ASCII text: an object is made only if there is none.
///
/// # Safety
/// All bytes are below 128.
pub unsafe fn intern_ascii_unchecked(text: &[u8]) -> Ref<Str> {
    // SAFETY: the caller's promise.
    let new = || unsafe { Str::from_ascii_unchecked(text) };
    if text.len() < 2 || Interp::several() {
        return intern(new());
    }
    let hash = super::hash::hash_bytes(text);
    let mut table = Thread::current().interp.interned.0.borrow_mut();
    table.reserve();
    match table.find_ascii(hash, text) {
        Ok(t) => Ref::from_borrowed(t),
        Err(i) => {
            let s = new();
            s.hash.set(hash);
            s.state.set(s.state.get() & !state::INTERNED | state::INTERNED_MORTAL);
            table.slots[i] = &*s;
            table.used += 1;
            s
        }
    }
}

/// Takes a dying string out of its table.
pub(super) fn forget(s: &Str) {
    if let Some(ts) = Thread::try_current()
        && let Ok(mut table) = ts.interp.interned.0.try_borrow_mut()
    {
        table.remove(s);
    }
    s.state.set(s.state.get() & !state::INTERNED);
}

/// Where `intern!` keeps its string.
pub struct InternedCell {
    cached: AtomicPtr<Object>,
    text: &'static str,
}

// SAFETY: the pointer is atomic, and what it points to is immortal.
unsafe impl Sync for InternedCell {}

impl InternedCell {
    /// A cell for `text`.
    pub const fn new(text: &'static str) -> InternedCell {
        InternedCell { cached: AtomicPtr::new(std::ptr::null_mut()), text }
    }

    /// The string.
    #[inline(always)]
    pub fn get(&'static self) -> &'static Object {
        let p = self.cached.load(Ordering::Relaxed);
        // SAFETY: a non-null cell holds an immortal string.
        match unsafe { p.as_ref() } {
            Some(o) => o,
            None => self.fill(),
        }
    }

    #[cold]
    fn fill(&'static self) -> &'static Object {
        let s: &'static Str = intern_immortal(intern_str(self.text));
        self.cached.store(s.as_ptr(), Ordering::Release);
        s
    }
}

/// The immortal interned string of a literal, as `&'static Object`.
#[macro_export]
macro_rules! intern {
    ($text:expr) => {{
        static CELL: $crate::InternedCell = $crate::InternedCell::new($text);
        CELL.get()
    }};
}

/// `sys.intern` for an exact string.
pub fn intern_obj(s: &Str) -> Obj {
    intern(Ref::from_borrowed(s)).into_obj()
}
