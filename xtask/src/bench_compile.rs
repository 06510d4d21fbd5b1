//! Speed and peak memory of `compile()` over a source tree, against the reference, and of parsing alone.

use crate::args::Args;
use crate::bytecode_diff::sources;
use crate::{Outcome, oracle, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub fn main(mut args: Args) -> Outcome {
    let rounds: usize = args.parsed("--rounds", 3)?;
    let root = args.value("--root")?;
    args.rest()?;
    let reference = oracle::find()?;
    let root = root.map_or_else(|| reference.lib.clone(), PathBuf::from);
    let dir = workspace::scratch("bench-compile")?;
    let listing = dir.join("files.txt");
    workspace::write(&listing, &(sources(&root)?.join("\n") + "\n"))?;
    let script = workspace::root().join("xtask/scripts/bench_compile.py");
    let ask = |python: &Path| -> Outcome<Vec<f64>> {
        let mut command = Command::new(python);
        let said = said(command.arg(&script).arg(&root).arg(&listing).arg(rounds.to_string()))?;
        let number = |name: &str| {
            let rest = said.split(&format!("\"{name}\": ")).nth(1)?;
            rest.split([',', '}']).next()?.trim().parse::<f64>().ok()
        };
        let all: Option<Vec<f64>> = ["seconds", "files", "lines", "peak_mb"].into_iter().map(number).collect();
        all.ok_or_else(|| format!("{} said {said:?}", python.display()))
    };
    let theirs = ask(&reference.python)?;
    let ours = ask(&workspace::taipan()?)?;
    let parse = parse_alone(&root, &listing)?;
    println!("{} files, {} lines of {}", theirs[1], theirs[2], root.display());
    println!("                      seconds   lines/s      peak MB");
    for (name, row) in [("reference, compile()", &theirs), ("taipan, compile()", &ours)] {
        println!("{name:20} {:8.3} {:9.0} {:12.1}", row[0], row[2] / row[0], row[3]);
    }
    println!("{:20} {parse:8.3} {:9.0}", "taipan, parse alone", ours[2] / parse);
    println!(
        "compile(): {:.2} times the reference's speed, parsing alone {:.2} times, {:.2} of its memory",
        theirs[0] / ours[0],
        theirs[0] / parse,
        ours[3] / theirs[3]
    );
    Ok(())
}

fn said(command: &mut Command) -> Outcome<String> {
    let out = command.stderr(Stdio::inherit()).output().map_err(|e| format!("{command:?}: {e}"))?;
    if !out.status.success() {
        return Err(format!("{command:?} ended with {}", out.status));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Seconds to parse the files, by the compiler's example program.
fn parse_alone(root: &Path, listing: &Path) -> Outcome<f64> {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--release", "-p", "taipan-compiler", "--example", "codehash", "--", "--time"]);
    let text = said(command.arg(root).arg(listing))?;
    let seconds = text.strip_prefix("parse ").and_then(|rest| rest.split(' ').next()).and_then(|n| n.parse().ok());
    seconds.ok_or_else(|| format!("codehash --time said {text:?}"))
}
