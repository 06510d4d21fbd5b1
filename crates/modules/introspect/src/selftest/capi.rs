//! The module `_testcapi`: what tests ask of native code: limits, printing of exceptions, trace functions that are not Python's.

use super::{docstrings, monitoring};
use std::ffi::c_int;
use taipan_bytecode::Op;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::Given;
use taipan_object::typeobj::ready::ready;
use taipan_object::typeobj::slots::{AsyncMethods, Slot};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::{self, BaseException};
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::type_::PyType_Type;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Ref, Thread, Type, TypeDef, bail, error, flags, function, intern, layout,
    methods, raise,
};
use taipan_vm::code::build::Parts;
use taipan_vm::frame::object::FrameObject;
use taipan_vm::instrument::legacy;
use taipan_vm::traceback::Traceback;
use taipan_vm::{CodeObject, report};

use monitoring::{
    enter_scope, exit_scope, fire_event_branch_left, fire_event_branch_right, fire_event_call,
    fire_event_exception_handled, fire_event_jump, fire_event_py_resume, fire_event_py_return, fire_event_py_start,
    fire_event_py_throw, fire_event_py_unwind, fire_event_py_yield, fire_event_raise, fire_event_stop_iteration,
};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_testcapi",
    doc: "What tests ask of native code.",
    methods: methods![
        code_newempty,
        code_offset_to_line,
        config_get,
        err_formatunraisable,
        err_set_raised,
        err_writeunraisable,
        exception_print,
        enter_scope,
        exit_scope,
        fire_event_branch_left,
        fire_event_branch_right,
        fire_event_call,
        fire_event_exception_handled,
        fire_event_jump,
        fire_event_py_resume,
        fire_event_py_return,
        fire_event_py_start,
        fire_event_py_throw,
        fire_event_py_unwind,
        fire_event_py_yield,
        fire_event_raise,
        fire_event_stop_iteration,
        frame_getlocals,
        frame_getglobals,
        frame_getbuiltins,
        frame_getgenerator,
        frame_getlasti,
        make_exception_with_doc,
        pyobject_fastcalldict,
        pyobject_vectorcall,
        raise_exception,
        raise_memoryerror,
        set_exc_info,
        settrace_to_error,
        settrace_to_record,
        traceback_print
    ],
    exec,
};

