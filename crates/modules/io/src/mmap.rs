//! `mmap`: files and anonymous memory mapped into the address space.

use crate::constants::MMAP;
use crate::support::{audit, blocking, errno};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_object::alloc::{finish_dealloc, new_instance};
use taipan_object::buffer::{Buffer, RawBuffer, fill_info};
use taipan_object::error::{PyResult, status, status_len};
use taipan_object::gc;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::native::{bind, optional, required};
use taipan_object::protocol::number::has_index;
use taipan_object::typeobj::slots::{BufferProcs, MappingMethods, SequenceMethods, Slot, VisitProc};
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::slice::{Slice, adjust};
use taipan_object::types::str::Str;
use taipan_object::{args, bail, getset, getsets, layout, method, methods};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Default,
    Read,
    Write,
    Copy,
}

impl Access {
    const ALL: [(Access, &str); 4] = [
        (Access::Default, "ACCESS_DEFAULT"),
        (Access::Read, "ACCESS_READ"),
        (Access::Write, "ACCESS_WRITE"),
        (Access::Copy, "ACCESS_COPY"),
    ];
}

/// A mapping. The address is null when it is closed.
#[repr(C)]
pub struct Mmap {
    ob_base: Object,
    data: Cell<*mut u8>,
    size: Cell<usize>,
    pos: Cell<usize>,
    offset: i64,
    fd: Cell<c_int>,
    flags: c_int,
    access: Access,
    trackfd: bool,
    /// How many buffers are out.
    exports: Cell<usize>,
    weakreflist: Cell<*mut Object>,
}
layout!(Mmap, Mmap_Type);

impl Mmap {
    fn check(&self) -> PyResult<()> {
        if self.data.get().is_null() {
            bail!(ValueError, "mmap closed or invalid");
        }
        Ok(())
    }

    fn writable(&self) -> PyResult<()> {
        self.check()?;
        if self.access == Access::Read {
            bail!(TypeError, "mmap can't modify a readonly memory map.");
        }
        Ok(())
    }

    /// The memory. Others may change it at any time, so it is only ever copied.
    fn copy(&self, from: usize, n: usize) -> Vec<u8> {
        let n = n.min(self.size.get().saturating_sub(from));
        let mut out = vec![0u8; n];
        if n > 0 {
            // SAFETY: within the mapping, which is open.
            unsafe { std::ptr::copy_nonoverlapping(self.data.get().add(from), out.as_mut_ptr(), n) };
        }
        out
    }

    /// Writes within the mapping.
    fn put(&self, at: usize, bytes: &[u8]) {
        debug_assert!(at + bytes.len() <= self.size.get());
        // SAFETY: the caller has checked the range; a bytes-like object on the same memory may overlap.
        unsafe { std::ptr::copy(bytes.as_ptr(), self.data.get().add(at), bytes.len()) };
    }

    fn byte(&self, i: usize) -> u8 {
        // SAFETY: the caller has checked the index.
        unsafe { self.data.get().add(i).read_volatile() }
    }

    fn unmap(&self) {
        let data = self.data.replace(std::ptr::null_mut());
        if !data.is_null() {
            let size = self.size.get();
            // SAFETY: the mapping is ours, and nobody holds a buffer of it.
            blocking(|| unsafe { libc::munmap(data.cast(), size) });
        }
        let fd = self.fd.replace(-1);
        if fd >= 0 {
            // SAFETY: closes a descriptor of our own.
            unsafe { libc::close(fd) };
        }
    }
}

fn positive(o: Option<&Object>, what: &str) -> PyResult<i64> {
    let Some(o) = o else { return Ok(0) };
    let n = o.index_as_isize(Some(exceptions::OverflowError))?;
    if n < 0 {
        bail!(OverflowError, "memory mapped {what} must be positive");
    }
    Ok(n as i64)
}

