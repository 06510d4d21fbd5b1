//! `Element`.

use super::search;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::args::{KwArgs, with_tuple_args};
use taipan_object::error::{status, status_bool};
use taipan_object::protocol::mapping::fast_items;
use taipan_object::protocol::number;
use taipan_object::protocol::repr::{repr_enter, text};
use taipan_object::typeobj::slots::{MappingMethods, NumberMethods, SequenceMethods, Slot, VisitProc};
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::slice::Slice;
use taipan_object::types::str::Str;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, function, getset, getsets, hooks, intern, layout,
    method, methods, visit,
};

/// An element.
#[repr(C)]
pub struct Element {
    ob_base: Object,
    pub(super) tag: ObjCell,
    pub(super) text: ObjCell,
    pub(super) tail: ObjCell,
    /// The dict of attributes, made when it is first wanted.
    attrib: ObjCell,
    /// The list of children, made with the first one.
    children: ObjCell,
    weakreflist: Cell<*mut Object>,
}
layout!(Element, Element_Type);

fn body(tag: Option<Obj>, attrib: Option<Obj>) -> Element {
    Element {
        ob_base: Object::placeholder(),
        tag: ObjCell::new(tag.unwrap_or_else(|| none().to_obj())),
        text: ObjCell::new(none().to_obj()),
        tail: ObjCell::new(none().to_obj()),
        attrib: attrib.map_or_else(ObjCell::empty, ObjCell::new),
        children: ObjCell::empty(),
        weakreflist: Cell::new(std::ptr::null_mut()),
    }
}

/// A new element; the dict is its own.
pub fn new(tag: Obj, attrib: Option<Obj>) -> Obj {
    new_object(body(Some(tag), attrib)).into_obj()
}

impl Element {
    /// The dict of attributes.
    pub fn attributes(&self) -> Obj {
        match self.attrib.get_owned() {
            Some(d) => d,
            None => {
                let d = Dict::new().into_obj();
                self.attrib.set(Some(d.clone()));
                d
            }
        }
    }

    fn attributes_opt(&self) -> Option<Obj> {
        self.attrib.get_owned()
    }

    /// The children, if there have been any.
    pub fn children(&self) -> Option<Obj> {
        self.children.get_owned()
    }

    fn list(&self) -> Obj {
        match self.children.get_owned() {
            Some(l) => l,
            None => {
                let l = List::new().into_obj();
                self.children.set(Some(l.clone()));
                l
            }
        }
    }

    /// How many children there are.
    pub fn len(&self) -> usize {
        self.children.get().map_or(0, |l| l.cast::<List>().len())
    }

    /// A child.
    pub fn child(&self, i: usize) -> Option<Obj> {
        self.children.get().and_then(|l| l.cast::<List>().get(i))
    }

    /// Adds a child.
    pub fn push(&self, child: Obj) -> PyResult<()> {
        self.list().cast::<List>().push(child)
    }
}

fn check_child(o: &Object) -> PyResult<&Object> {
    if o.downcast::<Element>().is_none() {
        bail!(TypeError, "expected an Element, not \"{}\"", o.ty().name_str());
    }
    Ok(o)
}

fn element_argument(function: &str, which: &str, o: &Object) -> PyResult<()> {
    if o.downcast::<Element>().is_none() {
        let got = if o.is_none() { "None" } else { o.ty().name_str() };
        bail!(TypeError, "{function}() argument{which} must be xml.etree.ElementTree.Element, not {got}");
    }
    Ok(())
}

/// The attributes of `Element(tag, attrib, **extra)`: a dict of their own.
fn given_attributes(
    function: &str,
    position: usize,
    attrib: Option<&Object>,
    extra: KwArgs<'_>,
) -> PyResult<Option<Obj>> {
    let by_name = extra.iter().find(|(n, _)| n.eq_str("attrib")).map(|(_, v)| v);
    let dict = match (attrib, by_name) {
        (Some(a), _) => match a.downcast::<Dict>() {
            Some(d) => Some(d.copy()?),
            None => bail!(TypeError, "{function}() argument {position} must be dict, not {}", a.ty().name_str()),
        },
        (None, Some(a)) => match a.downcast::<Dict>() {
            Some(d) => Some(d.copy()?),
            None => bail!(TypeError, "attrib must be dict, not {}", a.ty().name_str()),
        },
        (None, None) => None,
    };
    let skip = attrib.is_none();
    let mut dict = dict;
    for (name, value) in extra.iter() {
        if skip && name.eq_str("attrib") {
            continue;
        }
        dict.get_or_insert_with(Dict::new).set_item(name, value)?;
    }
    Ok(dict.map(Ref::into_obj))
}

