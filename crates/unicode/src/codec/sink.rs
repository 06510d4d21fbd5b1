//! Where decoders put code points.

/// Takes decoded text.
pub trait Sink {
    /// One code point.
    fn push(&mut self, c: u32);

    /// Bytes that each are a code point.
    fn extend_latin1(&mut self, s: &[u8]) {
        s.iter().for_each(|&b| self.push(u32::from(b)));
    }

    /// ASCII bytes.
    fn extend_ascii(&mut self, s: &[u8]) {
        self.extend_latin1(s);
    }

    /// Code points.
    fn extend_codes(&mut self, s: &[u32]) {
        s.iter().for_each(|&c| self.push(c));
    }
}

impl Sink for Vec<u32> {
    #[inline]
    fn push(&mut self, c: u32) {
        Vec::push(self, c);
    }
}

/// Text in the narrowest of three widths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// All code points are below 256.
    One(Vec<u8>),
    /// All code points are below 65536.
    Two(Vec<u16>),
    /// Any code points.
    Four(Vec<u32>),
}

/// Builds text that grows wider only when a code point demands it.
#[derive(Clone, Debug)]
pub struct TextBuilder {
    text: Text,
    max: u32,
}

impl Default for TextBuilder {
    fn default() -> Self {
        TextBuilder::with_capacity(0)
    }
}

impl TextBuilder {
    /// A builder with room for so many narrow code points.
    pub fn with_capacity(n: usize) -> Self {
        TextBuilder { text: Text::One(Vec::with_capacity(n)), max: 0 }
    }

    /// The text and a bound of its code points: exact as to ASCII, Latin-1, two bytes or more.
    pub fn finish(self) -> (Text, u32) {
        (self.text, self.max)
    }

    /// How many code points there are.
    pub fn len(&self) -> usize {
        match &self.text {
            Text::One(v) => v.len(),
            Text::Two(v) => v.len(),
            Text::Four(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[cold]
    fn widen(&mut self, c: u32) {
        let text = std::mem::replace(&mut self.text, Text::One(Vec::new()));
        self.text = match text {
            Text::One(v) if c < 0x10000 => Text::Two(v.into_iter().map(u16::from).collect()),
            Text::One(v) => Text::Four(v.into_iter().map(u32::from).collect()),
            Text::Two(v) => Text::Four(v.into_iter().map(u32::from).collect()),
            four => four,
        };
    }
}

impl Sink for TextBuilder {
    #[inline]
    fn push(&mut self, c: u32) {
        self.max |= c;
        loop {
            match &mut self.text {
                Text::One(v) if c < 0x100 => return v.push(c as u8),
                Text::Two(v) if c < 0x10000 => return v.push(c as u16),
                Text::Four(v) => return v.push(c),
                _ => self.widen(c),
            }
        }
    }

    fn extend_latin1(&mut self, s: &[u8]) {
        self.max |= s.iter().fold(0, |m, &b| m | u32::from(b));
        self.extend_ascii(s);
    }

    fn extend_ascii(&mut self, s: &[u8]) {
        match &mut self.text {
            Text::One(v) => v.extend_from_slice(s),
            Text::Two(v) => v.extend(s.iter().map(|&b| u16::from(b))),
            Text::Four(v) => v.extend(s.iter().map(|&b| u32::from(b))),
        }
    }
}
