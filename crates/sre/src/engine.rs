//! The backtracking machine.
//!
//! - `choices` holds what may still be tried. Taking one back first undoes, from the `trail`, every change of marks and
//!   repeat counts made since it was put there.
//! - `subs` holds the groups being matched on their own (assertions, atomic groups, possessive repeats). Each has a
//!   choice below all of its own choices, so that failing through it ends the group; success cuts back to it.
//! - `reps` holds the repeats under way, linked from the innermost outwards. They die when the choice before them is
//!   taken back.

use crate::charset::{self, Fold, Locale};
use crate::op::*;
use crate::program::{Program, set_fold};
use crate::unit::Unit;

/// A mark that is not set.
pub const UNSET: usize = usize::MAX;

/// No repeat.
const NO_REP: u32 = u32::MAX;

/// How many times the machine goes back before it asks whether to stop.
const STEPS: u32 = 1 << 16;

/// Why matching stopped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The caller's interruption hook said so.
    Interrupted,
    /// There is no memory for more choices.
    Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Try the alternative at `pc`.
    Branch,
    /// A greedy single-character repeat that reaches to `ptr` may give back down to `aux`; go on at `pc`.
    Greedy,
    /// A lazy single-character repeat at `pc` may take `aux` more.
    Lazy,
    /// Leave the repeat `rep` whose UNTIL stands at `pc`.
    Leave,
    /// Do one more round of the lazy repeat `rep` whose UNTIL stands at `pc`.
    Again,
    /// The group on its own failed: fail.
    SubFails,
    /// The group on its own failed: go on at `pc`.
    SubPasses,
}

#[derive(Clone, Copy, Debug)]
struct Choice {
    kind: Kind,
    pc: u32,
    rep: u32,
    reps: u32,
    ptr: usize,
    aux: usize,
    trail: usize,
    lastindex: u32,
}

/// A change to undo: of a mark, or of a repeat (whose number then has the top bit set).
#[derive(Clone, Copy, Debug)]
struct Undo {
    what: u32,
    count: u32,
    value: usize,
}

const REP: u32 = 1 << 31;

#[derive(Clone, Copy, Debug)]
struct Rep {
    /// Where its REPEAT stands.
    pc: u32,
    prev: u32,
    count: u32,
    /// Where the last round began that may not be empty.
    last: usize,
}

#[derive(Clone, Copy, Debug)]
struct Sub {
    kind: SubKind,
    /// Where its opcode stands.
    pc: u32,
    rep: u32,
    /// Rounds of a possessive repeat.
    count: u32,
    /// Where the text stood.
    ptr: usize,
    /// How many choices there were before.
    choices: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SubKind {
    Assert,
    AssertNot,
    Atomic,
    Possessive,
}

/// Runs programs; keeps its stacks from one run to the next.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// Where the match begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Begin and end of each group, or `UNSET`.
    pub marks: Vec<usize>,
    /// The group closed last, or 0.
    pub lastindex: u32,
    choices: Vec<Choice>,
    trail: Vec<Undo>,
    reps: Vec<Rep>,
    subs: Vec<Sub>,
    steps: u32,
}

impl Matcher {
    /// Begin and end of a group (0 is the whole match), if it took part.
    pub fn group(&self, i: usize) -> Option<(usize, usize)> {
        if i == 0 {
            return Some((self.start, self.end));
        }
        match self.marks.get(2 * i - 2..2 * i) {
            Some(&[a, b]) if a != UNSET && b != UNSET => Some((a, b)),
            _ => None,
        }
    }

    pub(crate) fn reset(&mut self, groups: usize) {
        self.marks.clear();
        self.marks.resize(2 * groups, UNSET);
        self.lastindex = 0;
        self.choices.clear();
        self.trail.clear();
        self.reps.clear();
        self.subs.clear();
    }
}

/// What stays the same during a run.
pub(crate) struct Run<'a, U> {
    pub program: &'a Program,
    pub text: &'a [U],
    pub locale: &'a Locale,
    /// The whole text must match.
    pub full: bool,
    /// A match may not be empty.
    pub advance: bool,
    pub interrupt: &'a mut dyn FnMut() -> bool,
}

