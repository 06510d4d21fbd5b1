//! `termios` and `syslog`.

use crate::constants::{SYSLOG, TERMIOS};
use crate::posix::path::Fildes;
use crate::support::{audit, blocking, c_int_of, errno};
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_int};
use taipan_object::args::Given;
use taipan_object::error::{PyResult, raise_instance};
use taipan_object::header::{Obj, Object};
use taipan_object::protocol::mapping::fast_items;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none, type_};
use taipan_object::{Interp, Raised, bail, function, intern, methods};

/// An exception class made once for an interpreter, kept under its full name.
pub fn exception_class(full: &'static str, base: &Object) -> PyResult {
    let interp = Interp::current();
    if let Some(t) = interp.module_state.borrow().get(full) {
        return Ok(t.clone());
    }
    let (module, name) = full.rsplit_once('.').unwrap_or(("builtins", full));
    let d = Dict::new();
    d.set_item(intern!("__module__"), &Str::from_utf8(module))?;
    let t = type_::PyType_Type.as_object().call(&[&Str::from_utf8(name), &Tuple::new(&[base]), &d])?;
    interp.module_state.borrow_mut().insert(full, t.clone());
    Ok(t)
}

fn error_class() -> PyResult {
    exception_class("termios.error", exceptions::Exception.as_object())
}

#[cold]
fn failed(e: i32) -> Raised {
    // SAFETY: the answer is a C string.
    let text = unsafe { CStr::from_ptr(libc::strerror(e)) }.to_string_lossy().into_owned();
    let made = error_class().and_then(|t| t.call(&[&Int::from_i64(e.into()), &Str::from_utf8(&text)]));
    match made {
        Ok(exc) => raise_instance(exc),
        Err(e) => e,
    }
}

fn done(r: c_int) -> PyResult<()> {
    if r < 0 { Err(failed(errno())) } else { Ok(()) }
}

fn attributes(fd: c_int) -> PyResult<libc::termios> {
    // SAFETY: a structure of numbers, which is written.
    unsafe {
        let mut t: libc::termios = std::mem::zeroed();
        done(libc::tcgetattr(fd, &mut t))?;
        Ok(t)
    }
}

/// Return a terminal's settings: flags for input, output, control and local modes, speeds, and a list of control characters.
#[function(signature = "(fd, /)")]
fn tcgetattr(fd: Fildes) -> PyResult {
    let t = attributes(fd.0)?;
    // SAFETY: structures are read.
    let (ispeed, ospeed) = unsafe { (libc::cfgetispeed(&t), libc::cfgetospeed(&t)) };
    let mut cc: Vec<Obj> = t.c_cc.iter().map(|&c| Bytes::new(&[c]).into_obj()).collect();
    if t.c_lflag & libc::ICANON == 0 {
        // These two are numbers then.
        for i in [libc::VMIN, libc::VTIME] {
            if let Some(x) = cc.get_mut(i) {
                *x = Int::from_i64(t.c_cc[i].into()).into_obj();
            }
        }
    }
    let n = |x: u32| Int::from_i64(x.into()).into_obj();
    let v = vec![
        n(t.c_iflag),
        n(t.c_oflag),
        n(t.c_cflag),
        n(t.c_lflag),
        n(ispeed),
        n(ospeed),
        List::from_vec(cc).into_obj(),
    ];
    Ok(List::from_vec(v).into_obj())
}

/// Change a terminal's settings: when is TCSANOW, TCSADRAIN or TCSAFLUSH.
#[function(signature = "(fd, when, attributes, /)")]
fn tcsetattr(fd: Fildes, when: c_int, attributes: &Object) -> PyResult<()> {
    let Some(list) = attributes.downcast::<List>().filter(|l| l.len() == 7) else {
        bail!(TypeError, "tcsetattr, arg 3: must be 7 element list");
    };
    let items = list.snapshot();
    let mut t = self::attributes(fd.0)?;
    let flag = |i: usize| -> PyResult<u32> { Ok(taipan_object::protocol::number::index(&items[i])?.low_u64() as u32) };
    (t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag) = (flag(0)?, flag(1)?, flag(2)?, flag(3)?);
    let (ispeed, ospeed) = (flag(4)?, flag(5)?);
    let Some(cc) = items[6].downcast::<List>().filter(|l| l.len() == t.c_cc.len()) else {
        bail!(TypeError, "tcsetattr: attributes[6] must be {} element list", t.c_cc.len());
    };
    for (x, item) in t.c_cc.iter_mut().zip(cc.snapshot()) {
        *x = match (item.downcast::<Bytes>(), item.downcast::<Int>()) {
            (Some(b), _) if b.len() == 1 => b.as_slice()[0],
            (_, Some(i)) => i.low_u64() as u8,
            _ => bail!(TypeError, "tcsetattr: elements of attributes must be characters or integers"),
        };
    }
    // SAFETY: structures are passed.
    let r = blocking(|| unsafe {
        let ok = libc::cfsetispeed(&mut t, ispeed) >= 0
            && libc::cfsetospeed(&mut t, ospeed) >= 0
            && libc::tcsetattr(fd.0, when, &t) >= 0;
        if ok { Ok(()) } else { Err(errno()) }
    });
    r.map_err(failed)
}

