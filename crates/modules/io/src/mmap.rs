//! `mmap`: files and anonymous memory as arrays of bytes.

use crate::support::{audit, blocking, c_int_of, errno};
use std::cell::Cell;
use std::ffi::c_int;
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{Given, Param, Signature, bind_keywords, with_tuple_args};
use taipan_object::buffer::{Buffer, RawBuffer, fill_info};
use taipan_object::error::{PyResult, status};
use taipan_object::header::{ObjCell, Object, Ref};
use taipan_object::protocol::number::has_index;
use taipan_object::typeobj::slots::{BufferProcs, MappingMethods, SequenceMethods, Slot};
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::slice::{Slice, SliceRange, adjust};
use taipan_object::types::str::Str;
use taipan_object::{bail, getset, getsets, layout, method, methods, raise};

/// How the memory may be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Default,
    Read,
    Write,
    Copy,
}

/// A mapping.
#[repr(C)]
struct MMap {
    ob_base: Object,
    /// Null when closed.
    data: Cell<*mut u8>,
    size: Cell<usize>,
    pos: Cell<usize>,
    offset: i64,
    exports: Cell<isize>,
    weaklist: ObjCell,
    /// A copy of the file's descriptor; -1 for anonymous memory.
    fd: Cell<c_int>,
    flags: c_int,
    prot: c_int,
    access: Access,
    track_fd: bool,
}
layout!(MMap, MMAP_TYPE);

fn failed() -> taipan_object::Raised {
    exceptions::from_errno(errno())
}

#[cold]
fn closed_error() -> taipan_object::Raised {
    raise!(ValueError, "mmap closed or invalid")
}

impl MMap {
    /// The start of the memory; an error once it is closed.
    fn start(&self) -> PyResult<*mut u8> {
        let p = self.data.get();
        if p.is_null() { Err(closed_error()) } else { Ok(p) }
    }

    /// The bytes. Nothing that could close or resize the mapping may run while they are used.
    fn bytes(&self) -> PyResult<&[u8]> {
        let p = self.start()?;
        // SAFETY: the mapping is readable and this long; the caller does not close it meanwhile. Other processes may change what is in it,
        // which for bytes only means that what is read is theirs.
        Ok(unsafe { std::slice::from_raw_parts(p, self.size.get()) })
    }

    fn writable(&self) -> bool {
        match self.access {
            Access::Read => false,
            Access::Default => self.prot & libc::PROT_WRITE != 0,
            Access::Write | Access::Copy => true,
        }
    }

    fn check_writable(&self) -> PyResult<()> {
        if self.writable() {
            return Ok(());
        }
        bail!(TypeError, "mmap can't modify a readonly memory map.")
    }

    fn check_exports(&self, what: &str) -> PyResult<()> {
        if self.exports.get() > 0 {
            bail!(BufferError, "{what}");
        }
        Ok(())
    }

    /// Writes at a place that has been checked.
    fn put(&self, at: usize, bytes: &[u8]) -> PyResult<()> {
        let p = self.start()?;
        if at.checked_add(bytes.len()).is_none_or(|end| end > self.size.get()) {
            bail!(ValueError, "data out of range");
        }
        // SAFETY: inside the mapping, which is writable; the source may overlap it.
        unsafe { std::ptr::copy(bytes.as_ptr(), p.add(at), bytes.len()) };
        Ok(())
    }

    fn unmap(&self) {
        let p = self.data.replace(std::ptr::null_mut());
        if !p.is_null() {
            // SAFETY: the mapping is ours, and nobody has a view of it.
            unsafe { libc::munmap(p.cast(), self.size.get()) };
        }
        let fd = self.fd.replace(-1);
        if fd >= 0 {
            // SAFETY: the descriptor is ours.
            unsafe { libc::close(fd) };
        }
    }
}

const fn param(name: &'static str, required: bool) -> Param {
    Param { name, required }
}

static NEW: Signature = Signature {
    name: "mmap",
    params: &[
        param("fileno", true),
        param("length", true),
        param("flags", false),
        param("prot", false),
        param("access", false),
        param("offset", false),
        param("trackfd", false),
    ],
    posonly: 0,
    positional: 6,
    varargs: false,
    varkw: false,
};

