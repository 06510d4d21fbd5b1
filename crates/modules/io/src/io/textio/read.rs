//! Reading text.

use super::{Snapshot, TextIOWrapper, as_bytes, exact_reader};
use crate::io::newline::{NewlineMode, find_line_end};
use crate::io::unsupported;
use std::rc::Rc;
use taipan_object::error::{PyResult, no_memory};
use taipan_object::header::Ref;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::{bail, intern};

impl TextIOWrapper {
    /// Reads and decodes one piece from the buffer. `false` at the end. `hint` is how many characters are wanted.
    fn read_chunk(&self, hint: usize) -> PyResult<bool> {
        let Some(reader) = self.reader() else { return Err(unsupported("not readable")) };
        let state = if self.telling.get() { Some(reader.state()?) } else { None };
        let mut size = self.chunk_size.get();
        if hint > 0 {
            let want = self.ratio.get().max(1.0) * hint as f64;
            size = size.max(want.min((isize::MAX / 4) as f64) as usize);
        }
        let buffer = self.buffer()?;
        let input: Ref<Bytes> = match exact_reader(&buffer) {
            Some(b) => as_bytes(b.read1(size as isize)?, "read1")?,
            None => {
                let n = Int::from_usize(size);
                let (name, text) =
                    if self.has_read1.get() { (intern!("read1"), "read1") } else { (intern!("read"), "read") };
                as_bytes(buffer.call_method(name, &[&n])?, text)?
            }
        };
        let eof = input.is_empty();
        let s = reader.decode(&input, eof)?;
        let chars = s.len();
        self.ratio.set(if chars > 0 { input.len() as f64 / chars as f64 } else { 0.0 });
        self.set_decoded(Some(s));
        if let Some((kept, flags)) = state {
            let input = if kept.is_empty() {
                input
            } else {
                let mut all = kept.as_slice().to_vec();
                all.try_reserve_exact(input.len()).map_err(|_| no_memory())?;
                all.extend_from_slice(input.as_slice());
                Bytes::try_new(&all)?
            };
            self.snapshot.set(Some(Rc::new(Snapshot { flags, input })));
        }
        Ok(!eof || chars > 0)
    }

    /// At most `n` characters of what is decoded already.
    fn take_decoded(&self, n: usize) -> Ref<Str> {
        let Some(d) = self.decoded.get_owned() else { return Str::empty() };
        let s: &Str = d.cast();
        let from = self.used.get().min(s.len());
        let to = from.saturating_add(n).min(s.len());
        self.used.set(to);
        s.substring(from, to)
    }

    /// `read(n)`; negative for everything.
    pub fn read_text(&self, n: isize) -> PyResult<Ref<Str>> {
        self.check_attached()?;
        self.check_open()?;
        let Some(reader) = self.reader() else { return Err(unsupported("not readable")) };
        self.flush_pending()?;
        if n < 0 {
            let buffer = self.buffer()?;
            let all = match exact_reader(&buffer) {
                Some(b) => b.read(-1)?,
                None => buffer.call_method(intern!("read"), &[])?,
            };
            if all.is_none() {
                bail!(BlockingIOError, "Read returned None.");
            }
            let all = as_bytes(all, "read")?;
            let rest = reader.decode(&all, true)?;
            let head = self.take_decoded(usize::MAX);
            self.set_decoded(None);
            self.snapshot.set(None);
            return if head.is_empty() { Ok(rest) } else { Str::concat(&head, &rest) };
        }
        let n = n as usize;
        let first = self.take_decoded(n);
        if first.len() == n {
            return Ok(first);
        }
        let mut got = first.len();
        let mut parts: Option<StrBuilder> = None;
        let mut single = first;
        while got < n {
            if !self.read_chunk(n - got)? {
                break;
            }
            let s = self.take_decoded(n - got);
            if s.is_empty() {
                continue;
            }
            got += s.len();
            match &mut parts {
                Some(b) => b.push_pystr(&s),
                None if single.is_empty() => single = s,
                None => {
                    let mut b = StrBuilder::with_capacity(n.min(1 << 20));
                    b.push_pystr(&single);
                    b.push_pystr(&s);
                    parts = Some(b);
                }
            }
        }
        Ok(parts.map_or(single, StrBuilder::finish))
    }

    /// `readline(limit)`; negative for no limit.
    pub fn read_line(&self, limit: isize) -> PyResult<Ref<Str>> {
        self.check_open()?;
        self.flush_pending()?;
        let limit = usize::try_from(limit).ok();
        let mode = self.newline.get();
        let mut line: Option<StrBuilder> = None;
        loop {
            let have = self.decoded.get().map_or(0, |d| d.cast::<Str>().len());
            if self.used.get() >= have {
                let mut more = true;
                while more {
                    more = self.read_chunk(0)?;
                    if self.decoded.get().is_some_and(|d| !d.cast::<Str>().is_empty()) {
                        break;
                    }
                }
                if !more {
                    self.set_decoded(None);
                    self.snapshot.set(None);
                    return Ok(line.map_or_else(Str::empty, StrBuilder::finish));
                }
            }
            let Some(d) = self.decoded.get_owned() else { return Ok(Str::empty()) };
            let s: &Str = d.cast();
            let start = self.used.get();
            let so_far = line.as_ref().map_or(0, StrBuilder::len);
            // A pair may have come in two pieces.
            let split_pair = mode == NewlineMode::CrLf
                && s.char_at(start) == 10
                && line.as_ref().is_some_and(|l| {
                    !l.is_empty()
                        && taipan_object::types::str::Str::from_data(l.data().slice(l.len() - 1, l.len())).char_at(0)
                            == 13
                });
            let found = if split_pair { Ok(start + 1) } else { find_line_end(s.data(), start, mode.line_end()) };
            let mut done = found.is_ok();
            let mut end = found.unwrap_or(s.len());
            if !done {
                end = s.len();
            }
            if let Some(limit) = limit
                && end - start >= limit.saturating_sub(so_far)
            {
                end = start + limit.saturating_sub(so_far);
                done = true;
            }
            self.used.set(end);
            if done {
                return Ok(match line {
                    None => s.substring(start, end),
                    Some(mut l) => {
                        l.push_substring(s, start, end);
                        l.finish()
                    }
                });
            }
            line.get_or_insert_with(StrBuilder::new).push_substring(s, start, end);
            self.set_decoded(None);
        }
    }

    /// The next line of an iteration.
    pub fn next_line(&self) -> PyResult<Option<taipan_object::Obj>> {
        self.check_attached()?;
        self.telling.set(false);
        let line = if self.is_exact(&super::PyTextIOWrapper_Type) {
            self.read_line(-1)?.into_obj()
        } else {
            let line = self.call_method(intern!("readline"), &[])?;
            if line.downcast::<Str>().is_none() {
                bail!(OSError, "readline() should have returned a str object, not '{}'", line.ty().name_str());
            }
            line
        };
        if line.cast::<Str>().is_empty() {
            self.snapshot.set(None);
            self.telling.set(self.seekable.get());
            return Ok(None);
        }
        Ok(Some(line))
    }
}
