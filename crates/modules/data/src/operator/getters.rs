//! `itemgetter`, `attrgetter` and `methodcaller`.

use crate::support::{tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::{CallArgs, no_keywords};
use taipan_object::protocol::call::{call_through_vectorcall, nargs};
use taipan_object::protocol::repr::{repr_enter, text};
use taipan_object::typeobj::slots::{VectorcallFunc, VisitProc};
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::str::{Str, StrBuilder, intern::intern};
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, layout, method, methods,
};

/// One argument by position, or the complaint that C's argument parser makes.
fn sole_argument<'a>(name: &str, call: CallArgs<'a>) -> PyResult<&'a Object> {
    if !call.keywords().is_empty() {
        bail!(TypeError, "{name}() takes no keyword arguments");
    }
    match call.positional() {
        [one] => Ok(one),
        other => bail!(TypeError, "{name} expected 1 argument, got {}", other.len()),
    }
}

/// What calls take.
fn call_signature(_: &Object) -> &'static str {
    "(obj, /)"
}

/// What the three types share.
const GETTER: TypeDef = TypeDef {
    flags: flags::HAVE_GC | flags::HAVE_VECTORCALL,
    call: Some(call_through_vectorcall),
    getset: getsets![getset!(c"__text_signature__", call_signature)],
    ..TypeDef::EMPTY
};

// ---- itemgetter

#[repr(C)]
struct ItemGetter {
    ob_base: Object,
    nitems: Cell<isize>,
    /// The item, or the tuple of items when there are several.
    item: ObjCell,
    /// The item as an index into tuples, or -1.
    index: Cell<isize>,
    vectorcall: Cell<Option<VectorcallFunc>>,
}

const _: () = assert!(size_of::<ItemGetter>() == 48);
layout!(ItemGetter, ITEM_GETTER_TYPE);

extern "C" fn item_getter_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_keywords("itemgetter", &ITEM_GETTER_TYPE, &ITEM_GETTER_TYPE, kwargs)?;
    let args: &Tuple = args.cast();
    let (item, index) = match args.items() {
        [] => bail!(TypeError, "itemgetter expected 1 argument, got 0"),
        [one] => {
            let index = one.downcast_exact::<Int>().and_then(Int::to_isize).filter(|i| *i >= 0).unwrap_or(-1);
            (one.clone(), index)
        }
        _ => (args.to_obj(), -1),
    };
    Ok(new_object(ItemGetter {
        ob_base: Object::placeholder(),
        nitems: Cell::new(args.len() as isize),
        item: ObjCell::new(item),
        index: Cell::new(index),
        vectorcall: Cell::new(Some(item_getter_vectorcall)),
    })
    .into_obj())
}

impl ItemGetter {
    fn items(&self) -> PyResult<Obj> {
        match self.item.get_owned() {
            Some(i) => Ok(i),
            None => bail!(SystemError, "itemgetter was cleared by the garbage collector"),
        }
    }
}

unsafe extern "C" fn item_getter_vectorcall(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    let obj = sole_argument("itemgetter", call)?;
    let this: &ItemGetter = o.cast();
    if this.nitems.get() == 1 {
        let i = this.index.get();
        if i >= 0
            && let Some(t) = obj.downcast_exact::<Tuple>()
            && let Some(v) = t.items().get(i as usize)
        {
            return Ok(v.clone());
        }
        return obj.get_item(&*this.items()?);
    }
    let items = this.items()?;
    let items: &Tuple = items.cast();
    let got: Vec<Obj> = items.items().iter().map(|i| obj.get_item(i)).collect::<PyResult<_>>()?;
    Ok(Tuple::from_vec(got).into_obj())
}

extern "C" fn item_getter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<ItemGetter>().item], visit, arg)
}

extern "C" fn item_getter_repr(o: &Object) -> PyResult {
    let name = o.ty().name_str();
    let Some(_guard) = repr_enter(o)? else { return Ok(text(&format!("{name}(...)"))) };
    let this: &ItemGetter = o.cast();
    let items = this.items()?.repr()?;
    let mut b = StrBuilder::new();
    b.push_str(name);
    if this.nitems.get() == 1 {
        b.push_str("(");
        b.push_pystr(&items);
        b.push_str(")");
    } else {
        b.push_pystr(&items);
    }
    Ok(b.finish().into_obj())
}

