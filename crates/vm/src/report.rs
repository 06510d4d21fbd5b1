//! Showing exceptions that nobody caught. The library's `traceback` does the printing; where it cannot run, a plain form of ours.

use std::io::Write;
use taipan_object::header::Object;
use taipan_object::types::exceptions::BaseException;
use taipan_object::types::str::Str;
use taipan_object::{PyResult, intern};

/// Prints an exception with its traceback to `sys.stderr`.
pub fn print_exception(exc: &Object) -> PyResult<()> {
    if exc.downcast::<BaseException>().is_none() {
        let text = format!("TypeError: print_exception(): Exception expected for value, {} found", exc.ty().name_str());
        return write_stderr(&(text + "\n"));
    }
    let printed =
        crate::import::import("traceback").and_then(|t| t.call_method(intern!("_print_exception_bltin"), &[exc]));
    match printed {
        Ok(_) => flush_stderr(),
        Err(e) => {
            e.clear();
            write_stderr(&plain(exc))
        }
    }
}

fn flush_stderr() -> PyResult<()> {
    if let Some(err) = crate::sys::get("stderr")?.filter(|f| !f.is_none())
        && let Err(e) = err.call_method(intern!("flush"), &[])
    {
        e.clear();
    }
    Ok(())
}

/// The exception without help from the library: files and lines, then class and text.
pub fn plain(exc: &Object) -> String {
    let mut out = String::new();
    let tb = exc.cast::<BaseException>().traceback.get_owned();
    if tb.is_some() {
        out.push_str("Traceback (most recent call last):\n");
    }
    let mut next = tb;
    while let Some(t) = next {
        let line = crate::traceback::describe(&t);
        out.push_str(&line);
        next = crate::traceback::next_of(&t);
    }
    let name = exc.ty().name_str();
    let text = match exc.str() {
        Ok(s) => s.to_utf8_lossy().into_owned(),
        Err(e) => {
            e.clear();
            "<exception str() failed>".to_owned()
        }
    };
    out.push_str(name);
    if !text.is_empty() {
        out.push_str(": ");
        out.push_str(&text);
    }
    out.push('\n');
    out
}

/// Writes to `sys.stderr`, or to the process's stream when there is none.
pub fn write_stderr(text: &str) -> PyResult<()> {
    if let Some(err) = crate::sys::get("stderr")?.filter(|f| !f.is_none()) {
        match err.call_method(intern!("write"), &[&Str::from_utf8(text)]) {
            Ok(_) => return flush_stderr(),
            Err(e) => e.clear(),
        }
    }
    // Nothing is left to report a failure to.
    let _ = std::io::stderr().write_all(text.as_bytes());
    Ok(())
}

/// The text of `sys.unraisablehook`.
pub fn print_unraisable(exc: &Object, message: &Object, object: &Object) -> PyResult<()> {
    let mut head =
        if message.is_none() { "Exception ignored in".to_owned() } else { message.str()?.to_utf8_lossy().into_owned() };
    if !object.is_none() {
        let shown = match object.repr() {
            Ok(r) => r.to_utf8_lossy().into_owned(),
            Err(e) => {
                e.clear();
                "<object repr() failed>".to_owned()
            }
        };
        head.push_str(": ");
        head.push_str(&shown);
    } else if message.is_none() {
        head = String::new();
    }
    if !head.is_empty() {
        head.push_str(if object.is_none() { ":\n" } else { "\n" });
        write_stderr(&head)?;
    }
    if exc.is_none() {
        return Ok(());
    }
    print_exception(exc)
}
