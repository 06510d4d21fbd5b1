//! `str`: strings as PEP 393 lays them out.
//!
//! - this file: the layout and access to the data; `new.rs`: making strings; `singletons.rs`: the strings in static storage
//! - `hash.rs`, `compare.rs`, `intern.rs`: hashing, order, the table of interned strings
//! - `builder.rs`: piecewise construction; `concat.rs`: joining whole strings; `search.rs`: finding, for any width of character
//! - `repr.rs`, `case.rs`, `split.rs`, `methods.rs`, `iter.rs`, `slots.rs`: what the type offers
//! - `format.rs` (`str.format`), `percent.rs` (`%`), `spec.rs` (`__format__`)
//!
//! A string never changes once published. Its kind is the smallest that holds its characters, so equal strings have equal
//! kinds, and only ASCII strings have the `ascii` bit.

pub mod builder;
pub mod case;
pub mod chars;
pub mod compare;
pub mod concat;
pub mod format;
pub mod hash;
pub mod intern;
pub mod iter;
pub mod methods;
pub mod names;
pub mod new;
pub mod percent;
pub mod predicates;
pub mod repr;
pub mod search;
pub mod singletons;
pub mod slots;
pub mod split;
pub mod translate;
pub mod unit;

pub use builder::StrBuilder;
pub use repr::escape_non_ascii;

use crate::codecs::encode_error;
use crate::error::PyResult;
use crate::header::Object;
use crate::layout;
use crate::typeobj::{Type, TypeDef, flags};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::mem::offset_of;
use std::ptr::NonNull;

/// A string (`PyASCIIObject`, the part that every string has).
#[repr(C)]
pub struct Str {
    /// The head.
    pub ob_base: Object,
    /// Number of characters.
    pub(crate) length: Cell<isize>,
    /// Cached hash; -1 before the first use.
    pub(crate) hash: Cell<isize>,
    /// Bits: see [`state`].
    pub(crate) state: Cell<u32>,
    pub(crate) _pad: u32,
}

/// The head of a string that is not ASCII (`PyCompactUnicodeObject`).
#[repr(C)]
pub struct CompactStr {
    pub(crate) base: Str,
    pub(crate) utf8_length: Cell<isize>,
    /// Cached UTF-8 text with a NUL after it, or null.
    pub(crate) utf8: Cell<*mut u8>,
}

/// An instance of a subclass of `str` (`PyUnicodeObject`): its characters lie elsewhere.
#[repr(C)]
pub struct FullStr {
    pub(crate) base: CompactStr,
    pub(crate) data: Cell<*mut u8>,
}

const _: () = {
    assert!(size_of::<Str>() == 40 && size_of::<CompactStr>() == 56 && size_of::<FullStr>() == 64);
    assert!(offset_of!(Str, length) == 16 && offset_of!(Str, hash) == 24 && offset_of!(Str, state) == 32);
    assert!(
        offset_of!(CompactStr, utf8_length) == 40
            && offset_of!(CompactStr, utf8) == 48
            && offset_of!(FullStr, data) == 56
    );
};

// SAFETY: strings in static storage change only their cached hash and UTF-8 text, under the interpreter lock.
unsafe impl Sync for Str {}
// SAFETY: as above.
unsafe impl Sync for CompactStr {}

/// Bits of the state word.
pub mod state {
    /// How the string is interned: one of the `INTERNED_*` values.
    pub const INTERNED: u32 = 3;
    /// In the table; leaves it when it dies.
    pub const INTERNED_MORTAL: u32 = 1;
    /// In the table for good.
    pub const INTERNED_IMMORTAL: u32 = 2;
    /// In the table, and in static storage.
    pub const INTERNED_STATIC: u32 = 3;
    /// Where the kind (1, 2 or 4 bytes per character) lies.
    pub const KIND_SHIFT: u32 = 2;
    /// The characters follow the head.
    pub const COMPACT: u32 = 1 << 5;
    /// All characters are ASCII.
    pub const ASCII: u32 = 1 << 6;
    /// In static storage.
    pub const STATIC: u32 = 1 << 7;
}

