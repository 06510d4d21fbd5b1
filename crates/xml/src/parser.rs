//! The parser: its input and the entities open in it, and how it goes on.

use crate::Code;
use crate::attributes::Binding;
use crate::chars::{BAD, CUT};
use crate::dtd::Dtd;
use crate::event::{Event, Maybe, Text, wants};
use crate::input::Encoding;
use crate::names::{NameId, Names};
use crate::prolog::Declaration;
use crate::roles::Grammar;
use crate::tokens::{RawAttribute, Stop};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// When external parameter entities are parsed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[allow(missing_docs)]
pub enum ParamEntities {
    #[default]
    Never,
    UnlessStandalone,
    Always,
}

/// Why parsing ended.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// What is wrong.
    pub code: Code,
    /// Where, in the text of the innermost source, when it is not where the token begins.
    pub(crate) at: Option<usize>,
}

impl From<Code> for Failure {
    fn from(code: Code) -> Failure {
        Failure { code, at: None }
    }
}

pub(crate) type Done<T> = Result<T, Failure>;

pub(crate) fn at(code: Code, place: usize) -> Failure {
    Failure { code, at: Some(place) }
}

/// What a step did.
pub(crate) enum Step {
    Again,
    /// There is nothing to go on with.
    Wait,
}

/// A text under way: the input, or the replacement text of an entity.
pub(crate) struct Source {
    pub text: Rc<Vec<u8>>,
    pub pos: usize,
    /// Of an entity.
    pub name: Option<Box<[u8]>>,
    pub is_param: bool,
    /// How many elements were open when it began.
    pub start_level: usize,
}

/// Which part of a document comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Processor {
    Start,
    Prolog,
    /// The text declaration of an external entity may come.
    ExternalStart,
    Content,
    Cdata,
    Epilog,
    IgnoreSection,
    Finished,
}

/// What kind of entity the input is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Document,
    General,
    Param,
}

/// An open element.
pub(crate) struct Tag {
    pub raw: NameId,
    pub name: NameId,
    pub bindings: usize,
}

/// What an answer is awaited for.
pub(crate) enum Pending {
    NotStandalone,
    General,
    Param(Box<[u8]>),
    ExternalSubset { had_refs: bool, has_system: bool, end_doctype: bool },
    ForeignSubset { had_refs: bool },
}

/// How much entities have blown up the input: shared by a parser and those of its external entities.
pub(crate) struct Accounting {
    pub direct: Cell<u64>,
    pub indirect: Cell<u64>,
    pub max_amplification: Cell<f32>,
    pub threshold: Cell<u64>,
    pub max_allocation: Cell<f32>,
    pub allocation_threshold: Cell<u64>,
}

/// An attribute of a start tag.
pub struct Attribute {
    /// Its name.
    pub name: NameId,
    /// Its value.
    pub value: Text,
}

#[derive(Clone, Copy)]
struct Position {
    offset: usize,
    line: u64,
    column: u64,
    byte: u64,
}

/// A parser.
pub struct Parser {
    /// The events that are wanted (`wants`).
    pub wants: u32,
    /// Whether a token that did not end waits until the input has doubled.
    pub defer: bool,
    /// Whether names come as `uri sep local sep prefix`.
    pub triplets: bool,
    pub(crate) base: Maybe,
    pub(crate) names: Names,
    pub(crate) dtd: Rc<RefCell<Dtd>>,
    pub(crate) sources: Vec<Source>,
    pub(crate) kind: Kind,
    pub(crate) processor: Processor,
    raw: Vec<u8>,
    pub(crate) encoding: Option<Encoding>,
    protocol_encoding: Option<Box<str>>,
    /// The input so far, while an encoding declaration may still come.
    head: Option<Vec<u8>>,
    dead: bool,
    pub(crate) last: bool,
    started: bool,
    /// What was left over when the last piece did not suffice for a token.
    partial: usize,
    fed_at: usize,
    deferred: bool,
    pub(crate) queue: VecDeque<Event>,
    failure: Option<Failure>,
    pub(crate) raw_attributes: Vec<RawAttribute>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) specified: usize,
    pub(crate) tags: Vec<Tag>,
    pub(crate) ns: bool,
    pub(crate) separator: Option<u8>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) generation: u32,
    pub(crate) expanded: Vec<(u32, NameId)>,
    pub(crate) expanded_attributes: Vec<(u32, NameId)>,
    pub(crate) seen: Vec<u64>,
    pub(crate) stamp: u64,
    pub(crate) grammar: Grammar,
    pub(crate) declaration: Declaration,
    pub(crate) param_entities: ParamEntities,
    pub(crate) foreign_dtd: bool,
    pub(crate) pending: Option<Pending>,
    /// The answer to the last question.
    answer: Option<bool>,
    pub(crate) awaited_encoding: bool,
    pub(crate) accounting: Rc<Accounting>,
    event_at: Option<usize>,
    /// Where the end of an empty element is, which is where its end event happens.
    pub(crate) empty_end: Option<usize>,
    checkpoint: Position,
    position: Cell<Position>,
}

