//! The proleptic Gregorian calendar: days, weeks, and the ranges of fields.

use taipan_object::{PyResult, bail};

pub const MINYEAR: i32 = 1;
pub const MAXYEAR: i32 = 9999;
pub const MAX_ORDINAL: i64 = 3_652_059;
/// The ordinal of 1970-01-01.
pub const EPOCH: i64 = 719_163;

/// A date and a time of day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Parts {
    pub year: i32,
    pub month: i32,
    pub day: i32,
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
    pub us: i32,
}

impl Parts {
    /// Midnight of a day.
    pub fn day(year: i32, month: i32, day: i32) -> Parts {
        Parts { year, month, day, hour: 0, minute: 0, second: 0, us: 0 }
    }

    /// A time on no day in particular.
    pub fn time(hour: i32, minute: i32, second: i32, us: i32) -> Parts {
        Parts { year: 1900, month: 1, day: 1, hour, minute, second, us }
    }

    /// The day's number, 1 for 0001-01-01.
    pub fn ordinal(&self) -> i64 {
        ordinal(self.year, self.month, self.day)
    }

    /// Seconds since midnight.
    pub fn second_of_day(&self) -> i64 {
        i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }

    /// Microseconds since 0000-12-31.
    pub fn microseconds(&self) -> i128 {
        i128::from((self.ordinal() * 86_400 + self.second_of_day()) * 1_000_000 + i64::from(self.us))
    }

    /// The reverse of `microseconds`.
    pub fn from_microseconds(t: i128) -> PyResult<Parts> {
        const DAY: i64 = 86_400_000_000;
        // All dates there are fit 64 bits, in which dividing is fast.
        let t = i64::try_from(t).unwrap_or(-1);
        let days = t.div_euclid(DAY);
        let mut rest = t.rem_euclid(DAY);
        if !(1..=MAX_ORDINAL).contains(&days) {
            bail!(OverflowError, "date value out of range");
        }
        let (year, month, day) = from_ordinal(days);
        let us = (rest % 1_000_000) as i32;
        rest /= 1_000_000;
        Ok(Parts {
            year,
            month,
            day,
            hour: (rest / 3600) as i32,
            minute: (rest / 60 % 60) as i32,
            second: (rest % 60) as i32,
            us,
        })
    }
}

pub fn is_leap(y: i32) -> bool {
    y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)
}

pub fn days_in_month(y: i32, m: i32) -> i32 {
    match m {
        2 => 28 + i32::from(is_leap(y)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

pub fn days_before_month(y: i32, m: i32) -> i32 {
    const BEFORE: [i32; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    BEFORE[m.clamp(0, 12) as usize] + i32::from(m > 2 && is_leap(y))
}

fn days_before_year(y: i32) -> i64 {
    let y = i64::from(y) - 1;
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400)
}

/// The number of a day, 1 for 0001-01-01.
pub fn ordinal(y: i32, m: i32, d: i32) -> i64 {
    days_before_year(y) + i64::from(days_before_month(y, m)) + i64::from(d)
}

/// The reverse, by way of years that begin in March.
pub fn from_ordinal(n: i64) -> (i32, i32, i32) {
    // Days since 0000-03-01.
    let z = n - 1 + 306;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year as i32, month as i32, day as i32)
}

/// 0 for Monday.
pub fn weekday(y: i32, m: i32, d: i32) -> i32 {
    (ordinal(y, m, d) + 6).rem_euclid(7) as i32
}

/// The ordinal of the Monday that starts the first ISO week of a year.
pub fn iso_week1_monday(y: i32) -> i64 {
    let first = ordinal(y, 1, 1);
    let wd = (first + 6).rem_euclid(7);
    let monday = first - wd;
    if wd > 3 { monday + 7 } else { monday }
}

/// ISO year, week and weekday of a date.
pub fn iso_calendar(y: i32, m: i32, d: i32) -> (i32, i32, i32) {
    let today = ordinal(y, m, d);
    let mut year = y;
    let mut start = iso_week1_monday(y);
    if today < start {
        year -= 1;
        start = iso_week1_monday(year);
    } else if today >= iso_week1_monday(y + 1) {
        year += 1;
        start = iso_week1_monday(year);
    }
    let n = today - start;
    (year, (n / 7 + 1) as i32, (n % 7 + 1) as i32)
}

/// What is wrong with an ISO week date.
pub enum IsoError {
    Year,
    Week,
    Day,
}

/// The date of an ISO week date.
pub fn from_iso(year: i32, week: i32, day: i32) -> Result<(i32, i32, i32), IsoError> {
    if !(MINYEAR..=MAXYEAR).contains(&year) {
        return Err(IsoError::Year);
    }
    let weeks = (iso_week1_monday(year + 1) - iso_week1_monday(year)) / 7;
    if week < 1 || i64::from(week) > weeks {
        return Err(IsoError::Week);
    }
    if !(1..=7).contains(&day) {
        return Err(IsoError::Day);
    }
    Ok(from_ordinal(iso_week1_monday(year) + i64::from(week - 1) * 7 + i64::from(day - 1)))
}

/// Raises unless the date exists.
pub fn check_date(y: i32, m: i32, d: i32) -> PyResult<()> {
    if !(MINYEAR..=MAXYEAR).contains(&y) {
        bail!(ValueError, "year must be in {MINYEAR}..{MAXYEAR}, not {y}");
    }
    if !(1..=12).contains(&m) {
        bail!(ValueError, "month must be in 1..12, not {m}");
    }
    let last = days_in_month(y, m);
    if d < 1 || d > last {
        bail!(ValueError, "day {d} must be in range 1..{last} for month {m} in year {y}");
    }
    Ok(())
}

/// Raises unless the time of day exists.
pub fn check_time(h: i32, m: i32, s: i32, us: i32, fold: i32) -> PyResult<()> {
    for (name, v, max) in [("hour", h, 23), ("minute", m, 59), ("second", s, 59), ("microsecond", us, 999_999)] {
        if v < 0 || v > max {
            bail!(ValueError, "{name} must be in 0..{max}, not {v}");
        }
    }
    if fold != 0 && fold != 1 {
        bail!(ValueError, "fold must be either 0 or 1, not {fold}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_and_back() {
        assert_eq!(ordinal(1, 1, 1), 1);
        assert_eq!(ordinal(9999, 12, 31), MAX_ORDINAL);
        assert_eq!(ordinal(1970, 1, 1), EPOCH);
        for n in (1..=MAX_ORDINAL).step_by(13) {
            let (y, m, d) = from_ordinal(n);
            assert_eq!(ordinal(y, m, d), n);
            assert!((1..=12).contains(&m) && d >= 1 && d <= days_in_month(y, m));
        }
    }

    #[test]
    fn weeks_and_back() {
        assert_eq!(iso_calendar(2004, 1, 1), (2004, 1, 4));
        for n in (1..=MAX_ORDINAL).step_by(101) {
            let (y, m, d) = from_ordinal(n);
            let (iy, w, wd) = iso_calendar(y, m, d);
            if (1..=9999).contains(&iy) {
                assert!(matches!(from_iso(iy, w, wd), Ok(x) if x == (y, m, d)));
            }
        }
    }
}
