//! Messages with ancillary data: `sendmsg`, `recvmsg` and `recvmsg_into`.

use crate::address::Address;
use crate::arguments::{count, int_or, size_or};
use crate::socket::Socket;
use std::ffi::c_int;
use taipan_modules_io::support::{audit, c_int_of};
use taipan_object::buffer::Buffer;
use taipan_object::error::{PyResult, no_memory};
use taipan_object::header::{Obj, Object};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none};
use taipan_object::{bail, method};

/// The size of the head of an ancillary item.
const HEAD: usize = size_of::<libc::cmsghdr>();

/// `n` rounded up to the alignment of items.
fn aligned(n: usize) -> Option<usize> {
    Some(n.checked_add(7)? & !7)
}

/// The length of an item with `n` bytes of data, if it can be that long.
pub fn item_len(n: usize) -> Option<usize> {
    n.checked_add(HEAD).filter(|&n| n <= c_int::MAX as usize)
}

/// The same with padding.
pub fn item_space(n: usize) -> Option<usize> {
    item_len(aligned(n)?)
}

/// The items of an iterable argument.
fn items(o: &Object, text: &str) -> PyResult<Vec<Obj>> {
    let it = match o.iter() {
        Ok(it) => it,
        Err(e) => {
            e.recover(exceptions::TypeError, ())?;
            bail!(TypeError, "{text}");
        }
    };
    let mut v = Vec::new();
    while let Some(x) = it.next()? {
        v.push(x);
    }
    Ok(v)
}

/// Memory for items, aligned as their heads need.
fn control_memory(n: usize) -> PyResult<Vec<u64>> {
    let mut v = Vec::new();
    let words = n.div_ceil(8);
    v.try_reserve_exact(words).map_err(|_| no_memory())?;
    v.resize(words, 0u64);
    Ok(v)
}

fn bytes_of(v: &[u64]) -> &[u8] {
    // SAFETY: numbers seen as their bytes.
    unsafe { std::slice::from_raw_parts(v.as_ptr().cast(), v.len() * 8) }
}

fn bytes_of_mut(v: &mut [u64]) -> &mut [u8] {
    // SAFETY: as above; every pattern of bytes is a number.
    unsafe { std::slice::from_raw_parts_mut(v.as_mut_ptr().cast(), v.len() * 8) }
}

/// The items that came, as (level, type, data).
fn received_items(control: &[u8]) -> PyResult<Vec<Obj>> {
    let mut v = Vec::new();
    let mut at = 0usize;
    while let Some(head) = control.get(at..at.saturating_add(HEAD)) {
        // SAFETY: that many bytes of a structure of numbers.
        let h: libc::cmsghdr = unsafe { head.as_ptr().cast::<libc::cmsghdr>().read_unaligned() };
        let len = h.cmsg_len as usize;
        if len < HEAD {
            break;
        }
        // A truncated last item ends where the memory ends.
        let end = at.saturating_add(len).min(control.len());
        let data = control.get(at + HEAD..end).unwrap_or(&[]);
        let int = |n: c_int| Int::from_i64(n.into()).into_obj();
        v.push(Tuple::from_vec(vec![int(h.cmsg_level), int(h.cmsg_type), Bytes::try_new(data)?.into_obj()]).into_obj());
        match aligned(len).and_then(|n| n.checked_add(at)) {
            Some(n) => at = n,
            None => break,
        }
    }
    Ok(v)
}

/// Receives into the pieces of memory; answers count, items, flags and address.
fn receive(
    this: &Socket,
    pieces: &mut [libc::iovec],
    control_size: usize,
    flags: c_int,
) -> PyResult<(usize, Vec<Obj>)> {
    let mut control = control_memory(control_size)?;
    let mut a = Address::room();
    // SAFETY: a structure of numbers and null pointers.
    let mut m: libc::msghdr = unsafe { std::mem::zeroed() };
    let p = control.as_mut_ptr();
    let got = this.call(libc::POLLIN, this.deadline(), |fd| {
        a = Address::room();
        m.msg_name = a.as_mut_ptr().cast();
        m.msg_namelen = a.len();
        m.msg_iov = pieces.as_mut_ptr();
        m.msg_iovlen = pieces.len() as _;
        m.msg_control = if control_size == 0 { std::ptr::null_mut() } else { p.cast() };
        m.msg_controllen = control_size as _;
        // SAFETY: all memory named in the structure outlives the call.
        unsafe { libc::recvmsg(fd, &mut m, flags) }
    })?;
    // SAFETY: the system wrote so much of the address.
    let from = unsafe { Address::copied(a.as_ptr(), m.msg_namelen) };
    let n = (m.msg_controllen as usize).min(control_size);
    let came = received_items(bytes_of(&control).get(..n).unwrap_or(&[]))?;
    let rest = vec![List::from_vec(came).into_obj(), Int::from_i64(m.msg_flags.into()).into_obj(), from.to_object()];
    Ok((got, rest))
}

fn control_size(args: &[&Object]) -> PyResult<usize> {
    let n = size_or(args, 1, 0, "invalid ancillary data buffer length")?;
    if n > c_int::MAX as usize {
        bail!(ValueError, "invalid ancillary data buffer length");
    }
    Ok(n)
}

