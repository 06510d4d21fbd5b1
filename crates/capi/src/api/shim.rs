//! The variadic functions, which are written in C (`shim/*.c`), listed so that they stay linked.

use crate::prelude::Export;

macro_rules! listed {
    ($($name:ident),* $(,)?) => {
        unsafe extern "C" {
            $(fn $name();)*
        }
        pub static TABLE: &[Export] = &[$(Export(stringify!($name), $name as *const ())),*];
    };
}

listed! {
    PyArg_Parse, PyArg_ParseTuple, PyArg_ParseTupleAndKeywords, PyArg_VaParse, PyArg_VaParseTupleAndKeywords, PyArg_UnpackTuple,
    PyArg_ValidateKeywordArguments, _PyArg_ParseTuple_SizeT, _PyArg_ParseTupleAndKeywords_SizeT, _PyArg_Parse_SizeT,
    Py_BuildValue, Py_VaBuildValue, _Py_BuildValue_SizeT, PyTuple_Pack,
    PyUnicode_FromFormat, PyUnicode_FromFormatV, PyErr_Format, PyErr_FormatV, PyErr_WarnFormat, PyErr_FormatUnraisable,
    _PyErr_FormatFromCause, PyBytes_FromFormat, PyUnicodeWriter_Format,
    PyObject_CallFunction, PyObject_CallMethod, PyObject_CallFunctionObjArgs, PyObject_CallMethodObjArgs,
    _PyObject_CallFunction_SizeT, _PyObject_CallMethod_SizeT, PyOS_snprintf, PyOS_vsnprintf, PySys_WriteStdout, PySys_WriteStderr,
}
