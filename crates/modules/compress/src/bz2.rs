//! `_bz2`: bzip2.

use crate::stream::{Decode, Decompressor, Step, step_into};
use bzip2_sys as bz;
use std::cell::RefCell;
use std::ffi::c_int;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::Signature;
use taipan_object::buffer::Buffer;
use taipan_object::error::no_memory;
use taipan_object::header::{Object, Ref};
use taipan_object::native::{bind, optional, signature};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, Raised, Type, TypeDef, bail, flags, getset, getsets, layout, method, methods, raise};

const RUN: c_int = 0;
const FINISH: c_int = 2;
const OK: c_int = 0;
const RUN_OK: c_int = 1;
const FLUSH_OK: c_int = 2;
const FINISH_OK: c_int = 3;
const STREAM_END: c_int = 4;

#[cold]
fn error(code: c_int) -> Raised {
    match code {
        -2 => raise!(ValueError, "Internal error - invalid parameters passed to libbzip2"),
        -3 => no_memory(),
        -4 | -5 => raise!(OSError, "Invalid data stream"),
        -6 => raise!(OSError, "Unknown I/O error"),
        -7 => raise!(EOFError, "Compressed file ended before the logical end-of-stream was detected"),
        -1 => raise!(RuntimeError, "Internal error - Invalid sequence of commands sent to libbzip2"),
        _ => raise!(OSError, "Unrecognized error from libbzip2: {code}"),
    }
}

/// A stream, which the library knows by its address.
struct Stream {
    s: Box<bz::bz_stream>,
    compresses: bool,
}

impl Stream {
    fn new(compresses: bool, level: c_int) -> PyResult<Stream> {
        // SAFETY: all zero is the empty stream that the library wants: null pointers and no functions.
        let mut s: Box<bz::bz_stream> = Box::new(unsafe { std::mem::zeroed() });
        // SAFETY: an empty stream at a fixed place.
        let code = unsafe {
            if compresses {
                bz::BZ2_bzCompressInit(&mut *s, level, 0, 0)
            } else {
                bz::BZ2_bzDecompressInit(&mut *s, 0, 0)
            }
        };
        if code == OK { Ok(Stream { s, compresses }) } else { Err(error(code)) }
    }

    fn step(&mut self, input: &[u8], out: *mut u8, room: usize, action: c_int) -> Step<c_int> {
        let n = input.len().min(u32::MAX as usize) as u32;
        let room = room.min(u32::MAX as usize) as u32;
        let action = if (n as usize) < input.len() { RUN } else { action };
        self.s.next_in = input.as_ptr().cast_mut().cast();
        self.s.avail_in = n;
        self.s.next_out = out.cast();
        self.s.avail_out = room;
        // SAFETY: an initialised stream, with as much input and room as it says.
        let code = unsafe {
            if self.compresses { bz::BZ2_bzCompress(&mut *self.s, action) } else { bz::BZ2_bzDecompress(&mut *self.s) }
        };
        Step { taken: (n - self.s.avail_in) as usize, made: (room - self.s.avail_out) as usize, code }
    }

    fn step_into(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize, action: c_int) -> PyResult<Step<c_int>> {
        // SAFETY: the library keeps to the room, and `made` is what it wrote.
        unsafe { step_into(out, limit, |p, room| self.step(input, p, room, action)) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised, and is not used again.
        unsafe {
            if self.compresses {
                bz::BZ2_bzCompressEnd(&mut *self.s)
            } else {
                bz::BZ2_bzDecompressEnd(&mut *self.s)
            };
        }
    }
}

/// `_bz2.BZ2Compressor`
#[repr(C)]
pub struct Compressor {
    ob_base: Object,
    /// Nothing once flushed.
    stream: RefCell<Option<Stream>>,
}
layout!(Compressor, BZ2Compressor_Type);

extern "C" fn compressor_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = signature("BZ2Compressor", &[optional("compresslevel")], 1, 1);
    bind(&SIG, args, kwargs, |[level]: [Option<&Object>; 1]| {
        let level = level.map_or(Ok(9), Object::as_i64)?;
        if !(1..=9).contains(&level) {
            bail!(ValueError, "compresslevel must be between 1 and 9");
        }
        let stream = RefCell::new(Some(Stream::new(true, level as c_int)?));
        Ok(new_instance(cls, Compressor { ob_base: Object::placeholder(), stream })?.into_obj())
    })
}

