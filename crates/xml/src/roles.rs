//! The grammar of the prolog: which token may follow where, and the role it plays there.

use crate::prolog_tokens::Kind;

/// What a token is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Role {
    Error,
    None,
    XmlDecl,
    InstanceStart,
    DoctypeNone,
    DoctypeName,
    DoctypeSystemId,
    DoctypePublicId,
    DoctypeInternalSubset,
    DoctypeClose,
    GeneralEntityName,
    ParamEntityName,
    EntityNone,
    EntityValue,
    EntitySystemId,
    EntityPublicId,
    EntityComplete,
    EntityNotationName,
    NotationNone,
    NotationName,
    NotationSystemId,
    NotationNoSystemId,
    NotationPublicId,
    AttlistNone,
    AttlistElementName,
    AttributeName,
    AttributeType,
    AttributeEnumValue,
    AttributeNotationValue,
    Implied,
    Required,
    DefaultValue,
    FixedValue,
    ElementNone,
    ElementName,
    ContentAny,
    ContentEmpty,
    ContentPcdata,
    GroupOpen,
    GroupClose(i32),
    GroupChoice,
    GroupSequence,
    ContentElement(i32),
    Pi,
    Comment,
    TextDecl,
    IgnoreSect,
    InnerParamEntityRef,
    ParamEntityRef,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Prolog0,
    Prolog1,
    Prolog2,
    Doctype0,
    Doctype1,
    Doctype2,
    Doctype3,
    Doctype4,
    Doctype5,
    InternalSubset,
    ExternalSubset0,
    ExternalSubset1,
    Entity0,
    Entity1,
    Entity2,
    Entity3,
    Entity4,
    Entity5,
    Entity6,
    Entity7,
    Entity8,
    Entity9,
    Entity10,
    Notation0,
    Notation1,
    Notation2,
    Notation3,
    Notation4,
    Attlist0,
    Attlist1,
    Attlist2,
    Attlist3,
    Attlist4,
    Attlist5,
    Attlist6,
    Attlist7,
    Attlist8,
    Attlist9,
    Element0,
    Element1,
    Element2,
    Element3,
    Element4,
    Element5,
    Element6,
    Element7,
    CondSect0,
    CondSect1,
    CondSect2,
    DeclClose,
    Failed,
}

/// Where the grammar stands.
#[derive(Clone, Debug)]
pub struct Grammar {
    state: State,
    /// The role of what closes the declaration.
    role_none: Role,
    /// Open parentheses of an element's model.
    level: usize,
    /// Open conditional sections.
    included: usize,
    /// Of a document, and not of an external subset or parameter entity.
    pub document: bool,
}

impl Grammar {
    /// At the beginning of a document.
    pub fn document() -> Grammar {
        Grammar { state: State::Prolog0, role_none: Role::None, level: 0, included: 0, document: true }
    }

    /// At the beginning of an external parameter entity.
    pub fn external() -> Grammar {
        Grammar { state: State::ExternalSubset0, document: false, ..Grammar::document() }
    }

    fn top(&mut self) {
        self.state = if self.document { State::InternalSubset } else { State::ExternalSubset1 };
    }

    fn close(&mut self, role_none: Role, role: Role) -> Role {
        self.state = State::DeclClose;
        self.role_none = role_none;
        role
    }

    fn to(&mut self, state: State, role: Role) -> Role {
        self.state = state;
        role
    }

    fn common(&mut self, kind: Kind) -> Role {
        if !self.document && kind == Kind::ParamEntityRef {
            return Role::InnerParamEntityRef;
        }
        self.state = State::Failed;
        Role::Error
    }

