//! `Context`: what the context variables of a thread are set to.

use super::hamt::Hamt;
use super::var::ContextVar;
use crate::support::{self_iter, tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::KwArgs;
use taipan_object::error::{status, status_bool};
use taipan_object::protocol::compare::{CompareOp, hash_not_implemented, not_implemented};
use taipan_object::typeobj::slots::*;
use taipan_object::types::bool_;
use taipan_object::types::dict::key_error;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Thread, Type, TypeDef, bail, flags, layout, method, methods};

/// A context.
#[repr(C)]
pub struct Context {
    ob_base: Object,
    /// The context that was current when this one was entered.
    prev: ObjCell,
    vars: ObjCell,
    weakreflist: ObjCell,
    entered: Cell<c_int>,
}

const _: () = assert!(size_of::<Context>() == 48 && offset_of!(Context, weakreflist) == 32);
layout!(Context, PyContext_Type);

impl Context {
    fn make(vars: Ref<Hamt>) -> Ref<Context> {
        new_object(Context {
            ob_base: Object::placeholder(),
            prev: ObjCell::empty(),
            vars: ObjCell::new(vars.into_obj()),
            weakreflist: ObjCell::empty(),
            entered: Cell::new(0),
        })
    }

    /// The context of a thread, made if there is none yet.
    pub fn of_thread(ts: &Thread) -> Ref<Context> {
        if ts.context.is_empty() {
            ts.context.set(Some(Context::make(Hamt::empty()).into_obj()));
            ts.context_ver.set(ts.context_ver.get() + 1);
        }
        match ts.context.get_owned().map(Obj::downcast_into::<Context>) {
            Some(Ok(c)) => c,
            _ => Context::make(Hamt::empty()),
        }
    }

    /// The map.
    pub fn vars(&self) -> Ref<Hamt> {
        match self.vars.get() {
            Some(v) => Ref::from_borrowed(v.cast()),
            None => Hamt::empty(),
        }
    }

    /// Replaces the map.
    pub fn set_vars(&self, vars: Ref<Hamt>) {
        self.vars.set(Some(vars.into_obj()));
    }

    fn enter(&self, ts: &Thread) -> PyResult<()> {
        if self.entered.get() != 0 {
            bail!(RuntimeError, "cannot enter context: {} is already entered", self.ob_base.repr()?.display());
        }
        self.prev.set(ts.context.take());
        self.entered.set(1);
        ts.context.set(Some(self.ob_base.to_obj()));
        ts.context_ver.set(ts.context_ver.get() + 1);
        Ok(())
    }

    fn exit(&self, ts: &Thread) -> PyResult<()> {
        if self.entered.get() == 0 {
            bail!(RuntimeError, "cannot exit context: {} has not been entered", self.ob_base.repr()?.display());
        }
        if !ts.context.get().is_some_and(|c| c.is(&self.ob_base)) {
            bail!(RuntimeError, "cannot exit context: thread state references a different context object");
        }
        let former = self.prev.take();
        self.entered.set(0);
        ts.context_ver.set(ts.context_ver.get() + 1);
        ts.context.set(former);
        Ok(())
    }
}

/// A copy of the current context.
pub fn copy_current() -> Ref<Context> {
    Context::make(Context::of_thread(Thread::current()).vars())
}

extern "C" fn context_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if !args.cast::<Tuple>().is_empty() || kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "Context() does not accept any arguments");
    }
    Ok(Context::make(Hamt::empty()).into_obj())
}

extern "C" fn context_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let c: &Context = o.cast();
    visit_fields(&[&c.prev, &c.vars], visit, arg)
}

extern "C" fn context_clear(o: &Object) -> c_int {
    let c: &Context = o.cast();
    c.prev.set(None);
    c.vars.set(None);
    0
}

