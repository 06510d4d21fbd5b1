//! Tokens of content: tags, references, character data, sections.

use crate::chars::{self, BAD, CUT, DATA_END, HALF, NAME, SPACE, SPECIAL, START, is};

/// Why there is no token.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// It goes on behind the end.
    Partial,
    /// A character does.
    PartialChar,
    /// This place is wrong.
    Invalid(usize),
}

use Stop::{Invalid, Partial, PartialChar};

/// A token's answer.
pub type Scan<T> = Result<T, Stop>;

/// An attribute as it is written.
#[derive(Clone, Copy, Debug)]
pub struct RawAttribute {
    /// Its name.
    pub name: (usize, usize),
    /// Between the quotes.
    pub value: (usize, usize),
    /// The value is what is written: no references, no line ends, no tabs.
    pub plain: bool,
}

/// A token of content.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Token {
    None,
    Start { name_end: usize, end: usize, empty: bool },
    End { name: (usize, usize), end: usize },
    Data { end: usize },
    Newline { end: usize },
    TrailingCr,
    TrailingBracket,
    EntityRef { end: usize },
    CharRef { end: usize },
    CdataOpen { end: usize },
    Pi { target: (usize, usize), end: usize },
    XmlDecl { end: usize },
    Comment { end: usize },
}

/// The character at a place, and its length; `None` for the marks of bad input.
pub fn char_at(t: &[u8], p: usize) -> Scan<(u32, usize)> {
    let Some(&c) = t.get(p) else { return Err(Partial) };
    let at = |i: usize| u32::from(t.get(p + i).copied().unwrap_or(0) & 0x3F);
    let wide = u32::from(c);
    let (c, n) = match c {
        0..=0x7F => (wide, 1),
        BAD => return Err(Invalid(p)),
        CUT => return Err(PartialChar),
        HALF => return Err(Partial),
        0xF0.. => ((wide & 7) << 18 | at(1) << 12 | at(2) << 6 | at(3), 4),
        0xE0.. => ((wide & 15) << 12 | at(1) << 6 | at(2), 3),
        _ => ((wide & 31) << 6 | at(1), 2),
    };
    if chars::is_char(c) { Ok((c, n)) } else { Err(Invalid(p)) }
}

/// The length of the name character at a place, 0 if it is none.
#[inline]
fn name_char(t: &[u8], p: usize, start: bool) -> Scan<usize> {
    let Some(&c) = t.get(p) else { return Err(Partial) };
    if is(c, if start { START } else { NAME }) {
        return Ok(1);
    }
    if !is(c, SPECIAL) {
        return Ok(0);
    }
    let (wide, n) = char_at(t, p)?;
    Ok(if chars::is_name(wide, start) { n } else { 0 })
}

/// The end of the name that begins here. Colons are as `ns` says: without namespaces they are letters, with them a name has one at
/// most, with a name before and behind it (`qualified`), or none.
#[inline]
pub fn name(t: &[u8], mut p: usize, ns: bool, qualified: bool) -> Scan<usize> {
    let n = name_char(t, p, true)?;
    if n == 0 || ns && t[p] == b':' {
        return Err(Invalid(p));
    }
    p += n;
    let mut colon = false;
    loop {
        while t.get(p).is_some_and(|&c| is(c, NAME) && c != b':') {
            p += 1;
        }
        let Some(&c) = t.get(p) else { return Err(Partial) };
        if c == b':' {
            if ns {
                if colon || !qualified {
                    return Err(Invalid(p));
                }
                colon = true;
                let n = name_char(t, p + 1, true)?;
                if n == 0 || t[p + 1] == b':' {
                    return Err(Invalid(p + 1));
                }
                p += n;
            }
            p += 1;
            continue;
        }
        let n = name_char(t, p, false)?;
        if n == 0 {
            return Ok(p);
        }
        p += n;
    }
}

/// Behind the spaces.
#[inline]
pub fn spaces(t: &[u8], mut p: usize) -> usize {
    while t.get(p).is_some_and(|&c| is(c, SPACE)) {
        p += 1;
    }
    p
}

fn byte(t: &[u8], p: usize) -> Scan<u8> {
    match t.get(p) {
        Some(&CUT) => Err(PartialChar),
        Some(&c) => Ok(c),
        None => Err(Partial),
    }
}

