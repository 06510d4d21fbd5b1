//! Source, namespaces, imports and classes.

use crate::code::CodeObject;
use crate::compile::{self as compiler, Request, flag};
use taipan_object::args::{Given, KwArgs};
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::cell::Cell;
use taipan_object::types::dict::Dict;
use taipan_object::types::tuple::Tuple;
use taipan_object::{PyResult, bail, function, intern};
use taipan_syntax::Mode;

/// Make a class; the compiler calls this for class statements.
#[function(signature = "(func, name, /, *bases, **kwds)", text = false)]
pub fn __build_class__(func: Given<&Object>, name: Given<&Object>, bases: &[&Object], kwds: KwArgs<'_>) -> PyResult {
    let mut all: Vec<&Object> = Vec::with_capacity(bases.len() + 2);
    all.extend(func.0);
    all.extend(name.0);
    all.extend_from_slice(bases);
    crate::build_class::build_class(&all, kwds.names(), kwds.values())
}

/// Import a module. For programs, importlib.import_module() is the better way.
#[function(signature = "(name, globals=None, locals=None, fromlist=(), level=0)")]
pub fn __import__(
    name: &Object,
    globals: Option<&Object>,
    locals: Option<&Object>,
    fromlist: Given<&Object>,
    level: std::ffi::c_int,
) -> PyResult {
    let _ = locals;
    crate::import::import_module_level(name, globals, fromlist.0, level)
}

/// Call sys.breakpointhook(*args, **kws), by default the debugger.
#[function(signature = "(*args, **kws)")]
pub fn breakpoint(args: &[&Object], kws: KwArgs<'_>) -> PyResult {
    let Some(hook) = crate::support::sys_attr("breakpointhook")? else {
        bail!(RuntimeError, "lost sys.breakpointhook");
    };
    let mut all = args.to_vec();
    all.extend_from_slice(kws.values());
    match kws.names() {
        Some(n) => hook.call_kw(&all, args.len(), n),
        None => hook.call(&all),
    }
}

/// Compile source into a code object for exec() or eval().
#[function(signature = "(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)")]
pub fn compile(
    source: &Object,
    filename: &Object,
    mode: &str,
    flags: std::ffi::c_int,
    dont_inherit: bool,
    optimize: std::ffi::c_int,
    feature_version: std::ffi::c_int,
) -> PyResult {
    const KNOWN: i32 = flag::FUTURE
        | flag::DONT_IMPLY_DEDENT
        | flag::OPTIMIZED_AST
        | flag::TYPE_COMMENTS
        | flag::ALLOW_TOP_LEVEL_AWAIT
        | flag::ALLOW_INCOMPLETE_INPUT
        | flag::SOURCE_IS_UTF8
        | flag::IGNORE_COOKIE;
    if flags & !KNOWN != 0 {
        bail!(ValueError, "compile(): unrecognised flags");
    }
    if !(-1..=2).contains(&optimize) {
        bail!(ValueError, "compile(): invalid optimize value");
    }
    let file = compiler::filename_text(filename)?;
    let mode = match mode {
        "exec" => Mode::Exec,
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        "func_type" => {
            if flags & flag::ONLY_AST == 0 {
                bail!(ValueError, "compile() mode 'func_type' requires flag PyCF_ONLY_AST");
            }
            Mode::FuncType
        }
        _ => {
            let list = if flags & flag::ONLY_AST != 0 {
                "'exec', 'eval', 'single' or 'func_type'"
            } else {
                "'exec', 'eval' or 'single'"
            };
            bail!(ValueError, "compile() mode must be {list}")
        }
    };
    let inherited = if dont_inherit { 0 } else { crate::frame::query::current_compile_flags() };
    let mut r = Request {
        filename: &file,
        mode,
        flags: flags | inherited,
        optimize,
        feature_version: if flags & flag::ONLY_AST != 0 { feature_version } else { -1 },
    };
    if let Some(tree) = crate::ast_hooks::tree_compiler(source)? {
        return tree.compile(source, &r);
    }
    let text = compiler::source_text(source, "compile", "string, bytes or AST object", &mut r.flags, mode, &file)?;
    if flags & flag::ONLY_AST != 0 {
        return crate::ast_hooks::parse_to_objects(&text, &r);
    }
    Ok(compiler::compile_str(&text, &r)?.into_obj())
}

/// Return the dict of the current module's global names.
#[function(signature = "()")]
pub fn globals() -> PyResult {
    match (taipan_object::hooks::get().current_globals)() {
        Some(g) => Ok(g),
        None => bail!(SystemError, "frame does not exist"),
    }
}

/// Return the local names: the namespace of a class body or module, a snapshot in a function.
#[function(signature = "()")]
pub fn locals() -> PyResult {
    crate::frame::query::current_locals()
}

