//! Making strings: room for characters, and the conversions that narrow to the smallest kind.

use super::singletons::{empty, latin1_char};
use super::{CompactStr, FullStr, PyUnicode_Type, Str, StrData, state};
use crate::alloc::{alloc_exact, malloc, out_of_memory};
use crate::error::{PyResult, no_memory};
use crate::header::{Layout, Obj, Object, Ref};
use crate::typeobj::Type;
use std::cell::Cell;
use std::ptr::NonNull;

unsafe extern "C" {
    /// How much a block of the allocator can really hold.
    fn mi_usable_size(p: *const std::ffi::c_void) -> usize;
}

/// The largest character, rounded up within its class, that `c`'s class of strings can hold.
#[inline]
pub fn class_of(c: u32) -> u32 {
    match c {
        0..0x80 => 0x7F,
        0x80..0x100 => 0xFF,
        0x100..0x10000 => 0xFFFF,
        _ => 0x10_FFFF,
    }
}

/// The bitwise or of all characters, which falls into the same class as the largest of them.
#[inline]
pub fn or_of<T: Copy + Into<u32>>(units: &[T]) -> u32 {
    units.iter().fold(0, |a, &c| a | c.into())
}

/// The head and state for characters up to `maxchar`, and the bytes from the object to its characters.
#[inline]
fn shape(maxchar: u32) -> (u32, usize) {
    match maxchar {
        0..0x80 => (state::COMPACT | state::ASCII | 1 << state::KIND_SHIFT, size_of::<Str>()),
        0x80..0x100 => (state::COMPACT | 1 << state::KIND_SHIFT, size_of::<CompactStr>()),
        0x100..0x10000 => (state::COMPACT | 2 << state::KIND_SHIFT, size_of::<CompactStr>()),
        _ => (state::COMPACT | 4 << state::KIND_SHIFT, size_of::<CompactStr>()),
    }
}

/// Room for `len` characters up to `maxchar`, with the terminator written; the characters are not.
///
/// # Safety
/// The caller fills in all characters before anyone reads them, and the largest is of `maxchar`'s class.
#[inline]
unsafe fn allocate(len: usize, maxchar: u32) -> Option<Ref<Str>> {
    let (bits, head) = shape(maxchar);
    let kind = (bits >> state::KIND_SHIFT & 7) as usize;
    let size = len.checked_add(1)?.checked_mul(kind)?.checked_add(head)?;
    if size > isize::MAX as usize - 64 {
        return None;
    }
    // SAFETY: the head is written here, the characters by the caller.
    unsafe {
        let (p, class) = alloc_exact(&PyUnicode_Type, size)?;
        let s = Str {
            ob_base: Object::in_class(&PyUnicode_Type, class),
            length: Cell::new(len as isize),
            hash: Cell::new(-1),
            state: Cell::new(bits),
            _pad: 0,
        };
        let base = p.cast::<u8>().as_ptr();
        if bits & state::ASCII != 0 {
            p.cast::<Str>().write(s);
        } else {
            p.cast::<CompactStr>().write(CompactStr {
                base: s,
                utf8_length: Cell::new(0),
                utf8: Cell::new(std::ptr::null_mut()),
            });
        }
        // Terminator, of the character's width.
        std::ptr::write_bytes(base.add(head + len * kind), 0, kind);
        Some(Obj::from_raw(p.as_ptr()).cast_into_unchecked())
    }
}

/// A string of `units`, all of which fit `D` and fall into `maxchar`'s class.
#[inline]
fn from_units<T: Copy, D>(units: &[T], maxchar: u32, convert: impl Fn(T) -> D) -> Ref<Str> {
    // SAFETY: all characters are written below.
    unsafe {
        let Some(s) = allocate(units.len(), maxchar) else { out_of_memory() };
        let dst = s.data_ptr().cast::<D>();
        for (i, &u) in units.iter().enumerate() {
            dst.add(i).write(convert(u));
        }
        s
    }
}

impl Str {
    /// The empty string.
    #[inline]
    pub fn empty() -> Ref<Str> {
        Ref::from_borrowed(empty())
    }

