//! Objects that compress and decompress piece by piece.

use crate::stream::{Decode, Decompressor, limit, memory};
use crate::zlib::{MAX_WBITS, Stream};
use libz_rs_sys as z;
use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::args::Signature;
use taipan_object::buffer::{self, Buffer};
use taipan_object::header::{Object, Ref};
use taipan_object::native::{bind, optional, signature};
use taipan_object::types::bytes::Bytes;
use taipan_object::{PyResult, Type, TypeDef, bail, flags, getset, getsets, layout, method, methods};

/// `zlib.Compress`
#[repr(C)]
pub struct Compress {
    ob_base: Object,
    stream: RefCell<Stream>,
}
layout!(Compress, Compress_Type);

impl Compress {
    pub(crate) fn new(s: Stream) -> Ref<Compress> {
        new_object(Compress { ob_base: Object::placeholder(), stream: RefCell::new(s) })
    }

    fn copied(&self) -> PyResult<Ref<Compress>> {
        match self.stream.borrow_mut().copy() {
            Ok(s) => Ok(Compress::new(s)),
            Err(z::Z_STREAM_ERROR) => bail!(ValueError, "Inconsistent stream state"),
            Err(z::Z_MEM_ERROR) => Err(memory("Can't allocate memory for compression object")),
            Err(code) => Err(self.stream.borrow().error(code, "while copying compression object")),
        }
    }
}

mod compress {
    use super::*;

    /// Compress data; returns what output there is.
    #[method(signature = "(data, /)")]
    pub fn compress(this: &Compress, data: Buffer) -> PyResult<Ref<Bytes>> {
        let mut out = Vec::new();
        let mut s = this.stream.borrow_mut();
        match s.deflate_all(&data, &mut out, z::Z_NO_FLUSH)? {
            z::Z_STREAM_ERROR => Err(s.error(z::Z_STREAM_ERROR, "while compressing data")),
            _ => Bytes::try_new(&out),
        }
    }

    /// Finish the stream, or flush it as the mode says; returns the rest of the output.
    #[method(signature = "(mode=zlib.Z_FINISH, /)")]
    pub fn flush(this: &Compress, mode: Option<c_int>) -> PyResult<Ref<Bytes>> {
        let mode = mode.unwrap_or(z::Z_FINISH);
        if mode == z::Z_NO_FLUSH {
            return Ok(Bytes::empty());
        }
        let mut out = Vec::new();
        let mut s = this.stream.borrow_mut();
        match s.deflate_all(&[], &mut out, mode)? {
            z::Z_STREAM_END if mode == z::Z_FINISH => {
                let code = s.end();
                if code != z::Z_OK {
                    return Err(s.error(code, "while finishing compression"));
                }
            }
            z::Z_OK | z::Z_BUF_ERROR => {}
            code => return Err(s.error(code, "while flushing")),
        }
        Bytes::try_new(&out)
    }

    /// A copy of the object.
    #[method(signature = "()")]
    pub fn copy(this: &Compress) -> PyResult<Ref<Compress>> {
        this.copied()
    }

    /// A copy of the object.
    #[method(signature = "()")]
    pub fn __copy__(this: &Compress) -> PyResult<Ref<Compress>> {
        this.copied()
    }

    /// A copy of the object.
    #[method(signature = "(memo, /)")]
    pub fn __deepcopy__(this: &Compress, _memo: &Object) -> PyResult<Ref<Compress>> {
        this.copied()
    }

    pub const METHODS: Option<&[taipan_object::method::MethodDef]> =
        methods![compress, flush, copy, __copy__, __deepcopy__];
}

/// `zlib.Compress`
pub static Compress_Type: Type = Type::with_flags(
    TypeDef {
        name: c"zlib.Compress",
        basicsize: size_of::<Compress>(),
        flags: flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<Compress>),
        methods: compress::METHODS,
        ..TypeDef::EMPTY
    },
    0,
);

/// A stream with the dictionary it may ask for.
pub struct Inflater {
    stream: Stream,
    dictionary: Option<Vec<u8>>,
}

impl Inflater {
    fn new(wbits: c_int, dictionary: Option<Vec<u8>>) -> PyResult<Inflater> {
        let stream = match Stream::inflater(wbits) {
            Ok(s) => s,
            Err((z::Z_STREAM_ERROR, _)) => bail!(ValueError, "Invalid initialization option"),
            Err((z::Z_MEM_ERROR, _)) => return Err(memory("Can't allocate memory for decompression object")),
            Err((code, s)) => return Err(s.error(code, "while creating decompression object")),
        };
        let mut i = Inflater { stream, dictionary };
        // Raw streams do not ask for it.
        if wbits < 0 && i.dictionary.is_some() {
            i.use_dictionary()?;
        }
        Ok(i)
    }

