//! The type of sockets.

use crate::address::Address;
use crate::arguments::{count, int_or, size_or, writable};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::sync::atomic::{AtomicI64, Ordering};
use taipan_modules_io::clock::{Rounding, clock_ns, to_nanoseconds};
use taipan_modules_io::support::{audit, bind_init, blocking, c_int_of, errno, param, with_exception_saved};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::Signature;
use taipan_object::buffer::Buffer;
use taipan_object::error::{PyResult, Raised, no_memory, unraisable};
use taipan_object::header::{Obj, Object};
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::number;
use taipan_object::typeobj::heap::call_finalizer_from_dealloc;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none};
use taipan_object::{bail, getset, getsets, hooks, layout, members, method, methods, raise};

/// The timeout of new sockets in nanoseconds; negative waits for ever.
pub static DEFAULT_TIMEOUT: AtomicI64 = AtomicI64::new(-1);

/// A socket.
#[repr(C)]
pub struct Socket {
    ob_base: Object,
    /// -1 when closed.
    fd: Cell<c_int>,
    family: Cell<c_int>,
    kind: Cell<c_int>,
    proto: Cell<c_int>,
    /// In nanoseconds: negative waits for ever, 0 never waits. With any but a negative one the descriptor itself does not block.
    timeout: Cell<i64>,
}
layout!(Socket, Socket_Type);

#[cold]
fn timed_out() -> Raised {
    raise!(TimeoutError, "timed out")
}

fn now() -> i64 {
    clock_ns(libc::CLOCK_MONOTONIC).unwrap_or(0)
}

/// Negative answers of the C library as its error number.
fn checked(n: isize) -> Result<usize, i32> {
    if n < 0 { Err(errno()) } else { Ok(n as usize) }
}

/// When an operation gives up.
#[derive(Clone, Copy)]
pub struct Deadline(Option<i64>);

impl Socket {
    /// The descriptor.
    pub fn fd(&self) -> c_int {
        self.fd.get()
    }

    /// The family.
    pub fn family(&self) -> c_int {
        self.family.get()
    }

    /// When an operation that starts now gives up.
    pub fn deadline(&self) -> Deadline {
        Deadline(if self.timeout.get() > 0 { Some(now().saturating_add(self.timeout.get())) } else { None })
    }

    /// Waits until the socket is ready. The answer is whether it is, rather than the deadline being over.
    fn wait(&self, events: i16, deadline: Deadline) -> PyResult<bool> {
        loop {
            let ms = match deadline.0 {
                None => -1,
                Some(end) => match end - now() {
                    left if left < 0 => return Ok(false),
                    left => (left / 1_000_000 + i64::from(left % 1_000_000 != 0)).min(c_int::MAX.into()) as c_int,
                },
            };
            let mut p = libc::pollfd { fd: self.fd(), events, revents: 0 };
            // SAFETY: one structure is passed.
            match blocking(|| checked(unsafe { libc::poll(&mut p, 1, ms) } as isize)) {
                Ok(n) => return Ok(n != 0),
                Err(libc::EINTR) => (hooks::get().handle_pending)()?,
                Err(e) => return Err(exceptions::from_errno(e)),
            }
        }
    }

    /// Does a system call on the socket: again after signals, and when it is ready if there is a timeout.
    pub fn call(&self, events: i16, deadline: Deadline, mut f: impl FnMut(c_int) -> isize) -> PyResult<usize> {
        loop {
            if deadline.0.is_some() && !self.wait(events, deadline)? {
                return Err(timed_out());
            }
            let fd = self.fd();
            match blocking(|| checked(f(fd))) {
                Ok(n) => return Ok(n),
                Err(libc::EINTR) => (hooks::get().handle_pending)()?,
                // Another thread or process took what was there.
                Err(libc::EAGAIN) if deadline.0.is_some() => {}
                Err(e) => return Err(exceptions::from_errno(e)),
            }
        }
    }

    fn set_nonblocking(&self, on: bool) -> PyResult<()> {
        let mut n = c_int::from(on);
        let fd = self.fd();
        // SAFETY: the request reads one int.
        blocking(|| checked(unsafe { libc::ioctl(fd, libc::FIONBIO, &mut n) } as isize))
            .map_err(exceptions::from_errno)?;
        Ok(())
    }

