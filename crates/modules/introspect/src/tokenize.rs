//! The module `_tokenize`: the tokens of source text, for `tokenize`.
//!
//! All lines are read when the first token is asked for.

use std::cell::{Cell, RefCell};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::{Param, Signature, absent, bind_keywords, with_tuple_args};
use taipan_object::protocol::iter::self_iter;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, layout};
use taipan_syntax::SyntaxError;
use taipan_syntax::lexer::TokenKind;
use taipan_syntax::tokenize::{TokenInfo, Tokenize};
use taipan_vm::compile::raise_syntax_error;

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef { name: "_tokenize", doc: "", methods: None, exec };

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&TokenizerIter_Type)
}

/// The tokens found, in reverse, and what stands after the last.
struct Found {
    tokens: Vec<Obj>,
    error: Option<SyntaxError>,
}

#[repr(C)]
struct TokenizerIter {
    ob_base: Object,
    readline: ObjCell,
    encoding: RefCell<Option<String>>,
    extra_tokens: Cell<bool>,
    found: RefCell<Option<Found>>,
}
layout!(TokenizerIter, TokenizerIter_Type);

extern "C" fn tokenizer_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = Signature {
        name: "tokenizeriter",
        params: &[
            Param { name: "", required: true },
            Param { name: "extra_tokens", required: true },
            Param { name: "encoding", required: false },
        ],
        posonly: 1,
        positional: 1,
        varargs: false,
        varkw: false,
    };
    with_tuple_args("tokenizeriter", args, kwargs, |call| {
        let mut out = [None; 3];
        bind_keywords(&SIG, call, &mut out)?;
        let encoding = match out[2].filter(|e| !e.is_none()) {
            None => None,
            Some(e) => match e.downcast::<Str>() {
                Some(s) => Some(s.to_utf8()?.to_owned()),
                None => bail!(TypeError, "tokenizeriter() argument 'encoding' must be str, not {}", e.ty().name_str()),
            },
        };
        let extra = match out[1] {
            Some(e) => e.is_true()?,
            None => absent(),
        };
        Ok(new_object(TokenizerIter {
            ob_base: Object::placeholder(),
            readline: ObjCell::from_opt(out[0].map(|o| o.to_obj())),
            encoding: RefCell::new(encoding),
            extra_tokens: Cell::new(extra),
            found: RefCell::new(None),
        })
        .into_obj())
    })
}

/// All lines, up to an empty one or `StopIteration`.
fn read_all(readline: &Object, encoding: Option<&str>) -> PyResult<String> {
    let mut text = String::new();
    loop {
        let line = match readline.call_noargs() {
            Ok(l) => l,
            Err(e) => {
                e.recover(exceptions::StopIteration, ())?;
                return Ok(text);
            }
        };
        let decoded = match encoding {
            Some(encoding) => {
                if line.downcast::<Bytes>().is_none() {
                    bail!(TypeError, "readline() returned a non-bytes object");
                }
                taipan_object::codecs::decode_text(&line, encoding, "replace")?
            }
            None => line,
        };
        let Some(s) = decoded.downcast::<Str>() else { bail!(TypeError, "readline() returned a non-string object") };
        if s.is_empty() {
            return Ok(text);
        }
        text.push_str(s.to_utf8()?);
    }
}

fn find(text: &str, extra_tokens: bool) -> Found {
    let mut found = Found { tokens: Vec::new(), error: None };
    let mut tokens = Vec::new();
    for token in Tokenize::new(text, extra_tokens) {
        match token {
            Ok(t) => tokens.push(t),
            Err(e) => {
                found.error = Some(e);
                break;
            }
        }
    }
    if !extra_tokens {
        hide_places(&mut tokens);
    }
    // Tokens of one line share the line's string.
    let mut last: Option<(&str, Ref<Str>)> = None;
    for t in &tokens {
        let line = match &last {
            Some((l, s)) if std::ptr::eq(*l, t.line) => s.clone(),
            _ => Str::from_utf8(t.line),
        };
        last = Some((t.line, line.clone()));
        let place = |(row, column): (u32, u32)| {
            Tuple::new(&[&Int::from_i64(row as i64), &Int::from_i64(column as i32 as i64)]).into_obj()
        };
        let number = Int::from_i64(t.number(!extra_tokens) as i64).into_obj();
        let string = Str::from_utf8(t.string).into_obj();
        let items = vec![number, string, place(t.start), place(t.end), line.into_obj()];
        found.tokens.push(Tuple::from_vec(items).into_obj());
    }
    found.tokens.reverse();
    found
}

/// What stands nowhere in the text has column -1, and after the last line that line.
fn hide_places(tokens: &mut [TokenInfo<'_>]) {
    let nowhere = |k: TokenKind| matches!(k, TokenKind::Indent | TokenKind::Dedent | TokenKind::EndMarker);
    let real = tokens.iter().rposition(|t| !nowhere(t.kind));
    let last = real.map(|i| (i, tokens[i].start.0, tokens[i].line));
    for (i, t) in tokens.iter_mut().enumerate().filter(|(_, t)| nowhere(t.kind)) {
        let mut row = t.start.0;
        if let Some((at, line_number, line)) = last
            && i > at
        {
            (row, t.line) = (line_number, line);
        }
        (t.start, t.end) = ((row, u32::MAX), (row, u32::MAX));
    }
}

fn next(it: &TokenizerIter) -> PyResult<Option<Obj>> {
    if it.found.borrow().is_none() {
        let Some(readline) = it.readline.get_owned() else { return Ok(None) };
        let encoding = it.encoding.borrow().clone();
        let text = read_all(&readline, encoding.as_deref())?;
        let found = find(&text, it.extra_tokens.get());
        *it.found.borrow_mut() = Some(found);
    }
    let mut found = it.found.borrow_mut();
    let Some(f) = found.as_mut() else { return Ok(None) };
    if let Some(t) = f.tokens.pop() {
        return Ok(Some(t));
    }
    match f.error.take() {
        Some(e) => {
            drop(found);
            Err(raise_syntax_error(&e, "<string>"))
        }
        None => Ok(None),
    }
}

extern "C" fn tokenizer_next(o: &Object) -> Option<Obj> {
    taipan_object::error::to_iternext(next(o.cast()))
}

#[allow(non_upper_case_globals)]
static TokenizerIter_Type: Type = Type::new_static(TypeDef {
    name: c"_tokenize.TokenizerIter",
    basicsize: size_of::<TokenizerIter>(),
    dealloc: Some(dealloc_of::<TokenizerIter>),
    getattro: Some(taipan_object::protocol::attr::generic_getattro),
    iter: Some(self_iter),
    iternext: Some(tokenizer_next),
    new: Some(tokenizer_new),
    ..TypeDef::EMPTY
});
