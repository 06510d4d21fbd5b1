//! Reading formats.

/// Values of one kind that follow each other.
#[derive(Clone, Copy)]
pub struct Code {
    /// The format character.
    pub kind: u8,
    pub big_endian: bool,
    /// Where the first value lies.
    pub offset: usize,
    /// Bytes of one value.
    pub size: usize,
    /// How many.
    pub count: usize,
}

/// A format that was read.
pub struct Layout {
    pub codes: Vec<Code>,
    /// Bytes in all.
    pub size: usize,
    /// Python values in all.
    pub values: usize,
}

/// Size and alignment of a kind.
fn metrics(kind: u8, native: bool) -> Option<(usize, usize)> {
    let size = match kind {
        b'x' | b'c' | b's' | b'p' | b'b' | b'B' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' => return Some(if native { (8, 8) } else { (4, 1) }),
        b'q' | b'Q' | b'd' => 8,
        b'n' | b'N' | b'P' if native => 8,
        b'F' => return Some((8, if native { 4 } else { 1 })),
        b'D' => return Some((16, if native { 8 } else { 1 })),
        _ => return None,
    };
    Some((size, if native { size } else { 1 }))
}

const TOO_LONG: &str = "total struct size too long";

/// Reads a format; the error is the text of `struct.error`.
pub fn parse(format: &[u8]) -> Result<Layout, &'static str> {
    let (native, big_endian, rest) = match format.first() {
        Some(b'<') => (false, false, &format[1..]),
        Some(b'>' | b'!') => (false, true, &format[1..]),
        Some(b'=') => (false, cfg!(target_endian = "big"), &format[1..]),
        Some(b'@') => (true, cfg!(target_endian = "big"), &format[1..]),
        _ => (true, cfg!(target_endian = "big"), format),
    };
    let mut layout = Layout { codes: Vec::new(), size: 0, values: 0 };
    let mut chars = rest.iter().copied().peekable();
    const LIMIT: usize = isize::MAX as usize;
    while let Some(c) = chars.next() {
        if c.is_ascii_whitespace() || c == 0x0b {
            continue;
        }
        let mut kind = c;
        let mut number = 1;
        if c.is_ascii_digit() {
            number = usize::from(c - b'0');
            loop {
                match chars.next() {
                    None => return Err("repeat count given without format specifier"),
                    Some(d) if d.is_ascii_digit() => {
                        let next = number.checked_mul(10).and_then(|n| n.checked_add(usize::from(d - b'0')));
                        number = next.filter(|n| *n <= LIMIT).ok_or(TOO_LONG)?;
                    }
                    Some(k) => {
                        kind = k;
                        break;
                    }
                }
            }
        }
        let (item, align) = metrics(kind, native).ok_or("bad char in struct format")?;
        let offset = layout.size.checked_next_multiple_of(align).filter(|n| *n <= LIMIT).ok_or(TOO_LONG)?;
        let bytes = number.checked_mul(item).ok_or(TOO_LONG)?;
        layout.size = offset.checked_add(bytes).filter(|n| *n <= LIMIT).ok_or(TOO_LONG)?;
        let (size, count) = match kind {
            b'x' => continue,
            b's' | b'p' => (number, 1),
            _ => (item, number),
        };
        layout.values = layout.values.checked_add(count).ok_or(TOO_LONG)?;
        if count > 0 {
            layout.codes.push(Code { kind, big_endian, offset, size, count });
        }
    }
    Ok(layout)
}
