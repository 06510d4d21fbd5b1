//! The module `_testcapi`: types and functions as extensions write them.
//!
//! - `calls.rs`: every calling convention; `docstrings.rs`: functions with docstrings of all kinds; `errors.rs`: exceptions raised and shown
//! - `types.rs`: types with unusual slots; `inspect.rs`: versions, code objects, settings

pub mod calls;
mod docstrings;
mod errors;
mod inspect;
mod monitoring;
mod tracing;
mod types;

use calls::*;
use errors::*;
use inspect::*;
use monitoring::*;
use taipan_object::types::bool_;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{Object, PyResult, Type, methods};
use tracing::*;
use types::*;

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_testcapi",
    doc: "Objects and calls as extensions make them.",
    methods: methods![
        bad_get,
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
        set_exc_info,
        settrace_to_error,
        settrace_to_record,
        err_set_raised,
        code_newempty,
        code_offset_to_line,
        config_get,
        create_cfunction,
        err_formatunraisable,
        err_writeunraisable,
        exception_print,
        function_setvectorcall,
        getbuffer_with_null_view,
        has_vectorcall_flag,
        is_immortal,
        make_exception_with_doc,
        make_vectorcall_class,
        pycfunction_call,
        pyobject_fastcalldict,
        pyobject_vectorcall,
        pyvectorcall_call,
        raise_exception,
        raise_memoryerror,
        raise_sigint_then_send_none,
        run_in_subinterp,
        set_errno,
        traceback_print,
        type_assign_version,
        type_get_version,
        type_modified,
        with_tp_del,
        without_gc,
    ],
    exec,
};

fn exec(m: &Module) -> PyResult<()> {
    let signed: [(&str, i64); 19] = [
        ("CHAR_MAX", i8::MAX as i64),
        ("CHAR_MIN", i8::MIN as i64),
        ("SHRT_MAX", i16::MAX as i64),
        ("SHRT_MIN", i16::MIN as i64),
        ("INT_MAX", i32::MAX as i64),
        ("INT_MIN", i32::MIN as i64),
        ("INT32_MAX", i32::MAX as i64),
        ("INT32_MIN", i32::MIN as i64),
        ("LONG_MAX", i64::MAX),
        ("LONG_MIN", i64::MIN),
        ("LLONG_MAX", i64::MAX),
        ("LLONG_MIN", i64::MIN),
        ("INT64_MAX", i64::MAX),
        ("INT64_MIN", i64::MIN),
        ("PY_SSIZE_T_MAX", isize::MAX as i64),
        ("PY_SSIZE_T_MIN", isize::MIN as i64),
        ("PyTime_MAX", i64::MAX),
        ("PyTime_MIN", i64::MIN),
        ("the_number_three", 3),
    ];
    for (name, n) in signed {
        m.add_int(name, n)?;
    }
    let unsigned = [
        ("UCHAR_MAX", u8::MAX as u64),
        ("USHRT_MAX", u16::MAX as u64),
        ("UINT_MAX", u32::MAX as u64),
        ("UINT32_MAX", u32::MAX as u64),
        ("ULONG_MAX", u64::MAX),
        ("ULLONG_MAX", u64::MAX),
        ("UINT64_MAX", u64::MAX),
        ("SIZE_MAX", usize::MAX as u64),
        ("SIZEOF_WCHAR_T", 4),
        ("SIZEOF_VOID_P", size_of::<usize>() as u64),
        ("SIZEOF_TIME_T", size_of::<libc::time_t>() as u64),
        ("SIZEOF_PID_T", size_of::<libc::pid_t>() as u64),
        ("_Py_STACK_GROWS_DOWN", 1),
        ("ONE", 1),
    ];
    for (name, n) in unsigned {
        m.add(name, &Int::from_u64(n))?;
    }
    let floats = [
        ("FLT_MAX", f32::MAX as f64),
        ("FLT_MIN", f32::MIN_POSITIVE as f64),
        ("DBL_MAX", f64::MAX),
        ("DBL_MIN", f64::MIN_POSITIVE),
    ];
    for (name, x) in floats {
        m.add(name, &Float::new(x))?;
    }
    // This build has no allocator beside mimalloc, and the machines that it runs on mark quiet NaNs by a set bit.
    m.add("WITH_PYMALLOC", bool_::false_())?;
    m.add("WITH_MIMALLOC", bool_::true_())?;
    m.add("nan_msb_is_signaling", bool_::false_())?;
    for (name, n) in
        [("Py_single_input", 256), ("Py_file_input", 257), ("Py_eval_input", 258), ("Py_Version", 0x030E_08F0)]
    {
        m.add_int(name, n)?;
    }
    calls::add(m)?;
    m.add_type(&monitoring::CODE_LIKE)?;
    docstrings::add(m)?;
    errors::add(m)?;
    types::add(m)
}

/// `tp_new` of types that have nothing beside their head.
extern "C" fn generic_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    cls.alloc.get().unwrap_or(taipan_object::alloc::generic_alloc)(cls, 0)
}
