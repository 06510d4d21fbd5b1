//! What the library calls back: functions, aggregates, window functions, collations, and the hooks of a connection.

use crate::connection::Connection;
use crate::errors::{Class, failed, none, raise, text};
use crate::unlocked::{locked, unlocked};
use crate::values::{bytes_at, decode, from_value, optional_text, set_result};
use libsqlite3_sys as ffi;
use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use taipan_object::args::{self, ArgContext, CallArgs, FromArg, KwArgs, Signature, bind_keywords};
use taipan_object::native::{optional, required, signature};
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::{Obj, Object, PyResult, Raised, bail, error, function, hooks, intern, method};

/// A Python object that the library calls. It belongs to the library, or to the connection for its hooks.
pub struct Callable {
    /// The object.
    pub object: Obj,
}

impl Callable {
    fn boxed(o: &Object) -> *mut c_void {
        Box::into_raw(Box::new(Callable { object: o.to_obj() })).cast()
    }
}

/// The library needs a callable no more.
unsafe extern "C" fn drop_callable(p: *mut c_void) {
    // SAFETY: made by `Callable::boxed`, given up by the library.
    locked(|| drop(unsafe { Box::from_raw(p.cast::<Callable>()) }));
}

/// The callable behind the library's pointer.
///
/// # Safety
/// `p` is what `Callable::boxed` gave, or a connection's hook, and alive.
unsafe fn callable<'a>(p: *mut c_void) -> &'a Object {
    // SAFETY: the caller's promise.
    unsafe { &(*p.cast::<Callable>()).object }
}

static TRACEBACKS: AtomicBool = AtomicBool::new(false);

/// Say whether exceptions in functions that the database calls are reported.
#[function(signature = "(enable, /)")]
pub fn enable_callback_tracebacks(enable: bool) {
    TRACEBACKS.store(enable, Ordering::Relaxed);
}

/// An exception that cannot go through the library.
fn report(e: Raised, object: &Object) {
    if TRACEBACKS.load(Ordering::Relaxed) {
        error::unraisable_doing(e, "on sqlite3 callback", object);
    } else {
        e.clear();
    }
}

/// The exception as the result of a function.
unsafe fn fail(context: *mut ffi::sqlite3_context, e: Raised, message: &str, object: &Object) {
    // SAFETY: the running function's context.
    unsafe {
        if e.matches(exceptions::MemoryError) {
            ffi::sqlite3_result_error_nomem(context);
        } else if e.matches(exceptions::OverflowError) {
            ffi::sqlite3_result_error_toobig(context);
        } else {
            ffi::sqlite3_result_error(context, message.as_ptr().cast::<c_char>(), message.len() as c_int);
        }
    }
    report(e, object);
}

unsafe fn arguments(n: c_int, values: *mut *mut ffi::sqlite3_value) -> PyResult<Vec<Obj>> {
    // SAFETY: `n` values, from the library.
    (0..n as usize).map(|i| unsafe { from_value(*values.add(i)) }).collect()
}

fn call(f: &Object, args: &[Obj]) -> PyResult {
    let args: Vec<&Object> = args.iter().map(|o| &**o).collect();
    f.call(&args)
}

unsafe extern "C" fn on_function(context: *mut ffi::sqlite3_context, n: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: called by the library with its own pointers.
    locked(|| unsafe {
        let f = callable(ffi::sqlite3_user_data(context));
        let done = arguments(n, values).and_then(|args| call(f, &args)).and_then(|r| set_result(context, &r));
        if let Err(e) = done {
            fail(context, e, "user-defined function raised exception", f);
        }
    });
}

/// The instance of a running aggregate: made at its first step.
unsafe fn instance(context: *mut ffi::sqlite3_context, make: bool) -> Option<*mut *mut Object> {
    let size = if make { size_of::<*mut Object>() as c_int } else { 0 };
    // SAFETY: the library gives zeroed memory, or null.
    let p = unsafe { ffi::sqlite3_aggregate_context(context, size) }.cast::<*mut Object>();
    (!p.is_null()).then_some(p)
}

/// A method of an aggregate: its absence is told from its failure.
fn method_of(o: &Object, name: &'static Object, context: *mut ffi::sqlite3_context, what: &str) -> Option<Obj> {
    match o.get_attr(name) {
        Ok(f) => Some(f),
        Err(e) => {
            let problem = if e.matches(exceptions::AttributeError) { "not defined" } else { "raised error" };
            let message = format!("user-defined aggregate's '{what}' method {problem}");
            // SAFETY: the running function's context.
            unsafe { fail(context, e, &message, o) };
            None
        }
    }
}

