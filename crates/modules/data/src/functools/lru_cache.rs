//! The wrapper that `functools.lru_cache` puts around a function.

use crate::support::{none, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::args::receiver;
use taipan_object::protocol::attr::{dict_getter, dict_setter};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::types::method_::Method;
use taipan_object::types::module::Module;
use taipan_object::types::object::PyBaseObject_Type;
use taipan_object::types::str::PyUnicode_Type;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Interp, Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, intern, layout, method,
    methods,
};

/// The ends of the list of links of one cache, or the neighbours of a link: least recently used first.
struct Neighbours {
    prev: Cell<*const Link>,
    next: Cell<*const Link>,
}

/// One cached call. The dict of the cache owns it; the list only points at it.
#[repr(C)]
struct Link {
    ob_base: Object,
    around: Neighbours,
    on_list: Cell<bool>,
    hash: Cell<isize>,
    key: ObjCell,
    result: ObjCell,
}

layout!(Link, LINK_TYPE);

static LINK_TYPE: Type = Type::new_static(TypeDef {
    name: c"functools._lru_list_elem",
    basicsize: size_of::<Link>(),
    flags: flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<Link>),
    ..TypeDef::EMPTY
});

type Call = fn(&LruCache, &Object, Option<&Object>) -> PyResult;

/// The wrapper.
#[repr(C)]
struct LruCache {
    ob_base: Object,
    /// First and last link.
    ends: Neighbours,
    call: Cell<Call>,
    typed: Cell<bool>,
    cache: ObjCell,
    hits: Cell<isize>,
    func: ObjCell,
    maxsize: Cell<isize>,
    misses: Cell<isize>,
    /// Separates positional from keyword arguments in keys.
    kwd_mark: ObjCell,
    cache_info_type: ObjCell,
    reserved: [usize; 4],
    dict: ObjCell,
    weakreflist: ObjCell,
}

const _: () = {
    assert!(
        size_of::<LruCache>() == 152 && offset_of!(LruCache, dict) == 136 && offset_of!(LruCache, weakreflist) == 144
    );
};
layout!(LruCache, LRU_CACHE_TYPE);

/// The key of a call: its only argument if that is a plain string or integer, else a tuple of everything that distinguishes calls.
fn make_key(kwd_mark: &Object, args: &Object, kwargs: Option<&Object>, typed: bool) -> Obj {
    let args_obj = args;
    let args: &Tuple = args.cast();
    let kwargs = kwargs.filter(|k| !k.is_null_or_empty_dict()).map(Object::cast::<Dict>);
    if !typed && kwargs.is_none() {
        if let [one] = args.items()
            && (one.is_exact(&PyUnicode_Type) || one.is_exact(&PyLong_Type))
        {
            return one.clone();
        }
        return args_obj.to_obj();
    }
    let mut key = args.items().to_vec();
    let pairs = kwargs.map(Dict::pairs).unwrap_or_default();
    if !pairs.is_empty() {
        key.push(kwd_mark.to_obj());
        for (k, v) in &pairs {
            key.push(k.clone());
            key.push(v.clone());
        }
    }
    if typed {
        key.extend(args.items().iter().map(|a| a.ty().to_obj()));
        key.extend(pairs.iter().map(|(_, v)| v.ty().to_obj()));
    }
    Tuple::from_vec(key).into_obj()
}

fn increment(n: &Cell<isize>) {
    n.set(n.get().wrapping_add(1));
}

impl LruCache {
    fn parts(&self) -> PyResult<(Obj, Ref<Dict>, Obj)> {
        match (self.func.get_owned(), self.cache.get(), self.kwd_mark.get_owned()) {
            (Some(f), Some(c), Some(k)) => Ok((f, Ref::from_borrowed(c.cast()), k)),
            _ => bail!(SystemError, "the cache was cleared by the garbage collector"),
        }
    }

    fn extract(&self, link: &Link) {
        // A comparison that calls the function again may have taken it off already.
        if !link.on_list.replace(false) {
            return;
        }
        let (prev, next) = (link.around.prev.get(), link.around.next.get());
        // SAFETY: neighbours on the list are alive: whoever removes a link from the dict takes it off the list first.
        unsafe {
            match prev.as_ref() {
                Some(p) => p.around.next.set(next),
                None => self.ends.next.set(next),
            }
            match next.as_ref() {
                Some(n) => n.around.prev.set(prev),
                None => self.ends.prev.set(prev),
            }
        }
    }

    fn append(&self, link: &Link) {
        if link.on_list.replace(true) {
            return;
        }
        let last = self.ends.prev.get();
        link.around.prev.set(last);
        link.around.next.set(std::ptr::null());
        // SAFETY: as in `extract`.
        match unsafe { last.as_ref() } {
            Some(l) => l.around.next.set(link),
            None => self.ends.next.set(link),
        }
        self.ends.prev.set(link);
    }

