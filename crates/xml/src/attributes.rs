//! Start tags: attributes, their defaults, and namespaces.

use crate::Code;
use crate::event::{Event, Maybe, Text, wants};
use crate::names::NameId;
use crate::parser::{Attribute, Done, Parser, Tag, at};
use std::rc::Rc;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// A prefix and its namespace. The prefix is empty for the default; without a namespace the default is taken back.
#[derive(Clone)]
pub(crate) struct Binding {
    pub prefix: Rc<str>,
    pub uri: Option<Rc<str>>,
}

impl Binding {
    pub fn xml() -> Binding {
        Binding::new("xml", Some(XML))
    }

    pub fn new(prefix: &str, uri: Option<&str>) -> Binding {
        Binding { prefix: prefix.into(), uri: uri.map(Into::into) }
    }

    pub fn shown_prefix(&self) -> Maybe {
        (!self.prefix.is_empty()).then(|| self.prefix.clone())
    }
}

impl Parser {
    /// A start tag, whose attributes are in `raw_attributes`.
    pub(crate) fn start_element(&mut self, text: &Rc<Vec<u8>>, name: (usize, usize), empty: bool) -> Done<()> {
        let t: &[u8] = text;
        let raw = self.names.intern(&t[name.0..name.1]);
        self.attributes.clear();
        self.stamp += 1;
        let written = std::mem::take(&mut self.raw_attributes);
        let collected = self.collect(text, raw, &written);
        self.raw_attributes = written;
        collected?;
        let mut bindings = 0;
        let mut name_id = raw;
        if self.ns {
            bindings = self.bind()?;
            name_id = self.expand(raw, false)?;
            let prefixed = self.attributes.iter().any(|a| self.names.get(a.name).contains(&b':'));
            if prefixed {
                self.stamp += 1;
                for i in 0..self.attributes.len() {
                    let n = self.attributes[i].name;
                    if self.names.get(n).contains(&b':') {
                        let n = self.expand(n, true)?;
                        self.attributes[i].name = n;
                        if !self.first_time(n) {
                            return Err(Code::DuplicateAttribute.into());
                        }
                    }
                }
            }
        }
        self.tags.push(Tag { raw, name: name_id, bindings });
        if self.wanted(wants::START) {
            self.queue.push_back(Event::Start { name: name_id });
        } else if self.wanted(wants::DEFAULT) && !(empty && self.wanted(wants::END)) {
            let end = self.sources[self.sources.len() - 1].pos;
            self.default(text, name.0 - 1, end);
        }
        Ok(())
    }

    /// Whether the name was not seen since the stamp was last changed.
    fn first_time(&mut self, n: NameId) -> bool {
        let i = n.0 as usize;
        if self.seen.len() <= i {
            self.seen.resize(i + 1, 0);
        }
        let new = self.seen[i] != self.stamp;
        self.seen[i] = self.stamp;
        new
    }

    fn collect(&mut self, text: &Rc<Vec<u8>>, element: NameId, written: &[crate::tokens::RawAttribute]) -> Done<()> {
        let t: &[u8] = text;
        let dtd_cell = self.dtd.clone();
        let declared = {
            let dtd = dtd_cell.borrow();
            if dtd.attributes.is_empty() { None } else { dtd.attributes.get(self.names.get(element)).cloned() }
        };
        for a in written {
            let name_bytes = &t[a.name.0..a.name.1];
            let name = self.names.intern(name_bytes);
            if !self.first_time(name) {
                return Err(at(Code::DuplicateAttribute, a.name.0));
            }
            let cdata =
                declared.as_ref().is_none_or(|d| d.iter().find(|d| *d.name == *name_bytes).is_none_or(|d| d.cdata));
            let value = if a.plain && cdata {
                Text { text: text.clone(), start: a.value.0, end: a.value.1 }
            } else {
                Text::owned(self.attribute_value(text, a.value, cdata, false)?)
            };
            self.attributes.push(Attribute { name, value });
        }
        self.specified = self.attributes.len();
        for d in declared.iter().flatten() {
            let Some(default) = &d.default else { continue };
            let name = self.names.intern(&d.name);
            if self.first_time(name) {
                let value = Text { text: default.clone(), start: 0, end: default.len() };
                self.attributes.push(Attribute { name, value });
            }
        }
        Ok(())
    }

