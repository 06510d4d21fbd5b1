//! `types.GenericAlias`: parametrised classes such as `list[int]` (PEP 585), and the substitution of type parameters that unions share.

use crate::alloc::{dealloc_of, new_instance, new_object};
use crate::args::check_positional;
use crate::error::{PyResult, status_len, to_iternext};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MemberDef, member};
use crate::protocol::attr::generic_getattro;
use crate::protocol::call::{call_through_vectorcall, nargs, vectorcall};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::iter::collect;
use crate::thread::check_recursion;
use crate::typeobj::slots::{MappingMethods, NumberMethods, Slot, VectorcallFunc, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::exceptions;
use crate::types::iterators::self_iter;
use crate::types::list::List;
use crate::types::str::{Str, StrBuilder};
use crate::types::tuple::{PyTuple_Type, Tuple};
use crate::types::{bool_, none};
use crate::{bail, getset, getsets, intern, layout, members, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// `gaobject`.
#[repr(C)]
pub struct GenericAlias {
    ob_base: Object,
    origin: ObjCell,
    /// A tuple.
    args: ObjCell,
    /// A tuple once it was asked for.
    parameters: ObjCell,
    weakreflist: ObjCell,
    /// Whether it stands for `*origin[args]`.
    starred: Cell<bool>,
    vectorcall: Cell<Option<VectorcallFunc>>,
}
const _: () = {
    assert!(
        size_of::<GenericAlias>() == 64
            && offset_of!(GenericAlias, origin) == 16
            && offset_of!(GenericAlias, args) == 24
    );
    assert!(offset_of!(GenericAlias, parameters) == 32 && offset_of!(GenericAlias, weakreflist) == 40);
    assert!(offset_of!(GenericAlias, starred) == 48 && offset_of!(GenericAlias, vectorcall) == 56);
};
layout!(GenericAlias, Py_GenericAliasType);

impl GenericAlias {
    fn body(origin: &Object, args: &Object, starred: bool) -> GenericAlias {
        let args = match args.downcast::<Tuple>() {
            Some(t) => t.to_obj(),
            None => Tuple::new(&[args]).into_obj(),
        };
        GenericAlias {
            ob_base: Object::placeholder(),
            origin: ObjCell::new(origin.to_obj()),
            args: ObjCell::new(args),
            parameters: ObjCell::empty(),
            weakreflist: ObjCell::empty(),
            starred: Cell::new(starred),
            vectorcall: Cell::new(Some(alias_vectorcall)),
        }
    }

    /// The class that is parametrised.
    #[inline]
    pub fn origin(&self) -> &Object {
        self.origin.get().unwrap_or(none::none())
    }

    /// Its arguments.
    #[inline]
    pub fn args(&self) -> Ref<Tuple> {
        self.args.get_owned().and_then(|a| a.downcast_into().ok()).unwrap_or_else(Tuple::empty)
    }

    /// Whether it is unpacked: `*tuple[int]`.
    #[inline]
    pub fn is_starred(&self) -> bool {
        self.starred.get()
    }

    /// `__parameters__`, found once.
    fn parameters(&self) -> PyResult<Ref<Tuple>> {
        if let Some(p) = self.parameters.get() {
            return Ok(Ref::from_borrowed(p.cast()));
        }
        let found = collect_parameters(&self.args())?;
        self.parameters.set(Some(found.clone().into_obj()));
        Ok(found)
    }
}

/// `origin[args]`; what is not a tuple is the only argument (`Py_GenericAlias`).
pub fn new(origin: &Object, args: &Object) -> PyResult {
    Ok(new_object(GenericAlias::body(origin, args, false)).into_obj())
}

// Text.

/// Writes a type as annotations show it: classes by their qualified name, `...`, `None`, anything else by its `repr`.
pub fn write_type(out: &mut StrBuilder, o: &Object) -> PyResult<()> {
    if o.is(none::ellipsis()) {
        out.push_str("...");
        return Ok(());
    }
    if o.is(none::_PyNone_Type.as_object()) {
        out.push_str("None");
        return Ok(());
    }
    let looks_generic =
        o.get_attr_opt(intern!("__origin__"))?.is_some() && o.get_attr_opt(intern!("__args__"))?.is_some();
    if !looks_generic
        && let Some(qualname) = o.get_attr_opt(intern!("__qualname__"))?
        && let Some(module) = o.get_attr_opt(intern!("__module__"))?
        && !module.is_none()
    {
        if !module.downcast::<Str>().is_some_and(|m| m.eq_str("builtins")) {
            out.push_pystr(&*module.str()?);
            out.push('.');
        }
        out.push_pystr(&*qualname.str()?);
        return Ok(());
    }
    out.push_pystr(&*o.repr()?);
    Ok(())
}

/// Shows the items of a list, which showing them may make shorter.
fn write_types(out: &mut StrBuilder, list: &List) -> PyResult<()> {
    for i in 0..list.len() {
        if i > 0 {
            out.push_str(", ");
        }
        let Some(item) = list.get(i) else { bail!(IndexError, "list index out of range") };
        write_type(out, &item)?;
    }
    Ok(())
}

extern "C" fn alias_repr(o: &Object) -> PyResult {
    let this: &GenericAlias = o.cast();
    let mut out = StrBuilder::new();
    if this.is_starred() {
        out.push('*');
    }
    write_type(&mut out, this.origin())?;
    out.push('[');
    let args = this.args();
    for (i, arg) in args.items().iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        match arg.downcast::<List>() {
            // The argument of a parameter specification.
            Some(l) => {
                out.push('[');
                write_types(&mut out, l)?;
                out.push(']');
            }
            None => write_type(&mut out, arg)?,
        }
    }
    if args.is_empty() {
        out.push_str("()");
    }
    out.push(']');
    Ok(out.finish().into_obj())
}

// Parameters.

fn add_unique(found: &mut Vec<Obj>, o: &Object) {
    if !found.iter().any(|p| p.is(o)) {
        found.push(o.to_obj());
    }
}

/// The items of a list or tuple.
fn sequence_items(o: &Object) -> Option<Vec<Obj>> {
    if let Some(t) = o.downcast::<Tuple>() {
        return Some(t.items().to_vec());
    }
    o.downcast::<List>().map(List::snapshot)
}

fn find_parameters(args: &[Obj], found: &mut Vec<Obj>) -> PyResult<()> {
    check_recursion(" in __parameter__ calculation")?;
    for arg in args {
        // What a class says of its own parameters does not count: it is not parametrised here.
        if arg.downcast::<Type>().is_some() {
            continue;
        }
        if arg.get_attr_opt(intern!("__typing_subst__"))?.is_some() {
            add_unique(found, arg);
        } else if let Some(items) = sequence_items(arg) {
            find_parameters(&items, found)?;
        } else if let Some(p) = arg.get_attr_opt(intern!("__parameters__"))?
            && let Some(t) = p.downcast::<Tuple>()
        {
            for p in t.items() {
                add_unique(found, p);
            }
        }
    }
    Ok(())
}

/// The type parameters in `args`, each once, in order of appearance.
pub fn collect_parameters(args: &Tuple) -> PyResult<Ref<Tuple>> {
    let mut found = Vec::new();
    find_parameters(args.items(), &mut found)?;
    Ok(Tuple::from_vec(found))
}

/// For `*tuple[...]` the arguments of the tuple.
fn unpacked_tuple_args(arg: &Object) -> PyResult<Option<Obj>> {
    if let Some(a) = arg.downcast_exact::<GenericAlias>()
        && a.is_starred()
        && a.origin().is(PyTuple_Type.as_object())
    {
        return Ok(a.args.get_owned());
    }
    Ok(arg.get_attr_opt(intern!("__typing_unpacked_tuple_args__"))?.filter(|v| !v.is_none()))
}

/// The items of a subscript, with unpacked tuples of known length spread out.
fn unpack_items(item: &Object) -> PyResult<Obj> {
    let items = match item.downcast::<Tuple>() {
        Some(t) => t.items().to_vec(),
        None => vec![item.to_obj()],
    };
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        if item.downcast::<Type>().is_none()
            && let Some(sub) = unpacked_tuple_args(&item)?
            && let Some(sub) = sub.downcast::<Tuple>()
            && !sub.items().last().is_some_and(|l| l.is(none::ellipsis()))
        {
            out.extend_from_slice(sub.items());
        } else {
            out.push(item);
        }
    }
    Ok(Tuple::from_vec(out).into_obj())
}

