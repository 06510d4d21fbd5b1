//! Addresses and numbers in other notations, and functions on descriptors.

use crate::arguments::{count, unsigned};
use crate::message::{item_len, item_space};
use std::ffi::c_int;
use std::net::{Ipv4Addr, Ipv6Addr};
use taipan_modules_io::support::{blocking, c_int_of, errno};
use taipan_object::buffer::Buffer;
use taipan_object::error::PyResult;
use taipan_object::header::{Object, Ref};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::str::Str;
use taipan_object::{bail, function};

unsafe extern "C" {
    // The C library's; the bindings lack it.
    #[link_name = "inet_ntop"]
    fn inet_ntop_c(
        family: c_int,
        address: *const std::ffi::c_void,
        out: *mut std::ffi::c_char,
        size: libc::socklen_t,
    ) -> *const std::ffi::c_char;
}

/// Close a descriptor of a socket.
#[function(signature = "(object, /)")]
pub fn close(object: &Object) -> PyResult<()> {
    let fd = c_int_of(object)?;
    // SAFETY: no memory is passed.
    match blocking(|| if unsafe { libc::close(fd) } < 0 { errno() } else { 0 }) {
        0 | libc::ECONNRESET => Ok(()),
        e => Err(exceptions::from_errno(e)),
    }
}

/// Return another descriptor of the same socket, which child processes do not inherit.
#[function(signature = "(object, /)")]
pub fn dup(object: &Object) -> PyResult<c_int> {
    let fd = c_int_of(object)?;
    // SAFETY: no memory is passed.
    match unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) } {
        n if n < 0 => Err(exceptions::from_errno(errno())),
        n => Ok(n),
    }
}

/// Convert a 16-bit number from network to host order.
#[function(signature = "(integer, /)")]
pub fn ntohs(integer: &Object) -> PyResult<i64> {
    Ok(u16::from_be(unsigned(integer, 16)? as u16).into())
}

/// Convert a 16-bit number from host to network order.
#[function(signature = "(integer, /)")]
pub fn htons(integer: &Object) -> PyResult<i64> {
    Ok((unsigned(integer, 16)? as u16).to_be().into())
}

/// Convert a 32-bit number from network to host order.
#[function(signature = "(integer, /)")]
pub fn ntohl(integer: &Object) -> PyResult<i64> {
    Ok(u32::from_be(unsigned(integer, 32)?).into())
}

/// Convert a 32-bit number from host to network order.
#[function(signature = "(integer, /)")]
pub fn htonl(integer: &Object) -> PyResult<i64> {
    Ok(unsigned(integer, 32)?.to_be().into())
}

fn text<'a>(o: &'a Object, name: &str, at: usize) -> PyResult<&'a str> {
    let Some(s) = o.downcast::<Str>() else {
        let place = if at == 0 { String::new() } else { format!(" {at}") };
        bail!(TypeError, "{name}() argument{place} must be str, not {}", o.ty().name_str())
    };
    let t = s.to_utf8()?;
    if t.contains('\0') {
        bail!(ValueError, "embedded null character");
    }
    Ok(t)
}

/// Convert an IPv4 address from text, in any of its notations, to 4 bytes.
#[function(signature = "(ip_addr, /)", shown = "($module, ip_addr, /)")]
pub fn inet_aton(ip_addr: &Object) -> PyResult<Ref<Bytes>> {
    match old_notation(text(ip_addr, "inet_aton", 0)?) {
        Some(n) => Ok(Bytes::new(&n.to_be_bytes())),
        None => bail!(OSError, "illegal IP address string passed to inet_aton"),
    }
}

