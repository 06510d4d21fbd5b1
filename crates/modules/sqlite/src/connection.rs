//! Connections: opening, closing, transactions and statements.

use crate::blob::Blob;
use crate::callbacks::Callable;
use crate::callbacks::{
    create_aggregate, create_collation, create_function, create_window_function, set_authorizer, set_progress_handler,
    set_trace_callback,
};
use crate::configure::{
    backup, blobopen, deserialize, enable_load_extension, getconfig, getlimit, interrupt, iterdump, load_extension,
    serialize, setconfig, setlimit,
};
use crate::cursor::{CURSOR_TYPE, Cursor};
use crate::errors::{CLASSES, Class, failed, none, raise};
use crate::statement::Statement;
use crate::unlocked::unlocked;
use crate::{finalize_and_dealloc, visit_cells};
use libsqlite3_sys as ffi;
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char, c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::new_instance;
use taipan_object::args::{ArgContext, FromArg, Given, Signature};
use taipan_object::method::{MemberDef, member};
use taipan_object::native::{bind, optional, required};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::str::{PyUnicode_Type, Str};
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Ref, Type, TypeDef, bail, error, flags, getset, getsets, hooks, intern,
    layout, members, method,
};

unsafe extern "C" {
    /// Closes when the last statement is finalised. (The bindings leave it out.)
    fn sqlite3_close_v2(db: *mut ffi::sqlite3) -> c_int;
}

/// `sqlite3.LEGACY_TRANSACTION_CONTROL`: transactions begin by themselves before statements that change rows.
pub const LEGACY: c_int = -1;
/// PEP 249: there is always a transaction.
const MANUAL: c_int = 0;

/// `sqlite3.Connection`.
#[repr(C)]
pub struct Connection {
    ob_base: Object,
    db: Cell<*mut ffi::sqlite3>,
    /// Types of columns that are looked at for converters.
    pub detect_types: Cell<c_int>,
    /// What begins transactions; none when they do not begin by themselves.
    pub isolation_level: Cell<Option<&'static str>>,
    /// [`LEGACY`], 0 or 1.
    pub autocommit: Cell<c_int>,
    check_same_thread: Cell<bool>,
    initialized: Cell<bool>,
    thread: Cell<u64>,
    /// Statements by text, the one used longest ago first.
    cache: ObjCell,
    cache_size: Cell<usize>,
    row_factory: ObjCell,
    /// What makes objects of text.
    pub text_factory: ObjCell,
    /// Called by the library's hooks: authorizer, progress, trace.
    pub hooks: [Cell<Option<Box<Callable>>>; 3],
    /// Open blobs, to be closed with the connection. They hold it, not the other way round.
    pub blobs: RefCell<Vec<*const Blob>>,
    errors: [ObjCell; 10],
}
layout!(Connection, CONNECTION_TYPE);

extern "C" fn connection_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Connection {
        ob_base: Object::placeholder(),
        db: Cell::new(std::ptr::null_mut()),
        detect_types: Cell::new(0),
        isolation_level: Cell::new(None),
        autocommit: Cell::new(LEGACY),
        check_same_thread: Cell::new(true),
        initialized: Cell::new(false),
        thread: Cell::new(0),
        cache: ObjCell::empty(),
        cache_size: Cell::new(0),
        row_factory: ObjCell::new(none()),
        text_factory: ObjCell::new(PyUnicode_Type.to_obj()),
        hooks: Default::default(),
        blobs: RefCell::default(),
        errors: [const { ObjCell::empty() }; 10],
    };
    new_instance(cls, body).map(Ref::into_obj)
}

static INIT: Signature = Signature {
    name: "Connection",
    params: &[
        required("database"),
        optional("timeout"),
        optional("detect_types"),
        optional("isolation_level"),
        optional("check_same_thread"),
        optional("factory"),
        optional("cached_statements"),
        optional("uri"),
        optional("autocommit"),
    ],
    posonly: 0,
    positional: 8,
    varargs: false,
    varkw: false,
};

/// The warning for arguments that are to become keyword-only.
pub fn warn_positional(function: &str) -> PyResult<()> {
    let text = format!(
        "Passing more than 1 positional argument to {function}() is deprecated. Parameters 'timeout', 'detect_types', \
         'isolation_level', 'check_same_thread', 'factory', 'cached_statements' and 'uri' will become keyword-only \
         parameters in Python 3.15."
    );
    (hooks::get().warn)(exceptions::DeprecationWarning, &text, 1)
}

