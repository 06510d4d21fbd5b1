//! Calling objects: vectorcall (PEP 590) everywhere, `tp_call` derived from it and the reverse.

use crate::bail;
use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::thread::check_recursion;
use crate::typeobj::flags;
use crate::typeobj::slots::VectorcallFunc;
use crate::types::dict::Dict;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use std::mem::offset_of;

/// Set in `nargsf` when the callee may overwrite `args[-1]` for the duration of the call.
pub const ARGUMENTS_OFFSET: usize = 1 << 63;

/// The number of positional arguments in `nargsf` (`PyVectorcall_NARGS`).
#[inline(always)]
pub fn nargs(nargsf: usize) -> usize {
    nargsf & !ARGUMENTS_OFFSET
}

/// The object's vectorcall function, if its type has one and the instance fills it.
#[inline(always)]
pub fn vectorcall_of(o: &Object) -> Option<VectorcallFunc> {
    let ty = o.ty();
    if !ty.has_flag(flags::HAVE_VECTORCALL) {
        return None;
    }
    let offset = ty.vectorcall_offset.get();
    // SAFETY: a type with the flag keeps a function pointer or null at that offset of its instances.
    unsafe { o.as_ptr().cast::<u8>().offset(offset).cast::<Option<VectorcallFunc>>().read() }
}

/// Calls with arguments in memory (`PyObject_Vectorcall`).
///
/// # Safety
/// `args` points to the positional arguments and then one value for each name; `nargsf` as in PEP 590.
#[inline(always)]
pub unsafe fn vectorcall(o: &Object, args: *const *const Object, nargsf: usize, kwnames: Option<&Object>) -> PyResult {
    match vectorcall_of(o) {
        // SAFETY: the caller's promise.
        Some(f) => unsafe { f(o, args, nargsf, kwnames) },
        // SAFETY: as above.
        None => unsafe { make_tp_call(o, args, nargs(nargsf), kwnames) },
    }
}

/// Calls `tp_call` with a tuple and a dict made from vectorcall arguments.
///
/// # Safety
/// As for [`vectorcall`].
pub unsafe fn make_tp_call(o: &Object, args: *const *const Object, npos: usize, kwnames: Option<&Object>) -> PyResult {
    let Some(f) = o.ty().call.get() else { return Err(not_callable(o)) };
    // SAFETY: the caller's promise.
    let call = unsafe { crate::args::CallArgs::from_raw(args, npos, kwnames) };
    let tuple = Tuple::new(call.positional());
    let dict = kwargs_dict(call.keywords())?;
    check_recursion(" while calling a Python object")?;
    f(o, &tuple, dict.as_deref().map(|d| &**d))
}

/// `TypeError` for a call of something that cannot be called. A module may have something of its own name that can.
#[cold]
fn not_callable(o: &Object) -> crate::Raised {
    let class = o.ty().name_str();
    if o.downcast::<crate::types::module::Module>().is_some() {
        let named = || -> PyResult<Option<crate::Obj>> {
            let Some(name) = o.get_attr_opt(crate::intern!("__name__"))? else { return Ok(None) };
            if name.downcast::<crate::types::str::Str>().is_none() {
                return Ok(None);
            }
            Ok(o.get_attr_opt(&name)?.filter(|f| f.is_callable()).map(|_| name))
        };
        match named() {
            Ok(Some(name)) => {
                let name = name.cast::<crate::types::str::Str>().display();
                return crate::raise!(
                    TypeError,
                    "'{class}' object is not callable. Did you mean: '{name}.{name}(...)'?"
                );
            }
            Ok(None) => {}
            Err(e) => e.clear(),
        }
    }
    crate::raise!(TypeError, "'{class}' object is not callable")
}

/// Keyword arguments as a dict; `None` when there are none.
pub fn kwargs_dict(kw: crate::args::KwArgs<'_>) -> PyResult<Option<crate::Ref<Dict>>> {
    if kw.is_empty() {
        return Ok(None);
    }
    let d = Dict::new();
    for (k, v) in kw.iter() {
        d.set_item(k, v)?;
    }
    Ok(Some(d))
}

/// `tp_call` for types whose instances have a vectorcall function (`PyVectorcall_Call`).
pub extern "C" fn call_through_vectorcall(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    // SAFETY: types that use this slot fill the instance's function.
    let Some(f) = vectorcall_at(o) else {
        bail!(TypeError, "'{}' object does not support vectorcall", o.ty().name_str());
    };
    call_with_tuple(o, f, args.cast(), kwargs)
}

fn vectorcall_at(o: &Object) -> Option<VectorcallFunc> {
    let offset = o.ty().vectorcall_offset.get();
    if offset <= 0 {
        return None;
    }
    // SAFETY: a type with an offset keeps a function pointer or null there.
    unsafe { o.as_ptr().cast::<u8>().offset(offset).cast::<Option<VectorcallFunc>>().read() }
}