extern "C" fn mmap_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("mmap", args, kwargs, |call| {
        let mut a = [None; 7];
        bind_keywords(&NEW, call, &mut a)?;
        let [Some(fd), Some(length), map_flags, prot, access, offset, track] = a else {
            bail!(TypeError, "mmap() takes a file descriptor and a length");
        };
        let fd = c_int_of(fd)?;
        let length = length.index_as_isize(Some(exceptions::OverflowError))?;
        let number = |o: Option<&Object>, default: c_int| o.map_or(Ok(default), c_int_of);
        let chosen = (map_flags.is_some() && number(map_flags, 0)? != libc::MAP_SHARED)
            || (prot.is_some() && number(prot, 0)? != libc::PROT_READ | libc::PROT_WRITE);
        let mut map_flags = number(map_flags, libc::MAP_SHARED)?;
        let mut prot = number(prot, libc::PROT_READ | libc::PROT_WRITE)?;
        let access_number = number(access, 0)?;
        let offset = offset.map_or(Ok(0), Object::as_i64)?;
        let track_fd = track.map_or(Ok(true), Object::is_true)?;
        if length < 0 {
            bail!(OverflowError, "memory mapped length must be positive");
        }
        if offset < 0 {
            bail!(OverflowError, "memory mapped offset must be positive");
        }
        if access_number != 0 && chosen {
            bail!(ValueError, "mmap can't specify both access and flags, prot.");
        }
        let access = match access_number {
            1 => {
                (map_flags, prot) = (libc::MAP_SHARED, libc::PROT_READ);
                Access::Read
            }
            2 => {
                (map_flags, prot) = (libc::MAP_SHARED, libc::PROT_READ | libc::PROT_WRITE);
                Access::Write
            }
            3 => {
                (map_flags, prot) = (libc::MAP_PRIVATE, libc::PROT_READ | libc::PROT_WRITE);
                Access::Copy
            }
            0 => match prot & (libc::PROT_READ | libc::PROT_WRITE) {
                p if p == libc::PROT_READ | libc::PROT_WRITE => Access::Default,
                libc::PROT_WRITE => Access::Write,
                _ => Access::Read,
            },
            _ => bail!(ValueError, "mmap invalid access parameter."),
        };
        audit(
            "mmap.__new__",
            &[
                &*Int::from_i64(fd.into()),
                &*Int::from_isize(length),
                &*Int::from_i64(access_number.into()),
                &*Int::from_i64(offset),
            ],
        )?;
        let mut size = length as usize;
        let mut own = -1;
        if fd != -1 {
            // SAFETY: the structure is zeroed, and written on success.
            let mut st: libc::stat = unsafe { std::mem::zeroed() };
            // SAFETY: as above.
            let known = blocking(|| unsafe { libc::fstat(fd, &mut st) }) == 0;
            if known && st.st_mode & libc::S_IFMT == libc::S_IFREG {
                if length == 0 {
                    if st.st_size == 0 {
                        bail!(ValueError, "cannot mmap an empty file");
                    }
                    if offset >= st.st_size {
                        bail!(ValueError, "mmap offset is greater than file size");
                    }
                    size = (st.st_size - offset) as usize;
                } else if offset > st.st_size || st.st_size - offset < length as i64 {
                    bail!(ValueError, "mmap length is greater than file size");
                }
            }
            if track_fd {
                // SAFETY: a descriptor is copied.
                own = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
                if own < 0 {
                    return Err(failed());
                }
            }
        } else {
            map_flags |= libc::MAP_ANONYMOUS;
        }
        // SAFETY: a new mapping, placed by the system.
        let p = blocking(|| unsafe { libc::mmap(std::ptr::null_mut(), size, prot, map_flags, fd, offset) });
        if p == libc::MAP_FAILED {
            let e = failed();
            if own >= 0 {
                // SAFETY: the descriptor is ours.
                unsafe { libc::close(own) };
            }
            return Err(e);
        }
        let body = MMap {
            ob_base: Object::placeholder(),
            data: Cell::new(p.cast()),
            size: Cell::new(size),
            pos: Cell::new(0),
            offset,
            exports: Cell::new(0),
            weaklist: ObjCell::empty(),
            fd: Cell::new(own),
            flags: map_flags,
            prot,
            access,
            track_fd,
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

/// # Safety
/// The destructor contract.
unsafe extern "C" fn mmap_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead but whole.
    unsafe {
        obj.as_ref().cast::<MMap>().unmap();
        dealloc_of::<MMap>(obj);
    }
}

extern "C" fn mmap_repr(o: &Object) -> PyResult {
    let m: &MMap = o.cast();
    let name = o.ty().name_str();
    if m.data.get().is_null() {
        return Ok(Str::from_utf8(&format!("<{name} closed=True>")).into_obj());
    }
    let access = match m.access {
        Access::Default => "ACCESS_DEFAULT",
        Access::Read => "ACCESS_READ",
        Access::Write => "ACCESS_WRITE",
        Access::Copy => "ACCESS_COPY",
    };
    let (n, pos, offset) = (m.size.get(), m.pos.get(), m.offset);
    Ok(Str::from_utf8(&format!("<{name} closed=False, access={access}, length={n}, pos={pos}, offset={offset}>"))
        .into_obj())
}

/// Unmap the memory.
#[method]
fn close(this: &MMap) -> PyResult<()> {
    this.check_exports("cannot close exported pointers exist")?;
    this.unmap();
    Ok(())
}

fn get_closed(m: &MMap) -> bool {
    m.data.get().is_null()
}

/// Return the mapping.
#[method]
fn __enter__(this: &MMap) -> PyResult<Ref<MMap>> {
    this.start()?;
    Ok(Ref::from_borrowed(this))
}

/// Unmap the memory.
#[method(signature = "(exc_type, exc_value, traceback, /)")]
fn __exit__(this: &MMap, exc_type: &Object, exc_value: &Object, traceback: &Object) -> PyResult<()> {
    let _ = (exc_type, exc_value, traceback);
    close(this)
}

fn search(
    this: &MMap,
    view: &Object,
    start: Given<Option<&Object>>,
    end: Given<Option<&Object>>,
    last: bool,
) -> PyResult<isize> {
    this.start()?;
    let size = this.size.get() as isize;
    let bound = |o: Given<Option<&Object>>, default: isize| -> PyResult<isize> {
        let Some(o) = o.0.flatten() else { return Ok(default) };
        let i = o.index_as_isize(None)?;
        Ok(if i < 0 { (i + size).max(0) } else { i.min(size) })
    };
    let s = bound(start, if last { 0 } else { this.pos.get() as isize })?;
    let e = bound(end, size)?;
    let needle = Buffer::get(view)?;
    let all = this.bytes()?;
    if s > e {
        return Ok(-1);
    }
    let hay = &all[s as usize..e as usize];
    let found =
        if last { memchr::memmem::rfind(hay, needle.as_slice()) } else { memchr::memmem::find(hay, needle.as_slice()) };
    Ok(found.map_or(-1, |i| i as isize + s))
}

/// Return where bytes are found first, -1 if they are not.
#[method(signature = "(view, start=None, end=None, /)")]
fn find(this: &MMap, view: &Object, start: Given<Option<&Object>>, end: Given<Option<&Object>>) -> PyResult<isize> {
    search(this, view, start, end, false)
}

/// Return where bytes are found last, -1 if they are not.
#[method(signature = "(view, start=None, end=None, /)")]
fn rfind(this: &MMap, view: &Object, start: Given<Option<&Object>>, end: Given<Option<&Object>>) -> PyResult<isize> {
    search(this, view, start, end, true)
}

/// Write changes to the file.
#[method(signature = "(offset=0, size=None, /)")]
fn flush(this: &MMap, offset: Given<isize>, size: Given<Option<&Object>>) -> PyResult<()> {
    let p = this.start()?;
    let offset = offset.0.unwrap_or(0);
    let all = this.size.get() as isize;
    let size = match size.0.flatten() {
        Some(n) => n.index_as_isize(Some(exceptions::OverflowError))?,
        None => all.saturating_sub(offset),
    };
    if offset < 0 || size < 0 || all < offset || all - offset < size {
        bail!(ValueError, "flush values out of range");
    }
    if matches!(this.access, Access::Read | Access::Copy) {
        return Ok(());
    }
    // SAFETY: inside the mapping.
    if blocking(|| unsafe { libc::msync(p.add(offset as usize).cast(), size as usize, libc::MS_SYNC) }) < 0 {
        return Err(failed());
    }
    Ok(())
}

/// Advise the system about how memory will be used.
#[method(signature = "(option, start=0, length=None, /)")]
fn madvise(this: &MMap, option: c_int, start: Given<isize>, length: Given<Option<&Object>>) -> PyResult<()> {
    let p = this.start()?;
    let (start, all) = (start.0.unwrap_or(0), this.size.get() as isize);
    let length = match length.0.flatten() {
        Some(n) => n.index_as_isize(Some(exceptions::OverflowError))?,
        None => all,
    };
    if start < 0 || start >= all {
        bail!(ValueError, "madvise start out of bounds");
    }
    if length < 0 {
        bail!(ValueError, "madvise length invalid");
    }
    if start.checked_add(length).is_none() {
        bail!(OverflowError, "madvise length too large");
    }
    let length = length.min(all - start);
    // SAFETY: inside the mapping.
    if unsafe { libc::madvise(p.add(start as usize).cast(), length as usize, option) } != 0 {
        return Err(failed());
    }
    Ok(())
}

/// Copy bytes from one place to another.
#[method(signature = "(dest, src, count, /)", name = "move")]
fn move_bytes(this: &MMap, dest: isize, src: isize, count: isize) -> PyResult<()> {
    let p = this.start()?;
    this.check_writable()?;
    let size = this.size.get() as isize;
    if dest < 0 || src < 0 || count < 0 || size - dest < count || size - src < count {
        bail!(ValueError, "source, destination, or count out of range");
    }
    // SAFETY: both places lie inside the mapping; they may overlap.
    unsafe { std::ptr::copy(p.add(src as usize), p.add(dest as usize), count as usize) };
    Ok(())
}

/// Return the next bytes, at most n.
#[method(signature = "(n=None, /)")]
fn read(this: &MMap, n: Given<Option<&Object>>) -> PyResult<Ref<Bytes>> {
    let wanted = match n.0.flatten() {
        Some(n) if !has_index(n) => {
            bail!(TypeError, "argument should be integer or None, not '{}'", n.ty().name_str())
        }
        Some(n) => n.index_as_isize(Some(exceptions::OverflowError))?,
        None => -1,
    };
    let all = this.bytes()?;
    let pos = this.pos.get().min(all.len());
    let left = all.len() - pos;
    let n = usize::try_from(wanted).map_or(left, |n| n.min(left));
    this.pos.set(pos + n);
    Ok(Bytes::new(&all[pos..pos + n]))
}

/// Return the next byte as an integer.
#[method]
fn read_byte(this: &MMap) -> PyResult<u8> {
    let pos = this.pos.get();
    match this.bytes()?.get(pos) {
        Some(b) => {
            this.pos.set(pos + 1);
            Ok(*b)
        }
        None => bail!(ValueError, "read byte out of range"),
    }
}

/// Return the bytes up to the end of the line.
#[method]
fn readline(this: &MMap) -> PyResult<Ref<Bytes>> {
    let all = this.bytes()?;
    let pos = this.pos.get().min(all.len());
    let rest = &all[pos..];
    let n = memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
    this.pos.set(pos + n);
    Ok(Bytes::new(&rest[..n]))
}

/// Change the size of the memory, and of the file.
#[method(signature = "(newsize, /)")]
fn resize(this: &MMap, newsize: isize) -> PyResult<()> {
    let p = this.start()?;
    this.check_exports("mmap can't resize with extant buffers exported.")?;
    if matches!(this.access, Access::Read | Access::Copy) || !this.track_fd {
        if !this.track_fd {
            bail!(ValueError, "mmap can't resize with trackfd=False.");
        }
        bail!(TypeError, "mmap can't resize a readonly or copy-on-write memory map.");
    }
    if newsize < 0 || (isize::MAX - newsize) < this.offset as isize {
        bail!(ValueError, "new size out of range");
    }
    if newsize == 0 {
        bail!(ValueError, "new size out of range");
    }
    if this.fd.get() == -1 && this.flags & libc::MAP_PRIVATE == 0 && newsize as usize > this.size.get() {
        bail!(ValueError, "mmap: can't expand a shared anonymous mapping on Linux");
    }
    // SAFETY: the descriptor is ours.
    if this.fd.get() != -1 && unsafe { libc::ftruncate(this.fd.get(), this.offset + newsize as i64) } < 0 {
        return Err(failed());
    }
    // SAFETY: the mapping is ours and nobody has a view of it; it may move.
    let new = unsafe { libc::mremap(p.cast(), this.size.get(), newsize as usize, libc::MREMAP_MAYMOVE) };
    if new == libc::MAP_FAILED {
        return Err(failed());
    }
    this.data.set(new.cast());
    this.size.set(newsize as usize);
    Ok(())
}

/// Go to a position.
#[method(signature = "(pos, whence=0, /)")]
fn seek(this: &MMap, pos: isize, whence: Given<c_int>) -> PyResult<usize> {
    this.start()?;
    let size = this.size.get() as isize;
    let base = match whence.0.unwrap_or(0) {
        0 => 0,
        1 => this.pos.get() as isize,
        2 => size,
        _ => bail!(ValueError, "unknown seek type"),
    };
    match base.checked_add(pos) {
        Some(at) if (0..=size).contains(&at) => {
            this.pos.set(at as usize);
            Ok(at as usize)
        }
        _ => bail!(ValueError, "seek out of range"),
    }
}

/// Return True.
#[method]
fn seekable(this: &MMap) -> bool {
    let _ = this;
    true
}

/// Return the size of the file.
#[method]
fn size(this: &MMap) -> PyResult<i64> {
    this.start()?;
    if this.fd.get() != -1 {
        // SAFETY: the structure is zeroed, and written on success.
        let mut st: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        if blocking(|| unsafe { libc::fstat(this.fd.get(), &mut st) }) < 0 {
            return Err(failed());
        }
        return Ok(st.st_size);
    }
    if !this.track_fd && this.flags & libc::MAP_ANONYMOUS == 0 {
        bail!(ValueError, "can't get size with trackfd=False");
    }
    Ok(this.size.get() as i64)
}

/// Return the position.
#[method]
fn tell(this: &MMap) -> PyResult<usize> {
    this.start()?;
    Ok(this.pos.get())
}

/// Write bytes at the position; return their number.
#[method(signature = "(bytes, /)")]
fn write(this: &MMap, bytes: &Object) -> PyResult<usize> {
    this.start()?;
    let b = Buffer::get(bytes)?;
    this.check_writable()?;
    this.start()?;
    let (pos, n) = (this.pos.get(), b.len());
    if pos > this.size.get() || this.size.get() - pos < n {
        bail!(ValueError, "data out of range");
    }
    this.put(pos, b.as_slice())?;
    this.pos.set(pos + n);
    Ok(n)
}

/// Write a byte at the position.
#[method(signature = "(byte, /)")]
fn write_byte(this: &MMap, byte: &Object) -> PyResult<()> {
    let n = byte.index_as_isize(Some(exceptions::OverflowError))?;
    let Ok(byte) = u8::try_from(n) else { bail!(OverflowError, "unsigned byte integer is out of range") };
    this.start()?;
    this.check_writable()?;
    let pos = this.pos.get();
    if pos >= this.size.get() {
        bail!(ValueError, "write byte out of range");
    }
    this.put(pos, &[byte])?;
    this.pos.set(pos + 1);
    Ok(())
}

extern "C" fn mmap_len(o: &Object) -> isize {
    let m: &MMap = o.cast();
    taipan_object::error::status_len(m.start().map(|_| m.size.get() as isize))
}

fn index_of(m: &MMap, key: &Object) -> PyResult<usize> {
    let i = key.index_as_isize(Some(exceptions::IndexError))?;
    m.start()?;
    let i = if i < 0 { i.wrapping_add(m.size.get() as isize) } else { i };
    match usize::try_from(i) {
        Ok(i) if i < m.size.get() => Ok(i),
        _ => bail!(IndexError, "mmap index out of range"),
    }
}

fn range_of(m: &MMap, s: &Slice) -> PyResult<SliceRange> {
    let bounds = s.unpack()?;
    m.start()?;
    Ok(adjust(bounds, m.size.get()))
}

extern "C" fn mmap_item(o: &Object, i: isize) -> PyResult {
    let m: &MMap = o.cast();
    match usize::try_from(i).ok().and_then(|i| m.bytes().map(|b| b.get(i).copied()).transpose()) {
        Some(b) => Ok(Bytes::new(&[b?]).into_obj()),
        None => bail!(IndexError, "mmap index out of range"),
    }
}

extern "C" fn mmap_subscript(o: &Object, key: &Object) -> PyResult {
    let m: &MMap = o.cast();
    m.start()?;
    if has_index(key) {
        let i = index_of(m, key)?;
        return Ok(Int::from_i64(m.bytes()?[i].into()).into_obj());
    }
    let Some(s) = key.downcast::<Slice>() else { bail!(TypeError, "mmap indices must be integers") };
    let r = range_of(m, s)?;
    let all = m.bytes()?;
    let picked: Vec<u8> = r.indices().map(|i| all[i]).collect();
    Ok(Bytes::new(&picked).into_obj())
}

fn assign(m: &MMap, key: &Object, value: Option<&Object>) -> PyResult<()> {
    m.start()?;
    m.check_writable()?;
    if has_index(key) {
        let Some(v) = value else { bail!(TypeError, "mmap doesn't support item deletion") };
        let i = index_of(m, key)?;
        if !has_index(v) {
            bail!(TypeError, "mmap item value must be an int");
        }
        let n = v.index_as_isize(Some(exceptions::TypeError))?;
        let Ok(b) = u8::try_from(n) else { bail!(ValueError, "mmap item value must be in range(0, 256)") };
        return m.put(i, &[b]);
    }
    let Some(s) = key.downcast::<Slice>() else { bail!(TypeError, "mmap indices must be integer") };
    let Some(v) = value else { bail!(TypeError, "mmap object doesn't support slice deletion") };
    let data = Buffer::get(v)?;
    let r = range_of(m, s)?;
    if data.len() != r.len {
        bail!(IndexError, "mmap slice assignment is wrong size");
    }
    if r.step == 1 {
        return if r.len == 0 { Ok(()) } else { m.put(r.start as usize, data.as_slice()) };
    }
    // The source may be the mapping itself.
    let copy = data.as_slice().to_vec();
    r.indices().zip(copy).try_for_each(|(i, b)| m.put(i, &[b]))
}

extern "C" fn mmap_ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status(assign(o.cast(), key, value))
}

extern "C" fn mmap_getbuffer(o: &Object, view: *mut RawBuffer, request: c_int) -> c_int {
    let m: &MMap = o.cast();
    let fill = || -> PyResult<()> {
        let p = m.start()?;
        // SAFETY: the protocol passes a view to fill; the mapping stays while `exports` counts the view.
        unsafe { fill_info(view, Some(o), p, m.size.get(), !m.writable(), request) }
    };
    let r = fill();
    if r.is_ok() {
        m.exports.set(m.exports.get() + 1);
    }
    status(r)
}

extern "C" fn mmap_releasebuffer(o: &Object, _: *mut RawBuffer) {
    let m: &MMap = o.cast();
    m.exports.set(m.exports.get() - 1);
}

static BUFFER: BufferProcs =
    BufferProcs { getbuffer: Slot::new(mmap_getbuffer), releasebuffer: Slot::new(mmap_releasebuffer) };
static SEQUENCE: SequenceMethods =
    SequenceMethods { length: Slot::new(mmap_len), item: Slot::new(mmap_item), ..SequenceMethods::EMPTY };
static MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(mmap_len),
    subscript: Slot::new(mmap_subscript),
    ass_subscript: Slot::new(mmap_ass_subscript),
};