extern "C" fn connection_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let given = args.cast::<Tuple>().len();
    let init = || {
        if given > 1 && given <= 8 {
            warn_positional("_sqlite3.Connection")?;
        }
        bind(&INIT, args, kwargs, |out| open(o.cast(), out))
    };
    error::status(init())
}

/// `''`, `DEFERRED`, ... in any case; none for `None`.
fn level_of(o: &Object) -> PyResult<Option<&'static str>> {
    if o.is_none() {
        return Ok(None);
    }
    let Some(s) = o.downcast::<Str>() else { bail!(TypeError, "isolation_level must be str or None") };
    let s = s.to_utf8()?;
    if s.contains('\0') {
        bail!(ValueError, "embedded null character");
    }
    match ["", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"].into_iter().find(|l| l.eq_ignore_ascii_case(s)) {
        Some(l) => Ok(Some(l)),
        None => bail!(ValueError, "isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'"),
    }
}

fn autocommit_of(o: &Object) -> PyResult<c_int> {
    use taipan_object::types::bool_;
    if o.is(bool_::true_()) {
        return Ok(1);
    }
    if o.is(bool_::false_()) {
        return Ok(MANUAL);
    }
    match o.downcast::<Int>().and_then(Int::to_i64) {
        Some(-1) => Ok(LEGACY),
        _ => bail!(ValueError, "autocommit must be True, False, or sqlite3.LEGACY_TRANSACTION_CONTROL"),
    }
}

fn int(o: &Object) -> PyResult<c_int> {
    c_int::from_arg(o, &ArgContext { func: "Connection", position: 0, name: "" })
}

/// A path as the system takes it (`PyUnicode_FSConverter`).
fn path(o: &Object) -> PyResult<CString> {
    let o = if o.downcast::<Str>().is_some() || o.downcast::<Bytes>().is_some() {
        o.to_obj()
    } else {
        let Some(f) = o.lookup_special(intern!("__fspath__"))? else {
            bail!(TypeError, "expected str, bytes or os.PathLike object, not {}", o.ty().short_name());
        };
        f.call_noargs()?
    };
    let bytes = match o.downcast::<Str>() {
        Some(s) => taipan_object::codecs::text::fs_encode(s)?.as_slice().to_vec(),
        None => match o.downcast::<Bytes>() {
            Some(b) => b.as_slice().to_vec(),
            None => bail!(TypeError, "expected str, bytes or os.PathLike object, not {}", o.ty().short_name()),
        },
    };
    match CString::new(bytes) {
        Ok(c) => Ok(c),
        Err(_) => bail!(ValueError, "embedded null byte"),
    }
}

fn open(this: &Connection, out: [Option<&Object>; 9]) -> PyResult<()> {
    let [database, timeout, detect, level, same_thread, _, cached, uri, autocommit] = out;
    let Some(database) = database else { return taipan_object::args::absent() };
    let timeout = timeout.map_or(Ok(5.0), |o| o.to_f64())?;
    let detect = detect.map_or(Ok(0), int)?;
    let level = level.map_or(Ok(Some("")), level_of)?;
    let same_thread = same_thread.map_or(Ok(true), |o| o.is_true())?;
    let cached = cached.map_or(Ok(128), int)?;
    let uri = uri.map_or(Ok(false), |o| o.is_true())?;
    let autocommit = autocommit.map_or(Ok(LEGACY), autocommit_of)?;
    audit("sqlite3.connect", database)?;
    let file = path(database)?;
    if this.initialized.replace(false) {
        this.forget();
        this.close_db()?;
    }
    let open_flags = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE | if uri { ffi::SQLITE_OPEN_URI } else { 0 };
    let (rc, db) = {
        let (rc, db) = unlocked(|| {
            let mut db: *mut ffi::sqlite3 = std::ptr::null_mut();
            // SAFETY: a C string and a place for the answer.
            let rc = unsafe {
                let rc = ffi::sqlite3_open_v2(file.as_ptr(), &mut db, open_flags, std::ptr::null());
                if rc == ffi::SQLITE_OK {
                    ffi::sqlite3_busy_timeout(db, (timeout * 1000.0) as c_int);
                }
                rc
            };
            (rc, db as usize)
        });
        (rc, db as *mut ffi::sqlite3)
    };
    if rc != ffi::SQLITE_OK {
        let e = if db.is_null() { error::no_memory() } else { failed(db) };
        // SAFETY: opened above, however badly.
        unsafe { sqlite3_close_v2(db) };
        return Err(e);
    }
    this.db.set(db);
    this.detect_types.set(detect);
    this.isolation_level.set(level);
    this.autocommit.set(autocommit);
    this.check_same_thread.set(same_thread);
    this.thread.set(ident());
    this.cache.set(Some(Dict::new().into_obj()));
    this.cache_size.set(cached.max(0) as usize);
    this.row_factory.set(Some(none()));
    this.text_factory.set(Some(PyUnicode_Type.to_obj()));
    for (cell, class) in this.errors.iter().zip(CLASSES) {
        cell.set(taipan_object::native::exception_class(class));
    }
    this.initialized.set(true);
    audit("sqlite3.connect/handle", this.as_object())?;
    if autocommit == MANUAL {
        this.run("BEGIN")?;
    }
    Ok(())
}

