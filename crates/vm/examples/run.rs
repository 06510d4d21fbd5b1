//! Runs a code object that CPython 3.14 marshalled (`marshal.dumps(compile(..))`), with a handful of built-ins: the evaluation loop
//! on its own, without compiler, import system or library.
//!
//! `cargo run -p taipan-vm --example run -- FILE`

use taipan_object::args::KwArgs;
use taipan_object::types::dict::Dict;
use taipan_object::types::module::Module;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, exceptions, none};
use taipan_object::{Interp, Obj, Object, PyResult, Raised, Thread, bail, function, hooks, methods};

/// Print to standard output.
#[function(signature = "(*args, **kwargs)")]
fn print(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<()> {
    let mut end = "\n".to_owned();
    let mut sep = " ".to_owned();
    for (k, v) in kwargs.iter() {
        if k.eq_str("end") {
            end = v.str()?.display().to_string();
        } else if k.eq_str("sep") {
            sep = v.str()?.display().to_string();
        }
    }
    let mut parts = Vec::new();
    for a in args {
        parts.push(a.str()?.display().to_string());
    }
    print!("{}{end}", parts.join(&sep));
    Ok(())
}

/// The length.
#[function(signature = "(obj, /)")]
fn len(obj: &Object) -> PyResult<usize> {
    obj.len()
}

/// Whether an object is an instance.
#[function(signature = "(obj, class_or_tuple, /)")]
fn isinstance(obj: &Object, class_or_tuple: &Object) -> PyResult<bool> {
    obj.is_instance(class_or_tuple)
}

/// Whether a class derives from another.
#[function(signature = "(cls, class_or_tuple, /)")]
fn issubclass(cls: &Object, class_or_tuple: &Object) -> PyResult<bool> {
    cls.is_subclass(class_or_tuple)
}

/// The representation.
#[function(signature = "(obj, /)")]
fn repr(obj: &Object) -> PyResult {
    obj.repr().map(|r| r.into_obj())
}

/// The hash.
#[function(signature = "(obj, /)")]
fn hash(obj: &Object) -> PyResult<isize> {
    obj.hash()
}

/// The absolute value.
#[function(signature = "(x, /)")]
fn abs(x: &Object) -> PyResult {
    taipan_object::protocol::number::absolute(x)
}

/// An iterator.
#[function(signature = "(obj, /)")]
fn iter(obj: &Object) -> PyResult {
    obj.iter()
}

/// The next item.
#[function(signature = "(iterator, default=None, /)")]
fn next(iterator: &Object, default: taipan_object::args::Given<&Object>) -> PyResult {
    match (iterator.ty().iternext.get(), default.0) {
        (None, _) => bail!(TypeError, "'{}' object is not an iterator", iterator.ty().name_str()),
        (Some(f), d) => match (f(iterator), d) {
            (Some(v), _) => Ok(v),
            (None, Some(d)) => {
                if let Some(e) = taipan_object::error::occurred() {
                    e.recover(exceptions::StopIteration, ())?;
                }
                Ok(d.to_obj())
            }
            (None, None) => match taipan_object::error::occurred() {
                Some(e) => Err(e),
                None => Err(taipan_object::error::raise_empty(exceptions::StopIteration)),
            },
        },
    }
}

/// An attribute.
#[function(signature = "(obj, name, default=None, /)")]
fn getattr(obj: &Object, name: &Object, default: taipan_object::args::Given<&Object>) -> PyResult {
    match default.0 {
        Some(d) => Ok(obj.get_attr_opt(name)?.unwrap_or_else(|| d.to_obj())),
        None => obj.get_attr(name),
    }
}

/// Set an attribute.
#[function(signature = "(obj, name, value, /)")]
fn setattr(obj: &Object, name: &Object, value: &Object) -> PyResult<()> {
    obj.set_attr(name, value)
}

/// Whether there is such an attribute.
#[function(signature = "(obj, name, /)")]
fn hasattr(obj: &Object, name: &Object) -> PyResult<bool> {
    obj.has_attr(name)
}

/// The sum.
#[function(signature = "(iterable, /)")]
fn sum(iterable: &Object) -> PyResult {
    let mut total = taipan_vm::support::new_int(0);
    taipan_object::protocol::iter::for_each(iterable, |x| {
        total = taipan_object::protocol::number::add(&total, &x)?;
        Ok(())
    })?;
    Ok(total)
}

/// A sorted list.
#[function(signature = "(iterable, /)")]
fn sorted(iterable: &Object) -> PyResult {
    let l = iterable.to_list()?;
    l.sort()?;
    Ok(l.into_obj())
}

/// The running frame.
#[function(signature = "()")]
fn getframe() -> Obj {
    taipan_vm::frame::frame_object(taipan_vm::frame::current(Thread::current())).into_obj()
}

/// The running frame's variables.
#[function(signature = "()")]
fn locals() -> PyResult {
    let f = taipan_vm::frame::frame_object(taipan_vm::frame::current(Thread::current()));
    taipan_vm::frame::object::get_locals(&f)
}

/// Whether all items are true.
#[function(signature = "(iterable, /)")]
fn all(iterable: &Object) -> PyResult<bool> {
    let it = iterable.iter()?;
    while let Some(x) = it.next()? {
        if !x.is_true()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether any item is true.
#[function(signature = "(iterable, /)")]
fn any(iterable: &Object) -> PyResult<bool> {
    let it = iterable.iter()?;
    while let Some(x) = it.next()? {
        if x.is_true()? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Seconds since some moment.
#[function(signature = "()")]
fn gettime() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// Make a class.
#[function(signature = "(*args, **kwargs)", name = "__build_class__")]
fn build_class(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    taipan_vm::build_class::build_class(args, kwargs.names(), kwargs.values())
}

fn builtins() -> PyResult<Obj> {
    let m = Module::new("builtins")?;
    m.add_functions(methods![
        print,
        len,
        isinstance,
        issubclass,
        repr,
        hash,
        abs,
        iter,
        next,
        getattr,
        setattr,
        hasattr,
        sum,
        sorted,
        getframe,
        locals,
        all,
        any,
        gettime,
        build_class
    ])?;
    use taipan_object::types as t;
    for ty in [
        &t::object::PyBaseObject_Type,
        &t::type_::PyType_Type,
        &t::int::PyLong_Type,
        &t::float::PyFloat_Type,
        &t::complex::PyComplex_Type,
        &bool_::PyBool_Type,
        &t::str::PyUnicode_Type,
        &t::bytes::PyBytes_Type,
        &t::list::PyList_Type,
        &t::tuple::PyTuple_Type,
        &t::dict::PyDict_Type,
        &t::set::PySet_Type,
        &t::set::PyFrozenSet_Type,
        &t::range::PyRange_Type,
        &t::slice::PySlice_Type,
        &t::enumerate::PyEnum_Type,
        &t::zip::PyZip_Type,
        &t::map_filter::PyMap_Type,
        &t::map_filter::PyFilter_Type,
        &t::reversed::PyReversed_Type,
        &t::super_::PySuper_Type,
        &t::method_wrappers::PyStaticMethod_Type,
        &t::method_wrappers::PyClassMethod_Type,
    ] {
        m.add_type(ty)?;
    }
    for e in exceptions::TYPES {
        m.add(e.short_name(), e.as_object())?;
    }
    if let Ok(g) = exceptions::exception_group_class() {
        m.add("ExceptionGroup", &g)?;
    }
    m.add("None", none::none())?;
    m.add("True", bool_::true_())?;
    m.add("False", bool_::false_())?;
    m.add("NotImplemented", none::not_implemented())?;
    m.add("Ellipsis", none::ellipsis())?;
    m.add("__debug__", bool_::true_())?;
    Ok(m.dict_obj())
}

fn attach() {
    hooks::install(hooks::Hooks {
        unraisable: |e, _, o| eprintln!("Exception ignored in {o:?}: {}", describe(&e)),
        import: |name| Err(taipan_object::raise!(ImportError, "no imports here: {name}")),
        warn: |_, text, _| {
            eprintln!("warning: {text}");
            Ok(())
        },
        current_globals: taipan_vm::frame::current_globals,
        current_builtins: taipan_vm::frame::current_builtins,
        handle_pending: || {
            Thread::current().eval_breaker.fetch_and(!0xff, std::sync::atomic::Ordering::Relaxed);
            Ok(())
        },
        audit: |_, _| Ok(()),
        auditing: || false,
        super_of_frame: taipan_vm::frame::super_of_frame,
    });
    let interp = Interp::new(0);
    interp.gc.init();
    let here = taipan_object::thread::stack_pointer();
    Thread::set_current(Some(Thread::new(interp, (here - (6 << 20), here + 4096))));
    assert!(taipan_object::types::ready_all().is_ok(), "types are ready");
    for t in taipan_vm::types() {
        if let Err(e) = taipan_object::typeobj::ready::ready(t) {
            panic!("{}: {}", t.name_str(), describe(&e.take()));
        }
    }
    match builtins() {
        Ok(b) => interp.builtins.set(Some(b)),
        Err(e) => panic!("builtins: {}", describe(&e.take())),
    }
}

fn describe(e: &Object) -> String {
    match e.repr() {
        Ok(r) => r.display().to_string(),
        Err(inner) => {
            inner.clear();
            format!("{e:?}")
        }
    }
}

fn report(e: Raised) {
    let exc = e.take();
    let mut tb = taipan_vm::support::exception_traceback(&exc);
    eprintln!("Traceback (most recent call last):");
    while let Some(t) = tb {
        let entry: &taipan_vm::traceback::Traceback = t.cast();
        if let Some(f) = entry.frame() {
            eprintln!("  line {:?}, in {}", entry.lineno(), f.code().name());
        }
        tb = t.get_attr_str("tb_next").ok().filter(|n| !n.is_none());
    }
    let text = exc.str().map(|s| s.display().to_string()).unwrap_or_default();
    eprintln!("{}: {text}", exc.ty().name_str());
}

fn main() {
    attach();
    let file = std::env::args().nth(1).expect("a file");
    let data = std::fs::read(file).expect("readable");
    let Ok(code) = taipan_bytecode::marshal::load_code(&data) else { panic!("not a code object") };
    let globals = Dict::new();
    let set = |k: &str, v: &Object| globals.set_str(k, v).map_err(|e| e.clear()).ok();
    set("__name__", &Str::from_utf8("__main__"));
    set("__builtins__", &Thread::current().interp.builtins.get_owned().expect("made above"));
    let _ = Tuple::empty();
    if let Err(e) = taipan_vm::run_code(&code, &globals) {
        report(e);
        std::process::exit(1);
    }
}
