//! `re.Pattern`.

use super::matching::Match;
use super::replacement::Template;
use super::scanner::Scanner;
use super::subject::{Mode, Subject, Walk};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::{Dict, proxy};
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::str::hash::hash_bytes;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, exceptions, iterators};
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, VarObject, bail, buffer, classmethod, flags, getset, getsets,
    hooks, intern, layout, members, method, methods, raise, visit,
};
use taipan_sre::{Matcher, Program};

/// A compiled regular expression.
#[repr(C)]
pub struct Pattern {
    ob_base: VarObject,
    groups: Cell<isize>,
    pub(super) groupindex: ObjCell,
    pub(super) indexgroup: ObjCell,
    pattern: ObjCell,
    flags: Cell<c_int>,
    weakreflist: ObjCell,
    /// 1 for patterns of bytes, 0 of text, -1 for none at all (as `re.Scanner` makes them).
    pub(super) isbytes: Cell<c_int>,
    program: Box<Program>,
    /// The stacks of the last run, for the next.
    matcher: Cell<Option<Box<Matcher>>>,
}
const _: () = assert!(size_of::<Pattern>() == 96 && offset_of!(Pattern, weakreflist) == 64);
layout!(Pattern, Pattern_Type);

/// The kind of text that a pattern's source makes it a pattern for: see [`Pattern::isbytes`].
pub fn text_kind(source: &Object) -> PyResult<c_int> {
    if source.is_none() {
        return Ok(-1);
    }
    Ok(Subject::new(source)?.is_bytes().into())
}

impl Pattern {
    /// A pattern; the code words are validated.
    pub fn new(
        pattern: &Object,
        flags: c_int,
        isbytes: c_int,
        code: &[u32],
        groups: usize,
        groupindex: &Dict,
        indexgroup: &Tuple,
    ) -> PyResult<Ref<Pattern>> {
        let program = Program::new(code, groups).map_err(|_| raise!(RuntimeError, "invalid SRE code"))?;
        Ok(new_object(Pattern {
            ob_base: VarObject::placeholder(0),
            groups: Cell::new(groups as isize),
            groupindex: ObjCell::new(groupindex.to_obj()),
            indexgroup: ObjCell::new(indexgroup.to_obj()),
            pattern: ObjCell::new(pattern.to_obj()),
            flags: Cell::new(flags),
            weakreflist: ObjCell::empty(),
            isbytes: Cell::new(isbytes),
            program: Box::new(program),
            matcher: Cell::new(None),
        }))
    }

    /// The program.
    #[inline]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Number of groups.
    #[inline]
    pub fn group_count(&self) -> usize {
        self.program.groups()
    }

    /// Whether it asks the C library's locale.
    #[inline]
    pub fn uses_locale(&self) -> bool {
        self.flags.get() & LOCALE != 0
    }

    /// A matcher to run it with; it is new if the pattern is running already.
    #[inline]
    pub fn take_matcher(&self) -> Box<Matcher> {
        self.matcher.take().unwrap_or_default()
    }

    /// Gives the matcher back.
    #[inline]
    pub fn give_matcher(&self, m: Box<Matcher>) {
        self.matcher.set(Some(m));
    }

    /// The number of the group that `index` (a number or a name) means.
    pub fn group_number(&self, index: &Object) -> PyResult<usize> {
        let found = if taipan_object::protocol::number::has_index(index) {
            Some(index.index_as_isize(None)?)
        } else {
            let names = self.groupindex.get_owned();
            match names.as_ref().map(|d| d.cast::<Dict>().get_item(index)) {
                Some(Ok(Some(i))) => i.downcast::<Int>().and_then(Int::to_isize),
                Some(Err(e)) => {
                    e.clear();
                    None
                }
                _ => None,
            }
        };
        match found.map(usize::try_from) {
            Some(Ok(i)) if i <= self.group_count() => Ok(i),
            _ => Err(raise!(IndexError, "no such group")),
        }
    }
}

