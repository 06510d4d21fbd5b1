//! Validated code.

use std::collections::HashMap;

use memchr::memmem::Finder;

use crate::charset::{Fold, Locale, contains_folded};
use crate::op::*;

/// The code words are not what `re._compiler` could have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCode;

/// A set of the characters below 256.
pub(crate) type Bits = [u64; 4];

/// What the INFO block tells of a pattern's beginning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Info {
    /// The least length of a match.
    pub min: usize,
    /// The word each match begins with.
    pub prefix: Vec<u32>,
    /// Its searcher, if all its characters are bytes.
    pub finder: Option<Finder<'static>>,
    /// How much of it stands before the first group.
    pub skip: usize,
    /// The pattern is that word and nothing else.
    pub literal: bool,
    /// Where the set stands that each match begins with; 0 for none.
    pub charset: usize,
}

/// Validated code words.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) code: Vec<u32>,
    groups: usize,
    /// For the place of each set: the number of its bits in `sets`, plus one.
    pub(crate) set_at: Vec<u32>,
    pub(crate) sets: Vec<Bits>,
    pub(crate) info: Info,
    /// Where the pattern proper begins, behind INFO.
    pub(crate) body: usize,
}

impl Program {
    /// Validates code words for a pattern with so many groups.
    pub fn new(code: &[u32], groups: usize) -> Result<Program, InvalidCode> {
        let sets = validate(code, groups)?;
        let mut program = Program {
            code: code.to_vec(),
            groups,
            set_at: Vec::new(),
            sets: Vec::new(),
            info: Info::default(),
            body: 0,
        };
        program.read_info();
        program.cache_sets(&sets);
        Ok(program)
    }

    /// The code words.
    pub fn code(&self) -> &[u32] {
        &self.code
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups
    }

    fn read_info(&mut self) {
        let c = &self.code;
        if c[0] != INFO {
            return;
        }
        self.body = 1 + c[1] as usize;
        let flags = c[2];
        self.info.min = c[3] as usize;
        if flags & INFO_PREFIX != 0 {
            let len = c[5] as usize;
            self.info.prefix = c[7..7 + len].to_vec();
            self.info.skip = c[6] as usize;
            self.info.literal = flags & INFO_LITERAL != 0;
            let bytes: Option<Vec<u8>> = self.info.prefix.iter().map(|&c| u8::try_from(c).ok()).collect();
            self.info.finder = bytes.map(|b| Finder::new(&b).into_owned());
        } else if flags & INFO_CHARSET != 0 {
            self.info.charset = 5;
        }
    }

    /// Lists the characters below 256 of every set that does not depend on the locale.
    fn cache_sets(&mut self, sets: &[(usize, usize, Fold)]) {
        if sets.is_empty() {
            return;
        }
        self.set_at = vec![0; self.code.len()];
        let mut seen: HashMap<Bits, u32> = HashMap::new();
        for &(start, end, fold) in sets {
            let set = &self.code[start..end];
            if fold == Fold::Locale || uses_locale(set) {
                continue;
            }
            let mut bits = [0u64; 4];
            for c in 0..256u32 {
                if contains_folded(set, c, fold, &Locale::C) {
                    bits[(c >> 6) as usize] |= 1 << (c & 63);
                }
            }
            let number = *seen.entry(bits).or_insert_with(|| {
                self.sets.push(bits);
                self.sets.len() as u32
            });
            self.set_at[start] = number;
        }
    }
}

fn uses_locale(set: &[u32]) -> bool {
    let mut i = 0;
    while let Some(&op) = set.get(i) {
        i += match op {
            CATEGORY if matches!(set.get(i + 1), Some(&(CATEGORY_LOC_WORD | CATEGORY_LOC_NOT_WORD))) => {
                return true;
            }
            LITERAL | CATEGORY => 2,
            CHARSET => 9,
            RANGE | RANGE_UNI_IGNORE => 3,
            NEGATE => 1,
            BIGCHARSET => 66 + 8 * set.get(i + 1).copied().unwrap_or(0) as usize,
            _ => return false,
        };
    }
    false
}

/// The way a set's opcode ignores case.
pub(crate) fn set_fold(op: u32) -> Fold {
    match op {
        IN_IGNORE => Fold::Ascii,
        IN_LOC_IGNORE => Fold::Locale,
        IN_UNI_IGNORE => Fold::Unicode,
        _ => Fold::None,
    }
}

/// A stretch of code to validate.
struct Region {
    start: usize,
    end: usize,
    /// For the first part of a conditional: where a JUMP at its end may lead at most.
    jump_limit: Option<usize>,
}

struct Validator<'a> {
    code: &'a [u32],
    groups: usize,
    starts: Vec<bool>,
    targets: Vec<usize>,
    work: Vec<Region>,
    sets: Vec<(usize, usize, Fold)>,
}