fn exec(m: &Module) -> PyResult<()> {
    for t in [
        &monitoring::CODE_LIKE,
        &docstrings::NO_SIGNATURE_TYPE,
        &docstrings::UNREPRESENTABLE_TYPE,
        &AWAIT_TYPE,
        &CONTAINER_NO_GC,
    ] {
        ready(t)?;
    }
    m.add("CodeLike", monitoring::CODE_LIKE.as_object())?;
    m.add("DocStringNoSignatureTest", docstrings::NO_SIGNATURE_TYPE.as_object())?;
    m.add("DocStringUnrepresentableSignatureTest", docstrings::UNREPRESENTABLE_TYPE.as_object())?;
    m.add("awaitType", AWAIT_TYPE.as_object())?;
    m.add("ContainerNoGC", CONTAINER_NO_GC.as_object())?;
    m.add_functions(Some(docstrings::FUNCTIONS))?;
    let error = make_exception_with_doc("_testcapi.error", None, None, None)?;
    m.add("error", &error)?;
    let numbers: [(&str, i64); 33] = [
        ("CHAR_MAX", i8::MAX.into()),
        ("CHAR_MIN", i8::MIN.into()),
        ("UCHAR_MAX", u8::MAX.into()),
        ("SHRT_MAX", i16::MAX.into()),
        ("SHRT_MIN", i16::MIN.into()),
        ("USHRT_MAX", u16::MAX.into()),
        ("INT_MAX", i32::MAX.into()),
        ("INT_MIN", i32::MIN.into()),
        ("UINT_MAX", u32::MAX.into()),
        ("INT32_MAX", i32::MAX.into()),
        ("INT32_MIN", i32::MIN.into()),
        ("UINT32_MAX", u32::MAX.into()),
        ("INT64_MAX", i64::MAX),
        ("INT64_MIN", i64::MIN),
        ("LONG_MAX", i64::MAX),
        ("LONG_MIN", i64::MIN),
        ("LLONG_MAX", i64::MAX),
        ("LLONG_MIN", i64::MIN),
        ("PY_SSIZE_T_MAX", i64::MAX),
        ("PY_SSIZE_T_MIN", i64::MIN),
        ("PyTime_MAX", i64::MAX),
        ("PyTime_MIN", i64::MIN),
        ("SIZEOF_PID_T", size_of::<libc::pid_t>() as i64),
        ("SIZEOF_TIME_T", size_of::<libc::time_t>() as i64),
        ("SIZEOF_VOID_P", size_of::<usize>() as i64),
        ("SIZEOF_WCHAR_T", size_of::<libc::wchar_t>() as i64),
        ("Py_single_input", 256),
        ("Py_file_input", 257),
        ("Py_eval_input", 258),
        ("Py_Version", 0x030E_08F0),
        ("ONE", 1),
        ("the_number_three", 3),
        ("_Py_STACK_GROWS_DOWN", 1),
    ];
    for (name, n) in numbers {
        m.add_int(name, n)?;
    }
    for name in ["UINT64_MAX", "ULONG_MAX", "ULLONG_MAX", "SIZE_MAX"] {
        m.add(name, &Int::from_u64(u64::MAX))?;
    }
    for (name, x) in [
        ("FLT_MAX", f64::from(f32::MAX)),
        ("FLT_MIN", f64::from(f32::MIN_POSITIVE)),
        ("DBL_MAX", f64::MAX),
        ("DBL_MIN", f64::MIN_POSITIVE),
    ] {
        m.add(name, &Float::new(x))?;
    }
    m.add("WITH_PYMALLOC", taipan_object::types::bool_::false_())?;
    m.add("WITH_MIMALLOC", taipan_object::types::bool_::true_())?;
    m.add("nan_msb_is_signaling", taipan_object::types::bool_::false_())
}

/// Print an exception to sys.stderr.
#[function(signature = "(exc, legacy=0, /)")]
fn exception_print(exc: &Object, legacy: Given<c_int>) -> PyResult<()> {
    // The older interface gives the traceback apart from the exception, which has it already.
    let _ = legacy;
    report::print_exception(exc)
}

/// Print a traceback to a file.
#[function(signature = "(traceback, file, /)")]
fn traceback_print(traceback: &Object, file: &Object) -> PyResult<()> {
    if traceback.downcast::<Traceback>().is_none() {
        bail!(SystemError, "bad argument to internal function");
    }
    let tb = taipan_vm::import::import("traceback")?;
    let lines = tb.call_method(&Str::from_utf8("format_tb"), &[traceback])?;
    let text = Str::from_utf8("").call_method(&Str::from_utf8("join"), &[&lines])?;
    file.call_method(intern!("write"), &[&Str::from_utf8("Traceback (most recent call last):\n")])?;
    file.call_method(intern!("write"), &[&text]).map(drop)
}

/// Raise an exception of a class, with that many numbers as its arguments.
#[function(signature = "(exception, num_args, /)")]
fn raise_exception(exception: &Object, num_args: c_int) -> PyResult {
    let args = Tuple::from_vec((0..num_args).map(|i| Int::from_i64(i64::from(i)).into_obj()).collect());
    if !exceptions::is_exception_class(exception) {
        let text = exception.repr()?;
        bail!(SystemError, "_PyErr_SetObject: exception {} is not a BaseException subclass", text.display());
    }
    let exc = exception.call(&args.items().iter().map(|o| &**o).collect::<Vec<&Object>>())?;
    Err(error::raise_instance(exc))
}

/// Raise MemoryError as native code does that ran out of memory.
#[function(signature = "()")]
fn raise_memoryerror() -> PyResult {
    Err(error::no_memory())
}

/// Raise an exception that exists already.
#[function(signature = "(exception, /)")]
fn err_set_raised(exception: &Object) -> PyResult {
    if exception.downcast::<BaseException>().is_none() {
        bail!(TypeError, "expected an exception");
    }
    Err(error::restore(exception.to_obj()))
}

