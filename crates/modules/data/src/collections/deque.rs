//! `deque`: a ring buffer whose capacity is a power of two.

use super::deque_iter;
use crate::support::{__class_getitem__, none, tuple_of};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_object::alloc::{self, finish_dealloc, new_instance};
use taipan_object::args::Given;
use taipan_object::error::{no_memory, status, status_bool};
use taipan_object::protocol::compare::{CompareOp, hash_not_implemented, not_implemented};
use taipan_object::protocol::repr::{repr_enter, text};
use taipan_object::typeobj::slots::*;
use taipan_object::types::bool_;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::Module;
use taipan_object::types::str::StrBuilder;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, VarObject, bail, flags, gc, getset, getsets, intern, layout,
    method, methods,
};

/// A `deque`.
#[repr(C)]
pub struct Deque {
    ob_base: VarObject,
    /// `capacity` words of which `ob_size`, from `head` on and wrapping around, own objects.
    items: Cell<*mut *mut Object>,
    capacity: Cell<usize>,
    head: Cell<usize>,
    /// Counts the changes that iterators must notice.
    state: Cell<usize>,
    /// -1 for none.
    maxlen: Cell<isize>,
    reserved: [usize; 18],
    weakreflist: ObjCell,
}

const _: () = assert!(size_of::<Deque>() == 216 && offset_of!(Deque, weakreflist) == 208);
layout!(Deque, DEQUE_TYPE);

const MIN_CAPACITY: usize = 8;

impl Deque {
    fn body(maxlen: isize) -> Deque {
        Deque {
            ob_base: VarObject::placeholder(0),
            items: Cell::new(std::ptr::null_mut()),
            capacity: Cell::new(0),
            head: Cell::new(0),
            state: Cell::new(0),
            maxlen: Cell::new(maxlen),
            reserved: [0; 18],
            weakreflist: ObjCell::empty(),
        }
    }

    /// Number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }

    fn set_len(&self, n: usize) {
        self.ob_base.ob_size.set(n as isize);
    }

    /// The count of changes.
    #[inline(always)]
    pub fn state(&self) -> usize {
        self.state.get()
    }

    fn touch(&self) {
        self.state.set(self.state.get().wrapping_add(1));
    }

    #[inline(always)]
    fn slot(&self, i: usize) -> *mut *mut Object {
        debug_assert!(i < self.capacity.get());
        // SAFETY: the mask keeps the index inside the buffer.
        unsafe { self.items.get().add((self.head.get() + i) & (self.capacity.get() - 1)) }
    }