/// `obj` with the parameters it mentions replaced: `list[T]` becomes `list[str]` where `T` stands for `str`.
fn substitute_within(obj: &Object, params: &Tuple, values: &[Obj]) -> PyResult {
    let Some(own) = obj.get_attr_opt(intern!("__parameters__"))? else { return Ok(obj.to_obj()) };
    let Some(own) = own.downcast::<Tuple>().filter(|t| !t.is_empty()) else { return Ok(obj.to_obj()) };
    let mut args = Vec::with_capacity(own.len());
    for p in own.items() {
        match params.items().iter().position(|q| q.is(p)) {
            Some(i) => {
                let value = &values[i];
                match value.downcast::<Tuple>() {
                    // Only tuples of type variables can be iterated.
                    Some(t) if params.item(i).ty().iter.get().is_some() => args.extend_from_slice(t.items()),
                    _ => args.push(value.clone()),
                }
            }
            None => args.push(p.clone()),
        }
    }
    obj.get_item(&Tuple::from_vec(args))
}

/// The arguments of `alias` (which are `args` and mention `params`) with `item`, its subscript, in the place of the parameters.
pub fn subs_parameters(alias: &Object, args: &Tuple, params: &Tuple, item: &Object) -> PyResult<Ref<Tuple>> {
    check_recursion(" while substituting type parameters")?;
    if params.is_empty() {
        bail!(TypeError, "{} is not a generic class", alias.repr()?.display());
    }
    let mut item = unpack_items(item)?;
    for p in params.items() {
        if let Some(prepare) = p.get_attr_opt(intern!("__typing_prepare_subst__"))?
            && !prepare.is_none()
        {
            if item.downcast::<Tuple>().is_none() {
                item = Tuple::from_vec(vec![item]).into_obj();
            }
            item = prepare.call(&[alias, &item])?;
        }
    }
    let values = match item.downcast::<Tuple>() {
        Some(t) => t.items().to_vec(),
        None => vec![item.clone()],
    };
    if values.len() != params.len() {
        bail!(
            TypeError,
            "Too {} arguments for {}; actual {}, expected {}",
            if values.len() > params.len() { "many" } else { "few" },
            alias.repr()?.display(),
            values.len(),
            params.len()
        );
    }
    let mut out = Vec::with_capacity(args.len());
    for arg in args.items() {
        if arg.downcast::<Type>().is_some() {
            out.push(arg.clone());
            continue;
        }
        if let Some(t) = arg.downcast::<Tuple>() {
            out.push(subs_parameters(alias, t, params, &item)?.into_obj());
            continue;
        }
        if let Some(l) = arg.downcast::<List>() {
            let replaced = subs_parameters(alias, &Tuple::from_vec(l.snapshot()), params, &item)?;
            out.push(List::from_vec(replaced.items().to_vec()).into_obj());
            continue;
        }
        let unpacked = match arg.get_attr_opt(intern!("__typing_is_unpacked_typevartuple__"))? {
            Some(v) => v.is_true()?,
            None => false,
        };
        let new = match arg.get_attr_opt(intern!("__typing_subst__"))? {
            Some(subst) => match params.items().iter().position(|p| p.is(arg)) {
                Some(i) => subst.call_one(&values[i])?,
                None => bail!(
                    TypeError,
                    "argument {} with __typing_subst__ was not found in __parameters__",
                    arg.repr()?.display()
                ),
            },
            None => substitute_within(arg, params, &values)?,
        };
        if unpacked {
            let Some(t) = new.downcast::<Tuple>() else {
                bail!(
                    TypeError,
                    "expected __typing_subst__ of {} objects to return a tuple, not {}",
                    arg.ty().name_str(),
                    new.ty().name_str()
                );
            };
            out.extend_from_slice(t.items());
        } else {
            out.push(new);
        }
    }
    Ok(Tuple::from_vec(out))
}

