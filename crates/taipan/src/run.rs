//! Running the program: text, module, file, folder, zip file, standard input.

use crate::config::{Config, Run};
use std::io::{IsTerminal, Read};
use std::os::unix::ffi::OsStrExt;
use taipan_object::header::{Obj, Object};
use taipan_object::types::exceptions::{self, BaseException};
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::Module;
use taipan_object::types::str::Str;
use taipan_object::types::{bool_, none};
use taipan_object::{PyResult, Raised, intern};
use taipan_vm::compile::{self, Request};
use taipan_vm::{call, import};

/// The program ended by a `KeyboardInterrupt` that nobody caught: the process is to end by the signal itself, so that shells see it.
pub static INTERRUPTED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Runs what the configuration names; answers the exit status.
pub fn program(c: &Config) -> i32 {
    let result = match &c.run {
        Run::Command(text) => command(c, text),
        Run::Module(name) => prepend_path(c, "").and_then(|()| run_module(name, true)),
        Run::File(path) => file(c, path),
        Run::Stdin => standard_input(c),
        Run::Print(_) => Ok(()),
    };
    let mut status = match result {
        Ok(()) => 0,
        Err(e) => handle(e, c.inspect),
    };
    if c.inspect && !matches!(c.run, Run::Stdin) && (c.interactive || std::io::stdin().is_terminal()) {
        status = match interactive() {
            Ok(()) => 0,
            Err(e) => handle(e, false),
        };
    }
    status
}

fn text(s: &str) -> Obj {
    Str::from_utf8(s).into_obj()
}

/// `__main__`.
fn main_module() -> PyResult<Obj> {
    import::modules()?.get_item(intern!("__main__"))
}

/// Puts the program's folder first in `sys.path`, unless that is unsafe.
fn prepend_path(c: &Config, dir: &str) -> PyResult<()> {
    if c.safe_path {
        return Ok(());
    }
    let dir = match (&c.run, dir) {
        // `-m` means the folder as it is now.
        (Run::Module(_), "") => {
            std::env::current_dir().map_or_else(|_| String::new(), |d| d.to_string_lossy().into_owned())
        }
        _ => dir.to_owned(),
    };
    insert_path(&dir)
}

fn insert_path(dir: &str) -> PyResult<()> {
    *taipan_object::Interp::current().config.path_0.borrow_mut() = Some(dir.to_owned());
    if let Some(p) = taipan_vm::sys::get("path")?
        && let Some(l) = p.downcast::<List>()
    {
        l.insert_at(0, text(dir))?;
    }
    Ok(())
}

fn run_in_main(code: &taipan_vm::CodeObject) -> PyResult<()> {
    let main = main_module()?;
    let d = main.cast::<Module>().dict();
    call::eval_code(code, d, d, None)?;
    Ok(())
}

fn command(c: &Config, source: &std::ffi::OsStr) -> PyResult<()> {
    let decoded = taipan_object::codecs::text::fs_decode(source.as_bytes());
    let source = match taipan_object::codecs::text::utf_8_encode(&decoded, "strict") {
        Ok(b) => String::from_utf8_lossy(b.as_slice()).into_owned() + "\n",
        Err(e) => {
            let _ = taipan_vm::report::write_stderr("Unable to decode the command from the command line:\n");
            return Err(e);
        }
    };
    let source = source.as_str();
    prepend_path(c, "")?;
    let code = compile::compile_str(&dedented(source), &Request::module("<string>"))?;
    // Tracebacks show the lines of the command.
    if let Ok(lc) = import::import("linecache") {
        let f = lc.get_attr_opt(intern!("_register_code"))?;
        if let Some(f) = f
            && let Err(e) = f.call(&[&code, &text(source), &text("<string>")])
        {
            e.clear();
        }
    } else {
        taipan_object::error::clear();
    }
    run_in_main(&code)
}

/// The command without the indentation that all its lines share.
fn dedented(source: &str) -> String {
    let indent = |l: &str| l.len() - l.trim_start_matches([' ', '\t']).len();
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let filled = || lines.iter().filter(|l| !l.trim().is_empty());
    let Some(first) = filled().next() else { return source.to_owned() };
    let prefix = &first[..indent(first)];
    let common = filled().fold(prefix, |p, l| {
        let n = p.bytes().zip(l.bytes()).take_while(|(a, b)| a == b).count();
        &p[..n]
    });
    if common.is_empty() {
        return source.to_owned();
    }
    // Lines of blanks are ended at once, within strings too.
    let blank = |l: &str| if l.ends_with('\n') { "\n" } else { "" };
    lines.iter().map(|l| if l.trim().is_empty() { blank(l) } else { l.strip_prefix(common).unwrap_or(l) }).collect()
}

