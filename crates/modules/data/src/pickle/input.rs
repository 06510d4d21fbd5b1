//! Where an unpickler reads from: bytes at hand, or a file.

use super::state::State;
use std::cell::{Cell, RefCell};
use taipan_object::buffer::Buffer;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::{ObjCell, Object, PyResult, bail, intern};

/// How much is looked at ahead in files that can peek.
const PREFETCH: usize = 128 * 1024;

/// The input.
pub struct Input {
    /// Holds the memory that `data` and `len` describe.
    holder: RefCell<Option<Buffer>>,
    data: Cell<*const u8>,
    /// Where the bytes end that may be read now: those of the frame, or all.
    len: Cell<usize>,
    /// How many there are.
    whole: Cell<usize>,
    /// Whether `len` is the end of a frame.
    framed: Cell<bool>,
    /// The next byte to read.
    at: Cell<usize>,
    /// How far the file itself has been read; the bytes up to `at` were only peeked at.
    prefetched: Cell<usize>,
    pub read: ObjCell,
    pub readline: ObjCell,
    pub readinto: ObjCell,
    pub peek: ObjCell,
    /// Size of the last line copied, for `__sizeof__`.
    pub line_size: Cell<usize>,
}

impl Input {
    pub fn new() -> Input {
        Input {
            holder: RefCell::new(None),
            data: Cell::new(std::ptr::null()),
            len: Cell::new(0),
            whole: Cell::new(0),
            framed: Cell::new(false),
            at: Cell::new(0),
            prefetched: Cell::new(0),
            read: ObjCell::empty(),
            readline: ObjCell::empty(),
            readinto: ObjCell::empty(),
            peek: ObjCell::empty(),
            line_size: Cell::new(0),
        }
    }

    /// Reads from bytes.
    pub fn set_bytes(&self, o: &Object) -> PyResult<usize> {
        let b = Buffer::get(o)?;
        let n = b.len();
        self.data.set(b.as_slice().as_ptr());
        self.len.set(n);
        self.whole.set(n);
        self.framed.set(false);
        self.at.set(0);
        self.prefetched.set(n);
        let old = self.holder.replace(Some(b));
        drop(old);
        Ok(n)
    }

    /// Reads from a file.
    pub fn set_file(&self, file: &Object) -> PyResult<()> {
        self.forget();
        self.peek.set(file.get_attr_opt(intern!("peek"))?);
        self.readinto.set(file.get_attr_opt(intern!("readinto"))?);
        self.read.set(file.get_attr_opt(intern!("read"))?);
        self.readline.set(file.get_attr_opt(intern!("readline"))?);
        if self.read.is_empty() || self.readline.is_empty() {
            self.close();
            bail!(TypeError, "file must have 'read' and 'readline' attributes");
        }
        Ok(())
    }

    /// Lets go of the bytes at hand.
    pub fn forget(&self) {
        self.data.set(std::ptr::null());
        self.len.set(0);
        self.whole.set(0);
        self.framed.set(false);
        self.at.set(0);
        self.prefetched.set(0);
        let old = self.holder.replace(None);
        drop(old);
    }

    /// Lets go of the file.
    pub fn close(&self) {
        for f in [&self.peek, &self.readinto, &self.read, &self.readline] {
            f.set(None);
        }
    }

    /// The next `n` bytes. They stay until the input is asked again.
    #[inline(always)]
    pub fn take(&self, st: &State, n: usize) -> PyResult<&[u8]> {
        let at = self.at.get();
        if n <= self.len.get() - at {
            self.at.set(at + n);
            // SAFETY: the holder keeps so many bytes.
            return Ok(unsafe { std::slice::from_raw_parts(self.data.get().add(at), n) });
        }
        self.take_slow(st, n)
    }

    /// The next byte.
    #[inline(always)]
    pub fn byte(&self, st: &State) -> PyResult<u8> {
        let at = self.at.get();
        if at < self.len.get() {
            self.at.set(at + 1);
            // SAFETY: as above.
            return Ok(unsafe { *self.data.get().add(at) });
        }
        Ok(self.take_slow(st, 1)?[0])
    }

    #[cold]
    fn truncated<T>(st: &State) -> PyResult<T> {
        Err(st.unpickling("pickle data was truncated"))
    }

    /// At the end of a frame: makes what follows readable. In the middle of one: complains.
    fn leave_frame(&self, st: &State) -> PyResult<()> {
        if self.at.get() != self.len.get() {
            return Err(st.unpickling("pickle exhausted before end of frame"));
        }
        self.framed.set(false);
        self.len.set(self.whole.get());
        Ok(())
    }

    #[cold]
    fn take_slow(&self, st: &State, n: usize) -> PyResult<&[u8]> {
        if self.framed.get() {
            self.leave_frame(st)?;
            return self.take(st, n);
        }
        if n > isize::MAX as usize - self.at.get() {
            return Err(st.unpickling("read would overflow (invalid bytecode)"));
        }
        if self.read.is_empty() || self.fetch(Some(n))? < n {
            return Input::truncated(st);
        }
        self.at.set(n);
        // SAFETY: the holder keeps at least so many bytes.
        Ok(unsafe { std::slice::from_raw_parts(self.data.get(), n) })
    }

