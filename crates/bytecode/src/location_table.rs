//! The location table (`co_linetable`): for runs of code units, line and column ranges.
//!
//! An entry starts with a byte that has its high bit set: kind in bits 3 to 6, length in units less one in bits 0 to 2.

/// A range of source; -1 where a part is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs)]
pub struct Location {
    pub line: i32,
    pub end_line: i32,
    pub column: i32,
    pub end_column: i32,
}

impl Location {
    /// No location at all.
    pub const NONE: Location = Location { line: -1, end_line: -1, column: -1, end_column: -1 };

    /// A location from its four numbers, in the reference's order.
    #[inline]
    pub const fn new(line: i32, end_line: i32, column: i32, end_column: i32) -> Location {
        Location { line, end_line, column, end_column }
    }
}

const ONE_LINE: u8 = 10;
const NO_COLUMNS: u8 = 13;
const LONG: u8 = 14;
const NONE: u8 = 15;
const MAX_UNITS: usize = 8;

/// Writes a table.
pub struct Writer {
    out: Vec<u8>,
    line: i32,
}

impl Writer {
    /// A writer for code that starts on this line.
    pub fn new(first_line: i32) -> Writer {
        Writer { out: Vec::new(), line: first_line }
    }

    /// The same, with room for about this many runs.
    pub fn with_capacity(first_line: i32, runs: usize) -> Writer {
        Writer { out: Vec::with_capacity(runs * 3), line: first_line }
    }

    /// Adds a run of code units with one location.
    #[inline]
    pub fn add(&mut self, location: Location, units: usize) {
        let mut left = units;
        while left > 0 {
            let now = left.min(MAX_UNITS);
            self.entry(location, now);
            left -= now;
        }
    }

    /// The table.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn start(&mut self, kind: u8, units: usize) {
        self.out.push(0x80 | kind << 3 | (units - 1) as u8);
    }

    fn varint(&mut self, mut value: u32) {
        while value >= 64 {
            self.out.push(0x40 | (value & 0x3F) as u8);
            value >>= 6;
        }
        self.out.push(value as u8);
    }

    fn signed_varint(&mut self, value: i32) {
        self.varint(if value < 0 { value.unsigned_abs() << 1 | 1 } else { (value as u32) << 1 });
    }

    fn entry(&mut self, at: Location, units: usize) {
        if at.line == -1 {
            self.start(NONE, units);
            return;
        }
        let delta = at.line.wrapping_sub(self.line);
        let (column, end_column) = (at.column, at.end_column);
        if column < 0 || end_column < 0 {
            if at.end_line == at.line || at.end_line < 0 {
                self.start(NO_COLUMNS, units);
                self.signed_varint(delta);
                self.line = at.line;
                return;
            }
        } else if at.end_line == at.line {
            if delta == 0 && column < 80 && end_column >= column && end_column - column < 16 {
                self.start((column >> 3) as u8, units);
                self.out.push(((column & 7) << 4 | (end_column - column)) as u8);
                return;
            }
            if (0..3).contains(&delta) && column < 128 && end_column < 128 {
                self.start(ONE_LINE + delta as u8, units);
                self.out.extend_from_slice(&[column as u8, end_column as u8]);
                self.line = at.line;
                return;
            }
        }
        self.start(LONG, units);
        self.signed_varint(delta);
        self.varint(at.end_line.wrapping_sub(at.line) as u32);
        self.varint(column.wrapping_add(1) as u32);
        self.varint(end_column.wrapping_add(1) as u32);
        self.line = at.line;
    }
}

/// A run of code units with one location.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// First unit.
    pub start: usize,
    /// Unit after the last.
    pub end: usize,
    /// Where it comes from.
    pub location: Location,
}

/// Iterates over the entries of a table; stops at one that is cut off.
pub fn read(table: &[u8], first_line: i32) -> Runs<'_> {
    Runs { rest: table, line: first_line, unit: 0 }
}

/// The entries of a table.
#[derive(Clone)]
pub struct Runs<'a> {
    rest: &'a [u8],
    line: i32,
    unit: usize,
}