/// Make an exception class from a dotted name.
#[function(signature = "(name, doc=None, base=None, dict=None)")]
fn make_exception_with_doc(name: &str, doc: Option<&Object>, base: Option<&Object>, dict: Option<&Object>) -> PyResult {
    let Some((module, short)) = name.rsplit_once('.') else {
        bail!(SystemError, "PyErr_NewException: name must be module.class");
    };
    let namespace = Dict::new();
    if let Some(d) = dict {
        namespace.call_method(intern!("update"), &[d])?;
    }
    if let Some(d) = doc {
        namespace.set_item(intern!("__doc__"), d)?;
    }
    if namespace.get_item(intern!("__module__"))?.is_none() {
        namespace.set_item(intern!("__module__"), &Str::from_utf8(module))?;
    }
    let bases = match base {
        Some(b) if b.downcast::<Tuple>().is_some() => b.to_obj(),
        Some(b) => Tuple::new(&[b]).into_obj(),
        None => Tuple::new(&[exceptions::Exception.as_object()]).into_obj(),
    };
    PyType_Type.as_object().call(&[&Str::from_utf8(short), &bases, &namespace])
}

/// Report an exception that cannot propagate.
#[function(signature = "(exc, obj, /)")]
fn err_writeunraisable(exc: &Object, obj: &Object) {
    with_place(exc);
    error::unraisable(error::restore(exc.to_obj()), Some(obj).filter(|o| !o.is_none()));
}

/// Report an exception that cannot propagate, with a text in place of an object.
#[function(signature = "(exc, format, /, *args)")]
fn err_formatunraisable(exc: &Object, format: Option<&str>, args: &[&Object]) -> PyResult<()> {
    let mut text = String::new();
    let mut args = args.iter();
    let mut rest = format.unwrap_or("").chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match (rest.next(), args.next()) {
            (Some('R'), Some(o)) => text.push_str(&o.repr()?.to_utf8_lossy()),
            (Some('S'), Some(o)) => text.push_str(&o.str()?.to_utf8_lossy()),
            _ => bail!(SystemError, "invalid format string: {}", format.unwrap_or("")),
        }
    }
    with_place(exc);
    match format {
        Some(_) => taipan_vm::sys::hooks::report_unraisable_message(exc.to_obj(), &text),
        None => error::unraisable(error::restore(exc.to_obj()), None),
    }
    Ok(())
}

/// An exception that native code reports has at least the place from where that was called.
fn with_place(exc: &Object) {
    let frame = taipan_vm::frame::skip_incomplete(taipan_vm::frame::current(Thread::current()));
    if !frame.is_null() && exc.downcast::<BaseException>().is_some_and(|e| e.traceback.is_empty()) {
        taipan_vm::traceback::set_from_frame(exc, frame);
    }
}

/// Make an empty code object.
#[function(signature = "(filename, funcname, firstlineno, /)")]
fn code_newempty(filename: &str, funcname: &str, firstlineno: c_int) -> PyResult<Ref<CodeObject>> {
    // It raises AssertionError when it is run, on its only line.
    let units = [Op::RESUME as u8, 0, Op::LOAD_COMMON_CONSTANT as u8, 0, Op::RAISE_VARARGS as u8, 1];
    let line_table = [0x80 | 13 << 3 | 2, 0];
    let name = Str::from_utf8(funcname);
    CodeObject::from_parts(Parts {
        code: &units,
        consts: Tuple::new(&[]).into_obj(),
        names: Tuple::new(&[]).into_obj(),
        localsplusnames: Tuple::new(&[]),
        localspluskinds: taipan_object::types::bytes::Bytes::new(&[]),
        filename: Str::from_utf8(filename).into_obj(),
        name: name.to_obj(),
        qualname: name.to_obj(),
        linetable: Bytes::new(&line_table).into_obj(),
        exceptiontable: Bytes::new(&[]).into_obj(),
        flags: taipan_bytecode::code::flags::OPTIMIZED | taipan_bytecode::code::flags::NEWLOCALS,
        argcount: 0,
        posonlyargcount: 0,
        kwonlyargcount: 0,
        stacksize: 1,
        firstlineno,
    })
}