    /// A string of `len` characters to be filled in through [`Str::data_ptr`] (`PyUnicode_New`). For `len` 0 this is the
    /// shared empty string.
    ///
    /// # Safety
    /// The caller writes every character before anyone else sees the string, and the largest falls into `maxchar`'s class
    /// (below 128, below 256, below 65536, any).
    pub unsafe fn new_uninit(len: usize, maxchar: u32) -> PyResult<Ref<Str>> {
        if len == 0 {
            return Ok(Str::empty());
        }
        // SAFETY: the caller's promise.
        unsafe { allocate(len, maxchar) }.ok_or_else(no_memory)
    }

    /// A string of one character.
    #[inline]
    pub fn from_char(c: u32) -> Ref<Str> {
        match c {
            0..0x100 => Ref::from_borrowed(latin1_char(c as u8)),
            0x100..0x10000 => from_units(&[c], 0xFFFF, |c| c as u16),
            _ => from_units(&[c], 0x10_FFFF, |c| c),
        }
    }

    /// ASCII text.
    ///
    /// # Safety
    /// All bytes are below 128.
    #[inline]
    pub unsafe fn from_ascii_unchecked(b: &[u8]) -> Ref<Str> {
        match *b {
            [] => Str::empty(),
            [c] => Ref::from_borrowed(latin1_char(c)),
            // SAFETY: every character is copied.
            _ => unsafe {
                let Some(s) = allocate(b.len(), 0x7F) else { out_of_memory() };
                std::ptr::copy_nonoverlapping(b.as_ptr(), s.data_ptr(), b.len());
                s
            },
        }
    }

    /// A string of characters below 256.
    pub fn from_latin1(b: &[u8]) -> Ref<Str> {
        if b.len() <= 1 || b.is_ascii() {
            // SAFETY: one-character strings go to the shared ones, others were tested.
            return unsafe { Str::from_ascii_unchecked(b) };
        }
        from_units(b, 0xFF, |c| c)
    }

    /// A string of characters below 65536, narrowed.
    pub fn from_ucs2(u: &[u16]) -> Ref<Str> {
        match or_of(u) {
            _ if u.len() <= 1 => u.first().map_or_else(Str::empty, |&c| Str::from_char(c.into())),
            max @ 0..0x100 => from_units(u, max, |c| c as u8),
            _ => from_units(u, 0xFFFF, |c| c),
        }
    }

    /// A string of any characters, narrowed.
    pub fn from_ucs4(u: &[u32]) -> Ref<Str> {
        match or_of(u) {
            _ if u.len() <= 1 => u.first().map_or_else(Str::empty, |&c| Str::from_char(c)),
            max @ 0..0x100 => from_units(u, max, |c| c as u8),
            0x100..0x10000 => from_units(u, 0xFFFF, |c| c as u16),
            _ => from_units(u, 0x10_FFFF, |c| c),
        }
    }

    /// A string of these characters, narrowed.
    pub fn from_data(d: StrData<'_>) -> Ref<Str> {
        match d {
            StrData::Latin1(u) => Str::from_latin1(u),
            StrData::Ucs2(u) => Str::from_ucs2(u),
            StrData::Ucs4(u) => Str::from_ucs4(u),
        }
    }

    /// A string from Rust's text.
    #[inline]
    pub fn from_utf8(s: &str) -> Ref<Str> {
        if s.is_ascii() {
            // SAFETY: just tested.
            return unsafe { Str::from_ascii_unchecked(s.as_bytes()) };
        }
        Str::decoded(s).unwrap_or_else(|_| out_of_memory())
    }

