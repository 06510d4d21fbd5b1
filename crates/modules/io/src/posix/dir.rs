//! Directories: `listdir`, `scandir` and `DirEntry`.

use super::path::PathOrFdOrNone;
use super::stat::{stat_result, status_at};
use crate::support::{blocking, errno, fs_text};
use std::cell::Cell;
use std::ffi::{CStr, CString, c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::error::{PyResult, Raised, to_iternext};
use taipan_object::header::{Obj, ObjCell, Object};
use taipan_object::protocol::iter::self_iter;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::{exceptions, none};
use taipan_object::{classmethod, function, hooks, intern, layout, members, method, methods, visit};

/// An open directory.
struct Directory(*mut libc::DIR);

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once.
        unsafe { libc::closedir(self.0) };
    }
}

/// One entry: name, inode, kind.
type Entry = (Vec<u8>, u64, u8);

impl Directory {
    fn open(path: &CStr) -> Result<Directory, i32> {
        // SAFETY: a C string is passed.
        blocking(|| unsafe {
            let d = libc::opendir(path.as_ptr());
            if d.is_null() { Err(errno()) } else { Ok(Directory(d)) }
        })
    }

    /// Of a copy of the descriptor, from the start.
    fn from_fd(fd: c_int) -> Result<Directory, i32> {
        // SAFETY: the copy belongs to the stream, or is closed.
        blocking(|| unsafe {
            let copy = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0);
            if copy < 0 {
                return Err(errno());
            }
            let d = libc::fdopendir(copy);
            if d.is_null() {
                let e = errno();
                libc::close(copy);
                return Err(e);
            }
            libc::rewinddir(d);
            Ok(Directory(d))
        })
    }

    /// The next entry but `.` and `..`. Without the interpreter lock.
    fn next(&self) -> Result<Option<Entry>, i32> {
        loop {
            // SAFETY: the stream is open, and used by one thread at a time; the entry is copied before the next call.
            unsafe {
                *libc::__errno_location() = 0;
                let e = libc::readdir64(self.0);
                if e.is_null() {
                    return match errno() {
                        0 => Ok(None),
                        e => Err(e),
                    };
                }
                let name = CStr::from_ptr((*e).d_name.as_ptr()).to_bytes();
                if name != b"." && name != b".." {
                    return Ok(Some((name.to_vec(), (*e).d_ino, (*e).d_type)));
                }
            }
        }
    }
}

fn open_directory(path: &Option<PathOrFdOrNone>) -> Result<Directory, i32> {
    match path {
        None => Directory::open(c"."),
        Some(p) if p.is_fd() => Directory::from_fd(p.fd),
        Some(p) => Directory::open(p.c()),
    }
}

fn open_error(path: &Option<PathOrFdOrNone>, e: i32) -> Raised {
    match path {
        None => exceptions::from_errno_path(e, &Str::from_utf8(".")),
        Some(p) => exceptions::from_errno_path(e, &p.object),
    }
}

fn name_object(b: &[u8], as_bytes: bool) -> PyResult {
    if as_bytes { Ok(Bytes::try_new(b)?.into_obj()) } else { Ok(fs_text(b).into_obj()) }
}

fn given(path: &Option<PathOrFdOrNone>) -> Obj {
    path.as_ref().map_or_else(none::none_obj, |p| p.object.clone())
}

/// Return the names in a directory, as bytes if it is given as bytes. The order is arbitrary.
#[function(signature = "(path=None)")]
pub fn listdir(path: Option<PathOrFdOrNone>) -> PyResult {
    crate::support::audit("os.listdir", &[&given(&path)])?;
    let d = open_directory(&path).map_err(|e| open_error(&path, e))?;
    let names = blocking(|| {
        let mut names = Vec::new();
        loop {
            match d.next() {
                Ok(Some(e)) => names.push(e.0),
                Ok(None) => return Ok(names),
                Err(e) => return Err(e),
            }
        }
    });
    blocking(move || drop(d));
    let names = names.map_err(|e| open_error(&path, e))?;
    let as_bytes = path.is_some_and(|p| p.as_bytes);
    let items: PyResult<Vec<Obj>> = names.iter().map(|n| name_object(n, as_bytes)).collect();
    Ok(List::from_vec(items?).into_obj())
}

/// The iterator that `scandir` answers.
#[repr(C)]
pub struct ScandirIterator {
    ob_base: Object,
    /// What was given as the path, or `None`.
    path: ObjCell,
    /// The path as bytes, with a slash at its end when it needs one.
    prefix: Box<[u8]>,
    as_bytes: bool,
    /// The descriptor given instead of a path; -1 otherwise.
    dir_fd: c_int,
    stream: Cell<Option<Directory>>,
}
layout!(ScandirIterator, ScandirIterator_Type);

