//! Tuples.

use crate::alloc::{finish_dealloc, generic_alloc};
use crate::args::Clipped;
use crate::error::{PyResult, no_memory, status_bool};
use crate::gc;
use crate::header::{Obj, Object, Ref, VarObject};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::repr::repr_enter;
use crate::typeobj::slots::*;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::bool_;
use crate::types::slice::Slice;
use crate::types::str::StrBuilder;
use crate::{bail, layout, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_clinic::{classmethod, method};

/// `PyTupleObject`; the items follow.
#[repr(C)]
pub struct Tuple {
    ob_base: VarObject,
    /// The cached hash, -1 while unknown.
    ob_hash: Cell<isize>,
    ob_item: [Obj; 0],
}

const _: () = assert!(offset_of!(Tuple, ob_hash) == 24 && offset_of!(Tuple, ob_item) == 32 && size_of::<Tuple>() == 32);
layout!(Tuple, PyTuple_Type, TUPLE_SUBCLASS);

/// `()`, with collector links before it since its type is collectable.
#[repr(C)]
struct EmptyTuple {
    links: [usize; 2],
    tuple: Tuple,
}
// SAFETY: immortal and immutable but for the hash cache.
unsafe impl Sync for EmptyTuple {}
static EMPTY: EmptyTuple = EmptyTuple {
    links: [0; 2],
    tuple: Tuple { ob_base: VarObject::immortal(&PyTuple_Type, 0), ob_hash: Cell::new(-1), ob_item: [] },
};

impl Tuple {
    /// `()`.
    #[inline]
    pub fn empty() -> Ref<Tuple> {
        debug_assert_eq!(EMPTY.links, [0; 2]);
        Ref::from_borrowed(&EMPTY.tuple)
    }

    /// A tuple of new references.
    pub fn new(items: &[&Object]) -> Ref<Tuple> {
        let (t, p) = match Tuple::uninit(items.len()) {
            Some(t) => t,
            None => return Tuple::empty(),
        };
        for (i, o) in items.iter().enumerate() {
            // SAFETY: `p` has room for the items.
            unsafe { p.add(i).write(o.to_obj()) };
        }
        t.track_new();
        t
    }

    /// A tuple that takes the items over.
    pub fn from_vec(items: Vec<Obj>) -> Ref<Tuple> {
        let (t, p) = match Tuple::uninit(items.len()) {
            Some(t) => t,
            None => return Tuple::empty(),
        };
        // SAFETY: room for the items, which are moved; the vector is left without them.
        unsafe {
            let mut items = items;
            std::ptr::copy_nonoverlapping(items.as_ptr(), p, items.len());
            items.set_len(0);
        }
        t.track_new();
        t
    }

    /// A tuple of `n` items made one after the other; `None` as soon as one cannot be made.
    #[inline]
    pub fn try_from_fn(n: usize, mut item: impl FnMut(usize) -> Option<Obj>) -> Option<Ref<Tuple>> {
        // Few items are the rule; they wait on the stack, so that no unfinished tuple is ever seen.
        const FEW: usize = 16;
        if n > FEW {
            let mut items = Vec::with_capacity(n);
            for i in 0..n {
                items.push(item(i)?);
            }
            return Some(Tuple::from_vec(items));
        }
        let mut items: [Option<Obj>; FEW] = [const { None }; FEW];
        for (i, place) in items.iter_mut().take(n).enumerate() {
            *place = Some(item(i)?);
        }
        let Some((t, p)) = Tuple::uninit(n) else { return Some(Tuple::empty()) };
        for (i, o) in items.into_iter().flatten().enumerate() {
            // SAFETY: `p` has room for `n` items, and there are as many.
            unsafe { p.add(i).write(o) };
        }
        t.track_new();
        Some(t)
    }

    /// A tuple whose items the caller moves out of `src`.
    ///
    /// # Safety
    /// `src` points to `n` owned references, which now belong to the tuple.
    #[inline]
    pub unsafe fn from_raw_items(src: *const Obj, n: usize) -> Ref<Tuple> {
        let (t, p) = match Tuple::uninit(n) {
            Some(t) => t,
            None => return Tuple::empty(),
        };
        // SAFETY: the caller's promise.
        unsafe { std::ptr::copy_nonoverlapping(src, p, n) };
        t.track_new();
        t
    }

    /// Has the collector look at a new tuple, unless nothing in it could be part of a cycle.
    #[inline(always)]
    fn track_new(&self) {
        if self.items().iter().any(|o| o.ty().has_flag(flags::HAVE_GC)) {
            gc::track(self);
        }
    }

    /// An untracked tuple of `n` items and the place to write them; `None` for `n == 0`.
    #[inline]
    fn uninit(n: usize) -> Option<(Ref<Tuple>, *mut Obj)> {
        if n == 0 {
            return None;
        }
        // SAFETY: the head is written here, the items by the caller before anything can see them.
        unsafe {
            let (p, class) = crate::alloc::alloc_exact(&PyTuple_Type, size_of::<Tuple>() + n * 8)
                .unwrap_or_else(|| crate::alloc::out_of_memory());
            let t = p.cast::<Tuple>();
            (&raw mut (*t.as_ptr()).ob_base)
                .write(VarObject { ob_base: Object::in_class(&PyTuple_Type, class), ob_size: Cell::new(n as isize) });
            (&raw mut (*t.as_ptr()).ob_hash).write(Cell::new(-1));
            let items = (&raw mut (*t.as_ptr()).ob_item).cast::<Obj>();
            Some((Obj::from_raw(p.as_ptr()).cast_into_unchecked(), items))
        }
    }

    /// How many items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }
    /// Whether it is `()`.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The items.
    #[inline(always)]
    pub fn items(&self) -> &[Obj] {
        // SAFETY: `ob_size` items follow the head, and a published tuple does not change.
        unsafe { std::slice::from_raw_parts(self.ob_item.as_ptr(), self.len()) }
    }
    /// Replaces an item of a tuple that an iterator made and hands out again, since nobody else kept it; the old item comes back.
    /// Afterwards the iterator calls [`Tuple::renew`].
    ///
    /// # Safety
    /// No other reference to the tuple exists that could see the change, and `i` is in range.
    #[inline(always)]
    pub unsafe fn replace_item(&self, i: usize, o: Obj) -> Obj {
        debug_assert!(i < self.len());
        // SAFETY: the caller's promise; the slot holds an owned reference before and after.
        unsafe { self.ob_item.as_ptr().cast_mut().add(i).replace(o) }
    }

    /// Makes a tuple with replaced items as good as new: no hash is remembered, and the collector looks at it again.
    #[inline(always)]
    pub fn renew(&self) {
        self.ob_hash.set(-1);
        if !gc::is_tracked(self) {
            gc::track(self);
        }
    }

    /// The items as borrowed references, as calls take them.
    #[inline(always)]
    pub fn borrowed_items(&self) -> &[&Object] {
        // SAFETY: an owned reference and a borrowed one are the same pointer.
        unsafe { std::slice::from_raw_parts(self.ob_item.as_ptr().cast::<&Object>(), self.len()) }
    }
    /// Puts other items into a tuple of two that only the caller holds, for iterators that use their last answer again. Hands out
    /// the old items, to be dropped when the tuple has been given away.
    #[inline]
    pub fn refill_pair(&self, a: Obj, b: Obj) -> (Obj, Obj) {
        debug_assert_eq!(self.len(), 2);
        self.renew();
        // SAFETY: there are two items, and nobody else can see the tuple meanwhile.
        unsafe {
            let p = self.ob_item.as_ptr().cast_mut();
            (p.replace(a), p.add(1).replace(b))
        }
    }

    /// Item `i`, which exists.
    #[inline(always)]
    pub fn item(&self, i: usize) -> &Object {
        &self.items()[i]
    }
    /// Items `a..b`, as a tuple.
    pub fn slice(&self, a: usize, b: usize) -> Ref<Tuple> {
        if a == 0 && b == self.len() && self.is_exact(&PyTuple_Type) {
            return Ref::from_borrowed(self);
        }
        Tuple::new(&self.borrowed_items()[a..b])
    }

    /// The base part of a subclass instance, with the items written in place.
    fn new_of_class(cls: &Type, items: &[Obj]) -> PyResult {
        let o = cls.alloc.get().unwrap_or(generic_alloc)(cls, items.len() as isize)?;
        // SAFETY: zeroed memory with room for the items.
        unsafe {
            let t = o.as_ptr().cast::<Tuple>();
            (*t).ob_hash.set(-1);
            let p = (&raw mut (*t).ob_item).cast::<Obj>();
            for (i, item) in items.iter().enumerate() {
                p.add(i).write(item.clone());
            }
        }
        Ok(o)
    }
}

unsafe extern "C" fn tuple_dealloc(obj: NonNull<Object>) {
    // SAFETY: the tuple is dead; its items are released once.
    unsafe {
        gc::untrack(obj.as_ref());
        let t = obj.cast::<Tuple>().as_ptr();
        let n = (*t).len();
        let p = (&raw mut (*t).ob_item).cast::<Option<Obj>>();
        for i in (0..n).rev() {
            drop(p.add(i).read());
        }
        finish_dealloc(obj);
    }
}

extern "C" fn tuple_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let args: &Tuple = args.cast();
    crate::args::no_keywords("tuple", cls, &PyTuple_Type, kwargs)?;
    if args.len() > 1 {
        bail!(TypeError, "tuple expected at most 1 argument, got {}", args.len());
    }
    let t = match args.items().first() {
        Some(it) => it.to_tuple()?,
        None => Tuple::empty(),
    };
    if std::ptr::eq(cls, &PyTuple_Type) { Ok(t.into_obj()) } else { Tuple::new_of_class(cls, t.items()) }
}

