//! `TreeBuilder`: starts, ends and data to a tree.

use super::element::{self, Element};
use super::{comment_factory, pi_factory};
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{Param, Signature, bind_keywords, with_tuple_args};
use taipan_object::error::status;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::none::none;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Type, TypeDef, bail, flags, intern, layout, method, methods, native, visit,
};

/// The names of events, in the order of their places.
pub const EVENTS: [&str; 6] = ["start", "end", "start-ns", "end-ns", "comment", "pi"];
/// Places in the table of events.
#[allow(missing_docs)]
pub mod place {
    pub const START: usize = 0;
    pub const END: usize = 1;
    pub const START_NS: usize = 2;
    pub const END_NS: usize = 3;
    pub const COMMENT: usize = 4;
    pub const PI: usize = 5;
}

/// A builder.
#[repr(C)]
pub struct TreeBuilder {
    ob_base: Object,
    root: ObjCell,
    /// The innermost open element.
    this: ObjCell,
    /// The element that text belongs to.
    last: ObjCell,
    /// The element whose tail text is, if it is not the text of `last`.
    last_for_tail: ObjCell,
    data: RefCell<StrBuilder>,
    /// The elements around `this`.
    stack: RefCell<Vec<Obj>>,
    element_factory: ObjCell,
    comment_factory: ObjCell,
    pi_factory: ObjCell,
    insert_comments: Cell<bool>,
    insert_pis: Cell<bool>,
    events_append: ObjCell,
    events: [ObjCell; 6],
}
layout!(TreeBuilder, TreeBuilder_Type);

fn given(o: Option<&Object>) -> Option<Obj> {
    o.filter(|o| !o.is_none()).map(Object::to_obj)
}

impl TreeBuilder {
    /// Begins an element.
    pub fn start_element(&self, tag: &Object, attrib: Option<Obj>) -> PyResult<Obj> {
        self.flush()?;
        let node = match self.element_factory.get_owned() {
            None => element::new(tag.to_obj(), attrib),
            Some(f) => f.call(&[tag, &attrib.unwrap_or_else(|| Dict::new().into_obj())])?,
        };
        self.last_for_tail.set(None);
        match self.this.get_owned() {
            Some(parent) => add_child(&parent, &node)?,
            None if self.root.is_empty() => self.root.set(Some(node.clone())),
            None => {
                return Err(native::raise_named("xml.etree.ElementTree.ParseError", "multiple elements on top level"));
            }
        }
        self.stack.borrow_mut().push(self.this.get_owned().unwrap_or_else(|| none().to_obj()));
        self.this.set(Some(node.clone()));
        self.last.set(Some(node.clone()));
        self.event(place::START, &node)?;
        Ok(node)
    }

    /// Ends the innermost element.
    pub fn end_element(&self) -> PyResult<Option<Obj>> {
        self.flush()?;
        let popped = self.stack.borrow_mut().pop();
        let Some(outer) = popped else { bail!(IndexError, "pop from empty stack") };
        let last = self.this.take();
        self.this.set((!outer.is_none()).then_some(outer));
        self.last.set(last.clone());
        self.last_for_tail.set(last.clone());
        if let Some(l) = &last {
            self.event(place::END, l)?;
        }
        Ok(last)
    }

    /// Takes text.
    pub fn add_text(&self, s: &str) {
        if !self.last.is_empty() {
            self.data.borrow_mut().push_str(s);
        }
    }

    fn flush(&self) -> PyResult<()> {
        if self.data.borrow().is_empty() {
            return Ok(());
        }
        let data = std::mem::take(&mut *self.data.borrow_mut()).finish();
        let (target, tail) = match self.last_for_tail.get_owned() {
            Some(t) => (Some(t), true),
            None => (self.last.get_owned(), false),
        };
        let Some(target) = target else { return Ok(()) };
        let joined = |old: Option<Obj>| -> PyResult<Obj> {
            match old.as_ref().and_then(|o| o.downcast::<Str>()) {
                Some(s) => Ok(Str::concat(s, &data)?.into_obj()),
                None => Ok(data.clone().into_obj()),
            }
        };
        if let Some(e) = target.downcast_exact::<Element>() {
            let cell = if tail { &e.tail } else { &e.text };
            cell.set(Some(joined(cell.get_owned())?));
            return Ok(());
        }
        let name = if tail { intern!("tail") } else { intern!("text") };
        let old = target.get_attr(name)?;
        target.set_attr(name, &*joined(Some(old))?)
    }

