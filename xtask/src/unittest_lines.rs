//! Counts test methods in what `unittest -v` prints.
//!
//! A test announces itself as `name (module.Class.name)`, possibly followed by the first line of its docstring on a line of
//! its own, and its verdict comes after `...`, or alone on a line when the test printed something in between. The rules
//! here are those by which the reference results were counted; they must change together.

use std::collections::BTreeMap;

/// What the verbose output of one module says.
#[derive(Default)]
pub struct Tally {
    /// How often each verdict was given, by its first word.
    pub verdicts: BTreeMap<String, u32>,
    /// The tests that passed; an id may occur more than once.
    pub passed: BTreeMap<String, u32>,
    /// The number in `Ran N tests`.
    pub ran: Option<u32>,
}

const AFTER_DOTS: [&str; 6] = ["ok", "FAIL", "ERROR", "skipped", "expected failure", "unexpected success"];

/// Reads the whole output.
pub fn tally(text: &str) -> Tally {
    let mut tally = Tally::default();
    let mut current: Option<&str> = None;
    for line in python_lines(text) {
        if let Some(id) = test_id(line) {
            current = Some(id);
        }
        let verdict = if line.contains("...") {
            verdict_after_dots(line)
        } else if current.is_some() {
            verdict_alone(line)
        } else {
            None
        };
        if let (Some(verdict), Some(id)) = (verdict, current) {
            *tally.verdicts.entry(verdict.to_owned()).or_default() += 1;
            if verdict == "ok" {
                *tally.passed.entry(id.to_owned()).or_default() += 1;
            }
            current = None;
        }
    }
    tally.ran = text.split('\n').find_map(ran_line);
    tally
}

/// `Ran N test(s)` at the start of a line.
fn ran_line(line: &str) -> Option<u32> {
    let (number, rest) = line.strip_prefix("Ran ")?.split_once(' ')?;
    if rest.starts_with("test") { number.parse().ok() } else { None }
}

/// The id at the head of a line: a run of non-spaces, one space, then a parenthesised run of non-spaces.
fn test_id(line: &str) -> Option<&str> {
    let gap = line.find(char::is_whitespace)?;
    if gap == 0 {
        return None;
    }
    let inner = line[gap..].strip_prefix(" (")?;
    let run = inner.split(char::is_whitespace).next()?;
    let close = run.rfind(')')?;
    if close == 0 { None } else { Some(&line[..gap + 2 + close + 1]) }
}

/// The first word of the first verdict after the first `... ` that is followed by one.
fn verdict_after_dots(line: &str) -> Option<&'static str> {
    for (at, _) in line.match_indices("... ") {
        let rest = &line[at + 4..];
        for (pos, _) in rest.char_indices() {
            let before = rest[..pos].chars().next_back();
            if before.is_some_and(is_word) {
                continue;
            }
            for verdict in AFTER_DOTS {
                if let Some(after) = rest[pos..].strip_prefix(verdict)
                    && !after.chars().next().is_some_and(is_word)
                {
                    return verdict.split(' ').next();
                }
            }
        }
    }
    None
}

fn verdict_alone(line: &str) -> Option<&'static str> {
    match line {
        "ok" => Some("ok"),
        "FAIL" => Some("FAIL"),
        "ERROR" => Some("ERROR"),
        "expected failure" => Some("expected"),
        _ if line.starts_with("skipped ") => Some("skipped"),
        _ => None,
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Lines as `str.splitlines` gives them.
fn python_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let now = rest.filter(|r| !r.is_empty())?;
        let breaks = |c: char| {
            matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c' | '\x1d' | '\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
        };
        match now.find(breaks) {
            None => {
                rest = None;
                Some(now)
            }
            Some(at) => {
                let after = &now[at..];
                let width = if after.starts_with("\r\n") { 2 } else { after.chars().next().map_or(1, char::len_utf8) };
                rest = Some(&after[width..]);
                Some(&now[..at])
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(text: &str) -> Vec<String> {
        tally(text).passed.into_iter().map(|(id, n)| format!("{id}*{n}")).collect()
    }

    #[test]
    fn plain_verdicts() {
        let text = "test_a (test.m.C.test_a) ... ok\ntest_b (test.m.C.test_b) ... FAIL\ntest_c (test.m.C.test_c) ... skipped 'no'\n\
                    \n----\nRan 3 tests in 0.1s\n";
        let tally = tally(text);
        assert_eq!(tally.passed.keys().collect::<Vec<_>>(), ["test_a (test.m.C.test_a)"]);
        assert_eq!(tally.verdicts.get("FAIL"), Some(&1));
        assert_eq!(tally.verdicts.get("skipped"), Some(&1));
        assert_eq!(tally.ran, Some(3));
    }

    #[test]
    fn docstring_between_id_and_verdict() {
        assert_eq!(passed("test_a (m.C.test_a)\nIt does a thing. ... ok\n"), ["test_a (m.C.test_a)*1"]);
    }

    #[test]
    fn noise_between_dots_and_verdict() {
        assert_eq!(passed("test_a (m.C.test_a) ... printed something\nok\n"), ["test_a (m.C.test_a)*1"]);
        assert_eq!(passed("test_a (m.C.test_a) ... noise ok\n"), ["test_a (m.C.test_a)*1"]);
        assert_eq!(passed("test_a (m.C.test_a) ... token\nnothing\n"), [""; 0]);
    }

    #[test]
    fn expected_failure_is_not_a_pass() {
        let tally = tally("t (m.C.t) ... expected failure\nu (m.C.u) ... unexpected success\n");
        assert!(tally.passed.is_empty());
        assert_eq!(tally.verdicts.get("expected"), Some(&1));
        assert_eq!(tally.verdicts.get("unexpected"), Some(&1));
    }

    #[test]
    fn same_id_twice_counts_twice() {
        assert_eq!(passed("t (m.C.t) ... ok\nt (m.C.t) ... ok\n"), ["t (m.C.t)*2"]);
    }

    #[test]
    fn a_verdict_needs_an_id() {
        assert_eq!(passed("something ... ok\nok\n"), [""; 0]);
    }
}