fn small(o: Option<&Object>, default: c_int) -> PyResult<c_int> {
    let Some(o) = o else { return Ok(default) };
    match c_int::try_from(o.index_as_isize(Some(exceptions::OverflowError))?) {
        Ok(n) => Ok(n),
        Err(_) => bail!(OverflowError, "signed integer is greater than maximum"),
    }
}

extern "C" fn mmap_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: args::Signature = args::Signature {
        name: "",
        params: &[
            required("fileno"),
            required("length"),
            optional("flags"),
            optional("prot"),
            optional("access"),
            optional("offset"),
            optional("trackfd"),
        ],
        posonly: 0,
        positional: 6,
        varargs: false,
        varkw: false,
    };
    bind(&SIG, args, kwargs, |[fileno, length, flags, prot, access, offset, trackfd]: [Option<&Object>; 7]| {
        const BOTH: c_int = libc::PROT_READ | libc::PROT_WRITE;
        let fd = small(fileno, -1)?;
        let asked = length.map_or(Ok(0), |o| o.index_as_isize(Some(exceptions::OverflowError)))?;
        let mut map_flags = small(flags, libc::MAP_SHARED)?;
        let mut prot = small(prot, BOTH)?;
        let number = small(access, 0)?;
        let offset_object = offset;
        let offset = offset_object.map_or(Ok(0), |o| o.index_as_isize(Some(exceptions::OverflowError)))?;
        let trackfd = trackfd.map_or(Ok(true), Object::is_true)?;
        if asked < 0 {
            positive(length, "length")?;
        }
        if offset < 0 {
            positive(offset_object, "offset")?;
        }
        if number != 0 && (map_flags != libc::MAP_SHARED || prot != BOTH) {
            bail!(ValueError, "mmap can't specify both access and flags, prot.");
        }
        let access = match number {
            0 if prot & BOTH == BOTH => Access::Default,
            0 if prot & libc::PROT_WRITE != 0 => Access::Write,
            0 => Access::Read,
            1 => {
                prot = libc::PROT_READ;
                Access::Read
            }
            2 => Access::Write,
            3 => {
                map_flags = libc::MAP_PRIVATE;
                Access::Copy
            }
            _ => bail!(ValueError, "mmap invalid access parameter."),
        };
        let int = |n: i64| Int::from_i64(n).into_obj();
        audit("mmap.__new__", &[&int(fd.into()), &int(asked as i64), &int(number.into()), &int(offset as i64)])?;
        let mut size = asked as usize;
        if fd != -1 {
            // SAFETY: fills a structure of ours.
            let stat = blocking(|| unsafe {
                let mut st: libc::stat = std::mem::zeroed();
                if libc::fstat(fd, &raw mut st) == 0 { Ok(st) } else { Err(errno()) }
            });
            match stat {
                Ok(st) if st.st_mode & libc::S_IFMT == libc::S_IFREG => {
                    if size == 0 {
                        if st.st_size == 0 {
                            bail!(ValueError, "cannot mmap an empty file");
                        }
                        if offset as i64 >= st.st_size {
                            bail!(ValueError, "mmap offset is greater than file size");
                        }
                        size = (st.st_size - offset as i64) as usize;
                    } else if offset as i64 > st.st_size || ((st.st_size - offset as i64) as usize) < size {
                        bail!(ValueError, "mmap length is greater than file size");
                    }
                }
                Ok(_) => {}
                Err(e) => return Err(exceptions::from_errno(e)),
            }
        }
        let mut own = -1;
        if fd == -1 {
            map_flags |= libc::MAP_ANONYMOUS;
        } else if trackfd {
            // SAFETY: duplicates a descriptor.
            own = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
            if own < 0 {
                return Err(exceptions::from_errno(errno()));
            }
        }
        // SAFETY: the kernel chooses the address.
        let mapped = blocking(|| unsafe {
            let p = libc::mmap(std::ptr::null_mut(), size, prot, map_flags, fd, offset as libc::off_t);
            if p == libc::MAP_FAILED { Err(errno()) } else { Ok(p) }
        });
        let data = match mapped {
            Ok(p) => p,
            Err(e) => {
                if own >= 0 {
                    // SAFETY: a descriptor of our own.
                    unsafe { libc::close(own) };
                }
                return Err(exceptions::from_errno(e));
            }
        };
        let body = Mmap {
            ob_base: Object::placeholder(),
            data: Cell::new(data.cast()),
            size: Cell::new(size),
            pos: Cell::new(0),
            offset: offset as i64,
            fd: Cell::new(own),
            flags: map_flags,
            access,
            trackfd,
            exports: Cell::new(0),
            weakreflist: Cell::new(std::ptr::null_mut()),
        };
        Ok(new_instance(cls, body)?.into_obj())
    })
}

