//! Cells: the boxes that closures share.

use crate::alloc::{dealloc_of, new_instance, new_object};
use crate::error::PyResult;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::repr::text;
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::bool_;
use crate::types::tuple::Tuple;
use crate::{bail, getset, getsets, layout};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;

/// `PyCellObject`.
#[repr(C)]
pub struct Cell {
    ob_base: Object,
    ob_ref: ObjCell,
}

const _: () = assert!(size_of::<Cell>() == 24 && offset_of!(Cell, ob_ref) == 16);
layout!(Cell, PyCell_Type);

impl Cell {
    /// A cell holding `v`, or empty.
    pub fn new(v: Option<Obj>) -> Ref<Cell> {
        new_object(Cell { ob_base: Object::placeholder(), ob_ref: ObjCell::from_opt(v) })
    }
    /// The contents.
    #[inline(always)]
    pub fn get(&self) -> Option<&Object> {
        self.ob_ref.get()
    }
    /// A new reference to the contents.
    #[inline(always)]
    pub fn get_owned(&self) -> Option<Obj> {
        self.ob_ref.get_owned()
    }
    /// Stores or empties.
    #[inline(always)]
    pub fn set(&self, v: Option<Obj>) {
        self.ob_ref.set(v);
    }
    /// Takes the contents out.
    #[inline(always)]
    pub fn take(&self) -> Option<Obj> {
        self.ob_ref.take()
    }
}

extern "C" fn cell_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let args: &Tuple = args.cast();
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "cell() takes no keyword arguments");
    }
    if args.len() > 1 {
        bail!(TypeError, "cell expected at most 1 argument, got {}", args.len());
    }
    let v = args.items().first().cloned();
    Ok(new_instance(cls, Cell { ob_base: Object::placeholder(), ob_ref: ObjCell::from_opt(v) })?.into_obj())
}

extern "C" fn cell_repr(o: &Object) -> PyResult {
    let c: &Cell = o.cast();
    Ok(text(&match c.get() {
        Some(v) => format!("<cell at {:p}: {} object at {:p}>", o, v.ty().name_str(), v),
        None => format!("<cell at {:p}: empty>", o),
    }))
}

extern "C" fn cell_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Cell>(), b.downcast::<Cell>()) else { return Ok(not_implemented()) };
    let op = CompareOp::from_c(op);
    match (x.get_owned(), y.get_owned()) {
        (Some(x), Some(y)) => x.rich_compare(&y, op),
        (x, y) => Ok(bool_::from_bool(op.test(x.is_some().cmp(&y.is_some())))),
    }
}

fn get_contents(c: &Cell) -> PyResult {
    match c.get_owned() {
        Some(v) => Ok(v),
        None => bail!(ValueError, "Cell is empty"),
    }
}

fn set_contents(c: &Cell, v: Option<&Object>) -> PyResult<()> {
    c.set(v.map(Object::to_obj));
    Ok(())
}

extern "C" fn cell_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    match o.cast::<Cell>().get() {
        Some(v) => visit(v, arg),
        None => 0,
    }
}

extern "C" fn cell_clear(o: &Object) -> c_int {
    o.cast::<Cell>().set(None);
    0
}

#[unsafe(no_mangle)]
pub static PyCell_Type: Type = Type::new_static(TypeDef {
    name: c"cell",
    basicsize: size_of::<Cell>(),
    flags: flags::HAVE_GC,
    doc: Some(c"cell([contents])\n--\n\nA box that functions share a variable through; empty without contents."),
    dealloc: Some(dealloc_of::<Cell>),
    repr: Some(cell_repr),
    hash: Some(crate::protocol::compare::hash_not_implemented),
    traverse: Some(cell_traverse),
    clear: Some(cell_clear),
    richcompare: Some(cell_richcompare),
    getset: getsets![getset!(c"cell_contents", get_contents, set_contents)],
    new: Some(cell_new),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyCell_Type];
