//! Locks and thread-specific storage, and tables of characters.

use crate::prelude::*;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use taipan_object::types::exceptions::{ExceptionPtr, OSError};

/// What `PyThread_type_lock` points to. Anybody may release it.
pub struct Lock {
    held: Mutex<bool>,
    freed: Condvar,
}

/// `Py_tss_t`.
#[repr(C)]
pub struct Tss {
    is_initialized: c_int,
    key: libc::pthread_key_t,
}
const _: () = assert!(size_of::<Tss>() == 8);

/// Waits for the lock; `None` waits without end.
fn acquire(l: &Lock, limit: Option<Duration>) -> bool {
    let end = limit.map(|d| Instant::now() + d);
    let mut held = l.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    while *held {
        match end {
            None => held = l.freed.wait(held).unwrap_or_else(std::sync::PoisonError::into_inner),
            Some(end) => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return false;
                }
                held = l.freed.wait_timeout(held, left).unwrap_or_else(std::sync::PoisonError::into_inner).0;
            }
        }
    }
    *held = true;
    true
}

/// `IOError`, the old name of `OSError`.
#[unsafe(no_mangle)]
pub static PyExc_IOError: ExceptionPtr = ExceptionPtr(OSError);
/// The same.
#[unsafe(no_mangle)]
pub static PyExc_EnvironmentError: ExceptionPtr = ExceptionPtr(OSError);

const fn whitespace() -> [u8; 128] {
    let mut t = [0; 128];
    let mut i = 0;
    while i < 128 {
        t[i] = matches!(i as u8, 9..=13 | 28..=32) as u8;
        i += 1;
    }
    t
}
/// 1 for the characters below 128 that `str.isspace` accepts.
#[unsafe(no_mangle)]
pub static _Py_ascii_whitespace: [u8; 128] = whitespace();

const fn classes() -> [c_uint; 256] {
    let mut t = [0; 256];
    let mut i = 0;
    while i < 128 {
        let c = i as u8;
        t[i] = c.is_ascii_lowercase() as c_uint
            | (c.is_ascii_uppercase() as c_uint) << 1
            | (c.is_ascii_digit() as c_uint) << 2
            | (c.is_ascii_hexdigit() as c_uint) << 3
            | (matches!(c, 9..=13 | 32) as c_uint) << 4;
        i += 1;
    }
    t
}
const fn mapped(upper: bool) -> [u8; 256] {
    let mut t = [0; 256];
    let mut i = 0;
    while i < 256 {
        let c = i as u8;
        t[i] = if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        i += 1;
    }
    t
}
/// Classes of ASCII characters: lower 1, upper 2, digit 4, hexadecimal 8, space 16.
#[unsafe(no_mangle)]
pub static _Py_ctype_table: [c_uint; 256] = classes();
/// ASCII characters in lower case.
#[unsafe(no_mangle)]
pub static _Py_ctype_tolower: [u8; 256] = mapped(false);
/// ASCII characters in upper case.
#[unsafe(no_mangle)]
pub static _Py_ctype_toupper: [u8; 256] = mapped(true);

exports! {
    fn PyThread_allocate_lock() -> *mut Lock { Box::into_raw(Box::new(Lock { held: Mutex::new(false), freed: Condvar::new() })) }
    fn PyThread_free_lock(l: *mut Lock) {
        // SAFETY: the box that `PyThread_allocate_lock` made, freed once.
        drop(unsafe { Box::from_raw(l) });
    }
    fn PyThread_acquire_lock(l: &Lock, wait: c_int) -> c_int { acquire(l, if wait != 0 { None } else { Some(Duration::ZERO) }) as c_int }
    fn PyThread_acquire_lock_timed(l: &Lock, microseconds: c_longlong, _interrupt: c_int) -> c_int {
        acquire(l, u64::try_from(microseconds).ok().map(Duration::from_micros)) as c_int
    }
    fn PyThread_release_lock(l: &Lock) {
        *l.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = false;
        l.freed.notify_one();
    }
    fn PyThread_tss_is_created(t: &Tss) -> c_int { t.is_initialized }
    fn PyThread_tss_create(t: &mut Tss) -> c_int {
        if t.is_initialized != 0 {
            return 0;
        }
        // SAFETY: writes the key.
        if unsafe { libc::pthread_key_create(&mut t.key, None) } != 0 {
            return -1;
        }
        t.is_initialized = 1;
        0
    }
    fn PyThread_tss_delete(t: &mut Tss) {
        if t.is_initialized != 0 {
            // SAFETY: a key made above.
            unsafe { libc::pthread_key_delete(t.key) };
            t.is_initialized = 0;
        }
    }
    fn PyThread_tss_set(t: &Tss, v: *mut c_void) -> c_int {
        // SAFETY: a key made above.
        if unsafe { libc::pthread_setspecific(t.key, v) } == 0 { 0 } else { -1 }
    }
    fn PyThread_tss_get(t: &Tss) -> *mut c_void {
        // SAFETY: a key made above.
        unsafe { libc::pthread_getspecific(t.key) }
    }
}
