//! Starting the interpreter.

use crate::config::{Config, HashSeed};
use crate::descriptors;
use crate::encodings::{self, Encodings};
use crate::{modules, paths, run, shutdown};
use taipan_object::header::{Obj, Object};
use taipan_object::hooks::{self, Hooks};
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::{bool_, exceptions, none};
use taipan_object::{Interp, PyResult, Thread, gil, intern};
use taipan_vm::import;
use taipan_vm::sys::info::Flags;

/// Runs the program that the command line names; answers the exit status.
pub fn main(c: Config) -> i32 {
    let mut c = c;
    if let crate::config::Run::Print(text) = &c.run {
        print!("{text}");
        return 0;
    }
    install_hooks();
    let encodings = encodings::settle(&mut c);
    let c = &c;
    interpreters(c, &encodings);
    match c.hash_seed {
        HashSeed::Fixed(n) => taipan_object::types::str::hash::set_hash_seed(Some(n)),
        HashSeed::Random => taipan_object::types::str::hash::set_hash_seed(None),
    }
    let interp = Interp::new(0);
    interp.gc.init();
    // What start-up makes stays.
    interp.gc.set_enabled(false);
    if let Some(n) = c.int_max_str_digits {
        interp.int_max_str_digits.set(n);
    }
    interp.config.optimize.set(c.optimize);
    interp.config.bytes_warning.set(c.bytes_warning);
    interp.config.dev_mode.set(c.dev_mode);
    interp.config.utf8_mode.set(c.utf8_mode.unwrap_or(false));
    interp.config.warn_default_encoding.set(c.warn_default_encoding);
    interp.config.inspect.set(c.inspect);
    interp.config.cpu_count.set(c.cpu_count);
    let ts = Thread::new(interp, main_stack());
    // SAFETY: asks for the ids of the running thread.
    unsafe {
        ts.thread_id.set(libc::pthread_self() as std::ffi::c_ulong);
        ts.native_thread_id.set(libc::gettid() as std::ffi::c_ulong);
    }
    gil::attach(ts);
    if std::env::var_os("TAIPAN_GC_EAGER").is_some() {
        interp.gc.set_eager(true);
        interp.gc.set_enabled(true);
    }
    if std::env::var_os("TAIPAN_LLTRACE").is_some_and(|v| !v.is_empty() && v != "0") {
        taipan_vm::eval::observe::trace_everything();
    }
    taipan_vm::code::build::set_debug_ranges(!c.no_debug_ranges);
    if c.xoptions.iter().any(|(k, _)| k == "opcode_stats") {
        taipan_vm::eval::observe::count_instructions();
    }
    match start(c, &encodings) {
        Ok(()) => {}
        Err(e) => {
            let exc = e.take();
            eprintln!("Fatal Python error: init failed\n{}", taipan_vm::report::plain(&exc));
            return 1;
        }
    }
    interp.gc.settle();
    let status = shutdown::finish(run::program(c));
    if run::INTERRUPTED.load(std::sync::atomic::Ordering::Relaxed) {
        taipan_modules_io::signal::die_by_interrupt();
        return 128 + libc::SIGINT;
    }
    status
}

/// The native stack of the main thread: from the stack pointer down to what the limit allows.
fn main_stack() -> (usize, usize) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes the struct.
    let ok = unsafe { libc::getrlimit(libc::RLIMIT_STACK, &mut limit) } == 0;
    let size = if ok && limit.rlim_cur != libc::RLIM_INFINITY { limit.rlim_cur as usize } else { 8 << 20 };
    let top = taipan_object::thread::stack_pointer();
    // The arguments and the environment lie above; leave them some room.
    (top - size.min(1 << 30) + (256 << 10), top)
}

