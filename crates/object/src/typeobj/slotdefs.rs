//! The slot table: which special method fills which slot, the function that makes a slot call its special method, and the wrapper that makes a
//! special method call its slot. Everything about slots and dunder names is derived from this table.

use super::slotfuncs as f;
use super::wrappers as w;
use crate::error::PyResult;
use crate::header::Object;
use crate::typeobj::slots::{AsyncMethods, BufferProcs, MappingMethods, NumberMethods, SequenceMethods};
use crate::typeobj::{HeapType, Type};
use crate::types::str::intern::{intern_immortal, intern_str};
use crate::types::tuple::Tuple;
use std::ffi::{c_char, c_int, c_void};
use std::mem::offset_of;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Calls a slot (`wrapped`) with Python arguments.
pub type Wrapper = fn(&Object, &Tuple, *const c_void, Option<&Object>) -> PyResult;

/// One row (`wrapperbase`), with the layout that Cython knows.
#[repr(C)]
pub struct SlotDef {
    /// The special method.
    pub name: *const c_char,
    /// The slot, as an offset into [`HeapType`].
    pub offset: c_int,
    /// What goes into the slot of a class that defines the method.
    pub function: *const c_void,
    /// How the slot is called as a method; `None` for rows that only fill slots.
    pub wrapper: Option<Wrapper>,
    /// Signature and docstring.
    pub doc: *const c_char,
    /// 1 when the wrapper takes keywords.
    pub flags: c_int,
    /// The interned name; filled in at start-up by the descriptor that is made from the row.
    pub name_strobj: *const c_void,
}

// SAFETY: immutable.
unsafe impl Sync for SlotDef {}
const _: () = assert!(size_of::<SlotDef>() == 56);

impl SlotDef {
    /// The special method's name.
    pub fn name_str(&self) -> &'static str {
        // SAFETY: rows hold static C strings.
        unsafe { std::ffi::CStr::from_ptr(self.name) }.to_str().unwrap_or("?")
    }

    /// The special method's name as an interned string.
    pub fn interned(&self) -> &'static Object {
        static NAMES: [AtomicPtr<Object>; MAX_ROWS] = [const { AtomicPtr::new(std::ptr::null_mut()) }; MAX_ROWS];
        // Rows that extension modules bring are not in the table.
        let at = (self as *const SlotDef as usize).wrapping_sub(SLOT_DEFS.as_ptr() as usize) / size_of::<SlotDef>();
        let Some(cell) = NAMES.get(at).filter(|_| at < SLOT_DEFS.len()) else {
            return intern_immortal(intern_str(self.name_str()));
        };
        // SAFETY: a filled cell holds an immortal string.
        if let Some(o) = unsafe { cell.load(Ordering::Relaxed).as_ref() } {
            return o;
        }
        let name = intern_immortal(intern_str(self.name_str()));
        cell.store(name.as_ptr(), Ordering::Release);
        name
    }
}

/// At least as many as there are rows.
const MAX_ROWS: usize = 128;
const _: () = assert!(SLOT_DEFS.len() <= MAX_ROWS);

const NB: usize = offset_of!(HeapType, as_number);
const SQ: usize = offset_of!(HeapType, as_sequence);
const MP: usize = offset_of!(HeapType, as_mapping);
const AM: usize = offset_of!(HeapType, as_async);
const BF: usize = offset_of!(HeapType, as_buffer);

macro_rules! rows {
    (@off tp $field:ident) => { offset_of!(Type, $field) };
    (@off nb $field:ident) => { NB + offset_of!(NumberMethods, $field) };
    (@off sq $field:ident) => { SQ + offset_of!(SequenceMethods, $field) };
    (@off mp $field:ident) => { MP + offset_of!(MappingMethods, $field) };
    (@off am $field:ident) => { AM + offset_of!(AsyncMethods, $field) };
    (@off bf $field:ident) => { BF + offset_of!(BufferProcs, $field) };
    (@wrap -) => { None };
    (@wrap $wrap:ident) => { Some(w::$wrap as Wrapper) };
    (@fun -) => { std::ptr::null() };
    (@fun $fun:ident) => { f::$fun as *const c_void };
    ($($name:literal $group:ident.$field:ident $fun:tt $wrap:tt $sig:literal $doc:literal $($kw:literal)?;)*) => {
        &[$(SlotDef {
            name: concat!($name, "\0").as_ptr().cast(),
            offset: rows!(@off $group $field) as c_int,
            function: rows!(@fun $fun),
            wrapper: rows!(@wrap $wrap),
            doc: concat!($name, $sig, "\n--\n\n", $doc, "\0").as_ptr().cast(),
            flags: 0 $(+ $kw)?,
            name_strobj: std::ptr::null(),
        }),*]
    };
}