/// Return an iterator of DirEntry objects for a directory.
#[function(signature = "(path=None)")]
pub fn scandir(path: Option<PathOrFdOrNone>) -> PyResult {
    crate::support::audit("os.scandir", &[&given(&path)])?;
    let d = open_directory(&path).map_err(|e| open_error(&path, e))?;
    let mut prefix = match &path {
        Some(p) if !p.is_fd() => p.c().to_bytes().to_vec(),
        Some(_) => Vec::new(),
        None => b".".to_vec(),
    };
    if prefix.last().is_some_and(|&c| c != b'/') {
        prefix.push(b'/');
    }
    Ok(new_object(ScandirIterator {
        ob_base: Object::placeholder(),
        path: ObjCell::new(given(&path)),
        prefix: prefix.into(),
        as_bytes: path.as_ref().is_some_and(|p| p.as_bytes),
        dir_fd: path.as_ref().map_or(-1, |p| p.fd),
        stream: Cell::new(Some(d)),
    })
    .into_obj())
}

impl ScandirIterator {
    fn close(&self) {
        if let Some(d) = self.stream.take() {
            blocking(move || drop(d));
        }
    }

    fn advance(&self) -> PyResult<Option<Obj>> {
        let Some(d) = self.stream.take() else { return Ok(None) };
        let (r, d) = blocking(move || (d.next(), d));
        match r {
            Ok(Some((name, ino, kind))) => {
                self.stream.set(Some(d));
                let mut full = self.prefix.to_vec();
                full.extend_from_slice(&name);
                let name_obj = name_object(&name, self.as_bytes)?;
                let path_obj = if self.dir_fd == -1 { name_object(&full, self.as_bytes)? } else { name_obj.clone() };
                let c_path = CString::new(if self.dir_fd == -1 { full } else { name }).unwrap_or_default();
                Ok(Some(
                    new_object(DirEntry {
                        ob_base: Object::placeholder(),
                        name: ObjCell::new(name_obj),
                        path: ObjCell::new(path_obj),
                        stat: ObjCell::empty(),
                        lstat: ObjCell::empty(),
                        c_path,
                        kind,
                        ino,
                        dir_fd: if self.dir_fd == -1 { libc::AT_FDCWD } else { self.dir_fd },
                    })
                    .into_obj(),
                ))
            }
            Ok(None) => {
                blocking(move || drop(d));
                Ok(None)
            }
            Err(e) => {
                blocking(move || drop(d));
                let path = self.path.get_owned().unwrap_or_else(none::none_obj);
                Err(exceptions::from_errno_path(e, &path))
            }
        }
    }
}

extern "C" fn scandir_iternext(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<ScandirIterator>().advance())
}

/// Close the directory before the end is reached.
#[method(signature = "()")]
fn close(this: &ScandirIterator) {
    this.close();
}

#[method(signature = "()", text = false)]
fn __enter__(this: &Object) -> Obj {
    this.to_obj()
}

#[method(signature = "(*args)", varargs, text = false)]
fn __exit__(this: &ScandirIterator, _args: &[&Object]) {
    this.close();
}

extern "C" fn scandir_finalize(o: &Object) {
    let this: &ScandirIterator = o.cast();
    let Some(d) = this.stream.take() else { return };
    crate::support::with_exception_saved(|| {
        let r = o.repr().and_then(|s| {
            (hooks::get().warn)(exceptions::ResourceWarning, &format!("unclosed scandir iterator {}", s.display()), 1)
        });
        if let Err(e) = r {
            taipan_object::error::unraisable(e, Some(o));
        }
    });
    drop(d);
}

unsafe extern "C" fn scandir_dealloc(obj: std::ptr::NonNull<Object>) {
    // SAFETY: the destructor contract; the finaliser may revive the object.
    unsafe {
        if taipan_object::typeobj::heap::call_finalizer_from_dealloc(obj.as_ref()) {
            dealloc_of::<ScandirIterator>(obj);
        }
    }
}

/// The type of `scandir`'s answer.
pub static ScandirIterator_Type: Type = Type::new_static(TypeDef {
    name: c"posix.ScandirIterator",
    basicsize: size_of::<ScandirIterator>(),
    flags: flags::DISALLOW_INSTANTIATION,
    dealloc: Some(scandir_dealloc),
    iter: Some(self_iter),
    iternext: Some(scandir_iternext),
    methods: methods![__enter__, __exit__, close],
    finalize: Some(scandir_finalize),
    ..TypeDef::EMPTY
});

/// One entry of a directory.
#[repr(C)]
pub struct DirEntry {
    ob_base: Object,
    name: ObjCell,
    path: ObjCell,
    stat: ObjCell,
    lstat: ObjCell,
    c_path: CString,
    /// `d_type`.
    kind: u8,
    ino: u64,
    dir_fd: c_int,
}
layout!(DirEntry, DirEntry_Type);

impl DirEntry {
    fn fetch(&self, follow: bool) -> PyResult {
        let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        match status_at(self.dir_fd, &self.c_path, flags) {
            Ok(st) => stat_result(&st),
            Err(e) => Err(exceptions::from_errno_path(e, &self.path.get_owned().unwrap_or_else(none::none_obj))),
        }
    }

