//! Weak references and proxies.
//!
//! The references to an object form a doubly linked list from its weak reference word. When the object dies, [`clear_all`] empties them and
//! calls their callbacks.

use crate::alloc::{finish_dealloc, new_instance};
use crate::error::{PyResult, status, status_bool, status_len, to_iternext};
use crate::gc;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::number;
use crate::protocol::repr::text;
use crate::typeobj::slots::*;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::none;
use crate::types::tuple::Tuple;
use crate::{bail, getset, getsets, intern, layout, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_clinic::{classmethod, method};

/// `PyWeakReference`.
#[repr(C)]
pub struct WeakRef {
    ob_base: Object,
    /// The referent, not counted; `None` (the object) once it is gone.
    wr_object: Cell<*const Object>,
    wr_callback: ObjCell,
    hash: Cell<isize>,
    wr_prev: Cell<*const WeakRef>,
    wr_next: Cell<*const WeakRef>,
    vectorcall: Cell<Option<VectorcallFunc>>,
}
const _: () = {
    assert!(size_of::<WeakRef>() == 64 && offset_of!(WeakRef, wr_object) == 16);
    assert!(offset_of!(WeakRef, hash) == 32 && offset_of!(WeakRef, vectorcall) == 56);
};
layout!(WeakRef, _PyWeakref_RefType);

/// The word where an object keeps the head of its list.
fn list_of(o: &Object) -> Option<&Cell<*const WeakRef>> {
    match o.ty().weaklistoffset.get() {
        0 => None,
        // SAFETY: the type says that the word is there; managed ones lie before the object.
        offset => Some(unsafe { &*o.as_ptr().cast::<u8>().offset(offset).cast() }),
    }
}

impl WeakRef {
    /// The referent, while it lives.
    pub fn referent(&self) -> Option<Obj> {
        let p = self.wr_object.get();
        if p.is_null() || std::ptr::eq(p, none::none()) {
            return None;
        }
        // SAFETY: a dying object empties its references before its memory goes; one whose count is zero is dying.
        let o = unsafe { &*p };
        (o.refcnt() > 0).then(|| o.to_obj())
    }

    fn is_dead(&self) -> bool {
        self.referent().is_none()
    }

    /// The callback, if any.
    pub fn callback(&self) -> Option<Obj> {
        self.wr_callback.get_owned()
    }

    /// The callback, even when the reference is dead.
    pub(crate) fn stored_callback(&self) -> Option<Obj> {
        self.wr_callback.get_owned()
    }

    fn next(&self) -> Option<&WeakRef> {
        // SAFETY: list members are alive: they unlink themselves when they die.
        unsafe { self.wr_next.get().as_ref() }
    }

    /// Takes the reference off its object's list; it is dead afterwards.
    fn unlink(&self) {
        let p = self.wr_object.get();
        if p.is_null() || std::ptr::eq(p, none::none()) {
            return;
        }
        // SAFETY: the referent still exists while references are linked to it.
        if let Some(head) = list_of(unsafe { &*p })
            && std::ptr::eq(head.get(), self)
        {
            head.set(self.wr_next.get());
        }
        // SAFETY: neighbours are alive.
        unsafe {
            if let Some(prev) = self.wr_prev.get().as_ref() {
                prev.wr_next.set(self.wr_next.get());
            }
            if let Some(next) = self.wr_next.get().as_ref() {
                next.wr_prev.set(self.wr_prev.get());
            }
        }
        self.wr_prev.set(std::ptr::null());
        self.wr_next.set(std::ptr::null());
        self.wr_object.set(none::none());
    }

    fn link(&self, o: &Object, after: Option<&WeakRef>) {
        let head = list_of(o).expect("checked by the caller");
        match after {
            Some(a) => {
                self.wr_prev.set(a);
                self.wr_next.set(a.wr_next.get());
                if let Some(n) = a.next() {
                    n.wr_prev.set(self);
                }
                a.wr_next.set(self);
            }
            None => {
                self.wr_next.set(head.get());
                // SAFETY: list members are alive.
                if let Some(n) = unsafe { head.get().as_ref() } {
                    n.wr_prev.set(self);
                }
                head.set(self);
            }
        }
    }
}

/// The first weak reference to an object.
pub fn first(o: &Object) -> Option<Obj> {
    // SAFETY: list members are alive.
    let r = unsafe { list_of(o)?.get().as_ref()? };
    Some(r.to_obj())
}

/// How many weak references an object has.
pub fn count(o: &Object) -> usize {
    all(o).len()
}

/// All weak references to an object.
pub fn all(o: &Object) -> Vec<Obj> {
    let mut v = Vec::new();
    // SAFETY: list members are alive.
    let mut r = list_of(o).and_then(|h| unsafe { h.get().as_ref() });
    while let Some(w) = r {
        if w.refcnt() > 0 {
            v.push(w.to_obj());
        }
        r = w.next();
    }
    v
}

/// Empties all references to a dying object, then calls their callbacks, oldest last made first.
pub fn clear_all(o: &Object) {
    let Some(head) = list_of(o) else { return };
    if head.get().is_null() {
        return;
    }
    let mut pending: Vec<(Obj, Obj)> = Vec::new();
    // SAFETY: list members are alive until unlinked; the head is re-read each time.
    while let Some(w) = unsafe { head.get().as_ref() } {
        w.unlink();
        if let Some(cb) = w.wr_callback.take()
            && w.refcnt() > 0
        {
            pending.push((w.to_obj(), cb));
        }
    }
    if pending.is_empty() {
        return;
    }
    let ts = crate::Thread::current();
    let saved = ts.current_exception.take();
    for (w, cb) in pending {
        if let Err(e) = cb.call_one(&w) {
            crate::error::unraisable_while(e, "calling weakref callback", &cb);
        }
    }
    ts.current_exception.set(saved);
}

/// For the collector: empties all references to `o`, and `o` itself if it is one. Callbacks are not called; each reference that has one is shown
/// to `f`, which may not run Python code.
pub(crate) fn detach_all(o: &Object, mut f: impl FnMut(&WeakRef)) {
    if o.downcast::<WeakRef>().is_some() || is_proxy(o) {
        fields(o).unlink();
    }
    let Some(head) = list_of(o) else { return };
    // SAFETY: list members are alive until unlinked; the head is re-read each time.
    while let Some(w) = unsafe { head.get().as_ref() } {
        w.unlink();
        if !w.wr_callback.is_empty() {
            f(w);
        }
    }
}

fn is_proxy(o: &Object) -> bool {
    o.is_exact(&_PyWeakref_ProxyType) || o.is_exact(&_PyWeakref_CallableProxyType)
}

/// The shareable reference and proxy (no callback, exact type) of an object, which come first on its list.
fn basic(o: &Object) -> (Option<&WeakRef>, Option<&WeakRef>) {
    // SAFETY: list members are alive.
    let Some(first) = list_of(o).and_then(|h| unsafe { h.get().as_ref() }) else { return (None, None) };
    let is_basic = |w: &&WeakRef, proxy: bool| {
        w.wr_callback.is_empty()
            && w.refcnt() > 0
            && if proxy {
                w.is_exact(&_PyWeakref_ProxyType) || w.is_exact(&_PyWeakref_CallableProxyType)
            } else {
                w.is_exact(&_PyWeakref_RefType)
            }
    };
    let r = Some(first).filter(|w| is_basic(w, false));
    let second = match r {
        Some(w) => w.next(),
        None => Some(first),
    };
    (r, second.filter(|w| is_basic(w, true)))
}

fn make(cls: &Type, o: &Object, callback: Option<Obj>) -> PyResult<Ref<WeakRef>> {
    let w = new_instance(
        cls,
        WeakRef {
            ob_base: Object::placeholder(),
            wr_object: Cell::new(o),
            wr_callback: ObjCell::from_opt(callback),
            hash: Cell::new(-1),
            wr_prev: Cell::new(std::ptr::null()),
            wr_next: Cell::new(std::ptr::null()),
            vectorcall: Cell::new(Some(ref_vectorcall)),
        },
    )?;
    if !std::ptr::eq(w.ty(), cls) {
        w.set_ty(cls);
    }
    Ok(w)
}

fn cannot(o: &Object) -> crate::Raised {
    crate::raise!(TypeError, "cannot create weak reference to '{}' object", o.ty().name_str())
}

/// A weak reference to `o` (`PyWeakref_NewRef`).
pub fn new_ref(cls: &Type, o: &Object, callback: Option<&Object>) -> PyResult<Ref<WeakRef>> {
    if list_of(o).is_none() {
        return Err(cannot(o));
    }
    let callback = callback.filter(|c| !c.is_none()).map(Object::to_obj);
    if callback.is_none()
        && std::ptr::eq(cls, &_PyWeakref_RefType)
        && let (Some(r), _) = basic(o)
    {
        return Ok(Ref::from_borrowed(r));
    }
    let shared = callback.is_none() && std::ptr::eq(cls, &_PyWeakref_RefType);
    let w = make(cls, o, callback)?;
    let (r, p) = basic(o);
    w.link(o, if shared { None } else { p.or(r) });
    Ok(w)
}

/// A proxy for `o` (`PyWeakref_NewProxy`).
pub fn new_proxy(o: &Object, callback: Option<&Object>) -> PyResult {
    if list_of(o).is_none() {
        return Err(cannot(o));
    }
    let callback = callback.filter(|c| !c.is_none()).map(Object::to_obj);
    if callback.is_none()
        && let (_, Some(p)) = basic(o)
    {
        return Ok(p.to_obj());
    }
    let shared = callback.is_none();
    let cls = if o.is_callable() { &_PyWeakref_CallableProxyType } else { &_PyWeakref_ProxyType };
    // SAFETY: proxies have the layout of references.
    let w = unsafe { make_proxy(cls, o, callback) };
    let (r, p) = basic(o);
    w.link(o, if shared { r } else { p.or(r) });
    Ok(w.into_obj())
}

unsafe fn make_proxy(cls: &'static Type, o: &Object, callback: Option<Obj>) -> Ref<WeakRef> {
    // SAFETY: a complete object is written before it is tracked.
    unsafe {
        let (p, class) =
            crate::alloc::alloc_exact(cls, size_of::<WeakRef>()).unwrap_or_else(|| crate::alloc::out_of_memory());
        p.cast::<WeakRef>().write(WeakRef {
            ob_base: Object::in_class(cls, class),
            wr_object: Cell::new(o),
            wr_callback: ObjCell::from_opt(callback),
            hash: Cell::new(-1),
            wr_prev: Cell::new(std::ptr::null()),
            wr_next: Cell::new(std::ptr::null()),
            vectorcall: Cell::new(None),
        });
        gc::track(p.as_ref());
        Obj::from_raw(p.as_ptr()).cast_into_unchecked()
    }
}

fn fields(o: &Object) -> &WeakRef {
    // SAFETY: references and proxies share the layout.
    unsafe { o.cast_unchecked() }
}

unsafe extern "C" fn weakref_dealloc(obj: NonNull<Object>) {
    // SAFETY: the reference is dead; it leaves its list and releases its callback.
    unsafe {
        let o = obj.as_ref();
        gc::untrack(o);
        let w = fields(o);
        w.unlink();
        w.wr_callback.set(None);
        finish_dealloc(obj);
    }
}

extern "C" fn weakref_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(fields(o).wr_callback, visit, arg);
    0
}
extern "C" fn weakref_clear(o: &Object) -> c_int {
    let w = fields(o);
    w.unlink();
    w.wr_callback.set(None);
    0
}

