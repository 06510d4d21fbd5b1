//! The native modules of this build.

use taipan_object::types::module::ModuleDef;

/// All native modules. A new group of modules is added here.
pub fn all() -> Vec<&'static ModuleDef> {
    let vm: &[&ModuleDef] = &[
        &taipan_vm::builtins::MODULE,
        &taipan_vm::sys::MODULE,
        &taipan_vm::import::imp::MODULE,
        &taipan_vm::marshal::MODULE,
        &taipan_vm::warnings::MODULE,
        &taipan_vm::gc_module::MODULE,
        &taipan_vm::thread::MODULE,
    ];
    let groups = [
        vm,
        taipan_modules_compress::MODULES,
        taipan_modules_crypto::MODULES,
        taipan_modules_data::MODULES,
        taipan_modules_introspect::MODULES,
        taipan_modules_io::MODULES,
        taipan_modules_net::MODULES,
        taipan_modules_sqlite::MODULES,
        taipan_modules_testing::MODULES,
        taipan_modules_text::MODULES,
    ];
    groups.into_iter().flatten().copied().collect()
}

/// Runs the Python handlers of signals that arrived.
pub fn run_pending_signals() -> taipan_object::PyResult<()> {
    taipan_modules_io::signal::run_pending_signals()
}

/// Runs the functions registered with `atexit`.
pub fn run_exit_functions() {
    taipan_modules_io::atexit::run_exitfuncs();
}
