//! Cursors: executing statements and fetching rows.

use crate::adapt::converter;
use crate::connection::{Connection, LEGACY};
use crate::errors::{CLASSES, Class, failed, none, raise, text};
use crate::statement::Statement;
use crate::unlocked::unlocked;
use crate::values::{bytes_at, decode};
use crate::{finalize_and_dealloc, visit_cells};
use libsqlite3_sys as ffi;
use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int, c_long, c_void};
use std::mem::offset_of;
use taipan_object::alloc::new_instance;
use taipan_object::args::Given;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytearray::{ByteArray, PyByteArray_Type};
use taipan_object::types::bytes::{Bytes, PyBytes_Type};
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::{PyUnicode_Type, Str};
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, error, flags, getset, getsets, layout, members, method,
    methods,
};

/// Detect types by the declared type of a column.
pub const PARSE_DECLTYPES: c_int = 1;
/// Detect types by the name of a column.
pub const PARSE_COLNAMES: c_int = 2;

/// `sqlite3.Cursor`.
#[repr(C)]
pub struct Cursor {
    ob_base: Object,
    connection: ObjCell,
    description: ObjCell,
    converters: RefCell<Vec<Option<Obj>>>,
    arraysize: Cell<u32>,
    lastrowid: ObjCell,
    rowcount: Cell<c_long>,
    row_factory: ObjCell,
    statement: ObjCell,
    closed: Cell<bool>,
    locked: Cell<bool>,
    initialized: Cell<bool>,
    weakreflist: ObjCell,
}
layout!(Cursor, CURSOR_TYPE);

extern "C" fn cursor_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Cursor {
        ob_base: Object::placeholder(),
        connection: ObjCell::empty(),
        description: ObjCell::new(none()),
        converters: RefCell::default(),
        arraysize: Cell::new(1),
        lastrowid: ObjCell::new(none()),
        rowcount: Cell::new(-1),
        row_factory: ObjCell::new(none()),
        statement: ObjCell::empty(),
        closed: Cell::new(false),
        locked: Cell::new(false),
        initialized: Cell::new(false),
        weakreflist: ObjCell::empty(),
    };
    new_instance(cls, body).map(Ref::into_obj)
}

extern "C" fn cursor_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    error::status(init(o.cast(), args.cast(), kwargs))
}

fn init(this: &Cursor, args: &Tuple, kwargs: Option<&Object>) -> PyResult<()> {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "Cursor() takes no keyword arguments");
    }
    let [connection] = args.items() else {
        bail!(TypeError, "Cursor expected 1 argument, got {}", args.len());
    };
    if this.locked.get() {
        return Err(raise(Class::Programming, "Recursive use of cursors not allowed."));
    }
    let Some(c) = connection.downcast::<Connection>() else {
        bail!(TypeError, "Cursor() argument 1 must be sqlite3.Connection, not {}", connection.ty().name_str());
    };
    this.drop_statement();
    this.connection.set(Some(connection.clone()));
    this.converters.borrow_mut().clear();
    this.description.set(Some(none()));
    this.lastrowid.set(Some(none()));
    this.arraysize.set(1);
    this.rowcount.set(-1);
    this.row_factory.set(Some(none()));
    this.closed.set(false);
    c.check_thread()?;
    this.initialized.set(true);
    Ok(())
}

/// A cursor at work: nobody else may use it meanwhile.
struct Busy<'a>(&'a Cursor);

