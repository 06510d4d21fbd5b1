//! Where things are: prefixes, the library, `sys.path` (see "The initialization of the sys.path module search path").

use crate::config::Config;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What `sys` is told of places.
#[derive(Debug, Default)]
pub struct Paths {
    /// `sys.executable`
    pub executable: String,
    /// `sys.prefix`, which a virtual environment replaces.
    pub prefix: String,
    /// `sys.base_prefix`
    pub base_prefix: String,
    /// The library's folder: a real one, or the one that stands for the packed library.
    pub stdlib: String,
    /// Whether that folder exists on disk and takes precedence.
    pub on_disk: bool,
    /// `sys.path` without the program's own folder.
    pub search: Vec<String>,
}

fn text(p: impl AsRef<OsStr>) -> String {
    p.as_ref().to_string_lossy().into_owned()
}

/// The executable as it was called, found on PATH where it was called by name.
fn executable(argv0: &OsStr) -> PathBuf {
    let p = Path::new(argv0);
    if p.components().count() > 1 {
        return std::env::current_dir().map_or_else(|_| p.to_owned(), |d| d.join(p.strip_prefix("./").unwrap_or(p)));
    }
    if let Some(path) = std::env::var_os("PATH") {
        for dir in std::env::split_paths(&path) {
            let candidate = dir.join(p);
            if candidate.is_file() {
                return candidate;
            }
        }
    }
    std::env::current_exe().unwrap_or_default()
}

/// `home = ...` of a `pyvenv.cfg` beside the executable or one folder up, with that folder.
fn venv(exe: &Path) -> Option<(PathBuf, PathBuf)> {
    let dir = exe.parent()?;
    for d in [Some(dir), dir.parent()].into_iter().flatten() {
        let Ok(cfg) = std::fs::read_to_string(d.join("pyvenv.cfg")) else { continue };
        for line in cfg.lines() {
            if let Some((k, v)) = line.split_once('=')
                && k.trim().eq_ignore_ascii_case("home")
            {
                return Some((d.to_owned(), PathBuf::from(v.trim())));
            }
        }
        return Some((d.to_owned(), dir.to_owned()));
    }
    None
}

/// Computes all places.
pub fn compute(c: &Config) -> Paths {
    let argv0 = c.orig_argv.first().cloned().unwrap_or_else(|| OsString::from("taipan"));
    let exe = executable(&argv0);
    let env = |name: &str| if c.ignore_environment { None } else { std::env::var_os(name).filter(|v| !v.is_empty()) };
    let venv = venv(&exe);
    let real = match &venv {
        Some((_, home)) => home.clone(),
        None => {
            let resolved = std::fs::canonicalize(&exe).unwrap_or_else(|_| exe.clone());
            resolved.parent().map(Path::to_owned).unwrap_or_default()
        }
    };
    let base = match env("PYTHONHOME") {
        Some(h) => PathBuf::from(text(h).split(':').next().unwrap_or_default()),
        // `PREFIX/bin/taipan`, or an executable alone in its folder.
        None if real.file_name().is_some_and(|n| n == "bin") => real.parent().map(Path::to_owned).unwrap_or_default(),
        None => real.clone(),
    };
    let stdlib = base.join("lib").join("python3.14");
    let on_disk = stdlib.join("os.py").is_file();
    let mut search = Vec::new();
    if let Some(p) = env("PYTHONPATH") {
        search.extend(text(p).split(':').map(str::to_owned));
    }
    search.push(text(base.join("lib").join("python314.zip")));
    search.push(text(&stdlib));
    let dynload = stdlib.join("lib-dynload");
    if dynload.is_dir() {
        search.push(text(dynload));
    }
    let base_prefix = text(&base);
    let prefix = venv.map_or_else(|| base_prefix.clone(), |(d, _)| text(d));
    Paths { executable: text(&exe), prefix, base_prefix, stdlib: text(&stdlib), on_disk, search }
}
