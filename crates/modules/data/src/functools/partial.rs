//! `partial` and its `Placeholder`.

use super::joined;
use crate::support::{__class_getitem__, full_name, none, tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::attr::{dict_getter, dict_setter, generic_setattro};
use taipan_object::protocol::call::{call_through_vectorcall, nargs, vectorcall};
use taipan_object::protocol::repr::{repr_enter, text};
use taipan_object::typeobj::slots::{VectorcallFunc, VisitProc};
use taipan_object::types::dict::{Dict, PyDict_Type};
use taipan_object::types::method_::Method;
use taipan_object::types::module::Module;
use taipan_object::types::str::StrBuilder;
use taipan_object::types::tuple::{PyTuple_Type, Tuple};
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, layout, members, method, methods,
};

// ---- Placeholder

#[repr(C)]
struct PlaceholderObject {
    ob_base: Object,
}

layout!(PlaceholderObject, PLACEHOLDER_TYPE);

static PLACEHOLDER: PlaceholderObject = PlaceholderObject { ob_base: Object::immortal(&PLACEHOLDER_TYPE) };

fn is_placeholder(o: &Object) -> bool {
    std::ptr::eq(o, &PLACEHOLDER.ob_base)
}

extern "C" fn placeholder_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if !args.cast::<Tuple>().is_empty() || kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "PlaceholderType takes no arguments");
    }
    Ok(PLACEHOLDER.ob_base.to_obj())
}

extern "C" fn placeholder_repr(_: &Object) -> PyResult {
    Ok(text("Placeholder"))
}

/// The name under which pickling finds the object.
#[method(name = "__reduce__")]
fn placeholder_reduce(this: &Object) -> &'static str {
    let _ = this;
    "Placeholder"
}

static PLACEHOLDER_TYPE: Type = Type::new_static(TypeDef {
    name: c"functools._PlaceholderType",
    basicsize: size_of::<PlaceholderObject>(),
    doc: Some(c"The type of Placeholder, which reserves a place for a positional argument of a partial."),
    repr: Some(placeholder_repr),
    methods: methods![placeholder_reduce],
    new: Some(placeholder_new),
    ..TypeDef::EMPTY
});

// ---- partial

/// A `partial`.
#[repr(C)]
struct Partial {
    ob_base: Object,
    func: ObjCell,
    args: ObjCell,
    kw: ObjCell,
    dict: ObjCell,
    weakreflist: ObjCell,
    placeholder: Cell<*const Object>,
    /// How many of `args` are placeholders.
    phcount: Cell<isize>,
    vectorcall: Cell<Option<VectorcallFunc>>,
}

const _: () = {
    assert!(size_of::<Partial>() == 80 && offset_of!(Partial, dict) == 40 && offset_of!(Partial, weakreflist) == 48);
};
layout!(Partial, PARTIAL_TYPE);

fn count_placeholders(args: &[Obj]) -> usize {
    args.iter().filter(|a| is_placeholder(a)).count()
}

extern "C" fn partial_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let args: &Tuple = args.cast();
    let Some((func, new_args)) = args.items().split_first() else {
        bail!(TypeError, "type 'partial' takes at least one argument");
    };
    if !func.is_callable() {
        bail!(TypeError, "the first argument must be callable");
    }
    if new_args.last().is_some_and(|a| is_placeholder(a)) {
        bail!(TypeError, "trailing Placeholders are not allowed");
    }
    let kwargs = kwargs.filter(|k| !k.is_null_or_empty_dict()).map(Object::cast::<Dict>);
    if let Some(k) = kwargs
        && k.pairs().iter().any(|(_, v)| is_placeholder(v))
    {
        bail!(TypeError, "Placeholder cannot be passed as a keyword argument");
    }
    // A partial of a partial calls the inner function directly, unless the inner one has attributes of its own.
    let inner = func.downcast::<Partial>().filter(|p| p.dict.is_empty());
    let mut func = func.clone();
    let (mut all_args, mut inner_kw) = (None, None);
    if let Some(p) = inner {
        let (Some(f), Some(a)) = (p.func.get_owned(), p.args.get_owned()) else {
            bail!(SystemError, "partial was cleared by the garbage collector");
        };
        inner_kw = p.kw.get_owned();
        let a: &Tuple = a.cast();
        all_args = Some(if p.phcount.get() == 0 {
            joined(a.items(), new_args)
        } else {
            Tuple::from_vec(fill_placeholders(a.items(), new_args))
        });
        func = f;
    }
    let all_args = all_args.unwrap_or_else(|| Tuple::from_vec(new_args.to_vec()));
    let kw = match inner_kw.as_ref().map(|k| k.cast::<Dict>()) {
        Some(k) => k.copy()?,
        None => Dict::new(),
    };
    if let Some(k) = kwargs {
        for (name, value) in k.pairs() {
            kw.set_item(&name, &value)?;
        }
    }
    let phcount = count_placeholders(all_args.items());
    let p = Partial {
        ob_base: Object::placeholder(),
        func: ObjCell::new(func),
        args: ObjCell::new(all_args.into_obj()),
        kw: ObjCell::new(kw.into_obj()),
        dict: ObjCell::empty(),
        weakreflist: ObjCell::empty(),
        placeholder: Cell::new(&PLACEHOLDER.ob_base),
        phcount: Cell::new(phcount as isize),
        vectorcall: Cell::new(Some(partial_vectorcall)),
    };
    new_instance(cls, p).map(Ref::into_obj)
}

