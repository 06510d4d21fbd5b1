//! A thread that acts after a time unless it is called off.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use taipan_object::{PyResult, bail};

struct Watch {
    cancelled: Mutex<bool>,
    changed: Condvar,
}

static RUNNING: Mutex<Option<(Arc<Watch>, std::thread::JoinHandle<()>)>> = Mutex::new(None);

fn header(ns: u64) -> String {
    let micros = ns / 1000 % 1_000_000;
    let seconds = ns / 1_000_000_000;
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if micros == 0 {
        format!("Timeout ({h}:{m:02}:{s:02})!\n")
    } else {
        format!("Timeout ({h}:{m:02}:{s:02}.{micros:06})!\n")
    }
}

/// Starts the thread.
pub fn start(ns: u64, repeat: bool, fd: i32, exit: bool, act: fn(i32)) -> PyResult<()> {
    let watch = Arc::new(Watch { cancelled: Mutex::new(false), changed: Condvar::new() });
    let mine = watch.clone();
    let text = header(ns);
    let body = move || {
        // Signals are for the other threads.
        // SAFETY: blocks all signals in this thread.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, std::ptr::null_mut());
        }
        loop {
            let deadline = Instant::now() + Duration::from_nanos(ns);
            let mut cancelled = mine.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
            while !*cancelled {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                cancelled = mine.changed.wait_timeout(cancelled, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            if *cancelled {
                return;
            }
            drop(cancelled);
            // SAFETY: the text's own bytes.
            unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
            act(fd);
            if exit {
                // SAFETY: ends the process at once, as asked for.
                unsafe { libc::_exit(1) };
            }
            if !repeat {
                return;
            }
        }
    };
    match std::thread::Builder::new().name("faulthandler".to_owned()).spawn(body) {
        Ok(t) => {
            *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some((watch, t));
            Ok(())
        }
        Err(_) => bail!(RuntimeError, "unable to start watchdog thread"),
    }
}

/// Calls the thread off, and waits for it.
pub fn cancel() {
    let Some((watch, thread)) = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    *watch.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = true;
    watch.changed.notify_all();
    // Only a panic makes this fail, and that has been reported.
    let _ = thread.join();
}
