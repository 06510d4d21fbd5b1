//! `re.Match`.

use super::pattern::{FLAGS, Pattern, compile_template};
use super::subject::{Subject, Walk};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{alloc_exact, dealloc_of};
use taipan_object::args::Given;
use taipan_object::error::no_memory;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::{MappingMethods, Slot, VisitProc};
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::none::none;
use taipan_object::types::str::StrBuilder;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, VarObject, classmethod, gc, getset, getsets, layout, members,
    method, methods, raise, visit,
};

/// The result of a match: the head, then begin and end of each group.
#[repr(C)]
pub struct Match {
    ob_base: VarObject,
    string: ObjCell,
    regs: ObjCell,
    pattern: ObjCell,
    pos: Cell<isize>,
    endpos: Cell<isize>,
    lastindex: Cell<isize>,
    groups: Cell<isize>,
    mark: [isize; 0],
}
const _: () = assert!(size_of::<Match>() == 80 && offset_of!(Match, mark) == 80);
layout!(Match, Match_Type);

impl Match {
    /// The match that the walk stands at.
    pub fn of_walk(w: &Walk<'_, '_>, string: &Object) -> PyResult<Ref<Match>> {
        let m = &w.matcher;
        let n = w.pattern.group_count() + 1;
        let words = 2 * n;
        // SAFETY: head and marks are written completely before the object is shown.
        unsafe {
            let Some((p, _)) = alloc_exact(&Match_Type, size_of::<Match>() + words * size_of::<isize>()) else {
                return Err(no_memory());
            };
            p.cast::<Match>().write(Match {
                ob_base: VarObject::new(&Match_Type, words as isize),
                string: ObjCell::new(string.to_obj()),
                regs: ObjCell::empty(),
                pattern: ObjCell::new(w.pattern.to_obj()),
                pos: Cell::new(w.pos as isize),
                endpos: Cell::new(w.end as isize),
                lastindex: Cell::new(match m.lastindex {
                    0 => -1,
                    i => i as isize,
                }),
                groups: Cell::new(n as isize),
                mark: [],
            });
            let marks = p.cast::<u8>().add(size_of::<Match>()).cast::<isize>();
            marks.write(m.start as isize);
            marks.add(1).write(m.end as isize);
            for i in 1..n {
                let (a, b) = m.group(i).map_or((-1, -1), |(a, b)| (a as isize, b as isize));
                marks.add(2 * i).write(a);
                marks.add(2 * i + 1).write(b);
            }
            gc::track(p.as_ref());
            Ok(Obj::from_raw(p.as_ptr()).cast_into_unchecked())
        }
    }

    fn marks(&self) -> &[isize] {
        let p = (self as *const Match).cast::<u8>();
        // SAFETY: the marks follow the head, two for each group.
        unsafe { std::slice::from_raw_parts(p.add(size_of::<Match>()).cast(), 2 * self.groups.get() as usize) }
    }

    /// Begin and end of a group, -1 if it took no part.
    fn bounds(&self, i: usize) -> (isize, isize) {
        let m = self.marks();
        (m[2 * i], m[2 * i + 1])
    }

    fn pattern(&self) -> Obj {
        self.pattern.get_owned().unwrap_or_else(|| none().to_obj())
    }

    fn number(&self, group: &Object) -> PyResult<usize> {
        if let Some(i) = group.downcast_exact::<Int>().and_then(Int::to_usize)
            && i < self.groups.get() as usize
        {
            return Ok(i);
        }
        match self.pattern.get_owned() {
            Some(p) => p.cast::<Pattern>().group_number(group),
            None => Err(raise!(IndexError, "no such group")),
        }
    }

    /// The text of a group, or `default`.
    fn text(&self, i: usize, default: &Object) -> PyResult {
        let (a, b) = self.bounds(i);
        match self.string.get_owned() {
            Some(s) if a >= 0 && !s.is_none() => Subject::new(&s)?.slice(a as usize, b as usize),
            _ => Ok(default.to_obj()),
        }
    }
}

/// match.group([group1, ...]) -> str or tuple.
///
/// Without arguments the whole match; with several the tuple of the groups.
#[method(signature = "(*args)", text = false)]
fn group(this: &Match, args: &[&Object]) -> PyResult {
    match args {
        [] => this.text(0, none()),
        [g] => this.text(this.number(g)?, none()),
        _ => {
            let all = args.iter().map(|g| this.text(this.number(g)?, none())).collect::<PyResult<Vec<Obj>>>()?;
            Ok(Tuple::from_vec(all).into_obj())
        }
    }
}

fn number_or_zero(this: &Match, group: Given<&Object>) -> PyResult<usize> {
    group.0.map_or(Ok(0), |g| this.number(g))
}

/// Where the group begins.
#[method(signature = "(group=0, /)")]
fn start(this: &Match, group: Given<&Object>) -> PyResult<isize> {
    Ok(this.bounds(number_or_zero(this, group)?).0)
}

/// Where the group ends.
#[method(signature = "(group=0, /)")]
fn end(this: &Match, group: Given<&Object>) -> PyResult<isize> {
    Ok(this.bounds(number_or_zero(this, group)?).1)
}

fn pair((a, b): (isize, isize)) -> Obj {
    Tuple::from_vec(vec![Int::from_isize(a).into_obj(), Int::from_isize(b).into_obj()]).into_obj()
}

/// Where the group begins and ends.
#[method(signature = "(group=0, /)")]
fn span(this: &Match, group: Given<&Object>) -> PyResult<Obj> {
    Ok(pair(this.bounds(number_or_zero(this, group)?)))
}

