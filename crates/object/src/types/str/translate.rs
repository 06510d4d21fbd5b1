//! `str.maketrans` and `str.translate`.

use super::{Str, StrBuilder};
use crate::error::PyResult;
use crate::header::{Object, Ref};
use crate::types::dict::Dict;
use crate::types::exceptions;
use crate::types::int::Int;
use crate::{bail, method, staticmethod};

/// A translation table for str.translate: from a dict, or from two strings of equal length and perhaps a third of characters to delete.
#[staticmethod(signature = "(x, y=None, z=None, /)", shown = "(x, y=<unrepresentable>, z=<unrepresentable>, /)")]
pub fn maketrans(x: &Object, y: crate::args::Given<&Str>, z: crate::args::Given<&Str>) -> PyResult<Ref<Dict>> {
    let table = Dict::new();
    let Some(y) = y.0 else {
        if !x.is_exact(<Dict as crate::Layout>::type_object()) {
            bail!(TypeError, "if you give only one argument to maketrans it must be a dict");
        }
        for (k, v) in x.cast::<Dict>().pairs() {
            match (k.downcast::<Str>(), k.downcast::<Int>()) {
                (Some(s), _) if s.len() != 1 => bail!(ValueError, "string keys in translatetable must be of length 1"),
                (Some(s), _) => table.set_item(&Int::from_i64(s.char_at(0).into()), &v)?,
                (None, Some(_)) => table.set_item(&k, &v)?,
                _ => bail!(TypeError, "keys in translate table mustbe strings or integers"),
            }
        }
        return Ok(table);
    };
    let Some(x) = x.downcast::<Str>() else {
        bail!(TypeError, "first maketrans argument must be a string if there is a second argument");
    };
    if x.len() != y.len() {
        bail!(ValueError, "the first two maketrans arguments must have equal length");
    }
    for (a, b) in x.chars().zip(y.chars()) {
        table.set_item(&Int::from_i64(a.into()), &Int::from_i64(b.into()))?;
    }
    for c in z.0.iter().flat_map(|z| z.chars()) {
        table.set_item(&Int::from_i64(c.into()), crate::types::none::none())?;
    }
    Ok(table)
}

/// What a table says about a character.
pub(crate) enum Mapped {
    /// Nothing: the character stays.
    Missing,
    /// It goes away.
    Delete,
    /// It becomes another one.
    Char(u32),
    /// It becomes a string.
    Text(Ref<Str>),
}

/// Looks `c` up in a table, as `translate` does.
pub(crate) fn look_up(table: &Object, c: u32) -> PyResult<Mapped> {
    let v = match table.get_item(&Int::from_i64(c.into())) {
        Ok(v) => v,
        Err(e) => return e.recover(exceptions::LookupError, Mapped::Missing),
    };
    if v.is_none() {
        return Ok(Mapped::Delete);
    }
    if let Some(i) = v.downcast::<Int>() {
        return match i.to_i64() {
            Some(n @ 0..=0x10_FFFF) => Ok(Mapped::Char(n as u32)),
            _ => bail!(ValueError, "character mapping must be in range(0x110000)"),
        };
    }
    match v.downcast_into::<Str>() {
        Ok(s) => Ok(Mapped::Text(s)),
        Err(_) => bail!(TypeError, "character mapping must return integer, None or str"),
    }
}

/// The string with each character replaced by what the table maps its number to.
#[method(signature = "(table, /)")]
pub fn translate(this: &Str, table: &Object) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::with_capacity(this.len());
    let mut changed = false;
    // Single characters and deletions below 128 are asked for once.
    const UNKNOWN: u8 = 0xFF;
    const DELETE: u8 = 0xFE;
    let mut seen = [UNKNOWN; 128];
    for c in this.chars() {
        if let Some(&known) = seen.get(c as usize)
            && known != UNKNOWN
        {
            changed |= u32::from(known) != c;
            if known != DELETE {
                out.push_char(known.into());
            }
            continue;
        }
        let mut remember = |to: u8| {
            if let Some(slot) = seen.get_mut(c as usize) {
                *slot = to;
            }
        };
        match look_up(table, c)? {
            Mapped::Missing => {
                remember(c as u8);
                out.push_char(c);
                continue;
            }
            Mapped::Delete => remember(DELETE),
            Mapped::Char(to) => {
                if to < 128 {
                    remember(to as u8);
                }
                out.push_char(to);
            }
            Mapped::Text(s) => out.push_pystr(&s),
        }
        changed = true;
    }
    if changed { Ok(out.finish()) } else { Ok(this.to_exact()) }
}
