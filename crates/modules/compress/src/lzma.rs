//! `_lzma`: xz and its relatives.

use crate::lzma_filters::{Chain, Filter, decode_properties, encode_properties, uint32, uint64};
use crate::stream::{Decode, Decompressor, Step, step_into};
use liblzma_sys as lz;
use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::Signature;
use taipan_object::buffer::Buffer;
use taipan_object::error::no_memory;
use taipan_object::header::{Object, Ref};
use taipan_object::native::{add_exception, bind, optional, raise_named, signature};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::Exception;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, Raised, Type, TypeDef, bail, flags, function, getset, getsets, layout, method, methods};

const FORMAT_AUTO: i64 = 0;
const FORMAT_XZ: i64 = 1;
const FORMAT_ALONE: i64 = 2;
const FORMAT_RAW: i64 = 3;
const CHECK_UNKNOWN: u32 = 16;

/// `LZMAError`
#[cold]
pub(crate) fn error(text: &str) -> Raised {
    raise_named("_lzma.LZMAError", text)
}

/// An error code of the library as an exception.
pub(crate) fn check(code: lz::lzma_ret) -> PyResult<()> {
    let text = match code {
        lz::LZMA_OK | lz::LZMA_GET_CHECK | lz::LZMA_NO_CHECK | lz::LZMA_STREAM_END => return Ok(()),
        lz::LZMA_MEM_ERROR => return Err(no_memory()),
        lz::LZMA_UNSUPPORTED_CHECK => "Unsupported integrity check",
        lz::LZMA_MEMLIMIT_ERROR => "Memory usage limit exceeded",
        lz::LZMA_FORMAT_ERROR => "Input format not supported by decoder",
        lz::LZMA_OPTIONS_ERROR => "Invalid or unsupported options",
        lz::LZMA_DATA_ERROR => "Corrupt input data",
        lz::LZMA_BUF_ERROR => "Insufficient buffer space",
        lz::LZMA_PROG_ERROR => "Internal error",
        _ => return Err(error(&format!("Unrecognized error from liblzma: {code}"))),
    };
    Err(error(text))
}

/// A stream of the library.
struct Stream(Box<lz::lzma_stream>);

impl Stream {
    fn empty() -> Stream {
        // SAFETY: all zero is the library's initial value.
        Stream(Box::new(unsafe { std::mem::zeroed() }))
    }

    fn step(&mut self, input: &[u8], out: *mut u8, room: usize, action: lz::lzma_action) -> Step<lz::lzma_ret> {
        self.0.next_in = input.as_ptr();
        self.0.avail_in = input.len();
        self.0.next_out = out;
        self.0.avail_out = room;
        // SAFETY: an initialised stream, with as much input and room as it says.
        let code = unsafe { lz::lzma_code(&mut *self.0, action) };
        Step { taken: input.len() - self.0.avail_in, made: room - self.0.avail_out, code }
    }

