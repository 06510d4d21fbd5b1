//! CPython's own test-suite on Taipan, counted per test method and held against the reference and the checked-in lists.
//!
//! Each module runs in a process and a scratch folder of its own as `taipan -m unittest -v test.NAME`, with limits on time and
//! memory. Of the reference's library only `test/` is on its path. The verbose lines are counted, so a module that
//! dies half way still gets credit for what it passed.

use crate::args::Args;
use crate::oracle::{self, Reference};
use crate::process::{self, Exit, Limits};
use crate::results::Passing;
use crate::unittest_lines::{self, Tally};
use crate::{Outcome, workspace};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// One run of one module.
struct Run {
    tally: Tally,
    exit: Exit,
    secs: f64,
}

impl Run {
    fn passing(&self) -> Passing {
        Passing { secs: self.secs.ceil() as u32, rc: self.exit.to_string(), tests: self.tally.passed.clone() }
    }
}

/// What to run modules with.
struct Setup {
    python: PathBuf,
    lib: PathBuf,
    limits: Limits,
    logs: PathBuf,
}

fn folder(kind: &str) -> PathBuf {
    workspace::root().join("tests/conformance").join(kind)
}

/// The modules that have a list in a folder.
fn listed(kind: &str) -> Outcome<Vec<String>> {
    let dir = folder(kind);
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let files = workspace::walk(&dir, &[], &|p| p.extension().is_some_and(|e| e == "txt"))?;
    Ok(files.iter().filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned())).collect())
}

/// The test modules and packages of a library.
fn suite(lib: &Path) -> Outcome<Vec<String>> {
    let dir = lib.join("test");
    let entries = std::fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut names = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let Some(stem) = path.file_stem().and_then(|s| s.to_str()) else {
            continue;
        };
        let module = path.extension().is_some_and(|e| e == "py");
        if stem.starts_with("test_") && (module || path.join("__init__.py").exists()) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn run_module(setup: &Setup, module: &str) -> Outcome<Run> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("conf-{}-{number}", std::process::id()));
    let only = dir.join("only-test");
    let made = std::fs::create_dir_all(&only)
        .and_then(|()| std::os::unix::fs::symlink(setup.lib.join("test"), only.join("test")))
        .and_then(|()| File::create(dir.join("out.txt")).and_then(|f| Ok((f.try_clone()?, f))));
    let (out, err) = made.map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut command = Command::new(&setup.python);
    command
        .args(["-m", "unittest", "-v", &format!("test.{module}")])
        .current_dir(&dir)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("TMPDIR", &dir)
        .env("HOME", &dir)
        .env("PYTHONPATH", &only)
        .env_remove("PYTHONSTARTUP")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err);
    let ran = process::run(&mut command, setup.limits).map_err(|e| format!("{}: {e}", setup.python.display()));
    let text = std::fs::read(dir.join("out.txt")).map(|b| String::from_utf8_lossy(&b).into_owned());
    let _ = std::fs::remove_dir_all(&dir);
    let (exit, took) = ran?;
    let text = text.map_err(|e| format!("output of {module}: {e}"))?;
    workspace::write(&setup.logs.join(format!("{module}.log")), &text)?;
    Ok(Run { tally: unittest_lines::tally(&text), exit, secs: took.as_secs_f64() })
}

pub fn main(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    if args.flag("--check") {
        let budget = if args.flag("--all") { u32::MAX } else { args.parsed("--budget", CHECK_SECONDS)? };
        let jobs = args.parsed("-j", workspace::default_jobs())?;
        let modules = args.rest()?;
        return check(&modules, budget, jobs).map(|counts| counts.print());
    }
    let update = args.flag("--update");
    let of_reference = args.flag("--reference");
    let jobs = args.parsed("-j", workspace::default_jobs())?;
    let time = args.parsed("--timeout", 120.0)?;
    let gigabytes = args.parsed("--mem-gb", 4.0)?;
    let modules = args.rest()?;
    let reference = oracle::find()?;
    let modules = if modules.is_empty() { suite(&reference.lib)? } else { modules };
    let limits = limits(time, gigabytes);
    if of_reference {
        measure_reference(&reference, &modules, limits, jobs)
    } else {
        compare(&reference, &modules, limits, jobs, update)
    }
}

fn limits(seconds: f64, gigabytes: f64) -> Limits {
    Limits { time: Duration::from_secs_f64(seconds.max(0.1)), memory: Some((gigabytes * f64::from(1u32 << 30)) as u64) }
}

/// Runs the reference itself and writes its lists.
fn measure_reference(reference: &Reference, modules: &[String], limits: Limits, jobs: usize) -> Outcome {
    let setup = Setup {
        python: reference.python.clone(),
        lib: reference.lib.clone(),
        limits,
        logs: workspace::scratch("conformance-reference")?,
    };
    let runs = workspace::parallel(modules, jobs, |module| {
        let run = run_module(&setup, module)?;
        println!("{module:<40} {:>6} ok  rc {:<8} {:>7.1} s", run.passing().count(), run.exit, run.secs);
        run.passing().store(&folder("reference"), module)?;
        Ok(run.passing().count())
    });
    let total: u32 = runs.into_iter().collect::<Outcome<Vec<u32>>>()?.into_iter().sum();
    println!("{} modules, {total} tests ok", modules.len());
    Ok(())
}