    fn use_dictionary(&mut self) -> PyResult<()> {
        let Some(d) = &self.dictionary else { return Ok(()) };
        match self.stream.set_dictionary(d) {
            z::Z_OK => Ok(()),
            code => Err(self.stream.error(code, "while setting zdict")),
        }
    }

    fn run(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize, flush: c_int) -> PyResult<(usize, c_int)> {
        let mut taken = 0;
        loop {
            let s = self.stream.step_into(&input[taken..], out, limit, flush)?;
            taken += s.taken;
            match s.code {
                z::Z_OK | z::Z_BUF_ERROR => {
                    let more = taken < input.len() || out.len() == out.capacity();
                    if !more || out.len() >= limit || s.taken == 0 && s.made == 0 {
                        return Ok((taken, s.code));
                    }
                }
                z::Z_NEED_DICT if self.dictionary.is_some() => self.use_dictionary()?,
                z::Z_STREAM_END => return Ok((taken, s.code)),
                code => return Err(self.stream.error(code, "while decompressing data")),
            }
        }
    }
}

impl Decode for Inflater {
    fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize) -> PyResult<(usize, bool)> {
        let (taken, code) = self.run(input, out, limit, z::Z_SYNC_FLUSH)?;
        Ok((taken, code == z::Z_STREAM_END))
    }
}

/// `zlib.Decompress`
#[repr(C)]
pub struct Decompress {
    ob_base: Object,
    inflater: RefCell<Inflater>,
    unused: RefCell<Vec<u8>>,
    tail: RefCell<Vec<u8>>,
    eof: Cell<bool>,
}
layout!(Decompress, Decompress_Type);

fn dictionary(zdict: Option<&Object>) -> PyResult<Option<Vec<u8>>> {
    match zdict {
        None => Ok(None),
        Some(d) if !buffer::supports(d) => bail!(TypeError, "zdict argument must support the buffer protocol"),
        Some(d) => Ok(Some(Buffer::get(d)?.as_slice().to_vec())),
    }
}

impl Decompress {
    pub(crate) fn new(wbits: c_int, zdict: Option<&Object>) -> PyResult<Ref<Decompress>> {
        let inflater = Inflater::new(wbits, dictionary(zdict)?)?;
        Ok(new_object(Decompress {
            ob_base: Object::placeholder(),
            inflater: RefCell::new(inflater),
            unused: RefCell::default(),
            tail: RefCell::default(),
            eof: Cell::new(false),
        }))
    }

    /// Notes what input was left over.
    fn keep(&self, rest: &[u8], end: bool) {
        if end {
            self.unused.borrow_mut().extend_from_slice(rest);
            self.tail.borrow_mut().clear();
            self.eof.set(true);
        } else {
            *self.tail.borrow_mut() = rest.to_vec();
        }
    }

    fn run(&self, input: &[u8], limit: usize, flush: c_int) -> PyResult<Ref<Bytes>> {
        let mut out = Vec::new();
        let (taken, code) = if self.eof.get() {
            (0, z::Z_STREAM_END)
        } else {
            self.inflater.borrow_mut().run(input, &mut out, limit, flush)?
        };
        self.keep(&input[taken..], code == z::Z_STREAM_END);
        Bytes::try_new(&out)
    }

    fn copied(&self) -> PyResult<Ref<Decompress>> {
        let mut i = self.inflater.borrow_mut();
        let stream = match i.stream.copy() {
            Ok(s) => s,
            Err(z::Z_STREAM_ERROR) => bail!(ValueError, "Inconsistent stream state"),
            Err(z::Z_MEM_ERROR) => return Err(memory("Can't allocate memory for decompression object")),
            Err(code) => return Err(i.stream.error(code, "while copying decompression object")),
        };
        Ok(new_object(Decompress {
            ob_base: Object::placeholder(),
            inflater: RefCell::new(Inflater { stream, dictionary: i.dictionary.clone() }),
            unused: self.unused.clone(),
            tail: self.tail.clone(),
            eof: self.eof.clone(),
        }))
    }
}

mod decompress {
    use super::*;

    /// Decompress data; returns what output there is, at most max_length bytes unless that is 0.
    #[method(signature = "(data, /, max_length=0)")]
    pub fn decompress(this: &Decompress, data: Buffer, max_length: isize) -> PyResult<Ref<Bytes>> {
        match max_length {
            ..0 => bail!(ValueError, "max_length must be non-negative"),
            0 => this.run(&data, usize::MAX, z::Z_SYNC_FLUSH),
            n => this.run(&data, limit(n), z::Z_SYNC_FLUSH),
        }
    }