const IGNORECASE: c_int = 2;
const LOCALE: c_int = 4;
const UNICODE: c_int = 32;
const ASCII: c_int = 256;

fn one(this: &Pattern, string: &Object, pos: isize, endpos: isize, mode: Mode) -> PyResult {
    let mut w = Walk::new(this, string, pos, endpos)?;
    if w.next(mode)? { Ok(Match::of_walk(&w, string)?.into_obj()) } else { Ok(none().to_obj()) }
}

/// Match at the beginning of the string. Answers a Match or None.
#[method(name = "match", signature = "(string, pos=0, endpos=sys.maxsize)")]
fn match_(this: &Pattern, string: &Object, pos: isize, endpos: isize) -> PyResult {
    one(this, string, pos, endpos, Mode::Match)
}

/// Match the whole string. Answers a Match or None.
#[method(signature = "(string, pos=0, endpos=sys.maxsize)")]
fn fullmatch(this: &Pattern, string: &Object, pos: isize, endpos: isize) -> PyResult {
    one(this, string, pos, endpos, Mode::Full)
}

/// Find the first place that matches. Answers a Match or None.
#[method(signature = "(string, pos=0, endpos=sys.maxsize)")]
fn search(this: &Pattern, string: &Object, pos: isize, endpos: isize) -> PyResult {
    one(this, string, pos, endpos, Mode::Search)
}

/// List all matches that do not overlap: the text of each, or its group, or a tuple of its groups.
#[method(signature = "(string, pos=0, endpos=sys.maxsize)")]
fn findall(this: &Pattern, string: &Object, pos: isize, endpos: isize) -> PyResult<Ref<List>> {
    let mut w = Walk::new(this, string, pos, endpos)?;
    let mut found: Vec<Obj> = Vec::new();
    while w.next(Mode::Search)? {
        let m = &w.matcher;
        found.push(match this.group_count() {
            0 => w.slice(m.start, m.end)?,
            1 => w.subject.group_or_empty(m, 1)?,
            n => {
                let groups = (1..=n).map(|i| w.subject.group_or_empty(m, i)).collect::<PyResult<Vec<Obj>>>()?;
                Tuple::from_vec(groups).into_obj()
            }
        });
    }
    Ok(List::from_vec(found))
}

/// Iterate over all matches that do not overlap.
#[method(signature = "(string, pos=0, endpos=sys.maxsize)")]
fn finditer(this: &Pattern, string: &Object, pos: isize, endpos: isize) -> PyResult<Obj> {
    let s = Scanner::new(this, string, pos, endpos)?;
    let search = s.get_attr(intern!("search"))?;
    Ok(iterators::call_iter(&search, none()))
}

/// A scanner over the string.
#[method(signature = "(string, pos=0, endpos=sys.maxsize)")]
fn scanner(this: &Pattern, string: &Object, pos: isize, endpos: isize) -> PyResult<Ref<Scanner>> {
    Scanner::new(this, string, pos, endpos)
}

/// Split the string where the pattern matches. Groups of the pattern are listed, too.
#[method(signature = "(string, maxsplit=0)")]
fn split(this: &Pattern, string: &Object, maxsplit: isize) -> PyResult<Ref<List>> {
    let mut w = Walk::new(this, string, 0, isize::MAX)?;
    let mut parts: Vec<Obj> = Vec::new();
    let mut last = 0;
    let mut n = 0;
    while (maxsplit == 0 || n < maxsplit) && w.next(Mode::Search)? {
        let m = &w.matcher;
        parts.push(w.slice(last, m.start)?);
        for i in 1..=this.group_count() {
            parts.push(match m.group(i) {
                Some((a, b)) => w.slice(a, b)?,
                None => none().to_obj(),
            });
        }
        last = m.end;
        n += 1;
    }
    parts.push(w.slice(last, w.end)?);
    Ok(List::from_vec(parts))
}

