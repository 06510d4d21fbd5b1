//! Elements, character data and what else stands in them.

use crate::Code;
use crate::event::{Event, Text, wants};
use crate::parser::{Done, Kind, Parser, Pending, Processor, Step, Tag, at};
use crate::tokens::{self, Cdata, Stop, Token};
use std::rc::Rc;

/// Text that is converted goes out in pieces of this size.
const PIECE: usize = 1024;

impl Parser {
    fn data(&mut self, text: &Rc<Vec<u8>>, start: usize, end: usize) {
        if !self.wanted(wants::CHARACTERS) {
            return self.default(text, start, end);
        }
        let mut from = start;
        if self.sources.len() == 1 && !matches!(self.encoding, Some(crate::input::Encoding::Utf8) | None) {
            while end - from > PIECE {
                let mut to = from + PIECE;
                while text[to] & 0xC0 == 0x80 {
                    to -= 1;
                }
                self.queue.push_back(Event::Characters(Text { text: text.clone(), start: from, end: to }));
                from = to;
            }
        }
        self.queue.push_back(Event::Characters(Text { text: text.clone(), start: from, end }));
    }

    fn replaced(&mut self, what: &[u8], text: &Rc<Vec<u8>>, start: usize, end: usize) {
        if self.wanted(wants::CHARACTERS) {
            self.queue.push_back(Event::Characters(Text::owned(what.to_vec())));
        } else {
            self.default(text, start, end);
        }
    }

    fn newline(&mut self, text: &Rc<Vec<u8>>, start: usize, end: usize) {
        if text[start] == b'\n' {
            self.data(text, start, start + 1);
        } else {
            self.replaced(b"\n", text, start, end);
        }
    }

    /// The next token of the content.
    pub(crate) fn content(&mut self) -> Done<Step> {
        let (text, p) = self.top();
        let t: &[u8] = &text;
        let mut raw = std::mem::take(&mut self.raw_attributes);
        let token = tokens::content(t, p, self.ns, &mut raw);
        self.raw_attributes = raw;
        let end = match token {
            Ok(token) => match token {
                Token::Data { end } => {
                    self.data(&text, p, end);
                    end
                }
                Token::Newline { end } => {
                    self.newline(&text, p, end);
                    end
                }
                Token::Start { name_end, end, empty } => {
                    self.advance(end);
                    self.start_element(&text, (p + 1, name_end), empty)?;
                    if empty {
                        if self.sources.len() == 1 && self.wanted(wants::START) && self.wanted(wants::END) {
                            self.empty_end = Some(end);
                        }
                        self.end_element();
                        return Ok(self.after_element());
                    }
                    end
                }
                Token::End { name, end } => {
                    if self.level() == self.sources[self.sources.len() - 1].start_level {
                        return Err(Code::AsyncEntity.into());
                    }
                    let matches = self.tags.last().is_some_and(|tag| self.names.get(tag.raw) == &t[name.0..name.1]);
                    if !matches {
                        return Err(at(Code::TagMismatch, name.0));
                    }
                    self.advance(end);
                    let before = self.queue.len();
                    self.end_element();
                    if !self.wanted(wants::END) && self.queue.len() == before {
                        self.default(&text, p, end);
                    }
                    return Ok(self.after_element());
                }
                Token::CharRef { end } => {
                    let Some(c) = tokens::reference_number(&t[p..end]) else { return Err(Code::BadCharRef.into()) };
                    let mut buf = [0; 4];
                    self.replaced(c.encode_utf8(&mut buf).as_bytes(), &text, p, end);
                    end
                }
                Token::EntityRef { end } => {
                    self.advance(end);
                    return self.entity_reference(&text, p, end);
                }
                Token::Comment { end } => {
                    self.comment(&text, p, end);
                    end
                }
                Token::Pi { target, end } => {
                    self.instruction(&text, p, target, end);
                    end
                }
                Token::XmlDecl { .. } => return Err(Code::MisplacedXmlPi.into()),
                Token::CdataOpen { end } => {
                    if self.wanted(wants::START_CDATA) {
                        self.queue.push_back(Event::StartCdata);
                    } else {
                        self.default(&text, p, end);
                    }
                    self.processor = Processor::Cdata;
                    end
                }
                Token::TrailingCr if self.is_last() => {
                    self.replaced(b"\n", &text, p, t.len());
                    t.len()
                }
                Token::TrailingBracket if self.is_last() => {
                    self.data(&text, p, t.len());
                    t.len()
                }
                Token::TrailingCr | Token::TrailingBracket => return Ok(Step::Wait),
                Token::None => return self.content_end(),
            },
            Err(stop) => return self.stopped(stop),
        };
        self.advance(end);
        Ok(Step::Again)
    }

