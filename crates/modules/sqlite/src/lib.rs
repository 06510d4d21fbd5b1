//! `_sqlite3`: databases in files.
//!
//! - `connection.rs`: connections; `configure.rs`: their rarer methods; `callbacks.rs`: functions, aggregates, collations and hooks in Python
//! - `statement.rs`: prepared statements and their parameters; `cursor.rs`: running them; `row.rs`, `blob.rs`
//! - `adapt.rs`: adapters and converters; `values.rs`: values of the database as objects
//! - `errors.rs`: exceptions; `unlocked.rs`: the interpreter lock around the library; `constants.rs`, `module.rs`
#![allow(non_upper_case_globals)]

pub mod adapt;
pub mod blob;
pub mod callbacks;
pub mod configure;
pub mod connection;
pub mod constants;
pub mod cursor;
pub mod errors;
pub mod module;
pub mod row;
pub mod statement;
pub mod unlocked;
pub mod values;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[&module::MODULE];

/// Visits what cells hold, for the collector.
fn visit_cells(
    cells: &[&taipan_object::ObjCell],
    visit: taipan_object::typeobj::slots::VisitProc,
    arg: *mut std::ffi::c_void,
) -> std::ffi::c_int {
    for cell in cells {
        if let Some(o) = cell.get() {
            let r = visit(o, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}
