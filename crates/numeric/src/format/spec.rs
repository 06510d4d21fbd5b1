//! The format specification mini-language: `[[fill]align][sign][z][#][0][width][grouping][.precision[grouping]][type]`.

/// Where padding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// `<`
    Left,
    /// `>`
    Right,
    /// `^`
    Center,
    /// `=`: between the sign and the digits.
    AfterSign,
}

/// Which separators stand between groups of digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// None.
    #[default]
    None,
    /// `,` every three digits.
    Comma,
    /// `_` every three digits.
    Underscore,
    /// `_` every four digits.
    UnderscoreFour,
}

impl Grouping {
    fn char(self) -> char {
        if self == Grouping::Comma { ',' } else { '_' }
    }
}

/// A parsed specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The padding character.
    pub fill: u32,
    /// Where padding goes.
    pub align: Align,
    /// `+`, `-` or a space, if given.
    pub sign: Option<u8>,
    /// `z`
    pub no_neg_0: bool,
    /// `#`
    pub alternate: bool,
    /// The least width.
    pub width: Option<usize>,
    /// Separators before the decimal point.
    pub grouping: Grouping,
    /// The precision.
    pub precision: Option<usize>,
    /// Separators after the decimal point.
    pub frac_grouping: Grouping,
    /// The presentation type; the default type if none was given.
    pub ty: Option<u32>,
}

/// Why a value cannot be formatted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecError {
    /// ValueError "Invalid format specifier '...' for object of type '...'": the caller has both texts.
    Invalid,
    /// ValueError with this text.
    Value(String),
    /// OverflowError with this text.
    Overflow(String),
}

pub(super) fn value<T>(text: &str) -> Result<T, SpecError> {
    Err(SpecError::Value(text.to_owned()))
}

/// A presentation type in an error message.
fn shown(c: u32) -> String {
    match char::from_u32(c) {
        Some(c) if c.is_ascii_graphic() || c == '\x7f' => format!("'{c}'"),
        _ => format!("'\\x{c:x}'"),
    }
}

/// "Unknown format code ..."
pub fn unknown_type<T>(ty: u32, type_name: &str) -> Result<T, SpecError> {
    Err(SpecError::Value(format!("Unknown format code {} for object of type '{type_name}'", shown(ty))))
}

fn align_of(c: u32) -> Option<Align> {
    match u8::try_from(c).ok()? {
        b'<' => Some(Align::Left),
        b'>' => Some(Align::Right),
        b'^' => Some(Align::Center),
        b'=' => Some(Align::AfterSign),
        _ => None,
    }
}

/// Tells the value of a decimal digit; the caller may know more digits than those of ASCII.
pub type DecimalFn = fn(u32) -> Option<u32>;

/// Knows the ASCII digits only.
pub fn ascii_decimal(c: u32) -> Option<u32> {
    char::from_u32(c)?.to_digit(10)
}

fn number(s: &[u32], pos: &mut usize, decimal: DecimalFn) -> Result<Option<usize>, SpecError> {
    let mut n = None;
    while let Some(d) = s.get(*pos).and_then(|&c| decimal(c)) {
        let next = n.unwrap_or(0usize).checked_mul(10).and_then(|x| x.checked_add(d as usize));
        match next {
            Some(x) if isize::try_from(x).is_ok() => n = Some(x),
            _ => return value("Too many decimal digits in format string"),
        }
        *pos += 1;
    }
    Ok(n)
}

/// Reads the separators that may stand at `pos`.
fn grouping(s: &[u32], pos: &mut usize) -> Result<Grouping, SpecError> {
    const COMMA: u32 = b',' as u32;
    const UNDERSCORE: u32 = b'_' as u32;
    let group = match s.get(*pos) {
        Some(&COMMA) => Grouping::Comma,
        Some(&UNDERSCORE) => Grouping::Underscore,
        _ => return Ok(Grouping::None),
    };
    *pos += 1;
    match (group, s.get(*pos)) {
        (Grouping::Comma, Some(&UNDERSCORE)) | (Grouping::Underscore, Some(&COMMA)) => {
            value("Cannot specify both ',' and '_'.")
        }
        _ => Ok(group),
    }
}

