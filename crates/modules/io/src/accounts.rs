//! `pwd` and `grp`: users and groups of the system.

use crate::posix::path::{Gid, Uid, id_object};
use crate::posix::types::cached;
use crate::support::{blocking, fs_text};
use std::ffi::{CStr, CString, c_char, c_int};
use taipan_object::args::{ArgContext, FromArg};
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::{exceptions, none, structseq};
use taipan_object::{bail, codecs, function, methods};

static PASSWD_FIELDS: &[(&str, &str)] = &[
    ("pw_name", "user name"),
    ("pw_passwd", "password"),
    ("pw_uid", "user id"),
    ("pw_gid", "group id"),
    ("pw_gecos", "real name"),
    ("pw_dir", "home directory"),
    ("pw_shell", "shell program"),
];

static GROUP_FIELDS: &[(&str, &str)] =
    &[("gr_name", "group name"), ("gr_passwd", "password"), ("gr_gid", "group id"), ("gr_mem", "group members")];

fn passwd_type() -> PyResult {
    cached("pwd.struct_passwd", "An entry of the list of users.", PASSWD_FIELDS, 7)
}

fn group_type() -> PyResult {
    cached("grp.struct_group", "An entry of the list of groups.", GROUP_FIELDS, 4)
}

/// # Safety
/// `p` is null or a C string.
unsafe fn text(p: *const c_char) -> Obj {
    if p.is_null() {
        return none::none_obj();
    }
    // SAFETY: the caller's promise.
    fs_text(unsafe { CStr::from_ptr(p) }.to_bytes()).into_obj()
}

/// # Safety
/// The entry's strings are valid.
unsafe fn passwd_object(e: &libc::passwd) -> PyResult {
    // SAFETY: the caller's promise.
    let v = unsafe {
        vec![
            text(e.pw_name),
            text(e.pw_passwd),
            id_object(e.pw_uid),
            id_object(e.pw_gid),
            text(e.pw_gecos),
            text(e.pw_dir),
            text(e.pw_shell),
        ]
    };
    structseq::new_instance(&*passwd_type()?, v)
}

/// # Safety
/// The entry's strings are valid.
unsafe fn group_object(e: &libc::group) -> PyResult {
    let mut members = Vec::new();
    // SAFETY: the caller's promise; the list of members ends with null.
    unsafe {
        let mut p = e.gr_mem;
        while !p.is_null() && !(*p).is_null() {
            members.push(text(*p));
            p = p.add(1);
        }
        let v = vec![text(e.gr_name), text(e.gr_passwd), id_object(e.gr_gid), List::from_vec(members).into_obj()];
        structseq::new_instance(&*group_type()?, v)
    }
}

/// Calls one of the C library's re-entrant look-ups with more and more room. `make` sees the entry while its strings are there.
fn look_up<T>(
    call: impl Fn(*mut T, *mut c_char, usize, *mut *mut T) -> c_int,
    make: impl FnOnce(&T) -> PyResult,
) -> PyResult<Option<Obj>> {
    let mut size = 1024;
    loop {
        let mut entry = std::mem::MaybeUninit::<T>::zeroed();
        let mut found = std::ptr::null_mut();
        let mut buf = vec![0u8; size];
        let (pe, pb) = (entry.as_mut_ptr(), buf.as_mut_ptr());
        let e = blocking(|| call(pe, pb.cast(), size, &mut found));
        if e == libc::ERANGE && size < 1 << 24 {
            size *= 2;
            continue;
        }
        if e != 0 && found.is_null() && !matches!(e, libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM) {
            return Err(exceptions::from_errno(e));
        }
        if found.is_null() {
            return Ok(None);
        }
        // SAFETY: the call succeeded and filled the entry; its strings lie in the buffer.
        return make(unsafe { &*found }).map(Some);
    }
}

fn c_name(name: &Str) -> PyResult<CString> {
    CString::new(codecs::text::fs_encode(name)?).map_err(|_| taipan_object::raise!(ValueError, "embedded null byte"))
}

