//! Native modules: files, streams, the operating system, time and signals.
//!
//! - `io/`: `_io`, a file for each class
//! - `support.rs`: what all of them need: system calls without the interpreter lock, paths, arguments

#![allow(non_upper_case_globals)]

pub mod accounts;
pub mod atexit;
pub mod clock;
pub mod constants;
pub mod errno;
pub mod fcntl;
pub mod io;
pub mod locale;
pub mod mmap;
pub mod multiprocessing;
pub mod posix;
pub mod posixsubprocess;
pub mod resource;
pub mod select;
pub mod signal;
pub mod stat;
pub mod support;
pub mod termios;
pub mod time;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[
    &io::MODULE,
    &posix::MODULE,
    &errno::MODULE,
    &time::MODULE,
    &signal::MODULE,
    &atexit::MODULE,
    &posixsubprocess::MODULE,
    &select::MODULE,
    &stat::MODULE,
    &fcntl::MODULE,
    &accounts::PWD,
    &accounts::GRP,
    &resource::MODULE,
    &termios::TERMIOS_MODULE,
    &termios::SYSLOG_MODULE,
    &locale::MODULE,
    &multiprocessing::MODULE,
    &multiprocessing::SHMEM_MODULE,
    &mmap::MODULE,
];
