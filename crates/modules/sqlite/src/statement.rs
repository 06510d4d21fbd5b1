//! Prepared statements, and the parameters bound to them.

use crate::adapt::adapt_parameter;
use crate::connection::Connection;
use crate::errors::{Class, failed, raise, text};
use crate::unlocked::unlocked;
use crate::values::{pointer, transient};
use libsqlite3_sys as ffi;
use std::cell::Cell;
use std::ffi::{c_char, c_int};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::buffer::{self, Buffer};
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout};

/// The library's statement: finalised when dropped.
pub struct Prepared(pub *mut ffi::sqlite3_stmt);

impl Drop for Prepared {
    fn drop(&mut self) {
        let p = self.0 as usize;
        if p != 0 {
            // SAFETY: prepared, and used no more.
            unlocked(|| unsafe { ffi::sqlite3_finalize(p as *mut ffi::sqlite3_stmt) });
        }
    }
}

/// `sqlite3.Statement`.
#[repr(C)]
pub struct Statement {
    ob_base: Object,
    prepared: Prepared,
    /// Whether it inserts, updates, deletes or replaces.
    pub is_dml: bool,
    /// Whether rows of it are being fetched.
    pub in_use: Cell<bool>,
}
layout!(Statement, STATEMENT_TYPE);

/// The type.
pub static STATEMENT_TYPE: Type = Type::new_static(TypeDef {
    name: c"sqlite3.Statement",
    basicsize: size_of::<Statement>(),
    flags: flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<Statement>),
    ..TypeDef::EMPTY
});

/// What is left of a text without leading white space and comments.
pub fn skip_blank(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start_matches([' ', '\t', '\x0c', '\n', '\r']);
        if let Some(rest) = sql.strip_prefix("--") {
            sql = rest.find('\n').map_or("", |n| &rest[n + 1..]);
        } else if let Some(rest) = sql.strip_prefix("/*") {
            sql = rest.find("*/").map_or("", |n| &rest[n + 2..]);
        } else {
            return sql;
        }
    }
}

fn is_dml(sql: &str) -> bool {
    let start = skip_blank(sql).as_bytes();
    ["INSERT", "UPDATE", "DELETE", "REPLACE"]
        .iter()
        .any(|word| start.get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word.as_bytes())))
}

impl Statement {
    /// Prepares one statement.
    pub fn new(connection: &Connection, sql: &Str) -> PyResult<Ref<Statement>> {
        let db = connection.db();
        let sql = sql.to_utf8()?;
        connection.check_length(sql)?;
        if sql.contains('\0') {
            return Err(raise(Class::Programming, "the query contains a null character"));
        }
        let (mut stmt, mut tail): (*mut ffi::sqlite3_stmt, *const c_char) = (std::ptr::null_mut(), std::ptr::null());
        let (db_word, start) = (db as usize, sql.as_ptr());
        let (rc, stmt_word, tail_word) = {
            let start = start as usize;
            unlocked(|| {
                // SAFETY: an open connection; the text is held by the caller.
                let rc = unsafe {
                    ffi::sqlite3_prepare_v2(
                        db_word as *mut ffi::sqlite3,
                        start as *const c_char,
                        sql.len() as c_int,
                        &mut stmt,
                        &mut tail,
                    )
                };
                (rc, stmt as usize, tail as usize)
            })
        };
        let prepared = Prepared(stmt_word as *mut ffi::sqlite3_stmt);
        if rc != ffi::SQLITE_OK {
            return Err(failed(db));
        }
        let used = if tail_word == 0 { sql.len() } else { (tail_word - start as usize).min(sql.len()) };
        if !skip_blank(&sql[used..]).is_empty() {
            return Err(raise(Class::Programming, "You can only execute one statement at a time."));
        }
        Ok(new_object(Statement {
            ob_base: Object::placeholder(),
            prepared,
            is_dml: is_dml(sql),
            in_use: Cell::new(false),
        }))
    }

    /// The library's statement; null if the text held none.
    pub fn raw(&self) -> *mut ffi::sqlite3_stmt {
        self.prepared.0
    }

    /// Goes on to the next row; answers the library's code.
    pub fn step(&self) -> c_int {
        let p = self.raw() as usize;
        if p == 0 {
            return ffi::SQLITE_DONE;
        }
        self.in_use.set(true);
        // SAFETY: prepared, kept alive by the caller.
        unlocked(|| unsafe { ffi::sqlite3_step(p as *mut ffi::sqlite3_stmt) })
    }

    /// Back to before the first row.
    pub fn reset(&self) {
        let p = self.raw() as usize;
        if self.in_use.replace(false) && p != 0 {
            // SAFETY: as above.
            unlocked(|| unsafe { ffi::sqlite3_reset(p as *mut ffi::sqlite3_stmt) });
        }
    }

