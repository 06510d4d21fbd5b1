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

/// The destructor of objects that hold something of the library's: they are finalised first.
///
/// # Safety
/// The contract of destructors.
unsafe extern "C" fn finalize_and_dealloc<T: taipan_object::Layout>(o: std::ptr::NonNull<taipan_object::Object>) {
    // SAFETY: the object is dead unless its finaliser revives it; then it goes the way of all objects.
    unsafe {
        if taipan_object::typeobj::heap::call_finalizer_from_dealloc(o.as_ref()) {
            taipan_object::alloc::dealloc_of::<T>(o);
        }
    }
}
