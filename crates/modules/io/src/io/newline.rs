//! Line ends: recognising and translating them piece by piece, and the class `IncrementalNewlineDecoder`.

use crate::support::{bind_init, param};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::Signature;
use taipan_object::error::PyResult;
use taipan_object::header::{ObjCell, Object, Ref};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::none;
use taipan_object::types::str::{Str, StrBuilder, StrData};
use taipan_object::types::tuple::Tuple;
use taipan_object::{bail, getset, getsets, intern, layout, method, methods, visit, with_units};

const CR: u8 = 1;
const LF: u8 = 2;
const CRLF: u8 = 4;

/// What is remembered between two pieces of text.
#[derive(Default)]
pub struct Newlines {
    /// Whether every line end becomes a line feed.
    pub translate: Cell<bool>,
    /// A carriage return at the end of the last piece was kept back.
    pub pending_cr: Cell<bool>,
    /// The kinds of line ends seen.
    seen: Cell<u8>,
}

/// The first line feed or carriage return at or after `from`.
#[inline]
fn find_end<T: Copy + Into<u32> + PartialEq>(u: &[T], from: usize) -> Option<(usize, bool)> {
    u[from..].iter().position(|&c| c.into() == 10 || c.into() == 13).map(|i| (from + i, u[from + i].into() == 13))
}

impl Newlines {
    /// Takes in one piece. `last` says that no other follows.
    pub fn decode(&self, text: Ref<Str>, last: bool) -> Ref<Str> {
        let mut text = text;
        if self.pending_cr.get() && (last || !text.is_empty()) {
            let mut b = StrBuilder::with_capacity(text.len() + 1);
            b.push_char(13);
            b.push_pystr(&text);
            text = b.finish();
            self.pending_cr.set(false);
        }
        if !last && !text.is_empty() && text.char_at(text.len() - 1) == 13 {
            // Kept back even when nothing is translated: a line then ends in one piece.
            text = text.substring(0, text.len() - 1);
            self.pending_cr.set(true);
        }
        if let StrData::Latin1(u) = text.data()
            && memchr::memchr(b'\r', u).is_none()
        {
            if self.seen.get() & LF == 0 && memchr::memchr(b'\n', u).is_some() {
                self.seen.set(self.seen.get() | LF);
            }
            return text;
        }
        self.scan(text)
    }

    #[cold]
    fn scan(&self, text: Ref<Str>) -> Ref<Str> {
        let mut seen = self.seen.get();
        let translate = self.translate.get();
        let mut out = StrBuilder::with_capacity(if translate { text.len() } else { 0 });
        let mut start = 0;
        with_units!(text, |u| {
            let mut i = 0;
            while let Some((at, cr)) = find_end(u, i) {
                i = at + 1;
                if !cr {
                    seen |= LF;
                    continue;
                }
                let pair = u.get(i).is_some_and(|c| *c == 10);
                seen |= if pair { CRLF } else { CR };
                if pair {
                    i += 1;
                }
                if translate {
                    out.push_substring(&text, start, at);
                    out.push_char(10);
                    start = i;
                }
            }
        });
        self.seen.set(seen);
        if !translate || start == 0 {
            return text;
        }
        out.push_substring(&text, start, text.len());
        out.finish()
    }

    /// The attribute `newlines`.
    pub fn newlines(&self) -> PyResult {
        let all: [(u8, &Object); 3] = [(CR, intern!("\r")), (LF, intern!("\n")), (CRLF, intern!("\r\n"))];
        let found: Vec<&Object> = all.iter().filter(|(bit, _)| self.seen.get() & bit != 0).map(|(_, s)| *s).collect();
        Ok(match found[..] {
            [] => none::none_obj(),
            [one] => one.to_obj(),
            _ => Tuple::new(&found).into_obj(),
        })
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.seen.set(0);
        self.pending_cr.set(false);
    }
}

/// How lines end for a reader.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnd {
    /// At line feeds: the text is translated already, or that is what was asked for.
    #[default]
    Lf,
    /// At line feeds, carriage returns, and pairs of them.
    Universal,
    /// At carriage returns.
    Cr,
    /// At pairs.
    CrLf,
}

