//! Arguments of `posix`: paths, descriptors, ids.

use crate::support::{c_int_of, fs_bytes, fspath};
use std::ffi::{CStr, CString, c_int};
use taipan_object::args::{ArgContext, FromArg};
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::protocol::number::{has_index, index};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::{bool_, exceptions};
use taipan_object::{Raised, bail, codecs, hooks, intern};

/// A path, or with `FD` perhaps a descriptor. `NONE` only tells the error text that the function takes `None` too.
pub struct PathArg<const FD: bool = false, const NONE: bool = false> {
    path: CString,
    /// The descriptor; -1 when it is a path.
    pub fd: c_int,
    /// What was given, for error texts.
    pub object: Obj,
    /// Whether the path is `bytes`, and so names are answered as `bytes`.
    pub as_bytes: bool,
}

/// A path only.
pub type Path = PathArg<false, false>;
/// A path or a descriptor.
pub type PathOrFd = PathArg<true, false>;
/// As the functions word it that take `None` too.
pub type PathOrFdOrNone = PathArg<true, true>;

impl<const FD: bool, const NONE: bool> PathArg<FD, NONE> {
    /// The path as the system takes it.
    pub fn c(&self) -> &CStr {
        &self.path
    }

    /// Whether a descriptor was given.
    pub fn is_fd(&self) -> bool {
        self.fd != -1
    }

    /// `OSError` for the path.
    pub fn error(&self, errno: i32) -> Raised {
        if self.is_fd() { exceptions::from_errno(errno) } else { exceptions::from_errno_path(errno, &self.object) }
    }
}

impl<'a, const FD: bool, const NONE: bool> FromArg<'a> for PathArg<FD, NONE> {
    fn from_arg(arg: &'a Object, cx: &ArgContext) -> PyResult<Self> {
        let name = if cx.name.is_empty() { "path" } else { cx.name };
        let wrong = || {
            let kinds = match (FD, NONE) {
                (true, true) => "string, bytes, os.PathLike, integer or None",
                (true, false) => "string, bytes, os.PathLike or integer",
                (false, true) => "string, bytes, os.PathLike or None",
                (false, false) => "string, bytes or os.PathLike",
            };
            taipan_object::raise!(TypeError, "{}: {name} should be {kinds}, not {}", cx.func, arg.ty().name_str())
        };
        let is_text = |o: &Object| o.downcast::<Str>().is_some() || o.downcast::<Bytes>().is_some();
        let object = if is_text(arg) {
            arg.to_obj()
        } else if FD && has_index(arg) {
            if arg.ty().is_subtype(&bool_::PyBool_Type) {
                (hooks::get().warn)(exceptions::RuntimeWarning, "bool is used as a file descriptor", 1)?;
            }
            let fd = c_int_of(arg)?;
            return Ok(PathArg { path: CString::default(), fd, object: arg.to_obj(), as_bytes: false });
        } else {
            let Some(f) = arg.lookup_special(intern!("__fspath__"))? else { return Err(wrong()) };
            let r = f.call_noargs()?;
            if !is_text(&r) {
                bail!(
                    TypeError,
                    "expected {}.__fspath__() to return str or bytes, not {}",
                    arg.ty().name_str(),
                    r.ty().name_str()
                );
            }
            r
        };
        let bytes = match object.downcast::<Bytes>() {
            Some(b) => b.as_slice().to_vec(),
            None => codecs::text::utf_8_encode(object.cast(), "surrogateescape")?.as_slice().to_vec(),
        };
        let as_bytes = object.downcast::<Bytes>().is_some();
        match CString::new(bytes) {
            Ok(path) => Ok(PathArg { path, fd: -1, object: arg.to_obj(), as_bytes }),
            Err(_) => bail!(ValueError, "{}: embedded null character in {name}", cx.func),
        }
    }
}

/// A directory's descriptor that a path is relative to.
#[derive(Clone, Copy)]
pub struct DirFd(pub c_int);