    /// Takes a descriptor.
    fn set_up(&self, fd: c_int, family: c_int, kind: c_int, proto: c_int) -> PyResult<()> {
        self.fd.set(fd);
        self.family.set(family);
        self.kind.set(kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC));
        self.proto.set(proto);
        if kind & libc::SOCK_NONBLOCK != 0 {
            self.timeout.set(0);
            return Ok(());
        }
        self.timeout.set(DEFAULT_TIMEOUT.load(Ordering::Relaxed));
        if self.timeout.get() >= 0 { self.set_nonblocking(true) } else { Ok(()) }
    }

    /// Connects. The inner error number is not raised yet, since `connect_ex` answers it.
    fn connect(&self, a: &Address) -> PyResult<Result<(), i32>> {
        let fd = self.fd();
        let deadline = self.deadline();
        // SAFETY: an address with its length is passed.
        let e = match blocking(|| checked(unsafe { libc::connect(fd, a.as_ptr(), a.len()) } as isize)) {
            Ok(_) => return Ok(Ok(())),
            Err(e) => e,
        };
        let wait = match e {
            libc::EINTR => {
                (hooks::get().handle_pending)()?;
                self.timeout.get() != 0
            }
            libc::EINPROGRESS => self.timeout.get() > 0,
            _ => false,
        };
        if !wait {
            return Ok(Err(e));
        }
        if !self.wait(libc::POLLOUT, deadline)? {
            return Ok(Err(libc::EWOULDBLOCK));
        }
        match self.int_option(libc::SOL_SOCKET, libc::SO_ERROR) {
            Ok(0 | libc::EISCONN) => Ok(Ok(())),
            Ok(e) | Err(e) => Ok(Err(e)),
        }
    }

    fn int_option(&self, level: c_int, option: c_int) -> Result<c_int, i32> {
        int_option(self.fd(), level, option)
    }

    fn close(&self) -> PyResult<()> {
        let fd = self.fd.replace(-1);
        if fd >= 0 {
            // SAFETY: no memory is passed; the descriptor was just forgotten.
            match blocking(|| checked(unsafe { libc::close(fd) } as isize)) {
                // The peer's reset is no news to who closes.
                Ok(_) | Err(libc::ECONNRESET) => {}
                Err(e) => return Err(exceptions::from_errno(e)),
            }
        }
        Ok(())
    }

    fn receive(&self, p: *mut u8, n: usize, flags: c_int) -> PyResult<usize> {
        if n == 0 {
            return Ok(0);
        }
        // SAFETY: the callers pass memory of `n` bytes that stays where it is.
        self.call(libc::POLLIN, self.deadline(), |fd| unsafe { libc::recv(fd, p.cast(), n, flags) })
    }

    fn receive_from(&self, p: *mut u8, n: usize, flags: c_int) -> PyResult<(usize, Obj)> {
        let mut a = Address::room();
        let got = self.call(libc::POLLIN, self.deadline(), |fd| {
            a = Address::room();
            let (to, len) = (a.as_mut_ptr(), a.len_ptr());
            // SAFETY: memory of `n` bytes that stays where it is, by the callers; room for an address with its length.
            unsafe { libc::recvfrom(fd, p.cast(), n, flags, to, len) }
        })?;
        Ok((got, a.to_object()))
    }
}

fn int_option(fd: c_int, level: c_int, option: c_int) -> Result<c_int, i32> {
    let mut n: c_int = 0;
    let mut len = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: room for an int and its size are passed.
    checked(unsafe { libc::getsockopt(fd, level, option, (&raw mut n).cast(), &mut len) } as isize)?;
    Ok(n)
}

/// Memory for an answer of at most `n` bytes.
fn memory(n: usize) -> PyResult<Vec<u8>> {
    let mut v = Vec::new();
    v.try_reserve_exact(n).map_err(|_| no_memory())?;
    v.resize(n, 0);
    Ok(v)
}

/// A timeout argument in nanoseconds; `None` is -1.
pub fn timeout_of(o: &Object) -> PyResult<i64> {
    if o.is_none() {
        return Ok(-1);
    }
    match to_nanoseconds(o, Rounding::Up)? {
        n if n < 0 => bail!(ValueError, "Timeout value out of range"),
        n => Ok(n),
    }
}