/// Close the mapping.
#[method(signature = "()")]
fn close(this: &Mmap) -> PyResult<()> {
    if this.exports.get() > 0 {
        bail!(BufferError, "cannot close exported pointers exist");
    }
    this.unmap();
    Ok(())
}

fn range(this: &Mmap, start: Option<&Object>, end: Option<&Object>) -> PyResult<(usize, usize)> {
    let place = |o: Option<&Object>, default: usize| -> PyResult<isize> {
        match o {
            Some(o) if !o.is_none() => o.index_as_isize(None),
            _ => Ok(default as isize),
        }
    };
    let (start, end) = (place(start, this.pos.get())?, place(end, this.size.get())?);
    this.check()?;
    let size = this.size.get() as isize;
    let clip = |i: isize| (if i < 0 { i.saturating_add(size) } else { i }).clamp(0, size) as usize;
    Ok((clip(start), clip(end)))
}

fn search(this: &Mmap, view: &Object, start: Option<&Object>, end: Option<&Object>, reverse: bool) -> PyResult<isize> {
    this.check()?;
    let view = Buffer::get(view)?;
    let (start, end) = range(this, start, end)?;
    if start > end {
        return Ok(-1);
    }
    let text = this.copy(start, end - start);
    let found = if reverse {
        memchr::memmem::rfind(&text, view.as_slice())
    } else {
        memchr::memmem::find(&text, view.as_slice())
    };
    Ok(found.map_or(-1, |i| (i + start) as isize))
}

/// Where the bytes are first found from a place on, or -1.
#[method(signature = "(view, start=None, end=None, /)")]
fn find(this: &Mmap, view: &Object, start: Option<&Object>, end: Option<&Object>) -> PyResult<isize> {
    search(this, view, start, end, false)
}

/// Where the bytes are last found from a place on, or -1.
#[method(signature = "(view, start=None, end=None, /)")]
fn rfind(this: &Mmap, view: &Object, start: Option<&Object>, end: Option<&Object>) -> PyResult<isize> {
    search(this, view, start, end, true)
}

/// Read bytes, all that are left by default.
#[method(signature = "(n=None, /)")]
fn read(this: &Mmap, n: Option<&Object>) -> PyResult<Ref<Bytes>> {
    this.check()?;
    let n = match n {
        None => -1,
        Some(n) if has_index(n) => n.index_as_isize(Some(exceptions::OverflowError))?,
        Some(n) => bail!(TypeError, "argument should be integer or None, not '{}'", n.ty().name_str()),
    };
    this.check()?;
    let left = this.size.get().saturating_sub(this.pos.get());
    let n = usize::try_from(n).map_or(left, |n| n.min(left));
    let bytes = Bytes::new(&this.copy(this.pos.get(), n));
    this.pos.set(this.pos.get() + n);
    Ok(bytes)
}

/// Read a byte as a number.
#[method(signature = "()")]
fn read_byte(this: &Mmap) -> PyResult<u8> {
    this.check()?;
    let pos = this.pos.get();
    if pos >= this.size.get() {
        bail!(ValueError, "read byte out of range");
    }
    this.pos.set(pos + 1);
    Ok(this.byte(pos))
}

