//! Writing text.

use super::codec::{Encoder, Native};
use super::{TextIOWrapper, exact_writer};
use crate::io::newline::replace_newlines;
use crate::io::unsupported;
use taipan_object::error::PyResult;
use taipan_object::header::Ref;
use taipan_object::intern;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::str::{Str, StrData};

fn contains(s: &Str, c: u8) -> bool {
    match s.data() {
        StrData::Latin1(u) => memchr::memchr(c, u).is_some(),
        StrData::Ucs2(u) => u.contains(&c.into()),
        StrData::Ucs4(u) => u.contains(&c.into()),
    }
}

impl TextIOWrapper {
    /// `write(text)`.
    pub fn write_text(&self, text: &Str) -> PyResult<usize> {
        self.check_attached()?;
        self.check_open()?;
        let Some(encoder) = self.encoder() else { return Err(unsupported("not writable")) };
        let written = self.newline.get().written();
        let line_buffering = self.line_buffering.get();
        let has_lf = (written.is_some() || line_buffering) && contains(text, b'\n');
        let replaced: Ref<Str>;
        let shown = match written {
            Some(w) if has_lf => {
                replaced = replace_newlines(text, w);
                &*replaced
            }
            _ => text,
        };
        let flush = line_buffering && (has_lf || contains(text, b'\r'));
        let encoded: Vec<u8>;
        let plain = match &*encoder {
            Encoder::Native(Native::Latin1, _) => shown.kind() == 1,
            Encoder::Native(..) => shown.is_ascii(),
            Encoder::Object(_) => false,
        };
        let bytes = if plain {
            shown.data_bytes()
        } else {
            let mut v = Vec::new();
            encoder.encode(shown, &mut v)?;
            encoded = v;
            &encoded
        };
        let chunk = self.chunk_size.get();
        let mut pending = self.pending.take();
        // The buffer's own code may write to this stream meanwhile.
        while !pending.is_empty() && pending.len() + bytes.len() > chunk {
            self.pending.set(pending);
            self.flush_pending()?;
            pending = self.pending.take();
        }
        pending.extend_from_slice(bytes);
        let full = pending.len() >= chunk;
        self.pending.set(pending);
        if full || flush || self.write_through.get() {
            self.flush_pending()?;
        }
        if flush {
            self.flush_buffer()?;
        }
        if self.snapshot.take().is_some() {
            self.set_decoded(None);
        }
        if let Some(r) = self.reader() {
            r.reset()?;
        }
        Ok(text.len())
    }

    /// Gives encoded text to the buffer.
    pub(super) fn flush_pending(&self) -> PyResult<()> {
        let mut pending = self.pending.take();
        if pending.is_empty() {
            self.pending.set(pending);
            return Ok(());
        }
        let buffer = self.buffer()?;
        match exact_writer(&buffer) {
            Some(b) => {
                b.write(&pending)?;
            }
            None => {
                let b = Bytes::try_new(&pending)?;
                buffer.call_method(intern!("write"), &[&b])?;
            }
        }
        // The memory is kept for the next text, if no other came in meanwhile.
        let newer = self.pending.take();
        if newer.is_empty() && pending.capacity() <= 1 << 16 {
            pending.clear();
            self.pending.set(pending);
        } else {
            self.pending.set(newer);
        }
        Ok(())
    }

    pub(super) fn flush_buffer(&self) -> PyResult<()> {
        let buffer = self.buffer()?;
        match exact_writer(&buffer) {
            Some(b) => b.flush(),
            None => buffer.call_method(intern!("flush"), &[]).map(drop),
        }
    }

    /// `flush()`.
    pub fn flush_all(&self) -> PyResult<()> {
        self.check_attached()?;
        self.check_open()?;
        self.telling.set(self.seekable.get());
        self.flush_pending()?;
        self.flush_buffer()
    }
}
