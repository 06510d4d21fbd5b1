//! Finds the reference interpreter, a CPython 3.14 with its library and test-suite.

use crate::{Outcome, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A reference interpreter.
pub struct Reference {
    /// The executable.
    pub python: PathBuf,
    /// The folder of its standard library, with `test/` in it.
    pub lib: PathBuf,
    /// Its version, `3.14.N`.
    pub version: String,
}

const HOW: &str = "no reference interpreter found: set TAIPAN_REFERENCE to the path of a CPython 3.14 that has its \
test-suite (lib/python3.14/test), for example one built from python.org's sources, or installed by your distribution \
(packages python3.14 and libpython3.14-testsuite)";

/// The reference named by `TAIPAN_REFERENCE`, or the one that the installer beside the checkout provides.
pub fn find() -> Outcome<Reference> {
    if let Some(path) = std::env::var_os("TAIPAN_REFERENCE") {
        return inspect(Path::new(&path));
    }
    let Some(installer) = installer() else {
        return Err(HOW.to_owned());
    };
    let made = Command::new(&installer)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("{}: {e}", installer.display()))?;
    if !made.status.success() {
        return Err(format!("{} failed\n{HOW}", installer.display()));
    }
    let text = String::from_utf8_lossy(&made.stdout);
    let folder = text.lines().last().unwrap_or_default().trim();
    inspect(&Path::new(folder).join("bin/python3.14"))
}

/// The installer, which may stand beside the checkout (or beside the one that this is a worktree of).
fn installer() -> Option<PathBuf> {
    let said = Command::new("git")
        .args(["rev-parse", "--path-format=absolute", "--git-common-dir"])
        .current_dir(workspace::root())
        .output();
    let common = said.map_or_else(|_| String::new(), |out| String::from_utf8_lossy(&out.stdout).into_owned());
    let tops = [Some(workspace::root()), Path::new(common.trim()).parent()];
    let beside = tops.into_iter().flatten().map(|top| top.join("../shared/tools/get-oracle"));
    beside.into_iter().find(|path| path.exists())
}

/// True when there is a reference, or a way to get one.
pub fn within_reach() -> bool {
    std::env::var_os("TAIPAN_REFERENCE").is_some() || installer().is_some()
}

fn inspect(python: &Path) -> Outcome<Reference> {
    let ask = "import platform, sysconfig; print(platform.python_version()); print(sysconfig.get_path('stdlib'))";
    let said = Command::new(python)
        .args(["-I", "-c", ask])
        .output()
        .map_err(|e| format!("{}: {e}\n{HOW}", python.display()))?;
    let text = String::from_utf8_lossy(&said.stdout);
    let mut lines = text.lines();
    let (Some(version), Some(lib)) = (lines.next(), lines.next()) else {
        return Err(format!("{} does not answer like a Python\n{HOW}", python.display()));
    };
    if !version.starts_with("3.14.") {
        return Err(format!("{} is Python {version}, not 3.14\n{HOW}", python.display()));
    }
    Ok(Reference { python: python.to_path_buf(), lib: PathBuf::from(lib), version: version.to_owned() })
}

pub fn main(words: Vec<String>) -> Outcome {
    if let Some(odd) = words.first() {
        return Err(format!("takes no arguments, not {odd:?}"));
    }
    let reference = find()?;
    println!("{}", reference.python.display());
    eprintln!("CPython {}, library in {}", reference.version, reference.lib.display());
    if !reference.lib.join("test").is_dir() {
        eprintln!("warning: it has no test-suite; `conformance` cannot run with it");
    }
    Ok(())
}
