//! `binascii`: bytes as text, and checksums.

use taipan_object::args::{ArgContext, FromArg, Given};
use taipan_object::buffer::{self, Buffer};
use taipan_object::header::{Object, Ref};
use taipan_object::native;
use taipan_object::protocol::number;
use taipan_object::types::bytes::{Bytes, hex};
use taipan_object::types::exceptions::{Exception, ValueError};
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::{PyResult, Raised, bail, function, methods};

fn error(message: &str) -> Raised {
    native::raise_named("binascii.Error", message)
}

/// A buffer, or text of ASCII characters.
struct Ascii<'a>(Result<Buffer, &'a [u8]>);

impl<'a> FromArg<'a> for Ascii<'a> {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        if let Some(s) = arg.downcast::<Str>() {
            if !s.is_ascii() {
                bail!(ValueError, "string argument should contain only ASCII characters");
            }
            return Ok(Ascii(Err(s.data_bytes())));
        }
        if !buffer::supports(arg) {
            bail!(TypeError, "argument should be bytes, buffer or ASCII string, not '{}'", arg.ty().name_str());
        }
        Ok(Ascii(Ok(Buffer::get(arg)?)))
    }
}

impl std::ops::Deref for Ascii<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Ok(b) => b.as_slice(),
            Err(s) => s,
        }
    }
}

/// The low 32 bits of an integer.
struct Low32(u32);

impl<'a> FromArg<'a> for Low32 {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        Ok(Low32(number::index(arg)?.low_u64() as u32))
    }
}

/// Decode a line of uuencoded data.
#[function(signature = "(data, /)")]
fn a2b_uu(data: Ascii<'_>) -> PyResult<Ref<Bytes>> {
    let [length, rest @ ..] = &*data else { return Err(error("Missing length byte")) };
    let want = usize::from(length.wrapping_sub(b' ') & 0x3f);
    let mut out = Vec::with_capacity(want + 2);
    let (mut bits, mut n, mut at) = (0u32, 0, 0);
    while out.len() < want {
        let value = match rest.get(at) {
            // Spaces at the end of the line may have been lost.
            None | Some(b'\n' | b'\r') => 0,
            Some(&c @ b' '..=b'`') => u32::from(c - b' ') & 0x3f,
            Some(_) => return Err(error("Illegal char")),
        };
        at += 1;
        bits = bits << 6 | value;
        n += 6;
        if n >= 8 {
            n -= 8;
            out.push((bits >> n) as u8);
            bits &= (1 << n) - 1;
        }
    }
    match rest.get(at..) {
        Some(tail) if tail.iter().any(|c| !matches!(c, b' ' | b'`' | b'\n' | b'\r')) => Err(error("Trailing garbage")),
        _ => Bytes::try_new(&out),
    }
}