macro_rules! controls {
    ($($(#[$doc:meta])* $f:ident $sig:literal ($($a:ident: $t:ty),*) = $c:path;)*) => { $(
        $(#[$doc])*
        #[function(signature = $sig)]
        fn $f(fd: Fildes $(, $a: $t)*) -> PyResult<()> {
            // SAFETY: no memory is passed.
            let r = blocking(|| unsafe { if $c(fd.0 $(, $a)*) < 0 { Err(errno()) } else { Ok(()) } });
            r.map_err(failed)
        }
    )* };
}

controls! {
    /// Send a break.
    tcsendbreak "(fd, duration, /)" (duration: c_int) = libc::tcsendbreak;
    /// Wait until everything written is out.
    tcdrain "(fd, /)" () = libc::tcdrain;
    /// Throw away what waits: TCIFLUSH, TCOFLUSH or TCIOFLUSH.
    tcflush "(fd, queue, /)" (queue: c_int) = libc::tcflush;
    /// Stop or go on: TCOOFF, TCOON, TCIOFF or TCION.
    tcflow "(fd, action, /)" (action: c_int) = libc::tcflow;
}

fn window(fd: c_int) -> PyResult<libc::winsize> {
    let mut w = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the structure is written.
    done(unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut w) })?;
    Ok(w)
}

/// Return the size of a terminal's window as (rows, columns).
#[function(signature = "(fd, /)")]
fn tcgetwinsize(fd: Fildes) -> PyResult {
    let w = window(fd.0)?;
    Ok(Tuple::from_vec(vec![Int::from_i64(w.ws_row.into()).into_obj(), Int::from_i64(w.ws_col.into()).into_obj()])
        .into_obj())
}

/// Set the size of a terminal's window as (rows, columns).
#[function(signature = "(fd, winsize, /)")]
fn tcsetwinsize(fd: Fildes, winsize: &Object) -> PyResult<()> {
    if !winsize.is_sequence() || winsize.len()? != 2 {
        bail!(TypeError, "tcsetwinsize, arg 2: must be a two-item sequence");
    }
    let items = fast_items(winsize, "tcsetwinsize, arg 2: must be a two-item sequence")?;
    let part = |o: &Obj| -> PyResult<u16> {
        match u16::try_from(o.as_i64()?) {
            Ok(n) => Ok(n),
            Err(_) => bail!(OverflowError, "winsize value(s) out of range."),
        }
    };
    let (rows, columns) = (part(&items[0])?, part(&items[1])?);
    let mut w = window(fd.0)?;
    (w.ws_row, w.ws_col) = (rows, columns);
    // SAFETY: a structure is passed.
    done(unsafe { libc::ioctl(fd.0, libc::TIOCSWINSZ, &w) })
}

fn exec_termios(m: &Module) -> PyResult<()> {
    for &(name, n) in TERMIOS {
        m.add_int(name, n)?;
    }
    m.add_int("_POSIX_VDISABLE", 0)?;
    m.add("error", &*error_class()?)
}

/// The module `termios`.
pub static TERMIOS_MODULE: ModuleDef = ModuleDef {
    name: "termios",
    doc: "Settings of terminals.",
    methods: methods![tcgetattr, tcsetattr, tcsendbreak, tcdrain, tcflush, tcflow, tcgetwinsize, tcsetwinsize],
    exec: exec_termios,
};

thread_local! {
    /// The name under which messages are logged: the C library keeps a pointer to it.
    static IDENT: RefCell<Option<CString>> = const { RefCell::new(None) };
}

