//! Exceptions raised by natives, and shown as the interpreter shows them.

use std::ffi::c_int;
use taipan_object::error::{raise_arg, raise_instance, status};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::{self, BaseException};
use taipan_object::types::module::Module;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::type_::PyType_Type;
use taipan_object::{Layout, Obj, Object, PyResult, Ref, Type, TypeDef, bail, flags, function, intern};

/// Show an exception as if nobody had caught it.
#[function(signature = "(exc, legacy=False, /)")]
pub fn exception_print(exc: &Object, legacy: bool) -> PyResult<()> {
    let _ = legacy;
    taipan_vm::report::print_exception(exc)
}

/// Write a traceback to a file, in the plain form.
#[function(signature = "(traceback, file, /)")]
pub fn traceback_print(traceback: &Object, file: &Object) -> PyResult<()> {
    if traceback.downcast::<taipan_vm::traceback::Traceback>().is_none() {
        bail!(SystemError, "bad argument to internal function: a traceback is expected");
    }
    let text = Str::from_utf8(&taipan_vm::report::traceback_text(traceback));
    file.call_method(intern!("write"), &[&text]).map(drop)
}

/// Raise an exception of a class, with a tuple of numbers as arguments.
#[function(signature = "(exception, num_args, /)")]
pub fn raise_exception(exception: &Object, num_args: i32) -> PyResult {
    let args = (0..num_args.max(0)).map(|i| taipan_object::types::int::Int::from_i64(i as i64).into_obj());
    let args = Tuple::from_vec(args.collect());
    let class = exception.downcast::<Type>().filter(|t| t.is_subtype(BaseException::type_object()));
    let Some(_) = class else {
        bail!(SystemError, "exception {} not a BaseException subclass", exception.repr()?.display())
    };
    let exc = exception.call_tuple(&args, None)?;
    if exc.downcast::<BaseException>().is_none() {
        bail!(
            TypeError,
            "calling {} should have returned an instance of BaseException, not {}",
            exception.repr()?.display(),
            exc.ty().name_str()
        );
    }
    Err(raise_instance(exc))
}

/// Raise `MemoryError`, as an allocation that failed does.
#[function(signature = "()")]
pub fn raise_memoryerror() -> PyResult {
    Err(taipan_object::error::no_memory())
}

/// Make an exception class.
#[function(signature = "(name, doc=None, base=None, dict=None)")]
pub fn make_exception_with_doc(
    name: &Str,
    doc: Option<&Str>,
    base: Option<&Object>,
    dict: Option<&Object>,
) -> PyResult {
    let full = name.to_utf8()?;
    let Some((module, short)) = full.rsplit_once('.') else {
        bail!(SystemError, "PyErr_NewException: name must be module.class");
    };
    let namespace = match dict.map(Object::downcast::<Dict>) {
        Some(Some(d)) => Ref::from_borrowed(d),
        Some(None) => bail!(TypeError, "dict must be a dict"),
        None => Dict::new(),
    };
    if let Some(d) = doc {
        namespace.set_item(intern!("__doc__"), d)?;
    }
    if namespace.get_item(intern!("__module__"))?.is_none() {
        namespace.set_item(intern!("__module__"), &Str::from_utf8(module))?;
    }
    let bases = match base {
        Some(b) if b.downcast::<Tuple>().is_some() => b.to_obj(),
        Some(b) => Tuple::new(&[b]).into_obj(),
        None => Tuple::new(&[exceptions::Exception.as_object()]).into_obj(),
    };
    PyType_Type.as_object().call(&[&Str::from_utf8(short), &bases, &namespace])
}

fn given(exc: &Object) -> PyResult<taipan_object::Raised> {
    match exc.downcast::<BaseException>() {
        Some(_) => Ok(raise_instance(exc.to_obj())),
        None => bail!(TypeError, "an exception is expected, not {}", exc.ty().name_str()),
    }
}

/// Report an exception that cannot be raised.
#[function(signature = "(exc, obj, /)")]
pub fn err_writeunraisable(exc: &Object, obj: Option<&Object>) -> PyResult<()> {
    taipan_object::error::unraisable(given(exc)?, obj);
    Ok(())
}

/// The same with a text, in which `%R` and `%S` stand for the objects.
#[function(signature = "(exc, format, /, *args)")]
pub fn err_formatunraisable(exc: &Object, format: Option<&Object>, args: &[&Object]) -> PyResult<()> {
    let Some(format) = format else {
        taipan_object::error::unraisable(given(exc)?, None);
        return Ok(());
    };
    let format = match (format.downcast::<Str>(), format.downcast::<Bytes>()) {
        (Some(s), _) => s.to_utf8()?.to_owned(),
        (_, Some(b)) => String::from_utf8_lossy(b.as_slice()).into_owned(),
        _ => bail!(TypeError, "format must be str or bytes"),
    };
    let mut text = String::new();
    let mut args = args.iter();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match (rest.next(), args.next()) {
            (Some('R'), Some(o)) => text.push_str(&o.repr()?.to_utf8_lossy()),
            (Some('S'), Some(o)) => text.push_str(&o.str()?.to_utf8_lossy()),
            _ => bail!(SystemError, "invalid format string: {format}"),
        }
    }
    taipan_object::error::unraisable_message(given(exc)?, &text);
    Ok(())
}

/// An exception whose making raises the same exception, and so on.
static RECURSING_TYPE: Type = Type::with_flags(
    TypeDef { name: c"RecursingInfinitelyError", flags: flags::HAVE_GC, init: Some(recursing_init), ..TypeDef::EMPTY },
    0,
);

extern "C" fn recursing_init(o: &Object, _: &Object, _: Option<&Object>) -> c_int {
    status((|| {
        taipan_object::thread::check_recursion(" while calling a Python object")?;
        let inner: Obj = o.ty().as_object().call_noargs()?;
        Err(raise_arg(o.ty(), inner))
    })())
}

/// Adds what this file defines.
pub fn add(m: &Module) -> PyResult<()> {
    let base = exceptions::Exception;
    RECURSING_TYPE.base.set(base);
    RECURSING_TYPE.basicsize.set(base.basicsize.get());
    m.add_type(&RECURSING_TYPE)?;
    taipan_object::native::add_exception(m, "_testcapi.error", base)?;
    Ok(())
}
