//! `product`, `combinations`, `combinations_with_replacement` and `permutations`.

use super::Step;
use crate::support::{bind, self_iter, visit_fields};
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::receiver;
use taipan_object::error::{no_memory, to_iternext};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout, method, methods};

/// What all four have: pools of items, indices into them, and the tuple handed out last. Advancing runs no Python code except when old
/// tuples die, which happens outside of borrows.
#[repr(C)]
struct Selection {
    ob_base: Object,
    /// A tuple of pools (tuples) for `product`, else the one pool.
    pools: ObjCell,
    indices: RefCell<Box<[usize]>>,
}

impl Selection {
    fn new(pools: Obj, indices: Vec<usize>) -> Selection {
        Selection { ob_base: Object::placeholder(), pools: ObjCell::new(pools), indices: RefCell::new(indices.into()) }
    }

    /// Gives out a tuple. `first_changed` is the leftmost place whose index differs from the tuple given out before.
    fn answer(
        &self,
        result: &ObjCell,
        indices: &[usize],
        first_changed: usize,
        of: impl Fn(usize, usize) -> Obj,
    ) -> Obj {
        let last = result.get().map(|t| t.cast::<Tuple>());
        match last {
            Some(t) if t.is_unique() && t.len() == indices.len() => {
                let keep = t.to_obj();
                let mut old: Vec<Obj> = Vec::new();
                for (place, &index) in indices.iter().enumerate().skip(first_changed) {
                    // SAFETY: nobody but `result` refers to the tuple, and the place is in range.
                    let former = unsafe { t.replace_item(place, of(place, index)) };
                    // What is still in a pool does not die.
                    if former.is_unique() {
                        old.push(former);
                    }
                }
                t.renew();
                drop(old);
                keep
            }
            _ => {
                let new = Tuple::from_vec(indices.iter().enumerate().map(|(p, &i)| of(p, i)).collect()).into_obj();
                result.set(Some(new.clone()));
                new
            }
        }
    }
}

fn zeroed(n: usize) -> PyResult<Vec<usize>> {
    let mut v: Vec<usize> = Vec::new();
    if v.try_reserve_exact(n).is_err() {
        return Err(no_memory());
    }
    v.resize(n, 0);
    Ok(v)
}

fn r_argument(r: Option<&Object>) -> PyResult<usize> {
    let r = receiver(r).index_as_isize(Some(exceptions::OverflowError))?;
    if r < 0 {
        bail!(ValueError, "r must be non-negative");
    }
    Ok(r as usize)
}

macro_rules! selection_type {
    ($struct:ident, $static:ident) => {
        #[repr(C)]
        pub struct $struct {
            base: Selection,
            result: ObjCell,
            started: Cell<bool>,
            stopped: Cell<bool>,
        }
        layout!($struct, $static);
        impl $struct {
            fn make(cls: &Type, pools: Obj, indices: Vec<usize>, stopped: bool) -> PyResult {
                let body = $struct {
                    base: Selection::new(pools, indices),
                    result: ObjCell::empty(),
                    started: Cell::new(false),
                    stopped: Cell::new(stopped),
                };
                new_instance(cls, body).map(Ref::into_obj)
            }

            fn step(&self) -> Step {
                if self.stopped.get() {
                    return Ok(None);
                }
                let Some(pools) = self.base.pools.get_owned() else { return Ok(None) };
                let mut indices = self.base.indices.take();
                let changed =
                    if self.started.replace(true) { Self::advance(pools.cast(), &mut indices) } else { Some(0) };
                let answer = match changed {
                    None => {
                        self.stopped.set(true);
                        self.result.set(None);
                        None
                    }
                    Some(first) => {
                        Some(self.base.answer(&self.result, &indices, first, |p, i| Self::pick(pools.cast(), p, i)))
                    }
                };
                *self.base.indices.borrow_mut() = indices;
                Ok(answer)
            }
        }
    };
}

selection_type!(Product, PRODUCT_TYPE);
selection_type!(Combinations, COMBINATIONS_TYPE);
selection_type!(CombinationsWithReplacement, COMBINATIONS_WITH_REPLACEMENT_TYPE);

impl Product {
    fn pick(pools: &Tuple, place: usize, index: usize) -> Obj {
        pools.item(place).cast::<Tuple>().item(index).to_obj()
    }

    fn advance(pools: &Tuple, indices: &mut [usize]) -> Option<usize> {
        for place in (0..indices.len()).rev() {
            indices[place] += 1;
            if indices[place] < pools.item(place).cast::<Tuple>().len() {
                return Some(place);
            }
            indices[place] = 0;
        }
        None
    }
}

impl Combinations {
    fn pick(pool: &Tuple, _: usize, index: usize) -> Obj {
        pool.item(index).to_obj()
    }