/// Return the entry of a user by id.
#[function(signature = "(uidobj, /)")]
fn getpwuid(uidobj: &Object) -> PyResult {
    let uid = match Uid::from_arg(uidobj, &ArgContext { func: "getpwuid", position: 0, name: "" }) {
        Ok(u) => u.0,
        Err(e) => {
            e.recover(exceptions::OverflowError, ())?;
            bail!(KeyError, "getpwuid(): uid not found");
        }
    };
    // SAFETY: room for the answer is passed, which `look_up` reads only when it is there.
    let found = look_up(|e, b, n, r| unsafe { libc::getpwuid_r(uid, e, b, n, r) }, |e| unsafe { passwd_object(e) })?;
    match found {
        Some(o) => Ok(o),
        None => bail!(KeyError, "getpwuid(): uid not found: {}", uidobj.str()?.display()),
    }
}

/// Return the entry of a user by name.
#[function(signature = "(name, /)")]
fn getpwnam(name: &Str) -> PyResult {
    let c = c_name(name)?;
    // SAFETY: as above.
    let found =
        look_up(|e, b, n, r| unsafe { libc::getpwnam_r(c.as_ptr(), e, b, n, r) }, |e| unsafe { passwd_object(e) })?;
    match found {
        Some(o) => Ok(o),
        None => bail!(KeyError, "getpwnam(): name not found: {}", name.repr()?.display()),
    }
}

/// Return the entries of all users.
#[function(signature = "()")]
fn getpwall() -> PyResult {
    let list = List::new();
    // SAFETY: the interpreter lock keeps other threads of ours out of the C library's state.
    unsafe {
        libc::setpwent();
        let r = (|| -> PyResult<()> {
            while let Some(e) = libc::getpwent().as_ref() {
                list.push(passwd_object(e)?)?;
            }
            Ok(())
        })();
        libc::endpwent();
        r?;
    }
    Ok(list.into_obj())
}

/// Return the entry of a group by id.
#[function(signature = "(id)")]
fn getgrgid(id: Gid) -> PyResult {
    // SAFETY: as above.
    let found = look_up(|e, b, n, r| unsafe { libc::getgrgid_r(id.0, e, b, n, r) }, |e| unsafe { group_object(e) })?;
    match found {
        Some(o) => Ok(o),
        None => bail!(KeyError, "getgrgid(): gid not found: {}", id_object(id.0).str()?.display()),
    }
}

/// Return the entry of a group by name.
#[function(signature = "(name)")]
fn getgrnam(name: &Str) -> PyResult {
    let c = c_name(name)?;
    // SAFETY: as above.
    let found =
        look_up(|e, b, n, r| unsafe { libc::getgrnam_r(c.as_ptr(), e, b, n, r) }, |e| unsafe { group_object(e) })?;
    match found {
        Some(o) => Ok(o),
        None => bail!(KeyError, "getgrnam(): name not found: {}", name.repr()?.display()),
    }
}

unsafe extern "C" {
    fn setgrent();
    fn getgrent() -> *mut libc::group;
    fn endgrent();
}

/// Return the entries of all groups.
#[function(signature = "()")]
fn getgrall() -> PyResult {
    let list = List::new();
    // SAFETY: the interpreter lock keeps other threads of ours out of the C library's state.
    unsafe {
        setgrent();
        let r = (|| -> PyResult<()> {
            while let Some(e) = getgrent().as_ref() {
                list.push(group_object(e)?)?;
            }
            Ok(())
        })();
        endgrent();
        r?;
    }
    Ok(list.into_obj())
}

fn exec_pwd(m: &Module) -> PyResult<()> {
    m.add("struct_passwd", &*passwd_type()?)
}

fn exec_grp(m: &Module) -> PyResult<()> {
    m.add("struct_group", &*group_type()?)
}

/// The module `pwd`.
pub static PWD: ModuleDef = ModuleDef {
    name: "pwd",
    doc: "The system's users.",
    methods: methods![getpwuid, getpwnam, getpwall],
    exec: exec_pwd,
};

/// The module `grp`.
pub static GRP: ModuleDef = ModuleDef {
    name: "grp",
    doc: "The system's groups.",
    methods: methods![getgrgid, getgrnam, getgrall],
    exec: exec_grp,
};
