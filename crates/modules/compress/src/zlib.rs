//! `zlib`: deflate.

use crate::stream::{Step, memory, step_into};
use crate::zlib_objects::{self, Compress_Type, Decompress_Type, ZlibDecompressor_Type};
use libz_rs_sys as z;
use std::ffi::CStr;
use std::ffi::c_int;
use taipan_object::args::{ArgContext, FromArg};
use taipan_object::buffer::Buffer;
use taipan_object::header::{Object, Ref};
use taipan_object::native::{add_exception, raise_named};
use taipan_object::protocol::number;
use taipan_object::typeobj::ready::ready;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions::Exception;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, Raised, bail, function, gil, methods};

pub(crate) const DEFLATED: c_int = 8;
pub(crate) const MAX_WBITS: c_int = 15;
pub(crate) const DEF_MEM_LEVEL: c_int = 8;
const DEF_BUF_SIZE: isize = 16 * 1024;

/// A zlib stream; which way it goes is known to whoever uses it.
pub(crate) struct Stream {
    z: Box<z::z_stream>,
    deflates: bool,
    live: bool,
}

impl Stream {
    fn empty(deflates: bool) -> Stream {
        Stream { z: Box::default(), deflates, live: false }
    }

    /// A stream that compresses, or the code of the error.
    pub fn deflater(
        level: c_int,
        method: c_int,
        wbits: c_int,
        mem_level: c_int,
        strategy: c_int,
    ) -> Result<Stream, (c_int, Stream)> {
        let mut s = Stream::empty(true);
        // SAFETY: a fresh stream at a fixed place; version and size are those of the library compiled in.
        let code = unsafe {
            let version = z::zlibVersion();
            z::deflateInit2_(
                &mut *s.z,
                level,
                method,
                wbits,
                mem_level,
                strategy,
                version,
                size_of::<z::z_stream>() as c_int,
            )
        };
        s.live = code == z::Z_OK;
        if s.live { Ok(s) } else { Err((code, s)) }
    }

    /// A stream that decompresses, or the code of the error.
    pub fn inflater(wbits: c_int) -> Result<Stream, (c_int, Stream)> {
        let mut s = Stream::empty(false);
        // SAFETY: as above.
        let code = unsafe { z::inflateInit2_(&mut *s.z, wbits, z::zlibVersion(), size_of::<z::z_stream>() as c_int) };
        s.live = code == z::Z_OK;
        if s.live { Ok(s) } else { Err((code, s)) }
    }

    /// A copy of the whole state, or the code of the error.
    pub fn copy(&mut self) -> Result<Stream, c_int> {
        if !self.live {
            return Err(z::Z_STREAM_ERROR);
        }
        let mut s = Stream::empty(self.deflates);
        // SAFETY: a live stream is copied to an empty one.
        let code = unsafe {
            if self.deflates { z::deflateCopy(&mut *s.z, &mut *self.z) } else { z::inflateCopy(&mut *s.z, &*self.z) }
        };
        s.live = code == z::Z_OK;
        if s.live { Ok(s) } else { Err(code) }
    }

    /// Sets the dictionary.
    pub fn set_dictionary(&mut self, d: &[u8]) -> c_int {
        if !self.live {
            return z::Z_STREAM_ERROR;
        }
        let Ok(n) = u32::try_from(d.len()) else { return z::Z_STREAM_ERROR };
        // SAFETY: a live stream and `n` bytes.
        unsafe {
            if self.deflates {
                z::deflateSetDictionary(&mut *self.z, d.as_ptr(), n)
            } else {
                z::inflateSetDictionary(&mut *self.z, d.as_ptr(), n)
            }
        }
    }

    /// Frees the state; answers the library's code.
    pub fn end(&mut self) -> c_int {
        if !std::mem::take(&mut self.live) {
            return z::Z_OK;
        }
        // SAFETY: the stream is live, and is not used again.
        unsafe { if self.deflates { z::deflateEnd(&mut *self.z) } else { z::inflateEnd(&mut *self.z) } }
    }

