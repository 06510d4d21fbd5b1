//! The types `set` and `frozenset`.

use super::{FrozenSet, Set, any_set, hash_element, iter, ops};
use crate::alloc::dealloc_of;
use crate::error::{self, PyResult, status, status_bool, status_len};
use crate::header::{Object, Ref};
use crate::method::FromSelf;
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::repr::repr_enter;
use crate::typeobj::slots::{NumberMethods, SequenceMethods, Slot, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::bool_::from_bool;
use crate::types::dict::{Dict, key_error};
use crate::types::exceptions;
use crate::types::list::List;
use crate::types::str::{Str, StrBuilder};
use crate::types::tuple::Tuple;
use crate::{bail, classmethod, intern, method, methods};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ops::Deref;

/// The receiver of a method that `set` and `frozenset` share.
#[derive(Clone, Copy)]
struct AnySet<'a>(&'a Set);

impl<'a> FromSelf<'a> for AnySet<'a> {
    #[inline(always)]
    fn from_self(o: &'a Object) -> Self {
        AnySet(slot_set(o))
    }
}

impl Deref for AnySet<'_> {
    type Target = Set;
    #[inline(always)]
    fn deref(&self) -> &Set {
        self.0
    }
}

/// The receiver of a slot.
#[inline(always)]
fn slot_set(o: &Object) -> &Set {
    debug_assert!(any_set(o).is_some());
    // SAFETY: the slots and methods here are reached only through the two types, which have the same layout.
    unsafe { o.cast_unchecked() }
}

fn refuse_keywords(name: &str, kwargs: Option<&Object>) -> PyResult<()> {
    match kwargs {
        Some(kw) if !kw.cast::<Dict>().is_empty() => bail!(TypeError, "{name}() takes no keyword arguments"),
        _ => Ok(()),
    }
}

fn one_argument<'a>(args: &'a Object, name: &str) -> PyResult<Option<&'a Object>> {
    match args.cast::<Tuple>().borrowed_items() {
        [] => Ok(None),
        [it] => Ok(Some(it)),
        all => bail!(TypeError, "{name} expected at most 1 argument, got {}", all.len()),
    }
}

extern "C" fn set_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Set::new_in(cls).map(Ref::into_obj)
}

extern "C" fn set_init(slf: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let s = slot_set(slf);
    status((|| {
        refuse_keywords("set", kwargs)?;
        let it = one_argument(args, slf.ty().name_str())?;
        s.clear();
        match it {
            Some(it) => s.update(it),
            None => Ok(()),
        }
    })())
}

/// A frozenset of class `cls`; an exact one is its own copy.
fn make_frozen(cls: &Type, iterable: Option<&Object>) -> PyResult {
    if std::ptr::eq(cls, &PyFrozenSet_Type)
        && let Some(it) = iterable
        && it.is_exact(&PyFrozenSet_Type)
    {
        return Ok(it.to_obj());
    }
    ops::make(cls, iterable).map(Ref::into_obj)
}

extern "C" fn frozenset_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let own_init = cls.init.get().map(|f| f as usize) == PyFrozenSet_Type.init.get().map(|f| f as usize);
    if std::ptr::eq(cls, &PyFrozenSet_Type) || own_init {
        refuse_keywords("frozenset", kwargs)?;
    }
    make_frozen(cls, one_argument(args, cls.name_str())?)
}

unsafe fn vectorcall_argument<'a>(
    name: &str,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&'a Object>,
) -> PyResult<Option<&'a Object>> {
    // SAFETY: the caller passes on a vectorcall's arguments.
    let call = unsafe { crate::args::CallArgs::from_raw(args, crate::protocol::call::nargs(nargsf), kwnames) };
    if !call.keywords().is_empty() {
        bail!(TypeError, "{name}() takes no keyword arguments");
    }
    match call.positional() {
        [] => Ok(None),
        [it] => Ok(Some(it)),
        all => bail!(TypeError, "{name} expected at most 1 argument, got {}", all.len()),
    }
}

unsafe extern "C" fn set_vectorcall(
    cls: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let it = unsafe { vectorcall_argument("set", args, nargsf, kwnames)? };
    ops::make(cls.cast::<Type>(), it).map(Ref::into_obj)
}

unsafe extern "C" fn frozenset_vectorcall(
    cls: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let it = unsafe { vectorcall_argument("frozenset", args, nargsf, kwnames)? };
    make_frozen(cls.cast::<Type>(), it)
}

