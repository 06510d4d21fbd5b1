//! Positions in text: a cookie says where in the file to start, in which state to put the decoder, how much to feed it,
//! and how many of the characters that come out to skip.

use super::codec::{Reader, State};
use super::{Snapshot, TextIOWrapper};
use crate::io::unsupported;
use std::ffi::c_int;
use std::rc::Rc;
use taipan_object::error::PyResult;
use taipan_object::header::{Object, Ref};
use taipan_object::protocol::number;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::{bail, intern};

#[derive(Default, Clone, Copy)]
struct Cookie {
    start: i64,
    flags: i32,
    feed: i32,
    skip: i32,
    need_eof: bool,
}

/// The cookie's size as a number: five fields without gaps, the first lowest.
const BYTES: usize = 21;

impl Cookie {
    fn pack(&self) -> Ref<Int> {
        if self.flags == 0 && self.feed == 0 && self.skip == 0 && !self.need_eof {
            return Int::from_i64(self.start);
        }
        let mut b = [0u8; BYTES];
        b[..8].copy_from_slice(&self.start.to_le_bytes());
        b[8..12].copy_from_slice(&self.flags.to_le_bytes());
        b[12..16].copy_from_slice(&self.feed.to_le_bytes());
        b[16..20].copy_from_slice(&self.skip.to_le_bytes());
        b[20] = self.need_eof.into();
        // Thirty bits a digit.
        let mut digits = Vec::with_capacity(6);
        let (mut acc, mut bits) = (0u64, 0);
        for byte in b {
            acc |= u64::from(byte) << bits;
            bits += 8;
            if bits >= 30 {
                digits.push((acc & 0x3FFF_FFFF) as u32);
                acc >>= 30;
                bits -= 30;
            }
        }
        digits.push(acc as u32);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Int::from_digits(false, &digits)
    }

    fn unpack(i: &Int) -> PyResult<Cookie> {
        let mut b = [0u8; BYTES];
        let (mut acc, mut bits, mut at) = (0u64, 0, 0);
        for &d in i.digits() {
            acc |= u64::from(d) << bits;
            bits += 30;
            while bits >= 8 {
                match b.get_mut(at) {
                    Some(x) => *x = acc as u8,
                    None if acc as u8 != 0 => bail!(OverflowError, "int too big to convert"),
                    None => {}
                }
                at += 1;
                acc >>= 8;
                bits -= 8;
            }
        }
        match b.get_mut(at) {
            Some(x) => *x = acc as u8,
            None if acc != 0 => bail!(OverflowError, "int too big to convert"),
            None => {}
        }
        let word = |k: usize| i32::from_le_bytes([b[k], b[k + 1], b[k + 2], b[k + 3]]);
        Ok(Cookie {
            start: i64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]),
            flags: word(8),
            feed: word(12),
            skip: word(16),
            need_eof: b[20] != 0,
        })
    }
}

/// Puts the decoder where a cookie says.
fn place_reader(r: &Reader, start: i64, flags: &Ref<Int>) -> PyResult<()> {
    if start == 0 && flags.is_zero() { r.reset() } else { r.set_state(&(Bytes::empty(), flags.clone())) }
}

fn flags_number(flags: &Int) -> i32 {
    flags.low_u64() as i32
}

impl TextIOWrapper {
    /// `seek(cookie, whence)`.
    pub fn seek_text(&self, cookie: &Object, whence: c_int) -> PyResult {
        self.check_attached()?;
        self.check_open()?;
        if !self.seekable.get() {
            return Err(unsupported("underlying stream is not seekable"));
        }
        let is_zero = |o: &Object| o.eq(&Int::zero());
        let mut cookie = cookie.to_obj();
        match whence {
            0 => {}
            1 => {
                if !is_zero(&cookie)? {
                    return Err(unsupported("can't do nonzero cur-relative seeks"));
                }
                // The position may be in the middle of what is decoded: what comes next must still be right after it.
                cookie = self.call_method(intern!("tell"), &[])?;
            }
            2 => {
                if !is_zero(&cookie)? {
                    return Err(unsupported("can't do nonzero end-relative seeks"));
                }
                self.call_method(intern!("flush"), &[])?;
                self.set_decoded(None);
                self.snapshot.set(None);
                if let Some(r) = self.reader() {
                    r.reset()?;
                }
                let end = self.buffer()?.call_method(intern!("seek"), &[&Int::zero(), &Int::from_i64(2)])?;
                if let Some(e) = self.encoder() {
                    e.place(is_zero(&end)?)?;
                }
                return Ok(end);
            }
            _ => bail!(ValueError, "invalid whence ({whence}, should be 0, 1 or 2)"),
        }
        let number = number::index(&cookie)?;
        if number.is_negative() {
            bail!(ValueError, "negative seek position {}", cookie.repr()?.display());
        }
        self.call_method(intern!("flush"), &[])?;
        let c = Cookie::unpack(&number)?;
        let buffer = self.buffer()?;
        buffer.call_method(intern!("seek"), &[&Int::from_i64(c.start)])?;
        self.set_decoded(None);
        self.snapshot.set(None);
        let flags = Int::from_i64(c.flags.into());
        if let Some(r) = self.reader() {
            place_reader(&r, c.start, &flags)?;
            if c.skip > 0 {
                let input = buffer.call_method(intern!("read"), &[&Int::from_i64(c.feed.into())])?;
                let input = match input.downcast_into::<Bytes>() {
                    Ok(b) => b,
                    Err(o) => bail!(
                        TypeError,
                        "underlying read() should have returned a bytes object, not '{}'",
                        o.ty().name_str()
                    ),
                };
                self.snapshot.set(Some(Rc::new(Snapshot { flags: flags.clone(), input: input.clone() })));
                let s = r.decode(&input, c.need_eof)?;
                let n = s.len();
                self.set_decoded(Some(s));
                if n < c.skip as usize {
                    bail!(OSError, "can't restore logical file position");
                }
                self.used.set(c.skip as usize);
            } else {
                self.snapshot.set(Some(Rc::new(Snapshot { flags, input: Bytes::empty() })));
            }
        }
        if let Some(e) = self.encoder() {
            e.place(c.start == 0 && c.flags == 0)?;
        }
        Ok(cookie)
    }

