//! The signatures of type slots and the tables that hold them (`PyNumberMethods` and so on), as C lays them out.
//!
//! A Rust function with the right signature *is* the C slot: `&Object` is a non-null pointer, `Option<&Object>` a nullable one,
//! `PyResult` a nullable new reference.

use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::typeobj::Type;
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;

/// `unaryfunc`, `reprfunc`, `getiterfunc`.
pub type UnaryFunc = extern "C" fn(&Object) -> PyResult;
/// `binaryfunc`.
pub type BinaryFunc = extern "C" fn(&Object, &Object) -> PyResult;
/// `ternaryfunc` as `nb_power` uses it: the third is `None` when absent.
pub type TernaryFunc = extern "C" fn(&Object, &Object, &Object) -> PyResult;
/// `ternaryfunc` as `tp_call` uses it: arguments tuple, keywords dict or null.
pub type CallFunc = extern "C" fn(&Object, &Object, Option<&Object>) -> PyResult;
/// `inquiry`: 0, 1, or -1 with an exception.
pub type InquiryFunc = extern "C" fn(&Object) -> c_int;
/// `lenfunc`: -1 with an exception.
pub type LenFunc = extern "C" fn(&Object) -> isize;
/// `hashfunc`: -1 with an exception.
pub type HashFunc = extern "C" fn(&Object) -> isize;
/// `ssizeargfunc`.
pub type SizeArgFunc = extern "C" fn(&Object, isize) -> PyResult;
/// `ssizeobjargproc`: null value deletes.
pub type SizeObjArgProc = extern "C" fn(&Object, isize, Option<&Object>) -> c_int;
/// `objobjproc`.
pub type ObjObjProc = extern "C" fn(&Object, &Object) -> c_int;
/// `objobjargproc`: null value deletes.
pub type ObjObjArgProc = extern "C" fn(&Object, &Object, Option<&Object>) -> c_int;
/// `getattrfunc`.
pub type GetAttrFunc = extern "C" fn(&Object, *const c_char) -> PyResult;
/// `setattrfunc`.
pub type SetAttrFunc = extern "C" fn(&Object, *const c_char, Option<&Object>) -> c_int;
/// `getattrofunc`.
pub type GetAttroFunc = extern "C" fn(&Object, &Object) -> PyResult;
/// `setattrofunc`: null value deletes.
pub type SetAttroFunc = extern "C" fn(&Object, &Object, Option<&Object>) -> c_int;
/// `descrgetfunc`: descriptor, instance or null, owner or null.
pub type DescrGetFunc = extern "C" fn(&Object, Option<&Object>, Option<&Object>) -> PyResult;
/// `descrsetfunc`: null value deletes.
pub type DescrSetFunc = extern "C" fn(&Object, &Object, Option<&Object>) -> c_int;
/// `initproc`.
pub type InitProc = extern "C" fn(&Object, &Object, Option<&Object>) -> c_int;
/// `newfunc`.
pub type NewFunc = extern "C" fn(&Type, &Object, Option<&Object>) -> PyResult;
/// `allocfunc`.
pub type AllocFunc = extern "C" fn(&Type, isize) -> PyResult;
/// `richcmpfunc`; the last is one of [`crate::protocol::compare::CompareOp`].
pub type RichCompareFunc = extern "C" fn(&Object, &Object, c_int) -> PyResult;
/// `iternextfunc`: null without an exception means exhausted. See [`crate::error::to_iternext`].
pub type IterNextFunc = extern "C" fn(&Object) -> Option<Obj>;
/// `sendfunc`: 0 return, -1 error, 1 next.
pub type SendFunc = extern "C" fn(&Object, &Object, &mut Option<Obj>) -> c_int;
/// `visitproc`.
pub type VisitProc = extern "C" fn(&Object, *mut c_void) -> c_int;
/// `traverseproc`.
pub type TraverseProc = extern "C" fn(&Object, VisitProc, *mut c_void) -> c_int;
/// `destructor`: the count is zero, the memory is the function's to free.
pub type Destructor = unsafe extern "C" fn(NonNull<Object>);
/// `freefunc`.
pub type FreeFunc = unsafe extern "C" fn(*mut c_void);
/// `tp_finalize`.
pub type FinalizeFunc = extern "C" fn(&Object);
/// `vectorcallfunc` (PEP 590): callable, arguments, `nargsf`, tuple of keyword names or null.
pub type VectorcallFunc = unsafe extern "C" fn(&Object, *const *const Object, usize, Option<&Object>) -> PyResult;
/// `getbufferproc`.
pub type GetBufferProc = extern "C" fn(&Object, *mut crate::buffer::RawBuffer, c_int) -> c_int;
/// `releasebufferproc`.
pub type ReleaseBufferProc = extern "C" fn(&Object, *mut crate::buffer::RawBuffer);