impl Parser {
    /// A parser of a document. With `separator` names are those of namespaces; an empty separator is `Some(None)`.
    pub fn new(encoding: Option<&str>, separator: Option<Option<u8>>) -> Parser {
        let zero = Position { offset: 0, line: 1, column: 0, byte: 0 };
        let accounting = Accounting {
            direct: Cell::new(0),
            indirect: Cell::new(0),
            max_amplification: Cell::new(100.0),
            threshold: Cell::new(8 << 20),
            max_allocation: Cell::new(100.0),
            allocation_threshold: Cell::new(64 << 20),
        };
        let input = Source { text: Rc::new(Vec::new()), pos: 0, name: None, is_param: false, start_level: 0 };
        let mut p = Parser {
            wants: 0,
            defer: true,
            triplets: false,
            base: None,
            names: Names::default(),
            dtd: Rc::new(RefCell::new(Dtd::new())),
            sources: vec![input],
            kind: Kind::Document,
            processor: Processor::Start,
            raw: Vec::new(),
            encoding: None,
            protocol_encoding: encoding.map(Into::into),
            head: Some(Vec::new()),
            dead: false,
            last: false,
            started: false,
            partial: 0,
            fed_at: 0,
            deferred: false,
            queue: VecDeque::new(),
            failure: None,
            raw_attributes: Vec::new(),
            attributes: Vec::new(),
            specified: 0,
            tags: Vec::new(),
            ns: separator.is_some(),
            separator: separator.flatten(),
            bindings: Vec::new(),
            generation: 1,
            expanded: Vec::new(),
            expanded_attributes: Vec::new(),
            seen: Vec::new(),
            stamp: 0,
            grammar: Grammar::document(),
            declaration: Declaration::default(),
            param_entities: ParamEntities::Never,
            foreign_dtd: false,
            pending: None,
            answer: None,
            awaited_encoding: false,
            accounting: Rc::new(accounting),
            event_at: None,
            empty_end: None,
            checkpoint: zero,
            position: Cell::new(zero),
        };
        if p.ns {
            p.bindings.push(Binding::xml());
        }
        p
    }

    /// A parser of an external entity that this one refers to: of a general one, with the context of the event, or of a parameter entity.
    pub fn external(&self, context: Option<&str>, encoding: Option<&str>) -> Parser {
        let mut p = Parser::new(encoding, self.ns.then_some(self.separator));
        p.wants = self.wants;
        p.defer = self.defer;
        p.triplets = self.triplets;
        p.base = self.base.clone();
        p.param_entities = self.param_entities;
        p.accounting = self.accounting.clone();
        match context {
            Some(context) => {
                p.kind = Kind::General;
                p.sources[0].start_level = 1;
                let mut dtd = self.dtd.borrow().clone();
                for e in dtd.entities.values_mut() {
                    e.open = false;
                }
                for part in context.split('\u{c}').filter(|s| !s.is_empty()) {
                    match part.split_once('=') {
                        Some((prefix, uri)) => p.bindings.push(Binding::new(prefix, Some(uri))),
                        None => {
                            if let Some(e) = dtd.entities.get_mut(part.as_bytes()) {
                                e.open = true;
                                dtd.open.push(part.as_bytes().into());
                            }
                        }
                    }
                }
                p.dtd = Rc::new(RefCell::new(dtd));
            }
            None => {
                p.kind = Kind::Param;
                p.grammar = Grammar::external();
                p.dtd = self.dtd.clone();
                p.dtd.borrow_mut().param_entity_read = false;
            }
        }
        p
    }