/// What pickling makes the object from.
#[method(name = "__reduce__")]
fn item_getter_reduce(this: &ItemGetter) -> PyResult<Ref<Tuple>> {
    let items = this.items()?;
    let args = if this.nitems.get() == 1 { tuple_of([items]).into_obj() } else { items };
    Ok(tuple_of([this.ty().to_obj(), args]))
}

/// `itemgetter`.
pub static ITEM_GETTER_TYPE: Type = Type::new_static(TypeDef {
    name: c"operator.itemgetter",
    basicsize: size_of::<ItemGetter>(),
    doc: Some(c"itemgetter(item, /, *items)\n--\n\nA callable that fetches the given items from its operand; several come as a tuple."),
    dealloc: Some(dealloc_of::<ItemGetter>),
    vectorcall_offset: offset_of!(ItemGetter, vectorcall),
    repr: Some(item_getter_repr),
    traverse: Some(item_getter_traverse),
    methods: methods![item_getter_reduce],
    new: Some(item_getter_new),
    ..GETTER
});

// ---- attrgetter

#[repr(C)]
struct AttrGetter {
    ob_base: Object,
    nattrs: Cell<isize>,
    /// A tuple with, for each attribute, its name or the tuple of names that a dotted one consists of.
    attr: ObjCell,
    vectorcall: Cell<Option<VectorcallFunc>>,
}

const _: () = assert!(size_of::<AttrGetter>() == 40);
layout!(AttrGetter, ATTR_GETTER_TYPE);

/// The name, or the tuple of its parts.
fn split_dotted(name: &Str) -> Obj {
    let dots: Vec<usize> = (0..name.len()).filter(|i| name.char_at(*i) == '.' as u32).collect();
    if dots.is_empty() {
        return intern(name.to_exact()).into_obj();
    }
    let mut parts = Vec::with_capacity(dots.len() + 1);
    let mut start = 0;
    for end in dots.into_iter().chain([name.len()]) {
        parts.push(intern(name.substring(start, end)).into_obj());
        start = end + 1;
    }
    Tuple::from_vec(parts).into_obj()
}

extern "C" fn attr_getter_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_keywords("attrgetter", &ATTR_GETTER_TYPE, &ATTR_GETTER_TYPE, kwargs)?;
    let args: &Tuple = args.cast();
    if args.is_empty() {
        bail!(TypeError, "attrgetter expected 1 argument, got 0");
    }
    let mut names = Vec::with_capacity(args.len());
    for a in args.items() {
        let Some(s) = a.downcast::<Str>() else { bail!(TypeError, "attribute name must be a string") };
        names.push(split_dotted(s));
    }
    Ok(new_object(AttrGetter {
        ob_base: Object::placeholder(),
        nattrs: Cell::new(args.len() as isize),
        attr: ObjCell::new(Tuple::from_vec(names).into_obj()),
        vectorcall: Cell::new(Some(attr_getter_vectorcall)),
    })
    .into_obj())
}

impl AttrGetter {
    fn names(&self) -> PyResult<Ref<Tuple>> {
        match self.attr.get() {
            Some(a) => Ok(Ref::from_borrowed(a.cast::<Tuple>())),
            None => bail!(SystemError, "attrgetter was cleared by the garbage collector"),
        }
    }

    /// The names as they were given, dots and all.
    fn given_names(&self) -> PyResult<Vec<Obj>> {
        let names = self.names()?;
        let mut all = Vec::with_capacity(names.len());
        for n in names.items() {
            match n.downcast::<Tuple>() {
                None => all.push(n.clone()),
                Some(parts) => {
                    let mut b = StrBuilder::new();
                    for (i, p) in parts.items().iter().enumerate() {
                        if i > 0 {
                            b.push('.');
                        }
                        b.push_pystr(p.cast());
                    }
                    all.push(b.finish().into_obj());
                }
            }
        }
        Ok(all)
    }
}