impl<U: Unit> Run<'_, U> {
    /// Whether a character is in the set at `at`.
    #[inline]
    pub fn in_set(&self, at: usize, c: u32, fold: Fold) -> bool {
        if c < 256 {
            let number = self.program.set_at[at];
            if number != 0 {
                return self.program.sets[number as usize - 1][(c >> 6) as usize] >> (c & 63) & 1 == 1;
            }
        }
        charset::contains_folded(&self.program.code[at..], c, fold, self.locale)
    }

    /// Whether the single-character instruction at `pc` takes a character.
    fn takes(&self, pc: usize, c: u32) -> bool {
        let code = &self.program.code;
        let arg = || code[pc + 1];
        match code[pc] {
            ANY => c != 10,
            ANY_ALL => true,
            LITERAL => c == arg(),
            NOT_LITERAL => c != arg(),
            op @ (IN | IN_IGNORE | IN_UNI_IGNORE | IN_LOC_IGNORE) => self.in_set(pc + 2, c, set_fold(op)),
            CATEGORY => charset::category(arg(), c, self.locale),
            LITERAL_IGNORE => charset::ascii_tolower(c) == arg(),
            NOT_LITERAL_IGNORE => charset::ascii_tolower(c) != arg(),
            LITERAL_UNI_IGNORE => charset::unicode_tolower(c) == arg(),
            NOT_LITERAL_UNI_IGNORE => charset::unicode_tolower(c) != arg(),
            LITERAL_LOC_IGNORE => charset::equal_in_locale(arg(), c, self.locale),
            NOT_LITERAL_LOC_IGNORE => !charset::equal_in_locale(arg(), c, self.locale),
            _ => false,
        }
    }

    /// How many characters from `ptr` on, at most `max`, the instruction at `pc` takes.
    fn count(&self, pc: usize, ptr: usize, max: usize) -> usize {
        let rest = &self.text[ptr..];
        let rest = &rest[..rest.len().min(max)];
        let code = &self.program.code;
        let until = |c: u32| U::from_code(c).and_then(|u| U::find(rest, u)).unwrap_or(rest.len());
        let run = |test: &dyn Fn(u32) -> bool| rest.iter().position(|u| !test(u.code())).unwrap_or(rest.len());
        match code[pc] {
            ANY_ALL => rest.len(),
            ANY => until(10),
            NOT_LITERAL => until(code[pc + 1]),
            LITERAL => match U::from_code(code[pc + 1]) {
                Some(c) => rest.iter().position(|&u| u != c).unwrap_or(rest.len()),
                None => 0,
            },
            op @ (IN | IN_IGNORE | IN_UNI_IGNORE) if self.program.set_at[pc + 2] != 0 => {
                let bits = &self.program.sets[self.program.set_at[pc + 2] as usize - 1];
                let fold = set_fold(op);
                let inside = |c: u32| {
                    if c < 256 {
                        bits[(c >> 6) as usize] >> (c & 63) & 1 == 1
                    } else {
                        charset::contains_folded(&code[pc + 2..], c, fold, self.locale)
                    }
                };
                rest.iter().position(|u| !inside(u.code())).unwrap_or(rest.len())
            }
            _ => run(&|c| self.takes(pc, c)),
        }
    }

    fn is_word(&self, kind: u32, i: Option<usize>) -> bool {
        let Some(u) = i.and_then(|i| self.text.get(i)) else {
            return false;
        };
        match kind {
            AT_BOUNDARY | AT_NON_BOUNDARY => charset::ascii_word(u.code()),
            AT_LOC_BOUNDARY | AT_LOC_NON_BOUNDARY => charset::locale_word(u.code(), self.locale),
            _ => charset::unicode_word(u.code()),
        }
    }

    fn at(&self, kind: u32, ptr: usize) -> bool {
        let len = self.text.len();
        let newline = |i: usize| self.text[i].code() == 10;
        match kind {
            AT_BEGINNING | AT_BEGINNING_STRING => ptr == 0,
            AT_BEGINNING_LINE => ptr == 0 || newline(ptr - 1),
            AT_END => ptr == len || (ptr + 1 == len && newline(ptr)),
            AT_END_LINE => ptr == len || newline(ptr),
            AT_END_STRING => ptr == len,
            _ => {
                let edge = self.is_word(kind, ptr.checked_sub(1)) != self.is_word(kind, Some(ptr));
                edge == matches!(kind, AT_BOUNDARY | AT_LOC_BOUNDARY | AT_UNI_BOUNDARY)
            }
        }
    }

    /// Whether the alternative at `pc` may begin at `ptr`, as far as its first instruction tells cheaply.
    #[inline]
    pub fn may_begin(&self, pc: usize, ptr: usize) -> bool {
        let code = &self.program.code;
        match code[pc] {
            LITERAL => self.text.get(ptr).is_some_and(|u| u.code() == code[pc + 1]),
            IN => self.text.get(ptr).is_some_and(|u| self.in_set(pc + 2, u.code(), Fold::None)),
            AT => self.at(code[pc + 1], ptr),
            LITERAL_IGNORE | LITERAL_UNI_IGNORE | IN_IGNORE | IN_UNI_IGNORE => {
                self.text.get(ptr).is_some_and(|u| self.takes(pc, u.code()))
            }
            _ => true,
        }
    }
}

