//! Formatting with the `%` operator: the conversion specifiers of `str` and `bytes`.

use super::Sink;

/// A width or a precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Amount {
    /// Not given.
    #[default]
    None,
    /// `*`: the next argument tells it.
    Star,
    /// A number.
    Value(usize),
}

/// The flags of a conversion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PercentFlags {
    /// `-`
    pub left: bool,
    /// `+`
    pub sign: bool,
    /// space
    pub blank: bool,
    /// `#`
    pub alt: bool,
    /// `0`
    pub zero: bool,
}

/// A parsed conversion specifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The mapping key: its first and the index past its last character.
    pub key: Option<(usize, usize)>,
    /// The flags.
    pub flags: PercentFlags,
    /// The least width.
    pub width: Amount,
    /// The precision.
    pub precision: Amount,
    /// The conversion type.
    pub ty: u32,
    /// Where that stands (error messages name it).
    pub ty_index: usize,
    /// Where the text after the specifier begins.
    pub end: usize,
}

/// Why a specifier is wrong: the text of a ValueError.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PercentError {
    /// A key without its closing parenthesis.
    IncompleteKey,
    /// The format ends within a specifier.
    Incomplete,
    /// The width does not fit.
    WidthTooBig,
    /// The precision does not fit.
    PrecisionTooBig,
}

impl PercentError {
    /// The text of the ValueError.
    pub fn message(self) -> &'static str {
        match self {
            PercentError::IncompleteKey => "incomplete format key",
            PercentError::Incomplete => "incomplete format",
            PercentError::WidthTooBig => "width too big",
            PercentError::PrecisionTooBig => "precision too big",
        }
    }
}

/// "unsupported format character ..." for `str`.
pub fn unsupported(ty: u32, index: usize) -> String {
    let c = if (32..127).contains(&ty) { ty as u8 as char } else { '?' };
    format!("unsupported format character '{c}' (0x{ty:x}) at index {index}")
}

/// Parses the specifier whose text begins at `pos`, just past the percent sign.
pub fn parse<C: Copy + Into<u32>>(s: &[C], mut pos: usize) -> Result<Conversion, PercentError> {
    let at = |i: usize| s.get(i).map(|&c| c.into());
    let is = |i: usize, c: u8| at(i) == Some(u32::from(c));
    let mut key = None;
    if is(pos, b'(') {
        let start = pos + 1;
        let mut depth = 1;
        pos = start;
        while depth > 0 {
            match at(pos) {
                None => return Err(PercentError::IncompleteKey),
                Some(0x28) => depth += 1,
                Some(0x29) => depth -= 1,
                Some(_) => {}
            }
            pos += 1;
        }
        key = Some((start, pos - 1));
    }
    let mut flags = PercentFlags::default();
    loop {
        match at(pos).and_then(|c| u8::try_from(c).ok()) {
            Some(b'-') => flags.left = true,
            Some(b'+') => flags.sign = true,
            Some(b' ') => flags.blank = true,
            Some(b'#') => flags.alt = true,
            Some(b'0') => flags.zero = true,
            _ => break,
        }
        pos += 1;
    }
    let amount = |pos: &mut usize, max: usize, error: PercentError| {
        if is(*pos, b'*') {
            *pos += 1;
            return Ok(Amount::Star);
        }
        let mut n = None;
        while let Some(d) = at(*pos).and_then(char::from_u32).and_then(|c| c.to_digit(10)) {
            let next = n.unwrap_or(0usize).checked_mul(10).and_then(|x| x.checked_add(d as usize));
            n = Some(next.filter(|&x| x <= max).ok_or(error)?);
            *pos += 1;
        }
        Ok(n.map_or(Amount::None, Amount::Value))
    };
    let width = amount(&mut pos, isize::MAX as usize, PercentError::WidthTooBig)?;
    let mut precision = Amount::None;
    if is(pos, b'.') {
        pos += 1;
        precision = match amount(&mut pos, i32::MAX as usize, PercentError::PrecisionTooBig)? {
            Amount::None => Amount::Value(0),
            given => given,
        };
    }
    if is(pos, b'h') || is(pos, b'l') || is(pos, b'L') {
        pos += 1;
    }
    let ty = at(pos).ok_or(PercentError::Incomplete)?;
    Ok(Conversion { key, flags, width, precision, ty, ty_index: pos, end: pos + 1 })
}

/// The digits of an integer conversion: at least `precision` of them, with the prefix of the alternate form.
/// Returns the prefix's length.
pub fn int_body(out: &mut Vec<u8>, magnitude: &[u32], ty: u8, precision: Option<usize>, alt: bool) -> usize {
    let (base, prefix): (u32, &[u8]) = match ty {
        b'o' => (8, b"0o"),
        b'x' => (16, b"0x"),
        b'X' => (16, b"0X"),
        _ => (10, b""),
    };
    let mut digits = Vec::with_capacity(24);
    crate::digits::text::to_base(&mut digits, magnitude, base);
    if ty == b'X' {
        digits.make_ascii_uppercase();
    }
    let prefix = if alt { prefix } else { b"" };
    out.extend_from_slice(prefix);
    out.resize(out.len() + precision.unwrap_or(0).saturating_sub(digits.len()), b'0');
    out.extend_from_slice(&digits);
    prefix.len()
}

/// Writes a number: sign, padding and body (whose first `prefix` bytes stay before zeros).
pub fn write_number(out: &mut dyn Sink, negative: bool, body: &[u8], prefix: usize, flags: PercentFlags, width: usize) {
    let sign = match (negative, flags.sign, flags.blank) {
        (true, ..) => Some(b'-'),
        (_, true, _) => Some(b'+'),
        (_, _, true) => Some(b' '),
        _ => None,
    };
    let pad = width.saturating_sub(body.len() + usize::from(sign.is_some()));
    let zeros = flags.zero && !flags.left;
    if !zeros && !flags.left {
        out.fill(u32::from(b' '), pad);
    }
    if let Some(c) = sign {
        out.ascii(&[c]);
    }
    let (head, tail) = body.split_at(prefix.min(body.len()));
    out.ascii(head);
    if zeros {
        out.fill(u32::from(b'0'), pad);
    }
    out.ascii(tail);
    if flags.left {
        out.fill(u32::from(b' '), pad);
    }
}

/// The padding of a text conversion, before and after.
pub fn text_padding(len: usize, flags: PercentFlags, width: usize) -> (usize, usize) {
    let pad = width.saturating_sub(len);
    if flags.left { (0, pad) } else { (pad, 0) }
}

/// Writes a double by one of `e E f F g G`.
pub fn write_float(out: &mut dyn Sink, x: f64, ty: u8, precision: Option<usize>, flags: PercentFlags, width: usize) {
    let f = crate::float::Flags { alt: flags.alt, ..Default::default() };
    let s = crate::float::format_double(x, ty, precision.unwrap_or(6), f);
    let (negative, body) = s.strip_prefix('-').map_or((false, s.as_str()), |r| (true, r));
    write_number(out, negative, body.as_bytes(), 0, flags, width);
}
