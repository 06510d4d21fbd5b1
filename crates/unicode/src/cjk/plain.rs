//! Codecs without states: a table, and what gb18030 and euc_kr compute.

use super::Stop;
use super::table::{Found, Table};

pub fn decode(t: &Table, input: &[u8], pos: &mut usize, out: &mut Vec<u32>) -> Stop {
    while let Some(&a) = input.get(*pos) {
        if a < 0x80
            && let Found::Char(c) = t.one(a)
        {
            out.push(c);
            *pos += 1;
            continue;
        }
        let (found, n) = match t.one(a) {
            Found::More => {
                let Some(&b) = input.get(*pos + 1) else { return Stop::TooFew };
                match t.two(a, b) {
                    Found::More => match more(t, &input[*pos..]) {
                        Some(found) => found,
                        None => return Stop::TooFew,
                    },
                    found => (found, 2),
                }
            }
            found => (found, 1),
        };
        match found {
            Found::Char(c) => out.push(c),
            Found::Two(a, b) => out.extend([a, b]),
            Found::Wrong(n) => return Stop::Wrong(n),
            Found::More => return Stop::TooFew,
        }
        *pos += n;
    }
    Stop::End
}

/// Codes of more than two bytes.
fn more(t: &Table, input: &[u8]) -> Option<(Found, usize)> {
    if t.has_thirds() {
        let [_, b, c, ..] = *input else { return None };
        return Some((t.three(b, c), 3));
    }
    if !t.runs.is_empty() {
        let [a, b, c, d, ..] = *input else { return None };
        return Some((four(t, [a, b, c, d]).map_or(Found::Wrong(1), Found::Char), 4));
    }
    let code: &[u8; 8] = input.first_chunk()?;
    Some((syllable(code).map_or(Found::Wrong(1), Found::Char), 8))
}

fn four(t: &Table, [a, b, c, d]: [u8; 4]) -> Option<u32> {
    let inside = matches!(a, 0x81..=0xFE) && matches!(c, 0x81..=0xFE) && d.is_ascii_digit();
    if !inside {
        return None;
    }
    let n = |lead: u8| {
        ((u32::from(a - lead) * 10 + u32::from(b - 0x30)) * 126 + u32::from(c - 0x81)) * 10 + u32::from(d - 0x30)
    };
    match a - 0x81 {
        0..4 => {
            let n = n(0x81);
            let run = t.runs.iter().find(|r| (r.0..r.0 + r.2).contains(&n))?;
            Some(run.1 + (n - run.0))
        }
        15.. => Some(0x10000 + n(0x81 + 15)).filter(|c| *c <= 0x10FFFF),
        _ => None,
    }
}

/// The letters a syllable begins and ends with, as bytes after 0xA4.
const INITIALS: [u8; 19] =
    [0xA1, 0xA2, 0xA4, 0xA7, 0xA8, 0xA9, 0xB1, 0xB2, 0xB3, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE];
const FILLER: u8 = 0xD4;
const FINALS: [u8; 28] = [
    FILLER, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0xB0, 0xB1, 0xB2, 0xB4,
    0xB5, 0xB6, 0xB7, 0xB8, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE,
];
const FIRST_VOWEL: u8 = 0xBF;

/// A Korean syllable spelled by its letters: filler, initial, vowel, final, each after 0xA4.
fn syllable(code: &[u8; 8]) -> Option<u32> {
    if code[2] != 0xA4 || code[4] != 0xA4 || code[6] != 0xA4 {
        return None;
    }
    let initial = INITIALS.iter().position(|b| *b == code[3])? as u32;
    let vowel = code[5].checked_sub(FIRST_VOWEL).filter(|v| *v < 21)?;
    let last = FINALS.iter().position(|b| *b == code[7])? as u32;
    Some(0xAC00 + initial * 588 + u32::from(vowel) * 28 + last)
}

pub fn put(code: u32, out: &mut Vec<u8>) {
    let bytes = code.to_be_bytes();
    let n = (code >> 24) as usize;
    out.extend_from_slice(&bytes[4 - n.min(3)..]);
}

pub fn encode(t: &Table, input: &[u32], pos: &mut usize, out: &mut Vec<u8>, flush: bool) -> Stop {
    while let Some(&c) = input.get(*pos) {
        let mut code = t.code(c);
        let mut n = 1;
        if t.begins_pair(c) {
            match input.get(*pos + 1) {
                Some(&next) => {
                    let pair = t.pair(c, next);
                    if pair != 0 {
                        code = pair;
                        n = 2;
                    }
                }
                None if !flush => return Stop::TooFew,
                None => {}
            }
        }
        if code != 0 || c == 0 {
            if c == 0 { out.push(0) } else { put(code, out) }
        } else if !spell(t, c, out) {
            return Stop::Wrong(1);
        }
        *pos += n;
    }
    Stop::End
}

/// Codes that are not in the table.
fn spell(t: &Table, c: u32, out: &mut Vec<u8>) -> bool {
    if !t.runs.is_empty() {
        let (n, lead) = if c >= 0x10000 {
            (c - 0x10000, 0x90)
        } else {
            match t.runs.iter().find(|r| (r.1..r.1 + r.2).contains(&c)) {
                Some(r) => (r.0 + (c - r.1), 0x81),
                None => return false,
            }
        };
        let digit = |n: u32| b'0' + (n % 10) as u8;
        let (d, n) = (digit(n), n / 10);
        let (third, n) = (0x81 + (n % 126) as u8, n / 126);
        let (b, n) = (digit(n), n / 10);
        out.extend([lead + n as u8, b, third, d]);
        return true;
    }
    if t.name == "euc_kr" && (0xAC00..0xD7A4).contains(&c) {
        let n = c - 0xAC00;
        let initial = INITIALS[(n / 588) as usize % 19];
        let vowel = FIRST_VOWEL + (n / 28 % 21) as u8;
        let last = FINALS[(n % 28) as usize];
        out.extend([0xA4, FILLER, 0xA4, initial, 0xA4, vowel, 0xA4, last]);
        return true;
    }
    false
}