fn get_dotted(o: &Object, name: &Object) -> PyResult {
    match name.downcast_exact::<Tuple>() {
        None => o.get_attr(name),
        Some(parts) => {
            let mut o = o.to_obj();
            for p in parts.items() {
                o = o.get_attr(p)?;
            }
            Ok(o)
        }
    }
}

unsafe extern "C" fn attr_getter_vectorcall(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    let obj = sole_argument("attrgetter", call)?;
    let names = o.cast::<AttrGetter>().names()?;
    if let [one] = names.items() {
        return get_dotted(obj, one);
    }
    let got: Vec<Obj> = names.items().iter().map(|n| get_dotted(obj, n)).collect::<PyResult<_>>()?;
    Ok(Tuple::from_vec(got).into_obj())
}

extern "C" fn attr_getter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<AttrGetter>().attr], visit, arg)
}

extern "C" fn attr_getter_repr(o: &Object) -> PyResult {
    let name = o.ty().name_str();
    let Some(_guard) = repr_enter(o)? else { return Ok(text(&format!("{name}(...)"))) };
    let names = o.cast::<AttrGetter>().given_names()?;
    let mut b = StrBuilder::new();
    b.push_str(name);
    b.push_str("(");
    for (i, n) in names.iter().enumerate() {
        if i > 0 {
            b.push_str(", ");
        }
        b.push_pystr(&*n.repr()?);
    }
    b.push_str(")");
    Ok(b.finish().into_obj())
}

/// What pickling makes the object from.
#[method(name = "__reduce__")]
fn attr_getter_reduce(this: &AttrGetter) -> PyResult<Ref<Tuple>> {
    Ok(tuple_of([this.ty().to_obj(), Tuple::from_vec(this.given_names()?).into_obj()]))
}

/// `attrgetter`.
pub static ATTR_GETTER_TYPE: Type = Type::new_static(TypeDef {
    name: c"operator.attrgetter",
    basicsize: size_of::<AttrGetter>(),
    doc: Some(c"attrgetter(attr, /, *attrs)\n--\n\nA callable that fetches the given attributes from its operand; several come as a tuple.\n\nDots in names lead on to attributes of attributes."),
    dealloc: Some(dealloc_of::<AttrGetter>),
    vectorcall_offset: offset_of!(AttrGetter, vectorcall),
    repr: Some(attr_getter_repr),
    traverse: Some(attr_getter_traverse),
    methods: methods![attr_getter_reduce],
    new: Some(attr_getter_new),
    ..GETTER
});

// ---- methodcaller

#[repr(C)]
struct MethodCaller {
    ob_base: Object,
    name: ObjCell,
    /// Positional arguments.
    args: ObjCell,
    /// Keyword arguments, a dict, or empty.
    kwds: ObjCell,
    /// Positional and keyword values in one tuple, when there are keywords.
    vectorcall_args: ObjCell,
    kwnames: ObjCell,
    vectorcall: Cell<Option<VectorcallFunc>>,
}

const _: () = assert!(size_of::<MethodCaller>() == 64);
layout!(MethodCaller, METHOD_CALLER_TYPE);

extern "C" fn method_caller_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let args: &Tuple = args.cast();
    let Some(name) = args.items().first() else {
        bail!(TypeError, "methodcaller needs at least one argument, the method name");
    };
    let Some(name) = name.downcast::<Str>() else { bail!(TypeError, "method name must be a string") };
    let positional = args.slice(1, args.len());
    let kwargs = kwargs.filter(|k| !k.is_null_or_empty_dict()).map(|k| k.cast::<Dict>().copy()).transpose()?;
    let (mut all, mut names) = (None, None);
    if let Some(k) = &kwargs {
        let mut values = positional.items().to_vec();
        let mut keys = Vec::with_capacity(k.len());
        for (key, value) in k.pairs() {
            keys.push(key);
            values.push(value);
        }
        all = Some(Tuple::from_vec(values).into_obj());
        names = Some(Tuple::from_vec(keys).into_obj());
    }
    Ok(new_object(MethodCaller {
        ob_base: Object::placeholder(),
        name: ObjCell::new(intern(name.to_exact()).into_obj()),
        args: ObjCell::new(positional.into_obj()),
        kwds: ObjCell::from_opt(kwargs.map(Ref::into_obj)),
        vectorcall_args: ObjCell::from_opt(all),
        kwnames: ObjCell::from_opt(names),
        vectorcall: Cell::new(Some(method_caller_vectorcall)),
    })
    .into_obj())
}

