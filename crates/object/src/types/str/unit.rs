//! One character of a string at one of the three widths.

/// `u8`, `u16` or `u32` as a character.
pub trait Unit: Copy + Ord + Into<u32> + std::fmt::Debug + 'static {
    /// Bytes per character.
    const KIND: u32;
    /// The character, when it fits.
    fn from_char(c: u32) -> Option<Self>;
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
    fn find_in(self, hay: &[u8]) -> Option<usize> {
        memchr::memchr(self, hay)
    }
    #[inline]
    fn rfind_in(self, hay: &[u8]) -> Option<usize> {
        memchr::memrchr(self, hay)
    }
}

macro_rules! wide_unit {
    ($t:ty, $kind:literal) => {
        impl Unit for $t {
            const KIND: u32 = $kind;
            #[inline(always)]
            fn from_char(c: u32) -> Option<$t> {
                <$t>::try_from(c).ok()
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
wide_unit!(u16, 2);
wide_unit!(u32, 4);