impl<'a> Busy<'a> {
    fn new(c: &'a Cursor) -> Busy<'a> {
        c.locked.set(true);
        Busy(c)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.locked.set(false);
    }
}

/// The kind of an executing method.
enum Parameters<'a> {
    One(Option<&'a Object>),
    Many(&'a Object),
}

impl Cursor {
    fn owner(&self) -> Option<Ref<Connection>> {
        self.connection.get_owned().and_then(|c| c.downcast_into::<Connection>().ok())
    }

    fn check(&self) -> PyResult<Ref<Connection>> {
        let Some(c) = self.owner().filter(|_| self.initialized.get()) else {
            return Err(raise(Class::Programming, "Base Cursor.__init__ not called."));
        };
        if self.closed.get() {
            return Err(raise(Class::Programming, "Cannot operate on a closed cursor."));
        }
        if self.locked.get() {
            return Err(raise(Class::Programming, "Recursive use of cursors not allowed."));
        }
        c.check_thread()?;
        c.check()?;
        Ok(c)
    }

    fn current(&self) -> Option<Ref<Statement>> {
        self.statement.get_owned().and_then(|s| s.downcast_into::<Statement>().ok())
    }

    fn drop_statement(&self) {
        if let Some(s) = self.current() {
            s.reset();
        }
        self.statement.set(None);
    }

    /// What is to be called for each row.
    pub fn set_row_factory(&self, f: Obj) {
        self.row_factory.set(Some(f));
    }

    /// The description of the columns, or `None`.
    pub fn description(&self) -> Obj {
        self.description.get_owned().unwrap_or_else(none)
    }

    fn query(&self, sql: &Str, parameters: Parameters<'_>) -> PyResult {
        let c = self.check()?;
        let busy = Busy::new(self);
        let done = self.run(&c, sql, parameters);
        drop(busy);
        match done {
            Ok(()) => Ok((self as *const Cursor).cast::<Object>()).map(|p| {
                // SAFETY: the cursor itself.
                unsafe { &*p }.to_obj()
            }),
            Err(e) => {
                let exc = e.take();
                self.drop_statement();
                self.rowcount.set(-1);
                Err(error::restore(exc))
            }
        }
    }

    fn run(&self, c: &Connection, sql: &Str, parameters: Parameters<'_>) -> PyResult<()> {
        let many = matches!(parameters, Parameters::Many(_));
        let mut iterator = None;
        let mut single = None;
        match parameters {
            Parameters::Many(p) => iterator = Some(p.iter()?),
            Parameters::One(p) => single = Some(p.map_or_else(|| Tuple::new(&[]).into_obj(), |p| p.to_obj())),
        }
        self.drop_statement();
        self.description.set(Some(none()));
        let mut statement = c.statement(sql)?;
        if statement.in_use.get() {
            statement = Statement::new(c, sql)?;
        }
        statement.reset();
        self.statement.set(Some(statement.clone().into_obj()));
        self.rowcount.set(if statement.is_dml { 0 } else { -1 });
        let db = c.db();
        // SAFETY: prepared or null, and an open connection.
        let (read_only, in_autocommit) =
            unsafe { (ffi::sqlite3_stmt_readonly(statement.raw()) != 0, ffi::sqlite3_get_autocommit(db) != 0) };
        if many && read_only {
            return Err(raise(Class::Programming, "executemany() can only execute DML statements."));
        }
        if c.autocommit.get() == LEGACY
            && let Some(level) = c.isolation_level.get()
            && statement.is_dml
            && in_autocommit
        {
            c.run(&format!("BEGIN {level}"))?;
        }
        loop {
            let parameters = match (&iterator, single.take()) {
                (_, Some(p)) => p,
                (Some(i), None) => match i.next()? {
                    Some(p) => p,
                    None => break,
                },
                (None, None) => break,
            };
            statement.reset();
            statement.bind(c, &parameters)?;
            let rc = statement.step();
            if rc != ffi::SQLITE_ROW && rc != ffi::SQLITE_DONE {
                return Err(failed(db));
            }
            if let Some(e) = error::occurred() {
                return Err(e);
            }
            self.find_converters(c, &statement)?;
            // SAFETY: prepared or null.
            let columns = unsafe { ffi::sqlite3_column_count(statement.raw()) };
            if self.description.get().is_none_or(Object::is_none) && columns > 0 {
                self.describe(c, &statement, columns)?;
            }
            if rc == ffi::SQLITE_DONE {
                if statement.is_dml {
                    // SAFETY: an open connection.
                    self.rowcount.set(self.rowcount.get() + c_long::from(unsafe { ffi::sqlite3_changes(db) }));
                }
                statement.reset();
                if !many {
                    self.statement.set(None);
                }
            }
        }
        if many {
            self.drop_statement();
        } else {
            // SAFETY: an open connection.
            let id = unsafe { ffi::sqlite3_last_insert_rowid(db) };
            self.lastrowid.set(Some(Int::from_i64(id).into_obj()));
        }
        Ok(())
    }

    fn describe(&self, c: &Connection, s: &Statement, columns: c_int) -> PyResult<()> {
        let mut all = Vec::with_capacity(columns as usize);
        for i in 0..columns {
            // SAFETY: a column of a prepared statement.
            let p = unsafe { ffi::sqlite3_column_name(s.raw(), i) };
            if p.is_null() {
                return Err(error::no_memory());
            }
            // SAFETY: a C string.
            let name = unsafe { text(p) };
            let mut shown = name.as_str();
            if c.detect_types.get() & PARSE_COLNAMES != 0
                && let Some(n) = name.find('[')
            {
                shown = name[..n].strip_suffix(' ').unwrap_or(&name[..n]);
            }
            let mut entry = vec![Str::from_utf8(shown).into_obj()];
            entry.extend((0..6).map(|_| none()));
            all.push(Tuple::from_vec(entry).into_obj());
        }
        self.description.set(Some(Tuple::from_vec(all).into_obj()));
        Ok(())
    }

    fn find_converters(&self, c: &Connection, s: &Statement) -> PyResult<()> {
        let detect = c.detect_types.get();
        self.converters.borrow_mut().clear();
        if detect == 0 {
            return Ok(());
        }
        // SAFETY: prepared or null.
        let columns = unsafe { ffi::sqlite3_column_count(s.raw()) };
        let mut found = Vec::with_capacity(columns as usize);
        for i in 0..columns {
            let mut f = None;
            if detect & PARSE_COLNAMES != 0 {
                // SAFETY: a column of a prepared statement.
                let name = unsafe { text(ffi::sqlite3_column_name(s.raw(), i)) };
                if let Some((_, rest)) = name.split_once('[')
                    && let Some((key, _)) = rest.split_once(']')
                {
                    f = converter(key)?;
                }
            }
            if f.is_none() && detect & PARSE_DECLTYPES != 0 {
                // SAFETY: as above.
                let declared = unsafe { text(ffi::sqlite3_column_decltype(s.raw(), i)) };
                let key = declared.split([' ', '(']).next().unwrap_or_default();
                if !key.is_empty() {
                    f = converter(key)?;
                }
            }
            found.push(f);
        }
        *self.converters.borrow_mut() = found;
        Ok(())
    }

    fn row(&self, c: &Connection, s: &Statement) -> PyResult<Ref<Tuple>> {
        let p = s.raw();
        // SAFETY: a statement that stands on a row.
        let columns = unsafe { ffi::sqlite3_data_count(p) };
        let mut row = Vec::with_capacity(columns as usize);
        for i in 0..columns {
            let converter = self.converters.borrow().get(i as usize).cloned().flatten();
            row.push(match converter {
                Some(f) => {
                    // SAFETY: as above; null is NULL.
                    let b = unsafe {
                        let b = ffi::sqlite3_column_blob(p, i);
                        (!b.is_null()).then(|| Bytes::new(bytes_at(b, ffi::sqlite3_column_bytes(p, i))))
                    };
                    match b {
                        Some(b) => f.call(&[&b])?,
                        None => none(),
                    }
                }
                // SAFETY: as above.
                None => unsafe { self.column(c, p, i)? },
            });
        }
        if let Some(e) = error::occurred() {
            return Err(e);
        }
        Ok(Tuple::from_vec(row))
    }

    /// # Safety
    /// `p` stands on a row that has a column `i`.
    unsafe fn column(&self, c: &Connection, p: *mut ffi::sqlite3_stmt, i: c_int) -> PyResult {
        // SAFETY: the caller's promise.
        unsafe {
            Ok(match ffi::sqlite3_column_type(p, i) {
                ffi::SQLITE_NULL => none(),
                ffi::SQLITE_INTEGER => Int::from_i64(ffi::sqlite3_column_int64(p, i)).into_obj(),
                ffi::SQLITE_FLOAT => Float::new(ffi::sqlite3_column_double(p, i)).into_obj(),
                ffi::SQLITE_TEXT => {
                    let start = ffi::sqlite3_column_text(p, i);
                    if start.is_null() && ffi::sqlite3_errcode(c.db()) == ffi::SQLITE_NOMEM {
                        return Err(error::no_memory());
                    }
                    let b = bytes_at(start.cast(), ffi::sqlite3_column_bytes(p, i));
                    self.text(c, b, ffi::sqlite3_column_name(p, i))?
                }
                _ => {
                    let start = ffi::sqlite3_column_blob(p, i);
                    Bytes::new(bytes_at(start, ffi::sqlite3_column_bytes(p, i))).into_obj()
                }
            })
        }
    }

    fn text(&self, c: &Connection, b: &[u8], name: *const c_char) -> PyResult {
        let factory = c.text_factory.get_owned().unwrap_or_else(|| PyUnicode_Type.to_obj());
        if factory.is(PyUnicode_Type.as_object()) {
            return decode(b).map_err(|e| {
                if !e.matches(exceptions::UnicodeDecodeError) {
                    return e;
                }
                e.clear();
                // SAFETY: the library's name of the column.
                let name = unsafe { text(name) };
                let message =
                    format!("Could not decode to UTF-8 column '{name}' with text '{}'", String::from_utf8_lossy(b));
                raise(Class::Operational, &message)
            });
        }
        if factory.is(PyBytes_Type.as_object()) {
            return Ok(Bytes::new(b).into_obj());
        }
        if factory.is(PyByteArray_Type.as_object()) {
            return ByteArray::new(b).map(Ref::into_obj);
        }
        factory.call(&[&Bytes::new(b)])
    }

    fn fetch(&self) -> PyResult<Option<Obj>> {
        let c = self.check()?;
        let Some(s) = self.current() else { return Ok(None) };
        let busy = Busy::new(self);
        let row = self.row(&c, &s);
        drop(busy);
        let row = row?;
        let rc = s.step();
        if rc == ffi::SQLITE_DONE {
            if s.is_dml {
                // SAFETY: an open connection.
                self.rowcount.set(c_long::from(unsafe { ffi::sqlite3_changes(c.db()) }));
            }
            self.drop_statement();
        } else if rc != ffi::SQLITE_ROW {
            let e = failed(c.db()).take();
            self.drop_statement();
            return Err(error::restore(e));
        }
        match self.row_factory.get_owned().filter(|f| !f.is_none()) {
            Some(f) => {
                // SAFETY: the cursor itself.
                let this = unsafe { &*(self as *const Cursor).cast::<Object>() };
                f.call(&[this, &row]).map(Some)
            }
            None => Ok(Some(row.into_obj())),
        }
    }
}

extern "C" fn cursor_iternext(o: &Object) -> Option<Obj> {
    error::to_iternext(o.cast::<Cursor>().fetch())
}

extern "C" fn cursor_iter(o: &Object) -> PyResult {
    Ok(o.to_obj())
}

/// Execute a statement.
#[method(signature = "(sql, parameters=(), /)", shown = "(sql, parameters=(), /)")]
fn execute(this: &Cursor, sql: &Str, parameters: Given<&Object>) -> PyResult {
    this.query(sql, Parameters::One(parameters.0))
}

/// Execute a statement for each of a series of parameters.
#[method(signature = "(sql, seq_of_parameters, /)")]
fn executemany(this: &Cursor, sql: &Str, seq_of_parameters: &Object) -> PyResult {
    this.query(sql, Parameters::Many(seq_of_parameters))
}

/// Execute several statements, after a commit of what is pending.
#[method(signature = "(sql_script, /)")]
fn executescript(this: &Cursor, sql_script: &Object) -> PyResult {
    let Some(script) = sql_script.downcast::<Str>() else {
        bail!(TypeError, "executescript() argument must be str, not {}", sql_script.ty().name_str());
    };
    let c = this.check()?;
    let text = script.to_utf8()?;
    if text.contains('\0') {
        bail!(ValueError, "embedded null character");
    }
    c.check_length(text)?;
    let db = c.db();
    // SAFETY: an open connection.
    if c.autocommit.get() == LEGACY && unsafe { ffi::sqlite3_get_autocommit(db) } == 0 {
        c.run("COMMIT")?;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let (rc, used) = {
            let (db, start, len) = (db as usize, rest.as_ptr() as usize, rest.len());
            unlocked(|| {
                let (mut stmt, mut tail): (*mut ffi::sqlite3_stmt, *const c_char) =
                    (std::ptr::null_mut(), std::ptr::null());
                // SAFETY: an open connection; the text is held by the caller.
                unsafe {
                    let mut rc = ffi::sqlite3_prepare_v2(
                        db as *mut ffi::sqlite3,
                        start as *const c_char,
                        len as c_int,
                        &mut stmt,
                        &mut tail,
                    );
                    if rc == ffi::SQLITE_OK {
                        while ffi::sqlite3_step(stmt) == ffi::SQLITE_ROW {}
                        rc = ffi::sqlite3_finalize(stmt);
                    }
                    (rc, if tail.is_null() { len } else { tail as usize - start })
                }
            })
        };
        if rc != ffi::SQLITE_OK {
            return Err(failed(db));
        }
        rest = &rest[used.min(rest.len())..];
    }
    // SAFETY: the cursor itself.
    Ok(unsafe { &*(this as *const Cursor).cast::<Object>() }.to_obj())
}

/// Fetch the next row, or None.
#[method]
fn fetchone(this: &Cursor) -> PyResult {
    Ok(this.fetch()?.unwrap_or_else(none))
}

fn unsigned(o: &Object, target: &str) -> PyResult<u32> {
    let i = taipan_object::protocol::number::index(o)?;
    if i.is_negative() {
        bail!(ValueError, "Cannot convert negative int");
    }
    match i.to_u64().and_then(|n| u32::try_from(n).ok()) {
        Some(n) => Ok(n),
        None => bail!(OverflowError, "Python int too large {target} uint32_t"),
    }
}

/// Fetch the next rows: as many as size says, or the cursor's arraysize.
#[method(signature = "(size=1)")]
fn fetchmany(this: &Cursor, size: Given<&Object>) -> PyResult<Ref<List>> {
    let max = match size.0 {
        Some(o) => unsigned(o, "for C")?,
        None => this.arraysize.get(),
    };
    let rows = List::new();
    for _ in 0..max {
        match this.fetch()? {
            Some(row) => rows.push(row)?,
            None => break,
        }
    }
    Ok(rows)
}

/// Fetch the rows that are left.
#[method]
fn fetchall(this: &Cursor) -> PyResult<Ref<List>> {
    let rows = List::new();
    while let Some(row) = this.fetch()? {
        rows.push(row)?;
    }
    Ok(rows)
}

/// Does nothing: PEP 249 asks for it.
#[method(signature = "(sizes, /)")]
fn setinputsizes(_this: &Cursor, _sizes: &Object) {}

/// Does nothing: PEP 249 asks for it.
#[method(signature = "(size, column=None, /)")]
fn setoutputsize(_this: &Cursor, _size: &Object, _column: Option<&Object>) {}

/// Close the cursor.
#[method]
fn close(this: &Cursor) -> PyResult<()> {
    let Some(c) = this.owner() else {
        return Err(raise(Class::Programming, "Base Cursor.__init__ not called."));
    };
    if this.locked.get() {
        return Err(raise(Class::Programming, "Recursive use of cursors not allowed."));
    }
    c.check_thread()?;
    c.check()?;
    this.drop_statement();
    this.closed.set(true);
    Ok(())
}

fn get_arraysize(this: &Cursor) -> u64 {
    this.arraysize.get().into()
}

fn set_arraysize(this: &Cursor, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else {
        bail!(AttributeError, "attribute 'arraysize' of 'sqlite3.Cursor' objects cannot be deleted");
    };
    this.arraysize.set(unsigned(v, "to convert to C")?);
    Ok(())
}

fn get_row_factory(this: &Cursor) -> Obj {
    this.row_factory.get_owned().unwrap_or_else(none)
}

fn set_row_factory(this: &Cursor, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(AttributeError, "cannot delete row_factory attribute") };
    this.row_factory.set(Some(v.to_obj()));
    Ok(())
}

extern "C" fn cursor_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let c: &Cursor = o.cast();
    visit_cells(&[&c.connection, &c.description, &c.lastrowid, &c.row_factory, &c.statement], visit, arg)
}

