//! Lists the files of a library folder.

use std::collections::BTreeMap;
use std::path::Path;

/// Contents of the library's files by their path in it, with `/`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Folders that are no part of the library proper: tests, programs, what belongs to one installation.
const SKIPPED_FOLDERS: &[&str] =
    &["__pycache__", "test", "tests", "idlelib", "turtledemo", "lib-dynload", "site-packages", "dist-packages"];

/// Files that are no part of CPython's library, or of no use inside an executable.
const SKIPPED_FILES: &[&str] = &[
    "README.md",
    "EXTERNALLY-MANAGED",
    "PSF-LICENSE",
    "LICENSE.txt",
    // Debian's
    "_distutils_system_mod.py",
    // RustPython's
    "_dummy_os.py",
    "_dummy_thread.py",
    "_pycodecs.py",
    "dummy_threading.py",
];

/// Everything below the folder that belongs to the library.
pub fn library(folder: &Path) -> Result<Files, String> {
    let mut files = Files::new();
    enter(folder, "", &mut files)?;
    if !files.contains_key("os.py") {
        return Err(format!("{} holds no Python library", folder.display()));
    }
    Ok(files)
}

/// Adds the files of our own folder, which must not stand in the library already.
pub fn add_missing(files: &mut Files, folder: &Path) -> Result<(), String> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut ours = Files::new();
    enter(folder, "", &mut ours)?;
    for (path, bytes) in ours {
        // A library given by TAIPAN_LIB may have the module itself; its own goes first.
        files.entry(path).or_insert(bytes);
    }
    Ok(())
}

fn enter(folder: &Path, prefix: &str, files: &mut Files) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = entry.path();
        let inner = format!("{prefix}{name}");
        // Symbolic links are followed: distributions make parts of the library of them.
        let Ok(kind) = path.metadata() else { continue };
        if kind.is_dir() {
            if !SKIPPED_FOLDERS.contains(&name.as_str()) && !name.starts_with("config-") {
                enter(&path, &format!("{inner}/"), files)?;
            }
        } else if !SKIPPED_FILES.contains(&inner.as_str()) && !name.ends_with(".pyc") {
            let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            files.insert(inner, bytes);
        }
    }
    Ok(())
}
