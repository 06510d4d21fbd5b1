//! What incremental codecs and streams share: a codec, a state, an error handler, and what is left over.

use super::codec::MultibyteCodec;
use super::run::{Decoding, Encoding};
use std::cell::{Cell, RefCell};
use taipan_object::types::str::Str;
use taipan_object::{Obj, ObjCell, Object, PyResult, Type, bail, intern};
use taipan_unicode::cjk::{Codec, State};

/// The body of all four types.
#[repr(C)]
pub struct Stateful {
    pub ob_base: Object,
    pub stream: ObjCell,
    pub errors: ObjCell,
    codec: Cell<Option<Codec>>,
    pub state: Cell<State>,
    /// Characters that may join what follows.
    pub characters: RefCell<Vec<u32>>,
    /// Bytes of a character that is not complete.
    pub bytes: RefCell<Vec<u8>>,
}

/// The most that may be left over.
const MAX_CHARACTERS: usize = 2;
const MAX_BYTES: usize = 8;

impl Stateful {
    pub fn new(cls: &Type, decodes: bool, stream: Option<&Object>, errors: Option<&Object>) -> PyResult<Stateful> {
        let codec = cls.as_object().get_attr(intern!("codec"))?;
        let Some(codec) = codec.downcast::<MultibyteCodec>() else { bail!(TypeError, "codec is unexpected type") };
        let errors = match errors {
            Some(e) => e.to_obj(),
            None => Str::from_utf8("strict").into_obj(),
        };
        Ok(Stateful {
            ob_base: Object::placeholder(),
            stream: stream.map_or_else(ObjCell::empty, |s| ObjCell::new(s.to_obj())),
            errors: ObjCell::new(errors),
            codec: Cell::new(Some(codec.codec)),
            state: Cell::new(if decodes { codec.codec.decode_initial() } else { codec.codec.encode_initial() }),
            characters: RefCell::new(Vec::new()),
            bytes: RefCell::new(Vec::new()),
        })
    }

    pub fn codec(&self) -> PyResult<Codec> {
        match self.codec.get() {
            Some(c) => Ok(c),
            None => bail!(ValueError, "the codec is not initialized"),
        }
    }

    fn handler(&self) -> Obj {
        self.errors.get_owned().unwrap_or_else(|| Str::from_utf8("strict").into_obj())
    }

    /// Encodes a piece.
    pub fn encode(&self, input: Vec<u32>, last: bool) -> PyResult<Vec<u8>> {
        let codec = self.codec()?;
        let handler = self.handler();
        let before = self.characters.borrow().clone();
        let mut text = before;
        text.extend(input);
        let mut run = Encoding { codec: &codec, errors: handler.cast::<Str>().to_utf8()?, text, pos: 0 };
        let mut out = Vec::new();
        let mut state = self.state.get();
        let result = run.go(&mut state, &mut out, last);
        self.state.set(state);
        result?;
        let rest = run.text.split_off(run.pos);
        if rest.len() > MAX_CHARACTERS {
            bail!(UnicodeError, "pending buffer overflow");
        }
        *self.characters.borrow_mut() = rest;
        Ok(out)
    }

    /// Decodes a piece.
    pub fn decode(&self, input: &[u8], last: bool) -> PyResult<Vec<u32>> {
        let codec = self.codec()?;
        let handler = self.handler();
        let mut data = self.bytes.borrow().clone();
        data.extend_from_slice(input);
        let mut run = Decoding { codec: &codec, errors: handler.cast::<Str>().to_utf8()?, data, pos: 0 };
        let mut out = Vec::new();
        let mut state = self.state.get();
        let result = run.go(&mut state, &mut out, last);
        self.state.set(state);
        result?;
        let rest = run.data.split_off(run.pos);
        if rest.len() > MAX_BYTES {
            bail!(UnicodeError, "pending buffer overflow");
        }
        *self.bytes.borrow_mut() = rest;
        Ok(out)
    }

