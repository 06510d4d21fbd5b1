//! Settings and state of the interpreter.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use taipan_object::args::Given;
use taipan_object::gil::SWITCH_INTERVAL;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::bool_;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::Module;
use taipan_object::types::str::{Str, intern as strings};
use taipan_object::{Interp, PyResult, Thread, bail, flags, function, intern as lit};

/// Set when the interpreter has begun to shut down.
pub static FINALIZING: AtomicBool = AtomicBool::new(false);
static DLOPEN_FLAGS: AtomicI32 = AtomicI32::new(libc_rtld_now());

const fn libc_rtld_now() -> i32 {
    2
}

/// Adds the attributes that programs change.
pub fn add(m: &Module) -> PyResult<()> {
    m.add("modules", &*crate::import::modules()?)?;
    for name in ["path", "meta_path", "path_hooks", "argv", "orig_argv", "warnoptions"] {
        m.add(name, List::new().as_obj())?;
    }
    m.add("path_importer_cache", Dict::new().as_obj())?;
    m.add("_xoptions", Dict::new().as_obj())?;
    m.add("dont_write_bytecode", bool_::false_())?;
    m.add("pycache_prefix", taipan_object::types::none::none())?;
    for name in ["prefix", "exec_prefix", "base_prefix", "base_exec_prefix", "executable", "_base_executable", "_home"]
    {
        m.add_str(name, "")?;
    }
    m.add("_stdlib_dir", taipan_object::types::none::none())
}

/// Exit by raising SystemExit. The status is None for success, an integer, or an object that is printed.
#[function(signature = "(status=None, /)")]
pub fn exit(status: Given<&Object>) -> PyResult {
    let arg = status.0.map_or_else(taipan_object::types::none::none_obj, Object::to_obj);
    Err(taipan_object::error::raise_arg(exceptions::SystemExit, arg))
}

/// Return the default encoding, utf-8.
#[function(signature = "()")]
pub fn getdefaultencoding() -> &'static str {
    "utf-8"
}

/// Return the encoding of file names.
#[function(signature = "()")]
pub fn getfilesystemencoding() -> &'static str {
    taipan_object::codecs::text::fs_encoding()
}

/// Return the error handler for file names.
#[function(signature = "()")]
pub fn getfilesystemencodeerrors() -> &'static str {
    "surrogateescape"
}

/// Return the reference count of an object, with that of this call.
#[function(signature = "(object, /)")]
pub fn getrefcount(object: &Object) -> u32 {
    object.refcnt()
}

/// Return the size of an object in bytes; with a default, that is returned for objects that do not tell.
#[function(signature = "(object, default=None)", text = false)]
pub fn getsizeof(object: &Object, default: Given<&Object>) -> PyResult {
    match size_of_object(object) {
        Ok(n) => Ok(Int::from_u64(n as u64).into_obj()),
        Err(e) => match default.0 {
            Some(d) => e.recover(exceptions::TypeError, d.to_obj()),
            None => Err(e),
        },
    }
}

fn size_of_object(o: &Object) -> PyResult<usize> {
    let Some(f) = o.lookup_special(lit!("__sizeof__"))? else {
        bail!(TypeError, "Type {} doesn't define __sizeof__", o.ty().name_str());
    };
    let n = f.call_noargs()?.index_as_isize(Some(exceptions::OverflowError))?;
    if n < 0 {
        bail!(ValueError, "__sizeof__() should return >= 0");
    }
    // What lies before the object counts too.
    let ty = o.ty();
    let gc = ty.has_flag(flags::HAVE_GC) && ty.is_gc.get().is_none_or(|f| f(o) != 0);
    let pre = if gc { 16 } else { 0 } + if ty.flags.get() & flags::PREHEADER != 0 { 16 } else { 0 };
    Ok(n as usize + pre)
}

/// Return the limit on the depth of Python calls.
#[function(signature = "()")]
pub fn getrecursionlimit() -> i32 {
    Interp::current().recursion_limit.get()
}

/// Set the limit on the depth of Python calls.
#[function(signature = "(limit, /)")]
pub fn setrecursionlimit(limit: std::ffi::c_int) -> PyResult<()> {
    if limit < 1 {
        bail!(ValueError, "recursion limit must be greater or equal than 1");
    }
    let ts = Thread::current();
    let depth = ts.py_recursion_limit.get() - ts.py_recursion_remaining.get();
    if depth >= limit {
        bail!(
            RecursionError,
            "cannot set the recursion limit to {limit} at the recursion depth {depth}: the limit is too low"
        );
    }
    let interp = Interp::current();
    interp.recursion_limit.set(limit);
    let mut t = interp.threads.get();
    // SAFETY: linked thread states are alive, and the interpreter lock is held.
    while let Some(s) = unsafe { t.as_ref() } {
        let used = s.py_recursion_limit.get() - s.py_recursion_remaining.get();
        s.py_recursion_limit.set(limit);
        s.py_recursion_remaining.set(limit - used);
        t = s.next.get();
    }
    Ok(())
}

/// Return how long a thread may run before others that wait get their turn, in seconds.
#[function(signature = "()")]
pub fn getswitchinterval() -> f64 {
    SWITCH_INTERVAL.load(Ordering::Relaxed) as f64 * 1e-6
}