impl Matcher {
    #[inline]
    fn push(&mut self, kind: Kind, pc: usize, rep: u32, ptr: usize, aux: usize) -> Result<(), Stop> {
        if self.choices.len() == self.choices.capacity() {
            self.grow()?;
        }
        self.choices.push(Choice {
            kind,
            pc: pc as u32,
            rep,
            reps: self.reps.len() as u32,
            ptr,
            aux,
            trail: self.trail.len(),
            lastindex: self.lastindex,
        });
        Ok(())
    }

    #[cold]
    fn grow(&mut self) -> Result<(), Stop> {
        self.choices.try_reserve(self.choices.len().max(16)).map_err(|_| Stop::Memory)
    }

    #[inline]
    fn set_mark(&mut self, i: usize, ptr: usize) {
        if !self.choices.is_empty() {
            self.trail.push(Undo { what: i as u32, count: 0, value: self.marks[i] });
        }
        self.marks[i] = ptr;
    }

    #[inline]
    fn save_rep(&mut self, i: u32) {
        if !self.choices.is_empty() {
            let r = self.reps[i as usize];
            self.trail.push(Undo { what: i | REP, count: r.count, value: r.last });
        }
    }

    #[inline]
    fn undo(&mut self, len: usize) {
        while self.trail.len() > len {
            let Some(u) = self.trail.pop() else { return };
            if u.what & REP != 0 {
                let r = &mut self.reps[(u.what & !REP) as usize];
                (r.count, r.last) = (u.count, u.value);
            } else {
                self.marks[u.what as usize] = u.value;
            }
        }
    }

    /// Pushes what is needed to match a group on its own.
    fn enter(&mut self, kind: SubKind, pc: usize, rep: u32, ptr: usize, count: u32) -> Result<(), Stop> {
        self.subs.push(Sub { kind, pc: pc as u32, rep, count, ptr, choices: self.choices.len() });
        let (choice, at) = match kind {
            SubKind::Assert | SubKind::Atomic => (Kind::SubFails, pc),
            SubKind::AssertNot => (Kind::SubPasses, pc),
            SubKind::Possessive => (Kind::SubPasses, pc),
        };
        self.push(choice, at, rep, ptr, 0)
    }

