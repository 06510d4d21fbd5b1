//! Matching at a place, and searching.

use crate::charset::{Fold, Locale};
use crate::engine::{Matcher, Run, Stop};
use crate::op::*;
use crate::program::Program;
use crate::unit::Unit;

/// How a program is run.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The locale, for patterns that ask it.
    pub locale: &'a Locale,
    /// A match that begins at the given start may not be empty (it follows an empty match there).
    pub must_advance: bool,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { locale: &Locale::C, must_advance: false }
    }
}

impl Matcher {
    /// Matches at `start`; if `full`, up to the end of the text. The text ends where the caller lets it end (`endpos`).
    /// `interrupt` is asked now and then; true stops.
    pub fn matches<U: Unit>(
        &mut self,
        program: &Program,
        text: &[U],
        start: usize,
        full: bool,
        options: Options<'_>,
        interrupt: &mut dyn FnMut() -> bool,
    ) -> Result<bool, Stop> {
        self.reset(program.groups());
        if start > text.len() || text.len() - start < program.info.min {
            return Ok(false);
        }
        let Options { locale, must_advance } = options;
        let mut run = Run { program, text, locale, full, advance: must_advance, interrupt };
        self.run(&mut run, start, program.body, start)
    }

    /// Searches from `start` on.
    pub fn search<U: Unit>(
        &mut self,
        program: &Program,
        text: &[U],
        start: usize,
        options: Options<'_>,
        interrupt: &mut dyn FnMut() -> bool,
    ) -> Result<bool, Stop> {
        self.reset(program.groups());
        let info = &program.info;
        if start > text.len() || text.len() - start < info.min {
            return Ok(false);
        }
        let Options { locale, must_advance } = options;
        let mut run = Run { program, text, locale, full: false, advance: must_advance, interrupt };
        // A match cannot begin behind this place.
        let last = text.len() - info.min;
        let body = program.body;
        if !info.prefix.is_empty() {
            let mut at = start;
            while let Some(i) = U::find_word(&text[at..], &info.prefix, info.finder.as_ref()) {
                at += i;
                if info.literal {
                    (self.start, self.end) = (at, at + info.prefix.len());
                    return Ok(true);
                }
                if self.run(&mut run, at, body + 2 * info.skip, at + info.skip)? {
                    return Ok(true);
                }
                self.reset(program.groups());
                at += 1;
            }
            return Ok(false);
        }
        if info.charset != 0 {
            let mut at = start;
            while let Some(i) = text[at..].iter().position(|u| run.in_set(info.charset, u.code(), Fold::None)) {
                at += i;
                if at > last {
                    return Ok(false);
                }
                if self.run(&mut run, at, body, at)? {
                    return Ok(true);
                }
                run.advance = false;
                self.reset(program.groups());
                at += 1;
            }
            return Ok(false);
        }
        // A pattern that begins with the beginning of the text matches nowhere else.
        let code = program.code();
        let anchored = code[body] == AT && matches!(code[body + 1], AT_BEGINNING | AT_BEGINNING_STRING);
        let last = if anchored { 0 } else { last };
        for at in start..=last {
            if !run.may_begin(body, at) {
                run.advance = false;
                continue;
            }
            if self.run(&mut run, at, body, at)? {
                return Ok(true);
            }
            run.advance = false;
            self.reset(program.groups());
        }
        Ok(false)
    }
}
