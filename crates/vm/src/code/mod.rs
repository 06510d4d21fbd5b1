//! Code objects: the layout of `PyCodeObject`, with the instructions in the object.
//!
//! - `build.rs` makes one from `bytecode::Code` or from the arguments of `types.CodeType`; `attrs.rs` is the Python side;
//!   `positions.rs` the iterators over lines, positions and branches
//!
//! The instructions in the object are specialised and instrumented in place. `co_code` shows them as they were compiled.

pub mod attrs;
pub mod build;
pub mod compare;
pub mod positions;

use crate::eval::handlers::CACHES;
use crate::instrument;
use std::cell::Cell;
use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_bytecode::code::kinds;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::tuple::Tuple;
use taipan_object::{ObjCell, Object, VarObject, alloc};

/// A code object (`PyCodeObject`); the code units follow the fixed part.
#[repr(C)]
#[allow(missing_docs)]
pub struct CodeObject {
    pub ob_base: VarObject,
    pub co_consts: ObjCell,
    pub co_names: ObjCell,
    pub co_exceptiontable: ObjCell,
    pub co_flags: Cell<i32>,
    pub co_argcount: i32,
    pub co_posonlyargcount: i32,
    pub co_kwonlyargcount: i32,
    pub co_stacksize: i32,
    pub co_firstlineno: i32,
    pub co_nlocalsplus: i32,
    /// Words of a frame.
    pub co_framesize: i32,
    pub co_nlocals: i32,
    pub co_ncellvars: i32,
    pub co_nfreevars: i32,
    /// What functions made from this code start with as their version.
    pub co_version: Cell<u32>,
    pub co_localsplusnames: ObjCell,
    pub co_localspluskinds: ObjCell,
    pub co_filename: ObjCell,
    pub co_name: ObjCell,
    pub co_qualname: ObjCell,
    pub co_linetable: ObjCell,
    pub co_weakreflist: Cell<*mut Object>,
    /// Machine code for this code: entries for calls and for loop headers. Null: none yet.
    pub co_executors: Cell<*mut c_void>,
    /// Attributes computed once.
    pub co_cached: Cell<*mut Cached>,
    /// The eval breaker's word when the instructions were last brought in line with it.
    pub instrumentation_version: Cell<usize>,
    /// What instrumentation has hidden, see `instrument`.
    pub co_monitoring: Cell<*mut instrument::CodeMonitoring>,
    pub co_unique_id: Cell<isize>,
    /// The first unit at which a frame is shown to Python: its `RESUME`.
    pub co_firsttraceable: i32,
    pub co_extra: Cell<*mut c_void>,
}

const _: () = {
    assert!(size_of::<CodeObject>() == 208);
    assert!(offset_of!(CodeObject, co_consts) == 24 && offset_of!(CodeObject, co_flags) == 48);
    assert!(offset_of!(CodeObject, co_argcount) == 52 && offset_of!(CodeObject, co_firstlineno) == 68);
    assert!(offset_of!(CodeObject, co_nfreevars) == 88 && offset_of!(CodeObject, co_version) == 92);
    assert!(offset_of!(CodeObject, co_localsplusnames) == 96 && offset_of!(CodeObject, co_filename) == 112);
    assert!(offset_of!(CodeObject, co_name) == 120 && offset_of!(CodeObject, co_weakreflist) == 144);
    assert!(offset_of!(CodeObject, co_executors) == 152 && offset_of!(CodeObject, instrumentation_version) == 168);
    assert!(offset_of!(CodeObject, co_firsttraceable) == 192 && offset_of!(CodeObject, co_extra) == 200);
};

taipan_object::layout!(CodeObject, attrs::PyCode_Type);

/// Attributes that are made when first asked for.
#[derive(Default)]
pub struct Cached {
    code: ObjCell2,
    varnames: ObjCell2,
    cellvars: ObjCell2,
    freevars: ObjCell2,
}

type ObjCell2 = std::cell::OnceCell<taipan_object::Obj>;

