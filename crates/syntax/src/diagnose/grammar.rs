//! Reads `grammar.txt` into tables.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::lexer::{KEYWORDS, TokenKind};

/// The tables, read at the first error.
pub(super) static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Reader::new(include_str!("grammar.txt")).read());

pub(super) type RuleId = u16;
pub(super) type Label = u8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memo {
    No,
    Yes,
    Left,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub memo: Memo,
    /// A named rule, as opposed to a group.
    pub named: bool,
    /// Below it, mistakes are not looked for.
    pub without_invalid: bool,
    pub alternatives: Vec<Alternative>,
}

#[derive(Debug)]
pub(super) struct Alternative {
    /// Only for the second pass.
    pub invalid: bool,
    pub items: Vec<(Option<Label>, Item)>,
    pub action: Action,
}

#[derive(Debug)]
pub(super) enum Item {
    Token(TokenKind),
    Soft(&'static str),
    Name,
    Number,
    SoftKeyword,
    Rule(RuleId),
    Optional(Box<Item>),
    /// Any number; or at least one.
    Loop(Box<Item>, bool),
    Gather(Box<Item>, Box<Item>),
    Lookahead(Box<Item>, bool),
    Forced(TokenKind, &'static str),
    Cut,
}

/// What a node is; the names are those of the nodes of the tree where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Token,
    Seq,
    Other,
    Arguments,
    Keyword,
    KeywordUnpacking,
    Comprehension,
    Dotted,
    Pattern,
    InPair,
    Attribute,
    Subscript,
    Starred,
    Name,
    List,
    Tuple,
    Lambda,
    Call,
    BoolOp,
    BinOp,
    UnaryOp,
    GeneratorExp,
    Yield,
    Await,
    ListComp,
    SetComp,
    DictComp,
    Dict,
    Set,
    FormattedValue,
    JoinedStr,
    Interpolation,
    TemplateStr,
    Literal,
    BytesLiteral,
    ImaginaryLiteral,
    None,
    True,
    False,
    Ellipsis,
    Compare,
    IfExp,
    NamedExpr,
    Slice,
}

impl Kind {
    fn by_name(name: &str) -> Option<Kind> {
        use Kind::*;
        const NAMED: [Kind; 38] = [
            Seq,
            Other,
            Arguments,
            Keyword,
            KeywordUnpacking,
            Comprehension,
            Dotted,
            Pattern,
            InPair,
            Attribute,
            Subscript,
            Starred,
            Name,
            List,
            Tuple,
            Lambda,
            Call,
            BoolOp,
            BinOp,
            UnaryOp,
            GeneratorExp,
            Yield,
            Await,
            ListComp,
            SetComp,
            DictComp,
            Dict,
            Set,
            FormattedValue,
            Interpolation,
            TemplateStr,
            None,
            True,
            False,
            Ellipsis,
            Compare,
            IfExp,
            NamedExpr,
        ];
        if name == "Slice" {
            return Some(Slice);
        }
        NAMED.into_iter().find(|kind| format!("{kind:?}") == name)
    }

