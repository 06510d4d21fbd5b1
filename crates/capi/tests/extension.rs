//! Compiles a C extension and runs it.
