//! Packs the pure-Python library: finds it, mends it, compiles it, compresses it, writes an index.

mod collect;
mod compile;
mod pack;
mod patches;

use std::path::{Path, PathBuf};

fn main() {
    if let Err(text) = run() {
        // Cargo shows this after `cargo:error` even where the output of build scripts is hidden.
        println!("cargo:error={}", text.replace('\n', " | "));
        std::process::exit(1);
    }
}

fn run() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed=TAIPAN_LIB");
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=patches");
    println!("cargo:rerun-if-changed=lib");
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let given = std::env::var_os("TAIPAN_LIB").filter(|v| !v.is_empty()).map(PathBuf::from);
    let mut files = match &given {
        Some(folder) => {
            println!("cargo:rerun-if-changed={}", folder.join("os.py").display());
            collect::library(folder)?
        }
        None => {
            let mut files = collect::library(Path::new(rustpython_pylib::LIB_PATH))?;
            patches::apply(&mut files, &here.join("patches"))?;
            files
        }
    };
    // Modules that the library lacks, and that are ours.
    collect::add_missing(&mut files, &here.join("lib"))?;
    let packed = pack::pack(&files)?;
    packed.write(&out)
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|e| format!("{name}: {e}"))
}