/// Read a line.
#[method(signature = "()")]
fn readline(this: &Mmap) -> PyResult<Ref<Bytes>> {
    this.check()?;
    let pos = this.pos.get();
    let mut end = pos;
    while end < this.size.get() {
        end += 1;
        if this.byte(end - 1) == b'\n' {
            break;
        }
    }
    this.pos.set(end.max(pos));
    Ok(Bytes::new(&this.copy(pos, end - pos)))
}

/// Write bytes; returns how many.
#[method(signature = "(bytes, /)")]
fn write(this: &Mmap, bytes: &Object) -> PyResult<usize> {
    this.check()?;
    let data = Buffer::get(bytes)?;
    this.writable()?;
    let data = data.as_slice();
    let (pos, size) = (this.pos.get(), this.size.get());
    if pos > size || size - pos < data.len() {
        bail!(ValueError, "data out of range");
    }
    this.put(pos, data);
    this.pos.set(pos + data.len());
    Ok(data.len())
}

fn unsigned_byte(o: &Object) -> PyResult<u8> {
    let n = o.index_as_isize(Some(exceptions::OverflowError))?;
    if n < 0 {
        bail!(OverflowError, "unsigned byte integer is less than minimum");
    }
    match u8::try_from(n) {
        Ok(n) => Ok(n),
        Err(_) => bail!(OverflowError, "unsigned byte integer is greater than maximum"),
    }
}

/// Write a byte given as a number.
#[method(signature = "(byte, /)")]
fn write_byte(this: &Mmap, byte: &Object) -> PyResult<()> {
    let b = unsigned_byte(byte)?;
    this.writable()?;
    let pos = this.pos.get();
    if pos >= this.size.get() {
        bail!(ValueError, "write byte out of range");
    }
    this.put(pos, &[b]);
    this.pos.set(pos + 1);
    Ok(())
}

/// The size of the file.
#[method(signature = "()")]
fn size(this: &Mmap) -> PyResult<i64> {
    this.check()?;
    // SAFETY: fills a structure of ours.
    unsafe {
        let mut st: libc::stat = std::mem::zeroed();
        if libc::fstat(this.fd.get(), &raw mut st) != 0 {
            return Err(exceptions::from_errno(errno()));
        }
        Ok(st.st_size)
    }
}

/// The position.
#[method(signature = "()")]
fn tell(this: &Mmap) -> PyResult<usize> {
    this.check()?;
    Ok(this.pos.get())
}

/// Whether there are positions: yes.
#[method(signature = "()")]
fn seekable(_this: &Mmap) -> bool {
    true
}

/// Set the position; returns it.
#[method(signature = "(pos, whence=0, /)")]
fn seek(this: &Mmap, pos: isize, whence: Option<&Object>) -> PyResult<usize> {
    let whence = small(whence, 0)?;
    this.check()?;
    let from = match whence {
        0 => 0,
        1 => this.pos.get() as isize,
        2 => this.size.get() as isize,
        _ => bail!(ValueError, "unknown seek type"),
    };
    match from.checked_add(pos).and_then(|p| usize::try_from(p).ok()).filter(|p| *p <= this.size.get()) {
        Some(p) => {
            this.pos.set(p);
            Ok(p)
        }
        None => bail!(ValueError, "seek out of range"),
    }
}

/// Copy bytes within the mapping.
#[method(name = "move", signature = "(dest, src, count, /)")]
fn move_bytes(this: &Mmap, dest: isize, src: isize, count: isize) -> PyResult<()> {
    this.writable()?;
    let size = this.size.get() as isize;
    if dest < 0 || src < 0 || count < 0 || size - dest < count || size - src < count {
        bail!(ValueError, "source, destination, or count out of range");
    }
    // SAFETY: both ranges lie within the mapping.
    unsafe { std::ptr::copy(this.data.get().add(src as usize), this.data.get().add(dest as usize), count as usize) };
    Ok(())
}

