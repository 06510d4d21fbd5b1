//! Lists: the growable array, its methods, and its iterators. Sorting is in `sort.rs`.

pub mod iter;
pub mod sort;

use crate::alloc;
use crate::args::Clipped;
use crate::error::{PyResult, no_memory, status, status_bool};
use crate::gc;
use crate::header::{Obj, Object, Ref, VarObject};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::number::has_index;
use crate::protocol::repr::{repr_enter, text};
use crate::typeobj::slots::*;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::slice::Slice;
use crate::types::str::StrBuilder;
use crate::types::tuple::Tuple;
use crate::types::{bool_, exceptions};
use crate::{bail, layout, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::{MaybeUninit, offset_of};
use std::ptr::NonNull;
use taipan_clinic::{classmethod, method};

/// `PyListObject`. Cython appends in place: `ob_size`, `ob_item` and `allocated` mean what they mean in CPython.
#[repr(C)]
pub struct List {
    ob_base: VarObject,
    ob_item: Cell<*mut Option<Obj>>,
    allocated: Cell<isize>,
}

const _: () = assert!(size_of::<List>() == 40 && offset_of!(List, ob_item) == 24 && offset_of!(List, allocated) == 32);
layout!(List, PyList_Type, LIST_SUBCLASS);

impl List {
    /// `[]`.
    pub fn new() -> Ref<List> {
        alloc::new_object(List {
            ob_base: VarObject::placeholder(0),
            ob_item: Cell::new(std::ptr::null_mut()),
            allocated: Cell::new(0),
        })
    }

    /// A list that takes the items over.
    pub fn from_vec(items: Vec<Obj>) -> Ref<List> {
        let l = List::new();
        if l.resize_storage(items.len(), true).is_err() {
            alloc::out_of_memory();
        }
        // SAFETY: room for the items, which are moved.
        unsafe {
            let mut items = items;
            std::ptr::copy_nonoverlapping(items.as_ptr().cast::<Option<Obj>>(), l.ob_item.get(), items.len());
            l.ob_base.ob_size.set(items.len() as isize);
            items.set_len(0);
        }
        l
    }

    /// A list whose items the caller moves out of `src`.
    ///
    /// # Safety
    /// `src` points to `n` owned references, which now belong to the list.
    pub unsafe fn from_raw_items(src: *const Obj, n: usize) -> Ref<List> {
        let l = List::new();
        if n == 0 {
            return l;
        }
        if l.resize_storage(n, true).is_err() {
            alloc::out_of_memory();
        }
        // SAFETY: the caller's promise.
        unsafe { std::ptr::copy_nonoverlapping(src.cast::<Option<Obj>>(), l.ob_item.get(), n) };
        l.ob_base.ob_size.set(n as isize);
        l
    }

    /// A list of new references.
    pub fn from_borrowed(items: &[Obj]) -> Ref<List> {
        let l = List::new();
        let n = items.len();
        if n > 0 {
            if l.resize_storage(n, true).is_err() {
                alloc::out_of_memory();
            }
            let p = l.ob_item.get().cast::<Obj>();
            for (i, o) in items.iter().enumerate() {
                // SAFETY: there is room for all.
                unsafe { p.add(i).write(o.clone()) };
            }
            l.ob_base.ob_size.set(n as isize);
        }
        l
    }

    /// Items `a..b`, clipped to what there is.
    pub fn slice(&self, a: usize, b: usize) -> Ref<List> {
        let b = b.min(self.len());
        List::from_borrowed(if a < b { &self.items()[a..b] } else { &[] })
    }

    /// How many items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The items as they are now. Not to be held across anything that may run Python code or change the list.
    #[inline(always)]
    pub fn items(&self) -> &[Obj] {
        if self.is_empty() {
            return &[];
        }
        // SAFETY: `ob_size` owned references lie there; null items exist only in lists that extensions are still filling.
        unsafe { std::slice::from_raw_parts(self.ob_item.get().cast::<Obj>(), self.len()) }
    }
    /// The items as borrowed references; the same caution as for [`List::items`].
    pub fn borrowed_items(&self) -> &[&Object] {
        // SAFETY: an owned reference and a borrowed one are the same pointer.
        unsafe { std::mem::transmute::<&[Obj], &[&Object]>(self.items()) }
    }
    /// New references to all items.
    pub fn snapshot(&self) -> Vec<Obj> {
        self.items().to_vec()
    }
    /// A new reference to item `i`.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<Obj> {
        self.items().get(i).cloned()
    }
    /// Item `i`.
    ///
    /// # Safety
    /// `i` is below the length; the same caution as for [`List::items`].
    #[inline(always)]
    pub unsafe fn item_unchecked(&self, i: usize) -> &Object {
        debug_assert!(i < self.len());
        // SAFETY: the caller's promise.
        unsafe { &*self.ob_item.get().cast::<*const Object>().add(i).read() }
    }

    /// Appends if that needs no memory.
    ///
    /// # Safety
    /// If the answer is yes, the reference `v` is the list's.
    #[inline(always)]
    pub unsafe fn push_if_room(&self, v: *mut Object) -> bool {
        let n = self.len();
        if n as isize >= self.allocated.get() {
            return false;
        }
        // SAFETY: there is room for one more.
        unsafe { self.ob_item.get().cast::<*mut Object>().add(n).write(v) };
        self.ob_base.ob_size.set(n as isize + 1);
        true
    }

    /// Replaces item `i`, which exists; answers the old one.
    #[inline(always)]
    pub fn replace(&self, i: usize, v: Obj) -> Option<Obj> {
        debug_assert!(i < self.len());
        // SAFETY: within the items.
        unsafe { (*self.ob_item.get().add(i)).replace(v) }
    }

    /// Room for `n` items. Growth leaves slack as CPython does, so that `sys.getsizeof` agrees; `exact` leaves none.
    fn resize_storage(&self, n: usize, exact: bool) -> PyResult<()> {
        let allocated = self.allocated.get() as usize;
        if !exact && allocated >= n && n >= allocated >> 1 {
            return Ok(());
        }
        if n == 0 {
            // SAFETY: the storage holds no items any more.
            unsafe { free_items(self.ob_item.replace(std::ptr::null_mut()), allocated) };
            self.allocated.set(0);
            return Ok(());
        }
        let mut want = if exact { n } else { (n + (n >> 3) + 6) & !3 };
        let size = self.len();
        if !exact && n > size && n - size > want - n {
            want = (n + 3) & !3;
        }
        let bytes = want.checked_mul(8).filter(|b| *b <= isize::MAX as usize).ok_or_else(no_memory)?;
        let old = self.ob_item.get();
        // SAFETY: the storage came from this allocator.
        let p = if old.is_null() { alloc::storage(bytes) } else { unsafe { alloc::resize_storage(old.cast(), bytes) } };
        if p.is_null() {
            return Err(no_memory());
        }
        self.ob_item.set(p.cast());
        self.allocated.set(want as isize);
        Ok(())
    }

    /// Appends.
    #[inline(always)]
    pub fn push(&self, v: Obj) -> PyResult<()> {
        let n = self.len();
        if n as isize >= self.allocated.get() {
            self.resize_storage(n + 1, false)?;
        }
        // SAFETY: there is room for one more.
        unsafe { self.ob_item.get().add(n).write(Some(v)) };
        self.ob_base.ob_size.set(n as isize + 1);
        Ok(())
    }

    /// Takes the last item off.
    pub fn pop_last(&self) -> Option<Obj> {
        let n = self.len();
        if n == 0 {
            return None;
        }
        self.ob_base.ob_size.set(n as isize - 1);
        // SAFETY: the item lies outside the list now and is moved out.
        let v = unsafe { self.ob_item.get().add(n - 1).read() };
        let _ = self.resize_storage(n - 1, false);
        v
    }

    /// Takes item `i` out, which exists.
    pub fn remove_at(&self, i: usize) -> PyResult {
        let n = self.len();
        debug_assert!(i < n);
        // SAFETY: the item is moved out, and those behind it move down.
        let v = unsafe {
            let p = self.ob_item.get().cast::<Obj>();
            let v = p.add(i).read();
            if n - i <= 16 {
                let mut k = i + 1;
                while k < n {
                    p.add(k - 1).write(p.add(k).read());
                    k += 1;
                }
            } else {
                std::ptr::copy(p.add(i + 1), p.add(i), n - i - 1);
            }
            v
        };
        self.ob_base.ob_size.set(n as isize - 1);
        self.resize_storage(n - 1, false)?;
        Ok(v)
    }

    /// Inserts before `i`, which is at most the length.
    pub fn insert_at(&self, i: usize, v: Obj) -> PyResult<()> {
        let n = self.len();
        self.resize_storage(n + 1, false)?;
        // SAFETY: there is room for one more.
        unsafe {
            let p = self.ob_item.get();
            if n - i <= 16 {
                let mut k = n;
                while k > i {
                    p.add(k).write(p.add(k - 1).read());
                    k -= 1;
                }
            } else {
                std::ptr::copy(p.add(i), p.add(i + 1), n - i);
            }
            p.add(i).write(Some(v));
        }
        self.ob_base.ob_size.set(n as isize + 1);
        Ok(())
    }

    /// Replaces items `a..b` by `new`. The old ones are released when the list is whole again.
    pub fn splice(&self, a: usize, b: usize, new: Vec<Obj>) -> PyResult<()> {
        let n = self.len();
        // What compared or freed items may have shortened the list.
        let a = a.min(n);
        let b = b.clamp(a, n);
        let old: Vec<Option<Obj>>;
        let size = n - (b - a) + new.len();
        if size > n {
            self.resize_storage(size, false)?;
        }
        // SAFETY: within the storage; the old items are moved out before they are overwritten, the new ones moved in.
        unsafe {
            let p = self.ob_item.get();
            old = (a..b).map(|i| p.add(i).read()).collect();
            if n > b {
                std::ptr::copy(p.add(b), p.add(a + new.len()), n - b);
            }
            let mut new = new;
            if !new.is_empty() {
                std::ptr::copy_nonoverlapping(new.as_ptr().cast::<Option<Obj>>(), p.add(a), new.len());
            }
            new.set_len(0);
        }
        self.ob_base.ob_size.set(size as isize);
        let shrunk = if size < n { self.resize_storage(size, false) } else { Ok(()) };
        drop(old);
        shrunk
    }

    /// Replaces items `a..b` by new references to others, which do not lie in this list. The old ones are released when the list is whole
    /// again.
    pub fn replace_range(&self, a: usize, b: usize, new: &[Obj]) -> PyResult<()> {
        const FEW: usize = 16;
        let n = self.len();
        let a = a.min(n);
        let b = b.clamp(a, n);
        let gone = b - a;
        let size = n - gone + new.len();
        if size > n {
            self.resize_storage(size, false)?;
        }
        let mut few = [const { MaybeUninit::<Option<Obj>>::uninit() }; FEW];
        let mut many: Vec<Option<Obj>> = Vec::new();
        let old = if gone <= FEW {
            few.as_mut_ptr().cast::<Option<Obj>>()
        } else {
            many.reserve_exact(gone);
            many.as_mut_ptr()
        };
        // SAFETY: within the storage; the old items are moved out before they are overwritten, and released once.
        unsafe {
            let p = self.ob_item.get();
            std::ptr::copy_nonoverlapping(p.add(a), old, gone);
            if n > b && gone != new.len() {
                std::ptr::copy(p.add(b), p.add(a + new.len()), n - b);
            }
            for (i, o) in new.iter().enumerate() {
                p.add(a + i).write(Some(o.clone()));
            }
            self.ob_base.ob_size.set(size as isize);
            let shrunk = if size < n { self.resize_storage(size, false) } else { Ok(()) };
            for i in 0..gone {
                drop(old.add(i).read());
            }
            shrunk
        }
    }

    /// Takes all items out; the list is empty afterwards.
    pub fn take_all(&self) -> Vec<Obj> {
        let n = self.len();
        let p = self.ob_item.replace(std::ptr::null_mut());
        self.ob_base.ob_size.set(0);
        let allocated = self.allocated.replace(0) as usize;
        if p.is_null() {
            return Vec::new();
        }
        // SAFETY: the storage now belongs to this function alone.
        unsafe {
            let v = (0..n).filter_map(|i| p.add(i).read()).collect();
            free_items(p, allocated);
            v
        }
    }

    /// Puts items into a list that is empty (after [`List::take_all`]).
    pub fn put_back(&self, items: Vec<Obj>) -> PyResult<()> {
        self.splice(0, self.len(), items)
    }

    /// Room for `n` items in a list that has no storage yet, rounded up to an even number as CPython does.
    fn preallocate(&self, n: usize) -> PyResult<()> {
        if self.ob_item.get().is_null() && n > 0 { self.resize_storage(n.saturating_add(1) & !1, true) } else { Ok(()) }
    }

    /// `list.extend`.
    pub fn extend_from(&self, iterable: &Object) -> PyResult<()> {
        if let Some(l) = iterable.downcast_exact::<List>() {
            let v = l.snapshot();
            self.preallocate(v.len())?;
            return self.splice(self.len(), self.len(), v);
        }
        if let Some(t) = iterable.downcast_exact::<Tuple>() {
            self.preallocate(t.len())?;
            return self.splice(self.len(), self.len(), t.items().to_vec());
        }
        let it = iterable.iter()?;
        let hint = iterable.length_hint(8)?;
        self.preallocate(hint)?;
        while let Some(v) = it.next()? {
            self.push(v)?;
        }
        if (self.len() as isize) < self.allocated.get() {
            self.resize_storage(self.len(), false)?;
            if self.is_empty() {
                self.resize_storage(0, true)?;
            }
        }
        Ok(())
    }

    /// `list.sort()` without key.
    pub fn sort(&self) -> PyResult<()> {
        sort_list(self, None, false)
    }

    /// `sys.getsizeof` beyond the head.
    pub fn allocated_bytes(&self) -> usize {
        self.allocated.get().max(0) as usize * 8
    }
}