unsafe fn step(
    context: *mut ffi::sqlite3_context,
    n: c_int,
    values: *mut *mut ffi::sqlite3_value,
    name: &'static Object,
    what: &str,
) {
    // SAFETY: called by the library with its own pointers.
    unsafe {
        let class = callable(ffi::sqlite3_user_data(context));
        let Some(place) = instance(context, true) else {
            ffi::sqlite3_result_error_nomem(context);
            return;
        };
        if (*place).is_null() {
            match class.call_noargs() {
                Ok(o) => *place = o.into_raw(),
                Err(e) => {
                    return fail(context, e, "user-defined aggregate's '__init__' method raised error", class);
                }
            }
        }
        let o = &**place;
        let Some(f) = method_of(o, name, context, what) else { return };
        if let Err(e) = arguments(n, values).and_then(|args| call(&f, &args)) {
            fail(context, e, &format!("user-defined aggregate's '{what}' method raised error"), class);
        }
    }
}

unsafe extern "C" fn on_step(context: *mut ffi::sqlite3_context, n: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: as above.
    locked(|| unsafe { step(context, n, values, intern!("step"), "step") });
}

unsafe extern "C" fn on_inverse(context: *mut ffi::sqlite3_context, n: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: as above.
    locked(|| unsafe { step(context, n, values, intern!("inverse"), "inverse") });
}

/// Answers the value of an aggregate, so far or at the end.
unsafe fn value(context: *mut ffi::sqlite3_context, o: &Object, name: &'static Object, what: &str) {
    let Some(f) = method_of(o, name, context, what) else { return };
    // SAFETY: the running function's context.
    unsafe {
        if let Err(e) = f.call_noargs().and_then(|r| set_result(context, &r)) {
            fail(context, e, &format!("user-defined aggregate's '{what}' method raised error"), o);
        }
    }
}

unsafe extern "C" fn on_value(context: *mut ffi::sqlite3_context) {
    // SAFETY: as above.
    locked(|| unsafe {
        if let Some(place) = instance(context, false)
            && !(*place).is_null()
        {
            value(context, &**place, intern!("value"), "value");
        }
    });
}

unsafe extern "C" fn on_finalize(context: *mut ffi::sqlite3_context) {
    // SAFETY: as above; the library asks for this once, and forgets the instance.
    locked(|| unsafe {
        let Some(place) = instance(context, false).filter(|p| !(**p).is_null()) else { return };
        // The query may have failed already: what its error is stays as it is.
        let pending = error::occurred().map(Raised::take);
        let o = Obj::from_raw(*place);
        *place = std::ptr::null_mut();
        value(context, &o, intern!("finalize"), "finalize");
        drop(o);
        if let Some(e) = pending {
            let _ = error::restore(e);
        }
    });
}

unsafe extern "C" fn on_collation(
    p: *mut c_void,
    len1: c_int,
    text1: *const c_void,
    len2: c_int,
    text2: *const c_void,
) -> c_int {
    // SAFETY: called by the library with its own pointers.
    locked(|| unsafe {
        let f = callable(p);
        let compare = || -> PyResult<c_int> {
            if let Some(e) = error::occurred() {
                return Err(e);
            }
            let (a, b) = (decode(bytes_at(text1, len1))?, decode(bytes_at(text2, len2))?);
            let r = f.call(&[&a, &b])?;
            let Some(i) = r.downcast::<Int>() else { bail!(TypeError, "an integer is required") };
            Ok(if i.is_negative() { -1 } else { c_int::from(i.to_i64() != Some(0)) })
        };
        // The exception stays: whoever runs the statement raises it.
        compare().unwrap_or(0)
    })
}

unsafe extern "C" fn on_authorizer(
    p: *mut c_void,
    action: c_int,
    arg1: *const c_char,
    arg2: *const c_char,
    database: *const c_char,
    trigger: *const c_char,
) -> c_int {
    // SAFETY: as above.
    locked(|| unsafe {
        let f = callable(p);
        let ask = || -> PyResult<c_int> {
            let action = Int::from_i64(action.into());
            let [a, b, c, d] = [arg1, arg2, database, trigger].map(|s| optional_text(s));
            let r = f.call(&[&action, &a, &b, &c, &d])?;
            match r.downcast::<Int>().map(Int::to_i64) {
                Some(Some(n)) if i64::from(n as c_int) == n => Ok(n as c_int),
                Some(_) => bail!(OverflowError, "Python int too large to convert to C int"),
                None => Ok(ffi::SQLITE_DENY),
            }
        };
        ask().unwrap_or_else(|e| {
            report(e, f);
            ffi::SQLITE_DENY
        })
    })
}

