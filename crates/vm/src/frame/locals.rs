//! `FrameLocalsProxy` (PEP 667): a mapping that reads and writes a frame's variables.

use super::Frame;
use super::object::FrameObject;
use crate::stackref::StackRef;
use std::ffi::{c_int, c_void};
use taipan_bytecode::code::kinds;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::Given;
use taipan_object::error::{status, status_bool};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::typeobj::slots::{MappingMethods, NumberMethods, SequenceMethods, Slot, VisitProc};
use taipan_object::types::cell::Cell;
use taipan_object::types::dict::Dict;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout, method, methods, raise};

/// The proxy.
#[repr(C)]
pub struct FrameLocalsProxy {
    ob_base: Object,
    frame: ObjCell,
}

layout!(FrameLocalsProxy, PyFrameLocalsProxy_Type);

/// Whether the frame has variables of inlined comprehensions that hold a value now.
pub fn has_hidden(f: &mut Frame) -> bool {
    let frame: *mut Frame = f;
    f.code().variables(kinds::HIDDEN).any(|i| value(frame, i).is_some())
}

/// The value of variable `i`: through its cell, if it is one.
pub fn value(frame: *mut Frame, i: usize) -> Option<Obj> {
    // SAFETY: the frame is alive, `i` one of its variables.
    unsafe {
        let v = (*Frame::slot(frame, i)).get()?;
        if (*frame).code().is_cell_or_free(i)
            && let Some(c) = v.downcast_exact::<Cell>()
        {
            return c.get_owned();
        }
        Some(v.to_obj())
    }
}

impl FrameLocalsProxy {
    /// A proxy for the frame's variables.
    pub fn create(fo: &FrameObject) -> Obj {
        new_object(FrameLocalsProxy { ob_base: Object::placeholder(), frame: ObjCell::new(fo.to_obj()) }).into_obj()
    }

    fn frame_object(&self) -> PyResult<Ref<FrameObject>> {
        match self.frame.get().and_then(|f| f.downcast::<FrameObject>()) {
            Some(f) => Ok(Ref::from_borrowed(f)),
            None => bail!(RuntimeError, "the frame of this proxy is gone"),
        }
    }

