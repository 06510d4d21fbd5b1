//! System calls without the interpreter lock, paths, and argument helpers shared by the modules of this crate.

use std::ffi::{CString, c_int};
use taipan_object::args::{self, ArgContext, FromArg, Param, Signature};
use taipan_object::error::{PyResult, Raised, status};
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::protocol::number::has_index;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{bail, codecs, hooks, intern};

/// Runs `f`, which touches no objects and may block, without the interpreter lock.
#[inline]
pub fn blocking<R>(f: impl FnOnce() -> R) -> R {
    taipan_object::gil::allow_threads(f)
}

/// The error number of the last failed call of the C library in this thread.
#[inline]
pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// A system call that may block: without the lock, again after a signal whose handler did not raise. Its negative answer becomes the error number.
#[inline]
pub fn syscall(mut f: impl FnMut() -> isize) -> PyResult<Result<usize, i32>> {
    loop {
        let r = blocking(|| {
            let n = f();
            if n < 0 { Err(errno()) } else { Ok(n as usize) }
        });
        match r {
            Err(libc::EINTR) => (hooks::get().handle_pending)()?,
            r => return Ok(r),
        }
    }
}

/// As [`syscall`], with the error number raised as `OSError`.
#[inline]
pub fn checked_syscall(f: impl FnMut() -> isize) -> PyResult<usize> {
    syscall(f)?.map_err(exceptions::from_errno)
}

/// One parameter of a hand-made signature.
pub const fn param(name: &'static str, required: bool) -> Param {
    Param { name, required }
}

/// Binds the arguments of a `tp_init` by `sig` and hands them to `f`.
pub fn bind_init<const N: usize>(
    sig: &'static Signature,
    call_args: &Object,
    kwargs: Option<&Object>,
    f: impl FnOnce(&[Option<&Object>; N]) -> PyResult<()>,
) -> c_int {
    status(args::with_tuple_args(sig.name, call_args, kwargs, |call| {
        let mut out = [None; N];
        args::bind_keywords(sig, call, &mut out)?;
        f(&out)
    }))
}

/// A size argument: an index, as methods of files take it where `None` is allowed too.
#[derive(Debug, Clone, Copy)]
pub struct Size(pub isize);

impl<'a> FromArg<'a> for Size {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        if !has_index(arg) {
            bail!(TypeError, "argument should be integer or None, not '{}'", arg.ty().name_str());
        }
        arg.index_as_isize(Some(exceptions::OverflowError)).map(Size)
    }
}

/// An optional size argument: absent and `None` are -1.
pub fn size_or_all(n: Option<Size>) -> isize {
    n.map_or(-1, |n| n.0)
}

/// A file position: any index that fits 64 bits.
pub fn offset_of(o: &Object) -> PyResult<i64> {
    let i = taipan_object::protocol::number::index(o)?;
    match i.to_i64() {
        Some(n) => Ok(n),
        None => bail!(OverflowError, "Python int too large to convert to C long"),
    }
}

/// An argument that must be a C `int`.
pub fn c_int_of(o: &Object) -> PyResult<c_int> {
    c_int::from_arg(o, &ArgContext { func: "", position: 0, name: "" })
}

/// `os.fspath(o)`: a `str` or `bytes`.
pub fn fspath(o: &Object) -> PyResult {
    if o.downcast::<Str>().is_some() || o.downcast::<Bytes>().is_some() {
        return Ok(o.to_obj());
    }
    let Some(f) = o.lookup_special(intern!("__fspath__"))? else {
        bail!(TypeError, "expected str, bytes or os.PathLike object, not {}", short_name(o));
    };
    let r = f.call_noargs()?;
    if r.downcast::<Str>().is_none() && r.downcast::<Bytes>().is_none() {
        bail!(TypeError, "expected {}.__fspath__() to return str or bytes, not {}", short_name(o), short_name(&r));
    }
    Ok(r)
}

fn short_name(o: &Object) -> &str {
    o.ty().short_name()
}

/// A `str` or `bytes` as the operating system takes it.
pub fn fs_bytes(o: &Object) -> PyResult<CString> {
    let v = match o.downcast::<Str>() {
        Some(s) => codecs::text::fs_encode(s)?,
        None => match o.downcast::<Bytes>() {
            Some(b) => b.as_slice().to_vec(),
            None => bail!(TypeError, "expected str, bytes or os.PathLike object, not {}", short_name(o)),
        },
    };
    match CString::new(v) {
        Ok(c) => Ok(c),
        Err(_) => bail!(ValueError, "embedded null byte"),
    }
}

/// Text that the operating system gave.
pub fn fs_text(b: &[u8]) -> Ref<Str> {
    codecs::text::fs_decode(b)
}

/// Raises an audit event, if anyone listens.
pub fn audit(event: &str, args: &[&Object]) -> PyResult<()> {
    if (hooks::get().auditing)() {
        (hooks::get().audit)(event, &Tuple::new(args))?;
    }
    Ok(())
}

/// Makes `first` the context of the exception that `second` stands for: both happened, the second while cleaning up.
pub fn chained(first: Obj, second: Raised) -> Raised {
    let exc = second.take();
    exceptions::chain_context(&exc, &first);
    taipan_object::error::restore(exc)
}

/// Runs `f` with the current exception put aside; it is current again afterwards.
pub fn with_exception_saved<R>(f: impl FnOnce() -> R) -> R {
    let ts = taipan_object::Thread::current();
    let saved = ts.current_exception.take();
    let r = f();
    ts.current_exception.set(saved);
    r
}
