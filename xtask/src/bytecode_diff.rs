//! Compares the code objects of whole source trees between Taipan and the reference.

use crate::args::Args;
use crate::oracle::{self, Reference};
use crate::{Outcome, workspace};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

pub fn main(words: Vec<String>) -> Outcome {
    let mut args = Args::new(words);
    let list_all = args.flag("--list");
    let root = args.value("--root")?;
    let (optimize, mode) = (args.parsed("--optimize", 0u8)?, args.parsed("--mode", "exec".to_owned())?);
    if optimize > 2 || !["exec", "eval", "single"].contains(&mode.as_str()) {
        return Err("--optimize takes 0, 1 or 2; --mode takes exec, eval or single".to_owned());
    }
    let mut how = vec![format!("--optimize={optimize}"), format!("--mode={mode}")];
    if args.flag("--tree") {
        how.push("--tree".to_owned());
    }
    let chosen = args.rest()?;
    let reference = oracle::find()?;
    let root = match root {
        Some(dir) => std::fs::canonicalize(&dir).map_err(|e| format!("{dir}: {e}"))?,
        None => reference.lib.clone(),
    };
    let mut files = sources(&root)?;
    if !chosen.is_empty() {
        files.retain(|f| chosen.iter().any(|c| f == c || f.starts_with(&format!("{}/", c.trim_end_matches('/')))));
    }
    let dir = workspace::scratch("bytecode-diff")?;
    let listing = dir.join(format!("files-{}.txt", std::process::id()));
    workspace::write(&listing, &(files.join("\n") + "\n"))?;
    let theirs = reference_digests(&reference, &how, &root, &listing, &files, &dir, chosen.is_empty());
    let ours = our_command(&how).and_then(|(mut command, name)| {
        println!("comparing {} files of {} with {name}, {}", files.len(), root.display(), how.join(" "));
        digests(&mut command, &root, &listing)
    });
    let _ = std::fs::remove_file(&listing);
    report(&files, &theirs?, &ours?, list_all)
}

/// Every Python source below the root, relative to it.
pub fn sources(root: &Path) -> Outcome<Vec<String>> {
    let skip = ["__pycache__", "lib-dynload", "site-packages", "dist-packages"];
    let found = workspace::walk(root, &skip, &|p| p.extension().is_some_and(|e| e == "py"))?;
    Ok(found.iter().filter_map(|p| Some(p.strip_prefix(root).ok()?.to_str()?.to_owned())).collect())
}

fn script() -> PathBuf {
    workspace::root().join("xtask/scripts/codehash.py")
}

/// The executable with the digest script or, until it exists, the compiler's own example program.
fn our_command(how: &[String]) -> Outcome<(Command, String)> {
    if workspace::has_executable() || std::env::var_os("TAIPAN").is_some() {
        let taipan = workspace::taipan()?;
        let name = taipan.display().to_string();
        let mut command = Command::new(taipan);
        command.arg(script()).args(how);
        return Ok((command, name));
    }
    if how == ["--optimize=0", "--mode=exec"] && workspace::root().join("crates/compiler/examples/codehash.rs").exists()
    {
        let mut command = workspace::cargo();
        command.args(["run", "--quiet", "--release", "-p", "taipan-compiler", "--example", "codehash", "--"]);
        return Ok((command, "the compiler's example program".to_owned()));
    }
    Err("there is neither an executable nor the compiler's example `codehash` yet".to_owned())
}

type Digests = BTreeMap<String, String>;

fn digests(command: &mut Command, root: &Path, listing: &Path) -> Outcome<Digests> {
    let said = command
        .arg(root)
        .arg(listing)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|e| format!("{command:?}: {e}"))?;
    if !said.status.success() {
        // What it printed still counts: the files after a crash show as missing.
        eprintln!("{command:?} ended with {}", said.status);
    }
    let text = String::from_utf8_lossy(&said.stdout);
    let rows = text.lines().filter_map(|line| line.split_once('\t'));
    Ok(rows.map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect())
}

/// The reference's digests, kept in the build folder as long as no source is newer.
fn reference_digests(
    reference: &Reference,
    how: &[String],
    root: &Path,
    listing: &Path,
    files: &[String],
    dir: &Path,
    all: bool,
) -> Outcome<Digests> {
    let tag: String = root.to_string_lossy().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let cache = dir.join(format!("reference-{}{tag}{}.txt", reference.version, how.concat()));
    let changed = |path: &Path| path.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::now());
    if let (Ok(text), Ok(made)) = (std::fs::read_to_string(&cache), cache.metadata().and_then(|m| m.modified())) {
        let rows = text.lines().filter_map(|line| line.split_once('\t'));
        let known: Digests = rows.map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect();
        let fresh = changed(&script()) < made;
        if fresh && files.iter().all(|f| known.contains_key(f) && changed(&root.join(f)) < made) {
            return Ok(known);
        }
    }
    let digests = digests(Command::new(&reference.python).arg(script()).args(how), root, listing)?;
    if !all {
        return Ok(digests);
    }
    let text: String = digests.iter().map(|(name, rest)| format!("{name}\t{rest}\n")).collect();
    workspace::write(&cache, &text)?;
    Ok(digests)
}

fn report(files: &[String], theirs: &Digests, ours: &Digests, list_all: bool) -> Outcome {
    let mut different = Vec::new();
    let (mut objects, mut equal_objects) = (0usize, 0usize);
    for name in files {
        let (Some(want), got) = (theirs.get(name), ours.get(name)) else {
            different.push(format!("{name}: the reference says nothing"));
            continue;
        };
        let codes = split_codes(want);
        objects += codes.len();
        let Some(got) = got else {
            different.push(format!("{name}: no answer"));
            continue;
        };
        if got == want {
            equal_objects += codes.len();
            continue;
        }
        let mine = split_codes(got);
        if codes.is_empty() || mine.is_empty() {
            different.push(format!("{name}: {} instead of {}", short(got), short(want)));
            continue;
        }
        let same = codes.iter().zip(&mine).filter(|(a, b)| a == b).count();
        equal_objects += same;
        different.push(format!(
            "{name}: {} of {} code objects differ",
            codes.len().max(mine.len()) - same,
            codes.len()
        ));
    }
    let shown = if list_all { different.len() } else { 20 };
    different.iter().take(shown).for_each(|line| println!("  {line}"));
    if different.len() > shown {
        println!("  ... and {} more (--list shows all)", different.len() - shown);
    }
    println!(
        "{} files, {} equal, {} differ; {objects} code objects, {} differ",
        files.len(),
        files.len() - different.len(),
        different.len(),
        objects - equal_objects
    );
    if different.is_empty() { Ok(()) } else { Err("code objects differ from the reference's".to_owned()) }
}

/// The digests of a row `COUNT TAB DIGEST..`; none where the row is an error.
fn split_codes(row: &str) -> Vec<&str> {
    match row.split_once('\t') {
        Some((count, codes)) if count.parse::<usize>().is_ok() => codes.split(' ').collect(),
        _ => Vec::new(),
    }
}

fn short(row: &str) -> String {
    row.replace('\t', " ").chars().take(160).collect()
}
