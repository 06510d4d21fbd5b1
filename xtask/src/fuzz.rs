//! Mutation fuzzing of what reads foreign input: the lexer, the parser, the compiler, `marshal`. No input may make it panic or
//! hang. The targets `lexer`, `parser`, `compiler` and `marshal` are the crates by themselves, with all checks on
//! (`crates/compiler/examples/fuzz.rs`); `loads` is `marshal.loads()` of the executable, whose answers are compared with the reference's.

use crate::args::Args;
use crate::{Outcome, oracle, workspace};
use std::process::Command;

const TARGETS: [&str; 5] = ["lexer", "parser", "compiler", "marshal", "loads"];

pub fn main(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let seconds: u64 = args.parsed("--seconds", 60)?;
    let seed: u64 = args.parsed("--seed", 1)?;
    let root = args.value("--root")?;
    let mut targets = args.rest()?;
    if let Some(odd) = targets.iter().find(|t| !TARGETS.contains(&t.as_str())) {
        return Err(format!("no target {odd:?}; there are {}", TARGETS.join(", ")));
    }
    if targets.is_empty() {
        targets = TARGETS.map(str::to_owned).to_vec();
    }
    let root = match root {
        Some(root) => root.into(),
        None => oracle::find()?.lib,
    };
    let dir = workspace::scratch("fuzz")?;
    for target in targets {
        if target == "loads" {
            loads(&dir, seconds, seed)?;
            continue;
        }
        let current = dir.join(format!("{target}.input"));
        let mut command = workspace::cargo();
        command.args(["run", "--quiet", "--release", "-p", "taipan-compiler", "--example", "fuzz"]);
        command.env("CARGO_TARGET_DIR", dir.join("build"));
        command.env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
        command.env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true");
        command.args(["--", &target, &seed.to_string(), &seconds.to_string()]).arg(&root).arg(&current);
        let status = command.status().map_err(|e| format!("{command:?}: {e}"))?;
        if !status.success() {
            return Err(format!("{target} failed ({status}) on {}", current.display()));
        }
    }
    Ok(())
}

/// Both interpreters read the same damaged data; what they answer, or the class of what they raise, has to agree.
fn loads(dir: &std::path::Path, seconds: u64, seed: u64) -> Outcome {
    let reference = oracle::find()?;
    let script = workspace::root().join("xtask/scripts/fuzz_marshal.py");
    let cases = dir.join("loads.cases");
    let ask = |python: &std::path::Path, words: &[&str]| -> Outcome<String> {
        let mut command = Command::new(python);
        command.arg(&script).args(words).arg(&cases);
        let out = command.stderr(std::process::Stdio::inherit()).output().map_err(|e| format!("{command:?}: {e}"))?;
        if !out.status.success() {
            eprintln!("{} ended with {}", python.display(), out.status);
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let count = (seconds * 3000).to_string();
    ask(&reference.python, &["generate", &seed.to_string(), &count])?;
    let theirs = ask(&reference.python, &["judge"])?;
    let ours = ask(&workspace::taipan()?, &["judge"])?;
    let mut mine = ours.lines();
    let (mut total, mut equal) = (0, 0);
    let mut shown = 0;
    for want in theirs.lines() {
        let got = mine.next().unwrap_or("no answer");
        total += 1;
        if want == got || want == "MemoryError" {
            equal += 1;
        } else if shown < 20 {
            shown += 1;
            println!("  case {total}: {got} instead of {want}");
        }
    }
    println!("loads: {total} inputs, seed {seed}, {} differ; cases in {}", total - equal, cases.display());
    if total == equal { Ok(()) } else { Err("marshal.loads() answers differ".to_owned()) }
}