fn install_hooks() {
    hooks::install(Hooks {
        unraisable: taipan_vm::sys::hooks::report_unraisable,
        import: import::import,
        warn: taipan_vm::warnings::warn,
        current_globals: taipan_vm::frame::current_globals,
        current_builtins: taipan_vm::frame::current_builtins,
        handle_pending,
        audit: taipan_vm::sys::hooks::raise_event,
        auditing: taipan_vm::sys::hooks::auditing,
        super_of_frame: taipan_vm::frame::super_of_frame,
    });
    import::set_library(import::Library {
        find: |name| taipan_stdlib::find(name).map(|f| import::FrozenModule { code: f.code, is_package: f.is_package }),
        probe: |name| taipan_stdlib::module(name).map(|m| m.is_package),
        source: taipan_stdlib::source,
        data: taipan_stdlib::data,
        names: || taipan_stdlib::modules().map(|m| m.name).collect(),
    });
    import::register(modules::all());
    taipan_modules_introspect::install();
}

/// What the eval breaker asks for.
fn handle_pending() -> PyResult<()> {
    use std::sync::atomic::Ordering;
    use taipan_object::thread::breaker;
    let ts = Thread::current();
    let bits = ts.eval_breaker.load(Ordering::Relaxed);
    if bits & breaker::SIGNALS_PENDING != 0 {
        ts.eval_breaker.fetch_and(!breaker::SIGNALS_PENDING, Ordering::Relaxed);
        modules::run_pending_signals()?;
    }
    if bits & breaker::CALLS_TO_DO != 0 {
        ts.eval_breaker.fetch_and(!breaker::CALLS_TO_DO, Ordering::Relaxed);
        taipan_capi::run_pending_calls()?;
    }
    if bits & breaker::ASYNC_EXCEPTION != 0 {
        ts.eval_breaker.fetch_and(!breaker::ASYNC_EXCEPTION, Ordering::Relaxed);
        if let Some(e) = ts.async_exc.take()
            && let Some(exc) = exceptions::instantiate(&e)?
        {
            return Err(taipan_object::error::raise_instance(exc));
        }
    }
    if bits & breaker::GC_SCHEDULED != 0 {
        ts.eval_breaker.fetch_and(!breaker::GC_SCHEDULED, Ordering::Relaxed);
        taipan_object::gc::collect_scheduled();
    }
    gil::yield_if_requested(ts);
    Ok(())
}

fn start(c: &Config, encodings: &Encodings) -> PyResult<()> {
    taipan_object::types::ready_all()?;
    for t in taipan_vm::types() {
        taipan_object::typeobj::ready::ready(t)?;
    }
    taipan_vm::complete_types()?;
    taipan_capi::start();
    taipan_vm::set_extension_loader(taipan_capi::loader::create, taipan_capi::loader::exec);
    start_modules(c, encodings)?;
    let signals = import::import("_signal")?;
    taipan_modules_io::signal::install_defaults(signals.cast())?;
    let _ = taipan_vm::thread::SIMULATE_SIGNAL.set(taipan_modules_io::signal::simulate);
    let by_environment = !c.ignore_environment && std::env::var_os("PYTHONFAULTHANDLER").is_some_and(|v| !v.is_empty());
    if c.dev_mode || by_environment || c.xoptions.iter().any(|(k, _)| k == "faulthandler") {
        taipan_modules_introspect::faulthandler::enable_at_start()?;
    }
    start_main(c)
}

/// What the process must know to make further interpreters.
fn interpreters(c: &Config, encodings: &Encodings) {
    use taipan_modules_introspect::interpreters::{Factory, set_factory};
    static CONFIG: std::sync::OnceLock<(Config, Encodings)> = std::sync::OnceLock::new();
    let _ = CONFIG.set((c.clone(), encodings.clone()));
    set_factory(Factory {
        start: || match CONFIG.get() {
            Some((c, encodings)) => start_modules(c, encodings).and_then(|()| start_main(c)),
            None => taipan_object::bail!(RuntimeError, "the main interpreter has not been started"),
        },
        finish: shutdown::finish_other,
    });
}