    /// Sets the encoding, whatever the document says. False when parsing has begun.
    pub fn set_encoding(&mut self, encoding: &str) -> bool {
        if !self.started {
            self.protocol_encoding = Some(encoding.into());
        }
        !self.started
    }

    /// Whether input has come.
    pub fn has_started(&self) -> bool {
        self.started
    }

    /// The base of relative addresses.
    pub fn base(&self) -> Maybe {
        self.base.clone()
    }

    /// Sets the base.
    pub fn set_base(&mut self, base: &str) {
        self.base = Some(base.into());
    }

    /// When external parameter entities are parsed. False when parsing has begun.
    pub fn set_param_entities(&mut self, when: ParamEntities) -> bool {
        let free = !self.started || self.last;
        if free {
            self.param_entities = when;
        }
        free
    }

    /// Asks for an external subset even if the document names none. False when parsing has begun.
    pub fn set_foreign_dtd(&mut self, yes: bool) -> bool {
        let free = !self.started || self.last;
        if free {
            self.foreign_dtd = yes;
        }
        free
    }

    /// The factor that entities may blow up the input by.
    pub fn set_max_amplification(&mut self, factor: f32) {
        self.accounting.max_amplification.set(factor);
    }

    /// How many bytes it takes before anybody looks at the factor.
    pub fn set_amplification_threshold(&mut self, bytes: u64) {
        self.accounting.threshold.set(bytes);
    }

    /// The factor that the memory taken may be of the input.
    pub fn set_max_allocation(&mut self, factor: f32) {
        self.accounting.max_allocation.set(factor);
    }

    /// How much memory it takes before anybody looks at that factor.
    pub fn set_allocation_threshold(&mut self, bytes: u64) {
        self.accounting.allocation_threshold.set(bytes);
    }

    /// Whether this is the parser of an external entity.
    pub fn is_external(&self) -> bool {
        self.kind != Kind::Document
    }

    /// The name of a number.
    pub fn name(&self, n: NameId) -> &str {
        std::str::from_utf8(self.names.get(n)).unwrap_or("")
    }

    /// The attributes of the last `Start`, in order; those beyond [`Parser::specified`] are defaults.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// How many attributes the tag has written out.
    pub fn specified(&self) -> usize {
        self.specified
    }

    /// The place of the current event: line, column, and byte, which is -1 before anything.
    pub fn place(&self) -> (u64, u64, i64) {
        let Some(to) = self.event_at else { return (1, 0, -1) };
        let mut p = self.position.get();
        if p.offset > to {
            p = self.checkpoint;
        }
        let text = &self.sources[0].text;
        let passed = text.get(p.offset..to).unwrap_or(&[]);
        let mut i = 0;
        while let Some(&b) = passed.get(i) {
            match b {
                b'\n' | b'\r' => {
                    p.line += 1;
                    p.column = 0;
                    if b == b'\r' && passed.get(i + 1) == Some(&b'\n') {
                        i += 1;
                    }
                }
                _ => p.column += u64::from(b & 0xC0 != 0x80),
            }
            i += 1;
        }
        p.byte += self.encoding.as_ref().map_or(passed.len(), |e| e.width(passed)) as u64;
        p.offset = to.max(p.offset);
        self.position.set(p);
        (p.line, p.column, p.byte as i64)
    }

    /// The input from the current event on, as UTF-8.
    pub fn context(&self) -> Option<&[u8]> {
        self.sources[0].text.get(self.event_at?..)
    }

    /// Gives the next piece of the input. `Err` when the input had ended, or had been bad.
    pub fn feed(&mut self, data: &[u8], last: bool) -> Result<(), Code> {
        if let Some(f) = &self.failure {
            return Err(f.code);
        }
        if self.last {
            return Err(Code::Finished);
        }
        self.started = true;
        self.last = last;
        self.compact();
        if !self.dead {
            if let Some(head) = &mut self.head {
                head.extend_from_slice(data);
            }
            self.raw.extend_from_slice(data);
            self.decode();
        }
        let input = &self.sources[0];
        let have = input.text.len() - input.pos;
        self.fed_at = input.pos;
        self.deferred = self.defer && !last && self.partial > 0 && have < 2 * self.partial;
        Ok(())
    }

