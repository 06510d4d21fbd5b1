//! The module `_imp`: what `importlib` needs from the interpreter.

use crate::code::CodeObject;
use crate::thread::futex::RawLock;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use taipan_object::args::Given;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::method::MethodDef;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions::{self, import_error};
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none;
use taipan_object::types::str::{Str, intern::intern_str};
use taipan_object::types::tuple::Tuple;
use taipan_object::{PyResult, bail, function, intern};

/// The module's description.
pub static MODULE: ModuleDef =
    ModuleDef { name: "_imp", doc: "What importlib needs from the interpreter.", methods: Some(METHODS), exec };

static METHODS: &[MethodDef] = &[
    acquire_lock::DEF,
    release_lock::DEF,
    lock_held::DEF,
    extension_suffixes::DEF,
    create_builtin::DEF,
    exec_builtin::DEF,
    is_builtin::DEF,
    is_frozen::DEF,
    is_frozen_package::DEF,
    find_frozen::DEF,
    find_library::DEF,
    get_frozen_object::DEF,
    init_frozen::DEF,
    get_frozen_source::DEF,
    get_frozen_data::DEF,
    frozen_module_names::DEF,
    fix_co_filename::DEF,
    source_hash::DEF,
    override_frozen::DEF,
    override_multi_interp::DEF,
    create_dynamic::DEF,
    exec_dynamic::DEF,
    MethodDef::END,
];

/// `importlib.util.MAGIC_NUMBER` as an integer: 3627 with the line ends that text transfer would spoil.
pub const PYC_MAGIC_TOKEN: i64 = 3627 | (0x0D << 16) | (0x0A << 24);

fn exec(m: &Module) -> PyResult<()> {
    m.add_str("check_hash_based_pycs", "default")?;
    m.add_int("pyc_magic_number_token", PYC_MAGIC_TOKEN)
}

thread_local! {
    static USE_FROZEN: Cell<i32> = const { Cell::new(0) };
}

/// The lock of the import system, which its holder may take again.
struct ImportLock {
    raw: RawLock,
    owner: AtomicU64,
    depth: AtomicUsize,
}

static LOCK: ImportLock = ImportLock { raw: RawLock::new(), owner: AtomicU64::new(0), depth: AtomicUsize::new(0) };

impl ImportLock {
    fn is_mine(&self) -> bool {
        self.depth.load(Ordering::Relaxed) > 0 && self.owner.load(Ordering::Relaxed) == crate::thread::ident()
    }

    fn acquire(&self) {
        if !self.is_mine() {
            // A signal's handler that raises does not end the wait: its exception shows at the end of it.
            while let Err(e) = self.raw.acquire(None) {
                taipan_object::error::unraisable(e, None);
            }
            self.owner.store(crate::thread::ident(), Ordering::Relaxed);
        }
        self.depth.fetch_add(1, Ordering::Relaxed);
    }

    fn release(&self) -> bool {
        if !self.is_mine() {
            return false;
        }
        if self.depth.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.owner.store(0, Ordering::Relaxed);
            self.raw.release();
        }
        true
    }
}

/// Nobody may be in the middle of an import when the process is copied.
pub fn before_fork() {
    LOCK.acquire();
}

/// Gives back what [`before_fork`] took.
pub fn after_fork_parent() {
    LOCK.release();
}

/// The same in the child, whose thread may have another number.
pub fn after_fork_child() {
    LOCK.owner.store(crate::thread::ident(), Ordering::Relaxed);
    LOCK.release();
}

/// Acquire the lock of the import system.
#[function(signature = "()")]
fn acquire_lock() {
    LOCK.acquire();
}

/// Release the lock of the import system.
#[function(signature = "()")]
fn release_lock() -> PyResult<()> {
    if !LOCK.release() {
        bail!(RuntimeError, "not holding the import lock");
    }
    Ok(())
}

/// Return whether the lock of the import system is held.
#[function(signature = "()")]
fn lock_held() -> bool {
    LOCK.depth.load(Ordering::Relaxed) > 0
}

/// Return the endings of the names of extension modules.
#[function(signature = "()")]
fn extension_suffixes() -> Ref<List> {
    let s = [".cpython-314-x86_64-linux-gnu.so", ".abi3.so", ".so"];
    List::from_vec(s.iter().map(|s| Str::from_utf8(s).into_obj()).collect())
}