fn ref_args(args: &Tuple) -> PyResult<(&Object, Option<&Object>)> {
    match args.items() {
        [o] => Ok((o, None)),
        [o, cb] => Ok((o, Some(cb))),
        [] => bail!(TypeError, "__new__ expected at least 1 argument, got 0"),
        more => bail!(TypeError, "__new__ expected at most 2 arguments, got {}", more.len()),
    }
}

extern "C" fn ref_new(cls: &Type, args: &Object, _: Option<&Object>) -> PyResult {
    let (o, cb) = ref_args(args.cast())?;
    new_ref(cls, o, cb).map(Ref::into_obj)
}

extern "C" fn ref_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
            bail!(TypeError, "{}() takes no keyword arguments", o.ty().name_str());
        }
        let n = args.cast::<Tuple>().len();
        if !(1..=2).contains(&n) {
            bail!(
                TypeError,
                "__init__ expected at {} {} argument{}, got {n}",
                if n == 0 { "least" } else { "most" },
                n.clamp(1, 2),
                if n == 0 { "" } else { "s" }
            );
        }
        Ok(())
    })())
}

unsafe extern "C" fn ref_vectorcall(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let call = unsafe { crate::args::CallArgs::from_raw(args, crate::protocol::call::nargs(nargsf), kwnames) };
    if !call.keywords().is_empty() {
        bail!(TypeError, "weakref() takes no keyword arguments");
    }
    if !call.positional().is_empty() {
        bail!(TypeError, "weakref expected 0 arguments, got {}", call.positional().len());
    }
    Ok(fields(o).referent().unwrap_or_else(none::none_obj))
}