/// A statement that stands on a row would keep its table locked.
extern "C" fn cursor_finalize(o: &Object) {
    o.cast::<Cursor>().drop_statement();
}

extern "C" fn cursor_clear(o: &Object) -> c_int {
    let c: &Cursor = o.cast();
    c.drop_statement();
    for f in [&c.connection, &c.description, &c.lastrowid, &c.row_factory] {
        f.set(None);
    }
    c.converters.borrow_mut().clear();
    0
}

/// The type.
pub static CURSOR_TYPE: Type = Type::new_static(TypeDef {
    name: c"sqlite3.Cursor",
    basicsize: size_of::<Cursor>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"A cursor: executes statements and fetches their rows."),
    dealloc: Some(finalize_and_dealloc::<Cursor>),
    finalize: Some(cursor_finalize),
    traverse: Some(cursor_traverse),
    clear: Some(cursor_clear),
    weaklistoffset: offset_of!(Cursor, weakreflist) as isize,
    iter: Some(cursor_iter),
    iternext: Some(cursor_iternext),
    methods: methods![
        close,
        executemany,
        executescript,
        execute,
        fetchall,
        fetchmany,
        fetchone,
        setinputsizes,
        setoutputsize
    ],
    members: members![
        MemberDef::new(c"connection", member::OBJECT, offset_of!(Cursor, connection), member::READONLY),
        MemberDef::new(c"description", member::OBJECT, offset_of!(Cursor, description), member::READONLY),
        MemberDef::new(c"lastrowid", member::OBJECT, offset_of!(Cursor, lastrowid), member::READONLY),
        MemberDef::new(c"rowcount", member::LONG, offset_of!(Cursor, rowcount), member::READONLY),
    ],
    getset: getsets![
        getset!(c"arraysize", get_arraysize, set_arraysize),
        getset!(c"row_factory", get_row_factory, set_row_factory),
    ],
    new: Some(cursor_new),
    init: Some(cursor_init),
    ..TypeDef::EMPTY
});

const _: () = assert!(CLASSES.len() == 10);