    fn lstat(&self) -> PyResult {
        if self.lstat.is_empty() {
            self.lstat.set(Some(self.fetch(false)?));
        }
        Ok(self.lstat.get_owned().unwrap_or_else(none::none_obj))
    }

    fn stat(&self, follow: bool) -> PyResult {
        if !follow {
            return self.lstat();
        }
        if self.stat.is_empty() {
            let st = if self.is_link()? { self.fetch(true)? } else { self.lstat()? };
            self.stat.set(Some(st));
        }
        Ok(self.stat.get_owned().unwrap_or_else(none::none_obj))
    }

    fn is_link(&self) -> PyResult<bool> {
        if self.kind != libc::DT_UNKNOWN {
            return Ok(self.kind == libc::DT_LNK);
        }
        self.is_kind(false, libc::S_IFLNK)
    }

    fn is_kind(&self, follow: bool, kind: libc::mode_t) -> PyResult<bool> {
        let link = self.kind == libc::DT_LNK;
        if self.kind == libc::DT_UNKNOWN || (follow && link) {
            let st = match self.stat(follow) {
                Ok(st) => st,
                // What is not there is of no kind.
                Err(e) => return e.recover(exceptions::FileNotFoundError, false),
            };
            let mode = st.get_attr(intern!("st_mode"))?.as_i64()?;
            return Ok(mode as libc::mode_t & libc::S_IFMT == kind);
        }
        Ok(match kind {
            libc::S_IFDIR => self.kind == libc::DT_DIR,
            libc::S_IFLNK => link,
            _ => self.kind == libc::DT_REG,
        })
    }
}

/// Return whether the entry is a directory.
#[method(signature = "(*, follow_symlinks=True)")]
fn is_dir(this: &DirEntry, follow_symlinks: bool) -> PyResult<bool> {
    this.is_kind(follow_symlinks, libc::S_IFDIR)
}

/// Return whether the entry is a regular file.
#[method(signature = "(*, follow_symlinks=True)")]
fn is_file(this: &DirEntry, follow_symlinks: bool) -> PyResult<bool> {
    this.is_kind(follow_symlinks, libc::S_IFREG)
}

/// Return whether the entry is a symbolic link.
#[method(signature = "()")]
fn is_symlink(this: &DirEntry) -> PyResult<bool> {
    this.is_link()
}

/// Return False: Linux has no junctions.
#[method(signature = "()")]
fn is_junction(_this: &DirEntry) -> bool {
    false
}

/// Return the entry's stat_result, asked once.
#[method(signature = "(*, follow_symlinks=True)", name = "stat")]
fn entry_stat(this: &DirEntry, follow_symlinks: bool) -> PyResult {
    this.stat(follow_symlinks)
}

/// Return the entry's inode.
#[method(signature = "()")]
fn inode(this: &DirEntry) -> PyResult {
    Ok(Int::from_u64(this.ino).into_obj())
}

/// Return the entry's path.
#[method(signature = "()")]
fn __fspath__(this: &DirEntry) -> Obj {
    this.path.get_owned().unwrap_or_else(none::none_obj)
}

#[classmethod(signature = "(object, /)", text = false)]
fn __class_getitem__(cls: &Type, item: &Object) -> PyResult {
    taipan_object::types::generic_alias::new(cls.as_object(), item)
}

extern "C" fn entry_repr(o: &Object) -> PyResult {
    let this: &DirEntry = o.cast();
    let mut out = StrBuilder::new();
    out.push_str("<DirEntry ");
    out.push_pystr(&*this.name.get_owned().unwrap_or_else(none::none_obj).repr()?);
    out.push_str(">");
    Ok(out.finish().into_obj())
}

extern "C" fn entry_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &DirEntry = o.cast();
    visit!(this.stat, visit, arg);
    visit!(this.lstat, visit, arg);
    0
}

/// `os.DirEntry`.
pub static DirEntry_Type: Type = Type::with_flags(
    TypeDef {
        name: c"posix.DirEntry",
        basicsize: size_of::<DirEntry>(),
        flags: flags::DISALLOW_INSTANTIATION | flags::HAVE_GC,
        dealloc: Some(dealloc_of::<DirEntry>),
        repr: Some(entry_repr),
        traverse: Some(entry_traverse),
        methods: methods![is_dir, is_file, is_symlink, is_junction, entry_stat, inode, __fspath__, __class_getitem__],
        members: members![
            taipan_object::method::MemberDef::new(
                c"name",
                taipan_object::method::member::OBJECT_EX,
                std::mem::offset_of!(DirEntry, name),
                taipan_object::method::member::READONLY
            )
            .doc(c"The entry's name."),
            taipan_object::method::MemberDef::new(
                c"path",
                taipan_object::method::member::OBJECT_EX,
                std::mem::offset_of!(DirEntry, path),
                taipan_object::method::member::READONLY
            )
            .doc(c"The entry's path: the directory's with the name."),
        ],
        ..TypeDef::EMPTY
    },
    0,
);
