//! What exactly is wrong with a program, in the reference's words.
//!
//! The reference parses twice: first with the rules for correct programs, then, to find out what to say, with rules for
//! known mistakes mixed in. Its choice of error depends on the order of both. So when [`crate::parser`] gives up, the same
//! grammar (`grammar.txt`) is walked here in the same order.

mod actions;
mod engine;
mod grammar;
mod report;

use self::engine::{Engine, Stop};
use self::report::{Moment, Raised};
use crate::lexer::{LexOptions, Place, TokenKind};
use crate::tokens::TokenBuffer;
use crate::{ErrorKind, ParseOptions, SyntaxError, Warning};

/// Nested rules for which the stack of any thread has room.
const SMALL_LEVEL: u32 = 1000;
/// Stack for as many nested rules as the reference allows.
const LARGE_STACK: usize = 64 << 20;

/// Works out the error. `first` is the token that the first wrong top-level statement begins with.
pub(crate) fn diagnose(
    text: &str,
    buffer: &TokenBuffer,
    lex_options: LexOptions,
    options: &ParseOptions,
    first: usize,
    barry_as_flufl: bool,
    warnings: &mut Vec<Warning>,
) -> SyntaxError {
    let job = Job { text, buffer, lex_options, options, first, barry_as_flufl };
    match job.run(SMALL_LEVEL, warnings) {
        Ok(error) => error,
        // Deeply nested: a stack of known size is needed.
        Err(Stop::NeedsStack) => std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(LARGE_STACK);
            let handle = thread.spawn_scoped(scope, || job.run(u32::MAX, warnings));
            handle.ok().and_then(|handle| handle.join().ok()).and_then(Result::ok).unwrap_or_else(|| SyntaxError {
                kind: ErrorKind::MemoryError,
                msg: "Parser stack overflowed - Python source too complex to parse".into(),
                location: None,
                last_statement: None,
            })
        }),
    }
}

#[derive(Clone, Copy)]
struct Job<'t> {
    text: &'t str,
    buffer: &'t TokenBuffer,
    lex_options: LexOptions,
    options: &'t ParseOptions,
    first: usize,
    /// Whether statements before `first` asked for PEP 401.
    barry_as_flufl: bool,
}

/// What the lexer has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    /// There is more to read.
    No,
    /// The end of the input was met.
    End,
    /// There was an error.
    Error,
}