    /// One call of `deflate` or `inflate`.
    pub fn step(&mut self, input: &[u8], out: *mut u8, room: usize, flush: c_int) -> Step<c_int> {
        if !self.live {
            return Step { taken: 0, made: 0, code: z::Z_STREAM_ERROR };
        }
        let n = input.len().min(u32::MAX as usize) as u32;
        let room = room.min(u32::MAX as usize) as u32;
        self.z.next_in = input.as_ptr().cast_mut();
        self.z.avail_in = n;
        self.z.next_out = out;
        self.z.avail_out = room;
        // All of the input must be in before the stream is finished.
        let flush = if (n as usize) < input.len() { z::Z_NO_FLUSH } else { flush };
        // SAFETY: a live stream, with as much input and room as it says.
        let code =
            unsafe { if self.deflates { z::deflate(&mut *self.z, flush) } else { z::inflate(&mut *self.z, flush) } };
        Step { taken: (n - self.z.avail_in) as usize, made: (room - self.z.avail_out) as usize, code }
    }

    /// As [`Stream::step`], into the room of `out` up to a limit.
    pub fn step_into(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize, flush: c_int) -> PyResult<Step<c_int>> {
        // SAFETY: the library keeps to the room, and `made` is what it wrote.
        unsafe { step_into(out, limit, |p, room| self.step(input, p, room, flush)) }
    }

    /// Feeds all of the input, and flushes as asked. Answers the last code.
    pub fn deflate_all(&mut self, mut input: &[u8], out: &mut Vec<u8>, flush: c_int) -> PyResult<c_int> {
        loop {
            let s = self.step_into(input, out, usize::MAX, flush)?;
            input = &input[s.taken..];
            if s.code == z::Z_STREAM_ERROR || s.code == z::Z_STREAM_END {
                return Ok(s.code);
            }
            // Output that fills its room to the brim may go on.
            if input.is_empty() && out.len() < out.capacity() {
                return Ok(s.code);
            }
        }
    }

    /// `zlib.error` for a code.
    pub fn error(&self, code: c_int, what: &str) -> Raised {
        let own = self.z.msg;
        let text = match code {
            _ if !own.is_null() => {
                // SAFETY: messages of the library are static C strings.
                unsafe { CStr::from_ptr(own) }.to_str().unwrap_or("?").to_owned()
            }
            z::Z_BUF_ERROR => "incomplete or truncated stream".to_owned(),
            z::Z_STREAM_ERROR => "inconsistent stream state".to_owned(),
            z::Z_DATA_ERROR => "invalid input data".to_owned(),
            _ => return raise_named("zlib.error", &format!("Error {code} {what}")),
        };
        raise_named("zlib.error", &format!("Error {code} {what}: {text}"))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.end();
    }
}

// SAFETY: a stream owns its state, which has no ties to a thread.
unsafe impl Send for Stream {}

/// Compress data; returns bytes.
///
///   level
///     How hard to try: 0 (not at all) to 9, or -1.
///   wbits
///     The size of the window, and which wrapper is written.
#[function(signature = "(data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)")]
fn compress(data: Buffer, level: Option<c_int>, wbits: Option<c_int>) -> PyResult<Ref<Bytes>> {
    let (level, wbits) = (level.unwrap_or(-1), wbits.unwrap_or(MAX_WBITS));
    let mut s = match Stream::deflater(level, DEFLATED, wbits, DEF_MEM_LEVEL, 0) {
        Ok(s) => s,
        Err((z::Z_MEM_ERROR, _)) => return Err(memory("Out of memory while compressing data")),
        Err((z::Z_STREAM_ERROR, _)) => return Err(raise_named("zlib.error", "Bad compression level")),
        Err((code, s)) => return Err(s.error(code, "while compressing data")),
    };
    let input = data.as_slice();
    let mut out = Vec::new();
    let code = without_lock(input.len(), || deflate_unlocked(&mut s, input, &mut out));
    match code {
        z::Z_STREAM_END => Bytes::try_new(&out),
        z::Z_MEM_ERROR => Err(memory("Out of memory while compressing data")),
        _ => Err(s.error(code, "while compressing data")),
    }
}