extern "C" fn alias_getitem(o: &Object, item: &Object) -> PyResult {
    let this: &GenericAlias = o.cast();
    let params = this.parameters()?;
    let args = subs_parameters(o, &this.args(), &params, item)?;
    Ok(new_object(GenericAlias::body(this.origin(), &args, this.is_starred())).into_obj())
}

// Slots.

extern "C" fn alias_hash(o: &Object) -> isize {
    let this: &GenericAlias = o.cast();
    status_len((|| {
        let h = this.origin().hash()? ^ this.args().hash()?;
        Ok(if h == -1 { -2 } else { h })
    })())
}

extern "C" fn alias_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast::<GenericAlias>(), b.downcast::<GenericAlias>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let same = x.is_starred() == y.is_starred() && x.origin().eq(y.origin())? && x.args().eq(&y.args())?;
    Ok(bool_::from_bool(same == (op == CompareOp::Eq)))
}

/// Attributes that are the alias's own; all others but [`HIDDEN`] are those of the class.
const OWN: &[&str] = &[
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
];
/// Attributes that an alias does not have although its class does.
const HIDDEN: &[&str] = &["__bases__", "__copy__", "__deepcopy__"];

extern "C" fn alias_getattro(o: &Object, name: &Object) -> PyResult {
    if let Some(n) = name.downcast::<Str>()
        && !OWN.iter().chain(HIDDEN).any(|s| n.eq_str(s))
    {
        return o.cast::<GenericAlias>().origin().get_attr(name);
    }
    generic_getattro(o, name)
}

