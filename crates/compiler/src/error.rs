//! What can go wrong, and what is merely suspicious.

use taipan_bytecode::location_table::Location;

/// The class of exception that an error stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// `SyntaxError`
    Syntax,
    /// `RecursionError`: the tree is too deep.
    Recursion,
    /// `SystemError`: the tree is one that no parser makes.
    System,
    /// `UnicodeEncodeError`, for a docstring with a lone surrogate.
    UnicodeEncode,
    /// `OverflowError`
    Overflow,
}

/// Why a tree could not be compiled.
#[derive(Clone, PartialEq, Debug)]
pub struct CompileError {
    /// The class of exception.
    pub kind: ErrorKind,
    /// Its text.
    pub message: String,
    /// Where; columns count bytes from 0.
    pub location: Location,
    /// Whether it comes from before code generation; the place of such a one is not among the exception's arguments.
    pub early: bool,
}

/// The result of a step of compilation.
pub type Result<T = ()> = std::result::Result<T, CompileError>;

impl CompileError {
    /// A `SyntaxError`.
    pub fn syntax(location: Location, message: impl Into<String>) -> CompileError {
        CompileError { kind: ErrorKind::Syntax, message: message.into(), location, early: false }
    }

    /// A `SystemError`.
    pub fn system(message: impl Into<String>) -> CompileError {
        CompileError { kind: ErrorKind::System, message: message.into(), location: Location::NONE, early: false }
    }

    /// Found by what runs before code generation.
    pub(crate) fn early(self) -> CompileError {
        CompileError { early: true, ..self }
    }

    /// The tree is too deep.
    #[cold]
    pub fn too_deep(used: usize) -> CompileError {
        CompileError {
            kind: ErrorKind::Recursion,
            message: format!("Stack overflow (used {} kB) during compilation", used / 1024),
            location: Location::NONE,
            early: false,
        }
    }
}

impl std::fmt::Display for CompileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Location { line, column, .. } = self.location;
        match self.kind {
            ErrorKind::Syntax => write!(f, "SyntaxError: {} (line {line}, column {})", self.message, column + 1),
            kind => write!(f, "{kind:?}Error: {}", self.message),
        }
    }
}

impl std::error::Error for CompileError {}

/// Takes a `SyntaxWarning`; on `Err` compilation stops with a `SyntaxError` of the same text and place.
pub type WarningSink<'w> = dyn FnMut(&str, Location) -> std::result::Result<(), ()> + 'w;

/// Passes a warning on.
pub(crate) fn warn(sink: &mut WarningSink<'_>, location: Location, message: &str) -> Result {
    sink(message, location).map_err(|()| CompileError::syntax(location, message))
}