    /// Item `i`, if there is one.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<Obj> {
        if i >= self.len() {
            return None;
        }
        // SAFETY: the slots of items own live objects.
        Some(unsafe { (**self.slot(i)).to_obj() })
    }

    fn replace(&self, i: usize, v: Obj) -> Obj {
        // SAFETY: `i` is in range; the slot's reference is taken over.
        unsafe { Obj::from_raw(self.slot(i).replace(v.into_raw())) }
    }

    /// Moves the items to a buffer of another capacity, a power of two that holds them.
    fn reallocate(&self, capacity: usize) -> PyResult<()> {
        let Some(bytes) = capacity.checked_mul(8).filter(|b| *b < isize::MAX as usize) else { return Err(no_memory()) };
        let new = alloc::malloc(bytes).cast::<*mut Object>();
        if new.is_null() {
            return Err(no_memory());
        }
        let (old, old_capacity, head, n) = (self.items.get(), self.capacity.get(), self.head.get(), self.len());
        if n > 0 {
            let first = n.min(old_capacity - head);
            // SAFETY: the two runs of items fit into the new buffer.
            unsafe {
                std::ptr::copy_nonoverlapping(old.add(head), new, first);
                std::ptr::copy_nonoverlapping(old, new.add(first), n - first);
            }
        }
        self.items.set(new);
        self.capacity.set(capacity);
        self.head.set(0);
        // SAFETY: the old buffer is no longer referred to.
        unsafe { alloc::free(old.cast()) };
        Ok(())
    }

    #[inline(always)]
    fn reserve_one(&self) -> PyResult<()> {
        if self.len() == self.capacity.get() {
            self.reallocate((self.capacity.get() * 2).max(MIN_CAPACITY))?;
        }
        Ok(())
    }

    /// Gives memory back when little of it is used.
    #[inline(always)]
    fn shrink(&self) {
        let capacity = self.capacity.get();
        if capacity > 64
            && self.len() < capacity / 4
            && let Err(e) = self.reallocate(capacity / 2)
        {
            e.clear();
        }
    }

    #[inline(always)]
    fn push_back_raw(&self, v: Obj) -> PyResult<()> {
        self.reserve_one()?;
        let n = self.len();
        self.set_len(n + 1);
        // SAFETY: the slot after the last item is free.
        unsafe { self.slot(n).write(v.into_raw()) };
        self.touch();
        Ok(())
    }

    #[inline(always)]
    fn push_front_raw(&self, v: Obj) -> PyResult<()> {
        self.reserve_one()?;
        self.head.set((self.head.get().wrapping_sub(1)) & (self.capacity.get() - 1));
        self.set_len(self.len() + 1);
        // SAFETY: the slot before the first item was free.
        unsafe { self.slot(0).write(v.into_raw()) };
        self.touch();
        Ok(())
    }

    /// Takes the last item.
    #[inline(always)]
    pub fn pop_back(&self) -> Option<Obj> {
        let n = self.len();
        if n == 0 {
            return None;
        }
        // SAFETY: the reference of the last slot is taken over.
        let v = unsafe { Obj::from_raw(self.slot(n - 1).read()) };
        self.set_len(n - 1);
        self.touch();
        self.shrink();
        Some(v)
    }

    /// Takes the first item.
    #[inline(always)]
    pub fn pop_front(&self) -> Option<Obj> {
        let n = self.len();
        if n == 0 {
            return None;
        }
        // SAFETY: as in `pop_back`.
        let v = unsafe { Obj::from_raw(self.slot(0).read()) };
        self.head.set((self.head.get() + 1) & (self.capacity.get() - 1));
        self.set_len(n - 1);
        self.touch();
        self.shrink();
        Some(v)
    }

    fn is_over(&self) -> bool {
        let max = self.maxlen.get();
        max >= 0 && self.len() as isize > max
    }

    /// Appends; a full deque loses its first item.
    #[inline(always)]
    pub fn push_back(&self, v: Obj) -> PyResult<()> {
        self.push_back_raw(v)?;
        if self.is_over() {
            drop(self.pop_front());
        }
        Ok(())
    }

    #[inline(always)]
    fn push_front(&self, v: Obj) -> PyResult<()> {
        self.push_front_raw(v)?;
        if self.is_over() {
            drop(self.pop_back());
        }
        Ok(())
    }

    fn clear_items(&self) {
        let (items, capacity, head, n) = (self.items.get(), self.capacity.get(), self.head.get(), self.len());
        self.items.set(std::ptr::null_mut());
        self.capacity.set(0);
        self.head.set(0);
        self.set_len(0);
        self.touch();
        for i in 0..n {
            // SAFETY: the detached buffer owned these objects.
            drop(unsafe { Obj::from_raw(items.add((head + i) & (capacity - 1)).read()) });
        }
        // SAFETY: the buffer is detached and empty.
        unsafe { alloc::free(items.cast()) };
    }

    /// The items as they are now.
    pub fn snapshot(&self) -> Vec<Obj> {
        (0..self.len()).filter_map(|i| self.get(i)).collect()
    }

    /// An empty deque without limit.
    pub fn empty() -> Ref<Deque> {
        alloc::new_object(Deque::body(-1))
    }

    fn new_like(&self, items: Vec<Obj>) -> PyResult<Ref<Deque>> {
        let d = alloc::new_object(Deque::body(self.maxlen.get()));
        for v in items {
            d.push_back(v)?;
        }
        Ok(d)
    }

    fn rotate_by(&self, n: isize) {
        let len = self.len();
        if len < 2 {
            return;
        }
        let right = n.rem_euclid(len as isize) as usize;
        if right == 0 {
            return;
        }
        self.touch();
        let mask = self.capacity.get() - 1;
        if len == self.capacity.get() {
            self.head.set((self.head.get() + len - right) & mask);
            return;
        }
        // SAFETY: each step moves an item from one end to the free slot at the other.
        unsafe {
            if right <= len / 2 {
                for _ in 0..right {
                    let v = self.slot(len - 1).read();
                    self.head.set(self.head.get().wrapping_sub(1) & mask);
                    self.slot(0).write(v);
                }
            } else {
                for _ in 0..len - right {
                    let v = self.slot(0).read();
                    self.head.set((self.head.get() + 1) & mask);
                    self.slot(len - 1).write(v);
                }
            }
        }
    }

    fn remove_at(&self, i: usize) -> Obj {
        self.rotate_by(-(i as isize));
        let v = self.pop_front();
        self.rotate_by(i as isize);
        v.unwrap_or_else(none)
    }

    fn extend_back(&self, iterable: &Object) -> PyResult<()> {
        if std::ptr::eq(iterable, &self.ob_base.ob_base) {
            for v in self.snapshot() {
                self.push_back(v)?;
            }
            return Ok(());
        }
        let it = iterable.iter()?;
        if self.maxlen.get() == 0 {
            while it.next()?.is_some() {}
            return Ok(());
        }
        while let Some(v) = it.next()? {
            self.push_back(v)?;
        }
        Ok(())
    }

    fn extend_front(&self, iterable: &Object) -> PyResult<()> {
        if std::ptr::eq(iterable, &self.ob_base.ob_base) {
            for v in self.snapshot() {
                self.push_front(v)?;
            }
            return Ok(());
        }
        let it = iterable.iter()?;
        if self.maxlen.get() == 0 {
            while it.next()?.is_some() {}
            return Ok(());
        }
        while let Some(v) = it.next()? {
            self.push_front(v)?;
        }
        Ok(())
    }

    fn index_in_range(&self, i: isize) -> PyResult<usize> {
        match usize::try_from(i).ok().filter(|i| *i < self.len()) {
            Some(i) => Ok(i),
            None => bail!(IndexError, "deque index out of range"),
        }
    }

    /// `maxlen` as an object.
    fn maxlen_obj(&self) -> Obj {
        match self.maxlen.get() {
            n if n < 0 => none(),
            n => Int::from_isize(n).into_obj(),
        }
    }
}

