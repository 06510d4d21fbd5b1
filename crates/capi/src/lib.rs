//! The C API: the functions that compiled extension modules call, as thin wrappers over `taipan-object`, and the loader of
//! extension modules. Types, singletons and exception pointers are exported by `taipan-object` itself.
//!
//! The functions lie in [`api`], one file per area. Variadic functions are in `shim/*.c`, since Rust cannot define them.

#[macro_use]
mod prelude;
mod api;
pub mod loader;
pub mod moduledef;
pub mod typespec;

pub use api::exported;
pub use api::pending::run as run_pending_calls;

/// Prepares the module type for modules of extensions, and remembers the main interpreter for threads that come from C.
/// Called once, attached, after the built-in types are ready.
pub fn start() {
    std::hint::black_box(api::exported().count());
    moduledef::install();
    api::gil::remember_main();
    api::pending::remember_main();
}