extern "C" fn set_repr(slf: &Object) -> PyResult {
    let s = slot_set(slf);
    let name = slf.ty().name_str();
    let Some(_guard) = repr_enter(slf)? else { return Ok(Str::from_utf8(&format!("{name}(...)")).into_obj()) };
    if s.is_empty() {
        return Ok(Str::from_utf8(&format!("{name}()")).into_obj());
    }
    let plain = slf.is_exact(&PySet_Type);
    let mut out = StrBuilder::new();
    if !plain {
        out.push_str(name);
        out.push('(');
    }
    for (i, k) in s.items().iter().enumerate() {
        out.push_str(if i == 0 { "{" } else { ", " });
        out.push_pystr(&*k.repr()?);
    }
    out.push_str(if plain { "}" } else { "})" });
    Ok(out.finish().into_obj())
}

extern "C" fn set_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (x, Some(y)) = (slot_set(a), any_set(b)) else { return Ok(not_implemented()) };
    Ok(from_bool(match CompareOp::from_c(op) {
        CompareOp::Eq => x.equals(y)?,
        CompareOp::Ne => !x.equals(y)?,
        CompareOp::Le => x.is_subset(b)?,
        CompareOp::Ge => y.is_subset(a)?,
        CompareOp::Lt => x.len() < y.len() && x.is_subset(b)?,
        CompareOp::Gt => x.len() > y.len() && y.is_subset(a)?,
    }))
}

extern "C" fn set_length(slf: &Object) -> isize {
    slot_set(slf).len() as isize
}

extern "C" fn set_contains(slf: &Object, key: &Object) -> c_int {
    status_bool(has(slot_set(slf), key))
}

extern "C" fn set_iter(slf: &Object) -> PyResult {
    Ok(iter::new_iter(slot_set(slf)))
}

extern "C" fn frozenset_hash(slf: &Object) -> isize {
    status_len(Ok(slot_set(slf).frozen_hash()))
}

/// Runs `f` with the hash of `key`. A set, which has none, stands for the frozenset of its elements.
fn with_hash<R>(key: &Object, f: impl Fn(&Object, isize) -> PyResult<R>) -> PyResult<R> {
    match hash_element(key) {
        Ok(hash) => f(key, hash),
        Err(e) => match any_set(key) {
            Some(s) if e.matches(exceptions::TypeError) && key.ty().is_subtype(&PySet_Type) => {
                e.clear();
                let frozen = Set::new_frozen();
                frozen.merge(s)?;
                let hash = frozen.frozen_hash();
                f(&frozen, hash)
            }
            _ => Err(e),
        },
    }
}

/// Whether `key` is an element (`in`).
pub fn has(s: &Set, key: &Object) -> PyResult<bool> {
    with_hash(key, |k, hash| s.contains_hashed(k, hash))
}

macro_rules! binary {
    ($name:ident, |$s:ident, $other:ident| $make:expr) => {
        extern "C" fn $name(a: &Object, b: &Object) -> PyResult {
            let (Some($s), Some(_)) = (any_set(a), any_set(b)) else { return Ok(not_implemented()) };
            let $other = b;
            $make.map(Ref::into_obj)
        }
    };
}

binary!(set_sub, |s, other| s.difference(other));
binary!(set_and, |s, other| s.intersection(other));
binary!(set_xor, |s, other| s.symmetric_difference(other));
binary!(set_or, |s, other| union_of(s, &[other]));

macro_rules! inplace {
    ($name:ident, $f:ident) => {
        extern "C" fn $name(a: &Object, b: &Object) -> PyResult {
            if any_set(b).is_none() {
                return Ok(not_implemented());
            }
            slot_set(a).$f(b)?;
            Ok(a.to_obj())
        }
    };
}

inplace!(set_isub, difference_update);
inplace!(set_iand, intersection_update);
inplace!(set_ixor, symmetric_difference_update);
inplace!(set_ior, update);

extern "C" fn set_traverse(slf: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let s = slot_set(slf);
    let mut pos = 0;
    while let Some(k) = s.next(&mut pos) {
        let r = visit(k, arg);
        if r != 0 {
            return r;
        }
    }
    0
}

extern "C" fn set_clear(slf: &Object) -> c_int {
    slot_set(slf).clear();
    0
}

fn union_of(s: &Set, others: &[&Object]) -> PyResult<Ref<Set>> {
    let out = s.copy()?;
    for o in others {
        if !o.is(s) {
            out.update(o)?;
        }
    }
    Ok(out)
}

