//! `Decimal.__format__`.

use super::number::Decimal;
use super::state;
use taipan_numeric::decimal::{self as dec, Dec, Round};
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::{Object, PyResult, bail};

/// A format specification.
struct Spec {
    fill: u32,
    align: u8,
    sign: u8,
    no_neg_0: bool,
    alternate: bool,
    zeropad: bool,
    width: usize,
    precision: Option<i64>,
    ty: u8,
    point: Vec<u32>,
    sep: Vec<u32>,
    grouping: Vec<u8>,
    frac_sep: Option<u32>,
}

#[cold]
fn invalid<T>() -> PyResult<T> {
    bail!(ValueError, "invalid format string")
}

struct Reader {
    s: Vec<u32>,
    at: usize,
}

impl Reader {
    fn peek(&self, i: usize) -> Option<u32> {
        self.s.get(self.at + i).copied()
    }

    fn take(&mut self, set: &[u8]) -> Option<u8> {
        let c = u8::try_from(self.peek(0)?).ok()?;
        if !set.contains(&c) {
            return None;
        }
        self.at += 1;
        Some(c)
    }

    fn number(&mut self) -> PyResult<Option<i64>> {
        let mut n: Option<i64> = None;
        while let Some(c) = self.take(b"0123456789") {
            let v = n.unwrap_or(0).saturating_mul(10).saturating_add(i64::from(c - b'0'));
            n = Some(v);
        }
        if n.is_some_and(|n| n > 1 << 40) {
            bail!(ValueError, "format specification exceeds internal limits of _decimal");
        }
        Ok(n)
    }
}

fn parse(s: &Str, capitals: bool) -> PyResult<Spec> {
    let mut r = Reader { s: (0..s.len()).map(|i| s.char_at(i)).collect(), at: 0 };
    let is_align = |c: Option<u32>| c.and_then(|c| u8::try_from(c).ok()).filter(|c| b"<>=^".contains(c));
    let (mut fill, mut align) = (None, None);
    if let Some(a) = is_align(r.peek(1)) {
        (fill, align) = (r.peek(0), Some(a));
        r.at = 2;
    } else if let Some(a) = is_align(r.peek(0)) {
        align = Some(a);
        r.at = 1;
    }
    let sign = r.take(b"+- ").unwrap_or(b'-');
    let no_neg_0 = r.take(b"z").is_some();
    let alternate = r.take(b"#").is_some();
    let zeropad = r.take(b"0").is_some();
    if zeropad && (fill.is_some() || align.is_some()) {
        return invalid();
    }
    let width = r.number()?.unwrap_or(0) as usize;
    let mut sep = r.take(b",_");
    let mut precision = None;
    let mut frac_sep = None;
    if r.take(b".").is_some() {
        precision = r.number()?;
        frac_sep = r.take(b",_");
        if precision.is_none() && frac_sep.is_none() {
            return invalid();
        }
    }
    let mut ty = r.take(b"eEfFgGnN%").unwrap_or(0);
    if r.at != r.s.len() {
        return invalid();
    }
    let upper = ty == b'N';
    if upper {
        (taipan_object::hooks::get().warn)(
            exceptions::DeprecationWarning,
            "Format specifier 'N' is deprecated and slated for removal in Python 3.18",
            1,
        )?;
        ty = b'n';
    }
    let plain = ty == 0;
    if precision == Some(0) && matches!(ty, 0 | b'g' | b'G' | b'n') {
        precision = Some(1);
    }
    let mut spec = Spec {
        fill: fill.unwrap_or(u32::from(if zeropad { b'0' } else { b' ' })),
        align: align.unwrap_or(if zeropad { b'=' } else { b'>' }),
        sign,
        no_neg_0,
        alternate,
        zeropad,
        width,
        precision,
        ty,
        point: vec![u32::from(b'.')],
        sep: Vec::new(),
        grouping: Vec::new(),
        frac_sep: frac_sep.map(u32::from),
    };
    if ty == b'n' {
        if sep.is_some() {
            return invalid();
        }
        let conv = (taipan_object::hooks::get().import)("_locale")?.call_method_str("localeconv", &[])?;
        if let Some(d) = conv.downcast::<Dict>() {
            let chars = |k: &str| -> PyResult<Vec<u32>> {
                let v = d.get_str(k)?;
                Ok(v.as_ref()
                    .and_then(|v| v.downcast::<Str>())
                    .map_or_else(Vec::new, |s| (0..s.len()).map(|i| s.char_at(i)).collect()))
            };
            spec.point = chars("decimal_point")?;
            spec.sep = chars("thousands_sep")?;
            if let Some(g) = d.get_str("grouping")? {
                for x in g.to_list()?.snapshot() {
                    let n = x.downcast::<Int>().and_then(Int::to_i64).unwrap_or(0);
                    spec.grouping.push(n.clamp(0, 255) as u8);
                }
            }
        }
        ty = if upper { b'G' } else { b'g' };
        sep = None;
    }
    if let Some(c) = sep {
        spec.sep = vec![u32::from(c)];
        spec.grouping = vec![3, 0];
    }
    if plain {
        ty = if capitals { b'G' } else { b'g' };
    }
    spec.ty = ty;
    Ok(spec)
}