    #[expect(clippy::collapsible_match, reason = "an arm that does not go on has failed; guards would hide that")]
    /// Matches the program from `start` at `pc`/`ptr` on. Marks must have been reset. On success `start` and `end` are set.
    pub(crate) fn run<U: Unit>(
        &mut self,
        run: &mut Run<'_, U>,
        start: usize,
        mut pc: usize,
        mut ptr: usize,
    ) -> Result<bool, Stop> {
        let code: &[u32] = &run.program.code;
        let text = run.text;
        let end = text.len();
        let mut rep = NO_REP;
        'run: loop {
            // Each arm goes on with `continue`; what falls out of the match has failed.
            match code[pc] {
                SUCCESS => {
                    if let Some(sub) = self.subs.pop() {
                        rep = sub.rep;
                        let at = sub.pc as usize;
                        match sub.kind {
                            SubKind::Assert => {
                                self.choices.truncate(sub.choices);
                                ptr = sub.ptr;
                                pc = at + 1 + code[at + 1] as usize;
                                continue;
                            }
                            SubKind::Atomic => {
                                self.choices.truncate(sub.choices);
                                pc = at + 1 + code[at + 1] as usize;
                                continue;
                            }
                            SubKind::AssertNot => {
                                let c = self.choices[sub.choices];
                                self.undo(c.trail);
                                self.lastindex = c.lastindex;
                                self.reps.truncate(c.reps as usize);
                                self.choices.truncate(sub.choices);
                            }
                            SubKind::Possessive => {
                                self.choices.truncate(sub.choices);
                                let count = sub.count.saturating_add(1);
                                let (min, max) = (code[at + 2], code[at + 3]);
                                let more = count < min || ((count < max || max == MAXREPEAT) && ptr != sub.ptr);
                                if more {
                                    if self.tick(run)? {
                                        return Err(Stop::Interrupted);
                                    }
                                    self.enter_round(at, rep, ptr, count, min)?;
                                    pc = at + 4;
                                } else {
                                    pc = at + 2 + code[at + 1] as usize;
                                }
                                continue;
                            }
                        }
                    } else if !((run.full && ptr != end) || (run.advance && ptr == start)) {
                        self.start = start;
                        self.end = ptr;
                        return Ok(true);
                    }
                }
                LITERAL => {
                    if ptr < end && text[ptr].code() == code[pc + 1] {
                        ptr += 1;
                        pc += 2;
                        continue;
                    }
                }
                MARK => {
                    let i = code[pc + 1] as usize;
                    self.set_mark(i, ptr);
                    if i & 1 == 1 {
                        self.lastindex = i as u32 / 2 + 1;
                    }
                    pc += 2;
                    continue;
                }
                ANY => {
                    if ptr < end && text[ptr].code() != 10 {
                        ptr += 1;
                        pc += 1;
                        continue;
                    }
                }
                ANY_ALL => {
                    if ptr < end {
                        ptr += 1;
                        pc += 1;
                        continue;
                    }
                }
                op @ (IN | IN_IGNORE | IN_LOC_IGNORE | IN_UNI_IGNORE) => {
                    if ptr < end && run.in_set(pc + 2, text[ptr].code(), set_fold(op)) {
                        ptr += 1;
                        pc += 1 + code[pc + 1] as usize;
                        continue;
                    }
                }
                NOT_LITERAL
                | LITERAL_IGNORE
                | NOT_LITERAL_IGNORE
                | LITERAL_LOC_IGNORE
                | NOT_LITERAL_LOC_IGNORE
                | LITERAL_UNI_IGNORE
                | NOT_LITERAL_UNI_IGNORE
                | CATEGORY => {
                    if ptr < end && run.takes(pc, text[ptr].code()) {
                        ptr += 1;
                        pc += 2;
                        continue;
                    }
                }
                AT => {
                    if run.at(code[pc + 1], ptr) {
                        pc += 2;
                        continue;
                    }
                }
                REPEAT_ONE | POSSESSIVE_REPEAT_ONE => {
                    let (min, max) = (code[pc + 2] as usize, code[pc + 3]);
                    if end - ptr >= min {
                        let max = if max == MAXREPEAT { usize::MAX } else { max as usize };
                        let n = run.count(pc + 4, ptr, max);
                        if n >= min {
                            let least = ptr + min;
                            let tail = pc + 1 + code[pc + 1] as usize;
                            ptr += n;
                            if code[pc] == POSSESSIVE_REPEAT_ONE || code[tail] == SUCCESS || ptr == least {
                                pc = tail;
                                continue;
                            }
                            if let Some(p) = give_back(code, tail, text, ptr, least) {
                                ptr = p;
                                if ptr > least {
                                    self.push(Kind::Greedy, tail, rep, ptr, least)?;
                                }
                                pc = tail;
                                continue;
                            }
                        }
                    }
                }
                MIN_REPEAT_ONE => {
                    let (min, max) = (code[pc + 2] as usize, code[pc + 3]);
                    if end - ptr >= min && run.count(pc + 4, ptr, min) >= min {
                        ptr += min;
                        let left = if max == MAXREPEAT { usize::MAX } else { max as usize - min };
                        let tail = pc + 1 + code[pc + 1] as usize;
                        if left > 0 {
                            self.push(Kind::Lazy, pc, rep, ptr, left)?;
                        }
                        pc = tail;
                        continue;
                    }
                }
                BRANCH => {
                    if let Some(at) = self.alternative(run, pc + 1, rep, ptr)? {
                        pc = at;
                        continue;
                    }
                }
                JUMP => {
                    pc += 1 + code[pc + 1] as usize;
                    continue;
                }
                REPEAT => {
                    self.reps.push(Rep { pc: pc as u32, prev: rep, count: 0, last: UNSET });
                    rep = self.reps.len() as u32 - 1;
                    // The first arrival at UNTIL counts round zero: go there straight away.
                    if let Some(at) = self.until(code, pc + 1 + code[pc + 1] as usize, &mut rep, ptr, false)? {
                        pc = at;
                        continue;
                    }
                }
                MAX_UNTIL | MIN_UNTIL => {
                    if self.tick(run)? {
                        return Err(Stop::Interrupted);
                    }
                    if let Some(at) = self.until(code, pc, &mut rep, ptr, true)? {
                        pc = at;
                        continue;
                    }
                }
                op @ (GROUPREF | GROUPREF_IGNORE | GROUPREF_LOC_IGNORE | GROUPREF_UNI_IGNORE) => {
                    if let Some((a, b)) = self.group(code[pc + 1] as usize + 1)
                        && a <= b
                        && end - ptr >= b - a
                    {
                        let fold = match op {
                            GROUPREF => Fold::None,
                            GROUPREF_IGNORE => Fold::Ascii,
                            GROUPREF_LOC_IGNORE => Fold::Locale,
                            _ => Fold::Unicode,
                        };
                        let low = |u: &U| charset::lower(u.code(), fold, run.locale);
                        if text[a..b].iter().zip(&text[ptr..]).all(|(x, y)| x == y || low(x) == low(y)) {
                            ptr += b - a;
                            pc += 2;
                            continue;
                        }
                    }
                }
                GROUPREF_EXISTS => {
                    let exists = self.group(code[pc + 1] as usize + 1).is_some_and(|(a, b)| a <= b);
                    pc += if exists { 3 } else { 1 + code[pc + 2] as usize };
                    continue;
                }
                op @ (ASSERT | ASSERT_NOT) => {
                    let back = code[pc + 2] as usize;
                    if back <= ptr {
                        let kind = if op == ASSERT { SubKind::Assert } else { SubKind::AssertNot };
                        self.enter(kind, pc, rep, ptr, 0)?;
                        ptr -= back;
                        pc += 3;
                        continue;
                    }
                    if op == ASSERT_NOT {
                        pc += 1 + code[pc + 1] as usize;
                        continue;
                    }
                }
                ATOMIC_GROUP => {
                    self.enter(SubKind::Atomic, pc, rep, ptr, 0)?;
                    pc += 2;
                    continue;
                }
                POSSESSIVE_REPEAT => {
                    if code[pc + 3] == 0 {
                        pc += 2 + code[pc + 1] as usize;
                    } else {
                        self.enter_round(pc, rep, ptr, 0, code[pc + 2])?;
                        pc += 4;
                    }
                    continue;
                }
                INFO => {
                    pc += 1 + code[pc + 1] as usize;
                    continue;
                }
                _ => {}
            }
            // Go back to the latest choice.
            loop {
                if self.tick(run)? {
                    return Err(Stop::Interrupted);
                }
                let Some(c) = self.choices.last().copied() else {
                    return Ok(false);
                };
                self.undo(c.trail);
                self.lastindex = c.lastindex;
                self.reps.truncate(c.reps as usize);
                rep = c.rep;
                let at = c.pc as usize;
                match c.kind {
                    Kind::Branch => {
                        self.choices.pop();
                        if let Some(next) = self.alternative(run, at, rep, c.ptr)? {
                            pc = next;
                            ptr = c.ptr;
                            continue 'run;
                        }
                    }
                    Kind::Greedy => {
                        // `ptr` lies above `aux`, or the choice would be gone.
                        let Some(p) = give_back(code, at, text, c.ptr - 1, c.aux) else {
                            self.choices.pop();
                            continue;
                        };
                        if p == c.aux {
                            self.choices.pop();
                        } else if let Some(top) = self.choices.last_mut() {
                            top.ptr = p;
                        }
                        (pc, ptr) = (at, p);
                        continue 'run;
                    }
                    Kind::Lazy => {
                        let tail = at + 1 + code[at + 1] as usize;
                        let (mut p, mut left) = (c.ptr, c.aux);
                        let mut found = false;
                        while left > 0 && p < end && run.takes(at + 4, text[p].code()) {
                            p += 1;
                            left -= 1;
                            found = match code[tail] {
                                LITERAL => p < end && text[p].code() == code[tail + 1],
                                _ => true,
                            };
                            if found {
                                break;
                            }
                        }
                        if !found || left == 0 {
                            self.choices.pop();
                        } else if let Some(top) = self.choices.last_mut() {
                            (top.ptr, top.aux) = (p, left);
                        }
                        if found {
                            (pc, ptr) = (tail, p);
                            continue 'run;
                        }
                    }
                    Kind::Leave => {
                        self.choices.pop();
                        ptr = c.ptr;
                        rep = self.reps[rep as usize].prev;
                        pc = at + 1;
                        continue 'run;
                    }
                    Kind::Again => {
                        self.choices.pop();
                        ptr = c.ptr;
                        self.save_rep(rep);
                        let r = &mut self.reps[rep as usize];
                        r.count = c.aux as u32;
                        r.last = ptr;
                        pc = r.pc as usize + 4;
                        continue 'run;
                    }
                    Kind::SubFails => {
                        self.choices.pop();
                        self.subs.pop();
                    }
                    Kind::SubPasses => {
                        self.choices.pop();
                        self.subs.pop();
                        ptr = c.ptr;
                        pc = match code[at] {
                            POSSESSIVE_REPEAT => at + 2 + code[at + 1] as usize,
                            _ => at + 1 + code[at + 1] as usize,
                        };
                        continue 'run;
                    }
                }
            }
        }
    }

    /// Enters a round of a possessive repeat: below the minimum its failure is a failure, above it the end.
    fn enter_round(&mut self, pc: usize, rep: u32, ptr: usize, count: u32, min: u32) -> Result<(), Stop> {
        self.enter(SubKind::Possessive, pc, rep, ptr, count)?;
        if count < min
            && let Some(c) = self.choices.last_mut()
        {
            c.kind = Kind::SubFails;
        }
        Ok(())
    }

    /// Counts a step; true if the caller wants to stop.
    #[inline]
    fn tick<U>(&mut self, run: &mut Run<'_, U>) -> Result<bool, Stop> {
        self.steps += 1;
        if self.steps < STEPS {
            return Ok(false);
        }
        self.steps = 0;
        Ok((run.interrupt)())
    }

    /// The next alternative, from the skip word at `at` on, that may begin here; a choice is left for those after it.
    fn alternative<U: Unit>(
        &mut self,
        run: &Run<'_, U>,
        mut at: usize,
        rep: u32,
        ptr: usize,
    ) -> Result<Option<usize>, Stop> {
        let code = &run.program.code;
        while code[at] != 0 {
            let next = at + code[at] as usize;
            if run.may_begin(at + 1, ptr) {
                // Skip over those after it that cannot begin here, so that no choice is left for nothing.
                let mut other = next;
                while code[other] != 0 && !run.may_begin(other + 1, ptr) {
                    other += code[other] as usize;
                }
                if code[other] != 0 {
                    self.push(Kind::Branch, other, rep, ptr, 0)?;
                }
                return Ok(Some(at + 1));
            }
            at = next;
        }
        Ok(None)
    }

    /// What happens at the end of a round of the repeat `rep` (or, unless `finished`, before its first one):
    /// where to go on, or None if that fails.
    fn until(
        &mut self,
        code: &[u32],
        pc: usize,
        rep: &mut u32,
        ptr: usize,
        finished: bool,
    ) -> Result<Option<usize>, Stop> {
        let i = *rep;
        let Some(&r) = self.reps.get(i as usize) else {
            return Ok(None);
        };
        let at = r.pc as usize;
        let (min, max) = (code[at + 2], code[at + 3]);
        let count = if finished { r.count.saturating_add(1) } else { 0 };
        let more = count < max || max == MAXREPEAT;
        if count < min {
            if finished {
                self.save_rep(i);
                self.reps[i as usize].count = count;
            }
            return Ok(Some(at + 4));
        }
        // A round that began here already would be empty.
        let fresh = more && ptr != r.last;
        if code[pc] == MIN_UNTIL {
            if fresh {
                self.push(Kind::Again, pc, i, ptr, count as usize)?;
            }
        } else if fresh {
            self.push(Kind::Leave, pc, i, ptr, 0)?;
            self.save_rep(i);
            let r = &mut self.reps[i as usize];
            (r.count, r.last) = (count, ptr);
            return Ok(Some(at + 4));
        }
        *rep = r.prev;
        Ok(Some(pc + 1))
    }
}

/// The highest place in `least..=ptr` where the instruction at `tail` may match, if that is a literal.
#[inline]
fn give_back<U: Unit>(code: &[u32], tail: usize, text: &[U], ptr: usize, least: usize) -> Option<usize> {
    if code[tail] != LITERAL {
        return Some(ptr);
    }
    let c = U::from_code(code[tail + 1])?;
    let top = (ptr + 1).min(text.len());
    text[least.min(top)..top].iter().rposition(|&u| u == c).map(|i| least + i)
}