    /// A comment.
    pub fn comment_node(&self, text: &Object) -> PyResult<Obj> {
        self.flush()?;
        let node = match self.comment_factory.get_owned() {
            Some(f) => {
                let c = f.call_one(text)?;
                self.inserted(&c, self.insert_comments.get())?;
                c
            }
            None => text.to_obj(),
        };
        self.event(place::COMMENT, &node)?;
        Ok(node)
    }

    /// A processing instruction.
    pub fn pi_node(&self, target: &Object, text: &Object) -> PyResult<Obj> {
        self.flush()?;
        let node = match self.pi_factory.get_owned() {
            Some(f) => {
                let p = f.call(&[target, text])?;
                self.inserted(&p, self.insert_pis.get())?;
                p
            }
            None => Tuple::new(&[target, text]).into_obj(),
        };
        self.event(place::PI, &node)?;
        Ok(node)
    }

    fn inserted(&self, node: &Object, insert: bool) -> PyResult<()> {
        if insert && let Some(parent) = self.this.get_owned() {
            add_child(&parent, node)?;
            self.last_for_tail.set(Some(node.to_obj()));
        }
        Ok(())
    }

    /// Reports an event, if it is wanted.
    pub fn event(&self, place: usize, what: &Object) -> PyResult<()> {
        let Some(append) = self.events_append.get_owned() else { return Ok(()) };
        if let Some(name) = self.events[place].get_owned() {
            append.call_one(&Tuple::new(&[&name, what]))?;
        }
        Ok(())
    }

    /// Whether an event is reported.
    pub fn reports(&self, place: usize) -> bool {
        !self.events_append.is_empty() && !self.events[place].is_empty()
    }

    /// Says where events go and which.
    pub fn set_events(&self, append: Obj, report: Option<&Object>) -> PyResult<()> {
        self.events_append.set(Some(append));
        for e in &self.events {
            e.set(None);
        }
        let Some(report) = report else {
            self.events[place::END].set(Some(Str::from_utf8("end").into_obj()));
            return Ok(());
        };
        let names = match report.to_list() {
            Ok(l) => l,
            Err(e) if e.matches(taipan_object::types::exceptions::TypeError) => {
                e.clear();
                bail!(TypeError, "events must be a sequence")
            }
            Err(e) => return Err(e),
        };
        for name in names.snapshot() {
            let spelled = if let Some(s) = name.downcast::<Str>() {
                s.to_utf8()?.to_owned()
            } else if let Some(b) = name.downcast::<taipan_object::types::bytes::Bytes>() {
                String::from_utf8_lossy(b.as_slice()).into_owned()
            } else {
                bail!(ValueError, "invalid events sequence")
            };
            let Some(i) = EVENTS.iter().position(|e| *e == spelled) else {
                bail!(ValueError, "unknown event '{spelled}'")
            };
            self.events[i].set(Some(name));
        }
        Ok(())
    }

    /// The root, if there is one.
    pub fn done(&self) -> PyResult<Option<Obj>> {
        Ok(self.root.get_owned())
    }
}

fn add_child(parent: &Object, child: &Object) -> PyResult<()> {
    match (parent.downcast_exact::<Element>(), child.downcast::<Element>()) {
        (Some(e), Some(_)) => e.push(child.to_obj()),
        _ => parent.call_method(intern!("append"), &[child]).map(drop),
    }
}

/// Begins an element.
#[method(signature = "(tag, attrs, /)")]
fn start(this: &TreeBuilder, tag: &Object, attrs: &Object) -> PyResult<Obj> {
    if attrs.downcast::<Dict>().is_none() {
        bail!(TypeError, "start() argument 2 must be dict, not {}", attrs.ty().name_str());
    }
    this.start_element(tag, Some(attrs.to_obj()))
}

/// Ends an element.
#[method(signature = "(tag, /)")]
fn end(this: &TreeBuilder, tag: &Object) -> PyResult<Option<Obj>> {
    let _ = tag;
    this.end_element()
}

/// Takes text.
#[method(signature = "(data, /)")]
fn data(this: &TreeBuilder, data: &Object) -> PyResult<()> {
    if this.last.is_empty() {
        return Ok(());
    }
    match data.downcast::<Str>() {
        Some(s) => {
            this.data.borrow_mut().push_pystr(s);
            Ok(())
        }
        None => bail!(TypeError, "sequence item 0: expected str instance, {} found", data.ty().name_str()),
    }
}