unsafe extern "C" fn method_caller_vectorcall(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    let obj = sole_argument("methodcaller", call)?;
    let this: &MethodCaller = o.cast();
    let (Some(name), Some(args)) = (this.name.get_owned(), this.args.get_owned()) else {
        bail!(SystemError, "methodcaller was cleared by the garbage collector");
    };
    let args: &Tuple = args.cast();
    match (this.kwnames.get_owned(), this.vectorcall_args.get_owned()) {
        (Some(names), Some(all)) => {
            let f = obj.get_attr(&name)?;
            f.call_kw(all.cast::<Tuple>().borrowed_items(), args.len(), names.cast())
        }
        _ => obj.call_method(&name, args.borrowed_items()),
    }
}

extern "C" fn method_caller_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let m: &MethodCaller = o.cast();
    visit_fields(&[&m.name, &m.args, &m.kwds, &m.vectorcall_args, &m.kwnames], visit, arg)
}

extern "C" fn method_caller_clear(o: &Object) -> c_int {
    let m: &MethodCaller = o.cast();
    for f in [&m.name, &m.args, &m.kwds, &m.vectorcall_args, &m.kwnames] {
        f.set(None);
    }
    0
}

extern "C" fn method_caller_repr(o: &Object) -> PyResult {
    let type_name = o.ty().name_str();
    let Some(_guard) = repr_enter(o)? else { return Ok(text(&format!("{type_name}(...)"))) };
    let m: &MethodCaller = o.cast();
    let (Some(name), Some(args)) = (m.name.get_owned(), m.args.get_owned()) else {
        bail!(SystemError, "methodcaller was cleared by the garbage collector");
    };
    let mut b = StrBuilder::new();
    b.push_str(type_name);
    b.push_str("(");
    b.push_pystr(&*name.repr()?);
    for a in args.cast::<Tuple>().items() {
        b.push_str(", ");
        b.push_pystr(&*a.repr()?);
    }
    if let Some(k) = m.kwds.get_owned() {
        for (key, value) in k.cast::<Dict>().pairs() {
            b.push_str(", ");
            b.push_pystr(&*key.str()?);
            b.push_str("=");
            b.push_pystr(&*value.repr()?);
        }
    }
    b.push_str(")");
    Ok(b.finish().into_obj())
}

/// What pickling makes the object from: with keywords, a partial of the type.
#[method(name = "__reduce__")]
fn method_caller_reduce(this: &MethodCaller) -> PyResult<Ref<Tuple>> {
    let (Some(name), Some(args)) = (this.name.get_owned(), this.args.get_owned()) else {
        bail!(SystemError, "methodcaller was cleared by the garbage collector");
    };
    match this.kwds.get_owned() {
        None => {
            let mut all = vec![name];
            all.extend_from_slice(args.cast::<Tuple>().items());
            Ok(tuple_of([this.ty().to_obj(), Tuple::from_vec(all).into_obj()]))
        }
        Some(kwds) => {
            let functools = (taipan_object::hooks::get().import)("functools")?;
            let partial = functools.get_attr_str("partial")?;
            let part = partial.call_tuple(&tuple_of([this.ty().to_obj(), name]), Some(&kwds))?;
            Ok(tuple_of([part, args]))
        }
    }
}

/// `methodcaller`.
pub static METHOD_CALLER_TYPE: Type = Type::new_static(TypeDef {
    name: c"operator.methodcaller",
    basicsize: size_of::<MethodCaller>(),
    doc: Some(c"methodcaller(name, /, *args, **kwargs)\n--\n\nA callable that calls the method of that name on its operand, with the given arguments."),
    dealloc: Some(dealloc_of::<MethodCaller>),
    vectorcall_offset: offset_of!(MethodCaller, vectorcall),
    repr: Some(method_caller_repr),
    traverse: Some(method_caller_traverse),
    clear: Some(method_caller_clear),
    methods: methods![method_caller_reduce],
    new: Some(method_caller_new),
    ..GETTER
});