/// A timeout as Python shows it.
pub fn timeout_object(ns: i64) -> Obj {
    if ns < 0 { none::none_obj() } else { Float::new(ns as f64 / 1e9).into_obj() }
}

extern "C" fn socket_new(cls: &Type, _args: &Object, _kwargs: Option<&Object>) -> PyResult {
    let timeout = DEFAULT_TIMEOUT.load(Ordering::Relaxed);
    Ok(new_instance(
        cls,
        Socket {
            ob_base: Object::placeholder(),
            fd: Cell::new(-1),
            family: Cell::new(0),
            kind: Cell::new(0),
            proto: Cell::new(0),
            timeout: Cell::new(timeout),
        },
    )?
    .into_obj())
}

static INIT: Signature = Signature {
    name: "socket",
    params: &[param("family", false), param("type", false), param("proto", false), param("fileno", false)],
    posonly: 0,
    positional: 4,
    varargs: false,
    varkw: false,
};

extern "C" fn socket_init(o: &Object, call_args: &Object, kwargs: Option<&Object>) -> c_int {
    let this: &Socket = o.cast();
    bind_init::<4>(&INIT, call_args, kwargs, |a| {
        let int = |i: usize| a[i].map_or(Ok(-1), c_int_of);
        let (mut family, mut kind, mut proto) = (int(0)?, int(1)?, int(2)?);
        let n = |n: c_int| Int::from_i64(n.into());
        audit("socket.__new__", &[o, &n(family), &n(kind), &n(proto)])?;
        let fd = match a[3].filter(|f| !f.is_none()) {
            Some(f) => {
                let n = number::index(f)?;
                let fd = c_int_of(&n)?;
                if fd < 0 {
                    bail!(ValueError, "negative file descriptor");
                }
                let mut own = Address::room();
                let (p, len) = (own.as_mut_ptr(), own.len_ptr());
                // SAFETY: room for an address with its length is passed.
                match checked(unsafe { libc::getsockname(fd, p, len) } as isize) {
                    Ok(_) if family == -1 => family = own.family(),
                    Ok(_) => {}
                    Err(e @ (libc::EBADF | libc::ENOTSOCK)) => return Err(exceptions::from_errno(e)),
                    Err(e) if family == -1 => return Err(exceptions::from_errno(e)),
                    Err(_) => {}
                }
                if kind == -1 {
                    kind = int_option(fd, libc::SOL_SOCKET, libc::SO_TYPE).map_err(exceptions::from_errno)?;
                }
                if proto == -1 {
                    proto = int_option(fd, libc::SOL_SOCKET, libc::SO_PROTOCOL).map_err(exceptions::from_errno)?;
                }
                fd
            }
            None => {
                family = if family == -1 { libc::AF_INET } else { family };
                kind = if kind == -1 { libc::SOCK_STREAM } else { kind };
                proto = if proto == -1 { 0 } else { proto };
                // SAFETY: no memory is passed.
                let fd =
                    blocking(|| checked(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, proto) } as isize));
                fd.map_err(exceptions::from_errno)? as c_int
            }
        };
        this.set_up(fd, family, kind, proto)
    })
}

/// A new socket object of an open descriptor.
pub fn new_socket(fd: c_int, family: c_int, kind: c_int, proto: c_int) -> PyResult {
    let o = socket_new(&Socket_Type, &Tuple::new(&[]), None)?;
    o.cast::<Socket>().set_up(fd, family, kind, proto)?;
    Ok(o)
}

extern "C" fn socket_repr(o: &Object) -> PyResult {
    let this: &Socket = o.cast();
    let text = format!(
        "<socket object, fd={}, family={}, type={}, proto={}>",
        this.fd(),
        this.family(),
        this.kind.get(),
        this.proto.get()
    );
    Ok(Str::from_utf8(&text).into_obj())
}