/// Uuencode a line of data.
#[function(signature = "(data, /, *, backtick=False)")]
fn b2a_uu(data: Buffer, backtick: bool) -> PyResult<Ref<Bytes>> {
    if data.len() > 45 {
        return Err(error("At most 45 bytes at once"));
    }
    let letter = |v: u8| if backtick && v == 0 { b'`' } else { b' ' + v };
    let mut out = vec![letter(data.len() as u8)];
    for c in data.chunks(3) {
        let w = u32::from(c[0]) << 16 | u32::from(*c.get(1).unwrap_or(&0)) << 8 | u32::from(*c.get(2).unwrap_or(&0));
        out.extend([18, 12, 6, 0].map(|s| letter((w >> s & 0x3f) as u8)));
    }
    out.push(b'\n');
    Bytes::try_new(&out)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const NO_DIGIT: u8 = 64;

static DIGITS: [u8; 256] = {
    let mut t = [NO_DIGIT; 256];
    let mut i = 0;
    while i < 64 {
        t[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    t
};

/// Decode base64 data.
///
///   strict_mode
///     Raise an error for whatever a2b_base64 would otherwise pass over.
#[function(signature = "(data, /, *, strict_mode=False)")]
fn a2b_base64(data: Ascii<'_>, strict_mode: bool) -> PyResult<Ref<Bytes>> {
    let data = &*data;
    let mut out: Vec<u8> = Vec::with_capacity(data.len() / 4 * 3 + 3);
    let mut at = 0;
    // Whole groups without anything unusual.
    while let Some(&[a, b, c, d]) = data.get(at..at + 4).and_then(|g| <&[u8; 4]>::try_from(g).ok()) {
        let v = [a, b, c, d].map(|c| DIGITS[usize::from(c)]);
        if (v[0] | v[1] | v[2] | v[3]) & NO_DIGIT != 0 {
            break;
        }
        let w = u32::from(v[0]) << 18 | u32::from(v[1]) << 12 | u32::from(v[2]) << 6 | u32::from(v[3]);
        out.extend([(w >> 16) as u8, (w >> 8) as u8, w as u8]);
        at += 4;
    }
    let (mut quad, mut left, mut pads) = (0u32, 0u8, 0u32);
    let (mut padding, mut complete) = (false, false);
    for (i, &c) in data.iter().enumerate().skip(at) {
        if c == b'=' {
            if strict_mode {
                if i == 0 {
                    return Err(error("Leading padding not allowed"));
                }
                if quad == 0 || complete {
                    return Err(error("Excess padding not allowed"));
                }
                if quad == 1 {
                    break;
                }
                padding = true;
            }
            if quad >= 2 {
                pads += 1;
                complete = quad + pads >= 4;
            }
            continue;
        }
        let v = DIGITS[usize::from(c)];
        if v == NO_DIGIT {
            if strict_mode {
                return Err(error("Only base64 data is allowed"));
            }
            continue;
        }
        if complete && strict_mode {
            return Err(error("Excess data after padding"));
        }
        if padding {
            return Err(error("Discontinuous padding not allowed"));
        }
        (pads, complete) = (0, false);
        match quad {
            0 => {}
            1 => out.push(left << 2 | v >> 4),
            2 => out.push(left << 4 | v >> 2),
            _ => out.push(left << 6 | v),
        }
        left = v;
        quad = (quad + 1) & 3;
    }
    match quad {
        _ if complete || quad == 0 => Bytes::try_new(&out),
        1 => Err(error(&format!(
            "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4",
            out.len() / 3 * 4 + 1
        ))),
        _ => Err(error("Incorrect padding")),
    }
}

/// Encode data in base64.
#[function(signature = "(data, /, *, newline=True)")]
fn b2a_base64(data: Buffer, newline: bool) -> PyResult<Ref<Bytes>> {
    let data = data.as_slice();
    let mut out = Vec::with_capacity(data.len().div_ceil(3) * 4 + 1);
    let letter = |w: u32, shift: u32| ALPHABET[(w >> shift & 63) as usize];
    let chunks = data.chunks_exact(3);
    let rest = chunks.remainder();
    for c in chunks {
        let w = u32::from(c[0]) << 16 | u32::from(c[1]) << 8 | u32::from(c[2]);
        out.extend([letter(w, 18), letter(w, 12), letter(w, 6), letter(w, 0)]);
    }
    match rest {
        [a] => {
            let w = u32::from(*a) << 16;
            out.extend([letter(w, 18), letter(w, 12), b'=', b'=']);
        }
        [a, b] => {
            let w = u32::from(*a) << 16 | u32::from(*b) << 8;
            out.extend([letter(w, 18), letter(w, 12), letter(w, 6), b'=']);
        }
        _ => {}
    }
    if newline {
        out.push(b'\n');
    }
    Bytes::try_new(&out)
}

fn to_hex(data: &[u8], sep: Given<&Object>, bytes_per_sep: i32) -> PyResult<Ref<Bytes>> {
    let sep = hex::separator(sep)?;
    Bytes::try_new(&hex::to_hex(data, sep, bytes_per_sep as isize)?)
}

/// The hexadecimal digits of data, perhaps with a separator between groups.
#[function(signature = "(data, sep=<unrepresentable>, bytes_per_sep=1)")]
fn b2a_hex(data: Buffer, sep: Given<&Object>, bytes_per_sep: i32) -> PyResult<Ref<Bytes>> {
    to_hex(&data, sep, bytes_per_sep)
}

/// The hexadecimal digits of data, perhaps with a separator between groups.
#[function(signature = "(data, sep=<unrepresentable>, bytes_per_sep=1)")]
fn hexlify(data: Buffer, sep: Given<&Object>, bytes_per_sep: i32) -> PyResult<Ref<Bytes>> {
    to_hex(&data, sep, bytes_per_sep)
}

fn of_hex(s: &[u8]) -> PyResult<Ref<Bytes>> {
    if !s.len().is_multiple_of(2) {
        return Err(error("Odd-length string"));
    }
    let mut out = Vec::with_capacity(s.len() / 2);
    for p in s.chunks_exact(2) {
        match (hex::digit(p[0].into()), hex::digit(p[1].into())) {
            (Some(a), Some(b)) => out.push(a << 4 | b),
            _ => return Err(error("Non-hexadecimal digit found")),
        }
    }
    Bytes::try_new(&out)
}

/// The bytes of hexadecimal digits.
#[function(signature = "(hexstr, /)")]
fn a2b_hex(hexstr: Ascii<'_>) -> PyResult<Ref<Bytes>> {
    of_hex(&hexstr)
}

/// The bytes of hexadecimal digits.
#[function(signature = "(hexstr, /)")]
fn unhexlify(hexstr: Ascii<'_>) -> PyResult<Ref<Bytes>> {
    of_hex(&hexstr)
}

/// Decode quoted-printable data.
#[function(signature = "(data, header=False)")]
fn a2b_qp(data: Ascii<'_>, header: bool) -> PyResult<Ref<Bytes>> {
    let data = &*data;
    let mut out = Vec::with_capacity(data.len());
    let mut i = 0;
    while let Some(&c) = data.get(i) {
        i += 1;
        if c == b'_' && header {
            out.push(b' ');
        } else if c != b'=' {
            out.push(c);
        } else {
            let digit = |k: usize| data.get(k).and_then(|&c| hex::digit(c.into()));
            match (data.get(i), digit(i), digit(i + 1)) {
                (None, ..) => {}
                (Some(b'\n' | b'\r'), ..) => {
                    // The line goes on after the line break.
                    i = data[i..].iter().position(|&c| c == b'\n').map_or(data.len(), |k| i + k + 1);
                }
                (Some(b'='), ..) => {
                    out.push(b'=');
                    i += 1;
                }
                (_, Some(a), Some(b)) => {
                    out.push(a << 4 | b);
                    i += 2;
                }
                _ => out.push(b'='),
            }
        }
    }
    Bytes::try_new(&out)
}

/// Encode data as quoted-printable.
///
///   quotetabs
///     Encode tabs and spaces.
///   istext
///     Keep line breaks as they are.
///   header
///     Write spaces as underscores.
#[function(signature = "(data, quotetabs=False, istext=True, header=False)")]
fn b2a_qp(data: Buffer, quotetabs: bool, istext: bool, header: bool) -> PyResult<Ref<Bytes>> {
    const LONGEST: usize = 76;
    let data = data.as_slice();
    let crlf = data.iter().position(|&c| c == b'\n').is_some_and(|i| i > 0 && data[i - 1] == b'\r');
    let line_break: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let soft_break: &[u8] = if crlf { b"=\r\n" } else { b"=\n" };
    let escaped = |c: u8| [b'=', b"0123456789ABCDEF"[usize::from(c >> 4)], b"0123456789ABCDEF"[usize::from(c & 15)]];
    let mut out: Vec<u8> = Vec::with_capacity(data.len() + data.len() / 8 + 8);
    let (mut i, mut column) = (0, 0);
    while let Some(&c) = data.get(i) {
        let next = data.get(i + 1).copied();
        let quote = match c {
            b'=' | 127.. => true,
            b'_' => header,
            b'.' => column == 0 && matches!(next, None | Some(b'\n' | b'\r' | 0)),
            b'\r' | b'\n' => !istext,
            b'\t' | b' ' => next.is_none() || quotetabs,
            0..33 => true,
            _ => false,
        };
        if quote {
            if column + 3 >= LONGEST {
                out.extend_from_slice(soft_break);
                column = 0;
            }
            out.extend(escaped(c));
            column += 3;
            i += 1;
        } else if istext && (c == b'\n' || c == b'\r' && next == Some(b'\n')) {
            column = 0;
            // White space may not end a line.
            if let Some(&last @ (b' ' | b'\t')) = out.last() {
                out.pop();
                out.extend(escaped(last));
            }
            out.extend_from_slice(line_break);
            i += if c == b'\r' { 2 } else { 1 };
        } else {
            if next.is_some_and(|n| n != b'\n') && column + 1 >= LONGEST {
                out.extend_from_slice(soft_break);
                column = 0;
            }
            column += 1;
            out.push(if header && c == b' ' { b'_' } else { c });
            i += 1;
        }
    }
    Bytes::try_new(&out)
}

/// The CRC-32 of data, going on from crc.
#[function(signature = "(data, crc=0, /)")]
fn crc32(data: Buffer, crc: Option<Low32>) -> u32 {
    let mut h = crc32fast::Hasher::new_with_initial(crc.map_or(0, |c| c.0));
    h.update(&data);
    h.finalize()
}

/// The CRC-CCITT of data, going on from crc.
#[function(signature = "(data, crc, /)")]
fn crc_hqx(data: Buffer, crc: Low32) -> u32 {
    static TABLE: [u16; 256] = {
        let mut t = [0u16; 256];
        let mut i = 0;
        while i < 256 {
            let mut c = (i as u16) << 8;
            let mut k = 0;
            while k < 8 {
                c = if c & 0x8000 != 0 { c << 1 ^ 0x1021 } else { c << 1 };
                k += 1;
            }
            t[i] = c;
            i += 1;
        }
        t
    };
    data.iter().fold(crc.0 as u16, |c, &b| c << 8 ^ TABLE[usize::from(c >> 8 ^ u16::from(b))]).into()
}

fn exec(m: &Module) -> PyResult<()> {
    native::add_exception(m, "binascii.Error", ValueError)?;
    native::add_exception(m, "binascii.Incomplete", Exception)?;
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "binascii",
    doc: "Bytes as text, and checksums.",
    methods: methods![
        a2b_uu, b2a_uu, a2b_base64, b2a_base64, a2b_hex, b2a_hex, hexlify, unhexlify, crc32, crc_hqx, a2b_qp, b2a_qp
    ],
    exec,
};