    /// The variable called `key`.
    fn index(fo: &FrameObject, key: &Object) -> PyResult<Option<usize>> {
        let code = fo.code();
        let n = code.nlocalsplus();
        if let Some(i) = (0..n).find(|&i| code.localsplus_name(i).is(key)) {
            return Ok(Some(i));
        }
        if let Some(name) = key.downcast_exact::<Str>() {
            return Ok((0..n).find(|&i| code.localsplus_name(i).cast::<Str>().eq(name)));
        }
        // Another key may be equal to a name, as in any mapping.
        let hash = key.hash()?;
        for i in 0..n {
            let name = code.localsplus_name(i);
            if name.hash()? == hash && name.eq(key)? {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    fn extra(fo: &FrameObject) -> Option<Ref<Dict>> {
        fo.f_extra_locals.get().and_then(|d| d.downcast()).map(Ref::from_borrowed)
    }

    fn get(&self, key: &Object) -> PyResult<Option<Obj>> {
        let fo = self.frame_object()?;
        if let Some(i) = Self::index(&fo, key)?
            && let Some(v) = value(fo.f_frame.get(), i)
        {
            return Ok(Some(v));
        }
        match Self::extra(&fo) {
            Some(d) => d.get_item(key),
            None => {
                key.hash()?;
                Ok(None)
            }
        }
    }

    fn set(&self, key: &Object, v: &Object) -> PyResult<()> {
        let fo = self.frame_object()?;
        if let Some(i) = Self::index(&fo, key)? {
            let frame = fo.f_frame.get();
            // SAFETY: the frame is alive. An overwritten value that the stack may have borrowed stays alive with the frame object.
            unsafe {
                let slot = Frame::slot(frame, i);
                if fo.code().is_cell_or_free(i)
                    && let Some(c) = (*slot).get().and_then(|c| c.downcast_exact::<Cell>())
                {
                    c.set(Some(v.to_obj()));
                    return Ok(());
                }
                let old = *slot;
                if old.is(v) {
                    return Ok(());
                }
                *slot = StackRef::new(v);
                if let Some(old) = old.into_obj_opt() {
                    let mut kept = match fo.f_overwritten_fast_locals.get() {
                        Some(t) => t.cast::<Tuple>().items().to_vec(),
                        None => Vec::new(),
                    };
                    kept.push(old);
                    fo.f_overwritten_fast_locals.set(Some(Tuple::from_vec(kept).into_obj()));
                }
            }
            return Ok(());
        }
        let extra = match Self::extra(&fo) {
            Some(d) => d,
            None => {
                let d = Dict::new();
                fo.f_extra_locals.set(Some(d.clone().into_obj()));
                d
            }
        };
        extra.set_item(key, v)
    }

    fn remove(&self, key: &Object) -> PyResult<Option<Obj>> {
        let fo = self.frame_object()?;
        if Self::index(&fo, key)?.is_some() {
            bail!(ValueError, "cannot remove local variables from FrameLocalsProxy");
        }
        match Self::extra(&fo) {
            Some(d) => d.pop_opt(key),
            None => Ok(None),
        }
    }

    /// Names and values.
    fn pairs(&self) -> PyResult<Vec<(Obj, Obj)>> {
        let fo = self.frame_object()?;
        let code = fo.code();
        let mut out = Vec::new();
        for i in 0..code.nlocalsplus() {
            if let Some(v) = value(fo.f_frame.get(), i) {
                out.push((code.localsplus_name(i).to_obj(), v));
            }
        }
        if let Some(d) = Self::extra(&fo) {
            out.extend(d.pairs());
        }
        Ok(out)
    }

    fn to_dict(&self) -> PyResult<Ref<Dict>> {
        let d = Dict::new();
        for (k, v) in self.pairs()? {
            d.set_item(&k, &v)?;
        }
        Ok(d)
    }

    fn merge(&self, other: &Object) -> PyResult<()> {
        if other.downcast::<Dict>().is_none() && other.downcast::<FrameLocalsProxy>().is_none() {
            bail!(TypeError, "update() argument must be dict or another FrameLocalsProxy");
        }
        let keys = other.call_method(taipan_object::intern!("keys"), &[])?;
        let it = keys.iter()?;
        while let Some(k) = it.next()? {
            let v = other.get_item(&k)?;
            self.set(&k, &v)?;
        }
        Ok(())
    }
}

extern "C" fn proxy_length(o: &Object) -> isize {
    taipan_object::error::status_len(o.cast::<FrameLocalsProxy>().pairs().map(|p| p.len() as isize))
}
extern "C" fn proxy_subscript(o: &Object, key: &Object) -> PyResult {
    match o.cast::<FrameLocalsProxy>().get(key)? {
        Some(v) => Ok(v),
        None => bail!(KeyError, "local variable '{}' is not defined", key.repr()?.display()),
    }
}
extern "C" fn proxy_assign(o: &Object, key: &Object, v: Option<&Object>) -> c_int {
    let this: &FrameLocalsProxy = o.cast();
    status(match v {
        Some(v) => this.set(key, v),
        None => match this.remove(key) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(taipan_object::error::raise_arg(taipan_object::types::exceptions::KeyError, key.to_obj())),
            Err(e) => Err(e),
        },
    })
}
extern "C" fn proxy_contains(o: &Object, key: &Object) -> c_int {
    status_bool(o.cast::<FrameLocalsProxy>().get(key).map(|v| v.is_some()))
}
extern "C" fn proxy_iter(o: &Object) -> PyResult {
    keys(o.cast())?.iter()
}
extern "C" fn proxy_repr(o: &Object) -> PyResult {
    let Some(_guard) = taipan_object::protocol::repr::repr_enter(o)? else {
        return Ok(Str::from_utf8("{...}").into_obj());
    };
    Ok(o.cast::<FrameLocalsProxy>().to_dict()?.repr()?.into_obj())
}
extern "C" fn proxy_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let Some(x) = a.downcast::<FrameLocalsProxy>() else { return Ok(not_implemented()) };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    if let Some(y) = b.downcast::<FrameLocalsProxy>() {
        let same = x.frame.get().zip(y.frame.get()).is_some_and(|(f, g)| f.is(g));
        return Ok(crate::support::bool_object(same == (op == CompareOp::Eq)).to_obj());
    }
    if b.downcast::<Dict>().is_some() {
        return x.to_dict()?.rich_compare(b, op);
    }
    Ok(not_implemented())
}
extern "C" fn proxy_or(a: &Object, b: &Object) -> PyResult {
    let ok = |o: &Object| o.downcast::<Dict>().is_some() || o.downcast::<FrameLocalsProxy>().is_some();
    if !ok(a) || !ok(b) {
        return Ok(not_implemented());
    }
    let d = Dict::new();
    d.update_from(a, true)?;
    d.update_from(b, true)?;
    Ok(d.into_obj())
}
extern "C" fn proxy_inplace_or(a: &Object, b: &Object) -> PyResult {
    let this: &FrameLocalsProxy = a.cast();
    if b.downcast::<Dict>().is_none() && b.downcast::<FrameLocalsProxy>().is_none() {
        return Ok(not_implemented());
    }
    this.merge(b)?;
    Ok(a.to_obj())
}

/// Return the names as a list.
#[method(signature = "()", text = false)]
fn keys(this: &FrameLocalsProxy) -> PyResult<Ref<List>> {
    Ok(List::from_vec(this.pairs()?.into_iter().map(|(k, _)| k).collect()))
}

/// Return the values as a list.
#[method(signature = "()", text = false)]
fn values(this: &FrameLocalsProxy) -> PyResult<Ref<List>> {
    Ok(List::from_vec(this.pairs()?.into_iter().map(|(_, v)| v).collect()))
}

/// Return (name, value) pairs as a list.
#[method(signature = "()", text = false)]
fn items(this: &FrameLocalsProxy) -> PyResult<Ref<List>> {
    Ok(List::from_vec(this.pairs()?.into_iter().map(|(k, v)| Tuple::from_vec(vec![k, v]).into_obj()).collect()))
}

/// Set variables from another mapping.
#[method(signature = "(other, /)", text = false)]
fn update(this: &FrameLocalsProxy, other: &Object) -> PyResult<()> {
    this.merge(other)
}

/// Return the variables as a new dict.
#[method(signature = "()", text = false)]
fn copy(this: &FrameLocalsProxy) -> PyResult<Ref<Dict>> {
    this.to_dict()
}

/// Return the value of a name, or the default.
#[method(signature = "(key, default=None, /)", text = false)]
fn get(this: &FrameLocalsProxy, key: &Object, default: Given<&Object>) -> PyResult {
    Ok(this.get(key)?.unwrap_or_else(|| default.0.unwrap_or(none()).to_obj()))
}

/// Remove a name that is no variable and return its value.
#[method(signature = "(key, default=None, /)", text = false)]
fn pop(this: &FrameLocalsProxy, key: &Object, default: Given<&Object>) -> PyResult {
    match (this.remove(key)?, default.0) {
        (Some(v), _) => Ok(v),
        (None, Some(d)) => Ok(d.to_obj()),
        (None, None) => Err(taipan_object::error::raise_arg(taipan_object::types::exceptions::KeyError, key.to_obj())),
    }
}

/// Return the value of a name; set it to the default first if it is missing.
#[method(signature = "(key, default=None, /)", text = false)]
fn setdefault(this: &FrameLocalsProxy, key: &Object, default: Given<&Object>) -> PyResult {
    if let Some(v) = this.get(key)? {
        return Ok(v);
    }
    let d = default.0.unwrap_or(none());
    this.set(key, d)?;
    Ok(d.to_obj())
}

/// Return the names as a list, last first.
#[method(signature = "()", name = "__reversed__", text = false)]
fn reversed(this: &FrameLocalsProxy) -> PyResult<Ref<List>> {
    let mut names: Vec<Obj> = this.pairs()?.into_iter().map(|(k, _)| k).collect();
    names.reverse();
    Ok(List::from_vec(names))
}

extern "C" fn proxy_new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let args: &Tuple = args.cast();
    if args.len() != 1 {
        bail!(TypeError, "FrameLocalsProxy expected 1 argument, got {}", args.len());
    }
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "FrameLocalsProxy takes no keyword arguments");
    }
    match args.item(0).downcast_exact::<FrameObject>() {
        Some(f) => Ok(FrameLocalsProxy::create(f)),
        None => Err(raise!(TypeError, "expect frame, not {}", args.item(0).ty().name_str())),
    }
}