extern "C" fn element_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(cls, body(None, None))?.into_obj())
}

extern "C" fn element_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status(with_tuple_args("Element", args, kwargs, |call| {
        let given = call.positional();
        match given.len() {
            0 => bail!(TypeError, "Element() takes at least 1 argument (0 given)"),
            1 | 2 => {}
            n => bail!(TypeError, "Element() takes at most 2 arguments ({n} given)"),
        }
        let attrib = given_attributes("Element", 2, given.get(1).copied(), call.keywords())?;
        let e: &Element = o.cast();
        e.tag.set(Some(given[0].to_obj()));
        e.attrib.set(attrib);
        e.text.set(Some(none().to_obj()));
        e.tail.set(Some(none().to_obj()));
        Ok(())
    }))
}

/// Makes an element and adds it to another.
#[function(name = "SubElement", signature = "(*args, **kwargs)", text = false, varargs)]
pub(super) fn sub_element(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    match args.len() {
        n @ 0..2 => bail!(TypeError, "SubElement() takes at least 2 arguments ({n} given)"),
        2 | 3 => {}
        n => bail!(TypeError, "SubElement() takes at most 3 arguments ({n} given)"),
    }
    element_argument("SubElement", " 1", args[0])?;
    let attrib = given_attributes("SubElement", 3, args.get(2).copied(), kwargs)?;
    let child = new(args[1].to_obj(), attrib);
    args[0].cast::<Element>().push(child.clone())?;
    Ok(child)
}

/// Adds an element at the end.
#[method(signature = "(subelement, /)")]
fn append(this: &Element, subelement: &Object) -> PyResult<()> {
    element_argument("append", " 1", subelement)?;
    this.push(subelement.to_obj())
}

/// Adds elements at the end.
#[method(signature = "(elements, /)")]
fn extend(this: &Element, elements: &Object) -> PyResult<()> {
    let items = fast_items(elements, "'elements' must be an iterable")?;
    for item in items {
        check_child(&item)?;
        this.push(item)?;
    }
    Ok(())
}

/// Inserts an element before a position.
#[method(signature = "(index, subelement, /)")]
fn insert(this: &Element, index: isize, subelement: &Object) -> PyResult<()> {
    element_argument("insert", " 2", subelement)?;
    let n = this.len();
    let i = if index < 0 { (index + n as isize).max(0) as usize } else { (index as usize).min(n) };
    this.list().cast::<List>().insert_at(i, subelement.to_obj())
}

/// Removes an element.
#[method(signature = "(subelement, /)")]
fn remove(this: &Element, subelement: &Object) -> PyResult<()> {
    element_argument("remove", "", subelement)?;
    let mut i = 0;
    let found = loop {
        let Some(c) = this.child(i) else { break false };
        if c.eq(subelement)? {
            break true;
        }
        i += 1;
    };
    if !found {
        bail!(ValueError, "Element.remove(x): element not found");
    }
    this.list().cast::<List>().splice(i, i + 1, Vec::new())
}

/// Removes attributes, children and text.
#[method(signature = "()")]
fn clear(this: &Element) {
    this.attrib.set(None);
    this.text.set(Some(none().to_obj()));
    this.tail.set(Some(none().to_obj()));
    this.children.set(None);
}

/// An attribute, or the default.
#[method(signature = "(key, default=None)")]
fn get(this: &Element, key: &Object, default: Option<&Object>) -> PyResult<Option<Obj>> {
    if let Some(d) = this.attributes_opt()
        && let Some(v) = d.cast::<Dict>().get_item(key)?
    {
        return Ok(Some(v));
    }
    Ok(default.map(Object::to_obj))
}

/// Sets an attribute.
#[method(signature = "(key, value, /)")]
fn set(this: &Element, key: &Object, value: &Object) -> PyResult<()> {
    this.attributes().cast::<Dict>().set_item(key, value)
}

