//! `BufferedReader`, `BufferedWriter`, `BufferedRandom`: a buffer over a raw stream. (`rwpair.rs`: `BufferedRWPair`.)
//!
//! All three share one layout. The buffer is a window on the file: `pos` is the logical position in it, `raw_pos` where the raw
//! stream stands, `..read_end` what was read, `write_pos..write_end` what must still be written; -1 says that an end is not valid.
//! `abs_pos` is the raw stream's position in the file, or -1 when not known.
//!
//! - this file: the layout, the lock, the raw stream, the buffer's bookkeeping; `read.rs`, `write.rs`: the two directions
//! - `methods.rs`: what Python sees

mod methods;
mod read;
pub mod rwpair;
mod write;

pub use methods::{PyBufferedRandom_Type, PyBufferedReader_Type, PyBufferedWriter_Type, exact_reader, exact_writer};

use super::base::{self, IOBase};
use super::fileio::{self, FileIO};
use crate::support::blocking;
use std::cell::{Cell, OnceCell};
use std::ffi::c_int;
use std::ops::Deref;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;
use taipan_object::error::{self, PyResult};
use taipan_object::header::{Layout, Obj, ObjCell, Object};
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::memoryview::MemoryView;
use taipan_object::{Thread, Type, alloc, bail, intern};

/// A buffer over a raw stream.
#[repr(C)]
pub struct Buffered {
    base: IOBase,
    raw: ObjCell,
    ok: Cell<bool>,
    detached: Cell<bool>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    finalizing: Cell<bool>,
    abs_pos: Cell<i64>,
    buffer: Memory,
    pos: Cell<i64>,
    raw_pos: Cell<i64>,
    read_end: Cell<i64>,
    write_pos: Cell<i64>,
    write_end: Cell<i64>,
    lock: Lock,
}

// SAFETY: the three types are laid out so, and no others derive from them but classes.
unsafe impl Layout for Buffered {
    fn type_object() -> &'static Type {
        &PyBufferedReader_Type
    }
    fn is_instance(obj: &Object) -> bool {
        let ty = obj.ty();
        [&PyBufferedReader_Type, &PyBufferedWriter_Type, &PyBufferedRandom_Type].iter().any(|t| ty.is_subtype(t))
    }
}

impl Deref for Buffered {
    type Target = Object;
    fn deref(&self) -> &Object {
        self.as_object()
    }
}

/// The buffer's memory.
struct Memory {
    start: Cell<*mut u8>,
    size: Cell<usize>,
}

impl Memory {
    fn resize(&self, size: usize) -> PyResult<()> {
        self.free();
        let p = alloc::malloc(size);
        if p.is_null() {
            return Err(error::no_memory());
        }
        self.start.set(p);
        self.size.set(size);
        Ok(())
    }

    fn free(&self) {
        // SAFETY: the block came from `malloc`, or is null; it is forgotten at once.
        unsafe { alloc::free(self.start.replace(std::ptr::null_mut())) };
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.free();
    }
}

/// Keeps other threads out while the interpreter lock is given up inside an operation.
struct Lock {
    /// The thread's id, 0 when free. Read and written under the interpreter lock only.
    owner: Cell<u64>,
    waiters: Cell<u32>,
    sleep: OnceCell<Box<(Mutex<()>, Condvar)>>,
}

/// Holds a buffer's lock.
pub(super) struct Held<'a>(&'a Buffered);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let lock = &self.0.lock;
        lock.owner.set(0);
        if lock.waiters.get() > 0
            && let Some(s) = lock.sleep.get()
        {
            let _guard = s.0.lock().unwrap_or_else(PoisonError::into_inner);
            s.1.notify_one();
        }
    }
}

impl Buffered {
    fn body() -> Buffered {
        Buffered {
            base: IOBase::new(),
            raw: ObjCell::empty(),
            ok: Cell::new(false),
            detached: Cell::new(false),
            readable: Cell::new(false),
            writable: Cell::new(false),
            finalizing: Cell::new(false),
            abs_pos: Cell::new(0),
            buffer: Memory { start: Cell::new(std::ptr::null_mut()), size: Cell::new(0) },
            pos: Cell::new(0),
            raw_pos: Cell::new(0),
            read_end: Cell::new(-1),
            write_pos: Cell::new(0),
            write_end: Cell::new(-1),
            lock: Lock { owner: Cell::new(0), waiters: Cell::new(0), sleep: OnceCell::new() },
        }
    }

