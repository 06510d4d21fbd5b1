//! The proof that layouts, slots and exported symbols are right: an extension compiled against the reference's headers runs here.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders to include from: those of `TAIPAN_REFERENCE` (an interpreter), else of the one that `tools/get-oracle` puts into the cache.
fn headers() -> Option<Vec<PathBuf>> {
    let python = match std::env::var_os("TAIPAN_REFERENCE") {
        Some(p) => PathBuf::from(p),
        None => Path::new(&std::env::var_os("HOME")?).join(".cache/py-oracle/bin/python3.14"),
    };
    let include = python.parent()?.parent()?.join("include");
    let own = include.join("python3.14");
    own.join("Python.h").exists().then(|| vec![own, include])
}

#[test]
fn extension_modules_load_and_run() {
    let Some(include) = headers() else {
        println!("skipped: no headers of the reference (set TAIPAN_REFERENCE to its executable)");
        return;
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/capi");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ext.so");
    let compiled = Command::new("gcc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror"])
        .args(include.iter().map(|d| format!("-I{}", d.display())))
        .arg(tests.join("ext.c"))
        .arg("-o")
        .arg(&library)
        .status();
    match compiled {
        Ok(s) => assert!(s.success(), "the extension does not compile"),
        Err(e) => return println!("skipped: no C compiler ({e})"),
    }
    let out = Command::new(env!("CARGO_BIN_EXE_taipan"))
        .arg(tests.join("test_ext.py"))
        .arg(&library)
        .output()
        .expect("taipan starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && stdout.contains("extension ok"), "{}\n{stdout}{stderr}", out.status);
}