    /// Decompress what is left; returns the rest of the output.
    #[method(signature = "(length=zlib.DEF_BUF_SIZE, /)")]
    pub fn flush(this: &Decompress, length: Option<isize>) -> PyResult<Ref<Bytes>> {
        if length.is_some_and(|n| n <= 0) {
            bail!(ValueError, "length must be greater than zero");
        }
        let input = this.tail.take();
        let out = this.run(&input, usize::MAX, z::Z_FINISH)?;
        if this.eof.get() {
            this.inflater.borrow_mut().stream.end();
        }
        Ok(out)
    }

    /// A copy of the object.
    #[method(signature = "()")]
    pub fn copy(this: &Decompress) -> PyResult<Ref<Decompress>> {
        this.copied()
    }

    /// A copy of the object.
    #[method(signature = "()")]
    pub fn __copy__(this: &Decompress) -> PyResult<Ref<Decompress>> {
        this.copied()
    }

    /// A copy of the object.
    #[method(signature = "(memo, /)")]
    pub fn __deepcopy__(this: &Decompress, _memo: &Object) -> PyResult<Ref<Decompress>> {
        this.copied()
    }

    pub const METHODS: Option<&[taipan_object::method::MethodDef]> =
        methods![decompress, flush, copy, __copy__, __deepcopy__];

    pub fn unused_data(this: &Decompress) -> Ref<Bytes> {
        Bytes::new(&this.unused.borrow())
    }

    pub fn unconsumed_tail(this: &Decompress) -> Ref<Bytes> {
        Bytes::new(&this.tail.borrow())
    }

    pub fn eof(this: &Decompress) -> bool {
        this.eof.get()
    }
}

/// `zlib.Decompress`
pub static Decompress_Type: Type = Type::with_flags(
    TypeDef {
        name: c"zlib.Decompress",
        basicsize: size_of::<Decompress>(),
        flags: flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<Decompress>),
        methods: decompress::METHODS,
        getset: getsets![
            getset!(c"unused_data", decompress::unused_data),
            getset!(c"unconsumed_tail", decompress::unconsumed_tail),
            getset!(c"eof", decompress::eof),
        ],
        ..TypeDef::EMPTY
    },
    0,
);

/// `zlib._ZlibDecompressor`
#[repr(C)]
pub struct ZlibDecompressor {
    ob_base: Object,
    inner: Decompressor<Inflater>,
}
layout!(ZlibDecompressor, ZlibDecompressor_Type);

extern "C" fn zlib_decompressor_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = signature("_ZlibDecompressor", &[optional("wbits"), optional("zdict")], 0, 2);
    bind(&SIG, args, kwargs, |[wbits, zdict]: [Option<&Object>; 2]| {
        let wbits = match wbits {
            Some(w) => c_int::try_from(w.as_i64()?).unwrap_or(c_int::MAX),
            None => MAX_WBITS,
        };
        let inner = Decompressor::new(Inflater::new(wbits, dictionary(zdict)?)?);
        Ok(new_instance(cls, ZlibDecompressor { ob_base: Object::placeholder(), inner })?.into_obj())
    })
}

mod decompressor {
    use super::*;

    /// Decompress data; returns what output there is, at most max_length bytes unless that is negative.
    #[method(signature = "(data, max_length=-1)")]
    pub fn decompress(this: &ZlibDecompressor, data: Buffer, max_length: isize) -> PyResult<Ref<Bytes>> {
        this.inner.decompress(&data, max_length, "End of stream already reached")
    }

    pub const METHODS: Option<&[taipan_object::method::MethodDef]> = methods![decompress];

    pub fn eof(this: &ZlibDecompressor) -> bool {
        this.inner.eof.get()
    }

    pub fn unused_data(this: &ZlibDecompressor) -> Ref<Bytes> {
        this.inner.unused_data()
    }

    pub fn needs_input(this: &ZlibDecompressor) -> bool {
        this.inner.needs_input.get()
    }
}

/// `zlib._ZlibDecompressor`
pub static ZlibDecompressor_Type: Type = Type::with_flags(
    TypeDef {
        name: c"zlib._ZlibDecompressor",
        doc: Some(c"Decompresses data piece by piece, keeping input that it could not use yet."),
        basicsize: size_of::<ZlibDecompressor>(),
        flags: flags::IMMUTABLETYPE,
        dealloc: Some(dealloc_of::<ZlibDecompressor>),
        new: Some(zlib_decompressor_new),
        methods: decompressor::METHODS,
        getset: getsets![
            getset!(c"eof", decompressor::eof),
            getset!(c"unused_data", decompressor::unused_data),
            getset!(c"needs_input", decompressor::needs_input),
        ],
        ..TypeDef::EMPTY
    },
    0,
);
