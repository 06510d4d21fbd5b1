//! Events to calls of handlers.

use super::encodings;
use super::handlers::Handler;
use super::parser::XmlParser;
use std::rc::Rc;
use taipan_object::thread::check_recursion;
use taipan_object::types::bool_;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult};
use taipan_xml::{Event, Model, NameId, dismantle};

/// Takes events off the parser until it wants more input, and calls the handlers.
pub fn run(this: &XmlParser) -> PyResult<()> {
    let done = events(this);
    match done {
        Ok(last) => {
            if last {
                flush(this)?;
            }
            Ok(())
        }
        Err(e) => Err(e),
    }
}

fn events(this: &XmlParser) -> PyResult<bool> {
    loop {
        let event = this.inner.borrow_mut().next_event();
        match event {
            Ok(None) => return Ok(true),
            Ok(Some(event)) => {
                if let Err(e) = dispatch(this, event) {
                    let exc = e.take();
                    this.clear_handlers();
                    // The parser goes on without anybody looking, so that what follows it is well-formed or not.
                    while let Ok(Some(_)) = { this.inner.borrow_mut().next_event() } {}
                    return Err(taipan_object::error::restore(exc));
                }
            }
            Err(code) => {
                flush(this)?;
                return Err(this.error(code));
            }
        }
    }
}

fn text(s: &str) -> Obj {
    Str::from_utf8(s).into_obj()
}

fn maybe(s: Option<Rc<str>>) -> Obj {
    s.map_or_else(|| none().to_obj(), |s| text(&s))
}

fn flag(b: bool) -> Obj {
    Int::from_i64(b.into()).into_obj()
}

/// A name as the object that the dict of names has for it.
fn interned(this: &XmlParser, name: &str) -> PyResult {
    let new = text(name);
    match this.intern.get_owned() {
        Some(d) => d.cast::<Dict>().setdefault(&new, &new),
        None => Ok(new),
    }
}

fn name(this: &XmlParser, n: NameId) -> PyResult {
    let i = n.0 as usize;
    if let Some(Some(o)) = this.names.borrow().get(i) {
        return Ok(o.clone());
    }
    let spelled = text(this.inner.borrow().name(n));
    let made = match this.intern.get_owned() {
        Some(d) => d.cast::<Dict>().setdefault(&spelled, &spelled)?,
        None => spelled,
    };
    let mut names = this.names.borrow_mut();
    if names.len() <= i {
        names.resize(i + 1, None);
    }
    names[i] = Some(made.clone());
    Ok(made)
}

fn maybe_interned(this: &XmlParser, s: Option<Rc<str>>) -> PyResult {
    match s {
        Some(s) => interned(this, &s),
        None => Ok(none().to_obj()),
    }
}

/// Calls a handler; nothing happens when it is not set.
fn call(this: &XmlParser, which: Handler, args: &[&Object]) -> PyResult<Option<Obj>> {
    flush(this)?;
    match this.handler(which) {
        Some(h) => call_it(this, &h, args).map(Some),
        None => Ok(None),
    }
}

fn call_it(this: &XmlParser, handler: &Object, args: &[&Object]) -> PyResult {
    let before = this.in_callback.replace(true);
    let result = handler.call(args);
    this.in_callback.set(before);
    result
}

/// Gives the collected character data to its handler.
pub fn flush(this: &XmlParser) -> PyResult<()> {
    if this.buffer.borrow().is_empty() {
        return Ok(());
    }
    let data = std::mem::take(&mut *this.buffer.borrow_mut());
    characters(this, &data)
}

fn characters(this: &XmlParser, data: &[u8]) -> PyResult<()> {
    let Some(handler) = this.handler(Handler::CharacterData) else { return Ok(()) };
    let s = text(std::str::from_utf8(data).unwrap_or(""));
    call_it(this, &handler, &[&s])?;
    Ok(())
}

fn data(this: &XmlParser, data: &[u8]) -> PyResult<()> {
    if !this.buffer_text.get() {
        return characters(this, data);
    }
    let size = this.buffer_size.get();
    if this.buffer.borrow().len() + data.len() > size {
        flush(this)?;
    }
    if data.len() > size {
        return characters(this, data);
    }
    this.buffer.borrow_mut().extend_from_slice(data);
    Ok(())
}

fn start(this: &XmlParser, n: NameId) -> PyResult<()> {
    flush(this)?;
    let Some(handler) = this.handler(Handler::StartElement) else { return Ok(()) };
    let tag = name(this, n)?;
    let count = {
        let p = this.inner.borrow();
        if this.specified.get() { p.specified() } else { p.attributes().len() }
    };
    let attribute = |i: usize| -> PyResult<(Obj, Obj)> {
        let (n, value) = {
            let p = this.inner.borrow();
            let a = &p.attributes()[i];
            (a.name, text(a.value.str()))
        };
        Ok((name(this, n)?, value))
    };
    let attributes = if this.ordered.get() {
        let list = List::new();
        for i in 0..count {
            let (n, v) = attribute(i)?;
            list.push(n)?;
            list.push(v)?;
        }
        list.into_obj()
    } else {
        let dict = Dict::new();
        for i in 0..count {
            let (n, v) = attribute(i)?;
            dict.set_item(&n, &v)?;
        }
        dict.into_obj()
    };
    call_it(this, &handler, &[&tag, &attributes])?;
    Ok(())
}

