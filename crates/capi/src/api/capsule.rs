//! Capsules.

use crate::prelude::*;
use taipan_object::types::capsule::{self, CapsuleDestructor};

fn null<T>(r: PyResult<*mut T>) -> *mut T {
    r.unwrap_or(std::ptr::null_mut())
}

exports! {
    fn PyCapsule_New(p: *mut c_void, name: Text, destructor: Option<CapsuleDestructor>) -> PyResult {
        // SAFETY: null or a C string that outlives the capsule: the caller's contract.
        obj(unsafe { capsule::new(p, name.0, destructor) })
    }
    fn PyCapsule_IsValid(o: Null<'_>, name: Text) -> c_int {
        // SAFETY: null or a C string.
        o.is_some_and(|o| unsafe { capsule::is_valid(o, name.0) }) as c_int
    }
    fn PyCapsule_GetPointer(o: Null<'_>, name: Text) -> *mut c_void {
        let Some(o) = o else {
            let _ = raise!(ValueError, "PyCapsule_GetPointer called with invalid PyCapsule object");
            return std::ptr::null_mut();
        };
        // SAFETY: null or a C string.
        null(unsafe { capsule::get_pointer(o, name.0) })
    }
    fn PyCapsule_GetName(o: &Object) -> *const c_char { capsule::get_name(o).unwrap_or(std::ptr::null()) }
    fn PyCapsule_GetDestructor(o: &Object) -> Option<CapsuleDestructor> { capsule::get_destructor(o).unwrap_or(None) }
    fn PyCapsule_GetContext(o: &Object) -> *mut c_void { null(capsule::get_context(o)) }
    fn PyCapsule_SetPointer(o: &Object, p: *mut c_void) -> c_int { status(capsule::set_pointer(o, p)) }
    fn PyCapsule_SetName(o: &Object, name: Text) -> c_int {
        // SAFETY: null or a C string that outlives the capsule.
        status(unsafe { capsule::set_name(o, name.0) })
    }
    fn PyCapsule_SetDestructor(o: &Object, f: Option<CapsuleDestructor>) -> c_int { status(capsule::set_destructor(o, f)) }
    fn PyCapsule_SetContext(o: &Object, p: *mut c_void) -> c_int { status(capsule::set_context(o, p)) }
    fn PyCapsule_Import(name: Text, _no_block: c_int) -> *mut c_void {
        // SAFETY: a C string.
        null(unsafe { capsule::import(name.0) })
    }
}
