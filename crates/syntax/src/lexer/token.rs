//! Token kinds and tokens.

/// What a token is. The numbers below 100 are those of the `token` module; keywords come after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum TokenKind {
    EndMarker = 0,
    Name = 1,
    Number = 2,
    String = 3,
    Newline = 4,
    Indent = 5,
    Dedent = 6,
    LPar = 7,
    RPar = 8,
    LSqb = 9,
    RSqb = 10,
    Colon = 11,
    Comma = 12,
    Semi = 13,
    Plus = 14,
    Minus = 15,
    Star = 16,
    Slash = 17,
    VBar = 18,
    Amper = 19,
    Less = 20,
    Greater = 21,
    Equal = 22,
    Dot = 23,
    Percent = 24,
    LBrace = 25,
    RBrace = 26,
    EqEqual = 27,
    NotEqual = 28,
    LessEqual = 29,
    GreaterEqual = 30,
    Tilde = 31,
    Circumflex = 32,
    LeftShift = 33,
    RightShift = 34,
    DoubleStar = 35,
    PlusEqual = 36,
    MinEqual = 37,
    StarEqual = 38,
    SlashEqual = 39,
    PercentEqual = 40,
    AmperEqual = 41,
    VBarEqual = 42,
    CircumflexEqual = 43,
    LeftShiftEqual = 44,
    RightShiftEqual = 45,
    DoubleStarEqual = 46,
    DoubleSlash = 47,
    DoubleSlashEqual = 48,
    At = 49,
    AtEqual = 50,
    RArrow = 51,
    Ellipsis = 52,
    ColonEqual = 53,
    Exclamation = 54,
    Op = 55,
    TypeIgnore = 56,
    TypeComment = 57,
    FStringStart = 59,
    FStringMiddle = 60,
    FStringEnd = 61,
    TStringStart = 62,
    TStringMiddle = 63,
    TStringEnd = 64,
    Comment = 65,
    Nl = 66,
    ErrorToken = 67,
    False = 100,
    None = 101,
    True = 102,
    And = 103,
    As = 104,
    Assert = 105,
    Async = 106,
    Await = 107,
    Break = 108,
    Class = 109,
    Continue = 110,
    Def = 111,
    Del = 112,
    Elif = 113,
    Else = 114,
    Except = 115,
    Finally = 116,
    For = 117,
    From = 118,
    Global = 119,
    If = 120,
    Import = 121,
    In = 122,
    Is = 123,
    Lambda = 124,
    Nonlocal = 125,
    Not = 126,
    Or = 127,
    Pass = 128,
    Raise = 129,
    Return = 130,
    Try = 131,
    While = 132,
    With = 133,
    Yield = 134,
}

/// The keywords in the order of their kinds, from [`TokenKind::False`] on.
pub const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

impl TokenKind {
    /// Whether it is a (hard) keyword.
    #[inline]
    pub fn is_keyword(self) -> bool {
        self as u8 >= TokenKind::False as u8
    }

    /// The number in the `token` module: keywords are `NAME`.
    pub fn number(self) -> u8 {
        if self.is_keyword() { TokenKind::Name as u8 } else { self as u8 }
    }

    /// Whether it is an operator or a delimiter.
    pub fn is_operator(self) -> bool {
        (TokenKind::LPar as u8..=TokenKind::Op as u8).contains(&(self as u8))
    }

    /// Whether this is the `n`th keyword spelled `word`; the kind of `word` otherwise.
    #[inline]
    pub fn of_word(word: &[u8]) -> TokenKind {
        use TokenKind::*;
        match word {
            [_] => Name,
            [a, b] => match (a, b) {
                (b'a', b's') => As,
                (b'i', b'f') => If,
                (b'i', b'n') => In,
                (b'i', b's') => Is,
                (b'o', b'r') => Or,
                _ => Name,
            },
            [b'a', b'n', b'd'] => And,
            [b'd', b'e', b'f'] => Def,
            [b'd', b'e', b'l'] => Del,
            [b'f', b'o', b'r'] => For,
            [b'n', b'o', b't'] => Not,
            [b't', b'r', b'y'] => Try,
            [b'N' | b'T' | b'e' | b'f' | b'p' | b'w', _, _, _] => match word {
                b"None" => None,
                b"True" => True,
                b"elif" => Elif,
                b"else" => Else,
                b"from" => From,
                b"pass" => Pass,
                b"with" => With,
                _ => Name,
            },
            [_, _, _, _, _] => match word {
                b"False" => False,
                b"async" => Async,
                b"await" => Await,
                b"break" => Break,
                b"class" => Class,
                b"raise" => Raise,
                b"while" => While,
                b"yield" => Yield,
                _ => Name,
            },
            [_, _, _, _, _, _] => match word {
                b"assert" => Assert,
                b"except" => Except,
                b"global" => Global,
                b"import" => Import,
                b"lambda" => Lambda,
                b"return" => Return,
                _ => Name,
            },
            b"finally" => Finally,
            b"continue" => Continue,
            b"nonlocal" => Nonlocal,
            _ => Name,
        }
    }
}

/// One token; its text is `source[start..end]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Whether it ends on a later line than it starts.
    pub multiline: bool,
    /// Number of open brackets after this token.
    pub level: u8,
    /// Whether the last byte is the second of a doubled brace, which is not part of the text.
    pub doubled: bool,
    /// Line of the first byte, from 1.
    pub lineno: u32,
    /// Column of the first byte, in bytes.
    pub col: u32,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_by_their_spelling() {
        for (index, word) in KEYWORDS.iter().enumerate() {
            assert_eq!(TokenKind::of_word(word.as_bytes()) as usize, index + TokenKind::False as usize, "{word}");
        }
        for word in ["a", "ab", "abc", "none", "truey", "matchs", "nonlocals", "print"] {
            assert_eq!(TokenKind::of_word(word.as_bytes()), TokenKind::Name, "{word}");
        }
    }
}