    fn step_into(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
        action: lz::lzma_action,
    ) -> PyResult<Step<lz::lzma_ret>> {
        // SAFETY: the library keeps to the room, and `made` is what it wrote.
        unsafe { step_into(out, limit, |p, room| self.step(input, p, room, action)) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the library takes empty streams, too; this one is not used again.
        unsafe { lz::lzma_end(&mut *self.0) };
    }
}

/// `_lzma.LZMACompressor`
#[repr(C)]
pub struct Compressor {
    ob_base: Object,
    /// Nothing once flushed.
    stream: RefCell<Option<Stream>>,
}
layout!(Compressor, LZMACompressor_Type);

fn encoder(format: i64, integrity: i64, preset: u32, filters: Option<&Object>) -> PyResult<Stream> {
    let mut s = Stream::empty();
    let chain = filters.map(Chain::parse).transpose()?;
    let raw = chain.as_ref().map(Chain::raw);
    let st = &mut *s.0;
    // SAFETY: an empty stream; the chain outlives the calls, which copy what they need.
    let code = unsafe {
        match (format, &raw) {
            (FORMAT_XZ, None) => lz::lzma_easy_encoder(st, preset, integrity as lz::lzma_check),
            (FORMAT_XZ, Some(f)) => lz::lzma_stream_encoder(st, f.as_ptr(), integrity as lz::lzma_check),
            (FORMAT_ALONE, None) => {
                let mut o: lz::lzma_options_lzma = std::mem::zeroed();
                if lz::lzma_lzma_preset(&mut o, preset) != 0 {
                    return Err(error(&format!("Invalid compression preset: {preset}")));
                }
                lz::lzma_alone_encoder(st, &o)
            }
            (FORMAT_ALONE, Some(_)) => match chain.as_ref().and_then(Chain::single_lzma1) {
                Some(o) => lz::lzma_alone_encoder(st, o),
                None => bail!(ValueError, "Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter"),
            },
            (FORMAT_RAW, Some(f)) => lz::lzma_raw_encoder(st, f.as_ptr()),
            (FORMAT_RAW, None) => bail!(ValueError, "Must specify filters for FORMAT_RAW"),
            _ => bail!(ValueError, "Invalid container format: {format}"),
        }
    };
    check(code)?;
    Ok(s)
}

extern "C" fn compressor_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = signature(
        "LZMACompressor",
        &[optional("format"), optional("check"), optional("preset"), optional("filters")],
        0,
        4,
    );
    bind(&SIG, args, kwargs, |[format, integrity, preset, filters]: [Option<&Object>; 4]| {
        let format = format.map_or(Ok(FORMAT_XZ), Object::as_i64)?;
        let integrity = integrity.map_or(Ok(-1), Object::as_i64)?;
        let (preset, filters) = (preset.filter(|p| !p.is_none()), filters.filter(|f| !f.is_none()));
        if preset.is_some() && filters.is_some() {
            bail!(ValueError, "Cannot specify both preset and filter chain");
        }
        let preset = preset.map_or(Ok(lz::LZMA_PRESET_DEFAULT), uint32)?;
        if format != FORMAT_XZ && integrity != -1 && integrity != 0 {
            bail!(ValueError, "Integrity checks are only supported by FORMAT_XZ");
        }
        let integrity = if format == FORMAT_XZ && integrity == -1 { 4 } else { integrity };
        let stream = RefCell::new(Some(encoder(format, integrity, preset, filters)?));
        Ok(new_instance(cls, Compressor { ob_base: Object::placeholder(), stream })?.into_obj())
    })
}

fn run(s: &mut Stream, mut input: &[u8], action: lz::lzma_action) -> PyResult<Ref<Bytes>> {
    let mut out = Vec::new();
    loop {
        let step = s.step_into(input, &mut out, usize::MAX, action)?;
        input = &input[step.taken..];
        match step.code {
            // Without input there is nothing to do.
            lz::LZMA_BUF_ERROR if input.is_empty() && out.len() < out.capacity() => break,
            lz::LZMA_STREAM_END => break,
            code => check(code)?,
        }
        if action == lz::LZMA_RUN && input.is_empty() && out.len() < out.capacity() {
            break;
        }
    }
    Bytes::try_new(&out)
}

/// Compress data; returns what output there is.
#[method(signature = "(data, /)")]
fn compress(this: &Compressor, data: Buffer) -> PyResult<Ref<Bytes>> {
    match &mut *this.stream.borrow_mut() {
        Some(s) => run(s, &data, lz::LZMA_RUN),
        None => bail!(ValueError, "Compressor has been flushed"),
    }
}

/// Finish the stream; returns the rest of the output.
#[method(signature = "()")]
fn flush(this: &Compressor) -> PyResult<Ref<Bytes>> {
    match this.stream.take() {
        Some(mut s) => run(&mut s, &[], lz::LZMA_FINISH),
        None => bail!(ValueError, "Repeated call to flush()"),
    }
}

/// `_lzma.LZMACompressor`
pub static LZMACompressor_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_lzma.LZMACompressor",
        doc: Some(
            c"LZMACompressor(format=FORMAT_XZ, check=-1, preset=None, filters=None): compresses data piece by piece.",
        ),
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
pub struct Decoder {
    stream: Stream,
    integrity: u32,
}

impl Decode for Decoder {
    const HOLDS_BACK: bool = true;

    fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize) -> PyResult<(usize, bool)> {
        let mut taken = 0;
        loop {
            let s = self.stream.step_into(&input[taken..], out, limit, lz::LZMA_RUN)?;
            taken += s.taken;
            match s.code {
                lz::LZMA_STREAM_END => return Ok((taken, true)),
                lz::LZMA_GET_CHECK | lz::LZMA_NO_CHECK => {
                    // SAFETY: the decoder has just said that it knows.
                    self.integrity = unsafe { lz::lzma_get_check(&*self.stream.0) };
                    continue;
                }
                lz::LZMA_BUF_ERROR => {}
                code => check(code)?,
            }
            let more = taken < input.len() || out.len() == out.capacity();
            if !more || out.len() >= limit || s.taken == 0 && s.made == 0 {
                return Ok((taken, false));
            }
        }
    }
}

/// `_lzma.LZMADecompressor`
#[repr(C)]
pub struct Decompress {
    ob_base: Object,
    inner: Decompressor<Decoder>,
    initial_check: Cell<u32>,
}
layout!(Decompress, LZMADecompressor_Type);

extern "C" fn decompressor_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature =
        signature("LZMADecompressor", &[optional("format"), optional("memlimit"), optional("filters")], 0, 3);
    bind(&SIG, args, kwargs, |[format, memlimit, filters]: [Option<&Object>; 3]| {
        let format = format.map_or(Ok(FORMAT_AUTO), Object::as_i64)?;
        let (memlimit, filters) = (memlimit.filter(|m| !m.is_none()), filters.filter(|f| !f.is_none()));
        if memlimit.is_some() && format == FORMAT_RAW {
            bail!(ValueError, "Cannot specify memory limit with FORMAT_RAW");
        }
        let memlimit = memlimit.map_or(Ok(u64::MAX), uint64)?;
        if format == FORMAT_RAW && filters.is_none() {
            bail!(ValueError, "Must specify filters for FORMAT_RAW");
        }
        if format != FORMAT_RAW && filters.is_some() {
            bail!(ValueError, "Cannot specify filters except with FORMAT_RAW");
        }
        let chain = filters.map(Chain::parse).transpose()?;
        let mut stream = Stream::empty();
        let st = &mut *stream.0;
        let tell = lz::LZMA_TELL_ANY_CHECK | lz::LZMA_TELL_NO_CHECK;
        // SAFETY: an empty stream; the chain outlives the call, which copies what it needs.
        let code = unsafe {
            match (format, &chain) {
                (FORMAT_AUTO, _) => lz::lzma_auto_decoder(st, memlimit, tell),
                (FORMAT_XZ, _) => lz::lzma_stream_decoder(st, memlimit, tell),
                (FORMAT_ALONE, _) => lz::lzma_alone_decoder(st, memlimit),
                (FORMAT_RAW, Some(c)) => lz::lzma_raw_decoder(st, c.raw().as_ptr()),
                _ => bail!(ValueError, "Invalid container format: {format}"),
            }
        };
        check(code)?;
        let integrity = if matches!(format, FORMAT_ALONE | FORMAT_RAW) { 0 } else { CHECK_UNKNOWN };
        let inner = Decompressor::new(Decoder { stream, integrity });
        let body = Decompress { ob_base: Object::placeholder(), inner, initial_check: Cell::new(integrity) };
        Ok(new_instance(cls, body)?.into_obj())
    })
}

/// Decompress data; returns what output there is, at most max_length bytes unless that is negative.
#[method(signature = "(data, max_length=-1)")]
fn decompress(this: &Decompress, data: Buffer, max_length: isize) -> PyResult<Ref<Bytes>> {
    this.inner.decompress(&data, max_length, "Already at end of stream")
}

