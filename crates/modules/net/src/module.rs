//! `_socket`: the module.

use crate::constants::SOCKET;
use crate::convert::{
    close, cmsg_len, cmsg_space, dup, htonl, htons, inet_aton, inet_ntoa, inet_ntop, inet_pton, ntohl, ntohs,
};
use crate::resolve::{
    getaddrinfo, getdefaulttimeout, gethostbyaddr, gethostbyname, gethostbyname_ex, gethostname, getnameinfo,
    getprotobyname, getservbyname, getservbyport, if_indextoname, if_nameindex, if_nametoindex, setdefaulttimeout,
    sethostname, socketpair,
};
use crate::socket::Socket_Type;
use taipan_object::error::PyResult;
use taipan_object::types::bool_;
use taipan_object::types::exceptions;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{methods, native};

fn exec(m: &Module) -> PyResult<()> {
    for &(name, n) in SOCKET {
        m.add_int(name, n)?;
    }
    m.add_str("BDADDR_ANY", "00:00:00:00:00:00")?;
    m.add_str("BDADDR_LOCAL", "00:00:00:FF:FF:FF")?;
    m.add("has_ipv6", bool_::true_())?;
    m.add("error", exceptions::OSError.as_object())?;
    m.add("timeout", exceptions::TimeoutError.as_object())?;
    native::add_exception(m, "socket.herror", exceptions::OSError)?;
    native::add_exception(m, "socket.gaierror", exceptions::OSError)?;
    m.add_type(&Socket_Type)?;
    m.add("SocketType", Socket_Type.as_object())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_socket",
    doc: "Sockets, as the system has them. The module socket is what programs use.",
    methods: methods![
        close,
        cmsg_len,
        cmsg_space,
        dup,
        htonl,
        htons,
        inet_aton,
        inet_ntoa,
        inet_ntop,
        inet_pton,
        ntohl,
        ntohs,
        getaddrinfo,
        getdefaulttimeout,
        gethostbyaddr,
        gethostbyname,
        gethostbyname_ex,
        gethostname,
        getnameinfo,
        getprotobyname,
        getservbyname,
        getservbyport,
        if_indextoname,
        if_nameindex,
        if_nametoindex,
        setdefaulttimeout,
        sethostname,
        socketpair
    ],
    exec,
};
