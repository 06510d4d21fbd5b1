//! Walks the grammar over the tokens, in the order in which the reference would.
//!
//! What matters is not the tree but what the reference notices on the way: how far it has read when it gives up, and which error
//! an action raises first. So tokens are taken one by one, alternatives are tried in order, results are
//! remembered where the reference remembers them, and nesting is counted as it counts.

use rustc_hash::FxHashMap;

use super::grammar::{Action, GRAMMAR, Grammar, Item, Kind, Label, Memo, Rule, RuleId};
use super::report::{Moment, Raised};
use crate::lexer::{Token, TokenKind};
use crate::parser::{is_layout, token_end};
use crate::tokens::TokenBuffer;
use crate::{ErrorKind, Mode, ParseOptions, Warning};

/// The reference's bound on nested rules.
const MAX_LEVEL: u32 = 6000;

/// A node; 0 is no value.
pub(super) type NodeId = u32;

/// The value of what matched without having one.
const NOTHING: NodeId = 1;

/// Where something is, as the reference has it: -1 for columns it does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub lineno: u32,
    pub col: i64,
    pub end_lineno: u32,
    pub end_col: i64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub kind: Kind,
    pub place: Place,
    /// Its first token.
    pub token: u32,
    first_kid: u32,
    kids: u32,
}

/// Names of an alternative's values, at most as many as the grammar uses.
type Labels = [NodeId; 8];

/// Why the walk was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The stack in use is too small for the nesting: start again with a larger one.
    NeedsStack,
}

pub(super) struct Engine<'t> {
    grammar: &'static Grammar,
    pub text: &'t str,
    pub buffer: &'t TokenBuffer,
    pub options: &'t ParseOptions,
    /// Tokens read so far.
    pub fill: usize,
    pub mark: usize,
    /// The pass in which errors are looked for.
    pub second_pass: bool,
    level: u32,
    max_level: u32,
    pub barry_as_flufl: bool,
    nodes: Vec<Node>,
    kids: Vec<NodeId>,
    memo: FxHashMap<(u32, RuleId), (NodeId, u32)>,
    /// Nothing matches any more.
    pub failed: bool,
    pub raised: Option<Raised>,
    pub stop: Option<Stop>,
    /// Doubtful escapes met in the first pass.
    pub warnings: Vec<Warning>,
    /// Line and column of the last statement with a block that the second pass has been through.
    pub last_statement: (u32, u32),
    compound: RuleId,
}

impl<'t> Engine<'t> {
    pub fn new(
        text: &'t str,
        buffer: &'t TokenBuffer,
        options: &'t ParseOptions,
        first: usize,
        max_level: u32,
    ) -> Self {
        let nothing = Node { kind: Kind::Other, place: Place::default(), token: 0, first_kid: 0, kids: 0 };
        Engine {
            grammar: &GRAMMAR,
            text,
            buffer,
            options,
            fill: first,
            mark: first,
            second_pass: false,
            level: 0,
            max_level: max_level.min(MAX_LEVEL),
            barry_as_flufl: false,
            nodes: vec![nothing; 2],
            kids: Vec::new(),
            memo: FxHashMap::default(),
            failed: false,
            raised: None,
            stop: None,
            warnings: Vec::new(),
            last_statement: (0, 0),
            compound: GRAMMAR.rule("compound_stmt"),
        }
    }

    /// Whether the whole input matches.
    pub fn run(&mut self) -> bool {
        let start = match self.options.mode {
            Mode::Exec => "file",
            Mode::Eval => "eval",
            Mode::Single => "interactive",
            Mode::FuncType => "func_type",
        };
        self.rule(self.grammar.rule(start)).is_some()
    }

    /// Starts over, with the rules for wrong programs.
    pub fn begin_second_pass(&mut self, first: usize) {
        self.memo.clear();
        self.nodes.truncate(2);
        self.kids.clear();
        self.mark = first;
        self.level = 0;
        self.second_pass = true;
    }

    // Tokens.

    /// The token with this index, which has been read. Past the end marker there are more of them.
    pub fn token(&self, index: usize) -> Token {
        let tokens = &self.buffer.tokens;
        match tokens.get(index).or(tokens.last()) {
            Some(token) => *token,
            None => Token {
                kind: TokenKind::ErrorToken,
                multiline: false,
                level: 0,
                doubled: false,
                lineno: 1,
                col: 0,
                start: 0,
                end: 0,
            },
        }
    }