    fn compact(&mut self) {
        let done = self.sources[0].pos;
        if done == 0 || self.sources.len() > 1 {
            return;
        }
        self.event_at = Some(done);
        self.place();
        let mut p = self.position.get();
        p.offset = 0;
        self.position.set(p);
        self.checkpoint = p;
        self.event_at = Some(0);
        Rc::make_mut(&mut self.sources[0].text).drain(..done);
        self.sources[0].pos = 0;
    }

    fn decode(&mut self) {
        let Some(encoding) = &self.encoding else { return };
        let text = Rc::make_mut(&mut self.sources[0].text);
        let before = text.len();
        self.dead = encoding.decode(&mut self.raw, self.last, text);
        let more = (text.len() - before) as u64;
        self.accounting.direct.set(self.accounting.direct.get() + more);
    }

    /// Another encoding for what follows `pos`, which was ASCII until there.
    pub(crate) fn switch_encoding(&mut self, encoding: Encoding) {
        if self.encoding.as_ref() == Some(&encoding) {
            return;
        }
        let pos = self.sources[0].pos;
        if let Some(head) = self.head.take() {
            Rc::make_mut(&mut self.sources[0].text).truncate(pos);
            self.raw = head.get(pos..).unwrap_or(&[]).to_vec();
            self.encoding = Some(encoding);
            self.decode();
        }
    }

    /// The encoding was fixed from outside.
    pub(crate) fn has_protocol_encoding(&self) -> bool {
        self.protocol_encoding.is_some()
    }

    pub(crate) fn close_head(&mut self) {
        self.head = None;
    }

    /// The next event, or `None` when more input is needed, or none at all. After the events that want an answer comes the answer.
    pub fn next_event(&mut self) -> Result<Option<Event>, Code> {
        loop {
            if let Some(e) = self.queue.pop_front() {
                if matches!(e, Event::End { .. })
                    && let Some(p) = self.empty_end.take()
                {
                    self.event_at = Some(p);
                }
                return Ok(Some(e));
            }
            if let Some(f) = self.failure.take() {
                if let Some(p) = f.at
                    && self.sources.len() == 1
                {
                    self.event_at = Some(p);
                }
                self.failure = Some(Failure { code: f.code, at: None });
                return Err(f.code);
            }
            if self.deferred {
                return Ok(None);
            }
            match self.step() {
                Ok(Step::Again) => {}
                Ok(Step::Wait) => {
                    let input = &self.sources[0];
                    if self.event_at.is_some() || input.pos > 0 {
                        self.event_at = Some(input.pos);
                    }
                    self.partial = if input.pos == self.fed_at { input.text.len() - input.pos } else { 0 };
                    return Ok(None);
                }
                Err(f) => self.failure = Some(f),
            }
        }
    }

    /// Ends parsing with an error of the caller's.
    pub fn abort(&mut self) {
        self.queue.clear();
        self.failure = Some(Failure { code: Code::Aborted, at: None });
    }

    fn step(&mut self) -> Done<Step> {
        if self.pending.is_some() {
            let yes = self.answer.take().unwrap_or(true);
            return self.answered(yes);
        }
        if self.awaited_encoding {
            return Err(Code::UnknownEncoding.into());
        }
        if self.sources.len() == 1 && self.processor != Processor::Start {
            self.event_at = Some(self.sources[0].pos);
        }
        if self.taken_too_much() {
            return Err(Code::NoMemory.into());
        }
        match self.processor {
            Processor::Start => self.start(),
            Processor::Prolog => self.prolog(),
            Processor::ExternalStart => self.external_start(),
            Processor::Content => self.content(),
            Processor::Cdata => self.cdata(),
            Processor::Epilog => self.epilog(),
            Processor::IgnoreSection => self.ignore_section(),
            Processor::Finished => Ok(Step::Wait),
        }
    }

