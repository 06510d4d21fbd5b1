//! `_string`: parsing of format strings, for `string.Formatter`.

use taipan_object::types::module::ModuleDef;
use taipan_object::types::str::format;
use taipan_object::{Object, PyResult, function, methods};

/// Iterate over the pieces of a format string: (literal text, field name, format spec, conversion).
#[function(signature = "(object, /)")]
fn formatter_parser(object: &Object) -> PyResult {
    format::formatter_parser(object)
}

/// Split a field name into its first part and an iterator over the rest.
#[function(signature = "(object, /)")]
fn formatter_field_name_split(object: &Object) -> PyResult {
    format::formatter_field_name_split(object)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_string",
    doc: "Parsing of format strings.",
    methods: methods![formatter_parser, formatter_field_name_split],
    exec: |_| Ok(()),
};
