//! The pure-Python standard library, embedded.
