//! `select`: waiting for descriptors.

use crate::clock::{Rounding, to_nanoseconds};
use crate::constants::SELECT;
use crate::posix::path::fildes;
use crate::support::{blocking, c_int_of, checked_syscall, errno, param, syscall};
use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::{self, Signature};
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::protocol::mapping::fast_items;
use taipan_object::protocol::number;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{dict, exceptions};
use taipan_object::{Raised, bail, classmethod, function, getset, getsets, layout, method, methods, raise};

/// Milliseconds until a deadline.
struct Timeout {
    /// In nanoseconds of the monotonic clock; `None` waits for ever.
    end: Option<i64>,
}

fn now() -> i64 {
    crate::clock::clock_ns(libc::CLOCK_MONOTONIC).unwrap_or(0)
}

impl Timeout {
    fn left(&self) -> Option<i64> {
        self.end.map(|e| (e - now()).max(0))
    }

    /// For `poll`: -1 waits for ever, parts of a millisecond count as one.
    fn milliseconds(&self) -> c_int {
        self.left().map_or(-1, |ns| ((ns + 999_999) / 1_000_000).min(c_int::MAX.into()) as c_int)
    }
}

fn wrong_timeout(e: Raised, what: &str) -> Raised {
    if e.matches(exceptions::TypeError) {
        e.clear();
        return raise!(TypeError, "timeout must be {what} or None");
    }
    e
}

/// The objects of one list, with their descriptors.
struct Watched {
    items: Vec<(Obj, c_int)>,
    set: libc::fd_set,
}

fn watched(o: &Object) -> PyResult<(Watched, c_int)> {
    // SAFETY: a set of bits; zero is empty.
    let mut w = Watched { items: Vec::new(), set: unsafe { std::mem::zeroed() } };
    let mut max = -1;
    // A list may be changed by the `fileno` methods of its own items.
    let fixed =
        if o.downcast::<List>().is_some() { Vec::new() } else { fast_items(o, "arguments 1-3 must be sequences")? };
    let item_at = |i: usize| match o.downcast::<List>() {
        Some(l) => l.get(i),
        None => fixed.get(i).cloned(),
    };
    let mut i = 0;
    while let Some(item) = item_at(i) {
        i += 1;
        let fd = fildes(&item)?;
        if fd as usize >= libc::FD_SETSIZE {
            bail!(ValueError, "filedescriptor out of range in select()");
        }
        if w.items.len() >= libc::FD_SETSIZE {
            bail!(ValueError, "too many file descriptors in select()");
        }
        // SAFETY: inside the set.
        unsafe { libc::FD_SET(fd, &mut w.set) };
        max = max.max(fd);
        w.items.push((item, fd));
    }
    Ok((w, max))
}

fn ready(w: &Watched, set: &libc::fd_set) -> Obj {
    // SAFETY: inside the set.
    let v = w.items.iter().filter(|(_, fd)| unsafe { libc::FD_ISSET(*fd, set) }).map(|(o, _)| o.clone()).collect();
    List::from_vec(v).into_obj()
}

/// Wait until descriptors can be read or written or have something exceptional. Return three lists of those.
#[function(signature = "(rlist, wlist, xlist, timeout=None, /)", name = "select")]
fn select_function(rlist: &Object, wlist: &Object, xlist: &Object, timeout: &Object) -> PyResult {
    let end = if timeout.is_none() {
        None
    } else {
        let ns = to_nanoseconds(timeout, Rounding::Up).map_err(|e| wrong_timeout(e, "a float"))?;
        if ns < 0 {
            bail!(ValueError, "timeout must be non-negative");
        }
        Some(now().saturating_add(ns))
    };
    let (r, rmax) = watched(rlist)?;
    let (w, wmax) = watched(wlist)?;
    let (x, xmax) = watched(xlist)?;
    let t = Timeout { end };
    let n = rmax.max(wmax).max(xmax) + 1;
    let (mut rs, mut ws, mut xs) = (r.set, w.set, x.set);
    let got = syscall(|| {
        (rs, ws, xs) = (r.set, w.set, x.set);
        let mut tv =
            t.left().map(|ns| libc::timeval { tv_sec: ns / 1_000_000_000, tv_usec: (ns % 1_000_000_000 + 999) / 1000 });
        if let Some(tv) = &mut tv
            && tv.tv_usec >= 1_000_000
        {
            tv.tv_sec += 1;
            tv.tv_usec -= 1_000_000;
        }
        let p = tv.as_mut().map_or(std::ptr::null_mut(), |t| t as *mut libc::timeval);
        // SAFETY: sets and a time, or null, are passed.
        unsafe { libc::select(n, &mut rs, &mut ws, &mut xs, p) as isize }
    })?;
    match got {
        Err(e) => Err(exceptions::from_errno(e)),
        Ok(0) => {
            let empty = || List::new().into_obj();
            Ok(Tuple::from_vec(vec![empty(), empty(), empty()]).into_obj())
        }
        Ok(_) => Ok(Tuple::from_vec(vec![ready(&r, &rs), ready(&w, &ws), ready(&x, &xs)]).into_obj()),
    }
}