    /// Binds the parameters of one execution.
    pub fn bind(&self, connection: &Connection, parameters: &Object) -> PyResult<()> {
        // SAFETY: prepared, or null, which the library understands.
        let wanted = unsafe { ffi::sqlite3_bind_parameter_count(self.raw()) };
        let is_sequence = parameters.downcast_exact::<Tuple>().is_some()
            || parameters.downcast_exact::<List>().is_some()
            || parameters.downcast::<Dict>().is_none() && parameters.is_sequence();
        if is_sequence {
            self.bind_sequence(connection, parameters, wanted)
        } else if parameters.is_mapping() {
            self.bind_mapping(connection, parameters, wanted)
        } else {
            Err(raise(Class::Programming, "parameters are of unsupported type"))
        }
    }

    fn name(&self, position: c_int) -> Option<String> {
        // SAFETY: as above; the name lives as long as the statement.
        let p = unsafe { ffi::sqlite3_bind_parameter_name(self.raw(), position) };
        // SAFETY: a C string.
        (!p.is_null()).then(|| unsafe { text(p) })
    }

    fn bind_sequence(&self, connection: &Connection, parameters: &Object, wanted: c_int) -> PyResult<()> {
        let given = parameters.len()?;
        if given != wanted as usize {
            return Err(raise(
                Class::Programming,
                &format!(
                    "Incorrect number of bindings supplied. The current statement uses {wanted}, and there are {given} supplied."
                ),
            ));
        }
        for i in 0..wanted {
            if let Some(name) = self.name(i + 1).filter(|n| !n.starts_with('?')) {
                return Err(raise(
                    Class::Programming,
                    &format!(
                        "Binding {} ('{name}') is a named parameter, but you supplied a sequence which requires nameless (qmark) placeholders.",
                        i + 1
                    ),
                ));
            }
            let item: Obj = match parameters.downcast_exact::<List>() {
                // Adapters may have shortened it.
                Some(l) => match l.get(i as usize) {
                    Some(o) => o,
                    None => bail!(IndexError, "list index out of range"),
                },
                None => parameters.get_item(&Int::from_i64(i.into()))?,
            };
            self.bind_one(connection, i + 1, &*adapt_parameter(&item)?)?;
        }
        Ok(())
    }

    fn bind_mapping(&self, connection: &Connection, parameters: &Object, wanted: c_int) -> PyResult<()> {
        for i in 1..=wanted {
            let Some(name) = self.name(i) else {
                return Err(raise(
                    Class::Programming,
                    &format!("Binding {i} has no name, but you supplied a dictionary (which has only names)."),
                ));
            };
            // The first character is the kind: `:`, `@` or `$`.
            let name = &name[1..];
            let key = Str::from_utf8(name);
            let missing =
                || raise(Class::Programming, &format!("You did not supply a value for binding parameter :{name}."));
            let item = match parameters.downcast_exact::<Dict>() {
                Some(d) => d.get_item(&key)?.ok_or_else(missing)?,
                None => parameters.get_item(&key).map_err(|e| {
                    if e.matches(exceptions::LookupError) {
                        e.clear();
                        missing()
                    } else {
                        e
                    }
                })?,
            };
            self.bind_one(connection, i, &*adapt_parameter(&item)?)?;
        }
        Ok(())
    }

    fn bind_one(&self, connection: &Connection, position: c_int, o: &Object) -> PyResult<()> {
        let p = self.raw();
        // SAFETY: a prepared statement and a position in it; data is copied.
        let rc = unsafe {
            if o.is_none() {
                ffi::sqlite3_bind_null(p, position)
            } else if let Some(i) = o.downcast::<Int>() {
                match i.to_i64() {
                    Some(n) => ffi::sqlite3_bind_int64(p, position, n),
                    None => bail!(OverflowError, "Python int too large to convert to SQLite INTEGER"),
                }
            } else if let Some(f) = o.downcast::<Float>() {
                ffi::sqlite3_bind_double(p, position, f.value())
            } else if let Some(s) = o.downcast::<Str>() {
                let s = s.to_utf8()?;
                let Ok(n) = c_int::try_from(s.len()) else {
                    bail!(OverflowError, "string longer than INT_MAX bytes");
                };
                ffi::sqlite3_bind_text(p, position, s.as_ptr().cast(), n, transient())
            } else if buffer::supports(o) {
                let b = Buffer::get(o)?;
                let Ok(n) = c_int::try_from(b.as_slice().len()) else {
                    bail!(OverflowError, "BLOB longer than INT_MAX bytes");
                };
                ffi::sqlite3_bind_blob(p, position, pointer(b.as_slice()), n, transient())
            } else {
                return Err(raise(
                    Class::Programming,
                    &format!("Error binding parameter {position}: type '{}' is not supported", o.ty().name_str()),
                ));
            }
        };
        if rc == ffi::SQLITE_OK { Ok(()) } else { Err(failed(connection.db())) }
    }
}
