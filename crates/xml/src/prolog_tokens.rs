//! Tokens outside the root element: of the document type declaration and of external subsets.

use crate::chars::{NAME, SPACE, SPECIAL, START, is};
use crate::tokens::{Scan, Stop, Token, char_at, comment, instruction, name, spaces};

/// A token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Kind {
    None,
    Bom,
    Space,
    XmlDecl,
    Pi,
    Comment,
    DeclOpen,
    DeclClose,
    Name,
    PrefixedName,
    NameToken,
    PoundName,
    NameQuestion,
    NameAsterisk,
    NamePlus,
    Or,
    Comma,
    Percent,
    OpenParen,
    CloseParen,
    CloseParenQuestion,
    CloseParenAsterisk,
    CloseParenPlus,
    OpenBracket,
    CloseBracket,
    Literal,
    ParamEntityRef,
    InstanceStart,
    CondSectOpen,
    CondSectClose,
}

/// The byte here. A token that ends where a non-final input does may go on, so it is partial (`last` is false).
fn peek(t: &[u8], p: usize, last: bool) -> Scan<Option<u8>> {
    match t.get(p) {
        Some(&c) => Ok(Some(c)),
        None if last => Ok(None),
        None => Err(Stop::Partial),
    }
}

fn need(t: &[u8], p: usize) -> Scan<u8> {
    t.get(p).copied().ok_or(Stop::Partial)
}

fn literal(t: &[u8], p: usize, last: bool) -> Scan<(Kind, usize)> {
    let quote = t[p];
    let mut i = p + 1;
    loop {
        let c = need(t, i)?;
        match c {
            _ if c == quote => break,
            _ if is(c, SPECIAL) => i += char_at(t, i)?.1,
            _ => i += 1,
        }
    }
    i += 1;
    match peek(t, i, last)? {
        None | Some(b'>' | b'%' | b'[') => Ok((Kind::Literal, i)),
        Some(c) if is(c, SPACE) => Ok((Kind::Literal, i)),
        Some(_) => Err(Stop::Invalid(i)),
    }
}

fn declaration(t: &[u8], p: usize, last: bool) -> Scan<(Kind, usize)> {
    let mut i = p + 2;
    match need(t, i)? {
        b'-' => return Ok((Kind::Comment, comment(t, p)?)),
        b'[' => return Ok((Kind::CondSectOpen, i + 1)),
        c if is(c, START) && c != b':' => i += 1,
        _ => return Err(Stop::Invalid(i)),
    }
    loop {
        match need(t, i)? {
            b'%' => {
                return match peek(t, i + 1, last)? {
                    Some(c) if is(c, SPACE) || c == b'%' => Err(Stop::Invalid(i)),
                    _ => Ok((Kind::DeclOpen, i)),
                };
            }
            c if is(c, SPACE) => return Ok((Kind::DeclOpen, i)),
            c if is(c, START) && c != b':' => i += 1,
            _ => return Err(Stop::Invalid(i)),
        }
    }
}

fn percent(t: &[u8], p: usize, ns: bool, last: bool) -> Scan<(Kind, usize)> {
    match peek(t, p + 1, last)? {
        None | Some(b'%') => return Ok((Kind::Percent, p + 1)),
        Some(c) if is(c, SPACE) => return Ok((Kind::Percent, p + 1)),
        Some(_) => {}
    }
    let end = name(t, p + 1, ns, false)?;
    if t[end] == b';' { Ok((Kind::ParamEntityRef, end + 1)) } else { Err(Stop::Invalid(end)) }
}

fn pound(t: &[u8], p: usize, last: bool) -> Scan<(Kind, usize)> {
    let mut i = p + 1;
    let c = need(t, i)?;
    if !is(c, START) {
        return Err(Stop::Invalid(i));
    }
    while t.get(i).is_some_and(|&c| is(c, NAME)) {
        i += 1;
    }
    match peek(t, i, last)? {
        None | Some(b')' | b'>' | b'%' | b'|') => Ok((Kind::PoundName, i)),
        Some(c) if is(c, SPACE) => Ok((Kind::PoundName, i)),
        Some(_) => Err(Stop::Invalid(i)),
    }
}