/// Change the size of the mapping, and of the file.
#[method(signature = "(newsize, /)")]
fn resize(this: &Mmap, newsize: isize) -> PyResult<()> {
    this.check()?;
    if this.exports.get() > 0 {
        bail!(BufferError, "mmap can't resize with extant buffers exported.");
    }
    if !matches!(this.access, Access::Default | Access::Write) {
        bail!(TypeError, "mmap can't resize a readonly or copy-on-write memory map.");
    }
    if !this.trackfd {
        bail!(ValueError, "mmap can't resize with trackfd=False.");
    }
    if newsize < 0 || isize::MAX as i64 - (newsize as i64) < this.offset {
        bail!(ValueError, "new size out of range");
    }
    let new = newsize as usize;
    let fd = this.fd.get();
    if fd == -1 && this.flags & libc::MAP_PRIVATE == 0 && new > this.size.get() {
        bail!(ValueError, "mmap: can't expand a shared anonymous mapping");
    }
    let (data, old, offset) = (this.data.get(), this.size.get(), this.offset);
    // SAFETY: no buffer is out, so nobody notices that the memory moves.
    let moved = blocking(|| unsafe {
        if fd != -1 && libc::ftruncate(fd, offset + newsize as libc::off_t) != 0 {
            return Err(errno());
        }
        let p = libc::mremap(data.cast(), old, new, libc::MREMAP_MAYMOVE);
        if p == libc::MAP_FAILED { Err(errno()) } else { Ok(p as usize) }
    });
    match moved {
        Ok(p) => {
            this.data.set(p as *mut u8);
            this.size.set(new);
            Ok(())
        }
        Err(e) => Err(exceptions::from_errno(e)),
    }
}

/// Write changes to the file.
#[method(signature = "(offset=0, size=None, /)")]
fn flush(this: &Mmap, offset: Option<isize>, size: Option<&Object>) -> PyResult<()> {
    let offset = offset.unwrap_or(0);
    let size = match size {
        Some(s) => s.index_as_isize(Some(exceptions::OverflowError))?,
        None => this.size.get() as isize - offset,
    };
    this.check()?;
    if offset < 0 || size < 0 || (this.size.get() as isize) - offset < size {
        bail!(ValueError, "flush values out of range");
    }
    if matches!(this.access, Access::Read | Access::Copy) {
        return Ok(());
    }
    let data = this.data.get();
    // SAFETY: the range lies within the mapping.
    let failed = blocking(|| unsafe {
        if libc::msync(data.add(offset as usize).cast(), size as usize, libc::MS_SYNC) == 0 {
            None
        } else {
            Some(errno())
        }
    });
    match failed {
        None => Ok(()),
        Some(e) => Err(exceptions::from_errno(e)),
    }
}