extern "C" fn proxy_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<FrameLocalsProxy>().frame.get().map_or(0, |f| visit(f, arg))
}
extern "C" fn proxy_clear(o: &Object) -> c_int {
    o.cast::<FrameLocalsProxy>().frame.set(None);
    0
}

static AS_MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(proxy_length),
    subscript: Slot::new(proxy_subscript),
    ass_subscript: Slot::new(proxy_assign),
};
static AS_SEQUENCE: SequenceMethods = SequenceMethods { contains: Slot::new(proxy_contains), ..SequenceMethods::EMPTY };
static AS_NUMBER: NumberMethods =
    NumberMethods { or: Slot::new(proxy_or), inplace_or: Slot::new(proxy_inplace_or), ..NumberMethods::EMPTY };

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `types.FrameLocalsProxyType`.
pub static PyFrameLocalsProxy_Type: Type = Type::new_static(TypeDef {
    name: c"FrameLocalsProxy",
    basicsize: size_of::<FrameLocalsProxy>(),
    flags: flags::HAVE_GC | flags::MAPPING,
    dealloc: Some(dealloc_of::<FrameLocalsProxy>),
    repr: Some(proxy_repr),
    as_number: Some(&AS_NUMBER),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(taipan_object::protocol::compare::hash_not_implemented),
    traverse: Some(proxy_traverse),
    clear: Some(proxy_clear),
    richcompare: Some(proxy_richcompare),
    iter: Some(proxy_iter),
    methods: methods![keys, values, items, update, copy, get, pop, setdefault, reversed],
    new: Some(proxy_new),
    ..TypeDef::EMPTY
});
