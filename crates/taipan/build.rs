//! Exports the C symbols of the executable, so that extension modules find them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for pattern in ["Py*", "_Py*"] {
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol={pattern}");
    }
}