/// What stands in for each match.
enum Replacement {
    /// This text.
    Literal(Obj),
    /// Literals and groups.
    Template(Ref<Template>),
    /// What the function answers.
    Function(Obj),
}

impl Replacement {
    // Characters come in three widths, and the widest needs no conversion.
    #[allow(clippy::useless_conversion)]
    fn new(p: &Pattern, repl: &Object) -> PyResult<Replacement> {
        if repl.is_callable() {
            return Ok(Replacement::Function(repl.to_obj()));
        }
        let plain = match Subject::new(repl) {
            Ok(Subject::Text(s)) => {
                !taipan_object::with_units!(s, |u| u.iter().any(|&c| u32::from(c) == u32::from(b'\\')))
            }
            Ok(Subject::Bytes(b, _)) => !b.as_slice().contains(&b'\\'),
            Err(e) => {
                e.clear();
                false
            }
        };
        if plain {
            return Ok(Replacement::Literal(repl.to_obj()));
        }
        let t = compile_template(p, repl)?;
        Ok(match t.only_literal() {
            Some(l) => Replacement::Literal(l),
            None => Replacement::Template(t),
        })
    }
}

/// `re._compile_template(pattern, template)`, which caches.
pub(super) fn compile_template(p: &Pattern, template: &Object) -> PyResult<Ref<Template>> {
    let compile = (hooks::get().import)("re")?.get_attr(intern!("_compile_template"))?;
    let made = match compile.call(&[p, template]) {
        // A bytearray cannot be looked up in the cache; its bytes can.
        Err(e)
            if e.matches(exceptions::TypeError)
                && template.downcast::<Bytes>().is_none()
                && buffer::supports(template) =>
        {
            e.clear();
            let b = Bytes::try_new(&buffer::Buffer::get(template)?)?;
            compile.call(&[p, &**b])?
        }
        r => r?,
    };
    made.downcast_into::<Template>()
        .map_err(|o| raise!(RuntimeError, "the result of compiling a replacement string is {}", o.ty().name_str()))
}

/// The text made by substitution: it grows without objects for the pieces between.
enum Output {
    Text(StrBuilder),
    Bytes(Vec<u8>),
}

impl Output {
    fn push_slice(&mut self, s: &Subject<'_>, a: usize, b: usize) {
        match (self, s) {
            (Output::Text(t), Subject::Text(s)) => t.push_substring(s, a, b),
            (Output::Bytes(v), Subject::Bytes(d, _)) => v.extend_from_slice(&d.as_slice()[a..b]),
            _ => unreachable!("the output is of the subject's kind"),
        }
    }

    /// Adds a piece, or says what it should have been.
    fn push(&mut self, o: &Object) -> Result<(), &'static str> {
        match self {
            Output::Text(t) => match o.downcast::<Str>() {
                Some(s) => t.push_pystr(s),
                None => return Err("str instance"),
            },
            Output::Bytes(v) => match o.downcast::<Bytes>() {
                Some(b) => v.extend_from_slice(b.as_slice()),
                None if buffer::supports(o) => match buffer::Buffer::get(o) {
                    Ok(b) => v.extend_from_slice(&b),
                    Err(e) => {
                        e.clear();
                        return Err("a bytes-like object");
                    }
                },
                None => return Err("a bytes-like object"),
            },
        }
        Ok(())
    }

    fn finish(self) -> PyResult {
        match self {
            Output::Text(t) => Ok(t.finish().into_obj()),
            Output::Bytes(v) => Ok(Bytes::try_new(&v)?.into_obj()),
        }
    }
}

