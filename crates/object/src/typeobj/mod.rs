//! Type objects: the layout of `PyTypeObject`, its flags, and the machinery behind `class`.
//!
//! - `slots.rs`: slot signatures and tables; `slotdefs.rs`: which dunder name fills which slot, with the functions both ways
//! - `ready.rs`: filling in a type (inheritance of slots, MRO, dict); `mro.rs`: C3
//! - `lookup.rs`: attribute look-up along the MRO, method cache, version tags
//! - `new.rs`: `type.__new__`; `heap.rs`: heap types and the slots of their instances; `methods.rs`: the type `type` itself

pub mod flags;
pub mod heap;
pub mod lookup;
pub mod methods;
pub mod mro;
pub mod new;
pub mod ready;
pub mod slotdefs;
#[allow(missing_docs)]
pub mod slotfuncs;
pub mod slots;
pub mod update;
#[allow(missing_docs)]
pub mod wrappers;

use crate::header::{Obj, ObjCell, Object, VarObject};
use crate::method::{GetSetDef, MemberDef, MethodDef};
use slots::*;
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::mem::offset_of;

/// A type (`PyTypeObject`). Built-in ones are `static`s made from a [`TypeDef`]; classes are [`HeapType`]s.
#[repr(C)]
#[allow(missing_docs)]
pub struct Type {
    pub ob_base: VarObject,
    pub name: Cell<*const c_char>,
    pub basicsize: Cell<isize>,
    pub itemsize: Cell<isize>,
    pub dealloc: Slot<Destructor>,
    pub vectorcall_offset: Cell<isize>,
    pub getattr: Slot<GetAttrFunc>,
    pub setattr: Slot<SetAttrFunc>,
    pub as_async: Cell<*const AsyncMethods>,
    pub repr: Slot<UnaryFunc>,
    pub as_number: Cell<*const NumberMethods>,
    pub as_sequence: Cell<*const SequenceMethods>,
    pub as_mapping: Cell<*const MappingMethods>,
    pub hash: Slot<HashFunc>,
    pub call: Slot<CallFunc>,
    pub str: Slot<UnaryFunc>,
    pub getattro: Slot<GetAttroFunc>,
    pub setattro: Slot<SetAttroFunc>,
    pub as_buffer: Cell<*const BufferProcs>,
    pub flags: Cell<u64>,
    pub doc: Cell<*const c_char>,
    pub traverse: Slot<TraverseProc>,
    pub clear: Slot<InquiryFunc>,
    pub richcompare: Slot<RichCompareFunc>,
    pub weaklistoffset: Cell<isize>,
    pub iter: Slot<UnaryFunc>,
    pub iternext: Slot<IterNextFunc>,
    pub methods: Cell<*const MethodDef>,
    pub members: Cell<*const MemberDef>,
    pub getset: Cell<*const GetSetDef>,
    pub base: Cell<*const Type>,
    pub dict: ObjCell,
    pub descr_get: Slot<DescrGetFunc>,
    pub descr_set: Slot<DescrSetFunc>,
    pub dictoffset: Cell<isize>,
    pub init: Slot<InitProc>,
    pub alloc: Slot<AllocFunc>,
    pub new: Slot<NewFunc>,
    pub free: Slot<FreeFunc>,
    pub is_gc: Slot<InquiryFunc>,
    pub bases: ObjCell,
    pub mro: ObjCell,
    pub cache: ObjCell,
    pub subclasses: Cell<*mut c_void>,
    pub weaklist: Cell<*mut Object>,
    pub del: Slot<FinalizeFunc>,
    pub version_tag: Cell<u32>,
    pub finalize: Slot<FinalizeFunc>,
    pub vectorcall: Slot<VectorcallFunc>,
    pub watched: Cell<u8>,
    pub versions_used: Cell<u16>,
}

const _: () = {
    assert!(size_of::<Type>() == 416);
    assert!(offset_of!(Type, name) == 24 && offset_of!(Type, dealloc) == 48 && offset_of!(Type, as_number) == 96);
    assert!(
        offset_of!(Type, getattro) == 144 && offset_of!(Type, flags) == 168 && offset_of!(Type, richcompare) == 200
    );
    assert!(offset_of!(Type, methods) == 232 && offset_of!(Type, dict) == 264 && offset_of!(Type, dictoffset) == 288);
    assert!(offset_of!(Type, free) == 320 && offset_of!(Type, mro) == 344 && offset_of!(Type, version_tag) == 384);
    assert!(
        offset_of!(Type, finalize) == 392 && offset_of!(Type, vectorcall) == 400 && offset_of!(Type, watched) == 408
    );
    assert!(offset_of!(Type, versions_used) == 410);
};