/// A polling object.
#[repr(C)]
struct Poll {
    ob_base: Object,
    /// In the order of registration.
    watched: RefCell<Vec<(c_int, u16)>>,
    running: Cell<bool>,
}
layout!(Poll, Poll_Type);

fn event_mask(o: &Object) -> PyResult<u16> {
    let i = number::index(o)?;
    if i.is_negative() {
        bail!(ValueError, "Cannot convert negative int");
    }
    match i.to_u64() {
        Some(n) if n <= u16::MAX.into() => Ok(n as u16),
        Some(n) if n <= u32::MAX.into() => bail!(OverflowError, "Python int too large for C unsigned short"),
        _ => bail!(OverflowError, "Python int too large to convert to C unsigned long"),
    }
}

/// Watch a descriptor, or watch it for other events.
#[method(
    signature = "(fd, eventmask=None, /)",
    shown = "(fd,\n         eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)"
)]
fn register(this: &Poll, fd: &Object, eventmask: args::Given<&Object>) -> PyResult<()> {
    let fd = fildes(fd)?;
    let mask = eventmask.0.map_or(Ok((libc::POLLIN | libc::POLLPRI | libc::POLLOUT) as u16), event_mask)?;
    let mut w = this.watched.borrow_mut();
    match w.iter_mut().find(|e| e.0 == fd) {
        Some(e) => e.1 = mask,
        None => w.push((fd, mask)),
    }
    Ok(())
}

/// Watch a descriptor that is watched already for other events.
#[method(signature = "(fd, eventmask, /)")]
fn modify(this: &Poll, fd: &Object, eventmask: &Object) -> PyResult<()> {
    let fd = fildes(fd)?;
    let mask = event_mask(eventmask)?;
    match this.watched.borrow_mut().iter_mut().find(|e| e.0 == fd) {
        Some(e) => {
            e.1 = mask;
            Ok(())
        }
        None => Err(exceptions::from_errno(libc::ENOENT)),
    }
}

/// Watch a descriptor no longer.
#[method(signature = "(fd, /)")]
fn unregister(this: &Poll, fd: &Object) -> PyResult<()> {
    let fd = fildes(fd)?;
    let mut w = this.watched.borrow_mut();
    match w.iter().position(|e| e.0 == fd) {
        Some(i) => {
            w.remove(i);
            Ok(())
        }
        None => {
            drop(w);
            Err(dict::key_error(&Int::from_i64(fd.into())))
        }
    }
}

/// Wait for events, for a number of milliseconds or for ever. Return a list of (descriptor, events).
#[method(signature = "(timeout=None, /)", name = "poll")]
fn poll_method(this: &Poll, timeout: &Object) -> PyResult {
    let end = if timeout.is_none() {
        None
    } else {
        let ns = if timeout.downcast::<taipan_object::types::float::Float>().is_some() {
            // Milliseconds: a thousandth of what seconds would be, and still not nothing.
            let scaled = to_nanoseconds(timeout, Rounding::Up)?;
            if scaled < 0 { -1 } else { scaled / 1000 + i64::from(scaled % 1000 != 0) }
        } else {
            let i = number::index(timeout).map_err(|e| wrong_timeout(e, "an integer"))?;
            match i.to_i64() {
                Some(n) => n.saturating_mul(1_000_000),
                None => bail!(OverflowError, "timeout is too large"),
            }
        };
        if ns / 1_000_000 > c_int::MAX.into() {
            bail!(OverflowError, "timeout is too large");
        }
        if ns < 0 { None } else { Some(now().saturating_add(ns)) }
    };
    if this.running.replace(true) {
        bail!(RuntimeError, "concurrent poll() invocation");
    }
    let mut fds: Vec<libc::pollfd> =
        this.watched.borrow().iter().map(|&(fd, m)| libc::pollfd { fd, events: m as i16, revents: 0 }).collect();
    let t = Timeout { end };
    let (p, n) = (fds.as_mut_ptr(), fds.len() as libc::nfds_t);
    // SAFETY: an array with its length is passed.
    let r = syscall(|| unsafe { libc::poll(p, n, t.milliseconds()) as isize });
    this.running.set(false);
    r?.map_err(exceptions::from_errno)?;
    let pair =
        |a: i64, b: i64| Tuple::from_vec(vec![Int::from_i64(a).into_obj(), Int::from_i64(b).into_obj()]).into_obj();
    let v = fds.iter().filter(|f| f.revents != 0).map(|f| pair(f.fd.into(), i64::from(f.revents as u16))).collect();
    Ok(List::from_vec(v).into_obj())
}

