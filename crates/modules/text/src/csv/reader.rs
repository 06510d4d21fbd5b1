//! The reader: lines to lists of fields, by a state machine that goes on from line to line.

use super::dialect::{Dialect, Quoting, UNSET};
use super::{error, field_limit};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::error::to_iternext;
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::number;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::str::unit::Unit;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::{Obj, ObjCell, Object, PyResult, Type, TypeDef, flags, layout, members, visit, with_units};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    StartRecord,
    StartField,
    Escaped,
    InField,
    InQuoted,
    EscapeInQuoted,
    QuoteInQuoted,
    EatNewline,
    AfterEscapedNewline,
}

/// A reader.
#[repr(C)]
pub struct Reader {
    ob_base: Object,
    lines: ObjCell,
    dialect: ObjCell,
    line_num: Cell<u64>,
    /// Counts the records begun, to notice when fetching a line begins another.
    begun: Cell<u64>,
    /// What each of the first characters ends.
    ends: [u8; 256],
    /// How many fields the last record had.
    width: Cell<usize>,
}
layout!(Reader, Reader_Type);

/// A reader of an iterator.
pub fn new(lines: Obj, dialect: Obj) -> PyResult {
    let d: &Dialect = dialect.cast();
    let mut ends = [0; 256];
    for (i, place) in ends.iter_mut().enumerate() {
        let c = i as u32;
        if c == d.delimiter || c == d.escapechar || c == 10 || c == 13 {
            *place |= UNQUOTED;
        }
        if c == d.quotechar || c == d.escapechar {
            *place |= QUOTED;
        }
        // A field does not just begin with one of these.
        if c == d.quotechar || c == 32 && d.skipinitialspace.get() {
            *place |= BEGINNING;
        }
    }
    let body = Reader {
        ob_base: Object::placeholder(),
        lines: ObjCell::new(lines),
        dialect: ObjCell::new(dialect),
        line_num: Cell::new(0),
        begun: Cell::new(0),
        ends,
        width: Cell::new(0),
    };
    Ok(new_object(body).into_obj())
}

/// Ends a stretch of an unquoted field.
const UNQUOTED: u8 = 1;
/// Ends a stretch of a quoted field.
const QUOTED: u8 = 2;
/// Means something at the beginning of a field.
const BEGINNING: u8 = 4;

/// What is behind the last character of a line.
const END: u32 = u32::MAX - 1;

/// One record under way.
struct Record<'a> {
    d: &'a Dialect,
    ends: &'a [u8; 256],
    state: State,
    fields: Vec<Obj>,
    field: StrBuilder,
    unquoted: bool,
    limit: usize,
}

