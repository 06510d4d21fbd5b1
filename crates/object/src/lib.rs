//! The object model: layouts, reference counts, types and slots, calling, errors, thread state, and every built-in type.
//!
//! It does not know the evaluation loop: Python functions are called through their type's slots, and what else is needed from
//! above comes through [`hooks`]. Layouts are CPython 3.14's, asserted at compile time, so that compiled extensions work on them.

extern crate self as taipan_object;

pub mod alloc;
pub mod args;
pub mod buffer;
pub mod codecs;
pub mod error;
pub mod freelist;
pub mod gc;
pub mod gil;
pub mod header;
pub mod hooks;
pub mod method;
pub mod native;
pub mod protocol;
pub mod suggestions;
pub mod thread;
pub mod typeobj;
pub mod types;

pub use error::{PyResult, Raised};
pub use header::{Layout, Obj, ObjCell, Object, Ref, VarObject};
pub use taipan_clinic::{classmethod, function, method, staticmethod};
pub use thread::{Interp, Thread};
pub use typeobj::{Type, TypeDef, flags};
pub use types::str::intern::InternedCell;