/// Raised when a comparison changed the deque that is being looked through.
#[cold]
pub fn mutated() -> taipan_object::Raised {
    taipan_object::raise!(RuntimeError, "deque mutated during iteration")
}

extern "C" fn deque_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, Deque::body(-1)).map(Ref::into_obj)
}

extern "C" fn deque_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let sig = crate::signature!("deque", posonly 0, positional 2, ["iterable" false, "maxlen" false]);
    status(crate::support::bind(sig, args, kwargs, |[iterable, maxlen]| {
        let d: &Deque = o.cast();
        let max = match maxlen.filter(|m| !m.is_none()) {
            None => -1,
            Some(m) => {
                if m.downcast::<Int>().is_none() {
                    bail!(TypeError, "an integer is required");
                }
                let n = m.index_as_isize(Some(exceptions::OverflowError))?;
                if n < 0 {
                    bail!(ValueError, "maxlen must be non-negative");
                }
                n
            }
        };
        d.maxlen.set(max);
        if d.len() > 0 {
            d.clear_items();
        }
        match iterable {
            Some(it) => d.extend_back(it),
            None => Ok(()),
        }
    }))
}

unsafe extern "C" fn deque_dealloc(obj: NonNull<Object>) {
    // SAFETY: the destructor contract.
    unsafe {
        let o = obj.as_ref();
        gc::untrack(o);
        taipan_object::types::weakref::clear_all(o);
        o.cast::<Deque>().clear_items();
        finish_dealloc(obj);
    }
}

extern "C" fn deque_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let d: &Deque = o.cast();
    for i in 0..d.len() {
        // SAFETY: the slots of items own live objects.
        let r = visit(unsafe { &**d.slot(i) }, arg);
        if r != 0 {
            return r;
        }
    }
    0
}

extern "C" fn deque_clear(o: &Object) -> c_int {
    o.cast::<Deque>().clear_items();
    0
}

/// Add an element to the right side of the deque.
#[method(signature = "(item, /)")]
fn append(this: &Deque, item: &Object) -> PyResult<()> {
    this.push_back(item.to_obj())
}

/// Add an element to the left side of the deque.
#[method(signature = "(item, /)")]
fn appendleft(this: &Deque, item: &Object) -> PyResult<()> {
    this.push_front(item.to_obj())
}