    fn content_end(&mut self) -> Done<Step> {
        if !self.is_last() {
            return Ok(Step::Wait);
        }
        let start_level = self.sources[self.sources.len() - 1].start_level;
        if start_level == 0 {
            return Err(Code::NoElements.into());
        }
        if self.level() != start_level {
            return Err(Code::AsyncEntity.into());
        }
        if self.sources.len() > 1 {
            self.leave();
            return Ok(Step::Again);
        }
        self.processor = Processor::Finished;
        Ok(Step::Again)
    }

    fn after_element(&mut self) -> Step {
        if self.level() == 0 {
            self.processor = Processor::Epilog;
        }
        Step::Again
    }

    fn end_element(&mut self) {
        let Some(Tag { name, bindings, .. }) = self.tags.pop() else { return };
        if self.wanted(wants::END) {
            self.queue.push_back(Event::End { name });
        }
        if bindings > 0 {
            self.generation = self.generation.wrapping_add(1);
        }
        for _ in 0..bindings {
            if let Some(b) = self.bindings.pop()
                && self.wanted(wants::END_NS)
            {
                self.queue.push_back(Event::EndNs { prefix: b.shown_prefix() });
            }
        }
    }

    fn entity_reference(&mut self, text: &Rc<Vec<u8>>, start: usize, end: usize) -> Done<Step> {
        let name = &text[start + 1..end - 1];
        if let Some(c) = tokens::predefined(name) {
            self.replaced(&[c], text, start, end);
            return Ok(Step::Again);
        }
        let dtd_cell = self.dtd.clone();
        let dtd = dtd_cell.borrow();
        let entity = dtd.entities.get(name);
        let shown = || String::from_utf8_lossy(name).into();
        if !dtd.has_param_entity_refs || dtd.standalone {
            match entity {
                None => return Err(Code::UndefinedEntity.into()),
                Some(e) if !e.is_internal => return Err(Code::EntityDeclaredInPe.into()),
                Some(_) => {}
            }
        }
        let Some(entity) = entity else {
            if self.wanted(wants::SKIPPED_ENTITY) {
                self.queue.push_back(Event::SkippedEntity { name: shown(), is_param: false });
            } else {
                self.default(text, start, end);
            }
            return Ok(Step::Again);
        };
        if entity.open {
            return Err(Code::RecursiveEntityRef.into());
        }
        if entity.notation.is_some() {
            return Err(Code::BinaryEntityRef.into());
        }
        if let Some(replacement) = &entity.text {
            if self.wanted(wants::NO_EXPANSION) {
                if self.wanted(wants::SKIPPED_ENTITY) {
                    self.queue.push_back(Event::SkippedEntity { name: shown(), is_param: false });
                } else {
                    self.default(text, start, end);
                }
                return Ok(Step::Again);
            }
            let replacement = replacement.clone();
            drop(dtd);
            self.enter(name, replacement, false)?;
            return Ok(Step::Again);
        }
        if self.wanted(wants::EXTERNAL_ENTITY_REF) {
            let mut context = String::new();
            let mut add = |part: &str| {
                if !context.is_empty() {
                    context.push('\u{c}');
                }
                context.push_str(part);
            };
            for (i, b) in self.bindings.iter().enumerate() {
                // Only the innermost binding of a prefix counts.
                if !self.bindings[i + 1..].iter().any(|c| c.prefix == b.prefix)
                    && let Some(uri) = &b.uri
                {
                    add(&format!("{}={uri}", b.prefix));
                }
            }
            for name in dtd.open.iter().map(|n| &**n).chain([name]) {
                add(&String::from_utf8_lossy(name));
            }
            self.queue.push_back(Event::ExternalEntityRef {
                context: Some(context.into()),
                base: entity.base.clone(),
                system: entity.system.clone(),
                public: entity.public.clone(),
            });
            self.pending = Some(Pending::General);
        } else {
            self.default(text, start, end);
        }
        Ok(Step::Again)
    }