/// Where the first line of `d` that starts at `from` ends, or where a search may go on when more text comes.
pub fn find_line_end(d: StrData<'_>, from: usize, end: LineEnd) -> Result<usize, usize> {
    fn narrow(u: &[u8], from: usize, byte: u8) -> Option<usize> {
        memchr::memchr(byte, &u[from..]).map(|i| from + i + 1)
    }
    fn any<T: Copy + Into<u32> + PartialEq>(u: &[T], from: usize, end: LineEnd) -> Result<usize, usize> {
        let one = |c: u32| u[from..].iter().position(|&x| x.into() == c).map(|i| from + i + 1).ok_or(u.len());
        match end {
            LineEnd::Lf => one(10),
            LineEnd::Cr => one(13),
            LineEnd::Universal => match find_end(u, from) {
                Some((i, true)) if u.get(i + 1).is_some_and(|&c| c.into() == 10) => Ok(i + 2),
                Some((i, _)) => Ok(i + 1),
                None => Err(u.len()),
            },
            LineEnd::CrLf => {
                let mut i = from;
                while let Some(k) = u[i..].iter().position(|&x| x.into() == 13) {
                    match u.get(i + k + 1) {
                        Some(&c) if c.into() == 10 => return Ok(i + k + 2),
                        Some(_) => i += k + 1,
                        None => return Err(i + k),
                    }
                }
                Err(u.len())
            }
        }
    }
    match d {
        StrData::Latin1(u) => match end {
            LineEnd::Lf => narrow(u, from, b'\n').ok_or(u.len()),
            LineEnd::Cr => narrow(u, from, b'\r').ok_or(u.len()),
            _ => any(u, from, end),
        },
        StrData::Ucs2(u) => any(u, from, end),
        StrData::Ucs4(u) => any(u, from, end),
    }
}

/// The argument `newline` of text streams.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NewlineMode {
    /// `None`: any line end is read as a line feed.
    Translate,
    /// `''`: any line end ends a line, untranslated.
    Untranslated,
    /// `'\n'`.
    Lf,
    /// `'\r'`.
    Cr,
    /// `'\r\n'`.
    CrLf,
}

impl NewlineMode {
    /// From the argument; `None` when the text is no line end.
    pub fn parse(s: Option<&str>) -> Option<NewlineMode> {
        Some(match s {
            None => NewlineMode::Translate,
            Some("") => NewlineMode::Untranslated,
            Some("\n") => NewlineMode::Lf,
            Some("\r") => NewlineMode::Cr,
            Some("\r\n") => NewlineMode::CrLf,
            _ => return None,
        })
    }

    /// Whether readers recognise every kind.
    pub fn universal(self) -> bool {
        matches!(self, NewlineMode::Translate | NewlineMode::Untranslated)
    }

    /// How lines end for a reader.
    pub fn line_end(self) -> LineEnd {
        match self {
            NewlineMode::Translate | NewlineMode::Lf => LineEnd::Lf,
            NewlineMode::Untranslated => LineEnd::Universal,
            NewlineMode::Cr => LineEnd::Cr,
            NewlineMode::CrLf => LineEnd::CrLf,
        }
    }

    /// What a writer writes for a line feed, where that is something else.
    pub fn written(self) -> Option<&'static str> {
        match self {
            NewlineMode::Cr => Some("\r"),
            NewlineMode::CrLf => Some("\r\n"),
            _ => None,
        }
    }
}

/// Text with every line feed replaced.
pub fn replace_newlines(s: &Str, with: &str) -> Ref<Str> {
    let mut out = StrBuilder::with_capacity(s.len() + 8);
    let mut from = 0;
    while let Ok(end) = find_line_end(s.data(), from, LineEnd::Lf) {
        out.push_substring(s, from, end - 1);
        out.push_str(with);
        from = end;
    }
    if from == 0 {
        return Ref::from_borrowed(s);
    }
    out.push_substring(s, from, s.len());
    out.finish()
}

/// An `IncrementalNewlineDecoder`.
#[repr(C)]
pub struct NewlineDecoder {
    ob_base: Object,
    decoder: ObjCell,
    state: Newlines,
}
layout!(NewlineDecoder, PyIncrementalNewlineDecoder_Type);

impl NewlineDecoder {
    fn decoder(&self) -> PyResult<Option<taipan_object::Obj>> {
        match self.decoder.get_owned() {
            Some(d) => Ok(Some(d).filter(|d| !d.is_none())),
            None => bail!(ValueError, "IncrementalNewlineDecoder.__init__() not called"),
        }
    }
}

