//! A small reader of command-line words: flags, options with a value, and the rest.

use crate::Outcome;
use std::str::FromStr;

/// The words of a command that have not been read yet.
pub struct Args {
    words: Vec<String>,
}

impl Args {
    pub fn new(words: Vec<String>) -> Args {
        Args { words }
    }

    /// True when the flag stands among the words; it is taken out.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|w| w != name);
        self.words.len() != before
    }

    /// The value after `name` (or in `name=value`, or `-jN` for a short name), taken out.
    pub fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        let joined = if name.starts_with("--") { format!("{name}=") } else { name.to_owned() };
        let Some(at) = self.words.iter().position(|w| w == name || w.starts_with(&joined)) else {
            return Ok(None);
        };
        let word = self.words.remove(at);
        if word != name
            && let Some(value) = word.strip_prefix(&joined)
        {
            return Ok(Some(value.to_owned()));
        }
        if at < self.words.len() {
            return Ok(Some(self.words.remove(at)));
        }
        Err(format!("{name} needs a value"))
    }

    /// Like [`Args::value`], parsed, with a default.
    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T) -> Outcome<T> {
        match self.value(name)? {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("{name}: {text:?} is not understood")),
        }
    }

    /// What remains, which must not look like an option.
    pub fn rest(self) -> Outcome<Vec<String>> {
        match self.words.iter().find(|w| w.starts_with('-')) {
            Some(odd) => Err(format!("unknown option {odd}")),
            None => Ok(self.words),
        }
    }
}
