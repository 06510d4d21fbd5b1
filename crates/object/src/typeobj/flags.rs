//! The bits of `tp_flags`; numbers as extensions have compiled them in.
#![allow(missing_docs)]

pub const STATIC_BUILTIN: u64 = 0x2;
pub const INLINE_VALUES: u64 = 0x4;
pub const MANAGED_WEAKREF: u64 = 0x8;
pub const MANAGED_DICT: u64 = 0x10;
pub const PREHEADER: u64 = 0x18;
pub const SEQUENCE: u64 = 0x20;
pub const MAPPING: u64 = 0x40;
pub const DISALLOW_INSTANTIATION: u64 = 0x80;
pub const IMMUTABLETYPE: u64 = 0x100;
pub const HEAPTYPE: u64 = 0x200;
pub const BASETYPE: u64 = 0x400;
pub const HAVE_VECTORCALL: u64 = 0x800;
pub const READY: u64 = 0x1000;
pub const READYING: u64 = 0x2000;
pub const HAVE_GC: u64 = 0x4000;
pub const METHOD_DESCRIPTOR: u64 = 0x20000;
pub const VALID_VERSION_TAG: u64 = 0x80000;
pub const IS_ABSTRACT: u64 = 0x100000;
pub const MATCH_SELF: u64 = 0x400000;
pub const ITEMS_AT_END: u64 = 0x800000;
pub const LONG_SUBCLASS: u64 = 0x1000000;
pub const LIST_SUBCLASS: u64 = 0x2000000;
pub const TUPLE_SUBCLASS: u64 = 0x4000000;
pub const BYTES_SUBCLASS: u64 = 0x8000000;
pub const UNICODE_SUBCLASS: u64 = 0x10000000;
pub const DICT_SUBCLASS: u64 = 0x20000000;
pub const BASE_EXC_SUBCLASS: u64 = 0x40000000;
pub const TYPE_SUBCLASS: u64 = 0x80000000;
pub const HAVE_FINALIZE: u64 = 0x1;
pub const HAVE_VERSION_TAG: u64 = 0x40000;
