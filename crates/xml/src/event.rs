//! Events.

use crate::names::NameId;
use std::rc::Rc;

/// A stretch of UTF-8 of an event.
#[derive(Clone)]
pub struct Text {
    pub(crate) text: Rc<Vec<u8>>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Text {
    /// The bytes. They are UTF-8, as tokens end only between characters and bad input ends parsing.
    pub fn bytes(&self) -> &[u8] {
        self.text.get(self.start..self.end).unwrap_or(&[])
    }

    /// As a string.
    pub fn str(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or("")
    }

    pub(crate) fn owned(bytes: Vec<u8>) -> Text {
        let end = bytes.len();
        Text { text: Rc::new(bytes), start: 0, end }
    }
}

/// What an element may contain.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// `XML_CTYPE_*`
    pub kind: i32,
    /// `XML_CQUANT_*`
    pub quant: i32,
    /// Of an element.
    pub name: Option<Box<str>>,
    /// The parts of a sequence or choice.
    pub children: Vec<Model>,
}

impl Model {
    pub(crate) fn new(kind: i32) -> Model {
        Model { kind, ..Model::default() }
    }
}

/// Models nest as deep as documents like: they are taken apart without recursion.
pub fn dismantle(model: Model) {
    let mut rest = vec![model];
    while let Some(mut m) = rest.pop() {
        rest.append(&mut m.children);
    }
}

/// Which events are wanted; what nobody wants goes to the default handler if there is one.
#[allow(missing_docs)]
pub mod wants {
    pub const START: u32 = 1;
    pub const END: u32 = 1 << 1;
    pub const CHARACTERS: u32 = 1 << 2;
    pub const PI: u32 = 1 << 3;
    pub const COMMENT: u32 = 1 << 4;
    pub const START_CDATA: u32 = 1 << 5;
    pub const END_CDATA: u32 = 1 << 6;
    pub const DEFAULT: u32 = 1 << 7;
    /// Internal entities are not expanded but given to the default handler.
    pub const NO_EXPANSION: u32 = 1 << 8;
    pub const START_DOCTYPE: u32 = 1 << 9;
    pub const END_DOCTYPE: u32 = 1 << 10;
    pub const ELEMENT_DECL: u32 = 1 << 11;
    pub const ATTLIST_DECL: u32 = 1 << 12;
    pub const ENTITY_DECL: u32 = 1 << 13;
    pub const UNPARSED_ENTITY_DECL: u32 = 1 << 14;
    pub const NOTATION_DECL: u32 = 1 << 15;
    pub const START_NS: u32 = 1 << 16;
    pub const END_NS: u32 = 1 << 17;
    pub const NOT_STANDALONE: u32 = 1 << 18;
    pub const EXTERNAL_ENTITY_REF: u32 = 1 << 19;
    pub const SKIPPED_ENTITY: u32 = 1 << 20;
    pub const XML_DECL: u32 = 1 << 21;
}

/// A text that may be absent.
pub type Maybe = Option<Rc<str>>;

/// What a parser found. Names are numbers of the parser's table ([`crate::Parser::name`]).
#[allow(missing_docs)]
pub enum Event {
    XmlDecl {
        version: Maybe,
        encoding: Maybe,
        standalone: i32,
    },
    /// The attributes are in [`crate::Parser::attributes`] until the next event is asked for.
    Start {
        name: NameId,
    },
    End {
        name: NameId,
    },
    StartNs {
        prefix: Maybe,
        uri: Maybe,
    },
    EndNs {
        prefix: Maybe,
    },
    Characters(Text),
    Pi {
        target: Text,
        data: Text,
    },
    Comment(Text),
    StartCdata,
    EndCdata,
    Default(Text),
    StartDoctype {
        name: Rc<str>,
        system: Maybe,
        public: Maybe,
        internal_subset: bool,
    },
    EndDoctype,
    ElementDecl {
        name: Rc<str>,
        model: Model,
    },
    AttlistDecl {
        element: Rc<str>,
        name: Rc<str>,
        kind: Rc<str>,
        default: Maybe,
        required: bool,
    },
    EntityDecl {
        name: Rc<str>,
        is_param: bool,
        value: Maybe,
        base: Maybe,
        system: Maybe,
        public: Maybe,
        notation: Maybe,
    },
    UnparsedEntityDecl {
        name: Rc<str>,
        base: Maybe,
        system: Maybe,
        public: Maybe,
        notation: Maybe,
    },
    NotationDecl {
        name: Rc<str>,
        base: Maybe,
        system: Maybe,
        public: Maybe,
    },
    SkippedEntity {
        name: Rc<str>,
        is_param: bool,
    },
    /// To be answered by [`crate::Parser::answer`].
    NotStandalone,
    /// To be answered by [`crate::Parser::answer`].
    ExternalEntityRef {
        context: Maybe,
        base: Maybe,
        system: Maybe,
        public: Maybe,
    },
    /// To be answered by [`crate::Parser::answer_encoding`].
    UnknownEncoding {
        name: Rc<str>,
    },
}