/// `args` with its placeholders replaced by `new`, from left to right; what is left of `new` comes behind.
fn fill_placeholders(args: &[Obj], new: &[Obj]) -> Vec<Obj> {
    let mut new = new.iter();
    let mut all = Vec::with_capacity(args.len() + new.len());
    for a in args {
        match is_placeholder(a).then(|| new.next()).flatten() {
            Some(n) => all.push(n.clone()),
            None => all.push(a.clone()),
        }
    }
    all.extend(new.cloned());
    all
}

unsafe extern "C" fn partial_vectorcall(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let this: &Partial = o.cast();
    taipan_object::thread::check_recursion(" while calling a Python object")?;
    let (Some(func), Some(pargs), Some(pkw)) = (this.func.get_owned(), this.args.get_owned(), this.kw.get_owned())
    else {
        bail!(SystemError, "partial was cleared by the garbage collector");
    };
    let npos = nargs(nargsf);
    let phcount = this.phcount.get() as usize;
    if npos < phcount {
        bail!(TypeError, "missing positional arguments in 'partial' call; expected at least {phcount}, got {npos}");
    }
    let pargs: &Tuple = pargs.cast();
    let pkw: &Dict = pkw.cast();
    let kwnames: Option<&Tuple> = kwnames.map(Object::cast);
    let nkw = kwnames.map_or(0, Tuple::len);
    if pargs.is_empty() && pkw.is_empty() {
        // SAFETY: the caller's arguments are handed on as they are.
        return unsafe { vectorcall(&func, args, nargsf, kwnames.map(|k| &**k)) };
    }
    let given: &[&Object] = match npos + nkw {
        // An empty call may pass null.
        0 => &[],
        // SAFETY: the vectorcall contract: so many arguments lie there.
        n => unsafe { std::slice::from_raw_parts(args.cast(), n) },
    };
    let own = pargs.borrowed_items();
    let total = own.len() + npos - phcount;
    const SMALL: usize = 10;
    if pkw.is_empty() && total + nkw <= SMALL && phcount == 0 {
        let mut small: [*const Object; SMALL + 1] = [std::ptr::null(); SMALL + 1];
        for (place, a) in small[1..].iter_mut().zip(own.iter().chain(given)) {
            *place = *a;
        }
        // SAFETY: the word before the arguments is free; all arguments are held by the tuple or the caller.
        return unsafe {
            vectorcall(
                &func,
                small.as_ptr().add(1),
                total | taipan_object::protocol::call::ARGUMENTS_OFFSET,
                kwnames.map(|k| &**k),
            )
        };
    }
    let mut all: Vec<&Object> = Vec::with_capacity(total + nkw + pkw.len());
    let mut rest = given[..npos].iter();
    for a in own {
        match is_placeholder(a).then(|| rest.next()).flatten() {
            Some(n) => all.push(n),
            None => all.push(a),
        }
    }
    all.extend(rest);
    if pkw.is_empty() {
        all.extend_from_slice(&given[npos..]);
        // SAFETY: as above.
        return unsafe { vectorcall(&func, all.as_ptr().cast(), total, kwnames.map(|k| &**k)) };
    }
    let pairs = pkw.pairs();
    let mut names: Vec<Obj> = Vec::with_capacity(pairs.len() + nkw);
    for (k, v) in &pairs {
        names.push(k.clone());
        all.push(v);
    }
    for (i, name) in kwnames.map_or(&[][..], Tuple::items).iter().enumerate() {
        let value = given[npos + i];
        // Names in a call are strings, and so are those of a partial.
        let mut place = None;
        for (j, n) in names[..pairs.len()].iter().enumerate() {
            if n.is(name) || n.eq(name)? {
                place = Some(j);
                break;
            }
        }
        match place {
            Some(j) => all[total + j] = value,
            None => {
                names.push(name.clone());
                all.push(value);
            }
        }
    }
    let names = Tuple::from_vec(names);
    // SAFETY: as above, one value for each name.
    unsafe { vectorcall(&func, all.as_ptr().cast(), total, Some(&names)) }
}

extern "C" fn partial_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let p: &Partial = o.cast();
    visit_fields(&[&p.func, &p.args, &p.kw, &p.dict], visit, arg)
}

extern "C" fn partial_clear(o: &Object) -> c_int {
    let p: &Partial = o.cast();
    for f in [&p.func, &p.args, &p.kw, &p.dict] {
        f.set(None);
    }
    0
}