fn name_of(spec: &Object) -> PyResult<String> {
    Ok(spec.get_attr(intern!("name"))?.str()?.to_utf8_lossy().into_owned())
}

/// Make a native module from its spec.
#[function(signature = "(spec, /)")]
fn create_builtin(spec: &Object) -> PyResult {
    let name = name_of(spec)?;
    // `sys` and `builtins` exist once.
    if matches!(name.as_str(), "sys" | "builtins")
        && let Ok(m) = super::modules()?.get_item(&intern_str(&name))
    {
        return Ok(m);
    }
    match super::native(&name) {
        Some(def) => Ok(Module::from_def(def)?.into_obj()),
        None => Ok(none::none_obj()),
    }
}

/// Run the body of a native module, which its creation has done.
#[function(signature = "(mod, /)")]
fn exec_builtin(_module: &Object) -> i32 {
    0
}

/// Return whether a native module of that name exists: -1 if it cannot be made again.
#[function(signature = "(name, /)")]
fn is_builtin(name: &Str) -> i32 {
    match &*name.to_utf8_lossy() {
        "sys" | "builtins" => -1,
        n => super::native(n).is_some() as i32,
    }
}

fn frozen_enabled() -> bool {
    USE_FROZEN.get() >= 0
}

/// The modules that the frozen finder offers: those that the reference freezes. The rest of the library is found through `sys.path`.
const FROZEN: &[&str] = &[
    "_collections_abc",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "_sitebuiltins",
    "_taipan_library",
    "abc",
    "codecs",
    "genericpath",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "importlib.machinery",
    "importlib.util",
    "io",
    "ntpath",
    "os",
    "os.path",
    "posixpath",
    "runpy",
    "site",
    "stat",
    "zipimport",
];

fn probe(name: &str) -> Option<bool> {
    let essential =
        matches!(name, "_frozen_importlib" | "_frozen_importlib_external" | "zipimport" | "_taipan_library");
    if !(essential || frozen_enabled() && FROZEN.contains(&name)) {
        return None;
    }
    super::library().and_then(|l| (l.probe)(origin(name)))
}

/// Return whether a module of the packed library is a package, or None if there is no such module.
#[function(signature = "(name, /)")]
fn find_library(name: &Str) -> Option<bool> {
    super::library().and_then(|l| (l.probe)(&name.to_utf8_lossy()))
}

/// The library's name of a module that is frozen under another.
fn origin(name: &str) -> &str {
    match name {
        "_frozen_importlib" => "importlib._bootstrap",
        "_frozen_importlib_external" => "importlib._bootstrap_external",
        n => n,
    }
}

/// Return whether a module of that name is frozen.
#[function(signature = "(name, /)")]
fn is_frozen(name: &Str) -> bool {
    probe(&name.to_utf8_lossy()).is_some()
}

/// Return whether a frozen module is a package.
#[function(signature = "(name, /)")]
fn is_frozen_package(name: &Str) -> PyResult<bool> {
    match probe(&name.to_utf8_lossy()) {
        Some(p) => Ok(p),
        None => Err(no_such(name)),
    }
}

fn no_such(name: &Str) -> taipan_object::Raised {
    let text = format!("No such frozen object named {}", name.display());
    import_error(exceptions::ImportError, &text, Some(name), None, None)
}

/// Find a frozen module: (data or None, whether it is a package, its name in the library), or None.
#[function(signature = "(name, /, *, withdata=False)")]
fn find_frozen(name: &Str, withdata: bool) -> PyResult<Option<Ref<Tuple>>> {
    let text = name.to_utf8_lossy();
    let Some(package) = probe(&text) else { return Ok(None) };
    let data = match super::library().filter(|_| withdata).and_then(|l| (l.find)(origin(&text))) {
        Some(f) => taipan_object::types::memoryview::MemoryView::new(&Bytes::new(&f.code))?.into_obj(),
        None => none::none_obj(),
    };
    let original = Str::from_utf8(origin(&text)).into_obj();
    Ok(Some(Tuple::from_vec(vec![data, taipan_object::types::bool_::from_bool(package), original])))
}

