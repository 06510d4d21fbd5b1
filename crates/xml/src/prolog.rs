//! The prolog: what the parts of a document type declaration mean.

use crate::Code;
use crate::dtd::{DeclaredAttribute, Entity};
use crate::event::{Event, Maybe, Model, dismantle, wants};
use crate::parser::{Done, Kind, ParamEntities, Parser, Pending, Processor, Step, at};
use crate::prolog_tokens::{self, Kind as Token};
use crate::roles::Role;
use crate::tokens::{self, Stop};
use std::rc::Rc;

/// A declaration under way.
#[derive(Default)]
pub(crate) struct Declaration {
    doctype_name: Option<Rc<str>>,
    has_system: bool,
    /// Of the external subset.
    subset_system: Maybe,
    subset_public: Maybe,
    /// The entity that is declared, and whether it is a parameter entity.
    entity: Option<(Box<[u8]>, bool)>,
    notation: Option<Rc<str>>,
    notation_public: Maybe,
    element: Option<Rc<str>>,
    attribute: Option<Rc<str>>,
    cdata: bool,
    kind: String,
    /// Groups of the model under way: the parts so far, and what connects them.
    groups: Vec<(Model, Option<u8>)>,
    in_model: bool,
}

impl Drop for Declaration {
    fn drop(&mut self) {
        for (m, _) in self.groups.drain(..) {
            dismantle(m);
        }
    }
}

fn shared(bytes: &[u8]) -> Rc<str> {
    String::from_utf8_lossy(bytes).into()
}

/// The name of a token that may end with a quantifier.
fn bare(word: &[u8], quant: i32) -> &[u8] {
    if quant == 0 { word } else { &word[..word.len() - 1] }
}

/// A public identifier with its spaces made single.
fn public_id(text: &[u8], start: usize, end: usize) -> Done<Rc<str>> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b" \r\n-'()+,./:=?;!*#@$_%".contains(&c);
    if let Some(i) = text[start..end].iter().position(|&c| !allowed(c)) {
        return Err(at(Code::PublicId, start + i));
    }
    let words: Vec<&str> = std::str::from_utf8(&text[start..end]).unwrap_or("").split_ascii_whitespace().collect();
    Ok(words.join(" ").into())
}

impl Parser {
    pub(crate) fn prolog_instruction(&mut self, text: &Rc<Vec<u8>>, start: usize) {
        if let Ok(tokens::Token::Pi { target, end }) = tokens::instruction(text, start, self.ns) {
            self.instruction(text, start, target, end);
        }
    }

    /// The next token of the prolog, or of an external subset or parameter entity.
    pub(crate) fn prolog(&mut self) -> Done<Step> {
        let (text, p) = self.top();
        let last = self.is_last();
        let (token, end) = match prolog_tokens::prolog(&text, p, self.ns, last) {
            Ok(found) => found,
            Err(Stop::Partial) if !last => return Ok(Step::Wait),
            Err(stop) => return self.stopped(stop),
        };
        if token == Token::None {
            return self.prolog_end();
        }
        let role = self.grammar.step(token, &text[p..end]);
        self.advance(end);
        if role != Role::XmlDecl && role != Role::TextDecl {
            self.close_head();
        }
        if self.act(role, token, &text, p, end)? {
            self.default(&text, p, end);
        }
        Ok(Step::Again)
    }

    fn prolog_end(&mut self) -> Done<Step> {
        if !self.is_last() {
            return Ok(Step::Wait);
        }
        let inner = self.sources.len() > 1;
        if !inner && self.kind == Kind::Document {
            return Err(Code::NoElements.into());
        }
        if self.grammar.step(Token::None, b"") == Role::Error {
            return Err(Code::IncompletePe.into());
        }
        if inner {
            self.leave();
            return Ok(Step::Again);
        }
        self.processor = Processor::Finished;
        Ok(Step::Again)
    }

    /// Goes on behind an ignored section.
    pub(crate) fn ignore_section(&mut self) -> Done<Step> {
        let (text, p) = self.top();
        match prolog_tokens::ignored(&text, p) {
            Ok(Some(end)) => {
                self.default(&text, p, end);
                self.advance(end);
                self.processor = Processor::Prolog;
                Ok(Step::Again)
            }
            Ok(None) if !self.is_last() => Ok(Step::Wait),
            Ok(None) => Err(Code::Syntax.into()),
            Err(stop) => self.stopped(stop),
        }
    }

