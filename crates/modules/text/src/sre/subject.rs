//! The text a pattern runs over: a `str` as it lies in memory, or the bytes of a buffer. Nothing is copied.

use super::pattern::Pattern;
use std::mem::ManuallyDrop;
use taipan_object::buffer::{self, Buffer};
use taipan_object::error::{Raised, no_memory};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::str::{Str, StrData};
use taipan_object::{Obj, Object, PyResult, bail, hooks};
use taipan_sre::{Locale, Matcher, Options, Stop};

/// A subject.
pub enum Subject<'a> {
    /// Text.
    Text(&'a Str),
    /// Bytes, and the object they are of.
    Bytes(Buffer, &'a Object),
}

impl<'a> Subject<'a> {
    /// The subject that `o` is.
    #[inline]
    pub fn new(o: &'a Object) -> PyResult<Subject<'a>> {
        match o.downcast::<Str>() {
            Some(s) => Ok(Subject::Text(s)),
            None => Subject::of_buffer(o),
        }
    }

    fn of_buffer(o: &'a Object) -> PyResult<Subject<'a>> {
        if !buffer::supports(o) {
            bail!(TypeError, "expected string or bytes-like object, got '{}'", o.ty().name_str());
        }
        Ok(Subject::Bytes(Buffer::get(o)?, o))
    }

    /// The subject that `o` is, of the kind that the pattern is for.
    #[inline]
    pub fn for_pattern(p: &Pattern, o: &'a Object) -> PyResult<Subject<'a>> {
        let s = Subject::new(o)?;
        match (&s, p.isbytes.get()) {
            (Subject::Text(_), 1) => bail!(TypeError, "cannot use a bytes pattern on a string-like object"),
            (Subject::Bytes(..), 0) => bail!(TypeError, "cannot use a string pattern on a bytes-like object"),
            _ => Ok(s),
        }
    }

    /// Whether it is bytes.
    pub fn is_bytes(&self) -> bool {
        matches!(self, Subject::Bytes(..))
    }

    /// Its units.
    #[inline]
    pub fn data(&self) -> StrData<'_> {
        match self {
            Subject::Text(s) => s.data(),
            Subject::Bytes(b, _) => StrData::Latin1(b.as_slice()),
        }
    }

    /// How many units it has.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Subject::Text(s) => s.len(),
            Subject::Bytes(b, _) => b.len(),
        }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part of it as `str` or `bytes`; the whole of an exact one is itself.
    #[inline]
    pub fn slice(&self, a: usize, b: usize) -> PyResult {
        match self {
            Subject::Text(s) => Ok(s.substring(a, b).into_obj()),
            Subject::Bytes(d, o) => {
                let d = d.as_slice();
                if a == 0 && b == d.len() && o.downcast_exact::<Bytes>().is_some() {
                    return Ok(o.to_obj());
                }
                // The buffer may have shrunk since the match.
                let b = b.min(d.len());
                Ok(Bytes::try_new(&d[a.min(b)..b])?.into_obj())
            }
        }
    }

    /// As [`Subject::slice`] for a group, empty if it took no part.
    #[inline]
    pub fn group_or_empty(&self, m: &Matcher, i: usize) -> PyResult {
        let (a, b) = m.group(i).unwrap_or((0, 0));
        self.slice(a, b)
    }
}

/// How to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Match at the start.
    Match,
    /// Match from the start to the end.
    Full,
    /// Search from the start on.
    Search,
}

#[cold]
fn stopped(s: Stop) -> Raised {
    match s {
        Stop::Interrupted => Raised::already_set(),
        Stop::Memory => no_memory(),
    }
}

/// What the C library's locale says, for patterns that ask it.
#[cold]
fn c_locale() -> Box<Locale> {
    let mut l = Box::new(Locale::C);
    for i in 0..256usize {
        let c = i as i32;
        // SAFETY: these take any value of `unsigned char`.
        unsafe {
            l.lower[i] = libc::tolower(c) as u8;
            l.upper[i] = libc::toupper(c) as u8;
            l.alnum[i] = libc::isalnum(c) != 0;
        }
    }
    l
}

/// Runs the pattern over `data`, which ends where it may look to.
#[inline]
pub fn run(
    p: &Pattern,
    m: &mut Matcher,
    data: StrData<'_>,
    start: usize,
    mode: Mode,
    must_advance: bool,
) -> PyResult<bool> {
    let mut options = Options { must_advance, ..Options::default() };
    let asked: Box<Locale>;
    if p.uses_locale() {
        asked = c_locale();
        options.locale = &asked;
    }
    // Signals are looked at now and then: a hopeless pattern can be interrupted.
    let interrupt = &mut || match (hooks::get().handle_pending)() {
        Ok(()) => false,
        Err(_raised) => true,
    };
    macro_rules! units {
        ($u:expr) => {
            match mode {
                Mode::Search => m.search(p.program(), $u, start, options, interrupt),
                _ => m.matches(p.program(), $u, start, mode == Mode::Full, options, interrupt),
            }
        };
    }
    let r = match data {
        StrData::Latin1(u) => units!(u),
        StrData::Ucs2(u) => units!(u),
        StrData::Ucs4(u) => units!(u),
    };
    r.map_err(stopped)
}

/// Walks over the matches of a pattern in a subject.
pub struct Walk<'p, 'a> {
    /// The pattern.
    pub pattern: &'p Pattern,
    /// The subject.
    pub subject: Subject<'a>,
    /// Where the subject ends for the pattern.
    pub end: usize,
    /// Where it begins.
    pub pos: usize,
    /// The last match.
    pub matcher: ManuallyDrop<Box<Matcher>>,
    at: usize,
    must_advance: bool,
}

impl<'p, 'a> Walk<'p, 'a> {
    /// Starts at `pos`, both bounds clipped to the subject.
    #[inline]
    pub fn new(pattern: &'p Pattern, string: &'a Object, pos: isize, endpos: isize) -> PyResult<Walk<'p, 'a>> {
        let subject = Subject::for_pattern(pattern, string)?;
        let len = subject.len();
        let clip = |i: isize| usize::try_from(i).unwrap_or(0).min(len);
        let (pos, end) = (clip(pos), clip(endpos));
        Ok(Walk {
            pattern,
            subject,
            end,
            pos,
            matcher: ManuallyDrop::new(pattern.take_matcher()),
            at: pos,
            must_advance: false,
        })
    }

    /// The next match in the given mode.
    #[inline]
    pub fn next(&mut self, mode: Mode) -> PyResult<bool> {
        if self.at > self.end {
            return Ok(false);
        }
        let data = match self.subject.data() {
            d if self.end == d.len() => d,
            d => d.slice(0, self.end),
        };
        if !run(self.pattern, &mut self.matcher, data, self.at, mode, self.must_advance)? {
            return Ok(false);
        }
        self.at = self.matcher.end;
        self.must_advance = self.matcher.start == self.matcher.end;
        Ok(true)
    }

    /// Goes on where an earlier walk stopped.
    pub fn resume(&mut self, at: usize, must_advance: bool) {
        (self.at, self.must_advance) = (at, must_advance);
    }

    /// A part of the subject.
    #[inline]
    pub fn slice(&self, a: usize, b: usize) -> PyResult<Obj> {
        self.subject.slice(a, b)
    }
}

impl Drop for Walk<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the matcher is taken once, here.
        self.pattern.give_matcher(unsafe { ManuallyDrop::take(&mut self.matcher) });
    }
}