/// Gives back the storage of a list that has room for `allocated` items.
#[inline(always)]
unsafe fn free_items(p: *mut Option<Obj>, allocated: usize) {
    if !p.is_null() {
        // SAFETY: the caller's promise: storage of that size, no longer used.
        unsafe { alloc::free_storage(p.cast(), allocated * 8) }
    }
}

unsafe extern "C" fn list_dealloc(obj: NonNull<Object>) {
    // SAFETY: the list is dead; its items are released once.
    unsafe {
        gc::untrack(obj.as_ref());
        let l = obj.cast::<List>().as_ref();
        let (p, n) = (l.ob_item.get(), l.len());
        for i in (0..n).rev() {
            drop(p.add(i).read());
        }
        if !p.is_null() {
            free_items(p, l.allocated.get() as usize);
        }
        alloc::finish_dealloc(obj);
    }
}

extern "C" fn list_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let l: &List = o.cast();
    for i in 0..l.len() {
        // SAFETY: within the items.
        if let Some(v) = unsafe { &*l.ob_item.get().add(i) } {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn list_clear_slot(o: &Object) -> c_int {
    drop(o.cast::<List>().take_all());
    0
}

extern "C" fn list_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        let (l, args): (&List, &Tuple) = (o.cast(), args.cast());
        if kwargs.is_some_and(|k| !k.is_null_or_empty_dict())
            && (o.is_exact(&PyList_Type)
                || o.ty().new.get().is_some_and(|f| f as usize == list_new as *const () as usize))
        {
            bail!(TypeError, "list() takes no keyword arguments");
        }
        if args.len() > 1 {
            bail!(TypeError, "list expected at most 1 argument, got {}", args.len());
        }
        drop(l.take_all());
        match args.items().first() {
            Some(it) => l.extend_from(it),
            None => Ok(()),
        }
    })())
}