    fn keep(&self) -> bool {
        self.dtd.borrow().keep_processing
    }

    /// Does what a role asks for; true when the token goes to the default handler.
    fn act(&mut self, role: Role, token: Token, text: &Rc<Vec<u8>>, p: usize, end: usize) -> Done<bool> {
        let word = &text[p..end];
        let inside = || &text[p + 1..end - 1];
        Ok(match role {
            Role::Error => {
                return Err(match token {
                    Token::ParamEntityRef => Code::ParamEntityRef,
                    Token::XmlDecl => Code::MisplacedXmlPi,
                    _ => Code::Syntax,
                }
                .into());
            }
            Role::None => token != Token::Bom,
            Role::XmlDecl | Role::TextDecl => {
                self.xml_declaration(text, p, end, role == Role::TextDecl)?;
                false
            }
            Role::Pi => {
                self.prolog_instruction(text, p);
                false
            }
            Role::Comment => {
                self.comment(text, p, end);
                false
            }
            Role::IgnoreSect => {
                self.processor = Processor::IgnoreSection;
                true
            }
            Role::InstanceStart => {
                self.instance_start();
                false
            }
            Role::DoctypeNone => !self.wanted(wants::START_DOCTYPE),
            Role::DoctypeName => {
                self.declaration.doctype_name = Some(shared(word));
                !self.wanted(wants::START_DOCTYPE)
            }
            Role::DoctypePublicId => {
                let id = public_id(text, p + 1, end - 1)?;
                self.declaration.subset_public = Some(id);
                !self.wanted(wants::START_DOCTYPE)
            }
            Role::DoctypeSystemId => {
                self.declaration.subset_system = Some(shared(inside()));
                self.declaration.has_system = true;
                self.dtd.borrow_mut().has_param_entity_refs = true;
                if self.param_entities == ParamEntities::Never {
                    self.ask_standalone();
                }
                !self.wanted(wants::START_DOCTYPE)
            }
            Role::DoctypeInternalSubset => !self.start_doctype(true),
            Role::DoctypeClose => self.doctype_close(),
            Role::EntityNone => !(self.keep() && self.wanted(wants::ENTITY_DECL)),
            Role::GeneralEntityName | Role::ParamEntityName => self.entity_name(word, role == Role::ParamEntityName),
            Role::EntityValue => self.entity_text(text, (p + 1, end - 1))?,
            Role::EntityPublicId => {
                let id = public_id(text, p + 1, end - 1)?;
                self.with_entity(|e| e.public = Some(id))
            }
            Role::EntitySystemId => {
                let id = shared(inside());
                let base = self.base.clone();
                self.with_entity(|e| {
                    e.system = Some(id);
                    e.base = base;
                })
            }
            Role::EntityNotationName => {
                let name = shared(word);
                self.with_entity(|e| e.notation = Some(name));
                self.entity_declared()
            }
            Role::EntityComplete => self.entity_declared(),
            Role::NotationNone => !self.wanted(wants::NOTATION_DECL),
            Role::NotationName => {
                self.declaration.notation = Some(shared(word));
                self.declaration.notation_public = None;
                !self.wanted(wants::NOTATION_DECL)
            }
            Role::NotationPublicId => {
                self.declaration.notation_public = Some(public_id(text, p + 1, end - 1)?);
                !self.wanted(wants::NOTATION_DECL)
            }
            Role::NotationSystemId | Role::NotationNoSystemId => {
                let system = (role == Role::NotationSystemId).then(|| shared(inside()));
                let name = self.declaration.notation.take();
                let public = self.declaration.notation_public.take();
                if let Some(name) = name
                    && self.wanted(wants::NOTATION_DECL)
                {
                    let base = self.base.clone();
                    self.queue.push_back(Event::NotationDecl { name, base, system, public });
                    return Ok(false);
                }
                true
            }
            Role::AttlistNone
            | Role::AttlistElementName
            | Role::AttributeName
            | Role::AttributeType
            | Role::AttributeEnumValue
            | Role::AttributeNotationValue => {
                self.attribute_part(role, word);
                !(self.keep() && self.wanted(wants::ATTLIST_DECL))
            }
            Role::Implied | Role::Required => self.attribute_declared(None, role == Role::Required),
            Role::DefaultValue | Role::FixedValue => {
                if !self.keep() {
                    return Ok(true);
                }
                let cdata = self.declaration.cdata;
                let value = self.attribute_value(text, (p + 1, end - 1), cdata, true)?;
                self.attribute_declared(Some(value), role == Role::FixedValue)
            }
            Role::ElementNone
            | Role::ElementName
            | Role::ContentAny
            | Role::ContentEmpty
            | Role::ContentPcdata
            | Role::GroupOpen
            | Role::GroupClose(_)
            | Role::GroupChoice
            | Role::GroupSequence
            | Role::ContentElement(_) => {
                self.model_part(role, word)?;
                !self.wanted(wants::ELEMENT_DECL)
            }
            Role::ParamEntityRef | Role::InnerParamEntityRef => {
                let name: Box<[u8]> = (*inside()).into();
                self.param_reference(&name, role == Role::ParamEntityRef)?
            }
        })
    }