/// Add an element; nothing happens if it is there already.
#[method(signature = "(object, /)")]
fn add(this: &Set, object: &Object) -> PyResult<()> {
    this.add(object)
}

/// Remove all elements.
#[method]
fn clear(this: &Set) {
    this.clear();
}

/// Whether the object is an element.
#[method(signature = "(object, /)", coexist)]
fn __contains__(this: AnySet<'_>, object: &Object) -> PyResult<bool> {
    has(&this, object)
}

/// A shallow copy.
#[method]
fn copy(this: &Set) -> PyResult<Ref<Set>> {
    this.copy()
}

/// A shallow copy.
#[method(name = "copy")]
fn frozenset_copy(this: &FrozenSet) -> PyResult {
    if this.is_exact(&PyFrozenSet_Type) {
        return Ok(this.to_obj());
    }
    slot_set(this).copy().map(Ref::into_obj)
}

/// Remove an element if it is there.
#[method(signature = "(object, /)")]
fn discard(this: &Set, object: &Object) -> PyResult<()> {
    with_hash(object, |k, hash| this.discard_hashed(k, hash)).map(drop)
}

/// Remove an element; KeyError if it is not there.
#[method(signature = "(object, /)")]
fn remove(this: &Set, object: &Object) -> PyResult<()> {
    if with_hash(object, |k, hash| this.discard_hashed(k, hash))? { Ok(()) } else { Err(key_error(object)) }
}

/// Remove some element and return it; KeyError if there is none.
#[method]
fn pop(this: &Set) -> PyResult {
    match this.pop() {
        Some(k) => Ok(k),
        None => Err(error::raise_arg(exceptions::KeyError, Str::from_utf8("pop from an empty set").into_obj())),
    }
}

/// A new set with the elements that are in none of the others.
#[method(signature = "(*others)")]
fn difference(this: AnySet<'_>, others: &[&Object]) -> PyResult<Ref<Set>> {
    let Some((first, rest)) = others.split_first() else { return this.copy() };
    let out = this.difference(first)?;
    for o in rest {
        out.difference_update(o)?;
    }
    Ok(out)
}

/// Remove the elements that are in any of the others.
#[method(signature = "(*others)")]
fn difference_update(this: &Set, others: &[&Object]) -> PyResult<()> {
    others.iter().try_for_each(|o| this.difference_update(o))
}

fn intersection_of(s: &Set, others: &[&Object]) -> PyResult<Ref<Set>> {
    let Some((first, rest)) = others.split_first() else { return s.copy() };
    let mut out = s.intersection(first)?;
    for o in rest {
        out = out.intersection(o)?;
    }
    Ok(out)
}

/// A new set with the elements that are in all the others as well.
#[method(signature = "(*others)")]
fn intersection(this: AnySet<'_>, others: &[&Object]) -> PyResult<Ref<Set>> {
    intersection_of(&this, others)
}

/// Keep only the elements that are in all the others as well.
#[method(signature = "(*others)")]
fn intersection_update(this: &Set, others: &[&Object]) -> PyResult<()> {
    let s = intersection_of(this, others)?;
    this.swap_contents(&s);
    Ok(())
}

/// Whether the two have no element in common.
#[method(signature = "(other, /)")]
fn isdisjoint(this: AnySet<'_>, other: &Object) -> PyResult<bool> {
    this.is_disjoint(other)
}

/// Whether the other contains all elements of this set.
#[method(signature = "(other, /)")]
fn issubset(this: AnySet<'_>, other: &Object) -> PyResult<bool> {
    this.is_subset(other)
}

/// Whether this set contains all elements of the other.
#[method(signature = "(other, /)")]
fn issuperset(this: AnySet<'_>, other: &Object) -> PyResult<bool> {
    this.is_superset(other)
}

/// A new set with the elements that are in exactly one of the two.
#[method(signature = "(other, /)")]
fn symmetric_difference(this: AnySet<'_>, other: &Object) -> PyResult<Ref<Set>> {
    this.symmetric_difference(other)
}

/// Keep the elements that the other does not have, and add those that only the other has.
#[method(signature = "(other, /)")]
fn symmetric_difference_update(this: &Set, other: &Object) -> PyResult<()> {
    this.symmetric_difference_update(other)
}

