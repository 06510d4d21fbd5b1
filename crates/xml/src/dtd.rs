//! What a document type declaration has declared.

use crate::event::Maybe;
use crate::names::ByName;
use std::rc::Rc;

/// An entity.
#[derive(Clone, Default)]
pub struct Entity {
    /// Its replacement text, if it is internal.
    pub text: Option<Rc<Vec<u8>>>,
    pub system: Maybe,
    pub public: Maybe,
    pub base: Maybe,
    pub notation: Maybe,
    /// Being expanded.
    pub open: bool,
    /// Declared in the document itself.
    pub is_internal: bool,
}

/// A declared attribute.
#[derive(Clone)]
pub struct DeclaredAttribute {
    pub name: Box<[u8]>,
    /// Of the type CDATA: spaces are kept.
    pub cdata: bool,
    pub default: Option<Rc<Vec<u8>>>,
}

/// A document type declaration.
#[derive(Clone, Default)]
pub struct Dtd {
    pub entities: ByName<Entity>,
    pub param_entities: ByName<Entity>,
    /// The names of the open general entities, outermost first.
    pub open: Vec<Box<[u8]>>,
    /// By element.
    pub attributes: ByName<Vec<DeclaredAttribute>>,
    pub keep_processing: bool,
    pub has_param_entity_refs: bool,
    pub standalone: bool,
    pub param_entity_read: bool,
}

impl Dtd {
    /// Nothing declared.
    pub fn new() -> Dtd {
        Dtd { keep_processing: true, ..Dtd::default() }
    }
}