extern "C" fn list_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(alloc::new_instance(
        cls,
        List { ob_base: VarObject::placeholder(0), ob_item: Cell::new(std::ptr::null_mut()), allocated: Cell::new(0) },
    )?
    .into_obj())
}

unsafe extern "C" fn list_vectorcall(
    _: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let call = unsafe { crate::args::CallArgs::from_raw(args, crate::protocol::call::nargs(nargsf), kwnames) };
    if !call.keywords().is_empty() {
        bail!(TypeError, "list() takes no keyword arguments");
    }
    match call.positional() {
        [] => Ok(List::new().into_obj()),
        [it] => it.to_list().map(Ref::into_obj),
        more => bail!(TypeError, "list expected at most 1 argument, got {}", more.len()),
    }
}

extern "C" fn list_repr(o: &Object) -> PyResult {
    let l: &List = o.cast();
    if l.is_empty() {
        return Ok(text("[]"));
    }
    let Some(_guard) = repr_enter(o)? else { return Ok(text("[...]")) };
    let mut b = StrBuilder::new();
    b.push_str("[");
    let mut i = 0;
    while let Some(item) = l.get(i) {
        if i > 0 {
            b.push_str(", ");
        }
        b.push_pystr(&*item.repr()?);
        i += 1;
    }
    b.push_str("]");
    Ok(b.finish().into_obj())
}

