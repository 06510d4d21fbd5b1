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

/// The line of a source file, without its indentation: from the file itself, else (the library is packed) as `linecache` has it.
fn source_line(filename: &str, line: i32) -> Option<String> {
    if filename.starts_with('<') {
        return None;
    }
    let shown = |text: &str| {
        let text = text.trim_end_matches(['\r', '\n']).trim_start_matches([' ', '\t', '\x0c']);
        (!text.is_empty()).then(|| text.to_owned())
    };
    if let Ok(bytes) = std::fs::read(filename) {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let text = bytes.split(|&b| b == b'\n').nth(index)?;
        return shown(&String::from_utf8_lossy(text));
    }
    if crate::sys::state::FINALIZING.load(std::sync::atomic::Ordering::Relaxed) {
        return None;
    }
    let cached = crate::import::import("linecache").and_then(|l| {
        let number = taipan_object::types::int::Int::from_i64(i64::from(line));
        l.call_method(intern!("getline"), &[&Str::from_utf8(filename), &number])
    });
    match cached {
        Ok(text) => text.downcast::<Str>().and_then(|s| shown(&s.to_utf8_lossy())),
        Err(e) => {
            e.clear();
            None
        }
    }
}

/// A traceback as native code prints it: files, lines and source, but no marks below them.
pub fn traceback_text(tb: &Object) -> String {
    /// How often an entry is shown before its repetitions are only counted.
    const SHOWN: usize = 3;
    let limit = match crate::sys::get("tracebacklimit") {
        Ok(Some(n)) => n.as_i64().unwrap_or_else(|e| {
            e.clear();
            1000
        }),
        _ => 1000,
    };
    let mut rows = Vec::new();
    let mut next = Some(tb.to_obj());
    while let Some(t) = next {
        rows.push(t.to_obj());
        next = crate::traceback::next_of(&t);
    }
    let mut out = String::new();
    let limit = usize::try_from(limit).unwrap_or(0);
    if limit == 0 {
        return out;
    }
    out.push_str("Traceback (most recent call last):\n");
    let mut last = String::new();
    let mut count = 0;
    let repeated = |out: &mut String, count: usize| {
        if count > SHOWN {
            let n = count - SHOWN;
            out.push_str(&format!("  [Previous line repeated {n} more time{}]\n", if n == 1 { "" } else { "s" }));
        }
    };
    for t in &rows[rows.len().saturating_sub(limit)..] {
        let head = crate::traceback::describe(t);
        if head == last {
            count += 1;
        } else {
            repeated(&mut out, count);
            count = 1;
            last.clone_from(&head);
        }
        if count <= SHOWN {
            out.push_str(&head);
            let (file, _) = crate::traceback::place_of(t);
            if let Some(text) = crate::traceback::line_of(t).and_then(|line| source_line(&file, line)) {
                out.push_str(&format!("    {text}\n"));
            }
        }
    }
    repeated(&mut out, count);
    out
}

/// An exception as native code prints it: its traceback, class and text, and nothing of what it came from.
fn native_text(exc: &Object) -> String {
    let mut out = String::new();
    let Some(base) = exc.downcast::<BaseException>() else { return out };
    if let Some(tb) = base.traceback.get_owned() {
        out.push_str(&traceback_text(&tb));
    }
    let name = |attr: &str| -> Option<String> {
        match exc.ty().as_object().get_attr_str(attr) {
            Ok(v) => v.downcast::<Str>().map(|s| s.to_utf8_lossy().into_owned()),
            Err(e) => {
                e.clear();
                None
            }
        }
    };
    match name("__module__") {
        Some(m) if m == "builtins" || m == "__main__" => {}
        Some(m) => {
            out.push_str(&m);
            out.push('.');
        }
        None => out.push_str("<unknown>."),
    }
    out.push_str(&name("__qualname__").unwrap_or_else(|| "<unknown>".to_owned()));
    match exc.str() {
        Ok(s) if s.is_empty() => {}
        Ok(s) => {
            out.push_str(": ");
            out.push_str(&s.to_utf8_lossy());
        }
        Err(e) => {
            e.clear();
            out.push_str(": <exception str() failed>");
        }
    }
    out.push('\n');
    out
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
    write_stderr(&native_text(exc))
}