/// Set how long a thread may run before others that wait get their turn, in seconds.
#[function(signature = "(interval, /)")]
pub fn setswitchinterval(interval: f64) -> PyResult<()> {
    if interval <= 0.0 {
        bail!(ValueError, "switch interval must be strictly positive");
    }
    SWITCH_INTERVAL.store((interval * 1e6).max(1.0) as u64, Ordering::Relaxed);
    Ok(())
}

/// Return the number of memory blocks in use. The allocator does not count them, so this is 0.
#[function(signature = "()")]
pub fn getallocatedblocks() -> usize {
    0
}

/// Return the number of interned strings.
#[function(signature = "(*, _only_immortal=False)")]
pub fn getunicodeinternedsize(_only_immortal: bool) -> usize {
    Interp::current().interned.len()
}

/// Return the flags with which extension modules are loaded.
#[function(signature = "()")]
pub fn getdlopenflags() -> i32 {
    DLOPEN_FLAGS.load(Ordering::Relaxed)
}

/// Set the flags with which extension modules are loaded.
#[function(signature = "(flags, /)")]
pub fn setdlopenflags(flags: std::ffi::c_int) {
    DLOPEN_FLAGS.store(flags, Ordering::Relaxed);
}

/// Intern a string: equal interned strings are one object, which makes dict look-ups fast.
#[function(signature = "(string, /)")]
pub fn intern(string: &Object) -> PyResult {
    match string.downcast_exact::<Str>() {
        Some(s) => Ok(strings::intern(Ref::from_borrowed(s)).into_obj()),
        None if string.downcast::<Str>().is_some() => bail!(TypeError, "can't intern {}", string.ty().name_str()),
        None => bail!(TypeError, "intern() argument must be str, not {}", string.ty().name_str()),
    }
}

/// Return whether a string is interned.
#[function(signature = "(string, /)")]
pub fn _is_interned(string: &Str) -> bool {
    string.is_interned()
}

/// Return whether an object is exempt from reference counting.
#[function(signature = "(op, /)")]
pub fn _is_immortal(op: &Object) -> bool {
    op.is_immortal()
}

/// Return whether there is an interpreter lock.
#[function(signature = "()")]
pub fn _is_gil_enabled() -> bool {
    true
}

/// Return whether the interpreter is shutting down.
#[function(signature = "()")]
pub fn is_finalizing() -> bool {
    FINALIZING.load(Ordering::Relaxed)
}

/// Return the limit on the digits of integers in text; 0 is none.
#[function(signature = "()")]
pub fn get_int_max_str_digits() -> i32 {
    Interp::current().int_max_str_digits.get()
}

/// Set the limit on the digits of integers in text; 0 is none.
#[function(signature = "(maxdigits)")]
pub fn set_int_max_str_digits(maxdigits: std::ffi::c_int) -> PyResult<()> {
    if maxdigits != 0 && maxdigits < 640 {
        bail!(ValueError, "maxdigits must be >= 640 or 0 for unlimited");
    }
    Interp::current().int_max_str_digits.set(maxdigits);
    Ok(())
}

/// Forget what is cached of types' attributes.
#[function(signature = "()")]
pub fn _clear_type_cache() -> PyResult<()> {
    let text = "sys._clear_type_cache() is deprecated and may be removed in a future version of Python. \
                Use sys._clear_internal_caches() instead.";
    (taipan_object::hooks::get().warn)(exceptions::DeprecationWarning, text, 1)?;
    Interp::current().type_cache.clear();
    Ok(())
}

/// Remove the descriptors of __dict__ and __weakref__ from a class that another one replaces.
#[function(signature = "(type, /)")]
pub fn _clear_type_descriptors(r#type: &taipan_object::Type) -> PyResult<()> {
    let ty = r#type;
    if ty.has_flag(flags::IMMUTABLETYPE) {
        bail!(TypeError, "argument is immutable");
    }
    if let Some(d) = ty.dict.get_owned() {
        let d: &Dict = d.cast();
        d.pop_opt(lit!("__dict__"))?;
        d.pop_opt(lit!("__weakref__"))?;
    }
    ty.modified();
    Ok(())
}

/// Forget internal caches.
#[function(signature = "()")]
pub fn _clear_internal_caches() {
    Interp::current().type_cache.clear();
}

/// Return the number of CPUs set by the command line; -1 is the machine's.
#[function(signature = "()")]
pub fn _get_cpu_count_config() -> i32 {
    Interp::current().config.cpu_count.get().unwrap_or(-1)
}

/// Return whether a profiling trampoline is active; there is none.
#[function(signature = "()")]
pub fn is_stack_trampoline_active() -> bool {
    false
}

/// Return whether other processes can attach a debugger; they cannot.
#[function(signature = "()")]
pub fn is_remote_debug_enabled() -> bool {
    false
}

/// A list of texts, for `argv` and its like.
pub fn string_list(items: &[String]) -> Obj {
    List::from_vec(items.iter().map(|s| Str::from_utf8(s).into_obj()).collect()).into_obj()
}