    fn start_doctype(&mut self, internal_subset: bool) -> bool {
        let Some(name) = self.declaration.doctype_name.take() else { return false };
        if !self.wanted(wants::START_DOCTYPE) {
            return false;
        }
        let d = &self.declaration;
        let (system, public) = (d.subset_system.clone(), d.subset_public.clone());
        self.queue.push_back(Event::StartDoctype { name, system, public, internal_subset });
        true
    }

    fn doctype_close(&mut self) -> bool {
        let mut default = !self.start_doctype(false);
        let wants_end = self.wanted(wants::END_DOCTYPE);
        if wants_end {
            default = false;
        }
        if self.declaration.has_system || self.foreign_dtd {
            let mut dtd = self.dtd.borrow_mut();
            let had_refs = dtd.has_param_entity_refs;
            dtd.has_param_entity_refs = true;
            if self.param_entities != ParamEntities::Never && self.wanted(wants::EXTERNAL_ENTITY_REF) {
                dtd.param_entity_read = false;
                drop(dtd);
                let d = &self.declaration;
                self.queue.push_back(Event::ExternalEntityRef {
                    context: None,
                    base: self.base.clone(),
                    system: d.subset_system.clone(),
                    public: d.subset_public.clone(),
                });
                let has_system = d.has_system;
                self.pending = Some(Pending::ExternalSubset { had_refs, has_system, end_doctype: wants_end });
                self.foreign_dtd = false;
                return default;
            }
            drop(dtd);
            self.foreign_dtd = false;
        }
        if wants_end {
            self.queue.push_back(Event::EndDoctype);
        }
        default
    }

    fn instance_start(&mut self) {
        self.processor = Processor::Content;
        if !self.foreign_dtd {
            return;
        }
        self.foreign_dtd = false;
        let mut dtd = self.dtd.borrow_mut();
        let had_refs = dtd.has_param_entity_refs;
        dtd.has_param_entity_refs = true;
        if self.param_entities != ParamEntities::Never && self.wanted(wants::EXTERNAL_ENTITY_REF) {
            dtd.param_entity_read = false;
            drop(dtd);
            let base = self.base.clone();
            self.queue.push_back(Event::ExternalEntityRef { context: None, base, system: None, public: None });
            self.pending = Some(Pending::ForeignSubset { had_refs });
        }
    }

    fn entity_name(&mut self, name: &[u8], is_param: bool) -> bool {
        self.declaration.entity = None;
        if !is_param && tokens::predefined(name).is_some() {
            return true;
        }
        let is_internal = self.kind == Kind::Document && self.sources.len() == 1;
        let mut dtd = self.dtd.borrow_mut();
        if !dtd.keep_processing {
            return true;
        }
        let table = if is_param { &mut dtd.param_entities } else { &mut dtd.entities };
        if table.contains_key(name) {
            // The first declaration counts.
            return true;
        }
        table.insert(name.into(), Entity { is_internal, ..Entity::default() });
        self.declaration.entity = Some((name.into(), is_param));
        !self.wanted(wants::ENTITY_DECL)
    }

    /// Changes the entity under way.
    fn with_entity(&mut self, change: impl FnOnce(&mut Entity)) -> bool {
        let Some((name, is_param)) = &self.declaration.entity else { return true };
        let mut dtd = self.dtd.borrow_mut();
        if !dtd.keep_processing {
            return true;
        }
        let table = if *is_param { &mut dtd.param_entities } else { &mut dtd.entities };
        if let Some(e) = table.get_mut(name) {
            change(e);
        }
        !self.wanted(wants::ENTITY_DECL)
    }

