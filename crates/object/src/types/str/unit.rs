//! One character of a string at one of the three widths.

use super::StrData;
use std::borrow::Cow;

/// `u8`, `u16` or `u32` as a character.
pub trait Unit: Copy + Ord + Into<u32> + std::fmt::Debug + 'static {
    /// Bytes per character.
    const KIND: u32;
    /// The character, when it fits.
    fn from_char(c: u32) -> Option<Self>;
    /// The data at this width, if it has it.
    fn borrow(d: StrData<'_>) -> Option<&[Self]>;
    /// A slice as data of this width.
    fn data(u: &[Self]) -> StrData<'_>;
    /// The first place of `self` in `hay`.
    fn find_in(self, hay: &[Self]) -> Option<usize>;
    /// The last place of `self` in `hay`.
    fn rfind_in(self, hay: &[Self]) -> Option<usize>;
}

impl Unit for u8 {
    const KIND: u32 = 1;
    #[inline(always)]
    fn from_char(c: u32) -> Option<u8> {
        u8::try_from(c).ok()
    }
    #[inline]
    fn borrow(d: StrData<'_>) -> Option<&[u8]> {
        if let StrData::Latin1(u) = d { Some(u) } else { None }
    }
    #[inline]
    fn data(u: &[u8]) -> StrData<'_> {
        StrData::Latin1(u)
    }
    #[inline]
    fn find_in(self, hay: &[u8]) -> Option<usize> {
        memchr::memchr(self, hay)
    }
    #[inline]
    fn rfind_in(self, hay: &[u8]) -> Option<usize> {
        memchr::memrchr(self, hay)
    }
}

macro_rules! wide_unit {
    ($t:ty, $kind:literal, $variant:ident) => {
        impl Unit for $t {
            const KIND: u32 = $kind;
            #[inline(always)]
            fn from_char(c: u32) -> Option<$t> {
                <$t>::try_from(c).ok()
            }
            #[inline]
            fn borrow(d: StrData<'_>) -> Option<&[$t]> {
                if let StrData::$variant(u) = d { Some(u) } else { None }
            }
            #[inline]
            fn data(u: &[$t]) -> StrData<'_> {
                StrData::$variant(u)
            }
            #[inline]
            fn find_in(self, hay: &[$t]) -> Option<usize> {
                // Whole blocks are tested without a branch per character, which vectorises.
                let (blocks, rest) = hay.as_chunks::<16>();
                for (i, b) in blocks.iter().enumerate() {
                    if b.iter().fold(false, |hit, &c| hit | (c == self)) {
                        return b.iter().position(|&c| c == self).map(|p| i * 16 + p);
                    }
                }
                rest.iter().position(|&c| c == self).map(|p| blocks.len() * 16 + p)
            }
            #[inline]
            fn rfind_in(self, hay: &[$t]) -> Option<usize> {
                hay.iter().rposition(|&c| c == self)
            }
        }
    };
}
wide_unit!(u16, 2, Ucs2);
wide_unit!(u32, 4, Ucs4);

/// `d` at width `T`; `None` when it has characters that do not fit.
#[inline]
pub fn at_width<T: Unit>(d: StrData<'_>) -> Option<Cow<'_, [T]>> {
    if let Some(u) = T::borrow(d) {
        return Some(Cow::Borrowed(u));
    }
    fn convert<A: Unit, T: Unit>(u: &[A]) -> Option<Vec<T>> {
        u.iter().map(|&c| T::from_char(c.into())).collect()
    }
    match d {
        StrData::Latin1(u) => convert(u),
        StrData::Ucs2(u) => convert(u),
        StrData::Ucs4(u) => convert(u),
    }
    .map(Cow::Owned)
}
