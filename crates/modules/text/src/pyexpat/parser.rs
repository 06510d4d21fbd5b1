//! `xmlparser`.

use super::dispatch;
use super::handlers::{COUNT, Handler, ROWS, WANTS, truth};
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::Given;
use taipan_object::buffer::Buffer;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Ref, Type, TypeDef, bail, flags, intern, layout, members, method, methods,
    native, visit,
};
use taipan_xml::{Code, ParamEntities, Parser};

/// A parser.
#[repr(C)]
pub struct XmlParser {
    ob_base: Object,
    /// The dict of the names seen, or nothing.
    pub(super) intern: ObjCell,
    handlers: [ObjCell; COUNT],
    /// Which of the two default handlers was set last.
    default: Cell<Handler>,
    pub(super) inner: RefCell<Box<Parser>>,
    /// The names of the parser's table as objects.
    pub(super) names: RefCell<Vec<Option<Obj>>>,
    pub(super) buffer: RefCell<Vec<u8>>,
    pub(super) buffer_size: Cell<usize>,
    pub(super) buffer_text: Cell<bool>,
    pub(super) ordered: Cell<bool>,
    pub(super) specified: Cell<bool>,
    prefixes: Cell<bool>,
    /// In a handler.
    pub(super) in_callback: Cell<bool>,
    code: Cell<i32>,
}
layout!(XmlParser, XmlParser_Type);

/// A new parser.
pub fn make(inner: Parser, intern: Option<Obj>) -> PyResult {
    let body = XmlParser {
        ob_base: Object::placeholder(),
        intern: intern.map_or_else(ObjCell::empty, ObjCell::new),
        handlers: std::array::from_fn(|_| ObjCell::empty()),
        default: Cell::new(Handler::Default),
        inner: RefCell::new(Box::new(inner)),
        names: RefCell::new(Vec::new()),
        buffer: RefCell::new(Vec::new()),
        buffer_size: Cell::new(8192),
        buffer_text: Cell::new(false),
        ordered: Cell::new(false),
        specified: Cell::new(false),
        prefixes: Cell::new(false),
        in_callback: Cell::new(false),
        code: Cell::new(0),
    };
    Ok(new_object(body).into_obj())
}

impl XmlParser {
    /// The handler, if it is set.
    pub fn handler(&self, which: Handler) -> Option<Obj> {
        self.handlers[which as usize].get_owned()
    }

    /// Sets or, with `None`, takes away a handler.
    pub fn set_handler(&self, which: Handler, value: &Object) -> PyResult<()> {
        if which == Handler::CharacterData {
            // What was collected belongs to the old one.
            dispatch::flush(self)?;
        }
        self.handlers[which as usize].set((!value.is_none()).then(|| value.to_obj()));
        if matches!(which, Handler::Default | Handler::DefaultExpand) {
            self.default.set(which);
        }
        self.update_wants();
        Ok(())
    }

    fn update_wants(&self) {
        let mut bits = 0;
        for (i, h) in self.handlers.iter().enumerate() {
            let is_default = i == Handler::Default as usize || i == Handler::DefaultExpand as usize;
            if !h.is_empty() && (!is_default || self.default.get() as usize == i) {
                bits |= WANTS[i];
            }
        }
        self.inner.borrow_mut().wants = bits;
    }

    /// The default handler in use.
    pub fn default_handler(&self) -> Option<Obj> {
        self.handler(self.default.get())
    }

    /// Takes all handlers away: one of them has raised.
    pub fn clear_handlers(&self) {
        for h in &self.handlers {
            h.set(None);
        }
        self.inner.borrow_mut().wants = 0;
    }

    /// An error of the parser as an exception, at the current place.
    pub fn error(&self, code: Code) -> Raised {
        self.code.set(code.number());
        let (line, column, _) = self.inner.borrow().place();
        error(code, &format!("{}: line {line}, column {column}", code.text()), line, column)
    }

    /// Feeds a piece, and calls what handlers it calls for.
    fn feed(&self, data: &[u8], last: bool) -> PyResult<()> {
        let fed = self.inner.borrow_mut().feed(data, last);
        match fed {
            Ok(()) => dispatch::run(self),
            Err(code) => Err(self.error(code)),
        }
    }