    /// Takes all links off the list; the dict still owns them.
    fn unlink_all(&self) {
        let mut link = self.ends.next.get();
        // SAFETY: links on the list are alive.
        while let Some(l) = unsafe { link.as_ref() } {
            l.on_list.set(false);
            link = l.around.next.get();
        }
        self.ends.next.set(std::ptr::null());
        self.ends.prev.set(std::ptr::null());
    }

    fn clear_cache(&self) {
        self.unlink_all();
        self.hits.set(0);
        self.misses.set(0);
        if let Some(c) = self.cache.get_owned() {
            c.cast::<Dict>().clear();
        }
    }
}

fn call_uncached(this: &LruCache, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let (func, ..) = this.parts()?;
    increment(&this.misses);
    func.call_tuple(args, kwargs)
}

fn call_unbounded(this: &LruCache, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let (func, cache, mark) = this.parts()?;
    let key = make_key(&mark, args, kwargs, this.typed.get());
    let hash = key.hash()?;
    if let Some(r) = cache.get_known_hash(&key, hash)? {
        increment(&this.hits);
        return Ok(r);
    }
    increment(&this.misses);
    let result = func.call_tuple(args, kwargs)?;
    cache.set_known_hash(&key, &result, hash)?;
    Ok(result)
}

fn call_bounded(this: &LruCache, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let (func, cache, mark) = this.parts()?;
    let key = make_key(&mark, args, kwargs, this.typed.get());
    let hash = key.hash()?;
    if let Some(link) = cache.get_known_hash(&key, hash)? {
        let link: &Link = link.cast();
        if !std::ptr::eq(this.ends.prev.get(), link) {
            this.extract(link);
            this.append(link);
        }
        increment(&this.hits);
        return Ok(link.result.get_owned().unwrap_or_else(none));
    }
    increment(&this.misses);
    let result = func.call_tuple(args, kwargs)?;
    // The call may have stored the same key, or emptied the cache.
    if cache.get_known_hash(&key, hash)?.is_some() {
        return Ok(result);
    }
    let full = cache.len() as isize >= this.maxsize.get();
    // SAFETY: links on the list are alive.
    let oldest = unsafe { this.ends.next.get().as_ref() }.filter(|_| full).map(|l| l.to_obj());
    let link = match oldest {
        None => new_object(Link {
            ob_base: Object::placeholder(),
            around: Neighbours { prev: Cell::new(std::ptr::null()), next: Cell::new(std::ptr::null()) },
            on_list: Cell::new(false),
            hash: Cell::new(hash),
            key: ObjCell::new(key.clone()),
            result: ObjCell::new(result.clone()),
        })
        .into_obj(),
        Some(oldest) => {
            let link: &Link = oldest.cast();
            this.extract(link);
            let old_key = link.key.get_owned().unwrap_or_else(none);
            match cache.pop_known_hash(&old_key, link.hash.get()) {
                Ok(Some(_)) => {}
                // Its key no longer finds it, since it compares differently now: the link is gone from the list, and the call's result
                // is all that matters.
                Ok(None) => return Ok(result),
                Err(e) => {
                    this.append(link);
                    return Err(e);
                }
            }
            link.hash.set(hash);
            // Old key and result die at the end of the function, when the cache is in order.
            let old_result = link.result.replace(Some(result.clone()));
            let replaced = link.key.replace(Some(key.clone()));
            let stored = cache.set_known_hash(&key, &oldest, hash);
            if stored.is_ok() {
                this.append(link);
            }
            drop((old_result, replaced, old_key));
            return stored.map(|()| result);
        }
    };
    cache.set_known_hash(&key, &link, hash)?;
    this.append(link.cast());
    Ok(result)
}

fn kwd_mark() -> PyResult<Obj> {
    let state = &Interp::current().module_state;
    if let Some(o) = state.borrow().get("functools.kwd_mark") {
        return Ok(o.clone());
    }
    let o = PyBaseObject_Type.as_object().call_noargs()?;
    state.borrow_mut().insert("functools.kwd_mark", o.clone());
    Ok(o)
}

