//! The executable: reads the command line, starts the interpreter, runs what it was told, and shuts down.
//!
//! The entry is C's: Rust's own would open the standard descriptors that the parent has closed, which Python leaves closed.
#![no_main]

mod config;
mod encodings;
mod heap;
mod lifecycle;
mod modules;
mod paths;
mod run;
mod shutdown;

/// The entry. The arguments are read by `std::env`, which finds them without help.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> std::ffi::c_int {
    let status = match config::Config::from_args(std::env::args_os().collect()) {
        Ok(c) => lifecycle::main(c),
        Err(e) => {
            eprint!("{}", e.message);
            e.status
        }
    };
    std::process::exit(status);
}
