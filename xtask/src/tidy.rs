//! Rules that the compiler does not check: arrows between crates, sizes of files, freshness of what is generated.

use crate::args::Args;
use crate::conformance::Counts;
use crate::manifest::{self, Package};
use crate::{Outcome, oracle, workspace};
use std::path::Path;
use std::process::Command;

/// Which of our crates a crate may use. `docs/architecture.md` gives the reasons. Tests may use anything.
const ARROWS: &[(&str, &[&str])] = &[
    ("taipan-syntax", &["taipan-unicode", "taipan-numeric"]),
    ("taipan-bytecode", &[]),
    ("taipan-unicode", &[]),
    ("taipan-numeric", &[]),
    ("taipan-sre", &["taipan-unicode"]),
    ("taipan-xml", &[]),
    ("taipan-clinic", &[]),
    ("taipan-host", &[]),
    ("taipan-compiler", &["taipan-syntax", "taipan-bytecode", "taipan-numeric", "taipan-unicode"]),
    ("taipan-stdlib", &["taipan-compiler", "taipan-bytecode", "taipan-syntax"]),
    ("taipan-object", &["taipan-host", "taipan-clinic", "taipan-unicode", "taipan-numeric"]),
    (
        "taipan-vm",
        &[
            "taipan-object",
            "taipan-bytecode",
            "taipan-compiler",
            "taipan-syntax",
            "taipan-clinic",
            "taipan-host",
            "taipan-unicode",
            "taipan-numeric",
        ],
    ),
    ("taipan-capi", &["taipan-object", "taipan-vm", "taipan-numeric"]),
    ("taipan-jit", &["taipan-object", "taipan-bytecode"]),
    ("xtask", &[]),
];

/// What the crates below `crates/modules/` may use: the public side of the object model, pure algorithms, the opcode table, and
/// what sockets share with streams.
const MODULE_ARROWS: &[&str] = &[
    "taipan-bytecode",
    "taipan-object",
    "taipan-clinic",
    "taipan-host",
    "taipan-unicode",
    "taipan-numeric",
    "taipan-sre",
    "taipan-xml",
    "taipan-modules-io",
];

/// Module crates that show what lies inside, beyond that.
const INSIDE: (&str, &[&str]) =
    ("taipan-modules-testing", &["taipan-capi", "taipan-modules-data", "taipan-modules-introspect"]);

/// Module crates that truly need frames or the compiler, and so may also use `taipan-vm` and the front end.
const MODULES_ON_VM: &[&str] =
    &["taipan-modules-data", "taipan-modules-introspect", "taipan-modules-testing", "taipan-modules-text"];

/// The only crate that knows all the others.
const TOP: &str = "taipan";

const LINES_PER_FILE: usize = 1200;

/// Files that may be longer, and why.
const LONG_FILES: &[(&str, &str)] = &[("crates/unicode/src/tables.rs", "generated: Unicode's properties as tables")];

/// Scripts that the reference runs to write files which are checked in. With `--check` each says whether they are fresh.
const GENERATORS: &[(&str, &str)] =
    &[("Unicode's tables", "crates/unicode/gen/tables.py"), ("tables of the CJK codecs", "crates/unicode/gen/cjk.py")];

/// Texts that have no place in the sources. They are put together here so that this file does not hold them.
fn forbidden() -> Vec<(String, &'static str)> {
    let mut list = vec![
        (["/ro", "ot/"].concat(), "a path of one machine"),
        (["/ho", "me/"].concat(), "a path of one machine"),
        (["/wo", "rk/"].concat(), "a path of one machine"),
    ];
    for (head, tail) in [("to", "do!("), ("unimple", "mented!("), ("db", "g!(")] {
        list.push(([head, tail].concat(), "what is missing raises an error that says so"));
    }
    list
}

/// Folders of data in which any text may occur.
const DATA: &[&str] = &["tests/conformance/"];

pub fn main(words: Vec<String>) -> Outcome {
    Args::new(words).rest()?;
    let counts = run()?;
    counts.print();
    if counts.failed > 0 { Err(format!("{} rules broken", counts.failed)) } else { Ok(()) }
}

/// Checks everything; prints what is wrong.
pub fn run() -> Outcome<Counts> {
    let packages = manifest::packages()?;
    let files = tracked_files()?;
    let rules: [(&str, Vec<String>); 7] = [
        ("arrows between crates", packages.iter().flat_map(arrows).collect()),
        (
            "shared lints",
            packages
                .iter()
                .filter(|p| !p.shares_lints)
                .map(|p| format!("{}: no `[lints] workspace = true`", p.name))
                .collect(),
        ),
        ("file sizes", file_sizes(&files)?),
        ("forbidden texts", forbidden_texts(&files)?),
        ("generated files", generated()?),
        ("dependencies explained", dependencies(&packages)?),
        ("documents", documents()?),
    ];
    let mut counts = Counts::default();
    for (rule, wrong) in rules {
        if wrong.is_empty() {
            counts.passed += 1;
        } else {
            counts.failed += 1;
            println!("tidy: {rule}:");
            wrong.iter().for_each(|line| println!("  {line}"));
        }
    }
    Ok(counts)
}

/// The files that git knows or would take, relative to the top.
fn tracked_files() -> Outcome<Vec<String>> {
    let said = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(workspace::root())
        .output()
        .map_err(|e| format!("git: {e}"))?;
    if !said.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&said.stderr).trim()));
    }
    let text = String::from_utf8_lossy(&said.stdout);
    let mut names: Vec<String> = text.split('\0').filter(|n| !n.is_empty()).map(str::to_owned).collect();
    names.retain(|n| workspace::root().join(n).is_file());
    names.sort();
    names.dedup();
    Ok(names)
}

