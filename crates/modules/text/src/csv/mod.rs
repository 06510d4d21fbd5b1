//! `_csv`: reading and writing comma-separated values.
//!
//! - `dialect.rs`: `Dialect` and the registry; `reader.rs`, `writer.rs`: the two directions

pub mod dialect;
pub mod reader;
pub mod writer;

use dialect::{Dialect_Type, registry};
use std::sync::atomic::{AtomicI64, Ordering};
use taipan_object::args::{Given, KwArgs, check_positional};
use taipan_object::native;
use taipan_object::typeobj::ready::ready;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::Exception;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::{Interp, Obj, Object, PyResult, Raised, Ref, bail, function, intern, methods};

/// The longest field that is read.
static FIELD_LIMIT: AtomicI64 = AtomicI64::new(128 * 1024);

/// `_csv.Error`
pub(crate) fn error(message: &str) -> Raised {
    native::raise_named("_csv.Error", message)
}

pub(crate) fn field_limit() -> i64 {
    FIELD_LIMIT.load(Ordering::Relaxed)
}

/// Return a reader that parses the lines of an iterable into lists of fields.
#[function(name = "reader", signature = "(*args, **fmtparams)", shown = "(iterable, /, dialect='excel', **fmtparams)")]
fn make_reader(args: &[&Object], fmtparams: KwArgs<'_>) -> PyResult {
    check_positional("reader", args.len(), 1, 2)?;
    let lines = args[0].iter()?;
    reader::new(lines, dialect::make(args.get(1).copied(), fmtparams)?)
}

/// Return a writer that formats rows and hands them to the write method of a file.
#[function(name = "writer", signature = "(*args, **fmtparams)", shown = "(fileobj, /, dialect='excel', **fmtparams)")]
fn make_writer(args: &[&Object], fmtparams: KwArgs<'_>) -> PyResult {
    check_positional("writer", args.len(), 1, 2)?;
    let write = match args[0].get_attr_opt(intern!("write"))? {
        Some(w) if w.is_callable() => w,
        _ => bail!(TypeError, "argument 1 must have a \"write\" method"),
    };
    writer::new(write, dialect::make(args.get(1).copied(), fmtparams)?)
}

/// Register a dialect under a name.
#[function(signature = "(*args, **fmtparams)", shown = "(name, /, dialect='excel', **fmtparams)")]
fn register_dialect(args: &[&Object], fmtparams: KwArgs<'_>) -> PyResult<()> {
    check_positional("register_dialect", args.len(), 1, 2)?;
    if args[0].downcast::<Str>().is_none() {
        bail!(TypeError, "dialect name must be a string");
    }
    let d = dialect::make(args.get(1).copied(), fmtparams)?;
    registry().cast::<Dict>().set_item(args[0], &d)
}

/// Forget a dialect.
#[function(signature = "(name)")]
fn unregister_dialect(name: &Object) -> PyResult<()> {
    match registry().cast::<Dict>().pop_opt(name)? {
        Some(_) => Ok(()),
        None => Err(error("unknown dialect")),
    }
}

/// The dialect of that name.
#[function(signature = "(name)")]
fn get_dialect(name: &Object) -> PyResult<Obj> {
    dialect::find(name)
}

/// The names of all dialects.
#[function(signature = "()")]
fn list_dialects() -> PyResult<Ref<List>> {
    Ok(List::from_vec(registry().cast::<Dict>().key_list()))
}

/// The longest field that is read; with an argument, sets it.
#[function(signature = "(new_limit=<unrepresentable>)")]
fn field_size_limit(new_limit: Given<&Object>) -> PyResult<i64> {
    let old = field_limit();
    if let Some(n) = new_limit.0 {
        let Some(n) = n.downcast_exact::<Int>() else { bail!(TypeError, "limit must be an integer") };
        let Some(n) = n.to_i64() else { bail!(OverflowError, "Python int too large to convert to C ssize_t") };
        FIELD_LIMIT.store(n, Ordering::Relaxed);
    }
    Ok(old)
}

fn exec(m: &Module) -> PyResult<()> {
    for t in [&Dialect_Type, &reader::Reader_Type, &writer::Writer_Type] {
        ready(t)?;
    }
    m.add("Dialect", Dialect_Type.as_object())?;
    m.add("Reader", reader::Reader_Type.as_object())?;
    m.add("Writer", writer::Writer_Type.as_object())?;
    let names = ["QUOTE_MINIMAL", "QUOTE_ALL", "QUOTE_NONNUMERIC", "QUOTE_NONE", "QUOTE_STRINGS", "QUOTE_NOTNULL"];
    for (i, name) in names.into_iter().enumerate() {
        m.add_int(name, i as i64)?;
    }
    let dialects = Dict::new();
    m.add("_dialects", &dialects)?;
    Interp::current().module_state.borrow_mut().insert("_csv.dialects", dialects.into_obj());
    native::add_exception(m, "_csv.Error", Exception)?;
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_csv",
    doc: "Reading and writing comma-separated values.",
    methods: methods![
        make_reader,
        make_writer,
        list_dialects,
        register_dialect,
        unregister_dialect,
        get_dialect,
        field_size_limit
    ],
    exec,
};
