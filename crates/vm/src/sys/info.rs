//! Constants of `sys`: versions, limits of numbers, hashing, platform.

use taipan_object::header::{Obj, Object};
use taipan_object::types::dict::Dict;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::module::Module;
use taipan_object::types::str::Str;
use taipan_object::types::structseq::{self, StructSeq};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, namespace, none};
use taipan_object::{Interp, PyResult, intern};

/// The version of Taipan itself, from the workspace.
pub const TAIPAN_VERSION: &str = env!("CARGO_PKG_VERSION");

/// `sys.hexversion`: the language and library that is implemented.
pub const HEXVERSION: i64 = 0x030E08F0;

fn int(n: i64) -> Obj {
    Int::from_i64(n).into_obj()
}
/// The C library and its version, as `confstr` knows it.
fn thread_library() -> Obj {
    let mut buf = [0u8; 64];
    // SAFETY: writes at most so many bytes and says how many it needs.
    let n = unsafe { libc::confstr(libc::_CS_GNU_LIBPTHREAD_VERSION, buf.as_mut_ptr().cast(), buf.len()) };
    match buf.get(..n.saturating_sub(1)).map(std::str::from_utf8) {
        Some(Ok(s)) if n > 0 => text(s),
        _ => none::none_obj(),
    }
}

fn text(s: &str) -> Obj {
    Str::from_utf8(s).into_obj()
}
fn float(x: f64) -> Obj {
    Float::new(x).into_obj()
}