/// The names of the attributes.
#[method(signature = "()")]
fn keys(this: &Element) -> PyResult<Ref<List>> {
    Ok(List::from_vec(this.attributes_opt().map_or_else(Vec::new, |d| d.cast::<Dict>().key_list())))
}

/// Names and values of the attributes.
#[method(signature = "()")]
fn items(this: &Element) -> PyResult<Obj> {
    match this.attributes_opt() {
        Some(d) => Ok(d.call_method(intern!("items"), &[])?.to_list()?.into_obj()),
        None => Ok(List::new().into_obj()),
    }
}

/// A new element of the same kind.
#[method(signature = "(tag, attrib, /)")]
fn makeelement(_this: &Element, tag: &Object, attrib: &Object) -> PyResult {
    let Some(d) = attrib.downcast::<Dict>() else {
        bail!(TypeError, "makeelement() argument 2 must be dict, not {}", attrib.ty().name_str())
    };
    Ok(new(tag.to_obj(), Some(d.copy()?.into_obj())))
}

fn copy_of(this: &Element) -> PyResult<Obj> {
    let attrib = match this.attributes_opt() {
        Some(d) => Some(d.cast::<Dict>().copy()?.into_obj()),
        None => None,
    };
    let made = new(this.tag.get_owned().unwrap_or_else(|| none().to_obj()), attrib);
    let e: &Element = made.cast();
    e.text.set(this.text.get_owned());
    e.tail.set(this.tail.get_owned());
    if let Some(l) = this.children() {
        e.children.set(Some(List::from_vec(l.cast::<List>().snapshot()).into_obj()));
    }
    Ok(made)
}

/// A copy with the same children.
#[method(signature = "()")]
fn __copy__(this: &Element) -> PyResult<Obj> {
    copy_of(this)
}

fn deep(o: Option<Obj>, memo: &Object) -> PyResult<Obj> {
    match o {
        None => Ok(none().to_obj()),
        Some(o) if o.is_none() || o.downcast_exact::<Str>().is_some() => Ok(o),
        Some(o) => match o.downcast_exact::<Element>() {
            Some(e) => deep_copy(e, &o, memo),
            None => (hooks::get().import)("copy")?.get_attr_str("deepcopy")?.call(&[&o, memo]),
        },
    }
}

fn deep_copy(this: &Element, me: &Object, memo: &Object) -> PyResult<Obj> {
    taipan_object::thread::check_recursion(" while copying an element")?;
    let tag = deep(this.tag.get_owned(), memo)?;
    let attrib = match this.attributes_opt() {
        Some(d) => {
            let new = Dict::new();
            for (k, v) in d.cast::<Dict>().pairs() {
                new.set_item_take2(deep(Some(k), memo)?, deep(Some(v), memo)?)?;
            }
            Some(new.into_obj())
        }
        None => None,
    };
    let made = new(tag, attrib);
    let e: &Element = made.cast();
    e.text.set(Some(deep(this.text.get_owned(), memo)?));
    e.tail.set(Some(deep(this.tail.get_owned(), memo)?));
    let mut i = 0;
    while let Some(c) = this.child(i) {
        let c = deep(Some(c), memo)?;
        e.push(check_child(&c)?.to_obj())?;
        i += 1;
    }
    let id = taipan_object::types::int::Int::from_u64(std::ptr::from_ref(me) as u64);
    memo.set_item(&id, &made)?;
    Ok(made)
}

/// A copy with copies of the children.
#[method(signature = "(memo, /)")]
fn __deepcopy__(this: &Element, memo: &Object) -> PyResult<Obj> {
    if memo.downcast::<Dict>().is_none() {
        bail!(TypeError, "__deepcopy__() argument must be dict, not {}", memo.ty().name_str());
    }
    deep_copy(this, &this.ob_base, memo)
}

/// The state for pickling.
#[method(signature = "()")]
fn __getstate__(this: &Element) -> PyResult<Ref<Dict>> {
    let d = Dict::new();
    let field = |c: &ObjCell| c.get_owned().unwrap_or_else(|| none().to_obj());
    d.set_str("tag", &field(&this.tag))?;
    let children = this.children().map_or_else(Vec::new, |l| l.cast::<List>().snapshot());
    d.set_str("_children", &List::from_vec(children))?;
    d.set_str("attrib", &this.attributes())?;
    d.set_str("text", &field(&this.text))?;
    d.set_str("tail", &field(&this.tail))?;
    Ok(d)
}