/// Return the line of an instruction.
#[function(signature = "(code, offset, /)")]
fn code_offset_to_line(code: &CodeObject, offset: c_int) -> i32 {
    usize::try_from(offset / 2).ok().and_then(|i| code.line_at(i)).unwrap_or(-1)
}

/// Return a value of the configuration.
#[function(signature = "(name, /)")]
fn config_get(name: &str) -> PyResult {
    let flags = taipan_vm::sys::get("flags")?;
    let flag = |attr: &str| match &flags {
        Some(f) => f.get_attr_str(attr),
        None => bail!(RuntimeError, "sys.flags is gone"),
    };
    Ok(match name {
        "code_debug_ranges" => taipan_object::types::bool_::from_bool(taipan_vm::code::build::debug_ranges()).to_obj(),
        "optimization_level" => flag("optimize")?,
        "inspect" => flag("inspect")?,
        "interactive" => flag("interactive")?,
        "verbose" => flag("verbose")?,
        "quiet" => flag("quiet")?,
        "bytes_warning" => flag("bytes_warning")?,
        "int_max_str_digits" => flag("int_max_str_digits")?,
        "parser_debug" => flag("debug")?,
        _ => bail!(ValueError, "unknown config option name: {name}"),
    })
}

/// Call by the vectorcall protocol: a tuple of arguments and a tuple of the names of the last ones.
#[function(signature = "(func, func_args, kwnames, /)")]
fn pyobject_vectorcall(func: &Object, func_args: Option<&Tuple>, kwnames: Option<&Tuple>) -> PyResult {
    let args: Vec<&Object> = func_args.map_or(Vec::new(), |t| t.items().iter().map(|o| &**o).collect());
    match kwnames {
        Some(names) if names.len() <= args.len() => func.call_kw(&args, args.len() - names.len(), names),
        Some(_) => bail!(ValueError, "kwnames longer than args"),
        None => func.call(&args),
    }
}

/// Call with a tuple and a dict.
#[function(signature = "(func, func_args, kwargs, /)")]
fn pyobject_fastcalldict(func: &Object, func_args: Option<&Tuple>, kwargs: Option<&Dict>) -> PyResult {
    let empty = Tuple::new(&[]);
    func.call_tuple(func_args.unwrap_or(&empty), kwargs.map(|k| &**k))
}

/// Set what sys.exc_info() answers, and return what it was.
#[function(signature = "(new_type, new_value, new_tb, /)")]
fn set_exc_info(new_type: &Object, new_value: &Object, new_tb: &Object) -> PyResult<Ref<Tuple>> {
    let _ = (new_type, new_tb);
    let ts = Thread::current();
    let old = ts.handled_exception().map(Object::to_obj);
    // SAFETY: the innermost level belongs to the running frame or to the thread state.
    if let Some(level) = unsafe { ts.exc_info.get().as_ref() } {
        level.exc_value.set(Some(new_value.to_obj()));
    }
    let (ty, value, tb) = match &old {
        Some(e) => (e.ty().to_obj(), e.clone(), e.get_attr_str("__traceback__")?),
        None => (none().to_obj(), none().to_obj(), none().to_obj()),
    };
    Ok(Tuple::new(&[&ty, &value, &tb]))
}

unsafe extern "C" fn record(obj: Option<&Object>, frame: &Object, what: c_int, arg: Option<&Object>) -> c_int {
    let Some(list) = obj.and_then(|o| o.downcast::<List>()) else { return -1 };
    let line = match frame.get_attr_str("f_lineno") {
        Ok(l) => l,
        Err(_) => return -1,
    };
    let row = Tuple::new(&[&Int::from_i64(i64::from(what)), &line, arg.unwrap_or(none())]);
    if list.push(row.into_obj()).is_err() {
        return -1;
    }
    0
}

unsafe extern "C" fn refuse(_: Option<&Object>, _: &Object, _: c_int, _: Option<&Object>) -> c_int {
    let _: Raised = raise!(Exception, "an exception");
    -1
}

/// Trace with a native function that notes events in a list.
#[function(signature = "(list, /)")]
fn settrace_to_record(list: &List) -> PyResult<()> {
    legacy::set_trace(Thread::current(), Some(record), Some(list.to_obj()))
}