impl Runs<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u32> {
        let (mut value, mut shift) = (0u32, 0);
        loop {
            let byte = self.byte()?;
            if shift < 32 {
                value |= ((byte & 0x3F) as u32) << shift;
            }
            shift += 6;
            if byte & 0x40 == 0 {
                return Some(value);
            }
        }
    }

    fn signed_varint(&mut self) -> Option<i32> {
        let value = self.varint()?;
        let magnitude = (value >> 1) as i32;
        Some(if value & 1 != 0 { magnitude.wrapping_neg() } else { magnitude })
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let first = self.byte()?;
        let units = (first & 7) as usize + 1;
        let location = match first >> 3 & 15 {
            NONE => Location::NONE,
            LONG => {
                self.line = self.line.wrapping_add(self.signed_varint()?);
                let end_line = self.line.wrapping_add(self.varint()? as i32);
                let column = (self.varint()? as i32).wrapping_sub(1);
                let end_column = (self.varint()? as i32).wrapping_sub(1);
                Location { line: self.line, end_line, column, end_column }
            }
            NO_COLUMNS => {
                self.line = self.line.wrapping_add(self.signed_varint()?);
                Location { line: self.line, end_line: self.line, column: -1, end_column: -1 }
            }
            kind @ ONE_LINE..NO_COLUMNS => {
                self.line = self.line.wrapping_add((kind - ONE_LINE) as i32);
                let column = self.byte()? as i32;
                let end_column = self.byte()? as i32;
                Location { line: self.line, end_line: self.line, column, end_column }
            }
            kind => {
                let second = self.byte()?;
                let column = (kind as i32) << 3 | (second >> 4 & 7) as i32;
                let end_column = column + (second & 15) as i32;
                Location { line: self.line, end_line: self.line, column, end_column }
            }
        };
        let start = self.unit;
        self.unit += units;
        Some(Run { start, end: self.unit, location })
    }
}

/// `co_positions()`: one location per code unit.
pub fn positions(table: &[u8], first_line: i32) -> impl Iterator<Item = Location> + '_ {
    read(table, first_line).flat_map(|run| std::iter::repeat_n(run.location, run.end - run.start))
}

/// `co_lines()`: runs of units (start, end, line) with adjacent runs of one line joined; no line is `None`.
pub fn lines(table: &[u8], first_line: i32) -> impl Iterator<Item = (usize, usize, Option<i32>)> + '_ {
    let mut runs = read(table, first_line).peekable();
    std::iter::from_fn(move || {
        let first = runs.next()?;
        let line = first.location.line;
        let mut end = first.end;
        while let Some(next) = runs.next_if(|r| r.location.line == line) {
            end = next.end;
        }
        Some((first.start, end, (line != -1).then_some(line)))
    })
}

/// The line of the code unit at `offset`.
pub fn line_at(table: &[u8], first_line: i32, offset: usize) -> Option<i32> {
    let run = read(table, first_line).find(|run| offset < run.end)?;
    (run.location.line != -1).then_some(run.location.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_round_trips() {
        let places = [
            (Location::new(1, 1, 4, 9), 3),
            (Location::NONE, 2),
            (Location::new(2, 2, 100, 120), 1),
            (Location::new(3, 7, 0, 2), 20),
            (Location::new(1, 1, -1, -1), 1),
            (Location::new(400, 400, 300, 301), 8),
            (Location::new(400, 400, 79, 94), 1),
        ];
        let mut writer = Writer::new(1);
        places.iter().for_each(|&(at, units)| writer.add(at, units));
        let table = writer.finish();
        let expected: Vec<_> = places.iter().flat_map(|&(at, units)| std::iter::repeat_n(at, units)).collect();
        assert_eq!(positions(&table, 1).collect::<Vec<_>>(), expected);
        assert_eq!(line_at(&table, 1, 4), None);
        assert_eq!(line_at(&table, 1, 7), Some(3));
        assert_eq!(lines(&table, 1).next(), Some((0, 3, Some(1))));
    }
}
