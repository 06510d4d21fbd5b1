//! The writer: rows of fields to lines.

use super::dialect::{Dialect, Quoting, UNSET};
use super::error;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::exceptions::TypeError;
use taipan_object::types::str::unit::Unit;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Type, TypeDef, flags, layout, members, method, methods, visit, with_units,
};

/// A writer.
#[repr(C)]
pub struct Writer {
    ob_base: Object,
    write: ObjCell,
    dialect: ObjCell,
}
layout!(Writer, Writer_Type);

/// A writer that hands its lines to `write`.
pub fn new(write: Obj, dialect: Obj) -> PyResult {
    let body = Writer { ob_base: Object::placeholder(), write: ObjCell::new(write), dialect: ObjCell::new(dialect) };
    Ok(new_object(body).into_obj())
}

/// Whether the object counts as a number (`PyNumber_Check`).
fn is_number(o: &Object) -> bool {
    o.ty().number().is_some_and(|n| n.index.get().is_some() || n.int.get().is_some() || n.float.get().is_some())
        || o.ty().is_subtype(&taipan_object::types::complex::PyComplex_Type)
}

struct Row<'a> {
    d: &'a Dialect,
    terminator: Obj,
    out: StrBuilder,
    fields: usize,
}

impl Row<'_> {
    /// Appends a field; `None` is written as nothing.
    fn field(&mut self, text: Option<&Str>, quoted: bool) -> PyResult<()> {
        if self.fields > 0 {
            self.out.push_char(self.d.delimiter);
        }
        self.fields += 1;
        let d = self.d;
        let Some(s) = text.filter(|s| !s.is_empty()) else {
            let mut quoted = quoted;
            // Spaces would be skipped, and the field with them.
            if d.delimiter == 32 && d.skipinitialspace.get() {
                if d.quoting == Quoting::None
                    || text.is_none() && matches!(d.quoting, Quoting::Strings | Quoting::NotNull)
                {
                    return Err(error(
                        "empty field must be quoted if delimiter is a space and skipinitialspace is true",
                    ));
                }
                quoted = true;
            }
            if quoted {
                self.out.push_char(d.quotechar);
                self.out.push_char(d.quotechar);
            }
            return Ok(());
        };
        with_units!(s, |u| self.units(u, quoted))
    }

    fn units<U: Unit>(&mut self, s: &[U], mut quoted: bool) -> PyResult<()> {
        let d = self.d;
        let terminator = self.terminator.clone();
        let terminator: &Str = terminator.cast();
        let special = |c: u32| {
            c == d.delimiter
                || c == 10
                || c == 13
                || c == d.quotechar
                || c == d.escapechar
                || terminator.chars().any(|t| t == c)
        };
        let any = s.iter().any(|&c| special(c.into()));
        if !any {
            if quoted {
                self.out.push_char(d.quotechar);
            }
            self.out.push_data(U::data(s));
            if quoted {
                self.out.push_char(d.quotechar);
            }
            return Ok(());
        }
        // What has to be written before a character, and whether it makes the field one to quote.
        let mut escaped = StrBuilder::with_capacity(s.len() + 8);
        for &c in s {
            let c = c.into();
            if special(c) {
                let mut escape = d.quoting == Quoting::None;
                if !escape {
                    if c == d.quotechar {
                        if d.doublequote.get() {
                            escaped.push_char(c);
                        } else {
                            escape = true;
                        }
                    } else if c == d.escapechar {
                        escape = true;
                    }
                    if !escape {
                        quoted = true;
                    }
                }
                if escape {
                    if d.escapechar == UNSET {
                        return Err(error("need to escape, but no escapechar set"));
                    }
                    escaped.push_char(d.escapechar);
                }
            }
            escaped.push_char(c);
        }
        if quoted {
            self.out.push_char(d.quotechar);
        }
        self.out.push_data(escaped.data());
        if quoted {
            self.out.push_char(d.quotechar);
        }
        Ok(())
    }
}

fn write_row(this: &Writer, row: &Object) -> PyResult {
    let (Some(write), Some(dialect)) = (this.write.get_owned(), this.dialect.get_owned()) else {
        return Err(error("the writer has been cleared"));
    };
    let d: &Dialect = dialect.cast();
    let it = match row.iter() {
        Ok(it) => it,
        Err(e) if e.matches(TypeError) => {
            e.clear();
            return Err(error(&format!("iterable expected, not {}", row.ty().name_str())));
        }
        Err(e) => return Err(e),
    };
    let terminator = d.lineterminator.get_owned().unwrap_or_else(|| Str::empty().into_obj());
    let mut r = Row { d, terminator, out: StrBuilder::new(), fields: 0 };
    let mut null = false;
    while let Some(field) = it.next()? {
        let text = field.downcast::<Str>();
        null = field.is_none();
        let quoted = match d.quoting {
            Quoting::NonNumeric => !is_number(&field),
            Quoting::All => true,
            Quoting::Strings => text.is_some(),
            Quoting::NotNull => !null,
            Quoting::Minimal | Quoting::None => false,
        };
        match text {
            Some(s) => r.field(Some(s), quoted)?,
            None if null => r.field(None, quoted)?,
            None => r.field(Some(&*field.str()?), quoted)?,
        }
    }
    if r.fields > 0 && r.out.is_empty() {
        // A line without anything would be no row of one empty field.
        if d.quoting == Quoting::None || null && matches!(d.quoting, Quoting::Strings | Quoting::NotNull) {
            return Err(error("single empty field record must be quoted"));
        }
        r.fields -= 1;
        r.field(None, true)?;
    }
    let terminator = r.terminator.clone();
    r.out.push_pystr(terminator.cast());
    write.call_one(&r.out.finish())
}

/// Write a row: an iterable of fields. Answers what the write method does.
#[method(signature = "(row, /)")]
fn writerow(this: &Writer, row: &Object) -> PyResult {
    write_row(this, row)
}

/// Write all rows of an iterable.
#[method(signature = "(rows, /)")]
fn writerows(this: &Writer, rows: &Object) -> PyResult<()> {
    let it = rows.iter()?;
    while let Some(row) = it.next()? {
        write_row(this, &row)?;
    }
    Ok(())
}

extern "C" fn writer_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let w: &Writer = o.cast();
    visit!(w.write, visit, arg);
    visit!(w.dialect, visit, arg);
    0
}

extern "C" fn writer_clear(o: &Object) -> c_int {
    let w: &Writer = o.cast();
    w.write.set(None);
    w.dialect.set(None);
    0
}

/// `_csv.writer`
pub static Writer_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_csv.writer",
        doc: Some(c"Writes rows of fields."),
        basicsize: size_of::<Writer>(),
        flags: flags::BASETYPE | flags::HAVE_GC | flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<Writer>),
        traverse: Some(writer_traverse),
        clear: Some(writer_clear),
        methods: methods![writerow, writerows],
        members: members![MemberDef::new(c"dialect", member::OBJECT, offset_of!(Writer, dialect), member::READONLY)],
        ..TypeDef::EMPTY
    },
    0,
);