extern "C" fn ref_hash(o: &Object) -> isize {
    let w = fields(o);
    if w.hash.get() != -1 {
        return w.hash.get();
    }
    status_len((|| {
        let Some(r) = w.referent() else { bail!(TypeError, "weak object has gone away") };
        let h = r.hash()?;
        w.hash.set(h);
        Ok(h)
    })())
}

extern "C" fn ref_repr(o: &Object) -> PyResult {
    let Some(r) = fields(o).referent() else { return Ok(text(&format!("<weakref at {o:p}; dead>"))) };
    let name = match r.get_attr_opt(intern!("__name__")) {
        Ok(n) => n.and_then(|n| n.downcast::<crate::types::str::Str>().map(|s| s.to_utf8_lossy().into_owned())),
        // Showing a reference must not fail because of what it refers to.
        Err(e) => {
            e.clear();
            None
        }
    };
    let class = crate::protocol::repr::fully_qualified_name(r.ty())?;
    Ok(text(&match name {
        Some(n) => format!("<weakref at {o:p}; to '{class}' at {:p} ({n})>", r.as_ptr()),
        None => format!("<weakref at {o:p}; to '{class}' at {:p}>", r.as_ptr()),
    }))
}

extern "C" fn ref_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast::<WeakRef>(), b.downcast::<WeakRef>()) else { return Ok(not_implemented()) };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    match (x.referent(), y.referent()) {
        (Some(p), Some(q)) => p.rich_compare(&q, op),
        _ => Ok(crate::types::bool_::from_bool(a.is(b) == (op == CompareOp::Eq))),
    }
}