/// The modules that every interpreter has, and its streams.
fn start_modules(c: &Config, encodings: &Encodings) -> PyResult<()> {
    let interp = Interp::current();
    interp.modules.set(Some(Dict::new().into_obj()));
    // The builtins are needed before the module that holds them: an empty dict stands for them.
    interp.builtins.set(Some(Dict::new().into_obj()));
    let native = |name: &str| import::native(name).expect("listed in modules.rs");
    import::import_native(native("sys"))?;
    let builtins = import::import_native(native("builtins"))?;
    interp.builtins.set(Some(builtins.dict_obj()));
    if let Some(f) = builtins.dict().get_item(intern!("__import__"))? {
        interp.import_func.set(Some(f));
    }
    configure_sys(c)?;
    let io = import::import_native(native("_io"))?;
    builtins.add("open", &*io.as_obj().get_attr(intern!("open"))?)?;
    shutdown::remember_builtins()?;
    if c.verbose > 0 {
        // What is said of the first imports must go somewhere.
        let plain = stream(c, io.as_obj(), 2, "stderr", "utf-8", "backslashreplace")?;
        set("stderr", &plain)?;
    }
    let p = paths::compute(c);
    set_paths(&p)?;
    import::timing::want(c.import_time);
    import::start()?;
    import::start_external()?;
    if !p.on_disk {
        let library = import::import("_taipan_library")?;
        library.call_method(intern!("install"), &[&text(&p.stdlib)])?;
    }
    // The codecs must be there before the streams.
    import::import("encodings")?;
    set_streams(c, encodings, io.as_obj())?;
    import::import_native(native("_signal"))?;
    Ok(())
}

/// `__main__`, and `site`.
fn start_main(c: &Config) -> PyResult<()> {
    let builtins = import::import("builtins")?;
    let main = taipan_object::types::module::Module::new("__main__")?;
    main.add("__builtins__", &*builtins)?;
    main.add("__loader__", &*import::import("_frozen_importlib")?.get_attr(intern!("BuiltinImporter"))?)?;
    import::modules()?.set_item(intern!("__main__"), main.as_obj())?;
    if !c.warnings.is_empty() {
        import::import("warnings")?;
    }
    if !c.no_site {
        import::import("site")?.call_method(intern!("main"), &[])?;
    }
    Ok(())
}

fn text(s: &str) -> Obj {
    Str::from_utf8(s).into_obj()
}

fn os_text(s: &std::ffi::OsStr) -> Obj {
    use std::os::unix::ffi::OsStrExt;
    taipan_object::codecs::text::fs_decode(s.as_bytes()).into_obj()
}

fn set(name: &str, value: &Object) -> PyResult<()> {
    taipan_vm::sys::set(name, value)
}

fn configure_sys(c: &Config) -> PyResult<()> {
    let list = |v: &[std::ffi::OsString]| List::from_vec(v.iter().map(|s| os_text(s)).collect());
    set("argv", list(&c.argv).as_obj())?;
    set("orig_argv", list(&c.orig_argv).as_obj())?;
    set("warnoptions", List::from_vec(c.warnings.iter().map(|s| text(s)).collect()).as_obj())?;
    let x = Dict::new();
    for (k, v) in &c.xoptions {
        let v = v.as_ref().map_or_else(|| bool_::true_().to_obj(), |v| text(v));
        x.set_item(&text(k), &v)?;
    }
    set("_xoptions", x.as_obj())?;
    set("dont_write_bytecode", &bool_::from_bool(c.dont_write_bytecode))?;
    if let Some(p) = &c.pycache_prefix {
        set("pycache_prefix", &os_text(p))?;
    }
    taipan_vm::sys::info::set_flags(&Flags {
        debug: c.parser_debug as i32,
        inspect: c.inspect as i32,
        interactive: c.interactive as i32,
        optimize: c.optimize,
        dont_write_bytecode: c.dont_write_bytecode as i32,
        no_user_site: c.no_user_site as i32,
        no_site: c.no_site as i32,
        ignore_environment: c.ignore_environment as i32,
        verbose: c.verbose,
        bytes_warning: c.bytes_warning,
        quiet: c.quiet as i32,
        hash_randomization: (c.hash_seed != HashSeed::Fixed(0)) as i32,
        isolated: c.isolated as i32,
        dev_mode: c.dev_mode,
        utf8_mode: c.utf8_mode.unwrap_or(false) as i32,
        warn_default_encoding: c.warn_default_encoding as i32,
        safe_path: c.safe_path,
        thread_inherit_context: 0,
        context_aware_warnings: 0,
    })
}