/// Tell the kernel how the memory will be used.
#[method(signature = "(option, start=0, length=None, /)")]
fn madvise(this: &Mmap, option: c_int, start: Option<isize>, length: Option<&Object>) -> PyResult<()> {
    let start = start.unwrap_or(0);
    this.check()?;
    let size = this.size.get() as isize;
    let length = match length {
        Some(l) => l.index_as_isize(Some(exceptions::OverflowError))?,
        None => size,
    };
    this.check()?;
    if start < 0 || start >= size {
        bail!(ValueError, "madvise start out of bounds");
    }
    if length < 0 {
        bail!(ValueError, "madvise length invalid");
    }
    if isize::MAX - start < length {
        bail!(OverflowError, "madvise length too large");
    }
    let length = length.min(size - start);
    // SAFETY: the range lies within the mapping.
    if unsafe { libc::madvise(this.data.get().add(start as usize).cast(), length as usize, option) } != 0 {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(())
}

/// The mapping itself.
#[method(signature = "()")]
fn __enter__(this: &Mmap) -> PyResult<Obj> {
    this.check()?;
    Ok(this.ob_base.to_obj())
}

/// Close the mapping.
#[method(signature = "(exc_type, exc_value, traceback, /)")]
fn __exit__(this: &Mmap, exc_type: &Object, exc_value: &Object, traceback: &Object) -> PyResult<()> {
    let _ = (exc_type, exc_value, traceback);
    close(this)
}

fn get_closed(this: &Mmap) -> bool {
    this.data.get().is_null()
}

extern "C" fn mmap_repr(o: &Object) -> PyResult {
    let m: &Mmap = o.cast();
    let name = o.ty().name_str();
    let text = if m.data.get().is_null() {
        format!("<{name} closed=True>")
    } else {
        let access = Access::ALL.iter().find(|(a, _)| *a == m.access).map_or("", |(_, n)| n);
        format!(
            "<{name} closed=False, access={access}, length={}, pos={}, offset={}>",
            m.size.get(),
            m.pos.get(),
            m.offset
        )
    };
    Ok(Str::from_utf8(&text).into_obj())
}

extern "C" fn mmap_length(o: &Object) -> isize {
    let m: &Mmap = o.cast();
    status_len(m.check().map(|()| m.size.get() as isize))
}

fn place(m: &Mmap, i: isize) -> PyResult<usize> {
    match usize::try_from(i).ok().filter(|i| *i < m.size.get()) {
        Some(i) => Ok(i),
        None => bail!(IndexError, "mmap index out of range"),
    }
}

extern "C" fn mmap_item(o: &Object, i: isize) -> PyResult {
    let m: &Mmap = o.cast();
    m.check()?;
    Ok(Bytes::new(&[m.byte(place(m, i)?)]).into_obj())
}

fn index(m: &Mmap, key: &Object) -> PyResult<usize> {
    let i = key.index_as_isize(Some(exceptions::IndexError))?;
    m.check()?;
    place(m, if i < 0 { i + m.size.get() as isize } else { i })
}

extern "C" fn mmap_subscript(o: &Object, key: &Object) -> PyResult {
    let m: &Mmap = o.cast();
    m.check()?;
    if has_index(key) {
        return Ok(Int::from_i64(m.byte(index(m, key)?).into()).into_obj());
    }
    let Some(s) = key.downcast::<Slice>() else { bail!(TypeError, "mmap indices must be integers") };
    let bounds = s.unpack()?;
    m.check()?;
    let r = adjust(bounds, m.size.get());
    let bytes = if r.step == 1 {
        m.copy(r.start as usize, r.len)
    } else {
        (0..r.len).map(|k| m.byte((r.start + k as isize * r.step) as usize)).collect()
    };
    Ok(Bytes::new(&bytes).into_obj())
}

fn assign(m: &Mmap, key: &Object, value: Option<&Object>) -> PyResult<()> {
    m.writable()?;
    if has_index(key) {
        let i = index(m, key)?;
        let Some(value) = value else { bail!(TypeError, "mmap doesn't support item deletion") };
        if !has_index(value) {
            bail!(TypeError, "mmap item value must be an int");
        }
        let v = value.index_as_isize(Some(exceptions::TypeError))?;
        let Ok(v) = u8::try_from(v) else { bail!(ValueError, "mmap item value must be in range(0, 256)") };
        m.check()?;
        place(m, i as isize)?;
        m.put(i, &[v]);
        return Ok(());
    }
    let Some(s) = key.downcast::<Slice>() else { bail!(TypeError, "mmap indices must be integer") };
    let bounds = s.unpack()?;
    let Some(value) = value else { bail!(TypeError, "mmap object doesn't support slice deletion") };
    let data = Buffer::get(value)?;
    m.check()?;
    let r = adjust(bounds, m.size.get());
    let data = data.as_slice();
    if data.len() != r.len {
        bail!(IndexError, "mmap slice assignment is wrong size");
    }
    if r.step == 1 {
        if r.len > 0 {
            m.put(r.start as usize, data);
        }
    } else {
        for (k, b) in data.iter().enumerate() {
            m.put((r.start + k as isize * r.step) as usize, &[*b]);
        }
    }
    Ok(())
}

extern "C" fn mmap_ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status(assign(o.cast(), key, value))
}

