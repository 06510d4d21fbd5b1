//! What the alternatives of the grammar do when they match: values, and errors.

use super::engine::{Engine, NodeId, Place};
use super::grammar::{Action, Kind, Targets};
use super::report::{End, Raised};
use crate::escape;
use crate::lexer::{Bracket, LexError, Place as LexPlace, TokenKind};
use crate::parser::literal_body;
use crate::{Arena, ErrorKind, number};

impl Engine<'_> {
    // Errors. All of them make everything fail; only the first one counts.

    fn raise(&mut self, raised: Raised) -> Option<NodeId> {
        self.failed = true;
        if self.raised.is_none() {
            self.raised = Some(raised);
        }
        None
    }

    /// From the start of one place to the end of another.
    pub(super) fn raise_at(&mut self, first: Place, last: Place, msg: String) -> Option<NodeId> {
        let raised = Raised {
            kind: ErrorKind::SyntaxError,
            msg,
            lineno: first.lineno,
            col: first.col + 1,
            end: End::At(last.end_lineno, last.end_col + 1),
            moment: Some(self.now()),
        };
        self.raise(raised)
    }

    /// From a place to as far as was read.
    fn raise_from(&mut self, first: Place, msg: String) -> Option<NodeId> {
        let raised = Raised {
            kind: ErrorKind::SyntaxError,
            msg,
            lineno: first.lineno,
            col: first.col + 1,
            end: End::Current,
            moment: Some(self.now()),
        };
        self.raise(raised)
    }

    /// At the token with this index.
    pub(super) fn raise_on(&mut self, index: usize, kind: ErrorKind, msg: String) -> Option<NodeId> {
        let raised = self.error_on(index, kind, msg);
        self.raise(raised)
    }

    pub(super) fn error_on(&self, index: usize, kind: ErrorKind, msg: String) -> Raised {
        let place = self.token_place(index);
        let col = if place.col == -1 { i64::MIN } else { place.col + 1 };
        let end_col = if place.end_col == -1 { -1 } else { place.end_col + 1 };
        let end = End::At(place.end_lineno, end_col);
        Raised { kind, msg, lineno: place.lineno, col, end, moment: Some(self.now()) }
    }

    /// At the last token read.
    pub(super) fn raise_last(&mut self, kind: ErrorKind, msg: String) -> Option<NodeId> {
        self.raise_on(self.fill.saturating_sub(1), kind, msg)
    }

    pub(super) fn never_closed(&self, bracket: Bracket, moment: super::report::Moment) -> Raised {
        Raised {
            kind: ErrorKind::SyntaxError,
            msg: format!("'{}' was never closed", bracket.byte as char),
            lineno: bracket.lineno,
            col: i64::from(bracket.col) + 1,
            end: End::At(bracket.lineno, 0),
            moment: Some(moment),
        }
    }

    /// The lexer's error as the parser reports it.
    pub(super) fn lexer_error(&self) -> Raised {
        let Some(error) = self.buffer.error.as_deref() else {
            return Raised::bare(ErrorKind::SyntaxError, "unknown parsing error".into());
        };
        let LexError { kind, msg, lineno, line_start, place, .. } = error;
        let mut raised = Raised {
            kind: *kind,
            msg: msg.clone(),
            lineno: *lineno,
            col: 0,
            end: End::At(*lineno, 0),
            moment: Some(self.now()),
        };
        match *place {
            LexPlace::Before(_) | LexPlace::Columns(..) => {
                raised.end = End::Lexer;
            }
            LexPlace::EndOfInput => {
                if let Some(&bracket) = self.buffer.open_brackets.last() {
                    return self.never_closed(bracket, self.now());
                }
                raised.lineno = self.last_line();
                raised.col = i64::MIN;
                raised.end = End::At(raised.lineno, -1);
            }
            LexPlace::Continuation(at, buffer) => raised.col = i64::from(at) - i64::from(buffer) + 1,
            LexPlace::Indentation(end) => {
                if msg.starts_with("unindent") {
                    raised.col = i64::from(end) - i64::from(*line_start);
                    raised.end = End::At(*lineno, -1);
                } else {
                    raised.col = 1;
                }
            }
        }
        raised
    }

    // Actions.

    pub(super) fn act(&mut self, action: &'static Action, start: usize, labels: &[NodeId; 8]) -> Option<NodeId> {
        let value = |label: u8| Self::value(labels, label);
        match action {
            Action::Default => Some(1),
            Action::Pass(label) => Some(value(*label).max(1)),
            Action::Node(kind, names) => {
                let values: Vec<_> = names.iter().map(|&name| value(name)).collect();
                if *kind == Kind::Seq {
                    let id = self.make(Kind::Seq, start, &values);
                    return Some(id);
                }
                Some(self.make(*kind, start, &values))
            }
            Action::Since(minor, what, inner) => {
                let result = self.act(inner, start, labels)?;
                if self.options.feature_version < *minor {
                    let msg = format!("{what} only supported in Python 3.{minor} and greater");
                    return self.raise_last(ErrorKind::SyntaxError, msg);
                }
                Some(result)
            }
            Action::At(label, text) => {
                let msg = self.message(text, value(*label));
                let place = self.node(value(*label)).place;
                self.raise_at(place, place, msg)
            }
            Action::Range(first, last, text) => {
                let msg = self.message(text, value(*first));
                let (first, last) = (self.node(value(*first)).place, self.node(value(*last)).place);
                self.raise_at(first, last, msg)
            }
            Action::From(label, text) => {
                let place = self.node(value(*label)).place;
                self.raise_from(place, (*text).into())
            }
            Action::Last(text) => self.raise_last(ErrorKind::SyntaxError, (*text).into()),
            Action::Next(text) => {
                self.fetch()?;
                self.raise_on(self.mark, ErrorKind::SyntaxError, (*text).into())
            }
            Action::Indent(label, text) => {
                let msg = match label {
                    Some(label) => self.message(text, value(*label)),
                    None => (*text).into(),
                };
                self.raise_last(ErrorKind::IndentationError, msg)
            }
            Action::Target(targets, label, text) => {
                let target = self.invalid_target(value(*label), *targets)?;
                let msg = self.message(text, target);
                let place = self.node(target).place;
                self.raise_at(place, place, msg)
            }
            Action::Call(name, names, text) => {
                let values: Vec<_> = names.iter().map(|&name| value(name)).collect();
                self.call(name, start, &values, text)
            }
        }
    }

    /// A text with what it says about a node filled in.
    fn message(&self, text: &str, id: NodeId) -> String {
        if !text.contains('{') {
            return text.into();
        }
        let node = self.node(id);
        let token = self.token(node.token as usize);
        text.replace("{name}", node.kind.description())
            .replace("{id}", self.token_text(&token))
            .replace("{line}", &node.place.lineno.to_string())
    }

    /// The part of a would-be target that cannot be one.
    fn invalid_target(&self, id: NodeId, targets: Targets) -> Option<NodeId> {
        let kids = self.kids(id);
        match self.node(id).kind {
            Kind::List | Kind::Tuple => kids.iter().find_map(|&kid| self.invalid_target(kid, targets)),
            Kind::Starred if targets == Targets::Del => Some(id),
            Kind::Starred => self.invalid_target(*kids.first()?, targets),
            // `x in y` after `for` was read as a comparison.
            Kind::Compare if targets == Targets::For => match kids {
                [left, first, ..] if self.node(*first).kind == Kind::InPair => self.invalid_target(*left, targets),
                _ => None,
            },
            Kind::Name | Kind::Subscript | Kind::Attribute => None,
            _ => Some(id),
        }
    }

    /// The last expression of the last clause of a comprehension.
    fn last_of_comprehension(&self, clauses: NodeId) -> Place {
        let clause = self.kids(clauses).last().copied().unwrap_or(clauses);
        let last = self.kids(clause).last().copied().unwrap_or(clause);
        self.node(last).place
    }

    fn positional(&self, arguments: NodeId) -> Vec<NodeId> {
        let is_positional = |kid: &NodeId| !matches!(self.node(*kid).kind, Kind::Keyword | Kind::KeywordUnpacking);
        self.kids(arguments).iter().copied().filter(is_positional).collect()
    }

    fn is_legacy(&self, id: NodeId) -> bool {
        let node = self.node(id);
        node.kind == Kind::Name && matches!(self.token_text(&self.token(node.token as usize)), "print" | "exec")
    }

    fn call(&mut self, name: &str, start: usize, values: &[NodeId], text: &str) -> Option<NodeId> {
        let at = |index: usize| values.get(index).copied().unwrap_or(0);
        let (a, b, c) = (at(0), at(1), at(2));
        let (first, second) = (self.node(a), self.node(b));
        match name {
            "fail" => None,
            "future_import" => {
                let module = self.token_text(&self.token(second.token as usize));
                if self.kids(a).is_empty() && second.kind == Kind::Name && module == "__future__" {
                    let names = if self.node(c).kind == Kind::Seq { self.kids(c) } else { &[] };
                    let barry = names
                        .iter()
                        .any(|&name| self.token_text(&self.token(self.node(name).token as usize)) == "barry_as_FLUFL");
                    self.barry_as_flufl |= barry;
                }
                Some(1)
            }
            "barry" => {
                let token = self.token(first.token as usize);
                if self.barry_as_flufl {
                    if self.token_text(&token) != "<>" {
                        let msg = "with Barry as BDFL, use '<>' instead of '!='".into();
                        return self.raise_last(ErrorKind::SyntaxError, msg);
                    }
                    return Some(a);
                }
                (self.token_text(&token) == "!=").then_some(a)
            }
            "ensure_real" | "ensure_imaginary" => {
                let imaginary = first.kind == Kind::ImaginaryLiteral;
                let wanted = name == "ensure_imaginary";
                if imaginary != wanted {
                    let what = if wanted { "imaginary" } else { "real" };
                    let msg = format!("{what} number required in complex literal");
                    return self.raise_at(first.place, first.place, msg);
                }
                Some(a)
            }
            "bare_genexp" => {
                let last = self.last_of_comprehension(b);
                self.raise_at(first.place, last, "Generator expression must be parenthesized".into())
            }
            "genexp_in_call" => {
                let arguments = self.positional(a);
                match arguments[..] {
                    [.., _, last] => {
                        let end = self.last_of_comprehension(b);
                        let msg = "Generator expression must be parenthesized".into();
                        self.raise_at(self.node(last).place, end, msg)
                    }
                    _ => None,
                }
            }
            "positional_after_keyword" => {
                let unpacking = self.kids(a).iter().any(|&kid| self.node(kid).kind == Kind::KeywordUnpacking);
                let more = if unpacking { " unpacking" } else { "" };
                let msg = format!("positional argument follows keyword argument{more}");
                self.raise_last(ErrorKind::SyntaxError, msg)
            }
            "legacy" => {
                if !self.is_legacy(a) {
                    return None;
                }
                let id = self.token_text(&self.token(first.token as usize));
                let msg = format!("Missing parentheses in call to '{id}'. Did you mean {id}(...)?");
                self.raise_at(first.place, second.place, msg)
            }
            "forgot_comma" => {
                if self.is_legacy(a) || self.token(self.mark.saturating_sub(1)).level == 0 {
                    return None;
                }
                let msg = "invalid syntax. Perhaps you forgot a comma?".into();
                self.raise_at(first.place, second.place, msg)
            }
            "type_param_bound" => {
                let what = if second.kind == Kind::Tuple { "constraints" } else { "bound" };
                self.raise_from(first.place, format!("cannot use {what} with {text}"))
            }
            "colon_expected" => {
                let place = first.place;
                let raised = Raised {
                    kind: ErrorKind::SyntaxError,
                    msg: "':' expected after dictionary key".into(),
                    lineno: place.lineno,
                    col: place.end_col,
                    end: End::At(place.end_lineno, 0),
                    moment: Some(self.now()),
                };
                self.raise(raised)
            }
            "mixed_strings" => {
                let last = self.kids(a).last().copied().unwrap_or(a);
                let msg = "cannot mix t-string literals with string or bytes literals".into();
                self.raise_at(self.node(last).place, second.place, msg)
            }
            "adjacent" => {
                let (p, q) = (first.place, second.place);
                if (p.end_lineno, p.end_col) != (q.lineno, q.col) {
                    return None;
                }
                self.raise_at(p, q, "invalid syntax.  Maybe you meant '!=' instead of '<>'?".into())
            }
            "conversion" => self.conversion(a, b),
            "string" => self.string(a),
            "format_spec" => {
                let token = self.token(first.token as usize);
                let raw = self.string_prefix(self.fill).contains(['r', 'R']);
                self.decode_part(&token, raw, true).then_some(a)
            }
            "joined_str" | "template_str" => {
                let raw = self.token_text(&self.token(first.token as usize)).bytes().any(|byte| byte | 0x20 == b'r');
                for part in self.kids(b).to_vec() {
                    let token = self.token(self.node(part).token as usize);
                    let middle = matches!(token.kind, TokenKind::FStringMiddle | TokenKind::TStringMiddle);
                    if middle && !self.decode_part(&token, raw, false) {
                        return None;
                    }
                }
                let kind = if name == "joined_str" { Kind::JoinedStr } else { Kind::TemplateStr };
                Some(self.make(kind, start, &[]))
            }
            "concatenate" => {
                let kinds: Vec<_> = self.kids(a).iter().map(|&kid| self.node(kid).kind).collect();
                let bytes = kinds.contains(&Kind::BytesLiteral);
                if bytes && kinds.iter().any(|&kind| kind != Kind::BytesLiteral) {
                    let msg = "cannot mix bytes and nonbytes literals".into();
                    return self.raise_last(ErrorKind::SyntaxError, msg);
                }
                let kind = if kinds.contains(&Kind::JoinedStr) { Kind::JoinedStr } else { Kind::Literal };
                Some(self.make(kind, start, &[]))
            }
            _ => None,
        }
    }

    fn conversion(&mut self, mark: NodeId, name: NodeId) -> Option<NodeId> {
        let (mark, name) = (self.node(mark).place, self.node(name));
        let prefix = if self.string_prefix(self.fill).contains(['t', 'T']) { 't' } else { 'f' };
        if (mark.lineno, mark.end_col) != (name.place.lineno, name.place.col) {
            let msg = format!("{prefix}-string: conversion type must come right after the exclamation mark");
            return self.raise_at(mark, name.place, msg);
        }
        let text = self.token_text(&self.token(name.token as usize));
        if !matches!(text, "s" | "r" | "a") {
            let msg = format!("{prefix}-string: invalid conversion character '{text}': expected 's', 'r', or 'a'");
            return self.raise_at(name.place, name.place, msg);
        }
        Some(1)
    }

    /// The prefix of the innermost string open before this token. The reference asks its lexer, which may be further on.
    fn string_prefix(&self, index: usize) -> &str {
        let mut depth = 0;
        for index in (0..index).rev() {
            let token = self.token(index);
            match token.kind {
                TokenKind::FStringEnd | TokenKind::TStringEnd => depth += 1,
                TokenKind::FStringStart | TokenKind::TStringStart if depth > 0 => depth -= 1,
                TokenKind::TStringStart | TokenKind::FStringStart => {
                    return self.token_text(&token).trim_end_matches(['"', '\'']);
                }
                _ => {}
            }
        }
        ""
    }

    /// A plain literal: its escapes must be right.
    fn string(&mut self, id: NodeId) -> Option<NodeId> {
        let node = self.node(id);
        let literal = literal_body(self.token_text(&self.token(node.token as usize)));
        let mut doubtful = None;
        if literal.bytes {
            if !literal.body.is_ascii() {
                let msg = "bytes can only contain ASCII literal characters".into();
                return self.raise_at(node.place, node.place, msg);
            }
            if !literal.raw
                && let Err(error) = escape::decode_bytes(literal.body.as_bytes(), &mut Vec::new(), &mut doubtful)
            {
                return self.raise_last(ErrorKind::SyntaxError, error.0);
            }
        } else if !literal.raw
            && let Err(error) = escape::decode_str(literal.body, &mut Vec::new(), &mut doubtful)
        {
            return self.raise_last(ErrorKind::SyntaxError, error.0);
        }
        if let Some(doubtful) = doubtful {
            let token = self.token(node.token as usize);
            let position = token.start as usize + literal.body_start + doubtful.offset;
            self.doubtful(literal.body, doubtful, token.lineno, token.col, position);
        }
        let kind = if literal.bytes { Kind::BytesLiteral } else { Kind::Literal };
        Some(self.token_node(kind, node.token as usize))
    }

    /// A literal part of an f-string.
    fn decode_part(&mut self, token: &crate::lexer::Token, raw: bool, spec: bool) -> bool {
        let body = self.token_text(token);
        if raw || !body.contains('\\') {
            return true;
        }
        let mut doubtful = None;
        if let Err(error) = escape::decode_str(body, &mut Vec::new(), &mut doubtful) {
            if spec {
                let msg = error.0.trim_start_matches("(unicode error) ").to_owned();
                self.raise(Raised::bare(ErrorKind::UnicodeDecodeError, msg));
            } else {
                self.raise_last(ErrorKind::SyntaxError, error.0);
            }
            return false;
        }
        if let Some(doubtful) = doubtful
            && !doubtful.brace
        {
            let lineno = self.token(self.fill.saturating_sub(1)).lineno;
            let position = token.start as usize + doubtful.offset;
            self.doubtful(body, doubtful, lineno, token.col, position);
        }
        true
    }

    fn doubtful(&mut self, body: &str, doubtful: escape::DoubtfulEscape, lineno: u32, col: u32, position: usize) {
        if self.second_pass {
            return;
        }
        let lines = memchr::memchr_iter(b'\n', &body.as_bytes()[..doubtful.offset]).count() as u32;
        let warning = crate::Warning { msg: doubtful.msg, lineno: lineno + lines, col, position: position as u32 };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    pub(super) fn number(&mut self) -> Option<NodeId> {
        let token = self.fetch()?;
        if token.kind != TokenKind::Number {
            return None;
        }
        let index = self.mark;
        self.mark += 1;
        let text = self.token_text(&token);
        if self.options.feature_version < 6 && text.contains('_') {
            let msg = "Underscores in numeric literals are only supported in Python 3.6 and greater".into();
            return self.raise_last(ErrorKind::SyntaxError, msg);
        }
        let kind = if text.ends_with(['j', 'J']) { Kind::ImaginaryLiteral } else { Kind::Literal };
        // Only long literals can be wrong.
        if text.len() > 600
            && let Err(msg) = number::parse(&Arena::new(), text, self.options.int_max_str_digits)
        {
            let place = Place { lineno: token.lineno, col: -1, end_lineno: token.lineno, end_col: -1 };
            return self.raise_at(place, place, msg);
        }
        Some(self.token_node(kind, index))
    }
}
