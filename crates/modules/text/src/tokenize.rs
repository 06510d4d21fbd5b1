//! `_tokenize`: the tokens of a source, for the module `tokenize`.
//!
//! All lines are read when the first token is asked for.

use std::cell::{Cell, RefCell};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{Param, Signature, receiver};
use taipan_object::codecs::decode_bytes;
use taipan_object::error::{raise_fmt, raise_instance, to_iternext};
use taipan_object::native::bind;
use taipan_object::typeobj::ready::ready;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Raised, Ref, Type, TypeDef, bail, flags, layout};
use taipan_syntax::tokenize::Tokenize;
use taipan_syntax::{ErrorKind, SyntaxError};

/// The tokens of a text, with that text.
struct Source {
    // Before the text, which it borrows from: fields are dropped in order.
    tokens: Tokenize<'static>,
    _text: Box<str>,
}

impl Source {
    fn new(text: String, extra: bool) -> Source {
        let text = text.into_boxed_str();
        // SAFETY: the boxed text stays where it is, and lives as long as the tokens, which do not leave this struct.
        let borrowed: &'static str = unsafe { &*std::ptr::from_ref::<str>(&text) };
        Source { tokens: Tokenize::new(borrowed, extra), _text: text }
    }
}

/// `_tokenize.TokenizerIter`
#[repr(C)]
pub struct TokenizerIter {
    ob_base: Object,
    readline: ObjCell,
    encoding: ObjCell,
    extra: Cell<bool>,
    done: Cell<bool>,
    source: RefCell<Option<Box<Source>>>,
    /// The line of the last token, with where it stands in the text.
    line: ObjCell,
    line_at: Cell<(usize, usize)>,
}
layout!(TokenizerIter, TokenizerIter_Type);

extern "C" fn tokenizer_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = Signature {
        name: "tokenizeriter",
        params: &[
            Param { name: "readline", required: true },
            Param { name: "extra_tokens", required: true },
            Param { name: "encoding", required: false },
        ],
        posonly: 0,
        positional: 1,
        varargs: false,
        varkw: false,
    };
    bind(&SIG, args, kwargs, |[readline, extra, encoding]: [Option<&Object>; 3]| {
        let extra = receiver(extra).is_true()?;
        if let Some(e) = encoding
            && e.downcast::<Str>().is_none()
        {
            bail!(TypeError, "tokenizeriter() argument 'encoding' must be str, not {}", e.ty().name_str());
        }
        let body = TokenizerIter {
            ob_base: Object::placeholder(),
            readline: ObjCell::new(receiver(readline).to_obj()),
            encoding: ObjCell::from_opt(encoding.map(Object::to_obj)),
            extra: Cell::new(extra),
            done: Cell::new(false),
            source: RefCell::new(None),
            line: ObjCell::empty(),
            line_at: Cell::new((0, 0)),
        };
        Ok(new_instance(cls, body)?.into_obj())
    })
}

/// All lines that `readline` answers, up to an empty one or `StopIteration`.
fn read_all(readline: &Object, encoding: Option<&Str>) -> PyResult<String> {
    let mut text = String::new();
    loop {
        let line = match readline.call_noargs() {
            Ok(l) => l,
            Err(e) => {
                e.recover(exceptions::StopIteration, ())?;
                return Ok(text);
            }
        };
        let decoded;
        let line: &Str = match encoding {
            Some(e) => {
                let Some(b) = line.downcast::<Bytes>() else {
                    bail!(TypeError, "readline() returned a non-bytes object");
                };
                decoded = decode_bytes(b.as_slice(), e.to_utf8()?, "replace")?;
                &decoded
            }
            None => match line.downcast() {
                Some(s) => s,
                None => bail!(TypeError, "readline() returned a non-string object"),
            },
        };
        if line.is_empty() {
            return Ok(text);
        }
        text.push_str(line.to_utf8()?);
    }
}

