//! Compiles the variadic functions of the C API, which Rust cannot define.

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
}