/// The thread's identity as `threading.get_ident` tells it.
fn ident() -> u64 {
    // SAFETY: always answers.
    unsafe { libc::pthread_self() as u64 }
}

/// Raises an audit event with one argument.
pub fn audit(event: &str, arg: &Object) -> PyResult<()> {
    if (hooks::get().auditing)() {
        (hooks::get().audit)(event, &Tuple::new(&[arg]))?;
    }
    Ok(())
}

impl Connection {
    /// The library's connection.
    pub fn db(&self) -> *mut ffi::sqlite3 {
        self.db.get()
    }

    /// As an object.
    pub fn as_object(&self) -> &Object {
        // SAFETY: an object begins with its header.
        unsafe { &*(self as *const Connection).cast::<Object>() }
    }

    fn check_initialized(&self) -> PyResult<()> {
        if self.initialized.get() {
            return Ok(());
        }
        Err(raise(Class::Programming, "Base Connection.__init__ not called."))
    }

    /// Raises unless it is open.
    pub fn check(&self) -> PyResult<()> {
        self.check_initialized()?;
        if self.db().is_null() {
            return Err(raise(Class::Programming, "Cannot operate on a closed database."));
        }
        Ok(())
    }

    /// Raises in a thread that may not use it.
    pub fn check_thread(&self) -> PyResult<()> {
        if self.initialized.get() && self.check_same_thread.get() && self.thread.get() != ident() {
            return Err(raise(
                Class::Programming,
                &format!(
                    "SQLite objects created in a thread can only be used in that same thread. The object was created in thread id {} and this is thread id {}.",
                    self.thread.get(),
                    ident()
                ),
            ));
        }
        Ok(())
    }

    /// Both.
    pub fn ready(&self) -> PyResult<()> {
        self.check_thread()?;
        self.check()
    }

    /// Raises for statements that are too long for the connection's limit.
    pub fn check_length(&self, sql: &str) -> PyResult<()> {
        // SAFETY: an open connection.
        let max = unsafe { ffi::sqlite3_limit(self.db(), ffi::SQLITE_LIMIT_SQL_LENGTH, -1) };
        if sql.len() > max.max(0) as usize {
            return Err(raise(Class::Data, "query string is too large"));
        }
        Ok(())
    }

    /// Runs a statement without parameters and rows.
    pub fn run(&self, sql: &str) -> PyResult<()> {
        let db = self.db() as usize;
        let (start, len) = (sql.as_ptr() as usize, sql.len());
        let rc = unlocked(|| {
            let mut stmt = std::ptr::null_mut();
            // SAFETY: an open connection; the text is held by the caller.
            unsafe {
                let rc = ffi::sqlite3_prepare_v2(
                    db as *mut ffi::sqlite3,
                    start as *const c_char,
                    len as c_int,
                    &mut stmt,
                    std::ptr::null_mut(),
                );
                if rc != ffi::SQLITE_OK {
                    return rc;
                }
                ffi::sqlite3_step(stmt);
                ffi::sqlite3_finalize(stmt)
            }
        });
        if rc == ffi::SQLITE_OK { Ok(()) } else { Err(failed(self.db())) }
    }