fn get_callback(w: &WeakRef) -> Option<Obj> {
    if w.is_dead() { None } else { w.callback() }
}

/// See PEP 585
#[classmethod(signature = "(object, /)", text = false)]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

#[unsafe(no_mangle)]
pub static _PyWeakref_RefType: Type = Type::new_static(TypeDef {
    name: c"weakref.ReferenceType",
    basicsize: size_of::<WeakRef>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::HAVE_VECTORCALL,
    dealloc: Some(weakref_dealloc),
    vectorcall_offset: offset_of!(WeakRef, vectorcall),
    repr: Some(ref_repr),
    hash: Some(ref_hash),
    call: Some(crate::protocol::call::call_through_vectorcall),
    traverse: Some(weakref_traverse),
    clear: Some(weakref_clear),
    richcompare: Some(ref_richcompare),
    methods: methods![__class_getitem__],
    getset: getsets![getset!(c"__callback__", get_callback)],
    init: Some(ref_init),
    new: Some(ref_new),
    ..TypeDef::EMPTY
});

// Proxies: every operation is done on the referent.

/// The referent behind a proxy, or the object itself.
fn unwrap(o: &Object) -> PyResult {
    if !(o.is_exact(&_PyWeakref_ProxyType) || o.is_exact(&_PyWeakref_CallableProxyType)) {
        return Ok(o.to_obj());
    }
    match fields(o).referent() {
        Some(r) => Ok(r),
        None => bail!(ReferenceError, "weakly-referenced object no longer exists"),
    }
}