/// All rows, in the order in which slots take precedence for a name.
pub static SLOT_DEFS: &[SlotDef] = rows! {
    "__getattribute__" tp.getattro getattr_hook wrap_binary "($self, name, /)" "Return getattr(self, name).";
    "__getattr__" tp.getattro getattr_hook - "" "";
    "__setattr__" tp.setattro setattro wrap_setattr "($self, name, value, /)" "Implement setattr(self, name, value).";
    "__delattr__" tp.setattro setattro wrap_delattr "($self, name, /)" "Implement delattr(self, name).";
    "__repr__" tp.repr repr wrap_unary "($self, /)" "Return repr(self).";
    "__hash__" tp.hash hash wrap_hash "($self, /)" "Return hash(self).";
    "__call__" tp.call call wrap_call "($self, /, *args, **kwargs)" "Call self as a function." 1;
    "__str__" tp.str str wrap_unary "($self, /)" "Return str(self).";
    "__lt__" tp.richcompare richcompare wrap_lt "($self, value, /)" "Return self<value.";
    "__le__" tp.richcompare richcompare wrap_le "($self, value, /)" "Return self<=value.";
    "__eq__" tp.richcompare richcompare wrap_eq "($self, value, /)" "Return self==value.";
    "__ne__" tp.richcompare richcompare wrap_ne "($self, value, /)" "Return self!=value.";
    "__gt__" tp.richcompare richcompare wrap_gt "($self, value, /)" "Return self>value.";
    "__ge__" tp.richcompare richcompare wrap_ge "($self, value, /)" "Return self>=value.";
    "__iter__" tp.iter iter wrap_unary "($self, /)" "Implement iter(self).";
    "__next__" tp.iternext iternext wrap_next "($self, /)" "Implement next(self).";
    "__get__" tp.descr_get descr_get wrap_descr_get "($self, instance, owner=None, /)" "Return an attribute of instance, which is of type owner.";
    "__set__" tp.descr_set descr_set wrap_descr_set "($self, instance, value, /)" "Set an attribute of instance to value.";
    "__delete__" tp.descr_set descr_set wrap_descr_delete "($self, instance, /)" "Delete an attribute of instance.";
    "__init__" tp.init init wrap_init "($self, /, *args, **kwargs)" "Initialize self.  See help(type(self)) for accurate signature." 1;
    "__new__" tp.new new - "($type, *args, **kwargs)" "Create and return new object.";
    "__del__" tp.finalize finalize wrap_del "($self, /)" "Called when the instance is about to be destroyed.";
    "__buffer__" bf.getbuffer getbuffer wrap_buffer "($self, flags, /)" "Return a buffer object that exposes the underlying memory of the object.";
    "__release_buffer__" bf.releasebuffer releasebuffer wrap_release_buffer "($self, buffer, /)" "Release the buffer object that exposes the underlying memory of the object.";
    "__await__" am.await_ await_ wrap_unary "($self, /)" "Return an iterator to be used in await expression.";
    "__aiter__" am.aiter aiter wrap_unary "($self, /)" "Return an awaitable, that resolves in asynchronous iterator.";
    "__anext__" am.anext anext wrap_unary "($self, /)" "Return a value or raise StopAsyncIteration.";
    "__add__" nb.add nb_add wrap_binary_l "($self, value, /)" "Return self+value.";
    "__radd__" nb.add nb_add wrap_binary_r "($self, value, /)" "Return value+self.";
    "__sub__" nb.subtract nb_subtract wrap_binary_l "($self, value, /)" "Return self-value.";
    "__rsub__" nb.subtract nb_subtract wrap_binary_r "($self, value, /)" "Return value-self.";
    "__mul__" nb.multiply nb_multiply wrap_binary_l "($self, value, /)" "Return self*value.";
    "__rmul__" nb.multiply nb_multiply wrap_binary_r "($self, value, /)" "Return value*self.";
    "__mod__" nb.remainder nb_remainder wrap_binary_l "($self, value, /)" "Return self%value.";
    "__rmod__" nb.remainder nb_remainder wrap_binary_r "($self, value, /)" "Return value%self.";
    "__divmod__" nb.divmod nb_divmod wrap_binary_l "($self, value, /)" "Return divmod(self, value).";
    "__rdivmod__" nb.divmod nb_divmod wrap_binary_r "($self, value, /)" "Return divmod(value, self).";
    "__pow__" nb.power nb_power wrap_ternary "($self, value, mod=None, /)" "Return pow(self, value, mod).";
    "__rpow__" nb.power nb_power wrap_ternary_r "($self, value, mod=None, /)" "Return pow(value, self, mod).";
    "__neg__" nb.negative nb_negative wrap_unary "($self, /)" "-self";
    "__pos__" nb.positive nb_positive wrap_unary "($self, /)" "+self";
    "__abs__" nb.absolute nb_absolute wrap_unary "($self, /)" "abs(self)";
    "__bool__" nb.bool_ nb_bool wrap_inquiry "($self, /)" "True if self else False";
    "__invert__" nb.invert nb_invert wrap_unary "($self, /)" "~self";
    "__lshift__" nb.lshift nb_lshift wrap_binary_l "($self, value, /)" "Return self<<value.";
    "__rlshift__" nb.lshift nb_lshift wrap_binary_r "($self, value, /)" "Return value<<self.";
    "__rshift__" nb.rshift nb_rshift wrap_binary_l "($self, value, /)" "Return self>>value.";
    "__rrshift__" nb.rshift nb_rshift wrap_binary_r "($self, value, /)" "Return value>>self.";
    "__and__" nb.and nb_and wrap_binary_l "($self, value, /)" "Return self&value.";
    "__rand__" nb.and nb_and wrap_binary_r "($self, value, /)" "Return value&self.";
    "__xor__" nb.xor nb_xor wrap_binary_l "($self, value, /)" "Return self^value.";
    "__rxor__" nb.xor nb_xor wrap_binary_r "($self, value, /)" "Return value^self.";
    "__or__" nb.or nb_or wrap_binary_l "($self, value, /)" "Return self|value.";
    "__ror__" nb.or nb_or wrap_binary_r "($self, value, /)" "Return value|self.";
    "__int__" nb.int nb_int wrap_unary "($self, /)" "int(self)";
    "__float__" nb.float nb_float wrap_unary "($self, /)" "float(self)";
    "__iadd__" nb.inplace_add nb_inplace_add wrap_binary "($self, value, /)" "Return self+=value.";
    "__isub__" nb.inplace_subtract nb_inplace_subtract wrap_binary "($self, value, /)" "Return self-=value.";
    "__imul__" nb.inplace_multiply nb_inplace_multiply wrap_binary "($self, value, /)" "Return self*=value.";
    "__imod__" nb.inplace_remainder nb_inplace_remainder wrap_binary "($self, value, /)" "Return self%=value.";
    "__ipow__" nb.inplace_power nb_inplace_power wrap_ternary "($self, value, /)" "Return self**=value.";
    "__ilshift__" nb.inplace_lshift nb_inplace_lshift wrap_binary "($self, value, /)" "Return self<<=value.";
    "__irshift__" nb.inplace_rshift nb_inplace_rshift wrap_binary "($self, value, /)" "Return self>>=value.";
    "__iand__" nb.inplace_and nb_inplace_and wrap_binary "($self, value, /)" "Return self&=value.";
    "__ixor__" nb.inplace_xor nb_inplace_xor wrap_binary "($self, value, /)" "Return self^=value.";
    "__ior__" nb.inplace_or nb_inplace_or wrap_binary "($self, value, /)" "Return self|=value.";
    "__floordiv__" nb.floor_divide nb_floor_divide wrap_binary_l "($self, value, /)" "Return self//value.";
    "__rfloordiv__" nb.floor_divide nb_floor_divide wrap_binary_r "($self, value, /)" "Return value//self.";
    "__truediv__" nb.true_divide nb_true_divide wrap_binary_l "($self, value, /)" "Return self/value.";
    "__rtruediv__" nb.true_divide nb_true_divide wrap_binary_r "($self, value, /)" "Return value/self.";
    "__ifloordiv__" nb.inplace_floor_divide nb_inplace_floor_divide wrap_binary "($self, value, /)" "Return self//=value.";
    "__itruediv__" nb.inplace_true_divide nb_inplace_true_divide wrap_binary "($self, value, /)" "Return self/=value.";
    "__index__" nb.index nb_index wrap_unary "($self, /)" "Return self converted to an integer, if self is suitable for use as an index into a list.";
    "__matmul__" nb.matrix_multiply nb_matrix_multiply wrap_binary_l "($self, value, /)" "Return self@value.";
    "__rmatmul__" nb.matrix_multiply nb_matrix_multiply wrap_binary_r "($self, value, /)" "Return value@self.";
    "__imatmul__" nb.inplace_matrix_multiply nb_inplace_matrix_multiply wrap_binary "($self, value, /)" "Return self@=value.";
    "__len__" mp.length length wrap_len "($self, /)" "Return len(self).";
    "__getitem__" mp.subscript mp_subscript wrap_binary "($self, key, /)" "Return self[key].";
    "__setitem__" mp.ass_subscript mp_ass_subscript wrap_set_item "($self, key, value, /)" "Set self[key] to value.";
    "__delitem__" mp.ass_subscript mp_ass_subscript wrap_del_item "($self, key, /)" "Delete self[key].";
    "__len__" sq.length length wrap_len "($self, /)" "Return len(self).";
    "__add__" sq.concat - wrap_binary "($self, value, /)" "Return self+value.";
    "__mul__" sq.repeat - wrap_index "($self, value, /)" "Return self*value.";
    "__rmul__" sq.repeat - wrap_index "($self, value, /)" "Return value*self.";
    "__getitem__" sq.item sq_item wrap_sq_item "($self, key, /)" "Return self[key].";
    "__setitem__" sq.ass_item sq_ass_item wrap_sq_set_item "($self, key, value, /)" "Set self[key] to value.";
    "__delitem__" sq.ass_item sq_ass_item wrap_sq_del_item "($self, key, /)" "Delete self[key].";
    "__contains__" sq.contains contains wrap_contains "($self, key, /)" "Return bool(key in self).";
    "__iadd__" sq.inplace_concat - wrap_binary "($self, value, /)" "Implement self+=value.";
    "__imul__" sq.inplace_repeat - wrap_index "($self, value, /)" "Implement self*=value.";
};

