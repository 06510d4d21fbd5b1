//! The rarer methods of connections: copies, blobs, limits, settings, extensions.

use crate::blob::Blob;
use crate::connection::{CONNECTION_TYPE, Connection, audit};
use crate::errors::{Class, failed, from_result, none, raise, text};
use crate::unlocked::unlocked;
use libsqlite3_sys as ffi;
use std::ffi::{CString, c_char, c_int, c_uint};
use taipan_object::buffer::Buffer;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::{Object, PyResult, Ref, bail, error, hooks, intern, method};

fn c_string(s: &str) -> PyResult<CString> {
    match CString::new(s) {
        Ok(c) => Ok(c),
        Err(_) => bail!(ValueError, "embedded null character"),
    }
}

/// Copy the database into another connection's.
#[method(signature = "(target, *, pages=-1, progress=None, name='main', sleep=0.25)")]
pub fn backup(
    this: &Connection,
    target: &Object,
    pages: c_int,
    progress: Option<&Object>,
    name: &str,
    sleep: f64,
) -> PyResult<()> {
    let Some(to) = target.downcast::<Connection>() else {
        bail!(
            TypeError,
            "backup() argument 'target' must be {}, not {}",
            CONNECTION_TYPE.name_str(),
            target.ty().name_str()
        );
    };
    this.ready()?;
    to.ready()?;
    if std::ptr::eq(this, to) {
        bail!(ValueError, "target cannot be the same connection instance");
    }
    if let Some(f) = progress
        && !f.is_callable()
    {
        bail!(TypeError, "progress argument must be a callable");
    }
    let milliseconds = (sleep * 1000.0) as c_int;
    let pages = if pages == 0 { -1 } else { pages };
    let name = c_string(name)?;
    let (from_db, to_db) = (this.db() as usize, to.db() as usize);
    // SAFETY: two open connections and C strings.
    let handle = unlocked(|| unsafe {
        ffi::sqlite3_backup_init(
            to_db as *mut ffi::sqlite3,
            c"main".as_ptr(),
            from_db as *mut ffi::sqlite3,
            name.as_ptr(),
        ) as usize
    });
    if handle == 0 {
        return Err(failed(to.db()));
    }
    let mut problem = None;
    loop {
        // SAFETY: the handle is open until `finish`.
        let rc = unlocked(|| unsafe { ffi::sqlite3_backup_step(handle as *mut ffi::sqlite3_backup, pages) });
        if let Some(f) = progress {
            // SAFETY: as above.
            let (remaining, total) = unsafe {
                let h = handle as *mut ffi::sqlite3_backup;
                (ffi::sqlite3_backup_remaining(h), ffi::sqlite3_backup_pagecount(h))
            };
            let [rc, remaining, total] = [rc, remaining, total].map(|n| Int::from_i64(n.into()));
            if let Err(e) = f.call(&[&rc, &remaining, &total]) {
                problem = Some(e.take());
                break;
            }
        }
        match rc {
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => {
                // SAFETY: sleeps.
                unlocked(|| unsafe { ffi::sqlite3_sleep(milliseconds) });
            }
            ffi::SQLITE_OK => {}
            _ => break,
        }
    }
    // SAFETY: closed here, once.
    let rc = unlocked(|| unsafe { ffi::sqlite3_backup_finish(handle as *mut ffi::sqlite3_backup) });
    match problem {
        Some(e) => Err(error::restore(e)),
        None if rc != ffi::SQLITE_OK => Err(failed(to.db())),
        None => Ok(()),
    }
}