impl Record<'_> {
    fn save(&mut self) -> PyResult<()> {
        let q = self.d.quoting;
        let text = std::mem::take(&mut self.field);
        if self.unquoted && text.is_empty() && matches!(q, Quoting::NotNull | Quoting::Strings) {
            self.fields.push(none().to_obj());
            return Ok(());
        }
        let number = self.unquoted && !text.is_empty() && matches!(q, Quoting::NonNumeric | Quoting::Strings);
        let s = text.finish();
        self.fields.push(if number { number::to_float(&s)?.into_obj() } else { s.into_obj() });
        Ok(())
    }

    fn add<U: Unit>(&mut self, s: &[U]) -> PyResult<()> {
        if self.field.len() + s.len() > self.limit {
            return Err(error(&format!("field larger than field limit ({})", self.limit)));
        }
        self.field.push_data(U::data(s));
        Ok(())
    }

    fn add_char(&mut self, c: u32) -> PyResult<()> {
        if self.field.len() >= self.limit {
            return Err(error(&format!("field larger than field limit ({})", self.limit)));
        }
        self.field.push_char(c);
        Ok(())
    }

    fn after_line(c: u32) -> State {
        if c == END { State::StartRecord } else { State::EatNewline }
    }

    #[inline(always)]
    fn ends(&self, c: u32, what: u8) -> bool {
        match self.ends.get(c as usize) {
            Some(e) => e & what != 0,
            None if what == QUOTED => c == self.d.quotechar || c == self.d.escapechar,
            None if what == BEGINNING => c == self.d.quotechar,
            None => c == self.d.delimiter || c == self.d.escapechar,
        }
    }

    /// Takes a field that begins here, is not quoted, and ends in this line. Where the text goes on.
    #[inline]
    fn whole_field<U: Unit>(&mut self, s: &[U]) -> Option<usize> {
        let first: u32 = (*s.first()?).into();
        let begins = match self.state {
            State::StartRecord => first != 10 && first != 13,
            State::StartField => true,
            _ => false,
        };
        if !begins || !matches!(self.d.quoting, Quoting::Minimal | Quoting::All) || self.ends(first, BEGINNING) {
            return None;
        }
        let n = s.iter().position(|&c| self.ends(c.into(), UNQUOTED))?;
        let end: u32 = s[n].into();
        if end == self.d.escapechar || n > self.limit {
            return None;
        }
        self.fields.push(Str::from_data(U::data(&s[..n])).into_obj());
        self.state = if end == self.d.delimiter { State::StartField } else { State::EatNewline };
        Some(n + 1)
    }

    fn line<U: Unit>(&mut self, s: &[U]) -> PyResult<()> {
        let mut i = 0;
        while let Some(&c) = s.get(i) {
            if let Some(end) = self.whole_field(&s[i..]) {
                i += end;
                continue;
            }
            // Stretches without anything special are taken as a whole.
            let plain = match self.state {
                State::InField => s[i..].iter().position(|&c| self.ends(c.into(), UNQUOTED)),
                State::InQuoted => s[i..].iter().position(|&c| self.ends(c.into(), QUOTED)),
                _ => Some(0),
            };
            let n = plain.unwrap_or(s.len() - i);
            if n > 0 {
                self.add(&s[i..i + n])?;
                i += n;
            } else {
                self.step(c.into())?;
                i += 1;
            }
        }
        self.step(END)
    }

    #[inline]
    fn step(&mut self, c: u32) -> PyResult<()> {
        let d = self.d;
        let ends_line = c == 10 || c == 13 || c == END;
        let quote = c == d.quotechar && c != UNSET && d.quoting != Quoting::None;
        let escape = c == d.escapechar && c != UNSET;
        match self.state {
            State::StartRecord if c == END => {}
            State::StartRecord if ends_line => self.state = State::EatNewline,
            State::StartRecord | State::StartField => {
                self.unquoted = true;
                if ends_line {
                    self.save()?;
                    self.state = Record::after_line(c);
                } else if quote {
                    self.unquoted = false;
                    self.state = State::InQuoted;
                } else if escape {
                    self.state = State::Escaped;
                } else if c == 32 && d.skipinitialspace.get() {
                    self.state = State::StartField;
                } else if c == d.delimiter {
                    self.save()?;
                    self.state = State::StartField;
                } else {
                    self.add_char(c)?;
                    self.state = State::InField;
                }
            }
            State::Escaped => {
                self.add_char(if c == END { 10 } else { c })?;
                self.state = if c == 10 || c == 13 { State::AfterEscapedNewline } else { State::InField };
            }
            State::AfterEscapedNewline if c == END => {}
            State::AfterEscapedNewline | State::InField => {
                self.state = State::InField;
                if ends_line {
                    self.save()?;
                    self.state = Record::after_line(c);
                } else if escape {
                    self.state = State::Escaped;
                } else if c == d.delimiter {
                    self.save()?;
                    self.state = State::StartField;
                } else {
                    self.add_char(c)?;
                }
            }
            State::InQuoted => {
                if c == END {
                } else if escape {
                    self.state = State::EscapeInQuoted;
                } else if quote {
                    self.state = if d.doublequote.get() { State::QuoteInQuoted } else { State::InField };
                } else {
                    self.add_char(c)?;
                }
            }
            State::EscapeInQuoted => {
                self.add_char(if c == END { 10 } else { c })?;
                self.state = State::InQuoted;
            }
            State::QuoteInQuoted => {
                if quote {
                    self.add_char(c)?;
                    self.state = State::InQuoted;
                } else if c == d.delimiter {
                    self.save()?;
                    self.state = State::StartField;
                } else if ends_line {
                    self.save()?;
                    self.state = Record::after_line(c);
                } else if d.strict.get() {
                    let show = |c: u32| Str::from_char(c).display().to_string();
                    return Err(error(&format!("'{}' expected after '{}'", show(d.delimiter), show(d.quotechar))));
                } else {
                    self.add_char(c)?;
                    self.state = State::InField;
                }
            }
            State::EatNewline => match c {
                10 | 13 => {}
                END => self.state = State::StartRecord,
                _ => {
                    return Err(error(
                        "new-line character seen in unquoted field - do you need to open the file with newline=''?",
                    ));
                }
            },
        }
        Ok(())
    }
}

