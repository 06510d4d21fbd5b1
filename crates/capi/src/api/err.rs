//! Exceptions: raising, fetching, matching.

use crate::prelude::*;
use taipan_object::types::exceptions::{BaseException, given_matches, make};

/// Raises `ty(message)` with `cause` as its cause and context.
pub fn raise_from(ty: &Type, message: &str, cause: Obj) {
    let e = error::raise_fmt(ty, format_args!("{message}"));
    let exc = e.take();
    if let Some(b) = exc.downcast::<BaseException>() {
        b.context.set(Some(cause.clone()));
        b.set_cause(Some(cause));
    }
    let _ = error::restore(exc);
}

/// Raises what a type (or class object) and a value say, as `PyErr_SetObject`.
fn set_object(ty: &Object, value: Null<'_>) {
    let Some(t) = ty.downcast::<Type>().filter(|t| t.has_flag(flags::BASE_EXC_SUBCLASS)) else {
        let _ = raise!(
            SystemError,
            "_PyErr_SetObject: exception {} is not a BaseException subclass",
            ty.repr().map_or_else(
                |e| {
                    e.clear();
                    String::new()
                },
                |s| s.to_utf8_lossy().into_owned()
            )
        );
        return;
    };
    let _ = error::raise_arg(t, value.map_or_else(none::none_obj, Object::to_obj));
}

fn base(o: &Object) -> Option<&BaseException> {
    o.downcast()
}

fn traceback_of(exc: &Object) -> Option<Obj> {
    base(exc).and_then(|b| b.traceback.get_owned())
}

fn from_errno(ty: &Object, path: Null<'_>, path2: Null<'_>) {
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    let text = Str::from_utf8(&taipan_object::types::exceptions::strerror(errno));
    let n = Int::from_i64(errno as i64);
    let args = match (path, path2) {
        (None, _) => Tuple::new(&[&n, &text]),
        (Some(p), None) => Tuple::new(&[&n, &text, p]),
        (Some(p), Some(q)) => Tuple::new(&[&n, &text, p, Int::from_i64(0).as_obj(), q]),
    };
    if let Ok(exc) = ty.call_tuple(&args, None) {
        let _ = error::raise_instance(exc);
    }
}

fn new_exception(name: Text, doc: Text, bases: Null<'_>, dict: Null<'_>) -> PyResult {
    let full = name.text();
    let Some((module, short)) = full.rsplit_once('.') else {
        bail!(SystemError, "PyErr_NewException: name must be module.class");
    };
    let dict = match dict {
        Some(d) => Ref::from_borrowed(typed::<Dict>(d)?),
        None => Dict::new(),
    };
    if !doc.is_null() {
        dict.set_item(intern!("__doc__"), &*doc.obj()?)?;
    }
    if dict.get_item(intern!("__module__"))?.is_none() {
        dict.set_item(intern!("__module__"), &Str::from_utf8(module))?;
    }
    let bases = match bases {
        Some(b) if b.downcast::<Tuple>().is_some() => b.to_obj(),
        Some(b) => Tuple::new(&[b]).into_obj(),
        None => Tuple::new(&[exceptions::Exception.as_object()]).into_obj(),
    };
    taipan_object::types::type_::PyType_Type.as_object().call(&[&Str::from_utf8(short), &bases, &dict])
}