fn word(t: &[u8], p: usize, ns: bool, last: bool) -> Scan<(Kind, usize)> {
    let (c, n) = char_at(t, p)?;
    let part = |i: usize, start: bool| -> Scan<usize> {
        let Some(&b) = t.get(i) else { return Ok(0) };
        if is(b, if start { START } else { NAME }) {
            return Ok(1);
        }
        if !is(b, SPECIAL) {
            return Ok(0);
        }
        let (c, n) = char_at(t, i)?;
        Ok(if crate::chars::is_name(c, start) { n } else { 0 })
    };
    let colon = ns && c == u32::from(b':');
    let mut kind = if part(p, true)? > 0 && !colon {
        Kind::Name
    } else if part(p, false)? > 0 {
        Kind::NameToken
    } else {
        return Err(Stop::Invalid(p));
    };
    let mut i = p + n;
    loop {
        let Some(c) = peek(t, i, last)? else { return Ok((kind, i)) };
        if ns && c == b':' {
            i += 1;
            kind = match kind {
                Kind::Name => {
                    peek(t, i, last)?;
                    if part(i, true)? > 0 && t.get(i) != Some(&b':') { Kind::PrefixedName } else { Kind::NameToken }
                }
                Kind::PrefixedName => Kind::NameToken,
                k => k,
            };
            continue;
        }
        let n = part(i, false)?;
        if n > 0 {
            i += n;
            continue;
        }
        let quantified = match c {
            b'?' => Kind::NameQuestion,
            b'*' => Kind::NameAsterisk,
            b'+' => Kind::NamePlus,
            b'>' | b')' | b',' | b'|' | b'[' | b'%' => return Ok((kind, i)),
            c if is(c, SPACE) => return Ok((kind, i)),
            _ => return Err(Stop::Invalid(i)),
        };
        return if kind == Kind::NameToken { Err(Stop::Invalid(i)) } else { Ok((quantified, i + 1)) };
    }
}

/// The next token and its end.
pub fn prolog(t: &[u8], p: usize, ns: bool, last: bool) -> Scan<(Kind, usize)> {
    let Some(&c) = t.get(p) else { return Ok((Kind::None, p)) };
    Ok(match c {
        b'"' | b'\'' => literal(t, p, last)?,
        b'<' => match need(t, p + 1)? {
            b'!' => declaration(t, p, last)?,
            b'?' => match instruction(t, p, ns)? {
                Token::XmlDecl { end } => (Kind::XmlDecl, end),
                Token::Pi { end, .. } => (Kind::Pi, end),
                _ => return Err(Stop::Invalid(p)),
            },
            c if is(c, START) || c >= 0x80 => (Kind::InstanceStart, p),
            _ => return Err(Stop::Invalid(p + 1)),
        },
        b'\r' if p + 1 == t.len() && !last => return Err(Stop::Partial),
        c if is(c, SPACE) => {
            let mut end = spaces(t, p);
            if end == t.len() && !last && t[end - 1] == b'\r' && end - 1 > p {
                end -= 1;
            }
            (Kind::Space, end)
        }
        b'%' => percent(t, p, ns, last)?,
        b',' => (Kind::Comma, p + 1),
        b'[' => (Kind::OpenBracket, p + 1),
        b']' => match (peek(t, p + 1, last)?, t.get(p + 2)) {
            (Some(b']'), None) if !last => return Err(Stop::Partial),
            (Some(b']'), Some(b'>')) => (Kind::CondSectClose, p + 3),
            _ => (Kind::CloseBracket, p + 1),
        },
        b'(' => (Kind::OpenParen, p + 1),
        b')' => match peek(t, p + 1, last)? {
            Some(b'*') => (Kind::CloseParenAsterisk, p + 2),
            Some(b'?') => (Kind::CloseParenQuestion, p + 2),
            Some(b'+') => (Kind::CloseParenPlus, p + 2),
            None | Some(b'|' | b',' | b'>' | b'%' | b')') => (Kind::CloseParen, p + 1),
            Some(c) if is(c, SPACE) => (Kind::CloseParen, p + 1),
            Some(_) => return Err(Stop::Invalid(p + 1)),
        },
        b'|' => (Kind::Or, p + 1),
        b'>' => (Kind::DeclClose, p + 1),
        b'#' => pound(t, p, last)?,
        _ if t[p..].starts_with(b"\xEF\xBB\xBF") && p == 0 => (Kind::Bom, 3),
        _ => word(t, p, ns, last)?,
    })
}

/// The end of an ignored section: behind its `]]>`.
pub fn ignored(t: &[u8], p: usize) -> Scan<Option<usize>> {
    let mut level = 0usize;
    let mut i = p;
    loop {
        let Some(&c) = t.get(i) else { return Ok(None) };
        match c {
            b'<' if t[i..].starts_with(b"<![") => {
                level += 1;
                i += 3;
            }
            b']' if t[i..].starts_with(b"]]>") => {
                i += 3;
                if level == 0 {
                    return Ok(Some(i));
                }
                level -= 1;
            }
            c if is(c, SPECIAL) => i += char_at(t, i)?.1,
            _ => i += 1,
        }
    }
}