impl<'a> FromArg<'a> for DirFd {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        if !has_index(arg) {
            bail!(TypeError, "argument should be integer or None, not {}", arg.ty().name_str());
        }
        if arg.ty().is_subtype(&bool_::PyBool_Type) {
            (hooks::get().warn)(exceptions::RuntimeWarning, "bool is used as a file descriptor", 1)?;
        }
        c_int_of(arg).map(DirFd)
    }
}

/// The descriptor for the `*at` calls.
pub fn dir_or_cwd(d: Option<DirFd>) -> c_int {
    d.map_or(libc::AT_FDCWD, |d| d.0)
}

/// A descriptor, or an object with `fileno()`.
#[derive(Clone, Copy)]
pub struct Fildes(pub c_int);

impl<'a> FromArg<'a> for Fildes {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        fildes(arg).map(Fildes)
    }
}

/// As [`Fildes`].
pub fn fildes(arg: &Object) -> PyResult<c_int> {
    let fd = if arg.downcast::<Int>().is_some() {
        if arg.ty().is_subtype(&bool_::PyBool_Type) {
            (hooks::get().warn)(exceptions::RuntimeWarning, "bool is used as a file descriptor", 1)?;
        }
        c_int_of(arg)?
    } else {
        let Some(f) = arg.get_attr_opt(intern!("fileno"))? else {
            bail!(TypeError, "argument must be an int, or have a fileno() method.");
        };
        let r = f.call_noargs()?;
        if r.downcast::<Int>().is_none() {
            bail!(TypeError, "fileno() returned a non-integer");
        }
        c_int_of(&r)?
    };
    if fd < 0 {
        bail!(ValueError, "file descriptor cannot be a negative integer ({fd})");
    }
    Ok(fd)
}

/// A user's or group's number; -1 means "unchanged".
fn id(arg: &Object, what: &str) -> PyResult<u32> {
    if !has_index(arg) {
        bail!(TypeError, "{what} should be integer, not {}", arg.ty().name_str());
    }
    match index(arg)?.to_i64() {
        Some(-1) => Ok(u32::MAX),
        Some(n) if n < 0 => bail!(OverflowError, "{what} is less than minimum"),
        Some(n) if n < i64::from(u32::MAX) + 1 => Ok(n as u32),
        _ if index(arg)?.is_negative() => bail!(OverflowError, "{what} is less than minimum"),
        _ => bail!(OverflowError, "{what} is greater than maximum"),
    }
}

/// A user's number.
#[derive(Clone, Copy)]
pub struct Uid(pub u32);

impl<'a> FromArg<'a> for Uid {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        id(arg, "uid").map(Uid)
    }
}

/// A group's number.
#[derive(Clone, Copy)]
pub struct Gid(pub u32);

impl<'a> FromArg<'a> for Gid {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        id(arg, "gid").map(Gid)
    }
}

/// An id as Python shows it: -1 stays -1.
pub fn id_object(n: u32) -> Obj {
    if n == u32::MAX { Int::from_i64(-1).into_obj() } else { Int::from_i64(n.into()).into_obj() }
}

/// A `str`, `bytes` or path-like object as a C string (`PyUnicode_FSConverter`).
pub struct FsString(pub CString);

impl<'a> FromArg<'a> for FsString {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        fs_bytes(&*fspath(arg)?).map(FsString)
    }
}

/// An integer that is a C `long long` offset.
#[derive(Clone, Copy)]
pub struct Offset(pub i64);

impl<'a> FromArg<'a> for Offset {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        crate::support::offset_of(arg).map(Offset)
    }
}

/// A device number; -1 is none.
#[derive(Clone, Copy)]
pub struct Dev(pub u64);

impl<'a> FromArg<'a> for Dev {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        let i = index(arg)?;
        if i.to_i64() == Some(-1) {
            return Ok(Dev(u64::MAX));
        }
        match i.to_u64() {
            Some(n) => Ok(Dev(n)),
            None if i.is_negative() => bail!(OverflowError, "can't convert negative int to unsigned"),
            None => bail!(OverflowError, "Python int too large to convert to C unsigned long"),
        }
    }
}
