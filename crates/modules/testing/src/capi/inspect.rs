//! What natives ask of types, code objects and the interpreter.

use std::ffi::c_int;
use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_compiler::stages::{self, PseudoInstruction, UnitMetadata};
use taipan_object::buffer::request;
use taipan_object::method::{MethodDef, MethodPtr, meth};
use taipan_object::types::cfunction;
use taipan_object::types::str::Str;
use taipan_object::{Obj, Object, PyResult, Ref, Type, bail, function, intern};
use taipan_vm::CodeObject;

/// The version of a type, 0 if it has none.
#[function(signature = "(type, /)")]
pub fn type_get_version(r#type: &Type) -> u32 {
    r#type.version_tag.get()
}

/// Give a type a version, if it can have one.
#[function(signature = "(type, /)")]
pub fn type_assign_version(r#type: &Type) -> i32 {
    r#type.assign_version() as i32
}

/// Say that a type changed.
#[function(signature = "(type, /)")]
pub fn type_modified(r#type: &Type) {
    r#type.modified();
}

/// Whether the object is never freed.
#[function(signature = "(object, /)")]
pub fn is_immortal(object: &Object) -> bool {
    object.is_immortal()
}

/// Set C's `errno`.
#[function(signature = "(errno, /)")]
pub fn set_errno(errno: i32) {
    // SAFETY: the address of this thread's errno.
    unsafe { *libc::__errno_location() = errno };
}

/// A descriptor's `__get__` that calls the class, which may take the descriptor out of itself.
#[function(signature = "(*args)", self_module)]
pub fn bad_get(_: &Object, args: &[&Object]) -> PyResult {
    let [slf, _, owner] = args else { bail!(TypeError, "bad_get expected 3 arguments, got {}", args.len()) };
    owner.call_noargs()?;
    slf.repr().map(Ref::into_obj)
}

/// A new code object that only fails, on one line.
#[function(signature = "(filename, funcname, firstlineno, /)")]
pub fn code_newempty(filename: &Str, funcname: &Str, firstlineno: i32) -> PyResult<Ref<CodeObject>> {
    let location = Location::new(firstlineno, firstlineno, -1, -1);
    let row = |op: Op, oparg: u32| PseudoInstruction { op, oparg, location };
    let code = [row(Op::RESUME, 0), row(Op::LOAD_COMMON_CONSTANT, 0), row(Op::RAISE_VARARGS, 1)];
    let name = funcname.to_utf8()?.to_owned();
    let unit = UnitMetadata { qualname: name.clone(), name, firstlineno, ..UnitMetadata::default() };
    let filename = filename.to_utf8()?;
    match stages::assemble_code(&code, &unit, &filename.into()) {
        Ok(code) => CodeObject::from_bytecode(&code),
        Err(e) => bail!(SystemError, "{}", e.message),
    }
}

/// The line of an offset into the code.
#[function(signature = "(code, offset, /)")]
pub fn code_offset_to_line(code: &CodeObject, offset: i32) -> i32 {
    match usize::try_from(offset) {
        Ok(n) => code.line_at(n / 2).unwrap_or(-1),
        Err(_) => code.co_firstlineno,
    }
}

/// Return a value of the configuration.
#[function(signature = "(name, /)")]
pub fn config_get(name: &str) -> PyResult {
    let flags = taipan_vm::sys::get("flags")?;
    let flag = |attr: &str| match &flags {
        Some(f) => f.get_attr_str(attr),
        None => bail!(RuntimeError, "sys.flags is gone"),
    };
    Ok(match name {
        "code_debug_ranges" => taipan_object::types::bool_::from_bool(taipan_vm::code::build::debug_ranges()),
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

extern "C" fn answer_self(slf: Option<&Object>, _: Option<&Object>) -> PyResult {
    Ok(slf.map_or_else(taipan_object::types::none::none_obj, Object::to_obj))
}

static MADE: MethodDef = MethodDef {
    name: c"create_cfunction".as_ptr(),
    meth: MethodPtr { plain: answer_self },
    flags: meth::NOARGS,
    doc: std::ptr::null(),
};

/// A native function, made anew.
#[function(signature = "()")]
pub fn create_cfunction() -> Obj {
    cfunction::new(&MADE, None, None)
}

/// Ask for a buffer without a place to put it.
#[function(signature = "(object, /)")]
pub fn getbuffer_with_null_view(object: &Object) -> PyResult {
    // SAFETY: the slot is null or points to a table that lives as long as the type.
    let slots = unsafe { object.ty().as_buffer.get().as_ref() };
    let Some(f) = slots.and_then(|s| s.getbuffer.get()) else {
        bail!(TypeError, "a bytes-like object is required, not '{}'", object.ty().name_str())
    };
    let code: c_int = f(object, std::ptr::null_mut(), request::SIMPLE);
    taipan_object::error::from_status(code)?;
    bail!(AssertionError, "a buffer was filled in nowhere")
}

/// Let a signal arrive, then send None to a generator before it was handled.
#[function(signature = "(generator, /)", name = "raise_SIGINT_then_send_None")]
pub fn raise_sigint_then_send_none(generator: &Object) -> PyResult {
    // SAFETY: the handler of signals only marks their arrival.
    unsafe { libc::raise(libc::SIGINT) };
    generator.call_method(intern!("send"), &[taipan_object::types::none::none()])
}

/// Run a program in an interpreter of its own; return 0, or -1 when it raised, which is reported.
#[function(signature = "(code, /)")]
pub fn run_in_subinterp(code: &Object) -> PyResult<i32> {
    let interpreters = (taipan_object::hooks::get().import)("_interpreters")?;
    let id = interpreters.call_method(intern!("create"), &[])?;
    let outcome = interpreters.call_method(intern!("exec"), &[&id, code]);
    interpreters.call_method(intern!("destroy"), &[&id])?;
    let failure = outcome?;
    if failure.is_none() {
        return Ok(0);
    }
    eprintln!("{}", failure.get_attr_str("errdisplay")?.str()?.display());
    Ok(-1)
}
