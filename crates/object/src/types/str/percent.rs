//! The `%` operator of `str` and of `bytes`.

use super::{Str, StrBuilder, StrData};
use crate::error::PyResult;
use crate::header::{Obj, Object, Ref};
use crate::protocol::number;
use crate::thread::Interp;
use crate::types::bytearray::ByteArray;
use crate::types::bytes::Bytes;
use crate::types::exceptions;
use crate::types::float::Float;
use crate::types::int::Int;
use crate::types::tuple::Tuple;
use crate::{bail, buffer, intern, raise};
use taipan_numeric::format::Sink;
use taipan_numeric::format::number::MAX_PRECISION;
use taipan_numeric::format::percent::{self, Amount, Conversion};

/// The values on the right of `%`, handed out one by one.
struct Values<'a> {
    all: &'a Object,
    /// The values one after the other, when `all` is a tuple.
    tuple: Option<&'a Tuple>,
    /// Whether keys may be looked up.
    mapping: bool,
    next: usize,
    /// The value of the key of the conversion being done, which it may take once.
    keyed: Option<Option<Obj>>,
}

impl<'a> Values<'a> {
    fn new(all: &'a Object, is_text: impl Fn(&Object) -> bool) -> Values<'a> {
        let tuple = all.downcast::<Tuple>();
        Values { all, tuple, mapping: tuple.is_none() && all.is_mapping() && !is_text(all), next: 0, keyed: None }
    }

    fn take(&mut self) -> PyResult {
        if let Some(k) = &mut self.keyed {
            if let Some(v) = k.take() {
                return Ok(v);
            }
        } else {
            let i = self.next;
            match self.tuple {
                Some(t) if i < t.len() => {
                    self.next += 1;
                    return Ok(t.item(i).to_obj());
                }
                None if i == 0 => {
                    self.next += 1;
                    return Ok(self.all.to_obj());
                }
                _ => {}
            }
        }
        bail!(TypeError, "not enough arguments for format string")
    }

    /// A conversion that begins with a key (its first character tells) needs a mapping.
    fn check_key(&self, first: Option<u32>) -> PyResult<()> {
        if first == Some(u32::from(b'(')) && !self.mapping {
            bail!(TypeError, "format requires a mapping");
        }
        Ok(())
    }

    fn look_up(&mut self, key: &Object) -> PyResult<()> {
        self.keyed = Some(Some(self.all.get_item(key)?));
        Ok(())
    }

    fn finish(&self, what: &str) -> PyResult<()> {
        let left = match self.tuple {
            Some(t) => self.next < t.len(),
            None => self.next == 0 && self.keyed.is_none(),
        };
        if left && !self.mapping {
            bail!(TypeError, "not all arguments converted during {what} formatting");
        }
        Ok(())
    }

    /// The width, the precision and what a `*` among them changes in the flags.
    fn amounts(&mut self, c: &mut Conversion) -> PyResult<(usize, Option<usize>)> {
        let star = |values: &mut Self| -> PyResult<i64> {
            let v = values.take()?;
            let Some(i) = v.downcast::<Int>() else { bail!(TypeError, "* wants int") };
            i.to_i64().ok_or_else(|| raise!(OverflowError, "Python int too large to convert to C ssize_t"))
        };
        let width = match c.width {
            Amount::None => 0,
            Amount::Value(n) => n,
            Amount::Star => {
                let n = star(self)?;
                c.flags.left |= n < 0;
                n.unsigned_abs() as usize
            }
        };
        let precision = match c.precision {
            Amount::None => None,
            Amount::Value(n) => Some(n),
            Amount::Star => {
                let n = star(self)?;
                if n != n as i32 as i64 {
                    bail!(OverflowError, "Python int too large to convert to C int");
                }
                Some(n.max(0) as usize)
            }
        };
        Ok((width, precision))
    }
}

/// Writes a number by `d i u o x X e E f F g G`. False when the type is none of those.
fn put_number(
    out: &mut dyn Sink,
    v: &Object,
    ty: u8,
    c: &Conversion,
    width: usize,
    precision: Option<usize>,
) -> PyResult<bool> {
    match ty {
        b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => {
            let i = to_int(v, ty)?;
            if matches!(ty, b'd' | b'i' | b'u') {
                check_digits(&i)?;
            }
            if precision.is_some_and(|p| p > i32::MAX as usize - 3) {
                bail!(OverflowError, "precision too large");
            }
            let mut body = Vec::new();
            let prefix = percent::int_body(&mut body, i.digits(), ty, precision, c.flags.alt);
            percent::write_number(out, i.is_negative(), &body, prefix, c.flags, width);
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            let x = match v.downcast::<Float>() {
                Some(f) => f.value(),
                None => v.to_f64()?,
            };
            if precision.is_some_and(|p| p > MAX_PRECISION) {
                bail!(ValueError, "precision too big");
            }
            percent::write_float(out, x, ty, precision, c.flags, width);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Raises when the decimal text of `i` would be longer than `sys.set_int_max_str_digits` allows.
fn check_digits(i: &Int) -> PyResult<()> {
    let limit = Interp::current().int_max_str_digits.get();
    let n = i.digits().len();
    // 30 bits are a little more than nine decimal digits.
    if limit > 0 && n > 9 * limit as usize / 10 / 9 && n as f64 * 9.0309 > f64::from(limit) + 9.0 {
        bail!(
            ValueError,
            "Exceeds the limit ({limit} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit"
        );
    }
    Ok(())
}

fn to_int(v: &Object, ty: u8) -> PyResult<Ref<Int>> {
    if let Some(i) = v.downcast::<Int>() {
        return Ok(Ref::from_borrowed(i));
    }
    let hex = matches!(ty, b'o' | b'x' | b'X');
    let is_number =
        v.ty().number().is_some_and(|n| n.index.get().is_some() || n.int.get().is_some() || n.float.get().is_some());
    if is_number {
        match if hex { number::index(v) } else { number::to_int(v) } {
            Ok(i) => return Ok(i),
            Err(e) if e.matches(exceptions::TypeError) => e.clear(),
            Err(e) => return Err(e),
        }
    }
    let wanted = if hex { "an integer" } else { "a real number" };
    bail!(TypeError, "%{} format: {wanted} is required, not {}", ty as char, v.ty().name_str())
}

/// `format % values` for text.
pub fn format(format: &Str, values: &Object) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::with_capacity(format.len() + 16);
    let mut values = Values::new(values, |o| o.downcast::<Str>().is_some());
    let n = format.len();
    let mut pos = 0;
    while pos < n {
        let Some(i) = find_percent(format.data(), pos) else {
            out.push_substring(format, pos, n);
            break;
        };
        out.push_substring(format, pos, i);
        values.check_key((i + 1 < n).then(|| format.char_at(i + 1)))?;
        let mut c = match format.data() {
            StrData::Latin1(u) => percent::parse(u, i + 1),
            StrData::Ucs2(u) => percent::parse(u, i + 1),
            StrData::Ucs4(u) => percent::parse(u, i + 1),
        }
        .map_err(|e| raise!(ValueError, "{}", e.message()))?;
        pos = c.end;
        if let Some((a, b)) = c.key {
            values.look_up(&format.substring(a, b))?;
        }
        let (width, precision) = values.amounts(&mut c)?;
        if c.ty == u32::from(b'%') {
            out.push('%');
            continue;
        }
        let ty = u8::try_from(c.ty).unwrap_or(0);
        let v = values.take()?;
        let text = match ty {
            b's' => v.str()?,
            b'r' => v.repr()?,
            b'a' => v.ascii()?,
            b'c' => one_char(&v)?,
            _ => {
                out.try_reserve(width)?;
                if !put_number(&mut out, &v, ty, &c, width, precision)? {
                    bail!(ValueError, "{}", percent::unsupported(c.ty, c.ty_index));
                }
                continue;
            }
        };
        let take = if ty == b'c' { 1 } else { precision.map_or(text.len(), |p| p.min(text.len())) };
        let (left, right) = percent::text_padding(take, c.flags, width);
        out.push_repeated(u32::from(b' '), left)?;
        out.push_substring(&text, 0, take);
        out.push_repeated(u32::from(b' '), right)?;
    }
    values.finish("string")?;
    Ok(out.finish())
}

fn find_percent(d: StrData<'_>, from: usize) -> Option<usize> {
    use super::unit::Unit;
    match d {
        StrData::Latin1(u) => b'%'.find_in(&u[from..]),
        StrData::Ucs2(u) => u16::from(b'%').find_in(&u[from..]),
        StrData::Ucs4(u) => u32::from(b'%').find_in(&u[from..]),
    }
    .map(|i| from + i)
}

fn one_char(v: &Object) -> PyResult<Ref<Str>> {
    if let Some(s) = v.downcast::<Str>() {
        if s.len() == 1 {
            return Ok(Ref::from_borrowed(s));
        }
        bail!(TypeError, "%c requires an int or a unicode character, not a string of length {}", s.len());
    }
    let i = match number::index(v) {
        Ok(i) => i,
        Err(e) if e.matches(exceptions::TypeError) => {
            e.clear();
            let class = crate::protocol::repr::fully_qualified_name(v.ty())?;
            bail!(TypeError, "%c requires an int or a unicode character, not {class}")
        }
        Err(e) => return Err(e),
    };
    match i.to_i64() {
        Some(n @ 0..=0x10_FFFF) => Ok(Str::from_char(n as u32)),
        _ => bail!(OverflowError, "%c arg not in range(0x110000)"),
    }
}

/// `format % values` for bytes.
pub fn format_bytes(format: &[u8], values: &Object) -> PyResult<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(format.len() + 16);
    let mut values = Values::new(values, |o| {
        o.downcast::<Bytes>().is_some() || o.downcast::<ByteArray>().is_some() || o.downcast::<Str>().is_some()
    });
    let mut pos = 0;
    while let Some(i) = memchr::memchr(b'%', &format[pos..]).map(|i| pos + i) {
        out.extend_from_slice(&format[pos..i]);
        values.check_key(format.get(i + 1).map(|&c| c.into()))?;
        let mut c = percent::parse(format, i + 1).map_err(|e| raise!(ValueError, "{}", e.message()))?;
        pos = c.end;
        if let Some((a, b)) = c.key {
            values.look_up(&Bytes::new(&format[a..b]))?;
        }
        let (width, precision) = values.amounts(&mut c)?;
        if c.ty == u32::from(b'%') {
            out.push(b'%');
            continue;
        }
        let ty = u8::try_from(c.ty).unwrap_or(0);
        let v = values.take()?;
        out.try_reserve(width).map_err(|_| crate::error::no_memory())?;
        if matches!(ty, b'e' | b'E' | b'f' | b'F' | b'g' | b'G')
            && v.downcast::<Float>().is_none()
            && let Err(e) = v.to_f64()
        {
            if !e.matches(exceptions::TypeError) {
                return Err(e);
            }
            e.clear();
            bail!(TypeError, "float argument required, not {}", v.ty().name_str());
        }
        let text: Vec<u8> = match ty {
            b'b' | b's' => bytes_of(&v)?,
            b'r' | b'a' => v.ascii()?.data_bytes().to_vec(),
            b'c' => vec![one_byte(&v)?],
            _ => {
                if !put_number(&mut out, &v, ty, &c, width, precision)? {
                    bail!(ValueError, "{}", percent::unsupported(c.ty, c.ty_index));
                }
                continue;
            }
        };
        let take = if ty == b'c' { 1 } else { precision.map_or(text.len(), |p| p.min(text.len())) };
        let (left, right) = percent::text_padding(take, c.flags, width);
        out.resize(out.len() + left, b' ');
        out.extend_from_slice(&text[..take]);
        out.resize(out.len() + right, b' ');
    }
    out.extend_from_slice(&format[pos..]);
    values.finish("bytes")?;
    Ok(out)
}

fn bytes_of(v: &Object) -> PyResult<Vec<u8>> {
    if let Some(b) = v.downcast_exact::<Bytes>() {
        return Ok(b.as_slice().to_vec());
    }
    if let Some(f) = v.lookup_special(intern!("__bytes__"))? {
        let r = f.call_noargs()?;
        let Some(b) = r.downcast::<Bytes>() else {
            bail!(TypeError, "__bytes__ returned non-bytes (type {})", r.ty().name_str());
        };
        return Ok(b.as_slice().to_vec());
    }
    if buffer::supports(v) {
        return buffer::Buffer::get_full_ro(v)?.to_vec();
    }
    bail!(
        TypeError,
        "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
        v.ty().name_str()
    )
}

fn one_byte(v: &Object) -> PyResult<u8> {
    let single = |b: &[u8]| match *b {
        [c] => Ok(c),
        _ => Err(raise!(
            TypeError,
            "%c requires an integer in range(256) or a single byte, not a {} object of length {}",
            if v.downcast::<Bytes>().is_some() { "bytes" } else { "bytearray" },
            b.len()
        )),
    };
    if let Some(b) = v.downcast::<Bytes>() {
        return single(b.as_slice());
    }
    if let Some(b) = v.downcast::<ByteArray>() {
        return single(b.as_slice());
    }
    let i = match number::index(v) {
        Ok(i) => i,
        Err(e) if e.matches(exceptions::TypeError) => {
            e.clear();
            bail!(
                TypeError,
                "%c requires an integer in range(256) or a single byte, not {}",
                crate::protocol::repr::fully_qualified_name(v.ty())?
            )
        }
        Err(e) => return Err(e),
    };
    match i.to_i64() {
        Some(n @ 0..=255) => Ok(n as u8),
        _ => bail!(OverflowError, "%c arg not in range(256)"),
    }
}