    /// Takes the namespace declarations out of the attributes; how many there were.
    fn bind(&mut self) -> Done<usize> {
        let mut count = 0;
        let mut i = 0;
        while i < self.attributes.len() {
            let name = self.names.get(self.attributes[i].name);
            let prefix = match name {
                b"xmlns" => Some(""),
                [b'x', b'm', b'l', b'n', b's', b':', p @ ..] => Some(std::str::from_utf8(p).unwrap_or("")),
                _ => None,
            };
            let Some(prefix) = prefix else {
                i += 1;
                continue;
            };
            let prefix: Rc<str> = prefix.into();
            let a = self.attributes.remove(i);
            if i < self.specified {
                self.specified -= 1;
            }
            let uri = a.value.str();
            self.check_binding(&prefix, uri)?;
            let uri: Option<Rc<str>> = (!uri.is_empty()).then(|| uri.into());
            if self.wanted(wants::START_NS) {
                let prefix = (!prefix.is_empty()).then(|| prefix.clone());
                self.queue.push_back(Event::StartNs { prefix, uri: uri.clone() });
            }
            self.bindings.push(Binding { prefix, uri });
            count += 1;
        }
        if count > 0 {
            self.generation = self.generation.wrapping_add(1);
        }
        Ok(count)
    }

    fn check_binding(&self, prefix: &str, uri: &str) -> Done<()> {
        if !prefix.is_empty() && uri.is_empty() {
            return Err(Code::UndeclaringPrefix.into());
        }
        match prefix {
            "xmlns" => return Err(Code::ReservedPrefixXmlns.into()),
            "xml" if uri != XML => return Err(Code::ReservedPrefixXml.into()),
            "xml" => {}
            _ if uri == XML || uri == XMLNS => return Err(Code::ReservedNamespaceUri.into()),
            _ => {}
        }
        // A separator that no address holds may not appear in one.
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"%-._~:/?#[]@!$&'()*+,;=".contains(&c);
        if let Some(sep) = self.separator
            && uri.as_bytes().contains(&sep)
            && !allowed(sep)
        {
            return Err(Code::Syntax.into());
        }
        Ok(())
    }

    /// The name with its namespace.
    fn expand(&mut self, raw: NameId, attribute: bool) -> Done<NameId> {
        let cache = if attribute { &mut self.expanded_attributes } else { &mut self.expanded };
        let i = raw.0 as usize;
        if cache.len() <= i {
            cache.resize(i + 1, (0, NameId(0)));
        }
        if cache[i].0 == self.generation {
            return Ok(cache[i].1);
        }
        let name = self.names.get(raw);
        let colon = name.iter().position(|&c| c == b':');
        let (prefix, local) = match colon {
            Some(c) => (&name[..c], &name[c + 1..]),
            None => (&b""[..], name),
        };
        let found = self.bindings.iter().rev().find(|b| b.prefix.as_bytes() == prefix);
        let made = match found {
            Some(Binding { uri: Some(uri), .. }) => {
                let mut full = Vec::with_capacity(uri.len() + name.len() + 2);
                full.extend_from_slice(uri.as_bytes());
                full.extend(self.separator);
                full.extend_from_slice(local);
                if self.triplets && !prefix.is_empty() {
                    full.extend(self.separator);
                    full.extend_from_slice(prefix);
                }
                self.names.intern(&full)
            }
            _ if prefix.is_empty() => raw,
            _ => return Err(Code::UnboundPrefix.into()),
        };
        let cache = if attribute { &mut self.expanded_attributes } else { &mut self.expanded };
        cache[i] = (self.generation, made);
        Ok(made)
    }
}
