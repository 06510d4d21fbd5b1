//! The executable: reads the command line, starts the interpreter, runs what it was told, and shuts down.

mod config;
mod descriptors;
mod encodings;
mod heap;
mod lifecycle;
mod modules;
mod paths;
mod run;
mod shutdown;

unsafe extern "C" {
    fn mi_option_set(option: std::ffi::c_int, value: std::ffi::c_long);
}

/// `mi_option_purge_decommits`: whether memory that is not used for a while is given up at once. Without it the system may take it when it
/// needs it, and a program that uses it again need not have it cleared anew.
const PURGE_DECOMMITS: std::ffi::c_int = 5;

fn main() {
    // SAFETY: the option exists in all versions of mimalloc since 2.0.
    unsafe { mi_option_set(PURGE_DECOMMITS, 0) };
    let status = match config::Config::from_args(std::env::args_os().collect()) {
        Ok(c) => lifecycle::main(c),
        Err(e) => {
            eprint!("{}", e.message);
            e.status
        }
    };
    std::process::exit(status);
}
