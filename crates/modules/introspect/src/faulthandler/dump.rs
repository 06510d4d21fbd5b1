//! Writing tracebacks where nothing may be allocated and nobody may be asked: in signal handlers, and from a thread without the interpreter
//! lock. What is read may be half changed; everything is bounded.

use std::ffi::CStr;
use taipan_object::types::str::Str;
use taipan_object::{Interp, Layout, Object, Thread};
use taipan_vm::Frame;
use taipan_vm::frame::skip_incomplete;

/// Frames shown of a thread.
const MAX_FRAMES: usize = 100;
/// Threads shown.
const MAX_THREADS: usize = 100;
/// Characters shown of a name.
const MAX_TEXT: usize = 500;

/// A buffer in front of a file descriptor.
pub struct Out {
    fd: i32,
    buf: [u8; 512],
    len: usize,
}

impl Out {
    /// Writes to `fd`.
    pub fn new(fd: i32) -> Out {
        Out { fd, buf: [0; 512], len: 0 }
    }

    /// Writes what is buffered.
    pub fn flush(&mut self) {
        let mut at = 0;
        while at < self.len {
            // SAFETY: the buffer's own bytes.
            let n = unsafe { libc::write(self.fd, self.buf.as_ptr().add(at).cast(), self.len - at) };
            if n <= 0 {
                break;
            }
            at += n as usize;
        }
        self.len = 0;
    }

    fn byte(&mut self, b: u8) {
        if self.len == self.buf.len() {
            self.flush();
        }
        self.buf[self.len] = b;
        self.len += 1;
    }

    /// Text.
    pub fn text(&mut self, s: &str) {
        s.bytes().for_each(|b| self.byte(b));
    }

    fn bytes(&mut self, s: &[u8]) {
        s.iter().for_each(|b| self.byte(*b));
    }

    /// A number in decimal.
    pub fn decimal(&mut self, n: i64) {
        if n < 0 {
            self.byte(b'-');
        }
        let mut digits = [0u8; 20];
        let mut rest = n.unsigned_abs();
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.bytes(&digits[at..]);
    }

    /// A number in hexadecimal, of at least so many digits.
    pub fn hex(&mut self, n: u64, width: usize) {
        let used = (64 - n.leading_zeros() as usize).div_ceil(4).max(1).max(width);
        for i in (0..used).rev() {
            self.byte(b"0123456789abcdef"[(n >> (4 * i) & 15) as usize]);
        }
    }

    fn object_text(&mut self, o: Option<&Object>) {
        let Some(s) = o.filter(|o| o.ty().has_flag(taipan_object::flags::UNICODE_SUBCLASS)) else {
            return self.text("???");
        };
        let s: &Str = s.cast();
        let n = s.len().min(MAX_TEXT);
        for i in 0..n {
            match s.char_at(i) {
                c @ 0x20..0x7f => self.byte(c as u8),
                c @ 0..0x100 => {
                    self.text("\\x");
                    self.hex(c as u64, 2);
                }
                c @ 0x100..0x10000 => {
                    self.text("\\u");
                    self.hex(c as u64, 4);
                }
                c => {
                    self.text("\\U");
                    self.hex(c as u64, 8);
                }
            }
        }
        if s.len() > n {
            self.text("...");
        }
    }

    /// The frames of a thread.
    pub fn frames(&mut self, ts: &Thread) {
        let mut f = skip_incomplete(ts.current_frame.get().cast::<Frame>());
        if f.is_null() {
            self.text("  <no Python frame>\n");
        }
        let mut n = 0;
        // SAFETY: frames on a chain are alive; a thread that stands in the middle of a call has a whole chain all the same.
        while let Some(frame) = unsafe { f.as_ref() } {
            if n == MAX_FRAMES {
                self.text("  ...\n");
                break;
            }
            n += 1;
            let code = frame.code();
            self.text("  File \"");
            self.object_text(Some(code.filename().as_object()));
            self.text("\", line ");
            match code.line_at(frame.unit_index()) {
                Some(line) => self.decimal(line as i64),
                None => self.text("???"),
            }
            self.text(" in ");
            self.object_text(code.co_name.get());
            self.text("\n");
            f = skip_incomplete(frame.previous);
        }
    }

    fn header(&mut self, ts: &Thread, current: bool) {
        self.text(if current { "Current thread 0x" } else { "Thread 0x" });
        self.hex(ts.thread_id.get(), 16);
        let mut name = [0u8; 32];
        // SAFETY: the buffer is as long as said; linked thread states belong to threads that exist.
        let known = ts.thread_id.get() != 0
            && unsafe {
                libc::pthread_getname_np(ts.thread_id.get() as libc::pthread_t, name.as_mut_ptr().cast(), name.len())
            } == 0;
        let end = name.iter().position(|b| *b == 0).unwrap_or(0);
        if known && end > 0 {
            self.text(" [");
            self.bytes(&name[..end]);
            self.text("]");
        }
        self.text(" (most recent call first):\n");
    }

    /// One thread, with the line above it.
    pub fn thread(&mut self, ts: &Thread, current: bool) {
        self.header(ts, current);
        self.frames(ts);
    }

    /// All threads of an interpreter.
    pub fn threads(&mut self, interp: &Interp, current: Option<&Thread>) {
        let mut t = interp.threads.get();
        let mut n = 0;
        // SAFETY: linked states are alive.
        while let Some(ts) = unsafe { t.as_ref() } {
            if n > 0 {
                self.text("\n");
            }
            if n == MAX_THREADS {
                self.text("...\n");
                break;
            }
            n += 1;
            self.thread(ts, current.is_some_and(|c| std::ptr::eq(c, ts)));
            t = ts.next.get();
        }
    }

    /// The native stack of the running thread.
    pub fn native_stack(&mut self) {
        self.text("Current thread's C stack trace (most recent call first):\n");
        let mut addresses = [std::ptr::null_mut(); 32];
        // SAFETY: the array is as long as said.
        let n = unsafe { libc::backtrace(addresses.as_mut_ptr(), addresses.len() as i32) };
        for a in &addresses[..(n.max(0) as usize).min(addresses.len())] {
            // SAFETY: fills the struct in; its strings are those of loaded objects.
            unsafe {
                let mut info: libc::Dl_info = std::mem::zeroed();
                if libc::dladdr(*a, &mut info) == 0 || info.dli_fname.is_null() {
                    self.text("  <unknown> [0x");
                } else {
                    self.text("  Binary file \"");
                    self.bytes(CStr::from_ptr(info.dli_fname).to_bytes());
                    self.text("\"");
                    let base = if info.dli_sname.is_null() { info.dli_fbase } else { info.dli_saddr };
                    self.text(", at ");
                    if !info.dli_sname.is_null() {
                        self.bytes(CStr::from_ptr(info.dli_sname).to_bytes());
                    }
                    self.text("+0x");
                    self.hex((*a as u64).wrapping_sub(base as u64), 1);
                    self.text(" [0x");
                }
            }
            self.hex(*a as u64, 1);
            self.text("]\n");
        }
    }
}

/// The state of the running OS thread in an interpreter, attached or not.
pub fn state_of_running_thread(interp: &Interp) -> Option<&Thread> {
    // SAFETY: always allowed.
    let me = unsafe { libc::pthread_self() } as std::ffi::c_ulong;
    let mut t = interp.threads.get();
    // SAFETY: linked states are alive.
    while let Some(ts) = unsafe { t.as_ref() } {
        if ts.thread_id.get() == me {
            return Some(ts);
        }
        t = ts.next.get();
    }
    None
}