    /// The statement of a text: one that was prepared before, or a new one.
    pub fn statement(&self, sql: &Str) -> PyResult<Ref<Statement>> {
        let Some(cache) = self.cache.get_owned() else { return Statement::new(self, sql) };
        let cache: &Dict = cache.cast();
        if let Some(s) = cache.get_item(sql)? {
            // To the end: it was used last.
            cache.del_item(sql)?;
            cache.set_item(sql, &s)?;
            if let Ok(s) = s.downcast_into::<Statement>() {
                return Ok(s);
            }
        }
        let s = Statement::new(self, sql)?;
        if self.cache_size.get() > 0 {
            if cache.len() >= self.cache_size.get()
                && let Some((oldest, _)) = cache.pairs().into_iter().next()
            {
                cache.del_item(&oldest)?;
            }
            cache.set_item(sql, &s)?;
        }
        Ok(s)
    }

    fn forget(&self) {
        let blobs = self.blobs.take();
        for b in blobs {
            // SAFETY: blobs take themselves off the list before they die.
            unsafe { (*b).close_handle() };
        }
        self.cache.set(None);
    }

    fn close_db(&self) -> PyResult<()> {
        let db = self.db.replace(std::ptr::null_mut());
        if db.is_null() {
            return Ok(());
        }
        let mut rolled_back = Ok(());
        // SAFETY: an open connection.
        if self.autocommit.get() == MANUAL && unsafe { ffi::sqlite3_get_autocommit(db) } == 0 {
            self.db.set(db);
            rolled_back = self.run("ROLLBACK");
            self.db.set(std::ptr::null_mut());
        }
        let word = db as usize;
        // SAFETY: used no more; statements that are left keep it alive.
        unlocked(|| unsafe {
            let db = word as *mut ffi::sqlite3;
            ffi::sqlite3_trace_v2(db, 0, None, std::ptr::null_mut());
            ffi::sqlite3_progress_handler(db, 0, None, std::ptr::null_mut());
            ffi::sqlite3_set_authorizer(db, None, std::ptr::null_mut());
            sqlite3_close_v2(db)
        });
        for h in &self.hooks {
            h.set(None);
        }
        rolled_back
    }

    fn in_transaction(&self) -> bool {
        // SAFETY: an open connection.
        unsafe { ffi::sqlite3_get_autocommit(self.db()) == 0 }
    }

    fn end_transaction(&self, sql: &str) -> PyResult<()> {
        self.ready()?;
        match self.autocommit.get() {
            LEGACY if self.in_transaction() => self.run(sql),
            MANUAL => {
                self.run(sql)?;
                self.run("BEGIN")
            }
            _ => Ok(()),
        }
    }

    fn execute_by(&self, name: &'static Object, args: &[&Object]) -> PyResult {
        self.check()?;
        let cursor = self.as_object().call_method(intern!("cursor"), &[])?;
        cursor.get_attr(name)?.call(args)
    }
}

/// Make a cursor.
#[method(name = "cursor", signature = "(factory=None)", shown = "(factory=<unrepresentable>)")]
fn cursor(this: &Connection, factory: Given<&Object>) -> PyResult {
    this.ready()?;
    let factory = factory.0.unwrap_or(CURSOR_TYPE.as_object());
    let made = factory.call(&[this.as_object()])?;
    let Some(c) = made.downcast::<Cursor>() else {
        bail!(TypeError, "factory must return a cursor, not {}", made.ty().name_str());
    };
    if let Some(f) = this.row_factory.get_owned().filter(|f| !f.is_none()) {
        c.set_row_factory(f);
    }
    Ok(made)
}

/// Close the connection; what is pending is lost, unless it was committed.
#[method]
fn close(this: &Connection) -> PyResult<()> {
    this.check_thread()?;
    this.check_initialized()?;
    this.forget();
    this.close_db()
}

/// Commit what is pending.
#[method]
fn commit(this: &Connection) -> PyResult<()> {
    this.end_transaction("COMMIT")
}

/// Undo what is pending.
#[method]
fn rollback(this: &Connection) -> PyResult<()> {
    this.end_transaction("ROLLBACK")
}

