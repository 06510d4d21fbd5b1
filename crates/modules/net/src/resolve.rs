//! Names of hosts, services, protocols and interfaces.

use crate::address::{Address, host_name};
use crate::arguments::count;
use std::ffi::{CStr, CString, c_char, c_int, c_uint};
use taipan_modules_io::support::{audit, blocking, c_int_of, errno, fs_bytes, fs_text};
use taipan_object::args::Given;
use taipan_object::error::{PyResult, Raised, raise_instance};
use taipan_object::header::{Obj, Object};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{bail, function, native};

unsafe extern "C" {
    // The C library's; the bindings lack them.
    fn gethostbyname_r(
        name: *const c_char,
        answer: *mut libc::hostent,
        memory: *mut c_char,
        size: usize,
        found: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        address: *const libc::c_void,
        len: libc::socklen_t,
        family: c_int,
        answer: *mut libc::hostent,
        memory: *mut c_char,
        size: usize,
        found: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
}

/// Text of the C library.
fn c_text(p: *const c_char) -> String {
    if p.is_null() {
        return String::new();
    }
    // SAFETY: the C library's texts end with NUL.
    unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
}

#[cold]
fn named_error(class: &'static str, code: c_int, text: &str) -> Raised {
    let made = match native::exception_class(class) {
        Some(c) => c.call(&[&Int::from_i64(code.into()), &Str::from_utf8(text)]),
        None => Err(taipan_object::raise!(OSError, "{text}")),
    };
    match made {
        Ok(e) => raise_instance(e),
        Err(e) => e,
    }
}

/// Raises what `getaddrinfo` and `getnameinfo` answered.
#[cold]
fn gai_error(code: c_int, errno: c_int) -> Raised {
    if code == libc::EAI_SYSTEM {
        return exceptions::from_errno(errno);
    }
    // SAFETY: answers a text for every number.
    named_error("socket.gaierror", code, &c_text(unsafe { libc::gai_strerror(code) }))
}

#[cold]
fn host_error(code: c_int) -> Raised {
    // SAFETY: answers a text for every number.
    named_error("socket.herror", code, &c_text(unsafe { libc::hstrerror(code) }))
}

/// What `getaddrinfo` answered, freed when dropped.
struct Found(*mut libc::addrinfo);

impl Drop for Found {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the resolver's own list, freed once.
            unsafe { libc::freeaddrinfo(self.0) };
        }
    }
}

impl Found {
    fn iter(&self) -> impl Iterator<Item = &libc::addrinfo> {
        // SAFETY: a list ended by null, alive as long as `self`.
        let at = |p: *mut libc::addrinfo| unsafe { p.as_ref() };
        std::iter::successors(at(self.0), move |a| at(a.ai_next))
    }
}

fn look_up(
    host: Option<&CStr>,
    port: Option<&CStr>,
    family: c_int,
    kind: c_int,
    proto: c_int,
    flags: c_int,
) -> PyResult<Found> {
    // SAFETY: a structure of numbers and null pointers.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    (hints.ai_family, hints.ai_socktype, hints.ai_protocol, hints.ai_flags) = (family, kind, proto, flags);
    let mut found = Found(std::ptr::null_mut());
    let p = |s: Option<&CStr>| s.map_or(std::ptr::null(), CStr::as_ptr);
    let (code, e) = blocking(|| {
        // SAFETY: C strings or null, a structure and room for the answer are passed.
        let r = unsafe { libc::getaddrinfo(p(host), p(port), &hints, &mut found.0) };
        (r, errno())
    });
    if code != 0 {
        return Err(gai_error(code, e));
    }
    Ok(found)
}

/// The address of an entry.
fn address_in(a: &libc::addrinfo) -> Address {
    // SAFETY: an entry holds an address with its length.
    unsafe { Address::copied(a.ai_addr, a.ai_addrlen) }
}

