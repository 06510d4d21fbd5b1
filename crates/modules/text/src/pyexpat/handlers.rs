//! The handlers: their names, and the events that each wants.

use super::parser::XmlParser;
use taipan_object::{Object, PyResult, bail, raise};
use taipan_xml::wants;

macro_rules! handlers {
    ($($variant:ident = $number:literal, $name:literal, $wants:expr;)*) => {
        /// A handler.
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Handler { $($variant = $number),* }

        /// The events that each handler wants, by its number.
        pub const WANTS: &[u32] = &[$($wants),*];

        $(
            #[allow(non_snake_case)]
            mod $variant {
                use super::*;
                pub fn get(this: &XmlParser) -> Option<taipan_object::Obj> {
                    this.handler(Handler::$variant)
                }
                pub fn set(this: &XmlParser, value: Option<&Object>) -> PyResult<()> {
                    let Some(value) = value else { return Err(raise!(RuntimeError, "Cannot delete attribute")) };
                    this.set_handler(Handler::$variant, value)
                }
            }
        )*

        /// The rows of the type's table.
        pub static ROWS: &[taipan_object::method::GetSetDef] = &[
            $(taipan_object::getset!($name, $variant::get, $variant::set),)*
            taipan_object::getset!(c"ErrorCode", super::parser::get_error_code),
            taipan_object::getset!(c"ErrorLineNumber", super::parser::get_line),
            taipan_object::getset!(c"ErrorColumnNumber", super::parser::get_column),
            taipan_object::getset!(c"ErrorByteIndex", super::parser::get_byte),
            taipan_object::getset!(c"CurrentLineNumber", super::parser::get_line),
            taipan_object::getset!(c"CurrentColumnNumber", super::parser::get_column),
            taipan_object::getset!(c"CurrentByteIndex", super::parser::get_byte),
            taipan_object::getset!(c"buffer_size", super::parser::get_buffer_size, super::parser::set_buffer_size),
            taipan_object::getset!(c"buffer_text", super::parser::get_buffer_text, super::parser::set_buffer_text),
            taipan_object::getset!(c"buffer_used", super::parser::get_buffer_used),
            taipan_object::getset!(c"namespace_prefixes", super::parser::get_prefixes, super::parser::set_prefixes),
            taipan_object::getset!(c"ordered_attributes", super::parser::get_ordered, super::parser::set_ordered),
            taipan_object::getset!(c"specified_attributes", super::parser::get_specified, super::parser::set_specified),
            taipan_object::method::GetSetDef::END,
        ];
    };
}

handlers! {
    StartElement = 0, c"StartElementHandler", wants::START;
    EndElement = 1, c"EndElementHandler", wants::END;
    ProcessingInstruction = 2, c"ProcessingInstructionHandler", wants::PI;
    CharacterData = 3, c"CharacterDataHandler", wants::CHARACTERS;
    UnparsedEntityDecl = 4, c"UnparsedEntityDeclHandler", wants::UNPARSED_ENTITY_DECL;
    NotationDecl = 5, c"NotationDeclHandler", wants::NOTATION_DECL;
    StartNamespaceDecl = 6, c"StartNamespaceDeclHandler", wants::START_NS;
    EndNamespaceDecl = 7, c"EndNamespaceDeclHandler", wants::END_NS;
    Comment = 8, c"CommentHandler", wants::COMMENT;
    StartCdataSection = 9, c"StartCdataSectionHandler", wants::START_CDATA;
    EndCdataSection = 10, c"EndCdataSectionHandler", wants::END_CDATA;
    Default = 11, c"DefaultHandler", wants::DEFAULT | wants::NO_EXPANSION;
    DefaultExpand = 12, c"DefaultHandlerExpand", wants::DEFAULT;
    NotStandalone = 13, c"NotStandaloneHandler", wants::NOT_STANDALONE;
    ExternalEntityRef = 14, c"ExternalEntityRefHandler", wants::EXTERNAL_ENTITY_REF;
    StartDoctypeDecl = 15, c"StartDoctypeDeclHandler", wants::START_DOCTYPE;
    EndDoctypeDecl = 16, c"EndDoctypeDeclHandler", wants::END_DOCTYPE;
    EntityDecl = 17, c"EntityDeclHandler", wants::ENTITY_DECL;
    XmlDecl = 18, c"XmlDeclHandler", wants::XML_DECL;
    ElementDecl = 19, c"ElementDeclHandler", wants::ELEMENT_DECL;
    AttlistDecl = 20, c"AttlistDeclHandler", wants::ATTLIST_DECL;
    SkippedEntity = 21, c"SkippedEntityHandler", wants::SKIPPED_ENTITY;
}

/// How many there are.
pub const COUNT: usize = 22;
const _: () = assert!(WANTS.len() == COUNT);

/// An attribute that is true or false.
pub fn truth(value: Option<&Object>) -> PyResult<bool> {
    match value {
        Some(v) => v.is_true(),
        None => bail!(RuntimeError, "Cannot delete attribute"),
    }
}
