//! `SRE_Scanner`: one match after the other, as `finditer` and `re.Scanner` use it.

use super::matching::Match;
use super::pattern::{FLAGS, Pattern};
use super::subject::{Mode, Walk};
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::buffer::Buffer;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::none::none;
use taipan_object::{ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, layout, members, method, methods, visit};

/// A scanner.
#[repr(C)]
pub struct Scanner {
    ob_base: Object,
    pattern: ObjCell,
    string: ObjCell,
    pos: Cell<isize>,
    endpos: Cell<isize>,
    at: Cell<usize>,
    must_advance: Cell<bool>,
    /// There was no match: there will be none.
    done: Cell<bool>,
    executing: Cell<bool>,
    /// Keeps what is no text from being resized.
    hold: RefCell<Option<Buffer>>,
}
layout!(Scanner, Scanner_Type);

impl Scanner {
    /// A scanner over `string`.
    pub fn new(p: &Pattern, string: &Object, pos: isize, endpos: isize) -> PyResult<Ref<Scanner>> {
        let w = Walk::new(p, string, pos, endpos)?;
        let (pos, endpos) = (w.pos, w.end);
        let hold = if w.subject.is_bytes() { Some(Buffer::get(string)?) } else { None };
        drop(w);
        Ok(new_object(Scanner {
            ob_base: Object::placeholder(),
            pattern: ObjCell::new(p.to_obj()),
            string: ObjCell::new(string.to_obj()),
            pos: Cell::new(pos as isize),
            endpos: Cell::new(endpos as isize),
            at: Cell::new(pos),
            must_advance: Cell::new(false),
            done: Cell::new(false),
            executing: Cell::new(false),
            hold: RefCell::new(hold),
        }))
    }

    fn step(&self, mode: Mode) -> PyResult {
        let (Some(p), Some(s)) = (self.pattern.get_owned(), self.string.get_owned()) else {
            return Ok(none().to_obj());
        };
        if self.executing.replace(true) {
            bail!(ValueError, "regular expression scanner already executing");
        }
        let r = self.run(p.cast(), &s, mode);
        self.executing.set(false);
        r
    }

    fn run(&self, p: &Pattern, s: &Object, mode: Mode) -> PyResult {
        if self.done.get() {
            return Ok(none().to_obj());
        }
        let mut w = Walk::new(p, s, self.pos.get(), self.endpos.get())?;
        w.resume(self.at.get(), self.must_advance.get());
        if !w.next(mode)? {
            self.done.set(true);
            return Ok(none().to_obj());
        }
        let m = Match::of_walk(&w, s)?;
        self.at.set(w.matcher.end);
        self.must_advance.set(w.matcher.start == w.matcher.end);
        Ok(m.into_obj())
    }
}

/// The next match, at the place where the last one ended.
#[method(name = "match", signature = "()")]
fn match_(this: &Scanner) -> PyResult {
    this.step(Mode::Match)
}

/// The next match.
#[method(signature = "()")]
fn search(this: &Scanner) -> PyResult {
    this.step(Mode::Search)
}

extern "C" fn scanner_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let s: &Scanner = o.cast();
    visit!(s.pattern, visit, arg);
    visit!(s.string, visit, arg);
    0
}

extern "C" fn scanner_clear(o: &Object) -> c_int {
    let s: &Scanner = o.cast();
    s.pattern.set(None);
    s.string.set(None);
    s.hold.take();
    0
}

/// `_sre.SRE_Scanner`
pub static Scanner_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_sre.SRE_Scanner",
        basicsize: size_of::<Scanner>(),
        flags: FLAGS,
        dealloc: Some(dealloc_of::<Scanner>),
        traverse: Some(scanner_traverse),
        clear: Some(scanner_clear),
        methods: methods![match_, search],
        members: members![MemberDef::new(c"pattern", member::OBJECT, offset_of!(Scanner, pattern), member::READONLY)],
        ..TypeDef::EMPTY
    },
    0,
);