fn substitute(this: &Pattern, repl: &Object, string: &Object, count: isize) -> PyResult<(Obj, isize)> {
    let repl = Replacement::new(this, repl)?;
    let mut w = Walk::new(this, string, 0, isize::MAX)?;
    let mut out = if w.subject.is_bytes() { Output::Bytes(Vec::new()) } else { Output::Text(StrBuilder::new()) };
    let (mut last, mut n, mut pieces) = (0, 0, 0usize);
    // A piece of the wrong type is complained about when all are there, as joining them would.
    let mut wrong: Option<String> = None;
    while (count == 0 || n < count) && w.next(Mode::Search)? {
        let (a, b) = (w.matcher.start, w.matcher.end);
        if last < a {
            out.push_slice(&w.subject, last, a);
            pieces += 1;
        }
        let made;
        let piece: &Object = match &repl {
            Replacement::Literal(l) => l,
            Replacement::Template(t) => {
                made = t.expand(&w.subject, &w.matcher)?;
                &made
            }
            Replacement::Function(f) => {
                let m = Match::of_walk(&w, string)?;
                made = f.call_one(&m)?;
                &made
            }
        };
        if !piece.is_none() {
            if let Err(expected) = out.push(piece)
                && wrong.is_none()
            {
                let found = piece.ty().name_str();
                wrong = Some(match expected {
                    "str instance" => format!("sequence item {pieces}: expected str instance, {found} found"),
                    _ => format!("sequence item {pieces}: expected a bytes-like object, {found} found"),
                });
            }
            pieces += 1;
        }
        last = b;
        n += 1;
    }
    if let Some(text) = wrong {
        bail!(TypeError, "{text}");
    }
    if n == 0 {
        return Ok((w.slice(0, w.end)?, 0));
    }
    out.push_slice(&w.subject, last, w.end);
    Ok((out.finish()?, n))
}

/// Replace the matches, at most count of them if it is not 0. The replacement is a template or a function of the Match.
#[method(signature = "(repl, string, count=0)")]
fn sub(this: &Pattern, repl: &Object, string: &Object, count: isize) -> PyResult {
    Ok(substitute(this, repl, string, count)?.0)
}

/// Like sub(), but answers the pair of the new string and the number of replacements.
#[method(signature = "(repl, string, count=0)")]
fn subn(this: &Pattern, repl: &Object, string: &Object, count: isize) -> PyResult<Ref<Tuple>> {
    let (s, n) = substitute(this, repl, string, count)?;
    Ok(Tuple::from_vec(vec![s, Int::from_isize(n).into_obj()]))
}

/// The pattern itself.
#[method(signature = "()")]
fn __copy__(this: &Object) -> Obj {
    this.to_obj()
}

/// The pattern itself.
#[method(signature = "(memo, /)")]
fn __deepcopy__(this: &Object, _memo: &Object) -> Obj {
    this.to_obj()
}

/// See PEP 585
#[classmethod(signature = "(object, /)")]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    taipan_object::types::generic_alias::new(cls.as_object(), object)
}

extern "C" fn pattern_repr(o: &Object) -> PyResult {
    let this: &Pattern = o.cast();
    const NAMES: [(c_int, &str); 7] = [
        (IGNORECASE, "re.IGNORECASE"),
        (LOCALE, "re.LOCALE"),
        (8, "re.MULTILINE"),
        (16, "re.DOTALL"),
        (UNICODE, "re.UNICODE"),
        (64, "re.VERBOSE"),
        (128, "re.DEBUG"),
    ];
    let mut flags = this.flags.get();
    // Being Unicode goes without saying for text.
    if this.isbytes.get() == 0 && flags & (LOCALE | UNICODE | ASCII) == UNICODE {
        flags &= !UNICODE;
    }
    let mut parts = Vec::new();
    for (bit, name) in NAMES.into_iter().chain([(ASCII, "re.ASCII")]) {
        if flags & bit != 0 {
            parts.push(name.to_owned());
            flags &= !bit;
        }
    }
    if flags != 0 {
        parts.push(format!("0x{flags:x}"));
    }
    let source = this.pattern.get_owned().unwrap_or_else(|| none().to_obj()).repr()?;
    let mut out = StrBuilder::new();
    out.push_str("re.compile(");
    out.push_substring(&source, 0, source.len().min(200));
    if !parts.is_empty() {
        out.push_str(", ");
        out.push_str(&parts.join("|"));
    }
    out.push_str(")");
    Ok(out.finish().into_obj())
}