/// A new set with the elements of this one and of all others.
#[method(signature = "(*others)")]
fn union(this: AnySet<'_>, others: &[&Object]) -> PyResult<Ref<Set>> {
    union_of(&this, others)
}

/// Add the elements of all others.
#[method(signature = "(*others)")]
fn update(this: &Set, others: &[&Object]) -> PyResult<()> {
    others.iter().try_for_each(|o| this.update(o))
}

/// For pickling.
#[method]
fn __reduce__(this: AnySet<'_>) -> PyResult {
    let items = List::from_vec(this.items());
    let args = Tuple::new(&[&items]);
    let state = this.call_method(intern!("__getstate__"), &[])?;
    Ok(Tuple::new(&[this.ty().as_object(), &args, &state]).into_obj())
}

/// Bytes of memory that the set takes, its elements not counted.
#[method]
fn __sizeof__(this: AnySet<'_>) -> usize {
    this.memory_size()
}

/// set[T] as a type annotation.
#[classmethod(signature = "(object, /)")]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

static AS_SEQUENCE: SequenceMethods =
    SequenceMethods { length: Slot::new(set_length), contains: Slot::new(set_contains), ..SequenceMethods::EMPTY };
static SET_NUMBER: NumberMethods = NumberMethods {
    subtract: Slot::new(set_sub),
    and: Slot::new(set_and),
    xor: Slot::new(set_xor),
    or: Slot::new(set_or),
    inplace_subtract: Slot::new(set_isub),
    inplace_and: Slot::new(set_iand),
    inplace_xor: Slot::new(set_ixor),
    inplace_or: Slot::new(set_ior),
    ..NumberMethods::EMPTY
};
static FROZENSET_NUMBER: NumberMethods = NumberMethods {
    subtract: Slot::new(set_sub),
    and: Slot::new(set_and),
    xor: Slot::new(set_xor),
    or: Slot::new(set_or),
    ..NumberMethods::EMPTY
};

/// `set`.
#[unsafe(no_mangle)]
pub static PySet_Type: Type = Type::new_static(TypeDef {
    name: c"set",
    basicsize: size_of::<Set>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::MATCH_SELF,
    doc: Some(c"set(iterable=(), /)\n--\n\nAn unordered collection of different elements."),
    dealloc: Some(dealloc_of::<Set>),
    repr: Some(set_repr),
    as_number: Some(&SET_NUMBER),
    as_sequence: Some(&AS_SEQUENCE),
    hash: Some(crate::protocol::compare::hash_not_implemented),
    traverse: Some(set_traverse),
    clear: Some(set_clear),
    richcompare: Some(set_richcompare),
    weaklistoffset: offset_of!(Set, weaklist) as isize,
    iter: Some(set_iter),
    methods: methods![
        add,
        clear,
        __contains__,
        copy,
        discard,
        difference,
        difference_update,
        intersection,
        intersection_update,
        isdisjoint,
        issubset,
        issuperset,
        pop,
        __reduce__,
        remove,
        __sizeof__,
        symmetric_difference,
        symmetric_difference_update,
        union,
        update,
        __class_getitem__,
    ],
    init: Some(set_init),
    new: Some(set_new),
    vectorcall: Some(set_vectorcall),
    ..TypeDef::EMPTY
});

/// `frozenset`.
#[unsafe(no_mangle)]
pub static PyFrozenSet_Type: Type = Type::new_static(TypeDef {
    name: c"frozenset",
    basicsize: size_of::<FrozenSet>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::MATCH_SELF,
    doc: Some(c"frozenset(iterable=(), /)\n--\n\nAn unordered, unchangeable collection of different elements."),
    dealloc: Some(dealloc_of::<FrozenSet>),
    repr: Some(set_repr),
    as_number: Some(&FROZENSET_NUMBER),
    as_sequence: Some(&AS_SEQUENCE),
    hash: Some(frozenset_hash),
    traverse: Some(set_traverse),
    clear: Some(set_clear),
    richcompare: Some(set_richcompare),
    weaklistoffset: offset_of!(Set, weaklist) as isize,
    iter: Some(set_iter),
    methods: methods![
        __contains__,
        frozenset_copy,
        difference,
        intersection,
        isdisjoint,
        issubset,
        issuperset,
        __reduce__,
        __sizeof__,
        symmetric_difference,
        union,
        __class_getitem__,
    ],
    new: Some(frozenset_new),
    vectorcall: Some(frozenset_vectorcall),
    ..TypeDef::EMPTY
});