/// recvmsg(bufsize[, ancbufsize[, flags]]): receive a message. Return (data, ancillary items, flags, address).
#[method(signature = "(*args)", varargs, text = false)]
pub fn recvmsg(this: &Socket, args: &[&Object]) -> PyResult {
    count("recvmsg", args, 1, 3)?;
    let n = size_or(args, 0, 0, "negative buffer size in recvmsg()")?;
    let (room, flags) = (control_size(args)?, int_or(args, 2, 0)?);
    let mut out: Vec<u8> = Vec::new();
    out.try_reserve_exact(n).map_err(|_| no_memory())?;
    out.resize(n, 0);
    let mut piece = [libc::iovec { iov_base: out.as_mut_ptr().cast(), iov_len: n }];
    let (got, rest) = receive(this, &mut piece, room, flags)?;
    let mut v = vec![Bytes::try_new(out.get(..got).unwrap_or(&out))?.into_obj()];
    v.extend(rest);
    Ok(Tuple::from_vec(v).into_obj())
}

/// recvmsg_into(buffers[, ancbufsize[, flags]]): receive a message into memory. Return (count, ancillary items, flags, address).
#[method(signature = "(*args)", varargs, text = false)]
pub fn recvmsg_into(this: &Socket, args: &[&Object]) -> PyResult {
    count("recvmsg_into", args, 1, 3)?;
    let mut buffers = Vec::new();
    for o in items(args[0], "recvmsg_into() argument 1 must be an iterable")? {
        match Buffer::get_writable(&o) {
            Ok(b) => buffers.push(b),
            Err(e) => {
                e.clear();
                bail!(TypeError, "recvmsg_into() argument 1 must be an iterable of single-segment read-write buffers");
            }
        }
    }
    let (room, flags) = (control_size(args)?, int_or(args, 2, 0)?);
    let mut pieces: Vec<libc::iovec> = buffers
        .iter_mut()
        .map(|b| libc::iovec { iov_len: b.len(), iov_base: b.as_mut_slice().as_mut_ptr().cast() })
        .collect();
    let (got, rest) = receive(this, &mut pieces, room, flags)?;
    let mut v = vec![Int::from_usize(got).into_obj()];
    v.extend(rest);
    Ok(Tuple::from_vec(v).into_obj())
}

/// sendmsg(buffers[, ancdata[, flags[, address]]]): send a message. Return how many bytes of data the system took.
#[method(signature = "(*args)", varargs, text = false)]
pub fn sendmsg(this: &Socket, args: &[&Object]) -> PyResult<usize> {
    count("sendmsg", args, 1, 4)?;
    let mut buffers = Vec::new();
    for o in items(args[0], "sendmsg() argument 1 must be an iterable")? {
        buffers.push(Buffer::get(&o)?);
    }
    let mut ancillary = Vec::new();
    if let Some(list) = args.get(1) {
        for o in items(list, "sendmsg() argument 2 must be an iterable")? {
            const WHO: &str = "[sendmsg() ancillary data items]() argument must be";
            let Some(t) = o.downcast::<Tuple>() else {
                bail!(TypeError, "{WHO} 3-item tuple, not {}", o.ty().name_str())
            };
            if t.len() != 3 {
                bail!(TypeError, "{WHO} tuple of length 3, not {}", t.len());
            }
            ancillary.push((c_int_of(t.item(0))?, c_int_of(t.item(1))?, Buffer::get(t.item(2))?));
        }
    }
    let flags = int_or(args, 2, 0)?;
    let to = match args.get(3).filter(|o| !o.is_none()) {
        Some(o) => Some(Address::parse(this.family(), o, "sendmsg")?),
        None => None,
    };
    audit("socket.sendmsg", &[this, args.get(3).copied().unwrap_or(none::none())])?;
    let mut size = 0usize;
    for (_, _, b) in &ancillary {
        match item_space(b.len()).and_then(|n| size.checked_add(n)).filter(|&n| n <= c_int::MAX as usize) {
            Some(n) => size = n,
            None => bail!(OSError, "ancillary data item too large"),
        }
    }
    let mut control = control_memory(size)?;
    let mut rest = bytes_of_mut(&mut control);
    for (level, kind, b) in &ancillary {
        let space = item_space(b.len()).unwrap_or(0);
        let (item, after) = rest.split_at_mut(space);
        // SAFETY: a structure of numbers.
        let mut h: libc::cmsghdr = unsafe { std::mem::zeroed() };
        h.cmsg_len = (HEAD + b.len()) as _;
        h.cmsg_level = *level;
        h.cmsg_type = *kind;
        // SAFETY: the item has room for its head and, by its size, for the data.
        unsafe { item.as_mut_ptr().cast::<libc::cmsghdr>().write_unaligned(h) };
        item[HEAD..HEAD + b.len()].copy_from_slice(b);
        rest = after;
    }
    let mut pieces: Vec<libc::iovec> =
        buffers.iter().map(|b| libc::iovec { iov_base: b.as_ptr().cast_mut().cast(), iov_len: b.len() }).collect();
    // SAFETY: a structure of numbers and null pointers.
    let mut m: libc::msghdr = unsafe { std::mem::zeroed() };
    if let Some(a) = &to {
        m.msg_name = a.as_ptr().cast_mut().cast();
        m.msg_namelen = a.len();
    }
    m.msg_iov = pieces.as_mut_ptr();
    m.msg_iovlen = pieces.len() as _;
    if size > 0 {
        m.msg_control = control.as_mut_ptr().cast();
        m.msg_controllen = size as _;
    }
    // SAFETY: all memory named in the structure outlives the call and is only read.
    this.call(libc::POLLOUT, this.deadline(), |fd| unsafe { libc::sendmsg(fd, &m, flags) })
}
