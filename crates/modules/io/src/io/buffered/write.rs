//! Writing through the buffer, flushing, and moving about.

use super::Buffered;
use std::ffi::c_int;
use taipan_object::error::{self, PyResult, Raised};
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::{bail, hooks};

/// `BlockingIOError` that tells how much was taken.
#[cold]
fn would_block(written: usize) -> Raised {
    let args: [&taipan_object::Object; 3] = [
        &Int::from_i64(libc::EAGAIN.into()),
        &Str::from_utf8("write could not complete without blocking"),
        &Int::from_usize(written),
    ];
    match exceptions::BlockingIOError.as_object().call(&args) {
        Ok(exc) => error::raise_instance(exc),
        Err(e) => e,
    }
}

impl Buffered {
    /// `write(data)`: everything goes to the buffer or the raw stream. `data` must not change meanwhile.
    pub fn write(&self, data: &[u8]) -> PyResult<usize> {
        self.check_initialized()?;
        let _held = self.lock()?;
        if self.is_closed()? {
            bail!(ValueError, "write to closed file");
        }
        if !self.has_read() && !self.has_write() {
            self.pos.set(0);
            self.raw_pos.set(0);
        }
        let size = self.size();
        let at = self.at();
        let room = size.saturating_sub(at);
        if data.len() <= room && data.len() < size {
            self.window_mut(at, at + data.len()).copy_from_slice(data);
            if !self.has_write() || self.write_pos.get() > at as i64 {
                self.write_pos.set(at as i64);
            }
            let end = (at + data.len()) as i64;
            self.adjust_position(end);
            if end > self.write_end.get() {
                self.write_end.set(end);
            }
            return Ok(data.len());
        }
        if let Err(e) = self.flush_pending() {
            if !e.matches(exceptions::BlockingIOError) {
                return Err(e);
            }
            e.clear();
            return self.keep_for_later(data);
        }
        let offset = self.raw_offset();
        if offset != 0 {
            self.raw_seek(-offset, 1)?;
            self.raw_pos.set(self.raw_pos.get() - offset);
        }
        let mut written = 0;
        while data.len() - written > size {
            match self.raw_write(&data[written..])? {
                Some(n) => written += n,
                None => {
                    // As much as fits is kept.
                    self.window_mut(0, size).copy_from_slice(&data[written..written + size]);
                    self.raw_pos.set(0);
                    self.adjust_position(size as i64);
                    self.write_pos.set(0);
                    self.write_end.set(size as i64);
                    return Err(would_block(written + size));
                }
            }
            (hooks::get().handle_pending)()?;
        }
        if self.readable.get() {
            self.reset_read();
        }
        let rest = &data[written..];
        self.window_mut(0, rest.len()).copy_from_slice(rest);
        self.write_pos.set(0);
        self.write_end.set(rest.len() as i64);
        self.adjust_position(rest.len() as i64);
        self.raw_pos.set(0);
        Ok(data.len())
    }

    /// The raw stream takes nothing now: as much as fits goes behind what waits already.
    #[cold]
    fn keep_for_later(&self, data: &[u8]) -> PyResult<usize> {
        if self.readable.get() {
            self.reset_read();
        }
        let (from, to) = (self.write_pos.get().max(0), self.write_end.get().max(0));
        let size = self.size();
        self.window_mut(0, size).copy_within(from as usize..(to as usize).min(size), 0);
        let kept = (to - from) as usize;
        self.write_end.set(kept as i64);
        self.raw_pos.set(self.raw_pos.get() - from);
        self.pos.set(self.pos.get() - from);
        self.write_pos.set(0);
        let n = data.len().min(size - kept);
        self.window_mut(kept, kept + n).copy_from_slice(&data[..n]);
        self.write_end.set((kept + n) as i64);
        self.pos.set(self.pos.get() + n as i64);
        if n < data.len() { Err(would_block(n)) } else { Ok(n) }
    }

    /// Writes what waits in the buffer. The lock is held.
    pub(super) fn flush_pending(&self) -> PyResult<()> {
        if self.has_write() && self.write_pos.get() < self.write_end.get() {
            let rewind = self.raw_offset() + (self.pos.get() - self.write_pos.get());
            if rewind != 0 {
                self.raw_seek(-rewind, 1)?;
                self.raw_pos.set(self.raw_pos.get() - rewind);
            }
            while self.write_pos.get() < self.write_end.get() {
                let (from, to) = (self.write_pos.get() as usize, self.write_end.get() as usize);
                match self.raw_write(self.window(from, to))? {
                    Some(n) => {
                        self.write_pos.set((from + n) as i64);
                        self.raw_pos.set((from + n) as i64);
                    }
                    None => return Err(would_block(0)),
                }
                // Partial writes may come from a signal.
                (hooks::get().handle_pending)()?;
            }
        }
        self.reset_write();
        Ok(())
    }

    /// Writes what waits, and moves the raw stream back to the logical position. The lock is held.
    pub(super) fn flush_and_rewind(&self) -> PyResult<()> {
        self.flush_pending()?;
        if self.readable.get() {
            let offset = self.raw_offset();
            let r = self.raw_seek(-offset, 1);
            self.reset_read();
            r?;
        }
        Ok(())
    }

    /// `flush()` of the writing kinds.
    pub fn flush(&self) -> PyResult<()> {
        self.check_initialized()?;
        if self.is_closed()? {
            bail!(ValueError, "flush of closed file");
        }
        let _held = self.lock()?;
        self.flush_and_rewind()
    }

    /// `tell()`.
    pub fn tell(&self) -> PyResult<i64> {
        self.check_initialized()?;
        let pos = self.raw_tell()? - self.raw_offset();
        Ok(pos.max(0))
    }

    /// `seek(target, whence)`.
    pub fn seek(&self, target: i64, whence: c_int) -> PyResult<i64> {
        if whence < 2 && self.readable.get() && self.readahead() > 0 {
            // The target may lie inside the buffer.
            let current = self.known_position()? - self.raw_offset();
            let offset = if whence == 0 { target.wrapping_sub(current) } else { target };
            if offset >= -self.pos.get() && offset <= self.readahead() as i64 {
                self.pos.set(self.pos.get() + offset);
                return Ok((current + offset).max(0));
            }
        }
        let _held = self.lock()?;
        if self.writable.get() {
            self.flush_pending()?;
        }
        let target = if whence == 1 { target.wrapping_sub(self.raw_offset()) } else { target };
        let n = self.raw_seek(target, whence)?;
        self.raw_pos.set(-1);
        if self.readable.get() {
            self.reset_read();
        }
        Ok(n)
    }
}
