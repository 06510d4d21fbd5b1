//! Loading extension modules: `_imp.create_dynamic` and `_imp.exec_dynamic`.

use crate::moduledef::{self, Def, PyModuleDef_Type};
use crate::prelude::*;
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use taipan_object::Interp;
use taipan_object::types::exceptions::import_error;
use taipan_object::types::module::Module;

/// The init function's name for the last part of a module's name, and whether the name needed encoding.
fn init_name(short: &str) -> (String, bool) {
    if short.is_ascii() {
        return (format!("PyInit_{short}"), false);
    }
    (format!("PyInitU_{}", punycode(short).replace('-', "_")), true)
}

/// Punycode (RFC 3492).
fn punycode(text: &str) -> String {
    let mut out: String = text.chars().filter(char::is_ascii).collect();
    let basic = out.len() as u32;
    if basic > 0 {
        out.push('-');
    }
    let chars: Vec<u32> = text.chars().map(u32::from).collect();
    let (mut n, mut delta, mut bias, mut done) = (128u32, 0u32, 72u32, basic);
    while (done as usize) < chars.len() {
        let next = chars.iter().copied().filter(|c| *c >= n).min().unwrap_or(n);
        delta = delta.wrapping_add((next - n).wrapping_mul(done + 1));
        n = next;
        for &c in &chars {
            if c < n {
                delta = delta.wrapping_add(1);
            }
            if c == n {
                let mut q = delta;
                let mut k = 36;
                loop {
                    let t = if k <= bias { 1 } else { (k - bias).min(26) };
                    if q < t {
                        break;
                    }
                    out.push(digit(t + (q - t) % (36 - t)));
                    q = (q - t) / (36 - t);
                    k += 36;
                }
                out.push(digit(q));
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.wrapping_add(1);
        n += 1;
    }
    out
}

fn digit(d: u32) -> char {
    char::from(if d < 26 { b'a' + d as u8 } else { b'0' + (d - 26) as u8 })
}

fn adapt(delta: u32, n: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / n;
    let mut k = 0;
    while delta > (35 * 26) / 2 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

/// Finds the init function, keeping the library loaded for good.
fn find_init(symbol: &str, name: &Object, path: &Object) -> PyResult<*const c_void> {
    let fail = |message: &str| import_error(exceptions::ImportError, message, Some(name), Some(path), None);
    let Some(text) = path.downcast::<Str>() else {
        bail!(TypeError, "spec.origin must be a str, not {}", path.ty().name_str());
    };
    let mut file = taipan_object::codecs::text::fs_encode(text)?;
    if !file.contains(&b'/') {
        file.splice(0..0, *b"./");
    }
    let Ok(file) = CString::new(file) else { bail!(ValueError, "embedded null byte") };
    let Ok(symbol_c) = CString::new(symbol) else { bail!(ValueError, "embedded null character") };
    // SAFETY: C strings; the library's constructors run here, which is what loading it means.
    unsafe {
        let handle = libc::dlopen(file.as_ptr(), taipan_vm::sys::state::getdlopenflags() | libc::RTLD_NOW);
        if handle.is_null() {
            let e = libc::dlerror();
            return Err(fail(&if e.is_null() {
                "unknown dlopen() error".into()
            } else {
                CStr::from_ptr(e).to_string_lossy()
            }));
        }
        let f = libc::dlsym(handle, symbol_c.as_ptr());
        if f.is_null() {
            return Err(fail(&format!("dynamic module does not define module export function ({symbol})")));
        }
        Ok(f)
    }
}

/// Single-phase modules already loaded: `(path, name)` to the definition's address and the first module's names.
fn loaded() -> Ref<Dict> {
    let mut state = Interp::current().module_state.borrow_mut();
    let d = state.entry("capi.extensions").or_insert_with(|| Dict::new().into_obj());
    Ref::from_borrowed(d.cast())
}

static ANY_LOADED: AtomicBool = AtomicBool::new(false);

/// Whether an extension module has been loaded: what its objects do when they die cannot be known.
pub fn any_loaded() -> bool {
    ANY_LOADED.load(Ordering::Relaxed)
}

/// `_imp.create_dynamic(spec)`.
pub fn create(spec: &Object) -> PyResult {
    let name = spec.get_attr(intern!("name"))?;
    let path = spec.get_attr(intern!("origin"))?;
    let Some(text) = name.downcast::<Str>() else {
        bail!(TypeError, "spec.name must be a str, not {}", name.ty().name_str());
    };
    if text.contains_nul() || path.downcast::<Str>().is_some_and(Str::contains_nul) {
        bail!(ValueError, "embedded null character");
    }
    let full = text.to_utf8()?;
    let short = full.rsplit('.').next().unwrap_or(full);
    let key = Tuple::new(&[&path, &name]);
    if let Some(known) = loaded().get_item(&key)? {
        return again(known.cast(), &name);
    }
    if (taipan_object::hooks::get().auditing)() {
        let none = none::none();
        (taipan_object::hooks::get().audit)("import", &Tuple::new(&[&name, &path, none, none, none]))?;
    }
    ANY_LOADED.store(true, Ordering::Relaxed);
    let (symbol, encoded) = init_name(short);
    let f = find_init(&symbol, &name, &path)?;
    let m = run_init(f, full, short)?;
    if m.ty_ptr().is_null() {
        // The object is a definition that nobody initialised: static memory, not to be counted.
        std::mem::forget(m);
        bail!(SystemError, "init function of {short} returned uninitialized object");
    }
    if m.is_exact(&PyModuleDef_Type) {
        // SAFETY: definitions are immortal.
        let def: &'static Def = unsafe { &*m.into_raw().cast::<Def>() };
        return moduledef::from_def_and_spec(def, spec);
    }
    let Some(module) = m.downcast::<Module>() else {
        bail!(SystemError, "initialization of {short} did not return an extension module");
    };
    if encoded {
        bail!(SystemError, "initialization of {short} did not return PyModuleDef");
    }
    let Some(def) = moduledef::def_of(module) else {
        bail!(SystemError, "initialization of {short} did not return a valid extension module");
    };
    def.m_init.set(f);
    module.add("__file__", &path)?;
    moduledef::remember_single(def, &m);
    let copy = if def.size == -1 { module.dict().copy()?.into_obj() } else { none::none_obj() };
    loaded().set_item(&key, &Tuple::new(&[&Int::from_usize(def as *const Def as usize), &copy]))?;
    taipan_vm::import::modules()?.set_item(&name, &m)?;
    Ok(m)
}

/// Another import of a single-phase module that is loaded: a new module with the old names, or a second run of its init function.
fn again(known: &Tuple, name: &Object) -> PyResult {
    let address = known.item(0).cast::<Int>().to_usize().unwrap_or(0);
    // SAFETY: the address of a definition, which stays for good.
    let def: &'static Def = unsafe { &*(address as *const Def) };
    let modules = taipan_vm::import::modules()?;
    let full = name.str()?.to_utf8_lossy().into_owned();
    let m = match known.item(1).downcast::<Dict>() {
        Some(copy) => {
            let m = match moduledef::find_single(def) {
                Some(m) => m.to_obj(),
                None => moduledef::new_module(name)?,
            };
            m.cast::<Module>().dict().update_from(copy, true)?;
            m
        }
        None => run_init(def.m_init.get(), &full, full.rsplit('.').next().unwrap_or(&full))?,
    };
    moduledef::remember_single(def, &m);
    modules.set_item(name, &m)?;
    Ok(m)
}

/// Calls an init function and checks that its answer and the exception state agree.
fn run_init(f: *const c_void, full: &str, short: &str) -> PyResult {
    // SAFETY: `PyInit_` functions take nothing and return an object or null.
    let init: extern "C" fn() -> Option<Obj> = unsafe { std::mem::transmute(f) };
    match (moduledef::with_context(full, || init()), occurred()) {
        (Some(m), None) => Ok(m),
        (None, Some(e)) => Err(e),
        (None, None) => bail!(SystemError, "initialization of {short} failed without raising an exception"),
        (Some(m), Some(e)) => {
            std::mem::forget(m);
            let cause = e.take();
            crate::api::raise_from(
                exceptions::SystemError,
                &format!("initialization of {short} raised unreported exception"),
                cause,
            );
            Err(Raised::already_set())
        }
    }
}

/// `_imp.exec_dynamic(module)`.
pub fn exec(m: &Object) -> PyResult<i32> {
    if let Some(module) = m.downcast::<Module>()
        && let Some(def) = moduledef::def_of(module)
        && module.md_state.get().is_null()
        && !def.slots.is_null()
    {
        moduledef::exec_def(module, def)?;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn init_names() {
        assert_eq!(super::init_name("spam").0, "PyInit_spam");
        // From PEP 489.
        assert_eq!(super::init_name("lančmít").0, "PyInitU_lanmt_2sa6t");
        assert_eq!(super::init_name("スパム").0, "PyInitU_zck5b2b");
    }
}
