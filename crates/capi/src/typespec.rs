//! Classes from specifications (`PyType_FromSpec` and its kin).

use crate::prelude::*;
use std::ffi::CString;
use std::mem::offset_of;
use taipan_object::alloc;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::{AsyncMethods, BufferProcs, MappingMethods, NumberMethods, SequenceMethods};
use taipan_object::typeobj::{HeapType, heap, new, ready};

/// `PyType_Spec`.
#[repr(C)]
#[allow(missing_docs)]
pub struct Spec {
    pub name: *const c_char,
    pub basicsize: c_int,
    pub itemsize: c_int,
    pub flags: c_uint,
    pub slots: *const SpecSlot,
}

const _: () = assert!(size_of::<Spec>() == 32);

/// `PyType_Slot`.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct SpecSlot {
    pub slot: c_int,
    pub value: *const c_void,
}

macro_rules! offsets {
    ($($n:literal $table:ident . $field:ident),* $(,)?) => {
        /// Where a slot with C's number lies in a heap type.
        pub fn slot_offset(slot: c_int) -> Option<c_int> {
            Some(match slot {
                $($n => (offsets!(@base $table) + offset_of!($table, $field)) as c_int,)*
                _ => return None,
            })
        }
    };
    (@base Type) => { 0 };
    (@base AsyncMethods) => { offset_of!(HeapType, as_async) };
    (@base NumberMethods) => { offset_of!(HeapType, as_number) };
    (@base MappingMethods) => { offset_of!(HeapType, as_mapping) };
    (@base SequenceMethods) => { offset_of!(HeapType, as_sequence) };
    (@base BufferProcs) => { offset_of!(HeapType, as_buffer) };
}

offsets! {
    1 BufferProcs.getbuffer, 2 BufferProcs.releasebuffer,
    3 MappingMethods.ass_subscript, 4 MappingMethods.length, 5 MappingMethods.subscript,
    6 NumberMethods.absolute, 7 NumberMethods.add, 8 NumberMethods.and, 9 NumberMethods.bool_, 10 NumberMethods.divmod,
    11 NumberMethods.float, 12 NumberMethods.floor_divide, 13 NumberMethods.index, 14 NumberMethods.inplace_add,
    15 NumberMethods.inplace_and, 16 NumberMethods.inplace_floor_divide, 17 NumberMethods.inplace_lshift,
    18 NumberMethods.inplace_multiply, 19 NumberMethods.inplace_or, 20 NumberMethods.inplace_power,
    21 NumberMethods.inplace_remainder, 22 NumberMethods.inplace_rshift, 23 NumberMethods.inplace_subtract,
    24 NumberMethods.inplace_true_divide, 25 NumberMethods.inplace_xor, 26 NumberMethods.int, 27 NumberMethods.invert,
    28 NumberMethods.lshift, 29 NumberMethods.multiply, 30 NumberMethods.negative, 31 NumberMethods.or,
    32 NumberMethods.positive, 33 NumberMethods.power, 34 NumberMethods.remainder, 35 NumberMethods.rshift,
    36 NumberMethods.subtract, 37 NumberMethods.true_divide, 38 NumberMethods.xor,
    39 SequenceMethods.ass_item, 40 SequenceMethods.concat, 41 SequenceMethods.contains, 42 SequenceMethods.inplace_concat,
    43 SequenceMethods.inplace_repeat, 44 SequenceMethods.item, 45 SequenceMethods.length, 46 SequenceMethods.repeat,
    47 Type.alloc, 48 Type.base, 49 Type.bases, 50 Type.call, 51 Type.clear, 52 Type.dealloc, 53 Type.del, 54 Type.descr_get,
    55 Type.descr_set, 56 Type.doc, 57 Type.getattr, 58 Type.getattro, 59 Type.hash, 60 Type.init, 61 Type.is_gc, 62 Type.iter,
    63 Type.iternext, 64 Type.methods, 65 Type.new, 66 Type.repr, 67 Type.richcompare, 68 Type.setattr, 69 Type.setattro,
    70 Type.str, 71 Type.traverse, 72 Type.members, 73 Type.getset, 74 Type.free,
    75 NumberMethods.matrix_multiply, 76 NumberMethods.inplace_matrix_multiply,
    77 AsyncMethods.await_, 78 AsyncMethods.aiter, 79 AsyncMethods.anext, 80 Type.finalize, 81 AsyncMethods.send, 82 Type.vectorcall,
}