/// A host's first address of a family. The empty name is every local address.
pub fn address_of(name: &CStr, family: c_int) -> PyResult<Address> {
    let text = name.to_bytes();
    if text.is_empty() {
        let found = look_up(None, Some(c"0"), family, libc::SOCK_DGRAM, 0, libc::AI_PASSIVE)?;
        return match found.iter().next() {
            Some(a) => Ok(address_in(a)),
            None => bail!(OSError, "wildcard resolved to multiple address"),
        };
    }
    if text == b"255.255.255.255" || text == b"<broadcast>" {
        if family != libc::AF_INET && family != libc::AF_UNSPEC {
            bail!(OSError, "address family mismatched");
        }
        return Ok(Address::v4(u32::MAX, 0));
    }
    // Plain numbers need no resolver.
    if family == libc::AF_INET
        && let Some(a) = name.to_str().ok().and_then(|t| t.parse::<std::net::Ipv4Addr>().ok())
    {
        return Ok(Address::v4(a.to_bits(), 0));
    }
    let found = look_up(Some(name), None, family, 0, 0, 0)?;
    match found.iter().next() {
        Some(a) => Ok(address_in(a)),
        None => bail!(OSError, "host not found"),
    }
}

/// The host of an address in numbers.
pub fn numeric_host(a: &Address) -> String {
    match names(a, libc::NI_NUMERICHOST | libc::NI_NUMERICSERV) {
        Ok((host, _)) => host,
        Err(_) => String::new(),
    }
}

/// Names of an address' host and service.
fn names(a: &Address, flags: c_int) -> Result<(String, String), (c_int, c_int)> {
    let (mut host, mut service) = ([0 as c_char; 1025], [0 as c_char; 32]);
    // SAFETY: an address with its length, and memory with its sizes are passed.
    let r = unsafe {
        libc::getnameinfo(
            a.as_ptr(),
            a.len(),
            host.as_mut_ptr(),
            host.len() as _,
            service.as_mut_ptr(),
            service.len() as _,
            flags,
        )
    };
    if r != 0 { Err((r, errno())) } else { Ok((c_text(host.as_ptr()), c_text(service.as_ptr()))) }
}

/// A C string of an argument that must be `str`.
fn c_string(o: &Object, name: &str, position: usize) -> PyResult<CString> {
    let Some(s) = o.downcast::<Str>() else {
        bail!(TypeError, "{name}() argument {position} must be str, not {}", o.ty().name_str())
    };
    match CString::new(s.to_utf8()?) {
        Ok(c) => Ok(c),
        Err(_) => bail!(ValueError, "embedded null character"),
    }
}