/// Return the code of a frozen module, or of the marshalled data given.
#[function(signature = "(name, data=None, /)")]
fn get_frozen_object(name: &Str, data: Option<&Object>) -> PyResult {
    if let Some(d) = data {
        let b = taipan_object::buffer::Buffer::get(d)?;
        let Ok(o) = crate::marshal::loads(b.as_slice()).map_err(taipan_object::Raised::clear) else {
            let text = format!("Frozen object named {} is invalid", name.repr()?.display());
            return Err(import_error(exceptions::ImportError, &text, Some(name), None, None));
        };
        if o.downcast::<CodeObject>().is_none() {
            bail!(TypeError, "frozen object {} is not a code object", name.repr()?.display());
        }
        return Ok(o);
    }
    match super::frozen_code(origin(&name.to_utf8_lossy()))? {
        Some(c) => Ok(c.into_obj()),
        None => Err(no_such(name)),
    }
}

/// Import a frozen module.
#[function(signature = "(name, /)")]
fn init_frozen(name: &Str) -> PyResult<Option<Obj>> {
    Ok(super::import_frozen(&name.to_utf8_lossy())?.map(Ref::into_obj))
}

/// Return the source text of a frozen module, or None.
#[function(signature = "(name, /)")]
fn get_frozen_source(name: &Str) -> PyResult {
    match super::library().and_then(|l| (l.source)(origin(&name.to_utf8_lossy()))) {
        Some(s) => Ok(Str::from_utf8(&String::from_utf8_lossy(&s)).into_obj()),
        None => Ok(none::none_obj()),
    }
}

/// Return the contents of a file of the library by its path in it, or None.
#[function(signature = "(path, /)")]
fn get_frozen_data(path: &str) -> PyResult {
    match super::library().and_then(|l| (l.data)(path)) {
        Some(s) => Ok(Bytes::new(&s).into_obj()),
        None => Ok(none::none_obj()),
    }
}

/// Return the names of all frozen modules.
#[function(signature = "()", name = "_frozen_module_names")]
fn frozen_module_names() -> Ref<List> {
    let names = super::library().map_or_else(Vec::new, |l| (l.names)());
    List::from_vec(names.into_iter().map(|n| Str::from_utf8(n).into_obj()).collect())
}

/// Change the file name of a code object and of the code in its constants.
#[function(signature = "(code, path, /)", name = "_fix_co_filename")]
fn fix_co_filename(code: &CodeObject, path: &Str) {
    code.set_filename(path);
}

/// Return the SipHash of source text, as hash-based .pyc files hold it.
#[function(signature = "(key, source)")]
fn source_hash(key: i64, source: &Object) -> PyResult<Ref<Bytes>> {
    let b = taipan_object::buffer::Buffer::get(source)?;
    let mut k = [0u8; 16];
    k[..8].copy_from_slice(&key.to_le_bytes());
    let h = taipan_numeric::hash::siphash13(taipan_numeric::hash::HashKey::from_bytes(k), b.as_slice());
    Ok(Bytes::new(&h.to_le_bytes()))
}

/// For tests: 1 uses frozen modules, -1 does not, 0 is the default.
#[function(signature = "(override, /)", name = "_override_frozen_modules_for_tests")]
fn override_frozen(value: std::ffi::c_int) {
    USE_FROZEN.set(value);
}

/// For tests: whether extensions must support several interpreters. Answers the former value.
#[function(signature = "(override, /)", name = "_override_multi_interp_extensions_check")]
fn override_multi_interp(_value: std::ffi::c_int) -> i32 {
    0
}

/// Load an extension module from a file.
#[function(signature = "(spec, file=None, /)")]
fn create_dynamic(spec: &Object, _file: Given<&Object>) -> PyResult {
    match crate::extension_loader() {
        Some(load) => load(spec),
        None => {
            let name = spec.get_attr(intern!("name"))?;
            let origin = spec.get_attr(intern!("origin"))?;
            Err(import_error(
                exceptions::ImportError,
                "extension modules cannot be loaded by this build",
                Some(&name),
                Some(&origin),
                None,
            ))
        }
    }
}

/// Run the body of an extension module.
#[function(signature = "(mod, /)")]
fn exec_dynamic(module: &Object) -> PyResult<i32> {
    match crate::extension_executor() {
        Some(run) => run(module),
        None => Ok(0),
    }
}