/// One to four numbers, decimal, octal or hexadecimal, of which the last fills all bytes that are left. Text after white space is ignored.
fn old_notation(s: &str) -> Option<u32> {
    let s = s.split(|c: char| c.is_ascii_whitespace() || c == '\x0b').next()?;
    let parts: Vec<&str> = s.split('.').collect();
    if parts.len() > 4 {
        return None;
    }
    let mut n: u32 = 0;
    for (i, p) in parts.iter().enumerate() {
        let (digits, base) = match p.as_bytes() {
            [b'0', b'x' | b'X', ..] => (&p[2..], 16),
            [b'0', _, ..] => (&p[1..], 8),
            _ => (*p, 10),
        };
        // `from_str_radix` takes a sign, which no address has.
        if !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        let v = u32::from_str_radix(digits, base).ok()?;
        if i + 1 == parts.len() {
            let bits = 32 - 8 * i as u32;
            if bits < 32 && v >> bits != 0 {
                return None;
            }
            n |= v;
        } else {
            if v > 255 {
                return None;
            }
            n |= v << (24 - 8 * i as u32);
        }
    }
    Some(n)
}

/// Convert an IPv4 address from 4 bytes to text.
#[function(signature = "(packed_ip, /)", shown = "($module, packed_ip, /)")]
pub fn inet_ntoa(packed_ip: Buffer) -> PyResult<String> {
    match <[u8; 4]>::try_from(packed_ip.as_slice()) {
        Ok(b) => Ok(Ipv4Addr::from(b).to_string()),
        Err(_) => bail!(OSError, "packed IP wrong length for inet_ntoa"),
    }
}

/// inet_pton(family, text): convert an address from text to bytes.
#[function(signature = "(*args)", varargs, text = false)]
pub fn inet_pton(args: &[&Object]) -> PyResult<Ref<Bytes>> {
    count("inet_pton", args, 2, 2)?;
    let family = c_int_of(args[0])?;
    let s = text(args[1], "inet_pton", 2)?;
    let bytes = match family {
        libc::AF_INET => s.parse::<Ipv4Addr>().ok().map(|a| a.octets().to_vec()),
        libc::AF_INET6 => s.parse::<Ipv6Addr>().ok().map(|a| a.octets().to_vec()),
        _ => return Err(exceptions::from_errno(libc::EAFNOSUPPORT)),
    };
    match bytes {
        Some(b) => Ok(Bytes::new(&b)),
        None => bail!(OSError, "illegal IP address string passed to inet_pton"),
    }
}

/// inet_ntop(family, bytes): convert an address from bytes to text.
#[function(signature = "(*args)", varargs, text = false)]
pub fn inet_ntop(args: &[&Object]) -> PyResult<String> {
    count("inet_ntop", args, 2, 2)?;
    let family = c_int_of(args[0])?;
    let b = Buffer::get(args[1])?;
    let n = match family {
        libc::AF_INET => 4,
        libc::AF_INET6 => 16,
        _ => bail!(ValueError, "unknown address family {family}"),
    };
    if b.len() != n {
        bail!(ValueError, "invalid length of packed IP address string");
    }
    let mut out = [0u8; 64];
    // SAFETY: an address of the family, and memory with its size are passed.
    let p = unsafe { inet_ntop_c(family, b.as_ptr().cast(), out.as_mut_ptr().cast(), out.len() as libc::socklen_t) };
    if p.is_null() {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(String::from_utf8_lossy(out.split(|&c| c == 0).next().unwrap_or(&[])).into_owned())
}

fn ancillary(args: &[&Object], name: &str, f: fn(usize) -> Option<usize>) -> PyResult<usize> {
    count(name, args, 1, 1)?;
    let n = args[0].index_as_isize(Some(exceptions::OverflowError))?;
    match usize::try_from(n).ok().and_then(f) {
        Some(n) => Ok(n),
        None => bail!(OverflowError, "{name}() argument out of range"),
    }
}

/// CMSG_LEN(length): return the size of an ancillary item with so much data.
#[function(signature = "(*args)", varargs, text = false, name = "CMSG_LEN")]
pub fn cmsg_len(args: &[&Object]) -> PyResult<usize> {
    ancillary(args, "CMSG_LEN", item_len)
}

/// CMSG_SPACE(length): return the size with padding of an ancillary item with so much data.
#[function(signature = "(*args)", varargs, text = false, name = "CMSG_SPACE")]
pub fn cmsg_space(args: &[&Object]) -> PyResult<usize> {
    ancillary(args, "CMSG_SPACE", item_space)
}