fn run_module(name: &str, set_argv0: bool) -> PyResult<()> {
    let runpy = import::import("runpy")?;
    let f = runpy.get_attr(intern!("_run_module_as_main"))?;
    f.call(&[&text(name), &bool_::from_bool(set_argv0)])?;
    Ok(())
}

fn file(c: &Config, path: &std::ffi::OsStr) -> PyResult<()> {
    // Tracebacks and `__file__` show the whole path, which stays valid when the program changes its folder.
    let shown = absolute(&path.to_string_lossy());
    let p = std::path::Path::new(path);
    let source = match std::fs::read(p) {
        Ok(s) => s,
        Err(e) if e.raw_os_error() == Some(libc::EISDIR) => {
            if run_importable(&shown)? {
                return Ok(());
            }
            eprintln!("{}: {:?} is a directory, cannot continue", program_name(c), shown);
            return exit_with(1);
        }
        Err(e) => {
            let errno = e.raw_os_error().unwrap_or(0);
            let reason = taipan_object::types::exceptions::strerror(errno);
            eprintln!("{}: can't open file '{}': [Errno {errno}] {reason}", program_name(c), shown);
            return exit_with(2);
        }
    };
    if may_be_zip(&source) && run_importable(&shown)? {
        return Ok(());
    }
    let dir = std::fs::canonicalize(p)
        .ok()
        .and_then(|p| p.parent().map(|d| d.to_string_lossy().into_owned()))
        .unwrap_or_default();
    prepend_path(c, &dir)?;
    let main = main_module()?;
    let m: &Module = main.cast();
    m.add("__file__", &text(&shown))?;
    m.add("__cached__", none::none())?;
    let loader = import::import("_frozen_importlib_external")?.get_attr(intern!("SourceFileLoader"))?;
    m.add("__loader__", &*loader.call(&[intern!("__main__"), &text(&shown)])?)?;
    if path.as_bytes().ends_with(b".pyc") {
        let code = pyc(&source)?;
        return run_in_main(&code);
    }
    let source = if c.skip_first_line {
        source[source.iter().position(|b| *b == b'\n').unwrap_or(source.len())..].to_vec()
    } else {
        source
    };
    let code = compile::compile_bytes(&source, &Request::module(&shown))?;
    run_in_main(&code)
}

fn program_name(c: &Config) -> String {
    c.orig_argv.first().map_or_else(|| "taipan".to_owned(), |a| a.to_string_lossy().into_owned())
}

fn absolute(p: &str) -> String {
    std::env::current_dir().map_or_else(|_| p.to_owned(), |d| d.join(p).to_string_lossy().into_owned())
}

fn exit_with(status: i64) -> PyResult<()> {
    Err(taipan_object::error::raise_arg(exceptions::SystemExit, Int::from_i64(status).into_obj()))
}

/// Whether a file ends as zip files do. Anything may stand before the archive, and a comment of up to 64 KiB behind its end mark.
fn may_be_zip(data: &[u8]) -> bool {
    let tail = &data[data.len().saturating_sub(22 + 0xFFFF)..];
    memchr::memmem::rfind(tail, b"PK\x05\x06").is_some()
}

/// Runs `__main__` of a folder or zip file; `false` if the path is neither for the import system.
fn run_importable(shown: &str) -> PyResult<bool> {
    let external = import::import("_frozen_importlib_external")?;
    let finder =
        external.get_attr(intern!("PathFinder"))?.call_method(intern!("_path_importer_cache"), &[&text(shown)])?;
    if finder.is_none() {
        return Ok(false);
    }
    insert_path(shown)?;
    run_module("__main__", false)?;
    Ok(true)
}

/// The code in a `.pyc` file.
fn pyc(data: &[u8]) -> PyResult<taipan_object::Ref<taipan_vm::CodeObject>> {
    if data.len() >= 4 && !data.starts_with(&taipan_vm::marshal::PYC_MAGIC) {
        taipan_object::bail!(RuntimeError, "Bad magic number in .pyc file");
    }
    // Behind the magic number: flags, and the source's time and size or its hash.
    let Some(code) = data.get(16..) else { taipan_object::bail!(EOFError, "EOF read where not expected") };
    let bad = || taipan_object::raise!(RuntimeError, "Bad code object in .pyc file");
    match taipan_vm::marshal::loads(code) {
        Ok(o) => o.downcast_into().map_err(|_| bad()),
        Err(e) => {
            e.clear();
            Err(bad())
        }
    }
}