    fn invalid_argument(&self, message: &str) -> Raised {
        let (line, column, _) = self.inner.borrow().place();
        error(Code::InvalidArgument, message, line, column)
    }
}

/// `ExpatError` with its attributes.
fn error(code: Code, message: &str, line: u64, column: u64) -> Raised {
    let e = native::raise_named("xml.parsers.expat.ExpatError", message).take();
    let set = || -> PyResult<()> {
        e.set_attr(intern!("code"), &Int::from_i64(code.number().into()))?;
        e.set_attr(intern!("offset"), &Int::from_u64(column))?;
        e.set_attr(intern!("lineno"), &Int::from_u64(line))
    };
    match set() {
        Ok(()) => taipan_object::error::restore(e),
        Err(e) => e,
    }
}

pub(super) fn get_error_code(this: &XmlParser) -> i32 {
    this.code.get()
}

pub(super) fn get_line(this: &XmlParser) -> u64 {
    this.inner.borrow().place().0
}

pub(super) fn get_column(this: &XmlParser) -> u64 {
    this.inner.borrow().place().1
}

pub(super) fn get_byte(this: &XmlParser) -> i64 {
    this.inner.borrow().place().2
}

pub(super) fn get_buffer_size(this: &XmlParser) -> usize {
    this.buffer_size.get()
}

pub(super) fn set_buffer_size(this: &XmlParser, value: Option<&Object>) -> PyResult<()> {
    let Some(value) = value else { bail!(RuntimeError, "Cannot delete attribute") };
    let Some(n) = value.downcast::<Int>() else { bail!(TypeError, "buffer_size must be an integer") };
    let n = match n.to_i64() {
        Some(n) => n,
        None if n.is_negative() => -1,
        None => i64::MAX,
    };
    if n <= 0 {
        bail!(ValueError, "buffer_size must be greater than zero");
    }
    if n > i64::from(i32::MAX) {
        bail!(ValueError, "buffer_size must not be greater than {}", i32::MAX);
    }
    if this.buffer_size.get() != n as usize && this.buffer_text.get() {
        dispatch::flush(this)?;
    }
    this.buffer_size.set(n as usize);
    Ok(())
}

pub(super) fn get_buffer_text(this: &XmlParser) -> bool {
    this.buffer_text.get()
}

pub(super) fn set_buffer_text(this: &XmlParser, value: Option<&Object>) -> PyResult<()> {
    let yes = truth(value)?;
    if !yes {
        dispatch::flush(this)?;
    }
    this.buffer_text.set(yes);
    Ok(())
}

pub(super) fn get_buffer_used(this: &XmlParser) -> usize {
    this.buffer.borrow().len()
}

pub(super) fn get_prefixes(this: &XmlParser) -> bool {
    this.prefixes.get()
}

pub(super) fn set_prefixes(this: &XmlParser, value: Option<&Object>) -> PyResult<()> {
    let yes = truth(value)?;
    this.prefixes.set(yes);
    this.inner.borrow_mut().triplets = yes;
    Ok(())
}

pub(super) fn get_ordered(this: &XmlParser) -> bool {
    this.ordered.get()
}

pub(super) fn set_ordered(this: &XmlParser, value: Option<&Object>) -> PyResult<()> {
    this.ordered.set(truth(value)?);
    Ok(())
}

pub(super) fn get_specified(this: &XmlParser) -> bool {
    this.specified.get()
}

pub(super) fn set_specified(this: &XmlParser, value: Option<&Object>) -> PyResult<()> {
    this.specified.set(truth(value)?);
    Ok(())
}

/// Parses a piece of XML, the last if isfinal is true.
#[method(name = "Parse", signature = "(data, isfinal=False, /)")]
fn parse(this: &XmlParser, data: &Object, isfinal: Option<&Object>) -> PyResult<i64> {
    let last = match isfinal {
        Some(o) => o.is_true()?,
        None => false,
    };
    if let Some(text) = data.downcast::<Str>() {
        let text = text.to_utf8()?;
        this.inner.borrow_mut().set_encoding("utf-8");
        this.feed(text.as_bytes(), last)?;
    } else {
        let buffer = Buffer::get(data)?;
        this.feed(buffer.as_slice(), last)?;
    }
    Ok(1)
}

