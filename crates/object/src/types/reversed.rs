//! The type `reversed`.

use crate::args::{CallArgs, check_positional, no_keywords};
use crate::error::{PyResult, to_iternext};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::protocol::call::nargs;
use crate::typeobj::slots::VisitProc;
use crate::types::exceptions;
use crate::types::int::Int;
use crate::types::iterators::{position, self_iter, tuple_of, visit_fields};
use crate::types::tuple::Tuple;
use crate::{Type, TypeDef, bail, flags, intern, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// A `reversed` (`reversedobject`): a sequence walked backwards by its index.
#[repr(C)]
pub struct Reversed {
    ob_base: Object,
    index: Cell<isize>,
    seq: ObjCell,
}

const _: () =
    assert!(offset_of!(Reversed, index) == 16 && offset_of!(Reversed, seq) == 24 && size_of::<Reversed>() == 32);

crate::layout!(Reversed, PyReversed_Type);

fn construct(cls: &Type, args: &[&Object]) -> PyResult {
    check_positional("reversed", args.len(), 1, 1)?;
    let seq = args[0];
    match seq.lookup_special(intern!("__reversed__"))? {
        Some(f) if !f.is_none() => return f.call_noargs(),
        None if seq.is_sequence() => {}
        _ => bail!(TypeError, "'{}' object is not reversible", seq.ty().name_str()),
    }
    let n = seq.len()? as isize;
    let r = Reversed { ob_base: Object::placeholder(), index: Cell::new(n - 1), seq: ObjCell::new(seq.to_obj()) };
    crate::alloc::new_instance(cls, r).map(Ref::into_obj)
}

extern "C" fn reversed_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_keywords("reversed", cls, &PyReversed_Type, kwargs)?;
    construct(cls, args.cast::<Tuple>().borrowed_items())
}

unsafe extern "C" fn reversed_vectorcall(
    cls: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: PEP 590.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    if !call.keywords().is_empty() {
        bail!(TypeError, "reversed() takes no keyword arguments");
    }
    construct(cls.cast(), call.positional())
}

impl Reversed {
    fn step(&self) -> PyResult<Option<Obj>> {
        let i = self.index.get();
        let Some(seq) = self.seq.get_owned().filter(|_| i >= 0) else { return Ok(None) };
        match seq.sequence_item(i) {
            Ok(item) => {
                self.index.set(i - 1);
                return Ok(Some(item));
            }
            Err(e) if e.matches(exceptions::IndexError) || e.matches(exceptions::StopIteration) => e.clear(),
            Err(e) => return Err(e),
        }
        self.index.set(-1);
        self.seq.set(None);
        Ok(None)
    }
}

extern "C" fn reversed_next(o: &Object) -> Option<Obj> {
    let r: &Reversed = o.cast();
    let item = to_iternext(r.step());
    if item.is_none() && r.index.get() < 0 {
        r.seq.set(None);
    }
    item
}

/// How many items are left.
#[method]
fn __length_hint__(this: &Reversed) -> PyResult<isize> {
    let Some(seq) = this.seq.get_owned() else { return Ok(0) };
    let left = this.index.get() + 1;
    let len = seq.len()? as isize;
    Ok(if len < left { 0 } else { left })
}

/// What pickling makes the iterator from.
#[method]
fn __reduce__(this: &Reversed) -> Ref<Tuple> {
    let cls = this.ty().to_obj();
    match this.seq.get_owned() {
        Some(seq) => tuple_of([cls, tuple_of([seq]).into_obj(), Int::from_isize(this.index.get()).into_obj()]),
        None => tuple_of([cls, tuple_of([Tuple::empty().into_obj()]).into_obj()]),
    }
}

/// Sets the position, as pickling saved it.
#[method(signature = "(object, /)")]
fn __setstate__(this: &Reversed, object: &Object) -> PyResult<()> {
    let i = position(object)?;
    if let Some(seq) = this.seq.get_owned() {
        let n = seq.len()? as isize;
        this.index.set(i.clamp(-1, n - 1));
    }
    Ok(())
}

extern "C" fn reversed_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<Reversed>().seq], visit, arg)
}

/// The type `reversed`.
#[unsafe(no_mangle)]
pub static PyReversed_Type: Type = Type::new_static(TypeDef {
    name: c"reversed",
    basicsize: size_of::<Reversed>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"reversed(sequence, /)\n--\n\nAn iterator over the items of a sequence, the last one first."),
    dealloc: Some(crate::alloc::dealloc_of::<Reversed>),
    traverse: Some(reversed_traverse),
    iter: Some(self_iter),
    iternext: Some(reversed_next),
    methods: methods![__length_hint__, __reduce__, __setstate__],
    new: Some(reversed_new),
    vectorcall: Some(reversed_vectorcall),
    ..TypeDef::EMPTY
});

/// The types of this module.
pub static TYPES: &[&Type] = &[&PyReversed_Type];