/// getaddrinfo(host, port[, family, type, proto, flags]): return a list of (family, type, proto, canonical name, address).
#[function(signature = "(host, port, family=0, type=0, proto=0, flags=0)", text = false)]
pub fn getaddrinfo(host: &Object, port: &Object, family: c_int, r#type: c_int, proto: c_int, flags: c_int) -> PyResult {
    let name = if host.is_none() {
        None
    } else if host.downcast::<Str>().is_some() || host.downcast::<Bytes>().is_some() {
        Some(host_name(host)?)
    } else {
        bail!(TypeError, "getaddrinfo() argument 1 must be string or None");
    };
    let service = if port.is_none() {
        None
    } else if port.downcast::<Int>().is_some() {
        CString::new(port.as_i64()?.to_string()).ok()
    } else if port.downcast::<Str>().is_some() {
        Some(c_string(port, "getaddrinfo", 2)?)
    } else if let Some(b) = port.downcast::<Bytes>() {
        match CString::new(b.as_slice()) {
            Ok(c) => Some(c),
            Err(_) => bail!(ValueError, "embedded null byte"),
        }
    } else {
        bail!(OSError, "Int or String expected");
    };
    let n = |n: c_int| Int::from_i64(n.into()).into_obj();
    audit("socket.getaddrinfo", &[host, port, &n(family), &n(r#type), &n(proto), &n(flags)])?;
    let found = look_up(name.as_deref(), service.as_deref(), family, r#type, proto, flags)?;
    let entry = |a: &libc::addrinfo| {
        let canonical = Str::from_utf8(&c_text(a.ai_canonname)).into_obj();
        let v = vec![n(a.ai_family), n(a.ai_socktype), n(a.ai_protocol), canonical, address_in(a).to_object()];
        Tuple::from_vec(v).into_obj()
    };
    Ok(List::from_vec(found.iter().map(entry).collect()).into_obj())
}

/// getnameinfo(sockaddr, flags): return the names of an address' host and service.
#[function(signature = "(*args)", varargs, text = false)]
pub fn getnameinfo(args: &[&Object]) -> PyResult {
    count("getnameinfo", args, 2, 2)?;
    let flags = c_int_of(args[1])?;
    let Some(t) = args[0].downcast::<Tuple>() else { bail!(TypeError, "getnameinfo() argument 1 must be a tuple") };
    if !(2..=4).contains(&t.len()) || t.item(0).downcast::<Str>().is_none() {
        bail!(TypeError, "getnameinfo(): illegal sockaddr argument");
    }
    let host = c_string(t.item(0), "getnameinfo", 1)?;
    let port = c_int_of(t.item(1))?;
    let flow = if t.len() > 2 { t.item(2).as_i64()? } else { 0 };
    if !(0..=0xfffff).contains(&flow) {
        bail!(OverflowError, "getnameinfo(): flowinfo must be 0-1048575.");
    }
    audit("socket.getnameinfo", &[args[0]])?;
    let Ok(service) = CString::new(port.to_string()) else { bail!(ValueError, "embedded null character") };
    let found = look_up(Some(&host), Some(&service), libc::AF_UNSPEC, libc::SOCK_DGRAM, 0, libc::AI_NUMERICHOST)?;
    let mut all = found.iter();
    let (Some(first), None) = (all.next(), all.next()) else {
        bail!(OSError, "sockaddr resolved to multiple addresses");
    };
    let address = match first.ai_family {
        libc::AF_INET if t.len() != 2 => bail!(OSError, "IPv4 sockaddr must be 2 tuple"),
        libc::AF_INET6 => Address::parse(libc::AF_INET6, t, "getnameinfo")?,
        _ => address_in(first),
    };
    let (host, service) = blocking(|| names(&address, flags)).map_err(|(code, e)| gai_error(code, e))?;
    Ok(Tuple::from_vec(vec![Str::from_utf8(&host).into_obj(), Str::from_utf8(&service).into_obj()]).into_obj())
}

/// gethostbyname(host): return the IPv4 address of a host, in numbers.
#[function(signature = "(*args)", varargs, text = false)]
pub fn gethostbyname(args: &[&Object]) -> PyResult<String> {
    count("gethostbyname", args, 1, 1)?;
    let name = host_name(args[0])?;
    audit("socket.gethostbyname", &[args[0]])?;
    Ok(address_of(&name, libc::AF_INET)?.host_text())
}

/// Calls one of the resolver's functions that need memory, with more of it until it is enough, and shows what it answers.
fn host_entry(
    mut f: impl FnMut(*mut libc::hostent, &mut [u8], *mut *mut libc::hostent, *mut c_int) -> c_int,
) -> PyResult {
    let mut memory = vec![0u8; 16_384];
    loop {
        // SAFETY: a structure of numbers and null pointers.
        let mut entry: libc::hostent = unsafe { std::mem::zeroed() };
        let mut found: *mut libc::hostent = std::ptr::null_mut();
        let mut code: c_int = 0;
        let r = blocking(|| f(&mut entry, &mut memory, &mut found, &mut code));
        if r == libc::ERANGE && memory.len() < 1 << 20 {
            memory.resize(memory.len() * 2, 0);
            continue;
        }
        // SAFETY: the answer, if there is one, is `entry`.
        let Some(h) = (unsafe { found.as_ref() }) else { return Err(host_error(code)) };
        let mut aliases = Vec::new();
        let mut addresses = Vec::new();
        // SAFETY: both lists end with null; names end with NUL; addresses are `h_length` long.
        unsafe {
            let mut p = h.h_aliases;
            while !p.is_null() && !(*p).is_null() {
                aliases.push(fs_text(CStr::from_ptr(*p).to_bytes()).into_obj());
                p = p.add(1);
            }
            let mut p = h.h_addr_list;
            while !p.is_null() && !(*p).is_null() {
                let b = std::slice::from_raw_parts((*p).cast::<u8>(), h.h_length.max(0) as usize);
                let text = match (<[u8; 4]>::try_from(b), <[u8; 16]>::try_from(b)) {
                    (Ok(v4), _) => std::net::Ipv4Addr::from(v4).to_string(),
                    (_, Ok(v6)) => std::net::Ipv6Addr::from(v6).to_string(),
                    _ => bail!(OSError, "unsupported address family"),
                };
                addresses.push(Str::from_utf8(&text).into_obj());
                p = p.add(1);
            }
        }
        let name = Str::from_utf8(&c_text(h.h_name)).into_obj();
        return Ok(Tuple::from_vec(vec![
            name,
            List::from_vec(aliases).into_obj(),
            List::from_vec(addresses).into_obj(),
        ])
        .into_obj());
    }
}

/// gethostbyname_ex(host): return a host's name, its other names and its IPv4 addresses.
#[function(signature = "(*args)", varargs, text = false)]
pub fn gethostbyname_ex(args: &[&Object]) -> PyResult {
    count("gethostbyname_ex", args, 1, 1)?;
    let name = host_name(args[0])?;
    audit("socket.gethostbyname", &[args[0]])?;
    address_of(&name, libc::AF_INET)?;
    // SAFETY: a C string, a structure, memory with its size and room for the answers are passed.
    host_entry(|e, m, found, code| unsafe {
        gethostbyname_r(name.as_ptr(), e, m.as_mut_ptr().cast(), m.len(), found, code)
    })
}

/// gethostbyaddr(address): return the same of the host with an address.
#[function(signature = "(*args)", varargs, text = false)]
pub fn gethostbyaddr(args: &[&Object]) -> PyResult {
    count("gethostbyaddr", args, 1, 1)?;
    let name = host_name(args[0])?;
    audit("socket.gethostbyaddr", &[args[0]])?;
    let a = address_of(&name, libc::AF_UNSPEC)?;
    let bytes = match a.family() {
        libc::AF_INET => a.v4_host().to_be_bytes().to_vec(),
        libc::AF_INET6 => a.v6_host().to_vec(),
        _ => bail!(OSError, "unsupported address family"),
    };
    host_entry(|e, m, found, code| {
        let (p, n) = (bytes.as_ptr().cast(), bytes.len() as libc::socklen_t);
        // SAFETY: an address with its length, a structure, memory with its size and room for the answers are passed.
        unsafe { gethostbyaddr_r(p, n, a.family(), e, m.as_mut_ptr().cast(), m.len(), found, code) }
    })
}

/// getservbyname(name[, protocol]): return the port of a service.
#[function(signature = "(*args)", varargs, text = false)]
pub fn getservbyname(args: &[&Object]) -> PyResult<i64> {
    count("getservbyname", args, 1, 2)?;
    let name = c_string(args[0], "getservbyname", 1)?;
    let proto = args.get(1).map(|o| c_string(o, "getservbyname", 2)).transpose()?;
    audit("socket.getservbyname", args)?;
    // SAFETY: C strings or null; the interpreter lock keeps other threads of ours out of the answer.
    let port = unsafe {
        libc::getservbyname(name.as_ptr(), proto.as_ref().map_or(std::ptr::null(), |p| p.as_ptr()))
            .as_ref()
            .map(|s| s.s_port)
    };
    match port {
        Some(p) => Ok(u16::from_be(p as u16).into()),
        None => bail!(OSError, "service/proto not found"),
    }
}

/// getservbyport(port[, protocol]): return the name of a service.
#[function(signature = "(*args)", varargs, text = false)]
pub fn getservbyport(args: &[&Object]) -> PyResult<String> {
    count("getservbyport", args, 1, 2)?;
    let Ok(port) = u16::try_from(c_int_of(args[0])?) else {
        bail!(OverflowError, "getservbyport: port must be 0-65535.")
    };
    let proto = args.get(1).map(|o| c_string(o, "getservbyport", 2)).transpose()?;
    audit("socket.getservbyport", args)?;
    // SAFETY: as for `getservbyname`.
    let name = unsafe {
        libc::getservbyport(port.to_be().into(), proto.as_ref().map_or(std::ptr::null(), |p| p.as_ptr()))
            .as_ref()
            .map(|s| c_text(s.s_name))
    };
    match name {
        Some(n) => Ok(n),
        None => bail!(OSError, "port/proto not found"),
    }
}

/// getprotobyname(name): return the number of a protocol.
#[function(signature = "(*args)", varargs, text = false)]
pub fn getprotobyname(args: &[&Object]) -> PyResult<c_int> {
    count("getprotobyname", args, 1, 1)?;
    let name = c_string(args[0], "getprotobyname", 1)?;
    // SAFETY: as for `getservbyname`.
    match unsafe { libc::getprotobyname(name.as_ptr()).as_ref().map(|p| p.p_proto) } {
        Some(n) => Ok(n),
        None => bail!(OSError, "protocol not found"),
    }
}

/// Return the name of this machine.
#[function(signature = "()")]
pub fn gethostname() -> PyResult {
    audit("socket.gethostname", &[])?;
    let mut out = [0u8; 1024];
    // SAFETY: memory with its size, less one for the NUL, is passed.
    if blocking(|| unsafe { libc::gethostname(out.as_mut_ptr().cast(), out.len() - 1) }) < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(fs_text(out.split(|&c| c == 0).next().unwrap_or(&[])).into_obj())
}

/// sethostname(name): name this machine.
#[function(signature = "(*args)", varargs, text = false)]
pub fn sethostname(args: &[&Object]) -> PyResult<()> {
    count("sethostname", args, 1, 1)?;
    let name = fs_bytes(args[0])?;
    audit("socket.sethostname", args)?;
    // SAFETY: text with its length is passed.
    if unsafe { libc::sethostname(name.as_ptr(), name.as_bytes().len()) } < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(())
}

/// Return a list of (index, name) of the network interfaces.
#[function(signature = "()")]
pub fn if_nameindex() -> PyResult {
    // SAFETY: no memory is passed.
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return Err(exceptions::from_errno(errno()));
    }
    let mut v: Vec<Obj> = Vec::new();
    let mut p = list;
    // SAFETY: the list ends with an entry without index and name, and is freed once.
    unsafe {
        while (*p).if_index != 0 && !(*p).if_name.is_null() {
            let name = fs_text(CStr::from_ptr((*p).if_name).to_bytes()).into_obj();
            v.push(Tuple::from_vec(vec![Int::from_i64((*p).if_index.into()).into_obj(), name]).into_obj());
            p = p.add(1);
        }
        libc::if_freenameindex(list);
    }
    Ok(List::from_vec(v).into_obj())
}

/// Return the index of a network interface.
#[function(signature = "(oname, /)")]
pub fn if_nametoindex(oname: &Object) -> PyResult<c_uint> {
    let name = fs_bytes(oname)?;
    // SAFETY: a C string is passed.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(exceptions::from_errno(errno())),
        n => Ok(n),
    }
}

/// Return the name of a network interface.
#[function(signature = "(if_index, /)")]
pub fn if_indextoname(if_index: &Object) -> PyResult {
    let i = taipan_object::protocol::number::index(if_index)?;
    if i.is_negative() {
        bail!(ValueError, "Cannot convert negative int");
    }
    let Some(n) = i.to_u64().and_then(|n| c_uint::try_from(n).ok()) else {
        bail!(OverflowError, "Python int too large for C int");
    };
    let mut out = [0u8; libc::IF_NAMESIZE + 1];
    // SAFETY: memory of at least the size that names take is passed.
    if unsafe { libc::if_indextoname(n, out.as_mut_ptr().cast()) }.is_null() {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(fs_text(out.split(|&c| c == 0).next().unwrap_or(&[])).into_obj())
}

/// Return the default timeout in seconds of new sockets, or None.
#[function(signature = "()")]
pub fn getdefaulttimeout() -> Obj {
    crate::socket::timeout_object(crate::socket::DEFAULT_TIMEOUT.load(std::sync::atomic::Ordering::Relaxed))
}

/// Set the timeout in seconds of new sockets; None waits for ever.
#[function(signature = "(object, /)")]
pub fn setdefaulttimeout(object: &Object) -> PyResult<()> {
    let t = crate::socket::timeout_of(object)?;
    crate::socket::DEFAULT_TIMEOUT.store(t, std::sync::atomic::Ordering::Relaxed);
    Ok(())
}

/// socketpair([family[, type[, proto]]]): return two sockets that are connected to each other.
#[function(signature = "(family=None, type=SOCK_STREAM, proto=0, /)", text = false)]
pub fn socketpair(family: &Object, r#type: Given<c_int>, proto: c_int) -> PyResult {
    let family = if family.is_none() { libc::AF_UNIX } else { c_int_of(family)? };
    let kind = r#type.0.unwrap_or(libc::SOCK_STREAM);
    let mut fds = [-1; 2];
    // SAFETY: room for two descriptors is passed.
    if blocking(|| unsafe { libc::socketpair(family, kind | libc::SOCK_CLOEXEC, proto, fds.as_mut_ptr()) }) < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    let a = crate::socket::new_socket(fds[0], family, kind, proto)?;
    let b = crate::socket::new_socket(fds[1], family, kind, proto)?;
    Ok(Tuple::from_vec(vec![a, b]).into_obj())
}
