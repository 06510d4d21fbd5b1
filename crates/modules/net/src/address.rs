//! Addresses: as Python shows them, and as the system takes them.

use crate::resolve;
use std::ffi::{CString, c_int};
use taipan_modules_io::support::{c_int_of, fs_text};
use taipan_object::buffer::Buffer;
use taipan_object::codecs;
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{bail, raise};

/// An address of any family.
#[derive(Clone, Copy)]
pub struct Address {
    storage: libc::sockaddr_storage,
    len: libc::socklen_t,
}

/// How many bytes precede the path.
const PATH_OFFSET: usize = std::mem::offset_of!(libc::sockaddr_un, sun_path);
const PATH_SIZE: usize = size_of::<libc::sockaddr_un>() - PATH_OFFSET;

/// A port, or the `OverflowError` for those that are none.
fn port_of(o: &Object, caller: &str) -> PyResult<u16> {
    let wrong = || raise!(OverflowError, "{caller}(): port must be 0-65535.");
    let n = match c_int_of(o) {
        Ok(n) => n,
        Err(e) if e.matches(taipan_object::types::exceptions::OverflowError) => {
            e.clear();
            return Err(wrong());
        }
        Err(e) => return Err(e),
    };
    u16::try_from(n).map_err(|_| wrong())
}

fn number_of(o: &Object) -> PyResult<u32> {
    match taipan_object::protocol::number::index(o)?.to_i64() {
        Some(n) => Ok(n as u32),
        None => bail!(OverflowError, "Python int too large to convert to C unsigned int"),
    }
}

/// A host's name as the resolver takes it: ASCII as it is, other text by IDNA.
pub fn host_name(o: &Object) -> PyResult<CString> {
    let bytes = if let Some(s) = o.downcast::<Str>() {
        match s.as_str() {
            Some(t) if t.is_ascii() => t.as_bytes().to_vec(),
            _ => codecs::text::data_of(&*codecs::encode_text(s, "idna", "strict")?)?,
        }
    } else if o.downcast::<Bytes>().is_some() || o.downcast::<ByteArray>().is_some() {
        Buffer::get(o)?.to_vec()
    } else {
        bail!(TypeError, "str, bytes or bytearray expected, not {}", o.ty().name_str());
    };
    match CString::new(bytes) {
        Ok(c) => Ok(c),
        Err(_) => bail!(TypeError, "host name must not contain null character"),
    }
}

impl Address {
    /// No address yet: room for the system to write one.
    pub fn room() -> Address {
        // SAFETY: a structure of numbers; zero is the unspecified family.
        Address { storage: unsafe { std::mem::zeroed() }, len: size_of::<libc::sockaddr_storage>() as libc::socklen_t }
    }

    /// The address that `value` holds, such as a `sockaddr_in`.
    fn of<T: Copy>(value: T, len: usize) -> Address {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        let mut a = Address::room();
        a.len = len as libc::socklen_t;
        // SAFETY: the storage is large enough for every kind of address, which the assertion checks.
        unsafe { (&raw mut a.storage).cast::<T>().write(value) };
        a
    }

    /// A copy of an address that the system holds.
    ///
    /// # Safety
    /// `p` points to `len` bytes of an address.
    pub unsafe fn copied(p: *const libc::sockaddr, len: libc::socklen_t) -> Address {
        let mut a = Address::room();
        let n = (len as usize).min(size_of::<libc::sockaddr_storage>());
        a.len = n as libc::socklen_t;
        // SAFETY: the caller's promise; the storage has room.
        unsafe { std::ptr::copy_nonoverlapping(p.cast::<u8>(), (&raw mut a.storage).cast::<u8>(), n) };
        a
    }

    /// For the system to read.
    pub fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    /// For the system to write.
    pub fn as_mut_ptr(&mut self) -> *mut libc::sockaddr {
        (&raw mut self.storage).cast()
    }

    /// Its length.
    pub fn len(&self) -> libc::socklen_t {
        self.len
    }

    /// For the system to write the length.
    pub fn len_ptr(&mut self) -> *mut libc::socklen_t {
        &mut self.len
    }

    /// Its family.
    pub fn family(&self) -> c_int {
        self.storage.ss_family.into()
    }

    /// It seen as one kind of address.
    fn view<T: Copy>(&self) -> T {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        // SAFETY: addresses are numbers only, and the storage is large enough and aligned for all of them.
        unsafe { (&raw const self.storage).cast::<T>().read() }
    }

    /// An IPv4 address.
    pub fn v4(host: u32, port: u16) -> Address {
        // SAFETY: a structure of numbers.
        let mut a: libc::sockaddr_in = unsafe { std::mem::zeroed() };
        a.sin_family = libc::AF_INET as libc::sa_family_t;
        a.sin_addr.s_addr = host.to_be();
        a.sin_port = port.to_be();
        Address::of(a, size_of::<libc::sockaddr_in>())
    }

    fn v6(mut a: libc::sockaddr_in6, port: u16, flowinfo: u32, scope: u32) -> Address {
        a.sin6_family = libc::AF_INET6 as libc::sa_family_t;
        a.sin6_port = port.to_be();
        a.sin6_flowinfo = flowinfo.to_be();
        a.sin6_scope_id = scope;
        Address::of(a, size_of::<libc::sockaddr_in6>())
    }

    /// The host of an IPv4 address, in the machine's order.
    pub fn v4_host(&self) -> u32 {
        u32::from_be(self.view::<libc::sockaddr_in>().sin_addr.s_addr)
    }

    /// The bytes of an IPv6 address' host.
    pub fn v6_host(&self) -> [u8; 16] {
        self.view::<libc::sockaddr_in6>().sin6_addr.s6_addr
    }

