//! Speed, start-up time and peak memory against the reference. The measuring itself is `xtask/scripts/bench.py`, which the
//! reference interpreter runs.

use crate::args::Args;
use crate::{Outcome, oracle, workspace};
use std::process::Command;

pub fn main(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    if args.flag("--compile") {
        return crate::bench_compile::main(args);
    }
    let mut command = Command::new(oracle::find()?.python.as_os_str());
    command.arg(workspace::root().join("xtask/scripts/bench.py"));
    for flag in ["--micro", "--startup", "--programs"] {
        if args.flag(flag) {
            command.arg(flag);
        }
    }
    for option in ["--rounds", "--warm", "--measure", "--timeout", "--out", "--also"] {
        if let Some(value) = args.value(option)? {
            command.arg(option).arg(value);
        }
    }
    command.arg("--taipan").arg(workspace::taipan()?);
    command.args(args.rest()?);
    let status = command.status().map_err(|e| format!("{command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("bench.py ended with {status}")) }
}