/// Runs `f` without the interpreter lock, if there is much to do.
fn without_lock<R>(size: usize, f: impl FnOnce() -> R) -> R {
    if size > 8 * 1024 { gil::allow_threads(f) } else { f() }
}

/// Compresses everything without touching Python.
fn deflate_unlocked(s: &mut Stream, mut input: &[u8], out: &mut Vec<u8>) -> c_int {
    loop {
        if out.len() == out.capacity() && out.try_reserve((input.len() / 2).max(out.len() / 2).max(256)).is_err() {
            return z::Z_MEM_ERROR;
        }
        let room = out.capacity() - out.len();
        let step = s.step(input, out.spare_capacity_mut().as_mut_ptr().cast(), room, z::Z_FINISH);
        // SAFETY: the library wrote that many bytes into the room.
        unsafe { out.set_len(out.len() + step.made) };
        input = &input[step.taken..];
        if step.code != z::Z_OK && step.code != z::Z_BUF_ERROR {
            return step.code;
        }
    }
}

/// Decompresses up to the end of the stream without touching Python.
fn inflate_unlocked(s: &mut Stream, mut input: &[u8], out: &mut Vec<u8>, first: usize) -> c_int {
    loop {
        if out.len() == out.capacity() && out.try_reserve_exact(out.len().max(first)).is_err() {
            return z::Z_MEM_ERROR;
        }
        let room = out.capacity() - out.len();
        let step = s.step(input, out.spare_capacity_mut().as_mut_ptr().cast(), room, z::Z_SYNC_FLUSH);
        // SAFETY: the library wrote that many bytes into the room.
        unsafe { out.set_len(out.len() + step.made) };
        input = &input[step.taken..];
        let stuck = input.is_empty() && out.len() < out.capacity();
        match step.code {
            z::Z_OK | z::Z_BUF_ERROR if !stuck => {}
            z::Z_OK => return z::Z_BUF_ERROR,
            code => return code,
        }
    }
}

/// Decompress data; returns bytes.
///
///   wbits
///     The size of the window, and which wrapper is expected.
///   bufsize
///     How much output to expect.
#[function(signature = "(data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)")]
fn decompress(data: Buffer, wbits: Option<c_int>, bufsize: Option<isize>) -> PyResult<Ref<Bytes>> {
    let bufsize = bufsize.unwrap_or(DEF_BUF_SIZE);
    let Ok(first) = usize::try_from(bufsize) else { bail!(ValueError, "bufsize must be non-negative") };
    let mut s = match Stream::inflater(wbits.unwrap_or(MAX_WBITS)) {
        Ok(s) => s,
        Err((z::Z_MEM_ERROR, _)) => return Err(memory("Out of memory while decompressing data")),
        Err((code, s)) => return Err(s.error(code, "while preparing to decompress data")),
    };
    let input = data.as_slice();
    let mut out = Vec::new();
    let code = without_lock(input.len(), || inflate_unlocked(&mut s, input, &mut out, first.max(1)));
    match code {
        z::Z_STREAM_END => Bytes::try_new(&out),
        z::Z_MEM_ERROR => Err(memory("Out of memory while decompressing data")),
        _ => Err(s.error(code, "while decompressing data")),
    }
}

/// The low 32 bits of an integer.
struct Low32(u32);

impl<'a> FromArg<'a> for Low32 {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        Ok(Low32(number::index(arg)?.low_u64() as u32))
    }
}

fn checksum(data: &[u8], start: u32, f: unsafe extern "C" fn(z::uLong, *const u8, u32) -> z::uLong) -> u32 {
    let run = || {
        // SAFETY: the function reads the bytes of the chunk.
        data.chunks(u32::MAX as usize).fold(start, |c, d| unsafe { f(c.into(), d.as_ptr(), d.len() as u32) } as u32)
    };
    without_lock(data.len(), run)
}

/// The Adler-32 checksum of data, going on from value.
#[function(signature = "(data, value=1, /)")]
fn adler32(data: Buffer, value: Option<Low32>) -> u32 {
    checksum(&data, value.map_or(1, |v| v.0), z::adler32)
}