fn run(s: &mut Stream, mut input: &[u8], action: c_int) -> PyResult<Ref<Bytes>> {
    let mut out = Vec::new();
    loop {
        // The library takes an empty piece for a mistake.
        if action == RUN && input.is_empty() {
            break;
        }
        let step = s.step_into(input, &mut out, usize::MAX, action)?;
        input = &input[step.taken..];
        match step.code {
            OK | RUN_OK | FLUSH_OK | FINISH_OK => {}
            STREAM_END => break,
            code => return Err(error(code)),
        }
    }
    Bytes::try_new(&out)
}

/// Compress data; returns what output there is.
#[method(signature = "(data, /)")]
fn compress(this: &Compressor, data: Buffer) -> PyResult<Ref<Bytes>> {
    match &mut *this.stream.borrow_mut() {
        Some(s) => run(s, &data, RUN),
        None => bail!(ValueError, "Compressor has been flushed"),
    }
}

/// Finish the stream; returns the rest of the output.
#[method(signature = "()")]
fn flush(this: &Compressor) -> PyResult<Ref<Bytes>> {
    match this.stream.take() {
        Some(mut s) => run(&mut s, &[], FINISH),
        None => bail!(ValueError, "Repeated call to flush()"),
    }
}

/// `_bz2.BZ2Compressor`
pub static BZ2Compressor_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_bz2.BZ2Compressor",
        doc: Some(c"Compresses data piece by piece. The level is 1 to 9."),
        basicsize: size_of::<Compressor>(),
        flags: flags::IMMUTABLETYPE,
        dealloc: Some(dealloc_of::<Compressor>),
        new: Some(compressor_new),
        methods: methods![compress, flush],
        ..TypeDef::EMPTY
    },
    0,
);

/// The decoder.
pub struct Decoder(Stream);

impl Decode for Decoder {
    const BREAKS: bool = true;

    fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize) -> PyResult<(usize, bool)> {
        let mut taken = 0;
        loop {
            let s = self.0.step_into(&input[taken..], out, limit, RUN)?;
            taken += s.taken;
            match s.code {
                STREAM_END => return Ok((taken, true)),
                OK => {}
                code => return Err(error(code)),
            }
            let more = taken < input.len() || out.len() == out.capacity();
            if !more || out.len() >= limit || s.taken == 0 && s.made == 0 {
                return Ok((taken, false));
            }
        }
    }
}

/// `_bz2.BZ2Decompressor`
#[repr(C)]
pub struct Decompress {
    ob_base: Object,
    inner: Decompressor<Decoder>,
}
layout!(Decompress, BZ2Decompressor_Type);

extern "C" fn decompressor_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = signature("BZ2Decompressor", &[], 0, 0);
    bind(&SIG, args, kwargs, |_: [Option<&Object>; 0]| {
        let inner = Decompressor::new(Decoder(Stream::new(false, 0)?));
        Ok(new_instance(cls, Decompress { ob_base: Object::placeholder(), inner })?.into_obj())
    })
}

/// Decompress data; returns what output there is, at most max_length bytes unless that is negative.
#[method(signature = "(data, max_length=-1)")]
fn decompress(this: &Decompress, data: Buffer, max_length: isize) -> PyResult<Ref<Bytes>> {
    this.inner.decompress(&data, max_length, "End of stream already reached")
}

fn eof(this: &Decompress) -> bool {
    this.inner.eof.get()
}

fn unused_data(this: &Decompress) -> Ref<Bytes> {
    this.inner.unused_data()
}

fn needs_input(this: &Decompress) -> bool {
    this.inner.needs_input.get()
}

/// `_bz2.BZ2Decompressor`
pub static BZ2Decompressor_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_bz2.BZ2Decompressor",
        doc: Some(c"Decompresses data piece by piece."),
        basicsize: size_of::<Decompress>(),
        flags: flags::IMMUTABLETYPE,
        dealloc: Some(dealloc_of::<Decompress>),
        new: Some(decompressor_new),
        methods: methods![decompress],
        getset: getsets![
            getset!(c"eof", eof; c"Whether the end of the stream was reached."),
            getset!(c"unused_data", unused_data; c"What came behind the end of the stream."),
            getset!(c"needs_input", needs_input; c"Whether more input is needed for more output."),
        ],
        ..TypeDef::EMPTY
    },
    0,
);

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&BZ2Compressor_Type)?;
    m.add_type(&BZ2Decompressor_Type)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef { name: "_bz2", doc: "bzip2.", methods: None, exec };