    /// Ends what was encoded.
    pub fn reset_encoder(&self) -> PyResult<Vec<u8>> {
        let codec = self.codec()?;
        let mut state = self.state.get();
        let mut out = Vec::new();
        codec.encode_reset(&mut state, &mut out);
        self.state.set(state);
        self.characters.borrow_mut().clear();
        Ok(out)
    }

    /// Forgets what was decoded.
    pub fn reset_decoder(&self) -> PyResult<()> {
        let codec = self.codec()?;
        let mut state = self.state.get();
        codec.decode_reset(&mut state);
        self.state.set(state);
        self.bytes.borrow_mut().clear();
        Ok(())
    }
}

pub fn get_errors(s: &Stateful) -> Obj {
    s.handler()
}

pub fn set_errors(s: &Stateful, value: Option<&Object>) -> PyResult<()> {
    match value {
        Some(v) if v.downcast::<Str>().is_some() => {
            s.errors.set(Some(v.to_obj()));
            Ok(())
        }
        Some(_) => bail!(TypeError, "errors must be a string"),
        None => bail!(AttributeError, "cannot delete attribute"),
    }
}

/// The four types with this body.
#[macro_export]
macro_rules! stateful_type {
    ($name:ident, $object:ident, $text:literal, decodes $decodes:literal, [$($method:ident),*], [$($param:literal $required:literal),*], $members:expr) => {
        /// One of the types over a codec.
        #[repr(C)]
        pub struct $name(Stateful);
        layout!($name, $object);

        impl $name {
            extern "C" fn tp_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
                static PARAMS: &[taipan_object::args::Param] =
                    &[$(taipan_object::args::Param { name: $param, required: $required }),*];
                static SIG: taipan_object::args::Signature = taipan_object::args::Signature {
                    name: stringify!($name), params: PARAMS, posonly: 0, positional: PARAMS.len(), varargs: false, varkw: false,
                };
                let errors_at = PARAMS.len() - 1;
                taipan_object::args::with_tuple_args(stringify!($name), args, kwargs, |call| {
                    let mut out = [None; 2];
                    taipan_object::args::bind_keywords(&SIG, call, &mut out[..PARAMS.len()])?;
                    let errors = out[errors_at];
                    if let Some(e) = errors && e.downcast::<Str>().is_none() {
                        bail!(TypeError, "{}() argument {} must be str, not {}", stringify!($name), errors_at + 1, e.ty().name_str());
                    }
                    let stream = if errors_at == 1 { out[0] } else { None };
                    Ok(new_instance(cls, $name(Stateful::new(cls, $decodes, stream, errors)?))?.into_obj())
                })
            }

            extern "C" fn tp_init(_: &Object, _: &Object, _: Option<&Object>) -> std::ffi::c_int {
                0
            }

            extern "C" fn tp_traverse(o: &Object, visit: VisitProc, arg: *mut std::ffi::c_void) -> std::ffi::c_int {
                let s = &o.cast::<$name>().0;
                visit!(s.stream, visit, arg);
                visit!(s.errors, visit, arg);
                0
            }

            extern "C" fn tp_clear(o: &Object) -> std::ffi::c_int {
                o.cast::<$name>().0.stream.set(None);
                0
            }

            fn get_errors(this: &$name) -> Obj {
                $crate::multibytecodec::stateful::get_errors(&this.0)
            }

            fn set_errors(this: &$name, value: Option<&Object>) -> PyResult<()> {
                $crate::multibytecodec::stateful::set_errors(&this.0, value)
            }
        }

        /// The type.
        pub static $object: Type = Type::with_flags(
            TypeDef {
                name: $text,
                basicsize: size_of::<$name>(),
                flags: flags::BASETYPE | flags::HAVE_GC | flags::IMMUTABLETYPE,
                dealloc: Some(dealloc_of::<$name>),
                traverse: Some($name::tp_traverse),
                clear: Some($name::tp_clear),
                methods: methods![$($method),*],
                getset: getsets![getset!(c"errors", $name::get_errors, $name::set_errors)],
                members: $members,
                init: Some($name::tp_init),
                new: Some($name::tp_new),
                ..TypeDef::EMPTY
            },
            0,
        );
    };
}