extern "C" fn socket_finalize(o: &Object) {
    let this: &Socket = o.cast();
    if this.fd() < 0 {
        return;
    }
    with_exception_saved(|| {
        let r = o.repr().and_then(|text| {
            (hooks::get().warn)(exceptions::ResourceWarning, &format!("unclosed {}", text.display()), 1)
        });
        if let Err(e) = r {
            if e.matches(exceptions::Warning) {
                unraisable(e, Some(o));
            } else {
                e.clear();
            }
        }
        if let Err(e) = this.close() {
            e.clear();
        }
    });
}

unsafe extern "C" fn socket_dealloc(obj: std::ptr::NonNull<Object>) {
    // SAFETY: the destructor contract; the finaliser may revive the object.
    unsafe {
        if call_finalizer_from_dealloc(obj.as_ref()) {
            dealloc_of::<Socket>(obj);
        }
    }
}

extern "C" fn socket_traverse(_o: &Object, _visit: VisitProc, _arg: *mut c_void) -> c_int {
    0
}

/// Wait for a connection. Return a descriptor of its own and the address of the peer.
#[method(signature = "()")]
fn _accept(this: &Socket) -> PyResult {
    let mut a = Address::room();
    let fd = this.call(libc::POLLIN, this.deadline(), |fd| {
        a = Address::room();
        let (p, len) = (a.as_mut_ptr(), a.len_ptr());
        // SAFETY: room for an address with its length is passed.
        unsafe { libc::accept4(fd, p, len, libc::SOCK_CLOEXEC) as isize }
    })?;
    Ok(Tuple::from_vec(vec![Int::from_usize(fd).into_obj(), a.to_object()]).into_obj())
}

/// Give the socket a local address.
#[method(signature = "(object, /)")]
fn bind(this: &Socket, object: &Object) -> PyResult<()> {
    let a = Address::parse(this.family(), object, "bind")?;
    audit("socket.bind", &[this, object])?;
    let fd = this.fd();
    // SAFETY: an address with its length is passed.
    blocking(|| checked(unsafe { libc::bind(fd, a.as_ptr(), a.len()) } as isize)).map_err(exceptions::from_errno)?;
    Ok(())
}

/// Close the socket; it can do nothing afterwards.
#[method(signature = "()", name = "close")]
fn close_method(this: &Socket) -> PyResult<()> {
    this.close()
}

/// Connect to a remote address.
#[method(signature = "(object, /)")]
fn connect(this: &Socket, object: &Object) -> PyResult<()> {
    let a = Address::parse(this.family(), object, "connect")?;
    audit("socket.connect", &[this, object])?;
    match this.connect(&a)? {
        Ok(()) => Ok(()),
        Err(libc::EWOULDBLOCK) if this.timeout.get() > 0 => Err(timed_out()),
        Err(e) => Err(exceptions::from_errno(e)),
    }
}

/// As connect(), but return the error number of the system instead of raising.
#[method(signature = "(object, /)")]
fn connect_ex(this: &Socket, object: &Object) -> PyResult<c_int> {
    let a = Address::parse(this.family(), object, "connect_ex")?;
    audit("socket.connect", &[this, object])?;
    Ok(this.connect(&a)?.err().unwrap_or(0))
}

/// Close the socket object but not its descriptor, which is returned.
#[method(signature = "()")]
fn detach(this: &Socket) -> c_int {
    this.fd.replace(-1)
}

/// Return the descriptor, or -1.
#[method(signature = "()")]
fn fileno(this: &Socket) -> c_int {
    this.fd()
}

fn name_by(
    this: &Socket,
    f: unsafe extern "C" fn(c_int, *mut libc::sockaddr, *mut libc::socklen_t) -> c_int,
) -> PyResult {
    let mut a = Address::room();
    let (fd, p, len) = (this.fd(), a.as_mut_ptr(), a.len_ptr());
    // SAFETY: room for an address with its length is passed.
    blocking(|| checked(unsafe { f(fd, p, len) } as isize)).map_err(exceptions::from_errno)?;
    Ok(a.to_object())
}

/// Return the address of the peer.
#[method(signature = "()")]
fn getpeername(this: &Socket) -> PyResult {
    name_by(this, libc::getpeername)
}

/// Return the local address.
#[method(signature = "()")]
fn getsockname(this: &Socket) -> PyResult {
    name_by(this, libc::getsockname)
}

/// Return whether the socket waits.
#[method(signature = "()")]
fn getblocking(this: &Socket) -> bool {
    this.timeout.get() != 0
}

