//! The module `sys`.
//!
//! - `info.rs`: versions, limits and platform as struct sequences; `frames.rs`: frames, tracing, exceptions being handled
//! - `hooks.rs`: display, exception, unraisable and audit hooks; `state.rs`: settings of the interpreter

pub mod frames;
pub mod hooks;
pub mod info;
pub mod jit;
pub mod state;

use taipan_object::method::MethodDef;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{Interp, PyResult};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "sys",
    doc: "What the interpreter knows of itself: its state, settings, and the hooks by which programs take part.",
    methods: Some(METHODS),
    exec,
};

static METHODS: &[MethodDef] = &[
    hooks::addaudithook::DEF,
    hooks::audit::DEF,
    hooks::breakpointhook::DEF,
    hooks::displayhook::DEF,
    hooks::excepthook::DEF,
    hooks::unraisablehook::DEF,
    frames::exc_info::DEF,
    frames::exception::DEF,
    frames::_getframe::DEF,
    frames::_getframemodulename::DEF,
    frames::_current_frames::DEF,
    frames::_current_exceptions::DEF,
    frames::settrace::DEF,
    frames::gettrace::DEF,
    frames::setprofile::DEF,
    frames::getprofile::DEF,
    frames::settraceallthreads::DEF,
    frames::setprofileallthreads::DEF,
    frames::call_tracing::DEF,
    frames::set_asyncgen_hooks::DEF,
    frames::get_asyncgen_hooks::DEF,
    frames::set_coroutine_origin_tracking_depth::DEF,
    frames::get_coroutine_origin_tracking_depth::DEF,
    state::exit::DEF,
    state::getdefaultencoding::DEF,
    state::getfilesystemencoding::DEF,
    state::getfilesystemencodeerrors::DEF,
    state::getrefcount::DEF,
    state::getsizeof::DEF,
    state::getrecursionlimit::DEF,
    state::setrecursionlimit::DEF,
    state::getswitchinterval::DEF,
    state::setswitchinterval::DEF,
    state::getallocatedblocks::DEF,
    state::getunicodeinternedsize::DEF,
    state::getdlopenflags::DEF,
    state::setdlopenflags::DEF,
    state::intern::DEF,
    state::_is_interned::DEF,
    state::_is_immortal::DEF,
    state::_is_gil_enabled::DEF,
    state::is_finalizing::DEF,
    state::get_int_max_str_digits::DEF,
    state::set_int_max_str_digits::DEF,
    state::_clear_type_cache::DEF,
    state::_clear_internal_caches::DEF,
    state::_clear_type_descriptors::DEF,
    state::_get_cpu_count_config::DEF,
    state::is_stack_trampoline_active::DEF,
    state::is_remote_debug_enabled::DEF,
    MethodDef::END,
];

fn exec(m: &Module) -> PyResult<()> {
    Interp::current().sysdict.set(Some(m.dict_obj()));
    info::add(m)?;
    state::add(m)?;
    hooks::add(m)?;
    m.add("_jit", Module::from_def(&jit::MODULE)?.as_obj())?;
    m.add("monitoring", Module::from_def(&crate::instrument::module::MODULE)?.as_obj())
}

/// An attribute of `sys`, or nothing.
pub fn get(name: &str) -> PyResult<Option<taipan_object::Obj>> {
    match Interp::current().sysdict.get_owned() {
        Some(d) => {
            d.cast::<taipan_object::types::dict::Dict>().get_item(&taipan_object::types::str::intern::intern_str(name))
        }
        None => Ok(None),
    }
}

/// Sets an attribute of `sys`.
pub fn set(name: &str, value: &taipan_object::Object) -> PyResult<()> {
    match Interp::current().sysdict.get_owned() {
        Some(d) => d
            .cast::<taipan_object::types::dict::Dict>()
            .set_item(&taipan_object::types::str::intern::intern_str(name), value),
        None => taipan_object::bail!(RuntimeError, "lost sys"),
    }
}