/// Calls the class; the new object is told which alias made it, if it can remember.
unsafe extern "C" fn alias_vectorcall(
    o: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let this: &GenericAlias = o.cast();
    // SAFETY: the vectorcall contract.
    let made = unsafe { vectorcall(this.origin(), args, nargs(nargsf), kwnames) }?;
    if let Err(e) = made.set_attr(intern!("__orig_class__"), o) {
        if !e.matches(exceptions::AttributeError) && !e.matches(exceptions::TypeError) {
            return Err(e);
        }
        e.clear();
    }
    Ok(made)
}

extern "C" fn alias_iter(o: &Object) -> PyResult {
    Ok(new_object(GenericAliasIter { ob_base: Object::placeholder(), alias: ObjCell::new(o.to_obj()) }).into_obj())
}

extern "C" fn alias_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "GenericAlias() takes no keyword arguments");
    }
    let args: &Tuple = args.cast();
    check_positional("GenericAlias", args.len(), 2, 2)?;
    Ok(new_instance(cls, GenericAlias::body(args.item(0), args.item(1), false))?.into_obj())
}

extern "C" fn alias_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &GenericAlias = o.cast();
    crate::visit!(this.origin, visit, arg);
    crate::visit!(this.args, visit, arg);
    crate::visit!(this.parameters, visit, arg);
    0
}

// Methods.

/// The class itself becomes the base.
#[method(signature = "(bases, /)", text = false)]
fn __mro_entries__(this: &GenericAlias, _bases: &Object) -> Ref<Tuple> {
    Tuple::new(&[this.origin()])
}

/// Raises: parametrised classes have no instances of their own.
#[method(signature = "(instance, /)", text = false)]
fn __instancecheck__(_this: &GenericAlias, _instance: &Object) -> PyResult {
    bail!(TypeError, "isinstance() argument 2 cannot be a parameterized generic")
}

/// Raises: parametrised classes have no subclasses of their own.
#[method(signature = "(cls, /)", text = false)]
fn __subclasscheck__(_this: &GenericAlias, _cls: &Object) -> PyResult {
    bail!(TypeError, "issubclass() argument 2 cannot be a parameterized generic")
}

/// How pickle makes the alias again.
#[method(signature = "()", text = false)]
fn __reduce__(this: &GenericAlias) -> PyResult<Ref<Tuple>> {
    if this.is_starred() {
        // `next(iter(alias))` stars it again.
        let plain = new_object(GenericAlias::body(this.origin(), &this.args(), false));
        let it = alias_iter(&plain)?;
        let next = (crate::hooks::get().current_builtins)().get_item(intern!("next"))?;
        return Ok(Tuple::new(&[&next, &Tuple::new(&[&it])]));
    }
    let args = Tuple::new(&[this.origin(), &this.args()]);
    Ok(Tuple::new(&[Py_GenericAliasType.as_object(), &args]))
}

/// The attributes of the class, and the alias's own.
#[method(signature = "()", text = false)]
fn __dir__(this: &GenericAlias) -> PyResult<Ref<List>> {
    let origin = this.origin();
    let Some(dir) = origin.lookup_special(intern!("__dir__"))? else {
        bail!(TypeError, "object does not provide __dir__");
    };
    let listed = dir.call_noargs()?;
    let names = List::from_vec(collect(&listed)?);
    names.sort()?;
    for own in OWN {
        let own = crate::types::str::intern::intern_str(own);
        if !names.contains(&own)? {
            names.push(own.into_obj())?;
        }
    }
    Ok(names)
}

fn get_parameters(this: &GenericAlias) -> PyResult<Ref<Tuple>> {
    this.parameters()
}

