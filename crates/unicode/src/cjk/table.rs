//! Tables of codes, unpacked when a codec is first used.

use std::collections::HashMap;
use std::sync::OnceLock;

static PACKED: &[u8] = include_bytes!("tables.bin");

const INVALID: u16 = 0xD800;
const LEAD: u16 = 0xD801;
const WRONG2: u16 = 0xD802;
const MORE: u16 = 0xD803;
const EXTRA: u16 = 0xD810;
const LAST: u16 = 0xDFFF;
const NO_ROW: u8 = 0xFF;

/// What a code is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    Char(u32),
    Two(u32, u32),
    /// It goes on.
    More,
    Wrong(usize),
}

/// The table of one codec.
pub struct Table {
    pub name: String,
    single: Vec<u16>,
    row_of: [u8; 256],
    rows: Vec<u16>,
    third_of: [u8; 256],
    thirds: Vec<u16>,
    extras: Vec<(u32, u32)>,
    /// By character of the basic plane: a code, and its length in the highest byte; 0 is none.
    codes: Vec<u32>,
    high: HashMap<u32, u32>,
    pairs: HashMap<(u32, u32), u32>,
    /// Characters that begin a pair which has a code of its own.
    firsts: Vec<u32>,
    /// gb18030's codes of four bytes: number, character, how many.
    pub runs: Vec<(u32, u32, u32)>,
}

fn word(at: usize) -> u32 {
    PACKED.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

fn count() -> usize {
    word(0) as usize
}

fn entry(i: usize) -> (&'static str, usize) {
    let at = 8 + i * 20;
    let name = PACKED.get(at..at + 16).unwrap_or(&[]);
    let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
    (std::str::from_utf8(&name[..end]).unwrap_or(""), word(at + 16) as usize)
}

/// The number of the codec of that name.
pub fn index(name: &str) -> Option<usize> {
    (0..count()).find(|&i| entry(i).0 == name)
}

/// Literal runs and copies of what came before.
fn unpack() -> Vec<u16> {
    let total = word(4) as usize;
    let mut out: Vec<u16> = Vec::with_capacity(total);
    let mut p = 8 + count() * 20;
    let number = |p: &mut usize| {
        let (mut n, mut shift) = (0usize, 0);
        while let Some(&b) = PACKED.get(*p) {
            *p += 1;
            n |= usize::from(b & 0x7F) << shift;
            shift += 7;
            if b < 0x80 {
                break;
            }
        }
        n
    };
    while p < PACKED.len() {
        let literal = number(&mut p);
        let units = PACKED.get(p..p + 2 * literal).unwrap_or(&[]);
        out.extend(units.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])));
        p += 2 * literal;
        if p >= PACKED.len() {
            break;
        }
        let (n, back) = (number(&mut p), number(&mut p));
        let from = out.len() - back.clamp(1, out.len().max(1));
        for i in 0..n {
            out.push(out[from + i]);
        }
    }
    out
}

struct Reader<'a> {
    units: &'a [u16],
    p: usize,
}

impl Reader<'_> {
    fn unit(&mut self) -> u16 {
        self.p += 1;
        self.units.get(self.p - 1).copied().unwrap_or(0)
    }

    fn long(&mut self) -> u32 {
        let low = self.unit();
        u32::from(low) | u32::from(self.unit()) << 16
    }

    fn take(&mut self, n: usize) -> Vec<u16> {
        (0..n).map(|_| self.unit()).collect()
    }

    fn rows(&mut self) -> ([u8; 256], Vec<u16>) {
        let n = usize::from(self.unit());
        let mut of = [NO_ROW; 256];
        for (i, lead) in self.take(n).into_iter().enumerate() {
            of[usize::from(lead as u8)] = i as u8;
        }
        (of, self.take(256 * n))
    }
}

/// The table of a codec.
pub fn get(i: usize) -> &'static Table {
    static UNITS: OnceLock<Vec<u16>> = OnceLock::new();
    static TABLES: [OnceLock<Table>; 16] = [const { OnceLock::new() }; 16];
    TABLES[i % TABLES.len()].get_or_init(|| {
        let units = UNITS.get_or_init(unpack);
        let (name, p) = entry(i);
        Table::read(name, Reader { units, p })
    })
}

/// The table of the codec of that name, which there is.
pub fn named(name: &str) -> &'static Table {
    get(index(name).unwrap_or(0))
}

fn packed(code: &[u8]) -> u32 {
    code.iter().fold(0, |n, &b| n << 8 | u32::from(b)) | (code.len() as u32) << 24
}