    /// `tell()`.
    pub fn tell_text(&self) -> PyResult {
        self.check_attached()?;
        self.check_open()?;
        if !self.seekable.get() {
            return Err(unsupported("underlying stream is not seekable"));
        }
        if !self.telling.get() {
            bail!(OSError, "telling position disabled by next() call");
        }
        self.flush_pending()?;
        self.call_method(intern!("flush"), &[])?;
        let pos = self.buffer()?.call_method(intern!("tell"), &[])?;
        let (Some(reader), Some(snapshot)) = (self.reader(), super::shared(&self.snapshot)) else { return Ok(pos) };
        let mut c = Cookie {
            start: crate::support::offset_of(&pos)?,
            flags: flags_number(&snapshot.flags),
            ..Cookie::default()
        };
        c.start -= snapshot.input.len() as i64;
        let used = self.used.get();
        if self.decoded.is_empty() || used == 0 {
            return Ok(c.pack().into_obj());
        }
        // The decoder is led over the same ground again, and put back afterwards.
        let saved = reader.state()?;
        let r = self.locate(&reader, &snapshot, &mut c, used);
        match (r, reader.set_state(&saved)) {
            (Ok(()), Ok(())) => Ok(c.pack().into_obj()),
            (Err(e), _) | (_, Err(e)) => Err(e),
        }
    }

    /// Moves `c` from the snapshot's point to `skip` characters further on: to the last point before that where the decoder keeps
    /// no input back, and from there by feeding and skipping.
    fn locate(&self, r: &Reader, snapshot: &Snapshot, c: &mut Cookie, skip: usize) -> PyResult<()> {
        let input = snapshot.input.as_slice();
        let begin = c.start;
        let mut skip = skip;
        // A guess from the ratio of the last piece, corrected backwards.
        let mut bytes = ((self.ratio.get() * skip as f64) as usize).min(input.len());
        let mut back = 1;
        while bytes > 0 {
            place_reader(r, begin, &snapshot.flags)?;
            let n = decoded_len(r, &input[..bytes], false)?;
            if n <= skip {
                let (kept, flags): State = r.state()?;
                if kept.is_empty() {
                    c.flags = flags_number(&flags);
                    skip -= n;
                    break;
                }
                bytes = bytes.saturating_sub(kept.len());
                back = 1;
            } else {
                bytes = bytes.saturating_sub(back);
                back *= 2;
            }
        }
        if bytes == 0 {
            place_reader(r, begin, &snapshot.flags)?;
        }
        c.start += bytes as i64;
        c.skip = skip as i32;
        if skip == 0 {
            return Ok(());
        }
        let mut out = 0;
        for i in bytes..input.len() {
            out += decoded_len(r, &input[i..=i], false)?;
            c.feed += 1;
            let (kept, flags): State = r.state()?;
            if kept.is_empty() && out <= skip {
                c.start += i64::from(c.feed);
                skip -= out;
                c.flags = flags_number(&flags);
                c.feed = 0;
                out = 0;
            }
            if out >= skip {
                c.skip = skip as i32;
                return Ok(());
            }
        }
        out += decoded_len(r, &[], true)?;
        c.need_eof = true;
        c.skip = skip as i32;
        if out < skip {
            bail!(OSError, "can't reconstruct logical file position");
        }
        Ok(())
    }
}

fn decoded_len(r: &Reader, input: &[u8], last: bool) -> PyResult<usize> {
    let s: Ref<Str> = r.decode(&*Bytes::try_new(input)?, last)?;
    Ok(s.len())
}