fn validate(code: &[u32], groups: usize) -> Result<Vec<(usize, usize, Fold)>, InvalidCode> {
    if code.last() != Some(&SUCCESS) || groups > MAXGROUPS as usize || code.len() > u32::MAX as usize / 2 {
        return Err(InvalidCode);
    }
    let end = code.len() - 1;
    let mut v = Validator {
        code,
        groups,
        starts: vec![false; code.len() + 1],
        targets: Vec::new(),
        work: vec![Region { start: 0, end, jump_limit: None }],
        sets: Vec::new(),
    };
    v.starts[end] = true;
    while let Some(region) = v.work.pop() {
        v.region(&region)?;
    }
    if v.targets.iter().all(|&t| v.starts[t]) { Ok(v.sets) } else { Err(InvalidCode) }
}

impl Validator<'_> {
    fn word(&self, i: usize) -> Result<u32, InvalidCode> {
        self.code.get(i).copied().ok_or(InvalidCode)
    }

    /// The place that the skip word at `i` leads to; it must lie within the region.
    fn skip(&self, i: usize, least: usize, end: usize) -> Result<usize, InvalidCode> {
        let skip = self.word(i)? as usize;
        if skip < least || skip > end.saturating_sub(i) { Err(InvalidCode) } else { Ok(i + skip) }
    }

    fn expect(&self, i: usize, op: u32) -> Result<(), InvalidCode> {
        if self.word(i)? == op { Ok(()) } else { Err(InvalidCode) }
    }

    fn sub(&mut self, start: usize, end: usize) {
        self.starts[end] = true;
        self.work.push(Region { start, end, jump_limit: None });
    }

    fn region(&mut self, r: &Region) -> Result<(), InvalidCode> {
        let mut pc = r.start;
        while pc < r.end {
            if pc + 2 == r.end
                && self.code[pc] == JUMP
                && let Some(limit) = r.jump_limit
            {
                self.starts[pc] = true;
                let target = self.skip(pc + 1, 1, limit)?;
                self.targets.push(target);
                return Ok(());
            }
            pc = self.op(pc, r.end)?;
        }
        if pc == r.end { Ok(()) } else { Err(InvalidCode) }
    }

    /// Validates one instruction; returns where the next one begins.
    fn op(&mut self, pc: usize, end: usize) -> Result<usize, InvalidCode> {
        self.starts[pc] = true;
        let need = |ok: bool| if ok { Ok(()) } else { Err(InvalidCode) };
        let op = self.code[pc];
        match op {
            SUCCESS | FAILURE | ANY | ANY_ALL => Ok(pc + 1),
            MARK => {
                need((self.word(pc + 1)? as usize) < 2 * self.groups)?;
                Ok(pc + 2)
            }
            LITERAL
            | NOT_LITERAL
            | LITERAL_IGNORE
            | NOT_LITERAL_IGNORE
            | LITERAL_LOC_IGNORE
            | NOT_LITERAL_LOC_IGNORE
            | LITERAL_UNI_IGNORE
            | NOT_LITERAL_UNI_IGNORE => {
                self.word(pc + 1)?;
                Ok(pc + 2)
            }
            AT => {
                need(self.word(pc + 1)? <= AT_UNI_NON_BOUNDARY)?;
                Ok(pc + 2)
            }
            CATEGORY => {
                need(self.word(pc + 1)? <= CATEGORY_UNI_NOT_LINEBREAK)?;
                Ok(pc + 2)
            }
            GROUPREF | GROUPREF_IGNORE | GROUPREF_LOC_IGNORE | GROUPREF_UNI_IGNORE => {
                need((self.word(pc + 1)? as usize) < self.groups)?;
                Ok(pc + 2)
            }
            IN | IN_IGNORE | IN_LOC_IGNORE | IN_UNI_IGNORE => {
                let next = self.skip(pc + 1, 2, end)?;
                self.set(pc + 2, next, set_fold(op))?;
                Ok(next)
            }
            INFO => {
                let next = self.skip(pc + 1, 4, end)?;
                self.info(pc, next)?;
                Ok(next)
            }
            BRANCH => self.branch(pc, end),
            REPEAT_ONE | MIN_REPEAT_ONE | POSSESSIVE_REPEAT_ONE => {
                let next = self.skip(pc + 1, 5, end)?;
                need(self.word(pc + 2)? <= self.word(pc + 3)?)?;
                self.expect(next - 1, SUCCESS)?;
                let unit = matches!(
                    self.code[pc + 4],
                    FAILURE
                        | ANY
                        | ANY_ALL
                        | IN
                        | IN_IGNORE
                        | IN_LOC_IGNORE
                        | IN_UNI_IGNORE
                        | CATEGORY
                        | LITERAL
                        | NOT_LITERAL
                        | LITERAL_IGNORE
                        | NOT_LITERAL_IGNORE
                        | LITERAL_LOC_IGNORE
                        | NOT_LITERAL_LOC_IGNORE
                        | LITERAL_UNI_IGNORE
                        | NOT_LITERAL_UNI_IGNORE
                );
                need(unit && self.op(pc + 4, next - 1)? == next - 1)?;
                Ok(next)
            }
            REPEAT | POSSESSIVE_REPEAT => {
                let until = self.skip(pc + 1, 3, end)?;
                need(until < end && self.word(pc + 2)? <= self.word(pc + 3)?)?;
                let last = self.word(until)?;
                need(if op == REPEAT { last == MAX_UNTIL || last == MIN_UNTIL } else { last == SUCCESS })?;
                self.sub(pc + 4, until);
                Ok(until + 1)
            }
            ATOMIC_GROUP => {
                let next = self.skip(pc + 1, 2, end)?;
                self.expect(next - 1, SUCCESS)?;
                self.sub(pc + 2, next - 1);
                Ok(next)
            }
            ASSERT | ASSERT_NOT => {
                let next = self.skip(pc + 1, 3, end)?;
                self.word(pc + 2)?;
                self.expect(next - 1, SUCCESS)?;
                self.sub(pc + 3, next - 1);
                Ok(next)
            }
            GROUPREF_EXISTS => {
                need((self.word(pc + 1)? as usize) < self.groups)?;
                // The skip counts from the group's number.
                let skip = self.word(pc + 2)? as usize;
                need(skip >= 2 && skip <= end.saturating_sub(pc + 1))?;
                let next = pc + 1 + skip;
                self.targets.push(next);
                self.work.push(Region { start: pc + 3, end: next, jump_limit: Some(end) });
                Ok(next)
            }
            _ => Err(InvalidCode),
        }
    }

    fn branch(&mut self, pc: usize, end: usize) -> Result<usize, InvalidCode> {
        let mut at = pc + 1;
        let mut jumps = Vec::new();
        loop {
            if at >= end {
                return Err(InvalidCode);
            }
            if self.code[at] == 0 {
                break;
            }
            let next = self.skip(at, 3, end)?;
            self.expect(next - 2, JUMP)?;
            jumps.push(self.skip(next - 1, 1, end)?);
            self.sub(at + 1, next - 2);
            at = next;
        }
        // All alternatives lead to the word behind the closing zero.
        if jumps.is_empty() || jumps.iter().any(|&j| j != at + 1) { Err(InvalidCode) } else { Ok(at + 1) }
    }

    fn info(&mut self, pc: usize, next: usize) -> Result<(), InvalidCode> {
        let need = |ok: bool| if ok { Ok(()) } else { Err(InvalidCode) };
        // Only at the very beginning does it mean anything.
        need(pc == 0)?;
        let flags = self.code[pc + 2];
        need(flags & !(INFO_PREFIX | INFO_LITERAL | INFO_CHARSET) == 0)?;
        need(flags & INFO_CHARSET == 0 || flags & INFO_PREFIX == 0)?;
        need(flags & INFO_LITERAL == 0 || flags & INFO_PREFIX != 0)?;
        if flags & INFO_PREFIX != 0 {
            need(next >= 7)?;
            let (len, skip) = (self.code[5] as usize, self.code[6] as usize);
            need(len > 0 && skip <= len && next == 7 + 2 * len)?;
            // A search that found the word goes on behind it (or what stands before the first group).
            need(self.code.len() > next + 2 * skip)?;
            for k in 0..skip {
                self.expect(next + 2 * k, LITERAL)?;
            }
            self.targets.push(next + 2 * skip);
            if flags & INFO_LITERAL != 0 {
                need(skip == len && self.code.len() == next + 2 * len + 1)?;
            }
        } else if flags & INFO_CHARSET != 0 {
            need(next > 5)?;
            self.set(5, next, Fold::None)?;
        }
        Ok(())
    }

    /// Validates a set at `start..end`, the closing FAILURE included.
    fn set(&mut self, start: usize, end: usize, fold: Fold) -> Result<(), InvalidCode> {
        self.sets.push((start, end, fold));
        let mut i = start;
        while i + 1 < end {
            i += match self.code[i] {
                NEGATE => 1,
                LITERAL => 2,
                RANGE | RANGE_UNI_IGNORE => 3,
                CHARSET => 9,
                CATEGORY if self.word(i + 1)? <= CATEGORY_UNI_NOT_LINEBREAK => 2,
                BIGCHARSET => {
                    let count = self.word(i + 1)? as usize;
                    if count > 256 || i + 66 + 8 * count >= end {
                        return Err(InvalidCode);
                    }
                    let blocks = self.code[i + 2..i + 66].iter().flat_map(|w| w.to_le_bytes());
                    if blocks.into_iter().any(|b| usize::from(b) >= count) {
                        return Err(InvalidCode);
                    }
                    66 + 8 * count
                }
                _ => return Err(InvalidCode),
            };
        }
        if i + 1 == end && self.code[i] == FAILURE { Ok(()) } else { Err(InvalidCode) }
    }
}