fn get_unpacked_tuple_args(this: &GenericAlias) -> Option<Ref<Tuple>> {
    (this.is_starred() && this.origin().is(PyTuple_Type.as_object())).then(|| this.args())
}

static AS_MAPPING: MappingMethods = MappingMethods { subscript: Slot::new(alias_getitem), ..MappingMethods::EMPTY };
static AS_NUMBER: NumberMethods =
    NumberMethods { or: Slot::new(crate::typeobj::methods::type_or), ..NumberMethods::EMPTY };

#[unsafe(no_mangle)]
pub static Py_GenericAliasType: Type = Type::new_static(TypeDef {
    name: c"types.GenericAlias",
    basicsize: size_of::<GenericAlias>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::HAVE_VECTORCALL,
    doc: Some(c"GenericAlias(origin, args, /)\n--\n\nA parametrised class: list[int] has __origin__ list and __args__ (int,)."),
    dealloc: Some(dealloc_of::<GenericAlias>),
    vectorcall_offset: offset_of!(GenericAlias, vectorcall),
    repr: Some(alias_repr),
    as_number: Some(&AS_NUMBER),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(alias_hash),
    call: Some(call_through_vectorcall),
    getattro: Some(alias_getattro),
    traverse: Some(alias_traverse),
    richcompare: Some(alias_richcompare),
    weaklistoffset: offset_of!(GenericAlias, weakreflist) as isize,
    iter: Some(alias_iter),
    methods: methods![__mro_entries__, __instancecheck__, __subclasscheck__, __reduce__, __dir__],
    members: members![
        MemberDef::new(c"__origin__", member::OBJECT, offset_of!(GenericAlias, origin), member::READONLY),
        MemberDef::new(c"__args__", member::OBJECT, offset_of!(GenericAlias, args), member::READONLY),
        MemberDef::new(c"__unpacked__", member::BOOL, offset_of!(GenericAlias, starred), member::READONLY),
    ],
    getset: getsets![
        getset!(c"__parameters__", get_parameters; c"the type parameters in the arguments"),
        getset!(c"__typing_unpacked_tuple_args__", get_unpacked_tuple_args),
    ],
    new: Some(alias_new),
    ..TypeDef::EMPTY
});

/// The iterator behind `*tuple[int]`: it gives the starred alias, once.
#[repr(C)]
pub struct GenericAliasIter {
    ob_base: Object,
    alias: ObjCell,
}
const _: () = assert!(size_of::<GenericAliasIter>() == 24);
layout!(GenericAliasIter, _Py_GenericAliasIterType);

extern "C" fn iter_next(o: &Object) -> Option<Obj> {
    let Some(alias) = o.cast::<GenericAliasIter>().alias.take() else { return to_iternext(Ok(None)) };
    let a: &GenericAlias = alias.cast();
    Some(new_object(GenericAlias::body(a.origin(), &a.args(), true)).into_obj())
}

extern "C" fn iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(o.cast::<GenericAliasIter>().alias, visit, arg);
    0
}

extern "C" fn iter_clear(o: &Object) -> c_int {
    o.cast::<GenericAliasIter>().alias.set(None);
    0
}

mod iter_methods {
    use super::*;

    /// How pickle makes the iterator again.
    #[method(signature = "()", text = false)]
    pub(super) fn __reduce__(this: &GenericAliasIter) -> PyResult<Ref<Tuple>> {
        // Before the alias is read: the look-up may exhaust the iterator.
        let iter = (crate::hooks::get().current_builtins)().get_item(intern!("iter"))?;
        let over = this.alias.get_owned().unwrap_or_else(|| Tuple::empty().into_obj());
        Ok(Tuple::new(&[&iter, &Tuple::new(&[&over])]))
    }

    pub(super) static METHODS: Option<&[crate::method::MethodDef]> = methods![__reduce__];
}

#[unsafe(no_mangle)]
pub static _Py_GenericAliasIterType: Type = Type::new_static(TypeDef {
    name: c"generic_alias_iterator",
    basicsize: size_of::<GenericAliasIter>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<GenericAliasIter>),
    traverse: Some(iter_traverse),
    clear: Some(iter_clear),
    iter: Some(self_iter),
    iternext: Some(iter_next),
    methods: iter_methods::METHODS,
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&Py_GenericAliasType, &_Py_GenericAliasIterType];