extern "C" fn context_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast::<Context>(), b.downcast::<Context>()) else { return Ok(not_implemented()) };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    Ok(bool_::from_bool(x.vars().equals(&y.vars())? == (op == CompareOp::Eq)))
}

fn check_key(key: &Object) -> PyResult<()> {
    if key.downcast::<ContextVar>().is_none() {
        bail!(TypeError, "a ContextVar key was expected, got {}", key.repr()?.display());
    }
    Ok(())
}

extern "C" fn context_len(o: &Object) -> isize {
    o.cast::<Context>().vars().len() as isize
}

extern "C" fn context_subscript(o: &Object, key: &Object) -> PyResult {
    check_key(key)?;
    match o.cast::<Context>().vars().get(key) {
        Some(v) => Ok(v.to_obj()),
        None => Err(key_error(key)),
    }
}

extern "C" fn context_contains(o: &Object, key: &Object) -> c_int {
    status_bool(check_key(key).map(|()| o.cast::<Context>().vars().get(key).is_some()))
}

/// Return the value of a variable in the context, or default.
#[method(signature = "(key, default=None, /)")]
fn get(this: &Context, key: &Object, default: &Object) -> PyResult {
    check_key(key)?;
    Ok(this.vars().get(key).unwrap_or(default).to_obj())
}

/// Return a shallow copy.
#[method]
fn copy(this: &Context) -> Ref<Context> {
    Context::make(this.vars())
}