    fn subset(&mut self, kind: Kind, word: &[u8]) -> Role {
        match kind {
            Kind::Space => Role::None,
            Kind::DeclOpen => match word {
                b"<!ENTITY" => self.to(State::Entity0, Role::EntityNone),
                b"<!ATTLIST" => self.to(State::Attlist0, Role::AttlistNone),
                b"<!ELEMENT" => self.to(State::Element0, Role::ElementNone),
                b"<!NOTATION" => self.to(State::Notation0, Role::NotationNone),
                _ => self.common(kind),
            },
            Kind::Pi => Role::Pi,
            Kind::Comment => Role::Comment,
            Kind::ParamEntityRef => Role::ParamEntityRef,
            Kind::CloseBracket => self.to(State::Doctype5, Role::DoctypeNone),
            Kind::None => Role::None,
            _ => self.common(kind),
        }
    }

    /// The role of a token; `word` is its text.
    pub fn step(&mut self, kind: Kind, word: &[u8]) -> Role {
        use Kind as K;
        use Role as R;
        use State as S;
        let named = matches!(kind, K::Name | K::PrefixedName);
        let is = |text: &[u8]| kind == K::Name && word == text;
        match (self.state, kind) {
            (S::Prolog0, K::Space | K::Bom) => {
                if kind == K::Space {
                    self.state = S::Prolog1;
                }
                R::None
            }
            (S::Prolog0, K::XmlDecl) => self.to(S::Prolog1, R::XmlDecl),
            (S::Prolog0 | S::Prolog1, K::Pi) => self.to(S::Prolog1, R::Pi),
            (S::Prolog0 | S::Prolog1, K::Comment) => self.to(S::Prolog1, R::Comment),
            (S::Prolog1, K::Space | K::Bom) => R::None,
            (S::Prolog0 | S::Prolog1, K::DeclOpen) if word == b"<!DOCTYPE" => self.to(S::Doctype0, R::DoctypeNone),
            (S::Prolog0 | S::Prolog1 | S::Prolog2, K::InstanceStart) => self.to(S::Failed, R::InstanceStart),
            (S::Prolog2, K::Space) => R::None,
            (S::Prolog2, K::Pi) => R::Pi,
            (S::Prolog2, K::Comment) => R::Comment,

            (S::Doctype0 | S::Doctype1 | S::Doctype2 | S::Doctype3 | S::Doctype4 | S::Doctype5, K::Space) => {
                R::DoctypeNone
            }
            (S::Doctype0, _) if named => self.to(S::Doctype1, R::DoctypeName),
            (S::Doctype1 | S::Doctype4, K::OpenBracket) => self.to(S::InternalSubset, R::DoctypeInternalSubset),
            (S::Doctype1 | S::Doctype4 | S::Doctype5, K::DeclClose) => self.to(S::Prolog2, R::DoctypeClose),
            (S::Doctype1, _) if is(b"SYSTEM") => self.to(S::Doctype3, R::DoctypeNone),
            (S::Doctype1, _) if is(b"PUBLIC") => self.to(S::Doctype2, R::DoctypeNone),
            (S::Doctype2, K::Literal) => self.to(S::Doctype3, R::DoctypePublicId),
            (S::Doctype3, K::Literal) => self.to(S::Doctype4, R::DoctypeSystemId),

            (S::InternalSubset, _) => self.subset(kind, word),
            (S::ExternalSubset0, K::XmlDecl) => self.to(S::ExternalSubset1, R::TextDecl),
            (S::ExternalSubset0 | S::ExternalSubset1, _) => {
                self.state = S::ExternalSubset1;
                match kind {
                    K::Bom => R::None,
                    K::CondSectOpen => self.to(S::CondSect0, R::None),
                    K::CondSectClose if self.included > 0 => {
                        self.included -= 1;
                        R::None
                    }
                    K::CondSectClose | K::CloseBracket => self.common(kind),
                    K::None if self.included > 0 => self.common(kind),
                    _ => self.subset(kind, word),
                }
            }

            (
                S::Entity0
                | S::Entity1
                | S::Entity2
                | S::Entity3
                | S::Entity4
                | S::Entity5
                | S::Entity6
                | S::Entity7
                | S::Entity8
                | S::Entity9
                | S::Entity10,
                K::Space,
            ) => R::EntityNone,
            (S::Entity0, K::Percent) => self.to(S::Entity1, R::EntityNone),
            (S::Entity0, K::Name) => self.to(S::Entity2, R::GeneralEntityName),
            (S::Entity1, K::Name) => self.to(S::Entity7, R::ParamEntityName),
            (S::Entity2, _) if is(b"SYSTEM") => self.to(S::Entity4, R::EntityNone),
            (S::Entity2, _) if is(b"PUBLIC") => self.to(S::Entity3, R::EntityNone),
            (S::Entity2 | S::Entity7, K::Literal) => self.close(R::EntityNone, R::EntityValue),
            (S::Entity3, K::Literal) => self.to(S::Entity4, R::EntityPublicId),
            (S::Entity4, K::Literal) => self.to(S::Entity5, R::EntitySystemId),
            (S::Entity5 | S::Entity10, K::DeclClose) => {
                self.top();
                R::EntityComplete
            }
            (S::Entity5, _) if is(b"NDATA") => self.to(S::Entity6, R::EntityNone),
            (S::Entity6, K::Name) => self.close(R::EntityNone, R::EntityNotationName),
            (S::Entity7, _) if is(b"SYSTEM") => self.to(S::Entity9, R::EntityNone),
            (S::Entity7, _) if is(b"PUBLIC") => self.to(S::Entity8, R::EntityNone),
            (S::Entity8, K::Literal) => self.to(S::Entity9, R::EntityPublicId),
            (S::Entity9, K::Literal) => self.to(S::Entity10, R::EntitySystemId),

            (S::Notation0 | S::Notation1 | S::Notation2 | S::Notation3 | S::Notation4, K::Space) => R::NotationNone,
            (S::Notation0, K::Name) => self.to(S::Notation1, R::NotationName),
            (S::Notation1, _) if is(b"SYSTEM") => self.to(S::Notation3, R::NotationNone),
            (S::Notation1, _) if is(b"PUBLIC") => self.to(S::Notation2, R::NotationNone),
            (S::Notation2, K::Literal) => self.to(S::Notation4, R::NotationPublicId),
            (S::Notation3 | S::Notation4, K::Literal) => self.close(R::NotationNone, R::NotationSystemId),
            (S::Notation4, K::DeclClose) => {
                self.top();
                R::NotationNoSystemId
            }

            (
                S::Attlist0
                | S::Attlist1
                | S::Attlist2
                | S::Attlist3
                | S::Attlist4
                | S::Attlist5
                | S::Attlist6
                | S::Attlist7
                | S::Attlist8
                | S::Attlist9,
                K::Space,
            ) => R::AttlistNone,
            (S::Attlist0, _) if named => self.to(S::Attlist1, R::AttlistElementName),
            (S::Attlist1, K::DeclClose) => {
                self.top();
                R::AttlistNone
            }
            (S::Attlist1, _) if named => self.to(S::Attlist2, R::AttributeName),
            (S::Attlist2, K::Name)
                if matches!(
                    word,
                    b"CDATA" | b"ID" | b"IDREF" | b"IDREFS" | b"ENTITY" | b"ENTITIES" | b"NMTOKEN" | b"NMTOKENS"
                ) =>
            {
                self.to(S::Attlist8, R::AttributeType)
            }
            (S::Attlist2, _) if is(b"NOTATION") => self.to(S::Attlist5, R::AttlistNone),
            (S::Attlist2, K::OpenParen) => self.to(S::Attlist3, R::AttlistNone),
            (S::Attlist3, K::NameToken | K::Name | K::PrefixedName) => self.to(S::Attlist4, R::AttributeEnumValue),
            (S::Attlist4 | S::Attlist7, K::CloseParen) => self.to(S::Attlist8, R::AttlistNone),
            (S::Attlist4, K::Or) => self.to(S::Attlist3, R::AttlistNone),
            (S::Attlist5, K::OpenParen) => self.to(S::Attlist6, R::AttlistNone),
            (S::Attlist6, K::Name) => self.to(S::Attlist7, R::AttributeNotationValue),
            (S::Attlist7, K::Or) => self.to(S::Attlist6, R::AttlistNone),
            (S::Attlist8, K::PoundName) if word == b"#IMPLIED" => self.to(S::Attlist1, R::Implied),
            (S::Attlist8, K::PoundName) if word == b"#REQUIRED" => self.to(S::Attlist1, R::Required),
            (S::Attlist8, K::PoundName) if word == b"#FIXED" => self.to(S::Attlist9, R::AttlistNone),
            (S::Attlist8, K::Literal) => self.to(S::Attlist1, R::DefaultValue),
            (S::Attlist9, K::Literal) => self.to(S::Attlist1, R::FixedValue),

            (
                S::Element0
                | S::Element1
                | S::Element2
                | S::Element3
                | S::Element4
                | S::Element5
                | S::Element6
                | S::Element7,
                K::Space,
            ) => R::ElementNone,
            (S::Element0, _) if named => self.to(S::Element1, R::ElementName),
            (S::Element1, _) if is(b"EMPTY") => self.close(R::ElementNone, R::ContentEmpty),
            (S::Element1, _) if is(b"ANY") => self.close(R::ElementNone, R::ContentAny),
            (S::Element1, K::OpenParen) => {
                self.level = 1;
                self.to(S::Element2, R::GroupOpen)
            }
            (S::Element2, K::PoundName) if word == b"#PCDATA" => self.to(S::Element3, R::ContentPcdata),
            (S::Element2 | S::Element6, K::OpenParen) => {
                self.level += 1;
                self.to(S::Element6, R::GroupOpen)
            }
            (S::Element2 | S::Element6, K::Name | K::PrefixedName) => self.to(S::Element7, R::ContentElement(0)),
            (S::Element2 | S::Element6, K::NameQuestion) => self.to(S::Element7, R::ContentElement(1)),
            (S::Element2 | S::Element6, K::NameAsterisk) => self.to(S::Element7, R::ContentElement(2)),
            (S::Element2 | S::Element6, K::NamePlus) => self.to(S::Element7, R::ContentElement(3)),
            (S::Element3, K::CloseParen) => self.close(R::ElementNone, R::GroupClose(0)),
            (S::Element3 | S::Element5, K::CloseParenAsterisk) => self.close(R::ElementNone, R::GroupClose(2)),
            (S::Element3 | S::Element5, K::Or) => self.to(S::Element4, R::ElementNone),
            (S::Element4, _) if named => self.to(S::Element5, R::ContentElement(0)),
            (S::Element7, K::CloseParen | K::CloseParenQuestion | K::CloseParenAsterisk | K::CloseParenPlus) => {
                let role = R::GroupClose(match kind {
                    K::CloseParenQuestion => 1,
                    K::CloseParenAsterisk => 2,
                    K::CloseParenPlus => 3,
                    _ => 0,
                });
                self.level -= 1;
                if self.level == 0 { self.close(R::ElementNone, role) } else { role }
            }
            (S::Element7, K::Comma) => self.to(S::Element6, R::GroupSequence),
            (S::Element7, K::Or) => self.to(S::Element6, R::GroupChoice),

            (S::CondSect0 | S::CondSect1 | S::CondSect2, K::Space) => R::None,
            (S::CondSect0, _) if is(b"INCLUDE") => self.to(S::CondSect1, R::None),
            (S::CondSect0, _) if is(b"IGNORE") => self.to(S::CondSect2, R::None),
            (S::CondSect1, K::OpenBracket) => {
                self.included += 1;
                self.to(S::ExternalSubset1, R::None)
            }
            (S::CondSect2, K::OpenBracket) => self.to(S::ExternalSubset1, R::IgnoreSect),

            (S::DeclClose, K::Space) => self.role_none,
            (S::DeclClose, K::DeclClose) => {
                self.top();
                self.role_none
            }
            _ => self.common(kind),
        }
    }
}