impl Table {
    fn read(name: &str, mut r: Reader<'_>) -> Table {
        let single = r.take(256);
        let (row_of, rows) = r.rows();
        let (third_of, thirds) = r.rows();
        let n = usize::from(r.unit());
        let extras = (0..n).map(|_| (r.long(), r.long())).collect();
        let mut t = Table {
            name: name.to_owned(),
            single,
            row_of,
            rows,
            third_of,
            thirds,
            extras,
            codes: vec![0; 0x10000],
            high: HashMap::new(),
            pairs: HashMap::new(),
            firsts: Vec::new(),
            runs: Vec::new(),
        };
        t.invert();
        for _ in 0..r.unit() {
            let (cp, code, len) = (r.long(), r.long(), u32::from(r.unit()));
            t.set(cp, if len == 0 { 0 } else { code | len << 24 });
        }
        let n = r.unit();
        t.runs = (0..n).map(|_| (r.long(), r.long(), r.long())).collect();
        t
    }

    fn set(&mut self, cp: u32, code: u32) {
        match self.codes.get_mut(cp as usize) {
            Some(place) => *place = code,
            None => drop(self.high.insert(cp, code)),
        }
    }

    fn note(&mut self, found: Found, code: &[u8]) {
        match found {
            Found::Char(c) if self.code(c) == 0 => self.set(c, packed(code)),
            Found::Two(a, b) => {
                self.pairs.entry((a, b)).or_insert_with(|| packed(code));
                if !self.firsts.contains(&a) {
                    self.firsts.push(a);
                }
            }
            _ => {}
        }
    }

    /// The first code of each character is the one it is encoded to.
    fn invert(&mut self) {
        for a in 0..=255u8 {
            self.note(self.one(a), &[a]);
        }
        for a in 0..=255u8 {
            for b in 0..=255u8 {
                if self.row_of[usize::from(a)] != NO_ROW {
                    self.note(self.two(a, b), &[a, b]);
                }
            }
        }
        for b in 0..=255u8 {
            for c in 0..=255u8 {
                if self.third_of[usize::from(b)] != NO_ROW {
                    self.note(self.three(b, c), &[0x8F, b, c]);
                }
            }
        }
    }

    fn found(&self, unit: u16) -> Found {
        match unit {
            INVALID => Found::Wrong(1),
            WRONG2 => Found::Wrong(2),
            LEAD | MORE => Found::More,
            EXTRA..=LAST => match self.extras.get(usize::from(unit - EXTRA)) {
                Some(&(a, 0)) => Found::Char(a),
                Some(&(a, b)) => Found::Two(a, b),
                None => Found::Wrong(1),
            },
            _ => Found::Char(u32::from(unit)),
        }
    }

    /// What a byte is.
    #[inline]
    pub fn one(&self, a: u8) -> Found {
        self.found(self.single[usize::from(a)])
    }

    fn in_row(&self, of: &[u8; 256], rows: &[u16], a: u8, b: u8) -> Found {
        let row = of[usize::from(a)];
        if row == NO_ROW {
            return Found::Wrong(1);
        }
        match rows.get(usize::from(row) * 256 + usize::from(b)) {
            Some(0) | None => Found::Wrong(1),
            Some(&u) => self.found(u),
        }
    }

    /// What two bytes are.
    #[inline]
    pub fn two(&self, a: u8, b: u8) -> Found {
        self.in_row(&self.row_of, &self.rows, a, b)
    }

    /// What two bytes behind 0x8F are.
    pub fn three(&self, b: u8, c: u8) -> Found {
        self.in_row(&self.third_of, &self.thirds, b, c)
    }

    /// Whether there are codes of three bytes.
    pub fn has_thirds(&self) -> bool {
        !self.thirds.is_empty()
    }

    /// The code of a character, with its length in the highest byte; 0 is none.
    #[inline]
    pub fn code(&self, c: u32) -> u32 {
        match self.codes.get(c as usize) {
            Some(&code) => code,
            None => self.high.get(&c).copied().unwrap_or(0),
        }
    }

    /// Whether a character may join the next one.
    pub fn begins_pair(&self, c: u32) -> bool {
        !self.firsts.is_empty() && self.firsts.contains(&c)
    }

    /// The code of two characters; 0 is none.
    pub fn pair(&self, a: u32, b: u32) -> u32 {
        self.pairs.get(&(a, b)).copied().unwrap_or(0)
    }
}