#[cold]
fn raise_syntax_error(e: &SyntaxError) -> Raised {
    let ty = match e.kind {
        ErrorKind::IndentationError => exceptions::IndentationError,
        ErrorKind::TabError => exceptions::TabError,
        ErrorKind::MemoryError => exceptions::MemoryError,
        ErrorKind::ValueError => exceptions::ValueError,
        ErrorKind::OverflowError => exceptions::OverflowError,
        _ => exceptions::SyntaxError,
    };
    let Some(at) = &e.location else { return raise_fmt(ty, format_args!("{}", e.msg)) };
    let int = |n: i64| Int::from_i64(n).into_obj();
    let nothing = || none().to_obj();
    let indentation = matches!(e.kind, ErrorKind::IndentationError | ErrorKind::TabError);
    let (end_line, end) =
        if indentation { (nothing(), nothing()) } else { (int(at.end_lineno.into()), int(at.end_offset)) };
    let details = Tuple::from_vec(vec![
        Str::from_utf8("<string>").into_obj(),
        int(at.lineno.into()),
        int(at.offset),
        at.text.as_ref().map_or_else(nothing, |t| Str::from_utf8(t).into_obj()),
        end_line,
        end,
    ]);
    match ty.as_object().call(&[&Str::from_utf8(&e.msg), &details]) {
        Ok(e) => raise_instance(e),
        Err(e) => e,
    }
}

fn position((line, column): (u32, u32)) -> Obj {
    Tuple::from_vec(vec![Int::from_i64(line.into()).into_obj(), Int::from_i64(column.into()).into_obj()]).into_obj()
}

fn next_token(this: &TokenizerIter) -> PyResult<Option<Obj>> {
    if this.done.get() {
        return Ok(None);
    }
    if this.source.borrow().is_none() {
        let encoding = this.encoding.get_owned();
        let Some(readline) = this.readline.get_owned() else { return Ok(None) };
        let text = read_all(&readline, encoding.as_ref().map(|e| e.cast()))?;
        *this.source.borrow_mut() = Some(Box::new(Source::new(text, this.extra.get())));
    }
    let mut source = this.source.borrow_mut();
    let Some(source) = source.as_mut() else { return Ok(None) };
    let Some(token) = source.tokens.next() else {
        this.done.set(true);
        return Ok(None);
    };
    let token = token.map_err(|e| {
        this.done.set(true);
        raise_syntax_error(&e)
    })?;
    let at = (token.line.as_ptr() as usize, token.line.len());
    let line = match this.line.get_owned() {
        Some(l) if this.line_at.get() == at => l,
        _ => {
            let l = Str::from_utf8(token.line).into_obj();
            this.line.set(Some(l.clone()));
            this.line_at.set(at);
            l
        }
    };
    let made: Ref<Tuple> = Tuple::from_vec(vec![
        Int::from_i64(token.number(!this.extra.get()).into()).into_obj(),
        Str::from_utf8(token.string).into_obj(),
        position(token.start),
        position(token.end),
        line,
    ]);
    Ok(Some(made.into_obj()))
}

extern "C" fn tokenizer_next(o: &Object) -> Option<Obj> {
    to_iternext(next_token(o.cast()))
}

extern "C" fn tokenizer_iter(o: &Object) -> PyResult {
    Ok(o.to_obj())
}

/// `_tokenize.TokenizerIter`
pub static TokenizerIter_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_tokenize.TokenizerIter",
        basicsize: size_of::<TokenizerIter>(),
        flags: flags::IMMUTABLETYPE,
        dealloc: Some(dealloc_of::<TokenizerIter>),
        new: Some(tokenizer_new),
        iter: Some(tokenizer_iter),
        iternext: Some(tokenizer_next),
        ..TypeDef::EMPTY
    },
    0,
);

fn exec(m: &Module) -> PyResult<()> {
    ready(&TokenizerIter_Type)?;
    m.add("TokenizerIter", TokenizerIter_Type.as_object())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef { name: "_tokenize", doc: "", methods: None, exec };
