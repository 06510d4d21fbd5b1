//! Values of attributes and entities, in which references are replaced.

use crate::Code;
use crate::chars::{SPACE, is};
use crate::parser::{Done, Parser, at};
use crate::tokens::{self, Stop};
use std::rc::Rc;

struct Frame {
    text: Rc<Vec<u8>>,
    pos: usize,
    end: usize,
    entity: Option<Box<[u8]>>,
}

fn stopped(stop: Stop, outer: bool) -> crate::Failure {
    match stop {
        Stop::Invalid(p) if outer => at(Code::InvalidToken, p),
        Stop::PartialChar => Code::PartialChar.into(),
        _ => Code::InvalidToken.into(),
    }
}

impl Parser {
    /// The value of an attribute: references replaced, spaces made blanks, and, unless it is `cdata`, trimmed and single.
    /// `declared`: the value is a default of the document type declaration.
    pub(crate) fn attribute_value(
        &mut self,
        text: &Rc<Vec<u8>>,
        range: (usize, usize),
        cdata: bool,
        declared: bool,
    ) -> Done<Vec<u8>> {
        let mut frames = vec![Frame { text: text.clone(), pos: range.0, end: range.1, entity: None }];
        let mut out = Vec::new();
        let result = self.attribute_frames(&mut frames, &mut out, cdata, declared);
        let mut dtd = self.dtd.borrow_mut();
        for f in &frames {
            if let Some(name) = &f.entity
                && let Some(e) = dtd.entities.get_mut(name)
            {
                e.open = false;
            }
        }
        result?;
        if !cdata && out.last() == Some(&b' ') {
            out.pop();
        }
        Ok(out)
    }

    fn attribute_frames(&self, frames: &mut Vec<Frame>, out: &mut Vec<u8>, cdata: bool, declared: bool) -> Done<()> {
        let blank = |out: &mut Vec<u8>| {
            if cdata || !matches!(out.last(), None | Some(b' ')) {
                out.push(b' ');
            }
        };
        loop {
            let outer = frames.len() == 1;
            let Some(f) = frames.last_mut() else { return Ok(()) };
            if f.pos >= f.end {
                if outer {
                    return Ok(());
                }
                if let Some(name) = frames.pop().and_then(|f| f.entity)
                    && let Some(e) = self.dtd.borrow_mut().entities.get_mut(&name)
                {
                    e.open = false;
                }
                continue;
            }
            let (start, text) = (f.pos, f.text.clone());
            match text[start] {
                b'&' => {
                    let (end, number) = tokens::reference(&text, start, self.ns).map_err(|s| stopped(s, outer))?;
                    f.pos = end;
                    if number {
                        let bad = || if outer { at(Code::BadCharRef, start) } else { Code::BadCharRef.into() };
                        let c = tokens::reference_number(&text[start..end]).ok_or_else(bad)?;
                        if c == ' ' {
                            blank(out);
                        } else {
                            let mut buf = [0; 4];
                            out.extend_from_slice(c.encode_utf8(&mut buf).as_bytes());
                        }
                        continue;
                    }
                    let name = &text[start + 1..end - 1];
                    if let Some(c) = tokens::predefined(name) {
                        out.push(c);
                        continue;
                    }
                    if let Some(text) = self
                        .attribute_entity(name, declared)
                        .map_err(|c| if outer && c == Code::UndefinedEntity { at(c, start) } else { c.into() })?
                    {
                        self.account(text.len())?;
                        let end = text.len();
                        frames.push(Frame { text, pos: 0, end, entity: Some(name.into()) });
                    }
                }
                b'<' if !outer => return Err(Code::InvalidToken.into()),
                c if is(c, SPACE) => {
                    f.pos += 1;
                    if c == b'\r' && text.get(f.pos) == Some(&b'\n') && f.pos < f.end {
                        f.pos += 1;
                    }
                    blank(out);
                }
                c => {
                    out.push(c);
                    f.pos += 1;
                }
            }
        }
    }

