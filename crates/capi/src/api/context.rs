//! Context variables, code objects and evaluation, by what Python programs use for them.

use crate::prelude::*;
use taipan_vm::code::CodeObject;
use taipan_vm::frame::object::FrameObject;
use taipan_vm::import;

/// `module.name(*args)`.
fn call_in(module: &str, name: &str, args: &[&Object]) -> PyResult {
    import::import(module)?.call_method_str(name, args)
}

fn int(n: c_int) -> Obj {
    Int::from_i64(n.into()).into_obj()
}

/// What `PyUnstable_Code_NewWithPosOnlyArgs` makes, of the constructor's arguments.
#[allow(clippy::too_many_arguments)]
fn new_code(
    counts: [c_int; 6],
    code: &Object,
    consts: &Object,
    names: &Object,
    varnames: &Object,
    freevars: &Object,
    cellvars: &Object,
    filename: &Object,
    name: &Object,
    qualname: &Object,
    firstlineno: c_int,
    linetable: &Object,
    exceptiontable: &Object,
) -> PyResult {
    let n = counts.map(int);
    let line = int(firstlineno);
    let class = import::import("types")?.get_attr(intern!("CodeType"))?;
    class.call(&[
        &n[0],
        &n[1],
        &n[2],
        &n[3],
        &n[4],
        &n[5],
        code,
        consts,
        names,
        varnames,
        filename,
        name,
        qualname,
        &line,
        linetable,
        exceptiontable,
        freevars,
        cellvars,
    ])
}

/// Code that does nothing but raise, for frames that are only to be shown.
fn empty_code(filename: Text, name: Text, line: c_int) -> PyResult {
    let source = Str::from_utf8("def f(): raise AssertionError");
    let builtins = import::import("builtins")?;
    let module = builtins.call_method_str("compile", &[&source, intern!("f"), intern!("exec")])?;
    let consts = module.get_attr(intern!("co_consts"))?;
    let Some(Some(code)) =
        consts.downcast::<Tuple>().map(|t| t.items().iter().find(|c| c.downcast::<CodeObject>().is_some()))
    else {
        bail!(SystemError, "no code")
    };
    let (filename, name, line) = (filename.obj()?, name.obj()?, int(line));
    let names =
        Tuple::new(&[intern!("co_filename"), intern!("co_name"), intern!("co_qualname"), intern!("co_firstlineno")]);
    code.get_attr(intern!("replace"))?.call_kw(&[&filename, &name, &name, &line], 0, &names)
}

fn eval(code: &Object, globals: &Object, locals: Null<'_>) -> PyResult {
    let code: &CodeObject = typed(code)?;
    let globals: &Dict = typed(globals)?;
    if globals.get_item(intern!("__builtins__"))?.is_none() {
        globals.set_item(intern!("__builtins__"), &taipan_vm::frame::current_builtins())?;
    }
    taipan_vm::call::eval_code(code, globals, locals.unwrap_or(globals.as_object()), None)
}

fn set_trace(f: Option<taipan_vm::instrument::legacy::TraceFunc>, arg: Null<'_>, all: bool, profile: bool) {
    use taipan_vm::instrument::legacy;
    let now = Thread::current();
    let one = |ts: &Thread| -> PyResult<()> {
        let arg = arg.map(|a| a.to_obj());
        if profile { legacy::set_profile(ts, f, arg) } else { legacy::set_trace(ts, f, arg) }
    };
    let done = if all { legacy::each_thread(one) } else { one(now) };
    if let Err(e) = done {
        error::unraisable(e, None);
    }
}

type Trace = Option<taipan_vm::instrument::legacy::TraceFunc>;