extern "C" fn list_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<List>(), b.downcast::<List>()) else { return Ok(not_implemented()) };
    let op = CompareOp::from_c(op);
    if x.len() != y.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(bool_::from_bool(op == CompareOp::Ne));
    }
    let mut i = 0;
    while let (Some(p), Some(q)) = (x.get(i), y.get(i)) {
        if !p.eq(&q)? {
            if i >= x.len() || i >= y.len() {
                // The comparison shortened a list: the lengths decide.
                break;
            }
            return match op {
                CompareOp::Eq => Ok(bool_::from_bool(false)),
                CompareOp::Ne => Ok(bool_::from_bool(true)),
                _ => p.rich_compare(&q, op),
            };
        }
        i += 1;
    }
    Ok(bool_::from_bool(op.test(x.len().cmp(&y.len()))))
}

extern "C" fn list_length(o: &Object) -> isize {
    o.cast::<List>().len() as isize
}

extern "C" fn list_concat(a: &Object, b: &Object) -> PyResult {
    let Some(y) = b.downcast::<List>() else {
        bail!(TypeError, "can only concatenate list (not \"{}\") to list", b.ty().name_str());
    };
    let x: &List = a.cast();
    let mut v = Vec::with_capacity(x.len() + y.len());
    v.extend_from_slice(x.items());
    v.extend_from_slice(y.items());
    Ok(List::from_vec(v).into_obj())
}