    /// The text of an entity in an attribute's value; `None` when it is not known and that may be.
    fn attribute_entity(&self, name: &[u8], declared: bool) -> Result<Option<Rc<Vec<u8>>>, Code> {
        let mut dtd = self.dtd.borrow_mut();
        let check = if declared {
            self.grammar.document && (if dtd.standalone { self.sources.len() == 1 } else { !dtd.has_param_entity_refs })
        } else {
            !dtd.has_param_entity_refs || dtd.standalone
        };
        let entity = dtd.entities.get_mut(name);
        let Some(e) = entity else { return if check { Err(Code::UndefinedEntity) } else { Ok(None) } };
        if check && !e.is_internal {
            return Err(Code::EntityDeclaredInPe);
        }
        if e.open {
            return Err(Code::RecursiveEntityRef);
        }
        if e.notation.is_some() {
            return Err(Code::BinaryEntityRef);
        }
        let Some(text) = e.text.clone() else { return Err(Code::AttributeExternalEntityRef) };
        e.open = true;
        Ok(Some(text))
    }

    /// The value of an entity: numbers and parameter entities replaced, line ends made `\n`, other references kept.
    pub(crate) fn entity_value(&mut self, text: &Rc<Vec<u8>>, range: (usize, usize)) -> Done<Vec<u8>> {
        let mut frames = vec![Frame { text: text.clone(), pos: range.0, end: range.1, entity: None }];
        let mut out = Vec::new();
        let result = self.entity_frames(&mut frames, &mut out);
        let mut dtd = self.dtd.borrow_mut();
        for f in &frames {
            if let Some(name) = &f.entity
                && let Some(e) = dtd.param_entities.get_mut(name)
            {
                e.open = false;
            }
        }
        result?;
        Ok(out)
    }

    fn entity_frames(&self, frames: &mut Vec<Frame>, out: &mut Vec<u8>) -> Done<()> {
        loop {
            let outer = frames.len() == 1;
            let Some(f) = frames.last_mut() else { return Ok(()) };
            if f.pos >= f.end {
                if outer {
                    return Ok(());
                }
                if let Some(name) = frames.pop().and_then(|f| f.entity)
                    && let Some(e) = self.dtd.borrow_mut().param_entities.get_mut(&name)
                {
                    e.open = false;
                }
                continue;
            }
            let (start, text) = (f.pos, f.text.clone());
            match text[start] {
                b'&' => {
                    let (end, number) = tokens::reference(&text, start, self.ns).map_err(|s| stopped(s, outer))?;
                    f.pos = end;
                    if number {
                        let bad = || if outer { at(Code::BadCharRef, start) } else { Code::BadCharRef.into() };
                        let c = tokens::reference_number(&text[start..end]).ok_or_else(bad)?;
                        let mut buf = [0; 4];
                        out.extend_from_slice(c.encode_utf8(&mut buf).as_bytes());
                    } else {
                        out.extend_from_slice(&text[start..end]);
                    }
                }
                b'%' => {
                    let end = tokens::name(&text, start + 1, self.ns, false).map_err(|s| stopped(s, outer))?;
                    if text.get(end) != Some(&b';') {
                        return Err(stopped(Stop::Invalid(end), outer));
                    }
                    f.pos = end + 1;
                    if self.grammar.document && self.sources.len() == 1 {
                        return Err(at(Code::ParamEntityRef, start));
                    }
                    let name = &text[start + 1..end];
                    let mut dtd = self.dtd.borrow_mut();
                    match dtd.param_entities.get_mut(name) {
                        Some(e) if e.open => return Err(Code::RecursiveEntityRef.into()),
                        Some(e) if e.text.is_some() => {
                            e.open = true;
                            let text = e.text.clone().unwrap_or_default();
                            drop(dtd);
                            self.account(text.len())?;
                            let end = text.len();
                            frames.push(Frame { text, pos: 0, end, entity: Some(name.into()) });
                        }
                        _ => {
                            // Not known, or its text is not at hand: what follows may not be what the author meant.
                            dtd.keep_processing = dtd.standalone;
                            return Ok(());
                        }
                    }
                }
                b'\r' => {
                    f.pos += 1;
                    if text.get(f.pos) == Some(&b'\n') && f.pos < f.end {
                        f.pos += 1;
                    }
                    out.push(b'\n');
                }
                c => {
                    out.push(c);
                    f.pos += 1;
                }
            }
        }
    }
}
