//! The locale and the encodings at start-up: UTF-8 mode (PEP 540), and better locales in place of C and POSIX (PEP 538).

use crate::config::Config;
use std::ffi::{CStr, OsString};

/// What texts from outside are encoded in.
#[derive(Clone)]
pub struct Encodings {
    /// The encoding of the standard streams and of file names.
    pub text: String,
    /// What `stdin` and `stdout` do with what is no text.
    pub errors: &'static str,
}

/// The locales that replace C and POSIX, the best first.
const BETTER: [&CStr; 3] = [c"C.UTF-8", c"C.utf8", c"UTF-8"];

/// The locale of characters as it is now.
fn current() -> String {
    // SAFETY: asks only; the answer is copied at once.
    unsafe {
        let p = libc::setlocale(libc::LC_CTYPE, std::ptr::null());
        if p.is_null() { String::new() } else { CStr::from_ptr(p).to_string_lossy().into_owned() }
    }
}

fn is_legacy(locale: &str) -> bool {
    matches!(locale, "C" | "POSIX")
}

/// Takes up the user's locale, decides on UTF-8 mode, and tells the encodings.
pub fn settle(c: &mut Config) -> Encodings {
    // SAFETY: a C string is passed; no other thread runs yet.
    unsafe { libc::setlocale(libc::LC_CTYPE, c"".as_ptr()) };
    let utf8_mode = c.utf8_mode.unwrap_or_else(|| is_legacy(&current()));
    let wish: Option<OsString> = if c.ignore_environment { None } else { std::env::var_os("PYTHONCOERCECLOCALE") };
    let warn = wish.as_ref().is_some_and(|w| w == "warn");
    let overridden = std::env::var_os("LC_ALL").is_some_and(|v| !v.is_empty());
    if is_legacy(&current()) && !overridden && wish.is_none_or(|w| w != "0") {
        coerce(warn);
    }
    if warn && is_legacy(&current()) {
        eprintln!(
            "Python runtime initialized with LC_CTYPE=C (a locale with default ASCII encoding), which may cause Unicode compatibility \
             problems. Using C.UTF-8, C.utf8, or UTF-8 (if available) as alternative Unicode-compatible locales is recommended."
        );
    }
    c.utf8_mode = Some(utf8_mode);
    let locale = current();
    let tolerant =
        utf8_mode || is_legacy(&locale) || BETTER.iter().any(|b| b.to_bytes().eq_ignore_ascii_case(locale.as_bytes()));
    let text = if utf8_mode { "utf-8".to_owned() } else { codeset() };
    taipan_object::codecs::text::set_fs_encoding(&text);
    Encodings { text, errors: if tolerant { "surrogateescape" } else { "strict" } }
}

/// Replaces a C locale, for child processes too.
fn coerce(warn: bool) {
    for target in BETTER {
        // SAFETY: C strings are passed; no other thread runs yet.
        unsafe {
            if libc::setlocale(libc::LC_CTYPE, target.as_ptr()).is_null() {
                continue;
            }
            libc::setenv(c"LC_CTYPE".as_ptr(), target.as_ptr(), 1);
        }
        if warn {
            eprintln!(
                "Python detected LC_CTYPE=C: LC_CTYPE coerced to {} (set another locale or PYTHONCOERCECLOCALE=0 to disable this \
                 locale coercion behavior).",
                target.to_string_lossy()
            );
        }
        return;
    }
}

/// The locale's character set, as Python names it.
fn codeset() -> String {
    // SAFETY: the answer is a C string that stays until the locale changes, and is copied before.
    let name = unsafe { CStr::from_ptr(libc::nl_langinfo(libc::CODESET)) }.to_string_lossy().to_lowercase();
    match name.as_str() {
        "" => "utf-8".to_owned(),
        "ansi_x3.4-1968" | "us-ascii" => "ascii".to_owned(),
        _ => name,
    }
}