/// Parses XML from an object with a read method.
#[method(name = "ParseFile", signature = "(file, /)")]
fn parse_file(this: &XmlParser, file: &Object) -> PyResult<i64> {
    const PIECE: usize = 2048;
    let Some(read) = file.get_attr_opt(intern!("read"))? else {
        bail!(TypeError, "argument must have 'read' attribute")
    };
    let size = Int::from_usize(PIECE);
    // A parser that has ended says so before anything is read.
    loop {
        let piece = read.call(&[&size])?;
        let data = if let Some(b) = piece.downcast::<Bytes>() {
            b.as_slice().to_vec()
        } else if piece.downcast::<ByteArray>().is_some() {
            Buffer::get(&piece)?.as_slice().to_vec()
        } else {
            bail!(TypeError, "read() did not return a bytes object (type={})", piece.ty().name_str())
        };
        if data.len() > PIECE {
            bail!(ValueError, "read() returned too much data: {PIECE} bytes requested, {} returned", data.len());
        }
        this.feed(&data, data.is_empty())?;
        if data.is_empty() {
            return Ok(1);
        }
    }
}

/// Sets the base that handlers get for relative addresses.
#[method(name = "SetBase", signature = "(base, /)")]
fn set_base(this: &XmlParser, base: &Str) -> PyResult<()> {
    this.inner.borrow_mut().set_base(base.to_utf8()?);
    Ok(())
}

/// Returns the base.
#[method(name = "GetBase", signature = "()")]
fn get_base(this: &XmlParser) -> Option<String> {
    this.inner.borrow().base().map(|b| b.to_string())
}

/// In a handler, returns the input from the current event on.
#[method(name = "GetInputContext", signature = "()")]
fn get_input_context(this: &XmlParser) -> Option<Ref<Bytes>> {
    if !this.in_callback.get() {
        return None;
    }
    this.inner.borrow().context().map(Bytes::new)
}

/// Returns a parser for an external entity.
#[method(name = "ExternalEntityParserCreate", signature = "(context, encoding=<unrepresentable>, /)")]
fn external_entity_parser_create(this: &XmlParser, context: Option<&Str>, encoding: Given<&Str>) -> PyResult {
    let context = context.map(Str::to_utf8).transpose()?;
    let encoding = encoding.0.map(Str::to_utf8).transpose()?;
    let inner = this.inner.borrow().external(context, encoding);
    let made = make(inner, this.intern.get_owned())?;
    let new: &XmlParser = made.cast();
    new.buffer_size.set(this.buffer_size.get());
    new.buffer_text.set(this.buffer_text.get());
    new.ordered.set(this.ordered.get());
    new.specified.set(this.specified.get());
    new.prefixes.set(this.prefixes.get());
    new.default.set(this.default.get());
    for (to, from) in new.handlers.iter().zip(&this.handlers) {
        to.set(from.get_owned());
    }
    new.update_wants();
    Ok(made)
}

/// Sets when external parameter entities are parsed; returns whether that could be done.
#[method(name = "SetParamEntityParsing", signature = "(flag, /)")]
fn set_param_entity_parsing(this: &XmlParser, flag: c_int) -> i64 {
    let when = match flag {
        0 => ParamEntities::Never,
        1 => ParamEntities::UnlessStandalone,
        2 => ParamEntities::Always,
        _ => return 0,
    };
    this.inner.borrow_mut().set_param_entities(when).into()
}

/// Makes the parser ask for an external subset where the document has none.
#[method(name = "UseForeignDTD", signature = "(flag=True, /)")]
fn use_foreign_dtd(this: &XmlParser, flag: Option<&Object>) -> PyResult<()> {
    let yes = flag.map_or(Ok(true), Object::is_true)?;
    let done = this.inner.borrow_mut().set_foreign_dtd(yes);
    if done { Ok(()) } else { Err(this.error(Code::CantChangeFeatureOnceParsing)) }
}

/// Sets whether a token that is not complete waits for much more input.
#[method(name = "SetReparseDeferralEnabled", signature = "(enabled, /)")]
fn set_reparse_deferral(this: &XmlParser, enabled: &Object) -> PyResult<()> {
    let yes = enabled.is_true()?;
    this.inner.borrow_mut().defer = yes;
    Ok(())
}