    /// The host in numbers.
    pub fn host_text(&self) -> String {
        match self.family() {
            libc::AF_INET => std::net::Ipv4Addr::from_bits(self.v4_host()).to_string(),
            _ => resolve::numeric_host(self),
        }
    }

    /// From what Python code gives to a socket of a family.
    pub fn parse(family: c_int, o: &Object, caller: &str) -> PyResult<Address> {
        match family {
            libc::AF_UNIX => Address::parse_path(o),
            libc::AF_INET => {
                let t = tuple_for("AF_INET", o, caller)?;
                if t.len() != 2 {
                    bail!(TypeError, "AF_INET address must be a pair (host, port)");
                }
                let host = host_name(t.item(0))?;
                let port = port_of(t.item(1), caller)?;
                Ok(Address::v4(resolve::address_of(&host, libc::AF_INET)?.v4_host(), port))
            }
            libc::AF_INET6 => {
                let t = tuple_for("AF_INET6", o, caller)?;
                if !(2..=4).contains(&t.len()) {
                    bail!(TypeError, "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])");
                }
                let host = host_name(t.item(0))?;
                let port = port_of(t.item(1), caller)?;
                let flowinfo = if t.len() > 2 { number_of(t.item(2))? } else { 0 };
                let scope = if t.len() > 3 { number_of(t.item(3))? } else { 0 };
                if flowinfo > 0xfffff {
                    bail!(OverflowError, "{caller}(): flowinfo must be 0-1048575.");
                }
                let found: libc::sockaddr_in6 = resolve::address_of(&host, libc::AF_INET6)?.view();
                Ok(Address::v6(found, port, flowinfo, scope))
            }
            libc::AF_NETLINK => {
                let t = tuple_for("AF_NETLINK", o, caller)?;
                if t.len() != 2 {
                    bail!(TypeError, "AF_NETLINK address must be a pair (pid, groups)");
                }
                // SAFETY: a structure of numbers.
                let mut a: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
                a.nl_family = libc::AF_NETLINK as libc::sa_family_t;
                a.nl_pid = number_of(t.item(0))?;
                a.nl_groups = number_of(t.item(1))?;
                Ok(Address::of(a, size_of::<libc::sockaddr_nl>()))
            }
            _ => bail!(OSError, "{caller}(): bad family"),
        }
    }

    fn parse_path(o: &Object) -> PyResult<Address> {
        let path = match o.downcast::<Str>() {
            Some(s) => codecs::text::utf_8_encode(s, "surrogateescape")?.as_slice().to_vec(),
            None => Buffer::get(o)?.to_vec(),
        };
        // A name that starts with NUL lives outside the file system and needs no NUL at its end.
        let limit = if path.first().is_none_or(|&c| c == 0) { PATH_SIZE } else { PATH_SIZE - 1 };
        if path.len() > limit {
            bail!(OSError, "AF_UNIX path too long");
        }
        // SAFETY: a structure of numbers.
        let mut a: libc::sockaddr_un = unsafe { std::mem::zeroed() };
        a.sun_family = libc::AF_UNIX as libc::sa_family_t;
        for (to, from) in a.sun_path.iter_mut().zip(&path) {
            *to = *from as libc::c_char;
        }
        Ok(Address::of(a, PATH_OFFSET + path.len()))
    }

    /// As Python shows it.
    pub fn to_object(self) -> Obj {
        if self.len == 0 {
            return none::none_obj();
        }
        let text = |s: &str| Str::from_utf8(s).into_obj();
        let int = |n: u32| Int::from_i64(n.into()).into_obj();
        match self.family() {
            libc::AF_INET => {
                let a: libc::sockaddr_in = self.view();
                Tuple::from_vec(vec![text(&self.host_text()), int(u16::from_be(a.sin_port).into())]).into_obj()
            }
            libc::AF_INET6 => {
                let a: libc::sockaddr_in6 = self.view();
                let (port, flow) = (u16::from_be(a.sin6_port), u32::from_be(a.sin6_flowinfo));
                Tuple::from_vec(vec![text(&self.host_text()), int(port.into()), int(flow), int(a.sin6_scope_id)])
                    .into_obj()
            }
            libc::AF_UNIX => {
                let a: libc::sockaddr_un = self.view();
                let n = (self.len as usize).saturating_sub(PATH_OFFSET).min(PATH_SIZE);
                let path: Vec<u8> = a.sun_path.iter().take(n).map(|&c| c as u8).collect();
                match path.first() {
                    Some(0) => Bytes::new(&path).into_obj(),
                    _ => fs_text(path.split(|&c| c == 0).next().unwrap_or(&[])).into_obj(),
                }
            }
            libc::AF_NETLINK => {
                let a: libc::sockaddr_nl = self.view();
                Tuple::from_vec(vec![int(a.nl_pid), int(a.nl_groups)]).into_obj()
            }
            family => {
                let head = size_of::<libc::sa_family_t>();
                let n = (self.len as usize).min(size_of::<libc::sockaddr_storage>()).saturating_sub(head);
                // SAFETY: that many bytes follow the family.
                let data = unsafe { std::slice::from_raw_parts((&raw const self.storage).cast::<u8>().add(head), n) };
                Tuple::from_vec(vec![int(family as u32), Bytes::new(data).into_obj()]).into_obj()
            }
        }
    }
}

fn tuple_for<'a>(family: &str, o: &'a Object, caller: &str) -> PyResult<&'a Tuple> {
    match o.downcast::<Tuple>() {
        Some(t) => Ok(t),
        None => bail!(TypeError, "{caller}(): {family} address must be tuple, not {}", o.ty().name_str()),
    }
}