static MMAP_TYPE: Type = Type::new_static(TypeDef {
    name: c"mmap.mmap",
    basicsize: size_of::<MMap>(),
    flags: flags::BASETYPE,
    doc: Some(c"mmap(fileno, length[, flags[, prot[, access[, offset[, trackfd]]]]])\n\nA file, or with -1 anonymous memory, as an array of bytes."),
    dealloc: Some(mmap_dealloc),
    repr: Some(mmap_repr),
    as_sequence: Some(&SEQUENCE),
    as_mapping: Some(&MAPPING),
    as_buffer: Some(&BUFFER),
    weaklistoffset: offset_of!(MMap, weaklist) as isize,
    methods: methods![
        close, find, rfind, flush, madvise, move_bytes, read, read_byte, readline, resize, seek, seekable, size, tell, write,
        write_byte, __enter__, __exit__
    ],
    getset: getsets![getset!(c"closed", get_closed)],
    new: Some(mmap_new),
    ..TypeDef::EMPTY
});

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&MMAP_TYPE)?;
    m.add("error", exceptions::OSError.as_object())?;
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let access = [("ACCESS_DEFAULT", 0), ("ACCESS_READ", 1), ("ACCESS_WRITE", 2), ("ACCESS_COPY", 3)];
    for (name, n) in access.into_iter().chain([("PAGESIZE", page), ("ALLOCATIONGRANULARITY", page)]) {
        m.add_int(name, n)?;
    }
    for (name, n) in [
        ("PROT_EXEC", libc::PROT_EXEC),
        ("PROT_READ", libc::PROT_READ),
        ("PROT_WRITE", libc::PROT_WRITE),
        ("MAP_SHARED", libc::MAP_SHARED),
        ("MAP_PRIVATE", libc::MAP_PRIVATE),
        ("MAP_ANON", libc::MAP_ANON),
        ("MAP_ANONYMOUS", libc::MAP_ANONYMOUS),
        ("MAP_NORESERVE", libc::MAP_NORESERVE),
        ("MAP_POPULATE", libc::MAP_POPULATE),
        ("MAP_STACK", libc::MAP_STACK),
        ("MAP_DENYWRITE", libc::MAP_DENYWRITE),
        ("MAP_EXECUTABLE", libc::MAP_EXECUTABLE),
        #[cfg(target_arch = "x86_64")]
        ("MAP_32BIT", libc::MAP_32BIT),
        ("MADV_NORMAL", libc::MADV_NORMAL),
        ("MADV_RANDOM", libc::MADV_RANDOM),
        ("MADV_SEQUENTIAL", libc::MADV_SEQUENTIAL),
        ("MADV_WILLNEED", libc::MADV_WILLNEED),
        ("MADV_DONTNEED", libc::MADV_DONTNEED),
        ("MADV_REMOVE", libc::MADV_REMOVE),
        ("MADV_DONTFORK", libc::MADV_DONTFORK),
        ("MADV_DOFORK", libc::MADV_DOFORK),
        ("MADV_HWPOISON", libc::MADV_HWPOISON),
        ("MADV_MERGEABLE", libc::MADV_MERGEABLE),
        ("MADV_UNMERGEABLE", libc::MADV_UNMERGEABLE),
        ("MADV_HUGEPAGE", libc::MADV_HUGEPAGE),
        ("MADV_NOHUGEPAGE", libc::MADV_NOHUGEPAGE),
        ("MADV_DONTDUMP", libc::MADV_DONTDUMP),
        ("MADV_DODUMP", libc::MADV_DODUMP),
        ("MADV_FREE", libc::MADV_FREE),
    ] {
        m.add_int(name, n.into())?;
    }
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef =
    ModuleDef { name: "mmap", doc: "Files and anonymous memory as arrays of bytes.", methods: None, exec };