impl Job<'_> {
    fn run(self, max_level: u32, warnings: &mut Vec<Warning>) -> Result<SyntaxError, Stop> {
        let mut engine = Engine::new(self.text, self.buffer, self.options, self.first, max_level);
        let mut read_all = false;
        let mut error = self.find(&mut engine, &mut read_all)?;
        error.last_statement = Some(engine.last_statement);
        let mut found = engine.warnings;
        let read = engine.fill.checked_sub(1).and_then(|last| self.buffer.tokens.get(last));
        let read = read.filter(|_| !read_all).map_or(u32::MAX, |token| token.end);
        found.extend(self.buffer.warnings.iter().filter(|warning| warning.position < read).cloned());
        found.sort_by_key(|warning| warning.position);
        warnings.append(&mut found);
        Ok(error)
    }

    /// `read_all` is set when all tokens were read in search of an error.
    fn find(self, engine: &mut Engine<'_>, read_all: &mut bool) -> Result<SyntaxError, Stop> {
        engine.barry_as_flufl = self.barry_as_flufl;
        engine.run();
        if let Some(stop) = engine.stop {
            return Err(stop);
        }
        if self.options.allow_incomplete_input && self.at_end(engine) {
            let msg = "incomplete input".into();
            let last = engine.fill.saturating_sub(1);
            return Ok(self.finish(engine.error_on(last, ErrorKind::IncompleteInput, msg)));
        }
        if let Some(raised) = engine.raised.take_if(|raised| raised.moment.is_none()) {
            return Ok(self.finish(raised));
        }
        let last = engine.fill.saturating_sub(1);
        if engine.raised.is_none() {
            engine.begin_second_pass(self.first);
            engine.run();
            if let Some(stop) = engine.stop {
                return Err(stop);
            }
        }
        let raised = match engine.raised.take() {
            Some(raised) => {
                if raised.moment.is_some() && self.done(engine) == Done::No {
                    *read_all = true;
                    self.later_error(engine).unwrap_or(raised)
                } else {
                    raised
                }
            }
            None => self.generic(engine, last, read_all),
        };
        Ok(self.finish(raised))
    }

    /// Nothing special is known: the first pass got as far as `last`.
    fn generic(self, engine: &mut Engine<'_>, last: usize, read_all: &mut bool) -> Raised {
        let kind = engine.token(last).kind;
        if matches!(kind, TokenKind::Indent | TokenKind::Dedent) {
            let what = if kind == TokenKind::Indent { "unexpected indent" } else { "unexpected unindent" };
            engine.raise_last(ErrorKind::IndentationError, what.into());
        } else {
            let place = engine.token_place(last);
            engine.raise_at(place, place, "invalid syntax".into());
            if self.done(engine) != Done::Error {
                *read_all = true;
                if let Some(raised) = self.later_error(engine) {
                    return raised;
                }
            }
        }
        let unknown = || Raised::bare(ErrorKind::SyntaxError, "invalid syntax".into());
        engine.raised.take().unwrap_or_else(unknown)
    }

    /// An error of the lexer further on, or a bracket left open before, comes first.
    fn later_error(self, engine: &Engine<'_>) -> Option<Raised> {
        let error = self.buffer.error.as_deref()?;
        if error.in_fstring {
            return None;
        }
        if matches!(error.place, Place::Before(_) | Place::Columns(..)) {
            return Some(engine.lexer_error());
        }
        let line = engine.token_place(engine.fill.saturating_sub(1)).lineno;
        let bracket = *self.buffer.open_brackets.last()?;
        let moment = Moment { tokens: self.buffer.tokens.len() + 1 };
        (line > bracket.lineno).then(|| engine.never_closed(bracket, moment))
    }

    fn done(self, engine: &Engine<'_>) -> Done {
        if engine.fill > self.buffer.tokens.len() && self.buffer.error.is_some() {
            return Done::Error;
        }
        let Some(token) = engine.fill.checked_sub(1).map(|last| engine.token(last)) else { return Done::No };
        // Most tokens are known to end only by what follows; strings are not.
        let closed = match token.kind {
            TokenKind::FStringEnd | TokenKind::TStringEnd => true,
            TokenKind::FStringStart | TokenKind::TStringStart => {
                let text = engine.token_text(&token);
                text.ends_with("'''") || text.ends_with("\"\"\"")
            }
            TokenKind::String => token.end - token.start > 2,
            kind => kind.is_operator() && token.end - token.start == 3,
        };
        // A dot is known only two bytes later, and after a number keywords are looked for.
        let rest = self.text.get(token.end as usize..).unwrap_or_default();
        match token.kind {
            TokenKind::Dot if rest == "." => return Done::End,
            TokenKind::FStringStart | TokenKind::TStringStart if matches!(rest, "'" | "\"") => return Done::End,
            TokenKind::Number if matches!(rest, "and" | "else" | "for" | "or" | "not") => return Done::End,
            _ => {}
        }
        if token.end as usize >= self.text.len() && !closed && token.kind != TokenKind::Newline
            || token.start as usize >= self.text.len()
        {
            return Done::End;
        }
        Done::No
    }

    /// Whether the input stops short.
    fn at_end(self, engine: &Engine<'_>) -> bool {
        match self.done(engine) {
            Done::No => false,
            Done::End => true,
            Done::Error => {
                self.buffer.error.as_deref().is_some_and(|error| error.incomplete || error.place == Place::EndOfInput)
            }
        }
    }

    fn finish(self, raised: Raised) -> SyntaxError {
        let whole_lines = self.options.whole_lines && self.options.mode == crate::Mode::Exec;
        report::finish(self.text, self.lex_options, raised, self.buffer.error.as_deref(), whole_lines)
    }
}

/// The error for more than one statement in `single` mode; `last` is the last token of the first.
pub(crate) fn more_than_one(
    text: &str,
    buffer: &TokenBuffer,
    lex_options: LexOptions,
    options: &ParseOptions,
    last: usize,
) -> SyntaxError {
    let mut engine = Engine::new(text, buffer, options, last + 1, SMALL_LEVEL);
    let msg = "multiple statements found while compiling a single statement".into();
    engine.raise_last(ErrorKind::SyntaxError, msg);
    let raised = engine.raised.take().unwrap_or_else(|| Raised::bare(ErrorKind::SyntaxError, String::new()));
    report::finish(text, lex_options, raised, None, false)
}