/// Execute a statement with a new cursor, which is returned.
#[method(signature = "(sql, parameters=(), /)", shown = "(sql, parameters=(), /)")]
fn execute(this: &Connection, sql: &Object, parameters: Given<&Object>) -> PyResult {
    match parameters.0 {
        Some(p) => this.execute_by(intern!("execute"), &[sql, p]),
        None => this.execute_by(intern!("execute"), &[sql]),
    }
}

/// Execute a statement for each of a series of parameters, with a new cursor, which is returned.
#[method(signature = "(sql, parameters, /)")]
fn executemany(this: &Connection, sql: &Object, parameters: &Object) -> PyResult {
    this.execute_by(intern!("executemany"), &[sql, parameters])
}

/// Execute several statements with a new cursor, which is returned.
#[method(signature = "(sql_script, /)")]
fn executescript(this: &Connection, sql_script: &Object) -> PyResult {
    this.execute_by(intern!("executescript"), &[sql_script])
}

/// The connection; the block is a transaction.
#[method]
fn __enter__(this: &Connection) -> PyResult {
    this.ready()?;
    Ok(this.as_object().to_obj())
}

/// Commit, or undo if the block raised.
#[method(signature = "(type, value, traceback, /)")]
fn __exit__(this: &Connection, r#type: &Object, value: &Object, traceback: &Object) -> PyResult<bool> {
    if !(r#type.is_none() && value.is_none() && traceback.is_none()) {
        this.end_transaction("ROLLBACK")?;
        return Ok(false);
    }
    if let Err(e) = this.end_transaction("COMMIT") {
        // Nothing was committed: undo, so that the next block starts afresh.
        let exc = e.take();
        if let Err(second) = this.end_transaction("ROLLBACK") {
            let second = second.take();
            second.set_attr(intern!("__context__"), &exc)?;
            return Err(error::restore(second));
        }
        return Err(error::restore(exc));
    }
    Ok(false)
}

extern "C" fn connection_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "sqlite3.Connection() takes no keyword arguments");
    }
    let this: &Connection = o.cast();
    this.ready()?;
    let [sql] = args.cast::<Tuple>().items() else {
        bail!(TypeError, "function takes exactly 1 argument ({} given)", args.cast::<Tuple>().len());
    };
    let Some(sql) = sql.downcast::<Str>() else {
        bail!(TypeError, "argument 1 must be str, not {}", sql.ty().name_str());
    };
    Statement::new(this, sql).map(Ref::into_obj)
}

extern "C" fn connection_finalize(o: &Object) {
    let this: &Connection = o.cast();
    let saved = error::occurred().map(Raised::take);
    if !this.db().is_null() {
        let text = format!(
            "unclosed database in {}",
            o.repr().map_or_else(
                |e| {
                    e.clear();
                    "<connection>".to_owned()
                },
                |r| r.to_utf8_lossy().into_owned(),
            )
        );
        if let Err(e) = (hooks::get().warn)(exceptions::ResourceWarning, &text, 1) {
            if e.matches(exceptions::Warning) {
                error::unraisable(e, Some(o));
            } else {
                e.clear();
            }
        }
        this.forget();
        if let Err(e) = this.close_db() {
            error::unraisable(e, Some(o));
        }
    }
    if let Some(e) = saved {
        let _ = error::restore(e);
    }
}

fn get_isolation_level(this: &Connection) -> PyResult {
    this.check()?;
    Ok(this.isolation_level.get().map_or_else(none, |l| Str::from_utf8(l).into_obj()))
}

fn set_isolation_level(this: &Connection, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(AttributeError, "cannot delete attribute") };
    let level = level_of(v)?;
    this.isolation_level.set(level);
    if level.is_none() {
        // The database commits by itself from now on.
        this.end_transaction("COMMIT")?;
    }
    Ok(())
}

fn get_total_changes(this: &Connection) -> PyResult<i64> {
    this.check()?;
    // SAFETY: an open connection.
    Ok(unsafe { ffi::sqlite3_total_changes(this.db()) }.into())
}

fn get_in_transaction(this: &Connection) -> PyResult<bool> {
    this.check()?;
    Ok(this.in_transaction())
}

fn get_autocommit(this: &Connection) -> PyResult {
    this.ready()?;
    Ok(match this.autocommit.get() {
        LEGACY => Int::from_i64(LEGACY.into()).into_obj(),
        n => taipan_object::types::bool_::from_bool(n != 0),
    })
}