unsafe extern "C" fn tuple_vectorcall(
    _: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let call = unsafe { crate::args::CallArgs::from_raw(args, crate::protocol::call::nargs(nargsf), kwnames) };
    if !call.keywords().is_empty() {
        bail!(TypeError, "tuple() takes no keyword arguments");
    }
    match call.positional() {
        [] => Ok(Tuple::empty().into_obj()),
        [it] => it.to_tuple().map(Ref::into_obj),
        more => bail!(TypeError, "tuple expected at most 1 argument, got {}", more.len()),
    }
}

extern "C" fn tuple_repr(o: &Object) -> PyResult {
    let t: &Tuple = o.cast();
    if t.is_empty() {
        return Ok(crate::protocol::repr::text("()"));
    }
    let Some(_guard) = repr_enter(o)? else { return Ok(crate::protocol::repr::text("(...)")) };
    let mut b = StrBuilder::new();
    b.push_str("(");
    for (i, item) in t.items().iter().enumerate() {
        if i > 0 {
            b.push_str(", ");
        }
        b.push_pystr(&*item.repr()?);
    }
    b.push_str(if t.len() == 1 { ",)" } else { ")" });
    Ok(b.finish().into_obj())
}

extern "C" fn tuple_hash(o: &Object) -> isize {
    let t: &Tuple = o.cast();
    if t.ob_hash.get() != -1 {
        return t.ob_hash.get();
    }
    if crate::thread::check_recursion(" while hashing a tuple").is_err() {
        return -1;
    }
    match hash_items(t.items()) {
        Ok(h) => {
            t.ob_hash.set(h);
            h
        }
        Err(_) => -1,
    }
}

