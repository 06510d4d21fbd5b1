//! `pyexpat`: the XML parser with its handlers.
//!
//! - `parser.rs`: `xmlparser` and its methods; `handlers.rs`: the table of handlers; `dispatch.rs`: events to calls;
//!   `constants.rs`: `pyexpat.errors` and `pyexpat.model`; `encodings.rs`: encodings that the parser does not know

mod constants;
pub(crate) mod dispatch;
pub(crate) mod encodings;
mod handlers;
mod parser;

use taipan_object::args::Given;
use taipan_object::typeobj::ready::ready;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::Exception;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, bail, function, methods, native};
use taipan_xml::Code;

/// The version of expat whose behaviour this is.
const VERSION: (i64, i64, i64) = (2, 9, 0);

/// Returns a new XML parser.
#[function(name = "ParserCreate", signature = "(encoding=None, namespace_separator=None, intern=<unrepresentable>)")]
fn parser_create(encoding: Option<&Object>, namespace_separator: Option<&Object>, intern: Given<&Object>) -> PyResult {
    let string = |name: &str, o: Option<&Object>| -> PyResult<Option<taipan_object::Ref<Str>>> {
        match o.map(|o| (o, o.downcast::<Str>())) {
            None => Ok(None),
            Some((_, Some(s))) => Ok(Some(taipan_object::Ref::from_borrowed(s))),
            Some((o, None)) => {
                bail!(TypeError, "ParserCreate() argument '{name}' must be str or None, not {}", o.ty().name_str())
            }
        }
    };
    let encoding = string("encoding", encoding)?;
    let encoding = encoding.as_ref().map(|s| s.to_utf8()).transpose()?;
    let namespace_separator = string("namespace_separator", namespace_separator)?;
    let separator = match namespace_separator {
        None => None,
        Some(s) => {
            let text = s.to_utf8()?;
            if text.len() > 1 {
                bail!(ValueError, "namespace_separator must be at most one character, omitted, or None");
            }
            Some(text.bytes().next())
        }
    };
    let intern = match intern.0 {
        None => Some(Dict::new().into_obj()),
        Some(o) if o.is_none() => None,
        Some(o) if o.downcast::<Dict>().is_some() => Some(o.to_obj()),
        Some(_) => bail!(TypeError, "intern must be a dictionary"),
    };
    parser::make(taipan_xml::Parser::new(encoding, separator), intern)
}

/// Returns the text of an error code.
#[function(name = "ErrorString", signature = "(code, /)")]
fn error_string(code: i64) -> Option<&'static str> {
    Code::text_of(code)
}

fn features() -> PyResult<Obj> {
    let rows: [(&str, i64); 9] = [
        ("sizeof(XML_Char)", 1),
        ("sizeof(XML_LChar)", 1),
        ("XML_DTD", 0),
        ("XML_CONTEXT_BYTES", 1024),
        ("XML_NS", 0),
        ("XML_BLAP_MAX_AMP", 100),
        ("XML_BLAP_ACT_THRES", 8 << 20),
        ("XML_GE", 0),
        ("XML_AT_MAX_AMP", 100),
    ];
    let list = List::new();
    for (name, value) in rows {
        list.push(Tuple::new(&[&Str::from_utf8(name), &Int::from_i64(value)]).into_obj())?;
    }
    Ok(list.into_obj())
}

fn exec(m: &Module) -> PyResult<()> {
    ready(&parser::XmlParser_Type)?;
    m.add("XMLParserType", parser::XmlParser_Type.as_object())?;
    let error = make_error()?;
    m.add("error", &error)?;
    m.add("ExpatError", &error)?;
    let (a, b, c) = VERSION;
    m.add_str("EXPAT_VERSION", &format!("expat_{a}.{b}.{c}"))?;
    m.add("version_info", &Tuple::new(&[&Int::from_i64(a), &Int::from_i64(b), &Int::from_i64(c)]))?;
    m.add_str("native_encoding", "UTF-8")?;
    let list = features()?;
    m.add("features", &list)?;
    m.add_int("XML_PARAM_ENTITY_PARSING_NEVER", 0)?;
    m.add_int("XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE", 1)?;
    m.add_int("XML_PARAM_ENTITY_PARSING_ALWAYS", 2)?;
    constants::add(m)
}

fn make_error() -> PyResult<Obj> {
    if let Some(c) = native::exception_class("xml.parsers.expat.ExpatError") {
        return Ok(c);
    }
    // A module of its own adds it there; here it is wanted under two names.
    let holder = Module::new("pyexpat")?;
    native::add_exception(&holder, "xml.parsers.expat.ExpatError", Exception)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "pyexpat",
    doc: "An XML parser that calls handlers.",
    methods: methods![parser_create, error_string],
    exec,
};
