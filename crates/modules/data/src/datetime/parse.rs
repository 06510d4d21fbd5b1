//! Reading ISO 8601 text; plain data.

use super::calendar::{days_in_month, from_iso};

/// The text is not in the format.
pub struct Invalid;

type Parsed<T> = Result<T, Invalid>;

fn number(s: &[u8]) -> Parsed<i32> {
    if s.is_empty() || !s.iter().all(u8::is_ascii_digit) {
        return Err(Invalid);
    }
    Ok(s.iter().fold(0, |n, c| n * 10 + i32::from(c - b'0')))
}

fn digits(s: &[u8], at: usize, n: usize) -> Parsed<i32> {
    number(s.get(at..at + n).ok_or(Invalid)?)
}

/// `YYYY-MM-DD`, `YYYYMMDD`, `YYYY-Www`, `YYYYWww`, `YYYY-Www-D`, `YYYYWwwD`.
pub fn date(s: &[u8]) -> Parsed<(i32, i32, i32)> {
    let year = digits(s, 0, 4)?;
    let dashed = s.get(4) == Some(&b'-');
    let mut at = 4 + usize::from(dashed);
    if s.get(at) == Some(&b'W') {
        let week = digits(s, at + 1, 2)?;
        at += 3;
        let mut day = 1;
        if s.len() > at {
            if (s[at] == b'-') != dashed {
                return Err(Invalid);
            }
            at += usize::from(dashed);
            if s.len() != at + 1 {
                return Err(Invalid);
            }
            day = digits(s, at, 1)?;
        }
        return from_iso(year, week, day).map_err(|_| Invalid);
    }
    let month = digits(s, at, 2)?;
    at += 2;
    if (s.get(at) == Some(&b'-')) != dashed {
        return Err(Invalid);
    }
    at += usize::from(dashed);
    let day = digits(s, at, 2)?;
    if s.len() != at + 2 {
        return Err(Invalid);
    }
    Ok((year, month, day))
}

/// Hours, minutes, seconds and microseconds: `HH[:MM[:SS[.f+]]]`, with or without the colons.
fn clock(s: &[u8]) -> Parsed<[i32; 4]> {
    let mut out = [0; 4];
    let mut at = 0;
    let mut colons = false;
    for (i, field) in out.iter_mut().take(3).enumerate() {
        *field = digits(s, at, 2)?;
        at += 2;
        let next = s.get(at);
        if i == 0 {
            colons = next == Some(&b':');
        }
        match next {
            None => return Ok(out),
            Some(b'.' | b',') => break,
            Some(b':') if colons && i < 2 => at += 1,
            Some(_) if colons || i == 2 => return Err(Invalid),
            Some(_) => {}
        }
    }
    if !matches!(s.get(at), Some(b'.' | b',')) {
        return Err(Invalid);
    }
    // A fraction belongs to seconds.
    if at != if colons { 8 } else { 6 } {
        return Err(Invalid);
    }
    let fraction = &s[at + 1..];
    if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return Err(Invalid);
    }
    let mut us = 0;
    for i in 0..6 {
        us = us * 10 + fraction.get(i).map_or(0, |c| i32::from(c - b'0'));
    }
    out[3] = us;
    Ok(out)
}

/// A time and its offset from UTC in microseconds, if it has one.
pub struct Time {
    pub fields: [i32; 4],
    pub offset: Option<i64>,
}

pub fn time(s: &[u8]) -> Parsed<Time> {
    let zone = s.iter().position(|c| matches!(c, b'+' | b'-' | b'Z'));
    let (clock_part, zone) = match zone {
        None => (s, None),
        Some(i) => (&s[..i], Some((s[i], &s[i + 1..]))),
    };
    let fields = clock(clock_part)?;
    let offset = match zone {
        None => None,
        Some((b'Z', [])) => Some(0),
        Some((b'Z', _)) => return Err(Invalid),
        Some((sign, text)) => {
            let [h, m, s, us] = clock(text)?;
            if m > 59 || s > 59 {
                return Err(Invalid);
            }
            let total = (i64::from(h) * 3600 + i64::from(m) * 60 + i64::from(s)) * 1_000_000 + i64::from(us);
            Some(if sign == b'-' { -total } else { total })
        }
    };
    Ok(Time { fields, offset })
}

/// Where the date ends and the separator stands, in a text of at least 7 characters.
pub fn separator(s: &[u8]) -> Parsed<usize> {
    if s.len() == 7 {
        return Ok(7);
    }
    if s.len() < 7 {
        return Err(Invalid);
    }
    if s[4] == b'-' {
        if s[5] != b'W' {
            return Ok(10);
        }
        if s.get(8) == Some(&b'-') {
            // YYYY-Www-D, or YYYY-Www followed by a dash as the separator and a time.
            return match s.len() {
                9 => Err(Invalid),
                n if n > 10 && s[10].is_ascii_digit() => Ok(8),
                _ => Ok(10),
            };
        }
        return Ok(8);
    }
    if s[4] == b'W' {
        let end = (7..s.len()).find(|i| !s[*i].is_ascii_digit()).unwrap_or(s.len());
        return Ok(if end < 9 {
            end
        } else if end % 2 == 0 {
            7
        } else {
            8
        });
    }
    Ok(8)
}

/// The day after, which a time of 24:00 means.
pub fn next_day((y, m, d): (i32, i32, i32)) -> (i32, i32, i32) {
    if !(1..=12).contains(&m) || d > days_in_month(y, m) {
        return (y, m, d);
    }
    if d < days_in_month(y, m) {
        (y, m, d + 1)
    } else if m < 12 {
        (y, m + 1, 1)
    } else {
        (y + 1, 1, 1)
    }
}
