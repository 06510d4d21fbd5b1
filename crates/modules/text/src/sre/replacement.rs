//! `SRE_Template`: a replacement text, taken apart into literals and groups.

use super::pattern::FLAGS;
use super::subject::Subject;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, VarObject, bail, buffer, layout, raise, visit,
};
use taipan_sre::Matcher;

struct Item {
    group: usize,
    /// What follows the group; empty if nothing does.
    literal: ObjCell,
}

/// A template.
#[repr(C)]
pub struct Template {
    ob_base: VarObject,
    literal: ObjCell,
    items: Box<[Item]>,
}
layout!(Template, Template_Type);

/// A template of a list in which literals and group numbers take turns.
pub fn new(list: &List) -> PyResult<Ref<Template>> {
    let parts = list.snapshot();
    let [literal, rest @ ..] = &parts[..] else { bail!(TypeError, "invalid template") };
    if rest.len() % 2 != 0 {
        bail!(TypeError, "invalid template");
    }
    let mut items = Vec::with_capacity(rest.len() / 2);
    for pair in rest.chunks_exact(2) {
        let Some(group) = pair[0].downcast::<Int>() else { bail!(TypeError, "an integer is required") };
        let Some(group) = group.to_usize() else { bail!(TypeError, "invalid template") };
        let empty = match (pair[1].downcast::<Str>(), pair[1].downcast::<Bytes>()) {
            (Some(s), _) => s.is_empty(),
            (_, Some(b)) => b.is_empty(),
            _ => false,
        };
        items.push(Item { group, literal: ObjCell::from_opt(Some(pair[1].clone()).filter(|_| !empty)) });
    }
    Ok(new_object(Template {
        ob_base: VarObject::placeholder(0),
        literal: ObjCell::new(literal.clone()),
        items: items.into_boxed_slice(),
    }))
}

impl Template {
    /// The text, if there are no groups.
    pub fn only_literal(&self) -> Option<Obj> {
        if self.items.is_empty() { self.literal.get_owned() } else { None }
    }

    /// Filled in from a running match.
    pub fn expand(&self, s: &Subject<'_>, m: &Matcher) -> PyResult {
        let bounds = |i: usize| {
            if i > m.marks.len() / 2 {
                return Err(raise!(IndexError, "no such group"));
            }
            Ok(m.group(i))
        };
        // Pieces of the subject's own kind are put together without objects.
        match s {
            Subject::Text(t) => {
                let mut out = StrBuilder::new();
                if let Some(r) = self.literal.get().map(|l| push_text(&mut out, l))
                    && !r
                {
                    return self.join(&|i| Ok(bounds(i)?.map_or_else(none_obj, |(a, b)| t.substring(a, b).into_obj())));
                }
                for item in &self.items {
                    if let Some((a, b)) = bounds(item.group)? {
                        out.push_substring(t, a, b);
                    }
                    if let Some(l) = item.literal.get()
                        && !push_text(&mut out, l)
                    {
                        return self
                            .join(&|i| Ok(bounds(i)?.map_or_else(none_obj, |(a, b)| t.substring(a, b).into_obj())));
                    }
                }
                Ok(out.finish().into_obj())
            }
            Subject::Bytes(..) => self.join(&|i| match bounds(i)? {
                Some((a, b)) => s.slice(a, b),
                None => Ok(none_obj()),
            }),
        }
    }

    /// Filled in with what `group` answers for a group's number.
    pub fn expand_with(&self, group: &dyn Fn(usize) -> PyResult) -> PyResult {
        match self.only_literal() {
            Some(l) => Ok(l),
            None => self.join(group),
        }
    }

    fn join(&self, group: &dyn Fn(usize) -> PyResult) -> PyResult {
        let Some(literal) = self.literal.get_owned() else { return Ok(Str::empty().into_obj()) };
        let mut pieces = vec![literal];
        for item in &self.items {
            let g = group(item.group)?;
            if !g.is_none() {
                pieces.push(g);
            }
            pieces.extend(item.literal.get_owned());
        }
        if pieces[0].downcast::<Str>().is_some() {
            let all: Vec<&Object> = pieces.iter().map(|p| &**p).collect();
            return Ok(Str::join(&Str::empty(), &all)?.into_obj());
        }
        let mut out = Vec::new();
        for (i, p) in pieces.iter().enumerate() {
            if !buffer::supports(p) {
                bail!(TypeError, "sequence item {i}: expected a bytes-like object, {} found", p.ty().name_str());
            }
            out.extend_from_slice(&buffer::Buffer::get(p)?);
        }
        Ok(Bytes::try_new(&out)?.into_obj())
    }
}

fn none_obj() -> Obj {
    taipan_object::types::none::none().to_obj()
}

fn push_text(out: &mut StrBuilder, o: &Object) -> bool {
    match o.downcast::<Str>() {
        Some(s) => {
            out.push_pystr(s);
            true
        }
        None => false,
    }
}

extern "C" fn template_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let t: &Template = o.cast();
    visit!(t.literal, visit, arg);
    for i in &t.items {
        visit!(i.literal, visit, arg);
    }
    0
}

extern "C" fn template_clear(o: &Object) -> c_int {
    let t: &Template = o.cast();
    t.literal.set(None);
    for i in &t.items {
        i.literal.set(None);
    }
    0
}

/// `_sre.SRE_Template`
pub static Template_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_sre.SRE_Template",
        basicsize: size_of::<Template>(),
        itemsize: 16,
        flags: FLAGS,
        dealloc: Some(dealloc_of::<Template>),
        traverse: Some(template_traverse),
        clear: Some(template_clear),
        ..TypeDef::EMPTY
    },
    0,
);