/// A struct sequence of its own type.
fn record(name: &'static str, doc: &'static str, fields: Vec<(&'static str, Obj)>) -> PyResult {
    let n = fields.len();
    record_of(name, doc, fields, n)
}

/// The same of which only the first `n` fields are items.
fn record_of(name: &'static str, doc: &'static str, fields: Vec<(&'static str, Obj)>, n: usize) -> PyResult {
    let spec: Vec<(&'static str, &'static str)> = fields.iter().map(|(n, _)| (*n, "")).collect();
    let ty = StructSeq::new_type(name, doc, &spec, n)?;
    let class = ty.cast::<taipan_object::Type>();
    class.add_flags(taipan_object::flags::DISALLOW_INSTANTIATION);
    class.new.set(None);
    structseq::new_instance(&ty, fields.into_iter().map(|(_, v)| v).collect())
}

/// Adds the constants.
pub fn add(m: &Module) -> PyResult<()> {
    let version_info = record(
        "sys.version_info",
        "The version of the language as a named tuple.",
        vec![
            ("major", int(3)),
            ("minor", int(14)),
            ("micro", int(8)),
            ("releaselevel", text("final")),
            ("serial", int(0)),
        ],
    )?;
    m.add("version_info", &version_info)?;
    m.add_int("hexversion", HEXVERSION)?;
    m.add_int("api_version", 1013)?;
    m.add_str("version", &format!("3.14.8 (Taipan {TAIPAN_VERSION}) [Rust]"))?;
    let parts: Vec<Obj> = TAIPAN_VERSION.split('.').map(|p| int(p.parse().unwrap_or(0))).collect();
    m.add("taipan_version_info", Tuple::from_vec(parts).as_obj())?;
    m.add_str("copyright", "Copyright (c) the Taipan developers.\nThe standard library: Copyright (c) 2001 Python Software Foundation.\nAll Rights Reserved.")?;
    m.add_str("platform", "linux")?;
    m.add_str("byteorder", "little")?;
    m.add_int("maxsize", i64::MAX)?;
    m.add_int("maxunicode", 0x10FFFF)?;
    m.add_str("float_repr_style", "short")?;
    m.add_str("abiflags", "")?;
    m.add_str("platlibdir", "lib")?;
    m.add("_git", &Tuple::from_vec(vec![text("Taipan"), text(""), text("")]))?;
    m.add_str("_framework", "")?;
    let float_info = record(
        "sys.float_info",
        "The properties of floats.",
        vec![
            ("max", float(f64::MAX)),
            ("max_exp", int(1024)),
            ("max_10_exp", int(308)),
            ("min", float(f64::MIN_POSITIVE)),
            ("min_exp", int(-1021)),
            ("min_10_exp", int(-307)),
            ("dig", int(15)),
            ("mant_dig", int(53)),
            ("epsilon", float(f64::EPSILON)),
            ("radix", int(2)),
            ("rounds", int(1)),
        ],
    )?;
    m.add("float_info", &float_info)?;
    let int_info = record(
        "sys.int_info",
        "How integers are stored.",
        vec![
            ("bits_per_digit", int(30)),
            ("sizeof_digit", int(4)),
            ("default_max_str_digits", int(4300)),
            ("str_digits_check_threshold", int(640)),
        ],
    )?;
    m.add("int_info", &int_info)?;
    let hash_info = record(
        "sys.hash_info",
        "How numbers and strings are hashed.",
        vec![
            ("width", int(64)),
            ("modulus", int((1 << 61) - 1)),
            ("inf", int(314159)),
            ("nan", int(0)),
            ("imag", int(1000003)),
            ("algorithm", text("siphash13")),
            ("hash_bits", int(64)),
            ("seed_bits", int(128)),
            ("cutoff", int(0)),
        ],
    )?;
    m.add("hash_info", &hash_info)?;
    let thread_info = record(
        "sys.thread_info",
        "How threads are implemented.",
        vec![("name", text("pthread")), ("lock", text("semaphore")), ("version", thread_library())],
    )?;
    m.add("thread_info", &thread_info)?;
    let d = Dict::new();
    d.set_item(intern!("name"), intern!("cpython"))?;
    d.set_item(intern!("cache_tag"), intern!("cpython-314"))?;
    d.set_item(intern!("version"), &version_info)?;
    d.set_item(intern!("hexversion"), &int(HEXVERSION))?;
    d.set_item(intern!("_multiarch"), intern!("x86_64-linux-gnu"))?;
    d.set_item(intern!("supports_isolated_interpreters"), bool_::true_())?;
    m.add("implementation", namespace::Namespace::new(d).as_obj())?;
    let names: Vec<Obj> = {
        let mut v: Vec<&str> = crate::import::native_modules().iter().map(|d| d.name).collect();
        v.sort_unstable();
        v.into_iter().map(|n| taipan_object::types::str::intern::intern_str(n).into_obj()).collect()
    };
    m.add("builtin_module_names", &Tuple::from_vec(names))?;
    let stdlib: Vec<Obj> = STDLIB_MODULE_NAMES.split_whitespace().map(text).collect();
    m.add("stdlib_module_names", &*crate::support::new_frozenset(stdlib)?)
}

/// The settings of `sys.flags`.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Flags {
    pub debug: i32,
    pub inspect: i32,
    pub interactive: i32,
    pub optimize: i32,
    pub dont_write_bytecode: i32,
    pub no_user_site: i32,
    pub no_site: i32,
    pub ignore_environment: i32,
    pub verbose: i32,
    pub bytes_warning: i32,
    pub quiet: i32,
    pub hash_randomization: i32,
    pub isolated: i32,
    pub dev_mode: bool,
    pub utf8_mode: i32,
    pub warn_default_encoding: i32,
    pub safe_path: bool,
    pub thread_inherit_context: i32,
    pub context_aware_warnings: i32,
}

/// Sets `sys.flags`.
pub fn set_flags(f: &Flags) -> PyResult<()> {
    let n = |v: i32| int(v as i64);
    let flags = record_of(
        "sys.flags",
        "The settings of the command line and the environment.",
        vec![
            ("debug", n(f.debug)),
            ("inspect", n(f.inspect)),
            ("interactive", n(f.interactive)),
            ("optimize", n(f.optimize)),
            ("dont_write_bytecode", n(f.dont_write_bytecode)),
            ("no_user_site", n(f.no_user_site)),
            ("no_site", n(f.no_site)),
            ("ignore_environment", n(f.ignore_environment)),
            ("verbose", n(f.verbose)),
            ("bytes_warning", n(f.bytes_warning)),
            ("quiet", n(f.quiet)),
            ("hash_randomization", n(f.hash_randomization)),
            ("isolated", n(f.isolated)),
            ("dev_mode", bool_::from_bool(f.dev_mode)),
            ("utf8_mode", n(f.utf8_mode)),
            ("warn_default_encoding", n(f.warn_default_encoding)),
            ("safe_path", bool_::from_bool(f.safe_path)),
            ("int_max_str_digits", n(Interp::current().int_max_str_digits.get())),
            ("gil", n(1)),
            ("thread_inherit_context", n(f.thread_inherit_context)),
            ("context_aware_warnings", n(f.context_aware_warnings)),
        ],
        18,
    )?;
    let value: &Object = &flags;
    super::set("flags", value)
}

/// The modules of the standard library, public and private.
const STDLIB_MODULE_NAMES: &str = include_str!("stdlib_module_names.txt");