    fn entity_text(&mut self, text: &Rc<Vec<u8>>, range: (usize, usize)) -> Done<bool> {
        if !self.keep() {
            return Ok(true);
        }
        let value = Rc::new(self.entity_value(text, range)?);
        if self.declaration.entity.is_none() {
            return Ok(true);
        }
        // Processing may have stopped in the value itself; the entity counts all the same.
        let Some((name, is_param)) = self.declaration.entity.take() else { return Ok(true) };
        let shown = shared(&value);
        {
            let mut dtd = self.dtd.borrow_mut();
            let table = if is_param { &mut dtd.param_entities } else { &mut dtd.entities };
            if let Some(e) = table.get_mut(&name) {
                e.text = Some(value);
            }
        }
        if !self.wanted(wants::ENTITY_DECL) {
            return Ok(true);
        }
        self.queue.push_back(Event::EntityDecl {
            name: shared(&name),
            is_param,
            value: Some(shown),
            base: self.base.clone(),
            system: None,
            public: None,
            notation: None,
        });
        Ok(false)
    }

    /// An external or unparsed entity is complete.
    fn entity_declared(&mut self) -> bool {
        if !self.keep() {
            return true;
        }
        let Some((key, is_param)) = self.declaration.entity.take() else { return true };
        let dtd = self.dtd.borrow();
        let table = if is_param { &dtd.param_entities } else { &dtd.entities };
        let Some(e) = table.get(&key) else { return true };
        let name = shared(&key);
        let (base, system, public, notation) = (e.base.clone(), e.system.clone(), e.public.clone(), e.notation.clone());
        drop(dtd);
        if notation.is_some() && self.wanted(wants::UNPARSED_ENTITY_DECL) {
            self.queue.push_back(Event::UnparsedEntityDecl { name, base, system, public, notation });
        } else if self.wanted(wants::ENTITY_DECL) {
            self.queue.push_back(Event::EntityDecl { name, is_param, value: None, base, system, public, notation });
        } else {
            return true;
        }
        false
    }

    fn attribute_part(&mut self, role: Role, word: &[u8]) {
        let d = &mut self.declaration;
        match role {
            Role::AttlistElementName => d.element = Some(shared(word)),
            Role::AttributeName => {
                d.attribute = Some(shared(word));
                d.cdata = false;
                d.kind.clear();
            }
            Role::AttributeType => {
                d.cdata = word == b"CDATA";
                d.kind = String::from_utf8_lossy(word).into_owned();
            }
            Role::AttributeEnumValue | Role::AttributeNotationValue => {
                if !d.kind.is_empty() {
                    d.kind.push('|');
                } else {
                    d.kind.push_str(if role == Role::AttributeEnumValue { "(" } else { "NOTATION(" });
                }
                d.kind.push_str(&String::from_utf8_lossy(word));
            }
            _ => {}
        }
    }

    fn attribute_declared(&mut self, default: Option<Vec<u8>>, required: bool) -> bool {
        if !self.keep() {
            return true;
        }
        let d = &mut self.declaration;
        let (Some(element), Some(name)) = (d.element.clone(), d.attribute.clone()) else { return true };
        if d.kind.starts_with('(') || d.kind.starts_with("NOTATION(") {
            d.kind.push(')');
        }
        let kind: Rc<str> = d.kind.as_str().into();
        let cdata = d.cdata;
        let shown = default.as_deref().map(shared);
        {
            let mut dtd = self.dtd.borrow_mut();
            let declared = dtd.attributes.entry(element.as_bytes().into()).or_default();
            if !declared.iter().any(|a| *a.name == *name.as_bytes()) {
                declared.push(DeclaredAttribute { name: name.as_bytes().into(), cdata, default: default.map(Rc::new) });
            }
        }
        if !self.wanted(wants::ATTLIST_DECL) {
            return true;
        }
        self.queue.push_back(Event::AttlistDecl { element, name, kind, default: shown, required });
        false
    }