/// What the dict that replaces the locale says.
fn apply_override(spec: &mut Spec, o: &Object) -> PyResult<()> {
    let Some(d) = o.downcast::<Dict>() else { bail!(TypeError, "optional argument must be a dict") };
    let get = |k: &str| -> PyResult<Option<Vec<u32>>> {
        let Some(v) = d.get_str(k)? else { return Ok(None) };
        let Some(s) = v.downcast::<Str>() else { bail!(ValueError, "invalid override dict") };
        Ok(Some((0..s.len()).map(|i| s.char_at(i)).collect()))
    };
    let size = |v: &[u32]| v.iter().map(|c| char::from_u32(*c).map_or(3, char::len_utf8)).sum::<usize>();
    if let Some(p) = get("decimal_point")? {
        if p.is_empty() || size(&p) > 4 {
            bail!(ValueError, "invalid override dict");
        }
        spec.point = p;
    }
    if let Some(p) = get("thousands_sep")? {
        if size(&p) > 4 {
            bail!(ValueError, "invalid override dict");
        }
        spec.sep = p;
    }
    if let Some(g) = get("grouping")? {
        if g.iter().any(|c| *c > 127) {
            bail!(ValueError, "invalid override dict");
        }
        spec.grouping = g.iter().map(|c| *c as u8).collect();
    }
    Ok(())
}

/// The digits before the point in groups, with zeros up to a width.
fn grouped(digits: &[u8], spec: &Spec, min_width: i64) -> Vec<u32> {
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut left = digits;
    let mut min = min_width;
    let mut sizes = spec.grouping.iter().copied();
    let mut size = 0usize;
    let mut repeat = false;
    loop {
        if !repeat {
            match sizes.next() {
                None | Some(127) => size = 0,
                Some(0) if size > 0 => repeat = true,
                Some(n) => size = usize::from(n),
            }
        }
        let all = left.len().max(min.max(0) as usize).max(1);
        let n = if size == 0 { all } else { all.min(size) };
        let from = left.len().saturating_sub(n);
        let mut g = vec![u32::from(b'0'); n - (left.len() - from)];
        g.extend(left[from..].iter().map(|c| u32::from(*c)));
        groups.push(g);
        left = &left[..from];
        min -= n as i64;
        if size == 0 || left.is_empty() && min <= 0 {
            break;
        }
        min -= spec.sep.len() as i64;
    }
    let mut out = Vec::new();
    for (i, g) in groups.iter().rev().enumerate() {
        if i > 0 {
            out.extend_from_slice(&spec.sep);
        }
        out.extend_from_slice(g);
    }
    out
}

/// Rounded to so many digits.
fn to_places(d: Dec, places: i64, round: Round) -> Dec {
    if d.is_zero() {
        return d;
    }
    let mut st = 0;
    let r = dec::rescale(&d, d.adjusted() + 1 - places, round, &mut st);
    if r.adjusted() != d.adjusted() {
        return dec::rescale(&r, r.adjusted() + 1 - places, round, &mut st);
    }
    r
}

fn aligned(sign: &[u32], body: &[u32], spec: &Spec) -> PyResult {
    let missing = spec.width.saturating_sub(sign.len() + body.len());
    let mut b = StrBuilder::new();
    let (before, between, after) = match spec.align {
        b'<' => (0, 0, missing),
        b'=' => (0, missing, 0),
        b'^' => (missing / 2, 0, missing - missing / 2),
        _ => (missing, 0, 0),
    };
    b.push_repeated(spec.fill, before)?;
    for c in sign {
        b.push_char(*c);
    }
    b.push_repeated(spec.fill, between)?;
    for c in body {
        b.push_char(*c);
    }
    b.push_repeated(spec.fill, after)?;
    Ok(b.finish().into_obj())
}