/// `(type, quantifier, name, children)`
fn model(this: &XmlParser, m: &Model) -> PyResult {
    check_recursion("")?;
    let mut children = Vec::with_capacity(m.children.len());
    for c in &m.children {
        children.push(model(this, c)?);
    }
    let name = match &m.name {
        Some(n) => interned(this, n)?,
        None => none().to_obj(),
    };
    let (kind, quant) = (Int::from_i64(m.kind.into()), Int::from_i64(m.quant.into()));
    Ok(Tuple::new(&[&kind, &quant, &name, &Tuple::from_vec(children)]).into_obj())
}

fn dispatch(this: &XmlParser, event: Event) -> PyResult<()> {
    let intern = |s: Option<Rc<str>>| maybe_interned(this, s);
    match event {
        Event::Start { name } => return start(this, name),
        Event::End { name: n } => {
            let n = name(this, n)?;
            call(this, Handler::EndElement, &[&n])?;
        }
        Event::Characters(t) => return data(this, t.bytes()),
        Event::Default(t) => {
            flush(this)?;
            if let Some(h) = this.default_handler() {
                call_it(this, &h, &[&text(t.str())])?;
            }
        }
        Event::Pi { target, data } => {
            let target = interned(this, target.str())?;
            call(this, Handler::ProcessingInstruction, &[&target, &text(data.str())])?;
        }
        Event::Comment(t) => {
            call(this, Handler::Comment, &[&text(t.str())])?;
        }
        Event::StartCdata => {
            call(this, Handler::StartCdataSection, &[])?;
        }
        Event::EndCdata => {
            call(this, Handler::EndCdataSection, &[])?;
        }
        Event::StartNs { prefix, uri } => {
            call(this, Handler::StartNamespaceDecl, &[&*intern(prefix)?, &*intern(uri)?])?;
        }
        Event::EndNs { prefix } => {
            call(this, Handler::EndNamespaceDecl, &[&*intern(prefix)?])?;
        }
        Event::XmlDecl { version, encoding, standalone } => {
            let n = Int::from_i64(standalone.into());
            call(this, Handler::XmlDecl, &[&*maybe(version), &*maybe(encoding), &n])?;
        }
        Event::StartDoctype { name, system, public, internal_subset } => {
            let (n, s, p) = (interned(this, &name)?, intern(system)?, intern(public)?);
            call(this, Handler::StartDoctypeDecl, &[&n, &s, &p, &flag(internal_subset)])?;
        }
        Event::EndDoctype => {
            call(this, Handler::EndDoctypeDecl, &[])?;
        }
        Event::ElementDecl { name, model: m } => {
            let n = interned(this, &name)?;
            let made = model(this, &m);
            dismantle(m);
            let made = made?;
            call(this, Handler::ElementDecl, &[&n, &made])?;
        }
        Event::AttlistDecl { element, name, kind, default, required } => {
            let (e, n) = (interned(this, &element)?, interned(this, &name)?);
            let args: [&Object; 5] = [&e, &n, &text(&kind), &maybe(default), &flag(required)];
            call(this, Handler::AttlistDecl, &args)?;
        }
        Event::EntityDecl { name, is_param, value, base, system, public, notation } => {
            let args: [&Object; 7] = [
                &*interned(this, &name)?,
                &flag(is_param),
                &maybe(value),
                &*intern(base)?,
                &*intern(system)?,
                &*intern(public)?,
                &*intern(notation)?,
            ];
            call(this, Handler::EntityDecl, &args)?;
        }
        Event::UnparsedEntityDecl { name, base, system, public, notation } => {
            let args: [&Object; 5] =
                [&*interned(this, &name)?, &*intern(base)?, &*intern(system)?, &*intern(public)?, &*intern(notation)?];
            call(this, Handler::UnparsedEntityDecl, &args)?;
        }
        Event::NotationDecl { name, base, system, public } => {
            let args: [&Object; 4] = [&*interned(this, &name)?, &*intern(base)?, &*intern(system)?, &*intern(public)?];
            call(this, Handler::NotationDecl, &args)?;
        }
        Event::SkippedEntity { name, is_param } => {
            let n = interned(this, &name)?;
            call(this, Handler::SkippedEntity, &[&*n, &*bool_::from_bool(is_param)])?;
        }
        Event::NotStandalone => {
            let answer = call(this, Handler::NotStandalone, &[])?;
            answered(this, answer)?;
        }
        Event::ExternalEntityRef { context, base, system, public } => {
            let args: [&Object; 4] = [&maybe(context), &*intern(base)?, &*intern(system)?, &*intern(public)?];
            let answer = call(this, Handler::ExternalEntityRef, &args)?;
            answered(this, answer)?;
        }
        Event::UnknownEncoding { name } => {
            let table = encodings::table(&name)?;
            this.inner.borrow_mut().answer_encoding(Some(table));
        }
    }
    Ok(())
}

fn answered(this: &XmlParser, answer: Option<Obj>) -> PyResult<()> {
    let yes = match answer {
        Some(o) => o.as_i64()? != 0,
        None => true,
    };
    this.inner.borrow_mut().answer(yes);
    Ok(())
}
