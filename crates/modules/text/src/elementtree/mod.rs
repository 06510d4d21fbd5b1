//! `_elementtree`: trees of elements.
//!
//! - `element.rs`: `Element` and `SubElement`; `search.rs`: its finding and iterating methods; `iterator.rs`: the iterator;
//!   `builder.rs`: `TreeBuilder`; `parser.rs`: `XMLParser`

mod builder;
mod element;
mod iterator;
mod parser;
mod search;

use taipan_object::typeobj::ready::ready;
use taipan_object::types::exceptions::SyntaxError;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none::none;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Obj, Object, PyResult, Ref, bail, function, methods, native};

fn factory(key: &'static str) -> Option<Obj> {
    Interp::current().module_state.borrow().get(key).cloned()
}

/// The factory of comments that `xml.etree.ElementTree` has set.
fn comment_factory() -> Option<Obj> {
    factory("_elementtree.comment")
}

/// The factory of processing instructions.
fn pi_factory() -> Option<Obj> {
    factory("_elementtree.pi")
}

/// Sets the factories of comments and processing instructions, and returns the old ones.
#[function(signature = "(comment_factory, pi_factory, /)")]
fn _set_factories(comment_factory: &Object, pi_factory: &Object) -> PyResult<Ref<Tuple>> {
    for (name, f) in [("Comment", comment_factory), ("PI", pi_factory)] {
        if !f.is_none() && !f.is_callable() {
            bail!(TypeError, "{name} factory must be callable, not {}", f.ty().name_str());
        }
    }
    let swap = |key: &'static str, new: &Object| -> Obj {
        let interp = Interp::current();
        let mut state = interp.module_state.borrow_mut();
        let old = if new.is_none() { state.remove(key) } else { state.insert(key, new.to_obj()) };
        old.unwrap_or_else(|| none().to_obj())
    };
    let comment = swap("_elementtree.comment", comment_factory);
    let pi = swap("_elementtree.pi", pi_factory);
    Ok(Tuple::new(&[&comment, &pi]))
}

fn exec(m: &Module) -> PyResult<()> {
    ready(&iterator::ElementIter_Type)?;
    for t in [&element::Element_Type, &builder::TreeBuilder_Type, &parser::XmlParser_Type] {
        m.add_type(t)?;
    }
    // The class is one, however often the module is made.
    match native::exception_class("xml.etree.ElementTree.ParseError") {
        Some(c) => m.add("ParseError", &c),
        None => native::add_exception(m, "xml.etree.ElementTree.ParseError", SyntaxError).map(drop),
    }
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_elementtree",
    doc: "Trees of XML elements.",
    methods: methods![sub_element, _set_factories],
    exec,
};

use element::sub_element;
