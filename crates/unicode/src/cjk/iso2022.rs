//! ISO 2022: escape sequences designate character sets, of which one is in use.

use super::table::{Found, named};
use super::{State, Stop};

/// A character set. The number is the final byte of its escape sequence, with the highest bit for sets of two bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    KsX1001,
    JisX0201Roman,
    JisX0201Katakana,
    JisX0208,
    JisX0208Old,
    JisX0212,
    JisX0213Plane1(&'static str),
    /// Only the pairs of plane 1: sets that share it encode them first.
    JisX0213Pairs,
    JisX0213Plane2(&'static str),
    Gb2312,
    Iso8859Part1,
    Iso8859Part7,
}

struct Designation {
    mark: u8,
    /// Which of the four places it takes.
    place: u8,
    set: Set,
}

const fn designation(mark: u8, place: u8, set: Set) -> Designation {
    Designation { mark, place, set }
}

const WIDE: u8 = 0x80;
const ASCII: u8 = b'B';

impl Designation {
    fn width(&self) -> usize {
        if self.mark & WIDE != 0 { 2 } else { 1 }
    }
}

/// One of the codecs.
pub struct Config {
    pub name: &'static str,
    /// Shifting in and out is not used.
    no_shift: bool,
    /// Single shifts are.
    single_shifts: bool,
    /// The announcement of the 1990 set is.
    announced: bool,
    sets: &'static [Designation],
}

const JISX0208: Designation = designation(b'B' | WIDE, 0, Set::JisX0208);
const JISX0208_OLD: Designation = designation(b'@' | WIDE, 0, Set::JisX0208Old);
const JISX0201_ROMAN: Designation = designation(b'J', 0, Set::JisX0201Roman);
const JISX0201_KATAKANA: Designation = designation(b'I', 0, Set::JisX0201Katakana);
const JISX0212: Designation = designation(b'D' | WIDE, 0, Set::JisX0212);

/// The codecs.
pub static CONFIGS: [Config; 7] = [
    Config {
        name: "iso2022_kr",
        no_shift: false,
        single_shifts: false,
        announced: false,
        sets: &[designation(b'C' | WIDE, 1, Set::KsX1001)],
    },
    Config {
        name: "iso2022_jp",
        no_shift: true,
        single_shifts: false,
        announced: true,
        sets: &[JISX0208, JISX0201_ROMAN, JISX0208_OLD],
    },
    Config {
        name: "iso2022_jp_1",
        no_shift: true,
        single_shifts: false,
        announced: true,
        sets: &[JISX0208, JISX0212, JISX0201_ROMAN, JISX0208_OLD],
    },
    Config {
        name: "iso2022_jp_2",
        no_shift: true,
        single_shifts: true,
        announced: true,
        sets: &[
            JISX0208,
            JISX0212,
            designation(b'C' | WIDE, 0, Set::KsX1001),
            designation(b'A' | WIDE, 0, Set::Gb2312),
            JISX0201_ROMAN,
            JISX0208_OLD,
            designation(b'A', 2, Set::Iso8859Part1),
            designation(b'F', 2, Set::Iso8859Part7),
        ],
    },
    Config {
        name: "iso2022_jp_2004",
        no_shift: true,
        single_shifts: false,
        announced: true,
        sets: &[
            JISX0208,
            designation(b'Q' | WIDE, 0, Set::JisX0213Plane1("euc_jis_2004")),
            designation(b'Q' | WIDE, 0, Set::JisX0213Pairs),
            designation(b'P' | WIDE, 0, Set::JisX0213Plane2("euc_jis_2004")),
        ],
    },
    Config {
        name: "iso2022_jp_3",
        no_shift: true,
        single_shifts: false,
        announced: true,
        sets: &[
            JISX0208,
            designation(b'O' | WIDE, 0, Set::JisX0213Plane1("euc_jisx0213")),
            designation(b'O' | WIDE, 0, Set::JisX0213Pairs),
            designation(b'P' | WIDE, 0, Set::JisX0213Plane2("euc_jisx0213")),
        ],
    },
    Config {
        name: "iso2022_jp_ext",
        no_shift: true,
        single_shifts: false,
        announced: true,
        sets: &[JISX0208, JISX0212, JISX0201_ROMAN, JISX0201_KATAKANA, JISX0208_OLD],
    },
];

/// Places 0 to 3, then flags.
pub const ENCODE_INITIAL: State = [ASCII, ASCII, 0, 0, 0, 0, 0, 0];
pub const DECODE_INITIAL: State = [ASCII, ASCII, ASCII, 0, 0, 0, 0, 0];
const FLAGS: usize = 4;
const SHIFTED: u8 = 1;
/// An escape that is none is passed through to the end of its sequence.
const PASSING: u8 = 2;

const ESC: u8 = 0x1B;
const SO: u8 = 0x0E;
const SI: u8 = 0x0F;
/// The longest escape sequence that is looked at.
const MAX_ESCAPE: usize = 16;

fn is_final(c: u8) -> bool {
    c.is_ascii_uppercase() || c == b'@'
}

fn in_table(name: &str, a: u8, b: u8) -> Found {
    named(name).two(a | 0x80, b | 0x80)
}

/// The rows of plane 2 of JIS X 0213. The tables have JIS X 0212 in the others.
fn in_plane2(row: u8) -> bool {
    matches!(row.wrapping_sub(0x20), 1 | 3..=5 | 8 | 12..=15 | 78..=94)
}

impl Set {
    fn decode(self, code: &[u8]) -> Found {
        let (a, b) = (code[0], code.get(1).copied().unwrap_or(0));
        if (a | b) & 0x80 != 0 || code.len() == 2 && (a < 0x21 || b < 0x21) {
            return Found::Wrong(code.len());
        }
        match self {
            Set::KsX1001 => in_table("euc_kr", a, b),
            Set::Gb2312 => in_table("gb2312", a, b),
            Set::JisX0208 | Set::JisX0208Old => in_table("euc_jp", a, b),
            Set::JisX0212 => named("euc_jp").three(a | 0x80, b | 0x80),
            Set::JisX0213Plane1(t) => in_table(t, a, b),
            Set::JisX0213Pairs => Found::Wrong(2),
            Set::JisX0213Plane2(t) if in_plane2(a) => named(t).three(a | 0x80, b | 0x80),
            Set::JisX0213Plane2(_) => Found::Wrong(2),
            Set::JisX0201Roman => Found::Char(match a {
                0x5C => 0xA5,
                0x7E => 0x203E,
                _ => u32::from(a),
            }),
            Set::JisX0201Katakana if (0x21..0x60).contains(&a) => Found::Char(0xFF40 + u32::from(a)),
            Set::JisX0201Katakana | Set::Iso8859Part1 | Set::Iso8859Part7 => Found::Wrong(1),
        }
    }

    /// The code without its high bits, and of how many characters.
    fn encode(self, c: u32, next: Option<u32>) -> Option<(u16, usize)> {
        let two = |table: &str| {
            let code = named(table).code(c);
            let right = code >> 24 == 2 && code & 0x8080 == 0x8080 && code >> 8 & 0xFF != 0x8E;
            right.then_some(((code & 0x7F7F) as u16, 1))
        };
        let three = |table: &str| {
            let code = named(table).code(c);
            (code >> 24 == 3).then_some(((code & 0x7F7F) as u16, 1))
        };
        match self {
            Set::KsX1001 => two("euc_kr"),
            Set::Gb2312 => two("gb2312"),
            Set::JisX0208 => two("euc_jp"),
            Set::JisX0212 => three("euc_jp"),
            Set::JisX0213Plane1(t) => {
                let pair = next.map_or(0, |n| named(t).pair(c, n));
                if pair != 0 { Some(((pair & 0x7F7F) as u16, 2)) } else { two(t) }
            }
            Set::JisX0213Plane2(t) => three(t).filter(|(code, _)| in_plane2((code >> 8) as u8)),
            Set::JisX0201Roman => match c {
                0xA5 => Some((0x5C, 1)),
                0x203E => Some((0x7E, 1)),
                _ => None,
            },
            Set::JisX0201Katakana => (0xFF61..0xFFA0).contains(&c).then(|| ((c - 0xFF40) as u16, 1)),
            Set::JisX0208Old | Set::JisX0213Pairs | Set::Iso8859Part1 | Set::Iso8859Part7 => None,
        }
    }
}

/// An escape sequence: designates a set. `input` begins with it.
fn escape(config: &Config, state: &mut State, input: &[u8]) -> Result<usize, Stop> {
    let mut i = 1;
    let len = loop {
        if i >= MAX_ESCAPE {
            return Err(Stop::Wrong(1));
        }
        let Some(&c) = input.get(i) else { return Err(Stop::TooFew) };
        if is_final(c) {
            // The announcement of the set of 1990 holds a final byte in its middle.
            break i + 1;
        }
        if config.announced && c == b'&' && input.get(i + 1) == Some(&b'@') {
            i += 2;
            continue;
        }
        i += 1;
    };
    let seq = &input[..len];
    let (mark, place) = match *seq {
        [_, b'$', f] => (f | WIDE, 0),
        [_, b'(', f] => (f, 0),
        [_, b')', f] => (f, 1),
        [_, b'.', f] if config.single_shifts => (f, 2),
        [_, b'$', b'(', f] => (f | WIDE, 0),
        [_, b'$', b')', f] => (f | WIDE, 1),
        [_, b'&', b'@', ESC, b'$', b'B'] if config.announced => (b'B' | WIDE, 0),
        _ => return Err(Stop::Wrong(len)),
    };
    if mark != ASCII && !config.sets.iter().any(|d| d.mark == mark) {
        return Err(Stop::Wrong(len));
    }
    state[place] = mark;
    Ok(len)
}

/// The upper half of ISO 8859-7, from 0xA0 on; 0 is nothing.
const GREEK: [u16; 96] = {
    let mut t = [0u16; 96];
    let mut i = 0;
    while i < 96 {
        let b = 0xA0 + i as u16;
        t[i] = match b {
            0xA1 => 0x2018,
            0xA2 => 0x2019,
            0xA4 => 0x20AC,
            0xA5 => 0x20AF,
            0xAA => 0x037A,
            0xAE | 0xD2 | 0xFF => 0,
            0xAF => 0x2015,
            0xB4..=0xB6 | 0xB8..=0xBA | 0xBC | 0xBE..=0xFE => 0x0384 + (b - 0xB4),
            _ => b,
        };
        i += 1;
    }
    t
};

fn single_shift(state: &State, c: u8) -> Option<u32> {
    match state[2] {
        b'A' if c < 0x80 => Some(u32::from(c) + 0x80),
        b'F' if (0x20..0x80).contains(&c) => Some(u32::from(GREEK[usize::from(c - 0x20)])).filter(|c| *c != 0),
        ASCII if c < 0x80 => Some(u32::from(c)),
        _ => None,
    }
}

pub fn decode(config: &Config, state: &mut State, input: &[u8], pos: &mut usize, out: &mut Vec<u32>) -> Stop {
    while let Some(&c) = input.get(*pos) {
        if state[FLAGS] & PASSING != 0 {
            out.push(u32::from(c));
            *pos += 1;
            if is_final(c) {
                state[FLAGS] &= !PASSING;
            }
            continue;
        }
        match c {
            ESC => {
                let Some(&next) = input.get(*pos + 1) else { return Stop::TooFew };
                if matches!(next, b'(' | b')' | b'$' | b'.' | b'&') {
                    match escape(config, state, &input[*pos..]) {
                        Ok(n) => *pos += n,
                        Err(stop) => return stop,
                    }
                } else if config.single_shifts && next == b'N' {
                    let Some(&c) = input.get(*pos + 2) else { return Stop::TooFew };
                    let Some(c) = single_shift(state, c) else { return Stop::Wrong(3) };
                    out.push(c);
                    *pos += 3;
                } else {
                    out.push(u32::from(ESC));
                    state[FLAGS] |= PASSING;
                    *pos += 1;
                }
                continue;
            }
            SI | SO if !config.no_shift => {
                if c == SO {
                    state[FLAGS] |= SHIFTED
                } else {
                    state[FLAGS] &= !SHIFTED
                }
                *pos += 1;
                continue;
            }
            b'\n' => {
                state[FLAGS] &= !SHIFTED;
                out.push(10);
                *pos += 1;
                continue;
            }
            0x80.. => return Stop::Wrong(1),
            _ => {}
        }
        let mark = if state[FLAGS] & SHIFTED != 0 { state[1] } else { state[0] };
        let found = config.sets.iter().find(|d| d.mark == mark);
        match found {
            Some(d) if c >= 0x20 => {
                let n = d.width();
                let Some(code) = input.get(*pos..*pos + n) else { return Stop::TooFew };
                match d.set.decode(code) {
                    Found::Char(c) => out.push(c),
                    Found::Two(a, b) => out.extend([a, b]),
                    _ => return Stop::Wrong(n),
                }
                *pos += n;
            }
            // A state from outside may name a set that is none of this codec's.
            None if c >= 0x20 && mark != ASCII => return Stop::Wrong(1),
            _ => {
                out.push(u32::from(c));
                *pos += 1;
            }
        }
    }
    Stop::End
}

pub fn decode_reset(state: &mut State) {
    state[0] = ASCII;
    state[FLAGS] &= !SHIFTED;
}

pub fn encode(
    config: &Config,
    state: &mut State,
    input: &[u32],
    pos: &mut usize,
    out: &mut Vec<u8>,
    flush: bool,
) -> Stop {
    while let Some(&c) = input.get(*pos) {
        if c < 0x80 {
            encode_reset(state, out);
            out.push(c as u8);
            *pos += 1;
            continue;
        }
        let next = input.get(*pos + 1).copied();
        let mut found = None;
        for d in config.sets {
            if let Set::JisX0213Plane1(t) = d.set
                && next.is_none()
                && !flush
                && named(t).begins_pair(c)
            {
                return Stop::TooFew;
            }
            // A pair is one code even where its first character has a code in a set before.
            let joins = matches!(d.set, Set::JisX0208)
                && config.sets.iter().any(|d| match d.set {
                    Set::JisX0213Plane1(t) => {
                        next.map_or(!flush && named(t).begins_pair(c), |n| named(t).pair(c, n) != 0)
                    }
                    _ => false,
                });
            if joins {
                continue;
            }
            if let Some((code, n)) = d.set.encode(c, next) {
                found = Some((d, code, n));
                break;
            }
        }
        let Some((d, code, n)) = found else { return Stop::Wrong(1) };
        if d.place == 0 {
            if state[FLAGS] & SHIFTED != 0 {
                out.push(SI);
                state[FLAGS] &= !SHIFTED;
            }
            if state[0] != d.mark {
                let end = d.mark & !WIDE;
                match d.set {
                    _ if d.width() == 1 => out.extend([ESC, b'(', end]),
                    Set::JisX0208 => out.extend([ESC, b'$', end]),
                    _ => out.extend([ESC, b'$', b'(', end]),
                }
                state[0] = d.mark;
            }
        } else {
            if state[1] != d.mark {
                let end = d.mark & !WIDE;
                if d.width() == 1 {
                    out.extend([ESC, b')', end])
                } else {
                    out.extend([ESC, b'$', b')', end])
                }
                state[1] = d.mark;
            }
            if state[FLAGS] & SHIFTED == 0 {
                out.push(SO);
                state[FLAGS] |= SHIFTED;
            }
        }
        if d.width() == 2 {
            out.push((code >> 8) as u8);
        }
        out.push(code as u8);
        *pos += n;
    }
    Stop::End
}

/// Back to ASCII.
pub fn encode_reset(state: &mut State, out: &mut Vec<u8>) {
    if state[FLAGS] & SHIFTED != 0 {
        out.push(SI);
        state[FLAGS] &= !SHIFTED;
    }
    if state[0] != ASCII {
        out.extend([ESC, b'(', ASCII]);
        state[0] = ASCII;
    }
}