unsafe extern "C" fn on_progress(p: *mut c_void) -> c_int {
    // SAFETY: as above.
    locked(|| unsafe {
        let f = callable(p);
        match f.call_noargs().and_then(|r| r.is_true()) {
            Ok(stop) => stop.into(),
            Err(e) => {
                report(e, f);
                1
            }
        }
    })
}

unsafe extern "C" fn on_trace(kind: c_uint, p: *mut c_void, stmt: *mut c_void, sql: *mut c_void) -> c_int {
    if kind != ffi::SQLITE_TRACE_STMT {
        return 0;
    }
    // SAFETY: as above.
    locked(|| unsafe {
        let f = callable(p);
        let stmt: *mut ffi::sqlite3_stmt = stmt.cast();
        let expanded = ffi::sqlite3_expanded_sql(stmt);
        let shown = if expanded.is_null() {
            let e = if ffi::sqlite3_errcode(ffi::sqlite3_db_handle(stmt)) == ffi::SQLITE_NOMEM {
                error::no_memory()
            } else {
                raise(Class::Data, "Expanded SQL string exceeds the maximum string length")
            };
            report(e, f);
            text(sql.cast())
        } else {
            let s = text(expanded);
            ffi::sqlite3_free(expanded.cast());
            s
        };
        if let Err(e) = f.call(&[&Str::from_utf8(&shown)]) {
            report(e, f);
        }
    });
    0
}

fn c_string(s: &Str) -> PyResult<CString> {
    match CString::new(s.to_utf8()?) {
        Ok(c) => Ok(c),
        Err(_) => bail!(ValueError, "embedded null character"),
    }
}

fn check_count(c: &Connection, n: c_int, name: &str) -> PyResult<()> {
    // SAFETY: an open connection.
    let max = unsafe { ffi::sqlite3_limit(c.db(), ffi::SQLITE_LIMIT_FUNCTION_ARG, -1) };
    if n < -1 || n > max {
        return Err(raise(Class::Programming, &format!("'{name}' must be between -1 and {max}, not {n}")));
    }
    Ok(())
}

/// Binds arguments of methods that are to take the first `late` of them by position only, and warns of names for those.
fn bind<'a, const N: usize>(
    sig: &'static Signature,
    late: &[&str],
    args: &'a [&'a Object],
    kwargs: KwArgs<'a>,
    f: impl FnOnce([Option<&Object>; N]) -> PyResult<()>,
) -> PyResult<()> {
    if args.len() < late.len() && args.len() + kwargs.len() >= late.len() {
        let quoted: Vec<String> = late.iter().map(|n| format!("'{n}'")).collect();
        let (arguments, parameters, names) = match quoted.split_last() {
            Some((last, rest)) if !rest.is_empty() => {
                ("arguments", "Parameters", format!("{} and {last}", rest.join(", ")))
            }
            _ => ("argument", "Parameter", quoted.concat()),
        };
        let method = sig.name;
        let text = format!(
            "Passing keyword {arguments} {names} to _sqlite3.Connection.{method}() is deprecated. {parameters} {names} \
             will become positional-only in Python 3.15."
        );
        (hooks::get().warn)(exceptions::DeprecationWarning, &text, 1)?;
    }
    let mut all = args.to_vec();
    all.extend_from_slice(kwargs.values());
    let mut out = [None; N];
    bind_keywords(sig, CallArgs::new(&all, args.len(), kwargs.names()), &mut out)?;
    f(out)
}

fn argument<'a, T: FromArg<'a>>(sig: &Signature, i: usize, o: Option<&'a Object>) -> PyResult<T> {
    let Some(o) = o else { return args::absent() };
    T::from_arg(o, &ArgContext { func: sig.name, position: i + 1, name: sig.params[i].name })
}

type Function = unsafe extern "C" fn(*mut ffi::sqlite3_context, c_int, *mut *mut ffi::sqlite3_value);
type Final = unsafe extern "C" fn(*mut ffi::sqlite3_context);

/// The functions that make up one of SQL's.
#[derive(Default, Clone, Copy)]
struct Parts {
    function: Option<Function>,
    step: Option<Function>,
    last: Option<Final>,
    value: Option<Final>,
    inverse: Option<Function>,
}