/// Takes a comment.
#[method(signature = "(text, /)")]
fn comment(this: &TreeBuilder, text: &Object) -> PyResult<Obj> {
    this.comment_node(text)
}

/// Takes a processing instruction.
#[method(signature = "(target, text=None, /)")]
fn pi(this: &TreeBuilder, target: &Object, text: Option<&Object>) -> PyResult<Obj> {
    this.pi_node(target, text.unwrap_or(none()))
}

/// The root of the tree.
#[method(signature = "()")]
fn close(this: &TreeBuilder) -> PyResult<Option<Obj>> {
    this.done()
}

fn body() -> TreeBuilder {
    TreeBuilder {
        ob_base: Object::placeholder(),
        root: ObjCell::empty(),
        this: ObjCell::empty(),
        last: ObjCell::empty(),
        last_for_tail: ObjCell::empty(),
        data: RefCell::new(StrBuilder::new()),
        stack: RefCell::new(Vec::new()),
        element_factory: ObjCell::empty(),
        comment_factory: comment_factory().map_or_else(ObjCell::empty, ObjCell::new),
        pi_factory: pi_factory().map_or_else(ObjCell::empty, ObjCell::new),
        insert_comments: Cell::new(false),
        insert_pis: Cell::new(false),
        events_append: ObjCell::empty(),
        events: std::array::from_fn(|_| ObjCell::empty()),
    }
}

/// A builder as a parser makes it when it is given no target.
pub fn make() -> PyResult<Obj> {
    Ok(taipan_object::alloc::new_object(body()).into_obj())
}

extern "C" fn builder_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(cls, body())?.into_obj())
}

extern "C" fn builder_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    static SIG: Signature = Signature {
        name: "TreeBuilder",
        params: &[
            Param { name: "element_factory", required: false },
            Param { name: "comment_factory", required: false },
            Param { name: "pi_factory", required: false },
            Param { name: "insert_comments", required: false },
            Param { name: "insert_pis", required: false },
        ],
        posonly: 0,
        positional: 1,
        varargs: false,
        varkw: false,
    };
    status(with_tuple_args("TreeBuilder", args, kwargs, |call| {
        let mut a = [None; 5];
        bind_keywords(&SIG, call, &mut a)?;
        let b: &TreeBuilder = o.cast();
        let [element, comment, pi, comments, pis] = a;
        b.element_factory.set(given(element));
        b.comment_factory.set(given(comment).or_else(comment_factory));
        b.pi_factory.set(given(pi).or_else(pi_factory));
        let truth = |o: Option<&Object>| o.map_or(Ok(false), Object::is_true);
        b.insert_comments.set(truth(comments)?);
        b.insert_pis.set(truth(pis)?);
        Ok(())
    }))
}

fn cells(b: &TreeBuilder) -> impl Iterator<Item = &ObjCell> {
    [
        &b.root,
        &b.this,
        &b.last,
        &b.last_for_tail,
        &b.element_factory,
        &b.comment_factory,
        &b.pi_factory,
        &b.events_append,
    ]
    .into_iter()
    .chain(&b.events)
}

extern "C" fn builder_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let b: &TreeBuilder = o.cast();
    for c in cells(b) {
        visit!(*c, visit, arg);
    }
    if let Ok(stack) = b.stack.try_borrow() {
        for e in stack.iter() {
            let r = visit(e, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn builder_clear(o: &Object) -> c_int {
    let b: &TreeBuilder = o.cast();
    for c in cells(b) {
        c.set(None);
    }
    drop(std::mem::take(&mut *b.stack.borrow_mut()));
    0
}

/// `xml.etree.ElementTree.TreeBuilder`
pub static TreeBuilder_Type: Type = Type::with_flags(
    TypeDef {
        name: c"xml.etree.ElementTree.TreeBuilder",
        basicsize: size_of::<TreeBuilder>(),
        flags: flags::BASETYPE | flags::HAVE_GC | flags::IMMUTABLETYPE,
        dealloc: Some(dealloc_of::<TreeBuilder>),
        traverse: Some(builder_traverse),
        clear: Some(builder_clear),
        methods: methods![data, start, end, comment, pi, close],
        init: Some(builder_init),
        new: Some(builder_new),
        ..TypeDef::EMPTY
    },
    0,
);
