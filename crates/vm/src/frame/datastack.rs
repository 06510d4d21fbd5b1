//! The memory of frames: chunks of words, each twice as large as asked for at first, linked backwards.
//!
//! A frame never moves and is contiguous. A chunk is given back when its first frame is popped, one is kept in reserve, so that
//! calls at a chunk's edge do not allocate each time.

use super::Frame;
use crate::code::CodeObject;
use taipan_object::{Thread, alloc};

/// Words of the smallest chunk, header included.
const CHUNK_WORDS: usize = 4096;

#[repr(C)]
struct Chunk {
    previous: *mut Chunk,
    words: usize,
    /// `datastack_top` when a newer chunk was begun.
    top: *mut u64,
}

const HEADER_WORDS: usize = size_of::<Chunk>() / 8;

#[inline(always)]
fn first_word(c: *mut Chunk) -> *mut u64 {
    // SAFETY: address arithmetic inside the chunk.
    unsafe { c.cast::<u64>().add(HEADER_WORDS) }
}

/// Room for `words` words.
#[inline(always)]
pub fn push(ts: &Thread, words: usize) -> *mut Frame {
    let top = ts.datastack_top.get();
    let end = top.wrapping_add(words);
    if !top.is_null() && end <= ts.datastack_limit.get() {
        ts.datastack_top.set(end);
        return top.cast();
    }
    push_chunk(ts, words)
}

/// Whether `words` words fit without a new chunk.
#[inline(always)]
pub fn has_room(ts: &Thread, words: usize) -> bool {
    // Without a chunk both are null.
    ts.datastack_top.get().wrapping_add(words) <= ts.datastack_limit.get()
}

/// Room for a frame of `code`.
#[inline(always)]
pub fn push_for(ts: &Thread, code: &CodeObject) -> *mut Frame {
    push(ts, code.framesize())
}

#[cold]
fn push_chunk(ts: &Thread, words: usize) -> *mut Frame {
    let mut size = CHUNK_WORDS;
    while size < (words + HEADER_WORDS) * 2 {
        size *= 2;
    }
    let cached: *mut Chunk = ts.datastack_cached_chunk.replace(std::ptr::null_mut()).cast();
    // SAFETY: the cached chunk is ours; chunks are at least `words` long, headers are written before use.
    unsafe {
        let chunk = if !cached.is_null() && (*cached).words >= size {
            cached
        } else {
            alloc::free(cached.cast());
            let c = alloc::malloc(size * 8).cast::<Chunk>();
            if c.is_null() {
                alloc::out_of_memory();
            }
            (*c).words = size;
            c
        };
        let current: *mut Chunk = ts.datastack_chunk.get().cast();
        (*chunk).previous = current;
        if !current.is_null() {
            (*current).top = ts.datastack_top.get();
        }
        ts.datastack_chunk.set(chunk.cast());
        ts.datastack_limit.set(chunk.cast::<u64>().add((*chunk).words));
        let first = first_word(chunk);
        ts.datastack_top.set(first.add(words));
        first.cast()
    }
}

/// Gives the memory of the newest frame back.
///
/// # Safety
/// `frame` is the newest on the stack, and its contents are released.
#[inline(always)]
pub unsafe fn pop(ts: &Thread, frame: *mut Frame) {
    let base: *mut u64 = frame.cast();
    if base == first_word(ts.datastack_chunk.get().cast()) {
        // SAFETY: the caller's promise.
        unsafe { pop_chunk(ts) };
    } else {
        debug_assert!(base < ts.datastack_top.get());
        ts.datastack_top.set(base);
    }
}

/// Whether the frame is the first of its chunk.
#[inline(always)]
pub fn is_first(ts: &Thread, frame: *mut Frame) -> bool {
    frame.cast::<u64>() == first_word(ts.datastack_chunk.get().cast())
}

/// [`pop`] of a frame that is not the first of its chunk, unless it is the thread's first chunk.
///
/// # Safety
/// As for [`pop`].
#[inline(always)]
pub unsafe fn pop_inner(ts: &Thread, frame: *mut Frame) {
    ts.datastack_top.set(frame.cast());
}

#[cold]
unsafe fn pop_chunk(ts: &Thread) {
    let chunk: *mut Chunk = ts.datastack_chunk.get().cast();
    // SAFETY: the chunk is empty now; its predecessor (if any) is alive.
    unsafe {
        let previous = (*chunk).previous;
        if previous.is_null() {
            // The first chunk stays.
            ts.datastack_top.set(first_word(chunk));
            return;
        }
        ts.datastack_chunk.set(previous.cast());
        ts.datastack_top.set((*previous).top);
        ts.datastack_limit.set(previous.cast::<u64>().add((*previous).words));
        let old = ts.datastack_cached_chunk.replace(chunk.cast());
        alloc::free(old.cast());
    }
}

/// Frees all chunks of a thread that has ended.
///
/// # Safety
/// No frame is left on the stack.
pub unsafe fn free_all(ts: &Thread) {
    let mut chunk: *mut Chunk = ts.datastack_chunk.replace(std::ptr::null_mut()).cast();
    // SAFETY: the caller's promise.
    unsafe {
        alloc::free(ts.datastack_cached_chunk.replace(std::ptr::null_mut()).cast());
        while !chunk.is_null() {
            let previous = (*chunk).previous;
            alloc::free(chunk.cast());
            chunk = previous;
        }
    }
    ts.datastack_top.set(std::ptr::null_mut());
    ts.datastack_limit.set(std::ptr::null_mut());
}