fn set_paths(p: &paths::Paths) -> PyResult<()> {
    set("executable", &text(&p.executable))?;
    set("_base_executable", &text(&p.executable))?;
    for (name, v) in [
        ("prefix", &p.prefix),
        ("exec_prefix", &p.prefix),
        ("base_prefix", &p.base_prefix),
        ("base_exec_prefix", &p.base_prefix),
    ] {
        set(name, &text(v))?;
    }
    set("_home", none::none())?;
    set("_stdlib_dir", &text(&p.stdlib))?;
    set("path", List::from_vec(p.search.iter().map(|s| text(s)).collect()).as_obj())?;
    Ok(())
}

/// `sys.stdin`, `stdout` and `stderr`, each `None` when its descriptor is closed.
fn set_streams(c: &Config, encodings: &Encodings, io: &Object) -> PyResult<()> {
    let env = |name: &str| if c.ignore_environment { None } else { std::env::var(name).ok().filter(|v| !v.is_empty()) };
    let setting = env("PYTHONIOENCODING");
    let (encoding, errors) = match setting.as_deref().map(|s| s.split_once(':').unwrap_or((s, ""))) {
        Some((e, r)) => (Some(e.to_owned()).filter(|e| !e.is_empty()), Some(r.to_owned()).filter(|r| !r.is_empty())),
        None => (None, None),
    };
    // An encoding without a word on errors means strict ones.
    let errors = errors.unwrap_or_else(|| match &encoding {
        Some(_) => "strict".to_owned(),
        None => encodings.errors.to_owned(),
    });
    let encoding = match encoding {
        Some(e) => canonical(&e)?,
        None => encodings.text.clone(),
    };
    for (fd, name) in [(0, "stdin"), (1, "stdout"), (2, "stderr")] {
        let errors = if fd == 2 { "backslashreplace" } else { &errors };
        let open = descriptors::is_open(fd);
        let stream = if open { stream(c, io, fd, name, &encoding, errors)? } else { none::none_obj() };
        set(name, &stream)?;
        set(&format!("__{name}__"), &stream)?;
    }
    Ok(())
}

/// The name that a codec gives itself.
fn canonical(encoding: &str) -> PyResult<String> {
    if encoding == "utf-8" {
        return Ok(encoding.to_owned());
    }
    let found = import::import("_codecs")?.call_method(intern!("lookup"), &[&text(encoding)])?;
    Ok(found.get_attr(intern!("name"))?.str()?.to_utf8_lossy().into_owned())
}

fn stream(c: &Config, io: &Object, fd: i32, name: &str, encoding: &str, errors: &str) -> PyResult {
    let (mode, writing) = if fd == 0 { ("rb", false) } else { ("wb", true) };
    let unbuffered = c.unbuffered && writing;
    let buffering = Int::from_i64(if unbuffered { 0 } else { -1 });
    let no = bool_::false_();
    let none = none::none();
    let buffer =
        io.call_method(intern!("open"), &[&Int::from_i64(fd as i64), &text(mode), &buffering, none, none, none, no])?;
    let raw = if unbuffered { buffer.clone() } else { buffer.get_attr(intern!("raw"))? };
    raw.set_attr(intern!("name"), &text(&format!("<{name}>")))?;
    let terminal = raw.call_method(intern!("isatty"), &[])?.is_true()?;
    let line_buffering = bool_::from_bool(!unbuffered && (fd == 2 || terminal));
    let write_through = bool_::from_bool(unbuffered);
    let wrapper = io.get_attr(intern!("TextIOWrapper"))?;
    let newline = if fd == 0 { none.to_obj() } else { text("\n") };
    let s = wrapper.call(&[&buffer, &text(encoding), &text(errors), &newline, &line_buffering, &write_through])?;
    s.set_attr(intern!("mode"), &text(if fd == 0 { "r" } else { "w" }))?;
    Ok(s)
}