/// Make operations wait for as long as it takes, or never.
#[method(signature = "(object, /)")]
fn setblocking(this: &Socket, object: &Object) -> PyResult<()> {
    let on = object.is_true()?;
    this.timeout.set(if on { -1 } else { 0 });
    this.set_nonblocking(!on)
}

/// Return the timeout in seconds, or None.
#[method(signature = "()")]
fn gettimeout(this: &Socket) -> Obj {
    timeout_object(this.timeout.get())
}

/// Set how many seconds operations wait at most; None waits for ever.
#[method(signature = "(object, /)")]
fn settimeout(this: &Socket, object: &Object) -> PyResult<()> {
    let t = timeout_of(object)?;
    this.timeout.set(t);
    this.set_nonblocking(t >= 0)
}

/// getsockopt(level, option[, buffersize]): return an option, as an int or as bytes of at most that size.
#[method(signature = "(*args)", varargs, text = false)]
fn getsockopt(this: &Socket, args: &[&Object]) -> PyResult {
    count("getsockopt", args, 2, 3)?;
    let (level, option, size) = (c_int_of(args[0])?, c_int_of(args[1])?, int_or(args, 2, 0)?);
    if size == 0 {
        let n = this.int_option(level, option).map_err(exceptions::from_errno)?;
        return Ok(Int::from_i64(n.into()).into_obj());
    }
    if !(1..=1024).contains(&size) {
        bail!(OSError, "getsockopt buflen out of range");
    }
    let mut out = [0u8; 1024];
    let mut len = size as libc::socklen_t;
    // SAFETY: room of that size is passed.
    let r = unsafe { libc::getsockopt(this.fd(), level, option, out.as_mut_ptr().cast(), &mut len) };
    checked(r as isize).map_err(exceptions::from_errno)?;
    Ok(Bytes::new(out.get(..len as usize).unwrap_or(&[])).into_obj())
}

/// setsockopt(level, option, value), or setsockopt(level, option, None, size): set an option to an int, to bytes or to nothing.
#[method(signature = "(*args)", varargs, text = false)]
fn setsockopt(this: &Socket, args: &[&Object]) -> PyResult<()> {
    let nothing = args.len() == 4 && args[2].is_none();
    if !nothing {
        count("setsockopt", args, 3, 3)?;
    }
    let (level, option, fd) = (c_int_of(args[0])?, c_int_of(args[1])?, this.fd());
    let r = if nothing {
        let Ok(size) = libc::socklen_t::try_from(args[3].as_i64()?) else {
            bail!(OverflowError, "unsigned int is greater than maximum")
        };
        // SAFETY: the system takes a null pointer for an absent value.
        unsafe { libc::setsockopt(fd, level, option, std::ptr::null(), size) }
    } else if args[2].downcast::<Int>().is_some() {
        let n = c_int_of(args[2])?;
        // SAFETY: an int and its size are passed.
        unsafe { libc::setsockopt(fd, level, option, (&raw const n).cast(), size_of::<c_int>() as libc::socklen_t) }
    } else {
        let b = Buffer::get(args[2])?;
        // SAFETY: memory and its size are passed.
        unsafe {
            libc::setsockopt(fd, level, option, b.as_ptr().cast(), b.len().min(c_int::MAX as usize) as libc::socklen_t)
        }
    };
    checked(r as isize).map_err(exceptions::from_errno)?;
    Ok(())
}

/// listen([backlog]): accept connections.
#[method(signature = "(*args)", varargs, text = false)]
fn listen(this: &Socket, args: &[&Object]) -> PyResult<()> {
    count("listen", args, 0, 1)?;
    let backlog = int_or(args, 0, 128.min(libc::SOMAXCONN))?.max(0);
    let fd = this.fd();
    // SAFETY: no memory is passed.
    blocking(|| checked(unsafe { libc::listen(fd, backlog) } as isize)).map_err(exceptions::from_errno)?;
    Ok(())
}

/// Close one or both directions of a connection.
#[method(signature = "(object, /)")]
fn shutdown(this: &Socket, object: &Object) -> PyResult<()> {
    let (fd, how) = (this.fd(), c_int_of(object)?);
    // SAFETY: no memory is passed.
    blocking(|| checked(unsafe { libc::shutdown(fd, how) } as isize)).map_err(exceptions::from_errno)?;
    Ok(())
}

