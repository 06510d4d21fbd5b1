//! Compiles the variadic functions of the C API, which Rust cannot define, and exports the C symbols of the test executables.

fn main() {
    for f in ["shim/variadic.c", "shim/format.c", "shim/getargs.c", "shim/buildvalue.c", "shim/shim.h"] {
        println!("cargo::rerun-if-changed={f}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    cc::Build::new()
        .files(["shim/variadic.c", "shim/format.c", "shim/getargs.c", "shim/buildvalue.c"])
        .flag_if_supported("-fno-strict-aliasing")
        .warnings(true)
        .extra_warnings(true)
        .compile("taipan_capi_shim");
    for pattern in ["Py*", "_Py*"] {
        println!("cargo::rustc-link-arg-tests=-Wl,--export-dynamic-symbol={pattern}");
    }
}