/// Returns whether a token that is not complete waits for much more input.
#[method(name = "GetReparseDeferralEnabled", signature = "()")]
fn get_reparse_deferral(this: &XmlParser) -> bool {
    this.inner.borrow().defer
}

fn root(this: &XmlParser) -> PyResult<()> {
    if this.inner.borrow().is_external() {
        return Err(this.invalid_argument("parser must be a root parser"));
    }
    Ok(())
}

fn factor(this: &XmlParser, max_factor: f64) -> PyResult<f32> {
    root(this)?;
    if max_factor.is_nan() || (max_factor as f32) < 1.0 {
        return Err(this.invalid_argument("'max_factor' must be at least 1.0"));
    }
    Ok(max_factor as f32)
}

fn threshold(this: &XmlParser, threshold: &Object) -> PyResult<u64> {
    let n = taipan_object::protocol::number::index(threshold)?;
    if n.is_negative() {
        bail!(ValueError, "Cannot convert negative int");
    }
    let Some(n) = n.to_u64() else { bail!(OverflowError, "Python int too large to convert to C unsigned long long") };
    root(this)?;
    Ok(n)
}

/// Sets how far entities may blow up the input.
#[method(name = "SetBillionLaughsAttackProtectionMaximumAmplification", signature = "(max_factor, /)")]
fn set_blap_factor(this: &XmlParser, max_factor: f64) -> PyResult<()> {
    let f = factor(this, max_factor)?;
    this.inner.borrow_mut().set_max_amplification(f);
    Ok(())
}

/// Sets how many bytes there must be before amplification counts.
#[method(name = "SetBillionLaughsAttackProtectionActivationThreshold", signature = "(threshold, /)")]
fn set_blap_threshold(this: &XmlParser, threshold: &Object) -> PyResult<()> {
    let n = self::threshold(this, threshold)?;
    this.inner.borrow_mut().set_amplification_threshold(n);
    Ok(())
}

/// Sets how much memory the parser may take for each byte of the input.
#[method(name = "SetAllocTrackerMaximumAmplification", signature = "(max_factor, /)")]
fn set_alloc_factor(this: &XmlParser, max_factor: f64) -> PyResult<()> {
    let f = factor(this, max_factor)?;
    this.inner.borrow_mut().set_max_allocation(f);
    Ok(())
}

/// Sets how much memory the parser must have taken before the factor counts.
#[method(name = "SetAllocTrackerActivationThreshold", signature = "(threshold, /)")]
fn set_alloc_threshold(this: &XmlParser, threshold: &Object) -> PyResult<()> {
    let n = self::threshold(this, threshold)?;
    this.inner.borrow_mut().set_allocation_threshold(n);
    Ok(())
}

extern "C" fn parser_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let p: &XmlParser = o.cast();
    for h in &p.handlers {
        visit!(*h, visit, arg);
    }
    visit!(p.intern, visit, arg);
    0
}

extern "C" fn parser_clear(o: &Object) -> c_int {
    let p: &XmlParser = o.cast();
    p.clear_handlers();
    p.intern.set(None);
    0
}

/// `pyexpat.xmlparser`
pub static XmlParser_Type: Type = Type::with_flags(
    TypeDef {
        name: c"pyexpat.xmlparser",
        doc: Some(c"XML parser"),
        basicsize: size_of::<XmlParser>(),
        flags: flags::HAVE_GC | flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<XmlParser>),
        traverse: Some(parser_traverse),
        clear: Some(parser_clear),
        methods: methods![
            parse,
            parse_file,
            set_base,
            get_base,
            get_input_context,
            external_entity_parser_create,
            set_param_entity_parsing,
            use_foreign_dtd,
            set_reparse_deferral,
            get_reparse_deferral,
            set_blap_factor,
            set_blap_threshold,
            set_alloc_factor,
            set_alloc_threshold,
        ],
        members: members![MemberDef::new(c"intern", member::OBJECT, offset_of!(XmlParser, intern), member::READONLY)],
        getset: Some(ROWS),
        ..TypeDef::EMPTY
    },
    0,
);
