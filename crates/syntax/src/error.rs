//! What can be wrong with a program, as plain data.

/// The exception class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// `SyntaxError`
    SyntaxError,
    /// `IndentationError`
    IndentationError,
    /// `TabError`
    TabError,
    /// `_IncompleteInputError`
    IncompleteInput,
    /// `MemoryError`: the nesting is too deep.
    MemoryError,
    /// `ValueError`
    ValueError,
    /// `OverflowError`
    OverflowError,
    /// `UnicodeDecodeError`: an escape in a format spec; the message is the text of the exception.
    UnicodeDecodeError,
}

impl ErrorKind {
    /// The class name.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::SyntaxError => "SyntaxError",
            ErrorKind::IndentationError => "IndentationError",
            ErrorKind::TabError => "TabError",
            ErrorKind::IncompleteInput => "_IncompleteInputError",
            ErrorKind::MemoryError => "MemoryError",
            ErrorKind::ValueError => "ValueError",
            ErrorKind::OverflowError => "OverflowError",
            ErrorKind::UnicodeDecodeError => "UnicodeDecodeError",
        }
    }
}

/// Where a syntax error is, in the exception's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorLocation {
    /// Whether `filename` is given; some errors of decoding have `None` there.
    pub filename: bool,
    /// `lineno`
    pub lineno: u32,
    /// `offset`, in characters from 1
    pub offset: i64,
    /// `end_lineno`
    pub end_lineno: u32,
    /// `end_offset`
    pub end_offset: i64,
    /// `text`; `None` stands for Python's `None`.
    pub text: Option<String>,
}

impl ErrorLocation {
    /// An `end_offset` that stands for an end that is given as `None`.
    pub const NO_END: i64 = i64::MIN;
}

/// A program that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The exception class.
    pub kind: ErrorKind,
    /// `msg`
    pub msg: String,
    /// Where; `None` when the exception is raised with a message alone.
    pub location: Option<ErrorLocation>,
    /// Line and column of the last statement with a block that the parser has been through, 0 if there is none; what is not
    /// found by the parser has nothing here. (The first part of the exception's `_metadata`.)
    pub last_statement: Option<(u32, u32)>,
}

/// A `SyntaxWarning`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The text.
    pub msg: String,
    /// The line.
    pub lineno: u32,
    /// The column of the literal, in bytes.
    pub col: u32,
    /// The byte of the source it is about; warnings come in this order.
    pub position: u32,
}
