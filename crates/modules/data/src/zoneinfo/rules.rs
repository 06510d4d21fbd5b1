//! Rules for the time after the last known transition: POSIX TZ strings; plain data.

use crate::datetime::calendar::{EPOCH, days_in_month, is_leap, ordinal, weekday};

/// A day of every year at which clocks change, and the time of day in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// A day of the year; leap days count.
    Day(i64, i64),
    /// A day of the year; leap days do not count.
    Julian(i64, i64),
    /// Weekday `d` (0 is Sunday) of week `w` (5 is the last) of month `m`.
    Weekday { m: i32, w: i32, d: i32, time: i64 },
}

impl Change {
    /// Seconds since 1970 in local time.
    pub fn in_year(&self, year: i32) -> i64 {
        let first = ordinal(year, 1, 1) - EPOCH;
        match *self {
            // The reference counts these days from 1 as well.
            Change::Day(d, time) => (first + d - 1) * 86_400 + time,
            Change::Julian(d, time) => {
                let leap = i64::from(d >= 59 && is_leap(year));
                (first + d - 1 + leap) * 86_400 + time
            }
            Change::Weekday { m, w, d, time } => {
                // The first such weekday of the month; here Monday is 0.
                let sunday_based = (weekday(year, m, 1) + 1) % 7;
                let mut day = (d - sunday_based).rem_euclid(7) + 1 + (w - 1) * 7;
                if day > days_in_month(year, m) {
                    day -= 7;
                }
                (ordinal(year, m, day) - EPOCH) * 86_400 + time
            }
        }
    }
}

/// A rule: standard time, and perhaps summer time with the changes to it and from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub std: (String, i64),
    pub dst: Option<(String, i64, Change, Change)>,
}

struct Reader<'a> {
    s: &'a [u8],
}

impl<'a> Reader<'a> {
    fn eat(&mut self, c: u8) -> bool {
        match self.s.split_first() {
            Some((x, rest)) if *x == c => {
                self.s = rest;
                true
            }
            _ => false,
        }
    }

    fn while_(&mut self, f: impl Fn(u8) -> bool) -> &'a [u8] {
        let n = self.s.iter().position(|c| !f(*c)).unwrap_or(self.s.len());
        let (a, b) = self.s.split_at(n);
        self.s = b;
        a
    }

    fn name(&mut self) -> Option<String> {
        let quoted = self.eat(b'<');
        let n = if quoted {
            self.while_(|c| c.is_ascii_alphanumeric() || c == b'+' || c == b'-')
        } else {
            self.while_(|c| c.is_ascii_alphabetic())
        };
        if n.is_empty() || quoted && !self.eat(b'>') {
            return None;
        }
        String::from_utf8(n.to_vec()).ok()
    }

    fn number(&mut self, min: usize, max: usize) -> Option<i64> {
        let n = self.s.iter().take(max).take_while(|c| c.is_ascii_digit()).count();
        if n < min {
            return None;
        }
        let (a, b) = self.s.split_at(n);
        self.s = b;
        Some(a.iter().fold(0, |v, c| v * 10 + i64::from(c - b'0')))
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fn time(&mut self, max_hours: i64) -> Option<i64> {
        let neg = self.eat(b'-');
        if !neg {
            self.eat(b'+');
        }
        let h = self.number(1, 3)?;
        if h > max_hours {
            return None;
        }
        let mut t = h * 3600;
        if self.eat(b':') {
            let m = self.number(2, 2)?;
            t += m * 60;
            if self.eat(b':') {
                t += self.number(2, 2)?;
            }
        }
        Some(if neg { -t } else { t })
    }

    fn change(&mut self) -> Option<Change> {
        let mut c = if self.eat(b'M') {
            let m = self.number(1, 2)?;
            if !self.eat(b'.') {
                return None;
            }
            let w = self.number(1, 1)?;
            if !self.eat(b'.') {
                return None;
            }
            let d = self.number(1, 1)?;
            if !(1..=12).contains(&m) || !(1..=5).contains(&w) || !(0..=6).contains(&d) {
                return None;
            }
            Change::Weekday { m: m as i32, w: w as i32, d: d as i32, time: 7200 }
        } else {
            let julian = self.eat(b'J');
            let d = self.number(1, 3)?;
            if d > 365 || julian && d < 1 {
                return None;
            }
            if julian { Change::Julian(d, 7200) } else { Change::Day(d, 7200) }
        };
        if self.eat(b'/') {
            let t = self.time(167)?;
            match &mut c {
                Change::Day(_, x) | Change::Julian(_, x) | Change::Weekday { time: x, .. } => *x = t,
            }
        }
        Some(c)
    }
}