/// The CRC-32 checksum of data, going on from value.
#[function(signature = "(data, value=0, /)")]
fn crc32(data: Buffer, value: Option<Low32>) -> u32 {
    checksum(&data, value.map_or(0, |v| v.0), z::crc32)
}

/// An object that compresses data piece by piece.
#[function(
    signature = "(level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=<unrepresentable>)"
)]
fn compressobj(
    level: Option<c_int>,
    method: Option<c_int>,
    wbits: Option<c_int>,
    mem_level: Option<c_int>,
    strategy: Option<c_int>,
    zdict: Option<Buffer>,
) -> PyResult<Ref<zlib_objects::Compress>> {
    let made = Stream::deflater(
        level.unwrap_or(-1),
        method.unwrap_or(DEFLATED),
        wbits.unwrap_or(MAX_WBITS),
        mem_level.unwrap_or(DEF_MEM_LEVEL),
        strategy.unwrap_or(0),
    );
    let mut s = match made {
        Ok(s) => s,
        Err((z::Z_MEM_ERROR, _)) => return Err(memory("Can't allocate memory for compression object")),
        Err((z::Z_STREAM_ERROR, _)) => bail!(ValueError, "Invalid initialization option"),
        Err((code, s)) => return Err(s.error(code, "while creating compression object")),
    };
    if let Some(d) = zdict {
        match s.set_dictionary(&d) {
            z::Z_OK => {}
            z::Z_STREAM_ERROR => bail!(ValueError, "Invalid dictionary"),
            _ => bail!(ValueError, "deflateSetDictionary()"),
        }
    }
    Ok(zlib_objects::Compress::new(s))
}

/// An object that decompresses data piece by piece.
#[function(signature = "(wbits=MAX_WBITS, zdict=b'')")]
fn decompressobj(wbits: Option<c_int>, zdict: Option<&Object>) -> PyResult<Ref<zlib_objects::Decompress>> {
    zlib_objects::Decompress::new(wbits.unwrap_or(MAX_WBITS), zdict)
}

const CONSTANTS: &[(&str, i64)] = &[
    ("MAX_WBITS", MAX_WBITS as i64),
    ("DEFLATED", DEFLATED as i64),
    ("DEF_MEM_LEVEL", DEF_MEM_LEVEL as i64),
    ("DEF_BUF_SIZE", DEF_BUF_SIZE as i64),
    ("Z_NO_COMPRESSION", 0),
    ("Z_BEST_SPEED", 1),
    ("Z_BEST_COMPRESSION", 9),
    ("Z_DEFAULT_COMPRESSION", -1),
    ("Z_FILTERED", 1),
    ("Z_HUFFMAN_ONLY", 2),
    ("Z_RLE", 3),
    ("Z_FIXED", 4),
    ("Z_DEFAULT_STRATEGY", 0),
    ("Z_NO_FLUSH", 0),
    ("Z_PARTIAL_FLUSH", 1),
    ("Z_SYNC_FLUSH", 2),
    ("Z_FULL_FLUSH", 3),
    ("Z_FINISH", 4),
    ("Z_BLOCK", 5),
    ("Z_TREES", 6),
];

fn exec(m: &Module) -> PyResult<()> {
    for t in [&Compress_Type, &Decompress_Type, &ZlibDecompressor_Type] {
        ready(t)?;
    }
    m.add("_ZlibDecompressor", ZlibDecompressor_Type.as_object())?;
    for (name, n) in CONSTANTS {
        m.add_int(name, *n)?;
    }
    // SAFETY: a static C string.
    let version = unsafe { CStr::from_ptr(z::zlibVersion()) }.to_str().unwrap_or("");
    m.add_str("ZLIB_VERSION", version)?;
    m.add_str("ZLIB_RUNTIME_VERSION", version)?;
    m.add_str("__version__", "1.0")?;
    add_exception(m, "zlib.error", Exception)?;
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "zlib",
    doc: "Compression and decompression compatible with zlib and gzip.",
    methods: methods![adler32, compress, compressobj, crc32, decompress, decompressobj],
    exec,
};
