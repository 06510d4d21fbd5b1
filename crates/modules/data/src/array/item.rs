//! Type codes, and single items as bytes.

use std::ffi::CStr;
use taipan_object::args::{ArgContext, FromArg};
use taipan_object::protocol::number;
use taipan_object::types::float::Float;
use taipan_object::types::memoryview::item::unpack;
use taipan_object::types::str::Str;
use taipan_object::{Object, PyResult, bail};

/// A type code.
pub struct Descr {
    pub code: u8,
    pub size: usize,
    /// As buffers show it.
    pub format: &'static CStr,
    /// The machine format code of pickles.
    pub machine: i32,
}

/// All type codes. Machine formats are those of little-endian machines, plus one on others.
pub static DESCRS: [Descr; 14] = [
    Descr { code: b'b', size: 1, format: c"b", machine: 1 },
    Descr { code: b'B', size: 1, format: c"B", machine: 0 },
    Descr { code: b'u', size: 4, format: c"w", machine: 20 },
    Descr { code: b'w', size: 4, format: c"w", machine: 20 },
    Descr { code: b'h', size: 2, format: c"h", machine: 4 },
    Descr { code: b'H', size: 2, format: c"H", machine: 2 },
    Descr { code: b'i', size: 4, format: c"i", machine: 8 },
    Descr { code: b'I', size: 4, format: c"I", machine: 6 },
    Descr { code: b'l', size: 8, format: c"l", machine: 12 },
    Descr { code: b'L', size: 8, format: c"L", machine: 10 },
    Descr { code: b'q', size: 8, format: c"q", machine: 12 },
    Descr { code: b'Q', size: 8, format: c"Q", machine: 10 },
    Descr { code: b'f', size: 4, format: c"f", machine: 14 },
    Descr { code: b'd', size: 8, format: c"d", machine: 16 },
];

/// The codes as one string.
pub fn codes() -> String {
    DESCRS.iter().map(|d| d.code as char).collect()
}

/// The description of a code.
pub fn find(code: u32) -> Option<&'static Descr> {
    DESCRS.iter().find(|d| u32::from(d.code) == code)
}

impl Descr {
    pub fn is_text(&self) -> bool {
        matches!(self.code, b'u' | b'w')
    }

    /// The item at `p`.
    ///
    /// # Safety
    /// `size` bytes lie there.
    #[inline]
    pub unsafe fn get(&self, p: *const u8) -> PyResult {
        if self.code == b'd' {
            // SAFETY: the caller's promise.
            return Ok(Float::new(unsafe { p.cast::<f64>().read_unaligned() }).into_obj());
        }
        if self.is_text() {
            // SAFETY: the caller's promise.
            let c = unsafe { p.cast::<u32>().read_unaligned() };
            if c > 0x10FFFF {
                bail!(ValueError, "character U+{c:x} is not in range [U+0000; U+10ffff]");
            }
            return Ok(Str::from_char(c).into_obj());
        }
        // SAFETY: the caller's promise.
        unsafe { unpack(p, self.code) }
    }

    /// An object as an item: the first `size` bytes of the answer, on a little-endian machine.
    pub fn encode(&self, v: &Object) -> PyResult<[u8; 8]> {
        let bits = match self.code {
            b'b' | b'B' | b'h' => self.short(v)? as u64,
            b'H' => {
                let n = int(v)?;
                if n < 0 {
                    bail!(OverflowError, "unsigned short is less than minimum");
                }
                if n > 0xFFFF {
                    bail!(OverflowError, "unsigned short is greater than maximum");
                }
                n as u64
            }
            b'i' => int(v)? as u64,
            b'l' => v.as_i64()? as u64,
            b'I' | b'L' => {
                let i = number::index(v)?;
                if i.is_negative() {
                    bail!(OverflowError, "can't convert negative value to unsigned int");
                }
                let Some(n) = i.to_u64() else {
                    bail!(OverflowError, "Python int too large to convert to C unsigned long")
                };
                if self.code == b'I' && n > u64::from(u32::MAX) {
                    bail!(OverflowError, "unsigned int is greater than maximum");
                }
                n
            }
            b'q' => match number::index(v)?.to_i64() {
                Some(n) => n as u64,
                None => bail!(OverflowError, "int too big to convert"),
            },
            b'Q' => {
                let i = number::index(v)?;
                if i.is_negative() {
                    bail!(OverflowError, "can't convert negative int to unsigned");
                }
                match i.to_u64() {
                    Some(n) => n,
                    None => bail!(OverflowError, "int too big to convert"),
                }
            }
            b'f' => u64::from((v.to_f64()? as f32).to_bits()),
            b'd' => v.to_f64()?.to_bits(),
            _ => character(v)?.into(),
        };
        Ok(bits.to_ne_bytes())
    }

    fn short(&self, v: &Object) -> PyResult<i64> {
        let n = int(v)?;
        let (name, low, high) = match self.code {
            b'b' => ("signed char", -128, 127),
            b'B' => ("unsigned byte integer", 0, 255),
            _ => ("signed short integer", -0x8000, 0x7FFF),
        };
        let (name, low, high) =
            if (-0x8000..=0x7FFF).contains(&n) { (name, low, high) } else { ("signed short integer", -0x8000, 0x7FFF) };
        if n < low {
            bail!(OverflowError, "{name} is less than minimum");
        }
        if n > high {
            bail!(OverflowError, "{name} is greater than maximum");
        }
        Ok(n)
    }
}

fn int(v: &Object) -> PyResult<i64> {
    i32::from_arg(v, &ArgContext { func: "array", position: 0, name: "" }).map(i64::from)
}

fn character(v: &Object) -> PyResult<u32> {
    let Some(s) = v.downcast::<Str>() else {
        bail!(TypeError, "array item must be a unicode character, not {}", v.ty().name_str());
    };
    if s.len() != 1 {
        bail!(TypeError, "array item must be a unicode character, not a string of length {}", s.len());
    }
    Ok(s.char_at(0))
}