    /// Whether the tables and buffers are out of proportion to the input. What one parser takes counts, not what its children do.
    fn taken_too_much(&self) -> bool {
        let a = &self.accounting;
        let open: usize = self.sources.iter().map(|s| s.text.capacity()).sum();
        let taken = (size_of::<Parser>() + open + self.names.memory() + self.raw.capacity()) as u64;
        taken >= a.allocation_threshold.get() && taken as f32 / a.direct.get().max(1) as f32 > a.max_allocation.get()
    }

    fn answered(&mut self, yes: bool) -> Done<Step> {
        match self.pending.take() {
            Some(Pending::NotStandalone) if !yes => return Err(Code::NotStandalone.into()),
            Some(Pending::NotStandalone) | None => {}
            Some(_) if !yes => return Err(Code::ExternalEntityHandling.into()),
            Some(Pending::General) => {}
            Some(Pending::Param(name)) => self.param_entity_done(&name),
            Some(Pending::ExternalSubset { had_refs, has_system, end_doctype }) => {
                let read = self.dtd.borrow().param_entity_read;
                if read {
                    self.ask_standalone();
                } else if !has_system {
                    self.dtd.borrow_mut().has_param_entity_refs = had_refs;
                }
                if end_doctype {
                    self.queue.push_back(Event::EndDoctype);
                }
            }
            Some(Pending::ForeignSubset { had_refs }) => {
                if self.dtd.borrow().param_entity_read {
                    self.ask_standalone();
                } else {
                    self.dtd.borrow_mut().has_param_entity_refs = had_refs;
                }
            }
        }
        Ok(Step::Again)
    }

    /// Asks whether a document that is not standalone will do, if anybody wants to be asked.
    pub(crate) fn ask_standalone(&mut self) {
        if !self.dtd.borrow().standalone && self.wants & wants::NOT_STANDALONE != 0 {
            self.queue.push_back(Event::NotStandalone);
            self.pending = Some(Pending::NotStandalone);
        }
    }

    /// The answer to `NotStandalone` or `ExternalEntityRef`: whether to go on.
    pub fn answer(&mut self, yes: bool) {
        self.answer = Some(yes);
    }

    /// The answer to `UnknownEncoding`: the character of each byte, -1 for none.
    pub fn answer_encoding(&mut self, table: Option<Box<[i32; 256]>>) {
        let Some(table) = table else { return };
        // What markup is made of must be where ASCII has it, and only there.
        let markup = |c: i32| {
            u8::try_from(c).is_ok_and(|c| c.is_ascii_alphanumeric() || b" \t\r\n!\"#%&'()*+,-./:;<=>?[]_|".contains(&c))
        };
        let odd = (0..256i32).any(|b| {
            let c = table[b as usize];
            c != b && (markup(c) || markup(b))
        });
        if odd {
            return;
        }
        self.awaited_encoding = false;
        let encoding = Encoding::Table(table);
        if self.encoding.is_some() {
            self.switch_encoding(encoding);
        } else {
            self.encoding = Some(encoding);
            self.decode();
        }
    }

    fn start(&mut self) -> Done<Step> {
        if self.encoding.is_none() {
            let b = |i: usize| self.raw.get(i).copied();
            if self.raw.is_empty() && !self.last {
                return Ok(Step::Wait);
            }
            if !self.last && (self.raw.len() == 1 || b(0) == Some(0xEF) && b(1) == Some(0xBB) && b(2).is_none()) {
                return Ok(Step::Wait);
            }
            let given = self.protocol_encoding.clone();
            let known = given.as_deref().and_then(Encoding::find);
            if let Some(name) = given.as_deref()
                && known.is_none()
            {
                self.awaited_encoding = true;
                self.protocol_encoding = Some("*".into());
                self.queue.push_back(Event::UnknownEncoding { name: name.into() });
                return Ok(Step::Again);
            }
            let encoding = match (b(0), b(1)) {
                (Some(0xFE), Some(0xFF)) => Encoding::Utf16Be,
                (Some(0xFF), Some(0xFE)) => Encoding::Utf16Le,
                (Some(_), Some(_)) if known.is_some() => known.unwrap_or(Encoding::Utf8),
                (Some(0), Some(_)) => Encoding::Utf16Be,
                (Some(_), Some(0)) => Encoding::Utf16Le,
                _ => known.unwrap_or(Encoding::Utf8),
            };
            self.encoding = Some(encoding);
            self.decode();
        }
        let text = self.sources[0].text.clone();
        if text.is_empty() && !self.last {
            return Ok(Step::Wait);
        }
        self.event_at = Some(0);
        if text.starts_with("\u{feff}".as_bytes()) {
            self.sources[0].pos = 3;
        }
        self.processor = match self.kind {
            Kind::Document | Kind::Param => Processor::Prolog,
            Kind::General => Processor::ExternalStart,
        };
        if self.kind == Kind::Param {
            self.mark_read();
        }
        Ok(Step::Again)
    }

