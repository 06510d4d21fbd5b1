//! `XMLParser`: text to a target, which is a `TreeBuilder` or anything with its methods.

use super::builder::{self, TreeBuilder, place};
use crate::pyexpat::encodings;
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::rc::Rc;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{Param, Signature, bind_keywords, with_tuple_args};
use taipan_object::buffer::Buffer;
use taipan_object::error::status;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Type, TypeDef, bail, flags, getset, getsets, hooks, intern, layout,
    members, method, methods, native, visit,
};
use taipan_xml::{Code, Event, NameId, Parser, wants};

/// The methods of a target.
const HANDLERS: [&str; 9] = ["start_ns", "end_ns", "start", "data", "end", "comment", "pi", "close", "doctype"];
const START_NS: usize = 0;
const END_NS: usize = 1;
const START: usize = 2;
const DATA: usize = 3;
const END: usize = 4;
const COMMENT: usize = 5;
const PI: usize = 6;
const CLOSE: usize = 7;
const DOCTYPE: usize = 8;

/// A parser.
#[repr(C)]
pub struct XmlParser {
    ob_base: Object,
    target: ObjCell,
    entity: ObjCell,
    handlers: [ObjCell; 9],
    inner: RefCell<Option<Box<Parser>>>,
    /// The names of the parser's table as tags.
    names: RefCell<Vec<Option<Obj>>>,
    /// The target is a `TreeBuilder` itself, and is not called but used.
    direct: Cell<bool>,
}
layout!(XmlParser, XmlParser_Type);

fn position_of(this: &XmlParser) -> (u64, u64) {
    let inner = this.inner.borrow();
    let (line, column, _) = inner.as_ref().map_or((1, 0, 0), |p| p.place());
    (line, column)
}

fn parse_error(this: &XmlParser, code: Code, text: &str) -> Raised {
    let (line, column) = position_of(this);
    let e = native::raise_named("xml.etree.ElementTree.ParseError", &format!("{text}: line {line}, column {column}"))
        .take();
    let set = || -> PyResult<()> {
        e.set_attr(intern!("code"), &Int::from_i64(code.number().into()))?;
        let place = Tuple::new(&[&Int::from_u64(line), &Int::from_u64(column)]);
        e.set_attr(intern!("position"), &place)
    };
    match set() {
        Ok(()) => taipan_object::error::restore(e),
        Err(e) => e,
    }
}

fn text(s: &str) -> Obj {
    Str::from_utf8(s).into_obj()
}

fn or_empty(s: Option<Rc<str>>) -> Obj {
    text(s.as_deref().unwrap_or(""))
}

fn or_none(s: Option<Rc<str>>) -> Obj {
    s.map_or_else(|| none().to_obj(), |s| text(&s))
}

impl XmlParser {
    fn builder(&self) -> Option<Obj> {
        if self.direct.get() { self.target.get_owned() } else { None }
    }

    fn handler(&self, which: usize) -> Option<Obj> {
        self.handlers[which].get_owned()
    }

    fn update_wants(&self) {
        let has = |i: usize| !self.handlers[i].is_empty();
        let mut bits = wants::START | wants::END | wants::CHARACTERS | wants::DEFAULT | wants::START_DOCTYPE;
        let builder = self.builder();
        let reports = |i: usize| builder.as_ref().is_some_and(|b| b.cast::<TreeBuilder>().reports(i));
        if has(START_NS) || reports(place::START_NS) {
            bits |= wants::START_NS;
        }
        if has(END_NS) || reports(place::END_NS) {
            bits |= wants::END_NS;
        }
        if has(COMMENT) {
            bits |= wants::COMMENT;
        }
        if has(PI) {
            bits |= wants::PI;
        }
        if let Some(p) = self.inner.borrow_mut().as_mut() {
            p.wants = bits;
        }
    }

    /// A name as a tag: `{uri}local`.
    fn tag(&self, n: NameId) -> Obj {
        let i = n.0 as usize;
        if let Some(Some(o)) = self.names.borrow().get(i) {
            return o.clone();
        }
        let inner = self.inner.borrow();
        let name = inner.as_ref().map_or("", |p| p.name(n));
        let made = if name.contains('}') { text(&format!("{{{name}")) } else { text(name) };
        let mut names = self.names.borrow_mut();
        if names.len() <= i {
            names.resize(i + 1, None);
        }
        names[i] = Some(made.clone());
        made
    }