/// One slot: a function pointer or null, changeable behind `&` (slots of heap types change with their class).
#[repr(transparent)]
pub struct Slot<F: Copy>(Cell<Option<F>>);

impl<F: Copy> Slot<F> {
    /// The empty slot.
    pub const NONE: Slot<F> = Slot(Cell::new(None));
    /// A filled slot.
    pub const fn new(f: F) -> Slot<F> {
        Slot(Cell::new(Some(f)))
    }
    /// From an option.
    pub const fn from_opt(f: Option<F>) -> Slot<F> {
        Slot(Cell::new(f))
    }
    /// The function, if any.
    #[inline(always)]
    pub fn get(&self) -> Option<F> {
        self.0.get()
    }
    /// Fills or empties the slot.
    #[inline]
    pub fn set(&self, f: Option<F>) {
        self.0.set(f);
    }
}

macro_rules! slot_table {
    ($(#[$doc:meta])* $name:ident, $c:literal, $size:literal { $($field:ident: $f:ty,)* }) => {
        $(#[$doc])*
        #[repr(C)]
        #[allow(missing_docs)]
        pub struct $name { $(pub $field: Slot<$f>,)* }
        impl $name {
            /// A table of empty slots, to be completed by struct update syntax in a `static`.
            pub const EMPTY: $name = $name { $($field: Slot::NONE,)* };
        }
        // SAFETY: slots are written only under the interpreter lock.
        unsafe impl Sync for $name {}
        const _: () = assert!(size_of::<$name>() == $size);
    };
}

slot_table! {
    /// `PyAsyncMethods`.
    AsyncMethods, "PyAsyncMethods", 32 { await_: UnaryFunc, aiter: UnaryFunc, anext: UnaryFunc, send: SendFunc, }
}
slot_table! {
    /// `PyNumberMethods`.
    NumberMethods, "PyNumberMethods", 288 {
        add: BinaryFunc, subtract: BinaryFunc, multiply: BinaryFunc, remainder: BinaryFunc, divmod: BinaryFunc, power: TernaryFunc,
        negative: UnaryFunc, positive: UnaryFunc, absolute: UnaryFunc, bool_: InquiryFunc, invert: UnaryFunc,
        lshift: BinaryFunc, rshift: BinaryFunc, and: BinaryFunc, xor: BinaryFunc, or: BinaryFunc,
        int: UnaryFunc, reserved: UnaryFunc, float: UnaryFunc,
        inplace_add: BinaryFunc, inplace_subtract: BinaryFunc, inplace_multiply: BinaryFunc, inplace_remainder: BinaryFunc,
        inplace_power: TernaryFunc, inplace_lshift: BinaryFunc, inplace_rshift: BinaryFunc, inplace_and: BinaryFunc,
        inplace_xor: BinaryFunc, inplace_or: BinaryFunc,
        floor_divide: BinaryFunc, true_divide: BinaryFunc, inplace_floor_divide: BinaryFunc, inplace_true_divide: BinaryFunc,
        index: UnaryFunc, matrix_multiply: BinaryFunc, inplace_matrix_multiply: BinaryFunc,
    }
}
slot_table! {
    /// `PyMappingMethods`.
    MappingMethods, "PyMappingMethods", 24 { length: LenFunc, subscript: BinaryFunc, ass_subscript: ObjObjArgProc, }
}
slot_table! {
    /// `PySequenceMethods`.
    SequenceMethods, "PySequenceMethods", 80 {
        length: LenFunc, concat: BinaryFunc, repeat: SizeArgFunc, item: SizeArgFunc, was_slice: UnaryFunc, ass_item: SizeObjArgProc,
        was_ass_slice: UnaryFunc, contains: ObjObjProc, inplace_concat: BinaryFunc, inplace_repeat: SizeArgFunc,
    }
}
slot_table! {
    /// `PyBufferProcs`.
    BufferProcs, "PyBufferProcs", 16 { getbuffer: GetBufferProc, releasebuffer: ReleaseBufferProc, }
}

const _: () = {
    assert!(offset_of!(NumberMethods, power) == 40 && offset_of!(NumberMethods, bool_) == 72);
    assert!(offset_of!(NumberMethods, inplace_add) == 152 && offset_of!(NumberMethods, index) == 264);
    assert!(offset_of!(SequenceMethods, contains) == 56 && offset_of!(MappingMethods, ass_subscript) == 16);
};