    /// The innermost source: its text and where it stands.
    #[inline]
    pub(crate) fn top(&self) -> (Rc<Vec<u8>>, usize) {
        let s = &self.sources[self.sources.len() - 1];
        (s.text.clone(), s.pos)
    }

    #[inline]
    pub(crate) fn advance(&mut self, pos: usize) {
        let n = self.sources.len() - 1;
        self.sources[n].pos = pos;
    }

    /// Whether the innermost source will not grow.
    #[inline]
    pub(crate) fn is_last(&self) -> bool {
        self.last || self.sources.len() > 1
    }

    /// What it means that there is no token.
    pub(crate) fn stopped(&self, stop: Stop) -> Done<Step> {
        match stop {
            Stop::Invalid(p) => Err(at(Code::InvalidToken, p)),
            Stop::PartialChar => Err(Code::PartialChar.into()),
            Stop::Partial if self.is_last() => {
                // The mark of bad input ends the text too.
                let (text, _) = self.top();
                match text.last() {
                    Some(&BAD) if self.dead => Err(at(Code::InvalidToken, text.len() - 1)),
                    Some(&CUT) if self.dead => Err(Code::PartialChar.into()),
                    _ => Err(Code::UnclosedToken.into()),
                }
            }
            Stop::Partial => Ok(Step::Wait),
        }
    }

    /// Counts text that entities add, and says when it is too much.
    pub(crate) fn account(&self, bytes: usize) -> Done<()> {
        let a = &self.accounting;
        a.indirect.set(a.indirect.get() + bytes as u64);
        let total = a.direct.get() + a.indirect.get();
        if total >= a.threshold.get() && total as f32 / a.direct.get().max(1) as f32 > a.max_amplification.get() {
            return Err(Code::AmplificationLimitBreach.into());
        }
        Ok(())
    }

    /// Goes into an entity.
    pub(crate) fn enter(&mut self, name: &[u8], text: Rc<Vec<u8>>, is_param: bool) -> Done<()> {
        self.account(text.len())?;
        {
            let mut dtd = self.dtd.borrow_mut();
            let table = if is_param { &mut dtd.param_entities } else { &mut dtd.entities };
            if let Some(e) = table.get_mut(name) {
                e.open = true;
            }
            if !is_param {
                dtd.open.push(name.into());
            }
        }
        let start_level = self.level();
        self.sources.push(Source { text, pos: 0, name: Some(name.into()), is_param, start_level });
        Ok(())
    }

    /// Goes out of the innermost entity.
    pub(crate) fn leave(&mut self) {
        if let Some(Source { name: Some(name), is_param, .. }) = self.sources.pop() {
            let mut dtd = self.dtd.borrow_mut();
            let table = if is_param { &mut dtd.param_entities } else { &mut dtd.entities };
            if let Some(e) = table.get_mut(&name) {
                e.open = false;
            }
            if !is_param {
                dtd.open.pop();
            }
        }
    }

    /// How many elements are open.
    pub(crate) fn level(&self) -> usize {
        self.tags.len() + usize::from(self.kind == Kind::General)
    }

    #[inline]
    pub(crate) fn wanted(&self, which: u32) -> bool {
        self.wants & which != 0
    }

    /// Gives a token to the default handler.
    pub(crate) fn default(&mut self, text: &Rc<Vec<u8>>, start: usize, end: usize) {
        if self.wanted(wants::DEFAULT) {
            self.queue.push_back(Event::Default(Text { text: text.clone(), start, end }));
        }
    }
}
