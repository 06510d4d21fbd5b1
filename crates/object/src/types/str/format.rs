//! `str.format`: the replacement fields of PEP 3101, `str.__format__`, and the two parsers that `string.Formatter` uses.

use super::{Str, StrBuilder, chars};
use crate::args::KwArgs;
use crate::error::PyResult;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::typeobj::{Type, TypeDef};
use crate::types::int::Int;
use crate::types::tuple::Tuple;
use crate::types::{bool_, none};
use crate::{bail, layout, method, raise};
use std::cell::Cell;
use taipan_numeric::format::{Align, Sink, Spec, SpecError};

impl Sink for StrBuilder {
    fn fill(&mut self, c: u32, n: usize) {
        // Formatters reserve the width beforehand; without memory nothing is written and the reservation has raised.
        let _ = self.push_repeated(c, n);
    }
    fn ascii(&mut self, s: &[u8]) {
        self.push_latin1(s);
    }
    fn text(&mut self, s: &[u32]) {
        s.iter().for_each(|&c| self.push_char(c));
    }
}

/// The exception for a specification that does not fit a value of type `type_name`.
#[cold]
pub fn spec_error(e: SpecError, spec: &Str, type_name: &str) -> crate::Raised {
    match e {
        SpecError::Invalid => {
            raise!(ValueError, "Invalid format specifier '{}' for object of type '{type_name}'", spec.display())
        }
        SpecError::Value(text) => raise!(ValueError, "{text}"),
        SpecError::Overflow(text) => raise!(OverflowError, "{text}"),
    }
}

impl Str {
    /// Parses this string as the format specification of a value of type `type_name`.
    pub fn parse_spec(&self, default_type: Option<u8>, default_align: Align, type_name: &str) -> PyResult<Spec> {
        let text: Vec<u32> = self.chars().collect();
        Spec::parse(&text, default_type, default_align, chars::decimal).map_err(|e| spec_error(e, self, type_name))
    }
}

/// The string laid out by a format specification.
#[method(signature = "(format_spec, /)")]
pub fn __format__(this: &Str, format_spec: &Str) -> PyResult<Ref<Str>> {
    if format_spec.is_empty() {
        return this.str();
    }
    let name = this.ty().name_str();
    let spec = format_spec.parse_spec(Some(b's'), Align::Left, name)?;
    let l = spec.str_layout(this.len()).map_err(|e| spec_error(e, format_spec, name))?;
    if l.take == this.len() {
        this.padded(l.left, l.right, l.fill)
    } else {
        this.substring(0, l.take).padded(l.left, l.right, l.fill)
    }
}

/// A piece of a format string: literal text and perhaps a replacement field. Ranges are of characters.
#[derive(Debug)]
struct Piece {
    literal: (usize, usize),
    field: Option<Field>,
}

#[derive(Debug)]
struct Field {
    name: (usize, usize),
    conversion: Option<u32>,
    spec: (usize, usize),
    /// The specification has replacement fields of its own.
    nested: bool,
}

const OPEN: u32 = b'{' as u32;
const CLOSE: u32 = b'}' as u32;

/// Reads the next piece of `s` from `*pos` on, which ends at `end`. `None` at the end.
fn next_piece(s: &Str, pos: &mut usize, end: usize) -> PyResult<Option<Piece>> {
    if *pos >= end {
        return Ok(None);
    }
    let start = *pos;
    let brace = (start..end).find(|&i| matches!(s.char_at(i), OPEN | CLOSE));
    let Some(i) = brace else {
        *pos = end;
        return Ok(Some(Piece { literal: (start, end), field: None }));
    };
    let c = s.char_at(i);
    let doubled = i + 1 < end && s.char_at(i + 1) == c;
    if c == CLOSE && !doubled {
        bail!(ValueError, "Single '}}' encountered in format string");
    }
    if i + 1 >= end {
        bail!(ValueError, "Single '{{' encountered in format string");
    }
    if doubled {
        *pos = i + 2;
        return Ok(Some(Piece { literal: (start, i + 1), field: None }));
    }
    *pos = i + 1;
    let field = read_field(s, pos, end)?;
    Ok(Some(Piece { literal: (start, i), field: Some(field) }))
}