/// Open a blob, to be read and written piece by piece.
#[method(signature = "(table, column, rowid, /, *, readonly=False, name='main')")]
pub fn blobopen(
    this: &Connection,
    table: &Str,
    column: &Str,
    rowid: i64,
    readonly: bool,
    name: &str,
) -> PyResult<Ref<Blob>> {
    this.ready()?;
    let (table, column, name) = (c_string(table.to_utf8()?)?, c_string(column.to_utf8()?)?, c_string(name)?);
    let db = this.db() as usize;
    let (rc, handle) = unlocked(|| {
        let mut handle = std::ptr::null_mut();
        // SAFETY: an open connection and C strings.
        let rc = unsafe {
            ffi::sqlite3_blob_open(
                db as *mut ffi::sqlite3,
                name.as_ptr(),
                table.as_ptr(),
                column.as_ptr(),
                rowid,
                c_int::from(!readonly),
                &mut handle,
            )
        };
        (rc, handle as usize)
    });
    match rc {
        ffi::SQLITE_OK => Ok(Blob::new(this, handle as *mut ffi::sqlite3_blob)),
        ffi::SQLITE_MISUSE => Err(from_result(rc)),
        _ => Err(failed(this.db())),
    }
}

/// Stop what the database is doing.
#[method]
pub fn interrupt(this: &Connection) -> PyResult<()> {
    this.check()?;
    // SAFETY: an open connection; any thread may do this.
    unsafe { ffi::sqlite3_interrupt(this.db()) };
    Ok(())
}

/// Iterate over statements that make the database anew.
#[method(signature = "(*, filter=None)")]
pub fn iterdump(this: &Connection, filter: Option<&Object>) -> PyResult {
    this.check()?;
    let f = (hooks::get().import)("sqlite3.dump")?.get_attr(intern!("_iterdump"))?;
    let names = taipan_object::types::tuple::Tuple::new(&[intern!("filter")]);
    let filter = filter.map_or_else(none, |o| o.to_obj());
    f.call_kw(&[this.as_object(), &filter], 1, &names)
}

fn limit(this: &Connection, category: c_int, value: c_int) -> PyResult<c_int> {
    this.ready()?;
    // SAFETY: an open connection.
    match unsafe { ffi::sqlite3_limit(this.db(), category, value) } {
        -1 => Err(raise(Class::Programming, "'category' is out of bounds")),
        n => Ok(n),
    }
}

/// Set a limit; returns what it was.
#[method(signature = "(category, limit, /)")]
pub fn setlimit(this: &Connection, category: c_int, limit: c_int) -> PyResult<c_int> {
    self::limit(this, category, limit)
}

/// Return a limit.
#[method(signature = "(category, /)")]
pub fn getlimit(this: &Connection, category: c_int) -> PyResult<c_int> {
    limit(this, category, -1)
}

fn check_setting(op: c_int) -> PyResult<()> {
    let known = crate::constants::OTHERS.iter().any(|(n, v)| n.starts_with("SQLITE_DBCONFIG_") && *v == i64::from(op));
    if !known {
        bail!(ValueError, "unknown config 'op': {op}");
    }
    Ok(())
}

fn setting(this: &Connection, op: c_int, value: c_int) -> PyResult<bool> {
    let mut now: c_int = 0;
    // SAFETY: settings of this range take an int and a place for one.
    let rc = unsafe { ffi::sqlite3_db_config(this.db(), op, value, &raw mut now) };
    if rc == ffi::SQLITE_OK { Ok(now != 0) } else { Err(failed(this.db())) }
}

/// Set a setting.
#[method(signature = "(op, enable=True, /)")]
pub fn setconfig(this: &Connection, op: c_int, enable: bool) -> PyResult<()> {
    this.ready()?;
    check_setting(op)?;
    if setting(this, op, enable.into())? != enable {
        return Err(raise(Class::Operational, "Unable to set config"));
    }
    Ok(())
}

/// Return a setting.
#[method(signature = "(op, /)")]
pub fn getconfig(this: &Connection, op: c_int) -> PyResult<bool> {
    this.ready()?;
    check_setting(op)?;
    setting(this, op, -1)
}