/// The program's name: the last part of `sys.argv[0]`.
fn program_name() -> Option<CString> {
    let sys = Interp::current().sysdict.get_owned()?;
    let argv = sys.cast::<Dict>().get_str("argv").ok()??;
    let first = argv.downcast::<List>()?.get(0)?;
    let s = first.downcast::<Str>()?.to_utf8_lossy().into_owned();
    let name = s.rsplit('/').next().filter(|n| !n.is_empty())?.to_owned();
    CString::new(name).ok()
}

fn open_log(ident: Option<CString>, option: c_int, facility: c_int) {
    IDENT.with(|cell| {
        let mut cell = cell.borrow_mut();
        let new = ident;
        let p = new.as_ref().map_or(std::ptr::null(), |s| s.as_ptr());
        // SAFETY: the name is kept below as long as the C library points to it.
        unsafe { libc::openlog(p, option, facility) };
        *cell = new;
    });
    Interp::current().module_state.borrow_mut().insert("syslog.open", none::none_obj());
}

/// Set the name, the options and the facility of messages.
#[function(
    signature = "(ident=None, logoption=0, facility=8)",
    shown = "(ident=<unrepresentable>, logoption=0,\n        facility=LOG_USER)"
)]
fn openlog(ident: Option<&str>, logoption: c_int, facility: c_int) -> PyResult<()> {
    let ident = match ident {
        Some(s) => Some(CString::new(s).map_err(|_| taipan_object::raise!(ValueError, "embedded null character"))?),
        None => program_name(),
    };
    let shown: Obj = ident.as_ref().map_or_else(none::none_obj, |s| Str::from_utf8(&s.to_string_lossy()).into_obj());
    audit("syslog.openlog", &[&shown, &Int::from_i64(logoption.into()), &Int::from_i64(facility.into())])?;
    open_log(ident, logoption, facility);
    Ok(())
}

/// Log a message: syslog(message) or syslog(priority, message).
#[function(signature = "(priority, message=None, /)", text = false)]
fn syslog(first: &Object, second: Given<&Object>) -> PyResult<()> {
    let (priority, message) = match second.0 {
        Some(m) => (c_int_of(first)?, m),
        None => (libc::LOG_INFO, first),
    };
    let Some(s) = message.downcast::<Str>() else {
        bail!(TypeError, "syslog() argument must be str, not {}", message.ty().name_str());
    };
    let text = CString::new(s.to_utf8()?).map_err(|_| taipan_object::raise!(ValueError, "embedded null character"))?;
    audit("syslog.syslog", &[&Int::from_i64(priority.into()), message])?;
    let open = Interp::current().module_state.borrow().contains_key("syslog.open");
    if !open {
        open_log(program_name(), 0, libc::LOG_USER);
    }
    // SAFETY: a format with one string and that string are passed.
    blocking(|| unsafe { libc::syslog(priority, c"%s".as_ptr(), text.as_ptr()) });
    Ok(())
}

/// Forget what openlog set.
#[function(signature = "()")]
fn closelog() -> PyResult<()> {
    audit("syslog.closelog", &[])?;
    if Interp::current().module_state.borrow_mut().remove("syslog.open").is_some() {
        // SAFETY: no memory is passed.
        unsafe { libc::closelog() };
        IDENT.with(|c| *c.borrow_mut() = None);
    }
    Ok(())
}

/// Set which priorities are logged; return the old mask.
#[function(signature = "(maskpri, /)")]
fn setlogmask(maskpri: c_int) -> PyResult<c_int> {
    audit("syslog.setlogmask", &[&Int::from_i64(maskpri.into())])?;
    // SAFETY: no memory is passed.
    Ok(unsafe { libc::setlogmask(maskpri) })
}

/// Return the mask of one priority.
#[function(signature = "(pri, /)", name = "LOG_MASK")]
fn log_mask(pri: c_int) -> i64 {
    1i64.checked_shl(pri as u32).unwrap_or(0)
}

/// Return the mask of all priorities up to one.
#[function(signature = "(pri, /)", name = "LOG_UPTO")]
fn log_upto(pri: c_int) -> i64 {
    2i64.checked_shl(pri as u32).unwrap_or(0).wrapping_sub(1)
}

fn exec_syslog(m: &Module) -> PyResult<()> {
    for &(name, n) in SYSLOG {
        m.add_int(name, n)?;
    }
    Ok(())
}

/// The module `syslog`.
pub static SYSLOG_MODULE: ModuleDef = ModuleDef {
    name: "syslog",
    doc: "Messages to the system's log.",
    methods: methods![openlog, closelog, syslog, setlogmask, log_mask, log_upto],
    exec: exec_syslog,
};