layout!(Str, PyUnicode_Type, UNICODE_SUBCLASS);

/// The characters of a string, at their width.
#[derive(Clone, Copy)]
pub enum StrData<'a> {
    /// All below 256 (for ASCII see [`Str::is_ascii`]).
    Latin1(&'a [u8]),
    /// All below 65536.
    Ucs2(&'a [u16]),
    /// Any.
    Ucs4(&'a [u32]),
}

/// Runs one body for each width of character: `with_units!(s, |units| units.len())`.
#[macro_export]
macro_rules! with_units {
    ($s:expr, |$u:ident| $body:expr) => {
        match $s.data() {
            $crate::types::str::StrData::Latin1($u) => $body,
            $crate::types::str::StrData::Ucs2($u) => $body,
            $crate::types::str::StrData::Ucs4($u) => $body,
        }
    };
}

impl Str {
    /// Number of characters.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length.get() as usize
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.length.get() == 0
    }

    /// Whether all characters are ASCII.
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.state.get() & state::ASCII != 0
    }

    /// Bytes per character: 1, 2 or 4.
    #[inline(always)]
    pub fn kind(&self) -> u32 {
        (self.state.get() >> state::KIND_SHIFT) & 7
    }

    #[inline(always)]
    pub(crate) fn is_compact(&self) -> bool {
        self.state.get() & state::COMPACT != 0
    }

    #[inline(always)]
    pub(crate) fn is_compact_ascii(&self) -> bool {
        self.state.get() & (state::COMPACT | state::ASCII) == (state::COMPACT | state::ASCII)
    }

    /// The larger head, which every string has that is not both compact and ASCII.
    #[inline(always)]
    pub(crate) fn compact(&self) -> &CompactStr {
        debug_assert!(!self.is_compact_ascii());
        // SAFETY: only compact ASCII strings lack it.
        unsafe { &*(self as *const Str).cast::<CompactStr>() }
    }

    /// Where the characters start.
    #[inline(always)]
    pub fn data_ptr(&self) -> *mut u8 {
        let base = self as *const Str as *mut u8;
        // SAFETY: the state says which head is in use.
        unsafe {
            if self.is_compact() {
                base.add(if self.is_ascii() { size_of::<Str>() } else { size_of::<CompactStr>() })
            } else {
                (*(self as *const Str).cast::<FullStr>()).data.get()
            }
        }
    }

    /// The characters at their width.
    #[inline(always)]
    pub fn data(&self) -> StrData<'_> {
        let (p, n) = (self.data_ptr(), self.len());
        // SAFETY: `n` characters of the kind lie there, and do not change while the string is published.
        unsafe {
            match self.kind() {
                1 => StrData::Latin1(std::slice::from_raw_parts(p, n)),
                2 => StrData::Ucs2(std::slice::from_raw_parts(p.cast(), n)),
                _ => StrData::Ucs4(std::slice::from_raw_parts(p.cast(), n)),
            }
        }
    }

    /// The characters as raw bytes in memory.
    #[inline]
    pub fn data_bytes(&self) -> &[u8] {
        // SAFETY: as for `data`.
        unsafe { std::slice::from_raw_parts(self.data_ptr(), self.len() * self.kind() as usize) }
    }

    /// The character at `i`, which must be inside the string.
    #[inline(always)]
    pub fn char_at(&self, i: usize) -> u32 {
        match self.data() {
            StrData::Latin1(u) => u32::from(u[i]),
            StrData::Ucs2(u) => u32::from(u[i]),
            StrData::Ucs4(u) => u[i],
        }
    }

    /// All characters in order.
    #[inline]
    pub fn chars(&self) -> Chars<'_> {
        Chars { data: self.data(), pos: 0 }
    }

    /// The text as UTF-8, made once and kept. Surrogates raise `UnicodeEncodeError`.
    #[inline]
    pub fn to_utf8(&self) -> PyResult<&str> {
        match self.as_str() {
            Some(s) => Ok(s),
            None => Err(self.no_utf8()),
        }
    }

    #[cold]
    fn no_utf8(&self) -> crate::Raised {
        let start = self.chars().position(is_surrogate).unwrap_or(0);
        let run = self.chars().skip(start).take_while(|&c| is_surrogate(c)).count();
        encode_error("utf-8", self, start, start + run, "surrogates not allowed")
    }

    /// The text as UTF-8, made once and kept; `None` when it has surrogates.
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        if self.is_ascii() {
            // SAFETY: ASCII is UTF-8.
            return Some(unsafe { std::str::from_utf8_unchecked(self.data_bytes()) });
        }
        let c = self.compact();
        if c.utf8.get().is_null() && !self.fill_utf8() {
            return None;
        }
        // SAFETY: the cache holds valid UTF-8 of this length for the life of the string.
        Some(unsafe {
            std::str::from_utf8_unchecked(std::slice::from_raw_parts(c.utf8.get(), c.utf8_length.get() as usize))
        })
    }

    /// The UTF-8 text, if it is there already.
    pub fn cached_utf8(&self) -> Option<&[u8]> {
        if self.is_ascii() {
            return Some(self.data_bytes());
        }
        let c = self.compact();
        // SAFETY: the cache holds this many bytes for the life of the string.
        (!c.utf8.get().is_null())
            .then(|| unsafe { std::slice::from_raw_parts(c.utf8.get(), c.utf8_length.get() as usize) })
    }

    fn fill_utf8(&self) -> bool {
        let mut out = Vec::with_capacity(self.len() * 2 + 1);
        for c in self.chars() {
            match char::from_u32(c) {
                Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => return false,
            }
        }
        let p = crate::alloc::malloc(out.len() + 1);
        if p.is_null() {
            crate::alloc::out_of_memory();
        }
        // SAFETY: the block holds the text and the NUL.
        unsafe {
            std::ptr::copy_nonoverlapping(out.as_ptr(), p, out.len());
            p.add(out.len()).write(0);
        }
        let c = self.compact();
        c.utf8_length.set(out.len() as isize);
        c.utf8.set(p);
        true
    }

    /// The text as UTF-8; surrogates become U+FFFD.
    pub fn to_utf8_lossy(&self) -> Cow<'_, str> {
        match self.as_str() {
            Some(s) => Cow::Borrowed(s),
            None => {
                Cow::Owned(self.chars().map(|c| char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
            }
        }
    }

    /// The text in Rust's generalised UTF-8, where surrogates are three bytes like other characters.
    pub fn to_wtf8(&self) -> Cow<'_, [u8]> {
        if let Some(s) = self.as_str() {
            return Cow::Borrowed(s.as_bytes());
        }
        let mut out = Vec::with_capacity(self.len() * 3);
        for c in self.chars() {
            match char::from_u32(c) {
                Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => out.extend_from_slice(&[
                    0xE0 | (c >> 12) as u8,
                    0x80 | (c >> 6) as u8 & 0x3F,
                    0x80 | c as u8 & 0x3F,
                ]),
            }
        }
        Cow::Owned(out)
    }

    /// For `format!`: the text, surrogates as U+FFFD.
    pub fn display(&self) -> impl fmt::Display + '_ {
        Shown(self)
    }

    /// Whether the text is exactly `other`.
    #[inline]
    pub fn eq_str(&self, other: &str) -> bool {
        if self.is_ascii() {
            return self.data_bytes() == other.as_bytes();
        }
        self.len() <= other.len() && self.chars().eq(other.chars().map(u32::from))
    }

    /// Whether the string can be changed in place: the only reference, of the exact type, not interned.
    #[inline]
    pub(crate) fn is_modifiable(&self) -> bool {
        self.is_unique()
            && self.is_exact(&PyUnicode_Type)
            && self.state.get() & (state::INTERNED | state::COMPACT) == state::COMPACT
    }

    /// `sys.getsizeof` without what lies before the object.
    pub fn size_of(&self) -> usize {
        let text = (self.len() + 1) * self.kind() as usize;
        if self.is_compact_ascii() {
            return size_of::<Str>() + text;
        }
        let head = if self.is_compact() { size_of::<CompactStr>() } else { size_of::<FullStr>() };
        let c = self.compact();
        let utf8 = if c.utf8.get().is_null() || c.utf8.get() == self.data_ptr() {
            0
        } else {
            c.utf8_length.get() as usize + 1
        };
        head + text + utf8
    }
}