/// `&name;`, `&#1;` or `&#x1;`: the end, and whether it is a number.
pub fn reference(t: &[u8], p: usize, ns: bool) -> Scan<(usize, bool)> {
    if byte(t, p + 1)? == b'#' {
        let hex = byte(t, p + 2)? == b'x';
        let first = if hex { p + 3 } else { p + 2 };
        let mut i = first;
        loop {
            let c = byte(t, i)?;
            let digit = if hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
            match c {
                _ if digit => i += 1,
                b';' if i > first => return Ok((i + 1, true)),
                _ => return Err(Invalid(i)),
            }
        }
    }
    let end = name(t, p + 1, ns, false)?;
    if t[end] == b';' { Ok((end + 1, false)) } else { Err(Invalid(end)) }
}

/// The number of a reference, if it is a character.
pub fn reference_number(t: &[u8]) -> Option<char> {
    let digits = t.get(2..t.len().checked_sub(1)?)?;
    let (digits, radix) = match digits {
        [b'x', rest @ ..] => (rest, 16),
        _ => (digits, 10),
    };
    let mut n: u32 = 0;
    for &d in digits {
        n = n * radix + char::from(d).to_digit(radix)?;
        if n > 0x10FFFF {
            return None;
        }
    }
    if chars::is_char(n) { char::from_u32(n) } else { None }
}

/// The character of `&lt;` and its like.
pub fn predefined(name: &[u8]) -> Option<u8> {
    Some(match name {
        b"lt" => b'<',
        b"gt" => b'>',
        b"amp" => b'&',
        b"quot" => b'"',
        b"apos" => b'\'',
        _ => return None,
    })
}

/// `<!-- ... -->`, from the `<`.
pub fn comment(t: &[u8], p: usize) -> Scan<usize> {
    if byte(t, p + 3)? != b'-' {
        return Err(Invalid(p + 3));
    }
    let mut i = p + 4;
    loop {
        match byte(t, i)? {
            b'-' => {
                i += 1;
                if byte(t, i)? == b'-' {
                    i += 1;
                    return if byte(t, i)? == b'>' { Ok(i + 1) } else { Err(Invalid(i)) };
                }
            }
            c if is(c, SPECIAL) => i += char_at(t, i)?.1,
            _ => i += 1,
        }
    }
}

/// `<?target ...?>`, from the `<`.
pub fn instruction(t: &[u8], p: usize, ns: bool) -> Scan<Token> {
    let end = name(t, p + 2, ns, false)?;
    let target = (p + 2, end);
    let word = &t[target.0..end];
    let xml = word == b"xml";
    if !xml && word.eq_ignore_ascii_case(b"xml") {
        return Err(Invalid(end));
    }
    let done = |end: usize| if xml { Token::XmlDecl { end } } else { Token::Pi { target, end } };
    let c = byte(t, end)?;
    if c == b'?' {
        return if byte(t, end + 1)? == b'>' { Ok(done(end + 2)) } else { Err(Invalid(end + 1)) };
    }
    if !is(c, SPACE) {
        return Err(Invalid(end));
    }
    let mut i = end + 1;
    loop {
        match byte(t, i)? {
            b'?' => {
                i += 1;
                if byte(t, i)? == b'>' {
                    return Ok(done(i + 1));
                }
            }
            c if is(c, SPECIAL) => i += char_at(t, i)?.1,
            _ => i += 1,
        }
    }
}

fn start_tag(t: &[u8], p: usize, ns: bool, atts: &mut Vec<RawAttribute>) -> Scan<Token> {
    atts.clear();
    let name_end = name(t, p + 1, ns, true)?;
    let mut i = name_end;
    loop {
        let after = spaces(t, i);
        match byte(t, after)? {
            b'>' => return Ok(Token::Start { name_end, end: after + 1, empty: false }),
            b'/' => {
                let close = byte(t, after + 1)? == b'>';
                let empty = Token::Start { name_end, end: after + 2, empty: true };
                return if close { Ok(empty) } else { Err(Invalid(after + 1)) };
            }
            _ if after == i => {
                // Nothing separates the name or the value from what follows.
                char_at(t, after)?;
                return Err(Invalid(after));
            }
            _ => {}
        }
        let att_end = name(t, after, ns, true)?;
        let equals = spaces(t, att_end);
        if byte(t, equals)? != b'=' {
            return Err(Invalid(equals));
        }
        let open = spaces(t, equals + 1);
        let quote = byte(t, open)?;
        if quote != b'"' && quote != b'\'' {
            return Err(Invalid(open));
        }
        let mut plain = true;
        i = open + 1;
        loop {
            let c = byte(t, i)?;
            match c {
                _ if c == quote => break,
                b'<' => return Err(Invalid(i)),
                b'&' => {
                    plain = false;
                    i = reference(t, i, ns)?.0;
                }
                b'\t' | b'\n' | b'\r' => {
                    plain = false;
                    i += 1;
                }
                _ if is(c, SPECIAL) => i += char_at(t, i)?.1,
                _ => i += 1,
            }
        }
        atts.push(RawAttribute { name: (after, att_end), value: (open + 1, i), plain });
        i += 1;
    }
}