fn set_autocommit(this: &Connection, v: Option<&Object>) -> PyResult<()> {
    this.ready()?;
    let Some(v) = v else { bail!(AttributeError, "cannot delete autocommit attribute") };
    let mode = autocommit_of(v)?;
    if mode == 1 && this.in_transaction() {
        this.run("COMMIT")?;
    } else if mode == MANUAL && !this.in_transaction() {
        this.run("BEGIN")?;
    }
    this.autocommit.set(mode);
    Ok(())
}

/// How the connection itself is called.
fn get_signature(_: &Connection) -> &'static str {
    "(sql, /)"
}

fn get_row_factory(this: &Connection) -> Obj {
    this.row_factory.get_owned().unwrap_or_else(none)
}

fn set_row_factory(this: &Connection, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(AttributeError, "cannot delete row_factory attribute") };
    this.row_factory.set(Some(v.to_obj()));
    Ok(())
}

fn get_text_factory(this: &Connection) -> Obj {
    this.text_factory.get_owned().unwrap_or_else(none)
}

fn set_text_factory(this: &Connection, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(AttributeError, "cannot delete text_factory attribute") };
    this.text_factory.set(Some(v.to_obj()));
    Ok(())
}

extern "C" fn connection_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let c: &Connection = o.cast();
    for h in &c.hooks {
        let callable = h.take();
        let r = callable.as_ref().map_or(0, |f| visit(&f.object, arg));
        h.set(callable);
        if r != 0 {
            return r;
        }
    }
    visit_cells(&[&c.cache, &c.row_factory, &c.text_factory], visit, arg)
}

extern "C" fn connection_clear(o: &Object) -> c_int {
    let c: &Connection = o.cast();
    for f in [&c.cache, &c.row_factory, &c.text_factory] {
        f.set(None);
    }
    if c.db().is_null() {
        for h in &c.hooks {
            h.set(None);
        }
    }
    0
}

const fn class_member(name: &'static std::ffi::CStr, i: usize) -> MemberDef {
    let offset = offset_of!(Connection, errors) + i * size_of::<ObjCell>();
    MemberDef::new(name, member::OBJECT, offset, member::READONLY)
}

/// The type.
pub static CONNECTION_TYPE: Type = Type::new_static(TypeDef {
    name: c"sqlite3.Connection",
    basicsize: size_of::<Connection>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"A connection to a database."),
    dealloc: Some(finalize_and_dealloc::<Connection>),
    finalize: Some(connection_finalize),
    traverse: Some(connection_traverse),
    clear: Some(connection_clear),
    call: Some(connection_call),
    methods: taipan_object::methods![
        close,
        commit,
        cursor,
        __enter__,
        executemany,
        executescript,
        execute,
        __exit__,
        rollback,
        backup,
        create_aggregate,
        create_collation,
        create_function,
        enable_load_extension,
        interrupt,
        iterdump,
        load_extension,
        set_authorizer,
        set_progress_handler,
        set_trace_callback,
        setlimit,
        getlimit,
        serialize,
        deserialize,
        create_window_function,
        blobopen,
        setconfig,
        getconfig,
    ],
    members: members![
        class_member(c"Warning", 0),
        class_member(c"Error", 1),
        class_member(c"InterfaceError", 2),
        class_member(c"DatabaseError", 3),
        class_member(c"DataError", 4),
        class_member(c"OperationalError", 5),
        class_member(c"IntegrityError", 6),
        class_member(c"InternalError", 7),
        class_member(c"ProgrammingError", 8),
        class_member(c"NotSupportedError", 9),
    ],
    getset: getsets![
        getset!(c"isolation_level", get_isolation_level, set_isolation_level),
        getset!(c"total_changes", get_total_changes),
        getset!(c"in_transaction", get_in_transaction),
        getset!(c"autocommit", get_autocommit, set_autocommit),
        getset!(c"__text_signature__", get_signature),
        getset!(c"row_factory", get_row_factory, set_row_factory),
        getset!(c"text_factory", get_text_factory, set_text_factory),
    ],
    new: Some(connection_new),
    init: Some(connection_init),
    ..TypeDef::EMPTY
});
