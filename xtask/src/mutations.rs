//! Compares what Taipan and the reference say about programs with one token wrong: the error, its range and the warnings.

use crate::args::Args;
use crate::bytecode_diff::sources;
use crate::process::{self, Limits};
use crate::{Outcome, oracle, workspace};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

pub fn main(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let count: usize = args.parsed("--count", 5000)?;
    let seed: u64 = args.parsed("--seed", 1)?;
    let kind: String = args.parsed("--kind", "token".to_owned())?;
    if !["token", "tokens", "character", "cut"].contains(&kind.as_str()) {
        return Err("--kind takes token, tokens, character or cut".to_owned());
    }
    let minutes: u64 = args.parsed("--timeout", 20)?;
    let root = args.value("--root")?;
    if let Some(odd) = args.rest()?.first() {
        return Err(format!("takes options only, not {odd:?}"));
    }
    let reference = oracle::find()?;
    let root = root.map_or_else(|| reference.lib.clone(), PathBuf::from);
    let dir = workspace::scratch("mutations")?;
    let script = workspace::root().join("xtask/scripts/mutations.py");
    let listing = dir.join("files.txt");
    workspace::write(&listing, &(sources(&root)?.join("\n") + "\n"))?;
    let cases = dir.join(format!("cases-{kind}-{count}-{seed}.jsonl"));
    let theirs = dir.join(format!("reference-{kind}-{count}-{seed}.jsonl"));
    let ours = dir.join(format!("ours-{kind}-{count}-{seed}.jsonl"));
    let limit = Duration::from_secs(minutes * 60);
    let ask = |python: &Path, words: &[&std::ffi::OsStr], out: &Path| -> Outcome {
        let to = File::create(out).map_err(|e| format!("{}: {e}", out.display()))?;
        let mut command = Command::new(python);
        command.arg(&script).args(words).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONHASHSEED", "0");
        command.stdin(Stdio::null()).stdout(to);
        let limits = Limits { time: limit, memory: None };
        let (exit, _) = process::run(&mut command, limits).map_err(|e| format!("{command:?}: {e}"))?;
        if exit != process::Exit::Code(0) {
            // What it printed still counts: the cases after it show as missing.
            eprintln!("{} {} ended with {exit}", python.display(), words[0].display());
        }
        Ok(())
    };
    let (number, start) = (count.to_string(), seed.to_string());
    ask(
        &reference.python,
        &["generate".as_ref(), root.as_os_str(), listing.as_os_str(), number.as_ref(), start.as_ref(), kind.as_ref()],
        &cases,
    )?;
    ask(&reference.python, &["judge".as_ref(), cases.as_os_str()], &theirs)?;
    ask(&workspace::taipan()?, &["judge".as_ref(), cases.as_os_str()], &ours)?;
    report(&cases, &theirs, &ours, &dir.join(format!("differences-{kind}-{count}-{seed}.txt")))
}

fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn report(cases: &Path, theirs: &Path, ours: &Path, differences: &Path) -> Outcome {
    let (cases, theirs, ours) = (read(cases)?, read(theirs)?, read(ours)?);
    let mut ours = ours.lines();
    let (mut total, mut equal, mut valid) = (0usize, 0usize, 0usize);
    let mut text = String::new();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (case, want) in cases.lines().zip(theirs.lines()) {
        let got = ours.next().unwrap_or("no answer");
        total += 1;
        valid += want.starts_with("[[\"OK\"") as usize;
        if got == want {
            equal += 1;
            continue;
        }
        *kinds.entry(first_words(want)).or_default() += 1;
        text += &format!("case {total}: {case}\n  reference: {want}\n  ours:      {got}\n\n");
    }
    workspace::write(differences, &text)?;
    let mut kinds: Vec<(usize, String)> = kinds.into_iter().map(|(kind, n)| (n, kind)).collect();
    kinds.sort_by(|a, b| b.cmp(a));
    kinds.iter().take(15).for_each(|(n, kind)| println!("  {n:5} differ where the reference says {kind}"));
    println!(
        "{total} mutations ({valid} still valid), {equal} equal, {} differ: {:.2} % agreement; differences in {}",
        total - equal,
        100.0 * equal as f64 / total.max(1) as f64,
        differences.display()
    );
    if equal * 100 >= total * 99 { Ok(()) } else { Err("fewer than 99 % agree".to_owned()) }
}

/// The class and the message of a verdict.
fn first_words(verdict: &str) -> String {
    verdict.trim_start_matches('[').chars().take(70).collect()
}
