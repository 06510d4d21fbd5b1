//! Native modules: strings, patterns, encodings and formats.
#![allow(non_upper_case_globals)]

pub mod binascii;
pub mod codecs;
pub mod csv;
pub mod elementtree;
pub mod json;
pub mod multibytecodec;
pub mod pyexpat;
pub mod sre;
pub mod string;
pub mod unicodedata;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[
    &codecs::MODULE,
    &string::MODULE,
    &sre::MODULE,
    &json::MODULE,
    &binascii::MODULE,
    &unicodedata::MODULE,
    &csv::MODULE,
    &pyexpat::MODULE,
    &elementtree::MODULE,
    &multibytecodec::MODULE,
    &multibytecodec::CN,
    &multibytecodec::HK,
    &multibytecodec::ISO2022,
    &multibytecodec::JP,
    &multibytecodec::KR,
    &multibytecodec::TW,
];