struct Shown<'a>(&'a Str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_utf8_lossy())
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_utf8_lossy())
    }
}

/// Whether `c` is half of a UTF-16 pair.
#[inline(always)]
pub fn is_surrogate(c: u32) -> bool {
    (0xD800..0xE000).contains(&c)
}

/// The characters of a string.
#[derive(Clone)]
pub struct Chars<'a> {
    data: StrData<'a>,
    pos: usize,
}

impl Iterator for Chars<'_> {
    type Item = u32;
    #[inline]
    fn next(&mut self) -> Option<u32> {
        let c = match self.data {
            StrData::Latin1(u) => u32::from(*u.get(self.pos)?),
            StrData::Ucs2(u) => u32::from(*u.get(self.pos)?),
            StrData::Ucs4(u) => *u.get(self.pos)?,
        };
        self.pos += 1;
        Some(c)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.data.len() - self.pos;
        (n, Some(n))
    }
}

impl ExactSizeIterator for Chars<'_> {}

impl<'a> StrData<'a> {
    /// Number of characters.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            StrData::Latin1(u) => u.len(),
            StrData::Ucs2(u) => u.len(),
            StrData::Ucs4(u) => u.len(),
        }
    }
    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
    /// The characters from `a` to `b`.
    #[inline]
    pub fn slice(self, a: usize, b: usize) -> StrData<'a> {
        match self {
            StrData::Latin1(u) => StrData::Latin1(&u[a..b]),
            StrData::Ucs2(u) => StrData::Ucs2(&u[a..b]),
            StrData::Ucs4(u) => StrData::Ucs4(&u[a..b]),
        }
    }
}