/// Decode a piece of input, translating line ends.
#[method(signature = "(input, final=False)")]
fn decode(this: &NewlineDecoder, input: &Object, r#final: bool) -> PyResult {
    let text = match this.decoder()? {
        Some(d) => d.call_method(intern!("decode"), &[input, taipan_object::types::bool_::borrowed(r#final)])?,
        None => input.to_obj(),
    };
    match text.downcast_into::<Str>() {
        Ok(s) => Ok(this.state.decode(s, r#final).into_obj()),
        Err(o) => bail!(TypeError, "decoder should return a string result, not '{}'", o.ty().name_str()),
    }
}

/// Return the undecoded input and the state as a number.
#[method(signature = "()")]
fn getstate(this: &NewlineDecoder) -> PyResult {
    let (buffer, flag) = match this.decoder()? {
        Some(d) => split_state(&*d.call_method(intern!("getstate"), &[])?)?,
        None => (Bytes::empty().into_obj(), Int::zero()),
    };
    let flag = taipan_object::protocol::number::lshift(&flag, &Int::one())?;
    let flag = taipan_object::protocol::number::or(&flag, &Int::from_i64(this.state.pending_cr.get().into()))?;
    Ok(Tuple::from_vec(vec![buffer, flag]).into_obj())
}

/// A decoder's state as its two parts.
pub fn split_state(state: &Object) -> PyResult<(taipan_object::Obj, Ref<Int>)> {
    let Some(t) = state.downcast::<Tuple>() else { bail!(TypeError, "illegal decoder state") };
    if t.len() != 2 {
        bail!(TypeError, "illegal decoder state");
    }
    match t.item(1).downcast::<Int>() {
        Some(i) => Ok((t.item(0).to_obj(), Ref::from_borrowed(i))),
        None => bail!(TypeError, "illegal decoder state"),
    }
}

/// Go back to a state that getstate answered.
#[method(signature = "(state, /)")]
fn setstate(this: &NewlineDecoder, state: &Object) -> PyResult<()> {
    let decoder = this.decoder()?;
    if state.downcast::<Tuple>().is_none() {
        bail!(TypeError, "state argument must be a tuple");
    }
    let Ok((buffer, flag)) = split_state(state).map_err(|e| e.clear()) else {
        bail!(TypeError, "setstate(): illegal state argument");
    };
    this.state.pending_cr.set(flag.low_u64() & 1 != 0);
    if let Some(d) = decoder {
        let flag = taipan_object::protocol::number::rshift(&flag, &Int::one())?;
        d.call_method(intern!("setstate"), &[&Tuple::from_vec(vec![buffer, flag])])?;
    }
    Ok(())
}

/// Forget what was decoded so far.
#[method(signature = "()")]
fn reset(this: &NewlineDecoder) -> PyResult {
    let d = this.decoder()?;
    this.state.reset();
    match d {
        Some(d) => d.call_method(intern!("reset"), &[]),
        None => Ok(none::none_obj()),
    }
}

fn get_newlines(this: &NewlineDecoder) -> PyResult {
    this.decoder()?;
    this.state.newlines()
}

static INIT: Signature = Signature {
    name: "IncrementalNewlineDecoder",
    params: &[param("decoder", true), param("translate", true), param("errors", false)],
    posonly: 0,
    positional: 3,
    varargs: false,
    varkw: false,
};

extern "C" fn decoder_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    bind_init::<3>(&INIT, args, kwargs, |a| {
        let this: &NewlineDecoder = o.cast();
        let translate = a[1].map_or(Ok(false), Object::is_true)?;
        this.decoder.set(a[0].map(Object::to_obj));
        this.state.translate.set(translate);
        this.state.reset();
        Ok(())
    })
}

extern "C" fn decoder_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = NewlineDecoder { ob_base: Object::placeholder(), decoder: ObjCell::empty(), state: Newlines::default() };
    Ok(new_instance(cls, body)?.into_obj())
}

extern "C" fn decoder_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit!(o.cast::<NewlineDecoder>().decoder, visit, arg);
    0
}

extern "C" fn decoder_clear(o: &Object) -> c_int {
    o.cast::<NewlineDecoder>().decoder.set(None);
    0
}

/// `IncrementalNewlineDecoder`.
pub static PyIncrementalNewlineDecoder_Type: Type = Type::new_static(TypeDef {
    name: c"_io.IncrementalNewlineDecoder",
    basicsize: size_of::<NewlineDecoder>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"IncrementalNewlineDecoder(decoder, translate, errors='strict')\n--\n\nA decoder that wraps another (or none, for text) and translates line ends."),
    dealloc: Some(dealloc_of::<NewlineDecoder>),
    traverse: Some(decoder_traverse),
    clear: Some(decoder_clear),
    methods: methods![decode, getstate, setstate, reset],
    getset: getsets![getset!(c"newlines", get_newlines)],
    init: Some(decoder_init),
    new: Some(decoder_new),
    ..TypeDef::EMPTY
});