const TP_BASE: c_int = 48;
const TP_BASES: c_int = 49;
const TP_DOC: c_int = 56;
const TP_MEMBERS: c_int = 72;
const TP_TOKEN: c_int = 83;

fn slots(spec: &Spec) -> impl Iterator<Item = SpecSlot> {
    let mut p = spec.slots;
    std::iter::from_fn(move || {
        // SAFETY: the table ends with slot 0.
        unsafe {
            if p.is_null() || (*p).slot == 0 {
                return None;
            }
            let s = *p;
            p = p.add(1);
            Some(s)
        }
    })
}

fn members(table: *const MemberDef) -> Vec<MemberDef> {
    let mut out = Vec::new();
    let mut p = table;
    // SAFETY: the table ends with a row without a name.
    unsafe {
        while !p.is_null() && !(*p).name.is_null() {
            out.push(*p);
            p = p.add(1);
        }
    }
    out
}

/// Offsets that members with special names give.
#[derive(Default)]
struct Offsets {
    weaklist: Option<isize>,
    dict: Option<isize>,
    vectorcall: Option<isize>,
}

fn round16(n: isize) -> isize {
    (n + 15) & !15
}

/// The class that `spec` describes.
pub fn from_spec(meta: Option<&Type>, module: Null<'_>, spec: &Spec, bases_in: Null<'_>) -> PyResult {
    if spec.name.is_null() {
        bail!(SystemError, "Type spec does not define the name field.");
    }
    let full = Text(spec.name).text().into_owned();
    let short = full.rsplit('.').next().unwrap_or(&full).to_owned();
    let (mut base_slot, mut bases_slot): (*const c_void, *const c_void) = (std::ptr::null(), std::ptr::null());
    let mut doc: *const c_char = std::ptr::null();
    let mut rows: Vec<MemberDef> = Vec::new();
    let mut token: *mut c_void = std::ptr::null_mut();
    for s in slots(spec) {
        match s.slot {
            TP_BASE => base_slot = s.value,
            TP_BASES => bases_slot = s.value,
            TP_DOC => doc = s.value.cast(),
            TP_MEMBERS => rows = members(s.value.cast()),
            TP_TOKEN => {
                token = if s.value.is_null() { (spec as *const Spec).cast_mut().cast() } else { s.value.cast_mut() }
            }
            n if slot_offset(n).is_none() => bail!(RuntimeError, "invalid slot offset"),
            _ => {}
        }
    }
    let bases = find_bases(bases_in, base_slot, bases_slot)?;
    let meta = new::calculate_metaclass(meta.unwrap_or(&taipan_object::types::type_::PyType_Type), &bases)?;
    if let Some(f) = meta.new.get()
        && f as usize != new::type_new as *const () as usize
    {
        bail!(TypeError, "Metaclasses with custom tp_new are not supported.");
    }
    let base = new::best_base(&bases)?;
    let data_offset = round16(base.basicsize.get());
    let basicsize = match spec.basicsize as isize {
        0 => base.basicsize.get(),
        n if n > 0 => n,
        n => data_offset + round16(-n),
    };
    let mut special = Offsets::default();
    for m in &mut rows {
        if m.flags & member::RELATIVE_OFFSET != 0 {
            if spec.basicsize > 0 {
                bail!(SystemError, "With Py_RELATIVE_OFFSET, basicsize must be negative.");
            }
            m.offset += data_offset;
            m.flags &= !member::RELATIVE_OFFSET;
        }
        match &*Text(m.name).text() {
            "__weaklistoffset__" => special.weaklist = Some(m.offset),
            "__dictoffset__" => special.dict = Some(m.offset),
            "__vectorcalloffset__" => special.vectorcall = Some(m.offset),
            _ => {}
        }
    }
    let cls = meta.alloc.get().unwrap_or(alloc::generic_alloc)(meta, rows.len() as isize)?;
    let ty: &Type = cls.cast();
    // SAFETY: memory from a metaclass is laid out as a heap type.
    let heap: &HeapType = unsafe { cls.cast_unchecked() };
    ty.flags.set(spec.flags as u64 | flags::HEAPTYPE);
    ty.as_async.set(&heap.as_async);
    ty.as_number.set(&heap.as_number);
    ty.as_sequence.set(&heap.as_sequence);
    ty.as_mapping.set(&heap.as_mapping);
    ty.as_buffer.set(&heap.as_buffer);
    let name = taipan_object::types::str::intern::intern_str(&short);
    heap.ht_qualname.set(Some(name.clone().into_obj()));
    heap.ht_name.set(Some(name.into_obj()));
    // The name and the docstring live as long as the process: error texts may refer to them.
    heap.ht_tpname.set(CString::new(full.as_str()).unwrap_or_default().into_raw());
    ty.name.set(heap.ht_tpname.get());
    heap.ht_module.set(module.map(Object::to_obj));
    heap.ht_token.set(token);
    ty.bases.set(Some(bases.clone().into_obj()));
    base.as_object().incref();
    ty.base.set(base);
    ty.basicsize.set(basicsize);
    ty.itemsize.set(spec.itemsize as isize);
    for s in slots(spec) {
        if matches!(s.slot, TP_BASE | TP_BASES | TP_DOC | TP_MEMBERS | TP_TOKEN) {
            continue;
        }
        if let Some(at) = slot_offset(s.slot) {
            // SAFETY: a word of the heap type that holds a pointer of the slot's kind.
            unsafe { (cls.as_ptr().cast::<u8>().offset(at as isize) as *mut *const c_void).write(s.value) };
        }
    }
    if !doc.is_null() {
        ty.doc.set(
            CString::from(
                Text(doc).bytes().to_vec().into_iter().filter_map(std::num::NonZero::new).collect::<Vec<_>>(),
            )
            .into_raw(),
        );
    }
    if !rows.is_empty() {
        // SAFETY: the class was allocated with room for the members behind it, and one more that is zero and ends the table.
        unsafe {
            let place = cls.as_ptr().cast::<u8>().offset(meta.basicsize.get()).cast::<MemberDef>();
            std::ptr::copy_nonoverlapping(rows.as_ptr(), place, rows.len());
            ty.members.set(place);
        }
    }
    if ty.dealloc.get().is_none() {
        ty.dealloc.set(Some(heap::subtype_dealloc));
    }
    if let Some(n) = special.vectorcall {
        ty.vectorcall_offset.set(n);
    }
    if let Some(n) = special.weaklist {
        ty.weaklistoffset.set(n);
    }
    if let Some(n) = special.dict {
        ty.dictoffset.set(n);
    }
    if ty.alloc.get().is_none() {
        ty.alloc.set(Some(alloc::generic_alloc));
    }
    ready::ready(ty)?;
    if ty.has_flag(flags::MANAGED_DICT) {
        taipan_object::types::dict::init_cached_keys(heap);
    }
    let dict = ready::dict_of(ty);
    if dict.get_item(intern!("__module__"))?.is_none() {
        match full.rsplit_once('.') {
            Some((m, _)) => dict.set_item(intern!("__module__"), &Str::from_utf8(m))?,
            None => (taipan_object::hooks::get().warn)(
                exceptions::DeprecationWarning,
                &format!("builtin type {full} has no __module__ attribute"),
                1,
            )?,
        }
    }
    for (name, v) in [
        ("__weaklistoffset__", special.weaklist),
        ("__dictoffset__", special.dict),
        ("__vectorcalloffset__", special.vectorcall),
    ] {
        if v.is_some() {
            dict.pop_opt(&taipan_object::types::str::intern::intern_str(name))?;
        }
    }
    ty.modified();
    Ok(cls)
}

fn find_bases(given: Null<'_>, base_slot: *const c_void, bases_slot: *const c_void) -> PyResult<Ref<Tuple>> {
    if let Some(b) = given {
        return Ok(match b.downcast::<Tuple>() {
            Some(t) => Ref::from_borrowed(t),
            None => Tuple::new(&[b]),
        });
    }
    // SAFETY: the values of these slots are objects or null.
    let (base, bases) = unsafe { (base_slot.cast::<Object>().as_ref(), bases_slot.cast::<Object>().as_ref()) };
    match (bases, base) {
        (Some(b), _) => match b.downcast::<Tuple>() {
            Some(t) => Ok(Ref::from_borrowed(t)),
            None => bail!(SystemError, "Py_tp_bases is not a tuple"),
        },
        (None, Some(b)) => Ok(Tuple::new(&[b])),
        (None, None) => Ok(Tuple::new(&[taipan_object::types::object::PyBaseObject_Type.as_object()])),
    }
}