    fn lock(&self) -> PyResult<Held<'_>> {
        let me = Thread::current().id.get();
        if self.lock.owner.get() != 0 {
            self.wait_for_lock(me)?;
        }
        self.lock.owner.set(me);
        Ok(Held(self))
    }

    #[cold]
    fn wait_for_lock(&self, me: u64) -> PyResult<()> {
        let lock = &self.lock;
        if lock.owner.get() == me {
            bail!(RuntimeError, "reentrant call inside {}", self.as_object().repr()?.display());
        }
        lock.waiters.set(lock.waiters.get() + 1);
        while lock.owner.get() != 0 {
            let (mutex, condition) = &**lock.sleep.get_or_init(Box::default);
            // Taken before the interpreter lock is given up, so that no wake-up is lost.
            let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
            blocking(move || drop(condition.wait_timeout(guard, Duration::from_millis(100))));
        }
        lock.waiters.set(lock.waiters.get() - 1);
        Ok(())
    }

    fn size(&self) -> usize {
        self.buffer.size.get()
    }

    /// The raw stream; raises when there is none.
    fn raw(&self) -> PyResult<Obj> {
        self.check_initialized()?;
        match self.raw.get_owned() {
            Some(r) => Ok(r),
            None => bail!(ValueError, "raw stream has been detached"),
        }
    }

    #[inline]
    fn check_initialized(&self) -> PyResult<()> {
        if self.ok.get() { Ok(()) } else { self.not_usable() }
    }

    #[cold]
    fn not_usable(&self) -> PyResult<()> {
        if self.detached.get() {
            bail!(ValueError, "raw stream has been detached");
        }
        bail!(ValueError, "I/O operation on uninitialized object")
    }

    /// The raw stream as an exact `FileIO` behind an exact buffer: the usual case.
    #[inline]
    fn raw_file(&self) -> Option<&FileIO> {
        fileio::exact(self.raw.get()?)
    }

    /// Whether the raw stream is closed.
    pub fn is_closed(&self) -> PyResult<bool> {
        if self.buffer.start.get().is_null() && self.ok.get() {
            return Ok(true);
        }
        match self.raw_file() {
            Some(f) if self.ok.get() => Ok(f.fd() < 0),
            _ => base::is_closed(&*self.raw()?),
        }
    }

    /// Raises if the stream is closed and nothing is left in the buffer.
    #[inline]
    fn check_open(&self, what: &str) -> PyResult<()> {
        if self.is_closed()? && self.readahead() == 0 {
            bail!(ValueError, "{what} closed file");
        }
        Ok(())
    }

    #[inline]
    fn has_read(&self) -> bool {
        self.readable.get() && self.read_end.get() != -1
    }

    #[inline]
    fn has_write(&self) -> bool {
        self.writable.get() && self.write_end.get() != -1
    }

    /// How much can be read without the raw stream.
    #[inline]
    fn readahead(&self) -> usize {
        if self.has_read() { (self.read_end.get() - self.pos.get()).max(0) as usize } else { 0 }
    }

    /// How far the raw stream is ahead of the logical position.
    #[inline]
    fn raw_offset(&self) -> i64 {
        if (self.has_read() || self.has_write()) && self.raw_pos.get() >= 0 {
            self.raw_pos.get() - self.pos.get()
        } else {
            0
        }
    }

    #[inline]
    fn reset_read(&self) {
        self.read_end.set(-1);
    }

    #[inline]
    fn reset_write(&self) {
        self.write_pos.set(0);
        self.write_end.set(-1);
    }

    /// Moves the logical position; what was written past the end of what was read counts as read.
    #[inline]
    fn adjust_position(&self, pos: i64) {
        self.pos.set(pos);
        if self.has_read() && self.read_end.get() < pos {
            self.read_end.set(pos);
        }
    }

    /// Part of the buffer. Good until the buffer is next filled, written to or freed: nothing of that may happen meanwhile.
    #[inline]
    fn window(&self, from: usize, to: usize) -> &[u8] {
        let p = self.buffer.start.get();
        let to = to.min(self.size());
        if p.is_null() || from >= to {
            return &[];
        }
        // SAFETY: inside the block, which is initialised up to the ends that the positions describe.
        unsafe { std::slice::from_raw_parts(p.add(from), to - from) }
    }

    /// The same for changing.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    fn window_mut(&self, from: usize, to: usize) -> &mut [u8] {
        let p = self.buffer.start.get();
        let to = to.min(self.size());
        if p.is_null() || from >= to {
            return &mut [];
        }
        // SAFETY: as above; users hold the lock, and hold no other slice of the same part.
        unsafe { std::slice::from_raw_parts_mut(p.add(from), to - from) }
    }

    /// The current position as an index.
    #[inline]
    fn at(&self) -> usize {
        self.pos.get().max(0) as usize
    }

    /// Reads from the raw stream into `out`; `None` when nothing is there yet.
    fn raw_read(&self, out: &mut [u8]) -> PyResult<Option<usize>> {
        let n = match self.raw_file() {
            Some(f) => f.read_into(out)?,
            None => self.raw_read_method(out)?,
        };
        if let Some(n) = n
            && self.abs_pos.get() != -1
        {
            self.abs_pos.set(self.abs_pos.get() + n as i64);
        }
        Ok(n)
    }

    /// The same by calling `readinto`, on memory of its own: the stream may keep the view.
    fn raw_read_method(&self, out: &mut [u8]) -> PyResult<Option<usize>> {
        let raw = self.raw()?;
        let store = ByteArray::new(out)?;
        let view = MemoryView::new(&store)?;
        let r = raw.call_method(intern!("readinto"), &[&view])?;
        if r.is_none() {
            return Ok(None);
        }
        let n = match r.index_as_isize(Some(exceptions::ValueError)) {
            Ok(n) => n,
            Err(e) => {
                let cause = e.take();
                let new = taipan_object::raise!(OSError, "raw readinto() failed").take();
                if let Some(e) = new.downcast::<exceptions::BaseException>() {
                    e.set_cause(Some(cause.clone()));
                }
                exceptions::chain_context(&new, &cause);
                return Err(error::restore(new));
            }
        };
        let got = store.as_slice();
        match usize::try_from(n).ok().filter(|&n| n <= out.len() && n <= got.len()) {
            Some(n) => {
                out[..n].copy_from_slice(&got[..n]);
                Ok(Some(n))
            }
            None => bail!(
                OSError,
                "raw readinto() returned invalid length {n} (should have been between 0 and {})",
                out.len()
            ),
        }
    }

    /// Writes to the raw stream; `None` when it would block.
    fn raw_write(&self, data: &[u8]) -> PyResult<Option<usize>> {
        let n = match self.raw_file() {
            Some(f) => f.write_from(data)?,
            None => {
                let raw = self.raw()?;
                let copy = Bytes::try_new(data)?;
                let view = MemoryView::new(&copy)?;
                let r = raw.call_method(intern!("write"), &[&view])?;
                if r.is_none() {
                    None
                } else {
                    let n = r.index_as_isize(Some(exceptions::ValueError))?;
                    match usize::try_from(n).ok().filter(|&n| n <= data.len()) {
                        Some(n) => Some(n),
                        None => {
                            bail!(
                                OSError,
                                "raw write() returned invalid length {n} (should have been between 0 and {})",
                                data.len()
                            )
                        }
                    }
                }
            }
        };
        if let Some(n) = n
            && self.abs_pos.get() != -1
        {
            self.abs_pos.set(self.abs_pos.get() + n as i64);
        }
        Ok(n)
    }

    fn checked_position(&self, r: &Object) -> PyResult<i64> {
        let n = crate::support::offset_of(r)?;
        if n < 0 {
            bail!(OSError, "Raw stream returned invalid position {n}");
        }
        self.abs_pos.set(n);
        Ok(n)
    }

    /// Moves the raw stream.
    fn raw_seek(&self, target: i64, whence: c_int) -> PyResult<i64> {
        if let Some(f) = self.raw_file() {
            let n = f.seek_to(target, whence)?;
            self.abs_pos.set(n);
            return Ok(n);
        }
        let r = self.raw()?.call_method(intern!("seek"), &[&Int::from_i64(target), &Int::from_i64(whence.into())])?;
        self.checked_position(&r)
    }

    /// Asks the raw stream for its position.
    fn raw_tell(&self) -> PyResult<i64> {
        if let Some(f) = self.raw_file() {
            let n = f.seek_to(0, libc::SEEK_CUR)?;
            self.abs_pos.set(n);
            return Ok(n);
        }
        self.abs_pos.set(-1);
        let r = self.raw()?.call_method(intern!("tell"), &[])?;
        self.checked_position(&r)
    }

    /// The raw stream's position, asked only when not known.
    fn known_position(&self) -> PyResult<i64> {
        match self.abs_pos.get() {
            -1 => self.raw_tell(),
            n => Ok(n),
        }
    }

    /// Reads into the buffer behind what was read already; `None` when nothing is there yet.
    fn fill(&self) -> PyResult<Option<usize>> {
        let start = if self.has_read() { self.read_end.get().max(0) as usize } else { 0 };
        let n = self.raw_read(self.window_mut(start, self.size()))?;
        if let Some(n) = n
            && n > 0
        {
            self.read_end.set((start + n) as i64);
            self.raw_pos.set((start + n) as i64);
        }
        Ok(n)
    }
}
