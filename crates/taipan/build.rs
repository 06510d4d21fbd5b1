//! How the executable is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Extension modules find the C symbols in the executable.
    for pattern in ["Py*", "_Py*"] {
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol={pattern}");
    }
    // At a fixed address nothing is relocated at start-up: static types keep clean pages, as in CPython's own builds.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