exports! {
    fn PyErr_SetString(ty: &Object, message: Text) {
        match message.obj() {
            Ok(m) => set_object(ty, Some(&m)),
            Err(e) => e.clear(),
        }
    }
    fn PyErr_SetObject(ty: &Object, value: Null<'_>) { set_object(ty, value) }
    fn PyErr_SetNone(ty: &Object) { set_object(ty, None) }
    fn PyErr_NoMemory() -> Option<Obj> {
        let _ = error::no_memory();
        None
    }
    fn PyErr_BadArgument() -> c_int {
        let _ = raise!(TypeError, "bad argument type for built-in operation");
        0
    }
    fn PyErr_BadInternalCall() {
        let _ = bad_call();
    }
    fn _PyErr_BadInternalCall(file: Text, line: c_int) {
        let _ = raise!(SystemError, "{}:{}: bad argument to internal function", file.text(), line);
    }
    fn PyErr_Occurred() -> Null<'static> {
        Thread::try_current()?.current_exception.get().map(|e| {
            // SAFETY: borrowed from the exception, which the thread state keeps.
            unsafe { &*(e.ty().as_object() as *const Object) }
        })
    }
    fn PyErr_Clear() { error::clear() }
    fn PyErr_ExceptionMatches(pattern: &Object) -> c_int {
        Thread::current().current_exception.get_owned().is_some_and(|e| given_matches(&e, pattern)) as c_int
    }
    fn PyErr_GivenExceptionMatches(exc: Null<'_>, pattern: Null<'_>) -> c_int {
        match (exc, pattern) {
            (Some(e), Some(p)) => given_matches(e, p) as c_int,
            _ => 0,
        }
    }
    fn PyErr_GetRaisedException() -> Option<Obj> { Thread::current().current_exception.take() }
    fn PyErr_SetRaisedException(exc: Option<Obj>) { Thread::current().current_exception.set(exc) }
    fn PyErr_Fetch(ty: Out<Option<Obj>>, value: Out<Option<Obj>>, tb: Out<Option<Obj>>) {
        let exc = Thread::current().current_exception.take();
        ty.put(exc.as_ref().map(|e| e.ty().to_obj()));
        tb.put(exc.as_ref().and_then(|e| traceback_of(e)));
        value.put(exc);
    }
    fn PyErr_Restore(ty: Option<Obj>, value: Option<Obj>, tb: Option<Obj>) {
        let Some(ty) = ty else {
            error::clear();
            return;
        };
        let exc = match value {
            Some(v) if base(&v).is_some() => v,
            v => match ty.downcast::<Type>().ok_or_else(bad_call).and_then(|t| make(t, v.unwrap_or_else(none::none_obj))) {
                Ok(e) => e,
                Err(_) => return,
            },
        };
        if let Some(b) = base(&exc) {
            b.traceback.set(tb.filter(|t| !t.is_none()));
        }
        Thread::current().current_exception.set(Some(exc));
    }
    fn PyErr_NormalizeException(ty: Out<Option<Obj>>, value: Out<Option<Obj>>, tb: Out<Option<Obj>>) {
        let Some(t) = ty.read() else {
            return;
        };
        let v = value.read();
        let tb_value = tb.read();
        let exc = match v {
            Some(v) if base(&v).is_some() => Ok(v),
            v => t.downcast::<Type>().ok_or_else(bad_call).and_then(|t| make(t, v.unwrap_or_else(none::none_obj))),
        };
        let exc = exc.unwrap_or_else(Raised::take);
        ty.put(Some(exc.ty().to_obj()));
        value.put(Some(exc));
        tb.put(tb_value);
    }
    fn PyErr_GetHandledException() -> Option<Obj> { Thread::current().handled_exception().map(Object::to_obj) }
    fn PyErr_SetHandledException(exc: Null<'_>) {
        // SAFETY: the innermost level is alive while it is linked.
        let level = unsafe { &*Thread::current().exc_info.get() };
        level.exc_value.set(exc.filter(|e| !e.is_none()).map(Object::to_obj));
    }
    fn PyErr_GetExcInfo(ty: Out<Option<Obj>>, value: Out<Option<Obj>>, tb: Out<Option<Obj>>) {
        let exc = Thread::current().handled_exception().map(Object::to_obj);
        ty.put(Some(exc.as_ref().map_or_else(none::none_obj, |e| e.ty().to_obj())));
        tb.put(Some(exc.as_ref().and_then(|e| traceback_of(e)).unwrap_or_else(none::none_obj)));
        value.put(Some(exc.unwrap_or_else(none::none_obj)));
    }
    fn PyErr_SetExcInfo(_ty: Option<Obj>, value: Option<Obj>, _tb: Option<Obj>) { PyErr_SetHandledException(value.as_deref()) }
    fn PyErr_SetFromErrno(ty: &Object) -> Option<Obj> {
        from_errno(ty, None, None);
        None
    }
    fn PyErr_SetFromErrnoWithFilenameObject(ty: &Object, path: Null<'_>) -> Option<Obj> {
        from_errno(ty, path, None);
        None
    }
    fn PyErr_SetFromErrnoWithFilenameObjects(ty: &Object, path: Null<'_>, path2: Null<'_>) -> Option<Obj> {
        from_errno(ty, path, path2);
        None
    }
    fn PyErr_SetFromErrnoWithFilename(ty: &Object, path: Text) -> Option<Obj> {
        let p = if path.is_null() { None } else { Some(taipan_object::codecs::text::fs_decode(path.bytes())) };
        from_errno(ty, p.as_deref().map(|s| s.as_object()), None);
        None
    }
    fn PyErr_SetImportError(message: Null<'_>, name: Null<'_>, path: Null<'_>) -> Option<Obj> {
        let text = message.and_then(|m| m.downcast::<Str>()).map_or_else(String::new, |s| s.to_utf8_lossy().into_owned());
        let _ = taipan_object::types::exceptions::import_error(exceptions::ImportError, &text, name, path, None);
        None
    }
    fn _PyErr_SetKeyError(key: &Object) {
        let _ = taipan_object::types::dict::key_error(key);
    }
    fn _PyErr_ChainExceptions1(exc: Option<Obj>) {
        let Some(exc) = exc else { return };
        match occurred() {
            Some(e) => {
                let new = e.take();
                if let Some(b) = base(&new) {
                    b.context.set(Some(exc));
                }
                let _ = error::restore(new);
            }
            None => {
                let _ = error::restore(exc);
            }
        }
    }
    fn PyErr_WriteUnraisable(o: Null<'_>) {
        if let Some(e) = occurred() {
            error::unraisable(e, o);
        }
    }
    fn PyErr_Print() { print(true) }
    fn PyErr_PrintEx(set_last: c_int) { print(set_last != 0) }
    fn PyErr_DisplayException(exc: &Object) {
        if let Err(e) = taipan_vm::report::print_exception(exc) {
            e.clear();
        }
    }
    fn PyErr_CheckSignals() -> c_int { status((taipan_object::hooks::get().handle_pending)()) }
    fn PyErr_NewException(name: Text, bases: Null<'_>, dict: Null<'_>) -> PyResult { new_exception(name, Text(std::ptr::null()), bases, dict) }
    fn PyErr_NewExceptionWithDoc(name: Text, doc: Text, bases: Null<'_>, dict: Null<'_>) -> PyResult { new_exception(name, doc, bases, dict) }
    fn PyException_GetTraceback(exc: &Object) -> Option<Obj> { traceback_of(exc) }
    fn PyException_SetTraceback(exc: &Object, tb: Null<'_>) -> c_int {
        let Some(b) = base(exc) else { return -1 };
        b.traceback.set(tb.filter(|t| !t.is_none()).map(Object::to_obj));
        0
    }
    fn PyException_GetCause(exc: &Object) -> Option<Obj> { base(exc)?.cause.get_owned() }
    fn PyException_SetCause(exc: &Object, cause: Option<Obj>) {
        if let Some(b) = base(exc) {
            b.set_cause(cause);
        }
    }
    fn PyException_GetContext(exc: &Object) -> Option<Obj> { base(exc)?.context.get_owned() }
    fn PyException_SetContext(exc: &Object, context: Option<Obj>) {
        if let Some(b) = base(exc) {
            b.context.set(context);
        }
    }
    fn PyException_GetArgs(exc: &Object) -> Option<Obj> { Some(base(exc)?.args_tuple().into_obj()) }
    fn PyException_SetArgs(exc: &Object, args: &Object) {
        if let Some(b) = base(exc) {
            b.args.set(Some(args.to_obj()));
        }
    }
    fn PyExceptionClass_Name(ty: &Object) -> *const c_char { ty.cast::<Type>().name.get() }
    fn PyUnicodeDecodeError_Create(encoding: Text, p: *const u8, n: isize, start: isize, end: isize, reason: Text) -> PyResult {
        let data = taipan_object::types::bytes::Bytes::new(slice(p, n));
        exceptions::UnicodeDecodeError.as_object().call(&[&*encoding.obj()?, &data, &Int::from_isize(start), &Int::from_isize(end), &*reason.obj()?])
    }
    fn _Py_FatalErrorFunc(function: Text, message: Text) { fatal(&function.text(), &message.text()) }
    fn Py_FatalError(message: Text) { fatal("?", &message.text()) }
    fn taipan_capi_raise_from(ty: &Object, message: &Object) {
        let text = message.str().map_or_else(|e| { e.clear(); String::new() }, |s| s.to_utf8_lossy().into_owned());
        match occurred() {
            Some(e) => raise_from(ty.cast(), &text, e.take()),
            None => set_object(ty, Some(message)),
        }
    }
}

fn fatal(function: &str, message: &str) {
    eprintln!("Fatal Python error: {function}: {message}");
    std::process::abort()
}

/// Prints the current exception through `sys.excepthook`.
fn print(set_last: bool) {
    let Some(e) = occurred() else { return };
    let exc = e.take();
    if set_last {
        for (name, v) in [
            ("last_exc", Some(exc.clone())),
            ("last_type", Some(exc.ty().to_obj())),
            ("last_value", Some(exc.clone())),
            ("last_traceback", traceback_of(&exc)),
        ] {
            if let Err(e) = taipan_vm::sys::set(name, &v.unwrap_or_else(none::none_obj)) {
                e.clear();
            }
        }
    }
    let tb = traceback_of(&exc).unwrap_or_else(none::none_obj);
    let r = match taipan_vm::sys::get("excepthook") {
        Ok(Some(hook)) => hook.call(&[exc.ty().as_object(), &exc, &tb]).map(drop),
        Ok(None) => taipan_vm::report::print_exception(&exc),
        Err(e) => Err(e),
    };
    if let Err(e) = r {
        e.clear();
    }
}