    /// A string from bytes that may be UTF-8; `None` when they are not.
    pub fn try_from_utf8(b: &[u8]) -> PyResult<Option<Ref<Str>>> {
        if b.is_ascii() {
            // SAFETY: just tested.
            return Ok(Some(unsafe { Str::from_ascii_unchecked(b) }));
        }
        match std::str::from_utf8(b) {
            Ok(s) => Str::decoded(s).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Text that is not ASCII, written straight into a string of the right width.
    fn decoded(s: &str) -> PyResult<Ref<Str>> {
        let b = s.as_bytes();
        let len = s.chars().count();
        // The first byte of the highest character tells its class.
        let maxchar = match b.iter().copied().max().unwrap_or(0) {
            0..=0xC3 => 0xFF,
            0xC4..=0xEF => 0xFFFF,
            _ => 0x10_FFFF,
        };
        if len == 1 {
            return Ok(Str::from_char(s.chars().next().map_or(0, u32::from)));
        }
        /// # Safety
        /// `dst` has room for the characters, which fit.
        unsafe fn fill<T>(s: &str, dst: *mut T, convert: impl Fn(char) -> T) {
            for (i, c) in s.chars().enumerate() {
                // SAFETY: the caller's promise.
                unsafe { dst.add(i).write(convert(c)) };
            }
        }
        // SAFETY: all characters are written.
        unsafe {
            let out = allocate(len, maxchar).ok_or_else(no_memory)?;
            let p = out.data_ptr();
            match maxchar {
                0xFF => fill(s, p, |c| u32::from(c) as u8),
                0xFFFF => fill(s, p.cast::<u16>(), |c| u32::from(c) as u16),
                _ => fill(s, p.cast::<u32>(), u32::from),
            }
            Ok(out)
        }
    }

    /// A string from UTF-8 in which surrogates may stand as three bytes each. The text must otherwise be well-formed, as
    /// Rust's own `OsStr` and our [`Str::to_wtf8`] make it; broken sequences become U+FFFD.
    pub fn from_wtf8(b: &[u8]) -> Ref<Str> {
        if b.is_ascii() {
            // SAFETY: just tested.
            return unsafe { Str::from_ascii_unchecked(b) };
        }
        let mut chars: Vec<u32> = Vec::with_capacity(b.len());
        let mut i = 0;
        while let Some(&lead) = b.get(i) {
            let next = |k: usize| b.get(i + k).filter(|&&c| c & 0xC0 == 0x80).map(|&c| u32::from(c & 0x3F));
            let (c, n) = match lead {
                0..0x80 => (Some(u32::from(lead)), 1),
                0xC2..0xE0 => (next(1).map(|x| u32::from(lead & 0x1F) << 6 | x), 2),
                0xE0..0xF0 => (next(1).zip(next(2)).map(|(x, y)| u32::from(lead & 0xF) << 12 | x << 6 | y), 3),
                0xF0..0xF5 => (
                    next(1)
                        .zip(next(2))
                        .zip(next(3))
                        .map(|((x, y), z)| u32::from(lead & 7) << 18 | x << 12 | y << 6 | z),
                    4,
                ),
                _ => (None, 1),
            };
            match c.filter(|&c| c <= 0x10_FFFF) {
                Some(c) => {
                    chars.push(c);
                    i += n;
                }
                None => {
                    chars.push(0xFFFD);
                    i += 1;
                }
            }
        }
        Str::from_ucs4(&chars)
    }

    /// The characters from `a` to `b` as an exact `str`; this string itself when that is all of it.
    pub fn substring(&self, a: usize, b: usize) -> Ref<Str> {
        let b = b.min(self.len());
        if a >= b {
            return Str::empty();
        }
        if a == 0 && b == self.len() {
            return self.to_exact();
        }
        if self.is_ascii() {
            // SAFETY: part of an ASCII string.
            return unsafe { Str::from_ascii_unchecked(&self.data_bytes()[a..b]) };
        }
        Str::from_data(self.data().slice(a, b))
    }

    /// This string if it is of the exact type, a copy otherwise.
    #[inline]
    pub fn to_exact(&self) -> Ref<Str> {
        if self.is_exact(&PyUnicode_Type) { Ref::from_borrowed(self) } else { self.copy() }
    }

    /// A fresh string of the same characters.
    pub fn copy(&self) -> Ref<Str> {
        if self.is_empty() {
            return Str::empty();
        }
        let b = self.data_bytes();
        // SAFETY: all characters are copied, of the same kind.
        unsafe {
            let max = if self.is_ascii() { 0x7F } else { self.max_char_class() };
            let Some(s) = allocate(self.len(), max) else { out_of_memory() };
            std::ptr::copy_nonoverlapping(b.as_ptr(), s.data_ptr(), b.len());
            s
        }
    }

    /// The largest character of the class that this string is in: 0x7F, 0xFF, 0xFFFF or 0x10FFFF.
    #[inline]
    pub fn max_char_class(&self) -> u32 {
        match self.kind() {
            1 if self.is_ascii() => 0x7F,
            1 => 0xFF,
            2 => 0xFFFF,
            _ => 0x10_FFFF,
        }
    }

    /// An instance of `cls`, a subclass of `str`, with the characters of `self`.
    pub fn new_in_subclass(&self, cls: &Type) -> PyResult {
        let bytes = self.data_bytes();
        let kind = self.kind() as usize;
        let o = match cls.alloc.get() {
            Some(f) => f(cls, 0)?,
            None => crate::alloc::generic_alloc(cls, 0)?,
        };
        let bits = self.kind() << state::KIND_SHIFT | self.state.get() & state::ASCII;
        // SAFETY: the memory is at least a `FullStr`; what follows the head is filled in, with null data until it is there.
        unsafe {
            let s: &FullStr = o.cast_unchecked();
            s.base.base.length.set(0);
            s.base.base.hash.set(-1);
            s.base.base.state.set(bits);
            s.base.utf8_length.set(0);
            s.base.utf8.set(std::ptr::null_mut());
            s.data.set(std::ptr::null_mut());
            let p = malloc(bytes.len() + kind);
            if p.is_null() {
                return Err(no_memory());
            }
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), p, bytes.len());
            std::ptr::write_bytes(p.add(bytes.len()), 0, kind);
            s.data.set(p);
            s.base.base.length.set(self.length.get());
            s.base.base.hash.set(self.hash.get());
            if self.is_ascii() {
                s.base.utf8.set(p);
                s.base.utf8_length.set(self.length.get());
            }
        }
        Ok(o)
    }