fn read_field(s: &Str, pos: &mut usize, end: usize) -> PyResult<Field> {
    let name_start = *pos;
    let mut last = 0;
    while *pos < end {
        last = s.char_at(*pos);
        *pos += 1;
        match last {
            OPEN => bail!(ValueError, "unexpected '{{' in field name"),
            0x5B => {
                // Inside brackets everything up to the closing one belongs to the name.
                while *pos < end && s.char_at(*pos) != u32::from(b']') {
                    *pos += 1;
                }
            }
            CLOSE | 0x3A | 0x21 => break,
            _ => {}
        }
    }
    let name = (name_start, (*pos - 1).max(name_start));
    let mut field = Field { name, conversion: None, spec: (*pos, *pos), nested: false };
    match last {
        CLOSE => return Ok(field),
        0x3A => {}
        0x21 => {
            if *pos >= end {
                bail!(ValueError, "end of string while looking for conversion specifier");
            }
            field.conversion = Some(s.char_at(*pos));
            *pos += 1;
            if *pos < end {
                let c = s.char_at(*pos);
                *pos += 1;
                match c {
                    CLOSE => return Ok(field),
                    0x3A => {}
                    _ => bail!(ValueError, "expected ':' after conversion specifier"),
                }
            }
        }
        _ => bail!(ValueError, "expected '}}' before end of string"),
    }
    let spec_start = *pos;
    let mut depth = 1;
    while *pos < end {
        match s.char_at(*pos) {
            OPEN => {
                field.nested = true;
                depth += 1;
            }
            CLOSE => {
                depth -= 1;
                if depth == 0 {
                    field.spec = (spec_start, *pos);
                    *pos += 1;
                    return Ok(field);
                }
            }
            _ => {}
        }
        *pos += 1;
    }
    bail!(ValueError, "unmatched '{{' in format spec")
}

/// Text of digits as an index; `None` when it is no number.
fn as_index(s: &Str, (a, b): (usize, usize)) -> PyResult<Option<isize>> {
    if a >= b {
        return Ok(None);
    }
    let mut n = 0isize;
    for i in a..b {
        let Some(d) = chars::decimal(s.char_at(i)) else { return Ok(None) };
        match n.checked_mul(10).and_then(|n| n.checked_add(d as isize)) {
            Some(m) => n = m,
            None => bail!(ValueError, "Too many decimal digits in format string"),
        }
    }
    Ok(Some(n))
}

/// One step of a field name after its first part.
enum Step {
    Attribute((usize, usize)),
    Item((usize, usize), Option<isize>),
}

/// Where the first part of the name `s[a..b]` ends.
fn first_end(s: &Str, (a, b): (usize, usize)) -> usize {
    (a..b).find(|&i| matches!(s.char_at(i), 0x2E | 0x5B)).unwrap_or(b)
}

fn next_step(s: &Str, pos: &mut usize, end: usize) -> PyResult<Option<Step>> {
    if *pos >= end {
        return Ok(None);
    }
    let mark = s.char_at(*pos);
    *pos += 1;
    let start = *pos;
    let step = match mark {
        0x2E => {
            *pos = first_end(s, (start, end));
            Step::Attribute((start, *pos))
        }
        0x5B => {
            while *pos < end && s.char_at(*pos) != u32::from(b']') {
                *pos += 1;
            }
            if *pos >= end {
                bail!(ValueError, "Missing ']' in format string");
            }
            let name = (start, *pos);
            *pos += 1;
            Step::Item(name, as_index(s, name)?)
        }
        _ => bail!(ValueError, "Only '.' or '[' may follow ']' in format field specifier"),
    };
    match step {
        Step::Attribute((a, b)) | Step::Item((a, b), _) if a == b => {
            bail!(ValueError, "Empty attribute in format string")
        }
        step => Ok(Some(step)),
    }
}

/// Whether fields are numbered by the string or by hand.
#[derive(PartialEq, Clone, Copy)]
enum Numbering {
    Unknown,
    Automatic,
    Manual,
}

/// Where fields find their values.
enum Source<'a> {
    Call(&'a [&'a Object], KwArgs<'a>),
    Mapping(&'a Object),
}

struct Formatter<'a> {
    source: Source<'a>,
    numbering: Numbering,
    next: isize,
}