/// The tuple of all groups.
///
///   default
///     Stands in for groups that took no part.
#[method(signature = "(default=None)")]
fn groups(this: &Match, default: &Object) -> PyResult<Ref<Tuple>> {
    let n = this.groups.get() as usize;
    Ok(Tuple::from_vec((1..n).map(|i| this.text(i, default)).collect::<PyResult<Vec<Obj>>>()?))
}

/// The dict of all named groups.
///
///   default
///     Stands in for groups that took no part.
#[method(signature = "(default=None)")]
fn groupdict(this: &Match, default: &Object) -> PyResult<Ref<Dict>> {
    let d = Dict::new();
    let p = this.pattern();
    if let Some(names) = p.downcast::<Pattern>().and_then(|p| p.groupindex.get_owned()) {
        for (name, _) in names.cast::<Dict>().pairs() {
            d.set_item(&name, &*this.text(this.number(&name)?, default)?)?;
        }
    }
    Ok(d)
}

/// Fill in a template, as sub() does.
#[method(signature = "(template)")]
fn expand(this: &Match, template: &Object) -> PyResult {
    let p = this.pattern();
    let t = compile_template(p.cast(), template)?;
    t.expand_with(&|i| {
        if i >= this.groups.get() as usize {
            return Err(raise!(IndexError, "no such group"));
        }
        this.text(i, none())
    })
}

/// The match itself.
#[method(signature = "()")]
fn __copy__(this: &Object) -> Obj {
    this.to_obj()
}

/// The match itself.
#[method(signature = "(memo, /)")]
fn __deepcopy__(this: &Object, _memo: &Object) -> Obj {
    this.to_obj()
}

/// See PEP 585
#[classmethod(signature = "(object, /)")]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    taipan_object::types::generic_alias::new(cls.as_object(), object)
}

fn lastindex(this: &Match) -> Option<isize> {
    Some(this.lastindex.get()).filter(|&i| i >= 0)
}

fn lastgroup(this: &Match) -> Obj {
    let name = || -> Option<Obj> {
        let i = usize::try_from(this.lastindex.get()).ok()?;
        let names = this.pattern.get()?.cast::<Pattern>().indexgroup.get_owned()?;
        names.cast::<Tuple>().items().get(i).cloned()
    };
    name().unwrap_or_else(|| none().to_obj())
}

fn regs(this: &Match) -> Obj {
    if this.regs.is_empty() {
        let all = (0..this.groups.get() as usize).map(|i| pair(this.bounds(i))).collect();
        this.regs.set(Some(Tuple::from_vec(all).into_obj()));
    }
    this.regs.get_owned().unwrap_or_else(|| none().to_obj())
}

extern "C" fn match_getitem(o: &Object, key: &Object) -> PyResult {
    let this: &Match = o.cast();
    this.text(this.number(key)?, none())
}

extern "C" fn match_repr(o: &Object) -> PyResult {
    let this: &Match = o.cast();
    let (a, b) = this.bounds(0);
    let text = this.text(0, none())?.repr()?;
    let mut out = StrBuilder::new();
    out.push_str(&format!("<{} object; span=({a}, {b}), match=", o.ty().name_str()));
    out.push_pystr(&text);
    out.push_str(">");
    Ok(out.finish().into_obj())
}

extern "C" fn match_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let m: &Match = o.cast();
    visit!(m.string, visit, arg);
    visit!(m.regs, visit, arg);
    visit!(m.pattern, visit, arg);
    0
}

extern "C" fn match_clear(o: &Object) -> c_int {
    let m: &Match = o.cast();
    m.string.set(None);
    m.regs.set(None);
    m.pattern.set(None);
    0
}

static AS_MAPPING: MappingMethods = MappingMethods { subscript: Slot::new(match_getitem), ..MappingMethods::EMPTY };

/// `re.Match`
pub static Match_Type: Type = Type::with_flags(
    TypeDef {
        name: c"re.Match",
        doc: Some(c"The result of re.match() and re.search(). It is always true."),
        // One mark is counted in, as the C struct has it.
        basicsize: size_of::<Match>() + size_of::<isize>(),
        itemsize: size_of::<isize>(),
        flags: FLAGS,
        dealloc: Some(dealloc_of::<Match>),
        traverse: Some(match_traverse),
        clear: Some(match_clear),
        repr: Some(match_repr),
        as_mapping: Some(&AS_MAPPING),
        methods: methods![
            group,
            start,
            end,
            span,
            groups,
            groupdict,
            expand,
            __copy__,
            __deepcopy__,
            __class_getitem__
        ],
        members: members![
            MemberDef::new(c"string", member::OBJECT, offset_of!(Match, string), member::READONLY)
                .doc(c"What was searched."),
            MemberDef::new(c"re", member::OBJECT, offset_of!(Match, pattern), member::READONLY).doc(c"The pattern."),
            MemberDef::new(c"pos", member::PYSSIZET, offset_of!(Match, pos), member::READONLY)
                .doc(c"Where the search began."),
            MemberDef::new(c"endpos", member::PYSSIZET, offset_of!(Match, endpos), member::READONLY)
                .doc(c"Where the search had to end."),
        ],
        getset: getsets![
            getset!(c"lastindex", lastindex; c"The number of the group that matched last."),
            getset!(c"lastgroup", lastgroup; c"The name of the group that matched last."),
            getset!(c"regs", regs; c"Begin and end of every group."),
        ],
        ..TypeDef::EMPTY
    },
    0,
);
