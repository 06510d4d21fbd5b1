//! The memory that one syntax tree lives in.

use bumpalo::Bump;

/// Owns everything a syntax tree refers to; the tree is freed at once, with its arena.
///
/// Only plain data goes in (no destructor is ever run).
#[derive(Default)]
pub struct Arena {
    bump: Bump,
}

impl Arena {
    /// An empty arena.
    pub fn new() -> Arena {
        Arena { bump: Bump::new() }
    }

    /// An arena with room for about `bytes` bytes.
    pub fn with_capacity(bytes: usize) -> Arena {
        Arena { bump: Bump::with_capacity(bytes) }
    }

    /// Puts one value into the arena.
    #[inline]
    pub fn alloc<T: Copy>(&self, value: T) -> &T {
        self.bump.alloc(value)
    }

    /// Copies a slice into the arena.
    #[inline]
    pub fn slice<T: Copy>(&self, items: &[T]) -> &[T] {
        if items.is_empty() { &[] } else { self.bump.alloc_slice_copy(items) }
    }

    /// Copies a string into the arena.
    #[inline]
    pub fn str(&self, text: &str) -> &str {
        if text.is_empty() { "" } else { self.bump.alloc_str(text) }
    }

    /// Number of bytes held.
    pub fn allocated_bytes(&self) -> usize {
        self.bump.allocated_bytes()
    }
}