fn call_with_tuple(o: &Object, f: VectorcallFunc, args: &Tuple, kwargs: Option<&Object>) -> PyResult {
    let positional = args.borrowed_items();
    let kwargs = kwargs.map(Object::cast::<Dict>).filter(|d| !d.is_empty());
    let Some(kwargs) = kwargs else {
        // SAFETY: the tuple holds the arguments during the call.
        return unsafe { f(o, positional.as_ptr().cast(), positional.len(), None) };
    };
    let pairs = kwargs.pairs();
    let mut all: Vec<&Object> = Vec::with_capacity(positional.len() + pairs.len());
    all.extend_from_slice(positional);
    let mut names = Vec::with_capacity(pairs.len());
    for (k, v) in &pairs {
        if k.downcast::<Str>().is_none() {
            bail!(TypeError, "keywords must be strings");
        }
        names.push(k.clone());
        all.push(v);
    }
    let names = Tuple::from_vec(names);
    // SAFETY: `all` and `names` are alive during the call.
    unsafe { f(o, all.as_ptr().cast(), positional.len(), Some(&names)) }
}

impl Object {
    /// Whether `callable()` says so.
    pub fn is_callable(&self) -> bool {
        self.ty().call.get().is_some()
    }

    /// `self(*args)`.
    #[inline]
    pub fn call(&self, args: &[&Object]) -> PyResult {
        // SAFETY: a slice of references is an array of non-null object pointers.
        unsafe { vectorcall(self, args.as_ptr().cast(), args.len(), None) }
    }

    /// `self()`.
    #[inline]
    pub fn call_noargs(&self) -> PyResult {
        self.call(&[])
    }

    /// `self(arg)`. The callee may use the word before the argument, which saves bound methods a copy.
    #[inline]
    pub fn call_one(&self, arg: &Object) -> PyResult {
        let args: [*const Object; 2] = [std::ptr::null(), arg];
        // SAFETY: one argument, one word free before it.
        unsafe { vectorcall(self, args.as_ptr().add(1), 1 | ARGUMENTS_OFFSET, None) }
    }

    /// `self(*args[..npos], **dict(zip(names, args[npos..])))`.
    #[inline]
    pub fn call_kw(&self, args: &[&Object], npos: usize, names: &Tuple) -> PyResult {
        debug_assert_eq!(args.len(), npos + names.len());
        // SAFETY: as for `call`.
        unsafe { vectorcall(self, args.as_ptr().cast(), npos, Some(names)) }
    }

    /// `self(*args, **kwargs)` with a tuple and a dict (`PyObject_Call`).
    pub fn call_tuple(&self, args: &Object, kwargs: Option<&Object>) -> PyResult {
        if let Some(f) = vectorcall_of(self) {
            return call_with_tuple(self, f, args.cast(), kwargs);
        }
        let Some(f) = self.ty().call.get() else {
            return Err(not_callable(self));
        };
        check_recursion(" while calling a Python object")?;
        f(self, args, kwargs)
    }

    /// `self.name(*args)` without making the bound method (`PyObject_VectorcallMethod`).
    pub fn call_method(&self, name: &Object, args: &[&Object]) -> PyResult {
        match self.get_method(name)? {
            Method::Unbound(f) => {
                let mut all: Vec<&Object> = Vec::with_capacity(args.len() + 1);
                all.push(self);
                all.extend_from_slice(args);
                f.call(&all)
            }
            Method::Bound(f) => f.call(args),
        }
    }

    /// `self.name(*args)` with a name from Rust.
    pub fn call_method_str(&self, name: &str, args: &[&Object]) -> PyResult {
        self.call_method(&crate::types::str::intern::intern_str(name), args)
    }

    /// The method `name`, unbound when the type has it as a method descriptor and the instance does not hide it
    /// (`_PyObject_GetMethod`).
    pub fn get_method(&self, name: &Object) -> PyResult<Method> {
        let ty = self.ty();
        if ty.getattro.get().map(|f| f as usize) != Some(crate::protocol::attr::generic_getattro as *const () as usize)
        {
            return self.get_attr(name).map(Method::Bound);
        }
        let descr = ty.lookup(name);
        if let Some(d) = &descr
            && d.ty().has_flag(flags::METHOD_DESCRIPTOR)
        {
            return match crate::protocol::attr::instance_attr(self, name)? {
                Some(v) => Ok(Method::Bound(v)),
                None => Ok(Method::Unbound(descr.expect("just seen"))),
            };
        }
        crate::protocol::attr::generic_get_with(self, name, descr).map(Method::Bound)
    }
}

/// What [`Object::get_method`] found.
pub enum Method {
    /// To be called with the receiver first.
    Unbound(Obj),
    /// To be called as it is.
    Bound(Obj),
}

const _: () = assert!(offset_of!(crate::typeobj::Type, vectorcall_offset) == 56);