macro_rules! proxied {
    (binary $($name:ident = $f:path;)*) => { $(
        extern "C" fn $name(a: &Object, b: &Object) -> PyResult { $f(&*unwrap(a)?, &*unwrap(b)?) }
    )* };
    (unary $($name:ident = $f:path;)*) => { $(
        extern "C" fn $name(a: &Object) -> PyResult { $f(&*unwrap(a)?) }
    )* };
}
proxied! { binary
    p_add = number::add; p_sub = number::subtract; p_mul = number::multiply; p_rem = number::remainder; p_divmod = number::divmod;
    p_lsh = number::lshift; p_rsh = number::rshift; p_and = number::and; p_xor = number::xor; p_or = number::or;
    p_fdiv = number::floor_divide; p_tdiv = number::true_divide; p_matmul = number::matrix_multiply;
    p_iadd = number::inplace_add; p_isub = number::inplace_subtract; p_imul = number::inplace_multiply; p_irem = number::inplace_remainder;
    p_ilsh = number::inplace_lshift; p_irsh = number::inplace_rshift; p_iand = number::inplace_and; p_ixor = number::inplace_xor;
    p_ior = number::inplace_or; p_ifdiv = number::inplace_floor_divide; p_itdiv = number::inplace_true_divide;
    p_imatmul = number::inplace_matrix_multiply;
}
proxied! { unary
    p_neg = number::negative; p_pos = number::positive; p_abs = number::absolute; p_inv = number::invert;
    p_int = to_int; p_float = to_float; p_index = to_index; p_iter = Object::iter;
}
fn to_int(o: &Object) -> PyResult {
    number::to_int(o).map(Ref::into_obj)
}
fn to_float(o: &Object) -> PyResult {
    number::to_float(o).map(Ref::into_obj)
}
fn to_index(o: &Object) -> PyResult {
    number::index(o).map(Ref::into_obj)
}
extern "C" fn p_pow(a: &Object, b: &Object, c: &Object) -> PyResult {
    number::power(&*unwrap(a)?, &*unwrap(b)?, &*unwrap(c)?)
}
extern "C" fn p_ipow(a: &Object, b: &Object, c: &Object) -> PyResult {
    let _ = c;
    number::inplace_power(&*unwrap(a)?, &*unwrap(b)?)
}
extern "C" fn p_bool(o: &Object) -> c_int {
    status_bool(unwrap(o).and_then(|r| r.is_true()))
}
extern "C" fn p_len(o: &Object) -> isize {
    status_len(unwrap(o).and_then(|r| r.len()).map(|n| n as isize))
}
extern "C" fn p_getitem(o: &Object, k: &Object) -> PyResult {
    unwrap(o)?.get_item(&*unwrap(k)?)
}
extern "C" fn p_setitem(o: &Object, k: &Object, v: Option<&Object>) -> c_int {
    status(unwrap(o).and_then(|r| match v {
        Some(v) => r.set_item(k, v),
        None => r.del_item(k),
    }))
}
extern "C" fn p_contains(o: &Object, x: &Object) -> c_int {
    status_bool(unwrap(o).and_then(|r| r.contains(&*unwrap(x)?)))
}
extern "C" fn p_getattr(o: &Object, name: &Object) -> PyResult {
    unwrap(o)?.get_attr(name)
}
extern "C" fn p_setattr(o: &Object, name: &Object, v: Option<&Object>) -> c_int {
    status(unwrap(o).and_then(|r| r.set_attr_opt(name, v)))
}
extern "C" fn p_str(o: &Object) -> PyResult {
    unwrap(o)?.str().map(Ref::into_obj)
}
extern "C" fn p_repr(o: &Object) -> PyResult {
    Ok(text(&match fields(o).referent() {
        Some(r) => {
            let class = crate::protocol::repr::fully_qualified_name(r.ty())?;
            format!("<weakproxy at {o:p}; to '{class}' at {:p}>", r.as_ptr())
        }
        None => format!("<weakproxy at {o:p}; dead>"),
    }))
}
extern "C" fn p_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    unwrap(a)?.rich_compare(&*unwrap(b)?, CompareOp::from_c(op))
}
extern "C" fn p_next(o: &Object) -> Option<Obj> {
    to_iternext(unwrap(o).and_then(|r| {
        if !r.is_iterator() {
            bail!(TypeError, "Weakref proxy referenced a non-iterator '{}' object", r.ty().name_str());
        }
        r.next()
    }))
}
extern "C" fn p_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    unwrap(o)?.call_tuple(args, kwargs)
}