/// The hash of a tuple of these items.
pub fn hash_items(items: &[Obj]) -> PyResult<isize> {
    let mut hasher = taipan_numeric::hash::TupleHasher::default();
    for item in items {
        hasher.add(item.hash()? as i64);
    }
    Ok(hasher.finish() as isize)
}

extern "C" fn tuple_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Tuple>(), b.downcast::<Tuple>()) else { return Ok(not_implemented()) };
    let op = CompareOp::from_c(op);
    let mut i = 0;
    while i < x.len() && i < y.len() {
        if !x.item(i).eq(y.item(i))? {
            break;
        }
        i += 1;
    }
    if i >= x.len() || i >= y.len() {
        return Ok(bool_::from_bool(op.test(x.len().cmp(&y.len()))));
    }
    match op {
        CompareOp::Eq => Ok(bool_::from_bool(false)),
        CompareOp::Ne => Ok(bool_::from_bool(true)),
        _ => x.item(i).rich_compare(y.item(i), op),
    }
}

extern "C" fn tuple_length(o: &Object) -> isize {
    o.cast::<Tuple>().len() as isize
}

extern "C" fn tuple_concat(a: &Object, b: &Object) -> PyResult {
    let x: &Tuple = a.cast();
    let Some(y) = b.downcast::<Tuple>() else {
        bail!(TypeError, "can only concatenate tuple (not \"{}\") to tuple", b.ty().name_str());
    };
    if x.is_empty() && b.is_exact(&PyTuple_Type) {
        return Ok(b.to_obj());
    }
    if y.is_empty() && a.is_exact(&PyTuple_Type) {
        return Ok(a.to_obj());
    }
    let mut v = Vec::with_capacity(x.len() + y.len());
    v.extend_from_slice(x.items());
    v.extend_from_slice(y.items());
    Ok(Tuple::from_vec(v).into_obj())
}