    fn model_part(&mut self, role: Role, word: &[u8]) -> Done<()> {
        const EMPTY: i32 = 1;
        const ANY: i32 = 2;
        const MIXED: i32 = 3;
        const NAME: i32 = 4;
        const CHOICE: i32 = 5;
        const SEQ: i32 = 6;
        let wanted = self.wanted(wants::ELEMENT_DECL);
        let d = &mut self.declaration;
        match role {
            Role::ElementName => {
                d.in_model = wanted;
                d.element = Some(shared(word));
                d.groups.drain(..).for_each(|(m, _)| dismantle(m));
            }
            Role::ContentAny | Role::ContentEmpty if d.in_model => {
                let kind = if role == Role::ContentAny { ANY } else { EMPTY };
                self.model_done(Model::new(kind));
            }
            Role::GroupOpen => {
                d.groups.push((Model::new(SEQ), None));
            }
            Role::ContentPcdata => {
                if let Some((m, _)) = d.groups.last_mut() {
                    m.kind = MIXED;
                }
            }
            Role::GroupSequence | Role::GroupChoice => {
                let (mine, other) = if role == Role::GroupSequence { (b',', b'|') } else { (b'|', b',') };
                if let Some((m, connector)) = d.groups.last_mut() {
                    if *connector == Some(other) {
                        return Err(Code::Syntax.into());
                    }
                    if m.kind != MIXED && role == Role::GroupChoice {
                        m.kind = CHOICE;
                    }
                    *connector = Some(mine);
                }
            }
            Role::ContentElement(quant) => {
                let name = Some(String::from_utf8_lossy(bare(word, quant)).into());
                if let Some((m, _)) = d.groups.last_mut() {
                    m.children.push(Model { kind: NAME, quant, name, children: Vec::new() });
                }
            }
            Role::GroupClose(quant) => {
                let Some((mut m, _)) = d.groups.pop() else { return Ok(()) };
                m.quant = quant;
                match d.groups.last_mut() {
                    Some((parent, _)) => parent.children.push(m),
                    None if d.in_model => self.model_done(m),
                    None => dismantle(m),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn model_done(&mut self, model: Model) {
        self.declaration.in_model = false;
        if let Some(name) = self.declaration.element.clone() {
            self.queue.push_back(Event::ElementDecl { name, model });
        }
    }

    fn param_reference(&mut self, name: &[u8], between: bool) -> Done<bool> {
        let cell = self.dtd.clone();
        let mut dtd = cell.borrow_mut();
        // Whether it had any before this one decides what an unknown one means.
        let had_refs = dtd.has_param_entity_refs;
        dtd.has_param_entity_refs = true;
        if self.param_entities == ParamEntities::Never {
            dtd.keep_processing = dtd.standalone;
        } else {
            let check = self.grammar.document && (if dtd.standalone { self.sources.len() == 1 } else { !had_refs });
            let entity = dtd.param_entities.get(name).cloned();
            let Some(e) = entity else {
                if check {
                    return Err(Code::UndefinedEntity.into());
                }
                dtd.keep_processing = dtd.standalone;
                drop(dtd);
                let mut default = true;
                if between && self.wanted(wants::SKIPPED_ENTITY) {
                    self.queue.push_back(Event::SkippedEntity { name: shared(name), is_param: true });
                    default = false;
                }
                self.ask_standalone();
                return Ok(default);
            };
            if check && !e.is_internal {
                return Err(Code::EntityDeclaredInPe.into());
            }
            if e.open {
                return Err(Code::RecursiveEntityRef.into());
            }
            if let Some(text) = e.text {
                drop(dtd);
                self.enter(name, text, true)?;
                return Ok(false);
            }
            if self.wanted(wants::EXTERNAL_ENTITY_REF) {
                dtd.param_entity_read = false;
                if let Some(e) = dtd.param_entities.get_mut(name) {
                    e.open = true;
                }
                let (base, system, public) = (e.base, e.system, e.public);
                self.queue.push_back(Event::ExternalEntityRef { context: None, base, system, public });
                self.pending = Some(Pending::Param(name.into()));
                return Ok(false);
            }
            dtd.keep_processing = dtd.standalone;
        }
        drop(dtd);
        self.ask_standalone();
        Ok(true)
    }

    /// The caller has dealt with an external parameter entity.
    pub(crate) fn param_entity_done(&mut self, name: &[u8]) {
        let mut dtd = self.dtd.borrow_mut();
        if let Some(e) = dtd.param_entities.get_mut(name) {
            e.open = false;
        }
        if dtd.param_entity_read {
            drop(dtd);
            self.ask_standalone();
        } else {
            dtd.keep_processing = dtd.standalone;
        }
    }

    /// This parser reads an external parameter entity: whoever refers to it is told.
    pub(crate) fn mark_read(&self) {
        self.dtd.borrow_mut().param_entity_read = true;
    }
}