    /// `<!-- -->`
    pub(crate) fn comment(&mut self, text: &Rc<Vec<u8>>, start: usize, end: usize) {
        if self.wanted(wants::COMMENT) {
            self.queue.push_back(Event::Comment(lines(text, start + 4, end - 3)));
        } else {
            self.default(text, start, end);
        }
    }

    /// `<? ?>`
    pub(crate) fn instruction(&mut self, text: &Rc<Vec<u8>>, start: usize, target: (usize, usize), end: usize) {
        if self.wanted(wants::PI) {
            let from = tokens::spaces(text, target.1).min(end - 2);
            let data = lines(text, from, end - 2);
            let target = Text { text: text.clone(), start: target.0, end: target.1 };
            self.queue.push_back(Event::Pi { target, data });
        } else {
            self.default(text, start, end);
        }
    }

    /// The next token of a CDATA section.
    pub(crate) fn cdata(&mut self) -> Done<Step> {
        let (text, p) = self.top();
        let end = match tokens::cdata(&text, p) {
            Ok(Cdata::Close(end)) => {
                if self.wanted(wants::END_CDATA) {
                    self.queue.push_back(Event::EndCdata);
                } else {
                    self.default(&text, p, end);
                }
                self.processor = Processor::Content;
                end
            }
            Ok(Cdata::Data(end)) => {
                self.data(&text, p, end);
                end
            }
            Ok(Cdata::Newline(end)) => {
                self.newline(&text, p, end);
                end
            }
            Ok(Cdata::None) | Err(Stop::Partial) => {
                return if self.is_last() { Err(Code::UnclosedCdataSection.into()) } else { Ok(Step::Wait) };
            }
            Err(stop) => return self.stopped(stop),
        };
        self.advance(end);
        Ok(Step::Again)
    }

    /// What follows the root element.
    pub(crate) fn epilog(&mut self) -> Done<Step> {
        use crate::prolog_tokens::{Kind as K, prolog};
        let (text, p) = self.top();
        match prolog(&text, p, self.ns, self.last) {
            Ok((K::None, _)) => {
                if self.last {
                    self.processor = Processor::Finished;
                }
                return Ok(Step::Wait);
            }
            Ok((kind, end)) => {
                match kind {
                    K::Space => self.default(&text, p, end),
                    K::Comment => self.comment(&text, p, end),
                    K::Pi => self.prolog_instruction(&text, p),
                    _ => return Err(Code::JunkAfterDocElement.into()),
                }
                self.advance(end);
            }
            Err(stop) => return self.stopped(stop),
        }
        Ok(Step::Again)
    }

    /// The beginning of an external general entity.
    pub(crate) fn external_start(&mut self) -> Done<Step> {
        debug_assert!(self.kind == Kind::General);
        let (text, p) = self.top();
        let mut raw = std::mem::take(&mut self.raw_attributes);
        let token = tokens::content(&text, p, self.ns, &mut raw);
        self.raw_attributes = raw;
        match token {
            Ok(Token::XmlDecl { end }) => {
                self.xml_declaration(&text, p, end, true)?;
                if self.sources[0].pos < end {
                    self.advance(end);
                }
            }
            Err(Stop::Partial) if !self.last => return Ok(Step::Wait),
            Ok(Token::None) if !self.last => return Ok(Step::Wait),
            _ => self.close_head(),
        }
        self.processor = Processor::Content;
        Ok(Step::Again)
    }
}

/// Text with its line ends made `\n`.
pub(crate) fn lines(text: &Rc<Vec<u8>>, start: usize, end: usize) -> Text {
    let slice = text.get(start..end).unwrap_or(&[]);
    if !slice.contains(&b'\r') {
        return Text { text: text.clone(), start, end: end.max(start) };
    }
    let mut out = Vec::with_capacity(slice.len());
    for (i, &b) in slice.iter().enumerate() {
        match b {
            b'\r' => out.push(b'\n'),
            b'\n' if i > 0 && slice[i - 1] == b'\r' => {}
            _ => out.push(b),
        }
    }
    Text::owned(out)
}