fn read(this: &Reader) -> PyResult<Option<Obj>> {
    let (Some(lines), Some(dialect)) = (this.lines.get_owned(), this.dialect.get_owned()) else { return Ok(None) };
    let mut r = Record {
        d: dialect.cast(),
        ends: &this.ends,
        state: State::StartRecord,
        fields: Vec::with_capacity(this.width.get()),
        field: StrBuilder::new(),
        unquoted: false,
        limit: usize::try_from(field_limit()).unwrap_or(0),
    };
    let mine = this.begun.get() + 1;
    this.begun.set(mine);
    loop {
        let line = lines.next()?;
        if this.begun.get() != mine {
            return Err(error("iterator has already advanced the reader"));
        }
        let Some(line) = line else {
            if r.field.is_empty() && r.state != State::InQuoted {
                return Ok(None);
            }
            if r.d.strict.get() {
                return Err(error("unexpected end of data"));
            }
            r.save()?;
            break;
        };
        let Some(text) = line.downcast::<Str>() else {
            let name = line.ty().name_str();
            return Err(error(&format!(
                "iterator should return strings, not {name} (the file should be opened in text mode)"
            )));
        };
        this.line_num.set(this.line_num.get() + 1);
        with_units!(text, |u| r.line(u))?;
        if r.state == State::StartRecord {
            break;
        }
    }
    this.width.set(r.fields.len());
    Ok(Some(List::from_vec(r.fields).into_obj()))
}

extern "C" fn reader_next(o: &Object) -> Option<Obj> {
    to_iternext(read(o.cast()))
}

extern "C" fn reader_iter(o: &Object) -> PyResult {
    Ok(o.to_obj())
}

extern "C" fn reader_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let r: &Reader = o.cast();
    visit!(r.lines, visit, arg);
    visit!(r.dialect, visit, arg);
    0
}

extern "C" fn reader_clear(o: &Object) -> c_int {
    let r: &Reader = o.cast();
    r.lines.set(None);
    r.dialect.set(None);
    0
}

/// `_csv.reader`
pub static Reader_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_csv.reader",
        doc: Some(c"Reads rows of fields."),
        basicsize: size_of::<Reader>(),
        flags: flags::BASETYPE | flags::HAVE_GC | flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<Reader>),
        traverse: Some(reader_traverse),
        clear: Some(reader_clear),
        iter: Some(reader_iter),
        iternext: Some(reader_next),
        members: members![
            MemberDef::new(c"dialect", member::OBJECT, offset_of!(Reader, dialect), member::READONLY),
            MemberDef::new(c"line_num", member::ULONG, offset_of!(Reader, line_num), member::READONLY),
        ],
        ..TypeDef::EMPTY
    },
    0,
);
