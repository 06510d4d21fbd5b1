//! What the modules share: growing output, and decompressors that are fed piece by piece.

use std::cell::{Cell, RefCell};
use taipan_object::buffer::Buffer;
use taipan_object::error::no_memory;
use taipan_object::types::bytes::Bytes;
use taipan_object::{PyResult, Raised, Ref, raise};

/// What a step did.
pub struct Step<C> {
    /// How much input it took.
    pub taken: usize,
    /// How much output it made.
    pub made: usize,
    /// The code it answered.
    pub code: C,
}

/// Runs `step` over input and room for output once; the room is at most `limit` bytes in all of `out`.
///
/// # Safety
/// `step` writes as many bytes at the pointer as it says it made, and at most as many as there is room.
pub unsafe fn step_into<C>(
    out: &mut Vec<u8>,
    limit: usize,
    step: impl FnOnce(*mut u8, usize) -> Step<C>,
) -> PyResult<Step<C>> {
    if out.len() == out.capacity() {
        let more = out.len().clamp(16 * 1024, 64 << 20).min(limit.saturating_sub(out.len()).max(1));
        out.try_reserve_exact(more).map_err(|_| no_memory())?;
    }
    let room = (out.capacity() - out.len()).min(limit.saturating_sub(out.len()));
    let s = step(out.spare_capacity_mut().as_mut_ptr().cast(), room);
    debug_assert!(s.made <= room);
    // SAFETY: the caller's promise.
    unsafe { out.set_len(out.len() + s.made) };
    Ok(s)
}

/// The output limit that `max_length` means: none if negative.
pub fn limit(max_length: isize) -> usize {
    usize::try_from(max_length).unwrap_or(usize::MAX)
}

/// A decoder.
pub trait Decode {
    /// Whether a full output may mean that more can be had without input.
    const HOLDS_BACK: bool = false;
    /// Whether it cannot be used any more after an error.
    const BREAKS: bool = false;
    /// Decodes input until it or the output limit is reached: how much was taken, and whether the end was.
    fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize) -> PyResult<(usize, bool)>;
}

/// A decompressor: the decoder, and input that it has not taken yet.
pub struct Decompressor<D> {
    /// The decoder.
    pub decoder: RefCell<D>,
    pending: RefCell<Vec<u8>>,
    /// The end was reached.
    pub eof: Cell<bool>,
    /// Without more input there is no more output.
    pub needs_input: Cell<bool>,
    /// What came behind the end.
    pub unused: RefCell<Vec<u8>>,
    broken: Cell<bool>,
}

impl<D: Decode> Decompressor<D> {
    /// A new one.
    pub fn new(decoder: D) -> Decompressor<D> {
        Decompressor {
            decoder: RefCell::new(decoder),
            pending: RefCell::default(),
            eof: Cell::new(false),
            needs_input: Cell::new(true),
            unused: RefCell::default(),
            broken: Cell::new(false),
        }
    }

    /// `decompress(data, max_length)`
    pub fn decompress(&self, data: &Buffer, max_length: isize, at_end: &str) -> PyResult<Ref<Bytes>> {
        if self.eof.get() {
            return Err(raise!(EOFError, "{at_end}"));
        }
        if self.broken.get() {
            return Err(raise!(ValueError, "Decompressor is unusable after a previous error"));
        }
        let mut joined = self.pending.take();
        let input: &[u8] = if joined.is_empty() {
            data
        } else {
            joined.extend_from_slice(data);
            &joined
        };
        let limit = limit(max_length);
        let mut out = Vec::new();
        let (taken, end) = match self.decoder.borrow_mut().decode(input, &mut out, limit) {
            Ok(r) => r,
            Err(e) => {
                self.needs_input.set(false);
                self.broken.set(D::BREAKS);
                return Err(e);
            }
        };
        let rest = &input[taken..];
        if end {
            self.eof.set(true);
            self.needs_input.set(false);
            *self.unused.borrow_mut() = rest.to_vec();
        } else if rest.is_empty() {
            self.needs_input.set(!(D::HOLDS_BACK && out.len() == limit));
        } else {
            self.needs_input.set(false);
            let kept = rest.to_vec();
            *self.pending.borrow_mut() = kept;
        }
        Bytes::try_new(&out)
    }

    /// `unused_data`
    pub fn unused_data(&self) -> Ref<Bytes> {
        Bytes::new(&self.unused.borrow())
    }
}

/// Raises `MemoryError` with a text.
#[cold]
pub fn memory(text: &str) -> Raised {
    raise!(MemoryError, "{text}")
}