    fn advance(pool: &Tuple, indices: &mut [usize]) -> Option<usize> {
        let (n, r) = (pool.len(), indices.len());
        let place = (0..r).rev().find(|&i| indices[i] != i + n - r)?;
        let start = indices[place] + 1;
        for (i, x) in indices[place..].iter_mut().enumerate() {
            *x = start + i;
        }
        Some(place)
    }
}

impl CombinationsWithReplacement {
    fn pick(pool: &Tuple, _: usize, index: usize) -> Obj {
        pool.item(index).to_obj()
    }

    fn advance(pool: &Tuple, indices: &mut [usize]) -> Option<usize> {
        let n = pool.len();
        let place = (0..indices.len()).rev().find(|&i| indices[i] + 1 != n)?;
        let index = indices[place] + 1;
        indices[place..].fill(index);
        Some(place)
    }
}

extern "C" fn product_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let mut repeat = 1;
    if let Some(k) = kwargs.filter(|k| !k.is_null_or_empty_dict()) {
        let pairs = k.cast::<Dict>().pairs();
        if pairs.len() > 1 {
            return Err(taipan_object::args::too_many_keywords("product", 1, pairs.len()));
        }
        for (name, v) in pairs {
            if name.downcast::<Str>().is_some_and(|n| n.eq_str("repeat")) {
                repeat = v.index_as_isize(Some(exceptions::OverflowError))?;
            } else {
                let name = name.str()?;
                return Err(taipan_object::args::unexpected("product", &name.to_utf8_lossy(), ["repeat"].into_iter()));
            }
        }
    }
    if repeat < 0 {
        bail!(ValueError, "repeat argument cannot be negative");
    }
    let args: &Tuple = args.cast();
    let given = if repeat == 0 { &[][..] } else { args.items() };
    let pools = given.iter().map(|a| a.to_tuple().map(Ref::into_obj)).collect::<PyResult<Vec<Obj>>>()?;
    let total = pools.len().checked_mul(repeat as usize).filter(|n| *n <= isize::MAX as usize / 8);
    let Some(total) = total else { bail!(OverflowError, "repeat argument too large") };
    let indices = zeroed(total)?;
    let mut all = Vec::new();
    if all.try_reserve_exact(total).is_err() {
        return Err(no_memory());
    }
    for _ in 0..repeat {
        all.extend(pools.iter().cloned());
        if pools.is_empty() {
            break;
        }
    }
    let stopped = pools.iter().any(|p| p.cast::<Tuple>().is_empty());
    Product::make(cls, Tuple::from_vec(all).into_obj(), indices, stopped)
}

extern "C" fn combinations_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("combinations", posonly 0, positional 2, ["iterable" true, "r" true]);
    bind(sig, args, kwargs, |[iterable, r]| {
        let pool = receiver(iterable).to_tuple()?;
        let r = r_argument(r)?;
        let stopped = r > pool.len();
        let indices = if stopped { Vec::new() } else { (0..r).collect() };
        Combinations::make(cls, pool.into_obj(), indices, stopped)
    })
}

extern "C" fn cwr_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("combinations_with_replacement", posonly 0, positional 2, ["iterable" true, "r" true]);
    bind(sig, args, kwargs, |[iterable, r]| {
        let pool = receiver(iterable).to_tuple()?;
        let r = r_argument(r)?;
        let stopped = pool.is_empty() && r > 0;
        let indices = if stopped { Vec::new() } else { zeroed(r)? };
        CombinationsWithReplacement::make(cls, pool.into_obj(), indices, stopped)
    })
}

/// `permutations`: `indices` is an order of the whole pool, of which the first `r` are given out; `cycles` counts the exchanges left at
/// each place.
#[repr(C)]
pub struct Permutations {
    base: Selection,
    cycles: RefCell<Box<[usize]>>,
    result: ObjCell,
    started: Cell<bool>,
    stopped: Cell<bool>,
}
layout!(Permutations, PERMUTATIONS_TYPE);