fn end_tag(t: &[u8], p: usize, ns: bool) -> Scan<Token> {
    let end = name(t, p + 2, ns, true)?;
    let close = spaces(t, end);
    if byte(t, close)? == b'>' {
        Ok(Token::End { name: (p + 2, end), end: close + 1 })
    } else {
        char_at(t, close)?;
        Err(Invalid(close))
    }
}

/// The next token of content.
pub fn content(t: &[u8], p: usize, ns: bool, atts: &mut Vec<RawAttribute>) -> Scan<Token> {
    let Some(&c) = t.get(p) else { return Ok(Token::None) };
    match c {
        b'<' => match byte(t, p + 1)? {
            b'/' => end_tag(t, p, ns),
            b'?' => instruction(t, p, ns),
            b'!' => match byte(t, p + 2)? {
                b'-' => Ok(Token::Comment { end: comment(t, p)? }),
                b'[' => {
                    for (i, &want) in b"CDATA[".iter().enumerate() {
                        if byte(t, p + 3 + i)? != want {
                            return Err(Invalid(p + 3 + i));
                        }
                    }
                    Ok(Token::CdataOpen { end: p + 9 })
                }
                _ => Err(Invalid(p + 2)),
            },
            _ => start_tag(t, p, ns, atts),
        },
        b'&' => match reference(t, p, ns)? {
            (end, true) => Ok(Token::CharRef { end }),
            (end, false) => Ok(Token::EntityRef { end }),
        },
        b'\n' => Ok(Token::Newline { end: p + 1 }),
        b'\r' => match t.get(p + 1) {
            None => Ok(Token::TrailingCr),
            Some(b'\n') => Ok(Token::Newline { end: p + 2 }),
            Some(_) => Ok(Token::Newline { end: p + 1 }),
        },
        b']' => match (t.get(p + 1), t.get(p + 2)) {
            (None, _) | (Some(b']'), None) => Ok(Token::TrailingBracket),
            (Some(b']'), Some(b'>')) => Err(Invalid(p + 2)),
            _ => Ok(Token::Data { end: data_end(t, p + 1)? }),
        },
        _ => {
            let n = if is(c, SPECIAL) { char_at(t, p)?.1 } else { 1 };
            Ok(Token::Data { end: data_end(t, p + n)? })
        }
    }
}

fn data_end(t: &[u8], mut p: usize) -> Scan<usize> {
    loop {
        while t.get(p).is_some_and(|&c| !is(c, DATA_END)) {
            p += 1;
        }
        match t.get(p) {
            Some(b']') => match (t.get(p + 1), t.get(p + 2)) {
                (None, _) | (Some(b']'), None) => return Ok(p),
                (Some(b']'), Some(b'>')) => return Err(Invalid(p + 2)),
                _ => p += 1,
            },
            Some(0xEF) => match char_at(t, p) {
                Ok((_, n)) => p += n,
                Err(_) => return Ok(p),
            },
            _ => return Ok(p),
        }
    }
}

/// A token inside a CDATA section.
pub enum Cdata {
    /// Nothing is left.
    None,
    /// `]]>`
    Close(usize),
    /// Characters.
    Data(usize),
    /// A line end.
    Newline(usize),
}

/// The next token of a CDATA section.
pub fn cdata(t: &[u8], p: usize) -> Scan<Cdata> {
    let Some(&c) = t.get(p) else { return Ok(Cdata::None) };
    let mut i = p;
    match c {
        b']' => match (t.get(p + 1), t.get(p + 2)) {
            (None, _) | (Some(b']'), None) => return Err(Partial),
            (Some(b']'), Some(b'>')) => return Ok(Cdata::Close(p + 3)),
            _ => i += 1,
        },
        b'\n' => return Ok(Cdata::Newline(p + 1)),
        b'\r' => {
            return match t.get(p + 1) {
                None => Err(Partial),
                Some(b'\n') => Ok(Cdata::Newline(p + 2)),
                Some(_) => Ok(Cdata::Newline(p + 1)),
            };
        }
        _ if is(c, SPECIAL) => i += char_at(t, p)?.1,
        _ => i += 1,
    }
    loop {
        match t.get(i) {
            Some(b'<' | b'&') => i += 1,
            Some(0xEF) if char_at(t, i).is_ok() => i += 3,
            Some(&c) if !is(c, DATA_END) => i += 1,
            _ => return Ok(Cdata::Data(i)),
        }
    }
}