    fn attributes(&self) -> PyResult<Option<Obj>> {
        let count = self.inner.borrow().as_ref().map_or(0, |p| p.attributes().len());
        if count == 0 {
            return Ok(None);
        }
        let dict = Dict::with_capacity(count);
        for i in 0..count {
            let (name, value) = {
                let inner = self.inner.borrow();
                let Some(a) = inner.as_ref().and_then(|p| p.attributes().get(i)) else { break };
                (a.name, text(a.value.str()))
            };
            dict.set_item_take2(self.tag(name), value)?;
        }
        Ok(Some(dict.into_obj()))
    }

    fn feed(&self, data: &[u8], last: bool) -> PyResult<()> {
        let fed = match self.inner.borrow_mut().as_mut() {
            Some(p) => p.feed(data, last),
            None => bail!(ValueError, "XMLParser.__init__() wasn't called"),
        };
        if let Err(code) = fed {
            return Err(parse_error(self, code, code.text()));
        }
        loop {
            let event = match self.inner.borrow_mut().as_mut() {
                Some(p) => p.next_event(),
                None => return Ok(()),
            };
            match event {
                Ok(None) => return Ok(()),
                Ok(Some(e)) => {
                    if let Err(e) = self.dispatch(e) {
                        if let Some(p) = self.inner.borrow_mut().as_mut() {
                            p.wants = 0;
                            p.abort();
                        }
                        return Err(e);
                    }
                }
                Err(code) => return Err(parse_error(self, code, code.text())),
            }
        }
    }