// SAFETY: types change only under the interpreter lock.
unsafe impl Sync for Type {}

/// What a built-in type is made of: the fields of [`Type`] that its author fills in. Used with struct update syntax from
/// [`TypeDef::EMPTY`] in a `static`.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct TypeDef {
    /// Dotted name; the part before the last dot becomes `__module__` ("builtins" without a dot).
    pub name: &'static CStr,
    pub basicsize: usize,
    pub itemsize: usize,
    /// Bits from [`flags`]; `IMMUTABLETYPE` and the static-builtin bit are added.
    pub flags: u64,
    /// The base; `object` when `None`.
    pub base: Option<&'static Type>,
    pub doc: Option<&'static CStr>,
    pub dealloc: Option<Destructor>,
    pub vectorcall_offset: usize,
    pub as_async: Option<&'static AsyncMethods>,
    pub repr: Option<UnaryFunc>,
    pub as_number: Option<&'static NumberMethods>,
    pub as_sequence: Option<&'static SequenceMethods>,
    pub as_mapping: Option<&'static MappingMethods>,
    pub hash: Option<HashFunc>,
    pub call: Option<CallFunc>,
    pub str: Option<UnaryFunc>,
    pub getattro: Option<GetAttroFunc>,
    pub setattro: Option<SetAttroFunc>,
    pub as_buffer: Option<&'static BufferProcs>,
    pub traverse: Option<TraverseProc>,
    pub clear: Option<InquiryFunc>,
    pub richcompare: Option<RichCompareFunc>,
    pub weaklistoffset: isize,
    pub iter: Option<UnaryFunc>,
    pub iternext: Option<IterNextFunc>,
    /// From [`crate::methods!`].
    pub methods: Option<&'static [MethodDef]>,
    /// From [`crate::members!`].
    pub members: Option<&'static [MemberDef]>,
    /// From [`crate::getsets!`].
    pub getset: Option<&'static [GetSetDef]>,
    pub descr_get: Option<DescrGetFunc>,
    pub descr_set: Option<DescrSetFunc>,
    pub dictoffset: isize,
    pub init: Option<InitProc>,
    pub alloc: Option<AllocFunc>,
    pub new: Option<NewFunc>,
    pub free: Option<FreeFunc>,
    pub is_gc: Option<InquiryFunc>,
    pub finalize: Option<FinalizeFunc>,
    pub vectorcall: Option<VectorcallFunc>,
}

impl TypeDef {
    /// Nothing filled in.
    pub const EMPTY: TypeDef = TypeDef {
        name: c"?",
        basicsize: 16,
        itemsize: 0,
        flags: 0,
        base: None,
        doc: None,
        dealloc: None,
        vectorcall_offset: 0,
        as_async: None,
        repr: None,
        as_number: None,
        as_sequence: None,
        as_mapping: None,
        hash: None,
        call: None,
        str: None,
        getattro: None,
        setattro: None,
        as_buffer: None,
        traverse: None,
        clear: None,
        richcompare: None,
        weaklistoffset: 0,
        iter: None,
        iternext: None,
        methods: None,
        members: None,
        getset: None,
        descr_get: None,
        descr_set: None,
        dictoffset: 0,
        init: None,
        alloc: None,
        new: None,
        free: None,
        is_gc: None,
        finalize: None,
        vectorcall: None,
    };
}

const fn table<T>(t: Option<&'static T>) -> Cell<*const T> {
    Cell::new(match t {
        Some(t) => t,
        None => std::ptr::null(),
    })
}

const fn array<T>(t: Option<&'static [T]>) -> Cell<*const T> {
    Cell::new(match t {
        Some(t) => t.as_ptr(),
        None => std::ptr::null(),
    })
}

impl Type {
    /// The static type that `d` describes. It becomes usable once [`crate::init`] has readied it.
    pub const fn new_static(d: TypeDef) -> Type {
        Type::with_flags(d, flags::IMMUTABLETYPE | flags::STATIC_BUILTIN)
    }

