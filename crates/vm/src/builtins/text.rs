//! Text of objects, and the terminal.

use crate::support::sys_attr;
use std::io::{BufRead, IsTerminal, Write};
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::exceptions;
use taipan_object::types::str::Str;
use taipan_object::{PyResult, bail, function, intern};

/// Return the canonical text of an object.
#[function(signature = "(obj, /)")]
pub fn repr(obj: &Object) -> PyResult<Ref<Str>> {
    obj.repr()
}

/// Return the canonical text of an object with what is not ASCII escaped.
#[function(signature = "(obj, /)")]
pub fn ascii(obj: &Object) -> PyResult<Ref<Str>> {
    obj.ascii()
}

/// Return type(value).__format__(value, format_spec).
#[function(signature = "(value, format_spec='', /)")]
pub fn format(value: &Object, format_spec: Option<&Object>) -> PyResult {
    match format_spec {
        Some(s) => value.format(s),
        None => value.format(intern!("")),
    }
}

fn required(name: &str) -> PyResult {
    match sys_attr(name)? {
        Some(o) => Ok(o),
        None => bail!(RuntimeError, "lost sys.{name}"),
    }
}

fn text_option<'a>(o: Option<&'a Object>, name: &str) -> PyResult<Option<&'a Object>> {
    match o {
        Some(v) if v.downcast::<Str>().is_none() => {
            bail!(TypeError, "{name} must be None or a string, not {}", v.ty().name_str())
        }
        o => Ok(o),
    }
}

/// Print values to a stream, by default sys.stdout, separated by sep and followed by end.
#[function(
    signature = "(*args, sep=None, end=None, file=None, flush=False)",
    shown = "(*args, sep=' ', end='\\n', file=None, flush=False)"
)]
pub fn print(
    args: &[&Object],
    sep: Option<&Object>,
    end: Option<&Object>,
    file: Option<&Object>,
    flush: bool,
) -> PyResult<()> {
    let file = match file {
        Some(f) => f.to_obj(),
        None => {
            let f = required("stdout")?;
            // Without a stdout (pythonw, daemons) there is nothing to do.
            if f.is_none() {
                return Ok(());
            }
            f
        }
    };
    let sep = text_option(sep, "sep")?;
    let end = text_option(end, "end")?;
    let write = file.get_attr(intern!("write"))?;
    for (i, a) in args.iter().enumerate() {
        if i > 0 {
            write.call_one(sep.unwrap_or(intern!(" ")))?;
        }
        write.call_one(&*a.str()?)?;
    }
    write.call_one(end.unwrap_or(intern!("\n")))?;
    if flush {
        file.call_method(intern!("flush"), &[])?;
    }
    Ok(())
}

fn fileno_is(o: &Object, fd: i64) -> bool {
    match o.call_method(intern!("fileno"), &[]).and_then(|n| n.as_i64()) {
        Ok(n) => n == fd,
        Err(e) => {
            e.clear();
            false
        }
    }
}

/// Read a line from standard input, without its newline. A prompt is printed first. Raises EOFError at the end.
#[function(signature = "(prompt='', /)", shown = "(prompt='', /)")]
pub fn input(prompt: Option<&Object>) -> PyResult {
    let (stdin, stdout, stderr) = (required("stdin")?, required("stdout")?, required("stderr")?);
    for (o, name) in [(&stdin, "stdin"), (&stdout, "stdout"), (&stderr, "stderr")] {
        if o.is_none() {
            bail!(RuntimeError, "input(): lost sys.{name}");
        }
    }
    if let Err(e) = stderr.call_method(intern!("flush"), &[]) {
        e.clear();
    }
    let terminal = fileno_is(&stdin, 0)
        && fileno_is(&stdout, 1)
        && std::io::stdin().is_terminal()
        && std::io::stdout().is_terminal();
    if let Some(p) = prompt {
        if terminal {
            stdout.call_method(intern!("flush"), &[])?;
            let text = p.str()?;
            let mut out = std::io::stdout().lock();
            let written = out.write_all(text.to_utf8_lossy().as_bytes()).and_then(|()| out.flush());
            written.map_err(|e| exceptions::from_io(&e))?;
        } else {
            stdout.call_method(intern!("write"), &[&*p.str()?])?;
        }
    }
    if let Err(e) = stdout.call_method(intern!("flush"), &[]) {
        e.clear();
    }
    if !terminal {
        return line_of(&stdin);
    }
    let mut line = String::new();
    let n = std::io::stdin().lock().read_line(&mut line).map_err(|e| exceptions::from_io(&e))?;
    (taipan_object::hooks::get().handle_pending)()?;
    if n == 0 {
        return Err(taipan_object::error::raise_empty(exceptions::EOFError));
    }
    Ok(Str::from_utf8(line.strip_suffix('\n').unwrap_or(&line)).into_obj())
}

/// `readline()` of a file object without the newline; `EOFError` at the end.
fn line_of(f: &Object) -> PyResult<Obj> {
    let line = f.call_method(intern!("readline"), &[])?;
    let Some(s) = line.downcast::<Str>() else {
        bail!(TypeError, "object.readline() returned non-string");
    };
    if s.is_empty() {
        bail!(EOFError, "EOF when reading a line");
    }
    if s.char_at(s.len() - 1) == 10 { Ok(s.substring(0, s.len() - 1).into_obj()) } else { Ok(line) }
}