/// recv(buffersize[, flags]): receive at most that many bytes.
#[method(signature = "(*args)", varargs, text = false)]
fn recv(this: &Socket, args: &[&Object]) -> PyResult {
    count("recv", args, 1, 2)?;
    let n = size_or(args, 0, 0, "negative buffersize in recv")?;
    let flags = int_or(args, 1, 0)?;
    let mut out = memory(n)?;
    let got = this.receive(out.as_mut_ptr(), n, flags)?;
    Ok(Bytes::try_new(out.get(..got).unwrap_or(&out))?.into_obj())
}

/// recvfrom(buffersize[, flags]): receive at most that many bytes. Return them and the sender's address.
#[method(signature = "(*args)", varargs, text = false)]
fn recvfrom(this: &Socket, args: &[&Object]) -> PyResult {
    count("recvfrom", args, 1, 2)?;
    let n = size_or(args, 0, 0, "negative buffersize in recvfrom")?;
    let flags = int_or(args, 1, 0)?;
    let mut out = memory(n)?;
    let (got, from) = this.receive_from(out.as_mut_ptr(), n, flags)?;
    Ok(Tuple::from_vec(vec![Bytes::try_new(out.get(..got).unwrap_or(&out))?.into_obj(), from]).into_obj())
}

static INTO: [Signature; 2] = [into_signature("recv_into"), into_signature("recvfrom_into")];

const INTO_PARAMS: &[taipan_object::args::Param] =
    &[param("buffer", true), param("nbytes", false), param("flags", false)];

const fn into_signature(name: &'static str) -> Signature {
    Signature { name, params: INTO_PARAMS, posonly: 0, positional: 3, varargs: false, varkw: false }
}

/// The arguments of `recv_into` and `recvfrom_into`: memory, how much of it, flags.
fn into_args(
    which: usize,
    args: &[&Object],
    kwargs: taipan_object::args::KwArgs<'_>,
) -> PyResult<(Buffer, usize, c_int)> {
    let sig = &INTO[which];
    let mut all: Vec<&Object> = args.to_vec();
    all.extend_from_slice(kwargs.values());
    let call = taipan_object::args::CallArgs::new(&all, args.len(), kwargs.names());
    let mut a = [None; 3];
    taipan_object::args::bind_keywords(sig, call, &mut a)?;
    let Some(o) = a[0] else { bail!(TypeError, "{}() takes at least 1 argument (0 given)", sig.name) };
    let b = writable(sig.name, o)?;
    let rest: Vec<&Object> = a[1].into_iter().collect();
    let mut n = size_or(&rest, 0, 0, &format!("negative buffersize in {}", sig.name))?;
    let flags = a[2].map_or(Ok(0), c_int_of)?;
    if n == 0 {
        n = b.len();
    } else if n > b.len() {
        let what = if which == 0 {
            "buffer too small for requested bytes"
        } else {
            "nbytes is greater than the length of the buffer"
        };
        bail!(ValueError, "{what}");
    }
    Ok((b, n, flags))
}

/// recv_into(buffer[, nbytes[, flags]]): receive into memory. Return how many bytes came.
#[method(signature = "(*args, **kwargs)", text = false)]
fn recv_into(this: &Socket, args: &[&Object], kwargs: taipan_object::args::KwArgs<'_>) -> PyResult<usize> {
    let (mut b, n, flags) = into_args(0, args, kwargs)?;
    this.receive(b.as_mut_slice().as_mut_ptr(), n, flags)
}

/// recvfrom_into(buffer[, nbytes[, flags]]): receive into memory. Return how many bytes came, and the sender's address.
#[method(signature = "(*args, **kwargs)", text = false)]
fn recvfrom_into(this: &Socket, args: &[&Object], kwargs: taipan_object::args::KwArgs<'_>) -> PyResult {
    let (mut b, n, flags) = into_args(1, args, kwargs)?;
    let (got, from) = this.receive_from(b.as_mut_slice().as_mut_ptr(), n, flags)?;
    Ok(Tuple::from_vec(vec![Int::from_usize(got).into_obj(), from]).into_obj())
}