/// Return a polling object.
#[function(signature = "()", name = "poll")]
fn poll_function() -> Obj {
    new_object(Poll { ob_base: Object::placeholder(), watched: RefCell::default(), running: Cell::new(false) })
        .into_obj()
}

static Poll_Type: Type = Type::with_flags(
    TypeDef {
        name: c"select.poll",
        basicsize: size_of::<Poll>(),
        flags: flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<Poll>),
        methods: methods![register, modify, unregister, poll_method],
        ..TypeDef::EMPTY
    },
    0,
);

/// An `epoll`.
#[repr(C)]
struct Epoll {
    ob_base: Object,
    fd: Cell<c_int>,
}
layout!(Epoll, Epoll_Type);

impl Epoll {
    fn fd(&self) -> PyResult<c_int> {
        match self.fd.get() {
            fd if fd < 0 => bail!(ValueError, "I/O operation on closed epoll object"),
            fd => Ok(fd),
        }
    }

    fn close(&self) -> PyResult<()> {
        let fd = self.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        // SAFETY: no memory is passed; the descriptor was just forgotten.
        let r = blocking(|| unsafe { if libc::close(fd) < 0 { Err(errno()) } else { Ok(()) } });
        r.map_err(exceptions::from_errno)
    }

    fn control(&self, op: c_int, fd: &Object, mask: u32) -> PyResult<()> {
        let own = self.fd()?;
        let fd = fildes(fd)?;
        let mut e = libc::epoll_event { events: mask, u64: fd as u64 };
        // SAFETY: a structure is passed.
        let r = blocking(|| unsafe { if libc::epoll_ctl(own, op, fd, &mut e) < 0 { Err(errno()) } else { Ok(()) } });
        r.map_err(exceptions::from_errno)
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        let fd = self.fd.replace(-1);
        if fd >= 0 {
            // SAFETY: no memory is passed.
            unsafe { libc::close(fd) };
        }
    }
}

fn new_epoll(fd: c_int) -> Obj {
    new_object(Epoll { ob_base: Object::placeholder(), fd: Cell::new(fd) }).into_obj()
}

static EPOLL_NEW: Signature = Signature {
    name: "epoll",
    params: &[param("sizehint", false), param("flags", false)],
    posonly: 0,
    positional: 2,
    varargs: false,
    varkw: false,
};

extern "C" fn epoll_new(_cls: &Type, call_args: &Object, kwargs: Option<&Object>) -> PyResult {
    args::with_tuple_args("epoll", call_args, kwargs, |call| {
        let mut a = [None; 2];
        args::bind_keywords(&EPOLL_NEW, call, &mut a)?;
        let size = a[0].map_or(Ok(-1), c_int_of)?;
        let flags = a[1].map_or(Ok(0), c_int_of)?;
        if size == 0 || size < -1 {
            bail!(ValueError, "negative sizehint");
        }
        if flags != 0 && flags != libc::EPOLL_CLOEXEC {
            bail!(OSError, "invalid flags");
        }
        // SAFETY: no memory is passed.
        let fd = checked_syscall(|| unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) as isize })?;
        Ok(new_epoll(fd as c_int))
    })
}

/// Make an epoll object of a descriptor that is one.
#[classmethod(signature = "(fd, /)")]
fn fromfd(_cls: &Type, fd: c_int) -> Obj {
    new_epoll(fd)
}

/// Close the descriptor.
#[method(signature = "()")]
fn close(this: &Epoll) -> PyResult<()> {
    this.close()
}

/// Return the descriptor.
#[method(signature = "()")]
fn fileno(this: &Epoll) -> PyResult<c_int> {
    this.fd()
}

fn epoll_mask(o: &Object) -> PyResult<u32> {
    match number::index(o)?.to_u64() {
        Some(n) => Ok(n as u32),
        None => bail!(OverflowError, "can't convert negative value to unsigned int"),
    }
}