fn arrows(package: &Package) -> Vec<String> {
    let ours = |name: &&String| *name == TOP || *name == "xtask" || name.starts_with("taipan-");
    if package.name == TOP {
        return Vec::new();
    }
    let in_modules = package.dir.parent().is_some_and(|p| p.ends_with("crates/modules"));
    let listed = ARROWS.iter().find(|(name, _)| *name == package.name).map(|(_, may)| *may);
    let Some(may) = (if in_modules { Some(MODULE_ARROWS) } else { listed }) else {
        return vec![format!("{} has no row in the table of xtask/src/tidy.rs", package.name)];
    };
    let on_vm = in_modules && MODULES_ON_VM.contains(&package.name.as_str());
    let allowed = |name: &str| {
        let inside = package.name == INSIDE.0 && INSIDE.1.contains(&name);
        may.contains(&name) || inside || (on_vm && matches!(name, "taipan-vm" | "taipan-compiler" | "taipan-syntax"))
    };
    let wrong = package.dependencies.iter().filter(ours).filter(|name| !allowed(name));
    wrong.map(|name| format!("{} must not use {name}", package.name)).collect()
}

fn file_sizes(files: &[String]) -> Outcome<Vec<String>> {
    let mut wrong = Vec::new();
    for name in files.iter().filter(|n| n.ends_with(".rs")) {
        let lines = workspace::read(&workspace::root().join(name))?.lines().count();
        let excused = LONG_FILES.iter().any(|(path, _)| path == name);
        if lines > LINES_PER_FILE && !excused {
            wrong.push(format!("{name} has {lines} lines, more than {LINES_PER_FILE}: it holds two things"));
        }
    }
    for (path, _) in LONG_FILES {
        if !files.iter().any(|n| n == path) {
            wrong.push(format!("{path} is excused for its length but does not exist"));
        }
    }
    Ok(wrong)
}

fn forbidden_texts(files: &[String]) -> Outcome<Vec<String>> {
    let list = forbidden();
    let mut wrong = Vec::new();
    for name in files.iter().filter(|n| !DATA.iter().any(|d| n.starts_with(d))) {
        let path = workspace::root().join(name);
        let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            for (word, why) in &list {
                if line.contains(word.as_str()) {
                    wrong.push(format!("{name}:{}: {word:?}: {why}", number + 1));
                }
            }
        }
    }
    Ok(wrong)
}

fn generated() -> Outcome<Vec<String>> {
    if !oracle::within_reach() {
        println!("tidy: no reference: whether generated files are fresh is not checked");
        return Ok(Vec::new());
    }
    let python = oracle::find()?.python;
    let mut wrong = Vec::new();
    for (what, script) in GENERATORS {
        let said = Command::new(&python)
            .args([script, "--check"])
            .current_dir(workspace::root())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .map_err(|e| format!("{}: {e}", python.display()))?;
        if !said.status.success() {
            let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
            wrong.push(format!("{what} are stale: run {} {script}\n{}", python.display(), text.trim_end()));
        }
    }
    Ok(wrong)
}

fn dependencies(packages: &[Package]) -> Outcome<Vec<String>> {
    let text = workspace::read(&workspace::root().join("docs/dependencies.md"))?;
    let mut wrong = Vec::new();
    let mut used = Vec::new();
    for package in packages {
        for name in package.dependencies.iter().chain(&package.dev_dependencies) {
            if name == TOP || name.starts_with("taipan-") {
                continue;
            }
            used.push(name.clone());
            if !text.lines().any(|l| l.starts_with(&format!("| `{name}` |"))) {
                wrong.push(format!("{name}, used by {}, has no row in docs/dependencies.md", package.name));
            }
        }
    }
    for line in text.lines().filter_map(|l| l.strip_prefix("| `")) {
        let name = line.split('`').next().unwrap_or_default();
        if !used.iter().any(|u| u == name) {
            wrong.push(format!("docs/dependencies.md has a row for {name}, which nothing uses"));
        }
    }
    Ok(wrong)
}

fn documents() -> Outcome<Vec<String>> {
    let root = workspace::root();
    let must = [
        ("README.md", "cargo xtask test"),
        ("CHANGELOG.md", "## [Unreleased]"),
        ("LICENSE-MIT", "MIT License"),
        ("LICENSE-APACHE", "Apache License"),
        ("LICENSE-PSF", "PYTHON SOFTWARE FOUNDATION LICENSE"),
        ("docs/architecture.md", "# "),
        ("docs/dependencies.md", "# "),
        ("docs/roadmap.md", "# "),
    ];
    let lacks = |(name, needle): &&(&str, &str)| !workspace::read(&root.join(name)).is_ok_and(|t| t.contains(needle));
    let mut wrong: Vec<String> = must
        .iter()
        .filter(lacks)
        .map(|(name, needle)| format!("{name} is missing or does not hold {needle:?}"))
        .collect();
    wrong.extend(dead_links(root)?);
    Ok(wrong)
}

/// Relative links of the documents that lead nowhere.
fn dead_links(root: &Path) -> Outcome<Vec<String>> {
    let mut documents = workspace::walk(&root.join("docs"), &[], &|p| p.extension().is_some_and(|e| e == "md"))?;
    documents.push(root.join("README.md"));
    let mut wrong = Vec::new();
    for document in documents {
        let text = workspace::read(&document)?;
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#', '\n']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let folder = document.parent().unwrap_or(root);
            if !folder.join(target).exists() {
                wrong.push(format!("{}: dead link {target}", document.display()));
            }
        }
    }
    Ok(wrong)
}