fn standard_input(c: &Config) -> PyResult<()> {
    prepend_path(c, "")?;
    if std::io::stdin().is_terminal() || c.interactive {
        if !c.quiet {
            let p = taipan_vm::sys::get("platform")?.unwrap_or_else(none::none_obj);
            eprintln!(
                "{} on {}\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information.",
                crate::config::version(true).trim_end(),
                p.str()?.display()
            );
        }
        return interactive();
    }
    let mut source = Vec::new();
    std::io::stdin().lock().read_to_end(&mut source).map_err(|e| exceptions::from_io(&e))?;
    let code = compile::compile_bytes(&source, &Request::module("<stdin>"))?;
    run_in_main(&code)
}

/// The plain prompt: reads statements until the end of input. Errors are shown, and it goes on.
fn interactive() -> PyResult<()> {
    let prompt = import::import("_taipan_prompt")?;
    let main = main_module()?;
    for (name, default) in [("ps1", ">>> "), ("ps2", "... ")] {
        if taipan_vm::sys::get(name)?.is_none() {
            taipan_vm::sys::set(name, &text(default))?;
        }
    }
    prompt.call_method(intern!("interact"), &[main.cast::<Module>().dict()])?;
    Ok(())
}

/// What an exception that nobody caught means for the exit status; anything but `SystemExit` is shown.
fn handle(e: Raised, inspect: bool) -> i32 {
    let exc = e.take();
    if exc.ty().is_subtype(exceptions::SystemExit) && !inspect {
        return exit_status(&exc);
    }
    let interrupted = exc.ty().is_subtype(exceptions::KeyboardInterrupt);
    show(&exc);
    if interrupted {
        INTERRUPTED.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    1
}

fn exit_status(exc: &Object) -> i32 {
    let code = match exc.get_attr(intern!("code")) {
        Ok(c) => c,
        Err(e) => {
            e.clear();
            return 1;
        }
    };
    if code.is_none() {
        return 0;
    }
    if let Some(i) = code.downcast::<Int>() {
        return i.to_i64().map_or(-1, |n| (n & 0xFF) as i32);
    }
    let shown = match code.str() {
        Ok(s) => s.to_utf8_lossy().into_owned(),
        Err(e) => {
            e.clear();
            String::new()
        }
    };
    let _ = taipan_vm::report::write_stderr(&(shown + "\n"));
    1
}

/// Shows an exception through `sys.excepthook`.
fn show(exc: &Object) {
    let hook = taipan_vm::sys::get("excepthook").ok().flatten().filter(|h| !h.is_none());
    for (name, v) in [("last_exc", exc.to_obj()), ("last_type", exc.ty().to_obj()), ("last_value", exc.to_obj())] {
        let _ = taipan_vm::sys::set(name, &v);
    }
    let tb = exc.downcast::<BaseException>().and_then(|b| b.traceback.get_owned()).unwrap_or_else(none::none_obj);
    let _ = taipan_vm::sys::set("last_traceback", &tb);
    if taipan_vm::sys::hooks::auditing() {
        let shown_by = hook.clone().unwrap_or_else(none::none_obj);
        let args = taipan_object::types::tuple::Tuple::new(&[&shown_by, exc.ty().as_object(), exc, &tb]);
        match taipan_vm::sys::hooks::raise_event("sys.excepthook", &args) {
            Ok(()) => {}
            // The hook wants nothing to be shown.
            Err(e) if e.matches(taipan_object::types::exceptions::RuntimeError) => return e.clear(),
            Err(e) => taipan_object::error::unraisable(e, None),
        }
    }
    let shown = match hook {
        Some(h) => h.call(&[exc.ty().as_object(), exc, &tb]).map(drop),
        None => taipan_vm::report::print_exception(exc),
    };
    if let Err(e) = shown {
        let inner = e.take();
        let _ = taipan_vm::report::write_stderr("Error in sys.excepthook:\n");
        let _ = taipan_vm::report::print_exception(&inner);
        let _ = taipan_vm::report::write_stderr("\nOriginal exception was:\n");
        let _ = taipan_vm::report::print_exception(exc);
    }
}
