//! What CPython's own test-suite looks at the interpreter with: `_testinternalcapi` (`internal.rs`) and `_testcapi` (`capi.rs`;
//! `docstrings.rs`: functions with every sort of docstring; `monitoring.rs`: events fired from native code). Only what is really
//! there: a function that these modules do not have is one that this interpreter cannot yet offer.

pub mod capi;
mod docstrings;
pub mod internal;
mod monitoring;