    /// Gets more from the file: at least `n` bytes if there are so many, or a line.
    fn fetch(&self, n: Option<usize>) -> PyResult<usize> {
        self.skip_consumed()?;
        let (Some(read), Some(readline)) = (self.read.get_owned(), self.readline.get_owned()) else { return Ok(0) };
        let data = match n {
            None => readline.call_noargs()?,
            Some(n) => {
                if n < PREFETCH
                    && let Some(peek) = self.peek.get_owned()
                {
                    match peek.call_one(&Int::from_usize(PREFETCH)) {
                        Ok(data) => {
                            let got = self.set_bytes(&data)?;
                            self.prefetched.set(0);
                            if n <= got {
                                return Ok(got);
                            }
                        }
                        Err(e) => {
                            e.recover(exceptions::NotImplementedError, ())?;
                            self.peek.set(None);
                        }
                    }
                }
                read.call_one(&Int::from_usize(n))?
            }
        };
        self.set_bytes(&data)
    }

    /// Moves the file past what was read of the bytes peeked at.
    pub fn skip_consumed(&self) -> PyResult<()> {
        let consumed = self.at.get().saturating_sub(self.prefetched.get());
        if consumed == 0 {
            return Ok(());
        }
        let Some(read) = self.read.get_owned() else { return Ok(()) };
        self.prefetched.set(self.at.get());
        read.call_one(&Int::from_usize(consumed))?;
        Ok(())
    }

    /// The next line, with its end.
    pub fn line(&self, st: &State) -> PyResult<&[u8]> {
        let (at, len) = (self.at.get(), self.len.get());
        let rest = if len > at {
            // SAFETY: the holder keeps so many bytes.
            unsafe { std::slice::from_raw_parts(self.data.get().add(at), len - at) }
        } else {
            &[]
        };
        if let Some(i) = rest.iter().position(|b| *b == b'\n') {
            self.at.set(at + i + 1);
            self.line_size.set(i + 2);
            return Ok(&rest[..=i]);
        }
        if self.framed.get() {
            self.leave_frame(st)?;
            return self.line(st);
        }
        if self.read.is_empty() {
            return Input::truncated(st);
        }
        let n = self.fetch(None)?;
        let got = if n > 0 {
            // SAFETY: as above.
            unsafe { std::slice::from_raw_parts(self.data.get(), n) }
        } else {
            &[]
        };
        if got.last() != Some(&b'\n') {
            return Input::truncated(st);
        }
        self.at.set(n);
        self.line_size.set(n + 1);
        Ok(got)
    }

    /// A run of `n` bytes as a vector; memory grows only as bytes arrive.
    pub fn take_vec(&self, st: &State, n: usize) -> PyResult<Vec<u8>> {
        let at_hand = self.len.get() - self.at.get();
        if n > at_hand && self.framed.get() {
            self.leave_frame(st)?;
            return self.take_vec(st, n);
        }
        if n <= at_hand || n < PREFETCH {
            return Ok(self.take(st, n)?.to_vec());
        }
        let Some(read) = self.read.get_owned() else { return Input::truncated(st) };
        let mut out = self.take(st, at_hand)?.to_vec();
        self.skip_consumed()?;
        let readinto = self.readinto.get_owned();
        while out.len() < n {
            let step = (n - out.len()).min(16 * 1024 * 1024);
            if let Some(f) = &readinto {
                let chunk = taipan_object::types::bytearray::ByteArray::new(&vec![0; step])?;
                let view = taipan_object::types::memoryview::MemoryView::new(&chunk)?;
                let got = f.call_one(&view)?;
                let got = got.index_as_isize(Some(exceptions::ValueError))?;
                view.release()?;
                if got < 0 {
                    bail!(ValueError, "readinto() returned negative size");
                }
                if got == 0 || got as usize > step {
                    return Input::truncated(st);
                }
                out.extend_from_slice(&chunk.as_slice()[..got as usize]);
            } else {
                let data = read.call_one(&Int::from_usize(step))?;
                let Some(b) = data.downcast::<Bytes>() else {
                    bail!(ValueError, "read() returned non-bytes object ({})", data.repr()?.to_utf8_lossy());
                };
                if b.is_empty() || b.len() > step {
                    return Input::truncated(st);
                }
                out.extend_from_slice(b.as_slice());
            }
        }
        Ok(out)
    }

    /// The bytes of a frame are at hand after this, if the file has them.
    pub fn frame(&self, st: &State, n: usize) -> PyResult<()> {
        if self.framed.get() {
            if self.at.get() != self.len.get() {
                return Err(st.unpickling("beginning of a new frame before end of current frame"));
            }
            self.leave_frame(st)?;
        }
        self.take(st, n)?;
        self.len.set(self.at.get());
        self.framed.set(true);
        self.at.set(self.at.get() - n);
        Ok(())
    }
}
