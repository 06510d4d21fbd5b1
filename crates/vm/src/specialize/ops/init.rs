//! The frame between a call of a class and its `__init__`: it checks that `None` was returned, and returns the new object.

use crate::code::CodeObject;
use crate::code::build::Parts;
use crate::eval::ops::prelude::*;
use std::sync::atomic::{AtomicPtr, Ordering};
use taipan_bytecode::Op;
use taipan_bytecode::code::flags;
use taipan_object::types::bytes::Bytes;

static CLEANUP: AtomicPtr<CodeObject> = AtomicPtr::new(std::ptr::null_mut());

/// The code of that frame. It has no `RESUME`, so no one is ever shown the frame.
pub fn cleanup_code() -> Option<&'static CodeObject> {
    let p = CLEANUP.load(Ordering::Relaxed);
    if !p.is_null() {
        // SAFETY: immortal once made.
        return Some(unsafe { &*p });
    }
    make().map_err(|e| e.clear()).ok()
}

#[cold]
fn make() -> PyResult<&'static CodeObject> {
    let mut code = Vec::new();
    for op in [Op::NOP, Op::EXIT_INIT_CHECK, Op::RETURN_VALUE] {
        code.extend_from_slice(&[op as u8, 0]);
    }
    let empty = || Tuple::from_vec(Vec::new());
    let bytes = || Bytes::new(&[]).into_obj();
    let name = Str::from_utf8("__init__").into_obj();
    let c = CodeObject::from_parts(Parts {
        code: &code,
        consts: empty().into_obj(),
        names: empty().into_obj(),
        localsplusnames: empty(),
        localspluskinds: taipan_object::types::bytes::Bytes::empty(),
        filename: name.clone(),
        name: name.clone(),
        qualname: name,
        linetable: bytes(),
        exceptiontable: bytes(),
        flags: flags::OPTIMIZED | flags::NO_MONITORING_EVENTS,
        argcount: 0,
        posonlyargcount: 0,
        kwonlyargcount: 0,
        stacksize: 2,
        firstlineno: 1,
    })?;
    c.make_immortal();
    let p = c.into_obj().into_raw().cast::<CodeObject>();
    CLEANUP.store(p, Ordering::Relaxed);
    // SAFETY: immortal now.
    Ok(unsafe { &*p })
}

/// Units from the frame's first instruction to where it goes on.
pub const RETURN_OFFSET: u16 = 1;