extern "C" fn lru_cache_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("lru_cache", posonly 0, positional 4,
        ["user_function" true, "maxsize" true, "typed" true, "cache_info_type" true]);
    crate::support::bind(sig, args, kwargs, |[func, maxsize, typed, info]| {
        let (func, maxsize, typed, info) = (receiver(func), receiver(maxsize), receiver(typed), receiver(info));
        if !func.is_callable() {
            bail!(TypeError, "the first argument must be callable");
        }
        let (call, size): (Call, isize) = if maxsize.is_none() {
            (call_unbounded, -1)
        } else if taipan_object::protocol::number::has_index(maxsize) {
            let n = maxsize.index_as_isize(Some(exceptions::OverflowError))?.max(0);
            (if n == 0 { call_uncached } else { call_bounded }, n)
        } else {
            bail!(TypeError, "maxsize should be integer or None");
        };
        let body = LruCache {
            ob_base: Object::placeholder(),
            ends: Neighbours { prev: Cell::new(std::ptr::null()), next: Cell::new(std::ptr::null()) },
            call: Cell::new(call),
            typed: Cell::new(typed.is_true()?),
            cache: ObjCell::new(Dict::new().into_obj()),
            hits: Cell::new(0),
            func: ObjCell::new(func.to_obj()),
            maxsize: Cell::new(size),
            misses: Cell::new(0),
            kwd_mark: ObjCell::new(kwd_mark()?),
            cache_info_type: ObjCell::new(info.to_obj()),
            reserved: [0; 4],
            dict: ObjCell::empty(),
            weakreflist: ObjCell::empty(),
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

extern "C" fn lru_cache_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let this: &LruCache = o.cast();
    this.call.get()(this, args, kwargs)
}

extern "C" fn lru_cache_get(o: &Object, obj: Option<&Object>, _: Option<&Object>) -> PyResult {
    match obj.filter(|x| !x.is_none()) {
        None => Ok(o.to_obj()),
        Some(x) => Ok(Method::new(o.to_obj(), x.to_obj()).into_obj()),
    }
}

extern "C" fn lru_cache_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &LruCache = o.cast();
    // Links are no collectable objects: what they hold is visited here.
    let mut link = this.ends.next.get();
    // SAFETY: links on the list are alive.
    while let Some(l) = unsafe { link.as_ref() } {
        let r = visit_fields(&[&l.key, &l.result], visit, arg);
        if r != 0 {
            return r;
        }
        link = l.around.next.get();
    }
    visit_fields(&[&this.cache, &this.func, &this.kwd_mark, &this.cache_info_type, &this.dict], visit, arg)
}

extern "C" fn lru_cache_clear(o: &Object) -> c_int {
    let this: &LruCache = o.cast();
    this.unlink_all();
    for f in [&this.cache, &this.func, &this.kwd_mark, &this.cache_info_type, &this.dict] {
        f.set(None);
    }
    0
}

/// Report hits, misses, the size limit and the current size.
#[method]
fn cache_info(this: &LruCache) -> PyResult {
    let (_, cache, _) = this.parts()?;
    let Some(ty) = this.cache_info_type.get_owned() else { return Ok(none()) };
    let maxsize = match this.maxsize.get() {
        -1 => none(),
        n => Int::from_isize(n).into_obj(),
    };
    ty.call(&[
        &Int::from_isize(this.hits.get()),
        &Int::from_isize(this.misses.get()),
        &maxsize,
        &Int::from_usize(cache.len()),
    ])
}

/// Empty the cache and reset its statistics.
#[method]
fn cache_clear(this: &LruCache) {
    this.clear_cache();
}

/// The name under which pickling finds the function.
#[method]
fn __reduce__(this: &Object) -> PyResult {
    this.get_attr(intern!("__qualname__"))
}

/// A function is its own copy.
#[method(signature = "(object, /)", text = false, varargs)]
fn __deepcopy__(this: &Object, object: &Object) -> Obj {
    let _ = object;
    this.to_obj()
}

/// A function is its own copy.
#[method(text = false, varargs)]
fn __copy__(this: &Object) -> Obj {
    this.to_obj()
}

/// `_lru_cache_wrapper`.
pub static LRU_CACHE_TYPE: Type = Type::new_static(TypeDef {
    name: c"functools._lru_cache_wrapper",
    basicsize: size_of::<LruCache>(),
    flags: flags::HAVE_GC | flags::METHOD_DESCRIPTOR,
    doc: Some(
        c"A function that remembers its answers.\n\nmaxsize limits how many (None: no limit), typed keeps equal arguments of different types apart.",
    ),
    dealloc: Some(dealloc_of::<LruCache>),
    call: Some(lru_cache_call),
    traverse: Some(lru_cache_traverse),
    clear: Some(lru_cache_clear),
    weaklistoffset: offset_of!(LruCache, weakreflist) as isize,
    methods: methods![cache_info, cache_clear, __reduce__, __copy__, __deepcopy__],
    getset: getsets![getset!(c"__dict__", dict_getter, dict_setter)],
    descr_get: Some(lru_cache_get),
    dictoffset: offset_of!(LruCache, dict) as isize,
    new: Some(lru_cache_new),
    ..TypeDef::EMPTY
});

pub fn add_to(m: &Module) -> PyResult<()> {
    taipan_object::typeobj::ready::ready(&LINK_TYPE)?;
    m.add_type(&LRU_CACHE_TYPE)
}