extern "C" fn tuple_repeat(o: &Object, n: isize) -> PyResult {
    let t: &Tuple = o.cast();
    if (t.is_empty() || n == 1) && o.is_exact(&PyTuple_Type) {
        return Ok(o.to_obj());
    }
    if t.is_empty() || n <= 0 {
        return Ok(Tuple::empty().into_obj());
    }
    let total = t.len().checked_mul(n as usize).filter(|n| *n < isize::MAX as usize / 8).ok_or_else(no_memory)?;
    let mut v = Vec::new();
    v.try_reserve_exact(total).map_err(|_| no_memory())?;
    for _ in 0..n {
        v.extend_from_slice(t.items());
    }
    Ok(Tuple::from_vec(v).into_obj())
}

extern "C" fn tuple_item(o: &Object, i: isize) -> PyResult {
    match usize::try_from(i).ok().and_then(|i| o.cast::<Tuple>().items().get(i)) {
        Some(v) => Ok(v.clone()),
        None => bail!(IndexError, "tuple index out of range"),
    }
}

extern "C" fn tuple_contains(o: &Object, x: &Object) -> c_int {
    status_bool((|| {
        for item in o.cast::<Tuple>().items() {
            if item.eq(x)? {
                return Ok(true);
            }
        }
        Ok(false)
    })())
}

extern "C" fn tuple_subscript(o: &Object, key: &Object) -> PyResult {
    let t: &Tuple = o.cast();
    if crate::protocol::number::has_index(key) {
        let i = key.index_as_isize(Some(crate::types::exceptions::IndexError))?;
        return tuple_item(o, if i < 0 { i + t.len() as isize } else { i });
    }
    let Some(s) = key.downcast::<Slice>() else {
        bail!(TypeError, "tuple indices must be integers or slices, not {}", key.ty().name_str());
    };
    let r = s.indices(t.len())?;
    if r.len == 0 {
        return Ok(Tuple::empty().into_obj());
    }
    if r.step == 1 && r.start == 0 && r.len == t.len() && o.is_exact(&PyTuple_Type) {
        return Ok(o.to_obj());
    }
    let items: Vec<Obj> = (0..r.len).map(|k| t.items()[(r.start + k as isize * r.step) as usize].clone()).collect();
    Ok(Tuple::from_vec(items).into_obj())
}