extern "C" fn permutations_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("permutations", posonly 0, positional 2, ["iterable" true, "r" false]);
    bind(sig, args, kwargs, |[iterable, r]| {
        let pool = receiver(iterable).to_tuple()?;
        let n = pool.len();
        let r = match r.filter(|r| !r.is_none()) {
            None => n,
            Some(r) => {
                if r.downcast::<Int>().is_none() {
                    bail!(TypeError, "Expected int as r");
                }
                r_argument(Some(r))?
            }
        };
        let stopped = r > n;
        let cycles: Vec<usize> = if stopped { Vec::new() } else { (0..r).map(|i| n - i).collect() };
        let body = Permutations {
            base: Selection::new(pool.into_obj(), (0..n).collect()),
            cycles: RefCell::new(cycles.into()),
            result: ObjCell::empty(),
            started: Cell::new(false),
            stopped: Cell::new(stopped),
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

impl Permutations {
    fn step(&self) -> Step {
        if self.stopped.get() {
            return Ok(None);
        }
        let Some(pool) = self.base.pools.get_owned() else { return Ok(None) };
        let pool: &Tuple = pool.cast();
        let mut indices = self.base.indices.take();
        let mut cycles = self.cycles.take();
        let changed = if self.started.replace(true) { Self::advance(&mut indices, &mut cycles) } else { Some(0) };
        let r = cycles.len();
        let answer = match changed {
            None => {
                self.stopped.set(true);
                self.result.set(None);
                None
            }
            Some(first) => Some(self.base.answer(&self.result, &indices[..r], first, |_, i| pool.item(i).to_obj())),
        };
        *self.base.indices.borrow_mut() = indices;
        *self.cycles.borrow_mut() = cycles;
        Ok(answer)
    }

    fn advance(indices: &mut [usize], cycles: &mut [usize]) -> Option<usize> {
        let n = indices.len();
        for place in (0..cycles.len()).rev() {
            cycles[place] -= 1;
            if cycles[place] == 0 {
                indices[place..].rotate_left(1);
                cycles[place] = n - place;
            } else {
                indices.swap(place, n - cycles[place]);
                return Some(place);
            }
        }
        None
    }
}

extern "C" fn product_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Product>().step())
}
extern "C" fn combinations_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Combinations>().step())
}
extern "C" fn cwr_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<CombinationsWithReplacement>().step())
}
extern "C" fn permutations_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Permutations>().step())
}

extern "C" fn selection_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    // SAFETY: the three types that have this slot share the layout of `Product`.
    let s: &Product = unsafe { o.cast_unchecked() };
    visit_fields(&[&s.base.pools, &s.result], visit, arg)
}

extern "C" fn permutations_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let s: &Permutations = o.cast();
    visit_fields(&[&s.base.pools, &s.result], visit, arg)
}

fn size_of_indices(o: &Object, n: usize) -> usize {
    o.ty().basicsize.get() as usize + n * size_of::<usize>()
}

/// Return the size in memory, in bytes.
#[method(name = "__sizeof__")]
fn selection_sizeof(this: &Object) -> usize {
    // SAFETY: the types with this method begin with a `Selection`.
    let s: &Selection = unsafe { this.cast_unchecked() };
    size_of_indices(this, s.indices.borrow().len())
}

/// Return the size in memory, in bytes.
#[method(name = "__sizeof__")]
fn permutations_sizeof(this: &Permutations) -> usize {
    size_of_indices(&this.base.ob_base, this.base.indices.borrow().len() + this.cycles.borrow().len())
}

const ITERATOR: TypeDef = TypeDef {
    flags: flags::HAVE_GC | flags::BASETYPE,
    traverse: Some(selection_traverse),
    iter: Some(self_iter),
    methods: methods![selection_sizeof],
    ..TypeDef::EMPTY
};

/// `product`.
pub static PRODUCT_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.product",
    basicsize: size_of::<Product>(),
    doc: Some(c"product(*iterables, repeat=1)\n--\n\nAn iterator over all tuples of one item from each iterable; the last place varies fastest."),
    dealloc: Some(dealloc_of::<Product>),
    iternext: Some(product_next),
    new: Some(product_new),
    ..ITERATOR
});

/// `combinations`.
pub static COMBINATIONS_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.combinations",
    basicsize: size_of::<Combinations>(),
    doc: Some(c"combinations(iterable, r)\n--\n\nAn iterator over the r-length selections of items, in the order of the iterable."),
    dealloc: Some(dealloc_of::<Combinations>),
    iternext: Some(combinations_next),
    new: Some(combinations_new),
    ..ITERATOR
});

/// `combinations_with_replacement`.
pub static COMBINATIONS_WITH_REPLACEMENT_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.combinations_with_replacement",
    basicsize: size_of::<CombinationsWithReplacement>(),
    doc: Some(c"combinations_with_replacement(iterable, r)\n--\n\nAn iterator over the r-length selections of items, each of which may be taken again."),
    dealloc: Some(dealloc_of::<CombinationsWithReplacement>),
    iternext: Some(cwr_next),
    new: Some(cwr_new),
    ..ITERATOR
});

/// `permutations`.
pub static PERMUTATIONS_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.permutations",
    basicsize: size_of::<Permutations>(),
    doc: Some(c"permutations(iterable, r=None)\n--\n\nAn iterator over the r-length orders of items."),
    dealloc: Some(dealloc_of::<Permutations>),
    traverse: Some(permutations_traverse),
    iternext: Some(permutations_next),
    methods: methods![permutations_sizeof],
    new: Some(permutations_new),
    ..ITERATOR
});
