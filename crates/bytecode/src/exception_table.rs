//! The exception table: ranges of code units with the handler that they lead to, as 6-bit varints.

/// One range with its handler; offsets in code units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct Entry {
    pub start: u32,
    pub end: u32,
    pub target: u32,
    /// Stack depth to unwind to.
    pub depth: u32,
    /// Whether the offset of the raising instruction is pushed too.
    pub lasti: bool,
}

fn write_varint(out: &mut Vec<u8>, value: u32, first: u8) {
    let mut mark = first;
    for shift in [24, 18, 12, 6] {
        if value >= 1 << shift {
            out.push((value >> shift & 0x3F) as u8 | 0x40 | mark);
            mark = 0;
        }
    }
    out.push((value & 0x3F) as u8 | mark);
}

/// Appends an entry.
pub fn write(out: &mut Vec<u8>, entry: &Entry) {
    write_varint(out, entry.start, 0x80);
    write_varint(out, entry.end - entry.start, 0);
    write_varint(out, entry.target, 0);
    write_varint(out, entry.depth << 1 | entry.lasti as u32, 0);
}

/// Reads the entries of a table; stops at the first that is cut off.
pub fn read(table: &[u8]) -> Entries<'_> {
    Entries { rest: table }
}

/// Iterates over a table.
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl Entries<'_> {
    fn varint(&mut self) -> Option<u32> {
        let mut value = 0u32;
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value = value.wrapping_shl(6) | (byte & 0x3F) as u32;
            if byte & 0x40 == 0 {
                return Some(value);
            }
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    #[inline]
    fn next(&mut self) -> Option<Entry> {
        // In most entries each number is one byte.
        if let &[a, b, c, d, ref rest @ ..] = self.rest
            && (a | b | c | d) & 0x40 == 0
        {
            self.rest = rest;
            let [a, b, c, d] = [a, b, c, d].map(|x| u32::from(x & 0x3F));
            return Some(Entry { start: a, end: a + b, target: c, depth: d >> 1, lasti: d & 1 != 0 });
        }
        let start = self.varint()?;
        let length = self.varint()?;
        let target = self.varint()?;
        let depth = self.varint()?;
        Some(Entry { start, end: start.wrapping_add(length), target, depth: depth >> 1, lasti: depth & 1 != 0 })
    }
}

/// The innermost handler of the instruction at `offset` (in code units); entries are in order of their start.
pub fn find(table: &[u8], offset: u32) -> Option<Entry> {
    let mut rest = table;
    // Entries do not overlap, so halving at entry boundaries (the high bit) narrows the search down.
    while rest.len() > 40 {
        let mut middle = rest.len() / 2;
        while middle > 0 && rest[middle] & 0x80 == 0 {
            middle -= 1;
        }
        if middle == 0 {
            break;
        }
        let start = Entries { rest: &rest[middle..] }.varint()?;
        if start <= offset {
            rest = &rest[middle..];
        } else {
            rest = &rest[..middle];
        }
    }
    read(rest).take_while(|e| e.start <= offset).find(|e| offset < e.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_search() {
        let entries: Vec<Entry> = (0..100)
            .map(|i| Entry { start: i * 50, end: i * 50 + 20, target: 1 << (i % 25), depth: i % 9, lasti: i % 2 == 1 })
            .collect();
        let mut table = Vec::new();
        entries.iter().for_each(|e| write(&mut table, e));
        assert_eq!(read(&table).collect::<Vec<_>>(), entries);
        for e in &entries {
            assert_eq!(find(&table, e.start), Some(*e));
            assert_eq!(find(&table, e.end - 1), Some(*e));
            assert_eq!(find(&table, e.end), None);
        }
    }
}