/// `__format__`.
pub fn format(this: &Decimal, spec: &Object, override_: Option<&Object>) -> PyResult {
    let Some(s) = spec.downcast::<Str>() else { bail!(TypeError, "format arg must be str") };
    let cx = state::current()?;
    let mut spec = parse(s, cx.capitals())?;
    if let Some(o) = override_ {
        apply_override(&mut spec, o)?;
    }
    let mut d = this.dec().clone();
    let sign_of = |neg: bool, spec: &Spec| match (neg, spec.sign) {
        (true, _) => vec![u32::from(b'-')],
        (false, b'-') => Vec::new(),
        (false, c) => vec![u32::from(c)],
    };
    if d.is_special() {
        let sign = sign_of(d.neg, &spec);
        let mut body = dec::to_text(&d.with_sign(false), true, false);
        if spec.ty == b'%' {
            body.push(b'%');
        }
        if spec.zeropad {
            spec.fill = u32::from(b' ');
            spec.align = b'>';
        }
        let body: Vec<u32> = body.into_iter().map(u32::from).collect();
        return aligned(&sign, &body, &spec);
    }
    if spec.ty == b'%' {
        d.exp += 2;
    }
    let round = cx.ctx().round;
    let fixed = matches!(spec.ty, b'f' | b'F' | b'%');
    let scientific = matches!(spec.ty, b'e' | b'E');
    let mut st = 0;
    if let Some(p) = spec.precision {
        if scientific {
            d = to_places(d, p + 1, round);
        } else if fixed {
            d = dec::rescale(&d, -p, round, &mut st);
        } else if d.digits() > p {
            d = to_places(d, p, round);
        }
    }
    if d.is_zero() && d.exp > 0 && fixed {
        d.exp = 0;
    }
    if d.is_special() {
        return Err(taipan_object::error::no_memory());
    }
    if d.is_zero() && spec.no_neg_0 {
        d.neg = false;
    }
    let mut digits = Vec::new();
    d.coeff.to_digits(&mut digits);
    let n = digits.len() as i64;
    let left = d.exp + n;
    let dot = if scientific {
        if d.is_zero() { 1 - spec.precision.unwrap_or(0) } else { 1 }
    } else if fixed || d.exp <= 0 && left > -6 {
        left
    } else {
        1
    };
    if dec::too_long(dot.abs()) {
        return Err(taipan_object::error::no_memory());
    }
    let (whole, fraction): (Vec<u8>, Vec<u8>) = if dot < 0 {
        let mut f = vec![b'0'; dot.unsigned_abs() as usize];
        f.extend_from_slice(&digits);
        (vec![b'0'], f)
    } else if dot > n {
        let mut w = digits.clone();
        w.resize(dot as usize, b'0');
        (w, Vec::new())
    } else {
        let (w, f) = digits.split_at(dot as usize);
        (if w.is_empty() { vec![b'0'] } else { w.to_vec() }, f.to_vec())
    };
    let exp = left - dot;
    let mut tail: Vec<u32> = Vec::new();
    if !fraction.is_empty() || spec.alternate {
        tail.extend_from_slice(&spec.point);
    }
    for (i, c) in fraction.iter().enumerate() {
        if i > 0
            && i % 3 == 0
            && let Some(s) = spec.frac_sep
        {
            tail.push(s);
        }
        tail.push(u32::from(*c));
    }
    if exp != 0 || scientific {
        let e = if matches!(spec.ty, b'E' | b'G') { 'E' } else { 'e' };
        tail.extend(format!("{e}{exp:+}").chars().map(u32::from));
    }
    if spec.ty == b'%' {
        tail.push(u32::from(b'%'));
    }
    let sign = sign_of(d.neg, &spec);
    let min = if spec.zeropad { spec.width as i64 - (tail.len() + sign.len()) as i64 } else { 0 };
    let mut body = grouped(&whole, &spec, min);
    body.extend_from_slice(&tail);
    aligned(&sign, &body, &spec)
}