impl Spec {
    /// Parses a specification. `default_type` and `default_align` hold where it names none.
    pub fn parse(
        s: &[u32],
        default_type: Option<u8>,
        default_align: Align,
        decimal: DecimalFn,
    ) -> Result<Spec, SpecError> {
        let mut spec = Spec {
            fill: u32::from(b' '),
            align: default_align,
            sign: None,
            no_neg_0: false,
            alternate: false,
            width: None,
            grouping: Grouping::None,
            precision: None,
            frac_grouping: Grouping::None,
            ty: default_type.map(u32::from),
        };
        let mut pos = 0;
        let (mut fill_given, mut align_given) = (false, false);
        if let Some(a) = s.get(1).and_then(|&c| align_of(c)) {
            (spec.fill, spec.align) = (s[0], a);
            (fill_given, align_given) = (true, true);
            pos = 2;
        } else if let Some(a) = s.first().and_then(|&c| align_of(c)) {
            spec.align = a;
            align_given = true;
            pos = 1;
        }
        let is = |pos: usize, c: u8| s.get(pos) == Some(&u32::from(c));
        if is(pos, b'+') || is(pos, b'-') || is(pos, b' ') {
            spec.sign = Some(s[pos] as u8);
            pos += 1;
        }
        if is(pos, b'z') {
            spec.no_neg_0 = true;
            pos += 1;
        }
        if is(pos, b'#') {
            spec.alternate = true;
            pos += 1;
        }
        if !fill_given && is(pos, b'0') {
            spec.fill = u32::from(b'0');
            if !align_given && default_align == Align::Right {
                spec.align = Align::AfterSign;
            }
            pos += 1;
        }
        spec.width = number(s, &mut pos, decimal)?;
        spec.grouping = grouping(s, &mut pos)?;
        if is(pos, b'.') {
            pos += 1;
            spec.precision = number(s, &mut pos, decimal)?;
            spec.frac_grouping = grouping(s, &mut pos)?;
            if spec.precision.is_none() && spec.frac_grouping == Grouping::None {
                return value("Format specifier missing precision");
            }
        }
        match s.get(pos..).unwrap_or_default() {
            [] => {}
            [c] => spec.ty = Some(*c),
            _ => return Err(SpecError::Invalid),
        }
        spec.check_grouping()?;
        Ok(spec)
    }

    fn check_grouping(&mut self) -> Result<(), SpecError> {
        let ascii = self.ty.map(|c| u8::try_from(c).unwrap_or(0xff));
        let refuse =
            |g: Grouping, ty: u32| Err(SpecError::Value(format!("Cannot specify '{}' with {}.", g.char(), shown(ty))));
        if self.grouping != Grouping::None {
            match ascii {
                None | Some(b'd' | b'e' | b'f' | b'g' | b'E' | b'G' | b'%' | b'F') => {}
                Some(b'b' | b'o' | b'x' | b'X') if self.grouping == Grouping::Underscore => {
                    self.grouping = Grouping::UnderscoreFour;
                }
                _ => return refuse(self.grouping, self.ty.unwrap_or(0)),
            }
        }
        if self.frac_grouping != Grouping::None && ascii == Some(b'n') {
            return refuse(self.frac_grouping, u32::from(b'n'));
        }
        Ok(())
    }

    /// Whether the number is written as the locale has it.
    pub fn wants_locale(&self) -> bool {
        self.ty == Some(u32::from(b'n'))
    }

    /// Splits padding for text of `len` characters into left and right parts.
    pub fn padding(&self, len: usize) -> (usize, usize) {
        let pad = self.width.unwrap_or(0).saturating_sub(len);
        match self.align {
            Align::Right => (pad, 0),
            Align::Center => (pad / 2, pad - pad / 2),
            Align::Left | Align::AfterSign => (0, pad),
        }
    }

    /// How a `str` of `len` characters is formatted.
    pub fn str_layout(&self, len: usize) -> Result<StrLayout, SpecError> {
        if self.ty != Some(u32::from(b's')) && self.ty.is_some() {
            return unknown_type(self.ty.unwrap_or(0), "str");
        }
        match self.sign {
            Some(b' ') => return value("Space not allowed in string format specifier"),
            Some(_) => return value("Sign not allowed in string format specifier"),
            None => {}
        }
        if self.no_neg_0 {
            return value("Negative zero coercion (z) not allowed in string format specifier");
        }
        if self.alternate {
            return value("Alternate form (#) not allowed in string format specifier");
        }
        if self.align == Align::AfterSign {
            return value("'=' alignment not allowed in string format specifier");
        }
        let take = self.precision.map_or(len, |p| p.min(len));
        let (left, right) = self.padding(take);
        Ok(StrLayout { left, take, right, fill: self.fill })
    }
}

/// A formatted `str`: padding, the first characters of the text, padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrLayout {
    /// Padding before.
    pub left: usize,
    /// How many characters of the text.
    pub take: usize,
    /// Padding after.
    pub right: usize,
    /// The padding character.
    pub fill: u32,
}