/// `tp_dealloc` of strings.
unsafe extern "C" fn str_dealloc(obj: NonNull<Object>) {
    // SAFETY: the string is dead; its buffers are its own.
    unsafe {
        let s: &Str = obj.as_ref().cast_unchecked();
        if s.state.get() & state::INTERNED != 0 {
            intern::forget(s);
        }
        if !s.is_compact_ascii() {
            let c = s.compact();
            let data = s.data_ptr();
            if c.utf8.get() != data {
                crate::alloc::free(c.utf8.get());
            }
            if !s.is_compact() {
                crate::alloc::free(data);
            }
        }
        crate::alloc::finish_dealloc(obj);
    }
}

extern "C" fn str_hash_slot(o: &Object) -> isize {
    o.cast::<Str>().str_hash()
}

/// The type `str`.
#[unsafe(no_mangle)]
pub static PyUnicode_Type: Type = Type::new_static(TypeDef {
    name: c"str",
    basicsize: size_of::<FullStr>(),
    flags: flags::BASETYPE | flags::UNICODE_SUBCLASS | flags::MATCH_SELF,
    doc: Some(c"str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\nMake text: of any object as str() shows it, or of bytes by decoding them."),
    dealloc: Some(str_dealloc),
    repr: Some(repr::str_repr),
    as_number: Some(&slots::AS_NUMBER),
    as_sequence: Some(&slots::AS_SEQUENCE),
    as_mapping: Some(&slots::AS_MAPPING),
    hash: Some(str_hash_slot),
    str: Some(slots::str_str),
    richcompare: Some(compare::str_richcompare),
    iter: Some(iter::str_iter),
    methods: slots::METHODS,
    new: Some(slots::str_new),
    vectorcall: Some(slots::str_vectorcall),
    ..TypeDef::EMPTY
});

/// The types of this module, bases first.
pub static TYPES: &[&Type] = &[
    &PyUnicode_Type,
    &iter::PyUnicodeASCIIIter_Type,
    &iter::PyUnicodeIter_Type,
    &format::FormatterIterator_Type,
    &format::FieldNameIterator_Type,
];