    /// What the reference calls it in messages.
    pub fn description(self) -> &'static str {
        use Kind::*;
        match self {
            Attribute => "attribute",
            Subscript => "subscript",
            Starred => "starred",
            Name => "name",
            List => "list",
            Tuple => "tuple",
            Lambda => "lambda",
            Call => "function call",
            BoolOp | BinOp | UnaryOp => "expression",
            GeneratorExp => "generator expression",
            Yield => "yield expression",
            Await => "await expression",
            ListComp => "list comprehension",
            SetComp => "set comprehension",
            DictComp => "dict comprehension",
            Dict => "dict literal",
            Set => "set display",
            FormattedValue | JoinedStr => "f-string expression",
            Interpolation | TemplateStr => "t-string expression",
            None => "None",
            True => "True",
            False => "False",
            Ellipsis => "ellipsis",
            Compare => "comparison",
            IfExp => "conditional expression",
            NamedExpr => "named expression",
            _ => "literal",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Targets {
    Star,
    Del,
    For,
}

#[derive(Debug)]
pub(super) enum Action {
    /// The value of the only item, or something without a meaning.
    Default,
    Node(Kind, Vec<Label>),
    Pass(Label),
    Since(u32, &'static str, Box<Action>),
    At(Label, &'static str),
    Range(Label, Label, &'static str),
    From(Label, &'static str),
    Last(&'static str),
    Next(&'static str),
    Indent(Option<Label>, &'static str),
    Target(Targets, Label, &'static str),
    Call(&'static str, Vec<Label>, &'static str),
}

pub(super) struct Grammar {
    pub rules: Vec<Rule>,
    names: HashMap<&'static str, RuleId>,
}

impl Grammar {
    pub fn rule(&self, name: &str) -> RuleId {
        self.names[name]
    }
}

/// The kind of a token spelled so.
fn operator(text: &str) -> Option<TokenKind> {
    use TokenKind::*;
    Some(match text {
        "(" => LPar,
        ")" => RPar,
        "[" => LSqb,
        "]" => RSqb,
        ":" => Colon,
        "," => Comma,
        ";" => Semi,
        "+" => Plus,
        "-" => Minus,
        "*" => Star,
        "/" => Slash,
        "|" => VBar,
        "&" => Amper,
        "<" => Less,
        ">" => Greater,
        "=" => Equal,
        "." => Dot,
        "%" => Percent,
        "{" => LBrace,
        "}" => RBrace,
        "==" => EqEqual,
        "!=" => NotEqual,
        "<=" => LessEqual,
        ">=" => GreaterEqual,
        "~" => Tilde,
        "^" => Circumflex,
        "<<" => LeftShift,
        ">>" => RightShift,
        "**" => DoubleStar,
        "+=" => PlusEqual,
        "-=" => MinEqual,
        "*=" => StarEqual,
        "/=" => SlashEqual,
        "%=" => PercentEqual,
        "&=" => AmperEqual,
        "|=" => VBarEqual,
        "^=" => CircumflexEqual,
        "<<=" => LeftShiftEqual,
        ">>=" => RightShiftEqual,
        "**=" => DoubleStarEqual,
        "//" => DoubleSlash,
        "//=" => DoubleSlashEqual,
        "@" => At,
        "@=" => AtEqual,
        "->" => RArrow,
        "..." => Ellipsis,
        ":=" => ColonEqual,
        "!" => Exclamation,
        _ => return KEYWORDS.contains(&text).then(|| TokenKind::of_word(text.as_bytes())),
    })
}

fn named_token(name: &str) -> Option<TokenKind> {
    use TokenKind::*;
    Some(match name {
        "STRING" => String,
        "NEWLINE" => Newline,
        "INDENT" => Indent,
        "DEDENT" => Dedent,
        "ENDMARKER" => EndMarker,
        "TYPE_COMMENT" => TypeComment,
        "FSTRING_START" => FStringStart,
        "FSTRING_MIDDLE" => FStringMiddle,
        "FSTRING_END" => FStringEnd,
        "TSTRING_START" => TStringStart,
        "TSTRING_MIDDLE" => TStringMiddle,
        "TSTRING_END" => TStringEnd,
        _ => return Option::None,
    })
}

/// Reads the notation. The text is part of the program: a mistake in it is a bug, and panics (a test reads it).
struct Reader {
    words: Vec<(usize, &'static str)>,
    pos: usize,
    rules: Vec<Rule>,
    names: HashMap<&'static str, RuleId>,
}

impl Reader {
    fn new(text: &'static str) -> Reader {
        let mut words = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.starts_with('#') {
                continue;
            }
            split_words(line, &mut |word| words.push((number, word)));
        }
        Reader { words, pos: 0, rules: Vec::new(), names: HashMap::new() }
    }

    fn peek(&self) -> &'static str {
        self.words.get(self.pos).map_or("", |word| word.1)
    }

    fn ahead(&self, n: usize) -> &'static str {
        self.words.get(self.pos + n).map_or("", |word| word.1)
    }

    fn next(&mut self) -> &'static str {
        let word = self.peek();
        self.pos += 1;
        word
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.peek() == word;
        self.pos += usize::from(found);
        found
    }

    #[track_caller]
    fn expect(&mut self, word: &str) {
        assert!(self.eat(word), "{word:?} expected, not {:?} (line {:?})", self.peek(), self.words.get(self.pos));
    }

    /// Whether a rule's head stands here: `name:` or `name (memo):`.
    fn at_head(&self) -> bool {
        let name = self.peek();
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase());
        is_name && (self.ahead(1) == ":" || self.ahead(1) == "(" && self.ahead(3) == ")" && self.ahead(4) == ":")
    }

    fn read(mut self) -> Grammar {
        // Rules refer to later ones: number them first.
        let mut count = 0;
        for index in 0..self.words.len() {
            self.pos = index;
            if self.at_head() {
                self.names.insert(self.peek(), count);
                count += 1;
            }
        }
        for _ in 0..count {
            self.rules.push(Rule { memo: Memo::No, named: true, without_invalid: false, alternatives: Vec::new() });
        }
        self.pos = 0;
        while self.pos < self.words.len() {
            assert!(self.at_head(), "a rule expected at {:?}", self.words[self.pos]);
            let name = self.next();
            let id = self.names[name];
            let mut memo = Memo::No;
            if self.eat("(") {
                memo = if self.next() == "left" { Memo::Left } else { Memo::Yes };
                self.expect(")");
            }
            self.expect(":");
            let alternatives = self.alternatives();
            self.rules[usize::from(id)] =
                Rule { memo, named: true, without_invalid: name.ends_with("_without_invalid"), alternatives };
        }
        Grammar { rules: self.rules, names: self.names }
    }

    fn alternatives(&mut self) -> Vec<Alternative> {
        self.eat("|");
        let mut alternatives = vec![self.alternative()];
        while self.eat("|") {
            alternatives.push(self.alternative());
        }
        alternatives
    }

    fn alternative(&mut self) -> Alternative {
        let mut items = Vec::new();
        let first = self.peek();
        loop {
            let word = self.peek();
            if matches!(word, "" | "|" | ")" | "=>" | "{") || self.at_head() {
                break;
            }
            let mut label = None;
            if word.len() == 1 && word.as_bytes()[0].is_ascii_lowercase() && self.ahead(1) == "=" {
                label = Some(word.as_bytes()[0]);
                self.pos += 2;
            }
            items.push((label, self.item()));
        }
        let invalid = items.len() == 1 && first.starts_with("invalid_");
        let action = if self.eat("=>") {
            self.action()
        } else if self.eat("{") {
            let action = if self.eat("barry") {
                Action::Call("barry", self.labels(), "")
            } else {
                match self.labels()[..] {
                    [label] => Action::Pass(label),
                    ref labels => Action::Node(Kind::Seq, labels.to_vec()),
                }
            };
            self.expect("}");
            action
        } else {
            Action::Default
        };
        Alternative { invalid, items, action }
    }

    fn labels(&mut self) -> Vec<Label> {
        let mut labels = Vec::new();
        while let [label @ b'a'..=b'z'] = self.peek().as_bytes()
            && self.ahead(1) != "="
            && self.ahead(1) != ":"
        {
            labels.push(*label);
            self.pos += 1;
        }
        labels
    }

    fn label(&mut self) -> Label {
        let word = self.next();
        assert_eq!(word.len(), 1, "a label expected, not {word:?} at {:?}", self.words.get(self.pos));
        word.as_bytes()[0]
    }

    /// A text in double quotes.
    fn text(&mut self) -> &'static str {
        let word = self.next();
        let inner = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
        let inner = inner.unwrap_or_else(|| panic!("a text expected, not {word:?}"));
        if inner.contains('\\') { inner.replace("\\\"", "\"").leak() } else { inner }
    }

    fn action(&mut self) -> Action {
        let word = self.next();
        match word {
            "since" => {
                let minor = self.next().parse().expect("a version");
                let what = self.text();
                Action::Since(minor, what, Box::new(self.action()))
            }
            "at" => Action::At(self.label(), self.text()),
            "range" => Action::Range(self.label(), self.label(), self.text()),
            "from" => Action::From(self.label(), self.text()),
            "last" => Action::Last(self.text()),
            "next" => Action::Next(self.text()),
            "indent" => {
                let label = if self.peek().starts_with('"') { None } else { Some(self.label()) };
                Action::Indent(label, self.text())
            }
            "target" => {
                let targets = match self.next() {
                    "star" => Targets::Star,
                    "del" => Targets::Del,
                    _ => Targets::For,
                };
                Action::Target(targets, self.label(), self.text())
            }
            "call" => {
                let name = self.next();
                let labels = self.labels();
                let text = if self.peek().starts_with('"') { self.text() } else { "" };
                Action::Call(name, labels, text)
            }
            _ => match word.strip_prefix('$') {
                Some(label) => Action::Pass(label.as_bytes()[0]),
                None => {
                    let kind = Kind::by_name(word).unwrap_or_else(|| panic!("no such action: {word:?}"));
                    Action::Node(kind, self.labels())
                }
            },
        }
    }

    /// An item with its prefix or suffix.
    fn item(&mut self) -> Item {
        match self.peek() {
            "&" => {
                self.pos += 1;
                if self.eat("&") {
                    let word = self.next();
                    let text = word.trim_matches('\'');
                    return Item::Forced(operator(text).expect("a token"), text);
                }
                return Item::Lookahead(Box::new(self.atom()), true);
            }
            "!" => {
                self.pos += 1;
                return Item::Lookahead(Box::new(self.atom()), false);
            }
            "~" => {
                self.pos += 1;
                return Item::Cut;
            }
            _ => {}
        }
        let atom = self.atom();
        match self.peek() {
            "?" => {
                self.pos += 1;
                Item::Optional(Box::new(atom))
            }
            "*" => {
                self.pos += 1;
                Item::Loop(Box::new(atom), false)
            }
            "+" => {
                self.pos += 1;
                Item::Loop(Box::new(atom), true)
            }
            "." => {
                self.pos += 1;
                let element = self.atom();
                self.expect("+");
                Item::Gather(Box::new(atom), Box::new(element))
            }
            _ => atom,
        }
    }

    fn atom(&mut self) -> Item {
        let word = self.next();
        if word == "(" {
            let alternatives = self.alternatives();
            self.expect(")");
            let id = self.rules.len() as RuleId;
            self.rules.push(Rule { memo: Memo::No, named: false, without_invalid: false, alternatives });
            return Item::Rule(id);
        }
        if let Some(text) = word.strip_prefix('\'') {
            let text = text.trim_end_matches('\'');
            return Item::Token(operator(text).unwrap_or_else(|| panic!("no such token: {word}")));
        }
        if let Some(text) = word.strip_prefix('"') {
            let text = text.trim_end_matches('"');
            return match operator(text) {
                Some(kind) => Item::Token(kind),
                None => Item::Soft(text),
            };
        }
        match word {
            "NAME" => Item::Name,
            "NUMBER" => Item::Number,
            "SOFT_KEYWORD" => Item::SoftKeyword,
            _ => match named_token(word) {
                Some(kind) => Item::Token(kind),
                None => Item::Rule(*self.names.get(word).unwrap_or_else(|| panic!("no such rule: {word:?}"))),
            },
        }
    }
}

/// Splits a line into words: names, quoted texts, and single characters; `=>` is one.
fn split_words(line: &'static str, word: &mut impl FnMut(&'static str)) {
    let mut rest = line.trim();
    while let Some(c) = rest.chars().next() {
        let size = match c {
            '"' | '\'' => {
                let mut end = 1;
                let bytes = rest.as_bytes();
                while bytes[end] != c as u8 {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                end + 1
            }
            '=' if rest.starts_with("=>") => 2,
            '$' => 2,
            c if c.is_ascii_alphanumeric() || c == '_' => {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            _ => 1,
        };
        word(&rest[..size]);
        rest = rest[size..].trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_can_be_read() {
        let grammar = &*GRAMMAR;
        assert!(grammar.rules.iter().filter(|rule| rule.named).count() > 250);
        for name in ["file", "interactive", "eval", "func_type", "primary", "invalid_noteq"] {
            assert!(!grammar.rules[usize::from(grammar.rule(name))].alternatives.is_empty());
        }
        let left = &grammar.rules[usize::from(grammar.rule("sum"))];
        assert_eq!((left.memo, left.alternatives.len()), (Memo::Left, 3));
    }
}
