//! Runs the programs of `tests/run/` and compares what they print with the outputs beside them, which the reference made.
//!
//! A program's `.out` holds its standard output, then `--- stderr` and its standard error if there is any, then `--- exit N` if N is
//! not 0. Comments in the program's head give it more: `# run: args A B`, `# run: env NAME=VALUE`,
//! `# run: stdin TEXT` (one line each), and `# run: gc-eager`, which runs it once more with a collector that works at every chance.

use crate::args::Args;
use crate::conformance::Counts;
use crate::process::{self, Limits};
use crate::{Outcome, oracle, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const LIMITS: Limits = Limits { time: Duration::from_secs(60), memory: Some(4 << 30) };

pub fn main(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let bless = args.flag("--bless");
    let jobs = args.parsed("-j", workspace::default_jobs())?;
    let filters = args.rest()?;
    let counts = if bless { write_outputs(&filters, jobs)? } else { run(&filters, jobs)? };
    counts.print();
    if counts.failed > 0 { Err(format!("{} tests failed", counts.failed)) } else { Ok(()) }
}

/// Runs the tests whose path holds one of the filters (all, without filters).
pub fn run(filters: &[String], jobs: usize) -> Outcome<Counts> {
    let taipan = workspace::taipan()?;
    let programs = programs(filters)?;
    let results = workspace::parallel(&programs, jobs, |path| {
        let directives = Directives::read(path)?;
        let want = workspace::read(&path.with_extension("out"))
            .map_err(|e| format!("{e}; `cargo xtask run-tests --bless` makes it"))?;
        let modes: &[Mode] = if directives.gc_eager { &[Mode::Plain, Mode::EagerCollector] } else { &[Mode::Plain] };
        for mode in modes {
            let got = output(&taipan, path, &directives, *mode)?;
            if got != want {
                return Err(format!("{}:\n{}", mode.name(), first_difference(&want, &got)));
            }
        }
        Ok(())
    });
    let mut counts = Counts::default();
    for (path, result) in programs.iter().zip(results) {
        match result {
            Ok(()) => counts.passed += 1,
            Err(text) => {
                counts.failed += 1;
                println!("FAILED {}: {text}", short(path));
            }
        }
    }
    Ok(counts)
}

/// Writes the `.out` files by running the reference.
fn write_outputs(filters: &[String], jobs: usize) -> Outcome<Counts> {
    let python = oracle::find()?.python;
    let programs = programs(filters)?;
    let results = workspace::parallel(&programs, jobs, |path| {
        let directives = Directives::read(path)?;
        let made = output(&python, path, &directives, Mode::Plain)?;
        if output(&python, path, &directives, Mode::Plain)? != made {
            return Err(format!("{} does not print the same twice", short(path)));
        }
        workspace::write(&path.with_extension("out"), &made)
    });
    results.into_iter().collect::<Outcome<Vec<()>>>()?;
    Ok(Counts { passed: programs.len() as u64, failed: 0 })
}

fn programs(filters: &[String]) -> Outcome<Vec<PathBuf>> {
    let dir = workspace::root().join("tests/run");
    // A folder `data` holds what programs read or import.
    let mut found = workspace::walk(&dir, &["data", "__pycache__"], &|p| p.extension().is_some_and(|e| e == "py"))?;
    found.retain(|p| filters.is_empty() || filters.iter().any(|f| short(p).contains(f.as_str())));
    if found.is_empty() { Err(format!("no test below {} fits", dir.display())) } else { Ok(found) }
}

fn short(path: &Path) -> String {
    path.strip_prefix(workspace::root()).unwrap_or(path).display().to_string()
}

#[derive(Clone, Copy)]
enum Mode {
    Plain,
    EagerCollector,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Plain => "plain run",
            Mode::EagerCollector => "with an eager collector",
        }
    }
}

#[derive(Default)]
struct Directives {
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: String,
    gc_eager: bool,
}

impl Directives {
    fn read(path: &Path) -> Outcome<Directives> {
        let mut directives = Directives::default();
        let text = workspace::read(path)?;
        for line in text.lines().take_while(|l| l.starts_with('#')) {
            let Some(rest) = line.strip_prefix("# run: ") else {
                continue;
            };
            let (word, value) = rest.split_once(' ').unwrap_or((rest, ""));
            match word {
                "args" => directives.args.extend(value.split_whitespace().map(str::to_owned)),
                "env" => {
                    let (name, value) =
                        value.split_once('=').ok_or_else(|| format!("{}: odd line {line:?}", short(path)))?;
                    directives.env.push((name.to_owned(), value.to_owned()));
                }
                "stdin" => directives.stdin += &format!("{value}\n"),
                "gc-eager" => directives.gc_eager = true,
                _ => return Err(format!("{}: odd line {line:?}", short(path))),
            }
        }
        Ok(directives)
    }
}