/// Trace with a native function that raises.
#[function(signature = "(list, /)")]
fn settrace_to_error(list: &List) -> PyResult<()> {
    legacy::set_trace(Thread::current(), Some(refuse), Some(list.to_obj()))
}

fn frame_attribute(frame: &FrameObject, name: &str) -> PyResult {
    frame.get_attr_str(name)
}

/// Return a frame's variables.
#[function(signature = "(frame, /)")]
fn frame_getlocals(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_locals")
}
/// Return a frame's globals.
#[function(signature = "(frame, /)")]
fn frame_getglobals(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_globals")
}
/// Return a frame's builtins.
#[function(signature = "(frame, /)")]
fn frame_getbuiltins(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_builtins")
}
/// Return the generator that a frame belongs to.
#[function(signature = "(frame, /)")]
fn frame_getgenerator(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_generator")
}
/// Return where a frame stands.
#[function(signature = "(frame, /)")]
fn frame_getlasti(frame: &FrameObject) -> PyResult {
    frame_attribute(frame, "f_lasti")
}

/// An object whose `__await__` answers what it was made with.
#[repr(C)]
struct Awaitable {
    ob_base: Object,
    value: ObjCell,
}

layout!(Awaitable, AWAIT_TYPE);

extern "C" fn await_new(_: &Type, args: &Object, _: Option<&Object>) -> PyResult {
    match args.downcast::<Tuple>().map(|t| t.items()) {
        Some([v]) => {
            let fresh = Awaitable { ob_base: Object::placeholder(), value: ObjCell::new(v.to_obj()) };
            Ok(new_object(fresh).into_obj())
        }
        _ => bail!(TypeError, "awaitType expected 1 argument"),
    }
}

extern "C" fn await_value(o: &Object) -> PyResult {
    Ok(o.cast::<Awaitable>().value.get_owned().unwrap_or_else(taipan_object::types::none::none_obj))
}

static AWAIT_METHODS: AsyncMethods = AsyncMethods { await_: Slot::new(await_value), ..AsyncMethods::EMPTY };

static AWAIT_TYPE: Type = Type::new_static(TypeDef {
    name: c"awaitType",
    basicsize: size_of::<Awaitable>(),
    dealloc: Some(dealloc_of::<Awaitable>),
    as_async: Some(&AWAIT_METHODS),
    new: Some(await_new),
    ..TypeDef::EMPTY
});

/// A container that the collector does not know.
#[repr(C)]
struct ContainerNoGc {
    ob_base: Object,
    value: ObjCell,
}

layout!(ContainerNoGc, CONTAINER_NO_GC);

extern "C" fn container_new(cls: &Type, args: &Object, _: Option<&Object>) -> PyResult {
    let value = match args.downcast::<Tuple>().map(|t| t.items()) {
        Some([v]) => v.to_obj(),
        _ => bail!(TypeError, "function missing required argument 'value' (pos 1)"),
    };
    let Some(alloc) = cls.alloc.get() else { return Err(error::no_memory()) };
    let o: Obj = alloc(cls, 0)?;
    // SAFETY: instances of the type, and of its subclasses, begin with the struct, zeroed.
    let c: &ContainerNoGc = unsafe { o.cast_unchecked() };
    c.value.set(Some(value));
    Ok(o)
}

static CONTAINER_MEMBERS: &[taipan_object::method::MemberDef] = &[
    taipan_object::method::MemberDef::new(
        c"value",
        taipan_object::method::member::OBJECT,
        std::mem::offset_of!(ContainerNoGc, value),
        taipan_object::method::member::READONLY,
    ),
    taipan_object::method::MemberDef::END,
];

static CONTAINER_NO_GC: Type = Type::new_static(TypeDef {
    name: c"_testcapi.ContainerNoGC",
    basicsize: size_of::<ContainerNoGc>(),
    flags: flags::BASETYPE,
    dealloc: Some(dealloc_of::<ContainerNoGc>),
    members: Some(CONTAINER_MEMBERS),
    new: Some(container_new),
    ..TypeDef::EMPTY
});