/// Remove and return the rightmost element.
#[method]
fn pop(this: &Deque) -> PyResult {
    match this.pop_back() {
        Some(v) => Ok(v),
        None => bail!(IndexError, "pop from an empty deque"),
    }
}

/// Remove and return the leftmost element.
#[method]
fn popleft(this: &Deque) -> PyResult {
    match this.pop_front() {
        Some(v) => Ok(v),
        None => bail!(IndexError, "pop from an empty deque"),
    }
}

/// Add the elements of an iterable to the right side.
#[method(signature = "(iterable, /)")]
fn extend(this: &Deque, iterable: &Object) -> PyResult<()> {
    this.extend_back(iterable)
}

/// Add the elements of an iterable to the left side, one by one.
#[method(signature = "(iterable, /)")]
fn extendleft(this: &Deque, iterable: &Object) -> PyResult<()> {
    this.extend_front(iterable)
}

/// Remove all elements.
#[method]
fn clear(this: &Deque) {
    this.clear_items();
}

/// Move elements n steps to the right, around the end; to the left if n is negative.
#[method(signature = "(n=1, /)")]
fn rotate(this: &Deque, n: isize) {
    this.rotate_by(n);
}

/// Reverse the order of the elements in place.
#[method]
fn reverse(this: &Deque) {
    let n = this.len();
    for i in 0..n / 2 {
        // SAFETY: both slots hold items.
        unsafe { std::ptr::swap(this.slot(i), this.slot(n - 1 - i)) };
    }
}

/// Return how many elements equal value.
#[method(signature = "(value, /)")]
fn count(this: &Deque, value: &Object) -> PyResult<usize> {
    let state = this.state();
    let mut n = 0;
    let mut i = 0;
    while let Some(v) = this.get(i) {
        n += usize::from(v.eq(value)?);
        if this.state() != state {
            return Err(mutated());
        }
        i += 1;
    }
    Ok(n)
}

/// Return the first position of value between start and stop.
#[method(signature = "(value, start=0, stop=sys.maxsize, /)", shown = "(value, [start, [stop]])")]
fn index(this: &Deque, value: &Object, start: Given<&Object>, stop: Given<&Object>) -> PyResult<usize> {
    let n = this.len() as isize;
    let bound = |g: Given<&Object>, default: isize| -> PyResult<usize> {
        let mut i = match g.0 {
            None => default,
            Some(o) if taipan_object::protocol::number::has_index(o) => o.index_as_isize(None)?,
            Some(_) => bail!(TypeError, "slice indices must be integers or have an __index__ method"),
        };
        if i < 0 {
            i = i.saturating_add(n).max(0);
        }
        Ok(i.min(n) as usize)
    };
    let (mut i, stop) = (bound(start, 0)?, bound(stop, isize::MAX)?);
    let state = this.state();
    while i < stop {
        let Some(v) = this.get(i) else { break };
        let equal = v.eq(value)?;
        if equal {
            return Ok(i);
        }
        if this.state() != state {
            return Err(mutated());
        }
        i += 1;
    }
    bail!(ValueError, "deque.index(x): x not in deque")
}

/// Insert value before index.
#[method(signature = "(index, value, /)")]
fn insert(this: &Deque, index: isize, value: &Object) -> PyResult<()> {
    let n = this.len() as isize;
    if this.maxlen.get() == n {
        bail!(IndexError, "deque already at its maximum size");
    }
    if index >= n {
        return this.push_back(value.to_obj());
    }
    if index <= -n || index == 0 {
        return this.push_front(value.to_obj());
    }
    this.rotate_by(-index);
    if index < 0 {
        this.push_back(value.to_obj())?
    } else {
        this.push_front(value.to_obj())?
    }
    this.rotate_by(index);
    Ok(())
}

/// Remove the first element that equals value.
#[method(signature = "(value, /)")]
fn remove(this: &Deque, value: &Object) -> PyResult<()> {
    let (n, state) = (this.len(), this.state());
    for i in 0..n {
        let Some(v) = this.get(i) else { break };
        let equal = v.eq(value)?;
        if this.state() != state {
            bail!(IndexError, "deque mutated during remove().");
        }
        if equal {
            drop(this.remove_at(i));
            return Ok(());
        }
    }
    bail!(ValueError, "deque.remove(x): x not in deque")
}

