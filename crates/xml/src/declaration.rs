//! `<?xml version="1.0" encoding="utf-8" standalone="yes"?>`

use crate::Code;
use crate::chars::{SPACE, is};
use crate::event::{Event, wants};
use crate::input::Encoding;
use crate::parser::{Done, Parser, at};
use crate::tokens::spaces;
use std::rc::Rc;

type Range = (usize, usize);

/// One `name="value"`, and what follows it; `None` at the end. The error is the place.
fn pseudo_attribute(t: &[u8], mut p: usize, end: usize) -> Result<Option<(Range, Range, usize)>, usize> {
    let byte = |p: usize| if p < end { t.get(p).copied() } else { None };
    if p == end {
        return Ok(None);
    }
    if !byte(p).is_some_and(|c| is(c, SPACE)) {
        return Err(p);
    }
    p = spaces(t, p).min(end);
    if p == end {
        return Ok(None);
    }
    let start = p;
    let name_end;
    loop {
        match byte(p) {
            Some(b'=') => {
                name_end = p;
                break;
            }
            Some(c) if is(c, SPACE) => {
                name_end = p;
                p = spaces(t, p);
                if byte(p) != Some(b'=') {
                    return Err(p);
                }
                break;
            }
            Some(c) if c.is_ascii() => p += 1,
            _ => return Err(p),
        }
    }
    if name_end == start {
        return Err(p);
    }
    p = spaces(t, p + 1);
    let quote = match byte(p) {
        Some(q @ (b'"' | b'\'')) => q,
        _ => return Err(p),
    };
    p += 1;
    let value = p;
    loop {
        match byte(p) {
            Some(c) if c == quote => return Ok(Some(((start, name_end), (value, p), p + 1))),
            Some(c) if c.is_ascii_alphanumeric() || b".-_".contains(&c) => p += 1,
            _ => return Err(p),
        }
    }
}

struct Found {
    version: Option<Range>,
    encoding: Option<Range>,
    standalone: i32,
}

fn parse(t: &[u8], start: usize, end: usize, is_text: bool) -> Result<Found, usize> {
    let mut found = Found { version: None, encoding: None, standalone: -1 };
    let end = end - 2;
    let mut p = start + 5;
    let next = |p: &mut usize| -> Result<Option<(Range, Range)>, usize> {
        Ok(pseudo_attribute(t, *p, end)?.map(|(n, v, after)| {
            *p = after;
            (n, v)
        }))
    };
    let Some((mut name, mut value)) = next(&mut p)? else { return Err(p) };
    if &t[name.0..name.1] == b"version" {
        found.version = Some(value);
        match next(&mut p)? {
            Some(more) => (name, value) = more,
            None => return if is_text { Err(p) } else { Ok(found) },
        }
    } else if !is_text {
        return Err(name.0);
    }
    if &t[name.0..name.1] == b"encoding" {
        if !t.get(value.0).is_some_and(u8::is_ascii_alphabetic) {
            return Err(value.0);
        }
        found.encoding = Some(value);
        match next(&mut p)? {
            Some(more) => (name, value) = more,
            None => return Ok(found),
        }
    }
    if &t[name.0..name.1] != b"standalone" || is_text {
        return Err(name.0);
    }
    found.standalone = match &t[value.0..value.1] {
        b"yes" => 1,
        b"no" => 0,
        _ => return Err(value.0),
    };
    p = spaces(t, p).min(end);
    if p == end { Ok(found) } else { Err(p) }
}

impl Parser {
    /// The declaration at `start..end`: tells it, and changes the encoding of what follows.
    pub(crate) fn xml_declaration(&mut self, text: &Rc<Vec<u8>>, start: usize, end: usize, is_text: bool) -> Done<()> {
        let t: &[u8] = text;
        let found =
            parse(t, start, end, is_text).map_err(|p| at(if is_text { Code::TextDecl } else { Code::XmlDecl }, p))?;
        let shown = |r: Option<Range>| r.map(|(a, b)| Rc::from(String::from_utf8_lossy(&t[a..b])));
        if !is_text && found.standalone == 1 {
            let mut dtd = self.dtd.borrow_mut();
            dtd.standalone = true;
            if self.param_entities == crate::ParamEntities::UnlessStandalone {
                self.param_entities = crate::ParamEntities::Never;
            }
        }
        if self.wanted(wants::XML_DECL) {
            let (version, encoding) = (shown(found.version), shown(found.encoding));
            self.queue.push_back(Event::XmlDecl { version, encoding, standalone: found.standalone });
        } else {
            self.default(text, start, end);
        }
        self.advance(end);
        if let Some((a, b)) = found.encoding
            && !self.has_protocol_encoding()
        {
            let name = String::from_utf8_lossy(&t[a..b]);
            let wide = self.encoding.as_ref().is_some_and(Encoding::is_wide);
            match Encoding::find(&name) {
                Some(e) if e.is_wide() != wide => return Err(at(Code::IncorrectEncoding, a)),
                Some(_) if wide && name.eq_ignore_ascii_case("utf-16") => {}
                Some(e) if wide && Some(&e) != self.encoding.as_ref() => return Err(at(Code::IncorrectEncoding, a)),
                Some(e) => self.switch_encoding(e),
                None => {
                    self.awaited_encoding = true;
                    self.queue.push_back(Event::UnknownEncoding { name: name.as_ref().into() });
                    return Ok(());
                }
            }
        }
        self.close_head();
        Ok(())
    }
}
