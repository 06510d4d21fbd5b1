//! Putting whole strings together.

use super::{PyUnicode_Type, Str, StrData, state};
use crate::error::{PyResult, no_memory};
use crate::header::{Obj, Ref};
use crate::raise;

/// Writes the characters of `s` to `dst`, which holds characters of `kind` bytes, at least as wide as those of `s`.
///
/// # Safety
/// `dst` has room for them.
#[inline]
pub(crate) unsafe fn copy_chars(dst: *mut u8, kind: u32, s: StrData<'_>) {
    #[inline]
    unsafe fn widen<A: Copy, B: From<A>>(src: &[A], dst: *mut B) {
        for (i, &c) in src.iter().enumerate() {
            // SAFETY: `copy_chars`'s caller promised the room.
            unsafe { dst.add(i).write(B::from(c)) };
        }
    }
    // SAFETY: the caller's promise.
    unsafe {
        match (s, kind) {
            (StrData::Latin1(u), 1) => std::ptr::copy_nonoverlapping(u.as_ptr(), dst, u.len()),
            (StrData::Latin1(u), 2) => widen::<u8, u16>(u, dst.cast()),
            (StrData::Latin1(u), _) => widen::<u8, u32>(u, dst.cast()),
            (StrData::Ucs2(u), 2) => std::ptr::copy_nonoverlapping(u.as_ptr(), dst.cast(), u.len()),
            (StrData::Ucs2(u), _) => widen::<u16, u32>(u, dst.cast()),
            (StrData::Ucs4(u), _) => std::ptr::copy_nonoverlapping(u.as_ptr(), dst.cast(), u.len()),
        }
    }
}

impl Str {
    /// `a + b` as an exact `str`.
    pub fn concat(a: &Str, b: &Str) -> PyResult<Ref<Str>> {
        if a.is_empty() {
            return Ok(b.to_exact());
        }
        if b.is_empty() {
            return Ok(a.to_exact());
        }
        let Some(len) = a.len().checked_add(b.len()).filter(|&n| n <= isize::MAX as usize) else {
            return Err(raise!(OverflowError, "strings are too large to concat"));
        };
        // SAFETY: all characters are written; the class is that of the larger.
        unsafe {
            let s = Str::new_uninit(len, a.max_char_class().max(b.max_char_class()))?;
            let (p, kind) = (s.data_ptr(), s.kind());
            copy_chars(p, kind, a.data());
            copy_chars(p.add(a.len() * kind as usize), kind, b.data());
            Ok(s)
        }
    }

    /// `left + right` where the caller gives up `left`: in place when nobody else has it and it has the width.
    pub fn append(left: Obj, right: &Str) -> PyResult {
        // SAFETY: the callers pass strings.
        let l: &Str = unsafe { left.cast_unchecked() };
        if right.is_empty() && l.is_exact(&PyUnicode_Type) {
            return Ok(left);
        }
        let fits = l.kind() >= right.kind() && (right.is_ascii() || !l.is_ascii());
        if l.is_modifiable() && fits && !l.is_empty() && l.state.get() & state::STATIC == 0 && !std::ptr::eq(l, right) {
            let (old, kind) = (l.len(), l.kind());
            if old.checked_add(right.len()).is_none_or(|n| n > isize::MAX as usize / 8) {
                return Err(no_memory());
            }
            // SAFETY: `left` is modifiable, the new characters are of its class and written at once.
            unsafe {
                let s = Str::grow(left, right.len())?;
                let p = s.cast_unchecked::<Str>().data_ptr().add(old * kind as usize);
                copy_chars(p, kind, right.data());
                return Ok(s);
            }
        }
        Str::concat(l, right).map(Ref::into_obj)
    }

    /// The string `n` times over, as an exact `str`.
    pub fn repeat(&self, n: isize) -> PyResult<Ref<Str>> {
        if n <= 0 || self.is_empty() {
            return Ok(Str::empty());
        }
        if n == 1 {
            return Ok(self.to_exact());
        }
        let n = n as usize;
        let Some(len) = self.len().checked_mul(n).filter(|&l| l <= isize::MAX as usize) else {
            return Err(raise!(OverflowError, "repeated string is too long"));
        };
        let unit = self.data_bytes();
        // SAFETY: the loop doubles what is written until all is.
        unsafe {
            let s = Str::new_uninit(len, self.max_char_class())?;
            fill_repeated(s.data_ptr(), unit, unit.len() * n);
            Ok(s)
        }
    }
}

/// Fills `total` bytes at `dst` with copies of `unit`.
///
/// # Safety
/// The room is there, and `total` is a multiple of the unit's length, which is not 0.
pub(crate) unsafe fn fill_repeated(dst: *mut u8, unit: &[u8], total: usize) {
    // SAFETY: the caller's promise; source and destination of each copy do not overlap.
    unsafe {
        if let [b] = *unit {
            std::ptr::write_bytes(dst, b, total);
            return;
        }
        std::ptr::copy_nonoverlapping(unit.as_ptr(), dst, unit.len());
        let mut done = unit.len();
        while done < total {
            let step = done.min(total - done);
            std::ptr::copy_nonoverlapping(dst, dst.add(done), step);
            done += step;
        }
    }
}
