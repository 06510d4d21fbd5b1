//! A non-validating XML parser that is fed in pieces and gives back events: the events, the errors and the positions of expat,
//! which `pyexpat` and everything built on it promise.
//!
//! - `error.rs`: error codes and their texts; `event.rs`: what a parser gives back
//! - `input.rs`: encodings, to UTF-8; `chars.rs`: classes of characters; `tokens.rs`, `prolog_tokens.rs`: text to tokens
//! - `parser.rs`: the parser and its sources; `content.rs`: elements and character data; `attributes.rs`: attribute values and
//!   namespaces; `roles.rs`: the grammar of the document type declaration; `prolog.rs`: what its parts mean; `values.rs`: values
//!   of entities and attributes; `dtd.rs`: what has been declared; `declaration.rs`: `<?xml ...?>`
//!
//! Plain data: the caller pulls events one at a time and calls whom it likes between them, so no callback runs inside the parser.

mod attributes;
mod chars;
mod content;
mod declaration;
mod dtd;
mod error;
mod event;
mod input;
mod names;
mod parser;
mod prolog;
mod prolog_tokens;
mod roles;
#[cfg(test)]
mod tests;
mod tokens;
mod values;

pub use error::Code;
pub use event::{Event, Model, Text, dismantle, wants};
pub use names::NameId;
pub use parser::{Attribute, Failure, ParamEntities, Parser};