/// Reads `std offset [dst [offset] , start [/time] , end [/time]]`.
pub fn parse(s: &[u8]) -> Option<Rule> {
    let mut r = Reader { s };
    let name = r.name()?;
    let off = -r.time(24)?;
    let std = (name, off);
    if r.s.is_empty() {
        return Some(Rule { std, dst: None });
    }
    let name = r.name()?;
    let dst_off = if r.s.first() == Some(&b',') { off + 3600 } else { -r.time(24)? };
    if !r.eat(b',') {
        return None;
    }
    let start = r.change()?;
    if !r.eat(b',') {
        return None;
    }
    let end = r.change()?;
    if !r.s.is_empty() {
        return None;
    }
    Some(Rule { std, dst: Some((name, dst_off, start, end)) })
}

/// Whether summer time lasts from `start` to `end` at `t`; the year may begin in it.
pub fn within(start: i64, end: i64, t: i64) -> bool {
    if start < end { start <= t && t < end } else { !(end <= t && t < start) }
}

/// The differences that summer time makes, guessed from offsets and flags of the kinds of time in a file.
pub fn summer_offsets(index: &[usize], utcoff: &[i64], isdst: &[bool]) -> Vec<i64> {
    let n = isdst.len();
    let mut out = vec![0; n];
    let wanted = isdst.iter().filter(|d| **d).count();
    let mut found = 0;
    for i in 1..index.len() {
        if found == wanted {
            return out;
        }
        let k = index[i];
        if !isdst[k] || out[k] != 0 {
            continue;
        }
        let before = index[i - 1];
        let mut diff = if isdst[before] { 0 } else { utcoff[k] - utcoff[before] };
        if diff == 0 && k + 1 < n && i + 1 < index.len() {
            let after = index[i + 1];
            if isdst[after] {
                continue;
            }
            diff = utcoff[k] - utcoff[after];
        }
        if diff != 0 {
            found += 1;
            out[k] = diff;
        }
    }
    if found == wanted {
        return out;
    }
    // An hour is a better guess than nothing.
    for (o, summer) in out.iter_mut().zip(isdst) {
        if *summer && *o == 0 {
            *o = 3600;
        }
    }
    out
}

/// The transitions on local clocks: those before a fold and those after it.
pub fn local_transitions(index: &[usize], utc: &[i64], utcoff: &[i64]) -> [Vec<i64>; 2] {
    let mut out = [utc.to_vec(), utc.to_vec()];
    for i in 0..utc.len() {
        let now = utcoff[index[i]];
        let before = if i == 0 { utcoff.first().copied().unwrap_or(0) } else { utcoff[index[i - 1]] };
        out[0][i] += before.max(now);
        out[1][i] += before.min(now);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let r = parse(b"EST5EDT,M3.2.0,M11.1.0").map(|r| (r.std, r.dst.map(|d| (d.0, d.1))));
        assert_eq!(r, Some((("EST".into(), -18000), Some(("EDT".into(), -14400)))));
        assert!(parse(b"<+03>-3").is_some());
        for bad in [&b"PST8PDT"[..], b"+11", b"GMT0,M3.2.0/2,M11.1.0/3", b"AAA4BBB,M1.443.3/2,M1.1.2", b"EST"] {
            assert_eq!(parse(bad), None);
        }
    }

    #[test]
    fn changes() {
        let c = Change::Weekday { m: 3, w: 2, d: 0, time: 7200 };
        // 2020-03-08 02:00
        assert_eq!(c.in_year(2020), 1_583_632_800);
    }
}