    /// A static type without the flags of built-in ones.
    pub const fn with_flags(d: TypeDef, extra: u64) -> Type {
        Type {
            ob_base: VarObject::immortal(&crate::types::type_::PyType_Type, 0),
            name: Cell::new(d.name.as_ptr()),
            basicsize: Cell::new(d.basicsize as isize),
            itemsize: Cell::new(d.itemsize as isize),
            dealloc: Slot::from_opt(d.dealloc),
            vectorcall_offset: Cell::new(d.vectorcall_offset as isize),
            getattr: Slot::NONE,
            setattr: Slot::NONE,
            as_async: table(d.as_async),
            repr: Slot::from_opt(d.repr),
            as_number: table(d.as_number),
            as_sequence: table(d.as_sequence),
            as_mapping: table(d.as_mapping),
            hash: Slot::from_opt(d.hash),
            call: Slot::from_opt(d.call),
            str: Slot::from_opt(d.str),
            getattro: Slot::from_opt(d.getattro),
            setattro: Slot::from_opt(d.setattro),
            as_buffer: table(d.as_buffer),
            flags: Cell::new(d.flags | extra),
            doc: Cell::new(match d.doc {
                Some(s) => s.as_ptr(),
                None => std::ptr::null(),
            }),
            traverse: Slot::from_opt(d.traverse),
            clear: Slot::from_opt(d.clear),
            richcompare: Slot::from_opt(d.richcompare),
            weaklistoffset: Cell::new(d.weaklistoffset),
            iter: Slot::from_opt(d.iter),
            iternext: Slot::from_opt(d.iternext),
            methods: array(d.methods),
            members: array(d.members),
            getset: array(d.getset),
            base: table(d.base),
            dict: ObjCell::empty(),
            descr_get: Slot::from_opt(d.descr_get),
            descr_set: Slot::from_opt(d.descr_set),
            dictoffset: Cell::new(d.dictoffset),
            init: Slot::from_opt(d.init),
            alloc: Slot::from_opt(d.alloc),
            new: Slot::from_opt(d.new),
            free: Slot::from_opt(d.free),
            is_gc: Slot::from_opt(d.is_gc),
            bases: ObjCell::empty(),
            mro: ObjCell::empty(),
            cache: ObjCell::empty(),
            subclasses: Cell::new(std::ptr::null_mut()),
            weaklist: Cell::new(std::ptr::null_mut()),
            del: Slot::NONE,
            version_tag: Cell::new(0),
            finalize: Slot::from_opt(d.finalize),
            vectorcall: Slot::from_opt(d.vectorcall),
            watched: Cell::new(0),
            versions_used: Cell::new(0),
        }
    }

    /// The type as an object.
    #[inline(always)]
    pub fn as_object(&self) -> &Object {
        &self.ob_base.ob_base
    }

    /// A new reference to the type.
    #[inline]
    pub fn to_obj(&self) -> Obj {
        self.as_object().to_obj()
    }

    /// Whether all of `bits` are set in `tp_flags`.
    #[inline(always)]
    pub fn has_flag(&self, bits: u64) -> bool {
        self.flags.get() & bits == bits
    }

    /// Sets flag bits.
    pub fn add_flags(&self, bits: u64) {
        self.flags.set(self.flags.get() | bits);
    }

    /// Clears flag bits.
    pub fn remove_flags(&self, bits: u64) {
        self.flags.set(self.flags.get() & !bits);
    }

    /// Whether the type was made by a `class` statement or `PyType_FromSpec`.
    #[inline(always)]
    pub fn is_heap(&self) -> bool {
        self.has_flag(flags::HEAPTYPE)
    }

    /// `tp_name` as C sees it: with the module, for static types that have one.
    pub fn name_cstr(&self) -> &CStr {
        // SAFETY: `tp_name` is a NUL-terminated string that lives as long as the type.
        unsafe { CStr::from_ptr(self.name.get()) }
    }

    /// `tp_name` as text (what `%.100s` of `tp_name` prints in error texts).
    pub fn name_str(&self) -> &str {
        self.name_cstr().to_str().unwrap_or("?")
    }

