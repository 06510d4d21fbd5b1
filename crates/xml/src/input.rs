//! Encodings: bytes in pieces to UTF-8. Bytes that are no character become a mark at which the tokens end.

use crate::chars::{BAD, CUT, HALF};

/// An encoding of the input.
#[derive(Clone, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Latin1,
    Ascii,
    /// By a table; -1 is no character.
    Table(Box<[i32; 256]>),
}

impl Encoding {
    /// A known encoding. `UTF-16` without a mark is big-endian.
    pub fn find(name: &str) -> Option<Encoding> {
        let table = [
            ("ISO-8859-1", Encoding::Latin1),
            ("US-ASCII", Encoding::Ascii),
            ("UTF-8", Encoding::Utf8),
            ("UTF-16", Encoding::Utf16Be),
            ("UTF-16BE", Encoding::Utf16Be),
            ("UTF-16LE", Encoding::Utf16Le),
        ];
        table.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, e)| e)
    }

    /// Whether characters take two bytes or four.
    pub fn is_wide(&self) -> bool {
        matches!(self, Encoding::Utf16Le | Encoding::Utf16Be)
    }

    /// How many bytes of the input some text of ours was.
    pub fn width(&self, text: &[u8]) -> usize {
        match self {
            Encoding::Utf8 => text.len(),
            Encoding::Utf16Le | Encoding::Utf16Be => text
                .iter()
                .map(|&b| {
                    if b & 0xC0 == 0x80 {
                        0
                    } else if b >= 0xF0 {
                        4
                    } else {
                        2
                    }
                })
                .sum(),
            _ => text.iter().filter(|&&b| b & 0xC0 != 0x80).count(),
        }
    }

    /// Decodes what is complete of `raw` to the end of `out`, and takes it away. True when bad input was met: nothing after it counts.
    pub fn decode(&self, raw: &mut Vec<u8>, last: bool, out: &mut Vec<u8>) -> bool {
        let mut push = |c: Option<char>| match c {
            Some(c) => {
                let mut buf = [0; 4];
                out.extend_from_slice(c.encode_utf8(&mut buf).as_bytes());
                false
            }
            None => {
                out.push(BAD);
                true
            }
        };
        match self {
            Encoding::Utf8 => {
                let (good, bad) = match std::str::from_utf8(raw) {
                    Ok(_) => (raw.len(), None),
                    Err(e) => (e.valid_up_to(), Some(e.error_len().is_some())),
                };
                out.extend_from_slice(&raw[..good]);
                raw.drain(..good);
                match bad {
                    Some(true) => out.push(BAD),
                    Some(false) if last => out.push(CUT),
                    _ => return false,
                }
                true
            }
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let unit = |p: &[u8]| match self {
                    Encoding::Utf16Le => u32::from(u16::from_le_bytes([p[0], p[1]])),
                    _ => u32::from(u16::from_be_bytes([p[0], p[1]])),
                };
                let mut i = 0;
                let mut bad = false;
                while !bad && let Some(p) = raw.get(i..i + 2) {
                    let u = unit(p);
                    match u {
                        0xD800..0xDC00 => {
                            let Some(q) = raw.get(i + 2..i + 4) else { break };
                            let v = unit(q);
                            let c =
                                (0xDC00..0xE000).contains(&v).then(|| 0x10000 + ((u - 0xD800) << 10) + (v - 0xDC00));
                            bad = push(c.and_then(char::from_u32));
                            i += 4;
                        }
                        _ => {
                            bad = push(char::from_u32(u));
                            i += 2;
                        }
                    }
                }
                raw.drain(..i);
                if !bad && last && !raw.is_empty() {
                    out.push(if raw.len() == 1 { HALF } else { CUT });
                    bad = true;
                }
                bad
            }
            Encoding::Latin1 => {
                for b in raw.drain(..) {
                    push(Some(char::from(b)));
                }
                false
            }
            Encoding::Ascii => raw.drain(..).any(|b| push(b.is_ascii().then_some(char::from(b)))),
            Encoding::Table(t) => {
                raw.drain(..).any(|b| push(u32::try_from(t[usize::from(b)]).ok().and_then(char::from_u32)))
            }
        }
    }
}