/// Call a function in the context.
#[method(signature = "(*args, **kwargs)", text = false)]
fn run(ts: &Thread, this: &Context, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult {
    let Some((callable, rest)) = args.split_first() else {
        bail!(TypeError, "run() missing 1 required positional argument")
    };
    this.enter(ts)?;
    let result = match kwargs.names() {
        None => callable.call(rest),
        Some(names) => {
            let mut all = rest.to_vec();
            all.extend_from_slice(kwargs.values());
            callable.call_kw(&all, rest.len(), names)
        }
    };
    match result {
        Ok(r) => this.exit(ts).map(|()| r),
        Err(e) => {
            // The function's exception wins.
            let exc = e.take();
            if let Err(e) = this.exit(ts) {
                e.clear();
            }
            Err(taipan_object::error::restore(exc))
        }
    }
}

/// Makes a context the running thread's (`PyContext_Enter`).
#[unsafe(no_mangle)]
pub extern "C" fn PyContext_Enter(o: &Object) -> c_int {
    let Some(c) = o.downcast::<Context>() else { return status(Err(not_a_context())) };
    status(c.enter(Thread::current()))
}

/// Puts the former context back (`PyContext_Exit`).
#[unsafe(no_mangle)]
pub extern "C" fn PyContext_Exit(o: &Object) -> c_int {
    let Some(c) = o.downcast::<Context>() else { return status(Err(not_a_context())) };
    status(c.exit(Thread::current()))
}

/// Keeps both linked: only extension modules call them.
#[used]
static EXPORTED: [extern "C" fn(&Object) -> c_int; 2] = [PyContext_Enter, PyContext_Exit];

#[cold]
fn not_a_context() -> taipan_object::Raised {
    taipan_object::raise!(TypeError, "an instance of Context was expected")
}

// ---- iteration

/// What an iterator gives.
#[derive(Clone, Copy)]
enum Part {
    Keys,
    Values,
    Items,
}

#[repr(C)]
struct ContextIter {
    ob_base: Object,
    pairs: Vec<(Obj, Obj)>,
    next: Cell<usize>,
    part: Part,
}

#[repr(C)]
struct KeysIter(ContextIter);
#[repr(C)]
struct ValuesIter(ContextIter);
#[repr(C)]
struct ItemsIter(ContextIter);
layout!(KeysIter, _PyHamtKeys_Type);
layout!(ValuesIter, _PyHamtValues_Type);
layout!(ItemsIter, _PyHamtItems_Type);

fn iterator(c: &Context, part: Part) -> Obj {
    let it = ContextIter { ob_base: Object::placeholder(), pairs: c.vars().pairs(), next: Cell::new(0), part };
    match part {
        Part::Keys => new_object(KeysIter(it)).into_obj(),
        Part::Values => new_object(ValuesIter(it)).into_obj(),
        Part::Items => new_object(ItemsIter(it)).into_obj(),
    }
}

fn iter_fields(o: &Object) -> &ContextIter {
    // SAFETY: only slots of the three types come here.
    unsafe { o.cast_unchecked() }
}

extern "C" fn iter_next(o: &Object) -> Option<Obj> {
    let it = iter_fields(o);
    let i = it.next.get();
    let (k, v) = it.pairs.get(i)?;
    it.next.set(i + 1);
    Some(match it.part {
        Part::Keys => k.clone(),
        Part::Values => v.clone(),
        Part::Items => tuple_of([k.clone(), v.clone()]).into_obj(),
    })
}

extern "C" fn iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    for (k, v) in &iter_fields(o).pairs {
        for x in [k, v] {
            let r = visit(x, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn iter_len(o: &Object) -> isize {
    iter_fields(o).pairs.len() as isize
}

static ITER_MAPPING: MappingMethods = MappingMethods { length: Slot::new(iter_len), ..MappingMethods::EMPTY };

const ITERATOR: TypeDef = TypeDef {
    basicsize: size_of::<ContextIter>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    as_mapping: Some(&ITER_MAPPING),
    traverse: Some(iter_traverse),
    iter: Some(self_iter),
    iternext: Some(iter_next),
    ..TypeDef::EMPTY
};

/// Iterator over the variables.
#[unsafe(no_mangle)]
pub static _PyHamtKeys_Type: Type =
    Type::new_static(TypeDef { name: c"keys", dealloc: Some(dealloc_of::<KeysIter>), ..ITERATOR });
/// Iterator over their values.
#[unsafe(no_mangle)]
pub static _PyHamtValues_Type: Type =
    Type::new_static(TypeDef { name: c"values", dealloc: Some(dealloc_of::<ValuesIter>), ..ITERATOR });
/// Iterator over pairs of both.
#[unsafe(no_mangle)]
pub static _PyHamtItems_Type: Type =
    Type::new_static(TypeDef { name: c"items", dealloc: Some(dealloc_of::<ItemsIter>), ..ITERATOR });

extern "C" fn context_iter(o: &Object) -> PyResult {
    Ok(iterator(o.cast(), Part::Keys))
}

/// Return an iterator over the variables.
#[method]
fn keys(this: &Context) -> Obj {
    iterator(this, Part::Keys)
}

/// Return an iterator over the values.
#[method]
fn values(this: &Context) -> Obj {
    iterator(this, Part::Values)
}

/// Return an iterator over pairs of variables and values.
#[method]
fn items(this: &Context) -> Obj {
    iterator(this, Part::Items)
}

static AS_MAPPING: MappingMethods =
    MappingMethods { length: Slot::new(context_len), subscript: Slot::new(context_subscript), ..MappingMethods::EMPTY };
static AS_SEQUENCE: SequenceMethods =
    SequenceMethods { contains: Slot::new(context_contains), ..SequenceMethods::EMPTY };

/// `Context`.
#[unsafe(no_mangle)]
pub static PyContext_Type: Type = Type::new_static(TypeDef {
    name: c"_contextvars.Context",
    basicsize: size_of::<Context>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<Context>),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(hash_not_implemented),
    traverse: Some(context_traverse),
    clear: Some(context_clear),
    richcompare: Some(context_richcompare),
    weaklistoffset: offset_of!(Context, weakreflist) as isize,
    iter: Some(context_iter),
    methods: methods![get, items, keys, values, copy, run],
    new: Some(context_new),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyContext_Type, &_PyHamtKeys_Type, &_PyHamtValues_Type, &_PyHamtItems_Type];
