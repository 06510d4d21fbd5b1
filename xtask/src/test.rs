//! `cargo xtask test`: all that a change must pass, in one command.

use crate::args::Args;
use crate::conformance::{self, Counts};
use crate::{Outcome, oracle, run_tests, tidy, workspace};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

pub fn main(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let budget = args.parsed("--budget", conformance::CHECK_SECONDS)?;
    args.rest()?;
    let jobs = workspace::default_jobs();
    let mut total = Counts::default();
    let mut broken = Vec::new();
    let mut step = |name: &str, work: &mut dyn FnMut() -> Outcome<Counts>| {
        println!("== {name}");
        let start = Instant::now();
        match work() {
            Ok(counts) => {
                println!(
                    "== {name}: {} passed, {} failed, {:.0} s",
                    counts.passed,
                    counts.failed,
                    start.elapsed().as_secs_f64()
                );
                if counts.failed > 0 {
                    broken.push(name.to_owned());
                }
                total.passed += counts.passed;
                total.failed += counts.failed;
            }
            Err(text) => {
                println!("== {name}: {text}");
                broken.push(name.to_owned());
                total.failed += 1;
            }
        }
    };
    step("tidy", &mut tidy::run);
    step("cargo test", &mut cargo_test);
    if workspace::has_executable() {
        step("release build", &mut release_build);
        step("run-tests", &mut || run_tests::run(&[], jobs));
        if oracle::within_reach() {
            step("conformance", &mut || conformance::check(&[], budget, jobs));
        } else {
            println!("== no reference (TAIPAN_REFERENCE is not set): conformance is skipped");
        }
    } else {
        println!("== crates/taipan does not exist yet: run-tests and conformance are skipped");
    }
    total.print();
    if broken.is_empty() { Ok(()) } else { Err(format!("failed: {}", broken.join(", "))) }
}

/// The tests of all crates, counted from Cargo's closing lines.
fn cargo_test() -> Outcome<Counts> {
    let mut command = workspace::cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("cargo: {e}"))?;
    let mut counts = Counts::default();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            let line = line.map_err(|e| format!("cargo's output: {e}"))?;
            println!("{line}");
            if let Some((passed, failed)) = result_line(&line) {
                counts.passed += passed;
                counts.failed += failed;
            }
        }
    }
    let status = child.wait().map_err(|e| format!("cargo: {e}"))?;
    if !status.success() && counts.failed == 0 {
        return Err(format!("cargo test ended with {status}"));
    }
    Ok(counts)
}

/// The numbers in `test result: ok. 3 passed; 0 failed; ...`.
fn result_line(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("test result: ")?;
    let number =
        |word: &str| rest.split([';', '.']).find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok());
    Some((number("passed")?, number("failed")?))
}

fn release_build() -> Outcome<Counts> {
    let status =
        workspace::cargo().args(["build", "--release", "-p", "taipan"]).status().map_err(|e| format!("cargo: {e}"))?;
    if status.success() { Ok(Counts { passed: 1, failed: 0 }) } else { Err(format!("cargo build ended with {status}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_cargo() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(result_line(line), Some((12, 3)));
        assert_eq!(result_line("test a ... ok"), None);
    }
}
