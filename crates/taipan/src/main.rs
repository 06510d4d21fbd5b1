//! The executable: reads the command line, starts the interpreter, runs what it was told, and shuts down.

mod config;
mod encodings;
mod heap;
mod lifecycle;
mod modules;
mod paths;
mod run;
mod shutdown;

fn main() {
    let status = match config::Config::from_args(std::env::args_os().collect()) {
        Ok(c) => lifecycle::main(c),
        Err(e) => {
            eprint!("{}", e.message);
            e.status
        }
    };
    std::process::exit(status);
}