exports! {
    fn PyContext_New() -> PyResult { call_in("_contextvars", "Context", &[]) }
    fn PyContext_Copy(c: &Object) -> PyResult { c.call_method(intern!("copy"), &[]) }
    fn PyContext_CopyCurrent() -> PyResult { call_in("_contextvars", "copy_context", &[]) }
    fn PyContextVar_New(name: Text, default: Null<'_>) -> PyResult {
        let class = import::import("_contextvars")?.get_attr(intern!("ContextVar"))?;
        let name = name.obj()?;
        match default {
            Some(d) => class.call_kw(&[&name, d], 1, &Tuple::new(&[intern!("default")])),
            None => class.call_one(&name),
        }
    }
    fn PyContextVar_Get(var: &Object, default: Null<'_>, out: Out<Option<Obj>>) -> c_int {
        let get = var.get_attr(intern!("get")).and_then(|g| match default {
            Some(d) => g.call_one(d),
            None => g.call_noargs(),
        });
        match get {
            Ok(v) => {
                out.put(Some(v));
                0
            }
            Err(e) if default.is_none() && e.matches(exceptions::LookupError) => {
                e.clear();
                out.put(None);
                0
            }
            Err(_) => {
                out.put(None);
                -1
            }
        }
    }
    fn PyContextVar_Set(var: &Object, value: &Object) -> PyResult { var.call_method(intern!("set"), &[value]) }
    fn PyContextVar_Reset(var: &Object, token: &Object) -> c_int {
        status(var.call_method(intern!("reset"), &[token]).map(drop))
    }

    fn PyCode_NewEmpty(filename: Text, name: Text, line: c_int) -> PyResult { empty_code(filename, name, line) }
    fn PyUnstable_Code_New(argcount: c_int, kwonly: c_int, nlocals: c_int, stacksize: c_int, flags: c_int, code: &Object,
        consts: &Object, names: &Object, varnames: &Object, freevars: &Object, cellvars: &Object, filename: &Object, name: &Object,
        qualname: &Object, line: c_int, linetable: &Object, exceptiontable: &Object) -> PyResult {
        new_code([argcount, 0, kwonly, nlocals, stacksize, flags], code, consts, names, varnames, freevars, cellvars, filename,
            name, qualname, line, linetable, exceptiontable)
    }
    fn PyUnstable_Code_NewWithPosOnlyArgs(argcount: c_int, posonly: c_int, kwonly: c_int, nlocals: c_int, stacksize: c_int, flags: c_int,
        code: &Object, consts: &Object, names: &Object, varnames: &Object, freevars: &Object, cellvars: &Object, filename: &Object,
        name: &Object, qualname: &Object, line: c_int, linetable: &Object, exceptiontable: &Object) -> PyResult {
        new_code([argcount, posonly, kwonly, nlocals, stacksize, flags], code, consts, names, varnames, freevars, cellvars, filename,
            name, qualname, line, linetable, exceptiontable)
    }
    fn PyCode_GetCellvars(c: &Object) -> PyResult { c.get_attr(intern!("co_cellvars")) }
    fn PyCode_GetFreevars(c: &Object) -> PyResult { c.get_attr(intern!("co_freevars")) }
    fn PyFunction_GetCode(f: &Object) -> Null<'_> {
        match f.downcast::<taipan_vm::function::Function>() {
            Some(f) => Some(f.code().as_object()),
            None => {
                let _ = bad_call();
                None
            }
        }
    }

    fn PyFrame_New(_ts: &Thread, code: &Object, globals: &Object, locals: Null<'_>) -> PyResult {
        taipan_vm::call::frame_object_of(typed::<CodeObject>(code)?, typed::<Dict>(globals)?, locals)
    }
    fn PyFrame_GetGlobals(f: &Object) -> PyResult { Ok(f.cast::<FrameObject>().frame().globals().to_obj()) }
    fn PyFrame_GetBuiltins(f: &Object) -> PyResult { Ok(f.cast::<FrameObject>().frame().builtins().to_obj()) }
    fn PyFrame_GetLocals(f: &Object) -> PyResult { f.get_attr(intern!("f_locals")) }
    fn PyFrame_GetGenerator(f: &Object) -> Option<Obj> {
        f.get_attr(intern!("f_generator")).ok().filter(|g| !g.is_none())
    }
    fn PyFrame_GetVar(f: &Object, name: &Object) -> PyResult {
        let locals = f.get_attr(intern!("f_locals"))?;
        match locals.get_item(name) {
            Err(e) if e.matches(exceptions::KeyError) => {
                e.clear();
                bail!(NameError, "variable {} does not exist", name.repr()?.display())
            }
            r => r,
        }
    }
    fn PyFrame_GetVarString(f: &Object, name: Text) -> PyResult { PyFrame_GetVar(f, &*name.obj()?) }

    fn PyEval_EvalCode(code: &Object, globals: &Object, locals: Null<'_>) -> PyResult { eval(code, globals, locals) }
    fn PyEval_GetFrameLocals() -> PyResult { call_in("builtins", "locals", &[]) }
    fn PyEval_SetTrace(f: Trace, arg: Null<'_>) { set_trace(f, arg, false, false) }
    fn PyEval_SetProfile(f: Trace, arg: Null<'_>) { set_trace(f, arg, false, true) }
    fn PyEval_SetTraceAllThreads(f: Trace, arg: Null<'_>) { set_trace(f, arg, true, false) }
    fn PyEval_SetProfileAllThreads(f: Trace, arg: Null<'_>) { set_trace(f, arg, true, true) }
}