fn create(c: &Connection, name: &Str, n: c_int, flags: c_int, object: &Object, parts: Parts) -> PyResult<c_int> {
    let name = c_string(name)?;
    let (object, parts) =
        if object.is_none() { (std::ptr::null_mut(), Parts::default()) } else { (Callable::boxed(object), parts) };
    let destroy: Option<unsafe extern "C" fn(*mut c_void)> = if object.is_null() { None } else { Some(drop_callable) };
    let (db, data) = (c.db() as usize, object as usize);
    let flags = flags | ffi::SQLITE_UTF8;
    Ok(unlocked(|| {
        // SAFETY: an open connection; the callable is the library's from here on, even if this fails.
        unsafe {
            let (db, data) = (db as *mut ffi::sqlite3, data as *mut c_void);
            if parts.value.is_some() {
                ffi::sqlite3_create_window_function(
                    db,
                    name.as_ptr(),
                    n,
                    flags,
                    data,
                    parts.step,
                    parts.last,
                    parts.value,
                    parts.inverse,
                    destroy,
                )
            } else {
                ffi::sqlite3_create_function_v2(
                    db,
                    name.as_ptr(),
                    n,
                    flags,
                    data,
                    parts.function,
                    parts.step,
                    parts.last,
                    destroy,
                )
            }
        }
    }))
}