    /// `tp_name` after the last dot: `__name__`.
    pub fn short_name(&self) -> &str {
        let n = self.name_str();
        n.rsplit_once('.').map_or(n, |(_, s)| s)
    }

    /// The number slots, if the type has a table.
    #[inline(always)]
    pub fn number(&self) -> Option<&NumberMethods> {
        // SAFETY: slot tables are static or part of the heap type.
        unsafe { self.as_number.get().as_ref() }
    }
    /// The sequence slots.
    #[inline(always)]
    pub fn sequence(&self) -> Option<&SequenceMethods> {
        // SAFETY: as above.
        unsafe { self.as_sequence.get().as_ref() }
    }
    /// The mapping slots.
    #[inline(always)]
    pub fn mapping(&self) -> Option<&MappingMethods> {
        // SAFETY: as above.
        unsafe { self.as_mapping.get().as_ref() }
    }
    /// The async slots.
    #[inline(always)]
    pub fn async_(&self) -> Option<&AsyncMethods> {
        // SAFETY: as above.
        unsafe { self.as_async.get().as_ref() }
    }
    /// The buffer slots.
    #[inline(always)]
    pub fn buffer(&self) -> Option<&BufferProcs> {
        // SAFETY: as above.
        unsafe { self.as_buffer.get().as_ref() }
    }
    /// The first base.
    #[inline(always)]
    pub fn base(&self) -> Option<&Type> {
        // SAFETY: a type keeps its base alive.
        unsafe { self.base.get().as_ref() }
    }

    /// Whether this type is `other` or derives from it (`PyType_IsSubtype`): looks along the MRO.
    pub fn is_subtype(&self, other: &Type) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        match self.mro.get() {
            Some(mro) => {
                let mro: &crate::types::tuple::Tuple = mro.cast();
                mro.items().iter().any(|t| std::ptr::eq(t.as_ptr(), other.as_object()))
            }
            None => {
                let mut t = self.base();
                while let Some(b) = t {
                    if std::ptr::eq(b, other) {
                        return true;
                    }
                    t = b.base();
                }
                std::ptr::eq(other, &crate::types::object::PyBaseObject_Type)
            }
        }
    }
}

/// Keys of a class's instances that share them, kept by `dict.rs`.
pub type CachedKeys = c_void;

/// A class (`PyHeapTypeObject`), with its slot tables inside.
#[repr(C)]
#[allow(missing_docs)]
pub struct HeapType {
    pub ht_type: Type,
    pub as_async: AsyncMethods,
    pub as_number: NumberMethods,
    pub as_mapping: MappingMethods,
    pub as_sequence: SequenceMethods,
    pub as_buffer: BufferProcs,
    pub ht_name: ObjCell,
    pub ht_slots: ObjCell,
    pub ht_qualname: ObjCell,
    pub ht_cached_keys: Cell<*mut CachedKeys>,
    pub ht_module: ObjCell,
    pub ht_tpname: Cell<*mut c_char>,
    pub ht_token: Cell<*mut c_void>,
    pub spec_cache: SpecializationCache,
}

/// What the specialiser remembers per class.
#[repr(C)]
#[allow(missing_docs)]
pub struct SpecializationCache {
    pub getitem: Cell<*mut Object>,
    pub getitem_version: Cell<u32>,
    pub init: Cell<*mut Object>,
}

const _: () = {
    assert!(size_of::<HeapType>() == 936);
    assert!(offset_of!(HeapType, as_number) == 448 && offset_of!(HeapType, as_mapping) == 736);
    assert!(offset_of!(HeapType, as_sequence) == 760 && offset_of!(HeapType, as_buffer) == 840);
    assert!(offset_of!(HeapType, ht_name) == 856 && offset_of!(HeapType, ht_cached_keys) == 880);
    assert!(offset_of!(HeapType, ht_token) == 904 && offset_of!(HeapType, spec_cache) == 912);
};

// SAFETY: `Type` is `PyTypeObject`; every instance of `type` and of its subclasses starts with one.
unsafe impl crate::Layout for Type {
    #[inline(always)]
    fn type_object() -> &'static Type {
        &crate::types::type_::PyType_Type
    }
    #[inline(always)]
    fn is_instance(obj: &Object) -> bool {
        obj.ty().has_flag(flags::TYPE_SUBCLASS)
    }
}
