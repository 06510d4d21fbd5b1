//! Reading through the buffer.

use super::Buffered;
use taipan_object::bail;
use taipan_object::error::{self, PyResult};
use taipan_object::header::Obj;
use taipan_object::intern;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::none;

impl Buffered {
    /// `n` bytes that the buffer holds.
    fn take(&self, n: usize) -> PyResult {
        let at = self.at();
        let b = Bytes::try_new(self.window(at, at + n))?;
        self.pos.set((at + n) as i64);
        Ok(b.into_obj())
    }

    /// `read(n)`; negative for everything.
    pub fn read(&self, n: isize) -> PyResult {
        self.check_initialized()?;
        if n < -1 {
            bail!(ValueError, "read length must be non-negative or -1");
        }
        self.check_open("read of")?;
        if n == -1 {
            let _held = self.lock()?;
            return self.read_all();
        }
        let n = n as usize;
        if n <= self.readahead() {
            return self.take(n);
        }
        let _held = self.lock()?;
        self.read_exactly(n)
    }

    fn read_all(&self) -> PyResult {
        let ahead = self.readahead();
        let at = self.at();
        let head = if ahead > 0 { Some(Bytes::try_new(self.window(at, at + ahead))?) } else { None };
        self.pos.set((at + ahead) as i64);
        if self.writable.get() {
            self.flush_and_rewind()?;
        }
        self.reset_read();
        let joined = |tail: &[u8]| -> PyResult {
            let Some(head) = &head else { return Ok(Bytes::try_new(tail)?.into_obj()) };
            let mut all = Vec::new();
            all.try_reserve_exact(head.len() + tail.len()).map_err(|_| error::no_memory())?;
            all.extend_from_slice(head.as_slice());
            all.extend_from_slice(tail);
            Ok(Bytes::try_new(&all)?.into_obj())
        };
        let whole = |tail: Obj, complaint: &str| -> PyResult {
            if tail.is_none() {
                return Ok(head.as_ref().map_or(tail, |h| h.clone().into_obj()));
            }
            match tail.downcast::<Bytes>() {
                Some(_) if head.is_none() => Ok(tail),
                Some(b) => joined(b.as_slice()),
                None => bail!(TypeError, "{complaint}"),
            }
        };
        if let Some(f) = self.raw_file() {
            self.abs_pos.set(-1);
            return whole(f.read_all()?, "");
        }
        let raw = self.raw()?;
        if let Some(readall) = raw.get_attr_opt(intern!("readall"))? {
            let tail = readall.call_noargs()?;
            self.abs_pos.set(-1);
            return whole(tail, "readall() should return bytes");
        }
        let mut tail: Vec<u8> = Vec::new();
        loop {
            let data = raw.call_method(intern!("read"), &[])?;
            if data.is_none() {
                if tail.is_empty() && head.is_none() {
                    return Ok(data);
                }
                return joined(&tail);
            }
            let Some(b) = data.downcast::<Bytes>() else { bail!(TypeError, "read() should return bytes") };
            if b.is_empty() {
                return joined(&tail);
            }
            tail.extend_from_slice(b.as_slice());
            if self.abs_pos.get() != -1 {
                self.abs_pos.set(self.abs_pos.get() + b.len() as i64);
            }
        }
    }

    /// Reads `n` bytes, fewer only at the end or when nothing more is there yet. The lock is held.
    fn read_exactly(&self, n: usize) -> PyResult {
        let ahead = self.readahead();
        if n <= ahead {
            return self.take(n);
        }
        let out = Bytes::zeroed(n)?;
        // SAFETY: nobody else has seen the bytes yet; `n` is not 0 here.
        let dst = unsafe { std::slice::from_raw_parts_mut(out.data_ptr(), n) };
        let partial = |got: Option<usize>, written: usize| -> PyResult {
            if got.is_none() && written == 0 {
                return Ok(none::none_obj());
            }
            Ok(Bytes::try_new(&out.as_slice()[..written])?.into_obj())
        };
        let mut written = ahead;
        let at = self.at();
        dst[..ahead].copy_from_slice(self.window(at, at + ahead));
        self.pos.set((at + ahead) as i64);
        if self.writable.get() {
            self.flush_and_rewind()?;
        }
        self.reset_read();
        // Whole blocks go straight to where they belong.
        let size = self.size();
        while n - written >= size {
            let block = (n - written) / size * size;
            match self.raw_read(&mut dst[written..written + block])? {
                Some(m) if m > 0 => written += m,
                end => return partial(end, written),
            }
        }
        self.pos.set(0);
        self.raw_pos.set(0);
        self.read_end.set(0);
        while written < n && (self.read_end.get() as usize) < size {
            match self.fill()? {
                Some(m) if m > 0 => {
                    let m = m.min(n - written);
                    let at = self.at();
                    dst[written..written + m].copy_from_slice(self.window(at, at + m));
                    written += m;
                    self.pos.set((at + m) as i64);
                }
                end => return partial(end, written),
            }
        }
        if written == n { Ok(out.clone().into_obj()) } else { partial(Some(0), written) }
    }