/// Runs one program and renders what it did as an `.out` file.
fn output(python: &Path, program: &Path, directives: &Directives, mode: Mode) -> Outcome<String> {
    let folder = program.parent().unwrap_or(Path::new("."));
    let name = program.file_name().unwrap_or_default();
    let stem = short(program).replace(['/', '.'], "-");
    let dir = workspace::scratch("run-tests")?.join(format!("{stem}-{}", std::process::id()));
    let fail = |e: std::io::Error| format!("{}: {e}", short(program));
    std::fs::create_dir_all(&dir).map_err(fail)?;
    std::fs::write(dir.join("in"), &directives.stdin).map_err(fail)?;
    let open = |name: &str| std::fs::File::create(dir.join(name));
    let mut command = Command::new(python);
    command
        .arg(name)
        .args(&directives.args)
        .current_dir(folder)
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONSTARTUP")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONIOENCODING", "utf-8")
        .env("NO_COLOR", "1")
        .env("TMPDIR", &dir)
        .envs(directives.env.iter().map(|(k, v)| (k, v)))
        .stdin(std::fs::File::open(dir.join("in")).map_or_else(|_| Stdio::null(), Stdio::from))
        .stdout(open("out").map_err(fail)?)
        .stderr(open("err").map_err(fail)?);
    if matches!(mode, Mode::EagerCollector) {
        command.env("TAIPAN_GC_EAGER", "1");
    }
    let ran = process::run(&mut command, LIMITS).map_err(|e| format!("{}: {e}", python.display()));
    let read = |name: &str| std::fs::read(dir.join(name)).map(|b| String::from_utf8_lossy(&b).into_owned());
    let (out, err) = (read("out"), read("err"));
    let _ = std::fs::remove_dir_all(&dir);
    let (exit, _) = ran?;
    let mut text = out.map_err(fail)?;
    let end_line = |text: &mut String| {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str("\n--- no newline\n");
        }
    };
    end_line(&mut text);
    let err = err.map_err(fail)?;
    if !err.is_empty() {
        text.push_str("--- stderr\n");
        text.push_str(&err);
        end_line(&mut text);
    }
    if exit != process::Exit::Code(0) {
        text.push_str(&format!("--- exit {exit}\n"));
    }
    Ok(normalise(&text, folder, python))
}

/// Replaces what may rightly differ: the folder of the test, the interpreter's path, addresses of objects.
fn normalise(text: &str, folder: &Path, python: &Path) -> String {
    let mut text = text.to_owned();
    let real = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    for (path, name) in [(folder, "{dir}"), (&real, "{dir}"), (python, "{python}")] {
        if let Some(path) = path.to_str() {
            text = text.replace(path, name);
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(" at 0x") {
        let digits = rest[at + 6..].find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len() - at - 6);
        out.push_str(&rest[..at]);
        // Short numbers are the program's own.
        out.push_str(if digits >= 8 { " at {address}" } else { &rest[at..at + 6 + digits] });
        rest = &rest[at + 6 + digits..];
    }
    out.push_str(rest);
    out
}

fn first_difference(want: &str, got: &str) -> String {
    let (mut wanted, mut gotten) = (want.lines(), got.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (wanted.next(), gotten.next()) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => return "  they differ in the ends of lines only".to_owned(),
            (a, b) => {
                let mut text = format!("  line {number}\n  - {}\n  + {}", a.unwrap_or("(end)"), b.unwrap_or("(end)"));
                if let Some(err) = got.split_once("--- stderr\n") {
                    let tail: Vec<&str> = err.1.lines().rev().take(6).collect();
                    tail.iter().rev().for_each(|line| text += &format!("\n    {line}"));
                }
                return text;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_are_hidden() {
        let text = "File \"/a/b/t.py\", <object at 0x7f00deadbeef>, at 0x10 /bin/py";
        let hidden = normalise(text, Path::new("/a/b"), Path::new("/bin/py"));
        assert_eq!(hidden, "File \"{dir}/t.py\", <object at {address}>, at 0x10 {python}");
    }
}