/// The namespaces of `eval` and `exec`: given ones are checked, missing ones are those of the caller.
fn namespaces(globals: Option<&Object>, locals: Option<&Object>, function: &str) -> PyResult<(Ref<Dict>, Obj)> {
    let what = |o: &Object| o.ty().name_str().to_owned();
    if let Some(l) = locals
        && !l.is_mapping()
    {
        bail!(
            TypeError,
            "{}",
            if function == "eval" {
                "locals must be a mapping".to_owned()
            } else {
                format!("locals must be a mapping or None, not {}", what(l))
            }
        );
    }
    let g = match globals {
        Some(g) => match g.downcast::<Dict>() {
            Some(d) => Ref::from_borrowed(d),
            None if function == "eval" && g.is_mapping() => {
                bail!(TypeError, "globals must be a real dict; try eval(code, {{}}, mapping)")
            }
            None if function == "eval" => bail!(TypeError, "globals must be a dict"),
            None => bail!(TypeError, "exec() globals must be a dict, not {}", what(g)),
        },
        None => match (taipan_object::hooks::get().current_globals)() {
            Some(g) => Ref::from_borrowed(g.cast()),
            None => bail!(TypeError, "{function} must be given globals and locals when called without a frame"),
        },
    };
    let l = match (locals, globals) {
        (Some(l), _) => l.to_obj(),
        (None, Some(_)) => g.as_obj().clone(),
        (None, None) => crate::frame::query::current_locals()?,
    };
    if g.get_item(intern!("__builtins__"))?.is_none() {
        let b = (taipan_object::hooks::get().current_builtins)();
        g.set_item(intern!("__builtins__"), &b)?;
    }
    Ok((g, l))
}

/// Evaluate an expression, given as text or as code from compile().
#[function(signature = "(source, /, globals=None, locals=None)")]
pub fn eval(source: &Object, globals: Option<&Object>, locals: Option<&Object>) -> PyResult {
    let (g, l) = namespaces(globals, locals, "eval")?;
    if let Some(code) = source.downcast_exact::<CodeObject>() {
        audit_exec(code)?;
        if code.nfreevars() > 0 {
            bail!(TypeError, "code object passed to eval() may not contain free variables");
        }
        return crate::call::eval_code(code, &g, &l, None);
    }
    let mut flags = crate::frame::query::current_compile_flags();
    let text =
        compiler::source_text(source, "eval", "string, bytes or code object", &mut flags, Mode::Eval, "<string>")?;
    let text = text.trim_start_matches([' ', '\t']);
    let r = Request { filename: "<string>", mode: Mode::Eval, flags, optimize: -1, feature_version: -1 };
    let code = compiler::compile_str(text, &r)?;
    audit_exec(&code)?;
    crate::call::eval_code(&code, &g, &l, None)
}

/// Execute statements, given as text or as code from compile().
#[function(signature = "(source, /, globals=None, locals=None, *, closure=None)")]
pub fn exec(
    source: &Object,
    globals: Option<&Object>,
    locals: Option<&Object>,
    closure: Option<&Object>,
) -> PyResult<()> {
    let (g, l) = namespaces(globals, locals, "exec")?;
    if let Some(code) = source.downcast_exact::<CodeObject>() {
        let n = code.nfreevars();
        let cells = match (n, closure) {
            (0, Some(_)) => bail!(TypeError, "cannot use a closure with this code object"),
            (0, None) => None,
            (_, c) => {
                let t = c.and_then(|c| c.downcast_exact::<Tuple>());
                match t {
                    Some(t) if t.len() == n && t.items().iter().all(|c| c.downcast_exact::<Cell>().is_some()) => {
                        Some(t)
                    }
                    _ => bail!(TypeError, "code object requires a closure of exactly length {n}"),
                }
            }
        };
        audit_exec(code)?;
        crate::call::eval_code(code, &g, &l, cells)?;
        return Ok(());
    }
    if closure.is_some() {
        bail!(TypeError, "closure argument can only be used with a code object");
    }
    let mut flags = crate::frame::query::current_compile_flags();
    let text =
        compiler::source_text(source, "exec", "string, bytes or code object", &mut flags, Mode::Exec, "<string>")?;
    let r = Request { filename: "<string>", mode: Mode::Exec, flags, optimize: -1, feature_version: -1 };
    let code = compiler::compile_str(&text, &r)?;
    audit_exec(&code)?;
    crate::call::eval_code(&code, &g, &l, None)?;
    Ok(())
}

fn audit_exec(code: &CodeObject) -> PyResult<()> {
    let hooks = taipan_object::hooks::get();
    if (hooks.auditing)() {
        (hooks.audit)("exec", &Tuple::new(&[code]))?;
    }
    Ok(())
}