/// Takes a state back.
#[method(signature = "(state, /)")]
fn __setstate__(this: &Element, state: &Object) -> PyResult<()> {
    let Some(d) = state.downcast::<Dict>() else {
        bail!(TypeError, "Don't know how to unpickle \"{}\" as an Element", state.repr()?.display())
    };
    let Some(tag) = d.get_str("tag")? else { bail!(TypeError, "tag may not be NULL") };
    let or_none = |o: Option<Obj>| Some(o.unwrap_or_else(|| none().to_obj()));
    let children = match d.get_str("_children")? {
        Some(c) => {
            let Some(l) = c.downcast::<List>() else { bail!(TypeError, "'_children' is not a list") };
            let items = l.snapshot();
            for c in &items {
                check_child(c)?;
            }
            Some(List::from_vec(items).into_obj())
        }
        None => None,
    };
    let attrib = match d.get_str("attrib")? {
        Some(a) if a.downcast::<Dict>().is_none() => {
            bail!(TypeError, "attrib must be dict, not {}", a.ty().name_str())
        }
        a => a,
    };
    this.tag.set(Some(tag));
    this.text.set(or_none(d.get_str("text")?));
    this.tail.set(or_none(d.get_str("tail")?));
    this.children.set(children);
    this.attrib.set(attrib);
    Ok(())
}

/// The size in memory.
#[method(signature = "()")]
fn __sizeof__(this: &Element) -> usize {
    size_of::<Element>() + this.children.get().map_or(0, |l| l.cast::<List>().allocated_bytes())
}

extern "C" fn element_length(o: &Object) -> isize {
    o.cast::<Element>().len() as isize
}

fn out_of_range(what: &str) -> taipan_object::Raised {
    taipan_object::raise!(IndexError, "child {what}index out of range")
}

extern "C" fn element_item(o: &Object, i: isize) -> PyResult {
    match usize::try_from(i).ok().and_then(|i| o.cast::<Element>().child(i)) {
        Some(c) => Ok(c),
        None => Err(out_of_range("")),
    }
}

fn assign(e: &Element, i: isize, value: Option<&Object>) -> PyResult<()> {
    let Some(i) = usize::try_from(i).ok().filter(|i| *i < e.len()) else { return Err(out_of_range("assignment ")) };
    let list = e.list();
    match value {
        Some(v) => {
            check_child(v)?;
            drop(list.cast::<List>().replace(i, v.to_obj()));
            Ok(())
        }
        None => list.cast::<List>().splice(i, i + 1, Vec::new()),
    }
}

extern "C" fn element_ass_item(o: &Object, i: isize, value: Option<&Object>) -> c_int {
    status(assign(o.cast(), i, value))
}

fn index_of(e: &Element, key: &Object) -> PyResult<isize> {
    let i = key.index_as_isize(Some(exceptions::IndexError))?;
    Ok(if i < 0 { i + e.len() as isize } else { i })
}

extern "C" fn element_subscript(o: &Object, key: &Object) -> PyResult {
    let e: &Element = o.cast();
    if number::has_index(key) {
        return element_item(o, index_of(e, key)?);
    }
    if key.downcast::<Slice>().is_some() {
        return match e.children() {
            Some(l) => l.get_item(key),
            None => Ok(List::new().into_obj()),
        };
    }
    bail!(TypeError, "element indices must be integers")
}

fn assign_subscript(e: &Element, key: &Object, value: Option<&Object>) -> PyResult<()> {
    if number::has_index(key) {
        return assign(e, index_of(e, key)?, value);
    }
    if key.downcast::<Slice>().is_none() {
        bail!(TypeError, "element indices must be integers");
    }
    let list = e.list();
    let Some(value) = value else { return list.del_item(key) };
    let new = fast_items(value, "assignment expects an iterable")?;
    for c in &new {
        check_child(c)?;
    }
    list.set_item(key, &List::from_vec(new))
}

extern "C" fn element_ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status(assign_subscript(o.cast(), key, value))
}

extern "C" fn element_bool(o: &Object) -> c_int {
    status_bool((|| {
        (hooks::get().warn)(
            exceptions::DeprecationWarning,
            "Testing an element's truth value will always return True in future versions.  Use specific 'len(elem)' or \
             'elem is not None' test instead.",
            1,
        )?;
        Ok(o.cast::<Element>().len() > 0)
    })())
}

