//! The hierarchy of built-in exceptions, as one table.

use super::base::{self, BaseException as Base, base_init, base_new};
use super::{fields, group, os, syntax, unicode};
use crate::alloc::dealloc_of;
use crate::typeobj::{Type, TypeDef, flags};
use std::mem::offset_of;

/// `PyExc_X`: a pointer to the type, as C code knows it.
#[repr(transparent)]
pub struct ExceptionPtr(pub &'static Type);

const BASE: TypeDef = TypeDef {
    basicsize: size_of::<Base>(),
    flags: flags::BASETYPE | flags::HAVE_GC | flags::BASE_EXC_SUBCLASS,
    dealloc: Some(dealloc_of::<Base>),
    traverse: Some(base::base_traverse),
    clear: Some(base::base_clear),
    dictoffset: offset_of!(Base, dict) as isize,
    init: Some(base_init),
    new: Some(base_new),
    ..TypeDef::EMPTY
};

macro_rules! exceptions {
    ($($rust:ident $static_:ident $ptr:ident $name:literal $base:ident $doc:literal { $($more:tt)* })*) => {
        $(
            #[unsafe(no_mangle)]
            pub static $static_: Type = Type::new_static(TypeDef {
                name: $name,
                base: exceptions!(@base $base),
                doc: Some($doc),
                vectorcall: exceptions!(@vectorcall $($more)*),
                $($more)*
                ..BASE
            });
            #[unsafe(no_mangle)]
            pub static $ptr: ExceptionPtr = ExceptionPtr(&$static_);
            #[doc = concat!("The exception type `", stringify!($rust), "`.")]
            pub static $rust: &Type = &$static_;
        )*
        /// For readying, bases first.
        pub static TYPES: &[&Type] = &[$(&$static_),*];
    };
    // Those that add nothing to `BaseException` are made without a tuple and a look at `__new__` and `__init__`.
    (@vectorcall) => { Some(base::vectorcall) };
    (@vectorcall $($more:tt)+) => { None };
    (@base object) => { None };
    (@base $base:ident) => { Some(&$base) };
}

exceptions! {
    BaseException_ _PyExc_BaseException PyExc_BaseException c"BaseException" object c"Common base class for all exceptions" {
        repr: Some(base::base_repr), str: Some(base::base_str), methods: Some(base::METHODS), members: Some(base::MEMBERS), getset: Some(base::GETSETS),
    }
    Exception _PyExc_Exception PyExc_Exception c"Exception" _PyExc_BaseException c"What all exceptions that are not exits derive from." {}
    BaseExceptionGroup_ _PyExc_BaseExceptionGroup PyExc_BaseExceptionGroup c"BaseExceptionGroup" _PyExc_BaseException c"Several unrelated exceptions raised together." {
        basicsize: size_of::<group::BaseExceptionGroup>(), dealloc: Some(dealloc_of::<group::BaseExceptionGroup>), traverse: Some(group::group_traverse), clear: Some(group::group_clear),
        repr: Some(group::group_repr), str: Some(group::group_str), methods: Some(group::METHODS), members: Some(group::MEMBERS), new: Some(group::group_new), init: Some(group::group_init),
    }
    GeneratorExit _PyExc_GeneratorExit PyExc_GeneratorExit c"GeneratorExit" _PyExc_BaseException c"Asks a generator to finish." {}
    KeyboardInterrupt _PyExc_KeyboardInterrupt PyExc_KeyboardInterrupt c"KeyboardInterrupt" _PyExc_BaseException c"The user interrupted the program." {}
    SystemExit _PyExc_SystemExit PyExc_SystemExit c"SystemExit" _PyExc_BaseException c"Asks the interpreter to exit." {
        basicsize: size_of::<fields::SystemExit>(), dealloc: Some(dealloc_of::<fields::SystemExit>), traverse: Some(fields::system_exit_traverse), clear: Some(fields::system_exit_clear),
        init: Some(fields::system_exit_init), members: Some(fields::SYSTEM_EXIT_MEMBERS),
    }
    ArithmeticError _PyExc_ArithmeticError PyExc_ArithmeticError c"ArithmeticError" _PyExc_Exception c"Base class for arithmetic errors." {}
    FloatingPointError _PyExc_FloatingPointError PyExc_FloatingPointError c"FloatingPointError" _PyExc_ArithmeticError c"A floating-point operation failed." {}
    OverflowError _PyExc_OverflowError PyExc_OverflowError c"OverflowError" _PyExc_ArithmeticError c"The result is too large to be represented." {}
    ZeroDivisionError _PyExc_ZeroDivisionError PyExc_ZeroDivisionError c"ZeroDivisionError" _PyExc_ArithmeticError c"The second operand of a division or modulo was zero." {}
    AssertionError _PyExc_AssertionError PyExc_AssertionError c"AssertionError" _PyExc_Exception c"An assertion failed." {}
    AttributeError _PyExc_AttributeError PyExc_AttributeError c"AttributeError" _PyExc_Exception c"Attribute not found." {
        basicsize: size_of::<fields::AttributeError>(), dealloc: Some(dealloc_of::<fields::AttributeError>), traverse: Some(fields::attribute_error_traverse), clear: Some(fields::attribute_error_clear),
        init: Some(fields::attribute_error_init), members: Some(fields::ATTRIBUTE_ERROR_MEMBERS), methods: Some(fields::ATTRIBUTE_ERROR_METHODS),
    }
    BufferError _PyExc_BufferError PyExc_BufferError c"BufferError" _PyExc_Exception c"A buffer operation failed." {}
    EOFError _PyExc_EOFError PyExc_EOFError c"EOFError" _PyExc_Exception c"Input ended where more was expected." {}
    ImportError _PyExc_ImportError PyExc_ImportError c"ImportError" _PyExc_Exception c"A module cannot be found, or a name not in it." {
        basicsize: size_of::<fields::ImportError>(), dealloc: Some(dealloc_of::<fields::ImportError>), traverse: Some(fields::import_error_traverse), clear: Some(fields::import_error_clear),
        init: Some(fields::import_error_init), str: Some(fields::import_error_str), members: Some(fields::IMPORT_ERROR_MEMBERS), methods: Some(fields::IMPORT_ERROR_METHODS),
    }
    ModuleNotFoundError _PyExc_ModuleNotFoundError PyExc_ModuleNotFoundError c"ModuleNotFoundError" _PyExc_ImportError c"Module not found." {
        basicsize: size_of::<fields::ImportError>(), dealloc: Some(dealloc_of::<fields::ImportError>), traverse: Some(fields::import_error_traverse), clear: Some(fields::import_error_clear),
        init: Some(fields::import_error_init),
    }
    LookupError _PyExc_LookupError PyExc_LookupError c"LookupError" _PyExc_Exception c"Base class for lookup errors." {}
    IndexError _PyExc_IndexError PyExc_IndexError c"IndexError" _PyExc_LookupError c"Sequence index out of range." {}
    KeyError _PyExc_KeyError PyExc_KeyError c"KeyError" _PyExc_LookupError c"Mapping key not found." { str: Some(fields::key_error_str), }
    MemoryError _PyExc_MemoryError PyExc_MemoryError c"MemoryError" _PyExc_Exception c"Out of memory." {}
    NameError _PyExc_NameError PyExc_NameError c"NameError" _PyExc_Exception c"Name not found globally." {
        basicsize: size_of::<fields::NameError>(), dealloc: Some(dealloc_of::<fields::NameError>), traverse: Some(fields::name_error_traverse), clear: Some(fields::name_error_clear),
        init: Some(fields::name_error_init), members: Some(fields::NAME_ERROR_MEMBERS),
    }
    UnboundLocalError _PyExc_UnboundLocalError PyExc_UnboundLocalError c"UnboundLocalError" _PyExc_NameError c"Local name used before it is bound." {
        basicsize: size_of::<fields::NameError>(), dealloc: Some(dealloc_of::<fields::NameError>), traverse: Some(fields::name_error_traverse), clear: Some(fields::name_error_clear),
        init: Some(fields::name_error_init),
    }
    OSError _PyExc_OSError PyExc_OSError c"OSError" _PyExc_Exception c"Base class for I/O related errors." {
        basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear),
        new: Some(os::os_new), init: Some(os::os_init), str: Some(os::os_str), members: Some(os::MEMBERS), methods: Some(os::METHODS), getset: Some(os::GETSETS),
    }
    BlockingIOError _PyExc_BlockingIOError PyExc_BlockingIOError c"BlockingIOError" _PyExc_OSError c"I/O operation would block." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    ChildProcessError _PyExc_ChildProcessError PyExc_ChildProcessError c"ChildProcessError" _PyExc_OSError c"Child process error." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    ConnectionError _PyExc_ConnectionError PyExc_ConnectionError c"ConnectionError" _PyExc_OSError c"Connection error." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    BrokenPipeError _PyExc_BrokenPipeError PyExc_BrokenPipeError c"BrokenPipeError" _PyExc_ConnectionError c"Broken pipe." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    ConnectionAbortedError _PyExc_ConnectionAbortedError PyExc_ConnectionAbortedError c"ConnectionAbortedError" _PyExc_ConnectionError c"Connection aborted." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    ConnectionRefusedError _PyExc_ConnectionRefusedError PyExc_ConnectionRefusedError c"ConnectionRefusedError" _PyExc_ConnectionError c"Connection refused." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    ConnectionResetError _PyExc_ConnectionResetError PyExc_ConnectionResetError c"ConnectionResetError" _PyExc_ConnectionError c"Connection reset." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    FileExistsError _PyExc_FileExistsError PyExc_FileExistsError c"FileExistsError" _PyExc_OSError c"File already exists." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    FileNotFoundError _PyExc_FileNotFoundError PyExc_FileNotFoundError c"FileNotFoundError" _PyExc_OSError c"File not found." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    InterruptedError _PyExc_InterruptedError PyExc_InterruptedError c"InterruptedError" _PyExc_OSError c"Interrupted by a signal." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    IsADirectoryError _PyExc_IsADirectoryError PyExc_IsADirectoryError c"IsADirectoryError" _PyExc_OSError c"Operation doesn't work on directories." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    NotADirectoryError _PyExc_NotADirectoryError PyExc_NotADirectoryError c"NotADirectoryError" _PyExc_OSError c"Operation only works on directories." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    PermissionError _PyExc_PermissionError PyExc_PermissionError c"PermissionError" _PyExc_OSError c"Not enough permissions." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    ProcessLookupError _PyExc_ProcessLookupError PyExc_ProcessLookupError c"ProcessLookupError" _PyExc_OSError c"Process not found." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    TimeoutError _PyExc_TimeoutError PyExc_TimeoutError c"TimeoutError" _PyExc_OSError c"Timeout expired." { basicsize: size_of::<os::OSError>(), dealloc: Some(dealloc_of::<os::OSError>), traverse: Some(os::os_traverse), clear: Some(os::os_clear), new: Some(os::os_new), init: Some(os::os_init), }
    ReferenceError _PyExc_ReferenceError PyExc_ReferenceError c"ReferenceError" _PyExc_Exception c"Weak reference used after its object is gone." {}
    RuntimeError _PyExc_RuntimeError PyExc_RuntimeError c"RuntimeError" _PyExc_Exception c"Unspecified run-time error." {}
    NotImplementedError _PyExc_NotImplementedError PyExc_NotImplementedError c"NotImplementedError" _PyExc_RuntimeError c"Method or function hasn't been implemented yet." {}
    RecursionError _PyExc_RecursionError PyExc_RecursionError c"RecursionError" _PyExc_RuntimeError c"Recursion limit exceeded." {}
    PythonFinalizationError _PyExc_PythonFinalizationError PyExc_PythonFinalizationError c"PythonFinalizationError" _PyExc_RuntimeError c"Operation blocked during shutdown." {}
    StopAsyncIteration _PyExc_StopAsyncIteration PyExc_StopAsyncIteration c"StopAsyncIteration" _PyExc_Exception c"Ends an asynchronous iteration." {}
    StopIteration _PyExc_StopIteration PyExc_StopIteration c"StopIteration" _PyExc_Exception c"Ends an iteration." {
        basicsize: size_of::<fields::StopIteration>(), dealloc: Some(dealloc_of::<fields::StopIteration>), traverse: Some(fields::stop_iteration_traverse), clear: Some(fields::stop_iteration_clear),
        init: Some(fields::stop_iteration_init), members: Some(fields::STOP_ITERATION_MEMBERS),
    }
    SyntaxError _PyExc_SyntaxError PyExc_SyntaxError c"SyntaxError" _PyExc_Exception c"Invalid syntax." {
        basicsize: size_of::<syntax::SyntaxError>(), dealloc: Some(dealloc_of::<syntax::SyntaxError>), traverse: Some(syntax::syntax_traverse), clear: Some(syntax::syntax_clear),
        init: Some(syntax::syntax_init), str: Some(syntax::syntax_str), members: Some(syntax::MEMBERS),
    }
    IncompleteInputError _PyExc_IncompleteInputError PyExc_IncompleteInputError c"_IncompleteInputError" _PyExc_SyntaxError c"incomplete input." { basicsize: size_of::<syntax::SyntaxError>(), dealloc: Some(dealloc_of::<syntax::SyntaxError>), traverse: Some(syntax::syntax_traverse), clear: Some(syntax::syntax_clear), init: Some(syntax::syntax_init), }
    IndentationError _PyExc_IndentationError PyExc_IndentationError c"IndentationError" _PyExc_SyntaxError c"Improper indentation." { basicsize: size_of::<syntax::SyntaxError>(), dealloc: Some(dealloc_of::<syntax::SyntaxError>), traverse: Some(syntax::syntax_traverse), clear: Some(syntax::syntax_clear), init: Some(syntax::syntax_init), }
    TabError _PyExc_TabError PyExc_TabError c"TabError" _PyExc_IndentationError c"Improper mixture of spaces and tabs." { basicsize: size_of::<syntax::SyntaxError>(), dealloc: Some(dealloc_of::<syntax::SyntaxError>), traverse: Some(syntax::syntax_traverse), clear: Some(syntax::syntax_clear), init: Some(syntax::syntax_init), }
    SystemError _PyExc_SystemError PyExc_SystemError c"SystemError" _PyExc_Exception c"An error inside the interpreter; please report it." {}
    TypeError _PyExc_TypeError PyExc_TypeError c"TypeError" _PyExc_Exception c"Inappropriate argument type." {}
    ValueError _PyExc_ValueError PyExc_ValueError c"ValueError" _PyExc_Exception c"Inappropriate argument value (of correct type)." {}
    UnicodeError _PyExc_UnicodeError PyExc_UnicodeError c"UnicodeError" _PyExc_ValueError c"Unicode related error." {}
    UnicodeDecodeError _PyExc_UnicodeDecodeError PyExc_UnicodeDecodeError c"UnicodeDecodeError" _PyExc_UnicodeError c"Unicode decoding error." {
        init: Some(unicode::decode_init), str: Some(unicode::decode_str), basicsize: size_of::<unicode::UnicodeError>(), dealloc: Some(dealloc_of::<unicode::UnicodeError>), traverse: Some(unicode::unicode_traverse), clear: Some(unicode::unicode_clear), members: Some(unicode::MEMBERS), getset: Some(unicode::GETSETS),
    }
    UnicodeEncodeError _PyExc_UnicodeEncodeError PyExc_UnicodeEncodeError c"UnicodeEncodeError" _PyExc_UnicodeError c"Unicode encoding error." {
        init: Some(unicode::encode_init), str: Some(unicode::encode_str), basicsize: size_of::<unicode::UnicodeError>(), dealloc: Some(dealloc_of::<unicode::UnicodeError>), traverse: Some(unicode::unicode_traverse), clear: Some(unicode::unicode_clear), members: Some(unicode::MEMBERS), getset: Some(unicode::GETSETS),
    }
    UnicodeTranslateError _PyExc_UnicodeTranslateError PyExc_UnicodeTranslateError c"UnicodeTranslateError" _PyExc_UnicodeError c"Unicode translation error." {
        init: Some(unicode::translate_init), str: Some(unicode::translate_str), basicsize: size_of::<unicode::UnicodeError>(), dealloc: Some(dealloc_of::<unicode::UnicodeError>), traverse: Some(unicode::unicode_traverse), clear: Some(unicode::unicode_clear), members: Some(unicode::MEMBERS), getset: Some(unicode::GETSETS),
    }
    Warning _PyExc_Warning PyExc_Warning c"Warning" _PyExc_Exception c"Base class for warning categories." {}
    BytesWarning _PyExc_BytesWarning PyExc_BytesWarning c"BytesWarning" _PyExc_Warning c"Warnings about mixing bytes and str." {}
    DeprecationWarning _PyExc_DeprecationWarning PyExc_DeprecationWarning c"DeprecationWarning" _PyExc_Warning c"Warnings about deprecated features, for developers." {}
    EncodingWarning _PyExc_EncodingWarning PyExc_EncodingWarning c"EncodingWarning" _PyExc_Warning c"Warnings about encodings left to the locale." {}
    FutureWarning _PyExc_FutureWarning PyExc_FutureWarning c"FutureWarning" _PyExc_Warning c"Warnings about constructs that will change." {}
    ImportWarning _PyExc_ImportWarning PyExc_ImportWarning c"ImportWarning" _PyExc_Warning c"Warnings about probable mistakes in imports." {}
    PendingDeprecationWarning _PyExc_PendingDeprecationWarning PyExc_PendingDeprecationWarning c"PendingDeprecationWarning" _PyExc_Warning c"Warnings about features that will be deprecated." {}
    ResourceWarning _PyExc_ResourceWarning PyExc_ResourceWarning c"ResourceWarning" _PyExc_Warning c"Warnings about resource usage." {}
    RuntimeWarning _PyExc_RuntimeWarning PyExc_RuntimeWarning c"RuntimeWarning" _PyExc_Warning c"Warnings about dubious run-time behaviour." {}
    SyntaxWarning _PyExc_SyntaxWarning PyExc_SyntaxWarning c"SyntaxWarning" _PyExc_Warning c"Warnings about dubious syntax." {}
    UnicodeWarning _PyExc_UnicodeWarning PyExc_UnicodeWarning c"UnicodeWarning" _PyExc_Warning c"Warnings about Unicode conversions." {}
    UserWarning _PyExc_UserWarning PyExc_UserWarning c"UserWarning" _PyExc_Warning c"Warnings made by programs." {}
}
