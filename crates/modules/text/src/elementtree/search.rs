//! Finding elements: plain tags here, paths through `xml.etree.ElementPath`.

use super::element::Element;
use super::iterator;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::{Obj, Object, PyResult, hooks, intern, method};

/// Whether a path has to be looked at as one, and is not just a tag.
fn is_path(tag: &Object, namespaces: Option<&Object>) -> bool {
    if namespaces.is_some_and(|n| !n.is_none()) {
        return true;
    }
    let Some(s) = tag.downcast::<Str>() else { return true };
    let mut braces = false;
    for (i, c) in s.chars().enumerate() {
        match char::from_u32(c) {
            Some('{') => {
                braces = true;
                // `{}tag`, `{*}tag` and `{ns}*` are patterns.
                let next = if i + 1 < s.len() { char::from_u32(s.char_at(i + 1)) } else { None };
                if next == Some('*') || i == 0 && next == Some('}') {
                    return true;
                }
            }
            Some('}') => {
                braces = false;
                if i + 1 < s.len() && s.char_at(i + 1) == u32::from('*') {
                    return true;
                }
            }
            Some('/' | '*' | '[' | '@' | '.') if !braces => return true,
            _ => {}
        }
    }
    false
}

fn path(name: &Object, args: &[&Object]) -> PyResult {
    (hooks::get().import)("xml.etree.ElementPath")?.call_method(name, args)
}

fn first(this: &Element, tag: &Object) -> PyResult<Option<Obj>> {
    let mut i = 0;
    while let Some(c) = this.child(i) {
        if let Some(e) = c.downcast::<Element>()
            && let Some(t) = e.tag.get_owned()
            && t.eq(tag)?
        {
            return Ok(Some(c));
        }
        i += 1;
    }
    Ok(None)
}

fn me(this: &Element) -> &Object {
    // SAFETY: an element is an object.
    unsafe { &*std::ptr::from_ref(this).cast::<Object>() }
}

/// The first matching child.
#[method(signature = "(path, namespaces=None)")]
pub(super) fn find(this: &Element, path: &Object, namespaces: Option<&Object>) -> PyResult<Option<Obj>> {
    if is_path(path, namespaces) {
        let ns = namespaces.unwrap_or(none());
        return self::path(intern!("find"), &[me(this), path, ns]).map(Some);
    }
    first(this, path)
}

/// The text of the first matching child.
#[method(signature = "(path, default=None, namespaces=None)")]
pub(super) fn findtext(
    this: &Element,
    path: &Object,
    default: Option<&Object>,
    namespaces: Option<&Object>,
) -> PyResult<Option<Obj>> {
    if is_path(path, namespaces) {
        let (default, ns) = (default.unwrap_or(none()), namespaces.unwrap_or(none()));
        return self::path(intern!("findtext"), &[me(this), path, default, ns]).map(Some);
    }
    match first(this, path)? {
        Some(c) => match c.cast::<Element>().text.get_owned() {
            Some(t) if !t.is_none() => Ok(Some(t)),
            _ => Ok(Some(Str::from_utf8("").into_obj())),
        },
        None => Ok(default.map(Object::to_obj)),
    }
}

/// All matching children.
#[method(signature = "(path, namespaces=None)")]
pub(super) fn findall(this: &Element, path: &Object, namespaces: Option<&Object>) -> PyResult<Obj> {
    if is_path(path, namespaces) {
        let ns = namespaces.unwrap_or(none());
        return self::path(intern!("findall"), &[me(this), path, ns]);
    }
    let out = List::new();
    let mut i = 0;
    while let Some(c) = this.child(i) {
        if let Some(e) = c.downcast::<Element>()
            && let Some(t) = e.tag.get_owned()
            && t.eq(path)?
        {
            out.push(c)?;
        }
        i += 1;
    }
    Ok(out.into_obj())
}

/// An iterator over all matching elements.
#[method(signature = "(path, namespaces=None)")]
pub(super) fn iterfind(this: &Element, path: &Object, namespaces: Option<&Object>) -> PyResult<Obj> {
    self::path(intern!("iterfind"), &[me(this), path, namespaces.unwrap_or(none())])
}

/// An iterator over the element and all below it, of one tag if it is given.
#[method(signature = "(tag=None)")]
pub(super) fn iter(this: &Element, tag: Option<&Object>) -> PyResult<Obj> {
    let tag = match tag {
        Some(t) if t.downcast::<Str>().is_some_and(|s| s.eq_str("*")) => None,
        Some(t) if t.downcast::<taipan_object::types::bytes::Bytes>().is_some_and(|b| b.as_slice() == b"*") => None,
        t => t,
    };
    Ok(iterator::new(me(this), tag, false))
}

/// An iterator over the texts of the element and all below it.
#[method(signature = "()")]
pub(super) fn itertext(this: &Element) -> PyResult<Obj> {
    Ok(iterator::new(me(this), None, true))
}