extern "C" fn mmap_ass_item(o: &Object, i: isize, value: Option<&Object>) -> c_int {
    status((|| {
        let m: &Mmap = o.cast();
        m.writable()?;
        let i = place(m, i)?;
        match value {
            None => bail!(TypeError, "mmap object doesn't support item deletion"),
            Some(v) => match v.downcast::<Bytes>() {
                Some(b) if b.as_slice().len() == 1 => {
                    m.put(i, b.as_slice());
                    Ok(())
                }
                _ => bail!(IndexError, "mmap assignment must be length-1 bytes()"),
            },
        }
    })())
}

extern "C" fn mmap_getbuffer(o: &Object, view: *mut RawBuffer, wanted: c_int) -> c_int {
    status((|| {
        let m: &Mmap = o.cast();
        m.check()?;
        // SAFETY: the memory stays mapped while a buffer is out.
        unsafe { fill_info(view, Some(o), m.data.get(), m.size.get(), m.access == Access::Read, wanted)? };
        m.exports.set(m.exports.get() + 1);
        Ok(())
    })())
}

extern "C" fn mmap_releasebuffer(o: &Object, _: *mut RawBuffer) {
    let m: &Mmap = o.cast();
    m.exports.set(m.exports.get().saturating_sub(1));
}

unsafe extern "C" fn mmap_dealloc(obj: NonNull<Object>) {
    // SAFETY: the destructor contract.
    unsafe {
        let o = obj.as_ref();
        gc::untrack(o);
        taipan_object::types::weakref::clear_all(o);
        o.cast::<Mmap>().unmap();
        finish_dealloc(obj);
    }
}

extern "C" fn mmap_traverse(_: &Object, _: VisitProc, _: *mut c_void) -> c_int {
    0
}

static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(mmap_length),
    item: Slot::new(mmap_item),
    ass_item: Slot::new(mmap_ass_item),
    ..SequenceMethods::EMPTY
};

static AS_MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(mmap_length),
    subscript: Slot::new(mmap_subscript),
    ass_subscript: Slot::new(mmap_ass_subscript),
};

static AS_BUFFER: BufferProcs =
    BufferProcs { getbuffer: Slot::new(mmap_getbuffer), releasebuffer: Slot::new(mmap_releasebuffer) };

/// `mmap.mmap`
pub static Mmap_Type: Type = Type::with_flags(
    TypeDef {
        name: c"mmap.mmap",
        doc: Some(
            c"mmap(fileno, length[, flags[, prot[, access[, offset[, trackfd]]]]])\n\nMap a file, or anonymous memory if fileno is -1, into memory.",
        ),
        basicsize: size_of::<Mmap>(),
        flags: flags::BASETYPE | flags::HAVE_GC | flags::IMMUTABLETYPE,
        dealloc: Some(mmap_dealloc),
        traverse: Some(mmap_traverse),
        repr: Some(mmap_repr),
        as_sequence: Some(&AS_SEQUENCE),
        as_mapping: Some(&AS_MAPPING),
        as_buffer: Some(&AS_BUFFER),
        weaklistoffset: offset_of!(Mmap, weakreflist) as isize,
        methods: methods![
            close, find, rfind, flush, madvise, move_bytes, read, read_byte, readline, resize, seek, seekable, size, tell,
            write, write_byte, __enter__, __exit__,
        ],
        getset: getsets![getset!(c"closed", get_closed)],
        new: Some(mmap_new),
        ..TypeDef::EMPTY
    },
    0,
);

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&Mmap_Type)?;
    m.add("error", exceptions::OSError.as_object())?;
    for &(name, n) in MMAP {
        m.add_int(name, n)?;
    }
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef { name: "mmap", doc: "Memory-mapped files.", methods: None, exec };