/// send(data[, flags]): send. Return how many bytes the system took.
#[method(signature = "(*args)", varargs, text = false)]
fn send(this: &Socket, args: &[&Object]) -> PyResult<usize> {
    count("send", args, 1, 2)?;
    let b = Buffer::get(args[0])?;
    let flags = int_or(args, 1, 0)?;
    let (p, n) = (b.as_ptr(), b.len());
    // SAFETY: the memory stays while the buffer is held.
    this.call(libc::POLLOUT, this.deadline(), |fd| unsafe { libc::send(fd, p.cast(), n, flags) })
}

/// sendall(data[, flags]): send all of the data.
#[method(signature = "(*args)", varargs, text = false)]
fn sendall(this: &Socket, args: &[&Object]) -> PyResult<()> {
    count("sendall", args, 1, 2)?;
    let b = Buffer::get(args[0])?;
    let flags = int_or(args, 1, 0)?;
    let deadline = this.deadline();
    let mut rest: &[u8] = &b;
    loop {
        let (p, n) = (rest.as_ptr(), rest.len());
        // SAFETY: the memory stays while the buffer is held.
        let sent = this.call(libc::POLLOUT, deadline, |fd| unsafe { libc::send(fd, p.cast(), n, flags) })?;
        rest = rest.get(sent..).unwrap_or(&[]);
        if rest.is_empty() {
            return Ok(());
        }
        (hooks::get().handle_pending)()?;
    }
}

/// sendto(data[, flags], address): send to an address. Return how many bytes the system took.
#[method(signature = "(*args)", varargs, text = false)]
fn sendto(this: &Socket, args: &[&Object]) -> PyResult<usize> {
    if !(2..=3).contains(&args.len()) {
        bail!(TypeError, "sendto() takes 2 or 3 arguments ({} given)", args.len());
    }
    let b = Buffer::get(args[0])?;
    let flags = if args.len() == 3 { c_int_of(args[1])? } else { 0 };
    let to = args[args.len() - 1];
    let a = Address::parse(this.family(), to, "sendto")?;
    audit("socket.sendto", &[this, to])?;
    let (p, n) = (b.as_ptr(), b.len());
    this.call(libc::POLLOUT, this.deadline(), |fd| {
        // SAFETY: the memory stays while the buffer is held; an address with its length is passed.
        unsafe { libc::sendto(fd, p.cast(), n, flags, a.as_ptr(), a.len()) }
    })
}

fn get_timeout(this: &Socket) -> Obj {
    timeout_object(this.timeout.get())
}

use crate::message::{recvmsg, recvmsg_into, sendmsg};

/// The type.
pub static Socket_Type: Type = Type::new_static(TypeDef {
    name: c"_socket.socket",
    basicsize: size_of::<Socket>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(
        c"socket(family=AF_INET, type=SOCK_STREAM, proto=0, fileno=None)\n\nAn end of a connection, or a place where messages come and go.\nWith a fileno, an open descriptor is used and the rest found out.",
    ),
    dealloc: Some(socket_dealloc),
    repr: Some(socket_repr),
    traverse: Some(socket_traverse),
    methods: methods![
        _accept, bind, close_method, connect, connect_ex, detach, fileno, getpeername, getsockname, getsockopt, listen, recv, recv_into,
        recvfrom, recvfrom_into, send, sendall, sendto, setblocking, getblocking, settimeout, gettimeout, setsockopt, shutdown, recvmsg,
        recvmsg_into, sendmsg,
    ],
    members: members![
        MemberDef::new(c"family", member::INT, offset_of!(Socket, family), member::READONLY).doc(c"the family of addresses"),
        MemberDef::new(c"type", member::INT, offset_of!(Socket, kind), member::READONLY).doc(c"the type of the socket"),
        MemberDef::new(c"proto", member::INT, offset_of!(Socket, proto), member::READONLY).doc(c"the protocol"),
    ],
    getset: getsets![getset!(c"timeout", get_timeout; c"the timeout in seconds")],
    init: Some(socket_init),
    new: Some(socket_new),
    finalize: Some(socket_finalize),
    ..TypeDef::EMPTY
});