fn integrity(this: &Decompress) -> u32 {
    this.inner.decoder.try_borrow().map_or(this.initial_check.get(), |d| d.integrity)
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

/// `_lzma.LZMADecompressor`
pub static LZMADecompressor_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_lzma.LZMADecompressor",
        doc: Some(
            c"LZMADecompressor(format=FORMAT_AUTO, memlimit=None, filters=None): decompresses data piece by piece.",
        ),
        basicsize: size_of::<Decompress>(),
        flags: flags::IMMUTABLETYPE,
        dealloc: Some(dealloc_of::<Decompress>),
        new: Some(decompressor_new),
        methods: methods![decompress],
        getset: getsets![
            getset!(c"check", integrity; c"The integrity check of the stream."),
            getset!(c"eof", eof; c"Whether the end of the stream was reached."),
            getset!(c"needs_input", needs_input; c"Whether more input is needed for more output."),
            getset!(c"unused_data", unused_data; c"What came behind the end of the stream."),
        ],
        ..TypeDef::EMPTY
    },
    0,
);

/// Whether the library can compute an integrity check.
#[function(signature = "(check_id, /)")]
fn is_check_supported(check_id: c_int) -> bool {
    // SAFETY: a pure function.
    unsafe { lz::lzma_check_is_supported(check_id as lz::lzma_check) != 0 }
}

/// The options of a filter as they stand in a file.
#[function(signature = "(filter, /)")]
fn _encode_filter_properties(filter: &Object) -> PyResult<Ref<Bytes>> {
    Bytes::try_new(&encode_properties(&Filter::parse(filter)?)?)
}

/// The dict of a filter from its options in a file.
#[function(signature = "(filter_id, encoded_props, /)")]
fn _decode_filter_properties(filter_id: &Object, encoded_props: Buffer) -> PyResult<Ref<Dict>> {
    decode_properties(uint64(filter_id)?, &encoded_props)
}

const CONSTANTS: &[(&str, i64)] = &[
    ("FORMAT_AUTO", FORMAT_AUTO),
    ("FORMAT_XZ", FORMAT_XZ),
    ("FORMAT_ALONE", FORMAT_ALONE),
    ("FORMAT_RAW", FORMAT_RAW),
    ("CHECK_NONE", 0),
    ("CHECK_CRC32", 1),
    ("CHECK_CRC64", 4),
    ("CHECK_SHA256", 10),
    ("CHECK_ID_MAX", 15),
    ("CHECK_UNKNOWN", CHECK_UNKNOWN as i64),
    ("FILTER_LZMA1", lz::LZMA_FILTER_LZMA1 as i64),
    ("FILTER_LZMA2", lz::LZMA_FILTER_LZMA2 as i64),
    ("FILTER_DELTA", lz::LZMA_FILTER_DELTA as i64),
    ("FILTER_X86", lz::LZMA_FILTER_X86 as i64),
    ("FILTER_IA64", lz::LZMA_FILTER_IA64 as i64),
    ("FILTER_ARM", lz::LZMA_FILTER_ARM as i64),
    ("FILTER_ARMTHUMB", lz::LZMA_FILTER_ARMTHUMB as i64),
    ("FILTER_SPARC", lz::LZMA_FILTER_SPARC as i64),
    ("FILTER_POWERPC", lz::LZMA_FILTER_POWERPC as i64),
    ("MF_HC3", lz::LZMA_MF_HC3 as i64),
    ("MF_HC4", lz::LZMA_MF_HC4 as i64),
    ("MF_BT2", lz::LZMA_MF_BT2 as i64),
    ("MF_BT3", lz::LZMA_MF_BT3 as i64),
    ("MF_BT4", lz::LZMA_MF_BT4 as i64),
    ("MODE_FAST", lz::LZMA_MODE_FAST as i64),
    ("MODE_NORMAL", lz::LZMA_MODE_NORMAL as i64),
    ("PRESET_DEFAULT", lz::LZMA_PRESET_DEFAULT as i64),
    ("PRESET_EXTREME", lz::LZMA_PRESET_EXTREME as i64),
];

fn exec(m: &Module) -> PyResult<()> {
    for (name, n) in CONSTANTS {
        m.add_int(name, *n)?;
    }
    add_exception(m, "_lzma.LZMAError", Exception)?;
    m.add_type(&LZMACompressor_Type)?;
    m.add_type(&LZMADecompressor_Type)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_lzma",
    doc: "xz and its relatives.",
    methods: methods![is_check_supported, _encode_filter_properties, _decode_filter_properties],
    exec,
};