fn copy_of(this: &Deque) -> PyResult {
    let o = &this.ob_base.ob_base;
    if o.is_exact(&DEQUE_TYPE) {
        return this.new_like(this.snapshot()).map(Ref::into_obj);
    }
    let cls = o.ty().as_object();
    let copy = match this.maxlen.get() {
        n if n < 0 => cls.call(&[o])?,
        n => cls.call(&[o, &Int::from_isize(n)])?,
    };
    if copy.downcast::<Deque>().is_none() {
        bail!(TypeError, "{}() must return a deque, not {}", o.ty().name_str(), copy.ty().name_str());
    }
    Ok(copy)
}

/// Return a shallow copy.
#[method]
fn copy(this: &Deque) -> PyResult {
    copy_of(this)
}

/// Return a shallow copy.
#[method]
fn __copy__(this: &Deque) -> PyResult {
    copy_of(this)
}

/// What pickling makes the object from: the elements come one by one.
#[method]
fn __reduce__(this: &Deque) -> PyResult<Ref<Tuple>> {
    let o = &this.ob_base.ob_base;
    let state = o.call_method(intern!("__getstate__"), &[])?;
    let args = match this.maxlen.get() {
        n if n < 0 => Tuple::empty(),
        n => tuple_of([Tuple::empty().into_obj(), Int::from_isize(n).into_obj()]),
    };
    Ok(tuple_of([o.ty().to_obj(), args.into_obj(), state, o.iter()?]))
}

/// Return an iterator over the elements from right to left.
#[method]
fn __reversed__(this: &Deque) -> Obj {
    deque_iter::new_reversed(this)
}

/// Return the size in memory, in bytes.
#[method]
fn __sizeof__(this: &Deque) -> usize {
    this.ob_base.ob_base.ty().basicsize.get() as usize + this.capacity.get() * 8
}

extern "C" fn deque_iter_slot(o: &Object) -> PyResult {
    Ok(deque_iter::new(o.cast()))
}

extern "C" fn deque_repr(o: &Object) -> PyResult {
    let d: &Deque = o.cast();
    let Some(_guard) = repr_enter(o)? else { return Ok(text("[...]")) };
    let items = List::from_vec(d.snapshot());
    let mut b = StrBuilder::new();
    b.push_str(o.ty().short_name());
    b.push_str("(");
    b.push_pystr(&*items.repr()?);
    if d.maxlen.get() >= 0 {
        b.push_str(&format!(", maxlen={}", d.maxlen.get()));
    }
    b.push_str(")");
    Ok(b.finish().into_obj())
}

extern "C" fn deque_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Deque>(), b.downcast::<Deque>()) else { return Ok(not_implemented()) };
    let op = CompareOp::from_c(op);
    match op {
        CompareOp::Eq if a.is(b) => return Ok(bool_::from_bool(true)),
        CompareOp::Ne if a.is(b) => return Ok(bool_::from_bool(false)),
        CompareOp::Eq if x.len() != y.len() => return Ok(bool_::from_bool(false)),
        CompareOp::Ne if x.len() != y.len() => return Ok(bool_::from_bool(true)),
        _ => {}
    }
    let (sx, sy) = (x.state(), y.state());
    let mut i = 0;
    loop {
        let (p, q) = match (x.get(i), y.get(i)) {
            (Some(p), Some(q)) => (p, q),
            (p, q) => return Ok(bool_::from_bool(op.test(p.is_some().cmp(&q.is_some())))),
        };
        if !p.eq(&q)? {
            return match op {
                CompareOp::Eq => Ok(bool_::from_bool(false)),
                CompareOp::Ne => Ok(bool_::from_bool(true)),
                _ => p.rich_compare(&q, op),
            };
        }
        if x.state() != sx || y.state() != sy {
            return Err(mutated());
        }
        i += 1;
    }
}

extern "C" fn deque_length(o: &Object) -> isize {
    o.cast::<Deque>().len() as isize
}

extern "C" fn deque_concat(a: &Object, b: &Object) -> PyResult {
    if b.downcast::<Deque>().is_none() {
        bail!(TypeError, "can only concatenate deque (not \"{}\") to deque", b.ty().name_str());
    }
    let new = copy_of(a.cast())?;
    new.cast::<Deque>().extend_back(b)?;
    Ok(new)
}