fn hash_of(this: &Pattern) -> PyResult<isize> {
    let words = this.program.code();
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_ne_bytes()).collect();
    let source = this.pattern.get_owned().unwrap_or_else(|| none().to_obj()).hash()?;
    let h =
        hash_bytes(&bytes) ^ source ^ this.flags.get() as isize ^ this.isbytes.get() as isize ^ words.len() as isize;
    Ok(if h == -1 { -2 } else { h })
}

extern "C" fn pattern_hash(o: &Object) -> isize {
    taipan_object::error::status_len(hash_of(o.cast()))
}

extern "C" fn pattern_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast_exact::<Pattern>(), b.downcast_exact::<Pattern>()) else {
        return Ok(not_implemented());
    };
    let want = match op {
        CompareOp::Eq => true,
        CompareOp::Ne => false,
        _ => return Ok(not_implemented()),
    };
    let equal = a.is(b)
        || x.flags.get() == y.flags.get()
            && x.isbytes.get() == y.isbytes.get()
            && x.program.code() == y.program.code()
            && match (x.pattern.get_owned(), y.pattern.get_owned()) {
                (Some(p), Some(q)) => p.eq(&q)?,
                _ => false,
            };
    Ok(bool_::from_bool(equal == want))
}

extern "C" fn pattern_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let p: &Pattern = o.cast();
    visit!(p.groupindex, visit, arg);
    visit!(p.indexgroup, visit, arg);
    visit!(p.pattern, visit, arg);
    0
}

extern "C" fn pattern_clear(o: &Object) -> c_int {
    let p: &Pattern = o.cast();
    p.groupindex.set(None);
    p.indexgroup.set(None);
    p.pattern.set(None);
    0
}

fn groupindex(this: &Pattern) -> Obj {
    let d = this.groupindex.get_owned().unwrap_or_else(|| Dict::new().into_obj());
    proxy::new(&d)
}

pub(super) const FLAGS: u64 = flags::HAVE_GC | flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION;

/// `re.Pattern`
pub static Pattern_Type: Type = Type::with_flags(
    TypeDef {
        name: c"re.Pattern",
        doc: Some(c"A compiled regular expression."),
        basicsize: size_of::<Pattern>(),
        itemsize: 4,
        flags: FLAGS,
        dealloc: Some(dealloc_of::<Pattern>),
        traverse: Some(pattern_traverse),
        clear: Some(pattern_clear),
        repr: Some(pattern_repr),
        hash: Some(pattern_hash),
        richcompare: Some(pattern_richcompare),
        weaklistoffset: offset_of!(Pattern, weakreflist) as isize,
        methods: methods![
            match_,
            fullmatch,
            search,
            sub,
            subn,
            findall,
            split,
            finditer,
            scanner,
            __copy__,
            __deepcopy__,
            __class_getitem__
        ],
        members: members![
            MemberDef::new(c"pattern", member::OBJECT, offset_of!(Pattern, pattern), member::READONLY)
                .doc(c"The source that was compiled."),
            MemberDef::new(c"flags", member::INT, offset_of!(Pattern, flags), member::READONLY)
                .doc(c"The flags, those inside the pattern included."),
            MemberDef::new(c"groups", member::PYSSIZET, offset_of!(Pattern, groups), member::READONLY)
                .doc(c"How many groups there are."),
        ],
        getset: getsets![getset!(c"groupindex", groupindex; c"Names of groups and their numbers.")],
        ..TypeDef::EMPTY
    },
    0,
);