extern "C" fn element_repr(o: &Object) -> PyResult {
    let e: &Element = o.cast();
    let Some(tag) = e.tag.get_owned() else { return Ok(text(&format!("<Element at {o:p}>"))) };
    let Some(_guard) = repr_enter(o)? else {
        bail!(RuntimeError, "reentrant call inside {}.__repr__", o.ty().name_str())
    };
    Ok(Str::from_wtf8(format!("<Element {} at {o:p}>", tag.repr()?.display()).as_bytes()).into_obj())
}

fn get_tag(e: &Element) -> Option<Obj> {
    e.tag.get_owned()
}

fn get_text(e: &Element) -> Option<Obj> {
    e.text.get_owned()
}

fn get_tail(e: &Element) -> Option<Obj> {
    e.tail.get_owned()
}

fn get_attrib(e: &Element) -> Obj {
    e.attributes()
}

fn value(v: Option<&Object>) -> PyResult<Obj> {
    match v {
        Some(v) => Ok(v.to_obj()),
        None => bail!(AttributeError, "can't delete element attribute"),
    }
}

fn set_tag(e: &Element, v: Option<&Object>) -> PyResult<()> {
    e.tag.set(Some(value(v)?));
    Ok(())
}

fn set_text(e: &Element, v: Option<&Object>) -> PyResult<()> {
    e.text.set(Some(value(v)?));
    Ok(())
}

fn set_tail(e: &Element, v: Option<&Object>) -> PyResult<()> {
    e.tail.set(Some(value(v)?));
    Ok(())
}

fn set_attrib(e: &Element, v: Option<&Object>) -> PyResult<()> {
    let v = value(v)?;
    if v.downcast::<Dict>().is_none() {
        bail!(TypeError, "attrib must be dict, not {}", v.ty().name_str());
    }
    e.attrib.set(Some(v));
    Ok(())
}

extern "C" fn element_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let e: &Element = o.cast();
    for c in [&e.tag, &e.text, &e.tail, &e.attrib, &e.children] {
        visit!(*c, visit, arg);
    }
    0
}

extern "C" fn element_clear(o: &Object) -> c_int {
    let e: &Element = o.cast();
    for c in [&e.tag, &e.text, &e.tail, &e.attrib, &e.children] {
        c.set(None);
    }
    0
}

static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(element_length),
    item: Slot::new(element_item),
    ass_item: Slot::new(element_ass_item),
    ..SequenceMethods::EMPTY
};

static AS_MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(element_length),
    subscript: Slot::new(element_subscript),
    ass_subscript: Slot::new(element_ass_subscript),
};

static AS_NUMBER: NumberMethods = NumberMethods { bool_: Slot::new(element_bool), ..NumberMethods::EMPTY };

use search::{find, findall, findtext, iter, iterfind, itertext};

/// `xml.etree.ElementTree.Element`
pub static Element_Type: Type = Type::with_flags(
    TypeDef {
        name: c"xml.etree.ElementTree.Element",
        basicsize: size_of::<Element>(),
        flags: flags::BASETYPE | flags::HAVE_GC | flags::IMMUTABLETYPE,
        dealloc: Some(dealloc_of::<Element>),
        repr: Some(element_repr),
        traverse: Some(element_traverse),
        clear: Some(element_clear),
        as_sequence: Some(&AS_SEQUENCE),
        as_mapping: Some(&AS_MAPPING),
        as_number: Some(&AS_NUMBER),
        weaklistoffset: offset_of!(Element, weakreflist) as isize,
        methods: methods![
            clear,
            get,
            set,
            find,
            findtext,
            findall,
            append,
            extend,
            insert,
            remove,
            iter,
            itertext,
            iterfind,
            items,
            keys,
            makeelement,
            __copy__,
            __deepcopy__,
            __getstate__,
            __setstate__,
            __sizeof__,
        ],
        getset: getsets![
            getset!(c"tag", get_tag, set_tag),
            getset!(c"text", get_text, set_text),
            getset!(c"tail", get_tail, set_tail),
            getset!(c"attrib", get_attrib, set_attrib),
        ],
        init: Some(element_init),
        new: Some(element_new),
        ..TypeDef::EMPTY
    },
    0,
);