fn repeat_in_place(d: &Deque, n: isize) -> PyResult<()> {
    let size = d.len();
    if size == 0 || n == 1 {
        return Ok(());
    }
    if n <= 0 {
        d.clear_items();
        return Ok(());
    }
    let items = d.snapshot();
    let mut total = n as usize;
    if d.maxlen.get() >= 0 {
        // No more than what fits is kept, and the last copies are what fits.
        total = total.min((d.maxlen.get() as usize).div_ceil(size) + 1);
    } else if total > isize::MAX as usize / 8 / size {
        return Err(no_memory());
    }
    for _ in 1..total {
        for v in &items {
            d.push_back(v.clone())?;
        }
    }
    Ok(())
}

extern "C" fn deque_repeat(o: &Object, n: isize) -> PyResult {
    let new = copy_of(o.cast())?;
    repeat_in_place(new.cast(), n)?;
    Ok(new)
}

extern "C" fn deque_inplace_repeat(o: &Object, n: isize) -> PyResult {
    repeat_in_place(o.cast(), n)?;
    Ok(o.to_obj())
}

extern "C" fn deque_inplace_concat(o: &Object, other: &Object) -> PyResult {
    o.cast::<Deque>().extend_back(other)?;
    Ok(o.to_obj())
}

extern "C" fn deque_item(o: &Object, i: isize) -> PyResult {
    let d: &Deque = o.cast();
    let i = d.index_in_range(i)?;
    Ok(d.get(i).unwrap_or_else(none))
}

extern "C" fn deque_ass_item(o: &Object, i: isize, v: Option<&Object>) -> c_int {
    status((|| {
        let d: &Deque = o.cast();
        let i = d.index_in_range(i)?;
        match v {
            Some(v) => drop(d.replace(i, v.to_obj())),
            None => drop(d.remove_at(i)),
        }
        Ok(())
    })())
}

extern "C" fn deque_contains(o: &Object, x: &Object) -> c_int {
    status_bool((|| {
        let d: &Deque = o.cast();
        let state = d.state();
        let mut i = 0;
        while let Some(v) = d.get(i) {
            if v.eq(x)? {
                return Ok(true);
            }
            if d.state() != state {
                return Err(mutated());
            }
            i += 1;
        }
        Ok(false)
    })())
}

fn get_maxlen(d: &Deque) -> Obj {
    d.maxlen_obj()
}

static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(deque_length),
    concat: Slot::new(deque_concat),
    repeat: Slot::new(deque_repeat),
    item: Slot::new(deque_item),
    ass_item: Slot::new(deque_ass_item),
    contains: Slot::new(deque_contains),
    inplace_concat: Slot::new(deque_inplace_concat),
    inplace_repeat: Slot::new(deque_inplace_repeat),
    ..SequenceMethods::EMPTY
};

/// `deque`.
pub static DEQUE_TYPE: Type = Type::new_static(TypeDef {
    name: c"collections.deque",
    basicsize: size_of::<Deque>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::SEQUENCE,
    doc: Some(c"deque([iterable[, maxlen]])\n--\n\nA list-like sequence optimized for access near its two ends.\n\nWith maxlen, it drops elements at the other end once it is full."),
    dealloc: Some(deque_dealloc),
    repr: Some(deque_repr),
    as_sequence: Some(&AS_SEQUENCE),
    hash: Some(hash_not_implemented),
    traverse: Some(deque_traverse),
    clear: Some(deque_clear),
    richcompare: Some(deque_richcompare),
    weaklistoffset: offset_of!(Deque, weakreflist) as isize,
    iter: Some(deque_iter_slot),
    methods: methods![
        append, appendleft, clear, __copy__, copy, count, extend, extendleft, index, insert, pop, popleft, __reduce__, remove,
        __reversed__, reverse, rotate, __sizeof__, __class_getitem__,
    ],
    getset: getsets![getset!(c"maxlen", get_maxlen; c"The largest number of elements, or None.")],
    init: Some(deque_init),
    new: Some(deque_new),
    ..TypeDef::EMPTY
});

pub fn add_to(m: &Module) -> PyResult<()> {
    m.add_type(&DEQUE_TYPE)
}
