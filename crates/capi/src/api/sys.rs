//! `sys`, the interpreter as a whole, and small helpers of the platform.

use crate::prelude::*;

/// `PyMutex`.
#[repr(C)]
pub struct Mutex(std::sync::atomic::AtomicU8);

/// The interpreter's version as a number.
#[unsafe(no_mangle)]
pub static Py_Version: c_ulong = 0x030e_08f0;

/// `Py_FileSystemDefaultEncoding`.
#[repr(transparent)]
pub struct StaticText(*const c_char);
// SAFETY: a static string.
unsafe impl Sync for StaticText {}
/// The encoding of file names.
#[unsafe(no_mangle)]
pub static Py_FileSystemDefaultEncoding: StaticText = StaticText(c"utf-8".as_ptr());

exports! {
    fn PySys_GetObject(name: Text) -> Null<'static> {
        match taipan_vm::sys::get(&name.text()) {
            // SAFETY: borrowed from the dict of `sys`, which keeps it.
            Ok(v) => v.map(|o| unsafe { &*o.as_ptr() }),
            Err(e) => {
                e.clear();
                None
            }
        }
    }
    fn PySys_SetObject(name: Text, v: Null<'_>) -> c_int {
        status(match v {
            Some(v) => taipan_vm::sys::set(&name.text(), v),
            None => match taipan_object::Interp::current().sysdict.get_owned() {
                Some(d) => name.name().and_then(|n| d.cast::<Dict>().pop_opt(&n)).map(drop),
                None => Ok(()),
            },
        })
    }
    fn Py_IsInitialized() -> c_int { 1 }
    fn Py_IsFinalizing() -> c_int { taipan_vm::sys::state::FINALIZING.load(std::sync::atomic::Ordering::Relaxed) as c_int }
    fn Py_GetVersion() -> *const c_char { concat!("3.14.8 (Taipan ", env!("CARGO_PKG_VERSION"), ")\0").as_ptr().cast() }
    fn PyOS_FSPath(p: &Object) -> PyResult {
        if p.downcast::<Str>().is_some() || p.downcast::<taipan_object::types::bytes::Bytes>().is_some() {
            return Ok(p.to_obj());
        }
        let Some(f) = p.lookup_special(intern!("__fspath__"))? else {
            bail!(TypeError, "expected str, bytes or os.PathLike object, not {}", p.ty().name_str());
        };
        let r = f.call_noargs()?;
        if r.downcast::<Str>().is_none() && r.downcast::<taipan_object::types::bytes::Bytes>().is_none() {
            bail!(TypeError, "expected {}.__fspath__() to return str or bytes, not {}", p.ty().name_str(), r.ty().name_str());
        }
        Ok(r)
    }
    fn PyMutex_Lock(m: &Mutex) {
        use std::sync::atomic::Ordering;
        while m.0.compare_exchange_weak(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            // The holder may need the interpreter lock to go on.
            match Thread::try_current() {
                Some(_) => taipan_object::gil::allow_threads(std::thread::yield_now),
                None => std::thread::yield_now(),
            }
        }
    }
    fn PyMutex_Unlock(m: &Mutex) { m.0.store(0, std::sync::atomic::Ordering::Release) }
    fn PyMutex_IsLocked(m: &Mutex) -> c_int { (m.0.load(std::sync::atomic::Ordering::Relaxed) & 1) as c_int }
    fn PyEval_GetBuiltins() -> Null<'static> {
        let b = (taipan_object::hooks::get().current_builtins)();
        // SAFETY: borrowed: the interpreter or the running frame keeps it.
        Some(unsafe { &*b.as_ptr() })
    }
    fn PyEval_GetGlobals() -> Null<'static> {
        // SAFETY: borrowed: the running frame keeps it.
        (taipan_object::hooks::get().current_globals)().map(|g| unsafe { &*g.as_ptr() })
    }
    fn PyEval_GetFrameBuiltins() -> PyResult { Ok((taipan_object::hooks::get().current_builtins)()) }
    fn PyEval_GetFrameGlobals() -> Option<Obj> { (taipan_object::hooks::get().current_globals)() }
    fn PyOS_string_to_double(text: Text, end: Out<*const c_char>, overflow: Null<'_>) -> c_double {
        // SAFETY: a C string; `strtod` stops at the first character that is no number.
        let (x, stop) = unsafe {
            let mut stop = std::ptr::null_mut();
            (libc::strtod(text.0, &mut stop), stop.cast_const())
        };
        let used = stop as usize - text.0 as usize;
        let all = used == text.bytes().len();
        if used == 0 || (end.0.is_null() && !all) {
            let _ = raise!(ValueError, "could not convert string to float: '{}'", text.text());
            return -1.0;
        }
        if x.is_infinite() && !text.text().to_ascii_lowercase().contains("inf") && let Some(t) = overflow {
            let _ = error::raise_fmt(t.cast(), format_args!("value too large to convert to float: '{}'", text.text()));
            return -1.0;
        }
        end.put(stop);
        x
    }
    fn PyOS_double_to_string(x: c_double, code: c_char, precision: c_int, flags: c_int, kind: Out<c_int>) -> *mut u8 {
        kind.put(if x.is_nan() { 2 } else if x.is_infinite() { 1 } else { 0 });
        let code = code as u8 as char;
        let value = taipan_object::types::float::Float::new(x);
        let r = if code == 'r' { value.repr() } else {
            let sign = if flags & 1 != 0 { "+" } else { "" };
            let alt = if flags & 4 != 0 { "#" } else { "" };
            value.format(&Str::from_utf8(&format!("{sign}{alt}.{}{code}", precision.max(0)))).and_then(|s| s.str())
        };
        let Ok(s) = r else { return std::ptr::null_mut() };
        let mut text = s.to_utf8_lossy().into_owned();
        if flags & 2 != 0 && !text.contains(['.', 'e', 'n', 'i']) {
            text.push_str(".0");
        }
        if code == 'r' && flags & 2 == 0 && text.ends_with(".0") {
            text.truncate(text.len() - 2);
        }
        let p = taipan_object::alloc::malloc(text.len() + 1);
        if p.is_null() {
            let _ = error::no_memory();
            return p;
        }
        // SAFETY: a block of the text's length and one for NUL.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), p, text.len());
            p.add(text.len()).write(0);
        }
        p
    }
    fn PyFile_WriteObject(o: &Object, file: &Object, flags: c_int) -> c_int {
        let r = (|| {
            let text = if flags & 1 != 0 { o.str()? } else { o.repr()? };
            file.call_method(intern!("write"), &[&text])
        })();
        status(r.map(drop))
    }
    fn PyFile_WriteString(text: Text, file: &Object) -> c_int {
        status(text.obj().and_then(|t| file.call_method(intern!("write"), &[&t])).map(drop))
    }
    fn PyTraceBack_Print(tb: &Object, file: &Object) -> c_int {
        let text = Str::from_utf8(&taipan_vm::traceback::describe(tb));
        status(file.call_method(intern!("write"), &[&text]).map(drop))
    }
}