    /// `peek()`: what the buffer holds, after one read when it is empty.
    pub fn peek(&self) -> PyResult {
        self.check_initialized()?;
        self.check_open("peek of")?;
        let _held = self.lock()?;
        if self.writable.get() {
            self.flush_and_rewind()?;
        }
        let (ahead, at) = (self.readahead(), self.at());
        if ahead > 0 {
            return Ok(Bytes::try_new(self.window(at, at + ahead))?.into_obj());
        }
        self.reset_read();
        let n = self.fill()?.unwrap_or(0);
        self.pos.set(0);
        Ok(Bytes::try_new(self.window(0, n))?.into_obj())
    }

    /// `read1(n)`: at most one read of the raw stream.
    pub fn read1(&self, n: isize) -> PyResult {
        self.check_initialized()?;
        let mut n = if n < 0 { self.size() } else { n as usize };
        self.check_open("read of")?;
        if n == 0 {
            return Ok(Bytes::empty().into_obj());
        }
        let ahead = self.readahead();
        if ahead > 0 {
            n = n.min(ahead);
            return self.take(n);
        }
        let _held = self.lock()?;
        if self.has_write() {
            self.flush_and_rewind()?;
        }
        self.reset_read();
        let out = Bytes::zeroed(n)?;
        // SAFETY: nobody else has seen the bytes yet; `n` is not 0 here.
        let dst = unsafe { std::slice::from_raw_parts_mut(out.data_ptr(), n) };
        let got = self.raw_read(dst)?.unwrap_or(0);
        if got == n { Ok(out.into_obj()) } else { Ok(Bytes::try_new(&out.as_slice()[..got])?.into_obj()) }
    }

    /// `readinto` and `readinto1` into memory that nobody else touches meanwhile. `None` when nothing is there yet.
    pub fn read_into(&self, out: &mut [u8], once: bool) -> PyResult<Option<usize>> {
        self.check_initialized()?;
        self.check_open("readinto of")?;
        let ahead = self.readahead();
        let mut written = 0;
        if ahead > 0 {
            written = ahead.min(out.len());
            let at = self.at();
            out[..written].copy_from_slice(self.window(at, at + written));
            self.pos.set((at + written) as i64);
            if written == out.len() {
                return Ok(Some(written));
            }
        }
        let _held = self.lock()?;
        if self.writable.get() {
            self.flush_and_rewind()?;
        }
        self.reset_read();
        self.pos.set(0);
        while written < out.len() {
            let remaining = out.len() - written;
            let n = if remaining > self.size() {
                self.raw_read(&mut out[written..])?
            } else if !(once && written > 0) {
                let n = self.fill()?;
                if let Some(n) = n
                    && n > 0
                {
                    let n = n.min(remaining);
                    let at = self.at();
                    out[written..written + n].copy_from_slice(self.window(at, at + n));
                    self.pos.set((at + n) as i64);
                    written += n;
                    continue;
                }
                n
            } else {
                Some(0)
            };
            match n {
                Some(0) => break,
                None if written > 0 => break,
                None => return Ok(None),
                Some(n) => {
                    written += n;
                    if once {
                        break;
                    }
                }
            }
        }
        Ok(Some(written))
    }

    /// `readline(limit)`; negative for no limit.
    pub fn read_line(&self, limit: isize) -> PyResult {
        self.check_initialized()?;
        self.check_open("readline of")?;
        let clip = |n: usize, limit: isize| if limit >= 0 { n.min(limit as usize) } else { n };
        let n = clip(self.readahead(), limit);
        let at = self.at();
        if let Some(i) = memchr::memchr(b'\n', self.window(at, at + n)) {
            return self.take(i + 1);
        }
        if limit >= 0 && n == limit as usize {
            return self.take(n);
        }
        let _held = self.lock()?;
        let mut line = self.window(at, at + n).to_vec();
        self.pos.set((at + n) as i64);
        let mut left = if limit >= 0 { limit - n as isize } else { limit };
        if self.writable.get() {
            self.flush_and_rewind()?;
        }
        loop {
            self.reset_read();
            let n = self.fill()?.unwrap_or(0);
            if n == 0 {
                break;
            }
            let n = clip(n, left);
            let found = memchr::memchr(b'\n', self.window(0, n)).map(|i| i + 1);
            let used = found.unwrap_or(n);
            line.extend_from_slice(self.window(0, used));
            self.pos.set(used as i64);
            if found.is_some() || left >= 0 && used == left as usize {
                break;
            }
            if left >= 0 {
                left -= used as isize;
            }
        }
        Ok(Bytes::try_new(&line)?.into_obj())
    }
}