    /// Reads the token at the mark, if it has not been read.
    pub fn fetch(&mut self) -> Option<Token> {
        if self.mark == self.fill {
            if self.fill >= self.buffer.tokens.len() && self.buffer.error.is_some() {
                self.fill += 1;
                self.failed = true;
                if self.raised.is_none() {
                    self.raised = Some(self.lexer_error());
                }
                return None;
            }
            self.fill += 1;
        }
        Some(self.token(self.mark))
    }

    fn expect(&mut self, kind: TokenKind) -> Option<NodeId> {
        let token = self.fetch()?;
        if token.kind != kind {
            return None;
        }
        let node = self.token_node(Kind::Token, self.mark);
        self.mark += 1;
        Some(node)
    }

    pub fn token_text(&self, token: &Token) -> &'t str {
        self.text.get(token.start as usize..token.end as usize - usize::from(token.doubled)).unwrap_or_default()
    }

    /// Whether a token has no place in a line: it was made up, or it stands for the end of the input.
    fn is_placeless(&self, token: &Token) -> bool {
        matches!(token.kind, TokenKind::Indent | TokenKind::Dedent | TokenKind::EndMarker)
            || token.kind == TokenKind::Newline && token.start as usize == self.text.len()
    }

    /// Where a token is.
    pub fn token_place(&self, index: usize) -> Place {
        if index >= self.buffer.tokens.len()
            && let Some(error) = &self.buffer.error
        {
            let at_end = matches!(error.place, crate::lexer::Place::EndOfInput);
            let lineno = if at_end { self.last_line() } else { error.lineno };
            return Place { lineno, col: -1, end_lineno: lineno, end_col: -1 };
        }
        let token = self.token(index);
        if self.is_placeless(&token) {
            let lineno = if token.start as usize >= self.text.len() { self.last_line() } else { token.lineno };
            return Place { lineno, col: -1, end_lineno: lineno, end_col: -1 };
        }
        if token.kind == TokenKind::Newline {
            let col = i64::from(token.col);
            let end_col = col + i64::from(token.end - token.start) + 1;
            return Place { lineno: token.lineno, col, end_lineno: token.lineno, end_col };
        }
        let (end_lineno, end_col) = token_end(self.text, &token);
        Place { lineno: token.lineno, col: token.col.into(), end_lineno, end_col: end_col.into() }
    }

    /// The number of the last line.
    pub fn last_line(&self) -> u32 {
        super::report::last_line(self.text)
    }

    // Nodes.

    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id as usize]
    }

    pub fn kids(&self, id: NodeId) -> &[NodeId] {
        let node = self.node(id);
        &self.kids[node.first_kid as usize..(node.first_kid + node.kids) as usize]
    }

    fn push(&mut self, kind: Kind, place: Place, token: usize) -> NodeId {
        let node = Node { kind, place, token: token as u32, first_kid: self.kids.len() as u32, kids: 0 };
        self.nodes.push(node);
        (self.nodes.len() - 1) as NodeId
    }

    pub fn token_node(&mut self, kind: Kind, index: usize) -> NodeId {
        let place = self.token_place(index);
        self.push(kind, place, index)
    }

    /// A list of nodes.
    pub fn seq(&mut self, items: &[NodeId]) -> NodeId {
        let place = match (items.first(), items.last()) {
            (Some(&first), Some(&last)) => {
                let (first, last) = (self.node(first).place, self.node(last).place);
                Place { end_lineno: last.end_lineno, end_col: last.end_col, ..first }
            }
            _ => Place::default(),
        };
        let token = items.first().map_or(0, |&first| self.node(first).token);
        let id = self.push(Kind::Seq, place, token as usize);
        self.kids.extend_from_slice(items);
        self.nodes[id as usize].kids = items.len() as u32;
        id
    }

    /// From the token at `start` to the last one that counts.
    pub fn span(&self, start: usize) -> Place {
        let first = self.token_place(start);
        let mut index = self.mark;
        while index > 0 {
            index -= 1;
            if !is_layout(self.token(index).kind) {
                break;
            }
        }
        let last = self.token_place(index);
        Place { end_lineno: last.end_lineno, end_col: last.end_col, ..first }
    }

    /// A node over the tokens from `start` on; lists among `values` are spliced.
    pub fn make(&mut self, kind: Kind, start: usize, values: &[NodeId]) -> NodeId {
        let place = self.span(start);
        self.make_at(kind, start, place, values)
    }

    pub fn make_at(&mut self, kind: Kind, start: usize, place: Place, values: &[NodeId]) -> NodeId {
        let id = self.push(kind, place, start);
        let mut count = 0;
        for &value in values {
            if value == 0 {
                continue;
            }
            let node = self.node(value);
            if node.kind == Kind::Seq {
                let range = node.first_kid as usize..(node.first_kid + node.kids) as usize;
                self.kids.extend_from_within(range);
                count += node.kids;
            } else {
                self.kids.push(value);
                count += 1;
            }
        }
        self.nodes[id as usize].kids = count;
        id
    }

    // Rules.

    fn enter(&mut self) -> Option<()> {
        if self.failed {
            return None;
        }
        if self.level >= self.max_level {
            self.failed = true;
            if self.max_level < MAX_LEVEL {
                self.stop = Some(Stop::NeedsStack);
            } else if self.raised.is_none() {
                let msg = "Parser stack overflowed - Python source too complex to parse".into();
                self.raised = Some(Raised::bare(ErrorKind::MemoryError, msg));
            }
            return None;
        }
        self.level += 1;
        Some(())
    }

    fn rule(&mut self, id: RuleId) -> Option<NodeId> {
        self.enter()?;
        let start = self.mark;
        let result = self.remembered(id);
        self.level -= 1;
        if id == self.compound && self.second_pass && result.is_some() {
            self.been_through(start);
        }
        result
    }

    /// Notes a statement with a block; its decorators are no part of it.
    fn been_through(&mut self, start: usize) {
        let mut at = start;
        if self.token(start).kind == TokenKind::At {
            let head = |kind| matches!(kind, TokenKind::Def | TokenKind::Class | TokenKind::Async);
            while at < self.mark && !(self.token(at).kind == TokenKind::Newline && head(self.token(at + 1).kind)) {
                at += 1;
            }
            at += 1;
        }
        let place = self.token_place(at);
        if place.lineno >= self.last_statement.0 {
            self.last_statement = (place.lineno, place.col.max(0) as u32);
        }
    }

    fn remembered(&mut self, id: RuleId) -> Option<NodeId> {
        let grammar = self.grammar;
        let rule = &grammar.rules[usize::from(id)];
        if rule.named {
            self.fetch()?;
        }
        match rule.memo {
            Memo::No if rule.without_invalid => {
                let second_pass = std::mem::replace(&mut self.second_pass, false);
                let result = self.alternatives(rule);
                self.second_pass = second_pass;
                result
            }
            Memo::No => self.alternatives(rule),
            Memo::Yes => {
                let key = (self.mark as u32, id);
                if let Some(&(node, mark)) = self.memo.get(&key) {
                    self.mark = mark as usize;
                    return (node != 0).then_some(node);
                }
                let result = self.alternatives(rule);
                if !self.failed {
                    self.memo.insert(key, (result.unwrap_or(0), self.mark as u32));
                }
                result
            }
            Memo::Left => self.left_recursive(rule, id),
        }
    }

    /// Lets the result grow: each round finds the previous one where the rule begins with itself.
    fn left_recursive(&mut self, rule: &'static Rule, id: RuleId) -> Option<NodeId> {
        let start = self.mark;
        let key = (start as u32, id);
        if let Some(&(node, mark)) = self.memo.get(&key) {
            self.mark = mark as usize;
            return (node != 0).then_some(node);
        }
        let (mut result, mut result_mark) = (0, start);
        loop {
            self.memo.insert(key, (result, result_mark as u32));
            self.mark = start;
            self.enter()?;
            let grown = self.alternatives(rule);
            self.level -= 1;
            if self.failed {
                return None;
            }
            match grown {
                Some(node) if self.mark > result_mark => {
                    result = node;
                    result_mark = self.mark;
                }
                _ => break,
            }
        }
        self.mark = result_mark;
        (result != 0).then_some(result)
    }

    fn alternatives(&mut self, rule: &'static Rule) -> Option<NodeId> {
        let start = self.mark;
        for alternative in &rule.alternatives {
            if alternative.invalid && !self.second_pass {
                continue;
            }
            let mut labels: Labels = [0; 8];
            let (mut only, mut values) = (NOTHING, 0);
            let mut cut = false;
            let mut matched = true;
            for (label, item) in &alternative.items {
                if let Item::Cut = item {
                    cut = true;
                    continue;
                }
                match self.item(item) {
                    Some(value) => {
                        if !matches!(item, Item::Lookahead(..)) {
                            only = value;
                            values += 1;
                        }
                        if let Some(label) = label {
                            labels[slot(*label)] = value;
                        }
                    }
                    None => {
                        matched = false;
                        break;
                    }
                }
            }
            if self.failed {
                return None;
            }
            if matched {
                let value = match &alternative.action {
                    Action::Default if values == 1 => Some(only.max(NOTHING)),
                    // Nothing looks at it, but its place may be asked for.
                    Action::Default => Some(self.make(Kind::Other, start, &[])),
                    action => self.act(action, start, &labels),
                };
                // An action without a result ends the rule: later alternatives are not tried.
                return value;
            }
            self.mark = start;
            if cut {
                return None;
            }
        }
        None
    }

    /// The value of an item, 0 if an optional one is missing.
    fn item(&mut self, item: &'static Item) -> Option<NodeId> {
        match item {
            Item::Token(kind) => self.expect(*kind),
            Item::Rule(id) => self.rule(*id),
            Item::Name => {
                let node = self.expect(TokenKind::Name)?;
                self.nodes[node as usize].kind = Kind::Name;
                Some(node)
            }
            Item::Soft(word) => {
                let token = self.fetch()?;
                if token.kind != TokenKind::Name || self.token_text(&token) != *word {
                    return None;
                }
                let node = self.token_node(Kind::Name, self.mark);
                self.mark += 1;
                Some(node)
            }
            Item::Number => self.number(),
            Item::SoftKeyword => {
                let token = self.fetch()?;
                let soft = matches!(self.token_text(&token), "_" | "case" | "match" | "type");
                if token.kind != TokenKind::Name || !soft {
                    return None;
                }
                self.mark += 1;
                Some(NOTHING)
            }
            Item::Optional(inner) => {
                let start = self.mark;
                match self.item(inner) {
                    Some(value) => Some(value),
                    None if self.failed => None,
                    None => {
                        self.mark = start;
                        Some(0)
                    }
                }
            }
            Item::Loop(inner, at_least_one) => self.repeat(inner, *at_least_one),
            Item::Gather(separator, element) => self.gather(separator, element),
            Item::Lookahead(inner, positive) => {
                let start = self.mark;
                let found = self.item(inner).is_some();
                self.mark = start;
                (found == *positive && !self.failed).then_some(NOTHING)
            }
            Item::Forced(kind, text) => {
                let token = self.fetch()?;
                if token.kind == *kind {
                    return self.expect(*kind);
                }
                let place = self.token_place(self.mark);
                self.raise_at(place, place, format!("expected '{text}'"))
            }
            Item::Cut => Some(NOTHING),
        }
    }

    fn repeat(&mut self, inner: &'static Item, at_least_one: bool) -> Option<NodeId> {
        self.enter()?;
        let mut items = Vec::new();
        let mut end = self.mark;
        while let Some(value) = self.item(inner) {
            items.push(value);
            end = self.mark;
        }
        self.level -= 1;
        if self.failed {
            return None;
        }
        self.mark = end;
        if items.is_empty() && at_least_one {
            return None;
        }
        Some(self.seq(&items))
    }

    fn gather(&mut self, separator: &'static Item, element: &'static Item) -> Option<NodeId> {
        self.enter()?;
        let mut items = Vec::new();
        if let Some(first) = self.item(element) {
            items.push(first);
            let mut end = self.mark;
            // The repetition is a rule of its own.
            if self.enter().is_some() {
                while self.item(separator).is_some()
                    && let Some(value) = self.item(element)
                {
                    items.push(value);
                    end = self.mark;
                }
                self.level -= 1;
            }
            self.mark = end;
        }
        self.level -= 1;
        if self.failed || items.is_empty() {
            return None;
        }
        Some(self.seq(&items))
    }

    /// Which value a label names.
    pub fn value(labels: &Labels, label: Label) -> NodeId {
        labels[slot(label)]
    }

    /// The moment up to which tokens have been read.
    pub fn now(&self) -> Moment {
        Moment { tokens: self.fill }
    }
}

/// Labels are `a` to `d`, and `k` for keyword arguments.
fn slot(label: Label) -> usize {
    usize::from(label.wrapping_sub(b'a')) & 7
}
