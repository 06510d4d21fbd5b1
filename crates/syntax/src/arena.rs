//! The memory that one syntax tree lives in.

use std::cell::RefCell;

use bumpalo::Bump;

/// Owns everything a syntax tree refers to; the tree is freed at once, with its arena.
///
/// Only plain data goes in (no destructor is ever run).
///
/// The memory of the last arenas of a thread is kept for the next ones.
#[derive(Default)]
pub struct Arena {
    bump: Bump,
}

/// How much memory is kept in one piece, and in how many.
const KEPT: (usize, usize) = (4 << 20, 2);

thread_local! {
    static SPARE: RefCell<Vec<Bump>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Arena {
    fn drop(&mut self) {
        if self.bump.allocated_bytes() > KEPT.0 {
            return;
        }
        let mut bump = std::mem::take(&mut self.bump);
        bump.reset();
        // A thread that ends keeps nothing.
        let _ = SPARE.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < KEPT.1
            {
                spare.push(bump);
            }
        });
    }
}

impl Arena {
    /// An empty arena.
    pub fn new() -> Arena {
        let spare = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        Arena { bump: spare.ok().flatten().unwrap_or_default() }
    }

    /// The memory itself, for those that put in more than trees.
    pub fn bump(&self) -> &Bump {
        &self.bump
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