/// bytes(proxy)
#[method(signature = "()", name = "__bytes__", text = false)]
fn proxy_bytes(this: &Object) -> PyResult {
    unwrap(this)?.call_method(intern!("__bytes__"), &[])
}
/// reversed(proxy)
#[method(signature = "()", name = "__reversed__", text = false)]
fn proxy_reversed(this: &Object) -> PyResult {
    unwrap(this)?.call_method(intern!("__reversed__"), &[])
}

static PROXY_NUMBER: NumberMethods = NumberMethods {
    add: Slot::new(p_add),
    subtract: Slot::new(p_sub),
    multiply: Slot::new(p_mul),
    remainder: Slot::new(p_rem),
    divmod: Slot::new(p_divmod),
    power: Slot::new(p_pow),
    negative: Slot::new(p_neg),
    positive: Slot::new(p_pos),
    absolute: Slot::new(p_abs),
    bool_: Slot::new(p_bool),
    invert: Slot::new(p_inv),
    lshift: Slot::new(p_lsh),
    rshift: Slot::new(p_rsh),
    and: Slot::new(p_and),
    xor: Slot::new(p_xor),
    or: Slot::new(p_or),
    int: Slot::new(p_int),
    float: Slot::new(p_float),
    inplace_add: Slot::new(p_iadd),
    inplace_subtract: Slot::new(p_isub),
    inplace_multiply: Slot::new(p_imul),
    inplace_remainder: Slot::new(p_irem),
    inplace_power: Slot::new(p_ipow),
    inplace_lshift: Slot::new(p_ilsh),
    inplace_rshift: Slot::new(p_irsh),
    inplace_and: Slot::new(p_iand),
    inplace_xor: Slot::new(p_ixor),
    inplace_or: Slot::new(p_ior),
    floor_divide: Slot::new(p_fdiv),
    true_divide: Slot::new(p_tdiv),
    inplace_floor_divide: Slot::new(p_ifdiv),
    inplace_true_divide: Slot::new(p_itdiv),
    index: Slot::new(p_index),
    matrix_multiply: Slot::new(p_matmul),
    inplace_matrix_multiply: Slot::new(p_imatmul),
    ..NumberMethods::EMPTY
};
static PROXY_SEQUENCE: SequenceMethods =
    SequenceMethods { length: Slot::new(p_len), contains: Slot::new(p_contains), ..SequenceMethods::EMPTY };
static PROXY_MAPPING: MappingMethods =
    MappingMethods { length: Slot::new(p_len), subscript: Slot::new(p_getitem), ass_subscript: Slot::new(p_setitem) };

const PROXY: TypeDef = TypeDef {
    basicsize: size_of::<WeakRef>(),
    flags: flags::HAVE_GC,
    dealloc: Some(weakref_dealloc),
    repr: Some(p_repr),
    hash: Some(crate::protocol::compare::hash_not_implemented),
    str: Some(p_str),
    getattro: Some(p_getattr),
    setattro: Some(p_setattr),
    traverse: Some(weakref_traverse),
    clear: Some(weakref_clear),
    richcompare: Some(p_richcompare),
    iter: Some(p_iter),
    iternext: Some(p_next),
    ..TypeDef::EMPTY
};

#[unsafe(no_mangle)]
pub static _PyWeakref_ProxyType: Type = Type::new_static(TypeDef {
    name: c"weakref.ProxyType",
    as_number: Some(&PROXY_NUMBER),
    as_sequence: Some(&PROXY_SEQUENCE),
    as_mapping: Some(&PROXY_MAPPING),
    methods: methods![proxy_bytes, proxy_reversed],
    ..PROXY
});

#[unsafe(no_mangle)]
pub static _PyWeakref_CallableProxyType: Type = Type::new_static(TypeDef {
    name: c"weakref.CallableProxyType",
    as_number: Some(&PROXY_NUMBER),
    as_sequence: Some(&PROXY_SEQUENCE),
    as_mapping: Some(&PROXY_MAPPING),
    call: Some(p_call),
    methods: methods![proxy_bytes, proxy_reversed],
    ..PROXY
});

/// For readying.
pub static TYPES: &[&Type] = &[&_PyWeakref_RefType, &_PyWeakref_ProxyType, &_PyWeakref_CallableProxyType];
