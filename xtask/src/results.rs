//! Lists of passing tests as they are checked in: `tests/conformance/{reference,passing}/MODULE.txt`.
//!
//! A head line `# secs S rc R`, then the tests by class: the class's dotted name at the margin, its methods indented, each
//! with ` *N` when it passed N times in one run (a class may be collected twice). Ids of any other form follow `=`.

use crate::{Outcome, workspace};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The tests that passed in one run of one module.
#[derive(Clone, Default, PartialEq)]
pub struct Passing {
    /// Seconds that the run took, rounded up.
    pub secs: u32,
    /// How the run ended: an exit status, or `timeout`.
    pub rc: String,
    /// Test ids and how often each passed.
    pub tests: BTreeMap<String, u32>,
}

impl Passing {
    /// The number of passes.
    pub fn count(&self) -> u32 {
        self.tests.values().sum()
    }

    /// The tests of `self` that `other` lacks, in whole or in number.
    pub fn missing_from(&self, other: &BTreeMap<String, u32>) -> Vec<String> {
        let lacks = |(id, n): &(&String, &u32)| other.get(*id).copied().unwrap_or(0) < **n;
        self.tests.iter().filter(lacks).map(|(id, _)| id.clone()).collect()
    }

    /// Takes over what `other` has more of; says how many passes that added.
    pub fn grow(&mut self, other: &BTreeMap<String, u32>) -> u32 {
        let before = self.count();
        for (id, n) in other {
            let have = self.tests.entry(id.clone()).or_default();
            *have = (*have).max(*n);
        }
        self.count() - before
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut classes: BTreeMap<&str, Vec<(&str, u32)>> = BTreeMap::new();
        let mut others = Vec::new();
        for (id, n) in &self.tests {
            match split_id(id) {
                Some((class, method)) => classes.entry(class).or_default().push((method, *n)),
                None => others.push((id, *n)),
            }
        }
        let mut text = format!("# secs {} rc {}\n", self.secs, self.rc);
        let times = |n: u32| {
            if n == 1 { String::new() } else { format!(" *{n}") }
        };
        for (class, methods) in classes {
            let _ = writeln!(text, "{class}");
            for (method, n) in methods {
                let _ = writeln!(text, " {method}{}", times(n));
            }
        }
        for (id, n) in others {
            let _ = writeln!(text, "={id}{}", times(n));
        }
        text
    }

    /// Reads the text of a file.
    pub fn from_text(text: &str) -> Outcome<Passing> {
        let mut passing = Passing::default();
        let mut class = "";
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("# secs ") {
                let (secs, rc) = head.split_once(" rc ").ok_or_else(|| format!("odd head line {line:?}"))?;
                passing.secs = secs.parse().map_err(|_| format!("odd head line {line:?}"))?;
                passing.rc = rc.to_owned();
                continue;
            }
            let (body, n) = match line.rsplit_once(" *") {
                Some((body, n)) => (body, n.parse().map_err(|_| format!("odd line {line:?}"))?),
                None => (line, 1),
            };
            if let Some(method) = body.strip_prefix(' ') {
                passing.tests.insert(format!("{method} ({class}.{method})"), n);
            } else if let Some(id) = body.strip_prefix('=') {
                passing.tests.insert(id.to_owned(), n);
            } else {
                class = body;
            }
        }
        Ok(passing)
    }

    /// The list of a module in a folder; `None` where there is none.
    pub fn load(folder: &Path, module: &str) -> Outcome<Option<Passing>> {
        let path = folder.join(format!("{module}.txt"));
        if !path.exists() {
            return Ok(None);
        }
        Passing::from_text(&workspace::read(&path)?).map(Some).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Writes the list of a module in a folder.
    pub fn store(&self, folder: &Path, module: &str) -> Outcome {
        workspace::write(&folder.join(format!("{module}.txt")), &self.to_text())
    }
}

/// `m (a.b.C.m)` as `(a.b.C, m)`.
fn split_id(id: &str) -> Option<(&str, &str)> {
    let (method, rest) = id.split_once(" (")?;
    let class = rest.strip_suffix(')')?.strip_suffix(method)?.strip_suffix('.')?;
    let plain = |s: &str| !s.is_empty() && !s.contains([' ', '*', '=', '#']);
    if plain(class) && plain(method) { Some((class, method)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Passing {
        let ids = ["test_a (test.m.C.test_a)", "test_b (test.m.C.test_b)", "odd (somewhere else)", "x (test.m.D.x)"];
        let mut tests: BTreeMap<String, u32> = ids.iter().map(|id| ((*id).to_owned(), 1)).collect();
        tests.insert("twice (test.m.D.twice)".to_owned(), 2);
        Passing { secs: 3, rc: "timeout".to_owned(), tests }
    }

    #[test]
    fn text_and_back() {
        let text = sample().to_text();
        assert!(text.starts_with("# secs 3 rc timeout\ntest.m.C\n test_a\n test_b\ntest.m.D\n"));
        assert!(Passing::from_text(&text).is_ok_and(|again| again == sample()));
    }

    #[test]
    fn losses_are_seen_and_gains_kept() {
        let mut listed = sample();
        let mut now = sample().tests;
        now.insert("twice (test.m.D.twice)".to_owned(), 1);
        now.remove("x (test.m.D.x)");
        now.insert("new (test.m.D.new)".to_owned(), 1);
        assert_eq!(listed.missing_from(&now), ["twice (test.m.D.twice)", "x (test.m.D.x)"]);
        assert_eq!(listed.grow(&now), 1);
        assert_eq!(listed.count(), 7);
    }
}