impl Formatter<'_> {
    fn run(&mut self, out: &mut StrBuilder, s: &Str, (start, end): (usize, usize), depth: u32) -> PyResult<()> {
        if depth == 0 {
            bail!(ValueError, "Max string recursion exceeded");
        }
        let mut pos = start;
        while let Some(piece) = next_piece(s, &mut pos, end)? {
            out.push_substring(s, piece.literal.0, piece.literal.1);
            let Some(f) = piece.field else { continue };
            let mut value = self.value(s, f.name)?;
            if let Some(c) = f.conversion {
                value = match c {
                    0x72 => value.repr()?,
                    0x73 => value.str()?,
                    0x61 => value.ascii()?,
                    0x21..0x7F => {
                        bail!(ValueError, "Unknown conversion specifier {}", c as u8 as char)
                    }
                    _ => bail!(ValueError, "Unknown conversion specifier \\x{c:x}"),
                }
                .into_obj();
            }
            let text = if f.nested {
                let mut inner = StrBuilder::new();
                self.run(&mut inner, s, f.spec, depth - 1)?;
                value.format(&inner.finish())?
            } else if f.spec.0 == f.spec.1 && value.is_exact(&super::PyUnicode_Type) {
                value
            } else {
                value.format(&s.substring(f.spec.0, f.spec.1))?
            };
            out.push_pystr(text.cast());
        }
        Ok(())
    }

    fn value(&mut self, s: &Str, name: (usize, usize)) -> PyResult {
        let mut pos = first_end(s, name);
        let first = (name.0, pos);
        let empty = first.0 == first.1;
        let mut index = as_index(s, first)?;
        if empty || index.is_some() {
            let wanted = if empty { Numbering::Automatic } else { Numbering::Manual };
            if self.numbering == Numbering::Unknown {
                self.numbering = wanted;
            } else if self.numbering != wanted {
                if wanted == Numbering::Automatic {
                    bail!(ValueError, "cannot switch from manual field specification to automatic field numbering");
                }
                bail!(ValueError, "cannot switch from automatic field numbering to manual field specification");
            }
            if empty {
                index = Some(self.next);
                self.next += 1;
            }
        }
        let mut value = match (index, &self.source) {
            (Some(i), Source::Call(args, _)) => match args.get(i as usize) {
                Some(o) => o.to_obj(),
                None => bail!(IndexError, "Replacement index {i} out of range for positional args tuple"),
            },
            (Some(_), Source::Mapping(_)) => bail!(ValueError, "Format string contains positional fields"),
            (None, Source::Call(_, kwargs)) => {
                let key = s.substring(first.0, first.1);
                match kwargs.iter().find(|(k, _)| k.eq(&key)) {
                    Some((_, v)) => v.to_obj(),
                    None => {
                        return Err(crate::error::raise_arg(crate::types::exceptions::KeyError, key.into_obj()));
                    }
                }
            }
            (None, Source::Mapping(m)) => m.get_item(&s.substring(first.0, first.1))?,
        };
        while let Some(step) = next_step(s, &mut pos, name.1)? {
            value = match step {
                Step::Attribute((a, b)) => value.get_attr(&s.substring(a, b))?,
                Step::Item(_, Some(i)) => value.get_item(&Int::from_i64(i as i64))?,
                Step::Item((a, b), None) => value.get_item(&s.substring(a, b))?,
            };
        }
        Ok(value)
    }
}

fn run(this: &Str, source: Source<'_>) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::with_capacity(this.len() + 16);
    let mut f = Formatter { source, numbering: Numbering::Unknown, next: 0 };
    f.run(&mut out, this, (0, this.len()), 2)?;
    Ok(out.finish())
}

