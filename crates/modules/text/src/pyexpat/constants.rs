//! `pyexpat.errors` and `pyexpat.model`.

use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::module::Module;
use taipan_object::types::str::Str;
use taipan_object::{Object, PyResult, hooks};
use taipan_xml::Code;

fn submodule(parent: &Module, short: &str, doc: &str) -> PyResult<taipan_object::Ref<Module>> {
    let full = format!("pyexpat.{short}");
    let m = Module::new(&full)?;
    m.add_str("__doc__", doc)?;
    let o: &Object = &m;
    parent.add(short, o)?;
    let modules = (hooks::get().import)("sys")?.get_attr_str("modules")?;
    modules.set_item(&Str::from_utf8(&full), o)?;
    Ok(m)
}

/// Adds both.
pub fn add(parent: &Module) -> PyResult<()> {
    let errors = submodule(parent, "errors", "Constants that describe errors.")?;
    let (codes, messages) = (Dict::new(), Dict::new());
    for (code, name, text) in Code::ALL {
        let number = Int::from_i64(code.number().into());
        let text = Str::from_utf8(text);
        errors.add(name, &text)?;
        codes.set_item(&text, &number)?;
        messages.set_item(&number, &text)?;
    }
    errors.add("codes", &codes)?;
    errors.add("messages", &messages)?;
    let model = submodule(parent, "model", "Constants of content models.")?;
    let kinds = ["EMPTY", "ANY", "MIXED", "NAME", "CHOICE", "SEQ"];
    for (i, kind) in kinds.iter().enumerate() {
        model.add_int(&format!("XML_CTYPE_{kind}"), i as i64 + 1)?;
    }
    for (i, quant) in ["NONE", "OPT", "REP", "PLUS"].iter().enumerate() {
        model.add_int(&format!("XML_CQUANT_{quant}"), i as i64)?;
    }
    Ok(())
}