impl CodeObject {
    /// The code units.
    #[inline(always)]
    pub fn units(&self) -> *mut u16 {
        // SAFETY: they follow the fixed part in the same allocation.
        unsafe { (self as *const CodeObject).add(1).cast::<u16>().cast_mut() }
    }
    /// How many units there are.
    #[inline(always)]
    pub fn len_units(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }
    /// Unit `i` as it now is.
    #[inline(always)]
    pub fn unit(&self, i: usize) -> u16 {
        debug_assert!(i < self.len_units());
        // SAFETY: callers keep inside the code.
        unsafe { *self.units().add(i) }
    }
    /// Units of a frame before its value stack.
    #[inline(always)]
    pub fn nlocalsplus(&self) -> usize {
        self.co_nlocalsplus as usize
    }
    /// Words of a frame.
    #[inline(always)]
    pub fn framesize(&self) -> usize {
        self.co_framesize as usize
    }
    /// Depth of the value stack.
    #[inline(always)]
    pub fn stacksize(&self) -> usize {
        self.co_stacksize as usize
    }
    /// Positional parameters.
    #[inline(always)]
    pub fn argcount(&self) -> usize {
        self.co_argcount as usize
    }
    /// Positional-only parameters.
    #[inline(always)]
    pub fn posonlyargcount(&self) -> usize {
        self.co_posonlyargcount as usize
    }
    /// Keyword-only parameters.
    #[inline(always)]
    pub fn kwonlyargcount(&self) -> usize {
        self.co_kwonlyargcount as usize
    }
    /// Free variables.
    #[inline(always)]
    pub fn nfreevars(&self) -> usize {
        self.co_nfreevars as usize
    }
    /// The index of the `RESUME` from which on frames are shown.
    #[inline(always)]
    pub fn first_traceable(&self) -> i32 {
        self.co_firsttraceable
    }
    /// Whether a bit of `co_flags` is set.
    #[inline(always)]
    pub fn has_flag(&self, bit: u32) -> bool {
        self.co_flags.get() as u32 & bit != 0
    }
    /// Whether a call with `argc` positional arguments and nothing else fills all parameters.
    #[inline(always)]
    pub fn is_simple_call(&self, argc: usize) -> bool {
        use taipan_bytecode::code::flags::{VARARGS, VARKEYWORDS};
        self.co_argcount as usize == argc && self.co_kwonlyargcount == 0 && !self.has_flag(VARARGS | VARKEYWORDS)
    }
    /// Whether there are only parameters that can be given by position.
    #[inline(always)]
    pub fn is_positional(&self) -> bool {
        use taipan_bytecode::code::flags::{VARARGS, VARKEYWORDS};
        self.co_kwonlyargcount == 0 && !self.has_flag(VARARGS | VARKEYWORDS)
    }
    /// Constant `i`.
    ///
    /// # Safety
    /// `i` is in range.
    #[inline(always)]
    pub unsafe fn constant(&self, i: usize) -> &Object {
        // SAFETY: the field always holds a tuple.
        unsafe { item_of(&self.co_consts, i) }
    }
    /// Name `i`.
    ///
    /// # Safety
    /// `i` is in range.
    #[inline(always)]
    pub unsafe fn name_at(&self, i: usize) -> &Object {
        // SAFETY: as above.
        unsafe { item_of(&self.co_names, i) }
    }
    /// The name of variable `i`.
    #[inline]
    pub fn localsplus_name(&self, i: usize) -> &Object {
        self.tuple(&self.co_localsplusnames).item(i)
    }
    /// The kind of variable `i`: bits of `bytecode::code::kinds`.
    #[inline]
    pub fn localsplus_kind(&self, i: usize) -> u8 {
        self.bytes(&self.co_localspluskinds)[i]
    }
    /// The exception table.
    #[inline]
    pub fn exception_table(&self) -> &[u8] {
        self.bytes(&self.co_exceptiontable)
    }
    /// The location table.
    #[inline]
    pub fn line_table(&self) -> &[u8] {
        self.bytes(&self.co_linetable)
    }
    /// A field that holds a tuple.
    #[inline]
    pub fn tuple<'a>(&'a self, field: &'a ObjCell) -> &'a Tuple {
        field.get().expect("fields of code are never empty").cast()
    }
    fn bytes<'a>(&'a self, field: &'a ObjCell) -> &'a [u8] {
        field.get().expect("fields of code are never empty").cast::<Bytes>().as_slice()
    }
    /// The line on which the unit at `index` stands.
    pub fn line_at(&self, index: usize) -> Option<i32> {
        taipan_bytecode::location_table::line_at(self.line_table(), self.co_firstlineno, index)
    }
    /// Indices of all variables of some kind.
    pub fn variables(&self, kind: u8) -> impl Iterator<Item = usize> + '_ {
        (0..self.nlocalsplus()).filter(move |&i| self.localsplus_kind(i) & kind != 0)
    }
    /// Whether variable `i` is a cell that was an argument or local first (`MAKE_CELL` puts the cell in its place), or a free variable.
    pub fn is_cell_or_free(&self, i: usize) -> bool {
        self.localsplus_kind(i) & (kinds::CELL | kinds::FREE) != 0
    }

    /// `co_filename`.
    pub fn filename(&self) -> &taipan_object::types::str::Str {
        self.co_filename.get().expect("code has a file name").cast()
    }

    /// Changes `co_filename`, in the code among the constants too.
    pub fn set_filename(&self, name: &taipan_object::types::str::Str) {
        let Some(old) = self.co_filename.replace(Some(name.to_obj())) else { return };
        if let Some(consts) = self.co_consts.get().and_then(|c| c.downcast::<Tuple>()) {
            for c in consts.items() {
                // Code of another file keeps its name.
                if let Some(code) = c.downcast::<CodeObject>()
                    && code.co_filename.get().is_some_and(|f| f.is(&old) || same_text(f, &old))
                {
                    code.set_filename(name);
                }
            }
        }
    }

    /// The instructions as they were compiled: nothing specialised, nothing instrumented, caches empty.
    pub fn original_code(&self) -> Vec<u8> {
        let n = self.len_units();
        let mut out = Vec::with_capacity(n * 2);
        let mut i = 0;
        while i < n {
            let op = instrument::underlying_op(self, i);
            out.push(op);
            out.push((self.unit(i) >> 8) as u8);
            i += 1;
            for _ in 0..CACHES[op as usize] {
                if i < n {
                    out.extend_from_slice(&[0, 0]);
                    i += 1;
                }
            }
        }
        out
    }

    fn cached(&self) -> &Cached {
        if self.co_cached.get().is_null() {
            self.co_cached.set(Box::into_raw(Box::default()));
        }
        // SAFETY: made above, freed with the code object only.
        unsafe { &*self.co_cached.get() }
    }
}