/// The string with its replacement fields filled in from the arguments.
#[method(signature = "(*args, **kwargs)")]
pub fn format(this: &Str, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<Ref<Str>> {
    run(this, Source::Call(args, kwargs))
}

/// The string with its replacement fields filled in from a mapping.
#[method(signature = "(mapping, /)")]
pub fn format_map(this: &Str, mapping: &Object) -> PyResult<Ref<Str>> {
    run(this, Source::Mapping(mapping))
}

/// Reads a format string piece by piece, or a field name step by step.
#[repr(C)]
pub struct Pieces {
    /// The head.
    pub ob_base: Object,
    text: ObjCell,
    pos: Cell<usize>,
}

/// See [`Pieces`].
#[repr(C)]
pub struct Steps(Pieces);

layout!(Pieces, FormatterIterator_Type);
layout!(Steps, FieldNameIterator_Type);

fn state(o: &Object) -> Option<(&Str, &Cell<usize>)> {
    // SAFETY: both iterator types of this file are laid out as `Pieces`.
    let it: &Pieces = unsafe { o.cast_unchecked() };
    Some((it.text.get()?.cast(), &it.pos))
}

extern "C" fn next_parsed(o: &Object) -> Option<Obj> {
    let (s, pos) = state(o)?;
    let mut p = pos.get();
    let piece = next_piece(s, &mut p, s.len());
    pos.set(p);
    let piece = piece.ok()??;
    let text = |(a, b): (usize, usize)| s.substring(a, b).into_obj();
    let none = || none::none().to_obj();
    let literal = text(piece.literal);
    Some(
        match piece.field {
            None => Tuple::from_vec(vec![literal, none(), none(), none()]),
            Some(f) => {
                let conversion = f.conversion.map_or_else(none, |c| Str::from_char(c).into_obj());
                Tuple::from_vec(vec![literal, text(f.name), text(f.spec), conversion])
            }
        }
        .into_obj(),
    )
}

extern "C" fn next_name_step(o: &Object) -> Option<Obj> {
    let (s, pos) = state(o)?;
    let mut p = pos.get();
    let step = next_step(s, &mut p, s.len());
    pos.set(p);
    let (is_attribute, what) = match step.ok()?? {
        Step::Attribute((a, b)) => (true, s.substring(a, b).into_obj()),
        Step::Item((a, b), None) => (false, s.substring(a, b).into_obj()),
        Step::Item(_, Some(i)) => (false, Int::from_i64(i as i64).into_obj()),
    };
    Some(Tuple::from_vec(vec![bool_::from_bool(is_attribute), what]).into_obj())
}

/// `_string.formatter_parser`: the pieces of a format string as (literal, field name, specification, conversion).
pub fn formatter_parser(s: &Object) -> PyResult {
    let Some(text) = s.downcast::<Str>() else { bail!(TypeError, "expected str, got {}", s.ty().name_str()) };
    let body = Pieces { ob_base: Object::placeholder(), text: ObjCell::new(text.to_obj()), pos: Cell::new(0) };
    Ok(crate::alloc::new_object(body).into_obj())
}

/// `_string.formatter_field_name_split`: the first part of a field name, and the steps after it.
pub fn formatter_field_name_split(s: &Object) -> PyResult {
    let Some(text) = s.downcast::<Str>() else { bail!(TypeError, "expected str, got {}", s.ty().name_str()) };
    let end = first_end(text, (0, text.len()));
    let first = match as_index(text, (0, end))? {
        Some(i) => Int::from_i64(i as i64).into_obj(),
        None => text.substring(0, end).into_obj(),
    };
    let body = Pieces { ob_base: Object::placeholder(), text: ObjCell::new(text.to_obj()), pos: Cell::new(end) };
    let steps = crate::alloc::new_object(Steps(body));
    Ok(Tuple::from_vec(vec![first, steps.into_obj()]).into_obj())
}

/// The iterator that `_string.formatter_parser` makes.
pub static FormatterIterator_Type: Type = Type::new_static(TypeDef {
    name: c"formatteriterator",
    basicsize: size_of::<Pieces>(),
    dealloc: Some(crate::alloc::dealloc_of::<Pieces>),
    iter: Some(super::iter::self_iter),
    iternext: Some(next_parsed),
    ..TypeDef::EMPTY
});

/// The iterator that `_string.formatter_field_name_split` makes.
pub static FieldNameIterator_Type: Type = Type::new_static(TypeDef {
    name: c"fieldnameiterator",
    basicsize: size_of::<Pieces>(),
    dealloc: Some(crate::alloc::dealloc_of::<Steps>),
    iter: Some(super::iter::self_iter),
    iternext: Some(next_name_step),
    ..TypeDef::EMPTY
});