extern "C" fn tuple_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let t: &Tuple = o.cast();
    let p = t.ob_item.as_ptr().cast::<Option<Obj>>();
    for i in 0..t.len() {
        // SAFETY: a tuple being built by an extension may still hold nulls, hence the option.
        if let Some(v) = unsafe { &*p.add(i) } {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn tuple_iter(o: &Object) -> PyResult {
    Ok(TupleIter::new(Ref::from_borrowed(o.cast())).into_obj())
}

/// Return the number of occurrences of value.
#[method(signature = "(value, /)")]
fn count(this: &Tuple, value: &Object) -> PyResult<usize> {
    let mut n = 0;
    for item in this.items() {
        n += item.eq(value)? as usize;
    }
    Ok(n)
}

/// Return the first index of value. Raises ValueError if it is not there.
#[method(signature = "(value, start=0, stop=sys.maxsize, /)")]
fn index(this: &Tuple, value: &Object, start: Clipped, stop: Clipped) -> PyResult<usize> {
    let n = this.len() as isize;
    let clip = |i: isize| if i < 0 { (i + n).max(0) } else { i };
    let (start, stop) = (clip(start.0), clip(stop.0).min(n));
    for i in start..stop {
        if this.items()[i as usize].eq(value)? {
            return Ok(i as usize);
        }
    }
    bail!(ValueError, "tuple.index(x): x not in tuple")
}

/// Arguments for a copy.
#[method(signature = "()")]
fn __getnewargs__(this: &Tuple) -> Ref<Tuple> {
    let all = Tuple::new(this.borrowed_items());
    Tuple::new(&[&all])
}

/// See PEP 585
#[classmethod(signature = "(object, /)", text = false)]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(tuple_length),
    concat: Slot::new(tuple_concat),
    repeat: Slot::new(tuple_repeat),
    item: Slot::new(tuple_item),
    contains: Slot::new(tuple_contains),
    ..SequenceMethods::EMPTY
};
static AS_MAPPING: MappingMethods =
    MappingMethods { length: Slot::new(tuple_length), subscript: Slot::new(tuple_subscript), ..MappingMethods::EMPTY };

#[unsafe(no_mangle)]
pub static PyTuple_Type: Type = Type::new_static(TypeDef {
    name: c"tuple",
    basicsize: size_of::<Tuple>(),
    itemsize: 8,
    flags: flags::HAVE_GC | flags::BASETYPE | flags::TUPLE_SUBCLASS | flags::MATCH_SELF | flags::SEQUENCE,
    doc: Some(c"tuple(iterable=(), /)\n--\n\nAn immutable sequence of the iterable's items; empty without one."),
    dealloc: Some(tuple_dealloc),
    repr: Some(tuple_repr),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(tuple_hash),
    traverse: Some(tuple_traverse),
    richcompare: Some(tuple_richcompare),
    iter: Some(tuple_iter),
    methods: methods![__getnewargs__, index, count, __class_getitem__],
    new: Some(tuple_new),
    vectorcall: Some(tuple_vectorcall),
    ..TypeDef::EMPTY
});

/// `tuple_iterator`; the evaluation loop steps it in place.
#[repr(C)]
pub struct TupleIter {
    ob_base: Object,
    /// The next index.
    pub index: Cell<isize>,
    /// The tuple, until exhausted.
    pub seq: crate::ObjCell,
}
layout!(TupleIter, PyTupleIter_Type);

impl TupleIter {
    /// An iterator at the start.
    pub fn new(t: Ref<Tuple>) -> Ref<TupleIter> {
        crate::alloc::new_object(TupleIter {
            ob_base: Object::placeholder(),
            index: Cell::new(0),
            seq: crate::ObjCell::new(t.into_obj()),
        })
    }
}

extern "C" fn tupleiter_next(o: &Object) -> Option<Obj> {
    let it: &TupleIter = o.cast();
    let t: &Tuple = it.seq.get()?.cast();
    let i = it.index.get();
    match t.items().get(i as usize) {
        Some(v) => {
            it.index.set(i + 1);
            Some(v.clone())
        }
        None => {
            it.seq.set(None);
            None
        }
    }
}

extern "C" fn tupleiter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(o.cast::<TupleIter>().seq, visit, arg);
    0
}

/// An estimate of the items left.
#[method(signature = "()", text = false)]
fn __length_hint__(this: &TupleIter) -> usize {
    this.seq.get().map_or(0, |t| t.cast::<Tuple>().len().saturating_sub(this.index.get() as usize))
}

/// State for pickling.
#[method(signature = "()", text = false)]
fn __reduce__(this: &TupleIter) -> PyResult {
    let state = || (this.seq.get_owned(), this.index.get());
    crate::types::iterators::reduce_by(crate::intern!("iter"), state, || Tuple::empty().into_obj())
}

/// Restore state.
#[method(signature = "(state, /)", text = false)]
fn __setstate__(this: &TupleIter, state: &Object) -> PyResult<()> {
    let i = state.index_as_isize(Some(crate::types::exceptions::OverflowError))?;
    if let Some(t) = this.seq.get() {
        this.index.set(i.clamp(0, t.cast::<Tuple>().len() as isize));
    }
    Ok(())
}

#[unsafe(no_mangle)]
pub static PyTupleIter_Type: Type = Type::new_static(TypeDef {
    name: c"tuple_iterator",
    basicsize: size_of::<TupleIter>(),
    flags: flags::HAVE_GC,
    dealloc: Some(crate::alloc::dealloc_of::<TupleIter>),
    traverse: Some(tupleiter_traverse),
    iter: Some(crate::protocol::iter::self_iter),
    iternext: Some(tupleiter_next),
    methods: methods![__length_hint__, __reduce__, __setstate__],
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyTuple_Type, &PyTupleIter_Type];
