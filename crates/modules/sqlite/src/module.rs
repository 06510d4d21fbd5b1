//! `_sqlite3`: the module.

use crate::adapt::{PREPARE_PROTOCOL_TYPE, adapt_function, add_registers, register_adapter, register_converter};
use crate::blob::BLOB_TYPE;
use crate::callbacks::enable_callback_tracebacks;
use crate::connection::{CONNECTION_TYPE, warn_positional};
use crate::constants::{ERRORS, OTHERS};
use crate::cursor::CURSOR_TYPE;
use crate::errors::{add_classes, text};
use crate::row::ROW_TYPE;
use crate::statement::STATEMENT_TYPE;
use libsqlite3_sys as ffi;
use std::ffi::CString;
use taipan_object::args::KwArgs;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, bail, function, methods};

/// Open a connection to a database: a file, or ":memory:".
#[function(
    signature = "(*args, **kwargs)",
    shown = "(database, timeout=5.0, detect_types=0, isolation_level='', check_same_thread=True, factory=ConnectionType, cached_statements=128, uri=False, *, autocommit=sqlite3.LEGACY_TRANSACTION_CONTROL)"
)]
fn connect(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    if args.len() > 1 && args.len() <= 8 {
        warn_positional("sqlite3.connect")?;
    }
    let by_name = kwargs.iter().find(|(k, _)| k.eq_str("factory")).map(|(_, v)| v);
    let factory = args.get(5).copied().or(by_name).unwrap_or(CONNECTION_TYPE.as_object());
    let mut all = args.to_vec();
    all.extend_from_slice(kwargs.values());
    match kwargs.names() {
        Some(names) => factory.call_kw(&all, args.len(), names),
        None => factory.call_kw(&all, args.len(), &Tuple::new(&[])),
    }
}

/// Whether a text ends a statement.
#[function(signature = "(statement)")]
fn complete_statement(statement: &Str) -> PyResult<bool> {
    let Ok(s) = CString::new(statement.to_utf8()?) else { bail!(ValueError, "embedded null character") };
    // SAFETY: a C string.
    Ok(unsafe { ffi::sqlite3_complete(s.as_ptr()) } != 0)
}

fn exec(m: &Module) -> PyResult<()> {
    // SAFETY: the library is compiled in; this makes it ready.
    unsafe { ffi::sqlite3_initialize() };
    taipan_object::typeobj::ready::ready(&STATEMENT_TYPE)?;
    for t in [&BLOB_TYPE, &CONNECTION_TYPE, &CURSOR_TYPE, &PREPARE_PROTOCOL_TYPE, &ROW_TYPE] {
        m.add_type(t)?;
    }
    add_classes(m)?;
    for (name, n) in ERRORS.iter().chain(OTHERS) {
        m.add_int(name, *n)?;
    }
    // SAFETY: a constant text.
    m.add_str("sqlite_version", &unsafe { text(ffi::sqlite3_libversion()) })?;
    // SAFETY: tells how the library was built.
    let level = match unsafe { ffi::sqlite3_threadsafe() } {
        0 => 0,
        1 => 3,
        _ => 1,
    };
    m.add_int("threadsafety", level)?;
    add_registers(m)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_sqlite3",
    doc: "Databases in files, by the library SQLite. The module sqlite3 is what programs use.",
    methods: methods![
        adapt_function,
        complete_statement,
        connect,
        enable_callback_tracebacks,
        register_adapter,
        register_converter,
    ],
    exec,
};