/// Runs modules on Taipan and prints the table; with `update` the checked-in lists grow by what newly passes.
fn compare(reference: &Reference, modules: &[String], limits: Limits, jobs: usize, update: bool) -> Outcome {
    let setup = Setup {
        python: workspace::taipan()?,
        lib: reference.lib.clone(),
        limits,
        logs: workspace::scratch("conformance")?,
    };
    println!("{:<40} {:>9} {:>9} {:>7} {:>8} {:>7}", "module", "reference", "ours", "lost", "rc", "secs");
    let rows = workspace::parallel(modules, jobs, |module| {
        let run = run_module(&setup, module)?;
        let theirs = Passing::load(&folder("reference"), module)?.map_or(0, |p| p.count());
        let mut listed = Passing::load(&folder("passing"), module)?.unwrap_or_default();
        let ours = run.passing();
        let lost = listed.missing_from(&ours.tests).len();
        println!(
            "{module:<40} {theirs:>9} {:>9} {lost:>7} {:>8} {:>7.1}",
            ours.count(),
            run.exit.to_string(),
            run.secs
        );
        let mut gained = 0;
        if update && ours.count() > 0 {
            gained = listed.grow(&ours.tests);
            if gained > 0 {
                (listed.secs, listed.rc) = (ours.secs, ours.rc.clone());
                listed.store(&folder("passing"), module)?;
            }
        }
        Ok((theirs, ours.count(), lost, gained, run.exit == Exit::Code(0)))
    });
    let rows = rows.into_iter().collect::<Outcome<Vec<_>>>()?;
    let theirs: u32 = rows.iter().map(|r| r.0).sum();
    let ours: u32 = rows.iter().map(|r| r.1).sum();
    let lost: usize = rows.iter().map(|r| r.2).sum();
    let clean = rows.iter().filter(|r| r.4).count();
    println!(
        "{} modules: reference {theirs}, ours {ours} ({:.1} %), {clean} modules exit 0",
        rows.len(),
        100.0 * f64::from(ours) / f64::from(theirs.max(1)),
    );
    if update {
        println!("{} newly passing tests listed", rows.iter().map(|r| r.3).sum::<u32>());
    }
    println!("outputs are in {}", setup.logs.display());
    if lost > 0 { Err(format!("{lost} tests that are listed as passing did not pass")) } else { Ok(()) }
}

/// How many seconds of running time `--check` selects when nobody says.
pub const CHECK_SECONDS: u32 = 240;

/// Passes and failures of a step.
#[derive(Default)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl Counts {
    /// The closing line.
    pub fn print(&self) {
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}

/// Runs listed modules, the cheapest first, as many as the budget allows; every listed test in them must pass.
pub fn check(modules: &[String], budget: u32, jobs: usize) -> Outcome<Counts> {
    let mut costs = Vec::new();
    let mut left_out = 0;
    for module in listed("passing")? {
        if !modules.is_empty() && !modules.contains(&module) {
            continue;
        }
        if let Some(list) = Passing::load(&folder("passing"), &module)? {
            costs.push((list.secs.max(1), module, list));
        }
    }
    if costs.is_empty() {
        println!("conformance: no list of passing tests to hold the executable to");
        return Ok(Counts::default());
    }
    costs.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut spent = 0;
    costs.retain(|(secs, _, _)| {
        spent += secs;
        let keep = spent <= budget;
        left_out += usize::from(!keep);
        keep
    });
    // The long ones start first, so that no thread is left with one at the end.
    costs.reverse();
    let reference = oracle::find()?;
    let setup = Setup {
        python: workspace::taipan()?,
        lib: reference.lib,
        limits: limits(120.0, 4.0),
        logs: workspace::scratch("conformance")?,
    };
    let lost = workspace::parallel(&costs, jobs, |(_, module, list)| {
        let mut lost = list.missing_from(&run_module(&setup, module)?.tally.passed);
        if !lost.is_empty() {
            // Some tests of the suite depend on the machine's load: a second run decides.
            let again: BTreeMap<String, u32> = run_module(&setup, module)?.tally.passed;
            lost = list.missing_from(&again);
            if lost.is_empty() {
                println!("{module}: passed on the second run only");
            }
        }
        Ok((module, lost, list.tests.len()))
    });
    let mut counts = Counts::default();
    for row in lost {
        let (module, lost, total) = row?;
        for id in &lost {
            println!("{module}: no longer passes: {id}");
        }
        counts.failed += lost.len() as u64;
        counts.passed += (total - lost.len()) as u64;
    }
    println!("conformance: {} modules run, {left_out} left out for time", costs.len());
    if counts.failed > 0 {
        counts.print();
        return Err(format!("{} tests no longer pass; outputs are in {}", counts.failed, setup.logs.display()));
    }
    Ok(counts)
}