/// Create a function of SQL.
#[method(signature = "(*args, **kwargs)", shown = "(name, narg, func, *, deterministic=False)")]
pub fn create_function(this: &Connection, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<()> {
    static SIG: Signature = Signature {
        name: "create_function",
        params: &[required("name"), required("narg"), required("func"), optional("deterministic")],
        posonly: 0,
        positional: 3,
        varargs: false,
        varkw: false,
    };
    bind(&SIG, &["name", "narg", "func"], args, kwargs, |[name, narg, func, deterministic]| {
        let (name, narg): (&Str, c_int) = (argument(&SIG, 0, name)?, argument(&SIG, 1, narg)?);
        let flags = if deterministic.map_or(Ok(false), |o| o.is_true())? { ffi::SQLITE_DETERMINISTIC } else { 0 };
        this.ready()?;
        check_count(this, narg, "narg")?;
        let parts = Parts { function: Some(on_function), ..Parts::default() };
        match create(this, name, narg, flags, argument(&SIG, 2, func)?, parts)? {
            ffi::SQLITE_OK => Ok(()),
            _ => Err(raise(Class::Operational, "Error creating function")),
        }
    })
}

/// Create an aggregate of SQL.
#[method(signature = "(*args, **kwargs)", shown = "(name, n_arg, aggregate_class)")]
pub fn create_aggregate(this: &Connection, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<()> {
    static SIG: Signature =
        signature("create_aggregate", &[required("name"), required("n_arg"), required("aggregate_class")], 0, 3);
    bind(&SIG, &["name", "n_arg", "aggregate_class"], args, kwargs, |[name, n_arg, class]| {
        let (name, n_arg): (&Str, c_int) = (argument(&SIG, 0, name)?, argument(&SIG, 1, n_arg)?);
        this.ready()?;
        check_count(this, n_arg, "n_arg")?;
        let parts = Parts { step: Some(on_step), last: Some(on_finalize), ..Parts::default() };
        match create(this, name, n_arg, 0, argument(&SIG, 2, class)?, parts)? {
            ffi::SQLITE_OK => Ok(()),
            _ => Err(raise(Class::Operational, "Error creating aggregate")),
        }
    })
}

/// Create an aggregate of SQL that is used over windows too, or remove one with None.
#[method(signature = "(name, num_params, aggregate_class, /)")]
pub fn create_window_function(
    this: &Connection,
    name: &Str,
    num_params: c_int,
    aggregate_class: &Object,
) -> PyResult<()> {
    this.ready()?;
    check_count(this, num_params, "num_params")?;
    let parts = Parts {
        step: Some(on_step),
        last: Some(on_finalize),
        value: Some(on_value),
        inverse: Some(on_inverse),
        function: None,
    };
    match create(this, name, num_params, 0, aggregate_class, parts)? {
        ffi::SQLITE_OK => Ok(()),
        // The library has no text for this.
        _ => Err(raise(Class::Programming, &library_text(this))),
    }
}

fn library_text(c: &Connection) -> String {
    // SAFETY: an open connection.
    unsafe { text(ffi::sqlite3_errmsg(c.db())) }
}

/// Create a collation, or remove one with None.
#[method(signature = "(name, callback, /)")]
pub fn create_collation(this: &Connection, name: &Str, callback: &Object) -> PyResult<()> {
    this.ready()?;
    let name = c_string(name)?;
    if !callback.is_none() && !callback.is_callable() {
        bail!(TypeError, "parameter must be callable");
    }
    let data = if callback.is_none() { std::ptr::null_mut() } else { Callable::boxed(callback) };
    let (db, word) = (this.db() as usize, data as usize);
    let rc = unlocked(|| {
        let wanted = word != 0;
        // SAFETY: an open connection.
        unsafe {
            ffi::sqlite3_create_collation_v2(
                db as *mut ffi::sqlite3,
                name.as_ptr(),
                ffi::SQLITE_UTF8,
                word as *mut c_void,
                if wanted { Some(on_collation) } else { None },
                if wanted { Some(drop_callable) } else { None },
            )
        }
    });
    if rc != ffi::SQLITE_OK {
        if !data.is_null() {
            // SAFETY: unlike the other calls this one leaves the callable to the caller when it fails.
            unsafe { drop_callable(data) };
        }
        return Err(failed(this.db()));
    }
    Ok(())
}

/// Which hook of a connection.
#[derive(Clone, Copy)]
enum Hook {
    Authorizer,
    Progress,
    Trace,
}

/// Puts a callable in a hook's place; answers what the library is to be given. The former one must not be called any more.
fn hook(c: &Connection, which: Hook, f: &Object) -> *mut c_void {
    if f.is_none() {
        c.hooks[which as usize].set(None);
        return std::ptr::null_mut();
    }
    let boxed = Box::new(Callable { object: f.to_obj() });
    let p = (&raw const *boxed).cast_mut().cast::<c_void>();
    c.hooks[which as usize].set(Some(boxed));
    p
}

/// Set what is asked before something is read or changed.
#[method(signature = "(*args, **kwargs)", shown = "(authorizer_callback)")]
pub fn set_authorizer(this: &Connection, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<()> {
    static SIG: Signature = signature("set_authorizer", &[required("authorizer_callback")], 0, 1);
    bind(&SIG, &["authorizer_callback"], args, kwargs, |[authorizer_callback]| {
        let authorizer_callback: &Object = argument(&SIG, 0, authorizer_callback)?;
        this.ready()?;
        let former = this.hooks[Hook::Authorizer as usize].take();
        let p = hook(this, Hook::Authorizer, authorizer_callback);
        // SAFETY: an open connection; the callable lives as long as it is the hook.
        let rc =
            unsafe { ffi::sqlite3_set_authorizer(this.db(), if p.is_null() { None } else { Some(on_authorizer) }, p) };
        drop(former);
        if rc != ffi::SQLITE_OK {
            hook(this, Hook::Authorizer, &none());
            return Err(raise(Class::Operational, "Error setting authorizer callback"));
        }
        Ok(())
    })
}

/// Set what is called after every n instructions of the database's machine: a true answer stops the query.
#[method(signature = "(*args, **kwargs)", shown = "(progress_handler, n)")]
pub fn set_progress_handler(this: &Connection, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<()> {
    static SIG: Signature = signature("set_progress_handler", &[required("progress_handler"), required("n")], 0, 2);
    bind(&SIG, &["progress_handler"], args, kwargs, |[progress_handler, n]| {
        let progress_handler: &Object = argument(&SIG, 0, progress_handler)?;
        let n: c_int = argument(&SIG, 1, n)?;
        this.ready()?;
        let former = this.hooks[Hook::Progress as usize].take();
        let p = hook(this, Hook::Progress, progress_handler);
        // SAFETY: as above.
        unsafe {
            ffi::sqlite3_progress_handler(this.db(), n, if p.is_null() { None } else { Some(on_progress) }, p);
        }
        drop(former);
        Ok(())
    })
}

/// Set what is called with each statement that is run.
#[method(signature = "(*args, **kwargs)", shown = "(trace_callback)")]
pub fn set_trace_callback(this: &Connection, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<()> {
    static SIG: Signature = signature("set_trace_callback", &[required("trace_callback")], 0, 1);
    bind(&SIG, &["trace_callback"], args, kwargs, |[trace_callback]| {
        let trace_callback: &Object = argument(&SIG, 0, trace_callback)?;
        this.ready()?;
        let former = this.hooks[Hook::Trace as usize].take();
        let p = hook(this, Hook::Trace, trace_callback);
        // SAFETY: as above.
        unsafe {
            let on = !p.is_null();
            let mask = if on { ffi::SQLITE_TRACE_STMT } else { 0 };
            ffi::sqlite3_trace_v2(this.db(), mask, if on { Some(on_trace) } else { None }, p);
        }
        drop(former);
        Ok(())
    })
}