/// Watch a descriptor.
#[method(
    signature = "(fd, eventmask=None)",
    name = "register",
    shown = "(fd,\n         eventmask=select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT)"
)]
fn epoll_register(this: &Epoll, fd: &Object, eventmask: args::Given<&Object>) -> PyResult<()> {
    let mask = eventmask.0.map_or(Ok((libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLOUT) as u32), epoll_mask)?;
    this.control(libc::EPOLL_CTL_ADD, fd, mask)
}

/// Watch a descriptor that is watched already for other events.
#[method(signature = "(fd, eventmask)", name = "modify")]
fn epoll_modify(this: &Epoll, fd: &Object, eventmask: &Object) -> PyResult<()> {
    this.control(libc::EPOLL_CTL_MOD, fd, epoll_mask(eventmask)?)
}

/// Watch a descriptor no longer.
#[method(signature = "(fd)", name = "unregister")]
fn epoll_unregister(this: &Epoll, fd: &Object) -> PyResult<()> {
    this.control(libc::EPOLL_CTL_DEL, fd, 0)
}

/// Wait for events, for a number of seconds or for ever. Return a list of (descriptor, events).
#[method(signature = "(timeout=None, maxevents=-1)", name = "poll")]
fn epoll_poll(this: &Epoll, timeout: &Object, maxevents: c_int) -> PyResult {
    let fd = this.fd()?;
    let end = if timeout.is_none() {
        None
    } else {
        let ns = to_nanoseconds(timeout, Rounding::Up).map_err(|e| wrong_timeout(e, "an integer"))?;
        if ns / 1_000_000 > c_int::MAX.into() {
            bail!(OverflowError, "timeout is too large");
        }
        if ns < 0 { None } else { Some(now().saturating_add(ns)) }
    };
    let room = match maxevents {
        -1 => libc::FD_SETSIZE - 1,
        n if n < 1 => bail!(ValueError, "maxevents must be greater than 0, got {n}"),
        n => n as usize,
    };
    let mut events: Vec<libc::epoll_event> = Vec::new();
    events.try_reserve_exact(room).map_err(|_| taipan_object::error::no_memory())?;
    let t = Timeout { end };
    let p = events.as_mut_ptr();
    // SAFETY: room for that many events is passed; those written are then part of the vector.
    let n = checked_syscall(|| unsafe { libc::epoll_wait(fd, p, room as c_int, t.milliseconds()) as isize })?;
    // SAFETY: as above.
    unsafe { events.set_len(n) };
    let pair = |e: &libc::epoll_event| {
        let (data, mask) = (e.u64, e.events);
        Tuple::from_vec(vec![Int::from_i64(data as i32 as i64).into_obj(), Int::from_i64(mask.into()).into_obj()])
            .into_obj()
    };
    Ok(List::from_vec(events.iter().map(pair).collect()).into_obj())
}

#[method(signature = "()", text = false)]
fn __enter__(this: &Epoll) -> PyResult {
    this.fd()?;
    let o: &Object = this;
    Ok(o.to_obj())
}

#[method(signature = "(exc_type=None, exc_value=None, exc_tb=None, /)", text = false)]
fn __exit__(this: &Epoll, _exc_type: &Object, _exc_value: &Object, _exc_tb: &Object) -> PyResult<()> {
    this.close()
}

fn get_closed(this: &Epoll) -> bool {
    this.fd.get() < 0
}

static Epoll_Type: Type = Type::with_flags(
    TypeDef {
        name: c"select.epoll",
        basicsize: size_of::<Epoll>(),
        doc: Some(c"epoll(sizehint=-1, flags=0)\n--\n\nWaits for events of many descriptors, by Linux's epoll."),
        dealloc: Some(dealloc_of::<Epoll>),
        methods: methods![
            fromfd,
            close,
            fileno,
            epoll_modify,
            epoll_register,
            epoll_unregister,
            epoll_poll,
            __enter__,
            __exit__
        ],
        getset: getsets![getset!(c"closed", get_closed)],
        new: Some(epoll_new),
        ..TypeDef::EMPTY
    },
    0,
);

fn exec(m: &Module) -> PyResult<()> {
    m.add("error", exceptions::OSError.as_object())?;
    for &(name, n) in SELECT {
        m.add_int(name, n)?;
    }
    taipan_object::typeobj::ready::ready(&Poll_Type)?;
    m.add_type(&Epoll_Type)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "select",
    doc: "Waiting until descriptors can be read or written.",
    methods: methods![select_function, poll_function],
    exec,
};