#[inline(always)]
unsafe fn item_of(field: &ObjCell, i: usize) -> &Object {
    // SAFETY: the field holds a tuple, the caller knows the index to be in range.
    unsafe {
        let t = field.get().unwrap_unchecked().cast_unchecked::<Tuple>();
        debug_assert!(i < t.len());
        let items = (t as *const Tuple).cast::<u8>().add(32).cast::<*const Object>();
        &**items.add(i)
    }
}

/// `tp_dealloc` of code objects.
///
/// # Safety
/// The destructor contract.
unsafe extern "C" fn code_dealloc(o: NonNull<Object>) {
    // SAFETY: the object is dead; its parts are released once.
    unsafe {
        let c: &CodeObject = o.as_ref().cast_unchecked();
        if !c.co_weakreflist.get().is_null() {
            taipan_object::types::weakref::clear_all(o.as_ref());
        }
        let cached = c.co_cached.replace(std::ptr::null_mut());
        if !cached.is_null() {
            drop(Box::from_raw(cached));
        }
        let monitoring = c.co_monitoring.replace(std::ptr::null_mut());
        if !monitoring.is_null() {
            drop(Box::from_raw(monitoring));
        }
        std::ptr::drop_in_place(o.cast::<CodeObject>().as_ptr());
        alloc::free_object(o.as_ptr().cast());
    }
}

/// Whether two objects are equal strings.
fn same_text(a: &Object, b: &Object) -> bool {
    use taipan_object::types::str::Str;
    a.downcast::<Str>().zip(b.downcast::<Str>()).is_some_and(|(a, b)| a.eq(b))
}
