//! `OSError` and the subclasses that `errno` selects (PEP 3151).

use super::base::{BaseException, base_clear, base_init, base_new, base_traverse};
use super::fields::row;
use crate::error::{PyResult, Raised, raise_instance, status};
use crate::header::{ObjCell, Object};
use crate::method::{GetSetDef, MemberDef, MethodDef};
use crate::protocol::repr::text;
use crate::typeobj::Type;
use crate::typeobj::slots::VisitProc;
use crate::types::int::Int;
use crate::types::none;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::{bail, getset};
use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// `PyOSErrorObject`.
#[repr(C)]
#[allow(missing_docs)]
pub struct OSError {
    pub base: BaseException,
    pub myerrno: ObjCell,
    pub strerror: ObjCell,
    pub filename: ObjCell,
    pub filename2: ObjCell,
    /// Characters written before the operation blocked; -1 when not set.
    pub written: Cell<isize>,
}
const _: () = assert!(size_of::<OSError>() == 112 && offset_of!(OSError, written) == 104);
crate::layout!(OSError, super::table::_PyExc_OSError);

pub(super) extern "C" fn os_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let e: &OSError = o.cast();
    for c in [&e.myerrno, &e.strerror, &e.filename, &e.filename2] {
        crate::visit!(c, visit, arg);
    }
    base_traverse(o, visit, arg)
}

pub(super) extern "C" fn os_clear(o: &Object) -> c_int {
    let e: &OSError = o.cast();
    for c in [&e.myerrno, &e.strerror, &e.filename, &e.filename2] {
        c.set(None);
    }
    base_clear(o)
}

pub(super) static MEMBERS: &[MemberDef] = &[
    row(c"errno", offset_of!(OSError, myerrno)),
    row(c"strerror", offset_of!(OSError, strerror)),
    row(c"filename", offset_of!(OSError, filename)),
    row(c"filename2", offset_of!(OSError, filename2)),
    MemberDef::END,
];

/// The subclass for an error number.
fn class_for(errno: i64) -> Option<&'static Type> {
    Some(match errno as i32 {
        libc::EAGAIN | libc::EALREADY | libc::EINPROGRESS => super::BlockingIOError,
        libc::EPIPE | libc::ESHUTDOWN => super::BrokenPipeError,
        libc::ECHILD => super::ChildProcessError,
        libc::ECONNABORTED => super::ConnectionAbortedError,
        libc::ECONNREFUSED => super::ConnectionRefusedError,
        libc::ECONNRESET => super::ConnectionResetError,
        libc::EEXIST => super::FileExistsError,
        libc::ENOENT => super::FileNotFoundError,
        libc::EISDIR => super::IsADirectoryError,
        libc::ENOTDIR => super::NotADirectoryError,
        libc::EINTR => super::InterruptedError,
        libc::EACCES | libc::EPERM => super::PermissionError,
        libc::ESRCH => super::ProcessLookupError,
        libc::ETIMEDOUT => super::TimeoutError,
        _ => return None,
    })
}

/// Classes that override `__init__` but not `__new__` get their arguments in `__init__`, all others in `__new__`.
fn use_init(ty: &Type) -> bool {
    ty.init.get().is_some_and(|f| f as usize != os_init as *const () as usize)
        && ty.new.get().is_some_and(|f| f as usize == os_new as *const () as usize)
}

fn fill(o: &Object, args: &Tuple) -> PyResult<()> {
    let e: &OSError = o.cast();
    let mut args = crate::Ref::from_borrowed(args);
    if (2..=5).contains(&args.len()) {
        e.myerrno.set(Some(args.item(0).to_obj()));
        e.strerror.set(Some(args.item(1).to_obj()));
        let filename = args.items().get(2).filter(|f| !f.is_none()).cloned();
        if let Some(f) = filename {
            let blocking = o.ty().is_subtype(super::BlockingIOError);
            if blocking && crate::protocol::number::has_index(&f) {
                e.written.set(f.index_as_isize(Some(super::ValueError))?);
            } else {
                e.filename.set(Some(f));
                if let Some(f2) = args.items().get(4).filter(|f| !f.is_none()) {
                    e.filename2.set(Some(f2.clone()));
                }
                args = args.slice(0, 2);
            }
        }
    }
    e.base.args.set(Some(args.into_obj()));
    Ok(())
}

pub(super) extern "C" fn os_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let t: &Tuple = args.cast();
    let mut cls = cls;
    if use_init(cls) {
        let o = base_new(cls, &Tuple::empty(), None)?;
        o.cast::<OSError>().written.set(-1);
        return Ok(o);
    }
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "{}() takes no keyword arguments", cls.name_str());
    }
    if std::ptr::eq(cls, super::OSError)
        && t.len() >= 2
        && t.len() <= 5
        && let Some(n) = t.item(0).downcast::<Int>().and_then(Int::to_i64)
        && let Some(sub) = class_for(n)
    {
        cls = sub;
    }
    let o = base_new(cls, args, None)?;
    o.cast::<OSError>().written.set(-1);
    fill(&o, t)?;
    Ok(o)
}