fn repeated(l: &List, n: isize) -> PyResult<Vec<Obj>> {
    let n = n.max(0) as usize;
    let total = l.len().checked_mul(n).filter(|t| *t <= isize::MAX as usize / 8).ok_or_else(no_memory)?;
    let mut v: Vec<Obj> = Vec::new();
    v.try_reserve_exact(total).map_err(|_| no_memory())?;
    if let [one] = l.items() {
        v.resize(total, one.clone());
    } else {
        for _ in 0..n {
            v.extend_from_slice(l.items());
        }
    }
    Ok(v)
}

extern "C" fn list_repeat(o: &Object, n: isize) -> PyResult {
    Ok(List::from_vec(repeated(o.cast(), n)?).into_obj())
}

extern "C" fn list_inplace_repeat(o: &Object, n: isize) -> PyResult {
    let l: &List = o.cast();
    if n <= 0 {
        drop(l.take_all());
    } else if n > 1 && !l.is_empty() {
        let v = repeated(l, n - 1)?;
        l.splice(l.len(), l.len(), v)?;
    }
    Ok(o.to_obj())
}

extern "C" fn list_inplace_concat(o: &Object, other: &Object) -> PyResult {
    o.cast::<List>().extend_from(other)?;
    Ok(o.to_obj())
}