    /// Grows a modifiable string by `extra` characters of its own class, whose room the caller fills. Hands the string back.
    ///
    /// # Safety
    /// `s.is_modifiable()`, `s` is not a shared singleton; the caller writes the new characters before anyone reads them.
    pub(crate) unsafe fn grow(s: Obj, extra: usize) -> PyResult {
        // SAFETY: exact strings have no words before them, so the block starts at the object; nobody else refers to it.
        unsafe {
            let (len, kind, head) = {
                let this: &Str = s.cast_unchecked();
                if !this.is_compact_ascii() {
                    let c = this.compact();
                    crate::alloc::free(c.utf8.replace(std::ptr::null_mut()));
                    c.utf8_length.set(0);
                }
                this.hash.set(-1);
                (
                    this.len(),
                    this.kind() as usize,
                    if this.is_ascii() { size_of::<Str>() } else { size_of::<CompactStr>() },
                )
            };
            let new_len = len + extra;
            let Some(size) = new_len.checked_add(1).and_then(|n| n.checked_mul(kind)).and_then(|n| n.checked_add(head))
            else {
                return Err(no_memory());
            };
            let raw = s.into_raw();
            let mut p = raw.cast::<u8>();
            if size > mi_usable_size(p.cast()) {
                // Room to spare makes a loop of appends linear.
                let want = size.saturating_add(size / 8);
                p = crate::alloc::realloc(p, want);
                if p.is_null() {
                    drop(Obj::from_raw(raw));
                    return Err(no_memory());
                }
                (*p.cast::<Object>()).forget_size_class();
            }
            let o = Obj::from_raw(NonNull::new_unchecked(p).cast::<Object>().as_ptr());
            o.cast_unchecked::<Str>().length.set(new_len as isize);
            std::ptr::write_bytes(p.add(head + new_len * kind), 0, kind);
            Ok(o)
        }
    }
}

impl From<&str> for Ref<Str> {
    fn from(s: &str) -> Ref<Str> {
        Str::from_utf8(s)
    }
}

const _: () = assert!(std::mem::align_of::<FullStr>() == 8);

/// Whether `o` is a string.
#[inline(always)]
pub fn check(o: &Object) -> bool {
    Str::is_instance(o)
}