/// Return the database as the bytes of its file.
#[method(signature = "(*, name='main')")]
pub fn serialize(this: &Connection, name: &str) -> PyResult<Ref<Bytes>> {
    this.ready()?;
    let c_name = c_string(name)?;
    let db = this.db();
    let mut size: i64 = 0;
    // SAFETY: an open connection and a C string. Without a copy the bytes stay the database's.
    let (p, own) = unsafe {
        let p = ffi::sqlite3_serialize(db, c_name.as_ptr(), &mut size, ffi::SQLITE_SERIALIZE_NOCOPY as c_uint);
        if p.is_null() {
            let word = db as usize;
            let (p, n) = unlocked(|| {
                let mut n: i64 = 0;
                let p = ffi::sqlite3_serialize(word as *mut ffi::sqlite3, c_name.as_ptr(), &mut n, 0);
                (p as usize, n)
            });
            size = n;
            (p as *mut u8, true)
        } else {
            (p, false)
        }
    };
    if p.is_null() {
        return Err(raise(Class::Operational, &format!("unable to serialize '{}'", name)));
    }
    // SAFETY: `size` bytes there.
    let b = Bytes::try_new(unsafe { std::slice::from_raw_parts(p, size as usize) });
    if own {
        // SAFETY: made for us.
        unsafe { ffi::sqlite3_free(p.cast()) };
    }
    b
}

/// Put a database that was serialized in the place of this one.
#[method(signature = "(data, /, *, name='main')")]
pub fn deserialize(this: &Connection, data: &Object, name: &str) -> PyResult<()> {
    this.ready()?;
    let name = c_string(name)?;
    let text = data.downcast::<Str>();
    let held;
    let bytes: &[u8] = match text {
        Some(s) => s.to_utf8()?.as_bytes(),
        None => {
            held = Buffer::get(data)?;
            held.as_slice()
        }
    };
    let n = bytes.len();
    // SAFETY: memory of the library for the library, which frees it, whatever comes of this.
    let rc = unsafe {
        let p = ffi::sqlite3_malloc64(n.max(1) as u64).cast::<u8>();
        if p.is_null() {
            return Err(error::no_memory());
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), p, n);
        let (db, p) = (this.db() as usize, p as usize);
        let flags = (ffi::SQLITE_DESERIALIZE_FREEONCLOSE | ffi::SQLITE_DESERIALIZE_RESIZEABLE) as c_uint;
        unlocked(|| {
            ffi::sqlite3_deserialize(db as *mut ffi::sqlite3, name.as_ptr(), p as *mut u8, n as i64, n as i64, flags)
        })
    };
    if rc == ffi::SQLITE_OK { Ok(()) } else { Err(failed(this.db())) }
}

/// Say whether extensions may be loaded.
#[method(signature = "(enable, /)")]
pub fn enable_load_extension(this: &Connection, enable: bool) -> PyResult<()> {
    if (hooks::get().auditing)() {
        let args = taipan_object::types::tuple::Tuple::new(&[
            this.as_object(),
            &taipan_object::types::bool_::from_bool(enable),
        ]);
        (hooks::get().audit)("sqlite3.enable_load_extension", &args)?;
    }
    this.ready()?;
    // SAFETY: an open connection.
    match unsafe { ffi::sqlite3_enable_load_extension(this.db(), enable.into()) } {
        ffi::SQLITE_OK => Ok(()),
        _ => Err(raise(Class::Operational, "Error enabling load extension")),
    }
}

/// Load an extension of the database.
#[method(signature = "(name, /, *, entrypoint=None)")]
pub fn load_extension(this: &Connection, name: &Str, entrypoint: Option<&Str>) -> PyResult<()> {
    audit("sqlite3.load_extension", this.as_object())?;
    this.ready()?;
    let name = c_string(name.to_utf8()?)?;
    let entry = match entrypoint {
        Some(e) => Some(c_string(e.to_utf8()?)?),
        None => None,
    };
    let mut message: *mut c_char = std::ptr::null_mut();
    // SAFETY: an open connection and C strings; the message is ours to free.
    let rc = unsafe {
        ffi::sqlite3_load_extension(
            this.db(),
            name.as_ptr(),
            entry.as_ref().map_or(std::ptr::null(), |e| e.as_ptr()),
            &mut message,
        )
    };
    if rc == ffi::SQLITE_OK {
        return Ok(());
    }
    // SAFETY: as above.
    let shown = unsafe {
        let s = text(message);
        ffi::sqlite3_free(message.cast());
        s
    };
    Err(raise(Class::Operational, &shown))
}