    fn dispatch(&self, event: Event) -> PyResult<()> {
        let builder = self.builder();
        let builder: Option<&TreeBuilder> = builder.as_ref().map(|b| b.cast());
        match event {
            Event::Start { name } => {
                let tag = self.tag(name);
                let attributes = self.attributes()?;
                if let Some(b) = builder {
                    b.start_element(&tag, attributes)?;
                } else if let Some(h) = self.handler(START) {
                    h.call(&[&tag, &attributes.unwrap_or_else(|| Dict::new().into_obj())])?;
                }
            }
            Event::End { name } => {
                if let Some(b) = builder {
                    b.end_element()?;
                } else if let Some(h) = self.handler(END) {
                    h.call_one(&self.tag(name))?;
                }
            }
            Event::Characters(t) => self.characters(builder, t.str())?,
            Event::Default(t) => self.default(builder, t.str())?,
            Event::StartNs { prefix, uri } => {
                let (prefix, uri) = (or_empty(prefix), or_empty(uri));
                if let Some(b) = builder {
                    if b.reports(place::START_NS) {
                        b.event(place::START_NS, &Tuple::new(&[&prefix, &uri]))?;
                    }
                } else if let Some(h) = self.handler(START_NS) {
                    h.call(&[&prefix, &uri])?;
                }
            }
            Event::EndNs { prefix } => {
                if let Some(b) = builder {
                    b.event(place::END_NS, none())?;
                } else if let Some(h) = self.handler(END_NS) {
                    h.call_one(&or_empty(prefix))?;
                }
            }
            Event::Comment(t) => {
                let t = text(t.str());
                if let Some(b) = builder {
                    b.comment_node(&t)?;
                } else if let Some(h) = self.handler(COMMENT) {
                    h.call_one(&t)?;
                }
            }
            Event::Pi { target, data } => {
                let (target, data) = (text(target.str()), text(data.str()));
                if let Some(b) = builder {
                    b.pi_node(&target, &data)?;
                } else if let Some(h) = self.handler(PI) {
                    h.call(&[&target, &data])?;
                }
            }
            Event::StartDoctype { name, system, public, .. } => {
                let args: [&Object; 3] = [&text(&name), &or_none(public), &or_none(system)];
                if let Some(h) = self.handler(DOCTYPE) {
                    h.call(&args)?;
                } else if self.ob_base.get_attr_opt(intern!("doctype"))?.is_some() {
                    (hooks::get().warn)(
                        exceptions::RuntimeWarning,
                        "The doctype() method of XMLParser is ignored.  Define doctype() method on the TreeBuilder target.",
                        1,
                    )?;
                }
            }
            Event::UnknownEncoding { name } => {
                let table = encodings::table(&name)?;
                if let Some(p) = self.inner.borrow_mut().as_mut() {
                    p.answer_encoding(Some(table));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn characters(&self, builder: Option<&TreeBuilder>, s: &str) -> PyResult<()> {
        if let Some(b) = builder {
            b.add_text(s);
        } else if let Some(h) = self.handler(DATA) {
            h.call_one(&text(s))?;
        }
        Ok(())
    }

    /// What nobody took: references to entities among it.
    fn default(&self, builder: Option<&TreeBuilder>, s: &str) -> PyResult<()> {
        if !s.starts_with('&') || s.len() < 2 {
            return Ok(());
        }
        let key = text(&s[1..s.len() - 1]);
        let Some(entity) = self.entity.get_owned() else { return Ok(()) };
        match entity.cast::<Dict>().get_item(&key)? {
            Some(v) => match (builder, v.downcast::<Str>()) {
                (Some(b), Some(s)) => {
                    b.add_text(s.to_utf8()?);
                    Ok(())
                }
                (Some(_), None) => {
                    bail!(TypeError, "sequence item 0: expected str instance, {} found", v.ty().name_str())
                }
                (None, _) => match self.handler(DATA) {
                    Some(h) => h.call_one(&v).map(drop),
                    None => Ok(()),
                },
            },
            None => Err(parse_error(self, Code::UndefinedEntity, &format!("undefined entity {s}"))),
        }
    }

    fn finish(&self) -> PyResult<Option<Obj>> {
        self.feed(b"", true)?;
        match self.builder() {
            Some(b) => b.cast::<TreeBuilder>().done(),
            None => Ok(None),
        }
    }

    fn check(&self) -> PyResult<()> {
        if self.inner.borrow().is_none() {
            bail!(ValueError, "XMLParser.__init__() wasn't called");
        }
        Ok(())
    }

    fn set_utf8(&self) {
        if let Some(p) = self.inner.borrow_mut().as_mut() {
            p.set_encoding("utf-8");
        }
    }
}

/// Feeds a piece of text.
#[method(signature = "(data, /)")]
fn feed(this: &XmlParser, data: &Object) -> PyResult<()> {
    this.check()?;
    if let Some(s) = data.downcast::<Str>() {
        let s = s.to_utf8()?;
        this.set_utf8();
        return this.feed(s.as_bytes(), false);
    }
    let buffer = Buffer::get(data)?;
    this.feed(buffer.as_slice(), false)
}

/// Ends the text; returns what the target gives.
#[method(signature = "()")]
fn close(this: &XmlParser) -> PyResult<Option<Obj>> {
    this.check()?;
    let done = this.finish()?;
    if this.direct.get() {
        return Ok(done);
    }
    match this.handler(CLOSE) {
        Some(h) => h.call_noargs().map(Some),
        None => Ok(None),
    }
}

/// Takes what it can of what was put off.
#[method(signature = "()")]
fn flush(this: &XmlParser) -> PyResult<()> {
    this.check()?;
    let set = |yes: bool| match this.inner.borrow_mut().as_mut() {
        Some(p) => std::mem::replace(&mut p.defer, yes),
        None => yes,
    };
    let before = set(false);
    let result = this.feed(b"", false);
    set(before);
    result
}

/// Reads a file to its end.
#[method(signature = "(file, /)")]
fn _parse_whole(this: &XmlParser, file: &Object) -> PyResult<Option<Obj>> {
    this.check()?;
    let read = file.get_attr(intern!("read"))?;
    let size = Int::from_i64(64 * 1024);
    loop {
        let piece = read.call_one(&size)?;
        if let Some(s) = piece.downcast::<Str>() {
            if s.is_empty() {
                break;
            }
            let bytes = piece.call_method(intern!("encode"), &[&text("utf-8"), &text("surrogatepass")])?;
            this.set_utf8();
            this.feed(bytes.cast::<Bytes>().as_slice(), false)?;
        } else if let Some(b) = piece.downcast_exact::<Bytes>().filter(|b| !b.as_slice().is_empty()) {
            this.feed(b.as_slice(), false)?;
        } else {
            break;
        }
    }
    this.finish()
}

/// Says where events go, and which are wanted.
#[method(signature = "(events_queue, events_to_report=None, /)")]
fn _setevents(this: &XmlParser, events_queue: &Object, events_to_report: Option<&Object>) -> PyResult<()> {
    this.check()?;
    let Some(b) = this.builder() else {
        bail!(TypeError, "event handling only supported for ElementTree.TreeBuilder targets")
    };
    let append = events_queue.get_attr(intern!("append"))?;
    b.cast::<TreeBuilder>().set_events(append, events_to_report)?;
    this.update_wants();
    Ok(())
}

fn get_version(_: &XmlParser) -> &'static str {
    "Expat 2.9.0"
}

extern "C" fn parser_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = XmlParser {
        ob_base: Object::placeholder(),
        target: ObjCell::empty(),
        entity: ObjCell::empty(),
        handlers: std::array::from_fn(|_| ObjCell::empty()),
        inner: RefCell::new(None),
        names: RefCell::new(Vec::new()),
        direct: Cell::new(false),
    };
    Ok(new_instance(cls, body)?.into_obj())
}

extern "C" fn parser_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    static SIG: Signature = Signature {
        name: "XMLParser",
        params: &[Param { name: "target", required: false }, Param { name: "encoding", required: false }],
        posonly: 0,
        positional: 0,
        varargs: false,
        varkw: false,
    };
    status(with_tuple_args("XMLParser", args, kwargs, |call| {
        let mut a = [None; 2];
        bind_keywords(&SIG, call, &mut a)?;
        let encoding = match a[1].filter(|e| !e.is_none()) {
            None => None,
            Some(e) => match e.downcast::<Str>() {
                Some(s) => Some(s.to_utf8()?),
                None => {
                    bail!(TypeError, "XMLParser() argument 'encoding' must be str or None, not {}", e.ty().name_str())
                }
            },
        };
        let target = match a[0].filter(|t| !t.is_none()) {
            Some(t) => t.to_obj(),
            None => builder::make()?,
        };
        let p: &XmlParser = o.cast();
        for (cell, name) in p.handlers.iter().zip(HANDLERS) {
            cell.set(target.get_attr_opt(&Str::from_utf8(name))?);
        }
        p.direct.set(target.downcast_exact::<TreeBuilder>().is_some());
        p.target.set(Some(target));
        p.entity.set(Some(Dict::new().into_obj()));
        *p.inner.borrow_mut() = Some(Box::new(Parser::new(encoding, Some(Some(b'}')))));
        p.names.borrow_mut().clear();
        p.update_wants();
        Ok(())
    }))
}

extern "C" fn parser_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let p: &XmlParser = o.cast();
    visit!(p.target, visit, arg);
    visit!(p.entity, visit, arg);
    for h in &p.handlers {
        visit!(*h, visit, arg);
    }
    0
}

extern "C" fn parser_clear(o: &Object) -> c_int {
    let p: &XmlParser = o.cast();
    p.direct.set(false);
    p.target.set(None);
    p.entity.set(None);
    for h in &p.handlers {
        h.set(None);
    }
    0
}

/// `xml.etree.ElementTree.XMLParser`
pub static XmlParser_Type: Type = Type::with_flags(
    TypeDef {
        name: c"xml.etree.ElementTree.XMLParser",
        basicsize: size_of::<XmlParser>(),
        flags: flags::BASETYPE | flags::HAVE_GC | flags::IMMUTABLETYPE,
        dealloc: Some(dealloc_of::<XmlParser>),
        traverse: Some(parser_traverse),
        clear: Some(parser_clear),
        methods: methods![feed, close, flush, _parse_whole, _setevents],
        members: members![
            MemberDef::new(c"entity", member::OBJECT, offset_of!(XmlParser, entity), member::READONLY),
            MemberDef::new(c"target", member::OBJECT, offset_of!(XmlParser, target), member::READONLY),
        ],
        getset: getsets![getset!(c"version", get_version)],
        init: Some(parser_init),
        new: Some(parser_new),
        ..TypeDef::EMPTY
    },
    0,
);