pub(super) extern "C" fn os_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if !use_init(o.ty()) {
        return 0;
    }
    if base_init(o, args, kwargs) < 0 {
        return -1;
    }
    status(fill(o, args.cast()))
}

pub(super) extern "C" fn os_str(o: &Object) -> PyResult {
    let e: &OSError = o.cast();
    let or_none = |c: &ObjCell| c.get_owned().unwrap_or_else(none::none_obj);
    if let Some(f) = e.filename.get_owned() {
        let head =
            format!("[Errno {}] {}: ", or_none(&e.myerrno).str()?.display(), or_none(&e.strerror).str()?.display());
        let mut b = crate::types::str::StrBuilder::new();
        b.push_str(&head);
        b.push_pystr(&*f.repr()?);
        if let Some(f2) = e.filename2.get_owned() {
            b.push_str(" -> ");
            b.push_pystr(&*f2.repr()?);
        }
        return Ok(b.finish().into_obj());
    }
    if !e.myerrno.is_empty() && !e.strerror.is_empty() {
        return Ok(text(&format!(
            "[Errno {}] {}",
            or_none(&e.myerrno).str()?.display(),
            or_none(&e.strerror).str()?.display()
        )));
    }
    super::base::base_str(o)
}

/// Arguments for pickle, with the file names.
#[method(signature = "()", name = "__reduce__")]
fn os_reduce(this: &OSError) -> PyResult {
    let mut args = this.base.args_tuple();
    if args.len() == 2
        && let Some(f) = this.filename.get_owned()
    {
        let mut v = args.items().to_vec();
        v.push(f);
        if let Some(f2) = this.filename2.get_owned() {
            v.push(none::none_obj());
            v.push(f2);
        }
        args = Tuple::from_vec(v);
    }
    let ty = this.base.ob_base.ty().as_object();
    Ok(match this.base.dict.get() {
        Some(d) => Tuple::new(&[ty, &args, d]).into_obj(),
        None => Tuple::new(&[ty, &args]).into_obj(),
    })
}

fn get_written(e: &OSError) -> PyResult<isize> {
    if e.written.get() == -1 {
        bail!(AttributeError, "characters_written");
    }
    Ok(e.written.get())
}

fn set_written(e: &OSError, v: Option<&Object>) -> PyResult<()> {
    match v {
        Some(v) => e.written.set(v.index_as_isize(Some(super::ValueError))?),
        None if e.written.get() == -1 => bail!(AttributeError, "characters_written"),
        None => e.written.set(-1),
    }
    Ok(())
}

pub(super) static METHODS: &[MethodDef] = &[os_reduce::DEF, MethodDef::END];
pub(super) static GETSETS: &[GetSetDef] = &[getset!(c"characters_written", get_written, set_written), GetSetDef::END];

/// The system's text for an error number.
pub fn strerror(errno: i32) -> String {
    // SAFETY: `strerror` answers a C string; the interpreter lock keeps other threads of ours out of its buffer.
    unsafe { CStr::from_ptr(libc::strerror(errno)) }.to_string_lossy().into_owned()
}

fn raise(errno: i32, paths: &[&Object]) -> Raised {
    let (n, s) = (Int::from_i64(errno as i64), Str::from_utf8(&strerror(errno)));
    let args: Vec<&Object> = match paths {
        [] => vec![&n, &s],
        [a] => vec![&n, &s, a],
        [a, b, ..] => vec![&n, &s, a, none::none(), b],
    };
    match super::OSError.as_object().call(&args) {
        Ok(e) => raise_instance(e),
        Err(e) => e,
    }
}

/// Raises the `OSError` of an error number.
#[cold]
pub fn from_errno(errno: i32) -> Raised {
    raise(errno, &[])
}

/// The same with the file concerned.
#[cold]
pub fn from_errno_path(errno: i32, path: &Object) -> Raised {
    raise(errno, &[path])
}

/// The same with two files.
#[cold]
pub fn from_errno_paths(errno: i32, path: &Object, path2: &Object) -> Raised {
    raise(errno, &[path, path2])
}

/// Raises the `OSError` of a Rust I/O error.
#[cold]
pub fn from_io(e: &std::io::Error) -> Raised {
    match e.raw_os_error() {
        Some(n) => from_errno(n),
        None => crate::raise!(OSError, "{e}"),
    }
}
