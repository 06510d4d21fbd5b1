//! The iterator of `Element.iter` and `Element.itertext`: depth first, over the tree as it is when it gets there.

use super::element::Element;
use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::error::to_iternext;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::str::Str;
use taipan_object::{Obj, ObjCell, Object, PyResult, Type, TypeDef, bail, flags, layout, visit};

/// An iterator.
#[repr(C)]
pub struct ElementIter {
    ob_base: Object,
    /// The element to begin with, until it has begun.
    root: ObjCell,
    tag: ObjCell,
    texts: bool,
    /// The open elements, and which child of each is next.
    stack: RefCell<Vec<(Obj, usize)>>,
}
layout!(ElementIter, ElementIter_Type);

/// An iterator over elements, or over texts.
pub fn new(root: &Object, tag: Option<&Object>, texts: bool) -> Obj {
    new_object(ElementIter {
        ob_base: Object::placeholder(),
        root: ObjCell::new(root.to_obj()),
        tag: tag.map_or_else(ObjCell::empty, |t| ObjCell::new(t.to_obj())),
        texts,
        stack: RefCell::new(Vec::new()),
    })
    .into_obj()
}

fn text_of(c: &ObjCell) -> PyResult<Option<Obj>> {
    match c.get_owned() {
        Some(t) if !t.is_none() && t.is_true()? => Ok(Some(t)),
        _ => Ok(None),
    }
}

fn next(this: &ElementIter) -> PyResult<Option<Obj>> {
    loop {
        let current = if let Some(root) = this.root.take() {
            root
        } else {
            let top = this.stack.borrow().last().cloned();
            let Some((parent, i)) = top else { return Ok(None) };
            let Some(e) = parent.downcast::<Element>() else { return Ok(None) };
            match e.child(i) {
                Some(c) => {
                    if let Some(top) = this.stack.borrow_mut().last_mut() {
                        top.1 += 1;
                    }
                    c
                }
                None => {
                    this.stack.borrow_mut().pop();
                    // The tail of the element that began it all is not in it.
                    if this.texts
                        && !this.stack.borrow().is_empty()
                        && let Some(t) = text_of(&e.tail)?
                    {
                        return Ok(Some(t));
                    }
                    continue;
                }
            }
        };
        let Some(e) = current.downcast::<Element>() else {
            bail!(AttributeError, "'{}' object has no attribute 'iter'", current.ty().name_str())
        };
        this.stack.borrow_mut().push((current.clone(), 0));
        if this.texts {
            // Comments and instructions have functions for tags, and no text that counts.
            let plain = e.tag.get_owned().is_none_or(|t| t.is_none() || t.downcast::<Str>().is_some());
            if !plain {
                this.stack.borrow_mut().pop();
                if !this.stack.borrow().is_empty()
                    && let Some(t) = text_of(&e.tail)?
                {
                    return Ok(Some(t));
                }
                continue;
            }
            if let Some(t) = text_of(&e.text)? {
                return Ok(Some(t));
            }
            continue;
        }
        match (this.tag.get_owned(), e.tag.get_owned()) {
            (None, _) => return Ok(Some(current)),
            (Some(want), Some(tag)) if tag.eq(&want)? => return Ok(Some(current)),
            _ => {}
        }
    }
}

extern "C" fn iter_next(o: &Object) -> Option<Obj> {
    to_iternext(next(o.cast()))
}

extern "C" fn iter_iter(o: &Object) -> PyResult {
    Ok(o.to_obj())
}

extern "C" fn iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let it: &ElementIter = o.cast();
    visit!(it.root, visit, arg);
    visit!(it.tag, visit, arg);
    if let Ok(stack) = it.stack.try_borrow() {
        for (e, _) in stack.iter() {
            let r = visit(e, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn iter_clear(o: &Object) -> c_int {
    let it: &ElementIter = o.cast();
    it.root.set(None);
    it.tag.set(None);
    drop(std::mem::take(&mut *it.stack.borrow_mut()));
    0
}

/// `_elementtree._element_iterator`
pub static ElementIter_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_elementtree._element_iterator",
        basicsize: size_of::<ElementIter>(),
        flags: flags::HAVE_GC | flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<ElementIter>),
        traverse: Some(iter_traverse),
        clear: Some(iter_clear),
        iter: Some(iter_iter),
        iternext: Some(iter_next),
        ..TypeDef::EMPTY
    },
    0,
);