/// The word of a slot in a type: in the heap type, or in the table that a static type points to. `None` when there is no such table.
pub fn slot_word(ty: &Type, offset: c_int) -> Option<*mut *const c_void> {
    let offset = offset as usize;
    let (table, rest): (*const u8, usize) = if offset >= BF {
        (ty.as_buffer.get().cast(), offset - BF)
    } else if offset >= SQ {
        (ty.as_sequence.get().cast(), offset - SQ)
    } else if offset >= MP {
        (ty.as_mapping.get().cast(), offset - MP)
    } else if offset >= NB {
        (ty.as_number.get().cast(), offset - NB)
    } else if offset >= AM {
        (ty.as_async.get().cast(), offset - AM)
    } else {
        ((ty as *const Type).cast(), offset)
    };
    if table.is_null() {
        return None;
    }
    // SAFETY: the offset lies within the table that the group names.
    Some(unsafe { table.add(rest) as *mut *const c_void })
}

/// The function in a slot, or null.
pub fn slot_value(ty: &Type, offset: c_int) -> *const c_void {
    // SAFETY: slot words are readable.
    slot_word(ty, offset).map_or(std::ptr::null(), |p| unsafe { *p })
}

/// The rows for a special method's name. Names are few; the index is made once.
pub fn rows_named(name: &str) -> impl Iterator<Item = &'static SlotDef> {
    use std::collections::HashMap;
    use std::sync::LazyLock;
    static INDEX: LazyLock<HashMap<&'static str, Vec<&'static SlotDef>>> = LazyLock::new(|| {
        let mut m: HashMap<&'static str, Vec<&'static SlotDef>> = HashMap::new();
        for d in SLOT_DEFS {
            m.entry(d.name_str()).or_default().push(d);
        }
        m
    });
    INDEX.get(name).map_or(&[][..], Vec::as_slice).iter().copied()
}