extern "C" fn list_item(o: &Object, i: isize) -> PyResult {
    match usize::try_from(i).ok().and_then(|i| o.cast::<List>().get(i)) {
        Some(v) => Ok(v),
        None => bail!(IndexError, "list index out of range"),
    }
}

extern "C" fn list_ass_item(o: &Object, i: isize, value: Option<&Object>) -> c_int {
    status(set_index(o.cast(), i, value))
}

fn set_index(l: &List, i: isize, value: Option<&Object>) -> PyResult<()> {
    if i < 0 || i as usize >= l.len() {
        bail!(IndexError, "list assignment index out of range");
    }
    match value {
        Some(v) => drop(l.replace(i as usize, v.to_obj())),
        None => drop(l.remove_at(i as usize)?),
    }
    Ok(())
}

extern "C" fn list_contains(o: &Object, x: &Object) -> c_int {
    status_bool((|| {
        let l: &List = o.cast();
        let mut i = 0;
        while i < l.len() {
            // SAFETY: in range; the borrow ends before anything can change the list.
            let item = unsafe { l.item_unchecked(i) };
            let equal = if item.is(x) {
                true
            } else {
                match crate::protocol::compare::plain_answer(item, x, CompareOp::Eq) {
                    Some(answer) => answer,
                    None => {
                        let item = item.to_obj();
                        item.eq(x)?
                    }
                }
            };
            if equal {
                return Ok(true);
            }
            i += 1;
        }
        Ok(false)
    })())
}

extern "C" fn list_subscript(o: &Object, key: &Object) -> PyResult {
    let l: &List = o.cast();
    if has_index(key) {
        let i = key.index_as_isize(Some(exceptions::IndexError))?;
        return list_item(o, if i < 0 { i + l.len() as isize } else { i });
    }
    let Some(s) = key.downcast::<Slice>() else {
        bail!(TypeError, "list indices must be integers or slices, not {}", key.ty().name_str());
    };
    // The length counts after the bounds are known: finding them may run code that changes it.
    let r = crate::types::slice::adjust(s.unpack()?, l.len());
    let items = l.items();
    if r.step == 1 {
        return Ok(List::from_borrowed(&items[r.start as usize..r.start as usize + r.len]).into_obj());
    }
    let v: Vec<Obj> = (0..r.len).map(|k| items[(r.start + k as isize * r.step) as usize].clone()).collect();
    Ok(List::from_vec(v).into_obj())
}

extern "C" fn list_ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status(assign_subscript(o, key, value))
}

/// The items of an exact list or tuple.
#[inline(always)]
fn plain_items(o: &Object) -> Option<&[Obj]> {
    match o.downcast_exact::<List>() {
        Some(l) => Some(l.items()),
        None => o.downcast_exact::<Tuple>().map(Tuple::items),
    }
}