extern "C" fn partial_repr(o: &Object) -> PyResult {
    let Some(_guard) = repr_enter(o)? else { return Ok(text("...")) };
    let p: &Partial = o.cast();
    let (Some(func), Some(args), Some(kw)) = (p.func.get_owned(), p.args.get_owned(), p.kw.get_owned()) else {
        bail!(SystemError, "partial was cleared by the garbage collector");
    };
    let mut b = StrBuilder::new();
    b.push_str(&full_name(o.ty())?);
    b.push_str("(");
    b.push_pystr(&*func.repr()?);
    for a in args.cast::<Tuple>().items() {
        b.push_str(", ");
        b.push_pystr(&*a.repr()?);
    }
    for (k, v) in kw.cast::<Dict>().pairs() {
        b.push_str(", ");
        b.push_pystr(&*k.str()?);
        b.push_str("=");
        b.push_pystr(&*v.repr()?);
    }
    b.push_str(")");
    Ok(b.finish().into_obj())
}

extern "C" fn partial_descr_get(o: &Object, obj: Option<&Object>, _: Option<&Object>) -> PyResult {
    match obj.filter(|x| !x.is_none()) {
        None => Ok(o.to_obj()),
        Some(x) => Ok(Method::new(o.to_obj(), x.to_obj()).into_obj()),
    }
}

/// What pickling makes the object from.
#[method]
fn __reduce__(this: &Partial) -> Ref<Tuple> {
    let part = |f: &ObjCell| f.get_owned().unwrap_or_else(none);
    let func = part(&this.func);
    tuple_of([
        this.ty().to_obj(),
        tuple_of([func.clone()]).into_obj(),
        tuple_of([func, part(&this.args), part(&this.kw), part(&this.dict)]).into_obj(),
    ])
}

/// Restore what pickling saved.
#[method(signature = "(object, /)")]
fn __setstate__(this: &Partial, object: &Object) -> PyResult<()> {
    let parts = object.downcast::<Tuple>().map(Tuple::items);
    let Some([func, args, kw, dict]) = parts else { bail!(TypeError, "invalid partial state") };
    let Some(given) = args.downcast::<Tuple>() else { bail!(TypeError, "invalid partial state") };
    let dict_or_none = |o: &Object| o.is_none() || o.downcast::<Dict>().is_some();
    if !func.is_callable() || !dict_or_none(kw) || !dict_or_none(dict) {
        bail!(TypeError, "invalid partial state");
    }
    if given.items().last().is_some_and(|a| is_placeholder(a)) {
        bail!(TypeError, "trailing Placeholders are not allowed");
    }
    let args = if args.is_exact(&PyTuple_Type) { args.clone() } else { Tuple::new(given.borrowed_items()).into_obj() };
    let kw = match kw.downcast::<Dict>() {
        None => Dict::new().into_obj(),
        Some(_) if kw.is_exact(&PyDict_Type) => kw.clone(),
        Some(d) => d.copy()?.into_obj(),
    };
    this.phcount.set(count_placeholders(args.cast::<Tuple>().items()) as isize);
    this.func.set(Some(func.clone()));
    this.args.set(Some(args));
    this.kw.set(Some(kw));
    this.dict.set(if dict.is_none() { None } else { Some(dict.clone()) });
    Ok(())
}

/// `partial`.
pub static PARTIAL_TYPE: Type = Type::new_static(TypeDef {
    name: c"functools.partial",
    basicsize: size_of::<Partial>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::HAVE_VECTORCALL,
    doc: Some(
        c"partial(func, /, *args, **keywords)\n--\n\nA function with some of its arguments given already.\n\nPlaceholder among the positional ones leaves a place open for the call.",
    ),
    dealloc: Some(dealloc_of::<Partial>),
    vectorcall_offset: offset_of!(Partial, vectorcall),
    repr: Some(partial_repr),
    call: Some(call_through_vectorcall),
    setattro: Some(generic_setattro),
    traverse: Some(partial_traverse),
    clear: Some(partial_clear),
    weaklistoffset: offset_of!(Partial, weakreflist) as isize,
    methods: methods![__reduce__, __setstate__, __class_getitem__],
    members: members![
        MemberDef::new(c"func", member::OBJECT, offset_of!(Partial, func), member::READONLY).doc(c"The function that is called."),
        MemberDef::new(c"args", member::OBJECT, offset_of!(Partial, args), member::READONLY).doc(c"Positional arguments given already."),
        MemberDef::new(c"keywords", member::OBJECT, offset_of!(Partial, kw), member::READONLY).doc(c"Keyword arguments given already."),
    ],
    getset: getsets![getset!(c"__dict__", dict_getter, dict_setter)],
    descr_get: Some(partial_descr_get),
    dictoffset: offset_of!(Partial, dict) as isize,
    new: Some(partial_new),
    ..TypeDef::EMPTY
});

pub fn add_to(m: &Module) -> PyResult<()> {
    taipan_object::typeobj::ready::ready(&PLACEHOLDER_TYPE)?;
    m.add("_PlaceholderType", PLACEHOLDER_TYPE.as_object())?;
    m.add("Placeholder", &PLACEHOLDER.ob_base)?;
    m.add_type(&PARTIAL_TYPE)
}