fn assign_subscript(o: &Object, key: &Object, value: Option<&Object>) -> PyResult<()> {
    let l: &List = o.cast();
    if has_index(key) {
        let i = key.index_as_isize(Some(exceptions::IndexError))?;
        return set_index(l, if i < 0 { i + l.len() as isize } else { i }, value);
    }
    let Some(s) = key.downcast::<Slice>() else {
        bail!(TypeError, "list indices must be integers or slices, not {}", key.ty().name_str());
    };
    let bounds = s.unpack()?;
    if bounds.2 == 1
        && let Some(v) = value
        && !v.is(o)
        && let Some(items) = plain_items(v)
    {
        let r = crate::types::slice::adjust(bounds, l.len());
        return l.replace_range(r.start as usize, r.start.max(r.stop).max(0) as usize, items);
    }
    let new = match value {
        Some(v) if bounds.2 == 1 => Some(crate::protocol::mapping::fast_items(v, "can only assign an iterable")?),
        Some(v) => Some(crate::protocol::mapping::fast_items(v, "must assign iterable to extended slice")?),
        None => None,
    };
    // The length may have changed while the right side was iterated.
    let r = crate::types::slice::adjust(bounds, l.len());
    if r.step == 1 {
        let (a, b) = (r.start as usize, (r.start as usize).max(r.stop.max(0) as usize));
        return l.splice(a, b, new.unwrap_or_default());
    }
    match new {
        Some(v) => {
            if v.len() != r.len {
                bail!(ValueError, "attempt to assign sequence of size {} to extended slice of size {}", v.len(), r.len);
            }
            let mut old = Vec::with_capacity(r.len);
            for (k, item) in v.into_iter().enumerate() {
                old.push(l.replace((r.start + k as isize * r.step) as usize, item));
            }
            drop(old);
            Ok(())
        }
        None => {
            let mut doomed: Vec<usize> = (0..r.len).map(|k| (r.start + k as isize * r.step) as usize).collect();
            doomed.sort_unstable();
            let mut next = doomed.iter().copied().peekable();
            let mut kept = Vec::with_capacity(l.len() - r.len);
            let mut gone = Vec::with_capacity(r.len);
            for (i, item) in l.take_all().into_iter().enumerate() {
                if next.peek() == Some(&i) {
                    next.next();
                    gone.push(item);
                } else {
                    kept.push(item);
                }
            }
            l.put_back(kept)?;
            drop(gone);
            Ok(())
        }
    }
}

extern "C" fn list_iter(o: &Object) -> PyResult {
    Ok(iter::ListIter::new(Ref::from_borrowed(o.cast())).into_obj())
}

/// Append object to the end of the list.
#[method(signature = "(object, /)")]
fn append(this: &List, object: &Object) -> PyResult<()> {
    this.push(object.to_obj())
}

/// Remove all items from the list.
#[method(signature = "()")]
fn clear(this: &List) {
    drop(this.take_all());
}

/// Return a shallow copy of the list.
#[method(signature = "()")]
fn copy(this: &List) -> Ref<List> {
    List::from_vec(this.snapshot())
}

/// Return the number of occurrences of value.
#[method(signature = "(value, /)")]
fn count(this: &List, value: &Object) -> PyResult<usize> {
    let (mut n, mut i) = (0, 0);
    while let Some(item) = this.get(i) {
        n += item.eq(value)? as usize;
        i += 1;
    }
    Ok(n)
}

/// Append the items of an iterable.
#[method(signature = "(iterable, /)")]
fn extend(this: &List, iterable: &Object) -> PyResult<()> {
    this.extend_from(iterable)
}

/// Return the first index of value. Raises ValueError if it is not there.
#[method(signature = "(value, start=0, stop=sys.maxsize, /)")]
fn index(this: &List, value: &Object, start: Clipped, stop: Clipped) -> PyResult<usize> {
    let n = this.len() as isize;
    let clip = |i: isize| if i < 0 { (i + n).max(0) } else { i };
    let (mut i, stop) = (clip(start.0), clip(stop.0));
    while i < stop {
        let Some(item) = this.get(i as usize) else { break };
        if item.eq(value)? {
            return Ok(i as usize);
        }
        i += 1;
    }
    bail!(ValueError, "list.index(x): x not in list")
}

/// Insert object before index.
#[method(signature = "(index, object, /)")]
fn insert(this: &List, index: isize, object: &Object) -> PyResult<()> {
    let n = this.len() as isize;
    let i = if index < 0 { (index + n).max(0) } else { index.min(n) };
    this.insert_at(i as usize, object.to_obj())
}

/// Remove and return the item at index, by default the last. Raises IndexError if there is none.
#[method(signature = "(index=-1, /)")]
fn pop(this: &List, index: isize) -> PyResult {
    let n = this.len() as isize;
    if n == 0 {
        bail!(IndexError, "pop from empty list");
    }
    let i = if index < 0 { index + n } else { index };
    if i < 0 || i >= n {
        bail!(IndexError, "pop index out of range");
    }
    if i == n - 1 {
        return Ok(this.pop_last().expect("not empty"));
    }
    this.remove_at(i as usize)
}

/// Remove the first occurrence of value. Raises ValueError if it is not there.
#[method(signature = "(value, /)")]
fn remove(this: &List, value: &Object) -> PyResult<()> {
    let mut i = 0;
    while let Some(item) = this.get(i) {
        if item.eq(value)? {
            return this.splice(i, i + 1, Vec::new());
        }
        i += 1;
    }
    bail!(ValueError, "list.remove(x): x not in list")
}

/// Reverse the list in place.
#[method(signature = "()")]
fn reverse(this: &List) {
    let n = this.len();
    if n > 1 {
        // SAFETY: the items; nothing else runs meanwhile.
        unsafe { std::slice::from_raw_parts_mut(this.ob_item.get(), n) }.reverse();
    }
}

/// Sort the list in ascending order, in place and stably. A key function is applied once to each item.
#[method(signature = "(*, key=None, reverse=False)", name = "sort")]
fn list_sort(this: &List, key: Option<&Object>, reverse: bool) -> PyResult<()> {
    sort_list(this, key, reverse)
}

/// The list is empty while it is sorted; a list that Python code filled meanwhile is an error.
fn sort_list(l: &List, key: Option<&Object>, reverse: bool) -> PyResult<()> {
    let mut items = l.take_all();
    // Whatever touches the list meanwhile sets this, even if the list is empty again afterwards.
    l.allocated.set(-1);
    let sorted = sort::sort_items(&mut items, key, reverse);
    let touched = l.allocated.get() != -1;
    let stray = l.take_all();
    l.put_back(items)?;
    drop(stray);
    sorted?;
    if touched {
        bail!(ValueError, "list modified during sort");
    }
    Ok(())
}

/// Return a reverse iterator over the list.
#[method(signature = "()")]
fn __reversed__(this: &List) -> Ref<iter::ListReverseIter> {
    iter::ListReverseIter::new(Ref::from_borrowed(this))
}

/// Return the size of the list in memory, in bytes.
#[method(signature = "()")]
fn __sizeof__(this: &List) -> isize {
    this.ty().basicsize.get() + this.allocated_bytes() as isize
}

/// Return self[index].
#[method(signature = "(index, /)", coexist)]
fn __getitem__(this: &List, index: &Object) -> PyResult {
    list_subscript(this, index)
}

/// See PEP 585
#[classmethod(signature = "(object, /)", text = false)]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(list_length),
    concat: Slot::new(list_concat),
    repeat: Slot::new(list_repeat),
    item: Slot::new(list_item),
    ass_item: Slot::new(list_ass_item),
    contains: Slot::new(list_contains),
    inplace_concat: Slot::new(list_inplace_concat),
    inplace_repeat: Slot::new(list_inplace_repeat),
    ..SequenceMethods::EMPTY
};
static AS_MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(list_length),
    subscript: Slot::new(list_subscript),
    ass_subscript: Slot::new(list_ass_subscript),
};

#[unsafe(no_mangle)]
pub static PyList_Type: Type = Type::new_static(TypeDef {
    name: c"list",
    basicsize: size_of::<List>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::LIST_SUBCLASS | flags::MATCH_SELF | flags::SEQUENCE,
    doc: Some(c"list(iterable=(), /)\n--\n\nA mutable sequence of the iterable's items; empty without one."),
    dealloc: Some(list_dealloc),
    repr: Some(list_repr),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(crate::protocol::compare::hash_not_implemented),
    traverse: Some(list_traverse),
    clear: Some(list_clear_slot),
    richcompare: Some(list_richcompare),
    iter: Some(list_iter),
    methods: methods![
        __getitem__,
        __reversed__,
        __sizeof__,
        clear,
        copy,
        append,
        insert,
        extend,
        pop,
        remove,
        index,
        count,
        reverse,
        list_sort,
        __class_getitem__
    ],
    init: Some(list_init),
    new: Some(list_new),
    vectorcall: Some(list_vectorcall),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyList_Type, &iter::PyListIter_Type, &iter::PyListRevIter_Type];
